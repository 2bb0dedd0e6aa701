// What the blocks of the guides find ready: everything is real, on a devnet of this process. A block gets a client, a task and a response
// of its own, so that no block depends on another.
import { Ogpu, networks, parseEther, type Address, type Eip1193Provider, type Network, type Response, type Source, type Task, type TaskInfo } from "ogkit/ogpu";

/** What the test that runs the blocks hands over. */
export interface Stage {
  readonly network: Network;
  readonly rpcUrl: string;
  readonly accounts: readonly { readonly role: string; readonly address: Address; readonly privateKey: `0x${string}` }[];
  wallet(role: string): Eip1193Provider;
  /** What `make devnet` writes. */
  readonly devnet: Devnet;
  /** One source serves all blocks. */
  source?: Promise<Address>;
}

/** As TypeScript sees a JSON file: each address is any string. */
type Devnet = { readonly [Name in keyof Network]: Network[Name] extends string ? string : Network[Name] } & { readonly accounts: readonly { readonly role: string; readonly address: string; readonly privateKey: string }[] };

const stage = (): Stage => (globalThis as unknown as { stage: Stage }).stage;
const account = (role: string) => stage().accounts.find((one) => one.role === role)!;

interface Givens {
  wallet: Eip1193Provider;
  network: Network;
  devnet: Devnet;
  ogpu: Ogpu;
  account: Address;
  source: Source;
  task: Task;
  response: Response;
  info: TaskInfo;
  agent: Address;
  provider: Address;
  privateKey: `0x${string}`;
  rpcUrl: string;
}

const later = (seconds: number) => Math.floor(Date.now() / 1000) + seconds;

async function sourceAddress(ogpu: Ogpu): Promise<Address> {
  stage().source ??= (async () => {
    const source = await ogpu.publishSource({
      name: "sentiment", description: "What people feel in a text", logoUrl: "", imageEnvs: { cpu: "https://example.com/compose.yml" },
      minPayment: parseEther("0.001"), minAvailableLockup: 0n, maxExpiryDuration: 86400,
    });
    return source.address;
  })();
  return stage().source!;
}

async function makeResponse(task: Task): Promise<Response> {
  for await (const event of task.watch({ pollInterval: 0.1 })) if (event.type === "responseSubmitted") break;
  const [response] = await task.getResponses();
  return response!;
}

/** Makes the names that a block uses. What one needs of another is made once. */
export async function given<const Names extends readonly (keyof Givens)[]>(names: Names): Promise<Pick<Givens, Names[number]>> {
  const { network, rpcUrl } = stage();
  const made: Partial<Givens> = { network, rpcUrl };
  const make: { [Name in keyof Givens]: () => Promise<Givens[Name]> | Givens[Name] } = {
    network: () => network,
    devnet: () => stage().devnet,
    rpcUrl: () => rpcUrl,
    wallet: () => stage().wallet("client"),
    async ogpu() {
      const ogpu = await Ogpu.connect({ wallet: await get("wallet"), network });
      const balance = await ogpu.vault.getBalanceOf(ogpu.account!);
      if (balance < parseEther("1")) await ogpu.vault.deposit(ogpu.account!, parseEther("5"));
      return ogpu;
    },
    account: () => account("client").address,
    agent: () => account("client2").address,
    provider: () => account("provider").address,
    privateKey: () => account("client").privateKey,
    source: async () => (await get("ogpu")).source(await sourceAddress(await get("ogpu"))),
    info: async () => ({
      source: (await get("source")).address, config: { functionName: "predict", data: { text: "I love it" } },
      expiryTime: later(3600), payment: parseEther("0.01"),
    }),
    task: async () => (await get("ogpu")).publishTask(await get("info")),
    response: async () => makeResponse(await get("task")),
  };
  async function get<Name extends keyof Givens>(name: Name): Promise<Givens[Name]> {
    return (made[name] ??= (await make[name]()) as never) as Givens[Name];
  }
  const out: Partial<Givens> = {};
  for (const name of names as readonly (keyof Givens)[]) out[name] = (await get(name)) as never;
  return out as Pick<Givens, Names[number]>;
}

/** A public network's name in a document stands for the devnet. */
export function onDevnet<const Name extends keyof typeof networks>(name: Name): Name {
  void name;
  return stage().network as unknown as Name;
}

/** `"0x…"` in a document stands for an address on the devnet. */
export function at(name: string): Address {
  if (name === "source" && stage().source) return sourceNow;
  return account(name === "provider" || name === "agent" ? name : "client2").address;
}

let sourceNow: Address;
/** Makes the source that `at` answers with. */
export async function prepare(): Promise<void> {
  const { ogpu } = await given(["ogpu"]);
  sourceNow = await sourceAddress(ogpu);
}
