//! A node's answers: JSON-RPC over the chain as one backend sees it. A method that this world does not have is a gap in the
//! simulator and ends the run.

use std::fmt::Write as _;

use alloy_primitives::{Address, B256, Bytes, U256, hex};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::chain::{BASE_FEE, CHAIN_ID, Chain, GAS_USED, View};
use crate::contracts::{Code, Message, Trace};
use crate::wire;

/// So many blocks back a node without history has the state.
const KEPT: u64 = 4;

/// How one backend sees the chain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Backend {
    pub(crate) view: View,
    /// How late it learns of the pool's transactions, in milliseconds.
    pub(crate) delay: u64,
    /// It shows no pool.
    pub(crate) hides_pool: bool,
    /// It has no block of pending transactions.
    pub(crate) hides_block: bool,
    /// It has no state but the newest blocks'.
    pub(crate) forgets: bool,
    /// The chain that it says it serves.
    pub(crate) chain_id: u64,
}

/// A request's parts.
#[derive(Deserialize)]
pub(crate) struct Request<'a> {
    pub(crate) id: u64,
    pub(crate) method: &'a str,
    #[serde(borrow)]
    pub(crate) params: &'a RawValue,
}

#[derive(Deserialize)]
struct Call {
    #[serde(default)]
    from: Address,
    to: Option<Address>,
    #[serde(default)]
    value: U256,
    #[serde(default)]
    data: Bytes,
}

/// An error object's number, message and data.
pub(crate) type Fault = (i64, String, Option<Vec<u8>>);

impl Backend {
    /// The result as JSON text.
    pub(crate) fn answer(self, chain: &Chain, method: &str, params: &str) -> Result<String, Fault> {
        let quoted = |number: u64| Ok(format!("\"0x{number:x}\""));
        match method {
            "eth_chainId" => quoted(self.chain_id),
            "net_version" => Ok(format!("\"{}\"", self.chain_id)),
            "eth_blockNumber" => quoted(chain.blocks[self.view.head].number),
            "eth_gasPrice" => quoted(BASE_FEE),
            "eth_getTransactionCount" => {
                let (account, at): (Address, String) = read(method, params);
                if at == "pending" && !self.hides_pool {
                    return quoted(chain.pending_nonce(self.view, self.delay, account));
                }
                let block = self.state(chain, &at)?;
                quoted(chain.blocks[block].state.account(account).nonce)
            }
            "eth_getBalance" => {
                let (account, at): (Address, String) = read(method, params);
                let block = self.block(chain, &at)?;
                Ok(format!("\"0x{:x}\"", chain.blocks[block].state.account(account).balance))
            }
            "eth_getCode" => {
                let (account, at): (Address, String) = read(method, params);
                let block = self.block(chain, &at)?;
                Ok(match chain.blocks[block].state.account(account).code {
                    Code::None => "\"0x\"".to_owned(),
                    Code::Contract | Code::Safe { .. } | Code::Smart { .. } => "\"0x6080604052\"".to_owned(),
                    Code::Delegated => format!("\"0xef0100{}\"", hex::encode([0x63; 20])),
                })
            }
            "eth_call" => self.call(chain, params).map(|data| format!("\"0x{}\"", hex::encode(data))),
            "eth_estimateGas" => {
                self.call(chain, params)?;
                quoted(GAS_USED)
            }
            "eth_getTransactionByHash" => {
                let (hash,): (B256,) = read(method, params);
                let mut out = String::new();
                if let Some(place) = chain.find(self.view.head, hash) {
                    let tx = &chain.blocks[place.0].txs[place.1].tx;
                    wire::transaction(&mut out, chain, tx, Some(place));
                } else if let Some(tx) = self.pending(chain).into_iter().find(|tx| tx.hash == hash) {
                    wire::transaction(&mut out, chain, tx, None);
                } else {
                    out.push_str("null");
                }
                Ok(out)
            }
            "eth_getTransactionReceipt" => {
                let (hash,): (B256,) = read(method, params);
                let mut out = String::new();
                match chain.find(self.view.head, hash) {
                    Some(place) => wire::receipt(&mut out, chain, place, None),
                    None => out.push_str("null"),
                }
                Ok(out)
            }
            "eth_getBlockByNumber" => {
                let (at, is_full): (String, bool) = read(method, params);
                if at == "pending" {
                    return Ok(if self.hides_block { "null".to_owned() } else { self.pending_block(chain) });
                }
                let mut out = String::new();
                match self.block(chain, &at) {
                    Ok(block) => wire::block(&mut out, chain, block, is_full),
                    Err(_) => out.push_str("null"),
                }
                Ok(out)
            }
            "eth_getBlockByHash" => {
                let (hash, is_full): (B256, bool) = read(method, params);
                let mut out = String::new();
                match chain.by_hash(hash).filter(|block| chain.is_on(self.view.head, *block)) {
                    Some(block) => wire::block(&mut out, chain, block, is_full),
                    None => out.push_str("null"),
                }
                Ok(out)
            }
            "eth_getLogs" => Ok(self.logs(chain, params)),
            other => panic!("the simulator's nodes lack the method {other}"),
        }
    }

    /// A block whose state is to be read.
    fn state(self, chain: &Chain, at: &str) -> Result<usize, Fault> {
        let block = self.block(chain, at)?;
        if self.forgets && chain.blocks[block].number + KEPT < chain.blocks[self.view.head].number {
            return Err((-32000, "missing trie node".to_owned(), None));
        }
        Ok(block)
    }

