/** Reads the WebAssembly: from disk where the URL is a file's, else by `fetch`. */

import { builtin } from "./host.js";

async function fromDisk(name: string, url: URL): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const files = builtin("node:fs/promises");
  if (url.protocol === "file:") return files?.readFile(url);
  // Next.js gives its server the path that its pages have: the file is then where Node finds the package.
  if (url.protocol !== "") return undefined;
  const { process } = globalThis as { process?: { cwd?(): string } };
  const here = builtin("node:module")?.createRequire(`${process?.cwd?.() ?? ""}/`);
  return here && files?.readFile(here.resolve(name));
}

/** Reads the file that the package exports as `name`, and a bundler or host knows by `url`. */
export async function read(name: string, url: URL): Promise<BufferSource | Response> {
  const bytes = await fromDisk(name, url);
  if (bytes) return bytes;
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} answered with status ${response.status}`);
  return response;
}
