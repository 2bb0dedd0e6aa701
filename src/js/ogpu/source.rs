//! `Source`: a published AI service.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::{content, options, output};
use crate::eth::follow::Receipt;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::reads;

/// A published AI service. Made by `publishSource` or `ogpu.source(address)`.
#[wasm_bindgen]
pub struct Source {
    client: Rc<Client>,
    at: Address,
    receipt: Option<Receipt>,
}

impl Source {
    pub(super) const fn new(client: Rc<Client>, at: Address, receipt: Option<Receipt>) -> Self {
        Self { client, at, receipt }
    }
}

#[wasm_bindgen]
impl Source {
    /// Its contract.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn address(&self) -> String {
        self.at.to_string()
    }

    /// The transaction that published it, when this object comes from `publishSource`.
    #[wasm_bindgen(getter, unchecked_return_type = "Receipt | undefined")]
    pub fn receipt(&self) -> JsValue {
        self.receipt.as_ref().map_or(JsValue::UNDEFINED, output::receipt)
    }

    /// Its terms on chain. One HTTP request.
    ///
    /// @throws SourceNotFoundError
    #[wasm_bindgen(js_name = getParams, unchecked_return_type = "Promise<SourceParams>")]
    pub fn get_params(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((signal, async move { Ok(output::source_params(&reads::source_params(&client.rpc, at).await?)) }.boxed_local()))
        })
    }

    /// Whether it takes tasks. One HTTP request.
    ///
    /// @throws SourceNotFoundError
    #[wasm_bindgen(js_name = getStatus, unchecked_return_type = "Promise<SourceStatus>")]
    pub fn get_status(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((signal, async move { Ok(reads::source_status(&client.rpc, at).await?.name().into()) }.boxed_local()))
        })
    }

    /// Its metadata document, checked against its CID. Two HTTP requests.
    ///
    /// @throws SourceNotFoundError, ContentUnverifiedError, IPFSFetchError, IPFSGatewayError
    #[wasm_bindgen(js_name = getMetadata, unchecked_return_type = "Promise<JsonValue>")]
    pub fn get_metadata(&self, #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue) -> Promise {
        start(|| {
            let (signal, options) = options::fetch(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((
                signal,
                async move {
                    let params = reads::source_params(&client.rpc, at).await?;
                    content::document(&client, &params.image_metadata_url, &options).await
                }
                .boxed_local(),
            ))
        })
    }
}
