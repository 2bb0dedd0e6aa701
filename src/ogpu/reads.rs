//! What the chain says. Reads need no wallet. Each function says how many HTTP requests it makes.

use alloy_primitives::{Address, U256};

use super::functions::{Contract, Read, Value, calldata};
use crate::error::{Error, Kind};
use crate::eth::replies::Replies;
use crate::eth::rpc::{Batch, Rpc};

/// Items asked for at once, where the caller does not say otherwise.
pub const PAGE: u64 = 100;

/// Items that one list may have: a node that says there are more would have them asked for until the memory is full.
const MAX_ITEMS: u64 = 1_000_000;

/// How many items are read, where there are `count` of them by the node's word.
fn end_of(lower: u64, upper: Option<u64>, count: &Value) -> Result<u64, Error> {
    let count = count.amount().and_then(|count| u64::try_from(count).ok()).unwrap_or_default();
    let end = upper.unwrap_or(u64::MAX).min(count);
    match end.saturating_sub(lower) {
        0..=MAX_ITEMS => Ok(end),
        many => Err(Error::protocol("a list of at most 1,000,000 items; ask for ranges of it", many.to_string())),
    }
}

/// One getter of one contract with its arguments.
#[derive(Clone, Debug)]
pub struct Call {
    read: &'static Read,
    to: Address,
    arguments: Vec<Value>,
}

/// The place of a call's answer in a batch.
struct Asked(usize, Call);

impl Call {
    /// A call of a getter; `arguments` are one for each of its inputs.
    pub const fn new(read: &'static Read, to: Address, arguments: Vec<Value>) -> Self {
        Self { read, to, arguments }
    }

    /// A call of the getter with this name.
    ///
    /// # Errors
    /// [`Kind::Protocol`], as long as the table lacks it.
    pub fn named(name: &'static str, to: Address, arguments: Vec<Value>) -> Result<Self, Error> {
        Read::named(name).map(|read| Self::new(read, to, arguments)).ok_or_else(|| Error::protocol("a getter of the table", name))
    }

    fn ask(self, batch: &mut Batch<'_>) -> Asked {
        let words: Vec<_> = self.arguments.iter().filter_map(Value::word).collect();
        Asked(batch.push_view(self.to, &calldata(self.read.selector, &words)), self)
    }
}

impl Asked {
    fn read(&self, replies: &Replies) -> Result<Value, Error> {
        let Self(at, call) = self;
        let wrong = |data: &[u8]| {
            Error::protocol("the return value of a contract function", format!("0x{}", alloy_primitives::hex::encode(data)))
        };
        let data = replies.returned(*at);
        let value = data.and_then(|data| call.read.output.read(&data).ok_or_else(|| wrong(&data)));
        value.map_err(|error| call.read.contract.absent(error, call.to))
    }
}

/// Any getters of any contracts. One request.
///
/// # Errors
/// The first failure among them: `…NotFound` where the address is not such a contract, and those of [`Rpc`]'s reads.
pub async fn values(rpc: &Rpc, calls: Vec<Call>) -> Result<Vec<Value>, Error> {
    let mut batch = rpc.batch().decides();
    let asked: Vec<Asked> = calls.into_iter().map(|call| call.ask(&mut batch)).collect();
    let replies = batch.send().await?;
    asked.iter().map(|asked| asked.read(&replies)).collect()
}

/// The items `lower` to `upper` (exclusive; all of them when absent) of a getter that lists by an inclusive range, as long
/// as the contract's `counter` says. Two requests.
///
/// # Errors
/// As [`values`], and [`Kind::Protocol`] for more than a million items.
pub async fn list(
    rpc: &Rpc,
    address: Address,
    (counter, getter): (&'static Read, &'static Read),
    lower: u64,
    upper: Option<u64>,
) -> Result<Vec<Value>, Error> {
    let count = values(rpc, vec![Call::new(counter, address, Vec::new())]).await?;
    // Source's lists are read as a whole, see below.
    let from_zero = getter.contract == Contract::Source;
    let end = end_of(if from_zero { 0 } else { lower }, upper, count.first().unwrap_or(&Value::Nothing))?;
    if lower >= end {
        return Ok(Vec::new());
    }
    // The deployed upper bound is inclusive, one past the last panics; and Source's lists index their result absolutely, so
    // that a lower bound other than 0 panics too.
    let mut start = if from_zero { 0 } else { lower };
    let mut calls = Vec::new();
    while start < end {
        let stop = if from_zero { end } else { end.min(start + PAGE) };
        calls.push(Call::new(getter, address, vec![Value::Number(start), Value::Number(stop - 1)]));
        start = stop;
    }
    let pages = values(rpc, calls).await?;
    let items = pages.into_iter().flat_map(|page| if let Value::List(items) = page { items } else { Vec::new() });
    let skip = if from_zero { usize::try_from(lower).unwrap_or(usize::MAX) } else { 0 };
    // Removed slots come back as the zero address.
    Ok(items.skip(skip).filter(|item| *item != Value::Nothing).collect())
}

