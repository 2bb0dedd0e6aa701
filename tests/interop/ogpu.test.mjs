// With the official Python SDK on one devnet: what it publishes we read, what we publish it reads and confirms, field by
// field, and both fail alike.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu, parseEther } from "../../pkg/ogpu.js";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { startPeer } from "./peer.mjs";

describe("the official Python SDK", () => {
  let devnet, peer, ogpu, keys;
  const now = () => Math.floor(Date.now() / 1000);
  const info = {
    name: "sentiment-service é", description: "AI \"sentiment\" analysis", logoUrl: "https://example.com/logo.png",
    imageEnvs: { cpu: "https://example.com/cpu.yml", amd: "https://example.com/amd.yml" },
    minPayment: parseEther("0.001"), minAvailableLockup: parseEther("0.01"), maxExpiryDuration: 86400, deliveryMethod: "MANUAL_CONFIRMATION",
  };
  const inWords = (more) => JSON.parse(JSON.stringify({ ...info, ...more }, (_, value) => (typeof value === "bigint" ? String(value) : value)));
  before(async () => {
    devnet = await startDevnet({ chainId: 1071 });
    keys = Object.fromEntries(devnet.accounts.map(({ role, privateKey }) => [role, privateKey]));
    peer = startPeer("peer.py");
    await peer.call("configure", devnet.rpcUrl, devnet.contracts, devnet.pinUrl);
    const wallet = createWallet({ privateKey: keys.client, chains: { 1071: devnet.rpcUrl }, chainId: 1071 });
    ogpu = await Ogpu.connect({ wallet, network: networkOf(devnet) });
    await ogpu.vault.deposit(ogpu.account, parseEther("10"));
  });
  after(async () => {
    peer?.stop();
    await devnet?.stop();
  });
  const answered = async (task) => {
    for await (const event of ogpu.watch({ task, fromBlock: 0n, pollInterval: 0.1 })) if (event.type === "responseSubmitted") return event.response;
  };

  test("a source: theirs and ours are the same to both", async () => {
    const theirs = await peer.call("publish_source", keys.client, inWords());
    const ours = (await ogpu.publishSource(info)).address;
    for (const address of [theirs, ours]) {
      const source = ogpu.source(address);
      const [params, status, metadata] = await Promise.all([source.getParams(), source.getStatus(), source.getMetadata()]);
      const read = await peer.call("source", address);
      assert.equal(read.address, address);
      assert.equal(read.status, status);
      assert.deepEqual(read.metadata, metadata);
      assert.deepEqual(Object.keys(metadata), ["cpu", "nvidia", "amd", "name", "description", "logoUrl"]);
      for (const [key, value] of Object.entries(params)) {
        if (key === "deliveryMethod") assert.equal(read.params[key], "0");
        else assert.equal(read.params[key], typeof value === "string" || typeof value === "boolean" ? value : String(value), key);
      }
      assert.equal(params.imageEnvironments, 5);
      assert.equal(metadata.name, info.name);
    }
  });

  test("a task of theirs: we read it, see its answer and confirm it", async () => {
    const source = (await ogpu.publishSource(info)).address;
    const expiry = now() + 600;
    const address = await peer.call("publish_task", keys.client, source, "predict", { text: "lovely", nested: { a: [1, 2.5, null] } }, expiry, String(parseEther("0.1")), { priority: 2 });
    const task = ogpu.task(address);
    assert.deepEqual(await task.getMetadata(), { function_name: "predict", data: { text: "lovely", nested: { a: [1, 2.5, null] } }, priority: 2 });
    const snapshot = await task.snapshot();
    assert.deepEqual([snapshot.source, snapshot.expiryTime, snapshot.payment], [source, expiry, parseEther("0.1")]);
    const response = await answered(address);
    await ogpu.confirmResponse(response);
    const read = await peer.call("task", address);
    assert.equal(read.status, "FINALIZED");
    assert.equal(read.winning_provider, (await task.snapshot()).winningProvider);
    assert.equal((await peer.call("response", response)).confirmed, true);
  });

  test("a task of ours: they read it, field by field, and confirm it", async () => {
    const source = (await ogpu.publishSource(info)).address;
    const task = await ogpu.publishTask({
      source, config: { functionName: "predict", data: { text: "awful é \u{1F600}" }, tags: ["x"] }, expiryTime: now() + 600, payment: parseEther("0.2"),
    });
    const response = await answered(task.address);
    const snapshot = await task.snapshot();
    const read = await peer.call("task", task.address);
    assert.deepEqual(
      [read.source, read.status, read.params.config, read.payment, read.expiry_time, read.delivery_method, read.attempt_count, read.winning_provider],
      [snapshot.source, snapshot.status, snapshot.config, String(snapshot.payment), String(snapshot.expiryTime), snapshot.deliveryMethod, String(snapshot.attemptCount), null],
    );
    assert.deepEqual(read.metadata, await task.getMetadata());
    const [theirs] = await peer.call("responses", task.address);
    const [ours] = await task.getResponses();
    assert.deepEqual(
      [theirs.address, theirs.task, theirs.params.provider, theirs.data, theirs.params.payment, theirs.status, theirs.timestamp, theirs.confirmed],
      [ours.address, ours.task, ours.provider, ours.data, String(ours.payment), ours.status, String(ours.timestamp), ours.confirmed],
    );
    assert.deepEqual(theirs.payload, await ours.fetchData());
    assert.equal(ours.address, response);
    assert.match(await peer.call("confirm", keys.client, response), /^(0x)?[0-9a-f]{64}$/);
    assert.equal((await task.getConfirmedResponse()).address, response);
    assert.equal((await ogpu.getConfirmedResponse(task.address)).data, ours.data);
  });

  test("both fail alike", async () => {
    const source = (await ogpu.publishSource(info)).address;
    const task = await ogpu.publishTask({ source, config: { functionName: "predict", data: { text: "x" } }, expiryTime: now() + 600, payment: parseEther("0.2") });
    const response = await answered(task.address);
    const other = await Ogpu.connect({ wallet: createWallet({ privateKey: keys.client2, chains: { 1071: devnet.rpcUrl }, chainId: 1071 }), network: networkOf(devnet) });
    const name = (call) => call.then(() => "nothing", (error) => error.name);
    const short = { source, config: { functionName: "predict", data: {} }, expiryTime: now() + 600, payment: parseEther("1") };
    const pairs = [
      ["NotTaskOwnerError", () => other.confirmResponse(response), () => peer.call("confirm", keys.client2, response)],
      ["InsufficientBalanceError", () => other.publishTask(short), () => peer.call("publish_task", keys.client2, source, "predict", {}, now() + 600, String(parseEther("1")), {})],
      ["InsufficientBalanceError", () => other.vault.withdraw(5n), () => peer.call("withdraw", keys.client2, "5")],
      ["TaskExpiredError", () => ogpu.publishTask({ ...short, expiryTime: now() - 5 }), () => peer.call("publish_task", keys.client, source, "predict", {}, now() - 5, "1", {})],
      ["TaskNotFoundError", () => ogpu.task(devnet.contracts.vault).snapshot(), () => peer.call("task", devnet.contracts.vault)],
      ["SourceNotFoundError", () => ogpu.source(devnet.accounts[0].address).getStatus(), () => peer.call("source", devnet.accounts[0].address)],
      ["IPFSGatewayError", () => ogpu.fetchIpfsJson(`${devnet.gatewayUrl}QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o`), () => peer.call("fetch", `${devnet.gatewayUrl}QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o`)],
    ];
    for (const [expected, ours, theirs] of pairs) {
      assert.equal(await name(ours()), expected, "ours");
      assert.equal(await name(theirs()), expected, "theirs");
    }
    await ogpu.confirmResponse(response);
    assert.equal(await name(ogpu.confirmResponse(response)), "ResponseAlreadyConfirmedError");
    assert.equal(await name(peer.call("confirm", keys.client, response)), "ResponseAlreadyConfirmedError");
  });
});
