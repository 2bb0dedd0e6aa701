/** Chats with digital twins, which OpenGradient's inference answers. */

import type { CallOptions, TwinAnswer, TwinChatParams, TwinsCore } from "./wasm/opengradient/ogkit.js";

/** The twins' service, with a key for it. The key is in no error. */
export class Twins {
  readonly #open: () => Promise<TwinsCore>;

  /** @internal */
  constructor(open: () => Promise<TwinsCore>) {
    this.#open = open;
  }

  /**
   * Asks a twin. One request, never repeated: each may be billed.
   * @throws InvalidInputError, AuthenticationError, ServiceError, HttpError, ProtocolError
   */
  async chat(params: TwinChatParams, options?: CallOptions): Promise<TwinAnswer> {
    return (await this.#open()).chat(params, options);
  }
}
