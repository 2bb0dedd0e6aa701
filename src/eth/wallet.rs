//! What is asked of an EIP-1193 wallet, and what its error numbers mean.
//!
//! Windows open one at a time for each wallet: a second connect or switch would be refused with −32002, and two
//! transactions would be numbered in the order in which the user happens to approve them.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::lock::{Mutex, MutexGuard};

use super::replies::parse_quantity;
use crate::error::{Error, Kind, Said, WALLET, clip};
use crate::io::{Wallet, WalletFailure};
use crate::json::{Json, quote};

/// The number by which wallets say that they do not know a chain (EIP-3085, EIP-3326).
const UNKNOWN_CHAIN: i64 = 4902;

/// The queue for a wallet's windows.
pub type Windows = Mutex<()>;

/// A wallet and the queue for its windows.
#[derive(Clone)]
pub struct WalletHandle {
    provider: Rc<dyn Wallet>,
    windows: Rc<Windows>,
}

/// What a wallet must know to add a chain (EIP-3085).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainParams {
    /// The chain id, below 2^53.
    pub chain_id: u64,
    /// The name shown to the user.
    pub name: String,
    /// RPC endpoints; wallets want https, or http on loopback.
    pub rpc_urls: Vec<String>,
    /// The explorer, if there is one. MetaMask versions differ on its absence.
    pub explorer_url: Option<String>,
    /// The native currency's name and symbol (two to six characters); it has 18 decimals.
    pub currency: (String, String),
}

impl WalletHandle {
    /// Wraps a provider; all handles on one provider share one queue.
    pub fn new(provider: Rc<dyn Wallet>, windows: Rc<Windows>) -> Self {
        Self { provider, windows }
    }

    /// The provider itself.
    pub fn provider(&self) -> Rc<dyn Wallet> {
        Rc::clone(&self.provider)
    }

    /// Waits until no other window of ours is open. Dropping the guard lets the next one in.
    pub async fn window(&self) -> MutexGuard<'_, ()> {
        self.windows.lock().await
    }

    /// The turn, where no window of ours is open.
    pub fn free_window(&self) -> Option<MutexGuard<'_, ()>> {
        self.windows.try_lock()
    }

    /// The accounts the wallet shows to this site, asking the user when `ask`.
    ///
    /// # Errors
    /// [`Kind::WalletLocked`] when it shows none, and whatever the wallet throws.
    pub async fn accounts(&self, ask: bool) -> Result<Vec<Address>, Error> {
        let method = if ask { "eth_requestAccounts" } else { "eth_accounts" };
        let answer = self.ask(method, "[]".to_owned()).await?;
        let accounts = Json::parse(&answer)
            .filter(|list| list.is_array())
            .and_then(|list| list.elements().map(|item| item.plain()?.parse().ok()).collect::<Option<Vec<Address>>>())
            .ok_or_else(|| Error::protocol("a list of addresses from the wallet", &answer))?;
        if accounts.is_empty() { Err(Error::from(Kind::WalletLocked)) } else { Ok(accounts) }
    }

    /// Asks the user for accounts and brings the wallet to `chain`, where one is given. Answers the account that is wanted,
    /// or the first.
    ///
    /// # Errors
    /// Those of [`WalletHandle::accounts`] and [`WalletHandle::switch_chain`]; [`Kind::WalletUnauthorized`] when `wanted` is
    /// not among those it shows.
    pub async fn connect(&self, wanted: Option<Address>, chain: Option<&ChainParams>) -> Result<Address, Error> {
        let _window = self.window().await;
        let accounts = self.accounts(true).await?;
        if let Some(chain) = chain {
            self.switch_chain(chain).await?;
        }
        match wanted {
            Some(wanted) if !accounts.contains(&wanted) => {
                let said = Said { message: format!("{wanted} is not among its accounts"), ..Said::default() };
                Err(Error::from(Kind::WalletUnauthorized { account: Some(wanted), said }))
            }
            Some(wanted) => Ok(wanted),
            None => accounts.first().copied().ok_or(Error::from(Kind::WalletLocked)),
        }
    }

    /// The chain the wallet is on.
    ///
    /// # Errors
    /// [`Kind::Protocol`] for an answer that is no chain id, and whatever the wallet throws.
    pub async fn chain_id(&self) -> Result<u64, Error> {
        let answer = self.ask("eth_chainId", "[]".to_owned()).await?;
        // Old wallets give a number or a decimal string.
        let text = answer.trim_matches('"');
        if text.starts_with("0x") { parse_quantity(text) } else { text.parse().map_err(|_| Error::protocol("a chain id", text)) }
    }

    /// Brings the wallet to `chain`, adding it where it is unknown. The caller holds the window.
    ///
    /// # Errors
    /// [`Kind::WalletRejected`], [`Kind::WalletRequestPending`], and [`Kind::WrongChain`] when the wallet stays
    /// where it is.
    pub async fn switch_chain(&self, chain: &ChainParams) -> Result<(), Error> {
        if self.chain_id().await? == chain.chain_id {
            return Ok(());
        }
        let target = format!(r#"[{{"chainId":"0x{:x}"}}]"#, chain.chain_id);
        let mut said = Said::default();
        if let Err(failure) = self.provider.request("wallet_switchEthereumChain", target.clone()).await {
            // Wallets report an unknown chain in many ways; anything but a refusal or an open window may be one.
            let error = classify("wallet_switchEthereumChain", failure);
            if matches!(*error, Kind::WalletRejected { .. } | Kind::WalletRequestPending { .. }) {
                return Err(error);
            }
            if self.chain_id().await? != chain.chain_id {
                said = self.try_to("wallet_addEthereumChain", add_params(chain)).await?;
                // An answer of null means added, not switched.
                if self.chain_id().await? != chain.chain_id {
                    let switched = self.try_to("wallet_switchEthereumChain", target).await?;
                    said = if said.message.is_empty() { switched } else { said };
                }
            }
        }
        let actual = self.chain_id().await?;
        if actual == chain.chain_id {
            Ok(())
        } else {
            Err(Error::from(Kind::WrongChain { expected: chain.chain_id, actual, who: WALLET.to_owned(), said }))
        }
    }

    /// A step towards a chain. A wallet that cannot take it is on the wrong chain, and the user can still bring it there: what it said is
    /// told then.
    async fn try_to(&self, method: &'static str, params: String) -> Result<Said, Error> {
        match self.ask(method, params).await.map_err(Error::into_kind) {
            Ok(_) => Ok(Said::default()),
            Err(Kind::WalletUnsupportedMethod { said, .. } | Kind::WalletFailed { said }) => Ok(said),
            Err(kind) => Err(kind.into()),
        }
    }

    async fn ask(&self, method: &'static str, params: String) -> Result<String, Error> {
        self.provider.request(method, params).await.map_err(|failure| classify(method, failure))
    }
}

