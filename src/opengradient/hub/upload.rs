//! A model's file on its way to the hub: multipart around a body that the platform streams, and the check of what came back.
//!
//! Models are gigabytes, so the file itself never enters this memory: the head and the tail of the body are made here, the
//! platform sends `head ‖ file ‖ tail` and reads the file once more in pieces for the check.

use futures_util::future::LocalBoxFuture;

use crate::error::{Error, Kind, clip};
use crate::io::{HttpFailure, HttpResponse};
use crate::ipfs::cid::Cid;
use crate::ipfs::unixfs::LAYOUTS;
use crate::ipfs::verify::Verifier;
use crate::json::Json;

/// How long an upload may take (spec: the official SDK's).
pub const TIMEOUT_MS: u64 = 3_600_000;
/// The file is read for the check in pieces of this many bytes.
const PIECE: u64 = 4 << 20;

/// What the platform sends. The token in `headers` is not for showing.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadPlan {
    /// Where to.
    pub url: String,
    /// `Authorization` and `Content-Type`.
    pub headers: Vec<(&'static str, String)>,
    /// Before the file.
    pub head: Vec<u8>,
    /// After it.
    pub tail: Vec<u8>,
}

/// A file of the platform's: a `Blob`, or a path in Node.
pub trait ModelFile {
    /// Its name.
    fn name(&self) -> &str;
    /// Its bytes.
    fn size(&self) -> u64;
    /// Sends `head ‖ file ‖ tail` as one `POST` that follows no redirect, telling its own progress; any status is an answer,
    /// and at most 64 KB of it are read.
    fn send(&self, plan: UploadPlan) -> LocalBoxFuture<'static, Result<HttpResponse, HttpFailure>>;
    /// Reads a piece.
    fn read(&self, offset: u64, length: u64) -> LocalBoxFuture<'static, Result<Vec<u8>, String>>;
}

/// A file in the hub.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileUploadResult {
    /// Its content id, by which inferences name it.
    pub model_cid: String,
    /// Its bytes, as the hub counted them.
    pub size: u64,
    /// The layout under which the uploaded bytes have that id; absent when the id is none of IPFS's (the hub also gives ids of
    /// another store) and so cannot be checked here.
    pub proof: Option<&'static str>,
}

/// Makes the parts around a file.
///
/// # Errors
/// [`Kind::InvalidInput`] for a name that would break out of its header.
pub fn plan(url: String, token: &str, filename: &str, random: [u8; 16]) -> Result<UploadPlan, Error> {
    if filename.is_empty() || filename.len() > 255 || filename.chars().any(|c| c.is_control() || c == '"' || c == '\\') {
        return Err(Error::input("file", "expected a name of 1 to 255 bytes without quotes, backslashes and control characters"));
    }
    let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let boundary = format!("ogkit-{digits}");
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{filename}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n"
    );
    Ok(UploadPlan {
        url,
        headers: vec![
            ("authorization", format!("Bearer {token}")),
            ("content-type", format!("multipart/form-data; boundary={boundary}")),
        ],
        head: head.into_bytes(),
        tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
    })
}

/// Reads the hub's answer: the content id and the size.
///
/// # Errors
/// [`Kind::Service`] with the hub's word for any status but 201, [`Kind::Protocol`].
pub fn read_reply(url: &str, reply: &HttpResponse) -> Result<(String, u64), Error> {
    if reply.head.status != 201 {
        return Err(super::refused(url, reply));
    }
    let wrong = || Error::protocol("the content id of the uploaded file", String::from_utf8_lossy(&reply.body));
    let [cid, size] = Json::parse_bytes(&reply.body).ok_or_else(wrong)?.fields(["ipfsCid", "size"]);
    let cid = cid.and_then(Json::plain).filter(|cid| !cid.is_empty() && cid.len() <= 256).ok_or_else(wrong)?;
    let size = size.and_then(Json::integer).and_then(|size| u64::try_from(size).ok()).ok_or_else(wrong)?;
    Ok((cid.to_owned(), size))
}

/// Checks the hub's content id against the file, read once more from the platform.
///
/// # Errors
/// [`Kind::ContentUnverified`] when the file has another id or size; [`Kind::InvalidInput`] when it can no longer be read.
pub async fn prove(url: &str, model_cid: &str, size: u64, file: &dyn ModelFile) -> Result<Option<&'static str>, Error> {
    let unverified = |reason: String| {
        let cid = Some(model_cid.to_owned());
        Error::from(Kind::ContentUnverified { url: url.to_owned(), cid, reason })
    };
    if size != file.size() {
        return Err(unverified(format!("{} bytes were sent, but the hub counted {size}", file.size())));
    }
    let Ok(cid) = Cid::parse(model_cid) else { return Ok(None) };
    let Ok(mut verifier) = Verifier::new(&cid, LAYOUTS) else { return Ok(None) };
    let mut offset = 0;
    while offset < size {
        let length = PIECE.min(size - offset);
        let gone = |reason: &str| Error::input("file", clip(&format!("it was uploaded, but cannot be read again: {reason}")));
        let piece = file.read(offset, length).await.map_err(|reason| gone(&reason))?;
        if piece.len() as u64 != length {
            return Err(gone("it has another size now"));
        }
        verifier.update(&piece);
        offset += length;
    }
    let proof = verifier.finish().map_err(|error| unverified(error.to_string()))?;
    Ok(Some(proof.name()))
}
