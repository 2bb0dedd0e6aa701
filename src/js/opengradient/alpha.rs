//! `AlphaCore`: inference, workflows and language models on OpenGradient's own chain.

use futures_util::FutureExt as _;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use super::{alpha_options as options, tensor};
use crate::error::Error;
use crate::eth::follow::Receipt;
use crate::eth::tx::TxOptions;
use crate::io::web::{self, WebWallet};
use crate::js::convert::{Build, number};
use crate::js::error::to_js;
use crate::js::input::Input;
use crate::js::options::{self as shared, Signal};
use crate::js::output::receipt;
use crate::js::promise::start;
use crate::js::wallet::{self, book, connectable};
use crate::json::Json;
use crate::opengradient::alpha::Alpha;
use crate::opengradient::inference::flow::InferenceResult;
use crate::opengradient::inference::output::ModelOutput;
use crate::opengradient::inference::{InferenceMode, input};
use crate::opengradient::onchain_llm::ChatResult;
use crate::opengradient::workflow::flow::{Schedule, Workflow};
use crate::opengradient::workflow::models::MODELS;

/// What the package's `Alpha` stands on.
#[wasm_bindgen]
pub struct AlphaCore {
    alpha: Alpha,
    wallet: Option<WebWallet>,
}

fn mode(value: JsValue) -> Result<InferenceMode, Error> {
    InferenceMode::try_from(Input::new("inferenceMode", value).text()?.as_str())
}

fn write(options: JsValue) -> Result<(Signal, TxOptions), Error> {
    shared::write(options)
}

fn result(found: &InferenceResult) -> JsValue {
    Build::new()
        .text("transactionHash", found.receipt.hash)
        .with("modelOutput", tensor::output(&found.output))
        .maybe("inferenceId", found.inference_id.as_ref())
        .with("receipt", receipt(&found.receipt))
        .frozen()
}

fn registered(mined: &Receipt, end_time: u64) -> Build {
    Build::new().with("receipt", receipt(mined)).with("endTime", number(end_time))
}

fn workflow(made: &Workflow) -> JsValue {
    let schedule = match &made.schedule {
        Schedule::NotAsked => Build::new().with("status", "notAsked"),
        Schedule::Registered { receipt, end_time } => registered(receipt, *end_time).with("status", "registered"),
        Schedule::Failed(error) => Build::new().with("status", "failed").with("error", to_js(error)),
    };
    Build::new()
        .text("address", made.address)
        .with("receipt", receipt(&made.receipt))
        .with("schedule", schedule.frozen())
        .frozen()
}

fn message(found: &ChatResult) -> JsValue {
    let call = |call: &crate::opengradient::onchain_llm::ToolCall| {
        let function = Build::new().text("name", &call.name).text("arguments", &call.arguments).frozen();
        Build::new().text("id", &call.id).with("type", "function").with("function", function).frozen()
    };
    let message = &found.message;
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut built = Build::new()
        .text("role", &message.role)
        .text("content", &message.content)
        .maybe("name", named(&message.name))
        .maybe("tool_call_id", named(&message.tool_call_id));
    if !message.tool_calls.is_empty() {
        built = built.with("tool_calls", message.tool_calls.iter().map(call).collect::<Array>());
    }
    Build::new()
        .text("transactionHash", found.receipt.hash)
        .text("finishReason", &found.finish_reason)
        .with("chatOutput", built.frozen())
        .with("receipt", receipt(&found.receipt))
        .frozen()
}

#[wasm_bindgen]
impl AlphaCore {
    /// Connects a wallet, or none to read only. One HTTP request where the network's chain id is not given; the wallet asks
    /// the user for accounts.
    ///
    /// @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, InvalidInputError, RpcError, HttpError
    #[wasm_bindgen(unchecked_return_type = "Promise<AlphaCore>")]
    pub fn connect(#[wasm_bindgen(unchecked_param_type = "AlphaConnectOptions")] options: JsValue) -> Promise {
        start(|| {
            let bag = Input::new("options", options).object(&["wallet", "account", "network", "signal"])?;
            let network = options::network(bag.get("network")?.optional())?;
            let wallet = bag.get("wallet")?.optional().map(connectable).transpose()?;
            let wanted = shared::member(Some(&bag), "account", Input::address)?;
            let signal = shared::member(Some(&bag), "signal", Input::signal)?;
            Ok((
                signal,
                async move {
                    let Some((provider, handle)) = wallet else {
                        return Ok(Self { alpha: Alpha::read_only(web::io(), network), wallet: None }.into());
                    };
                    let account = handle.connect(wanted, None).await?;
                    let alpha = Alpha::with_wallet(web::io(), network, book(), handle, account).await?;
                    Ok(Self { alpha, wallet: Some(provider) }.into())
                }
                .boxed_local(),
            ))
        })
    }

