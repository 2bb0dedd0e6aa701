use super::*;
use crate::x402::offer::{Method, Scheme};

const TOKEN: Address = Address::repeat_byte(1);

fn record(nonce: u8, amount: u64) -> PaymentRecord {
    PaymentRecord {
        scheme: Scheme::Upto,
        network: "eip155:1".to_owned(),
        chain_id: 1,
        asset: TOKEN,
        amount: U256::from(amount),
        from: TOKEN,
        pay_to: TOKEN,
        origin: "https://x".to_owned(),
        deadline: 1000,
        nonce: B256::repeat_byte(nonce),
        method: Method::Permit2,
        reused: false,
        charged: Rc::default(),
    }
}

#[test]
fn what_is_reserved_counts_until_it_is_shown_unspent() {
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let spent = || ledger.borrow().spent(1, TOKEN).to::<u64>();
    let reserve = |nonce: u8, amount: u64, at: u64| Reservation::new(&ledger, record(nonce, amount), at);
    let dropped = reserve(9, 100, 0);
    assert_eq!(spent(), 100);
    drop(dropped);
    assert_eq!(spent(), 0);

    let (mut one, mut two, mut three) = (reserve(1, 10, 100), reserve(2, 20, 200), reserve(3, 40, 300));
    one.keep(&record(1, 10), Some(7), 100);
    two.keep(&record(2, 20), None, 200);
    three.keep(&record(3, 40), Some(9), 300);
    ledger.borrow_mut().denied(B256::repeat_byte(1));
    ledger.borrow_mut().claimed(B256::repeat_byte(2), U256::from(5));
    assert_eq!(spent(), 10 + 5 + 40);
    // A receipt above the signature counts for no more than was signed.
    ledger.borrow_mut().claimed(B256::repeat_byte(2), U256::from(500));
    drop((one, two, three));
    assert_eq!(spent(), 55);
    assert_eq!(ledger.borrow().spent_since(1, TOKEN, 200).to::<u64>(), 45);
    assert_eq!(ledger.borrow().spent(2, TOKEN), U256::ZERO);
    ledger.borrow_mut().sweep(1000 + GRACE, |_| false);
    ledger.borrow_mut().sweep(1001 + GRACE, |chain_id| chain_id == 1);
    assert_eq!(spent(), 55);
    // The chain is asked about all but what is settled.
    let asked: Vec<_> = ledger.borrow().questions(1).iter().map(|q| (q.record.nonce[0], q.from_block)).collect();
    assert_eq!(asked, [(1, Some(7)), (3, Some(9))]);
    assert_eq!((ledger.borrow().overdue(1, 1000 + GRACE), ledger.borrow().overdue(1, 1001 + GRACE)), (0, 2));
    ledger.borrow_mut().used(B256::repeat_byte(3));
    assert_eq!((spent(), ledger.borrow().questions(1).len()), (55, 1));
    ledger.borrow_mut().sweep(1001 + GRACE, |_| false);
    assert_eq!(spent(), 45);
    ledger.borrow_mut().unspent(B256::repeat_byte(3));
    assert_eq!(spent(), 5);
    // What came back is remembered for a day.
    ledger.borrow_mut().sweep(300 + MEMORY, |_| false);
    assert_eq!((spent(), ledger.borrow().entries.len()), (5, 2));
    ledger.borrow_mut().sweep(301 + MEMORY, |_| false);
    assert_eq!((spent(), ledger.borrow().entries.len()), (5, 1));
    assert_eq!(ledger.borrow().payee("https://x"), Some(TOKEN));
}

#[test]
fn what_the_chain_shows_counts_and_is_told() {
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let (one, two) = (record(1, 40), record(2, 40));
    for record in [&one, &two] {
        Reservation::new(&ledger, record.clone(), 0).keep(record, Some(7), 0);
    }
    let transfer = (B256::repeat_byte(8), 3);
    assert!(!ledger.borrow().is_taken(transfer));
    ledger.borrow_mut().charged(one.nonce, U256::from(3), transfer);
    ledger.borrow_mut().unspent(two.nonce);
    assert!(ledger.borrow().is_taken(transfer));
    assert_eq!(ledger.borrow().spent(1, TOKEN), U256::from(3));
    assert_eq!((one.charged.get(), two.charged.get()), (Some(U256::from(3)), Some(U256::ZERO)));
}

