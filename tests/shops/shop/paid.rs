//! What a seller does with a payment: what it takes, and what it says.

use alloy_primitives::B256;
use futures_util::future::pending;
use ogkit::io::{HttpFailure, HttpRequest};
use ogkit::x402::wire::{decode_header, encode_header};
use serde_json::{Value, json};

use super::session::Session;
use super::{Seller, demand, facilitator, session};
use crate::chain::{EPOCH, Settlement};
use crate::faults::Fault;
use crate::net::{Answer, Reply};
use crate::plan::{ACCOUNTS, Trade};
use crate::rng;

/// The answer to a request that carries a payment.
pub(super) async fn answer(seller: Seller<'_>, _call: u32, request: &HttpRequest, payment: usize) -> Reply {
    let Seller { world, plan, .. } = seller;
    let permit = permit_of(seller, request);
    let amount = world.facts.borrow().payments[payment].grant.amount;
    let charge = if seller.is_upto() { (amount / world.between(2, 10)).max(1) } else { amount };
    if plan.trade == Trade::Gateway && !seller.lies(Fault::TakesEarly) {
        return open(seller, request, payment, permit).await;
    }
    let is_taken = take(seller, payment, permit, charge);
    if is_taken && world.chance(500) {
        // Served once it is settled.
        world.exec.sleep(world.plan.block_ms).await;
    }
    if seller.suffers(Fault::PaidHangs) {
        pending::<()>().await;
    }
    if seller.suffers(Fault::PaidSlow) {
        let ms = world.between(500, 40_000);
        world.exec.sleep(ms).await;
    }
    if seller.suffers(Fault::PaidReset) {
        return Err(HttpFailure::Network("connection reset".to_owned()));
    }
    if let Some(answer) = refusal(seller, payment) {
        return Ok(answer);
    }
    if !is_taken && plan.is_honest {
        return Ok(Answer::new(402, "{\"error\":\"insufficient_funds\"}"));
    }
    let mut answer = seller.goods(request);
    answer.is_cut = seller.suffers(Fault::PaidCut);
    if !seller.lies(Fault::ReceiptAbsent) {
        answer = answer.with("payment-response", receipt(seller, payment, charge));
    }
    Ok(answer)
}

/// A gateway's first request of a session.
async fn open(seller: Seller<'_>, request: &HttpRequest, payment: usize, permit: Option<u64>) -> Reply {
    let Seller { world, .. } = seller;
    let id = format!("s-{payment}");
    let bill = (seller.plan.price / 10).max(1);
    let shown = if seller.lies(Fault::SessionIdOdd) { world.pick(&[None, Some("a b"), Some("")]) } else { Some(id.as_str()) };
    let cap = world.facts.borrow().payments[payment].grant.amount;
    let used = bill.min(cap);
    let shown = shown.map(str::to_owned);
    let session = Session { id, payment, permit, used, cap, last_ms: world.exec.now(), is_over: false };
    session::begin(seller, session);
    if seller.suffers(Fault::PaidHangs) {
        pending::<()>().await;
    }
    if seller.suffers(Fault::PaidReset) {
        return Err(HttpFailure::Network("connection reset".to_owned()));
    }
    if let Some(answer) = refusal(seller, payment) {
        return Ok(answer);
    }
    let mut answer = seller.goods(request);
    answer.is_cut = seller.suffers(Fault::PaidCut);
    Ok(match shown {
        Some(id) => answer.with("x-upto-session", id),
        None => answer,
    })
}

/// What a liar says instead of serving.
fn refusal(seller: Seller<'_>, payment: usize) -> Option<Answer> {
    const WORDS: [&str; 7] = [
        "invalid_exact_evm_payload_signature",
        "insufficient_funds",
        "permit2_allowance_required",
        "invalid_exact_evm_payload_authorization_valid_before",
        "unexpected_settle_error",
        "transaction_failed",
        "no",
    ];
    let Seller { world, .. } = seller;
    if seller.lies(Fault::PaidRefused) {
        let reason = world.pick(&WORDS);
        let answer = Answer::new(402, json!({ "error": reason }).to_string());
        let failed = json!({ "success": false, "errorReason": reason, "transaction": "", "network": "eip155:8453" });
        return Some(if world.chance(500) {
            answer.with("payment-response", encode_header(&failed.to_string()))
        } else {
            answer
        });
    }
    if seller.lies(Fault::PaidPending) {
        let reason = world.pick(&["settlement_pending", "settlement_pending: 3", "invalid_exact_evm_nonce_already_used"]);
        let hash = rng::digest(&[0x9e, payment as u64]).to_string();
        let transaction = if world.chance(500) { hash } else { String::new() };
        let failed = json!({ "success": false, "errorReason": reason, "transaction": transaction, "network": "eip155:8453" });
        return Some(Answer::new(402, "{}").with("payment-response", encode_header(&failed.to_string())));
    }
    if seller.lies(Fault::PaidDemandsMore) {
        let status = world.pick(&[402, 402, 412]);
        return Some(demand::answer(seller, status, Some("the price has changed")));
    }
    if seller.lies(Fault::PaidClientError) {
        return Some(Answer::new(world.pick(&[400, 404, 409]), "{\"error\":\"no\"}"));
    }
    if seller.lies(Fault::PaidServerError) {
        return Some(Answer::new(world.pick(&[500, 502, 504]), "<html>upstream</html>"));
    }
    if seller.lies(Fault::PaidRedirected) {
        return Some(Answer::new(world.pick(&[302, 307]), "").with("location", "https://elsewhere.test/v1/chat/completions"));
    }
    None
}

