/** OpenGradient's own chain: ONNX models, workflows, and the language models of the 0.4 era. */

import { guarded } from "./border.js";
import { read } from "./provider.js";
import { invalidInput } from "./errors.js";
import type { DiscoveredWallet } from "./wallets.js";
import type {
  Address, AlphaConnectOptions, AlphaCore, CallOptions, Eip1193Provider, Hash, HistoricalInputQuery, InferenceResult, LlmChatParams,
  LlmChatResult, LlmCompletionParams, LlmCompletionResult, ModelInput, ModelOutput, Nested, SchedulerParams, ShapedTensor,
  Workflow, WorkflowModelOutput, WorkflowRegistration, WorkflowRun, WriteOptions,
} from "./wasm/opengradient/ogkit.js";

/** How an inference is run and proven. */
export const InferenceMode = Object.freeze({
  /** By the network's nodes, without proof. */
  VANILLA: "VANILLA",
  /** With a zero-knowledge proof. */
  ZKML: "ZKML",
  /** In an enclave. */
  TEE: "TEE",
} as const);
/** How an inference is run and proven. */
export type InferenceMode = (typeof InferenceMode)[keyof typeof InferenceMode];

/** Where an on-chain language model runs. */
export const LlmInferenceMode = Object.freeze({ VANILLA: "VANILLA", TEE: "TEE" } as const);
/** Where an on-chain language model runs. */
export type LlmInferenceMode = (typeof LlmInferenceMode)[keyof typeof LlmInferenceMode];

/** One of a candle's numbers. */
export const CandleType = Object.freeze({ HIGH: "HIGH", LOW: "LOW", OPEN: "OPEN", CLOSE: "CLOSE", VOLUME: "VOLUME" } as const);
/** One of a candle's numbers. */
export type CandleType = (typeof CandleType)[keyof typeof CandleType];

/** In which order candles are given to the model: oldest first or newest first. */
export const CandleOrder = Object.freeze({ ASCENDING: "ASCENDING", DESCENDING: "DESCENDING" } as const);
/** In which order candles are given to the model. */
export type CandleOrder = (typeof CandleOrder)[keyof typeof CandleOrder];

/** The language models of the 0.4 era, which ran on chain. Other names pass through: the network decides. */
export const LLM = Object.freeze({
  META_LLAMA_3_8B_INSTRUCT: "meta-llama/Meta-Llama-3-8B-Instruct",
  LLAMA_3_2_3B_INSTRUCT: "meta-llama/Llama-3.2-3B-Instruct",
  QWEN_2_5_72B_INSTRUCT: "Qwen/Qwen2.5-72B-Instruct",
  META_LLAMA_3_1_70B_INSTRUCT: "meta-llama/Llama-3.1-70B-Instruct",
  DOBBY_UNHINGED_3_1_8B: "SentientAGI/Dobby-Mini-Unhinged-Llama-3.1-8B",
  DOBBY_LEASHED_3_1_8B: "SentientAGI/Dobby-Mini-Leashed-Llama-3.1-8B",
} as const);
/** A language model of the 0.4 era. */
export type LLM = (typeof LLM)[keyof typeof LLM];

/** Those of them that ran in enclaves; others are refused in that mode. */
export const TEE_LLM = Object.freeze({ META_LLAMA_3_1_70B_INSTRUCT: "meta-llama/Llama-3.1-70B-Instruct" } as const);
/** A language model of the 0.4 era that ran in enclaves. */
export type TEE_LLM = (typeof TEE_LLM)[keyof typeof TEE_LLM];

/** How to connect, before a wallet that was found by EIP-6963 is unwrapped. */
export type AlphaOptions = Omit<AlphaConnectOptions, "wallet"> & { readonly wallet?: Eip1193Provider | DiscoveredWallet | undefined };

/** Which contract's creation code a deployment needs; the core checks its hash. */
export type WorkflowCode = (contract: "PriceHistoryInference" | "ModelExecutorHistorical") => Promise<Uint8Array>;

