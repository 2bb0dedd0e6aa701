// viem's and ethers' own retries around a local key: the first broadcast is taken and its answer lost, and they broadcast again.
//
// viem 2.57.0: `http` does not repeat eth_sendRawTransaction, `fallback` asks the next endpoint after a failed connection, a bad status and
// most JSON-RPC errors; what the last one says is thrown. ethers 6.17.0: FetchRequest repeats on 429, with a pause that doubles; -32003 "nonce
// too low" becomes NONCE_EXPIRED, "replacement transaction underpriced" REPLACEMENT_UNDERPRICED.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { JsonRpcProvider, Network, Wallet } from "ethers";
import { createWalletClient, fallback, http } from "viem";

import { fromEthers } from "../../../pkg/ethers.js";
import { Ogpu } from "../../../pkg/ogpu.js";
import { fromViem } from "../../../pkg/viem.js";
import { outcomes, startEndpoint } from "./endpoint.mjs";
import { CHAIN, is, stage } from "./stage.mjs";

const SEND = "eth_sendRawTransaction";

describe("viem and ethers broadcast again", () => {
  let s;
  before(async () => (s = await stage()));
  after(() => s?.stop());

  const it = (name, run) => test(name, { timeout: 300_000 }, run);
  const chain = (urls) => ({ id: CHAIN, name: "devnet", nativeCurrency: { name: "OpenGPU", symbol: "OGPU", decimals: 18 }, rpcUrls: { default: { http: urls } } });
  /** Two endpoints that nobody else asks: a wallet may repeat its broadcast when its user is done. */
  const withEndpoints = async (run) => {
    const [first, second] = [await startEndpoint(s.devnet.rpcUrl), await startEndpoint(s.devnet.rpcUrl)];
    try {
      await run(first, second);
    } finally {
      await first.stop();
      await second.stop();
    }
  };
  const WALLETS = {
    "viem's fallback over two endpoints"({ account }, first, second) {
      const transport = fallback([http(first.url), http(second.url)], { retryCount: 0 });
      return fromViem(createWalletClient({ account, chain: chain([first.url, second.url]), transport }));
    },
    "viem over one endpoint": ({ account }, first) => fromViem(createWalletClient({ account, chain: chain([first.url]), transport: http(first.url) })),
    "ethers"({ privateKey }, first) {
      const provider = new JsonRpcProvider(first.url, CHAIN, { staticNetwork: Network.from(CHAIN), cacheTimeout: -1, batchMaxCount: 1 });
      return fromEthers(new Wallet(privateKey, provider));
    },
  };
  const OUTCOMES = {
    "a lost answer": outcomes.takenThenCut,
    "a 429": outcomes.takenBut(429),
    "a 502": outcomes.takenBut(502),
    "a 503": outcomes.takenBut(503),
    "\"already known\"": outcomes.takenThenError(-32000, "already known"),
    "\"nonce too low\"": outcomes.takenThenError(-32000, "nonce too low"),
    "\"replacement transaction underpriced\"": outcomes.takenThenError(-32000, "replacement transaction underpriced"),
    "\"insufficient funds for gas * price + value\"": outcomes.takenThenError(-32000, "insufficient funds for gas * price + value"),
    "-32003": outcomes.takenThenError(-32003, "Transaction rejected"),
    "-32700": outcomes.takenThenError(-32700, "Parse error"),
    "-32601": outcomes.takenThenError(-32601, "Method not found"),
    "-32602": outcomes.takenThenError(-32602, "Invalid params"),
    "-32002": outcomes.takenThenError(-32002, "Resource unavailable"),
    "-32005": outcomes.takenThenError(-32005, "Limit exceeded"),
    "-32603": outcomes.takenThenError(-32603, "Internal error"),
  };

  for (const [name, wallet] of Object.entries(WALLETS)) {
    for (const [fault, outcome] of Object.entries(OUTCOMES)) {
      it(`${name}: ${fault} after the broadcast`, async () => {
        for (const options of [{}, { autoFixNonce: false }]) await withEndpoints(async (first, second) => {
          const user = await s.user();
          const ogpu = await Ogpu.connect({ wallet: wallet(user, first, second), network: s.network });
          first.next(SEND, outcome);
          const { told } = await s.publishesOnce(ogpu, options);
          assert.equal(told.filter(({ kind }) => kind === "signing").length, 1, "the wallet was asked once");
          assert.equal(await s.nonceOf(user.address), 1, "one transaction");
        });
      });
    }
  }

  it("viem's fallback: the repeat meets the transaction in the pool, which is mined later", () => withEndpoints(async (first, second) => {
    const user = await s.user();
    const ogpu = await Ogpu.connect({ wallet: WALLETS["viem's fallback over two endpoints"](user, first, second), network: s.network });
    await s.withManualMining(async () => {
      first.next(SEND, outcomes.takenThenCut);
      const published = s.publishesOnce(ogpu);
      published.catch(() => {});
      await second.seen(SEND);
      await s.mine();
      await published;
    });
  }));

  // Side by side.
  describe("fifteen seconds later nobody knows", { concurrency: true }, () => {
    const alone = (name, run) => it(name, async () => {
      const user = await s.user();
      const endpoint = await startEndpoint(s.devnet.rpcUrl);
      try {
        const wallet = fromViem(createWalletClient({ account: user.account, chain: chain([endpoint.url]), transport: http(endpoint.url) }));
        const connect = (network = s.network) => Ogpu.connect({ wallet, network });
        await run({ ...user, endpoint, connect, ogpu: await connect() });
      } finally {
        await endpoint.stop();
      }
    });

    alone("nothing was taken: uncertain, and the next write fills the place", async ({ endpoint, ogpu, address }) => {
      endpoint.next(SEND, outcomes.refusedWith(-32000, "intrinsic gas too low"));
      await assert.rejects(ogpu.publishTask(s.taskInfo()), is("txUncertain", { address, nonce: 0 }));
      const { told } = await s.publishesOnce(ogpu);
      assert.equal(told.find(({ kind }) => kind === "signing").nonce, 0);
    });

    alone("uncertain, then repeated with the error's nonce, as its text advises: it is sent under that nonce", async ({ endpoint, ogpu, address }) => {
      const info = s.taskInfo();
      endpoint.next(SEND, outcomes.refused(500));
      const error = await ogpu.publishTask(info).catch((error) => error);
      is("txUncertain", { nonce: 0 })(error);
      await s.publishesOnce(ogpu, { nonce: error.nonce }, info);
      assert.equal(await s.nonceOf(address), 1);
    });

    alone("taken, and our node does not know of it: uncertain; the repeat with that nonce follows it, and no window opens", async ({ endpoint, connect, address }) => {
      const ours = await startEndpoint(s.devnet.rpcUrl);
      try {
        const ogpu = await connect({ ...s.network, rpcUrl: ours.url });
        const info = s.taskInfo();
        ours.lag(await s.reader.getBlockNumber());
        endpoint.next(SEND, outcomes.takenBut(500));
        const error = await ogpu.publishTask(info).catch((error) => error);
        is("txUncertain", { nonce: 0 })(error);
        ours.catchUp();
        const told = [];
        const task = await ogpu.publishTask(info, { nonce: error.nonce, onProgress: ({ kind }) => told.push(kind) });
        assert.ok(!told.includes("signing"), "the chain was asked, not the wallet");
        assert.deepEqual(await s.tasksOf(address), [task.address]);
      } finally {
        await ours.stop();
      }
    });
  });
});
