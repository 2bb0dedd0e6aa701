// Chat and completion through the package on the devnet: every kind of answer, each proven and paid.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import { after, before, describe, test } from "node:test";
import { parseEther } from "viem";

import { InvalidInputError, OpenGradient, SettlementMode, TeeLlm, TextGenerationStream, init, pinnedFetch } from "../../../pkg/opengradient.js";
import { createEnclave } from "../../devnet/opengradient/enclave.mjs";
import { PRICE } from "../../devnet/opengradient/gateway.mjs";
import { ask, collect, failure, open } from "./stage.mjs";

let stage, net;
before(async () => {
  stage = await open();
  net = stage.net;
});
after(() => stage?.stop());

describe("chat", () => {
  let og, signatures;
  before(async () => ({ og, signatures } = await stage.connect()));
  after(() => og?.close());

  test("a whole answer with its proof and payment", async () => {
    const before = Math.floor(Date.now() / 1000);
    const output = await og.llm.chat(ask("What is an enclave?"));
    assert.equal(output.transactionHash, "external");
    assert.ok(output.text.length > 20 && output.chatOutput.content === output.text && output.chatOutput.role === "assistant");
    assert.match(output.finishReason, /stop|length/);
    assert.deepEqual(Object.keys(output.usage), ["promptTokens", "completionTokens", "totalTokens"]);
    assert.equal(output.teeId, net.tee.id);
    assert.equal(output.proof.teeId, net.tee.id);
    assert.equal(output.teeEndpoint, net.llmUrl);
    assert.equal(output.teePaymentAddress.toLowerCase(), net.seller.toLowerCase());
    assert.ok(output.teeTimestamp >= before && output.teeTimestamp <= Date.now() / 1000);
    assert.equal(output.payment.scheme, "upto");
    assert.equal(output.payment.amount, parseEther("0.1"));
    assert.equal(output.payment.reused, false);
    assert.equal(output.receipt, undefined, "sessions give no receipt");
    assert.equal(signatures(), 1);
  });

  test("one signature for many requests; what was charged is learnt afterwards", async () => {
    const seller = await stage.balance(net.seller);
    const { og, signatures } = await stage.connect();
    const outputs = [];
    for (const question of ["One?", "Two?", "Three?"]) outputs.push(await og.llm.chat(ask(question)));
    assert.equal(signatures(), 1);
    assert.deepEqual(outputs.map(({ payment }) => payment.reused), [false, true, true]);
    assert.equal(await og.spent(), parseEther("0.1"), "the whole cap, as long as it may be charged");
    await net.gateway.settled();
    const charged = outputs.reduce((sum, { usage }) => sum + BigInt(usage.totalTokens) * PRICE, 0n);
    assert.ok((await stage.balance(net.seller)) - seller >= charged);
    // The dead session costs one more round and one more signature.
    const again = await og.llm.chat(ask("Four?"));
    assert.equal(again.payment.reused, false);
    assert.equal(signatures(), 2);
    og.close();
  });

  test("a request's own onPayment takes the client's place; limits and sessions are the client's", async () => {
    const [ofClient, ofRequest] = [[], []];
    const { og, signatures } = await stage.connect({ policy: { maxPerSession: parseEther("0.1") }, onPayment: ({ amount }) => void ofClient.push(amount) });
    const declined = await failure(og.llm.chat(ask("One?", { onPayment: () => false })));
    assert.deepEqual([declined.code, declined.reason, await og.spent()], ["paymentRefused", "declined", 0n]);
    await og.llm.chat(ask("One?", { stream: true, onPayment: ({ amount }) => void ofRequest.push(amount) })).text();
    const { payment } = await og.llm.chat(ask("Two?"));
    assert.deepEqual([ofClient, ofRequest, payment.reused, signatures()], [[], [parseEther("0.1")], true, 1]);
    const beyond = await failure(og.llm.completion({ model: "openai/gpt-5", prompt: "Once", onPayment: () => true }));
    assert.equal(beyond.reason, "aboveSessionCap");
    og.close();
  });
});

