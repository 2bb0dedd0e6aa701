// A relay among clients and upstreams that stall, flood and leave: memory, time and listeners stay bounded.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";
import { describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { createRelay } from "../../../pkg/relay.js";
import { between, eventually, refused, upstream } from "./stage.mjs";

const PAGE = "https://my.page";
const json = (_, response) => response.writeHead(200, { "content-type": "application/json" }).end("{}");

/** A POST whose body is `sent` bytes and never ends. */
function unfinished(relay, up, sent) {
  const call = httpRequest(relay.through(`${up.url}/v1`), { method: "POST", headers: { origin: PAGE }, agent: false });
  call.on("error", () => {});
  call.write(Buffer.alloc(sent, "x"));
  return call;
}
async function read(response) {
  const pieces = [];
  for await (const piece of response) pieces.push(piece);
  return { status: response.statusCode, headers: response.headers, ...JSON.parse(Buffer.concat(pieces)) };
}

describe("uploads", () => {
  test("one that never ends is refused in time, with CORS headers, and its connection closed", () => between(json, { uploadTimeout: 0.3 }, async (relay, up) => {
    const call = unfinished(relay, up, 1000);
    const [response] = await once(call, "response");
    const started = Date.now();
    const { status, reason, sent, headers } = await read(response);
    assert.deepEqual([status, reason, sent, headers["access-control-allow-origin"]], [408, "uploadTimeout", false, "*"]);
    if (!call.destroyed) await once(call, "close");
    assert.ok(Date.now() - started < 10_000);
    assert.deepEqual(up.seen, []);
  }));

  test("all bodies together have a limit: 429, Retry-After and CORS headers, and room again afterwards", () => between(json, { maxHeld: 100_000, uploadTimeout: 30 }, async (relay, up) => {
    const first = unfinished(relay, up, 60_000);
    // It is held once the relay has read it: until then the second one fits.
    let second;
    await eventually(async () => {
      second = await relay.ask(`${up.url}/v1`, { method: "POST", body: "x".repeat(60_000), headers: { origin: PAGE } });
      if (second.status === 200) await second.text();
      return second.status !== 200;
    }, "the first body is held");
    assert.deepEqual([second.status, second.headers.get("retry-after"), second.headers.get("access-control-allow-origin")], [429, "1", "*"]);
    assert.equal((await refused(second)).reason, "full");
    first.destroy();
    await eventually(async () => {
      const third = await relay.ask(`${up.url}/v1`, { method: "POST", body: "x".repeat(60_000) });
      await third.text();
      return third.status === 200;
    }, "room again");
  }));

  test("a large one gets its refusal, also while it is still being sent", () => between(json, { maxBody: 1000 }, async (relay, up) => {
    const call = httpRequest(relay.through(`${up.url}/v1`), { method: "POST", agent: false });
    call.on("error", () => {});
    for (let i = 0; i < 64; i++) call.write(Buffer.alloc(64 << 10));
    const answered = once(call, "response");
    call.end();
    const [response] = await answered;
    assert.deepEqual(await read(response).then(({ status, reason }) => [status, reason]), [413, "bodyTooLarge"]);
  }));

  test("a hundred at once, each as large as may be, stay within the total", async () => {
    // In a process of its own, whose memory is only the relay's.
    const { stdout } = await promisify(execFile)("node", [fileURLToPath(new URL("stalled.mjs", import.meta.url))], { timeout: 60_000 });
    const { refused, waiting, grown, after } = JSON.parse(stdout);
    assert.ok(refused >= 70 && waiting <= 30, `${refused} refused, ${waiting} waiting`);
    assert.ok(grown < 250 << 20, `${(grown / 2 ** 20).toFixed()} MB more`);
    assert.equal(after, 200, "and it serves again");
  });
});

describe("answers", () => {
  test("an upstream that does not begin", () => between(() => {}, { timeout: 0.2 }, async (relay, up) => {
    const { status, reason, sent } = await refused(await relay.ask(`${up.url}/v1`, { method: "POST", body: "x" }));
    assert.deepEqual([status, reason, sent], [504, "upstreamTimeout", true]);
  }));

  test("a stream that stalls after its first chunk is ended on both sides, and not as if it were whole", () => {
    let left = false;
    return between((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
      response.on("close", () => (left = true));
    }, { idleTimeout: 0.3 }, async (relay, up) => {
      const reader = (await relay.ask(`${up.url}/v1`)).body.getReader();
      assert.equal(new TextDecoder().decode((await reader.read()).value), "data: 1\n\n");
      await assert.rejects(reader.read());
      await eventually(() => left, "the upstream is left");
    });
  });

  test("one that goes on slowly is not ended before the total time, and then is", () => {
    let timer;
    return between((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      timer = setInterval(() => response.write("data: 1\n\n"), 50);
    }, { idleTimeout: 0.4, totalTimeout: 1.2 }, async (relay, up) => {
      const started = Date.now();
      const reader = (await relay.ask(`${up.url}/v1`)).body.getReader();
      await assert.rejects(async () => { for (;;) if ((await reader.read()).done) return; });
      const took = Date.now() - started;
      clearInterval(timer);
      assert.ok(took > 900 && took < 5_000, String(took));
    });
  });

  test("one that nobody reads is ended", () => {
    let left = false;
    return between((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const more = () => { while (response.write(Buffer.alloc(64 << 10))); };
      response.on("drain", more).on("close", () => (left = true));
      more();
    }, { idleTimeout: 0.4 }, async (relay, up) => {
      const socket = connect(relay.port, "127.0.0.1");
      socket.on("error", () => {});
      socket.write(`GET /og?url=${encodeURIComponent(up.url)}%2Fv1 HTTP/1.1\r\nhost: x\r\n\r\n`);
      socket.pause();
      await eventually(() => left, "the upstream is left");
      socket.destroy();
    });
  });

  test("one that is too large breaks off", () => between((_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("x".repeat(300_000)), { maxAnswer: 100_000 }, async (relay, up) => {
    await assert.rejects((await relay.ask(`${up.url}/v1`)).text());
  }));

  test("a page that leaves takes the upstream's request with it, before and in the answer", () => {
    const closed = [];
    return between((request, response) => {
      response.on("close", () => closed.push(request.url));
      if (request.url === "/stream") response.writeHead(200, { "content-type": "text/event-stream" }).write("data: 1\n\n");
    }, {}, async (relay, up) => {
      for (const path of ["/silent", "/stream"]) {
        const stop = new AbortController();
        const answer = relay.ask(up.url + path, { signal: stop.signal });
        if (path === "/stream") await (await answer).body.getReader().read();
        else await eventually(() => up.seen.length === 1, "it has arrived");
        stop.abort();
        await answer.catch(() => {});
        await eventually(() => closed.includes(path), path);
      }
    });
  });

  test("as many requests at once as there may be, and room again when they are over", () => {
    const open = [];
    return between((_, response) => void open.push(response), { maxRequests: 3 }, async (relay, up) => {
      const waiting = [1, 2, 3].map(() => relay.ask(`${up.url}/v1`));
      await eventually(() => open.length === 3, "three are there");
      const full = await relay.ask(`${up.url}/v1`);
      assert.deepEqual([full.status, (await refused(full)).reason], [429, "full"]);
      for (const response of open.splice(0)) json(undefined, response);
      for (const one of waiting) assert.deepEqual(await (await one).json(), {});
      const again = relay.ask(`${up.url}/v1`);
      await eventually(() => open.length === 1, "a fourth");
      json(undefined, open[0]);
      assert.equal((await again).status, 200);
    });
  });

  test("every way an exchange may end gives its place back", async () => {
    let answer;
    const up = await upstream((request, response) => answer(request, response));
    const relay = createRelay({ upstreams: [up.url], maxRequests: 1, timeout: 0.2, idleTimeout: 0.2, maxBody: 10, maxHeld: 10, maxAnswer: 100 });
    const ask = (init) => relay(new Request(`https://relay.example/?url=${up.url}/v1`, init));
    const ways = {
      "whole": [json, async (response) => response.text()],
      "cancelled": [(_, response) => response.writeHead(200, { "content-type": "text/plain" }).write("x"), async (response) => response.body.cancel()],
      "stalled": [(_, response) => response.writeHead(200, { "content-type": "text/plain" }).write("x"), async (response) => assert.rejects(response.text())],
      "reset": [(request, response) => response.writeHead(200, { "content-type": "text/plain" }).write("x", () => request.socket.destroy()), async (response) => assert.rejects(response.text())],
      "too large": [(_, response) => response.writeHead(200, { "content-type": "text/plain" }).end("x".repeat(1000)), async (response) => assert.rejects(response.text())],
      "no body": [(_, response) => response.writeHead(204).end(), async () => {}],
      "HTML": [(_, response) => response.writeHead(200, { "content-type": "text/html" }).end("x"), async () => {}],
      "an HTML error": [(_, response) => response.writeHead(500, { "content-type": "text/html" }).end("x"), async () => {}],
      "silent": [() => {}, async () => {}],
    };
    try {
      for (const [way, [answers, finish]] of Object.entries(ways)) {
        answer = answers;
        await finish(await ask({ method: "POST", body: "0123456789" }));
        answer = json;
        const next = await ask({ method: "POST", body: "0123456789" });
        assert.equal(next.status, 200, way);
        await next.text();
        const large = await ask({ method: "POST", body: "01234567890" });
        assert.equal(large.status, 413);
      }
    } finally {
      await up.stop();
    }
  });

  test("one listener for each event, however often the other side must be waited for", () => between((_, response) => {
    response.writeHead(200, { "content-type": "text/plain" });
    let left = 100;
    const more = () => { while (left-- > 0) if (!response.write(Buffer.alloc(64 << 10))) return; response.end(); };
    response.on("drain", more);
    more();
  }, {}, async (relay, up) => {
    let most = 0;
    let pauses = 0;
    relay.server.prependListener("request", (_, response) => {
      const { write } = response;
      response.write = (...args) => {
        most = Math.max(most, response.listenerCount("close"), response.listenerCount("drain"));
        const good = write.apply(response, args);
        pauses += good ? 0 : 1;
        return good;
      };
    });
    assert.equal((await (await relay.ask(`${up.url}/v1`)).arrayBuffer()).byteLength, 100 * (64 << 10));
    assert.ok(pauses > 10, `${pauses} pauses`);
    assert.ok(most <= 2, `${most} listeners`);
  }));
});
