// The module never dies: what callers pass and what their code does ends in a typed error of that call alone. Found by `make fuzz`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { FreedError, InvalidInputError, Ogpu, cidOf, discoverWallets, fetchIpfs, fetchIpfsBytes, fetchIpfsJson, fetchIpfsStream, isOgError, publishToIpfs, watchWallets } from "../../pkg/ogpu.js";
import { Alpha, OpenGradient, decodeModelOutput, encodeInference, fetchWithPayment, outputText } from "../../pkg/opengradient.js";
import { createRelay } from "../../pkg/relay.js";
import { fromViem, toViem } from "../../pkg/viem.js";

const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy";
const HELLO = await cidOf(new TextEncoder().encode("hello"));
const wallet = { request: async () => [ADDRESS] };
const failure = (run) => (async () => run())().then(() => assert.fail("it succeeded"), (error) => error);
const revoked = (target) => { const { proxy, revoke } = Proxy.revocable(target, {}); revoke(); return proxy; };
const throwing = () => new Proxy({}, new Proxy({}, { get: () => () => { throw new Error("mine"); } }));
/** The module works as before. */
const alive = async () => assert.equal(await cidOf(new TextEncoder().encode("hello")), HELLO);

test("links that are no text are refused before they cross: URL objects, numbers, what only has a length", async () => {
  for (const link of [new URL("https://a.example/"), 1, {}, [], { length: 2e9 }, { length: -1 }, null, undefined, Symbol("x"), () => {}, new String("ipfs://x"), revoked({}), throwing()]) {
    for (const fetch of [fetchIpfs, fetchIpfsBytes, fetchIpfsJson, fetchIpfsStream]) {
      const error = await failure(() => fetch(link));
      assert.ok(error instanceof InvalidInputError && error.field === "url", `${typeof link}: ${error}`);
    }
  }
  await alive();
});

test("bytes whose buffer was transferred are refused; resizable and shared ones are read once", async () => {
  const bytes = new Uint8Array(64);
  structuredClone(bytes, { transfer: [bytes.buffer] });
  for (const run of [() => cidOf(bytes), () => publishToIpfs(bytes), () => decodeModelOutput(bytes)]) assert.ok(isOgError(await failure(run), "invalidInput"));
  const plain = new TextEncoder().encode("the same");
  const resizable = new Uint8Array(new ArrayBuffer(plain.length, { maxByteLength: 100 }));
  const shared = new Uint8Array(new SharedArrayBuffer(plain.length));
  for (const view of [resizable, shared]) {
    view.set(plain);
    assert.equal(await cidOf(view), await cidOf(plain));
  }
});

test("getters that throw, proxies that were revoked, cycles and depths are named by their path, with the cause", async () => {
  const ogpu = await Ogpu.readOnly({ network: "mainnet" });
  const mine = new Error("mine");
  const error = await failure(() => ogpu.getBalance(ADDRESS, { get signal() { throw mine; } }));
  assert.deepEqual([error.code, error.field, error.cause], ["invalidInput", "options.signal", mine]);
  const cycle = {};
  cycle.self = cycle;
  let deep = {};
  for (let i = 0; i < 20_000; i++) deep = { deep };
  for (const value of [revoked({}), revoked([]), throwing(), cycle, deep, new Array(2 ** 32 - 1), { signal: revoked({}) }, { signal: Object.create(AbortSignal.prototype) }]) {
    assert.ok(isOgError(await failure(() => ogpu.publishTask(value)), "invalidInput"));
    assert.ok(isOgError(await failure(() => ogpu.getBalance(ADDRESS, value)), "invalidInput"));
  }
  ogpu.free();
  for (const run of [
    () => Ogpu.connect(revoked({})), () => Ogpu.connect({ wallet: revoked([]), network: "mainnet" }), () => OpenGradient.connect(revoked({})), () => OpenGradient.connect({ wallet: revoked([]) }), () => Alpha.connect(revoked({})),
    () => encodeInference(CID, "VANILLA", revoked([])), () => fetchWithPayment("http://[", {}, { wallet }), () => fetchWithPayment(revoked({}), {}, { wallet }), () => discoverWallets({ signal: {} }), () => watchWallets(), () => watchWallets(revoked(() => {})),
    () => outputText(cycle), () => createRelay(), () => createRelay({ upstreams: revoked([]) }), () => fromViem(), () => toViem(wallet, undefined),
  ]) assert.ok(isOgError(await failure(run), "invalidInput"), String(run));
  assert.equal(isOgError(revoked({})), false);
});

test("what was freed says so, as often as it is asked, and frees once", async () => {
  const ogpu = await Ogpu.readOnly({ network: "mainnet" });
  ogpu.free();
  ogpu.free();
  for (const run of [() => ogpu.getBalance(ADDRESS), () => ogpu.account, () => ogpu.watch(), () => ogpu.task(ADDRESS)]) {
    const error = await failure(run);
    assert.ok(error instanceof FreedError && error.code === "freed", String(error));
    assert.match(error.message, /free\(\)/);
  }
  const og = await OpenGradient.connect({ wallet });
  og.close();
  assert.equal((await failure(() => og.llm.tees())).code, "freed");
});

test("a signal of another realm ends a call as one of this realm does", async () => {
  const ogpu = await Ogpu.readOnly({ network: "mainnet" });
  const { signal: real, abort } = (() => { const controller = new AbortController(); return { signal: controller.signal, abort: (reason) => controller.abort(reason) }; })();
  const foreign = { get aborted() { return real.aborted; }, get reason() { return real.reason; }, addEventListener: (...args) => real.addEventListener(...args), removeEventListener: (...args) => real.removeEventListener(...args) };
  abort("enough");
  assert.equal(await failure(() => ogpu.getBalance(ADDRESS, { signal: foreign })), "enough");
  ogpu.free();
});

describe("a fetch of the caller's own", () => {
  const own = async (fetch) => failure(() => fetchWithPayment("https://x.example/", undefined, { wallet, policy: { assets: [] }, fetch }));
  const locked = () => { const response = new Response("x"); response.body.getReader(); return response; };
  for (const [what, fetch] of Object.entries({
    undefined: async () => undefined, "a number": async () => 1, "an object": async () => ({}), "a revoked proxy": async () => revoked({}), "a throw": () => { throw new Error("mine"); }, "a rejection with nothing": async () => { throw undefined; },
    "a response that is being read": async () => locked(), "a thenable that throws": () => ({ get then() { throw new Error("mine"); } }),
  })) test(`answers with ${what}`, async () => assert.ok(isOgError(await own(fetch)), what));

  test("answers with a stream of no bytes", async () => {
    const body = new ReadableStream({ start: (controller) => controller.enqueue("text") });
    const response = await fetchWithPayment("https://x.example/", undefined, { wallet, policy: { assets: [] }, fetch: async () => new Response(body, { status: 402 }) }).catch((error) => error);
    assert.ok(isOgError(response) || response instanceof Response);
  });
});

test("a wallet and listeners whose promises fail do not end the process", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--unhandled-rejections=strict", fileURLToPath(new URL("border-listeners.mjs", import.meta.url))], { timeout: 30_000 });
  assert.equal(stdout, "alive\n");
});
