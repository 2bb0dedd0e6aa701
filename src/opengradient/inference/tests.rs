//! Tensors against the official SDK's vectors, against alloy, and against data made to do harm.

#![allow(clippy::result_large_err, reason = "errors are taken apart here")]

use alloy_primitives::hex;
use alloy_sol_types::{SolCall, SolValue};
use proptest::prelude::*;
use serde_json::Value;

use super::abi::{InferenceHub as Hub, InferencePrecompile};
use super::decimal::Number;
use super::output::{ModelOutput, inference_id};
use super::tensor::{Builder, TensorInput, Values};
use super::words::WORD;
use super::{InferenceMode, input, node};
use crate::error::{Error, Kind};
use crate::json::Json;

fn vectors(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

fn cases(all: &Value, list: &str) -> Vec<Value> {
    all[list].as_array().cloned().unwrap_or_default()
}

fn bytes(text: &Value) -> Vec<u8> {
    text.as_str().and_then(|text| hex::decode(text).ok()).unwrap_or_default()
}

fn tensors(text: &str) -> Result<Vec<TensorInput>, Error> {
    TensorInput::all_from_json(Json::parse(text).ok_or_else(|| Error::input("text", "no JSON"))?)
}

#[test]
fn every_input_is_the_official_one_or_refused() {
    let all = vectors(include_str!("../../../tests/vectors/opengradient/tensor_input.json"));
    // Ours takes what overflows the official SDK, and refuses what it bends: booleans and numbers among strings.
    let wider = ["uint64_overflow", "bigint_object", "float_overflow_int64"];
    let stricter = ["bool_in_int_list", "bool_in_float_list", "number_and_string_mix", "float_and_string_mix"];
    let mut equal = 0;
    for case in cases(&all, "cases") {
        let name = case["name"].as_str().unwrap_or_default();
        let Some(text) = case["input_json"].as_str() else { continue };
        let made = tensors(text).and_then(|inputs| input::run("Qm", InferenceMode::Vanilla, &inputs));
        match case["abi_model_input"].as_str() {
            Some(_) if !stricter.contains(&name) => {
                // The selector, three words of head and two of the model's name come before what the vector has, less its own offset.
                let made = made.unwrap_or_default();
                assert_eq!(made.get(4 + 5 * WORD..), bytes(&case["abi_model_input"]).get(WORD..), "{name}");
                equal += 1;
            }
            _ if wider.contains(&name) => assert!(made.is_ok(), "{name}"),
            _ => assert!(made.is_err_and(|error| error.code() == "invalidInput"), "{name}"),
        }
    }
    assert!(equal > 15, "{equal}");
}

#[test]
fn every_calldata_is_the_official_one() {
    let all = vectors(include_str!("../../../tests/vectors/opengradient/abi_calldata.json"));
    let mut seen = 0;
    for case in cases(&all, "calldata").iter().filter(|case| case["name"].as_str().is_some_and(|name| name.starts_with("infer")))
    {
        let args = &case["args"];
        let mode = match args["inferenceMode"].as_u64() {
            Some(0) => InferenceMode::Vanilla,
            Some(1) => InferenceMode::Zkml,
            _ => InferenceMode::Tee,
        };
        // serde_json sorts keys; the vectors' names are sorted.
        let inputs = tensors(&args["model_input"].to_string()).unwrap_or_default();
        let made = input::run(args["modelId"].as_str().unwrap_or_default(), mode, &inputs);
        assert_eq!(made.ok(), Some(bytes(&case["calldata"])), "{}", case["name"]);
        seen += 1;
    }
    assert_eq!(seen, 4);
}

/// The same by alloy.
fn by_alloy(cid: &str, inputs: &[TensorInput]) -> Vec<u8> {
    let number = |number: Result<Number, _>| {
        let number = number.unwrap_or_default();
        Hub::Number { value: number.value, decimals: number.decimals }
    };
    let mut model = Hub::ModelInput { numbers: Vec::new(), strings: Vec::new() };
    for input in inputs {
        let name = input.name.clone();
        let values: Vec<_> = match &input.values {
            Values::F64(list) => list.iter().map(|x| number(Number::from_f64(*x))).collect(),
            Values::F32(list) => list.iter().map(|x| number(Number::from_f32(*x))).collect(),
            Values::I64(list) => list.iter().map(|x| number(Number::from_text(&x.to_string()))).collect(),
            Values::U8(list) => list.iter().map(|x| number(Number::from_text(&x.to_string()))).collect(),
            Values::Strings(values) => {
                model.strings.push(Hub::StringTensor { name, values: values.clone() });
                continue;
            }
            _ => Vec::new(),
        };
        model.numbers.push(Hub::MultiDimensionalNumberTensor { name, values, shape: input.shape.clone() });
    }
    Hub::runCall { modelId: cid.to_owned(), inferenceMode: 2, modelInput: model }.abi_encode()
}

fn any_values() -> impl Strategy<Value = Values> {
    prop_oneof![
        prop::collection::vec(-1e30..1e30, 0..20).prop_map(Values::F64),
        prop::collection::vec(-1e30_f32..1e30, 0..20).prop_map(Values::F32),
        prop::collection::vec(any::<i64>(), 0..20).prop_map(Values::I64),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Values::U8),
        prop::collection::vec(".{0,40}", 0..6).prop_map(Values::Strings),
    ]
}

