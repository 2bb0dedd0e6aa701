// The four calls with viem, as a careful application writes them: batched reads, a simulation before the wallet is asked.
import { createPublicClient, createWalletClient, custom, defineChain, encodeFunctionData, getAddress, http, parseAbi, parseEventLogs } from "viem";

import { CONTROLLER, NEXUS, RESPONSE, TASK, pin, present } from "./abi.mjs";

const abi = { controller: parseAbi(CONTROLLER), nexus: parseAbi(NEXUS), task: parseAbi(TASK), response: parseAbi(RESPONSE) };

const open = ({ chainId, name, rpcUrl }) => {
  const chain = defineChain({ id: chainId, name, nativeCurrency: { name: "OpenGPU", symbol: "OGPU", decimals: 18 }, rpcUrls: { default: { http: [rpcUrl] } } });
  return { chain, reader: createPublicClient({ chain, transport: http(rpcUrl, { batch: true }) }) };
};

export async function connect({ wallet, network }) {
  const { chain, reader } = open(network);
  const [account] = await wallet.request({ method: "eth_requestAccounts" });
  const signer = createWalletClient({ account, chain, transport: custom(wallet) });
  const write = async (functionName, args) => {
    const { request } = await reader.simulateContract({ account, address: network.contracts.controller, abi: abi.controller, functionName, args });
    const hash = await signer.writeContract(request);
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new Error("reverted");
    return receipt;
  };
  return {
    async publishTask({ source, config: { functionName, data }, expiryTime, payment }) {
      const config = await pin(network.pinUrl, { function_name: functionName, data });
      const receipt = await write("publishTask", [{ source, config, expiryTime: BigInt(expiryTime), payment }]);
      return parseEventLogs({ abi: abi.nexus, logs: receipt.logs, eventName: "TaskPublished" })[0].args.task;
    },
    async snapshot(address) {
      const read = (functionName) => reader.readContract({ address, abi: abi.task, functionName });
      const names = ["getSource", "getStatus", "taskParams", "getPayment", "getExpiryTime", "getDeliveryMethod", "getAttemptCount", "winningProvider"];
      return Object.fromEntries((await Promise.all(names.map(read))).map((value, at) => [names[at], value]));
    },
    async responses(address) {
      const task = { address, abi: abi.task };
      const count = await reader.readContract({ ...task, functionName: "getAttemptCount" });
      if (!count) return [];
      // Both bounds are inclusive.
      const found = present(await reader.readContract({ ...task, functionName: "getResponsesOf", args: [0n, count - 1n] }));
      return Promise.all(found.map(async (address) => {
        const read = (functionName) => reader.readContract({ address, abi: abi.response, functionName });
        const [params, status, timestamp, confirmed] = await Promise.all(["getResponseParams", "getStatus", "responseTimestamp", "confirmedFinal"].map(read));
        return { address, ...params, status, timestamp, confirmed };
      }));
    },
    confirm: async (response) => (await write("confirmResponse", [response.address])).transactionHash,
  };
}

/** The first result that needs the library: a client, and a checked address out of it. */
export async function first(network, address) {
  open(network);
  // An application of this kind always encodes something; ogkit's tables are in its WebAssembly.
  encodeFunctionData({ abi: abi.controller, functionName: "confirmResponse", args: [address] });
  return getAddress(address);
}
