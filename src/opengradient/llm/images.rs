//! Images in answers: some providers give URLs that expire, so they are fetched and become `data:` URIs, as in the official
//! SDK.

use crate::base64;
use crate::io::{HttpRequest, Io};

/// An image may have this many bytes.
const MAX_IMAGE: usize = 32 << 20;
/// An image may take this long, in milliseconds.
const TIMEOUT_MS: u64 = 60_000;

/// Replaces http(s) URLs by `data:` URIs. What cannot be fetched stays a URL: the answer is paid for, and the caller may have
/// more luck.
pub async fn inline(io: &Io, images: &mut [String]) {
    for image in images.iter_mut().filter(|image| image.starts_with("https://") || image.starts_with("http://")) {
        if let Some(inlined) = fetch(io, image).await {
            *image = inlined;
        }
    }
}

async fn fetch(io: &Io, url: &str) -> Option<String> {
    let request = HttpRequest { timeout_ms: TIMEOUT_MS, max_bytes: MAX_IMAGE, ..HttpRequest::get(url) };
    let reply = io.send(request).await.ok().filter(|reply| reply.head.is_success())?;
    let kind = reply.head.header("content-type").and_then(|value| value.split(';').next()).map(str::trim);
    // The type goes into a URI that a page may show: images and video only.
    let safe = |kind: &&str| {
        (kind.starts_with("image/") || kind.starts_with("video/"))
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte))
    };
    let kind = kind.filter(safe).unwrap_or("image/jpeg");
    Some(["data:", kind, ";base64,", &base64::encode(&reply.body)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fake::{self, run};

    #[test]
    fn urls_become_data() {
        let (io, _) = fake::io(|request| {
            Ok(match request.url.as_str() {
                "https://x/png" => fake::reply("", 200, &[("content-type", "image/png; q=1")], "foo"),
                "https://x/odd" => fake::reply("", 200, &[("content-type", "text/html")], "foo"),
                _ => fake::reply("", 404, &[], "gone"),
            })
        });
        let mut images = ["https://x/png", "https://x/odd", "https://x/gone", "data:image/png;base64,AAAA"].map(str::to_owned);
        run(inline(&io, &mut images));
        let expected =
            ["data:image/png;base64,Zm9v", "data:image/jpeg;base64,Zm9v", "https://x/gone", "data:image/png;base64,AAAA"];
        assert_eq!(images, expected);
    }
}
