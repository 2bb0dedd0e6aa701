/**
 * Every failure of this package. The classes live here once, for all entry points, so that `instanceof` works; the
 * WebAssembly is handed {@link makeError} when it is loaded.
 */

/** What makes an {@link OgError}. */
export interface ErrorSpec {
  name: string;
  code: string;
  message: string;
  fields: Record<string, unknown>;
  cause?: unknown;
}

/** `0x` and hex digits. */
type Hex = `0x${string}`;

const BRAND = Symbol.for("ogkit.error");

/** The base of every failure: a stable `code` to match on, typed fields, and the `cause` underneath. */
export class OgError extends Error {
  /** Stable: match on this, not on the message. */
  declare readonly code: OgErrorCode;
  /** The number of the HTTP request that failed, as `setLogLevel("debug")` shows it. */
  declare readonly requestId?: number;

  constructor(spec: ErrorSpec) {
    super(spec.message, spec.cause === undefined ? undefined : { cause: spec.cause });
    Object.defineProperty(this, "name", { value: spec.name, configurable: true });
    Object.defineProperty(this, BRAND, { value: true });
    Object.assign(this, spec.fields, { code: spec.code });
  }
}

/** Input that the caller can fix; nothing was sent anywhere. `field` is its path, such as `info.payment`. */
export class InvalidInputError extends OgError {
  declare readonly code: "invalidInput";
  declare readonly field: string;
  declare readonly reason: string;
}

/** Nothing of the wanted kind lives at the address: check it, and the network. */
export class NotFoundError extends OgError {
  declare readonly address: Hex;
}
/** No task lives at the address. */
export class TaskNotFoundError extends NotFoundError {
  declare readonly code: "taskNotFound";
}
/** No source lives at the address. */
export class SourceNotFoundError extends NotFoundError {
  declare readonly code: "sourceNotFound";
}
/** No response lives at the address. */
export class ResponseNotFoundError extends NotFoundError {
  declare readonly code: "responseNotFound";
}

/** The account is no provider of this network. */
export class ProviderNotFoundError extends NotFoundError {
  declare readonly code: "providerNotFound";
}
/** The account is no master of this network. */
export class MasterNotFoundError extends NotFoundError {
  declare readonly code: "masterNotFound";
}

/** The task, source or response is not in a state that allows this. */
export class StateError extends OgError {}
/** The task's deadline has passed; choose a later `expiryTime`. */
export class TaskExpiredError extends StateError {
  declare readonly code: "taskExpired";
  declare readonly task?: Hex;
  /** Unix seconds. */
  declare readonly expiry: number;
}
/** The task is over. */
export class TaskAlreadyFinalizedError extends StateError {
  declare readonly code: "taskAlreadyFinalized";
  declare readonly task?: Hex;
}
/** The task goes on: a provider has attempted it, so that it can no longer be cancelled. Nothing was sent. */
export class TaskInProgressError extends StateError {
  declare readonly code: "taskInProgress";
  declare readonly task?: Hex;
  declare readonly status: "ATTEMPTED" | "RESPONDED";
}
/** The response was confirmed before; nothing was paid again. */
export class ResponseAlreadyConfirmedError extends StateError {
  declare readonly code: "responseAlreadyConfirmed";
  declare readonly response?: Hex;
}
/** The source takes no new tasks. */
export class SourceInactiveError extends StateError {
  declare readonly code: "sourceInactive";
  declare readonly source?: Hex;
}
/** The time until the task's expiry is beyond what the source allows; nothing was sent. */
export class ExpiryTooLongError extends StateError {
  declare readonly code: "expiryTooLong";
  /** Unix seconds, as given. */
  declare readonly expiry: number;
  /** Seconds from now. */
  declare readonly limit: number;
  /** Whether `expiry` looks like milliseconds. */
  declare readonly inMilliseconds: boolean;
}
/** The payment is less than the source asks for; nothing was sent. */
export class PaymentTooLowError extends StateError {
  declare readonly code: "paymentTooLow";
  /** Wei. */
  declare readonly payment: bigint;
  /** Wei. */
  declare readonly minimum: bigint;
}

