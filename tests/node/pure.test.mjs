// What works before any WebAssembly is loaded.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseUnits as ethersParseUnits } from "ethers";
import { formatUnits as viemFormatUnits } from "viem";

import * as errors from "../../pkg/errors.js";
import * as api from "../../pkg/ogpu.js";
import { unwrapWallet } from "../../pkg/provider.js";

const { ChainConfig, InvalidInputError, OgError, discoverWallets, formatUnits, isOgError, parseEther, parseUnits, watchWallets } = api;

test("units: exact or refused", () => {
  const good = [["0", 18, 0n], ["1", 18, 10n ** 18n], ["0.01", 18, 10n ** 16n], ["123.45", 2, 12345n], ["007", 0, 7n], ["1.0", 1, 10n]];
  const bad = ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1_0", "0x1", "1,0", "1.0000000000000000001", "9".repeat(79), "9".repeat(200)];
  for (const [text, decimals, value] of good) assert.equal(parseUnits(text, decimals), value);
  for (const text of bad) assert.throws(() => parseUnits(text, 18), InvalidInputError, text);
  assert.equal(formatUnits(10n ** 16n, 18), "0.01");
  assert.equal(formatUnits(0n, 18), "0");
  assert.equal(formatUnits(12345n, 0), "12345");
  for (const value of [-1n, 1, 2n ** 256n]) assert.throws(() => formatUnits(value, 18), InvalidInputError);
  assert.throws(() => parseEther(1), InvalidInputError);
});

test("units: as viem and ethers have them, to the last bit of 256, and back", () => {
  const values = [0n, 2n ** 256n - 1n];
  for (let bit = 0n; bit < 256n; bit++) values.push(1n << bit, (1n << bit) - 1n, (0x9e3779b97f4a7c15n << bit) % 2n ** 256n);
  for (const value of values) {
    for (const decimals of [0, 1, 6, 18, 77]) {
      const text = formatUnits(value, decimals);
      assert.equal(text, viemFormatUnits(value, decimals));
      assert.equal(parseUnits(text, decimals), value);
      assert.equal(parseUnits(text, decimals), ethersParseUnits(text, decimals));
    }
  }
});

test("errors: code, class, brand across copies", async () => {
  const copy = await import("../../pkg/errors.js?copy");
  const error = copy.makeError({ name: "TaskExpiredError", code: "taskExpired", message: "m", fields: { expiry: 5 } });
  assert.equal(error instanceof OgError, false);
  assert.equal(isOgError(error), true);
  assert.equal(isOgError(error, "taskExpired"), true);
  assert.equal(isOgError(error, "walletRejected"), false);
  assert.equal(error.name, "TaskExpiredError");
  assert.equal(error.expiry, 5);
  for (const other of [undefined, null, "x", {}, new Error("x"), { code: "taskExpired" }]) assert.equal(isOgError(other), false);
});

test("every code of the core has its class", () => {
  const core = readFileSync(new URL("../../src/error/kind.rs", import.meta.url), "utf8");
  const pairs = [...core.matchAll(/=> \("(\w+)", "(\w+)"\)/g)];
  assert.ok(pairs.length > 35);
  assert.equal(new Set(pairs.map(([, code]) => code)).size, pairs.length);
  for (const [, , name] of pairs) assert.equal(typeof errors[name], "function", name);
});

test("the frames of a stack in the WebAssembly have names beside it", async () => {
  let stack = "";
  const network = { get contracts() { return (stack = new Error("here").stack); } };
  await assert.rejects(api.Ogpu.readOnly({ network }), InvalidInputError);
  const frames = [...stack.matchAll(/wasm-function\[(\d+)\]/g)].map(([, number]) => number);
  const names = new Map(readFileSync(new URL("../../pkg/wasm/ogpu/symbols.txt", import.meta.url), "utf8").split("\n").map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 1)]));
  assert.ok(frames.length > 1);
  assert.match(frames.map((number) => names.get(number)).join("\n"), /js_sys::Reflect::get\n<ogkit::js::input::Input>::member\n<ogkit::js::input::Input>::get\nogkit::js::ogpu::options::network/);
});

test("no chain is current until one is set", async () => {
  const fresh = await import("../../pkg/networks.js?fresh");
  const config = fresh.chainConfig(async () => {});
  assert.throws(() => config.getCurrentChain(), (error) => isOgError(error, "chainNotSupported"));
  assert.throws(() => ChainConfig.setChain(5), (error) => isOgError(error, "chainNotSupported") && error.chainId === 5);
  ChainConfig.setChain(1071);
  assert.throws(() => ChainConfig.getContractAddress("toString"), InvalidInputError);
});

