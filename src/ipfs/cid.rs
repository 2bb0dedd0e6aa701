//! Content identifiers, version 0 and 1 (the multiformats specifications of CID, multihash and unsigned varint).
//!
//! ```text
//! v0 = base58btc(0x12 0x20 digest)                         always dag-pb and SHA-256: "Qm…"
//! v1 = multibase(0x01 codec hash-function length digest)   the four numbers are varints
//! ```
//!
//! Reading is strict: numbers in their shortest form, a digest of the stated length, nothing after it. So a CID has one
//! binary form, and printing what was read gives the same content's name again (version 1 always in base32).

use std::fmt;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

use super::error::Error;
use super::multibase;

/// The codec of plain bytes.
pub const RAW: u64 = 0x55;
/// The codec of dag-pb nodes, which hold UnixFS.
pub const DAG_PB: u64 = 0x70;
/// The codec of dag-cbor documents.
pub const DAG_CBOR: u64 = 0x71;
/// The codec of dag-json documents.
pub const DAG_JSON: u64 = 0x0129;
/// The multihash code of SHA-256.
pub const SHA2_256: u64 = 0x12;
/// The multihash code of no hash at all: the digest is the block itself.
pub const IDENTITY: u64 = 0;

/// The longest digest that is read, in bytes: those of SHA-512 and its kin.
pub const MAX_DIGEST: usize = 64;

/// A hash function's number and its digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Multihash {
    code: u64,
    length: u8,
    /// Zero beyond `length`, so that equal multihashes are equal values.
    digest: [u8; MAX_DIGEST],
}

impl Multihash {
    /// SHA-256's, from its digest.
    pub fn sha2_256(digest: [u8; 32]) -> Self {
        let mut padded = [0; MAX_DIGEST];
        padded.iter_mut().zip(digest).for_each(|(to, from)| *to = from);
        Self { code: SHA2_256, length: 32, digest: padded }
    }

    /// The hash function's number in the multicodec table.
    pub fn code(&self) -> u64 {
        self.code
    }

    /// The digest: 32 bytes for SHA-256, at most [`MAX_DIGEST`] for others.
    pub fn digest(&self) -> &[u8] {
        self.digest.get(..usize::from(self.length)).unwrap_or_default()
    }

    fn take(rest: &mut &[u8]) -> Result<Self, Error> {
        const SHORT: Error = Error::InvalidCid { reason: "expected a multihash, but the bytes end before it" };
        let code = read_varint(rest).ok_or(SHORT)?;
        let length = read_varint(rest).ok_or(SHORT)?;
        if length > MAX_DIGEST as u64 || (code == SHA2_256 && length != 32) {
            return Err(Error::InvalidCid { reason: "expected a digest of at most 64 bytes, and of 32 for SHA-256" });
        }
        #[allow(clippy::cast_possible_truncation, reason = "at most MAX_DIGEST")]
        let length = length as u8;
        let (found, tail) = rest
            .split_at_checked(usize::from(length))
            .ok_or(Error::InvalidCid { reason: "expected a digest of the length that the multihash states" })?;
        *rest = tail;
        let mut digest = [0; MAX_DIGEST];
        digest.iter_mut().zip(found).for_each(|(to, from)| *to = *from);
        Ok(Self { code, length, digest })
    }

    fn write(&self, out: &mut Vec<u8>) {
        push_varint(out, self.code);
        push_varint(out, u64::from(self.length));
        out.extend_from_slice(self.digest());
    }
}

impl fmt::Debug for Multihash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:x}:", self.code)?;
        self.digest().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A content identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cid {
    version: Version,
    codec: u64,
    hash: Multihash,
}

/// How a CID is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Version {
    /// `Qm…`: the multihash alone.
    V0,
    /// `bafy…` and the like: with version and codec.
    V1,
}

