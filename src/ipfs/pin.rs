//! A pinning service: the upload's body and the reply (`POST`, `multipart/form-data`, one part `file`; answers
//! `{"link": "https://…/ipfs/CID"}`).

use serde::Deserialize;

use super::cid::Cid;
use super::location::Location;
use super::unixfs;
use crate::error::{Error, clip};

/// An upload, ready to send.
#[derive(Clone, Debug)]
pub struct Upload {
    /// The `Content-Type` header, with the boundary.
    pub content_type: String,
    /// The body.
    pub body: Vec<u8>,
}

/// Builds the upload. `random` makes a boundary that the content cannot contain but by guessing 128 bits.
///
/// # Errors
/// [`Error::InvalidInput`] for a filename or content type that would break out of its header (RFC 7578).
pub fn upload(content: &[u8], filename: &str, content_type: &str, random: [u8; 16]) -> Result<Upload, Error> {
    if filename.is_empty() || filename.len() > 255 || filename.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err(Error::input(
            "options.filename",
            "expected 1 to 255 bytes without quotes, backslashes and control characters",
        ));
    }
    if content_type.is_empty() || content_type.len() > 255 || content_type.bytes().any(|b| !(0x20..0x7f).contains(&b)) {
        return Err(Error::input("options.contentType", "expected 1 to 255 printable ASCII characters"));
    }
    let boundary = format!("ogkit-{}", alloy_primitives::hex::encode(random));
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\nContent-Type: {content_type}\r\n\r\n"
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let mut body = Vec::with_capacity(head.len() + content.len() + tail.len());
    body.extend(head.bytes());
    body.extend(content);
    body.extend(tail.bytes());
    Ok(Upload { content_type: format!("multipart/form-data; boundary={boundary}"), body })
}

#[derive(Deserialize)]
struct Reply {
    link: String,
}

/// Reads the service's reply and proves that its link names `content`, under whatever layout the service uses.
///
/// # Errors
/// [`Error::IpfsFetch`] for a reply of another shape, [`Error::ContentUnverified`] for a link to something else.
pub fn read_reply(url: &str, reply: &[u8], content: &[u8]) -> Result<(String, Cid), Error> {
    let shown = || clip(&String::from_utf8_lossy(reply.get(..200).unwrap_or(reply)));
    let parsed: Reply = serde_json::from_slice(reply).map_err(|_| Error::IpfsFetch {
        url: crate::error::public_url(url),
        reason: format!("expected {{\"link\": …}} from the pinning service, but found {}", shown()),
    })?;
    let location = Location::parse(&parsed.link).ok();
    let Some(cid) = location.and_then(|location| location.cid) else {
        let reason = format!("the pinning service's link holds no CID: {}", shown());
        return Err(Error::ContentUnverified { url: clip(&parsed.link), cid: None, reason });
    };
    if unixfs::prove(&cid, content).is_none() {
        let reason = "the pinning service's link names other content than was uploaded".to_owned();
        return Err(Error::ContentUnverified { url: clip(&parsed.link), cid: Some(cid.to_string()), reason });
    }
    Ok((parsed.link, cid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_part_with_its_name_and_type() {
        let text = upload(b"{}", "data.json", "application/json", [0; 16]).map(|u| String::from_utf8_lossy(&u.body).into_owned());
        let expected = "--ogkit-00000000000000000000000000000000\r\n\
            Content-Disposition: form-data; name=\"file\"; filename=\"data.json\"\r\n\
            Content-Type: application/json\r\n\r\n{}\r\n--ogkit-00000000000000000000000000000000--\r\n";
        assert_eq!(text.ok().as_deref(), Some(expected));
    }

    #[test]
    fn a_name_cannot_break_out_of_its_header() {
        for bad in ["", "a\"b", "a\r\nb", "a\\b"] {
            assert!(upload(b"", bad, "text/plain", [0; 16]).is_err());
        }
        assert!(upload(b"", "a", "text/plain\r\nX: y", [0; 16]).is_err());
    }

    #[test]
    fn a_link_to_other_content_is_refused() {
        let hello = br#"{"link":"https://g/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"}"#;
        assert!(read_reply("u", hello, b"hello world\n").is_ok());
        assert!(read_reply("u", hello, b"hello").is_err_and(|e| e.code() == "contentUnverified"));
        assert!(read_reply("u", br#"{"link":"https://g/x"}"#, b"").is_err_and(|e| e.code() == "contentUnverified"));
        for bad in [&b""[..], b"[]", b"{}", b"<html>", br#"{"link":1}"#] {
            assert!(read_reply("u", bad, b"").is_err_and(|e| e.code() == "ipfsFetch"));
        }
    }
}
