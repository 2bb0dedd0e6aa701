//! Content to a pinning service or a kubo node. The CID is computed first, and what the service answers is held to it.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;

use super::cid::Cid;
use super::fetch::milliseconds;
use super::pin::{self, Endpoint, Frame};
use super::unixfs;
use super::verify::{Proof, RootsBuilder, verify};
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Io, OnProgress, Progress};

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

/// What was published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// The service's link; `ipfs://CID` from kubo.
    pub link: String,
    /// The CID in it.
    pub cid: String,
    /// The layout under which the content has that CID.
    pub layout: &'static str,
}

/// Content that is not in memory, such as a browser's `Blob`.
pub trait Source {
    /// How many bytes there are.
    fn size(&self) -> u64;
    /// The bytes from `start` up to `end`, both within the size.
    fn read(&self, start: u64, end: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, Error>>;
    /// Sends `request` with a body made of `frame`'s head, the content and `frame`'s tail.
    fn send(&self, request: HttpRequest, frame: &Frame) -> LocalBoxFuture<'_, Result<HttpResponse, HttpFailure>>;
}

/// How much of a [`Source`] is in memory at once.
const PIECE: u64 = 1 << 20;

/// Publishes content through a pinning service, or kubo's RPC when the path ends with `/api/v0/add`. What it answers is proven
/// to name the content. One HTTP request for each attempt; uploading the same content twice does no harm.
///
/// # Errors
/// [`Kind::InvalidInput`], [`Kind::IpfsGateway`] for a bad status, [`Kind::IpfsFetch`] when no reply came or a reply of
/// another shape, [`Kind::ContentUnverified`] for a link to something else, which it holds.
pub async fn publish(io: &Io, url: &str, content: Vec<u8>, options: &PinOptions) -> Result<Published, Error> {
    if content.len() > MAX_UPLOAD {
        return Err(Error::input("data", format!("expected at most {MAX_UPLOAD} bytes, but found {}", content.len())));
    }
    let endpoint = endpoint(url)?;
    let expected = endpoint.layout().map(|layout| (layout, unixfs::root(&content, layout)));
    let upload = pin::upload(&content, &options.filename, &options.content_type, io.clock.random())
        .map_err(|error| error.at(url, None))?;
    let body = Rc::new(upload.body);
    let send = || io.send(request(&endpoint, &upload.content_type, Some(Rc::clone(&body)), options)).boxed_local();
    let prove = |cid: &Cid| match expected {
        Some((layout, root)) if root.same_block(cid) => Ok(Proof::File(layout)),
        _ => verify(cid, &content),
    };
    attempts(io, &endpoint, content.len(), options, &send, &prove).await
}

/// Publishes content that is read in pieces: once for its CID, and once by the platform for each attempt to send it.
///
/// # Errors
/// As [`publish`], and those of [`Source::read`].
pub async fn publish_source(io: &Io, url: &str, source: &dyn Source, options: &PinOptions) -> Result<Published, Error> {
    let endpoint = endpoint(url)?;
    let frame = pin::frame(&options.filename, &options.content_type, io.clock.random()).map_err(|error| error.at(url, None))?;
    let (size, mut at) = (source.size(), 0);
    let mut roots = RootsBuilder::default();
    while at < size {
        let end = size.min(at + PIECE);
        let piece = source.read(at, end).await?;
        if piece.len() as u64 != end - at {
            return Err(Error::input("data", "expected as many bytes as its size; did the file change?"));
        }
        roots.update(&piece);
        at = end;
    }
    let roots = roots.finish();
    let send = || source.send(request(&endpoint, &frame.content_type, None, options), &frame);
    let bytes = usize::try_from(size).unwrap_or(usize::MAX);
    attempts(io, &endpoint, bytes, options, &send, &|cid| roots.prove(cid)).await
}

fn endpoint(url: &str) -> Result<Endpoint, Error> {
    Endpoint::parse(url).map_err(|error| Error::input("pinUrl", error.to_string()))
}

fn request(endpoint: &Endpoint, content_type: &str, body: Option<Rc<Vec<u8>>>, options: &PinOptions) -> HttpRequest {
    HttpRequest {
        method: "POST",
        headers: vec![("content-type".into(), content_type.to_owned())],
        body,
        timeout_ms: milliseconds(options.timeout),
        max_bytes: pin::MAX_REPLY,
        ..HttpRequest::get(endpoint.url.clone())
    }
}

type Reply<'a> = LocalBoxFuture<'a, Result<HttpResponse, HttpFailure>>;

async fn attempts<'a>(
    io: &Io,
    endpoint: &Endpoint,
    bytes: usize,
    options: &PinOptions,
    send: &dyn Fn() -> Reply<'a>,
    prove: &dyn Fn(&Cid) -> Result<Proof, super::Error>,
) -> Result<Published, Error> {
    let url = endpoint.url.as_str();
    (options.on_progress)(Progress::Uploading { filename: options.filename.clone(), bytes });
    let mut pause = milliseconds(options.backoff);
    let mut attempt = 0;
    loop {
        let error = match send().await {
            Ok(reply) if matches!(reply.head.status, 200 | 201) => {
                let pinned = endpoint.read(&reply.body, &options.filename, prove).map_err(|error| error.at(url, None))?;
                let (link, cid, layout) = (pinned.link, pinned.cid.to_string(), pinned.proof.name());
                (options.on_progress)(Progress::Uploaded { url: link.clone(), cid: cid.clone() });
                return Ok(Published { link, cid, layout });
            }
            Ok(reply) => {
                let error = Error::from(Kind::IpfsGateway { gateway: public_url(url), status: reply.head.status });
                if reply.head.status < 500 {
                    return Err(error);
                }
                error
            }
            Err(failure) => Error::from(Kind::IpfsFetch { url: public_url(url), reason: failure.to_string() }),
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::io::fake;

    const HELLO: &str = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";

    #[test]
    fn a_broken_upload_is_repeated_and_a_refused_one_is_not() {
        for (status, attempts) in [(503, 3), (400, 1)] {
            let count = Rc::new(Cell::new(0));
            let seen = Rc::clone(&count);
            let (io, _) = fake::io(move |request| {
                seen.set(seen.get() + 1);
                Ok(fake::reply(&request.url, status, &[], ""))
            });
            let options = PinOptions::json(Rc::new(|_| ()));
            let result = fake::run(publish(&io, "https://pin/file/create", b"x".to_vec(), &options));
            assert!(
                matches!(result.as_ref().map_err(|e| &**e), Err(Kind::IpfsGateway { status: found, .. }) if *found == status)
            );
            assert_eq!(count.get(), attempts);
        }
    }

    /// A file on a disk, which may change while it is read.
    struct Disk {
        bytes: Vec<u8>,
        shrinks: bool,
        io: Io,
    }

    impl Source for Disk {
        fn size(&self) -> u64 {
            self.bytes.len() as u64
        }
        fn read(&self, start: u64, end: u64) -> LocalBoxFuture<'_, Result<Vec<u8>, Error>> {
            let (start, end) = (usize::try_from(start).unwrap_or(0), usize::try_from(end).unwrap_or(0));
            let end = if self.shrinks { end - 1 } else { end };
            async move { Ok(self.bytes.get(start..end).unwrap_or_default().to_vec()) }.boxed_local()
        }
        fn send(&self, request: HttpRequest, frame: &Frame) -> LocalBoxFuture<'_, Result<HttpResponse, HttpFailure>> {
            let body = [frame.head.as_bytes(), &self.bytes, frame.tail.as_bytes()].concat();
            async move { self.io.send(HttpRequest { body: Some(Rc::new(body)), ..request }).await }.boxed_local()
        }
    }

    #[test]
    fn a_source_is_read_once_and_its_root_known_before_the_reply() {
        let bytes: Vec<u8> = (0..2_500_000_u32).map(|i| (i / 7).to_le_bytes()[0]).collect();
        let whole = bytes.len();
        for layout in unixfs::LAYOUTS {
            for (link, is_right) in [(unixfs::root(&bytes, layout), true), (unixfs::root(b"other", layout), false)] {
                let (io, _) = fake::io(move |request| {
                    assert!(request.body.as_ref().is_some_and(|body| body.len() > whole));
                    Ok(fake::reply(&request.url, 200, &[], format!("{{\"link\":\"ipfs://{link}\"}}")))
                });
                let source = Disk { bytes: bytes.clone(), shrinks: false, io: io.clone() };
                let options = PinOptions::json(Rc::new(|_| ()));
                let result = fake::run(publish_source(&io, "https://pin/file/create", &source, &options));
                match result {
                    Ok(published) => assert_eq!((published.cid, is_right), (link.to_string(), true)),
                    Err(error) => assert_eq!((error.code(), is_right), ("contentUnverified", false)),
                }
            }
        }
        let (io, _) = fake::io(|request| Err(HttpFailure::Network(request.url.clone())));
        let source = Disk { bytes, shrinks: true, io: io.clone() };
        let result = fake::run(publish_source(&io, "https://pin/", &source, &PinOptions::json(Rc::new(|_| ()))));
        assert!(result.is_err_and(|error| error.code() == "invalidInput"));
    }

    #[test]
    fn a_node_is_told_how_and_held_to_the_content() {
        // What `ipfs add --cid-version=1` says of "hello world\n", and of something else.
        let (right, wrong) = (
            "bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4",
            "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        );
        for (hash, is_right) in [(right, true), (HELLO, true), (wrong, false)] {
            let (io, _) = fake::io(move |request| {
                assert_eq!(request.url, "http://127.0.0.1:5001/api/v0/add?cid-version=1&raw-leaves=true&pin=true");
                assert_eq!(request.method, "POST");
                let reply = format!("{{\"Name\":\"data.json\",\"Hash\":\"{hash}\",\"Size\":\"12\"}}\n");
                Ok(fake::reply(&request.url, 200, &[], reply))
            });
            let options = PinOptions::json(Rc::new(|_| ()));
            let result = fake::run(publish(&io, "http://127.0.0.1:5001/api/v0/add", b"hello world\n".to_vec(), &options));
            match result {
                Ok(published) => {
                    let layout = if hash == right { "kubo-cid-v1" } else { "unixfs-v0-2015" };
                    assert!(is_right);
                    assert_eq!((published.link, published.layout), (format!("ipfs://{hash}"), layout));
                }
                Err(error) => {
                    assert!(!is_right, "{error}");
                    assert!(
                        matches!(&*error, Kind::ContentUnverified { url, cid, .. } if url.contains(hash) && cid.as_deref() == Some(hash))
                    );
                }
            }
        }
    }
}
