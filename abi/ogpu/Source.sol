// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Source, on mainnet (chain 1071) and testnet (chain 200820172034).
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Source
/// @notice One published AI service. Nexus owns it; everything that writes goes through Nexus.
interface Source {
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

    /// @notice The new owner is no valid one.
    error OwnableInvalidOwner(address owner);

    /// @notice The caller is not the owner.
    error OwnableUnauthorizedAccount(address account);

    /// @notice Ownership was handed on.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Adds a task. Owner only.
    function publishTask(address task) external;

    /// @notice Adds a registrant and answers its number. Owner only.
    function register(address provider, uint8 preferredEnvironment) external returns (uint256);

    /// @notice Gives up ownership. Owner only.
    function renounceOwnership() external;

    /// @notice Writes the terms. Owner only.
    function setSourceParams(SourceParams calldata _sourceParams) external;

    /// @notice Writes the status. Owner only.
    function setStatus(uint8 _status) external;

    /// @notice Hands ownership on. Owner only.
    function transferOwnership(address newOwner) external;

    /// @notice Removes a registrant. Owner only.
    function unregister(address provider) external;

    /// @notice Who published it.
    function getClient() external view returns (address);

    /// @notice How many registrations there were; removed ones leave a zero address.
    function getRegistrantCount() external view returns (uint256);

    /// @notice A provider's number among the registrants.
    function getRegistrantId(address provider) external view returns (uint256);

    /// @notice Registrants lower to upper, both inclusive. Panics when lower is not 0, because the result is indexed
    /// absolutely, and when upper reaches the count: read from 0 and cut.
    function getRegistrants(uint256 lower, uint256 upper) external view returns (address[] memory);

    /// @notice Its terms.
    function getSourceParams() external view returns (SourceParams memory);

    /// @notice ACTIVE 0, INACTIVE 1.
    function getStatus() external view returns (uint8);

    /// @notice How many tasks it got.
    function getTaskCount() external view returns (uint256);

    /// @notice Tasks lower to upper, both inclusive. Panics as getRegistrants does.
    function getTasks(uint256 lower, uint256 upper) external view returns (address[] memory);

    /// @notice The Nexus.
    function nexus() external view returns (address);

    /// @notice The owner (OpenZeppelin Ownable).
    function owner() external view returns (address);

    /// @notice The environment that a provider registered with.
    function preferredEnvironmentOf(address provider) external view returns (uint8);

    /// @notice A provider's number.
    function registrantId(address provider) external view returns (uint256);

    /// @notice A registrant by its number.
    function registrants(uint256 index) external view returns (address);

    /// @notice Its terms, member by member.
    function sourceParams() external view
        returns (
            address client,
            string memory imageMetadataUrl,
            uint8 imageEnvironments,
            uint256 minPayment,
            uint256 minAvailableLockup,
            uint256 maxExpiryDuration,
            bool privacyEnabled,
            string memory optionalParamsUrl,
            uint8 deliveryMethod,
            uint256 lastUpdateTime
        );

    /// @notice ACTIVE 0, INACTIVE 1.
    function status() external view returns (uint8);

    /// @notice A task by its number.
    function tasks(uint256 index) external view returns (address);
}
