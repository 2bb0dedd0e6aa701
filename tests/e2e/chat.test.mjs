// The chat page as a person uses it: approve, see the price, watch the answer come, see its proof.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { approve, connect, logged, open, reject, stage } from "./browser.mjs";

/** Chromium tells of every 402, which is how a price is learnt. */
const real = (problems) => problems.filter((problem) => !/status of 402/.test(problem));

describe("the chat page", () => {
  let set, url;
  before(async () => {
    set = await stage({ opengradient: {} });
    url = `${set.url}chat.html`;
  });
  after(() => set?.stop());

  const ask = async (page, question) => {
    await page.getByLabel("Your question").fill(question);
    await page.getByTestId("ask").click();
  };

  test("approve, decline, pay, watch, go on in the same session, stop", async () => {
    const { page, problems } = await open(set.browser, url);
    await connect(page);
    await page.getByText("1000 OPG").waitFor();

    // Without an allowance there is nothing to ask with.
    await page.getByText("0 OPG are approved: approve payments in step 2 first.").waitFor();
    assert.ok(await page.getByTestId("ask").isDisabled());
    await page.getByTestId("approve").click();
    await reject(page);
    assert.match(await page.locator("#approval").getByTestId("error").textContent(), /You rejected the request/);
    await logged(page, "You rejected the approval in your wallet");
    await page.getByTestId("approve").click();
    await approve(page);
    await page.getByText("Approved: payments may move 1 OPG").waitFor();
    await page.getByTestId("opg-allowance").getByText("1 OPG").waitFor();
    await logged(page, /^Payments of up to 1 OPG approved 0x/);

    await ask(page, "What is an enclave?");
    await page.getByText("The price waits for your approval…").waitFor();
    await page.getByTestId("decline").click();
    assert.match(await page.getByTestId("error").textContent(), /You declined the payment. Nothing was signed/);
    await logged(page, /^You declined to pay up to 0\.1 OPG to 0x/);
    await ask(page, "What is an enclave?");
    assert.match(await page.getByTestId("payment").textContent(), /Pay up to 0\.1 OPG\?.*Receiver0x/s);
    await page.getByTestId("pay").click();
    await reject(page);
    await logged(page, /^You rejected the payment of up to 0\.1 OPG in your wallet, to 0x/);
    let held = set.opengradient.gateway.hold(3);
    await ask(page, "What is an enclave?");
    await page.getByTestId("pay").click();
    await approve(page);
    // As it is written: the text is there before the proof is.
    const answer = page.getByTestId("answer").first();
    await page.waitForFunction(() => (document.querySelector('[data-testid="answer"]')?.textContent ?? "").length > 5);
    const [early, proofs] = [await answer.textContent(), await page.getByTestId("proof").count()];
    held.release();
    await page.getByTestId("proof").waitFor();
    assert.equal(proofs, 0);
    assert.ok((await answer.textContent()).length > early.length);
    assert.match(await page.getByTestId("cost").textContent(), /Paid by a new signature, good for up to 0\.1 OPG; it is charged when the session ends/);
    await page.getByText("Proof and receipt").click();
    assert.match(await page.getByTestId("receipt").textContent(), /Enclave0x.*The signature coversthe text.*Signed at.*Request hash0x.*Paid to0x.*Payment nonce.*Tokens, by the server's word\d+ in, \d+ out/s);

    // The session goes on: no dialog, no wallet. Enter asks.
    await page.getByLabel("Your question").fill("And a key?");
    await page.getByLabel("Your question").press("Enter");
    await page.getByTestId("proof").nth(1).waitFor();
    assert.match(await page.getByTestId("cost").nth(1).textContent(), /Paid by the signature from before/);

    held = set.opengradient.gateway.hold(3);
    await ask(page, "Tell a long story");
    await page.waitForFunction(() => (document.querySelectorAll('[data-testid="answer"]')[2]?.textContent ?? "").length > 5);
    await page.getByTestId("ask-cancel").click();
    await page.getByText("Stopped. This text is not proven. What was used of your signature (up to 0.1 OPG) may be charged.").waitFor();
    assert.equal(await page.locator("#chat").getByTestId("error").count(), 0);
    held.release();
    // One signature paid for three questions.
    await logged(page, /^Payment signed: up to 0\.1 OPG, good until .*, to 0x/);
    assert.equal(await page.getByTestId("log").getByText(/^Payment signed/).count(), 1);
    await page.getByTestId("opg-spent").getByText("0.1 OPG").waitFor();

    await ask(page, "Please draw a picture");
    await page.getByText(`An image that no proof covers is at ${set.opengradient?.llmUrl ?? "http"}`).waitFor();
    assert.equal(await page.locator("#chat img").count(), 0, "a URL that nobody signed is named, not loaded");
    assert.deepEqual(real(problems), []);
    await page.context().close();
  });

  test("a hostile question and answer stay text", async () => {
    const { page, problems } = await open(set.browser, `${url}?autoapprove`);
    await connect(page, 0);
    await page.getByTestId("approve").click();
    await page.getByTestId("approved").waitFor();
    await ask(page, "<img src=x onerror=alert(1)> say <b>it</b>");
    await page.getByTestId("pay").click();
    await page.getByTestId("proof").waitFor();
    assert.equal(await page.locator("#chat img, #chat b").count(), 0);
    assert.deepEqual(real(problems), []);
    await page.context().close();
  });

  test("at phone width nothing overflows, and the keyboard reaches everything", async () => {
    for (const colorScheme of ["light", "dark"]) {
      const { page, problems } = await open(set.browser, `${url}?autoapprove`, { viewport: { width: 320, height: 640 }, colorScheme });
      await page.getByTestId("wallet-dev.ogkit.wallet").focus();
      await page.keyboard.press("Enter");
      await page.getByTestId("network").waitFor();
      await page.getByTestId("approve").press("Enter");
      await page.getByTestId("approved").waitFor();
      await page.getByLabel("Your question").fill(`${"averylongword".repeat(10)}?`);
      await page.getByLabel("Your question").press("Enter");
      await page.getByTestId("payment").waitFor();
      await page.keyboard.press("Tab");
      await page.getByTestId("pay").press("Enter");
      await page.getByTestId("proof").waitFor();
      await page.getByText("Proof and receipt").press("Enter");
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
      assert.deepEqual(real(problems), []);
      await page.context().close();
    }
  });
});
