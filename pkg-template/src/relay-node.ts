/** A relay behind Node's http server. */

import { callable, guarded, handled, listed } from "./border.js";
import { read } from "./provider.js";

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

/** Far more values than a header has. */
const MAX_VALUES = 1_000;

/** A client that takes nothing of its answer for so long is gone, whatever the relay's bounds and the server's connection say. */
const DRAIN_MS = 3_600_000;

/** The relay as a handler for Node's `http.createServer`, Express and the like. @throws InvalidInputError */
export function toNodeHandler(relay: (request: Request) => Promise<Response>): (request: NodeRequest, response: NodeResponse) => Promise<void> {
  callable(relay, "relay");
  return async (incoming, outgoing) => {
    const gone = new AbortController();
    let wake: (() => void) | undefined;
    callable(read(outgoing, "on"), "response.on");
    // It may break off while nobody waits for it, and more than once.
    const breakOff = (): void => {
      try {
        handled(outgoing.destroy());
      } catch {
        // It is broken already.
      }
    };
    const drained = (): Promise<void> => new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("nobody reads the answer")), DRAIN_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    guarded("response.on", () => {
      handled(outgoing.on("drain", () => wake?.()));
      handled(outgoing.on("close", () => {
        gone.abort();
        wake?.();
      }));
    });
    try {
      const response = await relay(requestOf(incoming, gone.signal));
      const headers = Object.fromEntries(response.headers);
      const unread = incoming.complete === false;
      handled(outgoing.writeHead(response.status, unread ? { ...headers, connection: "close" } : headers));
      handled(outgoing.flushHeaders?.());
      const reader = response.body?.getReader();
      // It may break off while this waits for the other side to read.
      reader?.closed.catch(breakOff);
      for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
        if (outgoing.destroyed) return void (await reader?.cancel());
        if (!outgoing.write(step.value)) await drained();
      }
      if (unread) await linger(incoming);
      handled(outgoing.end());
    } catch {
      // The page sees a connection that broke, as it would without the relay.
      breakOff();
    }
  };
}

function requestOf(incoming: NodeRequest, signal: AbortSignal): Request {
  const { method = "GET", url = "/" } = incoming;
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    // HTTP/2 has its own beside the headers.
    const several = typeof value === "string" ? [value] : listed(value ?? [], "request.headers", MAX_VALUES);
    if (!name.startsWith(":")) for (const one of several) headers.append(name, one as string);
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
    handled(incoming.once?.("end", done));
    handled(incoming.once?.("close", done));
    handled(incoming.resume?.());
  });
}
