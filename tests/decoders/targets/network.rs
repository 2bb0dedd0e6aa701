//! OpenGradient: the registry of enclaves, model outputs, tensors, the hub and its neighbours.

use alloy_primitives::{Address, Bytes, U256, keccak256};
use alloy_sol_types::{SolCall as _, SolValue as _};
use ogkit::json::Json;
use ogkit::opengradient::abi::TEERegistry;
use ogkit::opengradient::hub::ModelHub;
use ogkit::opengradient::hub::session::Identity;
use ogkit::opengradient::image::{ImageRequest, generate};
use ogkit::opengradient::inference::abi::InferenceHub;
use ogkit::opengradient::inference::output::{ModelOutput, inference_id};
use ogkit::opengradient::inference::tensor::TensorInput;
use ogkit::opengradient::inference::{InferenceMode, input, node};
use ogkit::opengradient::tee::registry::{Registry, is_endpoint};
use ogkit::opengradient::twins::{TwinRequest, Twins};
use serde_json::Value;

use super::chain::{client, node as node_world};
use super::llm::chat_samples;
use super::{Target, all_named, bytes, joined, parts, short, text, unhex, vectors};
use crate::world::{self, Answer, run};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "registry", run: registry, samples: registry_samples, memory: 48 },
    Target { name: "model_output", run: model_output, samples: output_samples, memory: 64 },
    Target { name: "node_result", run: node_result, samples: node_samples, memory: 64 },
    Target { name: "tensor", run: tensor, samples: tensor_samples, memory: 200 },
    Target { name: "protobuf", run: protobuf, samples: protobuf_samples, memory: 96 },
    Target { name: "hub", run: hub, samples: hub_samples, memory: 96 },
    Target { name: "twins", run: twins, samples: chat_samples, memory: 64 },
];

/// The registry's enclaves have keys, ids of these keys, and endpoints to which a path can be added.
fn registry(data: &[u8]) {
    let answer = format!("\"0x{}\"", alloy_primitives::hex::encode(data));
    let rpc = client(node_world(move |_| answer.clone()));
    let registry = Registry::new(rpc, Address::repeat_byte(1));
    match run(registry.active()) {
        Ok(tees) => {
            for tee in tees.iter() {
                assert!(is_endpoint(&tee.endpoint) && !tee.endpoint.ends_with('/'), "{}", tee.endpoint);
                assert!(!tee.public_key.is_empty() && tee.id == keccak256(&tee.public_key));
            }
            let size: usize = tees.iter().map(|tee| tee.public_key.len() + tee.endpoint.len()).sum();
            assert!(size <= 8 * data.len(), "more than came");
        }
        Err(error) => short(&error),
    }
}

fn registry_samples() -> Vec<Vec<u8>> {
    let tee = |endpoint: &str| TEERegistry::TEEInfo {
        owner: Address::repeat_byte(1),
        paymentAddress: Address::repeat_byte(2),
        endpoint: endpoint.to_owned(),
        publicKey: Bytes::from(vec![0x30; 40]),
        tlsCertificate: Bytes::from(vec![0x30; 70]),
        pcrHash: keccak256("pcr"),
        teeType: 0,
        enabled: true,
        registeredAt: U256::from(1_700_000_000),
        lastHeartbeatAt: U256::from(1_750_000_000),
        ohttpConfig: TEERegistry::OhttpConfig {
            keyId: 1,
            kemId: 32,
            kdfId: 1,
            aeadId: 3,
            publicKey: Bytes::from(vec![9; 32]),
            keyConfig: Bytes::from(vec![1; 41]),
            registeredAt: U256::from(1),
        },
    };
    let encode = |tees: Vec<TEERegistry::TEEInfo>| TEERegistry::getActiveTEEsCall::abi_encode_returns(&tees);
    // Many entries that are one.
    let mut aliased = encode(vec![tee("https://tee.example"); 3]);
    for at in 2..5 {
        let first: [u8; 32] = aliased[64..96].try_into().expect("a word");
        aliased[at * 32..at * 32 + 32].copy_from_slice(&first);
    }
    vec![
        encode(vec![tee("https://tee.example/"), tee("http://127.0.0.1:9/")]),
        encode(Vec::new()),
        aliased,
        bomb(&tee("https://tee.example")),
    ]
}

