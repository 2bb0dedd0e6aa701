//! The values of a failure, by the names that callers meet.

use std::fmt;

use alloy_primitives::{B256, U256};

use super::Kind;
use super::kind::foreign;

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
    /// Several texts.
    Texts(Vec<String>),
}

/// Values as they are gathered; one function for each sort, because a copy for each type would be downloaded too.
struct Fields(Vec<(&'static str, Field)>);

impl Fields {
    fn add(&mut self, name: &'static str, value: Field) -> &mut Self {
        self.0.push((name, value));
        self
    }

    fn text(&mut self, name: &'static str, value: &dyn fmt::Display) -> &mut Self {
        self.add(name, Field::Text(value.to_string()))
    }

    fn text_if<T: fmt::Display>(&mut self, name: &'static str, value: &Option<T>) -> &mut Self {
        match value {
            Some(value) => self.text(name, value),
            None => self,
        }
    }

    fn number(&mut self, name: &'static str, value: u64) -> &mut Self {
        #[allow(clippy::cast_precision_loss, reason = "seconds, nonces and chain ids that a page can hold are below 2^53")]
        self.add(name, Field::Number(value as f64))
    }

    fn texts(&mut self, name: &'static str, value: Vec<String>) -> &mut Self {
        self.add(name, Field::Texts(value))
    }

    fn amount(&mut self, name: &'static str, value: &U256) -> &mut Self {
        self.add(name, Field::Amount(*value))
    }

    fn amount_if(&mut self, name: &'static str, value: &Option<U256>) -> &mut Self {
        match value {
            Some(value) => self.amount(name, value),
            None => self,
        }
    }
}

impl Kind {
    /// The values that matter, by the names that callers meet.
    pub fn fields(&self) -> Vec<(&'static str, Field)> {
        let mut fields = Fields(Vec::new());
        let out = &mut fields;
        match self {
            foreign!(opengradient) if !cfg!(feature = "opengradient") => out,
            foreign!(ogpu) if !cfg!(feature = "ogpu") => out,
            Self::InvalidInput { field, reason } => out.text("field", field).text("reason", reason),
            Self::TaskNotFound { address }
            | Self::SourceNotFound { address }
            | Self::ResponseNotFound { address }
            | Self::ProviderNotFound { address }
            | Self::MasterNotFound { address } => out.text("address", address),
            Self::TaskExpired { task, expiry } => out.text_if("task", task).number("expiry", *expiry),
            Self::TaskAlreadyFinalized { task } => out.text_if("task", task),
            Self::ResponseAlreadyConfirmed { response } => out.text_if("response", response),
            Self::TaskInProgress { task, status } => out.text_if("task", task).text("status", status),
            Self::SourceInactive { source } => out.text_if("source", source),
            Self::NotTaskOwner { task, caller } => out.text_if("task", task).text("caller", caller),
            Self::NotSourceOwner { source, caller } => out.text_if("source", source).text("caller", caller),
            Self::NotMaster { account, provider } => out.text("account", account).text_if("provider", provider),
            Self::NotProvider { account, caller, source } => {
                out.text("account", account).text_if("caller", caller).text_if("source", source)
            }
            Self::NotEligible { account } => out.text("account", account),
            Self::UnauthorizedAccount { account, role } => out.text("account", account).text_if("role", role),
            Self::ContractPanic { panic_code, reason, hash } => {
                out.number("panicCode", *panic_code).text("reason", reason).text_if("hash", hash)
            }
            Self::InsufficientBalance { account, required, available }
            | Self::InsufficientLockup { account, required, available } => {
                out.text("account", account).amount("required", required).amount("available", available)
            }
            Self::UnbondingPeriodNotElapsed { account, remaining_seconds } => {
                out.text("account", account).number("remainingSeconds", *remaining_seconds)
            }
            Self::TxRevert { reason, data, hash } => {
                out.text("reason", reason);
                if !data.is_empty() {
                    out.text("data", data);
                }
                out.text_if("hash", hash)
            }
            Self::Nonce { address, tried, suggested, hash } => {
                out.text("address", address).number("tried", *tried).number("suggested", *suggested).text_if("hash", hash)
            }
            Self::Gas { reason, required, available } => {
                out.text("reason", reason).amount_if("required", required).amount_if("available", available)
            }
            Self::TxRpc { reason, .. } => out.text("reason", reason),
            Self::TxReceiptTimeout { hash, timeout } => out.text("hash", hash).number("timeout", *timeout),
            Self::TxReplaced { hash, replacement, cancelled } => {
                out.text("hash", hash).text("replacement", replacement).add("cancelled", Field::Flag(*cancelled))
            }
            Self::TxUncertain { address, nonce, .. } => {
                out.text("address", address);
                if let Some(nonce) = nonce {
                    out.number("nonce", *nonce);
                }
                out
            }
            Self::TxMismatch { hash, field, asked, found } => {
                out.text("hash", hash).text("field", field).text("asked", asked).text("found", found)
            }
            Self::TxAwaitingApproval { address, id } => out.text("address", address).text("id", id),
            Self::TxPartial { id, hashes, reason } => {
                out.text("id", id).texts("hashes", hashes.iter().map(B256::to_string).collect()).text("reason", reason)
            }
            Self::RpcDisagreement { method, answers, urls, hash } => {
                out.text("method", method).texts("answers", answers.clone()).texts("urls", urls.clone()).text_if("hash", hash)
            }
            Self::ExpiryTooLong { expiry, limit, in_milliseconds } => {
                out.number("expiry", *expiry).number("limit", *limit).add("inMilliseconds", Field::Flag(*in_milliseconds))
            }
            Self::PaymentTooLow { payment, minimum } => out.amount("payment", payment).amount("minimum", minimum),
            Self::PublishTimeout { budget_ms, stage } =>
            {
                #[allow(clippy::cast_precision_loss, reason = "at most a year")]
                out.add("budget", Field::Number(*budget_ms as f64 / 1000.0)).text("stage", stage)
            }
            Self::MissingSigner { role } => out.text("role", role),
            Self::ChainNotSupported { chain_id } => out.number("chainId", *chain_id),
            Self::NotOnNetwork { function, chain_id } => out.text("function", function).number("chainId", *chain_id),
            Self::IpfsGateway { gateway, status } => out.text("gateway", gateway).number("statusCode", (*status).into()),
            Self::ContentUnverified { url, cid, reason } => out.text("url", url).text_if("cid", cid).text("reason", reason),
            Self::WrongChain { expected, actual, who, .. } => {
                out.number("expected", *expected).number("actual", *actual).text("who", who)
            }
            Self::WalletUnsupportedMethod { method, .. } => out.text("method", method),
            Self::WalletUnauthorized { account, .. } => out.text_if("account", account),
            Self::PaymentRefused { reason, detail, host, asked, limit } => {
                out.text("reason", reason).text("detail", detail).text("host", host);
                out.amount_if("asked", asked).amount_if("limit", limit)
            }
            Self::IpfsFetch { url, reason } | Self::InvalidRpcUrl { url, reason } | Self::NotPayable { url, reason } => {
                out.text("url", url).text("reason", reason)
            }
            Self::InsufficientAllowance { token, account, required, available, .. }
            | Self::InsufficientTokenBalance { token, account, required, available } => {
                out.text("token", token).text("account", account);
                if let Self::InsufficientAllowance { spender, .. } = self {
                    out.text("spender", spender);
                }
                out.amount("required", required).amount("available", available)
            }
            Self::PaymentSignature { account, reason } => out.text("account", account).text("reason", reason),
            Self::PaymentExpired { deadline } => out.number("deadline", *deadline),
            Self::PaymentRejected { url, reason, asset, amount, nonce, deadline, .. }
            | Self::PaymentUncertain { url, reason, asset, amount, nonce, deadline, .. } => {
                out.text("url", url).text("reason", reason).text("asset", asset).amount("amount", amount);
                out.text("nonce", nonce).number("deadline", *deadline);
                match self {
                    Self::PaymentRejected { class, .. } => out.text("class", class),
                    Self::PaymentUncertain { transaction, .. } => out.text_if("transaction", transaction),
                    _ => out,
                }
            }
            Self::ResultRetrieval { hash, inference_id, reason } => {
                out.text("hash", hash).text_if("inferenceId", inference_id).text("reason", reason)
            }
            Self::Authentication { service, reason } => out.text("service", service).text("reason", reason),
            Self::NotReachable { service, reason } => out.text("service", service).text("reason", reason),
            Self::Rpc { url, .. } => out.text("url", url),
            Self::Http { url, status, reason } => {
                out.text("url", url);
                if let Some(status) = status {
                    out.number("status", (*status).into());
                }
                out.text("reason", reason)
            }
            Self::Protocol { expected, found } => out.text("expected", expected).text("found", found),
            Self::ProofFailed { check, reason, tee_id } => {
                out.text("check", &check.name()).text("reason", reason).text_if("teeId", tee_id)
            }
            Self::StreamCut { chunks, reason } => out.number("chunks", *chunks).text("reason", reason),
            Self::TeeUnavailable { tee_id, reason } => out.text_if("teeId", tee_id).text("reason", reason),
            Self::Service { url, status, reason } | Self::Llm { url, status, message: reason, .. } => {
                out.text("url", url).number("status", (*status).into()).text("reason", reason);
                match self {
                    Self::Llm { unpaid, .. } => out.text("paid", &if *unpaid { "no" } else { "maybe" }),
                    _ => out,
                }
            }
            Self::WalletRejected { .. }
            | Self::WalletRequestPending { .. }
            | Self::WalletLocked
            | Self::WalletDisconnected { .. }
            | Self::WalletFailed { .. } => out,
        };
        if let Some(code) = self.said().and_then(|said| said.code) {
            #[allow(clippy::cast_precision_loss, reason = "error numbers are far below 2^53")]
            fields.add("rpcCode", Field::Number(code as f64));
        }
        fields.0
    }
}
