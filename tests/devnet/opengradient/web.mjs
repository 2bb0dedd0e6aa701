// HTTP servers on free ports, and what a page of another origin may see of them.
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";

const EXPOSED = [
  "PAYMENT-REQUIRED", "PAYMENT-RESPONSE", "X-PAYMENT-RESPONSE", "X-Upto-Session", "Date",
  "x-processing-hash", "x-settlement-tx-hash", "x-settlement-walrus-blob-id", "grpc-status", "grpc-message",
];

/** Lets every page call and read. @returns {boolean} whether that was all, for a preflight */
function allow(request, response) {
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("access-control-expose-headers", EXPOSED.join(", "));
  if (request.method !== "OPTIONS") return false;
  // A star would not cover Authorization.
  const asked = request.headers["access-control-request-headers"] ?? "";
  response.writeHead(204, { "access-control-allow-methods": "GET, POST", "access-control-allow-headers": asked, "access-control-allow-private-network": "true" });
  response.end();
  return true;
}

/**
 * @param {(request: import("node:http").IncomingMessage, response: import("node:http").ServerResponse) => unknown} handler
 * @param {{ host?: string, cors?: boolean, tls?: { key: any, cert: string } }} [options] `cors: false`: none at all, as the real gateway
 */
export async function listen(handler, { host = "127.0.0.1", cors = true, tls } = {}) {
  const handle = async (request, response) => {
    if (cors && allow(request, response)) return;
    try {
      await handler(request, response);
    } catch (error) {
      if (response.headersSent) response.destroy();
      else json(response, 500, { error: String(error) });
    }
  };
  const server = tls ? createSecureServer(tls, handle) : createServer(handle);
  await new Promise((resolve) => server.listen(0, host, resolve));
  return {
    url: `${tls ? "https" : "http"}://${host}:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString("utf8");
}

export function json(response, status, body, headers = {}) {
  // Not writeHead: Express middleware reads the properties.
  response.statusCode = status;
  for (const [name, value] of Object.entries({ "content-type": "application/json", ...headers })) response.setHeader(name, value);
  response.end(JSON.stringify(body));
}

export const base64 = (value) => Buffer.from(JSON.stringify(value)).toString("base64");
