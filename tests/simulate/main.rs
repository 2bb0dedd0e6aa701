//! The simulator: a deterministic world around the real core. One seed is one history of a chain, its nodes, wallets, users and the
//! origin's tabs; the world's truth is held against what the caller was told.
//!
//! ```sh
//! make simulate                # 100 000 seeds
//! make simulate SEEDS=1000000  # so many
//! make simulate SEED=77        # one, with its history, shortened as far as it still breaks the same promise
//! make simulate SEED=77 KIND=twice  # this promise
//! ```
//!
//! * [`executor`]: one thread, virtual time.
//! * [`chain`], [`contracts`], [`accounts`]: blocks and the pool; what contracts and smart accounts do.
//! * [`node`], [`net`], [`wire`]: what endpoints answer, and how it gets lost.
//! * [`wallet`]: wallets and users.
//! * [`page`], [`caller`]: tabs, and the dApp in them.
//! * [`plan`], [`faults`]: what a seed decides.
//! * [`ledger`], [`oracle`]: the facts and the verdict.
//! * [`run`], [`report`]: a world's life, and what is printed.
//!
//! # What is promised, and so what is a violation
//!
//! Nothing that was meant once happens twice; a failure that says that nothing was sent, or that says nothing else, is true, now and
//! later; a success is one, and the caller's own; so is a failure of what was mined; no nonce is left out for ever; no lock and no claim
//! is kept by nobody; every call ends once its wallet has answered or is gone, and none waits without a word; and when all is over,
//! every account can write from every tab.
//!
//! # What is assumed, because nobody could promise anything without it
//!
//! * No endpoint is more than 3 seconds behind ([`world::MAX_STALE_MS`]), and its pool not more than 3 either.
//! * No wallet sends minutes after it has told the page that it failed: 8 seconds at most.
//! * A wallet that numbers transactions by itself meets endpoints that show the pool, and no private relay; and a call that is repeated
//!   has the calldata that it had, or may happen once more. So may one whose page died when such a wallet had taken a lower nonce than the
//!   suggested one, or had failed and was to send all the same: nothing that the page could have kept leads to it.
//! * A transaction whose nonce another one has taken in a block does not come back with a reorganisation.
//! * 4001, 5000 and the known words of a user's no come before anything is signed.
//! * A caller that goes on after an abort or a crash kept the last nonce and hash that it was told, as the guides advise.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a world that is not as it should be ends at once; the run tells its seed"
)]

#[macro_use]
mod swarm;

mod accounts;
mod caller;
mod chain;
mod contracts;
mod executor;
mod faults;
mod ledger;
mod net;
mod node;
mod oracle;
mod page;
mod plan;
mod report;
mod rng;
mod run;
mod shrink;
mod wallet;
mod wire;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use plan::Mask;
use report::Sums;

/// Seeds that once found something, with what they found. They run first.
const REGRESSIONS: &[(u64, &str)] = &[
    (1375, "a hash that comes in the moment in which its call gives up"),
    (3914, "two equal calls and one transaction"),
    (4735, "a nonce whose transaction the network drops while no endpoint answers"),
    (5619, "an operation that a reorganisation puts below the block at which the wallet was asked"),
    (6062, "a list of confirmations that goes on after one of them was refused"),
    (6456, "nonces that are reset beside a call that uses one"),
    (7447, "an abort in the moment of the wallet's answer"),
    (8901, "a wallet that numbers by itself and replaces what is pending"),
    (9505, "a page that dies when the wallet has taken a lower nonce"),
    (10479, "a nonce whose transaction a reorganisation drops"),
    (12199, "confirmations of two branches"),
    (14013, "a wallet that numbers by itself and broadcasts after it failed"),
    (18592, "a page that stands still until its time is up"),
    (28945, "an older version of the call, approved late, replaces the newer one"),
    (41901, "an abort while the wallet still sends"),
    (63840, "a page that stands still while the nonce is another's"),
    (71333, "an answer of an endpoint that was long on its way"),
    (128676, "an equal confirmation told on the way"),
    (133054, "the same transaction, signed again"),
    (139152, "a list that goes on, and whose nonce belongs to what is left out"),
    (141758, "an operation that is signed and not yet sent"),
    (199321, "an equal transaction under the nonce of an open window"),
    (257361, "a window of an equal call that is left open"),
    (270099, "a call that is given up before it asks"),
    (281737, "another call's transaction under the nonce of one that went to another chain"),
    (290146, "a batch's operation that a reorganisation puts below a block whose older operations could not be read"),
    (326307, "no endpoint answers the last look"),
    (437214, "another call uses the nonce, and the first one's transaction is sped up"),
    (541126, "the nonce is used by a call of a page that died, for another one of the list"),
    (634214, "a late answer in the moment in which its call is repeated"),
    (801831, "an answer that comes after the transaction was found"),
    (942147, "endpoints that differ just after each block"),
    (991944, "a list that is repeated while a node is behind"),
];

/// From so many seeds on each kind of fault must have struck.
const LARGE: u64 = 10_000;

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
    println!("replay: make simulate SEED={seed}");
}

/// Runs seeds on all cores.
fn many(first: u64, count: u64) -> Sums {
    let next = AtomicU64::new(first);
    let threads = number("THREADS").unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |cores| cores.get() as u64));
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    let mut sums = Sums::default();
                    loop {
                        let seed = next.fetch_add(1, Ordering::Relaxed);
                        if seed >= first + count {
                            return sums;
                        }
                        let verdict = run::run(seed, &Mask::default(), false);
                        sums.add(verdict.sums);
                    }
                })
            })
            .collect();
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
        let sums = many(begin, 200.min(first + count - begin));
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
    // Unoptimised, a world takes twenty times as long.
    let usual = if cfg!(debug_assertions) { 1000 } else { 10_000 };
    let (first, count) = (number("FIRST").unwrap_or(1), number("SEEDS").unwrap_or(usual));
    if number("HUNT").is_some() {
        return hunt(first, count);
    }
    let began = Instant::now();
    let sums = many(first, count);
    println!("{}", sums.text());
    let seconds = began.elapsed().as_secs_f64();
    println!("{count} seeds in {seconds:.1} s, {:.3} ms each, {} polls", seconds * 1000.0 / count as f64, sums.polls);
    for (kind, (_, seeds)) in &sums.violations {
        tell(seeds[0], kind);
    }
    assert!(sums.violations.is_empty(), "promises were broken: {:?}", sums.violations);
    if count >= LARGE {
        assert_eq!(sums.silent(), [""; 0], "kinds of faults that never struck");
    }
}

#[test]
fn regressions() {
    for (seed, name) in REGRESSIONS {
        let verdict = run::run(*seed, &Mask::default(), false);
        assert_eq!(verdict.violations, [], "{name}: make simulate SEED={seed}");
    }
}

#[test]
fn a_seed_is_one_history() {
    for seed in 1..40 {
        let [one, two] = [0, 1].map(|_| run::run(seed, &Mask::default(), true).history);
        assert_eq!(one, two, "seed {seed}");
    }
}