describe("streams", () => {
  let og;
  before(async () => ({ og } = await stage.connect({ verify: "final" })));
  after(() => og?.close());

  test("iterated at once, as they are written", { timeout: 300_000 }, async () => {
    const held = net.gateway.hold(2);
    const chunks = [];
    for await (const chunk of og.llm.chat(ask("Tell me of keys", { stream: true }))) {
      // Two are here while the server has not written the third.
      if (chunks.push(chunk) === 2) held.release();
    }
    assert.ok(chunks.length > 3);
    assert.deepEqual(chunks.map(({ isFinal }) => isFinal), [...Array(chunks.length - 1).fill(false), true]);
    assert.equal(chunks[0].choices[0].delta.content, chunks[0].content);
    const last = chunks.at(-1);
    assert.equal(last.proof.teeId, net.tee.id);
    assert.ok(last.usage.totalTokens > 0 && last.payment.scheme === "upto");
  });

  test("awaited first; text and output beside an iteration", async () => {
    const stream = await og.llm.chat(ask("Tell me of keys", { stream: true }));
    assert.ok(stream instanceof TextGenerationStream);
    const [text, output, chunks] = await Promise.all([stream.text(), stream.output(), collect(stream)]);
    assert.equal(text, chunks.map(({ content }) => content ?? "").join(""));
    assert.equal(output.text, text);
    assert.equal(output.chatOutput.content, text);
    assert.equal(output.proof.teeId, net.tee.id);
    assert.equal(stream.partialText, text);
    assert.deepEqual(stream.payment, output.payment);
    const whole = await og.llm.chat(ask("Tell me of keys"));
    assert.equal(whole.text, text, "the same request, the same answer");
    assert.deepEqual([output.usage, output.teeId, output.finishReason], [whole.usage, whole.teeId, whole.finishReason]);
  });

  test("strict: proven before the first chunk", { timeout: 300_000 }, async () => {
    const strict = await stage.connect();
    const held = net.gateway.hold(2);
    const got = [];
    const all = (async () => {
      for await (const chunk of strict.og.llm.chat(ask("Tell me of keys", { stream: true }))) got.push(chunk);
    })();
    await held.reached(1);
    // As much has been written to another one, which shows it at once.
    const other = og.llm.chat(ask("Tell me of keys", { stream: true }))[Symbol.asyncIterator]();
    for (let count = 0; count < 2; count++) await other.next();
    assert.equal(got.length, 0, "all at the end");
    held.release();
    await all;
    assert.ok(got.length > 4 && got.at(-1).proof);
    await other.return();
    strict.og.close();
  });

  test("abort, the caller's signal and leaving the loop end the request", { timeout: 300_000 }, async () => {
    const long = (more) => og.llm.chat(ask("A long story", { stream: true, maxTokens: 400, ...more }));
    const held = net.gateway.hold(3);
    const ended = () => net.gateway.quiet();
    const aborted = long();
    for await (const _ of aborted) break;
    await ended();
    assert.equal(aborted.payment.scheme, "upto", "what was signed is still known");
    assert.equal((await failure(aborted.output())).name, "AbortError");
    assert.ok(aborted.partialText.length > 0);

    const stopped = long();
    const iterator = stopped[Symbol.asyncIterator]();
    await iterator.next();
    const waiting = failure(iterator.next());
    stopped.abort();
    assert.equal((await waiting).name, "AbortError");
    await ended();

    const controller = new AbortController();
    const signalled = long({ signal: controller.signal });
    const seen = [];
    const error = await failure((async () => {
      for await (const chunk of signalled) {
        seen.push(chunk);
        if (seen.length === 2) controller.abort(new Error("enough"));
      }
    })());
    assert.deepEqual([error.message, seen.length], ["enough", 2]);
    await ended();
    held.release();
    assert.equal((await failure(long({ signal: AbortSignal.abort(new Error("before")) }).text())).message, "before");
    assert.equal((await failure(og.llm.chat(ask("x", { signal: AbortSignal.abort(new Error("before")) })))).message, "before");
  });

  test("a failure is told to whoever looks, and to nobody else", async () => {
    const unseen = og.llm.chat({ model: "openai/gpt-5", messages: [], stream: true });
    // Long enough for a rejection that nobody handles to end this process.
    await new Promise((resolve) => setTimeout(resolve, 20));
    assert.ok((await failure(unseen.output())) instanceof InvalidInputError);
    assert.ok((await failure(unseen)) instanceof InvalidInputError);
    assert.ok((await failure(collect(unseen))) instanceof InvalidInputError);
  });
});

