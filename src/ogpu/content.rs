//! Documents over HTTP: published through a pinning service, fetched from gateways, and believed only when their bytes
//! match their CID.

use std::rc::Rc;

use alloy_primitives::Address;

use super::network::Network;
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpFailure, HttpRequest, Io, OnProgress, Progress};
use crate::ipfs;
use crate::ipfs::location::Location;
use crate::ipfs::pin;
use crate::ipfs::verify::verify;
use crate::json::Json;

/// What may be published at once.
pub const MAX_UPLOAD: usize = 256 << 20;

/// How an upload is carried out.
#[derive(Clone)]
pub struct PinOptions {
    /// The file's name.
    pub filename: String,
    /// Its type.
    pub content_type: String,
    /// Seconds for one attempt.
    pub timeout: f64,
    /// Attempts after the first, for broken connections, time-outs and 5xx.
    pub retries: u32,
    /// Seconds before the first of them, doubling.
    pub backoff: f64,
    /// Who is told each step.
    pub on_progress: OnProgress,
}

impl PinOptions {
    /// The official defaults: `data.json`, 30 s, two retries, half a second.
    pub fn json(on_progress: OnProgress) -> Self {
        let (filename, content_type) = ("data.json".to_owned(), "application/json".to_owned());
        Self { filename, content_type, timeout: 30.0, retries: 2, backoff: 0.5, on_progress }
    }
}

/// What to do about proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verify {
    /// Content without proof is an error.
    Require,
    /// Content without a CID is given, unproven; content against its CID is an error.
    Prefer,
    /// Nothing is checked.
    Never,
}

/// How content is fetched.
#[derive(Clone, Debug, PartialEq)]
pub struct FetchOptions {
    /// What to do about proof.
    pub verify: Verify,
    /// Seconds for each gateway.
    pub timeout: f64,
    /// The most bytes to read.
    pub max_bytes: usize,
    /// Gateways in place of the network's.
    pub gateways: Option<Vec<String>>,
}

impl Default for FetchOptions {
    fn default() -> Self {
        Self { verify: Verify::Require, timeout: 30.0, max_bytes: 64 << 20, gateways: None }
    }
}

/// Content, and how it is known to be what its CID names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// The CID in the link.
    pub cid: Option<String>,
    /// Where the bytes came from.
    pub url: String,
    /// The layout under which they have the CID; `None` when they were not checked.
    pub layout: Option<&'static str>,
    /// What the gateway calls them. Its word alone.
    pub content_type: Option<String>,
}

/// Seconds as callers give them → milliseconds.
pub(crate) fn milliseconds(seconds: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 or more; saturates")]
    ((seconds * 1000.0) as u64)
}

/// What the IPFS room found wrong with the content of `url`.
fn unfit(error: ipfs::Error, url: &str, cid: Option<String>) -> Error {
    let reason = error.to_string();
    match error {
        ipfs::Error::InvalidUrl { .. } | ipfs::Error::InvalidCid { .. } => Error::input("url", reason),
        ipfs::Error::InvalidFilename { .. } => Error::input("options.filename", reason),
        ipfs::Error::InvalidContentType { .. } => Error::input("options.contentType", reason),
        ipfs::Error::BadReply { .. } | ipfs::Error::TooDeep { .. } => {
            Error::from(Kind::IpfsFetch { url: public_url(url), reason })
        }
        ipfs::Error::WrongLink { link, cid, .. } => Error::from(Kind::ContentUnverified { url: link, cid, reason }),
        _ => {
            Error::from(Kind::ContentUnverified { url: public_url(url), cid, reason })
        }
    }
}

/// Publishes content and answers the service's link, which is proven to hold the content's CID. One HTTP request for
/// each attempt; uploading the same content twice does no harm.
///
/// # Errors
/// [`Kind::InvalidInput`], [`Kind::IpfsGateway`] for a bad status, [`Kind::IpfsFetch`] when no reply came or a
/// reply of another shape, [`Kind::ContentUnverified`] for a link to something else.
pub async fn publish(io: &Io, pin_url: &str, content: Vec<u8>, options: &PinOptions) -> Result<String, Error> {
    if content.len() > MAX_UPLOAD {
        return Err(Error::input("data", format!("expected at most {MAX_UPLOAD} bytes, but found {}", content.len())));
    }
    let upload = pin::upload(&content, &options.filename, &options.content_type, io.clock.random())
        .map_err(|error| unfit(error, pin_url, None))?;
    (options.on_progress)(Progress::Uploading { filename: options.filename.clone(), bytes: content.len() });
    let body = Rc::new(upload.body);
    let mut pause = milliseconds(options.backoff);
    let mut attempt = 0;
    loop {
        let request = HttpRequest {
            timeout_ms: milliseconds(options.timeout),
            max_bytes: pin::MAX_REPLY,
            ..HttpRequest::post(pin_url, upload.content_type.clone(), Rc::clone(&body))
        };
        let error = match io.send(request).await {
            Ok(reply) if matches!(reply.head.status, 200 | 201) => {
                let pinned = pin::read_reply(&reply.body, &content).map_err(|error| unfit(error, pin_url, None))?;
                (options.on_progress)(Progress::Uploaded { url: pinned.link.clone(), cid: pinned.cid.to_string() });
                return Ok(pinned.link);
            }
            Ok(reply) => {
                let error = Error::from(Kind::IpfsGateway { gateway: public_url(pin_url), status: reply.head.status });
                if reply.head.status < 500 {
                    return Err(error);
                }
                error
            }
            Err(failure) => Error::from(Kind::IpfsFetch { url: public_url(pin_url), reason: failure.to_string() }),
        };
        if attempt >= options.retries {
            return Err(error);
        }
        attempt += 1;
        (options.on_progress)(Progress::Retrying { attempt: attempt + 1, reason: error.to_string() });
        io.clock.sleep(pause).await;
        pause = pause.saturating_mul(2);
    }
}

