//! The models and the ways of settling a payment, by the official SDKs' names.

/// Models of the newest SDK (1.1.4) by their official member names. Unknown names pass through: servers learn new models
/// faster than this table.
pub const MODELS: &[(&str, &str)] = &[
    ("GPT_4_1_2025_04_14", "openai/gpt-4.1-2025-04-14"),
    ("GPT_4_1_MINI", "openai/gpt-4.1-mini"),
    ("GPT_4_1_NANO", "openai/gpt-4.1-nano"),
    ("O3", "openai/o3"),
    ("O4_MINI", "openai/o4-mini"),
    ("GPT_5", "openai/gpt-5"),
    ("GPT_5_MINI", "openai/gpt-5-mini"),
    ("GPT_5_2", "openai/gpt-5.2"),
    ("GPT_5_4", "openai/gpt-5.4"),
    ("GPT_5_4_MINI", "openai/gpt-5.4-mini"),
    ("GPT_5_4_NANO", "openai/gpt-5.4-nano"),
    ("GPT_5_5", "openai/gpt-5.5"),
    ("GPT_IMAGE_2", "openai/gpt-image-2"),
    ("CLAUDE_SONNET_4_5", "anthropic/claude-sonnet-4-5"),
    ("CLAUDE_SONNET_4_6", "anthropic/claude-sonnet-4-6"),
    ("CLAUDE_HAIKU_4_5", "anthropic/claude-haiku-4-5"),
    ("CLAUDE_OPUS_4_5", "anthropic/claude-opus-4-5"),
    ("CLAUDE_OPUS_4_6", "anthropic/claude-opus-4-6"),
    ("CLAUDE_OPUS_4_7", "anthropic/claude-opus-4-7"),
    ("CLAUDE_OPUS_4_8", "anthropic/claude-opus-4-8"),
    ("GEMINI_2_5_FLASH", "google/gemini-2.5-flash"),
    ("GEMINI_2_5_PRO", "google/gemini-2.5-pro"),
    ("GEMINI_2_5_FLASH_LITE", "google/gemini-2.5-flash-lite"),
    ("GEMINI_3_FLASH", "google/gemini-3-flash-preview"),
    ("GEMINI_3_1_PRO_PREVIEW", "google/gemini-3.1-pro-preview"),
    ("GEMINI_3_1_FLASH_LITE_PREVIEW", "google/gemini-3.1-flash-lite-preview"),
    ("GEMINI_3_5_FLASH", "google/gemini-3.5-flash"),
    ("GEMINI_2_5_FLASH_IMAGE", "google/gemini-2.5-flash-image"),
    ("GEMINI_3_1_FLASH_IMAGE", "google/gemini-3.1-flash-image"),
    ("GROK_4", "x-ai/grok-4"),
    ("GROK_4_FAST", "x-ai/grok-4-fast"),
    ("GROK_4_1_FAST", "x-ai/grok-4-1-fast"),
    ("GROK_4_1_FAST_NON_REASONING", "x-ai/grok-4-1-fast-non-reasoning"),
    ("GROK_4_20_REASONING", "x-ai/grok-4.20-reasoning"),
    ("GROK_4_20_NON_REASONING", "x-ai/grok-4.20-non-reasoning"),
    ("GROK_CODE_FAST_1", "x-ai/grok-code-fast-1"),
    ("GROK_2_IMAGE", "x-ai/grok-2-image"),
    ("SEED_1_6", "bytedance/seed-1.6"),
    ("SEED_1_8", "bytedance/seed-1.8"),
    ("SEED_2_0_LITE", "bytedance/seed-2.0-lite"),
    ("DEEPSEEK_V4_FLASH", "bytedance/deepseek-v4-flash"),
    ("DEEPSEEK_V4_PRO", "bytedance/deepseek-v4-pro"),
    ("SEEDREAM_4_0", "bytedance/seedream-4.0"),
    ("SEEDANCE_4_5", "bytedance/seedance-4.5"),
    ("HERMES_4_405B", "nous/hermes-4-405b"),
    ("HERMES_4_70B", "nous/hermes-4-70b"),
    ("GLM_5_2", "zai/glm-5.2"),
    ("GLM_IMAGE", "zai/glm-image"),
];

