// The package as it is published, and a second WebAssembly with the exports of `src/js/bench.rs`.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { buildWasm, run } from "../scripts/wasm.mjs";

export const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "target/pkg-wasm/bench");

/** Builds what is not up to date. */
export function build() {
  run("node", ["scripts/pkg.mjs"]);
  // The package's stamp covers the crate's sources; this build has the same ones.
  const wanted = createHash("sha256").update(readFileSync(join(root, "pkg/.built"))).update(readFileSync(new URL(import.meta.url))).digest("hex");
  const stamp = join(folder, ".built");
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  mkdirSync(folder, { recursive: true });
  const features = ["ogpu", "bench", ...(existsSync(join(root, "src/opengradient")) ? ["opengradient"] : [])];
  buildWasm(features, folder, join(folder, "bench.wasm"));
  writeFileSync(stamp, wanted);
}

/** The exports of `src/js/bench.rs`. */
export async function exports() {
  const glue = await import(join(folder, "ogkit.js"));
  await glue.default({ module_or_path: readFileSync(join(folder, "bench.wasm")) });
  return glue;
}
