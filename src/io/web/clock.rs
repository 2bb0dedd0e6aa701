//! Time from `Date.now`, waiting by `setTimeout`, chance from `crypto.getRandomValues`.

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use gloo_timers::future::TimeoutFuture;
use wasm_bindgen::prelude::*;

use crate::io::Clock;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = crypto, js_name = getRandomValues)]
    fn get_random_values(bytes: &mut [u8]);

    /// A number in browsers.
    type Timer;
    #[wasm_bindgen(js_name = setTimeout)]
    fn set_timeout(resolve: &js_sys::Function, ms: u32) -> Timer;
    /// In Node alone.
    #[wasm_bindgen(method, catch)]
    fn unref(this: &Timer) -> Result<JsValue, JsValue>;
}

/// `setTimeout` counts in 32 bits; a longer one would fire at once.
const LONGEST_TIMER_MS: u64 = 0x7fff_ffff;

pub(super) struct Platform;

impl Clock for Platform {
    fn now_ms(&self) -> u64 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time after 1970, below 2^53")]
        (js_sys::Date::now() as u64)
    }

    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        async move {
            let mut left = ms;
            loop {
                let part = left.min(LONGEST_TIMER_MS);
                TimeoutFuture::new(u32::try_from(part).unwrap_or(u32::MAX >> 1)).await;
                left -= part;
                if left == 0 {
                    break;
                }
            }
        }
        .boxed_local()
    }

    fn idle(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        let ms = u32::try_from(ms.min(LONGEST_TIMER_MS)).unwrap_or(u32::MAX >> 1);
        let promise = js_sys::Promise::new(&mut |resolve, _| {
            // A browser's timer has no `unref`.
            let _ = set_timeout(&resolve, ms).unref();
        });
        async move {
            let _ = wasm_bindgen_futures::JsFuture::from(promise).await;
        }
        .boxed_local()
    }

    fn random(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        get_random_values(&mut bytes);
        bytes
    }

    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        wasm_bindgen_futures::spawn_local(task);
    }
}
