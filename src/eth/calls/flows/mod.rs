//! Scripted dialogues of a batch with a wallet, beside a chain on which the batch has its own fate: what is told must be what
//! became of it, and no window opens twice.

mod world;

use alloy_primitives::B256;
use futures_channel::oneshot::channel;
use serde_json::{Value, json};

use self::world::*;
use crate::error::Kind;
use crate::eth::call::WriteCall;
use crate::eth::nonce::content;
use crate::io::Progress;
use crate::io::fake::{self, failure};

#[test]
fn a_batch_that_goes_well() {
    let world = World { statuses: vec![Some(Ok(json!({ "status": 100 }))), Some(Ok(executed_in(HASH)))], ..World::default() };
    let ended = play(World { transactions: vec![Tx { known: 2..99, ..delegated(&calls()) }], ..world });
    assert_eq!(ended.hashes(), [HASH]);
    let [asked] = ended.asked("wallet_sendCalls").try_into().unwrap_or_default();
    assert_eq!((&asked["version"], &asked["atomicRequired"]), (&json!("2.0.0"), &json!(true)));
    assert_eq!(ended.asked("wallet_getCallsStatus")[0], "0xba7c4");
    let told: Vec<&Progress> = ended.steps.iter().collect();
    assert!(
        matches!(
            told[..],
            [
                Progress::Signing { nonce: Some(NONCE), .. },
                Progress::Signing { .. },
                Progress::Sent { hash: HASH },
                Progress::Mined { hash: HASH, .. }
            ]
        ),
        "{told:?}"
    );
    // A call that has read an older count does not take the nonce again.
    assert_eq!(ended.claims, [claim("doubt", NONCE), claim("nonce", NONCE)]);
    let bundler = play(World { transactions: vec![bundled(&calls(), true)], ..says(executed_in(HASH)) });
    assert!(bundler.claims.is_empty(), "{:?}", bundler.claims);
}

#[test]
fn what_is_no_batch_is_not_asked_for() {
    for count in [0, 1, 11] {
        let mut stage = stage(World::default());
        stage.calls = vec![calls()[0].clone(); count];
        assert!(matches!(fake::run(stage.send()), Ok(None)), "{count}");
        assert!(stage.wallet.asked.borrow().is_empty());
    }
}

#[test]
fn a_wallet_of_the_draft_is_asked_in_its_words_and_answers_in_them() {
    for answer in [json!("0xba7c4"), json!({ "id": "0xba7c4" })] {
        let statuses = [json!({ "status": "PENDING" }), json!({ "status": "CONFIRMED", "receipts": receipts(&[HASH]) })];
        let ended = play(World {
            capabilities: Some(json!({ "0x42F": { "atomicBatch": { "supported": true } } })),
            statuses: statuses.map(|status| Some(Ok(status))).to_vec(),
            transactions: vec![delegated(&calls())],
            ..sends(Ok(answer))
        });
        assert_eq!(ended.hashes(), [HASH]);
        let asked = ended.asked("wallet_sendCalls");
        assert_eq!((asked.len(), &asked[0]["version"], &asked[0]["atomicRequired"]), (1, &json!("1.0"), &Value::Null));
    }
}

#[test]
fn a_wallet_that_says_it_knows_only_the_draft_is_asked_again_in_it() {
    for code in [Some(-32602), Some(-32000), None] {
        let refusal = || Some(Err(failure(code, "Version not supported: Got 2.0.0, expected 1.0")));
        let world = || World { transactions: vec![], ..World::default() };
        let again = play(World { sends: vec![refusal(), Some(Err(failure(Some(4001), "no")))], ..world() });
        let versions: Vec<Value> = again.asked("wallet_sendCalls").iter().map(|asked| asked["version"].clone()).collect();
        assert_eq!((versions, again.code()), (vec![json!("2.0.0"), json!("1.0")], "walletRejected"), "{code:?}");
        assert!(again.steps.iter().all(|step| matches!(step, Progress::Signing { nonce: Some(NONCE), .. })), "{:?}", again.steps);
        assert!(again.claims.is_empty(), "{:?}", again.claims);
        let never = play(World { sends: vec![refusal()], ..world() });
        assert_eq!((never.wallet.count("wallet_sendCalls"), never.code()), (2, "none"));
    }
}

