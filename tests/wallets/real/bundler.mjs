// ERC-4337 with its authors' own contracts: EntryPoint 0.8 at its own address (its published bytecode gives that very address), SimpleAccount
// and Simple7702Account. The bundler is written here: it takes signed operations and puts them into one handleOps when it is told to.
import { createRequire } from "node:module";

import { concat, encodeFunctionData, numberToHex } from "viem";

const require = createRequire(import.meta.url);
const artifact = (name) => require(`@account-abstraction/contracts/artifacts/${name}.json`);
/** Its deployment, by the deterministic deployer that anvil has too (eth-infinitism/account-abstraction, releases v0.8). */
const DEPLOYER = "0x4e59b44847b379578588920ca78fbf26c0b4956c";
const SALT = "0x0a59dbff790c23c976a548690c27297883cc66b4c67024f9117b0238995e35e9";
const ENTRY_POINT = "0x4337084D9E255Ff0702461CF8895CE9E3b5Ff108";

const pair = (high, low) => concat([numberToHex(high, { size: 16 }), numberToHex(low, { size: 16 })]);

/** @param s a stage */
export async function startBundler(s) {
  const bundler = (await s.user()).account;
  await s.rpc("anvil_setBalance", bundler.address, "0x21e19e0c9bab2400000");
  await s.send(bundler, { to: DEPLOYER, data: concat([SALT, artifact("EntryPoint").bytecode]), gas: 10_000_000n });
  const entryPoint = { abi: artifact("EntryPoint").abi, address: ENTRY_POINT };
  const factory = { abi: artifact("SimpleAccountFactory").abi, address: await s.deploy({ ...artifact("SimpleAccountFactory"), args: [ENTRY_POINT] }) };
  const delegate = await s.deploy(artifact("Simple7702Account"));
  const execute = artifact("SimpleAccount").abi;
  const read = (contract, functionName, args) => s.reader.readContract({ ...contract, functionName, args });

  /** Signed operations that wait for a bundle. */
  let pool = [];
  const awaited = [];
  const changed = () => {
    for (const look of awaited.splice(0)) look();
  };
  /** One bundle of these operations. @returns the receipt */
  const send = async (operations, gas = 25_000_000n) => {
    const data = encodeFunctionData({ abi: entryPoint.abi, functionName: "handleOps", args: [operations.map(({ operation }) => operation), bundler.address] });
    const receipt = await s.send(bundler, { to: ENTRY_POINT, data, gas });
    for (const { bundled } of operations) bundled(receipt.transactionHash);
    return receipt;
  };
  const self = {
    entryPoint, delegate,
    /** Resolves with the operations that wait, once there are so many. */
    async waiting(count = 1) {
      while (pool.length < count) await new Promise((resolve) => awaited.push(resolve));
      return pool;
    },
    /** Everything that waits goes into one bundle, in this order (by place); `gas` is the bundle's. */
    async bundle({ order = pool.map((_, at) => at), gas, keep = false } = {}) {
      const operations = order.map((at) => pool[at]);
      if (!keep) pool = [];
      return send(operations, gas);
    },
    /** The address of an owner's SimpleAccount, which its first operation deploys. */
    async addressOf(owner) {
      const address = await read(factory, "getAddress", [owner.address, 0n]);
      await s.call(bundler, entryPoint, "depositTo", [address], 10n ** 19n);
      return address;
    },
    /** Lets a key's own account be a Simple7702Account. */
    async upgrade(owner) {
      await s.delegate(owner, delegate);
      await s.call(bundler, entryPoint, "depositTo", [owner.address], 10n ** 19n);
    },
    /** Signs an operation that makes a call, and lets it wait. @returns its hash, and the bundle's once there is one */
    async submit(owner, sender, { to, value = 0n, data = "0x" }) {
      const fresh = !(await s.reader.getCode({ address: sender }));
      const nonce = await read(entryPoint, "getNonce", [sender, 0n]) + BigInt(pool.filter(({ operation }) => operation.sender === sender).length);
      const operation = {
        sender, nonce,
        initCode: fresh ? concat([factory.address, encodeFunctionData({ abi: factory.abi, functionName: "createAccount", args: [owner.address, 0n] })]) : "0x",
        callData: encodeFunctionData({ abi: execute, functionName: "execute", args: [to, BigInt(value), data] }),
        accountGasLimits: pair(1_000_000n, 4_000_000n), preVerificationGas: 100_000n, gasFees: pair(1_000_000_000n, 5_000_000_000n),
        paymasterAndData: "0x", signature: "0x",
      };
      const hash = await read(entryPoint, "getUserOpHash", [operation]);
      operation.signature = await owner.sign({ hash });
      let bundled;
      const transaction = new Promise((resolve) => (bundled = resolve));
      pool.push({ hash, operation, bundled });
      changed();
      return { hash, transaction };
    },
    /**
     * A wallet around such an account, as pages see it.
     * @param {{ owner: any, address: `0x${string}`, answers: "bundle" | "userOpHash" }} options what it answers to eth_sendTransaction
     */
    wallet: ({ owner, address, answers }) => ({
      async request({ method, params = [] }) {
        if (method === "eth_accounts" || method === "eth_requestAccounts") return [address];
        if (method !== "eth_sendTransaction") {
          if (!/^eth_(chainId|call|get|block)/.test(method)) throw Object.assign(new Error(`The method ${method} is not supported.`), { code: 4200 });
          return s.rpc(method, ...params);
        }
        const { hash, transaction } = await self.submit(owner, address, params[0]);
        return answers === "bundle" ? transaction : hash;
      },
    }),
  };
  return self;
}
