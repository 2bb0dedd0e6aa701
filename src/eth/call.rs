//! What to send to a contract, as a value: target, calldata and value. It sends nothing.

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;

/// A call that changes the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WriteCall {
    /// The contract; none for a deployment.
    pub to: Option<Address>,
    /// The calldata.
    pub data: Bytes,
    /// The native amount that goes with it, in wei.
    pub value: U256,
}

impl WriteCall {
    /// A call without value.
    pub fn new(to: Address, call: &impl SolCall) -> Self {
        Self::raw(to, call.abi_encode())
    }

    /// Calldata that was laid out elsewhere, without value.
    pub fn raw(to: Address, data: impl Into<Bytes>) -> Self {
        Self { to: Some(to), data: data.into(), value: U256::ZERO }
    }

    /// A deployment: creation code and the constructor's arguments, without value.
    pub fn deploy(data: impl Into<Bytes>) -> Self {
        Self { to: None, data: data.into(), value: U256::ZERO }
    }

    /// The same call with `value` wei.
    #[must_use]
    pub fn with_value(mut self, value: U256) -> Self {
        self.value = value;
        self
    }
}
