// The contract modules, function by function, and every kind of refusal with its values.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { keccak256, toHex } from "viem";

import {
  ContractPanicError, InsufficientLockupError, NotOnNetworkError, Ogpu, TxRevertError, UnauthorizedAccountError, UnbondingPeriodNotElapsedError,
  parseEther,
} from "../../pkg/ogpu.js";
import { address, is, now, stage } from "./stage.mjs";

describe("modules", () => {
  let set, client, source;
  before(async () => {
    set = await stage();
    ({ client, source } = await set.furnish());
  });
  after(() => set?.stop());

  test("the modules, one to one", async () => {
    const { nexus, controller, terminal, vault } = client;
    const terms = {
      client: address("client"), imageMetadataUrl: "ipfs://m", imageEnvironments: 1, minPayment: 1n, minAvailableLockup: 2n, maxExpiryDuration: 3600n,
      privacyEnabled: false, optionalParamsUrl: "", deliveryMethod: "FIRST_RESPONSE", lastUpdateTime: 8n,
    };
    const [count, active] = [await nexus.getSourceCount(), await nexus.getActiveSourceCount(address("client"))];
    const published = await nexus.publishSource(terms);
    const at = nexus.extractSourceAddress(published);
    assert.deepEqual(await client.source(at).getParams(), terms);
    assert.throws(() => controller.extractTaskAddress(published), is("protocol"));
    await set.getters({
      getSourceCount: [() => nexus.getSourceCount(), count + 1],
      getSourceId: [() => nexus.getSourceId(at), BigInt(count)],
      getActiveSourceCount: [() => nexus.getActiveSourceCount(address("client")), active + 1],
      getSources: [() => nexus.getSources(count), [at], 2],
      "getSources of a part": [() => nexus.getSources(0, 1), [source], 2],
    });
    await nexus.updateSource(at, { ...terms, minPayment: 9n });
    assert.equal((await client.source(at).getParams()).minPayment, 9n);
    const asProvider = await set.connect("provider");
    await asProvider.nexus.register(at, address("provider"), 1);
    const sent = await controller.publishTask({ source: at, config: "ipfs://c", expiryTime: now() + 600, payment: 9n });
    const job = controller.extractTaskAddress(sent);
    assert.equal(await vault.getFrozenPayment(address("client")) >= 9n, true);
    await asProvider.nexus.attempt(job, address("provider"), 1n);
    await asProvider.nexus.unregister(at, address("provider"));
    await nexus.inactivateSource(at);
    const other = controller.extractTaskAddress(await controller.publishTask({ source, config: "ipfs://c", expiryTime: now() + 600, payment: 9n }));
    await controller.cancelTask(other);
    const third = await set.task(source);
    const answer = await set.respond(third, "{}", "provider");
    await controller.confirmResponse(answer);

    await terminal.setAgent(address("agent"), true);
    assert.equal(await terminal.isAgentOf(address("client"), address("agent")), true);
    await terminal.revokeAgent(address("agent"));
    await terminal.setDefaultAgentDisabled(true);
    const asMaster2 = await set.connect("master2");
    const asProvider2 = await set.connect("provider2");
    await asMaster2.terminal.removeProvider(address("provider2"));
    await asProvider2.terminal.announceMaster(address("master2"));
    const announced = await asMaster2.terminal.announceProvider(address("provider2"), 77n);
    assert.deepEqual(asMaster2.decodeEvents(announced).map(({ type, amount }) => [type, amount]), [["deposited", 77n], ["providerAnnounced", undefined]]);
    await asMaster2.terminal.removeContainer(address("provider2"), source);
    await set.getters({
      getMasterOf: [() => terminal.getMasterOf(address("provider2")), address("master2")],
      getProviderOf: [() => terminal.getProviderOf(address("master2")), address("provider2")],
      "getMasterOf a stranger": [() => terminal.getMasterOf(address("stranger")), undefined],
      getBaseDataOf: [() => terminal.getBaseDataOf(address("stranger")), ""],
      getLiveDataOf: [() => terminal.getLiveDataOf(address("stranger")), ""],
      isMaster: [() => terminal.isMaster(address("master2")), true],
      isProvider: [() => terminal.isProvider(address("master2")), false],
      isAgentOf: [() => terminal.isAgentOf(address("client"), address("agent")), false],
      isDefaultAgentDisabled: [() => terminal.isDefaultAgentDisabled(address("client")), true],
    });

    const mine = await set.connect("client2");
    const deposit = await mine.vault.deposit(address("client2"), 100n);
    assert.deepEqual(mine.decodeEvents(deposit).map(({ type, account, amount }) => [type, account, amount]), [["deposited", address("client2"), 100n]]);
    await mine.vault.withdraw(10n);
    await mine.vault.lock(50n);
    await mine.vault.unbond(20n);
    await mine.vault.cancelUnbonding();
    await mine.vault.unbond(30n);
    const account = address("client2");
    await set.getters({
      getBalanceOf: [() => vault.getBalanceOf(account), 40n], getLockupOf: [() => vault.getLockupOf(account), 20n], getUnbondingOf: [() => vault.getUnbondingOf(account), 30n],
      getUnbondingTimestamp: [() => vault.getUnbondingTimestamp(account), Number((await set.reader.getBlock()).timestamp) + 604800],
      getTotalEarningsOf: [() => vault.getTotalEarningsOf(account), 0n], getFrozenPayment: [() => vault.getFrozenPayment(account), 0n],
      getSanctionOf: [() => vault.getSanctionOf(account), 0n], isEligible: [() => vault.isEligible(account), true], isWhitelisted: [() => vault.isWhitelisted(account), false],
      getMinLockupPerSource: [() => vault.getMinLockupPerSource(), parseEther("0.01")], getUnbondingPeriod: [() => vault.getUnbondingPeriod(), 604800],
      getAccount: [() => vault.getAccount(account), { balance: 40n, totalEarnings: 0n }],
    });
  });

  test("each refusal has its class, with the chain's own values", async () => {
    const dear = await set.source({ minAvailableLockup: parseEther("80") });
    const asProvider = await set.connect("provider");
    await assert.rejects(asProvider.provider(address("provider")).registerTo(dear, 1), (error) => {
      assert.ok(error instanceof InsufficientLockupError);
      return is("insufficientLockup", { account: address("provider"), required: parseEther("80"), available: parseEther("50") })(error);
    });
    const poor = await set.connect("provider2");
    await poor.vault.unbond(await poor.vault.getLockupOf(address("provider2")));
    await assert.rejects(poor.nexus.register(source, address("provider2"), 1), is("insufficientLockup", { required: parseEther("0.01"), available: 0n }));
    await set.write("deployer", "Vault", "sanction", [address("provider"), 1n]);
    await assert.rejects(asProvider.nexus.register(source, address("provider"), 1), is("notEligible", { account: address("provider") }));
    await set.write("deployer", "Vault", "waive", [address("provider"), 1n]);

    const refuser = await set.deployHelper("Refuser");
    const odd = await set.wallet("client");
    const { vault } = await Ogpu.connect({ wallet: odd, network: { ...set.network, contracts: { ...set.contracts, vault: refuser } } });
    const windows = () => odd.requests.filter(({ method }) => method === "eth_sendTransaction").length;
    const me = address("client");
    for (const [how, kind, code, fields] of [
      [1n, UnauthorizedAccountError, "unauthorizedAccount", { account: me }],
      [2n, UnauthorizedAccountError, "unauthorizedAccount", { account: me, role: keccak256(toHex("JUDGE")) }],
      [3n, ContractPanicError, "contractPanic", { panicCode: 1 }],
      [4n, TxRevertError, "txRevert", { reason: "words of its own" }],
      [5n, TxRevertError, "txRevert", {}],
    ]) {
      await assert.rejects(vault.lock(how), (error) => error instanceof kind && is(code, fields)(error));
    }
    await assert.rejects(vault.lock(6n), is("insufficientBalance"), "reasons are found inside other words too");
    assert.equal(windows(), 0, "no window opened");
    const testnet = await set.readOnly({ chainId: 200820172034 });
    const [, requests] = await set.counted(() =>
      assert.rejects(testnet.vault.cancelUnbonding(), (error) => error instanceof NotOnNetworkError && error.chainId === 200820172034 && /cancelUnbonding/.test(error.function)));
    assert.equal(requests, 0);
  });

  test("who loses a race after the simulation pays its gas, and is told so", async () => {
    const task = await set.task(source, {}, "client");
    const faster = async ({ method }) => {
      if (method === "eth_sendTransaction") {
        if (!(await set.read("Source", "isRegistered", [address("provider")], source))) await set.write("provider", "Nexus", "register", [source, address("provider"), 1]);
        await set.write("provider", "Nexus", "attempt", [task, address("provider"), 1n]);
      }
      return true;
    };
    const slower = await set.connect("client", { approve: faster });
    const before = await slower.getBalance();
    await assert.rejects(slower.cancelTask(task), (error) => {
      assert.match(error.message, /was mined and reverted: AlreadyFinalized \(taskInProgress\); only its gas was paid/);
      assert.doesNotMatch(error.message, /nothing was sent/);
      return is("txRevert", { reason: "AlreadyFinalized (taskInProgress)" })(error) && /^0x[0-9a-f]{64}$/.test(error.hash);
    });
    assert.ok((await slower.getBalance()) < before, "its gas");
    await assert.rejects(slower.cancelTask(task), is("taskInProgress", { status: "ATTEMPTED" }));
  });

  test("unbonding takes its time", async () => {
    const mine = await set.connect("client2");
    await assert.rejects(mine.vault.claim(), (error) => {
      assert.ok(error instanceof UnbondingPeriodNotElapsedError);
      assert.equal(error.account, address("client2"));
      assert.ok(error.remainingSeconds > 600000 && error.remainingSeconds <= 604800, String(error.remainingSeconds));
      return true;
    });
    await set.rpc("evm_increaseTime", 604801);
    await set.rpc("evm_mine");
    const receipt = await mine.provider(address("client2")).claimEarnings();
    assert.deepEqual(mine.decodeEvents(receipt).map(({ type, amount }) => [type, amount]), [["claimed", 30n]]);
  });
});
