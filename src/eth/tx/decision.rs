//! After a wallet was asked to send: what settles whether the transaction is out.
//!
//! Words do not. A node answers "nonce too low", "already known" or "replacement transaction underpriced" to the second
//! broadcast of a transaction that is in, and wallets, their RPC services and libraries broadcast twice whenever an answer
//! is lost; the numbers around those words (−32603, −32000, −32003, −32700, −32601, −32002) are the wallet's taste. So:
//!
//! | the wallet                                                     | settles                     | because |
//! |----------------------------------------------------------------|-----------------------------|---------|
//! | answers with a hash                                            | follow it, and compare      | a hash is a claim: what it names is compared with what was asked, field by field |
//! | rejects: 4001, 5000, 5750, or words of [`is_rejection`]'s table | rejected, nothing was sent  | these come from the person, before anything is signed |
//! | fails in any other way, or answers with something else         | nothing: the chain is asked | it may have broadcast before it failed |
//! | goes away (`disconnect`)                                       | nothing: the chain is asked | its window may have been approved |
//! | does not answer within `wallet_timeout_ms`                     | nothing: the chain is asked once | its window is still open |
//!
//! | the chain shows, from the suggested nonce on                   | then                        | because |
//! |----------------------------------------------------------------|-----------------------------|---------|
//! | our own call, mined or pending, and no equal call's            | follow it                   | it is out |
//! | the nonce mined with another transaction, nothing of ours after it, for [`QUIET_MS`] | ask the wallet again, once | what was asked under that nonce can never be mined; a node that lags has caught up by then, and a wallet that numbers by itself and failed has broadcast by then what it still broadcasts |
//! | the same, and the caller wants no second window                | [`Kind::Nonce`]             | |
//! | a transaction to the same contract with other values, which no other call of the origin sent | follow it, and tell the difference | the user edited it in the wallet |
//! | a transfer of nothing to oneself                               | [`Kind::TxReplaced`]        | the user cancelled, and wants no second window |
//! | our own call under a nonce that an equal call was asked for    | as nothing                  | it may be that call's, which does not know its own yet |
//! | nothing, until the time is up                                  | [`Kind::TxUncertain`]       | nobody can tell: the nonce is in doubt (see [`nonce`](crate::eth::nonce)), and no window opens by itself |
//!
//! Two assumptions stand behind this: a node is less than [`QUIET_MS`] behind the chain, and a wallet that has answered with a
//! failure does not broadcast later than that.

use alloy_primitives::{Address, B256};

use super::super::signer::Gone;
use super::super::wallet::{classify, is_rejection};
use crate::error::{Error, Kind, Said, clip};
use crate::io::WalletFailure;

/// How long the chain is asked after a failure.
pub(super) const SEARCH_MS: u64 = 15_000;
/// How long a nonce is seen in another's hands before that counts.
pub(super) const QUIET_MS: u64 = 10_000;

/// What became of the request.
pub(super) enum Answer {
    /// The wallet answered with this transaction hash.
    Hash(B256),
    /// The wallet answered with this text, which is not a hash.
    Text(String),
    /// The wallet failed.
    Failed(WalletFailure),
    /// It is no longer waited for.
    Gone(Gone),
}

/// What an answer settles.
pub(super) enum Verdict {
    /// The wallet says that this is the transaction.
    Follow(B256),
    /// The person said no.
    Rejected(Error),
    /// Nothing: the chain is asked for so many milliseconds.
    AskChain {
        /// What the wallet said.
        said: Said,
        /// For how long.
        search_ms: u64,
    },
}

/// The first table.
pub(super) fn judge(answer: Answer) -> Verdict {
    match answer {
        Answer::Hash(hash) => Verdict::Follow(hash),
        Answer::Failed(failure) if is_rejection(&failure) => Verdict::Rejected(classify("eth_sendTransaction", failure)),
        Answer::Failed(failure) => {
            let said = Said { message: clip(&failure.said.message), ..failure.said };
            Verdict::AskChain { said, search_ms: SEARCH_MS }
        }
        Answer::Text(text) => {
            let message = clip(&["expected a transaction hash, but found ", &text].concat());
            Verdict::AskChain { said: Said { message, ..Said::default() }, search_ms: SEARCH_MS }
        }
        Answer::Gone(gone @ Gone::Disconnected(_)) => Verdict::AskChain { said: gone.said(), search_ms: SEARCH_MS },
        Answer::Gone(gone @ Gone::TimedOut(_)) => Verdict::AskChain { said: gone.said(), search_ms: 0 },
    }
}

/// What the chain shows.
pub(super) enum Shown {
    /// Our own call, under this hash.
    Ours(B256),
    /// The nonce has a transaction to the same contract with other values, which no other call of ours has sent: the user edited it.
    Edited(B256),
    /// The nonce has a transfer of nothing to oneself, as wallets make it when their user cancels.
    Cancelled(B256),
    /// Another transaction has the nonce.
    Other,
    /// Nothing of ours.
    Nothing,
}

/// What is done next.
pub(super) enum Next {
    /// Follow this transaction.
    Follow(B256),
    /// Ask the wallet once more; the failure tells why.
    AskAgain(Error),
    /// That is the end of it.
    Fail(Error),
}

/// The second table. `nonce` is the suggested one, `said` what the wallet said, `again` whether another window may open.
pub(super) fn conclude(shown: Shown, address: Address, nonce: Option<u64>, said: Said, again: bool) -> Next {
    match (shown, nonce) {
        (Shown::Ours(hash) | Shown::Edited(hash), _) => Next::Follow(hash),
        (Shown::Cancelled(replacement), _) => {
            Next::Fail(Error::from(Kind::TxReplaced { hash: replacement, replacement, cancelled: true }))
        }
        (Shown::Other, Some(tried)) => {
            let error = Error::from(Kind::Nonce { address, tried, suggested: tried + 1, hash: None });
            if again { Next::AskAgain(error) } else { Next::Fail(error) }
        }
        _ => Next::Fail(Error::from(Kind::TxUncertain { address, nonce, said })),
    }
}
