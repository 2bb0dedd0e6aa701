//! Whether an offer could be settled: read from the chain before the user is asked for anything.

use alloy_primitives::{Address, U256};

use self::token::{allowanceCall, balanceOfCall, noncesCall};
use super::PERMIT2;
use super::offer::Method;
use super::policy::Choice;
use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;

#[allow(missing_docs, reason = "the names are the standards': ERC-20 and EIP-2612")]
mod token {
    alloy_sol_types::sol! {
        function allowance(address owner, address spender) external view returns (uint256);
        function balanceOf(address owner) external view returns (uint256);
        function nonces(address owner) external view returns (uint256);
    }
}

/// Reads balance and allowance in one batch. Where the allowance is short and `permit` says that a signature could give
/// it, answers the token's nonce for that signature.
///
/// # Errors
/// [`Kind::InsufficientTokenBalance`], [`Kind::InsufficientAllowance`], and what the chain's node fails with. With `upto`
/// the whole cap must be there: the facilitator tries it.
pub(super) async fn check(rpc: &Rpc, choice: &Choice, account: Address, permit: bool) -> Result<Option<U256>, Error> {
    let (token, required) = (choice.offer.asset, choice.offer.amount);
    let by_permit2 = choice.offer.method == Method::Permit2;
    let mut batch = rpc.batch();
    let balance = batch.call(token, &balanceOfCall { owner: account });
    let allowance = by_permit2.then(|| batch.call(token, &allowanceCall { owner: account, spender: PERMIT2 }));
    let nonce = (by_permit2 && permit).then(|| batch.call(token, &noncesCall { owner: account }));
    let replies = batch.send().await?;
    let available = replies.call(balance)?;
    if available < required {
        return Err(Kind::InsufficientTokenBalance { token, account, required, available }.into());
    }
    let Some(allowance) = allowance else { return Ok(None) };
    let available = replies.call(allowance)?;
    if available >= required {
        return Ok(None);
    }
    // A token without EIP-2612 has no nonces.
    match nonce.and_then(|slot| replies.call(slot).ok()) {
        Some(nonce) => Ok(Some(nonce)),
        None => Err(Kind::InsufficientAllowance { token, account, spender: PERMIT2, required, available }.into()),
    }
}
