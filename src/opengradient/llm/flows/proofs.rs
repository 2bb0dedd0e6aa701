//! What of an answer is proven, and when: text or tool calls, fresh, and once.

use super::*;
use crate::opengradient::llm::signed::Covers;

/// A chat request with such further members.
fn asking(more: &str) -> Result<ChatRequest, Error> {
    let text = format!(r#"{{"model":"openai/gpt-5","messages":[{{"role":"user","content":"x"}}],"stream":true{more}}}"#);
    ChatRequest::read(Json::parse(&text).ok_or_else(|| Error::input("test", "no JSON"))?)
}

/// Offers a tool named `pay`.
const PAY: &str = r#","tools":[{"type":"function","function":{"name":"pay"}}]"#;
/// A call of it, as an enclave signs it.
const SIGNED: &str = r#"[{"function": {"arguments": "{\"to\":\"me\"}", "name": "pay"}, "id": "c", "type": "function"}]"#;
/// The same call as it is given out.
const GIVEN: &str = r#"[{"id":"c","type":"function","function":{"name":"pay","arguments":"{\"to\":\"me\"}"}}]"#;

/// A whole answer whose enclave signed `output`.
fn answered(request: &ChatRequest, message: Value, finish: &str, output: &str) -> Pieces {
    let mut answer = stated(request.canonical(), output);
    answer["choices"] = json!([{"message": message, "finish_reason": finish}]);
    whole(&answer)
}

/// The same as a stream, of these deltas and a final chunk.
fn told(request: &ChatRequest, deltas: &[Value], finish: &str, output: &str) -> Pieces {
    let mut last = stated(request.canonical(), output);
    last["choices"] = json!([{"delta": {}, "finish_reason": finish}]);
    let mut out = String::new();
    for delta in deltas {
        out += &format!("data: {}\n\n", json!({"choices": [{"delta": delta, "finish_reason": null}]}));
    }
    pieces(&format!("{out}data: {last}\n\ndata: [DONE]\n\n"), 40)
}

fn calls() -> Value {
    json!([{"id": "c", "type": "function", "function": {"name": "pay", "arguments": "{\"to\":\"me\"}"}}])
}

/// The call in pieces, as today's gateways stream it, with text beside it.
fn fragments() -> [Value; 4] {
    [
        json!({"role": "system", "content": "aside"}),
        json!({"tool_calls": [{"index": 0, "id": "c", "type": "function", "function": {"name": "pay", "arguments": ""}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"to\":"}}]}),
        json!({"tool_calls": [{"index": 0, "function": {"arguments": "\"me\"}"}}]}),
    ]
}

fn check_of<T>(result: Result<T, Error>) -> Option<ProofCheck> {
    result.err().as_ref().and_then(failed_check)
}

#[test]
fn streamed_calls_are_whole_and_proven_at_the_end() -> Result<(), Error> {
    let request = asking(PAY)?;
    for (verify, shown) in [(Verify::Strict, ""), (Verify::Final, "aside"), (Verify::Off, "aside")] {
        let llm = credulous(verify, told(&request, &fragments(), "tool_calls", SIGNED), SSE)?;
        let (chunks, end) = drain(&llm, &request);
        end?;
        // Final gives out text that it cannot know to stand beside calls yet.
        assert_eq!(text(&chunks), shown, "{verify:?}");
        let given: Vec<_> = chunks.iter().filter_map(|chunk| chunk.tool_calls.as_deref()).collect();
        assert_eq!(given, [GIVEN], "the whole call, once: {verify:?}");
        let last = chunks.last().ok_or_else(|| Error::input("test", "no chunk"))?;
        let covers = last.proof.as_ref().map(|proof| proof.covers);
        assert_eq!((last.is_final, covers), (true, (verify != Verify::Off).then_some(Covers::ToolCalls)));
        assert!(chunks.iter().all(|chunk| chunk.role.is_none_or(|role| role == "assistant")));
    }
    Ok(())
}

#[test]
fn a_request_with_tools_is_streamed_and_an_unstreamed_answer_is_taken_too() -> Result<(), Error> {
    let (request, answer) = case("tools and tool_choice", true)?;
    let (llm, sender) = simple(Verify::Strict, JSON, whole(&answer))?;
    let (chunks, end) = drain(&llm, &request);
    end?;
    let [chunk] = chunks.as_slice() else { return Err(Error::input("test", "not one chunk")) };
    assert!(chunk.is_final && chunk.proof.is_some() && chunk.tool_calls.as_deref().is_some_and(|calls| calls.contains("\"w\"")));
    assert_eq!(chunk.finish_reason.as_deref(), Some("tool_calls"));
    let body = sender.sent.borrow().first().and_then(|sent| sent.body.clone()).unwrap_or_default();
    assert!(body.ends_with(b",\"stream\":true}"));
    Ok(())
}

