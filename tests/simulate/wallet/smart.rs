//! Safes and ERC-4337 accounts: a yes makes an operation, which somebody else executes.

use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use futures_util::FutureExt as _;
use futures_util::future::pending;
use ogkit::ogpu::protocol::controller::publish_task;
use ogkit::ogpu::types::TaskInfo;

use super::send::{Manner, broadcast, next_nonce, price};
use super::serve::{Answer, close, hash_of, node};
use super::{BUNDLER, EXECUTOR, Operation, STRANGER_ACCOUNT, words};
use crate::accounts::{Asked, EntryPoint, exec_transaction, operation, safe_hash, user_op_hash};
use crate::chain::{EPOCH, Tx};
use crate::contracts::{CONTRACTS, Code, ENTRY_POINT, SOURCE, ether};
use crate::executor::Owner;
use crate::faults::Fault;
use crate::plan::WalletKind;
use crate::wire;
use crate::world::Shared;

/// The next nonce of a smart account, on chain.
fn next_on_chain(world: &Shared, account: Address) -> u64 {
    match world.chain.borrow().state().account(account).code {
        Code::Safe { next, .. } | Code::Smart { next } => next,
        Code::None | Code::Contract | Code::Delegated => 0,
    }
}

/// An operation is signed and handed on. Answers its number among the wallet's.
pub(crate) fn propose(world: &Shared, ask: usize, account: Address, calls: Vec<Asked>, is_edited: bool) -> usize {
    let now = world.exec.now();
    let on_chain = next_on_chain(world, account);
    let is_safe = world.plan.wallet == WalletKind::Safe;
    let (mut wait, mut is_rejected) = (Some(world.between(500, 5000)), false);
    if is_safe {
        if world.strikes(Fault::SafeWaits) {
            wait = Some(world.between(20_000, 150_000));
        }
        is_rejected = world.strikes(Fault::SafeRejected);
        if world.strikes(Fault::SafeNever) {
            wait = None;
        }
    } else if world.strikes(Fault::BundleNever) {
        wait = None;
    }
    let mut wallet = world.wallet.borrow_mut();
    // An operation that the bundler lost leaves its nonce to the next one; a Safe's queue keeps it.
    let taken = wallet
        .operations
        .iter()
        .filter(|op| op.account == account && (is_safe || op.ready_at.is_some()))
        .map(|op| op.nonce + 1)
        .max();
    let nonce = taken.unwrap_or_default().max(on_chain);
    let id = if is_safe { safe_hash(account, nonce, &calls) } else { user_op_hash(account, nonce, &calls) };
    let ready_at = wait.map(|wait| now + wait);
    let hashes = Vec::new();
    wallet.operations.push(Operation {
        id,
        ask,
        account,
        calls,
        nonce,
        ready_at,
        hashes,
        is_rejected,
        is_partial: false,
        is_edited,
    });
    let number = wallet.operations.len() - 1;
    drop(wallet);
    world.say(|| format!("operation {id} is signed, with the account's nonce {nonce}, ready at {ready_at:?}"));
    number
}

/// What the user approved, on its way.
pub(crate) async fn send(world: &Shared, ask: usize, account: Address, calls: Vec<Asked>, is_edited: bool) -> Answer {
    let wait = world.between(200, 1500);
    world.exec.sleep(wait).await;
    if world.strikes(Fault::WalletSendLost) {
        close(world, ask);
        return Err(words::no_answer(world));
    }
    let number = propose(world, ask, account, calls, is_edited);
    let id = world.wallet.borrow().operations[number].id;
    if world.strikes(Fault::WalletHangs) {
        pending::<()>().await;
    }
    if world.strikes(Fault::WalletErrorAfterBroadcast) {
        return Err(words::after_broadcast(world));
    }
    if world.strikes(Fault::WalletAnswerLost) {
        return Err(words::no_answer(world));
    }
    if world.strikes(Fault::WalletGarbage) {
        return Ok(world.pick(&["null", "true", "\"0x\"", "{}", "\"0x00\""]).to_owned());
    }
    if world.strikes(Fault::WalletUnknownHash) {
        return Ok(format!("\"{}\"", crate::rng::digest(&[world.between(0, u64::MAX - 1)])));
    }
    if world.plan.wallet == WalletKind::Smart && world.has(Fault::BundleHash) && world.strikes(Fault::BundleHash) {
        for _ in 0..60 {
            if let Some(hash) = world.wallet.borrow().operations[number].hashes.last() {
                return Ok(format!("\"{hash}\""));
            }
            world.exec.sleep(500).await;
        }
    }
    Ok(format!("\"{id}\""))
}

