// A file's CID in kubo's default layout, computed as its bytes come: leaves of 256 KiB, at most 174 children, CIDv0. Written here
// because ipfs-unixfs 13.1.1 writes sizes from 2^31 to 2^32 - 1 as zeros, so the CIDs of such files are not the network's.
import { createHash } from "node:crypto";

const CHUNK = 256 * 1024;
const CHILDREN = 174;

/** A digest begins with 0x12, so there are no leading zeros to keep. */
function base58(bytes) {
  const digits = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
  let text = "";
  for (let value = BigInt(`0x${bytes.toString("hex")}`); value; value /= 58n) text = digits[Number(value % 58n)] + text;
  return text;
}

function varint(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value % 128) | 128);
  return Buffer.from([...bytes, value]);
}
const field = (key, bytes) => Buffer.concat([Buffer.of(key), varint(bytes.length), bytes]);
const number = (key, value) => Buffer.concat([Buffer.of(key), varint(value)]);
const FILE = Buffer.of(8, 2);

/** A block: its digest, the bytes of the file below it, and those of all blocks. */
function block(parts, size, below) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return { digest: hash.digest(), size, total: below + parts.reduce((sum, part) => sum + part.length, 0) };
}

function leaf(bytes) {
  const head = bytes.length ? Buffer.concat([FILE, Buffer.of(0x12), varint(bytes.length)]) : FILE;
  const tail = number(0x18, bytes.length);
  return block([Buffer.of(0x0a), varint(head.length + bytes.length + tail.length), head, bytes, tail], bytes.length, 0);
}

function parent(children) {
  const links = children.map(({ digest, total }) => field(0x12, Buffer.concat([field(0x0a, Buffer.concat([Buffer.of(0x12, 0x20), digest])), field(0x12, Buffer.alloc(0)), number(0x18, total)])));
  const size = children.reduce((sum, child) => sum + child.size, 0);
  const data = Buffer.concat([FILE, number(0x18, size), ...children.map((child) => number(0x20, child.size))]);
  return block([...links, field(0x0a, data)], size, children.reduce((sum, child) => sum + child.total, 0));
}

/** @param {AsyncIterable<Uint8Array>} content @returns {Promise<{ cid: string, size: number }>} */
export async function fileCid(content) {
  const levels = [];
  const push = (node, level = 0) => {
    levels[level] ??= [];
    if (levels[level].length === CHILDREN) push(parent(levels[level].splice(0)), level + 1);
    levels[level].push(node);
  };
  const open = Buffer.alloc(CHUNK);
  let filled = 0;
  let size = 0;
  for await (let piece of content) {
    size += piece.length;
    while (piece.length) {
      const taken = Math.min(piece.length, CHUNK - filled);
      open.set(piece.subarray(0, taken), filled);
      filled += taken;
      piece = piece.subarray(taken);
      if (filled === CHUNK) {
        push(leaf(open));
        filled = 0;
      }
    }
  }
  if (filled || !size) push(leaf(open.subarray(0, filled)));
  for (let level = 0; level < levels.length; level++) {
    const nodes = levels[level];
    if (level === levels.length - 1 && nodes.length === 1) {
      const [{ digest }] = nodes;
      return { cid: base58(Buffer.concat([Buffer.of(0x12, 0x20), digest])), size };
    }
    push(parent(nodes), level + 1);
  }
  throw new Error("no blocks");
}
