//! `ModelHubCore`: the model hub. Files stay with the platform: what is sent and read is its objects' business.

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use js_sys::{Array, Function, JSON, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::{Error, clip};
use crate::io::http::HttpHead;
use crate::io::{HttpFailure, HttpResponse, web};
use crate::js::convert::{Build, number, set};
use crate::js::input::Input;
use crate::js::options::{self as shared, member};
use crate::js::promise::start;
use crate::opengradient::hub::session::Identity;
use crate::opengradient::hub::upload::{ModelFile, UploadPlan};
use crate::opengradient::hub::{HUB_URL, HubFile, ModelHub};

/// What the package's `ModelHub` stands on.
#[wasm_bindgen]
pub struct ModelHubCore {
    hub: ModelHub,
}

fn text(name: &str, value: JsValue) -> Result<String, Error> {
    Input::new(name, value).text()
}

fn file(found: &HubFile) -> JsValue {
    // The hub's own object, whatever it has in it.
    JSON::parse(&found.json).unwrap_or(JsValue::NULL)
}

#[wasm_bindgen]
impl ModelHubCore {
    /// Signs in. One request; tokens stay in memory.
    ///
    /// @throws AuthenticationError, InvalidInputError, HttpError, ProtocolError
    #[wasm_bindgen(unchecked_return_type = "Promise<ModelHubCore>")]
    pub fn login(#[wasm_bindgen(unchecked_param_type = "ModelHubOptions")] options: JsValue) -> Promise {
        start(|| {
            let bag = Input::new("options", options).object(&["email", "password", "identity", "url", "signal"])?;
            let (email, password) = (bag.get("email")?.text()?, bag.get("password")?.text()?);
            let given = bag.get("identity")?.object(&["apiKey", "signInUrl", "tokenUrl"])?;
            let mut identity = Identity::firebase(given.get("apiKey")?.text()?);
            if let Some(url) = member(Some(&given), "signInUrl", Input::text)? {
                identity.sign_in_url = url;
            }
            if let Some(url) = member(Some(&given), "tokenUrl", Input::text)? {
                identity.token_url = url;
            }
            let url = member(Some(&bag), "url", Input::text)?;
            let signal = member(Some(&bag), "signal", Input::signal)?;
            let work = async move {
                let url = url.as_deref().unwrap_or(HUB_URL);
                Ok(Self { hub: ModelHub::login(web::io(), url, identity, &email, &password).await? }.into())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Makes a model and its first version. Two requests.
    ///
    /// @throws ServiceError, AuthenticationError, InvalidInputError, HttpError, ProtocolError
    #[wasm_bindgen(js_name = createModel, unchecked_return_type = "Promise<ModelRepository>")]
    pub fn create_model(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] model_name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] model_desc: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string | undefined")] version: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (name, description) = (text("modelName", model_name)?, text("modelDesc", model_desc)?);
            let version = Input::new("version", version).optional().map(|version| version.text()).transpose()?;
            let signal = shared::call(options)?;
            let hub = self.hub.clone();
            let work = async move {
                let made = hub.create_model(&name, &description, version.as_deref()).await?;
                Ok(Build::new().text("name", made.name).text("initialVersion", made.initial_version).frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Makes a version. One request.
    ///
    /// @throws as `createModel`
    #[wasm_bindgen(js_name = createVersion, unchecked_return_type = "Promise<ModelVersion>")]
    pub fn create_version(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] model_name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] notes: JsValue,
        #[wasm_bindgen(unchecked_param_type = "boolean")] is_major: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (name, notes) = (text("modelName", model_name)?, text("notes", notes)?);
            let (is_major, signal) = (Input::new("isMajor", is_major).flag()?, shared::call(options)?);
            let hub = self.hub.clone();
            let work = async move {
                let version = hub.create_version(&name, &notes, is_major).await?;
                Ok(Build::new().text("versionString", version).frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Uploads a file and checks the hub's content id.
    ///
    /// @throws ServiceError, ContentUnverifiedError, AuthenticationError, InvalidInputError, HttpError, ProtocolError
    #[wasm_bindgen(unchecked_return_type = "Promise<FileUploadResult>")]
    pub fn upload(
        &self,
        #[wasm_bindgen(unchecked_param_type = "PlatformFile")] file: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] model_name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] version: JsValue,
        #[wasm_bindgen(unchecked_param_type = "AbortSignal | undefined")] signal: JsValue,
    ) -> Promise {
        start(|| {
            let (name, version) = (text("modelName", model_name)?, text("version", version)?);
            let signal = Input::new("signal", signal).optional().map(|signal| signal.signal()).transpose()?;
            let given = Input::new("file", file);
            let (filename, size) = (given.get("name")?.text()?, given.get("size")?.whole()?);
            let file = PlatformFile { name: filename, size, object: given.into_value() };
            let hub = self.hub.clone();
            let work = async move {
                let done = hub.upload(&file, &name, &version).await?;
                let built = Build::new().text("modelCid", done.model_cid).with("size", number(done.size));
                Ok(built.with("verified", done.proof.is_some()).maybe("layout", done.proof).frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// The files of a version. One request.
    ///
    /// @throws as `createModel`
    #[wasm_bindgen(js_name = listFiles, unchecked_return_type = "Promise<HubFile[]>")]
    pub fn list_files(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] model_name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] version: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (name, version) = (text("modelName", model_name)?, text("version", version)?);
            let signal = shared::call(options)?;
            let hub = self.hub.clone();
            let work = async move {
                let files = hub.list_files(&name, &version).await?;
                Ok(files.iter().map(file).collect::<Array>().into())
            };
            Ok((signal, work.boxed_local()))
        })
    }
}

/// A file behind the package's TypeScript: `{ name, size, send(plan), read(offset, length), cancel() }`.
struct PlatformFile {
    name: String,
    size: u64,
    object: JsValue,
}

/// Ends the sending when nobody waits for it any more. After the answer that has no effect.
struct Sending(JsValue);

impl Drop for Sending {
    fn drop(&mut self) {
        let _ = method(&self.0, "cancel").and_then(|cancel| cancel.call0(&self.0));
    }
}

fn method(object: &JsValue, name: &str) -> Result<Function, JsValue> {
    Reflect::get(object, &name.into())?.dyn_into()
}

fn reason(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|message| message.as_string());
    clip(&message.or_else(|| thrown.as_string()).unwrap_or_else(|| "no reason given".to_owned()))
}

impl ModelFile for PlatformFile {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn send(&self, plan: UploadPlan) -> LocalBoxFuture<'static, Result<HttpResponse, HttpFailure>> {
        let object = self.object.clone();
        async move {
            let guard = Sending(object);
            let exchange = async {
                let headers = js_sys::Object::new();
                for (name, value) in &plan.headers {
                    set(&headers, name, &value.into());
                }
                let request = Build::new()
                    .text("url", &plan.url)
                    .with("headers", headers)
                    .with("head", Uint8Array::from(plan.head.as_slice()))
                    .with("tail", Uint8Array::from(plan.tail.as_slice()))
                    .frozen();
                let sent = method(&guard.0, "send")?.call1(&guard.0, &request)?;
                let reply = JsFuture::from(Promise::resolve(&sent)).await?;
                let status = Reflect::get(&reply, &"status".into())?.as_f64().unwrap_or_default();
                let body: Uint8Array = Reflect::get(&reply, &"body".into())?.dyn_into()?;
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a status; others become 0")]
                let head = HttpHead { status: status as u16, url: plan.url.clone(), headers: Vec::new() };
                Ok::<_, JsValue>(HttpResponse { head, body: body.to_vec() })
            };
            exchange.await.map_err(|thrown| HttpFailure::Network(reason(&thrown)))
        }
        .boxed_local()
    }

    fn read(&self, offset: u64, length: u64) -> LocalBoxFuture<'static, Result<Vec<u8>, String>> {
        let object = self.object.clone();
        async move {
            let read = async {
                let piece = method(&object, "read")?.call2(&object, &number(offset), &number(length))?;
                let piece: Uint8Array = JsFuture::from(Promise::resolve(&piece)).await?.dyn_into()?;
                Ok::<_, JsValue>(piece.to_vec())
            };
            read.await.map_err(|thrown| reason(&thrown))
        }
        .boxed_local()
    }
}
