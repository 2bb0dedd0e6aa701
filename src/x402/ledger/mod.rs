//! What was signed for. A signature counts with its whole amount from the moment its window opens, because the seller may settle it at
//! any time before its deadline. Only the chain gives back: what it shows as taken counts from then on, and nothing once the nonce can no
//! longer be used. A receipt is the seller's claim, and gives back only where the caller says so (`trust_receipts`).

mod shared;
#[cfg(test)]
mod tests;
mod text;

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, B256, U256};

pub use self::shared::{Share, Store};
use super::payment::PaymentRecord;

/// A block's time may lie behind the clock's by so many seconds.
const GRACE: u64 = 60;
/// So many payments are looked up at once.
const MAX_QUESTIONS: usize = 32;
/// More entries than these are summed up.
const MAX_ENTRIES: usize = 1000;
/// What came back is remembered for so many seconds, so that nobody who knew it as open brings it back.
const MEMORY: u64 = 86_400;
/// So many origins' receivers are remembered.
const MAX_PAYEES: usize = 1024;

/// What is known of a signature's fate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It may be asked of the wallet, or may be settled.
    Open,
    /// The server says that it charged nothing, and is believed: unspent, once the deadline has passed.
    Denied,
    /// Settled for the counted amount.
    Settled,
}

/// The place of a transfer on chain: its transaction, and its index among the block's logs.
pub(super) type Transfer = (B256, u64);

#[derive(Clone, Debug)]
struct Entry {
    /// When it was reserved, and from then on when it was signed, in unix seconds.
    at: u64,
    /// What is signed; its nonce names the entry.
    record: PaymentRecord,
    /// It is known to be signed: its deadline is by the chain's clock. Before, it is by the caller's, and leaves the user time.
    is_signed: bool,
    /// What counts as spent.
    amount: U256,
    /// The newest block before it was signed, where the chain was read: the transfer is in a later one.
    from_block: Option<u64>,
    fate: Fate,
    /// A call of this page has it in hand: its deadline is not settled yet, and the chain is not asked.
    in_hand: bool,
    /// The transfer that took it. No two payments share one.
    transfer: Option<Transfer>,
}

impl Entry {
    /// It costs nothing. The entry stays for a while, for those who know it as open.
    const fn give_back(&mut self) {
        self.amount = U256::ZERO;
        self.fate = Fate::Settled;
    }

    fn is_nothing(&self) -> bool {
        self.fate == Fate::Settled && self.amount.is_zero()
    }

    /// Takes over what another tab, or an earlier visit, knows of the same payment.
    fn learn(&mut self, other: Self) {
        if self.fate != Fate::Settled && other.fate != Fate::Open && !self.in_hand {
            (self.fate, self.amount, self.transfer) = (other.fate, other.amount, other.transfer);
        }
        self.from_block = self.from_block.or(other.from_block);
        if other.is_signed && !self.is_signed {
            (self.is_signed, self.at, self.record.deadline) = (true, other.at, other.record.deadline);
        }
        if let Some(charged) = other.record.charged.get() {
            self.record.charged.set(Some(charged));
        }
    }
}

/// A payment whose fate the chain is asked about.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) record: PaymentRecord,
    is_signed: bool,
    pub(super) from_block: Option<u64>,
}

impl Question {
    /// Whether no block takes the payment any more that comes after one of this time, seen when our own clock said `now`.
    pub(super) const fn is_over(&self, block_time: u64, now: u64) -> bool {
        let deadline = self.record.deadline;
        if self.is_signed { block_time > deadline } else { now > deadline.saturating_add(GRACE) }
    }
}

/// The book of an account's signatures, shared by all its payers, by the origin's tabs and with the caller's store (see [`Share`]).
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    /// What was settled so long ago that only its sum matters.
    past: Vec<(u64, Address, U256)>,
    payees: Vec<(String, Address)>,
}

impl Ledger {
    /// All that was signed for in a token and not given back, in its smallest unit.
    pub fn spent(&self, chain_id: u64, asset: Address) -> U256 {
        let past = self.past.iter().filter(|(chain, token, _)| *chain == chain_id && *token == asset);
        past.fold(self.spent_since(chain_id, asset, 0), |sum, (.., amount)| sum.saturating_add(*amount))
    }

