//! What goes over the wire: header values, the server's offers as they came, receipts.

use alloy_primitives::{Address, B256, U256};

use super::offer::{self, chain_of};
use super::payment::PaymentRecord;
use crate::base64;
use crate::error::clip;
use crate::json::Json;

/// A header value of a server may have this many bytes; Node refuses to read more than 16 KB of headers itself.
pub const MAX_HEADER: usize = 64 << 10;
/// So many offers of one answer are looked at.
const MAX_OFFERS: usize = 64;

/// Text as a header value: the base64 of its UTF-8 bytes.
pub fn encode_header(text: &str) -> String {
    base64::encode(text.as_bytes())
}

/// A header value's text, by the official decoder's rule: only the standard alphabet on one line; padding may be left out.
pub fn decode_header(value: &str) -> Option<String> {
    if value.len() > MAX_HEADER {
        return None;
    }
    String::from_utf8(base64::decode_loose(value)?).ok()
}

/// The versions of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Offers in the body, names of networks.
    V1,
    /// Offers in a header, CAIP-2 networks.
    V2,
}

impl Version {
    /// The header that carries the payment.
    pub const fn payment_header(self) -> &'static str {
        match self {
            Self::V1 => "X-PAYMENT",
            Self::V2 => "PAYMENT-SIGNATURE",
        }
    }
}

/// What a server demands. The pieces keep the text in which they came, because the server compares them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequired {
    /// The protocol's version.
    pub version: Version,
    /// Why the server says it demands payment, cut.
    pub error: Option<String>,
    /// The offers' JSON text, at least one.
    pub accepts: Vec<String>,
    /// The resource's JSON text.
    pub resource: Option<String>,
    /// The extensions' JSON text: an object.
    pub extensions: Option<String>,
}

impl PaymentRequired {
    /// Reads the value of a `PAYMENT-REQUIRED` header.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn from_header(value: &str) -> Result<Self, &'static str> {
        let text = decode_header(value).ok_or("its PAYMENT-REQUIRED header is not base64 of UTF-8 text")?;
        let json = Json::parse(&text).ok_or("its PAYMENT-REQUIRED header does not hold JSON")?;
        if member(json, "x402Version").and_then(Json::integer) != Some(2) {
            return Err("its PAYMENT-REQUIRED header is not of x402 version 2");
        }
        Self::read(Version::V2, json)
    }

    /// Reads the body of a 402 as version 1; `None` when it is something else.
    pub fn from_body(body: &[u8]) -> Option<Result<Self, &'static str>> {
        let json = Json::parse_bytes(body)?;
        (member(json, "x402Version").and_then(Json::integer) == Some(1)).then(|| Self::read(Version::V1, json))
    }

    fn read(version: Version, json: Json<'_>) -> Result<Self, &'static str> {
        let raw = |value: Json<'_>| value.raw().to_owned();
        let accepts: Vec<String> =
            member(json, "accepts").into_iter().flat_map(Json::elements).take(MAX_OFFERS).map(raw).collect();
        if accepts.is_empty() {
            return Err("it demands payment without an offer");
        }
        let extensions = member(json, "extensions");
        if extensions.is_some_and(|value| !value.raw().starts_with('{')) {
            return Err("its extensions are no object");
        }
        let error = member(json, "error").and_then(Json::text).map(|text| clip(&text));
        let resource = member(json, "resource").map(raw);
        Ok(Self { version, error, accepts, resource, extensions: extensions.map(raw) })
    }

    /// An extension that the server declared.
    pub fn extension(&self, name: &str) -> Option<Json<'_>> {
        member(Json::parse(self.extensions.as_deref()?)?, name)
    }
}

/// A member that is there and not `null`.
pub(super) fn member<'a>(json: Json<'a>, key: &str) -> Option<Json<'a>> {
    json.get(key).and_then(Json::present)
}

/// What is odd about a receipt. The answer stands all the same: it is paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The header is not what it should be.
    Unreadable,
    /// It says that the payment failed, beside an answer that was given.
    NotSettled,
    /// It names another network than the one that was signed for.
    OtherNetwork,
    /// It names another payer.
    OtherPayer,
    /// It names an amount above the signed one, which no contract would let pass.
    MoreThanSigned,
}

/// The server's word on the settlement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Whether it says that the payment went through.
    pub success: bool,
    /// The settling transaction, where there is one.
    pub transaction: Option<B256>,
    /// The network, as it is spelt there, cut.
    pub network: Option<String>,
    /// The payer.
    pub payer: Option<Address>,
    /// What was charged, in the token's smallest unit; `upto` only.
    pub amount: Option<U256>,
    /// Why it failed, cut.
    pub error: Option<String>,
    /// What does not fit the payment.
    pub flaws: Vec<Flaw>,
}

