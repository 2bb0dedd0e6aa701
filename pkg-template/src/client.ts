/// <reference lib="esnext.disposable" preserve="true" />
/** `Ogpu`: one network and the wallet that signs there. */

import { bag, cross } from "./border.js";
import { read } from "./provider.js";
import { invalidInput } from "./errors.js";
import { Master, Provider } from "./actors.js";
import { parseEvents, receiptEvents, watchEvents, type OgpuEventStream } from "./events.js";
import { Agent, Controller, Nexus, Terminal, Vault } from "./modules.js";
import { Response } from "./response.js";
import { runTask, type RunTaskOptions, type TaskRun } from "./run-task.js";
import { Source } from "./source.js";
import { Task } from "./task.js";
import * as ipfs from "./ipfs.js";
import type { IpfsStream } from "./ipfs.js";
import type {
  Address, ApiConfirmedResponse, CallOptions, Core, Eip1193Provider, EventFilter, EventQuery, FetchOptions, Hash, IpfsContent, IpfsData, JsonValue, ListOptions,
  Network, NonceInfo, OgpuEvent, OgpuEventType, PinOptions, PublishOptions, Receipt, SourceInfo, TaskInfo, WatchOptions, WatchTiming,
  WriteOptions,
} from "./wasm/ogpu/ogkit.js";

type LifecycleEvent =
  | "taskPublished" | "attempted" | "responseSubmitted" | "responseStatusChanged" | "taskStatusChanged" | "registered"
  | "sourcePublished" | "sourceUpdated" | "sourceStatusChanged";

/** The confirmed response of a task: where it lives and what it says. */
export interface ConfirmedResponse {
  /** The response's contract. */
  readonly address: Address;
  /** The payload's URL, or the payload itself. */
  readonly data: string;
}

/** The events that a filter names, or the lifecycle where it names none. */
type Named<Options> = Options extends { readonly events: readonly (infer Type extends OgpuEventType)[] } ? Type : LifecycleEvent;

const at = (value: Address | { readonly address: Address }): Address => (typeof value === "object" && value !== null ? (read(value, "address") as Address) : value);

/** An OpenGPU network, and the wallet that signs there. Made by `Ogpu.connect` or, without a wallet, `Ogpu.readOnly`. */
export class Ogpu {
  readonly #core: Core;
  /** The wallet that signs, for other libraries (`ogkit/viem`, `ogkit/ethers`, `ogkit/wagmi`); `undefined` for a read-only client. */
  readonly wallet: Eip1193Provider | undefined;
  /** Balances, stake, escrow. */
  readonly vault: Vault;
  /** The registry of sources. */
  readonly nexus: Nexus;
  /** Tasks and their confirmation. */
  readonly controller: Controller;
  /** Who belongs to whom. */
  readonly terminal: Terminal;
  /** What an agent does for a master's provider. */
  readonly agent: Agent;

  /** @internal */
  constructor(core: Core, wallet?: Eip1193Provider) {
    this.#core = core;
    this.wallet = wallet;
    this.vault = new Vault(core);
    this.nexus = new Nexus(core);
    this.controller = new Controller(core);
    this.terminal = new Terminal(core);
    this.agent = new Agent(this.nexus);
  }

  /** The account that signs; `undefined` for a read-only client. */
  get account(): Address | undefined {
    return this.#core.account;
  }
  /** The network, as it was given. */
  get network(): Network {
    return this.#core.network;
  }
  /** Gives the client's memory back. It cannot be used afterwards. */
  free(): void {
    this.#core.free();
  }
  /** As {@link Ogpu.free}. */
  [Symbol.dispose](): void {
    this.free();
  }

