// An HTTP proxy that counts: how many requests does a call make? It can also refuse, lie and die.
import { createServer } from "node:http";

/**
 * @typedef {{ jsonrpc: string, id: number, method: string, params: any[] }} RpcRequest
 * @param {string} target
 * @param {{
 *   rewrite?: (url: string) => string,
 *   answer?: (requests: RpcRequest[]) => undefined | { status?: number, body: unknown },
 *   alter?: (request: RpcRequest, reply: { result?: any, error?: any }) => void,
 * }} [options] `rewrite` sends a request elsewhere, as a lying server would; `answer` answers JSON-RPC in the node's place; `alter`
 * changes what the node answers to one JSON-RPC request
 */
export async function countingProxy(target, { rewrite = (url) => new URL(url, target).href, answer, alter } = {}) {
  let count = 0;
  let open = 0;
  let dead = false;
  const methods = [];
  const server = createServer(async (request, response) => {
    count += 1;
    open += 1;
    response.once("close", () => (open -= 1));
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length ? Buffer.concat(chunks) : undefined;
    const { "content-type": type } = request.headers;
    const send = (status, contentType, bytes) =>
      response.writeHead(status, { "content-type": contentType, "access-control-allow-origin": "*", "access-control-allow-headers": "*" }).end(bytes);
    if (request.method === "OPTIONS") return send(204, "text/plain", "");
    if (dead) return response.destroy();
    if (body && type?.startsWith("application/json")) {
      const requests = [JSON.parse(String(body))].flat();
      methods.push(...requests.map(({ method }) => method));
      const own = answer?.(requests);
      if (own) return send(own.status ?? 200, "application/json", JSON.stringify(own.body));
    }
    const reply = await fetch(rewrite(request.url), { method: request.method, body, headers: type ? { "content-type": type } : {} });
    let bytes = Buffer.from(await reply.arrayBuffer());
    if (alter) {
      const [requests, replies] = [JSON.parse(String(body)), JSON.parse(String(bytes))];
      for (const one of [replies].flat()) alter([requests].flat().find(({ id }) => id === one.id), one);
      bytes = Buffer.from(JSON.stringify(replies));
    }
    send(reply.status, reply.headers.get("content-type") ?? "application/json", bytes);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    /** HTTP requests so far. */
    count: () => count,
    /** JSON-RPC requests of a method so far. */
    calls: (method) => methods.filter((name) => name === method).length,
    reset: () => {
      count = 0;
      methods.length = 0;
    },
    /** Resolves when every request is answered, and none of this process is on its way here: a late one would count for the next call. */
    async idle() {
      for (let [turns, seen] = [0, count]; turns < 10; turns++) {
        await new Promise((resolve) => setImmediate(resolve));
        if (open || count !== seen) [turns, seen] = [0, count];
      }
    },
    /** From now on every connection breaks; or no longer. */
    die: (value = true) => void (dead = value),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
