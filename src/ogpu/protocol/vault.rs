//! `Vault`: balances, stake, escrow.

use alloy_primitives::{Address, U256};

use super::abi::Vault;
use crate::eth::call::WriteCall;

/// `deposit`: moves native currency of the sender into `account`'s balance.
pub fn deposit(vault: Address, account: Address, amount: U256) -> WriteCall {
    WriteCall::new(vault, &Vault::depositCall { account }).with_value(amount)
}

/// `withdraw`: moves the sender's balance back to native currency.
pub fn withdraw(vault: Address, amount: U256) -> WriteCall {
    WriteCall::new(vault, &Vault::withdrawCall { amount })
}