/// When the permit ends that came with a payment.
fn permit_of(seller: Seller<'_>, request: &HttpRequest) -> Option<u64> {
    let (_, value) = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("payment-signature"))?;
    let payment: Value = serde_json::from_str(&decode_header(value)?).ok()?;
    let signature = payment["extensions"]["eip2612GasSponsoring"]["info"]["signature"].as_str()?;
    seller.world.facts.borrow().permits.get(signature).copied()
}

/// Takes money for a payment, or tries to. Answers whether an honest seller could.
pub(super) fn take(seller: Seller<'_>, payment: usize, permit: Option<u64>, charge: u64) -> bool {
    let Seller { world, number, .. } = seller;
    let grant = world.facts.borrow().payments[payment].grant.clone();
    if seller.lies(Fault::TakesNothing) {
        return false;
    }
    let now = world.exec.now();
    let mut ready_at = now + world.between(0, 3000);
    if seller.suffers(Fault::SettlesSlowly) {
        ready_at += world.between(5000, 90_000);
    }
    let end = grant.deadline.saturating_sub(EPOCH).saturating_mul(1000);
    if seller.lies(Fault::TakesLate) {
        ready_at = end.saturating_sub(world.between(0, 3 * world.plan.block_ms));
    }
    if seller.lies(Fault::TakesTooLate) {
        ready_at = end.saturating_add(world.between(0, 3 * world.plan.block_ms));
    }
    let mut amounts = vec![charge];
    if seller.lies(Fault::TakesAll) {
        amounts = vec![grant.amount];
    }
    if seller.lies(Fault::TakesMore) {
        amounts = vec![grant.amount.saturating_add(1), grant.amount.saturating_mul(2), charge];
    }
    if seller.lies(Fault::TakesInParts) {
        amounts = vec![charge / 2, charge - charge / 2];
    }
    if seller.lies(Fault::TakesTwice) {
        amounts.push(amounts[0]);
        amounts.push(grant.amount);
    }
    let decoy = seller.lies(Fault::TakesByRouter).then(|| {
        let facts = world.facts.borrow();
        let at = usize::try_from(world.between(0, facts.payments.len() as u64 - 1)).unwrap_or_default();
        facts.payments[at].grant.nonce
    });
    let mut chain = world.chain.borrow_mut();
    let holder = (grant.token, grant.from);
    let has = |book: &std::collections::BTreeMap<_, u64>| book.get(&holder).is_some_and(|amount| *amount >= charge);
    let is_good = has(&chain.balances) && (!grant.is_permit2 || has(&chain.allowances) || permit.is_some());
    for (at, amount) in amounts.into_iter().enumerate() {
        let ready_at = ready_at + 4000 * at as u64;
        let (grant, sender) = (grant.clone(), facilitator(number));
        chain.submit(Settlement { payment, grant, amount, sender, decoy, permit, ready_at });
    }
    is_good
}

/// A receipt's header.
fn receipt(seller: Seller<'_>, payment: usize, charge: u64) -> String {
    let Seller { world, .. } = seller;
    let grant = world.facts.borrow().payments[payment].grant.clone();
    let hash: B256 = rng::digest(&[0x9f, payment as u64]);
    let mut receipt = json!({
        "success": true, "transaction": hash.to_string(), "network": "eip155:8453", "payer": grant.from.to_string(),
    });
    if grant.is_upto {
        receipt["amount"] = json!(charge.to_string());
    }
    if seller.lies(Fault::ReceiptAmount) {
        let odd = [json!("0"), json!("1"), json!((charge / 2).to_string()), json!((grant.amount + 1).to_string()), json!(-1)];
        receipt["amount"] = odd[world.between(0, odd.len() as u64 - 1) as usize].clone();
    }
    if seller.lies(Fault::ReceiptHash) {
        let odd = [json!(""), json!(B256::repeat_byte(0xee).to_string()), json!("0x12"), json!(null)];
        receipt["transaction"] = odd[world.between(0, odd.len() as u64 - 1) as usize].clone();
    }
    if seller.lies(Fault::ReceiptNetwork) {
        receipt["network"] = json!(world.pick(&["eip155:1", "base", ""]));
    }
    if seller.lies(Fault::ReceiptPayer) {
        receipt["payer"] = json!(ACCOUNTS[1].to_string());
    }
    if seller.lies(Fault::ReceiptUnsuccessful) {
        receipt["success"] = json!(false);
    }
    if seller.lies(Fault::ReceiptGarbage) {
        return world.pick(&["%%%", "e30=", "", "W10="]).to_owned();
    }
    encode_header(&receipt.to_string())
}
