// The dApp's pages against axe: no violation, in light and dark, empty and in use.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, test } from "node:test";

import { approve, connect, logged, open, reject, stage } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function violations(page) {
  // Evaluated by the debugger, which the page's own policy does not bind.
  await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return found.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ").slice(0, 300)}`);
}

describe("axe", () => {
  let set;
  before(async () => {
    set = await stage({ opengradient: {} });
  });
  after(() => set?.stop());

  for (const colorScheme of ["light", "dark"]) {
    test(`finds nothing in the dApp, ${colorScheme}`, async () => {
      const { page } = await open(set.browser, set.url, { colorScheme });
      await page.getByTestId("wallet-dev.ogkit.wallet").waitFor();
      assert.deepEqual(await violations(page), []);
      await connect(page);
      await page.getByTestId("deposit").click();
      await approve(page);
      await logged(page, "Deposited 1 OGPU");
      await page.getByTestId("publish-source").click();
      await approve(page);
      await logged(page, "Source published");
      assert.deepEqual(await violations(page), []);
      await page.context().close();
    });

    test(`finds nothing in the chat, ${colorScheme}`, async () => {
      const { page } = await open(set.browser, new URL("chat.html", set.url).href, { colorScheme });
      await page.getByTestId("wallet-dev.ogkit.wallet").waitFor();
      assert.deepEqual(await violations(page), []);
      await connect(page);
      await page.getByTestId("approve").click();
      await reject(page);
      await logged(page, "You rejected the approval in your wallet");
      assert.deepEqual(await violations(page), []);
      await page.context().close();
    });
  }
});
