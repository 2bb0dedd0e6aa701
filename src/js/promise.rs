//! Work → a promise that the caller's signal can end.

use futures_util::future::LocalBoxFuture;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::AbortSignal;

use super::error::to_js;
use crate::error::Error;
use crate::io::web::{Aborted, abortable};

/// The caller's signal, if any, and what is to be done.
pub(crate) type Prepared = (Option<AbortSignal>, LocalBoxFuture<'static, Result<JsValue, Error>>);

/// Reads the arguments, then starts the work. The promise is rejected with what the arguments lack, or with the signal's
/// own reason when it fires first; the work is then dropped.
pub(crate) fn start(prepare: impl FnOnce() -> Result<Prepared, Error>) -> Promise {
    settle(prepare())
}

/// One function for every kind of work: a promise costs 2 KB of WebAssembly for each type of future.
fn settle(prepared: Result<Prepared, Error>) -> Promise {
    let (signal, work) = match prepared {
        Ok(prepared) => prepared,
        Err(error) => return Promise::reject(&to_js(&error)),
    };
    future_to_promise(async move {
        match abortable(signal.as_ref(), work).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(to_js(&error)),
            Err(Aborted(reason)) => Err(reason),
        }
    })
}
