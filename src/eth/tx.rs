//! A write's life: simulate, sign, follow.
//!
//! ```text
//! prepare ──revert──▶ typed error, no window has opened
//!    │  one batch: eth_call, eth_estimateGas, pending nonce, block number, chain id
//!    ▼
//! window ──rejected──▶ nonce given back, nothing sent
//!    │  one at a time for each account and origin; the nonce is taken here, so that a rejection leaves no gap;
//!    │  account and chain looked at again, then eth_sendTransaction
//!    ▼
//! follow ──▶ receipt │ reverted │ replaced │ timed out (it may still be mined)
//! ```
//!
//! Before the hash exists an attempt may be repeated, and only when the failure proves that nothing went out. Once a
//! transaction may be out nothing is ever sent again: it is looked for on chain by its nonce, and when it is not found the
//! caller is told the nonce.

use std::rc::Rc;

use alloy_primitives::Address;
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::lock::MutexGuard;

use super::call::WriteCall;
use super::follow::{Receipt, Replacement, Sent, follow, replacement};
use super::nonce::{NonceBook, Reservation};
use super::replies::parse_hex;
use super::revert::{self, Reverted};
use super::rpc::{Rpc, transaction_params};
use super::wallet::{ChainParams, WalletHandle, classify};
use crate::error::{Error, Kind, Said};
use crate::io::{Claim, OnProgress, Progress, Tabs, WalletFailure};

/// The pause before a transaction that was underpriced against a pending one is tried again (spec: the official SDK's).
const UNDERPRICED_PAUSE_MS: u64 = 5000;
/// The pause before a refused nonce is looked up anew: the node may be a block behind (spec: the official SDK's).
const NONCE_PAUSE_MS: u64 = 1000;

/// A count of transactions that was read this long ago is read again before it is used: meanwhile another tab may have sent
/// a transaction, seen it on chain, and given up its claim on the nonce.
const STALE_MS: u64 = 50;
/// Calldata from so many bytes on is heavy.
const HEAVY: usize = 64 << 10;
/// How long a transaction that may be out is looked for.
const SEARCH_MS: u64 = 15_000;
/// The pause between two looks for it.
const SEARCH_PAUSE_MS: u64 = 1000;

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

