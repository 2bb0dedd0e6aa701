// The peer in the page: ipfs-unixfs-importer as its documents use it, with a store that keeps nothing.
import { importByteStream, importBytes } from "ipfs-unixfs-importer";

const nowhere = { put: async (cid) => cid };

async function* pieces(blob) {
  const reader = blob.stream().getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

const PROFILES = { "kubo v0": { profile: "unixfs-v0-2015" }, "kubo v1": {}, "unixfs-v1-2025": { profile: "unixfs-v1-2025" } };

export async function peer(content, layout) {
  const options = PROFILES[layout];
  const entry = content instanceof Blob ? await importByteStream(pieces(content), nowhere, options) : await importBytes(content, nowhere, options);
  return entry.cid.toString();
}
