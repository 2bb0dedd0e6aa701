//! What a model answered, read from the server's JSON.

use super::canonical;
use super::signed::Covers;
use crate::error::clip;
use crate::io::HttpHead;
use crate::json::{Json, quote};

/// An answer may list this many images.
const MAX_IMAGES: usize = 64;

/// What the enclave says about its answer, as it stands there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeeFields {
    /// The signature, base64.
    pub signature: Option<String>,
    /// When it was signed, unix seconds; older servers wrote other forms.
    pub timestamp: Option<String>,
    /// The hash of the request that was signed, hex.
    pub request_hash: Option<String>,
    /// The hash of the output that was signed, hex.
    pub output_hash: Option<String>,
    /// The enclave's id, hex.
    pub tee_id: Option<String>,
}

impl TeeFields {
    pub(super) fn read(answer: Json<'_>) -> Self {
        let text = |name| {
            let value = answer.get(name).and_then(Json::present)?;
            let value = value.text().unwrap_or_else(|| value.raw().into());
            Some(clip_field(&value))
        };
        Self {
            signature: text("tee_signature"),
            timestamp: text("tee_timestamp"),
            request_hash: text("tee_request_hash"),
            output_hash: text("tee_output_hash"),
            tee_id: text("tee_id"),
        }
    }
}

/// A signature of 8192 bits has 1368 digits; anything longer is none, and is not kept.
fn clip_field(value: &str) -> String {
    if value.len() > 2048 { String::new() } else { value.to_owned() }
}

/// How many tokens went in and out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Read.
    pub prompt_tokens: u64,
    /// Written.
    pub completion_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

impl Usage {
    pub(super) fn read(answer: Json<'_>) -> Option<Self> {
        let usage = answer.get("usage").and_then(Json::present)?;
        let count = |name| usage.get(name).and_then(|value| value.raw().parse().ok()).unwrap_or(0);
        Some(Self {
            prompt_tokens: count("prompt_tokens"),
            completion_tokens: count("completion_tokens"),
            total_tokens: count("total_tokens"),
        })
    }
}

/// What the server's headers say about payment and settlement. Not signed by the enclave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettlementInfo {
    /// `x-processing-hash`, the payment's hash (0.7).
    pub payment_hash: Option<String>,
    /// `x-settlement-tx-hash`, the transaction that put the data on chain.
    pub transaction_hash: Option<String>,
    /// `x-settlement-walrus-blob-id`, where the data is stored.
    pub blob_id: Option<String>,
}

impl SettlementInfo {
    pub(super) fn read(head: &HttpHead) -> Self {
        let text = |name| head.header(name).map(clip);
        Self {
            payment_hash: text("x-processing-hash"),
            transaction_hash: text("x-settlement-tx-hash"),
            blob_id: text("x-settlement-walrus-blob-id"),
        }
    }
}

impl SettlementInfo {
    /// Fills in what is missing.
    pub(super) fn or(&mut self, other: &Self) {
        for (mine, theirs) in [
            (&mut self.payment_hash, &other.payment_hash),
            (&mut self.transaction_hash, &other.transaction_hash),
            (&mut self.blob_id, &other.blob_id),
        ] {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
    }
}

/// A whole answer to a chat request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatAnswer {
    /// The model, as the server named it. Never signed.
    pub model: Option<String>,
    /// The text; of a list of parts, the texts joined with spaces.
    pub content: String,
    /// The calls the model wants made: a JSON list.
    pub tool_calls: Option<String>,
    /// Why the model stopped: `stop`, `length`, `tool_calls` … Never signed.
    pub finish_reason: Option<String>,
    /// Tokens. Never signed.
    pub usage: Option<Usage>,
    /// Images, as `data:` URIs or URLs. Never signed.
    pub images: Vec<String>,
    /// The enclave's statement.
    pub tee: TeeFields,
    /// What the enclave signed of it: the calls where it stopped for calls, else the text.
    pub output: String,
    /// Which of the two that is, by the server's word.
    pub covers: Covers,
}

