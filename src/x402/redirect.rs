//! Redirects before a payment, by fetch's standard (HTTP-redirect fetch): which method, body and headers go on, and where to.
//!
//! They are followed here rather than by the platform, because it does not tell which method it ended with: what is priced must be what is
//! paid. A browser shows a redirect to nobody; there the platform follows it, and a demand that then comes for another method than `GET` is
//! not paid.

use super::client::Payer;
use super::origin::Target;
use crate::io::{HttpFailure, HttpRequest, HttpStream, Redirects};

/// fetch gives up after so many.
const MAX_REDIRECTS: usize = 20;
/// The headers that describe a body, and go with it.
const OF_BODY: [&str; 4] = ["content-encoding", "content-language", "content-location", "content-type"];
/// The headers that another origin may have: those that name no one (fetch's safe-listed ones, and the body's).
const HARMLESS: [&str; 7] =
    ["accept", "accept-language", "content-encoding", "content-language", "content-location", "content-type", "user-agent"];

/// An answer to an unpaid request, and the request that it answers.
pub(super) struct Answered {
    pub(super) request: HttpRequest,
    pub(super) response: HttpStream,
    /// The platform followed a redirect by itself, so that the method is unknown.
    pub(super) is_unclear: bool,
}

impl Payer {
    /// Sends a request that carries no payment, and follows redirects where it may.
    pub(super) async fn ask(&self, mut request: HttpRequest) -> Result<Answered, HttpFailure> {
        let follows = request.redirects == Redirects::Follow;
        for _ in 0..=MAX_REDIRECTS {
            let redirects = if follows { Redirects::Show } else { Redirects::Refuse };
            let mut response = self.io.open(HttpRequest { redirects, ..request.clone() }).await?;
            // A browser's answer to a redirect that it does not follow.
            let is_hidden = follows && response.head.status == 0;
            if is_hidden {
                // The platform takes all but `Authorization` along, wherever that leads.
                let goes = |name: &str| name.eq_ignore_ascii_case("authorization") || is_one_of(&HARMLESS, name);
                request.headers.retain(|(name, _)| goes(name));
                response = self.io.open(request.clone()).await?;
            }
            let status = response.head.status;
            let location = response.head.header("location").filter(|_| follows && is_redirect(status));
            if let Some(location) = location {
                let reason = || HttpFailure::Network("a redirect to no http or https URL".to_owned());
                request = follow(request, status, location).ok_or_else(reason)?;
                continue;
            }
            let place = |url: &str| Target::parse(url).map(|target| (target.origin, target.path));
            let moved = !response.head.url.is_empty() && place(&response.head.url) != place(&request.url);
            let is_plain = matches!(request.method, "GET" | "HEAD");
            if moved {
                request = moved_to(request, response.head.url.clone());
            }
            // A way that leads back to the same URL may have lost the method, too.
            return Ok(Answered { request, response, is_unclear: (moved || is_hidden) && !is_plain });
        }
        Err(HttpFailure::Network("more than 20 redirects".to_owned()))
    }
}

const fn is_redirect(status: u16) -> bool {
    matches!(status, 301 | 302 | 303 | 307 | 308)
}

/// The request that a redirect leads to; `None` where the URL is none that fetch follows.
fn follow(mut request: HttpRequest, status: u16, location: &str) -> Option<HttpRequest> {
    let url = resolve(&request.url, location)?;
    let becomes_get = match status {
        303 => !matches!(request.method, "GET" | "HEAD"),
        301 | 302 => request.method == "POST",
        _ => false,
    };
    if becomes_get {
        (request.method, request.body) = ("GET", None);
        request.headers.retain(|(name, _)| !is_one_of(&OF_BODY, name));
    }
    Some(moved_to(request, url))
}

/// The request to another URL. What may tell who the caller is stays with the origin that it was meant for.
fn moved_to(mut request: HttpRequest, url: String) -> HttpRequest {
    let origin = |url: &str| Target::parse(url).map(|target| target.origin);
    if origin(&request.url) != origin(&url) || origin(&url).is_none() {
        request.headers.retain(|(name, _)| is_one_of(&HARMLESS, name));
    }
    HttpRequest { url, ..request }
}

fn is_one_of(names: &[&str], name: &str) -> bool {
    names.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// A `Location` as an absolute URL.
fn resolve(base: &str, location: &str) -> Option<String> {
    let location = location.trim_ascii();
    let base = base.split('#').next().unwrap_or_default();
    let after_scheme = base.find("://")? + 3;
    let path = base.get(after_scheme..)?.find(['/', '?']).map_or(base.len(), |at| after_scheme + at);
    let (origin, rest) = base.split_at(path);
    let scheme = location.split_once(':').map(|(scheme, _)| scheme);
    let is_scheme =
        |scheme: &str| !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let url = if scheme.is_some_and(is_scheme) {
        location.to_owned()
    } else if location.starts_with("//") {
        [base.get(..after_scheme - 2)?, location].concat()
    } else if location.starts_with('/') {
        [origin, location].concat()
    } else {
        let path = rest.split('?').next().unwrap_or_default();
        let folder = if location.starts_with('?') { path } else { path.rfind('/').and_then(|at| path.get(..=at)).unwrap_or("/") };
        let folder = if folder.is_empty() { "/" } else { folder };
        [origin, folder, location].concat()
    };
    Target::parse(&url).map(|_| url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_resolved() {
        let base = "https://a.example/x/y?z#f";
        for (location, url) in [
            ("https://b.example/", Some("https://b.example/")),
            ("http://b.example", Some("http://b.example")),
            ("//b.example/q", Some("https://b.example/q")),
            ("/q?r", Some("https://a.example/q?r")),
            ("q", Some("https://a.example/x/q")),
            ("?r", Some("https://a.example/x/y?r")),
            (" /q ", Some("https://a.example/q")),
            ("ftp://b.example/", None),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("https://user@b.example/", None),
            ("//b.example\\@c/", None),
        ] {
            assert_eq!(resolve(base, location).as_deref(), url, "{location}");
        }
        assert_eq!(resolve("https://a.example", "q").as_deref(), Some("https://a.example/q"));
        assert_eq!(resolve("https://a.example?z", "?r").as_deref(), Some("https://a.example/?r"));
    }

    proptest::proptest! {
        #[test]
        fn no_location_upsets_the_reader(location in ".{0,40}") {
            if let Some(url) = resolve("https://a.example/x", &location) {
                proptest::prop_assert!(Target::parse(&url).is_some());
            }
        }
    }
}
