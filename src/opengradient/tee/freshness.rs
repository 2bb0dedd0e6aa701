//! Whether an answer was signed for the question that was just asked, and not kept from an earlier one.

use alloy_primitives::{B256, keccak256};

/// The tolerance between the enclave's clock and ours, in seconds, unless the caller says otherwise.
pub const MAX_SKEW: u64 = 120;
/// So many signatures are remembered.
const CAPACITY: usize = 4096;

/// When an answer may have been signed. Unix seconds.
#[derive(Clone, Copy, Debug)]
pub struct Window {
    /// When the question went out.
    pub asked: u64,
    /// When the answer was there.
    pub now: u64,
    /// How far the enclave's clock may be off, in seconds.
    pub max_skew: u64,
}

impl Window {
    /// Whether a timestamp lies between the question and the answer, give or take the tolerance.
    pub const fn holds(&self, timestamp: u64) -> bool {
        timestamp.saturating_add(self.max_skew) >= self.asked && timestamp <= self.now.saturating_add(self.max_skew)
    }
}

/// The signatures that a client has accepted: each is good once.
///
/// Memory is bounded: of more than 4096 the oldest ones are forgotten, and from then on nothing is accepted that was signed
/// at their time or before. Honest answers are newer, because enclaves sign when they answer.
#[derive(Debug, Default)]
pub struct Accepted {
    /// By time.
    known: Vec<(u64, B256)>,
    /// What was signed up to here, unix seconds, is not accepted any more.
    forgotten: Option<u64>,
}

impl Accepted {
    /// Takes a valid signature; `false` when it was taken before, or is so old that this is not known any more.
    pub fn take(&mut self, timestamp: u64, signature: &[u8]) -> bool {
        let entry = (timestamp, keccak256(signature));
        if self.forgotten.is_some_and(|end| timestamp <= end) {
            return false;
        }
        let Err(at) = self.known.binary_search(&entry) else { return false };
        self.known.insert(at, entry);
        if self.known.len() > CAPACITY {
            let (oldest, _) = self.known.remove(0);
            self.forgotten = Some(oldest);
            self.known.retain(|(time, _)| *time > oldest);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_lies_between_question_and_answer() {
        let window = Window { asked: 1000, now: 1030, max_skew: 120 };
        for (timestamp, holds) in
            [(0, false), (879, false), (880, true), (1000, true), (1030, true), (1150, true), (1151, false), (u64::MAX, false)]
        {
            assert_eq!(window.holds(timestamp), holds, "{timestamp}");
        }
        let exact = Window { max_skew: 0, ..window };
        assert_eq!([999, 1000, 1030, 1031].map(|timestamp| exact.holds(timestamp)), [false, true, true, false]);
        assert!(Window { asked: u64::MAX, now: u64::MAX, max_skew: u64::MAX }.holds(0));
    }

    #[test]
    fn a_signature_is_good_once() {
        let mut accepted = Accepted::default();
        assert!(accepted.take(5, b"a") && accepted.take(5, b"b") && accepted.take(4, b"c"));
        assert!(!accepted.take(5, b"a") && !accepted.take(5, b"b") && !accepted.take(4, b"c"));
    }

    #[test]
    fn memory_is_bounded_and_forgets_nothing_that_could_come_again() {
        let mut accepted = Accepted::default();
        let signature = |index: u64| index.to_be_bytes();
        for index in 0..3 * CAPACITY as u64 {
            assert!(accepted.take(index / 10, &signature(index)), "{index}");
            assert!(accepted.known.len() <= CAPACITY);
        }
        for index in 0..3 * CAPACITY as u64 {
            assert!(!accepted.take(index / 10, &signature(index)), "{index}");
        }
    }
}
