//! HTTP as the core sees it: bounded requests, answers with their headers, bodies whole or as they come.

use std::any::Any;
use std::borrow::Cow;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{LocalBoxStream, StreamExt as _};

use super::{Io, trace};
use crate::error::public_url;

/// One HTTP request. Credentials and cookies are never sent along.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// Its number, in traces and errors.
    pub id: u32,
    /// `GET`, `POST` …
    pub method: &'static str,
    /// An absolute http or https URL.
    pub url: String,
    /// Header names and values.
    pub headers: Vec<(Cow<'static, str>, String)>,
    /// The body; shared, so that a retry does not copy it.
    pub body: Option<Rc<Vec<u8>>>,
    /// What to do when the server points elsewhere.
    pub redirects: Redirects,
    /// Which addresses may be asked.
    pub reach: Reach,
    /// How long it may take, in milliseconds: [`Io::send`]'s whole exchange, [`Io::open`]'s wait for the head and for each
    /// piece of the body.
    pub timeout_ms: u64,
    /// The most bytes of body that are read.
    pub max_bytes: usize,
}

/// What to do when the server points elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Redirects {
    /// Go there. Headers of ours go along, whatever the host.
    Follow,
    /// Fail.
    Refuse,
    /// Answer with the redirect itself. Browsers hide it: they answer with the status 0 and nothing else.
    #[cfg(feature = "opengradient")]
    Show,
}

/// Which addresses may be asked. A stranger's URL is held to public ones: also after redirects and, where the platform tells,
/// after the name was resolved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// All: the URL is the caller's own.
    Anywhere,
    /// Public ones where this runs on a server. In a page the browser itself keeps strangers from reading what is near.
    PublicFromServers,
    /// Public ones.
    Public,
}

impl HttpRequest {
    /// A `GET` without headers that follows redirects: 30 s, 4 MB.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            id: trace::next_id(),
            method: "GET",
            url: url.into(),
            headers: Vec::new(),
            body: None,
            redirects: Redirects::Follow,
            reach: Reach::Anywhere,
            timeout_ms: 30_000,
            max_bytes: 4 << 20,
        }
    }

    /// A `POST` of `body`, otherwise as [`HttpRequest::get`].
    pub fn post(url: impl Into<String>, content_type: impl Into<String>, body: Rc<Vec<u8>>) -> Self {
        let headers = vec![("content-type".into(), content_type.into())];
        Self { method: "POST", headers, body: Some(body), ..Self::get(url) }
    }
}

/// What comes before the body, whatever the status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HttpHead {
    /// The status code.
    pub status: u16,
    /// The URL that answered, after redirects.
    pub url: String,
    /// The headers that may be read, with names in lower case.
    pub headers: Vec<(String, String)>,
}

impl HttpHead {
    /// The value of a header by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether the status is 2xx.
    pub const fn is_success(&self) -> bool {
        matches!(self.status, 200..=299)
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpResponse {
    /// Status, URL, headers.
    pub head: HttpHead,
    /// The whole body.
    pub body: Vec<u8>,
}

/// Pieces of a body as they come; the first failure is the last item.
pub type HttpBody = LocalBoxStream<'static, Result<Vec<u8>, HttpFailure>>;

/// An answer whose body is still coming. Dropping the body aborts the request.
pub struct HttpStream {
    /// Status, URL, headers.
    pub head: HttpHead,
    /// The body.
    pub body: HttpBody,
    /// Gives up the body and hands over the platform's own response, unread, where the platform has one.
    pub detach: Option<Box<dyn FnOnce() -> Rc<dyn Any>>>,
}

/// Why there is no HTTP answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HttpFailure {
    /// No answer, or no further piece of it, within the time.
    Timeout,
    /// The body passed the limit of bytes.
    TooLarge(usize),
    /// A stranger's URL leads to an address that is not public; nothing was asked there. Says which.
    NotPublic(String),
    /// No connection, a broken one, a refused redirect, or a cross-origin refusal: the platform does not tell which.
    Network(String),
    /// A relay between here and the server refused the request or could not be reached, and this names it and tells why.
    Relay(String),
}

impl std::fmt::Display for HttpFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Timeout => f.write_str("no whole answer within the time limit"),
            Self::TooLarge(limit) => write!(f, "the answer is larger than {limit} bytes"),
            Self::NotPublic(host) => {
                f.write_str(host)?;
                f.write_str(" is not a public address, and nothing was asked there")
            }
            Self::Network(reason) => {
                write!(f, "no connection ({reason}); is the address right, and does it allow this origin (CORS)?")
            }
            Self::Relay(reason) => f.write_str(reason),
        }
    }
}

/// Fetches over HTTP. Limits are [`Io`]'s business.
pub trait Http {
    /// Sends one request and answers once its head is there.
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>>;
}

/// One request in the trace.
pub(crate) struct Traced {
    id: u32,
    began_ms: u64,
}

impl Traced {
    pub(crate) fn new(io: &Io, request: &HttpRequest) -> Self {
        let HttpRequest { id, method, .. } = request;
        let bytes = request.body.as_ref().map_or(0, |body| body.len());
        trace::line(|| format!("#{id} {method} {} ({bytes} bytes)", public_url(&request.url)));
        Self { id: *id, began_ms: io.clock.now_ms() }
    }

