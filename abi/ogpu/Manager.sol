// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGPU Manager, on mainnet (chain 1071) and testnet (chain 200820172034).
// Signatures: the ABI of the official Python SDK, ogpu 0.2.3. `@custom:testnet absent` marks what testnet lacks.
// Written for reading and for bindings; each file stands alone, so structs that two contracts use appear in both.

pragma solidity ^0.8.20;

/// @title Manager
/// @notice Roles, by OpenZeppelin's AccessControl.
interface Manager {
    /// @notice A role can only be renounced by its holder.
    error AccessControlBadConfirmation();

    /// @notice The account lacks the role.
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);

    /// @notice A role's admin changed.
    event RoleAdminChanged(bytes32 indexed role, bytes32 indexed previousAdminRole, bytes32 indexed newAdminRole);

    /// @notice A role was given.
    event RoleGranted(bytes32 indexed role, address indexed account, address indexed sender);

    /// @notice A role was taken.
    event RoleRevoked(bytes32 indexed role, address indexed account, address indexed sender);

    /// @notice Gives a role. The role's admin.
    function grantRole(bytes32 role, address account) external;

    /// @notice Gives up one's own role.
    function renounceRole(bytes32 role, address callerConfirmation) external;

    /// @notice Takes a role. The role's admin.
    function revokeRole(bytes32 role, address account) external;

    /// @notice The role of Controller contracts.
    function CONTROLLER() external view returns (bytes32);

    /// @notice The role that grants roles.
    function DEFAULT_ADMIN_ROLE() external view returns (bytes32);

    /// @notice The role of judges, who sanction.
    function JUDGE() external view returns (bytes32);

    /// @notice The role of provider accounts.
    function PROVIDER() external view returns (bytes32);

    /// @notice The role that grants a role.
    function getRoleAdmin(bytes32 role) external view returns (bytes32);

    /// @notice Whether an account has a role.
    function hasRole(bytes32 role, address account) external view returns (bool);

    /// @notice ERC-165.
    function supportsInterface(bytes4 interfaceId) external view returns (bool);
}
