// The alpha network: inference in three modes, language models on chain, workflows of both generations, the scheduler.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestClient, decodeErrorResult, encodeFunctionData, http, parseEventLogs, toFunctionSelector } from "viem";

import { MODELS, ModelExecutorHistorical, PriceHistoryInference, inferenceAbi, linear, precompileAbi, predict, schedulerAbi } from "./alpha.mjs";
import { accounts, clients } from "./chain.mjs";
import { startOpenGradient } from "./index.mjs";

const [VANILLA, ZKML, TEE] = [0, 1, 2];
let net, reader, wallet;
const number = (value, decimals = 0) => ({ value: BigInt(value), decimals: BigInt(decimals) });
const tensor = (name, values, shape = [values.length]) => ({ name, values, shape });
const input = {
  numbers: [tensor("a", [number(15, 1), number(100), number(-25, 2), number(1, 7), number(0), number(-3)], [2, 3]), tensor("b", [number(7)])],
  strings: [{ name: "s", values: ["abc", "é🚀x", ""] }],
};
const hub = (functionName, args, account = accounts.client) => ({ address: net.inferenceHub, abi: inferenceAbi, functionName, args, account });
const send = async (request) => reader.waitForTransactionReceipt({ hash: await wallet(request.account).writeContract(request) });
const events = (abi, receipt, eventName) => parseEventLogs({ abi, logs: receipt.logs, eventName, strict: true });
const fails = async (request) => {
  try {
    await reader.simulateContract(request);
  } catch (error) {
    const reverted = error.walk((cause) => cause.raw !== undefined || cause.reason !== undefined);
    return reverted?.reason ?? reverted?.raw ?? error;
  }
  assert.fail("it should have reverted");
};

before(async () => {
  net = await startOpenGradient({ schedule: 100 });
  ({ reader, wallet } = clients(net.rpcUrl, net.chainId));
});
after(() => net?.stop());

test("our contracts have the published ABI", () => {
  const selectors = (abi) => abi.filter(({ type }) => type === "function").map((entry) => toFunctionSelector(entry)).sort();
  assert.deepEqual(selectors(precompileAbi).filter((one) => !selectors(net.abi.InferencePrecompile).includes(one)), []);
  assert.deepEqual(selectors(schedulerAbi).filter((one) => !selectors(net.abi.WorkflowScheduler).includes(one)), []);
  // What the workflows' bytecode calls.
  assert.ok(selectors(net.abi.PriceFeed).includes("0xa192a0f9") && selectors(net.abi.PriceFeed).includes("0xa28e7f60"));
});

