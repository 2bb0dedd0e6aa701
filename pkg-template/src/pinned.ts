/** Requests to enclaves over TLS with just the certificate that the registry names. No page and no worker can pin one. */

import type { Agent } from "node:https";

import { builtin } from "./host.js";
import { exchange, pinningAgent, type ExchangeInit } from "./node-exchange.js";
import { withUrl, type TeeSource } from "./og-transport.js";
import type { FetchLike } from "./wasm/opengradient/ogkit.js";

/** So long a list of enclaves serves before it is asked for again. */
const FRESH_MS = 30_000;
const agents = new Map<string, Agent>();

function agentFor(certificate: string): Agent {
  const known = agents.get(certificate);
  if (known) return known;
  if (agents.size >= 64) {
    for (const [key, old] of [...agents].slice(0, 32)) {
      old.destroy();
      agents.delete(key);
    }
  }
  const agent = pinningAgent(certificate);
  agents.set(certificate, agent);
  return agent;
}

/**
 * In Node a `fetch` that takes just the registry's TLS certificate from each enclave: a handshake with any other ends before the request
 * is sent. Other servers are reached as ever. `undefined` in browsers and workers.
 */
export const pinnedFetch: ((tees: TeeSource) => FetchLike) | undefined = !builtin("node:https") ? undefined : (tees) => {
  let known: Awaited<ReturnType<TeeSource>> = [];
  let readAt = 0;
  return async (url, init) => {
    const { origin, protocol } = new URL(url);
    if (protocol !== "https:") return fetch(url, init);
    const find = () => known.find(({ endpoint }) => URL.canParse(endpoint) && new URL(endpoint).origin === origin);
    if (!find() || Date.now() - readAt > FRESH_MS) {
      // Without the registry the platform decides, and it refuses certificates that sign themselves.
      known = await tees().catch(() => []);
      readAt = Date.now();
    }
    const tee = find();
    return tee ? pinned(url, init, agentFor(tee.tlsCertificate)) : fetch(url, init);
  };
};

async function pinned(url: string, init: ExchangeInit, agent: Agent): Promise<Response> {
  const response = await exchange(url, init, agent);
  if (response.status >= 300 && response.status < 400 && response.headers.has("location")) {
    await response.body?.cancel();
    throw new TypeError("the enclave redirects, which is refused");
  }
  return withUrl(response, url);
}
