//! What was signed for. A signature counts as spent from the moment its window opens: the seller may settle it at any
//! time before its deadline.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, U256};

use super::payment::PaymentRecord;

/// A block's time may lie behind the clock's by so many seconds.
const GRACE: u64 = 60;
/// So many payments are looked up at once.
const MAX_QUESTIONS: usize = 32;
/// So many origins' receivers are remembered.
const MAX_PAYEES: usize = 1024;

/// What is known of a signature's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It may be asked of the wallet, or may be settled.
    Open,
    /// The server says that it charged nothing: unspent, once the deadline has passed.
    Denied,
    /// Settled for the counted amount.
    Settled,
}

#[derive(Clone, Debug)]
struct Entry {
    id: u64,
    /// When, in unix seconds.
    at: u64,
    chain_id: u64,
    asset: Address,
    /// What counts as spent.
    amount: U256,
    deadline: u64,
    fate: Fate,
    /// What the chain can be asked about, once it is signed.
    record: Option<PaymentRecord>,
}

impl Entry {
    const fn is_over(&self, now: u64) -> bool {
        self.deadline.saturating_add(GRACE) < now
    }
}

/// The book of signatures, shared by all payers that share its limits. It lives in memory.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    /// What was settled so long ago that only its sum matters.
    past: Vec<(u64, Address, U256)>,
    payees: Vec<(String, Address)>,
    next: u64,
}

impl Ledger {
    /// All that was signed for in a token and not given back, in its smallest unit.
    pub fn spent(&self, chain_id: u64, asset: Address) -> U256 {
        let past = self.past.iter().filter(|(chain, token, _)| *chain == chain_id && *token == asset);
        past.fold(self.spent_since(chain_id, asset, 0), |sum, (.., amount)| sum.saturating_add(*amount))
    }

    /// What was signed for from a moment on (unix seconds), within the policy's longest span.
    pub fn spent_since(&self, chain_id: u64, asset: Address, since: u64) -> U256 {
        let counts = |entry: &&Entry| entry.chain_id == chain_id && entry.asset == asset && entry.at >= since;
        self.entries.iter().filter(counts).fold(U256::ZERO, |sum, entry| sum.saturating_add(entry.amount))
    }

    /// Whom an origin was paid through last.
    pub fn payee(&self, origin: &str) -> Option<Address> {
        self.payees.iter().find(|(name, _)| name == origin).map(|(_, payee)| *payee)
    }

    /// Forgets whom an origin was paid through, so that another receiver may be paid.
    pub fn forget_payee(&mut self, origin: &str) {
        self.payees.retain(|(name, _)| name != origin);
    }

    /// Gives back what was refused and can no longer be settled; on chains that can be asked (`asked`), their word counts.
    pub(super) fn sweep(&mut self, now: u64, asked: impl Fn(u64) -> bool) {
        self.entries.retain(|entry| entry.fate != Fate::Denied || !entry.is_over(now) || asked(entry.chain_id));
    }

    /// Adds up what was settled before a moment; the entries themselves go.
    pub(super) fn fold(&mut self, before: u64) {
        let past = &mut self.past;
        self.entries.retain(|entry| {
            let keep = entry.fate != Fate::Settled || entry.at >= before;
            if !keep {
                match past.iter_mut().find(|(chain, token, _)| *chain == entry.chain_id && *token == entry.asset) {
                    Some((.., sum)) => *sum = sum.saturating_add(entry.amount),
                    None => past.push((entry.chain_id, entry.asset, entry.amount)),
                }
            }
            keep
        });
    }

    /// Payments on a chain that can no longer be settled, and of which only the chain knows whether they were.
    pub(super) fn unknown(&self, chain_id: u64, now: u64) -> Vec<(u64, PaymentRecord)> {
        let open = |entry: &&Entry| entry.chain_id == chain_id && entry.fate != Fate::Settled && entry.is_over(now);
        let found = self.entries.iter().filter(open).filter_map(|entry| Some((entry.id, entry.record.clone()?)));
        found.take(MAX_QUESTIONS).collect()
    }

    /// The chain's word on a payment: its nonce is used, or never will be.
    pub(super) fn resolve(&mut self, id: u64, used: bool) {
        if used {
            if let Some(entry) = self.find(id) {
                entry.fate = Fate::Settled;
            }
        } else {
            self.entries.retain(|entry| entry.id != id);
        }
    }

    fn find(&mut self, id: u64) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.id == id)
    }
}

/// An amount that is taken out of the limits; dropping it gives it back unless it was [kept](Reservation::keep).
pub(super) struct Reservation {
    ledger: Rc<RefCell<Ledger>>,
    id: u64,
    kept: bool,
}

