// What must compile, and what must not.
import {
  ChainConfig, ChainId, DeliveryMethod, Ogpu, TaskStatus, isOgError, networks, parseEther,
  type Address, type Eip1193Provider, type JsonValue, type OgpuEvent, type Progress, type Response, type SourceInfo, type TaskInfo,
} from "../../../pkg/ogpu.js";

declare const provider: Eip1193Provider;
declare const address: Address;

/** True when both are the same type; `any` is the same as nothing but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};

const ogpu = await Ogpu.connect({ wallet: provider, network: "mainnet" });
await Ogpu.readOnly({ network: { ...networks.mainnet, rpcUrl: ["https://a", "https://b"], quorum: 2 } });
// @ts-expect-error: a count
await Ogpu.readOnly({ network: { ...networks.mainnet, quorum: "2" } });
const info: SourceInfo = {
  name: "n", description: "d", logoUrl: "", imageEnvs: { cpu: "https://x" },
  minPayment: 1n, minAvailableLockup: 1n, maxExpiryDuration: 60, deliveryMethod: DeliveryMethod.FIRST_RESPONSE,
};
const source = await ogpu.publishSource(info, { signal: AbortSignal.timeout(1), onProgress: (step) => is<Same<typeof step, Progress>>() });
const task = await ogpu.publishTask({
  source: source.address, config: { functionName: "predict", data: { text: "x" }, priority: 1 }, expiryTime: 1, payment: parseEther("0.01"),
});
is<Same<typeof task.address, Address>>();
const responses: Response[] = await ogpu.getTaskResponses(task.address, 0, 10);
is<Same<(typeof responses)[0]["payment"], bigint | undefined>>();
const snapshot = await task.snapshot();
is<Same<typeof snapshot.status, TaskStatus>>();
is<Same<typeof snapshot.payment, bigint>>();
is<Same<ReturnType<typeof ChainConfig.getCurrentChain>, ChainId>>();

for await (const event of ogpu.watch({ fromBlock: 1n })) {
  switch (event.type) {
    case "attempted": is<Same<typeof event.suggestedPayment, bigint>>(); break;
    case "taskStatusChanged": is<Same<typeof event.status, TaskStatus>>(); break;
    case "sourceUpdated": is<Same<typeof event.params.minPayment, bigint>>(); break;
    case "responseSubmitted": case "responseStatusChanged": case "registered": case "taskPublished":
    case "sourcePublished": case "sourceStatusChanged": break;
    default: event satisfies never;
  }
}
for await (const event of ogpu.watch({ events: ["deposited", "agentSet"], account: address })) {
  is<Same<typeof event, OgpuEvent<"deposited" | "agentSet">>>();
}
for await (const event of task.watchStatusChanged()) is<Same<typeof event.status, TaskStatus>>();
const run = await ogpu.runTask({ source: address, config: { functionName: "f", data: 1 }, expiryTime: 1, payment: 1n }, {
  choose: (candidates) => candidates.find(({ response }) => response.provider === address),
  onProgress: (step) => step.kind === "taskPublished" && is<Same<typeof step.task, Address>>(),
});
is<Same<typeof run.payload, JsonValue>>();
is<Same<ReturnType<typeof ogpu.vault.getUnbondingPeriod>, Promise<number>>>();

try {
  await responses[0]?.confirm();
} catch (error) {
  if (isOgError(error, "insufficientBalance")) is<Same<typeof error.required, bigint>>();
  if (isOgError(error)) {
    switch (error.code) {
      case "taskExpired": is<Same<typeof error.expiry, number>>(); break;
      case "walletRejected": is<Same<typeof error.rpcCode, number | undefined>>(); break;
    }
  }
}

// @ts-expect-error money is bigint
const paid: TaskInfo = { source: address, config: { functionName: "f", data: 1 }, expiryTime: 1, payment: 1 };
// @ts-expect-error an address begins with 0x
ogpu.task("1234");
// @ts-expect-error a config needs its data
ogpu.publishTask({ source: address, config: { functionName: "f" }, expiryTime: 1, payment: 1n });
// @ts-expect-error no such option
ogpu.publishTask({ source: address, config: { functionName: "f", data: 1 }, expiryTime: 1, payment: 1n }, { retries: 3 });
// @ts-expect-error no such network
Ogpu.connect({ wallet: provider, network: "devnet" });
// @ts-expect-error no such code
isOgError(undefined, "nope");
// @ts-expect-error a client is made by connect or readOnly
new Ogpu();
void paid;
