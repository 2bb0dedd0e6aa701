//! The failures: what each holds, its code, and the class that callers meet.

use alloy_primitives::{Address, B256, Bytes, U256};

use super::Said;

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
    /// The task goes on: a provider has attempted it, so that it can no longer be cancelled.
    TaskInProgress { task: Option<Address>, status: &'static str },
    /// The source takes no new tasks.
    SourceInactive { source: Option<Address> },
    /// The task's time until its expiry (seconds) is beyond what the source allows.
    ExpiryTooLong { expiry: u64, limit: u64, in_milliseconds: bool },
    /// The payment (wei) is less than the source asks for.
    PaymentTooLow { payment: U256, minimum: U256 },

    /// Only the task's client or its agent may do this.
    NotTaskOwner { task: Option<Address>, caller: Address },
    /// Only the source's client or its agent may do this.
    NotSourceOwner { source: Option<Address>, caller: Address },
    /// The account is no master, or not the master of this provider.
    NotMaster { account: Address, provider: Option<Address> },
    /// The account is no provider; or it is one, and `caller` may not act for it, or it is not registered for `source`.
    NotProvider { account: Address, caller: Option<Address>, source: Option<Address> },
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
    /// The account cannot pay the gas and what goes with the transaction, or the gas cannot be estimated. `required` goes with the
    /// transaction beside its gas, `available` is the account's native balance (wei), where they are known.
    Gas { reason: String, required: Option<U256>, available: Option<U256> },
    /// No receipt within the time (seconds); the transaction may still be mined.
    TxReceiptTimeout { hash: B256, timeout: u64 },
    /// The node or wallet refused the transaction before it was broadcast.
    TxRpc { reason: String, said: Said },
    /// Another transaction with the same nonce was mined in its place.
    TxReplaced { hash: B256, replacement: B256, cancelled: bool },
    /// The transaction may or may not be out; it will not be sent again. A smart account has no nonce to look under.
    TxUncertain { address: Address, nonce: Option<u64>, said: Said },
    /// What was mined from the account is not what was asked: it was edited in the wallet. It is on chain.
    TxMismatch { hash: B256, field: &'static str, asked: String, found: String },
    /// A smart account holds the transaction until others approve or execute it. Nothing is on chain yet.
    TxAwaitingApproval { address: Address, id: B256 },
    /// Of a batch (EIP-5792) some calls were executed and some were not.
    TxPartial { id: String, hashes: Vec<B256>, reason: String },

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
    /// The wallet, or the RPC endpoint `who`, is on another chain.
    WrongChain { expected: u64, actual: u64, who: String, said: Said },
    /// The wallet does not know the method.
    WalletUnsupportedMethod { method: String, said: Said },
    /// The wallet has lost its connection: to the chain, or to the page, as an extension that was reloaded.
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
    /// The caller's yes, or the wallet's answer, came after the payment's deadline (unix seconds); no signature was sent.
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
    /// Endpoints that must agree (`quorum`) gave different answers. With a hash it is about a transaction that was sent.
    RpcDisagreement { method: &'static str, answers: Vec<String>, urls: Vec<String>, hash: Option<B256> },
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
    /// the answer's body. `unpaid` when no payment went with the request, so that nothing can have been paid.
    Llm { url: String, status: u16, message: String, unpaid: bool },
}

/// Who is on the wrong chain when the wallet is.
pub const WALLET: &str = "the wallet";

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
    /// The enclave signed before the question or after the answer.
    Timestamp,
    /// The signature is not by the enclave's key.
    Signature,
    /// The answer holds more than the signature covers.
    Unsigned,
    /// The answer holds tool calls that the request did not allow, or text that reads like calls.
    ToolCalls,
    /// This signature was accepted before.
    Replayed,
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
            Self::ToolCalls => "toolCalls",
            Self::Replayed => "replayed",
        }
    }
}

