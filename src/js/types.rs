//! TypeScript shapes of every network that have no Rust struct of their own: options, receipts, the wallet.

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
  /** How many blocks, the transaction's own among them, hold it before the call returns. 1 unless told; a reorganisation is noticed up to then. */
  confirmations?: number | undefined;
  /** Seconds to wait for the wallet's answer, and for another of our windows to close. For ever unless told. It ends the waiting alone: what the wallet still does is not undone. */
  walletTimeout?: number | undefined;
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
  /** What it deployed. */
  readonly contract?: Address;
  /** The nonce that was really used. */
  readonly nonce: number;
  readonly logs: readonly ReceiptLog[];
}
"#;
