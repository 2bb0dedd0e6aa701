//! From a yes to an answer, for accounts with a key: number, sign, send by the wallet's own node, and tell the page.

use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};
use futures_util::future::pending;
use ogkit::ogpu::protocol::controller::publish_task;
use ogkit::ogpu::types::TaskInfo;

use super::serve::{Answer, Transaction, after, close};
use super::{Local, words};
use crate::accounts::Asked;
use crate::chain::{BASE_FEE, EPOCH, Pooled, Refusal, Tx};
use crate::contracts::{CONTRACTS, SOURCE};
use crate::faults::Fault;
use crate::ledger::Broadcast;
use crate::world::Shared;

/// The nonce that the wallet takes by itself: the chain's, and behind it those that it believes to be under way (MetaMask's
/// nonce-tracker).
pub(crate) fn tracked_nonce(world: &Shared, account: Address) -> u64 {
    let mut next = world.chain.borrow().state().account(account).nonce;
    let wallet = world.wallet.borrow();
    while wallet.local.iter().any(|local| local.account == account && local.nonce == next && !local.has_failed) {
        next += 1;
    }
    next
}

/// The nonce behind all that is in the pool: for senders who make no mistakes.
pub(crate) fn next_nonce(world: &Shared, account: Address) -> u64 {
    let chain = world.chain.borrow();
    let mut next = chain.state().account(account).nonce;
    while chain.pool.iter().any(|pooled| pooled.until.is_none() && pooled.tx.from == account && pooled.tx.nonce == next) {
        next += 1;
    }
    next
}

/// A price a little above the least.
pub(crate) fn price(world: &Shared) -> u64 {
    2 * BASE_FEE / 100 * (100 + world.pick(&[0, 3, 8, 15, 30]))
}

/// How a transaction is sent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Manner {
    /// The user made something else of what was asked.
    pub(crate) is_edited: bool,
    /// By a private relay.
    pub(crate) is_private: bool,
    /// It, or the call inside, fails when it is mined.
    pub(crate) is_doomed: bool,
}

impl Manner {
    /// An account's own transaction.
    fn own(world: &Shared, is_edited: bool) -> Self {
        Self { is_edited, is_private: false, is_doomed: !is_edited && world.strikes(Fault::RevertsWhenMined) }
    }
}

/// Sends a transaction to the network, for these requests.
pub(crate) fn broadcast(world: &Shared, asks: &[usize], tx: &Rc<Tx>, manner: Manner) -> Result<(), Refusal> {
    let now = world.exec.now();
    let Manner { is_edited, is_private, is_doomed } = manner;
    let mut wait = world.between(0, 2500);
    if world.strikes(Fault::TxSlow) {
        wait = world.between(8000, 70_000);
    }
    let pooled = Pooled { tx: Rc::clone(tx), since: now, until: None, ready_at: now + wait, is_doomed, is_private };
    let result = world.chain.borrow_mut().accept(now, pooled);
    world.say(|| match &result {
        Ok(()) => format!("broadcast {} from {} with nonce {}", tx.hash, tx.from, tx.nonce),
        Err(refusal) => format!("the wallet's node refuses {}: {refusal:?}", tx.hash),
    });
    result?;
    if world.wallet.borrow().accounts.contains(&tx.from) {
        let local = Local { account: tx.from, nonce: tx.nonce, hash: tx.hash, has_failed: false };
        world.wallet.borrow_mut().local.push(local);
    }
    for ask in asks {
        if let Some(ask) = world.ledger.borrow_mut().asks.get_mut(*ask) {
            ask.broadcasts.push(Broadcast { hash: tx.hash, is_edited });
        }
    }
    if world.strikes(Fault::TxDropped) {
        let hash = tx.hash;
        after(world, world.between(500, 20_000), move |world| drop_from_pool(world, hash));
    }
    Ok(())
}

fn drop_from_pool(world: &Shared, hash: B256) {
    let now = world.exec.now();
    let mut chain = world.chain.borrow_mut();
    let head = chain.head();
    if chain.find(head, hash).is_none()
        && let Some(pooled) = chain.pool.iter_mut().find(|pooled| pooled.tx.hash == hash && pooled.until.is_none())
    {
        pooled.until = Some(now);
        world.say(|| format!("the network drops {hash}"));
        drop(chain);
        forget(world, hash);
    }
}

