// The dApp as a phone on a slow network sees it, by Chrome's own performance records.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { freshChrome, hasChrome } from "../chrome.mjs";
import { root } from "../build.mjs";
import { serve } from "../site.mjs";
import { exact } from "../rows.mjs";
import { summary } from "../stats.mjs";
import { connect } from "../../tests/e2e/browser.mjs";
import { policy } from "../../www/serve.mjs";

const RUNS = 5;
// Lighthouse's mobile profile.
const SLOW = { offline: false, latency: 150, downloadThroughput: (1.6e6 / 8), uploadThroughput: 750e3 / 8 };
const CPU = 4;

export async function run({ devnet, skip }) {
  if (!hasChrome()) return skip("figures of the dApp: there is no /usr/bin/chromium"), [];
  execFileSync("npx", ["--no-install", "vite", "build", "--config", "www/vite.config.ts", "--logLevel", "warn"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  const { abi: _, stop: __, ...json } = devnet;
  const dist = join(root, "www/dist");
  const site = await serve({ root: dist, pages: { "/": readFileSync(join(dist, "index.html"), "utf8"), "/devnet.json": JSON.stringify(json) }, headers: { "content-security-policy": policy(devnet) } });
  const found = { transfer: [], requests: [], paint: [], interactive: [], blocked: [], connected: [] };
  try {
    for (let round = 0; round < RUNS; round++) {
      const chrome = await freshChrome();
      try {
        const page = await chrome.context.newPage();
        const session = await chrome.context.newCDPSession(page);
        await session.send("Network.enable");
        await session.send("Network.emulateNetworkConditions", SLOW);
        await session.send("Emulation.setCPUThrottlingRate", { rate: CPU });
        await page.addInitScript(() => {
          globalThis.longTasks = [];
          new PerformanceObserver((list) => globalThis.longTasks.push(...list.getEntries().map(({ startTime, duration }) => ({ startTime, duration })))).observe({ type: "longtask", buffered: true });
        });
        await page.goto(`${site.url}/`);
        // What a user can do first: choose a wallet.
        await page.locator('[data-testid^="wallet-"]').first().waitFor();
        await page.waitForLoadState("networkidle");
        const seen = await page.evaluate(() => {
          const [navigation] = performance.getEntriesByType("navigation");
          const resources = performance.getEntriesByType("resource");
          const paint = performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? 0;
          const tasks = globalThis.longTasks;
          return {
            transfer: [navigation, ...resources].reduce((total, entry) => total + entry.transferSize, 0),
            requests: 1 + resources.length,
            paint,
            interactive: Math.max(paint, navigation.domContentLoadedEventEnd, ...tasks.map(({ startTime, duration }) => startTime + duration)),
            blocked: tasks.reduce((total, { duration }) => total + duration - 50, 0),
          };
        });
        // The WebAssembly comes with the first call: connect the development wallet.
        const bytes = () => page.evaluate(() => performance.getEntriesByType("resource").reduce((total, { transferSize }) => total + transferSize, 0));
        const before = await bytes();
        await connect(page);
        seen.connected = seen.transfer + (await bytes()) - before;
        for (const [key, value] of Object.entries(seen)) found[key].push(value);
      } finally {
        await chrome.close();
      }
    }
  } finally {
    await site.close();
  }
  const sample = `median of ${RUNS} fresh profiles; ${CPU}x slower CPU, 1.6 Mbit/s, 150 ms a round trip`;
  const row = (what, unit, figure, note) => ({ what, unit, better: "less", figures: { ogkit: figure }, sample, note });
  return [
    row("dApp: transfer", "KB", exact(summary(found.transfer).median / 1024), `gzip, ${summary(found.requests).median} requests, until the network is idle`),
    row("dApp: transfer, wallet connected", "KB", exact(summary(found.connected).median / 1024), "with the WebAssembly and the chain's answers"),
    row("dApp: first contentful paint", "ms", summary(found.paint)),
    row("dApp: time to interactive", "ms", summary(found.interactive), "the end of the last long task after the first paint"),
    row("dApp: total blocking time", "ms", summary(found.blocked)),
  ];
}
