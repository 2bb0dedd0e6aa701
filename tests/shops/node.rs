//! RPC endpoints: JSON-RPC over the chain as their backends see it, and how it gets lost.

use std::fmt::Write as _;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use futures_util::future::pending;
use ogkit::io::{HttpFailure, HttpRequest};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chain::{CHAIN_ID, Moved};
use crate::faults::Fault;
use crate::net::{Answer, Reply};
use crate::world::{Shared, World};

/// A backend is no further behind than this, in milliseconds.
const MAX_STALE_MS: u64 = 30_000;

#[derive(Deserialize)]
struct Request<'a> {
    id: u64,
    method: &'a str,
    #[serde(borrow)]
    params: &'a RawValue,
}

#[derive(Deserialize)]
struct Call {
    to: Address,
    data: Bytes,
}

/// The URL of an endpoint.
pub(crate) fn url(endpoint: usize) -> String {
    format!("https://rpc{endpoint}.test/")
}

pub(crate) fn is_node(url: &str) -> bool {
    url.starts_with("https://rpc")
}

/// What an endpoint answers.
pub(crate) async fn answer(world: &Shared, request: &HttpRequest) -> Reply {
    if world.strikes(Fault::RpcHangs) {
        pending::<()>().await;
    }
    if world.strikes(Fault::RpcLate) {
        let late = world.between(800, 12_000);
        world.exec.sleep(late).await;
    }
    if world.strikes(Fault::RpcLost) {
        return Err(HttpFailure::Network("connection reset".to_owned()));
    }
    if world.strikes(Fault::RpcServerError) {
        return Ok(Answer::new(world.pick(&[429, 500, 503]), "<html>upstream</html>"));
    }
    if world.strikes(Fault::RpcGarbage) {
        return Ok(Answer::new(200, world.pick(&["<html>captcha</html>", "", "{\"id\":0}", "[]", "null"])));
    }
    let body = request.body.clone().unwrap_or_default();
    let text = std::str::from_utf8(&body).unwrap_or_default();
    let (is_batch, requests): (bool, Vec<Request<'_>>) = match serde_json::from_str(text) {
        Ok(single) => (false, vec![single]),
        Err(_) => (true, serde_json::from_str(text).unwrap_or_else(|error| panic!("no JSON-RPC: {error}: {text}"))),
    };
    world.advance();
    let is_torn = world.strikes(Fault::RpcTorn);
    let mut view = backend(world);
    let mut items = Vec::with_capacity(requests.len());
    for request in &requests {
        if is_torn {
            view = backend(world);
        }
        let result = if world.strikes(Fault::RpcItemError) {
            Err("header not found".to_owned())
        } else {
            one(world, view, request.method, request.params.get())
        };
        items.push(match result {
            Ok(result) => format!(r#"{{"jsonrpc":"2.0","id":{},"result":{result}}}"#, request.id),
            Err(words) => {
                format!(r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":-32000,"message":"{words}"}}}}"#, request.id)
            }
        });
    }
    let text = if is_batch { format!("[{}]", items.join(",")) } else { items.concat() };
    Ok(Answer::new(200, text))
}

/// The newest block of a backend, as a balancer picks one.
fn backend(world: &World) -> u64 {
    let is_stale = world.strikes(Fault::RpcStale);
    let lag = if is_stale { world.between(0, MAX_STALE_MS) } else { 0 };
    world.chain.borrow().at(world.exec.now().saturating_sub(lag))
}

fn one(world: &World, head: u64, method: &str, params: &str) -> Result<String, String> {
    let chain = world.chain.borrow();
    let number = |at: &str| match at {
        "latest" => Ok(head),
        _ => u64::from_str_radix(at.trim_start_matches("0x"), 16)
            .ok()
            .filter(|number| *number <= head)
            .ok_or_else(|| "header not found".to_owned()),
    };
    match method {
        "eth_chainId" => Ok(format!("\"0x{CHAIN_ID:x}\"")),
        "eth_blockNumber" => Ok(format!("\"0x{head:x}\"")),
        "eth_getBlockByNumber" => {
            let (at, _): (String, bool) = read(method, params);
            if at == "pending" {
                let time = chain.time(head).unwrap_or_default() + chain.block_ms / 1000;
                let block = format!(r#"{{"number":"0x{:x}","timestamp":"0x{time:x}"}}"#, head + 1);
                return Ok(if world.plan.hides_pending { "null".to_owned() } else { block });
            }
            let Ok(number) = number(&at) else { return Ok("null".to_owned()) };
            let time = chain.time(number).unwrap_or_default();
            Ok(format!(r#"{{"number":"0x{number:x}","timestamp":"0x{time:x}"}}"#))
        }
        "eth_call" => {
            let (call, at): (Call, String) = read(method, params);
            let block = number(&at)?;
            let word = view(&chain, &call, block);
            Ok(format!("\"{}\"", B256::from(word)))
        }
        "eth_getLogs" => Ok(logs(&chain.moved, head, params)),
        "eth_getTransactionByHash" => {
            let (hash,): (B256,) = read(method, params);
            let found = chain.moved.iter().find(|moved| moved.hash == hash && moved.block <= head);
            Ok(found.map_or_else(
                || "null".to_owned(),
                |moved| format!(r#"{{"hash":"{hash}","to":"{:?}","input":"0x{}"}}"#, moved.call.0, hex::encode(&moved.call.1)),
            ))
        }
        other => panic!("the simulator's nodes lack the method {other}"),
    }
}

/// A view function's word. Balances and allowances are the newest: no rule depends on old ones.
fn view(chain: &crate::chain::Chain, call: &Call, block: u64) -> U256 {
    let selector: [u8; 4] = call.data.first_chunk().copied().unwrap_or_default();
    let word = |at: usize| B256::from_slice(&call.data[4 + 32 * at..36 + 32 * at]);
    let owner = Address::from_word(word(0));
    let holder = (call.to, owner);
    let number = |value: u64| if value == u64::MAX { U256::MAX } else { U256::from(value) };
    match selector {
        // balanceOf, allowance, nonces
        [0x70, 0xa0, 0x82, 0x31] => number(chain.balances.get(&holder).copied().unwrap_or_default()),
        [0xdd, 0x62, 0xed, 0x3e] => number(chain.allowances.get(&holder).copied().unwrap_or_default()),
        [0x7e, 0xce, 0xbe, 0x00] => number(chain.permits(call.to, owner)),
        // authorizationState, nonceBitmap
        [0xe9, 0x4a, 0x01, 0x02] => U256::from(chain.is_used(false, owner, word(1), block)),
        [0x4f, 0xe0, 0x2b, 0x44] => chain.bitmap(owner, U256::from_be_bytes(word(1).0), block),
        other => panic!("the simulator's contracts lack the function {}", hex::encode(other)),
    }
}

fn logs(moved: &[Moved], head: u64, params: &str) -> String {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Filter {
        from_block: String,
        to_block: String,
        address: Address,
        topics: [B256; 3],
    }
    let (filter,): (Filter,) = read("eth_getLogs", params);
    let number = |at: &str| u64::from_str_radix(at.trim_start_matches("0x"), 16).unwrap_or_default();
    // As geth does: blocks that it does not have yet hold nothing.
    let (from, to) = (number(&filter.from_block), number(&filter.to_block).min(head));
    let [event, payer, payee] = filter.topics;
    let mut out = String::from("[");
    for moved in moved {
        let is_parties = moved.from.into_word() == payer && moved.to.into_word() == payee;
        if (from..=to).contains(&moved.block) && moved.token == filter.address && is_parties {
            let comma = if out.len() > 1 { "," } else { "" };
            let Moved { token, value, block, hash, index, .. } = moved;
            let _ = write!(
                out,
                r#"{comma}{{"address":"{token:?}","topics":["{event}","{payer}","{payee}"],"data":"{}","blockNumber":"0x{block:x}","blockHash":"{}","transactionHash":"{hash}","transactionIndex":"0x0","logIndex":"0x{index:x}","removed":false}}"#,
                B256::from(U256::from(*value)),
                B256::from(U256::from(*block)),
            );
        }
    }
    out.push(']');
    out
}

/// The core's own requests are well formed: one that cannot be read is a fault of either side, and loud.
fn read<'a, T: Deserialize<'a>>(method: &str, params: &'a str) -> T {
    serde_json::from_str(params).unwrap_or_else(|error| panic!("{method} {params}: {error}"))
}
