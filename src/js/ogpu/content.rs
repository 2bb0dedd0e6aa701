//! `IpfsContent`, and the functions that publish and fetch.

use std::cell::RefCell;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::stream::StreamExt as _;
use js_sys::{JSON, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal};

use super::options;
use crate::error::Error;
use crate::io::web::{self, WebSource, abortable};
use crate::js::convert::{Build, number};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::content::{self, Content, ContentStream, FetchOptions, Pieces, Source as _};

#[wasm_bindgen]
extern "C" {
    /// `[object Blob]` and the like: the same in every realm.
    #[wasm_bindgen(js_namespace = ["Object", "prototype", "toString"], js_name = call)]
    fn tag_of(value: &JsValue) -> String;
}

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
        self.content.text().map(str::to_owned).map_err(|error| to_js(&error))
    }

    /// The bytes as JSON.
    ///
    /// @throws IPFSFetchError when they are not
    #[wasm_bindgen(unchecked_return_type = "JsonValue")]
    pub fn json(&self) -> Result<JsValue, JsValue> {
        json(&self.content).map_err(|error| to_js(&error))
    }
}

fn json(content: &Content) -> Result<JsValue, Error> {
    parse_json(content.json()?.raw())
}

/// Content whose bytes come piece by piece, each proven: what the package makes a `ReadableStream` of.
#[wasm_bindgen]
pub struct IpfsPieces {
    about: JsValue,
    pieces: Rc<RefCell<Option<Pieces>>>,
    signal: Option<AbortSignal>,
    stop: AbortController,
}

#[wasm_bindgen]
impl IpfsPieces {
    /// What is known of the content before it is there.
    #[wasm_bindgen(getter, unchecked_return_type = "IpfsStreamProof")]
    pub fn about(&self) -> JsValue {
        self.about.clone()
    }

