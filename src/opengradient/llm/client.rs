//! The flows: from a request to an answer that is the enclave's own.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::B256;
use futures_util::stream::StreamExt as _;

use super::answer::{ChatAnswer, CompletionAnswer, SettlementInfo, TeeFields, failure_text};
use super::chat_stream::ChatStream;
use super::models::{Settlement, is_known};
use super::request::{ChatRequest, CompletionRequest};
use super::signed::{Asked, Covers};
use super::stream::Chunk;
use super::{Payment, SendFailure, Sender, Sent, Source, Verify, images};
use crate::base64;
use crate::error::{Error, Kind, ProofCheck, public_url};
use crate::io::{HttpFailure, HttpRequest, HttpStream, Io, Redirects};
use crate::opengradient::tee::freshness::{Accepted, MAX_SKEW, Window};
use crate::opengradient::tee::proof::{self, Proof, Statement};
use crate::opengradient::tee::registry::{Registry, Tee, is_endpoint};

/// The key that the official SDKs send: servers demand one, payment replaces it.
const PLACEHOLDER_KEY: &str = "Bearer 0x1234567890abcdef1234567890abcdef1234567890abcdef1234567890abcdef";
/// How much of a failed request's body is read.
const MAX_FAILURE: usize = 64 << 10;

/// Who is asked.
#[derive(Clone)]
pub enum Enclaves {
    /// The registry's enclaves.
    Registry(Registry),
    /// One server. With a registry, its answers must be signed by an enclave that is active there.
    Fixed {
        /// The server's base URL.
        endpoint: String,
        /// Where the keys of its enclaves are.
        keys: Option<Registry>,
    },
}

/// How requests are sent and answers checked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How answers are checked.
    pub verify: Verify,
    /// How many seconds an enclave's clock may be off: its signature is made between the question and the answer.
    pub max_skew: u64,
    /// How payments are settled unless a request says otherwise.
    pub settlement: Settlement,
    /// Milliseconds for each exchange, and for each piece of a streamed body. Official: 60 s.
    pub timeout_ms: u64,
    /// Milliseconds for a whole streamed body.
    pub stream_timeout_ms: u64,
    /// The most bytes of an answer.
    pub max_bytes: usize,
    /// Whether images that are https URLs of public addresses are fetched. Nobody signs these URLs.
    pub inline_images: bool,
    /// Whether a model that is not in our tables is refused before anything is sent. Servers learn new models faster than these tables.
    pub strict_models: bool,
    /// Whether another enclave is asked, once, where one gives no HTTP answer and nothing was paid.
    pub failover: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            verify: Verify::Strict,
            max_skew: MAX_SKEW,
            settlement: Settlement::BatchHashed,
            timeout_ms: 60_000,
            stream_timeout_ms: 900_000,
            max_bytes: 64 << 20,
            inline_images: false,
            strict_models: false,
            failover: true,
        }
    }
}

/// An answer with what is known about its way here.
#[derive(Clone)]
pub struct Output<A> {
    /// The answer.
    pub answer: A,
    /// The enclave that was asked.
    pub source: Source,
    /// What the server says about settlement.
    pub settlement: SettlementInfo,
    /// The proof, unless checks are off.
    pub proof: Option<Proof>,
    /// The sender's record of the payment.
    pub payment: Option<Payment>,
}

/// LLM requests to enclaves. Clones share what is known about the enclaves.
#[derive(Clone)]
pub struct Llm {
    io: Io,
    sender: Rc<dyn Sender>,
    enclaves: Enclaves,
    options: Options,
    /// The signatures of this client's answers.
    accepted: Rc<RefCell<Accepted>>,
}

/// The server that is asked, and its enclave where it is known beforehand.
#[derive(Clone)]
pub(super) struct Target {
    endpoint: String,
    tee: Option<Rc<Tee>>,
    /// When it was asked, unix seconds.
    asked_at: u64,
}

/// An answer before it is proven.
pub(super) struct Unproven<'a> {
    /// What was asked.
    pub(super) asked: &'a Asked,
    /// What the enclave is said to have signed.
    pub(super) output: &'a str,
    pub(super) covers: Covers,
    pub(super) stated: &'a TeeFields,
    /// There are tool calls beside it.
    pub(super) unsigned_calls: bool,
}

