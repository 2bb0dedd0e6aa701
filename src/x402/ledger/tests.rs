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
    one.keep(&record(1, 10), Some(7));
    two.keep(&record(2, 20), None);
    three.keep(&record(3, 40), Some(9));
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
    ledger.borrow_mut().fold(200);
    assert_eq!((spent(), ledger.borrow().entries.len()), (45, 2));
    ledger.borrow_mut().fold(201);
    assert_eq!((spent(), ledger.borrow().entries.len()), (45, 1));
    ledger.borrow_mut().unspent(B256::repeat_byte(3));
    assert_eq!(spent(), 5);
    assert_eq!(ledger.borrow().payee("https://x"), Some(TOKEN));
}

#[test]
fn what_the_chain_shows_counts_and_is_told() {
    let ledger = Rc::new(RefCell::new(Ledger::default()));
    let (one, two) = (record(1, 40), record(2, 40));
    for record in [&one, &two] {
        Reservation::new(&ledger, record.clone(), 0).keep(record, Some(7));
    }
    let transfer = (B256::repeat_byte(8), 3);
    assert!(!ledger.borrow().is_taken(transfer));
    ledger.borrow_mut().charged(one.nonce, U256::from(3), transfer);
    ledger.borrow_mut().unspent(two.nonce);
    assert!(ledger.borrow().is_taken(transfer));
    assert_eq!(ledger.borrow().spent(1, TOKEN), U256::from(3));
    assert_eq!((one.charged.get(), two.charged.get()), (Some(U256::from(3)), Some(U256::ZERO)));
}
