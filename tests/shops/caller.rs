//! The dApp: it makes its requests, and after a failure does what the error's text advises.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{B256, U256};
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use ogkit::error::{Error, Kind};
use ogkit::io::{HttpRequest, Redirects};
use ogkit::json::Json;
use ogkit::opengradient::llm::Verify;
use ogkit::opengradient::llm::client::{Enclaves, Llm, Options};
use ogkit::opengradient::llm::request::ChatRequest;
use ogkit::opengradient::paid::{Cost, PaidSender};
use ogkit::x402::client::{PayOptions, Payer, Proposal};

use crate::chain::{CHAIN_ID, EPOCH};
use crate::executor::{Event, Owner};
use crate::facts::Call;
use crate::faults::Fault;
use crate::oracle;
use crate::plan::{IntentPlan, TOKENS, Trade, Via};
use crate::shop;
use crate::world::{Interrupt, Shared};

/// How a call ended.
enum Told {
    Served,
    /// The answer is there, and it is no success.
    Failed {
        is_paid: bool,
    },
    Error(Error),
}

/// Lets a page make its tab's requests: those that were not begun, and after a reload some of those that were.
pub(crate) fn start(world: &Shared, page: u32, tab: usize) {
    for plan in world.plan.intents.clone().into_iter().filter(|plan| plan.tab == tab) {
        let before = world.begun.borrow().iter().find(|(number, _)| *number == plan.number).map(|(_, is_over)| *is_over);
        match before {
            Some(true) => continue,
            // What was under way when the page died: nobody knows how it ended, and asking again is another wish.
            Some(false) => {
                finish(world, plan.number);
                continue;
            }
            None => {}
        }
        let later = Rc::clone(world);
        let task = async move {
            later.exec.sleep(plan.start_ms).await;
            later.begun.borrow_mut().push((plan.number, false));
            intent(&later, page, &plan).await;
            finish(&later, plan.number);
        };
        world.exec.spawn_for(Owner { page, call: 0 }, task.boxed_local());
    }
}

fn finish(world: &Shared, number: usize) {
    world.begun.borrow_mut().iter_mut().filter(|(other, _)| *other == number).for_each(|(_, is_over)| *is_over = true);
    world.over.set(world.over.get() + 1);
}

async fn intent(world: &Shared, page: u32, plan: &IntentPlan) {
    let mut retry_paid = false;
    for _ in 0..plan.tries {
        let told = call(world, page, plan, retry_paid).await;
        retry_paid = false;
        if world.chance(150) {
            look_at_budget(world, page, plan).await;
        }
        let Some(told) = told else { return };
        match &told {
            Told::Served | Told::Failed { is_paid: true } => return,
            Told::Failed { is_paid: false } => {}
            Told::Error(error) => match &**error {
                Kind::PaymentUncertain { nonce, deadline, .. } | Kind::PaymentRejected { nonce, deadline, .. } => {
                    let is_uncertain = matches!(&**error, Kind::PaymentUncertain { .. });
                    let is_session = world.plan.shops[plan.shop].trade == Trade::Gateway;
                    // The text says until when the same payment can be sent again.
                    let now = EPOCH + world.exec.now() / 1000;
                    let skew = if world.plan.has_rpc { 0 } else { world.plan.skew_ms.max(0) / 1000 };
                    let is_alive = now.saturating_add_signed(skew) + 10 < *deadline;
                    if is_uncertain && is_alive && world.chance(600) {
                        retry_paid = true;
                    } else if is_session || world.chance(300) || is_used_in_the_end(world, nonce, *deadline).await {
                        return;
                    }
                }
                _ if oracle::is_open(error) => return,
                // A limit is a limit.
                Kind::PaymentRefused { .. } | Kind::InsufficientTokenBalance { .. } if world.chance(800) => return,
                _ => {}
            },
        }
        let wait = world.between(100, 6000);
        world.exec.sleep(wait).await;
    }
}

