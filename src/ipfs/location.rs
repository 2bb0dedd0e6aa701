//! Where content is: the CID in whatever form a link has, and the URLs at which gateways serve it.
//!
//! ```text
//! ipfs://CID/path        https://host/ipfs/CID/path?query#fragment       CID
//! /ipfs/CID/path         https://CID.ipfs.host/path                      CID/path
//! ```
//!
//! Any other http or https URL is a place without a CID: it can be fetched, but not verified. Links come from chains and
//! services, so what browsers would quietly repair (control characters, backslashes, dot segments) is refused: what was
//! checked must be what is fetched.

use super::cid::Cid;
use super::error::Error;

/// The most bytes of a link or a gateway.
pub const MAX_LINK: usize = 2048;

const NO_LINK: Error = Error::InvalidUrl { reason: "expected an ipfs, http or https link, or a CID" };

/// A link, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// What it names; `None` when it is a URL without a CID, which cannot be verified.
    pub cid: Option<Cid>,
    /// The path below the CID, without the first slash; empty for the content itself.
    pub path: String,
    /// The link itself, when it is an http or https URL.
    pub url: Option<String>,
    /// The gateway that the link is at.
    pub(super) base: Option<Base>,
}

/// Where a gateway has the content of CIDs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Base {
    /// `https://host/ipfs/` and the CID.
    Path(String),
    /// The scheme with `://`, and what follows the CID and a dot.
    Subdomain(String, String),
}

/// A place to ask for content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// The URL of the file as it is.
    pub(super) url: String,
    /// Where blocks are asked for; `None` for a URL without a CID.
    base: Option<Base>,
    /// What the link's query holds, and keeps in requests to its own gateway: keys, for one. Begins with `&`.
    query: String,
    /// The link named it, and no gateway of the caller's is there.
    pub(super) is_strange: bool,
}

impl Place {
    /// A place that is never asked, for content that stands in its link.
    pub(super) fn nowhere(link: &str) -> Self {
        Self { url: link.to_owned(), base: None, query: String::new(), is_strange: true }
    }

    /// The URL of content in another form than the plain one, which `format` names as a query.
    pub(super) fn form(&self, cid: &Cid, path: &str, format: &str) -> Option<String> {
        let slash = if path.is_empty() { "" } else { "/" };
        let query = &self.query;
        Some(match self.base.as_ref()? {
            Base::Path(base) => format!("{base}{cid}{slash}{path}?{format}{query}"),
            Base::Subdomain(scheme, parent) => format!("{scheme}{}.{parent}/{path}?{format}{query}", cid.to_v1()),
        })
    }

    /// The gateway, without the content: what is known of one CID's form there holds for others.
    pub(super) fn gateway(&self) -> &str {
        match &self.base {
            Some(Base::Path(base) | Base::Subdomain(_, base)) => base,
            None => &self.url,
        }
    }
}

impl Location {
    /// Reads a link in any of the forms above; spaces around it are left out.
    ///
    /// # Errors
    /// [`Error::InvalidUrl`] for other schemes, user names and passwords, no host, dot segments below a CID, control
    /// characters, spaces and backslashes, and links of more than [`MAX_LINK`] bytes.
    pub fn parse(link: &str) -> Result<Self, Error> {
        let link = link.trim();
        check_characters(link)?;
        if let Some(web) = Web::parse(link)? {
            return web.location(link);
        }
        let rest = match scheme(link) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ipfs") => rest.strip_prefix("ipfs/").unwrap_or(rest),
            Some(_) => return Err(NO_LINK),
            None => link.strip_prefix("/ipfs/").unwrap_or(link),
        };
        let rest = before_query(rest);
        let (cid, path) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self { cid: Some(Cid::parse(cid).map_err(|_| NO_LINK)?), path: below(path)?, url: None, base: None })
    }

    /// The URLs to ask, each once, in order: the link itself where it is one, then the content at each gateway. What
    /// [`check_gateway`] refuses is not asked.
    pub fn urls(&self, gateways: &[String]) -> Vec<String> {
        self.places(gateways).into_iter().map(|place| place.url).collect()
    }

    /// What [`urls`](Self::urls) are of.
    pub(super) fn places(&self, gateways: &[String]) -> Vec<Place> {
        let is_strange = |url: &String| !gateways.iter().any(|gateway| is_at(url, gateway));
        let own = self.url.as_ref().map(|url| Place {
            url: url.clone(),
            base: self.base.clone(),
            query: kept_query(url),
            is_strange: is_strange(url),
        });
        let mut places: Vec<Place> = own.into_iter().collect();
        for gateway in gateways {
            let Ok(Some(url)) = self.url_at(gateway) else { continue };
            if places.iter().all(|place| place.url != url) {
                let base = Base::Path(format!("{}/", gateway.trim_end_matches('/')));
                places.push(Place { url, base: Some(base), query: String::new(), is_strange: false });
            }
        }
        places
    }

    /// The URL of the content at a gateway, given as `https://host/ipfs/`; `None` without a CID.
    ///
    /// # Errors
    /// As [`check_gateway`].
    pub fn url_at(&self, gateway: &str) -> Result<Option<String>, Error> {
        check_gateway(gateway)?;
        let slash = if self.path.is_empty() { "" } else { "/" };
        Ok(self.cid.map(|cid| format!("{}/{cid}{slash}{}", gateway.trim_end_matches('/'), self.path)))
    }
}

