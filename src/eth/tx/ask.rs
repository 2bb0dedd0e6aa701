//! Asks the wallet to send, and keeps the nonce's record straight whatever becomes of the answer: while the window is open, when
//! the caller no longer waits, and when an answer comes late.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::B256;
use futures_channel::oneshot;
use futures_util::FutureExt as _;

use super::super::call::WriteCall;
use super::super::nonce::{Open, Reservation, Ticket};
use super::super::replies::parse_hex;
use super::super::rpc::{Rpc, transaction_params};
use super::super::search::{Before, Place, ask_counts};
use super::super::signer::{Guard, Signer, TxOptions};
use super::super::wallet::is_rejection;
use super::decision::Answer;
use super::look::{repeated, under};
use super::prepare::{Account, Prepared};
use crate::error::Error;
use crate::io::{Progress, WalletFailure};

/// A count of transactions that was read this long ago is read again before it is used: meanwhile another tab may have sent
/// a transaction, seen it on chain, and given up its claim on the nonce.
const STALE_MS: u64 = 50;

/// What a wallet is asked to send.
pub(super) struct Request<'a> {
    pub(super) call: &'a WriteCall,
    /// The call that asks.
    pub(super) ticket: &'a Rc<Ticket>,
    /// The caller's nonce; else the book's next.
    pub(super) nonce: Option<u64>,
    /// What goes with the call, as members of JSON: gas and its price.
    pub(super) fees: String,
    /// When `prepared` was read.
    pub(super) read_ms: u64,
    /// The call repeats one whose fate is unknown: where the chain shows that one under the nonce, no window opens.
    pub(super) is_repeated: bool,
}

/// A request that was made.
pub(super) struct Asked {
    pub(super) answer: Answer,
    pub(super) place: Place,
}