/// The failures that a module without one of the networks cannot meet, as a pattern. What tells of them is then left out of the module,
/// which is 2 KB less to download.
macro_rules! foreign {
    (opengradient) => {
        Self::PaymentRefused { .. }
            | Self::NotPayable { .. }
            | Self::InsufficientAllowance { .. }
            | Self::InsufficientTokenBalance { .. }
            | Self::PaymentSignature { .. }
            | Self::PaymentExpired { .. }
            | Self::PaymentRejected { .. }
            | Self::PaymentUncertain { .. }
            | Self::ResultRetrieval { .. }
            | Self::Authentication { .. }
            | Self::Service { .. }
            | Self::NotReachable { .. }
            | Self::ProofFailed { .. }
            | Self::StreamCut { .. }
            | Self::TeeUnavailable { .. }
            | Self::Llm { .. }
    };
    (ogpu) => {
        Self::TaskNotFound { .. }
            | Self::SourceNotFound { .. }
            | Self::ResponseNotFound { .. }
            | Self::ProviderNotFound { .. }
            | Self::MasterNotFound { .. }
            | Self::TaskExpired { .. }
            | Self::TaskAlreadyFinalized { .. }
            | Self::ResponseAlreadyConfirmed { .. }
            | Self::TaskInProgress { .. }
            | Self::SourceInactive { .. }
            | Self::ExpiryTooLong { .. }
            | Self::PaymentTooLow { .. }
            | Self::NotTaskOwner { .. }
            | Self::NotSourceOwner { .. }
            | Self::NotMaster { .. }
            | Self::NotProvider { .. }
            | Self::InsufficientBalance { .. }
            | Self::InsufficientLockup { .. }
            | Self::UnbondingPeriodNotElapsed { .. }
            | Self::NotEligible { .. }
            | Self::PublishTimeout { .. }
            | Self::NotOnNetwork { .. }
            | Self::InvalidRpcUrl { .. }
    };
}
pub(super) use foreign;

impl Kind {
    /// Whether it tells of a transaction, or of a nonce under which there may be one. With any other failure of a write nothing was sent.
    pub const fn is_about_transaction(&self) -> bool {
        match self {
            Self::TxUncertain { .. }
            | Self::TxReceiptTimeout { .. }
            | Self::TxReplaced { .. }
            | Self::TxMismatch { .. }
            | Self::TxAwaitingApproval { .. }
            | Self::TxPartial { .. } => true,
            Self::Nonce { hash, .. }
            | Self::RpcDisagreement { hash, .. }
            | Self::TxRevert { hash, .. }
            | Self::ContractPanic { hash, .. } => hash.is_some(),
            _ => false,
        }
    }

    /// The stable code and the class name, one pair for each variant.
    const fn identity(&self) -> (&'static str, &'static str) {
        match self {
            foreign!(opengradient) if !cfg!(feature = "opengradient") => ("", ""),
            foreign!(ogpu) if !cfg!(feature = "ogpu") => ("", ""),
            Self::InvalidInput { .. } => ("invalidInput", "InvalidInputError"),
            Self::TaskNotFound { .. } => ("taskNotFound", "TaskNotFoundError"),
            Self::SourceNotFound { .. } => ("sourceNotFound", "SourceNotFoundError"),
            Self::ResponseNotFound { .. } => ("responseNotFound", "ResponseNotFoundError"),
            Self::ProviderNotFound { .. } => ("providerNotFound", "ProviderNotFoundError"),
            Self::MasterNotFound { .. } => ("masterNotFound", "MasterNotFoundError"),
            Self::TaskExpired { .. } => ("taskExpired", "TaskExpiredError"),
            Self::TaskAlreadyFinalized { .. } => ("taskAlreadyFinalized", "TaskAlreadyFinalizedError"),
            Self::ResponseAlreadyConfirmed { .. } => ("responseAlreadyConfirmed", "ResponseAlreadyConfirmedError"),
            Self::TaskInProgress { .. } => ("taskInProgress", "TaskInProgressError"),
            Self::SourceInactive { .. } => ("sourceInactive", "SourceInactiveError"),
            Self::ExpiryTooLong { .. } => ("expiryTooLong", "ExpiryTooLongError"),
            Self::PaymentTooLow { .. } => ("paymentTooLow", "PaymentTooLowError"),
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
            Self::TxMismatch { .. } => ("txMismatch", "TxMismatchError"),
            Self::TxAwaitingApproval { .. } => ("txAwaitingApproval", "TxAwaitingApprovalError"),
            Self::TxPartial { .. } => ("txPartial", "TxPartialError"),
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
            Self::RpcDisagreement { .. } => ("rpcDisagreement", "RpcDisagreementError"),
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
            | Self::WrongChain { said, .. }
            | Self::Rpc { said, .. } => Some(said),
            _ => None,
        }
    }
}
