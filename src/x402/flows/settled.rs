//! What gives the limits back: the chain, and nothing else.

use super::chain::{Chain, settle_call, world_on};
use super::*;
use crate::x402::{EXACT_PROXY, UPTO_PROXY};

const CAP: u64 = 100_000_000_000_000_000;

type Answer = fn(&HttpRequest) -> HttpResponse;

/// What dishonest sellers answer to a payment, having taken all of it.
fn claims() -> [Answer; 6] {
    [
        |request| receipt(request, json!({ "amount": "1" })),
        |request| receipt(request, json!({ "amount": "0" })),
        |request| receipt(request, json!({ "amount": "0", "transaction": "" })),
        |request| reply(&request.url, 400, &[], "no"),
        |request| {
            let text =
                json!({ "success": false, "errorReason": "insufficient_funds", "transaction": "", "network": "eip155:8453" });
            reply(&request.url, 402, &[("payment-response", &encode_header(&text.to_string()))], "{}")
        },
        |request| demand(request, &json!([opg()])),
    ]
}

fn session_cap(world: &mut World, payments: u64) {
    let rule = &mut world.payer.policy.assets[0];
    (rule.per_session, rule.per_window) = (Some(U256::from(CAP * payments)), None);
}

fn nonce(result: Result<Paid, Error>) -> B256 {
    result.ok().and_then(|paid| paid.payment).map(|record| record.nonce).unwrap_or_default()
}

#[test]
fn a_receipt_or_a_refusal_gives_nothing_back() {
    for answer in claims() {
        let mut world =
            world(move |request, _| Ok(if paid(request).is_some() { answer(request) } else { demand(request, &json!([opg()])) }));
        session_cap(&mut world, 2);
        let _ = world.fetch();
        assert_eq!(world.spent(), U256::from(CAP));
        // Nor does time, where no chain is read.
        world.seconds.set(START + 100_000);
        let _ = world.fetch();
        assert!(fake::run(world.payer.reconcile()).is_ok());
        assert_eq!((world.spent(), world.signatures()), (U256::from(2 * CAP), 2));
        assert_eq!((code(&world.fetch()), world.signatures()), ("aboveSessionCap", 2));
    }
}

#[test]
fn whoever_trusts_receipts_says_so() {
    for (at, answer) in claims().into_iter().enumerate() {
        let mut world =
            world(move |request, _| Ok(if paid(request).is_some() { answer(request) } else { demand(request, &json!([opg()])) }));
        world.payer.policy.trust_receipts = true;
        let _ = world.fetch();
        world.payer.ledger.borrow_mut().sweep(START + 1000, |_| false);
        assert_eq!(world.spent(), U256::from(u8::from(at == 0)), "{at}");
    }
}

#[test]
fn what_sellers_took_behind_false_receipts_is_counted() {
    for answer in claims() {
        let chain = Chain::new();
        let ledger = Rc::clone(&chain);
        let mut world = world_on(&chain, move |request| {
            let Some(payment) = paid(request) else { return Ok(demand(request, &json!([opg()]))) };
            let nonce = payment["payload"]["permit2Authorization"]["nonce"].as_str().and_then(|text| text.parse::<U256>().ok());
            ledger.settle(nonce.unwrap_or_default().into(), CAP);
            Ok(answer(request))
        });
        session_cap(&mut world, 2);
        let codes: Vec<_> = (0..4).map(|_| code(&world.fetch())).collect();
        let taken: u64 = chain.moved.borrow().iter().map(|moved| moved.value).sum();
        assert_eq!((taken, world.signatures()), (2 * CAP, 2));
        assert_eq!(codes[2..], ["aboveSessionCap"; 2]);
    }
}

#[test]
fn the_chain_shows_what_was_taken_and_that_counts() {
    let chain = Chain::new();
    let mut world = world_on(&chain, |request| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    });
    session_cap(&mut world, 1);
    let record = payment(&world);
    assert_eq!((world.spent(), record.charged.get()), (U256::from(CAP), None));
    // Not settled yet: another one is above the limit.
    assert_eq!(code(&world.fetch()), "aboveSessionCap");
    chain.settle(record.nonce, 300);
    assert!(fake::run(world.payer.reconcile()).is_ok());
    assert_eq!((world.spent(), record.charged.get()), (U256::from(300), Some(U256::from(300))));
    // Nothing is open: nothing is asked.
    let asked = world.sent();
    assert!(fake::run(world.payer.reconcile()).is_ok());
    assert_eq!(world.sent(), asked);
    // The limits ask by themselves where they would refuse.
    world.payer.policy.assets[0].per_session = Some(U256::from(CAP + 300));
    let second = nonce(world.fetch());
    assert_eq!(code(&world.fetch()), "aboveSessionCap");
    chain.settle(second, 0);
    assert_eq!(code(&world.fetch()), "paid");
}

