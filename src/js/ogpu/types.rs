//! TypeScript shapes that have no Rust struct of their own: documents with the caller's keys, options, events.

use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
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

/** What can be published: plain objects are written by `JSON.stringify`, files are read a few chunks at a time. */
export type IpfsData = string | Uint8Array | ArrayBuffer | Blob | { [key: string]: JsonValue };

/** Options of an upload to IPFS. */
export interface PinOptions extends CallOptions {
  /** Default: a `File`'s own, `data.bin` for a `Blob`, otherwise `data.json`. */
  filename?: string | undefined;
  /** Default: a `Blob`'s own, otherwise `application/json`. */
  contentType?: string | undefined;
  /** Seconds for one upload. Default: 30, and one more for each 128 KiB. */
  timeout?: number | undefined;
  /** Uploads repeated after a broken connection, a time-out or a 5xx. Default: 2. */
  retries?: number | undefined;
  /** Seconds before the first repetition, doubling. Default: 0.5. */
  backoff?: number | undefined;
}

/** How a file becomes a tree, and so which CID it has. The defaults are kubo's, and so the network's pinning service's. */
export interface CidOptions extends CallOptions {
  /** 0 (`Qm…`, the default) or 1 (`bafy…`). */
  cidVersion?: 0 | 1 | undefined;
  /** Leaves of plain bytes. Default: as kubo, `true` for version 1 and `false` for version 0. */
  rawLeaves?: boolean | undefined;
  /** Bytes in a leaf, from 1 to 2 MiB. Default: 262144. The profile `unixfs-v1-2025` has 1048576. */
  chunkSize?: number | undefined;
  /** Links in a node, from 2 to 16384. Default: 174. The profile `unixfs-v1-2025` has 1024. */
  maxChildren?: number | undefined;
}

/** What is known of streamed content before it is there. */
export interface IpfsStreamProof {
  /** The CID in the link; absent when it held none. */
  readonly cid?: string;
  /** Where the first bytes came from. */
  readonly url: string;
  /** Whether each piece is checked against the CID before it is given. */
  readonly verified: boolean;
  /** How: `raw-block`, `blocks`, or the UnixFS layout's name. */
  readonly layout?: string;
  /** What the gateway calls the content: its word alone, and absent where blocks were fetched. */
  readonly contentType?: string;
  /** Bytes, where known. */
  readonly size: number | undefined;
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
  /** Seconds for one gateway; for streams, for each piece. Default: 30. */
  timeout?: number | undefined;
  /** Seconds for which a gateway may be silent in the middle of an answer. Default: 10. */
  idleTimeout?: number | undefined;
  /** The most bytes to read. Default: 64 MiB. */
  maxBytes?: number | undefined;
  /** Gateways to ask, in order, in place of the network's. */
  gateways?: readonly string[] | undefined;
  /** How many gateways to ask at once, from 1 to 8; the first whose bytes are proven is taken. Default: 1. */
  race?: number | undefined;
  /**
   * In Node and on other servers: whether a link may lead to this machine, its own network or a cloud's metadata service (loopback, private and
   * link-local addresses, names such as `localhost`). In Node that is also checked of what a name resolves to, and of redirects. Gateways are your
   * own and may be anywhere, and so may links to their hosts. Pages follow their browser's rules. Default: false.
   */
  allowPrivateHosts?: boolean | undefined;
}

/** Options of a list. */
export interface ListOptions extends CallOptions {
  /** Items read with one request, from 1 to 1000. Default: 100. A node that refuses as many gets them in parts. */
  batchSize?: number | undefined;
}

