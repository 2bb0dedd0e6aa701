// Builds pkg/, ready for `npm publish`: the crate by wasm-pack, wasm-opt, the TypeScript by tsc, the template beside it.
// wasm-pack runs with its own wasm-opt off, because the features must be named: what is not would be switched on by
// `--all-features` and refused by today's engines.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, gzipSync } from "node:zlib";

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

function fingerprint() {
  const hash = createHash("sha256");
  const inputs = ["src", "abi", "pkg-template"].flatMap((folder) => files(join(root, folder)));
  for (const file of [...inputs, ...["Cargo.toml", "Cargo.lock", "README.md", "CHANGELOG.md", "scripts/pkg.mjs", "package-lock.json"].map((name) => join(root, name))]) {
    hash.update(file).update(readFileSync(file));
  }
  return hash.digest("hex");
}

/** The entry points with a WebAssembly of their own: each has just the code of its cargo feature. */
const ENTRIES = {
  ogpu: ["ogpu", "api", "client", "contract", "source", "task", "response", "actors", "modules", "events", "run-task", "environments", "ipfs", "load", "start", "shared", "constants", "errors", "units", "networks", "wallets", "read-web"],
  opengradient: ["opengradient", "load-opengradient", "start", "errors", "units", "wallets", "read-web"],
};

function build() {
  for (const folder of [pkg, stage]) rmSync(folder, { recursive: true, force: true });
  cpSync(join(root, "pkg-template"), stage, { recursive: true });
  for (const entry of Object.keys(ENTRIES)) {
    const wasm = join(root, "target/pkg-wasm", entry);
    run("wasm-pack", ["build", "--mode", "no-install", "--release", "--no-opt", "--no-pack", "--target", "web", "--out-dir", wasm, "--out-name", "ogkit", "--", "--no-default-features", "--features", entry]);
    // Only our loader names the file: two such expressions would make a bundler copy it twice.
    const text = readFileSync(join(wasm, "ogkit.js"), "utf8");
    const lean = text.replace(/module_or_path = new URL\([^)]*import\.meta\.url\);/, 'throw new TypeError("no WebAssembly given");');
    if (lean === text) throw new Error("the glue of wasm-bindgen has changed: its default URL was not found");
    for (const folder of [join(stage, "src/wasm", entry), join(pkg, "wasm", entry)]) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "ogkit.js"), lean);
      cpSync(join(wasm, "ogkit.d.ts"), join(folder, "ogkit.d.ts"));
    }
    const features = WASM_FEATURES.map((name) => `--enable-${name}`);
    run("wasm-opt", ["-Oz", ...features, join(wasm, "ogkit_bg.wasm"), "-o", join(pkg, "wasm", entry, "ogkit_bg.wasm")]);
  }
  run("tsc", ["--project", join(stage, "tsconfig.json")]);
  cpSync(join(root, "pkg-template/package.json"), join(pkg, "package.json"));
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"]) cpSync(join(root, name), join(pkg, name));
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

const stamp = join(pkg, ".built");
const wanted = fingerprint();
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== wanted) {
  build();
  writeFileSync(stamp, wanted);
}
for (const entry of Object.keys(ENTRIES)) if (!statSync(join(pkg, "wasm", entry, "ogkit_bg.wasm")).size) throw new Error("the WebAssembly is empty");
report();