describe("what can be asked for", () => {
  let og;
  const weather = { type: "function", function: { name: "weather", description: "The weather", parameters: { type: "object", properties: { city: { type: "string" } } } } };
  before(async () => ({ og } = await stage.connect()));
  after(() => og?.close());

  test("tools: a call, its answer, and a choice", async () => {
    const messages = [{ role: "user", content: 'call weather {"city": "Köln"}' }];
    const output = await og.llm.chat({ model: TeeLlm.GPT_5, messages, tools: [weather] });
    assert.equal(output.finishReason, "tool_calls");
    assert.deepEqual(JSON.parse(output.toolCalls[0].function.arguments), { city: "Köln" });
    assert.deepEqual(output.chatOutput.tool_calls, output.toolCalls);
    assert.equal(output.proof.covers, "toolCalls");
    const answer = { role: "tool", tool_call_id: output.toolCalls[0].id, content: "rain" };
    const after = await og.llm.chat({ model: TeeLlm.GPT_5, messages: [...messages, output.chatOutput, answer], tools: [weather] });
    assert.match(after.text, /^The tool said rain/);
    const none = await og.llm.chat({ model: TeeLlm.GPT_5, messages, tools: [weather], toolChoice: "none" });
    assert.equal(none.toolCalls, undefined);
  });

  test("tool calls are streamed; the last chunk has them whole and proven", async () => {
    const request = { model: TeeLlm.GPT_5, messages: [{ role: "user", content: 'call weather {"city": "Köln am Rhein"}' }], tools: [weather], stream: true };
    const { og: final } = await stage.connect({ verify: "final" });
    for (const client of [og, final]) {
      const stream = client.llm.chat(request);
      const [reading, output] = await Promise.all([collect(stream), stream.output()]);
      assert.deepEqual(reading.map((chunk) => chunk.toolCalls?.length), [1]);
      const [{ toolCalls: [call], proof, choices }] = reading;
      assert.deepEqual([call.type, call.function], ["function", { name: "weather", arguments: '{"city":"Köln am Rhein"}' }]);
      assert.deepEqual(Object.keys(call), ["id", "type", "function"]);
      assert.deepEqual([proof.covers, choices[0].delta.toolCalls, output.toolCalls, output.proof], ["toolCalls", [call], [call], proof]);
      assert.deepEqual([await stream.text(), stream.partialText, output.chatOutput.tool_calls], ["", "", [call]]);
      const texts = await collect(client.llm.chat({ ...request, messages: [{ role: "user", content: "Tell me" }] }));
      assert.ok(texts.at(-1).proof.covers === "text" && texts.length > 2, "with tools a text is streamed too");
    }
    final.close();
  });

  test("response format, stop sequences, temperature, web search", async () => {
    const schema = { type: "object", properties: { city: { type: "string" }, size: { type: "integer" } } };
    const formed = await og.llm.chat(ask("Köln", { responseFormat: { type: "json_schema", json_schema: { name: "place", schema } } }));
    assert.deepEqual(Object.keys(JSON.parse(formed.text)), ["city", "size"]);
    const long = await og.llm.chat(ask("Keys", { maxTokens: 60, temperature: 0.5 }));
    const word = long.text.split(" ")[3];
    const stopped = await og.llm.chat(ask("Keys", { maxTokens: 60, temperature: 0.5, stopSequence: [word] }));
    assert.ok(!stopped.text.includes(word) && stopped.finishReason === "stop");
    assert.ok((await og.llm.chat(ask("News", { webSearch: true }))).proof);
  });

  test("images in, images out", async () => {
    const content = ["What is this?", { type: "image_url", image_url: { url: "data:image/png;base64,AAAA" } }];
    const output = await og.llm.chat({ model: TeeLlm.GPT_IMAGE_2, messages: [{ role: "user", content: [...content, { type: "text", text: "draw it" }] }] });
    assert.deepEqual(output.images, [`${stage.net.llmUrl}/images/pixel.png`], "nobody signs a URL: it is not fetched");
    const stream = og.llm.chat(ask("draw it", { stream: true }));
    assert.deepEqual((await stream.output()).images, output.images);
  });

  test("settlement modes of every version", async () => {
    for (const mode of Object.values(SettlementMode)) {
      const output = await og.llm.chat(ask(`Mode ${mode}`, { x402SettlementMode: mode, maxTokens: 5 }));
      assert.equal(Boolean(output.dataSettlementTransactionHash), mode === "individual");
    }
    const { og: own } = await stage.connect({ settlement: SettlementMode.INDIVIDUAL_FULL });
    const output = await own.llm.chat(ask("Mine", { stream: true, maxTokens: 5 })).output();
    assert.match(output.dataSettlementTransactionHash, /^0x/);
    assert.match(output.dataSettlementBlobId, /^0x/);
    own.close();
  });

  test("completion", async () => {
    const output = await og.llm.completion({ model: TeeLlm.CLAUDE_HAIKU_4_5, prompt: "Once", maxTokens: 12 });
    assert.equal(output.completionOutput, output.text);
    assert.ok(output.text.length > 0 && output.proof.teeId === net.tee.id && output.chatOutput === undefined);
  });

  test("enclaves: by id, by a fixed server, from the registry", async () => {
    assert.ok((await og.llm.chat(ask("Hi", { teeId: net.tee.id }))).proof);
    const missing = await failure(og.llm.chat(ask("Hi", { teeId: `0x${"11".repeat(32)}` })));
    assert.deepEqual([missing.code, missing.teeId], ["teeUnavailable", `0x${"11".repeat(32)}`]);
    const fixed = await stage.connect({ server: net.llmUrl });
    assert.equal((await fixed.og.llm.chat(ask("Hi"))).teeId, net.tee.id, "told by the proof");
    fixed.og.close();
    const [tee] = await og.llm.tees();
    assert.deepEqual([tee.id, tee.endpoint, tee.pcrHash, tee.tlsCertificate], [net.tee.id, net.llmUrl, net.tee.pcrHash, net.tee.certificate]);
    assert.deepEqual(await OpenGradient.tees({ network: stage.network }), [tee], "without a wallet");
  });

  test("mistakes are named, and nothing is sent", async () => {
    const wrong = {
      messages: { messages: "hi" }, "messages[0].role": { messages: [{ content: "x" }] }, model: { model: "" }, maxTokens: { maxTokens: -1 },
      "responseFormat.type": { model: TeeLlm.CLAUDE_OPUS_4_8, responseFormat: { type: "json_object" } }, max_tokens: { max_tokens: 5 },
      x402SettlementMode: { x402SettlementMode: "free" }, "options.teeId": { teeId: "0x12" }, "options.signal": { signal: 5 },
    };
    for (const [field, change] of Object.entries(wrong)) {
      const error = await failure(og.llm.chat(ask("x", change)));
      assert.ok(error instanceof InvalidInputError, field);
      assert.equal(error.field, field);
    }
    for (const [field, change] of Object.entries({ "options.verify": { verify: "maybe" }, "options.timeOut": { timeOut: 5 }, "options.policy.maxPerDay": { policy: { maxPerDay: 1n } }, "options.tls": { tls: "no" }, "options.network": { network: "devnet" }, "options.policy.maxPerRequest": { policy: { maxPerRequest: 5 } } })) {
      assert.equal((await failure(stage.connect(change))).field, field);
    }
  });
});

