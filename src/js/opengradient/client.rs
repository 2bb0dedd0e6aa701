//! `OpenGradientCore`: a wallet, its payments, and the enclaves that answer.

use std::rc::Rc;

use alloy_primitives::B256;
use futures_util::FutureExt as _;
use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use web_sys::AbortController;

use super::stream::ChatStreamCore;
use super::{budget, options, output};
use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;
use crate::eth::tx::Signer;
use crate::io::web::{self, WebWallet};
use crate::js::convert::{Build, bigint};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::options::{self as shared, Signal, member};
use crate::js::promise::start;
use crate::js::wallet::{self, book};
use crate::json::Json;
use crate::opengradient::approval;
use crate::opengradient::llm::client::Llm;
use crate::opengradient::llm::request::{ChatRequest, CompletionRequest};
use crate::opengradient::paid::PaidSender;
use crate::opengradient::tee::registry::Registry;
use crate::x402::client::{Chain, Payer};
use crate::x402::policy::Token;

const CONNECT: &[&str] = &[
    "wallet",
    "account",
    "network",
    "server",
    "verify",
    "maxSkew",
    "settlement",
    "policy",
    "onPayment",
    "timeout",
    "streamTimeout",
    "inlineImages",
    "strictModels",
    "failover",
    "contractAccount",
    "fetch",
    "signal",
];

/// What a request that is paid may have beside its own object.
const PAID_CALL: &[&str] = &["signal", "onPayment", "retryPaid"];

/// What the package's `OpenGradient` stands on.
#[wasm_bindgen]
pub struct OpenGradientCore {
    llm: Llm,
    payer: Rc<Payer>,
    /// Who signs on the chain of the payments.
    signer: Signer,
    rpc: Rpc,
    opg: Token,
    registry: Option<Registry>,
    wallet: WebWallet,
}

/// A request that is read from the caller's object.
fn json_of(field: &str, value: JsValue) -> Result<String, Error> {
    Input::new(field, value).any_object()?.json()
}

impl OpenGradientCore {
    /// What asks for one request: the client's own, or one that shows the payment to the request's `onPayment`.
    fn asking(&self, options: JsValue) -> Result<(Signal, Llm), Error> {
        let bag = shared::bag(options, PAID_CALL)?;
        let signal = member(bag.as_ref(), "signal", Input::signal)?;
        let on_payment = options::on_payment(member(bag.as_ref(), "onPayment", Input::function)?);
        let retry_paid = member(bag.as_ref(), "retryPaid", Input::flag)?.unwrap_or(false);
        if on_payment.is_none() && !retry_paid {
            return Ok((signal, self.llm.clone()));
        }
        // Clones share limits and sessions.
        let mut payer = Payer::clone(&self.payer);
        payer.on_payment = on_payment.or(payer.on_payment);
        let sender = PaidSender::new(Rc::new(payer), self.registry.clone()).retrying(retry_paid);
        Ok((signal, self.llm.sent_by(Rc::new(sender))))
    }
}

fn tee_id(value: JsValue) -> Result<Option<B256>, Error> {
    Input::new("options.teeId", value).optional().map(|value| value.hash()).transpose()
}

#[wasm_bindgen]
impl OpenGradientCore {
    /// Connects a wallet: it asks the user for accounts. No HTTP request, and no chain is switched before something is signed.
    ///
    /// @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "Promise<OpenGradientCore>")]
    pub fn connect(#[wasm_bindgen(unchecked_param_type = "CoreConnectOptions")] options: JsValue) -> Promise {
        start(|| {
            let bag = Input::new("options", options).object(CONNECT)?;
            let (provider, handle) = wallet::connectable(bag.get("wallet")?)?;
            let network = options::network(bag.get("network")?)?;
            let payments = options::payments(&network)?;
            let (enclaves, registry, llm_options) = options::enclaves(&network, &bag)?;
            let (policy, store) = options::policy(bag.get("policy")?.optional(), Some(&payments.opg))?;
            let bag = Some(&bag);
            let wanted = member(bag, "account", Input::address)?;
            let on_payment = options::on_payment(member(bag, "onPayment", Input::function)?);
            let contract_account = member(bag, "contractAccount", Input::flag)?.unwrap_or(false);
            let fetch = member(bag, "fetch", Input::function)?;
            let signal = member(bag, "signal", Input::signal)?;
            Ok((
                signal,
                async move {
                    let account = handle.connect(wanted, None).await?;
                    let (ledger, share) = budget::of(account, store);
                    let chains = vec![Chain { params: payments.chain.clone(), rpc: Some(payments.rpc.clone()) }];
                    let io = web::io_with(fetch);
                    let mut payer = Payer::new(io.clone(), handle.clone(), account, policy, ledger);
                    (payer.contract_account, payer.chains, payer.on_payment) = (contract_account, chains, on_payment);
                    payer.share = share;
                    let payer = Rc::new(payer);
                    let sender = Rc::new(PaidSender::new(Rc::clone(&payer), registry.clone()));
                    let llm = Llm::new(io, sender, enclaves, llm_options)?;
                    let signer = Signer { wallet: handle, account, chain: payments.chain, book: book() };
                    let (rpc, opg) = (payments.rpc, payments.opg);
                    Ok(Self { llm, payer, signer, rpc, opg, registry, wallet: provider }.into())
                }
                .boxed_local(),
            ))
        })
    }

