// `make bench`: every figure beside its peers, in one run. `node bench/main.mjs name …` measures only these subjects and
// writes nothing but the table.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";

import { build, exports, root } from "./build.mjs";
import { bundleAll } from "./bundles.mjs";
import { picture } from "./picture.mjs";
import { startPython } from "./python.mjs";
import { table } from "./table.mjs";
import { networkOf, startDevnet } from "../tests/devnet/index.mjs";

const SUBJECTS = ["download", "first-call", "encode", "decode", "typed-data", "keccak", "cid", "sse", "llm", "requests", "job", "dapp"];

const wanted = process.argv.slice(2);
for (const name of wanted) if (!SUBJECTS.includes(name)) throw new Error(`no subject ${name}; there are ${SUBJECTS.join(", ")}`);

const skipped = [];
const skip = (what) => void (skipped.push(what), console.error(`bench: skipped: ${what}`));
const version = (name) => JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;

build();
await bundleAll();
const devnet = await startDevnet();
const python = await startPython(skip);
const context = { package: await import("../pkg/ogpu.js"), bench: await exports(), network: networkOf(devnet), devnet, python, skip };
const rows = [];
// Other work on this machine stretches short times, and not everybody's alike.
let load = loadavg()[0];
let failed = false;
try {
  await python?.call("configure", devnet.rpcUrl, devnet.contracts, devnet.pinUrl);
  for (const name of SUBJECTS) {
    if (wanted.length && !wanted.includes(name)) continue;
    console.error(`bench: ${name}`);
    load = Math.max(load, loadavg()[0]);
    try {
      const { run } = await import(`./subjects/${name}.mjs`);
      rows.push(...(await run(context)).map((row) => ({ subject: name, ...row })));
    } catch (error) {
      failed = true;
      console.error(`bench: ${name} failed:`, error);
    }
  }
} finally {
  python?.stop();
  await devnet.stop();
}

const about = {
  date: new Date().toISOString(),
  node: process.version,
  cpu: `${cpus().length} × ${cpus()[0]?.model.trim() ?? "unknown"}`,
  load,
  versions: {
    ogkit: JSON.parse(readFileSync(join(root, "pkg/package.json"), "utf8")).version,
    ...Object.fromEntries(["viem", "ethers", "ipfs-unixfs-importer"].map((name) => [name, version(name)])),
    ...(python ? { "ogpu (Python)": python.version } : {}),
    ...(python?.opengradient ? { "opengradient (Python)": python.opengradient } : {}),
  },
  skipped,
};
const subtitle = `${Object.entries(about.versions).map(([name, text]) => `${name} ${text}`).join(", ")}; Node ${about.node}; ${about.cpu}; ${about.date.slice(0, 10)}`;
console.log(`\n${subtitle}\n\n${table(rows)}`);
for (const what of skipped) console.log(`* skipped: ${what}`);
if (load > cpus().length) console.log(`* the machine was busy (load ${load.toFixed(1)} on ${cpus().length} processors): take times with a grain of salt`);
if (!wanted.length) {
  mkdirSync(join(root, "target"), { recursive: true });
  writeFileSync(join(root, "target/bench.json"), `${JSON.stringify({ ...about, rows }, null, 2)}\n`);
  writeFileSync(join(root, "target/bench.svg"), picture(rows, subtitle));
  console.log("\nAlso in target/bench.json and target/bench.svg.");
}
process.exit(failed ? 1 : 0);
