//! A pinning service: the upload's body and the reply. `POST`, `multipart/form-data` (RFC 7578), one part `file`.
//!
//! ```text
//! service          {"link": "https://…/ipfs/CID"}
//! …/api/v0/add     {"Name": …, "Hash": "CID", "Size": …}, a line for each file      kubo's RPC, known by its path
//! ```
//!
//! The service chooses the layout, and so the CID. Its word is not taken for it: the CID in its reply must be one that the
//! uploaded bytes have.

use super::cid::Cid;
use super::error::Error;
use super::location::{Location, check_endpoint};
use super::unixfs::{KUBO_V0, KUBO_V1, Layout};
use super::verify::{Proof, verify};
use crate::json::Json;

/// The most bytes of a reply that are read.
pub const MAX_REPLY: usize = 64 << 10;

/// Where files are uploaded to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// The URL to post to.
    pub url: String,
    is_kubo: bool,
}

impl Endpoint {
    /// Reads a URL: kubo's RPC when its path ends with `/api/v0/add`, a pinning service otherwise. Of kubo, files are asked
    /// for as version 1 with plain leaves, pinned, where the URL's own query says nothing else.
    ///
    /// # Errors
    /// [`Error::InvalidUrl`] for what is no http or https URL, or has a user name or password.
    pub fn parse(url: &str) -> Result<Self, Error> {
        check_endpoint(url)?;
        let url = url.split('#').next().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let is_kubo = path.trim_end_matches('/').ends_with("/api/v0/add");
        if !is_kubo {
            return Ok(Self { url: url.to_owned(), is_kubo });
        }
        let mut full = [path, "?", query].concat();
        for default in ["cid-version=1", "raw-leaves=true", "pin=true"] {
            let is_set = |pair: &str| pair.split('=').next() == default.split('=').next();
            if !query.split('&').any(is_set) {
                if !full.ends_with('?') {
                    full.push('&');
                }
                full.push_str(default);
            }
        }
        Ok(Self { url: full, is_kubo })
    }

    /// The layout that the service most likely chooses.
    pub fn layout(&self) -> &'static Layout {
        if self.is_kubo { &KUBO_V1 } else { &KUBO_V0 }
    }

    /// Reads the reply about what was uploaded as `filename`.
    ///
    /// # Errors
    /// As [`read_reply`], but for the content.
    pub fn read(&self, reply: &[u8], filename: &str) -> Result<Claim, Error> {
        let link = if reply.len() > MAX_REPLY {
            None
        } else if self.is_kubo {
            added(reply, filename)
        } else {
            link(reply)
        };
        Claim::new(link.ok_or_else(|| Error::BadReply { found: Error::quote(reply) })?)
    }
}

/// The link in a service's reply.
fn link(reply: &[u8]) -> Option<String> {
    let reply = Json::parse_bytes(reply)?;
    let mut links = reply.members().filter(|(name, _)| *name == "link");
    let (_, link) = links.next()?;
    // Two would let each reader choose another.
    links.next().is_none().then(|| link.text()).flatten().map(Into::into)
}

/// The CID in kubo's lines, as a link: that of the file's name, or the last one.
fn added(reply: &[u8], filename: &str) -> Option<String> {
    let mut found = None;
    let mut is_named = false;
    for line in std::str::from_utf8(reply).ok()?.lines().filter(|line| !line.trim().is_empty()) {
        let line = Json::parse(line)?;
        // An error in the middle of the answer has a message in place of a hash.
        if line.get("Message").is_some() {
            return None;
        }
        let Some(hash) = line.get("Hash").and_then(Json::plain) else { continue };
        let names_it = line.get("Name").and_then(Json::text).is_some_and(|name| name == filename);
        if names_it || !is_named {
            found = Some(["ipfs://", hash].concat());
            is_named |= names_it;
        }
    }
    found
}

/// What stands around the content in an upload's body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The `Content-Type` header, with the boundary.
    pub content_type: String,
    /// What comes before the content.
    pub head: String,
    /// What comes after it.
    pub tail: String,
}

/// Builds the frame of an upload. `random` makes a boundary that content cannot hold by design, as it is drawn afterwards.
///
/// # Errors
/// [`Error::InvalidFilename`], [`Error::InvalidContentType`] for what would break out of its header. Escapes are not
/// used, because services disagree on how to read them.
pub fn frame(filename: &str, content_type: &str, random: [u8; 16]) -> Result<Frame, Error> {
    if filename.is_empty() || filename.len() > 255 || filename.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err(Error::InvalidFilename {
            reason: "expected 1 to 255 bytes without quotes, backslashes and control characters",
        });
    }
    if !is_content_type(content_type) {
        return Err(Error::InvalidContentType {
            reason: "expected a content type like application/json, of at most 255 printable ASCII characters",
        });
    }
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let boundary = format!("ogkit-{digits}");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
         Content-Type: {content_type}\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    Ok(Frame { content_type: format!("multipart/form-data; boundary={boundary}"), head, tail })
}

