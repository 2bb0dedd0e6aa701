// The official Python SDK and ours ask the same gateway the same things: the same text, the same signed hashes, the same price.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createPublicKey } from "node:crypto";
import { concat, keccak256, parseEther, toHex } from "viem";

import { TeeLlm } from "../../pkg/opengradient.js";
import { verifySignature } from "../devnet/opengradient/enclave.mjs";
import { PRICE } from "../devnet/opengradient/gateway.mjs";
import { open } from "../node/opengradient/stage.mjs";
import { startPeer } from "./peer.mjs";

describe("the official Python SDK and ours", () => {
  let stage, net, og, key, peer;
  const official = (...args) => peer.call(...args);
  before(async () => {
    // The SDK pays on Base and nowhere else.
    stage = await open({ chainId: 8453 });
    net = stage.net;
    ({ og } = await stage.connect());
    key = net.accounts.find(({ role }) => role === "client2").privateKey;
    peer = startPeer("opengradient-peer.py", { BASE_MAINNET_RPC: net.rpcUrl });
  });
  after(async () => {
    peer?.stop();
    og?.close();
    await stage?.stop();
  });

  test("approvals follow the same rules", async () => {
    const theirs = await official("llm_approve", key, net.llmUrl, 1.0);
    const wallet = await stage.wallet({ allowance: 0n });
    const { og } = await stage.connect({ wallet });
    const ours = await og.llm.ensureOpgApproval({ minAllowance: parseEther("1") });
    assert.deepEqual([String(ours.allowanceBefore), String(ours.allowanceAfter)], [theirs.before, theirs.after]);
    og.close();
  });

  const tool = { type: "function", function: { name: "weather", parameters: { type: "object", properties: { city: { type: "string" } } } } };
  const cases = {
    plain: [{ messages: [{ role: "user", content: "What is an enclave? Grüße 🚀" }] }],
    options: [{ messages: [{ role: "system", content: "Be brief" }, { role: "user", content: "Keys" }], maxTokens: 25, temperature: 0.7, stopSequence: ["the"], webSearch: true }],
    tools: [{ messages: [{ role: "user", content: 'call weather {"city": "Köln"}' }], tools: [tool] }],
    "a conversation": [{ messages: [{ role: "user", content: "x" }, { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "weather", arguments: "{}" } }] }, { role: "tool", tool_call_id: "c1", content: "rain" }], tools: [tool] }],
  };
  const names = { maxTokens: "max_tokens", stopSequence: "stop_sequence", webSearch: "web_search" };
  for (const [name, [request]] of Object.entries(cases)) {
    test(`chat: ${name}`, async () => {
      const ours = await og.llm.chat({ model: TeeLlm.CLAUDE_HAIKU_4_5, ...request });
      const asked = Object.fromEntries(Object.entries(request).map(([key, value]) => [names[key] ?? key, value]));
      const theirs = await official("llm", key, net.llmUrl, "chat", { model: TeeLlm.CLAUDE_HAIKU_4_5, ...asked });
      assert.equal(ours.finishReason, theirs.finish_reason);
      assert.equal(ours.text, theirs.chat_output.content ?? "");
      assert.deepEqual(ours.toolCalls ?? null, theirs.chat_output.tool_calls ?? null);
      assert.deepEqual(Object.values(ours.usage), [theirs.usage.prompt_tokens, theirs.usage.completion_tokens, theirs.usage.total_tokens]);
      // Its answer is signed over the hashes of ours: the enclave saw the same request.
      const message = keccak256(concat([ours.proof.requestHash, ours.proof.outputHash, toHex(Number(theirs.tee_timestamp), { size: 32 })]));
      const publicKey = createPublicKey({ key: Buffer.from(net.tee.publicKey.slice(2), "hex"), format: "der", type: "spki" });
      assert.ok(verifySignature(publicKey, message, theirs.tee_signature));
    });
  }

  test("completion", async () => {
    const ours = await og.llm.completion({ model: TeeLlm.GPT_5, prompt: "Once", maxTokens: 12 });
    const theirs = await official("llm", key, net.llmUrl, "completion", { model: TeeLlm.GPT_5, prompt: "Once", max_tokens: 12 });
    assert.equal(ours.completionOutput, theirs.completion_output);
  });

  test("both are charged the same", async () => {
    const question = { messages: [{ role: "user", content: "The same price" }], maxTokens: 30 };
    const theirAccount = net.accounts.find(({ role }) => role === "client2").address;
    await net.gateway.settled();
    const [a, b] = [await stage.balance(og.account), await stage.balance(theirAccount)];
    const ours = await og.llm.chat({ model: TeeLlm.GPT_5, ...question });
    await official("llm", key, net.llmUrl, "chat", { model: TeeLlm.GPT_5, messages: question.messages, max_tokens: 30 });
    await net.gateway.settled();
    const charged = BigInt(ours.usage.totalTokens) * PRICE;
    assert.deepEqual([a - (await stage.balance(og.account)), b - (await stage.balance(theirAccount))], [charged, charged]);
  });
});
