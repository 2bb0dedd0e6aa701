//! `fetch`, in pages, workers and Node. web-sys rather than gloo-net, because the answer is read as a stream that
//! can stop at any piece, and a dropped request is aborted without a reason.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};
use js_sys::{Array, Function, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortController, Headers, ReadableStreamDefaultReader, RequestCredentials, RequestInit, RequestRedirect, Response,
};

use crate::error::clip;
use crate::io::{Http, HttpFailure, HttpHead, HttpRequest, HttpStream, Reach, Redirects};

/// Headers beyond this many are not looked at, nor those with longer values; servers stay far below.
const MAX_HEADERS: usize = 200;
const MAX_HEADER: usize = 64 << 10;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = fetch, catch)]
    fn fetch_global(url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

thread_local! {
    static PUBLIC_FETCH: RefCell<Option<Function>> = const { RefCell::new(None) };
}

/// Hands over the `fetch` of the package's TypeScript that asks public addresses alone; its third argument says whether in pages
/// too. It throws an error with the code `notPublic` and the `host` where it refuses. Until it is there, requests that need it fail.
pub(crate) fn set_public_fetch(fetch: Function) {
    PUBLIC_FETCH.with_borrow_mut(|slot| *slot = Some(fetch));
}

/// The platform's `fetch`, or the caller's own.
pub(super) struct Fetch(pub(super) Option<Function>);

impl Http for Fetch {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        let body = request.body.as_ref().map(|body| Uint8Array::from(body.as_slice()).into());
        open(self.0.clone(), request, body)
    }
}

/// A fetch that sends the platform's own body, in place of the request's.
#[cfg(feature = "ogpu")]
pub(super) struct FetchWith(pub(super) JsValue);

#[cfg(feature = "ogpu")]
impl Http for FetchWith {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        open(None, request, Some(self.0.clone()))
    }
}

/// `own` is the caller's `fetch`, where it brings one.
fn open(
    own: Option<Function>,
    request: HttpRequest,
    body: Option<JsValue>,
) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
    async move {
        let stop = Rc::new(StopOnDrop { controller: AbortController::new().map_err(network)?, armed: Cell::new(true) });
        let init = init(&request, body.as_ref(), &stop)?;
        let url = request.url.as_str().into();
        let answer = match (request.reach, own) {
            (Reach::Anywhere, None) => fetch_global(&request.url, &init).map(JsValue::from),
            (Reach::Anywhere, Some(own)) => own.call2(&JsValue::UNDEFINED, &url, &init),
            // The caller's own fetch is for the servers that it chose.
            (reach, _) => {
                let public = PUBLIC_FETCH.with_borrow(Clone::clone).ok_or_else(|| HttpFailure::NotPublic(clip(&request.url)))?;
                public.call3(&JsValue::UNDEFINED, &url, &init, &(reach == Reach::Public).into())
            }
        };
        let promise = answer.map(|answer| Promise::resolve(&answer));
        let failed = |thrown| network_to(&request.url, thrown);
        let response: Response = JsFuture::from(promise.map_err(failed)?).await.map_err(failed)?.unchecked_into();
        let head = HttpHead { status: response.status(), url: response.url(), headers: headers(&response) };
        let body = Body { response: Clone::clone(&response), reader: None, stop: Rc::clone(&stop) };
        let detach = Box::new(move || {
            stop.armed.set(false);
            Rc::new(Detached { response, controller: stop.controller.clone() }) as Rc<dyn Any>
        });
        Ok(HttpStream { head, body: stream::unfold(body, Body::next).boxed_local(), detach: Some(detach) })
    }
    .boxed_local()
}

/// A response that is the caller's own from now on.
#[derive(Clone)]
pub struct Detached {
    /// The response, unread.
    pub response: Response,
    /// Aborts what is left of it.
    pub controller: AbortController,
}

/// Aborts the request when it is dropped. After the whole answer that has no effect.
struct StopOnDrop {
    controller: AbortController,
    armed: Cell<bool>,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        if self.armed.get() {
            self.controller.abort();
        }
    }
}

