// OpenGradient's part of the devnet: a chain with the OPG token, Permit2, x402's proxies and the registry; an enclave; its
// gateway; a facilitator; a shop that takes every kind of x402 payment. On the same chain the alpha network's contracts,
// with its node API, the model hub with its sign-in, twins and images. All on free ports; several can run at once.
import { startAnvil } from "../anvil.mjs";
import { HUB, MODELS, PRECOMPILE, PRICE_FEED, SCHEDULER, WORKFLOWS, deployAlpha } from "./alpha.mjs";
import { EXACT_PROXY, MULTICALL3, PERMIT2, UPTO_PROXY, accounts, deploy, register } from "./chain.mjs";
import { createEnclave } from "./enclave.mjs";
import { startFacilitator } from "./facilitator.mjs";
import { startGateway } from "./gateway.mjs";
import { startHub } from "./hub.mjs";
import { API_KEY, EMAIL, PASSWORD, startIdentity } from "./identity.mjs";
import { startImages } from "./images.mjs";
import { startNode } from "./node.mjs";
import { startShop } from "./shop.mjs";
import { TWIN, TWINS_KEY, startTwins } from "./twins.mjs";

/**
 * @param {object} [options]
 * @param {string} [options.rpcUrl] an anvil that runs already; else one is started
 * @param {number} [options.chainId] the chain of that anvil, or of the new one. 84532 and others with a name have x402 v1 too
 * @param {string[]} [options.anvilArgs]
 * @param {string} [options.host] where the servers listen, and what their URLs say
 * @param {boolean} [options.cors] false: no CORS headers, as the real gateway
 * @param {boolean} [options.tls] the gateway speaks HTTPS with the registered, self-signed certificate
 * @param {number} [options.idle] milliseconds after which the gateway settles a session
 * @param {number} [options.pause] milliseconds between two events of a stream
 * @param {bigint} [options.cap] what a payment to the gateway signs at most
 * @param {number} [options.schedule] milliseconds between two looks for scheduled workflows that are due
 */
export async function startOpenGradient({ rpcUrl, chainId = 31402, anvilArgs = [], host = "127.0.0.1", cors = true, tls = false, idle, pause, cap, schedule = 1000 } = {}) {
  const stops = [];
  const stop = async () => {
    for (const end of stops.splice(0)) await end();
  };
  try {
    if (!rpcUrl) {
      const anvil = await startAnvil({ chainId, args: anvilArgs });
      stops.unshift(() => anvil.stop());
      rpcUrl = anvil.rpcUrl;
    }
    const chain = { rpcUrl, chainId, ...(await deploy(rpcUrl, chainId)) };
    const { opg, registry, relay, abi } = chain;
    const facilitator = await startFacilitator({ rpcUrl, chainId, host });
    stops.unshift(facilitator.stop);
    const enclave = createEnclave();
    const common = { rpcUrl, chainId, facilitatorUrl: facilitator.url, opg, relay, abi, enclave, host, cors };
    const secure = tls ? { key: enclave.privateKey.export({ type: "pkcs8", format: "pem" }), cert: pem(enclave.certificate) } : undefined;
    const gateway = await startGateway({ ...common, cap, idle, pause, tls: secure });
    stops.unshift(gateway.stop);
    const shop = await startShop(common);
    stops.unshift(shop.stop);
    const heartbeat = await register(chain, enclave, gateway.url);
    const timer = setInterval(() => heartbeat().catch(() => {}), 5 * 60_000);
    timer.unref();
    stops.unshift(() => clearInterval(timer));

    const alpha = await deployAlpha(rpcUrl, chainId);
    Object.assign(abi, alpha.abi);
    const keeper = setInterval(() => alpha.runDue().catch(() => {}), schedule);
    keeper.unref();
    stops.unshift(() => clearInterval(keeper));
    const started = async (service) => {
      const running = await service;
      stops.unshift(() => running.stop());
      return running;
    };
    const node = await started(startNode({ rpcUrl, chainId, abi, host, cors }));
    const identity = await started(startIdentity({ host, cors }));
    const hub = await started(startHub({ identity, host, cors }));
    const twins = await started(startTwins({ host, cors }));
    const images = await started(startImages({ host, cors }));

    const { id, publicKey, pcrHash, certificate } = enclave;
    return {
      name: "opengradient-devnet",
      chainId,
      network: `eip155:${chainId}`,
      rpcUrl,
      opg,
      permit2: PERMIT2,
      exactProxy: EXACT_PROXY,
      uptoProxy: UPTO_PROXY,
      multicall3: MULTICALL3,
      registry,
      relay,
      tee: { id, publicKey, pcrHash, certificate, endpoint: gateway.url },
      llmUrl: gateway.url,
      shopUrl: shop.url,
      facilitatorUrl: facilitator.url,
      seller: accounts.seller.address,
      inferenceHub: HUB,
      precompile: PRECOMPILE,
      priceFeed: PRICE_FEED,
      scheduler: SCHEDULER,
      /** CIDs by what the models do. */
      models: MODELS,
      /** The published workflows' addresses. */
      workflows: Object.fromEntries(Object.entries(WORKFLOWS).map(([name, [address]]) => [name, address])),
      nodeUrl: node.url,
      hubUrl: hub.url,
      identityUrl: identity.url,
      signInUrl: `${identity.url}/v1/accounts:signInWithPassword`,
      tokenUrl: `${identity.url}/v1/token`,
      twinsUrl: twins.url,
      grpcWebUrl: images.webUrl,
      grpcAddress: images.address,
      credentials: { email: EMAIL, password: PASSWORD, apiKey: API_KEY, twinsApiKey: TWINS_KEY, twinId: TWIN },
      accounts: Object.entries(accounts).map(([role, account]) => ({
        role,
        address: account.address,
        privateKey: `0x${Buffer.from(account.getHdKey().privateKey).toString("hex")}`,
      })),
      abi,
      /** Only in this process: the services' switches, the keys' holder, the gateway's sessions, the registry's sign of life. */
      alpha,
      node,
      identity,
      hub,
      images,
      enclave,
      gateway,
      heartbeat,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What a client needs to know of it. @returns an OpenGradientNetwork of the package */
export function networkOf({ name, chainId, rpcUrl, opg, registry, inferenceHub, scheduler, nodeUrl, hubUrl, signInUrl, tokenUrl, twinsUrl }) {
  return {
    name,
    payments: { chainId, name: "Devnet", rpcUrl, opg },
    inference: { rpcUrl, chainId, registry, hub: inferenceHub, scheduler, nodeUrl },
    hub: { url: hubUrl, signInUrl, tokenUrl },
    twins: twinsUrl,
  };
}

function pem(der) {
  const text = Buffer.from(der.slice(2), "hex").toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${text.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
}
