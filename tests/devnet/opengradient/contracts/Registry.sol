// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

interface IVerifier {
    function verifyAttestation(bytes calldata document, bytes calldata key, bytes calldata certificate, bytes calldata root)
        external
        view
        returns (bool valid, bytes32 pcrHash);
    function verifyRSAPSS(bytes calldata key, bytes32 message, bytes calldata signature) external view returns (bool valid);
}

/// The enclaves. One is active when it is enabled, its PCR is approved and its heartbeat is fresh.
contract Registry is AccessControl {
    struct PCRMeasurements {
        bytes pcr0;
        bytes pcr1;
        bytes pcr2;
    }

    struct OhttpConfig {
        uint8 keyId;
        uint16 kemId;
        uint16 kdfId;
        uint16 aeadId;
        bytes publicKey;
        bytes keyConfig;
        uint256 registeredAt;
    }

    struct TEEInfo {
        address owner;
        address paymentAddress;
        string endpoint;
        bytes publicKey;
        bytes tlsCertificate;
        bytes32 pcrHash;
        uint8 teeType;
        bool enabled;
        uint256 registeredAt;
        uint256 lastHeartbeatAt;
        OhttpConfig ohttpConfig;
    }

    bytes32 public constant TEE_OPERATOR = keccak256("TEE_OPERATOR");
    IVerifier public immutable VERIFIER;
    uint256 public heartbeatMaxAge = 30 minutes;

    mapping(uint8 => mapping(bytes32 => bool)) public isPCRApproved;
    mapping(bytes32 => TEEInfo) private _tees;
    mapping(uint8 => bytes32[]) private _ofType;

    event HeartbeatReceived(bytes32 indexed teeId, uint256 timestamp);
    event PCRApproved(bytes32 indexed pcrHash, uint8 indexed teeType, string version);
    event PCRRevoked(bytes32 indexed pcrHash, uint8 indexed teeType);
    event TEEDisabled(bytes32 indexed teeId);
    event TEEEnabled(bytes32 indexed teeId);
    event TEERegistered(bytes32 indexed teeId, address indexed owner, uint8 teeType);

    error AttestationInvalid(string reason);
    error HeartbeatSignatureInvalid();
    error HeartbeatTimestampInFuture();
    error HeartbeatTimestampTooOld();
    error NotTEEOwner();
    error PCRNotApproved();
    error TEEAlreadyExists();
    error TEENotEnabled();
    error TEENotFound();

    modifier onlyOwner(bytes32 teeId) {
        require(_tees[teeId].owner != address(0), TEENotFound());
        require(_tees[teeId].owner == msg.sender, NotTEEOwner());
        _;
    }

    constructor(IVerifier verifier) {
        VERIFIER = verifier;
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
    }

    function approvePCR(PCRMeasurements calldata pcrs, string calldata version, uint8 teeType) external onlyRole(DEFAULT_ADMIN_ROLE) {
        bytes32 pcrHash = computePCRHash(pcrs);
        isPCRApproved[teeType][pcrHash] = true;
        emit PCRApproved(pcrHash, teeType, version);
    }

    function revokePCR(bytes32 pcrHash, uint8 teeType) external onlyRole(DEFAULT_ADMIN_ROLE) {
        isPCRApproved[teeType][pcrHash] = false;
        emit PCRRevoked(pcrHash, teeType);
    }

    function setHeartbeatMaxAge(uint256 maxAge) external onlyRole(DEFAULT_ADMIN_ROLE) {
        heartbeatMaxAge = maxAge;
    }

    function registerTEEWithAttestation(
        bytes calldata attestationDocument,
        bytes calldata signingPublicKey,
        bytes calldata tlsCertificate,
        address paymentAddress,
        string calldata endpoint,
        uint8 teeType
    ) external onlyRole(TEE_OPERATOR) returns (bytes32 teeId) {
        (bool valid, bytes32 pcrHash) = VERIFIER.verifyAttestation(attestationDocument, signingPublicKey, tlsCertificate, "");
        require(valid, AttestationInvalid("key or certificate not bound"));
        require(isPCRApproved[teeType][pcrHash], PCRNotApproved());
        teeId = computeTEEId(signingPublicKey);
        TEEInfo storage tee = _tees[teeId];
        require(tee.owner == address(0), TEEAlreadyExists());
        tee.owner = msg.sender;
        tee.paymentAddress = paymentAddress;
        tee.endpoint = endpoint;
        tee.publicKey = signingPublicKey;
        tee.tlsCertificate = tlsCertificate;
        tee.pcrHash = pcrHash;
        tee.teeType = teeType;
        tee.enabled = true;
        tee.registeredAt = block.timestamp;
        tee.lastHeartbeatAt = block.timestamp;
        _ofType[teeType].push(teeId);
        emit TEERegistered(teeId, msg.sender, teeType);
    }

    function setOhttpConfig(bytes32 teeId, OhttpConfig calldata config) external onlyOwner(teeId) {
        _tees[teeId].ohttpConfig = config;
        _tees[teeId].ohttpConfig.registeredAt = block.timestamp;
    }

    function enableTEE(bytes32 teeId) external onlyOwner(teeId) {
        _tees[teeId].enabled = true;
        emit TEEEnabled(teeId);
    }

    function disableTEE(bytes32 teeId) external onlyOwner(teeId) {
        _tees[teeId].enabled = false;
        emit TEEDisabled(teeId);
    }

    /// Anybody may bring it: what counts is the enclave's signature.
    function heartbeat(bytes32 teeId, uint256 timestamp, bytes calldata signature) external {
        TEEInfo storage tee = _tees[teeId];
        require(tee.owner != address(0), TEENotFound());
        require(tee.enabled, TEENotEnabled());
        require(timestamp <= block.timestamp + 60, HeartbeatTimestampInFuture());
        require(timestamp + heartbeatMaxAge >= block.timestamp, HeartbeatTimestampTooOld());
        bytes32 message = keccak256(abi.encodePacked(teeId, timestamp));
        require(VERIFIER.verifyRSAPSS(tee.publicKey, message, signature), HeartbeatSignatureInvalid());
        tee.lastHeartbeatAt = block.timestamp;
        emit HeartbeatReceived(teeId, timestamp);
    }

    function getActiveTEEs(uint8 teeType) external view returns (TEEInfo[] memory) {
        bytes32[] memory ids = _select(teeType, true);
        TEEInfo[] memory found = new TEEInfo[](ids.length);
        for (uint256 i = 0; i < ids.length; i++) found[i] = _tees[ids[i]];
        return found;
    }

    function getEnabledTEEs(uint8 teeType) external view returns (bytes32[] memory) {
        return _select(teeType, false);
    }

    function getTEEsByType(uint8 teeType) external view returns (bytes32[] memory) {
        return _ofType[teeType];
    }

    function getTEE(bytes32 teeId) external view returns (TEEInfo memory) {
        require(_tees[teeId].owner != address(0), TEENotFound());
        return _tees[teeId];
    }

    function getTEEPublicKey(bytes32 teeId) external view returns (bytes memory) {
        require(_tees[teeId].owner != address(0), TEENotFound());
        return _tees[teeId].publicKey;
    }

    function isTEEEnabled(bytes32 teeId) external view returns (bool) {
        return _tees[teeId].enabled;
    }

    function isTEEActive(bytes32 teeId) public view returns (bool) {
        TEEInfo storage tee = _tees[teeId];
        return tee.enabled && isPCRApproved[tee.teeType][tee.pcrHash] && tee.lastHeartbeatAt + heartbeatMaxAge >= block.timestamp;
    }

    function computeTEEId(bytes calldata publicKey) public pure returns (bytes32) {
        return keccak256(publicKey);
    }

    function computePCRHash(PCRMeasurements calldata pcrs) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(pcrs.pcr0, pcrs.pcr1, pcrs.pcr2));
    }

    function _select(uint8 teeType, bool active) private view returns (bytes32[] memory found) {
        bytes32[] storage all = _ofType[teeType];
        found = new bytes32[](all.length);
        uint256 count;
        for (uint256 i = 0; i < all.length; i++) {
            if (active ? isTEEActive(all[i]) : _tees[all[i]].enabled) found[count++] = all[i];
        }
        assembly {
            mstore(found, count)
        }
    }
}
