//! The contracts' ABI, bound from `abi/ogpu/*.sol`. One module for each file: two of them declare the same structs.

#![allow(missing_docs, reason = "the documentation is the NatSpec of abi/ogpu/*.sol")]
#![allow(clippy::too_many_arguments, reason = "the contracts' own signatures")]

mod nexus {
    alloy_sol_types::sol!("abi/ogpu/Nexus.sol");
}
mod controller {
    alloy_sol_types::sol!("abi/ogpu/Controller.sol");
}
mod terminal {
    alloy_sol_types::sol!("abi/ogpu/Terminal.sol");
}
mod vault {
    alloy_sol_types::sol!("abi/ogpu/Vault.sol");
}
mod manager {
    alloy_sol_types::sol!("abi/ogpu/Manager.sol");
}
mod source {
    alloy_sol_types::sol!("abi/ogpu/Source.sol");
}
mod task {
    alloy_sol_types::sol!("abi/ogpu/Task.sol");
}
mod response {
    alloy_sol_types::sol!("abi/ogpu/Response.sol");
}

pub use self::controller::Controller;
pub use self::manager::Manager;
pub use self::nexus::Nexus;
pub use self::response::Response;
pub use self::source::Source;
pub use self::task::Task;
pub use self::terminal::Terminal;
pub use self::vault::Vault;
