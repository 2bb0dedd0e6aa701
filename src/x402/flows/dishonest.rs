//! Servers that do not.

use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::io::{Http, HttpStream};

#[test]
fn a_redirected_payment_never_arrives_elsewhere() {
    // The platform refuses the redirect; nothing is sent again, and nothing signed anew.
    let thief = world(|request, _| match paid(request) {
        Some(_) if request.redirects == Redirects::Refuse => Err(HttpFailure::Network("redirect".into())),
        Some(_) => Ok(reply("https://thief.example/", 200, &[], "")),
        None => Ok(demand(request, &json!([opg()]))),
    });
    let result = thief.fetch();
    let Some(Kind::PaymentUncertain { nonce, deadline, amount, .. }) = result.as_ref().err().map(|e| &**e) else {
        unreachable!()
    };
    assert_eq!((*deadline, *amount), (START + 300, U256::from(100_000_000_000_000_000_u64)));
    assert_eq!(*nonce, U256::from_be_slice(&[[1; 16], [2; 16]].concat()).to_string());
    let payments = thief.payments();
    assert_eq!((payments.len(), thief.signatures(), thief.spent()), (1, 1, *amount));
}

#[test]
fn a_host_that_is_not_listed_is_not_paid() {
    let mut unlisted = shop(json!([opg()]));
    unlisted.payer.policy.hosts = Some(vec!["elsewhere.example".into()]);
    assert_eq!((code(&unlisted.fetch()), unlisted.signatures()), ("host", 0));
}

#[test]
fn payments_travel_over_https_or_to_this_machine() {
    for (url, expected) in
        [("http://api.example/", "insecure"), ("http://127.0.0.1:4021/", "paid"), ("http://localhost:1/", "paid")]
    {
        let world = shop(json!([opg()]));
        let result = fake::run(world.payer.fetch(HttpRequest::get(url), &PayOptions::default()));
        assert_eq!(code(&result), expected, "{url}");
    }
    let odd = shop(json!([opg()]));
    let result = fake::run(odd.payer.fetch(HttpRequest::get("https://user@api.example/"), &PayOptions::default()));
    assert_eq!((code(&result), odd.sent()), ("invalidInput", 0));
}

#[test]
fn offers_outside_the_policy_are_refused_without_a_window() {
    let zero = format!("0x{}", "0".repeat(40));
    for (path, value, expected) in [
        (&["network"][..], json!("eip155:1"), "network"),
        (&["asset"], json!(USDC.address.to_string()), "asset"),
        (&["payTo"], json!(zero), "payee"),
        (&["payTo"], json!(OPG.address.to_string()), "payee"),
        (&["payTo"], json!(ACCOUNT.to_string()), "payee"),
        (&["amount"], json!("100000000000000001"), "aboveRequestCap"),
        (&["amount"], json!(100), "malformed"),
        (&["amount"], json!("0"), "malformed"),
        (&["maxTimeoutSeconds"], json!(1_000_000_000_000_u64), "timeout"),
        (&["maxTimeoutSeconds"], json!(5), "timeout"),
        (&["extra", "facilitatorAddress"], json!(zero), "malformed"),
        (&["extra", "name"], json!("OpenGradlent"), "domain"),
        (&["extra", "paymentFlow"], json!("upfront"), "flowNotAllowed"),
        (&["extra", "assetTransferMethod"], json!("eip3009"), "transferMethod"),
    ] {
        let world = shop(json!([edited(opg(), path, value.clone())]));
        let result = world.fetch();
        assert_eq!(code(&result), expected, "{path:?} {value}");
        assert!(result.err().is_some_and(|e| e.to_string().contains("nothing was signed or paid")));
        assert_eq!((world.signatures(), world.sent(), world.spent()), (0, 1, U256::ZERO));
    }
    let mut known = shop(json!([opg()]));
    known.payer.policy.payees = Some(vec![ACCOUNT]);
    assert_eq!(code(&known.fetch()), "payeeNotAllowed");
}

