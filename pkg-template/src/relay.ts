/**
 * `ogkit/relay`: lets pages reach servers that send no CORS headers or show self-signed certificates. `fetch` in, `fetch` out: it runs
 * in workerd, behind Node's http server or as a Next.js route. It can spend nothing beyond what a request's own payment is signed for;
 * it stores and logs nothing. It does see requests and answers: run your own.
 *
 * Its answers come from strangers, and often under the origin of the page that it serves: nothing in them can run there, and none of
 * its upstreams can be a server of your own network by accident. No WebAssembly is loaded.
 */

import { bag, callable, guarded, listed } from "./border.js";
import { invalidInput } from "./errors.js";
import { builtin } from "./host.js";
import { KEPT, UNSENT, exchange, pinningAgent } from "./node-exchange.js";
import { Held, Watch, boundedStream, readBody, until, type Bounds, type HeldRequest } from "./relay-bounds.js";
import { Addresses } from "./relay-connect.js";
import { checkNames, checkTypes, cleanType, pick } from "./relay-headers.js";
import { Refusal, type RelayRefusal } from "./relay-refusal.js";
import { Upstreams, parseUrl, type Base, type Resolve, type Upstream } from "./relay-upstreams.js";

export { toNodeHandler } from "./relay-node.js";
export type { RelayReason, RelayRefusal } from "./relay-refusal.js";
export type { Upstream } from "./relay-upstreams.js";

