// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Nexus} from "./Nexus.sol";
import {Response} from "./Response.sol";
import {Source} from "./Source.sol";
import {Task} from "./Task.sol";
import {Terminal} from "./Terminal.sol";
import {Vault} from "./Vault.sol";
import {DeliveryMethod, ResponseParams, ResponseStatus, SourceParams, SourceStatus, TaskParams, TaskStatus} from "./types.sol";

/// Clients publish and cancel tasks and confirm responses here.
contract Controller is Ownable {
    Nexus public nexus;
    Terminal public terminal;
    Vault public vault;
    /// Not in the deployed ABI: Nexus asks it when a first response confirms itself.
    mapping(address => address) public clientOf;

    constructor(address nexus_, address terminal_, address vault_) Ownable(msg.sender) {
        nexus = Nexus(nexus_);
        terminal = Terminal(terminal_);
        vault = Vault(vault_);
    }

    function publishTask(TaskParams calldata params) external {
        Source source = Source(params.source);
        require(source.getStatus() == SourceStatus.ACTIVE, "SourceInactive");
        SourceParams memory terms = source.getSourceParams();
        require(params.expiryTime > block.timestamp, "Expired");
        require(params.expiryTime <= block.timestamp + terms.maxExpiryDuration, "ExpiryTooLong");
        require(params.payment >= terms.minPayment, "PaymentTooLow");
        address task = address(new Task(params, DeliveryMethod(terms.deliveryMethod), address(nexus)));
        clientOf[task] = msg.sender;
        vault.freezePayment(msg.sender, task, params.payment);
        nexus.emitTaskPublished(task, params.source);
    }

    function cancelTask(address task) external {
        address client = clientOf[task];
        require(_signsFor(client), "NotOwner");
        require(Task(task).getStatus() == TaskStatus.NEW, "AlreadyFinalized");
        nexus.setTaskStatus(task, TaskStatus.CANCELED);
        vault.releasePayment(client, task);
    }

    function confirmResponse(address response) external {
        ResponseParams memory params = Response(response).getResponseParams();
        Task task = Task(params.task);
        address client = clientOf[params.task];
        require(_signsFor(client), "NotOwner");
        require(Response(response).getStatus() == ResponseStatus.SUBMITTED, "AlreadyConfirmed");
        require(task.getStatus() == TaskStatus.RESPONDED, "AlreadyFinalized");
        nexus.setResponseStatus(response, ResponseStatus.CONFIRMED);
        nexus.setTaskStatus(params.task, TaskStatus.FINALIZED);
        vault.processPayment(client, params.provider, params.task, task.getPayment());
    }

    function setNexus(address nexus_) external onlyOwner {
        nexus = Nexus(nexus_);
    }

    function setTerminal(address terminal_) external onlyOwner {
        terminal = Terminal(terminal_);
    }

    function setVault(address vault_) external onlyOwner {
        vault = Vault(vault_);
    }

    function _signsFor(address client) private view returns (bool) {
        return msg.sender == client || (client != address(0) && terminal.getIsAgentOf(client, msg.sender));
    }
}
