//! Numbers as the contracts have them: digits and a count of decimals.
//!
//! Inwards a float stands for its shortest decimal text, as the official SDK reads it (`Decimal(str(x))`), trailing zeros
//! removed: 1.5 is (15, 1), 100.0 is (100, 0), 1e-7 is (1, 7). Outwards it is the division rounded to 28 significant digits,
//! half to even (Python's `Decimal`), then to the nearest float.

use std::fmt;

/// `value / 10^decimals`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Number {
    /// The digits with their sign.
    pub value: i128,
    /// How many of them follow the decimal point.
    pub decimals: i128,
}

/// Why a number has no place on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is NaN.
    NotANumber,
    /// It is infinite.
    Infinite,
    /// Its digits do not fit the contract's 128 bits.
    TooLarge,
    /// The text is no decimal number.
    NotDecimal,
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "it is NaN, which has no value on chain",
            Self::Infinite => "it is infinite, which has no value on chain",
            Self::TooLarge => "its digits do not fit the contract's 128 bits",
            Self::NotDecimal => "expected a decimal number",
        })
    }
}

/// Exponents in text beyond this are refused: nothing that large or small can be meant.
const MAX_EXPONENT: i64 = 9999;
/// Text longer than this is refused.
const MAX_TEXT: usize = 512;
/// Whole numbers below 2^53 are their own digits.
const EXACT: f64 = 9_007_199_254_740_992.0;
/// A digit more than this many fits 64 bits.
const SHORT: u64 = 1_000_000_000_000_000_000;
/// Significant digits of a division in Python's `Decimal`.
const PRECISION: u32 = 28;
/// The powers of ten that are exact as floats.
const POWERS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
    1e22,
];
/// The largest power of ten in 64 bits has this many zeros.
const CHUNK: u32 = 19;

impl Number {
    /// A whole number.
    pub const fn whole(value: i128) -> Self {
        Self { value, decimals: 0 }
    }

    /// A float by its shortest text.
    ///
    /// # Errors
    /// NaN, infinities, and 1.8e38 and more.
    pub fn from_f64(x: f64) -> Result<Self, Unfit> {
        if x.abs() < EXACT && x.trunc() == x {
            #[allow(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
            return Ok(Self::whole(i128::from(x as i64)));
        }
        finite(x.is_nan(), x.is_infinite())?;
        digits(zmij::Buffer::new().format_finite(x))
    }

    /// A 32-bit float by its own shortest text: 0.1 is (1, 1).
    ///
    /// # Errors
    /// NaN and infinities; the largest 32-bit floats do not fit either.
    pub fn from_f32(x: f32) -> Result<Self, Unfit> {
        finite(x.is_nan(), x.is_infinite())?;
        digits(zmij::Buffer::new().format_finite(x))
    }

    /// Decimal text, exactly: JSON's numbers and whole numbers of any length that fits.
    ///
    /// # Errors
    /// Anything else.
    pub fn from_text(text: &str) -> Result<Self, Unfit> {
        if text.len() > MAX_TEXT { Err(Unfit::TooLarge) } else { digits(text) }
    }

    /// The nearest float.
    pub fn to_f64(self) -> f64 {
        let magnitude = self.value.unsigned_abs();
        let size = match i32::try_from(self.decimals) {
            Ok(decimals) => divide(magnitude, decimals),
            Err(_) if magnitude == 0 || self.decimals > 0 => 0.0,
            Err(_) => f64::INFINITY,
        };
        if self.value < 0 { -size } else { size }
    }

    /// The nearest 32-bit float to [`Number::to_f64`], as the official SDK rounds: twice.
    pub fn to_f32(self) -> f32 {
        #[allow(clippy::cast_possible_truncation, reason = "rounding is the purpose")]
        let rounded = self.to_f64() as f32;
        rounded
    }
}

fn finite(nan: bool, infinite: bool) -> Result<(), Unfit> {
    match (nan, infinite) {
        (true, _) => Err(Unfit::NotANumber),
        (_, true) => Err(Unfit::Infinite),
        _ => Ok(()),
    }
}

