/** What keeps a relay in bounded memory and time. */

import { Refusal } from "./relay-refusal.js";

/** The times and sizes of a relay; seconds and bytes. */
export interface Bounds {
  readonly maxBody: number;
  readonly maxHeld: number;
  readonly maxAnswer: number;
  readonly maxRequests: number;
  readonly timeout: number;
  readonly uploadTimeout: number;
  readonly idleTimeout: number;
  readonly totalTimeout: number;
}

/** What a relay holds at the moment. */
export class Held {
  #requests = 0;
  #bytes = 0;
  readonly #bounds: Bounds;
  constructor(bounds: Bounds) {
    this.#bounds = bounds;
  }

  /**
   * Room for one more request.
   * @throws Refusal
   */
  request(): HeldRequest {
    if (this.#requests >= this.#bounds.maxRequests) throw new Refusal(429, "full", `the relay serves ${this.#bounds.maxRequests} requests already; try again`);
    this.#requests += 1;
    let bytes = 0;
    let open = true;
    const giveBody = (): void => {
      this.#bytes -= bytes;
      bytes = 0;
    };
    return {
      take: (count) => {
        if (this.#bytes + count > this.#bounds.maxHeld) throw new Refusal(429, "full", `the relay holds ${this.#bounds.maxHeld} bytes already; try again`);
        this.#bytes += count;
        bytes += count;
      },
      giveBody,
      end: () => {
        giveBody();
        if (open) this.#requests -= 1;
        open = false;
      },
    };
  }
}

/** One request's share. */
export interface HeldRequest {
  /** Counts bytes of its body. @throws Refusal */
  take(count: number): void;
  /** The body is no longer held. */
  giveBody(): void;
  /** The request is over. It may be called again. */
  end(): void;
}

/** Ends an exchange when one of its times is over: by its signal, whose reason is the refusal. */
export class Watch {
  readonly #stop = new AbortController();
  readonly #total: ReturnType<typeof setTimeout>;
  #phase: ReturnType<typeof setTimeout> | undefined;
  #touched = 0;

  constructor(total: number) {
    this.#total = setTimeout(() => this.end(new Refusal(504, "upstreamTimeout", `the exchange took more than ${total} seconds`)), total * 1000);
  }

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** What follows may take so long; it takes the place of the phase before. */
  within(seconds: number, refusal: () => Refusal): void {
    clearTimeout(this.#phase);
    this.#phase = setTimeout(() => this.end(refusal()), seconds * 1000);
  }

  /** What follows may stand still so long, from {@link touch} to {@link touch}. One timer serves all pieces of a stream. */
  idle(seconds: number, refusal: () => Refusal): void {
    clearTimeout(this.#phase);
    this.touch();
    const look = (): void => {
      const left = this.#touched + seconds * 1000 - performance.now();
      if (left <= 0) this.end(refusal());
      else this.#phase = setTimeout(look, left);
    };
    this.#phase = setTimeout(look, seconds * 1000);
  }

  touch(): void {
    this.#touched = performance.now();
  }

  /** Ends it all, or only the watch where no reason is given. */
  end(reason?: Error): void {
    clearTimeout(this.#phase);
    clearTimeout(this.#total);
    if (reason) this.#stop.abort(reason);
  }
}

/** What a promise gives, unless the signal is aborted before. */
export function until<T>(signal: AbortSignal, promise: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

/**
 * A request's whole body.
 * @throws Refusal
 */
export async function readBody(request: Request, bounds: Bounds, held: HeldRequest, watch: Watch): Promise<Uint8Array<ArrayBuffer>> {
  const large = (): Refusal => new Refusal(413, "bodyTooLarge", `a request may have ${bounds.maxBody} bytes`);
  if (Number(request.headers.get("content-length") ?? 0) > bounds.maxBody) throw large();
  watch.within(bounds.uploadTimeout, () => new Refusal(408, "uploadTimeout", `the request's body took more than ${bounds.uploadTimeout} seconds`));
  if (!request.body) return new Uint8Array();
  const reader = request.body.getReader();
  const pieces: Uint8Array[] = [];
  let size = 0;
  try {
    for (;;) {
      const { value, done } = await until(watch.signal, reader.read());
      if (done) break;
      size += value.byteLength;
      if (size > bounds.maxBody) throw large();
      held.take(value.byteLength);
      pieces.push(value);
    }
  } catch (error) {
    reader.cancel().catch(() => {});
    throw error;
  }
  const [only] = pieces;
  if (only && pieces.length === 1) return only as Uint8Array<ArrayBuffer>;
  const body = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.byteLength;
  }
  return body;
}

/** An answer's body that breaks off when it is too large or the watch ends it; `done` is called once, however it ends. */
export function boundedStream(body: ReadableStream<Uint8Array>, bounds: Bounds, watch: Watch, done: () => void): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let size = 0;
  let over = false;
  const finish = (): void => {
    over = true;
    watch.end();
    done();
  };
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const stop = (): void => {
        if (over) return;
        finish();
        controller.error(watch.signal.reason);
        reader.cancel(watch.signal.reason).catch(() => {});
      };
      if (watch.signal.aborted) stop();
      else watch.signal.addEventListener("abort", stop, { once: true });
    },
    async pull(controller) {
      watch.touch();
      try {
        const { value, done: ended } = await reader.read();
        if (over) return;
        watch.touch();
        if (ended) {
          finish();
          controller.close();
          return;
        }
        size += value.byteLength;
        if (size > bounds.maxAnswer) throw new Refusal(502, "answerTooLarge", `an answer may have ${bounds.maxAnswer} bytes`);
        controller.enqueue(value);
      } catch (error) {
        if (over) return;
        finish();
        reader.cancel().catch(() => {});
        controller.error(error);
      }
    },
    cancel(reason) {
      finish();
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
