//! ogkit: two decentralised AI compute networks from the user's own wallet, in browsers and Node.
//!
//! One crate, compiled to WebAssembly and packed for npm. No private key ever enters it: whatever must be
//! signed is asked of an EIP-1193 wallet, and nothing that was fetched is believed before it is checked.
//!
//! # Rooms
//!
//! The arrows point one way: `js → ogpu, opengradient → ipfs → eth → io → json, error`.
//!
//! * [`error`]: one taxonomy of failures for every layer.
//! * [`json`]: JSON text, read where it stands.
//! * [`io`]: the outside world as five small traits (HTTP, clock, wallet, the origin's other tabs, signatures).
//! * [`eth`]: Ethereum, whichever network: JSON-RPC, calls, transactions, nonces, logs, wallets.
//! * [`ipfs`]: document → bytes → CID → location.
//! * [`ogpu`]: the OpenGPU network.
//! * [`x402`]: paying for HTTP requests with signatures.
//! * [`opengradient`]: the OpenGradient network.
//! * `js`: what TypeScript sees; it converts and decides nothing (only in the WebAssembly build).

#[cfg(feature = "opengradient")]
mod base64;
pub mod error;
pub mod eth;
pub mod io;
pub mod ipfs;
pub mod json;
#[cfg(feature = "ogpu")]
pub mod ogpu;
#[cfg(feature = "opengradient")]
pub mod opengradient;
#[cfg(feature = "opengradient")]
pub mod x402;

#[cfg(target_arch = "wasm32")]
mod js;
