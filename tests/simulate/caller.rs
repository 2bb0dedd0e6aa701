//! The dApp: it does what its users want, and after a failure what the failure advises.
//!
//! It keeps what it was told where a crash does not reach it (the nonce that the wallet was asked to use, the hash that came), as the
//! guides advise. What may be out under a nonce is tried again with that nonce alone; a hash is looked up before anything is sent
//! again; a failure that says that nothing was sent, or that says nothing about it, is believed.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use ogkit::error::{Error, Kind};
use ogkit::eth::tx::{Gas, TxOptions};
use ogkit::eth::wallet::WalletHandle;
use ogkit::io::{OnProgress, Progress};
use ogkit::ogpu::client::{Client, PublishOptions, Published};
use ogkit::ogpu::content::PinOptions;
use ogkit::ogpu::functions::{Value, Write};
use ogkit::ogpu::metadata::source_document;
use ogkit::ogpu::network::Network;
use ogkit::ogpu::nonces;
use ogkit::ogpu::types::{DeliveryMethod, ImageEnvironments, SourceInfo, TaskInfo};

use crate::chain::{CHAIN_ID, EPOCH};
use crate::contracts::{CONTRACTS, SOURCE};
use crate::executor::Owner;
use crate::faults::Fault;
use crate::ledger::{Ask, Call, Effect, Intent, Meaning, Memory, Told};
use crate::net::{PIN_URL, link, rpc_url};
use crate::oracle;
use crate::plan::{IntentPlan, Op};
use crate::wallet::{Provider, account};
use crate::world::{Interrupt, Shared, What};

/// Calls for one intent, at most.
const MAX_CALLS: u32 = 4;

/// What an intent comes to in the world.
pub(crate) fn effects(world: &Shared, plan: &IntentPlan) -> Vec<Effect> {
    let by = account(&world.plan, plan.account);
    let own = |list: &[(Address, Address)]| -> Vec<Address> {
        list.iter().filter(|(client, _)| *client == by).map(|(_, at)| *at).collect()
    };
    match &plan.op {
        Op::Deposit(amount) => vec![Effect::Deposit { by, account: by, amount: *amount }],
        Op::Withdraw(amount) => vec![Effect::Withdraw { by, amount: *amount }],
        Op::PublishTask(payment) => vec![Effect::Task { by, url: link(&config(plan)), payment: *payment }],
        Op::PublishSource => vec![Effect::Source { by, url: link(&source_document(&source(plan))) }],
        Op::Cancel(at) => vec![Effect::Cancel { by, task: own(&world.genesis.tasks)[*at] }],
        Op::Confirm(list) => {
            let responses = own(&world.genesis.responses);
            list.iter().map(|at| Effect::Confirm { by, response: responses[*at] }).collect()
        }
        Op::FixNonces => Vec::new(),
    }
}

