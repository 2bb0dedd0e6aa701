//! `Controller`: publishes and cancels tasks, confirms responses.

use alloy_primitives::{Address, U256};

use super::abi::Controller;
use crate::eth::call::WriteCall;
use crate::ogpu::types::TaskInfo;

/// `publishTask`. It is not payable: the payment is frozen out of the client's vault balance.
pub fn publish_task(controller: Address, info: &TaskInfo, config_url: String) -> WriteCall {
    let params = Controller::TaskParams {
        source: info.source,
        config: config_url,
        expiryTime: U256::from(info.expiry_time),
        payment: info.payment,
    };
    WriteCall::new(controller, &Controller::publishTaskCall { _taskParams: params })
}
