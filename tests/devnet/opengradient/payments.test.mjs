// The official client pays every endpoint, and money moves as it should; the gateway's sessions; proofs by the registry's key.
import assert from "node:assert/strict";
import { X509Certificate, createPublicKey } from "node:crypto";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { toClientEvmSigner } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { ExactEvmSchemeV1 } from "@x402/evm/v1";
import { concat, getContractAddress, keccak256, maxUint256, parseEther, parseSignature, toFunctionSelector, toHex } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

import { EXACT_PROXY, MULTICALL3, PERMIT2, accounts, clients } from "./chain.mjs";
import { canonical, output, parse } from "./canonical.mjs";
import { messageHash, verifySignature } from "./enclave.mjs";
import { PRICE, startGateway } from "./gateway.mjs";
import { startOpenGradient } from "./index.mjs";
import { DEPLOYER, SALT, permit2Code } from "./permit2.mjs";
import { EXACT } from "./shop.mjs";

const CHAT = "/v1/chat/completions";
let net, reader, wallet;
const opg = (functionName, args = []) => reader.readContract({ address: net.opg, abi: net.abi.Opg, functionName, args });
const registry = (functionName, args = []) => reader.readContract({ address: net.registry, abi: net.abi.Registry, functionName, args });
const balance = (address) => opg("balanceOf", [address]);
const write = async (account, name, functionName, args, address = net[name.toLowerCase()]) =>
  reader.waitForTransactionReceipt({ hash: await wallet(account).writeContract({ address, abi: net.abi[name], functionName, args }) });
const approve = (account, amount) => write(account, "Opg", "approve", [PERMIT2, amount]);
/** A client as the official packages make it. */
const payer = (account = accounts.client, rpc = net.rpcUrl) => {
  const signer = toClientEvmSigner(account, reader);
  const config = { rpcUrl: rpc };
  const client = new x402Client().register("eip155:*", new ExactEvmScheme(signer, config)).register("eip155:*", new UptoEvmScheme(signer, config)).setSpendControls(false);
  return client;
};
const paying = (account) => wrapFetchWithPayment(fetch, payer(account));
const ask = (content, more = {}) => ({
  method: "POST",
  headers: { "content-type": "application/json", ...more.headers },
  body: JSON.stringify({ model: "gpt-5", messages: [{ role: "user", content }], max_tokens: 40, temperature: 0.0, ...more.body }),
});
const receipt = (response) => decodePaymentResponseHeader(response.headers.get("payment-response"));

/** Every check that a careful client does. */
async function proves(request, { choices, tee_signature, tee_timestamp, tee_request_hash, tee_output_hash, tee_id }, text = output(choices[0])) {
  const [tee] = await registry("getActiveTEEs", [0]);
  assert.equal(tee_id, keccak256(tee.publicKey));
  const signed = canonical(parse(request));
  assert.equal(tee_request_hash, keccak256(toHex(signed)).slice(2));
  assert.equal(tee_output_hash, keccak256(toHex(text)).slice(2));
  const key = createPublicKey({ key: Buffer.from(tee.publicKey.slice(2), "hex"), format: "der", type: "spki" });
  assert.ok(verifySignature(key, messageHash(signed, text, tee_timestamp), tee_signature));
}

/** The events of a stream. */
async function events(response) {
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("data: "));
  assert.equal(lines.pop(), "data: [DONE]");
  return lines.map((line) => JSON.parse(line.slice(6)));
}

before(async () => {
  net = await startOpenGradient();
  ({ reader, wallet } = clients(net.rpcUrl, net.chainId));
});
after(() => net?.stop());

