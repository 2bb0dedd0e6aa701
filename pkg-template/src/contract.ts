/** What every object that stands for something on chain has. */

import type { Ogpu } from "./client.js";
import type { Address, CallOptions, Core } from "./wasm/ogpu/ogkit.js";

/** A getter of the table with the contract's address, where it needs one, and its arguments. */
export type Call = readonly [name: string, ...parts: unknown[]];

/** Something on chain at an address. Making one costs nothing; reading asks the chain. */
export abstract class OnChain {
  /** Where it lives. */
  readonly address: Address;
  /** The client that reads and signs for it. */
  readonly ogpu: Ogpu;
  /** @internal */
  protected readonly core: Core;

  /** @internal */
  constructor(ogpu: Ogpu, core: Core, address: Address) {
    this.ogpu = ogpu;
    this.core = core;
    this.address = core.checksum(address, "address");
  }

  /** Whether both stand for the same thing: class, chain and address. */
  equals(other: unknown): boolean {
    try {
      return (
        other instanceof OnChain && other.constructor === this.constructor && other.address === this.address &&
        other.ogpu.network.chainId === this.ogpu.network.chainId
      );
    } catch {
      // A proxy, or of a client that was freed.
      return false;
    }
  }

  /** @internal One getter. */
  protected async one<T>(options: CallOptions | undefined, ...call: Call): Promise<T> {
    const [value] = await this.core.read([call], options);
    return value as T;
  }

  /** @internal Several getters in one request. */
  protected async all<T extends unknown[]>(options: CallOptions | undefined, ...calls: readonly Call[]): Promise<T> {
    return (await this.core.read(calls, options)) as T;
  }
}
