// The EIP-712 digest of what an x402 payment signs: a Permit2 transfer with a witness.
import { TypedDataEncoder } from "ethers";
import { hashTypedData } from "viem";

import { agree, timed } from "../rows.mjs";

const DOMAIN = { name: "Permit2", chainId: 8453, verifyingContract: "0x000000000022D473030F116dDEE9F6B43aC78BA3" };
const TYPES = {
  PermitWitnessTransferFrom: [
    { name: "permitted", type: "TokenPermissions" }, { name: "spender", type: "address" }, { name: "nonce", type: "uint256" },
    { name: "deadline", type: "uint256" }, { name: "witness", type: "Witness" },
  ],
  TokenPermissions: [{ name: "token", type: "address" }, { name: "amount", type: "uint256" }],
  Witness: [{ name: "to", type: "address" }, { name: "validAfter", type: "uint256" }],
};
const MESSAGE = {
  permitted: { token: "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913", amount: 10_000n },
  spender: "0x402085c248EeA27D92E8b30b2C58ed07f9E20001",
  nonce: 0x1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f90an,
  deadline: 1_800_000_000n,
  witness: { to: "0x70997970C51812dc3A010C7d01b50e0d17dc79C8", validAfter: 0n },
};

export async function run({ bench, python }) {
  const contenders = {
    ogkit: () => bench.benchTypedData(DOMAIN, MESSAGE),
    viem: () => hashTypedData({ domain: DOMAIN, types: TYPES, primaryType: "PermitWitnessTransferFrom", message: MESSAGE }),
    ethers: () => TypedDataEncoder.hash(DOMAIN, TYPES, MESSAGE),
  };
  const text = (value) => JSON.parse(JSON.stringify(value, (_, inner) => (typeof inner === "bigint" ? String(inner) : inner)));
  const theirs = await python?.call("typed_data", DOMAIN, TYPES, text(MESSAGE));
  agree(contenders, theirs?.result);
  return [await timed("EIP-712 digest (Permit2 with witness)", contenders, { "ogpu (Python)": theirs?.seconds })];
}
