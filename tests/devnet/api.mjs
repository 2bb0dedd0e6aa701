// The old HTTP API: `GET /api/tasks/<address>` → {"data": {…}}, answered from the chain.
import { answer } from "./ipfs.mjs";
import { clients } from "./chain.mjs";

/** @param {string} rpcUrl @param {number} chainId @param {Record<string, any[]>} abi */
export function management(rpcUrl, chainId, abi) {
  const { reader } = clients(rpcUrl, chainId);
  return async (_request, response, url) => {
    const address = url.pathname.split("/")[3] ?? "";
    const task = (functionName, args = []) => reader.readContract({ address, abi: abi.Task, functionName, args });
    let winner;
    try {
      winner = await task("winningProvider");
    } catch {
      return answer(response, 404, { error: "no such task" });
    }
    const [source, config, expiryTime, payment] = await task("taskParams");
    const data = { address, source, config, expiryTime, payment: String(payment), status: await task("getStatus") };
    if (BigInt(winner) !== 0n) {
      const confirmed = await task("responseOf", [winner]);
      const params = await reader.readContract({ address: confirmed, abi: abi.Response, functionName: "getResponseParams" });
      data.confirmedResponse = { address: confirmed, provider: params.provider, data: params.data, payment: String(params.payment) };
    }
    answer(response, 200, { data });
  };
}
