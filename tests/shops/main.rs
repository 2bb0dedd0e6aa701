//! The simulator of sellers: a deterministic world around the real payer. One seed is one history of an origin's tabs, a wallet and its user, a
//! chain and its nodes, and sellers, most of which lie. The chain's balances are the only truth.
//!
//! ```sh
//! make simulate SHOPS=1                        # 100 000 seeds
//! make simulate SHOPS=1 PAYMENTS=1000000       # as many seeds as so many payments need
//! make simulate SHOPS=1 SEED=77                # one, with its history, shortened as far as it still breaks the same promise
//! make simulate SHOPS=1 SEED=77 KIND=session   # this promise
//! ```
//!
//! * `executor`, `rng`, `swarm`, `shrink`: those of the simulator of transactions (`tests/simulate`): one thread, virtual time, chance that
//!   repeats; when faults strike, and the shortest history.
//! * [`chain`], [`node`]: tokens, Permit2 and x402's contracts; what endpoints show of them.
//! * [`net`], [`shop`]: HTTP; what sellers demand, take and say.
//! * [`wallet`], [`page`], [`caller`]: windows, tabs with their claims and their store, and the dApp in them.
//! * [`plan`], [`faults`]: what a seed decides.
//! * [`facts`], [`oracle`]: what happened, and the verdict.
//! * [`run`], [`report`]: a world's life, and what is printed.
//!
//! # What is promised, and so what is a violation
//!
//! * `request`, `session`, `window`: no payment goes out that, with all that was or can still be taken, passes the limits of its client.
//! * `spent`: what counts is never less than that, whatever sellers say. `charged`: what a payment is told to have cost is what it cost.
//! * `twice`, `again`, `paid-twice`: a call opens one window for a payment at most; a payment is not sent again without the caller's word
//!   (a gateway's session without an id is told by its payment); who follows the errors' advice pays once for one request.
//! * `unpaid`: a failure that says that nothing was paid, or that says nothing else, is true, and so is an answer without a payment.
//! * `life`, `shown`: no signature ends later than `maxLife` allows, or than `onPayment` was told.
//! * `payee`, `contract`, `permit`: only what the policy allows is signed. `priced`: what is paid is the request that was priced.
//! * `credentials`, `host`: neither the caller's own headers nor a payment go to another origin, unless the policy lists it.
//! * `hang`: every call ends once its window is answered.
//!
//! # What is assumed, because nobody could promise anything without it
//!
//! * What an endpoint shows is true, though it may be 30 seconds old, and parts of a batch older than others. Where no endpoint can tell the
//!   chain's time, the computer's clock counts. That clock is the same for all tabs, and is not set while they run.
//! * A reorganisation settles anew what it took back, for the same amount, or not at all.
//! * What a session's server charges for a request that it refuses is within the cap that was signed; the chain does not tell for which of the
//!   session's requests it was taken.
//! * Without a store, what was paid is known as long as a page lives that paid it, or that paid or looked at its budget after it.
//! * `trustReceipts` gives the limits up.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a world that is not as it should be ends at once; the run tells its seed"
)]

#[macro_use]
#[allow(dead_code, reason = "no kind is forbidden here")]
#[path = "../simulate/swarm.rs"]
mod swarm;

mod caller;
mod chain;
#[allow(dead_code, reason = "pages are never frozen here")]
#[path = "../simulate/executor.rs"]
mod executor;
mod facts;
mod faults;
mod net;
mod node;
mod oracle;
mod page;
mod plan;
mod report;
#[allow(dead_code, reason = "the other simulator makes addresses of words, too")]
#[path = "../simulate/rng.rs"]
mod rng;
mod run;
mod shop;
#[path = "../simulate/shrink.rs"]
mod shrink;
mod wallet;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use plan::Mask;
use report::Sums;

/// Seeds that once found something, with what they found. They run first.
const REGRESSIONS: &[(u64, &str)] = &[(5, "an answer to a payment that is lost"), (30, "a receipt over less than is taken")];

