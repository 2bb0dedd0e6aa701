/** What every entry of `ogkit/opengradient` exports beside its functions. */

export {
  OgError, InvalidInputError, PaymentError, PaymentRefusedError, NotPayableError, InsufficientAllowanceError,
  InsufficientTokenBalanceError, PaymentSignatureError, PaymentExpiredError, PaymentRejectedError, PaymentUncertainError,
  VerificationError, StreamCutError, TeeUnavailableError, InferenceError, ResultRetrievalError, AuthenticationError, ServiceError,
  NotReachableError, TxError, TxRevertError, NonceError, GasError, TxReceiptTimeoutError, TxRpcError, TxReplacedError,
  TxUncertainError, TxMismatchError, TxAwaitingApprovalError, TxPartialError, RpcDisagreementError, ConfigError, MissingSignerError, ChainNotSupportedError, WalletError, WalletRejectedError, WalletRequestPendingError,
  WalletLockedError, WrongChainError, WalletUnsupportedMethodError, WalletDisconnectedError, WalletUnauthorizedError,
  WalletFailedError, RpcError, HttpError, ProtocolError, ModuleLoadError, FreedError, isOgError,
} from "./errors.js";
export type { OgErrorCode, OgErrorWith } from "./errors.js";
export * from "./units.js";
export { SettlementMode, TeeLlm } from "./og-models.js";
export { openGradientNetworks } from "./og-networks.js";
export { discoverWallets, watchWallets, type DiscoveredWallet } from "./wallets.js";
export type { OpenGradientOptions } from "./og-client.js";
export type { OpenGradientStatic } from "./og-api.js";
export type {
  ApprovalOptions, ChatMessage, ChatRequest, CompletionRequest, ContentPart, Llm, ResponseFormat, Tool,
} from "./og-llm.js";
export type { AssistantMessage, TextGenerationOutput } from "./og-output.js";
export { PendingTextGenerationStream, TextGenerationStream, type StreamChunk } from "./og-stream.js";
export { getPayment, type FetchWithPayment, type FetchWithPaymentOptions, type ResponsePayment } from "./og-payments.js";
export { relayFetch, type TeeSource } from "./og-transport.js";
export { pinnedFetch } from "./pinned.js";
export type {
  Address, AssetRule, CallOptions, Eip1193Provider, FetchLike, Hash, Hex, OnPayment, OpenGradientNetwork, OpgApproval, OpgState,
  PaymentChain, PaymentPolicy, PaymentProposal, PaymentReceipt, PaymentRecord, PaymentStore, Progress, Tee, TeeProof, TokenUsage, ToolCall, WriteOptions,
} from "./wasm/opengradient/ogkit.js";
export { CandleOrder, CandleType, InferenceMode, LLM, LlmInferenceMode, TEE_LLM, type AlphaOptions } from "./alpha.js";
export type { AlphaApi, AlphaStatic, ModelHubStatic, TwinsStatic } from "./alpha-api.js";
export * from "./alphasense.js";
export type { GenerateImage } from "./image.js";
export type { UploadOptions, UploadProgress } from "./model-hub.js";
export type { UploadSource } from "./upload.js";
export * from "./workflow-models.js";
export type {
  AlphaNetwork, FileUploadResult, HistoricalInputQuery, HubFile, ImageParams, InferenceResult, LlmChatParams, LlmChatResult,
  LlmCompletionParams, LlmCompletionResult, LlmMessage, ModelHubOptions, ModelInput, ModelOutput, ModelRepository, ModelVersion, Nested,
  NumberArray, SchedulerParams, ShapedTensor, TwinAnswer, TwinChatParams, TwinsOptions, Workflow, WorkflowModelOutput,
  WorkflowRegistration, WorkflowRun,
} from "./wasm/opengradient/ogkit.js";
