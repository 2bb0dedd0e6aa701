// The module never dies: what callers pass and what their code does ends in a typed error of that call alone. Found by `make fuzz`.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { FreedError, InvalidInputError, Ogpu, cidOf, discoverWallets, fetchIpfs, fetchIpfsBytes, fetchIpfsJson, fetchIpfsStream, isOgError, preload, publishToIpfs, watchWallets } from "../../pkg/ogpu.js";
import { Alpha, OpenGradient, decodeModelOutput, encodeInference, fetchWithPayment, outputText } from "../../pkg/opengradient.js";
import { toAiTool } from "../../pkg/ai.js";
import { ChatOpenGradient } from "../../pkg/langchain.js";
import { createRelay, toNodeHandler } from "../../pkg/relay.js";
import { fromViem, toViem, viemChain } from "../../pkg/viem.js";

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

test("what only has the prototype of bytes or of a file is refused", async () => {
  for (const { prototype } of [Uint8Array, Float32Array, BigInt64Array, Blob, File]) {
    const fake = Object.create(prototype);
    for (const run of [() => cidOf(fake), () => publishToIpfs(fake), () => decodeModelOutput(fake), () => encodeInference(CID, "VANILLA", { x: fake })]) assert.ok(isOgError(await failure(run), "invalidInput"), `${prototype.constructor.name}: ${run}`);
  }
  await alive();
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

/** Each of these in a process of its own, which ends within seconds: what hangs cannot be timed from within. */
test("lists that never end, that are sparse, or one list many times over: an error at once, and no hang", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [fileURLToPath(new URL("border-lists.mjs", import.meta.url))], { timeout: 30_000 }).catch(({ stdout }) => ({ stdout }));
  assert.deepEqual(stdout.trim().split("\n").filter((line) => !line.endsWith(" invalidInput")), ["alive"]);
});

test("what is read before it crosses is guarded as well", async () => {
  const ogpu = await Ogpu.readOnly({ network: "mainnet" });
  const fetched = (options) => fetchWithPayment("https://x.example/", undefined, { wallet, ...options });
  const network = { ...ogpu.network };
  for (const run of [
    () => ogpu.runTask(undefined, { resume: 1 }), () => ogpu.runTask(undefined, null), () => ogpu.runTask(undefined, revoked({})), () => Ogpu.readOnly({ network: { ...network, gatewayUrl: revoked([]) } }),
    () => fetched({ account: 1 }), () => fetched({ policy: 1 }), () => fetched({ policy: null }), () => new ChatOpenGradient(), () => new ChatOpenGradient({}), () => new ChatOpenGradient({ model: revoked({}) }),
    () => viemChain({ ...network, nativeCurrency: revoked({}) }), () => toNodeHandler(), ...[undefined, {}, revoked({}), { headers: new Headers(), url: 1, method: "GET" }].map((request) => () => createRelay({ upstreams: [] })(request)), () => toNodeHandler(async () => new Response())({}, {}), () => toNodeHandler(async () => new Response())(revoked({}), revoked({})),
    () => discoverWallets({ signal: "x" }), () => discoverWallets({ timeout: Symbol("x") }), () => discoverWallets({ timeout: Number.NaN }), () => toAiTool(revoked(() => {}), () => {}), () => toAiTool(undefined, () => {}),
  ]) assert.equal((await failure(run)).code, "invalidInput", String(run));
  await preload(revoked({}));
  ogpu.free();
});

test("a response of Node's that neither drains nor closes is given up after an hour", { timeout: 10_000 }, async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] });
  let wrote;
  const written = new Promise((resolve) => (wrote = resolve));
  let destroyed = 0;
  const outgoing = { on() {}, writeHead() {}, write: () => (wrote(), false), end() {}, destroy: () => (destroyed += 1), destroyed: false };
  const done = toNodeHandler(async () => new Response("x"))({ method: "GET", url: "/", headers: {}, complete: true }, outgoing);
  await written;
  await null;
  mock.timers.tick(3_600_000);
  await done;
  assert.equal(destroyed, 1);
});

test("what hangs on an object of the caller's class is looked at: a proxy in it that was revoked leaves the module as it was", async () => {
  class Options { constructor(members) { Object.assign(this, members); } }
  for (const member of ["timeout", "maxBytes", "race", "signal"]) {
    const error = await failure(() => fetchIpfs(`ipfs://${CID}`, new Options({ [member]: revoked(() => {}) })));
    assert.ok(error instanceof InvalidInputError && error.field === `options.${member}`, `${member}: ${error}`);
  }
  // A getter of the class gives its answer to Rust directly.
  const later = new (class { get timeout() { return revoked(() => {}); } get gateways() { return revoked([]); } })();
  assert.ok(isOgError(await failure(() => fetchIpfs(`ipfs://${CID}`, later)), "invalidInput"));
  await alive();
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
