//! Whether an answer is the enclave's own: the hashes it signed, and the signature.
//!
//! `msg = keccak256(keccak256(request) ‖ keccak256(output) ‖ uint256(timestamp))`, signed with RSA-PSS over SHA-256 of `msg`
//! with a salt of 32 bytes. What it covers is the request (as [`canonical`](crate::opengradient::llm::canonical) JSON) and the
//! text or the tool calls, without saying [which](crate::opengradient::llm::signed); not images, citations, usage, the model's
//! name, or the reason why the model stopped.

use alloy_primitives::{B256, U256, keccak256};

use super::freshness::Window;
use crate::base64;
use crate::error::{Error, Kind, ProofCheck};
use crate::io::Crypto;
use crate::opengradient::llm::answer::TeeFields;
use crate::opengradient::llm::signed::Covers;

/// What was checked and found right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The enclave: keccak256 of its key.
    pub tee_id: B256,
    /// keccak256 of the request's canonical text.
    pub request_hash: B256,
    /// keccak256 of the output.
    pub output_hash: B256,
    /// What of the answer the signature covers.
    pub covers: Covers,
    /// When the enclave signed, unix seconds.
    pub timestamp: u64,
    /// The signature, base64.
    pub signature: String,
}

/// The id of the enclave with this key (DER, SubjectPublicKeyInfo).
pub fn tee_id(public_key: &[u8]) -> B256 {
    keccak256(public_key)
}

/// The message that an enclave signs.
pub fn message_hash(request_hash: B256, output_hash: B256, timestamp: u64) -> B256 {
    keccak256([request_hash.0, output_hash.0, U256::from(timestamp).to_be_bytes()].concat())
}

/// Reads an enclave's id, with or without `0x`.
pub fn parse_id(text: &str) -> Option<B256> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    (digits.len() == 64).then(|| digits.parse().ok()).flatten()
}

/// What an enclave is said to have signed.
#[derive(Clone, Copy, Debug)]
pub struct Statement<'a> {
    /// The request's canonical text.
    pub request: &'a str,
    /// The text, or the calls' canonical text.
    pub output: &'a str,
    /// Which of the two it is.
    pub covers: Covers,
    /// What came with the answer.
    pub stated: &'a TeeFields,
}

