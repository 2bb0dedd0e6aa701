//! What many requests may cost, and what one signature may pay for.

use super::*;

#[test]
fn limits_hold_over_many_requests_and_at_once() {
    let silent = || {
        world(|request, _| {
            Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
        })
    };
    let tenth = U256::from(100_000_000_000_000_000_u64);
    let limited = |per_session, per_window| {
        let mut world = silent();
        world.payer.policy.assets[0].per_session = per_session;
        world.payer.policy.assets[0].per_window = per_window;
        world
    };
    let session = limited(Some(tenth * U256::from(2)), None);
    assert_eq!([code(&session.fetch()), code(&session.fetch()), code(&session.fetch())], ["paid", "paid", "aboveSessionCap"]);

    let window = limited(None, Some((tenth, 60)));
    assert_eq!([code(&window.fetch()), code(&window.fetch())], ["paid", "aboveWindowCap"]);
    window.seconds.set(START + 61);
    assert_eq!(code(&window.fetch()), "paid");

    // What a user thinks about counts until it is signed, and from then on for the whole span.
    let mut slow = limited(None, Some((tenth, 60)));
    let (seconds, other) = (Rc::clone(&slow.seconds), slow.payer.clone());
    slow.payer.on_payment = Some(Rc::new(move |_| {
        seconds.set(seconds.get() + 100);
        let other = other.clone();
        async move {
            let request = HttpRequest::post(URL, "text/plain", Rc::default());
            assert_eq!(code(&other.fetch(request, &PayOptions::default()).await), "aboveWindowCap");
            Ok(true)
        }
        .boxed_local()
    }));
    assert_eq!(code(&slow.fetch()), "paid");
    slow.payer.on_payment = None;
    slow.seconds.set(slow.seconds.get() + 59);
    assert_eq!(code(&slow.fetch()), "aboveWindowCap");
    slow.seconds.set(slow.seconds.get() + 2);
    assert_eq!(code(&slow.fetch()), "paid");

    // The second request sees what the first has reserved, though nothing is signed yet.
    let mut both = limited(Some(tenth), None);
    both.payer.on_payment = Some(Rc::new(|_| {
        let mut asked = false;
        let look = move |cx: &mut std::task::Context<'_>| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut asked, true) { std::task::Poll::Ready(Ok(true)) } else { std::task::Poll::Pending }
        };
        futures_util::future::poll_fn(look).boxed_local()
    }));
    let options = PayOptions::default();
    let (one, two) = fake::run(futures_util::future::join(
        both.payer.fetch(both.request(), &options),
        both.payer.fetch(both.request(), &options),
    ));
    assert_eq!([code(&one), code(&two)], ["paid", "aboveSessionCap"]);
}

#[test]
fn what_is_not_signed_or_not_sent_costs_nothing() {
    let refusing = |on_sign: OnSign, seconds: &Rc<Cell<u64>>| {
        world_with(on_sign, Rc::clone(seconds), |request, _| {
            Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
        })
    };
    let clock = || Rc::new(Cell::new(START));
    let later = clock();
    let hand = Rc::clone(&later);
    for (on_sign, seconds, expected) in [
        (Box::new(|_: &Value, _| Err(failure(Some(4001), "no"))) as OnSign, clock(), "walletRejected"),
        // Another account's signature.
        (Box::new(|typed: &Value, _| Ok(hex_text(&sign(&B256::repeat_byte(7), &digest(typed))))), clock(), "paymentSignature"),
        // A signature over something else.
        (Box::new(|_: &Value, _| Ok(hex_text(&sign(&KEY, &B256::repeat_byte(7))))), clock(), "paymentSignature"),
        (Box::new(|_: &Value, _| Ok(json!("0x1234"))), clock(), "paymentSignature"),
        (Box::new(|_: &Value, _| Ok(json!({ "r": 1 }))), clock(), "paymentSignature"),
        // The user looked at the window for five minutes.
        (
            Box::new(move |_: &Value, s| {
                hand.set(START + 296);
                Ok(hex_text(&s))
            }),
            later,
            "paymentExpired",
        ),
    ] {
        let world = refusing(on_sign, &seconds);
        assert_eq!(code(&world.fetch()), expected);
        assert_eq!((world.sent(), world.spent()), (1, U256::ZERO), "{expected}");
    }
    let mut declined = shop(json!([opg()]));
    declined.payer.on_payment = Some(Rc::new(|_| async { Ok(false) }.boxed_local()));
    assert_eq!((code(&declined.fetch()), declined.signatures(), declined.spent()), ("declined", 0, U256::ZERO));
    declined.payer.on_payment = Some(Rc::new(|_| async { Err(Error::input("onPayment", "it threw")) }.boxed_local()));
    assert_eq!((code(&declined.fetch()), declined.signatures(), declined.spent()), ("invalidInput", 0, U256::ZERO));
}

