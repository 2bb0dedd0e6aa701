//! The book of nonces, shared by all tabs of an origin.
//!
//! A reservation is a claim on a name (`chain:account:nonce`) that [`io::Tabs`](crate::io::Tabs) grants to one tab
//! at a time. The next nonce is the lowest from the chain's pending count on that nobody has claimed, so a nonce that
//! is given back is the next to be taken: there is never a gap and never a double, and a tab that dies loses its
//! claims. A nonce that was used stays claimed until the chain's pending count has left it behind, because a node may
//! not know a fresh transaction for seconds.
//!
//! A nonce whose transaction may or may not be out is in doubt: the next write takes it again as long as the chain's count
//! has not passed it. Two transactions with one nonce cannot both be mined, and none is ever stuck behind a nonce that nobody
//! uses. A mark, which is a claim on another name, tells the other tabs of the doubt.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, B256};

use crate::error::{Error, Kind};
use crate::io::{Claim, Tabs};

/// Claims that are kept after the chain's count has passed them: another call may have read an older count, from the same node or one
/// that lags, and would take the nonce again.
const KEPT: u64 = 16;
/// Transactions whose calls are remembered.
const MAX_FOLLOWED: usize = 64;
/// At most this many transactions of one account may be under way.
const MAX_AHEAD: u64 = 1024;

type Key = (u64, Address);

/// A nonce that this tab has to do with. There are a handful: a list is smaller than a map.
struct Entry {
    key: Key,
    nonce: u64,
    /// Held while a transaction of ours uses the nonce; absent when it is in doubt, and the next write may take it.
    claim: Option<Rc<dyn Claim>>,
    /// Tells the other tabs of the doubt. Absent where another tab has marked it.
    _mark: Option<Rc<dyn Claim>>,
    /// Tells that two calls have used the nonce.
    _shared: Option<Rc<dyn Claim>>,
}

/// Hashes, and the claims on them.
type Followed = Vec<(B256, Rc<dyn Claim>)>;

/// One book for the whole module.
#[derive(Clone, Default)]
pub struct NonceBook {
    entries: Rc<RefCell<Vec<Entry>>>,
    /// The transactions and the operations of smart accounts that calls of this tab follow.
    followed: Rc<RefCell<Followed>>,
}

/// A nonce that nobody else will take. Dropping it gives the nonce back.
pub struct Reservation {
    book: NonceBook,
    /// The nonce.
    pub nonce: u64,
    /// Whether an earlier write may use the nonce too.
    pub reused: bool,
    entry: Entry,
}

/// The reservation of a nonce while what becomes of it is waited for. Dropped before that is known, it puts the nonce in doubt at
/// once, so that the next write does not leave a gap behind it.
pub(super) struct Open(pub(super) Rc<RefCell<Option<Reservation>>>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(reservation) = self.0.borrow_mut().take() {
            reservation.doubt();
        }
    }
}

impl NonceBook {
    /// Reserves the lowest free nonce at or above the chain's `pending` count.
    ///
    /// # Errors
    /// [`Kind::Nonce`] when 1024 transactions are under way.
    pub async fn reserve(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, pending: u64) -> Result<Reservation, Error> {
        let key = (chain_id, account);
        self.entries.borrow_mut().retain(|entry| entry.key != key || entry.nonce.saturating_add(KEPT) >= pending);
        for nonce in pending..pending.saturating_add(MAX_AHEAD) {
            if let Some(claim) = tabs.claim(name("nonce", key, nonce)).await {
                return Ok(self.reservation(tabs, key, nonce, Some(claim)).await);
            }
        }
        let suggested = pending;
        Err(Error::from(Kind::Nonce { address: account, tried: pending + MAX_AHEAD, suggested, hash: None }))
    }

    /// Takes exactly `nonce`, as the caller asked, whether or not it is claimed: replacing a stuck transaction needs
    /// just that.
    pub async fn take(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, nonce: u64) -> Reservation {
        let key = (chain_id, account);
        let claim = tabs.claim(name("nonce", key, nonce)).await;
        self.reservation(tabs, key, nonce, claim).await
    }

