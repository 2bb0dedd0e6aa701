//! TypeScript shapes of `ogkit/opengradient`.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A token that may be spent, and how much of it. Amounts are in its smallest unit. */
export interface AssetRule {
  readonly chainId: number;
  readonly address: Address;
  /** For people; default: from the table of known tokens. */
  readonly symbol?: string | undefined;
  readonly decimals?: number | undefined;
  /** Name and version of its EIP-712 domain; default: from the table of known tokens, else the seller's. */
  readonly domain?: { readonly name: string; readonly version: string } | undefined;
  /** The most that one request may cost; with `upto` the cap counts. */
  readonly maxPerRequest: bigint;
  /** The most that may be signed for out of the account, by all clients and tabs of this origin, while one of them is there; longer with a `store`. */
  readonly maxPerSession?: bigint | undefined;
  /** The most that may be signed for within the last so many seconds. */
  readonly maxPerWindow?: { readonly amount: bigint; readonly seconds: number } | undefined;
}

/**
 * A place for text that outlives the page: `localStorage`, or an object of yours. What it throws, and what it does not answer within 10
 * seconds, refuses payments (`paymentRefused` with the reason `"store"`): what was spent before is unknown then.
 */
export interface PaymentStore {
  getItem(key: string): string | null | undefined | Promise<string | null | undefined>;
  setItem(key: string, text: string): unknown;
}

/** What may be paid. Checked before anything is signed; nothing that a server sends can widen it. */
export interface PaymentPolicy {
  /** The most OPG (18 decimals) that one request may cost. Default: 0.1 OPG. */
  readonly maxPerRequest?: bigint | undefined;
  /**
   * The most OPG that may be signed for out of the account. All clients and tabs of this origin count together, while one of them is there;
   * with `store` also what was signed for before. Default: 5 OPG.
   */
  readonly maxPerSession?: bigint | undefined;
  /** The most OPG that may be signed for within the last so many seconds. Default: 2 OPG within an hour. */
  readonly maxPerWindow?: { readonly amount: bigint; readonly seconds: number } | undefined;
  /** Further tokens. Everything that is not listed is refused. */
  readonly assets?: readonly AssetRule[] | undefined;
  /** The receivers that may be paid; default: whoever an origin named first, and for enclaves the registry's. */
  readonly payees?: readonly Address[] | undefined;
  /** The hosts or origins that may be paid, also after a redirect; default: only the origin that was asked. */
  readonly hosts?: readonly string[] | undefined;
  /** Whether offers that settle before they serve may be paid. Default: false. */
  readonly allowUpfront?: boolean | undefined;
  /** Whether a missing allowance may be given by a second signature (EIP-2612). Default: false. */
  readonly allowPermits?: boolean | undefined;
  /** No signature lives longer than this many seconds; at most 600. By the chain's time, where there is an RPC; a server's clock only shortens it. */
  readonly maxLife?: number | undefined;
  /**
   * Whether a server's word (a receipt with a smaller amount, a refusal, an error) gives back what it says it did not take. Default: false:
   * what was signed for counts until the chain shows what was taken. `true` gives up `maxPerSession` and `maxPerWindow` towards every
   * server that lies: it can take all that is ever signed for, and say that it took nothing.
   */
  readonly trustReceipts?: boolean | undefined;
  /** Keeps what was signed for, so that the limits survive a reload. One key for each account: `ogkit.payments.0x…`. Default: none. */
  readonly store?: PaymentStore | undefined;
}

/** What would be signed, shown before the wallet's window opens. */
export interface PaymentProposal {
  /** `exact`: just the amount. `upto`: the seller may charge anything up to it, once. */
  readonly scheme: "exact" | "upto";
  /** In the token's smallest unit. */
  readonly amount: bigint;
  readonly token: { readonly chainId: number; readonly address: Address; readonly symbol: string; readonly decimals: number };
  readonly payTo: Address;
  /** Who gets the signature. */
  readonly origin: string;
  /** CAIP-2. */
  readonly network: string;
  /** When the signature ends at the latest, in unix seconds: the user's time to think counts. */
  readonly deadline: number;
}

/** Looks at each payment; `false`, or a throw, refuses it. */
export type OnPayment = (proposal: PaymentProposal) => boolean | void | Promise<boolean | void>;

/** Options of a request that is paid. */
export interface PaidCallOptions {
  /** Shows a payment for this very request again whose outcome is unknown (`paymentUncertain`), in place of paying anew. */
  readonly retryPaid?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
  /** In place of the client's own. */
  readonly onPayment?: OnPayment | undefined;
}

