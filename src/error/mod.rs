//! One taxonomy of failures for every layer; it knows nothing of JavaScript.
//!
//! A failure says what happened, what did not happen (was anything sent?) and what to do. Each has a stable
//! [`code`](Kind::code), the [`name`](Kind::name) of the class that callers meet, and its values as
//! [`fields`](Kind::fields).

use std::any::Any;
use std::fmt;
use std::rc::Rc;

mod display;
mod fields;
mod kind;

pub use fields::Field;
pub use kind::{Kind, ProofCheck, WALLET};

/// The object that the outside world threw (a wallet's rejection), kept so that callers can look at it.
#[derive(Clone)]
pub struct Cause(pub Rc<dyn Any>);

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause(..)")
    }
}

/// What a wallet or node said besides the kind of failure.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The JSON-RPC or EIP-1193 error number, where there was one.
    pub code: Option<i64>,
    /// Its message, cut to [`MAX_FOREIGN_TEXT`] bytes.
    pub message: String,
    /// The thrown object itself.
    pub cause: Option<Cause>,
}

/// Text that comes from outside and goes into a message is cut to this many bytes.
pub const MAX_FOREIGN_TEXT: usize = 512;

/// Cuts foreign text at a character boundary, so that a hostile reply cannot flood an error.
pub fn clip(text: &str) -> String {
    let mut end = text.len().min(MAX_FOREIGN_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = text.get(..end).unwrap_or_default().to_owned();
    if end < text.len() {
        out.push('…');
    }
    out
}

/// Removes credentials and the query string from a URL before it is shown, and what looks like a key in its path, where providers of
/// RPC nodes have it: all of these can be secrets.
pub fn public_url(url: &str) -> String {
    let without_query = url.split(['?', '#']).next().unwrap_or_default();
    let shown = match without_query.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, ""),
            };
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{}", hide_keys(path))
        }
        None => without_query.to_owned(),
    };
    clip(&shown)
}

fn hide_keys(path: &str) -> String {
    let mut is_content = false;
    let shown: Vec<&str> = path
        .split('/')
        .map(|part| {
            is_content |= matches!(part, "ipfs" | "ipns");
            if !is_content && looks_secret(part) { "…" } else { part }
        })
        .collect();
    shown.join("/")
}

/// Long and made of letters and digits, but neither an address, nor a CID, nor words.
fn looks_secret(part: &str) -> bool {
    let plain = part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    let known = ["0x", "Qm", "baf"].iter().any(|start| part.starts_with(start));
    let mixed = part.len() >= 16 && part.bytes().any(|byte| byte.is_ascii_digit());
    let capitals = part.len() >= 12 && !part.bytes().any(|byte| byte.is_ascii_lowercase());
    plain && !known && (mixed || capitals)
}

/// A failure: one pointer, because results are moved through every layer.
#[derive(Clone, Debug)]
pub struct Error(Box<Failure>);

#[derive(Clone, Debug)]
struct Failure {
    kind: Kind,
    /// The HTTP request that failed, by its number in the trace.
    request: Option<u32>,
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(Failure { kind, request: None }))
    }
}

impl std::ops::Deref for Error {
    type Target = Kind;
    fn deref(&self) -> &Kind {
        &self.0.kind
    }
}

impl Error {
    /// Input that the caller can fix.
    pub fn input(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Kind::InvalidInput { field: field.into(), reason: reason.into() }.into()
    }

    /// A reply that breaks the rules.
    pub fn protocol(expected: &'static str, found: impl AsRef<str>) -> Self {
        Kind::Protocol { expected, found: clip(found.as_ref()) }.into()
    }

    /// What failed, taken out.
    pub fn into_kind(self) -> Kind {
        self.0.kind
    }

    /// The same failure, of this HTTP request.
    #[must_use]
    pub fn of_request(mut self, id: u32) -> Self {
        self.0.request = Some(id);
        self
    }

    /// The HTTP request that failed, by its number in the trace.
    pub const fn request(&self) -> Option<u32> {
        self.0.request
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, B256, U256};

    use super::*;

    #[test]
    fn foreign_text_is_cut_at_a_character() {
        let long = "é".repeat(400);
        let cut = clip(&long);
        assert!(cut.len() <= MAX_FOREIGN_TEXT + '…'.len_utf8());
        assert!(cut.ends_with('…'));
        assert_eq!(clip("short"), "short");
    }

