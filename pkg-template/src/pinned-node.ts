/** Requests to enclaves over TLS with just the certificate that the registry names. Node only. */

import { Agent, request as httpsRequest } from "node:https";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import type { ReadableStream as NodeStream } from "node:stream/web";

import { withUrl, type TeeSource } from "./og-transport.js";
import type { FetchLike } from "./wasm/opengradient/ogkit.js";

const agents = new Map<string, Agent>();

/** Connections that end in the handshake unless the server shows just this certificate, whatever its name and issuer. */
function agentFor(certificate: string): Agent {
  const known = agents.get(certificate);
  if (known) return known;
  if (agents.size >= 64) {
    for (const [key, old] of [...agents].slice(0, 32)) {
      old.destroy();
      agents.delete(key);
    }
  }
  const der = Buffer.from(certificate.slice(2), "hex");
  const agent = new Agent({
    keepAlive: true,
    ca: `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    // Called in the handshake, before any byte of the request is sent.
    checkServerIdentity: (host, peer) => {
      if (peer.raw.equals(der)) return undefined;
      return new Error(`${host} does not show the certificate that the registry names`);
    },
  });
  agents.set(certificate, agent);
  return agent;
}

/** A `fetch` that pins the certificates of the enclaves; other servers are reached as ever. */
export const pinnedFetch: ((tees: TeeSource) => FetchLike) | undefined = (tees) => async (url, init) => {
  const { origin, protocol } = new URL(url);
  // Without the registry the platform decides, and it refuses certificates that sign themselves.
  const known = protocol === "https:" ? await tees().catch(() => []) : [];
  const tee = known.find(({ endpoint }) => URL.canParse(endpoint) && new URL(endpoint).origin === origin);
  return tee ? exchange(url, init, agentFor(tee.tlsCertificate)) : fetch(url, init);
};

function exchange(url: string, init: RequestInit, agent: Agent): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { method = "GET", body, signal } = init;
    const headers = Object.fromEntries(new Headers(init.headers));
    const bytes = body === undefined || body === null ? undefined : (body as Uint8Array);
    const call = httpsRequest(url, { method, agent, headers: bytes ? { ...headers, "content-length": bytes.byteLength } : headers, ...(signal ? { signal } : {}) });
    call.on("error", (cause) => reject(new TypeError(cause.message, { cause })));
    call.on("response", (answer) => {
      try {
        resolve(read(answer, url));
      } catch (error) {
        answer.destroy();
        reject(error);
      }
    });
    call.end(bytes);
  });
}

function read(answer: IncomingMessage, url: string): Response {
  const status = answer.statusCode ?? 0;
  if (status >= 300 && status < 400 && answer.headers.location !== undefined) throw new TypeError("the enclave redirects, which is refused");
  return withUrl(new Response(bodyOf(answer, status), { status, headers: headersOf(answer) }), url);
}

function bodyOf(answer: IncomingMessage, status: number): ReadableStream<Uint8Array> | null {
  if (status === 204 || status === 304) {
    answer.resume();
    return null;
  }
  return Readable.toWeb(answer) as NodeStream<Uint8Array> as ReadableStream<Uint8Array>;
}

function headersOf(answer: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) for (const one of [value ?? []].flat()) headers.append(name, one);
  return headers;
}
