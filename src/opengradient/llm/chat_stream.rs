//! A chat answer as it comes.

use std::collections::VecDeque;
use std::rc::Rc;

use futures_util::stream::StreamExt as _;

use super::answer::SettlementInfo;
use super::client::{Llm, Proven, Target, Unproven};
use super::signed::{Asked, Covers};
use super::sse::{Parser, TooLong};
use super::stream::{Assembler, Chunk};
use super::{Payment, Sent, Verify, images};
use crate::error::{Error, Kind, ProofCheck, public_url};
use crate::io::{HttpBody, HttpFailure};

const WITHOUT_CALLS: &str = "the stream ended for tool calls and held none, as older gateways do: ask without stream";

/// Chunks of one answer. Dropping it stops the request.
pub struct ChatStream {
    llm: Llm,
    /// Chunks that may be given out.
    ready: VecDeque<Chunk>,
    /// `None` once the stream is over, for better or worse.
    open: Option<Open>,
    payment: Option<Payment>,
}

struct Open {
    asked: Rc<Asked>,
    target: Target,
    settlement: SettlementInfo,
    url: String,
    /// No payment went with the request.
    unpaid: bool,
    body: HttpBody,
    parser: Parser,
    assembler: Assembler,
    bytes: usize,
    deadline_ms: u64,
    /// Kept, so that a dropped call can be made again: a signature is good once.
    proven: Option<Proven>,
}

impl ChatStream {
    pub(super) fn new(llm: Llm, asked: Rc<Asked>, target: Target, sent: Sent) -> Self {
        let Sent { response: reply, payment } = sent;
        let deadline_ms = llm.io().clock.now_ms().saturating_add(llm.options().stream_timeout_ms);
        let open = Open {
            asked,
            target,
            settlement: SettlementInfo::read(&reply.head),
            url: public_url(&reply.head.url),
            unpaid: payment.is_none(),
            body: reply.body,
            parser: Parser::default(),
            assembler: Assembler::default(),
            bytes: 0,
            deadline_ms,
            proven: None,
        };
        Self { llm, ready: VecDeque::new(), open: Some(open), payment }
    }

    pub(super) fn whole(llm: Llm, chunk: Chunk, payment: Option<Payment>) -> Self {
        Self { llm, ready: VecDeque::from([chunk]), open: None, payment }
    }

    /// The sender's record of the payment; it is there from the start, and stays when the stream fails.
    pub fn payment(&self) -> Option<Payment> {
        self.payment.clone()
    }

    /// The next chunk; `None` after the final one. After an error there is nothing more. A call that is dropped loses nothing.
    ///
    /// # Errors
    /// [`Kind::StreamCut`] when the stream ends without its final chunk, [`Kind::ProofFailed`] when it is not proven,
    /// [`Kind::Llm`] when the server says that it failed. The request may have been paid in each case.
    pub async fn next(&mut self) -> Result<Option<Chunk>, Error> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Ok(Some(chunk));
            }
            let Some(open) = &mut self.open else { return Ok(None) };
            let over = match open.piece(&self.llm).await {
                Ok(over) => over,
                Err(error) => {
                    self.open = None;
                    return Err(error);
                }
            };
            let Some(open) = &mut self.open else { return Ok(None) };
            if over {
                // Taken only when all is done, so that a dropped call can be made again.
                let outcome = open.end(&self.llm).await;
                self.open = None;
                self.ready = outcome?;
            } else if self.llm.options().verify != Verify::Strict {
                self.ready.append(&mut open.assembler.ready);
            }
        }
    }
}

