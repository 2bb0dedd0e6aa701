// A real IPFS node (helia, offline) behind the HTTP interface of the network's pinning service and gateway.
import { unixfs } from "@helia/unixfs";
import { MemoryBlockstore } from "blockstore-core";
import { fixedSize } from "ipfs-unixfs-importer/chunker";
import { balanced } from "ipfs-unixfs-importer/layout";
import { CID } from "multiformats/cid";
import { Readable } from "node:stream";

// What the pinning service makes: kubo's defaults, whose links look like Qm….
export const LAYOUT = {
  cidVersion: 0,
  rawLeaves: false,
  leafType: "file",
  reduceSingleLeafToSelf: true,
  chunker: fixedSize({ chunkSize: 256 * 1024 }),
  layout: balanced({ maxChildrenPerNode: 174 }),
};

/** The node. */
export function createNode() {
  const blockstore = new MemoryBlockstore();
  return { blockstore, fs: unixfs({ blockstore }) };
}

/**
 * `POST /file/create`, multipart with one part `file`.
 * @param {ReturnType<typeof createNode>} node @param {() => string} gatewayUrl
 */
export function pinning(node, gatewayUrl) {
  return async (request, response) => {
    if (request.method !== "POST") return answer(response, 405, { error: "POST a file" });
    let form;
    try {
      form = await new Response(Readable.toWeb(request), { headers: { "content-type": request.headers["content-type"] ?? "" } }).formData();
    } catch {
      return answer(response, 400, { error: "expected multipart/form-data" });
    }
    const file = form.get("file");
    if (!(file instanceof Blob)) return answer(response, 400, { error: "expected a part named file" });
    const cid = await node.fs.addBytes(new Uint8Array(await file.arrayBuffer()), LAYOUT);
    answer(response, 200, { link: `${gatewayUrl()}${cid}` });
  };
}

/**
 * `GET /ipfs/<cid>`, and one block as it is with `?format=raw` or its media type.
 * @param {ReturnType<typeof createNode>} node
 */
export function gateway(node) {
  return async (request, response, url) => {
    const [, , text = "", ...path] = url.pathname.split("/");
    let cid;
    try {
      cid = CID.parse(text);
    } catch {
      return answer(response, 400, { error: "not a CID" });
    }
    if (!(await node.blockstore.has(cid))) return answer(response, 404, { error: "not found" });
    if (url.searchParams.get("format") === "raw" || request.headers.accept === "application/vnd.ipld.raw") {
      const block = [];
      for await (const part of asIterable(await node.blockstore.get(cid))) block.push(part);
      response.writeHead(200, { "content-type": "application/vnd.ipld.raw" });
      return response.end(Buffer.concat(block));
    }
    const parts = [];
    for await (const part of node.fs.cat(cid, path.length ? { path: path.join("/") } : {})) parts.push(part);
    const body = Buffer.concat(parts);
    let type = "application/octet-stream";
    try {
      JSON.parse(body.toString("utf8"));
      type = "application/json";
    } catch {}
    response.writeHead(200, { "content-type": type, etag: `"${cid}"` });
    response.end(body);
  };
}

function asIterable(value) {
  return value instanceof Uint8Array ? [value] : value;
}

export function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
}
