//! What a node answered: checked for shape, put in the order of the requests, read where it stands.

use std::ops::Range;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use alloy_sol_types::SolCall;

use super::rpc::Slot;
use super::{abi, revert};
use crate::error::{Error, Kind, Said, clip};
use crate::json::Json;

/// Wrappers around revert data that are looked into.
const MAX_LAYERS: u32 = 6;

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

/// The answers of a batch, in the order of its requests.
#[derive(Default)]
pub struct Replies {
    bodies: Vec<Body>,
    /// In which body each answer stands, and where there.
    items: Vec<(usize, Result<Range<usize>, RpcFault>)>,
}

/// The answer to one HTTP request.
struct Body {
    /// The request's number.
    request: u32,
    /// The endpoint's public URL.
    url: String,
    text: String,
}

impl RpcFault {
    fn read(fault: Json<'_>) -> Self {
        let [code, message, data] = fault.fields(["code", "message", "data"]);
        Self {
            code: code.and_then(Json::integer).unwrap_or_default(),
            message: clip(&message.and_then(Json::text).unwrap_or_default()),
            data: data.and_then(|data| hex_inside(data, MAX_LAYERS)),
        }
    }
}

/// Nodes put revert data at `data`, `data.data` or `data.originalError.data`.
fn hex_inside(data: Json<'_>, layers: u32) -> Option<Bytes> {
    if let Some(text) = data.plain() {
        return text.parse().ok().filter(|_| text.starts_with("0x"));
    }
    let [inner, original] = data.fields(["data", "originalError"]);
    hex_inside(inner.or(original)?, layers.checked_sub(1)?)
}

fn rpc_error(url: String, fault: RpcFault) -> Error {
    Error::from(Kind::Rpc { url, said: Said { code: Some(fault.code), message: fault.message, cause: None } })
}

impl Replies {
    /// Reads the body of an answer to `count` requests with the ids from 0.
    ///
    /// # Errors
    /// [`Kind::Rpc`] when the node answered the whole batch with one error, [`Kind::Protocol`] for any other shape.
    pub(super) fn read(request: u32, url: String, body: Vec<u8>, count: usize) -> Result<Self, Error> {
        let show = |text: &str| Error::protocol("a JSON-RPC answer for each request", text);
        let body = String::from_utf8(body).map_err(|_| show("bytes that are no text"))?;
        let wrong = || show(&body);
        let whole = Json::parse(&body).ok_or_else(wrong)?;
        let mut items = vec![None; count];
        let mut place = |at: Option<usize>, error: Option<Json<'_>>, result: Option<Json<'_>>| {
            let item = match (error, result) {
                (Some(fault), _) => Err(RpcFault::read(fault)),
                (None, result) => Ok(result.map_or(0..0, |result| within(&body, result.raw()))),
            };
            *items.get_mut(at?)? = Some((0, item));
            Some(())
        };
        if whole.is_array() {
            for [id, error, result] in whole.rows(["id", "error", "result"]) {
                let at = id.and_then(Json::integer).and_then(|id| usize::try_from(id).ok());
                place(at, error, result).ok_or_else(wrong)?;
            }
        } else {
            let [id, error, result] = whole.fields(["id", "error", "result"]);
            match error {
                // The node refused the batch as a whole.
                Some(fault) if count > 1 => return Err(rpc_error(url, RpcFault::read(fault))),
                None if count > 1 || id.is_none() => return Err(wrong()),
                error => place(Some(0), error, result).ok_or_else(wrong)?,
            }
        }
        let items = items.into_iter().collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
        Ok(Self { bodies: vec![Body { request, url, text: body }], items })
    }

    /// Puts the answers to further requests behind these.
    pub(super) fn append(&mut self, more: Self) {
        let before = self.bodies.len();
        self.bodies.extend(more.bodies);
        self.items.extend(more.items.into_iter().map(|(body, item)| (body + before, item)));
    }