describe("the contracts", () => {
  test("Permit2 is the genuine one, Multicall3 and the proxies are there", async () => {
    assert.equal(getContractAddress({ opcode: "CREATE2", from: DEPLOYER, salt: SALT, bytecode: permit2Code() }), PERMIT2);
    for (const address of [PERMIT2, MULTICALL3, net.exactProxy, net.uptoProxy]) assert.ok(await reader.getCode({ address }));
    const results = await reader.multicall({ multicallAddress: MULTICALL3, contracts: [{ address: net.opg, abi: net.abi.Opg, functionName: "decimals" }] });
    assert.equal(results[0].result, 18);
    assert.equal(await reader.readContract({ address: EXACT_PROXY, abi: net.abi.ExactProxy, functionName: "PERMIT2" }), PERMIT2);
  });

  test("the token's domain", async () => {
    const { domain } = await reader.getEip712Domain({ address: net.opg });
    assert.deepEqual([await opg("name"), await opg("symbol"), await opg("totalSupply")], ["OpenGradient", "OPG", parseEther("1000000000")]);
    assert.equal(domain.verifyingContract, net.opg);
    assert.deepEqual([domain.name, domain.version, domain.chainId], ["OpenGradient", "1", net.chainId]);
  });

  test("EIP-3009: both forms of a signature, one use, cancelling", async () => {
    const { client, client2, deployer } = accounts;
    const domain = { name: "OpenGradient", version: "1", chainId: net.chainId, verifyingContract: net.opg };
    const fields = { from: "address", to: "address", value: "uint256", validAfter: "uint256", validBefore: "uint256", nonce: "bytes32" };
    const types = { TransferWithAuthorization: Object.entries(fields).map(([name, type]) => ({ name, type })) };
    const send = async (nonce, split) => {
      const message = { from: client.address, to: client2.address, value: 5n, validAfter: 0n, validBefore: maxUint256 >> 8n, nonce };
      const signature = await client.signTypedData({ domain, types, primaryType: "TransferWithAuthorization", message });
      const { v, r, s } = parseSignature(signature);
      return write(deployer, "Opg", "transferWithAuthorization", [...Object.values(message), ...(split ? [Number(v), r, s] : [signature])]);
    };
    const start = await balance(client2.address);
    await send(toHex(1, { size: 32 }), true);
    await send(toHex(2, { size: 32 }), false);
    assert.equal((await balance(client2.address)) - start, 10n);
    await assert.rejects(send(toHex(2, { size: 32 }), true), /ERC3009UsedAuthorization/);
    const nonce = toHex(3, { size: 32 });
    const cancel = { CancelAuthorization: [{ name: "authorizer", type: "address" }, { name: "nonce", type: "bytes32" }] };
    const signature = await client.signTypedData({ domain, types: cancel, primaryType: "CancelAuthorization", message: { authorizer: client.address, nonce } });
    const { v, r, s } = parseSignature(signature);
    await write(deployer, "Opg", "cancelAuthorization", [client.address, nonce, Number(v), r, s]);
    assert.equal(await opg("authorizationState", [client.address, nonce]), true);
    await assert.rejects(send(nonce, true), /ERC3009UsedAuthorization/);
  });

  test("the registry: its ABI, the enclave, and what makes it inactive", async () => {
    const vectors = JSON.parse(readFileSync(new URL("../../vectors/opengradient/TEERegistry.json", import.meta.url), "utf8"));
    const ours = new Set(net.abi.Registry.filter(({ type }) => type === "function").map(toFunctionSelector));
    for (const item of vectors) assert.ok(ours.has(toFunctionSelector(item)), item.name);
    const [tee] = await reader.readContract({ address: net.registry, abi: vectors, functionName: "getActiveTEEs", args: [0] });
    assert.equal(tee.endpoint, net.llmUrl);
    assert.equal(tee.pcrHash, net.tee.pcrHash);
    assert.equal(keccak256(tee.publicKey), net.tee.id);
    assert.equal(tee.ohttpConfig.kemId, 0x20);
    const certificate = new X509Certificate(Buffer.from(tee.tlsCertificate.slice(2), "hex"));
    assert.ok(certificate.verify(certificate.publicKey) && certificate.subject.includes("tee.invalid"));

    await net.heartbeat();
    await assert.rejects(write(accounts.operator, "Registry", "heartbeat", [net.tee.id, (await reader.getBlock()).timestamp, concat([toHex(1, { size: 256 })])]), /HeartbeatSignatureInvalid/);
    await write(accounts.deployer, "Registry", "revokePCR", [net.tee.pcrHash, 0]);
    assert.deepEqual(await registry("getActiveTEEs", [0]), []);
    assert.deepEqual(await registry("getEnabledTEEs", [0]), [net.tee.id]);
    await write(accounts.deployer, "Registry", "approvePCR", [net.enclave.pcrs, "again", 0]);
    assert.equal(await registry("isTEEActive", [net.tee.id]), true);
  });
});

