//! JSON-RPC 2.0 over [`io::Http`](crate::io::Http): whatever one call of ours needs goes out as one batch.
//!
//! Every request made here is a read, so it may be repeated: a broken endpoint is left for the next in the caller's
//! list, and after a round of all of them the round is tried again after a second. What a node answers is checked for shape and bounded in size.

use std::cell::Cell;
use std::marker::PhantomData;
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::SolCall;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::call::WriteCall;
use super::revert;
use crate::error::{Error, Kind, Said, clip, public_url};
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

/// An error object of a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcFault {
    /// Its number.
    pub code: i64,
    /// Its message, cut.
    pub message: String,
    /// Revert data, wherever the node put it.
    pub data: Option<Bytes>,
}

/// Requests that go out together.
pub struct Batch<'a> {
    rpc: &'a Rpc,
    items: Vec<(&'static str, String)>,
}

/// The place of an `eth_call` in a batch, and how to read its answer.
pub struct Slot<C>(usize, PhantomData<C>);

/// The answers of a batch, in the order of its requests.
pub struct Replies {
    url: String,
    items: Vec<Result<Box<RawValue>, RpcFault>>,
}

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

    fn push_view(&mut self, to: Address, calldata: &[u8]) -> usize {
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
        read(url, &reply, self.items.len())
    }
}

#[derive(Deserialize)]
struct WireReply {
    id: Option<u64>,
    result: Option<Box<RawValue>>,
    error: Option<WireFault>,
}

#[derive(Deserialize)]
struct WireFault {
    #[serde(default)]
    code: i64,
    #[serde(default)]
    message: String,
    data: Option<Box<RawValue>>,
}

impl From<WireFault> for RpcFault {
    fn from(fault: WireFault) -> Self {
        let data = fault.data.as_deref().and_then(hex_inside);
        Self { code: fault.code, message: clip(&fault.message), data }
    }
}

/// Nodes put revert data at `data`, `data.data` or `data.originalError.data`.
fn hex_inside(data: &RawValue) -> Option<Bytes> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner<'a> {
        #[serde(borrow)]
        data: Option<&'a RawValue>,
        #[serde(borrow)]
        original_error: Option<&'a RawValue>,
    }
    if let Ok(text) = serde_json::from_str::<&str>(data.get()) {
        return text.parse().ok().filter(|_| text.starts_with("0x"));
    }
    // Each step goes into a strictly smaller piece of the text.
    let inner: Inner<'_> = serde_json::from_str(data.get()).ok()?;
    inner.data.or(inner.original_error).and_then(hex_inside)
}

fn read(url: String, reply: &[u8], count: usize) -> Result<Replies, Error> {
    const SHAPE: &str = "a JSON-RPC answer for each request";
    let show = || Error::protocol(SHAPE, String::from_utf8_lossy(reply.get(..200).unwrap_or(reply)));
    let is_list = reply.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let wires: Vec<WireReply> = if is_list {
        serde_json::from_slice(reply).map_err(|_| show())?
    } else {
        let mut one: WireReply = serde_json::from_slice(reply).map_err(|_| show())?;
        if count > 1 {
            // The node refused the batch as a whole.
            return Err(match one.error {
                Some(fault) => rpc_error(url, RpcFault::from(fault)),
                None => show(),
            });
        }
        if one.error.is_some() {
            one.id = Some(0);
        }
        vec![one]
    };
    let mut slots: Vec<Option<Result<Box<RawValue>, RpcFault>>> = (0..count).map(|_| None).collect();
    for wire in wires {
        let place = wire.id.and_then(|id| usize::try_from(id).ok()).and_then(|id| slots.get_mut(id));
        let Some(place) = place else { return Err(show()) };
        *place = Some(match (wire.error, wire.result) {
            (Some(fault), _) => Err(fault.into()),
            (None, Some(result)) => Ok(result),
            // A `null` result reaches serde as an absent one.
            (None, None) => Ok(RawValue::NULL.to_owned()),
        });
    }
    let items = slots.into_iter().collect::<Option<Vec<_>>>().ok_or_else(show)?;
    Ok(Replies { url, items })
}