/// A transaction is lost, and the wallet finds out: its nonce is free again.
pub(crate) fn forget(world: &Shared, hash: B256) {
    world.ledger.borrow_mut().dropped.push(hash);
    after(world, world.between(500, 5000), move |world| {
        let mut wallet = world.wallet.borrow_mut();
        let lost = wallet.local.iter().find(|local| local.hash == hash).map(|local| (local.account, local.nonce));
        let of = wallet.local.iter_mut().filter(|local| Some((local.account, local.nonce)) == lost);
        of.for_each(|local| local.has_failed = true);
    });
}

/// What the user approved, on its way.
pub(crate) async fn send(world: &Shared, ask: usize, request: &Transaction, edited: Option<Asked>, is_elsewhere: bool) -> Answer {
    let is_edited = edited.is_some();
    let Asked { to, value, data } =
        edited.unwrap_or_else(|| Asked { to: request.to, value: request.value, data: request.data.clone() });
    let (mut from, honours) = (request.from, world.wallet.borrow().honours_nonce);
    let mut is_edited = is_edited;
    if world.plan.accounts > 1 && world.strikes(Fault::WalletWrongSender) {
        from = *world.wallet.borrow().accounts.iter().find(|account| **account != from).unwrap_or(&from);
        is_edited = true;
    }
    let suggested = request.nonce.and_then(|nonce| u64::try_from(nonce).ok()).filter(|_| honours && from == request.from);
    let mut nonce = suggested.unwrap_or_else(|| tracked_nonce(world, from));
    if world.strikes(Fault::UserNumbers) {
        // One that waits is replaced, or it goes behind all that the wallet knows.
        nonce = world.between(world.chain.borrow().state().account(from).nonce, tracked_nonce(world, from));
    }
    if request.nonce.is_some_and(|asked| asked > U256::from(nonce)) {
        world.ledger.borrow_mut().asks[ask].is_below = true;
    }
    let gas = request.gas.and_then(|gas| u64::try_from(gas).ok()).unwrap_or(90_000);
    let given = request.gas_price.or(request.max_fee_per_gas).and_then(|price| u64::try_from(price).ok());
    let price = given.unwrap_or_else(|| price(world));
    let tx = Rc::new(Tx::sign(from, nonce, to, value, data, gas, price));
    let wait = world.between(20, 800);
    world.exec.sleep(wait).await;
    if is_elsewhere {
        world.say(|| format!("the wallet sends {} on another chain", tx.hash));
        close(world, ask);
        return hash(tx.hash);
    }
    let outcome = deliver(world, ask, &tx, is_edited).await;
    close(world, ask);
    if outcome.is_err() {
        let mut wallet = world.wallet.borrow_mut();
        wallet.local.iter_mut().filter(|local| local.hash == tx.hash).for_each(|local| local.has_failed = true);
    }
    outcome
}

fn hash(hash: B256) -> Answer {
    Ok(format!("\"{hash}\""))
}

