//! What really happened: which signatures were given and sent, and which calls were made.

use std::collections::{BTreeMap, BTreeSet};

use alloy_primitives::B256;

use crate::chain::Grant;
use crate::plan::{Caps, IntentPlan};

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Violation {
    /// Which promise.
    pub(crate) kind: &'static str,
    pub(crate) detail: String,
}

/// A payment that the user signed.
#[derive(Clone, Debug)]
pub(crate) struct Payment {
    pub(crate) grant: Grant,
    pub(crate) call: u32,
    pub(crate) page: u32,
    /// The hex text of the signature.
    pub(crate) signature: String,
    /// When it was signed, in milliseconds.
    pub(crate) at_ms: u64,
    /// It went out.
    pub(crate) is_sent: bool,
    /// The limits of the client that asked for it.
    pub(crate) caps: Caps,
}

/// A request as it goes over the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) method: &'static str,
    pub(crate) url: String,
    pub(crate) body: Vec<u8>,
}

/// A call of the core's.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) page: u32,
    pub(crate) intent: IntentPlan,
    /// The origin that the caller named.
    pub(crate) origin: String,
    pub(crate) retry_paid: bool,
    pub(crate) sessions: bool,
    pub(crate) caps: Caps,
    /// The deadline that the caller was shown.
    pub(crate) shown: Option<u64>,
    /// How many windows for payments it opened.
    pub(crate) windows: u32,
    /// The request that was answered with a demand last.
    pub(crate) demanded: Option<Asked>,
    pub(crate) task: usize,
    pub(crate) has_ended: bool,
}

#[derive(Default)]
pub(crate) struct Facts {
    pub(crate) payments: Vec<Payment>,
    /// Permits (EIP-2612) by their signatures: until when they are good.
    pub(crate) permits: BTreeMap<String, u64>,
    pub(crate) calls: Vec<Call>,
    pub(crate) violations: Vec<Violation>,
    pub(crate) outcomes: BTreeMap<&'static str, u64>,
    /// What is counted besides.
    pub(crate) sums: BTreeMap<&'static str, u64>,
    pub(crate) pages: u32,
    /// The payments that each living page knows of, by their nonces.
    pub(crate) known: BTreeMap<u32, BTreeSet<B256>>,
}

impl Facts {
    /// A call by its number, which begins with 1.
    pub(crate) fn call(&mut self, call: u32) -> Option<&mut Call> {
        self.calls.get_mut(usize::try_from(call).ok()?.checked_sub(1)?)
    }

    /// A promise is broken.
    pub(crate) fn violated(&mut self, kind: &'static str, detail: String) {
        self.violations.push(Violation { kind, detail });
    }

    pub(crate) fn count(&mut self, what: &'static str) {
        *self.sums.entry(what).or_default() += 1;
    }
}
