//! Language models: streams, answers, requests.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};
use ogkit::io::{HttpHead, HttpRequest, HttpStream};
use ogkit::json::Json;
use ogkit::opengradient::llm::answer::{ChatAnswer, CompletionAnswer};
use ogkit::opengradient::llm::canonical;
use ogkit::opengradient::llm::client::{Enclaves, Llm, Options};
use ogkit::opengradient::llm::request::{ChatRequest, CompletionRequest};
use ogkit::opengradient::llm::sse::Parser;
use ogkit::opengradient::llm::stream::Assembler;
use ogkit::opengradient::llm::{SendFailure, Sender, Sent, Verify};
use ogkit::opengradient::onchain_llm;

use super::{Target, bytes, short, splits, vectors};
use crate::world::{self, Answer, run};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "sse", run: sse, samples: stream_samples, memory: 48 },
    Target { name: "chat", run: chat, samples: chat_samples, memory: 128 },
    Target { name: "chat_stream", run: chat_stream, samples: stream_samples, memory: 400 },
    Target { name: "request", run: request, samples: request_samples, memory: 200 },
];

/// A stream's events: the data of each, and whether it went on to its end.
fn events(pieces: &[&[u8]], limit: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut parser, mut found) = (Parser::with_limit(limit), Vec::new());
    let is_whole = pieces.iter().all(|piece| parser.push(piece, &mut |data| found.push(data.to_vec())).is_ok());
    let is_whole = is_whole && parser.finish(&mut |data| found.push(data.to_vec())).is_ok();
    (found, is_whole)
}

/// Any split of a stream's bytes gives the same events; what is written as an event is read as one.
fn sse(data: &[u8]) {
    for limit in [1 << 20, 64] {
        let whole = events(&[data], limit);
        assert!(whole.0.iter().all(|event| event.len() <= limit), "an event beyond the limit");
        assert!(whole.0.iter().map(Vec::len).sum::<usize>() <= data.len());
        for pieces in splits(data) {
            assert_eq!(events(&pieces, limit), whole, "in pieces");
        }
    }
    let line: Vec<u8> = data.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    let one = [b": ping\nevent: x\r\ndata: ", &line[..], b"\rid: 1\n\ndata: [DONE]\n\n"].concat();
    assert_eq!(events(&[&one], 1 << 20), (vec![line, b"[DONE]".to_vec()], true), "an event that is read again");
}

fn stream_samples() -> Vec<Vec<u8>> {
    let delta =
        |content: &str, more: &str| format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{content}\"}}{more}}}]}}\n\n");
    let call = |arguments: &str| {
        format!(
            "data: {{\"choices\":[{{\"delta\":{{\"tool_calls\":[{{\"index\":0,\"id\":\"c\",\"type\":\"function\",\"function\":{{\"name\":\"f\",\"arguments\":\"{arguments}\"}}}}]}},\"finish_reason\":null}}]}}\r\n\r\n"
        )
    };
    let last = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1,\"total_tokens\":3},\"tee_signature\":\"AAAA\",\"tee_timestamp\":1750000000,\"tee_id\":\"0x11\"}\n\n";
    bytes([
        [&delta("Hel", ""), &delta("lo", ",\"finish_reason\":null"), ": ping\n\n", last, "data: [DONE]\n\n"].concat(),
        [&call("{\\\"a\\\":"), &call("1}"), last, "data: [DONE]\n\n"].concat(),
        ["\u{feff}data: {\"error\":{\"message\":\"no\"}}\n\n"].concat(),
        "data: {\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}],\"images\":[\"data:image/png;base64,AAAA\"]},\"finish_reason\":\"stop\"}]}\n".to_owned(),
        "data:a\ndata:\ndata\rdata: b\r\n\n".to_owned(),
    ])
}

/// An answer is read, or refused with a word; what is handed on of it is sound JSON.
fn chat(data: &[u8]) {
    match ChatAnswer::read(data) {
        Ok(answer) => {
            let message = answer.message();
            let message = Json::parse(&message).expect("a message is JSON, for the next request");
            assert_eq!(message.get("role").and_then(Json::plain), Some("assistant"));
            assert!(answer.images.len() <= 64);
            let tee = &answer.tee;
            let fields = [&tee.signature, &tee.timestamp, &tee.request_hash, &tee.output_hash, &tee.tee_id];
            assert!(fields.into_iter().flatten().all(|field| field.len() <= 2048));
            assert!(answer.tool_calls.is_none_or(|calls| Json::parse(&calls).is_some_and(Json::is_array)));
        }
        Err(reason) => assert!(reason.len() <= 520, "a server's words are cut"),
    }
    if let Err(reason) = CompletionAnswer::read(data) {
        assert!(reason.len() <= 520, "a server's words are cut");
    }
}

pub(super) fn chat_samples() -> Vec<Vec<u8>> {
    let vectors = vectors(include_str!("../../vectors/opengradient/proof.json"));
    let responses = vectors["cases"].as_array().into_iter().flatten().map(|case| case["response"].to_string());
    let mut all: Vec<Vec<u8>> = responses.map(String::into_bytes).collect();
    all.extend(bytes([
        r#"{"completion":"x","usage":{"total_tokens":18446744073709551615}}"#,
        r#"{"error":{"message":"model not found","type":"invalid_request_error"}}"#,
        r#"{"choices":[{"finish_reason":"tool_calls","message":{"content":null,"tool_calls":[{"id":"a","type":"function","function":{"name":"f","arguments":"{}"}}]}}]}"#,
    ]));
    all
}