#[test]
fn each_number_says_what_it_says() {
    for (code, words, expected, in_doubt) in [
        (Some(4001), "no", "walletRejected", false),
        (Some(5000), "no", "walletRejected", false),
        (Some(5750), "EIP-7702 upgrade not supported on account", "walletRejected", false),
        (None, "User rejected the request.", "walletRejected", false),
        (Some(4100), "not permitted", "walletUnauthorized", false),
        (Some(4200), "no such method", "none", false),
        (Some(5700), "", "none", false),
        (Some(5710), "", "none", false),
        (Some(5720), "", "none", false),
        (Some(5740), "", "none", false),
        (Some(5760), "", "none", false),
        // The next write takes the nonce again.
        (Some(-32601), "the method does not exist", "none", true),
        (Some(-32602), "Invalid params", "none", true),
        (Some(-32004), "Method not supported", "none", true),
        (Some(5730), "", "txUncertain", true),
        (Some(-32603), "Internal JSON-RPC error.", "txUncertain", true),
        (Some(-32000), "nonce too low", "txUncertain", true),
        (Some(-32002), "already pending", "txUncertain", true),
        (Some(-32003), "transaction already imported", "txUncertain", true),
        (Some(4900), "disconnected", "txUncertain", true),
        (None, "Failed to fetch", "txUncertain", true),
    ] {
        let ended = play(sends(Err(failure(code, words))));
        assert_eq!((ended.code(), ended.in_doubt()), (expected, in_doubt), "{code:?} {words} {:?}", ended.claims);
        assert_eq!(ended.wallet.count("wallet_sendCalls"), 1, "{code:?}");
    }
}

#[test]
fn a_refusal_that_a_node_may_have_made_is_not_believed_when_something_went_out() {
    for code in [-32601, -32602, -32004] {
        let refused = || sends(Err(failure(Some(code), "the method does not exist")));
        // It waits in the pool, and is mined a moment later.
        let late = play(World { waiting: 1, transactions: vec![Tx { known: 4..99, ..delegated(&calls()) }], ..refused() });
        assert_eq!((late.hashes(), late.code()), (vec![HASH], "receipts"), "{code}");
        // It is seen after the first look.
        let next = play(World { transactions: vec![Tx { known: 2..99, ..delegated(&calls()) }], ..refused() });
        assert_eq!(next.hashes(), [HASH], "{code}");
        // A bundler has it.
        let contract = World { code: "0x6080", ..refused() };
        let bundle = play(World { transactions: vec![Tx { known: 8..99, ..bundled(&calls(), true) }], ..contract });
        assert_eq!(bundle.hashes(), [HASH], "{code}");
        // The account did something else meanwhile: nobody can tell.
        let other = play(World { transactions: vec![Tx { input: vec![1; 99], ..delegated(&[]) }], ..refused() });
        assert_eq!(other.code(), "txUncertain", "{code}");
        // Our node does not tell.
        let blind = play(World { broken: 2..99, ..refused() });
        assert_eq!(blind.code(), "txUncertain", "{code}");
    }
}

#[test]
fn a_batch_whose_answer_was_lost_is_found_on_chain() {
    for (code, mined) in [
        ("0x", delegated(&calls())),
        ("0xef01000000000000000000000000000000000000000001", delegated(&calls())),
        ("0xef01000000000000000000000000000000000000000001", bundled(&calls(), true)),
        ("0x6080", bundled(&calls(), true)),
        ("0x6080", executed(&calls())),
    ] {
        let lost = || World { code, ..sends(Err(failure(Some(-32603), "Internal JSON-RPC error."))) };
        let ended = play(World { transactions: vec![Tx { known: 3..99, ..mined.clone() }], ..lost() });
        assert_eq!(ended.hashes(), [HASH], "{code}");
        let nonce = (code != "0x6080").then_some(NONCE);
        assert!(ended.steps.contains(&Progress::Searching { nonce }), "{code}");
        for what in ["nonce", "doubt"] {
            assert!(!ended.claims.contains(&claim(what, NONCE)), "{:?}", ended.claims);
        }
        let doubt = nonce.map(|nonce| claim("doubt", nonce));
        assert_eq!(ended.claims_at_search, doubt.into_iter().collect::<Vec<_>>(), "the next write may take it");
        // Not there: then it is said with what is known, and no window opens again.
        let gone = play(lost());
        assert!(matches!(gone.kind(), Some(Kind::TxUncertain { nonce: found, .. }) if *found == nonce), "{code}");
        assert_eq!((gone.wallet.count("wallet_sendCalls"), gone.in_doubt()), (1, nonce.is_some()));
    }
    for text in [json!(null), json!({}), json!(7), json!({ "id": "" })] {
        assert_eq!(play(sends(Ok(text.clone()))).code(), "txUncertain", "{text}");
        let found = play(World { transactions: vec![delegated(&calls())], ..sends(Ok(text)) });
        assert_eq!(found.hashes(), [HASH]);
    }
}

