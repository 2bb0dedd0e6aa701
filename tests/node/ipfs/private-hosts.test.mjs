// Links that strangers wrote, and that lead to this machine or its network: they are not followed unless the caller says so.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, describe, test } from "node:test";

import { Ogpu, fetchIpfs, fetchIpfsBytes, fetchIpfsJson, fetchIpfsStream, isOgError, publishToIpfs } from "../../../pkg/ogpu.js";
import { countingProxy } from "../proxy.mjs";
import { startWorld } from "./world.mjs";

describe("private hosts, from a server", () => {
  let world, cid, asked, server, port;
  before(async () => {
    world = await startWorld();
    cid = await world.add(Buffer.from('{"result":"cat"}'));
    asked = [];
    // Not one of the caller's gateways.
    server = createServer((request, response) => {
      asked.push(request.url);
      response.end("a secret of this network");
    });
    await new Promise((resolve) => server.listen(0, resolve));
    ({ port } = server.address());
  });
  after(async () => {
    server?.closeAllConnections();
    server?.close();
    await world?.stop();
  });

  const refused = (error) => isOgError(error, "ipfsFetch") && /is not a public address, and nothing was asked there; allowPrivateHosts/.test(error.message);
  const HOSTS = [
    "127.0.0.1", "localhost", "LOCALHOST.", "a.localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "%31%32%37.0.0.1", "\uff11\uff12\uff17.0.0.1",
    "0.0.0.0", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[64:ff9b::7f00:1]", "[::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]", "[fd00:ec2::254]", "[fc00::1]",
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.100.100.200", "168.63.129.16", "metadata.google.internal", "router", "printer.local",
  ];
  test("by default no form of them is asked", async () => {
    for (const host of HOSTS) {
      for (const link of [`http://${host}:${port}/ipfs/${cid}`, `https://${host}:${port}/ipfs/${cid}`]) await assert.rejects(fetchIpfs(link), refused, link);
    }
    const local = `http://127.0.0.1:${port}`;
    await assert.rejects(fetchIpfsStream(`${local}/ipfs/${cid}`), refused);
    await assert.rejects(fetchIpfsBytes(`${local}/admin`, { verify: "none" }), refused, "also without a CID");
    await assert.rejects(fetchIpfsJson(`${local}/admin`, { verify: "prefer", allowPrivateHosts: false }), refused);
    assert.deepEqual(asked, []);
  });

  test("the caller's own gateways may be anywhere, and links to them", async () => {
    const { url, origin } = world.gateways.trustless;
    assert.deepEqual(await fetchIpfsJson(url + cid, { gateways: [url] }), { result: "cat" });
    assert.deepEqual(await fetchIpfsJson(`http://127.0.0.1:${port}/ipfs/${cid}`, { gateways: [url] }), { result: "cat" }, "the gateway has what the link may not lead to");
    assert.deepEqual(asked, []);
    const pinned = await publishToIpfs({ result: "dog" }, { pinUrl: world.pins.origin + "/v0" });
    assert.ok(pinned.startsWith(origin) && !world.pins.origin.startsWith(origin));
    assert.deepEqual(await fetchIpfsJson(pinned), { result: "dog" }, "a service of the caller's own network points to a gateway there");
    const address = `0x${"11".repeat(20)}`;
    const network = {
      name: "mine", chainId: 31337, rpcUrl: world.pins.origin, pinUrl: world.pins.origin + "/v0", gatewayUrl: url,
      contracts: { nexus: address, controller: address, terminal: address, vault: address },
    };
    const ogpu = await Ogpu.readOnly({ network });
    assert.deepEqual(await ogpu.fetchIpfsJson(pinned), { result: "dog" });
  });

  test("a redirect is a link as well", async () => {
    const own = createServer((request, response) => response.writeHead(302, { location: `http://127.0.0.1:${port}/ipfs/${cid}` }).end());
    await new Promise((resolve) => own.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${own.address().port}`;
    // From now on it is the caller's own.
    await publishToIpfs("x", { pinUrl: origin, retries: 0 }).catch(() => {});
    asked.length = 0;
    await assert.rejects(fetchIpfsBytes(`${origin}/ipfs/${cid}`), refused);
    assert.deepEqual(asked, []);
    own.closeAllConnections();
    own.close();
  });

  test("a name counts by what it resolves to, and that is what is connected to", async (t) => {
    const dns = process.getBuiltinModule("node:dns/promises");
    const answers = { "one.example": ["127.0.0.1"], "both.example": ["93.184.215.14", "::1"], "mapped.example": ["::ffff:10.0.0.1"], "none.example": [] };
    const lookups = [];
    t.mock.method(dns, "lookup", async (host) => {
      lookups.push(host);
      return answers[host].map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    });
    for (const host of Object.keys(answers)) await assert.rejects(fetchIpfsBytes(`http://${host}:${port}/x`, { verify: "none" }), refused, host);
    assert.deepEqual(lookups, Object.keys(answers), "once each: nobody resolves the name again");
    assert.deepEqual(asked, []);
  });

  test("with allowPrivateHosts they are asked as ever", async () => {
    const { url } = world.gateways.trustless;
    assert.deepEqual(await fetchIpfsJson(url + cid, { allowPrivateHosts: true }), { result: "cat" });
    const proxy = await countingProxy(url.replace(/\/ipfs\/$/, ""));
    assert.deepEqual(await fetchIpfsJson(`${proxy.url}/ipfs/${cid}`, { allowPrivateHosts: true }), { result: "cat" });
    await proxy.stop();
    await assert.rejects(fetchIpfsJson(cid, { allowPrivateHosts: 1 }), (error) => isOgError(error, "invalidInput") && error.field === "options.allowPrivateHosts");
  });
});
