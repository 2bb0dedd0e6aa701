// Where a relay connects to: the registry's word never reaches into the operator's own network, by whatever name or notation.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { createRelay } from "../../../pkg/relay.js";
import { refused, relayed, upstream } from "./stage.mjs";

let secret;
before(async () => {
  secret = await upstream((_, response) => response.writeHead(200, { "content-type": "application/json" }).end('{"secret":1}'));
});
after(() => secret.stop());

/** What a relay whose registry names `base` says to a request for it. */
async function asked(base, more = {}) {
  const relay = createRelay({ upstreams: async () => [{ endpoint: base }], timeout: 5, ...more });
  return refused(await relay(new Request(`https://relay.example/?url=${encodeURIComponent(`${base}/v1`)}`)));
}

describe("a registry's entries that are not public are refused", () => {
  const HOSTS = [
    // loopback, in every notation that a URL may have
    "127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.0.0.1.", "127.255.255.254", "[::1]", "[0:0:0:0:0:0:0:1]", "localhost", "localhost.", "a.localhost", "LOCALHOST",
    "0.0.0.0", "0", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]",
    // private and shared
    "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "[fc00::1]", "[fd12:3456::1]", "[::ffff:10.0.0.1]", "[::ffff:c0a8:101]",
    // link-local and metadata
    "169.254.169.254", "[fe80::1]", "[::ffff:169.254.169.254]", "[fd00:ec2::254]", "168.63.129.16", "100.100.100.200", "192.0.0.192", "metadata.google.internal", "metadata",
    // in tunnels and translations
    "[64:ff9b::7f00:1]", "[64:ff9b::a9fe:a9fe]", "[64:ff9b:1::1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fec0::1]",
    // for documents, tests, multicast, everybody
    "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "[2001:db8::1]", "[ff02::1]", "[3fff::1]",
    // names of one's own network
    "printer.local", "db.internal", "router.lan", "nas.home.arpa", "gateway",
  ];
  for (const host of HOSTS) {
    test(`an entry at ${host}`, async () => {
      const { status, reason, sent, error } = await asked(`http://${host}:${secret.port}`);
      assert.deepEqual([status, reason, sent], [403, "privateAddress", false]);
      assert.match(error, /allowPrivateHosts/);
    });
  }

  test("nothing of it reached the server", () => assert.deepEqual(secret.seen, []));

  test("public ones are let through to the connection", async () => {
    for (const host of ["93.184.215.14", "8.8.8.8", "172.32.0.1", "[2606:2800:21f:cb07:6820:80da:af6b:8b2c]", "[::ffff:8.8.8.8]", "[64:ff9b::808:808]"]) {
      const seen = [];
      const relay = createRelay({ upstreams: async () => [{ endpoint: `https://${host}` }], fetch: async (url) => (seen.push(url), Response.json({ ok: true })) });
      assert.equal((await relay(new Request(`https://relay.example/?url=https://${host}/v1`))).status, 200, host);
      assert.equal(seen.length, 1);
    }
  });
});

describe("names are checked by what they stand for", () => {
  const NAME = () => `http://tee.example:${secret.port}`;

  test("a name that resolves to a private address, alone or beside a public one", async () => {
    for (const addresses of [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["::ffff:127.0.0.1"], ["fe80::1%eth0"], ["0.0.0.0"], ["nonsense"]]) {
      const { status, reason, sent } = await asked(NAME(), { resolve: async () => addresses });
      assert.deepEqual([status, reason, sent], [403, "privateAddress", false], String(addresses));
    }
    assert.deepEqual(secret.seen, []);
  });

  test("also with a fetch of the operator's own, before it is called", async () => {
    const fetch = async () => assert.fail("it was called");
    assert.equal((await asked(NAME(), { resolve: async () => ["10.0.0.1"], fetch })).reason, "privateAddress");
    assert.equal((await asked("http://169.254.169.254", { fetch })).reason, "privateAddress");
  });

  test("the connection goes to the address that was checked, and the name is resolved once", async () => {
    // The second answer is what a rebinding attack waits for; the system's resolver does not know the name at all.
    const answers = [["127.0.0.1"], ["127.0.0.2"]];
    let asks = 0;
    const relay = await relayed({ upstreams: [NAME()], allowPrivateHosts: [`tee.example:${secret.port}`], resolve: async () => answers[asks++] });
    const response = await relay.ask(`${NAME()}/v1`);
    assert.deepEqual([response.status, await response.json(), asks], [200, { secret: 1 }, 1]);
    assert.equal(secret.seen.at(-1).headers.host, `tee.example:${secret.port}`);
    await relay.stop();
  });

  test("a public name that the operator listed is not trusted with what it resolves to", async () => {
    const relay = createRelay({ upstreams: [NAME()], resolve: async () => ["127.0.0.1"] });
    assert.equal((await refused(await relay(new Request(`https://relay.example/?url=${NAME()}/v1`)))).reason, "privateAddress");
  });

  test("a name that does not resolve, a resolver that hangs or answers nonsense", async () => {
    const unreachable = await asked(NAME(), { resolve: async () => { throw new Error("NXDOMAIN"); } });
    assert.deepEqual([unreachable.status, unreachable.reason, unreachable.sent], [502, "upstreamUnreachable", false]);
    assert.equal((await asked(NAME(), { resolve: async () => undefined })).reason, "upstreamUnreachable");
    const hanging = await asked(NAME(), { resolve: () => new Promise(() => {}), timeout: 0.05 });
    assert.deepEqual([hanging.status, hanging.reason], [504, "upstreamTimeout"]);
  });
});

describe("what the operator lists by hand is reached", () => {
  test("a private address or local name in the list; a registry's entry in allowPrivateHosts", async () => {
    const entry = { endpoint: secret.url };
    for (const options of [
      { upstreams: [secret.url] },
      { upstreams: [`http://localhost:${secret.port}`] },
      { upstreams: [`http://gateway:${secret.port}`], resolve: async () => ["127.0.0.1"] },
      { upstreams: [entry], allowPrivateHosts: [secret.host] },
      { upstreams: async () => [entry], allowPrivateHosts: [secret.host] },
      { upstreams: async () => [secret.url], allowPrivateHosts: [secret.host] },
    ]) {
      const relay = createRelay(options);
      const [one] = typeof options.upstreams === "function" ? await options.upstreams() : options.upstreams;
      const response = await relay(new Request(`https://relay.example/?url=${one.endpoint ?? one}/v1`));
      assert.equal(response.status, 200, JSON.stringify(options));
      await response.text();
    }
  });

  test("one host is not its neighbour", async () => {
    assert.equal((await asked(secret.url, { allowPrivateHosts: [`127.0.0.1:${secret.port + 1}`, "127.0.0.1"] })).reason, "privateAddress");
  });

  test("in a list of objects each is a registry's entry", async () => {
    const relay = createRelay({ upstreams: [{ endpoint: secret.url }] });
    assert.equal((await refused(await relay(new Request(`https://relay.example/?url=${secret.url}/v1`)))).reason, "privateAddress");
  });
});