#[test]
fn what_looks_alike_and_is_older_or_somebody_elses_is_not_the_batch() {
    let lost = || sends(Err(failure(None, "Failed to fetch")));
    for stranger in [
        Tx { nonce: NONCE - 1, block: START - 1, ..delegated(&calls()) },
        Tx { from: STRANGER, to: TARGET, input: calls()[0].data.to_vec(), ..delegated(&calls()) },
        Tx { to: STRANGER, ..delegated(&calls()) },
    ] {
        let named = World { statuses: vec![Some(Ok(executed_in(HASH)))], ..World::default() };
        for world in [lost(), named] {
            let ended = play(World { transactions: vec![stranger.clone()], ..world });
            assert!(matches!(ended.code(), "txUncertain" | "txMismatch"), "{} {} {}", stranger.from, stranger.to, ended.code());
        }
    }
    // The account's transaction that waited before the wallet was asked.
    let ended = play(World { waiting_before: 1, transactions: vec![delegated(&calls())], ..lost() });
    assert!(matches!(ended.kind(), Some(Kind::TxUncertain { nonce: Some(nonce), .. }) if *nonce == NONCE + 1));
    // The account's own business while the wallet says that the batch waits.
    let other = Tx { input: vec![1; 99], ..delegated(&[]) };
    assert_eq!(play(World { transactions: vec![other], ..says(json!({ "status": 100 })) }).code(), "txUncertain");
    // The wallet names a transaction of the account from before.
    let old = Tx { nonce: NONCE - 1, block: START, ..delegated(&calls()) };
    assert_eq!(play(World { transactions: vec![old], ..says(executed_in(HASH)) }).code(), "txMismatch");
}

#[test]
fn success_without_receipts_is_looked_up_on_chain() {
    for mined in [delegated(&calls()), bundled(&calls(), true), executed(&calls())] {
        for status in [json!({ "status": 200 }), json!({ "status": 200, "receipts": [] }), json!({ "status": "CONFIRMED" })] {
            let ended = play(World { transactions: vec![Tx { known: 4..99, ..mined.clone() }], ..says(status) });
            assert_eq!(ended.hashes(), [HASH]);
        }
    }
    let ended = play(says(json!({ "status": 200 })));
    assert!(matches!(ended.kind(), Some(Kind::TxUncertain { said, .. }) if said.message.contains("was executed")));
}

#[test]
fn a_wallet_that_is_ahead_of_our_node_is_waited_for() {
    let ended = play(World { transactions: vec![Tx { known: 9..99, ..bundled(&calls(), true) }], ..says(executed_in(HASH)) });
    assert_eq!(ended.hashes(), [HASH]);
    let late = play(World { transactions: vec![Tx { known: 20..99, ..bundled(&calls(), true) }], ..says(executed_in(HASH)) });
    assert!(late.hashes() == [HASH] && late.seconds > 25, "{:?} after {} s", late.kind(), late.seconds);
    let once = vec![Some(Ok(executed_in(HASH))), Some(Ok(json!({ "status": 200 })))];
    for statuses in [once, vec![Some(Ok(executed_in(HASH)))]] {
        let never = play(World { statuses, ..World::default() });
        assert!(matches!(never.kind(), Some(Kind::TxReceiptTimeout { hash: HASH, timeout: 60 })), "{:?}", never.kind());
    }
    // What a node answers is of the transaction that was asked for.
    let wrong = World { confuses: true, code: "0x6080", ..says(executed_in(OTHER)) };
    let relayed = Tx { logs: vec![], input: [ACCOUNT.to_vec(), delegated(&calls()).input].concat(), ..executed(&[]) };
    assert_eq!(play(World { transactions: vec![relayed], ..wrong }).code(), "txReceiptTimeout");
    let never = play(says(executed_in(HASH)));
    assert!(matches!(never.kind(), Some(Kind::TxReceiptTimeout { hash: HASH, timeout: 60 })));
    assert!(never.in_doubt());
    let blind = play(World { broken: 2..5, transactions: vec![delegated(&calls())], ..says(executed_in(HASH)) });
    assert_eq!(blind.hashes(), [HASH]);
}

