// Safes: @safe-global/safe-apps-provider 0.18.6 over safe-apps-sdk 9.1.0, with Safe's contracts 1.3.0 and 1.4.1.
//
// The provider has no eth_requestAccounts (`"eth_requestAccounts" not implemented`), answers eth_sendTransaction with the safeTxHash, hands
// a transaction's `gas` on as safeTxGas, knows its safeTxHash in its own eth_getTransactionReceipt and wallet_getCallsStatus, compares
// `from` of wallet_sendCalls with the checksummed address letter by letter, and has `atomicBatch` for its capability. A closed modal is
// an Error without a code: "Transaction was rejected".
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu } from "../../../pkg/ogpu.js";
import { deploySafes, openSafe } from "./safe.mjs";
import { is, stage, steps } from "./stage.mjs";

describe("Safe", () => {
  /** A Safe over WalletConnect: accounts by asking, a no as 5000, reads by a node that knows no safeTxHash, nothing of EIP-5792. */
  const walletConnect = (provider) => ({
    async request({ method, params = [] }) {
      if (/^eth_(get|call|estimate)/.test(method)) return s.rpc(method, ...params);
      if (method.startsWith("wallet_")) throw Object.assign(new Error("Unsupported method"), { code: 5101 });
      try {
        return await provider.request({ method: method.replace("requestAccounts", "accounts"), params });
      } catch {
        throw Object.assign(new Error("User rejected."), { code: 5000 });
      }
    },
  });
  let s, safesOf;
  before(async () => {
    s = await stage();
    safesOf = { "1.3.0": await deploySafes(s, "1.3.0"), "1.4.1": await deploySafes(s, "1.4.1") };
  });
  after(() => s?.stop());

  for (const version of ["1.3.0", "1.4.1"]) {
    const withSafe = (name, threshold, { adapt = (provider) => provider, ...options }, run) => test(`${version}, ${threshold} of ${threshold}: ${name}`, { timeout: 300_000 }, async () => {
      const safes = safesOf[version];
      const owners = [];
      for (let count = 0; count < threshold; count++) owners.push((await s.user()).account);
      const address = await safes.create(owners, threshold);
      await s.user(address);
      const safe = await openSafe(s, safes, { owners, address, threshold, ...options });
      try {
        const ogpu = await Ogpu.connect({ wallet: adapt(safe.provider), network: s.network });
        assert.equal(ogpu.account, address);
        await run({ safe, ogpu, address, owners });
      } finally {
        safe.close();
      }
    });

    withSafe("publishes, and the real transaction is told", 1, {}, async ({ safe, ogpu, address, owners }) => {
      const { task, kinds } = await s.publishesOnce(ogpu);
      const [[id, { hash, status }]] = safe.queue;
      assert.equal(status, "SUCCESS");
      assert.notEqual(id, hash);
      assert.equal(task.receipt.hash, hash);
      assert.equal(task.receipt.from, owners[0].address);
      assert.ok(kinds.includes("mined"));
      assert.deepEqual(await s.tasksOf(address), [task.address]);
      await s.publishesOnce(ogpu);
    });

    withSafe("over WalletConnect: publishes", 1, { adapt: walletConnect }, async ({ safe, ogpu }) => {
      const { task } = await s.publishesOnce(ogpu);
      const [{ hash }] = safe.queue.values();
      assert.equal(task.receipt.hash, hash);
    });

    withSafe("over WalletConnect: a no", 1, { adapt: walletConnect, user: (proposal) => proposal.reject() }, async ({ ogpu, address }) => {
      await assert.rejects(ogpu.publishTask(s.taskInfo()), is("walletRejected", { rpcCode: 5000 }));
      assert.deepEqual(await s.tasksOf(address), []);
    });

    withSafe("a closed modal is a no", 1, { user: (proposal) => proposal.reject() }, async ({ ogpu, address }) => {
      await assert.rejects(ogpu.publishTask(s.taskInfo()), is("walletRejected"));
      assert.deepEqual(await s.tasksOf(address), []);
    });

    withSafe("a call that fails inside a transaction that succeeds has failed, with its reason", 1, { user() {} }, async ({ safe, ogpu, address }) => {
      const source = await s.source();
      const publishing = ogpu.publishTask(s.taskInfo({ source }));
      publishing.catch(() => {});
      const proposal = await safe.proposed();
      await s.write("client", "Nexus", "inactivateSource", [source]);
      // With a gas limit of the inner call's own the Safe's transaction survives its failure.
      const id = await proposal.approve({ safeTxGas: 500_000n });
      const error = await publishing.catch((error) => error);
      is("txRevert")(error);
      const { hash, status } = safe.queue.get(id);
      assert.equal(status, "FAILED");
      assert.equal(error.hash, hash);
      assert.match(error.message, /SourceInactive/);
      assert.equal((await s.reader.getTransactionReceipt({ hash })).status, "success");
      assert.deepEqual(await s.tasksOf(address), []);
    });

    withSafe("waits for the second owner, and says so", 2, {}, async ({ safe, ogpu, owners }) => {
      const told = steps();
      const published = s.publishesOnce(ogpu, told.options);
      published.catch(() => {});
      const { id } = await told.step("awaitingApproval");
      assert.deepEqual([...safe.queue.keys()], [id]);
      await safe.sign(id, owners[1]);
      const { transactionHash } = await safe.execute(id, owners[1]);
      const { task } = await published;
      assert.equal(task.receipt.hash, transactionHash);
    });

    withSafe("nobody else signs in time: told with the id, and taken up later", 2, {}, async ({ safe, ogpu, address, owners }) => {
      const error = await ogpu.publishTask(s.taskInfo(), { receiptTimeout: 3 }).catch((error) => error);
      const [id] = safe.queue.keys();
      is("txAwaitingApproval", { address, id })(error);
      assert.deepEqual(await s.tasksOf(address), []);
      const resumed = ogpu.waitForTransaction(id);
      resumed.catch(() => {});
      await safe.sign(id, owners[1]);
      const { transactionHash } = await safe.execute(id, owners[1]);
      const receipt = await resumed;
      assert.equal(receipt.hash, transactionHash);
      const [task] = await s.tasksOf(address);
      assert.deepEqual(ogpu.decodeEvents(receipt).filter(({ type }) => type === "taskPublished").map((event) => event.task), [task]);
    });

    withSafe("its transaction fails as a whole when the others have signed: it waits on", 2, {}, async ({ safe, ogpu, owners }) => {
      const source = await s.source();
      const told = steps();
      const publishing = ogpu.publishTask(s.taskInfo({ source }), { ...told.options, receiptTimeout: 10 });
      publishing.catch(() => {});
      const { id } = await told.step("awaitingApproval");
      await s.write("client", "Nexus", "inactivateSource", [source]);
      await safe.sign(id, owners[1]);
      // Without a gas limit of its own the Safe takes its whole transaction back (GS013): it can still be executed later.
      const { status } = await safe.execute(id, owners[1]);
      assert.equal(status, "reverted");
      await assert.rejects(publishing, is("txAwaitingApproval", { id }));
    });

    withSafe("two publications that are executed in one transaction: each is told its own task", 2, {}, async ({ safe, ogpu, address, owners }) => {
      const [one, other] = [steps(), steps()];
      const first = ogpu.publishTask(s.taskInfo(), one.options);
      first.catch(() => {});
      const { id } = await one.step("awaitingApproval");
      const second = ogpu.publishTask(s.taskInfo({ payment: 11n }), other.options);
      second.catch(() => {});
      const { id: next } = await other.step("awaitingApproval");
      for (const one of [id, next]) await safe.sign(one, owners[1]);
      await safe.executeTogether([id, next], owners[1]);
      const tasks = [(await first).address, (await second).address];
      assert.deepEqual(tasks, await s.tasksOf(address));
      assert.equal(await s.read("Task", "getPayment", [], tasks[1]), 11n);
    });

    /** Two answered tasks of a Safe's, not confirmed yet. */
    const answered = async (ogpu, publish) => {
      const responses = [];
      for (const data of ["ipfs://one", "ipfs://two"]) responses.push(await s.respond((await publish()).address, data));
      return responses;
    };
    const confirmed = (responses) => Promise.all(responses.map(async (response) => (await s.read("Response", "getStatus", [], response)) === 1));

    withSafe("confirms two responses in one of its transactions", 1, {}, async ({ safe, ogpu }) => {
      const responses = await answered(ogpu, () => ogpu.publishTask(s.taskInfo()));
      const receipts = await ogpu.confirmResponses(responses);
      assert.deepEqual(await confirmed(responses), [true, true]);
      const [, , batch] = safe.queue.values();
      assert.equal(batch.calls, 2, "one window");
      assert.equal(safe.queue.size, 3);
      assert.deepEqual(receipts.map(({ hash }) => hash), [batch.hash]);
    });

    withSafe("confirms two responses when the second owner has signed, and says so", 2, {}, async ({ safe, ogpu, owners }) => {
      const both = async (id) => {
        await safe.sign(id, owners[1]);
        return safe.execute(id, owners[1]);
      };
      const responses = await answered(ogpu, async () => {
        const told = steps();
        const published = ogpu.publishTask(s.taskInfo(), told.options);
        await both((await told.step("awaitingApproval")).id);
        return published;
      });
      const told = steps();
      const confirming = ogpu.confirmResponses(responses, told.options);
      confirming.catch(() => {});
      const { id } = await told.step("awaitingApproval");
      const { transactionHash } = await both(id);
      assert.deepEqual((await confirming).map(({ hash }) => hash), [transactionHash]);
      assert.deepEqual(await confirmed(responses), [true, true]);
    });
  }
});
