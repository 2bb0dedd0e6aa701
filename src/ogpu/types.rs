//! On-chain enums and structs, and what callers give to publish.

use alloy_primitives::{Address, U256};

use crate::error::Error;

macro_rules! closed_set {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$member_doc:meta])* $member:ident = $number:literal => $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify), serde(rename_all = "SCREAMING_SNAKE_CASE"))]
        #[repr(u8)]
        pub enum $name { $($(#[$member_doc])* $member = $number),+ }

        impl $name {
            /// Every member, in the contracts' order.
            pub const ALL: &[Self] = &[$(Self::$member),+];

            /// The official member name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$member => $text),+ }
            }
        }

        impl TryFrom<u8> for $name {
            type Error = Error;
            fn try_from(number: u8) -> Result<Self, Error> {
                match number {
                    $($number => Ok(Self::$member),)+
                    other => Err(Error::protocol($what, other.to_string())),
                }
            }
        }
    };
}

closed_set! {
    /// Where a task is in its life.
    TaskStatus, "a task status" {
        /// Published, not attempted.
        New = 0 => "NEW",
        /// A provider has taken it.
        Attempted = 1 => "ATTEMPTED",
        /// A provider has answered.
        Responded = 2 => "RESPONDED",
        /// Cancelled before any attempt.
        Canceled = 3 => "CANCELED",
        /// Past its expiry time, as written at the next attempt.
        Expired = 4 => "EXPIRED",
        /// Confirmed and paid.
        Finalized = 5 => "FINALIZED",
    }
}

closed_set! {
    /// Whether a source takes tasks.
    SourceStatus, "a source status" {
        /// It does.
        Active = 0 => "ACTIVE",
        /// It never will again.
        Inactive = 1 => "INACTIVE",
    }
}

closed_set! {
    /// Where a response is.
    ResponseStatus, "a response status" {
        /// Handed in.
        Submitted = 0 => "SUBMITTED",
        /// Accepted and paid.
        Confirmed = 1 => "CONFIRMED",
    }
}

closed_set! {
    /// How a task's response is chosen.
    DeliveryMethod, "a delivery method" {
        /// The client confirms one.
        ManualConfirmation = 0 => "MANUAL_CONFIRMATION",
        /// The first one confirms itself.
        FirstResponse = 1 => "FIRST_RESPONSE",
    }
}

/// URLs of docker-compose files, one for each environment; at least one is set.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct ImageEnvironments {
    /// For CPUs alone.
    #[cfg_attr(target_arch = "wasm32", tsify(optional, type = "string"))]
    pub cpu: String,
    /// For NVIDIA GPUs.
    #[cfg_attr(target_arch = "wasm32", tsify(optional, type = "string"))]
    pub nvidia: String,
    /// For AMD GPUs.
    #[cfg_attr(target_arch = "wasm32", tsify(optional, type = "string"))]
    pub amd: String,
}

impl ImageEnvironments {
    /// The contracts' bit mask: CPU 1, NVIDIA 2, AMD 4.
    pub const fn mask(&self) -> u8 {
        (!self.cpu.is_empty()) as u8 | ((!self.nvidia.is_empty()) as u8) << 1 | ((!self.amd.is_empty()) as u8) << 2
    }
}

/// A source to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct SourceInfo {
    /// The service's name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// A picture.
    pub logo_url: String,
    /// What runs it.
    pub image_envs: ImageEnvironments,
    /// The least a task must pay, in wei.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
    pub min_payment: U256,
    /// The least lockup a provider must have, in wei.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
    pub min_available_lockup: U256,
    /// The longest a task may live, in seconds.
    pub max_expiry_duration: u64,
    /// How responses are chosen.
    #[cfg_attr(target_arch = "wasm32", tsify(optional, type = "DeliveryMethod"))]
    pub delivery_method: DeliveryMethod,
}

/// A task to publish.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct TaskInfo {
    /// The source that shall do it.
    pub source: Address,
    /// The job: the function to run, and what it gets. It becomes the JSON document on IPFS.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "TaskInput"))]
    pub config: String,
    /// The deadline, in unix seconds.
    pub expiry_time: u64,
    /// What the confirmed provider gets, in wei, out of the client's vault balance.
    #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
    pub payment: U256,
}

/// How far the nonces of an account have come.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(target_arch = "wasm32", derive(tsify::Tsify), serde(rename_all = "camelCase"))]
pub struct NonceInfo {
    /// The account.
    pub address: Address,
    /// Transactions in blocks.
    pub mined_nonce: u64,
    /// Transactions in blocks and in the node's pool.
    pub pending_nonce: u64,
    /// The next nonce by this origin's book, where it is ahead of the chain.
    #[cfg_attr(target_arch = "wasm32", tsify(optional))]
    pub cached_nonce: Option<u64>,
    /// Whether transactions wait in the pool.
    pub has_pending: bool,
    /// How many.
    pub pending_count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_has_a_bit_for_each_environment() {
        let set = |cpu: &str, nvidia: &str, amd: &str| {
            ImageEnvironments { cpu: cpu.into(), nvidia: nvidia.into(), amd: amd.into() }.mask()
        };
        assert_eq!([set("", "", ""), set("u", "", ""), set("", "u", ""), set("u", "u", "u")], [0, 1, 2, 7]);
    }

    #[test]
    fn a_status_from_the_future_is_refused() {
        assert_eq!(TaskStatus::try_from(5).ok(), Some(TaskStatus::Finalized));
        assert!(TaskStatus::try_from(6).is_err());
    }
}
