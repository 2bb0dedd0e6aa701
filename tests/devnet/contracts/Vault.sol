// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Manager} from "./Manager.sol";

/// Balances, stake, escrow. Wei and seconds.
contract Vault {
    Manager public immutable manager;
    address public nexus;
    address public terminal;
    uint256 public MIN_LOCKUP_PER_SOURCE = 0.01 ether;
    uint256 public UNBONDING_PERIOD = 7 days;
    uint256 public sanctionedAmount;

    mapping(address => uint256) public balanceOf;
    mapping(address => uint256) public lockupOf;
    mapping(address => uint256) public unbondingOf;
    mapping(address => uint256) public unbondingTimestamp;
    mapping(address => uint256) public sanctionOf;
    mapping(address => uint256) public frozenPayment;
    mapping(address => uint256) public totalEarningsOf;
    mapping(address => bool) public isWhitelisted;
    mapping(address => uint256) private escrowOf;

    event Claimed(address account, uint256 amount);
    event Deposited(address account, uint256 amount);
    event Locked(address account, uint256 amount);
    event Sanctioned(address account, uint256 amount);
    event Unbonded(address account, uint256 amount);
    event UnbondingCanceled(address account, uint256 amount);
    event Waived(address account, uint256 amount);
    event Withdrawn(address account, uint256 amount);

    modifier onlyRole(bytes32 role) {
        require(manager.hasRole(role, msg.sender), "NotAuthorized");
        _;
    }

    modifier onlyController() {
        require(manager.hasRole(manager.CONTROLLER(), msg.sender) || msg.sender == nexus, "NotController");
        _;
    }

    constructor(address manager_, address nexus_, address terminal_) {
        manager = Manager(manager_);
        nexus = nexus_;
        terminal = terminal_;
    }

    function deposit(address account) external payable {
        balanceOf[account] += msg.value;
        emit Deposited(account, msg.value);
    }

    function withdraw(uint256 amount) external {
        _take(msg.sender, amount);
        emit Withdrawn(msg.sender, amount);
        _send(msg.sender, amount);
    }

    function lock(uint256 amount) external {
        _take(msg.sender, amount);
        lockupOf[msg.sender] += amount;
        emit Locked(msg.sender, amount);
    }

    function unbond(uint256 amount) external {
        require(lockupOf[msg.sender] >= amount, "InsufficientLockup");
        lockupOf[msg.sender] -= amount;
        unbondingOf[msg.sender] += amount;
        unbondingTimestamp[msg.sender] = block.timestamp + UNBONDING_PERIOD;
        emit Unbonded(msg.sender, amount);
    }

    function cancelUnbonding() external {
        uint256 amount = unbondingOf[msg.sender];
        delete unbondingOf[msg.sender];
        delete unbondingTimestamp[msg.sender];
        lockupOf[msg.sender] += amount;
        emit UnbondingCanceled(msg.sender, amount);
    }

    function claim() external {
        require(block.timestamp >= unbondingTimestamp[msg.sender], "UnbondingNotElapsed");
        uint256 amount = unbondingOf[msg.sender];
        delete unbondingOf[msg.sender];
        delete unbondingTimestamp[msg.sender];
        balanceOf[msg.sender] += amount;
        emit Claimed(msg.sender, amount);
    }

    function freezePayment(address client, address task, uint256 amount) external onlyController {
        _take(client, amount);
        frozenPayment[client] += amount;
        escrowOf[task] += amount;
    }

    function releasePayment(address client, address task) public onlyController {
        uint256 amount = escrowOf[task];
        delete escrowOf[task];
        frozenPayment[client] -= amount;
        balanceOf[client] += amount;
    }

    function forceReleasePayment(address client, address task) external onlyController {
        releasePayment(client, task);
    }

    function processPayment(address client, address provider, address task, uint256 amount) external onlyController {
        require(escrowOf[task] >= amount, "InsufficientBalance");
        uint256 rest = escrowOf[task] - amount;
        frozenPayment[client] -= escrowOf[task];
        delete escrowOf[task];
        balanceOf[client] += rest;
        balanceOf[provider] += amount;
        totalEarningsOf[provider] += amount;
    }

    function sanction(address account, uint256 amount) external onlyRole(manager.JUDGE()) {
        require(lockupOf[account] >= amount, "InsufficientLockup");
        lockupOf[account] -= amount;
        sanctionOf[account] += amount;
        sanctionedAmount += amount;
        emit Sanctioned(account, amount);
    }

    function waive(address account, uint256 amount) external onlyRole(manager.JUDGE()) {
        sanctionOf[account] -= amount;
        sanctionedAmount -= amount;
        lockupOf[account] += amount;
        emit Waived(account, amount);
    }

    function withdrawSanctionOf(address account) external onlyRole(manager.DEFAULT_ADMIN_ROLE()) {
        uint256 amount = sanctionOf[account];
        delete sanctionOf[account];
        sanctionedAmount -= amount;
        _send(msg.sender, amount);
    }

    function emergencyExit(address account) external onlyRole(manager.DEFAULT_ADMIN_ROLE()) {
        uint256 amount = balanceOf[account] + lockupOf[account] + unbondingOf[account];
        delete balanceOf[account];
        delete lockupOf[account];
        delete unbondingOf[account];
        _send(account, amount);
    }

    function setWhitelist(address account, bool value) external onlyRole(manager.DEFAULT_ADMIN_ROLE()) {
        isWhitelisted[account] = value;
    }

    function setMaxUnbondingPeriod(uint256 period) external onlyRole(manager.DEFAULT_ADMIN_ROLE()) {
        UNBONDING_PERIOD = period;
    }

    function setMinLockupPerSource(uint256 amount) external onlyRole(manager.DEFAULT_ADMIN_ROLE()) {
        MIN_LOCKUP_PER_SOURCE = amount;
    }

    function setTerminal(address terminal_) external onlyRole(manager.DEFAULT_ADMIN_ROLE()) {
        terminal = terminal_;
    }

    function getBalanceOf(address account) external view returns (uint256) {
        return balanceOf[account];
    }

    function getLockupOf(address account) external view returns (uint256) {
        return lockupOf[account];
    }

    function isEligible(address account) external view returns (bool) {
        return isWhitelisted[account] || sanctionOf[account] == 0;
    }

    function _take(address account, uint256 amount) private {
        require(balanceOf[account] >= amount, "InsufficientBalance");
        balanceOf[account] -= amount;
    }

    function _send(address to, uint256 amount) private {
        (bool sent,) = to.call{value: amount}("");
        require(sent, "TransferFailed");
    }
}
