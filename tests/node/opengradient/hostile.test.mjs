// Lying servers: each lie is a typed error that says whether anything was paid.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { after, before, describe, test } from "node:test";
import { parseEther } from "viem";

import { PaymentRefusedError, StreamCutError, VerificationError } from "../../../pkg/opengradient.js";
import { accounts, clients } from "../../devnet/opengradient/chain.mjs";
import { createEnclave } from "../../devnet/opengradient/enclave.mjs";
import { startHostile } from "../../devnet/opengradient/hostile.mjs";
import { networkOf } from "../../devnet/opengradient/index.mjs";
import { ask, collect, failure, open } from "./stage.mjs";

let stage, net, hostile, wallet;
before(async () => {
  stage = await open();
  net = stage.net;
  hostile = await startHostile(net);
  wallet = await stage.wallet();
});
after(async () => {
  await hostile?.stop();
  await stage?.stop();
});

/** A client of one dishonest server. */
const at = async (behaviour, options = {}) => (await stage.connect({ wallet, server: `${hostile.url}/${behaviour}`, ...options })).og;
const signed = () => wallet.requests.filter(({ method }) => method === "eth_signTypedData_v4").length;
const paid = (behaviour) => hostile.requests.filter((one) => one.behaviour === behaviour && one.payment);

