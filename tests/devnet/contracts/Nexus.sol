// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Manager} from "./Manager.sol";
import {Response} from "./Response.sol";
import {Source} from "./Source.sol";
import {Task} from "./Task.sol";
import {Terminal} from "./Terminal.sol";
import {Vault} from "./Vault.sol";
import {
    DeliveryMethod, ResponseParams, ResponseStatus, SourceParams, SourceStatus, TaskStatus
} from "./types.sol";

interface TaskClients {
    function clientOf(address task) external view returns (address);
}

/// The registry of sources; emits every lifecycle event.
contract Nexus is Ownable {
    Manager public manager;
    Terminal public terminal;
    Vault public vault;
    address[] public sources;
    address[] public clients;
    mapping(address => uint256) public sourceId;
    mapping(address => address[]) public sourcesOf;
    mapping(address => uint256) public activeSourceCountOf;
    mapping(address => address) private controllerOf;

    event Attempted(address task, address provider, uint256 suggestedPayment);
    event Registered(address provider, uint256 registrantId, address source, uint8 preferredEnvironment);
    event ResponseStatusChanged(address response, ResponseStatus status);
    event ResponseSubmitted(address response, address task);
    event SourcePublished(address source);
    event SourceStatusChanged(address source, SourceStatus status);
    event SourceUpdated(address source, SourceParams sourceParams);
    event TaskPublished(address task, address source);
    event TaskStatusChanged(address task, TaskStatus status);

    modifier onlyController() {
        require(checkController(msg.sender), "NotController");
        _;
    }

    constructor(address manager_, address terminal_, address vault_) Ownable(msg.sender) {
        manager = Manager(manager_);
        terminal = Terminal(terminal_);
        vault = Vault(vault_);
    }

    function CONTROLLER() public view returns (bytes32) {
        return manager.CONTROLLER();
    }

    function PROVIDER() external view returns (bytes32) {
        return manager.PROVIDER();
    }

    function checkController(address account) public view returns (bool) {
        return manager.hasRole(CONTROLLER(), account);
    }

    function publishSource(SourceParams calldata params) external {
        require(_signsFor(params.client), "NotOwner");
        address source = address(new Source(params));
        if (sourcesOf[params.client].length == 0) clients.push(params.client);
        sourceId[source] = sources.length;
        sources.push(source);
        sourcesOf[params.client].push(source);
        activeSourceCountOf[params.client]++;
        emit SourcePublished(source);
    }

    function updateSource(address source, SourceParams calldata params) external {
        require(_signsFor(Source(source).getClient()), "NotOwner");
        Source(source).setSourceParams(params);
        emit SourceUpdated(source, params);
    }

    function inactivateSource(address source) external {
        address client = Source(source).getClient();
        require(_signsFor(client), "NotOwner");
        require(Source(source).getStatus() == SourceStatus.ACTIVE, "SourceInactive");
        activeSourceCountOf[client]--;
        _setSourceStatus(source, SourceStatus.INACTIVE);
    }

    function register(address source, address provider, uint8 preferredEnvironment) external {
        require(_actsFor(provider), "NotProvider");
        require(Source(source).getStatus() == SourceStatus.ACTIVE, "SourceInactive");
        SourceParams memory params = Source(source).getSourceParams();
        uint256 lockup = vault.getLockupOf(provider);
        if (!vault.isWhitelisted(provider)) {
            require(lockup >= params.minAvailableLockup && lockup >= vault.MIN_LOCKUP_PER_SOURCE(), "InsufficientLockup");
        }
        require(vault.isEligible(provider), "NotEligible");
        uint256 id = Source(source).register(provider, preferredEnvironment);
        emit Registered(provider, id, source, preferredEnvironment);
    }

    function unregister(address source, address provider) external {
        require(_actsFor(provider), "NotProvider");
        Source(source).unregister(provider);
    }

    /// After the deadline this writes EXPIRED and frees the payment, instead of taking the task.
    function attempt(address task, address provider, uint256 suggestedPayment) external {
        require(_actsFor(provider), "NotProvider");
        require(Source(Task(task).getSource()).isRegistered(provider), "NotProvider");
        require(vault.isEligible(provider), "NotEligible");
        TaskStatus status = Task(task).getStatus();
        require(status <= TaskStatus.RESPONDED, "AlreadyFinalized");
        if (block.timestamp > Task(task).getExpiryTime()) {
            _setTaskStatus(task, TaskStatus.EXPIRED);
            vault.releasePayment(_clientOf(task), task);
            return;
        }
        Task(task).attempt(provider);
        emit Attempted(task, provider, suggestedPayment);
        if (status == TaskStatus.NEW) _setTaskStatus(task, TaskStatus.ATTEMPTED);
    }

    function submitResponse(ResponseParams calldata params) external {
        require(msg.sender == params.provider && terminal.isProvider(msg.sender), "NotProvider");
        Task task = Task(params.task);
        TaskStatus status = task.getStatus();
        require(status <= TaskStatus.RESPONDED, "AlreadyFinalized");
        require(block.timestamp <= task.getExpiryTime(), "Expired");
        address response = address(new Response(params));
        task.submitResponse(response, params.provider);
        emit ResponseSubmitted(response, params.task);
        if (status != TaskStatus.RESPONDED) _setTaskStatus(params.task, TaskStatus.RESPONDED);
        if (task.getDeliveryMethod() == DeliveryMethod.FIRST_RESPONSE) {
            _setResponseStatus(response, ResponseStatus.CONFIRMED);
            _setTaskStatus(params.task, TaskStatus.FINALIZED);
            vault.processPayment(_clientOf(params.task), params.provider, params.task, task.getPayment());
        }
    }

    function emitTaskPublished(address task, address source) external onlyController {
        controllerOf[task] = msg.sender;
        Source(source).publishTask(task);
        emit TaskPublished(task, source);
    }

    function setResponseStatus(address response, ResponseStatus status) external onlyController {
        _setResponseStatus(response, status);
    }

    function setSourceStatus(address source, SourceStatus status) external onlyController {
        _setSourceStatus(source, status);
    }

    function setTaskStatus(address task, TaskStatus status) external onlyController {
        _setTaskStatus(task, status);
    }

    function setManager(address manager_) external onlyOwner {
        manager = Manager(manager_);
    }

    function setTerminal(address terminal_) external onlyOwner {
        terminal = Terminal(terminal_);
    }

    function setVault(address vault_) external onlyOwner {
        vault = Vault(vault_);
    }

    function getActiveSourceCount(address client) external view returns (uint256) {
        return activeSourceCountOf[client];
    }

    function getSourceCount() external view returns (uint256) {
        return sources.length;
    }

    function getSourceId(address source) external view returns (uint256) {
        return sourceId[source];
    }

    function getSources(uint256 lower, uint256 upper) external view returns (address[] memory page) {
        page = new address[](upper - lower + 1);
        for (uint256 i = lower; i <= upper; i++) page[i - lower] = sources[i];
    }

    function _setTaskStatus(address task, TaskStatus status) private {
        Task(task).setStatus(status);
        emit TaskStatusChanged(task, status);
    }

    function _setSourceStatus(address source, SourceStatus status) private {
        Source(source).setStatus(status);
        emit SourceStatusChanged(source, status);
    }

    function _setResponseStatus(address response, ResponseStatus status) private {
        Response(response).setStatus(status);
        if (status == ResponseStatus.CONFIRMED) Response(response).confirm();
        emit ResponseStatusChanged(response, status);
    }

    function _clientOf(address task) private view returns (address) {
        return TaskClients(controllerOf[task]).clientOf(task);
    }

    function _signsFor(address client) private view returns (bool) {
        return msg.sender == client || terminal.getIsAgentOf(client, msg.sender);
    }

    function _actsFor(address provider) private view returns (bool) {
        if (!terminal.isProvider(provider)) return false;
        address master = terminal.getMasterOf(provider);
        return msg.sender == provider || msg.sender == master || terminal.getIsAgentOf(master, msg.sender);
    }
}
