//! Decimal text ↔ integer token units, exact. alloy cuts excess digits and viem rounds them; with money neither
//! may happen silently, so they are refused.

use alloy_primitives::U256;

use crate::error::Error;

/// The most decimals a token may have here; 10^77 is the largest power of ten below 2^256.
pub const MAX_DECIMALS: u8 = 77;

/// Turns decimal text such as `"0.01"` into integer units of a token with `decimals` decimals.
///
/// # Errors
/// [`Kind::InvalidInput`] for signs, exponents, spaces, more fraction digits than the token has, or a value that
/// does not fit 256 bits.
pub fn parse_units(text: &str, decimals: u8) -> Result<U256, Error> {
    let refuse = |reason: &str| Err(Error::input("value", reason));
    if decimals > MAX_DECIMALS {
        return refuse("expected at most 77 decimals");
    }
    if text.len() > 160 {
        return refuse("expected a decimal number of at most 160 characters");
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(fraction) || (text.contains('.') && fraction.is_empty()) {
        return refuse("expected a decimal number such as \"0.01\", without sign, exponent or spaces");
    }
    if fraction.len() > usize::from(decimals) {
        return refuse("it has more fraction digits than the token has decimals");
    }
    let mut scaled = String::with_capacity(whole.len() + usize::from(decimals));
    scaled.push_str(whole);
    scaled.push_str(fraction);
    scaled.extend(std::iter::repeat_n('0', usize::from(decimals) - fraction.len()));
    U256::from_str_radix(&scaled, 10).or_else(|_| refuse("it does not fit 256 bits"))
}

/// Turns integer units into the shortest decimal text: `10^16` wei is `"0.01"`.
pub fn format_units(value: U256, decimals: u8) -> String {
    let digits = value.to_string();
    let decimals = usize::from(decimals);
    if decimals == 0 {
        return digits;
    }
    let padded = format!("{digits:0>width$}", width = decimals + 1);
    let (whole, fraction) = padded.split_at(padded.len() - decimals);
    let fraction = fraction.trim_end_matches('0');
    if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn exact_or_refused() {
        assert_eq!(parse_units("0.01", 18).ok(), Some(U256::from(10_000_000_000_000_000_u64)));
        assert_eq!(parse_units("1", 0).ok(), Some(U256::from(1)));
        for bad in ["", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1_0", "0x1", "1.0000000000000000001", "1,0"] {
            assert!(parse_units(bad, 18).is_err(), "{bad}");
        }
        assert!(parse_units(&"9".repeat(78), 0).is_err());
    }

    proptest! {
        #[test]
        fn text_and_back(limbs in any::<[u64; 4]>(), decimals in 0_u8..=77) {
            let value = U256::from_limbs(limbs);
            prop_assert_eq!(parse_units(&format_units(value, decimals), decimals).ok(), Some(value));
        }

        #[test]
        fn any_text_gives_an_answer(text in ".{0,200}", decimals in any::<u8>()) {
            let _ = parse_units(&text, decimals);
        }
    }
}