#[test]
fn where_the_receiver_is_known_beforehand_no_other_is_paid() {
    let world = shop(json!([opg()]));
    let registered = PayOptions { payee: Some(OPG.address), ..PayOptions::default() };
    assert_eq!((code(&world.fetch_with(registered)), world.signatures()), ("payeeNotAllowed", 0));
    let registered = PayOptions { payee: SELLER.parse().ok(), ..PayOptions::default() };
    assert_eq!((code(&world.fetch_with(registered)), world.signatures()), ("paid", 1));
}

#[test]
fn a_look_alike_token_is_told_by_its_address() {
    let fake = edited(opg(), &["asset"], json!("0x1111111111111111111111111111111111111111"));
    assert_eq!(code(&shop(json!([fake])).fetch()), "asset");
    // The right token under the wrong domain: nobody should be made to sign rubbish.
    let mut usd = shop(json!([edited(usdc(), &["extra", "name"], json!("USDC"))]));
    usd.payer.policy = usdc_policy(USDC);
    assert_eq!(code(&usd.fetch()), "domain");
}

#[test]
fn no_signature_lives_longer_than_ten_minutes() {
    let world = shop(json!([edited(opg(), &["maxTimeoutSeconds"], json!(86_400))]));
    assert!(world.fetch().is_ok_and(|p| p.payment.is_some_and(|r| r.deadline == START + 600)));
}

#[test]
fn a_second_demand_is_an_answer() {
    let dearer = edited(opg(), &["amount"], json!("99999999999999999"));
    let greedy = world(move |request, n| {
        let offers = if n == 1 { json!([opg()]) } else { json!([dearer]) };
        Ok(demand_with(
            request,
            if n == 1 { 402 } else { 412 },
            &json!({ "x402Version": 2, "error": "permit2_allowance_required", "accepts": offers }),
        ))
    });
    let result = greedy.fetch();
    let Some(Kind::PaymentRejected { reason, class, .. }) = result.as_ref().err().map(|e| &**e) else { unreachable!() };
    assert_eq!((reason.as_str(), *class), ("permit2_allowance_required", "user"));
    assert_eq!((greedy.sent(), greedy.signatures()), (2, 1));
    assert!(!greedy.spent().is_zero());
}

#[test]
fn a_failed_settlement_tells_its_reason() {
    let poor = world(|request, _| {
        let header = encode_header(
            &json!({ "success": false, "errorReason": "insufficient_funds", "transaction": "", "network": "eip155:8453" })
                .to_string(),
        );
        Ok(if paid(request).is_some() {
            reply(&request.url, 402, &[("payment-response", &header)], "{}")
        } else {
            demand(request, &json!([opg()]))
        })
    });
    let error = poor.fetch().err();
    assert!(
        error.is_some_and(
            |e| matches!(&*e, Kind::PaymentRejected { reason, class: "user", .. } if reason == "insufficient_funds")
        )
    );
}

/// A server that loses its answers: the `n`th requests of `lost`.
fn losing(lost: &'static [usize], then: fn(&HttpRequest) -> HttpResponse) -> World {
    world(move |request, n| match n {
        n if lost.contains(&n) => Err(HttpFailure::Network("reset".into())),
        _ => Ok(if paid(request).is_some() { then(request) } else { demand(request, &json!([opg()])) }),
    })
}

const RETRY: PayOptions = PayOptions { retry_paid: true, sessions: false, pay_first: false, payee: None };

