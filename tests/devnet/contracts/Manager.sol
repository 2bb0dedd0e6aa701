// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// Roles. The deployer is the admin.
contract Manager is AccessControl {
    bytes32 public constant CONTROLLER = keccak256("CONTROLLER");
    bytes32 public constant PROVIDER = keccak256("PROVIDER");
    bytes32 public constant JUDGE = keccak256("JUDGE");

    constructor() {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
    }
}
