// Two pages of one origin publish at once: every task once, every nonce once, whatever a wallet or a page does meanwhile.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "vite";

import { Ogpu, parseEther } from "../../pkg/ogpu.js";
import { serve } from "../../www/serve.mjs";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { launch, newPage } from "./browser.mjs";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
/** The page: the package and the development wallet, and a function to publish many tasks at once. */
const PAGE = `
import { Ogpu, isOgError } from ${JSON.stringify(path("../../pkg/ogpu.js"))};
import { createWallet } from ${JSON.stringify(path("../devnet/wallet.mjs"))};
const { chainId, rpcUrl, accounts, name, contracts, pinUrl, gatewayUrl } = await (await fetch("/devnet.json")).json();
const { privateKey } = accounts.find(({ role }) => role === "client");
window.windows = 0;
window.start = async ({ source, count, rejectEach = 0, loseEach = 0, hang = false }) => {
  window.windows = 0;
  const approve = ({ method }) => {
    if (method !== "eth_sendTransaction") return true;
    window.windows += 1;
    if (hang && window.windows === 3) return new Promise(() => {});
    return !(rejectEach && window.windows % rejectEach === 0);
  };
  const wallet = createWallet({ privateKey, chains: { [chainId]: rpcUrl }, chainId, approve });
  let sent = 0;
  const request = async (asked) => {
    const answer = await wallet.request(asked);
    if (asked.method === "eth_sendTransaction" && loseEach && ++sent % loseEach === 0) throw Object.assign(new Error("the answer was lost"), { code: -32603 });
    return answer;
  };
  const ogpu = await Ogpu.connect({ wallet: { ...wallet, request }, network: { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl } });
  const expiryTime = Math.floor(Date.now() / 1000) + 3000;
  const one = (index) => ogpu.publishTask({ source, config: { functionName: "f", data: index }, expiryTime, payment: 1n }).then(
    ({ address, receipt }) => ({ task: address, nonce: receipt.nonce }),
    (error) => ({ code: isOgError(error) ? error.code : "none", message: String(error) }),
  );
  return Promise.all(Array.from({ length: count }, (_, index) => one(index)));
};
document.title = "ready";
`;

describe("two tabs", () => {
  let devnet, site, folder, browser, context, ogpu, source;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "ogkit-tabs-"));
    writeFileSync(join(folder, "index.html"), '<!doctype html><title>loading</title><link rel="icon" href="data:,"><script type="module" src="./page.js"></script>');
    writeFileSync(join(folder, "page.js"), PAGE);
    const bundle = build({
      root: folder, configFile: false, logLevel: "error", build: { target: "es2022", outDir: "dist", assetsInlineLimit: 0 },
      resolve: { alias: { viem: path("../../node_modules/viem") } }, server: { fs: { strict: false } },
    });
    [devnet, browser] = await Promise.all([startDevnet({ provider: false }), launch(), bundle]);
    site = await serve({ devnet, root: join(folder, "dist") });
    context = await browser.newContext();
    const { privateKey } = devnet.accounts.find(({ role }) => role === "client");
    ogpu = await Ogpu.connect({ wallet: createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId }), network: networkOf(devnet) });
    await ogpu.vault.deposit(ogpu.account, parseEther("1"));
    const terms = { name: "n", description: "", logoUrl: "", imageEnvs: { cpu: "https://example.com/c.yml" }, minPayment: 1n, minAvailableLockup: 1n, maxExpiryDuration: 86400 };
    source = await ogpu.publishSource(terms);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await devnet?.stop();
    if (folder) rmSync(folder, { recursive: true, force: true });
  });
  const tab = async () => {
    const page = await newPage(context);
    await page.goto(site.url);
    await page.waitForFunction(() => document.title === "ready");
    return page;
  };
  /** What both tabs' calls became, and the tasks and nonces that came of them. */
  const both = async (options) => {
    const [tabs, tasks, { pendingNonce }] = [await Promise.all([tab(), tab()]), await source.getTaskCount(), await ogpu.getNonceInfo()];
    const results = (await Promise.all(tabs.map((page) => page.evaluate((given) => window.start(given), { source: source.address, ...options })))).flat();
    const strange = results.filter(({ code }) => code && code !== "walletRejected");
    assert.deepEqual(strange, []);
    const published = results.filter(({ task }) => task);
    const { pendingNonce: after, hasPending } = await ogpu.getNonceInfo();
    assert.equal(hasPending, false);
    assert.deepEqual(published.map(({ nonce }) => nonce).sort((a, b) => a - b), Array.from({ length: published.length }, (_, index) => pendingNonce + index), "no gap, no double");
    assert.equal(after, pendingNonce + published.length);
    const added = (await source.getTasks(tasks)).map(({ address }) => address);
    assert.deepEqual(added.sort(), published.map(({ task }) => task).sort(), "each task once");
    await Promise.all(tabs.map((page) => page.close()));
    return results;
  };

  test("fifty tasks at once", async () => {
    const results = await both({ count: 25 });
    assert.deepEqual(results.filter(({ code }) => code), []);
    assert.equal(results.length, 50);
  });

  test("every tenth signature rejected", async () => {
    const codes = (await both({ count: 25, rejectEach: 10 })).map(({ code }) => code).filter(Boolean);
    assert.deepEqual(codes, Array(4).fill("walletRejected"));
  });

  test("every tenth answer lost after it was sent", async () => {
    const results = await both({ count: 25, loseEach: 10 });
    assert.deepEqual(results.filter(({ code }) => code), []);
  });

  test("a page that is closed while its wallet's window is open leaves nothing behind", async () => {
    const [first, second] = [await tab(), await tab()];
    const { pendingNonce } = await ogpu.getNonceInfo();
    const options = { source: source.address, count: 5 };
    const gone = first.evaluate((given) => window.start(given), { ...options, hang: true }).catch(() => "closed");
    await first.waitForFunction(() => window.windows === 3);
    const other = second.evaluate((given) => window.start(given), options);
    await first.close();
    assert.equal(await gone, "closed");
    const results = await other;
    assert.deepEqual(results.map(({ nonce }) => nonce).sort((a, b) => a - b), [2, 3, 4, 5, 6].map((index) => pendingNonce + index));
    await second.close();
  });
});
