// An HTTP proxy that counts: how many requests does a call make?
import { createServer } from "node:http";

/**
 * @param {string} target
 * @param {{ rewrite?: (url: string) => string }} [options] `rewrite` sends a request elsewhere, as a lying server would
 */
export async function countingProxy(target, { rewrite = (url) => new URL(url, target).href } = {}) {
  let count = 0;
  const server = createServer(async (request, response) => {
    count += 1;
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = chunks.length ? Buffer.concat(chunks) : undefined;
    const { "content-type": type } = request.headers;
    const reply = await fetch(rewrite(request.url), { method: request.method, body, headers: type ? { "content-type": type } : {} });
    response.writeHead(reply.status, { "content-type": reply.headers.get("content-type") ?? "application/json", "access-control-allow-origin": "*" });
    response.end(Buffer.from(await reply.arrayBuffer()));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    count: () => count,
    reset: () => (count = 0),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
