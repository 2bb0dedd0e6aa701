//! Values of every network → frozen plain objects.

use alloy_primitives::U256;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use super::convert::{Build, bigint, number};
use crate::eth::follow::Receipt;
use crate::eth::replies::Log;
use crate::io::Progress;

/// Where a call is.
pub(crate) fn step(step: &Progress) -> JsValue {
    let built = Build::new();
    match step {
        Progress::Hashing { bytes, total } => {
            built.with("kind", "hashing").with("bytes", number(*bytes)).with("total", number(*total))
        }
        Progress::Uploading { filename, bytes } => {
            built.with("kind", "uploading").text("filename", filename).with("bytes", number(*bytes as u64))
        }
        Progress::Uploaded { url, cid } => built.with("kind", "uploaded").text("url", url).text("cid", cid),
        Progress::Simulated { gas } => built.with("kind", "simulated").with("gas", bigint(U256::from(*gas))),
        Progress::Signing { to, value, nonce } => {
            let built = built.with("kind", "signing").maybe("to", *to).with("value", bigint(*value));
            match nonce {
                Some(nonce) => built.with("nonce", number(*nonce)),
                None => built,
            }
        }
        Progress::WaitingForWindow => built.with("kind", "waitingForWindow"),
        Progress::NonceReused { nonce } => built.with("kind", "nonceReused").with("nonce", number(*nonce)),
        Progress::Searching { nonce: Some(nonce) } => built.with("kind", "searching").with("nonce", number(*nonce)),
        Progress::Searching { .. } => built.with("kind", "searching"),
        Progress::AwaitingApproval { id } => built.with("kind", "awaitingApproval").text("id", id),
        Progress::Confirming { hash, block_number, confirmations } => built
            .with("kind", "confirming")
            .text("hash", hash)
            .with("blockNumber", bigint(U256::from(*block_number)))
            .with("confirmations", number(*confirmations)),
        Progress::Reorganised { hash, block_number } => {
            built.with("kind", "reorganised").text("hash", hash).with("blockNumber", bigint(U256::from(*block_number)))
        }
        Progress::Sent { hash } => built.with("kind", "sent").text("hash", hash),
        Progress::NonceIgnored { suggested, used } => {
            built.with("kind", "nonceIgnored").with("suggested", number(*suggested)).with("used", number(*used))
        }
        Progress::Retrying { attempt, reason } => built.with("kind", "retrying").with("attempt", *attempt).text("reason", reason),
        Progress::Replaced { hash, replacement } => {
            built.with("kind", "replaced").text("hash", hash).text("replacement", replacement)
        }
        Progress::Mined { hash, block_number, gas_used } => built
            .with("kind", "mined")
            .text("hash", hash)
            .with("blockNumber", bigint(U256::from(*block_number)))
            .with("gasUsed", bigint(U256::from(*gas_used))),
        Progress::Deployed { address } => built.with("kind", "deployed").text("address", address),
        Progress::Scheduling { scheduler, end_time, frequency } => built
            .with("kind", "scheduling")
            .text("scheduler", scheduler)
            .with("endTime", number(*end_time))
            .with("frequency", number(*frequency)),
    }
    .frozen()
}

/// A mined transaction.
pub(crate) fn receipt(receipt: &Receipt) -> JsValue {
    let logs: Array = receipt.logs.iter().map(log).collect();
    Build::new()
        .text("hash", receipt.hash)
        .with("blockNumber", bigint(U256::from(receipt.block_number)))
        .text("blockHash", receipt.block_hash)
        .with("gasUsed", bigint(U256::from(receipt.gas_used)))
        .with("effectiveGasPrice", bigint(receipt.effective_gas_price))
        .text("from", receipt.from)
        .maybe("to", receipt.to)
        .maybe("contract", receipt.contract)
        .with("nonce", number(receipt.nonce))
        .with("logs", Object::freeze(&logs))
        .frozen()
}

fn log(log: &Log) -> JsValue {
    let topics: Array = log.topics.iter().map(|topic| JsValue::from(topic.to_string())).collect();
    Build::new()
        .text("address", log.address)
        .with("topics", Object::freeze(&topics))
        .text("data", &log.data)
        .with("logIndex", number(log.log_index))
        .frozen()
}