/** What was signed. */
export interface PaymentRecord {
  readonly scheme: "exact" | "upto";
  readonly network: string;
  readonly chainId: number;
  readonly asset: Address;
  /** In the token's smallest unit; with `upto` the most. */
  readonly amount: bigint;
  readonly from: Address;
  readonly payTo: Address;
  readonly origin: string;
  /** Unix seconds after which the signature is worth nothing. */
  readonly deadline: number;
  /** What makes it settle only once. */
  readonly nonce: string;
  /** The signature paid an earlier request, and its session goes on: nothing new was signed. */
  readonly reused: boolean;
  /**
   * What the chain shows was taken, in the token's smallest unit; 0n once nothing can be taken any more. `undefined` until the chain was
   * asked and shows it: `og.spent()` asks, and so does a payment that the limits would refuse. Read anew at each access.
   */
  readonly charged?: bigint;
}

/** The server's word on the settlement, held against the payment. */
export interface PaymentReceipt {
  readonly success: boolean;
  readonly transaction?: Hash;
  readonly network?: string;
  readonly payer?: Address;
  /** What was charged, in the token's smallest unit. */
  readonly amount?: bigint;
  readonly error?: string;
  /** What is wrong with it; empty for a clean one. */
  readonly flaws: readonly string[];
}

