// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Controller, on mainnet (chain 1071) and testnet (chain 200820172034).
// Mainnet: 0x8661F4B9c30e07A04d795A192478dfD905625a1D
// Testnet: 0x9fb6022074Fd7Bdb429de0776eb693cA0CB55E09
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Controller
/// @notice Where clients publish and cancel tasks and confirm responses.
interface Controller {
    /// @notice A task's terms.
    struct TaskParams {
        /// @notice The source that shall do it.
        address source;
        /// @notice Where its config document is.
        string config;
        /// @notice The deadline, in unix seconds.
        uint256 expiryTime;
        /// @notice What the provider gets, in wei, out of the client's vault balance.
        uint256 payment;
    }

    /// @notice The new owner is no valid one.
    error OwnableInvalidOwner(address owner);

    /// @notice The caller is not the owner.
    error OwnableUnauthorizedAccount(address account);

    /// @notice Ownership was handed on.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Cancels a task that nobody attempted and frees its payment. The task's client or its agent. Reverts with
    /// NotOwner, AlreadyFinalized.
    function cancelTask(address task) external;

    /// @notice Confirms a response and pays its provider. The task's client or its agent. Reverts with NotOwner,
    /// AlreadyConfirmed, AlreadyFinalized.
    function confirmResponse(address response) external;

    /// @notice Publishes a task. Not payable: the payment is frozen out of the sender's vault balance. Nexus emits
    /// TaskPublished. Reverts with InsufficientBalance, Expired, SourceInactive.
    function publishTask(TaskParams calldata _taskParams) external;

    /// @notice Gives up ownership. Owner only.
    function renounceOwnership() external;

    /// @notice Sets the Nexus. Owner only.
    function setNexus(address _nexus) external;

    /// @notice Sets the Terminal. Owner only.
    function setTerminal(address _terminal) external;

    /// @notice Sets the Vault. Owner only.
    function setVault(address _vault) external;

    /// @notice Hands ownership on. Owner only.
    function transferOwnership(address newOwner) external;

    /// @notice The Nexus.
    function nexus() external view returns (address);

    /// @notice The owner (OpenZeppelin Ownable).
    function owner() external view returns (address);

    /// @notice The Terminal.
    function terminal() external view returns (address);

    /// @notice The Vault.
    function vault() external view returns (address);
}
