/** A relay behind Node's http server. */

/** What is used of Node's request and response. */
interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Whether it was read to its end. */
  readonly complete?: boolean | undefined;
  iterator?(options: { destroyOnReturn: boolean }): AsyncIterableIterator<Uint8Array>;
  resume?(): unknown;
  once?(event: "end" | "close", listener: () => void): unknown;
}
interface NodeResponse {
  writeHead(status: number, headers: Record<string, string>): unknown;
  flushHeaders?(): unknown;
  write(piece: Uint8Array): boolean;
  end(): unknown;
  destroy(): unknown;
  on(event: "drain" | "close", listener: () => void): unknown;
  readonly destroyed: boolean;
}

/** So long a request that was refused may go on sending what nobody reads: cut off at once, its sender would lose the answer. */
const LINGER_MS = 3_000;

/** The relay as a handler for Node's `http.createServer`, Express and the like. */
export function toNodeHandler(relay: (request: Request) => Promise<Response>): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    let wake: (() => void) | undefined;
    outgoing.on("drain", () => wake?.());
    outgoing.on("close", () => {
      gone.abort();
      wake?.();
    });
    try {
      const response = await relay(requestOf(incoming, gone.signal));
      const headers = Object.fromEntries(response.headers);
      const unread = incoming.complete === false;
      outgoing.writeHead(response.status, unread ? { ...headers, connection: "close" } : headers);
      outgoing.flushHeaders?.();
      const reader = response.body?.getReader();
      // It may break off while this waits for the other side to read.
      reader?.closed.catch(() => outgoing.destroy());
      for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
        if (outgoing.destroyed) return void (await reader?.cancel());
        if (!outgoing.write(step.value)) await new Promise<void>((resolve) => (wake = resolve));
      }
      if (unread) await linger(incoming);
      outgoing.end();
    } catch {
      // The page sees a connection that broke, as it would without the relay.
      outgoing.destroy();
    }
  };
}

function requestOf(incoming: NodeRequest, signal: AbortSignal): Request {
  const { method = "GET", url = "/" } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    // HTTP/2 has its own beside the headers.
    if (!name.startsWith(":")) for (const one of [value ?? []].flat()) headers.append(name, one);
  }
  if (method !== "POST") return new Request(new URL(url, "http://relay.invalid"), { method, headers, signal });
  const chunks = incoming.iterator?.({ destroyOnReturn: false }) ?? incoming[Symbol.asyncIterator]();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    async cancel() {
      await chunks.return?.();
    },
  }, { highWaterMark: 0 });
  return new Request(new URL(url, "http://relay.invalid"), { method, headers, signal, body, duplex: "half" } as RequestInit);
}

/** Reads and forgets the rest of a request, for a while. */
function linger(incoming: NodeRequest): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS);
    const done = (): void => {
      clearTimeout(timer);
      resolve();
    };
    incoming.once?.("end", done);
    incoming.once?.("close", done);
    incoming.resume?.();
  });
}
