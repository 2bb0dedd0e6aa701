//! Revert data → a reason: `Error(string)`, `Panic(uint256)` (Solidity's ABI), and custom errors.

use alloy_primitives::{Address, B256, Bytes};
use alloy_sol_types::{Panic, Revert, SolError};

use super::replies::RpcFault;
use crate::error::{Error, Kind, clip};

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
    /// What kind of refusal it is.
    pub kind: Refusal,
}

/// What kind of refusal a revert is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `require` with words.
    Words,
    /// No words: no reason at all, or a custom error that is not known.
    Unnamed,
    /// Solidity's `Panic` with its number.
    Panic(u64),
    /// OpenZeppelin's Ownable or AccessControl: the account, and the role it lacks.
    Unauthorized(Address, Option<B256>),
}

impl Reverted {
    /// The failure, where no network knows better.
    pub fn into_error(self, hash: Option<B256>) -> Error {
        Error::from(match self.kind {
            Refusal::Words | Refusal::Unnamed => Kind::TxRevert { reason: self.reason, data: self.data, hash },
            Refusal::Panic(panic_code) => Kind::ContractPanic { panic_code, reason: self.reason, hash },
            Refusal::Unauthorized(account, role) => match hash {
                None => Kind::UnauthorizedAccount { account, role },
                // That class says that nothing was sent.
                Some(_) => Kind::TxRevert { reason: self.reason, data: self.data, hash },
            },
        })
    }
}

/// Reads revert data. `message` is the node's own text, used when there is no data.
pub fn decode(data: Bytes, message: &str) -> Reverted {
    use OpenZeppelin as Oz;
    let mut kind = Refusal::Words;
    let reason = if let Ok(revert) = Revert::abi_decode(&data) {
        clip(&revert.reason)
    } else if let Ok(panic) = Panic::abi_decode(&data) {
        kind = Refusal::Panic(u64::try_from(panic.code).unwrap_or(u64::MAX));
        match panic.kind() {
            Some(kind) => format!("panic 0x{:02x}: {kind}", kind as u8),
            None => format!("panic {}", panic.code),
        }
    } else if let Ok(error) = Oz::OwnableUnauthorizedAccount::abi_decode(&data) {
        kind = Refusal::Unauthorized(error.account, None);
        format!("OwnableUnauthorizedAccount({})", error.account)
    } else if let Ok(error) = Oz::OwnableInvalidOwner::abi_decode(&data) {
        format!("OwnableInvalidOwner({})", error.owner)
    } else if let Ok(error) = Oz::AccessControlUnauthorizedAccount::abi_decode(&data) {
        kind = Refusal::Unauthorized(error.account, Some(error.neededRole));
        format!("AccessControlUnauthorizedAccount({}, {})", error.account, error.neededRole)
    } else if Oz::AccessControlBadConfirmation::abi_decode(&data).is_ok() {
        "AccessControlBadConfirmation()".to_owned()
    } else if let Some(selector) = data.get(..4) {
        kind = Refusal::Unnamed;
        format!("custom error 0x{}", alloy_primitives::hex::encode(selector))
    } else {
        let text = message.strip_prefix("execution reverted").unwrap_or(message);
        let text = text.trim_start_matches([':', ' ']);
        if text.is_empty() {
            kind = Refusal::Unnamed;
            "no reason given".to_owned()
        } else {
            clip(text)
        }
    };
    Reverted { reason, data, kind }
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
    use alloy_primitives::U256;

    use super::*;

    #[test]
    fn each_kind_of_revert_has_its_words() {
        let text = Revert::from("NotOwner".to_owned()).abi_encode();
        assert_eq!(decode(text.into(), "").reason, "NotOwner");
        let panic = Panic { code: U256::from(0x32) }.abi_encode();
        let panic = decode(panic.into(), "");
        assert!(panic.reason.starts_with("panic 0x32"));
        assert_eq!(panic.kind, Refusal::Panic(0x32));
        let custom = OpenZeppelin::OwnableUnauthorizedAccount { account: Address::ZERO }.abi_encode();
        let custom = decode(custom.into(), "");
        assert!(custom.reason.starts_with("OwnableUnauthorizedAccount(0x"));
        assert_eq!(custom.kind, Refusal::Unauthorized(Address::ZERO, None));
        assert_eq!(custom.into_error(None).code(), "unauthorizedAccount");
        let unknown = decode(Bytes::from_static(&[1, 2, 3, 4]), "");
        assert_eq!((unknown.reason.as_str(), unknown.kind), ("custom error 0x01020304", Refusal::Unnamed));
        let words = decode(Bytes::new(), "execution reverted: Expired");
        assert_eq!((words.reason.as_str(), words.kind), ("Expired", Refusal::Words));
        let nothing = decode(Bytes::new(), "execution reverted");
        assert_eq!((nothing.reason.as_str(), nothing.kind), ("no reason given", Refusal::Unnamed));
    }
}
