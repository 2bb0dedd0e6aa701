/** `ogkit/ethers`: wallets from ethers' signers, and back. Only ethers' types are used, so nothing of it is bundled. */

import { callable } from "./border.js";
import { read } from "./provider.js";
import { fault, localProvider, providerOf, withAccount, type WalletSource } from "./adapter.js";
import type { Eip1193Provider as EthersEip1193Provider, JsonRpcApiProvider, Signer } from "ethers";
import type { Address, Eip1193Provider, Hash, Hex } from "./wasm/ogpu/ogkit.js";

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.slice(2).match(/../g) ?? [], (pair) => parseInt(pair, 16));

/** `JsonRpcSigner` asks its wallet or node; every other signer signs by itself. */
const isRemote = (signer: Signer): boolean => typeof (signer as { sendUncheckedTransaction?: unknown }).sendUncheckedTransaction === "function";

/**
 * The wallet behind an ethers signer, for `Ogpu.connect`: a `JsonRpcSigner` (of `BrowserProvider` or `JsonRpcProvider`) or
 * one with its own key, such as `Wallet`, connected to a provider. Failures are ethers' own, unchanged. ethers hides its
 * provider's events, so a wallet made here has none: connect the provider itself to follow its accounts.
 */
export function fromEthers(signer: Signer): Eip1193Provider {
  callable(read(signer, "getAddress"), "signer.getAddress");
  const address = async (): Promise<Address> => (await signer.getAddress()) as Address;
  const ask = async (method: string, params: unknown): Promise<unknown> => {
    const provider = signer.provider as Partial<JsonRpcApiProvider> | null;
    if (typeof provider?.send !== "function") throw fault(4900, "the ethers signer is not connected to a JSON-RPC provider; nothing was sent");
    return provider.send(method, (params ?? []) as unknown[]);
  };
  if (isRemote(signer)) return withAccount({ request: ({ method, params }) => ask(method, params) }, address);
  return localProvider({
    name: "ethers signer",
    address,
    async chainId() {
      if (!signer.provider) throw fault(4900, "the ethers signer is not connected to a provider; nothing was sent");
      return Number((await signer.provider.getNetwork()).chainId);
    },
    async send({ gas, ...transaction }) {
      const sent = await signer.sendTransaction({ ...transaction, ...(gas === undefined ? {} : { gasLimit: gas }) });
      return sent.hash as Hash;
    },
    signMessage: async (message) => (await signer.signMessage(bytes(message))) as Hex,
    // ethers derives the domain's type itself and takes the one given for a second primary type.
    signTypedData: async ({ domain, types: { EIP712Domain: _, ...types }, message }) => (await signer.signTypedData(domain, types, message)) as Hex,
    ask,
  });
}

/**
 * What ethers' `BrowserProvider` takes, for the wallet of a connected client, a discovered wallet or any EIP-1193 provider.
 *
 * ```ts
 * const signer = await new BrowserProvider(toEthers(ogpu), ogpu.network.chainId).getSigner();
 * ```
 * @throws MissingSignerError for a read-only client
 */
export function toEthers(source: WalletSource): EthersEip1193Provider {
  const provider = providerOf(source);
  return { request: (request) => provider.request(request) };
}