#[test]
fn an_unused_nonce_counts_until_the_chain_has_passed_the_deadline() {
    for method in ["permit2", "eip3009"] {
        let chain = Chain::new();
        let offer = edited(usdc(), &["extra", "assetTransferMethod"], json!(method));
        let mut world = world_on(&chain, move |request| {
            Ok(if paid(request).is_some() { reply(&request.url, 422, &[], "") } else { demand(request, &json!([offer])) })
        });
        world.payer.policy = usdc_policy(USDC);
        let record = payment(&world);
        let spent = || world.payer.ledger.borrow().spent(8453, USDC.address).to::<u64>();
        // Our clock alone gives nothing back.
        world.seconds.set(START + 100_000);
        chain.mine(60);
        assert!(fake::run(world.payer.reconcile()).is_ok());
        assert_eq!(spent(), 10_000);
        chain.up.set(false);
        assert!(fake::run(world.payer.reconcile()).is_err());
        assert_eq!(spent(), 10_000);
        chain.up.set(true);
        chain.mine(1);
        assert!(fake::run(world.payer.reconcile()).is_ok());
        assert_eq!((spent(), record.charged.get()), (0, Some(U256::ZERO)), "{method}");
    }
}

#[test]
fn what_the_wallet_is_asked_for_is_not_given_back_meanwhile() {
    let chain = Chain::new();
    // By the chain's clock every deadline of ours has passed long ago.
    chain.time.set(START + 1_000_000);
    let mut world = world_on(&chain, |request| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    });
    session_cap(&mut world, 1);
    let other = world.payer.clone();
    world.payer.on_payment = Some(Rc::new(move |_| {
        let other = other.clone();
        async move {
            other.reconcile().await?;
            assert_eq!(other.ledger.borrow().spent(8453, OPG.address), U256::from(CAP));
            Ok(true)
        }
        .boxed_local()
    }));
    let record = payment(&world);
    assert_eq!(record.deadline, START + 1_000_000 + 300);
    assert!(fake::run(world.payer.reconcile()).is_ok());
    assert_eq!((world.spent(), record.charged.get()), (U256::from(CAP), None));
}

#[test]
fn exact_payments_are_shown_too() {
    for method in ["permit2", "eip3009"] {
        let chain = Chain::new();
        let offer = edited(usdc(), &["extra", "assetTransferMethod"], json!(method));
        let mut world = world_on(&chain, move |request| {
            Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([offer])) })
        });
        world.payer.policy = usdc_policy(USDC);
        let record = payment(&world);
        chain.settle_by(record.nonce, 10_000, (EXACT_PROXY, Vec::new()));
        chain.moved.borrow_mut()[0].token = USDC.address;
        assert!(fake::run(world.payer.reconcile()).is_ok());
        let spent = world.payer.ledger.borrow().spent(8453, USDC.address);
        assert_eq!((spent, record.charged.get()), (U256::from(10_000), Some(U256::from(10_000))), "{method}");
    }
}

/// Two signatures of one account for one seller, and what the seller makes of them.
fn two(settle: impl Fn(&Chain, B256, B256)) -> (u64, [Option<u64>; 2]) {
    let chain = Chain::new();
    let mut world = world_on(&chain, |request| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    });
    session_cap(&mut world, 5);
    let records: Vec<_> = (0..2).filter_map(|_| world.fetch().ok()?.payment).collect();
    settle(&chain, records[0].nonce, records[1].nonce);
    for _ in 0..3 {
        assert!(fake::run(world.payer.reconcile()).is_ok());
    }
    // The only transfer left is told once no other can be missing from what a node that is behind shows.
    chain.mine(400);
    assert!(fake::run(world.payer.reconcile()).is_ok());
    let charged = |at: usize| records[at].charged.get().map(|amount| amount.to::<u64>());
    (world.spent().to::<u64>(), [charged(0), charged(1)])
}

#[test]
fn a_transfer_settles_the_payment_whose_nonce_it_used() {
    // Each by its own call of the proxy.
    let plain = two(|chain, one, other| {
        chain.settle(one, 5);
        chain.settle(other, 7);
    });
    assert_eq!(plain, (12, [Some(5), Some(7)]));
    // A small transfer that only shows the other's nonce: in another contract's calldata, behind the proxy's own arguments.
    let wrapped = two(|chain, one, other| {
        chain.settle_by(one, 5, (UPTO_PROXY, [settle_call(one), other.to_vec()].concat()));
        chain.settle_by(other, CAP, (Address::repeat_byte(9), [settle_call(one), settle_call(other)].concat()));
    });
    assert_eq!(wrapped, (CAP + 5, [Some(5), Some(CAP)]));
    // Through other contracts: what cannot be told apart counts whole.
    let hidden = two(|chain, one, other| {
        chain.settle_by(one, 5, (Address::repeat_byte(9), settle_call(one)));
        chain.settle_by(other, 7, (Address::repeat_byte(9), settle_call(other)));
    });
    assert_eq!(hidden, (2 * CAP, [None, None]));
    // A transfer of another kind does not make a payment smaller: the nonce is unused, or its own transfer is there too.
    let gift = two(|chain, one, _| {
        chain.transfer(1, (OPG.address, Vec::new()));
        chain.settle_by(one, CAP, (Address::repeat_byte(9), Vec::new()));
    });
    assert_eq!(gift, (CAP, [None, Some(0)]));
    let lone = two(|chain, one, _| chain.settle_by(one, 9, (Address::repeat_byte(9), Vec::new())));
    assert_eq!(lone, (9, [Some(9), Some(0)]));
}
