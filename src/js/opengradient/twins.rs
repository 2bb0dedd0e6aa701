//! `TwinsCore`: chats with digital twins.

use futures_util::FutureExt as _;
use js_sys::{JSON, Promise};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::io::web;
use crate::js::convert::Build;
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::options::{self as shared, member};
use crate::js::promise::start;
use crate::json::Json;
use crate::opengradient::twins::{TWINS_URL, TwinRequest, Twins};

/// What the package's `Twins` stands on.
#[wasm_bindgen]
pub struct TwinsCore {
    twins: Twins,
}

#[wasm_bindgen]
impl TwinsCore {
    /// Keeps the key; no request.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(constructor)]
    pub fn new(#[wasm_bindgen(unchecked_param_type = "TwinsOptions")] options: JsValue) -> Result<Self, JsValue> {
        let open = || {
            let bag = Input::new("options", options).object(&["apiKey", "url"])?;
            let url = member(Some(&bag), "url", Input::text)?;
            Twins::new(web::io(), url.as_deref().unwrap_or(TWINS_URL), &bag.get("apiKey")?.text()?)
        };
        open().map(|twins| Self { twins }).map_err(|error| to_js(&error))
    }

    /// Asks a twin. One request, never repeated: each may be billed.
    ///
    /// @throws InvalidInputError, AuthenticationError, ServiceError, HttpError, ProtocolError
    #[wasm_bindgen(unchecked_return_type = "Promise<TwinAnswer>")]
    pub fn chat(
        &self,
        #[wasm_bindgen(unchecked_param_type = "TwinChatParams")] params: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let known = ["twinId", "model", "messages", "temperature", "maxTokens"];
            let params = Input::new("params", params).object(&known)?;
            let bag = Some(&params);
            let (twin_id, model) = (params.get("twinId")?.text()?, params.get("model")?.text()?);
            let messages = params.get("messages")?.json()?;
            let number = |value: &Input| value.float("a number").and_then(|_| value.json());
            let temperature = member(bag, "temperature", number)?;
            let max_tokens = member(bag, "maxTokens", |value| {
                u32::try_from(value.whole()?).map_err(|_| Error::input(value.path(), "expected a number below 2^32"))
            })?;
            let signal = shared::call(options)?;
            let twins = self.twins.clone();
            let work = async move {
                let request = TwinRequest {
                    twin_id: &twin_id,
                    model: &model,
                    messages: Json::parse(&messages).ok_or_else(|| Error::input("params.messages", "expected a list"))?,
                    temperature: temperature.as_deref().and_then(Json::parse),
                    max_tokens,
                };
                let answer = twins.chat(&request).await?;
                let built = Build::new().maybe("finishReason", answer.finish_reason);
                Ok(match answer.message.and_then(|message| JSON::parse(&message).ok()) {
                    Some(message) => built.with("chatOutput", message),
                    None => built,
                }
                .frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }
}
