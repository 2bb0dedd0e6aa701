//! Why an offer is not paid: each reason with its values.

use alloy_primitives::{Address, U256};

use super::offer::Flow;
use crate::error::{Error, Kind, clip};

/// Why nothing was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A part of the offer is absent or not of its form.
    Malformed(&'static str),
    /// A scheme that this client does not know, cut.
    Scheme(String),
    /// A network that is no EVM chain this client may pay on, cut.
    Network(String),
    /// A way to transfer that this client does not know, cut.
    TransferMethod(String),
    /// A flow that this client does not know, cut.
    Flow(String),
    /// The token is not in the policy.
    Asset {
        /// The chain.
        chain_id: u64,
        /// The token.
        asset: Address,
    },
    /// The policy does not let this flow pass.
    FlowNotAllowed(Flow),
    /// The domain that the seller names is not the token's own.
    Domain {
        /// Name and version of the known token.
        expected: String,
        /// Name and version in the offer.
        found: String,
    },
    /// Nobody can be paid at this address: zero, the token itself or the payer.
    Payee(Address),
    /// The receiver is not in the policy.
    PayeeNotAllowed(Address),
    /// The origin named another receiver before.
    PayeeChanged {
        /// The receiver of the payment before.
        before: Address,
        /// The receiver now.
        now: Address,
    },
    /// The signature would live for less than a facilitator wants, or for ages (seconds).
    Timeout(u64),
    /// The server ends sessions at once, because the policy lets signatures live for too short a time (seconds).
    MaxLife {
        /// What the policy lets them live.
        limit: u64,
        /// What the offer wants.
        wanted: u64,
    },
    /// More than one request may cost.
    AboveRequestCap {
        /// The offer's amount.
        asked: U256,
        /// The policy's.
        cap: U256,
    },
    /// More than is left of what this client may spend.
    AboveSessionCap {
        /// The offer's amount.
        asked: U256,
        /// What is left.
        left: U256,
    },
    /// More than is left of what may be spent in a span of time.
    AboveWindowCap {
        /// The offer's amount.
        asked: U256,
        /// What is left.
        left: U256,
        /// The span in seconds.
        seconds: u64,
    },
    /// The request was redirected to another origin, which the policy does not list.
    Redirected {
        /// The origin that answered.
        to: String,
    },
    /// The request was redirected by the platform, which does not tell with which method it ended: what would be paid is not what was
    /// priced.
    Unclear {
        /// The URL that answered.
        to: String,
    },
    /// The policy does not list the host.
    Host,
    /// Somebody on the way could read the payment and spend it.
    Insecure,
    /// The policy's store cannot be used, so that what was spent before is unknown.
    Store(String),
    /// The caller's hook said no.
    Declined,
}

impl Refusal {
    /// A stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Scheme(_) => "scheme",
            Self::Network(_) => "network",
            Self::TransferMethod(_) => "transferMethod",
            Self::Flow(_) => "flow",
            Self::Asset { .. } => "asset",
            Self::FlowNotAllowed(_) => "flowNotAllowed",
            Self::Domain { .. } => "domain",
            Self::Payee(_) => "payee",
            Self::PayeeNotAllowed(_) => "payeeNotAllowed",
            Self::PayeeChanged { .. } => "payeeChanged",
            Self::Timeout(_) => "timeout",
            Self::MaxLife { .. } => "maxLife",
            Self::AboveRequestCap { .. } => "aboveRequestCap",
            Self::AboveSessionCap { .. } => "aboveSessionCap",
            Self::AboveWindowCap { .. } => "aboveWindowCap",
            Self::Redirected { .. } | Self::Unclear { .. } => "redirected",
            Self::Host => "host",
            Self::Insecure => "insecure",
            Self::Store(_) => "store",
            Self::Declined => "declined",
        }
    }

    /// How far the offer came: of several refused offers the one that came closest explains most.
    pub(super) const fn rank(&self) -> u8 {
        match self {
            Self::Malformed(_) => 1,
            Self::Scheme(_) | Self::Network(_) => 0,
            Self::TransferMethod(_) | Self::Flow(_) => 2,
            Self::Asset { .. } => 3,
            Self::AboveRequestCap { .. } | Self::AboveSessionCap { .. } | Self::AboveWindowCap { .. } => 5,
            _ => 4,
        }
    }

    fn detail(&self) -> String {
        match self {
            Self::Malformed(what) => format!("the offer's {what} is absent or not of its form"),
            Self::Scheme(scheme) => format!("the scheme {scheme} is unknown"),
            Self::Network(network) => format!("the network {network} is unknown or not in the policy"),
            Self::TransferMethod(method) => format!("the transfer method {method} is unknown"),
            Self::Flow(flow) => format!("the payment flow {flow} is unknown"),
            Self::Asset { chain_id, asset } => format!("the token {asset} on chain {chain_id} is not in the policy"),
            Self::FlowNotAllowed(flow) => format!("the policy does not allow the payment flow {}", flow.name()),
            Self::Domain { expected, found } => {
                format!("the seller names the token's domain {found}, but it is {expected}")
            }
            Self::Payee(payee) => format!("{payee} cannot be a receiver"),
            Self::PayeeNotAllowed(payee) => format!("the receiver {payee} is not in the policy"),
            Self::PayeeChanged { before, now } => format!("the receiver changed from {before} to {now}"),
            Self::Timeout(seconds) => format!("a signature that is to live for {seconds} s is no use or no end"),
            Self::MaxLife { limit, wanted } => format!(
                "the server ended the last sessions at once: it stops serving one some minutes before its signature ends, and the policy's maxLife is {limit} s where the offer wants {wanted} s, so each request would need a signature of its own; raise maxLife"
            ),
            Self::AboveRequestCap { asked, cap } => format!("{asked} is asked, but one request may cost {cap}"),
            Self::AboveSessionCap { asked, left } => format!("{asked} is asked, but {left} is left for this client"),
            Self::AboveWindowCap { asked, left, seconds } => {
                format!("{asked} is asked, but {left} is left for these {seconds} s")
            }
            Self::Redirected { to } => format!("the request was redirected to {to}"),
            Self::Unclear { to } => {
                format!(
                    "the request was redirected to {to}, and the platform does not tell with which method: ask that URL itself"
                )
            }
            Self::Host => "the policy does not list this host".to_owned(),
            Self::Insecure => "payments travel over https only".to_owned(),
            Self::Store(reason) => format!("the policy's store cannot be used ({reason}), so what was spent before is unknown"),
            Self::Declined => "it was declined".to_owned(),
        }
    }

    const fn amounts(&self) -> Option<(U256, U256)> {
        match self {
            Self::AboveRequestCap { asked, cap: limit }
            | Self::AboveSessionCap { asked, left: limit }
            | Self::AboveWindowCap { asked, left: limit, .. } => Some((*asked, *limit)),
            _ => None,
        }
    }

    /// As a failure towards `host`.
    pub fn into_error(self, host: &str) -> Error {
        let (asked, limit) = self.amounts().unzip();
        Kind::PaymentRefused { reason: self.code(), detail: clip(&self.detail()), host: clip(host), asked, limit }.into()
    }
}
