// The official facilitator behind its HTTP interface: it checks payments and puts them on chain.
import { x402Facilitator } from "@x402/core/facilitator";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/facilitator";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/facilitator";
import { UptoEvmScheme } from "@x402/evm/upto/facilitator";
import { EVM_NETWORK_CHAIN_ID_MAP } from "@x402/evm/v1";
import { EIP2612_GAS_SPONSORING, createErc20ApprovalGasSponsoringExtension } from "@x402/extensions";
import { publicActions } from "viem";

import { accounts, clients, inTurn } from "./chain.mjs";
import { bodyOf, json, listen } from "./web.mjs";

/** @returns {string | undefined} what x402 v1 calls a chain: only some have a name there */
export const nameV1 = (chainId) => Object.entries(EVM_NETWORK_CHAIN_ID_MAP).find(([, id]) => id === chainId)?.[0];

/** @param {{ rpcUrl: string, chainId: number, host?: string }} options */
export async function startFacilitator({ rpcUrl, chainId, host }) {
  const { reader, wallet } = clients(rpcUrl, chainId);
  const account = accounts.facilitator;
  // Its account is the caller of the trial runs too: the upto proxy lets only the facilitator in.
  const sender = wallet(account).extend(publicActions);
  const turn = inTurn();
  const base = {
    address: account.address,
    readContract: (call) => sender.readContract(call),
    verifyTypedData: (data) => reader.verifyTypedData(data),
    writeContract: (call) => turn(() => sender.writeContract(call)),
    sendTransaction: (call) => turn(() => sender.sendTransaction(call)),
    waitForTransactionReceipt: (query) => reader.waitForTransactionReceipt(query),
    getCode: (query) => reader.getCode(query),
  };
  const signer = toFacilitatorEvmSigner(base);
  const network = `eip155:${chainId}`;
  const facilitator = new x402Facilitator()
    .register(network, new ExactEvmScheme(signer))
    .register(network, new UptoEvmScheme(signer))
    .registerExtension(EIP2612_GAS_SPONSORING)
    .registerExtension(createErc20ApprovalGasSponsoringExtension({
      ...signer,
      // One after another: the payer's approval must be in before the payment.
      async sendTransactions(list) {
        const hashes = [];
        for (const item of list) {
          const hash = await (typeof item === "string" ? reader.sendRawTransaction({ serializedTransaction: item }) : base.sendTransaction(item));
          await reader.waitForTransactionReceipt({ hash });
          hashes.push(hash);
        }
        return hashes;
      },
    }));
  if (nameV1(chainId)) facilitator.registerV1(nameV1(chainId), new ExactEvmSchemeV1(signer));

  const server = await listen(async (request, response) => {
    const path = new URL(request.url ?? "/", "http://localhost").pathname;
    if (request.method === "GET" && path === "/supported") return json(response, 200, facilitator.getSupported());
    if (request.method !== "POST" || !["/verify", "/settle"].includes(path)) return json(response, 404, { error: "unknown path" });
    const { paymentPayload, paymentRequirements } = JSON.parse(await bodyOf(request));
    json(response, 200, await facilitator[path.slice(1)](paymentPayload, paymentRequirements));
  }, { host });
  return { ...server, facilitator };
}
