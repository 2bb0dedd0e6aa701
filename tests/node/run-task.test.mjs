// The whole job in one call, and what can come between: a lie, a reload, a deadline, an abort.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu } from "../../pkg/ogpu.js";
import { countingProxy } from "./proxy.mjs";
import { address, is, now, stage } from "./stage.mjs";

describe("runTask", () => {
  let set, client, source, first;
  const info = (more = {}) => ({ source, config: { functionName: "predict", data: { text: "lovely" } }, expiryTime: now() + 600, payment: 10n, ...more });
  const quick = { pollInterval: 0.05 };
  /** Answers each task of a source as it is published. */
  const answering = async (ogpu, at, answers) => {
    for await (const { task } of ogpu.watchTaskPublished(at, quick)) {
      for (const [provider, data] of answers) await set.respond(task, data, provider);
      break;
    }
  };
  const count = (wallet, method = "eth_sendTransaction") => wallet.requests.filter((request) => request.method === method).length;
  before(async () => {
    set = await stage();
    ({ client, source } = await set.furnish());
    first = await set.source({ deliveryMethod: 1 });
  });
  after(() => set?.stop());

  test("publishes, waits, verifies, confirms, pays", async () => {
    const before = await client.vault.getTotalEarningsOf(address("provider"));
    const link = await client.publishToIpfs({ result: "positive" });
    const done = answering(client, source, [["provider", link]]);
    const steps = [];
    const run = await client.runTask(info(), { ...quick, onProgress: ({ kind }) => steps.push(kind) });
    await done;
    assert.deepEqual(run.payload, { result: "positive" });
    assert.equal(run.proof.verified, true);
    assert.deepEqual([run.response.confirmed, run.response.provider, run.receipt.from], [true, address("provider"), client.account]);
    assert.equal(await run.task.getStatus(), "FINALIZED");
    assert.equal((await client.vault.getTotalEarningsOf(address("provider"))) - before, 10n);
    const wanted = ["uploading", "uploaded", "simulated", "signing", "sent", "mined", "taskPublished", "verified", "simulated", "signing", "sent", "mined", "confirmed"];
    assert.deepEqual(steps, wanted);
  });

  test("the caller chooses; what cannot be proven is not offered", async () => {
    const good = await client.publishToIpfs({ score: 2 });
    const unproven = "https://example.com/answer.json";
    const done = answering(client, source, [["provider", unproven], ["provider2", good]]);
    const [offered, unverified] = [[], []];
    const run = await client.runTask(info(), {
      ...quick,
      onProgress: (step) => step.kind === "unverified" && unverified.push(step.reason.code),
      choose(candidates) {
        offered.push(candidates.map(({ payload }) => payload));
        return candidates.find(({ payload }) => payload.score === 2);
      },
    });
    await done;
    assert.deepEqual(offered, [[{ score: 2 }]]);
    assert.deepEqual(unverified, ["contentUnverified"]);
    assert.equal(run.response.provider, address("provider2"));
    const waits = answering(client, source, [["provider", '{"score":1}'], ["provider2", '{"score":3}']]);
    const best = await client.runTask(info(), { ...quick, choose: async (all) => (all.length === 2 ? [...all].sort((a, b) => b.payload.score - a.payload.score)[0] : undefined) });
    await waits;
    assert.deepEqual([best.payload, best.proof], [{ score: 3 }, undefined]);
  });

  test("a first response confirms itself", async () => {
    const wallet = set.wallet("client");
    const own = await Ogpu.connect({ wallet, network: set.network });
    const done = answering(own, first, [["provider", '{"a":1}']]);
    const run = await own.runTask(info({ source: first }), quick);
    await done;
    assert.deepEqual([run.payload, run.receipt, run.response.confirmed], [{ a: 1 }, undefined, true]);
    assert.equal(count(wallet), 1, "published, and nothing to confirm");
  });

  test("after a reload it goes on, and nothing is published or paid twice", async () => {
    const wallet = set.wallet("client");
    const own = await Ogpu.connect({ wallet, network: set.network });
    const task = await own.publishTask(info());
    await set.respond(task.address, '{"a":2}');
    const byHash = await own.runTask(undefined, { ...quick, resume: { transactionHash: task.receipt.hash } });
    assert.deepEqual([byHash.payload, byHash.task.address, byHash.receipt.from], [{ a: 2 }, task.address, own.account]);
    assert.equal(count(wallet), 2);
    for (const resume of [{ task: task.address }, { transactionHash: task.receipt.hash }]) {
      const again = await own.runTask(undefined, { ...quick, resume });
      assert.deepEqual([again.payload, again.receipt], [{ a: 2 }, undefined]);
    }
    assert.equal(count(wallet), 2, "one publication, one confirmation");

    // The page was closed before the block was mined.
    await set.rpc("evm_setAutomine", false);
    let resolve;
    const sent = new Promise((done) => (resolve = done));
    const gone = new AbortController();
    const left = await Ogpu.connect({ wallet: set.wallet("client", { settled: false }), network: set.network });
    const closed = left.runTask(info(), { ...quick, signal: gone.signal, onProgress: (step) => step.kind === "sent" && resolve(step.hash) });
    const hash = await sent;
    gone.abort("closed");
    await assert.rejects(closed, (reason) => reason === "closed");
    const resumed = own.runTask(undefined, { ...quick, resume: { transactionHash: hash } });
    const published = own.watchTaskPublished(source, quick).next();
    await own.getBalance();
    await set.proxy.idle();
    await set.rpc("evm_setAutomine", true);
    await set.rpc("evm_mine");
    await set.respond((await published).value.task, '{"a":3}');
    assert.deepEqual((await resumed).payload, { a: 3 });
    await assert.rejects(own.runTask(undefined, { ...quick, receiptTimeout: 0.2, resume: { transactionHash: `0x${"1".repeat(64)}` } }), is("txReceiptTimeout"));
    await assert.rejects(own.runTask(undefined), is("invalidInput", { field: "info" }));
    await assert.rejects(own.runTask(undefined, { resume: { task: own.account } }), is("taskNotFound"));
  });

  test("an outage of the RPC ends nothing", async () => {
    const proxy = await countingProxy(set.devnet.rpcUrl);
    const own = await Ogpu.connect({ wallet: set.wallet("client"), network: { ...set.network, rpcUrl: proxy.url } });
    let task;
    const steps = [];
    const onProgress = (step) => {
      if (steps.at(-1) !== step.kind) steps.push(step.kind);
      if (step.kind === "taskPublished") [task] = [step.task, proxy.die()];
      if (step.kind === "waiting" && task) {
        is("http")(step.reason);
        void set.respond(task, '{"a":4}').then(() => proxy.die(false));
        task = undefined;
      }
    };
    assert.deepEqual((await own.runTask(info(), { ...quick, onProgress })).payload, { a: 4 });
    assert.deepEqual(steps.filter((kind) => ["taskPublished", "waiting", "verified", "confirmed"].includes(kind)), ["taskPublished", "waiting", "verified", "confirmed"]);
    await proxy.stop();
  });

  test("a deadline and an abort end it, and say what is out", async (t) => {
    // The deadline passes once the task is out.
    const { now: real } = Date;
    const expiryTime = now() + 600;
    const short = client.runTask(info({ expiryTime }), { ...quick, onProgress: ({ kind }) => kind === "taskPublished" && t.mock.method(Date, "now", () => real() + 601_000) });
    await assert.rejects(short, is("taskExpired"));
    t.mock.restoreAll();
    assert.ok(now() < expiryTime);
    const controller = new AbortController();
    const reason = new Error("changed my mind");
    const run = client.runTask(info(), { ...quick, signal: controller.signal, onProgress: ({ kind }) => kind === "taskPublished" && controller.abort(reason) });
    await assert.rejects(run, (error) => error === reason);
    const task = await client.publishTask(info());
    await task.cancel();
    await assert.rejects(client.runTask(undefined, { ...quick, resume: { task: task.address } }), is("taskAlreadyFinalized", { task: task.address }));
  });

  test("several confirmations: one signature where the wallet has batches, else one each", async () => {
    const delegate = await set.deployHelper("Batch");
    for (const [batches, signatures] of [[{ delegate }, 1], [undefined, 3], [{ delegate, refuse: 5710 }, 3]]) {
      const wallet = set.wallet("client", { batches });
      const own = await Ogpu.connect({ wallet, network: set.network });
      const responses = [];
      for (let index = 0; index < 3; index++) responses.push(await set.respond((await own.publishTask(info())).address, "{}"));
      const before = count(wallet);
      const receipts = await own.confirmResponses(responses);
      assert.equal(count(wallet) - before + (batches?.refuse ? 0 : count(wallet, "wallet_sendCalls")), signatures, "signatures");
      assert.equal(receipts.length, batches && !batches.refuse ? 1 : 3);
      for (const at of responses) assert.equal(await own.response(at).isConfirmed(), true);
      await assert.rejects(own.confirmResponses(responses), is("responseAlreadyConfirmed"));
      assert.deepEqual(await own.confirmResponses([]), []);
    }
    // A no to the account's upgrade is a no: nobody is asked three times after it.
    const wallet = set.wallet("client", { batches: { delegate, refuse: 5750 } });
    const own = await Ogpu.connect({ wallet, network: set.network });
    const responses = [];
    for (let index = 0; index < 3; index++) responses.push(await set.respond((await own.publishTask(info())).address, "{}"));
    const before = count(wallet);
    await assert.rejects(own.confirmResponses(responses), is("walletRejected"));
    assert.deepEqual([count(wallet) - before, count(wallet, "wallet_sendCalls")], [0, 1]);
  });
});
