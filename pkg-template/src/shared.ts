/** What every entry of `ogkit/ogpu` exports beside its functions. */

export * from "./constants.js";
export {
  OgError, InvalidInputError, NotFoundError, TaskNotFoundError, SourceNotFoundError, ResponseNotFoundError,
  ProviderNotFoundError, MasterNotFoundError, UnauthorizedAccountError, ContractPanicError, NotOnNetworkError,
  StateError, TaskExpiredError, TaskAlreadyFinalizedError, TaskInProgressError, ResponseAlreadyConfirmedError, SourceInactiveError,
  PermissionError, NotTaskOwnerError, NotSourceOwnerError, NotMasterError, NotProviderError, VaultError,
  InsufficientBalanceError, InsufficientLockupError, UnbondingPeriodNotElapsedError, NotEligibleError, TxError,
  TxRevertError, NonceError, GasError, TxReceiptTimeoutError, TxRpcError, TxReplacedError, TxUncertainError,
  TxMismatchError, TxAwaitingApprovalError, TxPartialError, ExpiryTooLongError, PaymentTooLowError, RpcDisagreementError,
  InvalidRpcUrlError, PublishTimeoutError, ConfigError, MissingSignerError, ChainNotSupportedError, IPFSError,
  IPFSFetchError, IPFSGatewayError, ContentUnverifiedError, WalletError, WalletRejectedError,
  WalletRequestPendingError, WalletLockedError, WrongChainError, WalletUnsupportedMethodError,
  WalletDisconnectedError, WalletUnauthorizedError, WalletFailedError, RpcError, HttpError, ProtocolError,
  ModuleLoadError, FreedError, isOgError,
} from "./errors.js";
export type { OgErrorCode, OgErrorWith } from "./errors.js";
export * from "./units.js";
export { setLogLevel, type LogLevel, type LogSink } from "./log.js";
export { ChainId, networks, type ChainConfigStatic } from "./networks.js";
export { Environment, combineEnvironments, environmentNames, parseEnvironments } from "./environments.js";
export { discoverWallets, watchWallets, type DiscoveredWallet } from "./wallets.js";
export type { ConnectOptions, OgpuStatic, PublishToIpfsOptions } from "./api.js";
export { Source, type SourceSnapshot } from "./source.js";
export { Task, type TaskSnapshot } from "./task.js";
export { Response } from "./response.js";
export { Master, Provider, type MasterSnapshot, type ProviderSnapshot } from "./actors.js";
export type { Agent, Controller, Nexus, Terminal, Vault } from "./modules.js";
export type { IpfsStream } from "./ipfs.js";
export type { OgpuEventStream } from "./events.js";
export type { ConfirmedResponse } from "./client.js";
export type { Candidate, RunProgress, RunTaskOptions, TaskRun } from "./run-task.js";
export { IpfsContent } from "./wasm/ogpu/ogkit.js";
export type {
  Address, ApiConfirmedResponse, CallOptions, CidOptions, Eip1193Provider, EventFilter, EventPlace, EventQuery, FetchOptions, Hash, Hex,
  ImageEnvironments, IpfsData, JsonValue, ListOptions, Network, NonceInfo, OgpuEvent, OgpuEventType, OgpuEvents, PinOptions, Progress,
  PublishOptions, Receipt, ReceiptLog, ResponseParams, ResponseSnapshot, SourceInfo, SourceParams, TaskInfo, TaskInput, TaskParams,
  WatchOptions, WatchStatus, WatchTiming, WriteOptions,
} from "./wasm/ogpu/ogkit.js";