#[test]
fn an_older_gateway_that_leaves_calls_out_of_streams_is_named() -> Result<(), Error> {
    let request = asking(PAY)?;
    let (chunks, end) = drain(&credulous(Verify::Off, told(&request, &[], "tool_calls", SIGNED), SSE)?, &request);
    assert!(
        chunks.is_empty()
            && end.is_err_and(|error| error.code() == "inference" && error.to_string().contains("ask without stream"))
    );
    let (chunks, end) = drain(&credulous(Verify::Strict, told(&request, &[], "tool_calls", SIGNED), SSE)?, &request);
    assert!(chunks.is_empty());
    assert!(end.is_err_and(
        |error| failed_check(&error) == Some(ProofCheck::OutputHash) && error.to_string().contains("ask without stream")
    ));
    Ok(())
}

#[test]
fn calls_are_refused_where_none_could_be_made() -> Result<(), Error> {
    let none = [PAY, r#","toolChoice":"none""#].concat();
    let other = PAY.replace("pay", "weather");
    for more in ["", none.as_str(), other.as_str()] {
        let request = asking(more)?;
        for verify in [Verify::Strict, Verify::Final] {
            let message = json!({"content": "", "tool_calls": calls()});
            let llm = credulous(verify, answered(&request, message, "tool_calls", SIGNED), JSON)?;
            assert_eq!(check_of(run(llm.chat(&request, None))), Some(ProofCheck::ToolCalls), "{more}");
            let (chunks, end) = drain(&credulous(verify, told(&request, &fragments(), "tool_calls", SIGNED), SSE)?, &request);
            assert!(chunks.iter().all(|chunk| chunk.tool_calls.is_none()), "{more}");
            assert_eq!(check_of(end), Some(ProofCheck::ToolCalls), "{more}");
        }
    }
    Ok(())
}

#[test]
fn signed_calls_are_not_given_out_as_text() -> Result<(), Error> {
    let request = asking(PAY)?;
    let llm = credulous(Verify::Strict, answered(&request, json!({"content": SIGNED}), "stop", SIGNED), JSON)?;
    assert_eq!(check_of(run(llm.chat(&request, None))), Some(ProofCheck::ToolCalls));
    let (chunks, end) =
        drain(&credulous(Verify::Strict, told(&request, &[json!({"content": SIGNED})], "stop", SIGNED), SSE)?, &request);
    assert_eq!((chunks.len(), check_of(end)), (0, Some(ProofCheck::ToolCalls)));
    // Where no tools are offered there are no calls, and such a text is a text as any other.
    let plain = asking("")?;
    let llm = credulous(Verify::Strict, answered(&plain, json!({"content": SIGNED}), "stop", SIGNED), JSON)?;
    let output = run(llm.chat(&plain, None))?;
    assert_eq!((output.answer.content.as_str(), output.proof.map(|proof| proof.covers)), (SIGNED, Some(Covers::Text)));
    Ok(())
}

#[test]
fn what_the_signature_does_not_cover_is_not_given_out() -> Result<(), Error> {
    let request = asking(PAY)?;
    let both = json!({"content": "aside", "tool_calls": calls()});
    let output =
        run(credulous(Verify::Strict, answered(&request, both.clone(), "tool_calls", SIGNED), JSON)?.chat(&request, None))?;
    assert_eq!((output.answer.content.as_str(), output.answer.tool_calls.as_deref()), ("", Some(GIVEN)));
    assert_eq!(output.answer.message(), format!(r#"{{"role":"assistant","content":"","tool_calls":{GIVEN}}}"#));
    let refused = run(credulous(Verify::Strict, answered(&request, both, "stop", "aside"), JSON)?.chat(&request, None));
    assert_eq!(check_of(refused), Some(ProofCheck::Unsigned));
    let (chunks, end) = drain(&credulous(Verify::Strict, told(&request, &fragments(), "stop", "aside"), SSE)?, &request);
    assert_eq!((chunks.len(), check_of(end)), (0, Some(ProofCheck::Unsigned)));
    Ok(())
}

#[test]
fn an_answer_is_signed_between_the_question_and_its_coming() -> Result<(), Error> {
    let request = asking("")?;
    let signed_at = |offset: i64, max_skew: u64| -> Result<Option<ProofCheck>, Error> {
        let mut answer = stated(request.canonical(), "Hi");
        answer["tee_timestamp"] = (NOW_MS / 1000).saturating_add_signed(offset).into();
        answer["choices"] = json!([{"message": {"content": "Hi"}, "finish_reason": "stop"}]);
        let (io, registry) = world(&[]);
        let io = Io { crypto: Rc::new(Credulous), ..io };
        let clock = Rc::clone(&io.clock);
        // The answer takes half a minute.
        let script = move |_: &HttpRequest| {
            run(clock.sleep(30_000));
            Ok((200, JSON, whole(&answer)))
        };
        let (llm, _) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(script))?;
        let llm = llm.with_max_skew(max_skew);
        Ok(check_of(run(llm.chat(&request, None))))
    };
    let late = Some(ProofCheck::Timestamp);
    for (offset, max_skew, expected) in [
        (0, 120, None),
        (-120, 120, None),
        (-121, 120, late),
        (-20 * 3600, 120, late),
        (150, 120, None),
        (151, 120, late),
        (0, 0, None),
        (30, 0, None),
        (-1, 0, late),
        (31, 0, late),
        (-20 * 3600, 86_400, None),
    ] {
        assert_eq!(signed_at(offset, max_skew)?, expected, "{offset} s, {max_skew} s tolerated");
    }
    Ok(())
}

#[test]
fn a_signature_is_good_once_in_a_clients_life() -> Result<(), Error> {
    let (request, answer) = case("plain", true)?;
    let (llm, sender) = simple(Verify::Strict, JSON, whole(&answer))?;
    assert!(run(llm.chat(&request, None)).is_ok());
    assert_eq!(check_of(run(llm.chat(&request, None))), Some(ProofCheck::Replayed));
    // Not by way of a stream or of a clone either.
    let clone = llm.sent_by(sender);
    assert_eq!(check_of(drain(&clone, &request).1), Some(ProofCheck::Replayed));
    Ok(())
}

#[test]
fn a_dropped_call_at_the_end_of_a_stream_can_be_made_again() -> Result<(), Error> {
    let (request, answer) = case("plain", true)?;
    let mut last = answer.clone();
    last["choices"] = json!([{"delta": {"content": "Hi."}, "finish_reason": "stop"}]);
    last["images"] = json!(["https://pictures.example/1"]);
    let (io, registry) = world(&[]);
    let body = pieces(&format!("data: {last}\n\ndata: [DONE]\n\n"), 100_000);
    let (llm, _) = client(Verify::Strict, io, Enclaves::Registry(registry), Box::new(move |_| Ok((200, SSE, body.clone()))))?;
    let mut stream = run(llm.chat_stream(&request, None))?;
    for _ in 0..20 {
        // Dropped wherever it waits.
        if let Some(chunk) = stream.next().now_or_never() {
            assert!(chunk?.is_some_and(|chunk| chunk.proof.is_some()));
            return Ok(());
        }
    }
    assert!(run(stream.next())?.is_some_and(|chunk| chunk.proof.is_some()));
    Ok(())
}

#[test]
fn images_are_fetched_only_where_the_caller_says_so() -> Result<(), Error> {
    const IMAGE: &str = "https://elsewhere.example/image.png";
    let request = asking("")?;
    let mut answer = stated(request.canonical(), "Hi");
    answer["choices"] = json!([{"message": {"content": "Hi", "images": [IMAGE]}, "finish_reason": "stop"}]);
    let last = format!("data: {answer}\n\ndata: [DONE]\n\n");
    for (inline_images, fetched) in [(false, 0), (true, 1)] {
        for (kind, body) in [(JSON, whole(&answer)), (SSE, pieces(&last, 40))] {
            let (io, registry) = world(&[]);
            let asked = Rc::new(std::cell::Cell::new(0));
            let seen = Rc::clone(&asked);
            let (images, _) = fake::io(move |request| {
                assert_eq!(request.url, IMAGE);
                seen.set(seen.get() + 1);
                Err(HttpFailure::Timeout)
            });
            // The registry has its own way out.
            let io = Io { crypto: Rc::new(Credulous), http: images.http, ..io };
            let (mut llm, _) =
                client(Verify::Final, io, Enclaves::Registry(registry), Box::new(move |_| Ok((200, kind, body.clone()))))?;
            if inline_images {
                llm = llm.with_inline_images();
            }
            let (chunks, end) = drain(&llm, &request);
            end?;
            assert_eq!(chunks.last().map(|chunk| chunk.images.as_slice()), Some(&[IMAGE.to_owned()][..]));
            assert_eq!(asked.get(), fetched, "{kind} {inline_images}");
        }
    }
    Ok(())
}
