//! TypeScript shapes of the alpha network, the model hub and the twins.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** Numbers in memory one after another. */
export type NumberArray =
  | Float32Array | Float64Array | Int8Array | Uint8Array | Uint8ClampedArray | Int16Array | Uint16Array | Int32Array | Uint32Array
  | BigInt64Array | BigUint64Array;

/** One value, or values nested evenly. */
export type Nested = number | bigint | string | NumberArray | readonly Nested[];

/** Values in row-major order and the length of each dimension. */
export interface ShapedTensor {
  readonly data: NumberArray | readonly (number | bigint | string)[];
  readonly shape: readonly number[];
}

/** Named tensors. Strings and numbers do not mix within one. */
export type ModelInput = { readonly [name: string]: Nested | ShapedTensor };

/** What a model answered, by the tensors' names. */
export interface ModelOutput {
  readonly numbers: { readonly [name: string]: { readonly data: Float32Array; readonly shape: readonly number[] } };
  readonly strings: { readonly [name: string]: { readonly data: readonly string[]; readonly shape: readonly number[] } };
  /** Parsed; text that is no JSON stays text. */
  readonly jsons: { readonly [name: string]: JsonValue };
  /** Whether it came from a simulation. */
  readonly isSimulation: boolean;
}

/** An inference that was run. */
export interface InferenceResult {
  readonly transactionHash: Hash;
  readonly modelOutput: ModelOutput;
  /** Present where the result came from the node API. */
  readonly inferenceId?: string;
  readonly receipt: Receipt;
}

/** The chain that inference runs on, and its services. What is absent is the public alpha network's. */
export interface AlphaNetwork {
  readonly rpcUrl: string | readonly string[];
  /** How many endpoints are asked at once what decides about money; they must agree. From 1 (the default) to all of `rpcUrl`. */
  readonly quorum?: number | undefined;
  /** Asked of the RPC when absent. */
  readonly chainId?: number | undefined;
  readonly name?: string | undefined;
  readonly explorerUrl?: string | undefined;
  /** The inference hub. */
  readonly hub?: Address | undefined;
  /** The precompile that emits an inference's id. */
  readonly precompile?: Address | undefined;
  readonly scheduler?: Address | undefined;
  /** The node's HTTP API. */
  readonly nodeUrl?: string | undefined;
  /** Shown when a wallet adds the chain. Amounts have 18 decimals. */
  readonly nativeCurrency?: { readonly name: string; readonly symbol: string; readonly decimals?: 18 | undefined } | undefined;
}

