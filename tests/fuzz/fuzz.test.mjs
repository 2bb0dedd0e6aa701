// A short round of `make fuzz` in each host, always from the same seed. And that the fuzzer finds what it is there for.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { Judge } from "./judge.mjs";
import { rounds } from "./memory.mjs";
import { own } from "./values.mjs";

const main = fileURLToPath(new URL("main.mjs", import.meta.url));
/** What a run printed, and how it ended. */
const fuzz = (env) => new Promise((resolve) => {
  execFile(process.execPath, [main], { env: { ...process.env, FIRST: "1", ...env }, timeout: 180_000 }, (error, stdout) => resolve({ code: error ? error.code : 0, stdout }));
});

test("in Node", async () => {
  const { code, stdout } = await fuzz({ HOST: "node", CASES: "250" });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /250 cases/);
});

test("in Chrome", async () => {
  const { code, stdout } = await fuzz({ HOST: "chrome", CASES: "150" });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /150 cases/);
});

test("findings: traps, errors without a code, and what nobody caught; not what the caller threw itself", () => {
  const said = [];
  const judge = new Judge((line) => line.finding && said.push(line.finding));
  const mine = own(new Error("mine"));
  for (const fine of [mine, Object.assign(new Error("x"), { code: "http" }), Object.assign(new Error("x"), { name: "ProviderRpcError", code: 4100 }), new DOMException("x")]) judge.check(fine);
  assert.deepEqual(said.splice(0), []);
  for (const bad of [new TypeError("x"), undefined, null, "text", Object.assign(new Error("x"), { code: 1 })]) judge.check(bad);
  assert.deepEqual(said.splice(0), Array(5).fill("without a code"));
  judge.uncaught("unhandled", mine);
  assert.deepEqual(said.splice(0), ["unhandled"]);
  assert.equal(judge.dead, false);
  judge.check(new WebAssembly.RuntimeError("unreachable"));
  assert.deepEqual([...said, judge.dead], ["trap", true]);
});

test("a finding: memory that does not come back, and not what warms up or comes and goes", async () => {
  const run = async (heap) => {
    let [calls, found] = [0, 0];
    const look = rounds({ heap: () => heap(calls++), collect() {}, later: (then) => setImmediate(then) }, { found: () => (found += 1) }, () => {});
    for (let cases = 0; cases < 3_000; cases++) await look();
    return found;
  };
  const MIB = 2 ** 20;
  assert.ok((await run((round) => 20 * MIB + round * 0.3 * MIB)) > 0, "3 KiB for each case");
  assert.equal(await run((round) => (round < 4 ? round * 5 : 20) * MIB), 0, "a start");
  assert.equal(await run((round) => (20 + (round % 4 === 0 ? 8 : 0)) * MIB), 0, "ups and downs");
});
