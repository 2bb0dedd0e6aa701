// Headless Chromium on the served dApp, strict: an error in the page's console is a failure.
import { chromium } from "playwright-core";

import { startDevnet } from "../devnet/index.mjs";
import { startOpenGradient } from "../devnet/opengradient/index.mjs";
import { serve } from "../../www/serve.mjs";

export const ARGS = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
];

/** Milliseconds after which a browser hangs: so many that a busy machine is not taken for that. */
const HANGS = 180_000;

/** Chromium, with more of its switches. */
export const launch = (...more) => chromium.launch({ executablePath: "/usr/bin/chromium", args: [...ARGS, ...more], timeout: HANGS });

/** A page of a browser, or of one of its contexts, that is waited for. */
export async function newPage(of, options) {
  const page = await of.newPage(options);
  page.setDefaultTimeout(HANGS);
  return page;
}

/** Everything that an end-to-end test needs; OpenGradient's devnet where its options are given. */
export async function stage({ opengradient: options } = {}) {
  const starting = options ? startOpenGradient(options) : undefined;
  const [opengradient, devnet, browser] = await Promise.all([starting, startDevnet(), launch()]);
  const site = await serve({ devnet, opengradient });
  return {
    devnet,
    opengradient,
    browser,
    url: site.url,
    async stop() {
      await browser.close();
      await site.close();
      await devnet.stop();
      await opengradient?.stop();
    },
  };
}

/** A page that remembers what went wrong in it. */
export async function open(browser, url, options = {}) {
  const context = await browser.newContext({ permissions: ["clipboard-write"], ...options });
  const page = await newPage(context);
  const problems = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
  await page.goto(url);
  return { page, problems };
}

/** The wallet's own window. */
export const approve = (page) => page.getByTestId("dev-wallet-approve").click();
export const reject = (page) => page.getByTestId("dev-wallet-reject").click();

/** Connects the development wallet, approving its windows. */
export async function connect(page, windows = 1) {
  await page.getByTestId("wallet-dev.ogkit.wallet").click();
  for (let i = 0; i < windows; i++) await approve(page);
  await page.getByTestId("network").waitFor();
}

/** Waits for a line of the log. */
export const logged = (page, text) => page.getByTestId("log").getByText(text).first().waitFor();
