//! A contract's words → the failure they mean, with real values where the words carry none.
//!
//! The contracts revert with short reason strings. They are matched whole, then as a substring, because nodes and
//! proxies put text around them.

use alloy_primitives::{Address, U256};

use super::network::Contracts;
use super::protocol::abi::Vault;
use super::protocol::task::seconds;
use crate::error::Error;
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
        return Error::TxRevert { reason: reverted.reason, data: reverted.data, hash: None };
    };
    match *reason {
        "NotOwner" if task.is_some() || response.is_some() => Error::NotTaskOwner { task, caller },
        "NotOwner" => Error::NotSourceOwner { source, caller },
        "NotMaster" => Error::NotMaster { account: caller },
        "NotProvider" => Error::NotProvider { account: caller },
        "Expired" => Error::TaskExpired { task, expiry },
        "AlreadyConfirmed" => Error::ResponseAlreadyConfirmed { response },
        "AlreadyFinalized" => Error::TaskAlreadyFinalized { task },
        "NotEligible" => Error::NotEligible { account: caller },
        "SourceInactive" => Error::SourceInactive { source },
        "InsufficientBalance" => {
            let available = rpc.call(contracts.vault, &Vault::getBalanceOfCall { account: caller }).await;
            Error::InsufficientBalance { account: caller, required: amount, available: available.unwrap_or_default() }
        }
        "InsufficientLockup" => {
            let available = rpc.call(contracts.vault, &Vault::getLockupOfCall { account: caller }).await;
            Error::InsufficientLockup { account: caller, required: amount, available: available.unwrap_or_default() }
        }
        _ => {
            let ends = rpc.call(contracts.vault, &Vault::unbondingTimestampCall { account: caller }).await;
            let remaining = ends.map(seconds).unwrap_or_default().saturating_sub(rpc.io().now());
            Error::UnbondingPeriodNotElapsed { account: caller, remaining_seconds: remaining }
        }
    }
}
