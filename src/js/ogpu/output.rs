//! The core's values → frozen plain objects.

use alloy_primitives::U256;
use js_sys::{Array, Object};
use wasm_bindgen::JsValue;

use crate::eth::replies::Log;
use crate::js::convert::{Build, bigint, number};
use crate::js::output::receipt;
use crate::json::quote;
use crate::ogpu::client::Published;
use crate::ogpu::events::Happened;
use crate::ogpu::functions::Value;
use crate::ogpu::types::NonceInfo;

/// What a getter answered.
pub(super) fn value(value: &Value) -> JsValue {
    match value {
        Value::Nothing => JsValue::UNDEFINED,
        Value::Address(address) => address.to_string().into(),
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

/// An event as JSON. Amounts are decimal text: the package knows which keys hold them.
pub(super) fn event(event: &Happened, log: &Log, text: &mut String) {
    text.push_str("{\"type\":\"");
    text.push_str(event.name);
    text.push('"');
    for (name, value) in &event.fields {
        member(name, value, text);
    }
    member("blockNumber", &Value::Amount(U256::from(log.block_number)), text);
    member("transactionHash", &Value::Hash(log.transaction_hash), text);
    member("logIndex", &Value::Number(log.log_index), text);
    if log.removed {
        member("removed", &Value::Flag(true), text);
    }
    text.push('}');
}

fn member(name: &str, value: &Value, text: &mut String) {
    text.push_str(",\"");
    text.push_str(name);
    text.push_str("\":");
    json(value, text);
}

fn json(value: &Value, text: &mut String) {
    match value {
        Value::Nothing => text.push_str("null"),
        Value::Address(address) => text.push_str(&quote(&address.to_string())),
        Value::Amount(amount) => text.push_str(&quote(&amount.to_string())),
        Value::Number(count) => text.push_str(&count.to_string()),
        Value::Flag(flag) => text.push_str(if *flag { "true" } else { "false" }),
        Value::Hash(hash) => text.push_str(&quote(&hash.to_string())),
        Value::Text(inner) => text.push_str(&quote(inner)),
        Value::Name(name) => text.push_str(&quote(name)),
        Value::List(_) => text.push_str("[]"),
        Value::Fields(fields) => {
            for (at, (name, field)) in fields.iter().enumerate() {
                text.push(if at == 0 { '{' } else { ',' });
                text.push_str(&quote(name));
                text.push(':');
                json(field, text);
            }
            text.push('}');
        }
    }
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
