// The four calls with ethers, as a careful application writes them: its provider batches by itself, a simulation comes
// before the wallet is asked.
import { BrowserProvider, Contract, Interface, JsonRpcProvider, getAddress } from "ethers";

import { CONTROLLER, NEXUS, RESPONSE, TASK, pin, present } from "./abi.mjs";

const abi = { controller: new Interface(CONTROLLER), nexus: new Interface(NEXUS), task: new Interface(TASK), response: new Interface(RESPONSE) };

const open = ({ chainId, rpcUrl }) => new JsonRpcProvider(rpcUrl, chainId, { staticNetwork: true });

export async function connect({ wallet, network }) {
  const reader = open(network);
  const signer = await new BrowserProvider(wallet, network.chainId).getSigner();
  const write = async (name, args) => {
    const { controller } = network.contracts;
    await new Contract(controller, abi.controller, reader)[name].staticCall(...args, { from: signer.address });
    const hash = await signer.sendUncheckedTransaction({ to: controller, data: abi.controller.encodeFunctionData(name, args) });
    const receipt = await reader.waitForTransaction(hash);
    if (receipt.status !== 1) throw new Error("reverted");
    return receipt;
  };
  return {
    async publishTask({ source, config: { functionName, data }, expiryTime, payment }) {
      const config = await pin(network.pinUrl, { function_name: functionName, data });
      const receipt = await write("publishTask", [{ source, config, expiryTime, payment }]);
      return receipt.logs.map((log) => abi.nexus.parseLog(log)).find((event) => event?.name === "TaskPublished").args.task;
    },
    async snapshot(address) {
      const task = new Contract(address, abi.task, reader);
      const names = ["getSource", "getStatus", "taskParams", "getPayment", "getExpiryTime", "getDeliveryMethod", "getAttemptCount", "winningProvider"];
      return Object.fromEntries((await Promise.all(names.map((name) => task[name]()))).map((value, at) => [names[at], value]));
    },
    async responses(address) {
      const task = new Contract(address, abi.task, reader);
      const count = await task.getAttemptCount();
      if (!count) return [];
      // Both bounds are inclusive.
      const found = present(await task.getResponsesOf(0, count - 1n));
      return Promise.all(found.map(async (address) => {
        const response = new Contract(address, abi.response, reader);
        const [params, status, timestamp, confirmed] = await Promise.all([response.getResponseParams(), response.getStatus(), response.responseTimestamp(), response.confirmedFinal()]);
        return { address, task: params.task, provider: params.provider, data: params.data, payment: params.payment, status, timestamp, confirmed };
      }));
    },
    confirm: async (response) => (await write("confirmResponse", [response.address])).hash,
    close: () => reader.destroy(),
  };
}

/** The first result that needs the library: a client, and a checked address out of it. */
export async function first(network, address) {
  open(network).destroy();
  // An application of this kind always encodes something; ogkit's tables are in its WebAssembly.
  abi.controller.encodeFunctionData("confirmResponse", [address]);
  return getAddress(address);
}
