//! The flows in scripted dialogues, with real answers of the official verifier.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{B256, keccak256};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, StreamExt as _};
use serde_json::{Value, json};

use super::client::{Enclaves, Llm, Options};
use super::request::{ChatRequest, CompletionRequest};
use super::stream::Chunk;
use super::{SendFailure, Sender, Sent, Verify};
use crate::base64;
use crate::error::{Error, Kind, ProofCheck};
use crate::eth::rpc::Rpc;
use crate::io::fake::{self, run};
use crate::io::{Crypto, HttpFailure, HttpHead, HttpRequest, HttpStream, Io};
use crate::json::Json;
use crate::opengradient::tee::proof::tee_id;
use crate::opengradient::tee::registry::{Registry, tests as registry};

mod proofs;

const NOW_MS: u64 = 1_790_000_000_000;
type Pieces = Vec<Result<Vec<u8>, HttpFailure>>;
type Script = Box<dyn FnMut(&HttpRequest) -> Result<(u16, &'static str, Pieces), SendFailure>>;

/// A sender made of one function, which remembers what was sent.
struct FakeSender {
    script: RefCell<Script>,
    sent: RefCell<Vec<HttpRequest>>,
    /// Whether a payment went with the requests.
    paid: std::cell::Cell<bool>,
}

impl Sender for FakeSender {
    fn send(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<Sent, SendFailure>> {
        let reply = (self.script.borrow_mut())(&request);
        let url = request.url.clone();
        self.sent.borrow_mut().push(request);
        let payment = self.paid.get().then(|| Rc::new("paid") as super::Payment);
        async move {
            let (status, kind, pieces) = reply?;
            let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
            let headers = vec![header("content-type", kind), header("x-processing-hash", "0xpaid")];
            let response =
                HttpStream { head: HttpHead { status, url, headers }, body: stream::iter(pieces).boxed_local(), detach: None };
            Ok(Sent { response, payment })
        }
        .boxed_local()
    }
}

/// Believes every signature, so that tests can make answers of their own.
struct Credulous;

impl Crypto for Credulous {
    fn verify_rsa_pss_sha256(&self, _: Vec<u8>, _: Vec<u8>, _: Vec<u8>) -> LocalBoxFuture<'static, Result<bool, String>> {
        async { Ok(true) }.boxed_local()
    }
}

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/opengradient/proof.json")).unwrap_or_default()
}

fn key() -> Vec<u8> {
    base64::decode(vectors()["public_key_der"].as_str().unwrap_or_default()).unwrap_or_default()
}

/// A case's request, with `stream` or without, and its answer.
fn case(name: &str, stream: bool) -> Result<(ChatRequest, Value), Error> {
    let cases = vectors()["cases"].as_array().cloned().unwrap_or_default();
    let mut case = cases.into_iter().find(|case| case["name"] == name).unwrap_or_default();
    case["body"]["stream"] = stream.into();
    let body = case["body"].to_string();
    let body = Json::parse(&body).ok_or_else(|| Error::input("test", "no JSON"))?;
    Ok((ChatRequest::read_openai(body)?, case["response"].clone()))
}

fn world(keys: &'static [&'static str]) -> (Io, Registry) {
    let (io, _) = fake::node(move |_, _| {
        let mut entries = vec![registry::entry("https://tee", &key())];
        entries.extend(keys.iter().map(|key| registry::entry(&format!("https://{key}"), key.as_bytes())));
        Ok(registry::listed(&entries))
    });
    run(io.clock.sleep(NOW_MS));
    (io.clone(), Registry::new(Rpc::new(io, vec!["http://node".to_owned()]), Default::default()))
}

fn client(verify: Verify, io: Io, enclaves: Enclaves, script: Script) -> Result<(Llm, Rc<FakeSender>), Error> {
    let sender = Rc::new(FakeSender { script: RefCell::new(script), sent: RefCell::default(), paid: true.into() });
    let options = Options { verify, ..Options::default() };
    Ok((Llm::new(io, Rc::<FakeSender>::clone(&sender), enclaves, options)?, sender))
}

/// A client of one enclave, whose sender always gives the same answer.
fn simple(verify: Verify, kind: &'static str, pieces: Pieces) -> Result<(Llm, Rc<FakeSender>), Error> {
    let (io, registry) = world(&[]);
    client(verify, io, Enclaves::Registry(registry), Box::new(move |_| Ok((200, kind, pieces.clone()))))
}

