/** Reads that follow their component, and calls that the user starts; with whichever network's client. */

import { useCallback, useEffect, useRef, useState } from "react";

import { bag, callable, listed } from "../border.js";
import type { Progress } from "../wasm/ogpu/ogkit.js";

/** What `useRead` gives. */
export interface UseRead<T> {
  /** The last answer; kept while a newer one is on its way. */
  readonly data: T | undefined;
  /** Why the last read failed; `undefined` once one succeeds. */
  readonly error: unknown;
  readonly loading: boolean;
  /** Reads again. */
  readonly refresh: () => void;
}

/** Far more keys than a component has. */
const MAX_KEYS = 1_000;

/** Reads with a client, as soon as there is one, and again whenever `keys` change. @throws InvalidInputError */
export function useReadWith<Client, T>(
  client: Client | undefined, read: (client: Client, signal: AbortSignal) => Promise<T>, given: readonly unknown[], options: { enabled?: boolean } = {},
): UseRead<T> {
  callable(read, "read");
  const keys = listed(given, "keys", MAX_KEYS);
  const { enabled = true } = bag(options, "options");
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ data?: T; error?: unknown; loading: boolean }>({ loading: enabled });
  const newest = useRef(read);
  useEffect(() => {
    newest.current = read;
  });
  // An answer to other keys would be a wrong one; only a refresh keeps what there is.
  const asked = useRef<readonly unknown[]>([]);
  useEffect(() => {
    const about = [client, ...keys];
    const again = about.length === asked.current.length && about.every((key, at) => Object.is(key, asked.current[at]));
    asked.current = about;
    if (!client || !enabled) {
      setState({ loading: enabled });
      return undefined;
    }
    const end = new AbortController();
    setState((old) => (again ? { ...old, loading: true } : { loading: true }));
    // It may throw at once, or answer with no promise.
    (async () => newest.current(client, end.signal))().then(
      (data) => !end.signal.aborted && setState({ data, loading: false }),
      (error: unknown) => !end.signal.aborted && setState((old) => ({ ...old, error, loading: false })),
    );
    return () => end.abort();
  }, [client, enabled, turn, ...keys]);
  const refresh = useCallback(() => setTurn((count) => count + 1), []);
  return { data: state.data, error: state.error, loading: state.loading, refresh };
}

/** What a call in `useCall` is given: hand it to the client's method as its options. */
export interface CallContext {
  readonly signal: AbortSignal;
  readonly onProgress: (step: Progress) => void;
}

/** What `useCall` gives. */
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

/** A call with a client; one at a time. It goes on without its component. @throws InvalidInputError */
export function useCallWith<Client, Args extends unknown[], T>(
  client: Client | undefined, call: (client: Client, options: CallContext, ...args: Args) => Promise<T>,
): UseCall<Args, T> {
  callable(call, "call");
  const [state, setState] = useState<CallState<T>>({ status: "idle" });
  const newest = useRef({ call, client });
  const running = useRef<AbortController | undefined>(undefined);
  useEffect(() => {
    newest.current = { call, client };
  });
  const run = useCallback(async (...args: Args): Promise<T | undefined> => {
    const { call, client } = newest.current;
    // A double click must not pay twice.
    if (running.current || !client) return undefined;
    const mine = new AbortController();
    running.current = mine;
    setState({ status: "running" });
    try {
      const onProgress = (progress: Progress): void => setState((old) => (running.current === mine ? { ...old, progress } : old));
      const data = await call(client, { signal: mine.signal, onProgress }, ...args);
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