/** How to connect to the alpha network. */
export interface AlphaConnectOptions {
  /** Who signs; without one the client only reads. */
  readonly wallet?: Eip1193Provider | undefined;
  /** One of the wallet's accounts; default: the one it selected. */
  readonly account?: Address | undefined;
  /** Default: the public alpha network. */
  readonly network?: AlphaNetwork | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which candles a workflow reads at each run. */
export type HistoricalInputQuery = {
  readonly totalCandles: number;
  readonly candleDurationInMins: number;
  readonly order: "ASCENDING" | "DESCENDING";
  readonly candleTypes: readonly ("HIGH" | "LOW" | "OPEN" | "CLOSE" | "VOLUME")[];
} & (
  | { readonly base: string; readonly quote: string }
  /** The form of 0.4, with its own contract. */
  | { readonly currencyPair: string; readonly historicalContract?: Address | undefined }
);

/** How often and how long a workflow runs by itself. */
export interface SchedulerParams {
  /** Seconds between two runs. Default: 600. */
  readonly frequency?: number | undefined;
  /** Hours from now. Default: 2. */
  readonly durationHours?: number | undefined;
}

/** What a new workflow is made of. */
export interface WorkflowParams {
  readonly modelCid: string;
  readonly inputQuery: HistoricalInputQuery;
  readonly inputTensorName: string;
  readonly schedulerParams?: SchedulerParams | undefined;
}

/** A registration with the scheduler. */
export interface WorkflowRegistration {
  readonly receipt: Receipt;
  /** When it ends, in unix seconds. */
  readonly endTime: number;
}

/** A new workflow. */
export interface Workflow {
  /** Its contract, on chain whatever became of the schedule. */
  readonly address: Address;
  readonly receipt: Receipt;
  /** `failed`: deployed, not registered; `scheduleWorkflow` tries again. */
  readonly schedule:
    | { readonly status: "notAsked" }
    | ({ readonly status: "registered" } & WorkflowRegistration)
    | { readonly status: "failed"; readonly error: Error };
}

/** A workflow's run by hand. */
export interface WorkflowRun {
  readonly transactionHash: Hash;
  readonly modelOutput: ModelOutput;
  readonly receipt: Receipt;
}

/** A forecast in words. */
export interface WorkflowModelOutput {
  /** A percentage with ten decimals. */
  readonly result: string;
  /** The explorer's page on the workflow. */
  readonly blockExplorerLink: string;
}

/** A message of the on-chain language models: text only. */
export interface LlmMessage {
  readonly role: string;
  readonly content?: string | null | undefined;
  readonly name?: string | undefined;
  readonly tool_call_id?: string | undefined;
  readonly tool_calls?: readonly ToolCall[] | undefined;
}

/** What both on-chain language calls take. */
export interface LlmParams {
  /** A member of `LLM`, or another model's name. */
  readonly modelCid: string;
  /** Default: `VANILLA`. */
  readonly inferenceMode?: "VANILLA" | "TEE" | undefined;
  /** Default: 100. */
  readonly maxTokens?: number | undefined;
  readonly stopSequence?: readonly string[] | undefined;
  /** On chain in hundredths. Default: 0. */
  readonly temperature?: number | undefined;
}

/** A chat on chain. */
export interface LlmChatParams extends LlmParams {
  readonly messages: readonly LlmMessage[];
  readonly tools?: readonly { readonly type: "function"; readonly function: { readonly name: string; readonly description?: string; readonly parameters?: JsonValue | object } }[] | undefined;
  readonly toolChoice?: string | undefined;
}

/** A completion on chain. */
export interface LlmCompletionParams extends LlmParams {
  readonly prompt: string;
}

/** A chat's next message. */
export interface LlmChatResult {
  readonly transactionHash: Hash;
  readonly finishReason: string;
  readonly chatOutput: LlmMessage;
  readonly receipt: Receipt;
}

/** A continued text. */
export interface LlmCompletionResult {
  readonly transactionHash: Hash;
  readonly completionOutput: string;
  readonly receipt: Receipt;
}

/** How to sign in to the model hub. */
export interface ModelHubOptions {
  readonly email: string;
  readonly password: string;
  /** The hub operator's public configuration of Firebase Authentication; the URLs default to Google's. */
  readonly identity: { readonly apiKey: string; readonly signInUrl?: string | undefined; readonly tokenUrl?: string | undefined };
  /** Default: the public hub. */
  readonly url?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A new model. */
export interface ModelRepository {
  readonly name: string;
  readonly initialVersion: string;
}

/** A new version. */
export interface ModelVersion {
  /** `Unknown` when the hub does not say. */
  readonly versionString: string;
}

/** A file in the hub; the hub may say more. */
export interface HubFile {
  readonly name?: string;
  readonly size?: number;
  readonly ipfsCid?: string;
  readonly [more: string]: JsonValue | undefined;
}

/** An uploaded file. */
export interface FileUploadResult {
  /** Its content id, by which inferences name it. */
  readonly modelCid: string;
  /** Bytes. */
  readonly size: number;
  /** Whether the id was found to be that of the bytes; false for ids of other stores than IPFS, which cannot be checked. */
  readonly verified: boolean;
  /** How the bytes were laid out, where they were checked. */
  readonly layout?: string;
}

/** What a platform's file does for an upload. */
export interface PlatformFile {
  readonly name: string;
  readonly size: number;
  send(plan: UploadPlan): Promise<{ status: number; body: Uint8Array }>;
  read(offset: number, length: number): Promise<Uint8Array>;
  cancel(): void;
}

/** One `POST`: head, file, tail. */
export interface UploadPlan {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** The twins' service and the key for it. */
export interface TwinsOptions {
  readonly apiKey: string;
  /** Default: the public service. */
  readonly url?: string | undefined;
}

/** What is said to a twin. */
export interface TwinChatParams {
  readonly twinId: string;
  /** With its provider's prefix, such as `x-ai/grok-4-1-fast-non-reasoning`. */
  readonly model: string;
  readonly messages: readonly object[];
  readonly temperature?: number | undefined;
  readonly maxTokens?: number | undefined;
}

/** What a twin answered. */
export interface TwinAnswer {
  readonly finishReason?: string;
  readonly chatOutput?: { readonly role: string; readonly content: string; readonly [more: string]: JsonValue };
}

/** What to draw. */
export interface ImageParams {
  readonly model: string;
  readonly prompt: string;
  /** Pixels. Default: 1024. */
  readonly height?: number | undefined;
  /** Pixels. Default: 1024. */
  readonly width?: number | undefined;
  /** A gRPC-Web proxy in front of the service. */
  readonly proxy?: string | undefined;
}
"#;
