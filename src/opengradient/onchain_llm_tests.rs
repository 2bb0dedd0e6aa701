//! Against the official SDK's vectors and a scripted chain.

#![allow(clippy::result_large_err, reason = "errors are taken apart here")]

use alloy_primitives::{Address, hex};
use serde_json::{Value, json};

use super::*;
use crate::io::fake;
use crate::opengradient::testing::{hash, log, nobody, receipt, world};

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn calldata() -> Value {
    vectors(include_str!("../../tests/vectors/opengradient/abi_calldata.json"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn options(args: &Value) -> LlmOptions {
    let stops = args["stop_sequence"].as_array().cloned().unwrap_or_default();
    LlmOptions {
        mode: if args["mode"] == 1 { LlmInferenceMode::Tee } else { LlmInferenceMode::Vanilla },
        max_tokens: args["max_tokens"].as_u64().and_then(|tokens| tokens.try_into().ok()).unwrap_or_default(),
        stop_sequence: stops.iter().map(|stop| text(stop).to_owned()).collect(),
        // What is cut comes back when a little more is given.
        temperature: args["temperature"].as_f64().unwrap_or_default() / 100.0 + 0.001,
    }
}

#[test]
fn every_request_is_the_official_one() {
    let all = calldata();
    let mut seen = 0;
    for case in all["calldata"].as_array().into_iter().flatten() {
        let args = &case["args"];
        let made = match text(&case["name"]) {
            "llm_completion" => completion_call(Address::ZERO, text(&args["modelCID"]), text(&args["prompt"]), &options(args)),
            name if name.starts_with("llm_chat") => {
                let messages_text = args["messages"].to_string();
                let messages = Json::parse(&messages_text).map(messages).and_then(Result::ok).unwrap_or_default();
                let tools: Vec<Value> = args["tools"].as_array().into_iter().flatten().map(openai_tool).collect();
                let tools_text = format!("[{}]", tools.iter().map(text).collect::<Vec<_>>().join(","));
                let tools = if tools.is_empty() { None } else { Json::parse(&tools_text) };
                chat_call(Address::ZERO, text(&args["modelCID"]), &messages, tools, None, &options(args))
            }
            _ => continue,
        };
        assert_eq!(made.ok().map(|call| format!("0x{}", hex::encode(call.data))).as_deref(), case["calldata"].as_str(), "{case}");
        seen += 1;
    }
    assert_eq!(seen, 3);
}

/// The chain's tool as the caller gave it: text, because serde_json would sort the schema's keys.
fn openai_tool(tool: &Value) -> Value {
    Value::from(format!(
        r#"{{"type":"function","function":{{"name":{},"description":{},"parameters":{}}}}}"#,
        tool["name"],
        tool["description"],
        text(&tool["parameters"]).replace(", ", ",").replace(": ", " :\n")
    ))
}

#[test]
fn temperatures_are_cut_as_python_cuts_them() {
    let all = calldata();
    let cases = all["temperature_scaling"].as_array().cloned().unwrap_or_default();
    assert!(cases.len() > 8);
    for case in cases {
        let scaled = case["temperature"].as_f64().map(hundredths).and_then(Result::ok);
        assert_eq!(scaled.map(u64::from), case["scaled"].as_u64(), "{case}");
    }
    for bad in [-0.1, f64::NAN, f64::INFINITY, 1e9] {
        assert!(hundredths(bad).is_err());
    }
}

#[test]
fn what_the_chain_cannot_hold_is_refused() {
    let read = |text: &str| Json::parse(text).map(messages).map(|read| read.map_err(Error::into_kind));
    for (bad, place) in [
        (r#"[{"content":"x"}]"#, "messages[0].role"),
        (r#"[{"role":"user","content":"x"},{"role":"user","content":[{"type":"text","text":"x"}]}]"#, "messages[1].content"),
        (r#"[{"role":"assistant","tool_calls":[{"function":{"name":"f"}}]}]"#, "messages[0].tool_calls.id"),
        (r#"{"role":"user"}"#, "messages"),
    ] {
        assert!(matches!(read(bad), Some(Err(Kind::InvalidInput { field, .. })) if field == place), "{bad}");
    }
    let tee = LlmOptions { mode: LlmInferenceMode::Tee, ..LlmOptions::default() };
    assert!(completion_call(Address::ZERO, "Qwen/Qwen2.5-72B-Instruct", "x", &tee).is_err());
    assert!(completion_call(Address::ZERO, "meta-llama/Llama-3.1-70B-Instruct", "x", &tee).is_ok());
    assert!(completion_call(Address::ZERO, "m", &"x".repeat(5 << 20), &LlmOptions::default()).is_err());
    assert!(chat_call(Address::ZERO, "m", &[], None, None, &LlmOptions::default()).is_err());
}

#[test]
fn a_schema_is_laid_out_as_python_does() {
    let read = |text: &str| Json::parse(text).map(spaced).unwrap_or_default();
    assert_eq!(read("{\"a\" : [1,2 ,3],\n \"b,:\\\"\\\\\":\"é😀\"}"), r#"{"a": [1, 2, 3], "b,:\"\\": "\u00e9\ud83d\ude00"}"#);
    assert_eq!(read("{}"), "{}");
}

#[test]
fn answers_come_from_the_events() {
    let all = vectors(include_str!("../../tests/vectors/opengradient/events.json"));
    let data = |name: &str| {
        let case = all["cases"].as_array().into_iter().flatten().find(|case| case["event"] == name).cloned().unwrap_or_default();
        hex::decode(text(&case["data"])).unwrap_or_default()
    };
    let hub = super::super::alpha::Network::default().hub;
    let logs = json!([
        log(hub, Hub::LLMChatResult::SIGNATURE_HASH, &data("LLMChatResult")),
        log(hub, Hub::LLMCompletionResult::SIGNATURE_HASH, &data("LLMCompletionResult")),
    ]);
    let sends = (1..3).map(|number| Ok(json!(hash(number).to_string()))).collect();
    let world = world(
        sends,
        move |method, params| {
            let number = if params[0] == json!(hash(2).to_string()) { 2 } else { 1 };
            (method == "eth_getTransactionReceipt").then(|| Ok(receipt(number, None, logs.clone())))
        },
        nobody,
    );
    let Some(messages) = Json::parse(r#"[{"role":"user","content":"2+2="}]"#) else { return };
    let chat = fake::run(world.alpha.llm_chat("m", messages, None, None, &LlmOptions::default(), &world.options()));
    let chat = chat.map(|chat| (chat.finish_reason, chat.message.tool_calls)).unwrap_or_default();
    let call =
        ToolCall { id: "call_1".to_owned(), name: "get_weather".to_owned(), arguments: "{\"city\": \"Paris\"}".to_owned() };
    assert_eq!(chat, ("tool_calls".to_owned(), vec![call]));
    let completion = fake::run(world.alpha.llm_completion("m", "2+2=", &LlmOptions::default(), &world.options()));
    assert_eq!(completion.map(|(_, answer)| answer).unwrap_or_default(), "4");
    assert_eq!(world.sent().first().map(|tx| tx["gas"].clone()), Some(json!("0x249f0")));
}

#[test]
fn an_event_that_cannot_be_read_says_that_it_was_paid() {
    let hub = super::super::alpha::Network::default().hub;
    let logs = json!([log(hub, Hub::LLMCompletionResult::SIGNATURE_HASH, &[1, 2, 3])]);
    let sends = vec![Ok(json!(hash(1).to_string()))];
    let world = world(
        sends,
        move |method, _| (method == "eth_getTransactionReceipt").then(|| Ok(receipt(1, None, logs.clone()))),
        nobody,
    );
    let result = fake::run(world.alpha.llm_completion("m", "x", &LlmOptions::default(), &world.options()));
    assert!(matches!(result.map_err(Error::into_kind), Err(Kind::ResultRetrieval { hash: at, .. }) if at == hash(1)));
}
