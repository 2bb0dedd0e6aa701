//! What the chain shows of a batch, whatever the wallet says of it.

use alloy_primitives::{B256, Bytes};

use super::super::call::WriteCall;
use super::super::follow::{Receipt, read_receipt};
use super::super::replies::Log;
use super::super::rpc::Rpc;
use super::super::search::{ChainTransaction, Place, ask_counts, mined, operation_logs};
use super::super::signer::Signer;
use super::super::smart::{self, Mined, Part, own_part};
use crate::error::Error;
use crate::json::Json;

/// The most transactions that are looked at beside those that the wallet names.
const MAX_FOUND: usize = 64;

/// Looks for a batch on the chain: among the transactions that the wallet names, the operations of the account's code, and the
/// transactions that the account sends itself.
pub(super) struct Search<'a> {
    rpc: &'a Rpc,
    signer: &'a Signer,
    calls: &'a [WriteCall],
    /// The nonce that the batch is expected to have; none for a contract, which sends no transactions itself.
    pub(super) nonce: Option<u64>,
    /// Where the batch may be found, and whose it is.
    place: Place,
    /// The batch's id, where it has the form of a hash: it may be the operation's, or the transaction's.
    id: Option<B256>,
    /// The transactions that hold the batch by the wallet's word.
    pub(super) named: Vec<B256>,
    /// Others that may.
    found: Vec<B256>,
    /// The account's transactions below this nonce are among them.
    next: u64,
    /// How many transactions of the account are mined.
    pub(super) count: u64,
    /// Those that hold a call, and whether they are this batch's.
    claimed: Vec<(B256, bool)>,
}

/// What one look shows.
#[derive(Default)]
pub(super) struct Seen {
    /// The newest block.
    pub(super) head: u64,
    /// How many of the calls succeeded.
    pub(super) done: usize,
    /// How many failed.
    pub(super) failed: usize,
    /// The transactions in which a call succeeded, with the logs of the account's own operations alone.
    pub(super) receipts: Vec<Receipt>,
    /// The first failure.
    pub(super) failure: Option<Failure>,
    /// All transactions that the wallet names are mined.
    pub(super) settled: bool,
    /// One of them that did nothing for any of the calls.
    pub(super) stray: Option<Stray>,
    /// Something of the account has happened since the wallet was asked, or is under way.
    pub(super) moved: bool,
}

/// A transaction in which a call failed.
pub(super) struct Failure {
    pub(super) hash: B256,
    /// The number and the hash of its block.
    pub(super) block: (u64, B256),
    /// Its revert data.
    pub(super) reason: Bytes,
}

/// A mined transaction that holds the batch by the wallet's word alone.
#[derive(Clone, Copy)]
pub(super) struct Stray {
    pub(super) hash: B256,
    /// Its receipt's status.
    pub(super) succeeded: bool,
    /// Whether the account sent it, or one of its operations is in it.
    pub(super) own: bool,
}

/// A mined transaction with its receipt.
struct Transaction {
    sent: ChainTransaction,
    receipt: Receipt,
    succeeded: bool,
}

impl<'a> Search<'a> {
    pub(super) fn new(rpc: &'a Rpc, signer: &'a Signer, calls: &'a [WriteCall], place: Place) -> Self {
        let (named, found, claimed) = Default::default();
        Self { rpc, signer, calls, nonce: place.nonce, id: None, named, found, next: place.lowest, count: 0, claimed, place }
    }

    /// The wallet's word: the batch's id, and the transactions that it is in.
    pub(super) fn told(&mut self, id: Option<B256>, hashes: Vec<B256>) {
        self.id = id.or(self.id);
        if !hashes.is_empty() {
            // A transaction that was replaced has another hash from then on.
            self.named = hashes;
        }
    }

