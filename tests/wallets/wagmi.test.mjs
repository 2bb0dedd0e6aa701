// wagmi's own connectors, there and back.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { connect, createConfig, disconnect, getAccount, http, injected, mock, sendTransaction, signTypedData, switchChain, waitForTransactionReceipt } from "@wagmi/core";
import { UserRejectedRequestError, recoverTypedDataAddress } from "viem";

import { Ogpu, isOgError } from "../../pkg/ogpu.js";
import { fromWagmi, toWagmi } from "../../pkg/wagmi.js";
import { CHAIN, TYPED_DATA, publishes, rejects, sendsAsTold, set } from "./set.mjs";

describe("ogkit/wagmi", () => {
  let s;
  before(async () => {
    // wagmi's injected connector looks for a page before it looks at its target.
    globalThis.window = new EventTarget();
    s = await set();
  });
  after(async () => {
    delete globalThis.window;
    await s?.stop();
  });
  const other = () => ({ ...s.chain, id: 5, name: "other" });
  const configure = (connector) => createConfig({
    chains: [s.chain, other()], connectors: [connector], storage: null, multiInjectedProviderDiscovery: false,
    transports: { [CHAIN]: http(s.devnet.rpcUrl), 5: http(s.devnet.rpcUrl) }, pollingInterval: 50,
  });
  const connected = async (connector) => {
    const config = configure(connector);
    await connect(config, { connector: config.connectors[0], chainId: CHAIN });
    return config;
  };
  const target = (wallet) => injected({ target: { id: "dev", name: "dev", provider: wallet } });

  test("a connected config publishes a source, there and back", async () => {
    const { ogpu } = await publishes(s, fromWagmi(await connected(target(s.wallet()))), s.address("client"));
    const back = await connected(injected({ target: toWagmi(ogpu) }));
    assert.equal(getAccount(back).address, ogpu.account);
    const hash = await sendTransaction(back, { to: s.address("provider"), value: 1n });
    assert.equal((await waitForTransactionReceipt(back, { hash })).from.toLowerCase(), ogpu.account.toLowerCase());
    await publishes(s, fromWagmi(back), s.address("client"));
  });

  test("a connector alone publishes a source; so does wagmi's mock", async () => {
    const config = configure(target(s.wallet()));
    await publishes(s, fromWagmi(config.connectors[0]), s.address("client"));
    await publishes(s, fromWagmi(await connected(mock({ accounts: [s.address("client2")] }))), s.address("client2"));
  });

  test("nonce, gas, value and chain go out as they were given; typed data is signed", async () => {
    const config = await connected(target(s.wallet()));
    await sendsAsTold(s, fromWagmi(config), s.address("client"));
    const signature = await fromWagmi(config).request({ method: "eth_signTypedData_v4", params: [s.address("client"), JSON.stringify(TYPED_DATA)] });
    const { types: { EIP712Domain: _, ...types }, ...rest } = TYPED_DATA;
    assert.equal(await recoverTypedDataAddress({ ...rest, types, signature }), s.address("client"));
    assert.equal(await signTypedData(config, { ...rest, types }), signature);
  });

  test("failures are the wallet's own", async () => {
    const ogpu = await Ogpu.connect({ wallet: fromWagmi(await connected(target(s.wallet({ approve: ({ method }) => method !== "eth_sendTransaction" })))), network: s.network });
    await assert.rejects(ogpu.vault.deposit(ogpu.account, 1n), (error) => isOgError(error, "walletRejected") && error.rpcCode === 4001);
    const back = await connected(injected({ target: toWagmi(ogpu) }));
    await assert.rejects(sendTransaction(back, { to: ogpu.account, gas: 21000n }), (error) => Boolean(error.walk((inner) => inner instanceof UserRejectedRequestError)));
    assert.throws(() => fromWagmi(configure(target(s.wallet()))), (error) => error.code === 4900);
    await rejects(fromWagmi({ ...ogpu, name: "gone", getProvider: async () => undefined, emitter: { on() {}, off() {} } }).request({ method: "eth_chainId" }), 4900);
  });

  test("events come through, and end", { timeout: 300_000 }, async () => {
    const wallet = s.wallet({ chains: { [CHAIN]: s.devnet.rpcUrl, 5: s.devnet.rpcUrl } });
    const config = await connected(target(wallet));
    const ogpu = await Ogpu.connect({ wallet: fromWagmi(config), network: s.network });
    const seen = [];
    const stops = [ogpu.on("chainChanged", (id) => seen.push(["chain", id])), ogpu.on("accountsChanged", (accounts) => seen.push(["accounts", ...accounts])), ogpu.on("disconnect", (error) => seen.push(["disconnect", error.code]))];
    await switchChain(config, { chainId: 5 });
    assert.deepEqual(seen, [["chain", 5]]);
    wallet.user.switchTo(CHAIN);
    assert.deepEqual(seen.at(-1), ["chain", CHAIN]);
    wallet.user.lock();
    while (seen.at(-1)[0] !== "disconnect") await new Promise((resolve) => setTimeout(resolve, 5));
    assert.deepEqual(seen.at(-1), ["disconnect", 4900]);
    for (const stop of stops) stop();
    const count = seen.length;
    wallet.user.switchTo(5);
    assert.equal(seen.length, count);
    await disconnect(config);
  });
});