/** Which events are meant. */
export interface EventFilter {
  /** Only these; default: the nine lifecycle events of Nexus. */
  events?: readonly OgpuEventType[] | undefined;
  /** Only this task's, and those of its responses. */
  task?: Address | undefined;
  /** Only this source's. */
  source?: Address | undefined;
  /** Only this response's. */
  response?: Address | undefined;
  /** Only those that name this account: as account, provider, master or agent. */
  account?: Address | undefined;
  /** Ends the call or iteration, which then rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
}

/** How a watcher does. */
export type WatchStatus =
  /** It is at the head of the chain; `blockNumber` is the last block that it has read. */
  | { readonly kind: "live"; readonly blockNumber: bigint }
  /** It reads the past, and more blocks follow. */
  | { readonly kind: "catchingUp"; readonly blockNumber: bigint }
  /** No node answers as it should, and `error` (an `OgError`) says why. It is asked again in `retryIn` seconds. */
  | { readonly kind: "waiting"; readonly error: Error; readonly retryIn: number };

/** How to watch. */
export interface WatchTiming {
  /** From this block on; default: from now. */
  fromBlock?: bigint | undefined;
  /** Seconds between two looks. Default: 2. */
  pollInterval?: number | undefined;
  /** Is told how the watcher does, when that changes. What it throws changes nothing. */
  onStatus?: ((status: WatchStatus) => void) | undefined;
  /**
   * Ends the iteration with an error once no node has answered for this many seconds. Default: never. It then waits through any
   * outage, and goes on where it was.
   */
  giveUpAfter?: number | undefined;
  /** Ends the iteration; `next()` then rejects with the signal's own reason. */
  signal?: AbortSignal | undefined;
}

/** Which events to watch, and how. */
export interface WatchOptions extends EventFilter, WatchTiming {}

/** Which past events to read. */
export interface EventQuery extends EventFilter {
  /** Default: the first block. */
  fromBlock?: bigint | undefined;
  /** The last block, included; default: the head. */
  toBlock?: bigint | undefined;
}

/** A source's terms, as they are on chain. */
export interface SourceParams {
  readonly client: Address;
  /** Where its metadata document is. */
  readonly imageMetadataUrl: string;
  /** Bit mask: see `parseEnvironments`. */
  readonly imageEnvironments: number;
  /** Wei. */
  readonly minPayment: bigint;
  /** Wei. */
  readonly minAvailableLockup: bigint;
  /** Seconds. */
  readonly maxExpiryDuration: bigint;
  /** Reserved by the network. */
  readonly privacyEnabled: boolean;
  /** Reserved by the network. */
  readonly optionalParamsUrl: string;
  readonly deliveryMethod: DeliveryMethod;
  /** Unix seconds. */
  readonly lastUpdateTime: bigint;
}

/** A task's terms, as they are on chain. */
export interface TaskParams {
  readonly source: Address;
  /** Where its config document is. */
  readonly config: string;
  /** Unix seconds. */
  readonly expiryTime: number;
  /** Wei. */
  readonly payment: bigint;
}

/** A response's terms, as they are on chain. */
export interface ResponseParams {
  readonly task: Address;
  readonly provider: Address;
  /** The payload's URL, or the payload itself. It is the provider's text: hostile until checked. */
  readonly data: string;
  /** What the provider asks, in wei. */
  readonly payment: bigint;
}

/** Everything that a response tells. */
export interface ResponseSnapshot extends ResponseParams {
  readonly address: Address;
  readonly status: ResponseStatus;
  /** When it was handed in, in unix seconds. */
  readonly timestamp: number;
  /** Whether its confirmation is final. */
  readonly confirmed: boolean;
}

/** Something new on chain, and the transaction that made it. */
export interface Published {
  readonly address: Address;
  readonly receipt: Receipt;
}

/** Where an event is. */
export interface EventPlace {
  readonly blockNumber: bigint;
  readonly transactionHash: Hash;
  readonly logIndex: number;
  /** A reorganisation took it back. */
  readonly removed?: true;
}

/** What the contracts emit, by name. */
export interface OgpuEvents {
  /** A task was published for a source. */
  taskPublished: { readonly task: Address; readonly source: Address };
  /** A provider took a task and says what it asks (wei). */
  attempted: { readonly task: Address; readonly provider: Address; readonly suggestedPayment: bigint };
  /** A provider answered a task. */
  responseSubmitted: { readonly response: Address; readonly task: Address };
  /** A response was confirmed. */
  responseStatusChanged: { readonly response: Address; readonly status: ResponseStatus };
  /** A task went on. */
  taskStatusChanged: { readonly task: Address; readonly status: TaskStatus };
  /** A provider registered for a source. */
  registered: {
    readonly provider: Address; readonly registrantId: bigint; readonly source: Address; readonly preferredEnvironment: number;
  };
  /** A source was published. */
  sourcePublished: { readonly source: Address };
  /** A source's terms changed. */
  sourceUpdated: { readonly source: Address; readonly params: SourceParams };
  /** A source was inactivated. */
  sourceStatusChanged: { readonly source: Address; readonly status: SourceStatus };
  /** Nexus has another owner; null for none. */
  nexusOwnershipTransferred: { readonly previousOwner: Address | null; readonly newOwner: Address | null };
  /** An agent was allowed to sign for an account, or no longer. */
  agentSet: { readonly account: Address; readonly agent: Address; readonly value: boolean };
  /** A provider's fixed data changed. */
  baseDataUpdated: { readonly provider: Address };
  /** A master keeps the default agent from acting, or no longer. */
  defaultAgentDisabled: { readonly master: Address; readonly value: boolean };
  /** A provider's changing data changed. */
  liveDataUpdated: { readonly provider: Address };
  /** A provider named its master. */
  masterAnnounced: { readonly provider: Address; readonly master: Address };
  /** A master named its provider. */
  providerAnnounced: { readonly provider: Address; readonly master: Address };
  /** A pairing ended. */
  providerRemoved: { readonly provider: Address };
  /** A master wants a container ended. */
  removeContainer: { readonly provider: Address; readonly source: Address };
  /** Terminal has another owner; null for none. */
  terminalOwnershipTransferred: { readonly previousOwner: Address | null; readonly newOwner: Address | null };
  /** An unbonded amount (wei) went to the balance. */
  claimed: { readonly account: Address; readonly amount: bigint };
  /** An amount (wei) came in. */
  deposited: { readonly account: Address; readonly amount: bigint };
  /** An amount (wei) was staked. */
  locked: { readonly account: Address; readonly amount: bigint };
  /** An amount (wei) was taken as a penalty. */
  sanctioned: { readonly account: Address; readonly amount: bigint };
  /** An amount (wei) began to unbond. */
  unbonded: { readonly account: Address; readonly amount: bigint };
  /** An amount (wei) went back from unbonding to the stake. */
  unbondingCanceled: { readonly account: Address; readonly amount: bigint };
  /** A penalty (wei) was given back. */
  waived: { readonly account: Address; readonly amount: bigint };
  /** An amount (wei) went out. */
  withdrawn: { readonly account: Address; readonly amount: bigint };
}

/** The name of an event. */
export type OgpuEventType = keyof OgpuEvents;

/** What happened, and where: of one type, or of any. */
export type OgpuEvent<Type extends OgpuEventType = OgpuEventType> = {
  [Name in Type]: { readonly type: Name } & OgpuEvents[Name] & EventPlace;
}[Type];

/** One OpenGPU network. The public ones are `networks.mainnet` and `networks.testnet`; any other can be given. */
export interface Network {
  /** Shown when a wallet adds the chain. */
  readonly name: string;
  readonly chainId: number;
  /** JSON-RPC endpoints, asked in this order. One of another chain is passed over. */
  readonly rpcUrl: string | readonly string[];
  /** How many endpoints are asked at once what decides about money; they must agree. From 1 (the default) to all of `rpcUrl`. */
  readonly quorum?: number | undefined;
  readonly contracts: {
    readonly nexus: Address;
    readonly controller: Address;
    readonly terminal: Address;
    readonly vault: Address;
  };
  /** The pinning service. */
  readonly pinUrl: string;
  /** IPFS gateways, ending in `/ipfs/`, asked in this order. */
  readonly gatewayUrl: string | readonly string[];
  /** The old HTTP API, if there is one. */
  readonly managementUrl?: string | undefined;
  /** Told to a wallet that adds the chain. */
  readonly explorerUrl?: string | undefined;
  /** Shown when a wallet adds the chain. Amounts have 18 decimals. */
  readonly nativeCurrency?: { readonly name: string; readonly symbol: string; readonly decimals: 18 } | undefined;
}

/** The confirmed response by the old HTTP API. */
export interface ApiConfirmedResponse {
  /** The task's address, as the API gives it. */
  readonly address: Address;
  /** The API's whole object. */
  readonly data: JsonValue;
}
"#;
