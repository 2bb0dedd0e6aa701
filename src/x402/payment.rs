//! A payment's payload: what is signed, and the header that carries it.

use std::cell::Cell;
use std::rc::Rc;

use alloy_primitives::{Address, B256, U256, hex};

use super::PERMIT2;
use super::offer::{Method, Offer, Scheme};
use super::typed::{Span, TypedData, permit_witness_transfer, transfer_with_authorization};
use super::wire::{PaymentRequired, Version, encode_header};
use crate::json::{Json, quote};

/// Version 1's clients date their authorizations back by this many seconds.
const V1_BACKDATING: u64 = 600;

/// A payment that was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRecord {
    /// How the price is meant.
    pub scheme: Scheme,
    /// The network as the offer spells it.
    pub network: String,
    /// Its chain id.
    pub chain_id: u64,
    /// The token.
    pub asset: Address,
    /// What was signed for, in the token's smallest unit; with `upto` the most.
    pub amount: U256,
    /// Who pays.
    pub from: Address,
    /// Who is paid.
    pub pay_to: Address,
    /// The origin that got the signature.
    pub origin: String,
    /// Unix seconds after which the signature is worth nothing.
    pub deadline: u64,
    /// What makes it settle only once: EIP-3009's 32 bytes or Permit2's number.
    pub nonce: B256,
    /// What the nonce belongs to.
    pub method: Method,
    /// The signature paid an earlier request, and its session goes on.
    pub reused: bool,
    /// What the chain shows was taken; shared by all copies, so that what is learnt later is seen by all of them.
    pub charged: Rc<Cell<Option<U256>>>,
}

impl PaymentRecord {
    /// What is on record of a payment of `offer` by `from`.
    pub fn new(offer: &Offer, from: Address, origin: &str, deadline: u64, nonce: B256) -> Self {
        Self {
            scheme: offer.scheme,
            network: offer.network.clone(),
            chain_id: offer.chain_id,
            asset: offer.asset,
            amount: offer.amount,
            from,
            pay_to: offer.pay_to,
            origin: origin.to_owned(),
            deadline,
            nonce,
            method: offer.method,
            reused: false,
            charged: Rc::default(),
        }
    }

    /// The nonce as its contract writes it: hex with EIP-3009, decimal with Permit2.
    pub fn nonce_text(&self) -> String {
        match self.method {
            Method::Eip3009 => self.nonce.to_string(),
            Method::Permit2 => U256::from_be_bytes(self.nonce.0).to_string(),
        }
    }
}

/// A payment before it is signed.
#[derive(Clone, Debug)]
pub struct Draft {
    /// What the wallet is to sign.
    pub typed: TypedData,
    /// What will be on record.
    pub record: PaymentRecord,
}

impl Draft {
    /// A payment of `offer` by `from` that is good from `now` for `timeout` seconds. `domain` is the token's; only
    /// EIP-3009 needs it. `nonce` must never have been used.
    pub fn new(offer: &Offer, domain: (&str, &str), from: Address, origin: &str, now: u64, timeout: u64, nonce: B256) -> Self {
        let after = if offer.version == Version::V1 { now.saturating_sub(V1_BACKDATING) } else { 0 };
        let span = Span { after, before: now.saturating_add(timeout) };
        let typed = match offer.method {
            Method::Eip3009 => transfer_with_authorization(offer, domain, from, span, nonce),
            Method::Permit2 => permit_witness_transfer(offer, from, span, nonce.into()),
        };
        let record = PaymentRecord::new(offer, from, origin, span.before, nonce);
        Self { typed, record }
    }

