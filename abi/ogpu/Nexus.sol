// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Nexus, on mainnet (chain 1071) and testnet (chain 200820172034).
// Mainnet: 0x2b0cC6058313801D5feb184a539e3a0C5A87a6a1
// Testnet: 0xF87bb2f3edB991a998992f14d35fE142e6Bb50b1
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Nexus
/// @notice The registry of sources. It publishes and updates them, takes registrations, attempts and responses, and
/// emits every lifecycle event, also those of tasks that were published through Controller.
interface Nexus {
    /// @notice A source's terms.
    struct SourceParams {
        /// @notice Who published it.
        address client;
        /// @notice Where its metadata document is.
        string imageMetadataUrl;
        /// @notice Bit mask: CPU 1, NVIDIA 2, AMD 4.
        uint8 imageEnvironments;
        /// @notice The least a task pays, in wei.
        uint256 minPayment;
        /// @notice The least lockup of a provider, in wei.
        uint256 minAvailableLockup;
        /// @notice The longest a task may live, in seconds.
        uint256 maxExpiryDuration;
        /// @notice Reserved; false.
        bool privacyEnabled;
        /// @notice Reserved; empty.
        string optionalParamsUrl;
        /// @notice MANUAL_CONFIRMATION 0, FIRST_RESPONSE 1.
        uint8 deliveryMethod;
        /// @notice When the terms were written, in unix seconds.
        uint256 lastUpdateTime;
    }

    /// @notice A provider's answer.
    struct ResponseParams {
        /// @notice The task it answers.
        address task;
        /// @notice Who answers.
        address provider;
        /// @notice The payload's URL.
        string data;
        /// @notice What the provider asks, in wei.
        uint256 payment;
    }

    /// @notice The new owner is no valid one.
    error OwnableInvalidOwner(address owner);

    /// @notice The caller is not the owner.
    error OwnableUnauthorizedAccount(address account);

    /// @notice A provider took a task and says what it asks, in wei.
    event Attempted(address task, address provider, uint256 suggestedPayment);

    /// @notice Ownership was handed on.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice A provider registered for a source.
    event Registered(address provider, uint256 registrantId, address source, uint8 preferredEnvironment);

    /// @notice A response went on: SUBMITTED 0, CONFIRMED 1.
    event ResponseStatusChanged(address response, uint8 status);

    /// @notice A provider answered a task.
    event ResponseSubmitted(address response, address task);

    /// @notice A source was published.
    event SourcePublished(address source);

    /// @notice A source went on: ACTIVE 0, INACTIVE 1.
    event SourceStatusChanged(address source, uint8 status);

    /// @notice A source's terms changed.
    event SourceUpdated(address source, SourceParams sourceParams);

    /// @notice A task was published for a source.
    event TaskPublished(address task, address source);

    /// @notice A task went on: NEW 0, ATTEMPTED 1, RESPONDED 2, CANCELED 3, EXPIRED 4, FINALIZED 5.
    event TaskStatusChanged(address task, uint8 status);

    /// @notice Takes a task for a provider. Callers: the provider, its master, an agent of the master, or the default
    /// agent unless disabled. suggestedPayment is in wei. Reverts with Expired, AlreadyFinalized, NotProvider,
    /// NotEligible.
    function attempt(address task, address provider, uint256 suggestedPayment) external;

    /// @notice Emits TaskPublished. Controllers only.
    function emitTaskPublished(address task, address source) external;

    /// @notice Ends a source for new tasks, for ever. The source's client or its agent. Reverts with NotOwner.
    function inactivateSource(address source) external;

    /// @notice Publishes a source for the sender. Emits SourcePublished.
    function publishSource(SourceParams calldata _sourceParams) external;

    /// @notice Registers a provider for a source. The provider, its master or an agent. Reverts with NotProvider,
    /// InsufficientLockup, NotEligible, SourceInactive.
    function register(address source, address provider, uint8 preferredEnvironment) external;

    /// @notice Gives up ownership. Owner only.
    function renounceOwnership() external;

    /// @notice Sets the Manager. Owner only.
    function setManager(address _manager) external;

    /// @notice Writes a response's status. Controllers only.
    function setResponseStatus(address response, uint8 status) external;

    /// @notice Writes a source's status. Controllers only.
    function setSourceStatus(address source, uint8 status) external;

    /// @notice Writes a task's status. Controllers only.
    function setTaskStatus(address task, uint8 status) external;

    /// @notice Sets the Terminal. Owner only.
    function setTerminal(address _terminal) external;

    /// @notice Sets the Vault. Owner only.
    function setVault(address _vault) external;

    /// @notice Hands in an answer. Only the provider's runtime may claim work done, so ogkit does not offer it. Reverts
    /// with Expired, NotProvider.
    function submitResponse(ResponseParams calldata _responseParams) external;

    /// @notice Hands ownership on. Owner only.
    function transferOwnership(address newOwner) external;

    /// @notice Ends a provider's registration for a source.
    function unregister(address source, address provider) external;

    /// @notice Replaces a source's terms. The source's client or its agent. Reverts with NotOwner.
    function updateSource(address source, SourceParams calldata _sourceParams) external;

    /// @notice The role of Controller contracts.
    function CONTROLLER() external view returns (bytes32);

    /// @notice The role of provider accounts.
    function PROVIDER() external view returns (bytes32);

    /// @notice How many active sources a client has.
    function activeSourceCountOf(address client) external view returns (uint256);

    /// @notice Whether an account has the CONTROLLER role.
    function checkController(address account) external view returns (bool);

    /// @notice The clients, in the order of their first source.
    function clients(uint256 index) external view returns (address);

    /// @notice How many active sources a client has.
    function getActiveSourceCount(address client) external view returns (uint256);

    /// @notice How many sources there are.
    function getSourceCount() external view returns (uint256);

    /// @notice A source's number.
    function getSourceId(address source) external view returns (uint256);

    /// @notice Sources lower to upper, both inclusive.
    function getSources(uint256 lower, uint256 upper) external view returns (address[] memory);

    /// @notice The Manager.
    function manager() external view returns (address);

    /// @notice The owner (OpenZeppelin Ownable).
    function owner() external view returns (address);

    /// @notice A source's number.
    function sourceId(address source) external view returns (uint256);

    /// @notice A source by its number.
    function sources(uint256 index) external view returns (address);

    /// @notice A client's sources.
    function sourcesOf(address client, uint256 index) external view returns (address);

    /// @notice The Terminal.
    function terminal() external view returns (address);

    /// @notice The Vault.
    function vault() external view returns (address);
}
