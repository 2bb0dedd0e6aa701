//! One poll for all watchers of a client.
//!
//! A watcher reads its own past with a cursor of its own, and joins the hub when it has caught up. From then on whoever
//! is due first looks for everybody, and each look's logs go to all. What a watcher has seen before it joined is not
//! given again.
//!
//! An outage ends nothing: a look that failed is repeated ([`Outage`]) until a node answers, or for as long as the caller wants
//! (`give_up_ms`), and the caller is told ([`Status`]).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::{Rc, Weak};
use std::task::{Poll, Waker};

use alloy_primitives::{Address, B256};
use futures_util::future::{Either, poll_fn, select};
use futures_util::lock::Mutex;

use super::logs::{Cursor, Look, OVERLAP_BLOCKS, Place, place};
use super::outage::{Failed, Outage};
use super::replies::Log;
use super::rpc::Rpc;
use crate::error::Error;

/// How a watcher does; told when that changes.
#[derive(Clone, Debug)]
pub enum Status {
    /// It is at the head of the chain.
    Live {
        /// The last block that was read.
        block: u64,
    },
    /// It reads the past: more blocks follow.
    CatchingUp {
        /// The last block that was read.
        block: u64,
    },
    /// No node answers as it should; it is asked again.
    Waiting {
        /// Why.
        error: Error,
        /// The pause before the next request, in milliseconds.
        retry_ms: u64,
    },
}

/// Who is told each [`Status`].
pub type OnStatus = Rc<dyn Fn(Status)>;

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
    outage: Outage,
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
            outage: Outage::default(),
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

    /// When the next look is due, for a watcher that wants one each `pause_ms`.
    fn due(&self, pause_ms: u64) -> u64 {
        self.looked_ms.get().saturating_add(pause_ms).max(self.outage.until())
    }

    /// Looks for everybody, unless somebody has within `pause_ms`: the last block that was read. Waits until it is time.
    async fn poll(&self, pause_ms: u64) -> Result<u64, Failed> {
        let clock = &self.rpc.io().clock;
        loop {
            let due = self.due(pause_ms);
            let now = clock.now_ms();
            if now < due {
                clock.sleep(due - now).await;
                continue;
            }
            let mut cursor = self.cursor.lock().await;
            let Some(cursor) = cursor.as_mut() else { return Ok(0) };
            if clock.now_ms() < self.due(pause_ms) {
                // Somebody else has looked meanwhile.
                return self.outage.last().map_or(Ok(cursor.last_read()), Err);
            }
            let Look { logs, more } = match cursor.look(&self.rpc).await {
                Ok(look) => look,
                Err(error) => return Err(self.outage.failed(error, clock.as_ref())),
            };
            self.outage.ended();
            if !more {
                self.looked_ms.set(clock.now_ms());
            }
            for inbox in self.watchers.borrow().iter().filter_map(Weak::upgrade) {
                logs.iter().for_each(|log| inbox.borrow_mut().put(log));
            }
            return Ok(cursor.last_read());
        }
    }
}

/// One watcher's logs, in the order of the chain.
pub struct Watch {
    hub: Rc<Hub>,
    addresses: Vec<Address>,
    topics: Vec<B256>,
    pause_ms: u64,
    on_status: OnStatus,
    /// An outage that has lasted longer is an error; none for as long as it takes.
    give_up_ms: Option<u64>,
    /// The looks of its own that fail.
    outage: Outage,
    /// What was told last.
    told: Told,
    state: State,
}

