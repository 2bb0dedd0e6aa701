//! What the wallet signs: EIP-712 values as the text of `eth_signTypedData_v4`, and the digest that they must have.
//!
//! One type string serves both: the hash is taken of it, and the text's `types` are its members.

use alloy_primitives::{Address, B256, U256, keccak256};

use super::offer::{Offer, Scheme};
use super::{EXACT_PROXY, PERMIT2, UPTO_PROXY};
use crate::json::quote;

const DOMAIN: &str = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
/// Permit2's domain has no version.
const PERMIT2_DOMAIN: &str = "EIP712Domain(string name,uint256 chainId,address verifyingContract)";
const TRANSFER: &str =
    "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)";
const PERMIT: &str = "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
const TOKEN_PERMISSIONS: &str = "TokenPermissions(address token,uint256 amount)";
const WITNESS_TRANSFER: &str =
    "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)";
const EXACT_WITNESS: &str = "Witness(address to,uint256 validAfter)";
const UPTO_WITNESS: &str = "Witness(address to,address facilitator,uint256 validAfter)";

/// Typed data, ready for a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TypedData {
    /// The second parameter of `eth_signTypedData_v4`, as JSON text.
    pub json: String,
    /// What is signed in the end.
    pub digest: B256,
    /// The message's members with `from`, as the payment's payload carries them: JSON text.
    pub payload: String,
}

/// A domain: the contract that will check the signature, and what it calls itself.
struct Domain<'a> {
    name: &'a str,
    version: Option<&'a str>,
    chain_id: u64,
    contract: Address,
}

/// `hashStruct` of a type whose members are each one word.
fn hash_struct(type_string: &str, words: &[B256]) -> B256 {
    let mut bytes = Vec::with_capacity(32 * (words.len() + 1));
    bytes.extend_from_slice(keccak256(type_string).as_slice());
    for word in words {
        bytes.extend_from_slice(word.as_slice());
    }
    keccak256(bytes)
}

fn number(value: u64) -> B256 {
    U256::from(value).into()
}

/// The entries of `types` for a chain of type strings: `A(B c,…)B(…)…`.
fn push_types(out: &mut String, type_strings: &str) {
    for one in type_strings.split_inclusive(')') {
        let Some((name, members)) = one.trim_end_matches(')').split_once('(') else { continue };
        out.push_str(if out.ends_with('{') { "\"" } else { ",\"" });
        out.push_str(name);
        out.push_str("\":[");
        for (at, member) in members.split(',').enumerate() {
            let (kind, name) = member.split_once(' ').unwrap_or_default();
            out.push_str(if at == 0 { "" } else { "," });
            out.push_str(&[r#"{"name":""#, name, r#"","type":""#, kind, r#""}"#].concat());
        }
        out.push(']');
    }
}

fn typed(domain: &Domain<'_>, type_string: &str, struct_hash: B256, message: &str, payload: String) -> TypedData {
    let domain_type = if domain.version.is_some() { DOMAIN } else { PERMIT2_DOMAIN };
    let mut words = vec![keccak256(domain.name)];
    words.extend(domain.version.map(keccak256));
    words.extend([number(domain.chain_id), domain.contract.into_word()]);
    let separator = hash_struct(domain_type, &words);
    let digest = keccak256([b"\x19\x01", separator.as_slice(), struct_hash.as_slice()].concat());

    let mut json = String::from(r#"{"types":{"#);
    push_types(&mut json, domain_type);
    push_types(&mut json, type_string);
    let primary = type_string.split('(').next().unwrap_or_default();
    json.push_str(&[r#"},"primaryType":""#, primary, r#"","domain":{"name":"#, &quote(domain.name)].concat());
    if let Some(version) = domain.version {
        json.push_str(r#","version":"#);
        json.push_str(&quote(version));
    }
    let (chain_id, contract) = (domain.chain_id.to_string(), domain.contract.to_string());
    json.push_str(
        &[r#","chainId":"#, &chain_id, r#","verifyingContract":""#, &contract, r#""},"message":{"#, message, "}}"].concat(),
    );
    TypedData { json, digest, payload }
}

/// The span in which a signature is good, in unix seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// After this.
    pub after: u64,
    /// Before this.
    pub before: u64,
}

/// EIP-3009's transfer of exactly the offer's amount, in the token's own domain.
pub fn transfer_with_authorization(offer: &Offer, domain: (&str, &str), from: Address, span: Span, nonce: B256) -> TypedData {
    let words = [from.into_word(), offer.pay_to.into_word(), offer.amount.into(), number(span.after), number(span.before), nonce];
    let message = format!(
        r#""from":"{from}","to":"{}","value":"{}","validAfter":"{}","validBefore":"{}","nonce":"{nonce}""#,
        offer.pay_to, offer.amount, span.after, span.before
    );
    let domain = Domain { name: domain.0, version: Some(domain.1), chain_id: offer.chain_id, contract: offer.asset };
    let payload = ["{", &message, "}"].concat();
    typed(&domain, TRANSFER, hash_struct(TRANSFER, &words), &message, payload)
}

/// Permit2's transfer of the offer's amount to x402's contract, which passes it on to the receiver; with `upto` up to the
/// amount, and only at the facilitator's call.
pub fn permit_witness_transfer(offer: &Offer, from: Address, span: Span, nonce: U256) -> TypedData {
    let (witness_type, spender) = match offer.scheme {
        Scheme::Exact => (EXACT_WITNESS, EXACT_PROXY),
        Scheme::Upto => (UPTO_WITNESS, UPTO_PROXY),
    };
    let mut witness = vec![offer.pay_to.into_word()];
    let mut facilitator_text = String::new();
    if let Some(facilitator) = offer.facilitator {
        witness.push(facilitator.into_word());
        facilitator_text = format!(r#""facilitator":"{facilitator}","#);
    }
    witness.push(number(span.after));
    let type_string = [WITNESS_TRANSFER, TOKEN_PERMISSIONS, witness_type].concat();
    let permitted = hash_struct(TOKEN_PERMISSIONS, &[offer.asset.into_word(), offer.amount.into()]);
    let words = [permitted, spender.into_word(), nonce.into(), number(span.before), hash_struct(witness_type, &witness)];
    let message = format!(
        r#""permitted":{{"token":"{}","amount":"{}"}},"spender":"{spender}","nonce":"{nonce}","deadline":"{}","witness":{{"to":"{}",{facilitator_text}"validAfter":"{}"}}"#,
        offer.asset, offer.amount, span.before, offer.pay_to, span.after
    );
    let payload = format!(r#"{{"from":"{from}",{message}}}"#);
    let domain = Domain { name: "Permit2", version: None, chain_id: offer.chain_id, contract: PERMIT2 };
    typed(&domain, &type_string, hash_struct(&type_string, &words), &message, payload)
}

/// EIP-2612's allowance for Permit2 of exactly the offer's amount: x402's contract reverts on any other. `nonce` is the
/// token's `nonces(owner)`.
pub fn permit(offer: &Offer, domain: (&str, &str), owner: Address, nonce: U256, deadline: u64) -> TypedData {
    let words = [owner.into_word(), PERMIT2.into_word(), offer.amount.into(), nonce.into(), number(deadline)];
    let message = format!(
        r#""owner":"{owner}","spender":"{PERMIT2}","value":"{}","nonce":"{nonce}","deadline":"{deadline}""#,
        offer.amount
    );
    let domain = Domain { name: domain.0, version: Some(domain.1), chain_id: offer.chain_id, contract: offer.asset };
    typed(&domain, PERMIT, hash_struct(PERMIT, &words), &message, String::new())
}
