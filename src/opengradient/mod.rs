//! The OpenGradient network: inference on its chain, and the services around it.
//!
//! * [`alpha`]: its chain and the wallet that signs there.
//! * [`inference`]: ONNX models run through the hub contract; tensors in and out.
//! * [`workflow`]: contracts that feed a model with price history, by hand or on a schedule.
//! * [`onchain_llm`]: language models as they were called on chain before they moved to x402.
//! * [`image`]: the old image service, as far as a browser can reach it.
//! * [`hub`]: the model hub's accounts, models, versions and files.
//! * [`twins`]: chats with digital twins.

pub mod alpha;
#[allow(dead_code, reason = "only read here; what is written is the enclaves' part")]
mod base64;
pub mod hub;
pub mod image;
pub mod inference;
pub mod onchain_llm;
#[cfg(test)]
mod testing;
pub mod twins;
pub mod workflow;
