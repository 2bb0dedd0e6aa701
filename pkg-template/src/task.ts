/** `Task`: a published job. */

import { bag } from "./border.js";
import type { Ogpu } from "./client.js";
import type { DeliveryMethod, TaskStatus } from "./constants.js";
import { OnChain } from "./contract.js";
import type { OgpuEventStream } from "./events.js";
import { Response } from "./response.js";
import { Source } from "./source.js";
import type {
  Address, CallOptions, Core, FetchOptions, Hash, JsonValue, ListOptions, Receipt, TaskParams, WatchTiming, WriteOptions,
} from "./wasm/ogpu/ogkit.js";

/** Everything that a task tells. */
export interface TaskSnapshot {
  readonly address: Address;
  readonly source: Address;
  /** Past `expiryTime` this can still be the old one. */
  readonly status: TaskStatus;
  readonly params: TaskParams;
  /** Where its config document is. */
  readonly config: string;
  /** Wei. */
  readonly payment: bigint;
  /** Unix seconds. */
  readonly expiryTime: number;
  readonly deliveryMethod: DeliveryMethod;
  readonly attemptCount: number;
  /** Whose response was confirmed. */
  readonly winningProvider?: Address;
}

/** A published job. Made by `publishTask` or `ogpu.task(address)`. */
export class Task extends OnChain {
  /** The transaction that published it, when this object comes from `publishTask`. */
  readonly receipt: Receipt | undefined;

  /** @internal */
  constructor(ogpu: Ogpu, core: Core, address: Address, receipt?: Receipt) {
    super(ogpu, core, address);
    this.receipt = receipt;
  }

  /**
   * Checks that a task lives at the address. One HTTP request.
   * @throws TaskNotFoundError
   */
  async load(options?: CallOptions): Promise<this> {
    await this.all(options, ["Task.getStatus", this.address], ["Task.getParams", this.address]);
    return this;
  }

  /**
   * Everything it tells. One HTTP request.
   * @throws TaskNotFoundError
   */
  async snapshot(options?: CallOptions): Promise<TaskSnapshot> {
    const at = this.address;
    const [params, status, deliveryMethod, attemptCount, winner] = await this.all<[TaskParams, TaskStatus, DeliveryMethod, number, Address | undefined]>(
      options, ["Task.getParams", at], ["Task.getStatus", at], ["Task.getDeliveryMethod", at], ["Task.getAttemptCount", at],
      ["Task.getWinningProvider", at],
    );
    const { source, config, payment, expiryTime } = params;
    const snapshot = { address: at, source, status, params, config, payment, expiryTime, deliveryMethod, attemptCount };
    return Object.freeze(winner === undefined ? snapshot : { ...snapshot, winningProvider: winner });
  }

