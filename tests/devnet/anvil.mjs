// A chain of our own: anvil, spawned directly, so that ending it ends it.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const require = createRequire(import.meta.url);

function binary() {
  const platform = `@foundry-rs/anvil-${process.platform}-${{ x64: "amd64", arm64: "arm64" }[process.arch]}`;
  const anvil = require.resolve("@foundry-rs/anvil/package.json");
  return join(dirname(require.resolve(`${platform}/package.json`, { paths: [anvil] })), "bin", "anvil");
}

/**
 * @param {{ chainId: number, args?: string[] }} options
 * @returns {Promise<{ rpcUrl: string, stop(): Promise<void> }>}
 */
export async function startAnvil({ chainId, args = [] }) {
  const child = spawn(binary(), ["--host", "127.0.0.1", "--port", "0", "--chain-id", String(chainId), ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  // A crash of this process must not leave the chain behind.
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const rpcUrl = await new Promise((resolve, reject) => {
    let text = "";
    const read = (data) => {
      text += data;
      const port = /Listening on 127\.0\.0\.1:(\d+)/.exec(text)?.[1];
      if (port) resolve(`http://127.0.0.1:${port}`);
    };
    child.stdout.on("data", read);
    child.stderr.on("data", read);
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`anvil ended with ${code}: ${text}`)));
  });
  return {
    rpcUrl,
    async stop() {
      process.off("exit", kill);
      child.kill("SIGTERM");
      await ended;
    },
  };
}