#[test]
fn the_receipt_of_a_bundle_holds_our_logs_alone() {
    let ended = play(World { transactions: vec![bundled(&calls(), true)], code: "0x6080", ..says(executed_in(HASH)) });
    assert_eq!(ended.result.iter().flatten().flatten().map(marks).collect::<Vec<_>>(), [[3]]);
    let safe = World { sends: vec![Some(Ok(json!({ "id": ID.to_string() })))], code: "0x6080", ..says(executed_in(HASH)) };
    // The id tells which execution it is, whatever the calldata looks like.
    let ended = play(World { transactions: vec![Tx { input: Vec::new(), ..executed(&calls()) }], ..safe });
    assert_eq!(ended.result.iter().flatten().flatten().map(marks).collect::<Vec<_>>(), [[1]]);
}

#[test]
fn an_inner_failure_is_a_failure_whatever_the_wallet_says() {
    for status in [executed_in(HASH), json!({ "status": 200 }), json!({ "status": 500 }), json!({ "status": 600 })] {
        let ended = play(World { transactions: vec![bundled(&calls(), false)], code: "0x6080", ..says(status.clone()) });
        assert!(
            matches!(ended.kind(), Some(Kind::TxRevert { reason, hash: Some(HASH), .. }) if reason == "custom error 0xdeadbeef"),
            "{status} {:?}",
            ended.kind()
        );
    }
    // Without a reason on chain the calls are simulated on the state before.
    let failed = Tx { succeeded: false, logs: Vec::new(), ..delegated(&calls()) };
    let ended = play(World { transactions: vec![failed], reason: Some((START, "NotOwner")), ..says(json!({ "status": 500 })) });
    assert!(matches!(ended.kind(), Some(Kind::TxRevert { reason, hash: Some(HASH), .. }) if reason == "NotOwner"));
    // A race that was lost within the block.
    let failed = Tx { succeeded: false, logs: Vec::new(), ..delegated(&calls()) };
    let ended =
        play(World { transactions: vec![failed], reason: Some((START + 1, "TooLate")), ..says(json!({ "status": 500 })) });
    assert!(matches!(ended.kind(), Some(Kind::TxRevert { reason, .. }) if reason == "TooLate"), "{:?}", ended.kind());
}

#[test]
fn a_revert_is_the_chains_to_tell() {
    let reverted = |hashes: &[B256]| json!({ "status": 500, "receipts": receipts(hashes) });
    // MetaMask says so of a batch that the user sped up, and gives no receipt.
    let ended = play(World { transactions: vec![delegated(&calls())], ..says(reverted(&[])) });
    assert_eq!(ended.hashes(), [HASH]);
    // A bundle, or a Safe's transaction, that failed as a whole.
    let whole = Tx { succeeded: false, logs: Vec::new(), ..executed(&calls()) };
    let ended = play(World { transactions: vec![whole.clone()], code: "0x6080", ..says(reverted(&[HASH])) });
    assert!(matches!(ended.kind(), Some(Kind::TxRevert { hash: Some(HASH), .. })));
    // The wallet says that it succeeded.
    let ended = play(World { transactions: vec![whole], code: "0x6080", ..says(executed_in(HASH)) });
    assert_eq!(ended.code(), "txUncertain");
    // It names what did not fail, and is not the batch.
    let strangers = Tx { from: STRANGER, to: TARGET, ..delegated(&[]) };
    let ended = play(World { transactions: vec![strangers], ..says(reverted(&[HASH])) });
    assert_eq!(ended.code(), "txUncertain");
    let nothing = play(says(reverted(&[])));
    assert!(
        matches!(nothing.kind(), Some(Kind::TxUncertain { nonce: Some(NONCE), said, .. }) if said.message.contains("reverted"))
    );
    assert!(nothing.seconds < 30, "a node is not behind for so long: {} s", nothing.seconds);
}

