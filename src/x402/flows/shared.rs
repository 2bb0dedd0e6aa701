//! One budget for an account: all its clients, the origin's tabs, and visits with a store.

use std::collections::BTreeMap;

use super::chain::{Chain, world_on};
use super::*;
use crate::x402::ledger::Store;

const CAP: u64 = 100_000_000_000_000_000;

/// A store in memory, that may fail.
#[derive(Default)]
struct Shelf {
    texts: RefCell<BTreeMap<String, String>>,
    fails: Cell<bool>,
    hangs: Cell<bool>,
    /// It can be read, and takes nothing more.
    is_full: Cell<bool>,
}

impl Store for Rc<Shelf> {
    fn get(&self, key: String) -> LocalBoxFuture<'static, Result<Option<String>, String>> {
        if self.hangs.get() {
            return futures_util::future::pending().boxed_local();
        }
        let found = if self.fails.get() { Err("quota".to_owned()) } else { Ok(self.texts.borrow().get(&key).cloned()) };
        async move { found }.boxed_local()
    }
    fn set(&self, key: String, text: String) -> LocalBoxFuture<'static, Result<(), String>> {
        if self.is_full.get() {
            return async { Err("it is full".to_owned()) }.boxed_local();
        }
        self.texts.borrow_mut().insert(key, text);
        async { Ok(()) }.boxed_local()
    }
}

fn silent() -> World {
    world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    })
}

fn capped(mut world: World, payments: u64) -> World {
    let rule = &mut world.payer.policy.assets[0];
    (rule.per_session, rule.per_window) = (Some(U256::from(CAP * payments)), None);
    world
}

/// Another tab of the same origin.
fn tab_of(other: &World, mut world: World) -> World {
    world.payer.io.tabs = Rc::clone(&other.payer.io.tabs);
    // Its own nonces.
    let draws = u8::try_from(100 + 8 * Rc::strong_count(&world.payer.io.tabs)).unwrap_or_default();
    world.payer.io.clock = Rc::new(TestClock { seconds: Rc::clone(&world.seconds), draws: Cell::new(draws) });
    world
}

#[test]
fn tabs_share_one_budget() {
    let one = capped(silent(), 2);
    let other = capped(tab_of(&one, silent()), 2);
    assert_eq!([code(&one.fetch()), code(&other.fetch())], ["paid", "paid"]);
    assert_eq!([code(&one.fetch()), code(&other.fetch())], ["aboveSessionCap", "aboveSessionCap"]);
    let spent = |world: &World| fake::run(world.payer.spent(8453, OPG.address)).map(|sum| sum.to::<u64>()).ok();
    assert_eq!((spent(&one), spent(&other)), (Some(2 * CAP), Some(2 * CAP)));
    // One that knew of the other's payment remembers it when the other is gone.
    drop(one);
    assert_eq!((code(&other.fetch()), spent(&other)), ("aboveSessionCap", Some(2 * CAP)));
    // So does one that looked at what was spent, and it tells the next.
    let next = capped(tab_of(&other, silent()), 2);
    assert_eq!(spent(&next), Some(2 * CAP));
    let last = capped(tab_of(&next, silent()), 2);
    drop((other, next));
    assert_eq!(spent(&last), Some(0));
    let [first, second, third] = [silent(), silent(), silent()].map(|world| capped(tab_of(&last, world), 2));
    assert_eq!(code(&first.fetch()), "paid");
    assert_eq!([spent(&second), spent(&third)], [Some(CAP); 2]);
    drop(first);
    drop(second);
    let other = capped(tab_of(&third, silent()), 2);
    assert_eq!(spent(&other), Some(CAP));
    // Another account has a budget of its own.
    let mut third = capped(tab_of(&other, silent()), 2);
    third.payer.account = Address::repeat_byte(5);
    assert_eq!(spent(&third), Some(0));
}

#[test]
fn what_is_declined_in_one_tab_is_free_in_the_other() {
    let mut one = capped(silent(), 1);
    let other = capped(tab_of(&one, silent()), 1);
    one.payer.on_payment = Some(Rc::new(|_| async { Ok(false) }.boxed_local()));
    assert_eq!([code(&one.fetch()), code(&other.fetch())], ["declined", "paid"]);
}

#[test]
fn what_one_tab_reads_from_the_chain_all_know() {
    let chain = Chain::new();
    let served = |request: &HttpRequest| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    };
    let one = capped(world_on(&chain, served), 1);
    let other = capped(tab_of(&one, silent()), 1);
    let record = payment(&one);
    assert_eq!(code(&other.fetch()), "aboveSessionCap");
    chain.settle(record.nonce, 5);
    assert_eq!(fake::run(one.payer.spent(8453, OPG.address)).ok(), Some(U256::from(5)));
    assert_eq!(fake::run(other.payer.spent(8453, OPG.address)).ok(), Some(U256::from(5)));
}