fn rpc_error(url: String, fault: RpcFault) -> Error {
    Error::from(Kind::Rpc { url, said: Said { code: Some(fault.code), message: fault.message, cause: None } })
}

impl Replies {
    /// The raw answer at `index`, or the node's error object.
    ///
    /// # Errors
    /// The node's own error, undecided: a revert is not a failure of the node.
    pub fn raw(&self, index: usize) -> Result<&RawValue, &RpcFault> {
        match self.items.get(index) {
            Some(Ok(value)) => Ok(value),
            Some(Err(fault)) => Err(fault),
            None => Ok(RawValue::NULL),
        }
    }

    /// The answer at `index`, read as `T`.
    ///
    /// # Errors
    /// [`Kind::Rpc`] for an error object, [`Kind::Protocol`] for another shape.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, index: usize, expected: &'static str) -> Result<T, Error> {
        let raw = self.raw(index).map_err(|fault| rpc_error(self.url.clone(), fault.clone()))?;
        serde_json::from_str(raw.get()).map_err(|_| Error::protocol(expected, raw.get()))
    }

    /// The quantity at `index`, below 2^64.
    ///
    /// # Errors
    /// As [`Replies::get`].
    pub fn quantity(&self, index: usize) -> Result<u64, Error> {
        let text: &str = self.get(index, "a hex quantity")?;
        parse_quantity(text)
    }

    /// The quantity at `index`, of up to 256 bits.
    ///
    /// # Errors
    /// As [`Replies::get`].
    pub fn amount(&self, index: usize) -> Result<U256, Error> {
        let text: &str = self.get(index, "a hex quantity")?;
        parse_amount(text)
    }

    /// The undecoded answer of an `eth_call`, the same code for every function.
    fn returned(&self, index: usize) -> Result<Vec<u8>, Error> {
        let raw = self.raw(index).map_err(|fault| match revert::from_fault(fault) {
            Some(reverted) => Error::from(Kind::TxRevert { reason: reverted.reason, data: reverted.data, hash: None }),
            None => rpc_error(self.url.clone(), fault.clone()),
        })?;
        let text: &str = serde_json::from_str(raw.get()).map_err(|_| Error::protocol("hex data", raw.get()))?;
        hex::decode(text).map_err(|_| Error::protocol("hex data", text))
    }

    /// The decoded answer of an `eth_call`.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when the function reverted, [`Kind::Protocol`] when the answer is not of its type
    /// (an address without code answers nothing), [`Kind::Rpc`] otherwise.
    pub fn call<C: SolCall>(&self, slot: Slot<C>) -> Result<C::Return, Error> {
        let data = self.returned(slot.0)?;
        C::abi_decode_returns(&data)
            .map_err(|_| Error::protocol("the return value of a contract function", format!("0x{}", hex::encode(&data))))
    }
}

/// Reads a `0x` quantity below 2^64.
///
/// # Errors
/// [`Kind::Protocol`].
pub fn parse_quantity(text: &str) -> Result<u64, Error> {
    text.strip_prefix("0x")
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Error::protocol("a hex quantity below 2^64", text))
}

/// Reads a `0x` quantity of up to 256 bits.
///
/// # Errors
/// [`Kind::Protocol`].
pub fn parse_amount(text: &str) -> Result<U256, Error> {
    text.strip_prefix("0x")
        .filter(|digits| (1..=64).contains(&digits.len()))
        .and_then(|digits| U256::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Error::protocol("a hex quantity of at most 256 bits", text))
}

/// Text as a JSON string.
pub(crate) fn quote(text: &str) -> String {
    // Serialising a text into memory cannot fail.
    serde_json::to_string(text).unwrap_or_default()
}

/// The transaction object for `eth_call`, `eth_estimateGas` and `eth_sendTransaction`, without its closing brace, so
/// that the sender can add what it alone knows.
pub fn transaction_fields(from: Address, call: &WriteCall) -> String {
    format!(
        r#"{{"from":"{from:?}","to":"{to:?}","value":"0x{value:x}","data":"{data}""#,
        to = call.to,
        value = call.value,
        data = call.data
    )
}

