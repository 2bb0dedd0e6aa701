// What the tests of the alpha network stand on: a devnet, wallets of its accounts, a network object for the package.
import { createWallet } from "../../devnet/wallet.mjs";
import { startOpenGradient } from "../../devnet/opengradient/index.mjs";

export async function stage(options = { schedule: 100 }) {
  const net = await startOpenGradient(options);
  const network = {
    rpcUrl: net.rpcUrl, chainId: net.chainId, name: "Alpha devnet", hub: net.inferenceHub, scheduler: net.scheduler, precompile: net.precompile,
    nodeUrl: net.nodeUrl, explorerUrl: "https://explorer.opengradient.ai",
  };
  const wallet = (role = "client", more = {}) => {
    const { privateKey } = net.accounts.find((account) => account.role === role);
    return createWallet({ privateKey, chains: { [net.chainId]: net.rpcUrl }, chainId: net.chainId, ...more });
  };
  return { net, network, wallet };
}
