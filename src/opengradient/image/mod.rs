//! `generateImage` of the 0.4 era. The service spoke plain gRPC, which no browser can; through a gRPC-Web proxy of the
//! caller's it can be reached, and without one the failure says so.
//!
//! gRPC-Web (grpc/grpc `doc/PROTOCOL-WEB.md`): a `POST` for each call; bodies are frames of one flag byte, four bytes of
//! length, and the message; the last frame of an answer has flag 0x80 and holds the trailers as header lines.

mod protobuf;

use std::rc::Rc;

use self::protobuf::{Field, Message, field};
use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpRequest, Io};

/// The model's picture, in pixels, unless told otherwise (spec: the official SDK's).
pub const DEFAULT_SIZE: u32 = 1024;
/// A picture may have this many bytes.
const MAX_IMAGE: usize = 64 << 20;
const MAX_SMALL: usize = 64 << 10;
/// How long the service may take in all, and for each call.
const TIMEOUT_MS: u64 = 300_000;
const CALL_TIMEOUT_MS: u64 = 30_000;
/// The first and the longest pause between two looks.
const MIN_PAUSE_MS: u64 = 100;
const MAX_PAUSE_MS: u64 = 30_000;

/// What to draw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageRequest {
    /// The model's name.
    pub model: String,
    /// What to draw.
    pub prompt: String,
    /// Pixels.
    pub height: Option<u32>,
    /// Pixels.
    pub width: Option<u32>,
}

/// Draws a picture through a gRPC-Web proxy; answers its bytes.
///
/// # Errors
/// [`Kind::NotReachable`] without a proxy; [`Kind::Service`] when the service refuses; [`Kind::Http`] when it does not answer or
/// is not done within five minutes; [`Kind::Protocol`].
pub async fn generate(io: &Io, proxy: Option<&str>, request: &ImageRequest) -> Result<Vec<u8>, Error> {
    let Some(proxy) = proxy else {
        let reason = "it speaks plain gRPC, which browsers cannot; give the address of a gRPC-Web proxy in front of it";
        return Err(Error::from(Kind::NotReachable { service: "the image service", reason }));
    };
    for (name, text) in [("modelCid", &request.model), ("prompt", &request.prompt)] {
        if text.is_empty() || text.len() > MAX_SMALL {
            return Err(Error::input(name, "expected text of at most 64 KB"));
        }
    }
    let started = io.clock.now_ms();
    let id = submit(io, proxy, request).await?;
    let mut pause = MIN_PAUSE_MS;
    loop {
        let spent = io.clock.now_ms().saturating_sub(started);
        if spent >= TIMEOUT_MS {
            let reason = format!("no picture after {} s; its id is {}", TIMEOUT_MS / 1000, clip(&id));
            return Err(Error::from(Kind::Http { url: public_url(proxy), status: None, reason }));
        }
        match call(io, proxy, "GetInferenceStatus", Message::default().text(1, &id).finish(), MAX_SMALL).await {
            Ok(status) => match field(&status, 1)? {
                Some(Field::Number(2)) => break,
                Some(Field::Number(3)) => {
                    let said = text(&status, 2)?;
                    let reason = if said.is_empty() { "the picture failed".to_owned() } else { clip(&said) };
                    return Err(Error::from(Kind::Service { url: public_url(proxy), status: 200, reason }));
                }
                Some(Field::Number(1)) => {}
                Some(Field::Number(other)) => return Err(Error::protocol("a status of the image service", other.to_string())),
                _ => return Err(Error::protocol("a status of the image service", "none")),
            },
            // A look that fails says nothing about the picture.
            Err(error) if matches!(*error, Kind::Http { .. }) => {}
            Err(error) => return Err(error),
        }
        io.clock.sleep(pause).await;
        pause = (pause * 2).min(MAX_PAUSE_MS);
    }
    let result = call(io, proxy, "GetInferenceResult", Message::default().text(1, &id).finish(), MAX_IMAGE).await?;
    let Some(Field::Bytes(image)) = field(&result, 5)? else { return Err(Error::protocol("a picture", "a result without one")) };
    match field(image, 1)? {
        Some(Field::Bytes(data)) => Ok(data.to_vec()),
        _ => Err(Error::protocol("a picture", "an empty one")),
    }
}