/// A list whose entries all point to one enclave with a long key: a little text that would unfold into a hundred times as much.
fn bomb(tee: &TEERegistry::TEEInfo) -> Vec<u8> {
    const COUNT: u64 = 200;
    let long = TEERegistry::TEEInfo { publicKey: Bytes::from(vec![0x30; 6000]), ..tee.clone() };
    let one = TEERegistry::getActiveTEEsCall::abi_encode_returns(&vec![long]);
    let word = |value: u64| U256::from(value).to_be_bytes::<32>();
    let mut out = [word(32), word(COUNT)].concat();
    (0..COUNT).for_each(|_| out.extend(word(COUNT * 32)));
    out.extend_from_slice(&one[96..]);
    out
}

/// A model's output is what alloy's decoder reads of the same bytes, or refused; its shapes hold its values, and it is no larger than
/// what came.
fn model_output(data: &[u8]) {
    match ModelOutput::decode(data) {
        Ok(output) => {
            let numbers: usize = output.numbers.iter().map(|tensor| tensor.values.len()).sum();
            assert!(numbers * 64 <= data.len(), "more than came");
            for tensor in &output.numbers {
                let held = tensor.shape.iter().map(|length| *length as usize).try_fold(1_usize, usize::checked_mul);
                assert_eq!(held, Some(tensor.values.len()));
                assert!(tensor.to_f64().iter().all(|value| !value.is_nan()));
            }
            if data.len() < 4096 {
                same_as_alloy(&output, data);
            }
        }
        Err(error) => short(&error),
    }
    match ModelOutput::decode_list(data) {
        Ok(outputs) => assert!(outputs.len() * 32 <= data.len()),
        Err(error) => short(&error),
    }
    match inference_id(data) {
        Ok(id) => assert!(id.len() <= data.len()),
        Err(error) => short(&error),
    }
}

fn same_as_alloy(output: &ModelOutput, data: &[u8]) {
    let Ok(oracle) = InferenceHub::ModelOutput::abi_decode(data) else { panic!("alloy refuses what we read") };
    assert_eq!(oracle.numbers.len(), output.numbers.len());
    for (own, theirs) in output.numbers.iter().zip(&oracle.numbers) {
        assert_eq!((own.name.as_str(), own.values.len()), (theirs.name.as_str(), theirs.values.len()));
        for (own, theirs) in own.values.iter().zip(&theirs.values) {
            assert_eq!((own.value, own.decimals), (theirs.value, theirs.decimals));
        }
    }
    assert_eq!(oracle.strings.len(), output.strings.len());
    for (own, theirs) in output.strings.iter().zip(&oracle.strings) {
        assert_eq!((&own.name, &own.values), (&theirs.name, &theirs.values));
    }
    let jsons: Vec<_> = oracle.jsons.iter().map(|json| (&json.name, &json.value)).collect();
    assert_eq!(output.jsons.iter().map(|json| (&json.name, &json.value)).collect::<Vec<_>>(), jsons);
    assert_eq!(output.is_simulation_result, oracle.is_simulation_result);
}

fn output_samples() -> Vec<Vec<u8>> {
    let outputs = vectors(include_str!("../../vectors/opengradient/tensor_output.json"));
    let returns = vectors(include_str!("../../vectors/opengradient/abi_calldata.json"));
    let events = vectors(include_str!("../../vectors/opengradient/events.json"));
    let texts = [all_named(&outputs, "abi_model_output"), all_named(&returns, "returns"), all_named(&events, "data")].concat();
    let mut all: Vec<Vec<u8>> = texts.iter().map(|text| unhex(text)).filter(|data| data.len() <= 6000).collect();
    all.push("an inference id".to_owned().abi_encode());
    // Numbers that are all one tensor's.
    let number = |value: i128| InferenceHub::Number { value, decimals: 0 };
    let tensor =
        InferenceHub::MultiDimensionalNumberTensor { name: "a".to_owned(), values: vec![number(1), number(2)], shape: vec![2] };
    let (numbers, strings, jsons) = (vec![tensor; 3], Vec::new(), Vec::new());
    all.push(InferenceHub::ModelOutput { numbers, strings, jsons, is_simulation_result: true }.abi_encode());
    all
}

