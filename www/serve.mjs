// Serves the built dApp with its Content-Security-Policy, and the devnet's description beside it.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";

const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".json": "application/json", ".map": "application/json" };
const dist = fileURLToPath(new URL("dist", import.meta.url));

/** The policy: no script but ours, and only the network's own origins to talk to. */
export function policy(network, opengradient) {
  const { rpcUrl, llmUrl } = opengradient ?? {};
  const origins = [network.rpcUrl, network.pinUrl, network.gatewayUrl, network.managementUrl, rpcUrl, llmUrl].flat().filter(Boolean).map((url) => new URL(url).origin);
  return [
    "default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "style-src 'self'", "img-src 'self' data:",
    `connect-src 'self' ${[...new Set(origins)].join(" ")}`, "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'",
  ].join("; ");
}

/** What the chat page needs to know of OpenGradient's devnet. */
function describe({ name, chainId, rpcUrl, opg, registry, llmUrl, accounts }) {
  return { name, chainId, rpcUrl, opg, registry, llmUrl, accounts: accounts.filter(({ role }) => role === "client") };
}

/**
 * @param {{ devnet: any, opengradient?: any, port?: number, root?: string }} options
 * @returns {Promise<{ url: string, close(): Promise<void> }>}
 */
export async function serve({ devnet, opengradient, port = 0, root = dist }) {
  const { abi: _, stop: __, ...json } = devnet;
  const security = policy(devnet, opengradient);
  const described = { "/devnet.json": json, ...(opengradient ? { "/opengradient.json": describe(opengradient) } : {}) };
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? "/", "http://localhost").pathname);
    response.setHeader("content-security-policy", security);
    response.setHeader("x-content-type-options", "nosniff");
    response.setHeader("cache-control", "no-store");
    if (Object.hasOwn(described, path)) {
      response.writeHead(200, { "content-type": "application/json" });
      return response.end(JSON.stringify(described[path]));
    }
    const file = join(root, normalize(path === "/" ? "/index.html" : path));
    if (!file.startsWith(root) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, { "content-type": "text/plain" });
      return response.end("not found");
    }
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => resolve(undefined));
  });
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
