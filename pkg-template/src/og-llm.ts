/** `og.llm`: chat and completion in attested enclaves, paid by the request. */

import { bag, signalOf } from "./border.js";
import { invalidInput } from "./errors.js";
import { chatOutput, completionOutput, type AssistantMessage, type TextGenerationOutput } from "./og-output.js";
import { PendingTextGenerationStream, TextGenerationStream } from "./og-stream.js";
import type { SettlementMode, TeeLlm } from "./og-models.js";
import { parseUnits } from "./units.js";
import type { CallOptions, Hash, OnPayment, OpenGradientCore, OpgApproval, OpgState, Tee, WriteOptions } from "./wasm/opengradient/ogkit.js";

/** A part of a user's message: a text, an image (`image_url`), a file … */
export type ContentPart = string | { readonly type: string; readonly [member: string]: unknown };

/** A message of a chat, as OpenAI's API has it. The enclave signs texts and calls, not the bytes of attachments. */
export type ChatMessage =
  | { readonly role: "system" | "developer" | "user"; readonly content: string | readonly ContentPart[] }
  | { readonly role: "assistant"; readonly content?: string | readonly ContentPart[] | null; readonly tool_calls?: readonly unknown[] }
  | { readonly role: "tool"; readonly content: string | readonly ContentPart[]; readonly tool_call_id: string }
  | { readonly role: "function"; readonly content: string | readonly ContentPart[]; readonly name: string }
  | AssistantMessage;

/**
 * A tool that the model may ask to have called. What is not of this form is refused before anything is signed; names are 1 to 64 letters, digits,
 * hyphens or underscores, each once, and `parameters` is an object.
 */
export interface Tool {
  readonly type: "function";
  readonly function: { readonly name: string; readonly description?: string; readonly parameters?: unknown; readonly strict?: boolean };
}

/** The form that the answer must have. */
export type ResponseFormat =
  | { readonly type: "text" }
  /** Not with Anthropic's models. */
  | { readonly type: "json_object" }
  | { readonly type: "json_schema"; readonly json_schema: { readonly name: string; readonly schema: object; readonly strict?: boolean } };

interface Shared {
  /** A member of {@link TeeLlm}, or any `vendor/name` that the servers know. */
  readonly model: TeeLlm | (string & {});
  /** Default: 100. */
  readonly maxTokens?: number | undefined;
  readonly stopSequence?: string | readonly string[] | undefined;
  /** 0 to 2; what is outside is refused before anything is signed. Default: 0. */
  readonly temperature?: number | undefined;
  readonly webSearch?: boolean | undefined;
  /** Default: the client's `settlement`. */
  readonly x402SettlementMode?: SettlementMode | undefined;
  /** A certain enclave; default: a random one, which stays. */
  readonly teeId?: Hash | undefined;
  /** Shown this request's payment before the wallet is asked, in place of the client's own `onPayment`; `false`, or a throw, refuses it. */
  readonly onPayment?: OnPayment | undefined;
  /**
   * Your explicit word, after a `PaymentUncertainError`, that the same payment is sent again with the same request, in place of paying anew.
   * A gateway with sessions may charge for the work twice, within the same cap. Default: false: what may have been paid is never sent again.
   */
  readonly retryPaid?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A chat. */
export interface ChatRequest extends Shared {
  readonly messages: readonly ChatMessage[];
  /** The answer as it is written. Tool calls come whole, in the last chunk. */
  readonly stream?: boolean | undefined;
  readonly tools?: readonly Tool[] | undefined;
  /** Default with tools: `"auto"`. */
  readonly toolChoice?: "auto" | "none" | "required" | { readonly type: "function"; readonly function: { readonly name: string } } | undefined;
  readonly responseFormat?: ResponseFormat | undefined;
}

/** A completion. */
export interface CompletionRequest extends Shared {
  readonly prompt: string;
}

/** How much Permit2 must be allowed to move; OPG in its smallest unit (18 decimals). */
export type ApprovalOptions = (
  | {
      /** As in 1.1: at least 0.1 OPG. */
      readonly minAllowance: bigint;
      /** What is approved where the allowance is less, at most the balance. Default: twice `minAllowance`. */
      readonly approveAmount?: bigint | undefined;
    }
  | {
      /** As in 0.7: at least 0.05 OPG, and just that is approved. */
      readonly opgAmount: bigint;
    }
) &
  WriteOptions;

const MIN_ALLOWANCE = parseUnits("0.1", 18);
const MIN_AMOUNT = parseUnits("0.05", 18);

/** Chat and completion. Made by `OpenGradient.connect`. */
export class Llm {
  readonly #core: OpenGradientCore;