async fn deliver(world: &Shared, ask: usize, tx: &Rc<Tx>, is_edited: bool) -> Answer {
    if world.strikes(Fault::WalletSendLost) {
        let wait = world.between(500, 12_000);
        world.exec.sleep(wait).await;
        return Err(words::no_answer(world));
    }
    if world.strikes(Fault::WalletLateBroadcast) {
        let failure = words::no_answer(world);
        let (tx, wait) = (Rc::clone(tx), world.between(300, 8000));
        world.ledger.borrow_mut().asks[ask].is_late = true;
        after(world, wait, move |world| {
            world.ledger.borrow_mut().asks[ask].is_late = false;
            let _ = broadcast(world, &[ask], &tx, Manner::own(world, is_edited));
        });
        return Err(failure);
    }
    let manner = Manner { is_private: world.strikes(Fault::WalletPrivateRelay), ..Manner::own(world, is_edited) };
    if let Err(refusal) = broadcast(world, &[ask], tx, manner) {
        return Err(words::refused_by_node(world, refusal));
    }
    second_thoughts(world, ask, tx, is_edited);
    if world.strikes(Fault::WalletHangs) {
        pending::<()>().await;
    }
    if world.strikes(Fault::WalletErrorAfterBroadcast) {
        return Err(words::after_broadcast(world));
    }
    if world.strikes(Fault::WalletAnswerLost) {
        let wait = world.between(500, 15_000);
        world.exec.sleep(wait).await;
        return Err(words::no_answer(world));
    }
    if world.strikes(Fault::WalletRepeats) {
        // 502, 503, 504, a reset: the same bytes again, once or more often.
        let wait = world.between(200, 10_000);
        world.exec.sleep(wait).await;
        let refusal = refusal_of_repeat(world, tx);
        // Some wallets know what that means.
        if world.chance(800) {
            return Err(words::refused_by_node(world, refusal));
        }
    }
    let wait = world.between(20, 400);
    world.exec.sleep(wait).await;
    if world.strikes(Fault::WalletGarbage) {
        let zero = format!("\"{}\"", B256::ZERO);
        return Ok(world.pick(&["null", "true", "\"0x\"", "\"0x1234\"", "{}", "\"pending\"", "7", "[]", &zero]).to_owned());
    }
    if world.strikes(Fault::WalletUnknownHash) {
        return hash(crate::rng::digest(&[world.between(0, u64::MAX - 1)]));
    }
    if world.strikes(Fault::WalletStrangersHash)
        && let Some(other) = strangers(world)
    {
        return hash(other);
    }
    hash(tx.hash)
}

/// What a node says to the same bytes a second time.
fn refusal_of_repeat(world: &Shared, tx: &Tx) -> Refusal {
    let chain = world.chain.borrow();
    if chain.state().account(tx.from).nonce > tx.nonce {
        return Refusal::NonceTooLow;
    }
    let is_known = chain.pool.iter().any(|pooled| pooled.tx.hash == tx.hash && pooled.until.is_none());
    if is_known && world.chance(750) { Refusal::AlreadyKnown } else { Refusal::Underpriced }
}

/// Somebody else's transaction.
fn strangers(world: &Shared) -> Option<B256> {
    let chain = world.chain.borrow();
    let all: Vec<B256> =
        chain.pool.iter().filter(|pooled| pooled.tx.from == super::STRANGER).map(|pooled| pooled.tx.hash).collect();
    drop(chain);
    if all.is_empty() { None } else { Some(world.pick(&all)) }
}

/// Strangers publish tasks as our users do.
pub(crate) fn strangers_publish(world: &Shared) {
    for (at, wait) in [0, 12_000, 45_000].into_iter().enumerate() {
        let nonce = next_nonce(world, super::STRANGER);
        let call =
            TaskInfo { source: SOURCE, config: String::new(), expiry_time: EPOCH + 7200, payment: U256::from(900_000 + at) };
        let call = publish_task(CONTRACTS.controller, &call, "http://ipfs.test/ipfs/stranger".to_owned());
        let tx = Rc::new(Tx::sign(super::STRANGER, nonce, call.to, U256::ZERO, call.data, 90_000, 2 * BASE_FEE));
        let pooled = Pooled { tx, since: wait, until: None, ready_at: wait + 3000, is_doomed: false, is_private: false };
        let _ = world.chain.borrow_mut().accept(0, pooled);
    }
}

/// A user who speeds up or cancels what he has sent.
fn second_thoughts(world: &Shared, ask: usize, tx: &Rc<Tx>, is_edited: bool) {
    let (is_speedup, is_cancel) = (world.strikes(Fault::UserSpeedsUp), world.strikes(Fault::UserCancels));
    if !is_speedup && !is_cancel {
        return;
    }
    let tx = Rc::clone(tx);
    after(world, world.between(300, 6000), move |world| {
        if world.chain.borrow().state().account(tx.from).nonce > tx.nonce {
            return;
        }
        let price = tx.price + tx.price / 5;
        let new = if is_cancel {
            Tx::sign(tx.from, tx.nonce, Some(tx.from), U256::ZERO, Bytes::new(), 21_000, price)
        } else {
            Tx::sign(tx.from, tx.nonce, tx.to, tx.value, tx.input.clone(), tx.gas, price)
        };
        let new = Rc::new(new);
        world.say(|| format!("the user {} {}", if is_cancel { "cancels" } else { "speeds up" }, tx.hash));
        let _ = broadcast(world, &[ask], &new, Manner::own(world, is_cancel || is_edited));
    });
}
