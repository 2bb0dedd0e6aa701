//! The core's values → frozen plain objects.

use alloy_primitives::{B256, U256, hex};
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use crate::eth::checksum;
use crate::eth::replies::Log;
use crate::js::convert::{Build, bigint, number};
use crate::js::output::receipt;
use crate::json::push_quoted;
use crate::ogpu::client::Published;
use crate::ogpu::events::Happened;
use crate::ogpu::functions::Value;
use crate::ogpu::types::NonceInfo;

/// What a getter answered.
pub(super) fn value(value: &Value) -> JsValue {
    match value {
        Value::Nothing => JsValue::UNDEFINED,
        Value::Address(address) => checksum::text(*address).into(),
        Value::Amount(amount) => bigint(*amount),
        Value::Number(count) => number(*count),
        Value::Flag(flag) => (*flag).into(),
        Value::Hash(hash) => hash.to_string().into(),
        Value::Text(text) => text.into(),
        Value::Name(name) => (*name).into(),
        Value::List(items) => Object::freeze(&items.iter().map(self::value).collect::<Array>()).into(),
        Value::Fields(fields) => {
            fields.iter().fold(Build::new(), |built, (name, field)| built.with(name, self::value(field))).frozen()
        }
    }
}

/// Something new on chain.
pub(super) fn published(published: &Published) -> JsValue {
    Build::new().text("address", published.address).with("receipt", receipt(&published.receipt)).frozen()
}

/// An event as JSON. Amounts are text that `BigInt` takes: the package knows which keys hold them.
pub(super) fn event(event: &Happened, log: &Log, text: &mut String) {
    text.push_str("{\"type\":\"");
    text.push_str(event.name);
    text.push('"');
    for (name, value) in &event.fields {
        member(',', name, value, text);
    }
    member(',', "blockNumber", &Value::Amount(U256::from(log.block_number)), text);
    member(',', "transactionHash", &Value::Hash(log.transaction_hash), text);
    member(',', "logIndex", &Value::Number(log.log_index), text);
    if log.removed {
        member(',', "removed", &Value::Flag(true), text);
    }
    text.push('}');
}

/// A member behind a comma or the object's start. Our own names need no escapes.
fn member(lead: char, name: &str, value: &Value, text: &mut String) {
    text.push(lead);
    text.push('"');
    text.push_str(name);
    text.push_str("\":");
    json(value, text);
}

fn json(value: &Value, text: &mut String) {
    match value {
        Value::Nothing => text.push_str("null"),
        Value::Address(address) => {
            text.push('"');
            checksum::push(text, *address);
            text.push('"');
        }
        Value::Amount(amount) => match u64::try_from(*amount) {
            Ok(small) => push_all(text, ["\"", &small.to_string(), "\""]),
            // Digits of ten would be divisions of 256 bits.
            Err(_) => push_hash(text, B256::from(*amount)),
        },
        Value::Number(count) => text.push_str(&count.to_string()),
        Value::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Hash(hash) => push_hash(text, *hash),
        Value::Text(inner) => push_quoted(text, inner),
        Value::Name(name) => push_all(text, ["\"", name, "\""]),
        Value::List(_) => text.push_str("[]"),
        Value::Fields(fields) => {
            for (at, (name, field)) in fields.iter().enumerate() {
                member(if at == 0 { '{' } else { ',' }, name, field, text);
            }
            text.push('}');
        }
    }
}

fn push_all(text: &mut String, parts: [&str; 3]) {
    for part in parts {
        text.push_str(part);
    }
}

fn push_hash(text: &mut String, hash: B256) {
    push_all(text, ["\"", hex::Buffer::<32, true>::new().format(&hash), "\""]);
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