impl ChatAnswer {
    /// Reads an answer; `Err` says what is wrong with it.
    ///
    /// # Errors
    /// The server's own message, or what is missing.
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let answer = parse(body)?;
        let choice = first_choice(answer).ok_or("its list of choices is missing or empty")?;
        let message = choice.get("message").and_then(Json::present).ok_or("its choice has no message")?;
        let finish_reason = owned(choice.get("finish_reason"));
        let tool_calls = list(message.get("tool_calls"));
        let content = message.get("content").and_then(Json::present);
        let (shown, joined) = content.map_or(Some(Default::default()), texts).ok_or("its content is no text")?;
        let (covers, output) = match tool_calls {
            Some(calls) if finish_reason.as_deref() == Some("tool_calls") => {
                (Covers::ToolCalls, canonical::dumps(calls).ok_or("its tool calls hold numbers that no float can hold")?)
            }
            _ => (Covers::Text, joined),
        };
        Ok(Self {
            model: owned(answer.get("model")),
            content: shown,
            tool_calls: tool_calls.map(|calls| calls.raw().to_owned()),
            finish_reason,
            usage: Usage::read(answer),
            images: images(message.get("images")),
            tee: TeeFields::read(answer),
            output,
            covers,
        })
    }

    /// Whether there are calls that the signature does not cover.
    pub(super) fn unsigned_calls(&self) -> bool {
        self.tool_calls.is_some() && self.covers == Covers::Text
    }

    /// Leaves only what the signature covers: the text, or `calls`, which were put together again from the signed text.
    pub(super) fn keep_signed(&mut self, calls: Option<String>) {
        self.content = if calls.is_some() { String::new() } else { self.output.clone() };
        self.tool_calls = calls;
    }

    /// The message as a JSON object, `{ role, content, tool_calls? }`, ready to go into the next request.
    pub fn message(&self) -> String {
        // Who speaks is not signed, and decides nothing: an answer is the assistant's.
        let mut out = String::from("{\"role\":\"assistant\",\"content\":");
        out.push_str(&quote(&self.content));
        if let Some(calls) = &self.tool_calls {
            out.push_str(",\"tool_calls\":");
            out.push_str(calls);
        }
        out.push('}');
        out
    }
}

/// A whole answer to a completion request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CompletionAnswer {
    /// The text.
    pub completion: String,
    /// Why the model stopped.
    pub finish_reason: Option<String>,
    /// Tokens.
    pub usage: Option<Usage>,
    /// The enclave's statement.
    pub tee: TeeFields,
}

impl CompletionAnswer {
    /// Reads an answer: its text is `completion`, or `choices[0].text` as the open-source gateway writes it.
    ///
    /// # Errors
    /// As [`ChatAnswer::read`].
    pub fn read(body: &[u8]) -> Result<Self, String> {
        let answer = parse(body)?;
        let choice = first_choice(answer);
        let text = answer.get("completion").and_then(Json::present).or_else(|| choice?.get("text"));
        Ok(Self {
            completion: owned(text).ok_or("it has no completion")?,
            finish_reason: choice.and_then(|choice| owned(choice.get("finish_reason"))),
            usage: Usage::read(answer),
            tee: TeeFields::read(answer),
        })
    }
}

fn parse(body: &[u8]) -> Result<Json<'_>, String> {
    let answer = Json::parse_bytes(body).filter(|json| json.raw().starts_with('{')).ok_or("it is no JSON object")?;
    match failure(answer) {
        Some(message) => Err(message),
        None => Ok(answer),
    }
}

/// The message of an answer that is a failure: `error` as text or `{ message }`.
pub(super) fn failure(answer: Json<'_>) -> Option<String> {
    let error = answer.get("error").and_then(Json::present)?;
    let said = error.text().or_else(|| error.get("message")?.text()).unwrap_or_else(|| error.raw().into());
    Some(clip(&said))
}

/// What a failed request's body says: the usual members of an error object, else the body itself.
pub(super) fn failure_text(body: &[u8]) -> String {
    let text = || clip(String::from_utf8_lossy(body).trim());
    let Some(answer) = Json::parse_bytes(body) else { return text() };
    let member = |name| answer.get(name).and_then(Json::text).map(|said| clip(&said));
    failure(answer).or_else(|| member("message")).or_else(|| member("detail")).unwrap_or_else(text)
}

