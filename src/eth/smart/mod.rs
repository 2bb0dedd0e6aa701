//! Accounts with code: which operations on chain are theirs, and what a transaction that somebody else sent did for them.
//!
//! A smart account's call is seldom a transaction of its own. An ERC-4337 bundler puts it into a bundle with those of
//! strangers, and the bundle succeeds although one of its operations failed; a Safe's call is sent by an owner or a
//! relayer; a delegated account (EIP-7702) calls itself or is called. So neither a transaction's status, nor its sender, nor
//! its logs as a whole say what became of one call. The events of the contracts that carried it out do:
//!
//! | the account is | its operation's event | emitted by | success | the operation's logs |
//! |---|---|---|---|---|
//! | an ERC-4337 sender | `UserOperationEvent` with it as `sender` | an EntryPoint | `success` | since `BeforeExecution` or the `UserOperationEvent` before |
//! | a Safe | `ExecutionSuccess`, `ExecutionFailure` | the Safe | which of both | since the Safe's execution before, or the bundle's operation before |
//! | delegated, and no event | | | the transaction's | all |
//!
//! Everything here is a function of what was read; nothing is asked.

use alloy_primitives::{Address, B256, Bytes, U256, address, b256, hex};

use super::call::WriteCall;
use super::replies::Log;

mod calldata;
#[cfg(test)]
mod tests;

pub use calldata::contains_call;

/// The EntryPoints 0.6, 0.7, 0.8 and 0.9: the same addresses on every chain (eth-infinitism/account-abstraction's releases).
pub const ENTRY_POINTS: [Address; 4] = [
    address!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789"),
    address!("0000000071727De22E5E9d8BAf0edAc6f37da032"),
    address!("4337084D9E255Ff0702461CF8895CE9E3b5Ff108"),
    address!("433709009B8330FDa32311DF1C2AFA402eD8D009"),
];

/// `UserOperationEvent(bytes32 indexed userOpHash, address indexed sender, address indexed paymaster, uint256 nonce, bool
/// success, uint256 actualGasCost, uint256 actualGasUsed)` (ERC-4337).
const USER_OPERATION: B256 = b256!("49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f");
/// `UserOperationRevertReason(bytes32 indexed userOpHash, address indexed sender, uint256 nonce, bytes revertReason)`.
const REVERT_REASON: B256 = b256!("1c4fada7374c0a9ee8841fc38afe82932dc0f8e69012e927f061a8bae611a201");
/// `PostOpRevertReason` with the same parameters: the paymaster took the operation back (EntryPoint 0.7 and later).
const POST_OP_REVERT_REASON: B256 = b256!("f62676f440ff169a3a9afdbf812e89e7f95975ee8e5c31214ffdef631c5f4792");
/// `BeforeExecution()`: what an EntryPoint logged before it is validation.
const BEFORE_EXECUTION: B256 = b256!("bb47ee3e183a558b1a2ff0874b079f3fc5478b7454eacf2bfc5af2ff5878f972");
/// `ExecutionSuccess(bytes32 txHash, uint256 payment)` of a Safe; `txHash` is indexed from 1.4.0 on.
const EXECUTION_SUCCESS: B256 = b256!("442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e");
/// `ExecutionFailure(bytes32 txHash, uint256 payment)` of a Safe, likewise.
const EXECUTION_FAILURE: B256 = b256!("23428b18acfb3ea64b08dc0c1d296ea9c09702c09083ca5272e64d115b687d23");

/// `ExecutionFromModuleFailure(address indexed module)` of a Safe: a module's call failed, and the module went on.
const MODULE_FAILURE: B256 = b256!("acd2c8702804128fdb0db2bb49f6d127dd0181c13fd45dbfe16de0930e2bd375");

/// An operation that an account's code carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operation {
    /// The userOpHash, or the safeTxHash.
    pub id: B256,
    /// Whether its calls succeeded. The transaction around it succeeded in either case.
    pub succeeded: bool,
    /// The transaction that it is a part of.
    pub transaction: B256,
    /// The block.
    pub block_number: u64,
    /// Which of the logs that were looked through says so.
    pub at: usize,
}

/// A mined transaction, as far as it tells what it did for an account.
#[derive(Clone, Copy, Debug)]
pub struct Mined<'a> {
    /// Who sent it: the account, an owner, a bundler, a relayer.
    pub from: Address,
    /// To whom; none for a deployment.
    pub to: Option<Address>,
    /// In wei.
    pub value: U256,
    /// Its calldata.
    pub input: &'a [u8],
    /// Its receipt's status.
    pub succeeded: bool,
    /// Its receipt's logs, in their order.
    pub logs: &'a [Log],
}

