// The same four calls bundled for a browser, once for each library.
import { build } from "esbuild";
import { cpSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

import { root } from "./build.mjs";

export const LIBRARIES = ["ogkit", "viem", "ethers"];
export const folder = join(root, "target/bench-site");

/** Bundles an application as `<name>.js`; `entry` is its text. */
async function bundle(name, entry) {
  await build({
    stdin: { contents: entry, resolveDir: join(root, "bench"), sourcefile: `${name}.mjs` },
    outfile: join(folder, `${name}.js`), bundle: true, minify: true, format: "esm", platform: "browser", target: "es2022",
    alias: { "ogkit/ogpu": join(root, "pkg/ogpu.js") }, logLevel: "error", legalComments: "none",
    // esbuild leaves `new URL(…, import.meta.url)` as it is; the file is copied to where it points.
    banner: { js: "globalThis.scriptStart ??= performance.now();" },
  });
}

/** Makes every page's script: `<library>.js` with the four calls, `first-<library>.js` with the first one and its time. */
export async function bundleAll() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(join(folder, "wasm/ogpu"), { recursive: true });
  cpSync(join(root, "pkg/wasm/ogpu/ogkit_bg.wasm"), join(folder, "wasm/ogpu/ogkit_bg.wasm"));
  for (const library of LIBRARIES) {
    await bundle(library, `export { connect } from "./apps/${library}.mjs";`);
    await bundle(`first-${library}`, `
      import { first } from "./apps/${library}.mjs";
      const { network, address } = globalThis.given;
      globalThis.done = first(network, address).then((result) => ({ result, took: performance.now() - globalThis.scriptStart, end: performance.now() }));`);
  }
}

/** What a browser downloads for a library. */
export function downloads(library) {
  return [join(folder, `${library}.js`), ...(library === "ogkit" ? [join(folder, "wasm/ogpu/ogkit_bg.wasm")] : [])].map((path) => readFileSync(path));
}
