//! The contracts' ABI, bound from `abi/opengradient/*.sol`.

#![allow(missing_docs, reason = "the documentation is the NatSpec of abi/opengradient/*.sol")]
#![allow(clippy::too_many_arguments, reason = "the contracts' own signatures")]

mod tee_registry {
    alloy_sol_types::sol!("abi/opengradient/TEERegistry.sol");
}

pub use self::tee_registry::TEERegistry;
