/** `ogkit/wagmi`: wallets from wagmi's connectors, and back. Only wagmi's types are used, so nothing of it is bundled. */

import { callable } from "./border.js";
import { read } from "./provider.js";
import { fault, providerOf, withAccount, type WalletSource } from "./adapter.js";
import type { Config, Connector } from "@wagmi/core";
import type { Address, Eip1193Provider } from "./wasm/ogpu/ogkit.js";

type Listener = (...args: never[]) => void;
type Change = { accounts?: readonly string[] | undefined; chainId?: number | undefined };

/** Each listener with what was put on the connector's emitter for it. */
function events(connector: Connector): Required<Pick<Eip1193Provider, "on" | "removeListener">> {
  const kept = new Map<string, Map<Listener, () => void>>();
  const subscribe = (event: string, listener: Listener): (() => void) => {
    const tell = listener as (value: unknown) => void;
    const { emitter } = connector;
    if (event === "disconnect") {
      const handler = (): void => tell(fault(4900, "the wallet was disconnected"));
      emitter.on("disconnect", handler);
      return () => emitter.off("disconnect", handler);
    }
    let last: number | undefined;
    const handler = ({ accounts, chainId }: Change): void => {
      if (event === "accountsChanged" && accounts) tell([...accounts]);
      // A switch that wagmi asked for is told by the connector, and then again by the wallet.
      if (event !== "chainChanged" || chainId === undefined || chainId === last) return;
      last = chainId;
      tell(`0x${chainId.toString(16)}`);
    };
    emitter.on("change", handler);
    return () => emitter.off("change", handler);
  };
  return {
    on(event, listener) {
      const listeners = kept.get(event) ?? new Map<Listener, () => void>();
      kept.set(event, listeners);
      if (!listeners.has(listener)) listeners.set(listener, subscribe(event, listener));
    },
    removeListener(event, listener) {
      kept.get(event)?.get(listener)?.();
      kept.get(event)?.delete(listener);
    },
  };
}

const isConfig = (source: Config | Connector): source is Config => read(source, "connectors") !== undefined;

/** The connector that a config is connected with. @throws with code 4900 when there is none */
function current(config: Config): { connector: Connector; account: Address | undefined } {
  const { connections, current: uid } = config.state;
  const connection = uid ? connections.get(uid) : undefined;
  if (!connection) throw fault(4900, "wagmi is not connected: connect(config, { connector }) first");
  return { connector: connection.connector, account: connection.accounts[0] };
}

/**
 * The wallet behind a wagmi connector, or behind the one that a config is connected with, for `Ogpu.connect`. Accounts,
 * chain and failures are the wallet's own; events are the connector's.
 */
export function fromWagmi(source: Config | Connector): Eip1193Provider {
  if (!isConfig(source)) callable(read(source, "getProvider"), "source.getProvider");
  const { connector, account } = isConfig(source) ? current(source) : { connector: source, account: undefined };
  const provider: Eip1193Provider = {
    async request(args) {
      // Asked for each time: WalletConnect and others make theirs late, and anew.
      const inner = (await connector.getProvider()) as Eip1193Provider | undefined;
      if (typeof inner?.request !== "function") throw fault(4900, `the wallet of ${connector.name} is not there`);
      return inner.request(args);
    },
    ...events(connector),
  };
  return withAccount(provider, () => account);
}

/** What wagmi's `injected` takes as its target. */
export interface WagmiTarget {
  id: string;
  name: string;
  provider: never;
}

/**
 * The target of wagmi's `injected` connector for the wallet of a connected client, a discovered wallet or any EIP-1193
 * provider.
 *
 * ```ts
 * const config = createConfig({ connectors: [injected({ target: toWagmi(ogpu) })], … });
 * ```
 * @throws MissingSignerError for a read-only client
 */
export function toWagmi(source: WalletSource): WagmiTarget {
  const provider = providerOf(source);
  const named = (key: "rdns" | "name"): string => {
    const value = read(source, "uuid") === undefined ? undefined : read(source, key);
    return typeof value === "string" ? value : "ogkit";
  };
  return { id: named("rdns"), name: named("name"), provider: provider as never };
}
