/** Reads the WebAssembly: from disk where the URL is a file's, else by `fetch`. */

interface Builtins {
  "node:fs/promises": { readFile(file: URL | string): Promise<BufferSource> };
  "node:module": { createRequire(from: string): { resolve(name: string): string } };
}
interface Host {
  process?: { cwd?(): string; getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined };
}

/** Asked of the host at run time (Node 20.16 and newer, Deno, Bun): imports of these would break browsers and bundlers. */
async function fromDisk(name: string, url: URL): Promise<BufferSource | undefined> {
  const { process } = globalThis as Host;
  const files = process?.getBuiltinModule?.("node:fs/promises");
  if (url.protocol === "file:") return files?.readFile(url);
  // Next.js gives its server the path that its pages have: the file is then where Node finds the package.
  if (url.protocol !== "") return undefined;
  const here = process?.getBuiltinModule?.("node:module")?.createRequire(`${process.cwd?.() ?? ""}/`);
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
