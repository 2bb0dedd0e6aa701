//! The verdict: what the user signed, what left the page and what the chain moved, against what the guides promise
//! (docs/guides/llm-calls.md, "Limits" and "When something fails").

use alloy_primitives::Address;
use ogkit::error::{Error, Kind};
use ogkit::io::HttpRequest;
use ogkit::x402::wire::decode_header;
use ogkit::x402::{EXACT_PROXY, PERMIT2, UPTO_PROXY};
use serde_json::Value;

use crate::chain::{CHAIN_ID, EPOCH, token_index};
use crate::facts::{Asked, Facts};
use crate::faults::Fault;
use crate::plan::{ACCOUNTS, Trade};
use crate::shop;
use crate::wallet;
use crate::world::{Shared, World};

/// Headers of the caller's that are for the origin that it named.
pub(crate) const SECRETS: [&str; 3] = ["authorization", "cookie", "x-api-key"];

/// The origin of a URL of this world.
pub(crate) fn origin(url: &str) -> &str {
    let end = url.match_indices('/').nth(2).map_or(url.len(), |(at, _)| at);
    &url[..end]
}

/// The number of the payment in a request.
pub(crate) fn payment_of(world: &World, request: &HttpRequest) -> Option<usize> {
    let is_payment = |name: &str| name.eq_ignore_ascii_case("payment-signature") || name.eq_ignore_ascii_case("x-payment");
    let (_, value) = request.headers.iter().find(|(name, _)| is_payment(name))?;
    let payment: Value = decode_header(value).and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let signature = payment["payload"]["signature"].as_str().unwrap_or_default();
    let facts = world.facts.borrow();
    let found = facts.payments.iter().position(|payment| payment.signature == signature);
    assert!(found.is_some(), "a payment that nobody signed: {payment}");
    found
}

/// The session in a request.
pub(crate) fn session_of(request: &HttpRequest) -> Option<String> {
    let found = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("x-upto-session"));
    found.map(|(_, value)| value.clone())
}

