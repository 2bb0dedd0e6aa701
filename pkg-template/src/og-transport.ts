/** How requests reach a server: as they are, through a relay, or with a pinned certificate. */

import { invalidInput } from "./errors.js";
import type { FetchLike, Tee } from "./wasm/opengradient/ogkit.js";

/**
 * A `fetch` that goes through a relay (`ogkit/relay`). The answers keep the URLs that were asked for, so that policies see the server and
 * not the relay.
 * @throws InvalidInputError
 */
export function relayFetch(relay: string | URL): FetchLike {
  let base: URL;
  try {
    base = new URL(relay, typeof location === "undefined" ? undefined : location.href);
  } catch {
    throw invalidInput("options.relay", "expected a URL");
  }
  return async (url, init) => {
    const through = new URL(base);
    through.searchParams.set("url", url);
    const response = await fetch(through, init);
    // Its own failures are no answers of the server.
    if (response.headers.has("x-ogkit-relay-error")) throw new TypeError(`the relay failed: ${(await response.text()).slice(0, 200)}`);
    return withUrl(response, url);
  };
}

/** A response that says that it came from `url`. */
export function withUrl(response: Response, url: string): Response {
  return Object.defineProperty(response, "url", { value: url });
}

/** The enclaves that requests may be pinned to. */
export type TeeSource = () => Promise<readonly Pick<Tee, "endpoint" | "tlsCertificate">[]>;
