//! The interfaces in `abi/opengradient` against the official ABI: every function and event, by signature and hash, in both
//! directions.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;

use ogkit::opengradient::{inference, workflow};
use serde_json::Value;

/// Signature and selector or topic.
type Entry = (String, String);

fn official(contract: &str) -> BTreeSet<Entry> {
    let vectors: Value = serde_json::from_str(include_str!("vectors/opengradient/abi.json")).unwrap();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = vectors["contracts"][contract].as_array().unwrap().clone();
    entries.iter().map(|entry| (text(entry, "signature"), text(entry, "hash"))).collect()
}

/// What the bindings know: the generated sets of calls and events.
macro_rules! bound {
    ($room:ident :: $contract:ident: $($set:ident),+) => {{
        let mut all = BTreeSet::new();
        $(for (signature, hash) in $room::abi::$contract::$set::SIGNATURES.iter().zip($room::abi::$contract::$set::SELECTORS) {
            all.insert(((*signature).to_owned(), format!("0x{}", alloy_primitives::hex::encode(hash))));
        })+
        (stringify!($contract), all)
    }};
}

#[test]
fn every_selector_and_topic_is_the_official_one() {
    for (contract, bound) in [
        bound!(inference::InferenceHub: InferenceHubCalls, InferenceHubEvents),
        bound!(inference::InferencePrecompile: InferencePrecompileCalls, InferencePrecompileEvents),
        bound!(workflow::WorkflowScheduler: WorkflowSchedulerCalls),
        bound!(workflow::PriceHistoryInference: PriceHistoryInferenceCalls, PriceHistoryInferenceEvents),
        bound!(workflow::ModelExecutorHistorical: ModelExecutorHistoricalCalls, ModelExecutorHistoricalEvents),
    ] {
        assert_eq!(bound, official(contract), "{contract}");
    }
}
