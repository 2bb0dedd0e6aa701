/** A task from publication to the paid answer. */

import type { Ogpu } from "./client.js";
import { bag, cross } from "./border.js";
import { invalidInput, isOgError, makeError } from "./errors.js";
import { Response } from "./response.js";
import { Task } from "./task.js";
import type { Address, Core, FetchOptions, Hash, IpfsContent, JsonValue, Progress, PublishOptions, Receipt, TaskInfo } from "./wasm/ogpu/ogkit.js";

/** A response whose payload is proven. */
export interface Candidate {
  readonly response: Response;
  /** The payload. */
  readonly payload: JsonValue;
  /** How it is proven; absent for a payload that stands on chain itself. */
  readonly proof?: IpfsContent;
}

/** Where a run is. */
export type RunProgress =
  | Progress
  /** The task is on chain; keep its address, to resume after a reload. */
  | { readonly kind: "taskPublished"; readonly task: Address; readonly hash?: Hash }
  /** A response's payload matches its CID. */
  | { readonly kind: "verified"; readonly response: Address; readonly provider: Address }
  /** A response's payload cannot be fetched, or does not match its CID: it is not offered to `choose`. */
  | { readonly kind: "unverified"; readonly response: Address; readonly reason: unknown }
  /** No node answers: the chain is asked again in `retryIn` seconds, and nothing ends. */
  | { readonly kind: "waiting"; readonly reason: unknown; readonly retryIn: number }
  /** The chosen response is confirmed and its provider paid. */
  | { readonly kind: "confirmed"; readonly response: Address };

/** How a run is carried out. */
export interface RunTaskOptions extends Omit<PublishOptions, "onProgress"> {
  onProgress?: ((step: RunProgress) => void) | undefined;
  /**
   * Chooses among the proven responses whenever one more arrives; `undefined` waits for more. Default: the first.
   */
  choose?: ((candidates: readonly Candidate[]) => Candidate | undefined | Promise<Candidate | undefined>) | undefined;
  /** Goes on with a task that was published before: its address, or the transaction that publishes it. */
  resume?: { readonly task: Address } | { readonly transactionHash: Hash } | undefined;
  /** Seconds between two looks at the chain. Default: 2. */
  pollInterval?: number | undefined;
  /** How payloads are fetched. */
  fetch?: Omit<FetchOptions, "signal"> | undefined;
}

/** What a run gives. */
export interface TaskRun extends Candidate {
  readonly task: Task;
  /** The confirmation; absent when the response was confirmed before. */
  readonly receipt?: Receipt;
}

/** A look at the chain at least this often, in ms, even when no event comes. */
const LOOK_MS = 15_000;

/** Seconds before the next look when no node has answered for `lasted` milliseconds. Watchers wait by the same rule. */
const retryAfter = (lasted: number): number => Math.min(Math.max(lasted / 40, 100), LOOK_MS) / 1000;

async function published(ogpu: Ogpu, core: Core, info: TaskInfo | undefined, options: RunTaskOptions): Promise<Task> {
  const { choose: _choose, resume, pollInterval = 2, fetch: _fetch, onProgress, ...publish } = options;
  const { signal } = options;
  if (resume === undefined) {
    if (info === undefined) throw invalidInput("info", "expected a task to publish, or options.resume");
    return ogpu.publishTask(info, { ...publish, onProgress });
  }
  if (typeof resume !== "object" || resume === null) throw invalidInput("options.resume", "expected a task or a transactionHash");
  if ("task" in resume) return ogpu.task(resume.task).load({ signal });
  const deadline = Date.now() + (options.receiptTimeout ?? 120) * 1000;
  for (;;) {
    const found = await core.publishedBy(resume.transactionHash, { signal });
    if (found) return new Task(ogpu, core, found.address, found.receipt);
    if (Date.now() >= deadline) {
      const timeout = options.receiptTimeout ?? 120;
      const message = `no receipt of ${resume.transactionHash} after ${timeout} s; it was sent and may still be mined, so look it up before publishing again`;
      throw makeError({ name: "TxReceiptTimeoutError", code: "txReceiptTimeout", message, fields: { hash: resume.transactionHash, timeout } });
    }
    await pause(pollInterval * 1000, signal);
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const done = (): void => {
      signal?.removeEventListener("abort", abort);
      resolve();
    };
    const timer = setTimeout(done, ms);
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener("abort", abort, { once: true });
  });
}

