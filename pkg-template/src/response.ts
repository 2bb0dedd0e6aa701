/** `Response`: a provider's answer. */

import type { Ogpu } from "./client.js";
import type { ResponseStatus } from "./constants.js";
import { OnChain } from "./contract.js";
import type { OgpuEventStream } from "./events.js";
import type { Task } from "./task.js";
import type {
  Address, CallOptions, Core, FetchOptions, IpfsContent, JsonValue, Receipt, ResponseParams, ResponseSnapshot, WatchTiming, WriteOptions,
} from "./wasm/ogpu/ogkit.js";

/** A provider's answer to a task. Made by `getResponses` with its fields, or by `ogpu.response(address)` without them. */
export class Response extends OnChain {
  /** The task it answers, as all of these once they were read. */
  readonly task: Address | undefined;
  /** Who answered. */
  readonly provider: Address | undefined;
  /** The payload's URL, or the payload itself. It is the provider's text: hostile until checked. */
  readonly data: string | undefined;
  /** What the provider asks, in wei. */
  readonly payment: bigint | undefined;
  /** Whether it was confirmed. */
  readonly status: ResponseStatus | undefined;
  /** When it was handed in, in unix seconds. */
  readonly timestamp: number | undefined;
  /** Whether its confirmation is final. */
  readonly confirmed: boolean | undefined;

  /** @internal */
  constructor(ogpu: Ogpu, core: Core, address: Address, fields?: ResponseSnapshot) {
    super(ogpu, core, address);
    this.task = fields?.task;
    this.provider = fields?.provider;
    this.data = fields?.data;
    this.payment = fields?.payment;
    this.status = fields?.status;
    this.timestamp = fields?.timestamp;
    this.confirmed = fields?.confirmed;
  }

  /**
   * The same response with its fields as they are now. One HTTP request.
   * @throws ResponseNotFoundError
   */
  async load(options?: CallOptions): Promise<Response> {
    return new Response(this.ogpu, this.core, this.address, await this.snapshot(options));
  }

  /**
   * Everything it tells. One HTTP request.
   * @throws ResponseNotFoundError
   */
  snapshot(options?: CallOptions): Promise<ResponseSnapshot> {
    return this.core.readResponse(this.address, undefined, options) as Promise<ResponseSnapshot>;
  }

  /** The task it answers. One HTTP request where it is not known, as for each getter. @throws ResponseNotFoundError */
  async getTask(options?: CallOptions): Promise<Task> {
    return this.ogpu.task(this.task ?? (await this.getParams(options)).task);
  }
  /** Its terms. @throws ResponseNotFoundError */
  getParams(options?: CallOptions): Promise<ResponseParams> {
    return this.one(options, "Response.getParams", this.address);
  }
  /** The payload's URL, or the payload itself. @throws ResponseNotFoundError */
  async getData(options?: CallOptions): Promise<string> {
    return this.data ?? (await this.getParams(options)).data;
  }
  /** Its status now. @throws ResponseNotFoundError */
  getStatus(options?: CallOptions): Promise<ResponseStatus> {
    return this.one(options, "Response.getStatus", this.address);
  }
  /** When it was handed in, in unix seconds. @throws ResponseNotFoundError */
  getTimestamp(options?: CallOptions): Promise<number> {
    return this.one(options, "Response.getTimestamp", this.address);
  }
  /** Whether its confirmation is final. @throws ResponseNotFoundError */
  isConfirmed(options?: CallOptions): Promise<boolean> {
    return this.one(options, "Response.isConfirmed", this.address);
  }

  /**
   * Its payload as JSON: fetched and checked against its CID, or read from `data` where it stands there itself. One HTTP
   * request for each gateway asked (and one for the fields, where they are not read yet).
   * @throws ContentUnverifiedError, IPFSFetchError, IPFSGatewayError, ResponseNotFoundError
   */
  fetchData(options?: FetchOptions): Promise<JsonValue> {
    return this.core.document("response", this.address, this.data, false, options) as Promise<JsonValue>;
  }
  /**
   * Its payload as bytes, with the proof: which CID, from where, how it was checked.
   * @throws ContentUnverifiedError, IPFSFetchError, IPFSGatewayError, ResponseNotFoundError
   */
  fetch(options?: FetchOptions): Promise<IpfsContent> {
    return this.core.document("response", this.address, this.data, true, options) as Promise<IpfsContent>;
  }

  /**
   * Confirms it, which pays its provider. Two HTTP requests: the simulation and the receipt.
   * @throws NotTaskOwnerError, ResponseAlreadyConfirmedError, TaskAlreadyFinalizedError, WalletRejectedError
   */
  confirm(options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Controller.confirmResponse", [this.address], options);
  }

  /** Its status as it changes. */
  watchStatusChanged(options?: WatchTiming): OgpuEventStream<"responseStatusChanged"> {
    return this.ogpu.watchResponseStatusChanged(this.address, options);
  }
}
