// The examples of the official "API Reference: ogpu.client", one TypeScript twin each, run against the devnet.
// Python's module-level functions are methods of a client here, because the wallet belongs to one.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ChainConfig, ChainId, DeliveryMethod, Ogpu, clearAllNonceCaches, parseEther } from "../../../pkg/ogpu.js";
import { networkOf, startDevnet } from "../../devnet/index.mjs";
import { createWallet } from "../../devnet/wallet.mjs";

describe("ogpu.client", () => {
  let devnet, ogpu, sourceAddress, taskAddress;
  before(async () => {
    devnet = await startDevnet();
    const { privateKey } = devnet.accounts.find(({ role }) => role === "client");
    const wallet = createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId });
    ogpu = await Ogpu.connect({ wallet, network: networkOf(devnet) });
    await ogpu.vault.deposit(ogpu.account, parseEther("1"));
  });
  after(() => devnet?.stop());

  test("publish_source", async () => {
    const imageEnvs = {
      cpu: "https://raw.githubusercontent.com/user/repo/main/docker-compose.yml",
      nvidia: "https://raw.githubusercontent.com/user/repo/main/docker-compose-gpu.yml",
    };
    const sourceInfo = {
      name: "sentiment-service",
      description: "AI sentiment analysis service",
      logoUrl: "https://example.com/logo.png",
      imageEnvs,
      minPayment: parseEther("0.001"),
      minAvailableLockup: parseEther("0.01"),
      maxExpiryDuration: 86400,
      deliveryMethod: DeliveryMethod.MANUAL_CONFIRMATION,
    };
    const source = await ogpu.publishSource(sourceInfo);
    sourceAddress = source.address;
    const params = await source.getParams();
    assert.equal(params.client, ogpu.account);
    assert.equal(params.imageEnvironments, 3);
    assert.equal(params.minPayment, parseEther("0.001"));
    assert.equal(params.deliveryMethod, "MANUAL_CONFIRMATION");

    // "Manual nonce override": publish_source(source_info, nonce=42), with the nonce that is next.
    const { pendingNonce } = await ogpu.getNonceInfo();
    const second = await ogpu.publishSource(sourceInfo, { nonce: pendingNonce });
    assert.equal(second.receipt.nonce, pendingNonce);
  });

  test("publish_task", async () => {
    const taskConfig = { functionName: "analyze_sentiment", data: { text: "I love this product!" } };
    const taskInfo = {
      source: sourceAddress,
      config: taskConfig,
      expiryTime: Math.floor(Date.now() / 1000) + 3600, // 1 hour from now
      payment: parseEther("0.01"),
    };
    const task = await ogpu.publishTask(taskInfo);
    taskAddress = task.address;
    assert.deepEqual(await task.getMetadata(), { function_name: "analyze_sentiment", data: { text: "I love this product!" } });
    const { pendingNonce } = await ogpu.getNonceInfo();
    await ogpu.publishTask(taskInfo, { nonce: pendingNonce });
    await ogpu.publishTask(taskInfo, { autoFixNonce: false, maxRetries: 1 });
    for await (const event of task.watch({ pollInterval: 0.1 })) if (event.type === "responseSubmitted") break;
  });

  test("get_task_responses, confirm_response, get_confirmed_response", async () => {
    assert.equal(await ogpu.getConfirmedResponse(taskAddress), undefined);
    const responses = await ogpu.getTaskResponses(taskAddress);
    assert.equal(responses.length, 1);
    for (const response of responses) {
      assert.equal(response.provider, devnet.accounts.find(({ role }) => role === "provider").address);
      assert.equal(response.status, "SUBMITTED");
      assert.match(response.data, /\/ipfs\/Qm/);
      assert.equal(response.confirmed, false);
      assert.equal(response.payment, parseEther("0.01"));
    }
    assert.deepEqual(await ogpu.getTaskResponses(taskAddress, 1), []);
    assert.equal((await ogpu.getTaskResponses(taskAddress, 0, 1)).length, 1);

    const { pendingNonce } = await ogpu.getNonceInfo();
    const txHash = await ogpu.confirmResponse(responses[0].address, { nonce: pendingNonce });
    assert.match(txHash, /^0x[0-9a-f]{64}$/);
    const confirmed = await ogpu.getConfirmedResponse(taskAddress);
    assert.deepEqual(confirmed, { address: responses[0].address, data: responses[0].data });
    const old = await ogpu.getConfirmedResponseFromApi(taskAddress);
    assert.equal(old.address, taskAddress);
  });

  test("ChainConfig", () => {
    ChainConfig.setChain(ChainId.OGPU_TESTNET);
    ChainConfig.setChain(ChainId.OGPU_MAINNET);
    assert.equal(ChainConfig.getCurrentChain(), ChainId.OGPU_MAINNET);
    assert.equal(ChainConfig.getContractAddress("NEXUS"), "0x2b0cC6058313801D5feb184a539e3a0C5A87a6a1");
    assert.equal(ChainConfig.getContractAddress("CONTROLLER"), "0x8661F4B9c30e07A04d795A192478dfD905625a1D");
    assert.equal(ChainConfig.getContractAddress("TERMINAL"), "0xaEBC7b712D38Fc4d841f0732c21B8774339869D3");
    assert.deepEqual(ChainConfig.getAllSupportedChains(), [1071, 200820172034]);
  });

  test("fix_nonce, get_nonce_info, reset_nonce_cache, clear_all_nonce_caches", async () => {
    const nextNonce = await ogpu.fixNonce();
    const info = await ogpu.getNonceInfo();
    assert.equal(nextNonce, info.pendingNonce);
    assert.deepEqual(info, { address: ogpu.account, minedNonce: nextNonce, pendingNonce: nextNonce, hasPending: false, pendingCount: 0 });
    ogpu.resetNonceCache();
    await clearAllNonceCaches();
  });
});