    /// The account that pays.
    #[wasm_bindgen(getter, unchecked_return_type = "Address")]
    pub fn account(&self) -> String {
        self.signer.account.to_string()
    }

    /// One chat answer, proven.
    ///
    /// @throws InvalidInputError, PaymentRefusedError, TeeUnavailableError, InferenceError, VerificationError …
    #[wasm_bindgen(unchecked_return_type = "Promise<ChatAnswer>")]
    pub fn chat(
        &self,
        #[wasm_bindgen(unchecked_param_type = "object")] request: JsValue,
        openai: bool,
        #[wasm_bindgen(unchecked_param_type = "Hash | undefined")] tee: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PaidCallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let request = chat_request(request, openai)?;
            let (tee, (signal, llm)) = (tee_id(tee)?, self.asking(options)?);
            Ok((signal, async move { Ok(output::chat(&llm.chat(&request, tee).await?)) }.boxed_local()))
        })
    }

    /// A chat answer as it comes.
    ///
    /// @throws InvalidInputError, PaymentRefusedError, TeeUnavailableError, InferenceError …
    #[wasm_bindgen(js_name = chatStream, unchecked_return_type = "Promise<ChatStreamCore>")]
    pub fn chat_stream(
        &self,
        #[wasm_bindgen(unchecked_param_type = "object")] request: JsValue,
        openai: bool,
        #[wasm_bindgen(unchecked_param_type = "Hash | undefined")] tee: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PaidCallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let request = chat_request(request, openai)?;
            let (tee, (signal, llm)) = (tee_id(tee)?, self.asking(options)?);
            let stop = AbortController::new().map_err(|_| Error::protocol("AbortController on this platform", "none"))?;
            let kept = signal.clone();
            Ok((
                signal,
                async move {
                    let stream = llm.chat_stream(&request, tee).await?;
                    Ok(ChatStreamCore::new(stream, stop, kept).into())
                }
                .boxed_local(),
            ))
        })
    }

    /// One completion, proven.
    ///
    /// @throws as `chat`
    #[wasm_bindgen(unchecked_return_type = "Promise<CompletionAnswer>")]
    pub fn completion(
        &self,
        #[wasm_bindgen(unchecked_param_type = "object")] request: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Hash | undefined")] tee: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "PaidCallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let text = json_of("request", request)?;
            let request = Json::parse(&text).ok_or_else(|| Error::input("request", "expected JSON"))?;
            let request = CompletionRequest::read(request)?;
            let (tee, (signal, llm)) = (tee_id(tee)?, self.asking(options)?);
            Ok((signal, async move { Ok(output::completion(&llm.completion(&request, tee).await?)) }.boxed_local()))
        })
    }

    /// Makes sure that Permit2 may move at least `least` of the account's OPG.
    ///
    /// @throws InsufficientTokenBalanceError, WalletRejectedError, InvalidInputError, TxReceiptTimeoutError
    #[wasm_bindgen(js_name = ensureApproval, unchecked_return_type = "Promise<OpgApproval>")]
    pub fn ensure_approval(
        &self,
        #[wasm_bindgen(unchecked_param_type = "bigint")] least: JsValue,
        #[wasm_bindgen(unchecked_param_type = "bigint")] approve: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let least = Input::new("options.minAllowance", least).amount()?;
            let approve = Input::new("options.approveAmount", approve).amount()?;
            let (signal, options) = shared::write(options)?;
            let (rpc, signer, opg) = (self.rpc.clone(), self.signer.clone(), self.opg.address);
            Ok((
                signal,
                async move {
                    let done = approval::ensure(&rpc, &signer, opg, least, approve, &options).await?;
                    let built =
                        Build::new().with("allowanceBefore", bigint(done.before)).with("allowanceAfter", bigint(done.after));
                    Ok(match done.hash {
                        Some(hash) => built.text("txHash", hash),
                        None => built.with("txHash", JsValue::NULL),
                    }
                    .frozen())
                }
                .boxed_local(),
            ))
        })
    }

    /// How the account's OPG stands: balance, and the allowance that payments need. One HTTP request.
    ///
    /// @throws RpcError, HttpError
    #[wasm_bindgen(js_name = opgState, unchecked_return_type = "Promise<OpgState>")]
    pub fn opg_state(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = shared::call(options)?;
            let (rpc, account, opg) = (self.rpc.clone(), self.signer.account, self.opg.address);
            Ok((
                signal,
                async move {
                    let (allowance, balance) = approval::state(&rpc, opg, account).await?;
                    Ok(Build::new().with("balance", bigint(balance)).with("allowance", bigint(allowance)).frozen())
                }
                .boxed_local(),
            ))
        })
    }

    /// What the account's clients in this origin signed for in OPG and did not get back, in its smallest unit. Asks the chain first what was
    /// really taken.
    ///
    /// @throws RpcError, HttpError
    #[wasm_bindgen(unchecked_return_type = "Promise<bigint>")]
    pub fn spent(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = shared::call(options)?;
            let (payer, opg) = (Rc::clone(&self.payer), self.opg.clone());
            Ok((signal, async move { Ok(bigint(payer.spent(opg.chain_id, opg.address).await?)) }.boxed_local()))
        })
    }

    /// The active enclaves. One HTTP request, and none while the last answer is fresh.
    ///
    /// @throws TeeUnavailableError, RpcError
    #[wasm_bindgen(unchecked_return_type = "Promise<Tee[]>")]
    pub fn tees(&self, #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue) -> Promise {
        start(|| {
            let signal = shared::call(options)?;
            Ok((signal, listed(self.registry.clone()).boxed_local()))
        })
    }

    /// Follows the wallet; answers a function that ends it.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(unchecked_return_type = "() => void")]
    pub fn on(
        &self,
        #[wasm_bindgen(unchecked_param_type = "\"accountsChanged\" | \"chainChanged\" | \"disconnect\"")] event: JsValue,
        #[wasm_bindgen(
            unchecked_param_type = "((accounts: Address[]) => void) | ((chainId: number) => void) | ((error: unknown) => void)"
        )]
        listener: JsValue,
    ) -> Result<JsValue, JsValue> {
        wallet::on(&self.wallet, event, listener).map_err(|error| to_js(&error))
    }
}