/** The account may not do this. */
export class PermissionError extends OgError {}
/** Only the task's client or its agent may. */
export class NotTaskOwnerError extends PermissionError {
  declare readonly code: "notTaskOwner";
  declare readonly task?: Hex;
  declare readonly caller: Hex;
}
/** Only the source's client or its agent may. */
export class NotSourceOwnerError extends PermissionError {
  declare readonly code: "notSourceOwner";
  declare readonly source?: Hex;
  declare readonly caller: Hex;
}
/** The account is no master, or not the master of `provider`. */
export class NotMasterError extends PermissionError {
  declare readonly code: "notMaster";
  declare readonly account: Hex;
  declare readonly provider?: Hex;
}
/** The account is no provider. Or it is one, and `caller` may not act for it, or it is not registered for `source`. */
export class NotProviderError extends PermissionError {
  declare readonly code: "notProvider";
  /** The provider. */
  declare readonly account: Hex;
  /** Neither the provider, nor its master, nor the master's agent. */
  declare readonly caller?: Hex;
  /** Where the provider is not registered. */
  declare readonly source?: Hex;
}

/** The contract's own access control (OpenZeppelin's Ownable or AccessControl) does not let the account do this. */
export class UnauthorizedAccountError extends PermissionError {
  declare readonly code: "unauthorizedAccount";
  declare readonly account: Hex;
  /** The role that it lacks; absent for ownership. */
  declare readonly role?: Hex;
}

/** The vault does not allow this. */
export class VaultError extends OgError {
  declare readonly account: Hex;
}
/** The vault balance is short: deposit first. */
export class InsufficientBalanceError extends VaultError {
  declare readonly code: "insufficientBalance";
  /** Wei. */
  declare readonly required: bigint;
  /** Wei. */
  declare readonly available: bigint;
}
/** The lockup is short: lock more first. */
export class InsufficientLockupError extends VaultError {
  declare readonly code: "insufficientLockup";
  /** Wei. */
  declare readonly required: bigint;
  /** Wei. */
  declare readonly available: bigint;
}
/** Unbonding is not over yet. */
export class UnbondingPeriodNotElapsedError extends VaultError {
  declare readonly code: "unbondingPeriodNotElapsed";
  declare readonly remainingSeconds: number;
}
/** The vault does not let the account take part. */
export class NotEligibleError extends VaultError {
  declare readonly code: "notEligible";
}

