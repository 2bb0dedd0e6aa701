//! Where the network is, as the official SDKs have it.

use alloy_primitives::{Address, address};

/// The alpha network's RPC endpoint. It holds the registry of enclaves.
pub const ALPHA_RPC: &str = "https://ogevmdevnet.opengradient.ai";

/// The registry of enclaves (Python SDK 1.1.4).
pub const TEE_REGISTRY: Address = address!("0x703cB174AEadB35D611858369B4b1111dC9Abda6");

/// The registry that the TypeScript SDK 2.1.1 reads.
pub const TEE_REGISTRY_OLDER: Address = address!("0x4e72238852f3c918f4E4e57AeC9280dDB0c80248");

/// The LLM server of 0.7, in front of enclaves of its own choice.
pub const LLM_SERVER_0_7: &str = "https://llm.opengradient.ai";
