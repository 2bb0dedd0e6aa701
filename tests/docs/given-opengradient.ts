// What blocks about OpenGradient find ready, on its devnet: the names of given.ts mean that network's here.
import { OpenGradient, type Address, type Eip1193Provider, type OpenGradientNetwork } from "ogkit/opengradient";

interface OpenGradientStage {
  readonly net: {
    readonly name: string;
    readonly chainId: number;
    readonly rpcUrl: string;
    readonly opg: Address;
    readonly registry: Address;
    readonly inferenceHub: Address;
    readonly scheduler: Address;
    readonly nodeUrl: string;
    readonly models: Readonly<Record<string, string>>;
    readonly accounts: readonly { readonly role: string; readonly address: Address; readonly privateKey: `0x${string}` }[];
  };
  wallet(): Promise<Eip1193Provider>;
}

const stage = (): OpenGradientStage => (globalThis as unknown as { stage: { opengradient: OpenGradientStage } }).stage.opengradient;

interface Givens {
  wallet: Eip1193Provider;
  network: OpenGradientNetwork;
  og: OpenGradient;
  account: Address;
  privateKey: `0x${string}`;
  rpcUrl: string;
  modelCid: string;
}

function networkOf(): OpenGradientNetwork {
  const { name, chainId, rpcUrl, opg, registry, inferenceHub: hub, scheduler, nodeUrl } = stage().net;
  return { name, payments: { chainId, name: "Devnet", rpcUrl, opg }, inference: { rpcUrl, chainId, registry, hub, scheduler, nodeUrl } };
}

/** As in given.ts. */
export async function given<const Names extends readonly (keyof Givens)[]>(names: Names): Promise<Pick<Givens, Names[number]>> {
  const made: Partial<Givens> = {};
  const make: { [Name in keyof Givens]: () => Promise<Givens[Name]> | Givens[Name] } = {
    network: networkOf,
    wallet: () => stage().wallet(),
    og: async () => OpenGradient.connect({ wallet: await get("wallet"), network: networkOf() }),
    account: async () => (await get("og")).account,
    privateKey: () => stage().net.accounts.find(({ role }) => role === "client")!.privateKey,
    rpcUrl: () => stage().net.rpcUrl,
    modelCid: () => stage().net.models["linear"]!,
  };
  async function get<Name extends keyof Givens>(name: Name): Promise<Givens[Name]> {
    return (made[name] ??= (await make[name]()) as never) as Givens[Name];
  }
  const out: Partial<Givens> = {};
  for (const name of names as readonly (keyof Givens)[]) out[name] = (await get(name)) as never;
  return out as Pick<Givens, Names[number]>;
}

/** A public network's name stands for the devnet. */
export function onDevnet<const Name extends "mainnet" | "testnet">(name: Name): Name {
  void name;
  return networkOf() as unknown as Name;
}

/** `"0x…"` stands for an address on the devnet. */
export function at(name: string): Address {
  void name;
  return stage().net.accounts[0]!.address;
}
