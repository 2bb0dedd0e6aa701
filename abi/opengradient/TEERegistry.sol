// SPDX-License-Identifier: MIT OR Apache-2.0
//
// OpenGradient TEERegistry, on the alpha network (RPC https://ogevmdevnet.opengradient.ai).
// Newest: 0x703cB174AEadB35D611858369B4b1111dC9Abda6 (Python SDK 1.1.4)
// Older:  0x4e72238852f3c918f4E4e57AeC9280dDB0c80248 (TypeScript SDK 2.1.1)
// Signatures: the ABI of the official Python SDK, opengradient 1.1.4.
// Written for reading and for bindings.

pragma solidity ^0.8.20;

/// @title TEERegistry
/// @notice The enclaves that serve the network: where they are, which key they sign with, and which code they run. A key
/// gets in by an attestation whose measurements (PCRs) belong to a reproducible build.
interface TEERegistry {
    /// @notice An enclave's key for Oblivious HTTP (RFC 9458): what requests are encrypted to.
    struct OhttpConfig {
        /// The key's number in the header of an encrypted request.
        uint8 keyId;
        /// The HPKE algorithms: 0x0020 is X25519, …
        uint16 kemId;
        /// … 0x0001 HKDF-SHA256, …
        uint16 kdfId;
        /// … 0x0003 ChaCha20-Poly1305.
        uint16 aeadId;
        /// The raw public key, 32 bytes; empty when the enclave takes no encrypted requests.
        bytes publicKey;
        /// The encoded key configuration, as clients of RFC 9458 read it.
        bytes keyConfig;
        /// When it was registered, in unix seconds.
        uint256 registeredAt;
    }

    /// @notice An enclave. Its id is keccak256(publicKey).
    struct TEEInfo {
        /// Who registered it and may remove it.
        address owner;
        /// Who is paid for its answers.
        address paymentAddress;
        /// Its base URL.
        string endpoint;
        /// The RSA key that its answers are signed with: DER, SubjectPublicKeyInfo.
        bytes publicKey;
        /// The certificate that its TLS connections show: DER. Browsers cannot pin it.
        bytes tlsCertificate;
        /// The hash of its code's measurements.
        bytes32 pcrHash;
        /// 0: answers LLM requests. 1: validates.
        uint8 teeType;
        /// Whether its owner has it switched on.
        bool enabled;
        /// When it was registered, in unix seconds.
        uint256 registeredAt;
        /// Its last sign of life, in unix seconds.
        uint256 lastHeartbeatAt;
        /// Its key for Oblivious HTTP.
        OhttpConfig ohttpConfig;
    }

    /// @notice The enclaves of a type that are enabled, run code that is not revoked, and gave a recent sign of life.
    function getActiveTEEs(uint8 teeType) external view returns (TEEInfo[] memory);

    /// @notice The ids of a type's enclaves that are enabled.
    function getEnabledTEEs(uint8 teeType) external view returns (bytes32[] memory);

    /// @notice The ids of all enclaves of a type.
    function getTEEsByType(uint8 teeType) external view returns (bytes32[] memory);

    /// @notice One enclave, active or not.
    function getTEE(bytes32 teeId) external view returns (TEEInfo memory);

    /// @notice Whether getActiveTEEs would list it.
    function isTEEActive(bytes32 teeId) external view returns (bool);

    /// @notice Whether getEnabledTEEs would list it.
    function isTEEEnabled(bytes32 teeId) external view returns (bool);
}
