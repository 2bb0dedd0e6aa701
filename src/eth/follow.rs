//! From a hash to a receipt: what the hash names is compared with what was asked, and the wallet may have used another nonce, the user
//! may have sped the transaction up or cancelled it, somebody else may carry it out for a smart account, the node may forget it,
//! and a reorganisation may take its block back.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::call::WriteCall;
use super::depth::is_deep;
use super::quorum;
use super::replies::{Log, amount, hex_text, quantity};
use super::revert::{self, Reverted};
use super::rpc::Rpc;
use super::search::{self, ChainTransaction, Match, Place, compare};
use super::signer::{Explain, Signer, TxOptions};
use super::smart::{self, Part};
use crate::error::{Error, Kind};
use crate::io::Progress;
use crate::json::Json;

/// The first pause between two looks; each next one is half as long again, up to [`MAX_PAUSE_MS`].
pub(super) const MIN_PAUSE_MS: u64 = 250;
const MAX_PAUSE_MS: u64 = 2000;
/// After so many looks without a transaction the hash may be a smart account's name for its operation.
const PATIENCE: u32 = 3;

/// A transaction that is out, as the wallet or the chain says.
#[derive(Clone)]
pub(super) struct Sent {
    /// Its hash, or a smart account's name for it.
    pub(super) hash: B256,
    /// Where it may be found.
    pub(super) place: Place,
    /// Whether another nonce makes it useless, as when it is to take the place of a stuck one.
    pub(super) exact_nonce: bool,
}

/// A mined transaction that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction's hash.
    pub hash: B256,
    /// The block's number.
    pub block_number: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// The gas used.
    pub gas_used: u64,
    /// The price paid for each unit of gas, in wei.
    pub effective_gas_price: U256,
    /// Who sent it: for a smart account an owner or a bundler.
    pub from: Address,
    /// To whom; absent for a deployment.
    pub to: Option<Address>,
    /// The nonce really used.
    pub nonce: u64,
    /// What a deployment made.
    pub contract: Option<Address>,
    /// What the contracts logged; of a smart account's operation its own part alone.
    pub logs: Vec<Log>,
}

/// The end of a transaction that was followed.
pub(super) enum Followed {
    /// It was mined, succeeded, and is what was asked.
    Mined(Receipt),
    /// The hash names this transaction, which is not what was asked: `field` differs.
    NotOurs(Box<ChainTransaction>, &'static str),
    /// The hash names this transaction, which belongs to an equal call of this origin.
    Anothers(B256),
}

/// What one look at the chain shows.
struct Look {
    /// The receipt and whether the transaction succeeded.
    receipt: Option<(Receipt, bool)>,
    transaction: Option<ChainTransaction>,
    mined: u64,
    head: u64,
    /// The account's operations that smart accounts' contracts tell of.
    logs: Vec<Log>,
}

/// Waits for the receipt and its confirmations, `time` milliseconds for each. One HTTP request for each look; the first comes at once.
///
/// # Errors
/// [`Kind::TxRevert`] with the hash, [`Kind::TxReplaced`], [`Kind::TxReceiptTimeout`], [`Kind::TxAwaitingApproval`];
/// [`Kind::RpcDisagreement`] with the hash, when endpoints that must agree still do not when the time is up.
pub(super) async fn follow(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    sent: Sent,
    options: &TxOptions,
    time: u64,
    explain: Explain<'_>,
) -> Result<Followed, Error> {
    let clock = &rpc.io().clock;
    let mut deadline = clock.now_ms().saturating_add(time);
    let mut state = Following::new(signer, call, sent, options);
    let mut pause = MIN_PAUSE_MS;
    loop {
        // A look that began before the end, as in a page that stood still, is not the last.
        let is_last = clock.now_ms() >= deadline;
        // A node that fails now says nothing about the transaction: look again until the time is up.
        let seen = look(rpc, signer.account, &state).await;
        let disagreement = seen.as_ref().err().and_then(|error| quorum::about(error, state.hash));
        if let Ok(look) = seen {
            match state.advance(rpc, look).await? {
                Step::Wait => {}
                Step::Again => continue,
                Step::Mined => deadline = clock.now_ms().saturating_add(time),
                Step::Failed(receipt, reason) => return Err(reverted(rpc, signer.account, call, &receipt, reason, explain).await),
                Step::End(followed) => return Ok(*followed),
            }
        }
        if is_last {
            let timed_out = state.timed_out();
            return Err(disagreement.unwrap_or(timed_out));
        }
        clock.sleep(pause).await;
        pause = next_pause(pause);
    }
}

/// The pause after a look that found nothing new.
pub(super) const fn next_pause(pause: u64) -> u64 {
    let next = pause + pause / 2;
    if next < MAX_PAUSE_MS { next } else { MAX_PAUSE_MS }
}

/// What is known of a transaction that is followed.
struct Following<'a> {
    signer: &'a Signer,
    call: &'a WriteCall,
    options: &'a TxOptions,
    sent: Sent,
    hash: B256,
    /// The nonce that the transaction really has, once it was seen and found to be the call.
    nonce: Option<u64>,
    /// Looks in a row that did not show the transaction.
    unseen: u32,
    /// Looks in a row that showed the nonce mined and no receipt.
    passed: u32,
    /// The block that held it at the last look, while confirmations are waited for.
    block: Option<(u64, B256)>,
}

