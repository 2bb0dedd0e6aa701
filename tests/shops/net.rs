//! HTTP of one page: RPC endpoints and sellers. What leaves here is held against what may leave.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};
use ogkit::io::{Http, HttpFailure, HttpHead, HttpRequest, HttpStream, Redirects};

use crate::node;
use crate::oracle;
use crate::shop;
use crate::world::Shared;

/// What a server answers.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// The body ends in its middle.
    pub(crate) is_cut: bool,
    /// Each piece of the body comes after so many milliseconds.
    pub(crate) drip_ms: u64,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self { status, headers: Vec::new(), body: body.into(), is_cut: false, drip_ms: 0 }
    }

    #[must_use]
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

pub(crate) type Reply = Result<Answer, HttpFailure>;

/// The network of one page.
pub(crate) struct Net {
    pub(crate) world: Shared,
}

impl Http for Net {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        let world = Rc::clone(&self.world);
        let call = world.exec.current().call;
        async move {
            let (up, down) = (world.between(2, 60), world.between(2, 60));
            world.exec.sleep(up).await;
            if node::is_node(&request.url) {
                let answer = node::answer(&world, &request).await?;
                world.exec.sleep(down).await;
                return Ok(stream_of(&world, answer, &request.url));
            }
            let mut request = request;
            for _ in 0..20 {
                oracle::leaves(&world, call, &request);
                let answer = shop::answer(&world, call, &request).await;
                world.exec.sleep(down).await;
                if let Err(failure) = &answer {
                    world.say(|| format!("call {call}: {} {}: {failure}", request.method, request.url));
                }
                let answer = answer?;
                world.say(|| format!("call {call}: {} {}: {}", request.method, request.url, answer.status));
                let location = answer.headers.iter().find(|(name, _)| name == "location").map(|(_, value)| value.clone());
                let Some(location) = location.filter(|_| (300..400).contains(&answer.status)) else {
                    return Ok(stream_of(&world, answer, &request.url));
                };
                match request.redirects {
                    Redirects::Refuse => return Err(HttpFailure::Network("a redirect".to_owned())),
                    Redirects::Show if world.plan.is_browser => return Ok(stream_of(&world, Answer::new(0, ""), &request.url)),
                    Redirects::Show => return Ok(stream_of(&world, answer, &request.url)),
                    Redirects::Follow => request = follow(request, answer.status, location),
                }
            }
            Err(HttpFailure::Network("too many redirects".to_owned()))
        }
        .boxed_local()
    }
}

/// What fetch makes of a redirect by itself (HTTP-redirect fetch).
fn follow(mut request: HttpRequest, status: u16, location: String) -> HttpRequest {
    if (status == 303 && request.method != "GET") || (matches!(status, 301 | 302) && request.method == "POST") {
        (request.method, request.body) = ("GET", None);
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("content-type"));
    }
    if oracle::origin(&request.url) != oracle::origin(&location) {
        request.headers.retain(|(name, _)| !name.eq_ignore_ascii_case("authorization"));
    }
    HttpRequest { url: location, ..request }
}

fn stream_of(world: &Shared, answer: Answer, url: &str) -> HttpStream {
    let Answer { status, headers, body, is_cut, drip_ms } = answer;
    let head = HttpHead { status, url: if status == 0 { String::new() } else { url.to_owned() }, headers };
    let size = if drip_ms > 0 { 8 } else { 64 };
    let kept = if is_cut { body.len() / 2 } else { body.len() };
    let mut pieces: Vec<Result<Vec<u8>, HttpFailure>> = body[..kept].chunks(size).map(|piece| Ok(piece.to_vec())).collect();
    if is_cut {
        pieces.push(Err(HttpFailure::Network("connection reset".to_owned())));
    }
    let world = Rc::clone(world);
    let body = stream::iter(pieces).then(move |piece| {
        let wait = (drip_ms > 0).then(|| world.exec.sleep(drip_ms));
        async move {
            if let Some(wait) = wait {
                wait.await;
            }
            piece
        }
    });
    HttpStream { head, body: body.boxed_local(), detach: None }
}
