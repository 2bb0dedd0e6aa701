/** Where a relay may send requests: the list of upstreams. */

import { guarded, listed } from "./border.js";
import { invalidInput } from "./errors.js";
import { until } from "./relay-bounds.js";
import { Refusal } from "./relay-refusal.js";

/** A server that requests may go to. */
export type Upstream = string | {
  readonly endpoint: string;
  /** DER in hex. In Node the server must show just this certificate. */
  readonly tlsCertificate?: string | undefined;
};

/** Resolves a host name to its addresses. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** An upstream that was read. */
export interface Base {
  readonly url: URL;
  /** The operator wrote it, and no registry. */
  readonly byHand: boolean;
  readonly certificate: string | undefined;
}

/** A list from a registry serves so long. */
const REFRESH_MS = 300_000;
const MAX_UPSTREAMS = 10_000;

/** An http or https URL without credentials. */
export function parseUrl(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return ["https:", "http:"].includes(url.protocol) && !url.username && !url.password ? url : undefined;
  } catch {
    return undefined;
  }
}

/** The upstreams of a relay. */
export class Upstreams {
  readonly #fixed: readonly Base[] | undefined;
  readonly #read: () => Promise<readonly Upstream[]>;
  #known: { readonly at: number; readonly bases: Promise<readonly Base[]> } | undefined;

  constructor(upstreams: readonly Upstream[] | (() => Promise<readonly Upstream[]>)) {
    this.#read = async () => (typeof upstreams === "function" ? upstreams() : upstreams);
    this.#fixed = typeof upstreams === "function" ? undefined : listed(upstreams, "options.upstreams", MAX_UPSTREAMS).map((one, index) => {
      const base = guarded(`options.upstreams[${index}]`, () => readBase(one as Upstream, typeof one === "string"));
      if (!base) throw invalidInput(`options.upstreams[${index}]`, "expected an http or https URL without credentials");
      return base;
    });
  }

  /**
   * The upstream that a URL lies below.
   * @throws Refusal
   */
  async find(target: URL, signal: AbortSignal): Promise<Base> {
    const found = (await this.#bases(signal)).filter((base) => covers(base.url, target));
    const base = found.find(({ byHand }) => byHand) ?? found[0];
    if (!base) throw new Refusal(403, "upstreamNotListed", "the relay's list of upstreams does not have it");
    return base;
  }

  async #bases(signal: AbortSignal): Promise<readonly Base[]> {
    if (this.#fixed) return this.#fixed;
    if (!this.#known || Date.now() - this.#known.at > REFRESH_MS) {
      // What a registry says is a stranger's word: entries that are no URLs are passed over, and none is listed by hand.
      const bases = this.#read().then((list) => listed(list, "upstreams", MAX_UPSTREAMS, "left out").map((one) => readBase(one as Upstream, false)).filter((base) => base !== undefined));
      this.#known = { at: Date.now(), bases };
      bases.catch(() => (this.#known = undefined));
    }
    try {
      return await until(signal, this.#known.bases);
    } catch {
      // A question that hangs is not waited for by everybody who comes later.
      this.#known = undefined;
      throw new Refusal(502, "upstreamsUnavailable", "the list of upstreams cannot be read right now");
    }
  }
}

function readBase(one: Upstream, byHand: boolean): Base | undefined {
  const text: unknown = typeof one === "string" ? one : one?.endpoint;
  const certificate: unknown = typeof one === "string" ? undefined : (one?.tlsCertificate ?? undefined);
  const url = typeof text === "string" ? parseUrl(text) : undefined;
  if (!url || (certificate !== undefined && !(typeof certificate === "string" && /^0x(?:[0-9a-f]{2})+$/i.test(certificate)))) return undefined;
  return { url, byHand, certificate: certificate as string | undefined };
}

/** Whether a URL lies below a base. Its path is normalised already: no `..` leads out, but a server may decode more. */
function covers(base: URL, url: URL): boolean {
  const path = base.pathname.replace(/\/+$/, "");
  return base.origin === url.origin && url.pathname.startsWith(`${path}/`) && !/%2e|%2f|%5c/i.test(url.pathname);
}
