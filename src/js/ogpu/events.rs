//! `EventStream`: the network's events, batch by batch, each batch as one JSON text. Thousands of logs then cross the
//! border as one string, and the engine's own parser makes the objects.

use std::rc::Rc;

use alloy_primitives::U256;
use futures_util::FutureExt as _;
use futures_util::lock::Mutex;
use js_sys::{Function, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal};

use super::output;
use crate::error::Error;
use crate::eth::logs::Cursor;
use crate::eth::replies::Log;
use crate::eth::spelt;
use crate::eth::watch::{Hub, OnStatus, Status, Watch};
use crate::io::web::{Aborted, abortable};
use crate::js::convert::{Build, bigint};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::content::milliseconds;
use crate::ogpu::events::{EVENTS, Event, Happened, Interest, decode};

/// The hub of all watchers of a client.
pub(super) fn hub(client: &Rc<Client>) -> Rc<Hub> {
    let contracts = client.network.contracts;
    let topics = EVENTS.iter().map(|event| event.topic).collect();
    Hub::new(client.rpc.clone(), vec![contracts.nexus, contracts.terminal, contracts.vault], topics)
}

const QUERY: &[&str] = &["events", "task", "source", "response", "account", "fromBlock", "toBlock", "signal"];
const WATCH: &[&str] =
    &["events", "task", "source", "response", "account", "fromBlock", "pollInterval", "onStatus", "giveUpAfter", "signal"];

/// What both kinds of question have in common.
struct Question {
    bag: Option<Input>,
    interest: Interest,
    signal: Option<AbortSignal>,
}

