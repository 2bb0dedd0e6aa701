// Deploys the OpenGPU contracts and pairs the devnet's provider with its master.
import { createPublicClient, createWalletClient, defineChain, getContractAddress, http, keccak256, parseEther, toHex } from "viem";
import { mnemonicToAccount } from "viem/accounts";

import { compile } from "./compile.mjs";

const MNEMONIC = "test test test test test test test test test test test junk";
const ROLES = ["deployer", "client", "client2", "provider", "master", "agent"];

/** The development accounts, by role. Their keys are public: they are anvil's own. */
export const accounts = Object.fromEntries(ROLES.map((role, addressIndex) => [role, mnemonicToAccount(MNEMONIC, { addressIndex })]));

/** @param {string} rpcUrl @param {number} chainId */
export function clients(rpcUrl, chainId) {
  const chain = defineChain({ id: chainId, name: "devnet", nativeCurrency: { name: "OpenGPU", symbol: "OGPU", decimals: 18 }, rpcUrls: { default: { http: [rpcUrl] } } });
  const transport = http(rpcUrl, { retryCount: 0 });
  const reader = createPublicClient({ chain, transport, pollingInterval: 50, cacheTime: 0 });
  const wallet = (account) => createWalletClient({ account, chain, transport });
  return { chain, reader, wallet };
}

/** Deploys and wires everything. @returns the addresses and the ABIs */
export async function deploy(rpcUrl, chainId) {
  const contracts = await compile();
  const { reader, wallet } = clients(rpcUrl, chainId);
  const deployer = wallet(accounts.deployer);

  // The contracts refer to each other, so their addresses are computed first.
  const names = ["Manager", "Terminal", "Vault", "Nexus", "Controller"];
  const at = Object.fromEntries(names.map((name, nonce) => [name, getContractAddress({ from: accounts.deployer.address, nonce: BigInt(nonce) })]));
  const parameters = {
    Manager: [],
    Terminal: [at.Manager, at.Vault],
    Vault: [at.Manager, at.Nexus, at.Terminal],
    Nexus: [at.Manager, at.Terminal, at.Vault],
    Controller: [at.Nexus, at.Terminal, at.Vault],
  };
  const receipt = async (hash) => {
    const found = await reader.waitForTransactionReceipt({ hash });
    if (found.status !== "success") throw new Error(`transaction ${hash} failed`);
    return found;
  };
  for (const name of names) {
    const { abi, bytecode } = contracts[name];
    const { contractAddress } = await receipt(await deployer.deployContract({ abi, bytecode, args: parameters[name] }));
    if (contractAddress?.toLowerCase() !== at[name].toLowerCase()) throw new Error(`${name} is not where it should be`);
  }

  const write = async (account, name, functionName, args, value = 0n) =>
    receipt(await wallet(account).writeContract({ address: at[name], abi: contracts[name].abi, functionName, args, value }));
  const role = (name) => keccak256(toHex(name));
  await write(accounts.deployer, "Manager", "grantRole", [role("CONTROLLER"), at.Controller]);
  await write(accounts.deployer, "Manager", "grantRole", [role("JUDGE"), accounts.deployer.address]);
  await write(accounts.deployer, "Manager", "grantRole", [role("PROVIDER"), accounts.provider.address]);
  await write(accounts.provider, "Terminal", "announceMaster", [accounts.master.address]);
  await write(accounts.master, "Terminal", "announceProvider", [accounts.provider.address, parseEther("100")], parseEther("100"));
  await write(accounts.provider, "Vault", "lock", [parseEther("50")]);

  const abi = Object.fromEntries(Object.entries(contracts).map(([name, contract]) => [name, contract.abi]));
  return { at, abi };
}