proptest! {
    #[test]
    fn laid_out_by_hand_is_as_alloy_does_it(cid in "[a-zA-Z0-9]{1,70}", all in prop::collection::vec((".{0,40}", any_values()), 0..5)) {
        let inputs: Vec<_> = all.into_iter().filter_map(|(name, values)| TensorInput::flat(name, values).ok()).collect();
        let made = input::run(&cid, InferenceMode::Tee, &inputs);
        prop_assert_eq!(made.ok().map(hex::encode), Some(hex::encode(by_alloy(&cid, &inputs))));
    }

    #[test]
    fn any_data_gives_an_answer(data in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = ModelOutput::decode(&data);
        let _ = ModelOutput::decode_list(&data);
        let _ = inference_id(&data);
        let _ = node::read(&data, InferenceMode::Tee);
    }

    #[test]
    fn a_changed_word_gives_an_answer(at in 0_usize..60, to in prop_oneof![0_u64..2000, any::<u64>()]) {
        let all = vectors(include_str!("../../../tests/vectors/opengradient/tensor_output.json"));
        for case in cases(&all, "model_outputs") {
            let mut data = bytes(&case["abi_model_output"]);
            if let Some(low) = data.get_mut(at * WORD + 24..at * WORD + 32) {
                low.copy_from_slice(&to.to_be_bytes());
            }
            if let Ok(output) = ModelOutput::decode(&data) {
                let held: usize = output.numbers.iter().map(|tensor| tensor.values.len() * 64).sum();
                prop_assert!(held <= data.len());
            }
        }
    }

    #[test]
    fn outputs_come_back(values in prop::collection::vec(any::<(i128, i128)>(), 0..12), text in ".{0,40}", simulated in any::<bool>()) {
        let numbers = values.iter().map(|(value, decimals)| Hub::Number { value: *value, decimals: *decimals }).collect();
        let output = Hub::ModelOutput {
            numbers: vec![Hub::MultiDimensionalNumberTensor { name: text.clone(), values: numbers, shape: vec![values.len() as u32] }],
            strings: vec![Hub::StringTensor { name: "s".to_owned(), values: vec![text.clone(), String::new()] }],
            jsons: vec![Hub::JsonScalar { name: "j".to_owned(), value: text.clone() }],
            is_simulation_result: simulated,
        };
        let read = ModelOutput::decode(&output.abi_encode()).unwrap_or_default();
        prop_assert_eq!(read.is_simulation_result, simulated);
        let back: Vec<_> = read.number(&text).into_iter().flat_map(|tensor| &tensor.values).map(|n| (n.value, n.decimals)).collect();
        prop_assert_eq!(back, values);
        prop_assert_eq!(read.strings.first().map(|tensor| tensor.values.clone()), Some(vec![text.clone(), String::new()]));
        prop_assert_eq!(read.jsons.first().map(|json| json.value.as_str()), Some(text.as_str()));
        let list = ModelOutput::decode_list(&vec![output.clone(), output].abi_encode());
        prop_assert_eq!(list.map(|list| list.len()).ok(), Some(2));
    }
}