/// What one look leads to.
enum Step {
    /// Look again after a pause.
    Wait,
    /// Another hash is followed now: look at once.
    Again,
    /// It is in a block, and waits for confirmations.
    Mined,
    /// It was mined and failed; the reason is revert data, where the chain holds it.
    Failed(Box<Receipt>, Bytes),
    /// That is the end.
    End(Box<Followed>),
}

impl<'a> Following<'a> {
    const fn new(signer: &'a Signer, call: &'a WriteCall, sent: Sent, options: &'a TxOptions) -> Self {
        Self { signer, call, options, hash: sent.hash, sent, nonce: None, unseen: 0, passed: 0, block: None }
    }

    fn tell(&self, step: Progress) {
        (self.options.on_progress)(step);
    }

    /// Whether the account's operations are asked for: it is a contract, or the node does not know the hash.
    const fn wants_operations(&self) -> bool {
        self.sent.place.nonce.is_none() || self.unseen >= PATIENCE
    }

    async fn advance(&mut self, rpc: &Rpc, look: Look) -> Result<Step, Error> {
        let Some(transaction) = look.transaction else { return self.missing(rpc, &look).await };
        self.unseen = 0;
        let account = self.signer.account;
        match compare(&transaction, account, self.call) {
            Match::Same | Match::Inside if !self.adopts(transaction.hash).await => {
                return Ok(Step::End(Box::new(Followed::Anothers(transaction.hash))));
            }
            Match::Same | Match::Inside => self.see_nonce(transaction.nonce).await?,
            Match::Cancel => return Err(self.replaced(transaction.hash, true)),
            Match::Differs(field) => return Ok(Step::End(Box::new(Followed::NotOurs(Box::new(transaction), field)))),
            // What a bundler's transaction does for the account shows in its receipt.
            Match::Foreign => {}
        }
        let Some((mut receipt, succeeded)) = look.receipt else { return self.overtaken(rpc, look.mined, look.head).await };
        self.passed = 0;
        receipt.nonce = transaction.nonce;
        let mined = transaction.mined(succeeded, &receipt.logs);
        let part = match smart::own_transaction(account, self.call, &mined) {
            Some(Part::Done { .. } | Part::Failed { .. }) if !self.adopts(transaction.hash).await => {
                return Ok(Step::End(Box::new(Followed::Anothers(transaction.hash))));
            }
            Some(part) => part,
            None => {
                let own = self.sent.place.own_operation(account, Some(self.sent.hash), self.call, &mined).await;
                own.map_or(Part::NotOurs, |operation| smart::part_of(&operation, &mined))
            }
        };
        match part {
            Part::NotOurs => Ok(Step::End(Box::new(Followed::NotOurs(Box::new(transaction), "from")))),
            Part::Failed { reason } => {
                Ok(self.unconfirmed(rpc, &receipt, look.head).await.unwrap_or_else(|| Step::Failed(Box::new(receipt), reason)))
            }
            Part::Done { .. } if smart::is_edited(account, self.call, &mined) => {
                Err(search::mismatch(self.call, &transaction, "calldata"))
            }
            Part::Done { logs } => {
                let logs = (logs.len() < receipt.logs.len()).then(|| logs.to_vec());
                receipt.logs = logs.unwrap_or(receipt.logs);
                if let Some(step) = self.unconfirmed(rpc, &receipt, look.head).await {
                    return Ok(step);
                }
                let Receipt { hash, block_number, gas_used, .. } = receipt;
                self.tell(Progress::Mined { hash, block_number, gas_used });
                Ok(Step::End(Box::new(Followed::Mined(receipt))))
            }
        }
    }

    /// Whether a transaction is this call's, and no other's of this origin.
    async fn adopts(&self, hash: B256) -> bool {
        let Place { ticket, is_repeated, .. } = &self.sent.place;
        ticket.adopt(hash, *is_repeated).await
    }

