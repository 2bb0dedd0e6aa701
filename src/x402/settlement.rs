//! What sellers really took: read from the chain, because receipts are claims.
//!
//! ```text
//!  payment ──▶ nonce at the newest block ──▶ unused, and that block's time is past the deadline ──▶ nothing can be taken any more
//!                                       │──▶ unused otherwise ──▶ the whole amount counts on
//!                                       ╰──▶ used ──▶ the transfer that used it ──▶ its amount counts
//!                                                               ╰ not to be told ──▶ the whole amount counts on
//! ```
//!
//! EIP-3009's nonce is the token's `authorizationState`, Permit2's a bit of `nonceBitmap`. A used nonce has moved tokens from the payer to
//! the receiver in a block after it was signed, so the token's `Transfer` logs between these two hold it. With `exact` its amount is known
//! beforehand. With `upto` it is the transfer of the transaction that calls the proxy with this very nonce, or the only transfer there is once
//! no later block can hold another: Permit2 itself logs nothing, calldata of other contracts proves nothing, and the logs may be those of a
//! node that is behind.
//!
//! The chain's newest block is believed. A reorganisation that settles the payment anew, for more, is not noticed.

use std::cell::RefCell;

use alloy_primitives::{B256, U256};
use alloy_sol_types::{SolCall, SolEvent};

use self::abi::{Transfer as TransferEvent, authorizationStateCall, nonceBitmapCall};
use super::ledger::{Ledger, Question};
use super::offer::{Method, Scheme};
use super::payment::PaymentRecord;
use super::{EXACT_PROXY, PERMIT2, UPTO_PROXY};
use crate::error::Error;
use crate::eth::replies::{Log, hex_text, quantity};
use crate::eth::rpc::Rpc;
use crate::json::Json;

/// A settlement is looked for in so many blocks after its signature: some 600 s, the longest life of one, of every chain in use.
const MAX_BLOCKS: u64 = 5000;
/// The logs may be those of a node that is behind the one that knew the nonce as used, by so many seconds at most.
const MAX_LAG: u64 = 60;
/// So many transactions are looked at to tell several transfers apart.
const MAX_TRANSACTIONS: usize = 64;

#[allow(missing_docs, reason = "the names are the standards': ERC-20, EIP-3009, Permit2, and the proxies' of x402")]
mod abi {
    alloy_sol_types::sol! {
        event Transfer(address indexed from, address indexed to, uint256 value);
        function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
        function nonceBitmap(address owner, uint256 word) external view returns (uint256);
    }
    pub(super) mod exact {
        alloy_sol_types::sol! {
            struct TokenPermissions { address token; uint256 amount; }
            struct Permit { TokenPermissions permitted; uint256 nonce; uint256 deadline; }
            struct Permit2612 { uint256 value; uint256 deadline; bytes32 r; bytes32 s; uint8 v; }
            struct Witness { address to; uint256 validAfter; }
            function settle(Permit permit, address owner, Witness witness, bytes signature) external;
            function settleWithPermit(Permit2612 permit2612, Permit permit, address owner, Witness witness, bytes signature) external;
        }
    }
    pub(super) mod upto {
        alloy_sol_types::sol! {
            struct TokenPermissions { address token; uint256 amount; }
            struct Permit { TokenPermissions permitted; uint256 nonce; uint256 deadline; }
            struct Permit2612 { uint256 value; uint256 deadline; bytes32 r; bytes32 s; uint8 v; }
            struct Witness { address to; address facilitator; uint256 validAfter; }
            function settle(Permit permit, uint256 amount, address owner, Witness witness, bytes signature) external;
            function settleWithPermit(Permit2612 permit2612, Permit permit, uint256 amount, address owner, Witness witness, bytes signature) external;
        }
    }
}

/// A transfer that may have settled a payment.
struct Candidate {
    value: U256,
    place: (B256, u64),
}

