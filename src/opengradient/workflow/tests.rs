//! Workflows against the official SDK's vectors and a scripted chain.

use alloy_primitives::{Address, hex, keccak256};
use serde_json::{Value, json};

use super::flow::{Schedule, Workflow};
use super::models::MODELS;
use super::{CandleOrder, CandleType, HISTORICAL_CONTRACT, HistoricalInputQuery, Pair, SchedulerParams, deployment};
use crate::error::{Error, Kind};
use crate::io::fake;
use crate::io::{Progress, WalletFailure};
use crate::opengradient::inference::decimal::Number;
use crate::opengradient::inference::output::{ModelOutput, NumberTensor};
use crate::opengradient::testing::{World, hash, nobody, receipt, world};

const MADE: Address = Address::repeat_byte(0xcc);

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../../tests/vectors/opengradient/abi_calldata.json")).unwrap_or_default()
}

fn code(text: &str) -> Vec<u8> {
    hex::decode(text.trim()).unwrap_or_default()
}

fn price_history() -> Vec<u8> {
    code(include_str!("../../../abi/opengradient/PriceHistoryInference.bin"))
}

fn executor() -> Vec<u8> {
    code(include_str!("../../../abi/opengradient/ModelExecutorHistorical.bin"))
}

fn query(pair: Pair, order: CandleOrder) -> HistoricalInputQuery {
    let candle_types = vec![CandleType::Open, CandleType::High, CandleType::Low, CandleType::Close];
    HistoricalInputQuery { pair, total_candles: 10, candle_duration_in_mins: 30, order, candle_types }
}

fn split() -> HistoricalInputQuery {
    query(Pair::Split { base: "ETH".to_owned(), quote: "USD".to_owned() }, CandleOrder::Ascending)
}

#[test]
fn deployments_are_the_official_ones() {
    let all = vectors();
    let joined = Pair::Joined { currency_pair: "ETH/USDT".to_owned(), historical_contract: HISTORICAL_CONTRACT };
    let made = [
        deployment(&price_history(), "hJD2Ja3akZFt1A2LT-D_1oxOCz_OtuGYw4V9eE1m39M", &split(), "open_high_low_close"),
        deployment(&executor(), "QmModel", &query(joined, CandleOrder::Descending), "open_high_low_close"),
    ];
    for (made, expected) in made.into_iter().zip(all["deployments"].as_array().cloned().unwrap_or_default()) {
        let data = made.map(|call| (call.to, call.data)).ok();
        let found = data.as_ref().map(|(_, data)| (data.len() as u64, keccak256(data).to_string()));
        let wanted = expected["deploy_data_length"].as_u64().zip(expected["deploy_data_keccak256"].as_str().map(str::to_owned));
        assert_eq!(found, wanted);
        assert_eq!(data.map(|(to, _)| to), Some(None));
    }
}

#[test]
fn other_creation_code_is_refused() {
    let mut changed = price_history();
    if let Some(byte) = changed.last_mut() {
        *byte ^= 1;
    }
    for bad in [changed, executor(), Vec::new()] {
        assert!(deployment(&bad, "Qm", &split(), "x").is_err_and(|error| error.to_string().starts_with("bytecode")));
    }
    let mut empty = split();
    empty.candle_types.clear();
    assert!(deployment(&price_history(), "Qm", &empty, "x").is_err());
    assert!(deployment(&price_history(), "Qm", &split(), "").is_err());
    for params in
        [SchedulerParams { frequency: 0, duration_hours: 1 }, SchedulerParams { frequency: 1, duration_hours: u64::MAX }]
    {
        assert!(params.end_time(0).is_err());
    }
}

fn sent(n: u8) -> Result<Value, WalletFailure> {
    Ok(json!(hash(n).to_string()))
}

