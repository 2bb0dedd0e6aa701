// The site: built from nothing, whole, and readable in a browser with its own strict policy, on a phone and in the dark.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync } from "node:fs";
import { createServer } from "node:http";
import { extname } from "node:path";
import { after, before, describe, test } from "node:test";

import { failures } from "../../docs/site/errors.mjs";
import { launch, newPage } from "../e2e/browser.mjs";
import { root } from "./blocks.mjs";

const site = `${root}target/docs`;
const TYPES = { ".html": "text/html", ".css": "text/css", ".js": "text/javascript" };

describe("the site", () => {
  let server, browser, url;
  before(async () => {
    execFileSync(process.execPath, ["docs/site/build.mjs"], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
    server = createServer((request, response) => {
      const path = new URL(request.url, "http://x").pathname;
      try {
        response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(readFileSync(`${site}${path}`));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    url = `http://127.0.0.1:${server.address().port}`;
    browser = await launch();
  });
  after(async () => {
    await browser?.close();
    server?.close();
  });

  const pages = () => readdirSync(site, { recursive: true }).filter((name) => name.endsWith(".html"));

  test("names every error, with cause, cure and what became of the money", () => {
    const html = readFileSync(`${site}/guides/errors.html`, "utf8");
    for (const { code, cause, cure, money } of failures()) {
      assert.ok(html.includes(`id="${code}"`), code);
      for (const text of [cause, cure, money]) assert.ok(text.length > 10 && text.endsWith("."), `${code}: ${text}`);
    }
  });

  test("asks for nothing outside of itself, and holds no script or style inline", () => {
    for (const name of pages()) {
      const html = readFileSync(`${site}/${name}`, "utf8");
      assert.match(html, /Content-Security-Policy" content="default-src 'none'/, name);
      assert.doesNotMatch(html, / style=| on\w+="|<style|<script(?! src="[^":]*site\.js")|<(?:img|iframe|link)[^>]*"https?:/, name);
    }
  });

  test("tells what each export is", () => {
    for (const name of ["Ogpu", "Task", "Vault", "runTask", "OgpuEvents", "parseEther"]) {
      const path = `${site}/api/ogpu/${name}.html`;
      if (name === "runTask") assert.match(readFileSync(`${site}/api/ogpu/Ogpu.html`, "utf8"), /id="runTask"/);
      else assert.ok(readFileSync(path, "utf8").length > 1000, name);
    }
    assert.match(readFileSync(`${site}/api/ogpu/Ogpu.html`, "utf8"), /id="connect"/);
  });

  for (const [what, options] of Object.entries({
    "a phone": { viewport: { width: 360, height: 740 } },
    "a phone in the dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark" },
    "a desktop": { viewport: { width: 1400, height: 900 } },
  })) {
    test(`fits ${what}`, async () => {
      const context = await browser.newContext(options);
      const page = await newPage(context);
      const problems = [];
      page.on("pageerror", (error) => problems.push(String(error)));
      page.on("console", (message) => message.type() === "error" && problems.push(message.text()));
      page.on("request", (request) => !request.url().startsWith(url) && !request.url().startsWith("data:") && problems.push(request.url()));
      for (const path of ["index.html", "guides/run-a-task.html", "guides/errors.html", "guides/security.html", "guides/from-ogpu-py.html", "api/ogpu/index.html", "api/ogpu/Ogpu.html", "api/ogpu/OgpuEvents.html"]) {
        await page.goto(`${url}/${path}`);
        const { wide, contrast } = await page.evaluate(measure);
        assert.equal(wide, false, `${path} scrolls sideways`);
        assert.deepEqual(contrast, [], path);
      }
      assert.deepEqual(problems, []);
      await context.close();
    });
  }

  for (const width of [1280, 1440, 390]) {
    test(`shows what it found within a page ${width} wide`, async () => {
      const page = await newPage(browser, { viewport: { width, height: 800 } });
      await page.goto(`${url}/api/ogpu/Ogpu.html`);
      await page.fill("#search", "get");
      await page.getByRole("option").first().waitFor();
      const { scrollWidth, clientWidth, left, right } = await page.evaluate(() => {
        const { left, right } = document.getElementById("found").getBoundingClientRect();
        const { scrollWidth, clientWidth } = document.documentElement;
        return { scrollWidth, clientWidth, left, right };
      });
      assert.equal(scrollWidth, clientWidth);
      assert.ok(left >= 0 && right <= clientWidth, `${left} to ${right}`);
      await page.close();
    });
  }

  test("keeps its buttons off the code", async () => {
    const page = await newPage(browser);
    await page.goto(`${url}/guides/get-started.html`);
    const over = await page.evaluate(() => [...document.querySelectorAll("pre")].filter((pre) => pre.querySelector(".copy")?.getBoundingClientRect().bottom > pre.querySelector("code").getBoundingClientRect().top).length);
    assert.equal(over, 0);
    await page.close();
  });

  test("shows a promise's tests to who asks for them, and leads to it by its number", async () => {
    const page = await newPage(browser, { viewport: { width: 360, height: 740 } });
    await page.goto(`${url}/guides/security.html#M3`);
    assert.match(await page.locator(":target").textContent(), /^M3\. /);
    const tests = page.locator("p:has(#M3) + details.tests");
    const first = tests.getByRole("listitem").first();
    assert.equal(await first.isVisible(), false);
    await tests.locator("summary").press("Enter");
    await first.waitFor();
    assert.ok(await page.locator("details.tests").count() > 50);
    await page.locator("details.tests").evaluateAll((all) => all.forEach((one) => (one.open = true)));
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth + 1), false);
    await page.close();
  });

  test("is searched by keyboard", async () => {
    const page = await newPage(browser);
    await page.goto(`${url}/index.html`);
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the text");
    await page.keyboard.press("/");
    await page.keyboard.type("runTask");
    await page.getByRole("option").first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/api\/ogpu\/Ogpu\.html#runTask/);
    await page.close();
  });
});

/** In the page: does it scroll sideways, and which texts have less than 4.5 : 1 of contrast? */
function measure() {
  const rgb = (text) => text.match(/[\d.]+/g).map(Number);
  const light = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((one) => (one / 255 <= 0.03928 ? one / 255 / 12.92 : ((one / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour[3] !== 0) return colour;
    }
    return [255, 255, 255];
  };
  const contrast = [];
  for (const element of document.querySelectorAll("p, li, a:not(.anchor), code, dt, dd, h1, h2, h3, td, th, span[class], blockquote, button, label, input")) {
    if (!element.textContent.trim() || element.matches(".skip")) continue;
    const [a, b] = [light(rgb(getComputedStyle(element).color)), light(behind(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) contrast.push(`${element.tagName} ${element.className} ${ratio.toFixed(2)}`);
  }
  return { wide: document.documentElement.scrollWidth > innerWidth + 1, contrast: [...new Set(contrast)] };
}