  /** Its source. One HTTP request, as for each getter. @throws TaskNotFoundError */
  async getSource(options?: CallOptions): Promise<Source> {
    return new Source(this.ogpu, this.core, await this.one<Address>(options, "Task.getSource", this.address));
  }
  /** Its status. Past its expiry time this can still be the old one. @throws TaskNotFoundError */
  getStatus(options?: CallOptions): Promise<TaskStatus> {
    return this.one(options, "Task.getStatus", this.address);
  }
  /** Its terms. @throws TaskNotFoundError */
  getParams(options?: CallOptions): Promise<TaskParams> {
    return this.one(options, "Task.getParams", this.address);
  }
  /** What the confirmed provider gets, in wei. @throws TaskNotFoundError */
  getPayment(options?: CallOptions): Promise<bigint> {
    return this.one(options, "Task.getPayment", this.address);
  }
  /** Its deadline, in unix seconds. @throws TaskNotFoundError */
  getExpiryTime(options?: CallOptions): Promise<number> {
    return this.one(options, "Task.getExpiryTime", this.address);
  }
  /** How its response is chosen. @throws TaskNotFoundError */
  getDeliveryMethod(options?: CallOptions): Promise<DeliveryMethod> {
    return this.one(options, "Task.getDeliveryMethod", this.address);
  }
  /** How many providers tried. @throws TaskNotFoundError */
  getAttemptCount(options?: CallOptions): Promise<number> {
    return this.one(options, "Task.getAttemptCount", this.address);
  }
  /** A provider's number among the attempters. @throws TaskNotFoundError */
  getAttempterId(provider: Address, options?: CallOptions): Promise<bigint> {
    return this.one(options, "Task.getAttempterId", this.address, provider);
  }
  /** Whose response was confirmed; `undefined` before. @throws TaskNotFoundError */
  getWinningProvider(options?: CallOptions): Promise<Address | undefined> {
    return this.one(options, "Task.getWinningProvider", this.address);
  }
  /** Whether a response with this hash was handed in. @throws TaskNotFoundError */
  isAlreadySubmitted(hash: Hash, options?: CallOptions): Promise<boolean> {
    return this.one(options, "Task.isAlreadySubmitted", this.address, hash);
  }
  /** The providers that tried, `lower` to `upper` (exclusive; default: all). Two HTTP requests. @throws TaskNotFoundError */
  async getAttempters(lower?: number, upper?: number, options?: CallOptions): Promise<Address[]> {
    return (await this.core.list("Task.getAttemptCount", "Task.getAttempters", this.address, lower, upper, options)) as Address[];
  }
  /** When they tried, in unix seconds. Two HTTP requests. @throws TaskNotFoundError */
  async getAttemptTimestamps(lower?: number, upper?: number, options?: CallOptions): Promise<number[]> {
    return (await this.core.list("Task.getAttemptCount", "Task.getAttemptTimestamps", this.address, lower, upper, options)) as number[];
  }
  /** A provider's response, its fields not read yet; `undefined` when there is none. @throws TaskNotFoundError */
  async getResponseOf(provider: Address, options?: CallOptions): Promise<Response | undefined> {
    const found = await this.one<Address | undefined>(options, "Task.getResponseOf", this.address, provider);
    return found && new Response(this.ogpu, this.core, found);
  }
  /** Its responses; see `ogpu.getTaskResponses`. @throws TaskNotFoundError */
  getResponses(lower?: number, upper?: number, options?: ListOptions): Promise<Response[]> {
    return this.ogpu.getTaskResponses(this.address, lower, upper, options);
  }
  /** The confirmed response; `undefined` when there is none. Three HTTP requests, or one. @throws TaskNotFoundError */
  async getConfirmedResponse(options?: CallOptions): Promise<Response | undefined> {
    const found = await this.core.readResponse(undefined, this.address, options);
    return found && new Response(this.ogpu, this.core, found.address, found);
  }
  /**
   * Its config document, checked against its CID. Two HTTP requests.
   * @throws TaskNotFoundError, ContentUnverifiedError, IPFSFetchError, IPFSGatewayError
   */
  getMetadata(options?: FetchOptions): Promise<JsonValue> {
    return this.core.document("task", this.address, undefined, false, options) as Promise<JsonValue>;
  }

  /** Cancels it and gets its payment back; only before any attempt. Two HTTP requests. @throws NotTaskOwnerError, TaskInProgressError, TaskAlreadyFinalizedError */
  cancel(options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Controller.cancelTask", [this.address], options);
  }

  /** Everything that happens to it: attempts, responses, status. From its publication on when this object comes from `publishTask`. */
  watch(options: WatchTiming = {}): OgpuEventStream<"taskPublished" | "attempted" | "responseSubmitted" | "responseStatusChanged" | "taskStatusChanged"> {
    const events = ["taskPublished", "attempted", "responseSubmitted", "responseStatusChanged", "taskStatusChanged"] as const;
    return this.ogpu.watch({ fromBlock: this.receipt?.blockNumber, ...bag(options, "options"), task: this.address, events });
  }
  /** Providers as they take it. */
  watchAttempted(options: WatchTiming = {}): OgpuEventStream<"attempted"> {
    return this.ogpu.watchAttempted(this.address, { fromBlock: this.receipt?.blockNumber, ...bag(options, "options") });
  }
  /** Responses as they are handed in. */
  watchResponseSubmitted(options: WatchTiming = {}): OgpuEventStream<"responseSubmitted"> {
    return this.ogpu.watchResponseSubmitted(this.address, { fromBlock: this.receipt?.blockNumber, ...bag(options, "options") });
  }
  /** Its status as it changes. */
  watchStatusChanged(options: WatchTiming = {}): OgpuEventStream<"taskStatusChanged"> {
    return this.ogpu.watchTaskStatusChanged(this.address, { fromBlock: this.receipt?.blockNumber, ...bag(options, "options") });
  }
}
