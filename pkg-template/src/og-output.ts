/** What a model answered, by the official SDKs' names. */

import type {
  Address, ChatAnswer, CompletionAnswer, Hash, PaymentReceipt, PaymentRecord, TeeProof, TokenUsage, ToolCall,
} from "./wasm/opengradient/ogkit.js";

/** An assistant's message, ready to be put into the next request's `messages`. */
export interface AssistantMessage {
  readonly role: "assistant";
  readonly content: string;
  readonly tool_calls?: readonly ToolCall[];
}

/** A whole answer. */
export interface TextGenerationOutput {
  /** As in the official SDKs: nothing happens on chain by itself. See {@link TextGenerationOutput.receipt}. */
  readonly transactionHash: "external";
  /** The text, of a chat or of a completion. Proven where `proof.covers` is `"text"`; empty beside proven tool calls. */
  readonly text: string;
  /** The message, of a chat. */
  readonly chatOutput?: AssistantMessage;
  /** The text, of a completion. */
  readonly completionOutput?: string;
  /**
   * The calls that the model wants made. Proven where `proof.covers` is `"toolCalls"`: put together again from what the enclave signed, and
   * of tools that the request offered. A model wrote them all the same: check the arguments before anything is done with them.
   */
  readonly toolCalls?: readonly ToolCall[];
  /** `stop`, `length`, `tool_calls` … by the server's word: no proof covers it. */
  readonly finishReason?: string;
  /** The model's name by the server's word: no proof covers it. That the request named `model` is proven. */
  readonly model?: string;
  /** `data:` URIs, or URLs unless `inlineImages` fetched them. No proof covers them. */
  readonly images: readonly string[];
  /** No proof covers it. */
  readonly usage?: TokenUsage;
  /** `x-processing-hash` (0.7). */
  readonly paymentHash?: string;
  readonly dataSettlementTransactionHash?: string;
  readonly dataSettlementBlobId?: string;
  /** RSA-PSS, base64; checked. */
  readonly teeSignature?: string;
  /** When the enclave signed, in unix seconds; checked, and between the question and the answer. */
  readonly teeTimestamp?: number;
  /** The enclave that answered. */
  readonly teeId?: Hash;
  readonly teeEndpoint: string;
  readonly teePaymentAddress?: Address;
  /** What was checked and found right, and what of the answer it covers; absent with `verify: "off"`. */
  readonly proof?: TeeProof;
  /** What was signed for it, by this request or an earlier one of the same session. */
  readonly payment?: PaymentRecord;
  /** The server's word on the settlement; sessions give none, they settle later. */
  readonly receipt?: PaymentReceipt;
}

type Details = Omit<TextGenerationOutput, "transactionHash" | "text" | "images" | "chatOutput" | "completionOutput">;

function details(answer: ChatAnswer | CompletionAnswer): Details {
  const { endpoint, paymentAddress, proof } = answer;
  const given = (["finishReason", "usage", "paymentHash", "dataSettlementTransactionHash", "dataSettlementBlobId", "payment", "receipt"] as const)
    .filter((name) => answer[name] !== undefined)
    .map((name) => [name, answer[name]]);
  const teeId = answer.teeId ?? proof?.teeId;
  return {
    ...(Object.fromEntries(given) as Partial<Details>),
    teeEndpoint: endpoint,
    ...(teeId ? { teeId } : {}),
    ...(paymentAddress ? { teePaymentAddress: paymentAddress } : {}),
    ...(proof ? { proof, teeSignature: proof.signature, teeTimestamp: proof.timestamp } : {}),
  };
}

/** A chat's answer. */
export function chatOutput(answer: ChatAnswer): TextGenerationOutput {
  const { content, toolCalls, images, model } = answer;
  const chat = Object.freeze({ role: "assistant", content, ...(toolCalls ? { tool_calls: toolCalls } : {}) } as const);
  return Object.freeze({
    transactionHash: "external", text: content, chatOutput: chat, images, ...details(answer),
    ...(toolCalls ? { toolCalls } : {}), ...(model === undefined ? {} : { model }),
  } as const);
}

/** A completion's answer. */
export function completionOutput(answer: CompletionAnswer): TextGenerationOutput {
  return Object.freeze({ transactionHash: "external", text: answer.content, completionOutput: answer.content, images: Object.freeze([]), ...details(answer) } as const);
}
