// Two gigabytes from a page to the model hub, in headless Chromium with a sparse file: the page's memory stays small, and it is told
// each second where the upload is.
import assert from "node:assert/strict";
import { closeSync, ftruncateSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { startHub } from "../devnet/opengradient/hub.mjs";
import { API_KEY, EMAIL, PASSWORD, startIdentity } from "../devnet/opengradient/identity.mjs";
import { launch, newPage } from "./browser.mjs";

const SIZE = 2 * 2 ** 30;
const LIMIT = 64 * 2 ** 20;
const pkg = fileURLToPath(new URL("../../pkg", import.meta.url));
const PAGE = `<!doctype html><meta charset="utf-8"><title>upload</title><input type="file" id="file">
<script>
  for (const name of ["instantiate", "instantiateStreaming"]) {
    const start = WebAssembly[name];
    WebAssembly[name] = async (...args) => {
      const made = await start(...args);
      window.memory ??= (made.instance ?? made).exports.memory;
      return made;
    };
  }
</script>
<script type="module">
  import { ModelHub } from "/pkg/opengradient.js";
  window.start = async (options) => {
    const hub = await ModelHub.login(options);
    await hub.createModel("large", "");
    const state = (window.state = { beats: 0, silence: 0, turns: 0, blind: 0, kinds: {}, over: false });
    // A second is ten beats of a timer: where it is held up, so is the telling.
    const heart = setInterval(() => (state.silence = Math.max(state.silence, ++state.beats)), 100);
    const turn = setInterval(() => state.turns++, 4);
    const onProgress = ({ kind, loaded }) => {
      const before = state.kinds[kind] ?? { steps: 0, loaded: 0 };
      if (state.turns === 0) state.blind = Math.max(state.blind, loaded - before.loaded);
      Object.assign(state, { beats: 0, turns: 0 });
      state.kinds[kind] = { steps: before.steps + 1, loaded };
    };
    hub.upload(document.getElementById("file").files[0], "large", "0.01", { onProgress }).then(
      (result) => Object.assign(state, { result }),
      (error) => Object.assign(state, { error: String(error) }),
    ).finally(() => {
      clearInterval(heart);
      clearInterval(turn);
      state.over = true;
    });
  };
</script>`;

describe("an upload of 2 GB", { timeout: 3_600_000 }, () => {
  let folder, identity, hub, server, browser;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "ogkit-upload-"));
    const handle = openSync(join(folder, "model.onnx"), "w");
    ftruncateSync(handle, SIZE);
    closeSync(handle);
    identity = await startIdentity();
    hub = await startHub({ identity });
    const types = { ".js": "text/javascript", ".wasm": "application/wasm" };
    server = createServer((request, response) => {
      const { pathname } = new URL(request.url, "http://localhost");
      // Isolated, because only such pages may measure themselves.
      const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
      if (pathname === "/") return response.writeHead(200, { ...headers, "content-type": "text/html" }).end(PAGE);
      try {
        const body = readFileSync(join(pkg, pathname.replace(/^\/pkg\//, "")));
        response.writeHead(200, { ...headers, "content-type": types[extname(pathname)] ?? "text/plain" }).end(body);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    // Else the browser measures only once in a while.
    browser = await launch("--enable-blink-features=ForceEagerMeasureMemory");
  });
  after(async () => {
    await browser?.close();
    server?.close();
    await hub?.stop();
    await identity?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("keeps the page below 64 MB and tells each second where it is", async () => {
    const page = await newPage(browser);
    const problems = [];
    page.on("pageerror", (error) => problems.push(String(error)));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.setInputFiles("#file", join(folder, "model.onnx"));
    const devtools = await page.context().newCDPSession(page);
    await page.waitForFunction(() => window.start);
    await page.evaluate((options) => window.start(options), {
      email: EMAIL, password: PASSWORD, url: hub.url,
      identity: { apiKey: API_KEY, signInUrl: `${identity.url}/v1/accounts:signInWithPassword`, tokenUrl: `${identity.url}/v1/token` },
    });
    const most = { page: 0, heap: 0, wasm: 0, samples: 0 };
    const started = Date.now();
    let state;
    do {
      // Everything that counts as the page's: heap, buffers, WebAssembly, the document.
      const { bytes } = await page.evaluate(() => performance.measureUserAgentSpecificMemory());
      const { usedSize, embedderHeapUsedSize = 0, backingStorageSize = 0 } = await devtools.send("Runtime.getHeapUsage");
      most.page = Math.max(most.page, bytes);
      most.heap = Math.max(most.heap, usedSize + embedderHeapUsedSize + backingStorageSize);
      most.wasm = await page.evaluate(() => window.memory.buffer.byteLength);
      most.samples += 1;
      state = await page.evaluate(() => window.state);
      await new Promise((resolve) => setTimeout(resolve, 200));
    } while (!state.over);
    const mb = (bytes) => (bytes / 2 ** 20).toFixed(1);
    console.log(`${mb(SIZE)} MB in ${((Date.now() - started) / 1000).toFixed(0)} s; at most ${mb(most.page)} MB by the browser's measure, ${mb(most.heap)} MB of heap and buffers, ${mb(most.wasm)} MB of WebAssembly (${most.samples} samples); at most ${state.silence} beats without a word; steps ${JSON.stringify(state.kinds)}`);
    assert.equal(state.error, undefined);
    assert.deepEqual([state.result.size, state.result.verified], [SIZE, true]);
    assert.deepEqual(Object.values(state.kinds).map(({ loaded }) => loaded), [SIZE, SIZE]);
    assert.ok(most.samples > 10);
    assert.ok(most.page < LIMIT && most.heap + most.wasm < LIMIT, `${mb(most.page)} and ${mb(most.heap)} MB`);
    assert.ok(state.silence <= 10, `${state.silence} beats without a word`);
    assert.ok(state.blind <= 64 * 2 ** 20, `${mb(state.blind)} MB without a turn for the page`);
    assert.deepEqual(problems, []);
  });
});