/// Checks a gateway's base: an http or https URL without query, fragment, user name and password.
///
/// # Errors
/// [`Error::InvalidUrl`].
pub fn check_gateway(base: &str) -> Result<(), Error> {
    check_characters(base)?;
    match Web::parse(base)? {
        Some(_) if before_query(base).len() == base.len() => Ok(()),
        _ => Err(Error::InvalidUrl { reason: "expected a gateway like https://host/ipfs/, without query and fragment" }),
    }
}

/// Whether a URL is at a gateway's host and port, or at a subdomain of it, where gateways have the content of one CID each.
fn is_at(url: &str, gateway: &str) -> bool {
    let (Ok(Some(url)), Ok(Some(gateway))) = (Web::parse(url), Web::parse(gateway)) else { return false };
    let (own, base) = (url.authority.to_ascii_lowercase(), gateway.authority.to_ascii_lowercase());
    let is_below = || own.strip_suffix(base.as_str()).is_some_and(|rest| rest.ends_with('.'));
    url.scheme.eq_ignore_ascii_case(gateway.scheme) && (own == base || is_below())
}

/// Checks a URL to send to: http or https, without user name and password.
pub(super) fn check_endpoint(url: &str) -> Result<(), Error> {
    check_characters(url)?;
    check_web(url)
}

/// Checks that a URL is http or https, without user name and password; any length, as redirects lead to signed ones.
pub(super) fn check_web(url: &str) -> Result<(), Error> {
    Web::parse(url)?.map(|_| ()).ok_or(Error::InvalidUrl { reason: "expected an http or https URL" })
}

/// The parts of an http or https URL that matter here.
struct Web<'a> {
    /// With `://`.
    scheme: &'a str,
    authority: &'a str,
    host: &'a str,
    path: &'a str,
}

impl<'a> Web<'a> {
    /// `None` for anything but an http or https URL.
    fn parse(link: &'a str) -> Result<Option<Self>, Error> {
        let Some((scheme, rest)) = scheme(link) else { return Ok(None) };
        let with_marks = link.get(..scheme.len() + 3).unwrap_or_default();
        if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
            return Ok(None);
        }
        let rest = before_query(rest);
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(Error::InvalidUrl { reason: "expected a URL without user name and password" });
        }
        // An IPv6 address has colons too, but within brackets.
        let host = match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|c| c.is_ascii_digit()) => host,
            _ => authority,
        };
        if host.is_empty() {
            return Err(Error::InvalidUrl { reason: "expected a URL with a host" });
        }
        Ok(Some(Self { scheme: with_marks, authority, host, path }))
    }

    fn location(&self, link: &str) -> Result<Location, Error> {
        let (cid, path, base) = match self.subdomain() {
            Some((cid, parent)) => (Some(cid), below(self.path)?, Some(Base::Subdomain(self.scheme.to_owned(), parent))),
            None => match self.in_path() {
                Some((cid, before, path)) => {
                    (Some(cid), below(path)?, Some(Base::Path([self.scheme, self.authority, before].concat())))
                }
                None => (None, String::new(), None),
            },
        };
        Ok(Location { cid, path, url: Some(link.to_owned()), base })
    }

    /// `CID.ipfs.host`: the CID, and what follows it. Hosts are the same in capitals and not, so only the bases that are too
    /// can be in one.
    fn subdomain(&self) -> Option<(Cid, String)> {
        let host = self.host.to_ascii_lowercase();
        let (label, parent) = host.split_once(".ipfs.")?;
        let cid = if parent.is_empty() { None } else { Cid::parse(label).ok() }?;
        Some((cid, self.authority.get(label.len() + 1..)?.to_ascii_lowercase()))
    }

    /// The first `/ipfs/CID` of the path, which a gateway below a prefix need not begin with: the CID, what stands before
    /// it, and the path below it.
    fn in_path(&self) -> Option<(Cid, &'a str, &'a str)> {
        let mut rest = self.path;
        while let Some((_, after)) = rest.split_once("/ipfs/") {
            let (cid, path) = after.split_once('/').unwrap_or((after, ""));
            if let Ok(cid) = Cid::parse(cid) {
                return Some((cid, self.path.get(..self.path.len() - after.len())?, path));
            }
            // Keep the slash: `/ipfs/ipfs/CID` has its second mark there.
            rest = rest.get(rest.len() - after.len() - 1..).unwrap_or_default();
        }
        None
    }
}

