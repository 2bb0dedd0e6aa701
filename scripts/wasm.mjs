// One WebAssembly: the crate by wasm-pack, then wasm-opt. wasm-pack runs with its own wasm-opt off, because the engine
// features must be named: what is not would be switched on by `--all-features` and refused by today's engines.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const ENGINE = ["bulk-memory", "sign-ext", "mutable-globals", "nontrapping-float-to-int", "reference-types", "multivalue"];
// `zero-filled`: nobody else's memory is brought. `low-memory-unused`: the stack's far end lies there.
const OPTIMISE = ["-Oz", "--converge", "--zero-filled-memory", "--low-memory-unused", "--strip-producers", "--strip-target-features"];

/**
 * Unstable flags, on the pinned toolchain alone: the standard library is built with the crate, for size, and where Rust would panic
 * the module just traps. No one could read a panic's message in a browser anyway; without them it is 17 KB less to download.
 */
const RUST = ["-Zlocation-detail=none", "-Zmir-opt-level=3", "-Zunstable-options", "-Cpanic=immediate-abort"];
/** Values are copied by one instruction rather than word by word: futures and results are large and move often. 7 % of the download. */
const COPIES = ["memcpy", "memmove", "memset"].map((name) => `-Cllvm-args=-max-store-${name}=1`);
const STANDARD_LIBRARY = ["-Zbuild-std=std,panic_abort", "-Zbuild-std-features=optimize_for_size"];

/** Texts name source files all the same, in dependencies: without this machine's folders they are shorter, and the same everywhere. */
function remap() {
  const registry = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry/src");
  const folders = existsSync(registry) ? readdirSync(registry).map((name) => join(registry, name)) : [];
  const sysroot = execFileSync("rustc", ["--print", "sysroot"], { cwd: root, encoding: "utf8" }).trim();
  return [...folders, join(sysroot, "lib/rustlib/src/rust"), root.replace(/\/$/, "")].map((folder) => `--remap-path-prefix=${folder}=.`);
}

// Byte by byte is the quickest way for a name or an address; texts, documents and calldata are better left to the engine.
const BYTEWISE = "    let offset = 0;\n\n    for (; offset < len; offset++) {";
const LONG_AT_ONCE = `    if (len > 48 && TextEncoder.prototype.encodeInto) {
        const { read, written } = cachedTextEncoder.encodeInto(arg, mem.subarray(ptr, ptr + len));
        if (read === len) {
            WASM_VECTOR_LEN = written;
            return ptr;
        }
    }
`;

/** Lets the glue pass long texts at once; what is not ASCII throughout goes its old way. */
function quicken(file) {
  const text = readFileSync(file, "utf8");
  const quick = text.replace(BYTEWISE, LONG_AT_ONCE + BYTEWISE);
  if (quick === text) throw new Error("the glue of wasm-bindgen has changed: how it passes texts was not found");
  writeFileSync(file, quick);
}

/** Runs a tool of the workspace. */
export const run = (command, args, env = {}) =>
  execFileSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, ...env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` } });

/** Names without the compiler's numbers, and no longer than tells them apart. */
const readable = (line) => line.replace(/\[[0-9a-f]{16}\]|::h[0-9a-f]{16}\b|::__wbg_\w+/g, "").slice(0, 160);

/**
 * Builds the crate with these features; the glue and its types lie in `folder` afterwards, the optimised WebAssembly at `output`, and
 * beside it what its functions are called, as `<number>:<name>`: names would make the module an eighth larger.
 * @param {string[]} features @param {string} folder @param {string} output
 */
export function buildWasm(features, folder, output) {
  run("wasm-pack", ["build", "--mode", "no-install", "--release", "--no-opt", "--no-pack", "--target", "web", "--out-dir", folder, "--out-name", "ogkit", "--", "--no-default-features", "--features", features.join(","), ...STANDARD_LIBRARY], { CARGO_ENCODED_RUSTFLAGS: [...RUST, ...COPIES, ...remap()].join("\x1f"), RUSTC_BOOTSTRAP: "1" });
  quicken(join(folder, "ogkit.js"));
  const symbols = `${output}.symbols`;
  run("wasm-opt", [...OPTIMISE, ...ENGINE.map((name) => `--enable-${name}`), join(folder, "ogkit_bg.wasm"), "-o", output, `--symbolmap=${symbols}`]);
  writeFileSync(symbols, readFileSync(symbols, "utf8").split("\n").map(readable).join("\n"));
}
