// Whoever comes from an official SDK finds every public name of it in the guide.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { root } from "./blocks.mjs";

const python = `${root}.venv/bin/python`;
/** Names that the SDK exports and nobody calls. */
const INNER = { ogpu: ["execute"], opengradient: [] };

for (const sdk of ["ogpu", "opengradient"]) {
  const guide = `${root}docs/guides/from-${sdk}-py.md`;
  test(`from-${sdk}-py has every name of the SDK`, { skip: !existsSync(guide) && "not written yet" }, () => {
    const text = readFileSync(guide, "utf8");
    const names = execFileSync(python, [`${root}tests/docs/names.py`, sdk], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split("\n").filter(Boolean);
    assert.ok(names.length > 20);
    assert.deepEqual(names.filter((name) => !INNER[sdk].includes(name) && !new RegExp(`\\b${name}\\b`).test(text)), []);
  });
}
