// A receipt's events, which need no node.
import assert from "node:assert/strict";
import { test } from "node:test";
import { keccak256, toHex } from "viem";

import { Ogpu, isOgError } from "../../pkg/ogpu.js";

test("a receipt's events: the same whichever way it is read, and what is wrong with it is named", async () => {
  const at = (byte) => `0x${byte.repeat(20)}`;
  const word = (hex) => hex.replace("0x", "").padStart(64, "0");
  const nexus = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
  const contracts = { nexus, controller: at("11"), terminal: at("22"), vault: at("33") };
  const ogpu = await Ogpu.readOnly({ network: { name: "x", chainId: 1, rpcUrl: "http://x.invalid", contracts, pinUrl: "http://x.invalid", gatewayUrl: "http://x.invalid" } });
  const topics = [keccak256(toHex("Attempted(address,address,uint256)"))];
  const data = (amount) => `0x${word("0x52908400098527886E0F7030069857D2E4169EE7")}${word("0")}${word(amount.toString(16))}`;
  const log = { address: nexus, topics, data: data(5n), logIndex: 3 };
  const large = { ...log, address: nexus.toLowerCase(), data: data(2n ** 255n), logIndex: 2 ** 53 - 1 };
  const strange = { ...log, address: at("44") };
  const receipt = { hash: `0x${"AB".repeat(32)}`, blockNumber: 7n, blockHash: `0x${"0".repeat(64)}`, logs: [log, strange, large] };
  const event = { type: "attempted", task: "0x52908400098527886E0F7030069857D2E4169EE7", provider: null, blockNumber: 7n, transactionHash: receipt.hash.toLowerCase() };
  const events = [{ ...event, suggestedPayment: 5n, logIndex: 3 }, { ...event, suggestedPayment: 2n ** 255n, logIndex: 2 ** 53 - 1 }];
  assert.deepEqual(ogpu.decodeEvents(receipt), events);
  // Beyond what the quick way reads.
  assert.deepEqual(ogpu.decodeEvents({ ...receipt, blockNumber: 2n ** 64n })[0].blockNumber, 2n ** 64n - 1n);
  assert.ok(ogpu.decodeEvents(receipt).every(Object.isFrozen));
  const wrong = (bad, field) => assert.throws(() => ogpu.decodeEvents(bad), (error) => isOgError(error, "invalidInput") && error.field === field, field);
  const edited = (part) => ({ ...receipt, logs: [log, { ...log, ...part }] });
  wrong(undefined, "receipt");
  wrong({ ...receipt, blockNumber: 7 }, "receipt.blockNumber");
  wrong({ ...receipt, hash: "0xab" }, "receipt.hash");
  wrong({ ...receipt, logs: {} }, "receipt.logs");
  wrong({ ...receipt, logs: [null] }, "receipt.logs[0].data");
  wrong(edited({ address: nexus.replace("F", "f") }), "receipt.logs[1].address");
  wrong(edited({ data: `${log.data} ${topics[0]}` }), "receipt.logs[1].data");
  wrong(edited({ data: `${log.data} \n 0 0 ${nexus} 0x` }), "receipt.logs[1].data");
  wrong(edited({ topics: [topics[0].slice(2)] }), "receipt.logs[1].topics[0]");
  wrong(edited({ logIndex: 2 ** 53 }), "receipt.logs[1].logIndex");
  wrong(edited({ logIndex: "3" }), "receipt.logs[1].logIndex");
  const trap = { get data() { throw new Error("a trap"); } };
  wrong({ ...receipt, logs: [Object.assign(Object.create(trap), { address: nexus, topics, logIndex: 0 })] }, "receipt.logs[0].data");
  ogpu.free();
});
