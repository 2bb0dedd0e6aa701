//! Who signs, how a write is carried out, and whose turn it is to open a window.
//!
//! EIP-1193 wallets queue their windows, and number transactions in the order in which the user approves them. So one
//! window at a time is open for an account, in all tabs of an origin; a call that waits for another's says so.

use std::pin::pin;
use std::rc::Rc;

use alloy_primitives::Address;
use futures_util::FutureExt as _;
use futures_util::future::{Either, LocalBoxFuture, select};
use futures_util::lock::MutexGuard;

use super::nonce::NonceBook;
use super::revert::Reverted;
use super::wallet::{ChainParams, WalletHandle};
use crate::error::{Error, Kind, Said};
use crate::io::{Claim, Io, OnProgress, Progress, WalletFailure};

/// Who signs, and where.
#[derive(Clone)]
pub struct Signer {
    /// The wallet.
    pub wallet: WalletHandle,
    /// The account that signs.
    pub account: Address,
    /// The chain, and what a wallet needs to add it.
    pub chain: ChainParams,
    /// The origin's book of nonces.
    pub book: NonceBook,
}

/// The right to open a window. Dropping it lets the next call in.
pub(super) struct Window<'a> {
    _turn: Rc<dyn Claim>,
    _queue: MutexGuard<'a, ()>,
}

/// Why a wallet's answer is no longer waited for.
pub(super) enum Gone {
    /// The provider has lost its connection: the answer never comes.
    Disconnected(WalletFailure),
    /// The caller's time is up: the answer may still come.
    TimedOut(u64),
}

impl Gone {
    /// What there is to tell.
    pub(super) fn said(self) -> Said {
        match self {
            Self::Disconnected(failure) => failure.said,
            Self::TimedOut(ms) => {
                let message = ["no answer within ", &(ms / 1000).to_string(), " s"].concat();
                Said { message, ..Said::default() }
            }
        }
    }

    fn before_asking(self) -> Error {
        Error::from(match self {
            Self::Disconnected(failure) => Kind::WalletDisconnected { said: failure.said },
            gone @ Self::TimedOut(_) => Kind::WalletRequestPending { said: gone.said() },
        })
    }
}

impl Signer {
    /// Waits until a window may open: no other of ours is open on this wallet, nor for this account in another tab; the wallet
    /// is on the chain and still shows the account. Tells [`Progress::WaitingForWindow`] when another one is open.
    ///
    /// # Errors
    /// [`Kind::WalletRequestPending`] after `wallet_timeout_ms`, [`Kind::WalletDisconnected`]; those of
    /// [`WalletHandle::switch_chain`]; [`Kind::WalletUnauthorized`] when the account is no longer connected. Nothing was
    /// asked of the user then, except to switch the chain.
    pub(super) async fn window(&self, io: &Io, options: &TxOptions) -> Result<Window<'_>, Error> {
        let opened = async {
            let window = self.turn(io, &options.on_progress).await;
            self.wallet.switch_chain(&self.chain).await?;
            if !self.wallet.accounts(false).await?.contains(&self.account) {
                let said = Said { message: "the account is no longer connected".to_owned(), ..Said::default() };
                return Err(Error::from(Kind::WalletUnauthorized { account: Some(self.account), said }));
            }
            Ok(window)
        };
        self.answered(io, options.wallet_timeout_ms, opened.boxed_local()).await.map_err(Gone::before_asking)?
    }

    async fn turn(&self, io: &Io, on_progress: &OnProgress) -> Window<'_> {
        let queue = match self.wallet.free_window() {
            Some(queue) => queue,
            None => {
                on_progress(Progress::WaitingForWindow);
                self.wallet.window().await
            }
        };
        let key = format!("ogkit:window:{}:{:?}", self.chain.chain_id, self.account);
        let turn = match io.tabs.claim(key.clone()).await {
            Some(turn) => turn,
            None => {
                on_progress(Progress::WaitingForWindow);
                io.tabs.lock(key).await
            }
        };
        Window { _turn: turn, _queue: queue }
    }

    /// What the wallet answers, unless it goes away or the time is up first.
    pub(super) async fn answered<T>(&self, io: &Io, timeout_ms: Option<u64>, answer: LocalBoxFuture<'_, T>) -> Result<T, Gone> {
        let disconnected = self.wallet.provider().disconnected();
        let gone = async {
            match timeout_ms {
                None => Gone::Disconnected(disconnected.await),
                Some(ms) => match select(disconnected, io.clock.sleep(ms)).await {
                    Either::Left((failure, _)) => Gone::Disconnected(failure),
                    Either::Right(_) => Gone::TimedOut(ms),
                },
            }
        };
        match select(answer, pin!(gone)).await {
            Either::Left((answer, _)) => Ok(answer),
            Either::Right((gone, _)) => Err(gone),
        }
    }
}

/// How much gas a write offers. What is not used is not paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gas {
    /// The node's estimate, scaled.
    Estimate {
        /// In hundredths of the estimate.
        percent: u16,
        /// In place of an estimate that fails though the simulation passes.
        fallback: Option<u64>,
    },
    /// Exactly this much; no estimate is asked for.
    Fixed(u64),
}

impl Default for Gas {
    /// A fifth more than the estimate: storage that another transaction changes meanwhile may cost more to write.
    fn default() -> Self {
        Self::Estimate { percent: 120, fallback: None }
    }
}

impl Gas {
    pub(super) const fn of(self, estimate: u64) -> u64 {
        match self {
            Self::Estimate { percent, .. } => {
                (estimate / 100).saturating_mul(percent as u64).saturating_add(estimate % 100 * percent as u64 / 100)
            }
            Self::Fixed(gas) => gas,
        }
    }
}

/// How a write is carried out.
#[derive(Clone)]
pub struct TxOptions {
    /// Exactly this nonce, in place of the book's. Where the chain shows the same call under it already, that one is
    /// followed and no window opens: this is how a write whose fate is unknown is repeated safely.
    pub nonce: Option<u64>,
    /// How much gas is offered.
    pub gas: Gas,
    /// The wallet is asked once more when the chain shows that another transaction took the nonce.
    pub auto_fix_nonce: bool,
    /// At most this many windows, and never more than two.
    pub max_retries: u32,
    /// How long to wait for the receipt, in seconds; and again for its confirmations.
    pub receipt_timeout: u64,
    /// How many blocks hold the transaction before it counts, its own among them: 1 is its own alone.
    pub confirmations: u64,
    /// How long to wait for the wallet's answer, and for another window of ours to close, in milliseconds; for ever without it.
    pub wallet_timeout_ms: Option<u64>,
    /// Who is told each step.
    pub on_progress: OnProgress,
}

/// Turns a revert into the failure it means on a network; it may read the chain for the values.
pub type Explain<'a> = &'a dyn Fn(Reverted) -> LocalBoxFuture<'a, Error>;

/// Looked at right before each step that cannot be undone: a deadline, a budget.
pub type Guard<'a> = &'a dyn Fn(&'static str) -> Result<(), Error>;
