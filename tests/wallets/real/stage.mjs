// A devnet with a service, and users of their own for each test, so that no test sees another's nonces.
import assert from "node:assert/strict";

import { parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { clients } from "../../devnet/chain.mjs";
import { accounts, now, stage as devnetStage } from "../../node/stage.mjs";

export { address, is } from "../../node/stage.mjs";
export const CHAIN = 31337;

/** @param {Parameters<typeof devnetStage>[0]} [options] */
export async function stage(options) {
  const s = await devnetStage(options);
  const service = await s.source();
  const { wallet: signer } = clients(s.devnet.rpcUrl, CHAIN);
  const mined = async (hash) => {
    for (;;) {
      const receipt = await s.reader.getTransactionReceipt({ hash }).catch(() => undefined);
      if (receipt) return receipt;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  /** Since when there is an account. */
  const since = new Map();
  const own = async (address) => {
    const logs = await s.reader.getContractEvents({ address: s.contracts.nexus, abi: s.devnet.abi.Nexus, eventName: "TaskPublished", fromBlock: since.get(address) });
    const clients = await Promise.all(logs.map(({ args }) => s.read("Controller", "clientOf", [args.task])));
    return logs.map(({ args }) => args.task).filter((_, at) => clients[at] === address);
  };
  /** One after the other: they are all made by one account. */
  let turn = Promise.resolve();
  const createUser = async (address) => {
    const privateKey = generatePrivateKey();
    const account = privateKeyToAccount(privateKey);
    await s.rpc("anvil_setBalance", account.address, "0x56bc75e2d63100000");
    const { blockNumber } = await s.write("deployer", "Vault", "deposit", [address ?? account.address], { value: parseEther("10") });
    since.set(address ?? account.address, blockNumber);
    return { privateKey, account, address: address ?? account.address };
  };
  return Object.assign(s, {
    service,
    /** Sends a transaction of an account's and waits for its receipt, whatever its status. */
    send: async (account, transaction) => mined(await signer(account).sendTransaction(transaction)),
    /** Calls a contract, by its ABI, from an account. @returns the receipt of a success */
    async call(account, { abi, address }, functionName, args, value = 0n) {
      const receipt = await mined(await signer(account).writeContract({ abi, address, functionName, args, value }));
      if (receipt.status !== "success") throw new Error(`${functionName} failed`);
      return receipt;
    },
    /** Deploys a contract. @returns its address */
    deploy: async ({ abi, bytecode, args }) => (await mined(await signer(accounts.deployer).deployContract({ abi, bytecode, args }))).contractAddress,
    /** Delegates a key's account to a contract (EIP-7702). */
    async delegate(account, contractAddress) {
      const authorization = await signer(account).signAuthorization({ account, contractAddress, executor: "self" });
      return mined(await signer(account).sendTransaction({ to: account.address, authorizationList: [authorization] }));
    },
    /** A user with money, and a vault balance to publish from; with an `address` that account, a smart one, gets them. */
    user: (address) => {
      const made = turn.then(() => createUser(address));
      turn = made.catch(() => {});
      return made;
    },
    /** A publication of a task. */
    taskInfo: (more = {}) => ({ source: service, config: { functionName: "predict", data: { text: "I love it" } }, expiryTime: now() + 3600, payment: 10n, ...more }),
    /** The tasks that an account has published, by the chain. */
    tasksOf: own,
    nonceOf: async (address) => Number(await s.rpc("eth_getTransactionCount", address, "latest")),
    mine: () => s.rpc("evm_mine"),
    /** Runs a test while blocks are mined on command alone. */
    async withManualMining(test) {
      await s.rpc("evm_setAutomine", false);
      try {
        return await test();
      } finally {
        await s.rpc("evm_setAutomine", true);
        await s.rpc("evm_mine");
      }
    },
    /** The publication ends with its task, and nothing else of the account's was published meanwhile. Answers what was told on the way. */
    async publishesOnce(ogpu, options = {}, info = s.taskInfo()) {
      const before = await own(ogpu.account);
      const told = [];
      const task = await ogpu.publishTask(info, { ...options, onProgress: (step) => (told.push(step), options.onProgress?.(step)) });
      const after = (await own(ogpu.account)).slice(before.length);
      assert.deepEqual(after, [task.address], "one task was published, and it is the one that was told");
      return { task, told, kinds: told.map(({ kind }) => kind) };
    },
  });
}

/** Resolves with the first step of a kind; `options` are a call's. */
export function steps(options = {}) {
  const told = [];
  const waiting = [];
  return {
    told,
    options: {
      ...options,
      onProgress(step) {
        told.push(step);
        for (const look of waiting.splice(0)) look();
      },
    },
    async step(kind) {
      for (;;) {
        const found = told.find((step) => step.kind === kind);
        if (found) return found;
        await new Promise((resolve) => waiting.push(resolve));
      }
    },
  };
}
