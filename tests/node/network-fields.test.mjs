// Every field of a network is used or does not exist: changing any of them changes something that goes out. The fields are
// read from the package's types, so that a new one is tried the day it is there.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { encodeAbiParameters, encodeEventTopics, toHex } from "viem";

import { Ogpu } from "../../pkg/ogpu.js";
import { Alpha, OpenGradient } from "../../pkg/opengradient.js";
import { inferenceAbi, precompileAbi } from "../devnet/opengradient/alpha.mjs";

const address = (byte) => `0x${byte.repeat(20)}`;
const ACCOUNT = address("aa");
const HASH = `0x${"11".repeat(32)}`;
const CID = "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o";

/** The fields of a type in the package's declarations, by their paths; those of objects one by one. */
function fieldsOf(entry, type) {
  const text = readFileSync(new URL(`../../pkg/wasm/${entry}/ogkit.d.ts`, import.meta.url), "utf8").replace(/\/\*[^]*?\*\//g, "");
  const body = text.slice(text.indexOf("{", text.search(new RegExp(`export interface ${type}\\b`))) + 1);
  const [fields, path] = [[], []];
  // A field, and the brace of an object type after it; a brace that closes one.
  for (const [, name, opens, closes] of body.matchAll(/readonly (\w+)\??:\s*(\{)?|(\})/g)) {
    if (closes && !path.length) return fields;
    if (closes) path.pop();
    else if (opens) path.push(name);
    else fields.push([...path, name].join("."));
  }
  throw new Error(`no type ${type}`);
}

/** A network with another value at a path. */
function changed(network, path, value) {
  const [first, ...rest] = path.split(".");
  return { ...network, [first]: rest.length ? changed(network[first], rest.join("."), value) : value };
}

/** A receipt of an inference whose result only the node knows. */
const receipt = ({ hub, precompile, chainId }) => {
  const empty = { numbers: [], strings: [], jsons: [], is_simulation_result: false };
  const log = (abi, eventName, emitter, values) => {
    const { inputs } = abi.find(({ type, name }) => type === "event" && name === eventName);
    return { address: emitter, topics: encodeEventTopics({ abi, eventName }), data: encodeAbiParameters(inputs, values), blockNumber: "0x1", blockHash: HASH, transactionHash: HASH, logIndex: "0x0" };
  };
  const logs = [log(inferenceAbi, "InferenceResult", hub, [empty])];
  if (precompile) logs.push(log(precompileAbi, "ModelInferenceEvent", precompile, ["id-1", { mode: 0, modelCID: "m", input: { numbers: [], strings: [] } }, empty]));
  return { transactionHash: HASH, blockNumber: "0x1", blockHash: HASH, gasUsed: "0x1", effectiveGasPrice: "0x1", from: ACCOUNT, to: hub, status: "0x1", logs, contractAddress: null, chainId: toHex(chainId) };
};

/**
 * Runs `use` while nothing goes out: what is asked of servers and of the wallet is written down and answered here.
 * @returns what was asked, sorted
 */
async function asked(base, use) {
  const log = [];
  const original = globalThis.fetch;
  const rpc = (url, { method, params: [call] = [] }) => {
    switch (method) {
      case "eth_chainId": return toHex(/three|four/.test(url) ? base.paymentsId : base.chainId);
      case "eth_getTransactionReceipt": return base.receipt ?? null;
      case "eth_getTransactionByHash": return base.receipt ? { hash: HASH, from: ACCOUNT, to: base.receipt.to, nonce: "0x0", value: "0x0", input: "0x", blockNumber: "0x1", blockHash: HASH } : null;
      case "eth_blockNumber": return "0x5";
      case "eth_getCode": return "0x";
      case "eth_getLogs": return [];
      case "eth_getBlockByNumber": return { transactions: [], timestamp: "0x1", number: "0x5", hash: HASH, baseFeePerGas: "0x1" };
      // balanceOf
      case "eth_call": return call.data?.startsWith("0x70a08231") ? toHex(10n ** 20n, { size: 32 }) : toHex(0, { size: 32 });
      default: return "0x5";
    }
  };
  globalThis.fetch = async (url, { method = "GET", body, headers } = {}) => {
    const text = body instanceof Uint8Array ? Buffer.from(body).toString("utf8") : typeof body === "string" ? body : "";
    if (!text.includes('"jsonrpc"')) {
      log.push(`${method} ${url} ${text.replace(/-{2,}[^\r\n]+/g, "boundary")} ${new Headers(headers).get("x-api-key") ?? ""}`);
      if (text.includes('"password"')) return Response.json({ idToken: "token", refreshToken: "again", expiresIn: "1" });
      if (text.includes("refresh_token=")) return Response.json({ id_token: "token", refresh_token: "again", expires_in: "3600" });
      return new Response("nothing", { status: 200 });
    }
    const requests = [JSON.parse(text)].flat();
    log.push(...requests.map(({ method: name, params }) => `${url} ${name} ${JSON.stringify(params).replace(/0{56}6[0-9a-f]{7}/g, "a time")}`));
    const replies = requests.map((request) => ({ jsonrpc: "2.0", id: request.id, result: rpc(url, request) }));
    return Response.json(text.startsWith("[") ? replies : replies[0]);
  };
  const wallet = {
    async request({ method, params }) {
      log.push(`wallet ${method} ${JSON.stringify(params ?? [])}`);
      if (method === "eth_accounts" || method === "eth_requestAccounts") return [ACCOUNT];
      if (method === "eth_chainId") return "0x1";
      throw Object.assign(new Error(method), { code: method === "wallet_switchEthereumChain" ? 4902 : 4001 });
    },
  };
  const attempt = (work) => work().catch((error) => {
    if (!error.code) throw error;
    log.push(`refused: ${error.code}`);
  });
  try {
    await use(wallet, attempt);
  } finally {
    globalThis.fetch = original;
  }
  return log.sort();
}

/** Holds each field of a type to its promise. `others` has another value for each. */
function held(entry, type, network, others, observe) {
  describe(type, () => {
    test("each of its fields is tried", () => assert.deepEqual(Object.keys(others).sort(), fieldsOf(entry, type).sort()));
    test("the same network asks the same", async () => assert.deepEqual(await observe(network), await observe(network)));
    for (const [path, value] of Object.entries(others)) {
      test(`${path} changes what goes out`, async () => {
        const before = await observe(network);
        assert.notDeepEqual(await observe(changed(network, path, value)), before);
        assert.ok(before.length > 0);
      });
    }
    test("a field that does not exist is refused", async () => {
      assert.ok((await observe({ ...network, chainID: 1 })).includes("refused: invalidInput"));
    });
  });
}

const RPC = ["https://one.example", "https://two.example"];
const OTHER = "https://other.example";

const ogpu = {
  name: "Mine", chainId: 31337, rpcUrl: RPC, quorum: 1, pinUrl: "https://pin.example/add", gatewayUrl: "https://gateway.example/ipfs/",
  managementUrl: "https://api.example", explorerUrl: "https://explorer.example", nativeCurrency: { name: "Coin", symbol: "COIN", decimals: 18 },
  contracts: { nexus: address("01"), controller: address("02"), terminal: address("03"), vault: address("04") },
};
held("ogpu", "Network", ogpu, {
  name: "Yours", chainId: 31338, rpcUrl: [OTHER, RPC[1]], quorum: 2, pinUrl: `${OTHER}/add`, gatewayUrl: `${OTHER}/ipfs/`, managementUrl: OTHER, explorerUrl: OTHER,
  "nativeCurrency.name": "Token", "nativeCurrency.symbol": "TOKEN", "nativeCurrency.decimals": 6,
  "contracts.nexus": address("11"), "contracts.controller": address("12"), "contracts.terminal": address("13"), "contracts.vault": address("14"),
}, (network) => asked({ chainId: 31337 }, async (wallet, attempt) => {
  await attempt(() => Ogpu.connect({ wallet, network }));
  await attempt(async () => (await Ogpu.connect({ wallet, network, switchChain: false })).controller.cancelTask(address("05")));
  await attempt(async () => {
    const client = await Ogpu.readOnly({ network });
    await attempt(() => client.nexus.getSourceCount());
    await attempt(() => client.terminal.isProvider(ACCOUNT));
    await attempt(() => client.vault.getBalanceOf(ACCOUNT));
    await attempt(() => client.publishToIpfs("x", { retries: 0 }));
    await attempt(() => client.fetchIpfsBytes(CID));
    await attempt(() => client.getConfirmedResponseFromApi(address("05")));
  });
}));

const inference = { rpcUrl: RPC, quorum: 1, chainId: 31402, name: "Alpha", explorerUrl: "https://explorer.example", hub: address("21"), scheduler: address("22"), nodeUrl: "https://node.example" };
const alpha = { ...inference, precompile: address("23"), nativeCurrency: { name: "Coin", symbol: "COIN", decimals: 18 } };
const onAlpha = async (client, attempt) => {
  await attempt(() => client.resumeInference(HASH, "VANILLA"));
  await attempt(() => client.infer(CID, "VANILLA", { x: [1] }));
  await attempt(() => client.scheduleWorkflow(address("06")));
};
held("opengradient", "AlphaNetwork", alpha, {
  rpcUrl: [OTHER, RPC[1]], quorum: 2, chainId: 31403, name: "Beta", explorerUrl: OTHER, hub: address("31"), precompile: address("33"), scheduler: address("32"), nodeUrl: OTHER,
  "nativeCurrency.name": "Token", "nativeCurrency.symbol": "TOKEN", "nativeCurrency.decimals": 6,
}, (network) => asked({ chainId: 31402, receipt: receipt({ ...alpha }) }, (wallet, attempt) => attempt(async () => onAlpha(await Alpha.connect({ wallet, network }), attempt))));

const network = {
  name: "Mine", server: "https://llm.example", twins: "https://twins.example",
  payments: { chainId: 31401, rpcUrl: ["https://three.example", "https://four.example"], quorum: 1, explorerUrl: "https://basescan.example", opg: address("41") },
  inference: { ...inference, registry: address("24") },
  hub: { url: "https://hub.example", signInUrl: "https://sign-in.example/", tokenUrl: "https://token.example/" },
};
const observe = (given) => asked({ chainId: 31402, paymentsId: 31401, receipt: receipt({ ...inference, precompile: "0x00000000000000000000000000000000000000F4" }) }, (wallet, attempt) => attempt(async () => {
  const og = await OpenGradient.connect({ wallet, network: given });
  await attempt(() => og.llm.tees());
  await attempt(() => og.llm.getOpgState());
  await attempt(() => og.llm.ensureOpgApproval({ minAllowance: 10n ** 18n }));
  await attempt(() => og.llm.chat({ model: "openai/gpt-5", messages: [{ role: "user", content: "Hi" }] }));
  await attempt(async () => (await og.modelHub.login({ email: "me@example.com", password: "a secret", identity: { apiKey: "key" } })).listFiles("model", "1.00"));
  await attempt(async () => (await og.twins.connect({ apiKey: "key" })).chat({ twinId: "t", model: "openai/gpt-5", messages: [{ role: "user", content: "Hi" }] }));
  await onAlpha(og.alpha, attempt);
  og.close();
}));
held("opengradient", "OpenGradientNetwork", network, {
  name: "Yours", server: OTHER, twins: OTHER,
  "payments.chainId": 31499, "payments.name": "Base of mine", "payments.rpcUrl": [OTHER, "https://four.example"], "payments.quorum": 2, "payments.explorerUrl": OTHER, "payments.opg": address("51"),
  "inference.rpcUrl": [OTHER, RPC[1]], "inference.quorum": 2, "inference.chainId": 31403, "inference.name": "Beta", "inference.explorerUrl": OTHER, "inference.registry": address("34"),
  "inference.hub": address("31"), "inference.scheduler": address("32"), "inference.nodeUrl": OTHER,
  "hub.url": OTHER, "hub.signInUrl": OTHER, "hub.tokenUrl": OTHER,
}, observe);

describe("secrets of a network of one's own", () => {
  test("e-mail, password and keys go to its services alone", async () => {
    const lines = await observe(network);
    const secret = lines.filter((line) => /a secret|me@example|key$/.test(line));
    assert.ok(secret.some((line) => line.includes("https://sign-in.example/")) && secret.some((line) => line.includes("https://twins.example/")));
    for (const line of secret) assert.match(line, /^POST https:\/\/(sign-in|token|twins)\.example\//);
  });
  test("where it names none, nothing is sent", async () => {
    const { hub: _, twins: __, ...bare } = network;
    const lines = await observe(bare);
    assert.equal(lines.filter((line) => line === "refused: invalidInput").length, 2);
    assert.ok(!lines.some((line) => /a secret|googleapis|opengradient\.ai|memchat/.test(line)));
  });
  test("what a call names itself goes before", async () => {
    const lines = await asked({ chainId: 31402 }, (wallet, attempt) => attempt(async () => {
      const og = await OpenGradient.connect({ wallet, network });
      await attempt(() => og.modelHub.login({ email: "e", password: "p", url: OTHER, identity: { apiKey: "k", signInUrl: "https://mine.example/in" } }));
      await attempt(async () => (await og.twins.connect({ apiKey: "k", url: OTHER })).chat({ twinId: "t", model: "m", messages: [{ role: "user", content: "Hi" }] }));
      og.close();
    }));
    assert.deepEqual(lines.filter((line) => line.startsWith("POST")).map((line) => line.split(" ")[1].replace(/\?.*/, "")), ["https://mine.example/in", `${OTHER}/api/v1/twins/t/chat`]);
  });
});
