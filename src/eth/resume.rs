//! Takes up a transaction that was sent earlier, by another page or before an error: by its hash, or by the name that a smart
//! account gave it (a Safe's safeTxHash, ERC-4337's userOpHash), which the chain knows from the operation's event alone.

use alloy_primitives::{Address, B256, Bytes};

use super::call::WriteCall;
use super::depth::is_deep;
use super::follow::{MIN_PAUSE_MS, Receipt, next_pause, read_receipt};
use super::quorum;
use super::revert;
use super::rpc::Rpc;
use super::search::{ChainTransaction, operation_logs};
use super::smart::{self, Mined, Part};
use super::tx::TxOptions;
use crate::error::{Error, Kind};
use crate::io::Progress;

/// How many blocks back operations are looked for; the second where a node refuses the first.
const RANGES: [u64; 2] = [100_000, 5_000];

/// The receipt of a transaction that succeeded; `None` while it is not mined. `account` is the one that sent it, where that is known:
/// then `id` may be a smart account's name for it, and a receipt holds the logs of its own operation alone. One HTTP request;
/// for an id that is not a transaction's hash up to three more.
///
/// # Errors
/// [`Kind::TxRevert`] when it failed, those of [`Rpc`]'s reads.
pub async fn find(rpc: &Rpc, account: Option<Address>, id: B256) -> Result<Option<Receipt>, Error> {
    match look(rpc, account, id).await? {
        Some(Ended { failure: Some(error), .. }) => Err(error),
        ended => Ok(ended.map(|ended| ended.receipt)),
    }
}

/// A transaction that is mined.
struct Ended {
    receipt: Receipt,
    /// It failed.
    failure: Option<Error>,
}

async fn look(rpc: &Rpc, account: Option<Address>, id: B256) -> Result<Option<Ended>, Error> {
    let (found, head) = by_hash(rpc, account, id, id).await?;
    let (None, Some(owner), Some(head)) = (&found, account, head) else { return Ok(found) };
    for range in RANGES {
        let mut batch = rpc.batch().decides();
        let places = smart::filters(owner, head.saturating_sub(range)).map(|filter| batch.push("eth_getLogs", filter));
        let replies = batch.send().await?;
        let logs = operation_logs(&replies, places);
        if let Some(operation) = smart::operations(owner, &logs).iter().find(|operation| operation.id == id) {
            return by_hash(rpc, account, id, operation.transaction).await.map(|(found, _)| found);
        }
        if places.into_iter().all(|place| replies.raw(place).is_ok()) {
            break;
        }
    }
    Ok(None)
}