describe("inference", () => {
  for (const mode of [VANILLA, ZKML, TEE]) {
    test(`mode ${mode}: the result is in the hub's event, with the precompile's beside it`, async () => {
      const receipt = await send(hub("run", [MODELS.linear, mode, input]));
      assert.equal(receipt.status, "success");
      const [result] = events(inferenceAbi, receipt, "InferenceResult");
      assert.deepEqual(result.args.output, predict("linear", input));
      const [inner] = events(precompileAbi, receipt, "ModelInferenceEvent");
      assert.equal(inner.address.toLowerCase(), net.precompile.toLowerCase());
      assert.deepEqual(inner.args.request, { mode, modelCID: MODELS.linear, input });
      assert.deepEqual(inner.args.response, result.args.output);
    });

    test(`mode ${mode}: an empty event, and the node has the result`, async () => {
      const receipt = await send(hub("run", [MODELS.offchain, mode, input]));
      const [{ args: { output } }] = events(inferenceAbi, receipt, "InferenceResult");
      assert.deepEqual(output, { numbers: [], strings: [], jsons: [], is_simulation_result: false });
      const [{ args: { inferenceID } }] = events(precompileAbi, receipt, "ModelInferenceEvent");
      const url = `${net.nodeUrl}/artela-network/artela-rollkit/inference/tx/${encodeURIComponent(inferenceID)}`;
      const { inference_results } = await (await fetch(url)).json();
      const { InferenceResult } = JSON.parse(Buffer.from(inference_results[0], "base64").toString("utf8"));
      const wrapped = [InferenceResult.VanillaResult, InferenceResult.ZkmlResult, InferenceResult.TeeNodeResult?.Response.VanillaResponse];
      const expected = predict("linear", input);
      assert.deepEqual(wrapped[mode].model_output, {
        numbers: expected.numbers.map(({ name, values, shape }) => ({ name, values: values.map(({ value, decimals }) => ({ value: String(value), decimals: String(decimals) })), shape })),
        strings: expected.strings.map((one) => ({ ...one, shape: [one.values.length] })),
        jsons: expected.jsons,
      });
      assert.equal((await fetch(url.replaceAll("%2F", "/"))).status, inferenceID.includes("/") ? 501 : 200);
    });
  }

  test("the node may be behind, and does not know every id", async () => {
    const receipt = await send(hub("run", [MODELS.offchain, VANILLA, input]));
    const [{ args: { inferenceID } }] = events(precompileAbi, receipt, "ModelInferenceEvent");
    assert.match(inferenceID, /[+/=]/, "an id that has to be escaped");
    const ask = async (id) => fetch(`${net.nodeUrl}/artela-network/artela-rollkit/inference/tx/${encodeURIComponent(id)}`);
    net.node.behind = 1;
    assert.deepEqual(await (await ask(inferenceID)).json(), { inference_results: [] });
    assert.equal((await (await ask(inferenceID)).json()).inference_results.length, 1);
    assert.equal((await ask("other")).status, 404);
    assert.deepEqual(net.node.requests.slice(-3), [inferenceID, inferenceID, "other"]);
  });

  test("the other models", async () => {
    const echoed = await reader.simulateContract(hub("run", [MODELS.echo, VANILLA, input]));
    assert.deepEqual(echoed.result, predict("echo", input));
    const simulated = await reader.simulateContract(hub("run", [MODELS.simulated, VANILLA, input]));
    assert.deepEqual(simulated.result, { ...predict("linear", input), is_simulation_result: true });
    const forecast = await reader.simulateContract(hub("run", [MODELS.forecast, VANILLA, { numbers: [tensor("p", [number(200), number(5), number(2105, 1)])], strings: [] }]));
    assert.deepEqual(forecast.result.numbers, [tensor("prediction", [number(52500000000n, 12)])]);
    await net.alpha.setModel("QmMine", "echo");
    assert.deepEqual((await reader.simulateContract(hub("run", ["QmMine", VANILLA, input]))).result, predict("echo", input));
  });

  test("what reverts, and why", async () => {
    assert.equal(await fails(hub("run", ["QmNowhere", VANILLA, input])), "model not found: QmNowhere");
    assert.equal(await fails(hub("run", [MODELS.linear, VANILLA, { numbers: [], strings: [] }])), "no tensors");
    assert.equal(await fails(hub("run", [MODELS.linear, VANILLA, { numbers: [tensor("x", [number(1)], [2])], strings: [] }])), "shape of tensor x does not fit its values");
    assert.equal(await fails(hub("run", ["Qwen/Qwen2.5-72B-Instruct", VANILLA, input])), "not an ONNX model: Qwen/Qwen2.5-72B-Instruct");
    const own = decodeErrorResult({ abi: net.abi.InferencePrecompile, data: await fails(hub("run", [MODELS.failing, VANILLA, input])) });
    assert.deepEqual([own.errorName, own.args], ["InferenceFailed", [MODELS.failing, 7n]]);
    await assert.rejects(reader.call({ to: net.inferenceHub, data: encodeFunctionData({ abi: inferenceAbi, functionName: "run", args: [MODELS.linear, 3, input] }) }));
  });

  test("one that simulates and then fails in its block", async () => {
    const request = hub("run", [MODELS.unsteady, VANILLA, input]);
    const gas = await reader.estimateContractGas(request);
    assert.equal((await send({ ...request, gas: gas * 3n })).status, "reverted");
  });
});

