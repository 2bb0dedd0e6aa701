// The packed tarball in an empty folder, as users have it: Node, strict TypeScript, Vite and headless Chrome.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { entries } from "../../scripts/budgets.mjs";
import { launch, newPage } from "../e2e/browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = (cwd, command, args) => execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
const bin = (name) => join(root, "node_modules/.bin", name);

describe("the tarball", () => {
  let folder;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "ogkit-consumer-"));
    const [{ filename }] = JSON.parse(run(join(root, "pkg"), "npm", ["pack", "--json", "--pack-destination", folder]));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ private: true, type: "module" }));
    run(folder, "npm", ["install", "--no-audit", "--no-fund", "--offline", join(folder, filename)]);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test("holds what it should and no more", () => {
    const names = readdirSync(join(folder, "node_modules/ogkit"), { recursive: true }).map(String).sort();
    for (const wanted of ["package.json", "README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE", "ogpu.js", "ogpu.d.ts", "ogpu/slim.js", "abi.js", "viem.js", "ethers.js", "wagmi.js", "react.js", "react/opengradient.js", "react/opengradient.cjs", "wasm/ogpu/ogkit_bg.wasm", "opengradient.js", "opengradient/slim.d.ts", "relay.js", "wasm/opengradient/ogkit_bg.wasm", "langchain.js", "ai.js", "openai.js", "workflow/PriceHistoryInference.bin"]) {
      assert.ok(names.includes(wanted), wanted);
    }
    assert.deepEqual(names.filter((name) => /\.(rs|sol|test\.|tsbuildinfo)|\.built/.test(name)), []);
  });

  test("passes publint and are-the-types-wrong", () => {
    run(folder, bin("publint"), ["run", join(folder, "node_modules/ogkit"), "--strict"]);
    const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
    run(folder, bin("attw"), [join(folder, tarball)]);
  });

  test("runs in Node: import, require, slim", () => {
    writeFileSync(join(folder, "esm.mjs"), `
      import { Ogpu, networks, isOgError } from "ogkit/ogpu";
      const ogpu = await Ogpu.readOnly({ network: "testnet" });
      if (ogpu.network !== networks.testnet) throw new Error("network");
      const error = await ogpu.publishSource({}).catch((e) => e);
      if (!isOgError(error, "invalidInput") || error.field !== "info.imageEnvs") throw error;
      console.log("ok");`);
    assert.equal(run(folder, "node", ["esm.mjs"]), "ok\n");
    writeFileSync(join(folder, "slim.mjs"), `
      import { readFile } from "node:fs/promises";
      import { fileURLToPath } from "node:url";
      import { Ogpu, init } from "ogkit/ogpu/slim";
      const early = await Ogpu.readOnly({ network: "mainnet" }).catch((e) => e.code);
      await init(await readFile(fileURLToPath(import.meta.resolve("ogkit/ogpu.wasm"))));
      console.log(early, (await Ogpu.readOnly({ network: "mainnet" })).network.chainId);`);
    assert.equal(run(folder, "node", ["slim.mjs"]), "moduleLoad 1071\n");
    writeFileSync(join(folder, "both.mjs"), `
      import { TaskExpiredError } from "ogkit";
      import { TaskExpiredError as Other } from "ogkit/ogpu";
      import { OpenGradient, PaymentRefusedError } from "ogkit";
      import { OpenGradient as Same, PaymentRefusedError as Third, OgError } from "ogkit/opengradient";
      console.log(TaskExpiredError === Other, PaymentRefusedError === Third, OpenGradient === Same, new TaskExpiredError({ name: "", code: "", message: "", fields: {} }) instanceof OgError);`);
    assert.equal(run(folder, "node", ["both.mjs"]), "true true true true\n");
    writeFileSync(join(folder, "required.cjs"), `
      const { Ogpu } = require("ogkit/ogpu");
      import("ogkit/ogpu").then((esm) => Ogpu.readOnly({ network: "testnet" }).then(({ network }) => console.log(esm.Ogpu === Ogpu, network.chainId)));`);
    assert.equal(run(folder, "node", ["required.cjs"]), "true 200820172034\n");
    writeFileSync(join(folder, "og.mjs"), `
      import { readFile } from "node:fs/promises";
      import { fileURLToPath } from "node:url";
      import * as slim from "ogkit/opengradient/slim";
      import { createRelay } from "ogkit/relay";
      import { OpenGradient } from "ogkit/opengradient";
      const wallet = { request: async () => ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"] };
      const early = await slim.OpenGradient.connect({ wallet }).catch((e) => e.code);
      await slim.init(await readFile(fileURLToPath(import.meta.resolve("ogkit/opengradient.wasm"))));
      using og = await slim.OpenGradient.connect({ wallet });
      const error = await (await OpenGradient.connect({ wallet, network: "testnet" })).llm.chat({ model: "x" }).catch((e) => e);
      const relay = await createRelay({ upstreams: [] })(new Request("https://relay.example/?url=https://x.example/"));
      console.log(early, og.account, og.network.name, error.field, relay.status);`.replace("using og", "const og"));
    assert.equal(run(folder, "node", ["og.mjs"]), "moduleLoad 0x70997970C51812dc3A010C7d01b50e0d17dc79C8 OpenGradient messages 403\n");
  });

  test("tells where it comes from, as provenance wants, and what it needs only for its adapters", () => {
    const { repository, homepage, bugs, license, publishConfig, sideEffects, peerDependencies, peerDependenciesMeta, dependencies } = JSON.parse(readFileSync(join(folder, "node_modules/ogkit/package.json"), "utf8"));
    assert.match(repository.url, /^git\+https:\/\//);
    assert.ok(homepage && bugs.url && license);
    assert.deepEqual(publishConfig, { access: "public", provenance: true });
    assert.equal(sideEffects, false);
    assert.equal(dependencies, undefined);
    assert.deepEqual(Object.keys(peerDependencies).sort(), Object.keys(peerDependenciesMeta).sort());
    assert.ok(Object.values(peerDependenciesMeta).every(({ optional }) => optional));
    assert.deepEqual(readdirSync(join(folder, "node_modules")).filter((name) => !name.startsWith(".")), ["ogkit"]);
  });

  test("takes no private key, and has no code that signs with one", () => {
    const installed = join(folder, "node_modules/ogkit");
    for (const name of readdirSync(installed, { recursive: true }).map(String).filter((file) => /\.d\.c?ts$/.test(file))) {
      assert.doesNotMatch(readFileSync(join(installed, name), "utf8"), /private_?key|secret_?key|mnemonic|seed_?phrase/i, name);
    }
    const crates = run(root, "cargo", ["tree", "--offline", "--edges", "normal", "--target", "wasm32-unknown-unknown", "--prefix", "none", "--format", "{p}"]);
    assert.match(crates, /^alloy-primitives /m);
    assert.doesNotMatch(crates, /^(?:k256|ecdsa|elliptic-curve|secp256k1\S*|libsecp256k1\S*|signature|rsa|ed25519\S*|alloy-signer\S*|coins-bip\S*|eth-keystore) /m);
  });

  test("its adapters import no library but React", () => {
    for (const entry of ["abi", "viem", "ethers", "wagmi", "adapter"]) {
      const text = readFileSync(join(folder, `node_modules/ogkit/${entry}.js`), "utf8");
      assert.deepEqual([...text.matchAll(/from "([^.][^"]*)"/g)].map(([, name]) => name), [], entry);
    }
  });

  test("each network's hooks load that network's WebAssembly and no other", () => {
    const wasm = (entry) => entries().find(({ name }) => name === entry).files.map((file) => /wasm\/(\w+)\/.*\.wasm$/.exec(file)?.[1]).filter(Boolean);
    assert.deepEqual(wasm("ogkit/react"), ["ogpu"]);
    assert.deepEqual(wasm("ogkit/react/opengradient"), ["opengradient"]);
    // Nor its glue, which is most of the rest.
    const glue = (entry) => entries().find(({ name }) => name === entry).files.filter((file) => file.endsWith("ogkit.js")).length;
    assert.deepEqual([glue("ogkit/react"), glue("ogkit/react/opengradient")], [1, 1]);
  });

  test("type-checks strictly", () => {
    const entries = { "ogpu.js": "ogkit/ogpu", "opengradient.js": "ogkit/opengradient", "opengradient/slim.js": "ogkit/opengradient/slim", "index.js": "ogkit", "relay.js": "ogkit/relay" };
    for (const name of ["ogpu", "opengradient"]) {
      const text = readFileSync(join(root, `tests/node/types/${name}.test-d.ts`), "utf8");
      writeFileSync(join(folder, `${name}.ts`), text.replace(/\.\.\/\.\.\/\.\.\/pkg\/([\w/-]+\.js)/g, (_, file) => entries[file]));
    }
    for (const [module, resolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
      run(folder, bin("tsc"), ["--ignoreConfig", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--types", "", "--target", "ES2022", "--lib", "ES2022,ESNext.Disposable,DOM", "--module", module, "--moduleResolution", resolution, "ogpu.ts", "opengradient.ts"]);
    }
    writeFileSync(join(folder, "consumer.cts"), `
      import { Ogpu, parseEther } from "ogkit/ogpu";
      import { init } from "ogkit/ogpu/slim";
      import { vaultAbi } from "ogkit/abi";
      import wasm = require("ogkit/ogpu.wasm");
      export const amount: bigint = parseEther("1");
      export const error: "error" | "event" | "function" = vaultAbi[0].type;
      export const client: Promise<Ogpu> = init(wasm.default).then(() => Ogpu.readOnly({ network: "mainnet" }));
    `);
    run(folder, bin("tsc"), ["--ignoreConfig", "--noEmit", "--strict", "--exactOptionalPropertyTypes", "--skipLibCheck", "false", "--types", "", "--target", "ES2022", "--lib", "ES2022,ESNext.Disposable,DOM", "--module", "NodeNext", "consumer.cts"]);
  });

  test("type-checks where `lib` knows no `Symbol.dispose`, as its declarations do", () => {
    const bare = ["ogkit", "ogkit/ogpu", "ogkit/ogpu/slim", "ogkit/opengradient", "ogkit/opengradient/slim", "ogkit/abi", "ogkit/relay"];
    writeFileSync(join(folder, "bare.ts"), `${bare.map((name, index) => `import * as e${index} from "${name}";`).join("\n")}\nexport const all = [${bare.map((_, index) => `e${index}`)}];\n`);
    for (const [module, resolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]]) {
      run(folder, bin("tsc"), ["--ignoreConfig", "--noEmit", "--strict", "--skipLibCheck", "false", "--types", "", "--target", "ES2022", "--lib", "ES2023,DOM", "--module", module, "--moduleResolution", resolution, "bare.ts"]);
    }
  });

  test("builds with Vite and runs in Chrome under a strict policy, with one copy of each WebAssembly", async () => {
    writeFileSync(join(folder, "index.html"), '<!doctype html><title>t</title><p id="out"></p><script type="module" src="./page.js"></script>');
    writeFileSync(join(folder, "page.js"), `
      import { Ogpu, discoverWallets, parseEther } from "ogkit/ogpu";
      import { OpenGradient } from "ogkit/opengradient";
      const ogpu = await Ogpu.readOnly({ network: "mainnet" });
      const error = await ogpu.vault.withdraw(parseEther("1")).catch((e) => e);
      const wallet = { request: async () => ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"] };
      const og = await OpenGradient.connect({ wallet });
      const blocked = await og.llm.chat({ model: "x", messages: [{ role: "user", content: "x" }], teeId: "0x" + "11".repeat(32) }).catch((e) => e);
      document.getElementById("out").textContent = [ogpu.network.chainId, (await discoverWallets({ timeout: 1 })).length, error.code, blocked.code].join(" ");`);
    run(folder, bin("vite"), ["build", "--logLevel", "error"]);
    const assets = readdirSync(join(folder, "dist/assets"));
    assert.equal(assets.filter((name) => name.endsWith(".wasm")).length, 2);

    const types = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm" };
    const server = createServer((request, response) => {
      const path = request.url === "/" ? "/index.html" : request.url;
      try {
        const body = readFileSync(join(folder, "dist", path));
        response.writeHead(200, { "content-type": types[extname(path)] ?? "text/plain", "content-security-policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'" });
        response.end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const browser = await launch();
    try {
      const page = await newPage(browser);
      await page.goto(`http://127.0.0.1:${server.address().port}/`);
      await page.waitForFunction(() => document.getElementById("out").textContent);
      assert.equal(await page.textContent("#out"), "1071 0 missingSigner teeUnavailable");
    } finally {
      await browser.close();
      server.close();
    }
  });
});
