//! The outside world as five small traits: HTTP, the clock, the wallet, the origin's other tabs, and the platform's
//! cryptography.
//!
//! Every future here is local to one thread and is cancelled by dropping it: a dropped request is aborted, a
//! dropped sleep is cleared. The one exception is [`Wallet::request`]: EIP-1193 has no cancel, so what was asked
//! of a wallet may still be approved after its future is dropped. Whoever needs that late answer runs the request
//! in [`Clock::spawn`].
//!
//! `web` implements the traits over `fetch`, timers, an injected provider and Web Locks; tests implement them over
//! sockets or scripts.

use std::rc::Rc;

use alloy_primitives::{Address, B256, U256};
use futures_util::FutureExt as _;
use futures_util::future::{Either, LocalBoxFuture, pending, ready, select};
use sha2::{Digest as _, Sha256};

pub use self::http::{Http, HttpBody, HttpFailure, HttpHead, HttpRequest, HttpResponse, HttpStream, Reach, Redirects};
use crate::error::Said;

#[cfg(test)]
pub mod fake;
pub mod http;
pub mod trace;
#[cfg(target_arch = "wasm32")]
pub mod web;

/// Time, chance and tasks of their own.
pub trait Clock {
    /// Milliseconds since the Unix epoch.
    fn now_ms(&self) -> u64;
    /// Waits.
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()>;
    /// Waits as [`sleep`](Clock::sleep) does, but does not keep a Node process alive.
    fn idle(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        self.sleep(ms)
    }
    /// Sixteen unpredictable bytes.
    fn random(&self) -> [u8; 16];
    /// Runs a task to its end, whether or not anyone waits for it.
    fn spawn(&self, task: LocalBoxFuture<'static, ()>);
}

/// An EIP-1193 provider.
pub trait Wallet {
    /// Asks the wallet. `params` is JSON text, and so is the answer: the JSON-RPC result.
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>>;
    /// Resolves when the provider says that it has lost its connection (EIP-1193 `disconnect`): requests that are under way
    /// then never settle. A provider without events never says so.
    fn disconnected(&self) -> LocalBoxFuture<'static, WalletFailure> {
        pending().boxed_local()
    }
}

/// What a wallet threw, after unwrapping what other layers put around it.
#[derive(Clone, Debug, Default)]
pub struct WalletFailure {
    /// Number, message and the thrown object.
    pub said: Said,
    /// Revert data as hex text, where the wallet passed it on.
    pub data: Option<String>,
}

/// A claim on a slot; dropping it gives the slot back.
pub trait Claim {}

/// The origin's tabs, which share one book of claims.
pub trait Tabs {
    /// Claims `key`, or answers `None` when any tab of this origin holds it. A tab that dies loses its claims.
    fn claim(&self, key: String) -> LocalBoxFuture<'static, Option<Rc<dyn Claim>>>;
    /// Claims `key` as soon as no other tab of this origin holds it, in the order of asking.
    fn lock(&self, key: String) -> LocalBoxFuture<'static, Rc<dyn Claim>>;
    /// The keys with this beginning that any tab of this origin holds, this one among them.
    #[cfg(feature = "opengradient")]
    fn held(&self, _prefix: String) -> LocalBoxFuture<'static, Vec<String>> {
        ready(Vec::new()).boxed_local()
    }
}

/// What the platform's own cryptography does for us: several times faster, beside the thread, and no RSA need be downloaded.
pub trait Crypto {
    /// SHA-256 of the parts as one.
    fn sha256(&self, parts: &[&[u8]]) -> LocalBoxFuture<'static, [u8; 32]> {
        let mut hasher = Sha256::new();
        parts.iter().for_each(|part| hasher.update(part));
        ready(hasher.finalize().into()).boxed_local()
    }

    /// Whether `signature` is one of `message` by the key in `spki` (DER SubjectPublicKeyInfo): RSA-PSS with SHA-256, MGF1
    /// with SHA-256, a salt of 32 bytes. `Err` says why the platform could not tell: no such key, no WebCrypto (pages
    /// that were not loaded over https have none).
    #[cfg(feature = "opengradient")]
    fn verify_rsa_pss_sha256(
        &self,
        spki: Vec<u8>,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> LocalBoxFuture<'static, Result<bool, String>>;
}

