/** Content from IPFS and to it. The WebAssembly is loaded when these are called. */

import * as wasm from "./wasm/ogpu/ogkit.js";
import { isPublicUrl, trust } from "./public-fetch.js";
import type { FetchOptions, IpfsContent, IpfsData, IpfsPieces, IpfsStreamProof, JsonValue, PinOptions } from "./wasm/ogpu/ogkit.js";

/** Content whose bytes are still coming, each piece proven before it is given. */
export interface IpfsStream extends IpfsStreamProof {
  /** The bytes. Nothing is read ahead of the reader but what is under way; cancelling ends the requests. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
}

type Bytes = Uint8Array<ArrayBuffer>;

export async function publish(data: IpfsData, pinUrl: string, options?: PinOptions): Promise<string> {
  trust(pinUrl);
  const link = await wasm.publishToIpfs(data, pinUrl, options);
  // A service of one's own machine or network may point to a gateway there; a public one may not.
  if (!isPublicUrl(pinUrl)) trust(link);
  return link;
}

export const fetchContent = (gateways: string[], url: string, options?: FetchOptions): Promise<IpfsContent> =>
  wasm.fetchIpfs(gateways, url, "proof", options) as Promise<IpfsContent>;

export const fetchJson = (gateways: string[], url: string, options?: FetchOptions): Promise<JsonValue> =>
  wasm.fetchIpfs(gateways, url, "json", options) as Promise<JsonValue>;

export const fetchBytes = (gateways: string[], url: string, options?: FetchOptions): Promise<Bytes> =>
  wasm.fetchIpfs(gateways, url, "bytes", options) as Promise<Bytes>;

export async function fetchStream(gateways: string[], url: string, options?: FetchOptions): Promise<IpfsStream> {
  const pieces = await wasm.fetchIpfsPieces(gateways, url, options);
  return Object.freeze({ ...pieces.about, stream: readable(pieces) });
}

function readable(pieces: IpfsPieces): ReadableStream<Bytes> {
  let isFree = false;
  const free = (): void => {
    if (!isFree) pieces.free();
    isFree = true;
  };
  return new ReadableStream<Bytes>(
    {
      async pull(controller) {
        let piece: Bytes | undefined;
        try {
          piece = await pieces.next();
        } finally {
          if (!piece) free();
        }
        if (piece) controller.enqueue(piece);
        else controller.close();
      },
      cancel() {
        if (!isFree) pieces.cancel();
        free();
      },
    },
    // A piece may be a megabyte: none is fetched before it is wanted.
    { highWaterMark: 0 },
  );
}
