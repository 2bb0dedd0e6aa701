"use client";
/**
 * `ogkit/react`: hooks for wallets, the connected client, reads, writes, tasks and events. Safe on a server (nothing
 * touches the DOM or loads WebAssembly while rendering) and in StrictMode (every effect ends what it began).
 */

import { createContext, createElement, useCallback, useContext, useEffect, useMemo, useState, type ReactElement, type ReactNode } from "react";

import { bag } from "./border.js";
import { invalidInput } from "./errors.js";
import { Ogpu, type Task, type TaskSnapshot } from "./ogpu.js";
import { useConnection, useStable, type MakeClient, type WalletStatus } from "./react/connection.js";
import { useCallWith, useReadWith, type CallContext, type UseCall, type UseRead } from "./react/calls.js";
import type { DiscoveredWallet } from "./wallets.js";
import type { ConnectOptions } from "./api.js";
import type { Address, Eip1193Provider, Network, OgpuEvent, PublishOptions, TaskInfo, WatchOptions, WatchStatus } from "./wasm/ogpu/ogkit.js";

export { useWallets, type WalletStatus } from "./react/connection.js";
export type { CallContext, UseCall, UseRead } from "./react/calls.js";

/** What {@link useOgpu} gives. */
export interface UseOgpu {
  /** The client: with the wallet once it is connected, until then one that reads; `undefined` for the first moments. */
  readonly ogpu: Ogpu | undefined;
  /** The account that signs. */
  readonly account: Address | undefined;
  readonly status: WalletStatus;
  /** Why the last connection, or the client that reads, failed. */
  readonly error: unknown;
  /** Connects a wallet. Answers whether it did: a failure is in `error`. A second call takes the first one's place. */
  connect(wallet: Eip1193Provider | DiscoveredWallet, options?: Pick<ConnectOptions, "account" | "switchChain">): Promise<boolean>;
  /** Forgets the wallet. The wallet itself is not told: EIP-1193 has no word for it. */
  disconnect(): void;
}

/** The provider's network. */
export interface OgkitProviderProps {
  network: "mainnet" | "testnet" | Network;
  children?: ReactNode;
}

const Context = createContext<UseOgpu | undefined>(undefined);

/** A client that needs no wallet, and the network that it was made for: on another one it does not count. */
interface Reader {
  readonly network?: OgkitProviderProps["network"];
  readonly ogpu?: Ogpu;
  readonly error?: unknown;
}
const NO_READER: Reader = Object.freeze({});

type ConnectChoice = Pick<ConnectOptions, "account" | "switchChain">;
// The wallet is on its chain already, or is asked at the next transaction: no window now.
const follow = (account: Address): ConnectChoice => ({ account, switchChain: false });

/** Gives the hooks below it one network and one wallet. */
export function OgkitProvider({ network: given, children }: OgkitProviderProps): ReactElement {
  const network = useStable(given, "network");
  const [latest, setReader] = useState<Reader>(NO_READER);
  const reader = latest.network === network ? latest : NO_READER;
  useEffect(() => {
    let current = true;
    Ogpu.readOnly({ network }).then(
      (ogpu) => current && setReader({ network, ogpu }),
      (error: unknown) => current && setReader({ network, error }),
    );
    return () => void (current = false);
  }, [network]);

  const make = useCallback<MakeClient<Ogpu, ConnectChoice>>((wallet, options) => Ogpu.connect({ ...options, wallet, network }), [network]);
  const { client, status, error, connect, disconnect } = useConnection(make, follow);
  const value = useMemo<UseOgpu>(() => ({
    ogpu: client ?? reader.ogpu,
    account: client?.account,
    status,
    error: error ?? reader.error,
    connect,
    disconnect,
  }), [client, status, error, reader, connect, disconnect]);
  return createElement(Context.Provider, { value }, children);
}

/** The client and the wallet. @throws InvalidInputError outside of an {@link OgkitProvider} */
export function useOgpu(): UseOgpu {
  const value = useContext(Context);
  if (!value) throw invalidInput("OgkitProvider", "the hooks of ogkit/react work only below <OgkitProvider>");
  return value;
}

