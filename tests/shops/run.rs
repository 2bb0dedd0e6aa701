//! From a seed to a verdict: the world lives, settles and is judged.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use futures_util::FutureExt as _;

use crate::chain::CHAIN_ID;
use crate::executor::Owner;
use crate::facts::Violation;
use crate::faults::KINDS;
use crate::oracle;
use crate::plan::{Mask, TOKENS};
use crate::report::Sums;
use crate::world::{Shared, World};

/// How long things go wrong, in milliseconds.
const LIFE_MS: u64 = 3_000_000;
/// How long calls may take when nothing is wrong any more, and every window is answered.
const REST_MS: u64 = 400_000;
/// How long the last signatures live.
const QUIET_MS: u64 = 1_000_000;

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
        let sums = Sums { violations: [(kind, (1, vec![seed]))].into(), ..Sums::default() };
        let violations = vec![Violation { kind, detail: words }];
        return Verdict { violations, history: world.history(), faults: world.counted(), sums };
    }
    let mut sums = Sums { worlds: 1, polls: world.exec.polls(), ..Sums::default() };
    for (at, count) in world.counted().into_iter().enumerate() {
        sums.faults[at] = u64::from(count);
    }
    for shop in &world.plan.shops {
        *sums.trades.entry(shop.trade).or_default() += 1;
    }
    let violations = {
        let facts = world.facts.borrow();
        sums.outcomes.clone_from(&facts.outcomes);
        sums.counts.clone_from(&facts.sums);
        facts.violations.clone()
    };
    for violation in &violations {
        sums.violations.insert(violation.kind, (1, vec![seed]));
    }
    let history = world.history();
    world.end();
    Verdict { violations, history, faults: world.counted(), sums }
}

fn live(world: &Shared) {
    world.say(|| format!("{:?}", world.plan));
    world.start();
    for tab in 0..world.plan.tabs {
        crate::page::open(world, tab);
    }
    let wanted = world.plan.intents.len();
    let is_over = |world: &World| world.over.get() >= wanted;
    world.run(LIFE_MS, is_over);
    world.settle();
    let is_idle = |world: &World| is_over(world) && world.facts.borrow().calls.iter().all(|call| call.has_ended);
    world.run(REST_MS, is_idle);
    world.run(QUIET_MS, |_| false);
    last_look(world);
    oracle::judge(world);
}

/// When all is over, each page says what counts.
fn last_look(world: &Shared) {
    let later = Rc::clone(world);
    let task = async move {
        let payers: Vec<_> = {
            let pages = later.pages.borrow();
            pages.iter().flat_map(|page| page.payers.iter().map(|clients| (page.id, clients[0].clone()))).collect()
        };
        for (page, payer) in payers {
            for token in TOKENS {
                let seen = oracle::floor(&later, page, payer.account, token);
                if seen.is_empty() {
                    continue;
                }
                match payer.spent(CHAIN_ID, token).await {
                    Ok(told) => oracle::spent(&later, page, &seen, told.to()),
                    Err(error) => {
                        let detail = format!("page {page} cannot say what counts: {error}");
                        later.facts.borrow_mut().violated("hang", detail);
                    }
                }
            }
        }
        later.looked.set();
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
    if !world.run(REST_MS, |world| world.looked.is_set()) {
        world.facts.borrow_mut().violated("hang", "what counts is not told".to_owned());
    }
}
