//! Canonical JSON: the text that Python's `json.dumps(value, sort_keys=True)` writes, byte for byte.
//!
//! An enclave signs the hash of the request as its own Python wrote it, so a proof can only be checked over exactly that
//! text: keys sorted by code point at every depth, separators `", "` and `": "`, everything outside printable ASCII as
//! `\uXXXX` of its UTF-16 units in lower-case hex, floats as `repr` writes them, whole numbers as they are.

use std::fmt::Write as _;

use crate::json::Json;

/// Python refuses whole numbers with more digits (`sys.int_info.default_max_str_digits`).
const MAX_DIGITS: usize = 4300;

/// Writes a value. `None` where Python would not read the value or would write no JSON: a float beyond the largest one, a
/// whole number of more than 4300 digits.
pub fn dumps(value: Json<'_>) -> Option<String> {
    let mut out = String::with_capacity(value.raw().len() * 5 / 4);
    write(&mut out, value)?;
    Some(out)
}

fn write(out: &mut String, value: Json<'_>) -> Option<()> {
    let raw = value.raw();
    match raw.as_bytes().first()? {
        b'"' => string(out, inner(raw)?),
        b'{' => {
            let mut members: Vec<_> = value.members().map(|(key, value)| (code_points(key), key, value)).collect();
            // Stable, so that of two equal keys the last one stays last, which is the one that Python keeps.
            members.sort_by(|a, b| a.0.cmp(&b.0));
            out.push('{');
            let mut first = true;
            for (at, (points, key, value)) in members.iter().enumerate() {
                if members.get(at + 1).is_some_and(|next| next.0 == *points) {
                    continue;
                }
                if !first {
                    out.push_str(", ");
                }
                first = false;
                string(out, key);
                out.push_str(": ");
                write(out, *value)?;
            }
            out.push('}');
        }
        b'[' => {
            out.push('[');
            for (at, element) in value.elements().enumerate() {
                if at > 0 {
                    out.push_str(", ");
                }
                write(out, element)?;
            }
            out.push(']');
        }
        b't' | b'f' | b'n' => out.push_str(raw),
        _ => out.push_str(&number(raw)?),
    }
    Some(())
}

fn inner(raw: &str) -> Option<&str> {
    raw.strip_prefix('"')?.strip_suffix('"')
}

/// The code points of a checked string; half a surrogate pair stands for itself, as in Python.
fn code_points(inner: &str) -> Vec<u32> {
    let mut points = Vec::with_capacity(inner.len());
    let mut units = Units(inner.chars(), None);
    let mut next = units.next();
    while let Some(unit) = next {
        next = units.next();
        let high = u32::from(unit);
        match next.map(u32::from) {
            Some(low @ 0xdc00..0xe000) if (0xd800..0xdc00).contains(&high) => {
                points.push(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                next = units.next();
            }
            _ => points.push(high),
        }
    }
    points
}

/// The UTF-16 units of a checked string.
struct Units<'a>(std::str::Chars<'a>, Option<u16>);

impl Iterator for Units<'_> {
    type Item = u16;
    fn next(&mut self) -> Option<u16> {
        if let Some(low) = self.1.take() {
            return Some(low);
        }
        let mut c = self.0.next()?;
        if c == '\\' {
            c = match self.0.next()? {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'u' => {
                    let mut unit = 0;
                    for _ in 0..4 {
                        unit = unit << 4 | self.0.next()?.to_digit(16)?;
                    }
                    return u16::try_from(unit).ok();
                }
                other => other,
            };
        }
        let mut pair = [0; 2];
        let units = c.encode_utf16(&mut pair);
        self.1 = units.get(1).copied();
        units.first().copied()
    }
}

