/** What `ogkit/opengradient/alpha` exports beside its functions. */

export { CandleOrder, CandleType, InferenceMode, LLM, LlmInferenceMode, TEE_LLM, type AlphaOptions } from "./alpha.js";
export type { AlphaApi, AlphaStatic, ModelHubStatic, TwinsStatic } from "./alpha-api.js";
export * from "./alphasense.js";
export { isOgError, OgError } from "./errors.js";
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
