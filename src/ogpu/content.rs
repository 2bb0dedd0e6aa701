//! The network's documents: published through its pinning service, fetched from its gateways, or standing on chain
//! themselves.

use alloy_primitives::Address;

use super::network::Network;
use crate::error::{Error, Kind, public_url};
use crate::io::{HttpRequest, Io};
pub use crate::ipfs::cid::Version;
pub(crate) use crate::ipfs::fetch::milliseconds;
pub use crate::ipfs::fetch::{Content, ContentStream, FetchOptions, Pieces, Verify, fetch, fetch_stream};
pub use crate::ipfs::publish::{MAX_UPLOAD, PinOptions, root};
pub use crate::ipfs::source::{Source, Upload};
pub use crate::ipfs::unixfs::{KUBO_V0, Layout, Leaf};
use crate::json::Json;

/// Publishes content through the network's pinning service; the service's link, proven to name it.
///
/// # Errors
/// As [`ipfs::publish`](crate::ipfs::publish::publish).
pub async fn publish(io: &Io, pin_url: &str, content: Vec<u8>, options: &PinOptions) -> Result<String, Error> {
    crate::ipfs::publish::publish(io, pin_url, content, options).await.map(|published| published.link)
}

/// As [`publish`], for content that need not be in memory.
///
/// # Errors
/// As [`ipfs::publish_source`](crate::ipfs::publish::publish_source).
pub async fn publish_source(io: &Io, pin_url: &str, source: &dyn Upload, options: &PinOptions) -> Result<String, Error> {
    crate::ipfs::publish::publish_source(io, pin_url, source, options).await.map(|published| published.link)
}

/// The payload in a response's `data`: JSON that stands there itself, or a link. `None` for a link.
pub fn inline(data: &str) -> Option<&str> {
    let text = data.trim_start();
    (text.starts_with(['{', '[']) && Json::parse(data).is_some()).then_some(data)
}

/// A task by the old HTTP API: its address and its whole object as JSON text. One HTTP request.
///
/// # Errors
/// [`Kind::InvalidInput`] when the network has no such API, [`Kind::TaskNotFound`], [`Kind::Http`],
/// [`Kind::Protocol`].
pub async fn management_task(io: &Io, network: &Network, task: Address) -> Result<(Address, String), Error> {
    let Some(base) = &network.management_url else {
        return Err(Error::input("network.managementUrl", "this network has none; read the chain with getConfirmedResponse"));
    };
    let url = format!("{}/api/tasks/{task}", base.trim_end_matches('/'));
    let shown = public_url(&url);
    let reply = io.send(HttpRequest::get(url)).await;
    let reply =
        reply.map_err(|failure| Error::from(Kind::Http { url: shown.clone(), status: None, reason: failure.to_string() }))?;
    match reply.head.status {
        200 => {}
        404 => return Err(Error::from(Kind::TaskNotFound { address: task })),
        status => return Err(Error::from(Kind::Http { url: shown, status: Some(status), reason: "a bad status".to_owned() })),
    }
    let show =
        || Error::protocol("{\"data\": {\"address\": …}}", String::from_utf8_lossy(reply.body.get(..200).unwrap_or(&reply.body)));
    let data = Json::parse_bytes(&reply.body).and_then(|reply| reply.get("data")).ok_or_else(show)?;
    let address = data.get("address").and_then(Json::plain).and_then(|text| text.parse().ok()).ok_or_else(show)?;
    Ok((address, data.raw().to_owned()))
}