/// The link's query, without what asks for a form of the content.
fn kept_query(url: &str) -> String {
    let query = url.split('#').next().and_then(|url| url.split_once('?')).map_or("", |(_, query)| query);
    let asks = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or_default();
        name.is_empty()
            || name.starts_with("car-")
            || ["format", "dag-scope", "entity-bytes", "filename", "download"].contains(&name)
    };
    query.split('&').filter(|pair| !asks(pair)).fold(String::new(), |kept, pair| kept + "&" + pair)
}

fn scheme(link: &str) -> Option<(&str, &str)> {
    link.split_once("://").filter(|(scheme, _)| scheme.bytes().all(|c| c.is_ascii_alphanumeric() || b"+-.".contains(&c)))
}

fn before_query(text: &str) -> &str {
    text.split(['?', '#']).next().unwrap_or_default()
}

fn check_characters(link: &str) -> Result<(), Error> {
    if link.is_empty() || link.len() > MAX_LINK {
        return Err(Error::InvalidUrl { reason: "expected a link of 1 to 2048 bytes" });
    }
    if link.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(Error::InvalidUrl { reason: "expected a link without control characters, spaces and backslashes" });
    }
    Ok(())
}

/// A path below a CID. Dot segments would make a browser ask for something beside or above it.
fn below(path: &str) -> Result<String, Error> {
    let path = path.trim_start_matches('/');
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    if path.split('/').any(is_dots) {
        return Err(Error::InvalidUrl { reason: "expected a path without . and .. segments" });
    }
    Ok(path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const V0: &str = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
    const V1: &str = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    fn parts(link: &str) -> Option<(Option<String>, String)> {
        Location::parse(link).ok().map(|location| (location.cid.map(|cid| cid.to_string()), location.path))
    }

    #[test]
    fn every_form_names_its_cid_and_path() {
        let host = V1.to_ascii_uppercase();
        let forms = [
            (V0.to_owned(), V0, ""),
            (format!(" {V0}\n"), V0, ""),
            (format!("{V0}/a/b"), V0, "a/b"),
            (format!("{V0}/a://b"), V0, "a://b"),
            (format!("ipfs://{V0}"), V0, ""),
            (format!("IPFS://{V1}/a%20b/?q#f"), V1, "a%20b/"),
            (format!("ipfs://ipfs/{V0}"), V0, ""),
            (format!("/ipfs/{V0}/"), V0, ""),
            (format!("https://cipfs.ogpuscan.io/ipfs/{V0}"), V0, ""),
            (format!("http://127.0.0.1:8080/ipfs/{V0}?format=raw#x"), V0, ""),
            (format!("HTTPS://host/ipfs/{V1}/dir/file.json?x"), V1, "dir/file.json"),
            (format!("https://host/prefix/ipfs/{V0}"), V0, ""),
            (format!("https://host/ipfs/ipfs/{V0}"), V0, ""),
            (format!("https://host/ipfs/{V0}/ipfs/{V1}"), V0, &format!("ipfs/{V1}")),
            (format!("https://{V1}.ipfs.dweb.link/a/b?c"), V1, "a/b"),
            (format!("http://{host}.IPFS.localhost:8080"), V1, ""),
        ];
        for (form, cid, path) in forms {
            assert_eq!(parts(&form), Some((Some(cid.to_owned()), path.to_owned())), "{form}");
        }
    }

    #[test]
    fn other_urls_name_none() {
        for plain in [
            "https://example.com/data.json",
            "https://example.com",
            "https://[::1]:8080/ipfs/",
            "https://example.com/ipfs/not-a-cid",
            "https://example.com/ipns/docs.ipfs.tech",
            &format!("https://example.com/?at=/ipfs/{V0}"),
            &format!("https://example.com/#/ipfs/{V0}"),
            &format!("https://{V1}.example.com/"),
            &format!("https://{V1}.ipfs."),
            &format!("https://{V0}.ipfs.dweb.link/"),
        ] {
            assert_eq!(parts(plain), Some((None, String::new())), "{plain}");
        }
    }

    #[test]
    fn what_should_not_be_fetched_is_refused() {
        for bad in [
            "",
            " ",
            "word",
            "ipfs://",
            "ipfs://word",
            "ipns://docs.ipfs.tech",
            "ftp://x/y",
            "javascript:alert(1)",
            "data:text/plain,x",
            "blob:https://x/1",
            "//host/ipfs/x",
            "https:host",
            "https:///host",
            "https://:80/",
            "https://u:p@host/ipfs/x",
            "https://u@host",
            "https://a\\@host/",
            "https://host/a b",
            "https://ho\tst/",
            "https://host/\u{0}x",
            "https://host/\u{2028}x",
            &format!("https://host/ipfs/{V0}/../x"),
            &format!("https://host/ipfs/{V0}/a/%2E./x"),
            &format!("ipfs://{V0}/.."),
            &format!("https://h/{}", "x".repeat(MAX_LINK)),
        ] {
            assert!(matches!(Location::parse(bad), Err(Error::InvalidUrl { .. })), "{bad}");
        }
    }

    #[test]
    fn the_link_itself_is_asked_first_and_none_twice() {
        let link = format!("https://one/ipfs/{V0}/a");
        let gateways =
            ["https://one/ipfs/", "https://two/ipfs", "https://u:p@three/ipfs/", "https://four/ipfs?key=1", "ftp://five"];
        let urls = Location::parse(&link).map(|location| location.urls(&gateways.map(str::to_owned)));
        assert_eq!(urls, Ok(vec![link, format!("https://two/ipfs/{V0}/a")]));
        let plain = Location::parse("https://example.com/x").map(|location| location.urls(&["https://two/ipfs".to_owned()]));
        assert_eq!(plain, Ok(vec!["https://example.com/x".to_owned()]));
    }

    #[test]
    fn a_link_is_a_strangers_unless_a_gateway_of_the_callers_is_there() {
        let gateways = ["http://127.0.0.1:8080/ipfs/", "https://Mine.example/ipfs"].map(str::to_owned);
        for (link, is_strange) in [
            (format!("http://127.0.0.1:8080/ipfs/{V0}"), false),
            ("http://127.0.0.1:8080/other.json".to_owned(), false),
            (format!("HTTP://127.0.0.1:8080/ipfs/{V0}"), false),
            (format!("https://{V1}.ipfs.mine.example/a"), false),
            (format!("https://mine.example/ipfs/{V0}"), false),
            (format!("https://127.0.0.1:8080/ipfs/{V0}"), true),
            (format!("http://127.0.0.1:8081/ipfs/{V0}"), true),
            (format!("http://127.0.0.1/ipfs/{V0}"), true),
            (format!("http://169.254.169.254/ipfs/{V0}"), true),
            (format!("https://notmine.example/ipfs/{V0}"), true),
        ] {
            let places = Location::parse(&link).map(|location| location.places(&gateways)).unwrap_or_default();
            let own = places.iter().find(|place| place.url == link);
            assert_eq!(own.map(|place| place.is_strange), Some(is_strange), "{link}");
            assert!(places.iter().filter(|place| place.url != link).all(|place| !place.is_strange), "the caller's own: {link}");
        }
    }

    #[test]
    fn blocks_are_asked_for_where_the_file_is() {
        let forms = |link: &str| {
            let location = Location::parse(link).ok()?;
            let place = location.places(&["https://g/ipfs".to_owned()]).into_iter().next()?;
            Some((place.gateway().to_owned(), place.form(&location.cid?, &location.path, "format=car")?))
        };
        let form = |gateway: &str, url: String| Some((gateway.to_owned(), url));
        assert_eq!(forms(V0), form("https://g/ipfs/", format!("https://g/ipfs/{V0}?format=car")));
        assert_eq!(
            forms(&format!("https://h:1/x/ipfs/{V0}/a/b?token=1&format=raw&&car-dups=n#f?x")),
            form("https://h:1/x/ipfs/", format!("https://h:1/x/ipfs/{V0}/a/b?format=car&token=1"))
        );
        assert_eq!(
            forms(&format!("http://{}.IPFS.localhost:8080/a?b", V1.to_ascii_uppercase())),
            form("ipfs.localhost:8080", format!("http://{V1}.ipfs.localhost:8080/a?format=car&b"))
        );
        assert_eq!(forms("https://example.com/x"), None);
    }

    #[test]
    fn a_gateway_is_a_web_address_alone() {
        for good in ["https://host/ipfs/", "http://127.0.0.1:8080/ipfs", "https://host"] {
            assert_eq!(check_gateway(good), Ok(()));
        }
        for bad in ["", "host", "ipfs://x", "https://u:p@host/", "https://host/?a", "https://host/#a", "https://h/ x"] {
            assert!(check_gateway(bad).is_err(), "{bad}");
        }
    }
}
