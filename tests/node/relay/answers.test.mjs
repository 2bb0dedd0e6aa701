// What goes through a relay, both ways, and what it says when it refuses.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";

import { InvalidInputError, relayFetch } from "../../../pkg/opengradient.js";
import { createRelay } from "../../../pkg/relay.js";
import { between, raw, refused, relayed, serve } from "./stage.mjs";

const PAGE = "https://my.page";

const json = (body, headers = {}) => (_, response) => response.writeHead(200, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));

describe("answers cannot act in a page", () => {
  test("each answer, good or bad, is sandboxed and is not sniffed", () => between(json({ ok: 1 }), {}, async (relay, up) => {
    for (const target of [`${up.url}/v1`, "https://elsewhere.example/", "nonsense"]) {
      const { headers } = await relay.ask(target);
      assert.match(headers.get("content-security-policy"), /^sandbox; default-src 'none'/, target);
      assert.equal(headers.get("x-content-type-options"), "nosniff");
      assert.equal(headers.get("cross-origin-resource-policy"), "same-origin");
      assert.equal(headers.get("cache-control"), "no-store");
    }
  }));

  for (const type of ["text/html", "TEXT/HTML; charset=utf-8", "application/xhtml+xml", "image/svg+xml", "text/javascript", "application/octet-stream", "application/json, text/html", "text/html;application/json", undefined]) {
    test(`the media type ${type} is refused`, () => between((_, response) => response.writeHead(200, type ? { "content-type": type } : {}).end("<script>alert(1)</script>"), {}, async (relay, up) => {
      const { status, reason, header, sent, upstream } = await refused(await relay.ask(`${up.url}/v1`));
      assert.deepEqual([status, reason, header, sent, upstream], [502, "mediaType", "mediaType", true, up.url]);
    }));
  }

  test("a page of HTML about an error comes as its status alone", () => between((_, response) => response.writeHead(503, { "content-type": "text/html", "retry-after": "7" }).end("<h1>down</h1>"), {}, async (relay, up) => {
    const response = await relay.ask(`${up.url}/v1`);
    assert.deepEqual([response.status, response.headers.get("retry-after"), response.headers.get("content-type"), await response.text()], [503, "7", null, ""]);
  }));

  test("the protocol's types, and those that the operator adds, go through", async () => {
    for (const [type, passed] of [["application/json", "application/json"], ['application/json; charset="UTF-8"; x=<b>', "application/json; charset=utf-8"], ["text/event-stream", "text/event-stream"], ["message/ohttp-chunked-res", "message/ohttp-chunked-res"], ["Image/PNG", "image/png"]]) {
      await between((_, response) => response.writeHead(200, { "content-type": type }).end("x"), { mediaTypes: ["image/png"] }, async (relay, up) => {
        const response = await relay.ask(`${up.url}/v1`);
        assert.deepEqual([response.status, response.headers.get("content-type"), await response.text()], [200, passed, "x"]);
      });
    }
  });

  test("navigations, images, scripts and blind requests are refused before anything is sent", () => between(json({}), {}, async (relay, up) => {
    for (const headers of [
      { "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" }, { "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe" }, { "sec-fetch-dest": "script" },
      { "sec-fetch-mode": "cors", "sec-fetch-dest": "image" }, { "sec-fetch-mode": "no-cors", "sec-fetch-dest": "empty" }, { "upgrade-insecure-requests": "1" },
    ]) {
      const { status, text } = await raw(relay.through(`${up.url}/v1`), { headers });
      assert.deepEqual([status, JSON.parse(text).reason], [403, "navigation"], JSON.stringify(headers));
    }
    assert.deepEqual(up.seen, []);
    for (const headers of [{}, { "sec-fetch-mode": "cors", "sec-fetch-dest": "empty" }, { "sec-fetch-mode": "same-origin" }]) {
      assert.equal((await raw(relay.through(`${up.url}/v1`), { headers })).status, 200);
    }
  }));
});

