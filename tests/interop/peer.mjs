// Starts an official Python SDK as a peer: one JSON request a line in, one answer a line out.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const PYTHON = process.env.OGKIT_PYTHON ?? path("../../.venv/bin/python");

/** @param {string} script the file beside this one that knows the SDK @param {Record<string, string>} [env] */
export function startPeer(script, env = {}) {
  const child = spawn(PYTHON, ["-W", "ignore", path(script)], { stdio: ["pipe", "pipe", "inherit"], env: { ...process.env, ...env } });
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
