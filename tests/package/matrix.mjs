// Where the package runs: the packed tarball, built and run by each bundler and runtime. Each one makes a client that reads,
// calls a pure function and reads the devnet. `node tests/package/matrix.mjs` prints the table; `--write` writes it into
// README.md.
import { execFile, spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Ogpu } from "../../pkg/ogpu.js";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { launch, newPage } from "../e2e/browser.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const require = createRequire(import.meta.url);
const bin = (name) => join(root, "node_modules/.bin", name);
const version = (name) => JSON.parse(readFileSync(join(root, "node_modules", name, "package.json"), "utf8")).version;
const major = (name) => version(name).split(".")[0];
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
const BALANCE = 42n;
const WANTED = `1.5 31337 ${BALANCE}`;

async function run(cwd, command, args, env = {}) {
  try {
    const { stdout } = await promisify(execFile)(command, args, { cwd, timeout: 900_000, env: { ...process.env, ...env } });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(" ")}: ${error.message}\n${error.stdout ?? ""}\n${error.stderr ?? ""}`);
  }
}

/** What every app does: a pure function, a client that reads, a read of the devnet. */
const APP = `
  import { Ogpu, formatEther, parseEther } from "ogkit/ogpu";
  import { account, network } from "./network.js";
  export async function check() {
    const ogpu = await Ogpu.readOnly({ network });
    return [formatEther(parseEther("1.5")), ogpu.network.chainId, await ogpu.vault.getBalanceOf(account)].join(" ");
  }`;
const PAGE = 'import { check } from "./app.js"; check().catch((error) => error.message).then((text) => (document.getElementById("out").textContent = text));';
const html = (script) => `<!doctype html><title>t</title><link rel="icon" href="data:,"><p id="out"></p><script type="module" src="${script}"></script>`;

/** A folder served as a site, under a strict policy. */
async function site(folder, rpcUrl) {
  const policy = `default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; img-src data:; connect-src 'self' ${rpcUrl}; base-uri 'none'; form-action 'none'`;
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://x").pathname);
    const file = join(folder, normalize(path === "/" ? "/index.html" : path));
    response.setHeader("content-security-policy", policy);
    if (!existsSync(file)) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "text/plain" });
    response.end(readFileSync(file));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, close: () => (server.closeAllConnections(), server.close()) };
}

/** The devnet, the browser, the tarball, and a folder with it for each consumer. */
export async function stage() {
  mkdirSync(join(root, "target"), { recursive: true });
  // Below the repository, so that toolchains are found by walking up; the package itself comes from the tarball.
  const base = mkdtempSync(join(root, "target/matrix-"));
  const [devnet, browser] = await Promise.all([startDevnet({ provider: false }), launch()]);
  const stop = async () => {
    await browser.close();
    await devnet.stop();
    rmSync(base, { recursive: true, force: true });
  };
  try {
    const network = networkOf(devnet);
    const { privateKey, address } = devnet.accounts.find(({ role }) => role === "client");
    const ogpu = await Ogpu.connect({ wallet: createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId }), network });
    await ogpu.vault.deposit(address, BALANCE);

    const [{ filename }] = JSON.parse(await run(join(root, "pkg"), "npm", ["pack", "--json", "--pack-destination", base]));
    const installed = join(base, "installed");
    mkdirSync(installed);
    writeFileSync(join(installed, "package.json"), JSON.stringify({ private: true, type: "module" }));
    // No lock: Next.js would take this for its workspace's root, and look for itself no further up.
    await run(installed, "npm", ["install", "--no-package-lock", "--no-audit", "--no-fund", "--offline", "--legacy-peer-deps", join(base, filename)]);

    return {
      stop, devnet, browser,
      /** A consumer's folder: the tarball installed, the app in it. */
      project(name, files = {}) {
        const folder = join(base, name);
        cpSync(installed, folder, { recursive: true });
        const all = { "app.js": APP, "page.js": PAGE, "network.js": `export const network = ${JSON.stringify(network)}; export const account = ${JSON.stringify(address)};`, ...files };
        for (const [file, text] of Object.entries(all)) {
          mkdirSync(join(folder, file, ".."), { recursive: true });
          writeFileSync(join(folder, file), text);
        }
        return folder;
      },
      /** What a page shows, or `#selector` of it. A problem in its console is a failure. */
      async shows(url, selectors = ["#out"]) {
        const page = await newPage(browser);
        const problems = [];
        page.on("pageerror", (error) => problems.push(String(error)));
        page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
        try {
          await page.goto(url);
          const texts = [];
          for (const selector of selectors) {
            await page.locator(selector).filter({ hasText: /\S/ }).waitFor({ state: "attached" });
            texts.push(await page.textContent(selector));
          }
          return [...problems, ...texts];
        } catch (error) {
          throw new Error(`${error.message}\n${problems.join("\n")}`);
        } finally {
          await page.close();
        }
      },
      async served(folder, show) {
        const { url, close } = await site(folder, devnet.rpcUrl);
        try {
          return await show(url);
        } finally {
          close();
        }
      },
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const expect = (found, wanted = [WANTED]) => {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`expected ${other}, found ${one}`);
};
const inChrome = async (set, folder) => expect(await set.served(folder, (url) => set.shows(url)));
const onlyOneWasm = (folder) => {
  const count = readdirSync(folder, { recursive: true }).filter((name) => String(name).endsWith(".wasm")).length;
  if (count !== 1) throw new Error(`${count} copies of the WebAssembly in ${folder}`);
};

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs a server until `use` is done with it. */
async function during(command, args, options, url, use) {
  const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  try {
    for (let tries = 0; ; tries++) {
      if (child.exitCode !== null || tries > 3000) throw new Error(`${command} did not start: ${said}`);
      if (await fetch(url).then(() => true, () => false)) break;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return await use().catch((error) => Promise.reject(new Error(`${error.message}\n${said}`)));
  } finally {
    process.off("exit", kill);
    child.kill("SIGTERM");
    await ended;
  }
}

const CONSOLE = 'import { check } from "./app.js"; console.log(await check());';

/** `where` it runs, `by` what it was built, what it `needs`; `run` throws unless it works. */
export const ROWS = [
  {
    where: "Chrome, strict CSP", by: 'no bundler: `<script type="module">`', needs: "nothing",
    async run(set) {
      // No import map: it would be an inline script, which the policy forbids.
      const folder = set.project("plain", { "index.html": html("page.js"), "app.js": APP.replace("ogkit/ogpu", "./node_modules/ogkit/ogpu.js") });
      await inChrome(set, folder);
    },
  },
  {
    where: "Chrome, strict CSP", by: `Vite ${major("vite")}`, needs: "nothing",
    async run(set) {
      const folder = set.project("vite", { "index.html": html("./page.js") });
      await run(folder, bin("vite"), ["build", "--logLevel", "error"]);
      onlyOneWasm(join(folder, "dist"));
      await inChrome(set, join(folder, "dist"));
    },
  },
  {
    where: "Chrome, strict CSP", by: `webpack ${major("webpack")}`, needs: "nothing",
    async run(set) {
      const folder = set.project("webpack");
      const stats = await promisify(require("webpack"))({ context: folder, mode: "production", entry: "./page.js", output: { path: join(folder, "dist"), filename: "page.js" }, performance: { hints: false } });
      if (stats.hasErrors() || stats.hasWarnings()) throw new Error(stats.toString());
      onlyOneWasm(join(folder, "dist"));
      writeFileSync(join(folder, "dist/index.html"), html("page.js"));
      await inChrome(set, join(folder, "dist"));
    },
  },
  {
    where: "Chrome, strict CSP", by: `Rollup ${major("rollup")}`, needs: "`node_modules/ogkit/wasm/ogpu/*.wasm` copied to `wasm/ogpu/` beside the bundle: it copies no files",
    async run(set) {
      const folder = set.project("rollup");
      const { rollup } = await import("rollup");
      const { nodeResolve } = await import("@rollup/plugin-node-resolve");
      const bundle = await rollup({ input: join(folder, "page.js"), plugins: [nodeResolve()], onwarn: ({ message }) => { throw new Error(message); } });
      await bundle.write({ dir: join(folder, "dist"), format: "es" });
      cpSync(join(folder, "node_modules/ogkit/wasm/ogpu/ogkit_bg.wasm"), join(folder, "dist/wasm/ogpu/ogkit_bg.wasm"));
      writeFileSync(join(folder, "dist/index.html"), html("page.js"));
      await inChrome(set, join(folder, "dist"));
    },
  },
  {
    where: "Chrome, strict CSP", by: `esbuild ${version("esbuild")}`, needs: '`--loader:.wasm=file` and `import url from "ogkit/ogpu.wasm"; preload(fetch(url))`',
    async run(set) {
      const folder = set.project("esbuild", { "page.js": `import url from "ogkit/ogpu.wasm"; import { preload } from "ogkit/ogpu"; preload(fetch(url));\n${PAGE}` });
      await run(folder, bin("esbuild"), ["page.js", "--bundle", "--format=esm", "--minify", "--loader:.wasm=file", "--outdir=dist", "--log-level=warning"]);
      onlyOneWasm(join(folder, "dist"));
      writeFileSync(join(folder, "dist/index.html"), html("page.js"));
      await inChrome(set, join(folder, "dist"));
    },
  },
  {
    where: "a Web Worker, strict CSP", by: `Vite ${major("vite")}`, needs: "nothing",
    async run(set) {
      const folder = set.project("worker", {
        "index.html": html("./page.js"),
        "page.js": 'const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" }); worker.onmessage = ({ data }) => (document.getElementById("out").textContent = data);',
        "worker.js": 'import { check } from "./app.js"; check().catch((error) => error.message).then((text) => postMessage(text));',
        "vite.config.js": 'export default { worker: { format: "es" } };',
      });
      await run(folder, bin("vite"), ["build", "--logLevel", "error"]);
      await inChrome(set, join(folder, "dist"));
    },
  },
  {
    where: "Chrome and the server", by: `Next.js ${major("next")}: client and server components`, needs: "nothing; `preload(readFile(…))` where the server is deployed without `node_modules`",
    async run(set) {
      const folder = set.project("next", {
        "app/layout.jsx": 'export default function Layout({ children }) { return <html lang="en"><head><link rel="icon" href="data:," /></head><body>{children}</body></html>; }',
        "app/page.jsx": 'import { OgkitProvider } from "ogkit/react"; import { OpenGradientProvider } from "ogkit/react/opengradient"; import { check } from "../app.js"; import { network } from "../network.js"; import { Client } from "./client.jsx";\nexport const dynamic = "force-dynamic";\nexport default async function Page() { return <OgkitProvider network={network}><OpenGradientProvider><p id="server">{await check()}</p><Client /></OpenGradientProvider></OgkitProvider>; }',
        "app/client.jsx": '"use client";\nimport { useEffect, useState } from "react"; import { useOgpu } from "ogkit/react"; import { useChat } from "ogkit/react/opengradient"; import { check } from "../app.js";\nexport function Client() { const [text, set] = useState(""); const { ogpu } = useOgpu(); const { status } = useChat({ model: "openai/gpt-5" }); useEffect(() => { check().catch((error) => error.message).then(set); }, []); return <><p id="client">{text}</p><p id="hook">{ogpu?.network.chainId ?? ""}</p><p id="chat">{status}</p></>; }',
      });
      const env = { NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "production" };
      await run(folder, bin("next"), ["build"], env);
      const port = await freePort();
      const url = `http://127.0.0.1:${port}/`;
      const start = [join(root, "node_modules/next/dist/bin/next"), "start", "-p", String(port), "-H", "127.0.0.1"];
      const found = await during(process.execPath, start, { cwd: folder, env: { ...process.env, ...env } }, url, () => set.shows(url, ["#server", "#client", "#hook", "#chat"]));
      expect(found, [WANTED, WANTED, "31337", "idle"]);
    },
  },
  {
    where: "a server, while rendering", by: "Node, importing every entry with no DOM", needs: "nothing",
    async run(set) {
      const entries = ["ogkit", "ogkit/ogpu", "ogkit/ogpu/slim", "ogkit/abi", "ogkit/viem", "ogkit/ethers", "ogkit/wagmi", "ogkit/react", "ogkit/react/opengradient", "ogkit/opengradient", "ogkit/opengradient/slim", "ogkit/relay"];
      const folder = set.project("ssr", {
        "ssr.mjs": `
          const touched = [];
          for (const name of ["window", "document", "navigator", "localStorage", "sessionStorage", "location", "fetch", "BroadcastChannel"]) {
            Object.defineProperty(globalThis, name, { configurable: true, get() { touched.push(name); } });
          }
          for (const entry of ${JSON.stringify(entries)}) await import(entry);
          console.log(touched.join() || "nothing");`,
      });
      // React itself looks for none of these on a server.
      expect([(await run(folder, "node", ["ssr.mjs"], { NODE_ENV: "production" })).trim()], ["nothing"]);
    },
  },
  {
    where: "Node, 20.19 or newer", by: "`import` and `require`", needs: "nothing",
    async run(set) {
      const folder = set.project("node", { "main.mjs": CONSOLE, "main.cjs": 'const { parseEther } = require("ogkit"); require("./app.js").check().then((text) => console.log(text));' });
      for (const file of ["main.mjs", "main.cjs"]) expect([(await run(folder, "node", [file])).trim()]);
    },
  },
  {
    where: `Deno ${major("deno")}`, by: "`import`", needs: "`--allow-read --allow-net`",
    async run(set) {
      const folder = set.project("deno", { "main.mjs": CONSOLE });
      expect([(await run(folder, bin("deno"), ["run", "--no-prompt", "--no-remote", "--node-modules-dir=manual", "--allow-read", "--allow-net", "main.mjs"], { DENO_NO_UPDATE_CHECK: "1" })).trim()]);
    },
  },
  {
    where: `Bun ${major("bun")}`, by: "`import`", needs: "nothing",
    async run(set) {
      const folder = set.project("bun", { "main.mjs": CONSOLE });
      expect([(await run(folder, bin("bun"), ["run", "main.mjs"])).trim()]);
    },
  },
  {
    where: "workerd (Cloudflare Workers)", by: `esbuild ${version("esbuild")}, as wrangler does`, needs: '`import module from "ogkit/ogpu.wasm"; preload(module)`',
    async run(set) {
      const port = await freePort();
      const folder = set.project("workerd", {
        "worker.js": 'import module from "ogkit/ogpu.wasm"; import { preload } from "ogkit/ogpu"; import { check } from "./app.js"; preload(module);\nexport default { fetch: async () => new Response(await check().catch((error) => error.stack)) };',
        "config.capnp": `using Workerd = import "/workerd/workerd.capnp";
          const config :Workerd.Config = (
            services = [(name = "main", worker = (modules = [(name = "worker", esModule = embed "dist/worker.js"), (name = "./ogpu.wasm", wasm = embed "dist/ogpu.wasm")], compatibilityDate = "2025-11-01")),
              (name = "internet", network = (allow = ["public", "private"]))],
            sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]);`,
      });
      const { build } = await import("esbuild");
      const asModule = { name: "wasm", setup: (it) => it.onResolve({ filter: /\.wasm$/ }, () => ({ path: "./ogpu.wasm", external: true })) };
      await build({ entryPoints: [join(folder, "worker.js")], bundle: true, format: "esm", outdir: join(folder, "dist"), conditions: ["workerd", "worker", "browser"], plugins: [asModule], logLevel: "error" });
      cpSync(join(folder, "node_modules/ogkit/wasm/ogpu/ogkit_bg.wasm"), join(folder, "dist/ogpu.wasm"));
      const url = `http://127.0.0.1:${port}/`;
      const file = join(root, `node_modules/@cloudflare/workerd-${process.platform}-64/bin/workerd`);
      expect([await during(file, ["serve", "config.capnp"], { cwd: folder }, url, async () => (await fetch(url)).text())]);
    },
  },
];

/** The table as Markdown. */
export function table(good = () => true) {
  const lines = ROWS.map((row) => `| ${row.where} | ${row.by} | ${good(row) ? row.needs : "**does not work**"} |`);
  return ["| it runs in | built by | which needs |", "|---|---|---|", ...lines].join("\n");
}

const MARKS = ["<!-- matrix: node tests/package/matrix.mjs --write -->", "<!-- /matrix -->"];

/** What README.md has between its marks. */
export function written() {
  const text = readFileSync(join(root, "README.md"), "utf8");
  const [from, to] = MARKS.map((mark) => text.indexOf(mark));
  if (from < 0 || to < from) throw new Error("README.md has no marks for the matrix");
  return { text, from: from + MARKS[0].length, to, table: text.slice(from + MARKS[0].length, to).trim() };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const only = process.argv.slice(2).filter((name) => !name.startsWith("--")).join(" ");
  const set = await stage();
  const failed = new Set();
  try {
    for (const row of ROWS) {
      if (only && !`${row.where} ${row.by}`.includes(only)) continue;
      const started = Date.now();
      await row.run(set).catch((error) => (failed.add(row), console.error(error)));
      console.log(`${failed.has(row) ? "✖" : "✔"} ${row.where.padEnd(30)} ${row.by.padEnd(62)} ${((Date.now() - started) / 1000).toFixed(1)} s`);
    }
  } finally {
    await set.stop();
  }
  console.log(`\n${table((row) => !failed.has(row))}`);
  if (process.argv.includes("--write") && !only) {
    const { text, from, to } = written();
    writeFileSync(join(root, "README.md"), `${text.slice(0, from)}\n${table((row) => !failed.has(row))}\n${text.slice(to)}`);
  }
  process.exit(failed.size ? 1 : 0);
}
