// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Response} from "./Response.sol";
import {Task} from "./Task.sol";
import {ResponseParams} from "./types.sol";

// What only tests need: many at once, and refusals that the network's own contracts never give to a user.

/// Answers a task that it owns, with as many providers as wanted. Every fifth of them does not answer.
contract Crowd {
    function answer(Task task, uint256 from, uint256 count) external {
        for (uint256 i = from; i < from + count; i++) {
            address provider = address(uint160(0x1000000 + i));
            task.attempt(provider);
            if (i % 5 == 4) continue;
            Response response = new Response(ResponseParams(address(task), provider, "{\"a\":1}", i));
            task.submitResponse(address(response), provider);
        }
    }
}

/// Put in the place of a vault, it reports deposits that never happened.
contract Emitter {
    event Deposited(address account, uint256 amount);

    function deposits(uint256 from, uint256 count) external {
        for (uint256 i = from; i < from + count; i++) emit Deposited(address(uint160(i)), i);
    }
}

/// Refuses in each of the ways that a contract has.
contract Refuser {
    error OwnableUnauthorizedAccount(address account);
    error AccessControlUnauthorizedAccount(address account, bytes32 neededRole);
    error Unheard(uint256 how);

    function lock(uint256 how) external view {
        if (how == 1) revert OwnableUnauthorizedAccount(msg.sender);
        if (how == 2) revert AccessControlUnauthorizedAccount(msg.sender, keccak256("JUDGE"));
        if (how == 3) assert(how != 3);
        if (how == 4) revert("words of its own");
        if (how == 5) revert Unheard(how);
        if (how == 6) revert("proxy: InsufficientBalance (inner)");
    }
}

/// What an account of its own is upgraded to for a batch (EIP-7702): all of its calls, or none.
contract Batch {
    struct Call {
        address to;
        uint256 value;
        bytes data;
    }

    function run(Call[] calldata calls) external payable {
        require(msg.sender == address(this), "not its own account");
        for (uint256 i = 0; i < calls.length; i++) {
            (bool done, bytes memory answer) = calls[i].to.call{value: calls[i].value}(calls[i].data);
            if (!done) {
                assembly {
                    revert(add(answer, 32), mload(answer))
                }
            }
        }
    }
}