/// Asks a chain what became of the ledger's open payments. Two to four HTTP requests, and none where nothing is open.
///
/// # Errors
/// What the node fails with; the limits then stay as they are.
pub(super) async fn reconcile(rpc: &Rpc, ledger: &RefCell<Ledger>, chain_id: u64) -> Result<(), Error> {
    let questions = ledger.borrow().questions(chain_id);
    if questions.is_empty() {
        return Ok(());
    }
    let mut batch = rpc.batch().decides();
    let number = batch.push("eth_blockNumber", "[]");
    let head = batch.send().await?.quantity(number)?;
    let (used, time) = states(rpc, &questions, head).await?;
    let (mut waiting, now) = (Vec::new(), rpc.io().now());
    for (question, used) in questions.into_iter().zip(used) {
        let record = &question.record;
        match used {
            Some(false) if question.is_over(time, now) => ledger.borrow_mut().unspent(record.nonce),
            Some(true) => waiting.push(question),
            // A question without an answer is asked again next time.
            _ => {}
        }
    }
    if waiting.is_empty() { Ok(()) } else { bind(rpc, ledger, &waiting, (head, time), now).await }
}

/// Whether each nonce is used at a block, and that block's time. One that the node does not tell is `None`.
async fn states(rpc: &Rpc, questions: &[Question], head: u64) -> Result<(Vec<Option<bool>>, u64), Error> {
    let mut batch = rpc.batch().decides();
    let tag = format!("\"0x{head:x}\"");
    let block = batch.push("eth_getBlockByNumber", ["[", &tag, ",false]"].concat());
    let slots: Vec<usize> = questions
        .iter()
        .map(|Question { record, .. }| {
            let (to, data) = match record.method {
                Method::Eip3009 => {
                    let call = authorizationStateCall { authorizer: record.from, nonce: record.nonce };
                    (record.asset, call.abi_encode())
                }
                Method::Permit2 => {
                    let word = U256::from_be_bytes(record.nonce.0) >> 8;
                    (PERMIT2, nonceBitmapCall { owner: record.from, word }.abi_encode())
                }
            };
            let data = alloy_primitives::hex::encode(data);
            batch.push("eth_call", ["[{\"to\":\"", &to.to_string(), "\",\"data\":\"0x", &data, "\"},", &tag, "]"].concat())
        })
        .collect();
    let replies = batch.send().await?;
    let time = quantity(replies.json(block)?.get("timestamp"))?;
    let used = questions.iter().zip(slots).map(|(Question { record, .. }, slot)| {
        let word = replies.returned(slot).ok().filter(|data| data.len() == 32)?;
        let word = U256::from_be_slice(&word);
        Some(match record.method {
            Method::Eip3009 => !word.is_zero(),
            Method::Permit2 => word.bit(usize::from(record.nonce[31])),
        })
    });
    Ok((used.collect(), time))
}