/// Every field of a response, by name: its contract's address, and what its getters say.
fn response_calls(address: Address) -> Result<[Call; 4], Error> {
    let call = |name| Call::named(name, address, Vec::new());
    Ok([call("Response.getParams")?, call("Response.getStatus")?, call("Response.getTimestamp")?, call("Response.isConfirmed")?])
}

fn response_fields(address: Address, values: [Value; 4]) -> Value {
    let [params, status, timestamp, confirmed] = values;
    let mut fields = vec![("address", Value::Address(address))];
    if let Value::Fields(params) = params {
        fields.extend(params);
    }
    fields.extend([("status", status), ("timestamp", timestamp), ("confirmed", confirmed)]);
    Value::Fields(fields)
}

/// One response with every field. One request.
///
/// # Errors
/// [`Kind::ResponseNotFound`], and those of [`Rpc`]'s reads.
pub async fn response(rpc: &Rpc, address: Address) -> Result<Value, Error> {
    let found = values(rpc, response_calls(address)?.into()).await?;
    let found = <[Value; 4]>::try_from(found).map_err(|_| Error::protocol("four answers", "another number"))?;
    Ok(response_fields(address, found))
}

/// The responses of a task's attempters `lower` to `upper` (exclusive; all of them when absent), with every field, in the
/// order of the attempts. Attempters that have not answered are left out.
///
/// Two requests up to `page` attempters, and one more for each further `page`: the first asks for the count and, one by
/// one, for the responses of the first `page` attempters, because how many there are is not known yet and a range that is
/// too long panics as a whole.
///
/// # Errors
/// [`Kind::TaskNotFound`], those of [`Rpc`]'s reads, and [`Kind::Protocol`] for more than a million attempters.
pub async fn task_responses(rpc: &Rpc, task: Address, lower: u64, upper: Option<u64>, page: u64) -> Result<Vec<Value>, Error> {
    let range = |from: u64, to: u64| Call::named("Task.getResponsesOf", task, vec![Value::Number(from), Value::Number(to)]);
    let mut batch = rpc.batch().decides();
    let count = Call::named("Task.getAttemptCount", task, Vec::new())?.ask(&mut batch);
    let mut singles = Vec::new();
    for at in lower..upper.unwrap_or(u64::MAX).min(lower.saturating_add(page)) {
        singles.push(range(at, at)?.ask(&mut batch));
    }
    let replies = batch.send().await?;
    let end = end_of(lower, upper, &count.read(&replies)?)?;

    let mut waiting = Vec::new();
    for (_, single) in (lower..end).zip(&singles) {
        waiting.extend(addresses(single.read(&replies)?));
    }
    let mut later = lower.saturating_add(page);
    let mut responses = Vec::new();
    let mut first = true;
    while !waiting.is_empty() || (first && later < end) {
        first = false;
        let mut batch = rpc.batch().decides();
        let rest = waiting.split_off(waiting.len().min(usize::try_from(page).unwrap_or(usize::MAX)));
        let mut asked = Vec::with_capacity(waiting.len());
        for address in std::mem::replace(&mut waiting, rest) {
            asked.push((address, response_calls(address)?.map(|call| call.ask(&mut batch))));
        }
        let mut pages = Vec::new();
        while later < end {
            let stop = end.min(later + PAGE);
            pages.push(range(later, stop - 1)?.ask(&mut batch));
            later = stop;
        }
        let replies = batch.send().await?;
        for (address, [params, status, timestamp, confirmed]) in asked {
            let values = [params.read(&replies)?, status.read(&replies)?, timestamp.read(&replies)?, confirmed.read(&replies)?];
            responses.push(response_fields(address, values));
        }
        for page in pages {
            waiting.extend(addresses(page.read(&replies)?));
        }
    }
    Ok(responses)
}

