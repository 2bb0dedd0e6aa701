/** Pinned certificates, where the platform can have them. */

import { pinnedFetch as platform } from "#pinned";
import type { TeeSource } from "./og-transport.js";
import type { FetchLike } from "./wasm/opengradient/ogkit.js";

/**
 * In Node a `fetch` that takes just the registry's TLS certificate from each enclave, for a relay of your own for example: a handshake
 * with any other ends before the request is sent. `undefined` in browsers and workers, which cannot pin.
 */
export const pinnedFetch: ((tees: TeeSource) => FetchLike) | undefined = platform;
