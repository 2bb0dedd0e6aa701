//! The budgets of this page's accounts, and the caller's store behind them.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::Error;
use crate::js::input::Input;
use crate::x402::ledger::{Ledger, Share, Store};

type Budget = (Address, Rc<RefCell<Ledger>>, Share);

thread_local! {
    static BUDGETS: RefCell<Vec<Budget>> = const { RefCell::new(Vec::new()) };
}

/// What was signed for out of an account: the same for all clients of this page, however they came to the account.
pub(super) fn of(account: Address, store: Option<Rc<dyn Store>>) -> (Rc<RefCell<Ledger>>, Share) {
    BUDGETS.with_borrow_mut(|budgets| {
        if !budgets.iter().any(|(owner, ..)| *owner == account) {
            budgets.push((account, Rc::default(), Share::default()));
        }
        let found = budgets.iter().find(|(owner, ..)| *owner == account);
        let (ledger, share) = found.map(|(_, ledger, share)| (Rc::clone(ledger), share.clone())).unwrap_or_default();
        (ledger, share.with_store(store))
    })
}

/// `{ getItem, setItem }`, whose answers may be promises.
struct Given {
    object: JsValue,
    get: Function,
    set: Function,
}

/// A caller's store.
///
/// # Errors
/// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) for an object without its two methods.
pub(super) fn store(input: &Input) -> Result<Rc<dyn Store>, Error> {
    let object = input.clone_value();
    let method = |name: &str| {
        let found = Reflect::get(&object, &name.into()).ok().and_then(|value| value.dyn_into::<Function>().ok());
        found.ok_or_else(|| {
            Error::input(input.path(), "expected an object with getItem(key) and setItem(key, text), such as localStorage")
        })
    };
    let (get, set) = (method("getItem")?, method("setItem")?);
    Ok(Rc::new(Given { object, get, set }))
}

/// The answer, once it is there. What was thrown is told by its message.
async fn settled(answer: Result<JsValue, JsValue>) -> Result<JsValue, String> {
    let answer = match answer {
        Ok(answer) => JsFuture::from(Promise::resolve(&answer)).await,
        Err(thrown) => Err(thrown),
    };
    answer.map_err(|thrown| {
        let message = Reflect::get(&thrown, &"message".into()).ok().and_then(|message| message.as_string());
        message.unwrap_or_else(|| "it failed".to_owned())
    })
}

impl Store for Given {
    fn get(&self, key: String) -> LocalBoxFuture<'static, Result<Option<String>, String>> {
        let answer = self.get.call1(&self.object, &key.into());
        async move {
            let found = settled(answer).await?;
            if found.is_null() || found.is_undefined() {
                return Ok(None);
            }
            found.as_string().map(Some).ok_or_else(|| "getItem gave something else than a text".to_owned())
        }
        .boxed_local()
    }

    fn set(&self, key: String, text: String) -> LocalBoxFuture<'static, Result<(), String>> {
        let answer = self.set.call2(&self.object, &key.into(), &text.into());
        async move { settled(answer).await.map(drop) }.boxed_local()
    }
}