    /// Takes the last answer off.
    ///
    /// # Errors
    /// As [`Replies::quantity`].
    pub(super) fn pop_quantity(&mut self) -> Result<u64, Error> {
        let last = self.items.len().saturating_sub(1);
        let found = self.quantity(last);
        self.items.truncate(last);
        found
    }

    /// One answer to each request, where the answers of several endpoints stand behind one another: `picks` tells whose is taken.
    pub(super) fn choose(mut self, picks: &[usize]) -> Self {
        for (at, pick) in picks.iter().enumerate() {
            let chosen = self.items.get(pick * picks.len() + at).cloned();
            if let (Some(item), Some(chosen)) = (self.items.get_mut(at), chosen) {
                *item = chosen;
            }
        }
        self.items.truncate(picks.len());
        self
    }

    fn body(&self, index: usize) -> Option<&Body> {
        self.items.get(index).and_then(|(body, _)| self.bodies.get(*body))
    }

    /// The public URL of the endpoint that gave the answer at `index`.
    pub(super) fn url(&self, index: usize) -> String {
        self.body(index).map(|body| body.url.clone()).unwrap_or_default()
    }

    /// The answer at `index`, or the node's error object.
    ///
    /// # Errors
    /// The node's own error, undecided: a revert is not a failure of the node.
    pub fn raw(&self, index: usize) -> Result<Json<'_>, &RpcFault> {
        match self.items.get(index) {
            Some((_, Err(fault))) => Err(fault),
            Some((_, Ok(range))) => {
                let text = self.body(index).and_then(|body| body.text.get(range.clone())).unwrap_or_default();
                Ok(Json::checked(if text.is_empty() { "null" } else { text }))
            }
            None => Ok(Json::checked("null")),
        }
    }

    /// The node's error object at `index` as a failure.
    pub(super) fn failure(&self, index: usize, fault: &RpcFault) -> Error {
        let request = self.body(index).map(|body| body.request).unwrap_or_default();
        rpc_error(self.url(index), fault.clone()).of_request(request)
    }

    /// The answer at `index`.
    ///
    /// # Errors
    /// [`Kind::Rpc`] for an error object.
    pub fn json(&self, index: usize) -> Result<Json<'_>, Error> {
        self.raw(index).map_err(|fault| self.failure(index, fault))
    }

    /// The quantity at `index`, below 2^64.
    ///
    /// # Errors
    /// [`Kind::Rpc`] for an error object, [`Kind::Protocol`] for another shape.
    pub fn quantity(&self, index: usize) -> Result<u64, Error> {
        quantity(Some(self.json(index)?))
    }

    /// The quantity at `index`, of up to 256 bits.
    ///
    /// # Errors
    /// As [`Replies::quantity`].
    pub fn amount(&self, index: usize) -> Result<U256, Error> {
        amount(Some(self.json(index)?))
    }

    /// The undecoded answer of an `eth_call`.
    ///
    /// # Errors
    /// As [`Replies::call`].
    pub fn returned(&self, index: usize) -> Result<Vec<u8>, Error> {
        let json = self.raw(index).map_err(|fault| match revert::from_fault(fault) {
            Some(reverted) => reverted.into_error(None),
            None => self.failure(index, fault),
        })?;
        let wrong = || Error::protocol("hex data", json.raw());
        hex::decode(json.plain().ok_or_else(wrong)?).map_err(|_| wrong())
    }

    /// The decoded answer of an `eth_call`.
    ///
    /// # Errors
    /// [`Kind::TxRevert`] when the function reverted, [`Kind::Protocol`] when the answer is not of its type
    /// (an address without code answers nothing), [`Kind::Rpc`] otherwise.
    pub fn call<C: SolCall>(&self, slot: Slot<C>) -> Result<C::Return, Error> {
        let data = self.returned(slot.0)?;
        C::abi_decode_returns_with_config(&data, abi::within(&data))
            .map_err(|_| Error::protocol("the return value of a contract function", format!("0x{}", hex::encode(&data))))
    }
}