/** A transaction failed. */
export class TxError extends OgError {}
/** A contract said no. With a `hash` the transaction was mined and failed; without one nothing was sent. */
export class TxRevertError extends TxError {
  declare readonly code: "txRevert";
  declare readonly reason: string;
  declare readonly data?: Hex;
  declare readonly hash?: Hex;
}
/** A contract failed in itself (Solidity's `Panic`), for example by an index out of bounds. */
export class ContractPanicError extends TxError {
  declare readonly code: "contractPanic";
  /** 0x11 arithmetic, 0x12 division by zero, 0x32 index out of bounds … */
  declare readonly panicCode: number;
  declare readonly reason: string;
  declare readonly hash?: Hex;
}
/** Another transaction has the nonce, and this call had no effect; or, with a `hash`, the wallet ignored the suggested one: cancel in the wallet itself. */
export class NonceError extends TxError {
  declare readonly code: "nonce";
  declare readonly address: Hex;
  declare readonly tried: number;
  declare readonly suggested: number;
  declare readonly hash?: Hex;
}
/** The account cannot pay the gas and what goes with the transaction, or the gas cannot be estimated; nothing was sent. */
export class GasError extends TxError {
  declare readonly code: "gas";
  /** The node's word. */
  declare readonly reason: string;
  /** Wei that go with the transaction, its gas not counted. */
  declare readonly required?: bigint;
  /** The account's native balance in wei. */
  declare readonly available?: bigint;
}
/** No receipt in time. The transaction was sent and may still be mined: look `hash` up before sending again. */
export class TxReceiptTimeoutError extends TxError {
  declare readonly code: "txReceiptTimeout";
  declare readonly hash: Hex;
  /** Seconds. */
  declare readonly timeout: number;
}
/** The node or wallet refused the transaction; nothing was sent. */
export class TxRpcError extends TxError {
  declare readonly code: "txRpc";
  declare readonly reason: string;
  declare readonly rpcCode?: number;
}
/** Another transaction took the nonce: cancelled in the wallet, or something else. Ours had no effect. */
export class TxReplacedError extends TxError {
  declare readonly code: "txReplaced";
  declare readonly hash: Hex;
  declare readonly replacement: Hex;
  declare readonly cancelled: boolean;
}
/** The transaction may or may not be out. It will not be sent again: look up `nonce` of `address` first. */
export class TxUncertainError extends TxError {
  declare readonly code: "txUncertain";
  declare readonly address: Hex;
  /** Absent for a smart account. */
  declare readonly nonce?: number;
  declare readonly rpcCode?: number;
}
/** What was mined from the account is not what was asked: it was edited in the wallet. It is on chain. */
export class TxMismatchError extends TxError {
  declare readonly code: "txMismatch";
  declare readonly hash: Hex;
  /** What differs: `to`, `value`, `calldata`. */
  declare readonly field: string;
  declare readonly asked: string;
  declare readonly found: string;
}
/** A smart account (a Safe) holds the transaction until others approve and execute it. Nothing is on chain yet: go on with `id`. */
export class TxAwaitingApprovalError extends TxError {
  declare readonly code: "txAwaitingApproval";
  declare readonly address: Hex;
  declare readonly id: Hex;
}
/** Of a batch (EIP-5792) some calls were executed and some were not: look at `hashes` and send only what is missing. */
export class TxPartialError extends TxError {
  declare readonly code: "txPartial";
  declare readonly id: string;
  declare readonly hashes: readonly Hex[];
  declare readonly reason: string;
}
/** The RPC's URL is not usable. */
export class InvalidRpcUrlError extends TxError {
  declare readonly code: "invalidRpcUrl";
  declare readonly url: string;
  declare readonly reason: string;
}

/** The time budget ran out before the transaction was sent. */
export class PublishTimeoutError extends OgError {
  declare readonly code: "publishTimeout";
  /** Seconds. */
  declare readonly budget: number;
  declare readonly stage: string;
}

/** The client is not set up for this. */
export class ConfigError extends OgError {}
/** The call signs, and the client is read-only. */
export class MissingSignerError extends ConfigError {
  declare readonly code: "missingSigner";
  declare readonly role: string;
}
/** No network was named, or one that is not known. */
export class ChainNotSupportedError extends ConfigError {
  declare readonly code: "chainNotSupported";
  declare readonly chainId?: number;
}

/** This network's contracts lack the function. */
export class NotOnNetworkError extends ConfigError {
  declare readonly code: "notOnNetwork";
  declare readonly function: string;
  declare readonly chainId: number;
}
/** The object was given back with `free()` and cannot be used; nothing was sent. */
export class FreedError extends ConfigError {
  declare readonly code: "freed";
}

/** IPFS failed. */
export class IPFSError extends OgError {}
/** Content could not be fetched, published or read. */
export class IPFSFetchError extends IPFSError {
  declare readonly code: "ipfsFetch";
  declare readonly url: string;
  declare readonly reason: string;
}
/** A gateway or pinning service answered with a bad status. */
export class IPFSGatewayError extends IPFSError {
  declare readonly code: "ipfsGateway";
  declare readonly gateway: string;
  declare readonly statusCode: number;
}
/** Content does not match its CID, or cannot be checked; it is not shown. */
export class ContentUnverifiedError extends IPFSError {
  declare readonly code: "contentUnverified";
  declare readonly url: string;
  declare readonly cid?: string;
  declare readonly reason: string;
}

