// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Response, on mainnet (chain 1071) and testnet (chain 200820172034).
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Response
/// @notice One provider's answer to a task. Nexus owns it; Controller confirms it.
interface Response {
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

    /// @notice Ownership was handed on.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Makes the confirmation final. Owner only.
    function confirm() external;

    /// @notice Gives up ownership. Owner only.
    function renounceOwnership() external;

    /// @notice Writes the status. Owner only.
    function setStatus(uint8 _status) external;

    /// @notice Hands ownership on. Owner only.
    function transferOwnership(address newOwner) external;

    /// @notice Whether its confirmation is final.
    function confirmedFinal() external view returns (bool);

    /// @notice What was handed in.
    function getResponseParams() external view returns (ResponseParams memory);

    /// @notice SUBMITTED 0, CONFIRMED 1.
    function getStatus() external view returns (uint8);

    /// @notice The owner (OpenZeppelin Ownable).
    function owner() external view returns (address);

    /// @notice What was handed in, member by member.
    function responseParams() external view
        returns (
            address task,
            address provider,
            string memory data,
            uint256 payment
        );

    /// @notice When it was handed in, in unix seconds.
    function responseTimestamp() external view returns (uint256);

    /// @notice As getStatus.
    function status() external view returns (uint8);
}