describe("answers that are not the enclave's", () => {
  const lies = {
    "wrong-signature": "signature", "garbage-signature": "fields", "wrong-tee-id": "teeId", "wrong-time": "signature", "no-proof": "fields",
    "other-enclave": "teeId", "lying-model": "requestHash", "lying-output": "outputHash",
  };
  for (const [behaviour, check] of Object.entries(lies)) {
    test(behaviour, async () => {
      const strict = await at(behaviour);
      const before = await strict.spent();
      const error = await failure(strict.llm.chat(ask("Hi")));
      assert.ok(error instanceof VerificationError, String(error));
      assert.equal(error.check, check);
      assert.match(error.message, /may have been paid/);
      assert.equal((await strict.spent()) - before, parseEther("0.001"), "it may have been paid");
      const chunks = [];
      const streamed = await failure((async () => {
        for await (const chunk of strict.llm.chat(ask("Hi", { stream: true }))) chunks.push(chunk);
      })());
      assert.deepEqual([streamed.check, chunks.length], [check, 0], "strict gives no text out");
      strict.close();

      const final = await at(behaviour, { verify: "final" });
      const stream = final.llm.chat(ask("Hi", { stream: true }));
      const late = await failure(stream.text());
      assert.ok(late instanceof VerificationError && late.check === check);
      assert.equal(await failure(stream.output()), late);
      final.close();

      const off = await at(behaviour, { verify: "off" });
      const output = await off.llm.chat(ask("Hi"));
      assert.ok(output.text.length > 0 && output.proof === undefined && output.payment);
      off.close();
    });
  }

  const weather = { type: "function", function: { name: "weather", parameters: { type: "object" } } };
  const disguised = {
    "text-as-calls": { tools: undefined }, "text-as-other-calls": { tools: [weather] }, "calls-as-text": { tools: [weather] },
  };
  for (const [behaviour, asked] of Object.entries(disguised)) {
    test(`${behaviour}: signed by the enclave, and told as something else`, async () => {
      for (const verify of ["strict", "final"]) {
        const og = await at(behaviour, { verify });
        const error = await failure(og.llm.chat(ask("Hi", asked)));
        assert.ok(error instanceof VerificationError, String(error));
        assert.deepEqual([error.check, /may have been paid/.test(error.message)], ["toolCalls", true]);
        const chunks = [];
        const stream = og.llm.chat(ask("Hi", { ...asked, stream: true }));
        const streamed = await failure((async () => {
          for await (const chunk of stream) chunks.push(chunk);
        })());
        assert.deepEqual([streamed.check, chunks.filter((chunk) => chunk.toolCalls || chunk.isFinal).length], ["toolCalls", 0]);
        if (verify === "strict") assert.equal(chunks.length, 0);
        og.close();
      }
    });
  }
  test("signed text that names an offered tool cannot be told from a call: what is given out is what was signed", async () => {
    const og = await at("text-as-calls");
    const output = await og.llm.chat(ask("Hi", { tools: [weather] }));
    assert.deepEqual([output.proof.covers, output.text, output.toolCalls.length], ["toolCalls", "", 1]);
    og.close();
  });

  test("an answer that was signed before the question, or after its coming", async () => {
    for (const behaviour of ["old-answer", "early-answer"]) {
      const og = await at(behaviour);
      assert.equal((await failure(og.llm.chat(ask("Hi")))).check, "timestamp", behaviour);
      assert.equal((await failure(og.llm.chat(ask("Hi", { stream: true })).output())).check, "timestamp", behaviour);
      og.close();
      const patient = await at(behaviour, { maxSkew: 86_400 });
      assert.ok((await patient.llm.chat(ask("Hi"))).proof, behaviour);
      patient.close();
    }
    const exact = await at("honest", { maxSkew: 1 });
    assert.ok((await exact.llm.chat(ask("Hi"))).proof);
    exact.close();
    assert.equal((await failure(at("honest", { maxSkew: -1 }))).code, "invalidInput");
  });

  test("an answer that came before", async () => {
    const og = await at("replayed-answer");
    assert.ok((await og.llm.chat(ask("Hi"))).proof);
    const error = await failure(og.llm.chat(ask("Hi")));
    assert.deepEqual([error.code, error.check], ["proofFailed", "replayed"]);
    assert.equal((await failure(og.llm.chat(ask("Hi", { onPayment: () => true })))).check, "replayed", "also by another payment");
    og.close();
    const other = await at("replayed-answer");
    assert.ok((await other.llm.chat(ask("Hi"))).proof, "each client remembers its own");
    other.close();
  });

  test("strange-images: no URL of an unsigned answer is asked on this machine or its network, and none holds the answer up", async (t) => {
    let connections = 0;
    // It never answers.
    const silent = createServer((socket) => void (connections += 1) || socket.on("error", () => {}));
    await new Promise((resolve) => silent.listen(0, "127.0.0.1", resolve));
    t.after(() => silent.close());
    const { port } = silent.address();
    const hosts = ["127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"];
    const urls = hosts.flatMap((host) => [`http://${host}:${port}/a`, `https://${host}:${port}/a`]);
    for (const inlineImages of [undefined, false, true]) {
      const og = await at("strange-images", { timeout: 5, ...(inlineImages === undefined ? {} : { inlineImages }) });
      for (const stream of [false, true]) {
        const asked = og.llm.chat(ask(urls.join(" "), { stream }));
        const output = stream ? await asked.output() : await asked;
        assert.deepEqual(output.images, urls);
        assert.equal(connections, 0, `${inlineImages}`);
      }
      og.close();
    }
  });

  test("inlineImages: an address is checked as it is resolved, and all images together have the time-out", async (t) => {
    const dns = process.getBuiltinModule("node:dns/promises");
    const resolved = [];
    t.mock.method(dns, "lookup", async (host) => {
      resolved.push(host);
      if (host === "slow.example") await new Promise(() => {});
      return [{ address: "93.184.215.14", family: 4 }, { address: "10.0.0.7", family: 4 }];
    });
    const og = await at("strange-images", { timeout: 2, inlineImages: true });
    const urls = ["https://rebound.example/a", "https://slow.example/b", "https://slow.example/c", "https://slow.example/d"];
    const began = Date.now();
    const output = await og.llm.chat(ask(urls.join(" ")));
    assert.deepEqual([output.images, resolved], [urls, ["rebound.example", "slow.example"]]);
    assert.ok(Date.now() - began < 6000, `${Date.now() - began} ms`);
    og.close();
  });

  test("an honest one, for comparison", async () => {
    const og = await at("honest");
    const output = await og.llm.chat(ask("Hi"));
    assert.ok(output.proof && output.receipt.success && output.receipt.flaws.length === 0);
    assert.equal(output.payment.scheme, "exact");
    og.close();
  });
});

