// OpenGradient's gateway: upto payments in session mode. An answer streams at once, its cost is added to the session of
// the payment, and a background job settles the session when it has been idle or is used up.
import { createHash, randomUUID } from "node:crypto";
import { HTTPFacilitatorClient, x402HTTPResourceServer, x402ResourceServer } from "@x402/core/server";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import { declareErc20ApprovalGasSponsoringExtension } from "@x402/extensions";
import { keccak256, parseEther, toHex } from "viem";

import { accounts, clients, inTurn } from "./chain.mjs";
import { PATHS, complete, send } from "./llm.mjs";
import { PIXEL } from "./model.mjs";
import { bodyOf, json, listen } from "./web.mjs";

/** Per token: a word of the small model. */
export const PRICE = parseEther("0.00001");

/** The three ways to record an answer; an unknown one is the default. */
const kinds = { private: "private", individual: "individual", batch: "batch" };

/**
 * @param {object} options
 * @param {string} options.rpcUrl @param {number} options.chainId @param {string} options.facilitatorUrl
 * @param {string} options.opg @param {string} options.relay @param {Record<string, any[]>} options.abi
 * @param {any} options.enclave
 * @param {bigint} [options.cap] what a client signs at most
 * @param {number} [options.idle] milliseconds after which a session is settled by itself
 * @param {number} [options.pause] milliseconds between two events of a stream
 * @param {string} [options.host] @param {boolean} [options.cors] @param {any} [options.tls]
 */
