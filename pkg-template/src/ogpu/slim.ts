/**
 * `ogkit/ogpu/slim`: the same for libraries, workers and hosts that bring the WebAssembly themselves. Call
 * {@link init} once with `ogkit/ogpu.wasm` before anything else.
 */

import { bind } from "../api.js";
import { ModuleLoadError } from "../errors.js";
import { start, type WasmSource } from "../start.js";
import wasmInit, { setErrorFactory, setLogSink, setPublicFetch } from "../wasm/ogpu/ogkit.js";
import type { Ogpu as Client } from "../client.js";

export * from "../shared.js";

let started: Promise<void> | undefined;

/**
 * Starts the WebAssembly from its bytes, its module or a response that holds it.
 * @throws ModuleLoadError; it may be called again
 */
export function init(source: WasmSource | Promise<WasmSource>): Promise<void> {
  started ??= start("ogkit/ogpu", wasmInit, { setErrorFactory, setLogSink, setPublicFetch }, () => source).catch((error: unknown) => {
    started = undefined;
    throw error;
  });
  return started;
}

function ready(): Promise<void> {
  if (started) return started;
  const message = "ogkit/ogpu/slim loads nothing by itself: call init() with ogkit/ogpu.wasm first";
  return Promise.reject(new ModuleLoadError({ name: "ModuleLoadError", code: "moduleLoad", message, fields: {} }));
}

/** An OpenGPU network and the wallet that signs there. */
export type Ogpu = Client;
export const { Ogpu, ChainConfig, publishToIpfs, fetchIpfs, fetchIpfsJson, fetchIpfsBytes, fetchIpfsStream, cidOf, clearAllNonceCaches } = bind(ready);
