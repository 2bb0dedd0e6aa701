//! What is printed: lines of a history, and the sums of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use alloy_primitives::Address;
use ogkit::io::Progress;

use crate::chain::Executed;
use crate::contracts::CONTRACTS;
use crate::faults::{Fault, KINDS};
use crate::ledger::{Effect, Told};
use crate::plan::WalletKind;
use crate::wallet;

/// A line with short names: hashes by their beginning, what is known by its name.
pub(crate) fn short(line: &str) -> String {
    let names: [(Address, &str); 8] = [
        (CONTRACTS.nexus, "Nexus"),
        (CONTRACTS.controller, "Controller"),
        (CONTRACTS.vault, "Vault"),
        (wallet::STRANGER, "stranger"),
        (wallet::EXECUTOR, "executor"),
        (wallet::BUNDLER, "bundler"),
        (Address::repeat_byte(0xc1), "account-0"),
        (Address::repeat_byte(0xc2), "account-1"),
    ];
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("0x") {
        let (before, hex) = rest.split_at(at);
        out.push_str(before);
        let digits = hex[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let (word, after) = hex.split_at(2 + digits);
        let known = word.parse::<Address>().ok().and_then(|address| names.iter().find(|(other, _)| *other == address));
        match known {
            Some((_, name)) => out.push_str(name),
            None if digits >= 40 => out.extend([&word[..10], "…"]),
            None => out.push_str(word),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// A transaction in a block.
pub(crate) fn executed(executed: &Executed) -> String {
    let tx = &executed.tx;
    let mut out = format!("{} from {} nonce {}", tx.hash, tx.from, tx.nonce);
    for inner in &executed.inner {
        let effect = Effect::read(inner.account, inner.to, inner.value, &inner.data);
        let _ = write!(out, ", {} {effect:?}", if inner.succeeded { "did" } else { "failed to do" });
    }
    out
}

/// How a call ended.
pub(crate) fn told(told: &Told) -> String {
    match told {
        Told::Success { receipts, made } => {
            let hashes: Vec<String> = receipts.iter().map(|receipt| receipt.hash.to_string()).collect();
            format!("success, in {}{}", hashes.join(", "), made.map(|made| format!(", made {made}")).unwrap_or_default())
        }
        Told::Failure(kind) => format!("{}: {kind}", kind.code()),
    }
}

/// A step's name.
pub(crate) const fn step(step: &Progress) -> &'static str {
    match step {
        Progress::Hashing { .. } => "hashing",
        Progress::Uploading { .. } => "uploading",
        Progress::Uploaded { .. } => "uploaded",
        Progress::Simulated { .. } => "simulated",
        Progress::Signing { .. } => "signing",
        Progress::WaitingForWindow => "waitingForWindow",
        Progress::NonceReused { .. } => "nonceReused",
        Progress::Searching { .. } => "searching",
        Progress::AwaitingApproval { .. } => "awaitingApproval",
        Progress::Sent { .. } => "sent",
        Progress::NonceIgnored { .. } => "nonceIgnored",
        Progress::Retrying { .. } => "retrying",
        Progress::Replaced { .. } => "replaced",
        Progress::Confirming { .. } => "confirming",
        Progress::Reorganised { .. } => "reorganised",
        Progress::Mined { .. } => "mined",
        Progress::Deployed { .. } => "deployed",
        Progress::Scheduling { .. } => "scheduling",
    }
}

/// The sums of many worlds.
#[derive(Clone)]
pub(crate) struct Sums {
    pub(crate) worlds: u64,
    pub(crate) faults: [u64; KINDS],
    pub(crate) outcomes: BTreeMap<&'static str, u64>,
    pub(crate) steps: BTreeMap<&'static str, u64>,
    /// How many worlds had each kind of wallet.
    pub(crate) wallets: BTreeMap<WalletKind, u64>,
    /// How many worlds broke a promise, and the first seeds that did.
    pub(crate) violations: BTreeMap<&'static str, (u64, Vec<u64>)>,
    pub(crate) polls: u64,
}

impl Default for Sums {
    fn default() -> Self {
        let (outcomes, steps, violations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { worlds: 0, faults: [0; KINDS], outcomes, steps, wallets: BTreeMap::new(), violations, polls: 0 }
    }
}

impl Sums {
    /// Adds another's.
    pub(crate) fn add(&mut self, other: Self) {
        self.worlds += other.worlds;
        self.polls += other.polls;
        for (at, count) in other.faults.into_iter().enumerate() {
            self.faults[at] += count;
        }
        for (key, count) in other.outcomes {
            *self.outcomes.entry(key).or_default() += count;
        }
        for (key, count) in other.steps {
            *self.steps.entry(key).or_default() += count;
        }
        for (key, count) in other.wallets {
            *self.wallets.entry(key).or_default() += count;
        }
        for (key, (count, seeds)) in other.violations {
            let entry = self.violations.entry(key).or_default();
            entry.0 += count;
            entry.1.extend(seeds);
            entry.1.sort_unstable();
            entry.1.truncate(8);
        }
    }

    /// The kinds of faults that never struck.
    pub(crate) fn silent(&self) -> Vec<&'static str> {
        Fault::ALL.iter().filter(|fault| self.faults[**fault as usize] == 0).map(|fault| fault.name()).collect()
    }

    /// As text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::from("faults that struck:\n");
        for fault in Fault::ALL {
            let _ = writeln!(out, "  {:<28} {:>10}", fault.name(), self.faults[*fault as usize]);
        }
        out.push_str("how calls ended:\n");
        for (code, count) in &self.outcomes {
            let _ = writeln!(out, "  {code:<28} {count:>10}");
        }
        out.push_str("what was told on the way:\n");
        for (step, count) in &self.steps {
            let _ = writeln!(out, "  {step:<28} {count:>10}");
        }
        out.push_str("whose worlds they were:\n");
        for (wallet, count) in &self.wallets {
            let _ = writeln!(out, "  {:<28} {count:>10}", format!("{wallet:?}"));
        }
        for (kind, (count, seeds)) in &self.violations {
            let _ = writeln!(out, "VIOLATED: {kind}: {count} worlds, seeds {seeds:?}");
        }
        out
    }
}
