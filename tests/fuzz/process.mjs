// Node as a host: a process with the cases in it.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const script = fileURLToPath(new URL("node.mjs", import.meta.url));
/** A trap ends the process by itself. */
const EXPECTED = [0, 3];

export async function node() {
  return {
    /** Cases from `first` on. @returns {Promise<{ ended: Promise<{ died?: string }>, kill(): void }>} `ended` tells why, where it did not end by itself */
    async run({ first, count }, tell) {
      const env = { ...process.env, FIRST: String(first), ...(count ? { COUNT: String(count) } : {}) };
      const child = spawn(process.execPath, ["--max-old-space-size=2048", "--expose-gc", script], { env, stdio: ["ignore", "pipe", "pipe"] });
      let words = "";
      child.stderr.on("data", (data) => (words = (words + data).slice(-2000)));
      createInterface({ input: child.stdout }).on("line", (line) => {
        try {
          tell(JSON.parse(line));
        } catch {
          // What somebody else printed.
        }
      });
      const ended = new Promise((resolve) => child.on("close", (code, signal) => resolve(signal || EXPECTED.includes(code) ? {} : { died: words.slice(-400) || `exit code ${code}` })));
      return { ended, kill: () => child.kill("SIGKILL") };
    },
    async stop() {},
  };
}
