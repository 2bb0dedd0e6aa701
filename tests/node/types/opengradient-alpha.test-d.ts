// What must compile, and what must not.
import {
  Alpha, CandleOrder, CandleType, InferenceMode, LLM, ModelHub, Twins, createRunModelTool, generateImage, isOgError, readEth1HourPriceForecast,
  type FunctionTool, type ModelInput, type ModelOutput, type UploadProgress, type Workflow,
} from "../../../pkg/opengradient.js";

declare const provider: { request(args: { method: string; params?: unknown }): Promise<unknown> };
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};

const alpha: Alpha = await Alpha.connect({ wallet: provider, network: { rpcUrl: "https://x" } });
const input: ModelInput = { a: [[1, 2n]], b: Float32Array.of(1), c: "text", d: { data: BigInt64Array.of(1n), shape: [1] }, e: [Float64Array.of(1)] };
const { modelOutput, transactionHash } = await alpha.infer("Qm", InferenceMode.VANILLA, input, { onProgress: ({ kind }) => kind });
is<Same<typeof modelOutput, ModelOutput>>();
is<Same<typeof transactionHash, `0x${string}`>>();
const data = modelOutput.numbers["y"]?.data;
is<Same<typeof data, Float32Array | undefined>>();
// @ts-expect-error an unknown mode
await alpha.infer("Qm", "FAST", input);
// @ts-expect-error booleans are no tensor
await alpha.infer("Qm", "TEE", { x: [true] });

const query = { base: "ETH", quote: "USD", totalCandles: 1, candleDurationInMins: 1, order: CandleOrder.ASCENDING, candleTypes: [CandleType.CLOSE] };
const workflow: Workflow = await alpha.newWorkflow("Qm", query, "x", { frequency: 60 });
if (workflow.schedule.status === "registered") is<Same<typeof workflow.schedule.endTime, number>>();
if (workflow.schedule.status === "failed" && isOgError(workflow.schedule.error, "walletRejected")) workflow.schedule.error.rpcCode;
const said = await alpha.llmChat({ modelCid: LLM.LLAMA_3_2_3B_INSTRUCT, messages: [{ role: "user", content: "hi" }] });
is<Same<typeof said.finishReason, string>>();
is<Same<Awaited<ReturnType<typeof readEth1HourPriceForecast>>["result"], string>>();

const hub: ModelHub = await ModelHub.login({ email: "e", password: "p", identity: { apiKey: "k" } });
await hub.upload(new Blob([]), "m", "1.00", { filename: "f", onProgress: (step) => is<Same<typeof step, UploadProgress>>() });
const twins: Twins = await Twins.connect({ apiKey: "k" });
await twins.chat({ twinId: "t", model: "openai/gpt-5", messages: [] });
is<Same<Awaited<ReturnType<typeof generateImage>>, Uint8Array>>();
const tool: FunctionTool = createRunModelTool<{ n: number }>({
  modelCid: "Qm", toolName: "t", inference: alpha, modelInputProvider: ({ n }) => ({ x: n }), modelOutputFormatter: (result) => result.transactionHash,
});
await tool.call({ n: 1 });
