//! A float as a percentage with ten decimals, exactly as Python's `format(x, ".10%")`: the float's whole binary value times
//! 100, rounded half to even at the tenth decimal.

/// Decimal places after the point, and the two that a percentage moves.
const PLACES: usize = 10;

/// `0.0123` is `"1.2300000000%"`.
pub(super) fn percent(x: f64) -> String {
    if x.is_nan() {
        return "nan%".to_owned();
    }
    let sign = if x.is_sign_negative() { "-" } else { "" };
    // Python multiplies first, in floats.
    let x = (x * 100.0).abs();
    if x.is_infinite() {
        return format!("{sign}inf%");
    }
    let bits = x.to_bits();
    let (field, fraction) = ((bits >> 52) as i32, bits & ((1 << 52) - 1));
    let (mantissa, exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field - 1075) };
    let digits = scaled(mantissa, exponent);
    let padded = format!("{digits:0>width$}", width = PLACES + 1);
    let (whole, decimals) = padded.split_at(padded.len() - PLACES);
    format!("{sign}{whole}.{decimals}%")
}

/// `mantissa · 2^exponent · 10^10`, rounded half to even, in decimal digits.
fn scaled(mantissa: u64, exponent: i32) -> String {
    // Below 2^53 · 10^10 < 2^87.
    let product = u128::from(mantissa) * 10_u128.pow(PLACES as u32);
    if exponent < 0 {
        let shift = exponent.unsigned_abs();
        if shift > 127 {
            return "0".to_owned();
        }
        let (kept, rest, half) = (product >> shift, product & ((1 << shift) - 1), 1 << (shift - 1));
        return (kept + u128::from(rest > half || (rest == half && kept & 1 == 1))).to_string();
    }
    // Base 10^9, least significant first; at most 2^1024 · 10^10.
    let mut parts = vec![0_u32; 0];
    let mut rest = product;
    while rest > 0 {
        parts.push((rest % 1_000_000_000) as u32);
        rest /= 1_000_000_000;
    }
    for _ in 0..exponent {
        let mut carry = 0;
        for part in &mut parts {
            let doubled = *part * 2 + carry;
            (*part, carry) = (doubled % 1_000_000_000, doubled / 1_000_000_000);
        }
        if carry > 0 {
            parts.push(carry);
        }
    }
    let mut digits: String = parts.iter().rev().map(|part| format!("{part:09}")).collect();
    let zeros = digits.len() - digits.trim_start_matches('0').len();
    digits.drain(..zeros.min(digits.len().saturating_sub(1)));
    digits
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_python_writes_it() {
        // python3 -c 'print(format(x, ".10%"))'
        for (x, text) in [
            (0.0, "0.0000000000%"),
            (-0.0, "-0.0000000000%"),
            (0.0123, "1.2300000000%"),
            (f64::from(0.0123_f32), "1.2299999595%"),
            (-0.25, "-25.0000000000%"),
            (1e-13, "0.0000000000%"),
            (1.0, "100.0000000000%"),
            (5e-324, "0.0000000000%"),
            (1e300, PYTHON_1E300),
            (f64::INFINITY, "inf%"),
            (f64::NEG_INFINITY, "-inf%"),
            (f64::NAN, "nan%"),
        ] {
            assert_eq!(percent(x), text, "{x}");
        }
    }

    const PYTHON_1E300: &str = "100000000000000007629703079084894925347346855150656811701601734206211380288125794484142188964691784076639747577138548761372210387844799938291815611350519830750167649856488981626536368095414607314235151058373458986890825155659063617715863205282622390509284183439858617103083735673849899204570498157510656.0000000000%";

    proptest! {
        #[test]
        fn as_the_standard_library_rounds(x in any::<f64>().prop_filter("finite", |x| (x * 100.0).is_finite())) {
            prop_assert_eq!(percent(x), format!("{:.10}%", x * 100.0));
        }

        #[test]
        fn small_ones_too(x in -2.0..2.0_f64) {
            prop_assert_eq!(percent(x), format!("{:.10}%", x * 100.0));
        }
    }
}
