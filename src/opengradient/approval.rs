//! The allowance that payments need: OPG to Permit2, given by the account's own transaction.

use alloy_primitives::{Address, B256, U256};
use futures_util::FutureExt as _;

use crate::error::{Error, Kind};
use crate::eth::call::WriteCall;
use crate::eth::revert::Reverted;
use crate::eth::rpc::Rpc;
use crate::eth::token::{allowanceCall, approveCall, balanceOfCall};
use crate::eth::tx::{self, Signer, TxOptions};
use crate::x402::PERMIT2;

/// How long a mined approval may take to show, in milliseconds, and the pause between two looks.
const SHOW_MS: u64 = 120_000;
const PAUSE_MS: u64 = 1000;

/// What came of it; amounts in the token's smallest unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Approval {
    /// The allowance before.
    pub before: U256,
    /// The allowance now.
    pub after: U256,
    /// The approval, where one was needed.
    pub hash: Option<B256>,
}

/// How an account's allowance to Permit2 and its balance stand. One request.
///
/// # Errors
/// Those of [`Rpc`]'s reads.
pub async fn state(rpc: &Rpc, token: Address, owner: Address) -> Result<(U256, U256), Error> {
    let mut batch = rpc.batch().decides();
    let allowance = batch.call(token, &allowanceCall { owner, spender: PERMIT2 });
    let balance = batch.call(token, &balanceOfCall { owner });
    let replies = batch.send().await?;
    Ok((replies.call(allowance)?, replies.call(balance)?))
}

/// Makes sure that Permit2 may move at least `least`. Where it may not, approves `approve` (at most the balance) through
/// the wallet and waits until that shows. One request when nothing is to be done; a wallet window and a few requests
/// otherwise.
///
/// # Errors
/// [`Kind::InvalidInput`] when `approve` is less than `least`, [`Kind::InsufficientTokenBalance`] before any window opens,
/// those of [`tx::execute`], and [`Kind::TxReceiptTimeout`] when the approval was mined and does not show.
pub async fn ensure(
    rpc: &Rpc,
    signer: &Signer,
    token: Address,
    least: U256,
    approve: U256,
    options: &TxOptions,
) -> Result<Approval, Error> {
    if approve < least {
        return Err(Error::input("options.approveAmount", "expected at least minAllowance"));
    }
    let account = signer.account;
    let (before, balance) = state(rpc, token, account).await?;
    if before >= least {
        return Ok(Approval { before, after: before, hash: None });
    }
    if balance.is_zero() || balance < least {
        return Err(Kind::InsufficientTokenBalance { token, account, required: least, available: balance }.into());
    }
    let call = WriteCall::new(token, &approveCall { spender: PERMIT2, value: approve.min(balance) });
    let explain = |reverted: Reverted| std::future::ready(reverted.into_error(None)).boxed_local();
    let receipt = tx::execute(rpc, signer, &call, options, &|_| Ok(()), &explain).await?;
    let clock = &rpc.io().clock;
    let deadline = clock.now_ms().saturating_add(SHOW_MS);
    loop {
        // A node that fails or is behind is asked again.
        if let Ok((after, _)) = state(rpc, token, account).await
            && after >= least
        {
            return Ok(Approval { before, after, hash: Some(receipt.hash) });
        }
        if clock.now_ms() >= deadline {
            return Err(Kind::TxReceiptTimeout { hash: receipt.hash, timeout: SHOW_MS / 1000 }.into());
        }
        clock.sleep(PAUSE_MS).await;
    }
}
