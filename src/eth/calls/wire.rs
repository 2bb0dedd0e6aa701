//! What is asked of a wallet that has batches, and how its answers are read. Wallets speak 2.0.0, which is final, or 1.0, the draft
//! that Safe's provider and others still have.

use alloy_primitives::{Address, B256};

use super::super::call::WriteCall;
use super::super::replies::parse_hex;
use crate::json::Json;

/// An answer of a wallet may have this many bytes: a batch's receipts are in it, perhaps once for each call.
const MAX_ANSWER: usize = 16 << 20;
/// A batch's id may have 4096 bytes (EIP-5792), and twice as many and two quotes as text.
const MAX_ID: usize = 8200;
/// A batch of ten calls has at most so many transactions, however often the wallet repeats them.
const MAX_RECEIPTS: usize = 100;

/// Which EIP-5792 the wallet speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The draft: `atomicBatch`, no `atomicRequired`, the id alone as an answer, statuses in words.
    One,
    /// The final text: `atomic`, an object with the id, statuses as numbers.
    Two,
}

/// What the wallet says of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// 100, `PENDING`: received, not completed.
    Pending,
    /// 200, `CONFIRMED`: on chain, and no call reverted.
    Executed,
    /// 400: not on chain, and the wallet will not try again.
    NotSent,
    /// 500: reverted as a whole; nothing but gas has changed.
    Reverted,
    /// 600: reverted in part; some calls may have taken effect.
    Partial,
}

impl Status {
    /// As the end of a sentence about the batch.
    pub(super) const fn words(self) -> &'static str {
        match self {
            Self::Pending => "is pending",
            Self::Executed => "was executed",
            Self::NotSent => "was not sent",
            Self::Reverted => "reverted",
            Self::Partial => "reverted in part",
        }
    }
}

/// What a refusal's number proves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The user said no.
    Rejected,
    /// The wallet cannot do this batch, and has sent nothing.
    Unable,
    /// The wallet cannot, or its node could not when the batch was already out.
    Unclear,
    /// Nothing by itself.
    Unknown,
}

/// What a number in answer to `wallet_sendCalls` proves; the reasons stand in the table at the head of [`calls`](super).
pub(super) const fn refusal(code: Option<i64>) -> Refusal {
    match code {
        Some(5750) => Refusal::Rejected,
        Some(5700 | 5710 | 5720 | 5740 | 5760 | 4200) => Refusal::Unable,
        Some(-32601 | -32602 | -32004) => Refusal::Unclear,
        _ => Refusal::Unknown,
    }
}

/// The version in which the wallet has atomic batches on this chain, from its answer to `wallet_getCapabilities`: the chain's own
/// entry first, then that for all chains (`0x0`).
pub(super) fn capability(answer: &str, chain_id: u64) -> Option<Version> {
    let all = bounded(answer)?;
    let of = |wanted: u64| all.members().find(|(key, _)| chain(key) == Some(wanted)).and_then(|(_, entry)| version(entry));
    of(chain_id).or_else(|| of(0))?
}

/// `None` where the entry says nothing of batches; `Some(None)` where it says that there are none.
fn version(entry: Json<'_>) -> Option<Option<Version>> {
    if let Some(atomic) = entry.get("atomic") {
        let status = atomic.get("status").unwrap_or(atomic).plain();
        return Some(matches!(status, Some("supported" | "ready")).then_some(Version::Two));
    }
    let supported = entry.get("atomicBatch")?.get("supported")?;
    Some((supported.flag() == Some(true) || supported.plain() == Some("true")).then_some(Version::One))
}

/// A chain's id as a key: hex, in any letter case and with zeros in front.
fn chain(key: &str) -> Option<u64> {
    u64::from_str_radix(key.strip_prefix("0x").or_else(|| key.strip_prefix("0X"))?, 16).ok()
}