/// Fetches what a link names, from the link itself and then from each gateway, until one serves the right bytes. One
/// HTTP request for each place asked.
///
/// # Errors
/// [`Kind::InvalidInput`] for a link that is none; [`Kind::ContentUnverified`] when bytes came and none proved
/// right; [`Kind::IpfsGateway`] or [`Kind::IpfsFetch`] when none came.
pub async fn fetch(io: &Io, gateways: &[String], link: &str, options: &FetchOptions) -> Result<Content, Error> {
    let location = Location::parse(link).map_err(|error| unfit(error, link, None))?;
    let gateways = options.gateways.as_deref().unwrap_or(gateways);
    for gateway in gateways {
        ipfs::location::check_gateway(gateway).map_err(|error| Error::input("gateways", error.to_string()))?;
    }
    let cid = location.cid.map(|cid| cid.to_string());
    let unverified = |url: &str, reason: &str| {
        Error::from(Kind::ContentUnverified {
            url: public_url(url),
            cid: location.cid.map(|cid| cid.to_string()),
            reason: reason.to_owned(),
        })
    };
    if options.verify == Verify::Require {
        if location.cid.is_none() {
            return Err(unverified(link, "the link holds no CID to check against"));
        }
        if !location.path.is_empty() {
            return Err(unverified(link, "a path below a directory cannot be checked against the directory's CID"));
        }
        if let Some(Err(error)) = location.cid.map(|cid| cid.sha2_256()) {
            return Err(unfit(error, link, cid));
        }
    }
    let mut last = None;
    for url in location.urls(gateways) {
        let timeout_ms = milliseconds(options.timeout);
        let request = HttpRequest { timeout_ms, max_bytes: options.max_bytes, ..HttpRequest::get(url.clone()) };
        let reply = match io.send(request).await {
            Ok(reply) if reply.head.status == 200 => reply,
            Ok(reply) => {
                last = Some(Error::from(Kind::IpfsGateway { gateway: public_url(&url), status: reply.head.status }));
                continue;
            }
            Err(failure @ (HttpFailure::Timeout | HttpFailure::TooLarge(_) | HttpFailure::Network(_))) => {
                last = Some(Error::from(Kind::IpfsFetch { url: public_url(&url), reason: failure.to_string() }));
                continue;
            }
        };
        let checkable =
            location.cid.filter(|cid| location.path.is_empty() && options.verify != Verify::Never && cid.sha2_256().is_ok());
        let layout = match checkable.map(|cid| verify(&cid, &reply.body)) {
            Some(Err(error)) => {
                last = Some(unfit(error, &url, cid.clone()));
                continue;
            }
            proof => proof.and_then(Result::ok).map(|proof| proof.name()),
        };
        let content_type = reply.head.header("content-type").map(str::to_owned);
        return Ok(Content { bytes: reply.body, cid, url, layout, content_type });
    }
    Err(last.unwrap_or_else(|| unverified(link, "there is no gateway to ask")))
}

/// The payload in a response's `data`: JSON that stands there itself, or a link. `None` for a link.
pub fn inline(data: &str) -> Option<&str> {
    let text = data.trim_start();
    (text.starts_with(['{', '[']) && Json::parse(data).is_some()).then_some(data)
}

