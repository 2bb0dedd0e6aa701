/** The functions of `ogkit/ogpu`, over whichever way the WebAssembly is loaded. */

import { Ogpu as Client } from "./client.js";
import { chainConfig, networks, resolveNetwork, type ChainConfigStatic } from "./networks.js";
import { unwrapWallet, type DiscoveredWallet } from "./wallets.js";
import * as wasm from "./wasm/ogpu/ogkit.js";
import type { Address, Eip1193Provider, FetchOptions, JsonValue, Network, PinOptions } from "./wasm/ogpu/ogkit.js";

/** How to connect. */
export interface ConnectOptions {
  /** A discovered wallet, or any EIP-1193 provider. */
  wallet: Eip1193Provider | DiscoveredWallet;
  /** A public network's name or a network of your own; default: the chain of `ChainConfig.setChain`. */
  network?: "mainnet" | "testnet" | Network | undefined;
  /** One of the wallet's accounts; default: the one it selected. */
  account?: Address | undefined;
  /** Bring the wallet to the network's chain now, rather than before the first transaction. Default: true. */
  switchChain?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** What `Ogpu` offers before there is a client. */
export interface OgpuStatic {
  /**
   * Connects a wallet: it asks the user for accounts and brings the wallet to the network's chain.
   * @throws WalletRejectedError, WalletRequestPendingError, WalletLockedError, WrongChainError, ChainNotSupportedError
   */
  connect(options: ConnectOptions): Promise<Client>;
  /**
   * A client that only reads.
   * @throws ChainNotSupportedError, InvalidInputError
   */
  readOnly(options?: { network?: "mainnet" | "testnet" | Network | undefined }): Promise<Client>;
}

/** What can be published: JSON is written by `JSON.stringify`. */
export type Publishable = string | Uint8Array | { [key: string]: JsonValue };

/** Makes the functions; `load` is awaited before the WebAssembly is used. */
export function bind(load: () => Promise<void>): {
  Ogpu: OgpuStatic;
  ChainConfig: ChainConfigStatic;
  publishToIpfs: (data: Publishable, options?: PinOptions & { pinUrl?: string | undefined }) => Promise<string>;
  fetchIpfsJson: (url: string, options?: FetchOptions) => Promise<JsonValue>;
  clearAllNonceCaches: () => Promise<void>;
} {
  return {
    Ogpu: Object.freeze({
      async connect(options: ConnectOptions) {
        await load();
        const given = { ...options, wallet: unwrapWallet(options?.wallet), network: resolveNetwork(options?.network) };
        return new Client(await wasm.Core.connect(given), given.wallet);
      },
      async readOnly(options: { network?: "mainnet" | "testnet" | Network | undefined } = {}) {
        await load();
        return new Client(await wasm.Core.readOnly({ ...options, network: resolveNetwork(options.network) }));
      },
    }),
    ChainConfig: chainConfig(async (url, chainId) => {
      await load();
      await wasm.probeRpc(url, chainId);
    }),
    async publishToIpfs(data, { pinUrl = networks.mainnet.pinUrl, ...options } = {}) {
      await load();
      return wasm.publishToIpfs(data, pinUrl, options);
    },
    async fetchIpfsJson(url, options) {
      await load();
      return wasm.fetchIpfsJson(url, options);
    },
    async clearAllNonceCaches() {
      await load();
      wasm.clearAllNonceCaches();
    },
  };
}
