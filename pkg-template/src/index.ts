/** `ogkit`: everything. Pick `ogkit/ogpu` or `ogkit/opengradient` where one network is enough. */

import { preload as preloadOgpu } from "./ogpu.js";
import { preload as preloadOpenGradient } from "./opengradient.js";

export * from "./ogpu.js";
export { OpenGradient, fetchWithPayment } from "./opengradient.js";
// Everything that the other network's entry has too is left out here: it is the same.
export {
  PaymentError, PaymentRefusedError, NotPayableError, InsufficientAllowanceError, InsufficientTokenBalanceError,
  PaymentSignatureError, PaymentExpiredError, PaymentRejectedError, PaymentUncertainError, VerificationError, StreamCutError,
  TeeUnavailableError, InferenceError, ResultRetrievalError, AuthenticationError, ServiceError, NotReachableError,
  SettlementMode, TeeLlm, openGradientNetworks, PendingTextGenerationStream, TextGenerationStream, getPayment, relayFetch, pinnedFetch,
} from "./og-shared.js";
export type {
  OpenGradientOptions, OpenGradientStatic, ApprovalOptions, ChatMessage, ChatRequest, CompletionRequest, ContentPart, Llm,
  ResponseFormat, Tool, AssistantMessage, TextGenerationOutput, StreamChunk, FetchWithPayment, FetchWithPaymentOptions,
  ResponsePayment, TeeSource, AssetRule, FetchLike, OnPayment, OpenGradientNetwork, OpgApproval, OpgState, PaymentChain, PaymentPolicy,
  PaymentProposal, PaymentReceipt, PaymentRecord, Tee, TeeProof, TokenUsage, ToolCall,
} from "./og-shared.js";

/** Loads both networks' WebAssembly ahead of the first call. Optional. @throws ModuleLoadError; the next call tries again */
export async function preload(): Promise<void> {
  await Promise.all([preloadOgpu(), preloadOpenGradient()]);
}
