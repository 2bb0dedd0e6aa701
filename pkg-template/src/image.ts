/** Pictures from the service of the 0.4 era. */

import type { CallOptions, ImageParams } from "./wasm/opengradient/ogkit.js";

/**
 * Draws a picture; resolves to the bytes of its file.
 *
 * The service speaks gRPC over HTTP/2 without TLS, whose trailers no page can read, so it is reached through a gRPC-Web proxy
 * (Envoy, grpcwebproxy) of yours: `proxy` is its address. Without one the call is refused, in Node too, where the service would
 * want an HTTP/2 client that this package does not bring.
 *
 * @throws NotReachableError without a proxy, InvalidInputError, ServiceError, HttpError, ProtocolError
 */
export type GenerateImage = (params: ImageParams, options?: CallOptions) => Promise<Uint8Array>;
