// What the IPFS tests share: files, their DAGs by the JavaScript IPFS implementation, honest gateways of every kind.
import { importer } from "ipfs-unixfs-importer";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced, trickle } from "ipfs-unixfs-importer/layout";
import { createServer } from "node:http";

import { answer, createNode, gateway, kuboAdd, pinning } from "../../devnet/ipfs.mjs";

export const KIB = 1024;
export const MIB = 1024 * KIB;

/** Bytes without a pattern that chunks would share. */
export function noise(size, seed = 1) {
  const bytes = new Uint8Array(size);
  let state = seed;
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

const made = (cidVersion, rawLeaves, chunkSize, maxChildren, shape = balanced) => ({
  cidVersion, rawLeaves, leafType: "file", chunkSize, maxChildren,
  chunker: fixedSize({ chunkSize }), layout: shape({ maxChildrenPerNode: maxChildren }),
});

/** Layouts that tools make by default: they are known from the plain file alone. */
export const KNOWN = {
  "kubo v0": made(0, false, 256 * KIB, 174),
  "kubo v1": made(1, true, 256 * KIB, 174),
  "kubo v1, no raw leaves": made(1, false, 256 * KIB, 174),
  "helia, 2025": made(1, true, MIB, 1024),
  "helia, no raw leaves": made(1, false, MIB, 1024),
};
/** Layouts of someone's own: they need their blocks. */
export const OWN = {
  "1000 bytes, 3 links": made(1, true, 1000, 3),
  "64 KiB, 2 links, v0": made(0, false, 64 * KIB, 2),
  "2 MiB less a frame, v1": made(1, false, 2 * MIB - 32, 174),
  "trickle": { ...made(1, true, 64 * KIB, 4), layout: trickle({ maxChildrenPerNode: 4, layerRepeat: 2 }) },
};

/** One node, and gateways that know different forms of its content. */
export async function startWorld() {
  const node = createNode();
  const stops = [];
  const serve = async (handlers) => {
    const asked = [];
    const server = createServer(async (request, response) => {
      response.setHeader("access-control-allow-origin", "*");
      const url = new URL(request.url ?? "/", "http://localhost");
      asked.push(`${request.method} ${request.url}`);
      const handler = Object.entries(handlers).find(([path]) => url.pathname.startsWith(path))?.[1] ?? handlers["*"];
      try {
        if (!handler) return answer(response, 404, { error: "unknown path" });
        await handler(request, response, url);
      } catch (error) {
        if (response.headersSent) response.destroy();
        else answer(response, error.status ?? 500, { error: String(error) });
      }
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    stops.push(() => (server.closeAllConnections(), server.close()));
    const { port } = server.address();
    return { url: `http://127.0.0.1:${port}/ipfs/`, origin: `http://127.0.0.1:${port}`, port, asked };
  };
  const gateways = {};
  for (const [name, serves] of Object.entries({ trustless: { raw: true, car: true }, "blocks only": { raw: true, car: false }, "CARs only": { raw: false, car: true }, "plain files": {} })) {
    gateways[name] = await serve({ "*": gateway(node, serves) });
  }
  const pins = await serve({
    "/v0": pinning(node, () => gateways.trustless.url),
    "/helia": pinning(node, () => gateways.trustless.url, KNOWN["helia, 2025"]),
    "/own": pinning(node, () => gateways.trustless.url, OWN["1000 bytes, 3 links"]),
    "/api/v0/add": kuboAdd(node),
    "/liar": (request, response) => {
      request.resume().on("end", () => answer(response, 200, { link: `${gateways.trustless.url}bafkreifjjcie6lypi6ny7amxnfftagclbuxndqonfipmb64f2km2devei4` }));
    },
  });
  return {
    node,
    gateways,
    pins,
    add: async (bytes, layout) => (await node.fs.addBytes(bytes, layout)).toString(),
    /** A directory of `path: bytes`. */
    async folder(entries, layout = KNOWN["kubo v1"], more = {}) {
      let last;
      const source = Object.entries(entries).map(([path, content]) => ({ path, content }));
      for await (const entry of importer(source, node.blockstore, { wrapWithDirectory: true, ...layout, ...more })) last = entry;
      return last.cid.toString();
    },
    async stop() {
      for (const stop of stops) await stop();
    },
  };
}

/** All of a stream. */
export async function collect(stream) {
  const parts = [];
  for await (const part of stream) parts.push(part);
  return Buffer.concat(parts);
}