    /// The header that carries the payment. `additions` are members for the `info` of extensions that the server declared.
    pub fn header(
        &self,
        offer: &Offer,
        required: &PaymentRequired,
        signature: &[u8],
        additions: &[(&str, Vec<(&str, String)>)],
    ) -> (&'static str, String) {
        let signature = ["\"0x", &hex::encode(signature), "\""].concat();
        let signed = &self.typed.payload;
        let payload = match offer.method {
            Method::Eip3009 => [r#"{"authorization":"#, signed, r#","signature":"#, &signature, "}"].concat(),
            Method::Permit2 => [r#"{"signature":"#, &signature, r#","permit2Authorization":"#, signed, "}"].concat(),
        };
        let text = match offer.version {
            Version::V1 => {
                let network = quote(&offer.network);
                let scheme = offer.scheme.name();
                format!(r#"{{"x402Version":1,"scheme":"{scheme}","network":{network},"payload":{payload}}}"#)
            }
            Version::V2 => {
                let mut text = [r#"{"x402Version":2,"payload":"#, &payload].concat();
                if let Some(extensions) = &required.extensions {
                    text.push_str(r#","extensions":"#);
                    text.push_str(&echo(extensions, additions));
                }
                if let Some(resource) = &required.resource {
                    text.push_str(r#","resource":"#);
                    text.push_str(resource);
                }
                text.push_str(r#","accepted":"#);
                text.push_str(&offer.raw);
                text.push('}');
                text
            }
        };
        (offer.version.payment_header(), encode_header(&text))
    }
}

/// What is added to `eip2612GasSponsoring` once the permit is signed.
pub fn permit_info(record: &PaymentRecord, token_nonce: U256, signature: &[u8]) -> Vec<(&'static str, String)> {
    let text = |value: &dyn std::fmt::Display| format!("\"{value}\"");
    vec![
        ("from", text(&record.from)),
        ("asset", text(&record.asset)),
        ("spender", text(&PERMIT2)),
        ("amount", text(&record.amount)),
        ("nonce", text(&token_nonce)),
        ("deadline", text(&record.deadline)),
        ("signature", text(&hex::encode_prefixed(signature))),
        ("version", "\"1\"".to_owned()),
    ]
}

/// The server's extensions as they came, with members added to the `info` of some. Nothing of the server's is changed: it
/// compares.
fn echo(extensions: &str, additions: &[(&str, Vec<(&str, String)>)]) -> String {
    let added = |name: &str| additions.iter().find(|(key, _)| *key == name).map(|(_, info)| info.as_slice());
    let Some(json) = Json::parse(extensions) else { return extensions.to_owned() };
    if !json.members().any(|(name, _)| added(name).is_some()) {
        return extensions.to_owned();
    }
    rebuild(json, |name, value| added(name).map(|info| extend(value, info)), &[])
}

/// One extension with more in its `info`.
fn extend(extension: Json<'_>, info: &[(&str, String)]) -> String {
    let with_more = |value: Json<'_>| rebuild(value, |_, _| None, info);
    let own = extension.get("info").is_some();
    let missing = if own { None } else { Json::parse("{}").map(|empty| ("info", with_more(empty))) };
    rebuild(extension, |name, value| (name == "info").then(|| with_more(value)), missing.as_slice())
}

/// An object with some members replaced, and `more` of those it lacks.
fn rebuild(object: Json<'_>, replace: impl Fn(&str, Json<'_>) -> Option<String>, more: &[(&str, String)]) -> String {
    let mut out = String::from("{");
    let mut push = |name: &str, value: &str| {
        out.push_str(if out.len() == 1 { "\"" } else { ",\"" });
        out.push_str(name);
        out.push_str("\":");
        out.push_str(value);
    };
    for (name, value) in object.members() {
        match replace(name, value) {
            Some(text) => push(name, &text),
            None => push(name, value.raw()),
        }
    }
    for (name, value) in more.iter().filter(|(name, _)| object.get(name).is_none()) {
        push(name, value);
    }
    out.push('}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echo_adds_and_never_changes() {
        let theirs = r#"{"a":{"schema":{"x":1},"info":{"version":"7"}},"b":[1, 2],"c":{"schema":{}}}"#;
        let info = || vec![("version", "\"1\"".to_owned()), ("id", "\"x\"".to_owned())];
        assert_eq!(echo(theirs, &[]), theirs);
        assert_eq!(echo(theirs, &[("elsewhere", info())]), theirs);
        assert_eq!(
            echo(theirs, &[("a", info()), ("c", info())]),
            r#"{"a":{"schema":{"x":1},"info":{"version":"7","id":"x"}},"b":[1, 2],"c":{"schema":{},"info":{"version":"1","id":"x"}}}"#
        );
    }
}
