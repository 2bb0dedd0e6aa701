/** Reads the WebAssembly from disk. */

import { readFile } from "node:fs/promises";

export const read = (url: () => URL): Promise<BufferSource> => readFile(url());