const JSON: &str = "application/json";
const SSE: &str = "text/event-stream; charset=utf-8";

fn whole(answer: &Value) -> Pieces {
    vec![Ok(answer.to_string().into_bytes())]
}

/// The answer as the gateway streams it: two deltas and the signed end.
fn streamed(answer: &Value) -> String {
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap_or_default().to_owned();
    let (a, b) = text.split_at(text.len() / 2);
    let mut last = answer.clone();
    last["choices"] = json!([{"delta": {}, "index": 0, "finish_reason": "stop"}]);
    last["usage"] = json!({"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3});
    let delta =
        |text: &str| json!({"choices": [{"delta": {"content": text, "role": "assistant"}, "index": 0, "finish_reason": null}]});
    format!("data: {}\n\ndata: {}\n\n: ping\n\ndata: {last}\n\ndata: [DONE]\n\n", delta(a), delta(b))
}

fn pieces(text: &str, size: usize) -> Pieces {
    text.as_bytes().chunks(size).map(|piece| Ok(piece.to_vec())).collect()
}

/// All chunks, and how the stream ended.
fn drain(llm: &Llm, request: &ChatRequest) -> (Vec<Chunk>, Result<(), Error>) {
    run(async {
        let mut chunks = Vec::new();
        let mut stream = match llm.chat_stream(request, None).await {
            Ok(stream) => stream,
            Err(error) => return (chunks, Err(error)),
        };
        loop {
            match stream.next().await {
                Ok(Some(chunk)) => chunks.push(chunk),
                Ok(None) => return (chunks, Ok(())),
                Err(error) => {
                    assert!(matches!(stream.next().await, Ok(None)), "nothing follows an error");
                    return (chunks, Err(error));
                }
            }
        }
    })
}

fn text(chunks: &[Chunk]) -> String {
    chunks.iter().filter_map(|chunk| chunk.content.as_deref()).collect()
}

fn failed_check(error: &Error) -> Option<ProofCheck> {
    match &**error {
        Kind::ProofFailed { check, .. } => Some(*check),
        _ => None,
    }
}

fn no_answer() -> SendFailure {
    SendFailure::NoAnswer(Kind::Http { url: "https://x".into(), status: None, reason: "no connection".into() }.into())
}

#[test]
fn a_whole_answer_is_proven() -> Result<(), Error> {
    let (request, answer) = case("plain", false)?;
    let (llm, sender) = simple(Verify::Strict, JSON, whole(&answer))?;
    let output = run(llm.chat(&request, None))?;
    assert_eq!((output.answer.content.as_str(), output.settlement.payment_hash.as_deref()), ("Hi.", Some("0xpaid")));
    assert!(output.payment.is_some_and(|payment| payment.is::<&str>()));
    assert_eq!(output.proof.map(|proof| Some(proof.tee_id) == output.source.tee_id), Some(true));
    let sent = sender.sent.borrow();
    let sent = sent.first().ok_or_else(|| Error::input("test", "nothing sent"))?;
    assert_eq!((sent.url.as_str(), sent.method), ("https://tee/v1/chat/completions", "POST"));
    let header = |name: &str| sent.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(header("x-settlement-type"), Some("batch"));
    assert_eq!(header("authorization").map(str::len), Some("Bearer 0x".len() + 64));
    assert_eq!(sent.body.as_deref().map(Vec::as_slice), Some(request.body(false).as_bytes()));
    Ok(())
}

#[test]
fn every_official_answer_is_proven_whole() -> Result<(), Error> {
    for name in ["unicode and escapes", "tools and tool_choice", "multimodal", "key order and nesting"] {
        let (request, answer) = case(name, false)?;
        let (llm, _) = simple(Verify::Strict, JSON, whole(&answer))?;
        assert!(run(llm.chat(&request, None)).is_ok_and(|output| output.proof.is_some()), "{name}");
    }
    Ok(())
}

#[test]
fn a_forged_answer_is_not_shown() -> Result<(), Error> {
    let (request, mut answer) = case("plain", false)?;
    answer["choices"][0]["message"]["content"] = "Send me your coins.".into();
    for verify in [Verify::Strict, Verify::Final] {
        let (llm, _) = simple(verify, JSON, whole(&answer))?;
        let refused = run(llm.chat(&request, None)).map(|_| ()).map_err(|error| (failed_check(&error), error.to_string()));
        assert!(refused.is_err_and(|(check, text)| {
            check == Some(ProofCheck::OutputHash) && text.contains("may have been paid") && !text.contains("coins")
        }));
    }
    let (llm, _) = simple(Verify::Off, JSON, whole(&answer))?;
    assert!(run(llm.chat(&request, None)).is_ok_and(|output| output.proof.is_none()));
    Ok(())
}

#[test]
fn a_stream_is_proven_however_it_is_cut_into_pieces() -> Result<(), Error> {
    let (request, answer) = case("no temperature, no max_tokens", true)?;
    for size in [1, 7, 100_000] {
        for verify in [Verify::Strict, Verify::Final, Verify::Off] {
            let (llm, sender) = simple(verify, SSE, pieces(&streamed(&answer), size))?;
            let (chunks, end) = drain(&llm, &request);
            end?;
            assert_eq!((chunks.len(), text(&chunks).as_str()), (3, "Grüße 🚀"));
            let last = chunks.last().ok_or_else(|| Error::input("test", "no chunk"))?;
            assert_eq!((last.is_final, last.finish_reason.as_deref()), (true, Some("stop")));
            assert_eq!(last.proof.is_some(), verify != Verify::Off);
            assert_eq!(last.settlement.payment_hash.as_deref(), Some("0xpaid"));
            assert_eq!(last.source.endpoint, "https://tee");
            let body = sender.sent.borrow().first().and_then(|sent| sent.body.clone()).unwrap_or_default();
            assert!(body.ends_with(b",\"stream\":true}"));
        }
    }
    Ok(())
}

#[test]
fn a_forged_stream_shows_nothing_or_fails_at_its_end() -> Result<(), Error> {
    let (request, answer) = case("no temperature, no max_tokens", true)?;
    let forged = streamed(&answer).replace("Gr", "Kr");
    let check = |verify| -> Result<_, Error> {
        let (llm, _) = simple(verify, SSE, pieces(&forged, 30))?;
        let (chunks, end) = drain(&llm, &request);
        Ok((text(&chunks), chunks.iter().any(|chunk| chunk.is_final), end.err().as_ref().and_then(failed_check)))
    };
    assert_eq!(check(Verify::Strict)?, (String::new(), false, Some(ProofCheck::OutputHash)));
    assert_eq!(check(Verify::Final)?, ("Krüße 🚀".into(), false, Some(ProofCheck::OutputHash)));
    assert_eq!(check(Verify::Off)?, ("Krüße 🚀".into(), true, None));
    Ok(())
}

#[test]
fn a_stream_that_ends_early_is_cut() -> Result<(), Error> {
    let (request, answer) = case("no temperature, no max_tokens", true)?;
    let stream = streamed(&answer);
    let before_final = stream.find("data: {\"choices\":[{\"delta\":{},").unwrap_or(stream.len());
    let start = stream.get(..before_final).unwrap_or_default();
    let broken = || Err(HttpFailure::Network("reset".into()));
    for (verify, expected) in [(Verify::Strict, ""), (Verify::Off, "Grüße 🚀")] {
        let mut reset = pieces(start, 9);
        reset.push(broken());
        let mut endless = pieces(start, 9);
        endless.push(Ok(vec![b'x'; 17 << 20]));
        for cut in [pieces(start, 9), reset, endless] {
            let (llm, _) = simple(verify, SSE, cut)?;
            let (chunks, end) = drain(&llm, &request);
            assert_eq!(text(&chunks), expected);
            assert!(
                end.is_err_and(|error| matches!(&*error, Kind::StreamCut { chunks: 2, .. })
                    && error.to_string().contains("may have been paid"))
            );
        }
    }
    // With the final chunk, the answer is whole.
    let without_done = stream.replace("data: [DONE]\n\n", "");
    let mut lost = pieces(&without_done, 50);
    lost.push(broken());
    let unfinished = pieces(without_done.trim_end(), 50);
    for end in [pieces(&without_done, 50), lost, unfinished] {
        let (llm, _) = simple(Verify::Strict, SSE, end)?;
        let (chunks, end) = drain(&llm, &request);
        assert!(end.is_ok() && chunks.last().is_some_and(|chunk| chunk.proof.is_some()));
    }
    Ok(())
}

#[test]
fn a_stream_without_a_proof_is_not_proven() -> Result<(), Error> {
    let (request, _) = case("plain", true)?;
    let nothing = "data: [DONE]\n\n".to_owned();
    let unsigned = r#"data: {"choices":[{"delta":{"content":"x"},"finish_reason":"stop"}]}"#.to_owned() + "\n\n";
    for body in [nothing, unsigned] {
        let (llm, _) = simple(Verify::Strict, SSE, pieces(&body, 20))?;
        let (chunks, end) = drain(&llm, &request);
        assert_eq!((chunks.len(), end.err().as_ref().and_then(failed_check)), (0, Some(ProofCheck::Fields)));
        let (llm, _) = simple(Verify::Off, SSE, pieces(&body, 20))?;
        assert!(drain(&llm, &request).1.is_ok());
    }
    Ok(())
}

#[test]
fn a_server_that_fails_says_so() -> Result<(), Error> {
    let (request, answer) = case("plain", true)?;
    let failed = "data: {\"error\": \"Stream processing failed\"}\n\n";
    let (llm, _) = simple(Verify::Strict, SSE, pieces(failed, 5))?;
    assert!(
        drain(&llm, &request).1.is_err_and(
            |error| matches!(&*error, Kind::Llm { status: 200, message, .. } if message == "Stream processing failed")
        )
    );
    // A server that does not stream gives one chunk.
    let (llm, _) = simple(Verify::Strict, JSON, whole(&answer))?;
    let (chunks, end) = drain(&llm, &request);
    assert!(end.is_ok() && chunks.len() == 1 && text(&chunks) == "Hi.");
    for (status, paid) in [(200, "may have been paid"), (500, "normally not charged")] {
        let (io, registry) = world(&[]);
        let script = move |_: &HttpRequest| Ok((status, JSON, vec![Ok(br#"{"error":"Request processing failed"}"#.to_vec())]));
        let (llm, sender) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(script))?;
        let error = run(llm.chat(&request, None)).map(|_| ());
        assert!(error.is_err_and(|error| error.to_string().contains(paid) && error.to_string().contains("processing failed")));
        assert_eq!(sender.sent.borrow().len(), 1, "never sent again after a status");
    }
    Ok(())
}

#[test]
fn unknown_models_and_other_enclaves_are_switches() -> Result<(), Error> {
    let (mut request, _) = case("plain", true)?;
    for (strict, model, expected) in
        [(true, "gpt-6", "invalidInput"), (true, "openai/gpt-5", "inference"), (false, "gpt-6", "inference")]
    {
        let (io, registry) = world(&[]);
        let script = |_: &HttpRequest| Ok((400, JSON, vec![Ok(Vec::new())]));
        let (_, sender) = client(Verify::Strict, io.clone(), Enclaves::Registry(registry.clone()), Box::new(script))?;
        let options = Options { strict_models: strict, ..Options::default() };
        let llm = Llm::new(io, Rc::<FakeSender>::clone(&sender), Enclaves::Registry(registry), options)?;
        request.model = model.to_owned();
        assert_eq!(run(llm.chat(&request, None)).err().map(|error| error.code()), Some(expected), "{model}");
        assert_eq!(sender.sent.borrow().len(), usize::from(expected == "inference"));
    }
    for failover in [true, false] {
        let (io, registry) = world(&[]);
        let script = |_: &HttpRequest| Err(SendFailure::NoAnswer(Error::protocol("an answer", "none")));
        let (_, sender) = client(Verify::Strict, io.clone(), Enclaves::Registry(registry.clone()), Box::new(script))?;
        let options = Options { failover, ..Options::default() };
        let llm = Llm::new(io, Rc::<FakeSender>::clone(&sender), Enclaves::Registry(registry), options)?;
        assert_eq!(run(llm.chat(&request, None)).err().map(|error| error.code()), Some("teeUnavailable"));
        assert_eq!(sender.sent.borrow().len(), 1 + usize::from(failover));
    }
    Ok(())
}

#[test]
fn a_failure_before_any_payment_says_that_nothing_was_paid() -> Result<(), Error> {
    let (request, _) = case("plain", true)?;
    for status in [400, 403, 404, 429, 500, 503, 200] {
        for stream in [false, true] {
            let (io, registry) = world(&[]);
            let script = move |_: &HttpRequest| Ok((status, JSON, vec![Ok(br#"{"error":"no"}"#.to_vec())]));
            let (llm, sender) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(script))?;
            sender.paid.set(false);
            let error = if stream { run(llm.chat_stream(&request, None)).err() } else { run(llm.chat(&request, None)).err() };
            let text = error.as_ref().map(ToString::to_string).unwrap_or_default();
            assert!(text.contains("nothing was signed or paid"), "{status}: {text}");
            let paid = |error: Error| error.fields().contains(&("paid", crate::error::Field::Text("no".into())));
            assert!(error.is_some_and(paid), "{status}");
        }
    }
    Ok(())
}

#[test]
fn time_limits_hold() -> Result<(), Error> {
    let (request, _) = case("plain", true)?;
    let (io, registry) = world(&[]);
    struct Silent;
    impl Sender for Silent {
        fn send(&self, _: HttpRequest) -> LocalBoxFuture<'static, Result<Sent, SendFailure>> {
            let head = HttpHead { status: 200, ..HttpHead::default() };
            let response = HttpStream { head, body: stream::pending().boxed_local(), detach: None };
            async move { Ok(Sent { response, payment: None }) }.boxed_local()
        }
    }
    let llm = Llm::new(io, Rc::new(Silent), Enclaves::Registry(registry), Options::default())?;
    assert!(drain(&llm, &request).1.is_err_and(|error| error.code() == "streamCut"));
    assert!(run(llm.chat(&request, None)).is_err_and(|error| error.code() == "inference"));
    Ok(())
}

#[test]
fn a_stream_goes_on_after_a_dropped_call() -> Result<(), Error> {
    let (request, answer) = case("plain", true)?;
    let (llm, _) = simple(Verify::Strict, SSE, pieces(&streamed(&answer), 10))?;
    let mut stream = run(llm.chat_stream(&request, None))?;
    let mut chunks = Vec::new();
    loop {
        // Dropped wherever it waits.
        let _ = stream.next().now_or_never().map(|chunk| chunks.extend(chunk.ok().flatten()));
        match run(stream.next())? {
            Some(chunk) => chunks.push(chunk),
            None => break,
        }
    }
    assert_eq!(text(&chunks), "Hi.");
    Ok(())
}

/// A statement about a request and an output that [`Credulous`] believes.
fn stated(request: &str, output: &str) -> Value {
    json!({
        "tee_signature": "AAAA", "tee_timestamp": NOW_MS / 1000, "tee_id": tee_id(&key()).to_string(),
        "tee_request_hash": keccak256(request).to_string(), "tee_output_hash": keccak256(output).to_string(),
    })
}

fn credulous(verify: Verify, body: Pieces, kind: &'static str) -> Result<Llm, Error> {
    let (io, registry) = world(&[]);
    let io = Io { crypto: Rc::new(Credulous), ..io };
    client(verify, io, Enclaves::Registry(registry), Box::new(move |_| Ok((200, kind, body.clone())))).map(|made| made.0)
}

#[test]
fn completions_are_proven_too() -> Result<(), Error> {
    let request = Json::parse(r#"{"model":"openai/gpt-5","prompt":"1, 2,","x402SettlementMode":"settle"}"#);
    let request = CompletionRequest::read(request.ok_or_else(|| Error::input("test", "no JSON"))?)?;
    let mut answer = stated(request.canonical(), " 3");
    answer["completion"] = " 3".into();
    let output = run(credulous(Verify::Strict, whole(&answer), JSON)?.completion(&request, None))?;
    assert_eq!((output.answer.completion.as_str(), output.proof.is_some()), (" 3", true));
    answer["completion"] = " 4".into();
    let (llm, sender) = simple(Verify::Strict, JSON, whole(&answer))?;
    assert_eq!(run(llm.completion(&request, None)).err().as_ref().and_then(failed_check), Some(ProofCheck::OutputHash));
    let sent = sender.sent.borrow();
    assert!(
        sent.iter().all(|sent| sent.url == "https://tee/v1/completions"
            && sent.headers.contains(&("x-settlement-type".into(), "settle".into())))
    );
    Ok(())
}

#[test]
fn another_enclave_is_asked_once_where_none_answers() -> Result<(), Error> {
    let (request, answer) = case("plain", false)?;
    // Whichever is asked first does not answer.
    let (io, registry) = world(&["other"]);
    let mut asked = 0;
    let script = move |_: &HttpRequest| {
        asked += 1;
        if asked == 1 { Err(no_answer()) } else { Ok((200, JSON, whole(&answer))) }
    };
    let (llm, sender) = client(Verify::Off, io, Enclaves::Registry(registry), Box::new(script))?;
    assert!(run(llm.chat(&request, None)).is_ok());
    let urls: Vec<_> = sender.sent.borrow().iter().map(|sent| sent.url.clone()).collect();
    assert!(matches!(urls.as_slice(), [first, second] if first != second), "{urls:?}");

    let (io, registry) = world(&["other"]);
    let (llm, sender) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(|_| Err(no_answer())))?;
    let error = run(llm.chat(&request, None)).map(|_| ());
    assert!(error.is_err_and(|error| error.code() == "teeUnavailable" && error.to_string().ends_with("nothing was paid")));
    assert_eq!(sender.sent.borrow().len(), 2);

    let (io, registry) = world(&["other"]);
    let rejected = || SendFailure::Failed(Kind::WalletRejected { said: Default::default() }.into());
    let (llm, sender) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(move |_| Err(rejected())))?;
    assert!(run(llm.chat_stream(&request, None)).is_err_and(|error| error.code() == "walletRejected"));
    assert_eq!(sender.sent.borrow().len(), 1, "never sent again after anything but silence");
    Ok(())
}

#[test]
fn a_pinned_enclave_is_the_one_that_is_asked() -> Result<(), Error> {
    let (request, answer) = case("plain", false)?;
    for _ in 0..3 {
        let (io, registry) = world(&["other", "third"]);
        let script = {
            let answer = answer.clone();
            move |_: &HttpRequest| Ok((200, JSON, whole(&answer)))
        };
        let (llm, sender) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(script))?;
        assert!(run(llm.chat(&request, Some(tee_id(&key())))).is_ok());
        let absent = run(llm.chat(&request, Some(B256::ZERO))).map(|_| ());
        assert!(absent.is_err_and(|error| error.code() == "teeUnavailable"));
        let other = run(llm.chat(&request, Some(tee_id(b"other"))));
        assert_eq!(other.err().as_ref().and_then(failed_check), Some(ProofCheck::TeeId));
        let urls: Vec<_> = sender.sent.borrow().iter().map(|sent| sent.url.clone()).collect();
        assert_eq!(urls, ["https://tee/v1/chat/completions", "https://other/v1/chat/completions"]);
    }
    Ok(())
}

#[test]
fn a_fixed_server_needs_a_registry_for_its_keys() -> Result<(), Error> {
    let (request, answer) = case("plain", false)?;
    let fixed = |keys: Option<Registry>| Enclaves::Fixed { endpoint: "https://llm.example/".into(), keys };
    let make = |verify, io, enclaves| {
        let answer = answer.clone();
        client(verify, io, enclaves, Box::new(move |_| Ok((200, JSON, whole(&answer)))))
    };
    let (io, registry) = world(&[]);
    assert!(make(Verify::Strict, io.clone(), fixed(None)).is_err_and(|error| error.code() == "invalidInput"));
    let bad = Enclaves::Fixed { endpoint: "llm.example".into(), keys: None };
    assert!(make(Verify::Off, io.clone(), bad).is_err_and(|error| error.code() == "invalidInput"));
    let (llm, sender) = make(Verify::Strict, io.clone(), fixed(Some(registry)))?;
    assert!(run(llm.chat(&request, None)).is_ok_and(|output| output.proof.is_some()));
    assert!(run(llm.chat(&request, Some(B256::ZERO))).is_err_and(|error| error.code() == "invalidInput"));
    assert_eq!(
        sender.sent.borrow().iter().map(|sent| sent.url.as_str()).collect::<Vec<_>>(),
        ["https://llm.example/v1/chat/completions"]
    );
    // Its answer is by an enclave that the registry does not list.
    let (other_io, _) = fake::node(|_, _| Ok(registry::listed(&[registry::entry("https://x", b"x")])));
    let foreign = Registry::new(Rpc::new(other_io, vec!["http://node".to_owned()]), Default::default());
    let (llm, _) = make(Verify::Strict, io.clone(), fixed(Some(foreign)))?;
    assert_eq!(run(llm.chat(&request, None)).err().as_ref().and_then(failed_check), Some(ProofCheck::TeeId));
    let (llm, _) = make(Verify::Off, io, fixed(None))?;
    assert!(run(llm.chat(&request, None)).is_ok());
    Ok(())
}
