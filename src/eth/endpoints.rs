//! The endpoints of one chain: who is asked, who is asked next, and whether each of them serves that chain.
//!
//! An endpoint is believed once it has told the chain's id. The question goes out with the first requests to it, in the same
//! HTTP request; only a node that does not take so much at once is asked apart. One that serves another chain is passed over. After a failure an
//! endpoint is asked for the id again, because what comes back may be another node.

use std::cell::{Cell, OnceCell};
use std::rc::Rc;
use std::task::Poll;

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, maybe_done, poll_fn};

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
    chain_id: Option<u64>,
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

/// The bodies of an HTTP request for some requests: without the question for the chain's id, and with it.
struct Bodies<'a> {
    items: &'a [Item<'a>],
    laid_out: [OnceCell<Rc<Vec<u8>>>; 2],
}

impl Bodies<'_> {
    fn get(&self, with_id: bool) -> Rc<Vec<u8>> {
        let [without, with] = &self.laid_out;
        let body = if with_id { with } else { without };
        Rc::clone(body.get_or_init(|| Rc::new(write_batch(self.items, with_id).into_bytes())))
    }

    fn trace(&self, with_id: bool) {
        trace::line(|| {
            let methods = self.items.iter().map(|item| item.method).chain(with_id.then_some("eth_chainId"));
            format!("   {}", methods.collect::<Vec<_>>().join(", "))
        });
    }
}

impl Endpoints {
    pub(super) fn new(io: Io, urls: Vec<String>, chain_id: Option<u64>) -> Self {
        let list = urls.into_iter().map(|url| Endpoint { url, known: Cell::new(false) }).collect();
        Self { io, list, chain_id, current: Cell::new(0), largest: Cell::new(MAX_BATCH) }
    }

    pub(super) const fn io(&self) -> &Io {
        &self.io
    }

    pub(super) fn urls(&self) -> Vec<String> {
        self.list.iter().map(|endpoint| endpoint.url.clone()).collect()
    }

    /// The most requests that go out together.
    pub(super) const fn largest(&self) -> &Cell<usize> {
        &self.largest
    }

    /// Asks until there are the answers of `count` endpoints. As many as are missing are asked at once, in their order; those
    /// that fail are replaced by the next.
    ///
    /// # Errors
    /// The failure of an endpoint, when there are too few.
    pub(super) async fn gather(&self, gathered: &mut Gathered, items: &[Item<'_>], count: usize) -> Result<(), Failed> {
        let bodies = Bodies { items, laid_out: Default::default() };
        for round in 0..ROUNDS {
            let mut waiting: Vec<usize> = (0..self.list.len())
                .map(|step| (self.current.get() + step) % self.list.len())
                .filter(|at| !gathered.out.contains(at) && !gathered.answers.iter().any(|(answered, _)| answered == at))
                .collect();
            if waiting.is_empty() {
                break;
            }
            if round > 0 {
                self.io.clock.sleep(PAUSE_MS).await;
            }
            while !waiting.is_empty() {
                let rest = waiting.split_off(waiting.len().min(count.saturating_sub(gathered.answers.len())));
                let asked = std::mem::replace(&mut waiting, rest);
                let endpoints = asked.iter().filter_map(|at| self.list.get(*at));
                let answers = all(endpoints.map(|one| self.ask(one, &bodies).boxed_local()).collect()).await;
                for (at, answer) in asked.into_iter().zip(answers) {
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

    async fn ask(&self, endpoint: &Endpoint, bodies: &Bodies<'_>) -> Result<Replies, Failed> {
        let answer = self.ask_known(endpoint, bodies).await;
        if !matches!(answer, Ok(_) | Err(Failed::TooMuch(_))) {
            endpoint.known.set(false);
        }
        answer
    }

    async fn ask_known(&self, endpoint: &Endpoint, bodies: &Bodies<'_>) -> Result<Replies, Failed> {
        let Some(expected) = self.chain_id.filter(|_| !endpoint.known.get()) else {
            return self.post(endpoint, bodies, false).await;
        };
        if bodies.items.len() < self.largest.get() {
            match self.post(endpoint, bodies, true).await {
                Ok(mut replies) => return endpoint.check(expected, &mut replies).map(|()| replies),
                // It may be that it takes the requests, but not one more beside them.
                Err(failed) if refuses_batch(&failed, bodies.items.len()) => {}
                Err(failed) => return Err(failed),
            }
        }
        let question = Bodies { items: &[], laid_out: Default::default() };
        let mut told = self.post(endpoint, &question, true).await?;
        endpoint.check(expected, &mut told)?;
        self.post(endpoint, bodies, false).await
    }

    /// One HTTP request.
    async fn post(&self, endpoint: &Endpoint, bodies: &Bodies<'_>, with_id: bool) -> Result<Replies, Failed> {
        let url = &endpoint.url;
        let request = HttpRequest {
            timeout_ms: TIMEOUT_MS,
            max_bytes: MAX_REPLY,
            ..HttpRequest::post(url, "application/json", bodies.get(with_id))
        };
        let id = request.id;
        bodies.trace(with_id);
        let (status, reason) = match self.io.send(request).await {
            // Some nodes send JSON-RPC errors with 4xx; those that parse are answers.
            Ok(reply) if reply.head.status == 200 || (reply.head.status < 429 && looks_like_rpc(&reply.body)) => {
                let replies = Replies::read(id, public_url(url), reply.body, bodies.items.len() + usize::from(with_id));
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
        Err(Failed::Now(Error::from(Kind::Http { url: public_url(url), status, reason }).of_request(id)))
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

/// Whether a failure of so many requests with the question for the chain's id may be due to that question: the node refused them as
/// a whole; or it takes no batches, and says so in whatever way, and there was one request besides.
fn refuses_batch(failed: &Failed, requests: usize) -> bool {
    match failed {
        Failed::TooMuch(error) => error.said().is_some_and(|said| said.code.is_some()),
        Failed::Ever(error) => requests == 1 && matches!(**error, Kind::Protocol { .. }),
        Failed::Now(error) => {
            requests == 1 && matches!(**error, Kind::Http { status: Some(400 | 405 | 415 | 422 | 500 | 501), .. })
        }
    }
}

fn too_large(url: &str, message: &str, id: u32) -> Failed {
    let said = Said { message: message.to_owned(), ..Said::default() };
    Failed::TooMuch(Error::from(Kind::Rpc { url: public_url(url), said }).of_request(id))
}

fn looks_like_rpc(body: &[u8]) -> bool {
    matches!(body.first(), Some(b'{' | b'['))
}

/// The outputs of several futures, run at the same time.
async fn all<T>(futures: Vec<LocalBoxFuture<'_, T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(maybe_done).collect();
    poll_fn(|context| {
        // Each is polled, whether or not one before it is ready.
        let waiting = futures.iter_mut().filter_map(|future| future.poll_unpin(context).is_pending().then_some(())).count();
        if waiting == 0 { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    futures.iter_mut().filter_map(|future| std::pin::Pin::new(future).take_output()).collect()
}
