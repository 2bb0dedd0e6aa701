"use client";
/**
 * `ogkit/react`: hooks for wallets, the connected client, reads, writes, tasks and events. Safe on a server (nothing
 * touches the DOM or loads WebAssembly while rendering) and in StrictMode (every effect ends what it began).
 */

import {
  createContext, createElement, useCallback, useContext, useEffect, useMemo, useRef, useState, useSyncExternalStore,
  type ReactElement, type ReactNode,
} from "react";

import { Ogpu, type Task, type TaskSnapshot } from "./ogpu.js";
import { watchWallets, type DiscoveredWallet } from "./wallets.js";
import type { ConnectOptions } from "./api.js";
import type { Address, Eip1193Provider, Network, OgpuEvent, Progress, PublishOptions, TaskInfo, WatchOptions } from "./wasm/ogpu/ogkit.js";

/** A wallet's place in the page. */
export type WalletStatus = "disconnected" | "connecting" | "connected";

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

type NetworkChoice = OgkitProviderProps["network"];

interface Connection {
  /** What it was made for: on another network it does not count. */
  readonly network?: NetworkChoice;
  readonly status: WalletStatus;
  readonly ogpu?: Ogpu;
  readonly error?: unknown;
}
const NONE: Connection = Object.freeze({ status: "disconnected" });

/** Networks are often written in place, as a new object at each render: they are told apart by what they say. */
const useStable = <T>(value: T): T => useMemo(() => value, [JSON.stringify(value)]);

/** Gives the hooks below it one network and one wallet. */
export function OgkitProvider({ network: given, children }: OgkitProviderProps): ReactElement {
  const network = useStable(given);
  const [latestReader, setReader] = useState<Connection>(NONE);
  const [latestConnection, setConnection] = useState<Connection>(NONE);
  const reader = latestReader.network === network ? latestReader : NONE;
  const connection = latestConnection.network === network ? latestConnection : NONE;
  /** The attempt that counts: whatever came before it is forgotten. */
  const attempt = useRef<AbortController | undefined>(undefined);

  useEffect(() => {
    let current = true;
    Ogpu.readOnly({ network }).then(
      (ogpu) => current && setReader({ network, status: "disconnected", ogpu }),
      (error: unknown) => current && setReader({ network, status: "disconnected", error }),
    );
    return () => {
      current = false;
      attempt.current?.abort();
    };
  }, [network]);

  const connect = useCallback<UseOgpu["connect"]>(async (wallet, options) => {
    attempt.current?.abort();
    const mine = new AbortController();
    attempt.current = mine;
    setConnection({ network, status: "connecting" });
    try {
      const ogpu = await Ogpu.connect({ ...options, wallet, network, signal: mine.signal });
      if (mine.signal.aborted) return false;
      setConnection({ network, status: "connected", ogpu });
      return true;
    } catch (error) {
      if (attempt.current === mine) setConnection(mine.signal.aborted ? NONE : { network, status: "disconnected", error });
      return false;
    }
  }, [network]);

  const disconnect = useCallback(() => {
    attempt.current?.abort();
    setConnection(NONE);
  }, []);

  const connected = connection.ogpu;
  useEffect(() => {
    if (!connected?.wallet) return undefined;
    const { wallet } = connected;
    return connected.on("accountsChanged", ([account]) => {
      if (account === undefined) disconnect();
      // The wallet is on its chain already, or is asked at the next transaction: no window now.
      else if (account !== connected.account) void connect(wallet, { account, switchChain: false });
    });
  }, [connected, connect, disconnect]);

  const value = useMemo<UseOgpu>(() => ({
    ogpu: connection.ogpu ?? reader.ogpu,
    account: connection.ogpu?.account,
    status: connection.status,
    error: connection.error ?? reader.error,
    connect,
    disconnect,
  }), [connection, reader, connect, disconnect]);
  return createElement(Context.Provider, { value }, children);
}

/** The client and the wallet. @throws outside of an {@link OgkitProvider} */
export function useOgpu(): UseOgpu {
  const value = useContext(Context);
  if (!value) throw new Error("the hooks of ogkit/react work only below <OgkitProvider>");
  return value;
}

let wallets: readonly DiscoveredWallet[] = [];
const NO_WALLETS: readonly DiscoveredWallet[] = [];
const subscribe = (tell: () => void): (() => void) => watchWallets((found) => {
  const same = found.length === wallets.length && found.every(({ uuid }, at) => uuid === wallets[at]?.uuid);
  if (!same) wallets = [...found];
  tell();
});

/** The wallets in this page, as they announce themselves; none on a server. */
export function useWallets(): readonly DiscoveredWallet[] {
  return useSyncExternalStore(subscribe, () => wallets, () => NO_WALLETS);
}

/** What {@link useRead} gives. */
export interface UseRead<T> {
  /** The last answer; kept while a newer one is on its way. */
  readonly data: T | undefined;
  /** Why the last read failed; `undefined` once one succeeds. */
  readonly error: unknown;
  readonly loading: boolean;
  /** Reads again. */
  readonly refresh: () => void;
}

/**
 * Reads something with the client, again whenever `keys` change, and ends the request when the component goes.
 *
 * ```ts
 * const { data } = useRead((ogpu, signal) => ogpu.getBalance(address, { signal }), [address]);
 * ```
 */