    /// The wallet may number the transaction as it likes.
    async fn see_nonce(&mut self, used: u64) -> Result<(), Error> {
        let (None, Some(suggested)) = (self.nonce.replace(used), self.sent.place.nonce) else { return Ok(()) };
        if used != suggested {
            let (Signer { account, chain, book, .. }, ticket) = (self.signer, &self.sent.place.ticket);
            book.free(ticket.id(), chain.chain_id, *account, suggested);
            book.adopt(ticket, *account, used, self.call).await;
            self.tell(Progress::NonceIgnored { suggested, used });
            if self.sent.exact_nonce {
                // It waits behind the stuck one: following it would never end.
                let address = self.signer.account;
                return Err(Error::from(Kind::Nonce { address, tried: used, suggested, hash: Some(self.hash) }));
            }
        }
        Ok(())
    }

    /// The node does not show the transaction: not yet, no longer, or under another hash.
    async fn missing(&mut self, rpc: &Rpc, look: &Look) -> Result<Step, Error> {
        self.unseen += 1;
        if let Some((block_number, _)) = self.block.take() {
            self.tell(Progress::Reorganised { hash: self.hash, block_number });
        }
        let operations = smart::operations(self.signer.account, &look.logs);
        if let Some(operation) =
            operations.iter().find(|operation| operation.id == self.sent.hash && operation.transaction != self.hash)
        {
            self.hash = operation.transaction;
            self.tell(Progress::Sent { hash: self.hash });
            return Ok(Step::Again);
        }
        if self.unseen == PATIENCE && self.sent.place.nonce.is_none() {
            self.tell(Progress::AwaitingApproval { id: self.sent.hash });
        }
        self.overtaken(rpc, look.mined, look.head).await
    }

    /// Looks who has the nonce, when the chain's count has passed it and there is no receipt.
    async fn overtaken(&mut self, rpc: &Rpc, mined: u64, head: u64) -> Result<Step, Error> {
        if let Some((block_number, _)) = self.block.take() {
            self.tell(Progress::Reorganised { hash: self.hash, block_number });
        }
        let Some(nonce) = self.nonce.or(self.sent.place.nonce) else { return Ok(Step::Wait) };
        // The receipt and the count may come from two blocks: believe the count when it is seen twice.
        self.passed = if mined > nonce { self.passed + 1 } else { 0 };
        if self.passed < 2 {
            return Ok(Step::Wait);
        }
        let signer = self.signer;
        let account = signer.account;
        let found = search::mined(rpc, account, nonce..nonce + 1, self.sent.place.head, head).await;
        // Our own hash may be found there: mined, and its receipt not served yet.
        let Some(found) = found.ok().and_then(|mut found| found.pop()).filter(|found| found.hash != self.hash) else {
            return Ok(Step::Wait);
        };
        match compare(&found, account, self.call) {
            Match::Same | Match::Inside if self.adopts(found.hash).await => {
                self.tell(Progress::Replaced { hash: self.hash, replacement: found.hash });
                self.hash = found.hash;
                Ok(Step::Again)
            }
            // A transaction that no node has shown may have another nonce than was suggested.
            _ if self.nonce.is_none() => Ok(Step::Wait),
            // It may be the call that this one repeats, with other values.
            Match::Differs(field @ ("value" | "calldata")) if self.sent.place.is_repeated => {
                Err(search::mismatch(self.call, &found, field))
            }
            kind => Err(self.replaced(found.hash, kind == Match::Cancel)),
        }
    }

    fn replaced(&self, replacement: B256, cancelled: bool) -> Error {
        Error::from(Kind::TxReplaced { hash: self.hash, replacement, cancelled })
    }

    /// The call has succeeded or failed when enough blocks hold it: what is done until then.
    async fn unconfirmed(&mut self, rpc: &Rpc, receipt: &Receipt, head: u64) -> Option<Step> {
        let Receipt { hash, block_number, block_hash, .. } = *receipt;
        let confirmations = self.options.confirmations;
        let before = self.block.replace((block_number, block_hash));
        if let Some((block_number, _)) = before.filter(|before| before.1 != block_hash) {
            self.tell(Progress::Reorganised { hash, block_number });
        }
        if is_deep(rpc, (block_number, block_hash), head, confirmations).await.unwrap_or_default() {
            return None;
        }
        if before.is_none_or(|before| before.1 != block_hash) {
            self.tell(Progress::Confirming { hash, block_number, confirmations });
            return Some(Step::Mined);
        }
        Some(Step::Wait)
    }

