//! The OpenGradient network: LLMs in attested enclaves, paid for each request.
//!
//! ```text
//! registry (chain) ── active enclaves ──▶ tee::registry ── endpoint, key ──▶ llm::client
//!                                                                               │ request
//! answer, proven ◀── tee::proof ◀── llm::answer, llm::stream ◀── Sender (x402) ◀┘
//! ```
//!
//! * [`llm`]: requests, answers, streams, and the flows between them.
//! * [`tee`]: which enclaves there are, and whether an answer is really theirs.
//! * [`paid`]: requests to enclaves through the x402 payer.
//! * [`approval`]: the allowance that payments need.
//! * [`network`]: chains, contracts, endpoints.
//! * [`abi`]: the contracts.

pub mod abi;
pub mod approval;
pub(crate) mod base64;
pub mod llm;
pub mod network;
pub mod paid;
pub mod tee;
