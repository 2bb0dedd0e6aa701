// Safe's own contracts and its own provider for pages in Safe{Wallet}'s frame; the wallet around them (queue, owners, execution) is
// written here after safe-global/safe-wallet-monorepo, and speaks the provider's messages.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { SafeAppProvider } from "@safe-global/safe-apps-provider";
import SDK from "@safe-global/safe-apps-sdk";
import { concat, decodeEventLog, encodeFunctionData, encodePacked, getAddress, size, zeroAddress } from "viem";

const require = createRequire(import.meta.url);
const artifact = (path) => JSON.parse(readFileSync(require.resolve(path), "utf8"));
const GNOSIS = "@gnosis.pm/safe-contracts/build/artifacts/contracts";
const SAFE = "@safe-global/safe-contracts/build/artifacts/contracts";
/** The two versions that most Safes have. In 1.3.0 the safeTxHash of ExecutionSuccess is in the data, in 1.4.1 in a topic. */
const VERSIONS = {
  "1.3.0": { safe: `${GNOSIS}/GnosisSafe.sol/GnosisSafe.json`, factory: `${GNOSIS}/proxies/GnosisSafeProxyFactory.sol/GnosisSafeProxyFactory.json`, handler: `${GNOSIS}/handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json`, multiSend: `${GNOSIS}/libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json` },
  "1.4.1": { safe: `${SAFE}/Safe.sol/Safe.json`, factory: `${SAFE}/proxies/SafeProxyFactory.sol/SafeProxyFactory.json`, handler: `${SAFE}/handler/CompatibilityFallbackHandler.sol/CompatibilityFallbackHandler.json`, multiSend: `${SAFE}/libraries/MultiSendCallOnly.sol/MultiSendCallOnly.json` },
};

/** Deploys a version's contracts. @returns what makes a Safe of it */
export async function deploySafes(s, version) {
  const contracts = {};
  for (const [name, path] of Object.entries(VERSIONS[version])) {
    const { abi, bytecode } = artifact(path);
    contracts[name] = { abi, address: await s.deploy({ abi, bytecode }) };
  }
  const { safe, factory, handler } = contracts;
  let salt = 0n;
  return {
    version, contracts,
    /** A Safe of these owners (accounts with keys). @returns its address */
    async create(owners, threshold) {
      const addresses = owners.map(({ address }) => address);
      const setup = encodeFunctionData({ abi: safe.abi, functionName: "setup", args: [addresses, BigInt(threshold), zeroAddress, "0x", handler.address, zeroAddress, 0n, zeroAddress] });
      const { logs } = await s.call(owners[0], factory, "createProxyWithNonce", [safe.address, setup, salt++]);
      for (const log of logs) {
        try {
          const { eventName, args } = decodeEventLog({ abi: factory.abi, ...log });
          if (eventName === "ProxyCreation") return getAddress(args.proxy);
        } catch {
          // Another contract's event.
        }
      }
      throw new Error("no Safe was made");
    },
  };
}

/**
 * The wallet of a Safe. Its first owner sits before it.
 * @param {{ threshold: number, user?: (proposal: Proposal) => void }} options `user`: what the first owner does with what a page
 *   asks; default: signs, and executes where no other signature is needed
 * @typedef {{ txs: any[], approve(options?: { safeTxGas?: bigint, execute?: boolean }): Promise<string>, reject(): void }} Proposal
 */
