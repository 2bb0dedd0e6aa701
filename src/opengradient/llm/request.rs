//! What is asked of a model: checked input → the body that goes out, and the text that the enclave signs.
//!
//! Input is JSON text in one of two shapes: the official SDK's parameters in TypeScript's case
//! ([`ChatRequest::read`], [`CompletionRequest::read`]), or the body of OpenAI's chat completions
//! ([`ChatRequest::read_openai`]).

use std::rc::Rc;

use super::canonical::float;
use super::message::{self, canonical, is_text};
use super::models::{Settlement, is_anthropic, known_model_id, model_id};
use super::signed::Asked;
use crate::error::Error;
use crate::json::Json;

/// Input may have this many bytes; servers take less.
const MAX_INPUT: usize = 32 << 20;
/// A tool's name has at most so many characters.
const MAX_NAME: usize = 64;
/// The official SDKs' default.
const DEFAULT_MAX_TOKENS: u64 = 100;

/// A checked chat request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatRequest {
    /// The model as the caller named it.
    pub model: String,
    /// Whether the answer is wanted as it is written.
    pub stream: bool,
    /// How the payment is settled, where the caller chose.
    pub settlement: Option<Settlement>,
    /// What the answer's signature is held against.
    pub asked: Rc<Asked>,
    /// The body, without `stream` and its last brace.
    body: String,
}

/// A checked completion request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletionRequest {
    /// The model as the caller named it.
    pub model: String,
    /// How the payment is settled, where the caller chose.
    pub settlement: Option<Settlement>,
    /// What the answer's signature is held against.
    pub asked: Rc<Asked>,
    body: String,
}

/// The fields' names in one shape of input.
struct Shape {
    max_tokens: &'static str,
    stop: &'static str,
    tool_choice: &'static str,
    response_format: &'static str,
    web_search: &'static str,
    /// The official SDK's own shape: defaults, no unknown fields.
    sdk: bool,
}

const SDK: Shape = Shape {
    max_tokens: "maxTokens",
    stop: "stopSequence",
    tool_choice: "toolChoice",
    response_format: "responseFormat",
    web_search: "webSearch",
    sdk: true,
};
const OPENAI: Shape = Shape {
    max_tokens: "max_tokens",
    stop: "stop",
    tool_choice: "tool_choice",
    response_format: "response_format",
    web_search: "web_search",
    sdk: false,
};
const SETTLEMENT: &str = "x402SettlementMode";

impl ChatRequest {
    /// Reads `{ model, messages, maxTokens?, stopSequence?, temperature?, tools?, toolChoice?, responseFormat?, webSearch?,
    /// x402SettlementMode?, stream? }`. Defaults: 100 tokens, temperature 0.0, tool choice `"auto"`. `null` counts as absent.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) naming the field.
    pub fn read(input: Json<'_>) -> Result<Self, Error> {
        Self::read_as(input, &SDK)
    }

    /// Reads an OpenAI body. What the enclave would neither honour nor sign (`n`, `top_p` …) is left out, as the official SDK
    /// does; `max_tokens` has no default.
    ///
    /// # Errors
    /// As [`ChatRequest::read`].
    pub fn read_openai(input: Json<'_>) -> Result<Self, Error> {
        Self::read_as(input, &OPENAI)
    }

