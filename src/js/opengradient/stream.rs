//! `ChatStreamCore`: a chat answer, chunk by chunk.

use std::rc::Rc;

use futures_util::lock::Mutex;
use js_sys::Promise;
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal};

use super::output;
use crate::io::web::{Aborted, abortable};
use crate::js::convert::Build;
use crate::js::error::to_js;
use crate::opengradient::llm::Payment;
use crate::opengradient::llm::chat_stream::ChatStream;

/// A chat answer as it comes.
#[wasm_bindgen]
pub struct ChatStreamCore {
    stream: Rc<Mutex<Option<ChatStream>>>,
    paid: Option<Payment>,
    stop: AbortController,
    signal: Option<AbortSignal>,
}

impl ChatStreamCore {
    pub(super) fn new(stream: ChatStream, stop: AbortController, signal: Option<AbortSignal>) -> Self {
        let paid = stream.payment();
        Self { stream: Rc::new(Mutex::new(Some(stream))), paid, stop, signal }
    }
}

#[wasm_bindgen]
impl ChatStreamCore {
    /// What the answer takes; known from the start, and still there when the stream fails.
    #[wasm_bindgen(getter, unchecked_return_type = "AnswerCost")]
    pub fn cost(&self) -> JsValue {
        output::cost(Build::new(), self.paid.as_ref()).frozen()
    }

    /// The next chunk; `undefined` at the end.
    ///
    /// @throws StreamCutError, VerificationError, InferenceError
    #[wasm_bindgen(unchecked_return_type = "Promise<StreamChunk | undefined>")]
    pub fn next(&self) -> Promise {
        let stream = Rc::clone(&self.stream);
        let (stop, signal, paid) = (self.stop.signal(), self.signal.clone(), self.paid.clone());
        wasm_bindgen_futures::future_to_promise(async move {
            let work = async {
                let mut held = stream.lock().await;
                let Some(stream) = held.as_mut() else { return Ok(JsValue::UNDEFINED) };
                let chunk = stream.next().await?;
                Ok(chunk.map_or(JsValue::UNDEFINED, |chunk| output::chunk(&chunk, paid.as_ref())))
            };
            match abortable(signal.as_ref(), abortable(Some(&stop), work)).await {
                Ok(Ok(Ok(chunk))) => Ok(chunk),
                Ok(Ok(Err(error))) => Err(to_js(&error)),
                // The request is aborted with its stream.
                Ok(Err(Aborted(_))) => {
                    stream.lock().await.take();
                    Ok(JsValue::UNDEFINED)
                }
                Err(Aborted(reason)) => {
                    stream.lock().await.take();
                    Err(reason)
                }
            }
        })
    }

    /// Stops the answer; the request is aborted.
    pub fn end(&self) {
        self.stop.abort();
        if let Some(mut held) = self.stream.try_lock() {
            *held = None;
        }
    }
}
