//! Work → a promise that the caller's signal can end.

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::AbortSignal;

use super::error::to_js;
use crate::error::Error;
use crate::io::web::{Aborted, abortable};

/// A promise of `work`. When `signal` fires first, the work is dropped and the promise is rejected with the signal's
/// own reason.
pub(crate) fn promise(signal: Option<AbortSignal>, work: impl Future<Output = Result<JsValue, Error>> + 'static) -> Promise {
    settle(signal, work.boxed_local())
}

/// One function for every kind of work: a promise costs 2 KB of WebAssembly for each type of future.
fn settle(signal: Option<AbortSignal>, work: LocalBoxFuture<'static, Result<JsValue, Error>>) -> Promise {
    future_to_promise(async move {
        match abortable(signal.as_ref(), work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(to_js(&error)),
            Err(Aborted(reason)) => Err(reason),
        }
    })
}

/// A promise that bad input has already decided.
pub(crate) fn rejected(error: &Error) -> Promise {
    Promise::reject(&to_js(error))
}
