// Runs every test, the fast ones first, and sums them up. `node scripts/test.mjs name …` runs only those layers.
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
/** Only `*.test.mjs`: given a folder, Node 20 would run the helpers beside them too. `without` names a folder in it that is left out. */
const nodeTests = (folder, name = "", without = "node_modules") => {
  const files = readdirSync(`${root}${folder}`, { recursive: true })
    .filter((file) => file.endsWith(`${name}.test.mjs`) && ![without, "node_modules"].some((folder) => file.split("/").includes(folder)))
    .sort();
  // Helpers of tools (a bundler's service, a guide's server) may outlive their test: its end is the end. A file that takes an hour hangs.
  return ["node", "--test", "--test-force-exit", "--test-timeout=3600000", "--test-reporter=spec", ...files.map((name) => `${folder}/${name}`)];
};
/** The same tests again, with the oldest version of each peer. */
const withOldest = ([node, ...args], ...more) => [node, "--import", "./tests/oldest/peers.mjs", ...args, ...more.flat().filter((word) => word.endsWith(".mjs"))];
/** Of the long ones those that a React of its own could break. */
const REACT_CHAT = "renders on a server|as it is written|StrictMode|unmounted";
const LAYERS = {
  fmt: ["cargo", "fmt", "--check"],
  clippy: ["cargo", "clippy", "--quiet", "--all-targets", "--", "-D", "warnings"],
  "clippy-wasm": ["cargo", "clippy", "--quiet", "--target", "wasm32-unknown-unknown", "--lib", "--tests", "--", "-D", "warnings"],
  native: ["cargo", "test", "--quiet"],
  simulate: ["cargo", "test", "--quiet", "--profile", "simulate", "--test", "simulate"],
  "web-node": ["wasm-pack", "test", "--mode", "no-install", "--node", "--", "--lib"],
  "web-chrome": ["wasm-pack", "test", "--mode", "no-install", "--headless", "--chrome", "--", "--lib"],
  package: ["node", "scripts/pkg.mjs"],
  types: ["npx", "--no-install", "tsc", "--project", "tests/node/types"],
  devnet: nodeTests("tests/devnet"),
  node: nodeTests("tests/node"),
  fuzz: nodeTests("tests/fuzz"),
  "wallet-types": ["npx", "--no-install", "tsc", "--project", "tests/wallets/types"],
  wallets: nodeTests("tests/wallets"),
  react: nodeTests("tests/react"),
  tarball: nodeTests("tests/package", "package"),
  matrix: nodeTests("tests/package", "matrix"),
  oldest: withOldest(nodeTests("tests/package", "peers"), nodeTests("tests/wallets", "", "real"), nodeTests("tests/node/agents"), nodeTests("tests/react", "react")),
  "oldest-chat": withOldest(["node", `--test-name-pattern=${REACT_CHAT}`, ...nodeTests("tests/react", "chat").slice(1)]),
  "dapp-types": ["npx", "--no-install", "tsc", "--project", "www"],
  dapp: ["npx", "--no-install", "vite", "build", "--config", "www/vite.config.ts", "--logLevel", "warn"],
  docs: nodeTests("tests/docs"),
  e2e: nodeTests("tests/e2e"),
  interop: nodeTests("tests/interop"),
};

const wanted = process.argv.slice(2);
for (const name of wanted) if (!LAYERS[name]) throw new Error(`no layer ${name}; there are ${Object.keys(LAYERS).join(", ")}`);

const results = [];
let passed = 0;
let failed = 0;
for (const [name, [command, ...args]] of Object.entries(LAYERS)) {
  if (wanted.length && !wanted.includes(name)) continue;
  console.log(`\n── ${name}: ${[command, ...args].join(" ")}`);
  const started = Date.now();
  // The same tests, told by the environment where to run.
  const env = name === "web-chrome" ? { ...process.env, CHROMEDRIVER: "/usr/bin/chromedriver", WASM_BINDGEN_USE_BROWSER: "1", WASM_BINDGEN_TEST_TIMEOUT: "600", WASM_BINDGEN_TEST_DRIVER_TIMEOUT: "120" } : process.env;
  const { status, stdout } = spawnSync(command, args, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"], encoding: "utf8", maxBuffer: 1 << 28 });
  process.stdout.write(stdout ?? "");
  const sum = (pattern) => [...(stdout ?? "").matchAll(pattern)].reduce((total, [, count]) => total + Number(count), 0);
  passed += sum(/test result: .*?(\d+) passed/g) + sum(/^ℹ pass (\d+)/gm);
  failed += sum(/test result: .*?(\d+) failed/g) + sum(/^ℹ fail (\d+)/gm);
  results.push([name, status === 0, ((Date.now() - started) / 1000).toFixed(1)]);
  if (status !== 0) {
    failed = Math.max(failed, 1);
    break;
  }
}

console.log("");
for (const [name, good, seconds] of results) console.log(`${good ? "✔" : "✖"} ${name.padEnd(12)} ${seconds.padStart(7)} s`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed ? 1 : 0);
