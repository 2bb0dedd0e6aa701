//! Where content is: whatever form a link has, the CID in it, and the URLs at which gateways serve it.

use super::cid::Cid;
use crate::error::Error;

/// A link may have this many bytes.
const MAX_LINK: usize = 2048;

/// A link, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// What it names, where it names content at all.
    pub cid: Option<Cid>,
    /// The path below the CID, without the first slash; empty for the content itself.
    pub path: String,
    /// The link itself, when it is an http or https URL.
    pub url: Option<String>,
}

impl Location {
    /// Reads `ipfs://CID/path`, `/ipfs/CID/path`, a bare CID, `https://host/ipfs/CID/path`,
    /// `https://CID.ipfs.host/path`, or any other http or https URL, which then names no CID.
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for other schemes, credentials in the URL, and links over 2048 bytes.
    pub fn parse(link: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::input("url", reason));
        let link = link.trim();
        if link.is_empty() || link.len() > MAX_LINK || link.chars().any(char::is_control) {
            return refuse("expected a link of 1 to 2048 bytes without control characters");
        }
        let lower = link.get(..8).unwrap_or(link).to_ascii_lowercase();
        if lower.starts_with("ipfs://") {
            let rest = link.get(7..).unwrap_or_default();
            return Self::below(rest.strip_prefix("ipfs/").unwrap_or(rest), None);
        }
        if let Some(rest) = link.strip_prefix("/ipfs/") {
            return Self::below(rest, None);
        }
        let scheme = if lower.starts_with("https://") {
            8
        } else if lower.starts_with("http://") {
            7
        } else {
            0
        };
        if scheme == 0 {
            if link.contains("://") || link.starts_with("data:") {
                return refuse("expected an ipfs, http or https link");
            }
            return Self::below(link, None);
        }
        let rest = link.get(scheme..).unwrap_or_default();
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if authority.is_empty() || authority.contains('@') {
            return refuse("expected a URL with a host and without credentials");
        }
        if let Some(below) = path.strip_prefix("/ipfs/") {
            // A path that only looks like a gateway's is an ordinary URL.
            return Self::below(below, Some(link)).or_else(|_| Ok(Self::plain(link)));
        }
        let mut labels = authority.split('.');
        if let (Some(label), Some("ipfs")) = (labels.next(), labels.next())
            && let Ok(cid) = Cid::parse(label)
        {
            let path = path.split(['?', '#']).next().unwrap_or_default();
            let path = path.trim_start_matches('/').to_owned();
            return Ok(Self { cid: Some(cid), path, url: Some(link.to_owned()) });
        }
        Ok(Self::plain(link))
    }

    fn plain(link: &str) -> Self {
        Self { cid: None, path: String::new(), url: Some(link.to_owned()) }
    }

    fn below(rest: &str, url: Option<&str>) -> Result<Self, Error> {
        let rest = rest.split(['?', '#']).next().unwrap_or_default();
        let (cid, path) = rest.split_once('/').unwrap_or((rest, ""));
        let cid = Cid::parse(cid).map_err(|_| Error::input("url", "expected an ipfs, http or https link, or a CID"))?;
        Ok(Self { cid: Some(cid), path: path.trim_start_matches('/').to_owned(), url: url.map(str::to_owned) })
    }

    /// The URLs to ask, in order: the link itself where it is one, then the content at each of `gateways`.
    pub fn urls(&self, gateways: &[String]) -> Vec<String> {
        let mut urls: Vec<String> = self.url.iter().cloned().collect();
        if let Some(cid) = &self.cid {
            for gateway in gateways {
                let slash = if gateway.ends_with('/') { "" } else { "/" };
                let below = if self.path.is_empty() { String::new() } else { format!("/{}", self.path) };
                let url = format!("{gateway}{slash}{cid}{below}");
                if !urls.contains(&url) {
                    urls.push(url);
                }
            }
        }
        urls
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V0: &str = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
    const V1: &str = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    #[test]
    fn every_form_names_its_cid() {
        let forms = [
            V0.to_owned(),
            format!("ipfs://{V0}"),
            format!("IPFS://{V0}"),
            format!("/ipfs/{V0}"),
            format!("https://cipfs.ogpuscan.io/ipfs/{V0}"),
            format!("http://127.0.0.1:8080/ipfs/{V0}?format=raw#x"),
        ];
        for form in forms {
            assert_eq!(Location::parse(&form).ok().and_then(|l| l.cid).map(|c| c.to_string()).as_deref(), Some(V0), "{form}");
        }
        let below = Location::parse(&format!("https://{V1}.ipfs.dweb.link/a/b?c"));
        assert_eq!(below.as_ref().ok().and_then(|l| l.cid).map(|c| c.to_string()).as_deref(), Some(V1));
        assert_eq!(below.ok().map(|l| l.path).as_deref(), Some("a/b"));
    }

    #[test]
    fn other_links_name_none_or_are_refused() {
        for plain in ["https://example.com/data.json", "https://example.com/ipfs/not-a-cid"] {
            assert_eq!(Location::parse(plain).ok().map(|l| l.cid), Some(None), "{plain}");
        }
        for bad in ["", "ftp://x/y", "javascript:alert(1)", "data:text/plain,x", "https://u:p@host/ipfs/x", "https:///x", "word"]
        {
            assert!(Location::parse(bad).is_err(), "{bad}");
        }
        assert!(Location::parse(&format!("https://h/{}", "x".repeat(3000))).is_err());
    }

    #[test]
    fn the_link_itself_is_asked_first() {
        let link = format!("https://one/ipfs/{V0}");
        let gateways = ["https://one/ipfs/".to_owned(), "https://two/ipfs".to_owned()];
        let urls = Location::parse(&link).map(|l| l.urls(&gateways)).unwrap_or_default();
        assert_eq!(urls, [link, format!("https://two/ipfs/{V0}")]);
    }

    proptest! {
        #[test]
        fn any_text_gives_an_answer(text in ".{0,100}", tail in "[a-zA-Z0-9./?#@:]{0,60}") {
            let _ = Location::parse(&text);
            let _ = Location::parse(&format!("https://{tail}"));
            let _ = Location::parse(&format!("ipfs://{tail}"));
        }
    }
}
