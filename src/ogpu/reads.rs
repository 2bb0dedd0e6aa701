//! What the chain says about sources, tasks and responses. Reads need no wallet. Each function says how many HTTP
//! requests it makes.

use alloy_primitives::{Address, U256};

use super::network::Network;
use super::protocol::abi::{Source, Task, Vault};
use super::protocol::{self, response, source, task};
use super::types::{ResponseFields, SourceParams, SourceStatus, TaskSnapshot, TaskStatus};
use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;

/// Items asked for in one call of a ranged getter.
const PAGE: u64 = 100;

/// Everything a task tells. One request.
///
/// # Errors
/// [`Kind::TaskNotFound`], and those of [`Rpc`]'s reads.
pub async fn task_snapshot(rpc: &Rpc, address: Address) -> Result<TaskSnapshot, Error> {
    let mut batch = rpc.batch();
    let slots = task::ask_snapshot(&mut batch, address);
    task::read_snapshot(&batch.send().await?, slots, address)
}

/// A task's status; past its expiry it can still be the old one. One request.
///
/// # Errors
/// As [`task_snapshot`].
pub async fn task_status(rpc: &Rpc, address: Address) -> Result<TaskStatus, Error> {
    let status = rpc.call(address, &Task::getStatusCall {}).await.map_err(|error| task::absent(error, address))?;
    TaskStatus::try_from(status)
}

/// A source's terms. One request.
///
/// # Errors
/// [`Kind::SourceNotFound`], and those of [`Rpc`]'s reads.
pub async fn source_params(rpc: &Rpc, address: Address) -> Result<SourceParams, Error> {
    let wire = rpc.call(address, &Source::getSourceParamsCall {}).await.map_err(|error| no_source(error, address))?;
    source::params(wire)
}

/// A source's status. One request.
///
/// # Errors
/// As [`source_params`].
pub async fn source_status(rpc: &Rpc, address: Address) -> Result<SourceStatus, Error> {
    let status = rpc.call(address, &Source::getStatusCall {}).await.map_err(|error| no_source(error, address))?;
    SourceStatus::try_from(status)
}

fn no_source(error: Error, address: Address) -> Error {
    protocol::absent(error, Kind::SourceNotFound { address })
}

/// One response's fields. One request.
///
/// # Errors
/// [`Kind::ResponseNotFound`], and those of [`Rpc`]'s reads.
pub async fn response_fields(rpc: &Rpc, address: Address) -> Result<ResponseFields, Error> {
    let mut batch = rpc.batch();
    let slots = response::ask_fields(&mut batch, address);
    response::read_fields(&batch.send().await?, slots)
}

/// The responses of a task's attempters `lower` to `upper` (exclusive; all of them when absent), in the order of the
/// attempts. Attempters that have not answered are left out. Three requests up to a hundred attempters: their number,
/// the addresses, the fields; each further hundred adds one.
///
/// # Errors
/// [`Kind::TaskNotFound`], and those of [`Rpc`]'s reads.
pub async fn task_responses(rpc: &Rpc, address: Address, lower: u64, upper: Option<u64>) -> Result<Vec<ResponseFields>, Error> {
    let count = rpc.call(address, &Task::getAttemptCountCall {}).await.map_err(|error| task::absent(error, address))?;
    let end = upper.unwrap_or(u64::MAX).min(task::count(count)?);
    if lower >= end {
        return Ok(Vec::new());
    }
    let mut batch = rpc.batch();
    let mut pages = Vec::new();
    let mut start = lower;
    while start < end {
        let stop = end.min(start + PAGE);
        // The deployed getter's upper bound is inclusive; one past the last panics.
        let call = Task::getResponsesOfCall { lower: U256::from(start), upper: U256::from(stop - 1) };
        pages.push(batch.call(address, &call));
        start = stop;
    }
    let replies = batch.send().await?;
    let mut found = Vec::new();
    for page in pages {
        found.extend(replies.call(page)?.into_iter().filter(|address| !address.is_zero()));
    }
    let mut responses = Vec::with_capacity(found.len());
    for page in found.chunks(PAGE as usize) {
        let mut batch = rpc.batch();
        let slots: Vec<_> = page.iter().map(|address| response::ask_fields(&mut batch, *address)).collect();
        let replies = batch.send().await?;
        for slots in slots {
            responses.push(response::read_fields(&replies, slots)?);
        }
    }
    Ok(responses)
}

/// The confirmed response, from the chain: the winning provider's. Three requests, or one when there is none yet.
///
/// # Errors
/// [`Kind::TaskNotFound`], and those of [`Rpc`]'s reads.
pub async fn confirmed_response(rpc: &Rpc, address: Address) -> Result<Option<ResponseFields>, Error> {
    let winner = rpc.call(address, &Task::winningProviderCall {}).await.map_err(|error| task::absent(error, address))?;
    if winner.is_zero() {
        return Ok(None);
    }
    let found = rpc.call(address, &Task::responseOfCall { provider: winner }).await?;
    if found.is_zero() {
        return Ok(None);
    }
    response_fields(rpc, found).await.map(Some)
}

/// An account's native balance in wei. One request.
///
/// # Errors
/// Those of [`Rpc`]'s reads.
pub async fn balance(rpc: &Rpc, account: Address) -> Result<U256, Error> {
    let mut batch = rpc.batch();
    let place = batch.push("eth_getBalance", format!(r#"["{account:?}","latest"]"#));
    let replies = batch.send().await?;
    replies.amount(place)
}

/// An account's vault figures in wei: balance, and what it earned in all. One request.
///
/// # Errors
/// Those of [`Rpc`]'s reads.
pub async fn vault_account(rpc: &Rpc, network: &Network, account: Address) -> Result<(U256, U256), Error> {
    let mut batch = rpc.batch();
    let balance = batch.call(network.contracts.vault, &Vault::getBalanceOfCall { account });
    let earnings = batch.call(network.contracts.vault, &Vault::totalEarningsOfCall { account });
    let replies = batch.send().await?;
    Ok((replies.call(balance)?, replies.call(earnings)?))
}
