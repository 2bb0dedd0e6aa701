//! How long is waited between looks at a chain that fail.

use std::cell::RefCell;

use crate::error::Error;
use crate::io::Clock;

/// The least pause after a failed look, and the longest.
const MIN_RETRY_MS: u64 = 100;
pub(super) const MAX_RETRY_MS: u64 = 15_000;
/// The pause grows with the outage: it is this part of the time since its beginning. So a node that was away for a minute is seen again
/// within two seconds, and one that was away for hours is not asked more often than is polite.
const RETRY_PART: u64 = 40;

/// The looks that fail, one after the other.
#[derive(Default)]
pub(super) struct Outage(RefCell<Option<Failed>>);

/// A look that failed.
#[derive(Clone)]
pub(super) struct Failed {
    pub(super) error: Error,
    /// How long that has been so, in milliseconds.
    pub(super) lasted_ms: u64,
    /// The pause before the next look.
    pub(super) retry_ms: u64,
    /// When it failed.
    at_ms: u64,
}

impl Outage {
    /// A look failed. The pause is up to a quarter longer or shorter by chance, so that the watchers of many pages do not come back
    /// together.
    pub(super) fn failed(&self, error: Error, clock: &dyn Clock) -> Failed {
        let at_ms = clock.now_ms();
        let began_ms = self.last().map_or(at_ms, |last| last.at_ms.saturating_sub(last.lasted_ms));
        let lasted_ms = at_ms.saturating_sub(began_ms);
        let [chance, ..] = clock.random();
        let retry_ms = (lasted_ms / RETRY_PART).clamp(MIN_RETRY_MS, MAX_RETRY_MS * 4 / 5) * (192 + u64::from(chance) / 2) / 256;
        let failed = Failed { error, lasted_ms, retry_ms, at_ms };
        *self.0.borrow_mut() = Some(failed.clone());
        failed
    }

    /// The last look, where that failed.
    pub(super) fn last(&self) -> Option<Failed> {
        self.0.borrow().clone()
    }

    /// The next look is not before this moment, in milliseconds.
    pub(super) fn until(&self) -> u64 {
        self.0.borrow().as_ref().map_or(0, |last| last.at_ms.saturating_add(last.retry_ms))
    }

    /// A look succeeded.
    pub(super) fn ended(&self) {
        *self.0.borrow_mut() = None;
    }
}