/// Type and subtype are tokens (RFC 9110); what follows are parameters, of which only the characters are checked.
fn is_content_type(text: &str) -> bool {
    let is_token =
        |token: &str| !token.is_empty() && token.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c));
    let essence = text.split(';').next().unwrap_or_default().trim_end_matches(' ');
    let named = essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    named && text.len() <= 255 && text.bytes().all(|c| (0x20..0x7f).contains(&c))
}

/// What a service answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Its link, as it came.
    pub link: String,
    /// The CID in it.
    pub cid: Cid,
}

impl Claim {
    fn new(link: String) -> Result<Self, Error> {
        let wrong = |cid: Option<Cid>, reason| Err(wrong_link(&link, cid, reason));
        let Ok(Location { cid, path, .. }) = Location::parse(&link) else { return wrong(None, "it is no link to fetch") };
        let Some(cid) = cid else { return wrong(None, "it holds no CID") };
        if !path.is_empty() {
            return wrong(Some(cid), "it names a path below a CID, which proves nothing about the content");
        }
        Ok(Self { link: link.trim().to_owned(), cid })
    }

    /// The claim, once it was put to the proof.
    ///
    /// # Errors
    /// [`Error::WrongLink`] where the proof failed; what else kept it from being made.
    pub fn settle(self, proof: Result<Proof, Error>) -> Result<Pinned, Error> {
        let Self { link, cid } = self;
        match proof {
            Ok(proof) => Ok(Pinned { link, cid, proof }),
            Err(Error::UnsupportedMultihash { .. }) => Err(wrong_link(&link, Some(cid), "its hash function is not SHA-256")),
            Err(Error::Mismatch { .. }) => Err(wrong_link(&link, Some(cid), "it names other content than was uploaded")),
            Err(error) => Err(error),
        }
    }
}

fn wrong_link(link: &str, cid: Option<Cid>, reason: &'static str) -> Error {
    Error::WrongLink { link: Error::quote(link.as_bytes()), cid: cid.map(|cid| cid.to_string()), reason }
}

/// What a service answered, proven to hold the content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pinned {
    /// Its link, as it came.
    pub link: String,
    /// The CID in it.
    pub cid: Cid,
    /// How the content has that CID.
    pub proof: Proof,
}

