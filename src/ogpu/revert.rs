//! A contract's words → the failure they mean, with real values where the words carry none.
//!
//! The contracts revert with short reason strings. They are matched whole, then as a substring, because nodes and
//! proxies put text around them.

use alloy_primitives::{Address, U256};

use super::network::Contracts;
use super::protocol::abi::{Response, Source, Task, Vault};
use crate::error::{Error, Kind};
use crate::eth::revert::Reverted;
use crate::eth::rpc::Rpc;

/// What a call was about.
#[derive(Clone, Copy, Debug, Default)]
pub struct Context {
    /// Who calls.
    pub caller: Address,
    /// The account that must have a role, stake or balance; the caller where it is absent.
    pub account: Option<Address>,
    /// The task, where one is concerned.
    pub task: Option<Address>,
    /// The source, where one is concerned.
    pub source: Option<Address>,
    /// The response, where one is concerned.
    pub response: Option<Address>,
    /// The amount in wei that the call needs.
    pub amount: U256,
    /// The task's deadline, where the caller gave it.
    pub expiry: Option<u64>,
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

/// Names the failure. Where its values are on chain and not in the words, they are read in one request; a node that fails
/// then leaves them at 0.
pub async fn explain(rpc: &Rpc, contracts: &Contracts, context: Context, reverted: Reverted) -> Error {
    let whole = REASONS.iter().find(|reason| **reason == reverted.reason);
    let Some(reason) = whole.or_else(|| REASONS.iter().find(|reason| reverted.reason.contains(**reason))) else {
        return reverted.into_error(None);
    };
    let Context { caller, source, response, amount, .. } = context;
    let account = context.account.unwrap_or(caller);
    let values = Values::read(rpc, contracts, &context, reason).await.unwrap_or_default();
    let task = context.task.or(values.task);
    Error::from(match *reason {
        "NotOwner" if task.is_some() || response.is_some() => Kind::NotTaskOwner { task, caller },
        "NotOwner" => Kind::NotSourceOwner { source, caller },
        "NotMaster" => Kind::NotMaster { account: caller },
        "NotProvider" => Kind::NotProvider { account },
        "Expired" => Kind::TaskExpired { task, expiry: context.expiry.unwrap_or(values.expiry) },
        "AlreadyConfirmed" => Kind::ResponseAlreadyConfirmed { response },
        "AlreadyFinalized" => Kind::TaskAlreadyFinalized { task },
        "NotEligible" => Kind::NotEligible { account },
        "SourceInactive" => Kind::SourceInactive { source },
        "InsufficientBalance" => Kind::InsufficientBalance { account, required: amount, available: values.balance },
        "InsufficientLockup" => {
            let required = if amount.is_zero() { values.lockup_needed } else { amount };
            Kind::InsufficientLockup { account, required, available: values.lockup }
        }
        _ => {
            let remaining_seconds = values.unbonding_ends.saturating_sub(rpc.io().now());
            Kind::UnbondingPeriodNotElapsed { account, remaining_seconds }
        }
    })
}

/// What the chain says about a refusal.
#[derive(Default)]
struct Values {
    task: Option<Address>,
    expiry: u64,
    balance: U256,
    lockup: U256,
    lockup_needed: U256,
    unbonding_ends: u64,
}

impl Values {
    async fn read(rpc: &Rpc, contracts: &Contracts, context: &Context, reason: &str) -> Result<Self, Error> {
        let account = context.account.unwrap_or(context.caller);
        let mut batch = rpc.batch();
        let mut values = Self::default();
        match reason {
            "NotOwner" | "AlreadyConfirmed" | "AlreadyFinalized" => {
                let Some(response) = context.response else { return Ok(values) };
                let params = batch.call(response, &Response::getResponseParamsCall {});
                values.task = Some(batch.send().await?.call(params)?.task);
            }
            "Expired" => {
                let (Some(task), None) = (context.task, context.expiry) else { return Ok(values) };
                let expiry = batch.call(task, &Task::getExpiryTimeCall {});
                values.expiry = seconds(batch.send().await?.call(expiry)?);
            }
            "InsufficientBalance" => {
                let balance = batch.call(contracts.vault, &Vault::getBalanceOfCall { account });
                values.balance = batch.send().await?.call(balance)?;
            }
            "InsufficientLockup" => {
                let lockup = batch.call(contracts.vault, &Vault::getLockupOfCall { account });
                let least = batch.call(contracts.vault, &Vault::MIN_LOCKUP_PER_SOURCECall {});
                let source = context.source.map(|source| batch.call(source, &Source::getSourceParamsCall {}));
                let replies = batch.send().await?;
                values.lockup = replies.call(lockup)?;
                values.lockup_needed = replies.call(least)?;
                if let Some(source) = source {
                    values.lockup_needed = values.lockup_needed.max(replies.call(source)?.minAvailableLockup);
                }
            }
            "UnbondingNotElapsed" => {
                let ends = batch.call(contracts.vault, &Vault::unbondingTimestampCall { account });
                values.unbonding_ends = seconds(batch.send().await?.call(ends)?);
            }
            _ => {}
        }
        Ok(values)
    }
}

/// A time; one beyond the end of time is the end of time.
fn seconds(value: U256) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
