// Writes ipfs-cids.json: the CIDs that the JavaScript IPFS implementation gives to files and documents; and ipfs-cars.json:
// files and paths as its blocks, in the order in which a trustless gateway sends them.
// `node tests/vectors/make-ipfs-cids.mjs`, after `npm ci`. The files themselves are a pattern, so that only their sizes are kept.
import { unixfs } from "@helia/unixfs";
import * as dagCbor from "@ipld/dag-cbor";
import * as dagPb from "@ipld/dag-pb";
import { UnixFS } from "ipfs-unixfs";
import { importBytes, importer as importAll } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";
import { base16 } from "multiformats/bases/base16";
import { base32upper } from "multiformats/bases/base32";
import { base36 } from "multiformats/bases/base36";
import { base58btc } from "multiformats/bases/base58";
import { CID } from "multiformats/cid";
import { create as digest } from "multiformats/hashes/digest";
import { sha256, sha512 } from "multiformats/hashes/sha2";
import { readFileSync, writeFileSync } from "node:fs";

const KIB = 1024;
const MIB = 1024 * KIB;

/** The file of a size: a linear congruential generator's high bytes. @param {number} size @param {number} seed */
function pattern(size, seed) {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

// Trees are computed and thrown away: only their roots are wanted.
const nowhere = { put: async (/** @type {CID} */ cid) => cid, get: async () => { throw new Error("nothing is kept"); } };

/** @typedef {{ cidVersion: 0 | 1, leaf: "raw" | "file" | "rawNode", chunkSize: number, maxChildren: number }} Layout */

/** What the importer is told for a layout. @param {Layout} layout */
const options = ({ cidVersion, leaf, chunkSize, maxChildren }) => ({
  cidVersion,
  rawLeaves: leaf === "raw",
  leafType: /** @type {const} */ (leaf === "rawNode" ? "raw" : "file"),
  chunker: fixedSize({ chunkSize }),
  layout: balanced({ maxChildrenPerNode: maxChildren }),
});

const files = [];
async function file(/** @type {string} */ maker, /** @type {Layout} */ layout, /** @type {number} */ size, /** @type {(bytes: Uint8Array) => Promise<CID>} */ add) {
  const seed = files.length + 1;
  files.push({ maker, ...layout, size, seed, cid: (await add(pattern(size, seed))).toString() });
}
const importer = (/** @type {object} */ given) => async (/** @type {Uint8Array} */ bytes) => (await importBytes(bytes, /** @type {any} */ (nowhere), given)).cid;
const helia = (/** @type {object} */ given) => (/** @type {Uint8Array} */ bytes) => unixfs({ blockstore: /** @type {any} */ (nowhere) }).addBytes(bytes, given);

const around = (/** @type {number} */ n) => [n - 1, n, n + 1];

// The layouts that publishers use, by nothing but their makers' own defaults and profiles.
/** @type {[string, Layout, (bytes: Uint8Array) => Promise<CID>][]} */
const defaults = [
  ["importer, profile unixfs-v0-2015", { cidVersion: 0, leaf: "file", chunkSize: 256 * KIB, maxChildren: 174 }, importer({ profile: "unixfs-v0-2015" })],
  ["importer, defaults", { cidVersion: 1, leaf: "raw", chunkSize: 256 * KIB, maxChildren: 174 }, importer({})],
  ["importer, cidVersion 0", { cidVersion: 0, leaf: "raw", chunkSize: 256 * KIB, maxChildren: 174 }, importer({ cidVersion: 0 })],
  ["importer, rawLeaves off", { cidVersion: 1, leaf: "file", chunkSize: 256 * KIB, maxChildren: 174 }, importer({ rawLeaves: false })],
  ["importer, leafType raw", { cidVersion: 1, leaf: "rawNode", chunkSize: 256 * KIB, maxChildren: 174 }, importer({ rawLeaves: false, leafType: "raw" })],
  ["importer, leafType raw, cidVersion 0", { cidVersion: 0, leaf: "rawNode", chunkSize: 256 * KIB, maxChildren: 174 }, importer({ rawLeaves: false, leafType: "raw", cidVersion: 0 })],
  ["importer, profile unixfs-v1-2025", { cidVersion: 1, leaf: "raw", chunkSize: MIB, maxChildren: 1024 }, importer({ profile: "unixfs-v1-2025" })],
  ["helia, defaults", { cidVersion: 1, leaf: "raw", chunkSize: MIB, maxChildren: 1024 }, helia({})],
  ["helia, cidVersion 0", { cidVersion: 0, leaf: "raw", chunkSize: MIB, maxChildren: 1024 }, helia({ cidVersion: 0 })],
  ["helia, rawLeaves off", { cidVersion: 1, leaf: "file", chunkSize: MIB, maxChildren: 1024 }, helia({ rawLeaves: false })],
  ["helia, rawLeaves off, cidVersion 0", { cidVersion: 0, leaf: "file", chunkSize: MIB, maxChildren: 1024 }, helia({ rawLeaves: false, cidVersion: 0 })],
];
for (const [maker, layout, add] of defaults) {
  for (const size of [0, 1, ...around(layout.chunkSize), 2 * layout.chunkSize + 5]) await file(maker, layout, size, add);
}
// Two levels of nodes, at the sizes where a default layout first needs them.
for (const [maker, layout, add] of defaults.slice(0, 3)) await file(maker, layout, 174 * layout.chunkSize + 1, add);

// Deep trees, cheaply: small chunks, narrow nodes.
for (const cidVersion of /** @type {const} */ ([0, 1])) {
  for (const leaf of /** @type {const} */ (["raw", "file", "rawNode"])) {
    for (const [chunkSize, maxChildren, sizes] of /** @type {[number, number, number[]][]} */ ([
      [1, 2, [0, 1, 2, 3, 4, 5, 7, 8, 9, 31, 33]],
      [16, 3, [...around(16 * 3), ...around(16 * 9), ...around(16 * 27), 16 * 30 + 7]],
      [64, 174, [...around(64 * 174), 64 * 174 * 2, 64 * 174 * 174 + 1]],
      [128, 1024, [...around(128 * 1024)]],
    ])) {
      const layout = { cidVersion, leaf, chunkSize, maxChildren };
      for (const size of sizes) await file("importer", layout, size, importer(options(layout)));
    }
  }
}

/** One CID in every form. @param {CID} cid */
const forms = (cid) => ({
  bytes: Buffer.from(cid.bytes).toString("hex"),
  text: cid.toString(),
  // Version 0 is written in one base alone.
  others: cid.version === 0 ? [] : [base16, base32upper, base36, base58btc].map((base) => cid.toString(/** @type {any} */ (base))),
});
const content = new TextEncoder().encode("{}");
const hash = await sha256.digest(content);
const cids = [
  CID.createV0(hash),
  ...[0x55, 0x70, 0x71, 0x0129, 0x72].map((codec) => CID.createV1(codec, hash)),
  CID.createV1(0x55, await sha512.digest(content)),
  CID.createV1(0x55, digest(0xb220, hash.digest)),
  CID.createV1(0x55, digest(0, content)),
].map(forms);

const version = (/** @type {string} */ name) => JSON.parse(readFileSync(new URL(`../../node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
const source = ["ipfs-unixfs-importer", "@helia/unixfs", "multiformats"].map((name) => `${name} ${version(name)}`).join(", ");
const lines = (/** @type {object[]} */ entries) => entries.map((entry) => `    ${JSON.stringify(entry)}`).join(",\n");
const head = {
  source: `npm: ${source}; written by make-ipfs-cids.mjs`,
  pattern: "state = seed; for each byte: state = state * 1664525 + 1013904223 mod 2^32, byte = state >> 24",
  cidsAreOf: "{}",
};
const text = `${JSON.stringify(head, null, 2).slice(0, -2)},\n  "cids": [\n${lines(cids)}\n  ],\n  "files": [\n${lines(files)}\n  ]\n}\n`;
JSON.parse(text);
writeFileSync(new URL("ipfs-cids.json", import.meta.url), text);
console.log(`${cids.length} CIDs, ${files.length} files`);

// What a gateway sends for `format=car&dag-scope=entity` with `order=dfs; dups=y`: the directories on the way, then the file's
// blocks, children from left to right.
const kept = new Map();
const keep = { put: async (/** @type {CID} */ cid, /** @type {Uint8Array} */ block) => { kept.set(cid.toString(), block); return cid; }, get: nowhere.get };
const varint = (/** @type {number} */ n) => { const out = []; for (; n >= 0x80; n = Math.floor(n / 128)) out.push((n & 0x7f) | 0x80); return [...out, n]; };
/** @param {CID} root @param {string} path */
function car(root, path) {
  const out = [];
  const section = (/** @type {Uint8Array[]} */ ...parts) => out.push(Uint8Array.from(varint(parts.reduce((sum, part) => sum + part.length, 0))), ...parts);
  section(dagCbor.encode({ version: 1, roots: [root] }));
  /** @param {CID} cid @param {boolean} whole */
  const visit = (cid, whole) => {
    const block = kept.get(cid.toString());
    section(cid.bytes, block);
    const links = cid.code === dagPb.code ? dagPb.decode(block).Links : [];
    if (whole) for (const link of links) visit(link.Hash, true);
    return links;
  };
  let cid = root;
  for (const name of path.split("/").filter(Boolean)) {
    const found = visit(cid, false).find((link) => link.Name === name);
    if (!found) return Buffer.concat(out);
    cid = found.Hash;
  }
  const block = kept.get(cid.toString());
  // A directory as such is its own node alone; a shard names its entries and further shards.
  const isFile = cid.code !== dagPb.code || UnixFS.unmarshal(dagPb.decode(block).Data).type === "file" || UnixFS.unmarshal(dagPb.decode(block).Data).type === "raw";
  visit(cid, isFile);
  return Buffer.concat(out);
}
const cars = [];
/** @param {string} what @param {CID} root @param {string} path @param {number} size @param {string} [error] */
function fixture(what, root, path, size, error) {
  cars.push({ what, root: root.toString(), path, size, seed: size, ...(error ? { error } : {}), car: car(root, path).toString("base64") });
}
for (const cidVersion of /** @type {const} */ ([0, 1])) {
  for (const leaf of /** @type {const} */ (["raw", "file", "rawNode"])) {
    for (const [chunkSize, maxChildren, size] of [[512, 4, 0], [512, 4, 300], [512, 3, 5000]]) {
      const { cid } = await importBytes(pattern(size, size), /** @type {any} */ (keep), options({ cidVersion, leaf, chunkSize, maxChildren }));
      fixture(`${size} bytes, version ${cidVersion}, leaves ${leaf}`, cid, "", size);
    }
  }
}
/** A directory of files `name: size`. @param {Record<string, number>} entries @param {object} given */
async function folder(entries, given) {
  const source = Object.entries(entries).map(([path, size]) => ({ path, content: pattern(size, size) }));
  let last;
  for await (const entry of importAll(source, /** @type {any} */ (keep), { wrapWithDirectory: true, ...options({ cidVersion: 1, leaf: "raw", chunkSize: 512, maxChildren: 3 }), ...given })) last = entry;
  return /** @type {{ cid: CID }} */ (last).cid;
}
const plain = await folder({ "a.json": 40, "sub/b.bin": 2000, "sub/deep/c d": 700 }, {});
fixture("a file in a directory", plain, "a.json", 40);
fixture("a file two directories deep", plain, "sub/b.bin", 2000);
fixture("a name with a space", plain, "sub/deep/c d", 700);
fixture("a directory", plain, "sub", 0, "it is a directory");
fixture("no such entry", plain, "sub/none", 0, "the directory has no such entry");
fixture("a path below a file", plain, "a.json/x", 0, "it is no directory");
const sharded = await folder(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`file ${i}`, 10 + i])), { shardSplitThresholdBytes: 1 });
fixture("a sharded directory", sharded, "file 1", 0, "sharded directory");
const carHead = { source: `npm: ${source}; written by make-ipfs-cids.mjs`, pattern: `${head.pattern}, seed = size` };
writeFileSync(new URL("ipfs-cars.json", import.meta.url), `${JSON.stringify(carHead, null, 2).slice(0, -2)},\n  "cars": [\n${lines(cars)}\n  ]\n}\n`);
console.log(`${cars.length} CARs`);