/// The receipt by a transaction's hash; the chain's head where there is no such transaction.
async fn by_hash(rpc: &Rpc, account: Option<Address>, id: B256, hash: B256) -> Result<(Option<Ended>, Option<u64>), Error> {
    let mut batch = rpc.batch().decides();
    let receipt = batch.push("eth_getTransactionReceipt", format!(r#"["{hash}"]"#));
    let transaction = batch.push("eth_getTransactionByHash", format!(r#"["{hash}"]"#));
    let head = batch.push("eth_blockNumber", "[]");
    let replies = batch.send().await?;
    let transaction = replies.json(transaction)?.present().map(ChainTransaction::read).transpose()?;
    let receipt = replies.json(receipt)?.present().map(read_receipt).transpose()?;
    let (Some((mut receipt, succeeded)), Some(transaction)) = (receipt, &transaction) else {
        return Ok((None, transaction.is_none().then(|| replies.quantity(head)).transpose()?));
    };
    receipt.nonce = transaction.nonce;
    let ours = account.filter(|account| *account != transaction.from);
    let operations = ours.map(|account| smart::operations(account, &receipt.logs)).unwrap_or_default();
    let failed = |data: Bytes, receipt: &Receipt| {
        let reason = revert::decode(data.clone(), "").reason;
        Error::from(Kind::TxRevert { reason, data, hash: Some(receipt.hash) })
    };
    let part = match (ours, operations.as_slice()) {
        // Of several operations of the account the id tells which one is meant.
        (Some(account), [first, rest @ ..]) => {
            let named = if rest.is_empty() { first.id } else { id };
            let mined = Mined {
                from: transaction.from,
                to: transaction.to,
                value: transaction.value,
                input: &transaction.input,
                succeeded,
                logs: &receipt.logs,
            };
            // The call itself is not known here.
            smart::own_part(account, Some(named), &WriteCall::deploy(Bytes::new()), &mined)
        }
        _ => Part::NotOurs,
    };
    let failure = match part {
        Part::Failed { reason } => Some(failed(reason, &receipt)),
        Part::NotOurs if !succeeded => Some(failed(Bytes::new(), &receipt)),
        Part::NotOurs => None,
        Part::Done { logs } => {
            let own = logs.to_vec();
            receipt.logs = own;
            None
        }
    };
    Ok((Some(Ended { receipt, failure }), None))
}

/// Waits until a transaction that was sent earlier is mined and has its confirmations. One HTTP request for each look, a few more while
/// `id` is not a transaction's hash.
///
/// # Errors
/// As [`find`]; after `receipt_timeout` [`Kind::TxReceiptTimeout`], or [`Kind::RpcDisagreement`] with the id when endpoints that must agree
/// still do not.
pub async fn wait(rpc: &Rpc, account: Option<Address>, id: B256, options: &TxOptions) -> Result<Receipt, Error> {
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(options.receipt_timeout.saturating_mul(1000));
    let mut pause = MIN_PAUSE_MS;
    loop {
        let is_last = clock.now_ms() >= deadline;
        // A node that fails now says nothing about the transaction.
        let found = look(rpc, account, id).await;
        let disagreement = found.as_ref().err().and_then(|error| quorum::about(error, id));
        match found {
            Ok(Some(Ended { receipt, failure })) if confirmed(rpc, &receipt, options.confirmations).await => {
                if let Some(error) = failure {
                    return Err(error);
                }
                let Receipt { hash, block_number, gas_used, .. } = receipt;
                (options.on_progress)(Progress::Mined { hash, block_number, gas_used });
                return Ok(receipt);
            }
            _ => {}
        }
        if is_last {
            let timed_out = || Kind::TxReceiptTimeout { hash: id, timeout: options.receipt_timeout }.into();
            return Err(disagreement.unwrap_or_else(timed_out));
        }
        clock.sleep(pause).await;
        pause = next_pause(pause);
    }
}

async fn confirmed(rpc: &Rpc, receipt: &Receipt, confirmations: u64) -> bool {
    if confirmations <= 1 {
        return true;
    }
    let mut batch = rpc.batch().decides();
    let head = batch.push("eth_blockNumber", "[]");
    let head = batch.send().await.and_then(|replies| replies.quantity(head));
    match head {
        Ok(head) => is_deep(rpc, (receipt.block_number, receipt.block_hash), head, confirmations).await.unwrap_or_default(),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake;

    const ACCOUNT: Address = Address::repeat_byte(0xaa);
    const ID: B256 = B256::repeat_byte(7);
    const HASH: B256 = B256::repeat_byte(1);

    /// A chain with one transaction: a bundle of two operations, the first of a stranger, the second of the account.
    fn bundle(succeeded: bool, widest: u64) -> Rpc {
        let event = |index: u64, id: B256, sender: Address, good: bool| {
            let mut data = [0; 128];
            data[63] = u8::from(good);
            json!({ "address": smart::ENTRY_POINTS[2].to_string(), "logIndex": format!("0x{index:x}"), "blockNumber": "0x6",
                "blockHash": B256::ZERO.to_string(), "transactionHash": HASH.to_string(),
                "topics": ["0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f".to_owned(), id.to_string(),
                    sender.into_word().to_string(), B256::ZERO.to_string()],
                "data": alloy_primitives::hex::encode_prefixed(data) })
        };
        let strangers = event(0, B256::repeat_byte(8), Address::repeat_byte(0xbb), true);
        let ours = event(2, ID, ACCOUNT, succeeded);
        let mut published = event(1, B256::ZERO, ACCOUNT, true);
        published["address"] = json!(ACCOUNT.to_string());
        let (io, _) = fake::node(move |method, params| {
            let known = params[0] == json!(HASH.to_string());
            Ok(match method {
                "eth_blockNumber" => json!("0x100000"),
                "eth_getTransactionReceipt" if known => json!({ "transactionHash": HASH.to_string(), "blockNumber": "0x6",
                    "blockHash": B256::ZERO.to_string(), "gasUsed": "0x1", "from": Address::ZERO.to_string(), "to": null, "status": "0x1",
                    "logs": [strangers.clone(), published.clone(), ours.clone()] }),
                "eth_getTransactionByHash" if known => {
                    json!({ "hash": HASH.to_string(), "from": Address::ZERO.to_string(), "to": null,
                    "nonce": "0x9", "value": "0x0", "input": "0x" })
                }
                "eth_getLogs" => {
                    let from = params[0]["fromBlock"].as_str().and_then(|from| u64::from_str_radix(from.get(2..)?, 16).ok());
                    if from.unwrap_or_default() + widest < 0x0010_0000 {
                        return Err(json!({ "code": -32005, "message": "range too wide" }));
                    }
                    if params[0]["address"].is_array() { json!([ours.clone()]) } else { json!([]) }
                }
                _ => Value::Null,
            })
        });
        Rpc::new(io, vec!["http://node".to_owned()])
    }

    fn found(rpc: &Rpc, account: Option<Address>, id: B256) -> Result<Option<Receipt>, Error> {
        fake::run(find(rpc, account, id))
    }

    #[test]
    fn an_operation_is_found_by_its_own_name_with_its_own_logs() {
        for widest in [200_000, 10_000] {
            let receipt = found(&bundle(true, widest), Some(ACCOUNT), ID).ok().flatten();
            assert_eq!(receipt.map(|r| (r.hash, r.nonce, r.logs.len())), Some((HASH, 9, 1)));
        }
        let whole = found(&bundle(true, 200_000), None, HASH).ok().flatten();
        assert_eq!(whole.map(|receipt| receipt.logs.len()), Some(3));
    }

    #[test]
    fn an_operation_that_failed_in_a_transaction_that_succeeded_failed() {
        for id in [ID, HASH] {
            let result = found(&bundle(false, 200_000), Some(ACCOUNT), id);
            assert!(matches!(result.map_err(Error::into_kind), Err(Kind::TxRevert { hash: Some(HASH), .. })));
        }
    }

    #[test]
    fn what_the_chain_does_not_know_is_not_mined() {
        let unknown = B256::repeat_byte(9);
        assert!(matches!(found(&bundle(true, 200_000), Some(ACCOUNT), unknown), Ok(None)));
        assert!(matches!(found(&bundle(true, 200_000), None, ID), Ok(None)));
    }
}
