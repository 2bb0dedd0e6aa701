//! libFuzzer around the targets: `TARGET` names the one, `SAMPLES` the folder that its samples are written to, which libFuzzer then reads as
//! a corpus.

#![no_main]

#[path = "../../targets/mod.rs"]
mod targets;
#[path = "../../world.rs"]
mod world;

use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use targets::Target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fn target() -> &'static Target {
    TARGET.get_or_init(|| {
        let name = std::env::var("TARGET").expect("TARGET names one");
        targets::all().into_iter().find(|target| target.name == name).expect("TARGET names one of the targets")
    })
}

fn write_samples() {
    let Ok(folder) = std::env::var("SAMPLES") else { return };
    for (at, sample) in (target().samples)().iter().enumerate() {
        std::fs::write(format!("{folder}/sample{at}"), sample).expect("the folder is there");
    }
}

fuzz_target!(init: write_samples(), |data: &[u8]| (target().run)(data));