/// What 0.7.4 knew besides, or knew by another spelling.
pub const MODELS_0_7: &[(&str, &str)] = &[
    ("GPT_4O", "openai/gpt-4o"),
    ("CLAUDE_3_7_SONNET", "anthropic/claude-3.7-sonnet"),
    ("CLAUDE_3_5_HAIKU", "anthropic/claude-3.5-haiku"),
    ("CLAUDE_4_0_SONNET", "anthropic/claude-4.0-sonnet"),
    ("GEMINI_2_0_FLASH", "google/gemini-2.0-flash"),
    ("GROK_3_MINI_BETA", "x-ai/grok-3-mini-beta"),
    ("GROK_3_BETA", "x-ai/grok-3-beta"),
    ("GROK_2_1212", "x-ai/grok-2-1212"),
    ("GROK_2_VISION_LATEST", "x-ai/grok-2-vision-latest"),
    ("GROK_4_1_FAST", "x-ai/grok-4.1-fast"),
];

/// The vendors in front of the slash in model names.
const VENDORS: &[&str] = &["openai", "anthropic", "google", "x-ai", "bytedance", "nous", "zai"];

/// The name that goes to the server: without `vendor/`, whatever the vendor.
pub fn model_id(model: &str) -> &str {
    model.split_once('/').map_or(model, |(_, id)| id)
}

/// The name without `vendor/` where the vendor is a known one; names from OpenAI-style bodies may hold slashes of their own.
pub fn known_model_id(model: &str) -> &str {
    match model.split_once('/') {
        Some((vendor, id)) if VENDORS.contains(&vendor) => id,
        _ => model,
    }
}

/// Whether one of the tables has the model, with its vendor or without.
pub fn is_known(model: &str) -> bool {
    MODELS.iter().chain(MODELS_0_7).any(|(_, known)| *known == model || model_id(known) == model)
}

/// Whether the model is Anthropic's, which takes no `json_object` format.
pub fn is_anthropic(model: &str) -> bool {
    model.starts_with("anthropic/") || (model_id(model).starts_with("claude-") && !model.contains('/'))
}

/// How the server settles the payment, and what it puts on chain about the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// The payment alone, nothing about input or output (1.1).
    Private,
    /// Hashes and signatures of many requests in one Merkle tree (1.1, the default).
    BatchHashed,
    /// Each request by itself, with its full data (the TypeScript SDK).
    IndividualFull,
    /// Hashes of input and output (0.7).
    Settle,
    /// Model, input and output in full (0.7).
    SettleMetadata,
    /// Hashes of many requests together (0.7, its default).
    SettleBatch,
}

impl Settlement {
    /// Reads a header value or an official member name of any version.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "private" | "PRIVATE" => Self::Private,
            "batch" | "BATCH_HASHED" => Self::BatchHashed,
            "individual" | "INDIVIDUAL_FULL" => Self::IndividualFull,
            "settle" | "SETTLE" | "SETTLE_INDIVIDUAL" => Self::Settle,
            "settle-metadata" | "SETTLE_METADATA" | "SETTLE_INDIVIDUAL_WITH_METADATA" => Self::SettleMetadata,
            "settle-batch" | "SETTLE_BATCH" => Self::SettleBatch,
            _ => return None,
        })
    }

    /// The value of the header `X-SETTLEMENT-TYPE`.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::BatchHashed => "batch",
            Self::IndividualFull => "individual",
            Self::Settle => "settle",
            Self::SettleMetadata => "settle-metadata",
            Self::SettleBatch => "settle-batch",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_vendor() {
        assert_eq!(model_id("openai/gpt-5"), "gpt-5");
        assert_eq!(model_id("gpt-5"), "gpt-5");
        assert_eq!(model_id("new/vendor/name"), "vendor/name");
        assert_eq!(known_model_id("zz/with-slash"), "zz/with-slash");
        assert!(!is_known("gpt-6") && !is_known("openai/") && !is_known("") && !is_known("anthropic/gpt-5"));
        assert!(is_anthropic("anthropic/x") && is_anthropic("claude-opus-4-8") && !is_anthropic("other/claude-like"));
        for (name, model) in MODELS.iter().chain(MODELS_0_7) {
            assert!(is_known(model) && is_known(model_id(model)));
            assert_ne!(known_model_id(model), *model, "{name}: the vendor is in the list");
        }
    }

    #[test]
    fn every_settlement_has_its_header_and_aliases() {
        for text in ["private", "batch", "individual", "settle", "settle-metadata", "settle-batch"] {
            assert_eq!(Settlement::parse(text).map(Settlement::header), Some(text));
        }
        assert_eq!(Settlement::parse("SETTLE_INDIVIDUAL"), Some(Settlement::Settle));
        assert_eq!(Settlement::parse("SETTLE_INDIVIDUAL_WITH_METADATA"), Some(Settlement::SettleMetadata));
        assert_eq!(Settlement::parse("batch\r\nx: y"), None);
    }
}
