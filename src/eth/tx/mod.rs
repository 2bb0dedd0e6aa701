//! A write's life: simulate, sign, follow.
//!
//! ```text
//! prepare ──revert──▶ typed error, no window has opened
//!    │  one batch: eth_call, eth_estimateGas, the account's counts and code, block number
//!    ▼
//! ask ──rejected──▶ nonce given back, nothing sent
//!    │  one window at a time for each account and origin; the nonce is taken here, so that a rejection leaves no gap;
//!    │  account and chain looked at again, then eth_sendTransaction
//!    ├──any other failure──▶ look: the chain is asked, from the suggested nonce on
//!    ▼                         │ our call ──▶ follow   another's ──▶ ask again, once   nothing ──▶ uncertain
//! follow ──▶ receipt │ reverted │ replaced │ edited in the wallet │ waits for other owners │ timed out
//! ```
//!
//! What settles the question whether a transaction is out is written in [`decision`], as two tables. Once it may be out
//! nothing is sent again on a guess.

mod ask;
mod decision;
#[cfg(test)]
mod flows;
mod look;
mod prepare;

use futures_util::FutureExt as _;

use self::ask::{Asked, Request, ask};
use self::decision::{Next, QUIET_MS, SEARCH_MS, Shown, Verdict, conclude, judge};
pub use self::look::among;
use self::look::{look, under};
use self::prepare::{Account, Prepared, prepare};
use super::call::WriteCall;
pub use super::follow::Receipt;
use super::follow::{Followed, Sent, follow};
use super::nonce::Ticket;
use super::revert::Reverted;
use super::rpc::Rpc;
use super::search::mismatch;
pub use super::signer::{Explain, Gas, Guard, Signer, TxOptions};
use crate::error::{Error, Kind, Said};
use crate::io::Progress;

/// The most windows that one call opens.
const MAX_WINDOWS: u32 = 2;

