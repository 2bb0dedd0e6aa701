// The examples of the official "IPFS" guide.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { IPFSFetchError, IPFSGatewayError, fetchIpfsJson, publishToIpfs } from "../../../pkg/ogpu.js";
import { startDevnet } from "../../devnet/index.mjs";
import { countingProxy } from "../proxy.mjs";

describe("ogpu.ipfs", () => {
  let devnet;
  before(async () => {
    devnet = await startDevnet({ provider: false });
  });
  after(() => devnet?.stop());

  test("publish_to_ipfs and fetch_ipfs_json", async () => {
    const url = await publishToIpfs({ result: "cat", confidence: 0.97 }, { filename: "response.json", pinUrl: devnet.pinUrl });
    assert.match(url, /\/ipfs\/Qm/);
    const payload = await fetchIpfsJson(url);
    assert.equal(payload.result, "cat");
    assert.equal(await (await fetch(await publishToIpfs("a raw string", { pinUrl: devnet.pinUrl }))).text(), "a raw string");
    assert.equal((await (await fetch(await publishToIpfs(new Uint8Array(300_000), { pinUrl: devnet.pinUrl }))).arrayBuffer()).byteLength, 300_000);
  });

  test("the typical provider's flow", async () => {
    const predict = async (output) => ({ url: await publishToIpfs(output, { filename: "response.json", pinUrl: devnet.pinUrl }), result: output });
    const { url, result } = await predict({ label: "positive" });
    assert.deepEqual(await fetchIpfsJson(url), result);
  });

  test("errors are typed", async () => {
    const missing = `${devnet.gatewayUrl}QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o`;
    await assert.rejects(fetchIpfsJson(missing), (e) => e instanceof IPFSGatewayError && e.statusCode === 404);
    const text = await publishToIpfs("not json", { pinUrl: devnet.pinUrl });
    await assert.rejects(fetchIpfsJson(text), (e) => e instanceof IPFSFetchError && /expected JSON/.test(e.reason));
    await assert.rejects(publishToIpfs("x", { pinUrl: `${devnet.managementUrl}/nowhere` }), (e) => e instanceof IPFSGatewayError && e.statusCode === 404);
    const gone = await countingProxy(devnet.managementUrl);
    await gone.stop();
    const call = publishToIpfs("x", { pinUrl: gone.url, retries: 1, backoff: 0 });
    await assert.rejects(call, (e) => e instanceof IPFSFetchError && /ECONNREFUSED/.test(e.reason));
  });
});
