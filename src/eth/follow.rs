//! From a hash to a receipt, noticing that the wallet used another nonce, that the user sped the transaction up or
//! cancelled it, and that the node forgot it.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::call::WriteCall;
use super::replies::{Log, amount, hex_text, quantity};
use super::revert;
use super::rpc::Rpc;
use super::tx::{Explain, Signer, TxOptions};
use crate::error::{Error, Kind};
use crate::io::Progress;
use crate::json::Json;

/// The first pause between two looks; each next one is half as long again, up to [`MAX_PAUSE_MS`].
const MIN_PAUSE_MS: u64 = 250;
const MAX_PAUSE_MS: u64 = 2000;
/// Blocks searched for a replacement in one request.
const SEARCH_BLOCKS: u64 = 16;

/// A transaction that is out.
#[derive(Clone, Copy, Debug)]
pub struct Sent {
    /// Its hash, as the wallet said.
    pub hash: B256,
    /// The nonce that was suggested.
    pub nonce: u64,
    /// The block before it was sent; a replacement cannot be older.
    pub from_block: u64,
    /// Whether another nonce makes it useless, as when it is to take the place of a stuck one.
    pub exact_nonce: bool,
}

/// A mined transaction that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The transaction's hash.
    pub hash: B256,
    /// The block's number.
    pub block_number: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// The gas used.
    pub gas_used: u64,
    /// The price paid for each unit of gas, in wei.
    pub effective_gas_price: U256,
    /// Who sent it.
    pub from: Address,
    /// To whom; absent for a deployment.
    pub to: Option<Address>,
    /// The nonce really used.
    pub nonce: u64,
    /// What a deployment made.
    pub contract: Option<Address>,
    /// What the contracts logged.
    pub logs: Vec<Log>,
}

/// What one look at the chain shows.
struct Look {
    /// The receipt and whether the transaction succeeded.
    receipt: Option<(Receipt, bool)>,
    nonce: Option<u64>,
    mined: u64,
    block: u64,
}

/// Waits for the receipt. One HTTP request for each look; the first comes at once.
///
/// # Errors
/// [`Kind::TxRevert`] with the hash, [`Kind::TxReplaced`], [`Kind::TxReceiptTimeout`].
pub async fn follow(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    sent: Sent,
    options: &TxOptions,
    explain: Explain<'_>,
) -> Result<Receipt, Error> {
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(options.receipt_timeout.saturating_mul(1000));
    let mut hash = sent.hash;
    let mut nonce = None;
    let mut pause = MIN_PAUSE_MS;
    let mut passed = 0;
    loop {
        // A node that fails now says nothing about the transaction: look again until the time is up.
        if let Ok(look) = look(rpc, signer.account, hash).await {
            if let (Some(used), None) = (look.nonce, nonce) {
                nonce = Some(used);
                if used != sent.nonce {
                    signer.book.release(signer.chain.chain_id, signer.account, sent.nonce);
                    (options.on_progress)(Progress::NonceIgnored { suggested: sent.nonce, used });
                    if sent.exact_nonce {
                        // It waits behind the stuck one: following it would never end.
                        let address = signer.account;
                        return Err(Error::from(Kind::Nonce { address, tried: used, suggested: sent.nonce, hash: Some(hash) }));
                    }
                }
            }
            if let Some((mut receipt, succeeded)) = look.receipt {
                receipt.nonce = nonce.unwrap_or(sent.nonce);
                if succeeded {
                    let Receipt { hash, block_number, gas_used, .. } = receipt;
                    (options.on_progress)(Progress::Mined { hash, block_number, gas_used });
                    return Ok(receipt);
                }
                return Err(reverted(rpc, signer.account, call, &receipt, explain).await);
            }
            // The receipt and the count may come from two blocks: believe the count when it is seen twice.
            passed = if look.mined > nonce.unwrap_or(sent.nonce) { passed + 1 } else { 0 };
            if passed > 1 {
                let used = nonce.unwrap_or(sent.nonce);
                let found = replacement(rpc, signer.account, used, call, sent.from_block, look.block).await;
                // Our own hash may be found there: mined, and its receipt not served yet.
                if let Some((found, kind)) = found.ok().flatten().filter(|(found, _)| *found != hash) {
                    if kind != Replacement::Same {
                        let cancelled = kind == Replacement::Cancel;
                        return Err(Error::from(Kind::TxReplaced { hash, replacement: found, cancelled }));
                    }
                    (options.on_progress)(Progress::Replaced { hash, replacement: found });
                    hash = found;
                    continue;
                }
            }
        }
        if clock.now_ms() >= deadline {
            return Err(Error::from(Kind::TxReceiptTimeout { hash, timeout: options.receipt_timeout }));
        }
        clock.sleep(pause).await;
        pause = (pause + pause / 2).min(MAX_PAUSE_MS);
    }
}

/// The receipt of a transaction that was sent earlier, perhaps by another page; `None` while it is not mined. One HTTP request.
///
/// # Errors
/// [`Kind::TxRevert`] when it failed, those of [`Rpc`]'s reads.
pub async fn mined(rpc: &Rpc, hash: B256) -> Result<Option<Receipt>, Error> {
    let look = look(rpc, Address::ZERO, hash).await?;
    match look.receipt {
        Some((receipt, true)) => Ok(Some(Receipt { nonce: look.nonce.unwrap_or_default(), ..receipt })),
        Some((receipt, false)) => {
            let (reason, hash) = ("it was not looked for".to_owned(), Some(receipt.hash));
            Err(Error::from(Kind::TxRevert { reason, data: Bytes::new(), hash }))
        }
        None => Ok(None),
    }
}

