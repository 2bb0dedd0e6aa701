// publishTask's calldata from its values.
import { Interface } from "ethers";
import { encodeFunctionData, parseAbi } from "viem";

import { CONTROLLER } from "../apps/abi.mjs";
import { agree, timed } from "../rows.mjs";

const SOURCE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const CONFIG = "https://ipfs.opengpu.network/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";

export async function run({ bench, python }) {
  const params = { source: SOURCE, config: CONFIG, expiryTime: 1_800_000_000, payment: 10n ** 16n };
  const abi = parseAbi(CONTROLLER);
  const contract = new Interface(CONTROLLER);
  const forViem = { ...params, expiryTime: BigInt(params.expiryTime) };
  const contenders = {
    ogkit: () => bench.benchEncode(params),
    viem: () => encodeFunctionData({ abi, functionName: "publishTask", args: [forViem] }),
    ethers: () => contract.encodeFunctionData("publishTask", [params]),
  };
  const theirs = await python?.call("encode", SOURCE, CONFIG, params.expiryTime, String(params.payment));
  agree(contenders, theirs?.result);
  return [await timed("encode publishTask", contenders, { "ogpu (Python)": theirs?.seconds })];
}