fn config(plan: &IntentPlan) -> String {
    format!(r#"{{"function_name":"predict","data":{}}}"#, plan.number)
}

fn source(plan: &IntentPlan) -> SourceInfo {
    SourceInfo {
        name: format!("source {}", plan.number),
        description: String::new(),
        logo_url: String::new(),
        image_envs: ImageEnvironments { cpu: "http://x.test/c.yml".to_owned(), ..ImageEnvironments::default() },
        min_payment: Default::default(),
        min_available_lockup: Default::default(),
        max_expiry_duration: 3600,
        delivery_method: DeliveryMethod::ManualConfirmation,
    }
}

/// Writes an intent into the ledger.
pub(crate) fn register(world: &Shared, plan: IntentPlan) {
    let effects = effects(world, &plan);
    let intent = Intent { effects, allowance: 1, memory: Memory::default(), is_over: false, plan };
    world.ledger.borrow_mut().intents.insert(intent.plan.number, intent);
}

/// A page is open: its intents begin, or go on.
pub(crate) fn start(world: &Shared, page: u32, tab: usize) {
    let mut numbers = Vec::new();
    for (number, intent) in &world.ledger.borrow().intents {
        if intent.plan.tab == tab && !intent.is_over {
            numbers.push(*number);
        }
    }
    for number in numbers {
        let world_later = Rc::clone(world);
        let task = async move {
            script(&world_later, page, number).await;
            if let Some(intent) = world_later.ledger.borrow_mut().intents.get_mut(&number) {
                intent.is_over = true;
            }
        };
        world.exec.spawn_for(Owner { page, call: 0 }, task.boxed_local());
    }
}

/// Calls of a page that died are gone.
pub(crate) fn page_died(world: &Shared, page: u32) {
    let now = world.exec.now();
    for call in world.ledger.borrow_mut().calls.iter_mut().filter(|call| call.page == page) {
        call.is_lost = true;
        if call.ended.is_none() {
            call.is_dropped = true;
            call.ended = Some(now);
        }
    }
}

/// The caller aborts a call: its future is dropped where it stands.
pub(crate) fn abort(world: &Shared, id: u32) {
    let task = {
        let mut ledger = world.ledger.borrow_mut();
        let Some(call) = ledger.call(id).filter(|call| call.ended.is_none()) else { return };
        call.is_dropped = true;
        call.ended = Some(world.exec.now());
        call.task
    };
    world.count(Fault::CallerAborts);
    world.say(|| format!("call {id} is aborted"));
    world.exec.kill(|_, number| number == task);
}

/// What a caller does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    Over,
    Again,
    LookUp,
}

async fn script(world: &Shared, page: u32, number: usize) {
    let (plan, is_first) = {
        let ledger = world.ledger.borrow();
        let Some(intent) = ledger.intents.get(&number) else { return };
        (intent.plan.clone(), !ledger.calls.iter().any(|call| call.intent == number))
    };
    let wait = if is_first { plan.start_ms.saturating_sub(world.exec.now()) } else { world.between(100, 4000) };
    world.exec.sleep(wait).await;
    let mut next = if is_first { Next::Again } else { resume(world, number) };
    loop {
        match next {
            Next::Over => return,
            Next::LookUp => next = look_up(world, page, number).await,
            Next::Again => {
                let made = world.ledger.borrow().calls.iter().filter(|call| call.intent == number).count();
                if u32::try_from(made).unwrap_or(u32::MAX) >= MAX_CALLS {
                    return;
                }
                let Some(client) = client(world, page, plan.account).await else { return };
                let told = call(world, page, &plan, client).await;
                let pause = world.between(300, 6000);
                world.exec.sleep(pause).await;
                next = match told {
                    Some(told) => advised(world, number, &told),
                    None => resume(world, number),
                };
            }
        }
    }
}

/// What the failure advises.
fn advised(world: &Shared, number: usize, told: &Told) -> Next {
    let is_smart = world.is_smart();
    let again = if world.chance(650) { Next::Again } else { Next::Over };
    let mut ledger = world.ledger.borrow_mut();
    let Some(intent) = ledger.intents.get_mut(&number) else { return Next::Over };
    let memory = &mut intent.memory;
    let kind = match told {
        Told::Success { .. } => return Next::Over,
        Told::Failure(kind) => kind,
    };
    match Meaning::of(kind) {
        Meaning::Nothing => {
            let was_taken = matches!(kind, Kind::Nonce { .. });
            memory.is_open = false;
            memory.hash = None;
            if was_taken && memory.uncertain.take().is_some() {
                // The nonce under which something may have been out is used: whoever used it can be seen on chain.
                let effects = intent.effects.clone();
                drop(ledger);
                return if oracle::has_happened(world, &effects) { Next::Over } else { again };
            }
            again
        }
        Meaning::Unknown(nonce) if !is_smart => {
            memory.uncertain = nonce.or(memory.uncertain);
            memory.is_open = true;
            if nonce.is_some() { again } else { Next::Over }
        }
        // "look in the wallet's activity before you try again"
        Meaning::Unknown(_) => {
            drop(ledger);
            if wallet_shows_nothing(world, number) { again } else { Next::Over }
        }
        Meaning::Out(hash) | Meaning::Held(hash) => {
            memory.hash = Some(hash);
            Next::LookUp
        }
        // Only gas was paid, or nothing happened at all: it may be tried again. It was used up, so is its nonce.
        Meaning::Failed(_) | Meaning::Replaced { .. } => {
            *memory = Memory::default();
            again
        }
        Meaning::Edited(_) | Meaning::Mined(_) | Meaning::Partly(_) => Next::Over,
    }
}