/// Executors and bundlers, who look for work every now and then.
pub(crate) fn start(world: &Shared) {
    let later = Rc::clone(world);
    let task = async move {
        loop {
            let wait = later.between(400, 1500);
            later.exec.sleep(wait).await;
            if later.plan.wallet == WalletKind::Safe { execute(&later) } else { bundle(&later) }
        }
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

/// The operations that are next on their accounts, with nothing of theirs in flight.
fn due(world: &Shared) -> Vec<usize> {
    let now = world.exec.now();
    let wallet = world.wallet.borrow();
    let chain = world.chain.borrow();
    let mut found = Vec::new();
    for (number, op) in wallet.operations.iter().enumerate() {
        let next = match chain.state().account(op.account).code {
            Code::Safe { next, .. } | Code::Smart { next } => next,
            Code::None | Code::Contract | Code::Delegated => continue,
        };
        // What never becomes ready is cleared away in the end.
        let is_ready = op
            .ready_at
            .map_or(world.settling.is_set() && world.plan.wallet == WalletKind::Safe, |at| at <= now || world.settling.is_set());
        // One that was mined without moving the account's nonce failed as a whole.
        let flies = op.hashes.iter().any(|hash| chain.is_alive(*hash) && chain.find(chain.head(), *hash).is_none());
        let is_taken = found.iter().any(|other: &usize| wallet.operations[*other].account == op.account);
        if op.nonce == next && is_ready && !flies && !is_taken {
            found.push(number);
        }
    }
    found
}

fn execute(world: &Shared) {
    for number in due(world) {
        let op = world.wallet.borrow().operations[number].clone();
        let is_rejected = op.is_rejected || op.ready_at.is_none();
        let calls = if is_rejected {
            vec![Asked { to: Some(op.account), value: U256::ZERO, data: Bytes::new() }]
        } else {
            op.calls.clone()
        };
        let input = exec_transaction(&calls, safe_hash(op.account, op.nonce, &calls));
        let nonce = next_nonce(world, EXECUTOR);
        let tx = Rc::new(Tx::sign(EXECUTOR, nonce, Some(op.account), U256::ZERO, input, 300_000, price(world)));
        world.say(|| format!("the Safe's owners {} {}", if is_rejected { "reject" } else { "execute" }, op.id));
        send_for(world, &[number], &tx, is_rejected);
    }
}

fn send_for(world: &Shared, numbers: &[usize], tx: &Rc<Tx>, is_rejected: bool) {
    let (asks, is_edited) = {
        let wallet = world.wallet.borrow();
        let ops: Vec<&Operation> = numbers.iter().map(|number| &wallet.operations[*number]).collect();
        (ops.iter().map(|op| op.ask).collect::<Vec<_>>(), is_rejected || ops.iter().any(|op| op.is_edited))
    };
    let is_doomed = !is_rejected && world.strikes(Fault::InnerFails);
    if broadcast(world, &asks, tx, Manner { is_edited, is_private: false, is_doomed }).is_ok() {
        let mut wallet = world.wallet.borrow_mut();
        for number in numbers {
            wallet.operations[*number].hashes.push(tx.hash);
        }
    }
    asks.into_iter().for_each(|ask| close(world, ask));
}

fn bundle(world: &Shared) {
    let numbers = due(world);
    if numbers.is_empty() {
        return;
    }
    let mut ops: Vec<EntryPoint::PackedUserOperation> = {
        let wallet = world.wallet.borrow();
        numbers.iter().map(|number| &wallet.operations[*number]).map(|op| operation(op.account, op.nonce, &op.calls)).collect()
    };
    if world.strikes(Fault::BundleStrangers) {
        let nonce = next_on_chain(world, STRANGER_ACCOUNT);
        let info = TaskInfo {
            source: SOURCE,
            config: String::new(),
            expiry_time: EPOCH + 7200,
            payment: ether(0) + U256::from(nonce + 1),
        };
        let call = publish_task(CONTRACTS.controller, &info, "http://ipfs.test/ipfs/stranger".to_owned());
        let theirs = operation(STRANGER_ACCOUNT, nonce, &[Asked { to: call.to, value: U256::ZERO, data: call.data }]);
        let at = if world.chance(500) { 0 } else { ops.len() };
        ops.insert(at, theirs);
    }
    let input = EntryPoint::handleOpsCall { ops, beneficiary: BUNDLER }.abi_encode();
    let nonce = next_nonce(world, BUNDLER);
    let tx = Rc::new(Tx::sign(BUNDLER, nonce, Some(ENTRY_POINT), U256::ZERO, input.into(), 900_000, price(world)));
    send_for(world, &numbers, &tx, false);
}

/// Where an operation was executed, on the branch that counts, and whether its calls succeeded.
pub(crate) fn executed(world: &Shared, id: B256) -> Option<((usize, usize), bool)> {
    let wallet = world.wallet.borrow();
    let op = wallet.operations.iter().find(|op| op.id == id)?;
    let chain = world.chain.borrow();
    let place = op.hashes.iter().find_map(|hash| chain.find(chain.head(), *hash))?;
    let inner = &chain.blocks[place.0].txs[place.1].inner;
    let own: Vec<bool> = inner.iter().filter(|inner| inner.id == Some(id)).map(|inner| inner.succeeded).collect();
    (!own.is_empty()).then(|| (place, own.iter().all(|succeeded| *succeeded)))
}

/// A bundler's `eth_getUserOperationReceipt`.
pub(crate) fn operation_receipt(world: &Shared, params: &str) -> Answer {
    let Some(id) = hash_of(params) else { return Err(words::failure(Some(-32602), "Invalid params")) };
    let Some((place, succeeded)) = executed(world, id) else { return Ok("null".to_owned()) };
    let chain = world.chain.borrow();
    let mut receipt = String::new();
    wire::receipt(&mut receipt, &chain, place, None);
    let sender = world.wallet.borrow().operations.iter().find(|op| op.id == id).map(|op| op.account).unwrap_or_default();
    Ok(format!(
        r#"{{"userOpHash":"{id}","entryPoint":"{ENTRY_POINT:?}","sender":"{sender:?}","nonce":"0x0","success":{succeeded},"actualGasCost":"0x0","actualGasUsed":"0x0","logs":[],"receipt":{receipt}}}"#
    ))
}

/// What a Safe's provider says of its own hashes: the real receipt under the Safe's hash; a transaction that is not executed is made up.
pub(crate) fn safe_lookup(world: &Shared, method: &str, params: &str) -> Answer {
    let known = hash_of(params).filter(|id| world.wallet.borrow().operations.iter().any(|op| op.id == *id));
    let Some(id) = known else { return node(world, method, params) };
    let Some((place, _)) = executed(world, id) else {
        if method == "eth_getTransactionReceipt" {
            return Ok("null".to_owned());
        }
        let account = world.wallet.borrow().operations.iter().find(|op| op.id == id).map(|op| op.account).unwrap_or_default();
        return Ok(format!(
            r#"{{"hash":"{id}","from":"{account:?}","to":"{account:?}","nonce":"0x0","value":"0x0","input":"0x","gas":"0x0","gasPrice":"0x0","blockHash":null,"blockNumber":null,"transactionIndex":null}}"#
        ));
    };
    let chain = world.chain.borrow();
    let mut out = String::new();
    if method == "eth_getTransactionReceipt" {
        wire::receipt(&mut out, &chain, place, Some(id));
        return Ok(out);
    }
    let mut tx = Tx::clone(&chain.blocks[place.0].txs[place.1].tx);
    tx.hash = id;
    wire::transaction(&mut out, &chain, &tx, Some(place));
    Ok(out)
}
