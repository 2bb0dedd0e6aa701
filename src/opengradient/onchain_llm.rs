//! Language models as they were called on chain in the 0.4 era: a transaction for each answer, the answer in its event.

use alloy_primitives::B256;
use alloy_sol_types::SolEvent;

use super::alpha::Alpha;
use super::inference::abi::InferenceHub as Hub;
use super::inference::flow::event_data;
use crate::error::{Error, Kind, clip};
use crate::eth::abi;
use crate::eth::call::WriteCall;
use crate::eth::follow::Receipt;
use crate::eth::tx::{Gas, TxOptions};
use crate::json::Json;

/// Three times the estimate (spec: the official SDK's).
const GAS: Gas = Gas::Estimate { percent: 300, fallback: None };
/// All text of one request; a block takes far less.
const MAX_TEXT: usize = 4 << 20;

/// The models of that era (`og.LLM`). Other names pass through: the network decides.
pub const LLM: [(&str, &str); 6] = [
    ("META_LLAMA_3_8B_INSTRUCT", "meta-llama/Meta-Llama-3-8B-Instruct"),
    ("LLAMA_3_2_3B_INSTRUCT", "meta-llama/Llama-3.2-3B-Instruct"),
    ("QWEN_2_5_72B_INSTRUCT", "Qwen/Qwen2.5-72B-Instruct"),
    ("META_LLAMA_3_1_70B_INSTRUCT", "meta-llama/Llama-3.1-70B-Instruct"),
    ("DOBBY_UNHINGED_3_1_8B", "SentientAGI/Dobby-Mini-Unhinged-Llama-3.1-8B"),
    ("DOBBY_LEASHED_3_1_8B", "SentientAGI/Dobby-Mini-Leashed-Llama-3.1-8B"),
];

/// Those that ran in enclaves (`og.TEE_LLM`); the official SDK refuses others in that mode, and so do we.
pub const TEE_LLM: [(&str, &str); 1] = [("META_LLAMA_3_1_70B_INSTRUCT", "meta-llama/Llama-3.1-70B-Instruct")];

/// Where a language model runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum LlmInferenceMode {
    /// On the network's nodes.
    Vanilla = 0,
    /// In an enclave.
    Tee = 1,
}

impl TryFrom<&str> for LlmInferenceMode {
    type Error = Error;
    /// Reads the official name.
    fn try_from(name: &str) -> Result<Self, Error> {
        match name {
            "VANILLA" => Ok(Self::Vanilla),
            "TEE" => Ok(Self::Tee),
            other => Err(Error::input("inferenceMode", format!("expected VANILLA or TEE, but found {}", clip(other)))),
        }
    }
}

/// What both kinds of request share.
#[derive(Clone, Debug, PartialEq)]
pub struct LlmOptions {
    /// Where it runs.
    pub mode: LlmInferenceMode,
    /// The most tokens to write; 100 by default.
    pub max_tokens: u32,
    /// Where to stop.
    pub stop_sequence: Vec<String>,
    /// 0 to 2; on chain in hundredths.
    pub temperature: f64,
}

impl Default for LlmOptions {
    fn default() -> Self {
        Self { mode: LlmInferenceMode::Vanilla, max_tokens: 100, stop_sequence: Vec::new(), temperature: 0.0 }
    }
}

/// One message of a chat, as the chain has it: what is absent is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChatMessage {
    /// system, user, assistant or tool.
    pub role: String,
    /// Its text.
    pub content: String,
    /// The speaker's or tool's name.
    pub name: String,
    /// Which call a tool's message answers.
    pub tool_call_id: String,
    /// The calls it asks for.
    pub tool_calls: Vec<ToolCall>,
}

/// A call that a model wants made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToolCall {
    /// Its id.
    pub id: String,
    /// The function.
    pub name: String,
    /// Its arguments as JSON text; a model wrote them, so they may be no JSON.
    pub arguments: String,
}

/// A chat's next message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChatResult {
    /// Its transaction.
    pub receipt: Receipt,
    /// stop, length or tool_calls.
    pub finish_reason: String,
    /// The message.
    pub message: ChatMessage,
}

