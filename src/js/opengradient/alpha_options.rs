//! Option objects of the alpha network's calls → the core's options.

use alloy_primitives::Address;
use wasm_bindgen::JsValue;

use crate::error::Error;
use crate::js::input::Input;
use crate::js::options::{currency, endpoints, member};
use crate::opengradient::alpha::Network;
use crate::opengradient::onchain_llm::{LlmInferenceMode, LlmOptions};
use crate::opengradient::workflow::{CandleOrder, CandleType, HISTORICAL_CONTRACT, HistoricalInputQuery, Pair, SchedulerParams};

const NETWORK: &[&str] =
    &["rpcUrl", "quorum", "chainId", "name", "explorerUrl", "hub", "precompile", "scheduler", "nodeUrl", "nativeCurrency"];

/// The inference part of a network; what is absent is the public alpha network's.
pub(super) fn network(input: Option<Input>) -> Result<Network, Error> {
    let mut network = Network::default();
    let Some(input) = input else { return Ok(network) };
    let input = input.object(NETWORK)?;
    let bag = Some(&input);
    (network.rpc_urls, network.quorum) = endpoints(&input)?;
    network.chain_id = member(bag, "chainId", Input::whole)?;
    let text = |slot: &mut String, key: &'static str| -> Result<(), Error> {
        if let Some(text) = member(bag, key, Input::text)? {
            *slot = text;
        }
        Ok(())
    };
    let address = |slot: &mut Address, key: &'static str| -> Result<(), Error> {
        if let Some(address) = member(bag, key, Input::address)? {
            *slot = address;
        }
        Ok(())
    };
    text(&mut network.name, "name")?;
    text(&mut network.api_url, "nodeUrl")?;
    text(&mut network.explorer_url, "explorerUrl")?;
    address(&mut network.hub, "hub")?;
    address(&mut network.precompile, "precompile")?;
    address(&mut network.scheduler, "scheduler")?;
    if !network.explorer_url.ends_with('/') {
        network.explorer_url.push('/');
    }
    if let Some(currency) = input.get("nativeCurrency")?.optional().map(currency).transpose()? {
        network.currency = currency;
    }
    Ok(network)
}

fn small(input: &Input) -> Result<u32, Error> {
    u32::try_from(input.whole()?).map_err(|_| Error::input(input.path(), "expected a number below 2^32"))
}

/// Which candles a workflow reads.
pub(super) fn query(input: Input) -> Result<HistoricalInputQuery, Error> {
    let known =
        ["base", "quote", "currencyPair", "historicalContract", "totalCandles", "candleDurationInMins", "order", "candleTypes"];
    let input = input.object(&known)?;
    let bag = Some(&input);
    let pair = match member(bag, "currencyPair", Input::text)? {
        Some(_) if input.get("base")?.optional().is_some() || input.get("quote")?.optional().is_some() => {
            return Err(Error::input(input.path(), "expected either base and quote, or currencyPair"));
        }
        Some(currency_pair) => {
            let historical_contract = member(bag, "historicalContract", Input::address)?.unwrap_or(HISTORICAL_CONTRACT);
            Pair::Joined { currency_pair, historical_contract }
        }
        None => Pair::Split { base: input.get("base")?.text()?, quote: input.get("quote")?.text()? },
    };
    let types = input.get("candleTypes")?.list()?;
    Ok(HistoricalInputQuery {
        pair,
        total_candles: small(&input.get("totalCandles")?)?,
        candle_duration_in_mins: small(&input.get("candleDurationInMins")?)?,
        order: CandleOrder::try_from(input.get("order")?.text()?.as_str())?,
        candle_types: types.iter().map(|kind| CandleType::try_from(kind.text()?.as_str())).collect::<Result<_, _>>()?,
    })
}

/// How often and how long a workflow runs by itself.
pub(super) fn scheduler(input: Input) -> Result<SchedulerParams, Error> {
    let input = input.object(&["frequency", "durationHours"])?;
    let defaults = SchedulerParams::default();
    Ok(SchedulerParams {
        frequency: member(Some(&input), "frequency", Input::whole)?.unwrap_or(defaults.frequency),
        duration_hours: member(Some(&input), "durationHours", Input::whole)?.unwrap_or(defaults.duration_hours),
    })
}

/// A chat of the 0.4 era; lists are JSON text.
pub(super) struct ChatParams {
    pub(super) model: String,
    pub(super) messages: String,
    pub(super) tools: Option<String>,
    pub(super) tool_choice: Option<String>,
    pub(super) options: LlmOptions,
}

pub(super) fn chat(params: JsValue) -> Result<ChatParams, Error> {
    let known = ["modelCid", "messages", "inferenceMode", "maxTokens", "stopSequence", "temperature", "tools", "toolChoice"];
    let input = Input::new("params", params).object(&known)?;
    let bag = Some(&input);
    let list = |value: &Input| value.list().and_then(|_| value.json());
    Ok(ChatParams {
        model: input.get("modelCid")?.text()?,
        messages: list(&input.get("messages")?)?,
        tools: member(bag, "tools", list)?.filter(|tools| tools != "[]"),
        tool_choice: member(bag, "toolChoice", Input::text)?,
        options: llm_options(&input)?,
    })
}

/// Model, prompt and the rest.
pub(super) fn completion(params: JsValue) -> Result<(String, String, LlmOptions), Error> {
    let known = ["modelCid", "prompt", "inferenceMode", "maxTokens", "stopSequence", "temperature"];
    let input = Input::new("params", params).object(&known)?;
    Ok((input.get("modelCid")?.text()?, input.get("prompt")?.text()?, llm_options(&input)?))
}

fn llm_options(input: &Input) -> Result<LlmOptions, Error> {
    let (bag, defaults) = (Some(input), LlmOptions::default());
    let mode = |value: &Input| LlmInferenceMode::try_from(value.text()?.as_str());
    let stops = |value: &Input| value.list()?.iter().map(Input::text).collect::<Result<Vec<_>, _>>();
    let temperature = |value: &Input| value.float("a number from 0 to 100");
    Ok(LlmOptions {
        mode: member(bag, "inferenceMode", mode)?.unwrap_or(defaults.mode),
        max_tokens: member(bag, "maxTokens", small)?.unwrap_or(defaults.max_tokens),
        stop_sequence: member(bag, "stopSequence", stops)?.unwrap_or_default(),
        temperature: member(bag, "temperature", temperature)?.unwrap_or(defaults.temperature),
    })
}
