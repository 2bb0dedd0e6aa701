// MetaMask's RPC service repeats eth_sendRawTransaction by itself, and what the repeat meets says nothing about the first one. However
// the endpoint fails after it took the transaction, the user has published once.
//
// @metamask/network-controller 25.0.0 (rpc-service): up to four repeats on 502, 503, 504, on answers that are no JSON, on broken
// connections, ETIMEDOUT and ECONNRESET. 404, 402 and other 5xx are not repeated ("RPC endpoint not found or unavailable.").
// What the page then hears, always as -32603 and without data:
// @metamask/transaction-controller 61.2.0: "Internal JSON-RPC error.", whatever the node said;
// 69.5.2: "RPC 0x7a69 Custom eth_sendRawTransaction: " and the node's words.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { BrowserProvider } from "ethers";
import { createWalletClient, custom } from "viem";

import { fromEthers } from "../../../pkg/ethers.js";
import { Ogpu } from "../../../pkg/ogpu.js";
import { fromViem } from "../../../pkg/viem.js";
import { outcomes, startEndpoint } from "./endpoint.mjs";
import { startMetaMask } from "./metamask.mjs";
import { CHAIN, is, stage } from "./stage.mjs";

const SEND = "eth_sendRawTransaction";

describe("MetaMask's node fails after it took the transaction", () => {
  let s;
  before(async () => (s = await stage()));
  after(() => s?.stop());

  /** A test with a user of MetaMask, connected. */
  const withUser = (name, version, run, adapt = (provider) => provider) => test(`transaction-controller ${version}: ${name}`, { timeout: 300_000 }, async () => {
    const { privateKey, address } = await s.user();
    const endpoint = await startEndpoint(s.devnet.rpcUrl);
    const metamask = await startMetaMask({ chains: { [CHAIN]: endpoint.url }, chainId: CHAIN, privateKeys: [privateKey], version });
    try {
      const ogpu = await Ogpu.connect({ wallet: await adapt(metamask.open().provider), network: s.network });
      await run({ ogpu, address, endpoint, windows: () => metamask.windows.filter(({ type }) => type === "transaction").length });
    } finally {
      await metamask.stop();
      await endpoint.stop();
    }
  });

  const HTTP = {
    "a 502": outcomes.takenBut(502),
    "a 503": outcomes.takenBut(503),
    "a 504": outcomes.takenBut(504),
    "a reset connection": outcomes.takenThenCut,
  };
  const WORDS = {
    "already known (geth)": outcomes.takenThenError(-32000, "already known"),
    "AlreadyKnown (Erigon, Nethermind)": outcomes.takenThenError(-32010, "AlreadyKnown"),
    "Known transaction (Besu)": outcomes.takenThenError(-32000, "Known transaction"),
    "Transaction with the same hash was already imported. (OpenEthereum)": outcomes.takenThenError(-32010, "Transaction with the same hash was already imported."),
    "replacement transaction underpriced": outcomes.takenThenError(-32000, "replacement transaction underpriced"),
    "INTERNAL_ERROR: nonce too low": outcomes.takenThenError(-32000, "INTERNAL_ERROR: nonce too low"),
    "-32003": outcomes.takenThenError(-32003, "Transaction rejected"),
    "-32700": outcomes.takenThenError(-32700, "Parse error"),
    "-32601": outcomes.takenThenError(-32601, "Method not found"),
    "-32002": outcomes.takenThenError(-32002, "Resource unavailable"),
  };
  const cases = [
    // Version 61 tells pages nothing of a node's words: one of them stands for all.
    ...Object.entries({ ...HTTP, "already known (geth)": WORDS["already known (geth)"] }).map(([name, outcome]) => [61, name, outcome, {}]),
    ...Object.entries({ ...HTTP, ...WORDS }).flatMap(([name, outcome]) => [true, false].map((autoFixNonce) => [69, `${name}, autoFixNonce: ${autoFixNonce}`, outcome, { autoFixNonce }])),
  ];
  for (const [version, name, outcome, options] of cases) {
    withUser(name, version, async ({ ogpu, address, endpoint, windows }) => {
      endpoint.next(SEND, outcome);
      await s.publishesOnce(ogpu, options);
      assert.equal(windows(), 1, "one window");
      assert.equal(await s.nonceOf(address), 1, "one transaction");
    });
  }

  const ADAPTERS = {
    "viem's client": (provider) => fromViem(createWalletClient({ transport: custom(provider) })),
    "ethers' signer": async (provider) => fromEthers(await new BrowserProvider(provider).getSigner()),
  };
  for (const [name, adapt] of Object.entries(ADAPTERS)) {
    withUser(`a 503, through ${name}`, 69, async ({ ogpu, address, endpoint, windows }) => {
      endpoint.next(SEND, outcomes.takenBut(503));
      await s.publishesOnce(ogpu);
      assert.equal(windows(), 1, "one window");
      assert.equal(await s.nonceOf(address), 1, "one transaction");
    }, adapt);
  }

  for (const version of [61, 69]) {
    withUser("the repeat meets the transaction in the pool, which is mined later", version, ({ ogpu, endpoint, windows }) => s.withManualMining(async () => {
      endpoint.next(SEND, outcomes.takenBut(503));
      const published = s.publishesOnce(ogpu);
      published.catch(() => {});
      // anvil answers "transaction already imported" to the repeat.
      await endpoint.seen(SEND, 2);
      await s.mine();
      await published;
      assert.equal(windows(), 1);
    }));

    withUser("the next write takes the next nonce", version, async ({ ogpu, address, endpoint }) => {
      endpoint.next(SEND, outcomes.takenBut(503));
      await s.publishesOnce(ogpu);
      const { told } = await s.publishesOnce(ogpu);
      assert.equal(told.find(({ kind }) => kind === "signing").nonce, 1);
      assert.equal(await s.nonceOf(address), 2);
    });
  }

  // The chain is asked for fifteen seconds: side by side.
  describe("it took nothing", { concurrency: true }, () => {
    for (const version of [61, 69]) {
      withUser("uncertain, and the next write fills the place", version, async ({ ogpu, address, endpoint, windows }) => {
        endpoint.next(SEND, outcomes.refused(404));
        await assert.rejects(ogpu.publishTask(s.taskInfo()), is("txUncertain", { address, nonce: 0 }));
        assert.deepEqual(await s.tasksOf(address), []);
        const { told } = await s.publishesOnce(ogpu);
        assert.equal(told.find(({ kind }) => kind === "signing").nonce, 0, "no gap");
        assert.equal(windows(), 2);
      });
    }
  });
});
