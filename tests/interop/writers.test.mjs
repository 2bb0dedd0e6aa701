// Each writer sends the very bytes that the official SDK sends, and each snapshot says the same, field by field.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { parseEther } from "../../pkg/ogpu.js";
import { accounts, address, now, stage } from "../node/stage.mjs";
import { startPeer } from "./peer.mjs";

const key = (role) => `0x${Buffer.from(accounts[role].getHdKey().privateKey).toString("hex")}`;
const int = (value) => `int:${value}`;
const inSnakes = (name) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

describe("with the official SDK", () => {
  let set, peer, clients, source, task, response, bare;
  before(async () => {
    set = await stage({ chainId: 1071 });
    peer = startPeer("peer.py");
    await peer.call("configure", set.devnet.rpcUrl, set.contracts, set.devnet.pinUrl);
    await set.fund("client");
    await set.pair("provider2", "master2");
    source = await set.source();
    [task, bare] = [await set.task(source), await set.task(source)];
    response = await set.respond(task, "ipfs://answer");
    await set.write("provider2", "Vault", "unbond", [5n]);
    // A minute ago: in the same second an unbonding would write the time that is there already, which is cheaper. The SDK's estimate, without a
    // margin, would not do a second later.
    await set.rpc("evm_increaseTime", 60);
    await set.rpc("evm_mine");
    await set.write("master", "Terminal", "setAgent", [address("agent"), true]);
    clients = Object.fromEntries(await Promise.all(["client", "provider", "provider2", "master2", "agent"].map(async (role) => [role, await set.connect(role)])));
  });
  after(async () => {
    peer?.stop();
    await set?.stop();
  });
  /** What a transaction sent. */
  const sent = async (hash) => {
    const { from, to, value, input } = await set.reader.getTransaction({ hash: hash.startsWith("0x") ? hash : `0x${hash}` });
    return { from, to, value, input };
  };
  /** Takes the chain back, once the node's pool has forgotten what is mined: else that would count for the next nonce, and be mined again. */
  const takeBack = async (place) => {
    while (Number((await set.rpc("txpool_status")).pending)) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.equal(await set.rpc("evm_revert", place), true);
  };
  /** A transaction of theirs that failed, as the chain has it. */
  const explained = async (error) => {
    const hash = /[0-9a-f]{64}/.exec(error.message)?.[0];
    if (hash) error.message += ` ${JSON.stringify([await set.rpc("eth_getTransactionByHash", `0x${hash}`), await set.rpc("eth_getTransactionReceipt", `0x${hash}`)])}`;
    throw error;
  };
  /** Both send the same, from the same state of the chain. */
  const same = async (role, name, ours, target, theirs, args) => {
    const place = await set.rpc("evm_snapshot");
    clients[role].resetNonceCache();
    const receipt = await ours(clients[role]);
    const mine = await sent(typeof receipt === "string" ? receipt : receipt.hash);
    await takeBack(place);
    const again = await set.rpc("evm_snapshot");
    const other = await sent(await peer.call("write", key(role), target, theirs, args).catch(explained));
    await takeBack(again);
    clients[role].resetNonceCache();
    assert.deepEqual(mine, other, name);
  };

  test("each writer", async () => {
    const [provider, provider2, master2, agent] = ["provider", "provider2", "master2", "agent"].map(address);
    const terms = {
      client: address("client"), imageMetadataUrl: "ipfs://é", imageEnvironments: 5, minPayment: 3n, minAvailableLockup: 4n, maxExpiryDuration: 3600n,
      privacyEnabled: true, optionalParamsUrl: "ipfs://o", deliveryMethod: "FIRST_RESPONSE", lastUpdateTime: 9n,
    };
    const theirTerms = { struct: "SourceParams", ...Object.fromEntries(Object.entries(terms).map(([name, value]) => [name, typeof value === "bigint" || typeof value === "number" ? int(value) : value])) };
    const expiryTime = now() + 600;
    const theirTask = { struct: "TaskParams", source, config: "ipfs://c", expiryTime: int(expiryTime), payment: int(7) };
    const P = `Provider:${provider2}`;
    const M = `Master:${master2}`;
    const actor = (client) => client.provider(provider2);
    const owner = (client) => client.master(master2);
    const rows = [
      ["client", (c) => c.nexus.publishSource(terms), "nexus", "publish_source", [theirTerms]],
      ["client", (c) => c.nexus.updateSource(source, terms), "nexus", "update_source", [source, theirTerms]],
      ["client", (c) => c.source(source).setParams(terms), `Source:${source}`, "set_params", [theirTerms]],
      ["client", (c) => c.nexus.inactivateSource(source), "nexus", "inactivate_source", [source]],
      ["client", (c) => c.source(source).inactivate(), `Source:${source}`, "inactivate", []],
      ["client", (c) => c.inactivateSource(source), "client", "inactivate_source", [source]],
      ["client", (c) => c.controller.publishTask({ source, config: "ipfs://c", expiryTime, payment: 7n }), "controller", "publish_task", [theirTask]],
      ["client", (c) => c.controller.cancelTask(bare), "controller", "cancel_task", [bare]],
      ["client", (c) => c.task(bare).cancel(), `Task:${bare}`, "cancel", []],
      ["client", (c) => c.cancelTask(bare), "client", "cancel_task", [bare]],
      ["client", (c) => c.controller.confirmResponse(response), "controller", "confirm_response", [response]],
      ["client", (c) => c.response(response).confirm(), `Response:${response}`, "confirm", []],
      ["client", (c) => c.confirmResponse(response), "client", "confirm_response", [response]],
      ["client", (c) => c.setAgent(agent, true), "client", "set_agent", [agent, true]],
      ["client", (c) => c.terminal.setAgent(agent, false), "terminal", "set_agent", [agent, false]],
      ["client", (c) => c.terminal.revokeAgent(agent), "terminal", "revoke_agent", [agent]],
      ["provider2", (c) => c.terminal.announceMaster(master2), "terminal", "announce_master", [master2]],
      ["provider2", (c) => actor(c).announceMaster(master2), P, "announce_master", [master2]],
      ["master2", (c) => c.terminal.announceProvider(provider2, 11n), "terminal", "announce_provider", [provider2, int(11)]],
      ["master2", (c) => owner(c).announceProvider(provider2, 12n), M, "announce_provider", [provider2, int(12)]],
      ["master2", (c) => c.terminal.removeProvider(provider2), "terminal", "remove_provider", [provider2]],
      ["master2", (c) => owner(c).removeProvider(provider2), M, "remove_provider", [provider2]],
      ["master2", (c) => c.terminal.removeContainer(provider2, source), "terminal", "remove_container", [provider2, source]],
      ["master2", (c) => owner(c).removeContainer(provider2, source), M, "remove_container", [provider2, source]],
      ["master2", (c) => owner(c).setAgent(agent, true), M, "set_agent", [agent, true]],
      ["master2", (c) => owner(c).depositToVault(9n), M, "deposit_to_vault", [int(9)]],
      ["provider2", (c) => c.terminal.setDefaultAgentDisabled(true), "terminal", "set_default_agent_disabled", [true]],
      ["provider2", (c) => actor(c).setDefaultAgentDisabled(false), P, "set_default_agent_disabled", [false]],
      ["provider2", (c) => c.nexus.register(source, provider2, 4), "nexus", "register", [source, provider2, int(4)]],
      ["provider2", (c) => actor(c).registerTo(source, 1), P, "register_to", [source, int(1)]],
      ["agent", (c) => c.agent.unregisterFrom(source, provider), "agent", "unregister_from", [source, provider]],
      ["agent", (c) => c.agent.attempt(bare, provider, 6n), "agent", "attempt", [bare, provider, int(6)]],
      ["provider", (c) => c.nexus.attempt(bare, provider, 6n), "nexus", "attempt", [bare, provider, int(6)]],
      ["provider", (c) => c.provider(provider).attempt(bare, 2n), `Provider:${provider}`, "attempt", [bare, int(2)]],
      ["provider", (c) => c.nexus.unregister(source, provider), "nexus", "unregister", [source, provider]],
      ["provider", (c) => c.provider(provider).unregisterFrom(source), `Provider:${provider}`, "unregister_from", [source]],
      ["client", (c) => c.vault.deposit(agent, 13n), "vault", "deposit", [agent, int(13)]],
      ["provider2", (c) => c.vault.withdraw(1n), "vault", "withdraw", [int(1)]],
      ["provider2", (c) => c.vault.lock(parseEther("0.1")), "vault", "lock", [int(parseEther("0.1"))]],
      ["provider2", (c) => c.vault.unbond(2n), "vault", "unbond", [int(2)]],
      ["provider2", (c) => c.vault.cancelUnbonding(), "vault", "cancel_unbonding", []],
      ["provider2", (c) => actor(c).stake(3n), P, "stake", [int(3)]],
      ["provider2", (c) => actor(c).unstake(3n), P, "unstake", [int(3)]],
      ["provider2", (c) => actor(c).cancelUnbonding(), P, "cancel_unbonding", []],
      ["provider2", (c) => actor(c).withdrawFromVault(3n), P, "withdraw_from_vault", [int(3)]],
      ["provider2", (c) => actor(c).depositToVault(3n), P, "deposit_to_vault", [int(3)]],
      ["client", (c) => c.vault.claim(), "vault", "claim", []],
      ["client", (c) => c.provider(address("client")).claimEarnings(), `Provider:${address("client")}`, "claim_earnings", []],
    ];
    for (const [role, ours, target, theirs, args] of rows) await same(role, `${target}.${theirs}`, ours, target, theirs, args);
  });

  test("each snapshot", async () => {
    await clients.client.confirmResponse(response);
    const { client } = clients;
    const objects = { Source: client.source(source), Task: client.task(task), Response: client.response(response), Provider: client.provider(address("provider2")), Master: client.master(address("master2")) };
    for (const [kind, object] of Object.entries(objects)) {
      const [ours, theirs] = [await object.snapshot(), await peer.call("snapshot", `${kind}:${object.address}`)];
      const seen = new Set();
      const compare = (mine, other, where) => {
        for (const [name, value] of Object.entries(mine)) {
          const there = name in other ? name : inSnakes(name);
          if (!(there in other)) continue;
          seen.add(where ? where : there);
          if (typeof value === "object") compare(value, other[there], `${where}${there}`);
          else if (name === "deliveryMethod" && where) assert.equal(other[there], value === "FIRST_RESPONSE" ? "1" : "0");
          else assert.equal(other[there], typeof value === "bigint" || typeof value === "number" ? String(value) : value, `${kind}.${where}${name}`);
        }
      };
      compare(ours, theirs, "");
      // Ours has a response's terms among its fields.
      if (kind === "Response") compare(ours, theirs.params, "params");
      assert.deepEqual(Object.keys(theirs).filter((name) => !seen.has(name)), [], `${kind}: fields of theirs that ours lacks`);
    }
  });
});
