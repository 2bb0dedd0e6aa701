/** A conversation's messages: what is shown of them, and what goes into a request. */

import { listed } from "../border.js";
import { invalidInput, isOgError, type OgErrorCode } from "../errors.js";
import type { ChatMessage } from "../og-llm.js";
import type { TextGenerationOutput } from "../og-output.js";
import type { PaymentRecord } from "../wasm/opengradient/ogkit.js";

/**
 * Where a request is: `preparing` (an enclave is chosen and asked, and an earlier signature pays if one is still good), `confirming` (the
 * price is shown), `signing` (the wallet has its window open, then the payment goes out), `streaming`, and how it ended.
 */
export type ReplyStatus = "preparing" | "confirming" | "signing" | "streaming" | "done" | "failed" | "stopped";

/** Whether a request was paid, as far as it is known: with `maybe` a payment went out, or may have, and nobody said what came of it. */
export type Paid = "no" | "maybe" | "yes";

/** What came of a request. */
export interface ChatReply {
  readonly status: ReplyStatus;
  readonly paid: Paid;
  /** Why it failed. */
  readonly error?: unknown;
  /** What was signed for it, by this request or an earlier one of the same session; with `upto` the amount is the most. */
  readonly payment?: PaymentRecord;
  /** The whole answer, once it is there: what was proven, used and called for, and where it was settled, if it was. */
  readonly output?: TextGenerationOutput;
}

/** A message, as it is shown. */
export interface ChatEntry {
  /** Its key; it stays. */
  readonly id: string;
  readonly role: ChatMessage["role"];
  /** Its text. An answer's grows while it is `streaming`, and is proven only once it is `done`. */
  readonly text: string;
  /** As requests carry it. */
  readonly message: ChatMessage;
  /** Whether the next request carries it. What was not answered is left out, and so are answers that are not whole and proven. */
  readonly kept: boolean;
  /** Of an answer that was asked for here. */
  readonly reply?: ChatReply;
}

/** A message may have this many parts. */
const MAX_PARTS = 10_000;

/** The text of a message, without what else it is made of. @throws InvalidInputError */
export function textOf({ content }: ChatMessage): string {
  if (!Array.isArray(content)) return typeof content === "string" ? content : "";
  const text = (part: unknown): string => {
    const said = typeof part === "string" ? part : (part as { readonly text?: unknown } | null | undefined)?.text;
    return typeof said === "string" ? said : "";
  };
  return listed(content, "content", MAX_PARTS).map(text).join("");
}

/** Fails where the model asked for calls and a request would not tell what they gave: servers refuse that, and may be paid for it. */
export function checkCalls(messages: readonly ChatMessage[]): void {
  let open: string[] = [];
  const check = (): void => {
    if (open.length) throw invalidInput("messages", `the call ${open[0]} has no result: send it as { role: "tool", tool_call_id, content }, before anything else`);
  };
  for (const message of messages) {
    if (message.role === "tool") {
      open = open.filter((id) => id !== message.tool_call_id);
      continue;
    }
    check();
    if (message.role === "assistant") open = (message.tool_calls ?? []).map((call) => String((call as { readonly id?: unknown }).id));
  }
  check();
}

/** Failures that come before a payment goes out, or instead of it. */
const UNPAID: ReadonlySet<OgErrorCode> = new Set<OgErrorCode>([
  "invalidInput", "missingSigner", "moduleLoad", "chainNotSupported", "teeUnavailable", "http", "rpc", "rpcDisagreement", "paymentRefused", "notPayable",
  "insufficientAllowance", "insufficientTokenBalance", "paymentSignature", "paymentExpired", "walletRejected", "walletRequestPending",
  "walletLocked", "wrongChain", "walletUnsupportedMethod", "walletDisconnected", "walletUnauthorized", "walletFailed",
]);

/** What a failure says of the money. Once an answer has begun its payment was taken, but what fails is often not charged. */
export function paidDespite(error: unknown, reply: ChatReply): Paid {
  if (reply.status === "streaming") return reply.payment ? "maybe" : "no";
  if (isOgError(error, "inference")) return error.paid;
  return isOgError(error) && UNPAID.has(error.code) ? "no" : "maybe";
}
