//! Whom a URL reaches. Written for money: an address that could be read in two ways is refused.

/// The parts of a URL that decide who is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Scheme, host and port, without a default port.
    pub origin: String,
    /// The host in lower case.
    pub host: String,
    /// The path, without query.
    pub path: String,
    /// Nobody on the way can read along: https, or http to this machine.
    pub private: bool,
}

impl Target {
    /// Reads an absolute http or https URL.
    pub fn parse(url: &str) -> Option<Self> {
        let (scheme, rest) = url.split_once("://")?;
        let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
            "https" => ("https", 443),
            "http" => ("http", 80),
            _ => return None,
        };
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let path = tail.split(['?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.strip_prefix('[') {
            Some(inner) => {
                let (address, port) = inner.split_once(']')?;
                let plain = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
                (!address.is_empty() && address.bytes().all(plain)).then_some(())?;
                (format!("[{}]", address.to_ascii_lowercase()), port)
            }
            None => {
                let at = authority.find(':').unwrap_or(authority.len());
                let (host, port) = authority.split_at(at);
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
                (!host.is_empty() && host.bytes().all(plain)).then_some(())?;
                (host.to_ascii_lowercase(), port)
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse::<u16>().ok()?,
            None if port.is_empty() => default_port,
            _ => return None,
        };
        let origin = if port == default_port { format!("{scheme}://{host}") } else { format!("{scheme}://{host}:{port}") };
        // Browsers read a backslash as a slash and drop line breaks.
        if url.bytes().any(|byte| byte <= b' ' || byte == b'\\') {
            return None;
        }
        let private = scheme == "https" || is_loopback(&host);
        Some(Self { origin, host, path: if path.is_empty() { "/".to_owned() } else { path.to_owned() }, private })
    }
}

/// The names and addresses of this machine in their plain spelling; the others that browsers know count as foreign.
fn is_loopback(host: &str) -> bool {
    let part = |text: &str| text.parse::<u8>().is_ok() && text.bytes().all(|byte| byte.is_ascii_digit());
    let in_127 = || host.starts_with("127.") && host.split('.').count() == 4 && host.split('.').all(part);
    host == "localhost" || host.ends_with(".localhost") || host == "[::1]" || in_127()
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn no_text_upsets_the_reader(url in "(https?://)?.{0,40}") {
            let _ = Target::parse(&url);
        }
    }

    #[test]
    fn targets_are_what_a_browser_would_reach() {
        let read = |url: &str| Target::parse(url).map(|t| (t.origin, t.path, t.private));
        let some = |origin: &str, path: &str, private| Some((origin.to_owned(), path.to_owned(), private));
        assert_eq!(read("https://API.example/a/b?c#d"), some("https://api.example", "/a/b", true));
        assert_eq!(read("https://api.example:443"), some("https://api.example", "/", true));
        assert_eq!(read("https://api.example:8443?x"), some("https://api.example:8443", "/", true));
        assert_eq!(read("http://api.example/"), some("http://api.example", "/", false));
        assert_eq!(read("http://127.0.0.1:80/"), some("http://127.0.0.1", "/", true));
        assert_eq!(read("http://[::1]:9/"), some("http://[::1]:9", "/", true));
        assert_eq!(read("http://127.0.0.1.evil.example/"), some("http://127.0.0.1.evil.example", "/", false));
        assert_eq!(read("http://127.0.0.256/"), some("http://127.0.0.256", "/", false));
        assert_eq!(read("http://127.1/"), some("http://127.1", "/", false));
        assert_eq!(read("http://localhost.evil/"), some("http://localhost.evil", "/", false));
        for url in [
            "https://good@evil/",
            "https://good\\@evil/",
            "https://a b/",
            "ftp://a/",
            "//a/",
            "https:///a",
            "https://a:99999/",
            "https://a:+1/",
            "https://ex%61mple/",
            "https://a/\n",
            "https://[::1/",
            "https://[]/",
            "https://[::1%25eth0]/",
        ] {
            assert_eq!(read(url), None, "{url}");
        }
    }
}