/// What a mined transaction did for a call of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part<'a> {
    /// Nothing that can be told to be this call. A bundle that failed as a whole is this too: it did nothing for anybody, and its
    /// operations may come again in another.
    NotOurs,
    /// The call succeeded.
    Done {
        /// What the call's own operation logged.
        logs: &'a [Log],
    },
    /// The call failed, and nothing of its operation took effect.
    Failed {
        /// Its revert data, where the chain holds it; else empty.
        reason: Bytes,
    },
}

/// Whether an account with this code sends transactions itself: it has a key and no code, or an EIP-7702 delegation
/// (`0xef0100` and the delegate's address). A contract does not: somebody else sends, and no nonce of the account counts.
pub fn has_key(code: &[u8]) -> bool {
    code.is_empty() || code.starts_with(&hex!("ef0100"))
}

/// The parameters of the two `eth_getLogs` requests that together find every operation of `account` from a block on. Two, because
/// only an EntryPoint's event can be searched by the account: in one filter the operations of everybody on the chain would come.
pub fn filters(account: Address, from_block: u64) -> [String; 2] {
    let [first, second, third, fourth] = ENTRY_POINTS;
    let sender = account.into_word();
    [
        format!(
            r#"[{{"address":["{first:?}","{second:?}","{third:?}","{fourth:?}"],"topics":["{USER_OPERATION}",null,"{sender}"],"fromBlock":"0x{from_block:x}","toBlock":"latest"}}]"#
        ),
        format!(
            r#"[{{"address":"{account:?}","topics":[["{EXECUTION_SUCCESS}","{EXECUTION_FAILURE}"]],"fromBlock":"0x{from_block:x}","toBlock":"latest"}}]"#
        ),
    ]
}

/// The operations of `account` among these logs, in their order. Anybody can emit an event that looks like one: an EntryPoint's
/// counts from an EntryPoint alone, with the account as sender, and a Safe's from the account itself.
pub fn operations(account: Address, logs: &[Log]) -> Vec<Operation> {
    let read = |(at, log): (usize, &Log)| {
        let (id, succeeded) = if log.removed { None } else { operation(account, log) }?;
        Some(Operation { id, succeeded, transaction: log.transaction_hash, block_number: log.block_number, at })
    };
    logs.iter().enumerate().filter_map(read).collect()
}

fn operation(account: Address, log: &Log) -> Option<(B256, bool)> {
    match (*log.topics.first()?, log.topics.get(1..)?) {
        (USER_OPERATION, [id, sender, _]) if is_entry_point(log.address) && *sender == account.into_word() => {
            Some((*id, calldata::number(&log.data, 32)? == 1))
        }
        (topic @ (EXECUTION_SUCCESS | EXECUTION_FAILURE), indexed) if log.address == account => {
            let id = match indexed {
                [id] => *id,
                [] => B256::from_slice(log.data.get(..32)?),
                _ => return None,
            };
            Some((id, topic == EXECUTION_SUCCESS))
        }
        _ => None,
    }
}

fn is_entry_point(address: Address) -> bool {
    ENTRY_POINTS.contains(&address)
}

/// What a mined transaction did for `call` of `account`.
///
/// `id` is what the wallet called it: of several operations of the account in one transaction it tells which one is meant. It may
/// as well be a transaction's hash, a name of the wallet's own or none: then the operation is meant whose calldata holds the call
/// (see [`contains_call`]), and when that is none of them, or may be several, nothing here is told to be ours.
pub fn own_part<'a>(account: Address, id: Option<B256>, call: &WriteCall, mined: &Mined<'a>) -> Part<'a> {
    let found = || own_operation(account, id, &[], call, mined);
    own_transaction(account, call, mined).unwrap_or_else(|| found().map_or(Part::NotOurs, |operation| part_of(&operation, mined)))
}

/// What a mined transaction did for `call`, where that is told by the transaction as a whole: the account sent it, or somebody sent it to
/// the account; `None` where an operation within it tells (see [`own_operation`]).
pub fn own_transaction<'a>(account: Address, call: &WriteCall, mined: &Mined<'a>) -> Option<Part<'a>> {
    let own = mined.from == account && mined.to == call.to && mined.value == call.value && mined.input == *call.data;
    if !mined.succeeded {
        // Somebody else's transaction that failed took nothing of the account's, not even a nonce.
        let signed = own || mined.from == account && mined.to == Some(account) && contains_call(mined.input, account, call);
        return Some(if signed { Part::Failed { reason: Bytes::new() } } else { Part::NotOurs });
    }
    if own {
        return Some(Part::Done { logs: mined.logs });
    }
    if operations(account, mined.logs).is_empty() && calldata::is_relayed(account, call, mined) {
        let failed = mined.logs.iter().any(|log| log.address == account && log.topics.first() == Some(&MODULE_FAILURE));
        return Some(if failed { Part::Failed { reason: Bytes::new() } } else { Part::Done { logs: mined.logs } });
    }
    None
}