impl Signer {
    /// Waits until a window may open: no other of ours is open on this wallet, nor for this account in another tab; the wallet
    /// is on the chain and still shows the account. Dropping the guards lets the next one in.
    ///
    /// # Errors
    /// Those of [`WalletHandle::switch_chain`]; [`Kind::WalletUnauthorized`] when the account is no longer connected.
    pub(super) async fn window(&self, tabs: &dyn Tabs) -> Result<(Rc<dyn Claim>, MutexGuard<'_, ()>), Error> {
        let window = self.wallet.window().await;
        let turn = tabs.lock(format!("ogkit:window:{}:{:?}", self.chain.chain_id, self.account)).await;
        self.wallet.switch_chain(&self.chain).await?;
        if !self.wallet.accounts(false).await?.contains(&self.account) {
            let said = Said { message: "the account is no longer connected".to_owned(), ..Said::default() };
            return Err(Error::from(Kind::WalletUnauthorized { account: Some(self.account), said }));
        }
        Ok((turn, window))
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
    const fn of(self, estimate: u64) -> u64 {
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
    /// Exactly this nonce, in place of the book's.
    pub nonce: Option<u64>,
    /// How much gas is offered.
    pub gas: Gas,
    /// A refused nonce is looked up anew and the attempt repeated.
    pub auto_fix_nonce: bool,
    /// At most this many attempts; all but the last end before anything is sent.
    pub max_retries: u32,
    /// How long to wait for the receipt, in seconds.
    pub receipt_timeout: u64,
    /// The block that holds the transaction and so many after it, less one: 1 is its own block alone.
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

/// What an attempt did not get past.
enum Refused {
    /// The nonce is not the chain's next.
    NonceTooLow(Error),
    /// A pending transaction with the same nonce pays more.
    Underpriced(Error),
    /// The end of it.
    Final(Error),
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        Self::Final(error)
    }
}

/// Carries out one write and waits for its receipt. HTTP requests: one before the window, and one for each look for
/// the receipt.
///
/// # Errors
/// Before the window: a revert as `explain` reads it, [`Kind::Gas`], [`Kind::WrongChain`]. From the window: the
/// wallet's own. After: [`Kind::TxRevert`] with a hash, [`Kind::TxReplaced`], [`Kind::TxReceiptTimeout`],
/// [`Kind::TxUncertain`].
pub async fn execute(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    options: &TxOptions,
    guard: Guard<'_>,
    explain: Explain<'_>,
) -> Result<Receipt, Error> {
    let mut attempt = 1;
    loop {
        let error = match send(rpc, signer, call, options, guard, explain, attempt > 1).await {
            Ok(sent) => return follow(rpc, signer, call, sent, options, explain).await,
            Err(Refused::Final(error)) => return Err(error),
            Err(Refused::NonceTooLow(error)) if options.auto_fix_nonce && options.nonce.is_none() => {
                signer.book.reset(signer.chain.chain_id, signer.account);
                rpc.io().clock.sleep(NONCE_PAUSE_MS).await;
                error
            }
            Err(Refused::Underpriced(error)) if attempt < options.max_retries => {
                rpc.io().clock.sleep(UNDERPRICED_PAUSE_MS).await;
                error
            }
            Err(Refused::NonceTooLow(error) | Refused::Underpriced(error)) => return Err(error),
        };
        if attempt >= options.max_retries {
            return Err(error);
        }
        attempt += 1;
        (options.on_progress)(Progress::Retrying { attempt, reason: error.to_string() });
    }
}

/// What the chain says before the wallet is asked.
struct Prepared {
    gas: u64,
    pending: u64,
    block: u64,
}

async fn prepare(rpc: &Rpc, signer: &Signer, call: &WriteCall, gas: Gas, explain: Explain<'_>) -> Result<Prepared, Error> {
    let mut batch = rpc.batch();
    // A node may simulate with less gas than is offered later.
    let limit = if let Gas::Fixed(gas) = gas { format!(r#","gas":"0x{gas:x}""#) } else { String::new() };
    let estimated = match gas {
        Gas::Estimate { .. } => Some(batch.push_transaction("eth_estimateGas", signer.account, call, "}]")),
        Gas::Fixed(_) => None,
    };
    // An estimate is a simulation too; calldata of some size is not sent twice for it.
    let heavy = call.data.len() > HEAVY && matches!(gas, Gas::Estimate { fallback: None, .. });
    let simulated = (!heavy).then(|| batch.push_transaction("eth_call", signer.account, call, format!(r#"{limit}}},"latest"]"#)));
    let pending = batch.push("eth_getTransactionCount", format!(r#"["{:?}","pending"]"#, signer.account));
    let block = batch.push("eth_blockNumber", "[]");
    let chain = batch.push("eth_chainId", "[]");
    let replies = batch.send().await?;
    let actual = replies.quantity(chain)?;
    if actual != signer.chain.chain_id {
        // The endpoint serves another chain: what it simulated means nothing.
        return Err(Error::from(Kind::WrongChain {
            expected: signer.chain.chain_id,
            actual,
            who: "the RPC".to_owned(),
            said: Said::default(),
        }));
    }
    let fallback = if let Gas::Estimate { fallback, .. } = gas { fallback } else { None };
    // With a fallback the simulation alone decides.
    for index in [simulated, estimated.filter(|_| fallback.is_none())].into_iter().flatten() {
        if let Err(fault) = replies.raw(index) {
            // Insufficient funds is no revert, though some nodes give it the same number.
            if fault.message.to_ascii_lowercase().contains("insufficient funds") {
                return Err(Error::from(Kind::Gas { reason: fault.message.clone() }));
            }
            if let Some(reverted) = revert::from_fault(fault) {
                return Err(explain(reverted).await);
            }
            let said = Said { code: Some(fault.code), message: fault.message.clone(), cause: None };
            return Err(Error::from(Kind::TxRpc { reason: fault.message.clone(), said }));
        }
    }
    let gas = match (estimated.map(|index| replies.quantity(index)), fallback) {
        (None, _) => gas.of(0),
        (Some(Ok(estimate)), _) => gas.of(estimate),
        (Some(Err(_)), Some(fallback)) => fallback,
        (Some(Err(error)), None) => return Err(error),
    };
    Ok(Prepared { gas, pending: replies.quantity(pending)?, block: replies.quantity(block)? })
}

async fn send(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    options: &TxOptions,
    guard: Guard<'_>,
    explain: Explain<'_>,
    again: bool,
) -> Result<Sent, Refused> {
    guard("simulate")?;
    let prepared = prepare(rpc, signer, call, options.gas, explain).await?;
    (options.on_progress)(Progress::Simulated { gas: prepared.gas });
    let extra = format!(r#","gas":"0x{:x}""#, prepared.gas);
    // A nonce that was refused once is not guessed again.
    let read_ms = if again { 0 } else { rpc.io().clock.now_ms() };
    let nonces = (options.nonce, prepared.pending, read_ms);
    let (answer, nonce) = ask(rpc, signer, call, nonces, &extra, &options.on_progress, guard).await?;
    let hash = match answer {
        Ok(hash) => hash,
        Err(Refused::NonceTooLow(_)) => {
            let (address, suggested) = (signer.account, prepared.pending);
            return Err(Refused::NonceTooLow(Error::from(Kind::Nonce { address, tried: nonce, suggested, hash: None })));
        }
        Err(Refused::Final(error)) if matches!(*error, Kind::TxUncertain { .. }) => {
            let hash = search(rpc, signer, call, nonce, prepared.block).await.ok_or(error)?;
            (options.on_progress)(Progress::Sent { hash });
            hash
        }
        Err(refused) => return Err(refused),
    };
    Ok(Sent { hash, nonce, from_block: prepared.block, exact_nonce: false })
}

/// Looks for a transaction whose sending failed in a way that does not tell whether it is out.
async fn search(rpc: &Rpc, signer: &Signer, call: &WriteCall, nonce: u64, from_block: u64) -> Option<alloy_primitives::B256> {
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(SEARCH_MS);
    loop {
        let mut batch = rpc.batch();
        let mined = batch.push("eth_getTransactionCount", format!(r#"["{:?}","latest"]"#, signer.account));
        let head = batch.push("eth_blockNumber", "[]");
        // A node that fails now is asked again.
        let found = batch.send().await.and_then(|replies| Ok((replies.quantity(mined)?, replies.quantity(head)?)));
        if let Ok((mined, head)) = found
            && mined > nonce
        {
            match replacement(rpc, signer.account, nonce, call, from_block, head).await {
                Ok(Some((hash, Replacement::Same))) => return Some(hash),
                Ok(Some(_)) => return None,
                // A node reads a batch's parts at different times: its block may come a moment after the count.
                Ok(None) | Err(_) => {}
            }
        }
        if clock.now_ms() >= deadline {
            return None;
        }
        clock.sleep(SEARCH_PAUSE_MS).await;
    }
}

/// The caller's nonce, or the book's next.
async fn reserve(rpc: &Rpc, signer: &Signer, nonce: Option<u64>, pending: u64) -> Result<Reservation, Error> {
    let tabs = rpc.io().tabs.as_ref();
    let chain_id = signer.chain.chain_id;
    match nonce {
        Some(nonce) => Ok(signer.book.take(tabs, chain_id, signer.account, nonce).await),
        None => signer.book.reserve(tabs, chain_id, signer.account, pending).await,
    }
}

/// Asks the wallet to send. Holds the window until it answers; the answer is recorded even when nobody waits any more.
/// `nonces` are the caller's, the chain's pending count, and when that was read. Answers what the wallet did, and the nonce
/// that was suggested to it.
async fn ask(
    rpc: &Rpc,
    signer: &Signer,
    call: &WriteCall,
    (wanted, mut pending, read_ms): (Option<u64>, u64, u64),
    extra: &str,
    on_progress: &OnProgress,
    guard: Guard<'_>,
) -> Result<(Result<alloy_primitives::B256, Refused>, u64), Error> {
    let _window = signer.window(rpc.io().tabs.as_ref()).await?;
    if wanted.is_none() && rpc.io().clock.now_ms().saturating_sub(read_ms) > STALE_MS {
        let mut batch = rpc.batch();
        let count = batch.push("eth_getTransactionCount", format!(r#"["{:?}","pending"]"#, signer.account));
        pending = batch.send().await?.quantity(count)?;
    }
    let reservation = reserve(rpc, signer, wanted, pending).await?;
    guard("sign")?;
    let nonce = reservation.nonce;
    on_progress(Progress::Signing { to: call.to, value: call.value, nonce });

    let account = signer.account;
    // With the chain's id in the transaction a wallet that was switched meanwhile refuses instead of sending elsewhere.
    let tail = format!(r#"{extra},"nonce":"0x{nonce:x}","chainId":"0x{chain:x}"}}]"#, chain = signer.chain.chain_id);
    let params = transaction_params(account, call, tail);
    let (answer, waiting) = oneshot::channel();
    let provider = signer.wallet.provider();
    let on_progress = on_progress.clone();
    rpc.io().clock.spawn(
        async move {
            let result = match provider.request("eth_sendTransaction", params).await {
                Ok(value) => match parse_hex(value.trim_matches('"'), "a transaction hash").ok() {
                    Some(hash) => {
                        reservation.keep();
                        on_progress(Progress::Sent { hash });
                        Ok(hash)
                    }
                    None => {
                        reservation.keep();
                        let message = format!("expected a transaction hash, but found {value}");
                        let said = Said { message: crate::error::clip(&message), ..Said::default() };
                        Err(Refused::Final(Error::from(Kind::TxUncertain { address: account, nonce: Some(nonce), said })))
                    }
                },
                Err(failure) => {
                    let refused = judge(failure, account, nonce);
                    if matches!(&refused, Refused::Final(error) if matches!(**error, Kind::TxUncertain { .. })) {
                        reservation.keep();
                    }
                    Err(refused)
                }
            };
            // Nobody waits any more after an abort; the book and `on_progress` know.
            let _ = answer.send(result);
        }
        .boxed_local(),
    );
    let gone = || Error::from(Kind::TxUncertain { address: account, nonce: Some(nonce), said: Said::default() });
    Ok((waiting.await.unwrap_or_else(|_| Err(gone().into())), nonce))
}

/// Which failures prove that nothing went out? Only a refusal by the user, by the wallet's own checks, or by the node
/// in words that mean "not accepted".
fn judge(failure: WalletFailure, account: Address, nonce: u64) -> Refused {
    let words = failure.said.message.to_ascii_lowercase();
    let says = |what: &str| words.contains(what);
    // "invalid nonce" is what Cosmos chains with an EVM say, OpenGradient's among them.
    if says("nonce too low") || says("nonce too high") || says("invalid nonce") {
        return Refused::NonceTooLow(Error::from(Kind::Nonce { address: account, tried: nonce, suggested: nonce, hash: None }));
    }
    if says("replacement transaction underpriced") {
        return Refused::Underpriced(Error::from(Kind::TxRpc { reason: failure.said.message.clone(), said: failure.said }));
    }
    if says("insufficient funds") {
        return Refused::Final(Error::from(Kind::Gas { reason: failure.said.message }));
    }
    let data = failure.data.as_deref().and_then(|text| text.parse().ok());
    if failure.said.code == Some(3) || says("execution reverted") {
        return Refused::Final(revert::decode(data.unwrap_or_default(), &failure.said.message).into_error(None));
    }
    let refused_by_node = ["underpriced", "intrinsic gas too low", "exceeds block gas limit"];
    let refused =
        refused_by_node.iter().any(|what| says(what)) || matches!(failure.said.code, Some(-32602 | -32600 | -32700 | -32003));
    let error = classify("eth_sendTransaction", failure);
    Refused::Final(match error.into_kind() {
        Kind::WalletFailed { said } if refused => Error::from(Kind::TxRpc { reason: said.message.clone(), said }),
        // "already known", a time-out of the wallet's node, a bare −32603: it may be out.
        Kind::WalletFailed { said } | Kind::WalletDisconnected { said } => {
            Error::from(Kind::TxUncertain { address: account, nonce: Some(nonce), said })
        }
        known => known.into(),
    })
}

/// Sends a bare transfer of nothing to oneself with a given nonce and gas price (wei), which takes the place of a stuck
/// transaction.
///
/// # Errors
/// [`Kind::Nonce`] with the hash when the wallet used another nonce, else as [`execute`].
pub async fn cancel(
    rpc: &Rpc,
    signer: &Signer,
    nonce: u64,
    gas_price: u128,
    from_block: u64,
    options: &TxOptions,
) -> Result<Receipt, Error> {
    let call = WriteCall::raw(signer.account, alloy_primitives::Bytes::new());
    let extra = format!(r#","gas":"0x5208","gasPrice":"0x{gas_price:x}""#);
    let (answer, _) = ask(rpc, signer, &call, (Some(nonce), nonce, 0), &extra, &options.on_progress, &|_| Ok(())).await?;
    let hash = answer.map_err(|refused| match refused {
        Refused::NonceTooLow(error) | Refused::Underpriced(error) | Refused::Final(error) => error,
    })?;
    let explain = |reverted: Reverted| std::future::ready(reverted.into_error(None)).boxed_local();
    follow(rpc, signer, &call, Sent { hash, nonce, from_block, exact_nonce: true }, options, &explain).await
}
