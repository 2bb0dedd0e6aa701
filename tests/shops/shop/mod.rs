//! Sellers: what they demand, what they take, and what they say of it. Honest ones suffer from the network alone; the others do what they like
//! within what the contracts let pass.

mod demand;
mod paid;
mod session;

use std::cell::RefCell;

use alloy_primitives::{Address, U256};
use futures_util::future::pending;
use ogkit::io::{HttpFailure, HttpRequest};
use ogkit::x402::UPTO_PROXY;
use serde_json::json;

use crate::chain::Grant;
use crate::facts::Asked;
use crate::faults::Fault;
use crate::net::{Answer, Reply};
use crate::oracle;
use crate::plan::{ACCOUNTS, ShopPlan, TOKENS, Trade};
use crate::world::{Shared, World};

/// The number of the host that redirects lead to.
const ELSEWHERE: usize = 9;

/// What a seller keeps.
#[derive(Default)]
pub(crate) struct Shop {
    sessions: RefCell<Vec<session::Session>>,
}

/// Who is paid at a seller.
pub(crate) fn payee(shop: usize) -> Address {
    Address::repeat_byte(0xb0 + u8::try_from(shop).unwrap_or(0xf))
}

/// Who settles for a seller.
fn facilitator(shop: usize) -> Address {
    Address::repeat_byte(0xf0 + u8::try_from(shop).unwrap_or(0xf))
}

pub(crate) fn origin(shop: usize) -> String {
    if shop == ELSEWHERE { "https://elsewhere.test".to_owned() } else { format!("https://shop{shop}.test") }
}

/// A seller as it is at work.
#[derive(Clone, Copy)]
struct Seller<'a> {
    world: &'a Shared,
    /// Its number; the other host trades as the first one does.
    number: usize,
    plan: &'a ShopPlan,
}

impl Seller<'_> {
    /// A fault of the network's or of any server's.
    fn suffers(&self, fault: Fault) -> bool {
        self.world.strikes(fault)
    }

    /// A fault that only a liar has.
    fn lies(&self, fault: Fault) -> bool {
        !self.plan.is_honest && self.world.strikes(fault)
    }

    fn token(&self) -> Address {
        if matches!(self.plan.trade, Trade::UpTo | Trade::Gateway) { TOKENS[0] } else { TOKENS[1] }
    }

    const fn is_upto(&self) -> bool {
        matches!(self.plan.trade, Trade::UpTo | Trade::Gateway)
    }

    /// What is served.
    fn goods(&self, request: &HttpRequest) -> Answer {
        const CHUNK: &str =
            r#"data: {"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"hello"},"finish_reason":null}]}"#;
        const FINAL: &str = r#"data: {"model":"m","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
        let body = request.body.as_deref().map_or("", |body| std::str::from_utf8(body).unwrap_or_default());
        if !request.url.ends_with("/chat/completions") {
            return Answer::new(200, "served");
        }
        if body.contains("\"stream\":true") {
            let text = format!("{CHUNK}\n\n{FINAL}\n\ndata: [DONE]\n\n");
            return Answer::new(200, text).with("content-type", "text/event-stream");
        }
        let text = json!({ "model": "m", "choices": [{ "index": 0, "message": { "role": "assistant", "content": "hello" }, "finish_reason": "stop" }] });
        Answer::new(200, text.to_string()).with("content-type", "application/json")
    }
}

/// What a seller answers.
pub(crate) async fn answer(world: &Shared, call: u32, request: &HttpRequest) -> Reply {
    let number = (0..world.shops.len()).find(|at| request.url.starts_with(&origin(*at))).unwrap_or(ELSEWHERE);
    let Some(plan) = world.plan.shops.get(if number == ELSEWHERE { 0 } else { number }) else {
        panic!("the simulator has no server at {}", request.url)
    };
    let seller = Seller { world, number, plan };
    world.advance();
    let answer = match (oracle::payment_of(world, request), oracle::session_of(request)) {
        (_, Some(id)) => session::further(seller, call, request, &id).await,
        (Some(payment), None) => match session::of_payment(seller, payment) {
            Some(id) => session::further(seller, call, request, &id).await,
            None => paid::answer(seller, call, request, payment).await,
        },
        (None, None) => ask(seller, call, request).await,
    }?;
    Ok(answer.with("date", date(world, plan.skew)))
}

