//! Option objects that every network's calls take → the core's options.

use std::rc::Rc;

use js_sys::Function;
use wasm_bindgen::JsValue;
use web_sys::AbortSignal;

use super::input::Input;
use super::output;
use crate::error::Error;
use crate::eth::tx::{Gas, TxOptions};
use crate::io::{OnProgress, Progress};

const CALL: &[&str] = &["signal", "onProgress"];
const WRITE: &[&str] =
    &["signal", "onProgress", "nonce", "autoFixNonce", "maxRetries", "receiptTimeout", "confirmations", "walletTimeout"];
/// Retries are bounded, whatever the caller says.
const MAX_RETRIES: u64 = 100;

/// A chain that reorganises deeper has other troubles.
const MAX_CONFIRMATIONS: u64 = 10_000;

/// The caller's signal, if any.
pub(crate) type Signal = Option<AbortSignal>;

/// An option bag whose keys are all known.
pub(crate) fn bag(value: JsValue, known: &[&str]) -> Result<Option<Input>, Error> {
    Input::new("options", value).optional().map(|options| options.object(known)).transpose()
}

/// A member of an option bag.
pub(crate) fn member<T>(
    bag: Option<&Input>,
    key: &'static str,
    read: impl FnOnce(&Input) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    match bag {
        Some(bag) => bag.get(key)?.optional().map(|value| read(&value)).transpose(),
        None => Ok(None),
    }
}

/// A bounded number of retries.
pub(crate) fn retries(input: &Input) -> Result<u32, Error> {
    let count = input.whole()?.min(MAX_RETRIES);
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// A whole number from `low` to `high`.
pub(crate) fn within(input: &Input, low: u64, high: u64) -> Result<u64, Error> {
    let found = input.whole()?;
    if (low..=high).contains(&found) {
        return Ok(found);
    }
    Err(Error::input(input.path(), format!("expected a whole number from {low} to {high}")))
}

/// URLs: one alone, or several.
pub(crate) fn urls(input: &Input) -> Result<Vec<String>, Error> {
    let urls = input.texts()?;
    match urls.iter().find(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        Some(_) => Err(Error::input(input.path(), "expected http or https URLs")),
        None => Ok(urls),
    }
}

/// Where a network is read: its RPC endpoints, and how many of them must agree.
pub(crate) fn endpoints(network: &Input) -> Result<(Vec<String>, usize), Error> {
    let urls = urls(&network.get("rpcUrl")?)?;
    // An endpoint that stands there twice agrees with itself.
    let is_first = |(at, url): &(usize, &String)| !urls.iter().take(*at).any(|other| other == *url);
    let distinct = urls.iter().enumerate().filter(is_first).count();
    let quorum = member(Some(network), "quorum", |value| within(value, 1, distinct as u64))?;
    Ok((urls, quorum.and_then(|quorum| usize::try_from(quorum).ok()).unwrap_or(1)))
}

/// A network's currency: name and symbol. All amounts here have 18 decimals, and so have a wallet's.
pub(crate) fn currency(input: Input) -> Result<(String, String), Error> {
    let input = input.object(&["name", "symbol", "decimals"])?;
    member(Some(&input), "decimals", |value| within(value, 18, 18))?;
    Ok((input.get("name")?.text()?, input.get("symbol")?.text()?))
}

/// A callback; what it throws is its own affair and changes nothing here.
pub(crate) fn on_progress(callback: Option<Function>) -> OnProgress {
    match callback {
        None => Rc::new(|_| ()),
        Some(callback) => Rc::new(move |step: Progress| {
            let _ = callback.call1(&JsValue::UNDEFINED, &output::step(&step));
        }),
    }
}

/// What every bag may have.
pub(crate) fn call_part(bag: Option<&Input>) -> Result<(Signal, OnProgress), Error> {
    let signal = member(bag, "signal", Input::signal)?;
    let callback = member(bag, "onProgress", Input::function)?;
    Ok((signal, on_progress(callback)))
}

/// Options of a call that waits.
pub(crate) fn call(value: JsValue) -> Result<Signal, Error> {
    let bag = bag(value, CALL)?;
    call_part(bag.as_ref()).map(|(signal, _)| signal)
}

/// A transaction's part of a bag.
pub(crate) fn write_part(bag: Option<&Input>) -> Result<(Signal, TxOptions), Error> {
    let (signal, on_progress) = call_part(bag)?;
    let options = TxOptions {
        nonce: member(bag, "nonce", Input::whole)?,
        gas: Gas::default(),
        auto_fix_nonce: member(bag, "autoFixNonce", Input::flag)?.unwrap_or(true),
        max_retries: member(bag, "maxRetries", retries)?.unwrap_or(3),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 to a year")]
        receipt_timeout: member(bag, "receiptTimeout", Input::duration)?.map_or(120, |seconds| seconds.ceil() as u64),
        confirmations: member(bag, "confirmations", Input::whole)?.map_or(1, |count| count.clamp(1, MAX_CONFIRMATIONS)),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 to a year")]
        wallet_timeout_ms: member(bag, "walletTimeout", Input::duration)?.map(|seconds| (seconds * 1000.0).ceil() as u64),
        on_progress,
    };
    Ok((signal, options))
}

/// Options of a transaction.
pub(crate) fn write(value: JsValue) -> Result<(Signal, TxOptions), Error> {
    let bag = bag(value, WRITE)?;
    write_part(bag.as_ref())
}