fn addresses(list: Value) -> Vec<Address> {
    let Value::List(items) = list else { return Vec::new() };
    items.iter().filter_map(Value::address).collect()
}

/// The confirmed response, from the chain: the winning provider's, with every field. Three requests, or one when there
/// is none yet.
///
/// # Errors
/// [`Kind::TaskNotFound`], and those of [`Rpc`]'s reads.
pub async fn confirmed_response(rpc: &Rpc, task: Address) -> Result<Option<Value>, Error> {
    let winner = values(rpc, vec![Call::named("Task.getWinningProvider", task, Vec::new())?]).await?;
    let Some(winner) = winner.first().and_then(Value::address) else { return Ok(None) };
    let found = values(rpc, vec![Call::named("Task.getResponseOf", task, vec![Value::Address(winner)])?]).await?;
    match found.first().and_then(Value::address) {
        Some(address) => response(rpc, address).await.map(Some),
        None => Ok(None),
    }
}

/// The URL of a task's config or a source's metadata document. One request.
///
/// # Errors
/// As [`values`].
pub async fn document_url(rpc: &Rpc, contract: Contract, address: Address) -> Result<String, Error> {
    let (name, field) = match contract {
        Contract::Source => ("Source.getParams", "imageMetadataUrl"),
        Contract::Response => ("Response.getParams", "data"),
        _ => ("Task.getParams", "config"),
    };
    let found = values(rpc, vec![Call::named(name, address, Vec::new())?]).await?;
    let Some(Value::Fields(fields)) = found.into_iter().next() else { return Ok(String::new()) };
    let url = fields.into_iter().find(|(name, _)| *name == field);
    Ok(if let Some((_, Value::Text(url))) = url { url } else { String::new() })
}