async fn submit(io: &Io, proxy: &str, request: &ImageRequest) -> Result<String, Error> {
    let ImageRequest { model, prompt, height, width } = request;
    let size = |pixels: &Option<u32>| Some(pixels.unwrap_or(DEFAULT_SIZE));
    let image = Message::default().text(1, model).text(2, prompt).optional(3, size(height)).optional(4, size(width)).finish();
    let digits: String = io.clock.random().iter().map(|byte| format!("{byte:02x}")).collect();
    let message = Message::default().text(1, &digits).bytes(6, &image).finish();
    let reply = call(io, proxy, "RunInferenceAsync", message, MAX_SMALL).await?;
    let id = text(&reply, 1)?;
    if id.is_empty() { Err(Error::protocol("an inference id", "none")) } else { Ok(id) }
}

fn text(message: &[u8], wanted: u64) -> Result<String, Error> {
    match field(message, wanted)? {
        Some(Field::Bytes(bytes)) => {
            String::from_utf8(bytes.to_vec()).map_err(|_| Error::protocol("text", "bytes that are none"))
        }
        Some(Field::Number(_)) => Err(Error::protocol("text", "a number")),
        None => Ok(String::new()),
    }
}

/// One unary call.
async fn call(io: &Io, proxy: &str, method: &str, message: Vec<u8>, limit: usize) -> Result<Vec<u8>, Error> {
    let url = format!("{}/inference.InferenceService/{method}", proxy.trim_end_matches('/'));
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap_or(u32::MAX).to_be_bytes());
    framed.extend_from_slice(&message);
    let mut request = HttpRequest {
        timeout_ms: CALL_TIMEOUT_MS,
        max_bytes: limit + 4096,
        ..HttpRequest::post(&url, "application/grpc-web+proto", Rc::new(framed))
    };
    request.headers.extend([("accept".into(), "application/grpc-web+proto".to_owned()), ("x-grpc-web".into(), "1".to_owned())]);
    let fail = |status, reason: String| Error::from(Kind::Http { url: public_url(&url), status, reason });
    let reply = io.send(request).await.map_err(|failure| fail(None, failure.to_string()))?;
    if reply.head.status != 200 {
        return Err(fail(Some(reply.head.status), "a bad status".to_owned()));
    }
    // A refusal may come without a body, with its status among the headers.
    let header = |name: &str| reply.head.header(name).map(str::to_owned);
    let (message, trailers) = unframe(&reply.body)?;
    let status = trailer(trailers, "grpc-status").or_else(|| header("grpc-status"));
    match status.as_deref().unwrap_or("0") {
        "0" => message.map(<[u8]>::to_vec).ok_or_else(|| Error::protocol("a gRPC-Web message", "none")),
        code => {
            let said = trailer(trailers, "grpc-message").or_else(|| header("grpc-message")).unwrap_or_default();
            let reason = clip(&format!("gRPC status {code}: {said}"));
            Err(Error::from(Kind::Service { url: public_url(&url), status: 200, reason }))
        }
    }
}

/// The first message and the trailers' text.
fn unframe(mut rest: &[u8]) -> Result<(Option<&[u8]>, &str), Error> {
    let (mut message, mut trailers) = (None, "");
    let wrong = || Error::protocol("gRPC-Web frames", format!("{} other bytes", rest.len()));
    while let Some((flag, after)) = rest.split_first() {
        let frame = after
            .split_first_chunk::<4>()
            .and_then(|(length, after)| after.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?));
        let (frame, left) = frame.ok_or_else(wrong)?;
        match flag {
            0 if message.is_none() => message = Some(frame),
            0x80 => trailers = std::str::from_utf8(frame).map_err(|_| wrong())?,
            // A second message, or compression that was not asked for.
            _ => return Err(wrong()),
        }
        rest = left;
    }
    Ok((message, trailers))
}

fn trailer(trailers: &str, name: &str) -> Option<String> {
    let lines = trailers.lines().filter_map(|line| line.split_once(':'));
    let mut found = lines.filter(|(key, _)| key.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned());
    found.next()
}

#[cfg(test)]
mod tests;
