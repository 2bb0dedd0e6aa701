//! `Task`: one contract for each job. A snapshot is one batch.

use alloy_primitives::{Address, U256};

use super::abi::Task;
use crate::error::{Error, Kind};
use crate::eth::replies::Replies;
use crate::eth::rpc::{Batch, Slot};
use crate::ogpu::types::{DeliveryMethod, TaskSnapshot, TaskStatus};

/// The places of a snapshot's parts in a batch.
pub struct SnapshotSlots {
    params: Slot<Task::taskParamsCall>,
    status: Slot<Task::getStatusCall>,
    delivery: Slot<Task::getDeliveryMethodCall>,
    attempts: Slot<Task::getAttemptCountCall>,
    winner: Slot<Task::winningProviderCall>,
}

/// Asks for everything that a task tells.
pub fn ask_snapshot(batch: &mut Batch<'_>, task: Address) -> SnapshotSlots {
    SnapshotSlots {
        params: batch.call(task, &Task::taskParamsCall {}),
        status: batch.call(task, &Task::getStatusCall {}),
        delivery: batch.call(task, &Task::getDeliveryMethodCall {}),
        attempts: batch.call(task, &Task::getAttemptCountCall {}),
        winner: batch.call(task, &Task::winningProviderCall {}),
    }
}

/// Reads what [`ask_snapshot`] asked for.
///
/// # Errors
/// [`Kind::TaskNotFound`] when no task lives there, [`Kind::Rpc`] and [`Kind::Protocol`] otherwise.
pub fn read_snapshot(replies: &Replies, slots: SnapshotSlots, address: Address) -> Result<TaskSnapshot, Error> {
    let params = replies.call(slots.params).map_err(|error| absent(error, address))?;
    let winner = replies.call(slots.winner).map_err(|error| absent(error, address))?;
    Ok(TaskSnapshot {
        address,
        source: params.source,
        status: TaskStatus::try_from(replies.call(slots.status)?)?,
        config: params.config,
        payment: params.payment,
        expiry_time: seconds(params.expiryTime),
        delivery_method: DeliveryMethod::try_from(replies.call(slots.delivery)?)?,
        attempt_count: count(replies.call(slots.attempts)?)?,
        winning_provider: (!winner.is_zero()).then_some(winner),
    })
}

/// Whatever else answers a getter of a task is no task.
pub fn absent(error: Error, address: Address) -> Error {
    super::absent(error, Kind::TaskNotFound { address })
}

/// A count that fits the machine.
///
/// # Errors
/// [`Kind::Protocol`].
pub fn count(value: U256) -> Result<u64, Error> {
    u64::try_from(value).map_err(|_| Error::protocol("a count below 2^64", value.to_string()))
}

/// A time; one beyond the end of time is the end of time.
pub fn seconds(value: U256) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
