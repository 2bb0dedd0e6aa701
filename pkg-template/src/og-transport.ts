/** How requests reach a server: as they are, through a relay, or with a pinned certificate. */

import { HttpError, invalidInput } from "./errors.js";
import type { FetchLike, Tee } from "./wasm/opengradient/ogkit.js";

/** A refusal is a few words; no more is read of it. */
const MAX_REFUSAL = 4_096;

/**
 * A `fetch` that goes through a relay (`ogkit/relay`). The answers keep the URLs that were asked for, so that policies see the server and
 * not the relay. It rejects with an `HttpError` that names the relay and what it refused.
 * @throws InvalidInputError
 */
export function relayFetch(relay: string | URL): FetchLike {
  let base: URL;
  try {
    base = new URL(relay, typeof location === "undefined" ? undefined : location.href);
  } catch {
    throw invalidInput("options.relay", "expected a URL");
  }
  const name = `${base.origin}${base.pathname}`;
  const failed = (reason: string, status?: number, cause?: unknown): HttpError => {
    const fields = { url: name, reason, ...(status === undefined ? {} : { status }) };
    return new HttpError({ name: "HttpError", code: "http", message: `the relay ${name} ${reason}`, fields, cause });
  };
  return async (url, init) => {
    const through = new URL(base);
    through.searchParams.set("url", url);
    const response = await fetch(through, init).catch((error: unknown) => {
      if (init?.signal?.aborted) throw error;
      throw failed(`cannot be reached: ${error instanceof Error ? error.message : String(error)}; does it run, and may this place connect to it (a page: connect-src)?`, undefined, error);
    });
    const { status, headers } = response;
    // Its own failures are no answers of the server; nor is what another server at its place says.
    const reason = headers.get("x-ogkit-relay-error");
    if (reason !== null) throw failed(await told(response, reason, url), status);
    if (!headers.has("x-ogkit-relay")) {
      void response.body?.cancel().catch(() => {});
      throw failed(`answered with status ${status}, but not as ogkit/relay does; check its URL`, status);
    }
    return withUrl(response, url);
  };
}

/** What the relay says that it refused. It is foreign text. */
async function told(response: Response, reason: string, url: string): Promise<string> {
  const upstream = URL.canParse(url) ? new URL(url).origin : "the request";
  const text = await start(response).catch(() => "");
  let words = "";
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === "string") words = `: ${error.slice(0, 300)}`;
  } catch {
    // The reason alone must do.
  }
  return `refused ${upstream} (${reason.slice(0, 60)})${words}`;
}

async function start(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  const reader = response.body?.getReader();
  let text = "";
  for (let step = await reader?.read(); step && !step.done; step = await reader?.read()) {
    text += decoder.decode(step.value, { stream: true });
    if (text.length > MAX_REFUSAL) {
      void reader?.cancel().catch(() => {});
      break;
    }
  }
  return text;
}

/** A response that says that it came from `url`. */
export function withUrl(response: Response, url: string): Response {
  return Object.defineProperty(response, "url", { value: url });
}

/** The enclaves that requests may be pinned to. */
export type TeeSource = () => Promise<readonly Pick<Tee, "endpoint" | "tlsCertificate">[]>;
