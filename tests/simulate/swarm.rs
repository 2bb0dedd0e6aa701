//! Which kinds of fault a world has, and when they strike. Both simulators have this; each has kinds of its own.
//!
//! Each seed switches on a few kinds (swarm testing: a world with all of them at once hides what two of them do together). Each kind
//! draws from a stream of its own, and draws whether or not it is switched on: a kind that is taken out of a history leaves
//! the others as they were.

use crate::faults::{FIRST_STREAM, Fault, KINDS, KINDS_STREAM};
use crate::rng::Rng;

macro_rules! faults {
    ($($(#[$doc:meta])* $name:ident $rate:literal;)+) => {
        /// A kind of fault.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Fault { $($(#[$doc])* $name),+ }

        impl Fault {
            /// Every kind.
            pub(crate) const ALL: &[Self] = &[$(Self::$name),+];
            /// Its name in summaries and for `WITHOUT`.
            pub(crate) const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),+ }
            }
            /// How often it strikes, in a thousand occasions, where it is switched on.
            pub(crate) const fn rate(self) -> u64 {
                match self { $(Self::$name => $rate),+ }
            }
        }
    };
}

/// The faults of one world.
pub(crate) struct Faults {
    on: [bool; KINDS],
    streams: Vec<Rng>,
    scale: u64,
    quiet: bool,
    /// How often each kind may still strike.
    left: [u32; KINDS],
}

impl Faults {
    /// Draws the kinds of a seed; those in `without` stay off, and those in `limits` strike only so often.
    pub(crate) fn new(seed: u64, without: &[Fault], limits: &[(Fault, u32)]) -> Self {
        let mut rng = Rng::new(seed, KINDS_STREAM);
        let share = rng.pick(&[0, 30, 60, 60, 120, 120, 250, 400]);
        let scale = rng.pick(&[50, 100, 100, 200]);
        let mut on = [false; KINDS];
        for (at, fault) in Fault::ALL.iter().enumerate() {
            on[at] = rng.chance(share) && !without.contains(fault);
        }
        let streams = (0..KINDS as u64).map(|at| Rng::new(seed, FIRST_STREAM + at)).collect();
        let mut left = [u32::MAX; KINDS];
        for (fault, times) in limits {
            left[*fault as usize] = *times;
        }
        Self { on, streams, scale, quiet: false, left }
    }

    /// An occasion for a fault: whether it strikes.
    pub(crate) fn strikes(&mut self, fault: Fault) -> bool {
        let at = fault as usize;
        let rate = if fault.rate() == 1000 { 1000 } else { fault.rate() * self.scale / 100 };
        let strikes = self.streams[at].chance(rate) && self.on[at] && !self.quiet && self.left[at] > 0;
        if strikes {
            self.left[at] -= 1;
        }
        strikes
    }

    /// Whether a kind is switched on, without an occasion.
    pub(crate) const fn has(&self, fault: Fault) -> bool {
        self.on[fault as usize]
    }

    /// From now on nothing goes wrong any more.
    pub(crate) const fn settle(&mut self) {
        self.quiet = true;
    }

    /// Turns a kind off.
    pub(crate) const fn forbid(&mut self, fault: Fault) {
        self.on[fault as usize] = false;
    }
}
