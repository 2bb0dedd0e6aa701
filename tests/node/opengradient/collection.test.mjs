// What is dropped is as good as freed: streams, clients, signals and wallets are collected once nobody uses them.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

import { ask, open } from "./stage.mjs";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc");

let stage;
before(async () => (stage = await open()));
after(() => stage?.stop());

/** Objects that are counted until they are collected. */
function census() {
  const alive = new Map();
  const registry = new FinalizationRegistry((key) => alive.delete(key));
  return {
    add(kind, object) {
      const key = Symbol(kind);
      alive.set(key, kind);
      registry.register(object, key);
      return object;
    },
    /** The kinds that are left, once collecting leaves no fewer; what finalisers free may set others free. */
    async survivors() {
      for (let [turns, least] = [0, Infinity]; turns < 40 && alive.size > 0; turns++) {
        collect();
        await new Promise((resolve) => setImmediate(resolve));
        if (alive.size < least) [turns, least] = [0, alive.size];
      }
      return [...alive.values()].sort();
    },
  };
}

test("streams, however they end, and clients that are freed or dropped", { timeout: 300_000 }, async () => {
  const { add, survivors } = census();
  const stream = async (og, kind, read) => {
    const signal = add(`signal of a ${kind} stream`, new AbortController().signal);
    await read(add(`${kind} stream`, await og.llm.chat(ask("Hello?", { stream: true, signal }))));
  };
  const streams = async (og) => {
    await stream(og, "whole", async (answer) => {
      for await (const chunk of answer) assert.equal(typeof chunk.isFinal, "boolean");
    });
    await stream(og, "gathered", (answer) => answer.text());
    await stream(og, "left", async (answer) => {
      for await (const chunk of answer) if (chunk) break;
    });
    await stream(og, "aborted", async (answer) => answer.abort());
    await stream(og, "unread", async () => undefined);
  };
  const client = async (kind, end) => {
    const { og, wallet } = await stage.connect();
    add(`wallet of a ${kind} client`, wallet);
    add(`${kind} client`, og);
    await og.llm.chat(ask("Hello?"));
    await streams(og);
    end(og);
  };
  for (let round = 0; round < 3; round++) {
    await client("freed", (og) => og.free());
    // In Node requests are pinned to the registry's certificates: who pins asks the client for them.
    await client("dropped", () => undefined);
  }
  assert.deepEqual((await survivors()).filter((kind) => !kind.startsWith("wallet")), []);
  // Who connects next clears away the wallets of those who are gone.
  await stage.connect();
  assert.deepEqual(await survivors(), []);
});
