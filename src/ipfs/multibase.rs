//! The digits of multibase: text ↔ bytes for the bases that CIDs are written in (the multibase specification).
//!
//! Base16 and base32 cut the bytes into groups of bits (RFC 4648, without padding); base36 and base58 take them as one
//! number. All are read strictly: each text has one meaning and each meaning one text.

const BASE16: &[u8] = b"0123456789abcdef";
const BASE32: &[u8] = b"abcdefghijklmnopqrstuvwxyz234567";
const BASE36: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/// Reading as a number takes the square of the length, so a text may have this many digits.
const MAX_DIGITS: usize = 200;

/// Reads text with its prefix: `f` base16, `b` base32, `k` base36 (each also in capitals throughout), `z` base58btc.
/// `None` for other prefixes, foreign digits, set padding bits, and texts of more than 201 characters.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let (prefix, digits) = text.split_at_checked(1)?;
    if digits.len() > MAX_DIGITS {
        return None;
    }
    if prefix == "z" {
        return decode_number(digits.as_bytes(), BASE58);
    }
    let capitals = prefix.bytes().all(|c| c.is_ascii_uppercase());
    if digits.bytes().any(|c| if capitals { c.is_ascii_lowercase() } else { c.is_ascii_uppercase() }) {
        return None;
    }
    let digits = digits.to_ascii_lowercase();
    match prefix {
        "f" | "F" => decode_bits(digits.as_bytes(), BASE16, 4),
        "b" | "B" => decode_bits(digits.as_bytes(), BASE32, 5),
        "k" | "K" => decode_number(digits.as_bytes(), BASE36),
        _ => None,
    }
}

/// Reads base58btc digits without a prefix, as version 0 CIDs are written.
pub fn decode_base58(digits: &str) -> Option<Vec<u8>> {
    (digits.len() <= MAX_DIGITS).then(|| decode_number(digits.as_bytes(), BASE58)).flatten()
}

/// Writes base58btc digits without a prefix.
pub fn encode_base58(bytes: &[u8]) -> String {
    let mut digits: Vec<u8> = Vec::with_capacity(bytes.len() * 138 / 100 + 1);
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            *digit = low_byte(carry % 58);
            carry /= 58;
        }
        while carry > 0 {
            digits.push(low_byte(carry % 58));
            carry /= 58;
        }
    }
    digits.extend(bytes.iter().take_while(|byte| **byte == 0).map(|_| 0));
    digits.iter().rev().filter_map(|digit| BASE58.get(usize::from(*digit))).map(|digit| char::from(*digit)).collect()
}

/// Writes base32 in lower case with its prefix `b`, as version 1 CIDs are written.
pub fn encode_base32(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 + bytes.len() * 8 / 5);
    out.push('b');
    let (mut held, mut bits) = (0_u32, 0);
    let mut push = |value: u32| out.extend(BASE32.get(value as usize & 31).map(|digit| char::from(*digit)));
    for byte in bytes {
        held = held << 8 | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    out
}

fn low_byte(value: u32) -> u8 {
    value.to_le_bytes()[0]
}

fn digit(alphabet: &[u8], digit: u8) -> Option<u32> {
    alphabet.iter().zip(0..).find(|(known, _)| **known == digit).map(|(_, value)| value)
}

fn decode_bits(digits: &[u8], alphabet: &[u8], width: u32) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(digits.len());
    let (mut held, mut bits) = (0_u32, 0);
    for byte in digits {
        held = held << width | digit(alphabet, *byte)?;
        bits += width;
        if bits >= 8 {
            bits -= 8;
            out.push(low_byte(held >> bits));
            held &= (1 << bits) - 1;
        }
    }
    // What is left over pads the last digit: fewer bits than a digit, and none of them set.
    (bits < width && held == 0).then_some(out)
}

fn decode_number(digits: &[u8], alphabet: &[u8]) -> Option<Vec<u8>> {
    let (base, zero) = (u32::try_from(alphabet.len()).ok()?, *alphabet.first()?);
    let mut bytes: Vec<u8> = Vec::with_capacity(digits.len());
    for byte in digits {
        let mut carry = digit(alphabet, *byte)?;
        for byte in &mut bytes {
            carry += u32::from(*byte) * base;
            *byte = low_byte(carry);
            carry >>= 8;
        }
        while carry > 0 {
            bytes.push(low_byte(carry));
            carry >>= 8;
        }
    }
    bytes.extend(digits.iter().take_while(|digit| **digit == zero).map(|_| 0));
    bytes.reverse();
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the multibase specification's `tests/basic.csv` and `tests/two_leading_zeros.csv`.
    #[test]
    fn the_specifications_examples() {
        let basic = ["f796573206d616e692021", "F796573206D616E692021", "bpfsxgidnmfxgsibb", "BPFSXGIDNMFXGSIBB"];
        for text in basic.iter().chain(&["k2lcpzo5yikidynfl", "K2LCPZO5YIKIDYNFL", "z7paNL19xttacUY"]) {
            assert_eq!(decode(text).as_deref(), Some(&b"yes mani !"[..]), "{text}");
        }
        for text in ["f0000796573206d616e692021", "baaahszltebwwc3tjeaqq", "k002lcpzo5yikidynfl", "z117paNL19xttacUY"] {
            assert_eq!(decode(text).as_deref(), Some(&b"\0\0yes mani !"[..]), "{text}");
        }
        assert_eq!(encode_base32(b"\0\0yes mani !"), "baaahszltebwwc3tjeaqq");
        assert_eq!(encode_base58(b"\0\0yes mani !"), "117paNL19xttacUY");
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        // No prefix; unknown ones; foreign digits; mixed case; half a byte; set padding bits; a digit too many; too long.
        for text in ["", "x00", "é", "z0", "fAB", "Fab", "f0", "bab", "baaa=", "baaaa5", "b1", "K2l"] {
            assert_eq!(decode(text), None, "{text}");
        }
        assert_eq!(decode(&format!("f{}", "0".repeat(202))), None);
        assert_eq!(decode_base58(&"1".repeat(201)), None);
    }
}
