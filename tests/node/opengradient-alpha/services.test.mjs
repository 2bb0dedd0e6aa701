// The model hub, the twins and the pictures, on the devnet's services.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { mkdtempSync, openSync, closeSync, ftruncateSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { unixfs } from "@helia/unixfs";
import { MemoryBlockstore } from "blockstore-core";

import { LAYOUT } from "../../devnet/ipfs.mjs";
import { startHub } from "../../devnet/opengradient/hub.mjs";
import { API_KEY, EMAIL, PASSWORD, startIdentity } from "../../devnet/opengradient/identity.mjs";
import { startImages } from "../../devnet/opengradient/images.mjs";
import { PIXEL } from "../../devnet/opengradient/model.mjs";
import { TWIN, TWINS_KEY, startTwins } from "../../devnet/opengradient/twins.mjs";
import { ModelHub, Twins, generateImage } from "./package.mjs";

let identity, hub, twins, images, folder;
before(async () => {
  [identity, twins, images] = await Promise.all([startIdentity(), startTwins(), startImages()]);
  hub = await startHub({ identity });
  folder = mkdtempSync(join(tmpdir(), "ogkit-hub-"));
});
after(async () => {
  for (const service of [hub, identity, twins, images]) await service?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const options = (more = {}) => ({
  email: EMAIL, password: PASSWORD, url: hub.url,
  identity: { apiKey: API_KEY, signInUrl: `${identity.url}/v1/accounts:signInWithPassword`, tokenUrl: `${identity.url}/v1/token` }, ...more,
});
const cidOf = async (bytes) => String(await unixfs({ blockstore: new MemoryBlockstore() }).addBytes(bytes, LAYOUT));

describe("the model hub", () => {
  test("signs in; a wrong password is told without it", async () => {
    await assert.rejects(ModelHub.login(options({ password: "hunter2" })), (error) => error.code === "authentication" && error.reason === "INVALID_LOGIN_CREDENTIALS" && !JSON.stringify(error).includes("hunter2"));
    await assert.rejects(ModelHub.login(options({ identity: {} })), { field: "options.identity.apiKey" });
    await assert.rejects(ModelHub.login(options({ pasword: "x" })), { field: "options.pasword" });
  });

  test("models, versions, files; a file, a blob, a path and a URL", async () => {
    const mine = await ModelHub.login(options());
    assert.deepEqual(await mine.createModel("my-model", "A description"), { name: "my-model", initialVersion: "0.01" });
    await assert.rejects(mine.createModel("my-model", "again"), (error) => error.code === "service" && error.status === 409 && /already exists/.test(error.reason));
    assert.deepEqual(await mine.createVersion("my-model", "more", true), { versionString: "1.00" });
    assert.deepEqual(await mine.createVersion("my-model"), { versionString: "1.01" });

    const bytes = Buffer.alloc(3_000_000, "model");
    const modelCid = await cidOf(bytes);
    const place = join(folder, "model.onnx");
    writeFileSync(place, bytes);
    for (const [source, name, more] of [
      [place, "model.onnx"],
      [pathToFileURL(place), "model.onnx"],
      [new File([bytes], "file.onnx"), "file.onnx"],
      [new Blob([bytes]), "blob.onnx", { filename: "blob.onnx" }],
    ]) {
      const steps = [];
      const done = await mine.upload(source, "my-model", "1.00", { onProgress: (step) => steps.push(step), ...more });
      assert.deepEqual([done.modelCid, done.size, done.verified], [modelCid, bytes.length, true]);
      assert.deepEqual([...new Set(steps.map(({ kind }) => kind))], ["sending", "checking"]);
      for (const kind of ["sending", "checking"]) assert.deepEqual(steps.filter((step) => step.kind === kind).at(-1), { kind, loaded: bytes.length, total: bytes.length });
      const files = await mine.listFiles("my-model", "1.00");
      assert.deepEqual([files.at(-1).name, files.at(-1).ipfsCid, files.at(-1).size], [name, modelCid, bytes.length]);
    }
    const empty = await mine.upload(new File([], "empty"), "my-model", "1.00");
    assert.deepEqual([empty.size, empty.modelCid], [0, await cidOf(new Uint8Array())]);
    await assert.rejects(mine.upload(new Blob([bytes]), "my-model", "1.00"), { field: "options.filename" });
    await assert.rejects(mine.upload(join(folder, "nowhere"), "my-model", "1.00"), { field: "model" });
    await assert.rejects(mine.upload(folder, "my-model", "1.00"), { field: "model" });
    await assert.rejects(mine.upload(5, "my-model", "1.00"), { field: "model" });
    await assert.rejects(mine.upload(place, "my-model", "7.00"), { code: "service", status: 404 });
    await assert.rejects(mine.upload(new File([bytes], 'a"b'), "my-model", "1.00"), { field: "file" });
  });

  test("the hub's content id must be that of the bytes; ids of other stores say that they are not checked", async () => {
    const mine = await ModelHub.login(options());
    await mine.createModel("checked", "");
    hub.cids = "other";
    await assert.rejects(mine.upload(new File(["abc"], "f"), "checked", "0.01"), { code: "contentUnverified" });
    hub.cids = "walrus";
    assert.equal((await mine.upload(new File(["abc"], "f"), "checked", "0.01")).verified, false);
    hub.cids = "own";
  });

  test("a token that has ended is renewed; one that is revoked asks for a sign-in", async () => {
    identity.lifetime = 30;
    const mine = await ModelHub.login(options());
    identity.lifetime = 3600;
    await mine.createModel("renewed", "");
    assert.equal(identity.log.filter((path) => path.endsWith("/v1/token")).length, 1, "it would have ended within a minute");
    identity.revoke();
    await assert.rejects(mine.listFiles("renewed", "0.01"), { code: "authentication" });
  });

  test("256 MB from a path: progress all the while, and the check", { timeout: 900_000 }, async () => {
    const mine = await ModelHub.login(options());
    await mine.createModel("large", "");
    const place = join(folder, "large.bin");
    const size = 256 << 20;
    const handle = openSync(place, "w");
    ftruncateSync(handle, size);
    closeSync(handle);
    const told = [{ kind: "sending", loaded: 0 }];
    // A second is ten beats of a timer: where it is held up, so is the telling.
    let [beats, silence, turns, most] = [0, 0, 0, 0];
    const heart = setInterval(() => (silence = Math.max(silence, ++beats)), 100);
    const turn = setInterval(() => turns++, 1);
    const tell = (step) => {
      const { kind, loaded } = told.at(-1);
      if (turns === 0 && step.kind === kind) most = Math.max(most, step.loaded - loaded);
      [beats, turns] = [0, 0];
      told.push(step);
    };
    const done = await mine.upload(place, "large", "0.01", { onProgress: tell });
    clearInterval(heart);
    clearInterval(turn);
    assert.deepEqual([done.size, done.verified], [size, true]);
    assert.ok(silence <= 10, `${silence} beats without a word`);
    assert.ok(most <= 16 << 20, `${most} bytes without a turn for others`);
    for (const kind of ["sending", "checking"]) {
      const loaded = told.filter((step) => step.kind === kind).map((step) => step.loaded);
      assert.deepEqual([loaded[0], loaded.at(-1)], [0, size]);
      assert.deepEqual(loaded, [...loaded].sort((one, other) => one - other));
    }
  });

  test("an abort ends the sending", async () => {
    const mine = await ModelHub.login(options());
    await mine.createModel("aborted", "");
    const stop = new AbortController();
    const reason = new Error("enough");
    const before = hub.uploads.length;
    const sent = mine.upload(new File([Buffer.alloc(64 << 20)], "f"), "aborted", "0.01", { signal: stop.signal, onProgress: ({ loaded }) => loaded > 1 << 20 && stop.abort(reason) });
    await assert.rejects(sent, reason);
    assert.ok(hub.uploads.slice(before).every(({ done }) => !done));
  });
});

describe("twins", () => {
  const ask = (twin, more = {}) => twin.chat({ twinId: TWIN, model: "openai/gpt-5", messages: [{ role: "user", content: "What do you think?" }], maxTokens: 20, temperature: 0.5, ...more });
  test("answer; refusals are typed", async () => {
    const twin = await Twins.connect({ apiKey: TWINS_KEY, url: twins.url });
    const { finishReason, chatOutput } = await ask(twin);
    assert.ok(["stop", "length"].includes(finishReason) && chatOutput.role === "assistant" && chatOutput.content);
    await assert.rejects(ask(twin, { twinId: "0x1" }), { code: "service", status: 404 });
    await assert.rejects(ask(twin, { messages: [] }), { code: "invalidInput" });
    await assert.rejects(ask(await Twins.connect({ apiKey: "wrong", url: twins.url })), (error) => error.code === "authentication" && !error.message.includes("wrong-key"));
    await assert.rejects(Twins.connect({ apiKey: "" }), { code: "invalidInput" });
  });
});

describe("pictures", () => {
  test("through a gRPC-Web proxy; without one the refusal says why", async () => {
    const picture = await generateImage({ model: "stabilityai/stable-diffusion-xl-base-1.0", prompt: "a red pixel", proxy: images.webUrl, width: 512 });
    assert.deepEqual(Buffer.from(picture), Buffer.from(PIXEL, "base64"));
    const job = [...images.jobs.values()].at(-1);
    assert.deepEqual([job.prompt, job.height, job.width], ["a red pixel", 1024, 512]);
    await assert.rejects(generateImage({ model: "m", prompt: "p" }), (error) => error.code === "notReachable" && /gRPC/.test(error.message));
    await assert.rejects(generateImage({ model: "m", prompt: "please fail", proxy: images.webUrl }), { code: "service", reason: "the model failed" });
    await assert.rejects(generateImage({ model: "m", prompt: "p", width: 0, proxy: images.webUrl }), { field: "params.width" });
  });
});
