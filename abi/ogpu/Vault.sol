// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Vault, on mainnet (chain 1071) and testnet (chain 200820172034).
// Mainnet: 0xa5c582254AA313528898311362bc698b041580cC
// Testnet: 0x15905a2FbD3EF5d3532b931b5656BB9EB493Bb15
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Vault
/// @notice The money: balances, stake (lockup), unbonding, and the escrow of each task from publication to confirmation
/// or cancellation. All amounts are wei, all times unix seconds.
interface Vault {
    /// @notice Matured unbonding moved to the balance.
    event Claimed(address account, uint256 amount);

    /// @notice A balance grew.
    event Deposited(address account, uint256 amount);

    /// @notice Balance became lockup.
    event Locked(address account, uint256 amount);

    /// @notice Lockup was taken.
    event Sanctioned(address account, uint256 amount);

    /// @notice Unbonding started.
    event Unbonded(address account, uint256 amount);

    /// @notice Unbonding was called off.
    /// @custom:testnet absent
    event UnbondingCanceled(address account, uint256 amount);

    /// @notice What was taken was given back.
    event Waived(address account, uint256 amount);

    /// @notice Balance was paid out.
    event Withdrawn(address account, uint256 amount);

    /// @notice Puts the sender's unbonding amount back into its lockup.
    /// @custom:testnet absent
    function cancelUnbonding() external;

    /// @notice Moves the sender's matured unbonding amount into its balance. Reverts with UnbondingNotElapsed.
    function claim() external;

    /// @notice Adds the value sent to an account's balance.
    function deposit(address account) external payable;

    /// @notice Returns everything to an account. Owner only.
    /// @custom:testnet absent
    function emergencyExit(address account) external;

    /// @notice Frees a task's escrow. Controllers only.
    function forceReleasePayment(address client, address task) external;

    /// @notice Moves a task's payment out of the client's balance into escrow. Controllers only. Reverts with
    /// InsufficientBalance.
    function freezePayment(address client, address task, uint256 amount) external;

    /// @notice Moves amount wei of the sender's balance into its lockup. Reverts with InsufficientBalance.
    function lock(uint256 amount) external;

    /// @notice Pays a task's escrow to the provider. Controllers only.
    function processPayment(address client, address provider, address task, uint256 amount) external;

    /// @notice Gives a task's escrow back to the client. Controllers only.
    function releasePayment(address client, address task) external;

    /// @notice Takes amount wei of an account's lockup. Judges only.
    function sanction(address account, uint256 amount) external;

    /// @notice Sets how long unbonding takes, in seconds. Owner only.
    function setMaxUnbondingPeriod(uint256 period) external;

    /// @notice Sets the least lockup for each source, in wei. Owner only.
    function setMinLockupPerSource(uint256 amount) external;

    /// @notice Sets the Terminal. Owner only.
    function setTerminal(address _terminal) external;

    /// @notice Exempts an account from the lockup, or no longer. Owner only.
    function setWhitelist(address account, bool value) external;

    /// @notice Starts to free amount wei of the sender's lockup. Reverts with InsufficientLockup.
    function unbond(uint256 amount) external;

    /// @notice Gives back what was taken from an account. Judges only.
    function waive(address account, uint256 amount) external;

    /// @notice Sends amount wei of the sender's balance to it. Reverts with InsufficientBalance.
    function withdraw(uint256 amount) external;

    /// @notice Moves what was taken from an account to the owner. Owner only.
    /// @custom:testnet absent
    function withdrawSanctionOf(address account) external;

    /// @notice The least lockup for each source that a provider registers for, in wei.
    function MIN_LOCKUP_PER_SOURCE() external view returns (uint256);

    /// @notice How long unbonding takes, in seconds.
    function UNBONDING_PERIOD() external view returns (uint256);

    /// @notice An account's free balance, in wei.
    function balanceOf(address account) external view returns (uint256);

    /// @notice What an account has in escrow, in wei.
    function frozenPayment(address account) external view returns (uint256);

    /// @notice An account's free balance, in wei.
    function getBalanceOf(address account) external view returns (uint256);

    /// @notice An account's lockup, in wei.
    function getLockupOf(address account) external view returns (uint256);

    /// @notice Whether an account may take part.
    function isEligible(address account) external view returns (bool);

    /// @notice Whether an account is exempt from the lockup.
    function isWhitelisted(address account) external view returns (bool);

    /// @notice An account's lockup, in wei.
    function lockupOf(address account) external view returns (uint256);

    /// @notice The Manager.
    function manager() external view returns (address);

    /// @notice The Nexus.
    function nexus() external view returns (address);

    /// @notice What was taken from an account, in wei.
    function sanctionOf(address account) external view returns (uint256);

    /// @notice What was taken in all, in wei.
    function sanctionedAmount() external view returns (uint256);

    /// @notice The Terminal.
    function terminal() external view returns (address);

    /// @notice What an account earned in all, in wei.
    function totalEarningsOf(address account) external view returns (uint256);

    /// @notice What an account is unbonding, in wei.
    function unbondingOf(address account) external view returns (uint256);

    /// @notice When its unbonding matures, in unix seconds.
    function unbondingTimestamp(address account) external view returns (uint256);
}
