// The promises of the security guide: numbered without a gap, each with tests that exist by these very names, and each with code that is
// taken out to see those tests fail (`make promises`).
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { describe, test } from "node:test";

import mutations from "../simulate/mutations/list.mjs";
import protections from "../promises/list.mjs";
import { PAGE, promises, promisesOf, root, testsIn } from "../promises/page.mjs";

const page = readFileSync(`${root}${PAGE}`, "utf8");
const files = (folder) => readdirSync(`${root}${folder}`, { recursive: true }).map((name) => `${folder}/${name}`);

/** What is wrong with the promises of a page. */
function faults(text) {
  const found = [];
  const last = new Map();
  for (const { number, tests } of promisesOf(text)) {
    const [group, place] = [number[0], Number(number.slice(1))];
    if (place !== (last.get(group) ?? 0) + 1) found.push(`${number} follows ${group}${last.get(group) ?? 0}`);
    last.set(group, place);
    if (tests.length === 0) found.push(`${number} names no test`);
    for (const { file, name } of tests) if (!testsIn(file).includes(name)) found.push(`${number}: ${file} has no "${name}"`);
  }
  return found;
}

describe("the promises", () => {
  test("are numbered, and each names tests that exist", () => {
    assert.ok(promises().length > 50);
    assert.deepEqual(faults(page), []);
  });

  test("of a page with a gap, a promise without a test or a test that is gone are found out", () => {
    const broken = (find, replace) => {
      assert.equal(page.split(find).length, 2, find);
      return faults(page.replace(find, () => replace));
    };
    assert.deepEqual(broken("**M3. ", "**M30. "), ["M30 follows M2", "M4 follows M30"]);
    assert.deepEqual(broken("**M3. ", "**M2. "), ["M2 follows M2", "M4 follows M2"]);
    assert.deepEqual(broken("`tabs_share_one_budget`", "`tabs_share_no_budget`"), ['M3: src/x402/flows/shared.rs has no "tabs_share_no_budget"']);
    assert.deepEqual(broken('"unheard no"', '"heard no"'), ['K5: tests/simulate/oracle.rs has no "heard no"']);
    assert.deepEqual(broken('"units: exact or refused"', '"units: exact"'), ['T10: tests/node/pure.test.mjs has no "units: exact"']);
    assert.deepEqual(broken("> Tests\n> * `src/ipfs/fetch_tests.rs`: `a_links_keys_stay_at_its_own_gateway`\n", ""), ["I7 names no test"]);
    assert.throws(() => faults(page.replace("> * `tests/ipfs.rs`: ", "> * ")), /I1: expected/);
  });

  test("each have code to take out, which is there", () => {
    const held = (tests) => tests.some(({ name }) => mutations.some((mutation) => mutation.name === name));
    const bare = promises().filter(({ number, tests }) => !held(tests) && !protections.some(({ promise }) => promise === number));
    assert.deepEqual(bare.map(({ number }) => number), []);
    const numbers = promises().map(({ number }) => number);
    for (const { promise, what, edits } of protections) {
      assert.ok(numbers.includes(promise), promise);
      for (const { file, find } of edits) assert.equal(readFileSync(`${root}${file}`, "utf8").split(find).length, 2, `${promise}, ${what}: ${file} holds the text once`);
    }
  });

  test("the wallet is asked for the methods that K2 lists, and for no other", () => {
    const { text } = promises().find(({ number }) => number === "K2");
    const listed = [...text.matchAll(/`(\w+)`/g)].map(([, name]) => name);
    const asked = new Set();
    for (const file of files("src").filter((name) => name.endsWith(".rs") && !/tests|flows|fake|fixture/.test(name))) {
      const code = readFileSync(`${root}${file}`, "utf8").split("#[cfg(test)]\nmod tests")[0];
      for (const [, method] of code.matchAll(/\.(?:request|open|ask|try_to)\(\s*"([a-z]+_\w+)"/g)) asked.add(method);
      // What only wallets have, wherever it stands.
      for (const [, method] of code.matchAll(/"((?:wallet|personal)_\w+|eth_(?:accounts|coinbase|decrypt|getEncryption|requestAccounts|send[A-Z]|sign)\w*)"/g)) asked.add(method);
    }
    assert.deepEqual([...asked].sort(), listed.sort());
  });
});
