//! Content by its hash: document → bytes → CID → location.
//!
//! ```text
//! publishing   document ─▶ bytes ─▶ pin::upload ─▶ (service) ─▶ pin::read_reply ─▶ link, proven to hold our bytes
//! fetching     link ─▶ Location ─▶ CID, URLs ─▶ (gateways) ─▶ bytes ─▶ verify ─▶ Proof, or an error
//! ```
//!
//! * [`cid`]: content identifiers, read strictly and written in one form; [`multibase`] holds their digits.
//! * [`unixfs`]: the CID that a file has under a given layout, computed while its bytes arrive.
//! * [`verify`]: the proof that bytes are what a CID names.
//! * [`location`]: the CID in whatever form a link has, and the URLs at which gateways serve it.
//! * [`pin`]: a pinning service's upload body and reply.
//! * [`json`]: how deep a document nests, told before it is parsed.
//!
//! Nothing here fetches anything, draws randomness or reads a clock.

pub mod car;
pub mod cid;
mod delivery;
mod error;
pub mod fetch;
#[cfg(test)]
mod fixture;
pub mod json;
pub mod location;
pub mod multibase;
mod node;
pub mod pin;
pub mod publish;
pub mod unixfs;
pub mod verify;
pub mod walk;

pub use error::{Error, Fault};
