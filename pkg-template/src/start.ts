/** Starts a WebAssembly from whatever holds it, and hands it the error classes. */

import { ModuleLoadError, makeError, type ErrorSpec } from "./errors.js";
import { attachLog, type LogSink } from "./log.js";
import { publicFetch } from "./public-fetch.js";

/** What every WebAssembly of ours can be told. */
interface Module {
  setErrorFactory(factory: (spec: ErrorSpec) => Error): void;
  setLogSink(sink: LogSink | undefined): void;
  setPublicFetch(fetch: typeof publicFetch): void;
}

/** What holds the WebAssembly. */
export type WasmSource = BufferSource | WebAssembly.Module | Response;

/** Starts once; a failure is a {@link ModuleLoadError} and can be tried again. */
export async function start(
  entry: string,
  init: (options: { module_or_path: WasmSource }) => Promise<unknown>,
  { setErrorFactory, setLogSink, setPublicFetch }: Module,
  source: () => WasmSource | Promise<WasmSource>,
): Promise<void> {
  try {
    await init({ module_or_path: await source() });
  } catch (cause) {
    const message = `the WebAssembly of ${entry} could not be loaded; nothing was sent. Is ogkit_bg.wasm served, and does the page's policy allow 'wasm-unsafe-eval'?`;
    throw new ModuleLoadError({ name: "ModuleLoadError", code: "moduleLoad", message, fields: {}, cause });
  }
  setErrorFactory(makeError);
  attachLog(setLogSink);
  setPublicFetch(publicFetch);
}
