//! Logs with a cursor: `eth_getLogs` over a moving range instead of node-side filters, which expire unseen.
//!
//! Each look reads from a few blocks behind the last head and leaves out what was given before, so that a log in a
//! block that the node was late with, or that a reorganisation moved, is not lost and none is given twice.

use alloy_primitives::{Address, B256};

use super::replies::Log;
use super::rpc::Rpc;
use crate::error::{Error, Kind};

/// How far behind the head each look starts again.
const OVERLAP_BLOCKS: u64 = 8;
/// The widest range asked at once; halved when a node refuses it.
const MAX_RANGE: u64 = 10_000;

/// A place in a contract's logs.
pub struct Cursor {
    address: Address,
    topics: Vec<B256>,
    next: Option<u64>,
    start: u64,
    range: u64,
    /// Places of the logs in the last few blocks, sorted.
    seen: Vec<(u64, u64, B256)>,
}

impl Cursor {
    /// Starts at `from_block`, or after the present head when there is none. `topics` are the wanted first topics.
    pub const fn new(address: Address, topics: Vec<B256>, from_block: Option<u64>) -> Self {
        let start = match from_block {
            Some(block) => block,
            None => 0,
        };
        Self { address, topics, next: from_block, start, range: MAX_RANGE, seen: Vec::new() }
    }

    /// Looks once: one HTTP request for each range of blocks. Answers the new logs in their order on chain.
    ///
    /// # Errors
    /// As [`Rpc`]'s reads; the cursor stays where it was, so the look can be repeated.
    pub async fn look(&mut self, rpc: &Rpc) -> Result<Vec<Log>, Error> {
        let Some(next) = self.next else {
            let mut batch = rpc.batch();
            let head = batch.push("eth_blockNumber", "[]");
            self.start = batch.send().await?.quantity(head)? + 1;
            self.next = Some(self.start);
            return Ok(Vec::new());
        };
        let mut from = next.saturating_sub(OVERLAP_BLOCKS).max(self.start);
        let mut found = Vec::new();
        loop {
            let to = from.saturating_add(self.range);
            let mut batch = rpc.batch();
            let head = batch.push("eth_blockNumber", "[]");
            let logs = batch.push("eth_getLogs", self.filter(from, to));
            let replies = batch.send().await?;
            let head = replies.quantity(head)?;
            if head < from {
                break;
            }
            let wires = match replies.json(logs) {
                Ok(wires) => wires,
                // Too many blocks or results for this node.
                Err(error) if matches!(*error, Kind::Rpc { .. }) && self.range > 1 => {
                    self.range /= 2;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if !wires.is_array() {
                return Err(Error::protocol("a list of logs", wires.raw()));
            }
            for wire in wires.elements() {
                let log = Log::read(wire)?;
                let wanted = log.address == self.address && log.topics.first().is_some_and(|topic| self.topics.contains(topic));
                // A log from beyond the head that was read with it is left for the next look.
                if wanted && log.block_number <= head {
                    found.push(log);
                }
            }
            if to >= head {
                self.next = Some(head + 1);
                break;
            }
            from = to + 1;
        }
        found.sort_unstable_by_key(place);
        found.dedup_by_key(|log| place(log));
        let overlap = self.next.unwrap_or_default().saturating_sub(OVERLAP_BLOCKS + 1);
        let recent = found.iter().filter(|log| log.block_number >= overlap).map(place).collect();
        let seen = std::mem::replace(&mut self.seen, recent);
        found.retain(|log| seen.binary_search(&place(log)).is_err());
        // A node that forgot a log for one look must not have it given again.
        self.seen.extend(seen.into_iter().filter(|(block, ..)| *block >= overlap));
        self.seen.sort_unstable();
        Ok(found)
    }

    fn filter(&self, from: u64, to: u64) -> String {
        let topics: Vec<String> = self.topics.iter().map(|topic| format!("\"{topic}\"")).collect();
        format!(
            r#"[{{"address":"{:?}","topics":[[{}]],"fromBlock":"0x{from:x}","toBlock":"0x{to:x}"}}]"#,
            self.address,
            topics.join(",")
        )
    }
}

/// Where a log is in the chain. The transaction tells a log from another that took its place after a reorganisation.
const fn place(log: &Log) -> (u64, u64, B256) {
    (log.block_number, log.log_index, log.transaction_hash)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures_util::FutureExt as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake;

    fn log(block: u64, index: u64) -> Value {
        let zero = B256::ZERO.to_string();
        json!({ "address": Address::ZERO.to_string(), "topics": [zero], "data": "0x", "blockNumber": format!("0x{block:x}"),
            "blockHash": zero, "transactionHash": zero, "logIndex": format!("0x{index:x}") })
    }

    #[test]
    fn a_late_log_is_given_and_none_twice() {
        let turn = Rc::new(Cell::new(0));
        let (io, _) = fake::node(move |method, _| {
            turn.set(turn.get() + 1);
            Ok(match method {
                "eth_blockNumber" => json!("0xa"),
                // The second look brings a log of an older block that the first did not have.
                _ if turn.get() <= 2 => json!([log(9, 1)]),
                _ => json!([log(9, 1), log(8, 0), log(11, 0)]),
            })
        });
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        let mut cursor = Cursor::new(Address::ZERO, vec![B256::ZERO], Some(3));
        let mut look = || cursor.look(&rpc).now_or_never().and_then(Result::ok).unwrap_or_default();
        assert_eq!(look().iter().map(|l| l.block_number).collect::<Vec<_>>(), [9]);
        assert_eq!(look().iter().map(|l| l.block_number).collect::<Vec<_>>(), [8]);
        assert_eq!(look().len(), 0);
    }

    #[test]
    fn a_refused_range_is_halved_until_it_passes() {
        let (io, _) = fake::node(|method, params| {
            if method == "eth_blockNumber" {
                return Ok(json!("0x7d0"));
            }
            let edge = |name: &str| params[0][name].as_str().and_then(|t| u64::from_str_radix(&t[2..], 16).ok()).unwrap_or(0);
            let (from, to) = (edge("fromBlock"), edge("toBlock"));
            if to - from > 500 { Err(json!({ "code": -32005, "message": "range too wide" })) } else { Ok(json!([log(from, 0)])) }
        });
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        let mut cursor = Cursor::new(Address::ZERO, vec![B256::ZERO], Some(0));
        let found = cursor.look(&rpc).now_or_never().and_then(Result::ok).unwrap_or_default();
        assert!(found.len() >= 4, "{}", found.len());
        assert!(found.is_sorted_by_key(|l| l.block_number));
    }
}
