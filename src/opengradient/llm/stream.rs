//! A streamed answer, put together: events in, chunks out, and what the enclave must have signed of them.
//!
//! A chunk is final when its choice has a finish reason or when it has usage. Servers send several of those, and what the
//! caller gets as the last chunk must be complete, so the newest final chunk is held back until `[DONE]` or the end and takes
//! over what earlier ones said. Only the first choice is read: one is all that is ever asked for, and all that is signed.

use std::collections::VecDeque;

use super::answer::{SettlementInfo, TeeFields, Usage, failure, first_choice, images, list, owned, texts};
use super::canonical;
use super::signed::Covers;
use crate::json::{Json, quote};
use crate::opengradient::tee::proof::Proof;

/// An answer may hold this many tool calls.
const MAX_CALLS: usize = 256;

/// A piece of a streamed answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunk {
    /// The model, as the server named it. Never signed.
    pub model: Option<String>,
    /// The answer's role, in the first chunk that names one. Whatever it names, an answer is the assistant's.
    pub role: Option<&'static str>,
    /// The next piece of text.
    pub content: Option<String>,
    /// Why the model stopped. Never signed.
    pub finish_reason: Option<String>,
    /// Tokens. Never signed.
    pub usage: Option<Usage>,
    /// Whether this is the last chunk. Only that one has the members below.
    pub is_final: bool,
    /// The tool calls, whole: a JSON list.
    pub tool_calls: Option<String>,
    /// Images, as `data:` URIs or URLs. Never signed.
    pub images: Vec<String>,
    /// The enclave's statement.
    pub tee: TeeFields,
    /// What the server says about settlement.
    pub settlement: SettlementInfo,
    /// The enclave that answered: its id, endpoint and payment address, where they are known.
    pub source: super::Source,
    /// The proof, where it was asked for.
    pub proof: Option<Proof>,
    /// Events of this stream that were no JSON and were passed over.
    pub malformed: u64,
}

/// The state of a streamed answer.
#[derive(Debug, Default)]
pub struct Assembler {
    /// Chunks to hand out, in order.
    pub ready: VecDeque<Chunk>,
    /// `[DONE]` has come; nothing after it counts.
    pub done: bool,
    /// Events that were no JSON.
    pub malformed: u64,
    /// Chunks read so far.
    pub chunks: u64,
    held: Option<Chunk>,
    text: String,
    calls: Vec<Call>,
}

#[derive(Debug)]
struct Call {
    index: u64,
    id: String,
    kind: String,
    name: String,
    arguments: String,
}

impl Assembler {
    /// Takes an event's data.
    ///
    /// # Errors
    /// The server's message, when it says that it failed.
    pub fn event(&mut self, data: &[u8]) -> Result<(), String> {
        let data = data.trim_ascii();
        if self.done || data.is_empty() {
            return Ok(());
        }
        if data == b"[DONE]" {
            self.done = true;
            return Ok(());
        }
        match Json::parse_bytes(data).filter(|json| json.raw().starts_with('{')) {
            Some(event) => self.object(event),
            // A server that leaves out the blank lines between events puts many into one.
            None if data.contains(&b'\n') => data.split(|byte| *byte == b'\n').try_for_each(|line| self.event(line)),
            None => {
                self.malformed += 1;
                Ok(())
            }
        }
    }

    fn object(&mut self, event: Json<'_>) -> Result<(), String> {
        if let Some(message) = failure(event) {
            return Err(message);
        }
        self.chunks += 1;
        let choice = first_choice(event);
        let member = |name: &str| choice?.get(name)?.present().filter(|value| value.members().next().is_some());
        let delta = member("delta");
        let body = delta.or_else(|| member("message"));
        let content = body.and_then(|body| body.get("content")?.present()).and_then(texts).map(|(_, text)| text);
        // A server that ends with the whole message repeats what has come.
        let content = content.filter(|text| delta.is_some() || self.text.is_empty() || *text != self.text);
        let tool_calls = list(body.and_then(|body| body.get("tool_calls")));
        if let Some(calls) = tool_calls {
            for (at, call) in calls.elements().enumerate() {
                self.call(call, if delta.is_some() { 0 } else { at as u64 });
            }
        }
        self.text.push_str(content.as_deref().unwrap_or_default());
        let finish_reason = owned(choice.and_then(|choice| choice.get("finish_reason")));
        let usage = Usage::read(event);
        let chunk = Chunk {
            model: owned(event.get("model")),
            role: body.and_then(|body| body.get("role")).map(|_| "assistant"),
            content,
            is_final: finish_reason.is_some() || usage.is_some(),
            finish_reason,
            usage,
            images: images(event.get("images").or_else(|| body?.get("images"))),
            tee: TeeFields::read(event),
            settlement: SettlementInfo {
                payment_hash: None,
                transaction_hash: owned(event.get("data_settlement_transaction_hash")),
                blob_id: owned(event.get("data_settlement_blob_id")),
            },
            ..Chunk::default()
        };
        if chunk.is_final {
            self.hold(chunk);
        } else if tool_calls.is_none() || chunk.content.as_deref().is_some_and(|text| !text.is_empty()) {
            self.ready.push_back(chunk);
        }
        Ok(())
    }

