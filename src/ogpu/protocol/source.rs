//! `Source`: one contract for each published service.

use super::abi::Source;
use crate::error::Error;
use crate::ogpu::types::{DeliveryMethod, SourceParams};

/// Reads the contract's struct.
///
/// # Errors
/// [`Kind::Protocol`] for a delivery method that the network does not know.
pub fn params(wire: Source::SourceParams) -> Result<SourceParams, Error> {
    Ok(SourceParams {
        client: wire.client,
        image_metadata_url: wire.imageMetadataUrl,
        image_environments: wire.imageEnvironments,
        min_payment: wire.minPayment,
        min_available_lockup: wire.minAvailableLockup,
        max_expiry_duration: wire.maxExpiryDuration,
        privacy_enabled: wire.privacyEnabled,
        optional_params_url: wire.optionalParamsUrl,
        delivery_method: DeliveryMethod::try_from(wire.deliveryMethod)?,
        last_update_time: wire.lastUpdateTime,
    })
}