impl Cid {
    /// A version 0 CID: the dag-pb block with this SHA-256.
    pub fn v0(digest: [u8; 32]) -> Self {
        Self { version: Version::V0, codec: DAG_PB, hash: Multihash::sha2_256(digest) }
    }

    /// A version 1 CID of the block with this SHA-256.
    pub fn v1(codec: u64, digest: [u8; 32]) -> Self {
        Self { version: Version::V1, codec, hash: Multihash::sha2_256(digest) }
    }

    /// Reads a CID: base58 without prefix (version 0: `Qm…`), or with the prefix of base16 (`f`), base32 (`b`), base36
    /// (`k`) or base58 (`z`).
    ///
    /// # Errors
    /// [`Error::InvalidCid`] for any other text.
    pub fn parse(text: &str) -> Result<Self, Error> {
        const REASON: &str = "expected a CID (Qm…, bafy…, or another in base16, base32, base36 or base58)";
        if text.len() == 46 && text.starts_with("Qm") {
            let bytes = multibase::decode_base58(text).filter(|bytes| bytes.starts_with(&[0x12, 0x20]));
            return Self::from_bytes(&bytes.ok_or(Error::InvalidCid { reason: REASON })?);
        }
        let bytes = multibase::decode(text).ok_or(Error::InvalidCid { reason: REASON })?;
        if bytes.first() == Some(&0x12) {
            return Err(Error::InvalidCid { reason: "expected version 1: version 0 has no multibase prefix" });
        }
        Self::from_bytes(&bytes)
    }

    /// Reads a CID's binary form, as in links and CARs.
    ///
    /// # Errors
    /// [`Error::InvalidCid`] for other versions, numbers that are not in their shortest form, digests that are not as
    /// long as stated or of more than 64 bytes, and anything after the digest.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let mut rest = bytes;
        let cid = Self::take(&mut rest)?;
        if rest.is_empty() { Ok(cid) } else { Err(Error::InvalidCid { reason: "expected nothing after the digest" }) }
    }

    /// Takes the CID at the beginning of `rest`.
    pub(super) fn take(rest: &mut &[u8]) -> Result<Self, Error> {
        if rest.starts_with(&[0x12, 0x20]) {
            return Ok(Self { version: Version::V0, codec: DAG_PB, hash: Multihash::take(rest)? });
        }
        if read_varint(rest) != Some(1) {
            return Err(Error::InvalidCid { reason: "expected a CID of version 0 or 1" });
        }
        let codec = read_varint(rest).ok_or(Error::InvalidCid { reason: "expected a codec" })?;
        Ok(Self { version: Version::V1, codec, hash: Multihash::take(rest)? })
    }

    /// The same block's name in version 1.
    pub fn to_v1(self) -> Self {
        Self { version: Version::V1, ..self }
    }

    /// The block itself, where the CID holds it in place of a hash.
    pub fn identity(&self) -> Option<&[u8]> {
        (self.hash.code == IDENTITY).then(|| self.hash.digest())
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(40);
        if self.version == Version::V1 {
            push_varint(&mut out, 1);
            push_varint(&mut out, self.codec);
        }
        self.hash.write(&mut out);
        out
    }

    /// How it is written.
    pub fn version(&self) -> Version {
        self.version
    }

    /// What the block is: [`RAW`], [`DAG_PB`] or another number of the multicodec table.
    pub fn codec(&self) -> u64 {
        self.codec
    }

    /// The block's hash.
    pub fn hash(&self) -> &Multihash {
        &self.hash
    }

    /// Whether both name the same block of the same codec, however they are written.
    pub fn same_block(&self, other: &Self) -> bool {
        self.codec == other.codec && self.hash == other.hash
    }

    /// The SHA-256 to check a block against.
    ///
    /// # Errors
    /// [`Error::UnsupportedMultihash`] for other hash functions.
    pub fn sha2_256(&self) -> Result<[u8; 32], Error> {
        match self.hash.digest().try_into() {
            Ok(digest) if self.hash.code == SHA2_256 => Ok(digest),
            _ => Err(Error::UnsupportedMultihash { code: self.hash.code }),
        }
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&match self.version {
            Version::V0 => multibase::encode_base58(&self.to_bytes()),
            Version::V1 => multibase::encode_base32(&self.to_bytes()),
        })
    }
}

