//! `EventStream`: the network's events as an async iterator.

use std::collections::VecDeque;
use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::lock::Mutex;
use js_sys::{Object, Promise};
use wasm_bindgen::prelude::*;
use web_sys::{AbortController, AbortSignal};

use super::output;
use crate::error::Error;
use crate::eth::logs::Cursor;
use crate::io::web::{Aborted, abortable};
use crate::js::convert::set;
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::ogpu::client::Client;
use crate::ogpu::events::{Interest, decode, topics};

/// The network's events, in the order of the chain. `break` out of the loop ends it.
#[wasm_bindgen]
pub struct EventStream {
    client: Rc<Client>,
    state: Rc<Mutex<State>>,
    /// Aborted by `return()`: ends the pause and the request under way.
    stop: AbortController,
    signal: Option<AbortSignal>,
    pause_ms: u64,
}

struct State {
    cursor: Cursor,
    interest: Interest,
    ready: VecDeque<JsValue>,
    /// The first look comes at once, each later one after a pause.
    looked: bool,
}

impl EventStream {
    /// Watches all events, or one task's; `published` is the block where the task began.
    pub(super) fn open(
        client: &Rc<Client>,
        task: Option<Address>,
        published: Option<u64>,
        options: JsValue,
    ) -> Result<Self, Error> {
        let known: &[&str] = match task {
            Some(_) => &["fromBlock", "pollInterval", "signal"],
            None => &["task", "source", "fromBlock", "pollInterval", "signal"],
        };
        let bag = Input::new("options", options).optional().map(|options| options.object(known)).transpose()?;
        let member = |key: &str| bag.as_ref().map(|bag| bag.get(key)).transpose().map(|value| value.and_then(Input::optional));
        let address = |key: &str| member(key)?.map(|value| value.address()).transpose();
        let interest = match task {
            Some(task) => Interest::new(Some(task), None),
            None => Interest::new(address("task")?, address("source")?),
        };
        let from = member("fromBlock")?.map(|value| value.amount()).transpose()?;
        let from =
            from.map(u64::try_from).transpose().map_err(|_| Error::input("options.fromBlock", "expected a block number"))?;
        let pause = member("pollInterval")?.map_or(Ok(2.0), |value| value.duration())?;
        let signal = member("signal")?.map(|value| value.signal()).transpose()?;
        let stop = AbortController::new().map_err(|_| Error::protocol("AbortController on this platform", "none"))?;
        let state = State {
            cursor: Cursor::new(client.network.contracts.nexus, topics(), from.or(published)),
            interest,
            ready: VecDeque::new(),
            looked: false,
        };
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be 0 to a year")]
        let pause_ms = (pause * 1000.0) as u64;
        let stream = Self { client: client.clone(), state: Rc::new(Mutex::new(state)), stop, signal, pause_ms };
        if from.or(published).is_none() {
            stream.mark_now();
        }
        Ok(stream)
    }

    /// "From now" is when the stream is made, not when it is first read.
    fn mark_now(&self) {
        let (client, state, stop) = (self.client.clone(), Rc::clone(&self.state), self.stop.signal());
        wasm_bindgen_futures::spawn_local(async move {
            // A node that fails now is asked again by the first `next()`.
            let _ = abortable(Some(&stop), async { state.lock().await.cursor.look(&client.rpc).await }).await;
        });
    }
}

#[wasm_bindgen]
impl EventStream {
    /// The next event; it waits for one.
    #[wasm_bindgen(unchecked_return_type = "Promise<IteratorResult<OgpuEvent, undefined>>")]
    pub fn next(&self) -> Promise {
        let client = self.client.clone();
        let state = Rc::clone(&self.state);
        let (stop, signal, pause_ms) = (self.stop.signal(), self.signal.clone(), self.pause_ms);
        wasm_bindgen_futures::future_to_promise(async move {
            let work = async {
                let mut state = state.lock().await;
                state.next(&client, pause_ms).await
            };
            match abortable(signal.as_ref(), abortable(Some(&stop), work)).await {
                Ok(Ok(Ok(event))) => Ok(step(&event, false)),
                Ok(Ok(Err(error))) => Err(to_js(&error)),
                Ok(Err(Aborted(_))) => Ok(step(&JsValue::UNDEFINED, true)),
                Err(Aborted(reason)) => Err(reason),
            }
        })
    }

    /// Ends the iteration: the pause and the request under way stop.
    #[wasm_bindgen(js_name = return, unchecked_return_type = "Promise<IteratorResult<OgpuEvent, undefined>>")]
    pub fn end(&self) -> Promise {
        self.stop.abort();
        Promise::resolve(&step(&JsValue::UNDEFINED, true))
    }

    /// The stream itself.
    #[wasm_bindgen(js_name = "[Symbol.asyncIterator]", unchecked_return_type = "AsyncIterableIterator<OgpuEvent>")]
    pub fn iterator(&self) -> Self {
        Self {
            client: self.client.clone(),
            state: Rc::clone(&self.state),
            stop: self.stop.clone(),
            signal: self.signal.clone(),
            pause_ms: self.pause_ms,
        }
    }
}

impl State {
    async fn next(&mut self, client: &Rc<Client>, pause_ms: u64) -> Result<JsValue, Error> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            if std::mem::replace(&mut self.looked, true) {
                client.rpc.io().clock.sleep(pause_ms).await;
            }
            for log in self.cursor.look(&client.rpc).await? {
                let event = decode(&log)?;
                if self.interest.wants(&event) {
                    self.ready.push_back(output::event(&event, &log));
                }
            }
        }
    }
}

fn step(value: &JsValue, done: bool) -> JsValue {
    let object = Object::new();
    set(&object, "value", value);
    set(&object, "done", &done.into());
    object.into()
}
