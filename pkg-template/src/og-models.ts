/** Models and settlement modes by their official names. */

/**
 * The models of the newest official SDK (1.1.4), and what 0.7.4 knew besides. Servers learn new models faster than this list:
 * any `vendor/name` may be used.
 */
export const TeeLlm = Object.freeze({
  GPT_4_1_2025_04_14: "openai/gpt-4.1-2025-04-14",
  GPT_4_1_MINI: "openai/gpt-4.1-mini",
  GPT_4_1_NANO: "openai/gpt-4.1-nano",
  O3: "openai/o3",
  O4_MINI: "openai/o4-mini",
  GPT_5: "openai/gpt-5",
  GPT_5_MINI: "openai/gpt-5-mini",
  GPT_5_2: "openai/gpt-5.2",
  GPT_5_4: "openai/gpt-5.4",
  GPT_5_4_MINI: "openai/gpt-5.4-mini",
  GPT_5_4_NANO: "openai/gpt-5.4-nano",
  GPT_5_5: "openai/gpt-5.5",
  GPT_IMAGE_2: "openai/gpt-image-2",
  CLAUDE_SONNET_4_5: "anthropic/claude-sonnet-4-5",
  CLAUDE_SONNET_4_6: "anthropic/claude-sonnet-4-6",
  CLAUDE_HAIKU_4_5: "anthropic/claude-haiku-4-5",
  CLAUDE_OPUS_4_5: "anthropic/claude-opus-4-5",
  CLAUDE_OPUS_4_6: "anthropic/claude-opus-4-6",
  CLAUDE_OPUS_4_7: "anthropic/claude-opus-4-7",
  CLAUDE_OPUS_4_8: "anthropic/claude-opus-4-8",
  GEMINI_2_5_FLASH: "google/gemini-2.5-flash",
  GEMINI_2_5_PRO: "google/gemini-2.5-pro",
  GEMINI_2_5_FLASH_LITE: "google/gemini-2.5-flash-lite",
  GEMINI_3_FLASH: "google/gemini-3-flash-preview",
  GEMINI_3_1_PRO_PREVIEW: "google/gemini-3.1-pro-preview",
  GEMINI_3_1_FLASH_LITE_PREVIEW: "google/gemini-3.1-flash-lite-preview",
  GEMINI_3_5_FLASH: "google/gemini-3.5-flash",
  GEMINI_2_5_FLASH_IMAGE: "google/gemini-2.5-flash-image",
  GEMINI_3_1_FLASH_IMAGE: "google/gemini-3.1-flash-image",
  GROK_4: "x-ai/grok-4",
  GROK_4_FAST: "x-ai/grok-4-fast",
  GROK_4_1_FAST: "x-ai/grok-4-1-fast",
  GROK_4_1_FAST_NON_REASONING: "x-ai/grok-4-1-fast-non-reasoning",
  GROK_4_20_REASONING: "x-ai/grok-4.20-reasoning",
  GROK_4_20_NON_REASONING: "x-ai/grok-4.20-non-reasoning",
  GROK_CODE_FAST_1: "x-ai/grok-code-fast-1",
  GROK_2_IMAGE: "x-ai/grok-2-image",
  SEED_1_6: "bytedance/seed-1.6",
  SEED_1_8: "bytedance/seed-1.8",
  SEED_2_0_LITE: "bytedance/seed-2.0-lite",
  DEEPSEEK_V4_FLASH: "bytedance/deepseek-v4-flash",
  DEEPSEEK_V4_PRO: "bytedance/deepseek-v4-pro",
  SEEDREAM_4_0: "bytedance/seedream-4.0",
  SEEDANCE_4_5: "bytedance/seedance-4.5",
  HERMES_4_405B: "nous/hermes-4-405b",
  HERMES_4_70B: "nous/hermes-4-70b",
  GLM_5_2: "zai/glm-5.2",
  GLM_IMAGE: "zai/glm-image",
  // 0.7.4
  GPT_4O: "openai/gpt-4o",
  CLAUDE_3_7_SONNET: "anthropic/claude-3.7-sonnet",
  CLAUDE_3_5_HAIKU: "anthropic/claude-3.5-haiku",
  CLAUDE_4_0_SONNET: "anthropic/claude-4.0-sonnet",
  GEMINI_2_0_FLASH: "google/gemini-2.0-flash",
  GROK_3_MINI_BETA: "x-ai/grok-3-mini-beta",
  GROK_3_BETA: "x-ai/grok-3-beta",
  GROK_2_1212: "x-ai/grok-2-1212",
  GROK_2_VISION_LATEST: "x-ai/grok-2-vision-latest",
} as const);
export type TeeLlm = (typeof TeeLlm)[keyof typeof TeeLlm];

/**
 * How a payment is settled, and what goes on chain about a request. `BATCH_HASHED` is the default: hashes and signatures of many
 * requests in one Merkle tree. `PRIVATE`: nothing about input and output. `INDIVIDUAL_FULL`: each request by itself with its full
 * data. The others are those of 0.7.4.
 */
export const SettlementMode = Object.freeze({
  PRIVATE: "private",
  BATCH_HASHED: "batch",
  INDIVIDUAL_FULL: "individual",
  SETTLE: "settle",
  SETTLE_METADATA: "settle-metadata",
  SETTLE_BATCH: "settle-batch",
  SETTLE_INDIVIDUAL: "settle",
  SETTLE_INDIVIDUAL_WITH_METADATA: "settle-metadata",
} as const);
export type SettlementMode = (typeof SettlementMode)[keyof typeof SettlementMode];
