/** What the providers of both networks do: a wallet becomes a client, and the account that its user picks is followed. */

import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";

import { cross, guarded } from "../border.js";
import { watchWallets, type DiscoveredWallet } from "../wallets.js";
import type { Address, Eip1193Provider } from "../wasm/ogpu/ogkit.js";

/** A wallet's place in the page. */
export type WalletStatus = "disconnected" | "connecting" | "connected";

/** A client that a wallet was connected as. */
interface Connected {
  readonly account: Address | undefined;
  on(event: "accountsChanged", listener: (accounts: Address[]) => void): () => void;
}

/** Any wallet. */
export type AnyWallet = Eip1193Provider | DiscoveredWallet;

/** A wallet's connection, and what changes it. */
export interface Connection<Client, Options> {
  readonly client: Client | undefined;
  readonly status: WalletStatus;
  readonly error: unknown;
  readonly connect: (wallet: AnyWallet, options?: Options) => Promise<boolean>;
  readonly disconnect: () => void;
}

/** How a client is made of a wallet. */
export type MakeClient<Client, Options> = (wallet: AnyWallet, options: Options & { readonly signal: AbortSignal }) => Promise<Client>;

interface State<Client> {
  /** What it was made by: with another one it does not count. */
  readonly by?: unknown;
  readonly status: WalletStatus;
  readonly client?: Client;
  readonly wallet?: AnyWallet;
  readonly error?: unknown;
}
const NONE: State<never> = Object.freeze({ status: "disconnected" });

/**
 * Options are often written in place, as a new object at each render: they are told apart by what they say. Functions do not count.
 * @throws InvalidInputError for what cannot be told, such as cycles and proxies that were revoked
 */
export function useStable<T>(value: T, name: string): T {
  const text = guarded(name, () => JSON.stringify(cross([value], [name])[0], (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part)));
  return useMemo(() => value, [text]);
}

/** One wallet at a time. `make` is stable, and another one is another setup; `follow` is what it is given when another account is picked. */
export function useConnection<Client extends Connected, Options extends { account?: Address | undefined }>(
  make: MakeClient<Client, Options>,
  follow: (account: Address) => Options,
): Connection<Client, Options> {
  const [latest, setState] = useState<State<Client>>(NONE);
  const state = latest.by === make ? latest : NONE;
  /** The attempt that counts: whatever came before it is forgotten. */
  const attempt = useRef<AbortController | undefined>(undefined);
  useEffect(() => () => attempt.current?.abort(), [make]);

  const connect = useCallback(async (wallet: AnyWallet, options?: Options) => {
    attempt.current?.abort();
    const mine = new AbortController();
    attempt.current = mine;
    setState({ by: make, status: "connecting" });
    try {
      const client = await make(wallet, { ...(options as Options), signal: mine.signal });
      if (mine.signal.aborted) return false;
      setState({ by: make, status: "connected", client, wallet });
      return true;
    } catch (error) {
      if (attempt.current === mine) setState(mine.signal.aborted ? NONE : { by: make, status: "disconnected", error });
      return false;
    }
  }, [make]);

  const disconnect = useCallback(() => {
    attempt.current?.abort();
    setState(NONE);
  }, []);

  const { client, wallet, status, error } = state;
  useEffect(() => {
    if (!client || !wallet) return undefined;
    return client.on("accountsChanged", ([account]) => {
      if (account === undefined) disconnect();
      else if (account !== client.account) void connect(wallet, follow(account));
    });
  }, [client, wallet, connect, disconnect, follow]);

  return useMemo(() => ({ client, status, error, connect, disconnect }), [client, status, error, connect, disconnect]);
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
