/** What every entry of `ogkit/ogpu` exports beside its functions. */

export * from "./constants.js";
export {
  OgError, InvalidInputError, NotFoundError, TaskNotFoundError, SourceNotFoundError, ResponseNotFoundError,
  StateError, TaskExpiredError, TaskAlreadyFinalizedError, ResponseAlreadyConfirmedError, SourceInactiveError,
  PermissionError, NotTaskOwnerError, NotSourceOwnerError, NotMasterError, NotProviderError, VaultError,
  InsufficientBalanceError, InsufficientLockupError, UnbondingPeriodNotElapsedError, NotEligibleError, TxError,
  TxRevertError, NonceError, GasError, TxReceiptTimeoutError, TxRpcError, TxReplacedError, TxUncertainError,
  InvalidRpcUrlError, PublishTimeoutError, ConfigError, MissingSignerError, ChainNotSupportedError, IPFSError,
  IPFSFetchError, IPFSGatewayError, ContentUnverifiedError, WalletError, WalletRejectedError,
  WalletRequestPendingError, WalletLockedError, WrongChainError, WalletUnsupportedMethodError,
  WalletDisconnectedError, WalletUnauthorizedError, WalletFailedError, RpcError, HttpError, ProtocolError,
  ModuleLoadError, isOgError,
} from "./errors.js";
export type { OgErrorCode, OgErrorWith } from "./errors.js";
export * from "./units.js";
export { ChainConfig, ChainId, networks } from "./networks.js";
export { discoverWallets, watchWallets, type DiscoveredWallet } from "./wallets.js";
export type { ConnectOptions, OgpuStatic, Publishable } from "./api.js";
export { IpfsContent, Source, Task, TaskResponse as Response, Vault } from "./wasm/ogpu/ogkit.js";
export type {
  Address, ApiConfirmedResponse, CallOptions, ConfirmedResponse, Eip1193Provider, FetchOptions, Hash, Hex,
  ImageEnvironments, JsonValue, Network, NonceInfo, OgpuEvent, PinOptions, Progress, PublishOptions, Receipt, ReceiptLog,
  SourceInfo, SourceParams, TaskInfo, TaskInput, TaskSnapshot, WatchOptions, WriteOptions,
} from "./wasm/ogpu/ogkit.js";
