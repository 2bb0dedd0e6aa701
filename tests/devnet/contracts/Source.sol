// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {SourceParams, SourceStatus} from "./types.sol";

/// One published service. Its owner is the Nexus that made it.
contract Source is Ownable {
    address public immutable nexus;
    SourceParams public sourceParams;
    SourceStatus public status;
    address[] public tasks;
    address[] public registrants;
    mapping(address => uint256) public registrantId;
    mapping(address => uint8) public preferredEnvironmentOf;
    mapping(address => bool) private registered;

    constructor(SourceParams memory params) payable Ownable(msg.sender) {
        nexus = msg.sender;
        sourceParams = params;
    }

    function publishTask(address task) external onlyOwner {
        tasks.push(task);
    }

    function register(address provider, uint8 preferredEnvironment) external onlyOwner returns (uint256 id) {
        require(!registered[provider], "AlreadyRegistered");
        id = registrants.length;
        registrants.push(provider);
        registrantId[provider] = id;
        preferredEnvironmentOf[provider] = preferredEnvironment;
        registered[provider] = true;
    }

    function unregister(address provider) external onlyOwner {
        require(registered[provider], "NotProvider");
        delete registrants[registrantId[provider]];
        delete registrantId[provider];
        delete preferredEnvironmentOf[provider];
        registered[provider] = false;
    }

    function setSourceParams(SourceParams memory params) external onlyOwner {
        sourceParams = params;
    }

    function setStatus(SourceStatus newStatus) external onlyOwner {
        status = newStatus;
    }

    /// Not in the deployed ABI: Nexus asks it here.
    function isRegistered(address provider) external view returns (bool) {
        return registered[provider];
    }

    function getClient() external view returns (address) {
        return sourceParams.client;
    }

    function getSourceParams() external view returns (SourceParams memory) {
        return sourceParams;
    }

    function getStatus() external view returns (SourceStatus) {
        return status;
    }

    function getTaskCount() external view returns (uint256) {
        return tasks.length;
    }

    function getRegistrantCount() external view returns (uint256) {
        return registrants.length;
    }

    function getRegistrantId(address provider) external view returns (uint256) {
        return registrantId[provider];
    }

    /// Both bounds are inclusive and the result is indexed absolutely, as in the deployed contract: any other lower
    /// bound than 0 panics.
    function getTasks(uint256 lower, uint256 upper) external view returns (address[] memory page) {
        page = new address[](upper - lower + 1);
        for (uint256 i = lower; i <= upper; i++) page[i] = tasks[i];
    }

    function getRegistrants(uint256 lower, uint256 upper) external view returns (address[] memory page) {
        page = new address[](upper - lower + 1);
        for (uint256 i = lower; i <= upper; i++) page[i] = registrants[i];
    }
}
