//! What can be wrong with identifiers, links and content.

use std::fmt;

/// A failure of this room. Whatever it quotes from outside is cut to [`MAX_QUOTE`](Error::MAX_QUOTE) characters.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// Text or bytes that are no content identifier.
    InvalidCid {
        /// What was expected.
        reason: &'static str,
    },
    /// A link or gateway that is not fit to be fetched.
    InvalidUrl {
        /// What was expected.
        reason: &'static str,
    },
    /// A filename that would break out of its header.
    InvalidFilename {
        /// What was expected.
        reason: &'static str,
    },
    /// A content type that would break out of its header, or is none.
    InvalidContentType {
        /// What was expected.
        reason: &'static str,
    },
    /// A CID whose hash function is not SHA-256: it names its content, but nothing can be checked against it.
    UnsupportedMultihash {
        /// The hash function's number in the multicodec table.
        code: u64,
    },
    /// Bytes that are not what the CID names.
    Mismatch {
        /// The CID that was asked for.
        expected: String,
        /// A CID that the bytes do have.
        found: String,
    },
    /// A pinning service's reply of another shape than `{"link": …}`.
    BadReply {
        /// The reply, cut.
        found: String,
    },
    /// A pinning service's link that does not name what was uploaded.
    WrongLink {
        /// The link, cut.
        link: String,
        /// The CID in it, when there is one.
        cid: Option<String>,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// JSON that nests too deep.
    TooDeep {
        /// The greatest depth that is read.
        limit: usize,
    },
}

impl Error {
    /// The most characters that are quoted from outside.
    pub const MAX_QUOTE: usize = 200;

    /// Foreign bytes as they are shown: cut, and without control characters.
    pub(super) fn quote(bytes: &[u8]) -> String {
        // A character has at most four bytes, so that no more than these need to be looked at.
        let head = bytes.get(..4 * Self::MAX_QUOTE).unwrap_or(bytes);
        let text = String::from_utf8_lossy(head);
        let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(Self::MAX_QUOTE).collect();
        if shown.len() < bytes.len() && text.chars().nth(Self::MAX_QUOTE).is_some() { shown + "…" } else { shown }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidCid { reason }
            | Self::InvalidUrl { reason }
            | Self::InvalidFilename { reason }
            | Self::InvalidContentType { reason } => f.write_str(reason),
            Self::UnsupportedMultihash { code } => {
                write!(f, "expected a SHA-256 multihash (0x12), but found hash function 0x{code:x}")
            }
            Self::Mismatch { expected, found } => {
                write!(f, "expected the bytes of {expected}, but found those of {found}; no known layout explains them")
            }
            Self::BadReply { found } => write!(f, "expected {{\"link\": …}} from the pinning service, but found {found}"),
            Self::WrongLink { link, reason, .. } => write!(f, "the pinning service answered with {link}: {reason}"),
            Self::TooDeep { limit } => write!(f, "expected JSON of at most {limit} levels, but found more"),
        }
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cut_and_cleaned() {
        assert_eq!(Error::quote(b"short"), "short");
        assert_eq!(Error::quote(b"a\r\nb\x1b[0m"), "a  b [0m");
        let long = Error::quote("é".repeat(5000).as_bytes());
        assert_eq!((long.chars().count(), long.ends_with('…')), (Error::MAX_QUOTE + 1, true));
        assert_eq!(Error::quote("é".repeat(Error::MAX_QUOTE).as_bytes()).chars().count(), Error::MAX_QUOTE);
    }
}