  /** @internal */
  constructor(core: OpenGradientCore) {
    this.#core = core;
  }

  /**
   * Asks a model. With `stream: true` the result can be iterated at once, or awaited first. One HTTP request as long as the payment's
   * session goes on, else two; at most one wallet signature.
   * @throws InvalidInputError, PaymentRefusedError, InsufficientAllowanceError, InsufficientTokenBalanceError, WalletRejectedError,
   * PaymentRejectedError, PaymentUncertainError, TeeUnavailableError, InferenceError, VerificationError
   */
  chat(request: ChatRequest & { readonly stream: true }): PendingTextGenerationStream;
  chat(request: ChatRequest & { readonly stream?: false | undefined }): Promise<TextGenerationOutput>;
  chat(request: ChatRequest): PendingTextGenerationStream | Promise<TextGenerationOutput>;
  chat(request: ChatRequest): PendingTextGenerationStream | Promise<TextGenerationOutput> {
    const { teeId, signal, onPayment, retryPaid, ...asked } = bag(request, "request");
    if (asked.stream === true) {
      const open = (stop: AbortSignal) => this.#core.chatStream(asked, false, teeId, { signal: stop, onPayment, retryPaid });
      return new PendingTextGenerationStream(new TextGenerationStream(open, signalOf(signal, "options.signal")));
    }
    return this.#core.chat(asked, false, teeId, { signal, onPayment, retryPaid }).then(chatOutput);
  }

  /** Has a text continued. @throws as {@link Llm.chat} */
  async completion(request: CompletionRequest): Promise<TextGenerationOutput> {
    const { teeId, signal, onPayment, retryPaid, ...asked } = bag(request, "request");
    return completionOutput(await this.#core.completion(asked, teeId, { signal, onPayment, retryPaid }));
  }

  /**
   * Makes sure that payments can be taken: Permit2's allowance on the account's OPG. Where it is too small, the wallet is asked for one
   * approval, and the call waits until that shows. One HTTP request when nothing is to be done.
   * @throws InvalidInputError, InsufficientTokenBalanceError, WalletRejectedError, TxRevertError, TxReceiptTimeoutError
   */
  async ensureOpgApproval(options: ApprovalOptions): Promise<OpgApproval> {
    const { minAllowance, approveAmount, opgAmount, ...write } = bag(options, "options") as WriteOptions & { minAllowance?: bigint; approveAmount?: bigint; opgAmount?: bigint };
    if (opgAmount === undefined) {
      const least = atLeast("options.minAllowance", minAllowance, MIN_ALLOWANCE, "0.1 OPG");
      return this.#core.ensureApproval(least, approveAmount ?? least * 2n, write);
    }
    if (minAllowance !== undefined || approveAmount !== undefined) {
      throw invalidInput("options.opgAmount", "expected either opgAmount, or minAllowance with approveAmount");
    }
    const amount = atLeast("options.opgAmount", opgAmount, MIN_AMOUNT, "0.05 OPG");
    return this.#core.ensureApproval(amount, amount, write);
  }

  /** The account's OPG: its balance, and what Permit2 may move. One HTTP request. @throws RpcError, HttpError */
  getOpgState(options?: CallOptions): Promise<OpgState> {
    return this.#core.opgState(options);
  }

  /** The active enclaves. One HTTP request, and none while the last answer is fresh (5 minutes). @throws TeeUnavailableError */
  tees(options?: CallOptions): Promise<Tee[]> {
    return this.#core.tees(options);
  }
}

function atLeast(field: string, value: unknown, least: bigint, words: string): bigint {
  if (typeof value !== "bigint") throw invalidInput(field, `expected a bigint of OPG's smallest unit; parseUnits("5", 18) is 5 OPG`);
  if (value < least) throw invalidInput(field, `expected at least ${words}`);
  return value;
}
