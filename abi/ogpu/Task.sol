// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Task, on mainnet (chain 1071) and testnet (chain 200820172034).
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Task
/// @notice One job for a source. Nexus owns it; everything that writes goes through Controller and Nexus.
interface Task {
    /// @notice The new owner is no valid one.
    error OwnableInvalidOwner(address owner);

    /// @notice The caller is not the owner.
    error OwnableUnauthorizedAccount(address account);

    /// @notice Ownership was handed on.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice Adds an attempter. Owner only.
    function attempt(address provider) external;

    /// @notice Gives up ownership. Owner only.
    function renounceOwnership() external;

    /// @notice Writes the status. Owner only.
    function setStatus(uint8 _status) external;

    /// @notice Adds a response. Owner only.
    function submitResponse(address response, address provider) external;

    /// @notice Hands ownership on. Owner only.
    function transferOwnership(address newOwner) external;

    /// @notice When an attempt was made, by the attempt's number, in unix seconds.
    function attemptTimestamps(uint256 index) external view returns (uint256);

    /// @notice A provider's number among the attempters.
    function attempterId(address provider) external view returns (uint256);

    /// @notice An attempter by its number.
    function attempters(uint256 index) external view returns (address);

    /// @notice MANUAL_CONFIRMATION 0, FIRST_RESPONSE 1.
    function deliveryMethod() external view returns (uint8);

    /// @notice How many providers tried.
    function getAttemptCount() external view returns (uint256);

    /// @notice When attempts lower to upper were made, both inclusive. Panics when upper reaches the count.
    function getAttemptTimestamps(uint256 lower, uint256 upper) external view returns (uint256[] memory);

    /// @notice A provider's number among the attempters.
    function getAttempterId(address provider) external view returns (uint256);

    /// @notice Attempters lower to upper, both inclusive. Panics when upper reaches the count.
    function getAttempters(uint256 lower, uint256 upper) external view returns (address[] memory);

    /// @notice MANUAL_CONFIRMATION 0, FIRST_RESPONSE 1.
    function getDeliveryMethod() external view returns (uint8);

    /// @notice Its deadline, in unix seconds.
    function getExpiryTime() external view returns (uint256);

    /// @notice What it pays, in wei.
    function getPayment() external view returns (uint256);

    /// @notice The responses of attempters lower to upper, both inclusive; the zero address for one that has not
    /// answered. Panics when upper reaches the count.
    function getResponsesOf(uint256 lower, uint256 upper) external view returns (address[] memory);

    /// @notice Its source.
    function getSource() external view returns (address);

    /// @notice NEW 0, ATTEMPTED 1, RESPONDED 2, CANCELED 3, EXPIRED 4, FINALIZED 5; past the deadline it can still be
    /// the old one.
    function getStatus() external view returns (uint8);

    /// @notice Whether an answer with this hash was handed in.
    function isAlreadySubmitted(bytes32 hash) external view returns (bool);

    /// @notice The owner (OpenZeppelin Ownable).
    function owner() external view returns (address);

    /// @notice A provider's response.
    function responseOf(address provider) external view returns (address);

    /// @notice As getStatus.
    function status() external view returns (uint8);

    /// @notice Its terms, member by member.
    function taskParams() external view
        returns (
            address source,
            string memory config,
            uint256 expiryTime,
            uint256 payment
        );

    /// @notice Whose response was confirmed; zero before.
    function winningProvider() external view returns (address);
}
