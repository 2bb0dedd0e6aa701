// `make devnet`: runs in the foreground, writes target/devnet.json, ends clean at a signal.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { startDevnet } from "./index.mjs";

const file = fileURLToPath(new URL("../../target/devnet.json", import.meta.url));
const { abi, stop, ...json } = await startDevnet({ log: (text) => console.log(`provider: ${text}`) });
mkdirSync(fileURLToPath(new URL("../../target", import.meta.url)), { recursive: true });
writeFileSync(file, `${JSON.stringify(json, null, 2)}\n`);
console.log(`devnet: chain ${json.chainId} at ${json.rpcUrl}, IPFS at ${json.gatewayUrl}; see target/devnet.json; ${Object.keys(abi).length} contracts`);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    await stop();
    rmSync(file, { force: true });
    process.exit(0);
  });
}
