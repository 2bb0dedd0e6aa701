//! Several calls under one signature, where the wallet has it (EIP-5792). Nothing here depends on it: whatever the wallet
//! lacks is `None`, and the caller sends one transaction after the other.
//!
//! ```text
//! capabilities ──none──▶ None          simulation ──revert──▶ typed error, no window has opened
//!    ▼
//! ask ──no──▶ rejected │ cannot, and has sent nothing ──▶ None │ anything else ──▶ the chain is asked
//!    ▼ id
//! settle: the wallet's word and the chain in turn ──▶ receipts │ reverted │ a part │ awaits approval │ uncertain
//! ```
//!
//! What the wallet says of a batch is a claim. It says where to look: the transactions that it names are read from the chain like
//! those that are found without it, and what they did for the account (see [`smart`](super::smart)) decides. The wallet alone is
//! believed in what no chain can tell: that a batch waits, that only a part of it was executed.
//!
//! | answer to `wallet_sendCalls` | says | source | then |
//! |---|---|---|---|
//! | an id | sent | EIP-5792 | followed |
//! | 4001, 5000, words of a no | the user said no | EIP-1193, WalletConnect, [`classify`] | [`Kind::WalletRejected`] |
//! | 5750 | the user refused the account's upgrade (EIP-7702) | EIP-5792 | [`Kind::WalletRejected`]: the batch was shown, and no call is asked again by itself |
//! | 4100 | the account or the method is not permitted | EIP-1193 | [`Kind::WalletUnauthorized`] |
//! | 5700, 5710, 5720, 5740, 5760 | a capability, the chain, the id, the size or atomicity is not supported | EIP-5792 | `None`: the wallet's own check, and no node has these numbers |
//! | 4200 | the provider has no such method | EIP-1193 | `None`, likewise |
//! | -32601, -32602, -32004 | no such method, invalid parameters, not supported | JSON-RPC 2.0, EIP-1474 | `None`, or the draft's version where the words are about the version, once the account was quiet on chain: a node says these too, when it is asked to publish a transaction a second time |
//! | anything else, 5730 among it; nothing readable; `disconnect`; no answer in time | nothing | | the chain is asked, and [`Kind::TxUncertain`] when it does not tell either |

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::hex;
use futures_channel::oneshot;
use futures_util::FutureExt as _;

use self::search::Search;
use self::wire::{Refusal, Version};
use super::call::WriteCall;
use super::follow::Receipt;
use super::nonce::{Open, Reservation, Ticket};
use super::revert;
use super::rpc::Rpc;
use super::search::{Before, Place, ask_counts};
use super::signer::{Explain, Gone, Signer, TxOptions};
use super::smart;
use super::wallet::classify;
use crate::error::{Error, Kind, Said, clip};
use crate::io::{Progress, WalletFailure};

#[cfg(test)]
mod flows;
mod search;
mod settle;
mod wire;

/// The most calls that go into one batch; MetaMask refuses more.
const MAX_CALLS: usize = 10;
/// How long a wallet may take to say what it can, or what became of a batch. Neither opens a window.
const ANSWER_MS: u64 = 10_000;
/// How long a batch that may be out is looked for, and one that is not where the wallet says.
const SEARCH_MS: u64 = 15_000;
/// How long the account is watched before a refusal is believed that a node may have made when the batch was out. What was sent
/// under a nonce cannot be mined beside what is sent under it next, and what a wallet numbers by itself shows within this time; a
/// contract has no such safety, and is watched for [`SEARCH_MS`].
const QUIET_MS: u64 = 10_000;
const QUIET_PAUSE_MS: u64 = 1000;

