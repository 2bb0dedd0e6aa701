//! `Ogpu`: one network and the wallet that signs there.

use futures_util::FutureExt as _;
use std::cell::RefCell;
use std::rc::{Rc, Weak};

use alloy_primitives::Address;
use js_sys::{Array, Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;

use super::events::EventStream;
use super::response::TaskResponse;
use super::source::Source;
use super::task::Task;
use super::vault::Vault;
use super::{book, options, output};
use crate::error::{Error, Kind};
use crate::eth::wallet::{WalletHandle, Windows};
use crate::io::web::{self, WebWallet};
use crate::js::convert::{Build, bigint, number};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::promise::start;
use crate::ogpu::client::Client;
use crate::ogpu::{content, nonces, reads};

/// An OpenGPU network, and the wallet that signs there.
///
/// Made by `Ogpu.connect` or, without a wallet, `Ogpu.readOnly`.
#[wasm_bindgen]
pub struct Ogpu {
    client: Rc<Client>,
    wallet: Option<(WebWallet, WalletHandle)>,
    network: JsValue,
}

thread_local! {
    /// The queue of each provider's windows: all clients of one wallet share it.
    static WINDOWS: RefCell<Vec<(JsValue, Weak<Windows>)>> = const { RefCell::new(Vec::new()) };
}

fn windows_of(provider: &JsValue) -> Rc<Windows> {
    WINDOWS.with_borrow_mut(|known| {
        known.retain(|(_, windows)| windows.strong_count() > 0);
        let same = known.iter().find(|(other, _)| Object::is(other, provider));
        if let Some(windows) = same.and_then(|(_, windows)| windows.upgrade()) {
            return windows;
        }
        let windows = Rc::<Windows>::default();
        known.push((provider.clone(), Rc::downgrade(&windows)));
        windows
    })
}

/// An address argument.
pub(super) fn address(field: &str, value: JsValue) -> Result<Address, Error> {
    Input::new(field, value).address()
}

#[wasm_bindgen]
impl Ogpu {
    /// Connects a wallet: it asks the user for accounts and brings the wallet to the network's chain, adding the chain
    /// where it is unknown. No HTTP request.
    ///
    /// @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, WrongChainError, InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Promise<Ogpu>")]
    pub fn connect(
        #[wasm_bindgen(
            unchecked_param_type = "{ wallet: Eip1193Provider; network: Network; account?: Address | undefined; switchChain?: boolean | undefined; signal?: AbortSignal | undefined }"
        )]
        options: JsValue,
    ) -> Promise {
        start(|| {
            let options = Input::new("options", options).object(&["wallet", "network", "account", "switchChain", "signal"])?;
            let provider = WebWallet(options.get("wallet")?.any_object()?.into_value());
            if !Reflect::get(&provider.0, &"request".into()).is_ok_and(|request| request.is_function()) {
                return Err(Error::input("options.wallet", "expected an EIP-1193 provider, an object with request()"));
            }
            let network = options.get("network")?;
            let given = network.clone_value();
            let network = options::network(network)?;
            let account = options.get("account")?.optional().map(|value| value.address()).transpose()?;
            let switch = options.get("switchChain")?.optional().map_or(Ok(true), |value| value.flag())?;
            let signal = options.get("signal")?.optional().map(|value| value.signal()).transpose()?;
            Ok((
                signal,
                async move {
                    let handle = WalletHandle::new(Rc::new(provider.clone()), windows_of(&provider.0));
                    let client = Client::connect(web::io(), network, book(), handle.clone(), account, switch).await?;
                    Ok(Self { client: Rc::new(client), wallet: Some((provider, handle)), network: given }.into())
                }
                .boxed_local(),
            ))
        })
    }

    /// A client that reads and needs no wallet. No request.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(js_name = readOnly, unchecked_return_type = "Promise<Ogpu>")]
    pub fn read_only(#[wasm_bindgen(unchecked_param_type = "{ network: Network }")] options: JsValue) -> Promise {
        start(|| {
            Ok((
                None,
                async move {
                    let network = Input::new("options", options).object(&["network"])?.get("network")?;
                    let given = network.clone_value();
                    let client = Client::read_only(web::io(), options::network(network)?, book());
                    Ok(Self { client: Rc::new(client), wallet: None, network: given }.into())
                }
                .boxed_local(),
            ))
        })
    }

    /// The account that signs; `undefined` for a read-only client.
    #[wasm_bindgen(getter, unchecked_return_type = "Address | undefined")]
    pub fn account(&self) -> Option<String> {
        self.client.account().map(|account| account.to_string())
    }

    /// The network, as it was given.
    #[wasm_bindgen(getter, unchecked_return_type = "Network")]
    pub fn network(&self) -> JsValue {
        self.network.clone()
    }

    /// The Vault contract: balances and escrow.
    #[wasm_bindgen(getter)]
    pub fn vault(&self) -> Vault {
        Vault::new(self.client.clone())
    }

    /// Publishes a source (an AI service). Its metadata goes to IPFS, its address comes back. Three HTTP requests: the
    /// upload, the simulation, the receipt (and one more for each further look, while the block is not there yet).
    ///
    /// @throws InvalidInputError, IPFSGatewayError, WalletRejectedError, TxRevertError, TxReceiptTimeoutError
    #[wasm_bindgen(js_name = publishSource, unchecked_return_type = "Promise<Source>")]
    pub fn publish_source(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SourceInfo")] info: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PublishOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (info, (signal, options)) = options::source_info(info).and_then(|info| Ok((info, options::publish(options)?)))?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let published = client.publish_source(&info, &options).await?;
                    Ok(Source::new(client, published.address, Some(published.receipt)).into())
                }
                .boxed_local(),
            ))
        })
    }

    /// Publishes a task (a job for a source). Its config goes to IPFS, its payment (wei) is frozen out of the client's
    /// vault balance. Three HTTP requests, as `publishSource`.
    ///
    /// @throws TaskExpiredError, InsufficientBalanceError, InvalidInputError, SourceInactiveError, WalletRejectedError
    #[wasm_bindgen(js_name = publishTask, unchecked_return_type = "Promise<Task>")]
    pub fn publish_task(
        &self,
        #[wasm_bindgen(unchecked_param_type = "TaskInfo")] info: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PublishOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (info, (signal, options)) = options::task_info(info).and_then(|info| Ok((info, options::publish(options)?)))?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let published = client.publish_task(&info, &options).await?;
                    Ok(Task::new(client, published.address, Some(published.receipt)).into())
                }
                .boxed_local(),
            ))
        })
    }

    /// Confirms a response, which pays its provider. Two HTTP requests: the simulation and the receipt. Answers the
    /// transaction's hash.
    ///
    /// @throws NotTaskOwnerError, ResponseAlreadyConfirmedError, TaskAlreadyFinalizedError, WalletRejectedError
    #[wasm_bindgen(js_name = confirmResponse, unchecked_return_type = "Promise<Hash>")]
    pub fn confirm_response(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] response: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let read = address("response", response).and_then(|response| Ok((response, options::write(options)?)));
            let (response, (signal, options)) = read?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let receipt = client.confirm_response(response, &options).await?;
                    Ok(receipt.hash.to_string().into())
                }
                .boxed_local(),
            ))
        })
    }

    /// The responses of a task's attempters `lower` to `upper` (exclusive; default: all), with every field, in the order
    /// of the attempts. Three HTTP requests up to a hundred attempters; each further hundred adds one.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(js_name = getTaskResponses, unchecked_return_type = "Promise<TaskResponse[]>")]
    pub fn get_task_responses(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] task: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] lower: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] upper: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        responses(&self.client, || address("task", task), lower, upper, options)
    }

    /// The confirmed response of a task, from the chain; `undefined` when there is none yet. Three HTTP requests, or one
    /// when there is none.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(js_name = getConfirmedResponse, unchecked_return_type = "Promise<ConfirmedResponse | undefined>")]
    pub fn get_confirmed_response(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] task: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (task, signal) = address("task", task).and_then(|task| Ok((task, options::call(options)?)))?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    Ok(match reads::confirmed_response(&client.rpc, task).await? {
                        Some(found) => Build::new().text("address", found.address).text("data", found.data).frozen(),
                        None => JsValue::UNDEFINED,
                    })
                }
                .boxed_local(),
            ))
        })
    }

    /// The confirmed response by the old HTTP API, which version 0.2.0 of the official SDK used. It is that service's
    /// word, not the chain's. One HTTP request.
    ///
    /// @throws ConfigError, HttpError, TaskNotFoundError
    #[wasm_bindgen(js_name = getConfirmedResponseFromApi, unchecked_return_type = "Promise<ApiConfirmedResponse>")]
    pub fn get_confirmed_response_from_api(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] task: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (task, signal) = address("task", task).and_then(|task| Ok((task, options::call(options)?)))?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let (address, data) = content::management_task(client.rpc.io(), &client.network, task).await?;
                    Ok(Build::new().text("address", address).with("data", super::content::parse_json(&data)?).frozen())
                }
                .boxed_local(),
            ))
        })
    }

    /// A source at an address. No request.
    ///
    /// @throws InvalidInputError
    pub fn source(&self, #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue) -> Result<Source, JsValue> {
        self::address("address", address)
            .map(|address| Source::new(self.client.clone(), address, None))
            .map_err(|error| to_js(&error))
    }

    /// A task at an address. No request.
    ///
    /// @throws InvalidInputError
    pub fn task(&self, #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue) -> Result<Task, JsValue> {
        self::address("address", address)
            .map(|address| Task::new(self.client.clone(), address, None))
            .map_err(|error| to_js(&error))
    }

    /// A response at an address, its fields not read yet. No request.
    ///
    /// @throws InvalidInputError
    pub fn response(&self, #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue) -> Result<TaskResponse, JsValue> {
        self::address("address", address)
            .map(|address| TaskResponse::at(self.client.clone(), address))
            .map_err(|error| to_js(&error))
    }

    /// An account's native balance in wei; default: the connected account's. One HTTP request.
    #[wasm_bindgen(js_name = getBalance, unchecked_return_type = "Promise<bigint>")]
    pub fn get_balance(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (account, signal) = self.or_own(address).and_then(|account| Ok((account, options::call(options)?)))?;
            let client = self.client.clone();
            Ok((signal, async move { reads::balance(&client.rpc, account).await.map(bigint) }.boxed_local()))
        })
    }

    /// How far an account's nonces have come; default: the connected account's. One HTTP request.
    #[wasm_bindgen(js_name = getNonceInfo, unchecked_return_type = "Promise<NonceInfo>")]
    pub fn get_nonce_info(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (account, signal) = self.or_own(address).and_then(|account| Ok((account, options::call(options)?)))?;
            let client = self.client.clone();
            Ok((signal, async move { Ok(output::nonce_info(&nonces::info(&client, account).await?)) }.boxed_local()))
        })
    }

    /// Cancels every stuck transaction of the connected account: one wallet window each, a transfer of nothing to
    /// oneself for a higher price. Answers the next nonce. Two HTTP requests, and one for each look at each of them.
    ///
    /// @throws NonceError when the wallet ignores the suggested nonce; then cancel in the wallet itself
    #[wasm_bindgen(js_name = fixNonce, unchecked_return_type = "Promise<number>")]
    pub fn fix_nonce(&self, #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue) -> Promise {
        start(|| {
            let (signal, options) = options::write(options)?;
            let client = self.client.clone();
            Ok((signal, async move { nonces::fix(&client, &options).await.map(number) }.boxed_local()))
        })
    }

    /// Forgets the book of nonces of one account; default: the connected account's. The next transaction starts from
    /// the chain's count. Nothing is cancelled.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(js_name = resetNonceCache)]
    pub fn reset_nonce_cache(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Address")] address: JsValue,
    ) -> Result<(), JsValue> {
        let account = self.or_own(address).map_err(|error| to_js(&error))?;
        self.client.book.reset(self.client.network.chain_id, account);
        Ok(())
    }

    /// Publishes content through the network's pinning service and answers its URL. The CID is computed here and the
    /// service's link must hold it. One HTTP request.
    ///
    /// @throws IPFSGatewayError, IPFSFetchError, ContentUnverifiedError
    #[wasm_bindgen(js_name = publishToIpfs, unchecked_return_type = "Promise<string>")]
    pub fn publish_to_ipfs(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string | Uint8Array | { [key: string]: JsonValue }")] data: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PinOptions")] options: JsValue,
    ) -> Promise {
        super::content::publish(self.client.network.pin_url.clone(), data, options)
    }

    /// Fetches a JSON document from IPFS and checks it against its CID. One HTTP request for each gateway asked.
    ///
    /// @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError
    #[wasm_bindgen(js_name = fetchIpfsJson, unchecked_return_type = "Promise<JsonValue>")]
    pub fn fetch_ipfs_json(
        &self,
        url: &str,
        #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue,
    ) -> Promise {
        super::content::fetch_json(self.client.network.gateway_urls.clone(), url, options)
    }

    /// Fetches content from IPFS, checks it against its CID and shows the proof.
    ///
    /// @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError
    #[wasm_bindgen(js_name = fetchIpfs, unchecked_return_type = "Promise<IpfsContent>")]
    pub fn fetch_ipfs(
        &self,
        url: &str,
        #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue,
    ) -> Promise {
        super::content::fetch(self.client.network.gateway_urls.clone(), url, options)
    }

    /// The chain that the wallet is on. No HTTP request.
    ///
    /// @throws MissingSignerError
    #[wasm_bindgen(js_name = getWalletChainId, unchecked_return_type = "Promise<number>")]
    pub fn get_wallet_chain_id(&self) -> Promise {
        start(|| {
            let handle = self.wallet.as_ref().map(|(_, handle)| handle.clone());
            Ok((
                None,
                async move {
                    let handle = handle.ok_or(Error::from(Kind::MissingSigner { role: "client" }))?;
                    handle.chain_id().await.map(number)
                }
                .boxed_local(),
            ))
        })
    }

    /// Brings the wallet to the network's chain, adding it where it is unknown. No HTTP request.
    ///
    /// @throws WalletRejectedError, WrongChainError, MissingSignerError
    #[wasm_bindgen(js_name = switchChain, unchecked_return_type = "Promise<void>")]
    pub fn switch_chain(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = options::call(options)?;
            let handle = self.wallet.as_ref().map(|(_, handle)| handle.clone());
            let chain = self.client.network.chain_params();
            Ok((
                signal,
                async move {
                    let handle = handle.ok_or(Error::from(Kind::MissingSigner { role: "client" }))?;
                    let _window = handle.window().await;
                    handle.switch_chain(&chain).await?;
                    Ok(JsValue::UNDEFINED)
                }
                .boxed_local(),
            ))
        })
    }

    /// Follows the wallet: `accountsChanged` gives the accounts, `chainChanged` the chain id, `disconnect` the wallet's
    /// error. Answers a function that ends it. A wallet without events never calls.
    ///
    /// @throws InvalidInputError, MissingSignerError
    #[wasm_bindgen(unchecked_return_type = "() => void")]
    pub fn on(
        &self,
        #[wasm_bindgen(unchecked_param_type = "\"accountsChanged\" | \"chainChanged\" | \"disconnect\"")] event: JsValue,
        #[wasm_bindgen(
            unchecked_param_type = "((accounts: Address[]) => void) | ((chainId: number) => void) | ((error: unknown) => void)"
        )]
        listener: JsValue,
    ) -> Result<JsValue, JsValue> {
        let read = || -> Result<_, Error> {
            let events = ["accountsChanged", "chainChanged", "disconnect"].map(|name| (name, name));
            let event = Input::new("event", event).one_of(&events)?;
            let listener = Input::new("listener", listener).function()?;
            let (wallet, _) = self.wallet.as_ref().ok_or(Error::from(Kind::MissingSigner { role: "client" }))?;
            Ok((event, listener, wallet.clone()))
        };
        let (event, listener, wallet) = read().map_err(|error| to_js(&error))?;
        Ok(wallet.listen(event, listener))
    }

    /// Watches the network's events: every lifecycle event of Nexus, or those of one task or source. An async iterator;
    /// `break` ends it. One HTTP request for each look.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "AsyncIterableIterator<OgpuEvent>")]
    pub fn watch(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "WatchOptions")] options: JsValue,
    ) -> Result<JsValue, JsValue> {
        EventStream::open(&self.client, None, None, options).map(Into::into).map_err(|error| to_js(&error))
    }

    fn or_own(&self, address: JsValue) -> Result<Address, Error> {
        match Input::new("address", address).optional() {
            Some(address) => address.address(),
            None => {
                self.client.account().ok_or_else(|| Error::input("address", "expected an address, for the client has no account"))
            }
        }
    }
}

