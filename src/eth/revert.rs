//! Revert data → a reason: `Error(string)`, `Panic(uint256)` (Solidity's ABI), and custom errors.

use alloy_primitives::Bytes;
use alloy_sol_types::{Panic, Revert, SolError};

use super::replies::RpcFault;
use crate::error::clip;

alloy_sol_types::sol! {
    #[allow(missing_docs, reason = "OpenZeppelin's own errors")]
    interface OpenZeppelin {
        error OwnableUnauthorizedAccount(address account);
        error OwnableInvalidOwner(address owner);
        error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);
        error AccessControlBadConfirmation();
    }
}

/// Why a contract refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reverted {
    /// The reason string, the panic in words, the custom error with its values, or the selector.
    pub reason: String,
    /// The data as the node gave it; empty when it gave none.
    pub data: Bytes,
}

/// Reads revert data. `message` is the node's own text, used when there is no data.
pub fn decode(data: Bytes, message: &str) -> Reverted {
    use OpenZeppelin as Oz;
    let reason = if let Ok(revert) = Revert::abi_decode(&data) {
        clip(&revert.reason)
    } else if let Ok(panic) = Panic::abi_decode(&data) {
        match panic.kind() {
            Some(kind) => format!("panic 0x{:02x}: {kind}", kind as u8),
            None => format!("panic {}", panic.code),
        }
    } else if let Ok(error) = Oz::OwnableUnauthorizedAccount::abi_decode(&data) {
        format!("OwnableUnauthorizedAccount({})", error.account)
    } else if let Ok(error) = Oz::OwnableInvalidOwner::abi_decode(&data) {
        format!("OwnableInvalidOwner({})", error.owner)
    } else if let Ok(error) = Oz::AccessControlUnauthorizedAccount::abi_decode(&data) {
        format!("AccessControlUnauthorizedAccount({}, {})", error.account, error.neededRole)
    } else if Oz::AccessControlBadConfirmation::abi_decode(&data).is_ok() {
        "AccessControlBadConfirmation()".to_owned()
    } else if let Some(selector) = data.get(..4) {
        format!("custom error 0x{}", alloy_primitives::hex::encode(selector))
    } else {
        let text = message.strip_prefix("execution reverted").unwrap_or(message);
        let text = text.trim_start_matches([':', ' ']);
        if text.is_empty() { "no reason given".to_owned() } else { clip(text) }
    };
    Reverted { reason, data }
}

/// Tells a revert from the node's other errors: code 3 (the execution APIs' number), data that is hex, or the words.
pub fn from_fault(fault: &RpcFault) -> Option<Reverted> {
    let words = fault.message.to_ascii_lowercase();
    if fault.code == 3 || fault.data.is_some() || words.contains("revert") {
        return Some(decode(fault.data.clone().unwrap_or_default(), &fault.message));
    }
    None
}

#[cfg(test)]
mod tests {
    use alloy_primitives::{Address, U256};

    use super::*;

    #[test]
    fn each_kind_of_revert_has_its_words() {
        let text = Revert::from("NotOwner".to_owned()).abi_encode();
        assert_eq!(decode(text.into(), "").reason, "NotOwner");
        let panic = Panic { code: U256::from(0x32) }.abi_encode();
        assert!(decode(panic.into(), "").reason.starts_with("panic 0x32"));
        let custom = OpenZeppelin::OwnableUnauthorizedAccount { account: Address::ZERO }.abi_encode();
        assert!(decode(custom.into(), "").reason.starts_with("OwnableUnauthorizedAccount(0x"));
        assert_eq!(decode(Bytes::from_static(&[1, 2, 3, 4]), "").reason, "custom error 0x01020304");
        assert_eq!(decode(Bytes::new(), "execution reverted: Expired").reason, "Expired");
        assert_eq!(decode(Bytes::new(), "execution reverted").reason, "no reason given");
    }
}