/// After an abort or a crash: by what was kept.
fn resume(world: &Shared, number: usize) -> Next {
    let is_smart = world.is_smart();
    let again = if world.chance(800) { Next::Again } else { Next::Over };
    let mut ledger = world.ledger.borrow_mut();
    let Some(intent) = ledger.intents.get_mut(&number) else { return Next::Over };
    let memory = &mut intent.memory;
    if memory.hash.is_some() {
        return Next::LookUp;
    }
    if memory.is_open {
        if is_smart {
            drop(ledger);
            return if wallet_shows_nothing(world, number) { again } else { Next::Over };
        }
        memory.uncertain = memory.asked.or(memory.uncertain);
    }
    again
}

/// The wallet's own list: nothing of this intent was sent, and nothing waits to be.
fn wallet_shows_nothing(world: &Shared, number: usize) -> bool {
    let ledger = world.ledger.borrow();
    let calls: Vec<u32> = ledger.calls.iter().filter(|call| call.intent == number).map(|call| call.id).collect();
    let wallet = world.wallet.borrow();
    let is_quiet = |(number, ask): (usize, &Ask)| !ask.is_open && ask.broadcasts.is_empty() && !wallet.has_signed(number);
    ledger.asks.iter().enumerate().all(|(number, ask)| !calls.contains(&ask.call) || is_quiet((number, ask)))
}

/// A hash is looked up for a while.
async fn look_up(world: &Shared, page: u32, number: usize) -> Next {
    let (hash, plan) = {
        let ledger = world.ledger.borrow();
        let Some(intent) = ledger.intents.get(&number) else { return Next::Over };
        let Some(hash) = intent.memory.hash else { return Next::Over };
        (hash, intent.plan.clone())
    };
    let Some(client) = client(world, page, plan.account).await else { return Next::Over };
    let looked = client.wait_for(hash, &TxOptions { receipt_timeout: 80, ..options(&plan, None, Rc::new(|_| ())) }).await;
    world.say(|| match &looked {
        Ok(receipt) => format!("looked up {hash}: mined as {}", receipt.hash),
        Err(error) => format!("looked up {hash}: {error}"),
    });
    match looked {
        Ok(receipt) => {
            oracle::looked_up(world, &receipt);
            return Next::Over;
        }
        Err(error) if matches!(*error, Kind::TxRevert { .. }) => return Next::Over,
        Err(_) => {}
    }
    // It cannot be found. Under its nonce at most one of both can be mined.
    let again = if world.chance(400) { Next::Again } else { Next::Over };
    let mut ledger = world.ledger.borrow_mut();
    let Some(intent) = ledger.intents.get_mut(&number) else { return Next::Over };
    let memory = &mut intent.memory;
    memory.hash = None;
    memory.uncertain = memory.asked.or(memory.uncertain);
    if world.is_smart() || memory.uncertain.is_none() { Next::Over } else { again }
}

fn network(world: &Shared) -> Network {
    Network {
        name: "OpenGPU".to_owned(),
        chain_id: CHAIN_ID,
        rpc_urls: (0..world.endpoints.len()).map(rpc_url).collect(),
        contracts: CONTRACTS,
        quorum: world.plan.quorum,
        pin_url: PIN_URL.to_owned(),
        gateway_urls: vec!["http://ipfs.test/ipfs/".to_owned()],
        management_url: None,
        explorer_url: None,
        currency: ("OGPU".to_owned(), "OGPU".to_owned()),
    }
}

