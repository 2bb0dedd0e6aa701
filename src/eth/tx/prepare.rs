//! What the chain says before the wallet is asked: one batch.

use alloy_primitives::hex;

use super::super::call::WriteCall;
use super::super::funds::insufficient_funds;
use super::super::revert;
use super::super::rpc::Rpc;
use super::super::search::ask_counts;
use super::super::signer::{Explain, Gas, Signer};
use super::super::smart;
use crate::error::{Error, Kind, Said};

/// Calldata from so many bytes on is heavy.
const HEAVY: usize = 64 << 10;

/// How an account sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Account {
    /// By a key: its transactions are numbered, though a bundler may carry its operations too.
    Key,
    /// By a contract: somebody else sends the transaction, and its nonce means nothing to the account.
    Contract,
}

/// What the chain says before the wallet is asked.
pub(super) struct Prepared {
    pub(super) gas: u64,
    /// The account's next nonce, as the node sees it.
    pub(super) pending: u64,
    /// How many of its transactions are mined.
    pub(super) mined: u64,
    pub(super) block: u64,
    pub(super) account: Account,
}

pub(super) async fn prepare(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    gas: Gas,
    explain: Explain<'_>,
) -> Result<Prepared, Error> {
    let mut batch = rpc.batch().decides();
    // A node may simulate with less gas than is offered later.
    let limit = if let Gas::Fixed(gas) = gas { format!(r#","gas":"0x{gas:x}""#) } else { String::new() };
    let estimated = match gas {
        Gas::Estimate { .. } => Some(batch.push_transaction("eth_estimateGas", signer.account, call, "}]")),
        Gas::Fixed(_) => None,
    };
    // An estimate is a simulation too; calldata of some size is not sent twice for it.
    let heavy = call.data.len() > HEAVY && matches!(gas, Gas::Estimate { fallback: None, .. });
    let simulated = (!heavy).then(|| batch.push_transaction("eth_call", signer.account, call, format!(r#"{limit}}},"latest"]"#)));
    let [mined, pending, block] = ask_counts(&mut batch, signer.account);
    let code = batch.push("eth_getCode", format!(r#"["{:?}","latest"]"#, signer.account));
    let replies = batch.send().await?;
    let fallback = if let Gas::Estimate { fallback, .. } = gas { fallback } else { None };
    // With a fallback the simulation alone decides.
    for index in [simulated, estimated.filter(|_| fallback.is_none())].into_iter().flatten() {
        if let Err(fault) = replies.raw(index) {
            // Insufficient funds is no revert, though some nodes give it the same number.
            if fault.message.to_ascii_lowercase().contains("insufficient funds") {
                return Err(insufficient_funds(rpc, signer.account, call.value, &fault.message).await);
            }
            if let Some(reverted) = revert::from_fault(fault) {
                return Err(explain(reverted).await);
            }
            let said = Said { code: Some(fault.code), message: fault.message.clone(), cause: None };
            return Err(Error::from(Kind::TxRpc { reason: fault.message.clone(), said }));
        }
    }
    let gas = match (estimated.map(|index| replies.quantity(index)), fallback) {
        (None, _) => gas.of(0),
        (Some(Ok(estimate)), _) => gas.of(estimate),
        (Some(Err(_)), Some(fallback)) => fallback,
        (Some(Err(error)), None) => return Err(error),
    };
    let code = hex::decode(replies.json(code)?.plain().unwrap_or_default()).unwrap_or_default();
    let account = if smart::has_key(&code) { Account::Key } else { Account::Contract };
    Ok(Prepared {
        gas,
        // A node never has fewer than it has mined, whatever its pool says.
        pending: replies.quantity(pending)?.max(replies.quantity(mined)?),
        mined: replies.quantity(mined)?,
        block: replies.quantity(block)?,
        account,
    })
}
