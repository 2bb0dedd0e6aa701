// The CID of a file, beside the importer of the IPFS project.
import assert from "node:assert/strict";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { importer } from "ipfs-unixfs-importer";
import { balanced } from "ipfs-unixfs-importer/layout";

import { raced } from "../rows.mjs";

const PEER = "ipfs-unixfs-importer";
// The pinning service's layout: kubo's for ten years.
const LAYOUT = {
  cidVersion: 0, rawLeaves: false, leafType: "file", reduceSingleLeafToSelf: true, wrapWithDirectory: false,
  chunker: fixedSize({ chunkSize: 256 * 1024 }), layout: balanced({ maxChildrenPerNode: 174 }),
};
/** Keeps nothing: only the CID is wanted. */
const nowhere = { put: async (cid) => cid };

async function byImporter(bytes) {
  let cid;
  for await (const entry of importer([{ content: bytes }], nowhere, LAYOUT)) cid = entry.cid;
  return cid.toString();
}

export async function run({ bench }) {
  const rows = [];
  for (const [megabytes, runs] of [[1, 9], [100, 3]]) {
    const bytes = new Uint8Array(megabytes * 1e6);
    for (let at = 0; at < bytes.length; at++) bytes[at] = (at * 2654435761) >>> 24;
    assert.equal(bench.benchCid(bytes), await byImporter(bytes));
    const contenders = { ogkit: async () => void bench.benchCid(bytes), [PEER]: async () => void (await byImporter(bytes)) };
    rows.push(await raced(`CID of ${megabytes} MB`, contenders, { runs, warmUps: 1 }));
  }
  return rows;
}
