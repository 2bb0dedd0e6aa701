// No truth is refused: DAGs by helia and ipfs-unixfs-importer, gateways of every kind, and the CIDs that ours compute.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { cidOf, fetchIpfs, fetchIpfsBytes, fetchIpfsJson, fetchIpfsStream, isOgError, publishToIpfs } from "../../../pkg/ogpu.js";
import { KIB, KNOWN, MIB, OWN, collect, noise, startWorld } from "./world.mjs";

describe("what others made", () => {
  let world;
  before(async () => {
    world = await startWorld();
  });
  after(() => world?.stop());
  const sizesOf = ({ chunkSize }) => [0, 1, chunkSize - 1, chunkSize, chunkSize + 1, MIB, 3 * MIB + 5];
  const same = (found, bytes, what) => assert.ok(Buffer.compare(Buffer.from(found), Buffer.from(bytes)) === 0, what);

  for (const [name, layout] of Object.entries({ ...KNOWN, ...OWN })) {
    test(`${name}: every size, from every gateway, whole and streamed`, async () => {
      const isKnown = name in KNOWN;
      for (const size of sizesOf(layout)) {
        const bytes = noise(size, size + 1);
        const cid = await world.add(bytes, layout);
        for (const [kind, { url }] of Object.entries(world.gateways)) {
          const what = `${name}, ${size} bytes, ${kind}`;
          // A tree of an unknown layout and more than one block needs its blocks.
          const lone = kind === "plain files" && !isKnown && size > layout.chunkSize;
          if (lone) {
            await assert.rejects(fetchIpfsBytes(`ipfs://${cid}`, { gateways: [url] }), (error) => isOgError(error, "contentUnverified"), what);
            const preferred = fetchIpfs(cid, { gateways: [url], verify: "prefer" });
            // Up to here every layout in use has one block, and what is no such block is taken for a lie.
            if (size <= 256 * KIB) {
              await assert.rejects(preferred, (error) => isOgError(error, "contentUnverified"), what);
              continue;
            }
            const content = await preferred;
            same(content.bytes, bytes, what);
            assert.equal(content.verified, false, what);
            continue;
          }
          same(await fetchIpfsBytes(`ipfs://${cid}`, { gateways: [url] }), bytes, what);
          const { stream, ...about } = await fetchIpfsStream(url + cid, { allowPrivateHosts: true });
          same(await collect(stream), bytes, `${what}, streamed`);
          assert.equal(about.verified, true, what);
          assert.equal(about.cid, cid);
          if (about.size !== undefined) assert.equal(about.size, size, what);
        }
      }
    });
  }

  test("the CIDs that ours compute are theirs", async () => {
    for (const [name, layout] of Object.entries({ ...KNOWN, ...OWN })) {
      if (name === "trickle") continue;
      const { cidVersion, rawLeaves, chunkSize, maxChildren } = layout;
      for (const size of [...sizesOf(layout), chunkSize * maxChildren + 1].filter((size) => size < 60 * MIB)) {
        const bytes = noise(size, size + 1);
        const cid = await world.add(bytes, layout);
        const options = { cidVersion, rawLeaves, chunkSize, maxChildren };
        assert.equal(await cidOf(bytes, options), cid, `${name}, ${size} bytes`);
        assert.equal(await cidOf(new Blob([bytes]), options), cid, `${name}, a blob of ${size} bytes`);
      }
    }
    assert.equal(await cidOf("hello world\n"), "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
    assert.equal(await cidOf(new TextEncoder().encode("hello world\n").buffer), "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o");
    assert.equal(await cidOf({ a: 1 }, { cidVersion: 1 }), await world.add(Buffer.from('{"a":1}'), KNOWN["kubo v1"]));
    for (const bad of [undefined, null, 1, [1], new Map(), new ReadableStream(), Promise.resolve("x")]) await assert.rejects(cidOf(bad), (error) => isOgError(error, "invalidInput"));
    for (const bad of [{ chunkSize: 0 }, { chunkSize: 3 * MIB }, { maxChildren: 1 }, { cidVersion: 2 }, { layout: "x" }]) await assert.rejects(cidOf("x", bad), (error) => isOgError(error, "invalidInput"));
  });

  test("fifty megabytes, streamed with a bounded memory", async () => {
    const bytes = noise(50 * MIB, 7);
    for (const layout of [KNOWN["kubo v0"], KNOWN["helia, 2025"]]) {
      const cid = await world.add(bytes, layout);
      for (const kind of ["trustless", "blocks only"]) {
        const { stream, size } = await fetchIpfsStream(cid, { gateways: [world.gateways[kind].url] });
        let at = 0;
        let largest = 0;
        for await (const piece of stream) {
          same(piece, bytes.subarray(at, at + piece.length), `${kind} at ${at}`);
          at += piece.length;
          largest = Math.max(largest, piece.length);
        }
        assert.equal(at, bytes.length);
        assert.ok(size === undefined || size === bytes.length);
        assert.ok(largest <= 2 * MIB, `pieces of at most a block, but ${largest}`);
      }
      same(await fetchIpfsBytes(cid, { gateways: [world.gateways["plain files"].url] }), bytes, "plain");
    }
  });

  test("a stream gives what is wanted and no more, and a cancel ends the request", async () => {
    const cid = await world.add(noise(20 * MIB, 3), KNOWN["kubo v1"]);
    const gateway = world.gateways["blocks only"];
    gateway.asked.length = 0;
    const { stream } = await fetchIpfsStream(gateway.url + cid, { allowPrivateHosts: true });
    const reader = stream.getReader();
    await reader.read();
    await reader.read();
    /** How many blocks the stream asks for while as many others of their size come from the same gateway, one by one. */
    const meanwhile = async (others) => {
      const [, path] = gateway.asked.at(-1).split(" ");
      const before = gateway.asked.length;
      for (let i = 0; i < others; i++) await (await fetch(gateway.origin + path)).arrayBuffer();
      return gateway.asked.length - before - others;
    };
    const ahead = gateway.asked.length + (await meanwhile(40));
    assert.ok(ahead < 20, `${ahead} of 81 blocks asked for`);
    await reader.cancel();
    assert.equal(await meanwhile(20), 0);
    const abort = new AbortController();
    const aborted = await fetchIpfsStream(gateway.url + cid, { signal: abort.signal, allowPrivateHosts: true });
    const other = aborted.stream.getReader();
    await other.read();
    abort.abort("enough");
    await assert.rejects(other.read(), (reason) => reason === "enough");
  });

  test("paths in directories, in every form of link; what is no file says so", async () => {
    const files = { "a.json": Buffer.from('{"a":1}'), "sub/b.bin": noise(700 * KIB), "sub/c d é.txt": Buffer.from("spaces") };
    const root = await world.folder(files);
    for (const kind of ["trustless", "blocks only", "CARs only"]) {
      const { url } = world.gateways[kind];
      const options = { gateways: [url] };
      assert.deepEqual(await fetchIpfsJson(`ipfs://${root}/a.json`, options), { a: 1 });
      same(await fetchIpfsBytes(`${root}/sub/b.bin`, options), files["sub/b.bin"], kind);
      same(await fetchIpfsBytes(`/ipfs/${root}/sub/c%20d%20%C3%A9.txt`, options), Buffer.from("spaces"), kind);
      same(await collect((await fetchIpfsStream(`${url}${root}/sub/b.bin`, { allowPrivateHosts: true })).stream), files["sub/b.bin"], kind);
      await assert.rejects(fetchIpfsBytes(`ipfs://${root}/sub`, options), /directory/);
      await assert.rejects(fetchIpfsBytes(`ipfs://${root}/a.json/x`, options), /no directory|404/);
    }
    await assert.rejects(fetchIpfsBytes(`ipfs://${root}/a.json`, { gateways: [world.gateways["plain files"].url] }), (error) => isOgError(error, "contentUnverified"));
    const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`file ${i}`, Buffer.from(`${i}`)]));
    const sharded = await world.folder(many, KNOWN["kubo v1"], { shardSplitThresholdBytes: 1 });
    await assert.rejects(fetchIpfsBytes(`ipfs://${sharded}/file%201`, { gateways: [world.gateways["blocks only"].url] }), /sharded directory/);
  });

  test("a gateway that turns out slow or wrong is passed over, in turn or in a race", async () => {
    const bytes = noise(600 * KIB, 9);
    const cid = await world.add(bytes, KNOWN["kubo v0"]);
    const dead = "http://127.0.0.1:9/ipfs/";
    for (const race of [1, 3]) same(await fetchIpfsBytes(cid, { gateways: [dead, world.gateways.trustless.url], race }), bytes, `${race}`);
    for (const bad of [0, 9, 1.5]) await assert.rejects(fetchIpfsBytes(cid, { race: bad }), (error) => isOgError(error, "invalidInput") && error.field === "options.race");
    await assert.rejects(fetchIpfsBytes(cid, { gateways: [world.gateways.trustless.url], maxBytes: 1000 }), /1000/);
  });

  test("what is published is what was meant: texts, bytes, files, under any layout and by kubo", async () => {
    const { origin } = world.pins;
    for (const content of ["text", { json: [1, 2] }, noise(300 * KIB), new Blob([noise(3 * MIB)]), new File([noise(6 * MIB)], "six.bin", { type: "image/png" })]) {
      for (const path of ["/v0", "/helia", "/api/v0/add"]) {
        const steps = [];
        const link = await publishToIpfs(content, { pinUrl: origin + path, onProgress: (step) => steps.push(step) });
        const back = Buffer.from(await fetchIpfsBytes(link, link.startsWith("ipfs:") ? { gateways: [world.gateways.trustless.url] } : {}));
        const bytes = content instanceof Blob ? Buffer.from(await content.arrayBuffer()) : content instanceof Uint8Array ? content : Buffer.from(typeof content === "string" ? content : JSON.stringify(content));
        same(back, bytes, path);
        if (bytes.length > 4 * MIB) {
          const hashing = steps.filter(({ kind }) => kind === "hashing");
          assert.ok(hashing.length > 2);
          assert.deepEqual(hashing.at(-1), { kind: "hashing", bytes: bytes.length, total: bytes.length });
        }
        assert.ok(steps.some(({ kind, filename }) => kind === "uploading" && (content instanceof File ? filename === "six.bin" : true)));
      }
      await assert.rejects(publishToIpfs(content, { pinUrl: `${origin}/liar` }), (error) => isOgError(error, "contentUnverified") && error.cid.startsWith("bafkreifj"));
    }
    // A layout that nobody uses cannot be told from a lie.
    await assert.rejects(publishToIpfs(noise(3000), { pinUrl: `${origin}/own` }), (error) => isOgError(error, "contentUnverified"));
  });
});