#[test]
fn every_output_reads_as_the_official_one() {
    let all = vectors(include_str!("../../../tests/vectors/opengradient/tensor_output.json"));
    for case in cases(&all, "model_outputs") {
        let read = ModelOutput::decode(&bytes(&case["abi_model_output"]));
        if case["name"] == "shape_mismatch" {
            assert!(read.is_err_and(|error| error.to_string().contains("2 values for the shape [3] of n")));
            continue;
        }
        let read = read.unwrap_or_default();
        assert_eq!(read.numbers.len(), case["numbers"].as_array().map_or(9, Vec::len), "{case}");
        assert_eq!(case["is_simulation_result"], read.is_simulation_result);
        for (tensor, expected) in read.numbers.iter().zip(cases(&case, "numbers")) {
            assert_eq!(expected["name"], tensor.name.as_str());
            assert_eq!(expected["shape"], serde_json::json!(tensor.shape));
            let values: Vec<_> = tensor.values.iter().map(|n| [n.value.to_string(), n.decimals.to_string()]).collect();
            assert_eq!(expected["values"], serde_json::json!(values));
            let official = &case["official_read"]["numbers"][&tensor.name]["f64"];
            if let Some(official) = official.as_array() {
                let official: Vec<f64> = official.iter().filter_map(|x| x.as_str()?.parse().ok()).collect();
                assert_eq!(official, tensor.to_f32().iter().map(|x| f64::from(*x)).collect::<Vec<_>>());
            }
        }
        for (tensor, expected) in read.strings.iter().zip(cases(&case, "strings")) {
            assert_eq!(expected["values"], serde_json::json!(tensor.values));
        }
        for (scalar, expected) in read.jsons.iter().zip(cases(&case, "jsons")) {
            assert_eq!((&expected["name"], &expected["value"]), (&scalar.name.clone().into(), &scalar.value.clone().into()));
        }
    }
}

#[test]
fn every_event_is_read() {
    let all = vectors(include_str!("../../../tests/vectors/opengradient/events.json"));
    for case in cases(&all, "cases") {
        let data = bytes(&case["data"]);
        let decoded = &case["decoded"];
        match case["event"].as_str() {
            Some("InferenceResult") => {
                let read = ModelOutput::decode(&data).unwrap_or_default();
                assert_eq!(read.is_empty(), decoded["output"]["numbers"] == serde_json::json!([]), "{case}");
            }
            Some("InferenceResultEmitted") => assert!(ModelOutput::decode(&data).is_ok_and(|output| !output.is_empty())),
            Some("ModelInferenceEvent") => assert_eq!(inference_id(&data).ok().as_deref(), decoded["inferenceID"].as_str()),
            _ => {}
        }
    }
}

#[test]
fn the_nodes_answers_are_read_as_the_official_sdk_does() {
    let all = vectors(include_str!("../../../tests/vectors/opengradient/node_result.json"));
    let mut seen = 0;
    for case in cases(&all, "cases").iter().filter(|case| case["http_status"] == 200) {
        let id = case["inference_id"].as_str().unwrap_or_default();
        assert_eq!(case["url"], node::url("https://sdk-devnet.opengradient.ai/", id));
        let mode = case["mode"].as_str().and_then(|mode| InferenceMode::try_from(mode).ok()).unwrap_or(InferenceMode::Vanilla);
        let read = node::read(case["response"].to_string().as_bytes(), mode);
        if let Some(text) = case["error_text"].as_str() {
            let missing = text.split(' ').nth(1).unwrap_or_default();
            assert!(read.is_err_and(|error| error.to_string().contains(missing)), "{case}");
        } else if case["result"].is_null() {
            assert_eq!(read.ok(), Some(None));
        } else {
            let output = read.ok().flatten().unwrap_or_default();
            assert_eq!(output.number("Y").map(|tensor| tensor.values.clone()), Some(vec![Number { value: 123, decimals: 4 }]));
            assert_eq!(
                output.strings.first().map(|tensor| (tensor.values.len(), tensor.shape.clone())),
                Some((2, Some(vec![2])))
            );
            assert_eq!(output.jsons.first().map(|scalar| scalar.value.as_str()), Some("{\"a\":1}"));
        }
        seen += 1;
    }
    assert!(seen >= 6);
}

