//! The contracts' ABI, bound from `abi/opengradient/*.sol`. One module for each file: they declare the same structs.

#![allow(missing_docs, reason = "the documentation is the NatSpec of abi/opengradient/*.sol")]

mod scheduler {
    alloy_sol_types::sol!("abi/opengradient/WorkflowScheduler.sol");
}
mod price_history {
    alloy_sol_types::sol!("abi/opengradient/PriceHistoryInference.sol");
}
mod executor {
    alloy_sol_types::sol!("abi/opengradient/ModelExecutorHistorical.sol");
}

pub use self::executor::ModelExecutorHistorical;
pub use self::price_history::PriceHistoryInference;
pub use self::scheduler::WorkflowScheduler;
