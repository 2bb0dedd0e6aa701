// `make simulate MUTATIONS=1`: takes one protecting piece of code after the other out of a copy of the sources, and wants the simulator to
// find out. ONLY=text: those whose name has it; SEEDS=n: so many seeds for each (20000); SHOPS=1: in the simulator of sellers.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const tree = join(root, "target/mutants");
const { ONLY = "", SEEDS = "20000", SHOPS } = process.env;
const test = SHOPS ? "shops" : "simulate";
const { default: mutations } = await import(SHOPS ? "../../shops/mutations.mjs" : "./list.mjs");

rmSync(tree, { recursive: true, force: true });
mkdirSync(join(tree, "tests"), { recursive: true });
for (const path of ["src", "abi", "Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "tests/simulate", "tests/shops"]) {
  cpSync(join(root, path), join(tree, path), { recursive: true, preserveTimestamps: true });
}

/** A folder of its own: with the sources' times kept, cargo would take a mutated build for the real one. */
const env = { ...process.env, CARGO_TARGET_DIR: join(root, "target/mutants-build"), SEEDS, HUNT: "1" };
const cargo = (...args) => spawnSync("cargo", args, { cwd: tree, env, encoding: "utf8", maxBuffer: 1 << 28 });
const hunt = () => {
  const { status, stdout, stderr } = cargo("test", "--quiet", "--profile", "simulate", "--test", test, "--", "--nocapture", "--exact", "seeds");
  const found = /^FOUND (.*)$/m.exec(stdout)?.[1];
  if (status !== 0 || found === undefined) throw new Error(`the simulator does not run:\n${stdout.slice(-2000)}\n${stderr.slice(-4000)}`);
  return found;
};

const bad = [];
const say = (name, found) => console.log(`${name.padEnd(60)} ${found}`);
const wanted = mutations.filter(({ name }) => name.includes(ONLY));
if (!ONLY) {
  const found = hunt();
  say("(nothing taken out)", found);
  if (!found.startsWith("nothing")) bad.push("without any mutation a promise is broken");
}
for (const { name, edits } of wanted) {
  const kept = new Map();
  for (const { file, find, replace } of edits) {
    const path = join(tree, file);
    const before = readFileSync(path, "utf8");
    if (!kept.has(path)) kept.set(path, before);
    if (before.split(find).length !== 2) throw new Error(`${name}: ${file} does not hold the text exactly once:\n${find}`);
    writeFileSync(path, before.replace(find, () => replace));
  }
  const found = hunt();
  say(name, found);
  if (found.startsWith("nothing")) bad.push(name);
  for (const [path, before] of kept) writeFileSync(path, before);
}
for (const name of bad) console.error(`not found: ${name}`);
process.exit(bad.length ? 1 : 0);