/// The page's client of an account; over a provider made anew where the old one is gone.
async fn client(world: &Shared, page: u32, number: usize) -> Option<Client> {
    for _ in 0..4 {
        let epoch = world.wallet.borrow().epoch();
        let (io, book, windows) = {
            let pages = world.pages.borrow();
            let page = pages.iter().find(|other| other.id == page)?;
            let found = page.clients.iter().find(|(account, made, _)| *account == number && *made == epoch);
            if let Some((.., client)) = found {
                return Some(client.clone());
            }
            (page.io.clone(), page.book.clone(), page.windows(epoch))
        };
        let wallet = WalletHandle::new(Rc::new(Provider::new(world, page, epoch)), windows, Rc::clone(&io.clock));
        let account = account(&world.plan, number);
        let connect = Client::connect(io, network(world), book, wallet, Some(account), true);
        let patience = world.exec.sleep(90_000);
        match select(std::pin::pin!(connect), patience).await {
            Either::Left((Ok(client), _)) => {
                let mut pages = world.pages.borrow_mut();
                let page = pages.iter_mut().find(|other| other.id == page)?;
                page.clients.push((number, epoch, client.clone()));
                return Some(client);
            }
            Either::Left((Err(error), _)) => world.say(|| format!("page {page} cannot connect: {error}")),
            Either::Right(_) => world.say(|| format!("page {page} gives up connecting")),
        }
        let pause = world.between(500, 5000);
        world.exec.sleep(pause).await;
    }
    None
}

/// One call of the package, with a client that is connected for it. `None` when there is none, or the call was aborted.
pub(crate) async fn once(world: &Shared, page: u32, plan: &IntentPlan) -> Option<Told> {
    let client = client(world, page, plan.account).await?;
    call(world, page, plan, client).await
}

/// One call of the package. `None` when it was aborted.
async fn call(world: &Shared, page: u32, plan: &IntentPlan, client: Client) -> Option<Told> {
    let began = world.exec.now();
    let (sender, answer) = oneshot::channel();
    let (id, nonce) = {
        let mut ledger = world.ledger.borrow_mut();
        let id = u32::try_from(ledger.calls.len() + 1).unwrap_or_default();
        let nonce = ledger.intents.get(&plan.number).and_then(|intent| intent.memory.uncertain);
        let nonce = nonce.filter(|_| plan.op != Op::FixNonces);
        ledger.calls.push(Call {
            id,
            intent: plan.number,
            page,
            began,
            ended: None,
            told: None,
            is_dropped: false,
            is_lost: false,
            task: usize::MAX,
            nonce,
            confirmations: plan.confirmations,
            settled: 0,
            step: None,
            outside: 0,
            active: began,
        });
        (id, nonce)
    };
    world.say(|| format!("call {id} on page {page}: {:?} with nonce {nonce:?}", plan.op));
    let later = Rc::clone(world);
    let their_plan = plan.clone();
    let task = async move {
        let result = perform(&later, id, &their_plan, &client, nonce).await;
        let told = match result {
            Ok((receipts, made)) => Told::Success { receipts, made },
            Err(error) => Told::Failure(error.into_kind()),
        };
        later.say(|| format!("call {id} ends: {}", crate::report::told(&told)));
        oracle::told(&later, id, &told);
        let _ = sender.send(told);
    };
    let number = world.exec.spawn_for(Owner { page, call: id }, task.boxed_local());
    if let Some(call) = world.ledger.borrow_mut().call(id) {
        call.task = number;
    }
    if world.strikes(Fault::CallerAborts) {
        abort_later(world, page, id);
    }
    answer.await.ok()
}

/// After so many polls, or after a while.
fn abort_later(world: &Shared, page: u32, call: u32) {
    if world.chance(500) {
        let polls_left = u32::try_from(world.between(1, 90)).unwrap_or(1);
        world.interrupts.borrow_mut().push(Interrupt { page, call, polls_left, what: What::Abort });
        return;
    }
    let (later, ms) = (Rc::clone(world), world.between(500, 40_000));
    let task = async move {
        later.exec.sleep(ms).await;
        abort(&later, call);
    };
    world.exec.spawn_for(Owner { page, call: 0 }, task.boxed_local());
}