/// A proven answer.
pub(super) struct Proven {
    pub(super) proof: Proof,
    /// The tool calls, put together again from what was signed.
    pub(super) calls: Option<String>,
}

impl Target {
    pub(super) fn source(&self) -> Source {
        self.tee.as_ref().map_or_else(|| Source { endpoint: self.endpoint.clone(), ..Source::default() }, |tee| Source::of(tee))
    }
}

impl Llm {
    /// A client that sends through `sender`.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] for an endpoint that is no URL, and for checks without a registry to take keys from.
    pub fn new(io: Io, sender: Rc<dyn Sender>, mut enclaves: Enclaves, options: Options) -> Result<Self, Error> {
        if let Enclaves::Fixed { endpoint, keys } = &mut enclaves {
            endpoint.truncate(endpoint.trim_end_matches('/').len());
            if !is_endpoint(endpoint) {
                return Err(Error::input("endpoint", "must be an http(s) URL without credentials, query or fragment"));
            }
            if keys.is_none() && options.verify != Verify::Off {
                return Err(Error::input(
                    "verify",
                    "without a registry there are no keys to check answers with; turn checks off",
                ));
            }
        }
        Ok(Self { io, sender, enclaves, options, accepted: Rc::default() })
    }

    /// The same with another sender; what is known about the enclaves and their signatures is shared.
    pub fn sent_by(&self, sender: Rc<dyn Sender>) -> Self {
        Self { sender, ..self.clone() }
    }

    #[cfg(test)]
    pub(super) const fn with_max_skew(mut self, max_skew: u64) -> Self {
        self.options.max_skew = max_skew;
        self
    }

    #[cfg(test)]
    pub(super) const fn with_inline_images(mut self) -> Self {
        self.options.inline_images = true;
        self
    }

    pub(super) const fn io(&self) -> &Io {
        &self.io
    }

    pub(super) const fn options(&self) -> &Options {
        &self.options
    }

    /// A chat answer, whole. `tee_id` asks a certain enclave.
    ///
    /// # Errors
    /// [`Kind::TeeUnavailable`] when no enclave answers (nothing was paid), [`Kind::Llm`] for a failure of the server,
    /// [`Kind::ProofFailed`], and the sender's own.
    pub async fn chat(&self, request: &ChatRequest, tee_id: Option<B256>) -> Result<Output<ChatAnswer>, Error> {
        let (target, sent) =
            self.open("/v1/chat/completions", &request.model, request.body(false), request.settlement, tee_id).await?;
        self.read_chat(request, target, sent).await
    }

    pub(super) async fn read_chat(&self, request: &ChatRequest, target: Target, sent: Sent) -> Result<Output<ChatAnswer>, Error> {
        let Sent { response: reply, payment } = sent;
        let settlement = SettlementInfo::read(&reply.head);
        let url = public_url(&reply.head.url);
        let unpaid = payment.is_none();
        let body = self.whole(reply, unpaid).await?;
        let mut answer = ChatAnswer::read(&body).map_err(|message| Kind::Llm { url, status: 200, message, unpaid })?;
        let unproven = Unproven {
            asked: &request.asked,
            output: &answer.output,
            covers: answer.covers,
            stated: &answer.tee,
            unsigned_calls: answer.unsigned_calls(),
        };
        let proof = match self.prove(&target, unproven).await? {
            Some(Proven { proof, calls }) => {
                answer.keep_signed(calls);
                Some(proof)
            }
            None => None,
        };
        if self.options.inline_images {
            images::inline(&self.io, &mut answer.images, self.options.timeout_ms).await;
        }
        Ok(Output { answer, source: target.source(), settlement, proof, payment })
    }

    /// A completion.
    ///
    /// # Errors
    /// As [`Llm::chat`].
    pub async fn completion(&self, request: &CompletionRequest, tee_id: Option<B256>) -> Result<Output<CompletionAnswer>, Error> {
        let body = request.body().to_owned();
        let (target, Sent { response: reply, payment }) =
            self.open("/v1/completions", &request.model, body, request.settlement, tee_id).await?;
        let settlement = SettlementInfo::read(&reply.head);
        let url = public_url(&reply.head.url);
        let unpaid = payment.is_none();
        let body = self.whole(reply, unpaid).await?;
        let answer = CompletionAnswer::read(&body).map_err(|message| Kind::Llm { url, status: 200, message, unpaid })?;
        let (output, stated) = (&answer.completion, &answer.tee);
        let unproven = Unproven { asked: &request.asked, output, covers: Covers::Text, stated, unsigned_calls: false };
        let proof = self.prove(&target, unproven).await?.map(|proven| proven.proof);
        Ok(Output { answer, source: target.source(), settlement, proof, payment })
    }

