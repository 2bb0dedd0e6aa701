/** Files by their path, where the host has a file system. */

import { invalidInput } from "./errors.js";
import { builtin } from "./host.js";

/** A file that can be read anywhere. */
export interface OpenFile {
  readonly name: string;
  readonly size: number;
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): Promise<void>;
}

/** Opens a file; a page has no paths. @throws InvalidInputError */
export async function openPath(path: string | URL): Promise<OpenFile> {
  const files = builtin("node:fs/promises");
  if (!files) throw invalidInput("model", "expected a Blob or File: paths can be read in Node only");
  const handle = await files.open(path).catch((error: { code?: string; message: string }) => {
    throw invalidInput("model", `the file cannot be opened (${error.code ?? error.message})`);
  });
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw invalidInput("model", "expected a file");
  }
  const place = path instanceof URL ? decodeURIComponent(path.pathname) : path;
  return {
    name: place.split(/[\\/]/).pop() ?? "",
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
