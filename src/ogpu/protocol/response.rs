//! `Response`: one contract for each answer.

use alloy_primitives::Address;

use super::abi::Response;
use super::absent;
use super::task::seconds;
use crate::error::{Error, Kind};
use crate::eth::replies::Replies;
use crate::eth::rpc::{Batch, Slot};
use crate::ogpu::types::{ResponseFields, ResponseStatus};

/// The places of a response's fields in a batch.
pub struct FieldSlots {
    address: Address,
    params: Slot<Response::getResponseParamsCall>,
    status: Slot<Response::getStatusCall>,
    timestamp: Slot<Response::responseTimestampCall>,
    confirmed: Slot<Response::confirmedFinalCall>,
}

/// Asks for every field.
pub fn ask_fields(batch: &mut Batch<'_>, address: Address) -> FieldSlots {
    FieldSlots {
        address,
        params: batch.call(address, &Response::getResponseParamsCall {}),
        status: batch.call(address, &Response::getStatusCall {}),
        timestamp: batch.call(address, &Response::responseTimestampCall {}),
        confirmed: batch.call(address, &Response::confirmedFinalCall {}),
    }
}

/// Reads what [`ask_fields`] asked for.
///
/// # Errors
/// [`Kind::ResponseNotFound`] when no response lives there, [`Kind::Rpc`] and [`Kind::Protocol`] otherwise.
pub fn read_fields(replies: &Replies, slots: FieldSlots) -> Result<ResponseFields, Error> {
    let address = slots.address;
    let params = replies.call(slots.params).map_err(|error| absent(error, Kind::ResponseNotFound { address }))?;
    Ok(ResponseFields {
        address,
        task: params.task,
        provider: params.provider,
        data: params.data,
        payment: params.payment,
        status: ResponseStatus::try_from(replies.call(slots.status)?)?,
        timestamp: seconds(replies.call(slots.timestamp)?),
        confirmed: replies.call(slots.confirmed)?,
    })
}