describe("language models on chain", () => {
  const model = "meta-llama/Llama-3.1-70B-Instruct";
  const message = (role, content) => ({ role, content, name: "", tool_call_id: "", tool_calls: [] });
  const request = (more) => ({ mode: 0, modelCID: model, messages: [message("user", "hello there, you")], tools: [], tool_choice: "", max_tokens: 100, stop_sequence: [], temperature: 0, ...more });
  const chat = async (more) => {
    const receipt = await send(hub("runLLMChat", [request(more)]));
    const [{ args: { response } }] = events(inferenceAbi, receipt, "LLMChatResult");
    const [inner] = events(precompileAbi, receipt, "LLMChat");
    assert.deepEqual(inner.args.response, response);
    return response;
  };

  test("chat: text, stop texts, a limit", async () => {
    assert.deepEqual(await chat(), { finish_reason: "stop", message: message("assistant", "You said hello there, you") });
    assert.equal((await chat({ mode: 1, stop_sequence: ["zzz", " there"] })).message.content, "You said hello");
    assert.deepEqual(await chat({ max_tokens: 2 }), { finish_reason: "length", message: message("assistant", "You said") });
  });

  test("chat: a tool is called, and what it says is used", async () => {
    const tools = [{ description: "The weather", name: "weather", parameters: "{}" }];
    const called = await chat({ tools, tool_choice: "auto", messages: [message("user", 'call weather {"city": "Köln"}')] });
    assert.equal(called.finish_reason, "tool_calls");
    assert.deepEqual(called.message.tool_calls.map(({ name, arguments: text }) => [name, text]), [["weather", '{"city": "Köln"}']]);
    const answer = await chat({ tools, tool_choice: "auto", messages: [message("user", "weather"), { ...called.message }, { ...message("tool", "12 °C"), tool_call_id: called.message.tool_calls[0].id }] });
    assert.equal(answer.message.content, "The tool said 12 °C");
  });

  test("completion", async () => {
    const receipt = await send(hub("runLLMCompletion", [{ mode: 0, modelCID: model, prompt: "One, two", max_tokens: 100, stop_sequence: [], temperature: 50 }]));
    assert.equal(events(inferenceAbi, receipt, "LLMCompletionResult")[0].args.response.answer, "One, two and so on");
    assert.equal(await fails(hub("runLLMChat", [request({ modelCID: "none/such" })])), "model not found: none/such");
    assert.equal(await fails(hub("runLLMChat", [request({ modelCID: MODELS.echo })])), `not a language model: ${MODELS.echo}`);
  });
});

