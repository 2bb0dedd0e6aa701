//! One offer, read strictly: money is only ever decimal text.

use alloy_primitives::{Address, U256};

use super::refusal::Refusal;
use super::wire::{Version, member};
use crate::error::clip;
use crate::json::Json;

/// The largest chain id (CAIP-2 in JavaScript: 2^53 − 1).
const MAX_CHAIN_ID: u64 = (1 << 53) - 1;
/// What the official server gives when the offer names no life span, in seconds.
const DEFAULT_TIMEOUT: u64 = 300;
/// A life span beyond this many seconds is no life span.
const MAX_TIMEOUT: u64 = 1_000_000_000;
/// A facilitator refuses what ends sooner than this many seconds from its now.
pub const MIN_TIMEOUT: u64 = 6;

/// How the price is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// The amount is charged.
    Exact,
    /// The seller charges between nothing and the amount.
    Upto,
}

impl Scheme {
    /// As it stands in an offer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Upto => "upto",
        }
    }
}

/// What the payer signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The token's own `transferWithAuthorization`.
    Eip3009,
    /// Permit2's `permitWitnessTransferFrom`.
    Permit2,
}

/// When the seller settles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// After serving.
    Authorization,
    /// Before serving: what fails costs all the same.
    Upfront,
    /// Both.
    Escrow,
}

impl Flow {
    /// As it stands in an offer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Authorization => "authorization",
            Self::Upfront => "upfront",
            Self::Escrow => "escrow",
        }
    }
}

/// An offer that this client could pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Its own text, which goes back to the server.
    pub raw: String,
    /// The protocol's version.
    pub version: Version,
    /// How the price is meant.
    pub scheme: Scheme,
    /// What is signed.
    pub method: Method,
    /// When the seller settles.
    pub flow: Flow,
    /// The network as it is spelt there.
    pub network: String,
    /// Its chain id.
    pub chain_id: u64,
    /// The amount in the token's smallest unit; with `upto` the most.
    pub amount: U256,
    /// The token.
    pub asset: Address,
    /// The receiver.
    pub pay_to: Address,
    /// How long the signature is to live, in seconds.
    pub timeout: u64,
    /// Name and version that the seller gives for the token's EIP-712 domain.
    pub domain: Option<(String, String)>,
    /// Who alone may settle; with `upto`.
    pub facilitator: Option<Address>,
}

/// The networks that version 1 knows by name.
const NAMES: [(&str, u64); 12] = [
    ("base", 8453),
    ("base-sepolia", 84532),
    ("avalanche", 43114),
    ("avalanche-fuji", 43113),
    ("polygon", 137),
    ("polygon-amoy", 80002),
    ("sei", 1329),
    ("sei-testnet", 1328),
    ("abstract", 2741),
    ("abstract-testnet", 11124),
    ("iotex", 4689),
    ("peaq", 3338),
];

/// The chain id of `eip155:…` or of a name of version 1.
pub fn chain_of(network: &str) -> Option<u64> {
    let Some(digits) = network.strip_prefix("eip155:") else {
        return NAMES.iter().find(|(name, _)| *name == network).map(|(_, id)| *id);
    };
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
    digits.parse().ok().filter(|id| plain && *id <= MAX_CHAIN_ID)
}

/// An address as text: 40 hex digits after `0x`, in any case.
pub fn parse_address(text: &str) -> Option<Address> {
    (text.starts_with("0x") && text.len() == 42).then(|| text.parse().ok())?
}

/// An amount as text: decimal digits only, below 2^256.
pub fn parse_amount(text: &str) -> Option<U256> {
    let digits = (1..=100).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| U256::from_str_radix(text, 10).ok())?
}