#[test]
fn what_may_have_been_paid_is_not_sent_again_by_itself() {
    for failure in [HttpFailure::Network("reset".into()), HttpFailure::Timeout, HttpFailure::TooLarge(1)] {
        let world = world(move |request, n| if n == 1 { Ok(demand(request, &json!([opg()]))) } else { Err(failure.clone()) });
        let result = world.fetch();
        assert_eq!((code(&result), world.sent(), world.signatures()), ("paymentUncertain", 2, 1));
        let text = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("look for the nonce") && text.contains("retryPaid"), "{text}");
    }
    // Nor is one whose settlement is under way.
    let pending = world(|request, _| {
        let hash = B256::repeat_byte(3);
        let header = encode_header(&json!({ "success": false, "errorReason": "settlement_pending", "transaction": hash.to_string(), "network": "eip155:8453" }).to_string());
        Ok(if paid(request).is_some() {
            reply(&request.url, 402, &[("payment-response", &header)], "{}")
        } else {
            demand(request, &json!([opg()]))
        })
    });
    let error = pending.fetch().err();
    assert!(error.is_some_and(|e| matches!(&*e, Kind::PaymentUncertain { transaction: Some(_), .. })));
    assert_eq!((pending.signatures(), pending.sent()), (1, 2));
}

#[test]
fn a_relays_word_that_nothing_was_sent_is_shown_and_not_counted() {
    let word = "the relay https://relay.example refused it, and says that nothing was sent";
    let world =
        world(move |request, n| if n == 1 { Ok(demand(request, &json!([opg()]))) } else { Err(HttpFailure::Relay(word.into())) });
    let result = world.fetch();
    assert_eq!((code(&result), world.sent(), world.signatures()), ("paymentUncertain", 2, 1));
    assert!(result.is_err_and(|error| error.to_string().contains(word)));
    assert_eq!(world.spent(), U256::from(100_000_000_000_000_000_u64));
}

#[test]
fn the_callers_word_sends_the_same_payment_again() {
    let served = |request: &HttpRequest| receipt(request, json!({}));
    let world = losing(&[2, 3], served);
    assert_eq!(code(&world.fetch()), "paymentUncertain");
    // Each word is for one more attempt.
    assert_eq!((code(&world.fetch_with(RETRY)), world.sent()), ("paymentUncertain", 3));
    assert_eq!((code(&world.fetch_with(RETRY)), world.sent()), ("paid", 4));
    let payments = world.payments();
    assert!(payments.len() == 3 && payments.iter().all(|bytes| *bytes == payments[0]));
    assert_eq!(world.signatures(), 1);
    // It is known now: a further call is one of its own.
    assert_eq!((code(&world.fetch_with(RETRY)), world.signatures()), ("paid", 2));

    // Another request, or one without the word, is not paid by it.
    let other = losing(&[2], served);
    assert_eq!(code(&other.fetch()), "paymentUncertain");
    let elsewhere = HttpRequest { body: Some(Rc::new(b"another".to_vec())), ..other.request() };
    assert_eq!(code(&fake::run(other.payer.fetch(elsewhere, &RETRY))), "paid");
    assert_eq!((code(&other.fetch()), other.signatures()), ("paid", 3));
    // Nor is a payment sent whose signature has ended.
    let late = losing(&[2], served);
    assert_eq!(code(&late.fetch()), "paymentUncertain");
    late.seconds.set(START + 359);
    assert_eq!((code(&late.fetch_with(RETRY)), late.signatures()), ("paid", 1));
    let late = losing(&[2], served);
    assert_eq!(code(&late.fetch()), "paymentUncertain");
    late.seconds.set(START + 360);
    assert_eq!((code(&late.fetch_with(RETRY)), late.signatures()), ("paid", 2));

    // Of two the last one: a caller who asked anew had looked at the first.
    let two = losing(&[2, 4], served);
    assert_eq!(code(&two.fetch()), "paymentUncertain");
    two.seconds.set(START + 301);
    assert_eq!([code(&two.fetch()), code(&two.fetch_with(RETRY))], ["paymentUncertain", "paid"]);
    let payments = two.payments();
    assert_eq!((two.signatures(), payments.len(), payments[1] == payments[2]), (2, 3, true));

    // Whatever a server says of a payment that it saw twice: it may have been settled the first time.
    for reason in ["invalid_exact_evm_nonce_already_used", "permit2_simulation_failed: x", "insufficient_funds"] {
        let unclear = self::world(move |request, n| match n {
            2 => Err(HttpFailure::Network("reset".into())),
            _ => Ok(demand_with(request, 402, &json!({ "x402Version": 2, "error": reason, "accepts": [opg()] }))),
        });
        assert_eq!([code(&unclear.fetch()), code(&unclear.fetch_with(RETRY))], ["paymentUncertain"; 2], "{reason}");
        assert_eq!((unclear.signatures(), unclear.sent()), (1, 3));
        assert!(!unclear.spent().is_zero());
    }
}

