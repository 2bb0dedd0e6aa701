//! An injected EIP-1193 provider. It is a cross-context object, often a proxy: `request` is looked up and called as a
//! method each time, and whatever it throws, at once or later, is taken apart here.

use std::any::Any;
use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, pending};
use js_sys::{Function, JSON, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};

use crate::error::{Cause, Said, clip};
use crate::eth::rejection::is_rejection_name;
use crate::io::{Wallet, WalletFailure, trace};

/// Layers of errors around errors that are looked into.
const MAX_DEPTH: u32 = 6;

/// The number with which MetaMask's provider says that it will be back (as in RFC 6455: try again later). It does so while it
/// switches chains, and what it was asked goes on.
const BACK_SOON: i64 = 1013;

/// A wallet in the page, or any object with `request({ method, params })`.
#[derive(Clone)]
pub struct WebWallet(pub JsValue);

impl Wallet for WebWallet {
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let provider = self.0.clone();
        async move {
            trace::line(|| ["wallet ", method].concat());
            let answer = ask(&provider, method, &params).await.map_err(failure);
            trace::line(|| match &answer {
                Ok(_) => ["wallet ", method, " answered"].concat(),
                Err(failure) => {
                    let code = failure.said.code.map_or_else(|| "no code".to_owned(), |code| code.to_string());
                    format!("wallet {method} failed ({code}): {}", failure.said.message)
                }
            });
            let answer = answer?;
            // What JSON cannot hold, `undefined` among it, is as good as nothing.
            let text = JSON::stringify(&answer).map_err(failure)?.as_string();
            Ok(text.unwrap_or_else(|| "null".to_owned()))
        }
        .boxed_local()
    }

    fn disconnected(&self) -> LocalBoxFuture<'static, WalletFailure> {
        // At once, not when the future is first polled: the request that it belongs to comes right after.
        let (said, hears) = oneshot::channel();
        let listening = Listening::new(self.0.clone(), said);
        async move {
            match hears.await {
                Ok(failure) => {
                    drop(listening);
                    failure
                }
                Err(_) => pending().await,
            }
        }
        .boxed_local()
    }
}

/// A listener for `disconnect`; dropping it takes it away.
struct Listening {
    provider: JsValue,
    listener: JsValue,
}

impl Listening {
    fn new(provider: JsValue, said: oneshot::Sender<WalletFailure>) -> Self {
        let said = RefCell::new(Some(said));
        // The collector frees it, when the wallet has let go of it too: one that keeps its listeners may still call it.
        let listener = Closure::<dyn FnMut(JsValue)>::new(move |thrown: JsValue| {
            let failure = failure(thrown);
            if failure.said.code != Some(BACK_SOON)
                && let Some(said) = said.borrow_mut().take()
            {
                let _ = said.send(failure);
            }
        })
        .into_js_value();
        listen(&provider, "disconnect", &listener);
        Self { provider, listener }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        unlisten(&self.provider, "disconnect", &self.listener);
    }
}

/// Adds a listener. Some wallets have no events, and some throw: then nothing is ever heard.
pub(crate) fn listen(provider: &JsValue, event: &str, listener: &JsValue) {
    call_event(provider, "on", event, listener);
}

/// Takes a listener away. EIP-1193 has `removeListener`, some emitters have `off` alone, and either may be missing or throw.
pub(crate) fn unlisten(provider: &JsValue, event: &str, listener: &JsValue) {
    if !call_event(provider, "removeListener", event, listener) {
        call_event(provider, "off", event, listener);
    }
}

/// `provider[method](event, listener)`; whether it was there and did not throw.
fn call_event(provider: &JsValue, method: &str, event: &str, listener: &JsValue) -> bool {
    let found = Reflect::get(provider, &method.into()).and_then(|found| found.dyn_into::<Function>());
    let answer = found.and_then(|function| function.call2(provider, &event.into(), listener));
    if let Ok(answer) = &answer
        && answer.is_object()
    {
        // An emitter may answer with a promise. That it fails is nobody's business, and must not end the process.
        let waiting = JsFuture::from(Promise::resolve(answer));
        spawn_local(async move { drop(waiting.await) });
    }
    answer.is_ok()
}

async fn ask(provider: &JsValue, method: &str, params: &str) -> Result<JsValue, JsValue> {
    let request: Function = Reflect::get(provider, &"request".into())?.dyn_into()?;
    let arguments = Object::new();
    Reflect::set(&arguments, &"method".into(), &method.into())?;
    Reflect::set(&arguments, &"params".into(), &JSON::parse(params)?)?;
    let answer = request.call1(provider, &arguments)?;
    JsFuture::from(Promise::resolve(&answer)).await
}

fn failure(thrown: JsValue) -> WalletFailure {
    let message = thrown.as_string().or_else(|| get(&thrown, "message").and_then(|text| text.as_string()));
    let data = revert_data(&thrown, MAX_DEPTH);
    let code = code(&thrown, MAX_DEPTH).or_else(|| own_code(&thrown));
    let said = Said {
        code,
        message: clip(&message.unwrap_or_else(|| "no message".to_owned())),
        cause: Some(Cause(Rc::new(thrown) as Rc<dyn Any>)),
    };
    WalletFailure { said, data }
}

fn get(value: &JsValue, key: &str) -> Option<JsValue> {
    if !value.is_object() {
        return None;
    }
    // A getter of a foreign object may throw.
    Reflect::get(value, &key.into()).ok().filter(|found| !found.is_undefined() && !found.is_null())
}

fn own_code(value: &JsValue) -> Option<i64> {
    #[allow(clippy::cast_possible_truncation, reason = "error numbers are small; a fraction is cut")]
    get(value, "code")?.as_f64().map(|code| code as i64)
}

/// −32603 is a wrapper, and ethers' codes are words: the number that matters is further inside.
fn code(value: &JsValue, depth: u32) -> Option<i64> {
    if depth == 0 {
        return None;
    }
    if get(value, "code").and_then(|code| code.as_string()).is_some_and(|name| is_rejection_name(&name)) {
        return Some(4001);
    }
    if let Some(code) = own_code(value).filter(|code| *code != -32603) {
        return Some(code);
    }
    let data = get(value, "data");
    let inner = [
        data.as_ref().and_then(|data| get(data, "originalError")),
        data,
        get(value, "cause"),
        get(value, "error"),
        get(value, "info").and_then(|info| get(&info, "error")),
    ];
    inner.into_iter().flatten().find_map(|inner| code(&inner, depth - 1))
}

fn revert_data(value: &JsValue, depth: u32) -> Option<String> {
    if depth == 0 {
        return None;
    }
    if let Some(text) = value.as_string() {
        return text.starts_with("0x").then_some(text);
    }
    ["data", "originalError", "cause", "error"]
        .iter()
        .filter_map(|key| get(value, key))
        .find_map(|inner| revert_data(&inner, depth - 1))
}
