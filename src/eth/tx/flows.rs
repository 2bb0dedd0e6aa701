//! Scripted dialogues of a write with a node and a wallet: what goes wrong, what is then sent again, and what never is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::super::call::WriteCall;
use super::super::calls::send_calls;
use super::super::nonce::NonceBook;
use super::super::revert::Reverted;
use super::super::rpc::Rpc;
use super::super::wallet::{ChainParams, WalletHandle};
use super::{Gas, Receipt, Signer, TxOptions, execute};
use crate::error::{Error, Kind};
use crate::io::fake::{self, FakeTabs, FakeWallet, HANGS, failure};
use crate::io::{Progress, Wallet, WalletFailure};

const ACCOUNT: Address = Address::repeat_byte(0xaa);
const TARGET: Address = Address::repeat_byte(0xbb);
const OTHER_TARGET: Address = Address::repeat_byte(0xcc);
const HASH: B256 = B256::repeat_byte(1);
const OTHER: B256 = B256::repeat_byte(2);

type Answer = Result<Value, WalletFailure>;
type Override = Box<dyn FnMut(&str, &Value) -> Option<Result<Value, Value>>>;

struct Told {
    result: Result<Receipt, Error>,
    steps: Vec<Progress>,
    sends: usize,
    tabs: FakeTabs,
    /// Kept, for its claims end with it.
    _book: NonceBook,
}

fn receipt(hash: B256, status: &str) -> Value {
    json!({ "transactionHash": hash.to_string(), "blockNumber": "0x6", "blockHash": B256::ZERO.to_string(), "gasUsed": "0x5208",
        "effectiveGasPrice": "0x1", "from": ACCOUNT.to_string(), "to": TARGET.to_string(), "status": status, "logs": [] })
}

fn transaction(hash: B256, nonce: &str, to: Address, data: &str) -> Value {
    json!({ "hash": hash.to_string(), "from": ACCOUNT.to_string(), "to": to.to_string(), "nonce": nonce, "value": "0x0", "input": data })
}

fn signer(wallet: &Rc<FakeWallet>) -> Signer {
    Signer {
        wallet: WalletHandle::new(Rc::clone(wallet) as Rc<dyn Wallet>, Rc::default(), Rc::new(fake::FakeClock::default())),
        account: ACCOUNT,
        chain: ChainParams {
            chain_id: 1071,
            name: String::new(),
            rpc_urls: Vec::new(),
            explorer_url: None,
            currency: Default::default(),
        },
        book: NonceBook::default(),
    }
}

fn options(steps: &Rc<RefCell<Vec<Progress>>>) -> TxOptions {
    let seen = Rc::clone(steps);
    TxOptions {
        nonce: None,
        gas: Gas::default(),
        auto_fix_nonce: true,
        max_retries: 3,
        receipt_timeout: 10,
        confirmations: 1,
        wallet_timeout_ms: None,
        on_progress: Rc::new(move |step| seen.borrow_mut().push(step)),
    }
}

/// A node on which everything succeeds, but for what `other` says; and a wallet that gives these answers to
/// `eth_sendTransaction`, one after another.
fn play(answers: Vec<Answer>, other: Override) -> Told {
    play_with(answers, |_| (), other)
}

