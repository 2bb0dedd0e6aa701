// Builds pkg/, ready for `npm publish`: the crate by wasm-pack, wasm-opt, the TypeScript by tsc, the template beside it.
// wasm-pack runs with its own wasm-opt off, because the features must be named: what is not would be switched on by
// `--all-features` and refused by today's engines.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

import { abiModule } from "./abi.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const pkg = join(root, "pkg");
const stage = join(root, "target/pkg-stage");
/** What the peers cost: ethers, and OpenGradient's TypeScript SDK. */
const AIMS = { ogpu: 96, opengradient: 142 };
const WASM_FEATURES = ["bulk-memory", "sign-ext", "mutable-globals", "nontrapping-float-to-int", "reference-types", "multivalue"];

const run = (command, args) =>
  execFileSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` } });

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
const ENTRIES = {
  ogpu: ["ogpu", "api", "client", "contract", "source", "task", "response", "actors", "modules", "events", "run-task", "environments", "load", "start", "shared", "constants", "errors", "units", "networks", "wallets", "log", "read"],
  opengradient: ["opengradient", "load-opengradient", "start", "errors", "units", "wallets", "log", "read"],
};

function build() {
  for (const folder of [pkg, stage]) rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, "pkg-template"), stage, { recursive: true });
  for (const entry of Object.keys(ENTRIES)) {
    const wasm = join(root, "target/pkg-wasm", entry);
    const features = WASM_FEATURES.map((name) => `--enable-${name}`);
    // A change of the TypeScript alone does not wait for the compiler.
    once(join(root, "target/pkg-wasm", `.built-${entry}`), fingerprint(["src", "abi"], ["Cargo.toml", "Cargo.lock", "scripts/pkg.mjs", "rust-toolchain.toml"]), () => {
      run("wasm-pack", ["build", "--mode", "no-install", "--release", "--no-opt", "--no-pack", "--target", "web", "--out-dir", wasm, "--out-name", "ogkit", "--", "--no-default-features", "--features", entry]);
      run("wasm-opt", ["-Oz", ...features, join(wasm, "ogkit_bg.wasm"), "-o", join(wasm, "small.wasm")]);
    });
    // Only our loader names the file: two such expressions would make a bundler copy it twice.
    const text = readFileSync(join(wasm, "ogkit.js"), "utf8");
    const lean = text.replace(/module_or_path = new URL\([^)]*import\.meta\.url\);/, 'throw new TypeError("no WebAssembly given");');
    if (lean === text) throw new Error("the glue of wasm-bindgen has changed: its default URL was not found");
    for (const folder of [join(stage, "src/wasm", entry), join(pkg, "wasm", entry)]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "ogkit.js"), lean);
      cpSync(join(wasm, "ogkit.d.ts"), join(folder, "ogkit.d.ts"));
    }
    cpSync(join(wasm, "small.wasm"), join(pkg, "wasm", entry, "ogkit_bg.wasm"));
  }
  writeFileSync(join(stage, "src/abi.ts"), abiModule(join(root, "abi/ogpu")));
  run("tsc", ["--project", join(stage, "tsconfig.json")]);
  cpSync(join(root, "pkg-template/package.json"), join(pkg, "package.json"));
  for (const name of ["ogpu.wasm.d.ts", "ogpu.wasm.d.cts"]) cpSync(join(root, "pkg-template/ogpu.wasm.d.ts"), join(pkg, name));
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

const kb = (bytes) => (bytes / 1024).toFixed(1).padStart(7);

function report() {
  for (const [entry, scripts] of Object.entries(ENTRIES)) {
    const parts = {
      [`wasm/${entry}/ogkit_bg.wasm`]: [join(pkg, "wasm", entry, "ogkit_bg.wasm")],
      [`JavaScript of ogkit/${entry}`]: [...scripts.map((name) => join(pkg, `${name}.js`)), join(pkg, "wasm", entry, "ogkit.js")],
    };
    let total = 0;
    console.log(`${`ogkit/${entry}, KB`.padEnd(36)}    raw    gzip  brotli`);
    for (const [name, paths] of Object.entries(parts)) {
      const bytes = Buffer.concat(paths.filter((path) => existsSync(path)).map((path) => readFileSync(path)));
      const gzip = gzipSync(bytes, { level: 9 }).length;
      total += gzip;
      console.log(`${name.padEnd(36)}${kb(bytes.length)} ${kb(gzip)} ${kb(brotliCompressSync(bytes).length)}`);
    }
    console.log(`${"total download".padEnd(36)}        ${kb(total)}   (aim: below ${AIMS[entry]} KB)`);
  }
}

const texts = ["Cargo.toml", "Cargo.lock", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "scripts/pkg.mjs", "scripts/abi.mjs", "package-lock.json"];
once(join(pkg, ".built"), fingerprint(["src", "abi", "pkg-template"], texts), build);
for (const entry of Object.keys(ENTRIES)) if (!statSync(join(pkg, "wasm", entry, "ogkit_bg.wasm")).size) throw new Error("the WebAssembly is empty");
report();
