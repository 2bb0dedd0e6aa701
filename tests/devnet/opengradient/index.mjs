// OpenGradient's part of the devnet: a chain with the OPG token, Permit2, x402's proxies and the registry; an enclave; its
// gateway; a facilitator; a shop that takes every kind of x402 payment. All on free ports; several can run at once.
import { startAnvil } from "../anvil.mjs";
import { EXACT_PROXY, MULTICALL3, PERMIT2, UPTO_PROXY, accounts, deploy, register } from "./chain.mjs";
import { createEnclave } from "./enclave.mjs";
import { startFacilitator } from "./facilitator.mjs";
import { startGateway } from "./gateway.mjs";
import { startShop } from "./shop.mjs";

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
 */
export async function startOpenGradient({ rpcUrl, chainId = 31402, anvilArgs = [], host = "127.0.0.1", cors = true, tls = false, idle, pause, cap } = {}) {
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
      accounts: Object.entries(accounts).map(([role, account]) => ({
        role,
        address: account.address,
        privateKey: `0x${Buffer.from(account.getHdKey().privateKey).toString("hex")}`,
      })),
      abi,
      /** Only in this process: the keys' holder, the gateway's sessions, the registry's sign of life. */
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

function pem(der) {
  const text = Buffer.from(der.slice(2), "hex").toString("base64");
  return `-----BEGIN CERTIFICATE-----\n${text.match(/.{1,64}/g).join("\n")}\n-----END CERTIFICATE-----\n`;
}