describe("workflows, from the real bytecode", () => {
  const query = { base: "ETH", quote: "USD", total_candles: 3, candle_duration_in_mins: 30, order: 0, candle_types: [2, 0, 1, 3] };
  const deploy = async ({ abi, bytecode }, args) => {
    const hash = await wallet(accounts.client).deployContract({ abi, bytecode, args });
    return { abi, address: (await reader.waitForTransactionReceipt({ hash })).contractAddress, account: accounts.client };
  };
  // At a block: its time says which candle is the newest.
  const candles = async (wanted, { blockNumber }) =>
    reader.readContract({ address: net.priceFeed, abi: net.abi.PriceFeed, functionName: "queryHistoricalCandles", args: [wanted], blockNumber });

  test("the newest: deploy, run, read, history", async () => {
    const workflow = await deploy(PriceHistoryInference, [MODELS.linear, "ohlc", query]);
    const read = (functionName, args = []) => reader.readContract({ ...workflow, functionName, args });
    assert.deepEqual([await read("modelId"), await read("inputName"), await read("historicalContract")], [MODELS.linear, "ohlc", net.priceFeed]);
    assert.deepEqual(await read("inputQuery"), ["ETH", "USD", 3, 30, 0]);
    const results = [];
    for (let round = 0; round < 3; round++) {
      await createTestClient({ mode: "anvil", transport: http(net.rpcUrl) }).increaseTime({ seconds: 1800 });
      const receipt = await send({ ...workflow, functionName: "run", gas: 30_000_000n });
      assert.equal(receipt.status, "success");
      const [{ args: { caller, result } }] = events(workflow.abi, receipt, "InferenceResultEmitted");
      assert.equal(caller, accounts.client.address);
      assert.deepEqual(result.numbers, [tensor("ohlc_out", (await candles(query, receipt)).map(linear), [3, 4])]);
      assert.deepEqual(await read("getInferenceResult"), result);
      results.push(result);
    }
    assert.notDeepEqual(results[0].numbers, results[1].numbers, "the prices moved");
    // The newest is the last, whatever the documents say; and there are no more than there are.
    assert.deepEqual(await read("getLastInferenceResults", [2n]), results.slice(1));
    assert.deepEqual(await read("getLastInferenceResults", [5n]), results);
    assert.match(await fails({ ...workflow, functionName: "getLastInferenceResults", args: [0n] }), /positive/);
  });

  test("candles: order, and prices that fit together", async () => {
    const block = { blockNumber: await reader.getBlockNumber() };
    const up = await candles(query, block);
    const down = await candles({ ...query, order: 1 }, block);
    assert.deepEqual(down.slice(8), up.slice(0, 4));
    for (let at = 0; at < up.length; at += 4) {
      const [open, high, low, close] = up.slice(at, at + 4).map(({ value }) => value);
      assert.ok(low <= open && low <= close && high >= open && high >= close);
      if (at) assert.equal(open, up[at - 1].value);
    }
    assert.deepEqual(await candles({ currency_pair: "ETH/USD", total_candles: 3, candle_duration_in_mins: 30, order: 0, candle_types: [2, 0, 1, 3] }, block), up);
  });

  test("the oldest", async () => {
    const { base, quote, ...rest } = query;
    const workflow = await deploy(ModelExecutorHistorical, [MODELS.linear, { currency_pair: `${base}/${quote}`, ...rest }, net.priceFeed, "ohlc"]);
    const receipt = await send({ ...workflow, functionName: "run" });
    const [{ args: { result } }] = events(workflow.abi, receipt, "InferenceResultEmitted");
    assert.deepEqual(result.numbers, [tensor("ohlc_out", (await candles(query, receipt)).map(linear), [3, 4])]);
    assert.deepEqual(await reader.readContract({ ...workflow, functionName: "getInferenceResult" }), result);
  });

  test("one whose model is unknown deploys, and does not run", async () => {
    const workflow = await deploy(PriceHistoryInference, ["QmNowhere", "x", query]);
    assert.equal(await fails({ ...workflow, functionName: "run" }), "model not found: QmNowhere");
    assert.equal((await send({ ...workflow, functionName: "run", gas: 30_000_000n })).status, "reverted");
    assert.deepEqual((await reader.readContract({ ...workflow, functionName: "getInferenceResult" })).numbers, []);
  });

  test("the published ones have a result", async () => {
    const tensors = await Promise.all(Object.values(net.workflows).map(async (address) => {
      const { numbers: [{ name, values, shape }] } = await reader.readContract({ address, abi: PriceHistoryInference.abi, functionName: "getInferenceResult" });
      assert.deepEqual([shape, values[0].decimals], [[1], 12n]);
      return name;
    }));
    assert.deepEqual([...new Set(tensors)], ["Y", "regression_output", "destandardized_prediction"]);
  });

  test("the scheduler runs what is registered, until its end", async () => {
    const workflow = await deploy(PriceHistoryInference, [MODELS.forecast, "ohlc", query]);
    const scheduler = { address: net.scheduler, abi: schedulerAbi, account: accounts.client, functionName: "registerTask", gas: 300_000n };
    const { timestamp } = await reader.getBlock();
    assert.equal((await send({ ...scheduler, args: [workflow.address, timestamp + 7200n, 600n] })).status, "success");
    assert.equal((await send({ ...scheduler, args: [accounts.client.address, timestamp + 7200n, 600n] })).status, "reverted");
    assert.equal((await send({ ...scheduler, args: [workflow.address, timestamp - 1n, 600n] })).status, "reverted");
    const count = async () => (await reader.getContractEvents({ ...workflow, eventName: "InferenceResultEmitted", fromBlock: 0n })).length;
    assert.equal(await count(), 0);
    const chain = createTestClient({ mode: "anvil", transport: http(net.rpcUrl) });
    const runs = async (wanted) => {
      while ((await count()) < wanted) await new Promise((resolve) => setTimeout(resolve, 50));
      assert.equal(await count(), wanted);
    };
    await chain.increaseTime({ seconds: 700 });
    await runs(1);
    await chain.increaseTime({ seconds: 700 });
    await runs(2);
    await chain.increaseTime({ seconds: 7200 });
    assert.equal(await net.alpha.runDue(), false, "past its end");
    assert.equal(await count(), 2);
  });
});
