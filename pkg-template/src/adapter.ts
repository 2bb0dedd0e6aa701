/** What the adapters of `ogkit/viem`, `ogkit/ethers` and `ogkit/wagmi` share. No library is imported here or there. */

import { guarded } from "./border.js";
import { MissingSignerError, invalidInput } from "./errors.js";
import { read, unwrapWallet, type DiscoveredWallet } from "./provider.js";
import type { Ogpu } from "./client.js";
import type { Address, Eip1193Provider, Hash, Hex } from "./wasm/ogpu/ogkit.js";

/** Whatever holds a wallet: a connected client, a discovered wallet, or an EIP-1193 provider. */
export type WalletSource = Ogpu | DiscoveredWallet | Eip1193Provider;

/** Whether it is a client. By its shape: the class would bring the WebAssembly's glue along. */
export const isClient = (source: WalletSource): source is Ogpu => ["network", "vault"].every((key) => read(source, key) !== undefined) && guarded("source", () => "wallet" in source);

/** A failure as EIP-1193 has it. */
export function fault(code: number, message: string): Error {
  return Object.assign(new Error(message), { name: "ProviderRpcError", code });
}

const list = (params: unknown): readonly unknown[] => (Array.isArray(params) ? params : []);
const same = (one: unknown, other: unknown): boolean => String(one).toLowerCase() === String(other).toLowerCase();

/**
 * The provider with one of its accounts in front, where libraries look for the selected one. Everything else goes through
 * as it is: parameters, answers, failures, events.
 */
export function withAccount(provider: Eip1193Provider, account: () => Address | undefined | Promise<Address | undefined>): Eip1193Provider {
  const request = async (args: { method: string; params?: unknown }): Promise<unknown> => {
    const answer = await provider.request(args);
    if (args.method !== "eth_accounts" && args.method !== "eth_requestAccounts") return answer;
    const first = await account();
    const accounts = list(answer);
    if (first === undefined || accounts.length === 0) return answer;
    const index = accounts.findIndex((one) => same(one, first));
    if (index < 0) throw fault(4100, `the wallet does not show the account ${first} to this site`);
    return [accounts[index], ...accounts.filter((_, at) => at !== index)];
  };
  const { on, removeListener } = provider;
  return {
    request,
    ...(on ? { on: (event: string, listener: (...args: never[]) => void) => on.call(provider, event, listener) } : {}),
    ...(removeListener ? { removeListener: (event: string, listener: (...args: never[]) => void) => removeListener.call(provider, event, listener) } : {}),
  };
}

/** The provider of a source, its client's account in front. @throws MissingSignerError for a read-only client */
export function providerOf(source: WalletSource): Eip1193Provider {
  if (!isClient(source)) {
    const provider = unwrapWallet(source);
    if (typeof read(provider, "request") !== "function") throw invalidInput("source", "expected a client, a discovered wallet or an EIP-1193 provider");
    return provider;
  }
  const { wallet, account } = source;
  if (!wallet) {
    const message = "this client only reads, so it has no wallet to give; make one with Ogpu.connect";
    throw new MissingSignerError({ name: "MissingSignerError", code: "missingSigner", message, fields: { role: "client" } });
  }
  return withAccount(wallet, () => account);
}

/** A transaction as `eth_sendTransaction` has it, read. Amounts are wei. */
export interface Transaction {
  to?: Address;
  data?: Hex;
  value?: bigint;
  gas?: bigint;
  gasPrice?: bigint;
  maxFeePerGas?: bigint;
  maxPriorityFeePerGas?: bigint;
  nonce?: number;
}

/** EIP-712 data as `eth_signTypedData_v4` has it. */
export interface TypedData {
  domain: Record<string, unknown>;
  types: Record<string, { name: string; type: string }[]>;
  primaryType: string;
  message: Record<string, unknown>;
}

/** A signer that holds its own key, in some library. Its failures go through as they are. */
export interface LocalSigner {
  /** How messages call it: `viem client`. */
  name: string;
  address(): Promise<Address>;
  chainId(): Promise<number>;
  send(transaction: Transaction): Promise<Hash>;
  signMessage(message: Hex): Promise<Hex>;
  signTypedData(data: TypedData): Promise<Hex>;
  /** Any other method, by its node. */
  ask(method: string, params: readonly unknown[]): Promise<unknown>;
}

const QUANTITIES = ["value", "gas", "gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"] as const;
const OTHERS = ["from", "to", "data", "input", "nonce", "chainId", "type"];

function quantity(value: unknown, key: string): bigint {
  if (typeof value === "string" && /^0x[0-9a-f]+$/i.test(value)) return BigInt(value);
  throw fault(-32602, `${key}: expected a hex quantity; nothing was sent`);
}

async function transaction(signer: LocalSigner, given: unknown): Promise<Transaction> {
  const fields = (typeof given === "object" && given !== null ? given : {}) as Record<string, unknown>;
  const present = Object.keys(fields).filter((key) => fields[key] !== undefined);
  // Whatever were dropped here would be missing from what is signed.
  const stray = present.find((key) => !OTHERS.includes(key) && !(QUANTITIES as readonly string[]).includes(key));
  if (stray) throw fault(-32602, `${stray}: a ${signer.name} cannot be given this; nothing was sent`);
  await own(signer, fields.from);
  const result: Transaction = {};
  if (fields.to !== undefined) result.to = fields.to as Address;
  const data = fields.data ?? fields.input;
  if (data !== undefined) result.data = data as Hex;
  for (const key of QUANTITIES) if (fields[key] !== undefined) result[key] = quantity(fields[key], key);
  if (fields.nonce !== undefined) result.nonce = Number(quantity(fields.nonce, "nonce"));
  if (fields.chainId !== undefined) {
    const [wanted, actual] = [Number(quantity(fields.chainId, "chainId")), await signer.chainId()];
    if (wanted !== actual) throw fault(-32602, `the transaction is for chain ${wanted} and the ${signer.name} is on chain ${actual}; nothing was sent`);
  }
  return result;
}

async function own(signer: LocalSigner, account: unknown): Promise<void> {
  const address = await signer.address();
  if (!same(account, address)) throw fault(4100, `the ${signer.name} signs for ${address} only`);
}

/** An EIP-1193 provider around a signer that holds its own key. It has one account and one chain, and no events. */
export function localProvider(signer: LocalSigner): Eip1193Provider {
  return {
    async request({ method, params }): Promise<unknown> {
      const [first, second] = list(params);
      switch (method) {
        case "eth_accounts":
        case "eth_requestAccounts":
          return [await signer.address()];
        case "eth_chainId":
          return `0x${(await signer.chainId()).toString(16)}`;
        case "eth_sendTransaction":
          return signer.send(await transaction(signer, first));
        case "personal_sign":
          await own(signer, second);
          return signer.signMessage(first as Hex);
        case "eth_signTypedData_v4":
          await own(signer, first);
          return signer.signTypedData((typeof second === "string" ? JSON.parse(second) : second) as TypedData);
        case "wallet_switchEthereumChain":
        case "wallet_addEthereumChain": {
          const [wanted, actual] = [Number((first as { chainId?: unknown } | undefined)?.chainId), await signer.chainId()];
          if (wanted === actual) return null;
          throw fault(4902, `the ${signer.name} was made for chain ${actual}; make one for chain ${wanted}`);
        }
        default:
          if (method.startsWith("wallet_")) throw fault(4200, `the ${signer.name} holds its own key and has no ${method}`);
          return signer.ask(method, list(params));
      }
    },
  };
}
