//! What was signed for. A signature counts as spent from the moment its window opens: the seller may settle it at any
//! time before its deadline.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use alloy_primitives::{Address, U256};

/// A block's time may lie behind the clock's by so many seconds.
const GRACE: u64 = 60;
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
}

/// The book of signatures, shared by all payers that share its limits. It lives in memory.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    payees: BTreeMap<String, Address>,
    next: u64,
}

impl Ledger {
    /// All that was signed for in a token and not given back, in its smallest unit.
    pub fn spent(&self, chain_id: u64, asset: Address) -> U256 {
        self.spent_since(chain_id, asset, 0)
    }

    /// The same, from a moment on (unix seconds).
    pub fn spent_since(&self, chain_id: u64, asset: Address, since: u64) -> U256 {
        let counts = |entry: &&Entry| entry.chain_id == chain_id && entry.asset == asset && entry.at >= since;
        self.entries.iter().filter(counts).fold(U256::ZERO, |sum, entry| sum.saturating_add(entry.amount))
    }

    /// Whom an origin was paid through last.
    pub fn payee(&self, origin: &str) -> Option<Address> {
        self.payees.get(origin).copied()
    }

    /// Forgets whom an origin was paid through, so that another receiver may be paid.
    pub fn forget_payee(&mut self, origin: &str) {
        self.payees.remove(origin);
    }

    /// Gives back what was refused and can no longer be settled.
    pub(super) fn sweep(&mut self, now: u64) {
        self.entries.retain(|entry| entry.fate != Fate::Denied || entry.deadline.saturating_add(GRACE) >= now);
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
        book.entries.push(Entry { id, at: now, chain_id, asset, amount, deadline: u64::MAX, fate: Fate::Open });
        Self { ledger: Rc::clone(ledger), id, kept: false }
    }

    /// The signature goes out: it counts, whatever happens to this value.
    pub(super) fn keep(&mut self, origin: &str, payee: Address, deadline: u64) {
        self.kept = true;
        let mut book = self.ledger.borrow_mut();
        if book.payees.len() < MAX_PAYEES {
            book.payees.insert(origin.to_owned(), payee);
        }
        if let Some(entry) = book.find(self.id) {
            entry.deadline = deadline;
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
    use super::*;

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

        let (mut one, mut two, mut three) = (reserve(10, 100), reserve(20, 200), reserve(40, 300));
        for reservation in [&mut one, &mut two, &mut three] {
            reservation.keep("https://x", TOKEN, 1000);
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
        ledger.borrow_mut().sweep(1000 + GRACE);
        assert_eq!(spent(), 55);
        ledger.borrow_mut().sweep(1001 + GRACE);
        assert_eq!(spent(), 45);
        assert_eq!(ledger.borrow().payee("https://x"), Some(TOKEN));
    }
}