#[test]
fn a_part_is_told_as_a_part() {
    let partial = || says(json!({ "status": 600, "receipts": receipts(&[HASH]) }));
    // An account that goes on after a call that failed has an operation that succeeded.
    for transactions in [vec![delegated(&calls())], vec![bundled(&calls(), true)], vec![]] {
        let ended = play(World { transactions, ..partial() });
        assert!(
            matches!(ended.kind(), Some(Kind::TxPartial { id, hashes, .. }) if id == "0xba7c4" && hashes == &[HASH]),
            "{:?}",
            ended.kind()
        );
    }
    // A wallet that sends one transaction for each call.
    let single = |at: usize, succeeded| {
        let call = &calls()[at];
        let nonce = NONCE + at as u64;
        let hash = if at == 0 { HASH } else { OTHER };
        Tx { hash, to: TARGET, input: call.data.to_vec(), nonce, succeeded, block: START + 1 + at as u64, ..delegated(&[]) }
    };
    let all = says(json!({ "status": 200, "receipts": receipts(&[HASH, OTHER]) }));
    let ended = play(World { transactions: vec![single(0, true), single(1, true)], ..all });
    assert_eq!(ended.hashes(), [HASH, OTHER]);
    for status in [json!({ "status": 200 }), json!({ "status": 100 })] {
        let ended = play(World { transactions: vec![single(0, true), single(1, false)], ..says(status) });
        assert!(matches!(ended.kind(), Some(Kind::TxPartial { hashes, .. }) if hashes == &[HASH]), "{:?}", ended.kind());
        assert!(ended.seconds < 5, "{} s", ended.seconds);
    }
    // One that failed and was sent again.
    let again = Tx { nonce: NONCE + 1, hash: OTHER, ..delegated(&calls()) };
    let failed = Tx { succeeded: false, logs: Vec::new(), ..delegated(&calls()) };
    let ended = play(World { transactions: vec![failed, again], ..says(json!({ "status": 200 })) });
    assert_eq!(ended.hashes(), [OTHER]);
    // The second never comes.
    let ended = play(World { transactions: vec![single(0, true)], ..says(json!({ "status": 200 })) });
    assert!(matches!(ended.kind(), Some(Kind::TxPartial { reason, .. }) if reason == "1 of 2 calls are seen on chain"));
}

#[test]
fn not_sent_is_the_wallets_word_and_the_chain_decides() {
    let not_sent = || says(json!({ "status": 400 }));
    let ended = play(not_sent());
    assert!(matches!(ended.kind(), Some(Kind::TxUncertain { said, .. }) if said.message.contains("was not sent")));
    assert!(ended.in_doubt() && ended.seconds < 30, "{} s", ended.seconds);
    let ended = play(World { transactions: vec![delegated(&calls())], ..not_sent() });
    assert_eq!(ended.hashes(), [HASH]);
    // Something of the account waits: it may be the batch.
    let ended = play(World { waiting: 1, ..not_sent() });
    assert_eq!((ended.code(), ended.in_doubt()), ("txUncertain", true));
    assert!(ended.seconds < 30, "{} s", ended.seconds);
    let ended = play(World { waiting: 1, transactions: vec![Tx { known: 4..99, ..delegated(&calls()) }], ..not_sent() });
    assert_eq!(ended.hashes(), [HASH]);
    let blind = play(World { broken: 1..3, transactions: vec![delegated(&calls())], ..not_sent() });
    assert_eq!(blind.hashes(), [HASH]);
}