/// Carries out one write and waits for its receipt. HTTP requests: one before the window, and one for each look for
/// the receipt; one more where the caller names the nonce.
///
/// # Errors
/// Before the window: a revert as `explain` reads it, [`Kind::Gas`], [`Kind::WrongChain`], and those of
/// [`Signer::window`]. From the window: [`Kind::WalletRejected`]. After: [`Kind::TxRevert`] with a hash,
/// [`Kind::TxReplaced`], [`Kind::TxMismatch`], [`Kind::TxAwaitingApproval`], [`Kind::TxReceiptTimeout`],
/// [`Kind::TxUncertain`], and [`Kind::Nonce`] when another transaction has the nonce and no further window may open.
pub async fn execute(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    options: &TxOptions,
    guard: Guard<'_>,
    explain: Explain<'_>,
) -> Result<Receipt, Error> {
    let ticket = &signer.book.ticket(rpc.io(), signer.chain.chain_id);
    let carried_out = async {
        if let Some(nonce) = options.nonce {
            quiet(rpc, signer, nonce, options).await;
            if let Some((hash, place)) = under(rpc, signer, call, nonce, ticket).await? {
                // The call that is repeated under its own nonce is out already: no window opens.
                (options.on_progress)(Progress::Sent { hash });
                return settle(rpc, signer, call, Sent { hash, place, exact_nonce: false }, options, explain).await;
            }
        }
        let mut attempt = 1;
        loop {
            guard("simulate")?;
            let prepared = prepare(rpc, signer, call, options.gas, explain).await?;
            let read_ms = rpc.io().clock.now_ms();
            (options.on_progress)(Progress::Simulated { gas: prepared.gas });
            let fees = format!(r#","gas":"0x{:x}""#, prepared.gas);
            let request = Request { call, ticket, nonce: options.nonce, fees, read_ms, is_repeated: options.nonce.is_some() };
            let asked = ask(rpc, signer, request, &prepared, options, guard).await?;
            let again = attempt < options.max_retries.min(MAX_WINDOWS) && options.auto_fix_nonce && options.nonce.is_none();
            let place = asked.place.clone();
            match out(rpc, signer, call, asked, options, again).await {
                Next::Follow(hash) => {
                    return settle(rpc, signer, call, Sent { hash, place, exact_nonce: false }, options, explain).await;
                }
                Next::Fail(error) => return Err(error),
                Next::AskAgain(error) => {
                    attempt += 1;
                    (options.on_progress)(Progress::Retrying { attempt, reason: error.to_string() });
                }
            }
        }
    };
    ended(ticket, carried_out.await)
}

/// The end of a call: where it is known what became of its transaction, nobody needs to take that over.
fn ended(ticket: &Ticket, outcome: Result<Receipt, Error>) -> Result<Receipt, Error> {
    let is_known = match outcome.as_ref().map_err(|error| &**error) {
        Ok(_) | Err(Kind::TxReplaced { .. } | Kind::TxMismatch { .. }) => true,
        Err(Kind::TxRevert { hash, .. } | Kind::ContractPanic { hash, .. }) => hash.is_some(),
        Err(_) => false,
    };
    if is_known {
        ticket.settle();
    }
    outcome
}

/// Waits until a wallet that failed under this nonce a moment ago, while its caller gave up, has sent what it still sends: one that numbers by
/// itself would send the repetition beside it.
async fn quiet(rpc: &Rpc, signer: &Signer, nonce: u64, options: &TxOptions) {
    let clock = &rpc.io().clock;
    let Some(since) = signer.book.failed(signer.chain.chain_id, signer.account, nonce) else { return };
    let left = QUIET_MS.saturating_sub(clock.now_ms().saturating_sub(since));
    if left > 0 {
        (options.on_progress)(Progress::Searching { nonce: Some(nonce) });
        clock.sleep(left).await;
    }
}

/// Whether what was asked is out, by the wallet's answer where that settles it, else by the chain.
async fn out(rpc: &Rpc, signer: &Signer, call: &WriteCall, asked: Asked, options: &TxOptions, again: bool) -> Next {
    let Asked { answer, place } = asked;
    match judge(answer) {
        Verdict::Follow(hash) => Next::Follow(hash),
        Verdict::Rejected(error) => Next::Fail(error),
        Verdict::AskChain { said, search_ms } => {
            (options.on_progress)(Progress::Searching { nonce: place.nonce });
            let shown = look(rpc, signer, call, &place, search_ms).await;
            if let Shown::Ours(hash) | Shown::Edited(hash) = shown {
                (options.on_progress)(Progress::Sent { hash });
            }
            conclude(shown, signer.account, place.nonce, said, again)
        }
    }
}

/// Follows what the wallet or the chain named. Where that is another transaction, or none that any endpoint shows, what was asked may still
/// be out, so the chain is asked.
async fn settle(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    sent: Sent,
    options: &TxOptions,
    explain: Explain<'_>,
) -> Result<Receipt, Error> {
    let (place, named) = (sent.place.clone(), sent.hash);
    let time = options.receipt_timeout.saturating_mul(1000);
    let followed = follow(rpc, signer, call, sent, options, time, explain).await;
    let search_ms = match &followed {
        Ok(Followed::Mined(_)) => None,
        Ok(Followed::NotOurs(..) | Followed::Anothers(_)) => Some(SEARCH_MS),
        Err(error) => (place.nonce.is_some() && matches!(**error, Kind::TxReceiptTimeout { .. })).then_some(0),
    };
    let shown = match search_ms {
        Some(search_ms) => {
            (options.on_progress)(Progress::Searching { nonce: place.nonce });
            look(rpc, signer, call, &place, search_ms).await
        }
        None => Shown::Nothing,
    };
    let followed = match shown {
        Shown::Ours(hash) | Shown::Edited(hash) if hash != named || followed.is_err() => {
            if hash != named {
                (options.on_progress)(Progress::Sent { hash });
            }
            let sent = Sent { hash, place: place.clone(), exact_nonce: false };
            // Where the time is up one look is left.
            follow(rpc, signer, call, sent, options, if followed.is_err() { 0 } else { time }, explain).await?
        }
        _ => followed?,
    };
    let (chain_id, account) = (signer.chain.chain_id, signer.account);
    let (hash, words) = match followed {
        Followed::Mined(receipt) => return Ok(receipt),
        // The account's own transaction under a nonce that was free before the window: the user edited it.
        Followed::NotOurs(other, field) if other.from == account && other.nonce >= place.lowest => {
            if let Some(suggested) = place.nonce.filter(|suggested| *suggested != other.nonce) {
                signer.book.free(place.ticket.id(), chain_id, account, suggested);
            }
            return Err(mismatch(call, &other, field));
        }
        Followed::NotOurs(other, _) => (other.hash, ", which is not the transaction that was asked"),
        Followed::Anothers(hash) => (hash, ", which is an equal call's"),
    };
    if let Some(nonce) = place.nonce {
        signer.book.doubt(place.ticket.id(), chain_id, account, nonce);
    }
    let said = Said { message: ["the wallet answered with ", &hash.to_string(), words].concat(), ..Said::default() };
    match conclude(shown, account, place.nonce, said, false) {
        Next::Fail(error) | Next::AskAgain(error) => Err(error),
        // It was followed, and is not the call.
        Next::Follow(hash) => Err(Kind::TxReceiptTimeout { hash, timeout: options.receipt_timeout }.into()),
    }
}

/// Sends a bare transfer of nothing to oneself with a given nonce and gas price (wei), which takes the place of a stuck
/// transaction.
///
/// # Errors
/// [`Kind::Nonce`] with the hash when the wallet used another nonce, else as [`execute`].
pub async fn cancel(
    rpc: &Rpc,
    signer: &Signer,
    nonce: u64,
    gas_price: u128,
    from_block: u64,
    options: &TxOptions,
) -> Result<Receipt, Error> {
    let call = WriteCall::raw(signer.account, alloy_primitives::Bytes::new());
    let fees = format!(r#","gas":"0x5208","gasPrice":"0x{gas_price:x}""#);
    let prepared = Prepared { gas: 21_000, pending: nonce, mined: nonce, block: from_block, account: Account::Key };
    let ticket = &signer.book.ticket(rpc.io(), signer.chain.chain_id);
    let request = Request { call: &call, ticket, nonce: Some(nonce), fees, read_ms: 0, is_repeated: false };
    let asked = ask(rpc, signer, request, &prepared, options, &|_| Ok(())).await?;
    let place = asked.place.clone();
    let explain = |reverted: Reverted| std::future::ready(reverted.into_error(None)).boxed_local();
    let outcome = match out(rpc, signer, &call, asked, options, false).await {
        Next::Follow(hash) => settle(rpc, signer, &call, Sent { hash, place, exact_nonce: true }, options, &explain).await,
        Next::Fail(error) | Next::AskAgain(error) => Err(error),
    };
    ended(ticket, outcome)
}
