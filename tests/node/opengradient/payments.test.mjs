// `fetchWithPayment` against the official npm x402 server: every scheme and path, settled on anvil; limits, sessions, the relay.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";
import { parseEther } from "viem";

import { InvalidInputError, OpenGradient, fetchWithPayment, getPayment, relayFetch } from "../../../pkg/opengradient.js";
import { createRelay, toNodeHandler } from "../../../pkg/relay.js";
import { PRICE } from "../../devnet/opengradient/gateway.mjs";
import { startHostile } from "../../devnet/opengradient/hostile.mjs";
import { EXACT } from "../../devnet/opengradient/shop.mjs";
import { launch, newPage } from "../../e2e/browser.mjs";
import { ask, failure, open } from "./stage.mjs";

let stage, net, wallet;
before(async () => {
  stage = await open();
  net = stage.net;
  wallet = await stage.wallet();
});
after(() => stage?.stop());

const chains = () => [{ chainId: net.chainId, name: "Devnet", rpcUrl: net.rpcUrl }];
const opg = (more = {}) => ({ chainId: net.chainId, address: net.opg, symbol: "OPG", decimals: 18, domain: { name: "OpenGradient", version: "1" }, maxPerRequest: parseEther("0.1"), ...more });
const policy = (more, rule) => ({ assets: [opg(rule)], ...more });
const options = (more = {}) => ({ wallet, chains: chains(), policy: policy(), ...more });
const shop = (path) => `${net.shopUrl}${path}`;
const signatures = (of = wallet) => of.requests.filter(({ method }) => method === "eth_signTypedData_v4").length;

describe("the official server is paid", () => {
  const ways = { "/exact-eip3009": EXACT, "/exact-permit2": EXACT, "/upto-permit2": PRICE };
  for (const [way, cost] of Object.entries(ways)) {
    test(way, async () => {
      const [payer, seller, before] = [await stage.balance(wallet.address), await stage.balance(net.seller), signatures()];
      const response = await fetchWithPayment(shop(`${way}/data`), undefined, options());
      assert.ok(response instanceof Response && response.url === shop(`${way}/data`));
      assert.deepEqual(await response.json(), { prefix: way, data: "Grüße 🚀" });
      const { payment, receipt } = getPayment(response);
      assert.ok(receipt.success && receipt.flaws.length === 0 && receipt.transaction.length === 66);
      assert.deepEqual([payment.scheme, payment.chainId, payment.reused], [way.includes("upto") ? "upto" : "exact", net.chainId, false]);
      assert.equal(payer - (await stage.balance(wallet.address)), cost);
      assert.equal((await stage.balance(net.seller)) - seller, cost);
      assert.equal(signatures() - before, 1);
      if (way.includes("upto")) assert.equal(receipt.amount, PRICE);
    });
  }

  test("bodies, methods and headers as fetch has them", async () => {
    const url = shop("/exact-eip3009/echo");
    for (const [input, init] of [
      [url, { method: "POST", body: "hello" }],
      [new URL(url), { method: "POST", body: new Uint8Array([104, 101, 108, 108, 111]) }],
      [new Request(url, { method: "POST", body: "hello", headers: { "x-mine": "1" } }), undefined],
      [url, { method: "POST", body: new Blob(["hello"]).stream(), duplex: "half" }],
    ]) {
      const response = await fetchWithPayment(input, init, options());
      assert.deepEqual(await response.json(), { prefix: "/exact-eip3009", body: "hello" });
    }
  });

  test("what is free stays free, and errors are answers", async () => {
    const before = signatures();
    const free = await fetchWithPayment(shop("/free/data"), undefined, options());
    assert.equal((await free.json()).prefix, "/free");
    assert.equal(getPayment(free), undefined);
    assert.equal((await fetchWithPayment(shop("/nowhere"), undefined, options())).status, 404);
    assert.equal(signatures(), before);
    const balance = await stage.balance(wallet.address);
    const failing = await fetchWithPayment(shop("/exact-eip3009/fail"), undefined, options());
    assert.equal(failing.status, 500);
    assert.equal(await stage.balance(wallet.address), balance, "a handler that fails is not paid");
  });

  test("a permit in place of an approval, only where it is allowed", async () => {
    const poor = await stage.wallet({ allowance: 0n, gas: 0n, opg: parseEther("1") });
    const url = shop("/exact-permit2-gasless/data");
    assert.equal((await failure(fetchWithPayment(url, undefined, options({ wallet: poor })))).code, "insufficientAllowance");
    assert.equal(signatures(poor), 0);
    const response = await fetchWithPayment(url, undefined, options({ wallet: poor, policy: policy({ allowPermits: true }) }));
    assert.equal(response.status, 200);
    assert.equal(await stage.balance(poor.address), parseEther("1") - EXACT);
  });

  test("version 1, where a chain has a name there", async () => {
    const named = await open({ chainId: 84532 });
    try {
      const payer = await named.wallet();
      const given = { wallet: payer, chains: [{ chainId: 84532, rpcUrl: named.net.rpcUrl }], policy: { assets: [{ ...opg(), chainId: 84532 }] } };
      const response = await fetchWithPayment(`${named.net.shopUrl}/v1-exact/data`, undefined, given);
      assert.equal(response.status, 200);
      assert.ok(getPayment(response).receipt.success);
      assert.equal(await named.balance(named.net.seller), EXACT);
    } finally {
      await named.stop();
    }
  });

  test("the gateway's sessions: one signature for many", async () => {
    const before = signatures();
    const send = (content) => fetchWithPayment(`${net.llmUrl}/v1/chat/completions`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content }] }) }, options({ policy: session, sessions: true }));
    const session = policy();
    const responses = [await send("One"), await send("Two"), await send("Three")];
    assert.deepEqual(responses.map((response) => getPayment(response).payment.reused), [false, true, true]);
    assert.equal(signatures() - before, 1);
    await Promise.all(responses.map((response) => response.text()));
  });

  test("paying first: no second round for a known price", async () => {
    const own = policy();
    const seen = [];
    const spy = async (url, init) => {
      seen.push(Boolean(new Headers(init.headers).get("payment-signature")));
      return fetch(url, init);
    };
    const payer = options({ policy: own, payFirst: true, fetch: spy });
    for (let round = 0; round < 2; round++) assert.equal((await fetchWithPayment(shop("/exact-eip3009/data"), undefined, payer)).status, 200);
    assert.deepEqual(seen, [false, true, true]);
  });
});

