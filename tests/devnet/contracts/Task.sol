// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Response} from "./Response.sol";
import {DeliveryMethod, TaskParams, TaskStatus} from "./types.sol";

/// One job. Its owner is Nexus.
contract Task is Ownable {
    TaskParams public taskParams;
    DeliveryMethod public deliveryMethod;
    TaskStatus public status;
    address[] public attempters;
    uint256[] public attemptTimestamps;
    mapping(address => uint256) public attempterId;
    mapping(address => address) public responseOf;
    mapping(bytes32 => bool) public isAlreadySubmitted;
    mapping(address => bool) private attempted;

    constructor(TaskParams memory params, DeliveryMethod method, address nexus) payable Ownable(nexus) {
        taskParams = params;
        deliveryMethod = method;
    }

    function attempt(address provider) external onlyOwner {
        require(!attempted[provider], "AlreadyAttempted");
        attempted[provider] = true;
        attempterId[provider] = attempters.length;
        attempters.push(provider);
        attemptTimestamps.push(block.timestamp);
    }

    function submitResponse(address response, address provider) external onlyOwner {
        require(attempted[provider], "NotProvider");
        require(responseOf[provider] == address(0), "AlreadySubmitted");
        bytes32 hash = keccak256(bytes(Response(response).getResponseParams().data));
        isAlreadySubmitted[keccak256(abi.encode(provider, hash))] = true;
        responseOf[provider] = response;
    }

    function setStatus(TaskStatus newStatus) external onlyOwner {
        status = newStatus;
    }

    function getStatus() external view returns (TaskStatus) {
        return status;
    }

    function getSource() external view returns (address) {
        return taskParams.source;
    }

    function getExpiryTime() external view returns (uint256) {
        return taskParams.expiryTime;
    }

    function getPayment() external view returns (uint256) {
        return taskParams.payment;
    }

    function getDeliveryMethod() external view returns (DeliveryMethod) {
        return deliveryMethod;
    }

    function getAttemptCount() external view returns (uint256) {
        return attempters.length;
    }

    function getAttempterId(address provider) external view returns (uint256) {
        return attempterId[provider];
    }

    function winningProvider() external view returns (address) {
        for (uint256 i = 0; i < attempters.length; i++) {
            address response = responseOf[attempters[i]];
            if (response != address(0) && Response(response).confirmedFinal()) return attempters[i];
        }
        return address(0);
    }

    // Both bounds of the ranged getters are inclusive, as in the deployed contract: one past the last panics.

    function getAttempters(uint256 lower, uint256 upper) external view returns (address[] memory page) {
        page = new address[](upper - lower + 1);
        for (uint256 i = lower; i <= upper; i++) page[i - lower] = attempters[i];
    }

    function getAttemptTimestamps(uint256 lower, uint256 upper) external view returns (uint256[] memory page) {
        page = new uint256[](upper - lower + 1);
        for (uint256 i = lower; i <= upper; i++) page[i - lower] = attemptTimestamps[i];
    }

    function getResponsesOf(uint256 lower, uint256 upper) external view returns (address[] memory page) {
        page = new address[](upper - lower + 1);
        for (uint256 i = lower; i <= upper; i++) page[i - lower] = responseOf[attempters[i]];
    }
}
