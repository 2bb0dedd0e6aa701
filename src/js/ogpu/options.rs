//! Option objects → the core's options.

use std::rc::Rc;

use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::io::OnProgress;
use crate::js::input::Input;
use crate::js::options::{Signal, bag, call_part, currency, endpoints, member, retries, urls, within, write_part};
use crate::ogpu::client::PublishOptions;
use crate::ogpu::content::{FetchOptions, KUBO_V0, Layout, Leaf, PinOptions, Verify, Version};
use crate::ogpu::network::{Contracts, Network};
use crate::ogpu::protocol::abi::Nexus;
use crate::ogpu::reads::PAGE;
use crate::ogpu::types::{DeliveryMethod, ImageEnvironments, SourceInfo, TaskInfo};

const PUBLISH: &[&str] = &[
    "signal",
    "onProgress",
    "nonce",
    "autoFixNonce",
    "maxRetries",
    "receiptTimeout",
    "confirmations",
    "walletTimeout",
    "ipfsTimeout",
    "ipfsRetries",
    "ipfsBackoff",
    "totalTimeout",
];
const PIN: &[&str] = &["signal", "onProgress", "filename", "contentType", "timeout", "retries", "backoff"];
const FETCH: &[&str] = &["signal", "verify", "timeout", "idleTimeout", "maxBytes", "gateways", "race", "allowPrivateHosts"];
const LAYOUT: &[&str] = &["signal", "onProgress", "cidVersion", "rawLeaves", "chunkSize", "maxChildren"];

/// A slow line's bytes in a second: uploads get time for theirs.
const SLOW: u64 = 128 << 10;

/// Chunks of more would be no blocks that others take.
const MAX_CHUNK: u64 = 2 << 20;

/// The most links of a node whose block others take.
const MAX_CHILDREN: u64 = 16 << 10;

/// Items that may be asked for at once.
const MAX_PAGE: u64 = 1000;

pub(super) fn publish(value: JsValue) -> Result<(Signal, PublishOptions), Error> {
    let bag = bag(value, PUBLISH)?;
    let bag = bag.as_ref();
    let (signal, tx) = write_part(bag)?;
    let pin = PinOptions {
        timeout: member(bag, "ipfsTimeout", Input::duration)?.unwrap_or(30.0),
        retries: member(bag, "ipfsRetries", retries)?.unwrap_or(2),
        backoff: member(bag, "ipfsBackoff", Input::duration)?.unwrap_or(0.5),
        ..PinOptions::json(Rc::clone(&tx.on_progress))
    };
    Ok((signal, PublishOptions { tx, pin, total_timeout: member(bag, "totalTimeout", Input::duration)? }))
}

/// Options of an upload of so many bytes, which may have a name and type of their own.
pub(super) fn pin(
    value: JsValue,
    name: Option<String>,
    content_type: Option<String>,
    size: u64,
) -> Result<(Signal, PinOptions), Error> {
    let bag = bag(value, PIN)?;
    let bag = bag.as_ref();
    let (signal, on_progress) = call_part(bag)?;
    let mut options = PinOptions {
        #[allow(clippy::cast_precision_loss, reason = "far below 2^53")]
        timeout: member(bag, "timeout", Input::duration)?.unwrap_or(30.0 + (size / SLOW) as f64),
        retries: member(bag, "retries", retries)?.unwrap_or(2),
        backoff: member(bag, "backoff", Input::duration)?.unwrap_or(0.5),
        ..PinOptions::json(on_progress)
    };
    if let Some(filename) = member(bag, "filename", Input::text)?.or(name) {
        options.filename = filename;
    }
    if let Some(content_type) = member(bag, "contentType", Input::text)?.or(content_type) {
        options.content_type = content_type;
    }
    Ok((signal, options))
}

