//! Scripted dialogues of a write with a node and a wallet: what goes wrong, what is then sent again, and what never is.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes};
use futures_util::FutureExt as _;
use serde_json::{Value, json};

use super::call::WriteCall;
use super::calls::send_calls;
use super::follow::Receipt;
use super::nonce::NonceBook;
use super::revert::Reverted;
use super::rpc::Rpc;
use super::tx::{Gas, Signer, TxOptions, execute};
use super::wallet::{ChainParams, WalletHandle};
use crate::error::{Error, Kind};
use crate::io::fake::{self, FakeTabs, FakeWallet, failure};
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
        wallet: WalletHandle::new(Rc::clone(wallet) as Rc<dyn Wallet>, Rc::default()),
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
fn play(answers: Vec<Answer>, mut other: Override) -> Told {
    let (io, tabs) = fake::node(move |method, params| {
        if let Some(answer) = other(method, params) {
            return answer;
        }
        Ok(match method {
            "eth_call" => json!("0x"),
            "eth_estimateGas" => json!("0xc350"),
            "eth_chainId" => json!("0x42f"),
            "eth_getTransactionReceipt" => receipt(HASH, "0x1"),
            "eth_getTransactionByHash" => transaction(HASH, "0x5", TARGET, "0x01"),
            _ => json!("0x5"),
        })
    });
    let wallet = Rc::new(FakeWallet::default());
    for answer in answers {
        wallet.answers.borrow_mut().extend([
            ("eth_chainId", Ok(json!("0x42f"))),
            ("eth_accounts", Ok(json!([ACCOUNT.to_string()]))),
            ("eth_sendTransaction", answer),
        ]);
    }
    let signer = signer(&wallet);
    let steps = Rc::new(RefCell::new(Vec::new()));
    let options = options(&steps);
    let rpc = Rpc::new(io, vec!["http://node".to_owned()]);
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

#[test]
fn a_refused_nonce_is_looked_up_and_tried_again() {
    let told = play(vec![Err(failure(Some(-32000), "nonce too low: next nonce 6")), sent()], nothing());
    assert!(told.result.is_ok());
    assert_eq!(told.sends, 2);
    assert!(told.steps.iter().any(|step| matches!(step, Progress::Retrying { attempt: 2, .. })));
}

#[test]
fn attempts_are_counted() {
    let refusal = || Err(failure(Some(-32000), "nonce too low"));
    let told = play(vec![refusal(), refusal(), refusal(), sent()], nothing());
    assert_eq!((code(&told), told.sends), ("nonce", 3));
}

#[test]
fn whatever_may_be_out_is_never_sent_again() {
    for (number, words) in [
        (Some(-32603), "Internal JSON-RPC error."),
        (Some(-32000), "already known"),
        (None, "request timed out"),
        (Some(4900), "disconnected"),
    ] {
        let told = play(vec![Err(failure(number, words)), sent()], nothing());
        assert_eq!((code(&told), told.sends), ("txUncertain", 1), "{words}");
        assert_eq!(told.tabs.0.borrow().len(), 1, "the nonce stays taken: {words}");
    }
    let told = play(vec![Ok(json!("not a hash")), sent()], nothing());
    assert_eq!((code(&told), told.sends), ("txUncertain", 1));
}

#[test]
fn a_transaction_whose_answer_was_lost_is_found_by_its_nonce() {
    let lost = || vec![Err(failure(None, "Failed to fetch")), sent()];
    let mined = |to: Address| -> Override {
        Box::new(move |method, params| match method {
            "eth_getTransactionCount" if params[1] == json!("latest") => Some(Ok(json!("0x6"))),
            "eth_getBlockByNumber" => Some(Ok(json!({ "transactions": [transaction(HASH, "0x5", to, "0x01")] }))),
            _ => None,
        })
    };
    let told = play(lost(), mined(TARGET));
    assert_eq!(told.result.as_ref().ok().map(|r| r.hash), Some(HASH));
    assert_eq!(told.sends, 1);
    // Somebody else's transaction with this nonce is not ours.
    let told = play(lost(), mined(OTHER_TARGET));
    assert_eq!((code(&told), told.sends), ("txUncertain", 1));
}

#[test]
fn a_refusal_that_proves_that_nothing_went_out_says_so() {
    for (number, words, expected) in [
        (Some(-32000), "insufficient funds for gas * price + value", "gas"),
        (Some(-32602), "Invalid params", "txRpc"),
        (Some(-32000), "intrinsic gas too low", "txRpc"),
        (Some(4100), "not permitted", "walletUnauthorized"),
        (Some(-32002), "already pending", "walletRequestPending"),
        (Some(3), "execution reverted: Expired", "txRevert"),
    ] {
        let told = play(vec![Err(failure(number, words))], nothing());
        assert_eq!((code(&told), told.sends), (expected, 1), "{words}");
        assert!(told.tabs.0.borrow().is_empty(), "{words}");
    }
}

#[test]
fn another_nonce_is_told_and_the_suggested_one_given_back() {
    let told = play(
        vec![sent()],
        Box::new(|method, _| (method == "eth_getTransactionByHash").then(|| Ok(transaction(HASH, "0x9", TARGET, "0x01")))),
    );
    assert!(told.steps.contains(&Progress::NonceIgnored { suggested: 5, used: 9 }));
    assert_eq!(told.result.ok().map(|r| r.nonce), Some(9));
    assert!(told.tabs.0.borrow().is_empty());
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

/// A node where `OTHER` took the nonce.
fn replaced_by(to: Address, data: &'static str) -> Told {
    play(
        vec![sent()],
        Box::new(move |method, params| match method {
            "eth_getTransactionReceipt" if params[0] == json!(HASH.to_string()) => Some(Ok(Value::Null)),
            "eth_getTransactionReceipt" => Some(Ok(receipt(OTHER, "0x1"))),
            "eth_getTransactionByHash" if params[0] == json!(HASH.to_string()) => Some(Ok(Value::Null)),
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
