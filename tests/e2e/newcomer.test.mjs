// A newcomer's first page: Vite's own vanilla-ts template, the packed tarball, and the lines of README.md as they stand
// there, on the devnet, in Chromium with a wallet that announces itself.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { Ogpu } from "../../pkg/ogpu.js";
import { serve } from "../../www/serve.mjs";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { launch, newPage } from "./browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = (cwd, command, args) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const bin = (name) => join(root, "node_modules/.bin", name);

/** The lines between the mark and the end of the code block. */
function lines() {
  const found = /<!-- newcomer: [^\n]*-->\n```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, "README.md"), "utf8"));
  assert.ok(found, "README.md has the newcomer's lines");
  return found[1];
}

describe("a newcomer", () => {
  let base, devnet, browser, site;
  before(async () => {
    mkdirSync(join(root, "target"), { recursive: true });
    // Below the repository: the template's Vite and TypeScript are found there, nothing is downloaded.
    base = mkdtempSync(join(root, "target/newcomer-"));
    [devnet, browser] = await Promise.all([startDevnet(), launch()]);
  });
  after(async () => {
    await browser?.close();
    await site?.close();
    await devnet?.stop();
    rmSync(base, { recursive: true, force: true });
  });

  test("needs fifteen lines of their own", () => assert.ok(lines().split("\n").filter((line) => line.trim()).length <= 15));

  test("gets from `npm create vite` to an answered and paid task with them", async () => {
    run(base, bin("create-vite"), ["my-dapp", "--template", "vanilla-ts", "--no-interactive", "--no-immediate"]);
    const folder = join(base, "my-dapp");
    const template = readFileSync(join(folder, "package.json"), "utf8");
    const [{ filename }] = JSON.parse(run(join(root, "pkg"), "npm", ["pack", "--json", "--pack-destination", base]));
    // Only the package itself: what the template wants is there already.
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    run(folder, "npm", ["install", "--no-audit", "--no-fund", "--offline", join(base, filename)]);
    writeFileSync(join(folder, "package.json"), template);

    const { abi: _, stop: __, ...json } = devnet;
    writeFileSync(join(folder, "src/devnet.json"), JSON.stringify(json));
    writeFileSync(join(folder, "src/main.ts"), lines());
    run(folder, "npm", ["run", "build"]);
    site = await serve({ devnet, root: join(folder, "dist") });

    const { privateKey, address } = devnet.accounts.find(({ role }) => role === "client");
    const options = { privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId };
    const { outputFiles: [wallet] } = await build({
      stdin: {
        resolveDir: join(root, "tests/devnet"),
        contents: `
          import { createWallet } from "./wallet.mjs";
          const provider = createWallet(${JSON.stringify(options)});
          const detail = { info: { uuid: "1", name: "Dev", icon: "", rdns: "dev.test" }, provider };
          addEventListener("eip6963:requestProvider", () => dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail })));`,
      },
      bundle: true, format: "iife", write: false, logLevel: "error",
    });
    const page = await newPage(browser);
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
    await page.addInitScript(wallet.text);
    await page.goto(site.url);
    await page.click("button");
    await page.locator("pre").filter({ hasText: "answers" }).waitFor().catch((error) => assert.fail(`${error.message}\n${problems.join("\n")}`));
    const [, task, answer] = /^(0x\w{40}) answers (.*)$/.exec(await page.textContent("pre"));
    assert.equal(JSON.parse(answer).result, "positive");
    assert.deepEqual(problems, []);

    const ogpu = await Ogpu.readOnly({ network: networkOf(devnet) });
    const { status, payment, source } = await ogpu.task(task).snapshot();
    assert.deepEqual([status, payment], ["FINALIZED", 10n ** 17n]);
    assert.equal(await ogpu.source(source).getClient(), address);
  });
});