/// Sign, digits, fraction, exponent.
fn digits(text: &str) -> Result<Number, Unfit> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = match text.find(['e', 'E']) {
        Some(at) => (text.get(..at).unwrap_or_default(), exponent(text.get(at + 1..).unwrap_or_default())?),
        None => (text, 0),
    };
    // A float's digits fit the short one; arithmetic on the long one is many times slower.
    let (mut short, mut long) = (0_u64, 0_u128);
    let mut decimals = -exponent;
    // In the long one zeros are multiplied in when a digit follows: at the end they are no part of the value.
    let mut zeros = 0;
    let (mut seen, mut point) = (false, false);
    for byte in mantissa.bytes() {
        match byte {
            b'0'..=b'9' => {
                seen = true;
                decimals += i64::from(point);
                if long == 0 {
                    if short < SHORT {
                        short = short * 10 + u64::from(byte - b'0');
                        continue;
                    }
                    long = u128::from(short);
                }
                if byte == b'0' {
                    zeros += 1;
                } else {
                    long = grow(long, zeros + 1)?.checked_add(u128::from(byte - b'0')).ok_or(Unfit::TooLarge)?;
                    zeros = 0;
                }
            }
            b'.' if seen && !point => (seen, point) = (false, true),
            _ => return Err(Unfit::NotDecimal),
        }
    }
    if !seen {
        return Err(Unfit::NotDecimal);
    }
    if short == 0 {
        return Ok(Number::default());
    }
    if long == 0 || zeros > 0 {
        while long == 0 && short.is_multiple_of(10) {
            (short, decimals) = (short / 10, decimals - 1);
        }
        while long != 0 && long.is_multiple_of(10) {
            (long, decimals) = (long / 10, decimals - 1);
        }
    }
    decimals -= zeros;
    let magnitude = if long == 0 { u128::from(short) } else { long };
    let magnitude = if decimals < 0 { grow(magnitude, -decimals)? } else { magnitude };
    let value = if negative { 0_i128.checked_sub_unsigned(magnitude) } else { i128::try_from(magnitude).ok() };
    Ok(Number { value: value.ok_or(Unfit::TooLarge)?, decimals: i128::from(decimals.max(0)) })
}

fn exponent(text: &str) -> Result<i64, Unfit> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unfit::NotDecimal);
    }
    let size: i64 = digits.parse().ok().filter(|size| *size <= MAX_EXPONENT).ok_or(Unfit::TooLarge)?;
    Ok(if text.starts_with('-') { -size } else { size })
}

/// Appends zeros.
fn grow(value: u128, zeros: i64) -> Result<u128, Unfit> {
    let power = u32::try_from(zeros).ok().and_then(|zeros| 10_u128.checked_pow(zeros));
    power.and_then(|power| value.checked_mul(power)).ok_or(Unfit::TooLarge)
}

/// `magnitude / 10^decimals`.
fn divide(mut magnitude: u128, mut decimals: i32) -> f64 {
    if magnitude == 0 {
        return 0.0;
    }
    if let Some(power) = POWERS.get(decimals.unsigned_abs() as usize)
        && magnitude < 1 << 53
    {
        // Both are exact, so the one operation rounds correctly.
        #[allow(clippy::cast_precision_loss, reason = "below 2^53")]
        let exact = magnitude as u64 as f64;
        return if decimals < 0 { exact * power } else { exact / power };
    }
    let excess = magnitude.ilog10().saturating_sub(PRECISION - 1);
    if excess > 0 {
        let unit = 10_u128.pow(excess);
        let (kept, rest) = (magnitude / unit, magnitude % unit);
        let half = unit / 2;
        magnitude = kept + u128::from(rest > half || (rest == half && kept % 2 == 1));
        decimals = decimals.saturating_sub(excess as i32);
    }
    // Every such value is beyond the floats on either side.
    match decimals {
        ..-400 => f64::INFINITY,
        400.. => 0.0,
        _ => nearest(magnitude, decimals),
    }
}

