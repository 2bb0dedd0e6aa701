//! The calls that take structs, and what their receipts tell. Nothing here sends anything.

#[doc(hidden)]
pub mod abi;
pub mod controller;
pub mod nexus;

use alloy_primitives::Address;
use alloy_sol_types::SolEvent;

use crate::error::Error;
use crate::eth::follow::Receipt;

/// The one event of its type that `emitter` logged in this receipt.
pub(crate) fn only_event<E: SolEvent>(receipt: &Receipt, emitter: Address, expected: &'static str) -> Result<E, Error> {
    let mut found = receipt.logs.iter().filter(|log| log.address == emitter && log.topics.first() == Some(&E::SIGNATURE_HASH));
    match (found.next(), found.next()) {
        (Some(log), None) => E::decode_raw_log(log.topics.iter().copied(), &log.data)
            .map_err(|_| Error::protocol(expected, format!("undecodable data in {}", receipt.hash))),
        (first, _) => {
            let count = if first.is_some() { "several" } else { "none" };
            Err(Error::protocol(expected, format!("{count} in transaction {}, which was mined", receipt.hash)))
        }
    }
}
