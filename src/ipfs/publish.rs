//! Content to a pinning service or a kubo node. The CID is computed first, and what the service answers is held to it.

use super::cid::Cid;
use super::fetch::milliseconds;
use super::pin::{self, Endpoint, Frame, Pinned};
use super::source::{self, Memory, Source, Upload, prove};
use super::unixfs::Layout;
use super::verify::Proof;
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpRequest, Io, OnProgress, Progress};

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

/// Files of at least this size are told of while they are hashed; a smaller one takes a few milliseconds.
const WORTH_TELLING: u64 = 4 << 20;

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
    publish_source(io, url, &Memory { io, bytes: &content }, options).await
}

/// Publishes content that is read in pieces: once for its CID, and once by the platform for each attempt to send it.
///
/// # Errors
/// As [`publish`], and [`Kind::InvalidInput`] for content that cannot be read.
pub async fn publish_source(io: &Io, url: &str, source: &dyn Upload, options: &PinOptions) -> Result<Published, Error> {
    let endpoint = Endpoint::parse(url).map_err(|error| Error::input("pinUrl", error.to_string()))?;
    let frame = pin::frame(&options.filename, &options.content_type, io.clock.random()).map_err(|error| error.at(url, None))?;
    let layout = endpoint.layout();
    let expected = root(source, layout, &options.on_progress).await?;
    let reply = send(io, &endpoint, source, &frame, options).await?;
    let url = endpoint.url.as_str();
    let claim = endpoint.read(&reply, &options.filename).map_err(|error| error.at(url, None))?;
    let proof = if expected.same_block(&claim.cid) { Ok(Proof::File(layout)) } else { prove(source, &claim.cid).await };
    let Pinned { link, cid, proof } = claim.settle(proof).map_err(|error| error.at(url, None))?;
    let cid = cid.to_string();
    (options.on_progress)(Progress::Uploaded { url: link.clone(), cid: cid.clone() });
    Ok(Published { link, cid, layout: proof.name() })
}

/// The CID of content under a layout.
///
/// # Errors
/// [`Kind::InvalidInput`] for content that cannot be read.
pub async fn root(source: &dyn Source, layout: &Layout, on_progress: &OnProgress) -> Result<Cid, Error> {
    let total = source.size();
    let step = (total / 100).max(1 << 20);
    let mut next = step;
    let mut tell = |bytes| {
        if total >= WORTH_TELLING && (bytes >= next || bytes == total) {
            next = bytes + step;
            on_progress(Progress::Hashing { bytes, total });
        }
    };
    source::root(source, layout, &mut tell).await.map_err(|error| error.at("", None))
}

/// The reply to the first attempt that has one.
async fn send(io: &Io, endpoint: &Endpoint, source: &dyn Upload, frame: &Frame, options: &PinOptions) -> Result<Vec<u8>, Error> {
    let url = endpoint.url.as_str();
    let bytes = usize::try_from(source.size()).unwrap_or(usize::MAX);
    (options.on_progress)(Progress::Uploading { filename: options.filename.clone(), bytes });
    let mut pause = milliseconds(options.backoff);
    let mut attempt = 0;
    loop {
        let request = HttpRequest {
            method: "POST",
            headers: vec![("content-type".into(), frame.content_type.clone())],
            timeout_ms: milliseconds(options.timeout),
            max_bytes: pin::MAX_REPLY,
            ..HttpRequest::get(url)
        };
        let id = request.id;
        let error = match source.send(request, frame).await {
            Ok(reply) if matches!(reply.head.status, 200 | 201) => return Ok(reply.body),
            Ok(reply) => {
                let error = Error::from(Kind::IpfsGateway { gateway: public_url(url), status: reply.head.status }).of_request(id);
                if reply.head.status < 500 {
                    return Err(error);
                }
                error
            }
            Err(failure) => Error::from(Kind::IpfsFetch { url: public_url(url), reason: failure.to_string() }).of_request(id),
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
    use std::cell::{Cell, RefCell};
    use std::rc::Rc;

    use futures_util::future::LocalBoxFuture;
    use futures_util::stream::StreamExt as _;

    use super::super::source::Digests;
    use super::super::unixfs::{self, Leaf};
    use super::*;
    use crate::io::fake;
    use crate::io::{HttpFailure, HttpResponse};

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
    struct Disk<'a> {
        memory: Memory<'a>,
        read: Cell<usize>,
        shrinks: bool,
    }

    impl Source for Disk<'_> {
        fn size(&self) -> u64 {
            self.memory.size()
        }
        fn leaves(&self, leaf: Leaf, chunk_size: usize) -> Digests<'_> {
            self.read.set(self.read.get() + 1);
            let all = self.memory.leaves(leaf, chunk_size);
            if self.shrinks { all.take(3).boxed_local() } else { all }
        }
    }

    impl Upload for Disk<'_> {
        fn send(&self, request: HttpRequest, frame: &Frame) -> LocalBoxFuture<'_, Result<HttpResponse, HttpFailure>> {
            self.memory.send(request, frame)
        }
    }

    #[test]
    fn a_source_is_read_once_where_the_service_does_the_usual() {
        let bytes: Vec<u8> = (0..5_500_000_u32).map(|i| (i / 7).to_le_bytes()[0]).collect();
        let whole = bytes.len();
        for layout in unixfs::LAYOUTS {
            for (link, is_right) in [(unixfs::root(&bytes, layout), true), (unixfs::root(b"other", layout), false)] {
                let (io, _) = fake::io(move |request| {
                    assert!(request.body.as_ref().is_some_and(|body| body.len() > whole));
                    Ok(fake::reply(&request.url, 200, &[], format!("{{\"link\":\"ipfs://{link}\"}}")))
                });
                let source = Disk { memory: Memory { io: &io, bytes: &bytes }, read: Cell::new(0), shrinks: false };
                let told = Rc::new(RefCell::new(Vec::new()));
                let log = Rc::clone(&told);
                let options = PinOptions::json(Rc::new(move |step| log.borrow_mut().push(step)));
                match fake::run(publish_source(&io, "https://pin/file/create", &source, &options)) {
                    Ok(published) => assert_eq!((published.cid, is_right), (link.to_string(), true)),
                    Err(error) => assert_eq!((error.code(), is_right), ("contentUnverified", false)),
                }
                assert!(!is_right || (source.read.get() == 1) == (layout.name == "unixfs-v0-2015"), "{}", layout.name);
                let total = whole as u64;
                assert!(told.borrow().contains(&Progress::Hashing { bytes: total, total }));
            }
        }
        let (io, _) = fake::io(|request| Err(HttpFailure::Network(request.url.clone())));
        let source = Disk { memory: Memory { io: &io, bytes: &bytes }, read: Cell::new(0), shrinks: true };
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