/** The wallet said no or failed; `rpcCode` is its own number. */
export class WalletError extends OgError {
  declare readonly rpcCode?: number;
}
/** The person said no; nothing was sent. */
export class WalletRejectedError extends WalletError {
  declare readonly code: "walletRejected";
}
/** A wallet window of this kind is open already: open the wallet and answer it. */
export class WalletRequestPendingError extends WalletError {
  declare readonly code: "walletRequestPending";
}
/** The wallet is locked or shows this site no account. */
export class WalletLockedError extends WalletError {
  declare readonly code: "walletLocked";
}
/** The wallet, or the RPC endpoint `who`, is on another chain. */
export class WrongChainError extends WalletError {
  declare readonly code: "wrongChain";
  declare readonly expected: number;
  declare readonly actual: number;
  /** `the wallet`, or the RPC's URL. */
  declare readonly who: string;
}
/** The wallet does not know the method. */
export class WalletUnsupportedMethodError extends WalletError {
  declare readonly code: "walletUnsupportedMethod";
  declare readonly method: string;
}
/** The wallet has lost its connection: to the chain, or to the page, as an extension that was reloaded. Nothing was sent. */
export class WalletDisconnectedError extends WalletError {
  declare readonly code: "walletDisconnected";
}
/** The wallet does not permit the account or method: connect again. */
export class WalletUnauthorizedError extends WalletError {
  declare readonly code: "walletUnauthorized";
  declare readonly account?: Hex;
}
/** The wallet failed in another way; see `cause`. */
export class WalletFailedError extends WalletError {
  declare readonly code: "walletFailed";
}

/** A payment over x402 failed. */
export class PaymentError extends OgError {}
/** The caller's policy, or `onPayment`, does not let the offer pass; nothing was signed or paid. */
export class PaymentRefusedError extends PaymentError {
  declare readonly code: "paymentRefused";
  /** Which rule refused it. */
  declare readonly reason:
    | "malformed" | "scheme" | "network" | "transferMethod" | "flow" | "asset" | "flowNotAllowed" | "domain" | "payee"
    | "payeeNotAllowed" | "payeeChanged" | "timeout" | "aboveRequestCap" | "aboveSessionCap" | "aboveWindowCap" | "redirected"
    | "host" | "insecure" | "declined";
  /** The same in words. */
  declare readonly detail: string;
  declare readonly host: string;
  /** What was asked, and what the limit leaves, in the token's smallest unit. */
  declare readonly asked?: bigint;
  declare readonly limit?: bigint;
}
/** The server demands payment in a way that cannot be read; nothing was signed or paid. */
export class NotPayableError extends PaymentError {
  declare readonly code: "notPayable";
  declare readonly url: string;
  declare readonly reason: string;
}
/** Permit2 may not move enough of the token: approve more first. Nothing was signed or paid. */
export class InsufficientAllowanceError extends PaymentError {
  declare readonly code: "insufficientAllowance";
  declare readonly token: Hex;
  declare readonly account: Hex;
  declare readonly spender: Hex;
  declare readonly required: bigint;
  declare readonly available: bigint;
}
/** The account holds too little of the token; nothing was signed or paid. */
export class InsufficientTokenBalanceError extends PaymentError {
  declare readonly code: "insufficientTokenBalance";
  declare readonly token: Hex;
  declare readonly account: Hex;
  declare readonly required: bigint;
  declare readonly available: bigint;
}
/** What the wallet signed is no payment by the account; it was thrown away. */
export class PaymentSignatureError extends PaymentError {
  declare readonly code: "paymentSignature";
  declare readonly account: Hex;
  declare readonly reason: string;
}
/** The wallet answered too late; the signature was thrown away. */
export class PaymentExpiredError extends PaymentError {
  declare readonly code: "paymentExpired";
  /** Unix seconds. */
  declare readonly deadline: number;
}
/** The server refused the signed payment. By its word nothing was paid; the signature is good until `deadline`. */
export class PaymentRejectedError extends PaymentError {
  declare readonly code: "paymentRejected";
  declare readonly url: string;
  declare readonly reason: string;
  /** `user`: balance or allowance. `server`: it may work later. */
  declare readonly class: "user" | "expired" | "server" | "refused";
  declare readonly asset: Hex;
  declare readonly amount: bigint;
  declare readonly nonce: string;
  declare readonly deadline: number;
}
/** A signed payment went out, and what came of it is not known: look for `nonce` on chain (`og.spent()` does), or repeat with `retryPaid`. */
export class PaymentUncertainError extends PaymentError {
  declare readonly code: "paymentUncertain";
  declare readonly url: string;
  declare readonly reason: string;
  declare readonly asset: Hex;
  declare readonly amount: bigint;
  declare readonly nonce: string;
  declare readonly deadline: number;
  declare readonly transaction?: Hex;
}

