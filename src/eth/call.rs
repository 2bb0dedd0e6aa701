//! What to send to a contract, as a value: target, calldata and value. It sends nothing.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;

/// A call that changes the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteCall {
    /// The contract.
    pub to: Address,
    /// The calldata.
    pub data: Bytes,
    /// The native amount that goes with it, in wei.
    pub value: U256,
}

impl WriteCall {
    /// A call without value.
    pub fn new(to: Address, call: &impl SolCall) -> Self {
        Self { to, data: call.abi_encode().into(), value: U256::ZERO }
    }

    /// The same call with `value` wei.
    #[must_use]
    pub fn with_value(mut self, value: U256) -> Self {
        self.value = value;
        self
    }
}
