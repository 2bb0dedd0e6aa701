/** Events as objects: the WebAssembly hands over batches as JSON text. */

import type { Core, OgpuEvent, OgpuEventType, Receipt, WatchOptions } from "./wasm/ogpu/ogkit.js";

/** The keys whose decimal text is a bigint. */
const AMOUNTS = new Set([
  "blockNumber", "suggestedPayment", "registrantId", "amount", "minPayment", "minAvailableLockup", "maxExpiryDuration", "lastUpdateTime",
]);

function revive(value: Record<string, unknown>): Record<string, unknown> {
  for (const key in value) {
    const inner = value[key];
    if (typeof inner === "string" && AMOUNTS.has(key)) value[key] = BigInt(inner);
    else if (typeof inner === "object" && inner !== null) revive(inner as Record<string, unknown>);
  }
  return Object.freeze(value);
}

/** Reads a batch. */
export function parseEvents<Type extends OgpuEventType>(text: string): OgpuEvent<Type>[] {
  const batch = JSON.parse(text) as Record<string, unknown>[];
  batch.forEach(revive);
  return batch as unknown as OgpuEvent<Type>[];
}

/** Longer receipts are read member by member, each within its bound. */
const MAX_SPELT = 1 << 20;

const isText = (value: unknown): value is string => typeof value === "string";

/** A receipt as `src/eth/spelt.rs` reads it; nothing where a member is not of its type. */
function spell({ blockNumber, blockHash, hash, logs }: Receipt): string | undefined {
  if (typeof blockNumber !== "bigint" || !isText(blockHash) || !isText(hash) || !Array.isArray(logs)) return undefined;
  let text = `${logs.length} ${blockNumber} ${blockHash} ${hash} `;
  for (const { address, data, logIndex, topics } of logs as Receipt["logs"]) {
    if (!isText(address) || !isText(data) || typeof logIndex !== "number" || !Array.isArray(topics) || text.length > MAX_SPELT) return undefined;
    text += `${topics.length} ${logIndex} ${address} ${data} `;
    for (const topic of topics as unknown[]) {
      if (!isText(topic) || text.length > MAX_SPELT) return undefined;
      text += `${topic} `;
    }
    text += "\n ";
  }
  return text.length > MAX_SPELT ? undefined : text;
}

/** The events of the network's contracts in a receipt. @throws InvalidInputError */
export function receiptEvents(core: Core, receipt: Receipt): OgpuEvent[] {
  let spelt: string | undefined;
  try {
    spelt = spell(receipt);
  } catch {
    // No receipt at all, or a getter that throws: the WebAssembly says what is wrong.
  }
  return parseEvents(core.receiptEvents(receipt, spelt));
}

/** Events in the order of the chain, without end. `break` out of the loop, or the signal, ends it. */
export type OgpuEventStream<Type extends OgpuEventType = OgpuEventType> = AsyncIterableIterator<OgpuEvent<Type>, undefined>;

/** Watches events. */
export function watchEvents<Type extends OgpuEventType>(core: Core, options: WatchOptions): OgpuEventStream<Type> {
  const stream = core.watch(options);
  const { signal } = options ?? {};
  let ready: OgpuEvent<Type>[] = [];
  let at = 0;
  let ended = false;
  let turn: Promise<unknown> = Promise.resolve();
  const end = (): void => {
    if (ended) return;
    ended = true;
    stream.end();
    // What still waits for it must not pile up until the garbage collector comes by.
    stream.free();
  };
  const next = async (): Promise<IteratorResult<OgpuEvent<Type>, undefined>> => {
    while (!ended && at === ready.length) {
      const text = await stream.next().catch((reason: unknown) => {
        // Nobody calls `return` after a rejection.
        if (signal?.aborted) end();
        throw reason;
      });
      if (text === undefined) break;
      ready = parseEvents(text);
      at = 0;
    }
    const value = ended ? undefined : ready[at++];
    return value === undefined ? { value: undefined, done: true } : { value, done: false };
  };
  return {
    // One after the other, so that calls that overlap get different events.
    next: () => {
      const mine = turn.then(next, next);
      turn = mine;
      return mine;
    },
    return: () => {
      end();
      return Promise.resolve({ value: undefined, done: true });
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
