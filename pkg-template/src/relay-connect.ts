/** What a relay connects to: the addresses that the upstreams' names stand for, checked. */

import type { LookupFunction } from "node:net";

import { listed } from "./border.js";
import { builtin } from "./host.js";
import { bareHost, isAddress, isLocalHost, isPublicAddress } from "./public-address.js";
import { until } from "./relay-bounds.js";
import { Refusal } from "./relay-refusal.js";
import type { Base, Resolve } from "./relay-upstreams.js";

/** Far more addresses than a name has. */
const MAX_ADDRESSES = 1_000;

/** Which addresses a relay connects to. */
export class Addresses {
  readonly #allowed: readonly string[];
  readonly #resolve: Resolve | undefined;

  constructor(allowPrivateHosts: readonly string[], resolve: Resolve | undefined) {
    this.#allowed = allowPrivateHosts.map((host) => host.toLowerCase());
    this.#resolve = resolve ?? systemResolver();
  }

  /**
   * Looks at a base's host as it is written: an address, or a name that can only be local.
   * @throws Refusal
   */
  check(base: Base): void {
    const host = bareHost(base.url.hostname);
    if (isLocalHost(host) && !this.#allows(base)) throw refused(base.url, host);
  }

  /**
   * What a base's host stands for: `undefined` where it is an address itself, or nothing here can resolve names. The connection must go
   * to one of these, else the next answer of the DNS would decide.
   * @throws Refusal
   */
  async of(base: Base, signal: AbortSignal): Promise<readonly string[] | undefined> {
    this.check(base);
    const host = bareHost(base.url.hostname);
    if (isAddress(host) || !this.#resolve) return undefined;
    const answer: unknown = await until(signal, this.#resolve(host)).catch(() => []);
    const addresses = Array.isArray(answer) ? listed(answer, "addresses", MAX_ADDRESSES).map(String) : [];
    if (addresses.length === 0) throw new Refusal(502, "upstreamUnreachable", `the name ${host} cannot be resolved`);
    // One that is not public spoils them all: which of them is connected to would be chance.
    const bad = addresses.find((address) => !isPublicAddress(address));
    if (bad !== undefined && !this.#allows(base)) throw refused(base.url, bad.slice(0, 60));
    return addresses;
  }

  /** For Node's sockets: resolves a new connection's host, checks what comes, and connects to just that. */
  lookup(base: Base, signal: AbortSignal): LookupFunction {
    return (host, options, callback) => {
      this.of(base, signal).then((addresses) => lookupOf(addresses ?? [])(host, options, callback), (error: Error) => callback(error, ""));
    };
  }

  #allows({ url, byHand }: Base): boolean {
    return this.#allowed.includes(url.host) || (byHand && isLocalHost(bareHost(url.hostname)));
  }
}

function refused(url: URL, found: string): Refusal {
  return new Refusal(403, "privateAddress", `${found} is no public address; to allow it, list ${url.host} in allowPrivateHosts`);
}

/** The system's resolver, in Node, Deno and Bun. */
function systemResolver(): Resolve | undefined {
  const dns = builtin("node:dns/promises");
  return dns && (async (host) => (await dns.lookup(host, { all: true })).map(({ address }) => address));
}

/** A `lookup` for Node's sockets that knows these addresses and no other. */
function lookupOf(addresses: readonly string[]): LookupFunction {
  const entries = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
  return (host, options, callback) => {
    const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
    const fitting = family === 0 ? entries : entries.filter((entry) => entry.family === family);
    const [first] = fitting;
    if (!first) callback(Object.assign(new Error(`${host} has no address of this family`), { code: "ENOTFOUND" }), "");
    else if (options.all) callback(null, fitting);
    else callback(null, first.address, first.family);
  };
}
