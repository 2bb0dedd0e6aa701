//! Looks for a write on chain when the wallet's answer does not tell whether it is out.

use std::rc::Rc;

use alloy_primitives::{Address, B256};

use super::super::call::WriteCall;
use super::super::follow::read_receipt;
use super::super::nonce::Ticket;
use super::super::replies::Log;
use super::super::rpc::Rpc;
use super::super::search::{
    Before, ChainTransaction, Match, Place, ask_counts, compare, in_block, mined, mismatch, operation_logs,
};
use super::super::signer::Signer;
use super::super::smart;
use super::decision::{QUIET_MS, Shown};
use crate::error::{Error, Kind, Said};

/// The pause between two looks.
const PAUSE_MS: u64 = 500;
/// How many looks may fail after the time is up before the question stays open.
const MAX_FAILED: u32 = 3;

/// Looks until our call is found, until the nonce is another's for [`QUIET_MS`], or until `search_ms` have passed; at least once.
/// A node that fails meanwhile is asked again: a look that failed has not shown that nothing is there.
pub(super) async fn look(rpc: &Rpc, signer: &Signer, call: &WriteCall, place: &Place, search_ms: u64) -> Shown {
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(search_ms);
    let mut taken_since: Option<u64> = None;
    let mut failed = 0;
    loop {
        // A nonce that was seen in another's hands is looked at to the end of its time. A look that began before the end, as in a page
        // that stood still, is not the last.
        let until = taken_since.map_or(deadline, |since| deadline.max(since.saturating_add(QUIET_MS)));
        let began = clock.now_ms();
        let is_last = began >= until;
        match once(rpc, signer, call, place).await {
            Ok(other @ (Shown::Other | Shown::Cancelled(_))) => {
                let since = *taken_since.get_or_insert(clock.now_ms());
                if began.saturating_sub(since) >= QUIET_MS {
                    return other;
                }
            }
            Ok(Shown::Nothing) => taken_since = None,
            Ok(ours) => return ours,
            Err(_) if is_last && failed + 1 < MAX_FAILED => {
                failed += 1;
                clock.sleep(PAUSE_MS).await;
                continue;
            }
            Err(_) => {}
        }
        if is_last {
            return Shown::Nothing;
        }
        clock.sleep(PAUSE_MS).await;
    }
}

