//! The OpenGPU network: publish AI services and jobs, read the answers, confirm, pay.
//!
//! A **client** publishes sources (services) and tasks (jobs), confirms and pays. A **provider** runs a source's image
//! and answers. All lifecycle events come from `Nexus`, also those of tasks published through `Controller`; the money
//! lies in `Vault` from publish to confirm.
//!
//! ```text
//! source: ACTIVE ──inactivate──▶ INACTIVE
//! task:   NEW ──attempt──▶ ATTEMPTED ──response──▶ RESPONDED ──confirm──▶ FINALIZED   (MANUAL_CONFIRMATION)
//!                                    └───first response confirms itself──▶ FINALIZED  (FIRST_RESPONSE)
//!         NEW ──cancel──▶ CANCELED        any unfinished ──next attempt after expiry──▶ EXPIRED
//! ```
//!
//! [`functions`] are the contracts' functions as tables; [`protocol`] has what takes structs; [`client`] has the workflows; [`content`] fetches and
//! publishes documents; [`metadata`] writes them; [`revert`] turns a contract's words into failures; [`events`] reads
//! logs.

pub mod client;
pub mod content;
pub mod events;
pub mod functions;
pub mod metadata;
pub mod network;
pub mod nonces;
pub mod protocol;
pub mod reads;
pub mod revert;
pub mod types;
