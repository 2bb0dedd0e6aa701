// Connecting and switching with wallets as they are in the field: one that cannot be asked for accounts, late switches, a no in other
// words, one that goes away, one that never answers. Each is the development wallet with that habit.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Ogpu } from "../../pkg/ogpu.js";
import { address, is, stage } from "./stage.mjs";

const fault = (code, message) => Object.assign(new Error(message), code === undefined ? {} : { code });

describe("wallets in the field", () => {
  let set;
  before(async () => {
    set = await stage();
  });
  after(() => set?.stop());
  /** The client's wallet, where `habit` answers first; what it leaves undefined the wallet itself answers. */
  const wallet = (habit, options = {}) => {
    const plain = set.wallet("client", { settled: false, ...options });
    const windows = [];
    return {
      ...plain,
      windows,
      async request(asked) {
        if (/^(wallet_|eth_requestAccounts|eth_sendTransaction)/.test(asked.method)) windows.push(asked.method);
        const answer = await habit(asked, plain);
        return answer === undefined ? plain.request(asked) : answer;
      },
    };
  };
  const elsewhere = () => ({ chains: { 1: set.devnet.rpcUrl, 31337: set.devnet.rpcUrl }, chainId: 1 });

  test("one without eth_requestAccounts, as a Safe", async () => {
    const safe = wallet(({ method }, plain) => {
      plain.user.connect();
      if (method === "eth_requestAccounts") throw fault(undefined, '"eth_requestAccounts" not implemented');
    });
    const ogpu = await Ogpu.connect({ wallet: safe, network: set.network });
    assert.equal(ogpu.account, address("client"));
  });

  test("one that answers a switch before it has happened, and one whose addition switches late", async () => {
    /** Switches when it has been asked for its chain three times more. */
    const later = (plain) => {
      let looks = 0;
      return ({ method }) => method === "eth_chainId" && ++looks === 3 && plain.user.switchTo(31337);
    };
    let look;
    const late = wallet((asked, plain) => {
      look?.(asked);
      if (asked.method !== "wallet_switchEthereumChain") return undefined;
      look = later(plain);
      return null;
    }, elsewhere());
    await Ogpu.connect({ wallet: late, network: set.network });
    assert.deepEqual(late.windows, ["eth_requestAccounts", "wallet_switchEthereumChain"]);

    look = undefined;
    const adds = wallet((asked, plain) => {
      look?.(asked);
      if (asked.method !== "wallet_addEthereumChain") return undefined;
      look = later(plain);
      return null;
    }, { chains: { 1: set.devnet.rpcUrl }, chainId: 1 });
    await Ogpu.connect({ wallet: adds, network: set.network });
    assert.deepEqual(adds.windows, ["eth_requestAccounts", "wallet_switchEthereumChain", "wallet_addEthereumChain"], "no second switch");
  });

  test("a refused switch, in any words, adds nothing", async () => {
    for (const [code, words] of [[4001, "no"], [-32000, "User rejected the request."], [-32603, "User declined"], [undefined, "Cancelled by User"], [5000, "refused"]]) {
      const refuses = wallet(({ method }) => {
        if (method === "wallet_switchEthereumChain") throw fault(code, words);
      }, elsewhere());
      await assert.rejects(Ogpu.connect({ wallet: refuses, network: set.network }), is("walletRejected"));
      assert.deepEqual(refuses.windows, ["eth_requestAccounts", "wallet_switchEthereumChain"], `${code} ${words}`);
    }
  });

  test("one that goes away while its window is open, and is heard only while it is", async () => {
    let heard = 0;
    const listeners = new Map();
    const say = (error) => listeners.get("disconnect")(error);
    const gone = wallet(({ method }) => {
      if (method !== "wallet_switchEthereumChain") return undefined;
      const reload = () => {
        if (!listeners.has("disconnect")) return void setImmediate(reload);
        // It says this while it switches, too: that is no end.
        say(fault(1013, "Disconnected from chain. Attempting to connect."));
        setImmediate(() => say(fault(1011, "Page reload required.")));
      };
      setImmediate(reload);
      return new Promise(() => {});
    }, elsewhere());
    gone.on = (event, listener) => (heard++, listeners.set(event, listener));
    gone.removeListener = (event, listener) => listeners.get(event) === listener && listeners.delete(event);
    await assert.rejects(Ogpu.connect({ wallet: gone, network: set.network }), (error) => {
      assert.match(error.message, /nothing was sent.*reload/);
      return is("walletDisconnected", { rpcCode: 1011 })(error);
    });
    assert.ok(heard > 0);
    assert.equal(listeners.size, 0, "nobody listens any more");
  });

  test("one that never answers can be given up, and the next call has its turn", async () => {
    for (const method of ["eth_requestAccounts", "wallet_switchEthereumChain"]) {
      let hangs = true;
      const controller = new AbortController();
      const hung = wallet((asked) => {
        if (!hangs || asked.method !== method) return undefined;
        queueMicrotask(() => controller.abort("enough"));
        return new Promise(() => {});
      }, elsewhere());
      const connecting = Ogpu.connect({ wallet: hung, network: set.network, signal: controller.signal });
      await assert.rejects(connecting, (reason) => reason === "enough");
      hangs = false;
      await Ogpu.connect({ wallet: hung, network: set.network });
    }
  });
});
