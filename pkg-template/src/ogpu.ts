/**
 * `ogkit/ogpu`: the OpenGPU network from the user's own wallet.
 *
 * Nothing needs to be initialised: the first call loads the WebAssembly.
 */

import { bind } from "./api.js";
import { preload } from "./load.js";
import type { Ogpu as Client } from "./client.js";

export * from "./shared.js";
export { preload };

/** An OpenGPU network and the wallet that signs there. */
export type Ogpu = Client;
export const { Ogpu, ChainConfig, publishToIpfs, fetchIpfs, fetchIpfsJson, fetchIpfsBytes, fetchIpfsStream, cidOf, clearAllNonceCaches } = bind(preload);