    pub(crate) fn tell(&self, io: &Io, answer: Result<(u16, Option<usize>), &HttpFailure>) {
        trace::line(|| {
            let ms = io.clock.now_ms().saturating_sub(self.began_ms);
            match answer {
                Ok((status, Some(bytes))) => format!("#{} {status} after {ms} ms ({bytes} bytes)", self.id),
                Ok((status, None)) => format!("#{} {status} after {ms} ms", self.id),
                Err(failure) => format!("#{} failed after {ms} ms: {failure}", self.id),
            }
        });
    }
}

impl Io {
    /// Sends one request and reads the whole answer within its limits.
    ///
    /// # Errors
    /// [`HttpFailure`]; any status is an answer.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpFailure> {
        let (timeout_ms, limit) = (request.timeout_ms, request.max_bytes);
        let traced = Traced::new(self, &request);
        let exchange = async {
            let HttpStream { head, mut body, .. } = self.http.open(request).await?;
            let mut whole = Vec::new();
            while let Some(piece) = body.next().await {
                let piece = piece?;
                if whole.len() + piece.len() > limit {
                    return Err(HttpFailure::TooLarge(limit));
                }
                if whole.is_empty() {
                    whole = piece;
                } else {
                    whole.extend_from_slice(&piece);
                }
            }
            Ok(HttpResponse { head, body: whole })
        };
        let reply = self.within(timeout_ms, exchange).await.unwrap_or(Err(HttpFailure::Timeout));
        traced.tell(self, reply.as_ref().map(|reply| (reply.head.status, Some(reply.body.len()))));
        reply
    }

    /// Sends one request and hands over the body as it comes, within the request's limits.
    ///
    /// # Errors
    /// [`HttpFailure`]; any status is an answer.
    pub async fn open(&self, request: HttpRequest) -> Result<HttpStream, HttpFailure> {
        let (timeout_ms, limit) = (request.timeout_ms, request.max_bytes);
        let traced = Traced::new(self, &request);
        let opened = self.within(timeout_ms, self.http.open(request)).await.unwrap_or(Err(HttpFailure::Timeout));
        traced.tell(self, opened.as_ref().map(|stream| (stream.head.status, None)));
        let HttpStream { head, body, detach } = opened?;
        let bounded = futures_util::stream::unfold(Some((self.clone(), body, 0)), move |state| async move {
            let (io, mut body, before) = state?;
            let piece = io.within(timeout_ms, body.next()).await.unwrap_or(Some(Err(HttpFailure::Timeout)))?;
            match piece {
                Ok(bytes) if before + bytes.len() > limit => Some((Err(HttpFailure::TooLarge(limit)), None)),
                Ok(bytes) => {
                    let after = before + bytes.len();
                    Some((Ok(bytes), Some((io, body, after))))
                }
                Err(failure) => Some((Err(failure), None)),
            }
        });
        Ok(HttpStream { head, body: bounded.boxed_local(), detach })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fake;

    fn answer(pieces: &'static [&'static str]) -> Io {
        fake::io_stream(move |request| {
            let head = HttpHead { status: 200, url: request.url.clone(), headers: Vec::new() };
            Ok((head, pieces.iter().map(|piece| Ok(piece.as_bytes().to_vec())).collect()))
        })
        .0
    }

    #[test]
    fn a_trace_tells_what_goes_out_and_no_secret() {
        let io = answer(&["secret body"]);
        let lines = Rc::new(std::cell::RefCell::new(Vec::new()));
        let told = Rc::clone(&lines);
        trace::set(Some(Rc::new(move |line: &str| told.borrow_mut().push(line.to_owned()))));
        let request = HttpRequest {
            headers: vec![("authorization".into(), "secret".to_owned())],
            ..HttpRequest::get("https://user:secret@node.example/v1?key=secret")
        };
        let id = request.id;
        let _ = fake::run(io.send(request));
        trace::set(None);
        let _ = fake::run(io.send(HttpRequest::get("http://x")));
        let expected = [format!("#{id} GET https://node.example/v1 (0 bytes)"), format!("#{id} 200 after 0 ms (11 bytes)")];
        assert_eq!(*lines.borrow(), expected);
    }

    #[test]
    fn a_body_is_the_sum_of_its_pieces_up_to_the_limit() {
        let io = answer(&["one", "two", "three"]);
        let request = HttpRequest { max_bytes: 11, ..HttpRequest::get("http://x") };
        assert_eq!(fake::run(io.send(request.clone())).map(|reply| reply.body), Ok(b"onetwothree".to_vec()));
        let request = HttpRequest { max_bytes: 10, ..request };
        assert_eq!(fake::run(io.send(request.clone())).map(|reply| reply.body), Err(HttpFailure::TooLarge(10)));
        let pieces = fake::run(async { io.open(request).await.map(|stream| stream.body.collect::<Vec<_>>()) });
        let pieces = pieces.map(fake::run).unwrap_or_default();
        assert_eq!(pieces, [Ok(b"one".to_vec()), Ok(b"two".to_vec()), Err(HttpFailure::TooLarge(10))]);
    }
}
