//! A contract's words → the failure they mean, with real values where the words carry none.
//!
//! The contracts revert with short reason strings. They are matched whole, then as a substring, because nodes and
//! proxies put text around them.

use alloy_primitives::{Address, U256};

use super::network::Contracts;
use super::protocol::abi::Vault;
use super::protocol::task::seconds;
use crate::error::{Error, Kind};
use crate::eth::revert::Reverted;
use crate::eth::rpc::Rpc;

/// What a call was about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Who calls.
    pub caller: Address,
    /// The task, where one is concerned.
    pub task: Option<Address>,
    /// The source, where one is concerned.
    pub source: Option<Address>,
    /// The response, where one is concerned.
    pub response: Option<Address>,
    /// The amount in wei that the call needs.
    pub amount: U256,
    /// The task's deadline, where the call has one.
    pub expiry: u64,
}

const REASONS: &[&str] = &[
    "NotOwner",
    "NotMaster",
    "NotProvider",
    "Expired",
    "AlreadyConfirmed",
    "AlreadyFinalized",
    "InsufficientBalance",
    "InsufficientLockup",
    "UnbondingNotElapsed",
    "NotEligible",
    "SourceInactive",
];

/// Names the failure. Reads the vault, in one request, only for reasons whose values are there.
pub async fn explain(rpc: &Rpc, contracts: &Contracts, context: Context, reverted: Reverted) -> Error {
    let Context { caller, task, source, response, amount, expiry } = context;
    let whole = REASONS.iter().find(|reason| **reason == reverted.reason);
    let Some(reason) = whole.or_else(|| REASONS.iter().find(|reason| reverted.reason.contains(**reason))) else {
        return Error::from(Kind::TxRevert { reason: reverted.reason, data: reverted.data, hash: None });
    };
    match *reason {
        "NotOwner" if task.is_some() || response.is_some() => Error::from(Kind::NotTaskOwner { task, caller }),
        "NotOwner" => Error::from(Kind::NotSourceOwner { source, caller }),
        "NotMaster" => Error::from(Kind::NotMaster { account: caller }),
        "NotProvider" => Error::from(Kind::NotProvider { account: caller }),
        "Expired" => Error::from(Kind::TaskExpired { task, expiry }),
        "AlreadyConfirmed" => Error::from(Kind::ResponseAlreadyConfirmed { response }),
        "AlreadyFinalized" => Error::from(Kind::TaskAlreadyFinalized { task }),
        "NotEligible" => Error::from(Kind::NotEligible { account: caller }),
        "SourceInactive" => Error::from(Kind::SourceInactive { source }),
        "InsufficientBalance" => {
            let available = rpc.call(contracts.vault, &Vault::getBalanceOfCall { account: caller }).await;
            Error::from(Kind::InsufficientBalance { account: caller, required: amount, available: available.unwrap_or_default() })
        }
        "InsufficientLockup" => {
            let available = rpc.call(contracts.vault, &Vault::getLockupOfCall { account: caller }).await;
            Error::from(Kind::InsufficientLockup { account: caller, required: amount, available: available.unwrap_or_default() })
        }
        _ => {
            let ends = rpc.call(contracts.vault, &Vault::unbondingTimestampCall { account: caller }).await;
            let remaining = ends.map(seconds).unwrap_or_default().saturating_sub(rpc.io().now());
            Error::from(Kind::UnbondingPeriodNotElapsed { account: caller, remaining_seconds: remaining })
        }
    }
}
