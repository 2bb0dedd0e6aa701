//! TypeScript shapes that have no Rust struct of their own: documents with the caller's keys, options, the wallet.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** `0x` and hex digits. */
export type Hex = `0x${string}`;
/** An account or contract: `0x` and 40 hex digits. What we give out is checksummed (EIP-55). */
export type Address = Hex;
/** A transaction or block hash: `0x` and 64 hex digits. */
export type Hash = Hex;

/** A hash, under the name that it has in generated types. */
export type B256 = Hash;

/** Any value that JSON can hold. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };

/** A wallet, or anything else that answers JSON-RPC by EIP-1193. */
export interface Eip1193Provider {
  request(args: { method: string; params?: unknown }): Promise<unknown>;
  on?(event: string, listener: (...args: never[]) => void): unknown;
  removeListener?(event: string, listener: (...args: never[]) => void): unknown;
}

/**
 * A task's config document. It is written to IPFS as `{"function_name": …, "data": …}` and then the other keys as
 * they are.
 */
export interface TaskInput {
  /** The function that the source's image shall run. */
  functionName: string;
  /** What it gets. */
  data: JsonValue;
  /** Further top-level keys of the document. */
  [key: string]: JsonValue;
}

/** Options of every call that waits. */
export interface CallOptions {
  /** Ends the call; it then rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
  /** Told each step as it happens. */
  onProgress?: ((step: Progress) => void) | undefined;
}

/** Options of a transaction. */
export interface WriteOptions extends CallOptions {
  /** Exactly this nonce, in place of the origin's book. It may replace a pending transaction. */
  nonce?: number | undefined;
  /** Look up a refused nonce and try again. Default: true. */
  autoFixNonce?: boolean | undefined;
  /** At most this many attempts; all but the last end before anything is sent. Default: 3. */
  maxRetries?: number | undefined;
  /** Seconds to wait for the receipt. Default: 120. */
  receiptTimeout?: number | undefined;
}

/** Options of a publication: upload, then transaction. */
export interface PublishOptions extends WriteOptions {
  /** Seconds for one upload. Default: 30. */
  ipfsTimeout?: number | undefined;
  /** Uploads repeated after a broken connection, a time-out or a 5xx. Default: 2. */
  ipfsRetries?: number | undefined;
  /** Seconds before the first repetition, doubling. Default: 0.5. */
  ipfsBackoff?: number | undefined;
  /** Seconds for everything up to the wallet's window; nothing is broadcast after them. Default: no limit. */
  totalTimeout?: number | undefined;
}

/** Options of an upload to IPFS. */
export interface PinOptions extends CallOptions {
  /** Default: `data.json`. */
  filename?: string | undefined;
  /** Default: `application/json`. */
  contentType?: string | undefined;
  /** Seconds for one upload. Default: 30. */
  timeout?: number | undefined;
  /** Uploads repeated after a broken connection, a time-out or a 5xx. Default: 2. */
  retries?: number | undefined;
  /** Seconds before the first repetition, doubling. Default: 0.5. */
  backoff?: number | undefined;
}

/** Options of a read from IPFS. */
export interface FetchOptions {
  /** Ends the call; it then rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
  /**
   * `require` (the default): content that does not match its CID, or cannot be checked, is an error. `prefer`: a
   * mismatch is an error, content without a checkable CID is given with `verified: false`. `none`: no check.
   */
  verify?: "require" | "prefer" | "none" | undefined;
  /** Seconds for one gateway. Default: 30. */
  timeout?: number | undefined;
  /** The most bytes to read. Default: 64 MiB. */
  maxBytes?: number | undefined;
  /** Gateways to ask, in order, in place of the network's. */
  gateways?: readonly string[] | undefined;
}

/** Which events to watch. */
export interface WatchOptions {
  /** Only this task's. */
  task?: Address | undefined;
  /** Only this source's. */
  source?: Address | undefined;
  /** From this block on; default: from now. */
  fromBlock?: bigint | undefined;
  /** Seconds between two looks. Default: 2. */
  pollInterval?: number | undefined;
  /** Ends the iteration; `next()` then rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
}

/** A log entry of a receipt. */
export interface ReceiptLog {
  readonly address: Address;
  readonly topics: readonly Hash[];
  readonly data: Hex;
  readonly logIndex: number;
}

/** A mined transaction that succeeded. */
export interface Receipt {
  readonly hash: Hash;
  readonly blockNumber: bigint;
  readonly blockHash: Hash;
  readonly gasUsed: bigint;
  /** Wei for each unit of gas. */
  readonly effectiveGasPrice: bigint;
  readonly from: Address;
  /** Absent for a deployment. */
  readonly to?: Address;
  /** What a deployment made. */
  readonly contract?: Address;
  /** The nonce that was really used. */
  readonly nonce: number;
  readonly logs: readonly ReceiptLog[];
}

/** What happened on Nexus, and where. */
export type OgpuEvent = NexusEvent & {
  readonly blockNumber: bigint;
  readonly transactionHash: Hash;
  readonly logIndex: number;
};

/** One OpenGPU network. The public ones are `networks.mainnet` and `networks.testnet`; any other can be given. */
export interface Network {
  /** Shown when a wallet adds the chain. */
  readonly name: string;
  readonly chainId: number;
  /** JSON-RPC endpoints, asked in this order. */
  readonly rpcUrl: string | readonly string[];
  readonly contracts: {
    readonly nexus: Address;
    readonly controller: Address;
    readonly terminal: Address;
    readonly vault: Address;
    readonly manager?: Address | undefined;
  };
  /** The pinning service. */
  readonly pinUrl: string;
  /** IPFS gateways, ending in `/ipfs/`, asked in this order. */
  readonly gatewayUrl: string | readonly string[];
  /** The old HTTP API, if there is one. */
  readonly managementUrl?: string | undefined;
  readonly explorerUrl?: string | undefined;
  readonly nativeCurrency?: { readonly name: string; readonly symbol: string; readonly decimals: 18 } | undefined;
}

/** The confirmed response of a task: where it lives and what it says. */
export interface ConfirmedResponse {
  /** The response's contract. */
  readonly address: Address;
  /** The payload's URL, or the payload itself. */
  readonly data: string;
}

/** The confirmed response by the old HTTP API. */
export interface ApiConfirmedResponse {
  /** The task's address, as the API gives it. */
  readonly address: Address;
  /** The API's whole object. */
  readonly data: JsonValue;
}
"#;
