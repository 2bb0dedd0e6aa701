// The world of a case: time that runs fast, a web that answers anything, and one object of each kind to call.

/** Nobody waits longer, in milliseconds by the hastened clock: a caller who asks for days would get them. */
const LONGEST = 1_200_000;
/** So many times faster than the clock on the wall: what waits for minutes ends in a second. */
const SPEED = 300;

export function hasten() {
  const { setTimeout: later, setInterval: often, Date: Clock, performance } = globalThis;
  const [began, at] = [Clock.now(), performance.now.bind(performance)];
  const start = at();
  const now = () => Math.floor(began + (at() - start) * SPEED);
  globalThis.setTimeout = (run, ms, ...rest) => later(run, Math.min(ms || 0, LONGEST) / SPEED, ...rest);
  globalThis.setInterval = (run, ms, ...rest) => often(run, ms / SPEED, ...rest);
  Clock.now = now;
  return { later };
}

/** `fetch` for everybody but callers that bring their own: no request leaves the process. */
export function web(values, real) {
  const hex = (n) => `0x${n.toString(16)}`;
  const result = (method) => {
    const rng = values().later;
    if (rng.chance(0.2)) return rng.pick([null, "0x", "", 1, [], {}, `0x${"ff".repeat(rng.below(400))}`, "0x" + "00".repeat(64)]);
    return { eth_chainId: "0x42f", net_version: "1071", eth_blockNumber: hex(rng.below(1000)), eth_getTransactionCount: hex(rng.below(5)), eth_gasPrice: "0x1", eth_estimateGas: "0x5208", eth_getBalance: hex(10n ** 18n), eth_getCode: "0x", eth_getLogs: [], eth_getTransactionReceipt: null, eth_getTransactionByHash: null, eth_call: `0x${"00".repeat(31)}01`.padEnd(2 + 64 * rng.below(12), "0") }[method] ?? null;
  };
  return async (input, init) => {
    // The page's own files: the WebAssembly.
    if (typeof location !== "undefined" && input instanceof URL && input.origin === location.origin) return real(input, init);
    const rng = values().later;
    await null;
    init?.signal?.throwIfAborted();
    if (rng.chance(0.1)) throw new TypeError("fetch failed");
    let body;
    try {
      const asked = JSON.parse(typeof init?.body === "string" ? init.body : new TextDecoder().decode(init.body));
      const answer = ({ id, method }) => ({ jsonrpc: "2.0", id, ...(rng.chance(0.1) ? { error: { code: -32000, message: "no" } } : { result: result(method) }) });
      body = JSON.stringify(Array.isArray(asked) ? asked.map(answer) : answer(asked));
    } catch {
      body = rng.pick(["{}", "[]", "null", '{"choices":[]}', "", "\ud800", "data: {}\n\n", "x".repeat(1000), '{"IpfsHash":"x"}']);
    }
    if (rng.chance(0.05)) body = rng.pick(["", "<html>", "{", "null", "[".repeat(5000)]);
    const status = rng.pick([200, 200, 200, 200, 200, 200, 400, 402, 404, 429, 500, 503]);
    return new Response(body, { status, headers: { "content-type": rng.pick(["application/json", "text/event-stream", "text/html"]) } });
  };
}