/// Typed data is shown to the user.
pub(crate) fn window(world: &Shared, page: u32, call: u32, account: Address, typed: &Value) {
    let now = EPOCH + world.exec.now() / 1000;
    let own = now.saturating_add_signed(world.plan.skew_ms / 1000);
    // Whose clock decides: the chain's, where it could be read.
    let (plan, block) = (&world.plan, world.plan.block_ms / 1000);
    let is_read = plan.has_rpc && !plan.hides_pending && !world.has(Fault::RpcItemError);
    let base = if is_read { now + block + 1 } else { own.max(if plan.has_rpc { now + block + 1 } else { own }) + 1 };
    let latest = base + plan.max_life;
    let mut facts = world.facts.borrow_mut();
    let Some(entry) = facts.call(call).cloned() else { panic!("a window of no call") };
    let mut bad: Vec<(&'static str, String)> = Vec::new();
    let Some(grant) = wallet::grant(typed, account) else {
        let until = typed["message"]["deadline"].as_str().and_then(|text| text.parse::<u64>().ok()).unwrap_or(u64::MAX);
        let value = typed["message"]["value"].as_str().and_then(|text| text.parse::<u64>().ok()).unwrap_or(u64::MAX);
        if !plan.allow_permits || until > latest || value > entry.caps.per_request {
            facts.violated("permit", format!("call {call} asks for a permit that the policy does not allow: {typed}"));
        }
        return;
    };
    let contract: Option<Address> = typed["domain"]["verifyingContract"].as_str().and_then(|text| text.parse().ok());
    let spender: Option<Address> = typed["message"]["spender"].as_str().and_then(|text| text.parse().ok());
    let is_contract = if grant.is_permit2 {
        contract == Some(PERMIT2) && spender == Some(if grant.is_upto { UPTO_PROXY } else { EXACT_PROXY })
    } else {
        contract == Some(grant.token)
            && typed["domain"]["name"] == if grant.token == crate::plan::TOKENS[0] { "OpenGradient" } else { "USD Coin" }
    };
    if !is_contract || typed["domain"]["chainId"] != CHAIN_ID || token_index(grant.token).is_none() {
        bad.push(("contract", format!("call {call} asks for a signature over {typed}")));
    }
    if grant.amount > entry.caps.per_request {
        bad.push(("request", format!("call {call} asks for {} where {} is the most", grant.amount, entry.caps.per_request)));
    }
    let is_listed = !plan.names_payees || (0..plan.shops.len()).any(|at| shop::payee(at) == grant.to);
    if grant.to == account || grant.to == grant.token || grant.to.is_zero() || !is_listed {
        bad.push(("payee", format!("call {call} asks for a payment to {}", grant.to)));
    }
    if grant.deadline > latest {
        bad.push((
            "life",
            format!("call {call}: the signature ends at {}, {} s too late", grant.deadline, grant.deadline - latest),
        ));
    }
    if entry.shown.is_some_and(|shown| grant.deadline > shown) {
        bad.push(("shown", format!("call {call}: the caller was shown {:?}, and signs until {}", entry.shown, grant.deadline)));
    }
    if entry.windows > 0 {
        bad.push(("twice", format!("call {call} of page {page} asks for a second payment")));
    }
    if entry.has_ended || entry.page != page {
        bad.push(("call", format!("call {call} asks for a payment after its end")));
    }
    if let Some(call) = facts.call(call) {
        call.windows += 1;
    }
    for (kind, detail) in bad {
        facts.violated(kind, detail);
    }
}

/// A request leaves the page for a seller.
pub(crate) fn leaves(world: &Shared, call: u32, request: &HttpRequest) {
    let payment = payment_of(world, request);
    let is_session = session_of(request).is_some();
    let mut facts = world.facts.borrow_mut();
    let Some(entry) = facts.call(call).cloned() else { panic!("a request of no call: {}", request.url) };
    let to = origin(&request.url);
    let carries =
        |names: &[&str]| request.headers.iter().any(|(name, _)| names.iter().any(|other| name.eq_ignore_ascii_case(other)));
    if to != entry.origin && carries(&SECRETS) {
        facts.violated("credentials", format!("call {call}: the caller's own headers go to {to}"));
    }
    if payment.is_none() && !is_session {
        return;
    }
    let is_listed = world.plan.lists_hosts && (0..world.shops.len()).any(|at| shop::origin(at) == to);
    if to != entry.origin && !is_listed {
        facts.violated("host", format!("call {call}: a payment goes to {to}"));
    }
    let Some(at) = payment else { return };
    let is_first = !facts.payments[at].is_sent;
    if !is_first {
        facts.count("payments shown again");
        if !entry.retry_paid && !entry.sessions {
            facts.violated("again", format!("call {call} sends payment {at} again"));
        }
        return;
    }
    facts.payments[at].is_sent = true;
    facts.count("payments");
    let asked =
        Asked { method: request.method, url: request.url.clone(), body: request.body.as_deref().cloned().unwrap_or_default() };
    if facts.payments[at].call != call {
        facts.violated("call", format!("call {call} sends payment {at}, which another one asked for"));
    }
    if !entry.intent.pay_first && entry.demanded.as_ref() != Some(&asked) {
        facts.violated("priced", format!("call {call} pays for another request than the one that was priced"));
    }
    budget(world, &mut facts, at);
}

/// What can have been taken, or still be taken, for a payment.
fn exposure(world: &World, facts: &Facts, at: usize) -> u64 {
    let (chain, grant) = (world.chain.borrow(), &facts.payments[at].grant);
    match chain.taken(at) {
        Some(taken) => taken,
        None if grant.is_over(chain.now()) => 0,
        None => chain.taken_back.get(&at).copied().unwrap_or(grant.amount),
    }
}

/// The payments of an account in a token that a page has to count: those of all pages that live, and what any of them knows.
fn counted(world: &World, facts: &Facts, page: u32, account: Address, token: Address) -> Vec<usize> {
    let is_known = |at: &usize| {
        let payment = &facts.payments[*at];
        let knows = || facts.known.values().any(|known| known.contains(&payment.grant.nonce));
        world.plan.has_store || payment.page == page || world.is_alive(payment.page) || (world.forgets_pages() && knows())
    };
    let is_own = |at: &usize| {
        let payment = &facts.payments[*at];
        payment.is_sent && payment.grant.from == account && payment.grant.token == token
    };
    (0..facts.payments.len()).filter(is_own).filter(is_known).collect()
}

/// A payment goes out: whether the limits allow it, by all that can still be taken.
fn budget(world: &World, facts: &mut Facts, at: usize) {
    if world.plan.trusts_receipts {
        return;
    }
    let payment = facts.payments[at].clone();
    let all = counted(world, facts, payment.page, payment.grant.from, payment.grant.token);
    let sum: u64 = all.iter().map(|at| exposure(world, facts, *at)).sum();
    // Clients have limits of their own, and whoever asked last saw all others.
    let cap = all.iter().map(|at| facts.payments[*at].caps.per_session).max().unwrap_or_default();
    if sum > cap {
        facts.violated("session", format!("with payment {at}, {sum} can be taken where {cap} is the most"));
    }
    if let Some((cap, seconds)) = payment.caps.per_window {
        let is_recent = |other: &&usize| facts.payments[**other].at_ms + seconds * 1000 > payment.at_ms;
        let sum: u64 = all.iter().filter(is_recent).map(|at| exposure(world, facts, *at)).sum();
        if sum > cap {
            facts.violated("window", format!("with payment {at}, {sum} can be taken within {seconds} s where {cap} is the most"));
        }
    }
}

/// What a page has to count at least.
pub(crate) fn floor(world: &World, page: u32, account: Address, token: Address) -> Vec<usize> {
    counted(world, &world.facts.borrow(), page, account, token)
}

/// A page says what counts, having begun to look when `seen` were out.
pub(crate) fn spent(world: &World, page: u32, seen: &[usize], told: u64) {
    world.advance();
    let mut facts = world.facts.borrow_mut();
    let sum: u64 = seen.iter().map(|at| exposure(world, &facts, *at)).sum();
    facts.count("budgets looked at");
    if told < sum && !world.plan.trusts_receipts {
        facts.violated("spent", format!("page {page} counts {told}, and {sum} was or can be taken"));
    }
}

/// Whether a failure leaves it open that the call was paid. Every other one says that nothing was, or says nothing else.
pub(crate) fn is_open(error: &Error) -> bool {
    matches!(
        &**error,
        Kind::PaymentRejected { .. }
            | Kind::PaymentUncertain { .. }
            | Kind::StreamCut { .. }
            | Kind::ProofFailed { .. }
            | Kind::Llm { unpaid: false, .. }
    )
}

/// A call ended and said that nothing was paid.
pub(crate) fn unpaid(world: &World, call: u32, what: &str) {
    let mut facts = world.facts.borrow_mut();
    if let Some(at) = facts.payments.iter().position(|payment| payment.call == call && payment.is_sent) {
        facts.violated("unpaid", format!("call {call} says that nothing was paid ({what}), and payment {at} went out"));
    }
}

/// When all is over.
pub(crate) fn judge(world: &World) {
    world.advance();
    let mut facts = world.facts.borrow_mut();
    let hanging: Vec<usize> = facts.calls.iter().enumerate().filter(|(_, call)| !call.has_ended).map(|(at, _)| at + 1).collect();
    if !hanging.is_empty() {
        facts.violated("hang", format!("calls {hanging:?} do not end"));
    }
    let chain = world.chain.borrow();
    let mut bad = Vec::new();
    for intent in &world.plan.intents {
        let is_of = |payment: &&crate::facts::Payment| {
            facts.calls.get(payment.call as usize - 1).is_some_and(|call| call.intent.number == intent.number)
        };
        let numbers = facts.payments.iter().enumerate().filter(|(_, payment)| is_of(payment)).map(|(at, _)| at);
        let taken: Vec<usize> = numbers.filter(|at| chain.taken(*at).is_some()).collect();
        // A gateway's session pays for several requests, and a request may be the last of one and the first of the next.
        if taken.len() > 1 && world.plan.shops[intent.shop].trade != Trade::Gateway {
            bad.push(("paid-twice", format!("intent {} was paid by payments {taken:?}", intent.number)));
        }
    }
    for (at, payment) in facts.payments.iter().enumerate() {
        if let Some(taken) = chain.taken(at)
            && (!payment.is_sent || taken > payment.grant.amount)
        {
            bad.push(("taken", format!("{taken} was taken for payment {at}")));
        }
    }
    for record in world.records.borrow().iter() {
        let Some(at) = facts.payments.iter().position(|payment| payment.grant.nonce == record.nonce) else { continue };
        let truth = chain.taken(at).unwrap_or_default();
        if let Some(told) = record.charged.get()
            && told != truth
            && !chain.taken_back.contains_key(&at)
        {
            bad.push(("charged", format!("payment {at} is told to have cost {told}, and {truth} was taken")));
        }
    }
    let out = |account: &Address| chain.moved.iter().filter(|moved| moved.from == *account && moved.settlement.is_some()).count();
    let settled: usize = ACCOUNTS.iter().map(out).sum();
    drop(chain);
    *facts.sums.entry("payments settled").or_default() += settled as u64;
    for (kind, detail) in bad {
        facts.violated(kind, detail);
    }
}