describe("headers", () => {
  test("only those of the protocol, and no cookies either way", () => between(json({}, { "payment-required": "abc", "set-cookie": "no=1", server: "secret", "access-control-allow-origin": "https://evil.page", "content-security-policy": "none" }), { origins: [PAGE] }, async (relay, up) => {
    const headers = { origin: PAGE, cookie: "a=b", "payment-signature": "sig", "x-other": "1", "x-forwarded-for": "10.0.0.1" };
    const response = await raw(relay.through(`${up.url}/v1`), { method: "POST", headers, body: "question" });
    assert.deepEqual([response.headers["payment-required"], response.headers["set-cookie"], response.headers.server, response.headers["access-control-allow-origin"]], ["abc", undefined, undefined, PAGE]);
    const { "payment-signature": signature, cookie, "x-other": other, origin, "x-forwarded-for": from } = up.seen[0].headers;
    assert.deepEqual([signature, cookie, other, origin, from, up.seen[0].body], ["sig", undefined, undefined, undefined, undefined, "question"]);
  }));

  test("those that Connection keeps to the hop stay there, both ways", () => between(
    (_, response) => response.writeHead(200, { "content-type": "application/json", "payment-response": "r", "x-upto-session": "s", connection: "x-upto-session" }).end("{}"),
    { requestHeaders: ["x-mine"] },
    async (relay, up) => {
      const { headers } = await raw(relay.through(`${up.url}/v1`), { headers: { "x-mine": "1", "x-payment": "2", connection: "X-Mine, close", te: "trailers" } });
      assert.deepEqual([up.seen[0].headers["x-mine"], up.seen[0].headers["x-payment"], up.seen[0].headers.te], [undefined, "2", undefined]);
      assert.deepEqual([headers["payment-response"], headers["x-upto-session"]], ["r", undefined]);
    },
  ));

  test("options that would pass on more are refused", () => {
    for (const name of ["cookie", "Set-Cookie", "connection", "Transfer-Encoding", "host", "te", "proxy-authorization", "access-control-allow-origin", "content-security-policy", "location", "content-encoding", "a b"]) {
      for (const field of ["requestHeaders", "responseHeaders"]) assert.throws(() => createRelay({ upstreams: [], [field]: [name] }), (error) => error instanceof InvalidInputError && error.field === `options.${field}`, name);
    }
    for (const type of ["text/html", "image/svg+xml", "application/xml", "text/javascript", "application/pdf", "nonsense", "text/html;x"]) {
      assert.throws(() => createRelay({ upstreams: [], mediaTypes: [type] }), ({ field }) => field === "options.mediaTypes", type);
    }
    for (const more of [{ upstreams: ["ftp://x.example"] }, { upstreams: ["https://a:b@x.example"] }, { upstreams: "https://x.example" }, { maxBody: -1 }, { timeout: Number.NaN }, { maxHeld: "1" }]) {
      assert.throws(() => createRelay({ upstreams: [], ...more }), ({ code }) => code === "invalidInput", JSON.stringify(more));
    }
  });
});

