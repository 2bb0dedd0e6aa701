/**
 * `ogkit/relay`: lets pages reach servers that send no CORS headers or show self-signed certificates. `fetch` in, `fetch` out: it runs
 * in workerd, behind Node's http server or as a Next.js route. It can spend nothing beyond what a request's own payment is signed for;
 * it stores and logs nothing. It does see requests and answers: run your own.
 *
 * Standing alone: no WebAssembly, no imports.
 */

/** How a relay is set up. */
export interface RelayOptions {
  /**
   * The servers that requests may go to: base URLs (origin and, where given, path), or enclaves as `OpenGradient.tees()` gives them; or
   * a function that tells, and is asked again when its answer is five minutes old. Everything else is refused.
   */
  readonly upstreams: readonly Upstream[] | (() => Promise<readonly Upstream[]>);
  /** The pages' origins that may use it. Default: `"*"`, all. */
  readonly origins?: "*" | readonly string[] | undefined;
  /** Request headers that are passed on beside those of x402 and OpenGradient. */
  readonly requestHeaders?: readonly string[] | undefined;
  /** Answer headers that are passed on, beside those of x402 and OpenGradient, and shown to pages. */
  readonly responseHeaders?: readonly string[] | undefined;
  /** The most bytes of a request's body. Default: 32 MiB. */
  readonly maxBody?: number | undefined;
  /** Seconds until an upstream's answer must begin. Default: 120. */
  readonly timeout?: number | undefined;
  /** Makes the upstream requests; in Node `pinnedFetch(…)` of `ogkit/opengradient` takes the enclaves' certificates. */
  readonly fetch?: ((url: string, init: RequestInit) => Promise<Response>) | undefined;
}

/** A server that requests may go to. */
export type Upstream = string | { readonly endpoint: string };

const METHODS = ["GET", "HEAD", "POST"];
const REQUEST_HEADERS = ["accept", "authorization", "content-type", "payment-signature", "x-payment", "x-settlement-type", "x-upto-session"];
const RESPONSE_HEADERS = [
  "content-type", "date", "retry-after", "payment-required", "payment-response", "x-payment-response", "x-upto-session", "x-processing-hash",
  "x-settlement-tx-hash", "x-settlement-walrus-blob-id",
];
const ERROR = "x-ogkit-relay-error";
const REFRESH_MS = 300_000;

/**
 * Makes a relay. It answers `{relay}?url={what to fetch}`, which is what the `relay` option of `OpenGradient.connect` asks.
 *
 * ```ts
 * const relay = createRelay({ upstreams: ["https://llm.opengradient.ai"], origins: ["https://my.page"] });
 * export default { fetch: relay };                               // workerd
 * export { relay as GET, relay as POST, relay as OPTIONS };      // a Next.js route
 * createServer(toNodeHandler(relay)).listen(8787);               // Node
 * ```
 */
export function createRelay(options: RelayOptions): (request: Request) => Promise<Response> {
  const { upstreams, origins = "*", requestHeaders = [], responseHeaders = [], maxBody = 32 << 20, timeout = 120 } = options;
  const passIn = [...REQUEST_HEADERS, ...requestHeaders.map((name) => name.toLowerCase())];
  const passOut = [...RESPONSE_HEADERS, ...responseHeaders.map((name) => name.toLowerCase())];
  const send = options.fetch ?? ((url: string, init: RequestInit) => fetch(url, init));
  let known: { readonly at: number; readonly bases: Promise<readonly URL[]> } | undefined;

  const bases = (): Promise<readonly URL[]> => {
    if (typeof upstreams !== "function") return Promise.resolve(parsed(upstreams));
    if (!known || Date.now() - known.at > REFRESH_MS) {
      known = { at: Date.now(), bases: upstreams().then(parsed) };
      known.bases.catch(() => (known = undefined));
    }
    return known.bases;
  };

  /** What pages of the request's origin may see; `undefined` for an origin that may not use the relay. */
  const cors = (request: Request): Headers | undefined => {
    const origin = request.headers.get("origin");
    const headers = new Headers({ "cache-control": "no-store", "x-content-type-options": "nosniff" });
    if (origin === null) return headers;
    if (origins !== "*" && !origins.includes(origin)) return undefined;
    headers.set("access-control-allow-origin", origins === "*" ? "*" : origin);
    headers.set("access-control-expose-headers", [...passOut, ERROR].join(", "));
    if (origins !== "*") headers.set("vary", "origin");
    return headers;
  };

  const relay = async (request: Request, headers: Headers): Promise<Response> => {
    const refuse = (status: number, error: string): Response => {
      headers.set(ERROR, "1");
      headers.set("content-type", "application/json");
      return new Response(JSON.stringify({ error }), { status, headers });
    };
    if (!METHODS.includes(request.method)) return refuse(405, "only GET, HEAD and POST are relayed");
    const target = parse(new URL(request.url).searchParams.get("url") ?? "");
    if (!target) return refuse(400, "expected ?url= with an http or https URL");
    const allowed = await bases().catch(() => undefined);
    if (!allowed) return refuse(502, "the list of upstreams cannot be read right now");
    if (!allowed.some((base) => covers(base, target))) return refuse(403, "this upstream is not relayed");
    const body = request.method === "POST" ? await bounded(request, maxBody) : undefined;
    if (body === "large") return refuse(413, `a request may have ${maxBody} bytes`);

    const stop = new AbortController();
    const leave = (): void => stop.abort();
    request.signal.addEventListener("abort", leave, { once: true });
    const timer = setTimeout(leave, timeout * 1000);
    let answer: Response;
    try {
      // Not followed: the payment is for the server that was named.
      answer = await send(target.href, { method: request.method, headers: pick(request.headers, passIn), redirect: "manual", signal: stop.signal, ...(body ? { body } : {}) });
    } catch {
      return refuse(stop.signal.aborted ? 504 : 502, stop.signal.aborted ? "the upstream took too long" : "the upstream cannot be reached");
    } finally {
      clearTimeout(timer);
    }
    if (answer.type === "opaqueredirect" || (answer.status >= 300 && answer.status < 400 && answer.headers.has("location"))) {
      stop.abort();
      return refuse(502, "the upstream redirects, which is refused");
    }
    for (const [name, value] of pick(answer.headers, passOut)) headers.set(name, value);
    return new Response(answer.body, { status: answer.status, headers });
  };

  return async (request) => {
    const headers = cors(request);
    if (!headers) return new Response(null, { status: 403 });
    if (request.method !== "OPTIONS") return relay(request, headers);
    headers.set("access-control-allow-methods", METHODS.join(", "));
    headers.set("access-control-allow-headers", passIn.join(", "));
    headers.set("access-control-max-age", "7200");
    return new Response(null, { status: 204, headers });
  };
}

