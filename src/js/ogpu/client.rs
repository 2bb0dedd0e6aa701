//! `Core`: one network and the wallet that signs there. The package's TypeScript puts its objects (`Ogpu`, `Task` …) on top.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;

use super::events::EventStream;
use super::{options, output};
use crate::error::{Error, Kind};
use crate::eth::checksum;
use crate::eth::rpc::Rpc;
use crate::eth::wallet::WalletHandle;
use crate::eth::watch::Hub;
use crate::io::web::{self, WebWallet};
use crate::js::convert::{Build, bigint, number};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::promise::start;
use crate::js::wallet::{self, book};
use crate::js::{options as shared, output as shared_output};
use crate::ogpu::client::Client;
use crate::ogpu::functions::{Contract, Read, Type, Value, Write};
use crate::ogpu::protocol::{controller, nexus};
use crate::ogpu::reads::Call;
use crate::ogpu::revert::Context;
use crate::ogpu::{content, nonces, reads};

/// What the package's `Ogpu` class stands on: the same calls without its objects.
#[wasm_bindgen]
pub struct Core {
    client: Rc<Client>,
    hub: Rc<Hub>,
    wallet: Option<(WebWallet, WalletHandle)>,
    network: JsValue,
}

/// An address argument.
pub(super) fn address(field: &str, value: JsValue) -> Result<Address, Error> {
    Input::new(field, value).address()
}

