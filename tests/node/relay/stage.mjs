// Upstreams and relays on free ports of this machine, and requests as they are on the wire.
import { createServer, request as httpRequest } from "node:http";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";

import { createRelay, toNodeHandler } from "../../../pkg/relay.js";

/** A server that is stopped with its connections. */
export async function serve(handler) {
  const server = createServer(handler);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  return {
    server,
    port,
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}`,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An upstream that remembers its requests, whole. */
export async function upstream(answer) {
  const seen = [];
  const server = await serve(async (request, response) => {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    seen.push({ method: request.method, url: request.url, headers: request.headers, body: Buffer.concat(pieces).toString() });
    await answer(request, response);
  });
  return { ...server, seen };
}

/** A relay behind Node's http server; `ask` goes through it with `fetch`. */
export async function relayed(options) {
  const relay = createRelay(options);
  const server = await serve(toNodeHandler(relay));
  const through = (target) => `${server.url}/og?url=${encodeURIComponent(target)}`;
  return { ...server, relay, through, ask: (target, init) => fetch(through(target), init) };
}

/** A relay before an upstream that answers as told, for as long as `run` takes. */
export async function between(answer, options, run) {
  const up = await upstream(answer);
  const relay = await relayed({ upstreams: [up.url], ...options });
  try {
    return await run(relay, up);
  } finally {
    await relay.stop();
    await up.stop();
  }
}

/** What a relay refused, as its answer tells. */
export async function refused(response) {
  const { reason, upstream, sent, error } = await response.json();
  return { status: response.status, header: response.headers.get("x-ogkit-relay-error"), reason, upstream, sent, error };
}

/** A request by Node's own client, which sends any header. */
export async function raw(url, { method = "GET", headers = {}, body } = {}) {
  const call = httpRequest(url, { method, headers, agent: false });
  call.end(body);
  const [response] = await once(call, "response");
  const pieces = [];
  for await (const piece of response) pieces.push(piece);
  return { status: response.statusCode, headers: response.headers, text: Buffer.concat(pieces).toString() };
}

/** Waits until something holds, at most five seconds. */
export async function eventually(holds, what) {
  for (let i = 0; i < 500; i++) {
    if (await holds()) return;
    await sleep(10);
  }
  throw new Error(`it never came to be: ${what}`);
}