/// Which [`Status`] was told last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    Live,
    CatchingUp,
    Waiting,
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
        let (outage, told) = (Outage::default(), Told::Nothing);
        Self { hub, addresses, topics, pause_ms, on_status: Rc::new(|_| ()), give_up_ms: None, outage, told, state }
    }

    /// Tells how it does, and gives up once an outage has lasted longer than `give_up_ms`.
    #[must_use]
    pub fn with(self, on_status: OnStatus, give_up_ms: Option<u64>) -> Self {
        Self { on_status, give_up_ms, ..self }
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

    /// Tells of a failure, and answers the error when it has lasted long enough.
    fn failed(&mut self, Failed { error, lasted_ms, retry_ms, .. }: Failed) -> Result<(), Error> {
        if self.give_up_ms.is_some_and(|limit| lasted_ms >= limit) {
            return Err(error);
        }
        self.told = Told::Waiting;
        (self.on_status)(Status::Waiting { error, retry_ms });
        Ok(())
    }

    fn tell(&mut self, now: Told, block: u64) {
        if self.told != now {
            self.told = now;
            (self.on_status)(if now == Told::Live { Status::Live { block } } else { Status::CatchingUp { block } });
        }
    }

    /// The next logs; it waits for some, also while no node answers. It may be dropped and called again.
    ///
    /// # Errors
    /// As [`Rpc`]'s reads, once an outage has lasted too long for the caller; nothing is lost, and it may be called again.
    pub async fn next(&mut self) -> Result<VecDeque<Log>, Error> {
        loop {
            match &mut self.state {
                State::Catching(cursor) => {
                    let clock = &self.hub.rpc.io().clock;
                    let (now, until) = (clock.now_ms(), self.outage.until());
                    if now < until {
                        clock.sleep(until - now).await;
                    }
                    let look = match cursor.look(&self.hub.rpc).await {
                        Ok(look) => look,
                        Err(error) => {
                            let failure = self.outage.failed(error, clock.as_ref());
                            self.failed(failure)?;
                            continue;
                        }
                    };
                    self.outage.ended();
                    let block = cursor.last_read();
                    if !look.more
                        && let Some(next) = cursor.next()
                        && let Some(inbox) = self.hub.join(cursor).await
                    {
                        let start = cursor.start().max(next.saturating_sub(OVERLAP_BLOCKS));
                        self.state = State::Live { inbox, start, seen: cursor.recent().collect() };
                        self.tell(Told::Live, block);
                    } else if look.more {
                        self.tell(Told::CatchingUp, block);
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
                    let looked = {
                        let poll = std::pin::pin!(self.hub.poll(self.pause_ms));
                        match select(arrived, poll).await {
                            Either::Left((found, _)) => Ok(found),
                            Either::Right((looked, _)) => Err(looked),
                        }
                    };
                    let mut found = match looked {
                        Ok(found) => found,
                        Err(Ok(block)) => {
                            self.tell(Told::Live, block);
                            continue;
                        }
                        Err(Err(failure)) => {
                            self.failed(failure)?;
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

    use super::super::outage::MAX_RETRY_MS;
    use super::*;
    use crate::io::{Clock, fake};

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

    /// When the node is away, in seconds: ten times, for one second to a minute.
    fn outages() -> Vec<std::ops::Range<u64>> {
        let mut from = 100;
        [1, 2, 3, 5, 8, 13, 20, 30, 45, 60]
            .map(|seconds| {
                from += 100;
                from - 100..from - 100 + seconds
            })
            .into()
    }

    /// A chain with a block, and a log, each second; and how often it was asked while it was away.
    fn chain() -> (Rpc, Rc<Cell<u64>>) {
        let clock: Rc<RefCell<Option<Rc<dyn Clock>>>> = Rc::default();
        let (now, in_vain) = (Rc::clone(&clock), Rc::new(Cell::new(0)));
        let vain = Rc::clone(&in_vain);
        let (io, _) = fake::io(move |request| {
            let seconds = now.borrow().as_ref().map_or(0, |clock| clock.now_ms() / 1000);
            if outages().iter().any(|outage| outage.contains(&seconds)) {
                vain.set(vain.get() + 1);
                return Err(crate::io::HttpFailure::Network("refused".to_owned()));
            }
            let items: Vec<Value> = serde_json::from_slice(&request.body.clone().unwrap_or_default()).unwrap_or_default();
            let zero = B256::ZERO.to_string();
            let log = |block: u64| {
                json!({ "address": Address::ZERO.to_string(), "topics": [zero], "data": "0x", "blockNumber": format!("0x{block:x}"),
                    "blockHash": format!("0x{block:064x}"), "transactionHash": zero, "logIndex": "0x0" })
            };
            let answer = |item: &Value| {
                let edge = |name: &str| {
                    item["params"][0][name].as_str().and_then(|t| u64::from_str_radix(&t[2..], 16).ok()).unwrap_or(0)
                };
                let result = match item["method"].as_str() {
                    Some("eth_blockNumber") => json!(format!("0x{seconds:x}")),
                    _ => (edge("fromBlock")..=edge("toBlock").min(seconds)).map(log).collect(),
                };
                json!({ "id": item["id"], "result": result })
            };
            Ok(fake::reply(&request.url, 200, &[], items.iter().map(answer).collect::<Value>().to_string()))
        });
        *clock.borrow_mut() = Some(Rc::clone(&io.clock));
        (Rpc::new(io, vec!["http://node".to_owned()]), in_vain)
    }

    #[test]
    fn an_outage_ends_nothing_and_each_log_is_given_once_soon_after_it() {
        let (rpc, in_vain) = chain();
        let clock = Rc::clone(&rpc.io().clock);
        let hub = Hub::new(rpc, vec![Address::ZERO], vec![B256::ZERO]);
        let told: Rc<RefCell<Vec<String>>> = Rc::default();
        let log = Rc::clone(&told);
        let mut watch = Watch::new(hub, vec![Address::ZERO], vec![B256::ZERO], Some(1), 1000).with(
            Rc::new(move |status| {
                log.borrow_mut().push(match status {
                    Status::Live { .. } => "live".to_owned(),
                    Status::CatchingUp { .. } => "catching up".to_owned(),
                    Status::Waiting { error, retry_ms } => {
                        assert!(retry_ms <= MAX_RETRY_MS);
                        error.code().to_owned()
                    }
                });
            }),
            None,
        );
        let (mut next, mut latest) = (1, 0);
        while next < 1200 {
            for found in fake::run(watch.next()).unwrap_or_default() {
                assert_eq!(found.block_number, next);
                next += 1;
                let back =
                    outages().into_iter().find(|outage| outage.contains(&found.block_number)).map_or(0, |outage| outage.end);
                latest = latest.max(clock.now_ms().saturating_sub(found.block_number.max(back) * 1000));
            }
        }
        // The look after an outage, or the pause between two looks.
        assert!(latest <= 2000, "{latest} ms");
        assert!(in_vain.get() < 400, "{} requests to a node that is away", in_vain.get());
        told.borrow_mut().dedup();
        // The shorter ones pass within one look, which tries three times.
        let long = outages().into_iter().filter(|outage| outage.end - outage.start > 2);
        let expected: Vec<&str> = ["live"].into_iter().chain(long.flat_map(|_| ["http", "live"])).collect();
        assert_eq!(*told.borrow(), expected);
    }

    #[test]
    fn who_wants_to_wait_no_longer_gets_the_error_and_may_go_on() {
        let (rpc, _) = chain();
        let clock = Rc::clone(&rpc.io().clock);
        let hub = Hub::new(rpc, vec![Address::ZERO], vec![B256::ZERO]);
        let watch = |give_up_ms| {
            Watch::new(Rc::clone(&hub), vec![Address::ZERO], vec![B256::ZERO], Some(1), 1000).with(Rc::new(|_| ()), give_up_ms)
        };
        let (mut patient, mut hasty) = (watch(None), watch(Some(10_000)));
        let (mut last, mut failures) = (0, Vec::new());
        while last < 1200 {
            match fake::run(hasty.next()) {
                Ok(found) => last = found.back().map_or(last, |log| log.block_number),
                Err(error) => failures.push((error.code(), clock.now_ms() / 1000)),
            }
        }
        let long = outages().into_iter().filter(|outage| outage.end - outage.start > 10).collect::<Vec<_>>();
        assert!(
            failures.iter().all(|(code, at)| *code == "http" && long.iter().any(|outage| outage.contains(at))),
            "{failures:?}"
        );
        assert!(long.iter().all(|outage| failures.iter().any(|(_, at)| outage.contains(at))), "{failures:?}");
        assert_eq!(fake::run(patient.next()).unwrap_or_default().front().map(|log| log.block_number), Some(1));
    }
}
