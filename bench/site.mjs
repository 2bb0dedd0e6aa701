// A static site as a real host serves it: compressed, and kept by the browser for a year.
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { gzipSync } from "node:zlib";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".json": "application/json" };

/** @param {{ root: string, pages?: Record<string, string>, headers?: Record<string, string> }} options `pages`: by path, made on the spot */
export async function serve({ root, pages = {}, headers = {} }) {
  const packed = new Map();
  const pack = (path, bytes) => {
    if (!packed.has(path)) packed.set(path, gzipSync(bytes, { level: 9 }));
    return packed.get(path);
  };
  const server = createServer((request, response) => {
    const path = new URL(request.url, "http://localhost").pathname;
    const file = join(root, normalize(path));
    const page = pages[path];
    if (page === undefined && !(existsSync(file) && statSync(file).isFile())) return response.writeHead(404).end();
    const type = page !== undefined && !extname(path) ? ".html" : extname(path);
    const body = pack(path, page ?? readFileSync(file));
    response.writeHead(200, {
      ...headers, "content-type": TYPES[type] ?? "application/octet-stream", "content-encoding": "gzip", "content-length": body.length,
      "cache-control": type === ".html" ? "no-cache" : "max-age=31536000, immutable",
    });
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
