// The hooks infer what the calls answer.
import { OgkitProvider, useCall, useOgpu, usePublishTask, useRead, useTask, useTaskEvents, useWallets } from "../../../pkg/react.js";
import type { Address, DiscoveredWallet, Ogpu, OgpuEvent, Receipt, Task, TaskSnapshot } from "../../../pkg/ogpu.js";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <_ extends true>(): void => {};

export function Part({ task }: { task?: Address }) {
  const { ogpu, account } = useOgpu();
  is<Same<typeof ogpu, Ogpu | undefined>>();
  const balance = useRead((client, signal) => client.getBalance(account, { signal }), [account]);
  is<Same<typeof balance.data, bigint | undefined>>();
  const deposit = useCall((client, options, amount: bigint) => client.vault.deposit(client.account as Address, amount, options));
  is<Same<typeof deposit.data, Receipt | undefined>>();
  is<Same<Parameters<typeof deposit.run>, [amount: bigint]>>();
  // @ts-expect-error: an amount is a bigint
  void deposit.run(1);
  is<Same<ReturnType<typeof usePublishTask>["data"], Task | undefined>>();
  is<Same<ReturnType<typeof useTask>["data"], TaskSnapshot | undefined>>();
  is<Same<ReturnType<typeof useTaskEvents>["events"], readonly OgpuEvent[]>>();
  is<Same<ReturnType<typeof useWallets>, readonly DiscoveredWallet[]>>();
  return <p>{useTask(task).data?.status}</p>;
}

export const page = <OgkitProvider network="testnet"><Part /></OgkitProvider>;
// @ts-expect-error: a provider needs its network
export const without = <OgkitProvider><Part /></OgkitProvider>;