/// Looks for the nonce on chain, as the error's text advises, until the signature has ended.
async fn is_used_in_the_end(world: &Shared, nonce: &str, deadline: u64) -> bool {
    let parse = || U256::from_str_radix(nonce, 10).ok().map(B256::from);
    let nonce: B256 = nonce.parse().ok().filter(|_| nonce.starts_with("0x")).or_else(parse).unwrap_or_default();
    loop {
        world.advance();
        {
            let chain = world.chain.borrow();
            let facts = world.facts.borrow();
            let Some(at) = facts.payments.iter().position(|payment| payment.grant.nonce == nonce) else {
                drop(facts);
                world.facts.borrow_mut().violated("nonce", format!("an error names the nonce {nonce}, which nobody signed"));
                return true;
            };
            let grant = &facts.payments[at].grant;
            if chain.is_used(grant.is_permit2, grant.from, grant.nonce, chain.head()) || chain.taken_back.contains_key(&at) {
                return true;
            }
            if chain.now() > deadline {
                return false;
            }
        }
        world.exec.sleep(10_000).await;
    }
}

async fn look_at_budget(world: &Shared, page: u32, plan: &IntentPlan) {
    let Some(payer) = payer(world, page, plan) else { return };
    for token in TOKENS {
        let seen = oracle::floor(world, page, payer.account, token);
        if !seen.is_empty()
            && let Ok(told) = payer.spent(CHAIN_ID, token).await
        {
            oracle::spent(world, page, &seen, told.to());
        }
    }
}

fn payer(world: &Shared, page: u32, plan: &IntentPlan) -> Option<Payer> {
    let pages = world.pages.borrow();
    let page = pages.iter().find(|other| other.id == page)?;
    page.payers.get(plan.account).map(|clients| clients[plan.client].clone())
}

/// One call. Nothing where the caller aborted it.
async fn call(world: &Shared, page: u32, plan: &IntentPlan, retry_paid: bool) -> Option<Told> {
    let payer = payer(world, page, plan)?;
    let ended = Event::default();
    let told = Rc::new(RefCell::new(None));
    let number = {
        let mut facts = world.facts.borrow_mut();
        facts.count("calls");
        let number = u32::try_from(facts.calls.len()).unwrap_or_default() + 1;
        facts.calls.push(Call {
            page,
            intent: plan.clone(),
            origin: shop::origin(plan.shop),
            retry_paid,
            sessions: world.plan.shops[plan.shop].trade == Trade::Gateway,
            caps: world.plan.caps[plan.client],
            shown: None,
            windows: 0,
            demanded: None,
            task: 0,
            has_ended: false,
        });
        number
    };
    world.say(|| format!("call {number} of page {page}: {plan:?}{}", if retry_paid { ", retryPaid" } else { "" }));
    let task = {
        let (world, told, ended, plan) = (Rc::clone(world), Rc::clone(&told), ended.clone(), plan.clone());
        async move {
            let outcome = make(&world, number, payer, &plan, retry_paid).await;
            note(&world, number, &outcome);
            *told.borrow_mut() = Some(outcome);
            ended.set();
        }
    };
    let task = world.exec.spawn_for(Owner { page, call: number }, task.boxed_local());
    if let Some(call) = world.facts.borrow_mut().call(number) {
        call.task = task;
    }
    world.aborts.borrow_mut().push((number, ended.clone()));
    if world.strikes(Fault::CallerAborts) {
        let polls_left = u32::try_from(world.between(1, 60)).unwrap_or(1);
        world.interrupts.borrow_mut().push(Interrupt { page, call: number, polls_left, after_ms: 0 });
    }
    ended.wait().await;
    world.aborts.borrow_mut().retain(|(other, _)| *other != number);
    told.borrow_mut().take()
}

/// The caller aborts a call: its future is dropped.
pub(crate) fn abort(world: &Shared, number: u32) {
    let task = match world.facts.borrow_mut().call(number) {
        Some(call) if !call.has_ended => {
            call.has_ended = true;
            call.task
        }
        _ => return,
    };
    world.say(|| format!("call {number} is aborted"));
    world.exec.kill(|_, id| id == task);
    let ended = world.aborts.borrow().iter().find(|(other, _)| *other == number).map(|(_, ended)| ended.clone());
    if let Some(ended) = ended {
        ended.set();
    }
}

fn note(world: &Shared, number: u32, told: &Told) {
    let (code, is_unpaid) = match told {
        Told::Served => ("served", false),
        Told::Failed { is_paid } => ("answered otherwise", !is_paid),
        Told::Error(error) => (error.code(), !oracle::is_open(error)),
    };
    world.say(|| match told {
        Told::Error(error) => format!("call {number} ends: {error}"),
        _ => format!("call {number} ends: {code}"),
    });
    {
        let mut facts = world.facts.borrow_mut();
        *facts.outcomes.entry(code).or_default() += 1;
        if let Some(call) = facts.call(number) {
            call.has_ended = true;
        }
    }
    if is_unpaid {
        oracle::unpaid(world, number, code);
    }
}