describe("what is refused says so, to any page", () => {
  test("each reason, with CORS headers", () => between(json({}), { origins: [PAGE], maxBody: 4 }, async (relay, up) => {
    const cases = [
      ["upstreamNotListed", 403, "https://elsewhere.example/v1", {}], ["upstreamNotListed", 403, `http://127.0.0.1.evil.example:${up.port}/`, {}], ["badRequest", 400, "file:///etc/passwd", {}],
      ["badRequest", 400, "http://a:b@127.0.0.1/", {}], ["method", 405, `${up.url}/v1`, { method: "DELETE" }], ["bodyTooLarge", 413, `${up.url}/v1`, { method: "POST", body: "large" }],
      ["origin", 403, `${up.url}/v1`, { headers: { origin: "https://evil.page" } }], ["origin", 403, `${up.url}/v1`, { headers: { origin: "null" } }],
    ];
    for (const [reason, status, target, { headers, ...init }] of cases) {
      const origin = headers?.origin ?? PAGE;
      const response = await raw(relay.through(target), { ...init, headers: { origin, ...headers } });
      const told = JSON.parse(response.text);
      assert.deepEqual([response.status, told.reason, told.sent, response.headers["x-ogkit-relay-error"]], [status, reason, false, reason]);
      assert.ok(told.error.length > 10);
      assert.equal(response.headers["access-control-allow-origin"], origin, reason);
      assert.match(response.headers["access-control-expose-headers"], /x-ogkit-relay-error/);
    }
    assert.deepEqual(up.seen, []);
    const preflight = await raw(relay.through(`${up.url}/v1`), { method: "OPTIONS", headers: { origin: PAGE, "access-control-request-method": "POST" } });
    assert.deepEqual([preflight.status, /payment-signature/.test(preflight.headers["access-control-allow-headers"])], [204, true]);
  }));

  test("paths that leave the base are not below it", () => between(json({}), {}, async (_, up) => {
    const relay = createRelay({ upstreams: [`${up.url}/base/`] });
    const at = async (path) => (await relay(new Request(`https://relay.example/?url=${encodeURIComponent(up.url + path)}`))).status;
    for (const path of ["/other", "/base/../other", "/base/%2e%2e/other", "/base/a%2fb", "/based"]) assert.equal(await at(path), 403, path);
    assert.equal(await at("/base/v1"), 200);
  }));

  test("redirects are not followed", () => between((request, response) => response.writeHead(request.url === "/a" ? 307 : 200, { location: "/b", "content-type": "application/json" }).end("{}"), {}, async (relay, up) => {
    assert.equal((await refused(await relay.ask(`${up.url}/a`))).reason, "redirect");
    assert.deepEqual(up.seen.map(({ url }) => url), ["/a"]);
  }));

  test("an upstream that is down, resets, or answers with something else than HTTP", async () => {
    const gone = await serve(() => {});
    await gone.stop();
    const relay = await relayed({ upstreams: [gone.url] });
    const down = await refused(await relay.ask(`${gone.url}/v1`));
    assert.deepEqual([down.status, down.reason, down.sent], [502, "upstreamUnreachable", false]);
    await relay.stop();
    for (const words of [undefined, "SSH-2.0-x\r\n\r\n", "HTTP/1.1 999 x\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"]) {
      const odd = createServer((socket) => socket.on("error", () => {}).once("data", () => (words ? socket.end(words) : socket.destroy())));
      await once(odd.listen(0, "127.0.0.1"), "listening");
      const url = `http://127.0.0.1:${odd.address().port}`;
      const other = await relayed({ upstreams: [url], timeout: 5 });
      const { status, reason, sent } = await refused(await other.ask(`${url}/v1`, { method: "POST", body: "x" }));
      assert.deepEqual([status, sent, ["upstreamUnreachable", "badAnswer"].includes(reason)], [502, true, true], `${words} ${reason}`);
      await other.stop();
      odd.close();
    }
  });

  test("a compressed answer that nobody asked for is refused, not passed on as text", () => between(json({}, { "content-encoding": "gzip" }), {}, async (relay, up) => {
    assert.equal((await refused(await relay.ask(`${up.url}/v1`))).reason, "upstreamUnreachable");
    assert.equal(up.seen[0].headers["accept-encoding"], "identity");
  }));

  test("a list of upstreams that cannot be read, hangs, or holds nonsense", async () => {
    const at = async (upstreams, more) => refused(await createRelay({ upstreams, ...more })(new Request("https://relay.example/?url=https://x.example/")));
    assert.equal((await at(async () => { throw new Error("no registry"); })).reason, "upstreamsUnavailable");
    assert.equal((await at(() => { throw new Error("no registry"); })).reason, "upstreamsUnavailable");
    assert.equal((await at(() => new Promise(() => {}), { timeout: 0.05 })).status, 504);
    assert.equal((await at(async () => undefined)).reason, "upstreamsUnavailable");
    assert.equal((await at(async () => [null, 1, {}, { endpoint: "nonsense" }, { endpoint: "https://x.example", tlsCertificate: "0xzz" }])).reason, "upstreamNotListed");
  });

  test("a fetch of the operator's own that answers nonsense", async () => {
    for (const fetch of [async () => undefined, async () => ({}), () => { throw new Error("no"); }, async () => { throw null; }]) {
      const relay = createRelay({ upstreams: ["https://x.example"], resolve: async () => ["93.184.215.14"], fetch });
      const { status, reason } = await refused(await relay(new Request("https://relay.example/?url=https://x.example/v1")));
      assert.deepEqual([status, ["upstreamUnreachable", "badAnswer"].includes(reason)], [502, true]);
    }
  });
});

describe("relayFetch", () => {
  test("names the relay, what it refused and why", () => between(json({}), {}, async (relay, up) => {
    const failure = async (url, target) => relayFetch(url)(target, { method: "GET" }).then(() => assert.fail("it succeeded"), (error) => error);
    const error = await failure(`${relay.url}/og?key=secret`, "https://elsewhere.example/v1?q=1");
    assert.deepEqual([error.code, error.status, error.url], ["http", 403, `${relay.url}/og`]);
    assert.equal(error.message, `the relay ${relay.url}/og refused https://elsewhere.example (upstreamNotListed): the relay's list of upstreams does not have it`);
    const none = await failure(up.url, `${up.url}/v1`);
    assert.deepEqual([none.code, none.status], ["http", 200]);
    assert.match(none.message, /^the relay http.* answered with status 200, but not as ogkit\/relay does/);
    await relay.stop();
    assert.match((await failure(relay.url, `${up.url}/v1`)).message, /^the relay http.* cannot be reached: fetch failed/);
    const stop = AbortSignal.abort(new Error("enough"));
    await assert.rejects(relayFetch(relay.url)(up.url, { signal: stop }), /enough/);
  }));
});