/// Finds the transfers of payments whose nonces are used.
async fn bind(rpc: &Rpc, ledger: &RefCell<Ledger>, used: &[Question], (head, time): (u64, u64), now: u64) -> Result<(), Error> {
    let mut batch = rpc.batch().decides();
    let slots: Vec<_> = used
        .iter()
        .map(|Question { record, from_block, .. }| {
            let from = (*from_block)?;
            let to = head.min(from.saturating_add(MAX_BLOCKS));
            let end = (to < head).then(|| batch.push("eth_getBlockByNumber", format!(r#"["0x{to:x}",false]"#)));
            let topics = [TransferEvent::SIGNATURE_HASH, record.from.into_word(), record.pay_to.into_word()];
            let topics = topics.map(|topic| format!("\"{topic}\"")).join(",");
            let filter = format!(
                r#"[{{"address":"{:?}","topics":[{topics}],"fromBlock":"0x{from:x}","toBlock":"0x{to:x}"}}]"#,
                record.asset
            );
            Some((batch.push("eth_getLogs", filter), end))
        })
        .collect();
    let replies = batch.send().await?;
    let mut found = Vec::with_capacity(used.len());
    for (Question { record, .. }, slot) in used.iter().zip(slots) {
        // Where the blocks do not reach to the deadline, the transfer may be in a later one.
        let whole = |end: Option<usize>| {
            end.is_none_or(|end| {
                replies.json(end).and_then(|block| quantity(block.get("timestamp"))).is_ok_and(|time| time > record.deadline)
            })
        };
        let logs = slot.filter(|(_, end)| whole(*end)).and_then(|(logs, _)| replies.json(logs).ok());
        found.push(logs.map(|logs| candidates(logs, record)).unwrap_or_default());
    }
    let direct = direct(rpc, used, &found).await?;
    for (at, (question, found)) in used.iter().zip(&found).enumerate() {
        let record = &question.record;
        let mut ledger = ledger.borrow_mut();
        let is_free = |candidate: &&Candidate| !ledger.is_taken(candidate.place);
        let free: Vec<&Candidate> = found.iter().filter(is_free).collect();
        let is_whole = question.is_over(time.saturating_sub(MAX_LAG), now);
        let own = direct.iter().find(|(nonce, _)| *nonce == record.nonce).map(|(_, place)| *place);
        let transfer = match (own, record.scheme) {
            (Some(own), _) => free.iter().find(|candidate| candidate.place.0 == own),
            // Each of them has the amount that was signed.
            (None, Scheme::Exact) => free.first(),
            (None, Scheme::Upto) => {
                let others = used.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, question)| &question.record);
                let is_shared = others.into_iter().any(|other| other.asset == record.asset && other.pay_to == record.pay_to);
                free.first().filter(|_| free.len() == 1 && !is_shared && is_whole)
            }
        };
        match transfer.map(|transfer| (transfer.value, transfer.place)) {
            Some((value, place)) => ledger.charged(record.nonce, value, place),
            None if is_whole => ledger.used(record.nonce),
            None => {}
        }
    }
    Ok(())
}

/// The transfers among these logs that this payment allows.
fn candidates(logs: Json<'_>, record: &PaymentRecord) -> Vec<Candidate> {
    let fits = |log: &Log| {
        let [event, from, to] = log.topics.as_slice() else { return false };
        let parties = *from == record.from.into_word() && *to == record.pay_to.into_word();
        !log.removed && log.address == record.asset && *event == TransferEvent::SIGNATURE_HASH && parties && log.data.len() == 32
    };
    let read = |log: Log| Candidate { value: U256::from_be_slice(&log.data), place: (log.transaction_hash, log.log_index) };
    let allowed = |candidate: &Candidate| match record.scheme {
        Scheme::Exact => candidate.value == record.amount,
        Scheme::Upto => candidate.value <= record.amount,
    };
    Log::list(logs).filter_map(Result::ok).filter(fits).map(read).filter(allowed).collect()
}

/// The transactions among the candidates that call a proxy with one of the nonces: those, and no others, used it. With `exact` the candidates
/// alone tell.
async fn direct(rpc: &Rpc, used: &[Question], found: &[Vec<Candidate>]) -> Result<Vec<(B256, B256)>, Error> {
    let unclear = |question: &Question| question.record.scheme == Scheme::Upto;
    let mut hashes: Vec<B256> = used
        .iter()
        .zip(found)
        .filter(|(question, _)| unclear(question))
        .flat_map(|(_, found)| found.iter().map(|candidate| candidate.place.0))
        .collect();
    hashes.sort_unstable();
    hashes.dedup();
    // The newest questions are asked again.
    hashes.truncate(MAX_TRANSACTIONS);
    if hashes.is_empty() {
        return Ok(Vec::new());
    }
    let mut batch = rpc.batch().decides();
    let slots: Vec<_> = hashes.iter().map(|hash| batch.push("eth_getTransactionByHash", format!("[\"{hash}\"]"))).collect();
    let replies = batch.send().await?;
    let mut direct = Vec::new();
    for (hash, slot) in hashes.into_iter().zip(slots) {
        let Ok(transaction) = replies.json(slot) else { continue };
        let [to, input] = transaction.fields(["to", "input"]);
        let to = hex_text::<alloy_primitives::Address>(to, "an address");
        let input = hex_text::<alloy_primitives::Bytes>(input, "calldata");
        if let (Ok(to), Ok(input)) = (to, input)
            && let Some((owner, nonce)) = settled_by(to, &input)
        {
            let own = used.iter().find(|question| question.record.nonce == nonce && question.record.from == owner);
            direct.extend(own.map(|question| (question.record.nonce, hash)));
        }
    }
    Ok(direct)
}

/// The owner and the nonce that a call of a proxy settles. All arguments before the signature are static, so each has its word.
fn settled_by(to: alloy_primitives::Address, input: &[u8]) -> Option<(alloy_primitives::Address, B256)> {
    let (selector, data) = input.split_first_chunk::<4>()?;
    let (permit, owner) = match (to, *selector) {
        (EXACT_PROXY, abi::exact::settleCall::SELECTOR) => (0, 4),
        (EXACT_PROXY, abi::exact::settleWithPermitCall::SELECTOR) => (5, 9),
        (UPTO_PROXY, abi::upto::settleCall::SELECTOR) => (0, 5),
        (UPTO_PROXY, abi::upto::settleWithPermitCall::SELECTOR) => (5, 10),
        _ => return None,
    };
    let word = |at: usize| data.get(32 * at..32 * at + 32).map(B256::from_slice);
    // The permit: token, amount, nonce, deadline.
    Some((alloy_primitives::Address::from_word(word(owner)?), word(permit + 2)?))
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, Bytes};

    use super::*;

    #[test]
    fn the_nonce_is_read_from_each_call_of_the_proxies() {
        let (owner, nonce) = (Address::repeat_byte(7), U256::from(9));
        let signature = Bytes::from(vec![1; 65]);
        let exact = {
            use abi::exact::{Permit, Permit2612, TokenPermissions, Witness, settleCall, settleWithPermitCall};
            let permitted = TokenPermissions { token: Address::repeat_byte(1), amount: U256::from(5) };
            let permit = Permit { permitted, nonce, deadline: U256::from(6) };
            let witness = Witness { to: Address::repeat_byte(2), validAfter: U256::ZERO };
            let permit2612 = Permit2612 { value: nonce, deadline: nonce, r: B256::ZERO, s: B256::ZERO, v: 27 };
            let plain = settleCall { permit: permit.clone(), owner, witness: witness.clone(), signature: signature.clone() };
            let with = settleWithPermitCall { permit2612, permit, owner, witness, signature: signature.clone() };
            [plain.abi_encode(), with.abi_encode()]
        };
        let upto = {
            use abi::upto::{Permit, Permit2612, TokenPermissions, Witness, settleCall, settleWithPermitCall};
            let permitted = TokenPermissions { token: Address::repeat_byte(1), amount: U256::from(5) };
            let permit = Permit { permitted, nonce, deadline: U256::from(6) };
            let (to, facilitator) = (Address::repeat_byte(2), Address::repeat_byte(3));
            let witness = Witness { to, facilitator, validAfter: U256::ZERO };
            let permit2612 = Permit2612 { value: nonce, deadline: nonce, r: B256::ZERO, s: B256::ZERO, v: 27 };
            let amount = U256::from(4);
            let plain =
                settleCall { permit: permit.clone(), amount, owner, witness: witness.clone(), signature: signature.clone() };
            let with = settleWithPermitCall { permit2612, permit, amount, owner, witness, signature };
            [plain.abi_encode(), with.abi_encode()]
        };
        let expected = Some((owner, B256::from(nonce)));
        for input in &exact {
            assert_eq!(settled_by(EXACT_PROXY, input), expected);
            assert_eq!((settled_by(UPTO_PROXY, input), settled_by(PERMIT2, input)), (None, None));
        }
        for input in &upto {
            assert_eq!(settled_by(UPTO_PROXY, input), expected);
            assert_eq!(settled_by(UPTO_PROXY, &input[..100]), None);
        }
    }
}