async function read(response: Response, fetch: RunTaskOptions["fetch"], signal: AbortSignal | undefined): Promise<Candidate> {
  if (/^\s*[[{]/.test(response.data ?? "")) return Object.freeze({ response, payload: await response.fetchData({ ...fetch, signal }) });
  const proof = await response.fetch({ ...fetch, signal });
  return Object.freeze({ response, payload: proof.json(), proof });
}

/** @internal See `Ogpu.runTask`. */
export async function runTask(ogpu: Ogpu, core: Core, info: TaskInfo | undefined, given: RunTaskOptions | undefined): Promise<TaskRun> {
  // Read once, as every other call's: nothing of it throws later on.
  const [options] = cross([bag(given, "options")], ["options"]) as [RunTaskOptions];
  const { choose = (all: readonly Candidate[]) => all[0], onProgress, signal, pollInterval, fetch } = options;
  const tell = (step: RunProgress): void => {
    try {
      onProgress?.(step);
    } catch {
      // What the caller's listener throws is its own affair.
    }
  };
  const task = await published(ogpu, core, info, options);
  tell({ kind: "taskPublished", task: task.address, ...(task.receipt ? { hash: task.receipt.hash } : {}) });

  const stop = new AbortController();
  const events = task.watch({ pollInterval, signal: stop.signal });
  const candidates: Candidate[] = [];
  const settled = new Set<Address>();
  let nextEvent: Promise<unknown> = events.next();
  nextEvent.catch(() => undefined);
  try {
    const look = () => Promise.all([task.snapshot({ signal }), task.getResponses(undefined, undefined, { signal })]);
    let away: number | undefined;
    for (;;) {
      let looked: Awaited<ReturnType<typeof look>>;
      try {
        looked = await look();
      } catch (reason) {
        signal?.throwIfAborted();
        if (!isOgError(reason, "http") && !isOgError(reason, "rpc")) throw reason;
        away ??= Date.now();
        const retryIn = retryAfter(Date.now() - away);
        tell({ kind: "waiting", reason, retryIn });
        await pause(retryIn * 1000, signal);
        continue;
      }
      away = undefined;
      const [snapshot, responses] = looked;
      let fresh = false;
      for (const response of responses) {
        if (settled.has(response.address)) continue;
        try {
          candidates.push(await read(response, fetch, signal));
          settled.add(response.address);
          fresh = true;
          tell({ kind: "verified", response: response.address, provider: response.provider as Address });
        } catch (reason) {
          signal?.throwIfAborted();
          // Bytes that are wrong stay wrong; a gateway that is down is asked again at the next look.
          if (isOgError(reason, "contentUnverified")) settled.add(response.address);
          tell({ kind: "unverified", response: response.address, reason });
        }
      }

      const winner = responses.find(({ confirmed, status }) => confirmed === true || status === "CONFIRMED");
      if (winner) {
        const confirmed = candidates.find(({ response }) => response.equals(winner)) ?? (await read(winner, fetch, signal));
        return Object.freeze({ ...confirmed, response: winner, task });
      }
      const chosen = fresh ? await choose(Object.freeze([...candidates])) : undefined;
      if (chosen && snapshot.deliveryMethod === "MANUAL_CONFIRMATION") {
        const { nonce, autoFixNonce, maxRetries, receiptTimeout, confirmations, walletTimeout } = options;
        const receipt = await chosen.response.confirm({ signal, onProgress: tell, nonce: options.resume ? nonce : undefined, autoFixNonce, maxRetries, receiptTimeout, confirmations, walletTimeout });
        tell({ kind: "confirmed", response: chosen.response.address });
        return Object.freeze({ ...chosen, response: await chosen.response.load({ signal }), task, receipt });
      }
      if (snapshot.status === "CANCELED" || snapshot.status === "EXPIRED") {
        const message = `the task ${task.address} is ${snapshot.status.toLowerCase()}; no response was confirmed or paid`;
        throw makeError({ name: "TaskAlreadyFinalizedError", code: "taskAlreadyFinalized", message, fields: { task: task.address } });
      }
      if (candidates.length === 0 && snapshot.expiryTime * 1000 < Date.now()) {
        const message = `the task ${task.address} passed its deadline without a proven response; nothing was confirmed or paid, and its payment is freed at the next attempt, or by cancelTask where nobody attempted it`;
        throw makeError({ name: "TaskExpiredError", code: "taskExpired", message, fields: { task: task.address, expiry: snapshot.expiryTime } });
      }
      const timer = new AbortController();
      const either = signal ? AbortSignal.any([signal, timer.signal]) : timer.signal;
      // The deadline is no event.
      const left = snapshot.expiryTime * 1000 - Date.now();
      const ms = left >= 0 ? Math.min(LOOK_MS, left + 1) : LOOK_MS;
      await Promise.race([nextEvent.then(() => (nextEvent = events.next())), pause(ms, either)]).finally(() => timer.abort());
      nextEvent.catch(() => undefined);
    }
  } finally {
    stop.abort();
    void events.return?.();
  }
}
