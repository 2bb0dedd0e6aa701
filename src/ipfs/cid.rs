//! Content identifiers, version 0 and 1 (the multiformats CID specification).

use std::fmt;

use crate::error::Error;

/// The codec of plain bytes.
pub const RAW: u64 = 0x55;
/// The codec of dag-pb nodes, which hold UnixFS.
pub const DAG_PB: u64 = 0x70;
/// The multihash code of SHA-256.
const SHA2_256: u64 = 0x12;

const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const BASE32: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
/// No CID with a digest of at most 64 bytes is longer in any base here.
const MAX_TEXT: usize = 200;

/// A content identifier whose multihash is SHA-256, the one hash that IPFS uses for files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cid {
    /// 0 or 1. Version 0 is dag-pb and printed in base58.
    pub version: u8,
    /// What the bytes are: [`RAW`], [`DAG_PB`] or another.
    pub codec: u64,
    /// The SHA-256 of the block.
    pub digest: [u8; 32],
}

impl Cid {
    /// A version 0 CID: the dag-pb block with this digest.
    pub const fn v0(digest: [u8; 32]) -> Self {
        Self { version: 0, codec: DAG_PB, digest }
    }

    /// A version 1 CID.
    pub const fn v1(codec: u64, digest: [u8; 32]) -> Self {
        Self { version: 1, codec, digest }
    }

    /// Reads a CID: base58 (`Qm…`, `z…`), base32 (`b…`, `B…`), base16 (`f…`, `F…`) or base36 (`k…`, `K…`).
    ///
    /// # Errors
    /// [`Error::InvalidInput`] for any other text, for another hash than SHA-256, and for varints that are not
    /// minimal.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::input("cid", reason));
        if text.len() > MAX_TEXT || !text.is_ascii() {
            return refuse("expected a CID of at most 200 characters");
        }
        if text.len() == 46 && text.starts_with("Qm") {
            let Some(bytes) = base_x(text, BASE58) else { return refuse("expected base58 digits") };
            return match bytes.strip_prefix(&[0x12, 0x20]).and_then(|digest| digest.try_into().ok()) {
                Some(digest) => Ok(Self::v0(digest)),
                None => refuse("expected a SHA-256 multihash of 32 bytes"),
            };
        }
        let Some((base, digits)) = text.split_at_checked(1) else { return refuse("expected a CID, but found nothing") };
        let lower = digits.to_ascii_lowercase();
        let bytes = match base {
            "z" => base_x(digits, BASE58),
            "b" if lower == digits => base32(digits),
            "B" if digits.to_ascii_uppercase() == digits => base32(&lower),
            "f" if lower == digits => base16(digits),
            "F" if digits.to_ascii_uppercase() == digits => base16(&lower),
            "k" if lower == digits => base_x(digits, b"0123456789abcdefghijklmnopqrstuvwxyz"),
            "K" if digits.to_ascii_uppercase() == digits => base_x(&lower, b"0123456789abcdefghijklmnopqrstuvwxyz"),
            _ => None,
        };
        let Some(bytes) = bytes else { return refuse("expected a CID in base16, base32, base36 or base58") };
        Self::from_bytes(&bytes)
    }

    /// Reads a version 1 CID's bytes.
    ///
    /// # Errors
    /// As [`Cid::parse`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        let refuse = |reason: &str| Err(Error::input("cid", reason));
        let mut rest = bytes;
        let mut next = || varint(&mut rest);
        let (version, codec, hash, length) = (next(), next(), next(), next());
        match (version, codec, hash, length) {
            (Some(1), Some(codec), Some(SHA2_256), Some(32)) => match rest.try_into() {
                Ok(digest) => Ok(Self::v1(codec, digest)),
                Err(_) => refuse("expected 32 bytes of digest"),
            },
            (Some(1), Some(_), Some(hash), Some(_)) if hash != SHA2_256 => {
                refuse(&format!("expected a SHA-256 multihash, but found hash function 0x{hash:x}"))
            }
            _ => refuse("expected version 1, a codec and a multihash"),
        }
    }

    /// Whether both name the same block, whatever their version.
    pub fn same_block(&self, other: &Self) -> bool {
        self.codec == other.codec && self.digest == other.digest
    }
}

impl fmt::Display for Cid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::with_capacity(40);
        if self.version == 0 {
            bytes.extend([0x12, 0x20]);
            bytes.extend(self.digest);
            return f.write_str(&to_base58(&bytes));
        }
        push_varint(&mut bytes, 1);
        push_varint(&mut bytes, self.codec);
        bytes.extend([0x12, 0x20]);
        bytes.extend(self.digest);
        write!(f, "b{}", to_base32(&bytes))
    }
}

