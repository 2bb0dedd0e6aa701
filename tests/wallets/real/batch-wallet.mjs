// Small EIP-5792 wallets for what MetaMask's does not answer: version 1.0, each status code, receipts that are missing. The account is a
// key's, upgraded (EIP-7702) to Simple7702Account; it carries a batch out by one call to itself, or sends the calls one by one.
import { createRequire } from "node:module";

import { encodeFunctionData, numberToHex } from "viem";

const require = createRequire(import.meta.url);
const { abi } = require("@account-abstraction/contracts/artifacts/Simple7702Account.json");

/**
 * @param s a stage
 * @param {{
 *   account: any, version?: "1.0" | "2.0.0", oneByOne?: boolean, capabilities?: object, before?: () => Promise<unknown>,
 *   send?: (execute: () => Promise<any[]>) => Promise<unknown>, status?: (answer: any, looks: number) => any,
 * }} options `version`: the one that it speaks; `before`: what happens on chain before it sends; `send`: what it answers in place of
 *   the id; `status`: what it tells in place of the truth, at the so-manieth look
 */
export function createBatchWallet(s, { account, version = "2.0.0", oneByOne = false, capabilities, before, send, status = (answer) => answer }) {
  const chainId = numberToHex(s.devnet.chainId);
  const batches = new Map();
  const requests = [];
  let looks = 0;
  const fault = (code, message) => Object.assign(new Error(message), { code });
  const receiptOf = ({ logs, status: good, blockHash, blockNumber, gasUsed, transactionHash }) => ({
    logs: logs.map(({ address, data, topics }) => ({ address, data, topics })), status: good === "success" ? "0x1" : "0x0", blockHash,
    blockNumber: numberToHex(blockNumber), gasUsed: numberToHex(gasUsed), transactionHash,
  });
  const execute = async (calls) => {
    await before?.();
    const gas = 6_000_000n;
    if (!oneByOne) {
      const args = [calls.map(({ to, value, data }) => ({ target: to, value: BigInt(value ?? 0), data: data ?? "0x" }))];
      return [await s.send(account, { to: account.address, data: encodeFunctionData({ abi, functionName: "executeBatch", args }), gas })];
    }
    const receipts = [];
    for (const { to, value, data } of calls) receipts.push(await s.send(account, { to, value: BigInt(value ?? 0), data, gas }));
    return receipts;
  };
  /** By version: what it says that it can, what it answers to a batch, and what it says of one. */
  const dialect = {
    "2.0.0": {
      capabilities: { [chainId]: { atomic: { status: oneByOne ? "unsupported" : "supported" } } },
      id: (id) => ({ id }),
      status: (id, receipts) => {
        const failed = receipts.filter((receipt) => receipt.status !== "success").length;
        const number = failed === 0 ? 200 : failed === receipts.length ? 500 : 600;
        return { version, id, chainId, atomic: !oneByOne, status: number, receipts: receipts.map(receiptOf) };
      },
    },
    "1.0": {
      capabilities: { [chainId.toUpperCase().replace("X", "x")]: { atomicBatch: { supported: true } } },
      id: (id) => id,
      status: (_id, receipts) => ({ status: "CONFIRMED", receipts: receipts.map(receiptOf) }),
    },
  }[version];
  const methods = {
    eth_accounts: () => [account.address],
    eth_requestAccounts: () => [account.address],
    wallet_getCapabilities: () => capabilities ?? dialect.capabilities,
    async wallet_sendCalls([asked]) {
      if (asked.version !== version) throw fault(-32602, `Version not supported: Got ${asked.version}, expected ${version}`);
      const id = `0x${crypto.randomUUID().replaceAll("-", "")}`;
      const run = async () => {
        batches.set(id, await execute(asked.calls));
        return batches.get(id);
      };
      const answer = send ? await send(run) : await run();
      return send && answer !== undefined ? answer : dialect.id(id);
    },
    wallet_getCallsStatus([id]) {
      looks += 1;
      const receipts = batches.get(id);
      if (!receipts) throw fault(5730, "No matching bundle found");
      return status(dialect.status(id, receipts), looks);
    },
    eth_sendTransaction: async ([{ to, value, data }]) => (await s.send(account, { to, value: BigInt(value ?? 0), data })).transactionHash,
  };
  return {
    requests,
    /** How often a method was asked. */
    count: (method) => requests.filter((request) => request.method === method).length,
    async request({ method, params = [] }) {
      requests.push({ method, params });
      if (methods[method]) return methods[method](params);
      if (!/^eth_(chainId|call|get|block)/.test(method)) throw fault(4200, `The method ${method} is not supported.`);
      return s.rpc(method, ...params);
    },
  };
}