pub(super) fn first_choice(answer: Json<'_>) -> Option<Json<'_>> {
    answer.get("choices").and_then(|choices| choices.elements().next())
}

pub(super) fn owned(value: Option<Json<'_>>) -> Option<String> {
    value.and_then(Json::text).map(std::borrow::Cow::into_owned)
}

/// A list that is not empty.
pub(super) fn list(value: Option<Json<'_>>) -> Option<Json<'_>> {
    value.filter(|list| list.is_array() && list.elements().next().is_some())
}

pub(super) fn images(value: Option<Json<'_>>) -> Vec<String> {
    value.into_iter().flat_map(Json::elements).filter_map(|image| owned(Some(image))).take(MAX_IMAGES).collect()
}

/// A content as it is shown (the texts of `text` parts, joined with spaces and trimmed) and as it is signed (the texts of
/// all parts, joined). `None` for anything else than a text or a list.
pub(super) fn texts(content: Json<'_>) -> Option<(String, String)> {
    if !content.is_array() {
        let text = content.text()?.into_owned();
        return Some((text.clone(), text));
    }
    let (mut shown, mut signed) = (Vec::new(), String::new());
    for part in content.elements() {
        if let Some(text) = part.text() {
            signed.push_str(&text);
        } else if let Some(text) = part.get("text").and_then(Json::present) {
            let text = text.text()?;
            signed.push_str(&text);
            if part.get("type").and_then(Json::plain) == Some("text") {
                shown.push(text);
            }
        }
    }
    Some((shown.join(" ").trim().to_owned(), signed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(message: &str, finish: &str) -> Result<ChatAnswer, String> {
        ChatAnswer::read(format!(r#"{{"choices":[{{"message":{message},"finish_reason":{finish}}}]}}"#).as_bytes())
    }

    #[test]
    fn contents_are_texts_or_parts() -> Result<(), String> {
        let answer = chat(r#"{"role":"assistant","content":"Hi"}"#, "\"stop\"")?;
        assert_eq!((answer.content.as_str(), answer.finish_reason.as_deref()), ("Hi", Some("stop")));
        assert_eq!(answer.message(), r#"{"role":"assistant","content":"Hi"}"#);
        assert_eq!(chat(r#"{"role":"system","content":"Hi"}"#, "\"stop\"")?.message(), answer.message());
        let parts = r#"{"content":[{"type":"text","text":"a "},{"type":"image","x":1},{"type":"text","text":"b"},"c",{"type":"x","text":"d"}]}"#;
        let mut answer = chat(parts, "null")?;
        assert_eq!((answer.content.as_str(), answer.output.as_str()), ("a  b", "a bcd"));
        answer.keep_signed(None);
        assert_eq!(answer.content, "a bcd");
        assert_eq!(chat(r#"{"content":null}"#, "null")?.content, "");
        assert!(chat(r#"{"content":5}"#, "null").is_err());
        assert!(chat(r#"{"content":"\ud800"}"#, "null").is_err());
        Ok(())
    }

    #[test]
    fn only_calls_that_ended_the_answer_are_signed() -> Result<(), String> {
        let message =
            r#"{"content":"let me see","tool_calls":[{"id":"c","type":"function","function":{"name":"w","arguments":"{}"}}]}"#;
        let mut answer = chat(message, "\"tool_calls\"")?;
        assert_eq!(answer.output, r#"[{"function": {"arguments": "{}", "name": "w"}, "id": "c", "type": "function"}]"#);
        assert_eq!((answer.covers, answer.unsigned_calls()), (Covers::ToolCalls, false));
        answer.keep_signed(Some("[]".to_owned()));
        assert_eq!((answer.content.as_str(), answer.tool_calls.as_deref()), ("", Some("[]")));
        assert!(chat(message, "\"stop\"")?.unsigned_calls());
        assert_eq!(chat(r#"{"content":"x","tool_calls":[]}"#, "\"tool_calls\"")?.output, "x");
        Ok(())
    }

    #[test]
    fn everything_else_is_read() -> Result<(), String> {
        let text = r#"{"model":"m","choices":[{"message":{"content":"x","images":["data:a",1,"https://b"]}}],
            "usage":{"prompt_tokens":3,"completion_tokens":-1,"total_tokens":4},
            "tee_signature":"c2ln","tee_timestamp":1790000000,"tee_request_hash":"ab","tee_output_hash":"cd","tee_id":"0xef"}"#;
        let answer = ChatAnswer::read(text.as_bytes())?;
        assert_eq!(answer.images, ["data:a", "https://b"]);
        assert_eq!(answer.usage, Some(Usage { prompt_tokens: 3, completion_tokens: 0, total_tokens: 4 }));
        assert_eq!(answer.tee.timestamp.as_deref(), Some("1790000000"));
        assert_eq!(answer.tee.tee_id.as_deref(), Some("0xef"));
        for text in [r#"{"completion":"done"}"#, r#"{"choices":[{"text":"done","finish_reason":"stop"}]}"#] {
            assert_eq!(CompletionAnswer::read(text.as_bytes())?.completion, "done");
        }
        Ok(())
    }

    #[test]
    fn answers_that_are_none_say_why() {
        for (text, reason) in [
            ("", "it is no JSON object"),
            ("[]", "it is no JSON object"),
            ("{}", "its list of choices is missing or empty"),
            (r#"{"choices":[]}"#, "its list of choices is missing or empty"),
            (r#"{"choices":[{"message":null}]}"#, "its choice has no message"),
            (r#"{"error":"Request processing failed"}"#, "Request processing failed"),
            (r#"{"error":{"message":"no"}}"#, "no"),
        ] {
            assert_eq!(ChatAnswer::read(text.as_bytes()).err().as_deref(), Some(reason), "{text}");
        }
        assert!(CompletionAnswer::read(b"{}").is_err());
        assert_eq!(failure_text(br#"{"detail":"slow down"}"#), "slow down");
        assert_eq!(failure_text(b" Bad Gateway "), "Bad Gateway");
        assert!(failure_text("x".repeat(9000).as_bytes()).len() < 600);
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = (ChatAnswer::read(&bytes), CompletionAnswer::read(&bytes), failure_text(&bytes));
        }
    }
}