impl Offer {
    /// Reads one element of `accepts`.
    ///
    /// # Errors
    /// Why this client cannot pay it, whatever the policy.
    pub fn parse(raw: &str, version: Version) -> Result<Self, Refusal> {
        let json = Json::parse(raw).ok_or(Refusal::Malformed("text"))?;
        let text = |key: &'static str| member(json, key).and_then(Json::text).ok_or(Refusal::Malformed(key));
        let scheme = match &*text("scheme")? {
            "exact" => Scheme::Exact,
            // Version 1 has no such scheme.
            "upto" if version == Version::V2 => Scheme::Upto,
            other => return Err(Refusal::Scheme(clip(other))),
        };
        let network = text("network")?.into_owned();
        let named = !network.contains(':');
        let chain_id =
            chain_of(&network).filter(|_| named == (version == Version::V1)).ok_or_else(|| Refusal::Network(clip(&network)))?;

        let extra = member(json, "extra");
        if extra.is_some_and(|value| !value.raw().starts_with('{')) {
            return Err(Refusal::Malformed("extra"));
        }
        let hint = |key: &'static str| match extra.and_then(|extra| member(extra, key)) {
            Some(value) => value.text().map(Some).ok_or(Refusal::Malformed(key)),
            None => Ok(None),
        };
        let method = match (hint("assetTransferMethod")?.as_deref(), scheme) {
            (None | Some("eip3009"), Scheme::Exact) => Method::Eip3009,
            (None, Scheme::Upto) => Method::Permit2,
            (Some("permit2"), _) if version == Version::V2 => Method::Permit2,
            (other, _) => return Err(Refusal::TransferMethod(clip(other.unwrap_or_default()))),
        };
        let flow = match hint("paymentFlow")?.as_deref() {
            None | Some("authorization") => Flow::Authorization,
            Some("upfront") => Flow::Upfront,
            Some("escrow") => Flow::Escrow,
            Some(other) => return Err(Refusal::Flow(clip(other))),
        };

        let price = if version == Version::V1 { "maxAmountRequired" } else { "amount" };
        let amount = parse_amount(&text(price)?).ok_or(Refusal::Malformed(price))?;
        // Permit2's proxies revert on nothing.
        if amount.is_zero() && method == Method::Permit2 {
            return Err(Refusal::Malformed(price));
        }
        let address = |key| parse_address(&text(key)?).ok_or(Refusal::Malformed(key));
        let timeout = match member(json, "maxTimeoutSeconds") {
            Some(value) => {
                let seconds = value.integer().and_then(|n| u64::try_from(n).ok());
                seconds.ok_or(Refusal::Malformed("maxTimeoutSeconds"))?
            }
            None => DEFAULT_TIMEOUT,
        };
        if !(MIN_TIMEOUT..=MAX_TIMEOUT).contains(&timeout) {
            return Err(Refusal::Timeout(timeout));
        }
        let domain = match (hint("name")?, hint("version")?) {
            (Some(name), Some(version)) => Some((name.into_owned(), version.into_owned())),
            _ if method == Method::Eip3009 => return Err(Refusal::Malformed("domain (extra.name, extra.version)")),
            _ => None,
        };
        let facilitator = match scheme {
            Scheme::Exact => None,
            Scheme::Upto => Some(
                hint("facilitatorAddress")?
                    .and_then(|text| parse_address(&text))
                    .filter(|address| !address.is_zero())
                    .ok_or(Refusal::Malformed("facilitatorAddress"))?,
            ),
        };
        let (asset, pay_to) = (address("asset")?, address("payTo")?);
        if pay_to.is_zero() || pay_to == asset {
            return Err(Refusal::Payee(pay_to));
        }
        let raw = json.raw().to_owned();
        Ok(Self { raw, version, scheme, method, flow, network, chain_id, amount, asset, pay_to, timeout, domain, facilitator })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn good() -> Value {
        json!({
            "scheme": "exact", "network": "eip155:8453", "amount": "10000",
            "asset": "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913",
            "payTo": "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "maxTimeoutSeconds": 60, "extra": { "name": "USD Coin", "version": "2" },
        })
    }

    fn with(path: &[&str], value: Value) -> Result<Offer, Refusal> {
        let mut offer = good();
        let mut place = &mut offer;
        for key in path {
            place = &mut place[*key];
        }
        *place = value;
        Offer::parse(&offer.to_string(), Version::V2)
    }