/// Writes a checked string, given without its quotes.
fn string(out: &mut String, inner: &str) {
    out.push('"');
    for unit in Units(inner.chars(), None) {
        match u8::try_from(unit).unwrap_or(0) {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            8 => out.push_str("\\b"),
            12 => out.push_str("\\f"),
            plain @ b' '..=b'~' => out.push(char::from(plain)),
            _ => {
                // Writing into memory cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out.push('"');
}

fn number(raw: &str) -> Option<String> {
    if raw.contains(['.', 'e', 'E']) {
        return float(raw);
    }
    let digits = raw.trim_start_matches('-').len();
    // Python's whole numbers have no negative zero.
    (digits <= MAX_DIGITS).then(|| if raw == "-0" { "0" } else { raw }.to_owned())
}

/// Decimal text as Python writes the nearest float: the shortest digits that read back, with an exponent below 1e-04 and
/// from 1e+16 on. `None` for what is no number or beyond the largest float.
pub fn float(text: &str) -> Option<String> {
    let (sign, magnitude) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let shortest = nearest(magnitude)?;
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = [whole, fraction].concat();
    // The point stands after so many digits, counted from the first that is not zero.
    let leading = digits.len() - digits.trim_start_matches('0').len();
    let digits = digits.trim_matches('0');
    let point = i32::try_from(whole.len()).ok()? - i32::try_from(leading).ok()? + exponent.parse::<i32>().ok()?;
    let (point, digits) = if digits.is_empty() { (1, "0") } else { (point, digits) };
    let mut out = String::from(sign);
    match usize::try_from(point) {
        Ok(point @ 1..=16) => {
            let whole = point.min(digits.len());
            out.push_str(digits.get(..whole)?);
            out.extend((whole..point).map(|_| '0'));
            let fraction = digits.get(whole..)?;
            out.push('.');
            out.push_str(if fraction.is_empty() { "0" } else { fraction });
        }
        _ if (-3..=0).contains(&point) => {
            out.push_str("0.");
            out.extend((point..0).map(|_| '0'));
            out.push_str(digits);
        }
        _ => {
            let (first, rest) = digits.split_at_checked(1)?;
            out.push_str(first);
            if !rest.is_empty() {
                out.push('.');
                out.push_str(rest);
            }
            let exponent = point - 1;
            let _ = write!(out, "e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.unsigned_abs());
        }
    }
    Some(out)
}

/// The shortest decimal text of the float nearest to a number without sign, in whatever form; `None` beyond the largest.
#[cfg(not(target_arch = "wasm32"))]
fn nearest(text: &str) -> Option<String> {
    let value: f64 = text.parse().ok()?;
    value.is_finite().then(|| format!("{value:e}"))
}

/// The same by JavaScript, whose digits are the shortest too: Rust's tables for reading and writing floats would be 15 KB more
/// to download.
#[cfg(target_arch = "wasm32")]
fn nearest(text: &str) -> Option<String> {
    let value = platform::number(text);
    value.is_finite().then(|| platform::string(value))
}

#[cfg(target_arch = "wasm32")]
mod platform {
    use wasm_bindgen::prelude::wasm_bindgen;

    #[wasm_bindgen]
    extern "C" {
        #[wasm_bindgen(js_name = Number)]
        pub(super) fn number(text: &str) -> f64;
        #[wasm_bindgen(js_name = String)]
        pub(super) fn string(value: f64) -> String;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn canonical(text: &str) -> Option<String> {
        Json::parse(text).and_then(dumps)
    }

    /// Expected texts: CPython 3.11, `json.dumps(json.loads(text), sort_keys=True)`.
    #[test]
    fn written_as_python_writes() {
        for (text, expected) in [
            ("1.0", "1.0"),
            ("0.7", "0.7"),
            ("1e-7", "1e-07"),
            ("0.0001", "0.0001"),
            ("0.00001234", "1.234e-05"),
            ("1E16", "1e+16"),
            ("1e15", "1000000000000000.0"),
            ("123456789012345678.0", "1.2345678901234568e+17"),
            ("1e22", "1e+22"),
            ("5e-324", "5e-324"),
            ("1e-400", "0.0"),
            ("-0.0", "-0.0"),
            ("-0", "0"),
            ("-1.50", "-1.5"),
            ("0.00", "0.0"),
            ("0e5", "0.0"),
            ("120e-2", "1.2"),
            ("9999999999999998.0", "9999999999999998.0"),
            ("0.00012", "0.00012"),
            ("-2.5e-10", "-2.5e-10"),
            ("0.1000000000000000055511151231257827", "0.1"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("12345678901234567890", "12345678901234567890"),
            (r#" { "b" : [ ] , "a" : { } , "b" : null } "#, r#"{"a": {}, "b": null}"#),
            (r#""\u00e9\/\u007F\ud83d\uDE80\ud800 \u0008\f\u0022""#, r#""\u00e9/\u007f\ud83d\ude80\ud800 \b\f\"""#),
            ("\"é\u{7f}🚀\u{2028}\"", r#""\u00e9\u007f\ud83d\ude80\u2028""#),
            // By code point: U+FF21 before U+1F680, though its UTF-16 units come after; a surrogate's half before both.
            (r#"{"🚀":1,"Ａ":2,"\ud83d":3,"\u0061":4}"#, r#"{"a": 4, "\ud83d": 3, "\uff21": 2, "\ud83d\ude80": 1}"#),
        ] {
            assert_eq!(canonical(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[cfg_attr(target_arch = "wasm32", wasm_bindgen_test::wasm_bindgen_test)]
    #[cfg_attr(not(target_arch = "wasm32"), test)]
    fn written_as_python_writes_by_the_hundred() {
        let text = include_str!("../../../tests/vectors/opengradient/canonical.json");
        let vectors: Value = serde_json::from_str(text).unwrap_or_default();
        let cases = vectors["cases"].as_array().cloned().unwrap_or_default();
        assert_eq!(cases.len(), 400);
        for case in cases {
            let [text, expected] = ["text", "canonical"].map(|name| case[name].as_str().unwrap_or_default().to_owned());
            assert_eq!(canonical(&text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_python_would_not_write_is_refused() {
        for text in ["1e309", "[-1e400]"] {
            assert_eq!(canonical(text), None, "{text}");
        }
        assert_eq!(canonical(&"9".repeat(4301)), None);
        assert!(canonical(&"9".repeat(4300)).is_some());
    }

    proptest! {
        /// The text means the same, is ASCII, and writing it again changes nothing.
        #[test]
        fn nothing_is_lost(text in json()) {
            let written = canonical(&text).unwrap_or_default();
            prop_assert!(written.is_ascii());
            prop_assert_eq!(canonical(&written), Some(written.clone()));
            let before: Value = serde_json::from_str(&text).unwrap_or_default();
            let after: Value = serde_json::from_str(&written).unwrap_or(Value::from("unreadable"));
            prop_assert_eq!(before, after);
        }

        #[test]
        fn a_float_reads_back(value in any::<f64>().prop_filter("JSON has no others", |value| value.is_finite())) {
            let written = float(&value.to_string()).unwrap_or_default();
            prop_assert_eq!(written.parse::<f64>().map(f64::to_bits), Ok(value.to_bits()));
            prop_assert!(written.contains('.') || written.contains('e'), "{}", written);
        }

        #[test]
        fn any_text_gives_an_answer(text in "[\\[\\]{}:,\"\\\\u0-9a-fdD.eE+\\-]{0,40}") {
            let _ = canonical(&text);
        }
    }

    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
            Just(Value::Null),
            Just(Value::Bool(true)),
        ];
        let tree = leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        });
        tree.prop_map(|value| value.to_string())
    }
}