impl Open {
    /// Takes the next piece of the body; `true` when the answer is over.
    async fn piece(&mut self, llm: &Llm) -> Result<bool, Error> {
        if self.assembler.done {
            return Ok(true);
        }
        let left = self.deadline_ms.saturating_sub(llm.io().clock.now_ms()).min(llm.options().timeout_ms);
        let piece = llm.io().within(left, self.body.next()).await.unwrap_or(Some(Err(HttpFailure::Timeout)));
        let mut told = Ok(());
        let (assembler, limit) = (&mut self.assembler, llm.options().max_bytes);
        let mut event = |data: &[u8]| {
            if told.is_ok() {
                told = assembler.event(data);
            }
        };
        let cut = match piece {
            Some(Ok(bytes)) => {
                self.bytes = self.bytes.saturating_add(bytes.len());
                let taken = self.parser.push(&bytes, &mut event);
                if self.bytes > limit { Some(HttpFailure::TooLarge(limit).to_string()) } else { taken.err().map(too_long) }
            }
            Some(Err(failure)) => Some(failure.to_string()),
            None => Some(match self.parser.finish(&mut event) {
                Ok(()) => "it ended without a final chunk".to_owned(),
                Err(failure) => too_long(failure),
            }),
        };
        if let Err(message) = told {
            return Err(Kind::Llm { url: self.url.clone(), status: 200, message, unpaid: self.unpaid }.into());
        }
        match cut {
            None => Ok(self.assembler.done),
            // With its final chunk an answer is whole, however the connection ended.
            Some(_) if self.assembler.done || self.assembler.has_final() => {
                self.assembler.done = true;
                Ok(true)
            }
            Some(reason) => Err(Kind::StreamCut { chunks: self.assembler.chunks, reason }.into()),
        }
    }

    /// What is left to give out when the answer is over, proven.
    async fn end(&mut self, llm: &Llm) -> Result<VecDeque<Chunk>, Error> {
        let mut last = self.assembler.last();
        let finish_reason = last.finish_reason.as_deref();
        let (covers, output) = self.assembler.output(finish_reason);
        let has_calls = self.assembler.has_calls();
        // Nobody else would tell that the calls are missing.
        if llm.options().verify == Verify::Off && finish_reason == Some("tool_calls") && !has_calls {
            let (url, message) = (self.url.clone(), WITHOUT_CALLS.to_owned());
            return Err(Kind::Llm { url, status: 200, message, unpaid: self.unpaid }.into());
        }
        if self.proven.is_none() {
            let unsigned_calls = has_calls && covers == Covers::Text;
            let unproven = Unproven { asked: &self.asked, output: &output, covers, stated: &last.tee, unsigned_calls };
            self.proven = llm.prove(&self.target, unproven).await.map_err(|error| self.without_calls(finish_reason, error))?;
        }
        match &self.proven {
            Some(Proven { proof, calls }) => (last.proof, last.tool_calls) = (Some(proof.clone()), calls.clone()),
            None => last.tool_calls = self.assembler.tool_calls(),
        }
        last.source = self.target.source();
        last.settlement.or(&self.settlement);
        if llm.options().inline_images {
            images::inline(llm.io(), &mut last.images, llm.options().timeout_ms).await;
        }
        let mut ready = std::mem::take(&mut self.assembler.ready);
        if self.assembler.has_final() {
            ready.push_back(last);
        }
        if llm.options().verify != Verify::Off && has_calls {
            // Beside tool calls, text is not signed.
            ready.iter_mut().for_each(|chunk| chunk.content = None);
        }
        Ok(ready)
    }

    /// Gateways before those of 2026 sign tool calls and leave them out of streams.
    fn without_calls(&self, finish_reason: Option<&str>, error: Error) -> Error {
        match &*error {
            Kind::ProofFailed { check: check @ ProofCheck::OutputHash, tee_id, .. }
                if finish_reason == Some("tool_calls") && !self.assembler.has_calls() =>
            {
                Kind::ProofFailed { check: *check, reason: WITHOUT_CALLS.to_owned(), tee_id: *tee_id }.into()
            }
            _ => error,
        }
    }
}

fn too_long(_: TooLong) -> String {
    "an event is longer than any answer needs".to_owned()
}
