// A devnet behind a counting proxy, its accounts, and short cuts past the package: what others do on the chain.
import assert from "node:assert/strict";

import { getAddress, keccak256, parseEther, toHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { Ogpu, isOgError } from "../../pkg/ogpu.js";
import { clients } from "../devnet/chain.mjs";
import { compile } from "../devnet/compile.mjs";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { countingProxy } from "./proxy.mjs";

const MNEMONIC = "test test test test test test test test test test test junk";
const ROLES = ["deployer", "client", "client2", "provider", "master", "agent", "provider2", "master2", "stranger"];
export const accounts = Object.fromEntries(ROLES.map((role, addressIndex) => [role, mnemonicToAccount(MNEMONIC, { addressIndex })]));
export const address = (role) => accounts[role].address;
const privateKey = (role) => `0x${Buffer.from(accounts[role].getHdKey().privateKey).toString("hex")}`;

export const now = () => Math.floor(Date.now() / 1000);
export const sourceInfo = (more = {}) => ({
  name: "sentiment-service", description: "AI sentiment analysis service", logoUrl: "https://example.com/logo.png",
  imageEnvs: { cpu: "https://example.com/cpu.yml" }, minPayment: parseEther("0.001"), minAvailableLockup: parseEther("0.01"),
  maxExpiryDuration: 86400, ...more,
});

/** Whether an error has a code and these fields. */
export const is = (code, fields = {}) => (error) => {
  assert.ok(isOgError(error, code), `${error?.code ?? error} ${error?.message}`);
  for (const [name, value] of Object.entries(fields)) assert.deepEqual(error[name], value, name);
  return true;
};

/** A transaction's receipt, asked for until it is there: a node may know a block before its receipts. */
async function mined(reader, hash) {
  for (let look = 0; ; look++) {
    const receipt = await reader.getTransactionReceipt({ hash }).catch(() => undefined);
    if (receipt) return receipt;
    if (look > 2000) throw new Error(`no receipt of ${hash}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A wallet that tells a hash only when it is mined: then requests can be counted, for nobody looks twice. */
export function settling(wallet, rpcUrl) {
  const { reader } = clients(rpcUrl, 0);
  return {
    ...wallet,
    async request(asked) {
      const answer = await wallet.request(asked);
      if (asked.method === "eth_sendTransaction") await mined(reader, answer);
      return answer;
    },
  };
}

/**
 * Runs a call by a clock that stands still. What a write has read of nonces is read once more when a wallet is asked more than 50 ms later,
 * as on a machine that is busy, and each call's least requests are counted.
 */
export async function atOnce(call) {
  const { now } = Date;
  const time = now();
  Date.now = () => time;
  try {
    return await call();
  } finally {
    Date.now = now;
  }
}

/**
 * @param {{ provider?: boolean, chainId?: number, anvilArgs?: string[], answer?: Parameters<typeof countingProxy>[1]["answer"] }} [options]
 */
export async function stage({ provider = false, chainId = 31337, anvilArgs, answer } = {}) {
  const devnet = await startDevnet({ provider, chainId, anvilArgs });
  const proxy = await countingProxy(devnet.rpcUrl, { answer });
  const network = { ...networkOf(devnet), rpcUrl: proxy.url };
  const { reader, wallet: signer } = clients(devnet.rpcUrl, chainId);
  const helpers = await compile();
  /** The first word of the first event that Nexus emitted. */
  const first = ({ logs }) => {
    const { data } = logs.find(({ address: at }) => at.toLowerCase() === devnet.contracts.nexus.toLowerCase());
    return getAddress(`0x${data.slice(26, 66)}`);
  };
  const set = {
    devnet, proxy, network, reader, contracts: devnet.contracts,
    wallet(role, { settled = true, ...options } = {}) {
      const made = createWallet({ privateKey: privateKey(role), chains: { [chainId]: devnet.rpcUrl }, chainId, ...options });
      return settled ? settling(made, devnet.rpcUrl) : made;
    },
    connect: (role, options) => Ogpu.connect({ wallet: set.wallet(role, options), network }),
    readOnly: (more = {}) => Ogpu.readOnly({ network: { ...network, ...more } }),
    async rpc(method, ...params) {
      const response = await fetch(devnet.rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) });
      const { result, error } = await response.json();
      if (error) throw new Error(`${method}: ${error.message}`);
      return result;
    },
    /** Reads a contract of the network by its name, or one at an address by its kind. */
    read: (name, functionName, args = [], at = devnet.contracts[name.toLowerCase()]) =>
      reader.readContract({ address: at, abi: helpers[name].abi, functionName, args }),
    async write(from, name, functionName, args, { value = 0n, at = devnet.contracts[name.toLowerCase()], gas } = {}) {
      const account = accounts[from] ?? from;
      const hash = await signer(account).writeContract({ address: at, abi: helpers[name].abi, functionName, args, value, gas });
      const receipt = await mined(reader, hash);
      if (receipt.status !== "success") throw new Error(`${functionName} failed`);
      return receipt;
    },
    async deployHelper(name) {
      const hash = await signer(accounts.deployer).deployContract({ abi: helpers[name].abi, bytecode: helpers[name].bytecode });
      return (await mined(reader, hash)).contractAddress;
    },
    /** A source, without the package: its address. */
    async source(more = {}, from = "client") {
      const receipt = await set.write(from, "Nexus", "publishSource", [{
        client: address(from), imageMetadataUrl: "ipfs://source", imageEnvironments: 5, minPayment: 1n, minAvailableLockup: 1n,
        maxExpiryDuration: 86400n, privacyEnabled: false, optionalParamsUrl: "", deliveryMethod: 0, lastUpdateTime: 7n, ...more,
      }]);
      return first(receipt);
    },
    /** A task, without the package: its address. */
    async task(source, more = {}, from = "client") {
      const receipt = await set.write(from, "Controller", "publishTask", [{ source, config: "ipfs://config", expiryTime: BigInt(now() + 3600), payment: 10n, ...more }]);
      return first(receipt);
    },
    /** The provider's answer to a task, without the package: the response's address. */
    async respond(task, data, from = "provider") {
      const source = await set.read("Task", "getSource", [], task);
      if (!(await set.read("Source", "isRegistered", [address(from)], source))) await set.write(from, "Nexus", "register", [source, address(from), 1]);
      await set.write(from, "Nexus", "attempt", [task, address(from), 3n]);
      return first(await set.write(from, "Nexus", "submitResponse", [{ task, provider: address(from), data, payment: 3n }]));
    },
    /** Makes another provider and pairs it with another master. */
    async pair(provider, master) {
      await set.write("deployer", "Manager", "grantRole", [keccak256(toHex("PROVIDER")), address(provider)]);
      await set.write(provider, "Terminal", "announceMaster", [address(master)]);
      await set.write(master, "Terminal", "announceProvider", [address(provider), parseEther("1")], { value: parseEther("1") });
      await set.write(provider, "Vault", "lock", [parseEther("0.5")]);
    },
    /** A client with funds, its source, and a second provider beside the first. */
    async furnish() {
      const client = await set.connect("client");
      await set.fund("client");
      await set.pair("provider2", "master2");
      return { client, source: await set.source() };
    },
    fund: (role, amount = parseEther("10")) => set.write(role, "Vault", "deposit", [address(role)], { value: amount }),
    /** The answer of a call, and how many HTTP requests it took. */
    async counted(call) {
      await proxy.idle();
      proxy.reset();
      const value = await atOnce(call);
      return [value, proxy.count()];
    },
    /** Each getter answers what the chain says, in one request or as many as are given. */
    async getters(expected) {
      for (const [name, [call, value, requests = 1]] of Object.entries(expected)) {
        const [found, count] = await set.counted(call);
        assert.deepEqual(found, value, name);
        assert.equal(count, requests, `${name}: requests`);
      }
    },
    async stop() {
      await proxy.stop();
      await devnet.stop();
    },
  };
  return set;
}