/// From so many payments on each kind of fault must have struck.
const LARGE: u64 = 30_000;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Tells of a violation: its shortest history, and how to see it again.
fn tell(seed: u64, kind: &str) {
    let mask = shrink::shrink(seed, kind);
    let verdict = run::run(seed, &mask, true);
    println!("\n── seed {seed}: {kind}");
    for line in &verdict.history {
        println!("{line}");
    }
    for violation in &verdict.violations {
        println!("VIOLATED: {}: {}", violation.kind, violation.detail);
    }
    println!("replay: make simulate SHOPS=1 SEED={seed} KIND={kind}");
}

/// Runs seeds on all cores, until `count` are run or `payments` have gone out.
fn many(first: u64, count: u64, payments: u64) -> Sums {
    let (next, paid) = (AtomicU64::new(first), AtomicU64::new(0));
    let threads = number("THREADS").unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64));
    std::thread::scope(|scope| {
        let work = || {
            let mut sums = Sums::default();
            loop {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= first.saturating_add(count) || paid.load(Ordering::Relaxed) >= payments {
                    return sums;
                }
                let verdict = run::run(seed, &Mask::default(), false);
                paid.fetch_add(verdict.sums.payments(), Ordering::Relaxed);
                sums.add(verdict.sums);
            }
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let mut sums = Sums::default();
        for worker in workers {
            sums.add(worker.join().unwrap());
        }
        sums
    })
}

/// Looks for the first seed that breaks a promise: what a mutation must lead to.
fn hunt(first: u64, count: u64) {
    for begin in (first..first + count).step_by(200) {
        let sums = many(begin, 200.min(first + count - begin), u64::MAX);
        if let Some((kind, (_, seeds))) = sums.violations.first_key_value() {
            println!("FOUND {kind} in seed {}", seeds[0]);
            return;
        }
    }
    println!("FOUND nothing in {count} seeds");
}

#[test]
fn seeds() {
    if let Some(seed) = number("SEED") {
        let verdict = run::run(seed, &Mask::default(), true);
        let wanted = std::env::var("KIND").ok();
        let is_wanted = |kind: &str| wanted.as_ref().is_none_or(|wanted| wanted.is_empty() || wanted == kind);
        match verdict.violations.iter().find(|violation| is_wanted(violation.kind)) {
            Some(violation) => {
                tell(seed, violation.kind);
                panic!("seed {seed}: {}", violation.kind);
            }
            None => verdict.history.iter().for_each(|line| println!("{line}")),
        }
        return;
    }
    let payments = number("PAYMENTS");
    // Unoptimised, a world takes many times as long.
    let usual = if cfg!(debug_assertions) { 400 } else { 10_000 };
    let (first, count) = (number("FIRST").unwrap_or(1), number("SEEDS").unwrap_or(usual));
    if number("HUNT").is_some() {
        return hunt(first, count);
    }
    let began = Instant::now();
    let sums = if let Some(payments) = payments { many(first, u64::MAX, payments) } else { many(first, count, u64::MAX) };
    println!("{}", sums.text());
    let (paid, seconds) = (sums.payments(), began.elapsed().as_secs_f64());
    println!(
        "{paid} payments in {} seeds in {seconds:.1} s, {:.3} ms each, {} polls",
        sums.worlds,
        seconds * 1000.0 / paid.max(1) as f64,
        sums.polls
    );
    for (kind, (_, seeds)) in &sums.violations {
        tell(seeds[0], kind);
    }
    assert!(sums.violations.is_empty(), "promises were broken: {:?}", sums.violations);
    if paid >= LARGE {
        assert_eq!(sums.silent(), [""; 0], "kinds of faults that never struck");
    }
}

#[test]
fn regressions() {
    for (seed, name) in REGRESSIONS {
        let verdict = run::run(*seed, &Mask::default(), false);
        assert_eq!(verdict.violations, [], "{name}: make simulate SHOPS=1 SEED={seed}");
    }
}

#[test]
fn a_seed_is_one_history() {
    for seed in 1..20 {
        let [one, two] = [0, 1].map(|_| run::run(seed, &Mask::default(), true).history);
        assert_eq!(one, two, "seed {seed}");
    }
}
