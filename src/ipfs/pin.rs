//! A pinning service: the upload's body and the reply. `POST`, `multipart/form-data` (RFC 7578), one part `file`; answers
//! `{"link": "https://…/ipfs/CID"}`.
//!
//! The service chooses the layout, and so the CID. Its word is not taken for it: the CID in its link must be one that the
//! uploaded bytes have.

use super::cid::Cid;
use super::error::Error;
use super::location::Location;
use super::verify::{Proof, verify};
use crate::json::Json;

/// The most bytes of a reply that are read.
pub const MAX_REPLY: usize = 64 << 10;

/// An upload, ready to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The `Content-Type` header, with the boundary.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Builds the upload; the content is copied once. `random` makes a boundary that content cannot hold by design, as it
/// is drawn afterwards.
///
/// # Errors
/// [`Error::InvalidFilename`], [`Error::InvalidContentType`] for what would break out of its header. Escapes are not
/// used, because services disagree on how to read them.
pub fn upload(content: &[u8], filename: &str, content_type: &str, random: [u8; 16]) -> Result<Upload, Error> {
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
    let mut body = Vec::with_capacity(head.len() + content.len() + tail.len());
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(content);
    body.extend_from_slice(tail.as_bytes());
    Ok(Upload { content_type: format!("multipart/form-data; boundary={boundary}"), body })
}

/// Type and subtype are tokens (RFC 9110); what follows are parameters, of which only the characters are checked.
fn is_content_type(text: &str) -> bool {
    let is_token =
        |token: &str| !token.is_empty() && token.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c));
    let essence = text.split(';').next().unwrap_or_default().trim_end_matches(' ');
    let named = essence.split_once('/').is_some_and(|(kind, subtype)| is_token(kind) && is_token(subtype));
    named && text.len() <= 255 && text.bytes().all(|c| (0x20..0x7f).contains(&c))
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
    let parsed = if reply.len() > MAX_REPLY { None } else { Json::parse_bytes(reply) };
    let Some(link) = parsed.and_then(|reply| reply.get("link")).and_then(Json::text) else {
        return Err(Error::BadReply { found: Error::quote(reply) });
    };
    let wrong = |cid: Option<Cid>, reason| {
        Err(Error::WrongLink { link: Error::quote(link.as_bytes()), cid: cid.map(|cid| cid.to_string()), reason })
    };
    let Ok(Location { cid, path, .. }) = Location::parse(&link) else { return wrong(None, "it is no link to fetch") };
    let Some(cid) = cid else { return wrong(None, "it holds no CID") };
    if !path.is_empty() {
        return wrong(Some(cid), "it names a path below a CID, which proves nothing about the content");
    }
    match verify(&cid, content) {
        Ok(proof) => Ok(Pinned { link: link.trim().to_owned(), cid, proof }),
        Err(Error::UnsupportedMultihash { .. }) => wrong(Some(cid), "its hash function is not SHA-256"),
        Err(_) => wrong(Some(cid), "it names other content than was uploaded"),
    }
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
        let upload = upload(b"{}", "data \u{e9}.json", "application/json", [0xab; 16]).unwrap();
        let boundary = format!("ogkit-{}", "ab".repeat(16));
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"data \u{e9}.json\"\r\n\
             Content-Type: application/json\r\n\r\n{{}}\r\n--{boundary}--\r\n"
        );
        assert_eq!(String::from_utf8(upload.body).unwrap(), expected);
        assert_eq!(upload.content_type, format!("multipart/form-data; boundary={boundary}"));
    }

    #[test]
    fn nothing_breaks_out_of_its_header() {
        for bad in ["", "a\"b", "a\r\nb", "a\nb", "a\\", "a\u{85}b", &"a".repeat(256)] {
            assert!(matches!(upload(b"", bad, "text/plain", [0; 16]), Err(Error::InvalidFilename { .. })), "{bad}");
        }
        for bad in ["", "text", "/", "text/", "/plain", "te xt/plain", "text/plain\r\nX: y", "text/pl\u{e9}", "a/b/c"] {
            assert!(matches!(upload(b"", "a", bad, [0; 16]), Err(Error::InvalidContentType { .. })), "{bad}");
        }
        for good in ["text/plain; charset=utf-8", "application/vnd.ipld.car", "image/svg+xml", "text/plain ;a=\"b\""] {
            assert!(upload(b"", "a", good, [0; 16]).is_ok(), "{good}");
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
    fn a_reply_of_another_shape_is_shown() {
        for bad in [&b""[..], b"[]", b"{}", b"<html>", br#"{"link":1}"#, b"\xff\xfe"] {
            assert_eq!(read_reply(bad, b""), Err(Error::BadReply { found: String::from_utf8_lossy(bad).into_owned() }));
        }
        let mut long = reply(HELLO);
        long.resize(MAX_REPLY + 1, b' ');
        assert!(matches!(read_reply(&long, b"hello world\n"), Err(Error::BadReply { .. })));
        long.truncate(MAX_REPLY);
        assert!(read_reply(&long, b"hello world\n").is_ok());
    }
}
