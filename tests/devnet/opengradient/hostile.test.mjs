// The dishonest seller does what its paths say; some of it deceives the official client, which is why it is here.
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { keccak256, toHex } from "viem";

import { canonical, output, parse } from "./canonical.mjs";
import { accounts } from "./chain.mjs";
import { messageHash, verifySignature } from "./enclave.mjs";
import { startHostile } from "./hostile.mjs";
import { startOpenGradient } from "./index.mjs";

const CHAT = "v1/chat/completions";
let net, hostile, pay;
before(async () => {
  net = await startOpenGradient();
  hostile = await startHostile(net);
  const client = new x402Client().register("eip155:*", new ExactEvmScheme(accounts.client)).register("eip155:*", new UptoEvmScheme(accounts.client)).setSpendControls(false);
  pay = wrapFetchWithPayment(fetch, client);
});
after(async () => {
  await hostile?.stop();
  await net?.stop();
});

const request = (more = {}) => ({ method: "POST", body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content: "Hello" }], max_tokens: 20, ...more }) });
const offered = async (path) => {
  const header = (await fetch(`${hostile.url}/${path}`)).headers.get("payment-required");
  return JSON.parse(Buffer.from(header, "base64").toString("utf8"));
};
/** What a careful client finds wrong with an answer. */
function faults(body, { choices, tee_id, tee_request_hash, tee_output_hash, tee_timestamp, tee_signature }, text = output(choices[0])) {
  if (!tee_signature) return ["no proof"];
  const signed = canonical(parse(body));
  const key = createPublicKey({ key: Buffer.from(net.tee.publicKey.slice(2), "hex"), format: "der", type: "spki" });
  const found = [];
  if (tee_id !== net.tee.id) found.push("id");
  if (tee_request_hash !== keccak256(toHex(signed)).slice(2)) found.push("request");
  if (tee_output_hash !== keccak256(toHex(text)).slice(2)) found.push("output");
  if (!verifySignature(key, messageHash(signed, text, tee_timestamp), tee_signature)) found.push("signature");
  return found;
}

test("offers", async () => {
  const { accepts: [honest], x402Version } = await offered("honest/data");
  assert.deepEqual([x402Version, honest.scheme, honest.asset, honest.payTo], [2, "exact", net.opg, net.seller]);
  const changes = {
    "wrong-asset": { asset: net.registry }, "wrong-network": { network: "eip155:1" }, "far-timeout": { maxTimeoutSeconds: 1e12 },
    "zero-payto": { payTo: `0x${"0".repeat(40)}` }, "number-amount": { amount: 1000 }, "exponent-amount": { amount: "1e4" },
    "negative-amount": { amount: "-1" }, "unknown-scheme": { scheme: "subscription" },
  };
  for (const [behaviour, change] of Object.entries(changes)) assert.deepEqual((await offered(`${behaviour}/data`)).accepts, [{ ...honest, ...change }], behaviour);
  assert.equal((await offered("upto/honest/data")).accepts[0].scheme, "upto");
  assert.equal((await offered("permit2/honest/data")).accepts[0].extra.assetTransferMethod, "permit2");
  assert.equal((await fetch(`${hostile.url}/broken-base64/data`)).headers.get("payment-required"), "this is % not base64!");
  await assert.rejects(fetch(`${hostile.url}/giant-header/data`), "Node's own limit");
});

test("a second 402: the official client pays once", async () => {
  for (const behaviour of ["endless-402", "dearer", "dead-session", "failed-settlement"]) {
    const response = await pay(`${hostile.url}/${behaviour}/data`);
    assert.equal(response.status, 402, behaviour);
    assert.equal(hostile.requests.filter((one) => one.behaviour === behaviour && one.payment).length, 1);
  }
});

test("redirects: the official client's payment is stolen", async () => {
  assert.deepEqual(await (await pay(`${hostile.url}/redirect-after/data`)).json(), { thief: true });
  assert.ok(hostile.stolen.some(({ path, headers }) => path.startsWith("/redirect-after") && headers["payment-signature"]));
  const response = await fetch(`${hostile.url}/redirect-before/data`);
  assert.ok(response.redirected && response.url.startsWith(hostile.thiefUrl));
});

describe("signed answers", () => {
  const expected = {
    honest: [], "wrong-signature": ["signature"], "wrong-tee-id": ["id"], "wrong-time": ["signature"], "no-proof": ["no proof"],
    "other-enclave": ["id", "signature"], "lying-model": ["request", "signature"], "lying-output": ["output", "signature"],
  };
  for (const [behaviour, found] of Object.entries(expected)) {
    test(behaviour, async () => {
      const plain = request();
      assert.deepEqual(faults(plain.body, await (await pay(`${hostile.url}/${behaviour}/${CHAT}`, plain)).json()), found);
      const streamed = request({ stream: true });
      const lines = (await (await pay(`${hostile.url}/${behaviour}/${CHAT}`, streamed)).text()).split("\n").filter((line) => line.startsWith("data: {"));
      const events = lines.map((line) => JSON.parse(line.slice(6)));
      const text = events.map(({ choices }) => choices[0].delta.content ?? "").join("");
      assert.deepEqual(faults(streamed.body, events.at(-1), text), found);
    });
  }
});

test("answers that break off or never end", async () => {
  const at = (behaviour, more) => pay(`${hostile.url}/${behaviour}/${CHAT}`, { ...request({ stream: true }), ...more });
  for (const behaviour of ["cut-stream", "cut-body"]) await assert.rejects(async () => (await at(behaviour)).text(), behaviour);
  await assert.rejects(at("hang-up"));
  assert.ok(!(await (await at("unproved-stream")).text()).includes("DONE"));
  for (const behaviour of ["stall", "stall-before"]) {
    const enough = new AbortController();
    const before = hostile.requests.length;
    const answer = pay(`${hostile.url}/${behaviour}/data`, { signal: enough.signal });
    answer.catch(() => {});
    // Others are answered meanwhile: it is no slowness.
    while (!hostile.requests.slice(before).some((one) => one.behaviour === behaviour && Boolean(one.payment) === (behaviour === "stall"))) await offered("honest/data");
    for (let others = 0; others < 5; others++) await offered("honest/data");
    assert.equal(await Promise.race([answer, "nothing"]), "nothing", behaviour);
    enough.abort();
    await assert.rejects(answer, { name: "AbortError" });
  }
  for (const behaviour of ["endless-stream", "endless-line", "huge-body"]) {
    const enough = new AbortController();
    let read = 0;
    for await (const part of (await at(behaviour, { signal: enough.signal })).body) {
      read += part.length;
      if (read > 1 << 20) break;
    }
    enough.abort();
    assert.ok(read > 1 << 20, behaviour);
  }
});

test("lying receipts", async () => {
  const receipt = async (behaviour) => {
    const response = await pay(`${hostile.url}/${behaviour}/data`);
    assert.equal(response.status, 200);
    const header = response.headers.get("payment-response");
    return header === "@@@" ? header : header && JSON.parse(Buffer.from(header, "base64").toString("utf8"));
  };
  assert.equal((await receipt("receipt-network")).network, "eip155:1");
  assert.ok(BigInt((await receipt("receipt-amount")).amount) > 10n ** 15n);
  assert.equal((await receipt("receipt-failed")).success, false);
  assert.equal(await receipt("receipt-garbage"), "@@@");
  assert.equal(await receipt("receipt-missing"), null);
});
