/** Starts the WebAssembly from whatever holds it, and hands it the error classes. */

import { ModuleLoadError, makeError } from "./errors.js";
import init, { setErrorFactory } from "./wasm/ogpu/ogkit.js";

/** What holds the WebAssembly. */
export type WasmSource = BufferSource | WebAssembly.Module | Response;

/** Starts once; a failure is a {@link ModuleLoadError} and can be tried again. */
export async function start(source: () => WasmSource | Promise<WasmSource>): Promise<void> {
  try {
    await init({ module_or_path: await source() });
  } catch (cause) {
    const message = "the WebAssembly of ogkit/ogpu could not be loaded; nothing was sent. Is ogkit_bg.wasm served, and does the page's policy allow 'wasm-unsafe-eval'?";
    throw new ModuleLoadError({ name: "ModuleLoadError", code: "moduleLoad", message, fields: {}, cause });
  }
  setErrorFactory(makeError);
}