/// `magnitude · 10^-decimals` to the nearest float, half to even. Long arithmetic in words of 64 bits.
fn nearest(magnitude: u128, decimals: i32) -> f64 {
    let mut left = decimals.unsigned_abs();
    // Enough low words that a division by 10^decimals leaves more than 64 bits.
    let low = if decimals > 0 { left / CHUNK + 2 } else { 0 };
    let mut words = vec![0_u64; low as usize];
    words.extend([magnitude as u64, (magnitude >> 64) as u64]);
    let mut inexact = false;
    while left > 0 {
        let step = left.min(CHUNK);
        left -= step;
        let power = u128::from(10_u64.pow(step));
        if decimals > 0 {
            let mut rest = 0;
            for word in words.iter_mut().rev() {
                let part = rest << 64 | u128::from(*word);
                *word = (part / power) as u64;
                rest = part % power;
            }
            inexact |= rest != 0;
        } else {
            let mut carry = 0;
            for word in &mut words {
                let part = u128::from(*word) * power + carry;
                *word = part as u64;
                carry = part >> 64;
            }
            words.push(carry as u64);
        }
    }
    round(&words, low, inexact)
}

/// The words' value over 2^(64·low); `inexact` says that a little more belongs to it.
fn round(words: &[u64], low: u32, mut inexact: bool) -> f64 {
    let Some(top) = words.iter().rposition(|word| *word != 0) else { return 0.0 };
    let word = |at: Option<usize>| at.and_then(|at| words.get(at)).copied().unwrap_or(0);
    let (high, next) = (word(Some(top)), word(top.checked_sub(1)));
    let zeros = high.leading_zeros();
    let both = (u128::from(high) << 64 | u128::from(next)) << zeros;
    let leading = (both >> 64) as u64;
    inexact |= both as u64 != 0 || words.iter().take(top.saturating_sub(1)).any(|word| *word != 0);
    // The exponent of the leading bit.
    let exponent = 64 * (top as i32 - low as i32) + 63 - zeros as i32;
    if exponent > 1023 {
        return f64::INFINITY;
    }
    let drop = 11 + (-1022 - exponent).max(0) as u32;
    if drop > 64 {
        return 0.0;
    }
    let leading = u128::from(leading);
    let mut kept = (leading >> drop) as u64;
    let (rest, half) = (leading & ((1 << drop) - 1), 1 << (drop - 1));
    kept += u64::from(rest > half || (rest == half && (inexact || kept & 1 == 1)));
    // A subnormal's exponent field is 0; a carry out of the fraction raises the exponent, as it must.
    let field = if drop > 11 { 0 } else { (exponent + 1022) as u64 };
    f64::from_bits((field << 52) + kept)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn vectors(text: &str, list: &str) -> Vec<Value> {
        serde_json::from_str::<Value>(text).ok().and_then(|all| all[list].as_array().cloned()).unwrap_or_default()
    }

    #[test]
    fn every_number_is_the_official_one() {
        let cases = vectors(include_str!("../../../tests/vectors/opengradient/fixed_point.json"), "cases");
        assert!(cases.len() > 60, "{}", cases.len());
        for case in cases {
            let input = case["input"].as_str().unwrap_or_default();
            let number = match case["kind"].as_str() {
                Some("f64") => Number::from_f64(input.parse().unwrap_or(f64::NAN)),
                Some("f32") => Number::from_f32(input.parse().unwrap_or(f32::NAN)),
                _ => Number::from_text(input),
            };
            let fits = case["fits_int128"].as_bool() != Some(false);
            let value = case["value"].as_str().and_then(|text| text.parse::<i128>().ok());
            let expected = value.zip(case["decimals"].as_i64());
            match number {
                Ok(number) => assert_eq!(Some((number.value, number.decimals)), expected.map(|(v, d)| (v, d.into())), "{case}"),
                Err(unfit) => assert!(!case["error"].is_null() || (!fits && unfit == Unfit::TooLarge), "{case} {unfit}"),
            }
        }
    }

    #[test]
    fn every_result_is_the_official_one() {
        let cases = vectors(include_str!("../../../tests/vectors/opengradient/tensor_output.json"), "float32_decode");
        assert!(cases.len() > 20);
        for case in cases {
            let part = |key: &str| case[key].as_str().and_then(|text| text.parse().ok()).unwrap_or_default();
            let number = Number { value: part("value"), decimals: part("decimals") };
            let bits = format!("0x{:08x}", number.to_f32().to_bits());
            assert_eq!(case["f32_bits"], bits.as_str(), "{case}");
        }
    }

    #[test]
    fn text_that_is_no_number_is_refused() {
        for bad in ["", "-", ".", "1.", ".5", "1.2.3", "1e", "1e+", "e5", "+1", "0x10", "1_0", " 1", "NaN", "1e5.5", "--1"] {
            assert_eq!(Number::from_text(bad), Err(Unfit::NotDecimal), "{bad}");
        }
        for large in ["1e39", "1e99999999999999999999", "170141183460469231731687303715884105728", "1e10000", &"9".repeat(600)] {
            assert_eq!(Number::from_text(large), Err(Unfit::TooLarge), "{large}");
        }
        let minimum = Number::from_text("-170141183460469231731687303715884105728");
        assert_eq!(minimum, Ok(Number::whole(i128::MIN)));
        assert_eq!(Number::from_text("-0.00e5"), Ok(Number::default()));
        assert_eq!(Number::from_text("12.50e-1"), Ok(Number { value: 125, decimals: 2 }));
        assert_eq!(Number::from_f64(f64::NAN), Err(Unfit::NotANumber));
        assert_eq!(Number::from_f32(f32::NEG_INFINITY), Err(Unfit::Infinite));
        assert_eq!(Number::from_f64(1e39), Err(Unfit::TooLarge));
    }

    /// Python's division, by the standard library: 28 digits, then the nearest float.
    fn by_the_library(number: Number) -> f64 {
        let digits = number.value.unsigned_abs().to_string();
        let mut kept: u128 = digits.get(..digits.len().min(28)).and_then(|text| text.parse().ok()).unwrap_or_default();
        let rest = digits.get(28..).unwrap_or_default();
        let half = format!("5{}", "0".repeat(rest.len().saturating_sub(1)));
        kept += u128::from(!rest.is_empty() && (rest > half.as_str() || (rest == half && kept % 2 == 1)));
        let text = format!("{kept}e{}", rest.len() as i128 - number.decimals);
        let size: f64 = text.parse().unwrap_or(f64::NAN);
        if number.value < 0 { -size } else { size }
    }

    proptest! {
        #[test]
        fn a_float_comes_back(x in any::<f64>()) {
            match Number::from_f64(x) {
                Ok(number) => prop_assert!(number.to_f64() == x, "{} {:?}", x, number),
                Err(_) => prop_assert!(x.is_nan() || x.abs() >= 1.7e38),
            }
        }

        #[test]
        fn a_short_float_comes_back(x in any::<f32>()) {
            match Number::from_f32(x) {
                Ok(number) => prop_assert!(number.to_f32() == x, "{} {:?}", x, number),
                Err(_) => prop_assert!(x.is_nan() || x.abs() >= 1.7e38),
            }
        }

        #[test]
        fn the_nearest_float_is_found(value in any::<i128>(), shift in 0_u32..127, decimals in -420_i128..420) {
            let number = Number { value: value >> shift, decimals };
            prop_assert_eq!(number.to_f64().to_bits(), by_the_library(number).to_bits());
        }

        #[test]
        fn any_decimals_give_an_answer(value in any::<i128>(), decimals in any::<i128>()) {
            let nearest = Number { value, decimals }.to_f64();
            prop_assert!(!nearest.is_nan());
        }

        #[test]
        fn any_text_gives_an_answer(text in "[0-9eE.+\\-]{0,60}") {
            if let Ok(number) = Number::from_text(&text) {
                prop_assert!(text.parse::<f64>().is_ok());
                prop_assert!((0..20_000).contains(&number.decimals));
            }
        }
    }
}
