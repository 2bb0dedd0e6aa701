//! Wallets that misbehave while accounts are asked for and chains are switched: late, refusing, gone.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::wallet::{ChainParams, WalletHandle, classify};
use crate::error::{Error, Kind};
use crate::io::fake::{FakeClock, FakeWallet, failure, run};
use crate::io::{Clock, Wallet, WalletFailure};

type Script = Vec<(&'static str, Result<Value, WalletFailure>)>;

const WANTED: u64 = 200_820_172_034;

fn chain() -> ChainParams {
    ChainParams {
        chain_id: WANTED,
        name: "OpenGPU testnet".into(),
        rpc_urls: vec!["https://rpc.example".into()],
        explorer_url: None,
        currency: ("OpenGPU".into(), "OGPU".into()),
    }
}

fn scripted(script: Script) -> (WalletHandle, Rc<FakeWallet>) {
    let wallet = Rc::new(FakeWallet { answers: RefCell::new(script.into()), ..FakeWallet::default() });
    let handle = WalletHandle::new(Rc::clone(&wallet) as Rc<dyn Wallet>, Rc::default(), Rc::new(FakeClock::default()));
    (handle, wallet)
}

fn switch(script: Script) -> (Result<(), Error>, Vec<&'static str>) {
    let (handle, wallet) = scripted(script);
    let result = run(handle.switch_chain(&chain()));
    let asked = wallet.asked.borrow().iter().map(|(method, _)| *method).collect();
    (result, asked)
}

/// A wallet that answers a step at once and is on the chain some time later.
#[derive(Default)]
struct LateWallet {
    clock: Rc<FakeClock>,
    /// The steps that it takes: switching, adding.
    known: Cell<bool>,
    adding_switches: bool,
    delay_ms: u64,
    arrives: Cell<Option<u64>>,
    asked: RefCell<Vec<&'static str>>,
}

impl Wallet for LateWallet {
    fn request(&self, method: &'static str, _: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let now = self.clock.now_ms();
        let on_its_way = || self.arrives.set(Some(now + self.delay_ms));
        if method != "eth_chainId" {
            self.asked.borrow_mut().push(method);
        }
        let answer = match method {
            "eth_chainId" if self.arrives.get().is_some_and(|at| now >= at) => Ok(json!(WANTED)),
            // In the middle of a switch some wallets fail.
            "eth_chainId" if self.arrives.get().is_some_and(|at| now + 100 >= at) => Err(failure(None, "switching networks")),
            "eth_chainId" => Ok(json!("0x1")),
            "wallet_switchEthereumChain" if !self.known.get() => Err(failure(Some(4902), "unknown")),
            "wallet_switchEthereumChain" => {
                on_its_way();
                Ok(Value::Null)
            }
            _ => {
                self.known.set(true);
                if self.adding_switches {
                    on_its_way();
                }
                Ok(Value::Null)
            }
        };
        async move { answer.map(|value| value.to_string()) }.boxed_local()
    }
}

fn switch_late(wallet: LateWallet) -> (Result<(), Error>, Vec<&'static str>, u64) {
    let clock = Rc::clone(&wallet.clock);
    let wallet = Rc::new(wallet);
    let handle = WalletHandle::new(Rc::clone(&wallet) as Rc<dyn Wallet>, Rc::default(), Rc::clone(&clock) as Rc<dyn Clock>);
    let result = run(handle.switch_chain(&chain()));
    (result, wallet.asked.take(), clock.now_ms())
}

#[test]
fn a_wallet_that_answers_before_it_has_switched_is_waited_for() {
    for delay_ms in [200, 1500, 4900] {
        let (result, asked, took) = switch_late(LateWallet { known: Cell::new(true), delay_ms, ..LateWallet::default() });
        assert!(result.is_ok() && took >= delay_ms && took <= delay_ms + 400, "{delay_ms} {took} {result:?}");
        assert_eq!(asked, ["wallet_switchEthereumChain"]);
    }
}

#[test]
fn a_wallet_that_does_not_switch_within_five_seconds_is_on_the_wrong_chain() {
    let (result, asked, took) = switch_late(LateWallet { known: Cell::new(true), delay_ms: 60_000, ..LateWallet::default() });
    assert!(result.is_err_and(|e| matches!(*e, Kind::WrongChain { expected: WANTED, actual: 1, .. })));
    assert!((5000..5400).contains(&took), "{took}");
    assert_eq!(asked, ["wallet_switchEthereumChain"], "an answer is no reason to add the chain");
}

#[test]
fn a_chain_that_is_added_is_switched_to_late_and_once() {
    let (result, asked, _) = switch_late(LateWallet { adding_switches: true, delay_ms: 1400, ..LateWallet::default() });
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(asked, ["wallet_switchEthereumChain", "wallet_addEthereumChain"], "no second window");
    let (result, asked, _) = switch_late(LateWallet { delay_ms: 1500, ..LateWallet::default() });
    assert!(result.is_ok(), "{result:?}");
    assert_eq!(asked, ["wallet_switchEthereumChain", "wallet_addEthereumChain", "wallet_switchEthereumChain"]);
}

#[test]
fn the_wanted_account_connects_or_the_first() {
    let (first, second, stranger) = (Address::repeat_byte(1), Address::repeat_byte(2), Address::repeat_byte(3));
    let connect = |wanted| {
        let shown = ("eth_requestAccounts", Ok(json!([first.to_string(), second.to_string()])));
        run(scripted(vec![shown]).0.connect(wanted, None))
    };
    assert!(matches!(connect(None), Ok(account) if account == first));
    assert!(matches!(connect(Some(second)), Ok(account) if account == second));
    let refused = connect(Some(stranger)).err();
    assert!(refused.is_some_and(|e| matches!(*e, Kind::WalletUnauthorized { account: Some(a), .. } if a == stranger)));
}

#[test]
fn a_wallet_that_cannot_be_asked_for_accounts_shows_those_that_it_has() {
    let account = Address::repeat_byte(1);
    for (code, words) in [
        (None, r#""eth_requestAccounts" not implemented"#),
        (Some(4200), ""),
        (Some(-32601), ""),
        (Some(-32004), ""),
        (Some(-32603), "The method eth_requestAccounts is not supported."),
        (Some(-32000), "method not found"),
        (Some(-32000), "the method eth_requestAccounts does not exist/is not available"),
    ] {
        let script = vec![
            ("eth_requestAccounts", Err(failure(code, words))),
            ("eth_accounts", Ok(json!([account.to_string().to_lowercase()]))),
        ];
        assert_eq!(run(scripted(script).0.connect(None, None)).ok(), Some(account), "{code:?} {words}");
    }
    for (code, words, expected) in [
        (Some(4001), "not supported", "walletRejected"),
        (None, "User rejected the request.", "walletRejected"),
        (Some(-32002), "", "walletRequestPending"),
        (Some(4100), "not found", "walletUnauthorized"),
        (None, "boom", "walletFailed"),
    ] {
        let (handle, wallet) = scripted(vec![("eth_requestAccounts", Err(failure(code, words)))]);
        assert_eq!(run(handle.connect(None, None)).err().map(|e| e.code()), Some(expected));
        assert_eq!(wallet.asked.borrow().len(), 1, "nothing else is asked");
    }
    let none = vec![("eth_requestAccounts", Err(failure(None, "not implemented"))), ("eth_accounts", Ok(json!([])))];
    assert_eq!(run(scripted(none).0.connect(None, None)).err().map(|e| e.code()), Some("walletLocked"));
}

#[test]
fn a_wallet_on_the_chain_sees_no_window() {
    let (result, asked) = switch(vec![("eth_chainId", Ok(json!("0x2ec1d0a502")))]);
    assert!(result.is_ok());
    assert_eq!(asked, ["eth_chainId"]);
}

#[test]
fn an_unknown_chain_is_added_and_then_switched_to() {
    for code in [Some(4902), Some(-32603), Some(-32601), Some(4901), None] {
        let (result, asked) = switch(vec![
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_switchEthereumChain", Err(failure(code, "Unrecognized chain"))),
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_addEthereumChain", Ok(Value::Null)),
            ("eth_chainId", Ok(json!("0x2ec1d0a502"))),
            ("eth_chainId", Ok(json!("0x2ec1d0a502"))),
        ]);
        assert!(result.is_ok(), "{code:?} {result:?}");
        assert_eq!(asked.len(), 6);
    }
}

#[test]
fn a_wallet_that_cannot_switch_is_on_the_wrong_chain() {
    for code in [Some(4200), Some(4902), Some(-32603), None] {
        let (result, _) = switch(vec![
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_switchEthereumChain", Err(failure(code, "no"))),
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_addEthereumChain", Err(failure(code, "no"))),
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_switchEthereumChain", Err(failure(code, "no"))),
            ("eth_chainId", Ok(json!("0x1"))),
        ]);
        let error = result.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(
            error.contains("on chain 1, but chain 200820172034 is needed; nothing was sent") && error.ends_with("(no)"),
            "{code:?} {error}"
        );
    }
}

#[test]
fn a_refused_switch_adds_nothing() {
    for (code, words) in [
        (Some(4001), "no"),
        (Some(-32000), "User rejected the request."),
        (Some(-32603), "User declined"),
        (Some(5000), ""),
        (None, "Request rejected"),
        (None, "Cancelled by User"),
    ] {
        let (result, asked) =
            switch(vec![("eth_chainId", Ok(json!("0x1"))), ("wallet_switchEthereumChain", Err(failure(code, words)))]);
        assert!(result.is_err_and(|e| e.code() == "walletRejected"), "{code:?} {words}");
        assert_eq!(asked.len(), 2, "{code:?} {words}");
    }
}

#[test]
fn a_wallet_that_goes_away_while_its_window_is_open_is_not_waited_for() {
    /// Never answers; says that it is gone.
    struct Gone(&'static str);
    impl Wallet for Gone {
        fn request(&self, method: &'static str, _: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
            let hangs = method == self.0;
            let answer = json!(if method == "eth_chainId" { "0x1" } else { "no" }).to_string();
            async move { if hangs { std::future::pending().await } else { Ok(answer) } }.boxed_local()
        }
        fn disconnected(&self) -> LocalBoxFuture<'static, WalletFailure> {
            async { failure(Some(1011), "Page reload required") }.boxed_local()
        }
    }
    let handle = |hangs| WalletHandle::new(Rc::new(Gone(hangs)), Rc::default(), Rc::new(FakeClock::default()));
    let account = handle("eth_requestAccounts").connect(None, None).now_or_never();
    let error = account.and_then(Result::err);
    assert!(error.is_some_and(|e| matches!(&*e, Kind::WalletDisconnected { said } if said.code == Some(1011))));
    let switched = handle("wallet_switchEthereumChain").switch_chain(&chain()).now_or_never();
    assert_eq!(switched.and_then(Result::err).map(|e| e.code()), Some("walletDisconnected"));
}

#[test]
fn numbers_and_words_have_their_classes() {
    let class = |code, text: &str| classify("m", failure(code, text)).code();
    assert_eq!(class(Some(4001), ""), "walletRejected");
    assert_eq!(class(Some(5000), ""), "walletRejected");
    assert_eq!(class(Some(5750), ""), "walletRejected");
    assert_eq!(class(None, "MetaMask Tx Signature: User denied transaction signature."), "walletRejected");
    assert_eq!(class(Some(-32603), "user rejected"), "walletRejected");
    assert_eq!(class(Some(-32000), "user rejected"), "walletRejected");
    assert_eq!(class(Some(-32002), ""), "walletRequestPending");
    assert_eq!(class(Some(4100), ""), "walletUnauthorized");
    assert_eq!(class(Some(4200), ""), "walletUnsupportedMethod");
    assert_eq!(class(Some(-32601), ""), "walletUnsupportedMethod");
    assert_eq!(class(Some(4900), ""), "walletDisconnected");
    assert_eq!(class(None, "boom"), "walletFailed");
    assert_eq!(class(Some(-32000), "nonce too low"), "walletFailed");
}