/// A chain on which the n-th transaction has the n-th receipt, and `getInferenceResult` answers `results` in turn.
fn chain(sends: Vec<Result<Value, WalletFailure>>, results: Vec<Result<Value, Value>>) -> World {
    let mut results = results.into_iter();
    world(
        sends,
        move |method, params| match method {
            "eth_getTransactionReceipt" => {
                let first = params[0] == json!(hash(1).to_string());
                let contract = first.then_some(MADE);
                Some(Ok(receipt(if first { 1 } else { 2 }, contract, json!([]))))
            }
            "eth_call"
                if params[0]["data"] == json!("0x1b9fc701")
                    || params[0]["data"].as_str().is_some_and(|d| d.starts_with("0x9e30396c")) =>
            {
                Some(results.next().unwrap_or_else(|| Ok(json!("0x"))))
            }
            _ => None,
        },
        nobody,
    )
}

fn new_workflow(world: &World, schedule: Option<SchedulerParams>) -> Result<Workflow, Error> {
    fake::run(world.alpha.new_workflow(&price_history(), "Qm", &split(), "x", schedule, &world.options()))
}

#[test]
fn a_workflow_is_deployed_and_then_registered() {
    let world = chain(vec![sent(1), sent(2)], vec![]);
    let made = new_workflow(&world, Some(SchedulerParams::default()));
    let (address, end_time) = match made {
        Ok(Workflow { address, schedule: Schedule::Registered { end_time, .. }, .. }) => (address, end_time),
        other => (Address::ZERO, u64::from(other.is_ok())),
    };
    assert_eq!((address, end_time), (MADE, 7200));
    let sent = world.sent();
    assert_eq!(
        sent.iter().map(|tx| (tx["to"].clone(), tx["gas"].clone())).collect::<Vec<_>>(),
        [(Value::Null, json!("0xea60")), (json!("0x7179724de4e7ff9271fa40c0337c7f90c0508ef6"), json!("0x493e0")),]
    );
    let registered = sent.get(1).and_then(|tx| tx["data"].as_str()).unwrap_or_default().to_owned();
    assert_eq!(registered, format!("0x31a7e88c{:0>64}{:064x}{:064x}", hex::encode(MADE), 7200, 600));
    let steps = world.steps.borrow();
    let place = |wanted: fn(&Progress) -> bool| steps.iter().position(wanted);
    let deployed = place(|step| matches!(step, Progress::Deployed { address: MADE }));
    let scheduling = place(|step| matches!(step, Progress::Scheduling { end_time: 7200, frequency: 600, .. }));
    assert!(deployed.is_some() && deployed < scheduling);
    assert!(matches!(
        steps.iter().find(|step| matches!(step, Progress::Signing { .. })),
        Some(Progress::Signing { to: None, .. })
    ));
}

#[test]
fn a_registration_that_fails_leaves_the_contract_and_says_both() {
    let refused = Err(fake::failure(Some(4001), "User rejected the request."));
    let world = chain(vec![sent(1), refused], vec![]);
    let made = new_workflow(&world, Some(SchedulerParams::default()));
    assert!(matches!(
        made,
        Ok(Workflow { address: MADE, schedule: Schedule::Failed(ref error), .. }) if error.code() == "walletRejected"
    ));
    // It is taken up again by its address, or by the deployment's hash.
    assert_eq!(fake::run(world.alpha.deployed_workflow(hash(1))).ok(), Some(Some(MADE)));
    assert!(fake::run(world.alpha.deployed_workflow(hash(2))).is_err());
    world.wallet.answers.borrow_mut().extend([
        ("eth_chainId", Ok(json!("0x2a5d"))),
        ("eth_accounts", Ok(json!([crate::opengradient::testing::ACCOUNT.to_string()]))),
        ("eth_sendTransaction", sent(2)),
    ]);
    let again = fake::run(world.alpha.schedule_workflow(MADE, SchedulerParams::default(), &world.options()));
    assert!(again.is_ok());
}

#[test]
fn a_failing_estimate_falls_back_when_the_simulation_passes() {
    let world = world(
        vec![sent(1)],
        |method, _| match method {
            "eth_estimateGas" => Some(Err(json!({ "code": -32000, "message": "cannot estimate" }))),
            "eth_getTransactionReceipt" => Some(Ok(receipt(1, Some(MADE), json!([])))),
            _ => None,
        },
        nobody,
    );
    assert!(matches!(new_workflow(&world, None), Ok(Workflow { schedule: Schedule::NotAsked, .. })));
    assert_eq!(world.sent().first().map(|tx| tx["gas"].clone()), Some(json!("0x4c4b40")));
}

