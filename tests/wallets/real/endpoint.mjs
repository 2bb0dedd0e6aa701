// The node's endpoint that a wallet has: an HTTP proxy in front of a real node which fails as public endpoints fail, on command.
import { createServer } from "node:http";

/**
 * What happens to one request. `passed`: the node gets it. Then its answer goes back, or in its place: `status` (a gateway's HTML page),
 * `error` (a JSON-RPC error), `cut` (the connection is reset). `after` is awaited before.
 * @typedef {{ passed: boolean, status?: number, error?: { code: number, message: string }, cut?: true, after?: Promise<unknown> }} Outcome
 */
export const outcomes = {
  /** The node takes it, and a gateway on the way back answers with this status. */
  takenBut: (status) => ({ passed: true, status }),
  /** The node takes it, and the connection breaks before its answer. */
  takenThenCut: { passed: true, cut: true },
  /** The node takes it, and this JSON-RPC error is the answer. */
  takenThenError: (code, message) => ({ passed: true, error: { code, message } }),
  /** The node never sees it. */
  refused: (status) => ({ passed: false, status }),
  refusedWith: (code, message) => ({ passed: false, error: { code, message } }),
};

/** @param {string} target the node */
export async function startEndpoint(target) {
  /** @type {Map<string, Outcome[]>} */
  const scripts = new Map();
  const waiting = [];
  const wake = () => {
    for (const look of waiting.splice(0)) look();
  };
  /** How many requests of each method the node has had, and how many are about to be answered. */
  const [taken, answered] = [new Map(), new Map()];
  const until = async (counts, method, times) => {
    while ((counts.get(method) ?? 0) < times) await new Promise((resolve) => waiting.push(resolve));
  };
  /** The newest block that this endpoint knows; none: as new as the node's. */
  let newest;
  const older = (value) => {
    if (["latest", "pending"].includes(value)) return `0x${newest.toString(16)}`;
    return value !== null && typeof value === "object" ? (Array.isArray(value) ? value.map(older) : Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, older(inner)]))) : value;
  };
  const asOfThen = ({ method }, answer) => {
    const { result } = answer;
    const unknown = /^eth_getTransaction(Receipt|ByHash)$/.test(method) && result && !(Number(result.blockNumber ?? Infinity) <= newest);
    return { ...answer, ...(method === "eth_blockNumber" ? { result: `0x${newest.toString(16)}` } : unknown ? { result: null } : {}) };
  };
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = String(Buffer.concat(chunks));
    const head = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
    if (request.method === "OPTIONS") return response.writeHead(204, head).end();
    const asked = [JSON.parse(body)].flat();
    const outcome = asked.map(({ method }) => scripts.get(method)?.shift()).find(Boolean);
    let answer;
    if (outcome?.passed !== false) {
      const lagging = newest !== undefined;
      const sent = lagging ? JSON.stringify(Array.isArray(JSON.parse(body)) ? asked.map(older) : older(asked[0])) : body;
      const reply = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body: sent });
      answer = await reply.text();
      if (lagging) {
        const answers = [JSON.parse(answer)].flat().map((one) => asOfThen(asked.find(({ id }) => id === one.id), one));
        answer = JSON.stringify(Array.isArray(JSON.parse(answer)) ? answers : answers[0]);
      }
    }
    for (const { method } of asked) taken.set(method, (taken.get(method) ?? 0) + 1);
    wake();
    await outcome?.after;
    for (const { method } of asked) answered.set(method, (answered.get(method) ?? 0) + 1);
    wake();
    if (outcome?.cut) return response.socket?.resetAndDestroy();
    if (outcome?.status) return response.writeHead(outcome.status, { ...head, "content-type": "text/html" }).end(`<html><title>${outcome.status}</title></html>`);
    if (outcome?.error) answer = JSON.stringify({ jsonrpc: "2.0", id: asked[0].id, error: outcome.error });
    response.writeHead(200, { ...head, "content-type": "application/json" }).end(answer);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** How many requests of a method were answered. */
    count: (method) => answered.get(method) ?? 0,
    /** The next requests of a method have these outcomes, one each. */
    next(method, ...script) {
      scripts.set(method, [...(scripts.get(method) ?? []), ...script]);
    },
    /** Resolves when so many requests of a method are answered. */
    seen: (method, times = 1) => until(answered, method, times),
    /** Resolves when the node has taken so many requests of a method. */
    taken: (method, times = 1) => until(taken, method, times),
    /** From now on it knows no block that is mined after this one. */
    lag: (block) => void (newest = Number(block)),
    catchUp: () => void (newest = undefined),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
