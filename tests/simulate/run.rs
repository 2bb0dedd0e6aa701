//! From a seed to a verdict: the world lives, settles, is probed and judged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use alloy_primitives::U256;
use futures_util::FutureExt as _;
use ogkit::error::Kind;

use crate::executor::Owner;
use crate::faults::KINDS;
use crate::ledger::{Told, Violation};
use crate::oracle;
use crate::plan::{IntentPlan, Mask, Op};
use crate::report::Sums;
use crate::world::{Shared, World};

/// How long things go wrong, in milliseconds.
const LIFE_MS: u64 = 200_000;
/// How long a world has to come to rest: longer than the longest receipt time-out and look-up.
const REST_MS: u64 = 1_200_000;
/// How long the last windows and blocks need.
const QUIET_MS: u64 = 45_000;
/// How long a write may take when nothing is wrong.
const PROBE_MS: u64 = 150_000;

/// What came out of a world.
pub(crate) struct Verdict {
    pub(crate) violations: Vec<Violation>,
    pub(crate) history: Vec<String>,
    pub(crate) faults: [u32; KINDS],
    pub(crate) sums: Sums,
}

/// Lives through one seed.
pub(crate) fn run(seed: u64, mask: &Mask, is_told: bool) -> Verdict {
    let world = World::new(seed, mask, is_told);
    let outcome = catch_unwind(AssertUnwindSafe(|| live(&world)));
    if let Err(panic) = outcome {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned())).unwrap_or_default();
        // What was borrowed when it happened stays so, and the world is left as it is.
        let kind = if words.starts_with("the simulator") { "simulator" } else { "panic" };
        let violations = vec![Violation { kind, detail: words }];
        return Verdict { violations, history: world.history(), faults: world.counted(), sums: Sums::default() };
    }
    let mut sums = Sums { worlds: 1, polls: world.exec.polls(), ..Sums::default() };
    for (at, count) in world.counted().into_iter().enumerate() {
        sums.faults[at] = u64::from(count);
    }
    sums.wallets.insert(world.plan.wallet, 1);
    let (violations, history);
    {
        let ledger = world.ledger.borrow();
        sums.outcomes = ledger.outcomes.iter().map(|(code, count)| (*code, u64::from(*count))).collect();
        sums.steps = ledger.steps.iter().map(|(step, count)| (*step, u64::from(*count))).collect();
        violations = ledger.violations.clone();
        history = world.history();
    }
    for violation in &violations {
        sums.violations.insert(violation.kind, (1, vec![seed]));
    }
    world.end();
    Verdict { violations, history, faults: world.counted(), sums }
}

fn live(world: &Shared) {
    world.say(|| format!("{:?}", world.plan));
    for plan in world.plan.intents.clone() {
        crate::caller::register(world, plan);
    }
    world.start();
    watch(world);
    for tab in 0..world.plan.tabs {
        crate::page::open(world, tab);
    }
    let is_over = |world: &World| world.ledger.borrow().intents.values().all(|intent| intent.is_over);
    world.run(LIFE_MS, is_over);
    world.settle();
    // Whatever is not answered by then never will be, and users reload what hangs.
    world.run(QUIET_MS, |_| false);
    if crate::wallet::waiting(world) > 0 {
        crate::wallet::reload(world);
    }
    let is_idle = |world: &World| is_over(world) && world.ledger.borrow().calls.iter().all(|call| call.ended.is_some());
    world.run(REST_MS, is_idle);
    world.run(QUIET_MS, |_| false);
    oracle::at_rest(world);
    if world.ledger.borrow().violations.is_empty() {
        probe(world);
        world.run(QUIET_MS, |_| false);
    }
    oracle::judge(world);
}

fn watch(world: &Shared) {
    let later = Rc::clone(world);
    let task = async move {
        loop {
            later.exec.sleep(1500).await;
            oracle::listen(&later);
        }
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

/// When nothing is wrong any more, each account can write from each tab.
fn probe(world: &Shared) {
    let pages: Vec<u32> = world.pages.borrow().iter().map(|page| page.id).collect();
    for page in pages {
        for account in 0..world.plan.accounts {
            let number = 1000 + usize::try_from(page).unwrap_or_default() * 10 + account;
            let plan = IntentPlan {
                number,
                op: Op::Deposit(U256::from(number)),
                tab: 0,
                account,
                start_ms: 0,
                auto_fix_nonce: true,
                max_retries: 3,
                receipt_timeout: 120,
                confirmations: 1,
                wallet_timeout_ms: None,
                total_timeout: None,
                is_stable: true,
            };
            crate::caller::register(world, plan.clone());
            let later = Rc::clone(world);
            let task = async move {
                let told = crate::caller::once(&later, page, &plan).await;
                let is_other_chain = later.endpoints.iter().any(|endpoint| endpoint.is_other_chain);
                let is_misled = is_other_chain && matches!(told, Some(Told::Failure(Kind::WrongChain { .. })));
                if !matches!(told, Some(Told::Success { .. })) && !is_misled {
                    let told = told.map_or_else(|| "it cannot connect".to_owned(), |told| crate::report::told(&told));
                    later.ledger.borrow_mut().violated("stuck", format!("a new write of page {page} does not succeed: {told}"));
                }
                if let Some(intent) = later.ledger.borrow_mut().intents.get_mut(&number) {
                    intent.is_over = true;
                }
            };
            world.exec.spawn_for(Owner { page, call: 0 }, task.boxed_local());
            let is_over = |world: &World| world.ledger.borrow().intents.get(&number).is_some_and(|intent| intent.is_over);
            if !world.run(PROBE_MS, is_over) {
                let detail = format!("a new write of page {page} waits for ever");
                world.ledger.borrow_mut().violated("stuck", detail);
            }
        }
    }
}