/** Deeper nesting than the core takes ends here. */
const MAX_DEPTH = 32;
/** The core takes half as many values; the other half is for the lists that they are in. */
const MAX_ITEMS = 8_000_000;
const isNumber = (value: unknown): value is number => typeof value === "number";

/** Rows of plain numbers become typed arrays, which cross into the WebAssembly as a whole. All other values stay as they are. */
function compact(name: string, value: Nested, depth: number, room: { left: number }): Nested {
  if (!Array.isArray(value)) return value;
  // A list that holds itself would never end.
  if (depth === MAX_DEPTH) throw invalidInput(`modelInput.${name}`, `expected at most ${MAX_DEPTH} dimensions`);
  const { length } = value;
  // Lists may be sparse, or the same list many times over.
  if (!(length >= 0 && length <= room.left)) throw invalidInput(`modelInput.${name}`, "expected at most 4,000,000 values");
  room.left -= length + 1;
  // Read by index: a hole is no number, and the core refuses it; an iterator of the list's own might never end.
  let plain = 0;
  while (plain < length && isNumber(value[plain])) plain += 1;
  if (plain === 0 || plain < length) {
    const copy: Nested[] = [];
    for (let at = 0; at < length; at++) copy.push(compact(name, value[at] as Nested, depth + 1, room));
    return copy;
  }
  const row = new Float64Array(length);
  for (let at = 0; at < length; at++) row[at] = value[at] as number;
  return row;
}

/** @internal Tensors as they go into the core. */
export function compactInput(input: ModelInput): ModelInput {
  if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
  const room = { left: MAX_ITEMS };
  return Object.fromEntries(Object.entries(input).map(([name, value]) => {
    if (Array.isArray(value)) return [name, compact(name, value, 0, room)];
    const shaped = value as ShapedTensor;
    if (typeof value !== "object" || value === null || ArrayBuffer.isView(value) || !Array.isArray(shaped.data)) return [name, value];
    return [name, { ...shaped, data: compact(name, shaped.data as Nested, 0, room) as ShapedTensor["data"] }];
  }));
}

/** Inference, workflows and language models on OpenGradient's own chain. */
export class Alpha {
  readonly #open: () => Promise<AlphaCore>;
  readonly #code: WorkflowCode;
  /** The account that signs; absent where the client only reads. */
  readonly account: Address | undefined;

  /** @internal `open` is asked at each call and remembers its answer. */
  constructor(open: () => Promise<AlphaCore>, code: WorkflowCode, account?: Address) {
    this.#open = open;
    this.#code = code;
    this.account = account;
  }