describe("wallets", () => {
  test("none without a page", async () => {
    assert.deepEqual(await discoverWallets(), []);
    await assert.rejects(discoverWallets({ signal: AbortSignal.abort("no") }), (reason) => reason === "no");
  });

  test("announced, once each, hostile ones cut, late ones told", async (t) => {
    globalThis.window = new EventTarget();
    t.after(() => delete globalThis.window);
    const fresh = await import("../../pkg/wallets.js?page");
    const provider = (name) => ({ name, request: async () => name });
    const announce = (detail) => window.dispatchEvent(Object.assign(new Event("eip6963:announceProvider"), { detail }));
    const info = (uuid, more = {}) => ({ uuid, name: `Wallet ${uuid}`, icon: "data:image/png;base64,AA", rdns: `com.${uuid}`, ...more });
    const one = provider("one");
    window.addEventListener("eip6963:requestProvider", () => announce({ info: info("1"), provider: one }));
    window.ethereum = provider("injected");
    const told = [];
    const stop = fresh.watchWallets((wallets) => told.push(wallets.map(({ uuid }) => uuid)));
    announce({ info: info("2", { icon: "https://evil/x.svg", name: "x".repeat(1000) }), provider: provider("two") });
    announce({ info: info("3"), provider: {} });
    announce(null);
    announce({ info: info("1"), provider: provider("again") });
    const found = await fresh.discoverWallets({ timeout: 1 });
    assert.deepEqual(found.map(({ uuid }) => uuid), ["1", "2"]);
    assert.equal(found[0].provider, one);
    assert.equal(found[1].icon, "");
    assert.equal(found[1].name.length, 200);
    assert.ok(Object.isFrozen(found[0]));
    assert.deepEqual(told.at(-1), ["1", "2"]);
    stop();
  });

  test("window.ethereum where nobody announces", async (t) => {
    globalThis.window = new EventTarget();
    t.after(() => delete globalThis.window);
    window.ethereum = { providers: [{ request() {} }, { request() {} }, "x"] };
    const fresh = await import("../../pkg/wallets.js?old");
    assert.deepEqual((await fresh.discoverWallets({ timeout: 1 })).map(({ rdns }) => rdns), ["window.ethereum", "window.ethereum"]);
  });

  const fights = new Proxy({}, { get() { throw new Error("no"); }, has() { throw new Error("no"); }, ownKeys() { throw new Error("no"); } });
  const revoked = () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  };
  const page = (t, ethereum) => {
    globalThis.window = new EventTarget();
    t.after(() => delete globalThis.window);
    if (typeof ethereum === "function") Object.defineProperty(window, "ethereum", { get: ethereum });
    else window.ethereum = ethereum;
    const provider = () => ({ request: async () => null });
    const announce = (detail) => window.dispatchEvent(Object.assign(new Event("eip6963:announceProvider"), { detail }));
    const wallet = (uuid, more = {}) => ({ info: { uuid, name: `Wallet ${uuid}`, icon: "data:image/png;base64,AA", rdns: `com.${uuid}`, ...more }, provider: provider() });
    return { announce, wallet, provider };
  };
  let copies = 0;
  const fresh = () => import(`../../pkg/wallets.js?fresh-${copies++}`);

  test("a window.ethereum that throws or fights keeps nothing from settling", async (t) => {
    const good = { request() {} };
    const thrower = () => { throw new Error("a getter that throws"); };
    const cases = [
      [thrower, 0], [fights, 0], [revoked(), 0], [{ providers: fights, ...good }, 1], [{ providers: revoked(), ...good }, 1],
      [{ get providers() { throw new Error("no"); }, ...good }, 1], [{ get request() { throw new Error("no"); } }, 0],
      [{ providers: [fights, revoked(), good, null, good] }, 1], [{ providers: { length: { valueOf: thrower } }, ...good }, 1],
      [{ providers: Array.from({ length: 100_000 }, () => ({ ...good })) }, 16],
    ];
    for (const [ethereum, expected] of cases) {
      const { announce, wallet } = page(t, ethereum);
      const { discoverWallets, watchWallets } = await fresh();
      const told = [];
      const stop = watchWallets((all) => told.push(all.length));
      assert.equal((await discoverWallets({ timeout: 1 })).length, expected);
      window.dispatchEvent(new Event("ethereum#initialized"));
      for (const detail of [fights, revoked(), { info: fights, provider: good }, { info: {}, provider: good }, { info: wallet("x").info, provider: fights }]) announce(detail);
      announce(wallet("honest"));
      assert.deepEqual((await discoverWallets({ timeout: 1 })).map(({ uuid }) => uuid), ["honest"]);
      assert.equal(told.at(-1), 1);
      assert.equal(unwrapWallet(fights), fights);
      stop();
    }
  });

  test("names are cut, and an icon is an image in its own URI", async (t) => {
    const { announce, wallet } = page(t);
    const { discoverWallets } = await fresh();
    await discoverWallets({ timeout: 1 });
    const icons = ["https://evil/x.png", "http://evil/x.png", "javascript:alert(1)", "data:text/html,<script>", "//evil", `data:image/png,${"A".repeat(200_000)}`, 5, null];
    icons.forEach((icon, index) => announce(wallet(`bad-${index}`, { icon })));
    announce(wallet("svg", { icon: "data:image/svg+xml,<svg/>", name: `${"x".repeat(199)}😀`, rdns: "r".repeat(1e6) }));
    announce(wallet("n".repeat(1e6), { name: { toString: () => "no" } }));
    const all = await discoverWallets({ timeout: 1 });
    assert.deepEqual(all.slice(0, icons.length).map(({ icon }) => icon), icons.map(() => ""));
    assert.deepEqual([all.at(-2).icon, all.at(-2).name, all.at(-2).rdns.length], ["data:image/svg+xml,<svg/>", "x".repeat(199), 200]);
    assert.deepEqual([all.at(-1).uuid.length, all.at(-1).name], [200, "Wallet"]);
  });

  test("a flood crowds out only itself, and is bounded", async (t) => {
    for (const flood of [
      (index) => ({ rdns: `com.flood-${index}` }),
      () => ({ rdns: "com.flood" }),
      () => ({ rdns: "com.first" }),
    ]) {
      const { announce, wallet, provider } = page(t);
      const { discoverWallets, watchWallets } = await fresh();
      let tellings = 0;
      const stop = watchWallets(() => tellings++);
      const same = provider();
      announce(wallet("first"));
      for (let index = 0; index < 20_000; index++) {
        const made = wallet(`flood-${index}`, flood(index));
        announce(index % 2 ? { ...made, provider: same } : made);
        if (index === 10_000) announce(wallet("middle"));
      }
      announce(wallet("late"));
      // A wallet announces itself again when it is asked to.
      const middle = wallet("middle");
      window.addEventListener("eip6963:requestProvider", () => announce(middle));
      const all = await discoverWallets({ timeout: 1 });
      const uuids = all.map(({ uuid }) => uuid);
      for (const honest of ["first", "middle", "late"]) assert.ok(uuids.includes(honest), `${honest} in ${uuids.length}`);
      assert.equal(new Set(uuids).size, uuids.length);
      assert.ok(all.length <= 128, String(all.length));
      assert.ok(all.filter((one) => one.provider === same).length <= 8);
      assert.ok(tellings < 60, `${tellings} tellings`);
      stop();
    }
  });

  test("a flood at every request, and a listener that throws, keep no wallet from being listed", async (t) => {
    const { announce, wallet } = page(t);
    const { discoverWallets, watchWallets } = await fresh();
    let round = 0;
    const honest = wallet("honest");
    window.addEventListener("eip6963:requestProvider", () => {
      round++;
      for (let index = 0; index < 1000; index++) announce(wallet(`flood-${round}-${index}`));
    });
    window.addEventListener("eip6963:requestProvider", () => announce(honest));
    const thrown = [];
    globalThis.reportError = (error) => thrown.push(error);
    t.after(() => delete globalThis.reportError);
    let calls = 0;
    const stop = watchWallets(() => {
      if (calls++ === 1) throw new Error("a listener's own");
    });
    const all = await discoverWallets({ timeout: 1 });
    stop();
    assert.ok(all.some(({ uuid }) => uuid === "honest"));
    assert.deepEqual(thrown.map(({ message }) => message), ["a listener's own"]);
  });
});

test("the exported names are a decision", () => {
  const classes = Object.keys(api).filter((name) => /^[A-Z].*Error$/.test(name));
  assert.equal(classes.length, 64);
  assert.deepEqual(Object.keys(api).filter((name) => !/^[A-Z].*Error$/.test(name)).sort(), [
    "ChainConfig", "ChainId", "DeliveryMethod", "Environment", "IpfsContent", "Master", "Ogpu", "Provider", "Response", "ResponseStatus", "Source", "SourceStatus", "Task",
    "TaskStatus", "cidOf", "clearAllNonceCaches", "combineEnvironments", "discoverWallets", "environmentNames", "parseEnvironments", "fetchIpfs", "fetchIpfsBytes", "fetchIpfsJson", "fetchIpfsStream", "formatEther", "formatUnits", "isOgError",
    "networks", "parseEther", "parseUnits", "preload", "publishToIpfs", "setLogLevel", "watchWallets",
  ].sort());
});