    /// Keeps a final chunk back; what an earlier one said counts unless this one says otherwise.
    fn hold(&mut self, mut chunk: Chunk) {
        if let Some(mut old) = self.held.take() {
            chunk.finish_reason = chunk.finish_reason.or(old.finish_reason.take());
            chunk.usage = chunk.usage.or(old.usage.take());
            chunk.role = chunk.role.or(old.role.take());
            if chunk.images.is_empty() {
                chunk.images = std::mem::take(&mut old.images);
            }
            if chunk.tee.signature.is_none() {
                chunk.tee = std::mem::take(&mut old.tee);
            }
            let settled = &mut chunk.settlement;
            settled.transaction_hash = settled.transaction_hash.take().or(old.settlement.transaction_hash.take());
            settled.blob_id = settled.blob_id.take().or(old.settlement.blob_id.take());
            if old.content.as_deref().is_some_and(|text| !text.is_empty()) {
                self.ready.push_back(Chunk { is_final: false, ..old });
            }
        }
        self.held = Some(chunk);
    }

    /// Adds a piece of a tool call, as the gateway's own buffer does: ids and names are set, arguments joined.
    fn call(&mut self, piece: Json<'_>, position: u64) {
        let index = piece.get("index").and_then(|index| index.raw().parse().ok()).unwrap_or(position);
        let at = self.calls.iter().position(|call| call.index >= index).unwrap_or(self.calls.len());
        if self.calls.get(at).is_none_or(|call| call.index != index) {
            if self.calls.len() == MAX_CALLS {
                return;
            }
            let [id, name, arguments] = [const { String::new() }; 3];
            self.calls.insert(at, Call { index, id, kind: "function".to_owned(), name, arguments });
        }
        let Some(call) = self.calls.get_mut(at) else { return };
        let function = piece.get("function");
        let text = |value: Option<Json<'_>>| owned(value).filter(|text| !text.is_empty());
        if let Some(id) = text(piece.get("id")) {
            call.id = id;
        }
        if let Some(kind) = text(piece.get("type")) {
            call.kind = kind;
        }
        if let Some(name) = text(function.and_then(|function| function.get("name"))) {
            call.name = name;
        }
        if let Some(arguments) = text(function.and_then(|function| function.get("arguments"))) {
            call.arguments.push_str(&arguments);
        }
    }

    /// The final chunk, once the stream is over; an empty one where none has come.
    pub fn last(&self) -> Chunk {
        Chunk { malformed: self.malformed, ..self.held.clone().unwrap_or_default() }
    }

    /// Whether a final chunk has come.
    pub const fn has_final(&self) -> bool {
        self.held.is_some()
    }

    /// Whether tool calls have come.
    pub const fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// The whole text so far.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The tool calls, whole: a JSON list.
    pub fn tool_calls(&self) -> Option<String> {
        let mut out = String::from("[");
        for call in &self.calls {
            if out.len() > 1 {
                out.push(',');
            }
            for (name, value) in [
                ("{\"id\":", &call.id),
                (",\"type\":", &call.kind),
                (",\"function\":{\"name\":", &call.name),
                (",\"arguments\":", &call.arguments),
            ] {
                out.push_str(name);
                out.push_str(&quote(value));
            }
            out.push_str("}}");
        }
        out.push(']');
        self.has_calls().then_some(out)
    }