    /// A chat answer as it is written; tool calls are whole, in its last chunk. A server that does not stream gives one chunk.
    ///
    /// # Errors
    /// As [`Llm::chat`]; what goes wrong later is told by [`ChatStream::next`].
    pub async fn chat_stream(&self, request: &ChatRequest, tee_id: Option<B256>) -> Result<ChatStream, Error> {
        let (target, sent) =
            self.open("/v1/chat/completions", &request.model, request.body(true), request.settlement, tee_id).await?;
        let is_json = sent.response.head.header("content-type").is_some_and(|kind| kind.starts_with("application/json"));
        if !is_json {
            return Ok(ChatStream::new(self.clone(), Rc::clone(&request.asked), target, sent));
        }
        let Output { answer, source, settlement, proof, payment } = self.read_chat(request, target, sent).await?;
        Ok(ChatStream::whole(
            self.clone(),
            Chunk {
                model: answer.model,
                role: Some("assistant"),
                content: Some(answer.content),
                tool_calls: answer.tool_calls,
                finish_reason: answer.finish_reason,
                usage: answer.usage,
                is_final: true,
                images: answer.images,
                tee: answer.tee,
                settlement,
                source,
                proof,
                malformed: 0,
            },
            payment,
        ))
    }

    /// Sends to an enclave. Where no HTTP answer comes at all and nothing was paid, another one is asked, once.
    async fn open(
        &self,
        path: &str,
        model: &str,
        body: String,
        settlement: Option<Settlement>,
        pinned: Option<B256>,
    ) -> Result<(Target, Sent), Error> {
        if self.options.strict_models && !is_known(model) {
            return Err(Error::input("model", "is not one of TeeLlm, and strictModels takes no other"));
        }
        let settlement = settlement.unwrap_or(self.options.settlement).header();
        let body = Rc::new(body.into_bytes());
        let request = |target: &Target| HttpRequest {
            headers: vec![
                ("content-type".into(), "application/json".to_owned()),
                ("authorization".into(), PLACEHOLDER_KEY.to_owned()),
                ("x-settlement-type".into(), settlement.to_owned()),
            ],
            // A payment is for the server that was chosen.
            redirects: Redirects::Refuse,
            timeout_ms: self.options.timeout_ms,
            max_bytes: self.options.max_bytes,
            ..HttpRequest::post([&target.endpoint, path].concat(), "application/json", Rc::clone(&body))
        };
        let mut target = self.target(pinned, None).await?;
        let mut sent = self.sender.send(request(&target)).await;
        if self.options.failover
            && let Err(SendFailure::NoAnswer(_)) = sent
        {
            let failed = target.tee.as_ref().map(|tee| tee.id);
            target = self.target(pinned, failed).await?;
            sent = self.sender.send(request(&target)).await;
        }
        let sent = sent.map_err(|failure| match failure {
            SendFailure::Failed(error) => error,
            SendFailure::NoAnswer(error) => {
                let reason = ["no answer from ", &public_url(&target.endpoint), ": ", &error.to_string()].concat();
                Kind::TeeUnavailable { tee_id: target.tee.as_ref().map(|tee| tee.id), reason }.into()
            }
        })?;
        let reply = sent.response;
        if reply.head.is_success() {
            return Ok((target, Sent { response: reply, payment: sent.payment }));
        }
        let (url, status) = (public_url(&reply.head.url), reply.head.status);
        let (text, _) = self.read(reply, MAX_FAILURE).await;
        Err(Kind::Llm { url, status, message: failure_text(&text), unpaid: sent.payment.is_none() }.into())
    }

