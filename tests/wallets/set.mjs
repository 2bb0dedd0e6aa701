// What the tests of every adapter share: a devnet, accounts, and the job that each adapted wallet has to do.
import assert from "node:assert/strict";

import { Ogpu } from "../../pkg/ogpu.js";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";

export const CHAIN = 31337;
export const TYPED_DATA = {
  domain: { name: "ogkit", version: "1", chainId: CHAIN, verifyingContract: "0x000000000000000000000000000000000000dEaD" },
  primaryType: "Permit",
  types: {
    EIP712Domain: [{ name: "name", type: "string" }, { name: "version", type: "string" }, { name: "chainId", type: "uint256" }, { name: "verifyingContract", type: "address" }],
    Permit: [{ name: "owner", type: "address" }, { name: "value", type: "uint256" }, { name: "inner", type: "Inner" }],
    Inner: [{ name: "text", type: "string" }],
  },
  message: { owner: "0x000000000000000000000000000000000000bEEF", value: "115792089237316195423570985008687907853269984665640564039457584007913129639935", inner: { text: "é" } },
};

export async function set() {
  const devnet = await startDevnet({ provider: false });
  const network = networkOf(devnet);
  const chain = { id: CHAIN, name: "devnet", nativeCurrency: { name: "OpenGPU", symbol: "OGPU", decimals: 18 }, rpcUrls: { default: { http: [devnet.rpcUrl] } } };
  const key = (role) => devnet.accounts.find((account) => account.role === role).privateKey;
  return {
    devnet, network, chain, key,
    address: (role) => devnet.accounts.find((account) => account.role === role).address,
    /** The strict wallet, as an extension would inject it. */
    wallet: (options = {}) => createWallet({ privateKey: key(options.role ?? "client"), chains: { [CHAIN]: devnet.rpcUrl }, chainId: CHAIN, ...options }),
    stop: () => devnet.stop(),
  };
}

/** Publishes a source through an adapted wallet and reads back who did. */
export async function publishes({ network }, wallet, account) {
  const ogpu = await Ogpu.connect({ wallet, network });
  assert.equal(ogpu.account, account);
  const source = await ogpu.publishSource({
    name: "n", description: "", logoUrl: "", imageEnvs: { cpu: "https://example.com/compose.yml" }, minPayment: 1n, minAvailableLockup: 1n, maxExpiryDuration: 60,
  });
  assert.equal((await source.getParams()).client, account);
  assert.equal(source.receipt.from, account);
  return { ogpu, source };
}

/** What `eth_sendTransaction` was given by the core comes out on chain as it was: nonce, gas, chain, value. */
export async function sendsAsTold({ devnet }, wallet, from) {
  const node = async (method, params) => {
    const { result } = await (await fetch(devnet.rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) })).json();
    return result;
  };
  const nonce = await node("eth_getTransactionCount", [from, "pending"]);
  const to = "0x000000000000000000000000000000000000dead";
  const hash = await wallet.request({ method: "eth_sendTransaction", params: [{ from, to, data: "0x1234", value: "0x7", gas: "0x7a120", nonce, chainId: `0x${CHAIN.toString(16)}` }] });
  const sent = await node("eth_getTransactionByHash", [hash]);
  const { nonce: usedNonce, gas, value, input, chainId } = sent;
  assert.deepEqual({ from: sent.from.toLowerCase(), to: sent.to, nonce: usedNonce, gas, value, input, chainId }, { from: from.toLowerCase(), to, nonce, gas: "0x7a120", value: "0x7", input: "0x1234", chainId: "0x7a69" });
}

/** The number of a failure, wherever it is. */
export const rejects = async (promise, code) => assert.rejects(promise, (error) => {
  assert.equal(error.code, code, String(error.message));
  return true;
});