#[test]
fn a_safe_that_waits_for_its_owners_is_a_state_of_its_own() {
    let waits = || World {
        sends: vec![Some(Ok(json!({ "id": ID.to_string() })))],
        capabilities: Some(json!({ "0x42f": { "atomicBatch": { "supported": true } } })),
        code: "0x6080",
        ..says(json!({ "status": 100 }))
    };
    let ended = play(waits());
    assert!(matches!(ended.kind(), Some(Kind::TxAwaitingApproval { address: ACCOUNT, id: ID })));
    assert_eq!(ended.count(&Progress::AwaitingApproval { id: ID }), 1);
    // It is executed while the wallet still says that it waits.
    let ended = play(World { transactions: vec![Tx { known: 9..99, ..executed(&calls()) }], ..waits() });
    assert_eq!(ended.hashes(), [HASH]);
    // A key's batch has no other owners.
    let ended = play(World { code: "0x", ..waits() });
    assert!(matches!(ended.kind(), Some(Kind::TxUncertain { nonce: Some(NONCE), .. })));
    assert!(ended.in_doubt() && ended.count(&Progress::AwaitingApproval { id: ID }) == 0);
}

#[test]
fn what_the_wallet_names_is_compared_with_what_was_asked() {
    let named = || says(executed_in(HASH));
    let strangers = Tx { from: STRANGER, to: TARGET, input: calls()[0].data.to_vec(), ..delegated(&[]) };
    let ended = play(World { transactions: vec![strangers], ..named() });
    assert!(matches!(ended.kind(), Some(Kind::TxUncertain { said, .. }) if said.message.contains(&HASH.to_string())));
    assert!(ended.seconds < 30, "{} s", ended.seconds);
    let edited = [WriteCall::raw(TARGET, vec![7; 8]), WriteCall::raw(TARGET, vec![8; 8])];
    for (code, own) in [("0x", delegated(&edited)), ("0x6080", bundled(&edited, true))] {
        let ended = play(World { code, transactions: vec![own], ..named() });
        assert!(matches!(ended.kind(), Some(Kind::TxMismatch { hash: HASH, .. })), "{:?}", ended.kind());
    }
    // The wallet names the right one a moment later.
    let right = Tx { hash: OTHER, known: 4..99, ..bundled(&calls(), true) };
    let statuses = [executed_in(HASH), executed_in(HASH), executed_in(HASH), executed_in(OTHER)];
    let ended = play(World {
        statuses: statuses.map(|status| Some(Ok(status))).to_vec(),
        transactions: vec![bundled(&edited, true), right],
        ..World::default()
    });
    assert_eq!(ended.hashes(), [OTHER]);
}

#[test]
fn a_wallet_that_does_not_tell_is_done_without() {
    for status in [None, Some(Err(failure(Some(5730), "unknown bundle"))), Some(Ok(json!(7))), Some(Ok(json!({ "status": 1 })))] {
        let silent = || World { statuses: vec![status.clone()], ..World::default() };
        let ended = play(World { transactions: vec![Tx { known: 2..99, ..delegated(&calls()) }], ..silent() });
        assert_eq!(ended.hashes(), [HASH]);
        assert_eq!(play(silent()).code(), "txUncertain");
    }
    // The id may be the transaction's hash, and be all that tells of it: a relayer's, without an event of the account.
    let relayed = Tx { logs: vec![], input: [ACCOUNT.to_vec(), delegated(&calls()).input].concat(), ..executed(&[]) };
    let ended = play(World {
        transactions: vec![relayed],
        code: "0x6080",
        statuses: vec![Some(Err(failure(Some(4200), "")))],
        ..sends(Ok(json!(HASH.to_string())))
    });
    assert_eq!(ended.hashes(), [HASH]);
    let ended = play(World {
        transactions: vec![Tx { known: 3..99, ..delegated(&calls()) }],
        statuses: vec![Some(Err(failure(Some(4200), "")))],
        ..sends(Ok(json!(HASH.to_string())))
    });
    assert_eq!(ended.hashes(), [HASH]);
}

#[test]
fn a_wallet_that_goes_away_leaves_the_chain() {
    for leaves_after in ["wallet_sendCalls", "wallet_getCallsStatus"] {
        let gone = || World {
            leaves_after: Some(leaves_after),
            sends: vec![if leaves_after == "wallet_sendCalls" { None } else { Some(Ok(json!({ "id": "0xba7c4" }))) }],
            ..World::default()
        };
        let ended = play(World { transactions: vec![Tx { known: 5..99, ..delegated(&calls()) }], ..gone() });
        assert_eq!(ended.hashes(), [HASH], "{leaves_after}");
        let ended = play(gone());
        assert!(
            matches!(ended.kind(), Some(Kind::TxUncertain { nonce: Some(NONCE), said, .. }) if said.message.contains("reloaded")),
            "{leaves_after}"
        );
        assert!(ended.in_doubt(), "{leaves_after} {:?}", ended.claims);
        assert!(ended.wallet.count("wallet_getCallsStatus") <= 1, "{leaves_after}");
    }
}

