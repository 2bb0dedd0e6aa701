//! One poll for all watchers of a client.
//!
//! A watcher reads its own past with a cursor of its own, and joins the hub when it has caught up. From then on whoever
//! is due first looks for everybody, and each look's logs go to all. What a watcher has seen before it joined is not
//! given again.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use alloy_primitives::{Address, B256};
use futures_util::future::{Either, poll_fn, select};
use futures_util::lock::Mutex;

use super::logs::{Cursor, Look, OVERLAP_BLOCKS, Place, place};
use super::replies::Log;
use super::rpc::Rpc;
use crate::error::Error;

/// Logs that wait for one watcher; what goes beyond is read again later.
const MAX_WAITING: usize = 50_000;

/// Where a watcher's logs wait.
#[derive(Default)]
struct Inbox {
    logs: VecDeque<Log>,
    waker: Option<Waker>,
    /// From this block on logs were turned away.
    full_from: Option<u64>,
}

impl Inbox {
    fn put(&mut self, log: &Log) {
        if self.full_from.is_none() && self.logs.len() == MAX_WAITING {
            // Whole blocks only, so that reading them again gives nothing twice.
            let block = self.logs.back().map_or(log.block_number, |last| last.block_number.min(log.block_number));
            self.logs.retain(|waiting| waiting.block_number < block);
            self.full_from = Some(block);
        }
        if self.full_from.is_none() {
            self.logs.push_back(log.clone());
        }
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

/// What all watchers of a client share.
pub struct Hub {
    rpc: Rpc,
    addresses: Vec<Address>,
    topics: Vec<B256>,
    cursor: Mutex<Option<Cursor>>,
    looked_ms: Cell<u64>,
    watchers: RefCell<Vec<Weak<RefCell<Inbox>>>>,
}

impl Hub {
    /// A hub over the logs of some contracts with some first topics. No request.
    pub fn new(rpc: Rpc, addresses: Vec<Address>, topics: Vec<B256>) -> Rc<Self> {
        Rc::new(Self {
            rpc,
            addresses,
            topics,
            cursor: Mutex::new(None),
            looked_ms: Cell::new(0),
            watchers: RefCell::new(Vec::new()),
        })
    }

    /// Joins a watcher that has caught up to `place`; `None` when the hub is further and it must catch up again.
    async fn join(&self, place: &Cursor) -> Option<Rc<RefCell<Inbox>>> {
        let mut cursor = self.cursor.lock().await;
        self.watchers.borrow_mut().retain(|watcher| watcher.strong_count() > 0);
        if self.watchers.borrow().is_empty() {
            // Nobody is waiting for anything older.
            *cursor = Some(place.widened(self.addresses.clone(), self.topics.clone()));
        }
        if cursor.as_ref().and_then(Cursor::next) > place.next() {
            return None;
        }
        let inbox = Rc::<RefCell<Inbox>>::default();
        self.watchers.borrow_mut().push(Rc::downgrade(&inbox));
        Some(inbox)
    }

    /// Looks for everybody, unless somebody has within `pause_ms`. Waits until it is time.
    async fn poll(&self, pause_ms: u64) -> Result<(), Error> {
        let clock = &self.rpc.io().clock;
        loop {
            let due = self.looked_ms.get().saturating_add(pause_ms);
            let now = clock.now_ms();
            if now < due {
                clock.sleep(due - now).await;
                continue;
            }
            let mut cursor = self.cursor.lock().await;
            if clock.now_ms() < self.looked_ms.get().saturating_add(pause_ms) {
                continue;
            }
            let Some(cursor) = cursor.as_mut() else { return Ok(()) };
            let Look { logs, more } = cursor.look(&self.rpc).await?;
            if !more {
                self.looked_ms.set(clock.now_ms());
            }
            for inbox in self.watchers.borrow().iter().filter_map(Weak::upgrade) {
                logs.iter().for_each(|log| inbox.borrow_mut().put(log));
            }
            return Ok(());
        }
    }
}

/// One watcher's logs, in the order of the chain.
pub struct Watch {
    hub: Rc<Hub>,
    addresses: Vec<Address>,
    topics: Vec<B256>,
    pause_ms: u64,
    state: State,
}

enum State {
    /// Reading the past.
    Catching(Cursor),
    /// Caught up; `start` is the first block that is meant, `seen` what was given of the last blocks.
    Live { inbox: Rc<RefCell<Inbox>>, start: u64, seen: Vec<Place> },
}

impl Watch {
    /// Watches from a block on, or from now. No request yet.
    pub fn new(hub: Rc<Hub>, addresses: Vec<Address>, topics: Vec<B256>, from_block: Option<u64>, pause_ms: u64) -> Self {
        let state = State::Catching(Cursor::new(addresses.clone(), topics.clone(), from_block));
        Self { hub, addresses, topics, pause_ms, state }
    }

    /// Settles what "from now" means, if it is not settled. One request.
    ///
    /// # Errors
    /// As [`Rpc`]'s reads; it is then settled by the first [`Watch::next`].
    pub async fn mark(&mut self) -> Result<(), Error> {
        if let State::Catching(cursor) = &mut self.state
            && cursor.next().is_none()
        {
            cursor.look(&self.hub.rpc).await?;
        }
        Ok(())
    }

    /// The next logs; it waits for some. It may be dropped and called again.
    ///
    /// # Errors
    /// As [`Rpc`]'s reads; nothing is lost, and it may be called again.
    pub async fn next(&mut self) -> Result<VecDeque<Log>, Error> {
        loop {
            match &mut self.state {
                State::Catching(cursor) => {
                    let look = cursor.look(&self.hub.rpc).await?;
                    if !look.more
                        && let Some(next) = cursor.next()
                        && let Some(inbox) = self.hub.join(cursor).await
                    {
                        let start = cursor.start().max(next.saturating_sub(OVERLAP_BLOCKS));
                        self.state = State::Live { inbox, start, seen: cursor.recent().collect() };
                    }
                    if !look.logs.is_empty() {
                        return Ok(look.logs.into());
                    }
                }
                State::Live { inbox, start, seen } => {
                    let arrived = poll_fn(|context| {
                        let mut inbox = inbox.borrow_mut();
                        if inbox.logs.is_empty() && inbox.full_from.is_none() {
                            inbox.waker = Some(context.waker().clone());
                            return Poll::Pending;
                        }
                        Poll::Ready(std::mem::take(&mut inbox.logs))
                    });
                    let poll = std::pin::pin!(self.hub.poll(self.pause_ms));
                    let mut found = match select(arrived, poll).await {
                        Either::Left((found, _)) => found,
                        Either::Right((looked, _)) => {
                            looked?;
                            continue;
                        }
                    };
                    let full_from = if found.is_empty() { inbox.borrow().full_from } else { None };
                    if let Some(block) = full_from {
                        self.state = State::Catching(Cursor::new(self.addresses.clone(), self.topics.clone(), Some(block)));
                        continue;
                    }
                    let (addresses, topics) = (&self.addresses, &self.topics);
                    found.retain(|log| {
                        let mine =
                            addresses.contains(&log.address) && log.topics.first().is_some_and(|topic| topics.contains(topic));
                        let given = seen.iter().position(|seen| *seen == place(log));
                        match (log.removed, given) {
                            (true, Some(at)) => seen.swap_remove(at) == place(log) && mine,
                            (false, None) if mine && log.block_number >= *start => {
                                seen.push(place(log));
                                true
                            }
                            _ => false,
                        }
                    });
                    if let Some(newest) = found.back().map(|log| log.block_number) {
                        seen.retain(|(block, ..)| block.saturating_add(2 * OVERLAP_BLOCKS) >= newest);
                    }
                    if !found.is_empty() {
                        return Ok(found);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake;

    /// A chain that grows by a block with one log at each look at its head.
    fn growing(looks: &Rc<Cell<u64>>) -> Rpc {
        let looks = Rc::clone(looks);
        let (io, _) = fake::node(move |method, params| {
            if method == "eth_blockNumber" {
                looks.set(looks.get() + 1);
                return Ok(json!(format!("0x{:x}", looks.get())));
            }
            let edge = |name: &str| params[0][name].as_str().and_then(|t| u64::from_str_radix(&t[2..], 16).ok()).unwrap_or(0);
            let zero = B256::ZERO.to_string();
            let log = |block: u64| {
                json!({ "address": Address::ZERO.to_string(), "topics": [zero], "data": "0x", "blockNumber": format!("0x{block:x}"),
                    "blockHash": format!("0x{block:064x}"), "transactionHash": zero, "logIndex": "0x0" })
            };
            Ok((edge("fromBlock")..=edge("toBlock").min(looks.get())).map(log).collect::<Value>())
        });
        Rpc::new(io, vec!["http://node".to_owned()])
    }

    fn blocks(watch: &mut Watch, count: usize) -> Vec<u64> {
        let mut found = Vec::new();
        while found.len() < count {
            found.extend(fake::run(watch.next()).unwrap_or_default().iter().map(|log| log.block_number));
        }
        found
    }

    #[test]
    fn all_watchers_see_every_log_once_and_share_their_looks() {
        let looks = Rc::new(Cell::new(100));
        let hub = Hub::new(growing(&looks), vec![Address::ZERO], vec![B256::ZERO]);
        let watch = |from| Watch::new(Rc::clone(&hub), vec![Address::ZERO], vec![B256::ZERO], from, 1000);
        let mut first = watch(Some(1));
        let seen = blocks(&mut first, 105);
        assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
        let mut others = [watch(Some(50)), watch(Some(90))];
        for (other, from) in others.iter_mut().zip([50_u64, 90]) {
            let seen = blocks(other, 20);
            assert_eq!(seen, (from..from + seen.len() as u64).collect::<Vec<_>>());
        }
        let ahead = blocks(&mut first, 20);
        assert_eq!(ahead, (seen.len() as u64 + 1..).take(ahead.len()).collect::<Vec<_>>());
        let before = looks.get();
        blocks(&mut others[0], 1);
        blocks(&mut others[1], 1);
        assert!(looks.get() <= before + 2, "{} looks", looks.get() - before);
    }
}
