// What works before any WebAssembly is loaded.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { parseUnits as ethersParseUnits } from "ethers";
import { formatUnits as viemFormatUnits } from "viem";

import * as errors from "../../pkg/errors.js";
import * as api from "../../pkg/ogpu.js";

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
});

test("the exported names are a decision", () => {
  const classes = Object.keys(api).filter((name) => /^[A-Z].*Error$/.test(name));
  assert.equal(classes.length, 62);
  assert.deepEqual(Object.keys(api).filter((name) => !/^[A-Z].*Error$/.test(name)).sort(), [
    "ChainConfig", "ChainId", "DeliveryMethod", "Environment", "IpfsContent", "Master", "Ogpu", "Provider", "Response", "ResponseStatus", "Source", "SourceStatus", "Task",
    "TaskStatus", "cidOf", "clearAllNonceCaches", "combineEnvironments", "discoverWallets", "environmentNames", "parseEnvironments", "fetchIpfs", "fetchIpfsBytes", "fetchIpfsJson", "fetchIpfsStream", "formatEther", "formatUnits", "isOgError",
    "networks", "parseEther", "parseUnits", "preload", "publishToIpfs", "setLogLevel", "watchWallets",
  ].sort());
});