/** An answer is not the enclave's: do not use it. It may have been paid. */
export class VerificationError extends OgError {
  declare readonly code: "proofFailed";
  /**
   * What did not hold. `timestamp`: signed before the question or after the answer. `unsigned`: tool calls beside a signed text. `toolCalls`:
   * calls that the request did not allow, or text that reads like calls. `replayed`: a signature that came before.
   */
  declare readonly check:
    | "fields" | "teeId" | "expectedTeeId" | "requestHash" | "outputHash" | "timestamp" | "signature" | "unsigned" | "toolCalls" | "replayed";
  declare readonly reason: string;
  declare readonly teeId?: Hex;
}
/** A stream ended before its answer did. It may have been paid. */
export class StreamCutError extends OgError {
  declare readonly code: "streamCut";
  /** How many chunks had come. */
  declare readonly chunks: number;
  declare readonly reason: string;
}
/** No enclave can be asked; nothing was paid. */
export class TeeUnavailableError extends OgError {
  declare readonly code: "teeUnavailable";
  declare readonly teeId?: Hex;
  declare readonly reason: string;
}
/** The LLM server failed, in its own words. With a status of 200 the failure came inside of an answer. */
export class InferenceError extends OgError {
  declare readonly code: "inference";
  declare readonly url: string;
  declare readonly status: number;
  /** `"no"`: no payment went with the request. `"maybe"`: one did; failed requests are normally not charged. */
  declare readonly paid: "no" | "maybe";
  declare readonly reason: string;
}

/** The inference's transaction was mined and paid, but its result is not to be had; the node may know it later. */
export class ResultRetrievalError extends OgError {
  declare readonly code: "resultRetrieval";
  declare readonly hash: Hex;
  declare readonly inferenceId?: string;
  declare readonly reason: string;
}
/** A service did not let the caller in. */
export class AuthenticationError extends OgError {
  declare readonly code: "authentication";
  declare readonly service: string;
  declare readonly reason: string;
}
/** A service refused, in its own words. */
export class ServiceError extends OgError {
  declare readonly code: "service";
  declare readonly url: string;
  declare readonly status: number;
  declare readonly reason: string;
}
/** The service speaks a protocol that this place cannot; nothing was sent. */
export class NotReachableError extends OgError {
  declare readonly code: "notReachable";
  declare readonly service: string;
  declare readonly reason: string;
}

