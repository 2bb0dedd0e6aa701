//! `Task`: a published job.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::client::responses;
use super::events::EventStream;
use super::response::TaskResponse;
use super::{content, options, output};
use crate::eth::follow::Receipt;
use crate::js::error::to_js;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::reads;

/// A published job. Made by `publishTask` or `ogpu.task(address)`.
#[wasm_bindgen]
pub struct Task {
    client: Rc<Client>,
    at: Address,
    receipt: Option<Receipt>,
}

impl Task {
    pub(super) const fn new(client: Rc<Client>, at: Address, receipt: Option<Receipt>) -> Self {
        Self { client, at, receipt }
    }
}

#[wasm_bindgen]
impl Task {
    /// Its contract.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn address(&self) -> String {
        self.at.to_string()
    }

    /// The transaction that published it, when this object comes from `publishTask`.
    #[wasm_bindgen(getter, unchecked_return_type = "Receipt | undefined")]
    pub fn receipt(&self) -> JsValue {
        self.receipt.as_ref().map_or(JsValue::UNDEFINED, output::receipt)
    }

    /// Everything its contract tells. One HTTP request.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(unchecked_return_type = "Promise<TaskSnapshot>")]
    pub fn snapshot(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((signal, async move { Ok(output::task_snapshot(&reads::task_snapshot(&client.rpc, at).await?)) }.boxed_local()))
        })
    }

    /// Its status. Past its expiry time this can still be the old one. One HTTP request.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(js_name = getStatus, unchecked_return_type = "Promise<TaskStatus>")]
    pub fn get_status(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((signal, async move { Ok(reads::task_status(&client.rpc, at).await?.name().into()) }.boxed_local()))
        })
    }

    /// Its responses; see `ogpu.getTaskResponses`.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(js_name = getResponses, unchecked_return_type = "Promise<TaskResponse[]>")]
    pub fn get_responses(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] lower: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] upper: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        responses(&self.client, || Ok(self.at), lower, upper, options)
    }

    /// The confirmed response; `undefined` when there is none yet. Three HTTP requests, or one when there is none.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(js_name = getConfirmedResponse, unchecked_return_type = "Promise<TaskResponse | undefined>")]
    pub fn get_confirmed_response(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((
                signal,
                async move {
                    let found = reads::confirmed_response(&client.rpc, at).await?;
                    Ok(found.map_or(JsValue::UNDEFINED, |fields| TaskResponse::with(client, fields).into()))
                }
                .boxed_local(),
            ))
        })
    }

    /// Its config document, checked against its CID. Two HTTP requests.
    ///
    /// @throws TaskNotFoundError, ContentUnverifiedError, IPFSFetchError, IPFSGatewayError
    #[wasm_bindgen(js_name = getMetadata, unchecked_return_type = "Promise<JsonValue>")]
    pub fn get_metadata(&self, #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue) -> Promise {
        start(|| {
            let (signal, options) = options::fetch(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((
                signal,
                async move {
                    let task = reads::task_snapshot(&client.rpc, at).await?;
                    content::document(&client, &task.config, &options).await
                }
                .boxed_local(),
            ))
        })
    }

    /// Watches this task: attempts, responses, status. An async iterator; `break` ends it.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "AsyncIterableIterator<OgpuEvent>")]
    pub fn watch(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Omit<WatchOptions, \"task\" | \"source\">")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        let published = self.receipt.as_ref().map(|receipt| receipt.block_number);
        EventStream::open(&self.client, Some(self.at), published, options).map(Into::into).map_err(|error| to_js(&error))
    }
}