/// Reads an unsigned varint of at most nine bytes; one that is not minimal is none (the multiformats specification).
fn varint(rest: &mut &[u8]) -> Option<u64> {
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

/// Appends an unsigned varint.
pub(crate) fn push_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        #[allow(clippy::cast_possible_truncation, reason = "seven bits and a flag")]
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    #[allow(clippy::cast_possible_truncation, reason = "below 0x80")]
    out.push(value as u8);
}

/// Digits of any base up to 58 → bytes; leading zero digits are leading zero bytes.
fn base_x(text: &str, alphabet: &[u8]) -> Option<Vec<u8>> {
    let zero = *alphabet.first()?;
    let base = u32::try_from(alphabet.len()).ok()?;
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    for digit in text.bytes() {
        let mut carry = u32::try_from(alphabet.iter().position(|known| *known == digit)?).ok()?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * base;
            *byte = carry.to_le_bytes()[0];
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(carry.to_le_bytes()[0]);
            carry >>= 8;
        }
    }
    bytes.extend(text.bytes().take_while(|digit| *digit == zero).map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

fn to_base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = (carry % 58).to_le_bytes()[0];
            carry /= 58;
        }
        while carry > 0 {
            digits.push((carry % 58).to_le_bytes()[0]);
            carry /= 58;
        }
    }
    digits.extend(bytes.iter().take_while(|byte| **byte == 0).map(|_| 0));
    digits.iter().rev().filter_map(|digit| BASE58.get(usize::from(*digit))).map(|digit| char::from(*digit)).collect()
}

fn base16(text: &str) -> Option<Vec<u8>> {
    alloy_primitives::hex::decode(text).ok()
}

fn base32(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for digit in text.bytes() {
        let value = BASE32.iter().position(|known| *known == digit)?;
        bits = bits << 5 | u32::try_from(value).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            out.push((bits >> held).to_le_bytes()[0]);
            bits &= (1 << held) - 1;
        }
    }
    // The padding bits are zero and fewer than a digit.
    (bits == 0 && held < 5).then_some(out)
}

fn to_base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut bits, mut held) = (0_u32, 0_u32);
    let mut push = |index: u32| out.extend(BASE32.get(index as usize).map(|digit| char::from(*digit)));
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            push(bits >> held & 31);
            bits &= (1 << held) - 1;
        }
    }
    if held > 0 {
        push(bits << (5 - held) & 31);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// From the CID specification's own example, and the same block in every base (`multiformats` 13, `CID.toString`).
    #[test]
    fn every_form_of_one_cid() {
        let v0 = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n";
        let v1 = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku";
        let (zero, one) = (Cid::parse(v0).ok(), Cid::parse(v1).ok());
        assert_eq!(zero.map(|c| c.to_string()).as_deref(), Some(v0));
        assert_eq!(one.map(|c| c.to_string()).as_deref(), Some(v1));
        assert!(zero.zip(one).is_some_and(|(a, b)| a.same_block(&b)));
        assert_eq!(Cid::parse(&v1.to_ascii_uppercase()).ok(), one);
    }

    #[test]
    fn what_is_no_cid_is_refused() {
        let bad = [
            "",
            "Q",
            "Qm",
            "b",
            "bafy",
            "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR10",
            "xafybei",
            "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvykv",
            "Bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        ];
        for text in bad {
            assert!(Cid::parse(text).is_err(), "{text}");
        }
        // blake2b-256 of the same length, and a version that is not minimal.
        assert!(Cid::from_bytes(&[&[1, 0x55, 0xa0, 0xe4, 2, 32][..], &[0; 32]].concat()).is_err());
        assert!(Cid::from_bytes(&[&[0x81, 0, 0x55, 0x12, 32][..], &[0; 32]].concat()).is_err());
        assert!(Cid::from_bytes(&[&[1, 0x55, 0x12, 32][..], &[0; 33]].concat()).is_err());
    }

    proptest! {
        #[test]
        fn print_and_parse(digest in any::<[u8; 32]>(), raw in any::<bool>(), v0 in any::<bool>()) {
            let cid = if v0 { Cid::v0(digest) } else { Cid::v1(if raw { RAW } else { DAG_PB }, digest) };
            prop_assert_eq!(Cid::parse(&cid.to_string()).ok(), Some(cid));
        }

        #[test]
        fn any_text_gives_an_answer(text in ".{0,80}", ascii in "[Qbzfk][0-9a-zA-Z]{0,80}") {
            let _ = Cid::parse(&text);
            let _ = Cid::parse(&ascii);
        }
    }
}
