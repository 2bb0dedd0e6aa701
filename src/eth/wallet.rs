//! What is asked of an EIP-1193 wallet, and what its error numbers mean.
//!
//! Windows open one at a time for each wallet: a second connect or switch would be refused with −32002, and two
//! transactions would be numbered in the order in which the user happens to approve them.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::future::{Either, select};
use futures_util::lock::{Mutex, MutexGuard};

pub use super::rejection::is_rejection;
use super::replies::parse_quantity;
use crate::error::{Error, Kind, Said, WALLET, clip};
use crate::io::{Clock, Wallet, WalletFailure};
use crate::json::{Json, quote};

/// The number by which wallets say that they do not know a chain (EIP-3085, EIP-3326).
const UNKNOWN_CHAIN: i64 = 4902;
/// A wallet's chain may follow its answer this much later. MetaMask on phones takes 0.2 to 1.5 s, and wagmi's connector waits too.
const SWITCH_MS: u64 = 5000;
/// After adding a chain some wallets are on it by themselves, this much later at most. Others only add it, and are asked to
/// switch then.
const ADD_MS: u64 = 1500;
/// The first pause between two looks at the wallet's chain; each next one is twice as long, up to [`MAX_PAUSE_MS`].
const MIN_PAUSE_MS: u64 = 50;
const MAX_PAUSE_MS: u64 = 400;

/// The queue for a wallet's windows.
pub type Windows = Mutex<()>;