async fn once(rpc: &Rpc, signer: &Signer, call: &WriteCall, place: &Place) -> Result<Shown, Error> {
    let account = signer.account;
    let mut batch = rpc.batch().decides();
    let filters = smart::filters(account, place.first_block()).map(|filter| batch.push("eth_getLogs", filter));
    let counts =
        place.nonce.map(|_| (ask_counts(&mut batch, account), batch.push("eth_getBlockByNumber", r#"["pending",true]"#)));
    let replies = batch.send().await?;
    if let Some(hash) = operation(rpc, signer, call, place, &operation_logs(&replies, filters)).await? {
        return Ok(Shown::Ours(hash));
    }
    let (Some(nonce), Some(([mined_count, pending_count, head], block))) = (place.nonce, counts) else {
        return Ok(Shown::Nothing);
    };
    let [mined_count, pending_count, head] =
        [replies.quantity(mined_count)?, replies.quantity(pending_count)?, replies.quantity(head)?];
    let taken = mined(rpc, account, place.floor..mined_count, place.head, head).await?;
    // Not every node shows its pending transactions.
    let waiting = replies.json(block).ok().and_then(|block| in_block(block, account).ok()).unwrap_or_default();
    let mut is_contested = false;
    for transaction in taken.iter().chain(&waiting).filter(|transaction| transaction.nonce >= place.floor) {
        match if is_call(transaction, signer, call) { owned(signer, call, place, transaction).await } else { Owner::Another } {
            Owner::Us => return Ok(Shown::Ours(transaction.hash)),
            Owner::Unclear => is_contested = true,
            Owner::Another => {}
        }
    }
    // Every nonce since is accounted for, and nothing waits: what was asked is not among them.
    let settled = taken.len() as u64 == mined_count.saturating_sub(place.floor) && pending_count <= mined_count && !is_contested;
    let Some(other) = taken.iter().find(|transaction| transaction.nonce == nonce && settled) else { return Ok(Shown::Nothing) };
    Ok(match compare(other, account, call) {
        Match::Cancel => Shown::Cancelled(other.hash),
        Match::Differs("value" | "calldata") if place.is_repeated => Shown::Edited(other.hash),
        // Not where another call of ours has used the nonce too, or asked for just this: it may be that call's.
        Match::Differs("value" | "calldata")
            if !signer.book.is_shared(rpc.io().tabs.as_ref(), signer.chain.chain_id, account, nonce).await
                && !signer.book.was_asked(&place.ticket, account, place.lowest, &other.call()).await
                && !place.ticket.is_anothers(other.hash).await
                && place.ticket.adopt_edited(other.hash).await =>
        {
            Shown::Edited(other.hash)
        }
        _ => Shown::Other,
    })
}

fn is_call(transaction: &ChainTransaction, signer: &Signer, call: &WriteCall) -> bool {
    matches!(compare(transaction, signer.account, call), Match::Same | Match::Inside)
}

/// Whose an equal transaction is.
enum Owner {
    /// This call's.
    Us,
    /// Another's of this origin.
    Another,
    /// This call's, or that of an equal one which was asked for under the same nonce and does not know its own yet.
    Unclear,
}

async fn owned(signer: &Signer, call: &WriteCall, place: &Place, transaction: &ChainTransaction) -> Owner {
    let (ticket, account, nonce) = (&place.ticket, signer.account, transaction.nonce);
    let is_suggested = place.nonce == Some(nonce);
    if !is_suggested && signer.book.is_anothers(ticket, account, nonce, call).await {
        return if ticket.is_anothers(transaction.hash).await { Owner::Another } else { Owner::Unclear };
    }
    if !ticket.adopt(transaction.hash, place.is_repeated).await {
        return Owner::Another;
    }
    if !is_suggested {
        signer.book.adopt(ticket, account, nonce, call).await;
    }
    Owner::Us
}

/// The transaction of an operation of the account that carries the call, and which no other call of this origin has.
async fn operation(rpc: &Rpc, signer: &Signer, call: &WriteCall, place: &Place, logs: &[Log]) -> Result<Option<B256>, Error> {
    let mut seen = Vec::new();
    for found in smart::operations(signer.account, logs) {
        if seen.contains(&found.transaction) || place.before.contains(found.id) {
            continue;
        }
        seen.push(found.transaction);
        let mut batch = rpc.batch().decides();
        let parts = ["eth_getTransactionByHash", "eth_getTransactionReceipt"];
        let [transaction, receipt] = parts.map(|method| batch.push(method, format!(r#"["{}"]"#, found.transaction)));
        let replies = batch.send().await?;
        let (Some(transaction), Some(receipt)) = (replies.json(transaction)?.present(), replies.json(receipt)?.present()) else {
            continue;
        };
        let (transaction, (receipt, succeeded)) = (ChainTransaction::read(transaction)?, read_receipt(receipt)?);
        let mined = transaction.mined(succeeded, &receipt.logs);
        if smart::contains_call(&transaction.input, signer.account, call)
            && place.own_operation(signer.account, None, call, &mined).await.is_some()
        {
            return Ok(Some(found.transaction));
        }
    }
    Ok(None)
}

/// How long an answer may be on its way, and how often it is read at most.
const FRESH_MS: u64 = 2000;
const MAX_READS: u32 = 3;
/// How many transactions behind a nonce of the caller's choice are looked at: a wallet that has others under way numbers by itself.
const LATER: u64 = 16;

/// What the chain shows under a nonce of the caller's choice and behind it.
struct Under {
    /// The transactions, mined and pending, in the order of their nonces.
    transactions: Vec<ChainTransaction>,
    /// Whether the nonce is used by one that is mined.
    is_mined: bool,
    /// The account's next nonce.
    next: u64,
    head: u64,
}

impl Under {
    /// An answer that was long on its way is old: it is read again.
    async fn read_fresh(rpc: &Rpc, account: Address, nonce: u64) -> Result<Self, Error> {
        for _ in 1..MAX_READS {
            let began = rpc.io().clock.now_ms();
            let read = Self::read(rpc, account, nonce).await?;
            if rpc.io().clock.now_ms().saturating_sub(began) < FRESH_MS {
                return Ok(read);
            }
        }
        Self::read(rpc, account, nonce).await
    }

    async fn read(rpc: &Rpc, account: Address, nonce: u64) -> Result<Self, Error> {
        let mut batch = rpc.batch().decides();
        let [mined_at, pending_at, head_at] = ask_counts(&mut batch, account);
        let pool = batch.push("eth_getBlockByNumber", r#"["pending",true]"#);
        let replies = batch.send().await?;
        let (count, pending, head) = (replies.quantity(mined_at)?, replies.quantity(pending_at)?, replies.quantity(head_at)?);
        let mut transactions = mined(rpc, account, nonce..count.min(nonce.saturating_add(LATER)), 0, head).await?;
        let waiting = replies.json(pool).ok().and_then(|block| in_block(block, account).ok()).unwrap_or_default();
        transactions.extend(waiting.into_iter().filter(|waiting| waiting.nonce >= count.max(nonce)));
        Ok(Self { transactions, is_mined: nonce < count, next: pending.max(count), head })
    }
}

/// Which of these calls a transaction is that an endpoint has shown, and its nonce. One request, and more while a node is asked that does
/// not know it yet.
///
/// # Errors
/// Those of [`Rpc`]'s reads.
pub async fn among(rpc: &Rpc, signer: &Signer, calls: &[WriteCall], hash: B256) -> Result<Option<(usize, u64)>, Error> {
    for _ in 0..QUIET_MS / PAUSE_MS {
        let mut batch = rpc.batch().decides();
        let asked = batch.push("eth_getTransactionByHash", format!(r#"["{hash}"]"#));
        if let Some(shown) = batch.send().await?.json(asked)?.present() {
            let transaction = ChainTransaction::read(shown)?;
            let at = calls.iter().position(|call| is_call(&transaction, signer, call));
            return Ok(at.map(|at| (at, transaction.nonce)));
        }
        rpc.io().clock.sleep(PAUSE_MS).await;
    }
    Ok(None)
}

/// Where a call is found that is repeated under its own nonce.
pub(super) fn repeated(ticket: &Rc<Ticket>, nonce: u64, head: u64) -> Place {
    let (ticket, before) = (Rc::clone(ticket), Before::default());
    Place { ticket, nonce: Some(nonce), is_repeated: true, lowest: nonce, floor: nonce, head, before }
}

/// The call, where the chain shows it under a nonce of the caller's choice, or behind it; `None` where the nonce is free or a pending
/// transaction shall be replaced. One request, and a few more where the nonce is used.
///
/// # Errors
/// [`Kind::Nonce`] when another transaction has used the nonce, [`Kind::TxMismatch`] when it is one to the same contract with
/// other values, which may be the call that is repeated, [`Kind::TxUncertain`] when no endpoint shows it; those of [`Rpc`]'s reads.
pub(super) async fn under(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    nonce: u64,
    ticket: &Rc<Ticket>,
) -> Result<Option<(B256, Place)>, Error> {
    let account = signer.account;
    let Under { transactions, is_mined, next, head } = Under::read_fresh(rpc, account, nonce).await?;
    let place = repeated(ticket, nonce, if is_mined { 0 } else { head });
    let uncertain = |words: &str| {
        let said = Said { message: [words, &nonce.to_string()].concat(), ..Said::default() };
        Err(Error::from(Kind::TxUncertain { address: account, nonce: Some(nonce), said }))
    };
    let mut is_contested = false;
    for transaction in transactions.iter().filter(|transaction| is_call(transaction, signer, call)) {
        let mut owner = owned(signer, call, &place, transaction).await;
        if matches!(owner, Owner::Another) && transaction.nonce == nonce {
            // The call that is repeated may be about to give up what its wallet has answered just now.
            rpc.io().clock.sleep(PAUSE_MS).await;
            owner = owned(signer, call, &place, transaction).await;
        }
        match owner {
            Owner::Us => return Ok(Some((transaction.hash, place))),
            Owner::Unclear => is_contested = true,
            Owner::Another => {}
        }
    }
    if is_contested {
        return uncertain("an equal call waits for its transaction, which may be the one behind the nonce ");
    }
    let at = transactions.iter().find(|transaction| transaction.nonce == nonce);
    let another = || Err(Error::from(Kind::Nonce { address: account, tried: nonce, suggested: next, hash: None }));
    match at {
        Some(transaction) if is_mined => match compare(transaction, account, call) {
            Match::Differs(field @ ("value" | "calldata")) => Err(mismatch(call, transaction, field)),
            _ => another(),
        },
        // An equal call's.
        Some(transaction) if is_call(transaction, signer, call) => another(),
        None if is_mined => uncertain("no endpoint shows the transaction with the nonce "),
        _ => Ok(ticket.late_answer(account, nonce, call).map(|hash| (hash, place))),
    }
}
