// The genuine Permit2: compiled from its source with its own compiler and settings. That it is the genuine one is proved by
// where it lands: the address is a hash of its code.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL("../../..", import.meta.url));

export const PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
/** The CREATE2 deployer, which anvil has from the start. */
export const DEPLOYER = "0x4e59b44847b379578588920cA78FbF26c0B4956C";
export const SALT = "0x0000000000000000000000000000000000000000d3af2663da51c10215000000";

/** @returns {`0x${string}`} Permit2's creation code */
export function permit2Code() {
  // The only npm package that has the source: the periphery of Uniswap v4.
  const folder = join(dirname(require.resolve("@uniswap/v4-periphery/package.json")), "lib/permit2");
  const sources = {};
  const add = (path) => {
    if (sources[path]) return;
    const content = readFileSync(join(folder, path), "utf8");
    sources[path] = { content };
    for (const [, target] of content.matchAll(/import[^;]*?"([^"]+)"/g)) {
      add(target.startsWith(".") ? posix.join(posix.dirname(path), target) : `lib/${target}`);
    }
  };
  add("src/Permit2.sol");
  const key = createHash("sha256").update(JSON.stringify(sources)).digest("hex").slice(0, 16);
  const cached = join(root, `target/devnet-permit2-${key}.hex`);
  if (existsSync(cached)) return readFileSync(cached, "utf8");

  const input = {
    language: "Solidity",
    sources,
    settings: {
      remappings: ["solmate/=lib/solmate/"],
      optimizer: { enabled: true, runs: 1_000_000 },
      viaIR: true,
      metadata: { bytecodeHash: "none" },
      outputSelection: { "src/Permit2.sol": { Permit2: ["evm.bytecode.object"] } },
    },
  };
  const output = JSON.parse(require("solc-0.8.17").compile(JSON.stringify(input)));
  const code = `0x${output.contracts["src/Permit2.sol"].Permit2.evm.bytecode.object}`;
  mkdirSync(join(root, "target"), { recursive: true });
  writeFileSync(`${cached}.${process.pid}`, code);
  renameSync(`${cached}.${process.pid}`, cached);
  return code;
}
