//! The border, in headless Chrome and in Node: conversions, errors, aborts, wallets that misbehave, claims.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::{Either, select};
use js_sys::{BigInt, Function, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::AbortController;

use super::convert::bigint;
use super::error::to_js;
use super::input::Input;
use super::promise::start;
use crate::error::{Error, Kind};
use crate::eth::wallet::{WalletHandle, Windows};
use crate::io::Wallet as _;
use crate::io::web::{self, WebWallet};

fn parse(json: &str) -> JsValue {
    JSON::parse(json).unwrap()
}

fn field(result: Result<impl Sized, Error>) -> String {
    match result.err().map(Error::into_kind) {
        Some(Kind::InvalidInput { field, .. }) => field,
        other => format!("{other:?}"),
    }
}

#[wasm_bindgen_test]
fn amounts_are_bigint_of_256_bits() {
    let read = |value: JsValue| Input::new("amount", value).amount();
    let max = BigInt::new(&format!("0x{}", "f".repeat(64)).into()).unwrap();
    assert_eq!(read(max.clone().into()).map(bigint).ok(), Some(max.into()));
    for exact in ["0", "0xffffffffffffffff", "0x10000000000000000", "0x8000000000000000"] {
        let value = BigInt::new(&exact.into()).unwrap();
        assert_eq!(read(value.clone().into()).map(bigint).ok(), Some(value.into()), "{exact}");
    }
    for bad in
        [BigInt::new(&format!("0x1{}", "0".repeat(64)).into()).unwrap().into(), BigInt::from(-1).into(), 5.into(), "5".into()]
    {
        assert_eq!(field(read(bad)), "amount");
    }
}

#[wasm_bindgen_test]
fn what_is_wrong_is_named_by_its_path() {
    let bag = Input::new("options", parse(r#"{"a":{"b":1.5},"c":[1],"z":1}"#)).any_object().unwrap();
    assert_eq!(field(bag.get("a").unwrap().get("b").unwrap().whole()), "options.a.b");
    assert_eq!(field(bag.get("c").unwrap().any_object()), "options.c");
    assert_eq!(field(bag.get("a").unwrap().object(&["x"])), "options.a.b");
    assert_eq!(field(bag.get("missing").unwrap().text()), "options.missing");
    let thrower = Object::new();
    let descriptor = Object::new();
    let throws = Function::new_no_args("throw new Error('no')");
    Reflect::set(&descriptor, &"get".into(), &throws).unwrap();
    Object::define_property(&thrower, &"x".into(), &descriptor);
    assert_eq!(field(Input::new("o", thrower).get("x")), "o.x");
}

#[wasm_bindgen_test]
fn unknown_keys_are_refused_however_they_are_spelt() {
    let known = ["a", "b", ""];
    let read = |json: &str| Input::new("o", parse(json)).object(&known);
    for good in ["{}", r#"{"a":1}"#, r#"{"b":1,"a":2}"#, r#"{"":1}"#, r#"{"":1,"b":1,"a":2}"#] {
        assert!(read(good).is_ok(), "{good}");
    }
    for (bad, path) in [
        (r#"{"a":1,"c":1}"#, "o.c"),
        (r#"{"a,b":1}"#, "o.a,b"),
        (r#"{"a,b":1,"a":1}"#, "o.a,b"),
        (r#"{",":1}"#, "o.,"),
        (r#"{"a":1,"b":1,"":1,"d":1}"#, "o.d"),
    ] {
        assert_eq!(field(read(bad)), path, "{bad}");
    }
}

#[wasm_bindgen_test]
fn a_mistyped_address_is_caught_by_its_checksum() {
    let read = |text: &str| Input::new("a", text).address();
    let good = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
    assert_eq!(read(good).map(|a| a.to_string()).ok().as_deref(), Some(good));
    assert!(read(&good.to_lowercase()).is_ok());
    for bad in ["0x70997970c51812dc3A010C7d01b50e0d17dc79C8", "70997970C51812dc3A010C7d01b50e0d17dc79C8", "0x12", ""] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[wasm_bindgen_test]
fn without_a_factory_an_error_is_still_an_error() {
    let made =
        to_js(&Error::from(Kind::WrongChain { expected: 1, actual: 2, who: String::new(), said: crate::error::Said::default() }));
    assert!(made.is_instance_of::<js_sys::Error>());
    let get = |key: &'static str| Reflect::get(&made, &key.into()).unwrap();
    assert_eq!(get("code"), "wrongChain");
    assert_eq!(get("name"), "WrongChainError");
    assert_eq!(get("actual"), 2);
}

#[wasm_bindgen_test]
async fn an_abort_drops_the_work_and_gives_its_own_reason() {
    struct OnDrop(Rc<Cell<bool>>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            self.0.set(true);
        }
    }
    for before in [true, false] {
        let controller = AbortController::new().unwrap();
        let dropped = Rc::new(Cell::new(false));
        let guard = OnDrop(Rc::clone(&dropped));
        let reason = Object::new();
        if before {
            controller.abort_with_reason(&reason);
        }
        let promise = start(|| {
            let work = async move {
                let _guard = guard;
                std::future::pending().await
            };
            Ok((Some(controller.signal()), Box::pin(work)))
        });
        controller.abort_with_reason(&reason);
        assert_eq!(JsFuture::from(promise).await, Err(reason.into()));
        assert!(dropped.get());
    }
}

#[wasm_bindgen_test]
async fn work_that_ends_leaves_no_listener_behind() {
    let controller = AbortController::new().unwrap();
    let promise = start(|| Ok((Some(controller.signal()), Box::pin(async { Ok(1.into()) }))));
    assert_eq!(JsFuture::from(promise).await, Ok(1.into()));
    // The closure is gone: calling it would throw "closure invoked after being dropped".
    controller.abort();
}

#[wasm_bindgen_test]
async fn whatever_a_wallet_throws_is_taken_apart() {
    let wallet = |body: &str| {
        let object = Object::new();
        Reflect::set(&object, &"request".into(), &Function::new_no_args(body)).unwrap();
        WebWallet(object.into())
    };
    let cases = [
        ("throw Object.assign(new Error('m'), { code: 4001 })", Some(4001), "m"),
        ("return Promise.reject({ code: -32603, message: 'm', data: { originalError: { code: 4902 } } })", Some(4902), "m"),
        ("return Promise.reject({ code: 'ACTION_REJECTED', message: 'm', info: { error: { code: 4001 } } })", Some(4001), "m"),
        ("return Promise.reject({ message: 'm', cause: { cause: { code: 4100 } } })", Some(4100), "m"),
        ("return Promise.reject({ code: -32603, message: 'm' })", Some(-32603), "m"),
        ("return Promise.reject('words')", None, "words"),
        ("return Promise.reject(undefined)", None, "no message"),
        ("const e = { message: 'm' }; e.cause = e; return Promise.reject(e)", None, "m"),
    ];
    for (body, code, message) in cases {
        let failure = wallet(body).request("eth_accounts", "[]".into()).await.unwrap_err();
        assert_eq!((failure.said.code, failure.said.message.as_str()), (code, message), "{body}");
    }
    let revert = "return Promise.reject({ code: 3, message: 'm', data: { originalError: { data: '0x1234' } } })";
    let failure = wallet(revert).request("eth_call", "[]".into()).await.unwrap_err();
    assert_eq!(failure.data.as_deref(), Some("0x1234"));
    assert_eq!(wallet("return undefined").request("m", "[]".into()).await.unwrap(), "null");
    assert_eq!(wallet("return ['0x1']").request("m", "[]".into()).await.unwrap(), r#"["0x1"]"#);
    assert!(WebWallet(Object::new().into()).request("m", "[]".into()).await.is_err());
}

/// An emitter with these extra methods, as the body of a function that makes it. `emit` is for the test; `count` says how many
/// listeners there are.
fn emitter(more: &str) -> WebWallet {
    let body = format!(
        "const all = []; const remove = (_, f) => {{ const at = all.indexOf(f); if (at >= 0) all.splice(at, 1); }};
         return {{ on(_, f) {{ all.push(f); }}, request: () => new Promise(() => {{}}), emit: (e) => [...all].forEach((f) => f(e)),
           count: () => all.length, {more} }};"
    );
    WebWallet(Function::new_no_args(&body).call0(&JsValue::UNDEFINED).unwrap())
}

fn call(wallet: &WebWallet, method: &str, argument: &JsValue) -> JsValue {
    let function: Function = Reflect::get(&wallet.0, &method.into()).unwrap().dyn_into().unwrap();
    function.call1(&wallet.0, argument).unwrap()
}

#[wasm_bindgen_test]
async fn a_wallet_that_goes_away_says_so_and_keeps_no_listener() {
    for more in ["removeListener: remove", "off: remove", "removeListener() { throw new Error('no'); }, off: remove"] {
        let wallet = emitter(more);
        let gone = wallet.disconnected();
        assert_eq!(call(&wallet, "count", &JsValue::UNDEFINED), 1, "{more}");
        // While it switches chains.
        call(&wallet, "emit", &parse(r#"{"code":1013,"message":"Disconnected from chain. Attempting to connect."}"#));
        call(&wallet, "emit", &parse(r#"{"code":1011,"message":"Page reload required."}"#));
        let failure = gone.await;
        assert_eq!((failure.said.code, failure.said.message.as_str()), (Some(1011), "Page reload required."));
        assert_eq!(call(&wallet, "count", &JsValue::UNDEFINED), 0, "{more}");
        drop(wallet.disconnected());
        assert_eq!(call(&wallet, "count", &JsValue::UNDEFINED), 0, "{more}");
    }
}

#[wasm_bindgen_test]
async fn a_wallet_that_keeps_its_listeners_may_call_them_for_ever() {
    for more in ["", "removeListener() {}", "removeListener() { throw 1; }, off() { throw 2; }"] {
        let wallet = emitter(more);
        drop(wallet.disconnected());
        call(&wallet, "emit", &parse(r#"{"code":1011,"message":"m"}"#));
        let gone = wallet.disconnected();
        call(&wallet, "emit", &JsValue::UNDEFINED);
        assert_eq!(gone.await.said.code, None);
        call(&wallet, "emit", &JsValue::UNDEFINED);
    }
}

#[wasm_bindgen_test]
async fn a_wallet_without_events_is_silent() {
    let bodies = ["", "on() { throw 1; },", "on: 5,", "get on() { throw 1; },"];
    for body in bodies {
        let made = Function::new_no_args(&format!("return {{ {body} request: () => 1 }};")).call0(&JsValue::UNDEFINED).unwrap();
        let waited = select(WebWallet(made).disconnected(), web::io().clock.sleep(1)).await;
        assert!(matches!(waited, Either::Right(_)), "{body}");
    }
}

#[wasm_bindgen_test]
async fn a_call_that_a_wallet_never_answers_can_be_aborted() {
    let wallet = emitter("removeListener: remove");
    let windows = Rc::<Windows>::default();
    let handle = WalletHandle::new(Rc::new(wallet.clone()), Rc::clone(&windows), web::io().clock);
    let controller = AbortController::new().unwrap();
    let asked = handle.clone();
    let work = async move { asked.connect(None, None).await.map(|account| account.to_string().into()) };
    let promise = start(|| Ok((Some(controller.signal()), Box::pin(work))));
    web::io().clock.sleep(1).await;
    assert_eq!(call(&wallet, "count", &JsValue::UNDEFINED), 1);
    assert!(windows.try_lock().is_none(), "its window is open");
    controller.abort_with_reason(&"enough".into());
    assert_eq!(JsFuture::from(promise).await, Err("enough".into()));
    assert_eq!(call(&wallet, "count", &JsValue::UNDEFINED), 0);
    assert!(windows.try_lock().is_some(), "the next one may open");
}

#[wasm_bindgen_test]
async fn a_claim_is_held_once_and_given_back() {
    let io = web::io();
    let claim = |key: &'static str| io.tabs.claim(key.to_owned());
    let first = claim("ogkit:test").await;
    assert!(first.is_some());
    for _ in 0..3 {
        assert!(claim("ogkit:test").await.is_none(), "an attempt that fails takes nothing from the one that holds it");
    }
    assert!(claim("ogkit:other").await.is_some());
    drop(first);
    // A browser releases a lock in a task of its own, and in another process.
    while claim("ogkit:test").await.is_none() {
        io.clock.sleep(1).await;
    }
}

#[wasm_bindgen_test]
async fn a_timer_is_cleared_when_its_time_is_not_waited_for() {
    let io = web::io();
    assert_eq!(io.within(5, std::future::pending::<()>()).await, None);
    assert_eq!(io.within(60_000, std::future::ready(7)).await, Some(7));
    assert_ne!(io.clock.random(), io.clock.random());
}
