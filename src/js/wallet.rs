//! The caller's wallet: any object with `request()`.

use std::cell::RefCell;
use std::rc::{Rc, Weak};

use js_sys::{Function, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::convert::number;
use super::input::Input;
use crate::error::Error;
use crate::eth::nonce::NonceBook;
use crate::eth::wallet::{WalletHandle, Windows};
use crate::io::web::{self, WebWallet};

thread_local! {
    /// All clients of one module share one book of nonces; the origin's tabs share it by their locks.
    static BOOK: NonceBook = NonceBook::default();

    /// The queue of each provider's windows: all clients of one wallet share it.
    static WINDOWS: RefCell<Vec<(JsValue, Weak<Windows>)>> = const { RefCell::new(Vec::new()) };
}

fn windows_of(provider: &JsValue) -> Rc<Windows> {
    WINDOWS.with_borrow_mut(|known| {
        known.retain(|(_, windows)| windows.strong_count() > 0);
        let same = known.iter().find(|(other, _)| Object::is(other, provider));
        if let Some(windows) = same.and_then(|(_, windows)| windows.upgrade()) {
            return windows;
        }
        let windows = Rc::<Windows>::default();
        known.push((provider.clone(), Rc::downgrade(&windows)));
        windows
    })
}

/// The module's book of nonces.
pub(crate) fn book() -> NonceBook {
    BOOK.with(Clone::clone)
}

/// A wallet that can be asked.
pub(crate) fn connectable(input: Input) -> Result<(WebWallet, WalletHandle), Error> {
    let path = input.path().to_owned();
    let provider = WebWallet(input.any_object()?.into_value());
    if !Reflect::get(&provider.0, &"request".into()).is_ok_and(|request| request.is_function()) {
        return Err(Error::input(path, "expected an EIP-1193 provider, an object with request()"));
    }
    let handle = WalletHandle::new(Rc::new(provider.clone()), windows_of(&provider.0), web::io().clock);
    Ok((provider, handle))
}

/// Listens to a wallet's event; answers the function that ends it.
pub(crate) fn on(wallet: &WebWallet, event: JsValue, listener: JsValue) -> Result<JsValue, Error> {
    let events = ["accountsChanged", "chainChanged", "disconnect"].map(|name| (name, name));
    let event = Input::new("event", event).one_of(&events)?;
    Ok(wallet.listen(event, Input::new("listener", listener).function()?))
}

impl WebWallet {
    /// Adds a listener; answers the function that removes it.
    fn listen(&self, event: &'static str, listener: Function) -> JsValue {
        let pass_on = Closure::<dyn FnMut(JsValue)>::new(move |value: JsValue| {
            let value = if event == "chainChanged" { chain_id(&value) } else { value };
            // What the caller's listener throws must not reach the wallet.
            let _ = listener.call1(&JsValue::UNDEFINED, &value);
        })
        .into_js_value();
        web::listen(&self.0, event, &pass_on);
        let provider = self.0.clone();
        Closure::<dyn FnMut()>::new(move || web::unlisten(&provider, event, &pass_on)).into_js_value()
    }
}

/// Wallets give the chain's id as hex text; old ones as a number or decimal text.
fn chain_id(value: &JsValue) -> JsValue {
    let text = value.as_string().unwrap_or_default();
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    parsed.map_or_else(|| value.clone(), number)
}
