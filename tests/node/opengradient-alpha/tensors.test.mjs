// Tensors between JavaScript and calldata: every kind of value, and everything that is none. No network.
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import { describe, test } from "node:test";
import { decodeFunctionData, encodeAbiParameters, toHex } from "viem";

import { InferenceMode, InvalidInputError, decodeModelOutput, encodeInference } from "./package.mjs";
import { inferenceAbi } from "../../devnet/opengradient/alpha.mjs";

/** The WebAssembly's memory, which only grows: its size is the most that was ever held there. */
let memory;
const { instantiate } = WebAssembly;
WebAssembly.instantiate = async (...args) => {
  const made = await instantiate(...args);
  memory ??= (made.instance ?? made).exports.memory;
  return made;
};

const sent = async (input, mode = "VANILLA") => decodeFunctionData({ abi: inferenceAbi, data: toHex(await encodeInference("Qm", mode, input)) }).args;
/** One tensor as `value e -decimals`. */
const numbers = async (value) => {
  const [, , { numbers: [tensor] }] = await sent({ x: value });
  return [tensor.shape, tensor.values.map(({ value, decimals }) => (decimals ? `${value}e-${decimals}` : `${value}`))];
};

describe("tensors in", () => {
  test("typed arrays of every kind keep their values", async () => {
    for (const [list, expected] of [
      [Float32Array.of(0.1, -2.5, 100), ["1e-1", "-25e-1", "100"]],
      [Float64Array.of(0.1, 1e-9, 12345.678), ["1e-1", "1e-9", "12345678e-3"]],
      [Int8Array.of(-128, 127), ["-128", "127"]],
      [Uint8Array.of(0, 255), ["0", "255"]],
      [Uint8ClampedArray.of(0, 255), ["0", "255"]],
      [Int16Array.of(-32768), ["-32768"]],
      [Uint16Array.of(65535), ["65535"]],
      [Int32Array.of(-2147483648), ["-2147483648"]],
      [Uint32Array.of(4294967295), ["4294967295"]],
      [BigInt64Array.of(-9223372036854775808n), ["-9223372036854775808"]],
      [BigUint64Array.of(18446744073709551615n), ["18446744073709551615"]],
    ]) assert.deepEqual(await numbers(list), [[list.length], expected], list.constructor.name);
  });

  test("numbers, bigints, nested arrays, shapes", async () => {
    assert.deepEqual(await numbers(7), [[1], ["7"]]);
    assert.deepEqual(await numbers(2n ** 100n), [[1], [`${2n ** 100n}`]]);
    assert.deepEqual(await numbers([[1, 2.5, -3], [4, 5, 6n]]), [[2, 3], ["1", "25e-1", "-3", "4", "5", "6"]]);
    assert.deepEqual(await numbers([Float32Array.of(0.1, 2), [3, 4]]), [[2, 2], ["1e-1", "2", "3", "4"]]);
    assert.deepEqual(await numbers([BigInt64Array.of(1n), BigUint64Array.of(2n)]), [[2, 1], ["1", "2"]]);
    assert.deepEqual(await numbers({ data: Float32Array.of(1, 2, 3, 4, 5, 6), shape: [3, 2] }), [[3, 2], ["1", "2", "3", "4", "5", "6"]]);
    assert.deepEqual(await numbers({ data: [1, 2, 3, 4], shape: [2, 2] }), [[2, 2], ["1", "2", "3", "4"]]);
    assert.deepEqual(await numbers({ data: Float64Array.of(5), shape: [] }), [[], ["5"]]);
    assert.deepEqual(await numbers(new Float32Array()), [[0], []]);
    assert.deepEqual(await numbers(runInNewContext("Float32Array.of(1.5)")), [[1], ["15e-1"]], "from another realm");
  });

  test("strings go beside the numbers; names keep their order", async () => {
    const [cid, mode, input] = await sent({ s: ["a", "ü🚀"], one: "text", n: [1], t: { data: ["x", "y"], shape: [2, 1] } }, InferenceMode.TEE);
    assert.deepEqual([cid, mode], ["Qm", 2]);
    assert.deepEqual(input.strings, [{ name: "s", values: ["a", "ü🚀"] }, { name: "one", values: ["text"] }, { name: "t", values: ["x", "y"] }]);
    assert.deepEqual(input.numbers.map(({ name }) => name), ["n"]);
  });

  test("what has no place on chain is refused by its tensor and place", async () => {
    const loop = [];
    loop.push(loop, loop);
    for (const [input, field, reason] of [
      [{ x: [1, NaN] }, "modelInput.x[1]", /./],
      [{ x: Float32Array.of(1, 2, Infinity) }, "modelInput.x[2]", /./],
      [{ x: { data: Float64Array.of(1, 2, 3, -Infinity), shape: [2, 2] } }, "modelInput.x[1][1]", /./],
      [{ x: [[1, 2], [3]] }, "modelInput.x[1]", /2 elements/],
      [{ x: [1, [2]] }, "modelInput.x[1]", /array/],
      [{ x: [[1], 2] }, "modelInput.x[1]", /array/],
      [{ x: [1, "a"] }, "modelInput.x[1]", /number/],
      [{ x: ["a", 1] }, "modelInput.x[1]", /string/],
      [{ x: [true] }, "modelInput.x[0]", /true/],
      [{ x: [1, , 3] }, "modelInput.x[1]", /nothing/],
      [{ x: [1, null] }, "modelInput.x[1]", /null/],
      [{ x: undefined }, "modelInput.x", /nothing/],
      [{ x: () => 1 }, "modelInput.x", /function/],
      [{ x: loop }, "modelInput.x", /32 dimensions/],
      [{ x: 2n ** 200n }, "modelInput.x", /./],
      [{ x: { data: [1, 2, 3], shape: [2, 2] } }, "modelInput.x", /does not hold 3/],
      [{ x: { data: [[1], [2]], shape: [2] } }, "modelInput.x.data", /nested/],
      [{ x: { data: [1], shape: [-1] } }, "modelInput.x.shape[0]", /whole/],
      [{ x: { data: [1], shape: [1], dtype: "f" } }, "modelInput.x.dtype", /unknown key/],
      [{ x: { data: 5, shape: [1] } }, "modelInput.x.data", /typed array/],
      [{ x: new DataView(new ArrayBuffer(8)) }, "modelInput.x", /without a type/],
      [{ x: new ArrayBuffer(8) }, "modelInput.x", /./],
      [[1, 2], "modelInput", /an object/],
      [null, "modelInput", /an object/],
    ]) {
      await assert.rejects(encodeInference("Qm", "VANILLA", input), (error) => {
        assert.ok(error instanceof InvalidInputError, String(error));
        assert.equal(error.field, field, error.message);
        assert.match(error.reason, reason);
        return true;
      });
    }
    await assert.rejects(encodeInference("", "VANILLA", { x: 1 }), { field: "modelCid" });
    await assert.rejects(encodeInference("Qm", "FAST", { x: 1 }), { field: "inferenceMode" });
  });

  test("a million numbers: the calldata is right, and less than four times its size is ever held", async () => {
    const count = 1_000_000;
    const values = Float32Array.from({ length: count }, (_, index) => Math.fround(Math.sin(index)));
    await encodeInference("Qm", "VANILLA", { x: [1] });
    const calldata = await encodeInference("Qm", "VANILLA", { x: values });
    // What was held at most in the WebAssembly, and the result in JavaScript.
    const most = memory.buffer.byteLength + calldata.length;
    assert.ok(most < 4 * calldata.length, `${most} bytes for ${calldata.length}`);
    const view = new DataView(calldata.buffer, calldata.byteOffset);
    const start = calldata.length - count * 64 - 64;
    assert.ok(start > 0);
    // Each number is a pair of words; the last 16 bytes of each hold it.
    const at = (index) => {
      const place = start - 32 + index * 64;
      const value = (view.getBigInt64(place + 16) << 64n) | view.getBigUint64(place + 24);
      return Number(value) / 10 ** Number(view.getBigUint64(place + 56));
    };
    let first = 0;
    while (first < 64 && Math.fround(at(first)) !== values[0]) first += 1;
    for (const index of [0, 1, 999, 123_456]) assert.equal(Math.fround(at(first + index)), values[index]);
  });
});