fn play_with(answers: Vec<Answer>, change: impl FnOnce(&mut TxOptions), mut other: Override) -> Told {
    let wallet = Rc::new(FakeWallet::default());
    let asked = Rc::clone(&wallet);
    let (io, tabs) = fake::node(move |method, params| {
        // Before the wallet was asked, the chain has nothing of what comes after.
        let sent = asked.asked.borrow().iter().any(|(method, _)| *method == "eth_sendTransaction");
        let early = !sent && method == "eth_getTransactionCount";
        if let Some(answer) = (!early).then(|| other(method, params)).flatten() {
            return answer;
        }
        Ok(match method {
            "eth_call" => json!("0x"),
            "eth_estimateGas" => json!("0xc350"),
            "eth_chainId" => json!("0x42f"),
            "eth_getTransactionReceipt" => receipt(HASH, "0x1"),
            "eth_getTransactionByHash" => transaction(HASH, "0x5", TARGET, "0x01"),
            "eth_getCode" => json!("0x"),
            "eth_getLogs" => json!([]),
            "eth_getBlockByNumber" => json!({ "transactions": [] }),
            _ => json!("0x5"),
        })
    });
    for answer in answers {
        wallet.answers.borrow_mut().extend([
            ("eth_chainId", Ok(json!("0x42f"))),
            ("eth_accounts", Ok(json!([ACCOUNT.to_string()]))),
            ("eth_sendTransaction", answer),
        ]);
    }
    let signer = signer(&wallet);
    let steps = Rc::new(RefCell::new(Vec::new()));
    let mut options = options(&steps);
    change(&mut options);
    let rpc = Rpc::new(io, vec!["http://node".to_owned()]).of_chain(1071);
    let call = WriteCall::raw(TARGET, Bytes::from_static(&[1]));
    let explain = |reverted: Reverted| {
        std::future::ready(Error::from(Kind::TxRevert { reason: reverted.reason, data: reverted.data, hash: None })).boxed_local()
    };
    let result = fake::run(execute(&rpc, &signer, &call, &options, &|_| Ok(()), &explain));
    let sends = wallet.asked.borrow().iter().filter(|(method, _)| *method == "eth_sendTransaction").count();
    Told { result, steps: steps.take(), sends, tabs, _book: signer.book }
}

fn sent() -> Answer {
    Ok(json!(HASH.to_string()))
}

fn nothing() -> Override {
    Box::new(|_, _| None)
}

fn code(told: &Told) -> &'static str {
    told.result.as_ref().err().map_or("none", |error| error.code())
}

#[test]
fn a_write_that_goes_well() {
    let told = play(vec![sent()], nothing());
    assert_eq!(told.result.as_ref().ok().map(|r| (r.hash, r.nonce)), Some((HASH, 5)));
    assert!(matches!(told.steps.first(), Some(Progress::Simulated { gas: 60_000 })));
    assert!(matches!(told.steps.last(), Some(Progress::Mined { .. })));
}

#[test]
fn a_revert_opens_no_window() {
    let refused = json!({ "code": 3, "message": "execution reverted: NotOwner" });
    let told = play(vec![], Box::new(move |method, _| (method == "eth_estimateGas").then(|| Err(refused.clone()))));
    assert!(
        matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::TxRevert { reason, hash: None, .. }) if reason == "NotOwner")
    );
    assert_eq!(told.sends, 0);
}

#[test]
fn an_rpc_of_another_chain_is_noticed_before_anything_is_signed() {
    let told = play(vec![], Box::new(|method, _| (method == "eth_chainId").then(|| Ok(json!("0x1")))));
    assert!(matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::WrongChain { expected: 1071, actual: 1, .. })));
    assert_eq!(told.sends, 0);
}

#[test]
fn a_rejection_is_final_and_gives_the_nonce_back() {
    let told = play(vec![Err(failure(Some(4001), "no"))], nothing());
    assert_eq!((code(&told), told.sends), ("walletRejected", 1));
    assert!(told.tabs.0.borrow().is_empty());
}

/// A chain on which `hash` with this call has taken the nonce 5 since the wallet was asked.
fn taken(hash: B256, to: Address, data: &'static str) -> Override {
    Box::new(move |method, params| match method {
        "eth_getTransactionCount" => Some(Ok(json!("0x6"))),
        "eth_getBlockByNumber" if params[0] == json!("0x5") => {
            Some(Ok(json!({ "transactions": [transaction(hash, "0x5", to, data)] })))
        }
        "eth_getTransactionByHash" if params[0] == json!(HASH.to_string()) && hash != HASH => {
            Some(Ok(transaction(HASH, "0x6", TARGET, "0x01")))
        }
        _ => None,
    })
}