function parse(text: string): URL | undefined {
  try {
    const url = new URL(text);
    return ["https:", "http:"].includes(url.protocol) && !url.username && !url.password ? url : undefined;
  } catch {
    return undefined;
  }
}

function parsed(upstreams: readonly Upstream[]): readonly URL[] {
  return upstreams.map((one) => parse(typeof one === "string" ? one : one.endpoint)).filter((url) => url !== undefined);
}

/** Whether a URL lies below a base. Its path is normalised already: no `..` leads out, but a server may decode more. */
function covers(base: URL, url: URL): boolean {
  const path = base.pathname.replace(/\/+$/, "");
  return base.origin === url.origin && url.pathname.startsWith(`${path}/`) && !/%2e|%2f|%5c/i.test(url.pathname);
}

function pick(headers: Headers, names: readonly string[]): Headers {
  const picked = new Headers();
  for (const name of names) {
    const value = headers.get(name);
    if (value !== null) picked.set(name, value);
  }
  return picked;
}

async function bounded(request: Request, limit: number): Promise<Uint8Array<ArrayBuffer> | "large"> {
  if (Number(request.headers.get("content-length") ?? 0) > limit) return "large";
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = request.body?.getReader();
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
    size += step.value.byteLength;
    if (size > limit) {
      await reader?.cancel();
      return "large";
    }
    pieces.push(step.value);
  }
  const body = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return body;
}

/** What is used of Node's request and response. */
interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}
interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(piece: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  once(event: "drain" | "close", listener: () => void): unknown;
  readonly destroyed: boolean;
}

/** The relay as a handler for Node's `http.createServer`, Express and the like. */
export function toNodeHandler(relay: (request: Request) => Promise<Response>): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    outgoing.once("close", () => gone.abort());
    try {
      const { method = "GET", url = "/" } = incoming;
      const headers = new Headers();
      for (const [name, value] of Object.entries(incoming.headers)) for (const one of [value ?? []].flat()) headers.append(name, one);
      const chunks = incoming[Symbol.asyncIterator]();
      const body = new ReadableStream<Uint8Array>({
        async pull(controller) {
          const { value, done } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
        },
        async cancel() {
          await chunks.return?.();
        },
      });
      const init = { method, headers, signal: gone.signal, ...(method === "POST" ? { body, duplex: "half" } : {}) };
      const response = await relay(new Request(new URL(url, "http://relay.invalid"), init));
      outgoing.writeHead(response.status, Object.fromEntries(response.headers));
      const reader = response.body?.getReader();
      for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
        if (outgoing.destroyed) return void (await reader?.cancel());
        if (!outgoing.write(step.value)) await new Promise<void>((resolve) => [outgoing.once("drain", resolve), outgoing.once("close", resolve)]);
      }
      outgoing.end();
    } catch {
      // The page sees a connection that broke, as it would without the relay.
      outgoing.destroy();
    }
  };
}
