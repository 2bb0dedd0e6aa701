//! Looks for a write on chain when the wallet's answer does not tell whether it is out.

use alloy_primitives::B256;

use super::super::call::WriteCall;
use super::super::replies::Log;
use super::super::rpc::Rpc;
use super::super::search::{ChainTransaction, Match, Place, ask_counts, compare, in_block, mined, mismatch, operation_logs};
use super::super::signer::Signer;
use super::super::smart;
use super::decision::{QUIET_MS, Shown};
use crate::error::{Error, Kind};

/// The pause between two looks.
const PAUSE_MS: u64 = 500;

/// Looks until our call is found, until the nonce is another's for [`QUIET_MS`], or until `search_ms` have passed; at least once.
/// A node that fails meanwhile is asked again.
pub(super) async fn look(rpc: &Rpc, signer: &Signer, call: &WriteCall, place: &Place, search_ms: u64) -> Shown {
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(search_ms);
    let mut taken_since = None;
    loop {
        match once(rpc, signer, call, place).await {
            Ok(other @ (Shown::Other | Shown::Cancelled(_))) => {
                let since = *taken_since.get_or_insert(clock.now_ms());
                if clock.now_ms().saturating_sub(since) >= QUIET_MS {
                    return other;
                }
            }
            Ok(Shown::Nothing) => taken_since = None,
            Ok(ours) => return ours,
            Err(_) => {}
        }
        // A nonce that was seen in another's hands is looked at to the end of its time.
        let until = taken_since.map_or(deadline, |since| deadline.max(since.saturating_add(QUIET_MS)));
        if clock.now_ms() >= until || search_ms == 0 {
            return Shown::Nothing;
        }
        clock.sleep(PAUSE_MS).await;
    }
}

