/**
 * `ogkit/opengradient/slim`: the same for libraries, workers and hosts that bring the WebAssembly themselves. Call
 * {@link init} once with `ogkit/opengradient.wasm` before anything else.
 */

import { bind } from "../og-api.js";
import { ModuleLoadError } from "../errors.js";
import { start } from "../start.js";
import wasmInit, { setErrorFactory, setLogSink, setPublicFetch } from "../wasm/opengradient/ogkit.js";
import type { OpenGradient as Client } from "../og-client.js";
import type { Alpha as AlphaClient } from "../alpha.js";
import type { ModelHub as Hub } from "../model-hub.js";
import type { Twins as TwinsClient } from "../twins.js";

export * from "../og-shared.js";

let started: Promise<void> | undefined;

/**
 * Starts the WebAssembly from its bytes, its module or a response that holds it.
 * @throws ModuleLoadError; it may be called again
 */
export function init(source: BufferSource | WebAssembly.Module | Response): Promise<void> {
  started ??= start("ogkit/opengradient", wasmInit, { setErrorFactory, setLogSink, setPublicFetch }, () => source).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

function ready(): Promise<void> {
  if (started) return started;
  const message = "ogkit/opengradient/slim loads nothing by itself: call init() with ogkit/opengradient.wasm first";
  return Promise.reject(new ModuleLoadError({ name: "ModuleLoadError", code: "moduleLoad", message, fields: {} }));
}

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
} = bind(ready);