/// Where `piece`, which is a part of `text`, stands in it.
fn within(text: &str, piece: &str) -> Range<usize> {
    let start = (piece.as_ptr() as usize).wrapping_sub(text.as_ptr() as usize);
    start..start.wrapping_add(piece.len())
}

/// Reads a `0x` quantity below 2^64.
///
/// # Errors
/// [`Kind::Protocol`].
pub fn parse_quantity(text: &str) -> Result<u64, Error> {
    hex_digits(text)
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Error::protocol("a hex quantity below 2^64", text))
}

/// Reads a `0x` quantity of up to 256 bits.
///
/// # Errors
/// [`Kind::Protocol`].
pub fn parse_amount(text: &str) -> Result<U256, Error> {
    hex_digits(text)
        .filter(|digits| (1..=64).contains(&digits.len()))
        .and_then(|digits| U256::from_str_radix(digits, 16).ok())
        .ok_or_else(|| Error::protocol("a hex quantity of at most 256 bits", text))
}

/// What follows `0x`, where it is digits and nothing else: the libraries' readers take signs and underscores for parts of a number.
fn hex_digits(text: &str) -> Option<&str> {
    text.strip_prefix("0x").filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Reads fixed or variable bytes from hex text.
pub(crate) fn parse_hex<T: std::str::FromStr>(text: &str, expected: &'static str) -> Result<T, Error> {
    text.parse().map_err(|_| Error::protocol(expected, text))
}

/// The text of a member that must be there.
fn plain<'a>(field: Option<Json<'a>>, expected: &'static str) -> Result<&'a str, Error> {
    field.and_then(Json::plain).ok_or_else(|| Error::protocol(expected, field.map_or("nothing", Json::raw)))
}

/// A member that is a `0x` quantity below 2^64.
pub(crate) fn quantity(field: Option<Json<'_>>) -> Result<u64, Error> {
    parse_quantity(plain(field, "a hex quantity below 2^64")?)
}

/// A member that is a `0x` quantity of up to 256 bits.
pub(crate) fn amount(field: Option<Json<'_>>) -> Result<U256, Error> {
    parse_amount(plain(field, "a hex quantity of at most 256 bits")?)
}

/// A member that is hex text.
pub(crate) fn hex_text<T: std::str::FromStr>(field: Option<Json<'_>>, expected: &'static str) -> Result<T, Error> {
    parse_hex(plain(field, expected)?, expected)
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

/// The members of a log on the wire that count, for [`Log::read`].
const LOG: [&str; 8] = ["address", "topics", "data", "blockNumber", "blockHash", "transactionHash", "logIndex", "removed"];

impl Log {
    /// Reads a list of logs of the wire.
    ///
    /// # Errors
    /// [`Kind::Protocol`], at the first that is none.
    pub fn list(wire: Json<'_>) -> impl Iterator<Item = Result<Self, Error>> {
        wire.rows(LOG).map(Self::read)
    }

    fn read(
        [address, topics, data, block, block_hash, transaction, index, removed]: [Option<Json<'_>>; 8],
    ) -> Result<Self, Error> {
        let topics = topics.into_iter().flat_map(Json::elements);
        Ok(Self {
            address: hex_text(address, "an address")?,
            topics: topics.map(|topic| hex_text(Some(topic), "a topic")).collect::<Result<_, _>>()?,
            data: hex_text(data, "log data")?,
            block_number: quantity(block)?,
            block_hash: hex_text(block_hash, "a block hash")?,
            transaction_hash: hex_text(transaction, "a transaction hash")?,
            log_index: quantity(index)?,
            removed: removed.and_then(Json::flag).unwrap_or_default(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(body: &str, count: usize) -> Result<Replies, Error> {
        Replies::read(1, "http://node".into(), body.as_bytes().to_vec(), count)
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
            let _ = Replies::read(1, "http://node".into(), bytes, count);
        }
    }
}
