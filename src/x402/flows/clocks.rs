//! When a signature ends: no word of a server makes it live longer.

use super::chain::{Chain, world_on};
use super::*;

/// The `Date` of so many seconds after the start, which is Sunday 15:06:40.
fn date(offset: i64) -> String {
    let day = START - START % 86_400;
    let second = START.saturating_add_signed(offset) - day;
    format!("Sun, 15 Jun 2025 {:02}:{:02}:{:02} GMT", second / 3600, second / 60 % 60, second % 60)
}

/// A server whose clock is `offset` seconds ahead, and that wants a signature of so many seconds.
fn server(offset: i64, life: u64) -> impl FnMut(&HttpRequest) -> Reply + 'static {
    move |request| {
        let offer = edited(opg(), &["maxTimeoutSeconds"], json!(life));
        let mut answer = if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([offer])) };
        answer.head.headers.push(("date".into(), date(offset)));
        Ok(answer)
    }
}

/// How long the signature lives and how long the caller was told that it does, from the start on.
fn lives(mut world: World, max_life: u64) -> (Result<i64, &'static str>, i64) {
    let told = Rc::new(Cell::new(START));
    let seen = Rc::clone(&told);
    world.payer.policy.max_life = max_life;
    world.payer.on_payment = Some(Rc::new(move |proposal| {
        seen.set(proposal.deadline);
        async { Ok(true) }.boxed_local()
    }));
    let result = world.fetch();
    let left = |deadline: u64| deadline.wrapping_sub(START).cast_signed();
    let code = code(&result);
    (result.ok().and_then(|paid| paid.payment).map(|record| left(record.deadline)).ok_or(code), left(told.get()))
}

#[test]
fn a_servers_clock_shortens_and_never_lengthens() {
    for (offset, life, max_life, expected) in [
        (2, 300, 600, 300),
        // Ahead: 30 s became 320 s, and 600 became 899.
        (290, 30, 600, 30),
        (299, 600, 600, 600),
        (290, 600, 30, 30),
        // Behind: it would refuse what ends too late by it.
        (-100, 300, 600, 200),
        (-200, 600, 600, 400),
        // Behind by more than the life: it gets all of it, or it could never be paid.
        (-200, 60, 600, 60),
        (-200, 300, 30, 30),
        // No clock.
        (-50_000, 300, 600, 300),
    ] {
        let world = || {
            let mut server = server(offset, life);
            world(move |request, _| server(request))
        };
        assert_eq!(lives(world(), max_life), (Ok(expected), expected), "{offset} {life} {max_life}");
    }
}

#[test]
fn with_a_node_the_chains_time_decides() {
    for (ahead, offset, expected) in [
        // Our clock is behind, and ahead, by an hour.
        (3600_i64, 0, 3600 + 300),
        (-3600, 0, -3600 + 300),
        (0, 290, 300),
        (0, -200, 300 - 200),
    ] {
        let chain = Chain::new();
        chain.time.set(START.saturating_add_signed(ahead));
        assert_eq!(lives(world_on(&chain, server(offset, 300)), 600), (Ok(expected), expected), "{ahead} {offset}");
    }
}

#[test]
fn a_payment_is_kept_as_long_as_it_lives_by_the_chains_clock() {
    // The computer's clock is two hours ahead: by it, each signature has ended before it is made.
    let chain = Chain::new();
    chain.time.set(START - 7200);
    let (lost, seen) = (Cell::new(false), Rc::new(Cell::new(0)));
    let count = Rc::clone(&seen);
    let world = world_on(&chain, move |request| {
        if paid(request).is_none() {
            return Ok(demand(request, &json!([opg()])));
        }
        count.set(count.get() + 1);
        if lost.replace(true) { Ok(receipt(request, json!({}))) } else { Err(HttpFailure::Network("reset".into())) }
    });
    assert_eq!(code(&world.fetch()), "paymentUncertain");
    let again = PayOptions { retry_paid: true, ..PayOptions::default() };
    assert_eq!((code(&world.fetch_with(again)), seen.get(), world.signatures()), ("paid", 2, 1));
    // A session, too.
    let gateway = world_on(&chain, |request| {
        let is_session = request.headers.iter().any(|(name, _)| name == "X-Upto-Session");
        Ok(match paid(request) {
            None if !is_session => demand(request, &json!([opg()])),
            _ => reply(&request.url, 200, &[("x-upto-session", "5b2c-1")], ""),
        })
    });
    let sessions = PayOptions { sessions: true, ..PayOptions::default() };
    assert_eq!([code(&gateway.fetch_with(sessions)), code(&gateway.fetch_with(sessions))], ["paid"; 2]);
    assert_eq!(gateway.signatures(), 1);
}

#[test]
fn a_signature_ends_no_later_than_the_caller_was_told() {
    let mut late = shop(json!([opg()]));
    let seconds = Rc::clone(&late.seconds);
    late.payer.on_payment = Some(Rc::new(move |_| {
        // The user thinks about it.
        seconds.set(seconds.get() + 100);
        async { Ok(true) }.boxed_local()
    }));
    assert_eq!(late.fetch().ok().and_then(|paid| paid.payment).map(|record| record.deadline), Some(START + 300));
    // Until it would be dead: then no window opens.
    let seconds = Rc::clone(&late.seconds);
    late.payer.on_payment = Some(Rc::new(move |_| {
        seconds.set(seconds.get() + 295);
        async { Ok(true) }.boxed_local()
    }));
    assert_eq!((code(&late.fetch()), late.signatures()), ("paymentExpired", 1));
}