  /** A source at an address. No request. @throws InvalidInputError */
  source(address: Address): Source {
    return new Source(this, this.#core, address);
  }
  /** A task at an address. No request. @throws InvalidInputError */
  task(address: Address): Task {
    return new Task(this, this.#core, address);
  }
  /** A response at an address, its fields not read yet. No request. @throws InvalidInputError */
  response(address: Address): Response {
    return new Response(this, this.#core, address);
  }
  /** A provider by its account. No request. @throws InvalidInputError */
  provider(address: Address): Provider {
    return new Provider(this, this.#core, address);
  }
  /** A master by its account. No request. @throws InvalidInputError */
  master(address: Address): Master {
    return new Master(this, this.#core, address);
  }

  /**
   * Publishes a source (an AI service). Its metadata goes to IPFS, its address comes back. Three HTTP requests: the
   * upload, the simulation, the receipt (and one more for each further look, while the block is not there yet).
   * @throws InvalidInputError, IPFSGatewayError, WalletRejectedError, TxRevertError, TxReceiptTimeoutError
   */
  async publishSource(info: SourceInfo, options?: PublishOptions): Promise<Source> {
    const { address, receipt } = await this.#core.publishSource(info, options);
    return new Source(this, this.#core, address, receipt);
  }
  /** Replaces a source's terms and metadata. Three HTTP requests. @throws NotSourceOwnerError, and as `publishSource` */
  updateSource(source: Address | Source, info: SourceInfo, options?: PublishOptions): Promise<Receipt> {
    return this.#core.updateSource(at(source), info, options);
  }
  /** Ends a source for new tasks, for ever. Two HTTP requests. @throws NotSourceOwnerError, SourceInactiveError */
  inactivateSource(source: Address | Source, options?: WriteOptions): Promise<Receipt> {
    return this.nexus.inactivateSource(at(source), options);
  }
  /**
   * Publishes a task (a job for a source). Its config goes to IPFS, its payment (wei) is frozen out of the client's vault
   * balance. Three HTTP requests, as `publishSource`.
   * @throws TaskExpiredError, ExpiryTooLongError, PaymentTooLowError, InsufficientBalanceError, InvalidInputError, SourceNotFoundError,
   * SourceInactiveError, WalletRejectedError
   */
  async publishTask(info: TaskInfo, options?: PublishOptions): Promise<Task> {
    const { address, receipt } = await this.#core.publishTask(info, options);
    return new Task(this, this.#core, address, receipt);
  }
  /** Cancels a task that nobody attempted and gets its payment back. Two HTTP requests. @throws NotTaskOwnerError, TaskInProgressError, TaskAlreadyFinalizedError */
  cancelTask(task: Address | Task, options?: WriteOptions): Promise<Receipt> {
    return this.controller.cancelTask(at(task), options);
  }
  /**
   * Confirms a response, which pays its provider. Two HTTP requests. Answers the transaction's hash.
   * @throws NotTaskOwnerError, ResponseAlreadyConfirmedError, TaskAlreadyFinalizedError, WalletRejectedError
   */
  async confirmResponse(response: Address | Response, options?: WriteOptions): Promise<Hash> {
    return (await this.controller.confirmResponse(at(response), options)).hash;
  }
  /**
   * Confirms several responses: with one signature where the wallet has batches (EIP-5792, at most ten), else one
   * transaction after the other. The first failure ends it; what was confirmed before stays confirmed.
   * @throws as `confirmResponse`
   */
  async confirmResponses(responses: readonly (Address | Response)[], options?: WriteOptions): Promise<Receipt[]> {
    const [list] = cross([responses], ["responses"]);
    if (!Array.isArray(list)) throw invalidInput("responses", "expected a list");
    return this.#core.confirmResponses((list as typeof responses).map(at), options);
  }
  /** Lets an agent sign for the connected account, or no longer. Two HTTP requests. */
  setAgent(agent: Address, value: boolean, options?: WriteOptions): Promise<Receipt> {
    return this.terminal.setAgent(agent, value, options);
  }

  /**
   * The whole job in one call: publish a task, wait for its responses, check their payloads against their CIDs, choose one,
   * confirm it, and give its payload back. After a reload it goes on from `resume`: nothing is published or paid twice.
   * @throws TaskExpiredError when no answer came in time, and whatever publishing and confirming throw
   */
  runTask(info: TaskInfo | undefined, options?: RunTaskOptions): Promise<TaskRun> {
    return runTask(this, this.#core, info, options);
  }

  /**
   * The responses of a task's attempters `lower` to `upper` (exclusive; default: all), with every field, in the order of
   * the attempts. Two HTTP requests up to `batchSize` attempters; each further `batchSize` adds one.
   * @throws TaskNotFoundError
   */
  async getTaskResponses(task: Address | Task, lower?: number, upper?: number, options?: ListOptions): Promise<Response[]> {
    const found = await this.#core.taskResponses(at(task), lower, upper, options);
    return found.map((fields) => new Response(this, this.#core, fields.address, fields));
  }
  /**
   * The confirmed response of a task, from the chain; `undefined` when there is none yet. Three HTTP requests, or one
   * when there is none.
   * @throws TaskNotFoundError
   */
  async getConfirmedResponse(task: Address | Task, options?: CallOptions): Promise<ConfirmedResponse | undefined> {
    const found = await this.#core.readResponse(undefined, at(task), options);
    return found && Object.freeze({ address: found.address, data: found.data });
  }
  /**
   * The confirmed response by the old HTTP API, which version 0.2.0 of the official SDK used. It is that service's word,
   * not the chain's. One HTTP request.
   * @throws InvalidInputError, HttpError, TaskNotFoundError
   */
  getConfirmedResponseFromApi(task: Address, options?: CallOptions): Promise<ApiConfirmedResponse> {
    return this.#core.getConfirmedResponseFromApi(task, options);
  }
  /** An account's native balance in wei; default: the connected account's. One HTTP request. */
  getBalance(address?: Address, options?: CallOptions): Promise<bigint> {
    return this.#core.getBalance(address, options);
  }

  /**
   * Watches events of Nexus, Terminal and Vault: from a past block on (in ranges that the node accepts), then live. One
   * HTTP request for each look serves all watchers of this client. Nothing is lost or given twice when an endpoint fails
   * and another answers; a log that a reorganisation took back comes again with `removed`.
   * @throws InvalidInputError
   */
  watch<const Options extends WatchOptions>(options?: Options): OgpuEventStream<Named<Options>> {
    return watchEvents(this.#core, options ?? {});
  }
  /** Tasks as they are published for a source. */
  watchTaskPublished(source: Address, options?: WatchTiming): OgpuEventStream<"taskPublished"> {
    return watchEvents(this.#core, { ...bag(options, "options"), source, events: ["taskPublished"] });
  }
  /** Providers as they take a task. */
  watchAttempted(task: Address, options?: WatchTiming): OgpuEventStream<"attempted"> {
    return watchEvents(this.#core, { ...bag(options, "options"), task, events: ["attempted"] });
  }
  /** A task's responses as they are handed in. */
  watchResponseSubmitted(task: Address, options?: WatchTiming): OgpuEventStream<"responseSubmitted"> {
    return watchEvents(this.#core, { ...bag(options, "options"), task, events: ["responseSubmitted"] });
  }
  /** A response's status as it changes. */
  watchResponseStatusChanged(response: Address, options?: WatchTiming): OgpuEventStream<"responseStatusChanged"> {
    return watchEvents(this.#core, { ...bag(options, "options"), response, events: ["responseStatusChanged"] });
  }
  /** A task's status as it changes. */
  watchTaskStatusChanged(task: Address, options?: WatchTiming): OgpuEventStream<"taskStatusChanged"> {
    return watchEvents(this.#core, { ...bag(options, "options"), task, events: ["taskStatusChanged"] });
  }
  /** Providers as they register for a source. */
  watchRegistered(source: Address, options?: WatchTiming): OgpuEventStream<"registered"> {
    return watchEvents(this.#core, { ...bag(options, "options"), source, events: ["registered"] });
  }
  /**
   * The events between two blocks, both included, in one list: decoded in one call, however many there are.
   * @throws InvalidInputError, RpcError
   */
  async getEvents<const Options extends EventFilter & EventQuery>(options?: Options): Promise<OgpuEvent<Named<Options>>[]> {
    return parseEvents(await this.#core.pastEvents(options));
  }
  /** The events of the network's contracts in a receipt. No request. @throws InvalidInputError */
  decodeEvents(receipt: Receipt): OgpuEvent[] {
    return receiptEvents(this.#core, receipt);
  }

  /** How far an account's nonces have come; default: the connected account's. One HTTP request. */
  getNonceInfo(address?: Address, options?: CallOptions): Promise<NonceInfo> {
    return this.#core.getNonceInfo(address, options);
  }
  /**
   * Cancels every stuck transaction of the connected account: one wallet window each, a transfer of nothing to oneself for a
   * higher price. Answers the next nonce. Two HTTP requests, and one for each look at each of them.
   * @throws NonceError when the wallet ignores the suggested nonce; then cancel in the wallet itself
   */
  fixNonce(options?: WriteOptions): Promise<number> {
    return this.#core.fixNonce(options);
  }
  /** Forgets the book of nonces of one account; default: the connected account's. Nothing is cancelled. @throws InvalidInputError */
  resetNonceCache(address?: Address): void {
    this.#core.resetNonceCache(address);
  }

  /**
   * Publishes content through the network's pinning service and answers its URL. The CID is computed here and the service's
   * link must hold it. A `Blob` or `File` is never whole in memory. One HTTP request.
   * @throws IPFSGatewayError, IPFSFetchError, ContentUnverifiedError
   */
  publishToIpfs(data: IpfsData, options?: PinOptions): Promise<string> {
    return ipfs.publish(data, this.network.pinUrl, options);
  }
  /** Fetches a JSON document from IPFS and checks it against its CID. @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError */
  fetchIpfsJson(url: string, options?: FetchOptions): Promise<JsonValue> {
    return ipfs.fetchJson(this.#gateways, url, options);
  }
  /** Fetches bytes from IPFS and checks them against their CID. @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError */
  fetchIpfsBytes(url: string, options?: FetchOptions): Promise<Uint8Array<ArrayBuffer>> {
    return ipfs.fetchBytes(this.#gateways, url, options);
  }
  /**
   * Fetches content from IPFS piece by piece; each is checked against the CID before it is given. Cancelling the stream ends
   * the requests.
   * @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError; later failures end the stream
   */
  fetchIpfsStream(url: string, options?: FetchOptions): Promise<IpfsStream> {
    return ipfs.fetchStream(this.#gateways, url, options);
  }
  /** Fetches content from IPFS, checks it against its CID and shows the proof. @throws IPFSFetchError, IPFSGatewayError, ContentUnverifiedError */
  fetchIpfs(url: string, options?: FetchOptions): Promise<IpfsContent> {
    return ipfs.fetchContent(this.#gateways, url, options);
  }
  get #gateways(): string[] {
    return [this.network.gatewayUrl].flat();
  }

  /**
   * Waits for a transaction that was sent earlier, by another page or before an error. `id` is its hash, or what a smart account
   * calls it (a Safe's safeTxHash, ERC-4337's userOpHash), as `TxAwaitingApprovalError` has it. Of the options `receiptTimeout`
   * (seconds, 120), `confirmations` (1), `signal` and `onProgress` count. One HTTP request for each look, a few more for such a name.
   * @throws TxRevertError, TxReceiptTimeoutError
   */
  waitForTransaction(id: Hash, options?: WriteOptions): Promise<Receipt> {
    return this.#core.waitForTransaction(id, options);
  }
  /** The chain that the wallet is on. No HTTP request. @throws MissingSignerError */
  getWalletChainId(): Promise<number> {
    return this.#core.getWalletChainId();
  }
  /** Brings the wallet to the network's chain, adding it where it is unknown. No HTTP request. @throws WalletRejectedError, WrongChainError */
  switchChain(options?: CallOptions): Promise<void> {
    return this.#core.switchChain(options);
  }
  /**
   * Follows the wallet: `accountsChanged` gives the accounts, `chainChanged` the chain id, `disconnect` the wallet's
   * error. Answers a function that ends it. A wallet without events never calls.
   * @throws InvalidInputError, MissingSignerError
   */
  on(event: "accountsChanged", listener: (accounts: Address[]) => void): () => void;
  on(event: "chainChanged", listener: (chainId: number) => void): () => void;
  on(event: "disconnect", listener: (error: unknown) => void): () => void;
  on(event: "accountsChanged" | "chainChanged" | "disconnect", listener: ((accounts: Address[]) => void) | ((chainId: number) => void) | ((error: unknown) => void)): () => void {
    return this.#core.on(event, listener);
  }
}
