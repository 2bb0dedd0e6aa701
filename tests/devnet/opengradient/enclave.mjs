// What an enclave holds: its RSA key, which signs the answers, and the measurements and certificate that go with it.
import { constants, createHash, generateKeyPairSync, randomBytes, sign, verify } from "node:crypto";
import { bytesToHex, concat, encodeAbiParameters, keccak256, parseAbiParameters, toHex } from "viem";

const PSS = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 };

/** What is signed: `request` and `output` are texts. @returns {`0x${string}`} */
export function messageHash(request, output, timestamp) {
  const hash = (text) => keccak256(new TextEncoder().encode(text));
  return keccak256(concat([hash(request), hash(output), toHex(timestamp, { size: 32 })]));
}

/** @param {import("node:crypto").KeyLike} key @param {`0x${string}`} message @param {string} signature base64 */
export function verifySignature(key, message, signature) {
  return verify("sha256", Buffer.from(message.slice(2), "hex"), { key, ...PSS }, Buffer.from(signature, "base64"));
}

/** A new enclave, with keys of its own. */
export function createEnclave() {
  const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const der = publicKey.export({ type: "spki", format: "der" });
  const id = keccak256(der);
  const certificate = selfSigned(privateKey, der);
  // A build's measurements are the same wherever it runs.
  const [pcr0, pcr1, pcr2] = [0, 1, 2].map((index) => bytesToHex(createHash("sha384").update(`devnet build, PCR${index}`).digest()));
  const raw = (message) => sign("sha256", Buffer.from(message.slice(2), "hex"), { key: privateKey, ...PSS });
  return {
    id,
    publicKey: bytesToHex(der),
    privateKey,
    certificate: bytesToHex(certificate),
    pcrs: { pcr0, pcr1, pcr2 },
    pcrHash: keccak256(concat([pcr0, pcr1, pcr2])),
    attestation: encodeAbiParameters(parseAbiParameters("bytes, bytes, bytes, bytes32, bytes32"), [pcr0, pcr1, pcr2, id, keccak256(certificate)]),
    ohttp: ohttpConfig(),
    /** @returns {`0x${string}`} the signature that the registry checks */
    heartbeat: (timestamp) => bytesToHex(raw(keccak256(concat([id, toHex(timestamp, { size: 32 })])))),
    /** The proof fields of an answer. */
    prove(request, output, timestamp = Math.floor(Date.now() / 1000)) {
      const hash = (text) => keccak256(new TextEncoder().encode(text)).slice(2);
      return {
        tee_signature: raw(messageHash(request, output, timestamp)).toString("base64"),
        tee_request_hash: hash(request),
        tee_output_hash: hash(output),
        tee_timestamp: timestamp,
        tee_id: id,
      };
    },
  };
}

/** A real X25519 key in RFC 9458's form; the devnet has no relay that would use it. */
function ohttpConfig() {
  const { x } = generateKeyPairSync("x25519").publicKey.export({ format: "jwk" });
  const publicKey = `0x${Buffer.from(x, "base64url").toString("hex")}`;
  const keyConfig = concat(["0x01", "0x0020", publicKey, "0x0004", "0x0001", "0x0003"]);
  return { keyId: 1, kemId: 0x20, kdfId: 1, aeadId: 3, publicKey, keyConfig, registeredAt: 0n };
}

/** A self-signed certificate (X.509 v3, DER) for the name tee.invalid. */
function selfSigned(privateKey, spki) {
  const der = (tag, ...parts) => {
    const body = Buffer.concat(parts);
    const size = body.length < 128 ? [body.length] : body.length < 256 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 255];
    return Buffer.concat([Buffer.from([tag, ...size]), body]);
  };
  const hex = (text) => Buffer.from(text, "hex");
  const algorithm = der(0x30, hex("06092a864886f70d01010b0500")); // sha256WithRSAEncryption
  const name = der(0x30, der(0x31, der(0x30, hex("0603550403"), der(0x0c, Buffer.from("tee.invalid")))));
  const time = (text) => der(0x17, Buffer.from(text));
  const serial = Buffer.concat([Buffer.from([1]), randomBytes(15)]);
  const version3 = hex("a003020102");
  const body = der(0x30, version3, der(0x02, serial), algorithm, name, der(0x30, time("200101000000Z"), time("491231235959Z")), name, spki);
  return der(0x30, body, algorithm, der(0x03, Buffer.from([0]), sign("sha256", body, privateKey)));
}
