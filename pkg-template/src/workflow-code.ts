/** The workflow contracts' creation code: files of their own, read when something is deployed. The core checks their hashes. */

import { ModuleLoadError } from "./errors.js";
import { read } from "./read.js";

// The URLs stand here in full, because bundlers look for just this form.
const PLACES = {
  PriceHistoryInference: () => new URL("./workflow/PriceHistoryInference.bin", import.meta.url),
  ModelExecutorHistorical: () => new URL("./workflow/ModelExecutorHistorical.bin", import.meta.url),
} as const;

/** @throws ModuleLoadError; nothing was sent */
export async function workflowCode(contract: keyof typeof PLACES): Promise<Uint8Array> {
  try {
    const found = await read(`ogkit/workflow/${contract}.bin`, PLACES[contract]());
    if (found instanceof Uint8Array) return found;
    if (found instanceof Response) return new Uint8Array(await found.arrayBuffer());
    throw new TypeError("no bytes");
  } catch (cause) {
    const message = `the contract ${contract}.bin could not be loaded; nothing was sent. Is it served beside the package's scripts?`;
    throw new ModuleLoadError({ name: "ModuleLoadError", code: "moduleLoad", message, fields: {}, cause });
  }
}