describe("streams that break off or never end", () => {
  for (const behaviour of ["cut-stream", "unproved-stream", "stall-stream", "endless-line"]) {
    test(behaviour, async () => {
      for (const verify of ["strict", "final"]) {
        // It ends by this alone.
        const og = await at(behaviour, { verify, ...(behaviour === "stall-stream" ? { timeout: 5 } : {}) });
        const before = await og.spent();
        const stream = og.llm.chat(ask("Hi", { stream: true }));
        const error = await failure(collect(stream));
        assert.ok(error instanceof StreamCutError, String(error));
        assert.match(error.message, /may have been paid/);
        assert.equal((await og.spent()) - before, parseEther("0.001"));
        og.close();
      }
    });
  }
  test("endless-stream: ended by the caller's limit", async () => {
    const og = await at("endless-stream", { streamTimeout: 1 });
    assert.equal((await failure(og.llm.chat(ask("Hi", { stream: true })).text())).code, "streamCut");
    og.close();
  });
  test("malformed events are counted; whole messages in place of deltas are read", async () => {
    const og = await at("malformed-stream");
    const chunks = await collect(og.llm.chat(ask("Hi", { stream: true })));
    assert.ok(chunks.at(-1).malformed > 0 && chunks.at(-1).proof);
    og.close();
    const other = await at("message-stream");
    assert.ok((await other.llm.chat(ask("Hi", { stream: true })).output()).proof);
    other.close();
  });
  for (const behaviour of ["cut-body", "huge-body"]) {
    test(behaviour, async () => {
      const og = await at(behaviour);
      const error = await failure(og.llm.chat(ask("Hi")));
      assert.equal(error.code, "inference");
      assert.match(error.message, /may have been paid/);
      og.close();
    });
  }
});

describe("offers that are refused", () => {
  const refused = {
    "wrong-asset": "asset", "wrong-network": "network", "zero-payto": "payee", "payto-token": "payee", "number-amount": "malformed",
    "exponent-amount": "malformed", "negative-amount": "malformed", "huge-amount": "malformed", "wrong-domain": "domain", "unknown-scheme": "scheme",
    "unknown-flow": "flow", "short-timeout": "timeout", "far-timeout": "timeout",
  };
  for (const [behaviour, reason] of Object.entries(refused)) {
    test(behaviour, async () => {
      const before = signed();
      const og = await at(behaviour);
      const error = await failure(og.llm.chat(ask("Hi")));
      assert.ok(error instanceof PaymentRefusedError, String(error));
      assert.equal(error.reason, reason);
      assert.match(error.message, /nothing was signed or paid/);
      assert.equal(signed(), before);
      og.close();
    });
  }
  test("a session's offer to nobody", async () => {
    const upto = (await stage.connect({ wallet, server: `${hostile.url}/upto/zero-facilitator` })).og;
    assert.equal((await failure(upto.llm.chat(ask("Hi")))).code, "paymentRefused");
    upto.close();
  });
  for (const behaviour of ["broken-base64", "broken-json", "not-an-object", "no-offers", "unknown-version", "deep-json", "no-header"]) {
    test(behaviour, async () => {
      const before = signed();
      const og = await at(behaviour);
      const error = await failure(og.llm.chat(ask("Hi")));
      assert.match(error.code, /notPayable|paymentRefused/);
      assert.match(error.message, /nothing was signed or paid/);
      assert.equal(signed(), before);
      og.close();
    });
  }
  test("giant-header: Node does not take it", async () => {
    const og = await at("giant-header");
    assert.equal((await failure(og.llm.chat(ask("Hi")))).code, "teeUnavailable");
    og.close();
  });

  test("no signature lives longer than ten minutes", async () => {
    const seen = [];
    const og = await at("honest", { policy: { maxLife: 60 }, onPayment: (proposal) => void seen.push(proposal) });
    const output = await og.llm.chat(ask("Hi"));
    for (const deadline of [seen[0].deadline, output.payment.deadline]) assert.ok(deadline - Date.now() / 1000 <= 61);
    og.close();
  });
});

