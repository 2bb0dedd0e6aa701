//! The endpoints of one chain: who is asked, who is asked next, and whether each of them serves that chain.
//!
//! An endpoint is believed once it has told the chain's id. The question goes out with the first requests to it, in the same
//! HTTP request; only a node that does not take so much at once is asked apart. One that serves another chain is passed over. After a failure an
//! endpoint is asked for the id again, because what comes back may be another node.

use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::{maybe_done, poll_fn};

use super::replies::Replies;
use super::rpc::{Item, write_batch};
use crate::error::{Error, Kind, Said, public_url};
use crate::io::{HttpFailure, HttpRequest, Io, trace};

/// A node's answer may have this many bytes.
const MAX_REPLY: usize = 32 << 20;
/// A node may take this long for one batch.
const TIMEOUT_MS: u64 = 30_000;
/// Requests that go out together at first.
const MAX_BATCH: usize = 1000;
/// Rounds over all endpoints before giving up.
const ROUNDS: u32 = 3;
/// The pause between two rounds.
const PAUSE_MS: u64 = 1000;

/// The endpoints of one chain, in the caller's order.
pub(super) struct Endpoints {
    io: Io,
    list: Vec<Endpoint>,
    /// The chain that they should serve, where it is known.
    chain_id: Cell<Option<u64>>,
    /// The endpoint that answered last goes first.
    current: Cell<usize>,
    /// The most requests that go out together; less once a node has refused more.
    largest: Cell<usize>,
}

struct Endpoint {
    url: String,
    /// It has told the right chain's id, and has not failed since.
    known: Cell<bool>,
}

/// Why an endpoint gave no answer.
pub(super) enum Failed {
    /// It may have one a moment later.
    Now(Error),
    /// Not to this question: it serves another chain, or speaks no JSON-RPC.
    Ever(Error),
    /// It wants fewer requests at once, or gives less at once.
    TooMuch(Error),
}

impl Failed {
    pub(super) fn into_error(self) -> Error {
        match self {
            Self::Now(error) | Self::Ever(error) | Self::TooMuch(error) => error,
        }
    }
}

/// The answers of several endpoints to the same requests, as they are gathered.
#[derive(Default)]
pub(super) struct Gathered {
    /// Each endpoint's answers, with its place in the list.
    pub(super) answers: Vec<(usize, Replies)>,
    /// Endpoints that are not asked again.
    out: Vec<usize>,
    /// An endpoint serves another chain.
    wrong: Option<Error>,
    last: Option<Error>,
}

impl Gathered {
    /// Whether an endpoint needs not be asked any more.
    fn is_settled(&self, at: usize) -> bool {
        self.out.contains(&at) || self.answers.iter().any(|(answered, _)| *answered == at)
    }

    fn failed(&mut self, at: usize, failed: Failed) {
        let error = match failed {
            Failed::Now(error) => error,
            Failed::Ever(error) | Failed::TooMuch(error) => {
                self.out.push(at);
                error
            }
        };
        let place = if matches!(*error, Kind::WrongChain { .. }) { &mut self.wrong } else { &mut self.last };
        *place = Some(error);
    }

    /// Why there are too few answers: an endpoint of another chain stays so, and the others' failure is told beside it.
    fn take_error(&mut self) -> Error {
        let last = self.last.take();
        match self.wrong.take().map(Error::into_kind) {
            Some(Kind::WrongChain { expected, actual, who, .. }) => {
                let message = last.map(|error| error.to_string()).unwrap_or_default();
                Kind::WrongChain { expected, actual, who, said: Said { message, ..Said::default() } }.into()
            }
            _ => last.unwrap_or_else(|| Error::protocol("an RPC URL", "none")),
        }
    }
}

impl Endpoints {
    pub(super) fn new(io: Io, urls: Vec<String>) -> Self {
        let list = urls.into_iter().map(|url| Endpoint { url, known: Cell::new(false) }).collect();
        Self { io, list, chain_id: Cell::new(None), current: Cell::new(0), largest: Cell::new(MAX_BATCH) }
    }

    /// Believes only those of this chain.
    pub(super) fn expect(&self, chain_id: u64) {
        self.chain_id.set(Some(chain_id));
        self.list.iter().for_each(|endpoint| endpoint.known.set(false));
    }

    pub(super) const fn io(&self) -> &Io {
        &self.io
    }

    /// The most requests that go out together.
    pub(super) const fn largest(&self) -> &Cell<usize> {
        &self.largest
    }

