// ERC-4337 accounts: what a bundle did for one of them is told by its own operation's event, whatever became of the bundle and of strangers.
//
// @account-abstraction/contracts 0.8.0: a failed call leaves the bundle's status at 1; UserOperationEvent has success = false, and
// UserOperationRevertReason the inner revert data. SimpleAccount's own revert is passed on as it is.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu } from "../../../pkg/ogpu.js";
import { startBundler } from "./bundler.mjs";
import { is, stage, steps } from "./stage.mjs";

describe("ERC-4337", () => {
  let s, bundler;
  before(async () => {
    s = await stage();
    bundler = await startBundler(s);
  });
  after(() => s?.stop());
  const it = (name, run) => test(name, { timeout: 300_000 }, run);

  for (const answers of ["bundle", "userOpHash"]) {
    /** A page with its user's smart account; the account is deployed by its first operation unless `deployed`. */
    const page = async ({ deployed = true, upgraded = false } = {}) => {
      const { account: owner } = await s.user();
      const address = upgraded ? owner.address : await bundler.addressOf(owner);
      await s.user(address);
      if (upgraded) await bundler.upgrade(owner);
      else if (deployed) {
        await bundler.submit(owner, address, { to: owner.address });
        await bundler.bundle();
      }
      const ogpu = await Ogpu.connect({ wallet: bundler.wallet({ owner, address, answers }), network: s.network });
      return { ogpu, owner, address };
    };
    const publishing = (ogpu, info, options) => {
      const published = ogpu.publishTask(info ?? s.taskInfo(), options);
      published.catch(() => {});
      return published;
    };

    for (const kind of [{}, { deployed: false }, { upgraded: true }]) {
      it(`answers the ${answers}, ${JSON.stringify(kind)}: publishes, with the bundle's hash`, async () => {
        const { ogpu, address } = await page(kind);
        const published = publishing(ogpu);
        await bundler.waiting();
        const { transactionHash, status } = await bundler.bundle();
        assert.equal(status, "success");
        const task = await published;
        assert.equal(task.receipt.hash, transactionHash);
        assert.deepEqual(await s.tasksOf(address), [task.address]);
      });

      it(`answers the ${answers}, ${JSON.stringify(kind)}: its call fails in a bundle that succeeds`, async () => {
        const { ogpu, address } = await page(kind);
        const source = await s.source();
        const published = publishing(ogpu, s.taskInfo({ source }));
        await bundler.waiting();
        await s.write("client", "Nexus", "inactivateSource", [source]);
        const { transactionHash, status } = await bundler.bundle();
        assert.equal(status, "success");
        const error = await published.catch((error) => error);
        is("txRevert", { hash: transactionHash })(error);
        assert.match(error.message, /SourceInactive/);
        assert.deepEqual(await s.tasksOf(address), []);
      });
    }

    for (const order of [[0, 1], [1, 0]]) {
      it(`answers the ${answers}: two users in one bundle (${order}): each is told its own task`, async () => {
        const [one, other] = [await page(), await page()];
        const first = publishing(one.ogpu);
        await bundler.waiting(1);
        const second = publishing(other.ogpu);
        await bundler.waiting(2);
        await bundler.bundle({ order });
        assert.deepEqual([(await first).address], await s.tasksOf(one.address));
        assert.deepEqual([(await second).address], await s.tasksOf(other.address));
      });

      it(`answers the ${answers}: a stranger's operation fails in the bundle (${order}): ours is told as it is`, async () => {
        const [one, other] = [await page(), await page()];
        const published = publishing(one.ogpu);
        await bundler.waiting(1);
        // Nobody may call this but the contract's owner.
        const data = "0x715018a6";
        await bundler.submit(other.owner, other.address, { to: s.contracts.nexus, data });
        await bundler.bundle({ order });
        assert.deepEqual([(await published).address], await s.tasksOf(one.address));
      });
    }

    it(`answers the ${answers}: two publications of one account in one bundle: each call is told its own task`, async () => {
      const { ogpu, address } = await page();
      const first = publishing(ogpu, s.taskInfo({ payment: 10n }));
      await bundler.waiting(1);
      if (answers === "bundle") {
        // The first window is open until its bundle is out, and a second one waits for it.
        const told = steps();
        const second = publishing(ogpu, s.taskInfo({ payment: 11n }), told.options);
        await told.step("waitingForWindow");
        await bundler.bundle();
        await first;
        await bundler.waiting(1);
        await bundler.bundle();
        assert.deepEqual([(await first).address, (await second).address], await s.tasksOf(address));
        return;
      }
      const second = publishing(ogpu, s.taskInfo({ payment: 11n }));
      await bundler.waiting(2);
      await bundler.bundle();
      assert.deepEqual([(await first).address, (await second).address], await s.tasksOf(address));
      assert.equal(await s.read("Task", "getPayment", [], (await second).address), 11n);
    });

    it(`answers the ${answers}: the first bundle fails as a whole, and the operation comes in another`, async () => {
      const { ogpu, address } = await page();
      const published = publishing(ogpu);
      await bundler.waiting();
      const { status } = await bundler.bundle({ gas: 300_000n, keep: true });
      assert.equal(status, "reverted");
      const { transactionHash } = await bundler.bundle();
      const task = await published;
      assert.equal(task.receipt.hash, transactionHash);
      assert.deepEqual(await s.tasksOf(address), [task.address]);
    });
  }

  it("nobody bundles it in time: told with the userOpHash, and taken up later", async () => {
    const { account: owner } = await s.user();
    const address = await bundler.addressOf(owner);
    await s.user(address);
    await bundler.submit(owner, address, { to: owner.address });
    await bundler.bundle();
    const ogpu = await Ogpu.connect({ wallet: bundler.wallet({ owner, address, answers: "userOpHash" }), network: s.network });
    const error = await ogpu.publishTask(s.taskInfo(), { receiptTimeout: 2 }).catch((error) => error);
    const [{ hash: id }] = await bundler.waiting();
    is("txAwaitingApproval", { address, id })(error);
    const resumed = ogpu.waitForTransaction(id);
    const { transactionHash } = await bundler.bundle();
    const receipt = await resumed;
    assert.equal(receipt.hash, transactionHash);
    const [task] = await s.tasksOf(address);
    assert.deepEqual(ogpu.decodeEvents(receipt).filter(({ type }) => type === "taskPublished").map((event) => event.task), [task]);
  });
});
