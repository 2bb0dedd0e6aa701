//! One taxonomy of failures for every layer; it knows nothing of JavaScript.
//!
//! A failure says what happened, what did not happen (was anything sent?) and what to do. Each has a stable
//! [`code`](Kind::code), the [`name`](Kind::name) of the class that callers meet, and its values as
//! [`fields`](Kind::fields).

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256};

/// The object that the outside world threw (a wallet's rejection), kept so that callers can look at it.
#[derive(Clone)]
pub struct Cause(pub Rc<dyn Any>);

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cause(..)")
    }
}

/// What a wallet or node said besides the kind of failure.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The JSON-RPC or EIP-1193 error number, where there was one.
    pub code: Option<i64>,
    /// Its message, cut to [`MAX_FOREIGN_TEXT`] bytes.
    pub message: String,
    /// The thrown object itself.
    pub cause: Option<Cause>,
}

/// Text that comes from outside and goes into a message is cut to this many bytes.
pub const MAX_FOREIGN_TEXT: usize = 512;

/// Cuts foreign text at a character boundary, so that a hostile reply cannot flood an error.
pub fn clip(text: &str) -> String {
    let mut end = text.len().min(MAX_FOREIGN_TEXT);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let mut out = text.get(..end).unwrap_or_default().to_owned();
    if end < text.len() {
        out.push('…');
    }
    out
}

/// Removes credentials and the query string from a URL before it is shown: both can hold secrets.
pub fn public_url(url: &str) -> String {
    let without_query = url.split(['?', '#']).next().unwrap_or_default();
    let shown = match without_query.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = match rest.find('/') {
                Some(at) => rest.split_at(at),
                None => (rest, ""),
            };
            let host = authority.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => without_query.to_owned(),
    };
    clip(&shown)
}

/// A failure: one pointer, because results are moved through every layer.
#[derive(Clone, Debug)]
pub struct Error(Box<Failure>);

#[derive(Clone, Debug)]
struct Failure {
    kind: Kind,
    /// The HTTP request that failed, by its number in the trace.
    request: Option<u32>,
}

impl From<Kind> for Error {
    fn from(kind: Kind) -> Self {
        Self(Box::new(Failure { kind, request: None }))
    }
}

impl std::ops::Deref for Error {
    type Target = Kind;
    fn deref(&self) -> &Kind {
        &self.0.kind
    }
}

/// Every way in which a call can fail.
#[derive(Clone, Debug)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants' fields are named by what they hold; each variant is documented")]
pub enum Kind {
    /// The caller can fix it; nothing was sent anywhere.
    InvalidInput { field: String, reason: String },

    /// No task lives at this address.
    TaskNotFound { address: Address },
    /// No source lives at this address.
    SourceNotFound { address: Address },
    /// No response lives at this address.
    ResponseNotFound { address: Address },
    /// The account is no provider of this network.
    ProviderNotFound { address: Address },
    /// The account is no master of this network.
    MasterNotFound { address: Address },

    /// The task's deadline (unix seconds) has passed; nothing was sent.
    TaskExpired { task: Option<Address>, expiry: u64 },
    /// The task is finalized, canceled or otherwise over.
    TaskAlreadyFinalized { task: Option<Address> },
    /// The response was confirmed before.
    ResponseAlreadyConfirmed { response: Option<Address> },
    /// The source takes no new tasks.
    SourceInactive { source: Option<Address> },

    /// Only the task's client or its agent may do this.
    NotTaskOwner { task: Option<Address>, caller: Address },
    /// Only the source's client or its agent may do this.
    NotSourceOwner { source: Option<Address>, caller: Address },
    /// The account is no master.
    NotMaster { account: Address },
    /// The account is no provider.
    NotProvider { account: Address },
    /// The account lacks what OpenZeppelin's Ownable or AccessControl asks for: ownership, or the role.
    UnauthorizedAccount { account: Address, role: Option<B256> },

    /// The account's vault balance (wei) does not cover the amount.
    InsufficientBalance { account: Address, required: U256, available: U256 },
    /// The account's lockup (wei) does not cover the amount.
    InsufficientLockup { account: Address, required: U256, available: U256 },
    /// Unbonding is not over yet.
    UnbondingPeriodNotElapsed { account: Address, remaining_seconds: u64 },
    /// The vault does not let the account take part.
    NotEligible { account: Address },

