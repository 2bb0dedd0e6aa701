/** The public OpenGPU networks, and the page's current one. */

import { ChainNotSupportedError, invalidInput } from "./errors.js";
import type { Address, Network } from "./wasm/ogpu/ogkit.js";

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) freeze(inner);
  return Object.freeze(value);
}

const services = {
  pinUrl: "https://capi.ogpuscan.io/file/create",
  gatewayUrl: "https://cipfs.ogpuscan.io/ipfs/",
  managementUrl: "https://management-backend.opengpu.network",
  nativeCurrency: { name: "OpenGPU", symbol: "OGPU", decimals: 18 },
} as const;

/** The public networks. */
export const networks: { readonly mainnet: Network; readonly testnet: Network } = freeze({
  mainnet: {
    name: "OpenGPU",
    chainId: 1071,
    rpcUrl: "https://mainnet-rpc.ogpuscan.io",
    contracts: {
      nexus: "0x2b0cC6058313801D5feb184a539e3a0C5A87a6a1",
      controller: "0x8661F4B9c30e07A04d795A192478dfD905625a1D",
      terminal: "0xaEBC7b712D38Fc4d841f0732c21B8774339869D3",
      vault: "0xa5c582254AA313528898311362bc698b041580cC",
    },
    explorerUrl: "https://ogpuscan.io",
    ...services,
  },
  testnet: {
    name: "OpenGPU Testnet",
    chainId: 200820172034,
    rpcUrl: "https://testnetrpc.ogpuscan.io",
    contracts: {
      nexus: "0xF87bb2f3edB991a998992f14d35fE142e6Bb50b1",
      controller: "0x9fb6022074Fd7Bdb429de0776eb693cA0CB55E09",
      terminal: "0x1ea332Fc14a5AFD3AF3852B45C263Ab5b1Dd6f52",
      vault: "0x15905a2FbD3EF5d3532b931b5656BB9EB493Bb15",
    },
    explorerUrl: "https://testnet.ogpuscan.io",
    ...services,
  },
} satisfies Record<string, Network>);

/** The ids of the public chains. */
export const ChainId = Object.freeze({ OGPU_MAINNET: 1071, OGPU_TESTNET: 200820172034 } as const);
/** The id of a public chain. */
export type ChainId = (typeof ChainId)[keyof typeof ChainId];

const byChain = new Map<number, Network>(Object.values(networks).map((network) => [network.chainId, network]));
let current: Network | undefined;

function unsupported(chainId: number | undefined, message: string): ChainNotSupportedError {
  const fields = chainId === undefined ? {} : { chainId };
  return new ChainNotSupportedError({ name: "ChainNotSupportedError", code: "chainNotSupported", message, fields });
}

function currentNetwork(): Network {
  if (!current) {
    throw unsupported(undefined, 'no network is chosen: pass network: "mainnet" or "testnet", or call ChainConfig.setChain');
  }
  return current;
}

/** RPC endpoints that the page chose in place of the public ones. */
const chosen = new Map<number, string>();

function publicNetwork(chainId: ChainId | undefined): Network {
  const network = chainId === undefined ? currentNetwork() : byChain.get(chainId);
  if (!network) throw unsupported(chainId, `chain ${typeof chainId === "number" ? chainId : `(a ${typeof chainId})`} is no public OpenGPU chain`);
  return network;
}

/** The page's current public network, as the official SDK's `ChainConfig`. Clients made before a change keep theirs. */
export interface ChainConfigStatic {
  /**
   * Makes a public chain the default of `Ogpu.connect` and `Ogpu.readOnly`.
   * @throws ChainNotSupportedError
   */
  setChain(chainId: ChainId): void;
  /**
   * The current chain.
   * @throws ChainNotSupportedError before the first `setChain`
   */
  getCurrentChain(): ChainId;
  /**
   * A contract's address on the current chain.
   * @throws ChainNotSupportedError, InvalidInputError
   */
  getContractAddress(name: "NEXUS" | "CONTROLLER" | "TERMINAL" | "VAULT"): Address;
  /** The public chains. */
  getAllSupportedChains(): ChainId[];
  /**
   * Uses another RPC endpoint for a public chain (default: the current one), once a node of that chain answers there. One
   * HTTP request.
   * @throws InvalidRpcUrlError, ChainNotSupportedError
   */
  setRpc(url: string, chainId?: ChainId): Promise<void>;
  /** The first RPC endpoint of a public chain (default: the current one). @throws ChainNotSupportedError */
  getRpc(chainId?: ChainId): string;
  /** Goes back to a public chain's own RPC endpoint (default: the current chain's). @throws ChainNotSupportedError */
  resetRpc(chainId?: ChainId): void;
}

/** Makes the `ChainConfig` of an entry; `probe` asks a URL for its chain. */
export function chainConfig(probe: (url: string, chainId: number) => Promise<void>): ChainConfigStatic {
  return Object.freeze({
    setChain(chainId: ChainId): void {
      current = publicNetwork(chainId);
    },
    getCurrentChain(): ChainId {
      return currentNetwork().chainId as ChainId;
    },
    getContractAddress(name: "NEXUS" | "CONTROLLER" | "TERMINAL" | "VAULT"): Address {
      const { nexus, controller, terminal, vault } = currentNetwork().contracts;
      const addresses: Record<string, Address> = { NEXUS: nexus, CONTROLLER: controller, TERMINAL: terminal, VAULT: vault };
      const address = Object.hasOwn(addresses, name) ? addresses[name] : undefined;
      if (!address) throw invalidInput("name", "expected one of NEXUS, CONTROLLER, TERMINAL, VAULT");
      return address;
    },
    getAllSupportedChains(): ChainId[] {
      return Object.values(ChainId);
    },
    async setRpc(url: string, chainId?: ChainId): Promise<void> {
      const network = publicNetwork(chainId);
      await probe(url, network.chainId);
      chosen.set(network.chainId, url);
    },
    getRpc(chainId?: ChainId): string {
      const { rpcUrl } = withRpc(publicNetwork(chainId));
      return typeof rpcUrl === "string" ? rpcUrl : (rpcUrl[0] ?? "");
    },
    resetRpc(chainId?: ChainId): void {
      chosen.delete(publicNetwork(chainId).chainId);
    },
  });
}

function withRpc(network: Network): Network {
  const rpcUrl = chosen.get(network.chainId);
  return rpcUrl === undefined ? network : Object.freeze({ ...network, rpcUrl });
}

/** The network that an option names, or the current one. */
export function resolveNetwork(network: "mainnet" | "testnet" | Network | undefined): Network {
  if (network === undefined) return withRpc(currentNetwork());
  if (typeof network !== "string") return network;
  if (Object.hasOwn(networks, network)) return withRpc(networks[network]);
  throw invalidInput("options.network", 'expected "mainnet", "testnet" or a Network object');
}
