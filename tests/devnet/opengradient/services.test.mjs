// The services over HTTP: sign-in, the model hub, twins, images.
import assert from "node:assert/strict";
import { once } from "node:events";
import { request as httpRequest } from "node:http";
import { connect } from "node:http2";
import { after, before, describe, test } from "node:test";
import { MemoryBlockstore } from "blockstore-core";
import { unixfs } from "@helia/unixfs";

import { LAYOUT } from "../ipfs.mjs";
import { startHub } from "./hub.mjs";
import { API_KEY, EMAIL, PASSWORD, startIdentity } from "./identity.mjs";
import { startImages } from "./images.mjs";
import { PIXEL } from "./model.mjs";
import { readParts } from "./multipart.mjs";
import { TWIN, TWINS_KEY, startTwins } from "./twins.mjs";

let identity, hub, twins, images;
before(async () => {
  identity = await startIdentity();
  hub = await startHub({ identity });
  twins = await startTwins();
  images = await startImages();
});
after(async () => {
  for (const service of [hub, identity, twins, images]) await service?.stop();
});

const signIn = async (body = { email: EMAIL, password: PASSWORD, returnSecureToken: true }, key = API_KEY) => {
  const response = await fetch(`${identity.url}/v1/accounts:signInWithPassword?key=${key}`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  return { status: response.status, ...(await response.json()) };
};
const refresh = async (refresh_token) => {
  const response = await fetch(`${identity.url}/v1/token?key=${API_KEY}`, { method: "POST", body: new URLSearchParams({ grant_type: "refresh_token", refresh_token }) });
  return { status: response.status, ...(await response.json()) };
};
const call = async (method, path, { token, body, headers } = {}) => {
  const response = await fetch(`${hub.url}${path}`, { method, redirect: "manual", headers: { ...(token && { authorization: `Bearer ${token}` }), ...headers }, body });
  const text = await response.text();
  return { status: response.status, body: text ? JSON.parse(text) : undefined, location: response.headers.get("location") };
};
const inJson = (value) => ({ body: JSON.stringify(value), headers: { "content-type": "application/json" } });

describe("the identity service", () => {
  test("signs in and refreshes", async () => {
    const user = await signIn();
    assert.deepEqual([user.status, user.email, user.expiresIn, user.registered], [200, EMAIL, "3600", true]);
    assert.equal(identity.whose(user.idToken), EMAIL);
    const { exp, iat } = JSON.parse(Buffer.from(user.idToken.split(".")[1], "base64url"));
    assert.equal(exp - iat, 3600);
    const renewed = await refresh(user.refreshToken);
    assert.deepEqual([renewed.status, renewed.expires_in, renewed.token_type, renewed.user_id], [200, "3600", "Bearer", user.localId]);
    assert.equal(identity.whose(renewed.id_token), EMAIL);
  });

  test("refuses, in its way", async () => {
    const message = ({ status, error }) => [status, error.message];
    assert.deepEqual(message(await signIn({ email: EMAIL, password: "wrong" })), [400, "INVALID_LOGIN_CREDENTIALS"]);
    assert.deepEqual(message(await signIn(undefined, "wrong")), [400, "API key not valid. Please pass a valid API key."]);
    assert.deepEqual(message(await refresh("wrong")), [400, "INVALID_REFRESH_TOKEN"]);
  });

  test("tokens end on command", async () => {
    const user = await signIn();
    identity.expire();
    assert.equal(identity.whose(user.idToken), undefined);
    const renewed = await refresh(user.refreshToken);
    assert.equal(renewed.status, 200);
    identity.revoke();
    assert.equal((await refresh(renewed.refresh_token)).error.message, "TOKEN_EXPIRED");
    identity.lifetime = 0;
    const short = await signIn();
    identity.lifetime = 3600;
    assert.deepEqual([short.expiresIn, identity.whose(short.idToken)], ["0", undefined]);
  });
});

describe("the model hub", () => {
  const path = "/models/my%20model%2Fé/versions";
  let token;
  before(async () => {
    token = (await signIn()).idToken;
    assert.equal((await call("POST", "/models/", { token, ...inJson({ name: "my model/é", description: "x" }) })).status, 201);
    assert.equal((await call("POST", path, { token, ...inJson({ notes: "first" }) })).body.versionString, "0.01");
  });
  const form = (bytes, name = "model.onnx") => {
    const data = new FormData();
    data.append("note", "before the file");
    data.append("file", new Blob([bytes], { type: "application/octet-stream" }), name);
    return { body: data };
  };

  test("wants a sign-in that holds", async () => {
    assert.deepEqual(await call("GET", `${path}/0.01/files`), { status: 403, body: { detail: "Not authenticated" }, location: null });
    const { idToken } = await signIn();
    assert.equal((await call("GET", `${path}/0.01/files`, { token: idToken })).status, 200);
    identity.expire();
    assert.equal((await call("GET", `${path}/0.01/files`, { token: idToken })).status, 401);
    token = (await signIn()).idToken;
  });

  test("versions, and what there is not", async () => {
    const version = async (body) => (await call("POST", path, { token, ...inJson(body) })).body.versionString;
    assert.deepEqual([await version({ notes: "", is_major: false }), await version({ is_major: true }), await version({})], ["0.02", "1.00", "1.01"]);
    assert.equal((await call("POST", "/models/", { token, ...inJson({ name: "my model/é" }) })).status, 409);
    assert.equal((await call("POST", "/models/", { token, body: "{" })).status, 422);
    assert.deepEqual((await call("GET", "/models/none/versions/0.01/files", { token })).body, { detail: "Model none not found" });
    assert.deepEqual((await call("GET", `${path}/9.99/files`, { token })).body, { detail: "Version 9.99 of model my model/é not found" });
    assert.deepEqual(await call("POST", `${path}/`, { token, ...inJson({}) }), { status: 307, body: undefined, location: "/api/v0/models/my%20model%2F%C3%A9/versions" });
    hub.silent = true;
    assert.deepEqual((await call("POST", path, { token, ...inJson({}) })).body, []);
    hub.silent = false;
    hub.failures.push({ status: 500, type: "text/plain", body: "\"oops\"" });
    assert.deepEqual(await call("GET", `${path}/0.01/files`, { token }), { status: 500, body: "oops", location: null });
  });

  for (const size of [0, 1, 262144, 262145, 3_000_000]) {
    test(`a file of ${size} bytes`, async () => {
      const bytes = new Uint8Array(size).map((_, index) => (index * 31) % 251);
      const expected = String(await unixfs({ blockstore: new MemoryBlockstore() }).addBytes(bytes, LAYOUT));
      assert.deepEqual(await call("POST", `${path}/0.01/files`, { token, ...form(bytes, `${size}.onnx`) }), { status: 201, body: { ipfsCid: expected, size }, location: null });
      assert.deepEqual(hub.uploads.at(-1), { received: size, done: true });
      const { name, ipfsCid } = (await call("GET", `${path}/0.01/files`, { token })).body.at(-1);
      assert.deepEqual([name, ipfsCid], [`${size}.onnx`, expected]);
    });
  }

  test("another CID than the file's, or none", async () => {
    for (const cids of ["other", "walrus"]) {
      hub.cids = cids;
      const { body } = await call("POST", `${path}/0.01/files`, { token, ...form(new Uint8Array(10)) });
      assert.match(body.ipfsCid, cids === "other" ? /^Qm/ : /^[\w-]{43}$/);
    }
    hub.cids = "own";
    hub.silent = true;
    assert.equal((await call("POST", `${path}/0.01/files`, { token, ...form(new Uint8Array(10)) })).body, null);
    hub.silent = false;
    assert.equal((await call("POST", `${path}/0.01/files`, { token, body: "x", headers: { "content-type": "text/plain" } })).status, 400);
    assert.equal((await call("POST", `${path}/0.01/files`, { token, body: new URLSearchParams({ a: "b" }) })).status, 400);
  });

  test("300 MB go through and are not held", async () => {
    const chunk = Buffer.alloc(1 << 20, 7);
    const [head, tail] = ['--xyz\r\nContent-Disposition: form-data; name="file"; filename="big.onnx"\r\n\r\n', "\r\n--xyz--\r\n"];
    const url = new URL(`${hub.url}${path}/0.01/files`);
    const request = httpRequest(url, { method: "POST", headers: { authorization: `Bearer ${token}`, "content-type": "multipart/form-data; boundary=xyz" } });
    const answered = once(request, "response");
    let most = 0;
    const before = process.memoryUsage();
    request.write(head);
    for (let sent = 0; sent < 300; sent++) {
      if (!request.write(chunk)) await new Promise((drained) => request.once("drain", drained));
      const now = process.memoryUsage();
      most = Math.max(most, now.heapUsed - before.heapUsed + now.arrayBuffers - before.arrayBuffers);
    }
    request.end(tail);
    const [response] = await answered;
    const body = JSON.parse(Buffer.concat(await all(response)).toString());
    assert.deepEqual([response.statusCode, body.size], [201, 300 << 20]);
    assert.ok(most < 150 << 20, `${most >> 20} MB were held`);
  });

  test("multipart: boundaries fall anywhere", async () => {
    const text = 'preamble\r\n--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--x\r\n--b\r\ncontent-disposition: form-data; name="file"; filename="f \u00e9"\r\nContent-Type: text/plain\r\n\r\n\r\n--b--\r\nepilogue';
    for (const size of [1, 2, 3, 7, 1000]) {
      const bytes = Buffer.from(text);
      const body = (async function* () {
        for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
      })();
      const parts = [];
      await readParts(body, 'multipart/form-data; boundary="b"', async ({ content, ...rest }) => parts.push([rest, Buffer.concat(await all(content)).toString()]));
      assert.deepEqual(parts, [[{ name: "a", filename: undefined, type: undefined }, "1\r\n--x"], [{ name: "file", filename: "f é", type: "text/plain" }, ""]]);
    }
    const cut = (async function* () {
      yield Buffer.from("--b\r\n\r\n\r\nabc");
    })();
    await assert.rejects(readParts(cut, "multipart/form-data; boundary=b", async ({ content }) => void (await all(content))), /ends within/);
  });
});

test("twins", async () => {
  const chat = async (id, key, body) => {
    const response = await fetch(`${twins.url}/api/v1/twins/${id}/chat`, { method: "POST", headers: { "content-type": "application/json", ...(key && { "x-api-key": key }) }, body: JSON.stringify(body) });
    return [response.status, await response.json()];
  };
  const body = { model: "x-ai/grok-4-1-fast", messages: [{ role: "user", content: "What do you think?" }], max_tokens: 12 };
  const [status, { choices: [choice] }] = await chat(TWIN, TWINS_KEY, body);
  assert.deepEqual([status, choice.message.role, typeof choice.finish_reason], [200, "assistant", "string"]);
  assert.equal(choice.message.content.split(" ").length <= 12, true);
  assert.equal((await chat(TWIN, undefined, body))[0], 401);
  assert.equal((await chat("0x00", TWINS_KEY, body))[0], 404);
  assert.equal((await chat(TWIN, TWINS_KEY, { model: "x/y" }))[0], 422);
});

describe("images", () => {
  const text = (number, value) => Buffer.concat([Buffer.from([number * 8 + 2, value.length]), Buffer.from(value)]);
  const framed = (bytes) => Buffer.concat([Buffer.from([0, 0, 0, 0, bytes.length]), bytes]);
  const order = (id, prompt) => Buffer.concat([text(1, id), text(6, Buffer.concat([text(1, "sdxl"), text(2, prompt), Buffer.from([24, 128, 8, 32, 128, 4])]))]);
  const web = async (method, bytes, type = "application/grpc-web+proto") => {
    const base64 = type.includes("text");
    const body = base64 ? framed(bytes).toString("base64") : framed(bytes);
    const response = await fetch(`${images.webUrl}/inference.InferenceService/${method}`, { method: "POST", headers: { "content-type": type, "x-grpc-web": "1" }, body });
    assert.ok(response.headers.get("content-type").startsWith(type.slice(0, 20)));
    const answer = base64 ? Buffer.from(await response.text(), "base64") : Buffer.from(await response.arrayBuffer());
    const length = answer[0] === 0 ? answer.readUInt32BE(1) : -5;
    assert.equal(answer[length + 5], 0x80);
    return { message: answer.subarray(5, 5 + Math.max(length, 0)), trailers: answer.subarray(length + 10).toString() };
  };
  const native = async (session, method, bytes) => {
    const stream = session.request({ ":method": "POST", ":path": `/inference.InferenceService/${method}`, "content-type": "application/grpc", te: "trailers" });
    let trailers = {};
    stream.on("response", (headers) => (trailers = { ...trailers, ...headers }));
    stream.on("trailers", (headers) => (trailers = { ...trailers, ...headers }));
    stream.end(framed(bytes));
    const answer = Buffer.concat(await all(stream));
    return { message: answer.subarray(5), trailers: `grpc-status: ${trailers["grpc-status"]}` };
  };

  for (const [name, speak] of [
    ["gRPC-Web", () => web],
    ["gRPC-Web as text", () => (method, bytes) => web(method, bytes, "application/grpc-web-text+proto")],
    ["gRPC", (session) => (method, bytes) => native(session, method, bytes)],
  ]) {
    test(name, async () => {
      const session = name === "gRPC" ? connect(`http://${images.address}`) : undefined;
      const ask = speak(session);
      assert.deepEqual((await ask("RunInferenceAsync", order(name, "a cat"))).message, text(1, name));
      const job = images.jobs.get(name);
      assert.deepEqual([job.model, job.prompt, job.height, job.width], ["sdxl", "a cat", 1024, 512]);
      assert.match((await ask("GetInferenceResult", text(1, name))).trailers, /grpc-status: 9/);
      assert.deepEqual((await ask("GetInferenceStatus", text(1, name))).message, Buffer.from([8, 1]));
      assert.deepEqual((await ask("GetInferenceStatus", text(1, name))).message, Buffer.from([8, 2]));
      const { message, trailers } = await ask("GetInferenceResult", text(1, name));
      assert.deepEqual(message, text(5, text(1, Buffer.from(PIXEL, "base64"))));
      assert.match(trailers, /grpc-status: 0/);
      assert.match((await ask("GetInferenceStatus", text(1, "other"))).trailers, /grpc-status: 5/);
      assert.match((await ask("Other", Buffer.alloc(0))).trailers, /grpc-status: 12/);
      await ask("RunInferenceAsync", order("bad", "fail"));
      images.jobs.get("bad").asked = 1;
      assert.deepEqual((await ask("GetInferenceStatus", text(1, "bad"))).message.subarray(0, 2), Buffer.from([8, 3]));
      session?.close();
    });
  }
});

async function all(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return parts;
}