#[wasm_bindgen]
impl Core {
    /// Connects a wallet: it asks the user for accounts and brings the wallet to the network's chain, adding the chain
    /// where it is unknown. No HTTP request.
    ///
    /// @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, WrongChainError, InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Promise<Core>")]
    pub fn connect(
        #[wasm_bindgen(
            unchecked_param_type = "{ wallet: Eip1193Provider; network: Network; account?: Address | undefined; switchChain?: boolean | undefined; signal?: AbortSignal | undefined }"
        )]
        options: JsValue,
    ) -> Promise {
        start(|| {
            let options = Input::new("options", options).object(&["wallet", "network", "account", "switchChain", "signal"])?;
            let (provider, handle) = wallet::connectable(options.get("wallet")?)?;
            let network = options.get("network")?;
            let given = network.clone_value();
            let network = options::network(network)?;
            let account = options.get("account")?.optional().map(|value| value.address()).transpose()?;
            let switch = options.get("switchChain")?.optional().map_or(Ok(true), |value| value.flag())?;
            let signal = options.get("signal")?.optional().map(|value| value.signal()).transpose()?;
            Ok((
                signal,
                async move {
                    let client = Client::connect(web::io(), network, book(), handle.clone(), account, switch).await?;
                    Ok(Self::new(client, Some((provider, handle)), given).into())
                }
                .boxed_local(),
            ))
        })
    }

    /// A client that reads and needs no wallet. No request.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(js_name = readOnly, unchecked_return_type = "Promise<Core>")]
    pub fn read_only(#[wasm_bindgen(unchecked_param_type = "{ network: Network }")] options: JsValue) -> Promise {
        start(|| {
            Ok((
                None,
                async move {
                    let network = Input::new("options", options).object(&["network"])?.get("network")?;
                    let given = network.clone_value();
                    let client = Client::read_only(web::io(), options::network(network)?, book());
                    Ok(Self::new(client, None, given).into())
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

    /// An address, checked (EIP-55) and checksummed. No request.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Address")]
    pub fn checksum(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] value: JsValue,
        field: &str,
    ) -> Result<String, JsValue> {
        Input::new(field, value).address().map(checksum::text).map_err(|error| to_js(&error))
    }

    /// The answers of any getters of the table, in one HTTP request. Each call is the getter's name, the contract's address
    /// (for getters of sources, tasks and responses) and the arguments.
    ///
    /// @throws InvalidInputError, and `…NotFoundError` where the address is not such a contract
    #[wasm_bindgen(unchecked_return_type = "Promise<unknown[]>")]
    pub fn read(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly (readonly unknown[])[]")] calls: &Array,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        let calls = calls.clone();
        start(|| {
            let mut asked = Vec::new();
            for call in calls.iter() {
                // `Array::from` would make a list of whatever has a length, of two thousand million items if it says so.
                let call = call.dyn_ref::<Array>().ok_or_else(|| Error::input("calls", "expected lists"))?;
                let mut parts = call.iter();
                let name = parts.next().and_then(|name| name.as_string()).unwrap_or_default();
                let read = Read::named(&name).ok_or_else(|| Error::input("name", "expected a getter of the table"))?;
                let at = match read.contract.singleton(&self.client.network.contracts) {
                    Some(at) => at,
                    None => address("address", parts.next().unwrap_or_default())?,
                };
                let arguments = read.inputs.iter().map(|(name, kind)| argument(name, *kind, parts.next().unwrap_or_default()));
                asked.push(Call::new(read, at, arguments.collect::<Result<_, _>>()?));
            }
            let signal = shared::call(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let found = reads::values(&client.rpc, asked).await?;
                    Ok(found.iter().map(output::value).collect::<Array>().into())
                }
                .boxed_local(),
            ))
        })
    }

    /// The items `lower` to `upper` (exclusive; default: all) of a ranged getter. Two HTTP requests.
    ///
    /// @throws InvalidInputError, and `…NotFoundError` where the address is not such a contract
    #[wasm_bindgen(unchecked_return_type = "Promise<unknown[]>")]
    pub fn list(
        &self,
        counter: &str,
        getter: &str,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] at: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] lower: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] upper: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        let (counter, getter) = (Read::named(counter), Read::named(getter));
        start(|| {
            let unknown = || Error::input("name", "expected a getter of the table");
            let (counter, getter) = (counter.ok_or_else(unknown)?, getter.ok_or_else(unknown)?);
            let at = match getter.contract.singleton(&self.client.network.contracts) {
                Some(at) => at,
                None => address("address", at)?,
            };
            let (lower, upper) = range(lower, upper)?;
            let signal = shared::call(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let found = reads::list(&client.rpc, at, (counter, getter), lower, upper).await?;
                    Ok(found.iter().map(output::value).collect::<Array>().into())
                }
                .boxed_local(),
            ))
        })
    }

    /// Calls a writer of the table. Two HTTP requests: the simulation and the receipt.
    ///
    /// @throws InvalidInputError, WalletRejectedError, TxRevertError and the classes that a revert means
    #[wasm_bindgen(unchecked_return_type = "Promise<Receipt>")]
    pub fn write(
        &self,
        name: &str,
        #[wasm_bindgen(unchecked_param_type = "readonly unknown[]")] arguments: &Array,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        let (write, given) = (Write::named(name), arguments.clone());
        start(|| {
            let write = write.ok_or_else(|| Error::input("name", "expected a writer of the table"))?;
            let arguments = write.inputs.iter().zip(0..).map(|((name, kind, _), at)| argument(name, *kind, given.get(at)));
            let arguments: Vec<Value> = arguments.collect::<Result<_, _>>()?;
            let (signal, options) = shared::write(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move { Ok(shared_output::receipt(&client.call(write, &arguments, &options).await?)) }.boxed_local(),
            ))
        })
    }

    /// `Nexus.publishSource`, `Nexus.updateSource` (with `source`) or `Controller.publishTask` with their structs as they are.
    /// Two HTTP requests.
    ///
    /// @throws InvalidInputError, WalletRejectedError, TxRevertError and the classes that a revert means
    #[wasm_bindgen(js_name = writeStruct, unchecked_return_type = "Promise<Receipt>")]
    pub fn write_struct(
        &self,
        name: &str,
        #[wasm_bindgen(unchecked_param_type = "SourceParams | TaskParams")] params: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] source: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        let publishes_task = name == "Controller.publishTask";
        start(|| {
            let contracts = self.client.network.contracts;
            let (call, context) = if publishes_task {
                let (info, config) = options::task_params(params)?;
                let context = Context {
                    source: Some(info.source),
                    amount: info.payment,
                    expiry: Some(info.expiry_time),
                    ..Context::default()
                };
                (controller::publish_task(contracts.controller, &info, config), context)
            } else {
                let params = options::source_params(params)?;
                match Input::new("source", source).optional() {
                    None => (nexus::publish_source(contracts.nexus, params), Context::default()),
                    Some(source) => {
                        let source = source.address()?;
                        let context = Context { source: Some(source), ..Context::default() };
                        (nexus::update_source(contracts.nexus, source, params), context)
                    }
                }
            };
            let (signal, options) = shared::write(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move { Ok(shared_output::receipt(&client.write(&call, context, &options, &|_| Ok(())).await?)) }
                    .boxed_local(),
            ))
        })
    }

    /// Publishes a source. Three HTTP requests.
    ///
    /// @throws InvalidInputError, IPFSGatewayError, WalletRejectedError, TxRevertError, TxReceiptTimeoutError
    #[wasm_bindgen(js_name = publishSource, unchecked_return_type = "Promise<Published>")]
    pub fn publish_source(
        &self,
        #[wasm_bindgen(unchecked_param_type = "SourceInfo")] info: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PublishOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (info, (signal, options)) = options::source_info(info).and_then(|info| Ok((info, options::publish(options)?)))?;
            let client = self.client.clone();
            Ok((signal, async move { Ok(output::published(&client.publish_source(&info, &options).await?)) }.boxed_local()))
        })
    }

    /// Replaces a source's terms and metadata. Three HTTP requests.
    ///
    /// @throws NotSourceOwnerError, and as `publishSource`
    #[wasm_bindgen(js_name = updateSource, unchecked_return_type = "Promise<Receipt>")]
    pub fn update_source(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] source: JsValue,
        #[wasm_bindgen(unchecked_param_type = "SourceInfo")] info: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PublishOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (source, info) = (address("source", source)?, options::source_info(info)?);
            let (signal, options) = options::publish(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move { Ok(shared_output::receipt(&client.update_source(source, &info, &options).await?)) }.boxed_local(),
            ))
        })
    }

    /// Publishes a task. Three HTTP requests.
    ///
    /// @throws TaskExpiredError, InsufficientBalanceError, InvalidInputError, SourceInactiveError, WalletRejectedError
    #[wasm_bindgen(js_name = publishTask, unchecked_return_type = "Promise<Published>")]
    pub fn publish_task(
        &self,
        #[wasm_bindgen(unchecked_param_type = "TaskInfo")] info: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PublishOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (info, (signal, options)) = options::task_info(info).and_then(|info| Ok((info, options::publish(options)?)))?;
            let client = self.client.clone();
            Ok((signal, async move { Ok(output::published(&client.publish_task(&info, &options).await?)) }.boxed_local()))
        })
    }

    /// Confirms several responses, under one signature where the wallet has batches. After a failure with a `nonce` repeat the call with
    /// that nonce: it goes on, and answers the receipts of what it still confirmed.
    ///
    /// @throws TxPartialError, NotTaskOwnerError, ResponseAlreadyConfirmedError, TaskAlreadyFinalizedError, WalletRejectedError
    #[wasm_bindgen(js_name = confirmResponses, unchecked_return_type = "Promise<Receipt[]>")]
    pub fn confirm_responses(
        &self,
        #[wasm_bindgen(unchecked_param_type = "readonly Address[]")] responses: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let given = Input::new("responses", responses).list()?;
            let responses: Vec<Address> = given.iter().map(Input::address).collect::<Result<_, _>>()?;
            let (signal, options) = shared::write(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let receipts = client.confirm_responses(&responses, &options).await?;
                    Ok(receipts.iter().map(shared_output::receipt).collect::<Array>().into())
                }
                .boxed_local(),
            ))
        })
    }

    /// Waits for a transaction that was sent earlier, by its hash or a smart account's name for it.
    ///
    /// @throws TxRevertError, TxReceiptTimeoutError
    #[wasm_bindgen(js_name = waitForTransaction, unchecked_return_type = "Promise<Receipt>")]
    pub fn wait_for_transaction(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Hash")] id: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let id = Input::new("id", id).hash()?;
            let (signal, options) = shared::write(options)?;
            let client = self.client.clone();
            let waited = async move { client.wait_for(id, &options).await.map(|receipt| shared_output::receipt(&receipt)) };
            Ok((signal, waited.boxed_local()))
        })
    }

    /// The transaction that published something, by its hash: what it published. One HTTP request.
    ///
    /// @throws TxRevertError, ProtocolError
    #[wasm_bindgen(js_name = publishedBy, unchecked_return_type = "Promise<Published | undefined>")]
    pub fn published_by(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Hash")] hash: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let hash = Input::new("hash", hash).hash()?;
            let signal = shared::call(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let found = client.published_by(hash).await?;
                    Ok(found.as_ref().map_or(JsValue::UNDEFINED, output::published))
                }
                .boxed_local(),
            ))
        })
    }

    /// A task's responses with every field. Two HTTP requests up to `batchSize` attempters, then one more for each further.
    ///
    /// @throws TaskNotFoundError
    #[wasm_bindgen(js_name = taskResponses, unchecked_return_type = "Promise<ResponseSnapshot[]>")]
    pub fn task_responses(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] task: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] lower: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "number")] upper: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "ListOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let task = address("task", task)?;
            let (lower, upper) = range(lower, upper)?;
            let (signal, page) = options::list(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let found = reads::task_responses(&client.rpc, task, lower, upper, page).await?;
                    Ok(found.iter().map(output::value).collect::<Array>().into())
                }
                .boxed_local(),
            ))
        })
    }

    /// One response with every field: the one at an address, or a task's confirmed one. One HTTP request, or three.
    ///
    /// @throws ResponseNotFoundError, TaskNotFoundError
    #[wasm_bindgen(js_name = readResponse, unchecked_return_type = "Promise<ResponseSnapshot | undefined>")]
    pub fn read_response(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] response: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] task: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let response = Input::new("response", response).optional().map(|value| value.address()).transpose()?;
            let task = if response.is_none() { Some(address("task", task)?) } else { None };
            let signal = shared::call(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let found = match (response, task) {
                        (Some(response), _) => Some(reads::response(&client.rpc, response).await?),
                        (None, Some(task)) => reads::confirmed_response(&client.rpc, task).await?,
                        (None, None) => None,
                    };
                    Ok(found.as_ref().map_or(JsValue::UNDEFINED, output::value))
                }
                .boxed_local(),
            ))
        })
    }

    /// The document that a source, task or response names, checked against its CID: as JSON, or with its proof. Two HTTP
    /// requests; one when `known` is given, which is the link as it was read before.
    ///
    /// @throws ContentUnverifiedError, IPFSFetchError, IPFSGatewayError, and `…NotFoundError`
    #[wasm_bindgen(unchecked_return_type = "Promise<JsonValue | IpfsContent>")]
    pub fn document(
        &self,
        contract: &str,
        #[wasm_bindgen(unchecked_param_type = "Address")] at: JsValue,
        known: Option<String>,
        proof: bool,
        #[wasm_bindgen(unchecked_optional_param_type = "FetchOptions")] options: JsValue,
    ) -> Promise {
        let contract = match contract {
            "source" => Contract::Source,
            "task" => Contract::Task,
            _ => Contract::Response,
        };
        start(|| {
            let at = address("address", at)?;
            let (signal, options) = options::fetch(options)?;
            let client = self.client.clone();
            Ok((
                signal,
                async move {
                    let link = match known {
                        Some(link) => link,
                        None => reads::document_url(&client.rpc, contract, at).await?,
                    };
                    if proof {
                        super::content::proof(&client, &link, &options).await
                    } else {
                        super::content::document(&client, &link, &options).await
                    }
                }
                .boxed_local(),
            ))
        })
    }

    /// The confirmed response by the old HTTP API. One HTTP request.
    ///
    /// @throws ConfigError, HttpError, TaskNotFoundError
    #[wasm_bindgen(js_name = getConfirmedResponseFromApi, unchecked_return_type = "Promise<ApiConfirmedResponse>")]
    pub fn get_confirmed_response_from_api(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] task: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (task, signal) = address("task", task).and_then(|task| Ok((task, shared::call(options)?)))?;
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

    /// An account's native balance in wei; default: the connected account's. One HTTP request.
    #[wasm_bindgen(js_name = getBalance, unchecked_return_type = "Promise<bigint>")]
    pub fn get_balance(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (account, signal) = self.or_own(address).and_then(|account| Ok((account, shared::call(options)?)))?;
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
            let (account, signal) = self.or_own(address).and_then(|account| Ok((account, shared::call(options)?)))?;
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
            let (signal, options) = shared::write(options)?;
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
            let signal = shared::call(options)?;
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
        let (provider, _) = self.wallet.as_ref().ok_or_else(|| to_js(&Error::from(Kind::MissingSigner { role: "client" })))?;
        wallet::on(provider, event, listener).map_err(|error| to_js(&error))
    }

    /// Watches events, in batches. One HTTP request for each look, which serves all watchers of this client.
    ///
    /// @throws InvalidInputError
    pub fn watch(
        &self,
        #[wasm_bindgen(unchecked_optional_param_type = "WatchOptions")] options: JsValue,
    ) -> Result<EventStream, JsValue> {
        EventStream::open(&self.client, &self.hub, options).map_err(|error| to_js(&error))
    }

    /// The events between two blocks, both included (default: from the first to the head), as one JSON text.
    ///
    /// @throws InvalidInputError, RpcError
    #[wasm_bindgen(js_name = pastEvents, unchecked_return_type = "Promise<string>")]
    pub fn past_events(&self, #[wasm_bindgen(unchecked_optional_param_type = "EventQuery")] options: JsValue) -> Promise {
        super::events::past(&self.client, options)
    }

    /// The events of the network's contracts in a receipt, as one JSON text. `spelt` is the receipt as one text, which is
    /// quicker to read; without it, or where it does not fit, the receipt itself is read.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(js_name = receiptEvents)]
    pub fn receipt_events(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Receipt")] receipt: JsValue,
        spelt: Option<String>,
    ) -> Result<String, JsValue> {
        super::events::of_receipt(&self.client, receipt, spelt).map_err(|error| to_js(&error))
    }

    fn new(client: Client, wallet: Option<(WebWallet, WalletHandle)>, network: JsValue) -> Self {
        let client = Rc::new(client);
        Self { hub: super::events::hub(&client), client, wallet, network }
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

/// Whether a node of a chain answers at a URL. One HTTP request.
///
/// @throws InvalidRpcUrlError
#[wasm_bindgen(js_name = probeRpc, unchecked_return_type = "Promise<void>")]
pub fn probe_rpc(#[wasm_bindgen(unchecked_param_type = "string")] url: JsValue, chain_id: f64) -> Promise {
    start(|| {
        let url = Input::new("url", url).text()?;
        if !url.starts_with("https://") && !url.starts_with("http://") {
            let reason = "expected an http or https URL".to_owned();
            return Err(Error::from(Kind::InvalidRpcUrl { url: crate::error::public_url(&url), reason }));
        }
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "chain ids of our own constants")]
        let chain_id = chain_id as u64;
        let work = async move {
            let rpc = Rpc::new(web::io(), vec![url.clone()]);
            reads::probe(&rpc, &url, chain_id).await.map(|()| JsValue::UNDEFINED)
        };
        Ok((None, work.boxed_local()))
    })
}

/// A range of a list: whole numbers, the upper one exclusive.
fn range(lower: JsValue, upper: JsValue) -> Result<(u64, Option<u64>), Error> {
    let lower = Input::new("lower", lower).optional().map_or(Ok(0), |value| value.whole())?;
    let upper = Input::new("upper", upper).optional().map(|value| value.whole()).transpose()?;
    Ok((lower, upper))
}

/// An argument of a function of the table.
fn argument(name: &str, kind: Type, value: JsValue) -> Result<Value, Error> {
    let value = Input::new(name, value);
    Ok(match kind {
        Type::Address => Value::Address(value.address()?),
        Type::Amount => Value::Amount(value.amount()?),
        Type::Flag => Value::Flag(value.flag()?),
        Type::Hash => Value::Hash(value.hash()?),
        Type::Small => match value.whole()? {
            small @ 0..=255 => Value::Number(small),
            _ => return Err(Error::input(name, "expected a whole number from 0 to 255")),
        },
        _ => Value::Number(value.whole()?),
    })
}
