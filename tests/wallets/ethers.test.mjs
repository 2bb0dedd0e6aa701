// ethers 6's own signers, there and back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { BrowserProvider, Contract, JsonRpcProvider, Network, NonceManager, Wallet, getBytes, isError, verifyMessage, verifyTypedData } from "ethers";

import { vaultAbi } from "../../pkg/abi.js";
import { fromEthers, toEthers } from "../../pkg/ethers.js";
import { Ogpu, isOgError } from "../../pkg/ogpu.js";
import { CHAIN, TYPED_DATA, publishes, rejects, sendsAsTold, set } from "./set.mjs";

describe("ogkit/ethers", () => {
  let s, node;
  before(async () => {
    s = await set();
    node = new JsonRpcProvider(s.devnet.rpcUrl, CHAIN, { staticNetwork: Network.from(CHAIN), cacheTimeout: -1 });
  });
  after(async () => {
    node?.destroy();
    await s?.stop();
  });
  const local = (role = "client") => new Wallet(s.key(role), node);

  test("a Wallet publishes a source, there and back", async () => {
    const { ogpu } = await publishes(s, fromEthers(local()), s.address("client"));
    const provider = new BrowserProvider(toEthers(ogpu), CHAIN);
    const signer = await provider.getSigner();
    assert.equal(signer.address, ogpu.account);
    const vault = new Contract(s.network.contracts.vault, vaultAbi, signer);
    const sent = await vault.deposit(ogpu.account, { value: 7n });
    await sent.wait();
    assert.equal(await vault.getBalanceOf(ogpu.account), 7n);
    assert.equal(await ogpu.vault.getBalanceOf(ogpu.account), 7n);
    provider.destroy();
  });

  test("a BrowserProvider's signer publishes a source, there and back", async () => {
    const provider = new BrowserProvider(s.wallet(), "any");
    const { ogpu } = await publishes(s, fromEthers(await provider.getSigner()), s.address("client"));
    const back = new BrowserProvider(toEthers(ogpu), CHAIN);
    await publishes(s, fromEthers(await back.getSigner()), s.address("client"));
    provider.destroy();
    back.destroy();
  });

  test("a node's own account publishes a source; a NonceManager too", async () => {
    await publishes(s, fromEthers(await node.getSigner(s.address("client2"))), s.address("client2"));
    await publishes(s, fromEthers(new NonceManager(local())), s.address("client"));
  });

  test("nonce, gas, value and chain go out as they were given", async () => {
    await sendsAsTold(s, fromEthers(local()), s.address("client"));
    await sendsAsTold(s, fromEthers(await node.getSigner(s.address("client"))), s.address("client"));
    const from = s.address("client");
    await rejects(fromEthers(local()).request({ method: "eth_sendTransaction", params: [{ from, to: from, chainId: "0x1" }] }), -32602);
    await rejects(fromEthers(new Wallet(s.key("client"))).request({ method: "eth_chainId" }), 4900);
  });

  test("signatures: typed data and messages", async () => {
    const address = s.address("client");
    const { EIP712Domain: _, ...types } = TYPED_DATA.types;
    const injected = s.wallet();
    injected.user.connect();
    const provider = new BrowserProvider(toEthers(injected), CHAIN);
    for (const wallet of [fromEthers(local()), fromEthers(await provider.getSigner())]) {
      const signature = await wallet.request({ method: "eth_signTypedData_v4", params: [address, JSON.stringify(TYPED_DATA)] });
      assert.equal(verifyTypedData(TYPED_DATA.domain, types, TYPED_DATA.message, signature), address);
      const message = await wallet.request({ method: "personal_sign", params: ["0x00ff41", address] });
      assert.equal(verifyMessage(getBytes("0x00ff41"), message), address);
    }
    provider.destroy();
  });

  test("failures are ethers' own, and become ours with theirs as the cause", async () => {
    const provider = new BrowserProvider(s.wallet({ approve: ({ method }) => method !== "eth_sendTransaction" }), "any");
    const ogpu = await Ogpu.connect({ wallet: fromEthers(await provider.getSigner()), network: s.network });
    await assert.rejects(ogpu.vault.deposit(ogpu.account, 1n), (error) => {
      assert.ok(isOgError(error, "walletRejected"));
      assert.ok(isError(error.cause, "ACTION_REJECTED"));
      return true;
    });
    const back = new BrowserProvider(toEthers(ogpu), CHAIN);
    await assert.rejects((await back.getSigner()).sendTransaction({ to: ogpu.account, gasLimit: 21000 }), (error) => isError(error, "ACTION_REJECTED"));
    provider.destroy();
    back.destroy();
  });

  test("a wallet on another chain is switched through ethers", async () => {
    const injected = s.wallet({ chainId: 5, chains: { 5: s.devnet.rpcUrl, [CHAIN]: s.devnet.rpcUrl } });
    const provider = new BrowserProvider(injected, "any");
    const ogpu = await Ogpu.connect({ wallet: fromEthers(await provider.getSigner()), network: s.network });
    assert.equal(await ogpu.getWalletChainId(), CHAIN);
    provider.destroy();
    await assert.rejects(Ogpu.connect({ wallet: fromEthers(local()), network: { ...s.network, chainId: 5 } }), (error) => /ethers signer was made for chain 31337; make one for chain 5/.test(error.message));
  });
});
