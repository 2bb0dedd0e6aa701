// Paid endpoints made of the official x402 server packages: one prefix for each way to pay. Under each: GET /data,
// POST /echo, and the LLM server's two paths.
import { HTTPFacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { ExactEvmScheme } from "@x402/evm/exact/server";
import { UptoEvmScheme } from "@x402/evm/upto/server";
import { paymentMiddleware, setSettlementOverrides } from "@x402/express";
import { declareEip2612GasSponsoringExtension, declareErc20ApprovalGasSponsoringExtension } from "@x402/extensions";
import express from "express";
import { parseEther } from "viem";

import { accounts } from "./chain.mjs";
import { nameV1 } from "./facilitator.mjs";
import { PRICE } from "./gateway.mjs";
import { PATHS, complete, send } from "./llm.mjs";
import { base64, json, listen } from "./web.mjs";

/** What an exact payment costs, and the cap of an upto payment. */
export const EXACT = parseEther("0.001");
export const CAP = parseEther("0.1");

/** @param {{ chainId: number, facilitatorUrl: string, opg: string, enclave: any, host?: string, cors?: boolean }} options */
export async function startShop({ chainId, facilitatorUrl, opg, enclave, host, cors }) {
  const network = `eip155:${chainId}`;
  const facilitator = new HTTPFacilitatorClient({ url: facilitatorUrl });
  const resources = new x402ResourceServer(facilitator).register(network, new ExactEvmScheme()).register(network, new UptoEvmScheme());

  const domain = { name: "OpenGradient", version: "1" };
  const offer = (scheme, amount, extra = {}) => ({ scheme, network, payTo: accounts.seller.address, price: { amount: String(amount), asset: opg, extra: { ...domain, ...extra } } });
  const permit2 = { assetTransferMethod: "permit2" };
  const [eip3009, exact, upto] = [offer("exact", EXACT), offer("exact", EXACT, permit2), offer("upto", CAP, permit2)];
  const ways = {
    "/exact-eip3009": { accepts: eip3009 },
    "/exact-permit2": { accepts: exact },
    "/upto-permit2": { accepts: upto },
    // The payer signs an EIP-2612 permit in place of an approval, or an approval that the facilitator sends.
    "/exact-permit2-gasless": { accepts: exact, extensions: declareEip2612GasSponsoringExtension() },
    "/upto-permit2-gasless": { accepts: upto, extensions: declareEip2612GasSponsoringExtension() },
    "/exact-permit2-sponsored": { accepts: exact, extensions: declareErc20ApprovalGasSponsoringExtension() },
    "/any": { accepts: [upto, exact, eip3009] },
  };
  const routes = Object.fromEntries(Object.entries(ways).map(([prefix, way]) => [`${prefix}/*`, { description: `Dev™ shop ${prefix}`, mimeType: "application/json", ...way }]));

  const app = express();
  app.use(express.text({ type: () => true, limit: "1mb" }));
  const old = nameV1(chainId);
  if (old) app.use("/v1-exact", v1({ facilitator, network: old, asset: opg, extra: domain }));
  app.use(paymentMiddleware(routes, resources));
  for (const prefix of ["/free", ...(old ? ["/v1-exact"] : []), ...Object.keys(ways)]) {
    const router = express.Router();
    const charge = (response, amount) => prefix.startsWith("/upto") && setSettlementOverrides(response, { amount: String(amount) });
    router.get("/data", (_, response) => {
      charge(response, PRICE);
      json(response, 200, { prefix, data: "Grüße 🚀" });
    });
    // A handler that fails: nothing may be settled.
    router.get("/fail", (_, response) => json(response, 500, { error: "failed on purpose" }));
    router.post("/echo", (request, response) => {
      charge(response, PRICE);
      json(response, 200, { prefix, body: request.body });
    });
    router.post(PATHS, async (request, response) => {
      const answer = complete(enclave, request.path, request.body);
      charge(response, BigInt(answer.body.usage?.total_tokens ?? 0) * PRICE);
      await send(response, answer);
    });
    app.use(prefix, router);
  }
  return listen(app, { host, cors });
}

/** x402 version 1, which the official server no longer speaks but the official facilitator does. */
function v1({ facilitator, network, asset, extra }) {
  return async (request, response, next) => {
    const offer = {
      scheme: "exact", network, maxAmountRequired: String(EXACT), resource: `${request.protocol}://${request.get("host")}${request.originalUrl}`,
      description: "", mimeType: "application/json", payTo: accounts.seller.address, maxTimeoutSeconds: 300, asset, extra,
    };
    const refuse = (error) => json(response, 402, { x402Version: 1, error, accepts: [offer] });
    const header = request.get("x-payment");
    if (!header) return refuse("X-PAYMENT header is required");
    let payment;
    try {
      payment = JSON.parse(Buffer.from(header, "base64").toString("utf8"));
    } catch {
      return refuse("invalid_payload");
    }
    const { isValid, invalidReason } = await facilitator.verify(payment, offer);
    if (!isValid) return refuse(invalidReason);
    const receipt = await facilitator.settle(payment, offer);
    if (!receipt.success) return refuse(receipt.errorReason);
    response.setHeader("X-PAYMENT-RESPONSE", base64(receipt));
    next();
  };
}
