// Starts the official Python SDK and calls it.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

export function startPeer() {
  const child = spawn(path("../../.venv/bin/python"), ["-W", "ignore", path("peer.py")], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async call(call, ...args) {
      child.stdin.write(`${JSON.stringify({ call, args })}\n`);
      const { value, done } = await lines.next();
      assert.ok(!done, "the peer ended");
      const { result, error, message } = JSON.parse(value);
      if (error) throw Object.assign(new Error(message), { name: error });
      return result;
    },
    stop: () => child.kill(),
  };
}