    fn read_as(input: Json<'_>, shape: &Shape) -> Result<Self, Error> {
        let input = Input { json: input, shape };
        let own = ["messages", "tools", shape.tool_choice, shape.response_format, "stream"];
        let model = input.begin(&own)?;
        let messages = input.get("messages").filter(|list| list.is_array() && list.elements().next().is_some());
        let messages = messages.ok_or_else(|| Error::input("messages", "must be a list of at least one message"))?;
        let (mut wire, mut signed) = (String::from("["), String::from("["));
        for (at, message) in messages.elements().enumerate() {
            if at > 0 {
                wire.push(',');
                signed.push(',');
            }
            message::write(&format!("messages[{at}]"), message, &mut wire, &mut signed)?;
        }
        let mut rest = String::from("]");
        input.common(&mut rest)?;
        let tools = input.tools()?;
        if let Some(tools) = tools {
            member(&mut rest, "tools", tools.raw());
        }
        if let Some(format) = input.response_format(model)? {
            member(&mut rest, "response_format", &format);
        }
        let head = input.head(model, "messages");
        let canonical = canonical(&[&head, &signed, &rest, "}"].concat())?;
        let mut body = head + &wire + &rest;
        let choice = input.tool_choice(tools)?;
        let name = |tool: Json<'_>| Some(tool.get("function")?.get("name")?.text()?.into_owned());
        let wanted = tools.filter(|_| choice.and_then(Json::plain) != Some("none"));
        let callable = wanted.into_iter().flat_map(Json::elements).filter_map(name).collect();
        // Not signed, but honoured.
        match (choice, tools) {
            (Some(choice), Some(_)) => member(&mut body, "tool_choice", choice.raw()),
            (Some(choice), None) if !shape.sdk => member(&mut body, "tool_choice", choice.raw()),
            (None, Some(_)) if shape.sdk => member(&mut body, "tool_choice", "\"auto\""),
            _ => {}
        }
        let (stream, settlement) = (input.flag("stream")?, input.settlement()?);
        let asked = Rc::new(Asked { canonical, tools: tools.is_some(), callable });
        Ok(Self { model: model.to_owned(), stream, settlement, asked, body })
    }

    /// The body that goes out.
    pub fn body(&self, stream: bool) -> String {
        let end = if stream { ",\"stream\":true}" } else { "}" };
        [&self.body, end].concat()
    }

    /// The text whose hash the enclave signs.
    pub fn canonical(&self) -> &str {
        &self.asked.canonical
    }
}

impl CompletionRequest {
    /// Reads `{ model, prompt, maxTokens?, stopSequence?, temperature?, webSearch?, x402SettlementMode? }`. Defaults: 100 tokens,
    /// temperature 0.0. `null` counts as absent.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) naming the field.
    pub fn read(input: Json<'_>) -> Result<Self, Error> {
        let input = Input { json: input, shape: &SDK };
        let model = input.begin(&["prompt"])?;
        let prompt = input.get("prompt").filter(|prompt| is_text(*prompt));
        let prompt = prompt.ok_or_else(|| Error::input("prompt", "must be a text"))?;
        let mut body = input.head(model, "prompt") + prompt.raw();
        input.common(&mut body)?;
        body.push('}');
        let asked = Rc::new(Asked { canonical: canonical(&body)?, ..Asked::default() });
        Ok(Self { model: model.to_owned(), settlement: input.settlement()?, asked, body })
    }

    /// The body that goes out.
    pub fn body(&self) -> &str {
        &self.body
    }

    /// The text whose hash the enclave signs.
    pub fn canonical(&self) -> &str {
        &self.asked.canonical
    }
}

/// Appends a member to an open object.
fn member(out: &mut String, name: &str, raw: &str) {
    for piece in [",\"", name, "\":", raw] {
        out.push_str(piece);
    }
}

struct Input<'a> {
    json: Json<'a>,
    shape: &'a Shape,
}

