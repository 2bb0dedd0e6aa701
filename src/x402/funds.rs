//! Whether an offer could be settled: read from the chain before the user is asked for anything.

use alloy_primitives::{Address, U256};

use self::nonce::noncesCall;
use super::PERMIT2;
use super::offer::Method;
use super::policy::Choice;
use crate::error::{Error, Kind};
use crate::eth::replies::quantity;
use crate::eth::rpc::Rpc;
use crate::eth::token::{allowanceCall, balanceOfCall};

#[allow(missing_docs, reason = "the name is the standard's: EIP-2612")]
mod nonce {
    alloy_sol_types::sol! {
        function nonces(address owner) external view returns (uint256);
    }
}

/// What the chain says before anything is signed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found {
    /// The token's nonce for a signature that gives the allowance, where it is short.
    pub(super) permit_nonce: Option<U256>,
    /// The newest block: what is signed now is settled in a later one.
    pub(super) block: Option<u64>,
    /// The chain's time, in unix seconds: that of the block that is being made, because a chain without transactions may make no others.
    pub(super) time: Option<u64>,
}

/// Reads balance, allowance and the chain's time in one batch. Where the allowance is short and `permit` says that a signature could give
/// it, the token's nonce for that signature too.
///
/// # Errors
/// [`Kind::InsufficientTokenBalance`], [`Kind::InsufficientAllowance`], and what the chain's node fails with. With `upto`
/// the whole cap must be there: the facilitator tries it.
pub(super) async fn check(rpc: &Rpc, choice: &Choice, account: Address, permit: bool) -> Result<Found, Error> {
    let (token, required) = (choice.offer.asset, choice.offer.amount);
    let by_permit2 = choice.offer.method == Method::Permit2;
    let mut batch = rpc.batch().decides();
    let balance = batch.call(token, &balanceOfCall { owner: account });
    let allowance = by_permit2.then(|| batch.call(token, &allowanceCall { owner: account, spender: PERMIT2 }));
    let nonce = (by_permit2 && permit).then(|| batch.call(token, &noncesCall { owner: account }));
    let newest = batch.push("eth_blockNumber", "[]");
    let pending = batch.push("eth_getBlockByNumber", r#"["pending",false]"#);
    let replies = batch.send().await?;
    // Not every node shows the block that is being made; the caller's clock counts then.
    let time = replies.json(pending).and_then(|block| quantity(block.get("timestamp"))).ok();
    let found = Found { permit_nonce: None, block: replies.quantity(newest).ok(), time };
    let available = replies.call(balance)?;
    if available < required {
        return Err(Kind::InsufficientTokenBalance { token, account, required, available }.into());
    }
    let Some(allowance) = allowance else { return Ok(found) };
    let available = replies.call(allowance)?;
    if available >= required {
        return Ok(found);
    }
    // A token without EIP-2612 has no nonces.
    match nonce.and_then(|slot| replies.call(slot).ok()) {
        Some(nonce) => Ok(Found { permit_nonce: Some(nonce), ..found }),
        None => Err(Kind::InsufficientAllowance { token, account, spender: PERMIT2, required, available }.into()),
    }
}
