//! From the wallet's answer to the batch's end: its word and the chain are asked in turn, until the chain decides, or the wallet
//! says what no chain can tell.
//!
//! | the chain shows | and the wallet says | the end |
//! |---|---|---|
//! | every call succeeded | anything but 600 | the receipts, once they have their confirmations |
//! | every call succeeded | 600, reverted in part | [`Kind::TxPartial`]: an account may go on after a call that failed |
//! | every call failed | | [`Kind::TxRevert`] |
//! | some succeeded, the others failed | | [`Kind::TxPartial`] |
//! | the transaction that the wallet names failed as a whole | 500, reverted | [`Kind::TxRevert`] |
//! | nothing, until the time is up | 600 | [`Kind::TxPartial`] |
//! | the same | 100, pending; the account is a contract, and the id a hash | [`Kind::TxAwaitingApproval`] |
//! | the same | 200 or 500, in a transaction that our node does not have | [`Kind::TxReceiptTimeout`] |
//! | the account's own transaction, which holds none of the calls | names it | [`Kind::TxMismatch`] |
//! | nothing, until the time is up | anything else, or nothing | [`Kind::TxUncertain`] |
//!
//! 400, not sent, is no end by itself: MetaMask says it of a transaction whose publication failed, also where the node took it and
//! its answer was lost.

use alloy_primitives::{B256, Bytes};
use futures_util::FutureExt as _;

use super::super::depth::is_deep;
use super::super::follow::{MIN_PAUSE_MS, Receipt, failure, next_pause};
use super::super::replies::hex_text;
use super::super::revert;
use super::super::signer::Gone;
use super::search::{Failure, Seen, Stray};
use super::wire::{self, Status};
use super::{ANSWER_MS, Batch, SEARCH_MS, words};
use crate::error::{Error, Kind, Said, clip};
use crate::io::Progress;
use crate::json::Json;

/// What is known of a batch that is under way.
#[derive(Default)]
struct State {
    /// Its id as JSON text, while the wallet can be asked.
    id: Option<String>,
    /// Its id, for people.
    name: String,
    /// Its id, where it has the form of a hash.
    hash: Option<B256>,
    /// The wallet's word.
    status: Option<Status>,
    /// What the wallet said instead.
    said: Said,
    /// When to give up, in milliseconds.
    deadline: u64,
    /// The transactions that the caller has been told of.
    sent: Vec<B256>,
    is_waiting_told: bool,
    /// Whether the wallet has said its last word, and the chain shows something else.
    is_doubted: bool,
    /// The last block that holds a part of it, and its transaction, while confirmations are waited for.
    confirming: Option<(B256, u64, B256)>,
}

