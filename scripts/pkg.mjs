// Builds pkg/, ready for `npm publish`: the WebAssembly, the TypeScript by tsc, the template beside it. A size beyond its
// budget fails the build.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

import { abiModule } from "./abi.mjs";
import { guard } from "./border.mjs";
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

function fingerprint(folders, names) {
  const hash = createHash("sha256");
  for (const file of [...folders.flatMap((folder) => files(join(root, folder))), ...names.map((name) => join(root, name))]) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** Runs `make` unless its inputs are what they were. */
function once(stamp, wanted, make) {
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  make();
  writeFileSync(stamp, wanted);
}

/** The entry points with a WebAssembly of their own: each has just the code of its cargo feature. */
const ENTRIES = ["ogpu", "opengradient"];

/** wasm-bindgen's types use `Symbol.dispose`, which most `lib`s do not have. */
const DISPOSABLE = '/// <reference lib="esnext.disposable" />';

const RUST = ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "scripts/wasm.mjs"];

function build() {
  for (const folder of [pkg, stage]) rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, "pkg-template"), stage, { recursive: true });
  for (const entry of ENTRIES) {
    const wasm = join(root, "target/pkg-wasm", entry);
    mkdirSync(join(pkg, "wasm", entry), { recursive: true });
    // A change of the TypeScript alone does not wait for the compiler.
    const built = join(root, "target/pkg-wasm", `${entry}.wasm`);
    once(join(root, "target/pkg-wasm", `.built-${entry}`), fingerprint(["src", "abi"], RUST), () => buildWasm([entry], wasm, built));
    cpSync(built, join(pkg, "wasm", entry, "ogkit_bg.wasm"));
    cpSync(`${built}.symbols`, join(pkg, "wasm", entry, "symbols.txt"));
    // Only our loader names the file: two such expressions would make a bundler copy it twice.
    const text = readFileSync(join(wasm, "ogkit.js"), "utf8");
    const lean = text.replace(/module_or_path = new URL\([^)]*import\.meta\.url\);/, 'throw new TypeError("no WebAssembly given");');
    if (lean === text) throw new Error("the glue of wasm-bindgen has changed: its default URL was not found");
    const types = readFileSync(join(wasm, "ogkit.d.ts"), "utf8");
    const guarded = guard(lean, types);
    for (const folder of [join(stage, "src/wasm", entry), join(pkg, "wasm", entry)]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "ogkit.js"), guarded);
      writeFileSync(join(folder, "ogkit.d.ts"), `${DISPOSABLE}\n${types}`);
    }
  }
  // Bytes, as they are deployed: the ABI folder has them as hex text.
  mkdirSync(join(pkg, "workflow"), { recursive: true });
  for (const name of ["PriceHistoryInference", "ModelExecutorHistorical"]) {
    const text = readFileSync(join(root, `abi/opengradient/${name}.bin`), "utf8").trim();
    writeFileSync(join(pkg, "workflow", `${name}.bin`), Buffer.from(text.replace(/^0x/, ""), "hex"));
  }
  writeFileSync(join(stage, "src/abi.ts"), abiModule(join(root, "abi/ogpu")));
  run("tsc", ["--project", join(stage, "tsconfig.json")]);
  cpSync(join(root, "pkg-template/package.json"), join(pkg, "package.json"));
  for (const entry of ENTRIES) for (const suffix of ["ts", "cts"]) cpSync(join(root, "pkg-template/wasm.d.ts"), join(pkg, `${entry}.wasm.d.${suffix}`));
  requirable();
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, name), join(pkg, name));
}

/** CommonJS can `require` ES modules (Node 20.19 and newer, bundlers); its types must say so. One copy of the code serves both. */
function requirable() {
  const { exports } = JSON.parse(readFileSync(join(pkg, "package.json"), "utf8"));
  for (const { require } of Object.values(exports)) {
    if (!require?.default.endsWith(".cjs")) continue;
    const module = `./${basename(require.default, ".cjs")}.js`;
    writeFileSync(join(pkg, require.default), `module.exports = require("${module}");\n`);
    writeFileSync(join(pkg, require.types), `export * from "${module}";\n`);
  }
}

const texts = [...RUST, "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "scripts/pkg.mjs", "scripts/abi.mjs", "scripts/border.mjs", "package-lock.json"];
once(join(pkg, ".built"), fingerprint(["src", "abi", "pkg-template"], texts), build);
for (const entry of ENTRIES) if (!statSync(join(pkg, "wasm", entry, "ogkit_bg.wasm")).size) throw new Error("the WebAssembly is empty");
checkBudgets();
