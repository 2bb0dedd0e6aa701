// viem 2's own clients, there and back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { createPublicClient, createWalletClient, custom, http, recoverMessageAddress, recoverTypedDataAddress, UserRejectedRequestError } from "viem";
import { privateKeyToAccount } from "viem/accounts";

import { vaultAbi } from "../../pkg/abi.js";
import { Ogpu, isOgError } from "../../pkg/ogpu.js";
import { fromViem, toViem, viemChain } from "../../pkg/viem.js";
import { CHAIN, TYPED_DATA, publishes, rejects, sendsAsTold, set } from "./set.mjs";

describe("ogkit/viem", () => {
  let s;
  before(async () => (s = await set()));
  after(() => s?.stop());
  const local = (role = "client") => createWalletClient({ account: privateKeyToAccount(s.key(role)), chain: s.chain, transport: http(s.devnet.rpcUrl) });

  test("a local account publishes a source, there and back", async () => {
    const { ogpu } = await publishes(s, fromViem(local()), s.address("client"));
    const back = createWalletClient(toViem(ogpu, custom));
    assert.equal(back.account.address, ogpu.account);
    assert.equal(back.chain.id, CHAIN);
    const hash = await back.writeContract({ address: s.network.contracts.vault, abi: vaultAbi, functionName: "deposit", args: [ogpu.account], value: 5n });
    const reader = createPublicClient(toViem(ogpu, custom));
    await reader.waitForTransactionReceipt({ hash, pollingInterval: 50 });
    assert.equal(await reader.readContract({ address: s.network.contracts.vault, abi: vaultAbi, functionName: "getBalanceOf", args: [ogpu.account] }), 5n);
    assert.equal(await ogpu.vault.getBalanceOf(ogpu.account), 5n);
  });

  test("a wallet behind a transport publishes a source, there and back", async () => {
    const injected = s.wallet();
    const client = createWalletClient({ chain: s.chain, transport: custom(injected) });
    const { ogpu } = await publishes(s, fromViem(client), s.address("client"));
    const back = createWalletClient(toViem(ogpu, custom));
    assert.match(await back.sendTransaction({ to: s.address("provider"), value: 1n }), /^0x[0-9a-f]{64}$/);
    await publishes(s, fromViem(back), s.address("client"));
  });

  test("the client's account is the one that signs, among several", async () => {
    const [first, second] = [s.address("provider"), s.address("client2")];
    const several = { request: async ({ method, params }) => (/accounts/i.test(method) ? [first, second].map((a) => a.toLowerCase()) : local("client2").request({ method, params })) };
    const client = createWalletClient({ account: second, chain: s.chain, transport: custom(several) });
    assert.equal((await fromViem(client).request({ method: "eth_requestAccounts" }))[0], second.toLowerCase());
    assert.equal((await Ogpu.connect({ wallet: fromViem(client), network: s.network })).account, second);
    const stranger = createWalletClient({ account: s.address("client"), chain: s.chain, transport: custom(several) });
    await rejects(fromViem(stranger).request({ method: "eth_accounts" }), 4100);
  });

  test("nonce, gas, value and chain go out as they were given", async () => {
    await sendsAsTold(s, fromViem(local()), s.address("client"));
    const injected = s.wallet();
    await injected.request({ method: "eth_requestAccounts" });
    await sendsAsTold(s, fromViem(createWalletClient({ account: s.address("client"), chain: s.chain, transport: custom(injected) })), s.address("client"));
    const wallet = fromViem(local());
    const from = s.address("client");
    await rejects(wallet.request({ method: "eth_sendTransaction", params: [{ from, to: from, chainId: "0x1" }] }), -32602);
    await rejects(wallet.request({ method: "eth_sendTransaction", params: [{ from, to: from, authorizationList: [] }] }), -32602);
    await rejects(wallet.request({ method: "eth_sendTransaction", params: [{ from: s.address("provider"), to: from }] }), 4100);
  });

  test("signatures: typed data and messages, there and back", async () => {
    const address = s.address("client");
    const { types: { EIP712Domain: _, ...types }, ...rest } = TYPED_DATA;
    const injected = s.wallet();
    injected.user.connect();
    const behind = createWalletClient({ account: address, chain: s.chain, transport: custom(injected) });
    for (const wallet of [fromViem(local()), fromViem(behind), fromViem(createWalletClient({ account: address, ...toViem(injected, custom) }))]) {
      const signature = await wallet.request({ method: "eth_signTypedData_v4", params: [address, JSON.stringify(TYPED_DATA)] });
      assert.equal(await recoverTypedDataAddress({ ...rest, types, signature }), address);
      const message = await wallet.request({ method: "personal_sign", params: ["0x00ff41", address] });
      assert.equal(await recoverMessageAddress({ message: { raw: "0x00ff41" }, signature: message }), address);
    }
    await rejects(fromViem(local()).request({ method: "eth_signTypedData_v4", params: [s.address("provider"), JSON.stringify(TYPED_DATA)] }), 4100);
  });

  test("failures are viem's own, and become ours with theirs as the cause", async () => {
    const injected = s.wallet({ approve: ({ method }) => method !== "eth_sendTransaction" });
    const client = createWalletClient({ chain: s.chain, transport: custom(injected) });
    const ogpu = await Ogpu.connect({ wallet: fromViem(client), network: s.network });
    await assert.rejects(ogpu.vault.deposit(ogpu.account, 1n), (error) => {
      assert.ok(isOgError(error, "walletRejected"));
      assert.ok(error.cause instanceof UserRejectedRequestError);
      return true;
    });
    const back = createWalletClient(toViem(ogpu, custom));
    await assert.rejects(back.sendTransaction({ to: ogpu.account }), (error) => error.walk((inner) => inner instanceof UserRejectedRequestError) !== null);
    assert.equal(injected.requests.filter(({ method }) => method === "eth_sendTransaction").length, 2, "nothing is asked twice");
  });

  test("a send that fails unclearly is not repeated by viem", async () => {
    let sends = 0;
    const flaky = s.wallet();
    const request = flaky.request;
    flaky.request = async (args) => {
      if (args.method !== "eth_sendTransaction") return request(args);
      sends += 1;
      throw Object.assign(new Error("Internal JSON-RPC error."), { code: -32603 });
    };
    const wallet = fromViem(createWalletClient({ chain: s.chain, transport: custom(flaky) }));
    await rejects(wallet.request({ method: "eth_sendTransaction", params: [{ from: s.address("client") }] }), -32603);
    assert.equal(sends, 1);
  });

  test("another chain: a local client cannot follow, a wallet can; a client that reads has nothing to give", async () => {
    await assert.rejects(Ogpu.connect({ wallet: fromViem(local()), network: { ...s.network, chainId: 5 } }), (error) => /viem client was made for chain 31337; make one for chain 5/.test(error.message));
    await assert.rejects(async () => toViem(await Ogpu.readOnly({ network: s.network }), custom), (error) => isOgError(error, "missingSigner"));
    assert.deepEqual(viemChain({ ...s.network, explorerUrl: "https://x", rpcUrl: ["https://a", "https://b"] }).rpcUrls.default.http, ["https://a", "https://b"]);
  });
});