/// The active enclaves of a network's registry. One HTTP request; no wallet.
///
/// @throws TeeUnavailableError, InvalidInputError
#[wasm_bindgen(js_name = activeTees, unchecked_return_type = "Promise<Tee[]>")]
pub fn active_tees(
    #[wasm_bindgen(unchecked_param_type = "OpenGradientNetwork")] network: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
) -> Promise {
    start(|| {
        let registry = options::registry(&Input::new("network", network).any_object()?.get("inference")?.any_object()?)?;
        let signal = shared::call(options)?;
        Ok((signal, listed(registry).boxed_local()))
    })
}

async fn listed(registry: Option<Registry>) -> Result<JsValue, Error> {
    let reason = || "no registry is configured".to_owned();
    let registry = registry.ok_or_else(|| Error::from(Kind::TeeUnavailable { tee_id: None, reason: reason() }))?;
    Ok(registry.active().await?.iter().map(|tee| output::tee(tee)).collect::<Array>().into())
}

fn chat_request(request: JsValue, openai: bool) -> Result<ChatRequest, Error> {
    let text = json_of("request", request)?;
    let json = Json::parse(&text).ok_or_else(|| Error::input("request", "expected JSON"))?;
    if openai { ChatRequest::read_openai(json) } else { ChatRequest::read(json) }
}
