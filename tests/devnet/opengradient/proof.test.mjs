// The signed texts and the signatures, against answers that the official verifier accepted.
import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { keccak256 } from "viem";

import { canonical, dumps, output, parse } from "./canonical.mjs";
import { createEnclave, messageHash, verifySignature } from "./enclave.mjs";

const vectors = parse(readFileSync(new URL("../../vectors/opengradient/proof.json", import.meta.url), "utf8"));
const key = createPublicKey({ key: Buffer.from(vectors.public_key_der, "base64"), format: "der", type: "spki" });

test("an enclave's id is the hash of its key", () => {
  assert.equal(keccak256(Buffer.from(vectors.public_key_der, "base64")), vectors.tee_id);
});

describe("the official answers", () => {
  for (const { name, body, canonical: expected, output: text, message_hash, response } of vectors.cases) {
    test(name, () => {
      assert.equal(canonical(body), expected);
      assert.equal(output(response.choices[0]), text);
      const message = messageHash(expected, text, BigInt(response.tee_timestamp.text));
      assert.equal(message, message_hash);
      assert.ok(verifySignature(key, message, response.tee_signature));
    });
  }
});

test("Python's numbers and the order of its keys", () => {
  const cases = {
    "1e-7": "1e-07", "0.0001": "0.0001", "0.00012": "0.00012", "0.00001": "1e-05", "1e16": "1e+16", "1e15": "1000000000000000.0",
    "-0.0": "-0.0", "2.50": "2.5", "1E2": "100.0", "123456789012345678901": "123456789012345678901", "1.5e300": "1.5e+300",
  };
  for (const [text, expected] of Object.entries(cases)) assert.equal(dumps(parse(text)), expected);
  assert.equal(dumps(parse('{"\\ud83d\\ude80":1,"\\uffff":2,"a":3,"ab":4}')), '{"a": 3, "ab": 4, "\\uffff": 2, "\\ud83d\\ude80": 1}');
});

test("our own enclave", () => {
  const enclave = createEnclave();
  const proof = enclave.prove("request", "Grüße 🚀");
  const own = createPublicKey({ key: Buffer.from(enclave.publicKey.slice(2), "hex"), format: "der", type: "spki" });
  assert.ok(verifySignature(own, messageHash("request", "Grüße 🚀", proof.tee_timestamp), proof.tee_signature));
  assert.ok(!verifySignature(own, messageHash("request", "Gruesse", proof.tee_timestamp), proof.tee_signature));
  assert.ok(!verifySignature(key, messageHash("request", "Grüße 🚀", proof.tee_timestamp), proof.tee_signature));
});
