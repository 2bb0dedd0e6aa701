// A real IPFS node (helia, offline) behind the HTTP interface of the network's pinning service and gateway. The gateway is a
// trustless one too: blocks and CARs by the specification (https://specs.ipfs.tech/http-gateways/trustless-gateway/).
import * as dagCbor from "@ipld/dag-cbor";
import * as dagPb from "@ipld/dag-pb";
import { unixfs } from "@helia/unixfs";
import { MemoryBlockstore } from "blockstore-core";
import { UnixFS } from "ipfs-unixfs";
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

/** What kubo's `add?cid-version=1&raw-leaves=true` makes. */
export const KUBO_V1 = { ...LAYOUT, cidVersion: 1, rawLeaves: true };

/** The node. */
export function createNode() {
  const blockstore = new MemoryBlockstore();
  return { blockstore, fs: unixfs({ blockstore }) };
}

/** The one file of an upload, or an answer that there is none. */
async function uploaded(request, response) {
  if (request.method !== "POST") return answer(response, 405, { error: "POST a file" });
  let form;
  try {
    form = await new Response(Readable.toWeb(request), { headers: { "content-type": request.headers["content-type"] ?? "" } }).formData();
  } catch {
    return answer(response, 400, { error: "expected multipart/form-data" });
  }
  const file = form.get("file");
  if (!(file instanceof Blob)) return answer(response, 400, { error: "expected a part named file" });
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()) };
}

/**
 * `POST /file/create`, multipart with one part `file`.
 * @param {ReturnType<typeof createNode>} node @param {() => string} gatewayUrl
 */
export function pinning(node, gatewayUrl, layout = LAYOUT) {
  return async (request, response) => {
    const file = await uploaded(request, response);
    if (file) answer(response, 200, { link: `${gatewayUrl()}${await node.fs.addBytes(file.bytes, layout)}` });
  };
}

/** kubo's RPC `POST /api/v0/add`, in one line for the file. @param {ReturnType<typeof createNode>} node */
export function kuboAdd(node) {
  return async (request, response, url) => {
    const file = await uploaded(request, response);
    if (!file) return;
    const isV1 = url.searchParams.get("cid-version") === "1";
    const rawLeaves = (url.searchParams.get("raw-leaves") ?? String(isV1)) === "true";
    const cid = await node.fs.addBytes(file.bytes, { ...LAYOUT, cidVersion: isV1 ? 1 : 0, rawLeaves });
    answer(response, 200, { Name: file.name, Hash: cid.toString(), Size: String(file.bytes.length) });
  };
}

/** A block. */
export async function block(node, cid) {
  const parts = [];
  for await (const part of asIterable(await node.blockstore.get(cid))) parts.push(part);
  return Buffer.concat(parts);
}

function asIterable(value) {
  return value instanceof Uint8Array ? [value] : value;
}

const linksOf = (cid, bytes) => (cid.code === dagPb.code ? dagPb.decode(bytes).Links : []);
const isDirectory = (cid, bytes) => cid.code === dagPb.code && UnixFS.unmarshal(dagPb.decode(bytes).Data).isDirectory();

/** The CID at a path, where there is one, and the blocks on the way. */
async function resolve(node, root, path) {
  const way = [];
  let cid = root;
  for (const name of path) {
    const bytes = await block(node, cid);
    way.push([cid, bytes]);
    const link = linksOf(cid, bytes).find(({ Name }) => Name === decodeURIComponent(name));
    if (!link) return { way };
    cid = link.Hash;
  }
  return { way, cid };
}

function varint(value) {
  const out = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...out, rest]);
    out.push((rest % 128) | 128);
  }
}

/** A section of a CAR. */
export const section = (...parts) => Buffer.concat([varint(parts.reduce((sum, part) => sum + part.length, 0)), ...parts]);

/**
 * The blocks of `path` below `root`, in depth-first order.
 * @returns {AsyncGenerator<[CID, Buffer]>}
 */
