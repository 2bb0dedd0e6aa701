// `make devnet`: its two files are all that a client of either network needs.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

import { ModelHub, OpenGradient } from "../../pkg/opengradient.js";
import { Ogpu } from "../../pkg/ogpu.js";
import { createWallet } from "../devnet/wallet.mjs";

const main = fileURLToPath(new URL("../devnet/main.mjs", import.meta.url));

test("both networks start together, and end without a trace", { timeout: 300_000 }, async () => {
  const folder = mkdtempSync(join(tmpdir(), "ogkit-devnet-"));
  const child = spawn(process.execPath, [main, folder], { stdio: ["ignore", "pipe", "inherit"] });
  const over = once(child, "exit");
  try {
    for await (const line of createInterface({ input: child.stdout })) if (line.includes("OpenGradient on chain")) break;
    const read = (name) => JSON.parse(readFileSync(join(folder, name), "utf8"));
    const walletOf = ({ accounts }, { chainId, rpcUrl }) =>
      createWallet({ privateKey: accounts.find(({ role }) => role === "client").privateKey, chains: { [chainId]: rpcUrl }, chainId });

    const { accounts, ...network } = read("devnet.json");
    const ogpu = await Ogpu.connect({ wallet: walletOf({ accounts }, network), network });
    assert.equal(await ogpu.nexus.getSourceCount(), 0);
    ogpu.free();

    const opengradient = read("devnet-opengradient.json");
    const og = await OpenGradient.connect({ wallet: walletOf(opengradient, opengradient.network.payments), network: opengradient.network });
    await og.llm.ensureOpgApproval({ minAllowance: 10n ** 17n });
    const { text, proof } = await og.llm.chat({ model: "openai/gpt-5", messages: [{ role: "user", content: "Hi" }], maxTokens: 5 });
    assert.ok(text && proof);
    og.close();
    const { email, password, apiKey } = opengradient.credentials;
    const { url, ...identity } = opengradient.network.hub;
    await ModelHub.login({ email, password, url, identity: { apiKey, ...identity } });
  } finally {
    child.kill("SIGTERM");
    const [code] = await over;
    assert.equal(code, 0);
    assert.deepEqual(readdirSync(folder), []);
    rmSync(folder, { recursive: true, force: true });
  }
});
