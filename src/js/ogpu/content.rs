//! `IpfsContent`, and the functions that publish and fetch.

use futures_util::FutureExt as _;
use js_sys::{JSON, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use super::options;
use crate::error::{Error, Kind, public_url};
use crate::io::web;
use crate::ipfs::json::{MAX_DEPTH, check_depth};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::content::{self, Content, FetchOptions};

/// Content from IPFS with its proof.
#[wasm_bindgen]
pub struct IpfsContent {
    content: Content,
}

#[wasm_bindgen]
impl IpfsContent {
    /// The CID in the link; `undefined` when it held none.
    #[wasm_bindgen(getter)]
    pub fn cid(&self) -> Option<String> {
        self.content.cid.clone()
    }

    /// Where the bytes came from.
    #[wasm_bindgen(getter)]
    pub fn url(&self) -> String {
        self.content.url.clone()
    }

    /// Whether the bytes hash to the CID.
    #[wasm_bindgen(getter)]
    pub fn verified(&self) -> bool {
        self.content.layout.is_some()
    }

    /// How they do: the UnixFS layout's name, or `raw-block`.
    #[wasm_bindgen(getter)]
    pub fn layout(&self) -> Option<String> {
        self.content.layout.map(str::to_owned)
    }

    /// What the gateway calls the content: its word alone.
    #[wasm_bindgen(getter, js_name = contentType)]
    pub fn content_type(&self) -> Option<String> {
        self.content.content_type.clone()
    }

    /// How many bytes there are.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.content.bytes.len()
    }

    /// The bytes, copied.
    #[wasm_bindgen(getter)]
    pub fn bytes(&self) -> Uint8Array {
        Uint8Array::from(self.content.bytes.as_slice())
    }

    /// The bytes as UTF-8 text.
    ///
    /// @throws IPFSFetchError when they are not
    pub fn text(&self) -> Result<String, JsValue> {
        text(&self.content).map(str::to_owned).map_err(|error| to_js(&error))
    }

    /// The bytes as JSON.
    ///
    /// @throws IPFSFetchError when they are not
    #[wasm_bindgen(unchecked_return_type = "JsonValue")]
    pub fn json(&self) -> Result<JsValue, JsValue> {
        json(&self.content).map_err(|error| to_js(&error))
    }
}

fn text(content: &Content) -> Result<&str, Error> {
    std::str::from_utf8(&content.bytes).map_err(|_| {
        Error::from(Kind::IpfsFetch {
            url: public_url(&content.url),
            reason: "expected UTF-8 text, but found other bytes".to_owned(),
        })
    })
}

fn json(content: &Content) -> Result<JsValue, Error> {
    check_depth(&content.bytes, MAX_DEPTH)
        .map_err(|error| Error::from(Kind::IpfsFetch { url: public_url(&content.url), reason: error.to_string() }))?;
    parse_json(text(content)?).map_err(|_| {
        Error::from(Kind::IpfsFetch { url: public_url(&content.url), reason: "expected JSON, but found other text".to_owned() })
    })
}

/// JSON text → a value.
pub(super) fn parse_json(text: &str) -> Result<JsValue, Error> {
    JSON::parse(text).map_err(|_| Error::protocol("JSON", text))
}

/// Fetches and parses what `data` holds or names.
pub(super) async fn document(client: &Client, data: &str, options: &FetchOptions) -> Result<JsValue, Error> {
    match content::inline(data) {
        Some(inline) => parse_json(inline),
        None => json(&content::fetch(client.rpc.io(), &client.network.gateway_urls, data, options).await?),
    }
}

/// Fetches what `data` names, with the proof.
pub(super) async fn proof(client: &Client, data: &str, options: &FetchOptions) -> Result<JsValue, Error> {
    let content = content::fetch(client.rpc.io(), &client.network.gateway_urls, data, options).await?;
    Ok(IpfsContent { content }.into())
}

pub(super) fn fetch(gateways: Vec<String>, url: &str, options: JsValue) -> Promise {
    fetch_as(gateways, url, options, |content| Ok(IpfsContent { content }.into()))
}

pub(super) fn fetch_json(gateways: Vec<String>, url: &str, options: JsValue) -> Promise {
    fetch_as(gateways, url, options, |content| json(&content))
}

fn fetch_as(
    gateways: Vec<String>,
    url: &str,
    options: JsValue,
    pack: impl FnOnce(Content) -> Result<JsValue, Error> + 'static,
) -> Promise {
    start(|| {
        let (signal, options) = options::fetch(options)?;
        let url = url.to_owned();
        Ok((signal, async move { pack(content::fetch(&web::io(), &gateways, &url, &options).await?) }.boxed_local()))
    })
}

pub(super) fn publish(pin_url: String, data: JsValue, options: JsValue) -> Promise {
    start(|| {
        let data = Input::new("data", data);
        let bytes = match data.bytes() {
            Some(bytes) => bytes,
            None if data.is_text() => data.text()?.into_bytes(),
            None => data.any_object()?.json()?.into_bytes(),
        };
        let (signal, options) = options::pin(options)?;
        let work = async move { content::publish(&web::io(), &pin_url, bytes, &options).await.map(Into::into) };
        Ok((signal, work.boxed_local()))
    })
}

/// Publishes content through a pinning service and answers its URL; needs no client.
///
/// @throws IPFSGatewayError, IPFSFetchError, ContentUnverifiedError
#[wasm_bindgen(js_name = publishToIpfs, unchecked_return_type = "Promise<string>")]
pub fn publish_to_ipfs(
    #[wasm_bindgen(unchecked_param_type = "string | Uint8Array | { [key: string]: JsonValue }")] data: JsValue,
    pin_url: String,
    #[wasm_bindgen(unchecked_optional_param_type = "PinOptions")] options: JsValue,
) -> Promise {
    publish(pin_url, data, options)
}

/// Fetches a JSON document from IPFS and checks it against its CID; needs no client.
///
/// @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError
#[wasm_bindgen(js_name = fetchIpfsJson, unchecked_return_type = "Promise<JsonValue>")]
pub fn fetch_ipfs_json(url: &str, #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue) -> Promise {
    fetch_json(Vec::new(), url, options)
}

/// Forgets the nonces of all accounts and chains. Nothing is cancelled.
#[wasm_bindgen(js_name = clearAllNonceCaches)]
pub fn clear_all_nonce_caches() {
    crate::js::wallet::book().clear();
}
