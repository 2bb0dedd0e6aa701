// The chain's side of OpenGradient: the token, Permit2 and x402's proxies at their real addresses, Multicall3, the registry.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { concat, createTestClient, encodeAbiParameters, getAddress, http, keccak256, parseAbiParameters, parseEther, toHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { clients } from "../chain.mjs";
import { compile } from "../compile.mjs";
import { DEPLOYER, PERMIT2, SALT, permit2Code } from "./permit2.mjs";

// viem has the genuine code for itself, and does not export it.
const viem = dirname(createRequire(import.meta.url).resolve("viem/package.json"));
const { multicall3Bytecode } = await import(pathToFileURL(join(viem, "_esm/constants/contracts.js")).href);

export { clients, PERMIT2 };
export const EXACT_PROXY = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
export const UPTO_PROXY = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";
/** The token on Base. */
export const OPG = "0xFbC2051AE2265686a469421b2C5A2D5462FbF5eB";
export const MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11";

const MNEMONIC = "test test test test test test test test test test test junk";
const ROLES = ["deployer", "client", "client2", "seller", "facilitator", "operator", "relayer", "keeper"];

/** The development accounts, by role: anvil's own, the same as in the devnet of OpenGPU where the names are the same. */
export const accounts = Object.fromEntries(ROLES.map((role, addressIndex) => [role, mnemonicToAccount(MNEMONIC, { addressIndex })]));

/** Runs one job after another: an account's transactions, so that its nonces do not collide. */
export function inTurn() {
  let last = Promise.resolve();
  return (job) => {
    const done = last.then(job);
    last = done.catch(() => {});
    return done;
  };
}

/**
 * Deploys everything; both clients get 1000 OPG.
 * @param {string} rpcUrl @param {number} chainId
 */
export async function deploy(rpcUrl, chainId) {
  const contracts = await compile(new URL("contracts", import.meta.url));
  const { reader, wallet } = clients(rpcUrl, chainId);
  const test = createTestClient({ mode: "anvil", transport: http(rpcUrl, { retryCount: 0 }) });
  const deployer = wallet(accounts.deployer);
  const receipt = async (hash) => {
    const found = await reader.waitForTransactionReceipt({ hash });
    if (found.status !== "success") throw new Error(`transaction ${hash} failed`);
    return found;
  };
  const create = async (name, ...args) => {
    const { abi, bytecode } = contracts[name];
    return getAddress((await receipt(await deployer.deployContract({ abi, bytecode, args }))).contractAddress);
  };
  /** Puts what `code` would deploy at an address of our choice. */
  const place = async (address, code) => {
    const { data } = await reader.call({ data: code });
    await test.setCode({ address, bytecode: data });
  };

  await receipt(await deployer.sendTransaction({ to: DEPLOYER, data: concat([SALT, permit2Code()]) }));
  if (!(await reader.getCode({ address: PERMIT2 }))) throw new Error("Permit2 is not where it should be: not the genuine code");
  await place(EXACT_PROXY, contracts.ExactProxy.bytecode);
  await place(UPTO_PROXY, contracts.UptoProxy.bytecode);
  await place(MULTICALL3, multicall3Bytecode);

  const first = await create("Opg", parseEther("1000000000"));
  // Moved to its address on Base: the code (its domain follows the address), the fields and the deployer's balance.
  await test.setCode({ address: OPG, bytecode: await reader.getCode({ address: first }) });
  const held = keccak256(encodeAbiParameters(parseAbiParameters("address, uint256"), [accounts.deployer.address, 0n]));
  for (const index of [...Array.from({ length: 10 }, (_, slot) => toHex(slot, { size: 32 })), held]) {
    await test.setStorageAt({ address: OPG, index, value: await reader.getStorageAt({ address: first, slot: index }) });
  }
  const opg = OPG;
  const registry = await create("Registry", await create("Verifier"));
  const relay = await create("Relay");
  const abi = Object.fromEntries(Object.entries(contracts).map(([name, contract]) => [name, contract.abi]));
  for (const role of ["client", "client2"]) {
    await receipt(await deployer.writeContract({ address: opg, abi: abi.Opg, functionName: "transfer", args: [accounts[role].address, parseEther("1000")] }));
  }
  return { opg, registry, relay, abi, receipt };
}

/**
 * Registers an enclave as its operator would, with an approved build.
 * @param {Awaited<ReturnType<typeof deploy>> & { rpcUrl: string, chainId: number }} chain
 * @param {ReturnType<typeof import("./enclave.mjs").createEnclave>} enclave
 * @param {string} endpoint
 */
export async function register({ rpcUrl, chainId, registry, abi, receipt }, enclave, endpoint) {
  const { reader, wallet } = clients(rpcUrl, chainId);
  const at = { address: registry, abi: abi.Registry };
  const send = async (role, functionName, args) => receipt(await wallet(accounts[role]).writeContract({ ...at, functionName, args }));
  const operators = await reader.readContract({ ...at, functionName: "TEE_OPERATOR" });
  await send("deployer", "grantRole", [operators, accounts.operator.address]);
  await send("deployer", "approvePCR", [enclave.pcrs, "devnet", 0]);
  const { attestation, publicKey, certificate, ohttp } = enclave;
  await send("operator", "registerTEEWithAttestation", [attestation, publicKey, certificate, accounts.seller.address, endpoint, 0]);
  await send("operator", "setOhttpConfig", [enclave.id, ohttp]);
  /** Tells the registry that the enclave lives, under its own signature. */
  return async () => {
    const { timestamp } = await reader.getBlock();
    await send("operator", "heartbeat", [enclave.id, timestamp, enclave.heartbeat(timestamp)]);
  };
}
