//! JSON-RPC 2.0 over [`io::Http`](crate::io::Http): whatever one call of ours needs goes out as one batch.
//!
//! Every request made here is a read, so it may be repeated: a broken endpoint is left for the next in the caller's
//! list, and after a round of all of them the round is tried again after a second (`endpoints`). What a node answers is checked
//! for shape and bounded in size (`replies`). What decides about money can be asked of several endpoints, which must agree (`quorum`).

use std::marker::PhantomData;
use std::rc::Rc;

use alloy_primitives::{Address, hex};
use alloy_sol_types::SolCall;

use super::call::WriteCall;
use super::endpoints::{Endpoints, Failed};
use super::quorum;
use super::replies::Replies;
use crate::error::Error;
use crate::io::Io;

/// The endpoints of one chain, in the caller's order. Clones share what was learned of them.
#[derive(Clone)]
pub struct Rpc {
    endpoints: Rc<Endpoints>,
    /// So many endpoints answer what decides.
    quorum: usize,
}

/// Requests that go out together.
pub struct Batch<'a> {
    rpc: &'a Rpc,
    items: Vec<Item<'a>>,
    quorum: usize,
}

/// One request.
pub(super) struct Item<'a> {
    pub(super) method: &'static str,
    params: Params<'a>,
}

/// A request's parameters: a JSON array.
enum Params<'a> {
    Text(String),
    /// A transaction object and what follows its fields. Calldata may be megabytes, so it is laid out only once, in the body.
    Transaction(Address, &'a WriteCall, String),
}

impl Params<'_> {
    fn size(&self) -> usize {
        match self {
            Self::Text(text) => text.len(),
            Self::Transaction(_, call, tail) => 1 + fields_size(call) + tail.len(),
        }
    }

    fn write(&self, out: &mut String) {
        match self {
            Self::Text(text) => out.push_str(text),
            Self::Transaction(from, call, tail) => {
                out.push('[');
                write_fields(out, *from, call);
                out.push_str(tail);
            }
        }
    }
}

/// The place of an `eth_call` in a batch, and how to read its answer.
pub struct Slot<C>(pub(super) usize, PhantomData<C>);

impl Rpc {
    /// Talks to `urls` in their order; there is at least one. Which chain they serve is not looked at.
    pub fn new(io: Io, urls: Vec<String>) -> Self {
        Self { endpoints: Rc::new(Endpoints::new(io, urls)), quorum: 1 }
    }

    /// From now on only endpoints of this chain are believed, by all clones: each is asked for its chain's id together with the first
    /// requests to it, and again after it has failed.
    #[must_use]
    pub fn of_chain(self, chain_id: u64) -> Self {
        self.endpoints.expect(chain_id);
        self
    }

    /// The same endpoints; `quorum` of them are asked what decides about money, and they must agree.
    #[must_use]
    pub fn with_quorum(self, quorum: usize) -> Self {
        Self { quorum, ..self }
    }

    /// The outside world this talks through.
    pub fn io(&self) -> &Io {
        self.endpoints.io()
    }

    /// Starts a batch.
    pub const fn batch(&self) -> Batch<'_> {
        Batch { rpc: self, items: Vec::new(), quorum: 1 }
    }

    /// One `eth_call`, which decides: one HTTP request, or one to each endpoint of the quorum.
    ///
    /// # Errors
    /// As [`Replies::call`].
    pub async fn call<C: SolCall>(&self, to: Address, call: &C) -> Result<C::Return, Error> {
        let mut batch = self.batch().decides();
        let slot = batch.call(to, call);
        batch.send().await?.call(slot)
    }
}

impl<'a> Batch<'a> {
    /// What is asked here decides about money, or about what became of a transaction: where the caller wants a quorum, so many endpoints
    /// are asked and must agree, each kind of request in its own way (see [`quorum`]).
    #[must_use]
    pub const fn decides(mut self) -> Self {
        self.quorum = self.rpc.quorum;
        self
    }

    /// Adds a request; `params` is a JSON array. The answer has this index.
    pub fn push(&mut self, method: &'static str, params: impl Into<String>) -> usize {
        self.add(method, Params::Text(params.into()))
    }

    fn add(&mut self, method: &'static str, params: Params<'a>) -> usize {
        self.items.push(Item { method, params });
        self.items.len() - 1
    }