    async fn reservation(&self, tabs: &dyn Tabs, key: Key, nonce: u64, claim: Option<Rc<dyn Claim>>) -> Reservation {
        let mark = tabs.claim(name("doubt", key, nonce)).await;
        let reused = mark.is_none() && claim.is_some();
        let shared = if reused { tabs.claim(name("shared", key, nonce)).await } else { None };
        let claim = claim.unwrap_or_else(|| Rc::new(Unclaimed));
        let entry = Entry { key, nonce, claim: Some(claim), _mark: mark, _shared: shared };
        Reservation { book: self.clone(), nonce, reused, entry }
    }

    /// Records that a transaction of ours uses `nonce`, which the wallet chose by itself. `false` when another call of this
    /// origin uses that nonce, or may use it: the transaction is that call's.
    pub async fn adopt(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, nonce: u64) -> bool {
        let key = (chain_id, account);
        let claim = tabs.claim(name("nonce", key, nonce)).await;
        let is_free = claim.is_some() && tabs.claim(name("doubt", key, nonce)).await.is_some();
        if is_free {
            self.entries.borrow_mut().push(Entry { key, nonce, claim, _mark: None, _shared: None });
        }
        is_free
    }

    /// Whether another call of this origin has used the doubtful nonce since.
    pub async fn is_shared(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, nonce: u64) -> bool {
        let key = (chain_id, account);
        tabs.claim(name("nonce", key, nonce)).await.is_none() || tabs.claim(name("shared", key, nonce)).await.is_none()
    }

    /// Records that a call of this tab follows a transaction, or a smart account's operation by its own name. `false` when another call
    /// of this origin does: two calls with the same calldata never take one transaction for both.
    pub async fn adopt_hash(&self, tabs: &dyn Tabs, chain_id: u64, id: B256) -> bool {
        let claim = tabs.claim(format!("ogkit:hash:{chain_id}:{id}")).await;
        let adopted = claim.is_some();
        let mut followed = self.followed.borrow_mut();
        followed.extend(claim.map(|claim| (id, claim)));
        let surplus = followed.len().saturating_sub(MAX_FOLLOWED);
        followed.drain(..surplus);
        adopted
    }

    /// Gives a transaction up whose call ended without knowing what became of it: one that repeats the call may take it over.
    pub fn disown(&self, id: B256) {
        self.followed.borrow_mut().retain(|(followed, _)| *followed != id);
    }

    /// The next nonce by this tab's book: one above the highest that is used and not yet seen on chain.
    pub fn cached(&self, chain_id: u64, account: Address) -> Option<u64> {
        let entries = self.entries.borrow();
        let used = entries.iter().filter(|entry| entry.key == (chain_id, account) && entry.claim.is_some());
        used.map(|entry| entry.nonce + 1).max()
    }

    /// Gives one nonce back: the wallet used another.
    pub fn release(&self, chain_id: u64, account: Address, nonce: u64) {
        self.entries.borrow_mut().retain(|entry| entry.key != (chain_id, account) || entry.nonce != nonce);
    }

    /// Ends the doubt about a nonce: it was not used after all.
    pub fn clear_doubt(&self, chain_id: u64, account: Address, nonce: u64) {
        let of = |entry: &Entry| entry.key == (chain_id, account) && entry.nonce == nonce && entry.claim.is_none();
        self.entries.borrow_mut().retain(|entry| !of(entry));
    }

    /// Gives a used nonce back and marks it as doubtful: the node knows nothing of its transaction, which may still come.
    pub fn doubt(&self, chain_id: u64, account: Address, nonce: u64) {
        let mut entries = self.entries.borrow_mut();
        let of = entries.iter_mut().filter(|entry| entry.key == (chain_id, account) && entry.nonce == nonce);
        of.for_each(|entry| entry.claim = None);
    }

    /// Forgets what is used for one account.
    pub fn reset(&self, chain_id: u64, account: Address) {
        self.entries.borrow_mut().retain(|entry| entry.key != (chain_id, account));
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.entries.borrow_mut().clear();
    }
}

impl Reservation {
    /// Keeps the nonce claimed: a transaction with it is out.
    pub fn keep(self) {
        let (chain_id, account) = self.entry.key;
        self.book.clear_doubt(chain_id, account, self.nonce);
        self.book.entries.borrow_mut().push(self.entry);
    }

