// The official Python SDK on the devnet's alpha network and services: what it does there works as on the real ones.
import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { MemoryBlockstore } from "blockstore-core";
import { unixfs } from "@helia/unixfs";
import { createTestClient, decodeFunctionData, http } from "viem";

import { LAYOUT } from "../devnet/ipfs.mjs";
import { PriceHistoryInference, inferenceAbi, linear, predict } from "../devnet/opengradient/alpha.mjs";
import { clients } from "../devnet/opengradient/chain.mjs";
import { startOpenGradient } from "../devnet/opengradient/index.mjs";
import { startPeer } from "./peer.mjs";

describe("the official Python SDK on the devnet", () => {
  let net, peer, key, reader;
  before(async () => {
    net = await startOpenGradient({ schedule: 100 });
    ({ reader } = clients(net.rpcUrl, net.chainId));
    key = net.accounts.find(({ role }) => role === "client2").privateKey;
    peer = startPeer("opengradient-peer.py");
    const { nodeUrl, hubUrl, identityUrl, twinsUrl } = net;
    await peer.call("configure", net.rpcUrl, { nodeUrl, hubUrl, identityUrl, twinsUrl });
  });
  after(async () => {
    peer?.stop();
    await net?.stop();
  });

  const float = ({ value, decimals }) => Math.fround(Number(value) / 10 ** Number(decimals));
  const numbers = { a: [[1.5, 100.0, -0.25], [1e-7, 0.0, -3.0]], b: 7 };
  /** The tensors as the SDK put them into its call. */
  const sent = async (hash) => decodeFunctionData({ abi: inferenceAbi, data: (await reader.getTransaction({ hash })).input }).args;

  for (const mode of ["VANILLA", "ZKML", "TEE"]) {
    for (const model of ["linear", "echo", "offchain"]) {
      test(`infer: ${model}, ${mode}`, async () => {
        const { transactionHash, output } = await peer.call("infer", key, net.models[model], mode, numbers);
        const [cid, , input] = await sent(transactionHash);
        assert.equal(cid, net.models[model]);
        assert.deepEqual(input.numbers[0].values.map(({ value, decimals }) => `${value}e-${decimals}`), ["15e-1", "100e-0", "-25e-2", "1e-7", "0e-0", "-3e-0"]);
        const expected = predict(model, input);
        for (const { name, values, shape } of expected.numbers) assert.deepEqual(output[name], { dtype: "float32", shape, data: values.map(float) });
        if (model !== "echo") assert.deepEqual(output.summary.data, [{ numbers: 2, strings: 0 }]);
      });
    }
  }

  test("infer: strings, and typed arrays", async () => {
    const { output } = await peer.call("infer", key, net.models.offchain, "VANILLA", { s: ["abc", "é🚀x"], n: { dtype: "int64", shape: [2, 2], data: [1, 2, 3, 4] } });
    assert.deepEqual(output.s_out.data, ["cba", "x🚀é"]);
    assert.deepEqual([output.n_out.shape, output.n_out.data], [[2, 2], [2.5, 4.5, 6.5, 8.5]]);
  });

  test("infer: what reverts", async () => {
    const reason = (model) => peer.call("infer", key, model, "VANILLA", numbers).then(() => "none", ({ name, message }) => `${name}: ${message}`);
    assert.match(await reason("QmNowhere"), /^ContractLogicError: .*simulation failed with revert reason.*model not found: QmNowhere/);
    assert.match(await reason(net.models.failing), /^ContractLogicError: .*simulation failed/);
    assert.match(await reason(net.models.unsteady), /^ContractLogicError: .*Transaction failed/);
  });

  test("workflows: deploy, schedule, run, read, history", async () => {
    const query = { base: "ETH", quote: "USD", totalCandles: 3, candleDurationInMins: 30, order: "ASCENDING", candleTypes: ["OPEN", "HIGH", "LOW", "CLOSE"] };
    const address = await peer.call("new_workflow", key, net.models.linear, query, "ohlc", { frequency: 600, duration_hours: 1 });
    const stored = (functionName) => reader.readContract({ address, abi: PriceHistoryInference.abi, functionName });
    assert.deepEqual([await stored("modelId"), await stored("inputName"), await stored("inputQuery")], [net.models.linear, "ohlc", ["ETH", "USD", 3, 30, 0]]);
    assert.equal((await reader.readContract({ address: net.scheduler, abi: net.abi.WorkflowScheduler, functionName: "tasks", args: [0n] }))[1], address);
    assert.deepEqual((await peer.call("read_workflow_result", key, address)).numbers, {});
    const ran = await peer.call("run_workflow", key, address);
    const wanted = { base: "ETH", quote: "USD", total_candles: 3, candle_duration_in_mins: 30, order: 0, candle_types: [2, 0, 1, 3] };
    const [{ blockNumber }] = await reader.getContractEvents({ address, abi: PriceHistoryInference.abi, eventName: "InferenceResultEmitted", fromBlock: 0n });
    const candles = await reader.readContract({ address: net.priceFeed, abi: net.abi.PriceFeed, functionName: "queryHistoricalCandles", args: [wanted], blockNumber });
    assert.deepEqual(ran.numbers.ohlc_out, { dtype: "float32", shape: [3, 4], data: candles.map(linear).map(float) });
    assert.deepEqual(await peer.call("read_workflow_result", key, address), ran);
    await createTestClient({ mode: "anvil", transport: http(net.rpcUrl) }).increaseTime({ seconds: 1900 });
    await net.alpha.runDue();
    const history = await peer.call("read_workflow_history", key, address, 5);
    assert.deepEqual([history.length, history[0]], [2, ran], "the first result comes first");
  });

  test("the published workflows", async () => {
    for (const [name, address] of [
      ["read_eth_usdt_one_hour_volatility_forecast", net.workflows.ethUsdtOneHourVolatility],
      ["read_btc_1_hour_price_forecast", net.workflows.btcOneHourPrice],
      ["read_eth_1_hour_price_forecast", net.workflows.ethOneHourPrice],
      ["read_sol_1_hour_price_forecast", net.workflows.solOneHourPrice],
      ["read_sui_1_hour_price_forecast", net.workflows.suiOneHourPrice],
      ["read_sui_usdt_30_min_price_forecast", net.workflows.suiUsdtThirtyMinutePrice],
      ["read_sui_usdt_6_hour_price_forecast", net.workflows.suiUsdtSixHourPrice],
    ]) {
      const { result, blockExplorerLink } = await peer.call("workflow_model", key, name);
      assert.match(result, /^-?\d+\.\d{10}%$/);
      assert.equal(blockExplorerLink, `https://explorer.opengradient.ai/address/${address}`);
    }
  });

  test("the model hub: sign-in, model, version, upload, files, a refreshed token", async () => {
    const { email, password } = net.credentials;
    await assert.rejects(peer.call("hub_login", email, "wrong"), /INVALID_LOGIN_CREDENTIALS/);
    await peer.call("hub_login", email, password);
    assert.deepEqual(await peer.call("create_model", email, "my-model", "A description"), { name: "my-model", initialVersion: "0.01" });
    assert.deepEqual(await peer.call("create_version", email, "my-model", "more", true), { versionString: "1.00" });
    const folder = mkdtempSync(join(tmpdir(), "ogkit-"));
    try {
      const bytes = Buffer.alloc(700_000, "model");
      writeFileSync(join(folder, "model.onnx"), bytes);
      const modelCid = String(await unixfs({ blockstore: new MemoryBlockstore() }).addBytes(bytes, LAYOUT));
      assert.deepEqual(await peer.call("upload", email, join(folder, "model.onnx"), "my-model", "1.00"), { modelCid, size: 700_000 });
      assert.deepEqual((await peer.call("list_files", email, "my-model", "1.00")).map(({ name, ipfsCid, size }) => [name, ipfsCid, size]), [["model.onnx", modelCid, 700_000]]);
      await assert.rejects(peer.call("upload", email, join(folder, "model.onnx"), "my-model", "7.00"), /Version 7.00 of model my-model not found \(status_code=404\)/);
    } finally {
      rmSync(folder, { recursive: true });
    }
    net.identity.expire();
    await assert.rejects(peer.call("list_files", email, "my-model", "1.00"), /401/);
    await peer.call("hub_forget", email);
    assert.equal((await peer.call("list_files", email, "my-model", "1.00")).length, 1);
  });

  test("twins", async () => {
    const { twinsApiKey, twinId } = net.credentials;
    const ask = (secret) => peer.call("twins_chat", secret, twinId, "openai/gpt-5", [{ role: "user", content: "What do you think?" }], { max_tokens: 20 });
    const { finishReason, message } = await ask(twinsApiKey);
    assert.ok(["stop", "length"].includes(finishReason) && message.role === "assistant" && message.content);
    await assert.rejects(ask("wrong"), /401/);
  });
});
