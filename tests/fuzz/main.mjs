// `make fuzz`: every export and method of the built package among hostile values, in Node. SECONDS=n: so long (60); SEED=x: that one case;
// FIRST=n: from this one on. It fails on a trap, an error that nobody catches, a promise that stays pending, an error without a code, a hang.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const { SECONDS = "60", SEED, FIRST } = process.env;
/** A case that says nothing for so long hangs. */
const QUIET_MS = 30_000;
const until = Date.now() + Number(SECONDS) * 1000;
const findings = new Map();
let cases = 0;

/** One process of cases, from a seed on; answers the seed to go on with. */
function batch(first) {
  return new Promise((resolve) => {
    const env = { ...process.env, FIRST: String(first), ...(SEED ? { COUNT: "1" } : {}) };
    const child = spawn(process.execPath, ["--max-old-space-size=2048", fileURLToPath(new URL("child.mjs", import.meta.url))], { env, stdio: ["ignore", "pipe", "pipe"] });
    let [seed, what, words] = [first, "", ""];
    let quiet;
    const alarm = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        add({ finding: "hang", seed, what, error: `nothing for ${QUIET_MS / 1000} seconds`, stack: [] });
        child.kill("SIGKILL");
      }, QUIET_MS);
    };
    alarm();
    child.stderr.on("data", (data) => (words = (words + data).slice(-2000)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      alarm();
      let told;
      try {
        told = JSON.parse(line);
      } catch {
        return;
      }
      if (told.at !== undefined) [seed, what] = [told.at, told.what];
      if (told.finding) add(told);
      if (told.done !== undefined) {
        cases += 1;
        seed = told.done + 1;
        if (Date.now() > until && !SEED) child.kill("SIGTERM");
      }
    });
    child.on("close", (code, signal) => {
      clearTimeout(quiet);
      if (code !== 0 && code !== 3 && signal === null) add({ finding: "the process died", seed, what, error: words.slice(-400), stack: [] });
      resolve(signal === "SIGTERM" || code === 0 ? seed : seed + 1);
    });
  });
}

function add(told) {
  const key = [told.finding, told.error.replace(/0x[0-9a-f]+|\d+/gi, "#"), told.stack[0]].join("|");
  const known = findings.get(key);
  if (known) return void (known.times += 1);
  findings.set(key, { ...told, times: 1 });
  console.log(`✖ ${told.finding}, SEED=${told.seed}\n    ${told.what}\n    ${told.error}\n    ${told.stack.join("\n    ")}`);
}

let next = Number(SEED ?? FIRST ?? (Date.now() % 1_000_000) * 1000);
const first = next;
console.log(SEED ? `seed ${SEED}` : `${SECONDS} seconds, from seed ${first} on`);
do next = await batch(next);
while (!SEED && Date.now() < until);
console.log(`${cases} cases from seed ${first} on; ${findings.size} findings`);
for (const { finding, seed, error, times } of findings.values()) console.log(`  ${times} × ${finding}: ${error.split("\n")[0]} (SEED=${seed})`);
process.exit(findings.size ? 1 : 0);