    /// What was signed for from a moment on (unix seconds), within the policy's longest span, and what is being signed.
    pub fn spent_since(&self, chain_id: u64, asset: Address, since: u64) -> U256 {
        // What is not known to be signed may be signed up to the end of its reservation.
        let counts = |entry: &&Entry| {
            let latest = if entry.is_signed { entry.at } else { entry.record.deadline };
            entry.record.chain_id == chain_id && entry.record.asset == asset && latest >= since
        };
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

    /// Gives back what a trusted server refused and what can no longer be settled; on chains that can be asked (`asked`), their word
    /// counts.
    pub(super) fn sweep(&mut self, now: u64, asked: impl Fn(u64) -> bool) {
        for entry in &mut self.entries {
            let is_over = entry.record.deadline.saturating_add(GRACE) < now;
            if entry.fate == Fate::Denied && is_over && !asked(entry.record.chain_id) {
                entry.give_back();
            }
        }
        self.entries.retain(|entry| !entry.is_nothing() || entry.at.saturating_add(MEMORY) >= now);
    }

    /// Adds up what was settled before a moment, where there are many; the entries themselves go. A tab that knows them counts them twice
    /// from then on, which makes its limits tighter.
    pub(super) fn fold(&mut self, before: u64) {
        if self.entries.len() <= MAX_ENTRIES {
            return;
        }
        let past = &mut self.past;
        self.entries.retain(|entry| {
            let (chain_id, asset) = (entry.record.chain_id, entry.record.asset);
            let keep = entry.fate != Fate::Settled || entry.at >= before;
            if !keep {
                match past.iter_mut().find(|(chain, token, _)| *chain == chain_id && *token == asset) {
                    Some((.., sum)) => *sum = sum.saturating_add(entry.amount),
                    None => past.push((chain_id, asset, entry.amount)),
                }
            }
            keep
        });
    }

    /// Payments on a chain whose fate is open, the oldest first, and as many as are asked about at once.
    pub(super) fn questions(&self, chain_id: u64) -> Vec<Question> {
        let is_open = |entry: &&Entry| entry.record.chain_id == chain_id && entry.fate != Fate::Settled && !entry.in_hand;
        let open = self.entries.iter().filter(is_open);
        let ask = |entry: &Entry| {
            let &Entry { is_signed, from_block, .. } = entry;
            Question { record: entry.record.clone(), is_signed, from_block }
        };
        open.take(MAX_QUESTIONS).map(ask).collect()
    }

    /// How many payments of a chain have passed their deadline with their fate open.
    pub(super) fn overdue(&self, chain_id: u64, now: u64) -> usize {
        let open = self.questions(chain_id);
        open.iter().filter(|question| question.record.deadline.saturating_add(GRACE) < now).count()
    }

    /// Whether a transfer on chain is known to have settled a payment.
    pub(super) fn is_taken(&self, transfer: Transfer) -> bool {
        self.entries.iter().any(|entry| entry.transfer == Some(transfer))
    }

    /// The chain's word: `amount` was taken, by this transfer.
    pub(super) fn charged(&mut self, nonce: B256, amount: U256, transfer: Transfer) {
        if let Some(entry) = self.find(nonce) {
            entry.amount = amount;
            entry.fate = Fate::Settled;
            entry.transfer = Some(transfer);
            entry.record.charged.set(Some(amount));
        }
    }

    /// The chain's word: the nonce is used, and what was taken is not to be told. It counts with its whole amount.
    pub(super) fn used(&mut self, nonce: B256) {
        if let Some(entry) = self.find(nonce) {
            entry.fate = Fate::Settled;
        }
    }

    /// The chain's word: the nonce is unused, and no block takes it any more.
    pub(super) fn unspent(&mut self, nonce: B256) {
        if let Some(entry) = self.find(nonce) {
            entry.record.charged.set(Some(U256::ZERO));
            entry.give_back();
        }
    }

    /// A trusted server says that it charged nothing.
    pub(super) fn denied(&mut self, nonce: B256) {
        if let Some(entry) = self.find(nonce) {
            entry.fate = Fate::Denied;
        }
    }

    /// A trusted server says that it took `amount`; the nonce can be used only once.
    pub(super) fn claimed(&mut self, nonce: B256, amount: U256) {
        if let Some(entry) = self.find(nonce) {
            entry.amount = entry.amount.min(amount);
            entry.fate = Fate::Settled;
        }
    }

    fn find(&mut self, nonce: B256) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.record.nonce == nonce)
    }
}

/// An amount that is taken out of the limits; dropping it gives it back unless it was [kept](Reservation::keep).
pub(super) struct Reservation {
    ledger: Rc<RefCell<Ledger>>,
    nonce: B256,
    kept: bool,
}

impl Reservation {
    /// Takes what `record` is going to be signed for out of the limits.
    pub(super) fn new(ledger: &Rc<RefCell<Ledger>>, record: PaymentRecord, now: u64) -> Self {
        let (nonce, amount) = (record.nonce, record.amount);
        let (is_signed, in_hand) = (false, true);
        let entry = Entry { at: now, record, is_signed, amount, from_block: None, fate: Fate::Open, in_hand, transfer: None };
        ledger.borrow_mut().entries.push(entry);
        Self { ledger: Rc::clone(ledger), nonce, kept: false }
    }

    /// The signature goes out at `now`: it counts, whatever happens to this value. `from_block` is the newest block before it was signed.
    pub(super) fn keep(&mut self, record: &PaymentRecord, from_block: Option<u64>, now: u64) {
        self.kept = true;
        let mut book = self.ledger.borrow_mut();
        book.forget_payee(&record.origin);
        if book.payees.len() >= MAX_PAYEES {
            book.payees.remove(0);
        }
        book.payees.push((record.origin.clone(), record.pay_to));
        if let Some(entry) = book.find(self.nonce) {
            (entry.record, entry.at) = (record.clone(), now);
            (entry.is_signed, entry.from_block, entry.in_hand) = (true, from_block, false);
            // Whatever another tab made of it before it was signed.
            (entry.amount, entry.fate) = (record.amount, Fate::Open);
        }
    }
}

impl Reservation {
    /// Gives it back, unless it was kept.
    pub(super) fn end(&mut self) {
        if !std::mem::replace(&mut self.kept, true) {
            let mut ledger = self.ledger.borrow_mut();
            if let Some(entry) = ledger.find(self.nonce) {
                entry.give_back();
                entry.in_hand = false;
            }
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.end();
    }
}