impl Batch<'_> {
    /// Follows the batch to its end: by its id, or on the chain alone for so many milliseconds when the wallet gave none.
    pub(super) async fn settle(mut self, answer: Result<String, (Said, u64)>) -> Result<Vec<Receipt>, Error> {
        let now = self.rpc.io().clock.now_ms();
        let mut state = State::default();
        match answer {
            Ok(id) => {
                let name = Json::parse(&id);
                state.name = clip(&name.and_then(Json::text).unwrap_or_default());
                state.hash = name.and_then(|id| hex_text(Some(id), "a hash").ok());
                state.id = Some(id);
                state.deadline = now.saturating_add(self.time());
                self.search.told(state.hash, Vec::new());
                if let Some(hash) = state.hash {
                    // It may be the operation's own name: no other call is to take that for its own.
                    self.ticket.adopt(hash, false).await;
                }
            }
            Err((said, search_ms)) => {
                // The next write takes the nonce again, so that it does not wait behind a gap, nor is mined beside the batch.
                self.doubt();
                self.tell(Progress::Searching { nonce: self.search.nonce });
                state.said = said;
                state.deadline = now.saturating_add(search_ms);
            }
        }
        let outcome = self.wait(&mut state).await;
        let is_open = |error: &Error| matches!(**error, Kind::TxUncertain { .. } | Kind::TxReceiptTimeout { .. });
        if !outcome.as_ref().is_err_and(is_open) {
            self.free();
            self.ticket.settle();
        }
        outcome
    }

    const fn time(&self) -> u64 {
        self.options.receipt_timeout.saturating_mul(1000)
    }

    async fn wait(&mut self, state: &mut State) -> Result<Vec<Receipt>, Error> {
        let clock = &self.rpc.io().clock;
        let mut pause = MIN_PAUSE_MS;
        let mut seen = Seen::default();
        loop {
            // A look that began before the end, as in a page that stood still, is not the last.
            let is_last = clock.now_ms() >= state.deadline;
            self.ask_status(state).await;
            // A node that fails now says nothing about the batch: look again until the time is up.
            if let Ok(look) = self.search.look().await {
                seen = look;
                if let Some(end) = self.judge(&seen, state).await {
                    return end;
                }
                let is_last_word = match state.status {
                    Some(Status::Executed) => seen.settled,
                    Some(Status::Reverted) => seen.settled || self.search.named.is_empty(),
                    status => status == Some(Status::NotSent),
                };
                if is_last_word && state.confirming.is_none() && !state.is_doubted {
                    // A node may be behind, but not for long.
                    state.is_doubted = true;
                    state.deadline = state.deadline.min(clock.now_ms().saturating_add(SEARCH_MS));
                }
            }
            if is_last && clock.now_ms() >= state.deadline {
                return Err(self.give_up(&seen, state));
            }
            clock.sleep(pause).await;
            pause = next_pause(pause);
        }
    }

    /// Asks the wallet what became of the batch.
    async fn ask_status(&mut self, state: &mut State) {
        let Some(id) = &state.id else { return };
        let answer = self.signer.wallet.provider().request("wallet_getCallsStatus", format!("[{id}]"));
        match self.signer.answered(self.rpc.io(), Some(ANSWER_MS), answer.boxed_local()).await {
            Ok(Ok(text)) => match wire::status(&text) {
                Some((status, hashes)) => {
                    state.status = Some(status);
                    self.search.told(None, hashes);
                }
                None => state.said = words(&["expected the status of a batch, but found ", &text]),
            },
            Ok(Err(failure)) => state.said = failure.said,
            Err(gone) => {
                if matches!(gone, Gone::Disconnected(_)) {
                    // It will not answer again.
                    state.id = None;
                }
                state.said = gone.said();
            }
        }
        if let (Some(Status::Pending), None, Some(id), false) =
            (state.status, self.search.nonce, state.hash, state.is_waiting_told)
        {
            state.is_waiting_told = true;
            self.tell(Progress::AwaitingApproval { id });
        }
    }

    /// The end, where what is seen is enough for one.
    async fn judge(&self, seen: &Seen, state: &mut State) -> Option<Result<Vec<Receipt>, Error>> {
        let calls = self.calls.len();
        for receipt in &seen.receipts {
            if !state.sent.contains(&receipt.hash) {
                state.sent.push(receipt.hash);
                self.tell(Progress::Sent { hash: receipt.hash });
            }
        }
        let failed = seen.failure.as_ref().map(|failure| (failure.hash, failure.block.1));
        let held = seen.receipts.iter().map(|receipt| (receipt.hash, receipt.block_hash));
        if let Some((hash, block_number, block_hash)) = state.confirming
            && !held.chain(failed).any(|held| held == (hash, block_hash))
        {
            state.confirming = None;
            self.tell(Progress::Reorganised { hash, block_number });
        }
        if let (Some(failure), true) = (&seen.failure, seen.failed == calls) {
            let is_final = self.is_deep(failure.hash, failure.block, seen, state).await;
            return if is_final { Some(Err(self.failed(failure).await)) } else { None };
        }
        let is_final = state.status == Some(Status::Partial) || seen.failed > 0 && seen.done + seen.failed == calls;
        if seen.done > 0 && is_final {
            return Some(Err(self.partial(seen, state)));
        }
        if seen.done == calls {
            return self.confirmed(seen, state).await.then(|| Ok(seen.receipts.clone()));
        }
        if seen.done + seen.failed > 0 {
            return None;
        }
        match (state.status, seen.stray) {
            (Some(Status::Reverted), Some(Stray { hash, succeeded: false, .. })) => {
                let reason = "the transaction that was to execute the batch failed".to_owned();
                Some(Err(Kind::TxRevert { reason, data: Bytes::new(), hash: Some(hash) }.into()))
            }
            _ => None,
        }
    }

    /// Whether enough blocks hold the batch.
    async fn confirmed(&self, seen: &Seen, state: &mut State) -> bool {
        let Some(last) = seen.receipts.iter().max_by_key(|receipt| receipt.block_number) else { return false };
        if !self.is_deep(last.hash, (last.block_number, last.block_hash), seen, state).await {
            return false;
        }
        for &Receipt { hash, block_number, gas_used, .. } in &seen.receipts {
            self.tell(Progress::Mined { hash, block_number, gas_used });
        }
        true
    }

    /// Whether a transaction of the batch has its confirmations.
    async fn is_deep(&self, hash: B256, block: (u64, B256), seen: &Seen, state: &mut State) -> bool {
        let confirmations = self.options.confirmations;
        let is_deep = is_deep(self.rpc, block, seen.head, confirmations).await.unwrap_or_default();
        if !is_deep && state.confirming.replace((hash, block.0, block.1)).is_none() {
            state.deadline = self.rpc.io().clock.now_ms().saturating_add(self.time());
            self.tell(Progress::Confirming { hash, block_number: block.0, confirmations });
        }
        is_deep
    }

    /// What is told of a batch whose time is up.
    fn give_up(&self, seen: &Seen, state: &State) -> Error {
        let timeout = self.options.receipt_timeout;
        if let Some((hash, ..)) = state.confirming {
            return Kind::TxReceiptTimeout { hash, timeout }.into();
        }
        if state.status == Some(Status::Partial) || seen.done > 0 {
            return self.partial(seen, state);
        }
        let address = self.signer.account;
        Error::from(match (state.status, seen.stray, state.hash, self.search.named.first()) {
            (Some(_), Some(Stray { hash, own: true, .. }), ..) => {
                let asked = ["a batch of ", &self.calls.len().to_string(), " calls"].concat();
                Kind::TxMismatch { hash, field: "calldata", asked, found: "none of them".to_owned() }
            }
            (Some(Status::Pending), _, Some(id), _) if self.search.nonce.is_none() => Kind::TxAwaitingApproval { address, id },
            (Some(Status::Executed | Status::Reverted), None, _, Some(&hash)) if !seen.settled => {
                Kind::TxReceiptTimeout { hash, timeout }
            }
            (status, stray, ..) => {
                let said = match (status, stray) {
                    (_, Some(Stray { hash, .. })) => {
                        words(&["it names the transaction ", &hash.to_string(), ", which is not the account's"])
                    }
                    (Some(status), None) => words(&["it says that the batch ", &state.name, " ", status.words()]),
                    (None, None) => state.said.clone(),
                };
                Kind::TxUncertain { address, nonce: self.search.nonce, said }
            }
        })
    }

    fn partial(&self, seen: &Seen, state: &State) -> Error {
        let mut hashes: Vec<B256> = seen.receipts.iter().map(|receipt| receipt.hash).collect();
        if hashes.is_empty() {
            hashes.clone_from(&self.search.named);
        }
        let calls = self.calls.len();
        let reason = match &seen.failure {
            Some(Failure { reason, .. }) if !reason.is_empty() => revert::decode(reason.clone(), "").reason,
            _ if seen.done > 0 && seen.done < calls => {
                [&seen.done.to_string(), " of ", &calls.to_string(), " calls are seen on chain"].concat()
            }
            _ => "the wallet says that a part of it reverted".to_owned(),
        };
        Kind::TxPartial { id: state.name.clone(), hashes, reason }.into()
    }

    /// Why all calls failed: what the chain holds, else the first that fails on the state before the block; where all pass there, as
    /// when a race was lost within it, on the state after it.
    async fn failed(&self, Failure { hash, block: (block, _), reason }: &Failure) -> Error {
        let found = if reason.is_empty() {
            let mut batch = self.rpc.batch();
            for state in [block.saturating_sub(1), *block] {
                for call in self.calls {
                    batch.push_transaction("eth_call", self.signer.account, call, format!(r#"}},"0x{state:x}"]"#));
                }
            }
            let replies = batch.send().await.ok();
            let calls = 0..2 * self.calls.len();
            replies.and_then(|replies| calls.into_iter().find_map(|at| replies.raw(at).err().and_then(revert::from_fault)))
        } else {
            Some(revert::decode(reason.clone(), ""))
        };
        failure(*hash, found, self.explain).await
    }

    fn tell(&self, step: Progress) {
        (self.options.on_progress)(step);
    }
}