/// A task by the old HTTP API: its address and its whole object as JSON text. One HTTP request.
///
/// # Errors
/// [`Kind::InvalidInput`] when the network has no such API, [`Kind::TaskNotFound`], [`Kind::Http`],
/// [`Kind::Protocol`].
pub async fn management_task(io: &Io, network: &Network, task: Address) -> Result<(Address, String), Error> {
    let Some(base) = &network.management_url else {
        return Err(Error::input("network.managementUrl", "this network has none; read the chain with getConfirmedResponse"));
    };
    let url = format!("{}/api/tasks/{task}", base.trim_end_matches('/'));
    let shown = public_url(&url);
    let reply = io.send(HttpRequest::get(url)).await;
    let reply =
        reply.map_err(|failure| Error::from(Kind::Http { url: shown.clone(), status: None, reason: failure.to_string() }))?;
    match reply.head.status {
        200 => {}
        404 => return Err(Error::from(Kind::TaskNotFound { address: task })),
        status => return Err(Error::from(Kind::Http { url: shown, status: Some(status), reason: "a bad status".to_owned() })),
    }
    let show =
        || Error::protocol("{\"data\": {\"address\": …}}", String::from_utf8_lossy(reply.body.get(..200).unwrap_or(&reply.body)));
    let data = Json::parse_bytes(&reply.body).and_then(|reply| reply.get("data")).ok_or_else(show)?;
    let address = data.get("address").and_then(Json::plain).and_then(|text| text.parse().ok()).ok_or_else(show)?;
    Ok((address, data.raw().to_owned()))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures_util::FutureExt as _;

    use super::*;
    use crate::io::HttpResponse;
    use crate::io::fake;

    const HELLO: &str = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";

    fn reply(request: &HttpRequest, status: u16, body: &[u8]) -> Result<HttpResponse, HttpFailure> {
        Ok(fake::reply(&request.url, status, &[], body))
    }

    #[test]
    fn a_lying_gateway_is_passed_over() {
        let (io, _) = fake::io(|request| {
            if request.url.starts_with("https://liar") {
                reply(request, 200, b"hello moon\n")
            } else {
                reply(request, 200, b"hello world\n")
            }
        });
        let gateways = ["https://liar/ipfs/".to_owned(), "https://true/ipfs/".to_owned()];
        let options = FetchOptions::default();
        let found = fetch(&io, &gateways, HELLO, &options).now_or_never();
        let found = found.and_then(Result::ok);
        assert_eq!(
            found.as_ref().map(|c| c.url.as_str()),
            Some("https://true/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")
        );
        assert_eq!(found.and_then(|c| c.layout), Some("unixfs-v0-2015"));
        let only_liar = fetch(&io, &gateways[..1], HELLO, &options).now_or_never();
        assert!(only_liar.is_some_and(|r| r.is_err_and(|e| e.code() == "contentUnverified")));
    }

    #[test]
    fn what_cannot_be_checked_is_asked_of_nobody() {
        let (io, _) = fake::io(|request| reply(request, 500, b""));
        for link in ["https://example.com/x.json".to_owned(), format!("ipfs://{HELLO}/a")] {
            let found = fetch(&io, &[], &link, &FetchOptions::default()).now_or_never();
            assert!(found.is_some_and(|r| r.is_err_and(|e| e.code() == "contentUnverified")), "{link}");
        }
    }

    #[test]
    fn a_hash_that_cannot_be_checked_is_not_a_lie() {
        let (io, _) = fake::io(|request| reply(request, 200, b"x"));
        // blake2b-256, and so valid, but nothing to check with.
        let link = "bafk2bzacebcbg35dkwzwpcqri2wrn57imspjj62pyip6o7udcdagb5q4vl7yu";
        let gateways = ["https://gateway/ipfs/".to_owned()];
        let required = fetch(&io, &gateways, link, &FetchOptions::default()).now_or_never();
        assert!(required.is_some_and(|r| r.is_err_and(|e| e.code() == "contentUnverified")));
        let preferred = FetchOptions { verify: Verify::Prefer, ..FetchOptions::default() };
        let found = fetch(&io, &gateways, link, &preferred).now_or_never().and_then(Result::ok);
        assert_eq!(found.map(|content| content.layout), Some(None));
    }

    #[test]
    fn a_gateway_with_credentials_is_refused_before_it_is_asked() {
        let (io, _) = fake::io(|request| reply(request, 200, b"hello world\n"));
        let found = fetch(&io, &["https://user:secret@gateway/ipfs/".to_owned()], HELLO, &FetchOptions::default()).now_or_never();
        let error = found.and_then(Result::err);
        assert!(error.as_ref().is_some_and(|e| e.code() == "invalidInput" && !e.to_string().contains("secret")));
    }

    #[test]
    fn a_broken_upload_is_repeated_and_a_refused_one_is_not() {
        for (status, attempts) in [(503, 3), (400, 1)] {
            let count = Rc::new(Cell::new(0));
            let seen = Rc::clone(&count);
            let (io, _) = fake::io(move |request| {
                seen.set(seen.get() + 1);
                reply(request, status, b"")
            });
            let options = PinOptions::json(Rc::new(|_| ()));
            let result = fake::run(publish(&io, "https://pin/file/create", b"x".to_vec(), &options));
            assert!(
                matches!(result.as_ref().map_err(|e| &**e), Err(Kind::IpfsGateway { status: found, .. }) if *found == status)
            );
            assert_eq!(count.get(), attempts);
        }
    }
}
