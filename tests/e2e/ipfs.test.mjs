// Verified IPFS in headless Chromium: an honest and a hostile gateway, subdomains, a file that is published from a Blob.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";

import { MANNERS, limitsFor, startHostileGateway } from "../devnet/hostile-gateway.mjs";
import { KIB, KNOWN, MIB, noise, startWorld } from "../node/ipfs/world.mjs";
import { launch, open } from "./browser.mjs";

const pkg = fileURLToPath(new URL("../../pkg", import.meta.url));
const TYPES = { ".js": "text/javascript", ".wasm": "application/wasm" };

describe("verified IPFS in a page", () => {
  const set = {};
  before(async () => {
    set.world = await startWorld();
    set.other = await set.world.add(noise(1000, 99), KNOWN["kubo v1"]);
    set.hostile = await startHostileGateway(set.world.gateways.trustless.url, set.other);
    set.server = createServer((request, response) => {
      const path = normalize(new URL(request.url, "http://localhost").pathname);
      if (path === "/") return response.setHeader("content-type", "text/html").end('<!doctype html><link rel="icon" href="data:,"><title>test</title>');
      try {
        const bytes = readFileSync(join(pkg, path));
        response.writeHead(200, { "content-type": TYPES[extname(path)] ?? "text/plain" }).end(bytes);
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise((resolve) => set.server.listen(0, "127.0.0.1", resolve));
    set.browser = await launch();
    set.page = (await open(set.browser, `http://127.0.0.1:${set.server.address().port}/`)).page;
    await set.page.evaluate(async () => {
      const api = await import("/ogpu/slim.js");
      await api.init(await fetch("/wasm/ogpu/ogkit_bg.wasm"));
      globalThis.api = api;
      globalThis.hash = async (bytes) => [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      // Not by `new Response(stream)`, which would hide the stream's own error.
      globalThis.collect = async ({ stream }) => {
        const parts = [];
        const reader = stream.getReader();
        for (let step = await reader.read(); !step.done; step = await reader.read()) parts.push(step.value);
        return new Blob(parts).arrayBuffer();
      };
    });
  });
  after(async () => {
    await set.browser?.close();
    set.server?.close();
    await set.hostile?.stop();
    await set.world?.stop();
  });
  const hash = async (bytes) => Buffer.from(await crypto.subtle.digest("SHA-256", bytes)).toString("hex");

  test("every form and layout, whole and streamed, by path and by subdomain", async () => {
    for (const [name, layout] of Object.entries(KNOWN)) {
      for (const size of [0, 1, layout.chunkSize + 1, 3 * MIB]) {
        const bytes = noise(size, size + 1);
        const cid = await set.world.add(bytes, layout);
        for (const { url, port } of Object.values(set.world.gateways)) {
          const links = [`ipfs://${cid}`, ...(cid.startsWith("b") ? [`http://${cid}.ipfs.localhost:${port}/`] : [])];
          for (const link of links) {
            const found = await set.page.evaluate(async ([link, url]) => {
              const options = link.startsWith("ipfs:") ? { gateways: [url] } : {};
              return [await hash(await api.fetchIpfsBytes(link, options)), await hash(await collect(await api.fetchIpfsStream(link, options)))];
            }, [link, url]);
            assert.deepEqual(found, [await hash(bytes), await hash(bytes)], `${name}, ${size} bytes, ${link} from ${url}`);
          }
        }
      }
    }
  });

  test("no lie gets through", async () => {
    const bytes = noise(600 * KIB, 5);
    const cid = await set.world.add(bytes, KNOWN["kubo v0"]);
    const wanted = await hash(bytes);
    const ask = async (manner) => {
      const found = await set.page.evaluate(async ([cid, liar, honest, limits]) => {
        const quick = { ...limits, maxBytes: 8 << 20 };
        const result = async (get) => {
          try {
            return await hash(await get());
          } catch (error) {
            return api.isOgError(error) ? error.code : String(error);
          }
        };
        return Promise.all([
          result(() => api.fetchIpfsBytes(cid, { ...quick, gateways: [liar] })),
          result(async () => collect(await api.fetchIpfsStream(cid, { ...quick, gateways: [liar] }))),
          result(() => api.fetchIpfsBytes(cid, { ...quick, gateways: [liar, honest] })),
          result(async () => collect(await api.fetchIpfsStream(cid, { ...quick, gateways: [liar, honest] }))),
        ]);
      }, [cid, set.hostile.at(manner), set.world.gateways.trustless.url, limitsFor(manner)]);
      const [alone, streamed, both, bothStreamed] = found;
      for (const one of [alone, streamed]) assert.ok([wanted, "contentUnverified", "ipfsFetch", "ipfsGateway"].includes(one), `${manner}: ${one}`);
      assert.deepEqual([both, bothStreamed], [wanted, wanted], manner);
    };
    for (const manner of [...MANNERS.lies, ...MANNERS.conducts]) await ask(manner);
    await Promise.all(MANNERS.endless.map(ask));
  });

  test("a Blob is hashed without holding the page, published and read back", async () => {
    const bytes = noise(20 * MIB, 11);
    const expected = await set.world.add(bytes, KNOWN["kubo v0"]);
    const { origin } = set.world.pins;
    const found = await set.page.evaluate(async ([pinUrl, size, seed]) => {
      const bytes = new Uint8Array(size);
      for (let i = 0, state = seed; i < size; i++) {
        state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
        bytes[i] = state >>> 24;
      }
      const file = new File([bytes], "noise.bin", { type: "application/x-noise" });
      const cid = await api.cidOf(file);
      const steps = [];
      // Tasks of the page, of which each asks for the next one, and a clock by which every piece takes long.
      let [turns, over] = [0, false];
      const turn = () => scheduler.postTask(() => (turns++, over || turn()));
      turn();
      const { now } = Date;
      let late = 0;
      Date.now = () => now() + (late += 20);
      const link = await api.publishToIpfs(file, { pinUrl, onProgress: ({ kind, bytes }) => steps.push({ kind, bytes, turns }) });
      [Date.now, over] = [now, true];
      return { cid, link, steps, memory: await api.cidOf(bytes) };
    }, [`${origin}/v0`, bytes.length, 11]);
    assert.deepEqual([found.cid, found.memory, found.link.endsWith(`/${expected}`)], [expected, expected, true]);
    assert.deepEqual([...new Set(found.steps.map(({ kind }) => kind))], ["hashing", "uploading", "uploaded"]);
    // The page had its turn between any two words. How long it waits for one at most is in bench/cid.mjs.
    const hashing = found.steps.filter(({ kind }) => kind === "hashing");
    assert.ok(hashing.length > 4, `${hashing.length} words`);
    for (const [at, { bytes, turns }] of hashing.slice(1).entries()) assert.ok(turns > hashing[at].turns, `no turn before ${bytes} bytes`);
  });
});
