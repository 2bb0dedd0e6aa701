// What sellers took, read from the chain: anvil, the genuine Permit2, the official facilitator.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { parseEther } from "viem";

import { fetchWithPayment, getPayment } from "../../../pkg/opengradient.js";
import { PRICE } from "../../devnet/opengradient/gateway.mjs";
import { startHostile } from "../../devnet/opengradient/hostile.mjs";
import { CAP, EXACT } from "../../devnet/opengradient/shop.mjs";
import { base64 } from "../../devnet/opengradient/web.mjs";
import { ask, failure, open } from "./stage.mjs";

let stage, net, hostile;
before(async () => {
  stage = await open({ idle: 300 });
  net = stage.net;
  hostile = await startHostile(net);
});
after(async () => {
  await hostile?.stop();
  await stage?.stop();
});

const opg = (rule) => ({ chainId: net.chainId, address: net.opg, symbol: "OPG", decimals: 18, domain: { name: "OpenGradient", version: "1" }, maxPerRequest: CAP, ...rule });
const chains = () => [{ chainId: net.chainId, name: "Devnet", rpcUrl: net.rpcUrl }];
const signatures = ({ requests }) => requests.filter(({ method }) => method === "eth_signTypedData_v4").length;
/** Moves the chain's time on, in a block of its own. */
const pass = async (seconds) => {
  for (const [method, params] of [["evm_increaseTime", [seconds]], ["evm_mine", []]]) await stage.reader.request({ method, params });
};
/** Takes money as a seller does who does not wait for the answer: through the official facilitator. */
async function take(payment, amount) {
  const paymentPayload = JSON.parse(Buffer.from(payment, "base64").toString("utf8"));
  const paymentRequirements = { ...paymentPayload.accepted, amount: String(amount) };
  const response = await fetch(`${net.facilitatorUrl}/settle`, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ x402Version: 2, paymentPayload, paymentRequirements }) });
  const settled = await response.json();
  assert.ok(settled.success, JSON.stringify(settled));
}

describe("what the chain shows counts", () => {
  test("a session counts with its cap until the gateway has settled it, then with what it took", async () => {
    const { og, wallet } = await stage.connect();
    const before = await stage.balance(wallet.address);
    const { payment } = await og.llm.chat(ask("How much?"));
    assert.deepEqual([payment.amount, payment.charged, await og.spent()], [CAP, undefined, CAP]);
    await net.gateway.settled();
    const taken = before - (await stage.balance(wallet.address));
    assert.ok(taken > 0n && taken < CAP);
    assert.equal(await og.spent(), taken);
    assert.equal(payment.charged, taken);
    assert.ok(Object.isFrozen(payment));
    og.close();
    assert.equal(payment.charged, taken);
  });

  test("sessions of the same seller, each with its own transfer", async () => {
    const { og, wallet } = await stage.connect();
    const before = await stage.balance(wallet.address);
    const payments = [];
    for (const question of ["One?", "And a second, longer question?", "Three words only?"]) {
      payments.push((await og.llm.chat(ask(question))).payment);
      await net.gateway.settled();
    }
    const taken = before - (await stage.balance(wallet.address));
    assert.deepEqual([payments.filter(({ reused }) => reused).length, signatures(wallet)], [0, 3]);
    assert.equal(await og.spent(), taken);
    assert.equal(payments.reduce((sum, { charged }) => sum + charged, 0n), taken);
    og.close();
  });

  test("exact payments, by EIP-3009 and by Permit2", async () => {
    const wallet = await stage.wallet();
    const policy = { assets: [opg({ maxPerSession: EXACT * 2n })] };
    const get = (path) => fetchWithPayment(`${net.shopUrl}${path}/data`, undefined, { wallet, chains: chains(), policy });
    const responses = [await get("/exact-eip3009"), await get("/exact-permit2")];
    assert.deepEqual(responses.map((response) => getPayment(response).payment.charged), [undefined, undefined]);
    // The limits ask the chain before they refuse, and it shows that all of it was taken.
    assert.equal((await failure(get("/exact-eip3009"))).reason, "aboveSessionCap");
    assert.deepEqual(responses.map((response) => getPayment(response).payment.charged), [EXACT, EXACT]);
  });

  test("what a shop did not take is given back once the chain shows it", async () => {
    const wallet = await stage.wallet();
    const policy = { assets: [opg({ maxPerSession: CAP + PRICE * 3n })] };
    const get = () => fetchWithPayment(`${net.shopUrl}/upto-permit2/data`, undefined, { wallet, chains: chains(), policy });
    const payments = [];
    for (let round = 0; round < 4; round++) payments.push(getPayment(await get()).payment);
    assert.deepEqual(payments.slice(0, 3).map(({ charged }) => charged), [PRICE, PRICE, PRICE]);
  });
});

describe("a seller's word gives nothing back", () => {
  const lies = {
    "a receipt over nothing": (receipt) => ({ headers: { "payment-response": base64({ ...receipt, amount: "0" }) } }),
    "a receipt over nothing, without a transaction": (receipt) => ({ headers: { "payment-response": base64({ ...receipt, transaction: "", amount: "0" }) } }),
    "an invented transaction over 1": (receipt) => ({ headers: { "payment-response": base64({ ...receipt, transaction: `0x${"11".repeat(32)}`, amount: "1" }) } }),
    "a bad request": () => ({ status: 400 }),
    "insufficient funds": (receipt) => ({ status: 402, headers: { "payment-response": base64({ ...receipt, success: false, transaction: "", errorReason: "insufficient_funds" }) } }),
  };
  for (const [lie, answer] of Object.entries(lies)) {
    test(lie, async () => {
      const wallet = await stage.wallet();
      const before = await stage.balance(wallet.address);
      const policy = { assets: [opg({ maxPerSession: EXACT * 2n })] };
      // It takes all that was signed for, and then says that it did not.
      const fetch_ = async (url, init) => {
        const payment = new Headers(init.headers).get("payment-signature");
        if (!payment) return fetch(url, init);
        await take(payment, EXACT);
        const { status = 200, headers = {} } = answer({ success: true, transaction: `0x${"22".repeat(32)}`, network: net.network, payer: wallet.address });
        return Object.defineProperty(new Response("{}", { status, headers }), "url", { value: url });
      };
      const get = () => fetchWithPayment(`${hostile.url}/upto/honest/data`, undefined, { wallet, chains: chains(), policy, fetch: fetch_ });
      const codes = [];
      for (let round = 0; round < 4; round++) codes.push(await get().then(() => "answered", (error) => error.reason ?? error.code));
      assert.deepEqual(codes.slice(2), ["aboveSessionCap", "aboveSessionCap"]);
      assert.deepEqual([signatures(wallet), before - (await stage.balance(wallet.address))], [2, EXACT * 2n]);
    });
  }

  test("what was never taken comes back when the chain has passed the deadline, and not before", async () => {
    const wallet = await stage.wallet();
    const policy = { assets: [opg({ maxPerSession: EXACT })] };
    const get = () => fetchWithPayment(`${hostile.url}/upto/failed-settlement/data`, undefined, { wallet, chains: chains(), policy });
    assert.equal((await failure(get())).code, "paymentRejected");
    assert.equal((await failure(get())).reason, "aboveSessionCap");
    // Without an RPC nothing comes back, whatever the time.
    await pass(1000);
    assert.equal((await failure(get())).code, "paymentRejected");
    assert.equal(signatures(wallet), 2);
  });
});
