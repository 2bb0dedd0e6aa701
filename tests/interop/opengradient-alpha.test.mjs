// The package beside the official Python SDK: the same calldata for the same tensors, the same tensors from the same results, and
// the same reading of what is on chain.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { encodeAbiParameters, toHex } from "viem";

import { Alpha, decodeModelOutput, encodeInference, readEth1HourPriceForecast } from "../node/opengradient-alpha/package.mjs";
import { stage } from "../node/opengradient-alpha/stage.mjs";
import { startPeer } from "./peer.mjs";

const CID = "QmbUqS93oc4JTLMHwpVxsE39mhNxy6hpf6Py3r9oANr8aZ";
const typed = (Type, dtype, data, shape = [data.length]) => [
  { data: Type.from(data), shape },
  { dtype, shape, data: data.map((value) => (typeof value === "bigint" ? Number(value) : value)) },
];
const same = (value) => [value, value];
/** Numbers as they come, by a generator of our own so that a failure can be looked at again. */
function* noise(seed) {
  for (let state = seed; ; ) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}
const draw = (seed, count, map) => {
  const source = noise(seed);
  return Array.from({ length: count }, () => map(source.next().value));
};
const f32 = (list) => list.map(Math.fround);

/** Name: tensors as the package takes them beside those that the peer is told. */
const CASES = {
  "a number": { x: same(7) },
  "a float": { x: same(0.1) },
  "a negative float": { x: same(-273.15) },
  "zero and minus zero": { x: typed(Float64Array, "float64", [0, -0]) },
  "whole floats": { x: same([1.5, 100, 1000000, -3]) },
  "tiny floats": { x: typed(Float64Array, "float64", [1e-7, 1.5e-9, 2.5e-12, 1e-16]) },
  "large floats": { x: typed(Float64Array, "float64", [1e15, 1e16, 1.5e16, 123456789012345680]) },
  "thirds": { x: typed(Float64Array, "float64", [1 / 3, 2 / 3, 0.1 + 0.2, Math.PI]) },
  "integers": { x: same([1, 2, 3, -4]) },
  "a matrix": { x: same([[1.5, 2], [3, 4.25]]) },
  "three dimensions": { x: same([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]) },
  "one by one by one": { x: same([[[0.5]]]) },
  "a long row": { x: same(draw(1, 300, (value) => Math.round(value * 1e6) / 1e4)) },
  "float32": { x: typed(Float32Array, "float32", f32([0.1, 0.2, 3.14159, -2.71828])) },
  "float32, random": { x: typed(Float32Array, "float32", f32(draw(2, 500, (value) => (value - 0.5) * 100))) },
  "float32, small": { x: typed(Float32Array, "float32", f32(draw(3, 200, (value) => value * 1e-5))) },
  "float32, as a matrix": { x: typed(Float32Array, "float32", f32(draw(4, 24, (value) => value)), [2, 3, 4]) },
  "float64, random": { x: typed(Float64Array, "float64", draw(5, 500, (value) => (value - 0.5) * 10)) },
  "int8": { x: typed(Int8Array, "int8", [-128, 0, 127]) },
  "uint8": { x: typed(Uint8Array, "uint8", [0, 1, 255], [3, 1]) },
  "int16": { x: typed(Int16Array, "int16", [-32768, 32767]) },
  "uint16": { x: typed(Uint16Array, "uint16", [0, 65535]) },
  "int32": { x: typed(Int32Array, "int32", [-2147483648, 2147483647]) },
  "uint32": { x: typed(Uint32Array, "uint32", [0, 4294967295]) },
  "int64": { x: typed(BigInt64Array, "int64", [-9007199254740991n, 0n, 9007199254740991n]) },
  "uint64": { x: typed(BigUint64Array, "uint64", [0n, 9007199254740991n]) },
  "a string": { x: same("hello") },
  "strings": { x: same(["", "a", "a text that is longer than thirty-two bytes"]) },
  "strings of all alphabets": { x: same(["é", "日本", "🚀", "e\u0301"]) },
  "several tensors": { a: same([1, 2]), b: same([[0.5]]), c: same(3) },
  "numbers and strings": { s: same(["x", "y"]), n: same([1.25]), t: same("z") },
  "a name of all alphabets": { "entrée": same([1]), "": same([2]) },
  "no values": { x: typed(Float32Array, "float32", []) },
  "a tensor without one dimension": { x: typed(Float32Array, "float32", [], [0, 3]) },
  "a scalar array": { x: typed(Float64Array, "float64", [2.5], []) },
  "many tensors": Object.fromEntries(draw(6, 40, (value) => value).map((value, index) => [`t${index}`, same([value])])),
};

