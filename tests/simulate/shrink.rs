//! From a verdict to the shortest history that still shows it. Both simulators have this.

use crate::faults::Fault;
use crate::plan::{Mask, Plan};
use crate::run::run;
use crate::swarm::Faults;

/// Takes out of a world whatever its violation does not need. Answers what is taken out.
pub(crate) fn shrink(seed: u64, kind: &str) -> Mask {
    let mut mask = Mask::default();
    let still = |mask: &Mask| run(seed, mask, false).violations.iter().any(|violation| violation.kind == kind);
    let all = Faults::new(seed, &[], &[]);
    let plan = Plan::new(seed, &mask, &mut Faults::new(seed, &[], &[]));
    for _ in 0..3 {
        let before = mask.clone();
        for intent in &plan.intents {
            if !mask.intents.contains(&intent.number) {
                let mut less = mask.clone();
                less.intents.push(intent.number);
                if still(&less) {
                    mask = less;
                }
            }
        }
        for fault in Fault::ALL.iter().filter(|fault| all.has(**fault)) {
            if !mask.faults.contains(fault) {
                let mut less = mask.clone();
                less.faults.push(*fault);
                if still(&less) {
                    mask = less;
                }
            }
        }
        if mask == before {
            break;
        }
    }
    // Of what strikes often, the first few may do.
    let counts = run(seed, &mask, false).faults;
    for fault in Fault::ALL {
        let (mut low, mut high) = (0, counts[*fault as usize]);
        while low < high {
            let middle = low + (high - low) / 2;
            let mut less = mask.clone();
            less.limits.push((*fault, middle));
            if still(&less) { high = middle } else { low = middle + 1 }
        }
        if high < counts[*fault as usize] {
            mask.limits.push((*fault, high));
        }
    }
    mask
}