/// What nodes and wallets say of the second broadcast of a transaction that is in, and of much else.
const WORDS: [(Option<i64>, &str); 12] = [
    (Some(-32000), "nonce too low: next nonce 6"),
    (Some(-32000), "already known"),
    (Some(-32003), "transaction already imported"),
    (Some(-32000), "replacement transaction underpriced"),
    (Some(-32603), "Internal JSON-RPC error."),
    (Some(-32700), "parse error"),
    (Some(-32601), "the method does not exist"),
    (Some(-32002), "already pending"),
    (Some(-32602), "invalid params"),
    (Some(3), "execution reverted: Expired"),
    (Some(4100), "not permitted"),
    (None, "insufficient funds for gas * price + value"),
];

#[test]
fn words_after_a_broadcast_open_no_second_window() {
    for (number, words) in WORDS {
        let told = play(vec![Err(failure(number, words)), sent()], taken(HASH, TARGET, "0x01"));
        assert_eq!(told.result.as_ref().ok().map(|r| (r.hash, r.nonce)), Some((HASH, 5)), "{words}");
        assert_eq!(told.sends, 1, "{words}");
        assert!(
            told.steps.contains(&Progress::Searching { nonce: Some(5) }) && told.steps.contains(&Progress::Sent { hash: HASH })
        );
    }
}

#[test]
fn a_nonce_that_another_transaction_took_is_asked_again_once() {
    for (number, words) in WORDS {
        let told = play(vec![Err(failure(number, words)), sent()], taken(OTHER, OTHER_TARGET, "0x"));
        assert!(told.result.is_ok(), "{words} {:?}", told.result);
        assert_eq!(told.sends, 2, "{words}");
        assert!(told.steps.iter().any(|step| matches!(step, Progress::Retrying { attempt: 2, .. })));
    }
    let refusal = || Err(failure(Some(-32000), "nonce too low"));
    let told = play(vec![refusal(), refusal(), sent()], taken(OTHER, OTHER_TARGET, "0x"));
    assert_eq!(told.sends, 2);
    assert_eq!(code(&told), "txUncertain");
}

#[test]
fn what_may_be_out_is_never_sent_again() {
    let lost = [(None, "request timed out"), (Some(4900), "disconnected")];
    for (number, words) in WORDS.into_iter().chain(lost) {
        let told = play(vec![Err(failure(number, words)), sent()], nothing());
        assert_eq!((code(&told), told.sends), ("txUncertain", 1), "{words}");
        assert!(
            matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::TxUncertain { nonce: Some(5), said, .. }) if said.message == words)
        );
        let claims: Vec<String> = told.tabs.0.borrow().iter().filter(|claim| !claim.contains(":call:")).cloned().collect();
        assert!(
            matches!(claims.as_slice(), [mark] if mark.contains("doubt")),
            "the nonce is free, and marked: {words} {claims:?}"
        );
    }
    let told = play(vec![Ok(json!("not a hash")), sent()], nothing());
    assert_eq!((code(&told), told.sends), ("txUncertain", 1));
}

#[test]
fn a_transaction_that_waits_in_the_pool_is_found() {
    let told = play(
        vec![Err(failure(None, "Failed to fetch"))],
        Box::new(|method, params| match method {
            "eth_getBlockByNumber" if params[0] == json!("pending") => {
                Some(Ok(json!({ "transactions": [transaction(HASH, "0x5", TARGET, "0x01")] })))
            }
            _ => None,
        }),
    );
    assert_eq!(told.result.as_ref().ok().map(|r| r.hash), Some(HASH));
}

#[test]
fn a_rejection_before_signing_is_believed() {
    for number in [4001, 5000, 5750] {
        let told = play(vec![Err(failure(Some(number), "no"))], nothing());
        assert_eq!((code(&told), told.sends), ("walletRejected", 1), "{number}");
        assert!(told.tabs.0.borrow().is_empty(), "{number}");
    }
}