/// The operation of a mined transaction that is `call`, `id` as for [`own_part`]. Those that are `taken` are other calls', which may be
/// equal.
pub fn own_operation(
    account: Address,
    id: Option<B256>,
    taken: &[B256],
    call: &WriteCall,
    mined: &Mined<'_>,
) -> Option<Operation> {
    let operations = operations(account, mined.logs);
    let named = operations.iter().find(|operation| Some(operation.id) == id && !taken.contains(&operation.id));
    named.or_else(|| by_calldata(account, call, taken, mined, &operations)).copied()
}

/// What became of an operation of a mined transaction.
pub fn part_of<'a>(operation: &Operation, mined: &Mined<'a>) -> Part<'a> {
    let before = mined.logs.get(..operation.at).unwrap_or_default();
    let Some(event) = mined.logs.get(operation.at) else { return Part::NotOurs };
    if operation.succeeded {
        let start = before.iter().rposition(|log| is_boundary(log, event)).map_or(0, |at| at + 1);
        return Part::Done { logs: before.get(start..).unwrap_or_default() };
    }
    let reason = before.iter().rev().find_map(|log| reason(log, event));
    Part::Failed { reason: reason.unwrap_or_default() }
}

/// Whether what was carried out for the account is surely not `call`: the calldata can be read, and does not hold it. Its user has edited
/// it in the wallet. A contract that passes a bundle on may lay it out as it likes, and then nothing can be told.
pub fn is_edited(account: Address, call: &WriteCall, mined: &Mined<'_>) -> bool {
    let is_readable = mined.to.is_some_and(|to| to == account || is_entry_point(to));
    mined.from != account && is_readable && !contains_call(mined.input, account, call)
}

/// Whether `log` ends what came before the operation that `event` tells of. An EntryPoint runs no bundle within another, so its
/// own events alone are boundaries of its operations; a Safe may be run by an operation of its owner's account.
fn is_boundary(log: &Log, event: &Log) -> bool {
    match log.topics.first() {
        Some(&(USER_OPERATION | BEFORE_EXECUTION)) => {
            log.address == event.address || is_entry_point(log.address) && !is_entry_point(event.address)
        }
        Some(&(EXECUTION_SUCCESS | EXECUTION_FAILURE)) => log.address == event.address,
        _ => false,
    }
}

/// The revert data that `log` gives for the operation that `event` tells of.
fn reason(log: &Log, event: &Log) -> Option<Bytes> {
    let same = log.address == event.address && log.topics.get(1..3)? == event.topics.get(1..3)?;
    match log.topics.first() {
        Some(&(REVERT_REASON | POST_OP_REVERT_REASON)) if same => calldata::bytes(&log.data, 32).map(Bytes::copy_from_slice),
        _ => None,
    }
}

/// The operation whose calldata holds the call.
fn by_calldata<'a>(
    account: Address,
    call: &WriteCall,
    taken: &[B256],
    mined: &Mined<'_>,
    operations: &'a [Operation],
) -> Option<&'a Operation> {
    let is_free = |operation: &Operation| !taken.contains(&operation.id);
    let is_user_operation =
        |operation: &&Operation| mined.logs.get(operation.at).is_some_and(|event| is_entry_point(event.address));
    let (user_operations, executions): (Vec<&Operation>, Vec<&Operation>) = operations.iter().partition(is_user_operation);
    let found = match (calldata::bundled(mined.input, account), user_operations.as_slice()) {
        // An EntryPoint carries operations out in the order of its calldata.
        (Some(parts), all) if parts.len() == all.len() => {
            let mut free = parts.iter().zip(all).filter(|(_, operation)| is_free(operation));
            free.find(|(part, _)| calldata::holds(part, call)).map(|(_, operation)| *operation)
        }
        // A contract of the bundler passes the bundle on.
        (None, [operation]) if is_free(operation) && calldata::holds(mined.input, call) => Some(*operation),
        _ => None,
    };
    match executions.as_slice() {
        [operation] if found.is_none() && is_free(operation) && calldata::executed(account, call, mined) => Some(operation),
        _ => found,
    }
}