    fn pending(self, chain: &Chain) -> Vec<&std::rc::Rc<crate::chain::Tx>> {
        if self.hides_pool { Vec::new() } else { chain.pending(self.view, self.delay).collect() }
    }

    /// A block by its number or tag.
    fn block(self, chain: &Chain, at: &str) -> Result<usize, Fault> {
        let missing = || (-32000, "header not found".to_owned(), None);
        match at {
            "latest" | "pending" => Ok(self.view.head),
            "earliest" => Ok(0),
            "safe" | "finalized" => {
                let number = chain.blocks[self.view.head].number.saturating_sub(8);
                chain.ancestor(self.view.head, number).ok_or_else(missing)
            }
            number => {
                let number = u64::from_str_radix(number.trim_start_matches("0x"), 16).map_err(|_| missing())?;
                chain.ancestor(self.view.head, number).ok_or_else(missing)
            }
        }
    }

    fn pending_block(self, chain: &Chain) -> String {
        let head = &chain.blocks[self.view.head];
        let mut out = format!(
            r#"{{"number":"0x{:x}","hash":null,"parentHash":"{}","timestamp":"0x{:x}","transactions":["#,
            head.number + 1,
            head.hash,
            head.time + 2
        );
        for (at, tx) in self.pending(chain).into_iter().enumerate() {
            if at > 0 {
                out.push(',');
            }
            wire::transaction(&mut out, chain, tx, None);
        }
        out.push_str("]}");
        out
    }

    fn call(self, chain: &Chain, params: &str) -> Result<Vec<u8>, Fault> {
        // An estimate may come without a block.
        let parts: Vec<&RawValue> = read("eth_call", params);
        let call: Call =
            parts.first().map(|part| read("eth_call", part.get())).unwrap_or_else(|| panic!("eth_call without a call"));
        let at: String = parts.get(1).map_or_else(|| "latest".to_owned(), |part| read("eth_call", part.get()));
        let block = &chain.blocks[self.state(chain, &at)?];
        let Call { from, to, value, data } = call;
        if value > block.state.account(from).balance {
            return Err((-32000, "insufficient funds for gas * price + value".to_owned(), None));
        }
        let mut state = block.state.as_ref().clone();
        let message = Message { sender: from, to, value, data: &data, time: block.time + 2 };
        state.call(&message, &mut Trace::default()).map_err(|reverted| (3, "execution reverted".to_owned(), Some(reverted)))
    }

    fn logs(self, chain: &Chain, params: &str) -> String {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Addresses {
            One(Address),
            Many(Vec<Address>),
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Topics {
            One(B256),
            Many(Vec<B256>),
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Filter {
            from_block: Option<String>,
            to_block: Option<String>,
            address: Option<Addresses>,
            #[serde(default)]
            topics: Vec<Option<Topics>>,
        }
        let (filter,): (Filter,) = read("eth_getLogs", params);
        let number = |at: &Option<String>, or: u64| {
            at.as_ref().map_or(or, |at| {
                self.block(chain, at).map_or_else(
                    |_| u64::from_str_radix(at.trim_start_matches("0x"), 16).unwrap_or(u64::MAX),
                    |block| chain.blocks[block].number,
                )
            })
        };
        let head = chain.blocks[self.view.head].number;
        let (from, to) = (number(&filter.from_block, head), number(&filter.to_block, head).min(head));
        let mut out = String::from("[");
        for number in from..=to.min(from + 2000) {
            let Some(index) = chain.ancestor(self.view.head, number) else { continue };
            let mut place_of_log = 0;
            for (place, executed) in chain.blocks[index].txs.iter().enumerate() {
                for raw in &executed.logs {
                    let is_address = match &filter.address {
                        None => true,
                        Some(Addresses::One(one)) => *one == raw.address,
                        Some(Addresses::Many(many)) => many.contains(&raw.address),
                    };
                    let is_topics = filter.topics.iter().enumerate().all(|(at, wanted)| match (wanted, raw.topics.get(at)) {
                        (None, _) => true,
                        (Some(Topics::One(one)), Some(found)) => one == found,
                        (Some(Topics::Many(many)), Some(found)) => many.contains(found),
                        (Some(_), None) => false,
                    });
                    if is_address && is_topics {
                        if out.len() > 1 {
                            out.push(',');
                        }
                        wire::log(&mut out, chain, raw, executed.tx.hash, (index, place), place_of_log);
                    }
                    place_of_log += 1;
                }
            }
        }
        out.push(']');
        out
    }
}

/// An item of an answer.
pub(crate) fn item(out: &mut String, id: u64, result: &Result<String, Fault>) {
    let _ = match result {
        Ok(result) => write!(out, r#"{{"jsonrpc":"2.0","id":{id},"result":{result}}}"#),
        Err((code, message, data)) => {
            let data = data.as_ref().map(|data| format!(r#","data":"0x{}""#, hex::encode(data))).unwrap_or_default();
            write!(out, r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"{data}}}}}"#)
        }
    };
}

/// The core's own requests are well formed: one that cannot be read is a fault of either side, and loud.
fn read<'a, T: Deserialize<'a>>(method: &str, params: &'a str) -> T {
    serde_json::from_str(params).unwrap_or_else(|error| panic!("{method} {params}: {error}"))
}

/// That of [`CHAIN_ID`], or another network's.
pub(crate) const OTHER_CHAIN: u64 = CHAIN_ID + 1;
