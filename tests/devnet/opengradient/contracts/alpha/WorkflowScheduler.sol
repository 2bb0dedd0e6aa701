// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

interface IWorkflow {
    function run() external;
}

/// Runs workflows from time to time; a keeper pokes it.
contract WorkflowScheduler {
    struct Task {
        address owner;
        address contractAddress;
        uint256 endTime;
        uint256 frequency;
        uint256 nextRun;
    }

    Task[] public tasks;

    event TaskRegistered(uint256 indexed id, address indexed owner, address indexed contractAddress, uint256 endTime, uint256 frequency);
    event TaskRun(uint256 indexed id, bool success);

    function registerTask(address contractAddress, uint256 endTime, uint256 frequency) external {
        require(contractAddress.code.length > 0, "not a contract");
        require(endTime > block.timestamp, "ends in the past");
        require(frequency > 0, "no frequency");
        emit TaskRegistered(tasks.length, msg.sender, contractAddress, endTime, frequency);
        tasks.push(Task(msg.sender, contractAddress, endTime, frequency, block.timestamp + frequency));
    }

    function count() external view returns (uint256) {
        return tasks.length;
    }

    /// Whether something is due at that time.
    function due(uint256 time) external view returns (bool) {
        for (uint256 i = 0; i < tasks.length; i++) if (_due(tasks[i], time)) return true;
        return false;
    }

    function runDue() external {
        for (uint256 i = 0; i < tasks.length; i++) {
            if (!_due(tasks[i], block.timestamp)) continue;
            tasks[i].nextRun = block.timestamp + tasks[i].frequency;
            try IWorkflow(tasks[i].contractAddress).run() {
                emit TaskRun(i, true);
            } catch {
                emit TaskRun(i, false);
            }
        }
    }

    function _due(Task storage task, uint256 time) private view returns (bool) {
        return time >= task.nextRun && time <= task.endTime;
    }
}