#[test]
fn a_strangers_hash_is_no_success() {
    let stranger = |mined: &'static str| -> Override {
        Box::new(move |method, params| match method {
            "eth_getTransactionByHash" if params[0] == json!(OTHER.to_string()) => {
                let mut other = transaction(OTHER, "0x2", TARGET, "0x01");
                other["from"] = json!(OTHER_TARGET.to_string());
                Some(Ok(other))
            }
            "eth_getTransactionReceipt" if params[0] == json!(OTHER.to_string()) => Some(Ok(receipt(OTHER, "0x1"))),
            "eth_getTransactionCount" => Some(Ok(json!(mined))),
            "eth_getBlockByNumber" if params[0] == json!("0x5") && mined == "0x6" => {
                Some(Ok(json!({ "transactions": [transaction(HASH, "0x5", TARGET, "0x01")] })))
            }
            _ => None,
        })
    };
    let answer = || vec![Ok(json!(OTHER.to_string()))];
    assert_eq!(code(&play(answer(), stranger("0x5"))), "txUncertain");
    // What was asked is out under another hash.
    assert_eq!(play(answer(), stranger("0x6")).result.ok().map(|r| r.hash), Some(HASH));
}

#[test]
fn an_edited_transaction_is_told_as_such() {
    let told = play(
        vec![sent()],
        Box::new(|method, _| (method == "eth_getTransactionByHash").then(|| Ok(transaction(HASH, "0x5", TARGET, "0x02")))),
    );
    assert!(
        matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::TxMismatch { hash: HASH, field: "calldata", asked, found }) if asked == "0x01" && found == "0x02"),
        "{:?}",
        told.result
    );
}

#[test]
fn confirmations_are_waited_for_and_a_reorganisation_is_told() {
    let head = Cell::new(5);
    let told = play_with(
        vec![sent()],
        |options| options.confirmations = 3,
        Box::new(move |method, params| match method {
            // Block 7 is `OTHER`; each block behind it has a hash of its own.
            "eth_getBlockByNumber" if params[1] == json!(false) => {
                let number = params[0].as_str().and_then(|text| u8::from_str_radix(text.get(2..)?, 16).ok()).unwrap_or_default();
                let hash = |number: u8| if number == 7 { OTHER } else { B256::repeat_byte(0x80 + number) };
                Some(Ok(
                    json!({ "number": params[0], "hash": hash(number).to_string(), "parentHash": hash(number - 1).to_string() }),
                ))
            }
            "eth_blockNumber" => {
                head.set(head.get() + 1);
                Some(Ok(json!(format!("0x{:x}", head.get()))))
            }
            // Block 6 is taken back after the first look, and the transaction is mined again in block 7.
            "eth_getTransactionReceipt" if head.get() > 6 => {
                let mut again = receipt(HASH, "0x1");
                again["blockNumber"] = json!("0x7");
                again["blockHash"] = json!(OTHER.to_string());
                Some(Ok(again))
            }
            _ => None,
        }),
    );
    assert_eq!(told.result.as_ref().ok().map(|r| r.block_hash), Some(OTHER));
    assert!(told.steps.contains(&Progress::Confirming { hash: HASH, block_number: 6, confirmations: 3 }));
    assert!(told.steps.contains(&Progress::Reorganised { hash: HASH, block_number: 6 }));
}

#[test]
fn a_wallet_that_does_not_answer_is_left_after_its_time_and_its_nonce_is_marked() {
    let told = play_with(vec![Err(failure(None, HANGS))], |options| options.wallet_timeout_ms = Some(3000), nothing());
    assert!(
        matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::TxUncertain { nonce: Some(5), said, .. }) if said.message.contains("3 s"))
    );
    assert!(told.tabs.0.borrow().iter().any(|claim| claim.contains("doubt")));
}

