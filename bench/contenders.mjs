// The libraries on a devnet, each with a wallet of its own, all doing the same four calls.
import { clients } from "../tests/devnet/chain.mjs";
import { createWallet } from "../tests/devnet/wallet.mjs";
import { build } from "esbuild";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { LIBRARIES } from "./bundles.mjs";
import { root } from "./build.mjs";

// What a wallet answers out of its own head, and what only it can do. Everything else it must ask its node.
const OWN = /^(eth_accounts|eth_requestAccounts|eth_chainId|eth_sendTransaction|wallet_.*)$/;

/**
 * How the devnet mines: at once, and a block each second besides. viem and ethers look for a receipt once and then wait for
 * the next block, which without the second part may never come.
 */
export const BLOCKS = ["--mixed-mining", "--block-time", "1"];

/** An application of `bench/apps` for Node, where `ogkit/ogpu` is the built package. */
async function load(library) {
  const outfile = join(root, `target/bench-node/${library}.mjs`);
  mkdirSync(join(root, "target/bench-node"), { recursive: true });
  // Libraries stay outside, as they are in Node; only the package's name is replaced by its place.
  await build({
    entryPoints: [join(root, `bench/apps/${library}.mjs`)], outfile, bundle: true, format: "esm", platform: "node", target: "node20", logLevel: "error",
    external: ["viem", "ethers"],
    plugins: [{ name: "ogkit", setup: ({ onResolve }) => onResolve({ filter: /^ogkit\// }, () => ({ path: pathToFileURL(join(root, "pkg/ogpu.js")).href, external: true })) }],
  });
  return import(pathToFileURL(outfile).href);
}

/**
 * @param {any} devnet @param {any} network where the reads go @param {any} python
 * @param {{ settled?: () => boolean }} [options] `settled`: the wallet answers once its transaction is mined, so that nobody has
 *   to look twice
 * @returns {Promise<Record<string, { publishTask: Function, snapshot: Function, responses: Function, confirm: Function, asked(): number }>>}
 *   `asked` counts what the library asked the wallet's node for
 */
export async function contenders(devnet, network, python, { settled = () => true } = {}) {
  const { privateKey } = devnet.accounts.find(({ role }) => role === "client");
  const { reader } = clients(devnet.rpcUrl, devnet.chainId);
  const found = {};
  for (const library of LIBRARIES) {
    const { connect } = await load(library);
    const wallet = createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId });
    let asked = 0;
    const request = async (request) => {
      asked += OWN.test(request.method) ? 0 : 1;
      const answer = await wallet.request(request);
      if (request.method === "eth_sendTransaction" && settled()) await reader.waitForTransactionReceipt({ hash: answer });
      return answer;
    };
    const counted = { ...wallet, request };
    found[library] = { ...(await connect({ wallet: counted, network })), asked: () => asked };
  }
  if (python) {
    await python.call("configure", network.rpcUrl, network.contracts, network.pinUrl);
    found["ogpu (Python)"] = {
      publishTask: ({ source, config, expiryTime, payment }) => python.call("publish_task", privateKey, source, config.data, expiryTime, String(payment)),
      snapshot: (task) => python.call("snapshot", task),
      responses: async (task) => (await python.call("responses", task)).map((address) => ({ address })),
      confirm: (response) => python.call("confirm", privateKey, response.address),
      asked: () => 0,
    };
  }
  return found;
}

/** What is published: as little as a task can be. */
export const taskOf = (source) => ({
  source, config: { functionName: "predict", data: { text: "I love it" } }, expiryTime: Math.floor(Date.now() / 1000) + 3600, payment: 10n ** 15n,
});

/** A source to publish tasks for, and money in the vault. */
export async function prepare({ package: { Ogpu, clearAllNonceCaches }, devnet, network }) {
  // Another devnet of this process may have had the same chain id and account.
  await clearAllNonceCaches();
  const { privateKey } = devnet.accounts.find(({ role }) => role === "client");
  const wallet = createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId });
  const ogpu = await Ogpu.connect({ wallet, network });
  await ogpu.vault.deposit(ogpu.account, 10n ** 19n);
  const { address } = await ogpu.publishSource({
    name: "bench", description: "what the benchmark publishes tasks for", logoUrl: "", imageEnvs: { cpu: "https://example.com/cpu.yml" },
    minPayment: 1n, minAvailableLockup: 1n, maxExpiryDuration: 86400,
  });
  return { ogpu, source: address };
}
