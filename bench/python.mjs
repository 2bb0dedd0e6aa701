// The Python peers, where they are installed.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** @param {(what: string) => void} skip @param {Record<string, string>} [env] @returns {Promise<{ call(name: string, ...args: unknown[]): Promise<any>, stop(): void } | undefined>} */
export async function startPython(skip, env = {}) {
  const python = path("../.venv/bin/python");
  if (!existsSync(python)) return void skip("ogpu (Python): there is no .venv; `make setup` makes it");
  const child = spawn(python, ["-W", "ignore", path("peer.py")], { stdio: ["pipe", "pipe", "pipe"], env: { ...process.env, ...env } });
  let said = "";
  child.stderr.on("data", (data) => (said = (said + data).slice(-2000)));
  child.stdin.on("error", () => {});
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const peer = {
    async call(name, ...args) {
      child.stdin.write(`${JSON.stringify({ call: name, args })}\n`);
      const { value, done } = await lines.next();
      if (done) throw new Error(`the Python peer ended: ${said}`);
      const { result, error } = JSON.parse(value);
      if (error) throw new Error(`the Python peer: ${error}`);
      return result;
    },
    stop: () => child.kill(),
  };
  try {
    peer.version = await peer.call("version", "ogpu");
    peer.opengradient = await peer.call("version", "opengradient").catch(() => skip("opengradient (Python): not installed in .venv"));
    return peer;
  } catch (error) {
    peer.stop();
    return void skip(`ogpu (Python): it does not start: ${error.message.trim().split("\n").at(-1)}`);
  }
}