pub(super) fn fetch(value: JsValue) -> Result<(Signal, FetchOptions), Error> {
    let bag = bag(value, FETCH)?;
    let bag = bag.as_ref();
    let verify = [("require", Verify::Require), ("prefer", Verify::Prefer), ("none", Verify::Never)];
    let defaults = FetchOptions::default();
    let options = FetchOptions {
        verify: member(bag, "verify", |value| value.one_of(&verify))?.unwrap_or(defaults.verify),
        timeout: member(bag, "timeout", Input::duration)?.unwrap_or(defaults.timeout),
        max_bytes: member(bag, "maxBytes", Input::whole)?
            .map_or(defaults.max_bytes, |bytes| usize::try_from(bytes).unwrap_or(usize::MAX)),
        gateways: member(bag, "gateways", Input::texts)?,
        idle: member(bag, "idleTimeout", Input::duration)?.unwrap_or(defaults.idle),
        allow_private_hosts: member(bag, "allowPrivateHosts", Input::flag)?.unwrap_or(defaults.allow_private_hosts),
        race: member(bag, "race", |value| within(value, 1, 8))?.map_or(defaults.race, |race| usize::try_from(race).unwrap_or(1)),
    };
    Ok((member(bag, "signal", Input::signal)?, options))
}

/// How a file becomes a tree: as kubo does by default, but for what is said.
pub(super) fn layout(value: JsValue) -> Result<(Signal, OnProgress, Layout), Error> {
    let bag = bag(value, LAYOUT)?;
    let bag = bag.as_ref();
    let (signal, on_progress) = call_part(bag)?;
    let is_v1 = member(bag, "cidVersion", |value| within(value, 0, 1))? == Some(1);
    let leaf = if member(bag, "rawLeaves", Input::flag)?.unwrap_or(is_v1) { Leaf::Raw } else { Leaf::File };
    let size = |key: &'static str, low, high| {
        let found = member(bag, key, |value| within(value, low, high))?;
        Ok::<_, Error>(found.and_then(|found| usize::try_from(found).ok()))
    };
    let layout = Layout {
        name: "",
        cid_version: if is_v1 { Version::V1 } else { Version::V0 },
        leaf,
        chunk_size: size("chunkSize", 1, MAX_CHUNK)?.unwrap_or(KUBO_V0.chunk_size),
        max_children: size("maxChildren", 2, MAX_CHILDREN)?.unwrap_or(KUBO_V0.max_children),
    };
    Ok((signal, on_progress, layout))
}

pub(super) fn network(input: Input) -> Result<Network, Error> {
    let known = [
        "name",
        "chainId",
        "rpcUrl",
        "quorum",
        "contracts",
        "pinUrl",
        "gatewayUrl",
        "managementUrl",
        "explorerUrl",
        "nativeCurrency",
    ];
    let input = input.object(&known)?;
    // `manager` is no field any more: nothing here calls that contract. Network objects that were written before may have it.
    let contracts = input.get("contracts")?.object(&["nexus", "controller", "terminal", "vault", "manager"])?;
    let (rpc_urls, quorum) = endpoints(&input)?;
    let one = |key: &'static str| urls(&input.get(key)?).map(|urls| urls.into_iter().next().unwrap_or_default());
    let optional = |key: &'static str| input.get(key)?.optional().map(|value| value.text()).transpose();
    let currency = input.get("nativeCurrency")?.optional().map(currency).transpose()?;
    Ok(Network {
        name: input.get("name")?.text()?,
        chain_id: input.get("chainId")?.whole()?,
        rpc_urls,
        quorum,
        contracts: Contracts {
            nexus: contracts.get("nexus")?.address()?,
            controller: contracts.get("controller")?.address()?,
            terminal: contracts.get("terminal")?.address()?,
            vault: contracts.get("vault")?.address()?,
        },
        pin_url: one("pinUrl")?,
        gateway_urls: urls(&input.get("gatewayUrl")?)?,
        management_url: optional("managementUrl")?,
        explorer_url: optional("explorerUrl")?,
        currency: currency.unwrap_or_else(|| ("OpenGPU".to_owned(), "OGPU".to_owned())),
    })
}

/// Options of a list: the signal, and how many items are read at once.
pub(super) fn list(value: JsValue) -> Result<(Signal, u64), Error> {
    let bag = bag(value, &["signal", "onProgress", "batchSize"])?;
    let signal = member(bag.as_ref(), "signal", Input::signal)?;
    let page = member(bag.as_ref(), "batchSize", Input::whole)?.unwrap_or(PAGE);
    if page == 0 || page > MAX_PAGE {
        return Err(Error::input("options.batchSize", format!("expected a whole number from 1 to {MAX_PAGE}")));
    }
    Ok((signal, page))
}