/** The node answered with an error. */
export class RpcError extends OgError {
  declare readonly code: "rpc";
  declare readonly url: string;
  declare readonly rpcCode?: number;
}
/** Endpoints that must agree (`quorum`) gave different answers; none is believed. */
export class RpcDisagreementError extends OgError {
  declare readonly code: "rpcDisagreement";
  declare readonly method: string;
  /** What two of them say where they differ, cut. */
  declare readonly answers: readonly [string, string];
  /** Who says so, without secrets. */
  declare readonly urls: readonly [string, string];
  /** The transaction that was sent, where it is about one. */
  declare readonly hash?: Hex;
}
/** No usable HTTP answer. */
export class HttpError extends OgError {
  declare readonly code: "http";
  declare readonly url: string;
  declare readonly status?: number;
  declare readonly reason: string;
}
/** A reply breaks the protocol's rules: the other side is broken or lying. */
export class ProtocolError extends OgError {
  declare readonly code: "protocol";
  declare readonly expected: string;
  declare readonly found: string;
}
/** The WebAssembly could not be loaded. It may be tried again. */
export class ModuleLoadError extends OgError {
  declare readonly code: "moduleLoad";
}

const CLASSES = {
  InvalidInputError, TaskNotFoundError, SourceNotFoundError, ResponseNotFoundError, ProviderNotFoundError,
  MasterNotFoundError, UnauthorizedAccountError, ContractPanicError, NotOnNetworkError, TaskExpiredError,
  TaskAlreadyFinalizedError, TaskInProgressError, ResponseAlreadyConfirmedError, SourceInactiveError, NotTaskOwnerError,
  NotSourceOwnerError, NotMasterError, NotProviderError, InsufficientBalanceError, InsufficientLockupError,
  UnbondingPeriodNotElapsedError, NotEligibleError, TxRevertError, NonceError, GasError, TxReceiptTimeoutError,
  TxRpcError, TxReplacedError, TxUncertainError, TxMismatchError, TxAwaitingApprovalError, TxPartialError, ExpiryTooLongError,
  PaymentTooLowError, RpcDisagreementError, InvalidRpcUrlError, PublishTimeoutError, MissingSignerError,
  ChainNotSupportedError, IPFSFetchError, IPFSGatewayError, ContentUnverifiedError, WalletRejectedError,
  WalletRequestPendingError, WalletLockedError, WrongChainError, WalletUnsupportedMethodError,
  WalletDisconnectedError, WalletUnauthorizedError, WalletFailedError, PaymentRefusedError, NotPayableError,
  InsufficientAllowanceError, InsufficientTokenBalanceError, PaymentSignatureError, PaymentExpiredError,
  PaymentRejectedError, PaymentUncertainError, VerificationError, StreamCutError, TeeUnavailableError, InferenceError,
  ResultRetrievalError, AuthenticationError, ServiceError, NotReachableError, RpcError, HttpError, ProtocolError, ModuleLoadError,
  FreedError,
} as const;

type AnyClass = InstanceType<(typeof CLASSES)[keyof typeof CLASSES]>;

/** The stable code of each failure. */
export type OgErrorCode = AnyClass["code"];

/** The class with a given code. */
export type OgErrorWith<Code extends OgErrorCode> = Extract<AnyClass, { readonly code: Code }>;

/** Makes an error of the class that `spec.name` names. */
export function makeError(spec: ErrorSpec): OgError {
  const known: Record<string, new (spec: ErrorSpec) => OgError> = CLASSES;
  const Class = Object.hasOwn(known, spec.name) ? known[spec.name] : undefined;
  return new (Class ?? OgError)(spec);
}

/**
 * Whether something thrown is a failure of this package, and of this code if one is given. It also knows errors of
 * another copy of the package or another realm, where `instanceof` fails.
 */
export function isOgError(error: unknown): error is AnyClass;
export function isOgError<Code extends OgErrorCode>(error: unknown, code: Code): error is OgErrorWith<Code>;
export function isOgError(error: unknown, code?: OgErrorCode): boolean {
  try {
    if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
    return code === undefined || (error as { code?: unknown }).code === code;
  } catch {
    // A proxy that was revoked, or throws.
    return false;
  }
}

/** The error for a value that the caller can fix. */
export function invalidInput(field: string, reason: string): InvalidInputError {
  const message = `${field}: ${reason}; nothing was sent`;
  return new InvalidInputError({ name: "InvalidInputError", code: "invalidInput", message, fields: { field, reason } });
}