async fn make(world: &Shared, number: u32, mut payer: Payer, plan: &IntentPlan, retry_paid: bool) -> Told {
    if plan.is_shown {
        let world = Rc::clone(world);
        payer.on_payment = Some(Rc::new(move |proposal: Proposal| {
            let world = Rc::clone(&world);
            async move {
                if world.strikes(Fault::HookSlow) {
                    let ms = world.between(1000, 200_000);
                    world.exec.sleep(ms).await;
                }
                if let Some(call) = world.facts.borrow_mut().call(number) {
                    call.shown = Some(proposal.deadline);
                }
                Ok(!world.strikes(Fault::HookDeclines))
            }
            .boxed_local()
        }));
    }
    match plan.via {
        Via::Fetch => fetch(world, number, &payer, plan, retry_paid).await,
        Via::Chat | Via::Stream => chat(world, number, payer, plan, retry_paid).await,
    }
}

async fn fetch(world: &Shared, number: u32, payer: &Payer, plan: &IntentPlan, retry_paid: bool) -> Told {
    let is_gateway = world.plan.shops[plan.shop].trade == Trade::Gateway;
    let path = if is_gateway { "/v1/chat/completions".to_owned() } else { format!("/item?n={}", plan.number) };
    let url = [shop::origin(plan.shop), path].concat();
    let request = if plan.is_post {
        HttpRequest::post(url, "text/plain", Rc::new(format!("wish {}", plan.number).into_bytes()))
    } else {
        HttpRequest::get(url)
    };
    let mut request = HttpRequest { timeout_ms: plan.timeout_ms, redirects: Redirects::Follow, ..request };
    if plan.has_secrets {
        request.headers.extend([("authorization".into(), "Bearer secret".to_owned()), ("x-api-key".into(), "secret".to_owned())]);
    }
    let options = PayOptions { sessions: is_gateway, pay_first: plan.pay_first, retry_paid, payee: None };
    match payer.fetch(request, &options).await {
        Err(error) => Told::Error(error),
        Ok(paid) => {
            let is_paid = paid.payment.is_some();
            if !is_paid {
                oracle::unpaid(world, number, "an answer without a payment");
            }
            world.records.borrow_mut().extend(paid.payment);
            let status = paid.response.head.status;
            let mut body = paid.response.body;
            while let Some(Ok(_)) = body.next().await {}
            if (200..300).contains(&status) { Told::Served } else { Told::Failed { is_paid } }
        }
    }
}

async fn chat(world: &Shared, number: u32, payer: Payer, plan: &IntentPlan, retry_paid: bool) -> Told {
    let io = payer.io.clone();
    let sender = Rc::new(PaidSender::new(Rc::new(payer), None).retrying(retry_paid));
    let enclaves = Enclaves::Fixed { endpoint: shop::origin(plan.shop), keys: None };
    let options = Options { verify: Verify::Off, timeout_ms: plan.timeout_ms, stream_timeout_ms: 60_000, ..Options::default() };
    let wish = format!(r#"{{"model":"openai/gpt-5","messages":[{{"role":"user","content":"wish {}"}}]}}"#, plan.number);
    let llm = Llm::new(io, sender, enclaves, options).unwrap_or_else(|error| panic!("{error}"));
    let Some(wish) = Json::parse(&wish) else { panic!("no JSON: {wish}") };
    let request = ChatRequest::read(wish).unwrap_or_else(|error| panic!("{error}"));
    let keep = |payment: Option<Rc<dyn std::any::Any>>| match payment.and_then(|payment| payment.downcast::<Cost>().ok()) {
        Some(cost) => world.records.borrow_mut().push(cost.record.clone()),
        None => oracle::unpaid(world, number, "an answer without a payment"),
    };
    if plan.via == Via::Chat {
        return match llm.chat(&request, None).await {
            Ok(output) => {
                keep(output.payment);
                Told::Served
            }
            Err(error) => Told::Error(error),
        };
    }
    match llm.chat_stream(&request, None).await {
        Ok(mut stream) => {
            keep(stream.payment());
            loop {
                match stream.next().await {
                    Ok(Some(_)) => {}
                    Ok(None) => return Told::Served,
                    Err(error) => return Told::Error(error),
                }
            }
        }
        Err(error) => Told::Error(error),
    }
}
