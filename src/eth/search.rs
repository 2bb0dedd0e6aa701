//! What the chain holds of an account from a nonce on: who used it, and whether it is our call.
//!
//! A wallet may number a transaction as it likes, its user may edit, speed up or cancel it, and a smart account carries the
//! call inside another transaction. So a transaction is known by its fields, never by the words of the one who sent it.
//!
//! A nonce's block is found by the account's count at earlier blocks (`eth_getTransactionCount` with a block number),
//! sixteen at once; a node that has no such state left is read block by block.

use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};

use super::call::WriteCall;
use super::nonce::Ticket;
use super::replies::{Log, Replies, amount, hex_text, quantity};
use super::rpc::{Batch, Rpc};
use super::smart::{self, Mined, Operation};
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
    /// What it calls.
    pub(super) fn call(&self) -> WriteCall {
        WriteCall { to: self.to, data: self.input.clone(), value: self.value }
    }

    /// The same, once it is mined.
    pub(super) fn mined<'a>(&'a self, succeeded: bool, logs: &'a [Log]) -> Mined<'a> {
        Mined { from: self.from, to: self.to, value: self.value, input: &self.input, succeeded, logs }
    }

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

/// How many blocks below the head at which its wallet was asked a reorganisation may put a transaction.
const REORGANISED: u64 = 64;

/// Where a write may be found on chain, and whose it is.
#[derive(Clone)]
pub(super) struct Place {
    /// The call that looks.
    pub(super) ticket: Rc<Ticket>,
    /// The nonce that was suggested; none for a contract account.
    pub(super) nonce: Option<u64>,
    /// The caller named the nonce, as for a call that repeats one whose fate is unknown: what has it may be that one, with other values.
    pub(super) is_repeated: bool,
    /// The least nonce that was free before the wallet was asked.
    pub(super) lowest: u64,
    /// The least nonce that the wallet may have used: one that numbers by itself may replace what was pending.
    pub(super) floor: u64,
    /// The newest block before the wallet was asked.
    pub(super) head: u64,
    /// The operations of a contract account that were there before the wallet was asked.
    pub(super) before: Before,
}

impl Place {
    /// The first block that may hold what was sent.
    pub(super) const fn earliest(&self) -> u64 {
        self.head.saturating_sub(REORGANISED)
    }

    /// The operation of the account that is this call's, and of no other call of this origin; `id` is what the wallet called it.
    pub(super) async fn own_operation(
        &self,
        account: Address,
        id: Option<B256>,
        call: &WriteCall,
        mined: &Mined<'_>,
    ) -> Option<Operation> {
        let mut taken = Vec::new();
        loop {
            let operation = smart::own_operation(account, id, &taken, call, mined)?;
            if self.ticket.adopt(operation.id, self.is_repeated).await {
                return Some(operation);
            }
            taken.push(operation.id);
        }
    }

    /// The first block that may hold an operation of the account that was not there before.
    pub(super) fn first_block(&self) -> u64 {
        self.before.0.as_ref().map_or(self.head, |_| self.earliest())
    }
}

/// The operations of a contract account in the newest blocks, by their own names; absent where they are not known. A contract has no nonce
/// that tells an older operation from one which a reorganisation has put into an older block.
#[derive(Clone, Default)]
pub(super) struct Before(Option<Rc<[B256]>>);

impl Before {
    /// Reads them. One HTTP request.
    pub(super) async fn read(rpc: &Rpc, account: Address, head: u64) -> Self {
        let mut batch = rpc.batch().decides();
        let places = smart::filters(account, head.saturating_sub(REORGANISED)).map(|filter| batch.push("eth_getLogs", filter));
        let Ok(replies) = batch.send().await else { return Self::default() };
        if places.into_iter().any(|place| replies.raw(place).is_err()) {
            return Self::default();
        }
        let operations = smart::operations(account, &operation_logs(&replies, places));
        Self(Some(operations.iter().map(|operation| operation.id).collect()))
    }

    pub(super) fn contains(&self, id: B256) -> bool {
        self.0.as_ref().is_some_and(|before| before.contains(&id))
    }
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

/// The account's transactions with these nonces, all of them mined. One that a node does not show is left out. `asked` is the newest block
/// before the first of them was asked for.
pub(super) async fn mined(
    rpc: &Rpc,
    account: Address,
    nonces: std::ops::Range<u64>,
    asked: u64,
    head: u64,
) -> Result<Vec<ChainTransaction>, Error> {
    let mut found = Vec::new();
    let mut low = asked.saturating_sub(REORGANISED);
    for nonce in nonces.clone().take(usize::try_from(MAX_NONCES).unwrap_or_default()) {
        let (start, end) = narrow(rpc, account, nonce, low, head).await;
        low = start;
        let mut next = end.saturating_sub(MAX_SCAN).max(start) + 1;
        while next <= end {
            let last = end.min(next.saturating_add(STEP - 1));
            let transactions = of_account(rpc, account, next, last).await?;
            if let Some(transaction) = transactions.into_iter().find(|transaction| transaction.nonce == nonce) {
                found.push(transaction);
                break;
            }
            let Some(after) = last.checked_add(1) else { break };
            next = after;
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
