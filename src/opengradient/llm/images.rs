//! Images in answers: some providers give URLs that expire. The official SDK fetches them and makes `data:` URIs of them. Nobody
//! signs these URLs, so here that is done only for callers that ask for it, over https, from public addresses, and within limits.

use crate::base64;
use crate::io::{HttpRequest, Io, Reach};

/// All images of an answer together may have this many bytes.
const MAX_IMAGES: usize = 32 << 20;

/// Replaces https URLs by `data:` URIs, for at most `timeout_ms` in all. What cannot be fetched stays a URL: the answer is paid
/// for, and the caller may have more luck.
pub async fn inline(io: &Io, images: &mut [String], timeout_ms: u64) {
    let deadline = io.clock.now_ms().saturating_add(timeout_ms);
    let mut left = MAX_IMAGES;
    for image in images.iter_mut().filter(|image| image.starts_with("https://")) {
        let timeout_ms = deadline.saturating_sub(io.clock.now_ms());
        if timeout_ms == 0 || left == 0 {
            return;
        }
        if let Some((inlined, bytes)) = fetch(io, image, timeout_ms, left).await {
            left = left.saturating_sub(bytes);
            *image = inlined;
        }
    }
}

async fn fetch(io: &Io, url: &str, timeout_ms: u64, max_bytes: usize) -> Option<(String, usize)> {
    let request = HttpRequest { timeout_ms, max_bytes, reach: Reach::Public, ..HttpRequest::get(url) };
    let reply = io.send(request).await.ok().filter(|reply| reply.head.is_success())?;
    // Where redirects led.
    if !reply.head.url.is_empty() && !reply.head.url.starts_with("https://") {
        return None;
    }
    let kind = reply.head.header("content-type").and_then(|value| value.split(';').next()).map(str::trim);
    // The type goes into a URI that a page may show: images and video only.
    let safe = |kind: &&str| {
        (kind.starts_with("image/") || kind.starts_with("video/"))
            && kind.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/.+-".contains(&byte))
    };
    let kind = kind.filter(safe).unwrap_or("image/jpeg");
    Some((["data:", kind, ";base64,", &base64::encode(&reply.body)].concat(), reply.body.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::fake::{self, run};

    #[test]
    fn urls_become_data() {
        let (io, _) = fake::io(|request| {
            assert_eq!(request.reach, Reach::Public, "nobody signed the URL");
            Ok(match request.url.as_str() {
                "https://x/png" | "http://x/png" => fake::reply("", 200, &[("content-type", "image/png; q=1")], "foo"),
                "https://x/led" => fake::reply("http://x/led", 200, &[("content-type", "image/png")], "foo"),
                "https://x/odd" => fake::reply("", 200, &[("content-type", "text/html")], "foo"),
                _ => fake::reply("", 404, &[], "gone"),
            })
        });
        let others = ["https://x/gone", "https://x/led", "http://x/png", "data:image/png;base64,AAAA", "file:///x"];
        let mut images =
            [&["https://x/png", "https://x/odd"], &others[..]].concat().into_iter().map(str::to_owned).collect::<Vec<_>>();
        run(inline(&io, &mut images, 1000));
        let expected = [&["data:image/png;base64,Zm9v", "data:image/jpeg;base64,Zm9v"], &others[..]].concat();
        assert_eq!(images, expected);
    }

    #[test]
    fn all_of_them_together_are_bounded() {
        let asked = std::rc::Rc::new(std::cell::RefCell::new(Vec::new()));
        let log = std::rc::Rc::clone(&asked);
        let (io, _) = fake::io(move |request| {
            log.borrow_mut().push((request.timeout_ms, request.max_bytes));
            Ok(fake::reply("", 200, &[], vec![0; 20 << 20]))
        });
        let mut images = ["https://x/1", "https://x/2", "https://x/3"].map(str::to_owned);
        run(inline(&io, &mut images, 1000));
        assert!(images.iter().map(|image| image.starts_with("data:")).eq([true, false, false]), "32 MB in all");
        assert_eq!(asked.borrow().iter().map(|(_, bytes)| *bytes >> 20).collect::<Vec<_>>(), [32, 12, 12]);
        assert!(asked.borrow().iter().all(|(timeout_ms, _)| *timeout_ms <= 1000));
        run(inline(&io, &mut images, 0));
        assert_eq!(asked.borrow().len(), 3, "no time, no request");
    }
}
