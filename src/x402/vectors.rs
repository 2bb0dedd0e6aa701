//! Every vector of the official library: what is signed, the digests, the headers byte for byte.

use alloy_primitives::{Address, B256, U256, hex};
use serde_json::Value;

use super::offer::{Method, Offer};
use super::payment::{Draft, permit_info};
use super::signature::{normalise, recover};
use super::typed;
use super::wire::{PaymentRequired, Receipt, decode_header, encode_header};

fn vectors() -> Value {
    serde_json::from_str(include_str!("../../tests/vectors/x402.json")).unwrap_or_default()
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn payments_are_those_of_the_official_library() {
    let vectors = vectors();
    let account: Option<Address> = text(&vectors["address"]).parse().ok();
    let mut seen = 0;
    for case in list(&vectors["payments"]) {
        let name = text(&case["name"]);
        let required = match case["paymentRequiredHeader"].as_str() {
            Some(header) => PaymentRequired::from_header(header),
            None => PaymentRequired::from_body(case["paymentRequired"].to_string().as_bytes()).unwrap_or(Err("no body")),
        };
        let (Ok(required), Some(account)) = (required, account) else { unreachable!("{name}") };
        let offer = required.accepts.iter().find_map(|raw| Offer::parse(raw, required.version).ok());
        let Some(offer) = offer else { unreachable!("{name}") };

        let now = case["now"].as_u64().unwrap_or_default();
        let draw: B256 = text(&case["random"][0]).parse().unwrap_or_default();
        let (token, version) = offer.domain.clone().unwrap_or_default();
        let domain = (token.as_str(), version.as_str());
        let draft = Draft::new(&offer, domain, account, "https://x", now, offer.timeout, draw);
        let mut additions = Vec::new();
        for expected in list(&case["signatures"]) {
            let signature = hex::decode(text(&expected["signature"])).unwrap_or_default();
            let typed = match text(&expected["primaryType"]) {
                "Permit" => {
                    let nonce = U256::from(7);
                    additions.push(("eip2612GasSponsoring", permit_info(&draft.record, nonce, &signature)));
                    typed::permit(&offer, domain, account, nonce, draft.record.deadline)
                }
                _ => draft.typed.clone(),
            };
            assert_eq!(typed.digest.to_string(), text(&expected["digest"]), "{name}");
            let ours: Value = serde_json::from_str(&typed.json).unwrap_or_default();
            assert_eq!(ours, expected["typedDataV4"], "{name}");
            let normal = normalise(&signature);
            assert_eq!(normal.map(|s| s.to_vec()), Ok(signature.clone()), "{name}");
            assert_eq!(normal.ok().and_then(|s| recover(&typed.digest, &s)), Some(account), "{name}");
        }
        for raw in list(&case["rawTransactions"]) {
            // Nothing that a browser's wallet could sign; only the echo is held against it.
            let theirs = &case["paymentPayload"]["extensions"]["erc20ApprovalGasSponsoring"]["info"];
            let _ = raw;
            let keys = ["from", "asset", "spender", "amount", "signedTransaction"];
            additions.push(("erc20ApprovalGasSponsoring", keys.map(|key| (key, theirs[key].to_string())).to_vec()));
        }
        let signature = hex::decode(text(&case["signatures"][0]["signature"])).unwrap_or_default();
        let (header, value) = draft.header(&offer, &required, &signature, &additions);
        assert_eq!(header, text(&case["headerName"]), "{name}");
        let decoded: Value = serde_json::from_str(&decode_header(&value).unwrap_or_default()).unwrap_or_default();
        assert_eq!(decoded, case["paymentPayload"], "{name}");
        assert_eq!(value, text(&case["header"]), "{name}");
        let nonce = if offer.method == Method::Permit2 { "permit2Authorization" } else { "authorization" };
        assert_eq!(draft.record.nonce_text(), text(&case["paymentPayload"]["payload"][nonce]["nonce"]), "{name}");
        seen += 1;
    }
    assert_eq!(seen, 14);
}

#[test]
fn settlements_read_as_they_are() {
    let vectors = vectors();
    for case in list(&vectors["settlements"]) {
        let receipt = Receipt::read(text(&case["header"]));
        let object = &case["object"];
        assert_eq!(receipt.success, object["success"].as_bool().unwrap_or_default());
        assert_eq!(receipt.transaction.map(|t| t.to_string()).unwrap_or_default(), text(&object["transaction"]));
        assert_eq!(receipt.network.as_deref(), object["network"].as_str());
        assert_eq!(receipt.payer.map(|a| a.to_string()).as_deref(), object["payer"].as_str());
        assert_eq!(receipt.amount.map(|a| a.to_string()).as_deref(), object["amount"].as_str());
        assert_eq!(receipt.error.as_deref(), object["errorReason"].as_str());
        assert_eq!(receipt.flaws, []);
    }
}

#[test]
fn header_values_decode_or_do_not() {
    let vectors = vectors();
    for case in list(&vectors["headerDecoding"]) {
        let value = text(&case["header"]);
        let decoded = decode_header(value).and_then(|text| serde_json::from_str::<Value>(&text).ok());
        assert_eq!(decoded.is_some(), case["ok"].as_bool().unwrap_or_default(), "{value}");
        assert!(decoded.is_none() || decoded.as_ref() == case.get("object"));
    }
    for case in list(&vectors["payments"]) {
        if let Some(header) = case["paymentRequiredHeader"].as_str() {
            assert_eq!(encode_header(&decode_header(header).unwrap_or_default()), header);
        }
    }
}
