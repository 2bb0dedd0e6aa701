//! `infer` against a scripted chain, wallet and node API.

use alloy_primitives::Address;
use alloy_sol_types::{SolEvent, SolValue};
use serde_json::{Value, json};

use super::InferenceMode;
use super::abi::{InferenceHub as Hub, InferencePrecompile as Precompile};
use super::decimal::Number;
use super::flow::InferenceResult;
use super::tensor::{TensorInput, Values};
use crate::error::{Error, Kind};
use crate::io::fake::{self, failure};
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Progress};
use crate::opengradient::testing::{World, hash, log, nobody, receipt, world};

const HUB: Address = alloy_primitives::address!("8383C9bD7462F12Eb996DD02F78234C0421A6FaE");
const PRECOMPILE: Address = alloy_primitives::address!("00000000000000000000000000000000000000F4");

fn output(values: &[(i128, i128)]) -> Vec<u8> {
    let values: Vec<_> = values.iter().map(|(value, decimals)| Hub::Number { value: *value, decimals: *decimals }).collect();
    let shape = vec![values.len() as u32];
    let tensor = Hub::MultiDimensionalNumberTensor { name: "Y".to_owned(), values, shape };
    let numbers = if tensor.values.is_empty() { vec![] } else { vec![tensor] };
    Hub::ModelOutput { numbers, strings: vec![], jsons: vec![], is_simulation_result: false }.abi_encode()
}

/// `inferenceID` first, then whatever.
fn id_event(id: &str) -> Vec<u8> {
    (id.to_owned(), String::new(), String::new()).abi_encode_params()
}

fn logs(output: &[u8], id: Option<&str>) -> Value {
    let mut logs = vec![log(HUB, Hub::InferenceResult::SIGNATURE_HASH, output)];
    logs.extend(id.map(|id| log(PRECOMPILE, Precompile::ModelInferenceEvent::SIGNATURE_HASH, &id_event(id))));
    Value::Array(logs)
}

fn infer(world: &World) -> Result<InferenceResult, Error> {
    let inputs = [TensorInput { name: "x".to_owned(), shape: vec![2], values: Values::F64(vec![1.5, -0.25]) }];
    fake::run(world.alpha.infer("QmModel", InferenceMode::Vanilla, &inputs, &world.options()))
}

fn mined(logs: Value) -> impl FnMut(&str, &Value) -> Option<Result<Value, Value>> {
    move |method, _| (method == "eth_getTransactionReceipt").then(|| Ok(receipt(1, None, logs.clone())))
}

fn sent() -> Result<Value, crate::io::WalletFailure> {
    Ok(json!(hash(1).to_string()))
}

#[test]
fn the_event_has_the_result() {
    let world = world(vec![sent()], mined(logs(&output(&[(123, 4)]), Some("id"))), nobody);
    let result = infer(&world);
    let values = result.ok().and_then(|result| Some(result.output.number("Y")?.values.clone()));
    assert_eq!(values, Some(vec![Number { value: 123, decimals: 4 }]));
    let sent = world.sent();
    // Three times the estimate of 50,000.
    assert_eq!(sent.first().map(|tx| tx["gas"].clone()), Some(json!("0x249f0")));
    let data = sent.first().and_then(|tx| tx["data"].as_str()).unwrap_or_default().to_owned();
    assert!(data.starts_with("0xcbf09d80"));
    assert!(world.steps.borrow().iter().any(|step| matches!(step, Progress::Simulated { gas: 150_000, .. })));
}

#[test]
fn a_log_of_another_contract_is_no_result() {
    let forged = json!([log(Address::repeat_byte(1), Hub::InferenceResult::SIGNATURE_HASH, &output(&[(1, 0)]))]);
    let world = world(vec![sent()], mined(forged), nobody);
    let error = infer(&world).map(|_| ()).map_err(Error::into_kind);
    assert!(matches!(error, Err(Kind::ResultRetrieval { hash: at, .. }) if at == hash(1)));
}

fn node_api(answers: Vec<(u16, String)>) -> impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpFailure> {
    let mut answers = answers.into_iter();
    move |request| {
        assert_eq!(request.url, "http://api/artela-network/artela-rollkit/inference/tx/in%2Fid");
        let (status, body) = answers.next().unwrap_or((500, String::new()));
        Ok(fake::reply(&request.url, status, &[], body))
    }
}

fn result_body() -> String {
    let all: Value =
        serde_json::from_str(include_str!("../../../tests/vectors/opengradient/node_result.json")).unwrap_or_default();
    all["cases"][0]["response"].to_string()
}

