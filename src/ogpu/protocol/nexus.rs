//! `Nexus`: publishes sources and emits the lifecycle events.

use alloy_primitives::{Address, U256};

use super::abi::Nexus;
use super::only_event;
use crate::error::Error;
use crate::eth::call::WriteCall;
use crate::eth::follow::Receipt;
use crate::ogpu::types::SourceInfo;

/// A source's terms as the contract takes them. `metadata_url` is where the document is; `now` is written as
/// `lastUpdateTime`, in unix seconds.
pub fn source_params(client: Address, info: &SourceInfo, metadata_url: String, now: u64) -> Nexus::SourceParams {
    Nexus::SourceParams {
        client,
        imageMetadataUrl: metadata_url,
        imageEnvironments: info.image_envs.mask(),
        minPayment: info.min_payment,
        minAvailableLockup: info.min_available_lockup,
        maxExpiryDuration: U256::from(info.max_expiry_duration),
        privacyEnabled: false,
        optionalParamsUrl: String::new(),
        deliveryMethod: info.delivery_method as u8,
        lastUpdateTime: U256::from(now),
    }
}

/// `publishSource`.
pub fn publish_source(nexus: Address, params: Nexus::SourceParams) -> WriteCall {
    WriteCall::new(nexus, &Nexus::publishSourceCall { _sourceParams: params })
}

/// `updateSource`.
pub fn update_source(nexus: Address, source: Address, params: Nexus::SourceParams) -> WriteCall {
    WriteCall::new(nexus, &Nexus::updateSourceCall { source, _sourceParams: params })
}

/// The new source's address.
///
/// # Errors
/// [`Kind::Protocol`] when the receipt holds none.
pub fn source_published(nexus: Address, receipt: &Receipt) -> Result<Address, Error> {
    only_event::<Nexus::SourcePublished>(receipt, nexus, "one SourcePublished event of Nexus").map(|event| event.source)
}

/// The new task's address. The call goes to `Controller`, but `Nexus` emits the event.
///
/// # Errors
/// [`Kind::Protocol`] when the receipt holds none.
pub fn task_published(nexus: Address, receipt: &Receipt) -> Result<Address, Error> {
    only_event::<Nexus::TaskPublished>(receipt, nexus, "one TaskPublished event of Nexus").map(|event| event.task)
}