describe("the official client pays the official server", () => {
  test("exact by EIP-3009", async () => {
    const start = await balance(net.seller);
    const response = await paying()(`${net.shopUrl}/exact-eip3009/data`);
    assert.equal(response.status, 200);
    assert.deepEqual(await response.json(), { prefix: "/exact-eip3009", data: "Grüße 🚀" });
    const { success, transaction, network } = receipt(response);
    assert.ok(success && network === net.network);
    assert.equal((await reader.getTransactionReceipt({ hash: transaction })).status, "success");
    assert.equal((await balance(net.seller)) - start, EXACT);
  });

  test("Permit2 without an allowance is a 412", async () => {
    const response = await paying()(`${net.shopUrl}/exact-permit2/data`);
    assert.equal(response.status, 412);
    assert.match(atob(response.headers.get("payment-required")), /permit2_allowance_required/);
  });

  test("a permit in place of an approval: a payer without gas", async () => {
    for (const way of ["exact-permit2-gasless", "upto-permit2-gasless"]) {
      const account = privateKeyToAccount(generatePrivateKey());
      await write(accounts.client, "Opg", "transfer", [account.address, parseEther("1")]);
      const response = await paying(account)(`${net.shopUrl}/${way}/data`);
      assert.equal(response.status, 200, atob(response.headers.get("payment-required") ?? ""));
      assert.equal(parseEther("1") - (await balance(account.address)), way.startsWith("exact") ? EXACT : PRICE);
    }
  });

  test("an approval that the facilitator sends", async () => {
    const account = privateKeyToAccount(generatePrivateKey());
    await write(accounts.client, "Opg", "transfer", [account.address, parseEther("1")]);
    await reader.waitForTransactionReceipt({ hash: await wallet(accounts.client).sendTransaction({ to: account.address, value: parseEther("1") }) });
    const response = await paying(account)(`${net.shopUrl}/exact-permit2-sponsored/data`);
    assert.equal(response.status, 200, atob(response.headers.get("payment-required") ?? ""));
    assert.equal(parseEther("1") - (await balance(account.address)), EXACT);
  });

  test("exact and upto by Permit2", async () => {
    await approve(accounts.client, parseEther("10"));
    const start = await balance(net.seller);
    const exact = await paying()(`${net.shopUrl}/exact-permit2/echo`, { method: "POST", body: "hello" });
    assert.deepEqual([exact.status, (await exact.json()).body], [200, "hello"]);
    assert.equal((await balance(net.seller)) - start, EXACT);
    const request = ask("What is a key?");
    const upto = await paying()(`${net.shopUrl}/upto-permit2${CHAT}`, request);
    assert.equal(upto.status, 200);
    const answer = await upto.json();
    await proves(request.body, answer);
    const cost = BigInt(answer.usage.total_tokens) * PRICE;
    assert.equal(receipt(upto).amount, String(cost));
    assert.equal((await balance(net.seller)) - start, EXACT + cost);
  });

  test("many at once", async () => {
    const start = await balance(net.seller);
    const responses = await Promise.all(Array.from({ length: 6 }, (_, index) => paying()(`${net.shopUrl}/${index % 2 ? "exact-eip3009" : "exact-permit2"}/data`)));
    assert.deepEqual(responses.map(({ status }) => status), Array(6).fill(200));
    assert.equal((await balance(net.seller)) - start, EXACT * 6n);
  });

  test("a handler that fails is not paid", async () => {
    const start = await balance(net.seller);
    assert.equal((await paying()(`${net.shopUrl}/exact-eip3009/fail`)).status, 500);
    assert.equal(await balance(net.seller), start);
  });

  test("version 1, on a chain that has a name there", async () => {
    const named = await startOpenGradient({ chainId: 84532 });
    try {
      const { reader } = clients(named.rpcUrl, named.chainId);
      const held = () => reader.readContract({ address: named.opg, abi: named.abi.Opg, functionName: "balanceOf", args: [named.seller] });
      const client = new x402Client().registerV1("base-sepolia", new ExactEvmSchemeV1(accounts.client)).setSpendControls(false);
      const response = await wrapFetchWithPayment(fetch, client)(`${named.shopUrl}/v1-exact/data`);
      assert.equal(response.status, 200, await response.clone().text());
      assert.equal(decodePaymentResponseHeader(response.headers.get("x-payment-response")).success, true);
      assert.equal(await held(), EXACT);
    } finally {
      await named.stop();
    }
  });
});

