//! `TaskResponse`: a provider's answer. The package exports it as `Response`, the official name; under that name the
//! generated loader would take it for the platform's `Response`.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use js_sys::Promise;
use wasm_bindgen::prelude::*;

use super::{content, options, output};
use crate::js::convert::{bigint, number};
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::reads;
use crate::ogpu::types::ResponseFields;

/// A provider's answer to a task. Made by `getResponses` with its fields, or by `ogpu.response(address)` without them.
#[wasm_bindgen]
pub struct TaskResponse {
    client: Rc<Client>,
    at: Address,
    fields: Option<ResponseFields>,
}

impl TaskResponse {
    pub(super) const fn at(client: Rc<Client>, at: Address) -> Self {
        Self { client, at, fields: None }
    }

    pub(super) const fn with(client: Rc<Client>, fields: ResponseFields) -> Self {
        Self { client, at: fields.address, fields: Some(fields) }
    }
}

#[wasm_bindgen]
impl TaskResponse {
    /// Its contract.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn address(&self) -> String {
        self.at.to_string()
    }

    /// The task it answers.
    #[wasm_bindgen(getter, unchecked_return_type = "Address | undefined")]
    pub fn task(&self) -> Option<String> {
        self.fields.as_ref().map(|fields| fields.task.to_string())
    }

    /// Who answered.
    #[wasm_bindgen(getter, unchecked_return_type = "Address | undefined")]
    pub fn provider(&self) -> Option<String> {
        self.fields.as_ref().map(|fields| fields.provider.to_string())
    }

    /// The payload's URL, or the payload itself. It is the provider's text: hostile until checked.
    #[wasm_bindgen(getter)]
    pub fn data(&self) -> Option<String> {
        self.fields.as_ref().map(|fields| fields.data.clone())
    }

    /// What the provider asks, in wei.
    #[wasm_bindgen(getter, unchecked_return_type = "bigint | undefined")]
    pub fn payment(&self) -> JsValue {
        self.fields.as_ref().map_or(JsValue::UNDEFINED, |fields| bigint(fields.payment))
    }

    /// Whether it is confirmed.
    #[wasm_bindgen(getter, unchecked_return_type = "ResponseStatus | undefined")]
    pub fn status(&self) -> Option<String> {
        self.fields.as_ref().map(|fields| fields.status.name().to_owned())
    }

    /// When it was handed in, in unix seconds.
    #[wasm_bindgen(getter, unchecked_return_type = "number | undefined")]
    pub fn timestamp(&self) -> JsValue {
        self.fields.as_ref().map_or(JsValue::UNDEFINED, |fields| number(fields.timestamp))
    }

    /// Whether its confirmation is final.
    #[wasm_bindgen(getter)]
    pub fn confirmed(&self) -> Option<bool> {
        self.fields.as_ref().map(|fields| fields.confirmed)
    }

    /// The same response with its fields as they are now. One HTTP request.
    ///
    /// @throws ResponseNotFoundError
    #[wasm_bindgen(unchecked_return_type = "Promise<TaskResponse>")]
    pub fn load(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((
                signal,
                async move {
                    let fields = reads::response_fields(&client.rpc, at).await?;
                    Ok(Self::with(client, fields).into())
                }
                .boxed_local(),
            ))
        })
    }

    /// Its payload as JSON: fetched and checked against its CID, or read from `data` where it stands there itself. One
    /// HTTP request for each gateway asked (and one for the fields, where they are not read yet).
    ///
    /// @throws ContentUnverifiedError, IPFSFetchError, IPFSGatewayError, ResponseNotFoundError
    #[wasm_bindgen(js_name = fetchData, unchecked_return_type = "Promise<JsonValue>")]
    pub fn fetch_data(&self, #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue) -> Promise {
        start(|| {
            let (signal, options) = options::fetch(options)?;
            let (client, at, known) = (self.client.clone(), self.at, self.data());
            Ok((
                signal,
                async move {
                    let data = payload(&client, at, known).await?;
                    content::document(&client, &data, &options).await
                }
                .boxed_local(),
            ))
        })
    }

    /// Its payload as bytes, with the proof: which CID, from where, how it was checked.
    ///
    /// @throws ContentUnverifiedError, IPFSFetchError, IPFSGatewayError, ResponseNotFoundError
    #[wasm_bindgen(unchecked_return_type = "Promise<IpfsContent>")]
    pub fn fetch(&self, #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue) -> Promise {
        start(|| {
            let (signal, options) = options::fetch(options)?;
            let (client, at, known) = (self.client.clone(), self.at, self.data());
            Ok((
                signal,
                async move {
                    let data = payload(&client, at, known).await?;
                    content::proof(&client, &data, &options).await
                }
                .boxed_local(),
            ))
        })
    }

    /// Confirms it, which pays its provider. Two HTTP requests: the simulation and the receipt.
    ///
    /// @throws NotTaskOwnerError, ResponseAlreadyConfirmedError, TaskAlreadyFinalizedError, WalletRejectedError
    #[wasm_bindgen(unchecked_return_type = "Promise<Receipt>")]
    pub fn confirm(&self, #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue) -> Promise {
        start(|| {
            let (signal, options) = options::write(options)?;
            let (client, at) = (self.client.clone(), self.at);
            Ok((signal, async move { Ok(output::receipt(&client.confirm_response(at, &options).await?)) }.boxed_local()))
        })
    }
}

async fn payload(client: &Rc<Client>, at: Address, known: Option<String>) -> Result<String, crate::error::Error> {
    match known {
        Some(data) => Ok(data),
        None => Ok(reads::response_fields(&client.rpc, at).await?.data),
    }
}
