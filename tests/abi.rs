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

#[cfg(feature = "opengradient")]
#[test]
fn the_enclaves_registry_is_the_official_one() {
    let official: Value = serde_json::from_str(include_str!("vectors/opengradient/TEERegistry.json")).unwrap();
    let types = |list: &Value| list.as_array().unwrap().iter().map(type_of).collect::<Vec<_>>().join(",");
    let functions = official.as_array().unwrap().iter().filter(|entry| entry["type"] == "function");
    let official: BTreeSet<Entry> = functions
        .clone()
        .map(|entry| {
            let signature = format!("{}({})", entry["name"].as_str().unwrap(), types(&entry["inputs"]));
            let hash = alloy_primitives::keccak256(&signature);
            (signature, format!("0x{}", alloy_primitives::hex::encode(&hash[..4])))
        })
        .collect();
    use ogkit::opengradient::abi;
    let (_, bound) = bound!(TEERegistry: TEERegistryCalls);
    assert_eq!(bound, official);
    // What it returns has no part in a selector, so it is compared by its own names and types.
    let list = functions.clone().find(|entry| entry["name"] == "getActiveTEEs").unwrap();
    let returned = &list["outputs"][0];
    let ohttp = returned["components"].as_array().unwrap().last().unwrap();
    let expected = struct_of(returned) + &struct_of(ohttp);
    assert_eq!(<abi::TEERegistry::TEEInfo as alloy_sol_types::SolStruct>::eip712_encode_type(), expected);
}

/// A struct as EIP-712 writes it: `Name(type name,…)`.
#[cfg(feature = "opengradient")]
fn struct_of(parameter: &Value) -> String {
    let name = |parameter: &Value| match parameter["internalType"].as_str().unwrap().split_once('.') {
        Some((_, name)) => name.trim_end_matches("[]").to_owned(),
        None => parameter["type"].as_str().unwrap().to_owned(),
    };
    let member = |part: &Value| format!("{} {}", name(part), part["name"].as_str().unwrap());
    let members: Vec<_> = parameter["components"].as_array().unwrap().iter().map(member).collect();
    format!("{}({})", name(parameter), members.join(","))
}

/// An ABI parameter's canonical type, tuples written out.
#[cfg(feature = "opengradient")]
fn type_of(parameter: &Value) -> String {
    let name = parameter["type"].as_str().unwrap();
    match (name.strip_prefix("tuple"), parameter["components"].as_array()) {
        (Some(rest), Some(parts)) => format!("({}){rest}", parts.iter().map(type_of).collect::<Vec<_>>().join(",")),
        _ => name.to_owned(),
    }
}