describe("the gateway's sessions", () => {
  const url = () => `${net.llmUrl}${CHAT}`;
  before(() => approve(accounts.client, parseEther("10")));

  test("one signature, several answers, one settlement", async () => {
    const start = await balance(net.seller);
    const request = ask("What is an enclave?");
    const first = await paying()(url(), request);
    assert.equal(first.status, 200, await first.clone().text());
    assert.equal(first.headers.get("payment-response"), null);
    const session = first.headers.get("x-upto-session");
    const answer = await first.json();
    await proves(request.body, answer);
    const more = ask("And a key?", { headers: { "x-upto-session": session } });
    const second = await (await fetch(url(), more)).json();
    await proves(more.body, second);
    // Another path is another session.
    const other = await fetch(`${net.llmUrl}/v1/completions`, { method: "POST", headers: { "x-upto-session": session }, body: "{}" });
    assert.deepEqual([other.status, other.headers.get("payment-required"), await other.json()], [402, null, { error: "Session expired or exhausted" }]);

    await net.gateway.settled();
    const settlement = net.gateway.settlements.find(({ id }) => id === session);
    const cost = BigInt(answer.usage.total_tokens + second.usage.total_tokens) * PRICE;
    assert.deepEqual([settlement.success, settlement.amount], [true, cost]);
    assert.equal((await balance(net.seller)) - start, cost);
    assert.equal((await fetch(url(), more)).status, 402);
  });

  test("the same payment again is the same session, and stays dead afterwards", async () => {
    let header;
    const spy = (input, init) => {
      header = input.headers.get("payment-signature") ?? header;
      return fetch(input, init);
    };
    const first = await wrapFetchWithPayment(spy, payer())(url(), ask("Again?"));
    const again = ask("Again?", { headers: { "payment-signature": header } });
    for (const later of await Promise.all([fetch(url(), again), fetch(url(), again)])) {
      assert.equal(later.headers.get("x-upto-session"), first.headers.get("x-upto-session"));
    }
    await net.gateway.settled();
    assert.equal((await fetch(url(), again)).status, 402);
  });

  test("a stream, at once, with the proof in its last event", async () => {
    const request = ask("Tell me of a city.", { body: { stream: true, temperature: 0.7 } });
    const response = await paying()(url(), request);
    assert.match(response.headers.get("content-type"), /text\/event-stream/);
    const list = await events(response);
    const text = list.map(({ choices }) => choices[0].delta.content ?? "").join("");
    assert.ok(text.split(" ").length > 5);
    assert.ok(list.at(-1).usage.total_tokens > 0);
    await proves(request.body, list.at(-1), text);
  });

  test("tools, a tool's answer, JSON, images", async () => {
    const pay = paying();
    const tools = [{ type: "function", function: { name: "weather", description: "d", parameters: { type: "object", properties: { city: { type: "string" } } } } }];
    const call = ask('Call weather {"city": "Köln"}', { body: { tools, tool_choice: "auto" } });
    const called = await (await pay(url(), call)).json();
    assert.equal(called.choices[0].finish_reason, "tool_calls");
    assert.deepEqual(JSON.parse(called.choices[0].message.tool_calls[0].function.arguments), { city: "Köln" });
    await proves(call.body, called);
    const messages = [{ role: "user", content: "weather?" }, called.choices[0].message, { role: "tool", tool_call_id: called.choices[0].message.tool_calls[0].id, content: "12 °C" }];
    const told = ask("", { body: { tools, messages, web_search: true } });
    const answer = await (await pay(url(), told)).json();
    assert.match(answer.choices[0].message.content, /12 °C/);
    await proves(told.body, answer);
    const form = ask("Fill it", { body: { response_format: { type: "json_schema", json_schema: { name: "n", schema: { type: "object", properties: { n: { type: "integer" } } } } } } });
    const filled = await (await pay(url(), form)).json();
    assert.equal(typeof JSON.parse(filled.choices[0].message.content).n, "number");
    await proves(form.body, filled);
    const drawn = await (await pay(url(), ask("Draw a red picture"))).json();
    const image = await fetch(drawn.choices[0].message.images[0]);
    assert.deepEqual([image.status, image.headers.get("content-type")], [200, "image/png"]);
  });

  test("a completion; what is recorded on chain", async () => {
    const body = JSON.stringify({ model: "gpt-5", prompt: "Once", max_tokens: 12, temperature: 0.0 });
    const response = await paying()(`${net.llmUrl}/v1/completions`, { method: "POST", headers: { "X-SETTLEMENT-TYPE": "individual" }, body });
    const answer = await response.json();
    await proves(body, answer, answer.choices[0].text);
    const hash = response.headers.get("x-settlement-tx-hash");
    const [event] = await reader.getContractEvents({ address: net.relay, abi: net.abi.Relay, eventName: "IndividualSettlement" });
    assert.deepEqual([event.transactionHash, event.args.outputHash], [hash, `0x${answer.tee_output_hash}`]);
    const stream = await events(await paying()(url(), ask("Stream", { headers: { "X-SETTLEMENT-TYPE": "individual" }, body: { stream: true } })));
    assert.match(stream.at(-1).data_settlement_transaction_hash, /^0x[0-9a-f]{64}$/);
    await paying()(url(), ask("Batch", { headers: { "X-SETTLEMENT-TYPE": "batch" } }));
    await net.gateway.settled();
    assert.ok((await reader.getContractEvents({ address: net.relay, abi: net.abi.Relay, eventName: "BatchSettlement", fromBlock: 0n })).length > 0);
  });

  test("a bad request costs nothing", async () => {
    await net.gateway.settled();
    const before = net.gateway.settlements.length;
    const response = await paying()(url(), { method: "POST", body: "{" });
    assert.equal(response.status, 400);
    await net.gateway.settled();
    assert.deepEqual(net.gateway.settlements.slice(before).map(({ amount, transaction }) => [amount, transaction]), [[0n, ""]]);
  });

  test("one that is idle is settled by itself", async () => {
    const gateway = await startGateway({ ...net, enclave: net.enclave, idle: 50 });
    try {
      const start = await balance(net.seller);
      const response = await paying()(`${gateway.url}${CHAT}`, ask("Anybody?"));
      const { usage } = await response.json();
      while (!gateway.settlements.length) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(gateway.settlements[0].success, true);
      assert.equal((await balance(net.seller)) - start, BigInt(usage.total_tokens) * PRICE);
    } finally {
      await gateway.stop();
    }
  });

  test("used up: never more than the cap", async () => {
    const small = await startOpenGradient({ rpcUrl: undefined, chainId: 31403, cap: PRICE * 10n, cors: false });
    try {
      const { reader, wallet } = clients(small.rpcUrl, small.chainId);
      const at = { address: small.opg, abi: small.abi.Opg };
      await reader.waitForTransactionReceipt({ hash: await wallet(accounts.client).writeContract({ ...at, functionName: "approve", args: [PERMIT2, parseEther("1")] }) });
      const response = await paying()(`${small.llmUrl}${CHAT}`, ask("Spend it"));
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("access-control-allow-origin"), null);
      const session = response.headers.get("x-upto-session");
      await response.text();
      assert.equal((await fetch(`${small.llmUrl}${CHAT}`, ask("More", { headers: { "x-upto-session": session } }))).status, 402);
      while (!small.gateway.settlements.length) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await reader.readContract({ ...at, functionName: "balanceOf", args: [small.seller] }), PRICE * 10n);
    } finally {
      await small.stop();
    }
  });
});

