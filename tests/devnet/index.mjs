// The devnet: a real chain with the OpenGPU contracts, a real IPFS node behind the services' HTTP interface, the old
// HTTP API, and a provider that works. Everything on free ports of 127.0.0.1; several can run at once.
import { createServer } from "node:http";

import { startAnvil } from "./anvil.mjs";
import { management } from "./api.mjs";
import { accounts, deploy } from "./chain.mjs";
import { answer, createNode, gateway, pinning } from "./ipfs.mjs";
import { startProvider } from "./provider.mjs";

/**
 * @param {{ provider?: boolean, chainId?: number, anvilArgs?: string[], log?: (text: string) => void }} [options]
 */
export async function startDevnet({ provider = true, chainId = 31337, anvilArgs = [], log } = {}) {
  const chain = await startAnvil({ chainId, args: anvilArgs });
  const stops = [() => chain.stop()];
  try {
    const { at, abi } = await deploy(chain.rpcUrl, chainId);
    const node = createNode();
    const web = await serve({
      "/file/create": pinning(node, () => `${web.url}/ipfs/`),
      "/ipfs/": gateway(node),
      "/api/tasks/": management(chain.rpcUrl, chainId, abi),
    });
    stops.unshift(web.stop);
    const pinUrl = `${web.url}/file/create`;
    if (provider) stops.unshift(startProvider({ rpcUrl: chain.rpcUrl, chainId, at, abi, pinUrl, log }).stop);
    const { Manager: manager, Nexus: nexus, Controller: controller, Terminal: terminal, Vault: vault } = at;
    return {
      name: "devnet",
      chainId,
      rpcUrl: chain.rpcUrl,
      contracts: { manager, nexus, controller, terminal, vault },
      pinUrl,
      gatewayUrl: `${web.url}/ipfs/`,
      managementUrl: web.url,
      accounts: Object.entries(accounts).map(([role, account]) => ({
        role,
        address: account.address,
        privateKey: `0x${Buffer.from(account.getHdKey().privateKey).toString("hex")}`,
      })),
      abi,
      async stop() {
        for (const stop of stops) await stop();
      },
    };
  } catch (error) {
    for (const stop of stops) await stop();
    throw error;
  }
}

/** What a client needs to know of a devnet. @returns a Network of the package */
export function networkOf({ name, chainId, rpcUrl, contracts: { manager: _, ...contracts }, pinUrl, gatewayUrl, managementUrl }) {
  return { name, chainId, rpcUrl, contracts, pinUrl, gatewayUrl, managementUrl };
}

async function serve(routes) {
  const server = createServer(async (request, response) => {
    response.setHeader("access-control-allow-origin", "*");
    response.setHeader("access-control-allow-headers", "*");
    if (request.method === "OPTIONS") return response.writeHead(204).end();
    const url = new URL(request.url ?? "/", "http://localhost");
    const handler = Object.entries(routes).find(([path]) => url.pathname.startsWith(path))?.[1];
    if (!handler) return answer(response, 404, { error: `unknown path ${url.pathname}` });
    try {
      await handler(request, response, url);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else answer(response, 500, { error: String(error) });
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