/// Sends all calls in one atomic batch and waits for it. `None` when the wallet cannot, in which case nothing was sent. The receipts
/// hold the logs of the account's own operations alone.
///
/// # Errors
/// Before any window: the first call's revert as `explain` reads it, and those of [`Signer::window`]. From the window:
/// [`Kind::WalletRejected`], [`Kind::WalletUnauthorized`]. After: [`Kind::TxRevert`] when the calls failed on chain,
/// [`Kind::TxPartial`] when some did, [`Kind::TxAwaitingApproval`] while a smart account holds it, [`Kind::TxReceiptTimeout`] when the
/// transaction that the wallet names is not mined in time, [`Kind::TxMismatch`] when it holds something else, and
/// [`Kind::TxUncertain`] when the chain does not tell, also where the wallet says that it sent nothing.
pub async fn send_calls<'a>(
    rpc: &'a Rpc,
    signer: &'a Signer,
    calls: &'a [WriteCall],
    options: &'a TxOptions,
    explain: Explain<'a>,
) -> Result<Option<Vec<Receipt>>, Error> {
    if calls.len() < 2 || calls.len() > MAX_CALLS {
        return Ok(None);
    }
    let Some(mut version) = capability(rpc, signer).await else { return Ok(None) };
    let mut batch = rpc.batch().decides();
    for call in calls {
        batch.push_transaction("eth_call", signer.account, call, r#"},"latest"]"#);
    }
    let [mined, pending, head] = ask_counts(&mut batch, signer.account);
    let code = batch.push("eth_getCode", format!(r#"["{:?}","latest"]"#, signer.account));
    let replies = batch.send().await?;
    for at in 0..calls.len() {
        if let Some(reverted) = replies.raw(at).err().and_then(revert::from_fault) {
            return Err(explain(reverted).await);
        }
    }
    // A node never has fewer than it has mined, whatever its pool says.
    let lowest = replies.quantity(pending)?.max(replies.quantity(mined)?);
    let code = hex::decode(replies.json(code)?.plain().unwrap_or_default()).unwrap_or_default();
    let head = replies.quantity(head)?;
    let (nonce, before) = match smart::has_key(&code) {
        true => (Some(lowest), Before::default()),
        false => (None, Before::read(rpc, signer.account, head).await),
    };
    let ticket = signer.book.ticket(rpc.io(), signer.chain.chain_id);
    let place = Place { ticket: Rc::clone(&ticket), nonce, is_repeated: false, lowest, floor: lowest, head, before };
    let search = Search::new(rpc, signer, calls, place);

    let window = signer.window(rpc.io(), options).await?;
    let mut batch = Batch { rpc, signer, calls, options, explain, search, ticket, open: Open(Rc::default()) };
    let answer = loop {
        match batch.ask(version).await? {
            Asked::Sent(id) => break Ok(id),
            Asked::Uncertain(said, search_ms) => break Err((said, search_ms)),
            Asked::Unable => return Ok(None),
            Asked::Unclear(said) if !batch.is_quiet().await => break Err((said, SEARCH_MS)),
            Asked::Unclear(said) if version == Version::Two && wire::is_about_version(&said.message) => version = Version::One,
            // The nonce stays in doubt: of the batch and what is sent next at most one can be mined.
            Asked::Unclear(_) => return Ok(None),
        }
    };
    drop(window);
    batch.settle(answer).await.map(Some)
}

/// The version in which the wallet has batches on this chain.
async fn capability(rpc: &Rpc, signer: &Signer) -> Option<Version> {
    let params = format!(r#"["{}",["0x{:x}"]]"#, signer.account, signer.chain.chain_id);
    let answer = signer.wallet.provider().request("wallet_getCapabilities", params);
    wire::capability(&rpc.io().within(ANSWER_MS, answer).await?.ok()?, signer.chain.chain_id)
}

/// What asking the wallet came to.
enum Asked {
    /// The batch's id, as JSON text.
    Sent(String),
    /// The wallet cannot, and has sent nothing.
    Unable,
    /// It says that it cannot, as its node may have said when the batch was out.
    Unclear(Said),
    /// It may be out; the chain is asked for so many milliseconds.
    Uncertain(Said, u64),
}

/// The table above.
fn sort(answer: Result<String, WalletFailure>) -> Result<Asked, Error> {
    let failure = match answer {
        Ok(text) => {
            return Ok(match wire::id(&text) {
                Some(id) => Asked::Sent(id.to_owned()),
                None => Asked::Uncertain(words(&["expected the id of a batch, but found ", &text]), SEARCH_MS),
            });
        }
        Err(failure) => failure,
    };
    let said = Said { message: clip(&failure.said.message), ..failure.said.clone() };
    match (wire::refusal(said.code), classify("wallet_sendCalls", failure).into_kind()) {
        (Refusal::Rejected, _) => Err(Kind::WalletRejected { said }.into()),
        (_, refused @ (Kind::WalletRejected { .. } | Kind::WalletUnauthorized { .. })) => Err(refused.into()),
        (Refusal::Unable, _) => Ok(Asked::Unable),
        (Refusal::Unclear, _) => Ok(Asked::Unclear(said)),
        (Refusal::Unknown, _) if wire::is_about_version(&said.message) => Ok(Asked::Unclear(said)),
        (Refusal::Unknown, _) => Ok(Asked::Uncertain(said, SEARCH_MS)),
    }
}

/// Words of our own, where the wallet has none.
fn words(parts: &[&str]) -> Said {
    Said { message: clip(&parts.concat()), ..Said::default() }
}

/// A batch from the question on.
struct Batch<'a> {
    rpc: &'a Rpc,
    signer: &'a Signer,
    calls: &'a [WriteCall],
    options: &'a TxOptions,
    explain: Explain<'a>,
    search: Search<'a>,
    ticket: Rc<Ticket>,
    /// The nonce that the batch is expected to have, until the end is known.
    open: Open,
}

impl Batch<'_> {
    /// Asks the wallet to send. A late answer is recorded even when nobody waits any more.
    async fn ask(&mut self, version: Version) -> Result<Asked, Error> {
        let Self { rpc, signer, calls, options, .. } = *self;
        let (io, account, chain_id) = (rpc.io(), signer.account, signer.chain.chain_id);
        // A second question, in another version, keeps the nonce of the first.
        let is_first = self.open.0.borrow().is_none();
        if let (Some(nonce), true, Some(first)) = (&mut self.search.nonce, is_first, calls.first()) {
            let reservation = signer.book.reserve(&self.ticket, account, *nonce, first).await?;
            *nonce = reservation.nonce;
            if reservation.reused {
                (options.on_progress)(Progress::NonceReused { nonce: *nonce });
            }
            self.open = Open(Rc::new(RefCell::new(Some(reservation))));
        }
        let nonce = self.search.nonce;
        for call in calls {
            (options.on_progress)(Progress::Signing { to: call.to, value: call.value, nonce });
        }
        let params = wire::params(version, account, chain_id, calls);
        let (provider, book) = (signer.wallet.provider(), signer.book.clone());
        let (held, owner) = (Rc::clone(&self.open.0), self.ticket.id());
        let (sender, answer) = oneshot::channel();
        io.clock.spawn(
            async move {
                if sender.is_canceled() {
                    // The batch was given up before it was asked for.
                    if let Some(nonce) = nonce {
                        book.free(owner, chain_id, account, nonce);
                    }
                    return;
                }
                let asked = sort(provider.request("wallet_sendCalls", params).await);
                // A no that comes late ends the doubt.
                if let (Err(_) | Ok(Asked::Unable), Some(nonce), None) = (&asked, nonce, &*held.borrow()) {
                    book.free(owner, chain_id, account, nonce);
                }
                let _ = sender.send(asked);
            }
            .boxed_local(),
        );
        let asked = match signer.answered(io, options.wallet_timeout_ms, answer.boxed_local()).await {
            Ok(asked) => asked.unwrap_or_else(|_| Ok(Asked::Uncertain(Said::default(), SEARCH_MS))),
            // The window is still open: more time tells no more.
            Err(gone @ Gone::TimedOut(_)) => Ok(Asked::Uncertain(gone.said(), 0)),
            Err(gone @ Gone::Disconnected(_)) => Ok(Asked::Uncertain(gone.said(), SEARCH_MS)),
        };
        if let Err(_) | Ok(Asked::Unable) = &asked {
            self.free();
        }
        asked
    }

    /// Whether the account does nothing: for a while neither a transaction of its own nor an operation of its code is to be seen.
    async fn is_quiet(&mut self) -> bool {
        let clock = &self.rpc.io().clock;
        let time = if self.search.nonce.is_some() { QUIET_MS } else { SEARCH_MS };
        let until = clock.now_ms().saturating_add(time);
        loop {
            if !self.search.look().await.is_ok_and(|seen| !seen.moved) {
                return false;
            }
            if clock.now_ms() >= until {
                return true;
            }
            clock.sleep(QUIET_PAUSE_MS).await;
        }
    }

    /// The end is known, and with it the nonce: it is used, or it is given back.
    fn free(&self) {
        let reservation = self.open.0.borrow_mut().take();
        match (reservation, self.search.nonce) {
            (Some(reservation), Some(nonce)) if self.search.count > nonce => reservation.keep(),
            (None, Some(nonce)) => {
                self.signer.book.free(self.ticket.id(), self.signer.chain.chain_id, self.signer.account, nonce);
            }
            _ => {}
        }
    }

    /// Gives the nonce back and marks it: the batch may be out.
    fn doubt(&self) {
        let reservation = self.open.0.borrow_mut().take();
        reservation.into_iter().for_each(Reservation::doubt);
    }
}
