// `ogkit/react` in React 19: a page in StrictMode in headless Chromium, on the devnet; and on a server.
import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";
import { build } from "esbuild";

import { serve } from "../../www/serve.mjs";
import { startDevnet } from "../devnet/index.mjs";
import { ARGS, open } from "../e2e/browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const alias = { "ogkit/react": join(root, "pkg/react.js"), "ogkit/ogpu": join(root, "pkg/ogpu.js") };

describe("ogkit/react", () => {
  let folder, devnet, site, browser, html;
  before(async () => {
    mkdirSync(join(root, "target"), { recursive: true });
    folder = mkdtempSync(join(root, "target/react-"));
    const common = { bundle: true, format: "esm", jsx: "automatic", alias, logLevel: "error", target: "es2022", define: { "process.env.NODE_ENV": '"development"' } };
    await build({ ...common, entryPoints: [join(root, "tests/react/app.jsx")], outfile: join(folder, "site/app.js") });
    cpSync(join(root, "pkg/wasm"), join(folder, "site/wasm"), { recursive: true });
    await build({ ...common, entryPoints: [join(root, "tests/react/parts.jsx")], outfile: join(folder, "server.mjs"), platform: "node", external: ["react", "react/jsx-runtime", join(root, "pkg/*")] });
    devnet = await startDevnet();
    html = await rendered();
    const page = (inner) => `<!doctype html><title>t</title><link rel="icon" href="data:,"><div id="root">${inner}</div><script type="module" src="app.js"></script>`;
    writeFileSync(join(folder, "site/index.html"), page(""));
    writeFileSync(join(folder, "site/hydrated.html"), page(html));
    [site, browser] = await Promise.all([serve({ devnet, root: join(folder, "site") }), chromium.launch({ executablePath: "/usr/bin/chromium", args: ARGS })]);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await devnet?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The app as a server renders it: no page, no request, no WebAssembly. */
  async function rendered() {
    assert.equal(typeof globalThis.window, "undefined");
    const { fetch: real } = globalThis;
    globalThis.fetch = () => assert.fail("a request while rendering on a server");
    try {
      const [{ App }, { createElement }, { renderToString }] = await Promise.all([import(pathToFileURL(join(folder, "server.mjs"))), import("react"), import("react-dom/server")]);
      const { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl } = devnet;
      const app = createElement(App, { network: { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl } });
      return renderToString(createElement("button", { id: "toggle" }, "toggle")) + renderToString(app);
    } finally {
      globalThis.fetch = real;
    }
  }

  const has = (page, selector, text) => page.locator(selector).filter({ hasText: text }).waitFor();

  test("renders on a server, and hydrates without a difference", async () => {
    assert.match(html, /<p id="status">disconnected<\/p>/);
    const { page, problems } = await open(browser, `${site.url}hydrated.html`);
    await has(page, ".wallet", "Dev");
    await has(page, "#unknown", "taskNotFound");
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  test("connect, deposit, publish, follow, reject, lock: in StrictMode", async () => {
    const { page, problems } = await open(browser, site.url);
    await has(page, "#unknown", "taskNotFound");
    await page.click(".wallet");
    await has(page, "#status", /^connected$/);
    await has(page, "#account", devnet.accounts.find(({ role }) => role === "client").address);
    await has(page, "#balance", /^0$/);

    await page.evaluate(() => (globalThis.say = false));
    await page.click("#deposit");
    await has(page, "#deposit-status", "failed walletRejected");
    await page.evaluate(() => (globalThis.say = true));
    await page.dblclick("#deposit");
    await has(page, "#deposit-status", "done");
    await has(page, "#balance", /^1$/);

    await page.click("#publish");
    await has(page, "#publish-status", "done");
    await has(page, "#task", "RESPONDED");
    await has(page, "#events", /taskPublished attempted.*responseSubmitted/);
    const logs = (await page.getAttribute("#events", "data-logs")).split(" ");
    assert.equal(new Set(logs).size, logs.length, "no event twice");

    await page.evaluate(() => globalThis.wallet.user.lock());
    await has(page, "#status", /^disconnected$/);
    await has(page, "#account", "none");
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  test("what is unmounted leaves nothing behind, and comes back", async () => {
    const { page, problems } = await open(browser, site.url);
    await page.click(".wallet");
    await has(page, "#status", /^connected$/);
    await page.click("#deposit");
    await has(page, "#deposit-status", "done");
    await page.click("#publish");
    await has(page, "#events", "responseSubmitted");
    assert.ok((await page.evaluate(() => globalThis.counts.listeners)) > 0);
    await page.click("#toggle");
    await page.waitForTimeout(300);
    const before = await page.evaluate(() => ({ ...globalThis.counts }));
    assert.equal(before.listeners, 0);
    await page.waitForTimeout(1000);
    assert.equal(await page.evaluate(() => globalThis.counts.requests), before.requests, "no watcher goes on");
    await page.click("#toggle");
    await has(page, "#status", /^disconnected$/);
    await page.click(".wallet");
    await has(page, "#status", /^connected$/);
    await page.click("#disconnect");
    await has(page, "#status", /^disconnected$/);
    assert.deepEqual(problems, []);
    await page.context().close();
  });
});
