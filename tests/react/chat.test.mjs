// `ogkit/react/opengradient` in React 19, in StrictMode in headless Chromium: real payments to the devnet's gateway, answers of its enclave.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";

import { serve } from "../../www/serve.mjs";
import { networkOf, startOpenGradient } from "../devnet/opengradient/index.mjs";
import { launch, open } from "../e2e/browser.mjs";
import { buildSite, has } from "./site.mjs";

const ANSWERS = '[data-role="assistant"]';

describe("ogkit/react/opengradient", () => {
  let built, net, site, browser, html, accounts;
  before(async () => {
    built = await buildSite("chat-app.jsx", "chat-parts.jsx");
    net = await startOpenGradient();
    const network = networkOf(net);
    accounts = ["client", "client2"].map((name) => net.accounts.find(({ role }) => role === name));
    html = await built.render(["toggle", "greet"], { network });
    writeFileSync(join(built.site, "net.json"), JSON.stringify({ network, keys: accounts.map(({ privateKey }) => privateKey) }));
    [site, browser] = await Promise.all([serve({ devnet: { rpcUrl: net.rpcUrl }, opengradient: net, root: built.site }), launch()]);
    // Both accounts allow Permit2 what they need, by the hook.
    const stage = await visit("?", { connect: false });
    for (const index of [1, 0]) {
      await stage.page.evaluate((index) => globalThis.user.pick(index), index);
      if (index === 1) await connect(stage.page);
      await has(stage.page, "#account", accounts[index].address);
      await has(stage.page, "#opg", /^1000 0 0$/);
      await stage.page.click("#approve-opg");
      await has(stage.page, "#opg", /^1000 5 0$/);
    }
    await stage.close();
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await net?.stop();
    built?.remove();
  });

  const connect = async (page) => {
    await page.click(".wallet");
    await has(page, "#status", /^connected$/);
  };

  /** A page, connected, with what it asked of the gateway: the conversation of each paid request. */
  async function visit(query = "", options = {}) {
    const { page, problems } = await open(browser, `${site.url}${options.path ?? ""}${query}`);
    const paid = [];
    page.on("request", (request) => {
      const headers = request.headers();
      if (request.url().startsWith(net.llmUrl) && (headers["payment-signature"] || headers["x-upto-session"])) paid.push(request.postDataJSON().messages);
    });
    await page.waitForSelector(".wallet");
    if (options.connect !== false) await connect(page);
    const signatures = () => page.evaluate(() => globalThis.windows.filter((method) => method === "eth_signTypedData_v4").length);
    return {
      page, paid, signatures,
      /** Nothing went wrong in the page; Chromium tells of each 402, which is how a price is learnt. */
      async close() {
        assert.deepEqual(problems.filter((problem) => !/status of 402|ERR_(ABORTED|FAILED|INCOMPLETE)/.test(problem)), []);
        await page.context().close();
      },
    };
  }
  const ask = async (page, question) => {
    await page.fill("#question", question);
    await page.click("#send");
  };
  const texts = (page) => page.locator("li .text").allTextContents();
  const grows = (page) => page.waitForFunction(() => ([...document.querySelectorAll('[data-role="assistant"] .text')].at(-1)?.textContent ?? "").length > 3);
  const call = (page, name, ...args) => page.evaluate(([name, args]) => globalThis.chat[name](...args).then((output) => output?.text), [name, args]);
  /** The answers that come next stop after a few words, until they are released. */
  const hold = () => net.gateway.hold(3);

  test("renders on a server, and hydrates without a difference", async () => {
    assert.match(html, /<p id="status">disconnected<\/p>.*<p id="opg">none<\/p>.*<p id="chat">idle no <!-- -->|<p id="chat">idle/);
    const { page, close } = await visit("", { path: "hydrated.html" });
    await ask(page, "What is an enclave?");
    await has(page, "#chat", /^done yes/);
    await close();
  });

  test("an answer comes as it is written, then its proof and its price; the next one goes on in the session", async () => {
    const { page, paid, signatures, close } = await visit();
    await has(page, "#tees", "1");
    await page.click("#call");
    await has(page, "#call-data", "true");
    const held = hold();
    await ask(page, "What is an enclave?");
    await grows(page);
    await has(page, "#chat", "streaming yes");
    const [early, proofs] = [await page.locator(`${ANSWERS} .text`).textContent(), await page.locator(".proof").count()];
    assert.equal(await page.locator(ANSWERS).getAttribute("data-kept"), "false");
    held.release();
    await has(page, "#chat", /^done yes/);
    const [question, answer] = await texts(page);
    assert.ok(proofs === 0 && answer.startsWith(early) && answer.length > early.length);
    assert.equal(await page.locator(".proof").textContent(), `proven by ${net.tee.id}`);
    assert.match(await page.locator(".cost").textContent(), new RegExp(`^new up to 0.1 from ${accounts[0].address}, \\d+ tokens$`));

    await ask(page, "And a key?");
    await has(page, ".cost", /^reused/);
    await has(page, "#running", "false false");
    assert.equal(await signatures(), 1);
    assert.deepEqual(paid, [[{ role: "user", content: question }], [{ role: "user", content: question }, { role: "assistant", content: answer }, { role: "user", content: "And a key?" }]]);
    await close();
  });

  test("a double click pays once, and so does StrictMode", async () => {
    const { page, paid, signatures, close } = await visit();
    await page.fill("#question", "What is a nonce?");
    await page.dblclick("#send");
    await has(page, "#chat", /^done yes/);
    await page.fill("#question", " ");
    await page.click("#send");
    assert.equal(await page.locator("li").count(), 2);
    assert.deepEqual([paid.length, await signatures()], [1, 1]);
    await page.click("#greet");
    await page.locator(`#greeter [data-status="done"]`).waitFor();
    assert.equal(await page.locator("#greeter li").count(), 2);
    assert.equal(paid.length, 2);
    await close();
  });

  test("who says no in the wallet has paid nothing, and can be asked again", async () => {
    const { page, paid, signatures, close } = await visit();
    await page.evaluate(() => (globalThis.say = false));
    await ask(page, "What is a nonce?");
    await has(page, "#chat", "failed no walletRejected");
    await has(page, "#running", "false true");
    assert.equal(paid.length, 0);
    await page.evaluate(() => (globalThis.say = true));
    await page.dblclick("#retry");
    await has(page, "#chat", /^done yes/);
    assert.deepEqual(await page.locator("li").evaluateAll((all) => all.map(({ dataset }) => `${dataset.role} ${dataset.kept}`)), ["user true", "assistant true"]);
    assert.deepEqual(paid, [[{ role: "user", content: "What is a nonce?" }]]);
    assert.equal(await signatures(), 2, "one refused, one signed");
    assert.equal(await call(page, "retry"), undefined, "what was paid is not asked again");
    assert.equal(paid.length, 1);
    await close();
  });

  test("an answer that was stopped is paid, not proven, and not in the history", async () => {
    const { page, paid, close } = await visit();
    const held = hold();
    await ask(page, "Tell me a long story");
    await grows(page);
    await page.click("#stop");
    await has(page, "#chat", /^stopped yes/);
    await has(page, "#running", "false false");
    const [, cut] = await texts(page);
    assert.ok(cut.length > 0);
    await net.gateway.quiet();
    held.release();
    assert.equal(await call(page, "retry"), undefined);
    assert.equal(paid.length, 1);
    await ask(page, "What is a key?");
    await has(page, "#chat", /^done yes/);
    assert.deepEqual(paid[1], [{ role: "user", content: "What is a key?" }]);
    assert.deepEqual([(await texts(page))[1], await page.locator("li").evaluateAll((all) => all.map(({ dataset }) => dataset.kept).join(" "))], [cut, "false false true true"]);
    await close();
  });

  test("the price is shown first: declined, stopped, approved", async () => {
    const { page, paid, signatures, close } = await visit("?confirm");
    await page.evaluate(() => (globalThis.look = ({ amount }) => void ((globalThis.looked ??= []).push(String(amount)))));
    await ask(page, "What is a nonce?");
    await has(page, "#proposal", "upto 0.1 OPG");
    await has(page, "#chat", "confirming no");
    await page.click("#decline");
    await has(page, "#chat", "failed no paymentRefused");
    await page.click("#retry");
    await has(page, "#proposal", "upto 0.1 OPG");
    await page.click("#stop");
    await has(page, "#chat", /^stopped no/);
    await has(page, "#running", "false true");
    assert.deepEqual([await signatures(), paid.length, await page.locator("#proposal").count()], [0, 0, 0]);
    await page.click("#retry");
    await has(page, "#chat", "confirming no");
    await page.evaluate(() => void (globalThis.say = new Promise((resolve) => (globalThis.sign = resolve))));
    await page.dblclick("#approve");
    await has(page, "#chat", "signing maybe");
    await page.evaluate(() => globalThis.sign(true));
    await has(page, "#chat", /^done yes/);
    assert.deepEqual([await signatures(), paid.length], [1, 1]);
    assert.deepEqual(await page.evaluate(() => globalThis.looked), Array(3).fill(String(10n ** 17n)), "the provider's onPayment saw each");
    await close();
  });

  test("a yes counts for the price that is shown, not before, and only for the account that is shown", async () => {
    const { page, paid, signatures, close } = await visit("?confirm");
    await page.evaluate(() => void (globalThis.chat.send("What is a nonce?"), globalThis.chat.approve()));
    await has(page, "#chat", "confirming no");
    await page.click("#decline");
    await has(page, "#chat", "failed no paymentRefused");
    await page.click("#retry");
    await has(page, "#chat", "confirming no");
    await page.evaluate(() => globalThis.user.pick(1));
    await has(page, "#account", accounts[1].address);
    await page.click("#approve");
    await has(page, "#chat", "failed no paymentRefused");
    assert.deepEqual([await signatures(), paid.length], [0, 0]);
    await close();
  });

  test("the page's own word on the price: too late after a stop, and no where it throws", async () => {
    const { page, paid, signatures, close } = await visit();
    await page.evaluate(() => void (globalThis.look = () => new Promise((resolve) => (globalThis.say = resolve))));
    await ask(page, "What is a nonce?");
    await has(page, "#chat", "confirming no");
    await page.click("#stop");
    await page.evaluate(() => void globalThis.say(true));
    await page.waitForTimeout(200);
    await has(page, "#chat", /^stopped no/);
    await page.evaluate(() => void (globalThis.look = () => Promise.reject(new Error("no"))));
    await page.click("#retry");
    await has(page, "#chat", "failed no paymentRefused");
    assert.deepEqual([await signatures(), paid.length], [0, 0]);
    await close();
  });

  test("who stops while the wallet asks sends no payment, whatever is approved there", async () => {
    const { page, paid, signatures, close } = await visit();
    await page.evaluate(() => void (globalThis.say = new Promise((resolve) => (globalThis.sign = resolve))));
    await ask(page, "What is a nonce?");
    await has(page, "#chat", "signing maybe");
    await page.waitForFunction(() => globalThis.windows.includes("eth_signTypedData_v4"));
    await page.click("#stop");
    await has(page, "#chat", "stopped maybe");
    await has(page, "#running", "false false");
    await page.evaluate(() => globalThis.sign(true));
    await page.waitForTimeout(300);
    assert.deepEqual([await signatures(), paid.length], [1, 0]);
    assert.match(await page.locator("#opg").textContent(), /0$/);
    // Asking again is the person's own decision.
    await page.evaluate(() => (globalThis.say = true));
    await page.click("#regenerate");
    await has(page, "#chat", /^done yes/);
    assert.equal(paid.length, 1);
    await close();
  });

  test("what is unmounted is ended: no request, no wallet, nothing said to the page", async () => {
    const { page, paid, signatures, close } = await visit("?confirm");
    await ask(page, "What is a nonce?");
    await has(page, "#proposal", "OPG");
    await page.evaluate(() => void (globalThis.old = globalThis.chat));
    await page.click("#toggle");
    await page.evaluate(() => void (globalThis.old.approve(), globalThis.old.send("Still there?")));
    await page.waitForTimeout(300);
    assert.deepEqual([await signatures(), paid.length], [0, 0]);
    await page.click("#toggle");
    const held = hold();
    await ask(page, "Tell me a long story");
    await page.click("#approve");
    await grows(page);
    await page.click("#toggle");
    await net.gateway.quiet();
    held.release();
    // Its session would pay for more.
    await page.evaluate(() => void globalThis.chat.send("Still there?"));
    await page.waitForTimeout(300);
    assert.equal(paid.length, 1);
    await close();
  });

  test("another account: the answer under way goes on, the next one is paid by the new one, limits stay", async () => {
    const { page, signatures, close } = await visit();
    const held = hold();
    await ask(page, "Tell me a long story");
    await grows(page);
    await page.evaluate(() => globalThis.user.pick(1));
    await has(page, "#account", accounts[1].address);
    held.release();
    await has(page, "#chat", /^done yes/);
    await ask(page, "What is a key?");
    await has(page, ".cost >> nth=1", `new up to 0.1 from ${accounts[1].address}`);
    await has(page, "#running", "false");
    await page.evaluate(() => globalThis.user.pick(0));
    await has(page, "#account", accounts[0].address);
    // Signed for before, with the same client: its session pays, and its limits go on.
    await has(page, "#opg", / 0\.1$/);
    await ask(page, "And a nonce?");
    await has(page, ".cost >> nth=2", `reused up to 0.1 from ${accounts[0].address}`);
    assert.equal(await signatures(), 2);
    await page.evaluate(() => globalThis.user.lock());
    await has(page, "#status", /^disconnected$/);
    await ask(page, "Anybody?");
    await has(page, "#chat", "failed no missingSigner");
    await page.evaluate(() => globalThis.user.pick(0));
    await connect(page);
    await page.click("#retry");
    await has(page, "#chat", /^done yes/);
    await close();
  });

  test("limits: what is beyond them is refused before any window", async () => {
    const { page, paid, signatures, close } = await visit("?max=1");
    await ask(page, "What is a nonce?");
    await has(page, "#chat", "failed no paymentRefused");
    assert.equal(await page.evaluate(() => globalThis.chat.error.reason), "aboveRequestCap");
    assert.deepEqual([await signatures(), paid.length], [0, 0]);
    await close();
  });

  test("regenerate and edit: what goes out of the history, and comes back when there is no answer", async () => {
    const initial = [{ role: "system", content: "Be brief." }, { role: "user", content: "One?" }, { role: "assistant", content: "Before." }];
    const { page, paid, close } = await visit(`?initial=${encodeURIComponent(JSON.stringify(initial))}`);
    assert.deepEqual(await texts(page), ["Be brief.", "One?", "Before."]);
    const second = await call(page, "send", "Two?");
    await page.click("#regenerate");
    await has(page, "#chat", /^done yes/);
    assert.deepEqual(paid[1], paid[0], "the same question");
    assert.deepEqual(paid[0], [...initial, { role: "user", content: "Two?" }]);
    assert.deepEqual(await texts(page), ["Be brief.", "One?", "Before.", "Two?", second]);

    const ids = await page.locator("li").evaluateAll((all) => all.map(({ dataset }) => dataset.id));
    assert.equal(await call(page, "edit", ids[2], "an answer is no question"), undefined);
    await call(page, "edit", ids[1], "Uno?");
    assert.deepEqual(paid[2], [initial[0], { role: "user", content: "Uno?" }]);
    const before = await texts(page);
    assert.equal(before.length, 3);

    // No answer: everything is as it was.
    await page.route(`${net.llmUrl}/**`, (route) => route.abort());
    assert.equal(await call(page, "regenerate"), undefined);
    assert.deepEqual(await texts(page), before);
    await has(page, "#chat", /^failed maybe paymentUncertain/);
    await page.unroute(`${net.llmUrl}/**`);
    await call(page, "send", "Three?");
    assert.deepEqual(paid.at(-1).map(({ content }) => content), [...before, "Three?"]);
    await page.click("#reset");
    assert.deepEqual(await texts(page), ["Be brief.", "One?", "Before."]);
    await has(page, "#chat", /^idle no/);
    await close();
  });

  test("a forged answer is taken back, a cut one is not kept; neither is asked again by itself", async () => {
    const { page, paid, close } = await visit();
    await call(page, "send", "What is a key?");
    await page.evaluate(() => void (globalThis.forge = (text) => text.replace(/"content":"\s*\w+/g, '"content":" lies')));
    let held = hold();
    await ask(page, "What is a nonce?");
    await has(page, `${ANSWERS} .text`, "lies lies");
    held.release();
    await has(page, "#chat", "failed maybe proofFailed");
    await has(page, "#running", "false false");
    assert.equal((await texts(page))[3], "");
    await page.evaluate(() => void (globalThis.forge = (text) => (/finish_reason":"/.test(text) ? undefined : text)));
    held = hold();
    await page.click("#regenerate");
    await grows(page);
    held.release();
    await has(page, "#chat", "failed maybe streamCut");
    assert.ok((await texts(page))[3].length > 0);
    assert.equal(paid.length, 3);
    await page.evaluate(() => void (globalThis.forge = undefined));
    await call(page, "send", "And now?");
    assert.deepEqual(paid.at(-1).map(({ role }) => role), ["user", "assistant", "user"]);
    await close();
  });

  test("tools: an answer asks for calls, their results go on", async () => {
    const { page, paid, close } = await visit("?tools");
    await ask(page, 'call weather {"city": "Köln"}');
    await has(page, ".call", 'weather {"city":"Köln"}');
    await has(page, "#chat", /^done yes/);
    await call(page, "send", "Never mind");
    await has(page, "#chat", "failed no invalidInput");
    assert.equal(paid.length, 1, "nothing is paid for a request that servers refuse");
    const id = await page.locator(".call").getAttribute("data-id");
    const text = await page.evaluate((id) => globalThis.chat.send([{ role: "tool", tool_call_id: id, content: "rain" }]).then((output) => output?.text), id);
    assert.match(text, /^The tool said rain/);
    assert.deepEqual(paid[1].map(({ role }) => role), ["user", "assistant", "tool"]);
    await close();
  });

  test("strict, the default of connect, shows nothing before it is proven", async () => {
    const { page, close } = await visit("?verify=strict");
    const held = hold();
    await ask(page, "What is an enclave?");
    await has(page, "#chat", "streaming");
    await held.reached();
    assert.equal((await texts(page))[1], "");
    held.release();
    await has(page, "#chat", /^done yes/);
    assert.ok((await texts(page))[1].length > 10);
    await close();
  });
});
