// Which endpoint is believed: of another chain none, and where a quorum is wanted those that agree. Two real chains, proxies that lie.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu, WrongChainError } from "../../pkg/ogpu.js";
import { OpenGradient } from "../../pkg/opengradient.js";
import { startAnvil } from "../devnet/anvil.mjs";
import { countingProxy } from "./proxy.mjs";
import { address, is, stage } from "./stage.mjs";

const OTHER_CHAIN = 4242;

describe("endpoints", () => {
  let set, other, stops;
  /** A proxy of the right chain, or of another target, that ends with the test. */
  const proxy = async (options, target = set.devnet.rpcUrl) => {
    const made = await countingProxy(target, options);
    stops.push(() => made.stop());
    return made;
  };
  const windows = (wallet) => wallet.requests.filter(({ method }) => method === "eth_sendTransaction").length;

  before(async () => {
    stops = [];
    [set, other] = await Promise.all([stage(), startAnvil({ chainId: OTHER_CHAIN })]);
    await set.fund("client");
  });
  after(async () => {
    for (const stop of stops) await stop();
    await other?.stop();
    await set?.stop();
  });

  test("an RPC of another chain is never believed, and the error names it instead of the wallet", async () => {
    const elsewhere = await proxy({}, other.rpcUrl);
    const rpcUrl = `${elsewhere.url}/?key=secret`;
    const reader = await set.readOnly({ rpcUrl });
    for (const call of [() => reader.getBalance(address("client")), () => reader.vault.getBalanceOf(address("client")), () => reader.getEvents({ fromBlock: 0n })]) {
      const error = await call().then(() => assert.fail("it was believed"), (thrown) => thrown);
      assert.ok(is("wrongChain", { expected: 31337, actual: OTHER_CHAIN, who: `${elsewhere.url}/` })(error));
      assert.ok(error instanceof WrongChainError && !/wallet|secret/.test(error.message), error.message);
    }
    assert.equal(elsewhere.count(), 3, "one request each: another chain does not become the right one by asking again");
    const wallet = set.wallet("client");
    const client = await Ogpu.connect({ wallet, network: { ...set.network, rpcUrl } });
    await assert.rejects(client.vault.deposit(address("client"), 1n), is("wrongChain", { who: `${elsewhere.url}/` }));
    assert.equal(windows(wallet), 0);
  });

  test("it is passed over for the next one, and the check costs no request", async () => {
    const [elsewhere, right] = [await proxy({}, other.rpcUrl), await proxy()];
    const reader = await set.readOnly({ rpcUrl: [elsewhere.url, right.url] });
    const balance = await set.reader.getBalance({ address: address("client") });
    for (const [wrong, good] of [[1, 1], [1, 2], [1, 3]]) {
      assert.equal(await reader.getBalance(address("client")), balance);
      assert.deepEqual([elsewhere.count(), right.count()], [wrong, good]);
    }
    assert.equal(right.calls("eth_chainId"), 1);
    assert.equal(right.calls("eth_getBalance"), 3);
  });

  test("an endpoint that comes back as another chain is noticed", async () => {
    let target = set.devnet.rpcUrl;
    const moved = await proxy({ rewrite: () => target });
    const spare = await proxy();
    const reader = await set.readOnly({ rpcUrl: [moved.url, spare.url] });
    await reader.getBalance(address("client"));
    moved.die();
    await reader.getBalance(address("client"));
    moved.die(false);
    target = other.rpcUrl;
    spare.die();
    await assert.rejects(reader.getBalance(address("client")), is("wrongChain", { actual: OTHER_CHAIN, who: moved.url }));
  });

  test("a node that takes no batches is asked for its chain in a request of its own", async () => {
    for (const refusal of [{ body: { jsonrpc: "2.0", id: null, error: { code: -32600, message: "no batches" } } }, { status: 400, body: "no batches" }]) {
      const alone = await proxy({ answer: (requests) => (requests.length > 1 ? refusal : undefined) });
      const reader = await set.readOnly({ rpcUrl: alone.url });
      const balance = await set.reader.getBalance({ address: address("client") });
      assert.equal(await reader.getBalance(address("client")), balance);
      await alone.idle();
      alone.reset();
      assert.equal(await reader.getBalance(address("client")), balance);
      assert.equal(alone.count(), 1);
    }
  });

  test("OpenGradient's chains are checked too", async () => {
    const account = address("client");
    const payments = { chainId: 31337, name: "x", rpcUrl: other.rpcUrl, opg: set.contracts.vault };
    const og = await OpenGradient.connect({ wallet: set.wallet("client"), network: { name: "x", payments, inference: { rpcUrl: other.rpcUrl, chainId: 31337, hub: account }, server: "http://127.0.0.1:9" }, verify: "off" });
    await assert.rejects(og.llm.ensureOpgApproval({ minAllowance: 10n ** 18n }), is("wrongChain", { who: other.rpcUrl }));
    await assert.rejects(og.alpha.readWorkflowResult(account), is("wrongChain", { expected: 31337, actual: OTHER_CHAIN }));
  });

  test("a quorum is from 1 to the number of endpoints, and one endpoint does not agree with itself", async () => {
    const rpcUrl = ["http://127.0.0.1:1", "http://127.0.0.1:2"];
    for (const [urls, quorum] of [[rpcUrl, 0], [rpcUrl, 3], [rpcUrl, 1.5], [rpcUrl, "2"], [rpcUrl[0], 2], [[rpcUrl[0], rpcUrl[0]], 2]]) {
      const field = "options.network.quorum";
      await assert.rejects(async () => Ogpu.readOnly({ network: { ...set.network, rpcUrl: urls, quorum } }), is("invalidInput", { field }));
    }
    await Ogpu.readOnly({ network: { ...set.network, rpcUrl, quorum: 2 } });
    const [network, wallet] = [{ name: "x", payments: { chainId: 1, rpcUrl, quorum: 3, opg: set.contracts.vault }, inference: { rpcUrl } }, set.wallet("client")];
    await assert.rejects(async () => OpenGradient.connect({ wallet, network, server: "http://127.0.0.1:9" }), is("invalidInput", { field: "options.network.payments.quorum" }));
  });

  test("with a quorum every step of a write is asked of both, and both agree", async () => {
    const [one, two] = [await proxy(), await proxy()];
    const connect = (more) => Ogpu.connect({ wallet: set.wallet("client"), network: { ...set.network, rpcUrl: [one.url, two.url], ...more } });
    const client = await connect({ quorum: 2 });
    const before = await client.vault.getBalanceOf(client.account);
    await client.vault.deposit(client.account, 7n);
    assert.equal(await client.vault.getBalanceOf(client.account), before + 7n);
    await Promise.all([one.idle(), two.idle()]);
    assert.equal(one.count(), two.count());
    for (const method of ["eth_call", "eth_getTransactionReceipt", "eth_getTransactionCount"]) assert.ok(two.calls(method) > 0, method);
    for (const more of [{}, { quorum: 1 }]) {
      await two.idle();
      two.reset();
      await (await connect(more)).vault.deposit(client.account, 1n);
      assert.equal(two.count(), 0, "off by default");
    }
  });

  test("endpoints that disagree about money: no answer, no window, and both are named", async () => {
    const lies = {
      eth_getBalance: (reply) => void (reply.result = "0xde0b6b3a7640000"),
      eth_call(reply) {
        delete reply.error;
        reply.result = `0x${"0".repeat(63)}1`;
      },
    };
    let lie;
    const [honest, liar] = [await proxy(), await proxy({ alter: ({ method }, reply) => method === lie && lies[method](reply) })];
    const wallet = set.wallet("client");
    const client = await Ogpu.connect({ wallet, network: { ...set.network, rpcUrl: [honest.url, `${liar.url}/?key=secret`], quorum: 2 } });
    const urls = [honest.url, `${liar.url}/`];
    for (const [method, call] of [["eth_getBalance", () => client.getBalance()], ["eth_call", () => client.vault.getBalanceOf(client.account)]]) {
      lie = undefined;
      await call();
      lie = method;
      await honest.idle();
      honest.reset();
      const error = await call().then(() => assert.fail("it was believed"), (thrown) => thrown);
      assert.ok(is("rpcDisagreement", { method, urls })(error));
      assert.equal(error.answers.length, 2);
      assert.notEqual(error.answers[0], error.answers[1]);
      assert.match(error.message, /neither is believed, and nothing was sent/);
      assert.equal(honest.count(), 2, "asked once more, a block later");
    }
    // The simulation: a write that one of them says will pass.
    lie = "eth_call";
    await assert.rejects(client.vault.withdraw(10n ** 30n), is("rpcDisagreement", { method: "eth_call", urls }));
    assert.equal(windows(wallet), 0);
  });

  test("endpoints that disagree about a receipt: the transaction is named, and not sent again", async () => {
    const [honest, liar] = [await proxy(), await proxy({ alter: ({ method }, reply) => {
      if (method === "eth_getTransactionReceipt" && reply.result) reply.result.status = "0x0";
    } })];
    const wallet = set.wallet("client");
    const client = await Ogpu.connect({ wallet, network: { ...set.network, rpcUrl: [liar.url, honest.url], quorum: 2 } });
    const error = await client.vault.deposit(client.account, 1n, { receiptTimeout: 5 }).then(() => assert.fail("it was believed"), (thrown) => thrown);
    assert.ok(is("rpcDisagreement", { method: "eth_getTransactionReceipt", answers: ['status: "0x0"', 'status: "0x1"'] })(error));
    const { status } = await set.reader.getTransactionReceipt({ hash: error.hash });
    assert.equal(status, "success");
    assert.match(error.message, new RegExp(`the transaction ${error.hash} was sent`));
    assert.equal(windows(wallet), 1);
  });

  test("a node that is a block behind agrees a moment later; a dead one is replaced", async () => {
    let behind = true;
    const late = await proxy({ alter: ({ method }, reply) => {
      if (method === "eth_getBalance" && behind) [reply.result, behind] = ["0x1", false];
    } });
    const [honest, dead] = [await proxy(), await proxy()];
    const balance = await set.reader.getBalance({ address: address("client") });
    const reader = await set.readOnly({ rpcUrl: [late.url, honest.url], quorum: 2 });
    assert.equal(await reader.getBalance(address("client")), balance);
    dead.die();
    const three = await set.readOnly({ rpcUrl: [dead.url, late.url, honest.url], quorum: 2 });
    assert.equal(await three.getBalance(address("client")), balance);
    const two = await set.readOnly({ rpcUrl: [dead.url, honest.url], quorum: 2 });
    await assert.rejects(two.getBalance(address("client")), is("http", { url: dead.url }));
  });
});
