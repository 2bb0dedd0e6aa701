// `make demo CHECK=1`: the main job through the page and through the package. Prints each step; exits 0 only if every
// one of them happened.
import assert from "node:assert/strict";

import { Ogpu, formatEther, parseEther } from "../../pkg/ogpu.js";
import { networkOf } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { connect, logged, open, stage } from "./browser.mjs";

const say = (where, text) => console.log(`✔ ${where.padEnd(7)} ${text}`);
const set = await stage();
try {
  await throughThePage();
  await throughThePackage();
  console.log("demo: the main job works, in Chromium and in Node");
} finally {
  await set.stop();
}

async function throughThePage() {
  const { page, problems } = await open(set.browser, `${set.url}?autoapprove`);
  await connect(page, 0);
  await page.getByTestId("deposit").click();
  await logged(page, "Deposited");
  await page.getByTestId("publish-source").click();
  await logged(page, "Source published");
  say("browser", "source published");
  await page.getByTestId("publish-task").click();
  await logged(page, "Task published");
  say("browser", "task published");
  await logged(page, "Attempt:");
  say("browser", "attempt");
  await logged(page, "Response:");
  say("browser", "response");
  await logged(page, "CID verified");
  say("browser", (await page.getByTestId("proof").textContent()).replace("✓ ", "CID verified · "));
  await page.getByTestId("confirm").click();
  await logged(page, "Confirmed");
  say("browser", "confirmed");
  say("browser", `payment moved · ${(await page.getByTestId("paid").textContent()).replace("✓ ", "")}`);
  assert.deepEqual(problems, []);
}

async function throughThePackage() {
  const { devnet } = set;
  const { privateKey } = devnet.accounts.find(({ role }) => role === "client2");
  const wallet = createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId });
  const ogpu = await Ogpu.connect({ wallet, network: networkOf(devnet) });
  await ogpu.vault.deposit(ogpu.account, parseEther("1"));
  const source = await ogpu.publishSource({
    name: "Sentiment", description: "", logoUrl: "", imageEnvs: { cpu: "https://example.com/docker-compose.yml" },
    minPayment: 1n, minAvailableLockup: 1n, maxExpiryDuration: 3600,
  });
  say("node", `source published · ${source.address}`);
  const task = await ogpu.publishTask({
    source: source.address, config: { functionName: "predict", data: { text: "What a terrible day" } },
    expiryTime: Math.floor(Date.now() / 1000) + 600, payment: parseEther("0.2"),
  });
  say("node", `task published · ${task.address}`);
  for await (const event of task.watch({ pollInterval: 0.2, signal: AbortSignal.timeout(180_000) })) {
    if (event.type === "attempted") say("node", `attempt · ${event.provider}`);
    if (event.type === "responseSubmitted") {
      say("node", `response · ${event.response}`);
      break;
    }
  }
  const [response] = await task.getResponses();
  const content = await response.fetch();
  assert.ok(content.verified);
  assert.equal(content.json().result, "negative");
  say("node", `CID verified · ${content.cid}`);
  const before = await ogpu.vault.getAccount(response.provider);
  const receipt = await response.confirm();
  say("node", `confirmed · ${receipt.hash}`);
  const after = await ogpu.vault.getAccount(response.provider);
  assert.equal(after.balance - before.balance, parseEther("0.2"));
  say("node", `payment moved · ${formatEther(after.balance - before.balance)} OGPU to the provider`);
}