/// Checks a statement against an enclave's key, in the official verifier's order, and that it was made within `window`.
///
/// # Errors
/// [`Kind::ProofFailed`] with the first check that failed.
pub async fn verify(
    crypto: &dyn Crypto,
    window: Window,
    public_key: &[u8],
    expected: Option<B256>,
    statement: Statement<'_>,
) -> Result<Proof, Error> {
    let Statement { request, output, covers, stated } = statement;
    let own = tee_id(public_key);
    let fail = |check, reason: String| Error::from(Kind::ProofFailed { check, reason, tee_id: Some(own) });
    let missing = |name: &str| fail(ProofCheck::Fields, ["the answer has no valid ", name].concat());
    let hash = |value: &Option<String>, name| value.as_deref().and_then(parse_id).ok_or_else(|| missing(name));

    let signature = stated.signature.as_deref().ok_or_else(|| missing("tee_signature"))?;
    let signed_request = hash(&stated.request_hash, "tee_request_hash")?;
    let signed_output = hash(&stated.output_hash, "tee_output_hash")?;
    let timestamp = stated.timestamp.as_deref().and_then(|text| text.parse::<u64>().ok());
    let timestamp = timestamp.ok_or_else(|| missing("tee_timestamp"))?;
    let stated_id = hash(&stated.tee_id, "tee_id")?;

    if stated_id != own {
        return Err(fail(ProofCheck::TeeId, format!("it names the enclave {stated_id}, but the key is that of {own}")));
    }
    if let Some(expected) = expected.filter(|expected| *expected != stated_id) {
        return Err(fail(ProofCheck::ExpectedTeeId, format!("it is from the enclave {stated_id}, but {expected} was asked")));
    }
    let request_hash = keccak256(request);
    if signed_request != request_hash {
        return Err(fail(ProofCheck::RequestHash, "the enclave signed another request than was sent".to_owned()));
    }
    let output_hash = keccak256(output);
    if signed_output != output_hash {
        return Err(fail(ProofCheck::OutputHash, "the enclave signed another output than came".to_owned()));
    }
    if !window.holds(timestamp) {
        let Window { asked, now, max_skew } = window;
        let reason = format!(
            "it was signed at {timestamp}, but asked for at {asked} and here at {now} (unix seconds; {max_skew} are tolerated); \
             is this machine's clock right?"
        );
        return Err(fail(ProofCheck::Timestamp, reason));
    }
    let bytes = base64::decode(signature).ok_or_else(|| missing("tee_signature"))?;
    let message = message_hash(request_hash, output_hash, timestamp);
    let verdict = crypto.verify_rsa_pss_sha256(public_key.to_vec(), message.to_vec(), bytes).await;
    match verdict {
        Ok(true) => Ok(Proof { tee_id: own, request_hash, output_hash, covers, timestamp, signature: signature.to_owned() }),
        Ok(false) => Err(fail(ProofCheck::Signature, "the signature is not by the enclave's key".to_owned())),
        Err(reason) => Err(fail(ProofCheck::Signature, ["the signature cannot be checked: ", &reason].concat())),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::io::fake::{FakeCrypto, run};
    use crate::opengradient::llm::answer::ChatAnswer;
    use crate::opengradient::tee::freshness::MAX_SKEW;

    fn vectors() -> (Vec<u8>, Vec<Value>) {
        let text = include_str!("../../../tests/vectors/opengradient/proof.json");
        let vectors: Value = serde_json::from_str(text).unwrap_or_default();
        let key = base64::decode(vectors["public_key_der"].as_str().unwrap_or_default()).unwrap_or_default();
        assert_eq!(Some(tee_id(&key).to_string().as_str()), vectors["tee_id"].as_str());
        (key, vectors["cases"].as_array().cloned().unwrap_or_default())
    }

    fn check(key: &[u8], request: &str, output: &str, stated: &TeeFields, now: u64) -> Result<Proof, Option<ProofCheck>> {
        let window = Window { asked: now, now, max_skew: MAX_SKEW };
        let statement = Statement { request, output, covers: Covers::Text, stated };
        run(verify(&FakeCrypto, window, key, None, statement)).map_err(|error| match &*error {
            Kind::ProofFailed { check, .. } => Some(*check),
            _ => None,
        })
    }

    #[test]
    fn the_official_verifiers_answers_are_proven() -> Result<(), String> {
        let (key, cases) = vectors();
        assert_eq!(cases.len(), 12);
        for case in cases {
            let answer = ChatAnswer::read(case["response"].to_string().as_bytes())?;
            let text = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            assert_eq!(answer.output, text("output"), "{}", case["name"]);
            let proof =
                check(&key, &text("canonical"), &answer.output, &answer.tee, 1_790_000_000).map_err(|c| format!("{c:?}"))?;
            let hash = message_hash(proof.request_hash, proof.output_hash, proof.timestamp);
            assert_eq!(hash.to_string(), text("message_hash"));
        }
        Ok(())
    }

    #[test]
    fn each_lie_fails_its_own_check() -> Result<(), String> {
        let (key, cases) = vectors();
        let [first, second, ..] = cases.as_slice() else { return Err("no cases".into()) };
        let answer = ChatAnswer::read(first["response"].to_string().as_bytes())?;
        let other = ChatAnswer::read(second["response"].to_string().as_bytes())?;
        let request = first["canonical"].as_str().unwrap_or_default();
        let now = 1_790_000_000;
        let with = |change: &dyn Fn(&mut TeeFields)| {
            let mut stated = answer.tee.clone();
            change(&mut stated);
            check(&key, request, &answer.output, &stated, now).err().flatten()
        };
        use ProofCheck::{ExpectedTeeId, Fields, OutputHash, RequestHash, Signature, TeeId, Timestamp};
        let zero = || Some("00".repeat(32));
        assert_eq!(with(&|_| ()), None);
        assert_eq!(with(&|s| s.signature = None), Some(Fields));
        assert_eq!(with(&|s| s.signature = Some("no base64!".into())), Some(Fields));
        assert_eq!(with(&|s| s.request_hash = Some("0x12".into())), Some(Fields));
        assert_eq!(with(&|s| s.output_hash = None), Some(Fields));
        assert_eq!(with(&|s| s.timestamp = Some("2026-01-01T00:00:00Z".into())), Some(Fields));
        assert_eq!(with(&|s| s.timestamp = Some("-1".into())), Some(Fields));
        assert_eq!(with(&|s| s.tee_id = Some("0xzz".into())), Some(Fields));
        assert_eq!(with(&|s| s.tee_id = zero()), Some(TeeId));
        assert_eq!(with(&|s| s.request_hash = zero()), Some(RequestHash));
        assert_eq!(with(&|s| s.output_hash = zero()), Some(OutputHash));
        assert_eq!(with(&|s| s.timestamp = Some((now + MAX_SKEW + 1).to_string())), Some(Timestamp));
        assert_eq!(with(&|s| s.timestamp = Some((now - MAX_SKEW - 1).to_string())), Some(Timestamp));
        assert_eq!(with(&|s| s.timestamp = Some((now + 1).to_string())), Some(Signature));
        assert_eq!(with(&|s| s.signature = other.tee.signature.clone()), Some(Signature));
        assert_eq!(with(&|s| s.signature = Some(String::new())), Some(Signature));
        assert_eq!(check(&key, "{}", &answer.output, &answer.tee, now).err().flatten(), Some(RequestHash));
        assert_eq!(check(&key, request, "forged", &answer.tee, now).err().flatten(), Some(OutputHash));
        let mut stated = answer.tee.clone();
        stated.tee_id = Some(tee_id(b"no key").to_string());
        assert_eq!(check(b"no key", request, &answer.output, &stated, now).err().flatten(), Some(Signature));
        let window = Window { asked: now, now, max_skew: MAX_SKEW };
        let statement = Statement { request, output: &answer.output, covers: Covers::Text, stated: &answer.tee };
        let expected = run(verify(&FakeCrypto, window, &key, Some(B256::ZERO), statement));
        assert!(expected.is_err_and(|e| matches!(&*e, Kind::ProofFailed { check: ExpectedTeeId, .. })));
        Ok(())
    }
}
