//! What a failure says: what happened, whether anything was sent or paid, what to do.

use std::fmt;

use super::Kind;
use super::kind::{WALLET, foreign};

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            foreign!(opengradient) if !cfg!(feature = "opengradient") => Ok(()),
            foreign!(ogpu) if !cfg!(feature = "ogpu") => Ok(()),
            Self::InvalidInput { field, reason } => write!(f, "{field}: {reason}; nothing was sent"),
            Self::TaskNotFound { address } => write!(f, "no task at {address} on this network; nothing was sent"),
            Self::SourceNotFound { address } => write!(f, "no source at {address} on this network; nothing was sent"),
            Self::ResponseNotFound { address } => write!(f, "no response at {address} on this network; nothing was sent"),
            Self::ProviderNotFound { address } => write!(f, "{address} is no provider of this network; nothing was sent"),
            Self::MasterNotFound { address } => write!(f, "{address} is no master of this network; nothing was sent"),
            Self::TaskExpired { expiry, .. } => {
                write!(f, "the task's expiry time {expiry} (unix seconds) has passed; nothing was sent, choose a later one")
            }
            Self::TaskAlreadyFinalized { .. } => f.write_str("the task is already over; nothing was sent"),
            Self::ResponseAlreadyConfirmed { .. } => {
                f.write_str("the response is already confirmed; nothing was sent or paid again")
            }
            Self::TaskInProgress { status, .. } => write!(
                f,
                "the task goes on (its status is {status}): it can be cancelled only before a provider attempts it; nothing was sent"
            ),
            Self::SourceInactive { .. } => f.write_str("the source is inactive and takes no new tasks; nothing was sent"),
            Self::NotTaskOwner { caller, .. } => {
                write!(f, "{caller} is neither the task's client nor its agent; nothing was sent")
            }
            Self::NotSourceOwner { caller, .. } => {
                write!(f, "{caller} is neither the source's client nor its agent; nothing was sent")
            }
            Self::NotMaster { account, provider: Some(provider) } => {
                write!(f, "{account} is not the master of the provider {provider}; nothing was sent")
            }
            Self::NotMaster { account, .. } => write!(f, "{account} is not a master; nothing was sent"),
            Self::NotProvider { account, caller: Some(caller), .. } => write!(
                f,
                "{caller} may not act for the provider {account}: it is neither that provider, nor its master, nor the master's agent; nothing was sent"
            ),
            Self::NotProvider { account, source: Some(source), .. } => {
                write!(f, "the provider {account} is not registered for the source {source}; nothing was sent")
            }
            Self::NotProvider { account, .. } => write!(f, "{account} is not a provider; nothing was sent"),
            Self::UnauthorizedAccount { account, .. } => {
                write!(f, "the contract does not let {account} do this; nothing was sent")
            }
            Self::ContractPanic { reason, hash: Some(hash), .. } => {
                write!(f, "the transaction {hash} was mined and failed: {reason}; only its gas was paid")
            }
            Self::ContractPanic { reason, .. } => write!(f, "the contract would fail: {reason}; nothing was sent"),
            Self::NotOnNetwork { function, chain_id } => {
                write!(f, "{function} does not exist on chain {chain_id}; nothing was sent")
            }
            Self::InvalidRpcUrl { url, reason } => write!(f, "{url} cannot be used as RPC: {reason}; the previous one stays"),
            Self::InsufficientBalance { account, required, available } => write!(
                f,
                "the vault balance of {account} is {available} wei, but {required} wei are needed; nothing was sent, deposit to the vault first or choose less"
            ),
            Self::InsufficientLockup { account, required, available } => write!(
                f,
                "the lockup of {account} is {available} wei, but {required} wei are needed; nothing was sent, lock more first or choose less"
            ),
            Self::UnbondingPeriodNotElapsed { remaining_seconds, .. } => {
                write!(f, "unbonding takes {remaining_seconds} more seconds; nothing was sent")
            }
            Self::NotEligible { account } => write!(f, "{account} is not eligible in the vault; nothing was sent"),
            Self::TxRevert { reason, hash: Some(hash), .. } => {
                write!(f, "the transaction {hash} was mined and reverted: {reason}; only its gas was paid")
            }
            Self::TxRevert { reason, .. } => write!(f, "the transaction would revert: {reason}; nothing was sent"),
            Self::Nonce { tried, suggested, hash: Some(hash), .. } => write!(
                f,
                "the wallet ignored the suggested nonce {suggested} and used {tried} (transaction {hash}); cancel or speed up pending transactions in the wallet itself"
            ),
            Self::Nonce { tried, suggested, .. } => {
                write!(
                    f,
                    "another transaction has the nonce {tried}, and the chain expects {suggested} next; with that nonce this call cannot be mined any more, and it had no effect"
                )
            }
            Self::Gas { required: Some(required), available: Some(available), .. } => write!(
                f,
                "the account holds {available} wei, but {required} wei and the gas for the transaction are needed; nothing was sent"
            ),
            Self::Gas { reason, .. } => write!(f, "the gas cannot be paid or estimated: {reason}; nothing was sent"),
            Self::TxReceiptTimeout { hash, timeout } => write!(
                f,
                "no receipt of {hash} after {timeout} s; it was sent and may still be mined, so look it up before sending again"
            ),
            Self::TxRpc { reason, .. } => write!(f, "the transaction was refused: {reason}; nothing was sent"),
            Self::TxReplaced { hash, replacement, cancelled: true } => {
                write!(f, "the transaction {hash} was cancelled in the wallet by {replacement}; it had no effect")
            }
            Self::TxReplaced { hash, replacement, .. } => {
                write!(
                    f,
                    "the transaction {hash} was replaced by {replacement}, which is not this call's transaction; it had no effect"
                )
            }
            Self::TxUncertain { address, nonce: Some(nonce), said } => write!(
                f,
                "the wallet was asked to send and its answer does not tell whether it did ({}); nothing with nonce {nonce} of {address} is on chain yet, but it may still come; to try again, look in the wallet's activity first, and repeat the call with `nonce: {nonce}`, so that at most one of both can be mined",
                said.message
            ),
            Self::TxUncertain { address, said, .. } => write!(
                f,
                "the wallet was asked to send and its answer does not tell whether it did ({}); nothing of it by {address} is on chain yet, but it may still come; look in the wallet's activity before you try again",
                said.message
            ),
            Self::TxMismatch { hash, field, asked, found } => write!(
                f,
                "the transaction {hash} is not what was asked: its {field} is {found}, asked was {asked}; it was sent and may have taken effect, so look at it before you go on"
            ),
            Self::TxAwaitingApproval { address, id } => write!(
                f,
                "the account {address} holds the transaction {id} until others approve and execute it; no endpoint shows it on chain yet, and it must not be sent again: wait, and go on with this id"
            ),
            Self::TxPartial { id, hashes, reason } => {
                match id.as_str() {
                    "" => write!(f, "only the first of the calls were executed, and then one failed ({reason}); look at")?,
                    id => write!(f, "only a part of the batch {id} was executed ({reason}); look at")?,
                }
                hashes.iter().try_for_each(|hash| write!(f, " {hash}"))?;
                f.write_str(" and send only what is missing")
            }
            Self::RpcDisagreement { method, answers, urls, hash } => {
                write!(f, "endpoints disagree about {method}:")?;
                for (url, answer) in urls.iter().zip(answers) {
                    write!(f, " {url} says {answer};")?;
                }
                match hash {
                    Some(hash) => write!(
                        f,
                        " neither is believed; the transaction {hash} was sent and may be mined, so look it up elsewhere before sending again"
                    ),
                    None => f.write_str(" neither is believed, and nothing was sent because of it"),
                }
            }
            Self::ExpiryTooLong { expiry, limit, in_milliseconds: true } => write!(
                f,
                "the expiry time {expiry} looks like milliseconds, but it is in unix seconds, at most {limit} seconds from now; nothing was sent"
            ),
            Self::ExpiryTooLong { expiry, limit, .. } => {
                write!(
                    f,
                    "the expiry time {expiry} (unix seconds) is more than the source's limit of {limit} seconds from now; nothing was sent"
                )
            }
            Self::PaymentTooLow { payment, minimum } => {
                write!(
                    f,
                    "the payment of {payment} wei is less than the {minimum} wei that the source asks for; nothing was sent"
                )
            }
            Self::PublishTimeout { budget_ms, stage } => {
                write!(f, "the budget of {budget_ms} ms ran out at stage {stage}; no transaction was sent")
            }
            Self::MissingSigner { role } => {
                write!(f, "this needs the {role}'s wallet, and the client is read-only; use Ogpu.connect")
            }
            Self::ChainNotSupported { chain_id } => write!(f, "chain {chain_id} is not supported"),
            Self::IpfsFetch { url, reason } => write!(f, "{url}: {reason}"),
            Self::IpfsGateway { gateway, status } => write!(f, "{gateway} answered with status {status}"),
            Self::ContentUnverified { url, reason, .. } => {
                write!(f, "the content of {url} is not proven: {reason}; it is not shown")
            }
            Self::WalletRejected { .. } => f.write_str("the request was rejected in the wallet; nothing was sent"),
            Self::WalletRequestPending { .. } => {
                f.write_str("the wallet already shows a request of this kind; open the wallet and answer it")
            }
            Self::WalletLocked => f.write_str("the wallet is locked or has no account for this site; unlock and connect it"),
            Self::WrongChain { expected, actual, who, said } => {
                write!(f, "{who} is on chain {actual}, but chain {expected} is needed; nothing was sent")?;
                f.write_str(if who == WALLET {
                    ", switch or add it in the wallet first"
                } else {
                    ", give the RPC URL of the right chain"
                })?;
                if said.message.is_empty() { Ok(()) } else { write!(f, " ({})", said.message) }
            }
            Self::WalletUnsupportedMethod { method, .. } => write!(f, "the wallet does not support {method}"),
            Self::WalletDisconnected { said } => {
                f.write_str("the wallet has lost its connection; nothing was sent, reload the page if it does not come back")?;
                if said.message.is_empty() { Ok(()) } else { write!(f, " ({})", said.message) }
            }
            Self::WalletUnauthorized { said, .. } => {
                write!(f, "the wallet does not permit this: {}; connect the account again", said.message)
            }
            Self::WalletFailed { said } => write!(f, "the wallet failed: {}", said.message),
            Self::PaymentRefused { detail, host, .. } => {
                write!(f, "the payment to {host} was refused: {detail}; nothing was signed or paid")
            }
            Self::NotPayable { url, reason } => write!(f, "{url} demands payment, but {reason}; nothing was signed or paid"),
            Self::InsufficientAllowance { token, account, spender, required, available } => write!(
                f,
                "{account} allows {spender} {available} of the token {token}, but {required} is needed; nothing was signed or paid, approve more first"
            ),
            Self::InsufficientTokenBalance { token, account, required, available } => write!(
                f,
                "{account} holds {available} of the token {token}, but {required} is needed; nothing was signed or paid"
            ),
            Self::PaymentSignature { account, reason } => write!(
                f,
                "the wallet's signature is no payment by {account}: {reason}; it was thrown away and nothing was paid, choose that account and its chain in the wallet"
            ),
            Self::PaymentExpired { deadline } => write!(
                f,
                "the yes to the payment came after its deadline {deadline} (unix seconds); no signature was sent and nothing was paid, ask again"
            ),
            Self::PaymentRejected { url, reason, amount, asset, deadline, .. } => write!(
                f,
                "{url} refused the signed payment: {reason}; by its word nothing was paid, but the signature over {amount} of {asset} is good until {deadline} (unix seconds)"
            ),
            Self::PaymentUncertain { url, reason, amount, asset, nonce, deadline, .. } => write!(
                f,
                "a signed payment over {amount} of {asset} went to {url}, and its outcome is unknown: {reason}; it may be paid once until {deadline} (unix seconds), and is not sent again by itself: look for the nonce {nonce} on chain before paying again, or have the same payment sent once more with retryPaid"
            ),
            Self::ResultRetrieval { hash, reason, .. } => write!(
                f,
                "the inference's transaction {hash} was mined and paid, but its result is not to be had: {reason}; ask the node again later, do not send it again"
            ),
            Self::Authentication { service, reason } => write!(f, "{service} did not let you in: {reason}"),
            Self::Service { url, status, reason } => write!(f, "{url} answered with status {status}: {reason}"),
            Self::NotReachable { service, reason } => {
                write!(f, "{service} is not reachable from here: {reason}; nothing was sent")
            }
            Self::Rpc { url, said } => write!(f, "{url} answered with an error: {}", said.message),
            Self::Http { url, status: Some(status), .. } => write!(f, "{url} answered with status {status}"),
            Self::Http { url, reason, .. } => write!(f, "{url}: {reason}"),
            Self::Protocol { expected, found } => write!(f, "expected {expected}, but found {found}"),
            Self::ProofFailed { reason, .. } => {
                write!(f, "the answer is not proven: {reason}; do not use it; the request was answered and may have been paid")
            }
            Self::StreamCut { chunks, reason } => write!(
                f,
                "the stream was cut after {chunks} chunks: {reason}; the request was sent and may have been paid, so look at its payment before asking again"
            ),
            Self::TeeUnavailable { tee_id: Some(id), reason } => {
                write!(f, "the enclave {id} cannot be asked: {reason}; nothing was paid")
            }
            Self::TeeUnavailable { reason, .. } => write!(f, "no enclave can be asked: {reason}; nothing was paid"),
            Self::Llm { url, status, message, unpaid: true } => {
                write!(f, "{url} answered with status {status}: {message}; nothing was signed or paid for it")
            }
            Self::Llm { url, status: status @ 200..=299, message, .. } => {
                write!(f, "{url} answered with status {status}, but without a result: {message}; the request may have been paid")
            }
            Self::Llm { url, status, message, .. } => write!(
                f,
                "{url} answered with status {status}: {message}; failed requests are normally not charged, but look at the payment before asking again"
            ),
        }
    }
}
