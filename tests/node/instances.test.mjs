// Every object: what it reads, what it writes, how it finds the others, how it fails.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { encodeAbiParameters, keccak256, toHex } from "viem";

import { InsufficientBalanceError, InvalidInputError, Response, Task, parseEther } from "../../pkg/ogpu.js";
import { address, is, now, sourceInfo, stage } from "./stage.mjs";

const ZERO_HASH = `0x${"0".repeat(64)}`;
describe("objects", () => {
  let set, client, source, task;
  before(async () => {
    set = await stage();
    ({ client, source } = await set.furnish());
    task = await set.task(source);
  });
  after(() => set?.stop());

  test("load() takes only what it should be", async () => {
    const { nexus } = set.contracts;
    const stranger = address("stranger");
    for (const [code, made, wrong] of [
      ["sourceNotFound", (at) => client.source(at), [stranger, nexus, task]],
      ["taskNotFound", (at) => client.task(at), [stranger, nexus, source]],
      ["responseNotFound", (at) => client.response(at), [stranger, nexus, source, task]],
      ["providerNotFound", (at) => client.provider(at), [stranger, address("master"), nexus]],
      ["masterNotFound", (at) => client.master(at), [stranger, address("provider"), nexus]],
    ]) {
      for (const at of wrong) await assert.rejects(made(at).load(), is(code, { address: at }), `${code} at ${at}`);
    }
    for (const [call, requests] of [
      [() => client.source(source).load(), 1], [() => client.task(task).load(), 1],
      [() => client.provider(address("provider")).load(), 1], [() => client.master(address("master")).load(), 1],
    ]) {
      const [loaded, count] = await set.counted(call);
      assert.equal(count, requests);
      assert.ok(loaded.address);
    }
    for (const make of ["source", "task", "response", "provider", "master"]) {
      assert.throws(() => client[make]("0x12"), (error) => error instanceof InvalidInputError && error.field === "address");
    }
    assert.ok(client.task(task).equals(client.task(task.toLowerCase())));
    assert.ok(!client.task(task).equals(client.source(task)));
    assert.ok(!client.provider(source).equals(client.master(source)));
    assert.ok(!client.task(task).equals((await set.readOnly({ chainId: 5 })).task(task)));
    assert.ok(!client.task(task).equals(undefined));
  });

  test("a source", async () => {
    const s = await client.publishSource(sourceInfo({ imageEnvs: { cpu: "https://a.example/c.yml", amd: "https://a.example/a.yml" } }));
    const [first, second] = [await set.task(s.address, { payment: parseEther("0.01") }), await set.task(s.address, { payment: parseEther("0.01") })];
    await set.write("provider2", "Nexus", "register", [s.address, address("provider2"), 4]);
    await set.write("provider", "Nexus", "register", [s.address, address("provider"), 1]);
    const params = await set.read("Source", "getSourceParams", [], s.address);
    const terms = { ...params, deliveryMethod: "MANUAL_CONFIRMATION" };
    assert.deepEqual([terms.imageEnvironments, terms.privacyEnabled, terms.optionalParamsUrl], [5, false, ""]);
    await set.getters({
      getClient: [() => s.getClient(), address("client")],
      getStatus: [() => s.getStatus(), "ACTIVE"],
      getParams: [() => s.getParams(), terms],
      getTaskCount: [() => s.getTaskCount(), 2],
      getRegistrantCount: [() => s.getRegistrantCount(), 2],
      getRegistrantId: [() => s.getRegistrantId(address("provider")), 1n],
      getPreferredEnvironmentOf: [() => s.getPreferredEnvironmentOf(address("provider2")), 4],
      getRegistrants: [() => s.getRegistrants(), [address("provider2"), address("provider")], 2],
      "getRegistrants from 1": [() => s.getRegistrants(1), [address("provider")], 2],
      snapshot: [() => s.snapshot(), { address: s.address, client: address("client"), status: "ACTIVE", params: terms, taskCount: 2, registrantCount: 2 }],
    });
    const [tasks, requests] = await set.counted(() => s.getTasks());
    assert.deepEqual([tasks.map((t) => t.address), tasks[0] instanceof Task, requests], [[first, second], true, 2]);
    assert.deepEqual((await s.getTasks(1, 2)).map((t) => t.address), [second]);
    assert.deepEqual(await s.getTasks(2, 9), []);
    assert.deepEqual(await s.getTasks(1, 1), []);
    assert.ok((await tasks[0].getSource()).equals(s));
    await set.write("provider2", "Nexus", "unregister", [s.address, address("provider2")]);
    assert.deepEqual(await s.getRegistrants(), [address("provider")], "a removed slot is left out");

    await s.update(sourceInfo({ minPayment: 5n, deliveryMethod: "FIRST_RESPONSE" }));
    assert.deepEqual([(await s.getParams()).minPayment, (await s.getParams()).deliveryMethod], [5n, "FIRST_RESPONSE"]);
    assert.equal((await s.getMetadata()).name, "sentiment-service");
    const wanted = { ...terms, minPayment: 6n, privacyEnabled: true, optionalParamsUrl: "ipfs://é", maxExpiryDuration: 99n };
    await s.setParams(wanted);
    assert.deepEqual(await s.getParams(), wanted);
    await assert.rejects(s.setStatus("ACTIVE"), is("invalidInput", { field: "status" }));
    const other = await set.connect("client2");
    await assert.rejects(other.source(s.address).inactivate(), is("notSourceOwner", { source: s.address, caller: address("client2") }));
    await assert.rejects(other.updateSource(s, sourceInfo()), is("notSourceOwner", { source: s.address, caller: address("client2") }));
    await s.setStatus("INACTIVE");
    assert.equal(await s.getStatus(), "INACTIVE");
    await assert.rejects(s.inactivate(), is("sourceInactive", { source: s.address }));
    await assert.rejects(client.publishTask({ source: s.address, config: { functionName: "f", data: 1 }, expiryTime: now() + 60, payment: 6n }), is("sourceInactive", { source: s.address }));
  });

  test("a task and its response", async () => {
    const expiryTime = now() + 3000;
    const own = await set.task(source, { expiryTime: BigInt(expiryTime), payment: 20n });
    const t = client.task(own);
    assert.equal((await t.snapshot()).winningProvider, undefined);
    assert.deepEqual([await t.getConfirmedResponse(), await client.getConfirmedResponse(t), await t.getResponses()], [undefined, undefined, []]);
    const at = await set.respond(own, '{"result": "é"}');
    const { timestamp } = await set.reader.getBlock();
    const params = { source, config: "ipfs://config", expiryTime, payment: 20n };
    const hash = keccak256(encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [address("provider"), keccak256(toHex('{"result": "é"}'))]));
    await set.getters({
      getStatus: [() => t.getStatus(), "RESPONDED"],
      getParams: [() => t.getParams(), params],
      getPayment: [() => t.getPayment(), 20n],
      getExpiryTime: [() => t.getExpiryTime(), expiryTime],
      getDeliveryMethod: [() => t.getDeliveryMethod(), "MANUAL_CONFIRMATION"],
      getAttemptCount: [() => t.getAttemptCount(), 1],
      getAttempterId: [() => t.getAttempterId(address("provider")), 0n],
      getWinningProvider: [() => t.getWinningProvider(), undefined],
      isAlreadySubmitted: [() => t.isAlreadySubmitted(hash), true],
      "isAlreadySubmitted of another": [() => t.isAlreadySubmitted(ZERO_HASH), false],
      getAttempters: [() => t.getAttempters(), [address("provider")], 2],
      "getResponseOf a stranger": [() => t.getResponseOf(address("stranger")), undefined],
      snapshot: [() => t.snapshot(), {
        address: own, source, status: "RESPONDED", params, config: "ipfs://config", payment: 20n, expiryTime, deliveryMethod: "MANUAL_CONFIRMATION", attemptCount: 1,
      }],
    });
    const [attempted] = await t.getAttemptTimestamps();
    assert.ok(attempted <= Number(timestamp) && attempted > now() - 3600);

    const r = await t.getResponseOf(address("provider"));
    assert.ok(r instanceof Response && r.equals(client.response(at)) && r.task === undefined);
    const terms = { task: own, provider: address("provider"), data: '{"result": "é"}', payment: 3n };
    const fields = { address: at, ...terms, status: "SUBMITTED", timestamp: Number(timestamp), confirmed: false };
    await set.getters({
      getParams: [() => r.getParams(), terms],
      getData: [() => r.getData(), terms.data],
      getStatus: [() => r.getStatus(), "SUBMITTED"],
      getTimestamp: [() => r.getTimestamp(), Number(timestamp)],
      isConfirmed: [() => r.isConfirmed(), false],
      snapshot: [() => r.snapshot(), fields],
      fetchData: [() => r.fetchData(), { result: "é" }],
    });
    const [loaded, requests] = await set.counted(() => r.load());
    assert.deepEqual([loaded.status, loaded.payment, loaded.task, requests], ["SUBMITTED", 3n, own, 1]);
    assert.ok((await loaded.getTask()).equals(t));

    const other = await set.connect("client2");
    await assert.rejects(other.response(at).confirm(), is("notTaskOwner", { task: own, caller: address("client2") }));
    await assert.rejects(t.cancel(), (error) => {
      assert.doesNotMatch(error.message, /over/);
      return is("taskInProgress", { task: own, status: "RESPONDED" })(error);
    });
    const [receipt, count] = await set.counted(() => r.confirm());
    assert.equal(count, 2);
    assert.deepEqual(client.decodeEvents(receipt).map(({ type, status, response, task: of }) => [type, status, response ?? of]), [
      ["responseStatusChanged", "CONFIRMED", at], ["taskStatusChanged", "FINALIZED", own],
    ]);
    assert.deepEqual(await r.snapshot(), { ...fields, status: "CONFIRMED", confirmed: true });
    assert.equal(await t.getWinningProvider(), address("provider"));
    const [confirmed, three] = await set.counted(() => t.getConfirmedResponse());
    assert.deepEqual([confirmed.address, confirmed.confirmed, three], [at, true, 3]);
    await assert.rejects(r.confirm(), is("responseAlreadyConfirmed", { response: at }));

    const dropped = await client.publishTask({ source, config: { functionName: "f", data: null }, expiryTime: now() + 60, payment: 7n });
    await dropped.cancel();
    assert.equal(await dropped.getStatus(), "CANCELED");
    await assert.rejects(client.cancelTask(dropped), is("taskAlreadyFinalized"));
    await assert.rejects(other.cancelTask(dropped), is("notTaskOwner", { task: dropped.address, caller: address("client2") }));
  });

  test("a provider and a master", async () => {
    const [asProvider, asMaster] = [await set.connect("provider2"), await set.connect("master2")];
    const [provider, master] = [asProvider.provider(address("provider2")), asMaster.master(address("master2"))];
    const paired = await set.source();
    await provider.depositToVault(50n);
    await provider.stake(20n);
    await provider.unstake(5n);
    await provider.setDefaultAgentDisabled(true);
    await provider.registerTo(paired, 1);
    await set.write("provider2", "Terminal", "setBaseData", ["ipfs://base"]);
    await set.write("provider2", "Terminal", "setLiveData", ["ipfs://live"]);
    const matures = Number(await set.read("Vault", "unbondingTimestamp", [address("provider2")]));
    const money = { balance: parseEther("0.5") + 30n, lockup: parseEther("0.5") + 15n, unbonding: 5n, totalEarnings: 0n, frozenPayment: 0n, isEligible: true, isWhitelisted: false };
    const shared = (actor, own) => ({
      getBalance: [() => actor.getBalance(), own.balance], getLockup: [() => actor.getLockup(), own.lockup], getUnbonding: [() => actor.getUnbonding(), own.unbonding],
      getTotalEarnings: [() => actor.getTotalEarnings(), 0n], getFrozenPayment: [() => actor.getFrozenPayment(), 0n], getSanction: [() => actor.getSanction(), 0n],
      isEligible: [() => actor.isEligible(), true], isWhitelisted: [() => actor.isWhitelisted(), false],
    });
    await set.getters({
      ...shared(provider, money),
      getUnbondingTimestamp: [() => provider.getUnbondingTimestamp(), matures],
      getMaster: [() => provider.getMaster(), address("master2")],
      getBaseData: [() => provider.getBaseData(), "ipfs://base"],
      getLiveData: [() => provider.getLiveData(), "ipfs://live"],
      isProvider: [() => provider.isProvider(), true],
      getDefaultAgentDisabled: [() => provider.getDefaultAgentDisabled(), true],
      snapshot: [() => provider.snapshot(), {
        address: address("provider2"), master: address("master2"), baseData: "ipfs://base", liveData: "ipfs://live", isProvider: true, defaultAgentDisabled: true,
        ...money, unbondingTimestamp: matures, sanction: 0n,
      }],
    });
    const nothing = { balance: 0n, lockup: 0n, unbonding: 0n };
    await set.getters({
      ...shared(master, nothing),
      getProvider: [() => master.getProvider(), address("provider2")],
      isMaster: [() => master.isMaster(), true],
      snapshot: [() => master.snapshot(), {
        address: address("master2"), provider: address("provider2"), isMaster: true, ...nothing, totalEarnings: 0n, frozenPayment: 0n, isEligible: true, isWhitelisted: false,
      }],
      "snapshot of none": [async () => (await client.master(address("stranger")).snapshot()).provider, undefined],
    });

    await provider.cancelUnbonding();
    assert.deepEqual([await provider.getUnbonding(), await provider.getUnbondingTimestamp(), await provider.getLockup()], [0n, 0, parseEther("0.5") + 20n]);
    await provider.withdrawFromVault(30n);
    assert.equal(await provider.getBalance(), parseEther("0.5"));
    await assert.rejects(provider.stake(parseEther("7")), (error) => {
      assert.ok(error instanceof InsufficientBalanceError);
      return is("insufficientBalance", { account: address("provider2"), required: parseEther("7"), available: parseEther("0.5") })(error);
    });
    await assert.rejects(provider.unstake(parseEther("9")), is("insufficientLockup", { account: address("provider2"), required: parseEther("9"), available: parseEther("0.5") + 20n }));

    const job = await set.task(paired);
    await provider.attempt(job, 4n);
    assert.equal(await client.task(job).getStatus(), "ATTEMPTED");
    await provider.unregisterFrom(paired);
    await assert.rejects(provider.unregisterFrom(paired), is("notProvider", { account: address("provider2"), source: paired, caller: undefined }));
    await master.removeContainer(address("provider2"), paired);
    await master.setAgent(address("agent"), true);
    assert.equal(await client.terminal.isAgentOf(address("master2"), address("agent")), true);
    await master.setAgent(address("agent"), false);
    await master.removeProvider(address("provider2"));
    assert.deepEqual([await provider.isProvider(), await master.getProvider(), await provider.getMaster()], [false, undefined, undefined]);
    await assert.rejects(master.removeProvider(address("provider2")), is("notMaster", { account: address("master2"), provider: address("provider2") }));
    await provider.announceMaster(address("master2"));
    const before = await provider.getBalance();
    await master.announceProvider(address("provider2"), 123n);
    assert.equal((await provider.getBalance()) - before, 123n, "the amount went with it");
    await assert.rejects(client.provider(address("client")).announceMaster(address("master2")), is("notProvider", { account: address("client") }));
  });

  test("an agent", async () => {
    const [agent, asMaster] = [await set.connect("agent"), await set.connect("master")];
    const at = await set.source();
    const nobody = is("notProvider", { account: address("provider"), caller: address("agent"), source: undefined });
    await assert.rejects(agent.agent.registerTo(at, address("provider"), 1), (error) => {
      assert.match(error.message, new RegExp(`^${address("agent")} may not act for the provider ${address("provider")}`));
      return nobody(error);
    });
    await assert.rejects(agent.agent.registerTo(at, address("stranger"), 1), is("notProvider", { account: address("stranger"), caller: undefined }));
    await asMaster.setAgent(address("agent"), true);
    await agent.agent.registerTo(at, address("provider"), 2);
    assert.equal(await client.source(at).getPreferredEnvironmentOf(address("provider")), 2);
    const wanted = await set.task(at);
    const receipt = await agent.agent.attempt(wanted, address("provider"), 9n);
    assert.deepEqual(agent.decodeEvents(receipt)[0], {
      type: "attempted", task: wanted, provider: address("provider"), suggestedPayment: 9n, blockNumber: receipt.blockNumber, transactionHash: receipt.hash,
      logIndex: receipt.logs[0].logIndex,
    });
    await agent.agent.unregisterFrom(at, address("provider"));
    assert.deepEqual(await client.source(at).getRegistrants(), []);
    await asMaster.terminal.revokeAgent(address("agent"));
    await assert.rejects(agent.agent.registerTo(at, address("provider"), 1), nobody);

    // A client's agent signs for its tasks and sources.
    const mine = await set.task(at);
    await client.terminal.setAgent(address("agent"), true);
    await agent.cancelTask(mine);
    await agent.inactivateSource(at);
    assert.equal(await client.source(at).getStatus(), "INACTIVE");
    await client.setAgent(address("agent"), false);
    assert.equal(await client.terminal.isAgentOf(address("client"), address("agent")), false);
  });
});
