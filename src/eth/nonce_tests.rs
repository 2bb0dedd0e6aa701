//! The book of nonces among tabs and equal calls.

use futures_util::FutureExt as _;

use super::*;
use crate::io::HttpFailure;
use crate::io::fake::{self, FakeTabs};

const ACCOUNT: Address = Address::ZERO;

fn ticket(book: &NonceBook, tabs: &FakeTabs) -> Rc<Ticket> {
    let (io, _) = fake::io(|_| Err(HttpFailure::Network("nobody is asked".to_owned())));
    book.ticket(&Io { tabs: Rc::new(tabs.clone()), ..io }, 1)
}

fn call() -> WriteCall {
    WriteCall::raw(ACCOUNT, [1])
}

fn reserve(book: &NonceBook, tabs: &FakeTabs, pending: u64) -> Option<Reservation> {
    book.reserve(&ticket(book, tabs), ACCOUNT, pending, &call()).now_or_never()?.ok()
}

fn adopts(ticket: &Ticket, id: u8, is_repeat: bool) -> Option<bool> {
    ticket.adopt(B256::repeat_byte(id), is_repeat).now_or_never()
}

#[test]
fn a_transaction_is_one_calls_until_that_gives_it_up_to_its_repetition() {
    let tabs = FakeTabs::default();
    let (here, there) = (NonceBook::default(), NonceBook::default());
    let [first, equal] = [ticket(&here, &tabs), ticket(&here, &tabs)];
    let elsewhere = ticket(&there, &tabs);
    for _ in 0..2 {
        assert_eq!(adopts(&first, 1, false), Some(true));
    }
    assert_eq!([adopts(&equal, 1, false), adopts(&elsewhere, 1, true)], [Some(false); 2]);
    drop(first);
    // Given up, it is the repetition's alone, in any tab.
    assert_eq!([adopts(&equal, 1, false), adopts(&elsewhere, 1, false)], [Some(false); 2]);
    assert_eq!(adopts(&elsewhere, 1, true), Some(true));
    assert_eq!(adopts(&equal, 1, true), Some(false));
    elsewhere.settle();
    drop(elsewhere);
    assert_eq!(adopts(&equal, 1, true), Some(false), "it was told as that call's");
    there.disown(B256::repeat_byte(1));
    assert_eq!(adopts(&equal, 1, true), Some(true));
}

#[test]
fn an_equal_call_is_seen_under_its_nonce_while_that_is_used_or_in_doubt() {
    let tabs = FakeTabs::default();
    let (here, there) = (NonceBook::default(), NonceBook::default());
    let is_anothers = |nonce, call: &WriteCall| there.is_anothers(&ticket(&there, &tabs), ACCOUNT, nonce, call).now_or_never();
    let other = WriteCall::raw(ACCOUNT, [2]);
    let reserved = reserve(&here, &tabs, 5);
    assert_eq!(
        [is_anothers(5, &call()), is_anothers(6, &call()), is_anothers(5, &other)],
        [Some(true), Some(false), Some(false)]
    );
    let owner = reserved.as_ref().map(|reserved| reserved.entry.owner);
    reserved.into_iter().for_each(Reservation::doubt);
    assert_eq!(is_anothers(5, &call()), Some(true));
    // Another call uses the nonce, or finds that its wallet used another one: a transaction of the first may be out all the same.
    if let Some(kept) = reserve(&here, &tabs, 5) {
        let next = kept.entry.owner;
        kept.keep();
        assert_eq!(is_anothers(5, &call()), Some(true));
        here.free(next, 1, ACCOUNT, 5);
    }
    assert_eq!(is_anothers(5, &call()), Some(true));
    here.free(owner.unwrap_or_default(), 1, ACCOUNT, 5);
    assert_eq!(is_anothers(5, &call()), Some(false));
}

#[test]
fn an_equal_call_is_seen_under_a_nonce_that_its_wallet_chose() {
    let tabs = FakeTabs::default();
    let book = NonceBook::default();
    let first = ticket(&book, &tabs);
    let is_anothers = |call: &WriteCall| book.is_anothers(&ticket(&book, &tabs), ACCOUNT, 7, call).now_or_never();
    assert_eq!(book.adopt(&first, ACCOUNT, 7, &call()).now_or_never(), Some(()));
    assert_eq!([is_anothers(&call()), is_anothers(&WriteCall::raw(ACCOUNT, [2]))], [Some(true), Some(false)]);
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
    let mut first = 0;
    if let Some(r) = reserve(&one, &tabs, 5) {
        assert!(!r.reused);
        first = r.entry.owner;
        r.doubt();
    }
    for book in [&one, &two] {
        assert_eq!(reserve(book, &tabs, 5).map(|r| (r.nonce, r.reused)), Some((5, true)));
    }
    one.free(first, 1, ACCOUNT, 5);
    assert_eq!(reserve(&two, &tabs, 5).map(|r| (r.nonce, r.reused)), Some((5, false)));
    // A transaction that a node has forgotten leaves its nonce in doubt too.
    let mut owner = 0;
    if let Some(r) = reserve(&one, &tabs, 5) {
        owner = r.entry.owner;
        r.keep();
    }
    assert_eq!(reserve(&two, &tabs, 5).map(|r| r.nonce), Some(6));
    one.doubt(owner, 1, ACCOUNT, 5);
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