/**
 * Reads something with the client, again whenever `keys` change, and ends the request when the component goes.
 *
 * ```ts
 * const { data } = useRead((ogpu, signal) => ogpu.getBalance(address, { signal }), [address]);
 * ```
 */
export function useRead<T>(read: (ogpu: Ogpu, signal: AbortSignal) => Promise<T>, keys: readonly unknown[], options?: { enabled?: boolean }): UseRead<T> {
  return useReadWith(useOgpu().ogpu, read, keys, options);
}

/**
 * A call that the user starts: publish, confirm, deposit. It is not ended with the component, because a transaction that
 * is out must be followed; only its news are. One runs at a time: a second `run` while one is under way is refused.
 *
 * ```ts
 * const deposit = useCall((ogpu, options, amount: bigint) => ogpu.vault.deposit(ogpu.account!, amount, options));
 * ```
 */
export function useCall<Args extends unknown[], T>(call: (ogpu: Ogpu, options: CallContext, ...args: Args) => Promise<T>): UseCall<Args, T> {
  return useCallWith(useOgpu().ogpu, call);
}

/** Publishes tasks. */
export function usePublishTask(): UseCall<[info: TaskInfo, options?: Omit<PublishOptions, "signal" | "onProgress">], Task> {
  return useCall((ogpu, own, info: TaskInfo, options?: Omit<PublishOptions, "signal" | "onProgress">) => ogpu.publishTask(info, { ...options, ...own }));
}

/** What {@link useTaskEvents} gives. */
export interface UseTaskEvents {
  /** Oldest first; those that a reorganisation took back are gone. */
  readonly events: readonly OgpuEvent[];
  /** Why nothing comes at the moment: no node answers, and it is asked again. `undefined` otherwise. */
  readonly error: unknown;
}

const TASK_EVENTS = ["taskPublished", "attempted", "responseSubmitted", "responseStatusChanged", "taskStatusChanged"] as const;
const NO_EVENTS: UseTaskEvents = Object.freeze({ events: Object.freeze([]) as readonly OgpuEvent[], error: undefined });

/** Whatever happens to a task, as it happens. Give `fromBlock` to begin in the past. Watching ends with the component. */
export function useTaskEvents(task: Address | undefined, options: Pick<WatchOptions, "fromBlock" | "pollInterval"> = {}): UseTaskEvents {
  const { ogpu } = useOgpu();
  const { fromBlock, pollInterval } = bag(options, "options");
  const [state, setState] = useState<UseTaskEvents>(NO_EVENTS);
  useEffect(() => {
    setState(NO_EVENTS);
    if (!ogpu || task === undefined) return undefined;
    const end = new AbortController();
    void (async () => {
      try {
        const onStatus = (status: WatchStatus): void => {
          const error = status.kind === "waiting" ? status.error : undefined;
          if (!end.signal.aborted) setState((last) => (last.error === error ? last : { ...last, error }));
        };
        for await (const event of ogpu.watch({ task, events: TASK_EVENTS, fromBlock, pollInterval, onStatus, signal: end.signal })) {
          if (end.signal.aborted) return;
          setState(({ events }) => ({ events: event.removed ? events.filter((old) => !sameLog(old, event)) : [...events, event], error: undefined }));
        }
      } catch (error) {
        if (!end.signal.aborted) setState(({ events }) => ({ events, error }));
      }
    })();
    return () => end.abort();
  }, [ogpu, task, fromBlock, pollInterval]);
  return state;
}

const sameLog = (one: OgpuEvent, other: OgpuEvent): boolean => one.transactionHash === other.transactionHash && one.logIndex === other.logIndex;

/** A task's state, read again whenever something happens to it. */
export function useTask(task: Address | undefined, options: Pick<WatchOptions, "pollInterval"> = {}): UseRead<TaskSnapshot> {
  const { events } = useTaskEvents(task, options);
  const read = useRead((ogpu, signal) => ogpu.task(task as Address).snapshot({ signal }), [task], { enabled: task !== undefined });
  const { refresh } = read;
  useEffect(() => {
    if (events.length > 0) refresh();
  }, [events, refresh]);
  return read;
}