describe("after the payment", () => {
  for (const behaviour of ["dearer", "other-payto", "endless-402", "dead-session"]) {
    test(`${behaviour}: a second demand is an answer, not an invitation`, async () => {
      const [before, sent] = [signed(), paid(behaviour).length];
      const og = await at(behaviour);
      const error = await failure(og.llm.chat(ask("Hi")));
      assert.equal(error.code, "paymentRejected");
      assert.deepEqual([signed() - before, paid(behaviour).length - sent], [1, 1]);
      assert.equal(error.amount, parseEther("0.001"));
      og.close();
    });
  }
  test("failed-settlement: the server's reason", async () => {
    const og = await at("failed-settlement");
    const error = await failure(og.llm.chat(ask("Hi")));
    assert.deepEqual([error.code, error.class, error.reason], ["paymentRejected", "user", "insufficient_funds"]);
    og.close();
  });
  test("server-error", async () => {
    const og = await at("server-error");
    const error = await failure(og.llm.chat(ask("Hi")));
    assert.deepEqual([error.code, error.status, error.paid], ["inference", 500, "maybe"]);
    og.close();
  });
  test("hang-up: nothing is sent again without the caller's word, and then the same bytes", async () => {
    const before = signed();
    const og = await at("hang-up");
    const headers = () => paid("hang-up").map(({ payment }) => payment);
    const error = await failure(og.llm.chat(ask("Hi")));
    assert.equal(error.code, "paymentUncertain");
    assert.match(error.message, /look for the nonce .* retryPaid/);
    assert.deepEqual([signed() - before, headers().length], [1, 1]);
    assert.equal((await failure(og.llm.chat(ask("Hi", { retryPaid: true })))).code, "paymentUncertain");
    assert.deepEqual([signed() - before, headers().length, new Set(headers()).size], [1, 2, 1]);
    og.close();
  });
  test("stall: uncertain, not repeated", async () => {
    const og = await at("stall", { timeout: 5 });
    assert.equal((await failure(og.llm.chat(ask("Hi")))).code, "paymentUncertain");
    assert.equal(paid("stall").length, 1);
    og.close();
  });
  test("redirects take no payment along", async () => {
    for (const behaviour of ["redirect-before", "redirect-after", "redirect-within"]) {
      const og = await at(behaviour);
      assert.match((await failure(og.llm.chat(ask("Hi")))).code, /teeUnavailable|paymentUncertain|paymentRefused/, behaviour);
      og.close();
    }
    assert.ok(hostile.stolen.every(({ headers }) => !headers["payment-signature"]));
  });
  test("lying receipts are flagged, and the answer is given", async () => {
    for (const behaviour of ["receipt-network", "receipt-amount", "receipt-payer", "receipt-failed", "receipt-garbage"]) {
      const og = await at(behaviour);
      const { receipt, text } = await og.llm.chat(ask("Hi"));
      assert.ok(text && (receipt.flaws.length > 0 || receipt.success === false), behaviour);
      og.close();
    }
    const og = await at("receipt-missing");
    assert.equal((await og.llm.chat(ask("Hi"))).receipt, undefined);
    og.close();
  });
});

