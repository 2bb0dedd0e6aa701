//! The contracts' ABI, bound from `abi/opengradient/*.sol`.

#![allow(missing_docs, reason = "the documentation is the NatSpec of abi/opengradient/*.sol")]

mod hub {
    alloy_sol_types::sol!("abi/opengradient/InferenceHub.sol");
}
mod precompile {
    alloy_sol_types::sol!("abi/opengradient/InferencePrecompile.sol");
}

pub use self::hub::InferenceHub;
pub use self::precompile::InferencePrecompile;
