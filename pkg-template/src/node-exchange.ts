/** One HTTP exchange over Node's own sockets: with just one certificate, or to just the addresses that were checked, which `fetch` cannot. */

import type { IncomingMessage } from "node:http";
import type { Agent } from "node:https";
import type { LookupFunction } from "node:net";
import type { ReadableStream as NodeStream } from "node:stream/web";

import { builtin } from "./host.js";

/**
 * Connections are kept for a while. An idle one ends before the usual servers end it (5 s): a request that is sent into a connection that
 * ends meanwhile fails, and may not be sent again.
 */
export const KEPT = { keepAlive: true, timeout: 4_000 } as const;

/** Node's codes of failures before anything of the request was sent. */
export const UNSENT: readonly string[] = ["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "EHOSTUNREACH", "ENETUNREACH", "DEPTH_ZERO_SELF_SIGNED_CERT"];

/** What is used of `RequestInit`, and what it has no word for. */
export interface ExchangeInit {
  readonly method?: string | undefined;
  readonly headers?: HeadersInit | undefined;
  /** Bytes; nothing else is sent. */
  readonly body?: BodyInit | null | undefined;
  readonly signal?: AbortSignal | null | undefined;
  /** Resolves names for new connections, in place of the system's resolver. */
  readonly lookup?: LookupFunction | undefined;
}

/** An `https.Agent` whose connections end in the handshake unless the server shows just this certificate, whatever its name and issuer. */
export function pinningAgent(certificate: string): Agent {
  const https = builtin("node:https") as typeof import("node:https");
  const der = Buffer.from(certificate.slice(2), "hex");
  return new https.Agent({
    ...KEPT,
    ca: `-----BEGIN CERTIFICATE-----\n${der.toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    // Called in the handshake, before any byte of the request is sent.
    checkServerIdentity: (host, peer) => {
      if (peer.raw.equals(der)) return undefined;
      return new Error(`${host} does not show the certificate that the registry names`);
    },
  });
}

/**
 * Sends a request and gives its answer as soon as its head is there. Redirects are not followed and nothing is decompressed.
 * `onSent` is called once the request's body is no longer held.
 */
export function exchange(url: string, init: ExchangeInit, agent: import("node:http").Agent, onSent?: () => void): Promise<Response> {
  return new Promise((resolve, reject) => {
    const { method = "GET", body, signal, lookup } = init;
    const { request } = (url.startsWith("https:") ? builtin("node:https") : builtin("node:http")) as typeof import("node:https");
    const bytes = body === undefined || body === null ? undefined : (body as Uint8Array);
    const headers = { "accept-encoding": "identity", ...Object.fromEntries(new Headers(init.headers)), ...(bytes ? { "content-length": bytes.byteLength } : {}) };
    const call = request(url, { method, agent: agent as Agent, headers, ...(signal ? { signal } : {}), ...(lookup ? { lookup } : {}) });
    const failed = (cause: Error): void => reject(signal?.aborted ? signal.reason : new TypeError(cause.message, { cause }));
    call.on("error", failed);
    call.on("close", () => {
      onSent?.();
      failed(new Error("the connection was closed before an answer"));
    });
    if (onSent) call.on("finish", onSent);
    call.on("response", (answer) => {
      try {
        resolve(response(answer, method));
      } catch (error) {
        answer.destroy();
        reject(error);
      }
    });
    call.end(bytes);
  });
}

function response(answer: IncomingMessage, method: string): Response {
  const status = answer.statusCode ?? 0;
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headers)) for (const one of [value ?? []].flat()) headers.append(name, one);
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding !== "identity") throw new TypeError(`the answer is compressed (${encoding.slice(0, 40)}), which was not asked for`);
  return new Response(bodyOf(answer, status, method), { status, headers });
}

function bodyOf(answer: IncomingMessage, status: number, method: string): ReadableStream<Uint8Array> | null {
  if (method === "HEAD" || [204, 205, 304].includes(status)) {
    answer.resume();
    return null;
  }
  const stream = builtin("node:stream") as typeof import("node:stream");
  return stream.Readable.toWeb(answer) as NodeStream<Uint8Array> as ReadableStream<Uint8Array>;
}
