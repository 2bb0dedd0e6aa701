// Builds pkg/, ready for `npm publish`: the WebAssembly, the TypeScript by tsc, the template beside it. A size beyond its
// budget fails the build.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { checkBudgets } from "./budgets.mjs";
import { buildWasm, run } from "./wasm.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const pkg = join(root, "pkg");
const stage = join(root, "target/pkg-stage");

function files(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : [path];
  });
}

function fingerprint() {
  const hash = createHash("sha256");
  const inputs = ["src", "abi", "pkg-template"].flatMap((folder) => files(join(root, folder)));
  for (const file of [...inputs, ...["Cargo.toml", "Cargo.lock", "README.md", "CHANGELOG.md", "scripts/pkg.mjs", "scripts/wasm.mjs", "package-lock.json"].map((name) => join(root, name))]) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** The entry points with a WebAssembly of their own: each has just the code of its cargo feature. */
const ENTRIES = ["ogpu", "opengradient"];

function build() {
  for (const folder of [pkg, stage]) rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, "pkg-template"), stage, { recursive: true });
  for (const entry of ENTRIES) {
    const wasm = join(root, "target/pkg-wasm", entry);
    mkdirSync(join(pkg, "wasm", entry), { recursive: true });
    buildWasm([entry], wasm, join(pkg, "wasm", entry, "ogkit_bg.wasm"));
    // Only our loader names the file: two such expressions would make a bundler copy it twice.
    const text = readFileSync(join(wasm, "ogkit.js"), "utf8");
    const lean = text.replace(/module_or_path = new URL\([^)]*import\.meta\.url\);/, 'throw new TypeError("no WebAssembly given");');
    if (lean === text) throw new Error("the glue of wasm-bindgen has changed: its default URL was not found");
    for (const folder of [join(stage, "src/wasm", entry), join(pkg, "wasm", entry)]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "ogkit.js"), lean);
      cpSync(join(wasm, "ogkit.d.ts"), join(folder, "ogkit.d.ts"));
    }
  }
  run("tsc", ["--project", join(stage, "tsconfig.json")]);
  cpSync(join(root, "pkg-template/package.json"), join(pkg, "package.json"));
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, name), join(pkg, name));
}

const stamp = join(pkg, ".built");
const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  build();
  writeFileSync(stamp, wanted);
}
for (const entry of ENTRIES) if (!statSync(join(pkg, "wasm", entry, "ogkit_bg.wasm")).size) throw new Error("the WebAssembly is empty");
checkBudgets();
