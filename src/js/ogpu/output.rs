//! The core's values → frozen plain objects.

use alloy_primitives::U256;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use crate::eth::follow::Receipt;
use crate::eth::rpc::Log;
use crate::io::Step;
use crate::js::convert::{Build, bigint, number};
use crate::ogpu::events::Event;
use crate::ogpu::types::{NonceInfo, SourceParams, TaskSnapshot};

pub(super) fn step(step: &Step) -> JsValue {
    let built = Build::new();
    match step {
        Step::Uploading { filename, bytes } => {
            built.with("kind", "uploading").text("filename", filename).with("bytes", number(*bytes as u64))
        }
        Step::Uploaded { url, cid } => built.with("kind", "uploaded").text("url", url).text("cid", cid),
        Step::Simulated { gas, nonce } => {
            built.with("kind", "simulated").with("gas", bigint(U256::from(*gas))).with("nonce", number(*nonce))
        }
        Step::Signing { to, value } => built.with("kind", "signing").text("to", to).with("value", bigint(*value)),
        Step::Sent { hash } => built.with("kind", "sent").text("hash", hash),
        Step::NonceIgnored { suggested, used } => {
            built.with("kind", "nonceIgnored").with("suggested", number(*suggested)).with("used", number(*used))
        }
        Step::Retrying { attempt, reason } => built.with("kind", "retrying").with("attempt", *attempt).text("reason", reason),
        Step::Replaced { hash, replacement } => {
            built.with("kind", "replaced").text("hash", hash).text("replacement", replacement)
        }
        Step::Mined { hash, block_number, gas_used } => built
            .with("kind", "mined")
            .text("hash", hash)
            .with("blockNumber", bigint(U256::from(*block_number)))
            .with("gasUsed", bigint(U256::from(*gas_used))),
    }
    .frozen()
}

pub(super) fn receipt(receipt: &Receipt) -> JsValue {
    let logs: Array = receipt.logs.iter().map(log).collect();
    Build::new()
        .text("hash", receipt.hash)
        .with("blockNumber", bigint(U256::from(receipt.block_number)))
        .text("blockHash", receipt.block_hash)
        .with("gasUsed", bigint(U256::from(receipt.gas_used)))
        .with("effectiveGasPrice", bigint(receipt.effective_gas_price))
        .text("from", receipt.from)
        .maybe("to", receipt.to)
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

pub(super) fn event(event: &Event, log: &Log) -> JsValue {
    let built = Build::new();
    match event {
        Event::TaskPublished { task, source } => built.with("type", "taskPublished").text("task", task).text("source", source),
        Event::Attempted { task, provider, suggested_payment } => built
            .with("type", "attempted")
            .text("task", task)
            .text("provider", provider)
            .with("suggestedPayment", bigint(*suggested_payment)),
        Event::ResponseSubmitted { response, task } => {
            built.with("type", "responseSubmitted").text("response", response).text("task", task)
        }
        Event::ResponseStatusChanged { response, status } => {
            built.with("type", "responseStatusChanged").text("response", response).with("status", status.name())
        }
        Event::TaskStatusChanged { task, status } => {
            built.with("type", "taskStatusChanged").text("task", task).with("status", status.name())
        }
        Event::Registered { provider, registrant_id, source, preferred_environment } => built
            .with("type", "registered")
            .text("provider", provider)
            .with("registrantId", bigint(*registrant_id))
            .text("source", source)
            .with("preferredEnvironment", *preferred_environment),
        Event::SourcePublished { source } => built.with("type", "sourcePublished").text("source", source),
        Event::SourceUpdated { source } => built.with("type", "sourceUpdated").text("source", source),
        Event::SourceStatusChanged { source, status } => {
            built.with("type", "sourceStatusChanged").text("source", source).with("status", status.name())
        }
    }
    .with("blockNumber", bigint(U256::from(log.block_number)))
    .text("transactionHash", log.transaction_hash)
    .with("logIndex", number(log.log_index))
    .frozen()
}

pub(super) fn task_snapshot(task: &TaskSnapshot) -> JsValue {
    Build::new()
        .text("address", task.address)
        .text("source", task.source)
        .with("status", task.status.name())
        .text("config", &task.config)
        .with("payment", bigint(task.payment))
        .with("expiryTime", number(task.expiry_time))
        .with("deliveryMethod", task.delivery_method.name())
        .with("attemptCount", number(task.attempt_count))
        .maybe("winningProvider", task.winning_provider)
        .frozen()
}

pub(super) fn source_params(params: &SourceParams) -> JsValue {
    Build::new()
        .text("client", params.client)
        .text("imageMetadataUrl", &params.image_metadata_url)
        .with("imageEnvironments", params.image_environments)
        .with("minPayment", bigint(params.min_payment))
        .with("minAvailableLockup", bigint(params.min_available_lockup))
        .with("maxExpiryDuration", bigint(params.max_expiry_duration))
        .with("privacyEnabled", params.privacy_enabled)
        .text("optionalParamsUrl", &params.optional_params_url)
        .with("deliveryMethod", params.delivery_method.name())
        .with("lastUpdateTime", bigint(params.last_update_time))
        .frozen()
}

pub(super) fn nonce_info(info: &NonceInfo) -> JsValue {
    let built = Build::new()
        .text("address", info.address)
        .with("minedNonce", number(info.mined_nonce))
        .with("pendingNonce", number(info.pending_nonce));
    let built = match info.cached_nonce {
        Some(next) => built.with("cachedNonce", number(next)),
        None => built,
    };
    built.with("hasPending", info.has_pending).with("pendingCount", number(info.pending_count)).frozen()
}
