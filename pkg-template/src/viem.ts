/** `ogkit/viem`: wallets from viem's wallet clients, and back. Only viem's types are used, so nothing of it is bundled. */

import { bag, callable, listed } from "./border.js";
import { read } from "./provider.js";
import { fault, isClient, localProvider, providerOf, withAccount, type WalletSource } from "./adapter.js";
import type { Account, Chain, CustomTransport, Transport, WalletClient, custom as makeCustom } from "viem";
import type { Ogpu } from "./client.js";
import type { Address, Eip1193Provider, Network } from "./wasm/ogpu/ogkit.js";

type Client = Pick<WalletClient<Transport, Chain | undefined, Account | undefined>, "account" | "chain"> & {
  // viem types each method's parameters; what goes through here is any method.
  request(args: never, options?: never): Promise<unknown>;
  sendTransaction(args: never): Promise<`0x${string}`>;
};

/**
 * The wallet behind a viem wallet client, for `Ogpu.connect`. With a local account viem signs and sends through the
 * client's transport; with a JSON-RPC account the wallet behind the transport does. Failures are viem's own, unchanged.
 * viem hides its transport's events, so a wallet made here has none: connect the provider itself to follow its accounts.
 */
export function fromViem(client: Client): Eip1193Provider {
  callable(read(client, "request"), "client.request");
  const { account } = client;
  // Never by itself a second time: viem would repeat a send that failed with -32603.
  const request = (args: { method: string; params?: unknown }): Promise<unknown> => client.request(args as never, { retryCount: 0 } as never);
  if (account?.type !== "local") return withAccount({ request }, () => account?.address);
  return localProvider({
    name: "viem client",
    address: async () => account.address,
    chainId: async () => Number(await request({ method: "eth_chainId" })),
    send: (transaction) => client.sendTransaction({ account, chain: client.chain ?? null, ...transaction } as never),
    signMessage: (raw) => account.signMessage({ message: { raw } }),
    signTypedData: (data) => account.signTypedData(data as never),
    ask: (method, params) => request({ method, params }),
  });
}

/** Far more endpoints than a network has. */
const MAX_URLS = 1_000;

/** A network as viem's chain. @throws InvalidInputError */
export function viemChain(network: Network): Chain {
  const { name, chainId, rpcUrl, explorerUrl, nativeCurrency } = bag(network, "network");
  const http = (typeof rpcUrl === "string" ? [rpcUrl] : listed(rpcUrl, "network.rpcUrl", MAX_URLS)) as string[];
  return {
    id: chainId,
    name,
    nativeCurrency: nativeCurrency ? bag(nativeCurrency, "network.nativeCurrency") : { name: "OpenGPU", symbol: "OGPU", decimals: 18 },
    rpcUrls: { default: { http } },
    ...(explorerUrl === undefined ? {} : { blockExplorers: { default: { name: "Explorer", url: explorerUrl } } }),
  };
}

/** What `createWalletClient` takes for a connected client. */
export interface ViemClientOptions {
  account: Address;
  chain: Chain;
  transport: CustomTransport;
}

/**
 * The options of viem's `createWalletClient` or `createPublicClient` for the wallet of a connected client, a discovered
 * wallet or any EIP-1193 provider. `custom` is viem's own, given by you.
 *
 * ```ts
 * const client = createWalletClient(toViem(ogpu, custom));
 * ```
 * @throws MissingSignerError for a read-only client
 */
export function toViem(source: Ogpu, custom: typeof makeCustom): ViemClientOptions;
export function toViem(source: WalletSource, custom: typeof makeCustom): Pick<ViemClientOptions, "transport"> & Partial<ViemClientOptions>;
export function toViem(source: WalletSource, custom: typeof makeCustom): Pick<ViemClientOptions, "transport"> & Partial<ViemClientOptions> {
  // viem's default repeats what failed with an unclear error; a wallet's window must not open twice.
  callable(custom, "custom");
  const transport = custom(providerOf(source), { retryCount: 0 });
  if (!isClient(source)) return { transport };
  if (source.account === undefined) throw fault(4100, "the client has no account");
  return { account: source.account, chain: viemChain(source.network), transport };
}
