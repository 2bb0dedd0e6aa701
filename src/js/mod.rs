//! What TypeScript sees: one file for each exported class. Unpack, call, pack; nothing is decided here.
//!
//! A method clones what it needs and hands back a promise, so that nothing is borrowed while it waits: `free()` and
//! overlapping calls are safe at any time.

#![allow(unreachable_pub, reason = "what wasm-bindgen exports must be pub")]

#[cfg(all(feature = "bench", feature = "ogpu"))]
mod bench;
mod convert;
mod error;
mod input;
mod keys;
#[cfg(feature = "ogpu")]
mod ogpu;
#[cfg(feature = "opengradient")]
mod opengradient;
mod options;
mod output;
mod promise;
#[cfg(test)]
mod tests;
mod types;
mod wallet;

use wasm_bindgen::prelude::*;

/// Who is told what goes out, line by line; `undefined` for nobody. What the listener throws is its own affair.
#[wasm_bindgen(js_name = setLogSink)]
pub fn set_log_sink(#[wasm_bindgen(unchecked_param_type = "((line: string) => void) | undefined")] sink: JsValue) {
    let sink = sink.dyn_into::<js_sys::Function>().ok().map(|sink| {
        std::rc::Rc::new(move |line: &str| {
            let _ = sink.call1(&JsValue::UNDEFINED, &line.into());
        }) as crate::io::trace::Sink
    });
    crate::io::trace::set(sink);
}

/// Hands over the `fetch` for URLs of strangers, which asks public addresses alone.
#[wasm_bindgen(js_name = setPublicFetch)]
pub fn set_public_fetch(
    #[wasm_bindgen(unchecked_param_type = "(url: string, init: RequestInit, inPages: boolean) => Promise<Response>")]
    fetch: js_sys::Function,
) {
    crate::io::web::set_public_fetch(fetch);
}