export async function startGateway({ rpcUrl, chainId, facilitatorUrl, opg, relay, abi, enclave, cap = parseEther("0.1"), idle = 600_000, pause = 0, host, cors, tls }) {
  const network = `eip155:${chainId}`;
  const resources = new x402ResourceServer(new HTTPFacilitatorClient({ url: facilitatorUrl })).register(network, new UptoEvmScheme());
  const accepts = {
    scheme: "upto",
    network,
    payTo: accounts.seller.address,
    price: { amount: String(cap), asset: opg, extra: { name: "OpenGradient", version: "1", assetTransferMethod: "permit2" } },
  };
  const route = (description) => ({ accepts, description, mimeType: "application/json", extensions: declareErc20ApprovalGasSponsoringExtension() });
  const x402 = new x402HTTPResourceServer(resources, { [`POST ${PATHS[0]}`]: route("Chat completion"), [`POST ${PATHS[1]}`]: route("Completion") });
  await x402.initialize();

  const { reader, wallet } = clients(rpcUrl, chainId);
  const turn = inTurn();
  const record = (functionName, args) => turn(async () => {
    const hash = await wallet(accounts.relayer).writeContract({ address: relay, abi: abi.Relay, functionName, args });
    await reader.waitForTransactionReceipt({ hash });
    return hash;
  });

  const sessions = new Map(); // by id, while they can be used
  const byPayment = new Map(); // SHA-256 of the payment header → id; remembered, so that a dead one stays dead
  const settlements = []; // what became of each session

  const settle = async (session) => {
    sessions.delete(session.id);
    const { id, spent, payload, requirements, declared, proofs } = session;
    if (proofs.length) {
      const root = keccak256(toHex(JSON.stringify(proofs)));
      await record("batchSettle", [root, BigInt(proofs.length), root]);
    }
    // Nothing charged: the payment is left to die.
    const result = spent ? await x402.processSettlement(payload, requirements, declared, undefined, { amount: String(spent) }) : undefined;
    settlements.push({ id, amount: spent, success: result?.success ?? true, transaction: result?.transaction ?? "", reason: result?.errorReason });
  };
  let running = Promise.resolve();
  const reap = (patience = idle) => {
    const due = [...sessions.values()].filter(({ busy, last, spent, cap }) => !busy && (spent >= cap || Date.now() - last >= patience));
    running = Promise.all([running, ...due.map((session) => settle(session).catch((error) => settlements.push({ id: session.id, success: false, reason: String(error) })))]);
  };
  const timer = setInterval(() => reap(), Math.min(Math.max(idle / 4, 20), 250));
  timer.unref();

  /** Who waits for the end of an answer. */
  const awaited = [];
  /** Where streams stop, while they are held. */
  let held;
  const pace = (response) => async (sent) => {
    if (pause) await new Promise((resolve) => setTimeout(resolve, pause));
    if (!held || sent !== held.after || response.destroyed) return;
    held.reach();
    await Promise.race([held.over, new Promise((resolve) => response.once("close", resolve))]);
  };

  const dead = (response) => json(response, 402, { error: "Session expired or exhausted" });
  const usable = (session, path) => session && session.spent < session.cap && session.path === path;

  /** Nobody settles it meanwhile. */
  const used = (session) => {
    session.busy += 1;
    return session;
  };
  /** @returns the session that pays for this request, in use, or nothing when the response has been sent */
  const paid = async (request, response, path, text) => {
    const resumed = request.headers["x-upto-session"];
    if (resumed) {
      const session = sessions.get(resumed);
      return usable(session, path) ? used(session) : void dead(response);
    }
    const header = (name) => request.headers[name.toLowerCase()];
    const paymentHeader = header("payment-signature");
    const url = `${server.url}${request.url}`;
    const adapter = {
      getHeader: header, getMethod: () => request.method, getPath: () => path, getUrl: () => url,
      getAcceptHeader: () => header("accept") ?? "", getUserAgent: () => header("user-agent") ?? "", getBody: () => text,
    };
    const result = await x402.processHTTPRequest({ adapter, path, method: request.method, paymentHeader });
    if (result.type === "payment-error") {
      const { status, headers, body } = result.response;
      return void json(response, status, body ?? {}, headers);
    }
    const key = createHash("sha256").update(paymentHeader).digest("hex");
    if (byPayment.has(key)) {
      const session = sessions.get(byPayment.get(key));
      return usable(session, path) ? used(session) : void dead(response);
    }
    const { paymentPayload: payload, paymentRequirements: requirements, declaredExtensions: declared } = result;
    const session = { id: randomUUID(), path, payload, requirements, declared, cap: BigInt(requirements.amount), spent: 0n, last: Date.now(), busy: 0, proofs: [] };
    sessions.set(session.id, session);
    byPayment.set(key, session.id);
    return used(session);
  };

  const handle = async (request, response) => {
    const { pathname: path } = new URL(request.url ?? "/", "http://localhost");
    if (path === "/images/pixel.png") return response.writeHead(200, { "content-type": "image/png" }).end(Buffer.from(PIXEL, "base64"));
    if (!PATHS.includes(path)) return json(response, 404, { error: "unknown path" });
    if (request.method !== "POST") return json(response, 405, { error: "POST a request" });
    const text = await bodyOf(request);
    const session = await paid(request, response, path, text);
    if (!session) return;
    try {
      const answer = complete(enclave, path, text, tls ? undefined : `${server.url}/images/pixel.png`);
      response.setHeader("X-Upto-Session", session.id);
      const kind = kinds[String(request.headers["x-settlement-type"]).toLowerCase()] ?? "batch";
      if (answer.status === 200) {
        const { tee_signature, tee_request_hash, tee_output_hash, tee_timestamp, tee_id, usage } = answer.body;
        // The last answer may cost more than is left: the client pays what it signed, no more.
        const spent = session.spent + BigInt(usage.total_tokens) * PRICE;
        session.spent = spent > session.cap ? session.cap : spent;
        if (kind === "batch") session.proofs.push({ tee_request_hash, tee_output_hash, tee_timestamp });
        if (kind === "individual") {
          const blob = keccak256(toHex(JSON.stringify(answer.body)));
          const signature = `0x${Buffer.from(tee_signature, "base64").toString("hex")}`;
          const payer = session.payload.payload.permit2Authorization.from;
          const hash = await record("settleIndividual", [tee_id, `0x${tee_request_hash}`, `0x${tee_output_hash}`, BigInt(tee_timestamp), payer, blob, signature]);
          if (answer.events) Object.assign(answer.events.at(-1), { data_settlement_transaction_hash: hash, data_settlement_blob_id: blob });
          response.setHeader("x-settlement-tx-hash", hash);
          response.setHeader("x-settlement-walrus-blob-id", blob);
        }
      }
      await send(response, answer, pace(response));
    } finally {
      session.busy -= 1;
      session.last = Date.now();
      for (const look of awaited.splice(0)) look();
    }
  };
  const server = await listen(handle, { host, cors, tls });

  return {
    url: server.url,
    sessions,
    settlements,
    /** Resolves when no answer is under way. */
    async quiet() {
      while ([...sessions.values()].some(({ busy }) => busy)) await new Promise((resolve) => awaited.push(resolve));
    },
    /** Settles every session now, as if it had been idle; one that still answers, when it has. */
    async settled() {
      for (;;) {
        reap(0);
        await running;
        if (!sessions.size) return;
        await this.quiet();
      }
    },
    /**
     * From now on each stream stops after so many events, until it is released: what is told of an answer under way can be looked at.
     * @param {number} after
     */
    hold(after) {
      let release;
      const [over, waiting] = [new Promise((resolve) => (release = resolve)), []];
      let streams = 0;
      const mine = (held = {
        after, over,
        reach() {
          streams += 1;
          for (const look of waiting.splice(0)) look();
        },
      });
      return {
        /** Resolves when so many streams have stopped. */
        async reached(count = 1) {
          while (streams < count) await new Promise((resolve) => waiting.push(resolve));
        },
        release() {
          if (held === mine) held = undefined;
          release();
        },
      };
    },
    async stop() {
      clearInterval(timer);
      await server.stop();
      await running;
    },
  };
}
