//! Standard base64 (RFC 4648 §4): payment headers, signatures, image bytes.

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Reads digits with or without padding. `None` for foreign characters, a digit too few, and set bits beyond the last byte:
/// bytes have one spelling.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let (bytes, beyond) = read(text)?;
    (beyond == 0).then_some(bytes)
}

/// As [`decode`], but bits beyond the last byte may be set, as x402's official decoders have it.
pub(crate) fn decode_loose(text: &str) -> Option<Vec<u8>> {
    Some(read(text)?.0)
}

/// The bytes, and the bits beyond the last of them.
fn read(text: &str) -> Option<(Vec<u8>, u32)> {
    let digits = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    if digits.len() % 4 == 1 || (digits.len() != text.len() && !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut out = Vec::with_capacity(digits.len() * 3 / 4);
    let (mut held, mut bits) = (0_u32, 0);
    for byte in digits.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = held << 6 | u32::from(value);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).ok()?);
            held &= (1 << bits) - 1;
        }
    }
    Some((out, held))
}

/// Writes digits with padding.
pub(crate) fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let group = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let digit = DIGITS.get((group >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            out.push(if place > chunk.len() as u32 { '=' } else { char::from(digit) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rfcs_own_vectors() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(encode(plain.as_bytes()), text);
            assert_eq!(decode(text).as_deref(), Some(plain.as_bytes()));
            assert_eq!(decode(text.trim_end_matches('=')).as_deref(), Some(plain.as_bytes()));
        }
        for bad in ["Z", "Zh==", "Zm9v=", "Zg=", "Z===", "Zm 9", "Zm-_", "===="] {
            assert_eq!(decode(bad), None, "{bad}");
            assert_eq!(decode_loose(bad).is_some(), bad == "Zh==", "{bad}");
        }
        assert_eq!(decode_loose("Zh==").as_deref(), Some(b"f".as_slice()));
        assert_eq!((decode("Zm9="), decode_loose("Zm9").as_deref()), (None, Some(b"fo".as_slice())));
    }

    proptest::proptest! {
        #[test]
        fn bytes_come_back(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            proptest::prop_assert_eq!(decode(&encode(&bytes)), Some(bytes.clone()));
            proptest::prop_assert_eq!(decode_loose(&encode(&bytes)), Some(bytes));
        }
    }
}
