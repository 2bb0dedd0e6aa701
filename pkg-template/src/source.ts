/** `Source`: a published AI service. */

import type { Ogpu } from "./client.js";
import type { SourceStatus } from "./constants.js";
import { OnChain } from "./contract.js";
import { invalidInput } from "./errors.js";
import type { OgpuEventStream } from "./events.js";
import { Task } from "./task.js";
import type {
  Address, CallOptions, Core, FetchOptions, JsonValue, PublishOptions, Receipt, SourceInfo, SourceParams, WatchTiming, WriteOptions,
} from "./wasm/ogpu/ogkit.js";

/** Everything that a source tells. */
export interface SourceSnapshot {
  readonly address: Address;
  readonly client: Address;
  readonly status: SourceStatus;
  readonly params: SourceParams;
  readonly taskCount: number;
  readonly registrantCount: number;
}

/** A published AI service. Made by `publishSource` or `ogpu.source(address)`. */
export class Source extends OnChain {
  /** The transaction that published it, when this object comes from `publishSource`. */
  readonly receipt: Receipt | undefined;

  /** @internal */
  constructor(ogpu: Ogpu, core: Core, address: Address, receipt?: Receipt) {
    super(ogpu, core, address);
    this.receipt = receipt;
  }

  /**
   * Checks that a source lives at the address. One HTTP request.
   * @throws SourceNotFoundError
   */
  async load(options?: CallOptions): Promise<this> {
    // A task has a status too: only a source has a source's terms.
    await this.all(options, ["Source.getStatus", this.address], ["Source.getParams", this.address]);
    return this;
  }

  /**
   * Everything it tells. One HTTP request.
   * @throws SourceNotFoundError
   */
  async snapshot(options?: CallOptions): Promise<SourceSnapshot> {
    const at = this.address;
    const [params, status, taskCount, registrantCount] = await this.all<[SourceParams, SourceStatus, number, number]>(
      options, ["Source.getParams", at], ["Source.getStatus", at], ["Source.getTaskCount", at], ["Source.getRegistrantCount", at],
    );
    return Object.freeze({ address: at, client: params.client, status, params, taskCount, registrantCount });
  }

  /** Who published it. One HTTP request, as for each getter. @throws SourceNotFoundError */
  getClient(options?: CallOptions): Promise<Address> {
    return this.one(options, "Source.getClient", this.address);
  }
  /** Whether it takes tasks. @throws SourceNotFoundError */
  getStatus(options?: CallOptions): Promise<SourceStatus> {
    return this.one(options, "Source.getStatus", this.address);
  }
  /** Its terms on chain. @throws SourceNotFoundError */
  getParams(options?: CallOptions): Promise<SourceParams> {
    return this.one(options, "Source.getParams", this.address);
  }
  /** How many tasks it got. @throws SourceNotFoundError */
  getTaskCount(options?: CallOptions): Promise<number> {
    return this.one(options, "Source.getTaskCount", this.address);
  }
  /** How many registrations there were; removed ones count. @throws SourceNotFoundError */
  getRegistrantCount(options?: CallOptions): Promise<number> {
    return this.one(options, "Source.getRegistrantCount", this.address);
  }
  /** A provider's number among the registrants. @throws SourceNotFoundError */
  getRegistrantId(provider: Address, options?: CallOptions): Promise<bigint> {
    return this.one(options, "Source.getRegistrantId", this.address, provider);
  }
  /** The environment's bit that a provider registered with. @throws SourceNotFoundError */
  getPreferredEnvironmentOf(provider: Address, options?: CallOptions): Promise<number> {
    return this.one(options, "Source.getPreferredEnvironmentOf", this.address, provider);
  }
  /** Its tasks `lower` to `upper` (exclusive; default: all). Two HTTP requests. @throws SourceNotFoundError */
  async getTasks(lower?: number, upper?: number, options?: CallOptions): Promise<Task[]> {
    const found = (await this.core.list("Source.getTaskCount", "Source.getTasks", this.address, lower, upper, options)) as Address[];
    return found.map((address) => new Task(this.ogpu, this.core, address));
  }
  /** The registered providers `lower` to `upper` (exclusive; default: all). Two HTTP requests. @throws SourceNotFoundError */
  async getRegistrants(lower?: number, upper?: number, options?: CallOptions): Promise<Address[]> {
    return (await this.core.list("Source.getRegistrantCount", "Source.getRegistrants", this.address, lower, upper, options)) as Address[];
  }
  /**
   * Its metadata document, checked against its CID. Two HTTP requests.
   * @throws SourceNotFoundError, ContentUnverifiedError, IPFSFetchError, IPFSGatewayError
   */
  getMetadata(options?: FetchOptions): Promise<JsonValue> {
    return this.core.document("source", this.address, undefined, false, options) as Promise<JsonValue>;
  }

  /** Replaces its terms and metadata; uploads the document. @throws NotSourceOwnerError, and as `publishSource` */
  update(info: SourceInfo, options?: PublishOptions): Promise<Receipt> {
    return this.core.updateSource(this.address, info, options);
  }
  /** Replaces its terms as they are. Two HTTP requests. @throws NotSourceOwnerError, InvalidInputError */
  setParams(params: SourceParams, options?: WriteOptions): Promise<Receipt> {
    return this.core.writeStruct("Nexus.updateSource", params, this.address, options);
  }
  /** Ends it for new tasks, for ever. Two HTTP requests. @throws NotSourceOwnerError, SourceInactiveError */
  inactivate(options?: WriteOptions): Promise<Receipt> {
    return this.core.write("Nexus.inactivateSource", [this.address], options);
  }
  /** As the official SDK has it: the only way is from active to inactive. @throws InvalidInputError, and as `inactivate` */
  setStatus(status: SourceStatus, options?: WriteOptions): Promise<Receipt> {
    if (status === "INACTIVE") return this.inactivate(options);
    return Promise.reject(invalidInput("status", "an inactive source cannot be made active again; only INACTIVE can be set"));
  }

  /** Tasks as they are published for it. */
  watchTaskPublished(options?: WatchTiming): OgpuEventStream<"taskPublished"> {
    return this.ogpu.watchTaskPublished(this.address, options);
  }
  /** Providers as they register for it. */
  watchRegistered(options?: WatchTiming): OgpuEventStream<"registered"> {
    return this.ogpu.watchRegistered(this.address, options);
  }
}