#[test]
fn an_empty_event_sends_us_to_the_node_until_it_knows() {
    let answers = vec![(200, r#"{"inference_results":[]}"#.to_owned()), (502, String::new()), (200, result_body())];
    let world = world(vec![sent()], mined(logs(&output(&[]), Some("in/id"))), node_api(answers));
    let result = infer(&world).ok();
    assert_eq!(result.as_ref().and_then(|result| result.inference_id.as_deref()), Some("in/id"));
    assert_eq!(result.map(|result| (result.output.numbers.len(), result.output.strings.len())), Some((1, 1)));
}

#[test]
fn a_node_that_never_knows_leaves_the_hash_and_the_id() {
    let world = world(vec![sent()], mined(logs(&output(&[]), Some("in/id"))), node_api(vec![]));
    let error = infer(&world).map(|_| ()).map_err(Error::into_kind);
    assert!(
        matches!(&error, Err(Kind::ResultRetrieval { hash: at, inference_id: Some(id), .. }) if *at == hash(1) && id == "in/id"),
        "{error:?}"
    );
    assert_eq!(world.sent().len(), 1);
}

#[test]
fn an_answer_of_another_shape_says_that_it_was_paid() {
    for bad in [logs(&[1, 2, 3], None), logs(&output(&[]), None), json!([])] {
        let world = world(vec![sent()], mined(bad), nobody);
        let text = infer(&world).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(text.contains("mined and paid") && text.contains("do not send it again"), "{text}");
    }
}

#[test]
fn a_revert_in_the_simulation_asks_nobody_to_sign() {
    let refuse = |method: &str, _: &Value| {
        (method == "eth_call").then(|| Err(json!({ "code": 3, "message": "execution reverted: model not found" })))
    };
    let world = world(vec![], refuse, nobody);
    let error = infer(&world).map(|_| ()).map_err(Error::into_kind);
    assert!(matches!(error, Err(Kind::TxRevert { reason, hash: None, .. }) if reason == "model not found"));
    assert!(world.sent().is_empty());
}

#[test]
fn words_about_a_nonce_open_no_second_window() {
    for words in ["invalid nonce; got 5, expected 6: invalid sequence", "nonce too high", "nonce too low"] {
        let world = world(vec![Err(failure(Some(-32000), words)), sent()], mined(logs(&output(&[(1, 0)]), None)), nobody);
        let error = infer(&world).map(|_| ()).map_err(Error::into_kind);
        assert!(matches!(&error, Err(Kind::TxUncertain { nonce: Some(5), said, .. }) if said.message == words), "{error:?}");
        assert_eq!(world.sent().len(), 1);
    }
}

#[test]
fn what_cannot_be_converted_asks_nobody() {
    let world = world(vec![], |_, _| None, nobody);
    let inputs = [TensorInput { name: "x".to_owned(), shape: vec![1], values: Values::F32(vec![f32::NAN]) }];
    let result = fake::run(world.alpha.infer("QmModel", InferenceMode::Tee, &inputs, &world.options()));
    assert!(result.is_err_and(|error| error.code() == "invalidInput"));
    assert!(fake::run(world.alpha.infer("", InferenceMode::Tee, &[], &world.options())).is_err());
    assert!(world.asked.borrow().is_empty());
}

#[test]
fn an_inference_is_taken_up_by_its_hash() {
    let world = world(vec![], mined(logs(&output(&[(5, 1)]), None)), nobody);
    let taken = fake::run(world.alpha.resume_inference(hash(1), InferenceMode::Vanilla));
    let values = taken.ok().flatten().map(|result| (result.receipt.nonce, result.output.number("Y").map(|t| t.to_f32())));
    assert_eq!(values, Some((5, Some(vec![0.5]))));
}

#[test]
fn one_that_is_not_mined_or_failed_says_so() {
    let answer =
        |receipt: Value| move |method: &str, _: &Value| (method == "eth_getTransactionReceipt").then(|| Ok(receipt.clone()));
    let waiting = world(vec![], answer(Value::Null), nobody);
    assert!(fake::run(waiting.alpha.resume_inference(hash(1), InferenceMode::Tee)).is_ok_and(|result| result.is_none()));
    let mut failed = receipt(1, None, json!([]));
    failed["status"] = json!("0x0");
    let failed = world(vec![], answer(failed), nobody);
    let error = fake::run(failed.alpha.resume_inference(hash(1), InferenceMode::Tee)).map(|_| ()).map_err(Error::into_kind);
    assert!(matches!(error, Err(Kind::TxRevert { hash: Some(at), .. }) if at == hash(1)));
}
