// What each entry point of pkg/ downloads, and what it may: scripts/budgets.json. A build beyond its budget fails; raise a
// budget only with the reason in the commit.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

const pkg = fileURLToPath(new URL("../pkg", import.meta.url));
/** What ethers downloads; the aim for `ogkit/ogpu`. */
const AIM_KB = 96;
// `import("x")`, `import … from "x"`, `export … from "x"`, `import "x"`; and the WebAssembly by its URL.
const NAMES = /(?:\bfrom\s*|\bimport\s*\(?\s*)"([^"]+)"|new URL\("([^"]+)", import\.meta\.url\)/g;

/** The files that a browser loads for a module, itself first. */
function closure(file, imports, seen = new Set()) {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.endsWith(".js")) return seen;
  for (const [, name, asset] of readFileSync(file, "utf8").matchAll(NAMES)) {
    const target = asset ?? (name.startsWith("#") ? imports[name].default : name);
    // Others' packages are theirs to count.
    if (target.startsWith(".")) closure(join(name?.startsWith("#") ? pkg : dirname(file), target), imports, seen);
  }
  return seen;
}

/** Each entry point with its files' sizes. */
export function entries() {
  const { exports, imports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  const found = [];
  for (const [name, entry] of Object.entries(exports)) {
    const file = typeof entry === "string" ? entry : (entry.browser ?? entry.default);
    if (typeof file !== "string" || !file.endsWith(".js")) continue;
    const files = [...closure(join(pkg, file), imports ?? {})].map((path) => ({ path, bytes: readFileSync(path) }));
    const measured = (part) => {
      const bytes = Buffer.concat(files.filter(({ path }) => path.endsWith(".wasm") === (part === "wasm")).map(({ bytes }) => bytes));
      return bytes.length ? { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length } : { raw: 0, gzip: 0, brotli: 0 };
    };
    found.push({ name: name.replace(/^\./, "ogkit"), js: measured("js"), wasm: measured("wasm"), files: files.map(({ path }) => path) });
  }
  return found;
}

const kb = (bytes) => (bytes / 1024).toFixed(1).padStart(8);

/** Prints the sizes; throws when one is beyond its budget. */
export function checkBudgets() {
  const file = fileURLToPath(new URL("budgets.json", import.meta.url));
  const budgets = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {};
  console.log(`${"download, KB".padEnd(28)}${["wasm raw", "gzip", "js raw", "gzip", "gzip", "brotli", "budget"].map((title) => title.padStart(8)).join("")}`);
  const beyond = [];
  for (const { name, js, wasm } of entries()) {
    const gzip = js.gzip + wasm.gzip;
    const budget = budgets[name];
    console.log(`${name.padEnd(28)}${[wasm.raw, wasm.gzip, js.raw, js.gzip, gzip, js.brotli + wasm.brotli].map(kb).join("")}${budget === undefined ? "    none" : kb(budget)}${name === "ogkit/ogpu" ? `   (aim: below ${AIM_KB} KB gzip)` : ""}`);
    if (budget === undefined) beyond.push(`${name} has no budget; it takes ${gzip} bytes`);
    else if (gzip > budget) beyond.push(`${name} takes ${gzip} bytes, ${gzip - budget} more than its budget`);
  }
  if (beyond.length) throw new Error(`size budgets (gzip bytes, scripts/budgets.json):\n  ${beyond.join("\n  ")}`);
}
