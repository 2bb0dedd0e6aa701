// From the script's start to the first result in Chrome: cold (a fresh profile) and warm (a later visit).
import assert from "node:assert/strict";

import { LIBRARIES, folder } from "../bundles.mjs";
import { freshChrome, hasChrome } from "../chrome.mjs";
import { serve } from "../site.mjs";
import { summary } from "../stats.mjs";

const RUNS = 7;
const VISITS = 7;
const ADDRESS = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";

export async function run({ network, skip }) {
  if (!hasChrome()) return skip("time to first call: there is no /usr/bin/chromium"), [];
  const given = JSON.stringify({ network, address: ADDRESS.toLowerCase() });
  const page = (library) => `<!doctype html><title>${library}</title><link rel="icon" href="data:,"><script>globalThis.given = ${given}</script><script type="module" src="/first-${library}.js"></script>`;
  const site = await serve({ root: folder, pages: Object.fromEntries(LIBRARIES.map((library) => [`/${library}`, page(library)])) });
  const times = Object.fromEntries(["cold", "warm", "coldPage", "warmPage"].map((kind) => [kind, Object.fromEntries(LIBRARIES.map((library) => [library, []]))]));
  try {
    for (let round = 0; round < RUNS; round++) {
      for (const library of LIBRARIES) {
        const chrome = await freshChrome();
        try {
          const visit = async () => {
            const tab = await chrome.context.newPage();
            await tab.goto(`${site.url}/${library}`);
            await tab.waitForFunction(() => globalThis.done);
            const { result, took, end } = await tab.evaluate(() => globalThis.done);
            assert.equal(result, ADDRESS);
            await tab.close();
            return { took, end };
          };
          // The browser's own first page is not what is measured.
          await (await chrome.context.newPage()).goto("about:blank");
          const cold = await visit();
          times.cold[library].push(cold.took);
          times.coldPage[library].push(cold.end);
          const later = [];
          for (let at = 0; at < VISITS; at++) {
            later.push(await visit());
            // The engine writes its cache of compiled code a little later.
            await new Promise((resolve) => setTimeout(resolve, 100));
          }
          const best = later.slice(2);
          times.warm[library].push(summary(best.map(({ took }) => took)).median);
          times.warmPage[library].push(summary(best.map(({ end }) => end)).median);
        } finally {
          await chrome.close();
        }
      }
    }
  } finally {
    await site.close();
  }
  const row = (what, kind, note) => ({
    what, unit: "ms", better: "less", note, figures: Object.fromEntries(LIBRARIES.map((library) => [library, summary(times[kind][library])])),
    sample: `median of ${RUNS} profiles${kind.startsWith("warm") ? `, each the median of visits 4 to ${VISITS + 1}` : ", first visit"}`,
  });
  return [
    row("first result after the script's start, cold", "cold", "Chrome with a fresh profile, served from this machine: no network time"),
    row("first result after the script's start, cached", "warm", "later visits with the same profile; aim for ogkit: 20 ms"),
    row("first result after the page's start, cold", "coldPage", "with loading and parsing"),
    row("first result after the page's start, cached", "warmPage", "with loading and parsing"),
  ];
}
