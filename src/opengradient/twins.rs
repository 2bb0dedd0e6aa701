//! Chats with digital twins, which OpenGradient's inference answers.

use std::fmt;
use std::rc::Rc;

use super::inference::node::percent_encode;
use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpRequest, Io, Redirects};
use crate::json::{Json, quote};

/// The public service.
pub const TWINS_URL: &str = "https://chat-api.memchat.io";
const TIMEOUT_MS: u64 = 60_000;
/// All of a request's text.
const MAX_REQUEST: usize = 16 << 20;

/// The service, and the caller's key for it; the key is in no error and no debug text.
#[derive(Clone)]
pub struct Twins {
    io: Io,
    url: Rc<str>,
    api_key: Rc<str>,
}

impl fmt::Debug for Twins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Twins(..)")
    }
}

/// What is said to a twin.
#[derive(Clone, Debug, PartialEq)]
pub struct TwinRequest<'a> {
    /// The twin's id.
    pub twin_id: &'a str,
    /// The model with its provider's prefix, such as `x-ai/grok-4-1-fast-non-reasoning`.
    pub model: &'a str,
    /// OpenAI-style messages.
    pub messages: Json<'a>,
    /// The temperature as JSON's number text.
    pub temperature: Option<Json<'a>>,
    /// The most tokens to write.
    pub max_tokens: Option<u32>,
}

/// What a twin answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TwinAnswer {
    /// stop, length …
    pub finish_reason: Option<String>,
    /// The message, as JSON text.
    pub message: Option<String>,
}

impl Twins {
    /// Talks to the service at `url` ([`TWINS_URL`]) with a key. No request.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] for a key that cannot be in a header.
    pub fn new(io: Io, url: &str, api_key: &str) -> Result<Self, Error> {
        if api_key.is_empty() || !api_key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::input("twinsApiKey", "expected the service's key"));
        }
        Ok(Self { io, url: url.trim_end_matches('/').into(), api_key: api_key.into() })
    }

    /// Asks a twin. One request, never repeated: each may be billed.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`], [`Kind::Authentication`], [`Kind::Service`] with the service's word, [`Kind::Http`],
    /// [`Kind::Protocol`] for an answer without choices.
    pub async fn chat(&self, request: &TwinRequest<'_>) -> Result<TwinAnswer, Error> {
        let TwinRequest { twin_id, model, messages, temperature, max_tokens } = request;
        if twin_id.is_empty() || twin_id.len() > 256 || matches!(*twin_id, "." | "..") {
            return Err(Error::input("twinId", "expected a twin's id"));
        }
        if !messages.is_array() || messages.elements().next().is_none() || messages.raw().len() > MAX_REQUEST {
            return Err(Error::input("messages", "expected at least one message and at most 16 MB"));
        }
        let mut body = format!(r#"{{"model":{},"messages":{}"#, quote(model), messages.raw());
        if let Some(temperature) = temperature {
            body.push_str(&format!(r#","temperature":{}"#, temperature.raw()));
        }
        if let Some(max_tokens) = max_tokens {
            body.push_str(&format!(r#","max_tokens":{max_tokens}"#));
        }
        body.push('}');
        let url = format!("{}/api/v1/twins/{}/chat", self.url, percent_encode(twin_id));
        let mut request = HttpRequest {
            timeout_ms: TIMEOUT_MS,
            // The key would go along to wherever a redirect points.
            redirects: Redirects::Refuse,
            ..HttpRequest::post(&url, "application/json", Rc::new(body.into_bytes()))
        };
        request.headers.push(("x-api-key".into(), self.api_key.to_string()));
        let url = public_url(&url);
        let reply = self
            .io
            .send(request)
            .await
            .map_err(|failure| Error::from(Kind::Http { url: url.clone(), status: None, reason: failure.to_string() }))?;
        let json = Json::parse_bytes(&reply.body);
        if !reply.head.is_success() {
            let said = json.and_then(|json| json.get("detail").or_else(|| json.get("error")));
            let reason = said
                .map_or_else(|| "it gave no reason".to_owned(), |said| clip(&said.text().unwrap_or_else(|| said.raw().into())));
            return Err(Error::from(match reply.head.status {
                401 | 403 => Kind::Authentication { service: "the twins service", reason },
                status => Kind::Service { url, status, reason },
            }));
        }
        let choice = json.and_then(|json| json.get("choices")).and_then(|choices| choices.elements().next());
        let choice = choice.ok_or_else(|| Error::protocol("choices from the twins service", "an answer without any"))?;
        let [reason, message] = choice.fields(["finish_reason", "message"]);
        Ok(TwinAnswer {
            finish_reason: reason.and_then(Json::text).map(std::borrow::Cow::into_owned),
            message: message.map(|message| message.raw().to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake;

    fn chat(status: u16, reply: &str) -> (Result<TwinAnswer, Error>, Option<HttpRequest>) {
        let seen = Rc::new(RefCell::new(None));
        let (log, reply) = (Rc::clone(&seen), reply.to_owned());
        let (io, _) = fake::io(move |request| {
            log.replace(Some(request.clone()));
            Ok(fake::reply(&request.url, status, &[], reply.clone()))
        });
        let json = |text: &'static str| Json::parse(text);
        let request = TwinRequest {
            twin_id: "0x1/..",
            model: "x-ai/grok",
            messages: json(r#"[{"role":"user","content":"hi"}]"#).unwrap_or(Json::checked("[]")),
            temperature: json("0.50"),
            max_tokens: Some(7),
        };
        let answer = Twins::new(io, TWINS_URL, "secret-key").and_then(|twins| fake::run(twins.chat(&request)));
        (answer, seen.take())
    }

    #[test]
    fn a_twin_answers() {
        let reply = json!({ "choices": [{ "finish_reason": "stop", "message": { "role": "assistant", "content": "é" } }] });
        let (answer, request) = chat(200, &reply.to_string());
        let answer =
            answer.ok().map(|answer| (answer.finish_reason, answer.message.and_then(|m| serde_json::from_str::<Value>(&m).ok())));
        assert_eq!(answer, Some((Some("stop".to_owned()), Some(json!({ "role": "assistant", "content": "é" })))));
        let request =
            request.map(|r| (r.url, r.headers, String::from_utf8(r.body.unwrap_or_default().to_vec()).unwrap_or_default()));
        let (url, headers, body) = request.unwrap_or_default();
        assert_eq!(url, "https://chat-api.memchat.io/api/v1/twins/0x1%2F../chat");
        assert!(headers.iter().any(|(name, value)| name == "x-api-key" && value == "secret-key"));
        assert_eq!(
            body,
            r#"{"model":"x-ai/grok","messages":[{"role":"user","content":"hi"}],"temperature":0.50,"max_tokens":7}"#
        );
    }

    #[test]
    fn refusals_are_told_without_the_key() {
        for (status, reply, code) in [
            (401, r#"{"detail":"bad key"}"#, "authentication"),
            (429, r#"{"error":{"message":"slow down"}}"#, "service"),
            (500, "<html>", "service"),
            (200, r#"{"choices":[]}"#, "protocol"),
            (200, "nonsense", "protocol"),
        ] {
            let error = chat(status, reply).0.err();
            assert!(error.is_some_and(|e| e.code() == code && !format!("{e} {e:?}").contains("secret-key")), "{reply}");
        }
        let (io, _) = fake::io(|_| Err(crate::io::HttpFailure::Timeout));
        assert!(Twins::new(io, TWINS_URL, "a\r\nb").is_err());
    }
}
