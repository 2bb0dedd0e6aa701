//! Ethereum, whichever network.
//!
//! alloy gives the words and the ABI (`Address`, `U256`, keccak, `sol!`). What alloy's providers would give is here
//! in a smaller form, because they cost 110 KB of WebAssembly and cannot ask an injected wallet: one JSON-RPC batch
//! for each call of ours ([`rpc`]), to endpoints of the right chain that agree where it matters, and its answers ([`replies`]),
//! a write's life from simulation to receipt ([`tx`]), several under one signature ([`calls`]), what a mined transaction did for
//! a smart account ([`smart`]), what an account lacks for it ([`funds`]), nonces shared by an origin's tabs ([`nonce`]), how deep a block lies (`depth`),
//! EIP-1193 wallets and their error numbers ([`wallet`]), what of that is a no of the person ([`rejection`]), logs with a cursor
//! ([`logs`]) and one poll for all watchers ([`watch`]) that waits through outages (`outage`), revert data ([`revert`]), the ABI within bounds (`abi`), ERC-20 (`token`).

pub(crate) mod abi;
pub mod call;
pub mod calls;
pub mod checksum;
mod depth;
mod endpoints;
pub mod follow;
pub mod funds;
pub mod logs;
pub mod nonce;
mod outage;
mod quorum;
pub mod rejection;
pub mod replies;
pub mod resume;
pub mod revert;
pub mod rpc;
#[cfg(test)]
mod rpc_flows;
mod search;
pub mod signer;
pub mod smart;
pub mod spelt;
#[cfg(feature = "opengradient")]
pub(crate) mod token;
pub mod tx;
pub mod wallet;
#[cfg(test)]
mod wallet_tests;
pub mod watch;
