//! Option objects → the core's options.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::output;
use crate::error::Error;
use crate::eth::tx::{Gas, TxOptions};
use crate::io::{OnProgress, Progress};
use crate::js::input::Input;
use crate::ogpu::client::PublishOptions;
use crate::ogpu::content::{FetchOptions, PinOptions, Verify};
use crate::ogpu::network::{Contracts, Network};
use crate::ogpu::types::{DeliveryMethod, ImageEnvironments, SourceInfo, TaskInfo};

const CALL: &[&str] = &["signal", "onProgress"];
const WRITE: &[&str] = &["signal", "onProgress", "nonce", "autoFixNonce", "maxRetries", "receiptTimeout"];
const PUBLISH: &[&str] = &[
    "signal",
    "onProgress",
    "nonce",
    "autoFixNonce",
    "maxRetries",
    "receiptTimeout",
    "ipfsTimeout",
    "ipfsRetries",
    "ipfsBackoff",
    "totalTimeout",
];
const PIN: &[&str] = &["signal", "onProgress", "filename", "contentType", "timeout", "retries", "backoff"];
const FETCH: &[&str] = &["signal", "verify", "timeout", "maxBytes", "gateways"];

/// Retries are bounded, whatever the caller says.
const MAX_RETRIES: u64 = 100;

type Signal = Option<AbortSignal>;

fn bag(value: JsValue, known: &[&str]) -> Result<Option<Input>, Error> {
    Input::new("options", value).optional().map(|options| options.object(known)).transpose()
}

fn member<T>(bag: Option<&Input>, key: &str, read: impl FnOnce(&Input) -> Result<T, Error>) -> Result<Option<T>, Error> {
    match bag {
        Some(bag) => bag.get(key)?.optional().map(|value| read(&value)).transpose(),
        None => Ok(None),
    }
}

fn retries(input: &Input) -> Result<u32, Error> {
    let count = input.whole()?.min(MAX_RETRIES);
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A callback; what it throws is its own affair and changes nothing here.
fn on_progress(callback: Option<Function>) -> OnProgress {
    match callback {
        None => Rc::new(|_| ()),
        Some(callback) => Rc::new(move |step: Progress| {
            let _ = callback.call1(&JsValue::UNDEFINED, &output::step(&step));
        }),
    }
}

fn call_part(bag: Option<&Input>) -> Result<(Signal, OnProgress), Error> {
    let signal = member(bag, "signal", Input::signal)?;
    let callback = member(bag, "onProgress", Input::function)?;
    Ok((signal, on_progress(callback)))
}

pub(super) fn call(value: JsValue) -> Result<Signal, Error> {
    let bag = bag(value, CALL)?;
    call_part(bag.as_ref()).map(|(signal, _)| signal)
}

fn write_part(bag: Option<&Input>) -> Result<(Signal, TxOptions), Error> {
    let (signal, on_progress) = call_part(bag)?;
    let options = TxOptions {
        nonce: member(bag, "nonce", Input::whole)?,
        gas: Gas::default(),
        auto_fix_nonce: member(bag, "autoFixNonce", Input::flag)?.unwrap_or(true),
        max_retries: member(bag, "maxRetries", retries)?.unwrap_or(3),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 to a year")]
        receipt_timeout: member(bag, "receiptTimeout", Input::duration)?.map_or(120, |seconds| seconds.ceil() as u64),
        on_progress,
    };
    Ok((signal, options))
}

pub(super) fn write(value: JsValue) -> Result<(Signal, TxOptions), Error> {
    let bag = bag(value, WRITE)?;
    write_part(bag.as_ref())
}

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

pub(super) fn pin(value: JsValue) -> Result<(Signal, PinOptions), Error> {
    let bag = bag(value, PIN)?;
    let bag = bag.as_ref();
    let (signal, on_progress) = call_part(bag)?;
    let mut options = PinOptions {
        timeout: member(bag, "timeout", Input::duration)?.unwrap_or(30.0),
        retries: member(bag, "retries", retries)?.unwrap_or(2),
        backoff: member(bag, "backoff", Input::duration)?.unwrap_or(0.5),
        ..PinOptions::json(on_progress)
    };
    if let Some(filename) = member(bag, "filename", Input::text)? {
        options.filename = filename;
    }
    if let Some(content_type) = member(bag, "contentType", Input::text)? {
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
    };
    Ok((member(bag, "signal", Input::signal)?, options))
}

pub(super) fn network(input: Input) -> Result<Network, Error> {
    let known =
        ["name", "chainId", "rpcUrl", "contracts", "pinUrl", "gatewayUrl", "managementUrl", "explorerUrl", "nativeCurrency"];
    let input = input.object(&known)?;
    let contracts = input.get("contracts")?.object(&["nexus", "controller", "terminal", "vault", "manager"])?;
    let http = |input: Input| -> Result<Vec<String>, Error> {
        let urls = input.texts()?;
        match urls.iter().find(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
            Some(_) => Err(Error::input(input.path(), "expected http or https URLs")),
            None => Ok(urls),
        }
    };
    let one = |key: &str| http(input.get(key)?).map(|urls| urls.into_iter().next().unwrap_or_default());
    let optional = |key: &str| input.get(key)?.optional().map(|value| value.text()).transpose();
    let currency = match input.get("nativeCurrency")?.optional() {
        None => ("OpenGPU".to_owned(), "OGPU".to_owned()),
        Some(value) => {
            let value = value.object(&["name", "symbol", "decimals"])?;
            (value.get("name")?.text()?, value.get("symbol")?.text()?)
        }
    };
    Ok(Network {
        name: input.get("name")?.text()?,
        chain_id: input.get("chainId")?.whole()?,
        rpc_urls: http(input.get("rpcUrl")?)?,
        contracts: Contracts {
            nexus: contracts.get("nexus")?.address()?,
            controller: contracts.get("controller")?.address()?,
            terminal: contracts.get("terminal")?.address()?,
            vault: contracts.get("vault")?.address()?,
        },
        pin_url: one("pinUrl")?,
        gateway_urls: http(input.get("gatewayUrl")?)?,
        management_url: optional("managementUrl")?,
        explorer_url: optional("explorerUrl")?,
        currency,
    })
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
    let env = |key: &str| envs.get(key)?.optional().map_or(Ok(String::new()), |value| value.text());
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
            let value = config.get(&key)?;
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
