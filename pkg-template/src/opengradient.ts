/**
 * `ogkit/opengradient`: the OpenGradient network and x402 payments from the user's own wallet.
 *
 * Nothing needs to be initialised: the first call loads the WebAssembly.
 */

import { bind } from "./og-api.js";
import { preload } from "./load-opengradient.js";
import type { OpenGradient as Client } from "./og-client.js";
import type { Alpha as AlphaClient } from "./alpha.js";
import type { ModelHub as Hub } from "./model-hub.js";
import type { Twins as TwinsClient } from "./twins.js";

export * from "./og-shared.js";
export { preload };

/** A wallet on OpenGradient. */
export type OpenGradient = Client;
/** The alpha network, and the wallet that signs there, if any. */
export type Alpha = AlphaClient;
/** Someone's place in the model hub. */
export type ModelHub = Hub;
/** The twins' service and a key for it. */
export type Twins = TwinsClient;
export const {
  OpenGradient, fetchWithPayment, Alpha, ModelHub, Twins, generateImage, encodeInference, decodeModelOutput, workflowModels,
} = bind(preload);
/** As `OpenGradient.connect`; the official SDKs' name. */
export const init = OpenGradient.init;
