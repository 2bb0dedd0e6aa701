//! Content by its hash: document → bytes → CID → location.
//!
//! ```text
//! publishing   bytes ─▶ CID ─▶ pin::upload ─▶ (service) ─▶ Endpoint::read ─▶ link, proven to hold our bytes
//! fetching     link ─▶ Location ─▶ CID, URLs ─▶ (gateways) ─▶ block  ─▶ verify_block ─┐
//!                                                             CAR    ─▶ car ─▶ walk   ├─▶ proven bytes, or an error
//!                                                             file   ─▶ verify       ─┘
//! ```
//!
//! * [`fetch`] and [`publish`]: the flows, over [`Io`](crate::io::Io).
//! * [`cid`]: content identifiers, read strictly and written in one form; [`multibase`] holds their digits.
//! * [`unixfs`]: the CID that a file has under a given layout, computed while its bytes arrive.
//! * [`verify`]: the proof that bytes are what a CID names.
//! * [`car`], [`walk`]: the blocks of a stream, and the proof of a file from its blocks.
//! * [`location`]: the CID in whatever form a link has, and the URLs at which gateways serve it.
//! * [`pin`]: a pinning service's or kubo's upload body and reply.
//! * [`source`]: content that need not be in memory, hashed a few chunks at a time.
//!
//! Everything but the flows is plain functions and state machines: no sockets, no randomness, no clock.

mod ask;
mod blocks;
pub mod car;
pub mod cid;
mod delivery;
mod error;
pub mod fetch;
#[cfg(test)]
mod fixture;
pub mod location;
pub mod multibase;
mod node;
pub mod pin;
pub mod publish;
pub mod source;
mod support;
pub mod unixfs;
pub mod verify;
pub mod walk;

pub use error::{Error, Fault};