/** Who pays, and how much at most. */
export interface PayerOptions {
  readonly wallet: Eip1193Provider;
  readonly account?: Address | undefined;
  readonly policy?: PaymentPolicy | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A chain that may be paid on, and where it is read. */
export interface PaymentChain {
  readonly chainId: number;
  readonly name?: string | undefined;
  readonly rpcUrl: string | readonly string[];
  /** How many endpoints are asked at once what decides about money; they must agree. From 1 (the default) to all of `rpcUrl`. */
  readonly quorum?: number | undefined;
  readonly explorerUrl?: string | undefined;
}

/** What requests are made with: `fetch`, or something that keeps its rules. */
export type FetchLike = (url: string, init: RequestInit) => Promise<Response>;

/** A request in parts. */
export interface RequestParts {
  readonly url: string;
  readonly method?: string | undefined;
  readonly headers?: readonly (readonly [string, string])[] | undefined;
  readonly body?: Uint8Array | undefined;
  /** Seconds until the head of the answer. Default: 60. */
  readonly timeout?: number | undefined;
  readonly sessions?: boolean | undefined;
  readonly payFirst?: boolean | undefined;
  readonly retryPaid?: boolean | undefined;
  readonly payee?: Address | undefined;
  readonly redirect?: "follow" | "error" | undefined;
  readonly onPayment?: OnPayment | undefined;
  readonly chains?: readonly PaymentChain[] | undefined;
  readonly contractAccount?: boolean | undefined;
  readonly fetch?: FetchLike | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An answer in parts. */
export interface PaidParts {
  readonly response: Response;
  readonly controller?: AbortController;
  readonly payment?: PaymentRecord;
  readonly receipt?: PaymentReceipt;
}

/** Where OpenGradient lives. */
export interface OpenGradientNetwork {
  /** Shown when a wallet adds one of its chains that has no name of its own. */
  readonly name: string;
  /** The chain that payments are made on. */
  readonly payments: {
    readonly chainId: number;
    readonly name?: string | undefined;
    readonly rpcUrl: string | readonly string[];
    /** How many endpoints are asked at once what decides about money; they must agree. From 1 (the default) to all of `rpcUrl`. */
    readonly quorum?: number | undefined;
    readonly explorerUrl?: string | undefined;
    /** The OPG token. */
    readonly opg: Address;
  };
  /** The chain that inference runs on, and its services. */
  readonly inference: {
    readonly rpcUrl: string | readonly string[];
    /** How many endpoints are asked at once what decides about money; they must agree. From 1 (the default) to all of `rpcUrl`. */
    readonly quorum?: number | undefined;
    readonly chainId?: number | undefined;
    readonly name?: string | undefined;
    readonly explorerUrl?: string | undefined;
    /** The registry of enclaves. */
    readonly registry?: Address | undefined;
    /** The inference hub contract. */
    readonly hub?: Address | undefined;
    /** The workflow scheduler. */
    readonly scheduler?: Address | undefined;
    /** The node's HTTP API. */
    readonly nodeUrl?: string | undefined;
  };
  /** A fixed LLM server in place of the registry's enclaves. */
  readonly server?: string | undefined;
  /** The model hub, where `og.modelHub.login` signs in; the URLs of its sign-in default to Google's. Without it, `login` wants a `url`. */
  readonly hub?: { readonly url: string; readonly signInUrl?: string | undefined; readonly tokenUrl?: string | undefined } | undefined;
  /** The twins' service, which `og.twins.connect` talks to. Without it, `connect` wants a `url`. */
  readonly twins?: string | undefined;
}

/** How to connect, with everything resolved. */
export interface CoreConnectOptions {
  readonly wallet: Eip1193Provider;
  readonly network: OpenGradientNetwork;
  readonly account?: Address | undefined;
  readonly server?: string | undefined;
  readonly verify?: "strict" | "final" | "off" | undefined;
  readonly maxSkew?: number | undefined;
  readonly settlement?: string | undefined;
  readonly policy?: PaymentPolicy | undefined;
  readonly onPayment?: OnPayment | undefined;
  readonly timeout?: number | undefined;
  readonly streamTimeout?: number | undefined;
  readonly inlineImages?: boolean | undefined;
  readonly strictModels?: boolean | undefined;
  readonly failover?: boolean | undefined;
  readonly contractAccount?: boolean | undefined;
  readonly fetch?: FetchLike | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * What was checked and found right: the enclave with this id signed what `covers` names, in answer to exactly this request, after it was
 * asked. Nothing else of an answer is proven: not its `finishReason`, `model`, `usage` and images.
 */
export interface TeeProof {
  /**
   * What the signature covers: the text, or the tool calls. Enclaves sign both in the same way, so this is told by what the request
   * offered: calls only where tools were offered, and to those tools alone.
   */
  readonly covers: "text" | "toolCalls";
  readonly teeId: Hash;
  /** keccak256 of the request's canonical text. */
  readonly requestHash: Hash;
  /** keccak256 of the text or the tool calls. */
  readonly outputHash: Hash;
  /** When the enclave signed, in unix seconds: between the question and the answer, give or take `maxSkew`. */
  readonly timestamp: number;
  /** RSA-PSS, base64. */
  readonly signature: string;
}

/** How many tokens went in and out. Not signed by the enclave. */
export interface TokenUsage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly totalTokens: number;
}

/** A call that the model wants made. */
export interface ToolCall {
  readonly id: string;
  readonly type: "function";
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What an answer took, where something was paid. */
export interface AnswerCost {
  readonly payment?: PaymentRecord;
  readonly receipt?: PaymentReceipt;
}

/** What is known about an answer beside its text. */
export interface AnswerDetails extends AnswerCost {
  /** Not signed by the enclave. */
  readonly usage?: TokenUsage;
  /** The enclave that answered, where it is known. */
  readonly teeId?: Hash;
  readonly endpoint: string;
  readonly paymentAddress?: Address;
  /** `x-processing-hash` (0.7). */
  readonly paymentHash?: string;
  readonly dataSettlementTransactionHash?: string;
  readonly dataSettlementBlobId?: string;
  /** Absent with `verify: "off"`. */
  readonly proof?: TeeProof;
}

/** A whole chat answer. */
export interface ChatAnswer extends AnswerDetails {
  /** By the server's word. Not signed by the enclave. */
  readonly model?: string;
  readonly role: string;
  /** Proven where `proof.covers` is `"text"`; empty beside proven tool calls. */
  readonly content: string;
  /** By the server's word. Not signed by the enclave. */
  readonly finishReason?: string;
  /** `data:` URIs or URLs. Not signed by the enclave. */
  readonly images: readonly string[];
  /** Proven where there is a proof: put together again from what the enclave signed. */
  readonly toolCalls?: readonly ToolCall[];
}

/** A whole completion. */
export interface CompletionAnswer extends AnswerDetails {
  readonly content: string;
  /** By the server's word. Not signed by the enclave. */
  readonly finishReason?: string;
}

/** A piece of a streamed answer. Only the final one has the details. */
export type StreamChunk = {
  /** By the server's word. Not signed by the enclave. */
  readonly model?: string;
  readonly role?: string;
  readonly content?: string;
  /** By the server's word. Not signed by the enclave. */
  readonly finishReason?: string;
  /** In the final chunk alone, whole, and proven where there is a proof. */
  readonly toolCalls?: readonly ToolCall[];
} & ({ readonly isFinal: false } | ({ readonly isFinal: true; readonly images: readonly string[]; readonly malformed: number } & AnswerDetails));

/** An enclave of the registry. */
export interface Tee {
  /** keccak256 of its key. */
  readonly id: Hash;
  readonly endpoint: string;
  readonly paymentAddress: Address;
  /** DER, SubjectPublicKeyInfo. */
  readonly publicKey: Hex;
  /** DER. Browsers cannot pin it. */
  readonly tlsCertificate: Hex;
  /** What build it runs. */
  readonly pcrHash: Hash;
}

/** What came of an approval. */
export interface OpgApproval {
  readonly allowanceBefore: bigint;
  readonly allowanceAfter: bigint;
  /** null when the allowance was enough. */
  readonly txHash: Hash | null;
}

/** How an account's OPG stands. */
export interface OpgState {
  readonly balance: bigint;
  /** What Permit2 may move. */
  readonly allowance: bigint;
}
"#;
