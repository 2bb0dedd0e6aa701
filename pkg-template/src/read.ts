/** Reads the WebAssembly: from disk where the URL is a file's, else by `fetch`. */

interface Host {
  process?: { getBuiltinModule?(name: "node:fs/promises"): { readFile(url: URL): Promise<BufferSource> } | undefined };
}

export async function read(url: URL): Promise<BufferSource | Response> {
  // Asked of the host at run time (Node 20.16 and newer, Deno, Bun): an import of it would break browsers and bundlers.
  const files = url.protocol === "file:" ? (globalThis as Host).process?.getBuiltinModule?.("node:fs/promises") : undefined;
  if (files) return files.readFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`${url.pathname} answered with status ${response.status}`);
  return response;
}
