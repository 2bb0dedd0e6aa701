//! What an account lacks when a node says "insufficient funds": in the node's words there are other numbers each time, or none.

use alloy_primitives::{Address, U256};

use super::rpc::Rpc;
use crate::error::{Error, Kind, clip};

/// The failure of a transaction that `account` cannot pay for, with `value` wei that go with it beside its gas. `said` is the
/// node's text. One HTTP request; where it fails, the text alone is told.
pub async fn insufficient_funds(rpc: &Rpc, account: Address, value: U256, said: &str) -> Error {
    let mut batch = rpc.batch();
    let balance = batch.push("eth_getBalance", format!(r#"["{account:?}","latest"]"#));
    let available = batch.send().await.and_then(|replies| replies.amount(balance)).ok();
    Kind::Gas { reason: clip(said), required: Some(value), available }.into()
}