#[test]
fn the_callers_patience_ends_the_waiting_and_not_the_truth() {
    let ended = play(World { wallet_timeout_ms: Some(5000), sends: vec![None], ..World::default() });
    assert!(matches!(ended.kind(), Some(Kind::TxUncertain { nonce: Some(NONCE), .. })));
    assert!(ended.in_doubt() && ended.seconds < 8, "{} s", ended.seconds);
    let mined = vec![delegated(&calls())];
    let ended = play(World { wallet_timeout_ms: Some(5000), sends: vec![None], transactions: mined, ..World::default() });
    assert_eq!(ended.hashes(), [HASH]);
    // A wallet that does not say what it can has no batches.
    let ended = play(World { capabilities: None, ..World::default() });
    assert_eq!((ended.code(), ended.wallet.count("wallet_sendCalls"), ended.seconds), ("none", 0, 10));
}

#[test]
fn confirmations_are_waited_for_and_a_reorganisation_is_told() {
    let world = |transactions| World { confirmations: 6, transactions, ..says(executed_in(HASH)) };
    let ended = play(world(vec![delegated(&calls())]));
    assert_eq!(ended.hashes(), [HASH]);
    let confirming = Progress::Confirming { hash: HASH, block_number: START + 1, confirmations: 6 };
    for step in [confirming, Progress::Sent { hash: HASH }] {
        assert_eq!(ended.count(&step), 1, "{:?}", ended.steps);
    }
    // Its own block is the first of the six.
    for (last_block, expected) in [(START + 6, "receipts"), (START + 5, "txReceiptTimeout")] {
        assert_eq!(play(World { last_block, ..world(vec![delegated(&calls())]) }).code(), expected);
    }
    // The time for the receipt is not the time for the confirmations.
    let slow = World { confirmations: 20, ..world(vec![Tx { known: 20..99, block: START + 21, ..delegated(&calls()) }]) };
    let ended = play(slow);
    assert!(ended.code() == "receipts" && ended.seconds > 62, "{} after {} s", ended.code(), ended.seconds);
    // Its block goes, and it comes in another one.
    let (first, second) =
        (Tx { known: 0..3, ..delegated(&calls()) }, Tx { known: 5..99, block: START + 6, ..delegated(&calls()) });
    let ended = play(world(vec![first.clone(), second]));
    let gone = Progress::Reorganised { hash: HASH, block_number: START + 1 };
    assert_eq!(ended.count(&gone), 1, "{:?}", ended.steps);
    assert_eq!(ended.result.iter().flatten().flatten().map(|receipt| receipt.block_number).collect::<Vec<_>>(), [START + 6]);
    // Another block with the same number holds it.
    let fork = Tx { known: 3..99, fork: 1, ..delegated(&calls()) };
    let ended = play(world(vec![first.clone(), fork]));
    assert_eq!((ended.code(), ended.count(&gone)), ("receipts", 1), "{:?}", ended.steps);
    // Another transaction comes in its place, and the batch under another nonce: both are found without the wallet.
    let other = Tx { known: 0..3, input: vec![1; 99], ..delegated(&[]) };
    let ours = Tx { hash: OTHER, known: 3..99, ..delegated(&calls()) };
    assert_eq!(play(World { transactions: vec![other.clone(), ours.clone()], ..World::default() }).hashes(), [OTHER]);
    let next = Tx { nonce: NONCE + 1, ..ours };
    let both = vec![Tx { known: 0..99, ..other }, next];
    assert_eq!(play(World { transactions: both, ..World::default() }).hashes(), [OTHER]);
    // Another transaction comes in its place.
    let other = Tx { hash: OTHER, input: vec![1; 99], known: 5..99, ..delegated(&[]) };
    assert_ne!(play(world(vec![first, other])).code(), "receipts");
    // The chain stands still.
    let ended = play(World { blocks: 0, ..world(vec![delegated(&calls())]) });
    assert!(matches!(ended.kind(), Some(Kind::TxReceiptTimeout { hash: HASH, .. })));
}

