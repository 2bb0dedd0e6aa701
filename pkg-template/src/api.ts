/** The functions of `ogkit/ogpu`, over whichever way the WebAssembly is loaded. */

import { bag, text } from "./border.js";
import { Ogpu as Client } from "./client.js";
import * as ipfs from "./ipfs.js";
import type { IpfsStream } from "./ipfs.js";
import { chainConfig, networks, resolveNetwork, type ChainConfigStatic } from "./networks.js";
import { read, unwrapWallet, type DiscoveredWallet } from "./provider.js";
import { trust } from "./public-fetch.js";
import * as wasm from "./wasm/ogpu/ogkit.js";
import type { Address, CidOptions, Eip1193Provider, FetchOptions, IpfsContent, IpfsData, JsonValue, Network, PinOptions } from "./wasm/ogpu/ogkit.js";

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

/** A pinning service or a kubo node, when it is not OpenGPU's own. */
export interface PublishToIpfsOptions extends PinOptions {
  /** The service's upload URL, or kubo's `…/api/v0/add`. Default: the main network's service. */
  pinUrl?: string | undefined;
}

/** Makes the functions; `load` is awaited before the WebAssembly is used. */
export function bind(load: () => Promise<void>): {
  Ogpu: OgpuStatic;
  ChainConfig: ChainConfigStatic;
  publishToIpfs: (data: IpfsData, options?: PublishToIpfsOptions) => Promise<string>;
  fetchIpfs: (url: string, options?: FetchOptions) => Promise<IpfsContent>;
  fetchIpfsJson: (url: string, options?: FetchOptions) => Promise<JsonValue>;
  fetchIpfsBytes: (url: string, options?: FetchOptions) => Promise<Uint8Array<ArrayBuffer>>;
  fetchIpfsStream: (url: string, options?: FetchOptions) => Promise<IpfsStream>;
  cidOf: (data: IpfsData, options?: CidOptions) => Promise<string>;
  clearAllNonceCaches: () => Promise<void>;
} {
  const own = (network: Network): Network => {
    trust(read(network, "gatewayUrl"), read(network, "pinUrl"));
    return network;
  };
  // A link with a host of its own is asked for there alone, unless the caller names gateways.
  const loaded =
    <T>(fetch: (gateways: string[], url: string, options?: FetchOptions) => Promise<T>) =>
    async (url: string, options?: FetchOptions): Promise<T> => {
      text(url, "url");
      await load();
      return fetch(/^\s*https?:/i.test(url) ? [] : [networks.mainnet.gatewayUrl].flat(), url, options);
    };
  return {
    Ogpu: Object.freeze({
      async connect(options: ConnectOptions) {
        await load();
        const asked = bag(options, "options");
        const given = { ...asked, wallet: unwrapWallet(asked.wallet), network: own(resolveNetwork(asked.network)) };
        return new Client(await wasm.Core.connect(given), given.wallet);
      },
      async readOnly(options?: { network?: "mainnet" | "testnet" | Network | undefined }) {
        await load();
        const asked = bag(options, "options");
        return new Client(await wasm.Core.readOnly({ ...asked, network: own(resolveNetwork(asked.network)) }));
      },
    }),
    ChainConfig: chainConfig(async (url, chainId) => {
      await load();
      await wasm.probeRpc(url, chainId);
    }),
    async publishToIpfs(data, asked) {
      const { pinUrl = networks.mainnet.pinUrl, ...options } = bag(asked, "options");
      await load();
      return ipfs.publish(data, pinUrl, options);
    },
    fetchIpfs: loaded(ipfs.fetchContent),
    fetchIpfsJson: loaded(ipfs.fetchJson),
    fetchIpfsBytes: loaded(ipfs.fetchBytes),
    fetchIpfsStream: loaded(ipfs.fetchStream),
    async cidOf(data, options) {
      await load();
      return wasm.cidOf(data, options);
    },
    async clearAllNonceCaches() {
      await load();
      wasm.clearAllNonceCaches();
    },
  };
}
