/** The public OpenGradient networks. */

import { invalidInput } from "./errors.js";
import type { OpenGradientNetwork } from "./wasm/opengradient/ogkit.js";

function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === "object" && inner !== null) freeze(inner);
  return Object.freeze(value);
}

/** The chain that inference runs on, and its services. */
const inference = {
  name: "OpenGradient alpha",
  rpcUrl: "https://ogevmdevnet.opengradient.ai",
  hub: "0x8383C9bD7462F12Eb996DD02F78234C0421A6FaE",
  scheduler: "0x7179724De4e7FF9271FA40C0337c7f90C0508eF6",
  nodeUrl: "https://sdk-devnet.opengradient.ai",
  explorerUrl: "https://explorer.opengradient.ai",
} as const;

const services = { hub: { url: "https://api.opengradient.ai/api/v0" }, twins: "https://chat-api.memchat.io" } as const;

/**
 * The public networks. `mainnet` is what the official SDK 1.1 uses: payments in OPG on Base, enclaves by their registry. `testnet`
 * is that of 0.7: payments on Base Sepolia to one server; its enclaves' keys are those of the older registry.
 */
export const openGradientNetworks: { readonly mainnet: OpenGradientNetwork; readonly testnet: OpenGradientNetwork } = freeze({
  mainnet: {
    name: "OpenGradient",
    payments: {
      chainId: 8453,
      name: "Base",
      rpcUrl: ["https://base-rpc.publicnode.com", "https://mainnet.base.org"],
      explorerUrl: "https://basescan.org",
      opg: "0xFbC2051AE2265686a469421b2C5A2D5462FbF5eB",
    },
    inference: { ...inference, registry: "0x703cB174AEadB35D611858369B4b1111dC9Abda6" },
    ...services,
  },
  testnet: {
    name: "OpenGradient Testnet",
    payments: {
      chainId: 84532,
      name: "Base Sepolia",
      rpcUrl: "https://sepolia.base.org",
      explorerUrl: "https://sepolia.basescan.org",
      opg: "0x240b09731D96979f50B2C649C9CE10FcF9C7987F",
    },
    inference: { ...inference, registry: "0x4e72238852f3c918f4E4e57AeC9280dDB0c80248" },
    server: "https://llm.opengradient.ai",
    ...services,
  },
} satisfies Record<string, OpenGradientNetwork>);

/** The network that an option names. */
export function resolveOpenGradientNetwork(network: "mainnet" | "testnet" | OpenGradientNetwork = "mainnet"): OpenGradientNetwork {
  if (typeof network !== "string") return network;
  if (Object.hasOwn(openGradientNetworks, network)) return openGradientNetworks[network];
  throw invalidInput("options.network", 'expected "mainnet", "testnet" or an OpenGradientNetwork object');
}
