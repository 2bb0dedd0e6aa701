//! Paying for HTTP requests with signatures: the client of x402 (versions 2 and 1, EVM chains).
//!
//! ```text
//!  request ──▶ 402 with offers ──▶ policy picks one ──▶ caller's hook ──▶ allowance, balance
//!                                     │ none fits          │ declined        │ too small
//!                                     ▼                    ▼                 ▼
//!                               PaymentRefused       PaymentRefused    Insufficient…     nothing was signed
//!
//!  ──▶ wallet window (chain, typed data) ──▶ signature checked ──▶ same request with the payment, once, no redirects
//!          │ refused                            │ wrong, late              │ 402 again      │ no answer
//!          ▼                                    ▼                          ▼                ▼
//!    WalletRejected         PaymentSignature, PaymentExpired        PaymentRejected    PaymentUncertain
//!                              signed, never sent                                           │ the caller's word (retry_paid)
//!                                                                                           ╰──▶ the same bytes, once more
//! ```
//!
//! One request leads to at most one signed payment. The client signs and sends no transaction; the server's facilitator
//! does. What a server says is never believed where it can be checked, and never widens the caller's [`policy`]: what was signed for
//! counts in the [`ledger`] until the chain shows what was taken (`settlement`), and a signature ends when the chain's clock
//! or the caller's says so (`deadline`).

pub mod client;
mod deadline;
mod deliver;
mod demand;
#[cfg(test)]
mod flows;
mod funds;
pub mod ledger;
pub mod offer;
pub mod origin;
pub mod payment;
pub mod policy;
mod redirect;
pub mod refusal;
mod session;
mod settlement;
pub mod signature;
pub mod typed;
#[cfg(test)]
mod vectors;
mod window;
pub mod wire;

use alloy_primitives::{Address, address};

/// Uniswap's Permit2, the same on every chain. Never taken from a server.
pub const PERMIT2: Address = address!("000000000022D473030F116dDEE9F6B43aC78BA3");
/// The contract that settles `exact` payments by Permit2.
pub const EXACT_PROXY: Address = address!("402085c248EeA27D92E8b30b2C58ed07f9E20001");
/// The contract that settles `upto` payments.
pub const UPTO_PROXY: Address = address!("4020A4f3b7b90ccA423B9fabCc0CE57C6C240002");
