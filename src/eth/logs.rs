//! Logs with a cursor: `eth_getLogs` over a moving range instead of node-side filters, which expire unseen.
//!
//! At the head each look starts a few blocks behind the last one and leaves out what was given before, so that a log in a
//! block that the node was late with is not lost and none is given twice. A log that is no longer there is looked into:
//! when its block was replaced it is given again as removed (`Log::removed`), else the node is merely behind.

use alloy_primitives::{Address, B256};

use super::replies::{Log, hex_text};
use super::rpc::Rpc;
use crate::error::{Error, Kind};

/// How far behind the head each look starts again; also the deepest reorganisation that is noticed.
pub const OVERLAP_BLOCKS: u64 = 16;
/// The widest range asked at once; halved when a node refuses it or answers too much.
const MAX_RANGE: u64 = 10_000;
/// A range with more logs than this is halved for the next look, to keep memory flat.
const MANY_LOGS: usize = 5000;

/// A place in the logs of some contracts.
pub struct Cursor {
    addresses: Vec<Address>,
    topics: Vec<B256>,
    next: Option<u64>,
    start: u64,
    last: u64,
    range: u64,
    at_head: bool,
    /// The logs of the last few blocks, by place.
    recent: Vec<Log>,
}

/// What one look shows.
#[derive(Debug, Default)]
pub struct Look {
    /// New logs in their order on chain, after the removed ones.
    pub logs: Vec<Log>,
    /// Whether the chain goes on beyond what was read.
    pub more: bool,
}

/// Where a log is in the chain; the block's hash tells it from one that took its place.
pub type Place = (u64, u64, B256);

/// Where this log is.
pub const fn place(log: &Log) -> Place {
    (log.block_number, log.log_index, log.block_hash)
}

impl Cursor {
    /// Starts at `from_block`, or after the present head when there is none. `topics` are the wanted first topics.
    pub const fn new(addresses: Vec<Address>, topics: Vec<B256>, from_block: Option<u64>) -> Self {
        let start = match from_block {
            Some(block) => block,
            None => 0,
        };
        Self { addresses, topics, next: from_block, start, last: u64::MAX, range: MAX_RANGE, at_head: false, recent: Vec::new() }
    }

    /// This place for other contracts and topics. The last blocks are read again there; what was given of them is known,
    /// so that it is missed when a reorganisation takes it back.
    pub fn widened(&self, addresses: Vec<Address>, topics: Vec<B256>) -> Self {
        let from = self.next.unwrap_or_default().saturating_sub(OVERLAP_BLOCKS);
        Self { recent: self.recent.clone(), ..Self::new(addresses, topics, Some(from)) }
    }

    /// The next block to read, once it is known.
    pub const fn next(&self) -> Option<u64> {
        self.next
    }

    /// The last block that was read; 0 before the first.
    pub const fn last_read(&self) -> u64 {
        match self.next {
            Some(next) => next.saturating_sub(1),
            None => 0,
        }
    }

    /// Asks for nothing beyond `last`.
    #[must_use]
    pub fn until(self, last: u64) -> Self {
        Self { last, ..self }
    }

    /// The first block that is meant; nothing before it is given.
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// The places of the logs of the last few blocks.
    pub fn recent(&self) -> impl Iterator<Item = Place> {
        self.recent.iter().map(place)
    }

    /// Looks once: one HTTP request, and more only while a node refuses the range, or for logs that vanished.
    ///
    /// # Errors
    /// As [`Rpc`]'s reads; the cursor stays where it was, so the look can be repeated. It may also be dropped.
    pub async fn look(&mut self, rpc: &Rpc) -> Result<Look, Error> {
        let Some(next) = self.next else {
            let mut batch = rpc.batch();
            let head = batch.push("eth_blockNumber", "[]");
            self.start = batch.send().await?.quantity(head)? + 1;
            self.next = Some(self.start);
            return Ok(Look::default());
        };
        let back = if self.at_head { OVERLAP_BLOCKS } else { 0 };
        let from = next.saturating_sub(back).max(self.start);
        let (found, head, to) = self.read(rpc, from).await?;
        if head < from {
            return Ok(Look::default());
        }
        let to = to.min(head);
        let removed = self.removed(rpc, &found, from, to).await?;

        let mut logs = removed;
        logs.reverse();
        let known: Vec<Place> = self.recent().collect();
        self.recent.retain(|log| !logs.iter().any(|gone| place(gone) == place(log)));
        let fresh: Vec<Log> = found.into_iter().filter(|log| known.binary_search(&place(log)).is_err()).collect();
        self.next = Some(next.max(to + 1));
        self.at_head = to == head;
        let oldest = self.next.unwrap_or_default().saturating_sub(OVERLAP_BLOCKS);
        self.recent.extend(fresh.iter().filter(|log| log.block_number >= oldest).cloned());
        self.recent.retain(|log| log.block_number >= oldest);
        self.recent.sort_unstable_by_key(place);
        self.range = match fresh.len() {
            many if many > MANY_LOGS => (self.range / 2).max(1),
            few if few < MANY_LOGS / 4 => (self.range * 2).min(MAX_RANGE),
            _ => self.range,
        };
        logs.extend(fresh);
        Ok(Look { logs, more: !self.at_head })
    }

