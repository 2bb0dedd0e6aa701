//! Is a call inside what an account authorised?
//!
//! Accounts wrap calls in a hundred ways (SimpleAccount's `execute` and `executeBatch`, ERC-7579's and ERC-7821's modes, a Safe's
//! `execTransaction` around `multiSend`, delegations), but none of them changes a byte of the inner calldata: the ABI and its packed
//! forms keep nested `bytes` in one piece, behind its length or right behind its target and value, and behind the target. So what is
//! looked for is that piece, behind the target's 20 bytes and, when value goes with it, the value's 32, instead of a reader for each
//! wrapping.
//!
//! That is enough as evidence because the bytes around it are the account's own: an EntryPoint passes on only `callData` that the
//! sender has accepted, a Safe only what its owners signed, and a transaction from the account is signed as a whole. It says that
//! the account agreed to something that holds the call; whether it took effect, the operation's event says. What it cannot tell:
//! a call that is only mentioned (the argument of a proposal, say) from one that is made; one that failed where the account was told
//! to go on (ERC-7579's `try` mode) from one that succeeded; two equal calls from each other; which of several equal words is the
//! value; and a transfer of nothing, which every mention of its target holds. Where an account compresses its calldata, nothing is
//! found, and nothing is told to be its own.

use alloy_primitives::{Address, hex};

use super::{Mined, is_entry_point};
use crate::eth::call::WriteCall;

/// `handleOps((address,uint256,bytes,bytes,uint256,uint256,uint256,uint256,uint256,bytes,bytes)[],address)` of EntryPoint 0.6, and
/// `handleOps((address,uint256,bytes,bytes,bytes32,uint256,bytes32,bytes,bytes)[],address)` of those since.
const HANDLE_OPS: [[u8; 4]; 2] = [hex!("1fad948c"), hex!("765e827f")];
/// A Safe's `execTransaction(address,uint256,bytes,uint8,uint256,uint256,uint256,address,address,bytes)`.
const EXEC_TRANSACTION: [u8; 4] = hex!("6a761202");

/// Whether `call` is inside what `account` authorised by a transaction's `input`: in a bundle (`handleOps`) inside the callData of
/// its own operations, else anywhere. The time grows with the sizes, not with their product.
pub fn contains_call(input: &[u8], account: Address, call: &WriteCall) -> bool {
    match bundled(input, account) {
        Some(parts) => parts.iter().any(|part| holds(part, call)),
        None => holds(input, call),
    }
}

/// Whether a transaction without any event of the account made the call for it: the account's code was called with it, or a contract
/// that acts for accounts was (a manager of delegations, an orchestrator), which then has to be told the account.
pub(super) fn is_relayed(account: Address, call: &WriteCall, mined: &Mined<'_>) -> bool {
    let is_told = || mined.from != account && find(&searchable(mined.input), account.as_slice()).is_some();
    // A bundle with an operation of the account would have its event.
    !mined.to.is_none_or(is_entry_point) && (mined.to == Some(account) || is_told()) && holds(mined.input, call)
}

/// Whether a transaction in which a Safe carried out one execution holds the call where the Safe's owners signed it.
pub(super) fn executed(account: Address, call: &WriteCall, mined: &Mined<'_>) -> bool {
    match mined.input.split_first_chunk() {
        // Anybody may send what the owners signed, and put more behind it.
        Some((&EXEC_TRANSACTION, body)) if mined.to == Some(account) => match (body.get(..64), measured(body, 64)) {
            (Some(target), Some(data)) => holds(&[target, data].concat(), call),
            _ => false,
        },
        _ => holds(mined.input, call),
    }
}

/// The callData of the account's operations in a bundle, in their order; `None` where the input is no bundle.
pub(super) fn bundled(input: &[u8], account: Address) -> Option<Vec<&[u8]>> {
    let (selector, body) = input.split_first_chunk::<4>()?;
    HANDLE_OPS.contains(selector).then(|| own_operations(body, account).unwrap_or_default())
}

/// `None` for what no encoder lays out.
fn own_operations(body: &[u8], account: Address) -> Option<Vec<&[u8]>> {
    let list = body.get(number(body, 0)?..)?;
    let (count, elements) = (number(list, 0)?, list.get(32..)?);
    let mut found = Vec::new();
    let mut left = body.len();
    for index in 0..count {
        let operation = elements.get(number(elements, index.checked_mul(32)?)?..)?;
        if operation.get(..32)? == account.into_word() {
            let data = bytes(operation, 96)?;
            // Operations do not overlap: those that do would make the search long.
            left = left.checked_sub(data.len())?;
            found.push(data);
        }
    }
    Some(found)
}

/// The word at a place as a number.
pub(super) fn number(data: &[u8], at: usize) -> Option<usize> {
    let (high, low) = data.get(at..)?.first_chunk::<32>()?.split_last_chunk::<4>()?;
    high.iter().all(|byte| *byte == 0).then(|| u32::from_be_bytes(*low) as usize)
}

/// The `bytes` whose offset is the word at a place.
pub(super) fn bytes(data: &[u8], at: usize) -> Option<&[u8]> {
    measured(data, at)?.get(32..)
}

/// As [`bytes`], with their length before them.
fn measured(data: &[u8], at: usize) -> Option<&[u8]> {
    let tail = data.get(number(data, at)?..)?;
    tail.get(..number(tail, 0)?.checked_add(32)?)
}

/// Whether a piece of calldata holds the call.
pub(super) fn holds(region: &[u8], call: &WriteCall) -> bool {
    let text = searchable(region);
    let value = call.value.to_be_bytes::<32>();
    let mut rest = Some(text.as_str());
    if let Some(to) = call.to {
        rest = rest.and_then(|text| find(text, to.as_slice()));
    }
    if !call.value.is_zero() {
        rest = rest.and_then(|text| find(text, &value));
    }
    let Some(rest) = rest else { return false };
    if call.data.is_empty() {
        return true;
    }
    // The length's last two bytes are there in packed forms with shorter lengths too.
    let [.., high, low] = call.data.len().to_be_bytes();
    let packed = call.to.map(|to| [to.as_slice(), &value, &call.data].concat());
    find(rest, &[&[high, low], call.data.as_ref()].concat()).is_some()
        || packed.is_some_and(|packed| find(&text, &packed).is_some())
}

/// Bytes as text with one character for each: the standard library finds text in text in linear time, and bytes in bytes not.
fn searchable(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

/// What comes after the first occurrence.
fn find<'a>(text: &'a str, bytes: &[u8]) -> Option<&'a str> {
    text.split_once(searchable(bytes).as_str()).map(|(_, rest)| rest)
}
