// The alpha network's node API: the result of an inference that the chain's event does not carry.
import { clients } from "./chain.mjs";
import { PRECOMPILE, precompileAbi } from "./alpha.mjs";
import { base64, json, listen } from "./web.mjs";

const PATH = "/artela-network/artela-rollkit/inference/tx/";
/** Each mode's way to wrap an output, by the number in the request. */
const WRAPPED = [
  (model_output) => ({ VanillaResult: { model_output } }),
  (model_output) => ({ ZkmlResult: { model_output, proof: "AA==" } }),
  (model_output) => ({ TeeNodeResult: { Response: { VanillaResponse: { model_output } } } }),
];

/** An output as the node's JSON has it: whole numbers as text, and strings with a shape. */
const plain = ({ numbers, strings, jsons }) => ({
  numbers: numbers.map(({ name, values, shape }) => ({ name, values: values.map(({ value, decimals }) => ({ value: String(value), decimals: String(decimals) })), shape })),
  strings: strings.map(({ name, values }) => ({ name, values, shape: [values.length] })),
  jsons,
});

/**
 * @param {{ rpcUrl: string, chainId: number, abi: Record<string, any[]>, host?: string, cors?: boolean }} options
 */
export async function startNode({ rpcUrl, chainId, abi, host, cors }) {
  const { reader } = clients(rpcUrl, chainId);
  const [event] = precompileAbi.filter(({ name }) => name === "ModelInferenceEvent");
  const requests = [];

  const handle = async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (request.method !== "GET" || !pathname.startsWith(PATH)) return json(response, 404, { code: 5, message: "Not Found", details: [] });
    const id = decodeURIComponent(pathname.slice(PATH.length));
    requests.push(id);
    if (pathname.slice(PATH.length).includes("/")) return json(response, 501, { code: 12, message: "Not Implemented", details: [] });
    const logs = await reader.getLogs({ address: PRECOMPILE, event, fromBlock: 0n, toBlock: "latest" });
    const found = logs.find(({ args }) => args.inferenceID === id)?.args.request;
    if (!found) return json(response, 404, { code: 5, message: `inference ${id} not found`, details: [] });
    if (node.behind > 0) {
      node.behind -= 1;
      return json(response, 200, { inference_results: [] });
    }
    const output = await reader.readContract({ address: PRECOMPILE, abi: abi.InferencePrecompile, functionName: "infer", args: [found] });
    json(response, 200, { inference_results: [base64({ InferenceResult: WRAPPED[found.mode](plain(output)) })] });
  };
  const server = await listen(handle, { host, cors });
  const node = {
    ...server,
    /** So many requests get no result yet. */
    behind: 0,
    /** The ids that were asked for. */
    requests,
  };
  return node;
}
