// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

/// What the network has as a precompile. RSA-PSS is verified for real; of an attestation only its bindings are, because
/// there is no Nitro hardware here: the document is abi.encode(pcr0, pcr1, pcr2, keccak(key), keccak(certificate)).
contract Verifier {
    function verifyAttestation(bytes calldata document, bytes calldata key, bytes calldata certificate, bytes calldata)
        external
        pure
        returns (bool valid, bytes32 pcrHash)
    {
        (bytes memory pcr0, bytes memory pcr1, bytes memory pcr2, bytes32 keyHash, bytes32 certificateHash) =
            abi.decode(document, (bytes, bytes, bytes, bytes32, bytes32));
        valid = keyHash == keccak256(key) && certificateHash == keccak256(certificate);
        pcrHash = keccak256(abi.encodePacked(pcr0, pcr1, pcr2));
    }

    /// RSASSA-PSS (RFC 8017), RSA-2048 with exponent 65537, SHA-256, salt of 32 bytes. `key` is the DER
    /// SubjectPublicKeyInfo: for these sizes always 294 bytes with the modulus at 33 and the exponent at 291.
    function verifyRSAPSS(bytes calldata key, bytes32 message, bytes calldata signature) external view returns (bool) {
        if (key.length != 294 || signature.length != 256) return false;
        (bool done, bytes memory encoded) = address(5).staticcall(
            abi.encodePacked(uint256(256), uint256(3), uint256(256), signature, key[291:294], key[33:289])
        );
        if (!done || encoded[255] != 0xbc || uint8(encoded[0]) > 0x7f) return false;
        bytes32 hash;
        assembly {
            hash := mload(add(encoded, 255)) // 32 (length) + 223 (masked block)
        }
        bytes memory block_ = new bytes(223);
        for (uint256 i = 0; i < 7; i++) {
            bytes32 mask = sha256(abi.encodePacked(hash, uint32(i)));
            for (uint256 j = i * 32; j < (i + 1) * 32 && j < 223; j++) {
                block_[j] = encoded[j] ^ mask[j % 32];
            }
        }
        if (uint8(block_[0]) & 0x7f != 0 || block_[190] != 0x01) return false;
        for (uint256 i = 1; i < 190; i++) {
            if (block_[i] != 0) return false;
        }
        bytes32 salt;
        assembly {
            salt := mload(add(block_, 223)) // 32 (length) + 191 (zeros and the 1)
        }
        return sha256(abi.encodePacked(bytes8(0), sha256(abi.encodePacked(message)), salt)) == hash;
    }
}
