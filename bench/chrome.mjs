// Headless Chrome with a profile on disk, as people have it: its caches of code live there.
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const executablePath = "/usr/bin/chromium";
const args = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

export const hasChrome = () => existsSync(executablePath);

/** A browser with a fresh profile: nothing is cached. */
export async function freshChrome() {
  const profile = mkdtempSync(join(tmpdir(), "ogkit-bench-"));
  const context = await chromium.launchPersistentContext(profile, { executablePath, args });
  return {
    context,
    version: context.browser()?.version(),
    async close() {
      await context.close();
      rmSync(profile, { recursive: true, force: true });
    },
  };
}
