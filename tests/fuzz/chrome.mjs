// Headless Chromium as a host: a page with all entry points in one bundle. Nothing is served: what the page asks for is answered here, and so is
// whatever else it may ask the web for.
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

import { launch } from "../e2e/browser.mjs";
import { declarations } from "./declarations.mjs";

const root = fileURLToPath(new URL("../..", import.meta.url));
const ORIGIN = "https://fuzz.example";
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm" };
/** Shared memory is for pages that are isolated. */
const ISOLATED = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };

async function buildPage(folder) {
  const { types, entries } = declarations();
  writeFileSync(join(folder, "types.json"), JSON.stringify(types));
  writeFileSync(join(folder, "index.html"), '<!doctype html><title>fuzz</title><link rel="icon" href="data:,"><body><script type="module" src="app.js"></script>');
  const modules = `${entries.map(({ file }, at) => `import * as m${at} from ${JSON.stringify(file)};`).join("\n")}\nexport const modules = { ${entries.map(({ name }, at) => `${JSON.stringify(name)}: m${at}`).join(", ")} };`;
  const plugin = {
    name: "modules",
    setup(made) {
      made.onResolve({ filter: /^fuzz:modules$/ }, () => ({ path: "modules", namespace: "fuzz" }));
      made.onLoad({ filter: /.*/, namespace: "fuzz" }, () => ({ contents: modules, resolveDir: root }));
    },
  };
  // A class is known by its name. React in production: in development it looks into what it is given for its own tools, which would throw.
  await build({ bundle: true, format: "esm", keepNames: true, logLevel: "error", target: "es2022", define: { "process.env.NODE_ENV": '"production"' }, plugins: [plugin], entryPoints: [join(root, "tests/fuzz/page.mjs")], outfile: join(folder, "app.js") });
}

/** What a page is given: its own files, and of everybody else's a short answer. */
async function answer(route, folder) {
  const url = new URL(route.request().url());
  if (url.origin !== ORIGIN) return route.fulfill({ status: 200, headers: { "access-control-allow-origin": "*", "access-control-allow-headers": "*" }, contentType: "application/json", body: '{"IpfsHash":"x"}' });
  const path = url.pathname === "/" ? "/index.html" : url.pathname;
  const file = [join(folder, normalize(path)), ...(path.startsWith("/wasm/") || path.startsWith("/workflow/") ? [join(root, "pkg", normalize(path))] : [])].find((one) => existsSync(one));
  if (!file) return route.fulfill({ status: 404, body: "" });
  return route.fulfill({ status: 200, headers: ISOLATED, contentType: TYPES[extname(file)] ?? "application/octet-stream", body: readFileSync(file) });
}

/** Chromium with the page in it. */
export async function chrome() {
  mkdirSync(join(root, "target"), { recursive: true });
  const folder = mkdtempSync(join(root, "target/fuzz-"));
  await buildPage(folder);
  let browser;
  return {
    /**
     * Cases from `first` on.
     * @returns {Promise<{ ended: Promise<{ died?: string }>, kill(): void }>} `ended` tells why, where it did not end by itself
     */
    async run({ first, count }, tell) {
      browser ??= await launch("--js-flags=--max-old-space-size=2048", "--enable-precise-memory-info");
      const own = browser;
      const context = await own.newContext();
      await context.route("**/*", (route) => answer(route, folder).catch(() => {}));
      const page = await context.newPage();
      let over;
      const ended = new Promise((resolve) => (over = resolve));
      await page.exposeFunction("report", (line) => {
        const told = JSON.parse(line);
        if (told.end) over({});
        else tell(told);
      });
      const cdp = await context.newCDPSession(page);
      await page.exposeFunction("collectGarbage", () => cdp.send("HeapProfiler.collectGarbage"));
      // Those that come before the page has its own eyes on them.
      page.on("pageerror", (error) => over({ died: String(error.stack ?? error).slice(0, 400) }));
      page.on("crash", () => over({ died: "the page crashed" }));
      own.on("disconnected", () => over({}));
      page.goto(`${ORIGIN}/?first=${first}${count ? `&count=${count}` : ""}`).catch(() => {});
      const close = async () => {
        // A page that hangs cannot be closed, only its browser.
        const closed = await Promise.race([context.close().then(() => true, () => true), new Promise((resolve) => setTimeout(() => resolve(false), 5_000).unref())]);
        if (closed) return;
        browser = undefined;
        await own.close();
      };
      return { ended: ended.then(async (why) => (await close(), why)), kill: () => over({}) };
    },
    async stop() {
      await browser?.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
