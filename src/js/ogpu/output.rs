//! The core's values → frozen plain objects.

use alloy_primitives::U256;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use crate::eth::follow::Receipt;
use crate::eth::replies::Log;
use crate::io::Progress;
use crate::js::convert::{Build, bigint, number};
use crate::ogpu::events::NexusEvent;
use crate::ogpu::types::{NonceInfo, SourceParams, TaskSnapshot};

pub(super) fn step(step: &Progress) -> JsValue {
    let built = Build::new();
    match step {
        Progress::Uploading { filename, bytes } => {
            built.with("kind", "uploading").text("filename", filename).with("bytes", number(*bytes as u64))
        }
        Progress::Uploaded { url, cid } => built.with("kind", "uploaded").text("url", url).text("cid", cid),
        Progress::Simulated { gas, nonce } => {
            built.with("kind", "simulated").with("gas", bigint(U256::from(*gas))).with("nonce", number(*nonce))
        }
        Progress::Signing { to, value } => built.with("kind", "signing").maybe("to", *to).with("value", bigint(*value)),
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

pub(super) fn event(event: &NexusEvent, log: &Log) -> JsValue {
    let built = Build::new();
    match event {
        NexusEvent::TaskPublished { task, source } => {
            built.with("type", "taskPublished").text("task", task).text("source", source)
        }
        NexusEvent::Attempted { task, provider, suggested_payment } => built
            .with("type", "attempted")
            .text("task", task)
            .text("provider", provider)
            .with("suggestedPayment", bigint(*suggested_payment)),
        NexusEvent::ResponseSubmitted { response, task } => {
            built.with("type", "responseSubmitted").text("response", response).text("task", task)
        }
        NexusEvent::ResponseStatusChanged { response, status } => {
            built.with("type", "responseStatusChanged").text("response", response).with("status", status.name())
        }
        NexusEvent::TaskStatusChanged { task, status } => {
            built.with("type", "taskStatusChanged").text("task", task).with("status", status.name())
        }
        NexusEvent::Registered { provider, registrant_id, source, preferred_environment } => built
            .with("type", "registered")
            .text("provider", provider)
            .with("registrantId", bigint(*registrant_id))
            .text("source", source)
            .with("preferredEnvironment", *preferred_environment),
        NexusEvent::SourcePublished { source } => built.with("type", "sourcePublished").text("source", source),
        NexusEvent::SourceUpdated { source } => built.with("type", "sourceUpdated").text("source", source),
        NexusEvent::SourceStatusChanged { source, status } => {
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
