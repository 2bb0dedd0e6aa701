// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGradient workflow scheduler, on OpenGradient's alpha network.
// 0x7179724De4e7FF9271FA40C0337c7f90C0508eF6 (0xE81a54399CFDf551bB917d0427464fE54537D245 in 0.4)
// Signatures: the ABI of the official Python SDK, opengradient 1.1.4 (WorkflowScheduler).
// Written for reading and for bindings; each file stands alone, so structs that several contracts use appear in each.

pragma solidity ^0.8.20;

/// @title WorkflowScheduler
/// @notice Runs workflow contracts on a schedule.
interface WorkflowScheduler {
    /// @notice Runs the contract each `frequency` seconds until `endTime` (unix seconds).
    function registerTask(address contractAddress, uint256 endTime, uint256 frequency) external;
}