/// A node's result is a sound output, or refused.
fn node_result(data: &[u8]) {
    let [mode, body] = parts(data);
    let mode = [InferenceMode::Vanilla, InferenceMode::Tee, InferenceMode::Zkml][mode.len() % 3];
    // As it comes, and as the JSON within the base64 within the JSON.
    let inner = alloy_primitives::hex::encode(body);
    for body in [body.to_vec(), wrap(body), inner.into_bytes()] {
        match node::read(&body, mode) {
            Ok(Some(output)) => {
                let values = output.numbers.iter().map(|tensor| (Some(&tensor.shape), tensor.values.len()));
                let strings = output.strings.iter().map(|tensor| (tensor.shape.as_ref(), tensor.values.len()));
                for (shape, count) in values.chain(strings) {
                    let held =
                        shape.map(|shape| shape.iter().map(|length| *length as usize).try_fold(1_usize, usize::checked_mul));
                    assert!(held.is_none_or(|held| held == Some(count)));
                }
            }
            Ok(None) => {}
            Err(error) => short(&error),
        }
    }
}

fn wrap(inner: &[u8]) -> Vec<u8> {
    let encoded = ogkit::x402::wire::encode_header(&text(inner));
    format!(r#"{{"inference_results":["{encoded}"]}}"#).into_bytes()
}

fn node_samples() -> Vec<Vec<u8>> {
    let vectors = vectors(include_str!("../../vectors/opengradient/node_result.json"));
    let mut all = Vec::new();
    for case in vectors["cases"].as_array().into_iter().flatten() {
        let mode: &[u8] = match case["mode"].as_str() {
            Some("TEE") => b"1",
            Some("ZKML") => b"12",
            _ => b"",
        };
        all.push(joined(&[mode, case["response"].to_string().as_bytes()]));
        let first = case["response"]["inference_results"][0].as_str().and_then(ogkit::x402::wire::decode_header);
        all.extend(first.map(|inner| joined(&[mode, inner.as_bytes()])));
    }
    all
}

/// Tensors of a JSON document are even; their calldata is whole words, and is what alloy reads.
fn tensor(data: &[u8]) {
    let Some(json) = Json::parse_bytes(data) else { return };
    let tensors = match TensorInput::all_from_json(json) {
        Ok(tensors) => tensors,
        Err(error) => return short(&error),
    };
    for tensor in &tensors {
        let held = tensor.shape.iter().map(|length| *length as usize).try_fold(1_usize, usize::checked_mul);
        assert_eq!(held, Some(tensor.values.len()), "{}", tensor.name);
    }
    match input::run("QmModel", InferenceMode::Tee, &tensors) {
        Ok(calldata) => {
            assert_eq!(calldata.len() % 32, 4);
            let call = InferenceHub::runCall::abi_decode(&calldata).unwrap_or_else(|error| panic!("alloy refuses it: {error}"));
            assert_eq!(call.modelInput.numbers.len() + call.modelInput.strings.len(), tensors.len());
        }
        Err(error) => short(&error),
    }
}

fn tensor_samples() -> Vec<Vec<u8>> {
    bytes(all_named(&vectors(include_str!("../../vectors/opengradient/tensor_input.json")), "input_json"))
}

/// A picture of a service that answers three calls: its bytes came, or the failure has a word.
fn protobuf(data: &[u8]) {
    let answers = parts::<3>(data).map(<[u8]>::to_vec);
    let (io, _) = world::io(move |request| {
        let at =
            ["RunInferenceAsync", "GetInferenceStatus", "GetInferenceResult"].iter().position(|call| request.url.ends_with(call));
        Answer::ok(answers[at.unwrap_or_default()].clone())
    });
    let request = ImageRequest { model: "m".to_owned(), prompt: "p".to_owned(), height: None, width: Some(0) };
    match run(generate(&io, Some("https://proxy.example"), &request)) {
        Ok(image) => assert!(data.windows(image.len().max(1)).any(|window| window == image) || image.is_empty(), "other bytes"),
        Err(error) => short(&error),
    }
}

fn framed(message: &[u8], trailers: &str) -> Vec<u8> {
    let frame = |flag: u8, body: &[u8]| {
        let length = u32::try_from(body.len()).expect("short").to_be_bytes();
        [&[flag], &length[..], body].concat()
    };
    [frame(0, message), frame(0x80, trailers.as_bytes())].concat()
}

fn protobuf_samples() -> Vec<Vec<u8>> {
    let ok = "grpc-status: 0\r\n";
    let id = framed(b"\x0a\x02id", ok);
    let done = framed(b"\x08\x02", ok);
    let image = framed(b"\x2a\x06\x0a\x04\x89PNG", ok);
    vec![
        joined(&[&id, &done, &image]),
        joined(&[&id, &framed(b"\x08\x01\x12\x03no!\x19AAAAAAAA\x25BBBB", ok), &image]),
        joined(&[&id, &framed(b"\x08\x03\x12\x03no!", ok), b""]),
        joined(&[&framed(b"", "grpc-status: 5\r\ngrpc-message: gone\r\n"), b"", b""]),
    ]
}

/// The identity service and the hub say anything: there is a word for it, and what is read of a file is JSON.
fn hub(data: &[u8]) {
    let [identity, reply] = parts(data).map(<[u8]>::to_vec);
    let status = if reply.len().is_multiple_of(5) { 401 } else { 200 };
    let (io, _) = world::io(move |request| match request.url.contains("hub.example") {
        true => Answer { status, ..Answer::ok(reply.clone()) },
        false => Answer::ok(identity.clone()),
    });
    let identity = Identity {
        api_key: "key".to_owned(),
        sign_in_url: "https://id.example/in".to_owned(),
        token_url: "https://id.example/token".to_owned(),
    };
    let hub = match run(ModelHub::login(io, "https://hub.example/api", identity, "a@example.org", "password")) {
        Ok(hub) => hub,
        Err(error) => return short(&error),
    };
    match run(hub.list_files("m", "1.00")) {
        Ok(files) => assert!(files.iter().all(|file| Json::parse(&file.json).is_some())),
        Err(error) => short(&error),
    }
    let errors = [run(hub.create_model("m", "d", None)).err(), run(hub.create_version("m", "n", true)).err()];
    errors.iter().flatten().for_each(short);
}

fn hub_samples() -> Vec<Vec<u8>> {
    let tokens =
        br#"{"idToken":"abc.def","refreshToken":"xyz","expiresIn":"3600","id_token":"a","refresh_token":"b","expires_in":1}"#;
    vec![
        joined(&[tokens, br#"[{"name":"model.onnx","size":12},{"name":null,"size":-1},{}]"#]),
        joined(&[tokens, br#"{"name":"m","versionString":"1.01"}"#]),
        joined(&[tokens, br#"{"detail":[{"msg":"no"}]}"#]),
        joined(&[br#"{"error":{"message":"INVALID_LOGIN_CREDENTIALS"}}"#, b"[]"]),
    ]
}

/// A twin's answer is read, or refused with a word.
fn twins(data: &[u8]) {
    let body = data.to_vec();
    let status = if body.len().is_multiple_of(7) { 403 } else { 200 };
    let (io, _) = world::io(move |_| Answer { status, ..Answer::ok(body.clone()) });
    let twins = Twins::new(io, "https://twins.example", "key").unwrap_or_else(|error| panic!("{error}"));
    let messages = Json::parse(r#"[{"role":"user","content":"x"}]"#).expect("JSON");
    let request = TwinRequest { twin_id: "t", model: "m", messages, temperature: None, max_tokens: None };
    match run(twins.chat(&request)) {
        Ok(answer) => assert!(
            answer
                .message
                .is_none_or(|message| serde_json::from_str::<Value>(&message).is_ok() || Json::parse(&message).is_some())
        ),
        Err(error) => short(&error),
    }
}