fn on_progress(world: &Shared, id: u32) -> OnProgress {
    let world = Rc::clone(world);
    Rc::new(move |step| {
        world.say(|| format!("call {id}: {step:?}"));
        let now = world.exec.now();
        let mut ledger = world.ledger.borrow_mut();
        *ledger.steps.entry(crate::report::step(&step)).or_default() += 1;
        let asks = ledger.asks.len();
        let Some(call) = ledger.call(id) else { return };
        let number = call.intent;
        call.step = Some((now, step.clone()));
        if let Progress::Mined { hash, .. } = step {
            call.settled = asks;
            ledger.told_mined.push((id, hash));
        }
        let Some(intent) = ledger.intents.get_mut(&number) else { return };
        let memory = &mut intent.memory;
        match step {
            Progress::Signing { nonce, .. } => {
                memory.asked = nonce;
                memory.is_open = true;
            }
            Progress::NonceIgnored { used, .. } => memory.asked = Some(used),
            Progress::Sent { hash } | Progress::Replaced { replacement: hash, .. } => memory.hash = Some(hash),
            _ => {}
        }
    })
}

fn options(plan: &IntentPlan, nonce: Option<u64>, on_progress: OnProgress) -> TxOptions {
    TxOptions {
        nonce,
        gas: Gas::default(),
        auto_fix_nonce: plan.auto_fix_nonce,
        max_retries: plan.max_retries,
        receipt_timeout: plan.receipt_timeout,
        confirmations: plan.confirmations,
        wallet_timeout_ms: plan.wallet_timeout_ms,
        on_progress,
    }
}

type Outcome = Result<(Vec<ogkit::eth::follow::Receipt>, Option<Address>), Error>;

async fn perform(world: &Shared, id: u32, plan: &IntentPlan, client: &Client, nonce: Option<u64>) -> Outcome {
    let tx = options(plan, nonce, on_progress(world, id));
    let pin = PinOptions { timeout: 10.0, ..PinOptions::json(Rc::clone(&tx.on_progress)) };
    let publish = PublishOptions { tx: tx.clone(), pin, total_timeout: plan.total_timeout.map(f64::from) };
    let published = |published: Published| (vec![published.receipt], Some(published.address));
    let me = account(&world.plan, plan.account);
    let write = |name: &str, arguments: Vec<Value>| (Write::named(name), arguments);
    let effects = effects(world, plan);
    let (function, arguments) = match (&plan.op, effects.first()) {
        (Op::Deposit(amount), _) => write("Vault.deposit", vec![Value::Address(me), Value::Amount(*amount)]),
        (Op::Withdraw(amount), _) => write("Vault.withdraw", vec![Value::Amount(*amount)]),
        (Op::Cancel(_), Some(Effect::Cancel { task, .. })) => write("Controller.cancelTask", vec![Value::Address(*task)]),
        (Op::Confirm(list), Some(Effect::Confirm { response, .. })) if list.len() == 1 => {
            write("Controller.confirmResponse", vec![Value::Address(*response)])
        }
        (Op::Confirm(_), _) => {
            let responses: Vec<Address> = effects
                .iter()
                .filter_map(|effect| match effect {
                    Effect::Confirm { response, .. } => Some(*response),
                    _ => None,
                })
                .collect();
            return client.confirm_responses(&responses, &tx).await.map(|receipts| (receipts, None));
        }
        (Op::PublishTask(payment), _) => {
            // From the chain's clock: a page's may be wrong by minutes.
            let expiry_time = EPOCH + 7200 + if plan.is_stable { plan.start_ms } else { world.exec.now() } / 1000;
            let info = TaskInfo { source: SOURCE, config: config(plan), expiry_time, payment: *payment };
            return client.publish_task(&info, &publish).await.map(published);
        }
        (Op::PublishSource, _) => return client.publish_source(&source(plan), &publish).await.map(published),
        (Op::FixNonces, _) => return nonces::fix(client, &tx).await.map(|_| (Vec::new(), None)),
        (Op::Cancel(_), _) => panic!("an intent without its effect: {plan:?}"),
    };
    let function = function.unwrap_or_else(|| panic!("the package lacks a function for {:?}", plan.op));
    client.call(function, &arguments, &tx).await.map(|receipt| (vec![receipt], None))
}
