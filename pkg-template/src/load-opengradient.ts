/** Loads the WebAssembly of `ogkit/opengradient` once, at the first call that needs it. */

import { handled } from "./border.js";
import { read } from "./read.js";
import { start, type WasmSource } from "./start.js";
import init, { setErrorFactory, setLogSink, setPublicFetch } from "./wasm/opengradient/ogkit.js";

let loading: Promise<void> | undefined;

/**
 * Loads the WebAssembly ahead of the first call. Optional: every call loads what it needs. Give it (`ogkit/opengradient.wasm`: its
 * bytes, its module, or the response that brings it) where a bundler does not copy it by itself.
 *
 * @throws ModuleLoadError; the next call tries again
 */
export function preload(source?: WasmSource | Promise<WasmSource>): Promise<void> {
  // One that comes second is not looked at.
  handled(source);
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(source: WasmSource | Promise<WasmSource> | undefined): Promise<void> {
  // The URL stands here in full, because bundlers look for just this form.
  const own = (): WasmSource | Promise<WasmSource> => source ?? read("ogkit/opengradient.wasm", new URL("./wasm/opengradient/ogkit_bg.wasm", import.meta.url));
  await start("ogkit/opengradient", init, { setErrorFactory, setLogSink, setPublicFetch }, own);
}