impl<'a> Input<'a> {
    fn get(&self, name: &str) -> Option<Json<'a>> {
        self.json.get(name).and_then(Json::present)
    }

    /// Checks the names and gives the model's.
    fn begin(&self, own: &[&str]) -> Result<&'a str, Error> {
        if !is_object(self.json) || self.json.raw().len() > MAX_INPUT {
            return Err(Error::input("request", "must be an object of at most 32 MiB"));
        }
        let shape = self.shape;
        let shared = ["model", shape.max_tokens, shape.stop, "temperature", shape.web_search, SETTLEMENT];
        let unknown = self.json.members().find(|(name, _)| !shared.contains(name) && !own.contains(name));
        if let (Some((name, _)), true) = (unknown, shape.sdk) {
            return Err(Error::input(crate::error::clip(name), "is not an option of this call"));
        }
        let model = self.get("model").and_then(Json::plain).filter(|model| !model.is_empty() && !model.ends_with('/'));
        model.ok_or_else(|| Error::input("model", "must be the name of a model"))
    }

    /// The body's beginning, up to the value of `then`.
    fn head(&self, model: &str, then: &str) -> String {
        let id = if self.shape.sdk { model_id(model) } else { known_model_id(model) };
        ["{\"model\":\"", id, "\",\"", then, "\":"].concat()
    }

    /// What chat and completion share, all of it signed.
    fn common(&self, out: &mut String) -> Result<(), Error> {
        let temperature = match self.get("temperature") {
            Some(value) => Some(value.raw()).filter(|raw| is_number(raw)).and_then(float),
            None => Some("0.0".to_owned()),
        };
        // Gateways refuse what is outside, once it is signed for. The official vectors, of the other shape, go beyond it.
        let in_range = |text: &String| !self.shape.sdk || is_temperature(text);
        let temperature =
            temperature.filter(in_range).ok_or_else(|| Error::input("temperature", "must be a number from 0 to 2"))?;
        member(out, "temperature", &temperature);
        let max_tokens = match self.get(self.shape.max_tokens) {
            Some(value) => Some(value.raw().parse::<u64>().map_err(|_| {
                let reason = "must be a whole number of tokens, 0 or more";
                Error::input(self.shape.max_tokens, reason)
            })?),
            None => self.shape.sdk.then_some(DEFAULT_MAX_TOKENS),
        };
        if let Some(max_tokens) = max_tokens {
            member(out, "max_tokens", &max_tokens.to_string());
        }
        if let Some(stop) = self.get(self.shape.stop) {
            if !(is_text(stop) || stop.is_array() && stop.elements().all(is_text)) {
                return Err(Error::input(self.shape.stop, "must be a text or a list of texts"));
            }
            if stop.plain() != Some("") && (is_text(stop) || stop.elements().next().is_some()) {
                member(out, "stop", stop.raw());
            }
        }
        if self.flag(self.shape.web_search)? {
            member(out, "web_search", "true");
        }
        Ok(())
    }

    fn flag(&self, name: &str) -> Result<bool, Error> {
        let value = self.get(name).map(|value| value.flag().ok_or_else(|| Error::input(name, "must be true or false")));
        Ok(value.transpose()?.unwrap_or(false))
    }

    fn settlement(&self) -> Result<Option<Settlement>, Error> {
        let value = self.get(SETTLEMENT).map(|value| {
            let mode = value.plain().and_then(Settlement::parse);
            mode.ok_or_else(|| Error::input(SETTLEMENT, "must be a settlement mode, such as \"batch\" or \"private\""))
        });
        value.transpose()
    }

    /// The tools, unless there is none.
    fn tools(&self) -> Result<Option<Json<'a>>, Error> {
        let Some(tools) = self.get("tools") else { return Ok(None) };
        if !tools.is_array() {
            return Err(Error::input("tools", "must be a list"));
        }
        let mut names: Vec<&str> = Vec::new();
        for (at, tool) in tools.elements().enumerate() {
            let fail = |field: &str, reason: &'static str| Err(Error::input(format!("tools[{at}]{field}"), reason));
            let kind = tool.get("type").and_then(Json::present);
            let is_function = kind.is_none_or(|kind| kind.plain() == Some("function"));
            let function = tool.get("function").filter(|function| is_object(*function));
            let (true, Some(function)) = (is_function, function) else {
                // OpenAI's bodies have tools of other kinds.
                if !self.shape.sdk && is_object(tool) {
                    continue;
                }
                return fail("", "must be an object { type: \"function\", function: { name, … } }");
            };
            let member = |name: &str| function.get(name).and_then(Json::present);
            let name = member("name").and_then(Json::plain).filter(|name| is_name(name));
            match name {
                None => return fail(".function.name", "must be 1 to 64 letters, digits, hyphens or underscores"),
                Some(name) if names.contains(&name) => return fail(".function.name", "is the name of another tool, too"),
                Some(name) => names.push(name),
            }
            if member("description").is_some_and(|text| !is_text(text)) {
                return fail(".function.description", "must be a text");
            }
            if member("parameters").is_some_and(|schema| !is_object(schema)) {
                return fail(".function.parameters", "must be a JSON schema, which is an object");
            }
            if member("strict").is_some_and(|strict| strict.flag().is_none()) {
                return fail(".function.strict", "must be true or false");
            }
        }
        Ok(tools.elements().next().map(|_| tools))
    }

    fn tool_choice(&self, tools: Option<Json<'a>>) -> Result<Option<Json<'a>>, Error> {
        let field = self.shape.tool_choice;
        let Some(choice) = self.get(field) else { return Ok(None) };
        let name = |value: Json<'a>| value.get("function").and_then(|function| function.get("name")).and_then(Json::plain);
        match (choice.plain(), name(choice)) {
            (Some("auto" | "none" | "required"), _) => Ok(Some(choice)),
            (None, Some(wanted)) if tools.is_some_and(|tools| !tools.elements().any(|tool| name(tool) == Some(wanted))) => {
                Err(Error::input(field, "names a function that is not among the tools"))
            }
            (None, Some(_)) => Ok(Some(choice)),
            // Other kinds of choice exist with OpenAI.
            (None, None) if !self.shape.sdk && is_object(choice) => Ok(Some(choice)),
            _ => Err(Error::input(field, "must be \"auto\", \"none\", \"required\" or an object that names a function")),
        }
    }

    fn response_format(&self, model: &str) -> Result<Option<String>, Error> {
        let field = self.shape.response_format;
        let Some(format) = self.get(field) else { return Ok(None) };
        let schema = format.get("json_schema").or_else(|| format.get("jsonSchema")).and_then(Json::present);
        match format.get("type").and_then(Json::plain) {
            Some("text") => {}
            Some("json_object") if is_anthropic(model) => {
                let reason = "Anthropic models do not support json_object; use json_schema with an explicit schema";
                return Err(Error::input(format!("{field}.type"), reason));
            }
            Some("json_object") => {}
            Some("json_schema") => {
                let complete = schema
                    .is_some_and(|schema| schema.get("name").is_some_and(is_text) && schema.get("schema").is_some_and(is_object));
                if !complete {
                    return Err(Error::input(format!("{field}.json_schema"), "must be an object { name, schema, strict? }"));
                }
            }
            _ => return Err(Error::input(format!("{field}.type"), "must be \"text\", \"json_object\" or \"json_schema\"")),
        }
        let kind = format.get("type").map_or("null", Json::raw);
        let schema = schema.map(|schema| [",\"json_schema\":", schema.raw()].concat());
        Ok(Some(["{\"type\":", kind, schema.as_deref().unwrap_or_default(), "}"].concat()))
    }
}