    /// The next bytes, proven; `undefined` at the end. One call at a time.
    ///
    /// @throws ContentUnverifiedError, IPFSFetchError, IPFSGatewayError
    #[wasm_bindgen(unchecked_return_type = "Promise<Uint8Array<ArrayBuffer> | undefined>")]
    pub fn next(&self) -> Promise {
        let (slot, signal, stop) = (Rc::clone(&self.pieces), self.signal.clone(), self.stop.signal());
        start(|| {
            let work = async move {
                // Taken while it is read, so that what a cancel drops is all there is.
                let Some(mut pieces) = slot.take() else { return Ok(JsValue::UNDEFINED) };
                let next = abortable(Some(&stop), pieces.next()).await;
                let Ok(Some(piece)) = next else { return Ok(JsValue::UNDEFINED) };
                slot.replace(Some(pieces));
                piece.map(|piece| Uint8Array::from(piece.as_slice()).into())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Ends it, and the requests under way.
    pub fn cancel(&self) {
        self.stop.abort();
        self.pieces.take();
    }
}

pub(super) fn fetch_stream(gateways: Vec<String>, url: &str, options: JsValue) -> Promise {
    start(|| {
        let (signal, options) = options::fetch(options)?;
        let (url, kept) = (url.to_owned(), signal.clone());
        let work = async move {
            let stream = content::fetch_stream(&web::io(), &gateways, &url, &options).await?;
            let stop = AbortController::new().map_err(|_| Error::protocol("AbortController", "none"))?;
            let ContentStream { cid, url, layout, content_type, size, pieces } = stream;
            let about = Build::new().maybe("cid", cid).text("url", url).with("verified", layout.is_some());
            let about = about.maybe("layout", layout).maybe("contentType", content_type);
            let about = about.with("size", size.map_or(JsValue::UNDEFINED, number)).frozen();
            Ok(IpfsPieces { about, pieces: Rc::new(RefCell::new(Some(pieces))), signal: kept, stop }.into())
        };
        Ok((signal, work.boxed_local()))
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

/// What is wanted of content.
#[derive(Clone, Copy)]
pub(super) enum As {
    Proof,
    Json,
    Bytes,
}

impl As {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "json" => Self::Json,
            "bytes" => Self::Bytes,
            _ => Self::Proof,
        }
    }
}

pub(super) fn fetch(gateways: Vec<String>, url: &str, wanted: As, options: JsValue) -> Promise {
    start(|| {
        let (signal, options) = options::fetch(options)?;
        let url = url.to_owned();
        let work = async move {
            let content = content::fetch(&web::io(), &gateways, &url, &options).await?;
            match wanted {
                As::Proof => Ok(IpfsContent { content }.into()),
                As::Json => json(&content),
                As::Bytes => Ok(Uint8Array::from(content.bytes.as_slice()).into()),
            }
        };
        Ok((signal, work.boxed_local()))
    })
}

/// Content of any kind; with the name and type that it has of itself.
fn source(data: JsValue) -> Result<(WebSource, Option<String>, Option<String>), Error> {
    let tag = tag_of(&data);
    let data = Input::new("data", data);
    if data.is_text() {
        let text = data.text()?;
        return Ok((WebSource::bytes(Uint8Array::from(text.as_bytes())), None, None));
    }
    let value = data.clone_value();
    match tag.as_str() {
        "[object Uint8Array]" => Ok((WebSource::bytes(value.unchecked_into()), None, None)),
        "[object ArrayBuffer]" => Ok((WebSource::bytes(Uint8Array::new(&value)), None, None)),
        "[object Blob]" | "[object File]" => {
            let own = |key: &'static str| Some(data.get(key).ok()?.text().ok()?).filter(|text| !text.is_empty());
            let (name, kind) = (own("name"), own("type").unwrap_or_else(|| "application/octet-stream".to_owned()));
            Ok((WebSource::blob(value.unchecked_into()), Some(name.unwrap_or_else(|| "data.bin".to_owned())), Some(kind)))
        }
        "[object Object]" => {
            let text = data.any_object()?.json()?;
            Ok((WebSource::bytes(Uint8Array::from(text.as_bytes())), None, None))
        }
        _ => Err(Error::input(
            "data",
            "expected a text, a plain object, a Uint8Array, a Blob or a File; read a stream into a Blob first",
        )),
    }
}

pub(super) fn publish(pin_url: String, data: JsValue, options: JsValue) -> Promise {
    start(|| {
        let (source, name, kind) = source(data)?;
        let (signal, options) = options::pin(options, name, kind, source.size())?;
        let work = async move { content::publish_source(&web::io(), &pin_url, &source, &options).await.map(Into::into) };
        Ok((signal, work.boxed_local()))
    })
}

/// The CID that content has when it is published with this layout. No request.
///
/// @throws InvalidInputError
#[wasm_bindgen(js_name = cidOf, unchecked_return_type = "Promise<string>")]
pub fn cid_of(
    #[wasm_bindgen(unchecked_param_type = "IpfsData")] data: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "CidOptions")] options: JsValue,
) -> Promise {
    start(|| {
        let (source, ..) = source(data)?;
        let (signal, on_progress, layout) = options::layout(options)?;
        let work = async move { content::root(&source, &layout, &on_progress).await.map(|cid| cid.to_string().into()) };
        Ok((signal, work.boxed_local()))
    })
}

/// Publishes content through a pinning service and answers its URL; needs no client.
///
/// @throws IPFSGatewayError, IPFSFetchError, ContentUnverifiedError
#[wasm_bindgen(js_name = publishToIpfs, unchecked_return_type = "Promise<string>")]
pub fn publish_to_ipfs(
    #[wasm_bindgen(unchecked_param_type = "IpfsData")] data: JsValue,
    pin_url: String,
    #[wasm_bindgen(unchecked_optional_param_type = "PinOptions")] options: JsValue,
) -> Promise {
    publish(pin_url, data, options)
}

/// Fetches content from IPFS and checks it against its CID; needs no client. `wanted` is `proof`, `json` or `bytes`.
///
/// @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError
#[wasm_bindgen(js_name = fetchIpfs, unchecked_return_type = "Promise<IpfsContent | JsonValue | Uint8Array<ArrayBuffer>>")]
pub fn fetch_ipfs(
    gateways: Vec<String>,
    url: &str,
    wanted: &str,
    #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue,
) -> Promise {
    fetch(gateways, url, As::named(wanted), options)
}

/// Fetches content from IPFS piece by piece, each checked when it comes; needs no client.
///
/// @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError
#[wasm_bindgen(js_name = fetchIpfsPieces, unchecked_return_type = "Promise<IpfsPieces>")]
pub fn fetch_ipfs_pieces(
    gateways: Vec<String>,
    url: &str,
    #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue,
) -> Promise {
    fetch_stream(gateways, url, options)
}

/// Forgets the nonces of all accounts and chains. Nothing is cancelled.
#[wasm_bindgen(js_name = clearAllNonceCaches)]
pub fn clear_all_nonce_caches() {
    crate::js::wallet::book().clear();
}