/// A log, as `eth_getLogs` and receipts have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The contract that emitted it.
    pub address: Address,
    /// Its topics; the first is the event's.
    pub topics: Vec<B256>,
    /// Its data.
    pub data: Bytes,
    /// The block.
    pub block_number: u64,
    /// The block's hash.
    pub block_hash: B256,
    /// The transaction.
    pub transaction_hash: B256,
    /// Its place in the block.
    pub log_index: u64,
    /// True when a reorganisation took it back.
    pub removed: bool,
}

/// A log on the wire.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WireLog<'a> {
    address: &'a str,
    topics: Vec<&'a str>,
    data: &'a str,
    block_number: &'a str,
    block_hash: &'a str,
    transaction_hash: &'a str,
    log_index: &'a str,
    #[serde(default)]
    removed: bool,
}

impl TryFrom<WireLog<'_>> for Log {
    type Error = Error;
    fn try_from(wire: WireLog<'_>) -> Result<Self, Error> {
        Ok(Self {
            address: parse_hex(wire.address, "an address")?,
            topics: wire.topics.iter().map(|topic| parse_hex(topic, "a topic")).collect::<Result<_, _>>()?,
            data: parse_hex(wire.data, "log data")?,
            block_number: parse_quantity(wire.block_number)?,
            block_hash: parse_hex(wire.block_hash, "a block hash")?,
            transaction_hash: parse_hex(wire.transaction_hash, "a transaction hash")?,
            log_index: parse_quantity(wire.log_index)?,
            removed: wire.removed,
        })
    }
}

/// Reads fixed or variable bytes from hex text.
pub(crate) fn parse_hex<T: std::str::FromStr>(text: &str, expected: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::protocol(expected, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: &str, count: usize) -> Result<Replies, Error> {
        read("http://node".into(), body.as_bytes(), count)
    }

    #[test]
    fn answers_are_put_in_the_order_of_the_requests() {
        let replies =
            raw(r#"[{"id":1,"result":"0x2"},{"id":0,"result":"0x1"}]"#, 2).ok().map(|r| (r.quantity(0).ok(), r.quantity(1).ok()));
        assert_eq!(replies, Some((Some(1), Some(2))));
    }

    #[test]
    fn a_missing_or_foreign_answer_is_refused() {
        for bad in [r#"[{"id":0,"result":"0x1"}]"#, r#"[{"id":0},{"id":9}]"#, "[]", "nonsense", "", r#"{"id":0,"result":"0x1"}"#]
        {
            assert!(raw(bad, 2).is_err_and(|e| e.code() == "protocol"), "{bad}");
        }
        let refused = raw(r#"{"error":{"code":-32600,"message":"no batches"}}"#, 2);
        assert!(refused.is_err_and(|e| e.code() == "rpc"));
    }

    #[test]
    fn revert_data_is_found_wherever_the_node_puts_it() {
        for data in [r#""0x1234""#, r#"{"data":"0x1234"}"#, r#"{"originalError":{"data":"0x1234"}}"#] {
            let body = format!(r#"{{"id":0,"error":{{"code":3,"message":"execution reverted","data":{data}}}}}"#);
            let replies = raw(&body, 1);
            let fault = replies.as_ref().ok().and_then(|r| r.raw(0).err()).cloned();
            assert_eq!(fault.and_then(|f| f.data), Some(Bytes::from_static(&[0x12, 0x34])));
        }
    }

    #[test]
    fn quantities_have_bounds() {
        assert!(parse_quantity("0x10000000000000000").is_err());
        assert!(parse_quantity("12").is_err());
        assert!(parse_amount(&format!("0x{}", "f".repeat(64))).is_ok());
        assert!(parse_amount(&format!("0x{}", "f".repeat(65))).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300), count in 0_usize..4) {
            let _ = read("http://node".into(), &bytes, count);
        }
    }
}
