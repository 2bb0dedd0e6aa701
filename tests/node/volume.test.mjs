// Many events: twenty thousand in one call, a hundred thousand in flat memory.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { stage } from "./stage.mjs";

const TOTAL = 100_000;
const PER_BLOCK = 2500;

describe("many events", () => {
  let set, client, start;
  before(async () => {
    // As public nodes do: not too many blocks at once.
    set = await stage({
      answer(requests) {
        const asked = requests.find(({ method }) => method === "eth_getLogs");
        if (!asked || Number(asked.params[0].toBlock) - Number(asked.params[0].fromBlock) < 8) return undefined;
        return { body: requests.map(({ id, method }) => ({ jsonrpc: "2.0", id, ...(method === "eth_getLogs" ? { error: { code: -32005, message: "block range too wide" } } : { result: method === "eth_chainId" ? "0x7a69" : "0xfff" }) })) };
      },
    });
    const emitter = await set.deployHelper("Emitter");
    await set.rpc("anvil_setCode", set.contracts.vault, await set.rpc("eth_getCode", emitter, "latest"));
    start = (await set.reader.getBlockNumber()) + 1n;
    for (let from = 0; from < TOTAL; from += PER_BLOCK) {
      await set.write("deployer", "Emitter", "deposits", [BigInt(from), BigInt(PER_BLOCK)], { at: set.contracts.vault, gas: 10_000_000n });
    }
    client = await set.readOnly();
  });
  after(() => set?.stop());

  test("twenty thousand in one call", async () => {
    await client.getEvents({ toBlock: 0n });
    const [events, requests] = await set.counted(() => client.getEvents({ events: ["deposited"], fromBlock: start, toBlock: start + 7n }));
    assert.deepEqual(events.map(({ amount }) => Number(amount)), Array.from({ length: 20_000 }, (_, index) => index));
    assert.equal(events[19_999].account.toLowerCase(), `0x${(19_999).toString(16).padStart(40, "0")}`);
    // How long it takes beside others is in the benchmark `decode`.
    assert.equal(requests, 1);
  });

  test("a hundred thousand through a watcher, none lost, none doubled, in flat memory", async () => {
    const memory = () => process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    let [next, early, most] = [0, 0, 0];
    for await (const { amount } of client.watch({ events: ["deposited"], fromBlock: start, pollInterval: 0.05 })) {
      assert.equal(Number(amount), next);
      next += 1;
      if (next % 5000 === 0) {
        most = Math.max(most, memory());
        if (next === TOTAL / 4) early = most;
      }
      if (next === TOTAL) break;
    }
    assert.ok(most < early * 1.5 + (32 << 20), `${(early / 2 ** 20).toFixed(0)} MiB after a quarter, ${(most / 2 ** 20).toFixed(0)} MiB at most`);
  });
});