    fn timed_out(&self) -> Error {
        let Signer { account: address, chain, book, .. } = self.signer;
        let hash = self.hash;
        match self.sent.place.nonce {
            None if self.unseen > 0 => return Error::from(Kind::TxAwaitingApproval { address: *address, id: self.sent.hash }),
            // The node has forgotten it, or never had it: the next write may use its nonce, and at most one of both is mined.
            Some(suggested) if self.unseen >= PATIENCE || self.nonce.is_none() => {
                book.doubt(self.sent.place.ticket.id(), chain.chain_id, *address, self.nonce.unwrap_or(suggested))
            }
            _ => {}
        }
        Error::from(Kind::TxReceiptTimeout { hash, timeout: self.options.receipt_timeout })
    }
}

async fn look(rpc: &Rpc, account: Address, state: &Following<'_>) -> Result<Look, Error> {
    let hash = state.hash;
    let mut batch = rpc.batch().decides();
    let receipt = batch.push("eth_getTransactionReceipt", format!(r#"["{hash}"]"#));
    let transaction = batch.push("eth_getTransactionByHash", format!(r#"["{hash}"]"#));
    let [mined, _, head] = search::ask_counts(&mut batch, account);
    let filters = state.wants_operations().then(|| smart::filters(account, state.sent.place.earliest()));
    let filters = filters.map(|filters| filters.map(|filter| batch.push("eth_getLogs", filter)));
    let replies = batch.send().await?;
    let named = |found: B256| {
        (found == hash).then_some(()).ok_or_else(|| Error::protocol("the transaction that was asked for", found.to_string()))
    };
    let receipt = replies.json(receipt)?.present().map(read_receipt).transpose()?;
    receipt.iter().try_for_each(|(receipt, _)| named(receipt.hash))?;
    let transaction = replies.json(transaction)?.present().map(ChainTransaction::read).transpose()?;
    transaction.iter().try_for_each(|transaction| named(transaction.hash))?;
    Ok(Look {
        receipt,
        transaction,
        mined: replies.quantity(mined)?,
        head: replies.quantity(head)?,
        logs: filters.map(|filters| search::operation_logs(&replies, filters)).unwrap_or_default(),
    })
}

pub(super) fn read_receipt(wire: Json<'_>) -> Result<(Receipt, bool), Error> {
    let [hash, block_number, block_hash, gas_used] = wire.fields(["transactionHash", "blockNumber", "blockHash", "gasUsed"]);
    let [price, from, to, contract, status, logs] =
        wire.fields(["effectiveGasPrice", "from", "to", "contractAddress", "status", "logs"]);
    let receipt = Receipt {
        hash: hex_text(hash, "a transaction hash")?,
        block_number: quantity(block_number)?,
        block_hash: hex_text(block_hash, "a block hash")?,
        gas_used: quantity(gas_used)?,
        effective_gas_price: price.map_or(Ok(U256::ZERO), |price| amount(Some(price)))?,
        from: hex_text(from, "an address")?,
        to: to.map(|to| hex_text(Some(to), "an address")).transpose()?,
        nonce: 0,
        contract: contract.map(|made| hex_text(Some(made), "an address")).transpose()?,
        logs: logs.into_iter().flat_map(Log::list).collect::<Result<_, _>>()?,
    };
    Ok((receipt, quantity(status)? == 1))
}

/// Why a mined transaction failed: what the chain holds, else the same call on the state before its block, and where it passes
/// there, as for one that lost a race within its block, on the state after it.
async fn reverted(
    rpc: &Rpc,
    account: Address,
    call: &WriteCall,
    receipt: &Receipt,
    reason: Bytes,
    explain: Explain<'_>,
) -> Error {
    let found = if reason.is_empty() {
        let mut batch = rpc.batch();
        for block in [receipt.block_number.saturating_sub(1), receipt.block_number] {
            batch.push_transaction("eth_call", account, call, format!(r#"}},"0x{block:x}"]"#));
        }
        let replies = batch.send().await.ok();
        replies.and_then(|replies| (0..2).find_map(|at| replies.raw(at).err().and_then(revert::from_fault)))
    } else {
        Some(revert::decode(reason, ""))
    };
    failure(receipt.hash, found, explain).await
}

/// The error of a mined call that failed, and why, where that was found.
pub(super) async fn failure(hash: B256, found: Option<Reverted>, explain: Explain<'_>) -> Error {
    let hash = Some(hash);
    match found {
        // What `explain` finds is worth more than a class that says "nothing was sent": keep its words, add the hash.
        Some(reverted) => {
            let data = reverted.data.clone();
            let reason = reverted.reason.clone();
            let reason = match explain(reverted).await.into_kind() {
                Kind::TxRevert { reason, .. } | Kind::ContractPanic { reason, .. } => reason,
                named => format!("{reason} ({})", named.code()),
            };
            Error::from(Kind::TxRevert { reason, data, hash })
        }
        None => Error::from(Kind::TxRevert { reason: "no reason given".to_owned(), data: Bytes::new(), hash }),
    }
}
