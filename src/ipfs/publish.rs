//! Content to a pinning service or a kubo node. The CID is computed first, and what the service answers is held to it.

use std::rc::Rc;

use super::fetch::milliseconds;
use super::pin::{self, Endpoint};
use super::unixfs;
use super::verify::{Proof, verify};
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
    let endpoint = Endpoint::parse(url).map_err(|error| Error::input("pinUrl", error.to_string()))?;
    let expected = endpoint.layout().map(|layout| (layout, unixfs::root(&content, layout)));
    let upload = pin::upload(&content, &options.filename, &options.content_type, io.clock.random())
        .map_err(|error| error.at(url, None))?;
    (options.on_progress)(Progress::Uploading { filename: options.filename.clone(), bytes: content.len() });
    let body = Rc::new(upload.body);
    let mut pause = milliseconds(options.backoff);
    let mut attempt = 0;
    loop {
        let request = HttpRequest {
            timeout_ms: milliseconds(options.timeout),
            max_bytes: pin::MAX_REPLY,
            ..HttpRequest::post(endpoint.url.clone(), upload.content_type.clone(), Rc::clone(&body))
        };
        let error = match io.send(request).await {
            Ok(reply) if matches!(reply.head.status, 200 | 201) => {
                let prove = |cid: &super::cid::Cid| match expected {
                    Some((layout, root)) if root.same_block(cid) => Ok(Proof::File(layout)),
                    _ => verify(cid, &content),
                };
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
