// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

// The two contracts that settle x402's Permit2 payments: written for this devnet to the interface that the official
// packages call, and put at the official addresses. Permit2 itself is the genuine one.

struct TokenPermissions {
    address token;
    uint256 amount;
}

struct Permit {
    TokenPermissions permitted;
    uint256 nonce;
    uint256 deadline;
}

struct Details {
    address to;
    uint256 requestedAmount;
}

struct Permit2612 {
    uint256 value;
    uint256 deadline;
    bytes32 r;
    bytes32 s;
    uint8 v;
}

interface ISignatureTransfer {
    function permitWitnessTransferFrom(
        Permit calldata permit,
        Details calldata details,
        address owner,
        bytes32 witness,
        string calldata witnessType,
        bytes calldata signature
    ) external;
}

interface IPermit {
    function permit(address owner, address spender, uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) external;
}

/// No storage and no immutables: its code works wherever it is put.
abstract contract Proxy {
    address public constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;

    event Settled();
    event SettledWithPermit();

    error InvalidAmount();
    error InvalidDestination();
    error InvalidOwner();
    error PaymentTooEarly();
    error Permit2612AmountMismatch();

    function _pay(
        Permit calldata permit,
        address owner,
        Details memory details,
        uint256 validAfter,
        bytes32 witness,
        string memory witnessType,
        bytes calldata signature
    ) internal {
        require(details.requestedAmount != 0, InvalidAmount());
        require(owner != address(0), InvalidOwner());
        require(details.to != address(0), InvalidDestination());
        require(block.timestamp >= validAfter, PaymentTooEarly());
        ISignatureTransfer(PERMIT2).permitWitnessTransferFrom(permit, details, owner, witness, witnessType, signature);
    }

    /// A permit that fails may have been used already by somebody else: the transfer decides.
    function _permit(Permit2612 calldata permit2612, Permit calldata permit, address owner) internal {
        uint256 value = permit.permitted.amount;
        require(permit2612.value == value, Permit2612AmountMismatch());
        try IPermit(permit.permitted.token).permit(owner, PERMIT2, value, permit2612.deadline, permit2612.v, permit2612.r, permit2612.s) {} catch {}
    }
}

contract ExactProxy is Proxy {
    struct Witness {
        address to;
        uint256 validAfter;
    }

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");

    function settle(Permit calldata permit, address owner, Witness calldata witness, bytes calldata signature) external {
        _settle(permit, owner, witness, signature);
        emit Settled();
    }

    function settleWithPermit(
        Permit2612 calldata permit2612,
        Permit calldata permit,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        _permit(permit2612, permit, owner);
        _settle(permit, owner, witness, signature);
        emit SettledWithPermit();
    }

    function _settle(Permit calldata permit, address owner, Witness calldata witness, bytes calldata signature) private {
        bytes32 hash = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.validAfter));
        _pay(permit, owner, Details(witness.to, permit.permitted.amount), witness.validAfter, hash, WITNESS_TYPE_STRING, signature);
    }
}

contract UptoProxy is Proxy {
    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    error AmountExceedsPermitted();
    error UnauthorizedFacilitator();

    modifier allowed(Permit calldata permit, uint256 amount, address facilitator) {
        require(amount <= permit.permitted.amount, AmountExceedsPermitted());
        require(msg.sender == facilitator, UnauthorizedFacilitator());
        _;
    }

    function settle(Permit calldata permit, uint256 amount, address owner, Witness calldata witness, bytes calldata signature)
        external
        allowed(permit, amount, witness.facilitator)
    {
        _settle(permit, amount, owner, witness, signature);
        emit Settled();
    }

    function settleWithPermit(
        Permit2612 calldata permit2612,
        Permit calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external allowed(permit, amount, witness.facilitator) {
        _permit(permit2612, permit, owner);
        _settle(permit, amount, owner, witness, signature);
        emit SettledWithPermit();
    }

    function _settle(Permit calldata permit, uint256 amount, address owner, Witness calldata witness, bytes calldata signature) private {
        bytes32 hash = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.facilitator, witness.validAfter));
        _pay(permit, owner, Details(witness.to, amount), witness.validAfter, hash, WITNESS_TYPE_STRING, signature);
    }
}