impl Question {
    fn read(options: JsValue, known: &[&str]) -> Result<Self, Error> {
        let bag = Input::new("options", options).optional().map(|options| options.object(known)).transpose()?;
        let member = |key: &'static str| member(bag.as_ref(), key);
        let address = |key: &'static str| member(key)?.map(|value| value.address()).transpose();
        let all: Vec<(&str, &'static Event)> = EVENTS.iter().map(|event| (event.name, event)).collect();
        let names = match member("events")? {
            Some(names) => names.list()?.iter().map(|name| name.one_of(&all)).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        let mut interest = Interest::new(names);
        interest.task = address("task")?;
        interest.source = address("source")?;
        interest.response = address("response")?;
        interest.account = address("account")?;
        let signal = member("signal")?.map(|value| value.signal()).transpose()?;
        Ok(Self { bag, interest, signal })
    }

    fn block(&self, key: &'static str) -> Result<Option<u64>, Error> {
        let block = member(self.bag.as_ref(), key)?.map(|value| value.amount()).transpose()?;
        block.map(u64::try_from).transpose().map_err(|_| Error::input(format!("options.{key}"), "expected a block number"))
    }

    /// The contracts and first topics to ask a node for.
    fn logs_of(&self, client: &Client) -> (Vec<alloy_primitives::Address>, Vec<alloy_primitives::B256>) {
        // At most three: looking through them is smaller than another sort.
        let mut addresses = Vec::new();
        for address in self.interest.names.iter().filter_map(|event| event.contract.singleton(&client.network.contracts)) {
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        (addresses, self.interest.names.iter().map(|event| event.topic).collect())
    }
}

fn member(bag: Option<&Input>, key: &'static str) -> Result<Option<Input>, Error> {
    bag.map(|bag| bag.get(key)).transpose().map(|value| value.and_then(Input::optional))
}

/// The event of a log, if it is one of the network's.
fn read_event(client: &Client, log: &Log) -> Result<Happened, Error> {
    decode(log, |contract| contract.singleton(&client.network.contracts))
}

/// Adds an event to a JSON array that was begun.
fn write_event(event: &Happened, log: &Log, text: &mut String) {
    if text.len() > 1 {
        text.push(',');
    }
    output::event(event, log, text);
}

/// The events of these logs that are wanted.
fn write_events(
    client: &Client,
    interest: &mut Interest,
    logs: impl IntoIterator<Item = Log>,
    text: &mut String,
) -> Result<(), Error> {
    for log in logs {
        let event = read_event(client, &log)?;
        if interest.wants(&event) {
            write_event(&event, &log, text);
        }
    }
    Ok(())
}

/// Calls the caller's function; an error that it throws is ignored.
fn on_status(callback: Option<Function>) -> OnStatus {
    let Some(callback) = callback else { return Rc::new(|_| ()) };
    Rc::new(move |status| {
        let told = match status {
            Status::Live { block } => Build::new().with("kind", "live").with("blockNumber", bigint(U256::from(block))),
            Status::CatchingUp { block } => {
                Build::new().with("kind", "catchingUp").with("blockNumber", bigint(U256::from(block)))
            }
            Status::Waiting { error, retry_ms } => {
                Build::new().with("kind", "waiting").with("error", to_js(&error)).with("retryIn", retry_ms as f64 / 1000.0)
            }
        };
        let _ = callback.call1(&JsValue::UNDEFINED, &told.frozen());
    })
}

/// A watcher of events.
#[wasm_bindgen]
pub struct EventStream {
    client: Rc<Client>,
    state: Rc<Mutex<(Watch, Interest)>>,
    /// Aborted by `end()`: ends the pause and the request under way.
    stop: AbortController,
    signal: Option<AbortSignal>,
}

impl EventStream {
    pub(super) fn open(client: &Rc<Client>, hub: &Rc<Hub>, options: JsValue) -> Result<Self, Error> {
        let question = Question::read(options, WATCH)?;
        let from = question.block("fromBlock")?;
        let pause = member(question.bag.as_ref(), "pollInterval")?.map_or(Ok(2.0), |value| value.duration())?;
        let (addresses, topics) = question.logs_of(client);
        let patience = member(question.bag.as_ref(), "giveUpAfter")?.map(|value| value.duration()).transpose()?;
        let on_status = on_status(member(question.bag.as_ref(), "onStatus")?.map(|value| value.function()).transpose()?);
        let watch = Watch::new(Rc::clone(hub), addresses, topics, from, milliseconds(pause));
        let watch = watch.with(on_status, patience.map(milliseconds));
        let stop = AbortController::new().map_err(|_| Error::protocol("AbortController on this platform", "none"))?;
        let state = Rc::new(Mutex::new((watch, question.interest)));
        if from.is_none() {
            // "From now" is when the stream is made, not when it is first read.
            let (state, stop) = (Rc::clone(&state), stop.signal());
            wasm_bindgen_futures::spawn_local(async move {
                // A node that fails now is asked again by the first `next()`.
                let _ = abortable(Some(&stop), async { state.lock().await.0.mark().await }).await;
            });
        }
        Ok(Self { client: client.clone(), state, stop, signal: question.signal })
    }
}

#[wasm_bindgen]
impl EventStream {
    /// The next events as a JSON array, at least one; it waits for them. `undefined` once it has ended.
    #[wasm_bindgen(unchecked_return_type = "Promise<string | undefined>")]
    pub fn next(&self) -> Promise {
        let client = self.client.clone();
        let state = Rc::clone(&self.state);
        let (stop, signal) = (self.stop.signal(), self.signal.clone());
        wasm_bindgen_futures::future_to_promise(async move {
            let work = async {
                let mut state = state.lock().await;
                let (watch, interest) = &mut *state;
                loop {
                    let mut text = String::from("[");
                    write_events(&client, interest, watch.next().await?, &mut text)?;
                    if text.len() > 1 {
                        text.push(']');
                        return Ok(text);
                    }
                }
            };
            match abortable(signal.as_ref(), abortable(Some(&stop), work)).await {
                Ok(Ok(Ok(text))) => Ok(text.into()),
                Ok(Ok(Err(error))) => Err(to_js(&error)),
                Ok(Err(Aborted(_))) => Ok(JsValue::UNDEFINED),
                Err(Aborted(reason)) => Err(reason),
            }
        })
    }

    /// Ends it: the pause and the request under way stop.
    pub fn end(&self) {
        self.stop.abort();
    }
}

/// The events of the network's contracts in a receipt, as one JSON array. `spelt` is the same receipt as one text.
pub(super) fn of_receipt(client: &Client, receipt: JsValue, spelt: Option<String>) -> Result<String, Error> {
    let logs = match spelt.and_then(|spelt| spelt::logs(&spelt)) {
        Some(logs) => logs,
        None => receipt_logs(receipt)?,
    };
    // Room for a few: growing from nothing takes longer than writing one.
    let mut text = String::with_capacity(1024);
    text.push('[');
    for log in logs {
        // Other contracts' logs are none of ours.
        if let Ok(event) = read_event(client, &log) {
            write_event(&event, &log, &mut text);
        }
    }
    text.push(']');
    Ok(text)
}

fn receipt_logs(receipt: JsValue) -> Result<Vec<Log>, Error> {
    let receipt = Input::new("receipt", receipt).any_object()?;
    let block_number = u64::try_from(receipt.get("blockNumber")?.amount()?).unwrap_or(u64::MAX);
    let (block_hash, transaction_hash) = (receipt.get("blockHash")?.hash()?, receipt.get("hash")?.hash()?);
    let mut logs = Vec::new();
    for log in receipt.get("logs")?.list()? {
        let data = log.get("data")?;
        logs.push(Log {
            address: log.get("address")?.address()?,
            topics: log.get("topics")?.list()?.iter().map(Input::hash).collect::<Result<_, _>>()?,
            data: data.text()?.parse().map_err(|_| Error::input(data.path(), "expected hex text"))?,
            block_number,
            block_hash,
            transaction_hash,
            log_index: log.get("logIndex")?.whole()?,
            removed: false,
        });
    }
    Ok(logs)
}

/// The events between two blocks as one JSON array.
pub(super) fn past(client: &Rc<Client>, options: JsValue) -> Promise {
    start(|| {
        let mut question = Question::read(options, QUERY)?;
        let (from, to) = (question.block("fromBlock")?.unwrap_or(0), question.block("toBlock")?.unwrap_or(u64::MAX));
        let (addresses, topics) = question.logs_of(client);
        let client = client.clone();
        Ok((
            question.signal.clone(),
            async move {
                let mut cursor = Cursor::new(addresses, topics, Some(from)).until(to);
                let mut text = String::from("[");
                loop {
                    let look = cursor.look(&client.rpc).await?;
                    let logs = look.logs.into_iter().filter(|log| log.block_number <= to);
                    write_events(&client, &mut question.interest, logs, &mut text)?;
                    if !look.more || cursor.next().is_some_and(|next| next > to) {
                        text.push(']');
                        return Ok(text.into());
                    }
                }
            }
            .boxed_local(),
        ))
    })
}