    #[test]
    fn amounts_are_decimal_text_only() {
        let max = U256::MAX.to_string();
        for (amount, fine) in [
            (json!("10000"), true),
            (json!("007"), true),
            (json!(max), true),
            (json!("115792089237316195423570985008687907853269984665640564039457584007913129639936"), false),
            (json!(10000), false),
            (json!("1e4"), false),
            (json!("-1"), false),
            (json!("+1"), false),
            (json!("0.01"), false),
            (json!("0x10"), false),
            (json!("1_000"), false),
            (json!(" 1"), false),
            (json!(""), false),
            (json!(null), false),
            (json!(["1"]), false),
            (json!("1".repeat(200)), false),
            (json!("١"), false),
        ] {
            assert_eq!(with(&["amount"], amount.clone()).is_ok(), fine, "{amount}");
        }
    }

    #[test]
    fn networks_are_evm_chains_with_sane_ids() {
        for (network, id) in [
            ("eip155:1", Some(1)),
            ("eip155:200820172034", Some(200_820_172_034)),
            ("eip155:9007199254740991", Some(MAX_CHAIN_ID)),
            ("eip155:9007199254740992", None),
            ("eip155:0", None),
            ("eip155:01", None),
            ("eip155:+1", None),
            ("eip155:", None),
            ("eip155:0x1", None),
            ("solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", None),
            ("base", None),
        ] {
            assert_eq!(with(&["network"], json!(network)).ok().map(|o| o.chain_id), id, "{network}");
        }
    }

    #[test]
    fn life_spans_are_neither_too_short_nor_endless() {
        for (seconds, code) in [
            (json!(6), None),
            (json!(5), Some("timeout")),
            (json!(0), Some("timeout")),
            (json!(-300), Some("malformed")),
            (json!(1_000_000_000), None),
            (json!(1_000_000_000_000_u64), Some("timeout")),
            (json!(60.5), Some("malformed")),
            (json!("60"), Some("malformed")),
            (json!(null), None),
        ] {
            assert_eq!(with(&["maxTimeoutSeconds"], seconds.clone()).err().map(|r| r.code()), code, "{seconds}");
        }
    }

    #[test]
    fn impossible_receivers_are_refused() {
        let code = |result: Result<Offer, Refusal>| result.err().map(|refusal| refusal.code());
        assert_eq!(code(with(&["payTo"], json!(format!("0x{}", "0".repeat(40))))), Some("payee"));
        assert_eq!(code(with(&["payTo"], good()["asset"].clone())), Some("payee"));
        assert_eq!(code(with(&["payTo"], json!("bob.eth"))), Some("malformed"));
        assert_eq!(code(with(&["payTo"], json!("70997970C51812dc3A010C7d01b50e0d17dc79C8"))), Some("malformed"));
    }

    #[test]
    fn extras_decide_what_is_signed() {
        let code = |result: Result<Offer, Refusal>| result.err().map(|refusal| refusal.code());
        assert_eq!(code(with(&["extra"], json!({}))), Some("malformed"));
        assert_eq!(code(with(&["extra"], json!({ "assetTransferMethod": "permit2" }))), None);
        assert_eq!(code(with(&["extra", "assetTransferMethod"], json!("erc7710"))), Some("transferMethod"));
        assert_eq!(code(with(&["extra", "paymentFlow"], json!("later"))), Some("flow"));
        assert_eq!(code(with(&["extra", "paymentFlow"], json!("upfront"))), None);
        assert_eq!(code(with(&["scheme"], json!("lottery"))), Some("scheme"));
        // `upto` needs its facilitator.
        assert_eq!(code(with(&["scheme"], json!("upto"))), Some("malformed"));
        assert_eq!(with(&["extra", "name"], json!(7)).err(), Some(Refusal::Malformed("name")));
    }

    proptest::proptest! {
        #[test]
        fn no_text_upsets_the_reader(at in 0_usize..300, with in ".{0,3}") {
            let mut text = good().to_string();
            if text.get(at..=at).is_some() {
                text.replace_range(at..=at, &with);
            }
            if let Ok(offer) = Offer::parse(&text, Version::V2) {
                proptest::prop_assert_eq!(offer.raw, text.trim());
            }
        }
    }

    #[test]
    fn the_text_goes_back_as_it_came() {
        let text = good().to_string().replace("\":", "\" :\t");
        assert_eq!(Offer::parse(&format!(" {text} "), Version::V2).map(|offer| offer.raw), Ok(text));
    }
}