    /// Looks once. One HTTP request, one for the transactions that may hold the batch, and a few when the account has sent
    /// something since the last look.
    ///
    /// # Errors
    /// As [`Rpc`]'s reads. A transaction that a node does not answer in the right shape is left out: the next look asks again.
    pub(super) async fn look(&mut self) -> Result<Seen, Error> {
        let account = self.signer.account;
        let mut batch = self.rpc.batch().decides();
        let filters = smart::filters(account, self.place.first_block()).map(|filter| batch.push("eth_getLogs", filter));
        let [latest, pending, head] = ask_counts(&mut batch, account);
        let replies = batch.send().await?;
        let mut seen = Seen { head: replies.quantity(head)?, ..Seen::default() };
        for operation in smart::operations(account, &operation_logs(&replies, filters)) {
            if !self.place.before.contains(operation.id) {
                seen.moved = true;
                self.add(operation.transaction);
            }
        }
        if self.nonce.is_some() {
            let (latest, pending) = (replies.quantity(latest)?, replies.quantity(pending)?);
            self.count = latest;
            seen.moved |= latest.max(pending) > self.place.lowest;
            for transaction in mined(self.rpc, account, self.next..latest, self.place.head, seen.head).await? {
                self.add(transaction.hash);
                self.next += u64::from(transaction.nonce == self.next);
            }
        }
        let mined = self.read().await?;
        // A node that gives a receipt may have counted before.
        let own = mined.iter().filter(|transaction| transaction.sent.from == account);
        self.count = own.fold(self.count, |count, transaction| count.max(transaction.sent.nonce.saturating_add(1)));
        let is_mined = |hash: &B256| mined.iter().any(|transaction| transaction.sent.hash == *hash);
        if !self.found.iter().all(is_mined) {
            // A reorganisation may have put another in its place.
            self.next = self.place.lowest;
        }
        seen.settled = !self.named.is_empty() && self.named.iter().all(is_mined);
        self.judge(&mined, &mut seen).await;
        Ok(seen)
    }

    fn add(&mut self, hash: B256) {
        if !self.found.contains(&hash) && self.found.len() < MAX_FOUND {
            self.found.push(hash);
        }
    }