/// Reads a task's responses, for `Ogpu` and `Task` alike.
pub(super) fn responses(
    client: &Rc<Client>,
    task: impl FnOnce() -> Result<Address, Error>,
    lower: JsValue,
    upper: JsValue,
    options: JsValue,
) -> Promise {
    start(|| {
        let task = task()?;
        let lower = Input::new("lower", lower).optional().map_or(Ok(0), |value| value.whole())?;
        let upper = Input::new("upper", upper).optional().map(|value| value.whole()).transpose()?;
        let signal = options::call(options)?;
        let client = client.clone();
        Ok((
            signal,
            async move {
                let found = reads::task_responses(&client.rpc, task, lower, upper).await?;
                let list: Array =
                    found.into_iter().map(|fields| JsValue::from(TaskResponse::with(client.clone(), fields))).collect();
                Ok(list.into())
            }
            .boxed_local(),
        ))
    })
}

impl WebWallet {
    /// Adds a listener; answers the function that removes it.
    fn listen(&self, event: &'static str, listener: Function) -> JsValue {
        let pass_on = Closure::<dyn FnMut(JsValue)>::new(move |value: JsValue| {
            let value = if event == "chainChanged" { chain_id(&value) } else { value };
            // What the caller's listener throws must not reach the wallet.
            let _ = listener.call1(&JsValue::UNDEFINED, &value);
        })
        .into_js_value();
        let call = |provider: &JsValue, method: &str, pass_on: &JsValue| {
            if let Ok(function) = Reflect::get(provider, &method.into()).and_then(|found| found.dyn_into::<Function>()) {
                // Some wallets throw from `on`: then they have no events.
                let _ = function.call2(provider, &event.into(), pass_on);
            }
        };
        call(&self.0, "on", &pass_on);
        let provider = self.0.clone();
        Closure::<dyn FnMut()>::new(move || call(&provider, "removeListener", &pass_on)).into_js_value()
    }
}

/// Wallets give the chain's id as hex text; old ones as a number or decimal text.
fn chain_id(value: &JsValue) -> JsValue {
    let text = value.as_string().unwrap_or_default();
    let parsed = match text.strip_prefix("0x") {
        Some(hex) => u64::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    };
    parsed.map_or_else(|| value.clone(), number)
}
