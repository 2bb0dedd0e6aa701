// `make devnet`: both networks in the foreground. Writes target/devnet.json and target/devnet-opengradient.json (or into the
// folder that is given), ends clean at a signal.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { startDevnet } from "./index.mjs";
import { networkOf, startOpenGradient } from "./opengradient/index.mjs";

const folder = process.argv[2] ?? fileURLToPath(new URL("../../target", import.meta.url));
mkdirSync(folder, { recursive: true });
const ends = [];
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    for (const end of ends) await end();
    process.exit(0);
  });
}

/** What a dApp needs to know, as long as it is true. */
function write(name, value) {
  const file = join(folder, name);
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
  ends.push(() => rmSync(file, { force: true }));
  return file;
}

const { abi, stop, ...json } = await startDevnet({ log: (text) => console.log(`provider: ${text}`) });
ends.push(stop);
const file = write("devnet.json", json);
console.log(`devnet: OpenGPU on chain ${json.chainId} at ${json.rpcUrl}, IPFS at ${json.gatewayUrl}; see ${file}; ${Object.keys(abi).length} contracts`);

// An answer's words come one by one, and a session lasts as long as somebody may want to type.
const opengradient = await startOpenGradient({ pause: 40, idle: 100_000 });
ends.push(() => opengradient.stop());
const { accounts, credentials, models, workflows, shopUrl, grpcWebUrl } = opengradient;
const other = write("devnet-opengradient.json", { network: networkOf(opengradient), accounts, credentials, models, workflows, shopUrl, grpcWebUrl });
console.log(`devnet: OpenGradient on chain ${opengradient.chainId} at ${opengradient.rpcUrl}, language models at ${opengradient.llmUrl}; see ${other}`);
