// The dApp as a person uses it, in headless Chromium, with an EIP-6963 wallet in the page.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { approve, connect, logged, newPage, open, reject, stage } from "./browser.mjs";

describe("the dApp", () => {
  let set;
  before(async () => {
    set = await stage();
  });
  after(() => set?.stop());

  test("publish to confirm, with a rejection and a reload in the middle", async () => {
    const { page, problems } = await open(set.browser, set.url);
    await connect(page);
    assert.match(await page.getByTestId("balance").textContent(), /OGPU/);

    await page.getByTestId("deposit").click();
    await reject(page);
    assert.match(await page.getByTestId("error").textContent(), /You rejected the request in your wallet\. Nothing was sent/);
    await logged(page, "You rejected in your wallet: Deposit");
    assert.equal(await page.locator('[data-testid="log"] li.bad').count(), 1);
    await page.getByTestId("deposit").click();
    await approve(page);
    await logged(page, "Deposited 1 OGPU");
    await page.getByTestId("vault-balance").getByText("1 OGPU", { exact: true }).waitFor();

    await page.getByTestId("publish-source").click();
    await approve(page);
    await logged(page, "Source published");
    await page.getByTestId("publish-task").click();
    await approve(page);
    await logged(page, "Task published");
    await page.getByTestId("proof").waitFor();

    await page.reload();
    await page.getByTestId("network").waitFor();
    assert.match(await page.getByTestId("proof").textContent(), /Verified: these \d+ bytes hash to their CID \(unixfs-v0-2015\)/);
    assert.match(await page.getByTestId("answer").textContent(), /"result": "positive"/);
    await page.getByTestId("confirm").click();
    await approve(page);
    assert.match(await page.getByTestId("paid").textContent(), /0\.01 OGPU went to the provider/);
    await logged(page, "The task is finalized");
    await page.getByTestId("vault-balance").getByText("0.99 OGPU", { exact: true }).waitFor();
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  test("a wallet on another chain is asked to add and switch; one that refuses is told so", async () => {
    const { page, problems } = await open(set.browser, `${set.url}?walletChain=1`);
    await page.getByTestId("wallet-dev.ogkit.wallet").click();
    await approve(page);
    await reject(page);
    assert.match(await page.getByTestId("error").textContent(), /You rejected the request/);
    await logged(page, "You rejected the connection in your wallet");
    await connect(page, 2);
    assert.match(await page.getByTestId("network").textContent(), /chain 31337/);
    assert.deepEqual(problems, []);
    await page.context().close();
  });

  test("a window.ethereum that throws and a flood of announcements hide no wallet", async () => {
    const context = await set.browser.newContext();
    const page = await newPage(context);
    await page.addInitScript(() => {
      Object.defineProperty(window, "ethereum", { get() { throw new Error("a getter that throws"); } });
      let count = 0;
      window.addEventListener("eip6963:requestProvider", () => {
        for (const end = count + 500; count < end; count++) {
          const info = { uuid: `flood-${count}`, name: "Flood ".repeat(1000), icon: count % 2 ? "javascript:alert(1)" : "https://evil.example/x.png", rdns: `com.flood${count}` };
          const provider = count % 3 ? { request: async () => [] } : new Proxy({ request() {} }, { has() { throw new Error("no"); } });
          window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail: Object.freeze({ info, provider }) }));
        }
      });
    });
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(set.url);
    await connect(page);
    await page.reload();
    await page.getByTestId("network").waitFor();
    assert.ok(!asked.some((url) => url.includes("evil.example")), "no icon was fetched");
    await context.close();
  });

  test("mistakes are explained, and nothing is sent", async () => {
    const { page } = await open(set.browser, `${set.url}?autoapprove`);
    await connect(page, 0);
    await page.getByLabel("Service (address)").fill("0x1234");
    await page.getByTestId("publish-task").click();
    assert.match(await page.getByTestId("error").textContent(), /Please check info\.source/);
    await page.getByLabel("Amount to deposit, OGPU").fill("1000000");
    await page.getByTestId("deposit").click();
    await page.getByText("does not cover this amount").waitFor();
    await page.context().close();
  });

  test("at phone width nothing overflows, and the keyboard reaches everything", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const { page } = await open(set.browser, `${set.url}?autoapprove`, { viewport: { width: 320, height: 640 }, colorScheme });
      await page.getByTestId("wallet-dev.ogkit.wallet").focus();
      await page.keyboard.press("Enter");
      await page.getByTestId("network").waitFor();
      await page.getByTestId("deposit").press("Enter");
      await logged(page, "Deposited");
      await page.getByTestId("publish-source").press("Enter");
      await logged(page, "Source published");
      await page.getByTestId("publish-task").press("Enter");
      await logged(page, "CID verified");
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
      await page.context().close();
    }
  });

  test("a hostile text from the network stays text", async () => {
    const { page, problems } = await open(set.browser, `${set.url}?autoapprove`);
    await connect(page, 0);
    await page.getByTestId("deposit").click();
    await logged(page, "Deposited");
    await page.getByTestId("publish-source").click();
    await logged(page, "Source published");
    await page.locator('textarea[name="text"]').fill("<img src=x onerror=alert(1)> love");
    await page.getByTestId("publish-task").click();
    await page.getByTestId("proof").waitFor();
    assert.equal(await page.locator("#responses img").count(), 0);
    assert.deepEqual(problems, []);
    await page.context().close();
  });
});