    /// The contract said no. With a hash the transaction was mined and failed; without one nothing was sent.
    TxRevert { reason: String, data: Bytes, hash: Option<B256> },
    /// The contract panicked (Solidity's `Panic`), as for an index out of bounds.
    ContractPanic { panic_code: u64, reason: String, hash: Option<B256> },
    /// The nonce was refused, or the wallet used another than suggested.
    Nonce { address: Address, tried: u64, suggested: u64, hash: Option<B256> },
    /// The account cannot pay the gas, or the gas cannot be estimated.
    Gas { reason: String },
    /// No receipt within the time (seconds); the transaction may still be mined.
    TxReceiptTimeout { hash: B256, timeout: u64 },
    /// The node or wallet refused the transaction before it was broadcast.
    TxRpc { reason: String, said: Said },
    /// Another transaction with the same nonce was mined in its place.
    TxReplaced { hash: B256, replacement: B256, cancelled: bool },
    /// The transaction may or may not be out; it will not be sent again.
    TxUncertain { address: Address, nonce: u64, said: Said },

    /// The call's time budget (milliseconds) ran out before the transaction was sent.
    PublishTimeout { budget_ms: u64, stage: &'static str },

    /// The call writes, and this client has no wallet.
    MissingSigner { role: &'static str },
    /// The chain is not among those the caller configured.
    ChainNotSupported { chain_id: u64 },
    /// This network's contracts lack the function.
    NotOnNetwork { function: &'static str, chain_id: u64 },
    /// No node of the wanted chain answers at the URL.
    InvalidRpcUrl { url: String, reason: String },

    /// Content could not be fetched or published.
    IpfsFetch { url: String, reason: String },
    /// A gateway or pinning service answered with a bad status.
    IpfsGateway { gateway: String, status: u16 },
    /// Content does not match its CID, or cannot be checked.
    ContentUnverified { url: String, cid: Option<String>, reason: String },

    /// The person said no; nothing was sent.
    WalletRejected { said: Said },
    /// A wallet window of this kind is already open.
    WalletRequestPending { said: Said },
    /// The wallet is locked or shows no account.
    WalletLocked,
    /// The wallet is on another chain.
    WrongChain { expected: u64, actual: u64 },
    /// The wallet does not know the method.
    WalletUnsupportedMethod { method: String, said: Said },
    /// The wallet has no connection to the chain.
    WalletDisconnected { said: Said },
    /// The wallet does not permit the account or the method.
    WalletUnauthorized { account: Option<Address>, said: Said },
    /// The wallet failed in another way.
    WalletFailed { said: Said },

    /// An offer did not fit the caller's policy, or the caller declined; nothing was signed. `reason` is a stable code,
    /// `asked` and `limit` are in the token's smallest unit.
    PaymentRefused { reason: &'static str, detail: String, host: String, asked: Option<U256>, limit: Option<U256> },
    /// Payment is demanded in a way that cannot be read or met; nothing was signed.
    NotPayable { url: String, reason: String },
    /// The account allows the spender too little of the token (smallest unit); nothing was signed.
    InsufficientAllowance { token: Address, account: Address, spender: Address, required: U256, available: U256 },
    /// The account holds too little of the token (smallest unit); nothing was signed.
    InsufficientTokenBalance { token: Address, account: Address, required: U256, available: U256 },
    /// The wallet gave a signature that is not the account's; it was thrown away.
    PaymentSignature { account: Address, reason: &'static str },
    /// The wallet's answer came after the payment's deadline (unix seconds); the signature was thrown away.
    PaymentExpired { deadline: u64 },
    /// The server refused a signed payment. It could still settle it until the deadline (unix seconds).
    PaymentRejected {
        url: String,
        reason: String,
        class: &'static str,
        asset: Address,
        amount: U256,
        nonce: String,
        deadline: u64,
    },
    /// A signed payment went out, and what became of it is unknown.
    PaymentUncertain {
        url: String,
        reason: String,
        asset: Address,
        amount: U256,
        nonce: String,
        deadline: u64,
        transaction: Option<B256>,
    },
    /// The inference's transaction was mined and paid, but its result is not to be had. The node may know it later.
    ResultRetrieval { hash: B256, inference_id: Option<String>, reason: String },
    /// A service did not let the caller in.
    Authentication { service: &'static str, reason: String },
    /// A service refused, in its own words.
    Service { url: String, status: u16, reason: String },
    /// The service speaks a protocol that this place cannot; nothing was sent.
    NotReachable { service: &'static str, reason: &'static str },

    /// The node answered with an error object.
    Rpc { url: String, said: Said },
    /// No usable HTTP answer from an RPC or service.
    Http { url: String, status: Option<u16>, reason: String },
    /// A reply breaks the protocol's rules.
    Protocol { expected: &'static str, found: String },

    /// An enclave's answer is not proven; it is not shown.
    ProofFailed { check: ProofCheck, reason: String, tee_id: Option<B256> },
    /// A stream ended before its final chunk, after so many chunks.
    StreamCut { chunks: u64, reason: String },
    /// No enclave can be asked; nothing was paid.
    TeeUnavailable { tee_id: Option<B256>, reason: String },
    /// The LLM server answered with a failure, or with an answer that is none. The status is 200 where the failure came in
    /// the answer's body.
    Llm { url: String, status: u16, message: String },
}

/// The check of an enclave's answer that failed, in the order in which they are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProofCheck {
    /// A field of the proof is missing or malformed.
    Fields,
    /// The answer names another enclave than its key.
    TeeId,
    /// The answer is from another enclave than the one asked for.
    ExpectedTeeId,
    /// The enclave signed another request.
    RequestHash,
    /// The enclave signed another output.
    OutputHash,
    /// The enclave signed at another time.
    Timestamp,
    /// The signature is not by the enclave's key.
    Signature,
    /// The answer holds more than the signature covers.
    Unsigned,
}

impl ProofCheck {
    /// The name that callers meet.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::TeeId => "teeId",
            Self::ExpectedTeeId => "expectedTeeId",
            Self::RequestHash => "requestHash",
            Self::OutputHash => "outputHash",
            Self::Timestamp => "timestamp",
            Self::Signature => "signature",
            Self::Unsigned => "unsigned",
        }
    }
}

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

impl Error {
    /// Input that the caller can fix.
    pub fn input(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Kind::InvalidInput { field: field.into(), reason: reason.into() }.into()
    }

    /// A reply that breaks the rules.
    pub fn protocol(expected: &'static str, found: impl AsRef<str>) -> Self {
        Kind::Protocol { expected, found: clip(found.as_ref()) }.into()
    }

    /// What failed, taken out.
    pub fn into_kind(self) -> Kind {
        self.0.kind
    }

    /// The same failure, of this HTTP request.
    #[must_use]
    pub fn of_request(mut self, id: u32) -> Self {
        self.0.request = Some(id);
        self
    }

    /// The HTTP request that failed, by its number in the trace.
    pub const fn request(&self) -> Option<u32> {
        self.0.request
    }
}

impl Kind {
    /// The stable code and the class name, one pair for each variant.
    const fn identity(&self) -> (&'static str, &'static str) {
        match self {
            Self::InvalidInput { .. } => ("invalidInput", "InvalidInputError"),
            Self::TaskNotFound { .. } => ("taskNotFound", "TaskNotFoundError"),
            Self::SourceNotFound { .. } => ("sourceNotFound", "SourceNotFoundError"),
            Self::ResponseNotFound { .. } => ("responseNotFound", "ResponseNotFoundError"),
            Self::ProviderNotFound { .. } => ("providerNotFound", "ProviderNotFoundError"),
            Self::MasterNotFound { .. } => ("masterNotFound", "MasterNotFoundError"),
            Self::TaskExpired { .. } => ("taskExpired", "TaskExpiredError"),
            Self::TaskAlreadyFinalized { .. } => ("taskAlreadyFinalized", "TaskAlreadyFinalizedError"),
            Self::ResponseAlreadyConfirmed { .. } => ("responseAlreadyConfirmed", "ResponseAlreadyConfirmedError"),
            Self::SourceInactive { .. } => ("sourceInactive", "SourceInactiveError"),
            Self::NotTaskOwner { .. } => ("notTaskOwner", "NotTaskOwnerError"),
            Self::NotSourceOwner { .. } => ("notSourceOwner", "NotSourceOwnerError"),
            Self::NotMaster { .. } => ("notMaster", "NotMasterError"),
            Self::NotProvider { .. } => ("notProvider", "NotProviderError"),
            Self::UnauthorizedAccount { .. } => ("unauthorizedAccount", "UnauthorizedAccountError"),
            Self::InsufficientBalance { .. } => ("insufficientBalance", "InsufficientBalanceError"),
            Self::InsufficientLockup { .. } => ("insufficientLockup", "InsufficientLockupError"),
            Self::UnbondingPeriodNotElapsed { .. } => ("unbondingPeriodNotElapsed", "UnbondingPeriodNotElapsedError"),
            Self::NotEligible { .. } => ("notEligible", "NotEligibleError"),
            Self::TxRevert { .. } => ("txRevert", "TxRevertError"),
            Self::ContractPanic { .. } => ("contractPanic", "ContractPanicError"),
            Self::Nonce { .. } => ("nonce", "NonceError"),
            Self::Gas { .. } => ("gas", "GasError"),
            Self::TxReceiptTimeout { .. } => ("txReceiptTimeout", "TxReceiptTimeoutError"),
            Self::TxRpc { .. } => ("txRpc", "TxRpcError"),
            Self::TxReplaced { .. } => ("txReplaced", "TxReplacedError"),
            Self::TxUncertain { .. } => ("txUncertain", "TxUncertainError"),
            Self::PublishTimeout { .. } => ("publishTimeout", "PublishTimeoutError"),
            Self::MissingSigner { .. } => ("missingSigner", "MissingSignerError"),
            Self::ChainNotSupported { .. } => ("chainNotSupported", "ChainNotSupportedError"),
            Self::NotOnNetwork { .. } => ("notOnNetwork", "NotOnNetworkError"),
            Self::InvalidRpcUrl { .. } => ("invalidRpcUrl", "InvalidRpcUrlError"),
            Self::IpfsFetch { .. } => ("ipfsFetch", "IPFSFetchError"),
            Self::IpfsGateway { .. } => ("ipfsGateway", "IPFSGatewayError"),
            Self::ContentUnverified { .. } => ("contentUnverified", "ContentUnverifiedError"),
            Self::WalletRejected { .. } => ("walletRejected", "WalletRejectedError"),
            Self::WalletRequestPending { .. } => ("walletRequestPending", "WalletRequestPendingError"),
            Self::WalletLocked => ("walletLocked", "WalletLockedError"),
            Self::WrongChain { .. } => ("wrongChain", "WrongChainError"),
            Self::WalletUnsupportedMethod { .. } => ("walletUnsupportedMethod", "WalletUnsupportedMethodError"),
            Self::WalletDisconnected { .. } => ("walletDisconnected", "WalletDisconnectedError"),
            Self::WalletUnauthorized { .. } => ("walletUnauthorized", "WalletUnauthorizedError"),
            Self::WalletFailed { .. } => ("walletFailed", "WalletFailedError"),
            Self::PaymentRefused { .. } => ("paymentRefused", "PaymentRefusedError"),
            Self::NotPayable { .. } => ("notPayable", "NotPayableError"),
            Self::InsufficientAllowance { .. } => ("insufficientAllowance", "InsufficientAllowanceError"),
            Self::InsufficientTokenBalance { .. } => ("insufficientTokenBalance", "InsufficientTokenBalanceError"),
            Self::PaymentSignature { .. } => ("paymentSignature", "PaymentSignatureError"),
            Self::PaymentExpired { .. } => ("paymentExpired", "PaymentExpiredError"),
            Self::PaymentRejected { .. } => ("paymentRejected", "PaymentRejectedError"),
            Self::PaymentUncertain { .. } => ("paymentUncertain", "PaymentUncertainError"),
            Self::ResultRetrieval { .. } => ("resultRetrieval", "ResultRetrievalError"),
            Self::Authentication { .. } => ("authentication", "AuthenticationError"),
            Self::Service { .. } => ("service", "ServiceError"),
            Self::NotReachable { .. } => ("notReachable", "NotReachableError"),
            Self::Rpc { .. } => ("rpc", "RpcError"),
            Self::Http { .. } => ("http", "HttpError"),
            Self::Protocol { .. } => ("protocol", "ProtocolError"),
            Self::ProofFailed { .. } => ("proofFailed", "VerificationError"),
            Self::StreamCut { .. } => ("streamCut", "StreamCutError"),
            Self::TeeUnavailable { .. } => ("teeUnavailable", "TeeUnavailableError"),
            Self::Llm { .. } => ("inference", "InferenceError"),
        }
    }

    /// The stable code that callers may match on.
    pub const fn code(&self) -> &'static str {
        self.identity().0
    }

    /// The name of the class that callers meet.
    pub const fn name(&self) -> &'static str {
        self.identity().1
    }

    /// What the wallet or node said, where one did.
    pub const fn said(&self) -> Option<&Said> {
        match self {
            Self::TxRpc { said, .. }
            | Self::TxUncertain { said, .. }
            | Self::WalletRejected { said }
            | Self::WalletRequestPending { said }
            | Self::WalletUnsupportedMethod { said, .. }
            | Self::WalletDisconnected { said }
            | Self::WalletUnauthorized { said, .. }
            | Self::WalletFailed { said }
            | Self::Rpc { said, .. } => Some(said),
            _ => None,
        }
    }

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

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidInput { field, reason } => write!(f, "{field}: {reason}; nothing was sent"),
            Self::TaskNotFound { address } => write!(f, "no task at {address} on this network"),
            Self::SourceNotFound { address } => write!(f, "no source at {address} on this network"),
            Self::ResponseNotFound { address } => write!(f, "no response at {address} on this network"),
            Self::ProviderNotFound { address } => write!(f, "{address} is no provider of this network"),
            Self::MasterNotFound { address } => write!(f, "{address} is no master of this network"),
            Self::TaskExpired { expiry, .. } => {
                write!(f, "the task's expiry time {expiry} (unix seconds) has passed; nothing was sent, choose a later one")
            }
            Self::TaskAlreadyFinalized { .. } => f.write_str("the task is already over; nothing was sent"),
            Self::ResponseAlreadyConfirmed { .. } => {
                f.write_str("the response is already confirmed; nothing was sent or paid again")
            }
            Self::SourceInactive { .. } => f.write_str("the source is inactive and takes no new tasks; nothing was sent"),
            Self::NotTaskOwner { caller, .. } => {
                write!(f, "{caller} is neither the task's client nor its agent; nothing was sent")
            }
            Self::NotSourceOwner { caller, .. } => {
                write!(f, "{caller} is neither the source's client nor its agent; nothing was sent")
            }
            Self::NotMaster { account } => write!(f, "{account} is not a master; nothing was sent"),
            Self::NotProvider { account } => write!(f, "{account} is not a provider; nothing was sent"),
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
                "the vault balance of {account} is {available} wei, but {required} wei are needed; nothing was sent, deposit to the vault first"
            ),
            Self::InsufficientLockup { account, required, available } => write!(
                f,
                "the lockup of {account} is {available} wei, but {required} wei are needed; nothing was sent, lock more first"
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
                write!(f, "the nonce {tried} was refused, the chain expects {suggested}; nothing was sent")
            }
            Self::Gas { reason } => write!(f, "the gas cannot be paid or estimated: {reason}; nothing was sent"),
            Self::TxReceiptTimeout { hash, timeout } => write!(
                f,
                "no receipt of {hash} after {timeout} s; it was sent and may still be mined, so look it up before sending again"
            ),
            Self::TxRpc { reason, .. } => write!(f, "the transaction was refused: {reason}; nothing was sent"),
            Self::TxReplaced { hash, replacement, cancelled: true } => {
                write!(f, "the transaction {hash} was cancelled in the wallet by {replacement}; it had no effect")
            }
            Self::TxReplaced { hash, replacement, .. } => {
                write!(f, "the transaction {hash} was replaced by {replacement}, which does something else; it had no effect")
            }
            Self::TxUncertain { address, nonce, said } => write!(
                f,
                "the wallet failed after it was asked to send ({}); the transaction with nonce {nonce} of {address} may or may not be out, so look it up before sending again",
                said.message
            ),
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
            Self::WrongChain { expected, actual } => {
                write!(f, "the wallet is on chain {actual}, but chain {expected} is needed; nothing was sent, switch first")
            }
            Self::WalletUnsupportedMethod { method, .. } => write!(f, "the wallet does not support {method}"),
            Self::WalletDisconnected { .. } => f.write_str("the wallet has no connection to the chain; nothing was sent"),
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
                "the wallet answered after the payment's deadline {deadline} (unix seconds); the signature was thrown away and nothing was paid, ask again"
            ),
            Self::PaymentRejected { url, reason, amount, asset, deadline, .. } => write!(
                f,
                "{url} refused the signed payment: {reason}; by its word nothing was paid, but the signature over {amount} of {asset} is good until {deadline} (unix seconds)"
            ),
            Self::PaymentUncertain { url, reason, amount, asset, nonce, deadline, .. } => write!(
                f,
                "a signed payment over {amount} of {asset} went to {url}, and its outcome is unknown: {reason}; it may be paid once until {deadline} (unix seconds), so look for the nonce {nonce} on chain before paying again"
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
            Self::Llm { url, status: status @ 200..=299, message } => {
                write!(f, "{url} answered with status {status}, but without a result: {message}; the request may have been paid")
            }
            Self::Llm { url, status, message } => write!(
                f,
                "{url} answered with status {status}: {message}; failed requests are normally not charged, but look at the payment before asking again"
            ),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.kind.fmt(f)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_is_cut_at_a_character() {
        let long = "é".repeat(400);
        let cut = clip(&long);
        assert!(cut.len() <= MAX_FOREIGN_TEXT + '…'.len_utf8());
        assert!(cut.ends_with('…'));
        assert_eq!(clip("short"), "short");
    }

    #[test]
    fn urls_lose_their_secrets() {
        assert_eq!(public_url("https://user:pass@rpc.example/v1?key=secret#x"), "https://rpc.example/v1");
        assert_eq!(public_url("not a url?key=1"), "not a url");
    }

    #[test]
    fn fields_carry_the_numbers_that_matter() {
        let error = Kind::InsufficientBalance { account: Address::ZERO, required: U256::from(3), available: U256::from(1) };
        assert_eq!(error.code(), "insufficientBalance");
        assert!(error.fields().contains(&("required", Field::Amount(U256::from(3)))));
        assert!(error.to_string().contains("nothing was sent"));
    }

    #[test]
    fn every_failure_of_a_payment_tells_what_became_of_the_money() {
        let (token, spender, amount) = (Address::repeat_byte(1), Address::repeat_byte(2), U256::from(7));
        let text = String::new;
        let kinds = [
            Kind::PaymentRefused { reason: "host", detail: text(), host: text(), asked: Some(amount), limit: None },
            Kind::NotPayable { url: text(), reason: text() },
            Kind::InsufficientAllowance { token, account: token, spender, required: amount, available: U256::ZERO },
            Kind::InsufficientTokenBalance { token, account: token, required: amount, available: U256::ZERO },
            Kind::PaymentSignature { account: token, reason: "" },
            Kind::PaymentExpired { deadline: 5 },
            Kind::PaymentRejected {
                url: text(),
                reason: text(),
                class: "user",
                asset: token,
                amount,
                nonce: text(),
                deadline: 5,
            },
            Kind::PaymentUncertain {
                url: text(),
                reason: text(),
                asset: token,
                amount,
                nonce: text(),
                deadline: 5,
                transaction: Some(B256::ZERO),
            },
        ];
        let mut codes = std::collections::BTreeSet::new();
        for kind in &kinds {
            assert!(kind.to_string().contains("paid"), "{kind}");
            assert!(codes.insert(kind.code()) && kind.name().to_lowercase().starts_with(&kind.code().to_lowercase()));
            let names: Vec<_> = kind.fields().into_iter().map(|(name, _)| name).collect();
            let mut unique = names.clone();
            unique.dedup();
            assert!(!names.is_empty() && names == unique, "{names:?}");
        }
        assert!(kinds[2].fields().contains(&("spender", Field::Text(spender.to_string()))));
    }

    #[test]
    fn a_wallets_own_number_is_a_field() {
        let said = Said { code: Some(4001), ..Said::default() };
        assert_eq!(Kind::WalletRejected { said }.fields(), vec![("rpcCode", Field::Number(4001.0))]);
    }

    #[test]
    fn failures_of_llm_requests_say_what_may_have_been_paid() {
        let tee_id = Some(B256::repeat_byte(1));
        let text = || String::from("x");
        for (kind, code, paid) in [
            (Kind::ProofFailed { check: ProofCheck::TeeId, reason: text(), tee_id }, "proofFailed", "may have been paid"),
            (Kind::StreamCut { chunks: 2, reason: text() }, "streamCut", "may have been paid"),
            (Kind::TeeUnavailable { tee_id: None, reason: text() }, "teeUnavailable", "nothing was paid"),
            (Kind::TeeUnavailable { tee_id, reason: text() }, "teeUnavailable", "nothing was paid"),
            (Kind::Llm { url: text(), status: 200, message: text() }, "inference", "may have been paid"),
            (Kind::Llm { url: text(), status: 500, message: text() }, "inference", "normally not charged"),
        ] {
            assert_eq!(kind.code(), code);
            assert!(kind.to_string().contains(paid), "{kind}");
            assert!(kind.fields().iter().any(|(name, _)| *name == "reason"));
        }
        let kind = Kind::ProofFailed { check: ProofCheck::OutputHash, reason: text(), tee_id };
        assert!(kind.fields().contains(&("check", Field::Text("outputHash".into()))));
    }
}