    /// What the enclave signs of an answer that ended with `finish_reason`.
    pub fn output(&self, finish_reason: Option<&str>) -> (Covers, String) {
        let calls = self.tool_calls().filter(|_| finish_reason == Some("tool_calls"));
        let calls = calls.and_then(|calls| canonical::dumps(Json::parse(&calls)?));
        calls.map_or_else(|| (Covers::Text, self.text.clone()), |calls| (Covers::ToolCalls, calls))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(content: &str, finish: &str, more: &str) -> String {
        let content = quote(content);
        format!(
            r#"{{"choices":[{{"delta":{{"content":{content},"role":"assistant"}},"index":0,"finish_reason":{finish}}}]{more}}}"#
        )
    }

    fn assemble(events: &[&str]) -> Result<Assembler, String> {
        let mut assembler = Assembler::default();
        events.iter().try_for_each(|event| assembler.event(event.as_bytes()))?;
        Ok(assembler)
    }

    fn contents(assembler: &Assembler) -> Vec<&str> {
        assembler.ready.iter().filter_map(|chunk| chunk.content.as_deref()).collect()
    }

    #[test]
    fn the_final_chunk_waits_for_the_end() -> Result<(), String> {
        let signed =
            r#"{"choices":[{"delta":{},"index":0,"finish_reason":"stop"}],"model":"m","tee_signature":"s","tee_timestamp":5}"#;
        let mut assembler = assemble(&[&delta("Hel", "null", ""), &delta("lo", "null", ""), signed])?;
        assert_eq!((contents(&assembler), assembler.text()), (vec!["Hel", "lo"], "Hello"));
        assert!(assembler.has_final() && !assembler.done);
        assembler.event(b"[DONE]")?;
        assembler.event(delta("late", "null", "").as_bytes())?;
        assert_eq!(assembler.text(), "Hello");
        let last = assembler.last();
        assert_eq!(
            (last.is_final, last.finish_reason.as_deref(), last.tee.timestamp.as_deref()),
            (true, Some("stop"), Some("5"))
        );
        Ok(())
    }

    #[test]
    fn several_final_chunks_become_one() -> Result<(), String> {
        let usage = r#"{"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"tee_signature":"s"}"#;
        let assembler = assemble(&[&delta("a", "null", ""), &delta("b", "\"length\"", ""), usage, "[DONE]"])?;
        assert_eq!(contents(&assembler), ["a", "b"]);
        assert!(assembler.ready.iter().all(|chunk| !chunk.is_final && chunk.finish_reason.is_none()));
        let last = assembler.last();
        assert_eq!((last.finish_reason.as_deref(), last.usage.map(|u| u.total_tokens)), (Some("length"), Some(3)));
        assert_eq!(last.tee.signature.as_deref(), Some("s"));
        // Usage in every chunk loses no text.
        let more = r#","usage":{"total_tokens":1}"#;
        let assembler = assemble(&[&delta("a", "null", more), &delta("b", "null", more), &delta("c", "null", more)])?;
        assert_eq!((contents(&assembler), assembler.text()), (vec!["a", "b"], "abc"));
        Ok(())
    }

    #[test]
    fn a_message_may_stand_for_a_delta() -> Result<(), String> {
        let message = |text: &str| format!(r#"{{"choices":[{{"delta":{{}},"message":{{"content":{}}}}}]}}"#, quote(text));
        let assembler = assemble(&[&message("all of it")])?;
        assert_eq!(assembler.text(), "all of it");
        let repeated = assemble(&[&delta("all ", "null", ""), &delta("of it", "null", ""), &message("all of it")])?;
        assert_eq!(repeated.text(), "all of it");
        Ok(())
    }

    #[test]
    fn pieces_of_calls_are_joined() -> Result<(), String> {
        let piece = |call: &str| format!(r#"{{"choices":[{{"delta":{{"tool_calls":[{call}]}},"finish_reason":null}}]}}"#);
        let assembler = assemble(&[
            &piece(r#"{"index":1,"id":"c2","function":{"name":"g","arguments":""}}"#),
            &piece(r#"{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{\"a\":"}}"#),
            &piece(r#"{"index":0,"id":null,"function":{"arguments":"\"ü\"}"}}"#),
        ])?;
        let expected = r#"[{"function": {"arguments": "{\"a\":\"\u00fc\"}", "name": "f"}, "id": "c1", "type": "function"}, {"function": {"arguments": "", "name": "g"}, "id": "c2", "type": "function"}]"#;
        assert_eq!(assembler.output(Some("tool_calls")), (Covers::ToolCalls, expected.to_owned()));
        assert_eq!(assembler.output(Some("stop")), (Covers::Text, String::new()));
        assert!(assembler.ready.is_empty(), "pieces of calls are no chunks");
        let whole = r#"{"choices":[{"message":{"tool_calls":[{"id":"a"},{"id":"b"}]}}]}"#;
        assert_eq!(assemble(&[whole])?.calls.len(), 2);
        Ok(())
    }

    #[test]
    fn what_is_no_chunk_is_counted_and_failures_are_told() -> Result<(), String> {
        let assembler = assemble(&["{", "[1]", "\u{fffd}", "", &delta("a", "null", ""), "x\ny"])?;
        assert_eq!((assembler.malformed, assembler.text()), (5, "a"));
        let joined = [delta("a", "null", ""), delta("b", "null", ""), "[DONE]".into()].join("\n");
        let assembler = assemble(&[&joined])?;
        assert_eq!((assembler.done, assembler.text()), (true, "ab"));
        assert_eq!(assemble(&[r#"{"error":"Stream processing failed"}"#]).err().as_deref(), Some("Stream processing failed"));
        let hostile = r#"{"choices":[{"delta":{"content":5,"tool_calls":[1,{"index":-1}]},"finish_reason":7}],"usage":"x","tee_signature":[]}"#;
        assert_eq!(assemble(&[hostile])?.chunks, 1);
        Ok(())
    }

    proptest::proptest! {
        #[test]
        fn any_event_gives_an_answer(events in proptest::collection::vec(proptest::collection::vec(proptest::num::u8::ANY, 0..60), 0..8)) {
            let mut assembler = Assembler::default();
            for event in events {
                let _ = assembler.event(&event);
            }
            let _ = (assembler.output(Some("tool_calls")), assembler.last());
        }
    }
}