test("a page of another origin may call and read", async () => {
  const headers = { origin: "http://page.example", "access-control-request-method": "POST", "access-control-request-headers": "authorization,payment-signature,x-settlement-type" };
  const preflight = await fetch(`${net.llmUrl}${CHAT}`, { method: "OPTIONS", headers });
  assert.equal(preflight.headers.get("access-control-allow-headers"), headers["access-control-request-headers"]);
  for (const base of [net.llmUrl, `${net.shopUrl}/exact-eip3009`]) {
    const response = await fetch(`${base}${CHAT}`, { method: "POST", body: "{}" });
    assert.match(response.headers.get("access-control-expose-headers"), /PAYMENT-REQUIRED/);
  }
});

test("TLS with the registered certificate", async () => {
  const { request } = await import("node:https");
  const secure = await startOpenGradient({ chainId: 31404, tls: true });
  try {
    const presented = await new Promise((resolve, reject) => {
      const call = request(`${secure.llmUrl}/images/pixel.png`, { rejectUnauthorized: false }, (response) => {
        resolve(response.socket.getPeerCertificate().raw);
        response.resume();
      });
      call.on("error", reject).end();
    });
    assert.equal(`0x${presented.toString("hex")}`, secure.tee.certificate);
  } finally {
    await secure.stop();
  }
});
