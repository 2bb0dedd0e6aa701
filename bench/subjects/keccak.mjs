// keccak-256 of 1 KiB.
import { keccak256 as byEthers } from "ethers";
import { keccak256 as byViem } from "viem";

import { agree, timed } from "../rows.mjs";

export async function run({ bench, python }) {
  const bytes = Uint8Array.from({ length: 1024 }, (_, at) => at % 251);
  const contenders = { ogkit: () => bench.benchKeccak(bytes), viem: () => byViem(bytes), ethers: () => byEthers(bytes) };
  const theirs = await python?.call("keccak", 1024);
  agree(contenders, theirs?.result);
  return [await timed("keccak-256 of 1 KiB", contenders, { "ogpu (Python)": theirs?.seconds })];
}
