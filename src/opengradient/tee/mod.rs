//! Enclaves: which there are, and whether an answer is really theirs.
//!
//! The chain of trust: a reproducible build has known measurements (PCRs); the registry admits a key only with an
//! attestation of code with such measurements; the key signs each answer. So nothing between the enclave and us needs to be
//! trusted: neither the network, nor the server's owner, nor TLS certificates, which a browser cannot pin.

pub mod freshness;
pub mod proof;
pub mod registry;