#[test]
fn a_receipt_without_an_address_is_no_workflow() {
    let world = world(
        vec![sent(1)],
        |method, _| (method == "eth_getTransactionReceipt").then(|| Ok(receipt(1, None, json!([])))),
        nobody,
    );
    assert!(new_workflow(&world, None).is_err_and(|error| error.to_string().contains("which was mined")));
}

#[test]
fn a_run_offers_its_gas_and_reads_until_the_node_has_caught_up() {
    let all = vectors();
    let result = all["returns"][0]["returns"].clone();
    let behind = || Err(json!({ "code": 3, "message": "execution reverted" }));
    let world = chain(vec![sent(2)], vec![behind(), Ok(json!("0x")), Ok(result.clone())]);
    let run = fake::run(world.alpha.run_workflow(MADE, &world.options()));
    assert!(run.is_ok_and(|(_, output)| !output.numbers.is_empty()));
    assert_eq!(world.sent().first().map(|tx| tx["gas"].clone()), Some(json!("0x1c9c380")));
    assert!(!world.asked.borrow().iter().any(|(method, _)| method == "eth_estimateGas"));
    assert!(world.asked.borrow().iter().any(|(_, params)| params[0]["gas"] == json!("0x1c9c380")));

    let world = chain(vec![sent(2)], vec![]);
    let run = fake::run(world.alpha.run_workflow(MADE, &world.options())).map_err(Error::into_kind);
    assert!(matches!(run, Err(Kind::ResultRetrieval { hash: at, .. }) if at == hash(2)));
}

#[test]
fn results_are_read() {
    let all = vectors();
    let busy = || Err(json!({ "code": -32005, "message": "limit exceeded" }));
    let world = chain(vec![], vec![busy(), Ok(all["returns"][0]["returns"].clone()), Ok(all["returns"][1]["returns"].clone())]);
    assert!(fake::run(world.alpha.read_workflow_result(MADE)).is_ok());
    let history = fake::run(world.alpha.read_workflow_history(MADE, 5));
    let data = all["returns"][1]["returns"].as_str().and_then(|text| hex::decode(text).ok()).unwrap_or_default();
    let mut given = ModelOutput::decode_list(&data).unwrap_or_default();
    given.reverse();
    assert!(given.len() > 1 && history.is_ok_and(|list| list == given), "the newest comes first");
    assert!(fake::run(world.alpha.read_workflow_history(MADE, 0)).is_err());
    // Neither a contract without a result nor an account is asked twice.
    let world = chain(vec![], vec![Err(json!({ "code": 3, "message": "execution reverted: no result" }))]);
    assert!(fake::run(world.alpha.read_workflow_result(MADE)).is_err_and(|error| error.code() == "txRevert"));
    assert!(fake::run(world.alpha.read_workflow_result(MADE)).is_err_and(|error| error.code() == "protocol"));
    assert_eq!(world.asked.borrow().iter().filter(|(method, _)| method == "eth_call").count(), 2);
}

#[test]
fn a_forecast_is_a_percentage() {
    let forecast = |name: &str, values: Vec<Number>| ModelOutput {
        numbers: vec![NumberTensor { name: name.to_owned(), shape: vec![values.len() as u32], values }],
        ..ModelOutput::default()
    };
    let number = Number { value: 123, decimals: 4 };
    let [volatility, btc, ..] = MODELS;
    assert_eq!(volatility.format(&forecast("Y", vec![number])).ok().as_deref(), Some("1.2299999595%"));
    assert!(btc.format(&forecast("Y", vec![number])).is_err());
    assert!(volatility.format(&forecast("Y", vec![number, number])).is_err());
    let all = vectors();
    let world = chain(vec![], vec![Ok(all["returns"][0]["returns"].clone())]);
    let read = fake::run(world.alpha.read_workflow_model(&volatility, Some(MADE)));
    assert_eq!(read.ok().map(|read| read.block_explorer_link), Some(format!("https://explorer.opengradient.ai/address/{MADE}")));
}
