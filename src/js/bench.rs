//! What `make bench` measures and the package has no call for: the work alone, without the request around it. Built only
//! with the feature `bench`, into a WebAssembly of its own; nothing here is ever published.
//!
//! Values are read and written as the package's own calls do it, so that what is measured is what a caller would wait for.

use alloy_primitives::{B256, hex, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct as _, eip712_domain};
use wasm_bindgen::prelude::*;

use super::error::to_js;
use super::input::Input;
use crate::error::Error;
use crate::ipfs::unixfs::{self, LAYOUTS};
use crate::ogpu::protocol::controller;
use crate::ogpu::types::TaskInfo;

#[allow(missing_docs, reason = "Permit2's own structs, with the witness of x402's `exact` scheme")]
mod permit {
    alloy_sol_types::sol! {
        struct TokenPermissions {
            address token;
            uint256 amount;
        }
        struct Witness {
            address to;
            uint256 validAfter;
        }
        struct PermitWitnessTransferFrom {
            TokenPermissions permitted;
            address spender;
            uint256 nonce;
            uint256 deadline;
            Witness witness;
        }
    }
}

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
#[wasm_bindgen(js_name = benchTypedData)]
pub fn typed_data(domain: JsValue, message: JsValue) -> Result<String, JsValue> {
    let read = || -> Result<B256, Error> {
        let domain = Input::new("domain", domain).any_object()?;
        let message = Input::new("message", message).any_object()?;
        let (permitted, witness) = (message.get("permitted")?.any_object()?, message.get("witness")?.any_object()?);
        let domain: Eip712Domain = eip712_domain! {
            name: domain.get("name")?.text()?,
            chain_id: domain.get("chainId")?.whole()?,
            verifying_contract: domain.get("verifyingContract")?.address()?,
        };
        let transfer = permit::PermitWitnessTransferFrom {
            permitted: permit::TokenPermissions {
                token: permitted.get("token")?.address()?,
                amount: permitted.get("amount")?.amount()?,
            },
            spender: message.get("spender")?.address()?,
            nonce: message.get("nonce")?.amount()?,
            deadline: message.get("deadline")?.amount()?,
            witness: permit::Witness { to: witness.get("to")?.address()?, validAfter: witness.get("validAfter")?.amount()? },
        };
        Ok(transfer.eip712_signing_hash(&domain))
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