async fn look(rpc: &Rpc, account: Address, hash: B256) -> Result<Look, Error> {
    let mut batch = rpc.batch();
    let receipt = batch.push("eth_getTransactionReceipt", format!(r#"["{hash}"]"#));
    let transaction = batch.push("eth_getTransactionByHash", format!(r#"["{hash}"]"#));
    let mined = batch.push("eth_getTransactionCount", format!(r#"["{account:?}","latest"]"#));
    let block = batch.push("eth_blockNumber", "[]");
    let replies = batch.send().await?;
    let transaction = replies.json(transaction)?.present();
    Ok(Look {
        receipt: replies.json(receipt)?.present().map(read_receipt).transpose()?,
        nonce: transaction.map(|found| quantity(found.get("nonce"))).transpose()?,
        mined: replies.quantity(mined)?,
        block: replies.quantity(block)?,
    })
}

fn read_receipt(wire: Json<'_>) -> Result<(Receipt, bool), Error> {
    let [hash, block_number, block_hash, gas_used] = wire.fields(["transactionHash", "blockNumber", "blockHash", "gasUsed"]);
    let [price, from, to, contract, status, logs] =
        wire.fields(["effectiveGasPrice", "from", "to", "contractAddress", "status", "logs"]);
    let receipt = Receipt {
        hash: hex_text(hash, "a transaction hash")?,
        block_number: quantity(block_number)?,
        block_hash: hex_text(block_hash, "a block hash")?,
        gas_used: quantity(gas_used)?,
        effective_gas_price: price.map_or(Ok(U256::ZERO), |price| amount(Some(price)))?,
        from: hex_text(from, "an address")?,
        to: to.map(|to| hex_text(Some(to), "an address")).transpose()?,
        nonce: 0,
        contract: contract.map(|made| hex_text(Some(made), "an address")).transpose()?,
        logs: logs.into_iter().flat_map(Log::list).collect::<Result<_, _>>()?,
    };
    Ok((receipt, quantity(status)? == 1))
}

/// The receipt of a transaction that succeeded; `None` while it is not mined. One HTTP request.
///
/// # Errors
/// [`Kind::TxRevert`] when it failed, and those of [`Rpc`]'s reads.
pub async fn find_receipt(rpc: &Rpc, hash: B256) -> Result<Option<Receipt>, Error> {
    let mut batch = rpc.batch();
    let place = batch.push("eth_getTransactionReceipt", format!(r#"["{hash}"]"#));
    match batch.send().await?.json(place)?.present().map(read_receipt).transpose()? {
        Some((_, false)) => {
            let reason = "no reason given".to_owned();
            Err(Error::from(Kind::TxRevert { reason, data: Bytes::new(), hash: Some(hash) }))
        }
        found => Ok(found.map(|(receipt, _)| receipt)),
    }
}

/// Why a mined transaction failed: the same call on the state before its block.
async fn reverted(rpc: &Rpc, account: Address, call: &WriteCall, receipt: &Receipt, explain: Explain<'_>) -> Error {
    let mut batch = rpc.batch();
    let before = receipt.block_number.saturating_sub(1);
    batch.push_transaction("eth_call", account, call, format!(r#"}},"0x{before:x}"]"#));
    let found = match batch.send().await {
        Ok(replies) => replies.raw(0).err().and_then(revert::from_fault),
        Err(_) => None,
    };
    let hash = Some(receipt.hash);
    match found {
        // What `explain` finds is worth more than a class that says "nothing was sent": keep its words, add the hash.
        Some(reverted) => {
            let data = reverted.data.clone();
            let reason = reverted.reason.clone();
            let reason = match explain(reverted).await.into_kind() {
                Kind::TxRevert { reason, .. } | Kind::ContractPanic { reason, .. } => reason,
                named => format!("{reason} ({})", named.code()),
            };
            Error::from(Kind::TxRevert { reason, data, hash })
        }
        None => Error::from(Kind::TxRevert { reason: "no reason given".to_owned(), data: Bytes::new(), hash }),
    }
}

/// What took a transaction's nonce.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Replacement {
    /// The same call for another fee.
    Same,
    /// A transfer of nothing to oneself.
    Cancel,
    /// Something else.
    Other,
}

/// Finds who took the nonce, from the block before the sending on.
pub(super) async fn replacement(
    rpc: &Rpc,
    account: Address,
    nonce: u64,
    call: &WriteCall,
    from_block: u64,
    to_block: u64,
) -> Result<Option<(B256, Replacement)>, Error> {
    let mut start = from_block;
    while start <= to_block {
        let end = to_block.min(start + SEARCH_BLOCKS - 1);
        let mut batch = rpc.batch();
        for block in start..=end {
            batch.push("eth_getBlockByNumber", format!(r#"["0x{block:x}",true]"#));
        }
        let replies = batch.send().await?;
        for index in 0..usize::try_from(end - start + 1).unwrap_or_default() {
            let transactions = replies.json(index)?.get("transactions");
            for transaction in transactions.into_iter().flat_map(Json::elements) {
                let [hash, from, to, used, value, data] = transaction.fields(["hash", "from", "to", "nonce", "value", "input"]);
                if hex_text::<Address>(from, "an address")? != account || quantity(used)? != nonce {
                    continue;
                }
                let to = to.map(|to| hex_text::<Address>(Some(to), "an address")).transpose()?;
                let data: Bytes = hex_text(data, "calldata")?;
                let value = amount(value)?;
                let kind = if to == call.to && data == call.data && value == call.value {
                    Replacement::Same
                } else if to == Some(account) && data.is_empty() && value.is_zero() {
                    Replacement::Cancel
                } else {
                    Replacement::Other
                };
                return Ok(Some((hex_text(hash, "a transaction hash")?, kind)));
            }
        }
        start = end + 1;
    }
    Ok(None)
}