impl Receipt {
    /// Reads a receipt; it never fails, because the answer beside it is paid for.
    pub fn read(value: &str) -> Self {
        let text = decode_header(value).unwrap_or_default();
        let Some(json) = Json::parse(&text).filter(|json| json.raw().starts_with('{')) else {
            return Self { flaws: vec![Flaw::Unreadable], ..Self::default() };
        };
        let mut odd = false;
        let mut words = |key: &str| {
            let value = member(json, key)?.text();
            odd |= value.is_none();
            value
        };
        let (transaction, network, payer, amount) = (words("transaction"), words("network"), words("payer"), words("amount"));
        let error = words("errorReason").or_else(|| words("errorMessage")).map(|text| clip(&text));
        let success = member(json, "success").and_then(Json::flag);
        let receipt = Self {
            success: success.unwrap_or_default(),
            transaction: transaction.as_deref().and_then(|text| text.parse().ok()),
            network: network.as_deref().map(clip),
            payer: payer.as_deref().and_then(offer::parse_address),
            amount: amount.as_deref().and_then(offer::parse_amount),
            error,
            flaws: Vec::new(),
        };
        let lost = success.is_none()
            || (transaction.is_some_and(|text| !text.is_empty()) && receipt.transaction.is_none())
            || (payer.is_some() && receipt.payer.is_none())
            || (amount.is_some() && receipt.amount.is_none());
        let flaws = if odd || lost { vec![Flaw::Unreadable] } else { Vec::new() };
        Self { flaws, ..receipt }
    }

    /// Holds it against what was signed.
    #[must_use]
    pub fn checked(mut self, payment: &PaymentRecord) -> Self {
        if self.flaws.is_empty() || self.success {
            if !self.success {
                self.flaws.push(Flaw::NotSettled);
            }
            if self.network.as_deref().is_none_or(|network| chain_of(network) != Some(payment.chain_id)) {
                self.flaws.push(Flaw::OtherNetwork);
            }
        }
        if self.payer.is_some_and(|payer| payer != payment.from) {
            self.flaws.push(Flaw::OtherPayer);
        }
        if self.amount.is_some_and(|amount| amount > payment.amount) {
            self.flaws.push(Flaw::MoreThanSigned);
        }
        self
    }
}

/// Seconds since the epoch of a `Date` header (`Sun, 06 Nov 1994 08:49:37 GMT`); the other two forms are long dead.
pub fn parse_date(text: &str) -> Option<u64> {
    let mut words = text.split_once(", ")?.1.split(' ');
    let mut next = || words.next();
    let (day, month, year, time, zone) = (next()?, next()?, next()?, next()?, next()?);
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = (month.len() == 3).then(|| MONTHS.find(month))?.filter(|at| at % 3 == 0)?;
    let is_plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let number = |text: &str, most: u64| text.parse::<u64>().ok().filter(|n| is_plain(text) && *n <= most);
    let (day, year) = (number(day, 31)?, number(year, 9999)?);
    let month = month as u64 / 3 + 1;
    let mut clock = time.splitn(3, ':');
    let (hour, minute, second) = (number(clock.next()?, 23)?, number(clock.next()?, 59)?, number(clock.next()?, 60)?);
    if zone != "GMT" || year < 1970 || day == 0 {
        return None;
    }
    // Days of the proleptic Gregorian calendar, with years that begin in March.
    let shifted = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * shifted + shifted / 4 - shifted / 100 + shifted / 400 + day_of_year;
    // 1970-01-01 is day 719 468 of that calendar.
    Some(days.checked_sub(719_468)? * 86_400 + hour * 3600 + minute * 60 + second)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_decode_by_the_official_rule() {
        for (value, text) in [("e30=", "{}"), ("e30", "{}"), ("", ""), ("4oKuMA==", "₮0"), ("4oKuMA", "₮0")] {
            assert_eq!(decode_header(value).as_deref(), Some(text), "{value}");
        }
        for value in ["eyJhIjoiPj4-Pz8_In0", "!!!", "e30=\n", " e30=", "e3=0", "e30==", "e", "e===", "/w==", "e30=, e30="] {
            assert_eq!(decode_header(value), None, "{value}");
        }
        assert_eq!(decode_header(&"A".repeat(MAX_HEADER + 4)), None);
    }

    proptest! {
        #[test]
        fn any_text_survives(text in ".{0,200}") {
            prop_assert_eq!(decode_header(&encode_header(&text)), Some(text.clone()));
            prop_assert_eq!(decode_header(encode_header(&text).trim_end_matches('=')), Some(text));
        }

        #[test]
        fn no_header_upsets_the_readers(value in ".{0,100}", text in ".{0,100}") {
            for value in [value, encode_header(&text)] {
                let _ = PaymentRequired::from_header(&value);
                let _ = Receipt::read(&value);
            }
            let _ = parse_date(&text);
        }
    }

    #[test]
    fn dates_are_unix_seconds() {
        assert_eq!(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse_date("Thu, 29 Feb 2024 23:59:59 GMT"), Some(1_709_251_199));
        assert_eq!(parse_date("Sun Nov  6 08:49:37 1994"), None);
        assert_eq!(parse_date("Sun, 06 anF 1994 08:49:37 GMT"), None);
    }

    #[test]
    fn a_demand_needs_an_offer_and_its_version() {
        let read = |text: &str| PaymentRequired::from_header(&encode_header(text));
        for text in [
            "",
            "[]",
            "{}",
            r#"{"x402Version":1,"accepts":[{}]}"#,
            r#"{"x402Version":2}"#,
            r#"{"x402Version":2,"accepts":[]}"#,
            r#"{"x402Version":2,"accepts":{"a":1}}"#,
            r#"{"x402Version":2,"accepts":[{}],"extensions":[]}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let required = read(r#"{ "x402Version": 2, "error": null, "accepts": [ { "a" : 1 } ], "extensions": null }"#);
        assert!(required.is_ok_and(|r| r.accepts == [r#"{ "a" : 1 }"#] && r.extensions.is_none() && r.error.is_none()));
        assert!(PaymentRequired::from_body(br#"{"x402Version":2,"accepts":[{}]}"#).is_none());
        assert!(PaymentRequired::from_body(b"<html>").is_none());
    }
}