  /**
   * Runs an ONNX model on chain: simulated, signed by the wallet, followed to its receipt. When its event has no output, the
   * node API is asked.
   *
   * @throws InvalidInputError (it names the tensor; nothing was sent), TxRevertError, WalletRejectedError, TxReceiptTimeoutError,
   * ResultRetrievalError (mined and paid; see `resumeInference`)
   */
  async infer(modelCid: string, inferenceMode: InferenceMode, modelInput: ModelInput, options?: WriteOptions): Promise<InferenceResult> {
    const input = guarded("modelInput", () => compactInput(modelInput));
    return (await this.#open()).infer(modelCid, inferenceMode, input, options);
  }

  /**
   * Takes up an inference by its transaction's hash, after a reload or a timeout; `undefined` while it is not mined. Signs nothing.
   * @throws TxRevertError, ResultRetrievalError, RpcError
   */
  async resumeInference(hash: Hash, inferenceMode: InferenceMode, options?: CallOptions): Promise<InferenceResult | undefined> {
    return (await this.#open()).resumeInference(hash, inferenceMode, options);
  }

  /** A result by its inference id, from the node API; asked a few times while it has none. @throws HttpError, ProtocolError */
  async inferenceResult(inferenceId: string, inferenceMode: InferenceMode, options?: CallOptions): Promise<ModelOutput> {
    return (await this.#open()).inferenceResult(inferenceId, inferenceMode, options);
  }

  /**
   * Deploys a workflow through the wallet and, with `schedulerParams`, registers it with the scheduler: one or two
   * transactions, each told by `onProgress` (`deployed` comes between them). A registration that fails is no error: the
   * contract is there, see `schedule`.
   *
   * @throws InvalidInputError (nothing was sent), TxRevertError, WalletRejectedError, TxReceiptTimeoutError (see `deployedWorkflow`)
   */
  async newWorkflow(
    modelCid: string, inputQuery: HistoricalInputQuery, inputTensorName: string, schedulerParams?: SchedulerParams, options?: WriteOptions,
  ): Promise<Workflow> {
    const joined = read(inputQuery, "currencyPair") !== undefined;
    const [core, code] = await Promise.all([this.#open(), this.#code(joined ? "ModelExecutorHistorical" : "PriceHistoryInference")]);
    return core.newWorkflow(code, { modelCid, inputQuery, inputTensorName, schedulerParams }, options);
  }

  /**
   * The contract that a deployment made, by its transaction's hash: takes up an interrupted `newWorkflow`. `undefined` while it
   * is not mined. @throws TxRevertError, ProtocolError, RpcError
   */
  async deployedWorkflow(hash: Hash, options?: CallOptions): Promise<Address | undefined> {
    return (await this.#open()).deployedWorkflow(hash, options);
  }

  /** Registers a deployed workflow with the scheduler. @throws InvalidInputError, TxRevertError, WalletRejectedError */
  async scheduleWorkflow(contractAddress: Address, schedulerParams: SchedulerParams = {}, options?: WriteOptions): Promise<WorkflowRegistration> {
    return (await this.#open()).scheduleWorkflow(contractAddress, schedulerParams, options);
  }

  /** Runs a workflow once, now, and reads its result. @throws TxRevertError, WalletRejectedError, ResultRetrievalError (it ran) */
  async runWorkflow(contractAddress: Address, options?: WriteOptions): Promise<WorkflowRun> {
    return (await this.#open()).runWorkflow(contractAddress, options);
  }

  /** A workflow's newest result. A node that fails is asked again, up to five times. @throws TxRevertError, ProtocolError, RpcError */
  async readWorkflowResult(contractAddress: Address, options?: CallOptions): Promise<ModelOutput> {
    return (await this.#open()).readWorkflowResult(contractAddress, options);
  }

  /**
   * A workflow's last results, newest first. The official SDK's documents promise this order; what it hands over is the
   * contract's own, with the oldest first, so its lists are these turned round.
   *
   * @throws InvalidInputError for less than 1 or more than 10,000, TxRevertError, ProtocolError, RpcError
   */
  async readWorkflowHistory(contractAddress: Address, numResults: number, options?: CallOptions): Promise<ModelOutput[]> {
    return (await this.#open()).readWorkflowHistory(contractAddress, numResults, options);
  }

  /**
   * One of OpenGradient's own forecasts, by the name of the official function such as `read_eth_1_hour_price_forecast`; see
   * `workflowModels` for all of them. `contractAddress` where it lives elsewhere than on the public network.
   *
   * @throws InvalidInputError, ProtocolError, RpcError
   */
  async readWorkflowModel(name: string, contractAddress?: Address, options?: CallOptions): Promise<WorkflowModelOutput> {
    return (await this.#open()).readWorkflowModel(name, contractAddress, options);
  }

  /** A language model's next message, on chain: the API of 0.4. @throws InvalidInputError, TxRevertError, ResultRetrievalError … */
  async llmChat(params: LlmChatParams, options?: WriteOptions): Promise<LlmChatResult> {
    return (await this.#open()).llmChat(params, options);
  }

  /** A text continued, on chain: the API of 0.4. @throws as `llmChat` */
  async llmCompletion(params: LlmCompletionParams, options?: WriteOptions): Promise<LlmCompletionResult> {
    return (await this.#open()).llmCompletion(params, options);
  }

  /** The explorer's page on an address. @throws InvalidInputError */
  async explorerAddress(address: Address): Promise<string> {
    return (await this.#open()).explorerAddress(address);
  }

  /** The explorer's page on a transaction. @throws InvalidInputError */
  async explorerTransaction(hash: Hash): Promise<string> {
    return (await this.#open()).explorerTransaction(hash);
  }
}