/// Reads the service's reply and proves that its link names `content`, under whatever layout the service chose.
///
/// # Errors
/// [`Error::BadReply`] for a reply of another shape or of more than [`MAX_REPLY`] bytes; [`Error::WrongLink`] for a link
/// that is none, holds no CID, names something inside a directory, or names other content.
pub fn read_reply(reply: &[u8], content: &[u8]) -> Result<Pinned, Error> {
    let link = if reply.len() > MAX_REPLY { None } else { link(reply) };
    let claim = Claim::new(link.ok_or_else(|| Error::BadReply { found: Error::quote(reply) })?)?;
    let proof = verify(&claim.cid, content);
    claim.settle(proof)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::*;

    const HELLO: &str = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";

    fn reply(link: &str) -> Vec<u8> {
        format!("{{\"ok\":true,\"link\":\"{link}\"}}").into_bytes()
    }

    #[test]
    fn one_part_with_its_name_and_type() {
        let Frame { content_type, head, tail } = frame("data \u{e9}.json", "application/json", [0xab; 16]).unwrap();
        let boundary = format!("ogkit-{}", "ab".repeat(16));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"data \u{e9}.json\"\r\n\
             Content-Type: application/json\r\n\r\n{{}}\r\n--{boundary}--\r\n"
        );
        assert_eq!([&head, "{}", &tail].concat(), expected);
        assert_eq!(content_type, format!("multipart/form-data; boundary={boundary}"));
    }

    #[test]
    fn nothing_breaks_out_of_its_header() {
        for bad in ["", "a\"b", "a\r\nb", "a\nb", "a\\", "a\u{85}b", &"a".repeat(256)] {
            assert!(matches!(frame(bad, "text/plain", [0; 16]), Err(Error::InvalidFilename { .. })), "{bad}");
        }
        for bad in ["", "text", "/", "text/", "/plain", "te xt/plain", "text/plain\r\nX: y", "text/pl\u{e9}", "a/b/c"] {
            assert!(matches!(frame("a", bad, [0; 16]), Err(Error::InvalidContentType { .. })), "{bad}");
        }
        for good in ["text/plain; charset=utf-8", "application/vnd.ipld.car", "image/svg+xml", "text/plain ;a=\"b\""] {
            assert!(frame("a", good, [0; 16]).is_ok(), "{good}");
        }
    }

    #[test]
    fn a_true_link_is_proven_in_any_form() {
        for link in [format!("https://g/ipfs/{HELLO}"), format!("ipfs://{HELLO}"), format!("https://g/ipfs/{HELLO}?pin=1")] {
            let pinned = read_reply(&reply(&link), b"hello world\n").unwrap();
            assert_eq!((pinned.link, pinned.cid.to_string(), pinned.proof.name()), (link, HELLO.to_owned(), "unixfs-v0-2015"));
        }
    }

    #[test]
    fn a_link_to_anything_else_says_what_came() {
        let cases = [
            (format!("https://g/ipfs/{HELLO}"), Some(HELLO), "it names other content than was uploaded"),
            (
                format!("https://g/ipfs/{HELLO}/hello.txt"),
                Some(HELLO),
                "it names a path below a CID, which proves nothing about the content",
            ),
            ("https://g/x".to_owned(), None, "it holds no CID"),
            ("javascript:alert(1)".to_owned(), None, "it is no link to fetch"),
        ];
        for (link, cid, reason) in cases {
            let expected = Error::WrongLink { link: link.clone(), cid: cid.map(str::to_owned), reason };
            assert_eq!(read_reply(&reply(&link), b"hello"), Err(expected));
        }
        let blake = Cid::from_bytes(&[&[1, 0x55, 0x1e, 32][..], &[0; 32]].concat()).unwrap();
        assert!(matches!(
            read_reply(&reply(&blake.to_string()), b""),
            Err(Error::WrongLink { reason: "its hash function is not SHA-256", .. })
        ));
    }

    #[test]
    fn kubo_is_known_by_its_path_and_told_how() {
        let url = |url: &str| Endpoint::parse(url).map(|endpoint| (endpoint.url.clone(), endpoint.layout().name));
        let kubo = |query: &str| Ok((format!("http://127.0.0.1:5001/api/v0/add?{query}"), "kubo-cid-v1"));
        assert_eq!(url("http://127.0.0.1:5001/api/v0/add"), kubo("cid-version=1&raw-leaves=true&pin=true"));
        assert_eq!(url("http://127.0.0.1:5001/api/v0/add?pin=false&x#f"), kubo("pin=false&x&cid-version=1&raw-leaves=true"));
        let service = "https://pin/file/create?key=1";
        assert_eq!(url(service), Ok((service.to_owned(), "unixfs-v0-2015")));
        for bad in ["ftp://x/api/v0/add", "https://u:p@pin/", "pin", "https://pin/ x"] {
            assert!(matches!(Endpoint::parse(bad), Err(Error::InvalidUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn kubos_lines_are_read_and_held_to_the_content() {
        let kubo = Endpoint::parse("http://k/api/v0/add").unwrap();
        let read = |reply: &str| {
            let claim = kubo.read(reply.as_bytes(), "a.json")?;
            let proof = verify(&claim.cid, b"hello world\n");
            claim.settle(proof)
        };
        let line = |name: &str, cid: &str| format!("{{\"Name\":\"{name}\",\"Hash\":\"{cid}\",\"Size\":\"20\"}}\n");
        let other = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
        for reply in [
            line("a.json", HELLO),
            line("x", HELLO),
            format!("{{\"Name\":\"a.json\",\"Bytes\":12}}\n{}{}", line("a.json", HELLO), line("", other)),
        ] {
            assert_eq!(read(&reply).map(|pinned| pinned.link), Ok(format!("ipfs://{HELLO}")), "{reply}");
        }
        let lie = read(&line("a.json", other));
        assert!(
            matches!(&lie, Err(Error::WrongLink { link, cid: Some(cid), .. }) if *link == format!("ipfs://{other}") && cid == other)
        );
        for bad in
            ["", "{}", "null", "{\"Hash\":1}", &(line("a", HELLO) + "{\"Message\":\"disk full\",\"Type\":\"error\"}"), "<html>"]
        {
            assert!(matches!(read(bad), Err(Error::BadReply { .. })), "{bad}");
        }
    }

    #[test]
    fn a_reply_of_another_shape_is_shown() {
        for bad in [&b""[..], b"[]", b"{}", b"<html>", br#"{"link":1}"#, br#"{"link":"a","link":"b"}"#, b"\xff\xfe"] {
            assert_eq!(read_reply(bad, b""), Err(Error::BadReply { found: String::from_utf8_lossy(bad).into_owned() }));
        }
        let mut long = reply(HELLO);
        long.resize(MAX_REPLY + 1, b' ');
        assert!(matches!(read_reply(&long, b"hello world\n"), Err(Error::BadReply { .. })));
        long.truncate(MAX_REPLY);
        assert!(read_reply(&long, b"hello world\n").is_ok());
    }
}