describe("limits and the caller's word", () => {
  test("an account has one budget: in all policies and clients, named or not", async () => {
    const own = await stage.wallet();
    const limit = () => policy({}, { maxPerSession: EXACT * 3n });
    const shared = limit();
    const get = (more) => fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ wallet: own, policy: shared, ...more }));
    await Promise.all([get(), get({ account: own.address }), get({ account: own.address.toLowerCase() })]);
    assert.equal((await failure(get())).reason, "aboveSessionCap");
    assert.equal((await failure(get({ account: own.address }))).reason, "aboveSessionCap");
    assert.equal((await failure(get({ policy: limit() }))).reason, "aboveSessionCap");
    assert.equal(signatures(own), 3);
    const { og } = await stage.connect({ wallet: own, policy: { maxPerSession: EXACT * 3n } });
    assert.equal(await og.spent(), EXACT * 3n);
    assert.equal((await failure(og.llm.chat(ask("Hi")))).reason, "aboveSessionCap");
    og.close();
    // Another account has its own.
    await get({ wallet: await stage.wallet() });
  });

  test("with a store limits survive, and without it nothing is paid", async () => {
    const own = await stage.wallet();
    const kept = new Map();
    const sync = { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => void kept.set(key, text) };
    const get = (store) => fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ wallet: own, policy: policy({ store }, { maxPerSession: EXACT * 3n }) }));
    await get(sync);
    const [[key, text]] = kept;
    assert.equal(key, `ogkit.payments.${own.address.toLowerCase()}`);
    // As an earlier visit left it: the same, and a payment of its own.
    const { version, past, payments: [payment] } = JSON.parse(text);
    kept.set(key, JSON.stringify({ version, past, payments: [payment, { ...payment, nonce: `0x${"ab".repeat(32)}` }] }));
    const slow = { getItem: async (key) => sync.getItem(key), setItem: async (key, text) => sync.setItem(key, text) };
    await get(slow);
    assert.equal((await failure(get(slow))).reason, "aboveSessionCap");
    assert.equal(JSON.parse(kept.get(key)).payments.length, 3);
    const before = signatures(own);
    for (const store of [{ ...sync, getItem: () => { throw new Error("quota"); } }, { ...sync, setItem: async () => { throw new Error("quota"); } }, { ...sync, getItem: () => 7 }]) {
      const error = await failure(fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ wallet: own, policy: policy({ store }) })));
      assert.deepEqual([error.code, error.reason], ["paymentRefused", "store"]);
    }
    kept.set(key, "something else");
    assert.equal((await failure(get(sync))).reason, "store");
    assert.equal(signatures(own), before);
    for (const store of [{}, 7, { getItem() {} }]) assert.equal((await failure(get(store))).code, "invalidInput");
  });

  test("calls at once: one window, one session", async () => {
    const { og, signatures: windows } = await stage.connect();
    const outputs = await Promise.all(["One?", "Two?", "Three?", "Four?", "Five?"].map((question) => og.llm.chat(ask(question))));
    assert.deepEqual([windows(), outputs.filter(({ payment }) => payment.reused).length], [1, 4]);
    assert.equal(await og.spent(), parseEther("0.1"));
    og.close();
  });

  test("redirects as fetch has them; the paid request takes nothing along to another origin", async () => {
    const seen = [];
    const serve = async (status, location) => {
      const server = createServer((request, response) => { seen.push(request); response.writeHead(status, { location }).end(); });
      await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
      return { url: `http://127.0.0.1:${server.address().port}/start`, stop: () => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); } };
    };
    const asked = [];
    const spy = async (url, init) => { asked.push({ url, method: init.method, headers: Object.fromEntries(init.headers), body: Boolean(init.body) }); return fetch(url, init); };
    const headers = { authorization: "Bearer mine", cookie: "a=b", "x-api-key": "mine", accept: "application/json" };
    for (const [status, path, expected] of [[307, "/exact-eip3009/echo", { prefix: "/exact-eip3009", body: "hello" }], [303, "/exact-eip3009/data", { prefix: "/exact-eip3009", data: "Grüße 🚀" }]]) {
      const server = await serve(status, shop(path));
      try {
        const init = { method: "POST", body: "hello", headers };
        const other = await failure(fetchWithPayment(server.url, init, options()));
        assert.equal(other.reason, "redirected", "another origin, which is not listed");
        asked.length = 0;
        const response = await fetchWithPayment(server.url, init, options({ fetch: spy, policy: policy({ hosts: ["127.0.0.1"] }) }));
        assert.deepEqual(await response.json(), expected);
        assert.deepEqual(asked.map(({ method }) => method), status === 303 ? ["POST", "GET", "GET"] : ["POST", "POST", "POST"]);
        for (const { headers } of asked.slice(1)) assert.deepEqual(Object.keys(headers).filter((name) => !["accept", "content-type", "payment-signature"].includes(name)), []);
        assert.equal(asked[2].body, status === 307);
      } finally {
        await server.stop();
      }
    }
  });

  test("the time limit holds over a node that hangs and a body that drips", async () => {
    const held = [];
    const server = createServer((request, response) => {
      held.push(response);
      if (request.url === "/rpc") return;
      response.writeHead(402, { "content-type": "application/json" });
      const drip = setInterval(() => response.write(" "), 100);
      response.on("close", () => clearInterval(drip));
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${server.address().port}`;
    const within = async (promise) => { const began = Date.now(); const error = await failure(promise); assert.ok(Date.now() - began < 5000, `${Date.now() - began} ms`); return error.code; };
    try {
      assert.equal(await within(fetchWithPayment(url, undefined, options({ timeout: 1 }))), "http");
      assert.equal(await within(fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ timeout: 1, chains: [{ ...chains()[0], rpcUrl: `${url}/rpc` }] }))), "http");
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  test("failures before any payment say that nothing was paid", async () => {
    for (const status of [400, 403, 404, 429, 500, 503]) {
      const { og } = await stage.connect({ wallet, fetch: async (url) => Object.defineProperty(new Response('{"error":"no"}', { status }), "url", { value: url }) });
      const error = await failure(og.llm.chat(ask("Hi")));
      assert.deepEqual([error.code, error.status, error.paid], ["inference", status, "no"]);
      assert.match(error.message, /nothing was signed or paid/);
      og.close();
    }
  });

  test("what ends in a 400 is refused before it is sent", async () => {
    const { og } = await stage.connect({ wallet, strictModels: true, fetch: () => assert.fail("nothing is sent") });
    const before = signatures();
    const tool = (more) => ({ type: "function", function: { name: "weather", ...more } });
    for (const [field, more] of [
      ["model", { model: "openai/gpt-99" }], ["temperature", { temperature: 2.5 }], ["temperature", { temperature: -1 }], ["tools[0].function.name", { tools: [tool({ name: "the weather" })] }],
      ["tools[0].function.parameters", { tools: [tool({ parameters: "{}" })] }], ["tools[1].function.name", { tools: [tool(), tool()] }], ["toolChoice", { tools: [tool()], toolChoice: "maybe" }],
    ]) {
      const error = await failure(og.llm.chat(ask("Hi", more)));
      assert.deepEqual([error.code, error.field], ["invalidInput", field]);
    }
    assert.equal(signatures(), before);
    og.close();
  });

  test("each call has its own onPayment", async () => {
    const own = policy();
    const seen = [];
    const declined = await failure(fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ policy: own, onPayment: () => false })));
    assert.equal(declined.reason, "declined");
    await fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ policy: own, onPayment: (proposal) => void seen.push(proposal.amount) }));
    assert.deepEqual(seen, [EXACT]);
    const other = await failure(fetchWithPayment(shop("/exact-eip3009/data"), undefined, options({ payTo: net.opg })));
    assert.equal(other.reason, "payeeNotAllowed");
  });

  test("the default policy pays OPG on Base only", async () => {
    assert.equal((await failure(fetchWithPayment(shop("/exact-eip3009/data"), undefined, { wallet, chains: chains() }))).reason, "network");
  });

  test("mistakes", async () => {
    for (const [field, init, more] of [["init.redirect", { redirect: "manual" }, {}], ["init.integrity", { integrity: "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=" }, {}], ["options.polcy", undefined, { polcy: {} }], ["options.relay", undefined, { relay: "http://[" }], ["headers", { headers: { "payment-signature": "x" } }, {}]]) {
      const error = await failure(fetchWithPayment(shop("/free/data"), init, options(more)));
      assert.ok(error instanceof InvalidInputError, String(error));
      assert.equal(error.field, field);
    }
  });

  test("abort: before, while it is paid, while the body comes", async () => {
    assert.equal((await failure(fetchWithPayment(shop("/free/data"), { signal: AbortSignal.abort(new Error("early")) }, options()))).message, "early");
    const controller = new AbortController();
    const waiting = failure(fetchWithPayment(shop("/exact-eip3009/data"), { signal: controller.signal }, options({ onPayment: () => { controller.abort(new Error("second thoughts")); return new Promise(() => {}); } })));
    assert.equal((await waiting).message, "second thoughts");
    const hostile = await startHostile(net);
    try {
      const late = new AbortController();
      const response = await fetchWithPayment(`${hostile.url}/endless-stream/v1/chat/completions`, { method: "POST", body: '{"model":"gpt-5","messages":[{"role":"user","content":"x"}]}', signal: late.signal }, options());
      assert.equal(response.status, 200);
      const reader = response.body.getReader();
      await reader.read();
      late.abort(new Error("enough"));
      await failure((async () => { for (;;) await reader.read(); })());
    } finally {
      await hostile.stop();
    }
  });
});

describe("the relay", () => {
  const serve = async (handler) => {
    const server = createServer(handler);
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { url: `http://127.0.0.1:${server.address().port}/og`, stop: () => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); } };
  };

  test("a page and a gateway without CORS: the error names the cause, the relay mends it", async () => {
    const closed = await open({ chainId: 31405, cors: false, tls: true, pause: 5 });
    const browser = await launch();
    // In Node the relay pins what no page can. This registry's enclave is on this machine.
    const tees = () => OpenGradient.tees({ network: closed.network });
    const relay = await serve(toNodeHandler(createRelay({ upstreams: tees, allowPrivateHosts: [new URL(closed.net.llmUrl).host] })));
    const careful = await serve(toNodeHandler(createRelay({ upstreams: tees })));
    const site = await servePackage();
    // Chains have CORS everywhere; the devnet's anvil too.
    try {
      const funded = await closed.wallet();
      const page = await newPage(browser);
      await page.exposeFunction("walletRequest", (asked) => funded.request(asked).then((result) => ({ result }), ({ message, code }) => ({ error: { message, code } })));
      await page.goto(site.url);
      const run = (more) => page.evaluate(async ({ network, more }) => {
        const { OpenGradient } = await import("/opengradient.js");
        const wallet = { request: async (asked) => { const { result, error } = await window.walletRequest(asked); if (error) throw Object.assign(new Error(error.message), error); return result; } };
        const og = await OpenGradient.connect({ wallet, network, verify: "final", ...more });
        try {
          const pieces = [];
          const stream = og.llm.chat({ model: "openai/gpt-5", messages: [{ role: "user", content: "Hello" }], stream: true });
          for await (const chunk of stream) pieces.push(chunk.content);
          const { proof, payment } = await stream.output();
          return { pieces: pieces.length, proven: Boolean(proof), origin: payment.origin };
        } catch (error) {
          return { code: error.code, message: error.message };
        }
      }, { network: closed.network, more });
      const refused = await run({});
      assert.equal(refused.code, "teeUnavailable");
      assert.match(refused.message, /CORS.*ogkit\/relay/);
      assert.match(refused.message, /nothing was paid/);
      const relayed = await run({ relay: relay.url });
      assert.equal(relayed.proven, true, JSON.stringify(relayed));
      assert.ok(relayed.pieces > 3);
      assert.equal(relayed.origin, closed.net.llmUrl, "the enclave is paid, not the relay");
      const kept = await run({ relay: careful.url });
      assert.equal(kept.code, "teeUnavailable");
      assert.ok(kept.message.includes(`the relay ${careful.url} refused ${closed.net.llmUrl} (privateAddress)`), kept.message);
      assert.match(kept.message, /nothing was paid/);
      assert.doesNotMatch(kept.message, /CORS/);
    } finally {
      await browser.close();
      await relay.stop();
      await careful.stop();
      await site.stop();
      await closed.stop();
    }
  });

  test("in Node: a client through the relay, and what a dead relay says", async () => {
    const relay = await serve(toNodeHandler(createRelay({ upstreams: [net.llmUrl] })));
    const { og } = await stage.connect({ relay: relay.url });
    const output = await og.llm.chat(ask("Through the relay"));
    assert.deepEqual([output.teeEndpoint, output.payment.origin], [net.llmUrl, net.llmUrl]);
    og.close();
    await relay.stop();
    const other = await stage.connect({ relay: relay.url });
    const dead = await failure(other.og.llm.chat(ask("Hi")));
    assert.equal(dead.code, "teeUnavailable");
    assert.ok(dead.message.includes(`the relay ${relay.url} cannot be reached`), dead.message);
    other.og.close();
    const strict = await serve(toNodeHandler(createRelay({ upstreams: ["https://elsewhere.example"] })));
    await assert.rejects(relayFetch(strict.url)(`${net.llmUrl}/v1/chat/completions`, { method: "POST", body: "{}" }), /the relay .* refused .* \(upstreamNotListed\)/);
    await strict.stop();
  });
});

/** The package as a site of its own. */
async function servePackage() {
  const { readFile } = await import("node:fs/promises");
  const types = { js: "text/javascript", wasm: "application/wasm" };
  const server = createServer(async (request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><title>t</title><link rel="icon" href="data:,">');
    try {
      const bytes = await readFile(new URL(`../../../pkg${path}`, import.meta.url));
      response.writeHead(200, { "content-type": types[path.split(".").pop()] ?? "text/plain" }).end(bytes);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => { server.closeAllConnections(); return new Promise((resolve) => server.close(resolve)); } };
}