    #[test]
    fn urls_lose_their_secrets() {
        assert_eq!(public_url("https://user:pass@rpc.example/v1?key=secret#x"), "https://rpc.example/v1");
        assert_eq!(public_url("not a url?key=1"), "not a url");
        for key in
            ["9aa3d95b3bc440fa88ea12eaa4456161", "a1B2c3D4e5F6g7H8", "SECRETKEYINPATH", "6a3c1f7e-90ab-4cde-8f01-23456789abcd"]
        {
            assert_eq!(public_url(&format!("https://rpc.example/v2/{key}/")), "https://rpc.example/v2/…/");
        }
        for plain in [
            "v1/chat/completions",
            "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
            "ipfs/k51qzi5uqu5dlvj2baxnqnd/model-2024-weights-12",
        ] {
            let url = format!("https://host.example/{plain}");
            assert_eq!(public_url(&url), url);
        }
    }

    #[test]
    fn fields_carry_the_numbers_that_matter() {
        let error = Kind::InsufficientBalance { account: Address::ZERO, required: U256::from(3), available: U256::from(1) };
        assert_eq!(error.code(), "insufficientBalance");
        assert!(error.fields().contains(&("required", Field::Amount(U256::from(3)))));
        assert!(error.to_string().contains("nothing was sent"));
    }

    #[test]
    fn every_failure_of_a_payment_tells_what_became_of_the_money() {
        let (token, spender, amount) = (Address::repeat_byte(1), Address::repeat_byte(2), U256::from(7));
        let text = String::new;
        let kinds = [
            Kind::PaymentRefused { reason: "host", detail: text(), host: text(), asked: Some(amount), limit: None },
            Kind::NotPayable { url: text(), reason: text() },
            Kind::InsufficientAllowance { token, account: token, spender, required: amount, available: U256::ZERO },
            Kind::InsufficientTokenBalance { token, account: token, required: amount, available: U256::ZERO },
            Kind::PaymentSignature { account: token, reason: "" },
            Kind::PaymentExpired { deadline: 5 },
            Kind::PaymentRejected {
                url: text(),
                reason: text(),
                class: "user",
                asset: token,
                amount,
                nonce: text(),
                deadline: 5,
            },
            Kind::PaymentUncertain {
                url: text(),
                reason: text(),
                asset: token,
                amount,
                nonce: text(),
                deadline: 5,
                transaction: Some(B256::ZERO),
            },
        ];
        let mut codes = std::collections::BTreeSet::new();
        for kind in &kinds {
            assert!(kind.to_string().contains("paid"), "{kind}");
            assert!(codes.insert(kind.code()) && kind.name().to_lowercase().starts_with(&kind.code().to_lowercase()));
            let names: Vec<_> = kind.fields().into_iter().map(|(name, _)| name).collect();
            let mut unique = names.clone();
            unique.dedup();
            assert!(!names.is_empty() && names == unique, "{names:?}");
        }
        assert!(kinds[2].fields().contains(&("spender", Field::Text(spender.to_string()))));
    }

    #[test]
    fn a_wallets_own_number_is_a_field() {
        let said = Said { code: Some(4001), ..Said::default() };
        assert_eq!(Kind::WalletRejected { said }.fields(), vec![("rpcCode", Field::Number(4001.0))]);
    }

    #[test]
    fn failures_of_llm_requests_say_what_may_have_been_paid() {
        let tee_id = Some(B256::repeat_byte(1));
        let text = || String::from("x");
        for (kind, code, paid) in [
            (Kind::ProofFailed { check: ProofCheck::TeeId, reason: text(), tee_id }, "proofFailed", "may have been paid"),
            (Kind::StreamCut { chunks: 2, reason: text() }, "streamCut", "may have been paid"),
            (Kind::TeeUnavailable { tee_id: None, reason: text() }, "teeUnavailable", "nothing was paid"),
            (Kind::TeeUnavailable { tee_id, reason: text() }, "teeUnavailable", "nothing was paid"),
            (Kind::Llm { url: text(), status: 200, message: text(), unpaid: false }, "inference", "may have been paid"),
            (Kind::Llm { url: text(), status: 500, message: text(), unpaid: false }, "inference", "normally not charged"),
            (Kind::Llm { url: text(), status: 429, message: text(), unpaid: true }, "inference", "nothing was signed or paid"),
        ] {
            assert_eq!(kind.code(), code);
            assert!(kind.to_string().contains(paid), "{kind}");
            assert!(kind.fields().iter().any(|(name, _)| *name == "reason"));
        }
        let kind = Kind::ProofFailed { check: ProofCheck::OutputHash, reason: text(), tee_id };
        assert!(kind.fields().contains(&("check", Field::Text("outputHash".into()))));
    }
}
