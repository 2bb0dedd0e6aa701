// `make promises`: takes the code that keeps a promise of docs/guides/security.md out of a copy of the sources, one piece after the other,
// and wants a test that the page names for it to fail. ONLY='M3|P.*': those promises'. JavaScript's tests want the built package.
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { transformSync } from "esbuild";

import protections from "./list.mjs";
import { promises, root } from "./page.mjs";

const tree = join(root, "target/promises");
const { ONLY = ".*" } = process.env;

const run = (command, args, env = process.env) => {
  const { stdout, stderr, status } = spawnSync(command, args, { cwd: tree, env, encoding: "utf8", maxBuffer: 1 << 28, timeout: 600_000 });
  return { said: `${stdout}${stderr}`, failed: status !== 0 };
};

/** The tests of Rust that fail, of those with these names; those of the border to JavaScript run in Node. */
function rust(tests, ofBorder) {
  const files = [...new Set(tests.map(({ file }) => file))];
  const targets = [...new Set(files.map((file) => (file.startsWith("src/") ? "--lib" : `--test=${basename(file, ".rs")}`)))];
  // Not the usual place: a build of changed sources would be taken for one of those as they are.
  const env = { ...process.env, CARGO_TARGET_DIR: join(root, "target/promises-build"), CARGO_PROFILE_TEST_DEBUG: "0" };
  const border = ["wasm-pack", ["test", "--mode", "no-install", "--node", "--", "--lib"]];
  const native = ["cargo", ["test", "--no-fail-fast", ...targets, "--", ...tests.map(({ name }) => name)]];
  const { said } = run(...(ofBorder ? border : native), env);
  if (!/^test result: /m.test(said)) throw new Error(`the tests do not run:\n${said.slice(-4000)}`);
  return tests.map(({ name }) => name).filter((name) => new RegExp(`^test (?:\\S+::)?${name} .*FAIL(?:ED)?$`, "m").test(said));
}

/** The same of JavaScript's; they are run one by one. */
function javaScript(tests) {
  return tests.filter(({ file, name }) => {
    const pattern = name.split("…").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
    const { said, failed } = run("node", ["--test", "--test-force-exit", "--test-timeout=300000", "--test-reporter=tap", `--test-name-pattern=^${pattern}$`, file]);
    if (!/^# tests [1-9]/m.test(said)) throw new Error(`${file} has no test "${name}":\n${said.slice(-2000)}`);
    return failed;
  }).map(({ name }) => name);
}

/** A file of the package's TypeScript, as it is in the package. */
function compiled(path, source) {
  const { code } = transformSync(source, { loader: "ts", target: "es2022", tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } } });
  writeFileSync(join(tree, path.replace("pkg-template/src", "pkg").replace(/\.ts$/, ".js")), code);
}

function mutate({ promise, edits }) {
  const kept = new Map();
  for (const { file, find, replace } of edits) {
    const before = readFileSync(join(tree, file), "utf8");
    if (!kept.has(file)) kept.set(file, before);
    if (before.split(find).length !== 2) throw new Error(`${promise}: ${file} does not hold the text exactly once:\n${find}`);
    const after = before.replace(find, () => replace);
    writeFileSync(join(tree, file), after);
    if (file.startsWith("pkg-template/src/")) compiled(file, after);
  }
  return () => {
    for (const [file, before] of kept) {
      writeFileSync(join(tree, file), before);
      if (file.startsWith("pkg-template/src/")) compiled(file, before);
    }
  };
}

rmSync(tree, { recursive: true, force: true });
mkdirSync(tree, { recursive: true });
const LEFT_OUT = [".git", "target", "node_modules"];
for (const path of readdirSync(root).filter((name) => !LEFT_OUT.includes(name))) {
  cpSync(join(root, path), join(tree, path), { recursive: true, filter: (from) => !LEFT_OUT.includes(basename(from)) });
}
symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));

const ofRust = ({ file }) => file.endsWith(".rs");
const ofJavaScript = ({ file }) => file.endsWith(".mjs");
const promised = new Map(promises().map(({ number, tests }) => [number, tests.filter(({ file }) => !file.startsWith("tests/simulate/"))]));
const isRust = ({ promise, edits }) => edits.every(ofRust) && promised.get(promise).some(ofRust);
const isBorder = ({ edits }) => edits.every(({ file }) => file.startsWith("src/js/"));
const wanted = protections.filter(({ promise }) => new RegExp(`^(?:${ONLY})$`).test(promise));
// A test that fails anyway shows nothing.
const native = wanted.filter((one) => isRust(one) && !isBorder(one)).flatMap(({ promise }) => promised.get(promise).filter(ofRust));
const broken = native.length ? rust(native, false) : [];
if (broken.length) throw new Error(`these fail with nothing taken out: ${broken.join(", ")}`);

const bad = [];
for (const protection of wanted) {
  const { promise, what } = protection;
  const tests = promised.get(promise);
  const restore = mutate(protection);
  let failed = isRust(protection) ? rust(tests.filter(ofRust), isBorder(protection)) : javaScript(tests.filter(ofJavaScript));
  restore();
  if (!isRust(protection)) {
    const anyway = javaScript(tests.filter(({ name }) => failed.includes(name)));
    failed = failed.filter((name) => !anyway.includes(name));
    if (anyway.length) console.log(`     (fails anyway: ${anyway.join("; ")})`);
  }
  console.log(`${promise.padEnd(4)} ${what}\n     ${failed.length ? `fails: ${failed.join("; ")}` : "NOTHING FAILS"}`);
  if (failed.length === 0) bad.push(`${promise}: ${what}`);
}
for (const one of bad) console.error(`no test fails: ${one}`);
process.exit(bad.length ? 1 : 0);
