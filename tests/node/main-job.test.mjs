// The main job through the package, in Node: publish, answer, verify, confirm, pay; and what goes wrong on the way.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { ChainConfig, ChainId, ContentUnverifiedError, InvalidInputError, Ogpu, isOgError, parseEther, setLogLevel } from "../../pkg/ogpu.js";
import { networkOf, startDevnet } from "../devnet/index.mjs";
import { createWallet } from "../devnet/wallet.mjs";
import { countingProxy } from "./proxy.mjs";
import { atOnce, is, settling } from "./stage.mjs";

const now = () => Math.floor(Date.now() / 1000);
const sourceInfo = (more = {}) => ({
  name: "sentiment-service",
  description: "AI sentiment analysis service",
  logoUrl: "https://example.com/logo.png",
  imageEnvs: { cpu: "https://raw.githubusercontent.com/user/repo/main/docker-compose.yml" },
  minPayment: parseEther("0.001"),
  minAvailableLockup: parseEther("0.01"),
  maxExpiryDuration: 86400,
  ...more,
});

describe("the main job", () => {
  let devnet, proxy, network;
  const wallet = (options = {}) => {
    const { privateKey } = devnet.accounts.find(({ role }) => role === (options.role ?? "client"));
    return createWallet({ privateKey, chains: { [devnet.chainId]: devnet.rpcUrl }, chainId: devnet.chainId, ...options });
  };
  before(async () => {
    devnet = await startDevnet();
    proxy = await countingProxy(devnet.rpcUrl);
    network = { ...networkOf(devnet), rpcUrl: proxy.url };
  });
  after(async () => {
    await proxy?.stop();
    await devnet?.stop();
  });

  test("publish, get a verified answer, confirm, pay", async () => {
    const ogpu = await Ogpu.connect({ wallet: settling(wallet(), devnet.rpcUrl), network });
    const provider = devnet.accounts.find(({ role }) => role === "provider").address;
    await ogpu.vault.deposit(ogpu.account, parseEther("1"));
    assert.equal(await ogpu.vault.getBalanceOf(ogpu.account), parseEther("1"));

    const source = await ogpu.publishSource(sourceInfo());
    assert.deepEqual(await source.getMetadata(), {
      cpu: "https://raw.githubusercontent.com/user/repo/main/docker-compose.yml",
      nvidia: "", amd: "", name: "sentiment-service", description: "AI sentiment analysis service", logoUrl: "https://example.com/logo.png",
    });

    const steps = [];
    await proxy.idle();
    proxy.reset();
    const job = {
      source: source.address,
      config: { functionName: "predict", data: { text: "I love this product!" }, priority: 3 },
      expiryTime: now() + 3600,
      payment: parseEther("0.25"),
    };
    const task = await atOnce(() => ogpu.publishTask(job, { onProgress: (step) => steps.push(step.kind) }));
    assert.deepEqual(steps, ["uploading", "uploaded", "simulated", "signing", "sent", "mined"]);
    assert.equal(proxy.count(), 2, "one batch before the wallet, one for the receipt");
    assert.deepEqual(await task.getMetadata(), { function_name: "predict", data: { text: "I love this product!" }, priority: 3 });

    for await (const event of task.watch({ pollInterval: 0.1 })) {
      if (event.type === "responseSubmitted") break;
    }
    const [response] = await task.getResponses();
    assert.equal(response.provider, provider);
    assert.equal(response.status, "SUBMITTED");
    const proof = await response.fetch();
    assert.equal(proof.verified, true);
    assert.equal(proof.layout, "unixfs-v0-2015");
    assert.equal((await response.fetchData()).result, "positive");

    const before = await ogpu.vault.getAccount(provider);
    const receipt = await response.confirm();
    assert.equal(receipt.from, ogpu.account);
    const after = await ogpu.vault.getAccount(provider);
    assert.equal(after.balance - before.balance, parseEther("0.25"));
    assert.equal(after.totalEarnings - before.totalEarnings, parseEther("0.25"));
    assert.equal(await ogpu.vault.getBalanceOf(ogpu.account), parseEther("0.75"));

    assert.equal((await task.snapshot()).status, "FINALIZED");
    assert.equal((await task.snapshot()).winningProvider, provider);
    const confirmed = await ogpu.getConfirmedResponse(task.address);
    assert.deepEqual(confirmed, { address: response.address, data: response.data });
    const byApi = await ogpu.getConfirmedResponseFromApi(task.address);
    assert.equal(byApi.address, task.address);
    assert.equal(byApi.data.confirmedResponse.address, response.address);
    await assert.rejects(response.confirm(), (error) => isOgError(error, "responseAlreadyConfirmed"));
  });

  test("bad input is named before anything is asked of anyone", async () => {
    const asked = wallet();
    const ogpu = await Ogpu.connect({ wallet: asked, network });
    const before = asked.requests.length;
    await proxy.idle();
    proxy.reset();
    const bad = [
      ["info.minPayment", () => ogpu.publishSource(sourceInfo({ minPayment: 5 }))],
      ["info.minPayment", () => ogpu.publishSource(sourceInfo({ minPayment: -1n }))],
      ["info.minPayment", () => ogpu.publishSource(sourceInfo({ minPayment: 2n ** 256n }))],
      ["info.name", () => ogpu.publishSource(sourceInfo({ name: "" }))],
      ["info.name", () => ogpu.publishSource(sourceInfo({ name: 7 }))],
      ["info.name", () => ogpu.publishSource(sourceInfo({ name: "x".repeat(100_000) }))],
      ["info.imageEnvs", () => ogpu.publishSource(sourceInfo({ imageEnvs: {} }))],
      ["info.imageEnvs.gpu", () => ogpu.publishSource(sourceInfo({ imageEnvs: { gpu: "x" } }))],
      ["info.maxExpiryDuration", () => ogpu.publishSource(sourceInfo({ maxExpiryDuration: 1.5 }))],
      ["info.deliveryMethod", () => ogpu.publishSource(sourceInfo({ deliveryMethod: "SOON" }))],
      ["info.source", () => ogpu.publishTask({ source: "0x12", config: { functionName: "f", data: 1 }, expiryTime: 1, payment: 0n })],
      ["info.source", () => ogpu.publishTask({ source: "0x70997970c51812dc3A010C7d01b50e0d17dc79C8", config: { functionName: "f", data: 1 }, expiryTime: 1, payment: 0n })],
      ["info.config.data", () => ogpu.publishTask({ source: ogpu.account, config: { functionName: "f", data: 1n }, expiryTime: 1, payment: 0n })],
      ["info.config", () => ogpu.publishTask({ source: ogpu.account, config: "f", expiryTime: 1, payment: 0n })],
      ["info", () => ogpu.publishTask(undefined)],
      ["options.retries", () => ogpu.publishSource(sourceInfo(), { retries: 3 })],
      ["response", () => ogpu.confirmResponse(null)],
      ["options.nonce", () => ogpu.confirmResponse(ogpu.account, { nonce: -1 })],
      ["amount", () => ogpu.vault.deposit(ogpu.account, 0.5)],
    ];
    for (const [field, call] of bad) {
      await assert.rejects(call(), (error) => {
        assert.ok(error instanceof InvalidInputError, String(error));
        assert.equal(error.field, field);
        return true;
      });
    }
    await assert.rejects(
      ogpu.publishTask({ source: ogpu.account, config: { functionName: "f", data: 1 }, expiryTime: now() - 1, payment: 0n }),
      (error) => isOgError(error, "taskExpired") && error.expiry < now(),
    );
    assert.equal(proxy.count(), 0);
    assert.equal(asked.requests.length, before);
  });

  test("a revert is named before a window opens, with its values", async () => {
    const asked = wallet({ role: "client2" });
    const ogpu = await Ogpu.connect({ wallet: asked, network });
    const source = await ogpu.publishSource(sourceInfo());
    const windows = () => asked.requests.filter(({ method }) => method === "eth_sendTransaction").length;
    const before = windows();
    const task = { source: source.address, config: { functionName: "predict", data: {} }, expiryTime: now() + 60, payment: parseEther("2") };
    await assert.rejects(ogpu.publishTask(task), (error) => {
      assert.ok(isOgError(error, "insufficientBalance"));
      assert.deepEqual([error.account, error.required, error.available], [ogpu.account, parseEther("2"), 0n]);
      return true;
    });
    await assert.rejects(ogpu.publishTask({ ...task, payment: 1n }), is("paymentTooLow", { payment: 1n, minimum: parseEther("0.001") }));
    const late = now() + 86_400 + 60;
    await assert.rejects(ogpu.publishTask({ ...task, expiryTime: late }), is("expiryTooLong", { expiry: late, limit: 86_400, inMilliseconds: false }));
    const milliseconds = Date.now() + 60_000;
    await assert.rejects(ogpu.publishTask({ ...task, expiryTime: milliseconds }), (error) => {
      assert.match(error.message, /looks like milliseconds.*at most 86400 seconds from now; nothing was sent/);
      return is("expiryTooLong", { expiry: milliseconds, limit: 86_400, inMilliseconds: true })(error);
    });
    for (const address of [ogpu.account, devnet.contracts.vault, devnet.contracts.nexus]) {
      await assert.rejects(ogpu.publishTask({ ...task, source: address }), is("sourceNotFound", { address }));
      await assert.rejects(ogpu.updateSource(address, sourceInfo()), is("sourceNotFound", { address }));
      await assert.rejects(ogpu.inactivateSource(address), is("sourceNotFound", { address }));
      await assert.rejects(ogpu.cancelTask(address), is("taskNotFound", { address }));
      await assert.rejects(ogpu.confirmResponse(address), is("responseNotFound", { address }));
    }
    await assert.rejects(ogpu.vault.withdraw(1n), (error) => isOgError(error, "insufficientBalance"));
    const available = await ogpu.getBalance();
    await assert.rejects(ogpu.vault.deposit(ogpu.account, parseEther("1000000")), (error) => {
      assert.match(error.message, new RegExp(`holds ${available} wei, but ${parseEther("1000000")} wei and the gas .* are needed; nothing was sent`));
      return is("gas", { required: parseEther("1000000"), available })(error);
    });
    assert.equal(windows(), before);
  });

  test("a rejection sends nothing and gives the nonce back", async () => {
    let say = true;
    const asked = wallet({ approve: () => say });
    const ogpu = await Ogpu.connect({ wallet: asked, network });
    const { pendingNonce } = await ogpu.getNonceInfo();
    say = false;
    await assert.rejects(ogpu.vault.deposit(ogpu.account, 1n), (error) => isOgError(error, "walletRejected") && error.rpcCode === 4001 && error.cause instanceof Error);
    say = true;
    const receipt = await ogpu.vault.deposit(ogpu.account, 1n);
    assert.equal(receipt.nonce, pendingNonce);
  });

  test("concurrent calls get consecutive nonces", async () => {
    const ogpu = await Ogpu.connect({ wallet: wallet(), network });
    const { pendingNonce } = await ogpu.getNonceInfo();
    const receipts = await Promise.all(Array.from({ length: 5 }, () => ogpu.vault.deposit(ogpu.account, 1n)));
    assert.deepEqual(receipts.map(({ nonce }) => nonce).sort((a, b) => a - b), [0, 1, 2, 3, 4].map((n) => pendingNonce + n));
  });

  test("the wallet is brought to the chain, and its changes are told", async () => {
    const other = createWallet({ privateKey: devnet.accounts[1].privateKey, chains: { 1: devnet.rpcUrl }, chainId: 1 });
    const ogpu = await Ogpu.connect({ wallet: other, network: { ...network, rpcUrl: devnet.rpcUrl } });
    assert.equal(await ogpu.getWalletChainId(), devnet.chainId);
    assert.ok(other.requests.some(({ method }) => method === "wallet_addEthereumChain"));
    const seen = [];
    const off = ogpu.on("chainChanged", (id) => seen.push(id));
    other.user.switchTo(1);
    await ogpu.vault.deposit(ogpu.account, 1n);
    assert.deepEqual(seen, [1, devnet.chainId]);
    off();
    other.user.lock();
    await assert.rejects(ogpu.vault.deposit(ogpu.account, 1n), (error) => isOgError(error, "walletLocked"));
  });

  test("an abort rejects with its own reason, while the wallet hangs too", async () => {
    const hung = wallet({ approve: ({ method }) => (method === "eth_sendTransaction" ? new Promise(() => {}) : true) });
    const ogpu = await Ogpu.connect({ wallet: hung, network });
    const controller = new AbortController();
    const reason = { why: "changed my mind" };
    const call = ogpu.vault.deposit(ogpu.account, 1n, {
      signal: controller.signal,
      onProgress: (step) => step.kind === "signing" && controller.abort(reason),
    });
    await assert.rejects(call, (error) => error === reason);
    await assert.rejects(ogpu.getBalance(undefined, { signal: AbortSignal.abort("already") }), (error) => error === "already");
  });

  test("a wallet that ignores the suggested nonce is noticed", async () => {
    const ogpu = await Ogpu.connect({ wallet: wallet({ ignoreNonce: true }), network });
    const { pendingNonce } = await ogpu.getNonceInfo();
    const steps = [];
    const receipt = await ogpu.vault.deposit(ogpu.account, 1n, { nonce: pendingNonce + 7, onProgress: (step) => steps.push(step) });
    assert.equal(receipt.nonce, pendingNonce);
    assert.deepEqual(steps.find(({ kind }) => kind === "nonceIgnored"), { kind: "nonceIgnored", suggested: pendingNonce + 7, used: pendingNonce });
    ogpu.resetNonceCache();
  });

  test("content is believed only when it matches its CID", async () => {
    const ogpu = await Ogpu.readOnly({ network });
    const url = await ogpu.publishToIpfs({ result: "cat" }, { filename: "response.json" });
    assert.deepEqual(await ogpu.fetchIpfsJson(url), { result: "cat" });
    const other = await ogpu.publishToIpfs("something else");
    const cid = url.split("/").pop();
    const liar = await countingProxy(devnet.gatewayUrl, { rewrite: () => other });
    await assert.rejects(ogpu.fetchIpfsJson(`${liar.url}/ipfs/${cid}`, { gateways: [`${liar.url}/ipfs/`] }), (error) => error instanceof ContentUnverifiedError && error.cid === cid);
    await liar.stop();
    await assert.rejects(ogpu.fetchIpfsJson("https://example.com/x.json"), (error) => isOgError(error, "contentUnverified"));
    await assert.rejects(ogpu.fetchIpfsJson(url.replace(cid, "QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")), (error) => isOgError(error, "ipfsGateway") && error.statusCode === 404);
  });

  test("a trace tells each request without secrets, and errors carry its number", async (t) => {
    const lines = [];
    setLogLevel("debug", (line) => lines.push(line));
    t.after(() => setLogLevel("silent"));
    const ogpu = await Ogpu.readOnly({ network: { ...network, rpcUrl: `${proxy.url}/?key=secret` } });
    await ogpu.getBalance(devnet.accounts[0].address);
    const broken = await Ogpu.readOnly({ network: { ...network, rpcUrl: "http://127.0.0.1:1/v2/9aa3secret5b3bc440fa88ea12eaa44?key=secret" } });
    const error = await broken.getBalance(devnet.accounts[0].address).catch((thrown) => thrown);
    assert.ok(isOgError(error, "http") && !error.message.includes("secret"), error.message);
    assert.match(lines.find((line) => line.startsWith(`#${error.requestId} `)), /^#\d+ POST http:\/\/127\.0\.0\.1:1\/v2\/… /);
    const unread = await ogpu.fetchIpfsJson("http://127.0.0.1:1/ipfs/QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o", { gateways: ["http://127.0.0.1:1/ipfs/"] }).catch((thrown) => thrown);
    assert.ok(isOgError(unread, "ipfsFetch"));
    assert.match(lines.find((line) => line.startsWith(`#${unread.requestId} `)), /^#\d+ GET http:\/\/127\.0\.0\.1:1\/ipfs\/QmT78/);
    assert.ok(lines.some((line) => /eth_getBalance/.test(line)));
    assert.ok(lines.some((line) => /^#\d+ 200 after \d+ ms/.test(line)));
    assert.ok(!lines.some((line) => line.includes("secret")));
  });

  test("a read-only client reads, and says what it lacks", async () => {
    ChainConfig.setChain(ChainId.OGPU_TESTNET);
    assert.equal((await Ogpu.readOnly()).network.chainId, 200820172034);
    const ogpu = await Ogpu.readOnly({ network });
    assert.equal(ogpu.account, undefined);
    await assert.rejects(ogpu.publishSource(sourceInfo()), (error) => isOgError(error, "missingSigner"));
    await assert.rejects(ogpu.task(devnet.accounts[0].address).snapshot(), (error) => isOgError(error, "taskNotFound"));
    await assert.rejects(ogpu.source(devnet.contracts.vault).getStatus(), (error) => isOgError(error, "sourceNotFound"));
    await assert.rejects(ogpu.response(devnet.contracts.nexus).load(), (error) => isOgError(error, "responseNotFound"));
  });
});
