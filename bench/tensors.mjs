// Tensors beside the official Python SDK, on one machine in one run: 1,000,000 numbers to calldata and back. The SDK gets fewer and
// its time is scaled, because it would take minutes; its time grows with their number (seen by the two sizes).
// `node bench/tensors.mjs` prints the table and exits 1 when an aim is missed.
import { encodeAbiParameters } from "viem";

import { startPeer } from "../tests/interop/opengradient-peer.mjs";

const COUNT = 1_000_000;
const AIMS = { speed: 20, memory: 4 };
const CID = "QmRhcpDXfYCKsimTmJYrAVM4Bbvck59Zb2onj3MHv9Kw5N";

let memory;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const made = await instantiate(...args);
  memory ??= (made.instance ?? made).exports.memory;
  return made;
};
const { decodeModelOutput, encodeInference } = await import("../pkg/opengradient.js");

/** The middle of five runs, in seconds. */
async function time(work) {
  const runs = [];
  for (let run = 0; run < 5; run++) {
    const start = performance.now();
    await work();
    runs.push((performance.now() - start) / 1000);
  }
  return runs.sort((a, b) => a - b)[2];
}

// As the peer has them: normally distributed, four decimals.
const normal = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
const rounded = Float32Array.from({ length: COUNT }, () => Math.round(normal() * 1e4) / 1e4);
const INPUTS = {
  "Float32Array, 4 decimals": rounded,
  "Float32Array, all digits": Float32Array.from({ length: COUNT }, normal),
  "Float64Array, all digits": Float64Array.from({ length: COUNT }, normal),
  "Int32Array": Int32Array.from({ length: COUNT }, (_, index) => index),
  "array of numbers": Array.from(rounded),
  "nested arrays, 1000 x 1000": Array.from({ length: 1000 }, (_, row) => Array.from(rounded.subarray(row * 1000, row * 1000 + 1000))),
};

const peer = startPeer();
const small = await peer.call("bench", 20_000);
const large = await peer.call("bench", 100_000);
peer.stop();
const theirs = { encode: (large.encodeSeconds / 100_000) * COUNT, decode: (large.decodeSeconds / 100_000) * COUNT };
console.log(`official SDK: ${theirs.encode.toFixed(1)} s to calldata, ${theirs.decode.toFixed(1)} s back (100,000 numbers, times ten; from 20,000: ${(small.encodeSeconds * 50).toFixed(1)} and ${(small.decodeSeconds * 50).toFixed(1)})`);

const rows = [];
let missed = false;
const row = (name, seconds, against) => {
  const times = against / seconds;
  missed ||= times < AIMS.speed;
  rows.push({ what: name, seconds: seconds.toFixed(3), "times as fast": times.toFixed(0) });
};
await encodeInference(CID, "VANILLA", { x: [1] });
let size = 0;
for (const [name, values] of Object.entries(INPUTS)) {
  row(`to calldata: ${name}`, await time(async () => (size = (await encodeInference(CID, "VANILLA", { x: values })).length)), theirs.encode);
}
const held = (memory.buffer.byteLength + size) / size;

const OUTPUT = [{ type: "tuple", components: [
  { type: "tuple[]", components: [{ type: "string" }, { type: "tuple[]", components: [{ type: "int128" }, { type: "int128" }] }, { type: "uint32[]" }] },
  { type: "tuple[]", components: [{ type: "string" }, { type: "string[]" }] }, { type: "tuple[]", components: [{ type: "string" }, { type: "string" }] }, { type: "bool" },
] }];
// One thousand encoded by viem, put out a thousand times: viem takes minutes for a million.
const thousand = Array.from(rounded.subarray(0, 1000), (value) => [BigInt(Math.round(value * 1e4)), 4n]);
const piece = Buffer.from(encodeAbiParameters(OUTPUT, [[[["y", thousand, [1000]]], [], [], false]]).slice(2), "hex");
const word = (value) => Buffer.from(BigInt(value).toString(16).padStart(64, "0"), "hex");
// Offsets: the output, its lists, the tensor, then its name, values and shape.
const list = piece.indexOf(word(1000));
const pairs = piece.subarray(list + 32, list + 32 + 64 * 1000);
const head = Buffer.from(piece.subarray(0, list));
const grown = BigInt(pairs.length) * 999n;
for (let at = 0; at < head.length; at += 32) {
  // What points behind the values moves by what they grew.
  const value = BigInt(`0x${head.subarray(at, at + 32).toString("hex")}`);
  if (value > BigInt(pairs.length) && value < BigInt(piece.length)) word(value + grown).copy(head, at);
}
const tail = Buffer.from(piece.subarray(list + 32 + pairs.length));
tail.set(word(COUNT), tail.indexOf(word(1000)));
const output = Buffer.concat([head, word(COUNT), ...Array.from({ length: 1000 }, () => pairs), tail]);
const { numbers } = await decodeModelOutput(output);
if (numbers.y.data.length !== COUNT || numbers.y.data[COUNT - 1] !== Math.fround(Number(thousand[999][0]) / 1e4)) throw new Error("the result was not read back");
row("back from a result", await time(() => decodeModelOutput(output)), theirs.decode);
console.table(rows);
const all = (memory.buffer.byteLength + size) / size;
missed ||= all >= AIMS.memory;
console.log(`memory at its most: ${held.toFixed(1)} times the calldata (${(size / 2 ** 20).toFixed(0)} MB) for all inputs, ${all.toFixed(1)} with the reading; aim: ${AIMS.memory}`);
process.exit(missed ? 1 : 0);
