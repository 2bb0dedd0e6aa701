// The devnet behaves as the deployed network does: the same ABI, the same reverts by name, escrow to the wei, the
// getters' inclusive bounds, the services' HTTP interface.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { keccak256, parseEther, parseEventLogs, toEventSelector, toFunctionSelector, toHex } from "viem";
import { formatAbiItem } from "viem/utils";

import { accounts, clients } from "./chain.mjs";
import { compile } from "./compile.mjs";
import { startDevnet } from "./index.mjs";
import { run } from "./provider.mjs";

test("every function, event and error of the official ABI is there", async () => {
  const vectors = JSON.parse(readFileSync(new URL("../vectors/ogpu-abi.json", import.meta.url), "utf8"));
  const contracts = await compile();
  for (const [name, entries] of Object.entries(vectors.chains.mainnet)) {
    const ours = new Set(
      contracts[name].abi
        .filter((item) => item.type !== "constructor")
        .map((item) => (item.type === "event" ? toEventSelector(item) : item.type === "error" ? keccak256(toHex(formatAbiItem(item))).slice(0, 10) : toFunctionSelector(item))),
    );
    for (const { kind, signature, hash } of entries) assert.ok(ours.has(hash), `${name}: ${kind} ${signature}`);
  }
});

describe("the contracts", () => {
  let devnet, reader, wallet;
  const by = (role) => wallet(accounts[role]);
  const address = (name) => devnet.contracts[name.toLowerCase()];
  before(async () => {
    devnet = await startDevnet({ provider: false });
    ({ reader, wallet } = clients(devnet.rpcUrl, devnet.chainId));
  });
  after(() => devnet?.stop());

  const write = async (role, name, functionName, args = [], value = 0n, at = address(name)) => {
    const { request } = await reader.simulateContract({ account: accounts[role], address: at, abi: devnet.abi[name], functionName, args, value });
    return reader.waitForTransactionReceipt({ hash: await by(role).writeContract(request) });
  };
  const read = (name, at, functionName, args = []) => reader.readContract({ address: at, abi: devnet.abi[name], functionName, args });
  const event = (receipt, eventName) => parseEventLogs({ abi: devnet.abi.Nexus, logs: receipt.logs, eventName })[0]?.args;
  const reverts = (call, reason) =>
    assert.rejects(call, (error) => {
      const found = error.walk?.((cause) => cause.data ?? cause.reason);
      const text = found?.reason ?? found?.data?.errorName ?? error.message;
      assert.match(text, new RegExp(reason));
      return true;
    });
  const now = async () => (await reader.getBlock()).timestamp;
  const balance = (role) => read("Vault", address("Vault"), "balanceOf", [accounts[role].address]);

  const publishSource = async (more = {}) => {
    const params = {
      client: accounts.client.address, imageMetadataUrl: "u", imageEnvironments: 1, minPayment: 10n, minAvailableLockup: parseEther("1"),
      maxExpiryDuration: 3600n, privacyEnabled: false, optionalParamsUrl: "", deliveryMethod: 0, lastUpdateTime: await now(), ...more,
    };
    return event(await write("client", "Nexus", "publishSource", [params]), "SourcePublished").source;
  };
  const publishTask = async (source, more = {}) => {
    const params = { source, config: "c", expiryTime: (await now()) + 600n, payment: 100n, ...more };
    return event(await write("client", "Controller", "publishTask", [params]), "TaskPublished").task;
  };
  const answer = async (task) => {
    await write("provider", "Nexus", "attempt", [task, accounts.provider.address, 100n]);
    const receipt = await write("provider", "Nexus", "submitResponse", [{ task, provider: accounts.provider.address, data: "d", payment: 100n }]);
    return event(receipt, "ResponseSubmitted").response;
  };
  const register = (source, role = "provider") => write(role, "Nexus", "register", [source, accounts.provider.address, 1]);

  test("manual confirmation: escrow from publish to confirm", async () => {
    await write("client", "Vault", "deposit", [accounts.client.address], 1000n);
    const source = await publishSource();
    await register(source, "master");
    const start = await balance("client");
    const task = await publishTask(source);
    assert.equal(start - (await balance("client")), 100n);
    assert.equal(await read("Vault", address("Vault"), "frozenPayment", [accounts.client.address]), 100n);
    const response = await answer(task);
    assert.equal(await read("Task", task, "getStatus"), 2);
    await reverts(write("client2", "Controller", "confirmResponse", [response]), "NotOwner");
    const earned = await balance("provider");
    await write("client", "Controller", "confirmResponse", [response]);
    assert.equal((await balance("provider")) - earned, 100n);
    assert.equal(await read("Task", task, "getStatus"), 5);
    assert.equal(await read("Task", task, "winningProvider"), accounts.provider.address);
    assert.equal(await read("Vault", address("Vault"), "frozenPayment", [accounts.client.address]), 0n);
    await reverts(write("client", "Controller", "confirmResponse", [response]), "AlreadyConfirmed");
    await reverts(write("client", "Controller", "cancelTask", [task]), "AlreadyFinalized");
  });

  test("first response: it confirms itself", async () => {
    const source = await publishSource({ deliveryMethod: 1 });
    await register(source);
    const task = await publishTask(source);
    const response = await answer(task);
    assert.equal(await read("Response", response, "confirmedFinal"), true);
    assert.equal(await read("Task", task, "getStatus"), 5);
    await reverts(write("provider", "Nexus", "attempt", [task, accounts.provider.address, 1n]), "AlreadyFinalized");
  });

  test("cancel, agents, terms", async () => {
    const source = await publishSource();
    const task = await publishTask(source);
    await reverts(write("agent", "Controller", "cancelTask", [task]), "NotOwner");
    await write("client", "Terminal", "setAgent", [accounts.agent.address, true]);
    const start = await balance("client");
    await write("agent", "Controller", "cancelTask", [task]);
    assert.equal((await balance("client")) - start, 100n);
    await reverts(publishTask(source, { payment: 10n ** 30n }), "InsufficientBalance");
    await reverts(publishTask(source, { expiryTime: 1n }), "Expired");
    await reverts(write("client2", "Nexus", "inactivateSource", [source]), "NotOwner");
    await write("client", "Nexus", "inactivateSource", [source]);
    await reverts(publishTask(source), "SourceInactive");
    await reverts(register(source), "SourceInactive");
  });

  test("who may register, and with what lockup", async () => {
    const greedy = await publishSource({ minAvailableLockup: parseEther("1000") });
    await reverts(register(greedy), "InsufficientLockup");
    const source = await publishSource();
    await reverts(register(source, "client2"), "NotProvider");
    await reverts(write("client", "Terminal", "announceMaster", [accounts.master.address]), "NotProvider");
    await reverts(write("client", "Terminal", "announceProvider", [accounts.provider.address, 0n]), "NotMaster");
    await write("deployer", "Vault", "sanction", [accounts.provider.address, 1n]);
    await reverts(register(source), "NotEligible");
    await write("deployer", "Vault", "waive", [accounts.provider.address, 1n]);
    await register(source);
    await reverts(write("client", "Nexus", "setVault", [address("Vault")]), "OwnableUnauthorizedAccount");
    await reverts(write("client", "Manager", "grantRole", [toHex(1, { size: 32 }), accounts.client.address]), "AccessControlUnauthorizedAccount");
  });

  test("unbonding takes its time", async () => {
    await reverts(write("client", "Vault", "unbond", [1n]), "InsufficientLockup");
    await write("client", "Vault", "lock", [5n]);
    await write("client", "Vault", "unbond", [5n]);
    await reverts(write("client", "Vault", "claim"), "UnbondingNotElapsed");
    await write("client", "Vault", "cancelUnbonding");
    assert.equal(await read("Vault", address("Vault"), "lockupOf", [accounts.client.address]), 5n);
  });

  test("the ranged getters: inclusive, and panics where the deployed ones panic", async () => {
    const source = await publishSource();
    await register(source);
    const [one, two] = [await publishTask(source), await publishTask(source)];
    await answer(one);
    assert.deepEqual(await read("Task", one, "getAttempters", [0n, 0n]), [accounts.provider.address]);
    await reverts(read("Task", one, "getAttempters", [0n, 1n]), "out of bounds");
    await reverts(read("Task", one, "getResponsesOf", [1n, 1n]), "out of bounds");
    assert.deepEqual(await read("Source", source, "getTasks", [0n, 1n]), [one, two]);
    await reverts(read("Source", source, "getTasks", [1n, 1n]), "out of bounds");
  });

  test("expiry is written at the next attempt, and the payment comes back", async () => {
    const source = await publishSource();
    await register(source);
    const task = await publishTask(source);
    await reader.request({ method: "evm_increaseTime", params: [700] });
    await reader.request({ method: "evm_mine", params: [] });
    assert.equal(await read("Task", task, "getStatus"), 0);
    const start = await balance("client");
    await write("provider", "Nexus", "attempt", [task, accounts.provider.address, 1n]);
    assert.equal(await read("Task", task, "getStatus"), 4);
    assert.equal((await balance("client")) - start, 100n);
  });

  test("what is pinned is served, whole and as a block", async () => {
    const form = new FormData();
    form.set("file", new Blob(["hello world\n"], { type: "text/plain" }), "hello.txt");
    const { link } = await (await fetch(devnet.pinUrl, { method: "POST", body: form })).json();
    assert.ok(link.endsWith("/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"));
    assert.equal(await (await fetch(link)).text(), "hello world\n");
    const block = new Uint8Array(await (await fetch(`${link}?format=raw`)).arrayBuffer());
    assert.equal(block.length, 20);
    assert.equal((await fetch(devnet.pinUrl, { method: "POST", body: "x" })).status, 400);
    assert.equal((await fetch(`${devnet.gatewayUrl}nonsense`)).status, 400);
    assert.equal((await fetch(`${devnet.managementUrl}/api/tasks/${accounts.client.address}`)).status, 404);
  });

  test("two at once, and a clean end", async () => {
    const other = await startDevnet({ chainId: 4242 });
    assert.notEqual(other.rpcUrl, devnet.rpcUrl);
    assert.equal(await clients(other.rpcUrl, 4242).reader.getChainId(), 4242);
    await other.stop();
    await assert.rejects(fetch(other.rpcUrl, { method: "POST", body: "{}" }));
    await assert.rejects(fetch(other.pinUrl));
  });
});

test("the provider's function is real", () => {
  assert.equal(run({ function_name: "predict", data: { text: "I love it" } }).result, "positive");
  assert.equal(run({ function_name: "predict", data: { inputs: "awful, terrible" } }).result, "negative");
  assert.match(run({ function_name: "paint", data: {} }).error, /unknown function/);
  assert.match(run({ function_name: "predict", data: null }).error, /expected a text/);
});
