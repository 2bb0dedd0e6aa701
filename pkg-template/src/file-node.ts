/** Reads files by their path. */

import { open } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";

import { invalidInput } from "./errors.js";
import type { OpenFile } from "./file-web.js";

export async function openPath(path: string | URL): Promise<OpenFile> {
  const place = path instanceof URL ? fileURLToPath(path) : path;
  const handle = await open(place).catch((error: NodeJS.ErrnoException) => {
    throw invalidInput("model", `the file cannot be opened (${error.code ?? error.message})`);
  });
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw invalidInput("model", "expected a file");
  }
  return {
    name: basename(place),
    size: stat.size,
    async read(offset, length) {
      const bytes = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const { bytesRead } = await handle.read(bytes, filled, length - filled, offset + filled);
        if (!bytesRead) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    },
    close: () => handle.close(),
  };
}
