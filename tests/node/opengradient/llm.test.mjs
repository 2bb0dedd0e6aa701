// Chat and completion through the package on the devnet: every kind of answer, each proven and paid.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseEther } from "viem";

import { InvalidInputError, SettlementMode, TeeLlm, TextGenerationStream } from "../../../pkg/opengradient.js";
import { PRICE } from "../../devnet/opengradient/gateway.mjs";
import { ask, collect, failure, open } from "./stage.mjs";

let stage, net;
before(async () => {
  stage = await open({ idle: 400 });
  net = stage.net;
});
after(() => stage?.stop());

describe("chat", () => {
  let og, signatures;
  before(async () => ({ og, signatures } = await stage.connect()));
  after(() => og?.close());

  test("a whole answer with its proof and payment", async () => {
    const output = await og.llm.chat(ask("What is an enclave?"));
    assert.equal(output.transactionHash, "external");
    assert.ok(output.text.length > 20 && output.chatOutput.content === output.text && output.chatOutput.role === "assistant");
    assert.match(output.finishReason, /stop|length/);
    assert.deepEqual(Object.keys(output.usage), ["promptTokens", "completionTokens", "totalTokens"]);
    assert.equal(output.teeId, net.tee.id);
    assert.equal(output.proof.teeId, net.tee.id);
    assert.equal(output.teeEndpoint, net.llmUrl);
    assert.equal(output.teePaymentAddress.toLowerCase(), net.seller.toLowerCase());
    assert.ok(Math.abs(output.teeTimestamp - Date.now() / 1000) < 10);
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
});

test("streams: iterated at once", async () => {
  const { og } = await stage.connect({ verify: "final" });
  const chunks = await collect(og.llm.chat(ask("Tell me of keys", { stream: true })));
  assert.ok(chunks.length > 3);
  assert.deepEqual(chunks.map(({ isFinal }) => isFinal), [...Array(chunks.length - 1).fill(false), true]);
  assert.equal(chunks[0].choices[0].delta.content, chunks[0].content);
  const last = chunks.at(-1);
  assert.equal(last.proof.teeId, net.tee.id);
  assert.ok(last.usage.totalTokens > 0 && last.payment.scheme === "upto");
  og.close();
});
