//! What the chain holds of an account from a nonce on: who used it, and whether it is our call.
//!
//! A wallet may number a transaction as it likes, its user may edit, speed up or cancel it, and a smart account carries the
//! call inside another transaction. So a transaction is known by its fields, never by the words of the one who sent it.
//!
//! A nonce's block is found by the account's count at earlier blocks (`eth_getTransactionCount` with a block number),
//! sixteen at once; a node that has no such state left is read block by block.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::call::WriteCall;
use super::replies::{Log, Replies, amount, hex_text, quantity};
use super::rpc::{Batch, Rpc};
use super::smart;
use crate::error::{Error, Kind, clip};
use crate::json::Json;

/// Blocks, or counts at blocks, that are asked for in one request.
const STEP: u64 = 16;
/// Blocks that are read one by one where a node has no earlier state: the newest of them.
const MAX_SCAN: u64 = 256;
/// Nonces that are looked at one by one; an account that has used more since then is a busy one.
const MAX_NONCES: u64 = 64;

/// A transaction as a node shows it.
#[derive(Clone, Debug)]
pub(super) struct ChainTransaction {
    pub(super) hash: B256,
    pub(super) from: Address,
    pub(super) to: Option<Address>,
    pub(super) nonce: u64,
    pub(super) value: U256,
    pub(super) input: Bytes,
}

impl ChainTransaction {
    pub(super) fn read(wire: Json<'_>) -> Result<Self, Error> {
        let [hash, from, to, nonce, value, input] = wire.fields(["hash", "from", "to", "nonce", "value", "input"]);
        Ok(Self {
            hash: hex_text(hash, "a transaction hash")?,
            from: hex_text(from, "an address")?,
            to: to.map(|to| hex_text(Some(to), "an address")).transpose()?,
            nonce: quantity(nonce)?,
            value: amount(value)?,
            input: hex_text(input, "calldata")?,
        })
    }
}

/// Where a write may be found on chain.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    /// The nonce that was suggested; none for a contract account.
    pub(super) nonce: Option<u64>,
    /// The caller named the nonce, as for a call that repeats one whose fate is unknown: what has it may be that one, with other values.
    pub(super) is_repeated: bool,
    /// The least nonce that the wallet may have used.
    pub(super) lowest: u64,
    /// The newest block before the wallet was asked.
    pub(super) from_block: u64,
}

/// What a transaction is to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Match {
    /// The call itself: same target, value and calldata.
    Same,
    /// The account carries the call inside the transaction: it calls itself (EIP-7702).
    Inside,
    /// A transfer of nothing to oneself, as wallets make it to cancel.
    Cancel,
    /// The account's own, but this field is not what was asked.
    Differs(&'static str),
    /// Sent by another account. It may still carry an operation of ours.
    Foreign,
}

/// Compares field by field.
pub(super) fn compare(transaction: &ChainTransaction, account: Address, call: &WriteCall) -> Match {
    if transaction.from != account {
        return Match::Foreign;
    }
    let differs = if transaction.to != call.to {
        "to"
    } else if transaction.value != call.value {
        "value"
    } else if transaction.input != call.data {
        "calldata"
    } else {
        return Match::Same;
    };
    if transaction.to != Some(account) {
        return Match::Differs(differs);
    }
    if transaction.input.is_empty() && transaction.value.is_zero() {
        Match::Cancel
    } else if smart::contains_call(&transaction.input, account, call) {
        Match::Inside
    } else {
        Match::Differs(differs)
    }
}

/// What was sent in place of the call: `field` differs.
pub(super) fn mismatch(call: &WriteCall, sent: &ChainTransaction, field: &'static str) -> Error {
    let to = |to: Option<Address>| to.map_or_else(|| "a deployment".to_owned(), |to| to.to_string());
    let wei = |value: U256| [&value.to_string(), " wei"].concat();
    let (asked, found) = match field {
        "to" => (to(call.to), to(sent.to)),
        "value" => (wei(call.value), wei(sent.value)),
        _ => (clip(&call.data.to_string()), clip(&sent.input.to_string())),
    };
    Error::from(Kind::TxMismatch { hash: sent.hash, field, asked, found })
}

