// Payments (x402) signed by MetaMask's SignatureController: the official server takes them, and a no costs nothing.
//
// @metamask/signature-controller 36.0.0: a refused window is 4001 "MetaMask Typed Message Signature: User denied message signature.", typed
// data of another chain is refused before any window.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { fetchWithPayment, getPayment } from "../../../pkg/opengradient.js";
import { accounts } from "../../devnet/opengradient/chain.mjs";
import { open } from "../../node/opengradient/stage.mjs";
import { startMetaMask } from "./metamask.mjs";
import { is } from "./stage.mjs";

describe("MetaMask signs payments", () => {
  let s, net;
  before(async () => {
    s = await open();
    net = s.net;
  });
  after(() => s?.stop());

  /** A user with tokens, and Permit2 allowed to move them. */
  const withUser = (name, options, run) => test(name, { timeout: 300_000 }, async () => {
    const privateKey = generatePrivateKey();
    const account = privateKeyToAccount(privateKey);
    const write = async (from, functionName, args) => s.reader.waitForTransactionReceipt({ hash: await s.signer(from).writeContract({ address: net.opg, abi: net.abi.Opg, functionName, args }) });
    await s.reader.waitForTransactionReceipt({ hash: await s.signer(accounts.deployer).sendTransaction({ to: account.address, value: parseEther("1") }) });
    await write(accounts.deployer, "transfer", [account.address, parseEther("1")]);
    await write(account, "approve", [net.permit2, parseEther("1")]);
    const metamask = await startMetaMask({ chains: { [net.chainId]: net.rpcUrl }, chainId: net.chainId, privateKeys: [privateKey], ...options });
    metamask.permit();
    const asset = { chainId: net.chainId, address: net.opg, symbol: "OPG", decimals: 18, domain: { name: "OpenGradient", version: "1" }, maxPerRequest: parseEther("0.1") };
    const payment = { wallet: metamask.open().provider, chains: [{ chainId: net.chainId, name: "Devnet", rpcUrl: net.rpcUrl }], policy: { assets: [asset] } };
    try {
      await run({ metamask, payment, address: account.address });
    } finally {
      await metamask.stop();
    }
  });

  for (const way of ["/exact-eip3009", "/exact-permit2", "/upto-permit2"]) {
    withUser(`${way}: paid once, under one window`, {}, async ({ metamask, payment, address }) => {
      const before = await s.balance(address);
      const response = await fetchWithPayment(`${net.shopUrl}${way}/data`, undefined, payment);
      assert.equal((await response.json()).prefix, way);
      assert.ok(getPayment(response).receipt.success);
      assert.ok((await s.balance(address)) < before);
      assert.deepEqual(metamask.windows.map(({ type }) => type), ["eth_signTypedData"]);
    });
  }

  withUser("a no: nothing is signed and nothing is paid", { user: (window) => window.reject() }, async ({ metamask, payment, address }) => {
    const before = await s.balance(address);
    await assert.rejects(fetchWithPayment(`${net.shopUrl}/exact-eip3009/data`, undefined, payment), is("walletRejected", { rpcCode: 4001 }));
    assert.equal(await s.balance(address), before);
    assert.equal(metamask.windows.length, 1);
  });
});