/// The seller's clock as a `Date`. Everything here happens within a week of Sunday, 15 June 2025.
fn date(world: &World, skew: i64) -> String {
    let time = crate::chain::EPOCH.saturating_add_signed(skew) + world.exec.now() / 1000;
    let since = time - 1_749_945_600;
    let (day, second) = (since / 86_400, since % 86_400);
    let name = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"][usize::try_from(day % 7).unwrap_or_default()];
    format!("{name}, {:02} Jun 2025 {:02}:{:02}:{:02} GMT", 15 + day, second / 3600, second / 60 % 60, second % 60)
}

/// The answer to a request that carries no payment.
async fn ask(seller: Seller<'_>, call: u32, request: &HttpRequest) -> Reply {
    let Seller { world, .. } = seller;
    if seller.suffers(Fault::AskHangs) {
        pending::<()>().await;
    }
    if seller.suffers(Fault::AskSlow) {
        let ms = world.between(500, 20_000);
        world.exec.sleep(ms).await;
    }
    if seller.suffers(Fault::AskLost) {
        return Err(HttpFailure::Network("connection reset".to_owned()));
    }
    if seller.suffers(Fault::AskRefused) {
        return Ok(Answer::new(world.pick(&[400, 403, 404, 412, 429]), "{\"error\":\"no\"}"));
    }
    if seller.suffers(Fault::AskFails) {
        return Ok(Answer::new(world.pick(&[500, 502, 503]), "<html>upstream</html>"));
    }
    if seller.suffers(Fault::AskFree) {
        return Ok(seller.goods(request));
    }
    let status = world.pick(&[301, 302, 303, 307, 308]);
    if seller.suffers(Fault::RedirectsWithin) {
        return Ok(Answer::new(status, "").with("location", [&origin(seller.number), "/moved"].concat()));
    }
    if seller.suffers(Fault::RedirectsAway) {
        let others: Vec<usize> = (0..world.shops.len()).filter(|at| *at != seller.number).collect();
        let to = if others.is_empty() || world.chance(600) {
            ELSEWHERE
        } else {
            others[world.between(0, others.len() as u64 - 1) as usize]
        };
        return Ok(Answer::new(status, "").with("location", [&origin(to), "/v1/chat/completions"].concat()));
    }
    let body = request.body.as_deref().cloned().unwrap_or_default();
    if let Some(call) = world.facts.borrow_mut().call(call) {
        call.demanded = Some(Asked { method: request.method, url: request.url.clone(), body });
    }
    let mut answer = demand::answer(seller, 402, None);
    if seller.suffers(Fault::AskDrips) {
        answer.drip_ms = world.between(100, 4000);
    }
    Ok(answer)
}

/// The account pays a seller in another origin: a little, by a transfer of its own or by x402.
pub(crate) fn paid_elsewhere(world: &Shared) {
    let at = usize::try_from(world.between(0, world.shops.len() as u64 - 1)).unwrap_or_default();
    let from = world.pick(&ACCOUNTS);
    let token = world.pick(&TOKENS);
    let value = world.pick(&[1, 20, 200, 500]);
    let nonce = crate::rng::digest(&[0x5e, world.exec.now()]);
    let grant = Grant {
        is_permit2: true,
        is_upto: true,
        token,
        amount: value,
        from,
        to: payee(at),
        nonce,
        after: 0,
        deadline: u64::MAX,
        facilitator: Some(facilitator(at)),
    };
    let call = if world.chance(500) { (UPTO_PROXY, crate::chain::calldata(&grant, value, false)) } else { (token, Vec::new()) };
    world.say(|| format!("the account pays seller {at} {value} elsewhere"));
    world.chain.borrow_mut().pay_elsewhere((token, from, payee(at)), value, call);
}

fn number_text(value: U256) -> String {
    value.to_string()
}