fn is_object(value: Json<'_>) -> bool {
    value.raw().starts_with('{')
}

/// Whether a number, as [`float`] writes it, is one from 0 to 2, which is what providers take. As text: reading floats takes 12 KB of tables.
fn is_temperature(text: &str) -> bool {
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    match whole {
        _ if text.contains("e-") => !text.starts_with('-'),
        "0" | "1" => !rest.contains('e'),
        "2" | "-0" => rest.bytes().all(|digit| digit == b'0'),
        _ => false,
    }
}

/// The names that providers take for tools.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(plain)
}

fn is_number(raw: &str) -> bool {
    raw.starts_with(|c: char| c == '-' || c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn read(input: &Value) -> Result<ChatRequest, Error> {
        ChatRequest::read(Json::parse(&input.to_string()).ok_or_else(|| Error::input("test", "no JSON"))?)
    }

    fn body(input: &Value, stream: bool) -> Value {
        read(input).ok().and_then(|request| serde_json::from_str(&request.body(stream)).ok()).unwrap_or_default()
    }

    /// Every case of the official verifier: what goes out, and what is signed, byte for byte.
    #[test]
    fn requests_are_the_official_ones() -> Result<(), Error> {
        let vectors: Value =
            serde_json::from_str(include_str!("../../../tests/vectors/opengradient/proof.json")).unwrap_or_default();
        let cases = vectors["cases"].as_array().cloned().unwrap_or_default();
        assert_eq!(cases.len(), 12);
        for case in cases {
            let input = case["body"].to_string();
            let request = ChatRequest::read_openai(Json::parse(&input).ok_or_else(|| Error::input("test", "no JSON"))?)?;
            assert_eq!(Some(request.canonical()), case["canonical"].as_str(), "{}", case["name"]);
            assert_eq!(serde_json::from_str::<Value>(&request.body(false)).ok(), Some(case["wire"].clone()), "{}", case["name"]);
        }
        Ok(())
    }

    #[test]
    fn defaults_are_the_official_sdks() {
        let input =
            json!({"model": "anthropic/claude-haiku-4-5", "messages": [{"role": "user", "content": "Hi"}], "stream": null});
        let messages = &input["messages"];
        let plain = json!({"model": "claude-haiku-4-5", "messages": messages, "max_tokens": 100, "temperature": 0.0});
        assert_eq!(body(&input, false), plain);
        let mut streamed = plain;
        streamed["stream"] = true.into();
        assert_eq!(body(&input, true), streamed);
    }

    #[test]
    fn everything_given_goes_out() -> Result<(), Error> {
        let tool = json!({"type": "function", "function": {"name": "w", "parameters": {"type": "object"}}});
        let schema = json!({"name": "n", "schema": {"type": "object"}});
        let input = json!({
            "model": "openai/gpt-5", "messages": [{"role": "user", "content": "x"}], "maxTokens": 5, "stopSequence": ["END"],
            "temperature": 1, "tools": [tool], "responseFormat": {"type": "json_schema", "jsonSchema": schema},
            "webSearch": true, "x402SettlementMode": "PRIVATE", "stream": true,
        });
        let expected = json!({
            "model": "gpt-5", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5, "stop": ["END"], "temperature": 1.0,
            "tools": [tool], "tool_choice": "auto", "response_format": {"type": "json_schema", "json_schema": schema},
            "web_search": true,
        });
        assert_eq!(body(&input, false), expected);
        let request = read(&input)?;
        assert!(request.stream && !request.canonical().contains("tool_choice"));
        assert_eq!((request.asked.tools, request.asked.callable.as_slice()), (true, ["w".to_owned()].as_slice()));
        let mut unwanted = input;
        unwanted["toolChoice"] = "none".into();
        let unwanted = read(&unwanted)?;
        assert_eq!((unwanted.asked.tools, unwanted.asked.callable.len()), (true, 0));
        assert_eq!(request.settlement, Some(Settlement::Private));
        Ok(())
    }

    #[test]
    fn refusals_name_the_field() {
        let message = json!([{"role": "user", "content": "x"}]);
        let anthropic = "anthropic/claude-opus-4-8";
        for (field, change) in [
            ("model", json!({"model": ""})),
            ("model", json!({"model": "openai/"})),
            ("messages", json!({"messages": []})),
            ("messages", json!({"messages": "hi"})),
            ("messages[0].role", json!({"messages": [{"content": "x"}]})),
            ("messages[0].role", json!({"messages": ["x"]})),
            ("messages[0].content", json!({"messages": [{"role": "user"}]})),
            ("messages[0].content", json!({"messages": [{"role": "system", "content": 1}]})),
            ("messages[0].content[1]", json!({"messages": [{"role": "user", "content": ["a", 1]}]})),
            ("messages[0].content[0]", json!({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]})),
            ("messages[0].tool_call_id", json!({"messages": [{"role": "tool", "content": "x"}]})),
            ("messages[0].name", json!({"messages": [{"role": "function", "content": "x"}]})),
            ("messages[0].tool_calls", json!({"messages": [{"role": "assistant", "tool_calls": [{"id": 1}]}]})),
            ("maxTokens", json!({"maxTokens": -1})),
            ("maxTokens", json!({"maxTokens": 1.5})),
            ("temperature", json!({"temperature": "0.7"})),
            ("temperature", json!({"temperature": 2.1})),
            ("temperature", json!({"temperature": -0.1})),
            ("temperature", json!({"temperature": 1e300})),
            ("stopSequence", json!({"stopSequence": [1]})),
            ("tools", json!({"tools": {}})),
            ("tools[0]", json!({"tools": [{"type": "function"}]})),
            ("tools[0]", json!({"tools": ["weather"]})),
            ("tools[0]", json!({"tools": [{"type": "function", "function": "weather"}]})),
            ("tools[0]", json!({"tools": [{"type": "retrieval", "function": {"name": "f"}}]})),
            ("tools[0].function.name", json!({"tools": [{"type": "function", "function": {}}]})),
            ("tools[0].function.name", json!({"tools": [{"type": "function", "function": {"name": 7}}]})),
            ("tools[0].function.name", json!({"tools": [{"type": "function", "function": {"name": ""}}]})),
            ("tools[0].function.name", json!({"tools": [{"type": "function", "function": {"name": "the weather"}}]})),
            ("tools[0].function.name", json!({"tools": [{"type": "function", "function": {"name": "x".repeat(65)}}]})),
            (
                "tools[1].function.name",
                json!({"tools": [{"type": "function", "function": {"name": "f"}}, {"type": "function", "function": {"name": "f"}}]}),
            ),
            (
                "tools[0].function.description",
                json!({"tools": [{"type": "function", "function": {"name": "f", "description": 1}}]}),
            ),
            (
                "tools[0].function.parameters",
                json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": []}}]}),
            ),
            (
                "tools[0].function.parameters",
                json!({"tools": [{"type": "function", "function": {"name": "f", "parameters": "{}"}}]}),
            ),
            ("tools[0].function.strict", json!({"tools": [{"type": "function", "function": {"name": "f", "strict": "yes"}}]})),
            ("toolChoice", json!({"toolChoice": "sometimes"})),
            ("toolChoice", json!({"toolChoice": {}})),
            (
                "toolChoice",
                json!({"tools": [{"type": "function", "function": {"name": "f"}}], "toolChoice": {"type": "function", "function": {"name": "g"}}}),
            ),
            ("toolChoice", json!({"toolChoice": 1})),
            ("responseFormat.type", json!({"responseFormat": {"type": "xml"}})),
            ("responseFormat.type", json!({"model": anthropic, "responseFormat": {"type": "json_object"}})),
            ("responseFormat.json_schema", json!({"responseFormat": {"type": "json_schema"}})),
            ("responseFormat.json_schema", json!({"responseFormat": {"type": "json_schema", "json_schema": {"name": "n"}}})),
            ("webSearch", json!({"webSearch": "yes"})),
            ("stream", json!({"stream": 1})),
            ("x402SettlementMode", json!({"x402SettlementMode": "free"})),
            ("max_tokens", json!({"max_tokens": 1})),
        ] {
            let mut input = json!({"model": "openai/gpt-5", "messages": message});
            for (name, value) in change.as_object().into_iter().flatten() {
                input[name] = value.clone();
            }
            let refused = read(&input).err();
            let named = refused.as_ref().and_then(|error| match &**error {
                crate::error::Kind::InvalidInput { field, .. } => Some(field.as_str()),
                _ => None,
            });
            assert_eq!(named, Some(field), "{change}");
        }
        for text in
            ["[]", "\"x\"", "1", "{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}],\"temperature\":1e999}"]
        {
            assert!(Json::parse(text).is_some_and(|json| ChatRequest::read(json).is_err()), "{text}");
        }
    }

    #[test]
    fn completions_have_a_prompt() -> Result<(), Error> {
        let text = r#"{"model":"openai/gpt-5","prompt":"Grüße","stopSequence":["\n"],"temperature":0.5}"#;
        let request = CompletionRequest::read(Json::parse(text).ok_or_else(|| Error::input("test", "no JSON"))?)?;
        assert_eq!(
            request.canonical(),
            r#"{"max_tokens": 100, "model": "gpt-5", "prompt": "Gr\u00fc\u00dfe", "stop": ["\n"], "temperature": 0.5}"#
        );
        for bad in [r#"{"model":"m"}"#, r#"{"model":"m","prompt":1}"#, r#"{"model":"m","prompt":"x","messages":[]}"#] {
            assert!(Json::parse(bad).is_some_and(|json| CompletionRequest::read(json).is_err()), "{bad}");
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn temperatures_are_told_by_their_text(
            value in prop_oneof![
                -3.0..=3.0_f64,
                any::<f64>(),
                proptest::sample::select(vec![0.0, -0.0, 1.0, 2.0, 1e-7, -1e-7, 1e16, 2.000_000_1, 5e-324]),
            ],
        ) {
            prop_assume!(value.is_finite());
            let text = float(&format!("{value:?}"));
            prop_assert_eq!(text.as_deref().map(is_temperature), Some((0.0..=2.0).contains(&value)), "{:?}", text);
        }

        /// Whatever the content, the signed text is what Python would write of the body that goes out.
        #[test]
        fn the_signed_text_follows_the_body(content in any::<String>(), temperature in 0.0..=2.0_f64, stop in any::<Option<String>>()) {
            let input = json!({"model": "m", "messages": [{"role": "user", "content": content}], "temperature": temperature, "stopSequence": stop});
            let request = read(&input);
            let (sent, signed) = request.map(|request| (request.body(false), request.canonical().to_owned())).unwrap_or_default();
            prop_assert_eq!(Json::parse(&sent).and_then(super::super::canonical::dumps), Some(signed));
        }
    }
}