/// HTTP that never answers the first payment.
struct Hanging(Rc<dyn Http>, Cell<bool>);

impl Http for Hanging {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        let answer = self.0.open(request.clone());
        if paid(&request).is_some() && !self.1.replace(true) { futures_util::future::pending().boxed_local() } else { answer }
    }
}

#[test]
fn an_aborted_payment_can_be_shown_again() {
    let mut world = losing(&[], |request| receipt(request, json!({})));
    world.payer.io.http = Rc::new(Hanging(Rc::clone(&world.payer.io.http), Cell::new(false)));
    {
        let options = PayOptions::default();
        let mut call = std::pin::pin!(world.payer.fetch(world.request(), &options));
        let waker = futures_util::task::noop_waker();
        while world.payments().is_empty() {
            assert!(call.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        }
    }
    assert_eq!(code(&world.fetch_with(RETRY)), "paid");
    let payments = world.payments();
    assert_eq!((world.signatures(), payments.len(), payments[0] == payments[1]), (1, 2, true));
}

#[test]
fn a_lying_receipt_is_flagged_and_the_answer_kept() {
    let with = |more: Value| {
        let world = world(move |request, _| {
            Ok(if paid(request).is_some() { receipt(request, more.clone()) } else { demand(request, &json!([opg()])) })
        });
        let result = world.fetch();
        let flaws = result.as_ref().ok().and_then(|p| p.receipt.as_ref()).map(|r| r.flaws.clone());
        assert!(result.is_ok_and(|p| body(p) == "served"));
        (flaws.unwrap_or_default(), world.spent() == U256::from(100_000_000_000_000_000_u64))
    };
    // Whatever does not fit gives nothing back.
    assert_eq!(with(json!({ "network": "eip155:1", "amount": "1" })), (vec![Flaw::OtherNetwork], true));
    assert_eq!(with(json!({ "network": null, "amount": "1" })), (vec![Flaw::OtherNetwork], true));
    assert_eq!(with(json!({ "payer": SELLER, "amount": "1" })), (vec![Flaw::OtherPayer], true));
    assert_eq!(with(json!({ "amount": "100000000000000001" })), (vec![Flaw::MoreThanSigned], true));
    assert_eq!(with(json!({ "success": false, "amount": "1" })), (vec![Flaw::NotSettled], true));
    assert_eq!(with(json!({ "amount": 1 })), (vec![Flaw::Unreadable], true));
    assert_eq!(with(json!({ "amount": "-1" })), (vec![Flaw::Unreadable], true));
    // Charged nothing and sent nothing: it could still charge.
    assert_eq!(with(json!({ "amount": "0", "transaction": "" })), (vec![], true));
    // Nor does a claim without a flaw.
    assert_eq!(with(json!({ "amount": "0" })), (vec![], true));

    let garbage = world(|request, _| {
        Ok(if paid(request).is_some() {
            reply(&request.url, 200, &[("payment-response", "%%%")], "served")
        } else {
            demand(request, &json!([opg()]))
        })
    });
    assert!(
        garbage.fetch().is_ok_and(|p| p.receipt.as_ref().is_some_and(|r| r.flaws == [Flaw::Unreadable]) && body(p) == "served")
    );
}

#[test]
fn another_receiver_of_the_same_host_is_refused() {
    let shifty = world(|request, n| {
        let offer = if n > 2 { edited(opg(), &["payTo"], json!("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")) } else { opg() };
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([offer])) })
    });
    assert_eq!(code(&shifty.fetch()), "paid");
    assert_eq!((code(&shifty.fetch()), shifty.signatures()), ("payeeChanged", 1));
    shifty.payer.ledger.borrow_mut().forget_payee("https://api.example");
    assert_eq!(code(&shifty.fetch()), "paid");
}