    /// Asks until there are the answers of `count` endpoints. As many as are missing are asked at once, in their order; those
    /// that fail are replaced by the next. Where one is wanted besides those that have answered, the others are tried once.
    ///
    /// # Errors
    /// The failure of an endpoint, when there are too few.
    pub(super) async fn gather(&self, gathered: &mut Gathered, items: &[Item<'_>], count: usize) -> Result<(), Failed> {
        let rounds = if gathered.answers.is_empty() { ROUNDS } else { 1 };
        for round in 0..rounds {
            let mut waiting = Vec::with_capacity(self.list.len());
            for step in 0..self.list.len() {
                let at = (self.current.get() + step) % self.list.len();
                if !gathered.is_settled(at) {
                    waiting.push(at);
                }
            }
            if waiting.is_empty() {
                break;
            }
            if round > 0 {
                self.io.clock.sleep(PAUSE_MS).await;
            }
            while !waiting.is_empty() {
                let rest = waiting.split_off(waiting.len().min(count.saturating_sub(gathered.answers.len())));
                let asked = std::mem::replace(&mut waiting, rest);
                for (at, answer) in self.ask_all(asked, items).await {
                    match answer {
                        Ok(replies) => gathered.answers.push((at, replies)),
                        // Asking for less may help; asking again will not.
                        Err(Failed::TooMuch(error)) => return Err(Failed::TooMuch(error)),
                        Err(failed) => gathered.failed(at, failed),
                    }
                }
                if gathered.answers.len() >= count {
                    self.current.set(gathered.answers.first().map(|(at, _)| *at).unwrap_or_default());
                    return Ok(());
                }
            }
        }
        Err(Failed::Ever(gathered.take_error()))
    }

    /// Asks these endpoints at the same time.
    async fn ask_all(&self, asked: Vec<usize>, items: &[Item<'_>]) -> Vec<(usize, Result<Replies, Failed>)> {
        let mut answers = Vec::with_capacity(asked.len());
        for at in asked {
            if let Some(endpoint) = self.list.get(at) {
                answers.push((at, maybe_done(self.ask(endpoint, items).boxed_local())));
            }
        }
        poll_fn(|context| {
            let mut poll = Poll::Ready(());
            for (_, answer) in &mut answers {
                // Each is polled, whether or not one before it is ready.
                if answer.poll_unpin(context).is_pending() {
                    poll = Poll::Pending;
                }
            }
            poll
        })
        .await;
        answers.into_iter().filter_map(|(at, mut answer)| Some((at, Pin::new(&mut answer).take_output()?))).collect()
    }

    async fn ask(&self, endpoint: &Endpoint, items: &[Item<'_>]) -> Result<Replies, Failed> {
        let expected = self.chain_id.get();
        let mut with_id = expected.is_some() && !endpoint.known.get();
        // A node that takes no more than these is asked for the chain's id apart.
        let mut asked = if with_id && items.len() >= self.largest.get() { &[] } else { items };
        loop {
            let answer = self.post(endpoint, asked, with_id).await;
            let checked = answer.and_then(|mut replies| {
                let told = expected.filter(|_| with_id);
                told.map_or(Ok(()), |expected| endpoint.check(expected, &mut replies)).map(|()| replies)
            });
            match checked {
                Ok(_) if asked.len() < items.len() => (asked, with_id) = (items, false),
                // It may be that it takes the requests, but not one more beside them.
                Err(failed) if with_id && refuses_batch(&failed, asked.len()) => asked = &[],
                answer => {
                    if let Err(Failed::Now(_) | Failed::Ever(_)) = answer {
                        endpoint.known.set(false);
                    }
                    return answer;
                }
            }
        }
    }

    /// One HTTP request, with the question for the chain's id behind the others where it is wanted.
    async fn post(&self, endpoint: &Endpoint, items: &[Item<'_>], with_id: bool) -> Result<Replies, Failed> {
        let url = public_url(&endpoint.url);
        let body = Rc::new(write_batch(items, with_id).into_bytes());
        let request = HttpRequest {
            timeout_ms: TIMEOUT_MS,
            max_bytes: MAX_REPLY,
            ..HttpRequest::post(&endpoint.url, "application/json", body)
        };
        let id = request.id;
        trace::line(|| {
            let mut methods: Vec<&str> = items.iter().map(|item| item.method).collect();
            methods.extend(with_id.then_some("eth_chainId"));
            ["   ", &methods.join(", ")].concat()
        });
        let (status, reason) = match self.io.send(request).await {
            // Some nodes send JSON-RPC errors with 4xx; those that parse are answers.
            Ok(reply) if reply.head.status == 200 || (reply.head.status < 429 && looks_like_rpc(&reply.body)) => {
                let replies = Replies::read(id, url, reply.body, items.len() + usize::from(with_id));
                return replies.map_err(|error| match *error {
                    Kind::Rpc { .. } => Failed::TooMuch(error.of_request(id)),
                    _ => Failed::Ever(error.of_request(id)),
                });
            }
            Ok(reply) if reply.head.status == 413 => return Err(too_large(url, "the request is too large", id)),
            Err(HttpFailure::TooLarge(_)) => return Err(too_large(url, "the answer is too large", id)),
            Ok(reply) => (Some(reply.head.status), String::from("a bad status")),
            Err(failure) => (None, failure.to_string()),
        };
        Err(Failed::Now(Error::from(Kind::Http { url, status, reason }).of_request(id)))
    }
}

impl Endpoint {
    /// Takes the chain's id off the end of an endpoint's answers.
    fn check(&self, expected: u64, replies: &mut Replies) -> Result<(), Failed> {
        // A node that is too busy to tell may tell later; until then it is not believed.
        let actual = replies.pop_quantity().map_err(Failed::Now)?;
        if actual == expected {
            self.known.set(true);
            return Ok(());
        }
        let who = public_url(&self.url);
        Err(Failed::Ever(Kind::WrongChain { expected, actual, who, said: Said::default() }.into()))
    }
}

/// Whether a failure of some requests with the question for the chain's id beside them may be due to that question: the node refused
/// them as a whole; or it takes no batches, and says so in whatever way, and there was one request besides.
fn refuses_batch(failed: &Failed, requests: usize) -> bool {
    match failed {
        Failed::TooMuch(error) => requests > 0 && error.said().is_some_and(|said| said.code.is_some()),
        Failed::Ever(error) => requests == 1 && matches!(**error, Kind::Protocol { .. }),
        Failed::Now(error) => {
            requests == 1 && matches!(**error, Kind::Http { status: Some(400 | 405 | 415 | 422 | 500 | 501), .. })
        }
    }
}

fn too_large(url: String, message: &str, id: u32) -> Failed {
    let said = Said { message: message.to_owned(), ..Said::default() };
    Failed::TooMuch(Error::from(Kind::Rpc { url, said }).of_request(id))
}

fn looks_like_rpc(body: &[u8]) -> bool {
    matches!(body.first(), Some(b'{' | b'['))
}
