// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.26;

/// What the small models do with text.
library Text {
    function equal(string memory a, string memory b) internal pure returns (bool) {
        return keccak256(bytes(a)) == keccak256(bytes(b));
    }

    /// Where `part` begins in `text`, in bytes; the largest number if nowhere.
    function find(string memory text, string memory part) internal pure returns (uint256) {
        (bytes memory hay, bytes memory needle) = (bytes(text), bytes(part));
        if (needle.length == 0) return type(uint256).max;
        for (uint256 at = 0; at + needle.length <= hay.length; at++) {
            uint256 same = 0;
            while (same < needle.length && hay[at + same] == needle[same]) same++;
            if (same == needle.length) return at;
        }
        return type(uint256).max;
    }

    function slice(string memory text, uint256 from, uint256 to) internal pure returns (string memory) {
        bytes memory part = new bytes(to - from);
        for (uint256 i = 0; i < part.length; i++) part[i] = bytes(text)[from + i];
        return string(part);
    }

    /// Its characters backwards: those of UTF-8, for a string on chain must stay one.
    function reverse(string memory text) internal pure returns (string memory) {
        bytes memory from = bytes(text);
        bytes memory to = new bytes(from.length);
        uint256 end = from.length;
        for (uint256 at = 0; at < from.length;) {
            uint256 next = at + 1;
            while (next < from.length && uint8(from[next]) & 0xc0 == 0x80) next++;
            end -= next - at;
            for (uint256 i = at; i < next; i++) to[end + i - at] = from[i];
            at = next;
        }
        return string(to);
    }

    /// What is before the first stop text, and no more than so many words.
    function cut(string memory text, string[] memory stops, uint32 words) internal pure returns (string memory, string memory reason) {
        uint256 end = bytes(text).length;
        reason = "stop";
        for (uint256 i = 0; i < stops.length; i++) {
            uint256 at = find(text, stops[i]);
            if (at < end) end = at;
        }
        uint256 seen = 0;
        for (uint256 at = 0; at < end; at++) {
            if (bytes(text)[at] != " ") continue;
            if (++seen == words) (end, reason) = (at, "length");
        }
        return (slice(text, 0, words == 0 ? 0 : end), reason);
    }
}