/// One member of an offer, replaced by something good, bad or odd.
fn edit() -> impl Strategy<Value = (&'static str, Value)> {
    let one = |key: &'static str, values: Vec<Value>| select(values).prop_map(move |value| (key, value));
    let own = json!({ "name": "OpenGradient", "version": "1" });
    let other = json!({ "name": "Other", "version": "1", "facilitatorAddress": SELLER });
    prop_oneof![
        one("scheme", vec![json!("exact"), json!("lottery"), json!(null)]),
        one("network", ["eip155:1", "eip155:84532", "base", "eip155:08453"].map(Value::from).to_vec()),
        one("amount", vec![json!("1"), json!("100000000000000001"), json!(1), json!("0"), json!("1e1"), json!("00")]),
        one("asset", [OPG.address, USDC.address, ACCOUNT].map(|a| json!(a.to_string().to_lowercase())).to_vec()),
        one("payTo", [ACCOUNT, OPG.address, Address::ZERO].map(|a| json!(a.to_string())).to_vec()),
        one("maxTimeoutSeconds", vec![json!(5), json!(900), json!(1_000_000_000_000_u64), json!("60"), json!(null)]),
        one("extra", vec![own, other, json!({}), json!({ "assetTransferMethod": "permit2" }), json!(null)]),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever a server demands: what the wallet gets to see is a payment inside the policy, or nothing.
    #[test]
    fn nothing_is_signed_outside_the_policy(
        edits in prop::collection::vec(prop::collection::vec(edit(), 0..4), 1..4),
        date in select(vec!["Sun, 15 Jun 2025 15:11:40 GMT", "Sun, 15 Jun 2025 15:11:41 GMT", "Fri, 31 Dec 9999 23:59:59 GMT"]),
    ) {
        let offer = |edits: Vec<(&'static str, Value)>| edits.into_iter().fold(opg(), |offer, (key, value)| edited(offer, &[key], value));
        let offers: Value = edits.into_iter().map(offer).collect();
        let world = world(move |request, _| {
            let mut answer = if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &offers) };
            answer.head.headers.push(("date".into(), date.into()));
            Ok(answer)
        });
        let result = world.fetch();
        let asked = world.wallet.asked.borrow();
        let signed: Vec<&Value> = asked.iter().filter(|(method, _)| *method == "eth_signTypedData_v4").map(|(_, params)| params).collect();
        prop_assert_eq!(signed.len(), usize::from(result.is_ok()));
        for params in signed {
            let typed: Value = serde_json::from_str(params[1].as_str().unwrap_or_default()).unwrap_or_default();
            let (domain, message) = (&typed["domain"], &typed["message"]);
            prop_assert_eq!(&domain["chainId"], &json!(8453));
            let by_permit2 = typed["primaryType"] == "PermitWitnessTransferFrom";
            let (token, amount, end, to) = if by_permit2 {
                prop_assert_eq!(&domain["verifyingContract"], &json!(crate::x402::PERMIT2.to_string()));
                let permitted = &message["permitted"];
                (&permitted["token"], &permitted["amount"], &message["deadline"], &message["witness"]["to"])
            } else {
                prop_assert_eq!(&domain["name"], &json!("OpenGradient"));
                (&domain["verifyingContract"], &message["value"], &message["validBefore"], &message["to"])
            };
            let number = |value: &Value| value.as_str().and_then(|text| text.parse::<u64>().ok()).unwrap_or(u64::MAX);
            prop_assert_eq!(token, &json!(OPG.address.to_string()));
            prop_assert_eq!(to, &json!(SELLER));
            prop_assert!(number(amount) <= 100_000_000_000_000_000);
            prop_assert!(number(end) <= START + 600);
        }
    }
}