export async function* blocksOf(node, root, path, { scope = "all", dups = true } = {}) {
  const found = await resolve(node, root, path);
  const seen = new Set();
  const fresh = (cid) => dups || (!seen.has(cid.toString()) && seen.add(cid.toString()));
  for (const pair of found.way) if (fresh(pair[0])) yield pair;
  async function* below(cid) {
    const bytes = await block(node, cid);
    if (fresh(cid)) yield [cid, bytes];
    if (scope === "block" || (scope === "entity" && isDirectory(cid, bytes))) return;
    for (const { Hash } of linksOf(cid, bytes)) yield* below(Hash);
  }
  // Without it, the blocks on the way prove that there is no such path.
  if (found.cid) yield* below(found.cid);
}

export const carHeader = (root) => section(dagCbor.encode({ version: 1, roots: [root] }));

/**
 * `GET /ipfs/<cid>[/path]`: the file as it is; a block with `?format=raw`, a CAR with `?format=car`, or by their media types.
 * `<cid>.ipfs.<host>` in the Host header is the subdomain form. `serves` says which forms it knows.
 * @param {ReturnType<typeof createNode>} node
 */
export function gateway(node, serves = { raw: true, car: true }) {
  return async (request, response, url) => {
    const subdomain = /^([^.]+)\.ipfs\./.exec(request.headers.host ?? "")?.[1];
    const [, , text = "", ...rest] = (subdomain ? `/ipfs/${subdomain}${url.pathname}` : url.pathname).split("/");
    const path = rest.filter(Boolean);
    let cid;
    try {
      cid = CID.parse(text);
    } catch {
      return answer(response, 400, { error: "not a CID" });
    }
    if (!(await node.blockstore.has(cid))) return answer(response, 404, { error: "not found" });
    const accept = (request.headers.accept ?? "").split(";")[0];
    const format = url.searchParams.get("format") ?? (accept === "application/vnd.ipld.raw" ? "raw" : accept === "application/vnd.ipld.car" ? "car" : undefined);
    if ((format === "raw" && !serves.raw) || (format === "car" && !serves.car)) return answer(response, 406, { error: `no ${format} here` });
    if (format === "raw") {
      const found = await resolve(node, cid, path);
      if (!found.cid) return answer(response, 404, { error: "no such path" });
      response.writeHead(200, { "content-type": "application/vnd.ipld.raw" });
      return response.end(await block(node, found.cid));
    }
    if (format === "car") {
      const blocks = blocksOf(node, cid, path, { scope: url.searchParams.get("dag-scope") ?? "all", dups: url.searchParams.get("car-dups") !== "n" });
      const parts = (async function* () {
        yield carHeader(cid);
        for await (const [id, bytes] of blocks) yield section(id.bytes, bytes);
      })();
      response.writeHead(200, { "content-type": "application/vnd.ipld.car; version=1; order=dfs; dups=y" });
      return Readable.from(parts, { objectMode: false }).on("error", () => response.destroy()).pipe(response);
    }
    const found = await resolve(node, cid, path);
    if (!found.cid) return answer(response, 404, { error: "no such path" });
    const bytes = await block(node, found.cid);
    if (isDirectory(found.cid, bytes)) return response.writeHead(200, { "content-type": "text/html" }).end("<title>a listing</title>");
    const parts = [];
    // Documents in other codecs are their own block.
    if (found.cid.code === dagPb.code || found.cid.code === 0x55) for await (const part of node.fs.cat(found.cid)) parts.push(part);
    else parts.push(bytes);
    const body = Buffer.concat(parts);
    let type = "application/octet-stream";
    if (body.length < 1 << 20) {
      try {
        JSON.parse(body.toString("utf8"));
        type = "application/json";
      } catch {}
    }
    response.writeHead(200, { "content-type": type, etag: `"${found.cid}"` });
    response.end(body);
  };
}

export function answer(response, status, body) {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body, (_, value) => (typeof value === "bigint" ? Number(value) : value)));
}