fn add_params(chain: &ChainParams) -> String {
    let (name, symbol) = &chain.currency;
    let urls: Vec<String> = chain.rpc_urls.iter().map(|url| quote(url)).collect();
    let explorer = match &chain.explorer_url {
        Some(url) => format!(r#","blockExplorerUrls":[{}]"#, quote(url)),
        None => String::new(),
    };
    format!(
        r#"[{{"chainId":"0x{:x}","chainName":{},"rpcUrls":[{}],"nativeCurrency":{{"name":{},"symbol":{},"decimals":18}}{explorer}}}]"#,
        chain.chain_id,
        quote(&chain.name),
        urls.join(","),
        quote(name),
        quote(symbol)
    )
}

/// Whether the person said no, before anything was signed.
pub fn is_rejection(failure: &WalletFailure) -> bool {
    matches!(failure.said.code, Some(4001 | 5000 | 5750))
}

/// EIP-1193's and JSON-RPC's numbers → the failure's class.
pub fn classify(method: &str, failure: WalletFailure) -> Error {
    let mut said = failure.said;
    said.message = clip(&said.message);
    let words = said.message.to_ascii_lowercase();
    let vague = matches!(said.code, None | Some(-32603));
    match said.code {
        Some(4001 | 5000 | 5750) => Error::from(Kind::WalletRejected { said }),
        _ if vague && ["user rejected", "user denied", "user cancel", "rejected by user"].iter().any(|w| words.contains(w)) => {
            Error::from(Kind::WalletRejected { said })
        }
        Some(-32002) => Error::from(Kind::WalletRequestPending { said }),
        Some(4100) => Error::from(Kind::WalletUnauthorized { account: None, said }),
        Some(4200 | -32601 | -32004) => Error::from(Kind::WalletUnsupportedMethod { method: method.to_owned(), said }),
        Some(4900 | 4901) => Error::from(Kind::WalletDisconnected { said }),
        Some(UNKNOWN_CHAIN) | None | Some(_) => Error::from(Kind::WalletFailed { said }),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use futures_util::FutureExt as _;

    use serde_json::{Value, json};

    use super::*;
    use crate::io::fake::{FakeWallet, failure};

    type Script = Vec<(&'static str, Result<Value, WalletFailure>)>;

    fn chain() -> ChainParams {
        ChainParams {
            chain_id: 200_820_172_034,
            name: "OpenGPU testnet".into(),
            rpc_urls: vec!["https://rpc.example".into()],
            explorer_url: None,
            currency: ("OpenGPU".into(), "OGPU".into()),
        }
    }

    fn switch(script: Script) -> (Result<(), Error>, Vec<&'static str>) {
        let wallet = Rc::new(FakeWallet { answers: RefCell::new(script.into()), ..FakeWallet::default() });
        let result = WalletHandle::new(Rc::clone(&wallet) as Rc<dyn Wallet>, Rc::default()).switch_chain(&chain()).now_or_never();
        let asked = wallet.asked.borrow().iter().map(|(method, _)| *method).collect();
        (result.unwrap_or(Err(Error::from(Kind::WalletLocked))), asked)
    }

    #[test]
    fn the_wanted_account_connects_or_the_first() {
        let (first, second, stranger) = (Address::repeat_byte(1), Address::repeat_byte(2), Address::repeat_byte(3));
        let connect = |wanted| {
            let shown = ("eth_requestAccounts", Ok(json!([first.to_string(), second.to_string()])));
            let wallet = FakeWallet { answers: RefCell::new([shown].into()), ..FakeWallet::default() };
            WalletHandle::new(Rc::new(wallet), Rc::default()).connect(wanted, None).now_or_never()
        };
        assert!(matches!(connect(None), Some(Ok(account)) if account == first));
        assert!(matches!(connect(Some(second)), Some(Ok(account)) if account == second));
        let refused = connect(Some(stranger)).and_then(Result::err);
        assert!(refused.is_some_and(|e| matches!(*e, Kind::WalletUnauthorized { account: Some(a), .. } if a == stranger)));
    }

    #[test]
    fn a_wallet_on_the_chain_sees_no_window() {
        let (result, asked) = switch(vec![("eth_chainId", Ok(json!("0x2ec1d0a502")))]);
        assert!(result.is_ok());
        assert_eq!(asked, ["eth_chainId"]);
    }

    #[test]
    fn an_unknown_chain_is_added_and_then_switched_to() {
        for code in [Some(4902), Some(-32603), Some(-32601), None] {
            let (result, asked) = switch(vec![
                ("eth_chainId", Ok(json!("0x1"))),
                ("wallet_switchEthereumChain", Err(failure(code, "Unrecognized chain"))),
                ("eth_chainId", Ok(json!("0x1"))),
                ("wallet_addEthereumChain", Ok(Value::Null)),
                ("eth_chainId", Ok(json!("0x1"))),
                ("wallet_switchEthereumChain", Ok(Value::Null)),
                ("eth_chainId", Ok(json!("0x2ec1d0a502"))),
            ]);
            assert!(result.is_ok(), "{code:?} {result:?}");
            assert_eq!(asked.len(), 7);
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
        let (result, asked) =
            switch(vec![("eth_chainId", Ok(json!("0x1"))), ("wallet_switchEthereumChain", Err(failure(Some(4001), "no")))]);
        assert!(result.is_err_and(|e| e.code() == "walletRejected"));
        assert_eq!(asked.len(), 2);
    }

    #[test]
    fn a_declined_switch_after_adding_is_seen() {
        let (result, _) = switch(vec![
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_switchEthereumChain", Err(failure(Some(4902), ""))),
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_addEthereumChain", Ok(Value::Null)),
            ("eth_chainId", Ok(json!("0x1"))),
            ("wallet_switchEthereumChain", Ok(Value::Null)),
            ("eth_chainId", Ok(json!(1))),
        ]);
        assert!(result.is_err_and(|e| matches!(*e, Kind::WrongChain { expected: 200_820_172_034, actual: 1, .. })));
    }

    #[test]
    fn numbers_and_words_have_their_classes() {
        let class = |code, text: &str| classify("m", failure(code, text)).code();
        assert_eq!(class(Some(4001), ""), "walletRejected");
        assert_eq!(class(Some(5000), ""), "walletRejected");
        assert_eq!(class(None, "MetaMask Tx Signature: User denied transaction signature."), "walletRejected");
        assert_eq!(class(Some(-32603), "user rejected"), "walletRejected");
        assert_eq!(class(Some(-32002), ""), "walletRequestPending");
        assert_eq!(class(Some(4100), ""), "walletUnauthorized");
        assert_eq!(class(Some(4200), ""), "walletUnsupportedMethod");
        assert_eq!(class(Some(-32601), ""), "walletUnsupportedMethod");
        assert_eq!(class(Some(4900), ""), "walletDisconnected");
        assert_eq!(class(None, "boom"), "walletFailed");
        assert_eq!(class(Some(-32000), "user rejected"), "walletFailed");
    }
}
