//! The values of a failure, by the names that callers meet.

use alloy_primitives::U256;

use super::Kind;

/// A value of an error, as callers meet it.
#[derive(Clone, Debug, PartialEq)]
pub enum Field {
    /// Text: addresses in checksummed form, hashes, reasons.
    Text(String),
    /// A count, seconds or a chain id: always below 2^53.
    Number(f64),
    /// An amount in wei.
    Amount(U256),
    /// A fact.
    Flag(bool),
}

impl Kind {
    /// The values that matter, by the names that callers meet.
    pub fn fields(&self) -> Vec<(&'static str, Field)> {
        let mut out = Vec::new();
        match self {
            Self::InvalidInput { field, reason } => {
                out.extend([text("field", field), text("reason", reason)]);
            }
            Self::TaskNotFound { address }
            | Self::SourceNotFound { address }
            | Self::ResponseNotFound { address }
            | Self::ProviderNotFound { address }
            | Self::MasterNotFound { address } => out.push(text("address", address)),
            Self::TaskExpired { task, expiry } => {
                out.extend(task.map(|a| text("task", a)));
                out.push(number("expiry", *expiry));
            }
            Self::TaskAlreadyFinalized { task } => out.extend(task.map(|a| text("task", a))),
            Self::ResponseAlreadyConfirmed { response } => out.extend(response.map(|a| text("response", a))),
            Self::SourceInactive { source } => out.extend(source.map(|a| text("source", a))),
            Self::NotTaskOwner { task, caller } => {
                out.extend(task.map(|a| text("task", a)));
                out.push(text("caller", caller));
            }
            Self::NotSourceOwner { source, caller } => {
                out.extend(source.map(|a| text("source", a)));
                out.push(text("caller", caller));
            }
            Self::NotMaster { account } | Self::NotProvider { account } | Self::NotEligible { account } => {
                out.push(text("account", account));
            }
            Self::UnauthorizedAccount { account, role } => {
                out.push(text("account", account));
                out.extend(role.map(|role| text("role", role)));
            }
            Self::ContractPanic { panic_code, reason, hash } => {
                out.extend([number("panicCode", *panic_code), text("reason", reason)]);
                out.extend(hash.map(|h| text("hash", h)));
            }
            Self::InsufficientBalance { account, required, available }
            | Self::InsufficientLockup { account, required, available } => out.extend([
                text("account", account),
                ("required", Field::Amount(*required)),
                ("available", Field::Amount(*available)),
            ]),
            Self::UnbondingPeriodNotElapsed { account, remaining_seconds } => {
                out.extend([text("account", account), number("remainingSeconds", *remaining_seconds)]);
            }
            Self::TxRevert { reason, data, hash } => {
                out.push(text("reason", reason));
                if !data.is_empty() {
                    out.push(text("data", data));
                }
                out.extend(hash.map(|h| text("hash", h)));
            }
            Self::Nonce { address, tried, suggested, hash } => {
                out.extend([text("address", address), number("tried", *tried), number("suggested", *suggested)]);
                out.extend(hash.map(|h| text("hash", h)));
            }
            Self::Gas { reason } | Self::TxRpc { reason, .. } => out.push(text("reason", reason)),
            Self::TxReceiptTimeout { hash, timeout } => {
                out.extend([text("hash", hash), number("timeout", *timeout)]);
            }
            Self::TxReplaced { hash, replacement, cancelled } => {
                out.extend([text("hash", hash), text("replacement", replacement), ("cancelled", Field::Flag(*cancelled))])
            }
            Self::TxUncertain { address, nonce, .. } => {
                out.extend([text("address", address), number("nonce", *nonce)]);
            }
            Self::PublishTimeout { budget_ms, stage } => {
                #[allow(clippy::cast_precision_loss, reason = "at most a year")]
                out.extend([("budget", Field::Number(*budget_ms as f64 / 1000.0)), text("stage", stage)]);
            }
            Self::MissingSigner { role } => out.push(text("role", role)),
            Self::ChainNotSupported { chain_id } => out.push(number("chainId", *chain_id)),
            Self::NotOnNetwork { function, chain_id } => {
                out.extend([text("function", function), number("chainId", *chain_id)]);
            }
            Self::IpfsFetch { url, reason } | Self::InvalidRpcUrl { url, reason } => {
                out.extend([text("url", url), text("reason", reason)]);
            }
            Self::IpfsGateway { gateway, status } => {
                out.extend([text("gateway", gateway), number("statusCode", u64::from(*status))]);
            }
            Self::ContentUnverified { url, cid, reason } => {
                out.push(text("url", url));
                out.extend(cid.as_ref().map(|c| text("cid", c)));
                out.push(text("reason", reason));
            }
            Self::WrongChain { expected, actual } => {
                out.extend([number("expected", *expected), number("actual", *actual)]);
            }
            Self::WalletUnsupportedMethod { method, .. } => out.push(text("method", method)),
            Self::WalletUnauthorized { account, .. } => out.extend(account.map(|a| text("account", a))),
            Self::PaymentRefused { reason, detail, host, asked, limit } => {
                out.extend([text("reason", reason), text("detail", detail), text("host", host)]);
                out.extend(asked.map(|amount| ("asked", Field::Amount(amount))));
                out.extend(limit.map(|amount| ("limit", Field::Amount(amount))));
            }
            Self::NotPayable { url, reason } => out.extend([text("url", url), text("reason", reason)]),
            Self::InsufficientAllowance { token, account, required, available, .. }
            | Self::InsufficientTokenBalance { token, account, required, available } => {
                out.extend([text("token", token), text("account", account)]);
                if let Self::InsufficientAllowance { spender, .. } = self {
                    out.push(text("spender", spender));
                }
                out.extend([("required", Field::Amount(*required)), ("available", Field::Amount(*available))]);
            }
            Self::PaymentSignature { account, reason } => out.extend([text("account", account), text("reason", reason)]),
            Self::PaymentExpired { deadline } => out.push(number("deadline", *deadline)),
            Self::PaymentRejected { url, reason, asset, amount, nonce, deadline, .. }
            | Self::PaymentUncertain { url, reason, asset, amount, nonce, deadline, .. } => {
                out.extend([text("url", url), text("reason", reason), text("asset", asset), ("amount", Field::Amount(*amount))]);
                out.extend([text("nonce", nonce), number("deadline", *deadline)]);
                match self {
                    Self::PaymentRejected { class, .. } => out.push(text("class", class)),
                    Self::PaymentUncertain { transaction, .. } => out.extend(transaction.map(|hash| text("transaction", hash))),
                    _ => {}
                }
            }
            Self::ResultRetrieval { hash, inference_id, reason } => {
                out.push(text("hash", hash));
                out.extend(inference_id.as_ref().map(|id| text("inferenceId", id)));
                out.push(text("reason", reason));
            }
            Self::Authentication { service, reason } => out.extend([text("service", service), text("reason", reason)]),
            Self::Service { url, status, reason } => {
                out.extend([text("url", url), number("status", u64::from(*status)), text("reason", reason)]);
            }
            Self::NotReachable { service, reason } => out.extend([text("service", service), text("reason", reason)]),
            Self::Rpc { url, .. } => out.push(text("url", url)),
            Self::Http { url, status, reason } => {
                out.push(text("url", url));
                out.extend(status.map(|s| number("status", u64::from(s))));
                out.push(text("reason", reason));
            }
            Self::Protocol { expected, found } => out.extend([text("expected", expected), text("found", found)]),
            Self::ProofFailed { check, reason, tee_id } => {
                out.extend([text("check", check.name()), text("reason", reason)]);
                out.extend(tee_id.map(|id| text("teeId", id)));
            }
            Self::StreamCut { chunks, reason } => out.extend([number("chunks", *chunks), text("reason", reason)]),
            Self::TeeUnavailable { tee_id, reason } => {
                out.extend(tee_id.map(|id| text("teeId", id)));
                out.push(text("reason", reason));
            }
            Self::Llm { url, status, message } => {
                out.extend([text("url", url), number("status", u64::from(*status)), text("reason", message)]);
            }
            Self::WalletRejected { .. }
            | Self::WalletRequestPending { .. }
            | Self::WalletLocked
            | Self::WalletDisconnected { .. }
            | Self::WalletFailed { .. } => {}
        }
        if let Some(code) = self.said().and_then(|said| said.code) {
            #[allow(clippy::cast_precision_loss, reason = "error numbers are far below 2^53")]
            out.push(("rpcCode", Field::Number(code as f64)));
        }
        out
    }
}

fn text(name: &'static str, value: impl ToString) -> (&'static str, Field) {
    (name, Field::Text(value.to_string()))
}

fn number(name: &'static str, value: u64) -> (&'static str, Field) {
    #[allow(clippy::cast_precision_loss, reason = "seconds, nonces and chain ids that a page can hold are below 2^53")]
    (name, Field::Number(value as f64))
}
