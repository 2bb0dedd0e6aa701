// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;

import {Ownable} from "@openzeppelin/contracts/access/Ownable.sol";
import {ResponseParams, ResponseStatus} from "./types.sol";

/// One answer. Its owner is the Nexus that made it.
contract Response is Ownable {
    ResponseParams public responseParams;
    ResponseStatus public status;
    uint256 public immutable responseTimestamp;
    bool public confirmedFinal;

    constructor(ResponseParams memory params) payable Ownable(msg.sender) {
        responseParams = params;
        responseTimestamp = block.timestamp;
    }

    function confirm() external onlyOwner {
        confirmedFinal = true;
    }

    function setStatus(ResponseStatus newStatus) external onlyOwner {
        status = newStatus;
    }

    function getResponseParams() external view returns (ResponseParams memory) {
        return responseParams;
    }

    function getStatus() external view returns (ResponseStatus) {
        return status;
    }
}
