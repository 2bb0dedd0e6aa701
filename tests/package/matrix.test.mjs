// The package in every bundler and runtime that users have; the table in README.md says just this.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ROWS, stage, table, written } from "./matrix.mjs";

describe("it runs in", () => {
  let set;
  before(async () => (set = await stage()));
  after(() => set?.stop());
  for (const row of ROWS) test(`${row.where}: ${row.by}`, { timeout: 1_200_000 }, () => row.run(set));
  test("and README.md says so", () => assert.equal(written().table, table(), "run: node tests/package/matrix.mjs --write"));
});
