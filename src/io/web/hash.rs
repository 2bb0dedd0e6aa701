//! SHA-256 by `crypto.subtle`, which uses the processor's own instructions: three to five times as fast as ours. Some engines
//! do that on the page's thread and resolve at once, so the page gets its turn explicitly. Pages that were not loaded over https
//! have no `subtle`: there our own hashes.

use std::cell::Cell;

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, ready};
use js_sys::{Date, Function, Promise, Uint8Array};
use sha2::{Digest as _, Sha256};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::io::Clock as _;

/// Below this the way to the platform and back costs more than hashing here.
const WORTH: usize = 32 << 10;

/// Milliseconds of hashing after which the page gets its turn.
const TURN: f64 = 12.0;

/// More than this is hashed here, bit by bit: the platform could hold the page for longer than a frame.
const LARGE: u32 = 8 << 20;

/// What is hashed here at once: a millisecond.
const PIECE: u32 = 256 << 10;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = digest, catch)]
    fn subtle_digest(algorithm: &str, bytes: &Uint8Array) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = scheduler, js_name = postTask, catch)]
    fn post_task(task: &Function) -> Result<Promise, JsValue>;

    /// A function that does nothing.
    #[wasm_bindgen(thread_local_v2, js_name = Boolean)]
    static NOTHING: Function;
}

thread_local! {
    static TURN_BEGAN: Cell<f64> = const { Cell::new(0.0) };
}

/// SHA-256 of parts in our own memory.
pub(super) fn sha256(parts: &[&[u8]]) -> LocalBoxFuture<'static, [u8; 32]> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    if length < WORTH {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        return ready(hasher.finalize().into()).boxed_local();
    }
    #[allow(clippy::cast_possible_truncation, reason = "our memory has at most 4 GiB")]
    let whole = Uint8Array::new_with_length(length as u32);
    let mut at = 0;
    for part in parts {
        #[allow(clippy::cast_possible_truncation, reason = "as above")]
        let end = at + part.len() as u32;
        whole.subarray(at, end).copy_from(part);
        at = end;
    }
    async move {
        match digest(&whole).await {
            Some(digest) => digest,
            None => here(whole).await,
        }
    }
    .boxed_local()
}

/// SHA-256 of bytes of JavaScript's, which may change once this has returned. `None` when the platform failed on the way.
pub(super) fn digest(bytes: &Uint8Array) -> LocalBoxFuture<'static, Option<[u8; 32]>> {
    if bytes.length() > LARGE {
        return here(bytes.slice(0, bytes.length())).map(Some).boxed_local();
    }
    match subtle_digest("SHA-256", bytes) {
        Ok(promise) => async move {
            turn().await;
            let found = JsFuture::from(promise).await.ok()?;
            Uint8Array::new(&found).to_vec().try_into().ok()
        }
        .boxed_local(),
        Err(_) => here(bytes.slice(0, bytes.length())).map(Some).boxed_local(),
    }
}

async fn here(bytes: Uint8Array) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let (mut at, length) = (0, bytes.length());
    while at < length {
        let end = length.min(at + PIECE);
        hasher.update(bytes.subarray(at, end).to_vec());
        at = end;
        turn().await;
    }
    hasher.finalize().into()
}

/// Lets the page do what else it has to, now and then.
async fn turn() {
    if Date::now() - TURN_BEGAN.get() < TURN {
        return;
    }
    // A timer would wait for at least four milliseconds.
    match NOTHING.with(post_task) {
        Ok(task) => drop(JsFuture::from(task).await),
        Err(_) => super::clock::Platform.sleep(0).await,
    }
    TURN_BEGAN.set(Date::now());
}