fn init(request: &HttpRequest, body: Option<&JsValue>, stop: &StopOnDrop) -> Result<RequestInit, HttpFailure> {
    let init = RequestInit::new();
    init.set_method(request.method);
    init.set_credentials(RequestCredentials::Omit);
    init.set_signal(Some(&stop.controller.signal()));
    match request.redirects {
        Redirects::Follow => {}
        Redirects::Refuse => init.set_redirect(RequestRedirect::Error),
        #[cfg(feature = "opengradient")]
        Redirects::Show => init.set_redirect(RequestRedirect::Manual),
    }
    let headers = Headers::new().map_err(network)?;
    for (name, value) in &request.headers {
        headers.set(name, value).map_err(network)?;
    }
    init.set_headers(&headers);
    if let Some(body) = body {
        init.set_body(body);
    }
    Ok(init)
}

fn headers(response: &Response) -> Vec<(String, String)> {
    let Ok(Some(entries)) = js_sys::try_iter(&response.headers()) else { return Vec::new() };
    let pair = |entry: JsValue| {
        let entry: Array = entry.dyn_into().ok()?;
        let value: js_sys::JsString = entry.get(1).dyn_into().ok()?;
        ((value.length() as usize) <= MAX_HEADER).then(|| (entry.get(0).as_string().unwrap_or_default(), value.into()))
    };
    entries.take(MAX_HEADERS).filter_map(|entry| entry.ok().and_then(pair)).collect()
}

/// The body, whose reader is taken when the first piece is wanted.
struct Body {
    response: Response,
    reader: Option<ReadableStreamDefaultReader>,
    stop: Rc<StopOnDrop>,
}

impl Body {
    async fn next(mut self) -> Option<(Result<Vec<u8>, HttpFailure>, Self)> {
        let reader = match &self.reader {
            Some(reader) => reader.clone(),
            None => {
                let reader: ReadableStreamDefaultReader = self.response.body()?.get_reader().unchecked_into();
                self.reader.insert(reader).clone()
            }
        };
        // Held for as long as the body is read.
        let _stop = &self.stop;
        match piece(&reader).await {
            Ok(None) => None,
            Ok(Some(bytes)) => Some((Ok(bytes), self)),
            Err(thrown) => Some((Err(network(thrown)), self)),
        }
    }
}

async fn piece(reader: &ReadableStreamDefaultReader) -> Result<Option<Vec<u8>>, JsValue> {
    let step: Object = JsFuture::from(reader.read()).await?.unchecked_into();
    if Reflect::get(&step, &"done".into())?.is_truthy() {
        return Ok(None);
    }
    // The stream of a `fetch` of the caller's own may hold anything.
    let chunk = Reflect::get(&step, &"value".into())?.dyn_into::<Uint8Array>();
    chunk.map(|chunk| Some(chunk.to_vec())).map_err(|_| JsError::new("a piece of the body holds no bytes").into())
}

/// No answer at all. To a page the platform does not tell why, so the likely cause is named.
fn network_to(url: &str, thrown: JsValue) -> HttpFailure {
    let field = |key: &str| Reflect::get(&thrown, &key.into()).ok().and_then(|found| found.as_string());
    if field("code").as_deref() == Some("notPublic") {
        return HttpFailure::NotPublic(clip(&field("host").unwrap_or_default()));
    }
    // Only the relay's transport rejects with an error of this package (`og-transport.ts`), and it knows why.
    let is_relay = field("code").as_deref() == Some("http");
    let HttpFailure::Network(mut reason) = network(thrown) else { return HttpFailure::Timeout };
    if is_relay {
        return HttpFailure::Relay(reason);
    }
    let place = Reflect::get(&js_sys::global(), &"location".into()).unwrap_or_default();
    let origin = Reflect::get(&place, &"origin".into()).ok().and_then(|origin| origin.as_string());
    let elsewhere = |origin: &String| url.strip_prefix(origin.as_str()).is_none_or(|rest| !rest.starts_with('/'));
    if origin.is_some_and(|origin| elsewhere(&origin)) {
        reason.push_str("; to a page that is most often CORS: the server lets no other origin in, and a relay of your own helps (ogkit/relay)");
    }
    HttpFailure::Network(reason)
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