export function useRead<T>(read: (ogpu: Ogpu, signal: AbortSignal) => Promise<T>, keys: readonly unknown[], options: { enabled?: boolean } = {}): UseRead<T> {
  const { ogpu } = useOgpu();
  const { enabled = true } = options;
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: enabled });
  const newest = useRef(read);
  useEffect(() => {
    newest.current = read;
  });
  // An answer to other keys would be a wrong one; only a refresh keeps what there is.
  const asked = useRef<readonly unknown[]>([]);
  useEffect(() => {
    const about = [ogpu, ...keys];
    const again = about.length === asked.current.length && about.every((key, at) => Object.is(key, asked.current[at]));
    asked.current = about;
    if (!ogpu || !enabled) {
      setState({ loading: enabled });
      return undefined;
    }
    const end = new AbortController();
    setState((old) => (again ? { ...old, loading: true } : { loading: true }));
    newest.current(ogpu, end.signal).then(
      (data) => !end.signal.aborted && setState({ data, loading: false }),
      (error: unknown) => !end.signal.aborted && setState((old) => ({ ...old, error, loading: false })),
    );
    return () => end.abort();
  }, [ogpu, enabled, turn, ...keys]);
  const refresh = useCallback(() => setTurn((count) => count + 1), []);
  return { data: state.data, error: state.error, loading: state.loading, refresh };
}

/** What a call in {@link useCall} is given: hand it to the client's method as its options. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly onProgress: (step: Progress) => void;
}

/** What {@link useCall} gives. */
export interface UseCall<Args extends unknown[], T> {
  /** Starts it. Answers what the call answers; `undefined` when it failed, and then `error` tells why. */
  readonly run: (...args: Args) => Promise<T | undefined>;
  readonly status: "idle" | "running" | "done" | "failed";
  readonly data: T | undefined;
  readonly error: unknown;
  /** The last step, such as `signing` while the wallet's window is open. */
  readonly progress: Progress | undefined;
  /** Gives up waiting. What the wallet's window already shows can still be approved there. */
  readonly cancel: () => void;
  readonly reset: () => void;
}

interface CallState<T> {
  readonly status: UseCall<[], T>["status"];
  readonly data?: T;
  readonly error?: unknown;
  readonly progress?: Progress;
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
  const { ogpu } = useOgpu();
  const [state, setState] = useState<CallState<T>>({ status: "idle" });
  const newest = useRef({ call, ogpu });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    newest.current = { call, ogpu };
  });
  const run = useCallback(async (...args: Args): Promise<T | undefined> => {
    const { call, ogpu } = newest.current;
    // A double click must not pay twice.
    if (running.current || !ogpu) return undefined;
    const mine = new AbortController();
    running.current = mine;
    setState({ status: "running" });
    try {
      const onProgress = (progress: Progress): void => setState((old) => (running.current === mine ? { ...old, progress } : old));
      const data = await call(ogpu, { signal: mine.signal, onProgress }, ...args);
      setState({ status: "done", data });
      return data;
    } catch (error) {
      setState({ status: "failed", error });
      return undefined;
    } finally {
      if (running.current === mine) running.current = undefined;
    }
  }, []);
  const cancel = useCallback(() => running.current?.abort(), []);
  const reset = useCallback(() => {
    if (!running.current) setState({ status: "idle" });
  }, []);
  return { run, status: state.status, data: state.data, error: state.error, progress: state.progress, cancel, reset };
}

/** Publishes tasks. */
export function usePublishTask(): UseCall<[info: TaskInfo, options?: Omit<PublishOptions, "signal" | "onProgress">], Task> {
  return useCall((ogpu, own, info: TaskInfo, options?: Omit<PublishOptions, "signal" | "onProgress">) => ogpu.publishTask(info, { ...options, ...own }));
}

/** What {@link useTaskEvents} gives. */
export interface UseTaskEvents {
  /** Oldest first; those that a reorganisation took back are gone. */
  readonly events: readonly OgpuEvent[];
  /** Why watching ended; `undefined` while it goes on. */
  readonly error: unknown;
}

const TASK_EVENTS = ["taskPublished", "attempted", "responseSubmitted", "responseStatusChanged", "taskStatusChanged"] as const;
const NO_EVENTS: UseTaskEvents = Object.freeze({ events: Object.freeze([]) as readonly OgpuEvent[], error: undefined });

/** Whatever happens to a task, as it happens. Give `fromBlock` to begin in the past. Watching ends with the component. */
export function useTaskEvents(task: Address | undefined, options: Pick<WatchOptions, "fromBlock" | "pollInterval"> = {}): UseTaskEvents {
  const { ogpu } = useOgpu();
  const { fromBlock, pollInterval } = options;
  const [state, setState] = useState<UseTaskEvents>(NO_EVENTS);
  useEffect(() => {
    setState(NO_EVENTS);
    if (!ogpu || task === undefined) return undefined;
    const end = new AbortController();
    void (async () => {
      try {
        for await (const event of ogpu.watch({ task, events: TASK_EVENTS, fromBlock, pollInterval, signal: end.signal })) {
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
