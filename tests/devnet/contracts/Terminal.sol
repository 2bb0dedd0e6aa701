// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {Manager} from "./Manager.sol";
import {Vault} from "./Vault.sol";

/// Masters, providers, agents.
contract Terminal is Ownable {
    Manager public manager;
    Vault public vault;
    mapping(address => address) public masterOf;
    mapping(address => address) public providerOf;
    mapping(address => bool) public isMaster;
    mapping(address => bool) public isProvider;
    mapping(address => mapping(address => bool)) public isAgentOf;
    mapping(address => bool) public defaultAgentDisabled;
    mapping(address => string) public baseDataOf;
    mapping(address => string) public liveDataOf;

    event AgentSet(address account, address agent, bool value);
    event BaseDataUpdated(address provider);
    event DefaultAgentDisabled(address master, bool value);
    event LiveDataUpdated(address provider);
    event MasterAnnounced(address provider, address master);
    event ProviderAnnounced(address provider, address master);
    event ProviderRemoved(address provider);
    event RemoveContainer(address provider, address source);

    modifier onlyProvider() {
        require(isProvider[msg.sender], "NotProvider");
        _;
    }

    modifier onlyMasterOf(address provider) {
        require(masterOf[provider] == msg.sender && isMaster[msg.sender], "NotMaster");
        _;
    }

    constructor(address manager_, address vault_) Ownable(msg.sender) {
        manager = Manager(manager_);
        vault = Vault(vault_);
    }

    function PROVIDER() public view returns (bytes32) {
        return manager.PROVIDER();
    }

    function announceMaster(address master) external {
        require(manager.hasRole(PROVIDER(), msg.sender), "NotProvider");
        masterOf[msg.sender] = master;
        emit MasterAnnounced(msg.sender, master);
    }

    function announceProvider(address provider, uint256 amount) external payable {
        require(masterOf[provider] == msg.sender, "NotMaster");
        require(msg.value == amount, "InsufficientBalance");
        isMaster[msg.sender] = true;
        isProvider[provider] = true;
        providerOf[msg.sender] = provider;
        vault.deposit{value: msg.value}(provider);
        emit ProviderAnnounced(provider, msg.sender);
    }

    function removeProvider(address provider) external onlyMasterOf(provider) {
        delete masterOf[provider];
        delete providerOf[msg.sender];
        isProvider[provider] = false;
        emit ProviderRemoved(provider);
    }

    function removeContainer(address provider, address source) external onlyMasterOf(provider) {
        emit RemoveContainer(provider, source);
    }

    function setAgent(address agent, bool value) external {
        isAgentOf[msg.sender][agent] = value;
        emit AgentSet(msg.sender, agent, value);
    }

    function setDefaultAgentDisabled(bool value) external {
        defaultAgentDisabled[msg.sender] = value;
        emit DefaultAgentDisabled(msg.sender, value);
    }

    function setBaseData(string calldata baseData) external onlyProvider {
        baseDataOf[msg.sender] = baseData;
        emit BaseDataUpdated(msg.sender);
    }

    function setLiveData(string calldata liveData) external onlyProvider {
        liveDataOf[msg.sender] = liveData;
        emit LiveDataUpdated(msg.sender);
    }

    function setManager(address manager_) external onlyOwner {
        manager = Manager(manager_);
    }

    function setVault(address vault_) external onlyOwner {
        vault = Vault(vault_);
    }

    function getIsAgentOf(address master, address agent) external view returns (bool) {
        return isAgentOf[master][agent];
    }

    function getIsMaster(address master) external view returns (bool) {
        return isMaster[master];
    }

    function getMasterOf(address provider) external view returns (address) {
        return masterOf[provider];
    }
}
