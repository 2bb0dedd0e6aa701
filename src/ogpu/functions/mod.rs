//! The contracts' functions as tables: what they are called, what goes in, what comes out.
//!
//! One encoder and one decoder serve all of them. Bindings for each function would do the same for half a kilobyte of
//! WebAssembly each, and there are a hundred. Selectors come from `abi/ogpu/*.sol`; arguments are words of 32 bytes, and
//! what comes back is one value of a closed set of types.

mod reads;
mod value;
mod writes;

pub use self::reads::{READS, Read};
pub use self::value::{Type, Value};
pub use self::writes::{Role, WRITES, Write};

use alloy_primitives::Address;

use super::network::Contracts;
use crate::error::{Error, Kind};

/// Where a function lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contract {
    /// The registry.
    Nexus,
    /// Tasks and confirmation.
    Controller,
    /// Relations.
    Terminal,
    /// Money.
    Vault,
    /// A source's own contract.
    Source,
    /// A task's own contract.
    Task,
    /// A response's own contract.
    Response,
}

impl Contract {
    /// The address of a contract that exists once; `None` for one that exists many times.
    pub const fn singleton(self, contracts: &Contracts) -> Option<Address> {
        match self {
            Self::Nexus => Some(contracts.nexus),
            Self::Controller => Some(contracts.controller),
            Self::Terminal => Some(contracts.terminal),
            Self::Vault => Some(contracts.vault),
            Self::Source | Self::Task | Self::Response => None,
        }
    }

    /// What a getter's failure means at `address`: whatever answers otherwise, or not at all, is an account or another
    /// contract.
    pub fn absent(self, error: Error, address: Address) -> Error {
        if !matches!(*error, Kind::Protocol { .. } | Kind::TxRevert { .. } | Kind::ContractPanic { .. }) {
            return error;
        }
        match self {
            Self::Source => Kind::SourceNotFound { address }.into(),
            Self::Task => Kind::TaskNotFound { address }.into(),
            Self::Response => Kind::ResponseNotFound { address }.into(),
            _ => error,
        }
    }
}

/// Calldata of a function whose arguments are all static: the selector and a word for each.
pub fn calldata(selector: [u8; 4], words: &[[u8; 32]]) -> Vec<u8> {
    let mut data = Vec::with_capacity(4 + 32 * words.len());
    data.extend_from_slice(&selector);
    for word in words {
        data.extend_from_slice(word);
    }
    data
}