/// A wallet and the queue for its windows.
#[derive(Clone)]
pub struct WalletHandle {
    provider: Rc<dyn Wallet>,
    windows: Rc<Windows>,
    clock: Rc<dyn Clock>,
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
    pub fn new(provider: Rc<dyn Wallet>, windows: Rc<Windows>, clock: Rc<dyn Clock>) -> Self {
        Self { provider, windows, clock }
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

    /// The accounts the wallet shows to this site, asking the user when `ask`. A wallet that has no way of asking, as a Safe whose
    /// page this is, shows its accounts without.
    ///
    /// # Errors
    /// [`Kind::WalletLocked`] when it shows none, and whatever the wallet throws.
    pub async fn accounts(&self, ask: bool) -> Result<Vec<Address>, Error> {
        let mut asked = None;
        if ask {
            asked = match self.open("eth_requestAccounts", "[]".to_owned()).await {
                Err(error) if is_missing(&error) => None,
                answer => Some(answer?),
            };
        }
        let answer = match asked {
            Some(answer) => answer,
            None => self.ask("eth_accounts", "[]".to_owned()).await?,
        };
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
    /// [`Kind::WalletRejected`], [`Kind::WalletRequestPending`], [`Kind::WalletDisconnected`], and [`Kind::WrongChain`] when the
    /// wallet stays where it is.
    pub async fn switch_chain(&self, chain: &ChainParams) -> Result<(), Error> {
        if self.chain_id().await? == chain.chain_id {
            return Ok(());
        }
        let target = format!(r#"[{{"chainId":"0x{:x}"}}]"#, chain.chain_id);
        let mut said = None;
        let mut wait = SWITCH_MS;
        if let Err(error) = self.open("wallet_switchEthereumChain", target.clone()).await {
            // Wallets report an unknown chain in many ways; anything but a refusal, an open window or a wallet that is gone may be one.
            match &*error {
                Kind::WalletRejected { .. } | Kind::WalletRequestPending { .. } => return Err(error),
                // Those two numbers are about chains: another one may be there.
                Kind::WalletDisconnected { said } if !matches!(said.code, Some(4900 | 4901)) => return Err(error),
                _ => {}
            }
            wait = 0;
            if self.chain_id().await? != chain.chain_id {
                said = self.try_to("wallet_addEthereumChain", add_params(chain)).await?;
                // An answer of null means added, not switched.
                let patience = if said.is_none() { ADD_MS } else { 0 };
                if self.chain_within(patience, chain.chain_id).await? != chain.chain_id {
                    let failed = self.try_to("wallet_switchEthereumChain", target).await?;
                    wait = if failed.is_none() { SWITCH_MS } else { 0 };
                    said = said.or(failed);
                }
            }
        }
        let actual = self.chain_within(wait, chain.chain_id).await?;
        if actual == chain.chain_id {
            Ok(())
        } else {
            let said = said.unwrap_or_default();
            Err(Error::from(Kind::WrongChain { expected: chain.chain_id, actual, who: WALLET.to_owned(), said }))
        }
    }

    /// The wallet's chain as soon as it is `wanted`, or the one where it is after `ms`: some wallets answer before they have
    /// switched.
    async fn chain_within(&self, ms: u64, wanted: u64) -> Result<u64, Error> {
        let deadline = self.clock.now_ms().saturating_add(ms);
        let mut pause = MIN_PAUSE_MS;
        loop {
            // While it switches a wallet may fail to say where it is.
            let actual = self.chain_id().await;
            if self.clock.now_ms() >= deadline || actual.as_ref().is_ok_and(|actual| *actual == wanted) {
                return actual;
            }
            self.clock.sleep(pause).await;
            pause = (pause * 2).min(MAX_PAUSE_MS);
        }
    }

    /// A step towards a chain. A wallet that cannot take it is on the wrong chain, and the user can still bring it there: what it said
    /// is answered then.
    async fn try_to(&self, method: &'static str, params: String) -> Result<Option<Said>, Error> {
        match self.open(method, params).await.map_err(Error::into_kind) {
            Ok(_) => Ok(None),
            Err(Kind::WalletUnsupportedMethod { said, .. } | Kind::WalletFailed { said }) => Ok(Some(said)),
            Err(kind) => Err(kind.into()),
        }
    }

    async fn ask(&self, method: &'static str, params: String) -> Result<String, Error> {
        self.provider.request(method, params).await.map_err(|failure| classify(method, failure))
    }

    /// Asks for what opens a window of the wallet and sends no transaction. A wallet that goes away meanwhile, as an extension that is
    /// reloaded, never answers: that is a failure then.
    ///
    /// # Errors
    /// What [`classify`] makes of the wallet's failure; [`Kind::WalletDisconnected`] when it goes away.
    pub async fn open(&self, method: &'static str, params: String) -> Result<String, Error> {
        let gone = self.provider.disconnected();
        match select(self.provider.request(method, params), gone).await {
            Either::Left((answer, _)) => answer.map_err(|failure| classify(method, failure)),
            Either::Right((failure, _)) => Err(Kind::WalletDisconnected { said: failure.said }.into()),
        }
    }
}

/// Whether a failure means that the wallet lacks the method: by its number (EIP-1193, EIP-1474), or by its words alone, as
/// Safe's provider says it.
fn is_missing(error: &Error) -> bool {
    let said = match &**error {
        Kind::WalletUnsupportedMethod { .. } => return true,
        Kind::WalletFailed { said } => said,
        _ => return false,
    };
    let words = said.message.to_ascii_lowercase();
    ["not implemented", "not supported", "unsupported", "not found", "not exist", "not available"]
        .iter()
        .any(|phrase| words.contains(phrase))
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

/// EIP-1193's and JSON-RPC's numbers → the failure's class. What is a rejection, for every method, says [`REJECTIONS`].
///
/// [`REJECTIONS`]: super::rejection::REJECTIONS
pub fn classify(method: &str, failure: WalletFailure) -> Error {
    let rejected = is_rejection(&failure);
    let mut said = failure.said;
    said.message = clip(&said.message);
    match said.code {
        _ if rejected => Error::from(Kind::WalletRejected { said }),
        Some(-32002) => Error::from(Kind::WalletRequestPending { said }),
        Some(4100) => Error::from(Kind::WalletUnauthorized { account: None, said }),
        Some(4200 | -32601 | -32004) => Error::from(Kind::WalletUnsupportedMethod { method: method.to_owned(), said }),
        Some(4900 | 4901) => Error::from(Kind::WalletDisconnected { said }),
        Some(UNKNOWN_CHAIN) | None | Some(_) => Error::from(Kind::WalletFailed { said }),
    }
}
