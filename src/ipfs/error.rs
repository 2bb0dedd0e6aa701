//! What can be wrong with identifiers, links and content.

use std::fmt;

use crate::error::{Kind, public_url};

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
    /// Content to be published that cannot be read.
    Unreadable {
        /// Why.
        reason: &'static str,
    },
    /// A stream that is no CAR of version 1, or breaks off.
    BadCar {
        /// What was expected.
        reason: &'static str,
    },
    /// A block that its parents do not name at this place of the stream.
    Block {
        /// The CID of the block that comes next; `None` when all blocks were there.
        expected: Option<String>,
        /// The CID of the block that came; `None` when none did.
        found: Option<String>,
        /// What is wrong with it.
        fault: Fault,
    },
    /// A block that has the right hash, but is no sound part of a file: whoever published it made it so.
    BadNode {
        /// The block's CID.
        cid: String,
        /// What was expected.
        reason: &'static str,
    },
    /// A path that leads to no file, as the directories' own blocks show.
    Path {
        /// The segment where it ends, cut; empty for the content itself.
        name: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Content of a kind that is not read here.
    Unsupported {
        /// The block's CID.
        cid: String,
        /// What it is.
        what: &'static str,
    },
    /// A file that is larger than the caller allows, as its root states.
    TooLarge {
        /// Its bytes.
        size: u64,
        /// The most bytes that the caller allows.
        limit: u64,
    },
}

/// What is wrong with a block in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The stream ends before it.
    Missing,
    /// It was there just before.
    Repeated,
    /// Its turn comes later.
    TooEarly,
    /// Nothing names it, or its turn is over.
    Unexpected,
}

impl Error {
    /// Whether another gateway could do better: no, once a block with the right hash has shown what the content is.
    pub(super) fn is_final(&self) -> bool {
        matches!(
            self,
            Self::BadNode { .. }
                | Self::Path { .. }
                | Self::Unsupported { .. }
                | Self::UnsupportedMultihash { .. }
                | Self::TooLarge { .. }
        )
    }

    /// As a failure of a call about `url`.
    pub(crate) fn at(self, url: &str, cid: Option<String>) -> crate::error::Error {
        let reason = self.to_string();
        let kind = match self {
            Self::InvalidUrl { .. } | Self::InvalidCid { .. } => return crate::error::Error::input("url", reason),
            Self::Unreadable { .. } => return crate::error::Error::input("data", reason),
            Self::InvalidFilename { .. } => return crate::error::Error::input("options.filename", reason),
            Self::InvalidContentType { .. } => return crate::error::Error::input("options.contentType", reason),
            Self::WrongLink { link, cid, .. } => Kind::ContentUnverified { url: link, cid, reason },
            Self::Mismatch { .. } | Self::UnsupportedMultihash { .. } | Self::Block { .. } | Self::BadCar { .. } => {
                Kind::ContentUnverified { url: public_url(url), cid, reason }
            }
            _ => Kind::IpfsFetch { url: public_url(url), reason },
        };
        kind.into()
    }

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
            Self::BadCar { reason } | Self::Unreadable { reason } => f.write_str(reason),
            Self::Block { expected, found, fault } => {
                let none = |cid: &Option<String>| cid.clone().unwrap_or_else(|| "the end".to_owned());
                let why = match fault {
                    Fault::Missing => "the stream breaks off",
                    Fault::Repeated => "it came twice",
                    Fault::TooEarly => "its turn comes later",
                    Fault::Unexpected => "nothing names it there",
                };
                write!(f, "expected {} as the next block, but found {}: {why}", none(expected), none(found))
            }
            Self::BadNode { cid, reason } => write!(f, "{reason}, but the block {cid} is otherwise"),
            Self::Path { name, reason } if name.is_empty() => f.write_str(reason),
            Self::Path { name, reason } => write!(f, "{name}: {reason}"),
            Self::Unsupported { cid, what } => write!(f, "{cid} is {what}, which is not supported"),
            Self::TooLarge { size, limit } => write!(f, "the file has {size} bytes, but at most {limit} are allowed"),
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