/// Python's `int(temperature * 100)`: cut, not rounded, so 0.29 is 28.
fn hundredths(temperature: f64) -> Result<u32, Error> {
    if !(0.0..=100.0).contains(&temperature) {
        return Err(Error::input("temperature", "expected a number from 0 to 100"));
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 10,000; cutting is the rule")]
    let scaled = (temperature * 100.0) as u32;
    Ok(scaled)
}

fn check(model: &str, options: &LlmOptions) -> Result<u32, Error> {
    if model.is_empty() {
        return Err(Error::input("modelCid", "expected a model's name"));
    }
    if options.mode == LlmInferenceMode::Tee && !TEE_LLM.iter().any(|(_, name)| *name == model) {
        return Err(Error::input("modelCid", format!("{} does not run in enclaves on chain", clip(model))));
    }
    hundredths(options.temperature)
}

fn bounded(call: WriteCall) -> Result<WriteCall, Error> {
    if call.data.len() > MAX_TEXT { Err(Error::input("messages", "expected at most 4 MB of text")) } else { Ok(call) }
}

/// Reads an OpenAI-style list of messages. A null content is empty; content in parts is refused, as the chain has text only.
///
/// # Errors
/// [`Kind::InvalidInput`], which names the message.
pub fn messages(list: Json<'_>) -> Result<Vec<ChatMessage>, Error> {
    if !list.is_array() {
        return Err(Error::input("messages", "expected a list"));
    }
    let message = |(index, message): (usize, Json<'_>)| {
        let field = |name: &str| format!("messages[{index}].{name}");
        let [role, content, name, id, calls] = message.fields(["role", "content", "name", "tool_call_id", "tool_calls"]);
        Ok(ChatMessage {
            role: required(role, || field("role"))?,
            content: optional(content, || field("content"))?,
            name: optional(name, || field("name"))?,
            tool_call_id: optional(id, || field("tool_call_id"))?,
            tool_calls: calls
                .into_iter()
                .flat_map(Json::elements)
                .map(|call| {
                    // OpenAI nests the function; the chain and the official SDK's own results do not.
                    let [id, function] = call.fields(["id", "function"]);
                    let [name, arguments] = function.unwrap_or(call).fields(["name", "arguments"]);
                    Ok(ToolCall {
                        id: required(id, || field("tool_calls.id"))?,
                        name: required(name, || field("tool_calls.name"))?,
                        arguments: optional(arguments, || field("tool_calls.arguments"))?,
                    })
                })
                .collect::<Result<_, Error>>()?,
        })
    };
    list.elements().enumerate().map(message).collect()
}

fn required(json: Option<Json<'_>>, field: impl Fn() -> String) -> Result<String, Error> {
    match json {
        Some(_) => optional(json, field),
        None => Err(Error::input(field(), "expected text")),
    }
}

fn optional(json: Option<Json<'_>>, field: impl Fn() -> String) -> Result<String, Error> {
    let Some(json) = json else { return Ok(String::new()) };
    json.text().map(std::borrow::Cow::into_owned).ok_or_else(|| Error::input(field(), "expected text"))
}

/// Reads OpenAI-style tools. The parameters' schema goes on chain as text, as Python's `json.dumps` writes it.
fn tools(list: Option<Json<'_>>) -> Result<Vec<Hub::ToolDefinition>, Error> {
    let tool = |(index, tool): (usize, Json<'_>)| {
        let field = |name: &str| format!("tools[{index}].function.{name}");
        let function = tool.get("function").ok_or_else(|| Error::input(field(""), "expected a function"))?;
        let [name, description, parameters] = function.fields(["name", "description", "parameters"]);
        Ok(Hub::ToolDefinition {
            description: optional(description, || field("description"))?,
            name: required(name, || field("name"))?,
            parameters: parameters.map(spaced).unwrap_or_default(),
        })
    };
    list.into_iter().flat_map(Json::elements).enumerate().map(tool).collect()
}

/// The same JSON with `", "` and `": "` between, and nothing else: how Python's `json.dumps` lays it out. Strings and numbers
/// keep their own text, but for characters beyond ASCII, which Python escapes.
fn spaced(json: Json<'_>) -> String {
    let mut out = String::with_capacity(json.raw().len() + 16);
    let (mut inside, mut escaped) = (false, false);
    for c in json.raw().chars() {
        match c {
            c if !c.is_ascii() => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            c if inside => {
                out.push(c);
                inside = escaped || c != '"';
                escaped = !escaped && c == '\\';
            }
            ',' | ':' => out.extend([c, ' ']),
            ' ' | '\t' | '\n' | '\r' => {}
            c => {
                inside = c == '"';
                out.push(c);
            }
        }
    }
    out
}

/// The call of the hub's `runLLMChat`. `tools` are OpenAI-style; `tool_choice` is `auto` with tools and empty without unless
/// given.
///
/// # Errors
/// [`Kind::InvalidInput`].
pub fn chat_call(
    hub: alloy_primitives::Address,
    model: &str,
    messages: &[ChatMessage],
    tools_list: Option<Json<'_>>,
    tool_choice: Option<&str>,
    options: &LlmOptions,
) -> Result<WriteCall, Error> {
    let temperature = check(model, options)?;
    if messages.is_empty() {
        return Err(Error::input("messages", "expected at least one message"));
    }
    let wire = |message: &ChatMessage| Hub::ChatMessage {
        role: message.role.clone(),
        content: message.content.clone(),
        name: message.name.clone(),
        tool_call_id: message.tool_call_id.clone(),
        tool_calls: message
            .tool_calls
            .iter()
            .map(|call| Hub::ToolCall { id: call.id.clone(), name: call.name.clone(), arguments: call.arguments.clone() })
            .collect(),
    };
    let default = if tools_list.is_some() { "auto" } else { "" };
    let request = Hub::LLMChatRequest {
        mode: options.mode as u8,
        modelCID: model.to_owned(),
        messages: messages.iter().map(wire).collect(),
        tools: tools(tools_list)?,
        tool_choice: tool_choice.filter(|choice| !choice.is_empty()).unwrap_or(default).to_owned(),
        max_tokens: options.max_tokens,
        stop_sequence: options.stop_sequence.clone(),
        temperature,
    };
    bounded(WriteCall::new(hub, &Hub::runLLMChatCall { request }))
}

/// The call of the hub's `runLLMCompletion`.
///
/// # Errors
/// [`Kind::InvalidInput`].
pub fn completion_call(
    hub: alloy_primitives::Address,
    model: &str,
    prompt: &str,
    options: &LlmOptions,
) -> Result<WriteCall, Error> {
    let request = Hub::LLMCompletionRequest {
        mode: options.mode as u8,
        modelCID: model.to_owned(),
        prompt: prompt.to_owned(),
        max_tokens: options.max_tokens,
        stop_sequence: options.stop_sequence.clone(),
        temperature: check(model, options)?,
    };
    bounded(WriteCall::new(hub, &Hub::runLLMCompletionCall { request }))
}

impl Alpha {
    /// Continues a chat on chain: one transaction. `messages` and `tools` are OpenAI-style JSON.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`] before anything is sent; those of [`tx::execute`](crate::eth::tx::execute);
    /// [`Kind::ResultRetrieval`] when it was paid and its event does not have the answer.
    pub async fn llm_chat(
        &self,
        model: &str,
        messages_json: Json<'_>,
        tools_json: Option<Json<'_>>,
        tool_choice: Option<&str>,
        options: &LlmOptions,
        tx: &TxOptions,
    ) -> Result<ChatResult, Error> {
        let hub = self.network.hub;
        let call = chat_call(hub, model, &messages(messages_json)?, tools_json, tool_choice, options)?;
        let receipt = self.write(&call, GAS, tx).await?;
        let event = event::<Hub::LLMChatResult>(&receipt, hub)?;
        let Hub::LLMChatResponse { finish_reason, message } = event.response;
        let Hub::ChatMessage { role, content, name, tool_call_id, tool_calls } = message;
        let tool_calls = tool_calls.into_iter();
        let tool_calls = tool_calls.map(|call| ToolCall { id: call.id, name: call.name, arguments: call.arguments }).collect();
        Ok(ChatResult { receipt, finish_reason, message: ChatMessage { role, content, name, tool_call_id, tool_calls } })
    }

    /// Continues a text on chain: one transaction. Answers the text.
    ///
    /// # Errors
    /// As [`Alpha::llm_chat`].
    pub async fn llm_completion(
        &self,
        model: &str,
        prompt: &str,
        options: &LlmOptions,
        tx: &TxOptions,
    ) -> Result<(Receipt, String), Error> {
        let hub = self.network.hub;
        let receipt = self.write(&completion_call(hub, model, prompt, options)?, GAS, tx).await?;
        let answer = event::<Hub::LLMCompletionResult>(&receipt, hub)?.response.answer;
        Ok((receipt, answer))
    }
}

fn event<E: SolEvent>(receipt: &Receipt, hub: alloy_primitives::Address) -> Result<E, Error> {
    let topic: B256 = E::SIGNATURE_HASH;
    let read = |data: &[u8]| E::decode_raw_log_with_config([topic], data, abi::within(data)).ok();
    let found = event_data(receipt, hub, topic).and_then(read);
    found.ok_or_else(|| {
        let reason = format!("expected the event {}, but found none that can be read", E::SIGNATURE);
        Error::from(Kind::ResultRetrieval { hash: receipt.hash, inference_id: None, reason: clip(&reason) })
    })
}

#[cfg(test)]
#[path = "onchain_llm_tests.rs"]
mod tests;