/** How a relay is set up. */
export interface RelayOptions {
  /**
   * The servers that requests may go to: base URLs (origin and, where given, path), or enclaves as `OpenGradient.tees()` gives them; or
   * a function that tells, and is asked again when its answer is five minutes old. Everything else is refused.
   *
   * Enclaves, and all that a function answers, are a registry's word: they must be at public addresses. A base URL in the list is your
   * own: it may also be a private address or a local name (`http://127.0.0.1:8000`, `http://gateway:8000`). In Node an enclave must show
   * the certificate that the registry names.
   */
  readonly upstreams: readonly Upstream[] | (() => Promise<readonly Upstream[]>);
  /**
   * Hosts (with their port, unless it is the default one) that may be at loopback, private, link-local and other addresses that are not
   * public, wherever they are listed: `["127.0.0.1:8000", "tee.my.network"]`. Default: none.
   */
  readonly allowPrivateHosts?: readonly string[] | undefined;
  /**
   * Resolves host names to addresses, which are checked before anything is sent. Default: the system's resolver. Workers have none:
   * there the platform decides what a name stands for, unless you give one (DNS over HTTPS for example).
   */
  readonly resolve?: Resolve | undefined;
  /** The pages' origins that may use it. Default: `"*"`, all. */
  readonly origins?: "*" | readonly string[] | undefined;
  /** Request headers that are passed on beside those of x402 and OpenGradient. Cookies and those of the connection cannot be. */
  readonly requestHeaders?: readonly string[] | undefined;
  /** Answer headers that are passed on, beside those of x402 and OpenGradient, and shown to pages. */
  readonly responseHeaders?: readonly string[] | undefined;
  /** Media types of answers that are passed on beside those of x402 and OpenGradient. None that a browser would run or render as a page. */
  readonly mediaTypes?: readonly string[] | undefined;
  /** The most bytes of a request's body. Default: 32 MiB. */
  readonly maxBody?: number | undefined;
  /** The most bytes of all bodies that are held at once; beyond it requests are refused with 429. Default: 64 MiB. */
  readonly maxHeld?: number | undefined;
  /** The most bytes of an answer; it breaks off there. Default: 64 MiB. */
  readonly maxAnswer?: number | undefined;
  /** The most requests at once; beyond it they are refused with 429. Default: 1024. */
  readonly maxRequests?: number | undefined;
  /** Seconds until an upstream's answer must begin. Default: 120. */
  readonly timeout?: number | undefined;
  /** Seconds until a request's body must be whole. Default: 60. */
  readonly uploadTimeout?: number | undefined;
  /** Seconds that an answer may stand still, on either side; it breaks off then. Default: 120. */
  readonly idleTimeout?: number | undefined;
  /** Seconds for all of an exchange. Default: 1800. */
  readonly totalTimeout?: number | undefined;
  /**
   * Makes the upstream requests, in place of the relay's own. In Node the relay's own connects to the very address that was checked, and
   * pins the enclaves' certificates; with a `fetch` of yours both are up to you: the name is checked, and then resolved again by it.
   */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

const METHODS = ["GET", "HEAD", "POST"];
const REQUEST_HEADERS = ["accept", "authorization", "content-type", "payment-signature", "x-payment", "x-settlement-type", "x-upto-session"];
const RESPONSE_HEADERS = [
  "date", "retry-after", "payment-required", "payment-response", "x-payment-response", "x-upto-session", "x-processing-hash",
  "x-settlement-tx-hash", "x-settlement-walrus-blob-id",
];
/** What x402 and OpenGradient answer with; the last two are Oblivious HTTP's (RFC 9458 and its chunked form). */
const MEDIA_TYPES = ["application/json", "text/event-stream", "text/plain", "message/ohttp-res", "message/ohttp-chunked-res"];
const MARK = "x-ogkit-relay";
const ERROR = "x-ogkit-relay-error";

/**
 * Makes a relay. It answers `{relay}?url={what to fetch}`, which is what the `relay` option of `OpenGradient.connect` asks. What it
 * refuses has a 4xx or 5xx status, a {@link RelayRefusal} as JSON, and CORS headers for every origin.
 *
 * ```ts
 * const relay = createRelay({ upstreams: ["https://llm.opengradient.ai"], origins: ["https://my.page"] });
 * export default { fetch: relay };                               // workerd
 * export { relay as GET, relay as POST, relay as OPTIONS };      // a Next.js route
 * createServer(toNodeHandler(relay)).listen(8787);               // Node
 * ```
 * @throws InvalidInputError for options that cannot hold
 */
export function createRelay(given: RelayOptions): (request: Request) => Promise<Response> {
  const options = bag(given, "options");
  const { origins = "*", fetch: own } = options;
  if (origins !== "*") texts(origins, "options.origins");
  if (own !== undefined) callable(own, "options.fetch");
  if (options.resolve !== undefined) callable(options.resolve, "options.resolve");
  const bounds = readBounds(options);
  const upstreams = new Upstreams(options.upstreams);
  const addresses = new Addresses(texts(options.allowPrivateHosts, "options.allowPrivateHosts"), options.resolve);
  const passIn = [...REQUEST_HEADERS, ...checkNames(texts(options.requestHeaders, "options.requestHeaders"), "options.requestHeaders")];
  const passOut = [...RESPONSE_HEADERS, ...checkNames(texts(options.responseHeaders, "options.responseHeaders"), "options.responseHeaders")];
  const types = [...MEDIA_TYPES, ...checkTypes(texts(options.mediaTypes, "options.mediaTypes"))];
  const held = new Held(bounds);
  const send = own ? ownSender(own, addresses) : isNode() ? nodeSender(addresses) : ownSender((url, init) => fetch(url, init), addresses);

  /** What every answer carries, to any client. Pages of origins that are not listed see refusals only. */
  const baseHeaders = (request: Request): Headers => {
    const headers = new Headers({
      "cache-control": "no-store",
      "content-security-policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
      "cross-origin-resource-policy": "same-origin",
      "x-content-type-options": "nosniff",
      [MARK]: "1",
    });
    const origin = request.headers.get("origin");
    if (origin === null) return headers;
    headers.set("access-control-allow-origin", origins === "*" ? "*" : origin);
    headers.set("access-control-expose-headers", ["content-type", ...passOut, MARK, ERROR].join(", "));
    if (origins !== "*") headers.set("vary", "origin");
    return headers;
  };

  const relay = async (request: Request, headers: Headers, progress: Progress): Promise<Response> => {
    const target = parseUrl(new URL(request.url).searchParams.get("url") ?? "");
    if (target) progress.upstream = target.origin;
    checkRequest(request, origins);
    if (!target) throw new Refusal(400, "badRequest", "expected ?url= with an http or https URL");
    const room = held.request();
    const watch = new Watch(bounds.totalTimeout);
    const leave = (): void => watch.end(new Error("the page has left"));
    const end = (): void => {
      watch.end();
      room.end();
      request.signal.removeEventListener("abort", leave);
    };
    request.signal.addEventListener("abort", leave, { once: true });
    try {
      if (request.signal.aborted) leave();
      watch.within(bounds.timeout, tooLong(bounds.timeout));
      const base = await upstreams.find(target, watch.signal);
      const body = request.method === "POST" ? await readBody(request, bounds, room, watch) : undefined;
      watch.within(bounds.timeout, tooLong(bounds.timeout));
      // Not followed: the payment is for the server that was named.
      const init = { method: request.method, headers: pick(request.headers, passIn), redirect: "manual" as const, signal: watch.signal, ...(body ? { body } : {}) };
      const answer = await send(target, base, init, room, progress);
      return passOn(answer, headers, { types, passOut, bounds, watch, end });
    } catch (error) {
      const reason: unknown = watch.signal.aborted ? watch.signal.reason : error;
      end();
      watch.end(new Error("the exchange is over"));
      throw reason instanceof Refusal ? reason : new Refusal(502, "upstreamUnreachable", "the upstream cannot be reached");
    }
  };

  return async (request) => {
    const headers = guarded("request", () => {
      // Any realm's and any framework's.
      if (typeof request?.headers?.get !== "function" || typeof request.url !== "string" || typeof request.method !== "string") throw invalidInput("request", "expected a Request");
      return baseHeaders(request);
    });
    if (request.method === "OPTIONS") {
      // Every origin passes here, so that the refusal of the request itself can be read.
      headers.set("access-control-allow-methods", METHODS.join(", "));
      headers.set("access-control-allow-headers", passIn.join(", "));
      headers.set("access-control-max-age", "7200");
      return new Response(null, { status: 204, headers });
    }
    const progress: Progress = { sent: false };
    try {
      return await relay(request, headers, progress);
    } catch (error) {
      return refusal(error instanceof Refusal ? error : new Refusal(400, "badRequest", "the request cannot be read"), headers, progress);
    }
  };
}

/** How far an exchange came. */
interface Progress {
  upstream?: string;
  sent: boolean;
}

type Send = (target: URL, base: Base, init: RequestInit & { readonly method: string; readonly signal: AbortSignal }, room: HeldRequest, progress: Progress) => Promise<Response>;

const tooLong = (seconds: number) => (): Refusal => new Refusal(504, "upstreamTimeout", `the upstream did not answer within ${seconds} seconds`);

function refusal({ status, reason, message }: Refusal, headers: Headers, progress: Progress): Response {
  const told: RelayRefusal = { error: message, reason, ...progress };
  const body = new TextEncoder().encode(JSON.stringify(told));
  headers.set(ERROR, reason);
  headers.set("content-type", "application/json");
  // So that the page has it whole before a body that is still on its way is cut off.
  headers.set("content-length", String(body.byteLength));
  if (status === 429) headers.set("retry-after", "1");
  return new Response(body, { status, headers });
}

/** Only `fetch`, and only from pages that may. */
function checkRequest({ method, headers }: Request, origins: "*" | readonly string[]): void {
  if (!METHODS.includes(method)) throw new Refusal(405, "method", "only GET, HEAD and POST are relayed");
  // Browsers tell what they want the answer for (Fetch Metadata). Plain HTTP gets no such headers, but navigations ask for an upgrade.
  const [mode, dest] = [headers.get("sec-fetch-mode") ?? "cors", headers.get("sec-fetch-dest") ?? "empty"];
  if (!["cors", "same-origin"].includes(mode) || dest !== "empty" || headers.has("upgrade-insecure-requests")) {
    throw new Refusal(403, "navigation", "answers are for fetch() only: they are not shown as pages, images or scripts");
  }
  const origin = headers.get("origin");
  if (origin !== null && origins !== "*" && !origins.includes(origin)) throw new Refusal(403, "origin", "the relay's list of origins does not have this page's");
}

/** Over a `fetch` that resolves names by itself. */
function ownSender(fetch: (url: string, init: RequestInit) => Promise<Response>, addresses: Addresses): Send {
  return async (target, base, init, _room, progress) => {
    await addresses.of(base, init.signal);
    progress.sent = true;
    // Held until the answer's end: when the body is through cannot be known.
    return until(init.signal, fetch(target.href, init));
  };
}

/** Over Node's sockets: the address that was checked is the one that is connected to. */
function nodeSender(addresses: Addresses): Send {
  const http = builtin("node:http") as typeof import("node:http");
  const https = builtin("node:https") as typeof import("node:https");
  const plain = { "http:": new http.Agent(KEPT), "https:": new https.Agent(KEPT) };
  const pinning = new Map<string, import("node:https").Agent>();
  return async (target, base, init, room, progress) => {
    addresses.check(base);
    let agent = plain[target.protocol as "http:" | "https:"];
    if (base.certificate !== undefined && target.protocol === "https:") {
      // The registry's list is bounded, but it changes.
      if (pinning.size > 256) pinning.clear();
      agent = pinning.get(base.certificate) ?? pinningAgent(base.certificate);
      pinning.set(base.certificate, agent as import("node:https").Agent);
    }
    progress.sent = true;
    try {
      return await exchange(target.href, { ...init, lookup: addresses.lookup(base, init.signal) }, agent, room.giveBody);
    } catch (error) {
      const cause: unknown = (error as { cause?: unknown } | undefined)?.cause;
      if (cause instanceof Refusal || UNSENT.includes((cause as { code?: unknown } | undefined)?.code as string)) progress.sent = false;
      throw cause instanceof Refusal ? cause : error;
    }
  };
}

interface Passing {
  readonly types: readonly string[];
  readonly passOut: readonly string[];
  readonly bounds: Bounds;
  readonly watch: Watch;
  readonly end: () => void;
}

/** @throws Refusal */
function passOn(answer: Response, headers: Headers, { types, passOut, bounds, watch, end }: Passing): Response {
  const { status } = answer;
  if (answer.type === "opaqueredirect" || (status >= 300 && status < 400 && answer.headers.has("location"))) {
    throw new Refusal(502, "redirect", "the upstream redirects, which is refused");
  }
  if (!(status >= 200 && status <= 599)) throw new Refusal(502, "badAnswer", "the upstream's answer has no usable status");
  let body = [204, 205, 304].includes(status) ? null : answer.body;
  const type = cleanType(answer.headers.get("content-type"), types);
  const isEmpty = body === null || answer.headers.get("content-length") === "0";
  if (!isEmpty && type === undefined) {
    const found = (answer.headers.get("content-type") ?? "no media type").slice(0, 100);
    if (status < 400) throw new Refusal(502, "mediaType", `the upstream answers with ${found}, which is not relayed`);
    // The status tells enough: a proxy's page of HTML about a 502 says no more.
    void body?.cancel().catch(() => {});
    body = null;
  }
  for (const [name, value] of pick(answer.headers, passOut)) headers.set(name, value);
  if (body && type !== undefined) headers.set("content-type", type);
  if (!body) {
    end();
    return new Response(null, { status, headers });
  }
  watch.idle(bounds.idleTimeout, () => new Refusal(504, "upstreamTimeout", `the answer stood still for ${bounds.idleTimeout} seconds`));
  return new Response(boundedStream(body, bounds, watch, end), { status, headers });
}

/** Node itself: others have its modules too, but not all of what its sockets can. */
function isNode(): boolean {
  const { process, navigator } = globalThis as { process?: { versions?: Record<string, string | undefined> }; navigator?: { userAgent?: string } };
  const { node, bun, deno } = process?.versions ?? {};
  return Boolean(node) && !bun && !deno && navigator?.userAgent !== "Cloudflare-Workers" && builtin("node:http") !== undefined;
}

/** A list of texts, each read once. */
function texts(list: readonly string[] | undefined, field: string): readonly string[] {
  if (list === undefined) return [];
  const copy = listed(list, field, 1000);
  if (!copy.every((one) => typeof one === "string")) throw invalidInput(field, "expected texts");
  return copy;
}

function readBounds(options: RelayOptions): Bounds {
  const positive = (name: keyof Bounds, usual: number): number => {
    const value = options[name] ?? usual;
    if (typeof value !== "number" || !(value > 0)) throw invalidInput(`options.${name}`, "expected a number above 0");
    return value;
  };
  // Timers of more than 2^31 - 1 ms fire at once.
  const seconds = (name: keyof Bounds, usual: number): number => Math.min(positive(name, usual), 2_000_000);
  return {
    maxBody: positive("maxBody", 32 << 20), maxHeld: positive("maxHeld", 64 << 20), maxAnswer: positive("maxAnswer", 64 << 20),
    maxRequests: positive("maxRequests", 1024), timeout: seconds("timeout", 120), uploadTimeout: seconds("uploadTimeout", 60),
    idleTimeout: seconds("idleTimeout", 120), totalTimeout: seconds("totalTimeout", 1800),
  };
}
