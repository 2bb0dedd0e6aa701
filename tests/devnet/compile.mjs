// Compiles the contracts with solc (WebAssembly) and keeps the result in target/, by the hash of what went in.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * @param {URL} [at] the folder of the contracts
 * @param {{ viaIR?: boolean }} [more] of solc's settings
 * @returns {Promise<Record<string, { abi: any[], bytecode: `0x${string}` }>>} the contracts by name
 */
export async function compile(at = new URL("contracts", import.meta.url), more = {}) {
  const folder = fileURLToPath(at);
  const names = readdirSync(folder).filter((name) => name.endsWith(".sol")).sort();
  const sources = Object.fromEntries(names.map((name) => [name, { content: readFileSync(join(folder, name), "utf8") }]));
  const key = createHash("sha256").update(JSON.stringify([sources, more])).update(readFileSync(join(root, "package-lock.json"))).digest("hex").slice(0, 16);
  const cached = join(root, `target/devnet-contracts-${key}.json`);
  if (existsSync(cached)) return JSON.parse(readFileSync(cached, "utf8"));

  const solc = require("solc");
  const input = {
    language: "Solidity",
    sources,
    settings: { optimizer: { enabled: true, runs: 200 }, evmVersion: "cancun", ...more, outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
  };
  const open = (path) => {
    try {
      return { contents: readFileSync(require.resolve(path), "utf8") };
    } catch (error) {
      return { error: String(error) };
    }
  };
  const output = JSON.parse(solc.compile(JSON.stringify(input), { import: open }));
  const errors = (output.errors ?? []).filter((error) => error.severity === "error");
  if (errors.length) throw new Error(errors.map((error) => error.formattedMessage).join("\n"));
  const contracts = {};
  for (const file of names) {
    for (const [name, { abi, evm }] of Object.entries(output.contracts[file] ?? {})) {
      if (evm.bytecode.object) contracts[name] = { abi, bytecode: `0x${evm.bytecode.object}` };
    }
  }
  mkdirSync(join(root, "target"), { recursive: true });
  // Two devnets may compile at once: the file appears whole or not at all.
  writeFileSync(`${cached}.${process.pid}`, JSON.stringify(contracts));
  renameSync(`${cached}.${process.pid}`, cached);
  return contracts;
}