    /// Adds a request about a transaction. `tail` closes its object, after any fields that the sender alone knows, and the
    /// array.
    pub fn push_transaction(
        &mut self,
        method: &'static str,
        from: Address,
        call: &'a WriteCall,
        tail: impl Into<String>,
    ) -> usize {
        self.add(method, Params::Transaction(from, call, tail.into()))
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

    /// Sends everything in one HTTP request, or in one to each endpoint of the quorum. A node that refuses so much at once gets it in
    /// halves, and from then on never more than it took.
    ///
    /// # Errors
    /// [`Kind::Http`] when no endpoint answers, [`Kind::WrongChain`] when those that do serve another chain, [`Kind::Rpc`] when one refuses
    /// even a single request as such, [`Kind::RpcDisagreement`] when those of the quorum disagree, [`Kind::Protocol`] for any other
    /// shape. An error of a single request is kept for its reader.
    ///
    /// [`Kind::Http`]: crate::error::Kind::Http
    /// [`Kind::WrongChain`]: crate::error::Kind::WrongChain
    /// [`Kind::Rpc`]: crate::error::Kind::Rpc
    /// [`Kind::RpcDisagreement`]: crate::error::Kind::RpcDisagreement
    /// [`Kind::Protocol`]: crate::error::Kind::Protocol
    pub async fn send(self) -> Result<Replies, Error> {
        let endpoints = &self.rpc.endpoints;
        let mut replies = Replies::default();
        let mut rest = self.items.as_slice();
        while !rest.is_empty() {
            let (part, later) = rest.split_at(rest.len().min(endpoints.largest().get()));
            match quorum::ask(endpoints, part, self.quorum).await {
                Ok(part) => replies.append(part),
                Err(Failed::TooMuch(_)) if part.len() > 1 => {
                    endpoints.largest().set(part.len() / 2);
                    continue;
                }
                Err(failed) => return Err(failed.into_error()),
            }
            rest = later;
        }
        Ok(replies)
    }
}

impl Item<'_> {
    #[cfg(test)]
    pub(super) fn of(method: &'static str, params: &str) -> Self {
        Self { method, params: Params::Text(params.to_owned()) }
    }

    /// Whether it is about the pending block, in which each node has what it has heard of.
    pub(super) fn is_pending(&self) -> bool {
        matches!(&self.params, Params::Text(text) if text.contains(r#""pending""#))
    }
}

/// The body of an HTTP request for some requests, with one for the chain's id behind them where it is wanted.
pub(super) fn write_batch(items: &[Item<'_>], with_id: bool) -> String {
    let size: usize = items.iter().map(|item| 64 + item.method.len() + item.params.size()).sum();
    let mut body = String::with_capacity(size + 128);
    let single = items.len() + usize::from(with_id) == 1;
    body.push(if single { ' ' } else { '[' });
    for (at, item) in items.iter().enumerate() {
        begin(&mut body, at, item.method);
        item.params.write(&mut body);
        body.push('}');
    }
    if with_id {
        begin(&mut body, items.len(), "eth_chainId");
        body.push_str("[]}");
    }
    if !single {
        body.push(']');
    }
    body
}

fn begin(body: &mut String, at: usize, method: &str) {
    let comma = if at > 0 { "," } else { "" };
    body.extend([comma, r#"{"jsonrpc":"2.0","id":"#, &at.to_string(), r#","method":""#, method, r#"","params":"#]);
}

/// The parameters of a request about a transaction, for a wallet; `tail` as in [`Batch::push_transaction`].
pub fn transaction_params(from: Address, call: &WriteCall, tail: String) -> String {
    let params = Params::Transaction(from, call, tail);
    let mut out = String::with_capacity(params.size());
    params.write(&mut out);
    out
}

/// At least the length of what [`write_fields`] writes.
fn fields_size(call: &WriteCall) -> usize {
    256 + 2 * call.data.len()
}

fn write_fields(out: &mut String, from: Address, call: &WriteCall) {
    let to = call.to.map(|to| format!(r#","to":"{to:?}""#)).unwrap_or_default();
    out.push_str(&format!(r#"{{"from":"{from:?}"{to},"value":"0x{value:x}","data":"0x"#, value = call.value));
    // In pieces: the whole text a second time would be twice the calldata.
    for piece in call.data.chunks(16 << 10) {
        out.push_str(&hex::encode(piece));
    }
    out.push('"');
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