/// The outside world, except the wallet: that one belongs to a client.
#[derive(Clone)]
pub struct Io {
    /// HTTP.
    pub http: Rc<dyn Http>,
    /// Time, chance, tasks.
    pub clock: Rc<dyn Clock>,
    /// The origin's tabs.
    pub tabs: Rc<dyn Tabs>,
    /// The platform's cryptography.
    pub crypto: Rc<dyn Crypto>,
}

impl Io {
    /// Now, in Unix seconds.
    pub fn now(&self) -> u64 {
        self.clock.now_ms() / 1000
    }

    /// Runs a future for at most `ms` milliseconds; `None` when the time is up, and the future is dropped.
    pub async fn within<T>(&self, ms: u64, future: impl Future<Output = T>) -> Option<T> {
        match select(std::pin::pin!(future), self.clock.sleep(ms)).await {
            Either::Left((value, _)) => Some(value),
            Either::Right(_) => None,
        }
    }
}

/// Where a call is; told to the caller as it happens.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(
    target_arch = "wasm32",
    derive(tsify::Tsify),
    serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")
)]
#[allow(missing_docs, reason = "the fields are named by what they hold; each variant is documented")]
pub enum Progress {
    /// A file's CID is being computed: so many of its bytes are hashed. Told for larger files alone.
    Hashing {
        #[cfg_attr(target_arch = "wasm32", tsify(type = "number"))]
        bytes: u64,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "number"))]
        total: u64,
    },
    /// A document goes to the pinning service.
    Uploading { filename: String, bytes: usize },
    /// The document is pinned, and the service's link holds its CID.
    Uploaded { url: String, cid: String },
    /// The call was simulated without a revert; `gas` is what will be offered.
    Simulated {
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        gas: u64,
    },
    /// The wallet is asked to sign a transaction to `to` (none for a deployment) with `value` wei; `nonce` is suggested to it (none for a smart account).
    Signing {
        to: Option<Address>,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        value: U256,
        nonce: Option<u64>,
    },
    /// Another window of ours is open for this account, in this tab or another; the call waits until it is answered.
    WaitingForWindow,
    /// An earlier write whose fate is unknown may use this nonce too: at most one of both can be mined.
    NonceReused { nonce: u64 },
    /// The wallet's answer does not tell whether the transaction is out; the chain is asked.
    Searching { nonce: Option<u64> },
    /// A smart account holds the transaction until its other owners or a bundler act.
    AwaitingApproval { id: B256 },
    /// The wallet has sent the transaction. Told even after the call was aborted.
    Sent { hash: B256 },
    /// The wallet used another nonce than suggested.
    NonceIgnored { suggested: u64, used: u64 },
    /// An attempt failed before anything was sent; the next one follows.
    Retrying { attempt: u32, reason: String },
    /// The user sped the transaction up: the same call under another hash.
    Replaced { hash: B256, replacement: B256 },
    /// The transaction is in a block, and waits for `confirmations` blocks, its own among them.
    Confirming {
        hash: B256,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        block_number: u64,
        confirmations: u64,
    },
    /// The block that held the transaction is no longer part of the chain; the transaction is looked for again.
    Reorganised {
        hash: B256,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        block_number: u64,
    },
    /// The transaction is in a block.
    Mined {
        hash: B256,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        block_number: u64,
        #[cfg_attr(target_arch = "wasm32", tsify(type = "bigint"))]
        gas_used: u64,
    },
    /// The contract is on chain; it stays there whatever comes after.
    Deployed { address: Address },
    /// A deployed contract is registered with the scheduler: until `end_time` (unix seconds), each `frequency` seconds.
    Scheduling { scheduler: Address, end_time: u64, frequency: u64 },
}

/// Who is told each [`Progress`].
pub type OnProgress = Rc<dyn Fn(Progress)>;
