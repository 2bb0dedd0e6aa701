//! EIP-5792: several calls under one signature.

use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};
use serde::Deserialize;

use super::send::{Manner, broadcast, price, tracked_nonce};
use super::serve::{Answer, Request, close, note, refuse};
use super::smart::executed;
use super::user::{Decision, decide};
use super::{Operation, Stage, smart, words};
use crate::accounts::{Asked, delegated_batch};
use crate::chain::Tx;
use crate::faults::Fault;
use crate::plan::WalletKind;
use crate::rng::digest;
use crate::wire;
use crate::world::Shared;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Calls {
    from: Address,
    calls: Vec<Call>,
}

#[derive(Deserialize)]
struct Call {
    to: Option<Address>,
    #[serde(default)]
    value: U256,
    #[serde(default)]
    data: Bytes,
}

/// `wallet_getCapabilities`.
pub(crate) fn capabilities(world: &Shared) -> Answer {
    match world.plan.wallet {
        WalletKind::Delegated => {
            let status = if world.plan.seed.is_multiple_of(3) { "ready" } else { "supported" };
            Ok(format!("{{\"0x42f\":{{\"atomic\":{{\"status\":\"{status}\"}}}}}}"))
        }
        WalletKind::Safe => Ok("{\"0x42f\":{\"atomicBatch\":{\"supported\":true}}}".to_owned()),
        WalletKind::Smart => Ok("{\"0x42F\":{\"atomic\":{\"status\":\"supported\"}}}".to_owned()),
        WalletKind::Extension | WalletKind::Hardware => {
            Err(words::failure(world.pick(&[Some(4200), Some(-32601), Some(-32004)]), "not supported"))
        }
    }
}

/// `wallet_sendCalls`.
pub(crate) async fn send_calls(world: &Shared, request: &Request) -> Answer {
    let (asked,): (Calls,) =
        serde_json::from_str(&request.params).unwrap_or_else(|error| panic!("wallet_sendCalls {}: {error}", request.params));
    if world.strikes(Fault::CallsRefused) {
        let code = world.pick(&[5700, 5710, 5720, 5740, 5760, -32602, 4200, -32601]);
        return Err(words::failure(Some(code), "the batch is not supported"));
    }
    let calls: Vec<Asked> = asked.calls.into_iter().map(|Call { to, value, data }| Asked { to, value, data }).collect();
    let ask = world.ledger.borrow_mut().ask(request.call, None, true);
    note(world, Some(ask), Stage::Window);
    if world.strikes(Fault::WalletDisconnects) {
        super::serve::after(world, world.between(0, 9000), super::reload);
    }
    world.say(|| format!("a window opens for call {}: {} calls", request.call, calls.len()));
    if world.strikes(Fault::CallsUpgradeRefused) {
        let wait = world.between(300, 5000);
        world.exec.sleep(wait).await;
        refuse(world, ask, true);
        return Err(words::failure(Some(5750), "EIP-7702 upgrade rejected by user"));
    }
    if let Decision::No(failure, is_known) = decide(world, None).await {
        refuse(world, ask, is_known);
        return Err(failure);
    }
    note(world, Some(ask), Stage::Sending);
    let number = if world.plan.wallet == WalletKind::Delegated {
        delegated(world, ask, asked.from, calls)
    } else {
        Some(smart::propose(world, ask, asked.from, calls, false))
    };
    let Some(number) = number else { return Err(words::no_answer(world)) };
    let id = world.wallet.borrow().operations[number].id;
    if world.strikes(Fault::WalletHangs) {
        futures_util::future::pending::<()>().await;
    }
    if world.strikes(Fault::WalletAnswerLost) {
        return Err(words::no_answer(world));
    }
    if world.strikes(Fault::WalletErrorAfterBroadcast) {
        return Err(words::failure(world.pick(&[Some(-32603), Some(-32000), Some(-32003), None]), "Unexpected error"));
    }
    // Version 1 answered the id alone.
    Ok(if world.plan.seed.is_multiple_of(5) { format!("\"{id}\"") } else { format!("{{\"id\":\"{id}\"}}") })
}