    /// The logs from a block on, as far as the node gives them at once; its head; and the last block asked for.
    async fn read(&mut self, rpc: &Rpc, from: u64) -> Result<(Vec<Log>, u64, u64), Error> {
        loop {
            let to = from.saturating_add(self.range - 1).min(self.last.max(from));
            let mut batch = rpc.batch();
            let head = batch.push("eth_blockNumber", "[]");
            let logs = batch.push("eth_getLogs", self.filter(from, to));
            let replies = match batch.send().await {
                Err(error) if matches!(*error, Kind::Rpc { .. }) && self.range > 1 => {
                    self.range /= 2;
                    continue;
                }
                replies => replies?,
            };
            let head = replies.quantity(head)?;
            if head < from {
                return Ok((Vec::new(), head, to));
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
            let mut found = Vec::new();
            for log in Log::list(wires) {
                let log = log?;
                let wanted = self.addresses.contains(&log.address)
                    && log.topics.first().is_some_and(|topic| self.topics.contains(topic))
                    && (from..=to).contains(&log.block_number);
                // A log from beyond the head that was read with it is left for the next look.
                if wanted && log.block_number <= head && !log.removed {
                    found.push(log);
                }
            }
            // Nodes answer in order; the standard library built for size would sort even so.
            if !found.is_sorted_by_key(place) {
                found.sort_unstable_by_key(place);
            }
            found.dedup_by_key(|log| place(log));
            return Ok((found, head, to));
        }
    }

    /// The logs that were given and whose block is no longer part of the chain.
    async fn removed(&self, rpc: &Rpc, found: &[Log], from: u64, to: u64) -> Result<Vec<Log>, Error> {
        let inside = |log: &&Log| (from..=to).contains(&log.block_number);
        let gone = |log: &&Log| found.binary_search_by_key(&place(log), place).is_err();
        let vanished: Vec<&Log> = self.recent.iter().filter(inside).filter(gone).collect();
        if vanished.is_empty() {
            return Ok(Vec::new());
        }
        let mut batch = rpc.batch();
        for log in &vanished {
            batch.push("eth_getBlockByNumber", format!(r#"["0x{:x}",false]"#, log.block_number));
        }
        let replies = batch.send().await?;
        let mut removed = Vec::new();
        for (at, log) in vanished.into_iter().enumerate() {
            // A node without the block is behind; one with the same block lost the log, not the chain.
            let Some(block) = replies.json(at)?.present() else { continue };
            if hex_text::<B256>(block.get("hash"), "a block hash")? != log.block_hash {
                removed.push(Log { removed: true, ..log.clone() });
            }
        }
        Ok(removed)
    }

    fn filter(&self, from: u64, to: u64) -> String {
        let topics: Vec<String> = self.topics.iter().map(|topic| format!("\"{topic}\"")).collect();
        let addresses: Vec<String> = self.addresses.iter().map(|address| format!("\"{address:?}\"")).collect();
        format!(
            r#"[{{"address":[{}],"topics":[[{}]],"fromBlock":"0x{from:x}","toBlock":"0x{to:x}"}}]"#,
            addresses.join(","),
            topics.join(",")
        )
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use futures_util::FutureExt as _;
    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake;

    fn hash(block: u64, fork: u64) -> String {
        format!("0x{:064x}", block * 1000 + fork)
    }

    fn log(block: u64, index: u64, fork: u64) -> Value {
        let zero = B256::ZERO.to_string();
        json!({ "address": Address::ZERO.to_string(), "topics": [zero], "data": "0x", "blockNumber": format!("0x{block:x}"),
            "blockHash": hash(block, fork), "transactionHash": zero, "logIndex": format!("0x{index:x}") })
    }

    fn cursor(from: u64) -> Cursor {
        Cursor::new(vec![Address::ZERO], vec![B256::ZERO], Some(from))
    }

    fn edge(params: &Value, name: &str) -> u64 {
        params[0][name].as_str().and_then(|text| u64::from_str_radix(&text[2..], 16).ok()).unwrap_or(0)
    }

    fn look(cursor: &mut Cursor, rpc: &Rpc) -> Look {
        cursor.look(rpc).now_or_never().and_then(Result::ok).unwrap_or_default()
    }

    /// A chain of 2000 blocks whose logs are made by a function of the look's number.
    fn chain(logs: impl Fn(u64) -> Vec<Value> + 'static, fork: impl Fn(u64) -> u64 + 'static) -> Rpc {
        let turn = Rc::new(Cell::new(0));
        let (io, _) = fake::node(move |method, params| {
            Ok(match method {
                "eth_blockNumber" => json!("0xa"),
                "eth_getBlockByNumber" => {
                    let number = u64::from_str_radix(&params[0].as_str().unwrap_or("0x0")[2..], 16).unwrap_or(0);
                    json!({ "hash": hash(number, fork(turn.get())) })
                }
                _ => {
                    turn.set(turn.get() + 1);
                    Value::Array(logs(turn.get()))
                }
            })
        });
        Rpc::new(io, vec!["http://node".to_owned()])
    }

    #[test]
    fn a_late_log_is_given_and_none_twice() {
        let rpc =
            chain(|turn| if turn == 1 { vec![log(9, 1, 0)] } else { vec![log(9, 1, 0), log(8, 0, 0), log(11, 0, 0)] }, |_| 0);
        let mut cursor = cursor(3);
        let blocks = |look: Look| look.logs.iter().map(|l| l.block_number).collect::<Vec<_>>();
        assert_eq!(blocks(look(&mut cursor, &rpc)), [9]);
        assert_eq!(blocks(look(&mut cursor, &rpc)), [8]);
        assert!(blocks(look(&mut cursor, &rpc)).is_empty());
    }

    #[test]
    fn a_log_whose_block_was_replaced_is_reported_as_removed() {
        let rpc = chain(|turn| vec![log(9, 0, u64::from(turn > 1))], |turn| u64::from(turn > 1));
        let mut cursor = cursor(3);
        look(&mut cursor, &rpc);
        let second = look(&mut cursor, &rpc);
        assert_eq!(second.logs.iter().map(|l| l.removed).collect::<Vec<_>>(), [true, false]);
        assert!(look(&mut cursor, &rpc).logs.is_empty());
    }

    #[test]
    fn a_node_that_forgets_a_log_for_a_while_changes_nothing() {
        let rpc = chain(|turn| if turn == 2 { Vec::new() } else { vec![log(9, 0, 0)] }, |_| 0);
        let mut cursor = cursor(3);
        assert_eq!(look(&mut cursor, &rpc).logs.len(), 1);
        assert!(look(&mut cursor, &rpc).logs.is_empty());
        assert!(look(&mut cursor, &rpc).logs.is_empty());
    }

    #[test]
    fn a_refused_range_is_halved_until_it_passes_and_all_is_read_once() {
        let (io, _) = fake::node(|method, params| {
            if method == "eth_blockNumber" {
                return Ok(json!("0x7d0"));
            }
            let (from, to) = (edge(params, "fromBlock"), edge(params, "toBlock"));
            if to - from > 500 {
                return Err(json!({ "code": -32005, "message": "range too wide" }));
            }
            Ok((from..=to.min(2000)).filter(|block| block % 7 == 0).map(|block| log(block, 0, 0)).collect())
        });
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        let mut cursor = cursor(0);
        let mut blocks = Vec::new();
        loop {
            let Look { logs, more } = look(&mut cursor, &rpc);
            blocks.extend(logs.iter().map(|l| l.block_number));
            if !more {
                break;
            }
        }
        assert_eq!(blocks, (0..=2000).filter(|block| block % 7 == 0).collect::<Vec<_>>());
    }
}