describe("the policy", () => {
  const price = parseEther("0.001");
  const limited = (policy, more) => at("honest", { policy, ...more });

  test("caps for a request, a session and a window", async (context) => {
    // Budgets are the account's: each with a wallet of its own.
    const fresh = async () => ({ wallet: await stage.wallet() });
    const dear = await limited({ maxPerRequest: price - 1n });
    const error = await failure(dear.llm.chat(ask("Hi")));
    assert.deepEqual([error.reason, error.asked, error.limit], ["aboveRequestCap", price, price - 1n]);
    dear.close();
    const session = await limited({ maxPerSession: price * 2n }, await fresh());
    await session.llm.chat(ask("One"));
    await session.llm.chat(ask("Two"));
    assert.equal((await failure(session.llm.chat(ask("Three")))).reason, "aboveSessionCap");
    assert.equal(await session.spent(), price * 2n);
    session.close();
    const window = await limited({ maxPerWindow: { amount: price, seconds: 600 } }, await fresh());
    await window.llm.chat(ask("One"));
    assert.equal((await failure(window.llm.chat(ask("Two")))).reason, "aboveWindowCap");
    context.mock.timers.enable({ apis: ["Date"], now: Date.now() + 601_000 });
    await window.llm.chat(ask("Two, later"));
    window.close();
  });

  test("payees, hosts, and the caller's own word", async () => {
    const seen = [];
    const refusing = await at("honest", { onPayment: (proposal) => { seen.push(proposal); return false; } });
    const before = signed();
    assert.equal((await failure(refusing.llm.chat(ask("Hi")))).reason, "declined");
    assert.equal(signed(), before);
    assert.deepEqual([seen[0].scheme, seen[0].amount, seen[0].payTo.toLowerCase(), seen[0].origin, seen[0].token.symbol, seen[0].network], ["exact", price, net.seller.toLowerCase(), hostile.url, "OPG", net.network]);
    refusing.close();
    const throwing = await at("honest", { onPayment: async () => { throw new Error("no"); } });
    assert.equal((await failure(throwing.llm.chat(ask("Hi")))).reason, "declined");
    throwing.close();
    for (const [policy, reason] of [[{ payees: [net.opg] }, "payeeNotAllowed"], [{ hosts: ["other.example"] }, "host"]]) {
      const og = await limited(policy);
      assert.equal((await failure(og.llm.chat(ask("Hi")))).reason, reason);
      og.close();
    }
    for (const policy of [{ payees: [net.seller] }, { hosts: ["127.0.0.1"] }]) {
      const og = await limited(policy);
      await og.llm.chat(ask("Hi"));
      og.close();
    }
  });

  test("an enclave is paid at the registry's address and nowhere else", async () => {
    // A second enclave, whose server asks for the seller although the registry names the operator.
    const { reader, wallet: signer } = clients(net.rpcUrl, net.chainId);
    const registry = { address: net.registry, abi: net.abi.Registry };
    const send = async (functionName, args) => reader.waitForTransactionReceipt({ hash: await signer(accounts.operator).writeContract({ ...registry, functionName, args }) });
    const enclave = createEnclave();
    await send("registerTEEWithAttestation", [enclave.attestation, enclave.publicKey, enclave.certificate, accounts.operator.address, `${hostile.url}/honest`, 0]);
    const { og } = await stage.connect({ wallet });
    const before = signed();
    assert.equal((await failure(og.llm.chat(ask("Hi", { teeId: enclave.id })))).reason, "payeeNotAllowed");
    assert.equal(signed(), before);
    og.close();
    const fixed = await at("honest");
    assert.equal((await failure(fixed.llm.chat(ask("Hi")))).reason, "payeeNotAllowed", "by its endpoint too");
    fixed.close();
  });
});

test("no server at all: nothing was paid", async () => {
  const { og } = await stage.connect({ wallet, server: "http://127.0.0.1:9" });
  const error = await failure(og.llm.chat(ask("Hi")));
  assert.equal(error.code, "teeUnavailable");
  assert.match(error.message, /nothing was paid/);
  og.close();
  const lost = await stage.connect({ wallet, network: { ...networkOf(net), inference: { ...networkOf(net).inference, rpcUrl: "http://127.0.0.1:9" } } });
  assert.equal((await failure(lost.og.llm.chat(ask("Hi")))).code, "teeUnavailable");
  lost.og.close();
});
