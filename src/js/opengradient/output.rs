//! The core's values → frozen plain objects.

use std::rc::Rc;

use js_sys::{Array, JSON, Object};
use wasm_bindgen::JsValue;

use crate::js::convert::{Build, bigint, number};
use crate::opengradient::llm::answer::{ChatAnswer, CompletionAnswer, SettlementInfo, Usage};
use crate::opengradient::llm::client::Output;
use crate::opengradient::llm::stream::Chunk;
use crate::opengradient::llm::{Payment, Source};
use crate::opengradient::paid::Cost;
use crate::opengradient::tee::proof::Proof;
use crate::opengradient::tee::registry::Tee;
use crate::x402::client::Proposal;
use crate::x402::offer::Scheme;
use crate::x402::payment::PaymentRecord;
use crate::x402::policy::Token;
use crate::x402::wire::Receipt;

const fn scheme(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Exact => "exact",
        Scheme::Upto => "upto",
    }
}

fn token(token: &Token) -> JsValue {
    Build::new()
        .with("chainId", number(token.chain_id))
        .text("address", token.address)
        .text("symbol", &token.symbol)
        .with("decimals", token.decimals)
        .frozen()
}

/// What would be signed.
pub(super) fn proposal(proposal: &Proposal) -> JsValue {
    Build::new()
        .with("scheme", scheme(proposal.scheme))
        .with("amount", bigint(proposal.amount))
        .with("token", token(&proposal.token))
        .text("payTo", proposal.pay_to)
        .text("origin", &proposal.origin)
        .text("network", &proposal.network)
        .with("deadline", number(proposal.deadline))
        .frozen()
}

/// What was signed, and what the chain shows was taken of it.
pub(super) fn payment(record: &PaymentRecord) -> JsValue {
    // Learnt after the answer was given out.
    let charged = Rc::clone(&record.charged);
    Build::new()
        .with("scheme", scheme(record.scheme))
        .text("network", &record.network)
        .with("chainId", number(record.chain_id))
        .text("asset", record.asset)
        .with("amount", bigint(record.amount))
        .text("from", record.from)
        .text("payTo", record.pay_to)
        .text("origin", &record.origin)
        .with("deadline", number(record.deadline))
        .text("nonce", record.nonce_text())
        .with("reused", record.reused)
        .getter("charged", move || charged.get().map_or(JsValue::UNDEFINED, bigint))
        .frozen()
}

/// The server's word on the settlement.
pub(super) fn receipt(receipt: &Receipt) -> JsValue {
    let built = Build::new()
        .with("success", receipt.success)
        .maybe("transaction", receipt.transaction)
        .maybe("network", receipt.network.as_ref())
        .maybe("payer", receipt.payer)
        .maybe("error", receipt.error.as_ref());
    let built = match receipt.amount {
        Some(amount) => built.with("amount", bigint(amount)),
        None => built,
    };
    let flaws: Array = receipt.flaws.iter().map(|flaw| JsValue::from(format!("{flaw:?}"))).collect();
    built.with("flaws", Object::freeze(&flaws)).frozen()
}

fn usage(usage: Usage) -> JsValue {
    Build::new()
        .with("promptTokens", number(usage.prompt_tokens))
        .with("completionTokens", number(usage.completion_tokens))
        .with("totalTokens", number(usage.total_tokens))
        .frozen()
}

fn proof(proof: &Proof) -> JsValue {
    Build::new()
        .text("teeId", proof.tee_id)
        .text("requestHash", proof.request_hash)
        .text("outputHash", proof.output_hash)
        .text("covers", proof.covers.name())
        .with("timestamp", number(proof.timestamp))
        .text("signature", &proof.signature)
        .frozen()
}

fn calls(built: Build, calls: Option<&String>) -> Build {
    // Checked JSON of ours.
    match calls.and_then(|calls| JSON::parse(calls).ok()) {
        Some(list) => built.with("toolCalls", list),
        None => built,
    }
}

/// What is known about an answer beside its text.
fn about(
    built: Build,
    found: Option<Usage>,
    source: &Source,
    settled: &SettlementInfo,
    proven: Option<&Proof>,
    paid: Option<&Payment>,
) -> JsValue {
    let built = match found {
        Some(found) => built.with("usage", usage(found)),
        None => built,
    };
    let built = built
        .maybe("teeId", source.tee_id)
        .text("endpoint", &source.endpoint)
        .maybe("paymentAddress", source.payment_address)
        .maybe("paymentHash", settled.payment_hash.as_ref())
        .maybe("dataSettlementTransactionHash", settled.transaction_hash.as_ref())
        .maybe("dataSettlementBlobId", settled.blob_id.as_ref());
    let built = match proven {
        Some(proven) => built.with("proof", proof(proven)),
        None => built,
    };
    cost(built, paid).frozen()
}

/// What an answer took, where something was paid.
pub(super) fn cost(built: Build, paid: Option<&Payment>) -> Build {
    let Some(paid) = paid.cloned().and_then(|paid| Rc::downcast::<Cost>(paid).ok()) else { return built };
    let built = built.with("payment", payment(&paid.record));
    match &paid.receipt {
        Some(found) => built.with("receipt", receipt(found)),
        None => built,
    }
}

fn images(list: &[String]) -> JsValue {
    Object::freeze(&list.iter().map(JsValue::from).collect::<Array>()).into()
}

pub(super) fn chat(output: &Output<ChatAnswer>) -> JsValue {
    let answer = &output.answer;
    let built = Build::new()
        .maybe("model", answer.model.as_ref())
        .text("role", "assistant")
        .text("content", &answer.content)
        .maybe("finishReason", answer.finish_reason.as_ref())
        .with("images", images(&answer.images));
    let built = calls(built, answer.tool_calls.as_ref());
    about(built, answer.usage, &output.source, &output.settlement, output.proof.as_ref(), output.payment.as_ref())
}

pub(super) fn completion(output: &Output<CompletionAnswer>) -> JsValue {
    let answer = &output.answer;
    let built = Build::new().text("content", &answer.completion).maybe("finishReason", answer.finish_reason.as_ref());
    about(built, answer.usage, &output.source, &output.settlement, output.proof.as_ref(), output.payment.as_ref())
}

pub(super) fn chunk(chunk: &Chunk, paid: Option<&Payment>) -> JsValue {
    let built = Build::new()
        .maybe("model", chunk.model.as_ref())
        .maybe("role", chunk.role)
        .maybe("content", chunk.content.as_ref())
        .maybe("finishReason", chunk.finish_reason.as_ref())
        .with("isFinal", chunk.is_final);
    if !chunk.is_final {
        return built.frozen();
    }
    let built = calls(built, chunk.tool_calls.as_ref());
    let built = built.with("images", images(&chunk.images)).with("malformed", number(chunk.malformed));
    about(built, chunk.usage, &chunk.source, &chunk.settlement, chunk.proof.as_ref(), paid)
}

/// An enclave of the registry.
pub(super) fn tee(tee: &Tee) -> JsValue {
    Build::new()
        .text("id", tee.id)
        .text("endpoint", &tee.endpoint)
        .text("paymentAddress", tee.payment_address)
        .text("publicKey", &tee.public_key)
        .text("tlsCertificate", &tee.tls_certificate)
        .text("pcrHash", tee.pcr_hash)
        .frozen()
}
