// Every `ts` and `tsx` block of the guides and of the README: compiled by strict TypeScript as it stands there, then run on the devnet.
// Components need a page: tests/react has them in one.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { format } from "node:util";
import { parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { GIVEN, GIVEN_OPENGRADIENT, blocksOf, documents, entries, kept, missingEntries, programOf, promisedBy, root } from "./blocks.mjs";

const folder = `${root}target/docs-test`;
const opengradient = entries().includes("ogkit/opengradient");
const only = process.env.DOCS; // a part of a document's name, for whoever writes one
const all = documents().flatMap(blocksOf).filter(({ name, elsewhere }) => !elsewhere && (!only || name.includes(only)));
const ready = all.filter(({ code }) => missingEntries(code).length === 0);
const fileOf = new Map(ready.map((block, index) => [block, `block-${String(index).padStart(3, "0")}`]));

/** The programs on disk, where `ogkit/…` is the built package. @returns what tsc says, by the documents' own lines */
function compile() {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(`${folder}/node_modules`, { recursive: true });
  symlinkSync(`${root}pkg`, `${folder}/node_modules/ogkit`);
  writeFileSync(`${folder}/package.json`, '{ "private": true, "type": "module" }');
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ extends: `${root}tests/docs/tsconfig.base.json`, compilerOptions: { outDir: "out", rootDir: "." }, include: ["*.ts", "*.tsx"] }));
  for (const name of ["given.ts", ...(opengradient ? ["given-opengradient.ts"] : [])]) cpSync(`${root}tests/docs/${name}`, `${folder}/${name}`);
  for (const [block, name] of fileOf) writeFileSync(`${folder}/${name}.${block.language}`, programOf(block));
  const { stdout } = spawnSync(`${root}node_modules/.bin/tsc`, ["--project", folder, "--pretty", "false"], { cwd: folder, encoding: "utf8" });
  const byName = new Map([...fileOf].map(([block, name]) => [name, block]));
  return stdout.replace(/^(block-\d+)\.tsx?\((\d+),(\d+)\)/gm, (_, name, line, column) => {
    const block = byName.get(name);
    return `${block.file}:${block.line + Number(line) - 1}:${column}`;
  });
}

describe("the documents' code", { concurrency: false }, () => {
  let devnet, complaints, other;
  before(async () => {
    complaints = compile();
    devnet = await startDevnet();
    const { accounts, rpcUrl, chainId } = devnet;
    const wallet = (role) => createWallet({ privateKey: accounts.find((one) => one.role === role).privateKey, chains: { [chainId]: rpcUrl }, chainId });
    const { abi: _, stop: __, ...json } = devnet;
    globalThis.stage = { network: networkOf(devnet), devnet: JSON.parse(JSON.stringify(json)), rpcUrl, accounts, wallet };
    await (await import(pathToFileURL(`${folder}/out/given.js`))).prepare();
    if (ready.some(({ code }) => programOf({ code }).includes("given-opengradient"))) other = globalThis.stage.opengradient = await openGradientStage();
  });
  after(async () => {
    await other?.net.stop();
    await devnet?.stop();
  });

  test("compiles", () => assert.equal(complaints, ""));

  test("gives what is named", async () => {
    const { given } = await import(pathToFileURL(`${folder}/out/given.js`));
    for (const name of GIVEN) assert.ok((await given([name]))[name], name);
    if (!other) return;
    const more = await import(pathToFileURL(`${folder}/out/given-opengradient.js`));
    for (const name of GIVEN_OPENGRADIENT) assert.ok((await more.given([name]))[name], name);
  });

  for (const block of all) {
    const lacks = missingEntries(block.code);
    const skip = lacks.length ? `the package has no ${lacks.join(", ")} yet` : block.words.includes("types") || block.language === "tsx" ? "types only" : false;
    test(block.name, { skip, timeout: 300_000 }, async (t) => {
      const printed = [];
      t.mock.method(console, "log", (...parts) => void printed.push(format(...parts).replace(/\s+/g, " ")));
      const page = pretendPage(block.code);
      try {
        await import(pathToFileURL(`${folder}/out/${fileOf.get(block)}.js`));
      } finally {
        page?.();
        t.mock.restoreAll();
      }
      const promised = promisedBy(block.code);
      const broken = kept(promised, printed);
      assert.equal(broken, undefined, `it should print "${broken}", and printed:\n${printed.join("\n")}`);
    });
  }
});

/** OpenGradient's devnet: each wallet of its own, with OPG and what Permit2 may move. */
async function openGradientStage() {
  const { startOpenGradient } = await import("../devnet/opengradient/index.mjs");
  const { accounts, clients } = await import("../devnet/opengradient/chain.mjs");
  const net = await startOpenGradient();
  const { reader, wallet: signer } = clients(net.rpcUrl, net.chainId);
  const done = async (hash) => reader.waitForTransactionReceipt({ hash: await hash });
  const write = (from, functionName, args) => done(signer(from).writeContract({ address: net.opg, abi: net.abi.Opg, functionName, args }));
  return {
    net,
    async wallet() {
      const privateKey = generatePrivateKey();
      const account = privateKeyToAccount(privateKey);
      await write(accounts.deployer, "transfer", [account.address, parseEther("10")]);
      await done(signer(accounts.deployer).sendTransaction({ to: account.address, value: parseEther("1") }));
      await write(account, "approve", [net.permit2, parseEther("5")]);
      return createWallet({ privateKey, chains: { [net.chainId]: net.rpcUrl }, chainId: net.chainId });
    },
  };
}

/** A page with one wallet, for blocks that look for wallets. @returns what ends it */
function pretendPage(code) {
  if (!/\b(?:discover|watch)Wallets\b/.test(code)) return undefined;
  globalThis.document = { body: {} };
  const window = new EventTarget();
  const info = { uuid: "0", name: "Test wallet", icon: "data:image/svg+xml,", rdns: "org.example" };
  const detail = Object.freeze({ info, provider: globalThis.stage.wallet("client") });
  window.addEventListener("eip6963:requestProvider", () => window.dispatchEvent(new CustomEvent("eip6963:announceProvider", { detail })));
  globalThis.window = window;
  return () => {
    delete globalThis.window;
    delete globalThis.document;
  };
}
