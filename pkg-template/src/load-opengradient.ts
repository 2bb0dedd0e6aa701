/** Loads the WebAssembly of `ogkit/opengradient` once, at the first call that needs it. */

import { read } from "#read";
import { start } from "./start.js";
import init, { setErrorFactory, setLogSink } from "./wasm/opengradient/ogkit.js";

let loading: Promise<void> | undefined;

/**
 * Loads the WebAssembly ahead of the first call. Optional: every call loads what it needs. Give the bytes or the module
 * where a bundler does not copy `ogkit/opengradient.wasm` by itself.
 *
 * @throws ModuleLoadError; the next call tries again
 */
export function preload(source?: BufferSource | WebAssembly.Module): Promise<void> {
  loading ??= load(source).catch((error: unknown) => {
    loading = undefined;
    throw error;
  });
  return loading;
}

async function load(source: BufferSource | WebAssembly.Module | undefined): Promise<void> {
  // The URL stands here in full, because bundlers look for just this form.
  await start("ogkit/opengradient", init, { setErrorFactory, setLogSink }, () => source ?? read(new URL("./wasm/opengradient/ogkit_bg.wasm", import.meta.url)));
}
