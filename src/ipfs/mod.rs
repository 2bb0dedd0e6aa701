//! Content by its hash: document → bytes → CID → location.
//!
//! [`cid`] reads and writes content identifiers, [`unixfs`] computes the CID that a file has under a given layout and
//! so proves that bytes are what a CID names, [`location`] finds the CID in whatever form it is given, [`pin`] speaks
//! to a pinning service. Nothing here fetches anything.

pub mod cid;
pub mod location;
pub mod pin;
pub mod unixfs;