describe("beside the official Python SDK", () => {
  let net, network, wallet, peer, alpha, key;
  before(async () => {
    ({ net, network, wallet } = await stage());
    peer = startPeer("opengradient-peer.py");
    const { nodeUrl, hubUrl, identityUrl, twinsUrl } = net;
    await peer.call("configure", net.rpcUrl, { nodeUrl, hubUrl, identityUrl, twinsUrl });
    alpha = await Alpha.connect({ wallet: wallet("client"), network });
    key = net.accounts.find(({ role }) => role === "client2").privateKey;
  });
  after(async () => {
    peer?.stop();
    await net?.stop();
  });

  describe("the same calldata", () => {
    const modes = ["VANILLA", "ZKML", "TEE"];
    for (const [index, [name, tensors]] of Object.entries(CASES).entries()) {
      test(name, async () => {
        const mode = modes[index % 3];
        const part = (side) => Object.fromEntries(Object.entries(tensors).map(([key, pair]) => [key, pair[side]]));
        assert.equal(toHex(await encodeInference(CID, mode, part(0))), await peer.call("calldata", CID, mode, part(1)));
      });
    }
    test("there are thirty or more", () => assert.ok(Object.keys(CASES).length >= 30));
  });

  const OUTPUT = [{ type: "tuple", components: [
    { type: "tuple[]", components: [{ type: "string" }, { type: "tuple[]", components: [{ type: "int128" }, { type: "int128" }] }, { type: "uint32[]" }] },
    { type: "tuple[]", components: [{ type: "string" }, { type: "string[]" }] },
    { type: "tuple[]", components: [{ type: "string" }, { type: "string" }] },
    { type: "bool" },
  ] }];
  test("the same decoded numbers, to the last bit, and the same JSON", async () => {
    const values = [
      [0n, 0n], [1n, 0n], [-1n, 1n], [15n, 1n], [333333333333333333n, 18n], [1n, 45n], [123456789n, 4n], [-(2n ** 100n), 20n], [16777217n, 0n], [7n, 7n],
      ...draw(7, 500, (value) => [BigInt(Math.floor((value - 0.5) * 1e15)), BigInt(Math.floor(value * 18))]),
    ];
    const data = encodeAbiParameters(OUTPUT, [[[["y", values, [values.length]], ["m", values.slice(0, 6), [2, 3]]], [], [["j", '{"a": [1, 2.5, "x"]}']], false]]);
    const theirs = await peer.call("decode", data);
    const ours = await decodeModelOutput(Buffer.from(data.slice(2), "hex"));
    for (const name of ["y", "m"]) {
      assert.deepEqual(theirs[name].shape, ours.numbers[name].shape);
      assert.deepEqual(theirs[name].data, [...ours.numbers[name].data]);
    }
    assert.deepEqual(theirs.j.data, [ours.jsons.j]);
  });

  for (const [model, mode] of [["linear", "VANILLA"], ["echo", "ZKML"], ["offchain", "TEE"]]) {
    test(`the same answer of the same model: ${model}, ${mode}`, async () => {
      const input = { a: [[1.5, 100, -0.25], [1e-7, 0, -3]], b: 7 };
      const { output } = await peer.call("infer", key, net.models[model], mode, input);
      const { modelOutput } = await alpha.infer(net.models[model], mode, input);
      for (const [name, { data, shape }] of Object.entries(modelOutput.numbers)) assert.deepEqual([output[name].shape, output[name].data], [shape, [...data]]);
      assert.deepEqual(Object.keys(output).sort(), [...Object.keys(modelOutput.numbers), ...Object.keys(modelOutput.jsons)].sort());
    });
  }

  test("each reads the other's workflows; our history is theirs turned round", async () => {
    const query = { base: "ETH", quote: "USD", totalCandles: 3, candleDurationInMins: 30, order: "ASCENDING", candleTypes: ["OPEN", "HIGH", "LOW", "CLOSE"] };
    const theirs = await peer.call("new_workflow", key, net.models.linear, query, "ohlc");
    const { address: ours } = await alpha.newWorkflow(net.models.linear, query, "ohlc");
    const numbers = ({ numbers }) => Object.fromEntries(Object.entries(numbers).map(([name, { data, shape }]) => [name, { shape, data: [...data] }]));
    for (const address of [theirs, ours]) {
      const first = await alpha.runWorkflow(address);
      await peer.call("run_workflow", key, address);
      assert.deepEqual(numbers(await peer.call("read_workflow_result", key, address)), numbers(await alpha.readWorkflowResult(address)));
      const history = await alpha.readWorkflowHistory(address, 5);
      assert.equal(history.length, 2);
      assert.deepEqual(history.map(numbers).reverse(), (await peer.call("read_workflow_history", key, address, 5)).map(numbers));
      assert.deepEqual(history[1], first.modelOutput);
    }
    assert.deepEqual(await readEth1HourPriceForecast(alpha), await peer.call("workflow_model", key, "read_eth_1_hour_price_forecast"));
  });
});
