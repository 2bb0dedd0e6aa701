//! Whether an offer could be settled: read from the chain before the user is asked for anything.

use std::cell::RefCell;

use alloy_primitives::{Address, U256};

use self::nonce::{authorizationStateCall, nonceBitmapCall, noncesCall};
use super::PERMIT2;
use super::ledger::Ledger;
use super::offer::Method;
use super::policy::Choice;
use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;
use crate::eth::token::{allowanceCall, balanceOfCall};

#[allow(missing_docs, reason = "the names are the standards': EIP-2612, EIP-3009, and Permit2's")]
mod nonce {
    alloy_sol_types::sol! {
        function nonces(address owner) external view returns (uint256);
        function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);
        function nonceBitmap(address owner, uint256 word) external view returns (uint256);
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
    let mut batch = rpc.batch().decides();
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

/// Asks a chain what became of payments whose deadline has passed: an unused nonce is money unspent.
///
/// # Errors
/// What the node fails with; the limits then stay as they are.
pub(super) async fn reconcile(rpc: &Rpc, ledger: &RefCell<Ledger>, chain_id: u64, now: u64) -> Result<(), Error> {
    let questions = ledger.borrow().unknown(chain_id, now);
    if questions.is_empty() {
        return Ok(());
    }
    let mut batch = rpc.batch().decides();
    let mut slots = Vec::with_capacity(questions.len());
    for (id, record) in &questions {
        let (owner, nonce) = (record.from, record.nonce);
        slots.push(match record.method {
            Method::Eip3009 => {
                let call = authorizationStateCall { authorizer: owner, nonce };
                (*id, Err(batch.call(record.asset, &call)))
            }
            Method::Permit2 => {
                let word = U256::from_be_bytes(nonce.0) >> 8;
                (*id, Ok((batch.call(PERMIT2, &nonceBitmapCall { owner, word }), nonce)))
            }
        });
    }
    let replies = batch.send().await?;
    for (id, slot) in slots {
        let used = match slot {
            Ok((bitmap, nonce)) => replies.call(bitmap).map(|bits| bits.bit(usize::from(nonce[31]))),
            Err(state) => replies.call(state),
        };
        // A question without an answer is asked again next time.
        if let Ok(used) = used {
            ledger.borrow_mut().resolve(id, used);
        }
    }
    Ok(())
}
