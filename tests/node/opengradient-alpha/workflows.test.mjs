// Workflows on the devnet: deployed, registered, run, read, taken up again.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createTestClient, http } from "viem";

import { PriceHistoryInference, linear } from "../../devnet/opengradient/alpha.mjs";
import { clients } from "../../devnet/opengradient/chain.mjs";
import * as og from "./package.mjs";
import { stage } from "./stage.mjs";

const { Alpha, CandleOrder, CandleType } = og;
const query = { base: "ETH", quote: "USD", totalCandles: 3, candleDurationInMins: 30, order: CandleOrder.ASCENDING, candleTypes: [CandleType.OPEN, CandleType.HIGH, CandleType.LOW, CandleType.CLOSE] };

describe("workflows", () => {
  let net, network, wallet, alpha, reader;
  before(async () => {
    ({ net, network, wallet } = await stage());
    ({ reader } = clients(net.rpcUrl, net.chainId));
    alpha = await Alpha.connect({ wallet: wallet(), network });
  });
  after(() => net?.stop());

  test("deploy, schedule, run, read, history: newest first", async () => {
    const steps = [];
    const began = Math.floor(Date.now() / 1000);
    const workflow = await alpha.newWorkflow(net.models.linear, query, "ohlc", { frequency: 600, durationHours: 1 }, { onProgress: (step) => steps.push(step) });
    assert.deepEqual(steps.map(({ kind }) => kind), ["simulated", "signing", "sent", "mined", "deployed", "scheduling", "simulated", "signing", "sent", "mined"]);
    const { address } = workflow;
    assert.equal(steps[4].address, address);
    assert.equal(workflow.schedule.status, "registered");
    assert.ok(workflow.schedule.endTime >= began + 3600 && workflow.schedule.endTime <= Date.now() / 1000 + 3600);
    const stored = (functionName) => reader.readContract({ address, abi: PriceHistoryInference.abi, functionName });
    assert.deepEqual([await stored("modelId"), await stored("inputName"), await stored("inputQuery")], [net.models.linear, "ohlc", ["ETH", "USD", 3, 30, 0]]);

    const ran = await alpha.runWorkflow(address);
    const [{ blockNumber }] = await reader.getContractEvents({ address, abi: PriceHistoryInference.abi, eventName: "InferenceResultEmitted", fromBlock: 0n });
    const wanted = { base: "ETH", quote: "USD", total_candles: 3, candle_duration_in_mins: 30, order: 0, candle_types: [2, 0, 1, 3] };
    const candles = await reader.readContract({ address: net.priceFeed, abi: net.abi.PriceFeed, functionName: "queryHistoricalCandles", args: [wanted], blockNumber });
    const expected = Float32Array.from(candles.map(linear), ({ value, decimals }) => Number(value) / 10 ** Number(decimals));
    assert.deepEqual(ran.modelOutput.numbers.ohlc_out, { data: expected, shape: [3, 4] });
    assert.equal(ran.transactionHash, ran.receipt.hash);
    assert.deepEqual(await alpha.readWorkflowResult(address), ran.modelOutput);

    // The schedule runs it by itself, with other prices.
    await createTestClient({ mode: "anvil", transport: http(net.rpcUrl) }).increaseTime({ seconds: 1900 });
    await net.alpha.runDue();
    const history = await alpha.readWorkflowHistory(address, 5);
    assert.equal(history.length, 2);
    assert.deepEqual(history[0], await alpha.readWorkflowResult(address));
    assert.deepEqual(history[1], ran.modelOutput);
    assert.deepEqual(await alpha.readWorkflowHistory(address, 1), [history[0]], "the newest one");
    await assert.rejects(alpha.readWorkflowHistory(address, 0), { field: "numResults" });
    await assert.rejects(alpha.readWorkflowHistory(address, 10_001), { field: "numResults" });
  });

  test("without a schedule; taken up by its transaction; registered later", async () => {
    const workflow = await alpha.newWorkflow(net.models.linear, query, "ohlc");
    assert.deepEqual(workflow.schedule, { status: "notAsked" });
    assert.equal(await alpha.deployedWorkflow(workflow.receipt.hash), workflow.address);
    assert.equal(await alpha.deployedWorkflow(`0x${"22".repeat(32)}`), undefined);
    const registered = await alpha.scheduleWorkflow(workflow.address);
    assert.ok(Math.abs(registered.endTime - Date.now() / 1000 - 7200) < 4000, "two hours by default");
    await assert.rejects(alpha.deployedWorkflow(registered.receipt.hash), { code: "protocol" });
  });

  test("a registration that is refused leaves the workflow, and says so", async () => {
    let windows = 0;
    const tired = await Alpha.connect({ network, wallet: wallet("client2", { approve: ({ method }) => method !== "eth_sendTransaction" || ++windows < 2 }) });
    const { address, schedule } = await tired.newWorkflow(net.models.linear, query, "ohlc", {});
    assert.equal(schedule.status, "failed");
    assert.ok(og.isOgError(schedule.error, "walletRejected"));
    assert.equal((await alpha.runWorkflow(address)).modelOutput.numbers.ohlc_out.shape.length, 2);
    assert.equal((await alpha.scheduleWorkflow(address, { frequency: 60, durationHours: 1 })).receipt.to, net.scheduler);
  });

  test("the form of 0.4 has its own contract", async () => {
    const joined = { currencyPair: "ETH/USDT", totalCandles: 3, candleDurationInMins: 30, order: "DESCENDING", candleTypes: ["CLOSE"] };
    const { address } = await alpha.newWorkflow(net.models.linear, joined, "close");
    assert.notEqual(await reader.getCode({ address }), undefined);
  });

  test("bad parameters are named, and nothing is deployed", async () => {
    for (const [input, field] of [
      [{ ...query, order: "UP" }, "order"],
      [{ ...query, candleTypes: ["MEDIAN"] }, "candleTypes"],
      [{ ...query, candleTypes: [] }, "inputQuery"],
      [{ ...query, totalCandles: 0 }, "inputQuery"],
      [{ ...query, totalCandles: 2 ** 32 }, "inputQuery.totalCandles"],
      [{ ...query, total_candles: 3 }, "inputQuery.total_candles"],
      [{ ...query, currencyPair: "ETH/USD" }, "inputQuery"],
      [undefined, "inputQuery"],
    ]) await assert.rejects(alpha.newWorkflow("Qm", input, "x"), { code: "invalidInput", field });
    await assert.rejects(alpha.newWorkflow("Qm", query, "x", { frequency: 0 }), { field: "schedulerParams.frequency" });
    await assert.rejects(alpha.runWorkflow("0x12"), { field: "contractAddress" });
    await assert.rejects(alpha.readWorkflowResult(net.opg), { code: /txRevert|protocol/ });
  });

  test("the published forecasts, by their functions", async () => {
    const reading = await Alpha.connect({ network });
    const models = await og.workflowModels();
    assert.equal(models.length, 7);
    for (const [name, address] of [
      ["readEthUsdtOneHourVolatilityForecast", net.workflows.ethUsdtOneHourVolatility],
      ["readBtc1HourPriceForecast", net.workflows.btcOneHourPrice],
      ["readEth1HourPriceForecast", net.workflows.ethOneHourPrice],
      ["readSol1HourPriceForecast", net.workflows.solOneHourPrice],
      ["readSui1HourPriceForecast", net.workflows.suiOneHourPrice],
      ["readSuiUsdt30MinPriceForecast", net.workflows.suiUsdtThirtyMinutePrice],
      ["readSuiUsdt6HourPriceForecast", net.workflows.suiUsdtSixHourPrice],
    ]) {
      const { result, blockExplorerLink } = await og[name](reading);
      assert.match(result, /^-?\d+\.\d{10}%$/);
      assert.equal(blockExplorerLink, `https://explorer.opengradient.ai/address/${address}`);
      assert.ok(models.some((model) => model.address === address));
    }
    await assert.rejects(reading.readWorkflowModel("read_doge"), { field: "name" });
  });
});
