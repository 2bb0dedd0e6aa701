// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Terminal, on mainnet (chain 1071) and testnet (chain 200820172034).
// Mainnet: 0xaEBC7b712D38Fc4d841f0732c21B8774339869D3
// Testnet: 0x1ea332Fc14a5AFD3AF3852B45C263Ab5b1Dd6f52
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Terminal
/// @notice Who belongs to whom: masters own providers, agents sign for clients and masters. Pairing is mutual: the
/// provider announces its master, the master announces its provider.
interface Terminal {
    /// @notice The new owner is no valid one.
    error OwnableInvalidOwner(address owner);

    /// @notice The caller is not the owner.
    error OwnableUnauthorizedAccount(address account);

    /// @notice An agent was allowed or disallowed.
    event AgentSet(address account, address agent, bool value);

    /// @notice A provider's fixed data changed.
    event BaseDataUpdated(address provider);

    /// @notice A master let the default agent act, or no longer.
    event DefaultAgentDisabled(address master, bool value);

    /// @notice A provider's changing data changed.
    event LiveDataUpdated(address provider);

    /// @notice A provider named its master.
    event MasterAnnounced(address provider, address master);

    /// @notice Ownership was handed on.
    event OwnershipTransferred(address indexed previousOwner, address indexed newOwner);

    /// @notice A master named its provider.
    event ProviderAnnounced(address provider, address master);

    /// @notice A pairing ended.
    event ProviderRemoved(address provider);

    /// @notice A master wants a container ended.
    event RemoveContainer(address provider, address source);

    /// @notice A provider names its master.
    function announceMaster(address master) external;

    /// @notice A master names its provider and passes on amount wei to the provider's vault balance; the value sent is
    /// that amount. Reverts with NotMaster.
    function announceProvider(address provider, uint256 amount) external payable;

    /// @notice Tells a provider to end a source's container. Its master. Reverts with NotMaster.
    function removeContainer(address provider, address source) external;

    /// @notice Ends the pairing. The master. Reverts with NotMaster.
    function removeProvider(address provider) external;

    /// @notice Gives up ownership. Owner only.
    function renounceOwnership() external;

    /// @notice Lets an agent sign for the sender, or no longer.
    function setAgent(address agent, bool value) external;

    /// @notice Writes the URL of the sender's fixed data. Only the provider's runtime may claim it, so ogkit does not
    /// offer it.
    function setBaseData(string calldata _baseData) external;

    /// @notice Keeps the network's default agent from acting for the sender.
    function setDefaultAgentDisabled(bool value) external;

    /// @notice Writes the URL of the sender's changing data. Only the provider's runtime may claim it, so ogkit does
    /// not offer it.
    function setLiveData(string calldata _liveData) external;

    /// @notice Sets the Manager. Owner only.
    function setManager(address _manager) external;

    /// @notice Sets the Vault. Owner only.
    function setVault(address _vault) external;

    /// @notice Hands ownership on. Owner only.
    function transferOwnership(address newOwner) external;

    /// @notice The role of provider accounts.
    function PROVIDER() external view returns (bytes32);

    /// @notice The URL of a provider's fixed data.
    function baseDataOf(address provider) external view returns (string memory);

    /// @notice Whether the network's default agent may not act for a master.
    function defaultAgentDisabled(address master) external view returns (bool);

    /// @notice Whether an agent may sign for a master or client.
    function getIsAgentOf(address master, address agent) external view returns (bool);

    /// @notice Whether an account is a master.
    function getIsMaster(address master) external view returns (bool);

    /// @notice A provider's master.
    function getMasterOf(address provider) external view returns (address);

    /// @notice Whether the second account is an agent of the first.
    function isAgentOf(address account, address agent) external view returns (bool);

    /// @notice Whether an account is a master.
    function isMaster(address account) external view returns (bool);

    /// @notice Whether an account is a provider.
    function isProvider(address account) external view returns (bool);

    /// @notice The URL of a provider's changing data.
    function liveDataOf(address provider) external view returns (string memory);

    /// @notice The Manager.
    function manager() external view returns (address);

    /// @notice A provider's master.
    function masterOf(address provider) external view returns (address);

    /// @notice The owner (OpenZeppelin Ownable).
    function owner() external view returns (address);

    /// @notice A master's provider.
    function providerOf(address master) external view returns (address);

    /// @notice The Vault.
    function vault() external view returns (address);
}
