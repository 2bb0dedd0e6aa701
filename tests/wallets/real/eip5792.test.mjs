// Batches (EIP-5792): confirmResponses over MetaMask's own middleware with its own delegator contract, and over small wallets for what
// MetaMask does not answer.
//
// @metamask/eip-5792-middleware 2.0.0: `atomic: { status: "ready" }` for an account that it could upgrade, "supported" for one that it has;
// version 2.0.0 alone ("Version not supported: Got 1.0, expected 2.0.0", -32000); status 100, 200, 400 (failed without a hash), 500 (failed
// with one, or dropped), never 600; 5750 "EIP-7702 upgrade disabled by the user" by its settings, and from its popup; what its broadcast meets
// is thrown as for eth_sendTransaction.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { DelegationManager, EIP7702StatelessDeleGator } from "@metamask/delegation-abis";
import * as bytecode from "@metamask/delegation-abis/bytecode";
import { JsonRpcError } from "@metamask/rpc-errors";

import { Ogpu } from "../../../pkg/ogpu.js";
import { createBatchWallet } from "./batch-wallet.mjs";
import { startBundler } from "./bundler.mjs";
import { outcomes, startEndpoint } from "./endpoint.mjs";
import { startMetaMask } from "./metamask.mjs";
import { CHAIN, address, is, stage } from "./stage.mjs";

const SEND = "eth_sendRawTransaction";
const CONFIRMED = 1;