#[test]
fn a_batch_that_is_abandoned_leaves_no_gap() {
    let abandon = |stage: &Stage| {
        let mut sending = Box::pin(stage.send());
        let mut context = std::task::Context::from_waker(futures_util::task::noop_waker_ref());
        while stage.wallet.count("wallet_sendCalls") == 0 {
            assert!(sending.as_mut().poll(&mut context).is_pending());
        }
        assert!(sending.as_mut().poll(&mut context).is_pending());
    };
    let doubt = format!("ogkit:doubt:1071:{ACCOUNT:?}:{NONCE}");
    // While the window is open, and while the batch is under way.
    for sends in [vec![None], vec![Some(Ok(json!({ "id": "0xba7c4" })))]] {
        let stage = stage(World { sends, ..World::default() });
        abandon(&stage);
        assert_eq!((stage.wallet.count("wallet_sendCalls"), stage.claims()), (1, vec![doubt.clone()]));
    }
    // A late no ends the doubt; a late id does not, for the batch may have another nonce.
    for (answer, claims) in [
        (Err(failure(Some(4001), "no")), vec![]),
        (Err(failure(Some(5740), "too many")), vec![]),
        (Ok(json!({ "id": "0xba7c4" })), vec![doubt.clone()]),
        (Err(failure(Some(-32603), "")), vec![doubt.clone()]),
    ] {
        let (sender, late) = channel();
        let stage = stage(World { sends: vec![None], late: Some(late), ..World::default() });
        abandon(&stage);
        assert_eq!(stage.claims(), std::slice::from_ref(&doubt));
        assert!(sender.send(answer).is_ok());
        fake::run(stage.rpc.io().clock.sleep(1));
        assert_eq!(stage.claims(), claims);
    }
}

#[test]
fn what_another_call_of_this_origin_follows_is_that_calls() {
    // Another nonce than was suggested, as when the user has sent something else meanwhile.
    let other = Tx { hash: OTHER, input: vec![1; 99], ..delegated(&[]) };
    let waiting =
        play(World { sends: vec![Some(Ok(json!({ "id": ID.to_string() })))], code: "0x6080", ..says(json!({ "status": 100 })) });
    assert!(waiting.followed.contains(&format!("ogkit:hash:1071:{ID}")));
    for (ours, key) in [
        (Tx { nonce: NONCE + 1, ..delegated(&calls()) }, content((1071, ACCOUNT), NONCE + 1, &calls()[0])),
        (delegated(&calls()), format!("ogkit:hash:1071:{HASH}")),
        (bundled(&calls(), true), format!("ogkit:hash:1071:{ID}")),
    ] {
        let transactions = || if ours.nonce == NONCE { vec![ours.clone()] } else { vec![other.clone(), ours.clone()] };
        let lost = || World { transactions: transactions(), ..sends(Err(failure(None, "Failed to fetch"))) };
        for (claimed, world, expected) in [
            (false, lost(), true),
            (true, lost(), false),
            // The wallet's word tells which one it is.
            (true, World { transactions: transactions(), ..says(executed_in(HASH)) }, true),
            (
                true,
                World { transactions: transactions(), statuses: vec![None, Some(Ok(executed_in(HASH)))], ..World::default() },
                true,
            ),
        ] {
            let stage = stage(world);
            if claimed {
                stage.tabs.0.borrow_mut().insert(key.clone());
            }
            let found = fake::run(stage.send()).is_ok_and(|receipts| receipts.is_some_and(|receipts| receipts[0].hash == HASH));
            assert_eq!(found, expected, "{key} {claimed}");
            // No other call takes it for its own from now on.
            assert!(!found || key.contains(":call:") || stage.tabs.0.borrow().contains(&key), "{key} {claimed}");
        }
    }
}

#[test]
fn a_call_that_would_revert_opens_no_window() {
    let stage = stage(World { simulation: Some("NotOwner"), ..World::default() });
    let refused = fake::run(stage.send());
    assert!(
        matches!(refused.map_err(|error| error.into_kind()), Err(Kind::TxRevert { reason, hash: None, .. }) if reason == "NotOwner")
    );
    assert_eq!(stage.wallet.count("wallet_sendCalls"), 0);
}
