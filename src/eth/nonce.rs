//! The book of nonces, shared by all tabs of an origin.
//!
//! A reservation is a claim on a name (`chain:account:nonce`) that [`io::Tabs`](crate::io::Tabs) grants to one tab
//! at a time. The next nonce is the lowest from the chain's pending count on that nobody has claimed, so a nonce that
//! is given back is the next to be taken: there is never a gap and never a double, and a tab that dies loses its
//! claims. A nonce that was used stays claimed until the chain's pending count has passed it, because a node may not
//! know a fresh transaction for seconds.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::Address;

use crate::error::{Error, Kind};
use crate::io::{Claim, Tabs};

/// At most this many transactions of one account may be under way.
const MAX_AHEAD: u64 = 1024;

type Key = (u64, Address);
/// Nonces in use and not seen on chain yet. There are a handful: a list is smaller than a map.
type Used = Vec<(Key, u64, Rc<dyn Claim>)>;

/// One book for the whole module.
#[derive(Clone, Default)]
pub struct NonceBook {
    used: Rc<RefCell<Used>>,
}

/// A nonce that nobody else will take. Dropping it gives the nonce back.
pub struct Reservation {
    book: NonceBook,
    key: Key,
    /// The nonce.
    pub nonce: u64,
    claim: Rc<dyn Claim>,
}

impl NonceBook {
    /// Reserves the lowest free nonce at or above the chain's `pending` count.
    ///
    /// # Errors
    /// [`Kind::Nonce`] when 1024 transactions are under way.
    pub async fn reserve(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, pending: u64) -> Result<Reservation, Error> {
        self.forget_below(chain_id, account, pending);
        for nonce in pending..pending.saturating_add(MAX_AHEAD) {
            if let Some(claim) = tabs.claim(name(chain_id, account, nonce)).await {
                return Ok(Reservation { book: self.clone(), key: (chain_id, account), nonce, claim });
            }
        }
        let suggested = pending;
        Err(Error::from(Kind::Nonce { address: account, tried: pending + MAX_AHEAD, suggested, hash: None }))
    }

    /// Takes exactly `nonce`, as the caller asked, whether or not it is claimed: replacing a stuck transaction needs
    /// just that.
    pub async fn take(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, nonce: u64) -> Reservation {
        let claim = tabs.claim(name(chain_id, account, nonce)).await.unwrap_or_else(|| Rc::new(Unclaimed));
        Reservation { book: self.clone(), key: (chain_id, account), nonce, claim }
    }

    /// The next nonce by this tab's book: one above the highest that is used and not yet seen on chain.
    pub fn cached(&self, chain_id: u64, account: Address) -> Option<u64> {
        let used = self.used.borrow();
        used.iter().filter(|(key, ..)| *key == (chain_id, account)).map(|(_, nonce, _)| nonce + 1).max()
    }

    /// Gives one nonce back: the wallet used another.
    pub fn release(&self, chain_id: u64, account: Address, nonce: u64) {
        self.used.borrow_mut().retain(|(key, used, _)| *key != (chain_id, account) || *used != nonce);
    }

    /// Forgets what is used for one account.
    pub fn reset(&self, chain_id: u64, account: Address) {
        self.used.borrow_mut().retain(|(key, ..)| *key != (chain_id, account));
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.used.borrow_mut().clear();
    }

    fn forget_below(&self, chain_id: u64, account: Address, pending: u64) {
        self.used.borrow_mut().retain(|(key, nonce, _)| *key != (chain_id, account) || *nonce >= pending);
    }
}

impl Reservation {
    /// Keeps the nonce claimed: a transaction with it may be out.
    pub fn keep(self) {
        self.book.used.borrow_mut().push((self.key, self.nonce, self.claim));
    }
}

fn name(chain_id: u64, account: Address, nonce: u64) -> String {
    format!("ogkit:nonce:{chain_id}:{account:?}:{nonce}")
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
    fn a_used_nonce_is_forgotten_once_the_chain_has_passed_it() {
        let tabs = FakeTabs::default();
        let book = NonceBook::default();
        if let Some(r) = reserve(&book, &tabs, 0) {
            r.keep();
        }
        assert_eq!(reserve(&book, &tabs, 0).map(|r| r.nonce), Some(1));
        assert_eq!(reserve(&book, &tabs, 1).map(|r| r.nonce), Some(1));
        assert_eq!(book.cached(1, ACCOUNT), None);
        assert!(tabs.0.borrow().is_empty());
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