describe("ensureOpgApproval", () => {
  test("both versions' rules", async () => {
    const { og, wallet } = await stage.connect({ wallet: await stage.wallet({ opg: parseEther("3"), allowance: 0n }) });
    const sent = () => wallet.requests.filter(({ method }) => method === "eth_sendTransaction").length;
    assert.deepEqual(await og.llm.getOpgState(), { balance: parseEther("3"), allowance: 0n });
    for (const [field, options] of [["options.minAllowance", { minAllowance: parseEther("0.09") }], ["options.opgAmount", { opgAmount: parseEther("0.04") }], ["options.minAllowance", { minAllowance: 5 }], ["options.minAllowance", {}], ["options.approveAmount", { minAllowance: parseEther("1"), approveAmount: parseEther("0.5") }], ["options.opgAmount", { opgAmount: parseEther("1"), minAllowance: parseEther("1") }]]) {
      assert.equal((await failure(og.llm.ensureOpgApproval(options))).field, field);
    }
    const short = await failure(og.llm.ensureOpgApproval({ minAllowance: parseEther("5") }));
    assert.deepEqual([short.code, short.required, short.available], ["insufficientTokenBalance", parseEther("5"), parseEther("3")]);
    assert.equal(sent(), 0);

    const old = await og.llm.ensureOpgApproval({ opgAmount: parseEther("0.05") });
    assert.deepEqual([old.allowanceBefore, old.allowanceAfter], [0n, parseEther("0.05")]);
    assert.match(old.txHash, /^0x/);
    const steps = [];
    const now = await og.llm.ensureOpgApproval({ minAllowance: parseEther("1"), onProgress: ({ kind }) => steps.push(kind) });
    assert.deepEqual([now.allowanceBefore, now.allowanceAfter], [parseEther("0.05"), parseEther("2")]);
    assert.ok(steps.includes("signing") && steps.includes("mined"));
    assert.deepEqual(await og.llm.ensureOpgApproval({ minAllowance: parseEther("1") }), { allowanceBefore: parseEther("2"), allowanceAfter: parseEther("2"), txHash: null });
    assert.equal(sent(), 2);
    const capped = await og.llm.ensureOpgApproval({ minAllowance: parseEther("2.5") });
    assert.equal(capped.allowanceAfter, parseEther("3"), "no more than the balance");
    assert.ok((await og.llm.chat(ask("Paid?"))).proof);
    og.close();
  });

  test("without an allowance nothing is signed; a rejected approval changes nothing", async () => {
    const wallet = await stage.wallet({ allowance: 0n, approve: ({ method }) => method !== "eth_sendTransaction" });
    const { og, signatures } = await stage.connect({ wallet });
    const error = await failure(og.llm.chat(ask("Hi")));
    assert.deepEqual([error.code, error.required, error.available], ["insufficientAllowance", parseEther("0.1"), 0n]);
    assert.equal(signatures(), 0);
    assert.equal((await failure(og.llm.ensureOpgApproval({ minAllowance: parseEther("1") }))).code, "walletRejected");
    assert.equal(await og.spent(), 0n);
    og.close();
  });
});