    async fn target(&self, pinned: Option<B256>, failed: Option<B256>) -> Result<Target, Error> {
        let tee = match (&self.enclaves, pinned) {
            (Enclaves::Fixed { endpoint, .. }, None) => {
                return Ok(Target { endpoint: endpoint.clone(), tee: None, asked_at: self.io.now() });
            }
            (Enclaves::Fixed { .. }, Some(_)) => {
                return Err(Error::input("teeId", "a fixed endpoint chooses its enclave itself"));
            }
            (Enclaves::Registry(registry), pinned) => {
                let chosen = async {
                    match pinned {
                        Some(id) => registry.find(id).await,
                        None => registry.pick(failed).await,
                    }
                };
                let silent = || {
                    let reason = "the registry's node gave no answer within the time limit".to_owned();
                    Err(Kind::TeeUnavailable { tee_id: pinned, reason }.into())
                };
                self.io.within(self.options.timeout_ms, chosen).await.unwrap_or_else(silent)?
            }
        };
        Ok(Target { endpoint: tee.endpoint.clone(), tee: Some(tee), asked_at: self.io.now() })
    }

    /// Checks an answer as the options want it; `None` when checks are off.
    pub(super) async fn prove(&self, target: &Target, answer: Unproven<'_>) -> Result<Option<Proven>, Error> {
        let Unproven { asked, output, covers, stated, unsigned_calls } = answer;
        if self.options.verify == Verify::Off {
            return Ok(None);
        }
        let fail = |check, reason: String, tee_id| Error::from(Kind::ProofFailed { check, reason, tee_id });
        let (tee, expected) = match (&target.tee, &self.enclaves) {
            (Some(tee), _) => (Rc::clone(tee), Some(tee.id)),
            (None, Enclaves::Registry(registry) | Enclaves::Fixed { keys: Some(registry), .. }) => {
                let id = stated.tee_id.as_deref().and_then(proof::parse_id);
                let id = id.ok_or_else(|| fail(ProofCheck::Fields, "the answer has no valid tee_id".to_owned(), None))?;
                // Whatever the registry's failure, it does not undo that the request was answered.
                let found = registry.find(id).await;
                (found.map_err(|error| fail(ProofCheck::TeeId, error.to_string(), Some(id)))?, None)
            }
            (None, Enclaves::Fixed { keys: None, .. }) => {
                return Err(fail(ProofCheck::TeeId, "there is no registry to take its key from".to_owned(), None));
            }
        };
        if unsigned_calls {
            let reason = "it holds tool calls that its signature does not cover".to_owned();
            return Err(fail(ProofCheck::Unsigned, reason, Some(tee.id)));
        }
        let window = Window { asked: target.asked_at, now: self.io.now(), max_skew: self.options.max_skew };
        let statement = Statement { request: &asked.canonical, output, covers, stated };
        let proof = proof::verify(&*self.io.crypto, window, &tee.public_key, expected, statement).await?;
        let calls = match covers {
            Covers::ToolCalls => asked.calls(output).map(Some),
            Covers::Text => asked.text(output).map(|()| None),
        };
        let calls = calls.map_err(|reason| fail(ProofCheck::ToolCalls, reason, Some(tee.id)))?;
        // Last, and with nothing to wait for after it: a call that is dropped before can be made again.
        let signature = base64::decode(&proof.signature).unwrap_or_default();
        if !self.accepted.borrow_mut().take(proof.timestamp, &signature) {
            let reason = "this signature was accepted before, for an earlier answer".to_owned();
            return Err(fail(ProofCheck::Replayed, reason, Some(tee.id)));
        }
        Ok(Some(Proven { proof, calls }))
    }

    /// The whole body of a successful answer.
    async fn whole(&self, reply: HttpStream, unpaid: bool) -> Result<Vec<u8>, Error> {
        let (url, status) = (public_url(&reply.head.url), reply.head.status);
        let (body, failure) = self.read(reply, self.options.max_bytes).await;
        match failure {
            None => Ok(body),
            Some(failure) => Err(Kind::Llm { url, status, message: failure.to_string(), unpaid }.into()),
        }
    }

    /// What comes of a body within the time, up to `limit` bytes.
    async fn read(&self, reply: HttpStream, limit: usize) -> (Vec<u8>, Option<HttpFailure>) {
        let mut stream = reply.body;
        let mut body = Vec::new();
        let collect = async {
            while let Some(piece) = stream.next().await {
                let piece = piece?;
                if body.len() + piece.len() > limit {
                    return Err(HttpFailure::TooLarge(limit));
                }
                body.extend_from_slice(&piece);
            }
            Ok(())
        };
        let result = self.io.within(self.options.timeout_ms, collect).await;
        let failure = result.unwrap_or(Err(HttpFailure::Timeout)).err();
        (body, failure)
    }
}