/// Holds the window until the wallet answers, goes away, or the time is up. The answer is recorded even when nobody waits any more.
///
/// # Errors
/// Those of [`Signer::window`] and of the count of transactions; what `guard` says. The wallet was not asked to send then.
pub(super) async fn ask(
    rpc: &Rpc,
    signer: &Signer,
    request: Request<'_>,
    prepared: &Prepared,
    options: &TxOptions,
    guard: Guard<'_>,
) -> Result<Asked, Error> {
    let io = rpc.io();
    let chain_id = signer.chain.chain_id;
    let _window = signer.window(io, options).await?;
    let is_stale = io.clock.now_ms().saturating_sub(request.read_ms) > STALE_MS;
    if let (true, Some(nonce)) = (request.is_repeated, request.nonce)
        && let Some((hash, place)) = under(rpc, signer, request.call, nonce, request.ticket).await?
    {
        // The window of the call that is repeated was answered meanwhile.
        (options.on_progress)(Progress::Sent { hash });
        return Ok(Asked { answer: Answer::Hash(hash), place });
    }
    let mut pending = prepared.pending;
    let reservation = match (prepared.account, request.nonce) {
        (Account::Contract, _) => None,
        (Account::Key, Some(nonce)) => Some(signer.book.take(request.ticket, signer.account, nonce, request.call).await),
        (Account::Key, None) => {
            if is_stale {
                let mut batch = rpc.batch().decides();
                let [mined, counted, _] = ask_counts(&mut batch, signer.account);
                let replies = batch.send().await?;
                // A node never has fewer than it has mined, whatever its pool says.
                pending = replies.quantity(counted)?.max(replies.quantity(mined)?);
            }
            Some(signer.book.reserve(request.ticket, signer.account, pending, request.call).await?)
        }
    };
    let before = match prepared.account {
        Account::Contract => Before::read(rpc, signer.account, prepared.block).await,
        Account::Key => Before::default(),
    };
    guard("sign")?;
    if let (true, Some(Reservation { nonce, .. })) = (request.is_repeated, &reservation)
        && let Some(hash) = request.ticket.late_answer(signer.account, *nonce, request.call)
    {
        let (nonce, ticket) = (*nonce, request.ticket);
        (options.on_progress)(Progress::Sent { hash });
        return Ok(Asked { answer: Answer::Hash(hash), place: repeated(ticket, nonce, prepared.block) });
    }
    let nonce = reservation.as_ref().map(|reservation| reservation.nonce);
    if let Some(Reservation { reused: true, nonce, .. }) = &reservation {
        (options.on_progress)(Progress::NonceReused { nonce: *nonce });
    }
    (options.on_progress)(Progress::Signing { to: request.call.to, value: request.call.value, nonce });

    // With the chain's id in the transaction a wallet that was switched meanwhile refuses instead of sending elsewhere.
    // A contract account chooses gas and nonce of its own: a Safe takes `gas` for the limit of the inner call, which then
    // fails without failing the transaction.
    let tail = match nonce {
        Some(nonce) => format!(r#"{},"nonce":"0x{nonce:x}","chainId":"0x{chain_id:x}"}}]"#, request.fees),
        None => format!(r#","chainId":"0x{chain_id:x}"}}]"#),
    };
    let params = transaction_params(signer.account, request.call, tail);
    let held = Rc::new(RefCell::new(reservation));
    let _open = Open(Rc::clone(&held));
    let (sender, answer) = oneshot::channel();
    let provider = signer.wallet.provider();
    let (book, account) = (signer.book.clone(), signer.account);
    let (ticket, owner, outside) = (Rc::downgrade(request.ticket), request.ticket.id(), io.clone());
    let asked = request.call.clone();
    let on_progress = options.on_progress.clone();
    io.clock.spawn(
        async move {
            if sender.is_canceled() {
                // The call was given up before it asked.
                if let Some(nonce) = nonce {
                    book.free(owner, chain_id, account, nonce);
                }
                return;
            }
            let answer = read(provider.request("eth_sendTransaction", params).await);
            let reservation = held.borrow_mut().take();
            match &answer {
                Answer::Hash(hash) => {
                    // One that comes when its call has ended belongs to a call that repeats that one.
                    let ticket = ticket.upgrade().unwrap_or_else(|| book.ticket(&outside, chain_id));
                    match (reservation, nonce) {
                        (Some(reservation), _) => reservation.keep(),
                        // Nobody waits any more, and the nonce is in doubt: it is no longer.
                        (None, Some(nonce)) => book.revive(owner, &ticket, account, nonce).await,
                        (None, None) => {}
                    }
                    // A search may have found it before the wallet answered.
                    let is_told = book.follows(*hash);
                    ticket.adopt_answer(*hash, account, nonce, &asked).await;
                    if !is_told {
                        on_progress(Progress::Sent { hash: *hash });
                    }
                }
                Answer::Failed(failure) if is_rejection(failure) => {
                    // A no that comes late ends the doubt; one in time drops the reservation, and the nonce is free.
                    if let (None, Some(nonce)) = (reservation, nonce) {
                        book.free(owner, chain_id, account, nonce);
                    }
                }
                _ => reservation.into_iter().for_each(|reservation| reservation.fail(outside.clock.now_ms())),
            }
            // Nobody waits any more after an abort; the book and `on_progress` know.
            let _ = sender.send(answer);
        }
        .boxed_local(),
    );
    let waited = signer.answered(io, options.wallet_timeout_ms, answer.boxed_local()).await;
    let answer = match waited {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Answer::Failed(WalletFailure::default()),
        Err(gone) => Answer::Gone(gone),
    };
    let lowest = nonce.map_or(pending, |nonce| nonce.min(pending));
    let ticket = Rc::clone(request.ticket);
    let (is_repeated, floor, head) = (request.is_repeated, lowest.min(prepared.mined), prepared.block);
    let place = Place { ticket, nonce, is_repeated, lowest, floor, head, before };
    Ok(Asked { answer, place })
}

fn read(result: Result<String, WalletFailure>) -> Answer {
    match result {
        Ok(text) => match parse_hex::<B256>(text.trim_matches('"'), "a transaction hash") {
            Ok(hash) => Answer::Hash(hash),
            Err(_) => Answer::Text(text),
        },
        Err(failure) => Answer::Failed(failure),
    }
}