    /// The account that signs; `undefined` for a client that reads.
    #[wasm_bindgen(getter, unchecked_return_type = "Address | undefined")]
    pub fn account(&self) -> Option<String> {
        self.alpha.account().map(|account| account.to_string())
    }

    /// The explorer's page on an address.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(js_name = explorerAddress)]
    pub fn explorer_address(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue,
    ) -> Result<String, JsValue> {
        let address = Input::new("address", address).address().map_err(|error| to_js(&error))?;
        Ok(self.alpha.explorer_address(address))
    }

    /// The explorer's page on a transaction.
    ///
    /// @throws InvalidInputError
    #[wasm_bindgen(js_name = explorerTransaction)]
    pub fn explorer_transaction(&self, #[wasm_bindgen(unchecked_param_type = "Hash")] hash: JsValue) -> Result<String, JsValue> {
        let hash = Input::new("hash", hash).hash().map_err(|error| to_js(&error))?;
        Ok(self.alpha.explorer_transaction(hash))
    }

    /// Runs a model: simulated, signed, followed; the result comes from its event or from the node API.
    ///
    /// @throws InvalidInputError, TxRevertError, WalletRejectedError, TxReceiptTimeoutError, ResultRetrievalError …
    #[wasm_bindgen(unchecked_return_type = "Promise<InferenceResult>")]
    pub fn infer(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] model_cid: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] inference_mode: JsValue,
        #[wasm_bindgen(unchecked_param_type = "ModelInput")] model_input: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (cid, mode) = (Input::new("modelCid", model_cid).text()?, mode(inference_mode)?);
            let (signal, options) = write(options)?;
            let calldata = input::run(&cid, mode, &tensor::inputs(model_input)?)?;
            let alpha = self.alpha.clone();
            let work = async move { Ok(result(&alpha.infer_encoded(calldata, mode, &options).await?)) };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Takes up an inference by its transaction; `undefined` while it is not mined.
    ///
    /// @throws TxRevertError, ResultRetrievalError, RpcError
    #[wasm_bindgen(js_name = resumeInference, unchecked_return_type = "Promise<InferenceResult | undefined>")]
    pub fn resume_inference(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Hash")] hash: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] inference_mode: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (hash, mode, signal) = (Input::new("hash", hash).hash()?, mode(inference_mode)?, shared::call(options)?);
            let alpha = self.alpha.clone();
            let work = async move {
                let found = alpha.resume_inference(hash, mode).await?;
                Ok(found.as_ref().map_or(JsValue::UNDEFINED, result))
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// A result by its inference id, from the node API.
    ///
    /// @throws HttpError, ProtocolError
    #[wasm_bindgen(js_name = inferenceResult, unchecked_return_type = "Promise<ModelOutput>")]
    pub fn inference_result(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] inference_id: JsValue,
        #[wasm_bindgen(unchecked_param_type = "string")] inference_mode: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let id = Input::new("inferenceId", inference_id).text()?;
            let (mode, signal) = (mode(inference_mode)?, shared::call(options)?);
            let alpha = self.alpha.clone();
            Ok((signal, async move { Ok(tensor::output(&alpha.inference_result(&id, mode).await?)) }.boxed_local()))
        })
    }

    /// Deploys a workflow and, if asked, registers it with the scheduler. `bytecode` is the contract's creation code, whose
    /// hash is checked.
    ///
    /// @throws InvalidInputError, TxRevertError, WalletRejectedError, TxReceiptTimeoutError …
    #[wasm_bindgen(js_name = newWorkflow, unchecked_return_type = "Promise<Workflow>")]
    pub fn new_workflow(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Uint8Array")] bytecode: JsValue,
        #[wasm_bindgen(unchecked_param_type = "WorkflowParams")] params: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let known = ["modelCid", "inputQuery", "inputTensorName", "schedulerParams"];
            let params = Input::new("params", params).object(&known)?;
            let part = |key: &'static str| params.get(key).map(|found| Input::new(key, found.into_value()));
            let (cid, name) = (part("modelCid")?.text()?, part("inputTensorName")?.text()?);
            let query = options::query(part("inputQuery")?)?;
            let schedule = part("schedulerParams")?.optional().map(options::scheduler).transpose()?;
            let wrong = || Error::input("bytecode", "expected the contract's creation code in a Uint8Array");
            let bytecode = Input::new("bytecode", bytecode).bytes().ok_or_else(wrong)?;
            let (signal, options) = write(options)?;
            let alpha = self.alpha.clone();
            let work =
                async move { Ok(workflow(&alpha.new_workflow(&bytecode, &cid, &query, &name, schedule, &options).await?)) };
            Ok((signal, work.boxed_local()))
        })
    }

    /// The contract that a deployment made, by its transaction; `undefined` while it is not mined.
    ///
    /// @throws TxRevertError, ProtocolError, RpcError
    #[wasm_bindgen(js_name = deployedWorkflow, unchecked_return_type = "Promise<Address | undefined>")]
    pub fn deployed_workflow(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Hash")] hash: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (hash, signal) = (Input::new("hash", hash).hash()?, shared::call(options)?);
            let alpha = self.alpha.clone();
            let work = async move {
                let found = alpha.deployed_workflow(hash).await?;
                Ok(found.map_or(JsValue::UNDEFINED, |address| address.to_string().into()))
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Registers a deployed workflow with the scheduler.
    ///
    /// @throws InvalidInputError, TxRevertError, WalletRejectedError …
    #[wasm_bindgen(js_name = scheduleWorkflow, unchecked_return_type = "Promise<WorkflowRegistration>")]
    pub fn schedule_workflow(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_param_type = "SchedulerParams")] params: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let address = Input::new("contractAddress", address).address()?;
            let params = options::scheduler(Input::new("schedulerParams", params))?;
            let (signal, options) = write(options)?;
            let alpha = self.alpha.clone();
            let work = async move {
                let (mined, end_time) = alpha.schedule_workflow(address, params, &options).await?;
                Ok(registered(&mined, end_time).frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Runs a workflow once and reads its result.
    ///
    /// @throws TxRevertError, WalletRejectedError, ResultRetrievalError …
    #[wasm_bindgen(js_name = runWorkflow, unchecked_return_type = "Promise<WorkflowRun>")]
    pub fn run_workflow(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let address = Input::new("contractAddress", address).address()?;
            let (signal, options) = write(options)?;
            let alpha = self.alpha.clone();
            let work = async move {
                let (mined, output) = alpha.run_workflow(address, &options).await?;
                Ok(Build::new()
                    .text("transactionHash", mined.hash)
                    .with("modelOutput", tensor::output(&output))
                    .with("receipt", receipt(&mined))
                    .frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// A workflow's newest result.
    ///
    /// @throws TxRevertError, ProtocolError, RpcError
    #[wasm_bindgen(js_name = readWorkflowResult, unchecked_return_type = "Promise<ModelOutput>")]
    pub fn read_workflow_result(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (address, signal) = (Input::new("contractAddress", address).address()?, shared::call(options)?);
            let alpha = self.alpha.clone();
            Ok((signal, async move { Ok(tensor::output(&alpha.read_workflow_result(address).await?)) }.boxed_local()))
        })
    }

    /// A workflow's last results, newest first.
    ///
    /// @throws InvalidInputError, TxRevertError, ProtocolError, RpcError
    #[wasm_bindgen(js_name = readWorkflowHistory, unchecked_return_type = "Promise<ModelOutput[]>")]
    pub fn read_workflow_history(
        &self,
        #[wasm_bindgen(unchecked_param_type = "Address")] address: JsValue,
        #[wasm_bindgen(unchecked_param_type = "number")] num_results: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (address, signal) = (Input::new("contractAddress", address).address()?, shared::call(options)?);
            // More than is allowed is refused below.
            let count = u32::try_from(Input::new("numResults", num_results).whole()?).unwrap_or(u32::MAX);
            let alpha = self.alpha.clone();
            let work = async move {
                let results: Vec<ModelOutput> = alpha.read_workflow_history(address, count).await?;
                Ok(results.iter().map(tensor::output).collect::<Array>().into())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// One of OpenGradient's own forecasts, by the name of the official function.
    ///
    /// @throws InvalidInputError, ProtocolError, RpcError
    #[wasm_bindgen(js_name = readWorkflowModel, unchecked_return_type = "Promise<WorkflowModelOutput>")]
    pub fn read_workflow_model(
        &self,
        #[wasm_bindgen(unchecked_param_type = "string")] name: JsValue,
        #[wasm_bindgen(unchecked_param_type = "Address | undefined")] address: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let name = Input::new("name", name).text()?;
            let model = MODELS.iter().find(|model| model.name == name);
            let model = model.ok_or_else(|| Error::input("name", "expected the name of a workflow model"))?;
            let address = Input::new("contractAddress", address).optional().map(|address| address.address()).transpose()?;
            let signal = shared::call(options)?;
            let alpha = self.alpha.clone();
            let work = async move {
                let output = alpha.read_workflow_model(model, address).await?;
                let built = Build::new().text("result", output.result);
                Ok(built.text("blockExplorerLink", output.block_explorer_link).frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Continues a chat on chain.
    ///
    /// @throws InvalidInputError, TxRevertError, WalletRejectedError, ResultRetrievalError …
    #[wasm_bindgen(js_name = llmChat, unchecked_return_type = "Promise<LlmChatResult>")]
    pub fn llm_chat(
        &self,
        #[wasm_bindgen(unchecked_param_type = "LlmChatParams")] params: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let request = options::chat(params)?;
            let (signal, options) = write(options)?;
            let alpha = self.alpha.clone();
            let work = async move {
                let wrong = |field: &'static str| move || Error::input(field, "expected JSON");
                let messages = Json::parse(&request.messages).ok_or_else(wrong("messages"))?;
                let tools = request.tools.as_deref().map(|tools| Json::parse(tools).ok_or_else(wrong("tools"))).transpose()?;
                let choice = request.tool_choice.as_deref();
                let found = alpha.llm_chat(&request.model, messages, tools, choice, &request.options, &options).await?;
                Ok(message(&found))
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Continues a text on chain.
    ///
    /// @throws as `llmChat`
    #[wasm_bindgen(js_name = llmCompletion, unchecked_return_type = "Promise<LlmCompletionResult>")]
    pub fn llm_completion(
        &self,
        #[wasm_bindgen(unchecked_param_type = "LlmCompletionParams")] params: JsValue,
        #[wasm_bindgen(unchecked_optional_param_type = "WriteOptions")] options: JsValue,
    ) -> Promise {
        start(|| {
            let (model, prompt, request) = options::completion(params)?;
            let (signal, options) = write(options)?;
            let alpha = self.alpha.clone();
            let work = async move {
                let (mined, text) = alpha.llm_completion(&model, &prompt, &request, &options).await?;
                Ok(Build::new()
                    .text("transactionHash", mined.hash)
                    .text("completionOutput", text)
                    .with("receipt", receipt(&mined))
                    .frozen())
            };
            Ok((signal, work.boxed_local()))
        })
    }

    /// Follows the wallet; answers a function that ends it.
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
        let missing = || Error::from(crate::error::Kind::MissingSigner { role: "user" });
        let on = || wallet::on(self.wallet.as_ref().ok_or_else(missing)?, event, listener);
        on().map_err(|error| to_js(&error))
    }
}

/// The calldata of an inference, for those who send it themselves.
///
/// @throws InvalidInputError
#[wasm_bindgen(js_name = encodeInference)]
pub fn encode_inference(
    #[wasm_bindgen(unchecked_param_type = "string")] model_cid: JsValue,
    #[wasm_bindgen(unchecked_param_type = "string")] inference_mode: JsValue,
    #[wasm_bindgen(unchecked_param_type = "ModelInput")] model_input: JsValue,
) -> Result<Uint8Array, JsValue> {
    let encode = || {
        let (cid, mode) = (Input::new("modelCid", model_cid).text()?, mode(inference_mode)?);
        input::run(&cid, mode, &tensor::inputs(model_input)?)
    };
    let calldata = encode().map_err(|error| to_js(&error))?;
    Ok(Uint8Array::from(calldata.as_slice()))
}

/// The tensors in an `InferenceResult` event's data, or in what `getInferenceResult` returns.
///
/// @throws InvalidInputError, ProtocolError
#[wasm_bindgen(js_name = decodeModelOutput, unchecked_return_type = "ModelOutput")]
pub fn decode_model_output(#[wasm_bindgen(unchecked_param_type = "Uint8Array")] data: JsValue) -> Result<JsValue, JsValue> {
    let decode = || {
        let data = Input::new("data", data).bytes().ok_or_else(|| Error::input("data", "expected a Uint8Array"))?;
        ModelOutput::decode(&data)
    };
    let output = decode().map_err(|error| to_js(&error))?;
    Ok(tensor::output(&output))
}

/// The named forecasts: the official function's name, the contract on the public network, the tensor with the number.
#[wasm_bindgen(js_name = workflowModels, unchecked_return_type = "{ name: string; address: Address; tensor: string }[]")]
pub fn workflow_models() -> JsValue {
    let model = |model: &crate::opengradient::workflow::models::WorkflowModel| {
        Build::new().text("name", model.name).text("address", model.address).text("tensor", model.tensor).frozen()
    };
    MODELS.iter().map(model).collect::<Array>().into()
}