async fn once(rpc: &Rpc, signer: &Signer, call: &WriteCall, place: &Place) -> Result<Shown, Error> {
    let account = signer.account;
    let mut batch = rpc.batch().decides();
    let filters = smart::filters(account, place.from_block).map(|filter| batch.push("eth_getLogs", filter));
    let counts =
        place.nonce.map(|_| (ask_counts(&mut batch, account), batch.push("eth_getBlockByNumber", r#"["pending",true]"#)));
    let replies = batch.send().await?;
    if let Some(hash) = operation(rpc, signer, call, &operation_logs(&replies, filters)).await? {
        return Ok(Shown::Ours(hash));
    }
    let (Some(nonce), Some(([mined_count, pending_count, head], block))) = (place.nonce, counts) else {
        return Ok(Shown::Nothing);
    };
    let [mined_count, pending_count, head] =
        [replies.quantity(mined_count)?, replies.quantity(pending_count)?, replies.quantity(head)?];
    let taken = mined(rpc, account, place.lowest..mined_count, place.from_block, head).await?;
    // Not every node shows its pending transactions.
    let waiting = replies.json(block).ok().and_then(|block| in_block(block, account).ok()).unwrap_or_default();
    for transaction in taken.iter().chain(&waiting).filter(|transaction| transaction.nonce >= place.lowest) {
        if is_call(transaction, signer, call) && owned(rpc, signer, place, transaction).await {
            return Ok(Shown::Ours(transaction.hash));
        }
    }
    // Every nonce since is accounted for, and nothing waits: what was asked is not among them.
    let settled = taken.len() as u64 == mined_count.saturating_sub(place.lowest) && pending_count <= mined_count;
    let Some(other) = taken.iter().find(|transaction| transaction.nonce == nonce && settled) else { return Ok(Shown::Nothing) };
    Ok(match compare(other, account, call) {
        Match::Cancel => Shown::Cancelled(other.hash),
        Match::Differs("value" | "calldata") if place.is_repeated => Shown::Edited(other.hash),
        // Not where another call of ours has used the nonce too: it may be that call's.
        Match::Differs("value" | "calldata")
            if !signer.book.is_shared(rpc.io().tabs.as_ref(), signer.chain.chain_id, account, nonce).await
                && adopted(rpc, signer, other.hash).await =>
        {
            Shown::Edited(other.hash)
        }
        _ => Shown::Other,
    })
}

fn is_call(transaction: &ChainTransaction, signer: &Signer, call: &WriteCall) -> bool {
    matches!(compare(transaction, signer.account, call), Match::Same | Match::Inside)
}

/// Whether a transaction is this call's: no other call of this origin follows it, or claims its nonce.
async fn owned(rpc: &Rpc, signer: &Signer, place: &Place, transaction: &ChainTransaction) -> bool {
    (place.nonce == Some(transaction.nonce) || is_free(rpc, signer, transaction.nonce).await)
        && adopted(rpc, signer, transaction.hash).await
}

async fn adopted(rpc: &Rpc, signer: &Signer, hash: B256) -> bool {
    signer.book.adopt_hash(rpc.io().tabs.as_ref(), signer.chain.chain_id, hash).await
}

async fn is_free(rpc: &Rpc, signer: &Signer, used: u64) -> bool {
    signer.book.adopt(rpc.io().tabs.as_ref(), signer.chain.chain_id, signer.account, used).await
}

/// The transaction of an operation of the account that carries the call, and which no other call of this origin follows.
async fn operation(rpc: &Rpc, signer: &Signer, call: &WriteCall, logs: &[Log]) -> Result<Option<B256>, Error> {
    for found in smart::operations(signer.account, logs) {
        let mut batch = rpc.batch().decides();
        let place = batch.push("eth_getTransactionByHash", format!(r#"["{}"]"#, found.transaction));
        let replies = batch.send().await?;
        let Some(wire) = replies.json(place)?.present() else { continue };
        let transaction = ChainTransaction::read(wire)?;
        if smart::contains_call(&transaction.input, signer.account, call) && adopted(rpc, signer, found.id).await {
            return Ok(Some(found.transaction));
        }
    }
    Ok(None)
}

/// The call, where the chain shows it under a nonce of the caller's choice; `None` where the nonce is free or a pending transaction
/// shall be replaced. One request, and a few more where the nonce is used.
///
/// # Errors
/// [`Kind::Nonce`] when another transaction has used the nonce, [`Kind::TxMismatch`] when it is one to the same contract with
/// other values, which may be the call that is repeated; those of [`Rpc`]'s reads.
pub(super) async fn under(rpc: &Rpc, signer: &Signer, call: &WriteCall, nonce: u64) -> Result<Option<(B256, Place)>, Error> {
    let account = signer.account;
    let mut batch = rpc.batch().decides();
    let [mined_at, pending_at, head_at] = ask_counts(&mut batch, account);
    let pool = batch.push("eth_getBlockByNumber", r#"["pending",true]"#);
    let replies = batch.send().await?;
    let (mined_count, pending, head) = (replies.quantity(mined_at)?, replies.quantity(pending_at)?, replies.quantity(head_at)?);
    let place = |from_block| Place { nonce: Some(nonce), is_repeated: true, lowest: nonce, from_block };
    let another = || Error::from(Kind::Nonce { address: account, tried: nonce, suggested: pending.max(mined_count), hash: None });
    if nonce < mined_count {
        let found = mined(rpc, account, nonce..nonce + 1, 0, head).await?;
        let found = found.first().ok_or_else(another)?;
        match compare(found, account, call) {
            Match::Same | Match::Inside => {}
            Match::Differs(field @ ("value" | "calldata")) => return Err(mismatch(call, found, field)),
            _ => return Err(another()),
        }
        adopted(rpc, signer, found.hash).await.then_some(()).ok_or_else(another)?;
        return Ok(Some((found.hash, place(0))));
    }
    let waiting = replies.json(pool).ok().and_then(|block| in_block(block, account).ok()).unwrap_or_default();
    let Some(ours) = waiting.iter().find(|waiting| waiting.nonce == nonce && is_call(waiting, signer, call)) else {
        return Ok(None);
    };
    adopted(rpc, signer, ours.hash).await.then_some(()).ok_or_else(another)?;
    Ok(Some((ours.hash, place(head))))
}