#[test]
fn what_one_tab_asks_for_is_not_free_in_another_whatever_the_computers_clock_says() {
    // By the chain's clock every deadline of ours has passed long ago, and by ours the user thinks for a second.
    let chain = Chain::new();
    chain.time.set(START + 20_000);
    let served = |request: &HttpRequest| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    };
    let mut one = capped(world_on(&chain, served), 1);
    let other = Rc::new(capped(tab_of(&one, world_on(&chain, served)), 1));
    let (asking, seen) = (Rc::clone(&other), Rc::new(RefCell::new(Vec::new())));
    let codes = Rc::clone(&seen);
    one.payer.on_payment = Some(Rc::new(move |_| {
        codes.borrow_mut().push(code(&asking.fetch()));
        async { Ok(true) }.boxed_local()
    }));
    assert_eq!((code(&one.fetch()), other.signatures()), ("paid", 0));
    assert_eq!(*seen.borrow(), ["aboveSessionCap"]);
}

#[test]
fn what_is_signed_after_more_than_an_hour_is_not_sent() {
    let chain = Chain::new();
    let served = |request: &HttpRequest| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    };
    // Another window of this wallet stays open for long, so that this one's signature would be fresh: others took its amount meanwhile.
    let one = capped(world_on(&chain, served), 1);
    let seconds = Rc::clone(&one.seconds);
    let (payer, time) = (one.payer.clone(), Rc::clone(&chain));
    let window = fake::run(one.payer.wallet.window());
    let options = PayOptions::default();
    let mut call = Box::pin(payer.fetch(one.request(), &options));
    let waker = futures_util::task::noop_waker();
    for _ in 0..100 {
        assert!(call.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
    }
    seconds.set(START + 3700);
    time.time.set(START + 3700);
    drop(window);
    assert_eq!(code(&fake::run(call)), "paymentExpired");
    assert_eq!(one.payments().len(), 0);
}

#[test]
fn a_store_survives_the_visit() {
    let shelf = Rc::new(Shelf::default());
    let visit = |payments| {
        let mut world = capped(silent(), payments);
        world.payer.io.clock = Rc::new(TestClock {
            seconds: Rc::clone(&world.seconds),
            draws: Cell::new(u8::try_from(10 * payments).unwrap_or_default()),
        });
        world.payer.share.store = Some(Rc::new(Rc::clone(&shelf)));
        world
    };
    assert_eq!(code(&visit(1).fetch()), "paid");
    let later = visit(2);
    assert_eq!([code(&later.fetch()), code(&later.fetch())], ["paid", "aboveSessionCap"]);
    assert_eq!(code(&visit(2).fetch()), "aboveSessionCap");
    assert_eq!(
        shelf.texts.borrow().keys().next().map(String::as_str),
        Some("ogkit.payments.0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266")
    );
    // A window that is open when the page dies: its amount counts until the chain says otherwise.
    {
        let mut dying = visit(3);
        dying.payer.on_payment = Some(Rc::new(|_| futures_util::future::pending().boxed_local()));
        let options = PayOptions::default();
        let mut call = Box::pin(dying.payer.fetch(dying.request(), &options));
        for _ in 0..100 {
            let waker = futures_util::task::noop_waker();
            assert!(call.as_mut().poll(&mut std::task::Context::from_waker(&waker)).is_pending());
        }
        std::mem::forget(call);
        assert_eq!(code(&visit(3).fetch()), "aboveSessionCap");
    }
}

#[test]
fn without_its_store_nothing_is_paid() {
    for (prepare, reason) in [
        ((|shelf| shelf.fails.set(true)) as fn(&Shelf), "quota"),
        (|shelf| shelf.hangs.set(true), "it does not answer"),
        (|shelf| shelf.is_full.set(true), "it is full"),
        (
            |shelf| drop(shelf.texts.borrow_mut().insert(format!("ogkit.payments.{ACCOUNT:?}"), "{}".into())),
            "it holds something else",
        ),
    ] {
        let shelf = Rc::new(Shelf::default());
        prepare(&shelf);
        let mut world = silent();
        world.payer.share.store = Some(Rc::new(Rc::clone(&shelf)));
        let result = world.fetch();
        assert_eq!((code(&result), world.signatures()), ("store", 0));
        let text = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains(reason) && text.contains("nothing was signed or paid"), "{text}");
    }
}
