/**
 * `ogkit/opengradient`: the OpenGradient network and x402 payments from the user's own wallet.
 *
 * Nothing needs to be initialised: the first call loads the WebAssembly.
 */

import { bind } from "./og-api.js";
import { preload } from "./load-opengradient.js";
import type { OpenGradient as Client } from "./og-client.js";

export * from "./og-shared.js";
export { preload };

/** A wallet on OpenGradient. */
export type OpenGradient = Client;
export const { OpenGradient, fetchWithPayment } = bind(preload);
/** As `OpenGradient.connect`; the official SDKs' name. */
export const init = OpenGradient.init;