const SESSIONS: PayOptions = PayOptions { sessions: true, pay_first: false, retry_paid: false, payee: None };

fn session_of(request: &HttpRequest) -> Option<String> {
    request.headers.iter().find(|(name, _)| name == "X-Upto-Session").map(|(_, id)| id.clone())
}

#[test]
fn a_session_pays_for_many_requests_until_it_dies() {
    let alive = Rc::new(Cell::new(true));
    let switch = Rc::clone(&alive);
    let gateway = world(move |request, _| {
        let dead = r#"{"error":"Session expired or exhausted"}"#;
        Ok(match (paid(request), session_of(request)) {
            (None, None) => demand(request, &json!([opg()])),
            (None, Some(_)) if !switch.get() => reply(&request.url, 402, &[], dead),
            (Some(_), None) => {
                switch.set(true);
                reply(&request.url, 200, &[("x-upto-session", "5b2c-1")], "streamed")
            }
            (None, Some(id)) if id == "5b2c-1" => reply(&request.url, 200, &[], "streamed"),
            _ => reply(&request.url, 400, &[], ""),
        })
    });
    let fetch = || gateway.fetch_with(SESSIONS);
    assert!(fetch().is_ok_and(|p| p.payment.is_some_and(|r| !r.reused) && p.receipt.is_none()));
    for _ in 0..3 {
        assert!(fetch().is_ok_and(|p| p.payment.as_ref().is_some_and(|r| r.reused) && body(p) == "streamed"));
    }
    assert_eq!((gateway.signatures(), gateway.sent()), (1, 5));
    assert!(gateway.requests.borrow().iter().skip(1).all(|r| r.redirects == Redirects::Refuse));
    // Another path is another session, and so is another client call without sessions.
    let elsewhere = HttpRequest { url: "https://api.example/v1/completions".into(), ..gateway.request() };
    assert!(fake::run(gateway.payer.fetch(elsewhere, &SESSIONS)).is_ok_and(|p| p.payment.is_some_and(|r| !r.reused)));
    assert_eq!(gateway.signatures(), 2);

    alive.set(false);
    assert!(fetch().is_ok_and(|p| p.payment.is_some_and(|r| !r.reused)));
    assert_eq!(gateway.signatures(), 3);
    // Nor does one outlive its signature.
    gateway.seconds.set(START + 295);
    assert!(fetch().is_ok_and(|p| p.payment.is_some_and(|r| !r.reused)));
    assert_eq!(gateway.signatures(), 4);
}

#[test]
fn a_session_without_a_readable_id_shows_the_payment_again() {
    let gateway = world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    });
    for _ in 0..3 {
        assert!(gateway.fetch_with(SESSIONS).is_ok());
    }
    let payments = gateway.payments();
    assert!(payments.len() == 3 && payments.iter().all(|bytes| *bytes == payments[0]));
    assert_eq!(gateway.signatures(), 1);
}

/// A gateway of sessions, as OpenGradient's: the same bytes of a payment are the same session.
fn gateway(served: impl Fn(usize) -> u16 + 'static) -> World {
    let mut count = 0;
    world(move |request, _| {
        Ok(match (paid(request), session_of(request)) {
            (None, None) => demand(request, &json!([opg()])),
            _ => {
                count += 1;
                reply(&request.url, served(count), &[("x-upto-session", "5b2c-1")], "")
            }
        })
    })
}

