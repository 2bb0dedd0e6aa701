//! What is printed: lines of a history, and the sums of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use alloy_primitives::Address;

use crate::faults::{Fault, KINDS};
use crate::plan::{ACCOUNTS, TOKENS, Trade};
use crate::shop;

/// A line with short names: what is known by its name, what is long by its beginning.
pub(crate) fn short(line: &str) -> String {
    let shops: Vec<(Address, String)> = (0..3).map(|at| (shop::payee(at), format!("seller-{at}"))).collect();
    let name = |address: Address| match address {
        _ if address == ACCOUNTS[0] => Some("account-0".to_owned()),
        _ if address == ACCOUNTS[1] => Some("account-1".to_owned()),
        _ if address == TOKENS[0] => Some("OPG".to_owned()),
        _ if address == TOKENS[1] => Some("USDC".to_owned()),
        _ => shops.iter().find(|(other, _)| *other == address).map(|(_, name)| name.clone()),
    };
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find("0x") {
        let (before, hex) = rest.split_at(at);
        out.push_str(before);
        let digits = hex[2..].bytes().take_while(u8::is_ascii_hexdigit).count();
        let (word, after) = hex.split_at(2 + digits);
        match word.parse::<Address>().ok().and_then(name) {
            Some(name) => out.push_str(&name),
            None if digits >= 40 => out.extend([&word[..10], "…"]),
            None => out.push_str(word),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

/// The sums of many worlds.
#[derive(Clone)]
pub(crate) struct Sums {
    pub(crate) worlds: u64,
    pub(crate) faults: [u64; KINDS],
    pub(crate) outcomes: BTreeMap<&'static str, u64>,
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// How many sellers traded in each way.
    pub(crate) trades: BTreeMap<Trade, u64>,
    /// How many worlds broke a promise, and the first seeds that did.
    pub(crate) violations: BTreeMap<&'static str, (u64, Vec<u64>)>,
    pub(crate) polls: u64,
}

impl Default for Sums {
    fn default() -> Self {
        let (outcomes, counts, violations) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { worlds: 0, faults: [0; KINDS], outcomes, counts, trades: BTreeMap::new(), violations, polls: 0 }
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
        for (key, count) in other.counts {
            *self.counts.entry(key).or_default() += count;
        }
        for (key, count) in other.trades {
            *self.trades.entry(key).or_default() += count;
        }
        for (key, (count, seeds)) in other.violations {
            let entry = self.violations.entry(key).or_default();
            entry.0 += count;
            entry.1.extend(seeds);
            entry.1.sort_unstable();
            entry.1.truncate(8);
        }
    }

    /// How many payments went out.
    pub(crate) fn payments(&self) -> u64 {
        self.counts.get("payments").copied().unwrap_or_default()
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
        out.push_str("how sellers traded:\n");
        for (trade, count) in &self.trades {
            let _ = writeln!(out, "  {:<28} {count:>10}", format!("{trade:?}"));
        }
        out.push_str("what there was:\n");
        for (what, count) in &self.counts {
            let _ = writeln!(out, "  {what:<28} {count:>10}");
        }
        for (kind, (count, seeds)) in &self.violations {
            let _ = writeln!(out, "VIOLATED: {kind}: {count} worlds, seeds {seeds:?}");
        }
        out
    }
}
