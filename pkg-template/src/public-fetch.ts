/** `fetch` for URLs that a stranger wrote: a link on chain, an image in an unsigned answer. */

import { listed } from "./border.js";
import { builtin } from "./host.js";
import { exchange } from "./node-exchange.js";
import { bareHost, isLocalHost, isPublicAddress } from "./public-address.js";

/** Redirects that are followed. */
const MAX_HOPS = 5;

/** A URL leads to the machine itself, its own network, or a cloud's metadata service. */
class NotPublic extends TypeError {
  readonly code = "notPublic";
  constructor(readonly host: string) {
    super(`${host} is not a public address`);
  }
}

/** Origins that the page chose itself, wherever they are. */
const own = new Set<string>();
/** How many are remembered: the last ones. */
const MAX_OWN = 256;

/** A URL, or a list of them. Anything else is an empty list here: the call that uses it refuses it. */
function several(url: unknown): readonly unknown[] {
  if (typeof url === "string") return [url];
  try {
    return listed(url, "url", MAX_OWN, "left out");
  } catch {
    return [];
  }
}

/** Remembers where the page's own gateways and pinning services are: links to them are asked like any other. */
export function trust(...urls: readonly unknown[]): void {
  for (const url of urls.flatMap(several)) {
    if (typeof url !== "string" || !URL.canParse(url)) continue;
    own.add(new URL(url).origin);
    if (own.size > MAX_OWN) for (const oldest of own) return void own.delete(oldest);
  }
}

const isPublicHost = (hostname: string): boolean => !isLocalHost(bareHost(hostname));

/** Whether a URL's host is public, as far as it tells by itself. */
export function isPublicUrl(url: string): boolean {
  return URL.canParse(url) && isPublicHost(new URL(url).hostname);
}

/** Refuses a host that is surely not public, as it stands in the URL. */
function check({ hostname, origin }: URL): void {
  if (!own.has(origin) && !isPublicHost(hostname)) throw new NotPublic(hostname);
}

/** Node's resolver for new connections: the addresses that are checked are the ones that are connected to. */
const lookup: import("node:net").LookupFunction = (hostname, options, done) => {
  const { lookup: resolve } = builtin("node:dns/promises") as typeof import("node:dns/promises");
  resolve(hostname, { ...options, all: true }).then(
    (found) => {
      const local = found.find(({ address }) => !isPublicAddress(address));
      const [first] = found;
      if (local || !first) return done(new NotPublic(local ? `${hostname} (${local.address})` : hostname), "", 4);
      return options.all ? done(null, found) : done(null, first.address, first.family);
    },
    (error: Error) => done(error, "", 4),
  );
};

/** Connections of our own: a pool that others fill would have addresses that nobody checked. */
let agents: { readonly "http:": import("node:http").Agent; readonly "https:": import("node:http").Agent } | undefined;

/** Only Node connects to the address that `lookup` gives; Deno and Bun have these modules too, and resolve names by themselves. */
function isNode(): boolean {
  const { process, Deno, Bun } = globalThis as { process?: { release?: { name?: string } }; Deno?: unknown; Bun?: unknown };
  return process?.release?.name === "node" && Deno === undefined && Bun === undefined && builtin("node:http") !== undefined;
}

/**
 * As `fetch` for a GET, but public addresses alone are asked. In Node that holds for each redirect and for what a name resolves to;
 * other hosts check the hosts of the URL and of the answer, as they stand there. In pages all may be asked unless `inPages`.
 *
 * @throws a `TypeError` with the code `notPublic` and the `host`
 */
export async function publicFetch(url: string, init: RequestInit, inPages: boolean): Promise<Response> {
  let at = new URL(url);
  if (!isNode()) {
    if (!inPages && typeof location !== "undefined") return fetch(url, init);
    check(at);
    const response = await fetch(url, init);
    if (response.url) check(new URL(response.url));
    return response;
  }
  agents ??= {
    "http:": new (builtin("node:http") as typeof import("node:http")).Agent({ keepAlive: true }),
    "https:": new (builtin("node:https") as typeof import("node:https")).Agent({ keepAlive: true }),
  };
  for (let hop = 0; ; hop += 1) {
    if (at.protocol !== "http:" && at.protocol !== "https:") throw new TypeError("the server leads to something other than http or https");
    check(at);
    const resolved = own.has(at.origin) ? {} : { lookup };
    const response = await exchange(at.href, { headers: init.headers, signal: init.signal, ...resolved }, agents[at.protocol]).catch((error: TypeError) => {
      throw error.cause instanceof NotPublic ? error.cause : error;
    });
    const location = [301, 302, 303, 307, 308].includes(response.status) ? response.headers.get("location") : null;
    if (location === null) return Object.defineProperty(response, "url", { value: at.href });
    await response.body?.cancel();
    if (init.redirect === "error") throw new TypeError("the server redirects, which is refused");
    if (hop === MAX_HOPS) throw new TypeError(`the server redirects more than ${MAX_HOPS} times`);
    at = new URL(location, at);
  }
}