describe("the connection", () => {
  test("init, close, dispose; the account", async () => {
    const wallet = await stage.wallet({ opg: 0n, gas: 0n, allowance: 0n });
    const og = await init({ wallet, network: stage.network, account: wallet.address });
    assert.equal(og.account, wallet.address);
    assert.equal(og.network, stage.network);
    og.close();
    const other = await OpenGradient.init({ wallet, network: stage.network });
    other[Symbol.dispose]();
    const stranger = await failure(OpenGradient.connect({ wallet, network: stage.network, account: net.seller }));
    assert.equal(stranger.code, "walletUnauthorized");
  });

  test("the TLS certificate is the registry's, or nobody's", async () => {
    const secure = await open({ chainId: 31404, tls: true });
    try {
      const { og, wallet } = await secure.connect();
      const output = await og.llm.chat(ask("Over TLS"));
      assert.match(output.teeEndpoint, /^https:/);
      assert.equal((await og.llm.chat(ask("Over TLS, streamed", { stream: true })).output()).proof.teeId, secure.net.tee.id);
      og.close();
      const plain = await secure.connect({ wallet, tls: "system" });
      const refused = await failure(plain.og.llm.chat(ask("Over TLS")));
      assert.equal(refused.code, "teeUnavailable");
      plain.og.close();
      // Another certificate at the registered place: the handshake ends, and nothing is sent.
      const impostor = await startImpostor();
      const fake = pinnedFetch(async () => [{ endpoint: impostor.url, tlsCertificate: secure.net.tee.certificate }]);
      await assert.rejects(fake(`${impostor.url}/v1/chat/completions`, { method: "POST", body: new Uint8Array([1]) }), TypeError);
      assert.equal(impostor.requests, 0);
      await impostor.stop();
    } finally {
      await secure.stop();
    }
  });
});

test("the constants are the official ones", () => {
  const listed = readFileSync(new URL("../../../src/opengradient/llm/models.rs", import.meta.url), "utf8");
  const known = [...listed.matchAll(/\("([A-Z0-9_]+)", "([a-z-]+\/[^"]+)"\)/g)].map(([, name, model]) => [name, model]);
  assert.ok(known.length > 50);
  for (const [name, model] of known) {
    // One name has two spellings; today's counts.
    if (model !== "x-ai/grok-4.1-fast") assert.equal(TeeLlm[name], model, name);
  }
  assert.equal(Object.keys(TeeLlm).length, new Set(known.map(([name]) => name)).size);
  assert.deepEqual([SettlementMode.SETTLE_INDIVIDUAL, SettlementMode.SETTLE_INDIVIDUAL_WITH_METADATA, SettlementMode.BATCH_HASHED], ["settle", "settle-metadata", "batch"]);
});

/** A TLS server with a certificate of its own. */
async function startImpostor() {
  const enclave = createEnclave();
  const pem = `-----BEGIN CERTIFICATE-----\n${Buffer.from(enclave.certificate.slice(2), "hex").toString("base64").replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
  let requests = 0;
  const server = createServer({ key: enclave.privateKey.export({ type: "pkcs8", format: "pem" }), cert: pem }, (_, response) => {
    requests += 1;
    response.end("{}");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `https://127.0.0.1:${server.address().port}`,
    get requests() { return requests; },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}
