// `node bench/cid.mjs [MB]`: the CID of a file in headless Chromium, beside ipfs-unixfs-importer in the same page and run:
// milliseconds (the median of five, the two taking turns), the longest pause of a timer in the page (median) and its longest
// task (the worst; the browser counts from 50 ms), and by how much the page's process grew (median). The file is a Blob; rows "in memory" take the same bytes from a Uint8Array.
import { chromium } from "playwright-core";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const root = fileURLToPath(new URL("..", import.meta.url));
const megabytes = Number(process.argv[2] ?? 100);
const ROUNDS = 5;
const out = join(root, "target/bench-cid");
await build({ configFile: false, logLevel: "error", build: { lib: { entry: join(root, "bench/cid-peer.mjs"), formats: ["es"], fileName: "peer" }, outDir: out, emptyOutDir: true } });

const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };
const server = createServer((request, response) => {
  const path = normalize(new URL(request.url, "http://localhost").pathname);
  if (path === "/") return response.setHeader("content-type", "text/html").end("<!doctype html><title>bench</title>");
  try {
    const file = path === "/peer.js" ? join(out, "peer.js") : join(root, "pkg", path);
    const bytes = readFileSync(file);
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" }).end(bytes);
  } catch {
    response.writeHead(404).end();
  }
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--js-flags=--expose-gc"] });
const page = await browser.newPage();
await page.goto(`http://127.0.0.1:${server.address().port}/`);

const processes = await (await browser.newBrowserCDPSession()).send("SystemInfo.getProcessInfo");
const renderers = processes.processInfo.filter(({ type }) => type === "renderer").map(({ id }) => id);
const resident = () => Math.max(...renderers.map((id) => {
  try {
    return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${id}/status`, "utf8"))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}));

await page.evaluate(async (megabytes) => {
  const { cidOf, init } = await import("/ogpu/slim.js");
  const { peer } = await import("/peer.js");
  await init(await fetch("/wasm/ogpu/ogkit_bg.wasm"));
  const parts = Array.from({ length: megabytes }, () => {
    const part = new Uint8Array(1e6);
    for (let at = 0; at < part.length; at += 50_000) crypto.getRandomValues(part.subarray(at, at + 50_000));
    return part;
  });
  const blob = new Blob(parts);
  let bytes;
  const LAYOUTS = { "kubo v0": {}, "kubo v1": { cidVersion: 1 }, "unixfs-v1-2025": { cidVersion: 1, chunkSize: 1 << 20, maxChildren: 1024 } };
  globalThis.measure = async (who, layout, inMemory) => {
    if (inMemory) bytes ??= new Uint8Array(await blob.arrayBuffer());
    globalThis.gc?.();
    // What a user would feel: the longest pause between two turns of a timer, and the tasks that the browser calls long.
    let [last, longest] = [performance.now(), 0];
    const beat = () => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    };
    const heart = setInterval(beat, 4);
    const long = [];
    const observer = new PerformanceObserver((list) => long.push(...list.getEntries().map(({ duration }) => duration)));
    observer.observe({ type: "longtask" });
    // A task of its own, so that nothing of the harness counts.
    await new Promise((resolve) => setTimeout(resolve, 20));
    const began = performance.now();
    const content = inMemory ? bytes : blob;
    const cid = who === "ogkit" ? await cidOf(content, LAYOUTS[layout]) : await peer(content, layout);
    const ms = performance.now() - began;
    beat();
    clearInterval(heart);
    await new Promise((resolve) => setTimeout(resolve, 20));
    observer.disconnect();
    return { cid, ms, longest, long: Math.max(0, ...long) };
  };
}, megabytes);

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
const rows = [];
for (const inMemory of [false, true]) {
  for (const layout of ["kubo v0", "kubo v1", "unixfs-v1-2025"]) {
    const found = { ogkit: [], importer: [] };
    for (let round = 0; round < ROUNDS; round++) {
      for (const who of round % 2 ? ["importer", "ogkit"] : ["ogkit", "importer"]) {
        const before = resident();
        let peak = before;
        const watch = setInterval(() => (peak = Math.max(peak, resident())), 5);
        const result = await page.evaluate(([who, layout, inMemory]) => globalThis.measure(who, layout, inMemory), [who, layout, inMemory]);
        clearInterval(watch);
        found[who].push({ ...result, grew: peak - before });
      }
    }
    const cids = new Set([...found.ogkit, ...found.importer].map(({ cid }) => cid));
    if (cids.size !== 1) throw new Error(`${layout}: the two do not agree: ${[...cids].join(", ")}`);
    const of = (who, key) => found[who].map((result) => result[key]);
    const [ours, theirs] = [median(of("ogkit", "ms")), median(of("importer", "ms"))];
    rows.push({
      file: `${megabytes} MB ${inMemory ? "in memory" : "Blob"}, ${layout}`,
      "ogkit ms": Math.round(ours),
      "importer ms": Math.round(theirs),
      "times as fast": (theirs / ours).toFixed(1),
      "ogkit pause ms": Math.round(median(of("ogkit", "longest"))),
      "importer pause ms": Math.round(median(of("importer", "longest"))),
      "ogkit long task ms": Math.round(Math.max(...of("ogkit", "long"))),
      "importer long task ms": Math.round(Math.max(...of("importer", "long"))),
      "ogkit grew MB": Math.round(median(of("ogkit", "grew"))),
      "importer grew MB": Math.round(median(of("importer", "grew"))),
    });
  }
}
console.table(rows);
await browser.close();
server.close();
