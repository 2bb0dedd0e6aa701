//! The interfaces in `abi/ogpu` against the official ABI: every function, event and error, by signature and hash, in
//! both directions; and the marks of what testnet lacks.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;

use ogkit::ogpu::protocol::abi;
use serde_json::Value;

/// Signature and selector or topic.
type Entry = (String, String);

fn official(network: &str, contract: &str) -> BTreeSet<Entry> {
    let vectors: Value = serde_json::from_str(include_str!("vectors/ogpu-abi.json")).unwrap();
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap().to_owned();
    let entries = vectors["chains"][network][contract].as_array().unwrap().clone();
    entries.iter().map(|entry| (text(entry, "signature"), text(entry, "hash"))).collect()
}

/// What the bindings know: the generated sets of calls, events and errors.
macro_rules! bound {
    ($contract:ident: $($set:ident),+) => {{
        let mut all = BTreeSet::new();
        $(for (signature, hash) in abi::$contract::$set::SIGNATURES.iter().zip(abi::$contract::$set::SELECTORS) {
            all.insert(((*signature).to_owned(), format!("0x{}", alloy_primitives::hex::encode(hash))));
        })+
        (stringify!($contract), all)
    }};
}

fn all_bound() -> [(&'static str, BTreeSet<Entry>); 8] {
    [
        bound!(Nexus: NexusCalls, NexusEvents, NexusErrors),
        bound!(Controller: ControllerCalls, ControllerEvents, ControllerErrors),
        bound!(Terminal: TerminalCalls, TerminalEvents, TerminalErrors),
        bound!(Vault: VaultCalls, VaultEvents),
        bound!(Manager: ManagerCalls, ManagerEvents, ManagerErrors),
        bound!(Source: SourceCalls, SourceEvents, SourceErrors),
        bound!(Task: TaskCalls, TaskEvents, TaskErrors),
        bound!(Response: ResponseCalls, ResponseEvents, ResponseErrors),
    ]
}

#[test]
fn every_selector_and_topic_is_the_official_one() {
    for (contract, bound) in all_bound() {
        assert_eq!(bound, official("mainnet", contract), "{contract}");
    }
}

#[test]
fn what_testnet_lacks_is_marked() {
    for (contract, _) in all_bound() {
        let path = format!("{}/abi/ogpu/{contract}.sol", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let marked: BTreeSet<String> = text
            .split("@custom:testnet absent\n")
            .skip(1)
            .filter_map(|after| after.trim_start().split(['(', ' ']).nth(1).map(str::to_owned))
            .collect();
        let testnet = official("testnet", contract);
        let mainnet = official("mainnet", contract);
        assert!(testnet.is_subset(&mainnet), "{contract} has more on testnet");
        let absent = mainnet.difference(&testnet).map(|(signature, _)| signature.split('(').next().unwrap().to_owned());
        assert_eq!(marked, absent.collect(), "{contract}");
    }
}