/// A sender whose answer is a body in pieces.
struct Body(Vec<Vec<u8>>);

impl Sender for Body {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<Sent, SendFailure>> {
        let headers = vec![("content-type".to_owned(), "text/event-stream".to_owned())];
        let head = HttpHead { status: 200, url: request.url, headers };
        let body = stream::iter(self.0.clone().into_iter().map(Ok)).boxed_local();
        async move { Ok(Sent { response: HttpStream { head, body, detach: None }, payment: None }) }.boxed_local()
    }
}

/// A streamed answer is the same in whatever pieces it comes, to its text, its calls and its end.
fn chat_stream(data: &[u8]) {
    let mut known = None;
    // [`sse`] has it byte by byte.
    for pieces in [vec![data], splits(data).pop().unwrap_or_default()] {
        let (io, _) = world::io(|_| Answer::default());
        let sender = Rc::new(Body(pieces.into_iter().map(<[u8]>::to_vec).collect()));
        let enclaves = Enclaves::Fixed { endpoint: "https://llm.example".to_owned(), keys: None };
        let options = Options { verify: Verify::Off, ..Options::default() };
        let llm = Llm::new(io, sender, enclaves, options).unwrap_or_else(|error| panic!("{error}"));
        let input = r#"{"model":"openai/gpt-4.1","messages":[{"role":"user","content":"x"}],"stream":true,"tools":[{"type":"function","function":{"name":"f"}}]}"#;
        let request = Json::parse(input).and_then(|json| ChatRequest::read(json).ok()).expect("a request");
        let outcome = run(async {
            let mut stream = llm.chat_stream(&request, None).await.map_err(|error| error.to_string())?;
            let mut chunks = Vec::new();
            loop {
                match stream.next().await {
                    Ok(Some(chunk)) => chunks.push(chunk),
                    Ok(None) => return Ok(chunks),
                    Err(error) => return Err(error.to_string()),
                }
            }
        });
        match &outcome {
            Ok(chunks) => {
                assert!(chunks.iter().filter(|chunk| chunk.is_final).count() <= 1, "one last chunk");
                let content = chunks.iter().filter_map(|chunk| chunk.content.as_deref()).map(str::len).sum::<usize>();
                assert!(content <= 3 * data.len());
                for calls in chunks.iter().filter_map(|chunk| chunk.tool_calls.as_deref()) {
                    assert!(Json::parse(calls).is_some_and(Json::is_array), "{calls}");
                }
            }
            Err(error) => short(error),
        }
        assert_eq!(known.get_or_insert_with(|| outcome.clone()), &outcome, "in pieces");
    }
    let mut assembler = Assembler::default();
    for event in events(&[data], 1 << 20).0 {
        if let Err(reason) = assembler.event(&event) {
            assert!(reason.len() <= 520, "a server's words are cut");
            break;
        }
    }
    assert!(assembler.tool_calls().is_none_or(|calls| Json::parse(&calls).is_some()));
    let (_, output) = assembler.output(Some("tool_calls"));
    assert!(output.len() <= 16 * data.len() + 64);
}

/// A request that is read is sound JSON on the wire and as it is signed.
fn request(data: &[u8]) {
    let Some(json) = Json::parse_bytes(data) else { return };
    for read in [ChatRequest::read, ChatRequest::read_openai] {
        match read(json) {
            Ok(request) => {
                for stream in [false, true] {
                    let body = request.body(stream);
                    let body = Json::parse(&body).expect("a body is JSON");
                    assert!(body.get("messages").is_some_and(Json::is_array) && body.get("model").is_some());
                }
                is_canonical(request.canonical());
            }
            Err(error) => short(&error),
        }
    }
    match CompletionRequest::read(json) {
        Ok(request) => {
            assert!(Json::parse(request.body()).is_some(), "a body is JSON");
            is_canonical(request.canonical());
        }
        Err(error) => short(&error),
    }
    if let Err(error) = onchain_llm::messages(json) {
        short(&error);
    }
}

fn is_canonical(signed: &str) {
    let again = Json::parse(signed).and_then(canonical::dumps);
    assert_eq!(again.as_deref(), Some(signed), "what is signed is canonical");
}

fn request_samples() -> Vec<Vec<u8>> {
    let vectors = vectors(include_str!("../../vectors/opengradient/proof.json"));
    let mut all: Vec<Vec<u8>> =
        vectors["cases"].as_array().into_iter().flatten().map(|case| case["body"].to_string().into_bytes()).collect();
    all.extend(bytes([
        r#"{"model":"openai/gpt-4.1","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"x"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}},"y"]},{"role":"assistant","content":null,"tool_calls":[{"id":"a","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"a","content":"1"}],"maxTokens":5,"temperature":0.5,"stopSequence":["a"],"tools":[{"type":"function","function":{"name":"f","parameters":{}}}],"toolChoice":"none","responseFormat":{"type":"json_object"},"webSearch":true}"#,
        r#"{"model":"anthropic/claude-haiku-4-5","prompt":"x","maxTokens":3,"temperature":1e0,"stopSequence":null}"#,
    ]));
    all
}