#[test]
fn a_repeated_call_under_its_own_nonce_opens_no_window_where_it_is_out() {
    let again = |to: Address| {
        let (io, _) = fake::node(move |method, params| {
            Ok(match method {
                "eth_getTransactionCount" => json!("0x6"),
                "eth_blockNumber" => json!("0x5"),
                "eth_getBlockByNumber" if params[0] == json!("0x5") => {
                    json!({ "transactions": [transaction(HASH, "0x5", to, "0x01")] })
                }
                "eth_getBlockByNumber" => json!({ "transactions": [] }),
                "eth_getTransactionReceipt" => receipt(HASH, "0x1"),
                "eth_getTransactionByHash" => transaction(HASH, "0x5", to, "0x01"),
                _ => json!("0x"),
            })
        });
        let wallet = Rc::new(FakeWallet::default());
        let options = TxOptions { nonce: Some(5), ..options(&Rc::default()) };
        let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
        let call = WriteCall::raw(TARGET, Bytes::from_static(&[1]));
        let explain = |reverted: Reverted| std::future::ready(reverted.into_error(None)).boxed_local();
        let result = fake::run(execute(&rpc, &signer(&wallet), &call, &options, &|_| Ok(()), &explain));
        assert!(wallet.asked.borrow().is_empty());
        result
    };
    assert_eq!(again(TARGET).ok().map(|receipt| receipt.hash), Some(HASH));
    assert!(again(OTHER_TARGET).is_err_and(|error| matches!(*error, Kind::Nonce { tried: 5, .. })));
}

#[test]
fn another_nonce_is_told_and_the_suggested_one_given_back() {
    let told = play(
        vec![sent()],
        Box::new(|method, _| (method == "eth_getTransactionByHash").then(|| Ok(transaction(HASH, "0x9", TARGET, "0x01")))),
    );
    assert!(told.steps.contains(&Progress::NonceIgnored { suggested: 5, used: 9 }));
    assert_eq!(told.result.ok().map(|r| r.nonce), Some(9));
    let claims = told.tabs.0.borrow();
    let nonces: Vec<_> = claims.iter().filter(|claim| claim.contains(":nonce:") || claim.contains(":doubt:")).collect();
    assert!(nonces.iter().all(|claim| claim.ends_with(":9")), "the suggested nonce is still claimed: {nonces:?}");
}

#[test]
fn a_mined_failure_has_its_hash_and_reason() {
    let calls = Cell::new(0);
    let told = play(
        vec![sent()],
        Box::new(move |method, _| match method {
            "eth_getTransactionReceipt" => Some(Ok(receipt(HASH, "0x0"))),
            "eth_call" => {
                calls.set(calls.get() + 1);
                (calls.get() > 1).then(|| Err(json!({ "code": 3, "message": "execution reverted: Expired" })))
            }
            _ => None,
        }),
    );
    assert!(
        matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::TxRevert { reason, hash: Some(HASH), .. }) if reason == "Expired")
    );
}

#[test]
fn a_race_that_was_lost_within_one_block_has_its_reason_and_its_gas_was_paid() {
    let told = play(
        vec![sent()],
        Box::new(|method, params| match method {
            "eth_getTransactionReceipt" => Some(Ok(receipt(HASH, "0x0"))),
            // The block before still lets it pass; the winner is in the same block.
            "eth_call" if params[1] == json!("0x6") => {
                Some(Err(json!({ "code": 3, "message": "execution reverted: AlreadyFinalized" })))
            }
            _ => None,
        }),
    );
    let error = told.result.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("AlreadyFinalized") && error.contains("only its gas was paid"), "{error}");
    assert!(!error.contains("nothing was sent"), "{error}");
}

#[test]
fn money_that_is_short_is_told_in_numbers() {
    for method in ["eth_call", "eth_estimateGas"] {
        let told = play(
            vec![],
            Box::new(move |asked, _| match asked {
                "eth_getBalance" => Some(Ok(json!("0x9"))),
                _ if asked == method => Some(Err(json!({ "code": -32000, "message": "insufficient funds for transfer" }))),
                _ => None,
            }),
        );
        let available = alloy_primitives::U256::from(9);
        assert!(
            matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::Gas { required: Some(_), available: Some(found), .. }) if *found == available),
            "{:?}",
            told.result
        );
        assert_eq!(told.sends, 0);
    }
}

