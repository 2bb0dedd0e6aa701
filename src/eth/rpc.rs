//! JSON-RPC 2.0 over [`io::Http`](crate::io::Http): whatever one call of ours needs goes out as one batch.
//!
//! Every request made here is a read, so it may be repeated: a broken endpoint is left for the next in the caller's
//! list, and after a round of all of them the round is tried again after a second. What a node answers is checked for shape and bounded in size.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use alloy_primitives::{Address, hex};
use alloy_sol_types::SolCall;

use super::call::WriteCall;
use super::replies::Replies;
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpRequest, Io};

/// A node's answer may have this many bytes.
const MAX_REPLY: usize = 32 << 20;
/// A node may take this long for one batch.
const TIMEOUT_MS: u64 = 30_000;
/// Rounds over all endpoints before giving up.
const ROUNDS: u32 = 3;
/// The pause between two rounds.
const PAUSE_MS: u64 = 1000;

/// The endpoints of one chain, in the caller's order.
#[derive(Clone)]
pub struct Rpc {
    io: Io,
    urls: Rc<[String]>,
    /// The endpoint that answered last goes first.
    current: Rc<Cell<usize>>,
}

/// Requests that go out together.
pub struct Batch<'a> {
    rpc: &'a Rpc,
    items: Vec<(&'static str, String)>,
}

/// The place of an `eth_call` in a batch, and how to read its answer.
pub struct Slot<C>(pub(super) usize, PhantomData<C>);

impl Rpc {
    /// Talks to `urls` in their order; there is at least one.
    pub fn new(io: Io, urls: impl Into<Rc<[String]>>) -> Self {
        Self { io, urls: urls.into(), current: Rc::new(Cell::new(0)) }
    }

    /// The outside world this talks through.
    pub const fn io(&self) -> &Io {
        &self.io
    }

    /// Starts a batch.
    pub const fn batch(&self) -> Batch<'_> {
        Batch { rpc: self, items: Vec::new() }
    }

    /// One `eth_call`: one HTTP request.
    ///
    /// # Errors
    /// As [`Replies::call`].
    pub async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        let mut batch = self.batch();
        let slot = batch.call(to, call);
        batch.send().await?.call(slot)
    }

    async fn post(&self, body: Rc<Vec<u8>>) -> Result<(String, Vec<u8>), Error> {
        let mut last = Error::protocol("an RPC URL", "none");
        for round in 0..ROUNDS {
            if round > 0 {
                self.io.clock.sleep(PAUSE_MS).await;
            }
            for step in 0..self.urls.len() {
                let at = (self.current.get() + step) % self.urls.len();
                let Some(url) = self.urls.get(at) else { continue };
                let request = HttpRequest {
                    timeout_ms: TIMEOUT_MS,
                    max_bytes: MAX_REPLY,
                    ..HttpRequest::post(url, "application/json", Rc::clone(&body))
                };
                let (status, reason) = match self.io.send(request).await {
                    // Some nodes send JSON-RPC errors with 4xx; those that parse are answers.
                    Ok(reply) if reply.head.status == 200 || (reply.head.status < 429 && looks_like_rpc(&reply.body)) => {
                        self.current.set(at);
                        return Ok((public_url(url), reply.body));
                    }
                    Ok(reply) => (Some(reply.head.status), String::from("a bad status")),
                    Err(failure) => (None, failure.to_string()),
                };
                last = Error::from(Kind::Http { url: public_url(url), status, reason });
            }
        }
        Err(last)
    }
}

fn looks_like_rpc(body: &[u8]) -> bool {
    matches!(body.first(), Some(b'{' | b'['))
}

impl Batch<'_> {
    /// Adds a request; `params` is a JSON array. The answer has this index.
    pub fn push(&mut self, method: &'static str, params: impl Into<String>) -> usize {
        self.items.push((method, params.into()));
        self.items.len() - 1
    }

    /// Adds an `eth_call` of a view function.
    pub fn call<C: SolCall>(&mut self, to: Address, call: &C) -> Slot<C> {
        Slot(self.push_view(to, &call.abi_encode()), PhantomData)
    }

    /// Adds an `eth_call` with calldata that was laid out elsewhere.
    pub(crate) fn push_view(&mut self, to: Address, calldata: &[u8]) -> usize {
        let data = hex::encode(calldata);
        self.push("eth_call", format!(r#"[{{"to":"{to:?}","data":"0x{data}"}},"latest"]"#))
    }

    /// Sends everything in one HTTP request.
    ///
    /// # Errors
    /// [`Kind::Http`] when no endpoint answers, [`Kind::Rpc`] when one answers the whole batch with an error,
    /// [`Kind::Protocol`] for any other shape. An error of a single request is kept for its reader.
    pub async fn send(self) -> Result<Replies, Error> {
        let mut body = String::new();
        let single = self.items.len() == 1;
        body.push(if single { ' ' } else { '[' });
        for (id, (method, params)) in self.items.iter().enumerate() {
            if id > 0 {
                body.push(',');
            }
            body.push_str(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#));
        }
        if !single {
            body.push(']');
        }
        let (url, reply) = self.rpc.post(Rc::new(body.into_bytes())).await?;
        Replies::read(url, reply, self.items.len())
    }
}

/// The transaction object for `eth_call`, `eth_estimateGas` and `eth_sendTransaction`, without its closing brace, so
/// that the sender can add what it alone knows.
pub fn transaction_fields(from: Address, call: &WriteCall) -> String {
    let to = call.to.map(|to| format!(r#","to":"{to:?}""#)).unwrap_or_default();
    format!(r#"{{"from":"{from:?}"{to},"value":"0x{value:x}","data":"{data}""#, value = call.value, data = call.data)
}
