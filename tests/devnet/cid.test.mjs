// CIDs of files beside Helia's, and of sizes that Helia's library gets wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { unixfs } from "@helia/unixfs";
import { MemoryBlockstore } from "blockstore-core";

import { fileCid } from "./cid.mjs";
import { LAYOUT } from "./ipfs.mjs";

test("the same as Helia's, whatever the size", async () => {
  for (const size of [0, 1, 1000, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 174 * 256 * 1024, 174 * 256 * 1024 + 1]) {
    const bytes = Buffer.alloc(size, "ogkit");
    const theirs = String(await unixfs({ blockstore: new MemoryBlockstore() }).addBytes(bytes, LAYOUT));
    const pieces = (function* () {
      for (let at = 0; at < size; at += 100_000) yield bytes.subarray(at, at + 100_000);
    })();
    assert.deepEqual(await fileCid(pieces), { cid: theirs, size });
  }
});

// Computed by a third program, in Python.
test("2 GiB of zeros, where sizes have their 32nd bit", { timeout: 900_000 }, async () => {
  const zeros = Buffer.alloc(1 << 20);
  const content = (async function* () {
    for (let count = 0; count < 2048; count++) yield zeros;
  })();
  assert.deepEqual(await fileCid(content), { cid: "QmTbKT35oQzKgR34LUHaPdtrFrphjxiQJLrz6QMyU4kQNC", size: 2 ** 31 });
});