    /// Those that are mined of all that may hold the batch. A wallet may name an older transaction that looks the same: it is left
    /// out.
    async fn read(&self) -> Result<Vec<Transaction>, Error> {
        let others = self.found.iter().chain(&self.id).filter(|hash| !self.named.contains(hash));
        let candidates: Vec<&B256> = self.named.iter().chain(others).collect();
        if candidates.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = self.rpc.batch().decides();
        for hash in &candidates {
            batch.push("eth_getTransactionReceipt", format!(r#"["{hash}"]"#));
            batch.push("eth_getTransactionByHash", format!(r#"["{hash}"]"#));
        }
        let replies = batch.send().await?;
        let present = |index: usize| replies.raw(index).ok().and_then(Json::present);
        let read = |(at, hash): (usize, &B256)| {
            let (receipt, succeeded) = read_receipt(present(2 * at)?).ok()?;
            let sent = ChainTransaction::read(present(2 * at + 1)?).ok()?;
            let named = receipt.hash == *hash && sent.hash == *hash;
            named.then(|| Transaction { receipt: Receipt { nonce: sent.nonce, ..receipt }, sent, succeeded })
        };
        Ok(candidates.into_iter().enumerate().filter_map(read).collect())
    }

    /// What a transaction did for each call.
    fn parts<'b>(&self, transaction: &'b Transaction) -> Vec<Part<'b>> {
        let Transaction { sent, receipt, succeeded } = transaction;
        let own = sent.from == self.signer.account;
        let operations = smart::operations(self.signer.account, &receipt.logs);
        // One that was pending may have been replaced by the batch. An operation with the batch's own id may have been put into an older
        // block by a reorganisation.
        let is_older = match own {
            true => sent.nonce < self.place.lowest && receipt.block_number <= self.place.head,
            false if operations.iter().any(|one| Some(one.id) == self.id) => receipt.block_number < self.place.earliest(),
            false => receipt.block_number < self.place.first_block(),
        };
        if is_older || operations.iter().any(|one| self.place.before.contains(one.id)) {
            return Vec::new();
        }
        let (succeeded, logs) = (*succeeded, receipt.logs.as_slice());
        let mined = Mined { from: sent.from, to: sent.to, value: sent.value, input: &sent.input, succeeded, logs };
        self.calls.iter().map(|call| own_part(self.signer.account, self.id, call, &mined)).collect()
    }

    async fn judge(&mut self, mined: &[Transaction], seen: &mut Seen) {
        let mut done = vec![false; self.calls.len()];
        let mut failed = vec![false; self.calls.len()];
        for transaction in mined {
            let Receipt { hash, block_number, block_hash, .. } = transaction.receipt;
            let parts = self.parts(transaction);
            if parts.iter().all(|part| *part == Part::NotOurs) {
                if self.named.contains(&hash) {
                    let own = transaction.sent.from == self.signer.account
                        || !smart::operations(self.signer.account, &transaction.receipt.logs).is_empty();
                    seen.stray = Some(Stray { hash, succeeded: transaction.succeeded, own });
                }
                continue;
            }
            if !self.claim(transaction, &parts).await {
                continue;
            }
            let mut own_logs: Vec<&[Log]> = Vec::new();
            for ((part, done), failed) in parts.into_iter().zip(&mut done).zip(&mut failed) {
                match part {
                    Part::NotOurs => {}
                    Part::Done { logs } => {
                        *done = true;
                        if !own_logs.iter().any(|known| std::ptr::eq(*known, logs)) {
                            own_logs.push(logs);
                        }
                    }
                    Part::Failed { reason } => {
                        *failed = true;
                        seen.failure.get_or_insert(Failure { hash, block: (block_number, block_hash), reason });
                    }
                }
            }
            if !own_logs.is_empty() {
                seen.receipts.push(Receipt { logs: own_logs.concat(), ..transaction.receipt.clone() });
            }
        }
        seen.done = done.iter().filter(|done| **done).count();
        seen.failed = failed.iter().zip(&done).filter(|(failed, done)| **failed && !**done).count();
    }

    /// Whether a transaction that holds a call is this batch's: the wallet names it or its operation, or no other call of this origin
    /// follows it, or claims its nonce.
    async fn claim(&mut self, transaction: &Transaction, parts: &[Part<'_>]) -> bool {
        let Transaction { sent, receipt, succeeded } = transaction;
        let Signer { account, book, .. } = self.signer;
        let mined = sent.mined(*succeeded, &receipt.logs);
        let own = |call| smart::own_operation(*account, self.id, &[], call, &mined);
        let operation = self.calls.iter().find_map(own).map(|operation| operation.id);
        let is_named = self.named.contains(&sent.hash) || self.id.is_some_and(|id| id == sent.hash || Some(id) == operation);
        if let Some((_, ours)) = self.claimed.iter().find(|(hash, _)| *hash == sent.hash) {
            return *ours || is_named;
        }
        let ticket = &self.place.ticket;
        let is_numbered = sent.from != *account || Some(sent.nonce) == self.nonce;
        let held = || self.calls.iter().zip(parts).filter(|(_, part)| !is_numbered && **part != Part::NotOurs);
        let mut is_anothers = false;
        for (call, _) in held() {
            is_anothers |= book.is_anothers(ticket, *account, sent.nonce, call).await;
        }
        let is_adopted = !is_anothers && ticket.adopt(operation.unwrap_or(sent.hash), false).await;
        for (call, _) in held().filter(|_| is_adopted) {
            book.adopt(ticket, *account, sent.nonce, call).await;
        }
        let ours = is_named || is_adopted;
        self.claimed.push((sent.hash, ours));
        ours
    }
}
