//! Telling a demand for payment from other answers, and reading why a payment was refused.

use futures_util::stream::{self, StreamExt as _};

use super::wire::{PaymentRequired, Receipt, member};
use crate::error::{Error, Kind, clip, public_url};
use crate::io::{HttpHead, HttpStream};
use crate::json::Json;

/// So much of a 402's body is looked at.
const MAX_BODY: usize = 64 << 10;

/// What an answer to an unpaid request is.
pub(super) enum Answer {
    /// Nothing of x402: for the caller.
    Other(HttpStream),
    /// A demand.
    Demand(HttpHead, PaymentRequired),
}

/// Whether an answer to a payment refuses it: 402; and 412 with a demand beside it, by which some servers ask for an allowance.
pub(super) fn refuses(head: &HttpHead) -> bool {
    head.status == 402 || (head.status == 412 && head.header("payment-required").is_some())
}

fn not_payable(head: &HttpHead, reason: &str) -> Error {
    Kind::NotPayable { url: public_url(&head.url), reason: reason.to_owned() }.into()
}

/// Looks at an answer; one that is not x402's is handed on untouched.
pub(super) async fn read(stream: HttpStream) -> Result<Answer, Error> {
    if !refuses(&stream.head) {
        return Ok(Answer::Other(stream));
    }
    if let Some(value) = stream.head.header("payment-required") {
        let required = PaymentRequired::from_header(value).map_err(|reason| not_payable(&stream.head, reason))?;
        return Ok(Answer::Demand(stream.head, required));
    }
    let HttpStream { head, body, .. } = stream;
    let mut body = body.fuse().boxed_local();
    let (pieces, start) = look(&mut body).await;
    if let Some(required) = PaymentRequired::from_body(&start) {
        let required = required.map_err(|reason| not_payable(&head, reason))?;
        return Ok(Answer::Demand(head, required));
    }
    if hides_a_demand(&start) {
        return Err(not_payable(
            &head,
            "its PAYMENT-REQUIRED header is absent or hidden; most likely the server does not expose it to pages of other origins (CORS: Access-Control-Expose-Headers); a relay does (ogkit/relay)",
        ));
    }
    let body = stream::iter(pieces).chain(body).boxed_local();
    Ok(Answer::Other(HttpStream { head, body, detach: None }))
}

/// The bodies that x402 version 2 sends beside its header: an empty object, or a page that speaks of it.
fn hides_a_demand(body: &[u8]) -> bool {
    body.trim_ascii() == b"{}" || body.windows(4).any(|word| word.eq_ignore_ascii_case(b"x402"))
}

type Pieces = Vec<Result<Vec<u8>, crate::io::HttpFailure>>;

/// The body's start, as pieces to put back and as bytes.
async fn look(body: &mut crate::io::HttpBody) -> (Pieces, Vec<u8>) {
    let (mut pieces, mut start) = (Vec::new(), Vec::new());
    while start.len() <= MAX_BODY {
        let Some(piece) = body.next().await else { break };
        if let Ok(bytes) = &piece {
            start.extend_from_slice(bytes);
        }
        let broken = piece.is_err();
        pieces.push(piece);
        if broken {
            break;
        }
    }
    (pieces, start)
}

/// Why a signed payment was refused.
pub(super) struct Denial {
    /// The server's words, cut.
    pub(super) reason: String,
    /// The receipt beside it.
    pub(super) receipt: Option<Receipt>,
}

/// Reads a refusal, wherever the server put its words.
pub(super) async fn denial(stream: HttpStream) -> Denial {
    let HttpStream { head, mut body, .. } = stream;
    let receipt = receipt(&head);
    let mut reason = receipt.as_ref().and_then(|receipt| receipt.error.clone());
    if reason.is_none() {
        let required = head.header("payment-required").and_then(|value| PaymentRequired::from_header(value).ok());
        reason = required.and_then(|required| required.error);
    }
    if reason.is_none() {
        let (_, start) = look(&mut body).await;
        let error = Json::parse_bytes(&start).and_then(|json| member(json, "error"));
        reason = error.and_then(|error| error.text().map(|text| clip(&text)));
    }
    Denial { reason: reason.unwrap_or_else(|| format!("status {}", head.status)), receipt }
}

/// The receipt of an answer.
pub(super) fn receipt(head: &HttpHead) -> Option<Receipt> {
    head.header("payment-response").or_else(|| head.header("x-payment-response")).map(Receipt::read)
}

/// The class of a refusal. Servers spell their codes differently and append to them, so this looks for their stems.
pub(super) fn class(reason: &str) -> &'static str {
    let has = |stems: &[&str]| stems.iter().any(|stem| reason.contains(stem));
    if has(&["nonce_already_used", "invalid_nonce"]) {
        "alreadyPaid"
    } else if has(&["insufficient", "allowance_required"]) {
        "user"
    } else if has(&["expired", "valid_before"]) {
        "expired"
    } else if has(&["pending", "unexpected", "transaction_failed", "invalid_transaction_state"]) {
        "server"
    } else {
        "refused"
    }
}

/// Whether the payment is broadcast and waits for its block.
pub(super) fn is_pending(reason: &str) -> bool {
    reason.starts_with("settlement_pending")
}
