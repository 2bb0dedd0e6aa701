// Every lie is caught: a gateway that spoils what it serves, alone and beside an honest one, for each form of content.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { fetchIpfs, fetchIpfsBytes, fetchIpfsStream, isOgError } from "../../../pkg/ogpu.js";
import { MANNERS, limitsFor, startHostileGateway } from "../../devnet/hostile-gateway.mjs";
import { KIB, KNOWN, OWN, collect, noise, startWorld } from "./world.mjs";

const CODES = ["contentUnverified", "ipfsFetch", "ipfsGateway"];
const LIMITS = { maxBytes: 8 << 20 };

describe("a hostile gateway", () => {
  let world;
  const subjects = [];
  before(async () => {
    world = await startWorld();
    const other = await world.add(noise(1000, 99), KNOWN["kubo v1"]);
    const hostile = [];
    for (const [kind, { url }] of Object.entries(world.gateways)) hostile.push([kind, await startHostileGateway(url, other)]);
    world.hostile = Object.fromEntries(hostile);
    for (const [what, layout, size] of [
      ["a small document", KNOWN["kubo v0"], 40],
      ["a raw block", KNOWN["kubo v1"], 5000],
      ["a file of many blocks", KNOWN["kubo v1"], 700 * KIB],
      ["a file of dag-pb leaves", KNOWN["kubo v0"], 600 * KIB],
      ["a deep tree", OWN["1000 bytes, 3 links"], 20_000],
    ]) {
      const bytes = noise(size, size);
      subjects.push({ what, bytes, cid: await world.add(bytes, layout), plain: layout !== OWN["1000 bytes, 3 links"] });
    }
  });
  after(async () => {
    for (const gateway of Object.values(world?.hostile ?? {})) await gateway.stop();
    await world?.stop();
  });

  /** A few at a time, which is enough of memory. */
  const groups = (all, size) => Array.from({ length: Math.ceil(all.length / size) }, (_, at) => all.slice(at * size, (at + 1) * size));
  const streamed = async (cid, options) => collect((await fetchIpfsStream(cid, options)).stream);
  /** Either the truth or an error of ours; answers which. */
  async function told(get, bytes, what) {
    let found;
    try {
      found = await get();
    } catch (error) {
      assert.ok(CODES.some((code) => isOgError(error, code)), `${what}: ${error}`);
      return error;
    }
    assert.ok(Buffer.compare(Buffer.from(found), Buffer.from(bytes)) === 0, `${what}: a lie got through`);
    return undefined;
  }

  /** Asks a gateway with this manner, alone and beside an honest one. */
  const ask = async (manner, kind, { what, bytes, cid }) => {
    const liar = world.hostile[kind].at(manner);
    const both = [liar, world.gateways[kind].url];
    const label = `${manner}, ${kind}, ${what}`;
    const limits = { ...LIMITS, ...limitsFor(manner) };
    const [alone, , ...helped] = await Promise.all([
      told(() => fetchIpfsBytes(cid, { ...limits, gateways: [liar] }), bytes, label),
      told(() => streamed(cid, { ...limits, gateways: [liar] }), bytes, `${label}, streamed`),
      told(() => fetchIpfsBytes(cid, { ...limits, gateways: both }), bytes, label),
      told(() => streamed(cid, { ...limits, gateways: both }), bytes, `${label}, streamed`),
      told(() => fetchIpfsBytes(cid, { ...limits, gateways: both, race: 2 }), bytes, `${label}, raced`),
    ]);
    // What only comes after the truth does no harm; spoiled plain files have no way to be right.
    if (MANNERS.lies.includes(manner) && kind === "plain files") assert.ok(alone, label);
    assert.deepEqual(helped, [undefined, undefined, undefined], `${label}: the honest one did not help`);
  };
  const KINDS = ["trustless", "blocks only", "CARs only", "plain files"];
  const served = (kind) => subjects.filter(({ plain }) => kind !== "plain files" || plain);

  for (const kind of KINDS) {
    test(`${kind}: no lie gets through, and none keeps the truth of another gateway away`, async () => {
      for (const subject of served(kind)) {
        for (const manners of groups([...MANNERS.lies, ...MANNERS.conducts], 8)) await Promise.all(manners.map((manner) => ask(manner, kind, subject)));
      }
    });
  }

  test("who never ends is left when the time is over, and keeps no other's truth away", async () => {
    const asked = KINDS.flatMap((kind) => served(kind).filter(({ what }) => ["a small document", "a file of many blocks"].includes(what)).map((subject) => [kind, subject]));
    await Promise.all(asked.flatMap(([kind, subject]) => MANNERS.endless.map((manner) => ask(manner, kind, subject))));
  });

  test("a redirect to the truth is followed; nothing of the caller's is sent along", async () => {
    for (const [kind, hostile] of Object.entries(world.hostile)) {
      for (const { bytes, cid, plain, what } of subjects) {
        if (kind === "plain files" && !plain) continue;
        assert.equal(await told(() => fetchIpfsBytes(cid, { ...LIMITS, gateways: [hostile.at("to-honest")] }), bytes, what), undefined, `${kind}, ${what}`);
      }
      assert.equal(hostile.counts.credentials, undefined);
    }
    for (const bad of ["ftp://x/ipfs/", "file:///", "https://user:password@x/ipfs/", "https://x/ipfs/?key=1", "data:,x"]) {
      await assert.rejects(fetchIpfs(subjects[0].cid, { gateways: [bad] }), (error) => isOgError(error, "invalidInput"), bad);
    }
  });

  test("without proof nothing is taken for proven, and a flood stays bounded", async () => {
    const [document] = subjects;
    const { url } = world.gateways.trustless;
    const none = await fetchIpfs(document.cid, { gateways: [world.hostile["plain files"].at("json")], verify: "none" });
    assert.deepEqual([none.verified, none.layout], [false, undefined]);
    await assert.rejects(fetchIpfs(document.cid, { gateways: [world.hostile["plain files"].at("json")], verify: "prefer" }), (error) => isOgError(error, "contentUnverified"));
    const proven = await fetchIpfs(document.cid, { gateways: [url] });
    assert.deepEqual([proven.verified, proven.layout, proven.cid], [true, "unixfs-v0-2015", document.cid]);
    const before = process.memoryUsage().rss;
    for (const manner of ["flood", "bomb"]) {
      for (const kind of ["trustless", "plain files"]) await told(() => fetchIpfsBytes(document.cid, { ...LIMITS, gateways: [world.hostile[kind].at(manner)] }), document.bytes, manner);
    }
    assert.ok(process.memoryUsage().rss - before < 300 << 20);
  });
});