#[test]
fn calls_at_once_share_one_session_and_one_signature() {
    let mut shop = gateway(|_| 200);
    let shown = Rc::new(Cell::new(0));
    let count = Rc::clone(&shown);
    shop.payer.on_payment = Some(Rc::new(move |_| {
        count.set(count.get() + 1);
        let mut waits = 50;
        futures_util::future::poll_fn(move |cx| {
            waits -= 1;
            cx.waker().wake_by_ref();
            if waits == 0 { std::task::Poll::Ready(Ok(true)) } else { std::task::Poll::Pending }
        })
        .boxed_local()
    }));
    let calls = (0..5).map(|_| shop.payer.fetch(shop.request(), &SESSIONS));
    let answers = fake::run(futures_util::future::join_all(calls));
    assert!(answers.iter().all(|answer| code(answer) == "paid"));
    let reused =
        answers.iter().filter(|answer| answer.as_ref().is_ok_and(|paid| paid.payment.as_ref().is_some_and(|r| r.reused)));
    assert_eq!((shop.signatures(), shown.get(), reused.count(), shop.sent()), (1, 1, 4, 6));

    // Where the first one is declined, the next one asks.
    let asked = Rc::new(Cell::new(0));
    let count = Rc::clone(&asked);
    let mut picky = gateway(|_| 200);
    picky.payer.on_payment = Some(Rc::new(move |_| {
        count.set(count.get() + 1);
        let agreed = count.get() > 1;
        async move { Ok(agreed) }.boxed_local()
    }));
    let calls = (0..3).map(|_| picky.payer.fetch(picky.request(), &SESSIONS));
    let answers = fake::run(futures_util::future::join_all(calls));
    assert_eq!(answers.iter().map(code).collect::<Vec<_>>(), ["declined", "paid", "paid"]);
    assert_eq!(picky.signatures(), 1);
}

#[test]
fn a_failure_that_carries_the_session_keeps_it() {
    for status in [500, 503, 400] {
        let shop = gateway(move |_| status);
        for _ in 0..20 {
            assert!(shop.fetch_with(SESSIONS).is_ok_and(|paid| paid.response.head.status == status));
        }
        assert_eq!((shop.signatures(), shop.sent()), (1, 21), "{status}");
    }
}

#[test]
fn a_life_too_short_for_sessions_is_told() {
    // It serves a session until 420 s before its deadline, and wants 600 s.
    let strict = || {
        let offer = edited(opg(), &["maxTimeoutSeconds"], json!(600));
        world(move |request, _| {
            Ok(match (paid(request), session_of(request)) {
                (None, None) => demand(request, &json!([offer])),
                (Some(_), _) => reply(&request.url, 200, &[("x-upto-session", "5b2c-1")], ""),
                _ => reply(&request.url, 402, &[], r#"{"error":"Session expired or exhausted"}"#),
            })
        })
    };
    let mut short = strict();
    short.payer.policy.max_life = 300;
    let codes: Vec<_> = (0..3).map(|_| code(&short.fetch_with(SESSIONS))).collect();
    assert_eq!((codes, short.signatures()), (vec!["paid", "paid", "maxLife"], 2));
    // The default leaves it what it wants.
    let long = strict();
    assert!(long.fetch_with(SESSIONS).is_ok_and(|paid| paid.payment.is_some_and(|record| record.deadline == START + 600)));
}

#[test]
fn a_known_offer_is_paid_without_asking() {
    let options = PayOptions { pay_first: true, ..PayOptions::default() };
    let changed = Rc::new(Cell::new(false));
    let switch = Rc::clone(&changed);
    let world = world(move |request, _| {
        let refused = || {
            demand_with(
                request,
                402,
                &json!({ "x402Version": 2, "error": "No matching payment requirements", "accepts": [opg()] }),
            )
        };
        Ok(if paid(request).is_some() && !switch.get() { receipt(request, json!({})) } else { refused() })
    });
    assert_eq!([code(&world.fetch_with(options)), code(&world.fetch_with(options))], ["paid", "paid"]);
    assert_eq!((world.sent(), world.signatures()), (3, 2));
    let payments = world.payments();
    assert_ne!(payments.first(), payments.last());
    // The offer changed: the server's refusal is the answer, and the next call asks again.
    changed.set(true);
    assert_eq!((code(&world.fetch_with(options)), world.sent()), ("paymentRejected", 4));
    changed.set(false);
    assert_eq!((code(&world.fetch_with(options)), world.sent()), ("paid", 6));
    // An old offer is asked for anew.
    world.seconds.set(START + 301);
    assert_eq!((code(&world.fetch_with(options)), world.sent()), ("paid", 8));
}
