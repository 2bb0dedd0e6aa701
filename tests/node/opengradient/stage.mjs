// What every OpenGradient test of the package needs: the devnet, wallets on it, and what the chain says.
import { parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { accounts, clients } from "../../devnet/opengradient/chain.mjs";
import { networkOf, startOpenGradient } from "../../devnet/opengradient/index.mjs";
import { createWallet } from "../../devnet/wallet.mjs";
import { OpenGradient } from "../../../pkg/opengradient.js";

/** A running devnet with its helpers. */
export async function open(options) {
  const net = await startOpenGradient(options);
  const { reader, wallet: signer } = clients(net.rpcUrl, net.chainId);
  const at = { address: net.opg, abi: net.abi.Opg };
  const send = async (account, functionName, args) => reader.waitForTransactionReceipt({ hash: await signer(account).writeContract({ ...at, functionName, args }) });

  const stage = {
    net,
    reader,
    signer,
    network: networkOf(net),
    balance: (address) => reader.readContract({ ...at, functionName: "balanceOf", args: [address] }),
    allowance: (owner) => reader.readContract({ ...at, functionName: "allowance", args: [owner, net.permit2] }),
    /** A wallet of its own with OPG, gas, and what Permit2 may move. */
    async wallet({ opg = parseEther("10"), allowance = parseEther("5"), gas = parseEther("1"), ...more } = {}) {
      const privateKey = generatePrivateKey();
      const account = privateKeyToAccount(privateKey);
      if (opg) await send(accounts.deployer, "transfer", [account.address, opg]);
      if (gas) await reader.waitForTransactionReceipt({ hash: await signer(accounts.deployer).sendTransaction({ to: account.address, value: gas }) });
      if (allowance) await send(account, "approve", [net.permit2, allowance]);
      return createWallet({ privateKey, chains: { [net.chainId]: net.rpcUrl }, chainId: net.chainId, ...more });
    },
    /** A client with a wallet of its own. */
    async connect({ wallet, ...options } = {}) {
      wallet ??= await stage.wallet();
      const og = await OpenGradient.connect({ wallet, network: stage.network, ...options });
      return { og, wallet, signatures: () => wallet.requests.filter(({ method }) => method === "eth_signTypedData_v4").length };
    },
    stop: () => net.stop(),
  };
  return stage;
}

export const ask = (content, more = {}) => ({ model: "openai/gpt-5", messages: [{ role: "user", content }], maxTokens: 40, ...more });

/** What a promise was rejected with. */
export const failure = (promise) => promise.then((value) => { throw new Error(`it succeeded: ${String(value)}`); }, (error) => error);

/** Everything that comes of a stream. */
export async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}
