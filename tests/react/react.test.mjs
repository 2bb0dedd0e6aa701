// `ogkit/react` in React 19: a page in StrictMode in headless Chromium, on the devnet; and on a server.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { serve } from "../../www/serve.mjs";
import { startDevnet } from "../devnet/index.mjs";
import { launch, open } from "../e2e/browser.mjs";
import { buildSite, has } from "./site.mjs";

describe("ogkit/react", () => {
  let built, devnet, site, browser, html;
  before(async () => {
    built = await buildSite("app.jsx", "parts.jsx");
    devnet = await startDevnet();
    const { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl } = devnet;
    html = await built.render(["toggle"], { network: { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl } });
    [site, browser] = await Promise.all([serve({ devnet, root: built.site }), launch()]);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await devnet?.stop();
    built?.remove();
  });

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

  test("what is unmounted leaves nothing behind, and comes back", { timeout: 300_000 }, async () => {
    const { page, problems } = await open(browser, site.url);
    await page.click(".wallet");
    await has(page, "#status", /^connected$/);
    await page.click("#deposit");
    await has(page, "#deposit-status", "done");
    await page.click("#publish");
    await has(page, "#events", "responseSubmitted");
    assert.ok((await page.evaluate(() => globalThis.counts.listeners)) > 0);
    await page.click("#toggle");
    await page.waitForFunction(() => globalThis.counts.listeners === 0);
    // What was under way ends; a watcher, which looks five times a second, would never let two seconds of the page pass without a request.
    await page.evaluate(async () => {
      let seen;
      for (let ticks = 0; ticks < 20; ticks++) {
        if (seen !== globalThis.counts.requests) [seen, ticks] = [globalThis.counts.requests, 0];
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    });
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
