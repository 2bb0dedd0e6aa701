// A relay under the dApp's own origin, as a Next.js route is, seen by real pages in Chrome.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { createRelay, toNodeHandler } from "../../../pkg/relay.js";
import { launch } from "../../e2e/browser.mjs";
import { serve, upstream } from "./stage.mjs";

const SCRIPT = "<!doctype html><title>theirs</title><script>document.title = 'ran ' + localStorage.getItem('key')</script>";
const TYPES = { js: "text/javascript", wasm: "application/wasm" };
let browser, up, site, other;

/** A site with the package, an empty page, and a relay at /og. */
async function serveSite(handler) {
  return serve(async (request, response) => {
    const path = new URL(request.url, "http://x").pathname;
    if (path === "/og") return handler(request, response);
    if (path === "/") return response.writeHead(200, { "content-type": "text/html" }).end('<!doctype html><title>ours</title><link rel="icon" href="data:,">');
    const bytes = await readFile(new URL(`../../../pkg${path}`, import.meta.url)).catch(() => undefined);
    response.writeHead(bytes ? 200 : 404, { "content-type": TYPES[path.split(".").pop()] ?? "text/plain" }).end(bytes);
  });
}

before(async () => {
  browser = await launch();
  up = await upstream((request, response) => {
    if (request.url === "/html") return response.writeHead(200, { "content-type": "text/html" }).end(SCRIPT);
    if (request.url === "/sniffed") return response.writeHead(200, { "content-type": "text/plain" }).end(SCRIPT);
    if (request.url === "/script") return response.writeHead(200, { "content-type": "application/json" }).end("document.title = 'ran'");
    return response.writeHead(200, { "content-type": "application/json", "x-upto-session": "s" }).end('{"ok":true}');
  });
  site = await serveSite((request, response) => handler(request, response));
  other = await serveSite((_, response) => response.writeHead(404).end());
  const handler = toNodeHandler(createRelay({ upstreams: [up.url], origins: [site.url], maxBody: 1 << 20 }));
});
after(async () => {
  await browser?.close();
  for (const server of [up, site, other]) await server?.stop();
});

const at = (base, path) => `${base}/og?url=${encodeURIComponent(up.url + path)}`;
async function open(url) {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

test("an upstream's HTML never runs under the page's origin: opened, framed, as text that could be sniffed, or as a script", async () => {
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(site.url);
  await page.evaluate(() => localStorage.setItem("key", "secret"));
  for (const path of ["/html", "/sniffed"]) {
    const shown = await context.newPage();
    const answer = await shown.goto(at(site.url, path));
    assert.equal(answer.status(), 403, path);
    assert.doesNotMatch(await shown.title(), /ran/, path);
    await shown.close();
  }
  const framed = await page.evaluate((url) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.onload = () => { try { resolve(frame.contentDocument?.title ?? "closed"); } catch { resolve("closed"); } };
    frame.src = url;
    document.body.append(frame);
  }), at(site.url, "/html"));
  assert.doesNotMatch(framed, /ran/);
  const scripted = await page.evaluate((url) => new Promise((resolve) => {
    const script = document.createElement("script");
    script.onload = script.onerror = () => resolve(document.title);
    script.src = url;
    document.body.append(script);
  }), at(site.url, "/script"));
  assert.equal(scripted, "ours");
  assert.deepEqual(up.seen, [], "and nothing of it was asked for");
  await context.close();
});

test("were it shown after all, it would be in a sandbox: no script, an origin of its own", async () => {
  // A worker's cache, or a browser without Fetch Metadata, may bring an answer where no check sees it.
  const page = await browser.newPage();
  const answer = await createRelay({ upstreams: [up.url] })(new Request(at(site.url, "/sniffed")));
  await page.route("**/og?**", (route) => answer.text().then((body) => route.fulfill({ body, headers: { ...Object.fromEntries(answer.headers), "content-type": "text/html" } })));
  await page.goto(at(site.url, "/sniffed"));
  assert.equal(await page.title(), "theirs", "it is shown");
  assert.equal(await page.evaluate(() => window.origin), "null");
  await page.close();
});

test("fetch works, from the page's own origin and across", async () => {
  for (const [base, status] of [[site.url, 200], [other.url, 403]]) {
    const page = await open(base);
    const told = await page.evaluate(async (url) => {
      const response = await fetch(url, { method: "POST", headers: { "content-type": "application/json", "payment-signature": "x" }, body: "{}" });
      return { status: response.status, reason: response.headers.get("x-ogkit-relay-error"), session: response.headers.get("x-upto-session"), body: await response.json() };
    }, at(site.url, "/json"));
    assert.equal(told.status, status, base);
    if (status === 200) assert.deepEqual([told.body, told.session, told.reason], [{ ok: true }, "s", null]);
    // A page that may not use the relay can still show why.
    else assert.deepEqual([told.reason, told.body.reason, told.body.upstream, told.body.sent], ["origin", "origin", up.url, false]);
    await page.close();
  }
});

test("a page reads a refusal while its body is still on the way", async () => {
  const page = await open(site.url);
  const told = await page.evaluate(async (url) => {
    const response = await fetch(url, { method: "POST", body: new Uint8Array(8 << 20) });
    return { status: response.status, ...(await response.json()) };
  }, at(site.url, "/json"));
  assert.deepEqual([told.status, told.reason], [413, "bodyTooLarge"]);
  await page.close();
});

test("an error of the SDK names the relay and what it refused, and does not blame CORS", async () => {
  const page = await open(other.url);
  const told = await page.evaluate(async ({ relay, url }) => {
    const { fetchWithPayment } = await import("/opengradient.js");
    const wallet = { request: async () => ["0x70997970C51812dc3A010C7d01b50e0d17dc79C8"] };
    return fetchWithPayment(url, undefined, { wallet, relay, policy: { assets: [] } }).then(() => "it succeeded", ({ code, message }) => ({ code, message }));
  }, { relay: `${site.url}/og`, url: `${up.url}/json` });
  assert.equal(told.code, "http");
  assert.ok(told.message.includes(`the relay ${site.url}/og refused ${up.url} (origin)`), told.message);
  assert.doesNotMatch(told.message, /CORS/);
  await page.close();
});
