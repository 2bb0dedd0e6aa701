//! ONNX models on chain: tensors in, one transaction, tensors out.
//!
//! ```text
//! tensors ──input──▶ hub.run ──▶ InferenceResult ──output──▶ tensors
//!                                └─ empty: ModelInferenceEvent's id ──node──▶ tensors
//! ```

pub mod abi;
pub mod decimal;
pub mod flow;
#[cfg(test)]
mod flow_tests;
pub mod input;
pub mod node;
pub mod output;
pub mod tensor;
#[cfg(test)]
mod tests;
pub(crate) mod words;

use crate::error::Error;

/// How an inference is run and proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum InferenceMode {
    /// By the network's nodes, without proof.
    Vanilla = 0,
    /// With a zero-knowledge proof.
    Zkml = 1,
    /// In an enclave.
    Tee = 2,
}

impl TryFrom<&str> for InferenceMode {
    type Error = Error;
    /// Reads the official name.
    fn try_from(name: &str) -> Result<Self, Error> {
        match name {
            "VANILLA" => Ok(Self::Vanilla),
            "ZKML" => Ok(Self::Zkml),
            "TEE" => Ok(Self::Tee),
            other => Err(Error::input(
                "inferenceMode",
                format!("expected VANILLA, ZKML or TEE, but found {}", crate::error::clip(other)),
            )),
        }
    }
}

/// A model's content id may have this many bytes; the hub's own have 43 to 59.
pub const MAX_MODEL_CID: usize = 1024;

/// Checks a model's content id. It is the network's own and need be no IPFS CID.
pub(crate) fn check_model_cid(cid: &str) -> Result<(), Error> {
    if cid.is_empty() || cid.len() > MAX_MODEL_CID {
        return Err(Error::input("modelCid", "expected a model's content id"));
    }
    Ok(())
}