#[test]
fn many_are_summed_up() {
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    for at in 0..=MAX_ENTRIES {
        let nonce = B256::from(U256::from(at));
        let record = PaymentRecord { nonce, ..record(1, 2) };
        Reservation::new(&ledger, record.clone(), at as u64).keep(&record, None, at as u64);
        assert_eq!(ledger.borrow().entries.len(), at + 1);
        ledger.borrow_mut().fold(10);
        ledger.borrow_mut().used(nonce);
    }
    assert_eq!(ledger.borrow().entries.len(), MAX_ENTRIES + 1 - 10);
    let sum = U256::from(2 * (MAX_ENTRIES + 1));
    assert_eq!(ledger.borrow().spent(1, TOKEN), sum);
    // Another tab learns all of it, once.
    let mut other = Ledger::default();
    for _ in 0..2 {
        assert_eq!(other.learn(&ledger.borrow().to_text()), Some(()));
        assert_eq!(other.spent(1, TOKEN), sum);
    }
}

#[test]
fn a_ledger_survives_as_text() {
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let records: Vec<_> = (1..=5).map(|nonce| record(nonce, 40)).collect();
    for record in &records {
        Reservation::new(&ledger, record.clone(), 7).keep(record, Some(9), 7);
    }
    let odd =
        PaymentRecord { origin: "https://\"x\"\n".to_owned(), method: Method::Eip3009, scheme: Scheme::Exact, ..record(6, 1) };
    Reservation::new(&ledger, odd.clone(), 7).keep(&odd, None, 7);
    {
        let mut ledger = ledger.borrow_mut();
        ledger.charged(records[0].nonce, U256::from(3), (B256::repeat_byte(8), 2));
        ledger.unspent(records[1].nonce);
        ledger.used(records[2].nonce);
        ledger.denied(records[3].nonce);
    }
    let text = ledger.borrow().to_text();
    let mut other = Ledger::default();
    assert_eq!(other.learn(&text), Some(()));
    assert_eq!((other.to_text(), other.spent(1, TOKEN)), (text, U256::from(3 + 40 + 40 + 40 + 1)));
    // What is settled here stays so, and what is settled there is learnt, with what was charged.
    let open = Rc::new(RefCell::new(Ledger::default()));
    let mine = record(1, 40);
    Reservation::new(&open, mine.clone(), 7).keep(&mine, None, 7);
    let before = open.borrow().to_text();
    assert_eq!(open.borrow_mut().learn(&other.to_text()), Some(()));
    assert_eq!((mine.charged.get(), open.borrow().spent(1, TOKEN)), (Some(U256::from(3)), U256::from(124)));
    assert_eq!(open.borrow_mut().learn(&before), Some(()));
    assert_eq!(open.borrow().spent(1, TOKEN), U256::from(124));
    assert!(open.borrow().is_taken((B256::repeat_byte(8), 2)));
}

#[test]
fn a_text_without_its_lists_is_none_of_ours() {
    let text = |payments: &str, past: &str| format!(r#"{{"version":1,"past":{past},"payments":{payments}}}"#);
    assert_eq!(Ledger::default().learn(&text("[]", "[]")), Some(()));
    for other in ["null", "0", "\"\"", "{}"] {
        for bad in [text(other, "[]"), text("[]", other)] {
            assert_eq!(Ledger::default().learn(&bad), None, "{bad}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn foreign_text_is_refused_and_changes_nothing(at in 0_usize..900, with in ".{0,3}") {
        let ledger = Rc::new(RefCell::new(Ledger::default()));
        let mine = record(1, 40);
        Reservation::new(&ledger, mine.clone(), 7).keep(&mine, Some(3), 7);
        let mut text = ledger.borrow().to_text();
        if text.get(at..=at).is_some() {
            text.replace_range(at..=at, &with);
        }
        let before = ledger.borrow().spent(1, TOKEN);
        let learnt = ledger.borrow_mut().learn(&text);
        proptest::prop_assert!(ledger.borrow().spent(1, TOKEN) >= before);
        if learnt.is_none() {
            proptest::prop_assert_eq!(ledger.borrow().spent(1, TOKEN), before);
        }
    }
}