/// The parameters of `wallet_sendCalls`. The account is written with its checksum: Safe's provider compares it letter by letter.
pub(super) fn params(version: Version, account: Address, chain_id: u64, calls: &[WriteCall]) -> String {
    let (version, required) = match version {
        Version::One => ("1.0", ""),
        Version::Two => ("2.0.0", r#""atomicRequired":true,"#),
    };
    let mut out = format!(r#"[{{"version":"{version}","from":"{account}","chainId":"0x{chain_id:x}",{required}"calls":["#);
    for (at, call) in calls.iter().enumerate() {
        let to = call.to.map(|to| format!(r#""to":"{to:?}","#)).unwrap_or_default();
        let comma = if at > 0 { "," } else { "" };
        out.push_str(&format!(r#"{comma}{{{to}"value":"0x{:x}","data":"{}"}}"#, call.value, call.data));
    }
    out.push_str("]}]");
    out
}

/// The batch's id as JSON text, from the answer to `wallet_sendCalls`: an object with it, or itself.
pub(super) fn id(answer: &str) -> Option<&str> {
    let answer = bounded(answer)?;
    let id = answer.get("id").unwrap_or(answer);
    (id.text().is_some_and(|text| !text.is_empty()) && id.raw().len() <= MAX_ID).then_some(id.raw())
}

/// Whether a refusal's words are about the version, as those of a wallet that knows the draft alone.
pub(super) fn is_about_version(message: &str) -> bool {
    let words = message.to_ascii_lowercase();
    words.contains("version") && ["1.0", "support", "invalid", "expected"].iter().any(|word| words.contains(word))
}

/// The batch's status, and the hashes of the transactions that it is in, each once; `None` for what is no status.
pub(super) fn status(answer: &str) -> Option<(Status, Vec<B256>)> {
    let [status, receipts] = bounded(answer)?.fields(["status", "receipts"]);
    let status = match (status?.integer(), status?.plain()) {
        (Some(100..200), _) | (_, Some("PENDING")) => Status::Pending,
        (Some(200..300), _) | (_, Some("CONFIRMED")) => Status::Executed,
        (Some(400..500), _) => Status::NotSent,
        (Some(500..600), _) => Status::Reverted,
        (Some(600..700), _) => Status::Partial,
        _ => return None,
    };
    let mut hashes = Vec::new();
    for receipt in receipts.into_iter().flat_map(Json::elements).take(MAX_RECEIPTS) {
        // What is no hash is left out: the chain is searched for what is missing.
        let hash = receipt.get("transactionHash").and_then(Json::plain).and_then(|text| parse_hex(text, "a hash").ok());
        if let Some(hash) = hash.filter(|hash| !hashes.contains(hash)) {
            hashes.push(hash);
        }
    }
    Some((status, hashes))
}

fn bounded(answer: &str) -> Option<Json<'_>> {
    if answer.len() > MAX_ANSWER { None } else { Json::parse(answer) }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Bytes, address};
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn capabilities_are_found_in_either_version_and_under_any_key_of_the_chain() {
        for (answer, expected) in [
            (json!({ "0x2105": { "atomic": { "status": "supported" } } }), Some(Version::Two)),
            (
                json!({ "0x2105": { "atomic": { "status": "ready" }, "paymasterService": { "supported": true } } }),
                Some(Version::Two),
            ),
            (json!({ "0x2105": { "atomic": "supported" } }), Some(Version::Two)),
            (json!({ "0x2105": { "atomic": { "status": "unsupported" } } }), None),
            (json!({ "0x2105": { "atomicBatch": { "supported": true } } }), Some(Version::One)),
            (json!({ "0x2105": { "atomicBatch": { "supported": "true" } } }), Some(Version::One)),
            (json!({ "0x2105": { "atomicBatch": { "supported": false } } }), None),
            (
                json!({ "0x2105": { "atomic": { "status": "supported" }, "atomicBatch": { "supported": true } } }),
                Some(Version::Two),
            ),
            (json!({ "0X2105": { "atomic": { "status": "supported" } } }), Some(Version::Two)),
            (json!({ "0x02105": { "atomic": { "status": "supported" } } }), Some(Version::Two)),
            (json!({ "0x0": { "atomic": { "status": "supported" } } }), Some(Version::Two)),
            (
                json!({ "0x0": { "atomicBatch": { "supported": true } }, "0x2105": { "paymasterService": {} } }),
                Some(Version::One),
            ),
            (
                json!({ "0x0": { "atomic": { "status": "supported" } }, "0x2105": { "atomic": { "status": "unsupported" } } }),
                None,
            ),
            (json!({ "0x1": { "atomic": { "status": "supported" } } }), None),
            (json!({ "2105": { "atomic": { "status": "supported" } } }), None),
            (json!({}), None),
            (json!([]), None),
            (Value::Null, None),
            (json!("yes"), None),
        ] {
            assert_eq!(capability(&answer.to_string(), 0x2105), expected, "{answer}");
        }
        assert_eq!(capability(r#"{"0x2EC1D0A502":{"atomic":{"status":"ready"}}}"#, 200_820_172_034), Some(Version::Two));
        assert_eq!(capability("{", 1), None);
    }

    #[test]
    fn a_batch_is_asked_for_in_the_wallets_version() {
        let account = address!("5FF137D4b0FDCD49DcA30c7CF57E578a026d2789");
        let calls = [
            WriteCall::raw(account, Bytes::from_static(&[1])).with_value(alloy_primitives::U256::from(16)),
            WriteCall::deploy(Bytes::from_static(&[2])),
        ];
        let read = |version| serde_json::from_str::<Value>(&params(version, account, 0x42f, &calls)).unwrap_or_default();
        let mut expected = json!([{ "version": "2.0.0", "from": "0x5FF137D4b0FDCD49DcA30c7CF57E578a026d2789", "chainId": "0x42f",
            "atomicRequired": true, "calls": [
                { "to": "0x5ff137d4b0fdcd49dca30c7cf57e578a026d2789", "value": "0x10", "data": "0x01" },
                { "value": "0x0", "data": "0x02" }] }]);
        assert_eq!(read(Version::Two), expected);
        expected[0]["version"] = json!("1.0");
        expected[0].as_object_mut().map(|asked| asked.remove("atomicRequired"));
        assert_eq!(read(Version::One), expected);
    }

    #[test]
    fn an_id_is_text_of_a_bounded_length() {
        assert_eq!(id(r#"{"id":"0x12","capabilities":{}}"#), Some(r#""0x12""#));
        assert_eq!(id(r#" "0x12" "#), Some(r#""0x12""#));
        assert_eq!(id(r#"{"id":"a\"b"}"#), Some(r#""a\"b""#));
        for bad in ["null", "{}", r#"{"id":""}"#, r#""""#, r#"{"id":7}"#, r#"{"id":{"id":"x"}}"#, "[]", "", "\"x"] {
            assert_eq!(id(bad), None, "{bad}");
        }
        let long = |length| format!(r#"{{"id":"{}"}}"#, "x".repeat(length));
        assert!(id(&long(4096)).is_some() && id(&long(9000)).is_none());
    }

    #[test]
    fn every_status_is_read() {
        for (text, expected) in [
            ("100", Some(Status::Pending)),
            (r#""PENDING""#, Some(Status::Pending)),
            ("200", Some(Status::Executed)),
            (r#""CONFIRMED""#, Some(Status::Executed)),
            ("400", Some(Status::NotSent)),
            ("500", Some(Status::Reverted)),
            ("600", Some(Status::Partial)),
            ("0", None),
            ("700", None),
            ("null", None),
            (r#""200""#, None),
            ("{}", None),
        ] {
            assert_eq!(status(&format!(r#"{{"status":{text}}}"#)).map(|(status, _)| status), expected, "{text}");
        }
        assert_eq!(status("[]"), None);
    }

    #[test]
    fn hashes_are_read_once_each_and_no_more_than_there_can_be() {
        let hash = |byte| json!({ "transactionHash": B256::repeat_byte(byte).to_string(), "status": "0x1", "logs": [] });
        let receipts = [hash(1), hash(1), json!({}), json!({ "transactionHash": "0x12" }), json!(7), hash(2)];
        let read =
            |receipts: Value| status(&json!({ "status": 200, "receipts": receipts }).to_string()).map(|(_, hashes)| hashes);
        assert_eq!(read(json!(receipts)), Some(vec![B256::repeat_byte(1), B256::repeat_byte(2)]));
        assert_eq!(read(Value::Null), Some(Vec::new()));
        let many: Vec<Value> = (0..=255).map(hash).collect();
        assert_eq!(read(json!(many)).map(|hashes| hashes.len()), Some(MAX_RECEIPTS));
        assert_eq!(status(&format!(r#"{{"status":200,"x":"{}"}}"#, "x".repeat(MAX_ANSWER))), None);
    }

    proptest::proptest! {
        #[test]
        fn any_answer_is_read_without_a_panic(text in "[\\[\\]{}\":,0x1a 2-6a-z]{0,60}") {
            let _ = (capability(&text, 1), id(&text), status(&text));
        }
    }
}
