// MetaMask's windows: refused in its own words and in others', left open, reloaded away, edited; and what its user does to a transaction
// afterwards. Each ends as its user would want.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { providerErrors } from "@metamask/rpc-errors";

import { Ogpu, isOgError } from "../../../pkg/ogpu.js";
import { outcomes, startEndpoint } from "./endpoint.mjs";
import { startMetaMask } from "./metamask.mjs";
import { CHAIN, is, stage, steps } from "./stage.mjs";

const SEND = "eth_sendRawTransaction";
const TRANSACTION = "transaction";
const approve = (window) => void window.approve();
/** Leaves transactions to the test. */
const leaveTransactions = (window) => void (window.type === TRANSACTION || window.approve());

describe("MetaMask's windows", () => {
  let s;
  before(async () => (s = await stage()));
  after(() => s?.stop());

  const withUser = (name, options, run) => test(name, { timeout: 300_000 }, async () => {
    const { privateKey, account, address } = await s.user();
    const endpoint = await startEndpoint(s.devnet.rpcUrl);
    const started = [];
    const start = async (more) => {
      const metamask = await startMetaMask({ chains: { [CHAIN]: endpoint.url }, chainId: CHAIN, privateKeys: [privateKey], ...options, ...more });
      started.push(metamask);
      return metamask;
    };
    try {
      const metamask = await start();
      await run({ metamask, account, address, endpoint, start, connect: (wallet = metamask.open().provider, network = s.network) => Ogpu.connect({ wallet, network }) });
    } finally {
      for (const metamask of started) await metamask.stop();
      await endpoint.stop();
    }
  });
  /** The hash of somebody else's transaction. */
  const strangers = async () => {
    const { account } = await s.user();
    return (await s.send(account, { to: account.address })).transactionHash;
  };
  /** A publication that MetaMask has sent; `cancel` is what its user does to it, mined. */
  const cancelled = async (metamask, ogpu, options) => {
    const told = steps();
    const publishing = ogpu.publishTask(s.taskInfo(), { ...told.options, ...options });
    publishing.catch(() => {});
    const { hash } = await told.step("sent");
    const { id } = metamask.transactions.state.transactions.find((one) => one.hash === hash);
    const cancel = async () => {
      await metamask.transactions.stopTransaction(id);
      await s.mine();
    };
    return { publishing, hash, cancel };
  };
  const transactionsOf = (metamask) => metamask.windows.filter(({ type }) => type === TRANSACTION).length;

  // transaction-controller 61.2.0 and 69.5.2: 4001 "MetaMask Tx Signature: User denied transaction signature."
  for (const version of [61, 69]) {
    withUser(`a no is told at once, and the next write takes the same nonce (transaction-controller ${version})`, { version, user: leaveTransactions }, async ({ metamask, address, connect }) => {
      const ogpu = await connect();
      const refused = ogpu.publishTask(s.taskInfo());
      refused.catch(() => {});
      (await metamask.window(TRANSACTION)).reject();
      await assert.rejects(refused, (error) => is("walletRejected", { rpcCode: 4001 })(error) && /User denied transaction signature/.test(error.cause.message));
      const next = steps();
      const published = s.publishesOnce(ogpu, next.options);
      published.catch(() => {});
      await (await metamask.window(TRANSACTION, 1)).approve();
      await published;
      assert.equal((await next.step("signing")).nonce, 0);
      assert.ok(!next.told.some(({ kind }) => kind === "nonceReused"), "nothing is in doubt");
      assert.equal(await s.nonceOf(address), 1);
    });
  }

  /** How other wallets say no; the spec's section 13 has the sources. */
  const REJECTIONS = [
    [4001, "User rejected the request."], [5000, "User rejected."], [5750, "User rejected account upgrade"], ["ACTION_REJECTED", "user rejected action"],
    [-32000, "User rejected the transaction"], [-32603, "User declined to sign"], [undefined, "User disapproved requested methods"],
    [-32603, "Cancelled by User"], [undefined, "user cancelled"], [undefined, "User canceled"], [undefined, "Request rejected"], [-32000, "request was rejected"],
    [undefined, "Rejected by user"], [undefined, "rejected the request"], [undefined, "declined"], [undefined, "Transaction was rejected"],
    [undefined, "Modal closed"], [undefined, "Window is closed"], [undefined, "User closed the modal"], [undefined, "Connection request reset. Please try again."],
    [undefined, "User denied account authorization"], [undefined, "Signature canceled by user"],
  ];
  withUser("a no in other wallets' words is a no", { user: (window) => (window.type === TRANSACTION ? window.reject() : window.approve()) }, async ({ metamask, connect }) => {
    const { provider } = metamask.open();
    let words;
    // MetaMask's own window, its no in another wallet's words.
    const wallet = {
      on: provider.on.bind(provider),
      removeListener: provider.removeListener.bind(provider),
      request: (request) => provider.request(request).catch((error) => {
        const [code, message] = words;
        throw request.method === "eth_sendTransaction" ? Object.assign(new Error(message), code === undefined ? {} : { code }) : error;
      }),
    };
    const ogpu = await connect(wallet);
    const uncertain = [];
    for (words of REJECTIONS) {
      const told = [];
      const error = await ogpu.publishTask(s.taskInfo(), { onProgress: (step) => told.push(step) }).catch((error) => error);
      const nonce = told.find(({ kind }) => kind === "signing")?.nonce;
      if (!isOgError(error, "walletRejected") || told.some(({ kind }) => kind === "searching") || nonce !== 0) uncertain.push([...words, error.code, nonce]);
    }
    assert.deepEqual(uncertain, []);
    assert.equal(transactionsOf(metamask), REJECTIONS.length, "each opened one window");
  });

  withUser("a page gives up on a window, the second write is approved and the first refused: no gap", { user: leaveTransactions }, async ({ metamask, address, connect }) => {
    const ogpu = await connect();
    const leave = new AbortController();
    const first = ogpu.publishTask(s.taskInfo(), { signal: leave.signal });
    first.catch(() => {});
    const left = await metamask.window(TRANSACTION);
    leave.abort(new Error("the user left"));
    await assert.rejects(first, /the user left/);
    const published = s.publishesOnce(ogpu);
    published.catch(() => {});
    const second = await metamask.window(TRANSACTION, 1);
    await second.approve();
    left.reject();
    const { kinds } = await published;
    assert.ok(kinds.includes("nonceReused"), "the page is told that both may use the nonce");
    assert.equal(await s.nonceOf(address), 1);
  });

  withUser("a page gives up on a window that is approved later: at most one of both is mined", { user: leaveTransactions }, async ({ metamask, address, connect }) => {
    const ogpu = await connect();
    const leave = new AbortController();
    const first = ogpu.publishTask(s.taskInfo(), { signal: leave.signal });
    first.catch(() => {});
    const left = await metamask.window(TRANSACTION);
    leave.abort();
    await assert.rejects(first);
    const published = s.publishesOnce(ogpu);
    published.catch(() => {});
    await (await metamask.window(TRANSACTION, 1)).approve();
    await published;
    // MetaMask signs it with the nonce that it was given, and the node refuses it.
    await left.approve();
    assert.equal(await s.nonceOf(address), 1);
    assert.equal((await s.tasksOf(address)).length, 1);
    await s.publishesOnce(ogpu, { onProgress: ({ kind }) => kind === "signing" && void metamask.window(TRANSACTION, 2).then(approve) });
    assert.equal(await s.nonceOf(address), 2);
  });

  withUser("a window that a page gave up on is approved first: its hash is told, and the next write comes after it", { user: leaveTransactions }, async ({ metamask, address, connect }) => {
    const ogpu = await connect();
    const leave = new AbortController();
    const first = steps({ signal: leave.signal });
    const given = ogpu.publishTask(s.taskInfo(), first.options);
    given.catch(() => {});
    const left = await metamask.window(TRANSACTION);
    leave.abort();
    await assert.rejects(given);
    await left.approve();
    const { hash } = await first.step("sent");
    assert.equal((await s.reader.getTransactionReceipt({ hash })).status, "success");
    const published = s.publishesOnce(ogpu);
    published.catch(() => {});
    await (await metamask.window(TRANSACTION, 1)).approve();
    await published;
    assert.equal(await s.nonceOf(address), 2);
  });

  withUser("a window that is left open: walletTimeout ends the waiting, and the repeat follows what was approved meanwhile", { user: leaveTransactions }, async ({ metamask, address, connect }) => {
    const ogpu = await connect();
    const info = s.taskInfo();
    const publishing = ogpu.publishTask(info, { walletTimeout: 1 });
    publishing.catch(() => {});
    const window = await metamask.window(TRANSACTION);
    const error = await publishing.catch((error) => error);
    is("txUncertain", { address, nonce: 0 })(error);
    await window.approve();
    const told = [];
    const task = await ogpu.publishTask(info, { nonce: error.nonce, onProgress: ({ kind }) => told.push(kind) });
    assert.ok(!told.includes("signing"));
    assert.deepEqual(await s.tasksOf(address), [task.address]);
    assert.equal(transactionsOf(metamask), 1);
  });

  withUser("a second page's write waits for the first one's window, and says so", { user: leaveTransactions }, async ({ metamask, address, connect }) => {
    const [one, other] = [await connect(), await connect()];
    const first = one.publishTask(s.taskInfo());
    first.catch(() => {});
    const window = await metamask.window(TRANSACTION);
    const told = steps();
    const second = other.publishTask(s.taskInfo(), told.options);
    second.catch(() => {});
    await told.step("waitingForWindow");
    assert.equal(transactionsOf(metamask), 1);
    await window.approve();
    await (await metamask.window(TRANSACTION, 1)).approve();
    assert.deepEqual([(await first).address, (await second).address], await s.tasksOf(address));
    assert.equal((await told.step("signing")).nonce, 1);
  });

  withUser("the extension is reloaded after the yes, before its answer: the chain tells", {}, async ({ metamask, endpoint, connect }) => {
    const ogpu = await connect();
    let answer;
    endpoint.next(SEND, { passed: true, after: new Promise((resolve) => (answer = resolve)) });
    const published = s.publishesOnce(ogpu);
    published.catch(() => {});
    await endpoint.taken(SEND);
    await metamask.reload();
    answer();
    const { kinds } = await published;
    assert.ok(kinds.includes("searching") && kinds.includes("sent"));
  });

  withUser("a wallet answers with a stranger's hash after it sent ours: ours is followed", {}, async ({ metamask, connect }) => {
    const { provider } = metamask.open();
    const hash = await strangers();
    const liar = {
      request: async (request) => {
        const answer = await provider.request(request);
        return request.method === "eth_sendTransaction" ? hash : answer;
      },
    };
    await s.publishesOnce(await connect(liar));
  });

  // The chain is asked for fifteen seconds: side by side.
  describe("nothing was sent, and the wallet does not say so", { concurrency: true }, () => {
    withUser("the extension is reloaded while its window is open: uncertain, and a fresh provider goes on", { user: leaveTransactions }, async ({ metamask, address, start, connect }) => {
      const ogpu = await connect();
      const told = steps();
      const publishing = ogpu.publishTask(s.taskInfo(), told.options);
      publishing.catch(() => {});
      await metamask.window(TRANSACTION);
      const state = await metamask.reload();
      await assert.rejects(publishing, is("txUncertain", { address, nonce: 0 }));
      assert.ok(told.told.some(({ kind }) => kind === "searching"), "the chain was looked at");
      const again = await start({ state, user: approve });
      again.permit();
      const fresh = await connect(again.open().provider);
      await s.publishesOnce(fresh);
      assert.equal(await s.nonceOf(address), 1);
    });

    withUser("a wallet answers with a stranger's hash and sends nothing: no success", {}, async ({ metamask, address, connect }) => {
      const { provider } = metamask.open();
      const hash = await strangers();
      const liar = { request: async (request) => (request.method === "eth_sendTransaction" ? hash : provider.request(request)) };
      await assert.rejects((await connect(liar)).publishTask(s.taskInfo()), is("txUncertain", { address, nonce: 0 }));
      assert.deepEqual(await s.tasksOf(address), []);
    });
  });

  withUser("the user edits the value in the window: told with both values and the hash", { user: (window) => window.approve(window.type === TRANSACTION ? { txParams: { value: "0x3" } } : undefined) }, async ({ address, connect }) => {
    const ogpu = await connect();
    const before = await s.read("Vault", "getBalanceOf", [address]);
    const error = await ogpu.vault.deposit(address, 5n).catch((error) => error);
    is("txMismatch", { field: "value", asked: "5 wei", found: "3 wei" })(error);
    assert.equal((await s.reader.getTransaction({ hash: error.hash })).value, 3n);
    assert.equal(await s.read("Vault", "getBalanceOf", [address]), before + 3n);
  });

  withUser("another browser used the nonce, and the user edits it in the window: told, and followed", { user: leaveTransactions }, async ({ metamask, account, connect }) => {
    const ogpu = await connect();
    const published = s.publishesOnce(ogpu);
    published.catch(() => {});
    const window = await metamask.window(TRANSACTION);
    await s.write(account, "Vault", "deposit", [account.address], { value: 1n });
    await window.approve({ customNonceValue: "1" });
    const { told } = await published;
    assert.deepEqual(told.find(({ kind }) => kind === "nonceIgnored"), { kind: "nonceIgnored", suggested: 0, used: 1 });
  });

  withUser("the user speeds it up: told as replaced, and the task is there", {}, ({ metamask, address, connect }) => s.withManualMining(async () => {
    const ogpu = await connect();
    const told = steps();
    const published = s.publishesOnce(ogpu, told.options);
    published.catch(() => {});
    const { hash } = await told.step("sent");
    const { id } = metamask.transactions.state.transactions.find((one) => one.hash === hash);
    await metamask.transactions.speedUpTransaction(id);
    await s.mine();
    await published;
    const replaced = await told.step("replaced");
    assert.equal(replaced.hash, hash);
    assert.equal((await s.reader.getTransactionReceipt({ hash: replaced.replacement })).status, "success");
    assert.equal(await s.nonceOf(address), 1);
  }));

  withUser("the user cancels it: told as cancelled", {}, async ({ metamask, address, connect }) => {
    const ours = await startEndpoint(s.devnet.rpcUrl);
    try {
      await s.withManualMining(async () => {
        const ogpu = await connect(metamask.open().provider, { ...s.network, rpcUrl: ours.url });
        const { publishing, hash, cancel } = await cancelled(metamask, ogpu);
        await ours.seen("eth_getTransactionByHash");
        await cancel();
        await assert.rejects(publishing, is("txReplaced", { hash, cancelled: true }));
        assert.deepEqual(await s.tasksOf(address), []);
      });
    } finally {
      await ours.stop();
    }
  });

  withUser("the user cancels it, and our node has shown nothing of it: no success, and the next write goes on", {}, async ({ metamask, address, connect }) => {
    const ours = await startEndpoint(s.devnet.rpcUrl);
    try {
      const ogpu = await connect(metamask.open().provider, { ...s.network, rpcUrl: ours.url });
      await s.withManualMining(async () => {
        ours.lag(await s.reader.getBlockNumber());
        const { publishing, hash, cancel } = await cancelled(metamask, ogpu, { receiptTimeout: 8 });
        await ours.seen("eth_getTransactionByHash");
        await cancel();
        ours.catchUp();
        // Without its nonce it may be another one that was cancelled.
        const error = await publishing.catch((error) => error);
        assert.ok(["txReplaced", "txReceiptTimeout"].includes(error.code), String(error));
        assert.equal(error.hash, hash);
        assert.deepEqual(await s.tasksOf(address), []);
      });
      const { told } = await s.publishesOnce(ogpu);
      assert.equal(told.find(({ kind }) => kind === "signing").nonce, 1);
    } finally {
      await ours.stop();
    }
  });

  for (const lateSwitch of [0, 200, 1500]) {
    withUser(`connects from another chain; the switch follows its answer after ${lateSwitch} ms`, { lateSwitch }, async ({ endpoint, start, connect }) => {
      const metamask = await start({ chains: { 1: endpoint.url, [CHAIN]: endpoint.url }, chainId: 1, lateSwitch });
      const page = metamask.open();
      await s.publishesOnce(await connect(page.provider));
      assert.deepEqual(page.requests.map(({ method }) => method).filter((method) => /^wallet_/.test(method)), ["wallet_switchEthereumChain"]);
    });

    withUser(`an unknown chain is added; the switch follows its answer after ${lateSwitch} ms`, {}, async ({ endpoint, start, connect }) => {
      const metamask = await start({ chains: { 1: endpoint.url }, chainId: 1, lateSwitch });
      const page = metamask.open();
      await s.publishesOnce(await connect(page.provider));
      assert.deepEqual(page.requests.map(({ method }) => method).filter((method) => /^wallet_/.test(method)).slice(0, 2), ["wallet_switchEthereumChain", "wallet_addEthereumChain"]);
      assert.equal(metamask.windows.filter(({ type }) => type === "wallet_addEthereumChain").length, 1);
    });
  }

  for (const error of [providerErrors.userRejectedRequest(), Object.assign(new Error("User rejected the request."), { code: -32000 })]) {
    withUser(`a refused switch (${error.code}) does not ask to add the chain`, {}, async ({ endpoint, start, connect }) => {
      const refuses = (window) => (window.type === "wallet_switchEthereumChain" ? window.reject(error) : window.approve());
      const metamask = await start({ chains: { 1: endpoint.url, [CHAIN]: endpoint.url }, chainId: 1, user: refuses });
      const page = metamask.open();
      await assert.rejects(connect(page.provider), is("walletRejected"));
      assert.ok(!page.requests.some(({ method }) => method === "wallet_addEthereumChain"));
    });
  }

  withUser("a connect window is open already: told, and a second one does not open", { user: () => {} }, async ({ metamask, address, connect }) => {
    const { provider } = metamask.open();
    provider.request({ method: "eth_requestAccounts" }).catch(() => {});
    const window = await metamask.window("wallet_requestPermissions");
    await assert.rejects(connect(provider), is("walletRequestPending", { rpcCode: -32002 }));
    await window.approve();
    assert.equal((await connect(provider)).account, address);
    assert.equal(metamask.windows.length, 1);
  });
});
