// How many HTTP requests each call makes, counted at a real proxy: what the doc comments promise.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu, parseEther } from "../../pkg/ogpu.js";
import { countingProxy } from "./proxy.mjs";
import { address, is, now, sourceInfo, stage } from "./stage.mjs";

const crowd = (index) => `0x${(0x1000000 + index).toString(16).padStart(40, "0")}`;

describe("requests", () => {
  let set, client, source, helper;
  /** Batches larger than this are refused, as many a public node does. */
  let limit = Infinity;
  const sizes = [];
  /** A task with this many attempters; every fifth has not answered. */
  const taskOf = async (count) => {
    const task = await set.task(source);
    await set.rpc("anvil_impersonateAccount", set.contracts.nexus);
    await set.rpc("anvil_setBalance", set.contracts.nexus, "0x56bc75e2d63100000");
    await set.write(set.contracts.nexus, "Task", "transferOwnership", [helper], { at: task });
    for (let from = 0; from < count; from += 20) await set.write("deployer", "Crowd", "answer", [task, BigInt(from), BigInt(Math.min(20, count - from))], { at: helper });
    return task;
  };
  before(async () => {
    set = await stage({
      answer(requests) {
        sizes.push(requests.length);
        if (requests.length > limit) return { body: { jsonrpc: "2.0", id: null, error: { code: -32600, message: "batch too large" } } };
      },
    });
    client = await set.connect("client");
    await set.fund("client");
    source = await set.source();
    helper = await set.deployHelper("Crowd");
  });
  after(() => set?.stop());

  test("all responses of a task: two requests up to a hundred, one more for each further hundred", async () => {
    for (const [count, most] of [[0, 1], [1, 2], [99, 2], [100, 2], [101, 3], [250, 4]]) {
      const task = client.task(await taskOf(count));
      const [found, requests] = await set.counted(() => task.getResponses());
      const expected = Array.from({ length: count }, (_, index) => index).filter((index) => index % 5 !== 4);
      assert.deepEqual(found.map(({ provider, payment }) => [provider.toLowerCase(), payment]), expected.map((index) => [crowd(index), BigInt(index)]));
      for (const response of found) assert.deepEqual([response.task, response.data, response.status, response.confirmed], [task.address, '{"a":1}', "SUBMITTED", false]);
      assert.ok(requests <= most, `${count} attempters: ${requests} requests`);
      assert.ok(found.every(({ timestamp }) => timestamp > 0));
    }
  });

  test("a part of them, in batches of the caller's size, and from a node that takes small batches", async () => {
    const task = client.task(await taskOf(120));
    const providers = async (lower, upper, options) => (await task.getResponses(lower, upper, options)).map(({ payment }) => Number(payment));
    const all = Array.from({ length: 120 }, (_, index) => index).filter((index) => index % 5 !== 4);
    assert.deepEqual(await providers(7, 40), all.filter((index) => index >= 7 && index < 40));
    assert.deepEqual(await providers(110, 500), all.filter((index) => index >= 110));
    assert.deepEqual(await providers(120), []);
    assert.deepEqual(await providers(9, 9), []);
    sizes.length = 0;
    const [few, requests] = await set.counted(() => providers(0, undefined, { batchSize: 20 }));
    assert.deepEqual(few, all);
    assert.ok(requests <= 7, `${requests} requests for six batches`);
    assert.ok(Math.max(...sizes) <= 4 * 20 + 2, `a batch of ${Math.max(...sizes)}`);
    for (const batchSize of [0, 1001, 1.5]) await assert.rejects(providers(0, 9, { batchSize }), is("invalidInput", { field: "options.batchSize" }));
    limit = 30;
    sizes.length = 0;
    const other = await set.readOnly();
    const found = await other.task(task.address).getResponses();
    assert.deepEqual(found.map(({ payment }) => Number(payment)), all);
    const refused = sizes.filter((size) => size > limit).length;
    assert.ok(refused <= 6, `${refused} refusals`);
    sizes.length = 0;
    await other.task(task.address).getResponses();
    assert.ok(Math.max(...sizes) <= limit, "what the node takes is remembered");
    limit = Infinity;
    assert.deepEqual((await task.getAttempters()).map((at) => at.toLowerCase()), Array.from({ length: 120 }, (_, index) => crowd(index)));
    assert.equal((await task.getAttemptTimestamps(100)).length, 20);
    assert.equal((await task.getAttempters(99, 103)).length, 4);
  });

  test("publishing, confirming, cancelling: as many as their comments say", async () => {
    const uploads = await countingProxy(set.devnet.pinUrl);
    const own = await Ogpu.connect({ wallet: set.wallet("client"), network: { ...set.network, pinUrl: `${uploads.url}/file/create` } });
    const total = async (call) => {
      await uploads.idle();
      uploads.reset();
      const [value, requests] = await set.counted(call);
      return [value, requests + uploads.count()];
    };
    const [published, forSource] = await total(() => own.publishSource(sourceInfo()));
    assert.equal(forSource, 3, "publishSource");
    const info = { source: published.address, config: { functionName: "f", data: 1 }, expiryTime: now() + 600, payment: parseEther("0.01") };
    const [task, forTask] = await total(() => own.publishTask(info));
    assert.equal(forTask, 3, "publishTask");
    const answer = await set.respond(task.address, '{"a":1}');
    const second = await own.publishTask(info);
    for (const [name, call, expected] of [
      ["updateSource", () => own.updateSource(published, sourceInfo()), 3],
      ["getResponses", () => task.getResponses(), 2],
      ["confirmResponse", () => own.confirmResponse(answer), 2],
      ["getConfirmedResponse", () => own.getConfirmedResponse(task), 3],
      ["getConfirmedResponse of none", () => own.getConfirmedResponse(second), 1],
      ["cancelTask", () => own.cancelTask(second), 2],
      ["setAgent", () => own.setAgent(address("agent"), true), 2],
      ["deposit", () => own.vault.deposit(own.account, 1n), 2],
      ["getBalance", () => own.getBalance(), 1],
      ["getNonceInfo", () => own.getNonceInfo(), 1],
      ["getTasks", () => published.getTasks(), 2],
      ["load", () => published.load(), 1],
      ["inactivateSource", () => own.inactivateSource(published), 2],
      ["getEvents", () => own.getEvents({ task: task.address }), 1],
      ["decodeEvents", async () => own.decodeEvents(task.receipt), 0],
      ["a refused call", () => assert.rejects(own.confirmResponse(answer), is("responseAlreadyConfirmed")), 1],
      ["a refused call whose state is read", () => assert.rejects(own.cancelTask(second), is("taskAlreadyFinalized")), 2],
      ["a refused call whose values are read", () => assert.rejects(own.vault.withdraw(parseEther("99")), is("insufficientBalance")), 2],
    ]) {
      const [, requests] = await total(call);
      assert.equal(requests, expected, name);
    }
    await uploads.stop();
  });
});
