//! Fuzz targets for every decoder of foreign bytes, and a runner of them that needs no instrumented build.
//!
//! ```sh
//! make fuzz DECODERS=1                     # 1,000,000 inputs of each target
//! make fuzz DECODERS=1 INPUTS=n TARGET=car # so many of one
//! make fuzz DECODERS=1 TARGET=car SEED=77  # one input, told
//! make fuzz DECODERS=1 TARGET=car LIBFUZZER=1 # the same target by libFuzzer, for SECONDS=n
//! ```
//!
//! * [`targets`]: what is decoded, and what must hold.
//! * [`mutate`]: an input for each seed, made of valid samples.
//! * [`run`]: one input; a target's inputs in a process of their own; all targets, and what is printed.
//! * [`world`]: servers and wallets that answer with the input, for decoders behind a call.
//!
//! `corpus/<target>/` holds inputs that once found something, and samples that no vector has. They run first, as they are.
//! `libfuzzer/` is a crate of its own, which runs the same targets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a target panics where something does not hold"
)]

mod mutate;
#[allow(dead_code, reason = "the simulator's, which needs more of it")]
#[path = "../simulate/rng.rs"]
mod rng;
mod run;
mod targets;
mod world;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

#[test]
fn decoders() {
    run::main();
}

#[test]
fn what_does_not_hold_is_found() {
    run::finds();
}