export async function openSafe(s, safes, { owners, address, threshold, user = (proposal) => void proposal.approve() }) {
  const { contracts: { safe, multiSend } } = safes;
  const at = { abi: safe.abi, address };
  const read = (functionName, args = []) => s.reader.readContract({ ...at, functionName, args });
  /** By safeTxHash. */
  const queue = new Map();
  const proposals = [];
  const awaited = [];
  let next = Number(await read("nonce"));

  const fields = ({ to, value, data, operation, safeTxGas }) => [to, value, data, operation, safeTxGas, 0n, 0n, zeroAddress, zeroAddress];
  const call = (id) => {
    const { transaction, signatures } = queue.get(id);
    const sorted = [...signatures].sort(([one], [other]) => (BigInt(one) < BigInt(other) ? -1 : 1)).map(([, signature]) => signature);
    return encodeFunctionData({ abi: safe.abi, functionName: "execTransaction", args: [...fields(transaction), concat(sorted)] });
  };
  /** What the events of a transaction say of those in the queue. */
  const settle = ({ transactionHash, logs, status }) => {
    for (const log of logs) {
      if (getAddress(log.address) !== address) continue;
      let event;
      try {
        event = decodeEventLog({ abi: safe.abi, ...log });
      } catch {
        continue;
      }
      const found = queue.get(event.args?.txHash);
      if (found && status === "success") Object.assign(found, { hash: transactionHash, status: event.eventName === "ExecutionSuccess" ? "SUCCESS" : "FAILED" });
    }
  };
  const host = {
    queue, multiSend,
    async sign(id, owner) {
      const found = queue.get(id);
      found.signatures.set(owner.address, await owner.sign({ hash: id }));
      if (found.signatures.size >= threshold) found.status = "AWAITING_EXECUTION";
    },
    /** `account` sends the transaction; anybody may. */
    async execute(id, account) {
      const receipt = await s.send(account, { to: address, data: call(id), gas: 8_000_000n });
      settle(receipt);
      return receipt;
    },
    /** Several of the queue in one transaction. */
    async executeTogether(ids, account) {
      const data = encodeFunctionData({ abi: multiSend.abi, functionName: "multiSend", args: [packed(ids.map((id) => ({ to: address, value: 0n, data: call(id) })))] });
      const receipt = await s.send(account, { to: multiSend.address, data, gas: 16_000_000n });
      settle(receipt);
      return receipt;
    },
  };
  const packed = (txs) => concat(txs.map(({ to, value, data }) => encodePacked(["uint8", "address", "uint256", "uint256", "bytes"], [0, to, BigInt(value), BigInt(size(data)), data])));

  const propose = ({ txs, params }) => new Promise((resolve, reject) => {
    const proposal = {
      txs,
      async approve({ safeTxGas = BigInt(params?.safeTxGas ?? 0), execute = threshold === 1 } = {}) {
        const transaction = txs.length === 1
          ? { to: getAddress(txs[0].to), value: BigInt(txs[0].value), data: txs[0].data, operation: 0, safeTxGas }
          : { to: multiSend.address, value: 0n, data: encodeFunctionData({ abi: multiSend.abi, functionName: "multiSend", args: [packed(txs)] }), operation: 1, safeTxGas };
        const nonce = next++;
        const id = await read("getTransactionHash", [...fields(transaction), BigInt(nonce)]);
        queue.set(id, { transaction, nonce, signatures: new Map(), status: "AWAITING_CONFIRMATIONS", calls: txs.length });
        await host.sign(id, owners[0]);
        if (execute) await host.execute(id, owners[0]);
        resolve({ safeTxHash: id });
        return id;
      },
      // What Safe{Wallet} answers when its modal is closed.
      reject: () => reject(new Error("Transaction was rejected")),
    };
    proposals.push(proposal);
    for (const look of awaited.splice(0)) look();
    user(proposal);
  });
  const methods = {
    sendTransactions: propose,
    rpcCall: ({ call: method, params }) => s.rpc(method, ...params),
    getTxBySafeTxHash({ safeTxHash }) {
      const found = queue.get(safeTxHash);
      if (!found) throw new Error("Transaction not found");
      const dataDecoded = found.calls > 1 ? { method: "multiSend", parameters: [{ name: "transactions", valueDecoded: Array(found.calls).fill({}) }] } : null;
      return { safeAddress: address, txStatus: found.status, txHash: found.hash ?? null, txData: { dataDecoded } };
    },
    getSafeInfo: () => ({ safeAddress: address, chainId: s.devnet.chainId, owners: owners.map((owner) => owner.address), threshold, isReadOnly: false }),
  };

  const frame = new EventTarget();
  const parent = {
    async postMessage({ id, method, params }) {
      let data;
      try {
        data = { id, success: true, version: "9.1.0", data: await methods[method](params) };
      } catch (error) {
        data = { id, success: false, version: "9.1.0", error: error.message };
      }
      frame.dispatchEvent(Object.assign(new Event("message"), { data, origin: "https://app.safe.global", source: parent }));
    },
  };
  // The SDK is made for a frame.
  globalThis.window = Object.assign(frame, { parent, crypto: globalThis.crypto });
  const made = new SDK({ allowedDomains: [/app\.safe\.global$/] });
  const proposed = async (at = 0) => {
    while (proposals.length <= at) await new Promise((resolve) => awaited.push(resolve));
    return proposals[at];
  };
  return { ...host, proposed, provider: new SafeAppProvider(await made.safe.getInfo(), made), close: () => void delete globalThis.window };
}