/// Asks how far the chain has come for an account: its mined transactions, its mined and pending ones as the node sees them, and the
/// newest block. The places of the answers.
pub(super) fn ask_counts(batch: &mut Batch<'_>, account: Address) -> [usize; 3] {
    [
        batch.push("eth_getTransactionCount", format!(r#"["{account:?}","latest"]"#)),
        batch.push("eth_getTransactionCount", format!(r#"["{account:?}","pending"]"#)),
        batch.push("eth_blockNumber", "[]"),
    ]
}

/// The account's transactions with the nonces from `first` to `end`, `end` not included, all of them mined. One that a node does
/// not show is left out.
pub(super) async fn mined(
    rpc: &Rpc,
    account: Address,
    nonces: std::ops::Range<u64>,
    from_block: u64,
    head: u64,
) -> Result<Vec<ChainTransaction>, Error> {
    let mut found = Vec::new();
    let mut low = from_block.saturating_sub(1);
    for nonce in nonces.clone().take(usize::try_from(MAX_NONCES).unwrap_or_default()) {
        let (start, end) = narrow(rpc, account, nonce, low, head).await;
        low = start;
        let mut next = end.saturating_sub(MAX_SCAN).max(start) + 1;
        while next <= end {
            let last = end.min(next + STEP - 1);
            let transactions = of_account(rpc, account, next, last).await?;
            if let Some(transaction) = transactions.into_iter().find(|transaction| transaction.nonce == nonce) {
                found.push(transaction);
                break;
            }
            next = last + 1;
        }
    }
    Ok(found)
}

/// The blocks after the first and up to the second hold the account's transaction with `nonce`, as far as the node can tell.
async fn narrow(rpc: &Rpc, account: Address, nonce: u64, mut low: u64, mut high: u64) -> (u64, u64) {
    while high.saturating_sub(low) > STEP {
        let width = (high - low).div_ceil(STEP);
        let mut batch = rpc.batch().decides();
        let marks: Vec<u64> = (1..STEP).map(|at| low + at * width).take_while(|mark| *mark < high).collect();
        for mark in &marks {
            batch.push("eth_getTransactionCount", format!(r#"["{account:?}","0x{mark:x}"]"#));
        }
        let Ok(replies) = batch.send().await else { break };
        let before = (low, high);
        for (at, mark) in marks.into_iter().enumerate() {
            match replies.quantity(at) {
                Ok(count) if count <= nonce => low = low.max(mark),
                Ok(_) => {
                    high = mark;
                    break;
                }
                // The state of that block is gone.
                Err(_) => {}
            }
        }
        if (low, high) == before || low >= high {
            return before;
        }
    }
    (low, high)
}

async fn of_account(rpc: &Rpc, account: Address, first: u64, last: u64) -> Result<Vec<ChainTransaction>, Error> {
    let mut batch = rpc.batch().decides();
    for block in first..=last {
        batch.push("eth_getBlockByNumber", format!(r#"["0x{block:x}",true]"#));
    }
    let replies = batch.send().await?;
    let mut found = Vec::new();
    for index in 0..usize::try_from(last + 1 - first).unwrap_or_default() {
        found.extend(in_block(replies.json(index)?, account)?);
    }
    Ok(found)
}

/// The account's transactions in a block with full transactions.
pub(super) fn in_block(block: Json<'_>, account: Address) -> Result<Vec<ChainTransaction>, Error> {
    let transactions = block.get("transactions").into_iter().flat_map(Json::elements);
    // Others' calldata may be large: their sender alone is read.
    let own = transactions
        .filter(|transaction| hex_text::<Address>(transaction.get("from"), "an address").is_ok_and(|from| from == account));
    own.map(ChainTransaction::read).collect()
}

/// The logs that the two requests of [`smart::filters`] found. A node that refuses such a search knows of none.
pub(super) fn operation_logs(replies: &Replies, places: [usize; 2]) -> Vec<Log> {
    let lists = places.into_iter().filter_map(|at| replies.json(at).ok());
    lists.flat_map(Log::list).filter_map(Result::ok).collect()
}