test("fix_nonce cancels what is stuck", async () => {
  const devnet = await startDevnet({ provider: false });
  try {
    const rpc = async (method, params) =>
      (await (await fetch(devnet.rpcUrl, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ jsonrpc: "2.0", id: 1, method, params }) })).json()).result;
    const { privateKey } = devnet.accounts.find(({ role }) => role === "client2");
    const wallet = createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId });
    const ogpu = await Ogpu.connect({ wallet, network: networkOf(devnet) });
    await rpc("evm_setAutomine", [false]);
    const stuck = { from: ogpu.account, to: ogpu.account, value: "0x1", gas: "0x5208", gasPrice: "0x77359400", nonce: "0x0", chainId: `0x${devnet.chainId.toString(16)}` };
    await wallet.request({ method: "eth_sendTransaction", params: [stuck] });
    assert.deepEqual(await ogpu.getNonceInfo(), { address: ogpu.account, minedNonce: 0, pendingNonce: 1, hasPending: true, pendingCount: 1 });
    const next = await ogpu.fixNonce({ onProgress: (step) => step.kind === "sent" && rpc("evm_mine", []) });
    assert.equal(next, 1);
    const cancel = wallet.requests.filter(({ method }) => method === "eth_sendTransaction").at(-1).params[0];
    assert.deepEqual([cancel.to, cancel.value, cancel.nonce], [ogpu.account.toLowerCase(), "0x0", "0x0"]);
    assert.ok(BigInt(cancel.gasPrice) >= (2_000_000_000n * 12n) / 10n);

    const stubborn = createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId, ignoreNonce: true });
    const other = await Ogpu.connect({ wallet: stubborn, network: networkOf(devnet) });
    await wallet.request({ method: "eth_sendTransaction", params: [{ ...stuck, nonce: "0x1" }] });
    await assert.rejects(other.fixNonce(), (error) => error.code === "nonce" && error.suggested === 1 && error.tried === 2 && /wallet itself/.test(error.message));
  } finally {
    await devnet.stop();
  }
});