/// A batch of an account with a delegate: one transaction to itself, or, of a wallet that does not keep its word, one after the other.
fn delegated(world: &Shared, ask: usize, from: Address, calls: Vec<Asked>) -> Option<usize> {
    let is_partial = world.strikes(Fault::CallsPartial);
    let parts: Vec<Asked> = if is_partial {
        let some = world.between(1, calls.len() as u64 - 1);
        calls.iter().take(usize::try_from(some).unwrap_or(1)).cloned().collect()
    } else {
        vec![Asked { to: Some(from), value: U256::ZERO, data: delegated_batch(&calls) }]
    };
    let mut hashes = Vec::new();
    for part in parts {
        let nonce = tracked_nonce(world, from);
        let Asked { to, value, data } = part;
        let tx = Rc::new(Tx::sign(from, nonce, to, value, data, 400_000, price(world)));
        let is_doomed = !is_partial && world.strikes(Fault::InnerFails);
        if broadcast(world, &[ask], &tx, Manner { is_doomed, ..Manner::default() }).is_ok() {
            hashes.push(tx.hash);
        }
    }
    close(world, ask);
    if hashes.is_empty() {
        return None;
    }
    let mut wallet = world.wallet.borrow_mut();
    let id = digest(&[0x5792, ask as u64]);
    let (account, is_edited, is_rejected, ready_at) = (from, false, false, Some(0));
    wallet.operations.push(Operation { id, ask, account, calls, nonce: 0, ready_at, hashes, is_rejected, is_partial, is_edited });
    Some(wallet.operations.len() - 1)
}

/// `wallet_getCallsStatus`.
pub(crate) fn status(world: &Shared, params: &str) -> Answer {
    if world.strikes(Fault::CallsStatusFails) {
        return Err(words::failure(world.pick(&[Some(-32603), Some(5730), Some(4900), None]), "unknown bundle"));
    }
    let Some(id) = super::serve::hash_of(params) else { return Err(words::failure(Some(5730), "unknown bundle id")) };
    let Some(op) = world.wallet.borrow().operations.iter().find(|op| op.id == id).cloned() else {
        return Err(words::failure(Some(5730), "unknown bundle id"));
    };
    let (mut number, places) = result(world, &op);
    // MetaMask's word for a transaction whose publication failed, whatever its node did with it.
    if number == 100 && world.plan.wallet != WalletKind::Safe && world.strikes(Fault::CallsSaysNotSent) {
        number = 400;
    }
    let mut receipts = String::new();
    if !(number == 200 && world.strikes(Fault::CallsNoReceipts)) {
        let chain = world.chain.borrow();
        // Safe's provider repeats the one receipt for each call.
        let times = if world.plan.wallet == WalletKind::Safe { op.calls.len() } else { 1 };
        let all: Vec<String> = places
            .iter()
            .flat_map(|place| std::iter::repeat_n(place, times))
            .map(|place| {
                let mut out = String::new();
                wire::receipt(&mut out, &chain, *place, None);
                out
            })
            .collect();
        if !all.is_empty() {
            receipts = format!(",\"receipts\":[{}]", all.join(","));
        }
    }
    Ok(format!(
        "{{\"version\":\"2.0.0\",\"id\":\"{id}\",\"chainId\":\"0x42f\",\"atomic\":{},\"status\":{number}{receipts}}}",
        !op.is_partial
    ))
}

/// A batch's status, and where its transactions are.
fn result(world: &Shared, op: &Operation) -> (u32, Vec<(usize, usize)>) {
    let chain = world.chain.borrow();
    let head = chain.head();
    if world.plan.wallet != WalletKind::Delegated {
        drop(chain);
        if op.is_rejected && world.exec.now() > op.ready_at.unwrap_or(u64::MAX) {
            return (400, Vec::new());
        }
        return match executed(world, op.id) {
            Some((place, true)) => (200, vec![place]),
            Some((place, false)) => (500, vec![place]),
            None => (100, Vec::new()),
        };
    }
    let places: Vec<(usize, usize)> = op.hashes.iter().filter_map(|hash| chain.find(head, *hash)).collect();
    let is_all = places.len() == op.hashes.len();
    let succeeded = places.iter().all(|(block, at)| chain.blocks[*block].txs[*at].succeeded);
    match (is_all, op.is_partial, succeeded) {
        (false, ..) => {
            let is_lost = !op.hashes.iter().any(|hash: &B256| chain.is_alive(*hash));
            (if is_lost { 400 } else { 100 }, Vec::new())
        }
        (true, true, _) => (600, places),
        (true, false, true) => (200, places),
        (true, false, false) => (500, places),
    }
}