impl Reservation {
    pub(super) fn new(ledger: &Rc<RefCell<Ledger>>, chain_id: u64, asset: Address, amount: U256, now: u64) -> Self {
        let mut book = ledger.borrow_mut();
        let id = book.next;
        book.next += 1;
        book.entries.push(Entry { id, at: now, chain_id, asset, amount, deadline: u64::MAX, fate: Fate::Open, record: None });
        Self { ledger: Rc::clone(ledger), id, kept: false }
    }

    /// The signature goes out: it counts, whatever happens to this value.
    pub(super) fn keep(&mut self, record: &PaymentRecord) {
        self.kept = true;
        let mut book = self.ledger.borrow_mut();
        book.forget_payee(&record.origin);
        if book.payees.len() >= MAX_PAYEES {
            book.payees.remove(0);
        }
        book.payees.push((record.origin.clone(), record.pay_to));
        if let Some(entry) = book.find(self.id) {
            entry.deadline = record.deadline;
            entry.record = Some(record.clone());
        }
    }

    /// The server says that it charged nothing.
    pub(super) fn denied(&self) {
        if let Some(entry) = self.ledger.borrow_mut().find(self.id) {
            entry.fate = Fate::Denied;
        }
    }

    /// It was settled for `amount`, and can be settled only once.
    pub(super) fn settled(&self, amount: U256) {
        if let Some(entry) = self.ledger.borrow_mut().find(self.id) {
            entry.amount = entry.amount.min(amount);
            entry.fate = Fate::Settled;
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        if !self.kept {
            self.ledger.borrow_mut().entries.retain(|entry| entry.id != self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use alloy_primitives::B256;

    use super::*;
    use crate::x402::offer::{Method, Scheme};

    const TOKEN: Address = Address::repeat_byte(1);

    #[test]
    fn what_is_reserved_counts_until_it_is_shown_unspent() {
        let ledger = Rc::new(RefCell::new(Ledger::default()));
        let spent = || ledger.borrow().spent(1, TOKEN).to::<u64>();
        let reserve = |amount: u64, at: u64| Reservation::new(&ledger, 1, TOKEN, U256::from(amount), at);
        let dropped = reserve(100, 0);
        assert_eq!(spent(), 100);
        drop(dropped);
        assert_eq!(spent(), 0);

        let record = PaymentRecord {
            scheme: Scheme::Upto,
            network: "eip155:1".to_owned(),
            chain_id: 1,
            asset: TOKEN,
            amount: U256::from(40),
            from: TOKEN,
            pay_to: TOKEN,
            origin: "https://x".to_owned(),
            deadline: 1000,
            nonce: B256::ZERO,
            method: Method::Permit2,
            reused: false,
        };
        let (mut one, mut two, mut three) = (reserve(10, 100), reserve(20, 200), reserve(40, 300));
        for reservation in [&mut one, &mut two, &mut three] {
            reservation.keep(&record);
        }
        one.denied();
        two.settled(U256::from(5));
        assert_eq!(spent(), 10 + 5 + 40);
        // A receipt above the signature counts for no more than was signed.
        two.settled(U256::from(500));
        drop((one, two, three));
        assert_eq!(spent(), 55);
        assert_eq!(ledger.borrow().spent_since(1, TOKEN, 200).to::<u64>(), 45);
        assert_eq!(ledger.borrow().spent(2, TOKEN), U256::ZERO);
        ledger.borrow_mut().sweep(1000 + GRACE, |_| false);
        ledger.borrow_mut().sweep(1001 + GRACE, |chain_id| chain_id == 1);
        assert_eq!(spent(), 55);
        // The chain is asked about all but what is settled.
        assert_eq!(ledger.borrow().unknown(1, 1000 + GRACE), []);
        let ids: Vec<u64> = ledger.borrow().unknown(1, 1001 + GRACE).into_iter().map(|(id, _)| id).collect();
        assert_eq!(ids, [1, 3]);
        ledger.borrow_mut().resolve(3, true);
        assert_eq!((spent(), ledger.borrow().unknown(1, 2000).len()), (55, 1));
        ledger.borrow_mut().sweep(1001 + GRACE, |_| false);
        assert_eq!(spent(), 45);
        ledger.borrow_mut().fold(200);
        assert_eq!((spent(), ledger.borrow().entries.len()), (45, 2));
        ledger.borrow_mut().fold(201);
        assert_eq!((spent(), ledger.borrow().entries.len()), (45, 1));
        ledger.borrow_mut().resolve(3, false);
        assert_eq!(spent(), 5);
        assert_eq!(ledger.borrow().payee("https://x"), Some(TOKEN));
    }
}
