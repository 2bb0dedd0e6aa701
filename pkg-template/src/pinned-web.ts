/** Pinned certificates: no page and no worker can have them. */

import type { TeeSource } from "./og-transport.js";
import type { FetchLike } from "./wasm/opengradient/ogkit.js";

/** `undefined`: the platform checks certificates by its own authorities alone. */
export const pinnedFetch: ((tees: TeeSource) => FetchLike) | undefined = undefined;
