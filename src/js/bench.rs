//! What `make bench` measures and the package has no call for: the work alone, without the request around it. Built only
//! with the feature `bench`, into a WebAssembly of its own; nothing here is ever published.
//!
//! Values are read and written as the package's own calls do it, so that what is measured is what a caller would wait for.

#[cfg(feature = "opengradient")]
use alloy_primitives::B256;
use alloy_primitives::{hex, keccak256};
use wasm_bindgen::prelude::*;

use super::error::to_js;
use super::input::Input;
use crate::error::Error;
use crate::ipfs::unixfs::{self, LAYOUTS};
use crate::ogpu::protocol::controller;
use crate::ogpu::types::TaskInfo;
#[cfg(feature = "opengradient")]
use crate::x402::typed::{Domain, WitnessTransfer};

/// The calldata of `Controller.publishTask`, as hex text.
#[wasm_bindgen(js_name = benchEncode)]
pub fn encode(params: JsValue) -> Result<String, JsValue> {
    let read = || -> Result<String, Error> {
        let params = Input::new("params", params).object(&["source", "config", "expiryTime", "payment"])?;
        let info = TaskInfo {
            source: params.get("source")?.address()?,
            config: String::new(),
            expiry_time: params.get("expiryTime")?.whole()?,
            payment: params.get("payment")?.amount()?,
        };
        let call = controller::publish_task(info.source, &info, params.get("config")?.text()?);
        Ok(hex::encode_prefixed(call.data))
    };
    read().map_err(|error| to_js(&error))
}

/// The EIP-712 digest of a Permit2 witness transfer, as hex text.
#[cfg(feature = "opengradient")]
#[wasm_bindgen(js_name = benchTypedData)]
pub fn typed_data(domain: JsValue, message: JsValue) -> Result<String, JsValue> {
    let read = || -> Result<B256, Error> {
        let domain = Input::new("domain", domain).any_object()?;
        let message = Input::new("message", message).any_object()?;
        let (permitted, witness) = (message.get("permitted")?.any_object()?, message.get("witness")?.any_object()?);
        let transfer = WitnessTransfer {
            token: permitted.get("token")?.address()?,
            amount: permitted.get("amount")?.amount()?,
            spender: message.get("spender")?.address()?,
            nonce: message.get("nonce")?.amount()?,
            deadline: message.get("deadline")?.amount()?,
            to: witness.get("to")?.address()?,
            facilitator: None,
            valid_after: witness.get("validAfter")?.amount()?,
        };
        let name = domain.get("name")?.text()?;
        let domain = Domain {
            name: &name,
            version: None,
            chain_id: domain.get("chainId")?.whole()?,
            contract: domain.get("verifyingContract")?.address()?,
        };
        Ok(domain.digest(transfer.hash()))
    };
    read().map(hex::encode_prefixed).map_err(|error| to_js(&error))
}

/// The keccak-256 of bytes, as hex text.
#[wasm_bindgen(js_name = benchKeccak)]
pub fn keccak(bytes: &[u8]) -> String {
    hex::encode_prefixed(keccak256(bytes))
}

/// The CID that the network's pinning service gives these bytes.
#[wasm_bindgen(js_name = benchCid)]
pub fn cid(bytes: &[u8]) -> String {
    LAYOUTS.first().map(|layout| unixfs::root(bytes, layout).to_string()).unwrap_or_default()
}

/// How many events and bytes of data there are in server-sent events that come in pieces of `piece` bytes.
#[cfg(feature = "opengradient")]
#[wasm_bindgen(js_name = benchSse)]
pub fn sse(bytes: &[u8], piece: usize) -> Vec<u32> {
    let mut parser = crate::opengradient::llm::sse::Parser::default();
    let (mut events, mut size) = (0_u32, 0_u32);
    let mut count = |data: &[u8]| {
        events += 1;
        size = size.saturating_add(u32::try_from(data.len()).unwrap_or(u32::MAX));
    };
    for part in bytes.chunks(piece.max(1)) {
        let _ = parser.push(part, &mut count);
    }
    let _ = parser.finish(&mut count);
    vec![events, size]
}