    /// Gives the nonce back and marks it: a transaction with it may be out.
    pub fn doubt(self) {
        let book = self.book.clone();
        book.entries.borrow_mut().push(Entry { claim: None, ..self.entry });
    }
}

fn name(what: &str, (chain_id, account): Key, nonce: u64) -> String {
    format!("ogkit:{what}:{chain_id}:{account:?}:{nonce}")
}

struct Unclaimed;
impl Claim for Unclaimed {}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::io::fake::FakeTabs;

    const ACCOUNT: Address = Address::ZERO;

    fn reserve(book: &NonceBook, tabs: &FakeTabs, pending: u64) -> Option<Reservation> {
        book.reserve(tabs, 1, ACCOUNT, pending).now_or_never()?.ok()
    }

    #[test]
    fn two_books_never_take_the_same_nonce_and_a_gap_is_filled_first() {
        let tabs = FakeTabs::default();
        let (one, two) = (NonceBook::default(), NonceBook::default());
        let first = reserve(&one, &tabs, 5);
        let second = reserve(&two, &tabs, 5);
        assert_eq!(first.as_ref().map(|r| r.nonce), Some(5));
        assert_eq!(
            second.map(|r| {
                let nonce = r.nonce;
                r.keep();
                nonce
            }),
            Some(6)
        );
        drop(first);
        let filled = reserve(&two, &tabs, 5);
        assert_eq!(filled.as_ref().map(|r| r.nonce), Some(5));
        assert_eq!(reserve(&one, &tabs, 5).map(|r| r.nonce), Some(7));
        assert_eq!(two.cached(1, ACCOUNT), Some(7));
    }

    #[test]
    fn a_used_nonce_is_taken_no_second_time_by_a_call_that_read_an_older_count() {
        let tabs = FakeTabs::default();
        let book = NonceBook::default();
        if let Some(r) = reserve(&book, &tabs, 0) {
            r.keep();
        }
        assert_eq!(reserve(&book, &tabs, 0).map(|r| r.nonce), Some(1));
        assert_eq!(reserve(&book, &tabs, 1).map(|r| r.nonce), Some(1));
        assert_eq!(reserve(&book, &tabs, 0).map(|r| r.nonce), Some(1), "although the count has passed it");
        assert_eq!(reserve(&book, &tabs, KEPT + 1).map(|r| r.nonce), Some(KEPT + 1));
        assert_eq!(book.cached(1, ACCOUNT), None);
        assert!(tabs.0.borrow().is_empty());
    }

    #[test]
    fn a_nonce_in_doubt_is_the_next_to_be_taken_and_every_tab_is_told() {
        let tabs = FakeTabs::default();
        let (one, two) = (NonceBook::default(), NonceBook::default());
        if let Some(r) = reserve(&one, &tabs, 5) {
            assert!(!r.reused);
            r.doubt();
        }
        for book in [&one, &two] {
            assert_eq!(reserve(book, &tabs, 5).map(|r| (r.nonce, r.reused)), Some((5, true)));
        }
        one.clear_doubt(1, ACCOUNT, 5);
        assert_eq!(reserve(&two, &tabs, 5).map(|r| (r.nonce, r.reused)), Some((5, false)));
        // A transaction that a node has forgotten leaves its nonce in doubt too.
        if let Some(r) = reserve(&one, &tabs, 5) {
            r.keep();
        }
        assert_eq!(reserve(&two, &tabs, 5).map(|r| r.nonce), Some(6));
        one.doubt(1, ACCOUNT, 5);
        assert_eq!(reserve(&two, &tabs, 5).map(|r| (r.nonce, r.reused)), Some((5, true)));
    }

    proptest::proptest! {
        #[test]
        fn concurrent_reservations_are_consecutive(kept in proptest::collection::vec(proptest::bool::ANY, 1..40), start in 0_u64..1000) {
            let tabs = FakeTabs::default();
            let books = [NonceBook::default(), NonceBook::default()];
            let mut expected = start;
            for (index, keep) in kept.into_iter().enumerate() {
                let Some(book) = books.get(index % 2) else { continue };
                let reservation = reserve(book, &tabs, start);
                proptest::prop_assert_eq!(reservation.as_ref().map(|r| r.nonce), Some(expected));
                if let (true, Some(r)) = (keep, reservation) {
                    r.keep();
                    expected += 1;
                }
            }
        }
    }
}
