// What a browser downloads for the same four calls: publish a task, read it, read its responses, confirm one.
import { brotliCompressSync, gzipSync } from "node:zlib";

import { LIBRARIES, downloads } from "../bundles.mjs";
import { exact } from "../rows.mjs";

export async function run() {
  const size = (pack) => (library) => exact(downloads(library).reduce((total, bytes) => total + pack(bytes).length, 0) / 1024);
  const row = (what, pack) => ({
    what, unit: "KB", better: "less", sample: "counted",
    figures: Object.fromEntries(LIBRARIES.map((library) => [library, size(pack)(library)])),
    note: "one application with four calls, bundled and minified by esbuild; ogkit's holds the whole protocol, IPFS checks and typed errors",
  });
  return [
    row("download, gzip", (bytes) => gzipSync(bytes, { level: 9 })),
    row("download, brotli", (bytes) => brotliCompressSync(bytes)),
  ];
}
