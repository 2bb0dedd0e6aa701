// Events: the six official watchers and all the others; from the past and live; over failing nodes and reorganisations.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { countingProxy } from "./proxy.mjs";
import { address, is, sourceInfo, stage } from "./stage.mjs";

const pollInterval = 0.05;
/** The next `count` events. */
async function take(stream, count) {
  const found = [];
  if (count === 0) return found;
  for await (const event of stream) if (found.push(event) === count) break;
  return found;
}
/** Without where it happened. */
const said = ({ blockNumber, transactionHash, logIndex, ...rest }) => {
  assert.equal(typeof blockNumber, "bigint");
  assert.match(transactionHash, /^0x[0-9a-f]{64}$/);
  assert.equal(typeof logIndex, "number");
  return rest;
};

describe("watchers", () => {
  let set, client;
  before(async () => {
    set = await stage();
    client = await set.connect("client");
    await set.fund("client");
    await set.pair("provider2", "master2");
  });
  after(() => set?.stop());

  test("the six official ones, live, with one poll for all", { timeout: 300_000 }, async () => {
    const [source, other] = [await set.source(), await set.source()];
    const [task, stranger] = [await set.task(source), await set.task(other)];
    const streams = { registered: client.watchRegistered(source, { pollInterval }), taskPublished: client.watchTaskPublished(source, { pollInterval }) };
    for (const name of ["Attempted", "ResponseSubmitted", "TaskStatusChanged"]) streams[name] = client[`watch${name}`](task, { pollInterval });
    const waiting = Object.fromEntries(Object.entries(streams).map(([name, stream]) => [name, take(stream, name === "TaskStatusChanged" ? 3 : 1)]));
    await client.getEvents({ toBlock: 0n });
    // From now on: each has learnt where it begins.
    await set.proxy.idle();
    await set.respond(stranger, "{}", "provider2");
    const response = await set.respond(task, '{"a":1}');
    const confirmed = take(client.watchResponseStatusChanged(response, { pollInterval }), 1);
    await client.getEvents({ toBlock: 0n });
    await set.proxy.idle();
    const next = await set.task(source);
    await client.confirmResponse(response);
    const found = await Promise.all(Object.values(waiting));
    assert.deepEqual(found.flat().map(said), [
      { type: "registered", provider: address("provider"), registrantId: 0n, source, preferredEnvironment: 1 },
      { type: "taskPublished", task: next, source },
      { type: "attempted", task, provider: address("provider"), suggestedPayment: 3n },
      { type: "responseSubmitted", response, task },
      ...["ATTEMPTED", "RESPONDED", "FINALIZED"].map((status) => ({ type: "taskStatusChanged", task, status })),
    ]);
    assert.deepEqual((await confirmed).map(said), [{ type: "responseStatusChanged", response, status: "CONFIRMED" }]);

    const all = Array.from({ length: 8 }, () => client.watchTaskPublished(source, { pollInterval: 0.2 }));
    const eight = Promise.all(all.map((stream) => take(stream, 1)));
    await client.getEvents({ toBlock: 0n });
    await set.proxy.idle();
    await set.task(source);
    await eight;
    const again = all.map((stream) => stream[Symbol.asyncIterator]());
    assert.deepEqual(await again[0].next(), { value: undefined, done: true }, "break has ended it");

    // Eight that look once an hour hear at once what a ninth finds: a look of one is a look for all.
    let shared = 0;
    const counted = await countingProxy(set.devnet.rpcUrl, {
      answer(requests) {
        // A watcher reads its own past by itself; a look for all asks for every contract.
        if (requests.some(({ method, params }) => method === "eth_getLogs" && [params[0].address].flat().length > 1)) shared += 1;
      },
    });
    const until = async (count) => {
      while (shared < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const own = await set.readOnly({ rpcUrl: counted.url });
    const watching = Array.from({ length: 8 }, () => own.watchTaskPublished(source, { pollInterval: 3600 }));
    const told = watching.map((stream) => stream.next());
    await until(1);
    await own.getEvents({ toBlock: 0n });
    assert.equal(shared, 1, "one first look for the eight");
    watching.push(own.watchTaskPublished(source, { pollInterval }));
    told.push(watching[8].next());
    await until(3);
    const last = await set.task(source);
    assert.deepEqual((await Promise.all(told)).map(({ value }) => value.task), Array(9).fill(last));
    for (const stream of watching) await stream.return();
    await counted.stop();
  });

  test("every event of Nexus, Terminal and Vault", async () => {
    const fromBlock = await set.reader.getBlockNumber();
    const [p, m] = [address("provider2"), address("master2")];
    const source = await client.publishSource(sourceInfo());
    await source.update(sourceInfo({ minPayment: 5n }));
    await source.inactivate();
    const params = await source.getParams();
    await set.write("provider2", "Terminal", "setBaseData", ["x"]);
    await set.write("provider2", "Terminal", "setLiveData", ["x"]);
    await set.write("master2", "Terminal", "setDefaultAgentDisabled", [true]);
    await set.write("master2", "Terminal", "setAgent", [address("agent"), true]);
    await set.write("master2", "Terminal", "removeContainer", [p, source.address]);
    await set.write("deployer", "Vault", "sanction", [p, 4n]);
    await set.write("deployer", "Vault", "waive", [p, 4n]);
    await set.write("provider2", "Vault", "withdraw", [5n]);
    await set.write("provider2", "Vault", "lock", [6n]);
    await set.write("provider2", "Vault", "unbond", [7n]);
    await set.write("provider2", "Vault", "cancelUnbonding", []);
    await set.write("provider2", "Vault", "claim", []);
    await set.write("master2", "Terminal", "removeProvider", [p]);
    await set.write("provider2", "Terminal", "announceMaster", [m]);
    await set.write("master2", "Terminal", "announceProvider", [p, 8n], { value: 8n });
    for (const name of ["Nexus", "Terminal"]) {
      await set.write("deployer", name, "transferOwnership", [address("stranger")]);
      await set.write("stranger", name, "transferOwnership", [address("deployer")]);
    }
    const owner = (type) => [
      { type, previousOwner: address("deployer"), newOwner: address("stranger") }, { type, previousOwner: address("stranger"), newOwner: address("deployer") },
    ];
    const money = (type, amount) => ({ type, account: p, amount });
    const expected = [
      { type: "sourcePublished", source: source.address }, { type: "sourceUpdated", source: source.address, params },
      { type: "sourceStatusChanged", source: source.address, status: "INACTIVE" },
      { type: "baseDataUpdated", provider: p }, { type: "liveDataUpdated", provider: p }, { type: "defaultAgentDisabled", master: m, value: true },
      { type: "agentSet", account: m, agent: address("agent"), value: true }, { type: "removeContainer", provider: p, source: source.address },
      money("sanctioned", 4n), money("waived", 4n), money("withdrawn", 5n), money("locked", 6n), money("unbonded", 7n), money("unbondingCanceled", 7n), money("claimed", 0n),
      { type: "providerRemoved", provider: p }, { type: "masterAnnounced", provider: p, master: m }, money("deposited", 8n),
      { type: "providerAnnounced", provider: p, master: m }, ...owner("nexusOwnershipTransferred"), ...owner("terminalOwnershipTransferred"),
    ];
    const events = [...new Set(expected.map(({ type }) => type))];
    const past = await client.getEvents({ fromBlock: fromBlock + 1n, events });
    assert.deepEqual(past.map(said), expected);
    assert.deepEqual(await take(client.watch({ fromBlock: fromBlock + 1n, events, pollInterval }), expected.length), past);
    const mine = await client.getEvents({ fromBlock: fromBlock + 1n, events, account: address("agent") });
    assert.deepEqual(mine.map(({ type }) => type), ["agentSet"]);
    assert.deepEqual((await client.getEvents({ source: source.address })).map(({ type }) => type), ["sourcePublished", "sourceUpdated", "sourceStatusChanged"]);
    await assert.rejects(client.getEvents({ events: ["nothing"] }), is("invalidInput"));
    assert.throws(() => client.watch({ interval: 1 }), is("invalidInput"));
  });

  test("from the past through a node that refuses wide ranges, then live", async () => {
    let widest = 0;
    const narrow = await countingProxy(set.devnet.rpcUrl, {
      answer(requests) {
        const asked = requests.find(({ method }) => method === "eth_getLogs");
        if (!asked) return undefined;
        const [{ fromBlock, toBlock }] = asked.params;
        const width = Number(toBlock) - Number(fromBlock) + 1;
        widest = Math.max(widest, width);
        if (width <= 16) return undefined;
        const results = { eth_chainId: "0x7a69", eth_blockNumber: "0xfff" };
        return { body: requests.map(({ id, method }) => (method === "eth_getLogs" ? { jsonrpc: "2.0", id, error: { code: -32005, message: "block range too wide" } } : { jsonrpc: "2.0", id, result: results[method] })) };
      },
    });
    const reader = await set.readOnly({ rpcUrl: narrow.url });
    const source = await set.source();
    const fromBlock = await set.reader.getBlockNumber();
    const tasks = [];
    for (let round = 0; round < 5; round++) {
      tasks.push(await set.task(source));
      await set.rpc("anvil_mine", "0x28");
    }
    const stream = reader.watchTaskPublished(source, { fromBlock, pollInterval });
    assert.deepEqual((await take({ [Symbol.asyncIterator]: () => ({ next: () => stream.next() }) }, 5)).map(({ task }) => task), tasks);
    assert.ok(widest > 16);
    const live = stream.next();
    const last = await set.task(source);
    assert.equal((await live).value.task, last);
    await stream.return();
    assert.deepEqual((await reader.getEvents({ source, fromBlock, events: ["taskPublished"] })).map(({ task }) => task), [...tasks, last]);
    await narrow.stop();
  });

  test("a node that dies loses and doubles nothing", async () => {
    const [first, second] = [await countingProxy(set.devnet.rpcUrl), await countingProxy(set.devnet.rpcUrl)];
    const reader = await set.readOnly({ rpcUrl: [first.url, second.url] });
    const source = await set.source();
    const fromBlock = await set.reader.getBlockNumber();
    const told = [];
    let isWaiting;
    const waits = new Promise((resolve) => (isWaiting = resolve));
    const onStatus = (status) => {
      told.push(status);
      if (status.kind === "waiting") isWaiting();
    };
    const stream = reader.watchTaskPublished(source, { fromBlock, pollInterval, onStatus });
    const [tasks, found] = [[], []];
    for (let round = 0; round < 9; round++) {
      if (round === 3) first.die();
      if (round === 6) [first.die(false), second.die()];
      tasks.push(await set.task(source));
      found.push((await stream.next()).value.task);
    }
    assert.deepEqual(found, tasks);
    assert.ok(second.count() > 0);
    const next = stream.next();
    first.die();
    second.die();
    await waits;
    // Nobody answers: it waits, and says why. Who does not want that gets the error.
    const { kind, error, retryIn } = told.at(-1);
    assert.equal(kind, "waiting");
    is("http")(error);
    assert.ok(retryIn > 0 && retryIn <= 15);
    await assert.rejects(reader.watchTaskPublished(source, { fromBlock, giveUpAfter: 0 }).next(), is("http"));
    tasks.push(await set.task(source), await set.task(source));
    second.die(false);
    assert.deepEqual([(await next).value.task, (await stream.next()).value.task], tasks.slice(-2), "it goes on where it was");
    assert.deepEqual(told.map(({ kind }) => kind).filter((kind, at, all) => kind !== all[at - 1]), ["live", "waiting", "live"]);
    await stream.return();
    await Promise.all([first.stop(), second.stop()]);
  });

  test("a reorganisation takes logs back", async () => {
    const source = await set.source();
    await set.rpc("anvil_mine", "0x3");
    const stream = client.watchTaskPublished(source, { fromBlock: await set.reader.getBlockNumber(), pollInterval });
    const task = await set.task(source);
    const { value: seen } = await stream.next();
    assert.deepEqual([seen.task, seen.removed], [task, undefined]);
    await set.rpc("anvil_reorg", 2, []);
    const { value: gone } = await stream.next();
    assert.deepEqual(gone, { ...seen, removed: true });
    const again = await set.task(source);
    assert.equal((await stream.next()).value.task, again);
    await stream.return();
  });

  test("break and the signal end it", { timeout: 300_000 }, async () => {
    const source = await set.source();
    const [ended, beside] = [await countingProxy(set.devnet.rpcUrl), await countingProxy(set.devnet.rpcUrl)];
    const [client, other] = [await set.readOnly({ rpcUrl: ended.url }), await set.readOnly({ rpcUrl: beside.url })];
    const looks = async (proxy, count) => {
      while (proxy.calls("eth_getLogs") < count) await new Promise((resolve) => setTimeout(resolve, 5));
    };
    const controller = new AbortController();
    const reason = { why: "enough" };
    const stream = client.watchTaskPublished(source, { pollInterval, signal: controller.signal });
    const next = stream.next();
    await looks(ended, 3);
    controller.abort(reason);
    await assert.rejects(next, (error) => error === reason);
    await assert.rejects(client.getEvents({ signal: AbortSignal.abort(reason) }), (error) => error === reason);
    const waiting = client.watchTaskPublished(source, { pollInterval });
    const never = waiting.next();
    await waiting.return();
    assert.deepEqual(await never, { value: undefined, done: true });
    // Another one's looks are the clock: what was on its way has come after the first few.
    const watching = other.watchTaskPublished(source, { pollInterval });
    const nothing = watching.next();
    await looks(beside, 4);
    const before = ended.count();
    await looks(beside, 14);
    assert.equal(ended.count(), before, "nobody watches any more, so nobody asks");
    await watching.return();
    await nothing;
    await Promise.all([ended.stop(), beside.stop()]);
  });
});
