// Inference and the older language models on the devnet's alpha network.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { decodeFunctionData } from "viem";

import { inferenceAbi } from "../../devnet/opengradient/alpha.mjs";
import { clients } from "../../devnet/opengradient/chain.mjs";
import { countingProxy } from "../proxy.mjs";
import { Alpha, InferenceMode, LLM, LlmInferenceMode, TEE_LLM, isOgError } from "./package.mjs";
import { stage } from "./stage.mjs";

describe("the alpha network", () => {
  let net, network, wallet, alpha, reader;
  before(async () => {
    ({ net, network, wallet } = await stage());
    ({ reader } = clients(net.rpcUrl, net.chainId));
    alpha = await Alpha.connect({ wallet: wallet(), network });
  });
  after(() => net?.stop());

  for (const mode of Object.values(InferenceMode)) {
    test(`infer in the mode ${mode}: simulated, signed once, its result from the event`, async () => {
      const steps = [];
      const result = await alpha.infer(net.models.linear, mode, { a: [[1.5, 100, -0.25], [1e-7, 0, -3]], b: 7 }, { onProgress: ({ kind }) => steps.push(kind) });
      assert.deepEqual(result.modelOutput.numbers.a_out, { data: Float32Array.of(3.5, 200.5, 0, 0.5000002, 0.5, -5.5), shape: [2, 3] });
      assert.deepEqual(result.modelOutput.numbers.b_out, { data: Float32Array.of(14.5), shape: [1] });
      assert.deepEqual(result.modelOutput.jsons.summary, { numbers: 2, strings: 0 });
      assert.deepEqual(steps, ["simulated", "signing", "sent", "mined"]);
      assert.equal(result.transactionHash, result.receipt.hash);
      const { args } = decodeFunctionData({ abi: inferenceAbi, data: (await reader.getTransaction({ hash: result.transactionHash })).input });
      assert.deepEqual([args[0], args[1]], [net.models.linear, ["VANILLA", "ZKML", "TEE"].indexOf(mode)]);
    });

    test(`infer in the mode ${mode}: an empty event, so the node API is asked, more than once`, async () => {
      net.node.behind = 1;
      const result = await alpha.infer(net.models.offchain, mode, { s: ["abc", "é🚀x"], n: { data: BigInt64Array.of(1n, 2n, 3n, 4n), shape: [2, 2] } });
      assert.deepEqual(result.modelOutput.numbers.n_out, { data: Float32Array.of(2.5, 4.5, 6.5, 8.5), shape: [2, 2] });
      assert.deepEqual(result.modelOutput.strings.s_out.data, ["cba", "x🚀é"]);
      assert.ok(net.node.requests.includes(result.inferenceId));
      assert.deepEqual(await alpha.inferenceResult(result.inferenceId, mode), result.modelOutput);
      assert.deepEqual((await alpha.resumeInference(result.transactionHash, mode)).modelOutput, result.modelOutput);
    });
  }

  test("simulated results say so", async () => {
    assert.equal((await alpha.infer(net.models.simulated, "VANILLA", { x: [1] })).modelOutput.isSimulation, true);
  });

  test("what reverts: a typed error before the wallet's window; with a hash after it", async () => {
    const asked = [];
    const shy = await Alpha.connect({ wallet: wallet("client2", { approve: ({ method }) => asked.push(method) }), network });
    asked.length = 0;
    await assert.rejects(shy.infer("QmNowhere", "VANILLA", { x: 1 }), (error) => isOgError(error, "txRevert") && /model not found: QmNowhere/.test(error.reason) && error.hash === undefined);
    await assert.rejects(shy.infer(net.models.failing, "VANILLA", { x: 1 }), (error) => isOgError(error, "txRevert") && error.data?.length > 10);
    assert.deepEqual(asked, []);
    await assert.rejects(shy.infer(net.models.unsteady, "VANILLA", { x: 1 }), (error) => isOgError(error, "txRevert") && error.hash?.length === 66);
  });

  test("a refusal, an abort, a reader without a wallet", async () => {
    const refusing = await Alpha.connect({ wallet: wallet("client2", { approve: ({ method }) => method === "eth_requestAccounts" }), network });
    await assert.rejects(refusing.infer(net.models.linear, "VANILLA", { x: 1 }), { code: "walletRejected" });
    const reason = new Error("enough");
    await assert.rejects(alpha.infer(net.models.linear, "VANILLA", { x: 1 }, { signal: AbortSignal.abort(reason) }), reason);
    const reading = await Alpha.connect({ network });
    assert.equal(reading.account, undefined);
    await assert.rejects(reading.infer(net.models.linear, "VANILLA", { x: 1 }), { code: "missingSigner" });
    assert.equal(await reading.resumeInference(`0x${"11".repeat(32)}`, "VANILLA"), undefined);
    await assert.rejects(Alpha.connect({ network: { ...network, more: 1 } }), { field: "options.network.more" });
  });

  test("the chain's id is asked where it is not given; links to the explorer", async () => {
    const { chainId: _, ...rest } = network;
    const other = await Alpha.connect({ wallet: wallet(), network: rest });
    assert.equal(other.account, net.accounts.find(({ role }) => role === "client").address);
    assert.equal(await other.explorerAddress(net.inferenceHub), `https://explorer.opengradient.ai/address/${net.inferenceHub}`);
    assert.equal((await other.infer(net.models.linear, "VANILLA", { x: [1] })).modelOutput.numbers.x_out.data[0], 2.5);
  });

  test("calldata that is heavy is simulated once, by the estimate, and still explained", async () => {
    // An endpoint of its own: the devnet's keeper and other clients call too.
    const proxy = await countingProxy(net.rpcUrl);
    try {
      const own = await Alpha.connect({ wallet: wallet(), network: { ...network, rpcUrl: proxy.url } });
      const values = Float32Array.from({ length: 1500 }, (_, index) => index / 8);
      await assert.rejects(own.infer("QmNowhere", "VANILLA", { x: values }), (error) => isOgError(error, "txRevert") && /model not found/.test(error.reason));
      assert.deepEqual([proxy.calls("eth_call"), proxy.calls("eth_estimateGas")], [0, 1]);
    } finally {
      await proxy.stop();
    }
  });

  describe("language models of 0.4", () => {
    test("llmChat: text, stop sequences, the token limit", async () => {
      const said = await alpha.llmChat({ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: [{ role: "user", content: "one two three four" }], maxTokens: 50, stopSequence: ["three"], temperature: 0.7 });
      assert.equal(said.chatOutput.content, "You said one two ");
      assert.equal(said.finishReason, "stop");
      assert.equal(said.chatOutput.role, "assistant");
      const short = await alpha.llmChat({ modelCid: LLM.QWEN_2_5_72B_INSTRUCT, messages: [{ role: "user", content: "a ".repeat(300) }] });
      assert.equal(short.finishReason, "length");
    });

    test("llmChat: a tool is called, its answer goes back", async () => {
      const tools = [{ type: "function", function: { name: "weather", description: "The weather", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
      const messages = [{ role: "user", content: 'call weather {"city": "Köln"}' }];
      const asked = await alpha.llmChat({ modelCid: LLM.META_LLAMA_3_8B_INSTRUCT, messages, tools });
      assert.equal(asked.finishReason, "tool_calls");
      const [call] = asked.chatOutput.tool_calls;
      assert.deepEqual([call.type, call.function.name, JSON.parse(call.function.arguments)], ["function", "weather", { city: "Köln" }]);
      const answered = await alpha.llmChat({ modelCid: LLM.META_LLAMA_3_8B_INSTRUCT, messages: [...messages, asked.chatOutput, { role: "tool", tool_call_id: call.id, content: "rain" }], tools });
      assert.equal(answered.chatOutput.content, "The tool said rain");
    });

    test("enclaves take only their own models", async () => {
      const params = { messages: [{ role: "user", content: "hi" }], inferenceMode: LlmInferenceMode.TEE };
      assert.equal((await alpha.llmChat({ modelCid: TEE_LLM.META_LLAMA_3_1_70B_INSTRUCT, ...params })).chatOutput.content, "You said hi");
      await assert.rejects(alpha.llmChat({ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, ...params }), { code: "invalidInput", field: "modelCid" });
    });

    test("llmCompletion", async () => {
      const { completionOutput, receipt, transactionHash } = await alpha.llmCompletion({ modelCid: LLM.DOBBY_UNHINGED_3_1_8B, prompt: "So on", stopSequence: ["never"] });
      assert.equal(completionOutput, "So on and so on");
      assert.equal(receipt.hash, transactionHash);
    });

    test("bad parameters are named", async () => {
      for (const [params, field] of [
        [{ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: [] }, "messages"],
        [{ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: "hi" }, "params.messages"],
        [{ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: [{ role: "user", content: 5 }] }, "messages[0].content"],
        [{ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: [{ role: "user", content: "x" }], temperature: NaN }, "temperature"],
        [{ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: [{ role: "user", content: "x" }], stop: [] }, "params.stop"],
      ]) await assert.rejects(alpha.llmChat(params), { code: "invalidInput", field });
    });
  });
});