describe("EIP-5792", () => {
  let s, delegator, simple;
  before(async () => {
    s = await stage();
    const { entryPoint, delegate } = await startBundler(s);
    simple = delegate;
    const { account: owner } = await s.user();
    const manager = await s.deploy({ abi: DelegationManager, bytecode: bytecode.DelegationManager, args: [owner.address] });
    delegator = await s.deploy({ abi: EIP7702StatelessDeleGator, bytecode: bytecode.EIP7702StatelessDeleGator, args: [manager, entryPoint.address] });
  });
  after(() => s?.stop());

  /** A client with two answered tasks, not confirmed yet, and an agent that may confirm them too. */
  const createClient = async () => {
    const user = await s.user();
    await s.write(user.account, "Terminal", "setAgent", [address("agent"), true]);
    const responses = [];
    for (const data of ["ipfs://one", "ipfs://two"]) responses.push(await s.respond(await s.task(s.service, {}, user.account), data));
    return { ...user, responses };
  };
  const confirmed = (responses) => Promise.all(responses.map(async (response) => (await s.read("Response", "getStatus", [], response)) === CONFIRMED));
  const it = (name, run) => test(name, { timeout: 300_000 }, run);

  // Without MetaMask's simulation service the gas of an upgrade is estimated as if the account had no code yet: its user raises it.
  const withGas = (window) => window.approve(window.data?.txParams?.authorizationList && { txParams: { gas: "0x4c4b40" } });

  describe("MetaMask", () => {
    const withMetaMask = (name, { prepare, ...options }, run) => it(name, async () => {
      const { privateKey, responses, account, address: client } = await createClient();
      await prepare?.(account);
      const endpoint = await startEndpoint(s.devnet.rpcUrl);
      const metamask = await startMetaMask({ chains: { [CHAIN]: endpoint.url }, chainId: CHAIN, privateKeys: [privateKey], delegate: delegator, user: withGas, ...options });
      try {
        const ogpu = await Ogpu.connect({ wallet: metamask.open().provider, network: s.network });
        await run({ metamask, endpoint, ogpu, responses, client, windows: () => metamask.windows.filter(({ type }) => type === "transaction").length });
      } finally {
        await metamask.stop();
        await endpoint.stop();
      }
    });

    withMetaMask("an account that it can upgrade: one window, one transaction", {}, async ({ ogpu, responses, client, windows }) => {
      const receipts = await ogpu.confirmResponses(responses);
      assert.deepEqual(await confirmed(responses), [true, true]);
      assert.equal(receipts.length, 1);
      assert.equal(receipts[0].from, client);
      assert.equal(windows(), 1);
    });

    withMetaMask("an account that it has upgraded", { prepare: (account) => s.delegate(account, delegator) }, async ({ ogpu, responses, windows }) => {
      await ogpu.confirmResponses(responses);
      assert.deepEqual(await confirmed(responses), [true, true]);
      assert.equal(windows(), 1);
    });

    withMetaMask("an account that it may not upgrade: one window for each", { noUpgrades: true }, async ({ ogpu, responses, windows }) => {
      await ogpu.confirmResponses(responses);
      assert.deepEqual(await confirmed(responses), [true, true]);
      assert.equal(windows(), 2);
    });

    const REJECTIONS = { "a no": undefined, "a no to the upgrade (5750)": new JsonRpcError(5750, "User rejected account upgrade") };
    for (const [name, error] of Object.entries(REJECTIONS)) {
      withMetaMask(`${name} is a no, and no single windows follow`, { user: (window) => (window.type === "transaction" ? window.reject(error) : window.approve()) }, async ({ ogpu, responses, windows }) => {
        await assert.rejects(ogpu.confirmResponses(responses), is("walletRejected", { rpcCode: error?.code ?? 4001 }));
        assert.deepEqual(await confirmed(responses), [false, false]);
        assert.equal(windows(), 1);
      });
    }

    withMetaMask("the batch reverts on chain: told with its hash and reason", { user: (window) => void (window.type === "transaction" || window.approve()) }, async ({ metamask, ogpu, responses }) => {
      const confirming = ogpu.confirmResponses(responses);
      confirming.catch(() => {});
      const window = await metamask.window("transaction");
      await s.write("agent", "Controller", "confirmResponse", [responses[1]]);
      await withGas(window);
      const error = await confirming.catch((error) => error);
      is("txRevert")(error);
      assert.match(error.message, /AlreadyConfirmed|AlreadyFinalized/);
      assert.equal((await s.reader.getTransactionReceipt({ hash: error.hash })).status, "reverted");
    });

    withMetaMask("the batch runs out of gas, and MetaMask has no receipt of it: told with its hash", { user: (window) => window.approve() }, async ({ ogpu, responses, client, windows }) => {
      const nonce = await s.nonceOf(client);
      const error = await ogpu.confirmResponses(responses).catch((error) => error);
      is("txRevert")(error);
      assert.equal((await s.reader.getTransactionReceipt({ hash: error.hash })).status, "reverted");
      assert.equal(await s.nonceOf(client), nonce + 2, "the upgrade's authorization has a nonce too");
      assert.deepEqual(await confirmed(responses), [false, false]);
      assert.equal(windows(), 1);
    });

    for (const [name, outcome] of Object.entries({ "a 503": outcomes.takenBut(503), "a reset connection": outcomes.takenThenCut, "-32603": outcomes.takenThenError(-32603, "Internal error") })) {
      withMetaMask(`${name} after the broadcast: it is mined once, and told so`, {}, async ({ endpoint, ogpu, responses, windows }) => {
        endpoint.next(SEND, outcome);
        const receipts = await ogpu.confirmResponses(responses);
        assert.equal(receipts.length, 1);
        assert.deepEqual(await confirmed(responses), [true, true]);
        assert.equal(windows(), 1);
      });
    }
  });

  const withWallet = (name, options, run) => it(name, async () => {
    const { responses, account } = await createClient();
    await s.delegate(account, simple);
    const wallet = createBatchWallet(s, { account, ...options?.({ responses, account }) });
    const ogpu = await Ogpu.connect({ wallet, network: s.network });
    await run({ wallet, ogpu, responses, account });
  });
  const all = async ({ wallet, ogpu, responses }) => {
    const receipts = await ogpu.confirmResponses(responses);
    assert.deepEqual(await confirmed(responses), [true, true]);
    assert.equal(wallet.count("wallet_sendCalls"), 1);
    assert.equal(wallet.count("eth_sendTransaction"), 0);
    return receipts;
  };

  for (const version of ["1.0", "2.0.0"]) {
    withWallet(`version ${version}: one transaction`, () => ({ version }), async (w) => {
      const receipts = await all(w);
      assert.equal(receipts.length, 1);
      assert.equal((await s.reader.getTransactionReceipt({ hash: receipts[0].hash })).status, "success");
    });
  }
  withWallet("capabilities of all chains, under 0x0", () => ({ capabilities: { "0x0": { atomic: { status: "supported" } } } }), all);
  withWallet("pending, then done", () => ({ status: (answer, looks) => (looks < 3 ? { ...answer, status: 100, receipts: undefined } : answer) }), async (w) => {
    assert.equal((await all(w)).length, 1);
  });
  withWallet("done without receipts: found on chain", () => ({ status: (answer) => ({ ...answer, receipts: undefined }) }), async (w) => {
    const [receipt] = await all(w);
    assert.equal((await s.reader.getTransactionReceipt({ hash: receipt.hash })).status, "success");
  });
  withWallet("done with empty receipts: found on chain", () => ({ status: (answer) => ({ ...answer, receipts: [] }) }), async (w) => {
    assert.equal((await all(w)).length, 1);
  });
  withWallet("one receipt for each call, of one transaction", () => ({ status: (answer) => ({ ...answer, receipts: [...answer.receipts, ...answer.receipts] }) }), async (w) => {
    assert.equal((await all(w)).length, 1);
  });
  withWallet("one transaction for each call", () => ({ oneByOne: true, capabilities: { "0x7a69": { atomic: { status: "supported" } } } }), async (w) => {
    assert.equal((await all(w)).length, 2);
  });

  withWallet("600: told which part was executed", ({ responses }) => ({
    oneByOne: true, capabilities: { "0x7a69": { atomic: { status: "supported" } } },
    before: () => s.write("agent", "Controller", "confirmResponse", [responses[1]]),
  }), async ({ wallet, ogpu, responses }) => {
    const error = await ogpu.confirmResponses(responses).catch((error) => error);
    is("txPartial")(error);
    assert.ok(error.id && error.hashes.length >= 1);
    const [hash] = error.hashes;
    assert.equal((await s.reader.getTransactionReceipt({ hash })).status, "success");
    assert.equal(wallet.count("wallet_sendCalls"), 1);
  });

  withWallet("500: told with the hash and the reason", ({ responses }) => ({ before: () => s.write("agent", "Controller", "confirmResponse", [responses[1]]) }), async ({ ogpu, responses }) => {
    const error = await ogpu.confirmResponses(responses).catch((error) => error);
    is("txRevert")(error);
    assert.match(error.message, /AlreadyConfirmed|AlreadyFinalized/);
    assert.equal((await s.reader.getTransactionReceipt({ hash: error.hash })).status, "reverted");
  });

  withWallet("500, and the user has confirmed one by itself meanwhile: told what is missing", ({ responses, account }) => ({ before: () => s.write(account, "Controller", "confirmResponse", [responses[1]]) }), async ({ ogpu, responses }) => {
    const error = await ogpu.confirmResponses(responses).catch((error) => error);
    is("txPartial")(error);
    assert.deepEqual(await confirmed(responses), [false, true]);
  });

  withWallet("400, and nothing shows: uncertain, and nothing is sent in its place", () => ({ send: async () => "0x01", status: () => ({ version: "2.0.0", status: 400 }) }), async ({ wallet, ogpu, responses }) => {
    const request = wallet.request;
    wallet.request = async (asked) => (asked.method === "wallet_getCallsStatus" ? { version: "2.0.0", id: "0x01", chainId: "0x7a69", atomic: true, status: 400 } : request(asked));
    const error = await ogpu.confirmResponses(responses).catch((error) => error);
    is("txUncertain")(error);
    assert.match(error.message, /was not sent/);
    assert.deepEqual(await confirmed(responses), [false, false]);
    assert.equal(wallet.count("eth_sendTransaction"), 0);
  });

  withWallet("the wallet has forgotten the batch: the chain tells", () => ({ status() {
    throw Object.assign(new Error("No matching bundle found"), { code: 5730 });
  } }), all);

  withWallet("an unclear failure after it was sent: the chain tells", () => ({ async send(execute) {
    await execute();
    throw Object.assign(new Error("Internal JSON-RPC error."), { code: -32603 });
  } }), all);

  withWallet("5750 is a no, and no single windows follow", () => ({ async send() {
    throw Object.assign(new Error("The account cannot be upgraded."), { code: 5750 });
  } }), async ({ wallet, ogpu, responses }) => {
    await assert.rejects(ogpu.confirmResponses(responses), is("walletRejected", { rpcCode: 5750 }));
    assert.equal(wallet.count("eth_sendTransaction"), 0);
  });

  for (const code of [5700, 5710, 5740, 5760, 4200, -32601]) {
    withWallet(`${code}: it cannot, so one window for each`, () => ({ async send() {
      throw Object.assign(new Error("not here"), { code });
    } }), async ({ wallet, ogpu, responses }) => {
      await ogpu.confirmResponses(responses);
      assert.deepEqual(await confirmed(responses), [true, true]);
      assert.equal(wallet.count("eth_sendTransaction"), 2);
    });
  }

  it("a wallet that is ahead of our RPC: the receipt is waited for", async () => {
    const { responses, account } = await createClient();
    await s.delegate(account, simple);
    const wallet = createBatchWallet(s, { account });
    const lagging = await startEndpoint(s.devnet.rpcUrl);
    try {
      const ogpu = await Ogpu.connect({ wallet, network: { ...s.network, rpcUrl: lagging.url } });
      lagging.lag(await s.reader.getBlockNumber());
      const confirming = ogpu.confirmResponses(responses);
      confirming.catch(() => {});
      await lagging.seen("eth_getTransactionReceipt", 2);
      lagging.catchUp();
      const receipts = await confirming;
      assert.equal(receipts.length, 1);
      assert.deepEqual(await confirmed(responses), [true, true]);
    } finally {
      await lagging.stop();
    }
  });
});