describe("tensors out", () => {
  const OUTPUT = [{ type: "tuple", components: [
    { type: "tuple[]", components: [{ type: "string" }, { type: "tuple[]", components: [{ type: "int128" }, { type: "int128" }] }, { type: "uint32[]" }] },
    { type: "tuple[]", components: [{ type: "string" }, { type: "string[]" }] },
    { type: "tuple[]", components: [{ type: "string" }, { type: "string" }] },
    { type: "bool" },
  ] }];
  const encode = (...parts) => Buffer.from(encodeAbiParameters(OUTPUT, [parts]).slice(2), "hex");

  test("typed arrays with shapes, strings, JSON", async () => {
    const output = await decodeModelOutput(encode([["y", [[15n, 1n], [-3n, 0n]], [1, 2]]], [["s", ["a", "b"]]], [["j", '{"a": 1}'], ["bad", "{"]], true));
    assert.deepEqual(output.numbers.y, { data: Float32Array.of(1.5, -3), shape: [1, 2] });
    assert.deepEqual(output.strings.s, { data: ["a", "b"], shape: [2] });
    assert.deepEqual([output.jsons.j, output.jsons.bad, output.isSimulation], [{ a: 1 }, "{", true]);
    assert.ok(Object.isFrozen(output) && Object.isFrozen(output.numbers));
  });

  test("names that hit objects elsewhere are names like others here", async () => {
    const output = await decodeModelOutput(encode([["__proto__", [[1n, 0n]], [1]], ["constructor", [], [0]]], [], [], false));
    assert.deepEqual(Object.keys(output.numbers), ["__proto__", "constructor"]);
    assert.equal(Object.getPrototypeOf(output.numbers), null);
  });

  test("lies are refused", async () => {
    for (const data of [new Uint8Array(), new Uint8Array(96), encode([["y", [[1n, 0n]], [7]]], [], [], false)]) {
      await assert.rejects(decodeModelOutput(data), { code: "protocol" });
    }
    await assert.rejects(decodeModelOutput("0x"), { code: "invalidInput" });
  });
});