#[test]
fn a_receipt_that_does_not_come_is_waited_for_and_then_said() {
    let told = play(
        vec![sent(), sent()],
        Box::new(|method, _| match method {
            "eth_getTransactionReceipt" | "eth_getTransactionByHash" => Some(Ok(Value::Null)),
            _ => None,
        }),
    );
    assert!(matches!(told.result.as_ref().map_err(|e| &**e), Err(Kind::TxReceiptTimeout { hash: HASH, timeout: 10 })));
    assert_eq!(told.sends, 1);
}

/// A node that has shown our transaction, and where `OTHER` took the nonce then.
fn replaced_by(to: Address, data: &'static str) -> Told {
    let looks = Cell::new(0);
    play(
        vec![sent()],
        Box::new(move |method, params| match method {
            "eth_getTransactionReceipt" if params[0] == json!(HASH.to_string()) => Some(Ok(Value::Null)),
            "eth_getTransactionReceipt" => Some(Ok(receipt(OTHER, "0x1"))),
            "eth_getTransactionByHash" if params[0] == json!(HASH.to_string()) => {
                looks.set(looks.get() + 1);
                Some(Ok(if looks.get() == 1 { transaction(HASH, "0x5", TARGET, "0x01") } else { Value::Null }))
            }
            "eth_getTransactionByHash" => Some(Ok(transaction(OTHER, "0x5", to, data))),
            "eth_getTransactionCount" if params[1] == json!("latest") => Some(Ok(json!("0x6"))),
            "eth_getBlockByNumber" => Some(Ok(json!({ "transactions": [transaction(OTHER, "0x5", to, data)] }))),
            _ => None,
        }),
    )
}

#[test]
fn a_transaction_that_was_sped_up_is_followed_under_its_new_hash() {
    let told = replaced_by(TARGET, "0x01");
    assert!(told.steps.contains(&Progress::Replaced { hash: HASH, replacement: OTHER }));
    assert_eq!(told.result.ok().map(|r| r.hash), Some(OTHER));
}

#[test]
fn a_transaction_that_was_cancelled_or_replaced_had_no_effect() {
    let cancelled = replaced_by(ACCOUNT, "0x");
    assert!(matches!(
        cancelled.result.as_ref().map_err(|e| &**e),
        Err(Kind::TxReplaced { hash: HASH, replacement: OTHER, cancelled: true })
    ));
    let other = replaced_by(TARGET, "0x02");
    assert!(matches!(
        other.result.as_ref().map_err(|e| &**e),
        Err(Kind::TxReplaced { hash: HASH, replacement: OTHER, cancelled: false })
    ));
}

#[test]
fn a_batch_of_an_account_that_is_no_longer_connected_opens_no_window() {
    let (io, tabs) = fake::node(|method, _| Ok(if method == "eth_call" { json!("0x") } else { json!("0x5") }));
    let wallet = Rc::new(FakeWallet::default());
    wallet.answers.borrow_mut().extend([
        ("wallet_getCapabilities", Ok(json!({ "0x42f": { "atomic": { "status": "supported" } } }))),
        ("eth_chainId", Ok(json!("0x42f"))),
        ("eth_accounts", Ok(json!([TARGET.to_string()]))),
    ]);
    let steps = Rc::default();
    let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
    let calls = [1, 2].map(|byte| WriteCall::raw(TARGET, Bytes::copy_from_slice(&[byte])));
    let explain = |reverted: Reverted| std::future::ready(reverted.into_error(None)).boxed_local();
    let result = fake::run(send_calls(&rpc, &signer(&wallet), &calls, &options(&steps), &explain));
    assert!(matches!(result.as_ref().map_err(|e| &**e), Err(Kind::WalletUnauthorized { account: Some(ACCOUNT), .. })));
    assert_eq!(wallet.asked.borrow().len(), 3);
    assert!(steps.borrow().is_empty() && tabs.0.borrow().is_empty());
}
