// A task with as many responses as wanted: providers of anvil's own making, each its own master.
import { encodeFunctionData, keccak256, numberToHex, parseEther, toHex } from "viem";

import { accounts, clients } from "../tests/devnet/chain.mjs";

const role = (name) => accounts[name].address;

/** @param {any} devnet @param {{ source: string, tasks: Record<number, string> }} wanted a task for each number of responses */
export async function respond(devnet, { source, tasks }) {
  const { rpcUrl, chainId, abi, contracts } = devnet;
  const { reader } = clients(rpcUrl, chainId);
  const node = (method, params) => reader.request({ method, params });
  const send = async (from, name, functionName, args, value = 0n) => {
    const data = encodeFunctionData({ abi: abi[name[0].toUpperCase() + name.slice(1)], functionName, args });
    const hash = await node("eth_sendTransaction", [{ from, to: contracts[name], data, value: numberToHex(value), gas: "0x4c4b40" }]);
    // anvil answers before it has mined.
    const receipt = await reader.waitForTransactionReceipt({ hash });
    if (receipt.status !== "success") throw new Error(`${name}.${functionName} failed`);
  };
  await node("anvil_autoImpersonateAccount", [true]);
  const lockup = await reader.readContract({ address: contracts.vault, abi: abi.Vault, functionName: "MIN_LOCKUP_PER_SOURCE" });
  const stake = lockup > 0n ? lockup : parseEther("1");
  const most = Math.max(...Object.keys(tasks).map(Number));
  for (let at = 0; at < most; at++) {
    const provider = `0x${keccak256(toHex(`provider ${at}`)).slice(26)}`;
    await node("anvil_setBalance", [provider, numberToHex(stake + parseEther("10"))]);
    await send(role("deployer"), "manager", "grantRole", [keccak256(toHex("PROVIDER")), provider]);
    await send(provider, "terminal", "announceMaster", [provider]);
    await send(provider, "terminal", "announceProvider", [provider, stake], stake);
    await send(provider, "vault", "lock", [stake]);
    await send(provider, "nexus", "register", [source, provider, 1]);
    for (const [count, task] of Object.entries(tasks)) {
      if (at >= Number(count)) continue;
      await send(provider, "nexus", "attempt", [task, provider, 1n]);
      await send(provider, "nexus", "submitResponse", [{ task, provider, data: `https://gateway.invalid/ipfs/Qm${at}`, payment: 1n }]);
    }
  }
}
