//! When a signature ends. Its life begins with the chain's time where there is an RPC, else with the caller's clock. What a server says of
//! the time may shorten it and never lengthens it.

use super::offer::MIN_TIMEOUT;
use super::wire::parse_date;
use crate::io::HttpHead;

/// A server's clock counts when it differs from ours by more than this many seconds …
const SLACK: u64 = 5;
/// … and by no more than this: beyond, it is no clock.
const MAX_SKEW: u64 = 300;
/// A life that is shortened for a server's sake keeps at least this many seconds; otherwise it is not shortened.
const LEAST: u64 = 60;

/// The clocks that decide, in the order in which they are learnt.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clocks {
    /// What the server's `Date` said when our clock said …
    server: Option<(u64, u64)>,
    /// What is added to our clock to get the chain's.
    chain: i64,
}

impl Clocks {
    /// The clock of the server that answered.
    pub(super) fn of_server(head: Option<&HttpHead>, now: u64) -> Self {
        let date = head.and_then(|head| head.header("date")).and_then(parse_date);
        Self { server: date.map(|date| (date, now)), chain: 0 }
    }

    /// With the chain's time, where it is known.
    pub(super) fn with_chain(self, time: Option<u64>, now: u64) -> Self {
        let ahead = |time: u64| i64::try_from(i128::from(time) - i128::from(now)).unwrap_or_default();
        Self { chain: time.map_or(self.chain, ahead), ..self }
    }

    /// The time that decides.
    pub(super) const fn time(&self, now: u64) -> u64 {
        now.saturating_add_signed(self.chain)
    }

    /// A moment of the deciding clock by our own.
    pub(super) const fn ours(&self, time: u64) -> u64 {
        time.saturating_add_signed(self.chain.saturating_neg())
    }

    /// The deadline of a signature that is to live for `life` seconds from now. A server whose clock is behind refuses what ends too late
    /// by it, so it gets less, as long as that is of use.
    pub(super) fn deadline(&self, life: u64, now: u64) -> u64 {
        let behind = self.server.map_or(0, |(date, then)| self.time(then).saturating_sub(date));
        let behind = if (SLACK + 1..=MAX_SKEW).contains(&behind) { behind } else { 0 };
        let shorter = life.saturating_sub(behind);
        self.time(now).saturating_add(if shorter < LEAST { life } else { shorter })
    }

    /// Whether a facilitator would still take a signature with this deadline.
    pub(super) const fn is_good(&self, deadline: u64, now: u64) -> bool {
        self.time(now).saturating_add(MIN_TIMEOUT) <= deadline
    }
}
