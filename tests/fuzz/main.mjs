// `make fuzz`: every export and method of the built package among hostile values, in Node and in Chrome at once. SECONDS=n: so long (60); HOST=node or
// HOST=chrome: only there; SEED=x: that one case; FIRST=n: from this one on; CASES=n: so many. It fails on a trap, an error that nobody catches, a
// promise that stays pending, an error without a code, a hang, a crash, a component that renders for ever, and memory that does not come back.
import { chrome } from "./chrome.mjs";
import { node } from "./process.mjs";

const { SECONDS = "60", SEED, FIRST, CASES, HOST, MEMORY } = process.env;
const HOSTS = { node, chrome };
const names = HOST ? [HOST] : Object.keys(HOSTS);
for (const name of names) if (!HOSTS[name]) throw new Error(`no host ${name}; there are ${Object.keys(HOSTS).join(" and ")}`);
/** A case that says nothing for so long hangs. */
const QUIET_MS = 30_000;
const until = Date.now() + Number(SECONDS) * 1000;
const wanted = SEED ? 1 : CASES ? Number(CASES) : Infinity;
const start = Number(SEED ?? FIRST ?? (Date.now() % 1_000_000) * 1000);

const findings = new Map();
function add(host, told) {
  const key = [host, told.finding, told.error.replace(/0x[0-9a-f]+|\d+/gi, "#"), told.stack[0]].join("|");
  const known = findings.get(key);
  if (known) return void (known.times += 1);
  findings.set(key, { ...told, host, times: 1 });
  console.log(`✖ ${host}: ${told.finding}, SEED=${told.seed}\n    ${told.what}\n    ${told.error}\n    ${told.stack.join("\n    ")}`);
}

/** All cases of one host, in as many runs as it takes: a trap or a crash ends one. */
async function fuzz(name) {
  const host = await HOSTS[name]();
  let [next, cases] = [start, 0];
  const isOver = () => cases >= wanted || (wanted === Infinity && Date.now() > until);
  while (!isOver()) {
    let [seed, what, quiet, stopped] = [next, "", undefined, false];
    let kill = () => {};
    const alarm = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        stopped = true;
        add(name, { finding: "hang", seed, what, error: `nothing for ${QUIET_MS / 1000} seconds`, stack: [] });
        kill();
      }, QUIET_MS);
    };
    alarm();
    const count = wanted === Infinity ? undefined : wanted - cases;
    const run = await host.run({ first: next, count }, (told) => {
      if (stopped) return;
      alarm();
      if (told.at !== undefined) [seed, what] = [told.at, told.what];
      if (told.finding) add(name, told);
      if (told.memory && MEMORY) console.log(`${name}: round ${told.round}, ${JSON.stringify(told.memory)}`);
      if (told.done === undefined) return;
      cases += 1;
      [next, seed] = [told.done + 1, told.done + 1];
      if (!isOver()) return;
      stopped = true;
      kill();
    });
    kill = run.kill;
    const { died } = await run.ended;
    clearTimeout(quiet);
    if (died) add(name, { finding: "died", seed, what, error: died, stack: [] });
    // Not again what a run ended in.
    if (!isOver()) next = Math.max(next, seed + 1);
    if (died && !what) break;
  }
  await host.stop();
  console.log(`${name}: ${cases} cases from seed ${start} on`);
}

console.log(SEED ? `seed ${SEED}` : `${CASES ? `${CASES} cases` : `${SECONDS} seconds`}, from seed ${start} on, in ${names.join(" and ")}`);
await Promise.all(names.map(fuzz));
console.log(`${findings.size} findings`);
for (const { host, finding, seed, error, times } of findings.values()) console.log(`  ${times} × ${host}: ${finding}: ${error.split("\n")[0]} (HOST=${host} SEED=${seed})`);
process.exit(findings.size ? 1 : 0);
