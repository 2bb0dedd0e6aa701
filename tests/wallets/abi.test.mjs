// `ogkit/abi` beside the official SDK's own ABI: every selector and topic, no more and no less.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { encodeFunctionData, keccak256, toHex } from "viem";
import { formatAbiItem } from "viem/utils";

import * as abis from "../../pkg/abi.js";

const { chains: { mainnet } } = JSON.parse(readFileSync(new URL("../vectors/ogpu-abi.json", import.meta.url), "utf8"));

test("one constant for each contract", () => {
  assert.deepEqual(Object.keys(abis).sort(), Object.keys(mainnet).map((name) => `${name.toLowerCase()}Abi`).sort());
});

for (const [name, entries] of Object.entries(mainnet)) {
  test(`${name}: signatures, selectors, topics, mutability`, () => {
    const found = abis[`${name.toLowerCase()}Abi`].map((entry) => {
      const signature = formatAbiItem(entry);
      const topic = keccak256(toHex(signature));
      const hash = entry.type === "event" ? topic : topic.slice(0, 10);
      return { kind: entry.type, signature, hash, ...(entry.type === "function" ? { mutability: entry.stateMutability } : {}) };
    });
    const sort = (list) => [...list].sort((one, other) => (one.kind + one.signature < other.kind + other.signature ? -1 : 1));
    assert.deepEqual(sort(found), sort(entries));
  });
}

test("viem encodes with it", () => {
  const data = encodeFunctionData({ abi: abis.vaultAbi, functionName: "deposit", args: ["0x000000000000000000000000000000000000dEaD"] });
  assert.match(data, /^0xf340fa01.*dead$/i);
});