/// A source's terms as the contract takes them.
pub(super) fn source_params(value: JsValue) -> Result<Nexus::SourceParams, Error> {
    let known = [
        "client",
        "imageMetadataUrl",
        "imageEnvironments",
        "minPayment",
        "minAvailableLockup",
        "maxExpiryDuration",
        "privacyEnabled",
        "optionalParamsUrl",
        "deliveryMethod",
        "lastUpdateTime",
    ];
    let params = Input::new("params", value).object(&known)?;
    let methods: Vec<_> = DeliveryMethod::ALL.iter().map(|method| (method.name(), *method)).collect();
    let environments = params.get("imageEnvironments")?;
    Ok(Nexus::SourceParams {
        client: params.get("client")?.address()?,
        imageMetadataUrl: params.get("imageMetadataUrl")?.text()?,
        imageEnvironments: u8::try_from(environments.whole()?)
            .map_err(|_| Error::input(environments.path(), "expected a whole number from 0 to 255"))?,
        minPayment: params.get("minPayment")?.amount()?,
        minAvailableLockup: params.get("minAvailableLockup")?.amount()?,
        maxExpiryDuration: params.get("maxExpiryDuration")?.amount()?,
        privacyEnabled: params.get("privacyEnabled")?.flag()?,
        optionalParamsUrl: params.get("optionalParamsUrl")?.text()?,
        deliveryMethod: params.get("deliveryMethod")?.one_of(&methods)? as u8,
        lastUpdateTime: params.get("lastUpdateTime")?.amount()?,
    })
}

/// A task's terms as the contract takes them; the config is its document's URL.
pub(super) fn task_params(value: JsValue) -> Result<(TaskInfo, String), Error> {
    let params = Input::new("params", value).object(&["source", "config", "expiryTime", "payment"])?;
    let info = TaskInfo {
        source: params.get("source")?.address()?,
        config: String::new(),
        expiry_time: params.get("expiryTime")?.whole()?,
        payment: params.get("payment")?.amount()?,
    };
    Ok((info, params.get("config")?.text()?))
}

pub(super) fn source_info(value: JsValue) -> Result<SourceInfo, Error> {
    let known = [
        "name",
        "description",
        "logoUrl",
        "imageEnvs",
        "minPayment",
        "minAvailableLockup",
        "maxExpiryDuration",
        "deliveryMethod",
    ];
    let info = Input::new("info", value).object(&known)?;
    let envs = info.get("imageEnvs")?.object(&["cpu", "nvidia", "amd"])?;
    let env = |key: &'static str| envs.get(key)?.optional().map_or(Ok(String::new()), |value| value.text());
    let methods: Vec<_> = DeliveryMethod::ALL.iter().map(|method| (method.name(), *method)).collect();
    Ok(SourceInfo {
        name: info.get("name")?.text()?,
        description: info.get("description")?.text()?,
        logo_url: info.get("logoUrl")?.text()?,
        image_envs: ImageEnvironments { cpu: env("cpu")?, nvidia: env("nvidia")?, amd: env("amd")? },
        min_payment: info.get("minPayment")?.amount()?,
        min_available_lockup: info.get("minAvailableLockup")?.amount()?,
        max_expiry_duration: info.get("maxExpiryDuration")?.whole()?,
        delivery_method: info
            .get("deliveryMethod")?
            .optional()
            .map_or(Ok(DeliveryMethod::ManualConfirmation), |value| value.one_of(&methods))?,
    })
}

pub(super) fn task_info(value: JsValue) -> Result<TaskInfo, Error> {
    let info = Input::new("info", value).object(&["source", "config", "expiryTime", "payment"])?;
    let config = info.get("config")?.any_object()?;
    let mut extra = Vec::new();
    for key in config.keys() {
        if key != "functionName" && key != "data" {
            let value = config.get_own(&key)?;
            // As JSON.stringify has it: what is undefined is left out.
            if !value.is_undefined() {
                extra.push((key, value.json()?));
            }
        }
    }
    Ok(TaskInfo {
        source: info.get("source")?.address()?,
        config: crate::ogpu::metadata::task_config(&config.get("functionName")?.text()?, &config.get("data")?.json()?, &extra)?,
        expiry_time: info.get("expiryTime")?.whole()?,
        payment: info.get("payment")?.amount()?,
    })
}
