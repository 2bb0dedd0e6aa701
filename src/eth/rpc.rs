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
use crate::error::{Error, Kind, Said, public_url};
use crate::io::{HttpFailure, HttpRequest, Io, trace};

/// A node's answer may have this many bytes.
const MAX_REPLY: usize = 32 << 20;
/// A node may take this long for one batch.
const TIMEOUT_MS: u64 = 30_000;
/// Requests that go out together at first.
const MAX_BATCH: usize = 1000;
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
    /// The most requests that go out together; less once a node has refused more.
    largest: Rc<Cell<usize>>,
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
        Self { io, urls: urls.into(), current: Rc::new(Cell::new(0)), largest: Rc::new(Cell::new(MAX_BATCH)) }
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

    async fn post(&self, body: Rc<Vec<u8>>) -> Result<(u32, String, Vec<u8>), Error> {
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
                let id = request.id;
                let (status, reason) = match self.io.send(request).await {
                    // Some nodes send JSON-RPC errors with 4xx; those that parse are answers.
                    Ok(reply) if reply.head.status == 200 || (reply.head.status < 429 && looks_like_rpc(&reply.body)) => {
                        self.current.set(at);
                        return Ok((id, public_url(url), reply.body));
                    }
                    // Asking for less may help; asking again will not.
                    Ok(reply) if reply.head.status == 413 => return Err(refused(url, "the request is too large").of_request(id)),
                    Err(HttpFailure::TooLarge(_)) => return Err(refused(url, "the answer is too large").of_request(id)),
                    Ok(reply) => (Some(reply.head.status), String::from("a bad status")),
                    Err(failure) => (None, failure.to_string()),
                };
                last = Error::from(Kind::Http { url: public_url(url), status, reason }).of_request(id);
            }
        }
        Err(last)
    }
}

fn refused(url: &str, message: &str) -> Error {
    Error::from(Kind::Rpc { url: public_url(url), said: Said { message: message.to_owned(), ..Said::default() } })
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

    /// Adds an `eth_call` with its calldata; the answer has this index.
    pub fn push_view(&mut self, to: Address, calldata: &[u8]) -> usize {
        let data = hex::encode(calldata);
        self.push("eth_call", format!(r#"[{{"to":"{to:?}","data":"0x{data}"}},"latest"]"#))
    }

    /// Sends everything in one HTTP request. A node that refuses so much at once gets it in halves, and from then on
    /// never more than it took.
    ///
    /// # Errors
    /// [`Kind::Http`] when no endpoint answers, [`Kind::Rpc`] when one refuses even a single request as such,
    /// [`Kind::Protocol`] for any other shape. An error of a single request is kept for its reader.
    pub async fn send(self) -> Result<Replies, Error> {
        let mut replies = Replies::default();
        let mut rest = self.items.as_slice();
        while !rest.is_empty() {
            let (part, later) = rest.split_at(rest.len().min(self.rpc.largest.get()));
            match self.exchange(part).await {
                Ok(part) => replies.append(part),
                Err(error) if part.len() > 1 && matches!(*error, Kind::Rpc { .. }) => {
                    self.rpc.largest.set(part.len() / 2);
                    continue;
                }
                Err(error) => return Err(error),
            }
            rest = later;
        }
        Ok(replies)
    }

    async fn exchange(&self, items: &[(&'static str, String)]) -> Result<Replies, Error> {
        let mut body = String::new();
        let single = items.len() == 1;
        body.push(if single { ' ' } else { '[' });
        for (id, (method, params)) in items.iter().enumerate() {
            if id > 0 {
                body.push(',');
            }
            body.push_str(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#));
        }
        if !single {
            body.push(']');
        }
        trace::line(|| {
            let methods: Vec<&str> = items.iter().map(|(method, _)| *method).collect();
            format!("   {}", methods.join(", "))
        });
        let (id, url, reply) = self.rpc.post(Rc::new(body.into_bytes())).await?;
        Replies::read(id, url, reply, items.len()).map_err(|error| error.of_request(id))
    }
}

/// The transaction object for `eth_call`, `eth_estimateGas` and `eth_sendTransaction`, without its closing brace, so
/// that the sender can add what it alone knows.
pub fn transaction_fields(from: Address, call: &WriteCall) -> String {
    let to = call.to.map(|to| format!(r#","to":"{to:?}""#)).unwrap_or_default();
    format!(r#"{{"from":"{from:?}"{to},"value":"0x{value:x}","data":"{data}""#, value = call.value, data = call.data)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake;

    #[test]
    fn a_node_that_takes_few_at_once_gets_few_at_once() {
        let sizes = Rc::new(std::cell::RefCell::new(Vec::new()));
        let seen = Rc::clone(&sizes);
        let (io, _) = fake::io(move |request| {
            let asked: Value = serde_json::from_slice(&request.body.clone().unwrap_or_default()).unwrap_or_default();
            let count = asked.as_array().map_or(1, Vec::len);
            seen.borrow_mut().push(count);
            let reply = match &asked {
                Value::Array(items) if items.len() > 3 => json!({ "error": { "code": -32600, "message": "batch too large" } }),
                Value::Array(items) => {
                    items.iter().map(|item| json!({ "id": item["id"], "result": item["params"][0] })).collect()
                }
                item => json!({ "id": item["id"], "result": item["params"][0] }),
            };
            Ok(fake::reply(&request.url, 200, &[], reply.to_string()))
        });
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        for expected in [vec![10, 5, 2, 2, 2, 2, 2], vec![2, 2, 2, 2, 2]] {
            let mut batch = rpc.batch();
            for number in 0..10 {
                batch.push("echo", format!("[\"0x{number:x}\"]"));
            }
            let replies = batch.send().now_or_never().and_then(Result::ok);
            let numbers: Option<Vec<u64>> = replies.and_then(|r| (0..10).map(|at| r.quantity(at).ok()).collect());
            assert_eq!(numbers, Some((0..10).collect()));
            assert_eq!(*sizes.borrow(), expected);
            sizes.borrow_mut().clear();
        }
    }
}