impl FromStr for Cid {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Takes an unsigned varint of at most nine bytes, in its shortest form.
pub(super) fn read_varint(rest: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in 0..9 {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << (7 * shift);
        if byte & 0x80 == 0 {
            return (*byte != 0 || shift == 0).then_some(value);
        }
    }
    None
}

/// Appends an unsigned varint; protobuf's are the same.
pub(super) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const V0: &str = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
    const V1: &str = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";

    #[test]
    fn both_versions_name_one_block() {
        let (zero, one) = (Cid::parse(V0).unwrap(), Cid::parse(V1).unwrap());
        assert_eq!((zero.to_string(), one.to_string()), (V0.to_owned(), V1.to_owned()));
        assert!(zero.same_block(&one));
        assert_ne!(zero, one);
        assert_eq!(one.sha2_256().unwrap(), sha256(b""));
    }

    #[test]
    fn what_is_no_cid_is_refused() {
        let bad = [
            "",
            "Q",
            "Qm",
            "b",
            "bafy",
            "é",
            // a foreign digit; a v0 that is cut, and one that is too long
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR10",
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1",
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1nn",
            // version 0 must not carry a prefix
            "zQmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
            // set padding bits; mixed case; spaces
            "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv",
            "Bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
            " bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        ];
        for text in bad {
            assert!(matches!(Cid::parse(text), Err(Error::InvalidCid { .. })), "{text}");
        }
        let digest = [0; 65];
        let bad: [(&str, &[u8], usize); 9] = [
            ("version 2", &[2, 0x55, 0x12, 32], 32),
            ("version not minimal", &[0x81, 0, 0x55, 0x12, 32], 32),
            ("codec not minimal", &[1, 0xd5, 0, 0x12, 32], 32),
            ("length not minimal", &[1, 0x55, 0x12, 0xa0, 0], 32),
            ("a number of ten bytes", &[1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 0x12, 32], 32),
            ("a byte too many", &[1, 0x55, 0x12, 32], 33),
            ("a byte too few", &[1, 0x55, 0x12, 32], 31),
            ("a cut SHA-256", &[1, 0x55, 0x12, 20], 20),
            ("a digest over 64 bytes", &[1, 0x55, 0x13, 65], 65),
        ];
        for (what, head, length) in bad {
            let bytes = [head, &digest[..length]].concat();
            assert!(matches!(Cid::from_bytes(&bytes), Err(Error::InvalidCid { .. })), "{what}");
        }
    }

    #[test]
    fn other_hash_functions_are_read_and_not_believed() {
        // blake2b-256, sha2-512, and identity, which has no fixed length.
        for (head, length, code) in [(&[0xa0, 0xe4, 2, 32][..], 32, 0xb220), (&[0x13, 64], 64, 0x13), (&[0, 0], 0, 0)] {
            let bytes = [&[1, 0x55], head, &[7; 64][..length]].concat();
            let cid = Cid::from_bytes(&bytes).unwrap();
            assert_eq!((cid.hash().code(), cid.to_bytes()), (code, bytes));
            assert_eq!(cid.sha2_256(), Err(Error::UnsupportedMultihash { code }));
            assert_eq!(Cid::parse(&cid.to_string()), Ok(cid));
        }
    }

    proptest! {
        #[test]
        fn varints(value in 0..1_u64 << 63) {
            let mut bytes = Vec::new();
            push_varint(&mut bytes, value);
            let mut rest = bytes.as_slice();
            prop_assert_eq!(read_varint(&mut rest), Some(value));
            prop_assert!(rest.is_empty());
        }
    }
}
