//! Several calls under one signature, where the wallet has it (EIP-5792). Nothing here depends on it: whatever the wallet
//! lacks is `None`, and the caller sends one transaction after the other.

use alloy_primitives::B256;

use super::call::WriteCall;
use super::follow::Receipt;
use super::replies::hex_text;
use super::resume::find;
use super::revert;
use super::rpc::Rpc;
use super::tx::{Explain, Signer, TxOptions};
use super::wallet::classify;
use crate::error::{Error, Kind, Said};
use crate::io::Progress;
use crate::json::Json;

/// The pause between two looks at a batch.
const PAUSE_MS: u64 = 1000;
/// The most calls that go into one batch; MetaMask refuses more.
const MAX_CALLS: usize = 10;

/// Sends all calls in one atomic batch and waits for it. `None` when the wallet cannot, in which case nothing was sent.
///
/// # Errors
/// Before any window: the first call's revert as `explain` reads it, [`Kind::WalletUnauthorized`] when the account is no
/// longer connected. Then the wallet's own; [`Kind::TxRevert`] when the batch was mined and failed; [`Kind::TxUncertain`]
/// when the wallet does not say what became of it.
pub async fn send_calls(
    rpc: &Rpc,
    signer: &Signer,
    calls: &[WriteCall],
    options: &TxOptions,
    explain: Explain<'_>,
) -> Result<Option<Vec<Receipt>>, Error> {
    if calls.len() < 2 || calls.len() > MAX_CALLS || !has_batches(signer).await {
        return Ok(None);
    }
    let mut batch = rpc.batch().decides();
    for call in calls {
        batch.push_transaction("eth_call", signer.account, call, r#"},"latest"]"#);
    }
    let pending = batch.push("eth_getTransactionCount", format!(r#"["{:?}","pending"]"#, signer.account));
    let replies = batch.send().await?;
    for at in 0..calls.len() {
        if let Some(reverted) = replies.raw(at).err().and_then(revert::from_fault) {
            return Err(explain(reverted).await);
        }
    }
    let nonce = replies.quantity(pending)?;

    let id = {
        let _window = signer.window(rpc.io(), options).await?;
        for call in calls {
            (options.on_progress)(Progress::Signing { to: call.to, value: call.value, nonce: Some(nonce) });
        }
        match signer.wallet.provider().request("wallet_sendCalls", params(signer, calls)).await {
            Ok(answer) => answer,
            // What EIP-5792 and EIP-1474 give these numbers to: not supported, too many, no upgrade. Nothing was sent.
            Err(failure) if matches!(failure.said.code, Some(5700..=5760 | 4200 | -32601 | -32602 | -32004)) => return Ok(None),
            Err(failure) => {
                return Err(match classify("wallet_sendCalls", failure).into_kind() {
                    Kind::WalletFailed { said } | Kind::WalletDisconnected { said } => {
                        Kind::TxUncertain { address: signer.account, nonce: Some(nonce), said }.into()
                    }
                    known => known.into(),
                });
            }
        }
    };
    // Version 1 answered the id alone.
    let id = Json::parse(&id).and_then(|answer| answer.get("id").or(Some(answer))).map(Json::raw).unwrap_or("null");
    let hashes = wait(rpc, signer, id, nonce, options).await?;
    for hash in &hashes {
        (options.on_progress)(Progress::Sent { hash: *hash });
    }
    let mut receipts = Vec::with_capacity(hashes.len());
    for hash in hashes {
        let receipt =
            find(rpc, Some(signer.account), hash).await?.ok_or_else(|| Error::protocol("a receipt of a mined batch", "none"))?;
        let Receipt { hash, block_number, gas_used, .. } = receipt;
        (options.on_progress)(Progress::Mined { hash, block_number, gas_used });
        receipts.push(receipt);
    }
    Ok(Some(receipts))
}

async fn has_batches(signer: &Signer) -> bool {
    let params = format!(r#"["{:?}",["0x{:x}"]]"#, signer.account, signer.chain.chain_id);
    let Ok(answer) = signer.wallet.provider().request("wallet_getCapabilities", params).await else { return false };
    let chain = format!("0x{:x}", signer.chain.chain_id);
    let status = Json::parse(&answer).and_then(|all| all.get(&chain)).and_then(|chain| chain.get("atomic"));
    matches!(status.and_then(|atomic| atomic.get("status")).and_then(Json::plain), Some("supported" | "ready"))
}

fn params(signer: &Signer, calls: &[WriteCall]) -> String {
    let calls: Vec<String> = calls
        .iter()
        .map(|call| {
            let to = call.to.map(|to| format!(r#""to":"{to:?}","#)).unwrap_or_default();
            format!(r#"{{{to}"value":"0x{:x}","data":"{}"}}"#, call.value, call.data)
        })
        .collect();
    format!(
        r#"[{{"version":"2.0.0","from":"{:?}","chainId":"0x{:x}","atomicRequired":true,"calls":[{}]}}]"#,
        signer.account,
        signer.chain.chain_id,
        calls.join(",")
    )
}

/// Waits until the wallet says what became of a batch; answers its transactions.
async fn wait(rpc: &Rpc, signer: &Signer, id: &str, nonce: u64, options: &TxOptions) -> Result<Vec<B256>, Error> {
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(options.receipt_timeout.saturating_mul(1000));
    let mut said = Said { message: format!("the batch {id} is still pending"), ..Said::default() };
    loop {
        match signer.wallet.provider().request("wallet_getCallsStatus", format!("[{id}]")).await {
            Ok(answer) => {
                let status = Json::parse(&answer);
                let number = status.and_then(|status| status.get("status")).and_then(Json::integer);
                let receipts = status.and_then(|status| status.get("receipts"));
                let mut hashes = Vec::new();
                for receipt in receipts.into_iter().flat_map(Json::elements) {
                    let hash: B256 = hex_text(receipt.get("transactionHash"), "a transaction hash")?;
                    if !hashes.contains(&hash) {
                        hashes.push(hash);
                    }
                }
                let failed = |reason: &str| {
                    let (reason, data) = (reason.to_owned(), alloy_primitives::Bytes::new());
                    Err(Error::from(Kind::TxRevert { reason, data, hash: hashes.first().copied() }))
                };
                match number {
                    Some(200..300) => return Ok(hashes),
                    Some(400..500) => {
                        let reason = "the wallet did not send the batch".to_owned();
                        return Err(Error::from(Kind::TxRpc { reason, said: Said::default() }));
                    }
                    Some(500..600) => return failed("the batch reverted as a whole"),
                    Some(600..700) => return failed("a part of the batch reverted"),
                    _ => {}
                }
            }
            Err(failure) => said = failure.said,
        }
        if clock.now_ms() >= deadline {
            return Err(Error::from(Kind::TxUncertain { address: signer.account, nonce: Some(nonce), said }));
        }
        clock.sleep(PAUSE_MS).await;
    }
}