/// An account's native balance in wei. One request.
///
/// # Errors
/// Those of [`Rpc`]'s reads.
pub async fn balance(rpc: &Rpc, account: Address) -> Result<U256, Error> {
    let mut batch = rpc.batch().decides();
    let place = batch.push("eth_getBalance", format!(r#"["{account:?}","latest"]"#));
    let replies = batch.send().await?;
    replies.amount(place)
}

/// The chain id that a node says. One request.
///
/// # Errors
/// [`Kind::InvalidRpcUrl`] when no node of `chain_id` answers there.
pub async fn probe(rpc: &Rpc, url: &str, chain_id: u64) -> Result<(), Error> {
    let invalid = |reason: String| Error::from(Kind::InvalidRpcUrl { url: crate::error::public_url(url), reason });
    let mut batch = rpc.batch();
    let place = batch.push("eth_chainId", "[]");
    match batch.send().await.and_then(|replies| replies.quantity(place)) {
        Ok(found) if found == chain_id => Ok(()),
        Ok(found) => Err(invalid(format!("it serves chain {found}, not {chain_id}"))),
        Err(error) => Err(invalid(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use alloy_sol_types::{SolCall as _, SolValue as _};
    use serde_json::{Value as JsonValue, json};

    use super::*;
    use crate::io::fake;
    use crate::ogpu::protocol::abi::{Response, Task};

    fn response_of(index: u64) -> Address {
        // Every fifth attempter has not answered.
        if index % 5 == 4 { Address::ZERO } else { Address::left_padding_from(&(index + 1000).to_be_bytes()) }
    }

    /// A task with `count` attempters, on a node that counts what it is asked.
    fn task(count: u64) -> (Rpc, Rc<Cell<u32>>) {
        let requests = Rc::new(Cell::new(0));
        let counter = Rc::clone(&requests);
        let answer = move |params: &JsonValue| -> Option<Vec<u8>> {
            let data = alloy_primitives::hex::decode(params[0]["data"].as_str()?).ok()?;
            let selector: [u8; 4] = data.get(..4)?.try_into().ok()?;
            Some(match selector {
                Task::getAttemptCountCall::SELECTOR => U256::from(count).abi_encode(),
                Task::getResponsesOfCall::SELECTOR => {
                    let call = Task::getResponsesOfCall::abi_decode(&data).ok()?;
                    let (lower, upper) = (u64::try_from(call.lower).ok()?, u64::try_from(call.upper).ok()?);
                    (upper < count).then(|| (lower..=upper).map(response_of).collect::<Vec<_>>().abi_encode())?
                }
                Response::getResponseParamsCall::SELECTOR => Response::ResponseParams {
                    task: Address::ZERO,
                    provider: Address::repeat_byte(9),
                    data: "ipfs://x".into(),
                    payment: U256::from(1),
                }
                .abi_encode(),
                _ => U256::from(1).abi_encode(),
            })
        };
        let (io, _) = fake::io(move |request| {
            counter.set(counter.get() + 1);
            let asked: JsonValue = serde_json::from_slice(&request.body.clone().unwrap_or_default()).unwrap_or_default();
            let items = asked.as_array().cloned().unwrap_or_else(|| vec![asked]);
            let one = |item: &JsonValue| match answer(&item["params"]) {
                Some(data) => json!({ "id": item["id"], "result": format!("0x{}", alloy_primitives::hex::encode(data)) }),
                None => {
                    json!({ "id": item["id"], "error": { "code": 3, "message": "execution reverted", "data": "0x4e487b710000000000000000000000000000000000000000000000000000000000000032" } })
                }
            };
            let replies: Vec<_> = items.iter().map(one).collect();
            let body = if replies.len() == 1 { replies[0].to_string() } else { JsonValue::Array(replies).to_string() };
            Ok(fake::reply(&request.url, 200, &[], body))
        });
        (Rpc::new(io, vec!["http://node".to_owned()]), requests)
    }

    proptest::proptest! {
        #[test]
        fn every_page_is_read_once_in_as_few_requests_as_promised(count in 0_u64..420, lower in 0_u64..120, upper in proptest::option::of(0_u64..420)) {
            let (rpc, requests) = task(count);
            let found = fake::run(task_responses(&rpc, Address::ZERO, lower, upper, PAGE)).ok().unwrap_or_default();
            let end = upper.unwrap_or(u64::MAX).min(count);
            let expected: Vec<_> = (lower..end).map(response_of).filter(|address| !address.is_zero()).collect();
            let addresses: Vec<_> = found.iter().filter_map(|value| match value {
                Value::Fields(fields) => fields.first().and_then(|(_, value)| value.address()),
                _ => None,
            }).collect();
            let pages = end.saturating_sub(lower).div_ceil(PAGE).max(1);
            proptest::prop_assert!(u64::from(requests.get()) <= 1 + pages, "{} requests for {} pages", requests.get(), pages);
            proptest::prop_assert_eq!(addresses, expected);
        }
    }

    #[test]
    fn a_node_cannot_have_a_list_asked_for_without_end() -> Result<(), Error> {
        let (rpc, requests) = task(5_000_000);
        let named = |name| Call::named(name, Address::ZERO, Vec::new()).map(|call| call.read);
        let table = (named("Task.getAttemptCount")?, named("Task.getResponsesOf")?);
        for (lower, upper) in [(0, None), (7, None), (0, Some(4_999_999))] {
            let listed = fake::run(list(&rpc, Address::ZERO, table, lower, upper)).err();
            assert_eq!(listed.map(|error| error.code()), Some("protocol"));
            let responses = fake::run(task_responses(&rpc, Address::ZERO, lower, upper, PAGE)).err();
            assert_eq!(responses.map(|error| error.code()), Some("protocol"));
        }
        assert_eq!(requests.get(), 6, "nothing is asked beyond the count");
        // A range of it is read.
        let some = fake::run(list(&rpc, Address::ZERO, table, 4_000_000, Some(4_000_002))).ok().unwrap_or_default();
        assert_eq!(some.len(), 2);
        Ok(())
    }

    #[test]
    fn a_stranger_is_no_task() {
        let (io, _) = fake::node(|_, _| Ok(json!("0x")));
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        let error = fake::run(task_responses(&rpc, Address::ZERO, 0, None, PAGE)).err();
        assert_eq!(error.map(|error| error.code()), Some("taskNotFound"));
    }
}