#[test]
fn a_value_without_a_place_is_named() {
    let refused = |input: TensorInput| match input::run("Qm", InferenceMode::Vanilla, &[input]).map_err(Error::into_kind) {
        Err(Kind::InvalidInput { field, reason }) => (field, reason),
        other => (format!("{other:?}"), String::new()),
    };
    let nan =
        TensorInput { name: "x".to_owned(), shape: vec![2, 3], values: Values::F64(vec![0.0, 1.0, 2.0, 3.0, f64::NAN, 5.0]) };
    assert_eq!(refused(nan), ("modelInput.x[1][1]".to_owned(), "it is NaN, which has no value on chain".to_owned()));
    let infinite = TensorInput { name: "y".to_owned(), shape: vec![1], values: Values::F32(vec![f32::INFINITY]) };
    assert_eq!(refused(infinite).0, "modelInput.y[0]");
    let uneven = TensorInput { name: "z".to_owned(), shape: vec![2, 2], values: Values::U8(vec![1]) };
    assert_eq!(refused(uneven).0, "modelInput.z");
    for (text, place) in [
        ("[[1, 2], [3]]", "modelInput.t[1]"),
        ("[1, [2]]", "modelInput.t[1]"),
        ("[[1], 2]", "modelInput.t[1]"),
        ("[[[1, 2]], [[3, \"a\"]]]", "modelInput.t[1][0][1]"),
        ("[\"a\", 1]", "modelInput.t[1]"),
        ("[1, null]", "modelInput.t[1]"),
        ("[[], [1]]", "modelInput.t[1]"),
        ("[[], 1]", "modelInput.t[1]"),
        ("[true]", "modelInput.t[0]"),
        ("{}", "modelInput.t"),
        ("1e39", "modelInput.t"),
    ] {
        let read = Json::parse(text).map(|json| TensorInput::from_json("t", json));
        match read.map(|read| read.map_err(Error::into_kind)) {
            Some(Err(Kind::InvalidInput { field, .. })) => assert_eq!(field, place, "{text}"),
            other => assert!(other.is_none(), "{text}: {other:?}"),
        }
    }
    let deep = format!("{}1{}", "[".repeat(33), "]".repeat(33));
    assert!(Json::parse(&deep).is_some_and(|json| TensorInput::from_json("t", json).is_err()));
}

#[test]
fn a_builder_takes_floats_and_long_whole_numbers() {
    let mut builder = Builder::new("b");
    let built = builder.open().and_then(|()| builder.float(1.5)).and_then(|()| builder.decimal("18446744073709551616"));
    assert!(built.and_then(|()| builder.close()).is_ok());
    let tensor = builder.finish();
    assert_eq!(tensor.shape, [2]);
    assert_eq!(tensor.values, Values::Fixed(vec![Number { value: 15, decimals: 1 }, Number::whole(1 << 64)]));
    assert_eq!(Builder::new("nothing").finish().values.len(), 0);
    assert!(input::run("Qm", InferenceMode::Zkml, &[Builder::new("nothing").finish()]).is_err());
}

#[test]
fn data_does_not_unfold_into_more_than_it_is() {
    // A thousand outputs that all point at the same tensor of a thousand numbers.
    let tensor = Hub::MultiDimensionalNumberTensor {
        name: String::new(),
        values: vec![Hub::Number { value: 1, decimals: 0 }; 1000],
        shape: vec![1000],
    };
    let one =
        Hub::ModelOutput { numbers: vec![tensor], strings: vec![], jsons: vec![], is_simulation_result: false }.abi_encode();
    let mut data = Vec::new();
    let word = |value: usize| [vec![0; 24], (value as u64).to_be_bytes().to_vec()].concat();
    data.extend(word(32));
    data.extend(word(1000));
    data.extend((0..1000).flat_map(|_| word(32_000)));
    data.extend_from_slice(one.get(WORD..).unwrap_or_default());
    assert!(ModelOutput::decode_list(&data).is_err());
    assert!(ModelOutput::decode(&word(0)).is_err());
}

#[test]
fn the_precompiles_event_carries_its_id_first() {
    use alloy_sol_types::SolEvent as _;
    let request = InferencePrecompile::ModelInferenceRequest {
        mode: 1,
        modelCID: "Qm".to_owned(),
        input: InferencePrecompile::ModelInput { numbers: vec![], strings: vec![] },
    };
    let response =
        InferencePrecompile::ModelOutput { numbers: vec![], strings: vec![], jsons: vec![], is_simulation_result: false };
    let event = InferencePrecompile::ModelInferenceEvent { inferenceID: "id/1".to_owned(), request, response };
    assert_eq!(inference_id(&event.encode_data()).ok().as_deref(), Some("id/1"));
}
