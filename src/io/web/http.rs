//! `fetch`, in pages, workers and Node. web-sys rather than gloo-net, because the answer is read as a stream that
//! stops at the limit of bytes, and a dropped request is aborted without a reason.

use futures_util::FutureExt as _;
use futures_util::future::{Either, LocalBoxFuture, select};
use js_sys::{Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortController, Headers, ReadableStreamDefaultReader, RequestCredentials, RequestInit, Response};

use crate::error::clip;
use crate::io::{Clock as _, Http, HttpFailure, HttpRequest, HttpResponse};

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch_global(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

pub(super) struct Fetch;

impl Http for Fetch {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpResponse, HttpFailure>> {
        async move {
            let timeout = super::clock::Platform.sleep(request.timeout_ms);
            match select(std::pin::pin!(exchange(&request)), timeout).await {
                Either::Left((reply, _)) => reply,
                Either::Right(_) => Err(HttpFailure::Timeout),
            }
        }
        .boxed_local()
    }
}

/// Aborts the request when it is dropped. After the whole answer that has no effect.
struct StopOnDrop(AbortController);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn exchange(request: &HttpRequest) -> Result<HttpResponse, HttpFailure> {
    let stop = StopOnDrop(AbortController::new().map_err(network)?);
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_credentials(RequestCredentials::Omit);
    init.set_signal(Some(&stop.0.signal()));
    let headers = Headers::new().map_err(network)?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(network)?;
    }
    init.set_headers(&headers);
    if let Some(body) = &request.body {
        init.set_body(&Uint8Array::from(body.as_slice()));
    }
    let promise = fetch_global(&request.url, &init).map_err(network)?;
    let response: Response = JsFuture::from(promise).await.map_err(network)?.unchecked_into();
    let body = read(&response, request.max_bytes).await?;
    Ok(HttpResponse {
        status: response.status(),
        url: response.url(),
        content_type: response.headers().get("content-type").ok().flatten(),
        body,
    })
}

async fn read(response: &Response, max_bytes: usize) -> Result<Vec<u8>, HttpFailure> {
    let Some(stream) = response.body() else { return Ok(Vec::new()) };
    let reader: ReadableStreamDefaultReader = stream.get_reader().unchecked_into();
    let mut body = Vec::new();
    loop {
        let step: Object = JsFuture::from(reader.read()).await.map_err(network)?.unchecked_into();
        let done = Reflect::get(&step, &"done".into()).map_err(network)?;
        if done.is_truthy() {
            return Ok(body);
        }
        let chunk: Uint8Array = Reflect::get(&step, &"value".into()).map_err(network)?.unchecked_into();
        let (start, length) = (body.len(), chunk.length() as usize);
        if start + length > max_bytes {
            return Err(HttpFailure::TooLarge(max_bytes));
        }
        body.resize(start + length, 0);
        if let Some(rest) = body.get_mut(start..) {
            chunk.copy_to(rest);
        }
    }
}

/// `fetch` tells little: the message of its `TypeError`, and in Node the cause's code.
fn network(thrown: JsValue) -> HttpFailure {
    let text = |value: &JsValue, key: &str| Reflect::get(value, &key.into()).ok().and_then(|found| found.as_string());
    let message = text(&thrown, "message").unwrap_or_else(|| "the request failed".to_owned());
    let cause = Reflect::get(&thrown, &"cause".into()).ok().and_then(|cause| text(&cause, "code"));
    HttpFailure::Network(clip(&match cause {
        Some(code) => format!("{message}, {code}"),
        None => message,
    }))
}
