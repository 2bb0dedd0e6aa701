//! The OpenGradient network: LLMs in attested enclaves, paid for each request; inference on its chain; and the services
//! around it.
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
//! * [`alpha`]: the network's own chain and the wallet that signs there.
//! * [`inference`]: ONNX models run through the hub contract; tensors in and out.
//! * [`workflow`]: contracts that feed a model with price history, by hand or on a schedule.
//! * [`onchain_llm`]: language models as they were called on chain before they moved to x402.
//! * [`image`]: the old image service, as far as a browser can reach it.
//! * [`hub`]: the model hub's accounts, models, versions and files.
//! * [`twins`]: chats with digital twins.
//! * [`network`]: chains, contracts, endpoints.
//! * [`abi`]: the contracts.

pub mod abi;
pub mod alpha;
pub mod approval;
pub mod hub;
pub mod image;
pub mod inference;
pub mod llm;
pub mod network;
pub mod onchain_llm;
pub mod paid;
pub mod tee;
#[cfg(test)]
mod testing;
pub mod twins;
pub mod workflow;
