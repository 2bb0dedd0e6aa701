//! Text of any protocol: JSON, base64, hex, dates, numbers, URLs.

use alloy_primitives::U256;
use ogkit::eth::checksum;
use ogkit::eth::replies::{parse_amount as hex_amount, parse_quantity};
use ogkit::json::{Json, MAX_DEPTH, quote};
use ogkit::opengradient::inference::decimal::Number;
use ogkit::opengradient::llm::canonical;
use ogkit::opengradient::tee::proof::parse_id;
use ogkit::opengradient::tee::registry::is_endpoint;
use ogkit::x402::offer::{chain_of, parse_address, parse_amount};
use ogkit::x402::origin::Target as Url;
use ogkit::x402::wire::{decode_header, encode_header, parse_date};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Target, all_named, bytes, short, text, vectors};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "json", run: json, samples: json_samples, memory: 64 },
    Target { name: "canonical", run: canonical_json, samples: canonical_samples, memory: 96 },
    Target { name: "base64", run: base64, samples: base64_samples, memory: 24 },
    Target { name: "hex", run: hex, samples: hex_samples, memory: 24 },
    Target { name: "decimal", run: decimal, samples: decimal_samples, memory: 24 },
    Target {
        name: "date",
        run: date,
        samples: || bytes(["Sun, 06 Nov 1994 08:49:37 GMT", "Thu, 29 Feb 2024 23:59:60 GMT"]),
        memory: 24,
    },
    Target { name: "url", run: url, samples: url_samples, memory: 24 },
];

/// How deep brackets nest outside of strings.
fn depth(text: &str) -> usize {
    let (mut depth, mut most, mut is_string, mut is_escaped) = (0_usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            b'[' | b'{' if !is_string => depth += 1,
            b']' | b'}' if !is_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// Our reader takes what serde_json takes, down to its depth, and finds the same values in it.
fn json(data: &[u8]) {
    let found = Json::parse_bytes(data);
    let oracle = std::str::from_utf8(data).ok().and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
    let oracle = oracle.map(RawValue::get).filter(|text| depth(text) <= MAX_DEPTH);
    assert_eq!(found.map(Json::raw), oracle, "accepted or not");
    if let Some(json) = found {
        walk(json);
    }
    let plain = text(data);
    let quoted = quote(&plain);
    assert_eq!(Json::parse(&quoted).and_then(Json::text).as_deref(), Some(&*plain), "a string that is read again");
    assert_eq!(serde_json::from_str::<String>(&quoted).ok().as_deref(), Some(&*plain));
}

fn walk(json: Json<'_>) {
    let raw = json.raw();
    match raw.as_bytes().first() {
        Some(b'{') => {
            let members: Vec<_> = json.members().collect();
            for (key, value) in &members {
                let last = members.iter().rev().find(|(other, _)| other == key).map(|(_, value)| *value);
                if members.len() < 64 {
                    assert_eq!(json.get(key), last, "the last of equal keys");
                    assert_eq!(json.fields([key]), [last.and_then(Json::present)]);
                }
                walk(*value);
            }
            assert_eq!(json.elements().count(), 0);
        }
        Some(b'[') => {
            assert!(json.is_array());
            let elements: Vec<_> = json.elements().collect();
            let rows: Vec<_> = json.rows(["a", "id"]).collect();
            assert_eq!(rows.len(), elements.len(), "a row for each element");
            for (element, row) in elements.iter().zip(rows) {
                assert_eq!(element.fields(["a", "id"]), row);
                walk(*element);
            }
        }
        Some(b'"') => {
            let read = json.text();
            assert_eq!(read.as_deref(), serde_json::from_str::<String>(raw).ok().as_deref(), "a string's text");
            assert!(json.plain().is_none_or(|plain| read.as_deref() == Some(plain)));
        }
        _ => {
            // serde_json takes -0 for a float.
            let oracle = if raw == "-0" { Some(0) } else { serde_json::from_str::<i64>(raw).ok() };
            assert_eq!(json.integer(), oracle, "a whole number {raw}");
            assert_eq!(json.flag(), serde_json::from_str::<bool>(raw).ok());
            assert_eq!(json.is_null(), raw == "null");
        }
    }
}

fn json_samples() -> Vec<Vec<u8>> {
    let mut all = bytes([
        r#"{"a":[1,-2.5e+3,"x\n\u00e9\ud83d\ude00",null,true],"id":{"a":{}},"a":"twice"}"#,
        r#" [ {"a":1,"id":2} , {"id":null} , [] , "" , 0 , -0 , 1E9 ] "#,
        r#"[[[[[[[[{"a":[[[[[[[[]]]]]]]]}]]]]]]]]"#,
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0000\"",
    ]);
    all.extend(bytes(all_named(&vectors(include_str!("../../vectors/opengradient/tensor_input.json")), "input_json")));
    all
}

/// What is written is ASCII, and written again it is the same; what serde_json reads of it is the same value.
fn canonical_json(data: &[u8]) {
    let Some(json) = Json::parse_bytes(data) else { return };
    let Some(written) = canonical::dumps(json) else { return };
    assert!(written.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{written}");
    let again = Json::parse(&written).map(canonical::dumps);
    assert_eq!(again, Some(Some(written.clone())), "written again");
    // serde_json rounds some floats, and takes -0 for one.
    if !json.raw().contains(['.', 'e', 'E']) && !json.raw().contains("-0") {
        let [before, after] = [json.raw(), &written].map(|text| serde_json::from_str::<Value>(text).ok());
        assert!(before.is_none() || before == after, "another value: {written}");
    }
}

fn canonical_samples() -> Vec<Vec<u8>> {
    bytes(all_named(&vectors(include_str!("../../vectors/opengradient/canonical.json")), "text"))
}

/// Text goes into a header and comes back; what is read has one spelling, but for padding and the bits beyond the last byte.
fn base64(data: &[u8]) {
    let plain = text(data);
    if plain.len() <= 48_000 {
        assert_eq!(decode_header(&encode_header(&plain)).as_deref(), Some(&*plain));
    }
    let Some(read) = decode_header(&plain) else { return };
    let own = encode_header(&read);
    let [own, given] = [&*own, &*plain].map(|text| text.trim_end_matches('='));
    assert_eq!(own.len(), given.len(), "as many digits as were given");
    let (own, given) = (&own[..own.len().saturating_sub(1)], &given[..given.len().saturating_sub(1)]);
    assert_eq!(own, given, "the same digits");
}

fn base64_samples() -> Vec<Vec<u8>> {
    bytes(all_named(&vectors(include_str!("../../vectors/x402.json")), "header"))
}

/// A number or an address that is read is what its text says: digits, and nothing else.
fn hex(data: &[u8]) {
    let plain = text(data);
    let trimmed = || format!("0x{}", plain[2..].trim_start_matches('0').to_ascii_lowercase()).replace("0x", "");
    let spelt = |hex: String| if hex == "0" { String::new() } else { hex };
    match parse_quantity(&plain) {
        Ok(number) => assert_eq!(spelt(format!("{number:x}")), trimmed(), "a quantity"),
        Err(error) => short(&error),
    }
    match hex_amount(&plain) {
        Ok(number) => assert_eq!(spelt(format!("{number:x}")), trimmed(), "an amount"),
        Err(error) => short(&error),
    }
    if let Some(address) = parse_address(&plain) {
        assert_eq!(format!("{address:?}"), plain.to_ascii_lowercase(), "an address");
    }
    if let Some((address, is_right)) = checksum::read(&plain) {
        assert_eq!(format!("{address:?}"), plain.to_ascii_lowercase(), "an address");
        let digits = &plain[2..];
        let is_plain = digits.to_ascii_lowercase() == digits || digits.to_ascii_uppercase() == digits;
        assert_eq!(is_right, is_plain || address.to_checksum(None) == plain, "its checksum");
    }
    if let Some(id) = parse_id(&plain) {
        assert_eq!(format!("{id:?}").trim_start_matches("0x"), plain.trim_start_matches("0x").to_ascii_lowercase());
    }
    if let Some(amount) = parse_amount(&plain) {
        let digits = plain.trim_start_matches('0');
        assert_eq!(amount.to_string(), if digits.is_empty() { "0" } else { digits }, "a decimal amount");
    }
    if let Some(chain) = chain_of(&plain).filter(|_| plain.starts_with("eip155:")) {
        assert_eq!(format!("eip155:{chain}"), plain);
    }
}

fn hex_samples() -> Vec<Vec<u8>> {
    let mut all = bytes(["0x0", "0x10", "0xffffffffffffffff", "1000000", "eip155:8453", "base"]);
    all.push(format!("0x{:x}", U256::MAX).into_bytes());
    all.push(b"0x70997970C51812dc3A010C7d01b50e0d17dc79C8".to_vec());
    all.push(b"0x53cbad3cbe998d1d4437e47bdd0f6736dec0d7ea89aecfe3c327df5027bb8208".to_vec());
    all.push(U256::MAX.to_string().into_bytes());
    all
}

/// A decimal's value is that of its text; any two words make a number that ends as a float.
fn decimal(data: &[u8]) {
    let plain = text(data);
    if let Ok(number) = Number::from_text(&plain) {
        let exact: f64 = plain.parse().expect("what is read is a number for Rust, too");
        let found = number.to_f64();
        let close = (found - exact).abs() <= exact.abs() * 1e-15 || (exact.abs() < 1e-300 && found.abs() < 1e-300);
        assert!(found == exact || close, "{plain}: {found} and {exact}");
        assert!(number.decimals >= 0);
        let _ = number.to_f32();
    }
    if let Some((value, rest)) = data.split_first_chunk::<16>()
        && let Some((decimals, _)) = rest.split_first_chunk::<16>()
    {
        let number = Number { value: i128::from_be_bytes(*value), decimals: i128::from_be_bytes(*decimals) };
        assert!(!number.to_f64().is_nan() && !number.to_f32().is_nan());
        assert!(number.value >= 0 || number.to_f64() <= 0.0);
    }
}

fn decimal_samples() -> Vec<Vec<u8>> {
    let mut all = bytes(all_named(&vectors(include_str!("../../vectors/opengradient/fixed_point.json")), "input"));
    for (value, decimals) in [(1, 1), (i128::MAX, 38), (i128::MIN, -300), (15, 400), (-1, i128::MIN), (7, i128::MAX)] {
        all.push([value.to_be_bytes(), i128::to_be_bytes(decimals)].concat());
    }
    all
}

/// A date that is read is the one that stands there, to the second.
fn date(data: &[u8]) {
    let plain = text(data);
    let Some(seconds) = parse_date(&plain) else { return };
    let rest = plain.split_once(", ").expect("a weekday").1;
    let words: Vec<&str> = rest.split(' ').collect();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    assert!([words[0], words[2]].into_iter().all(is_number) && words[3].split(':').all(is_number), "only digits: {plain}");
    let number = |text: &str| text.parse::<u64>().expect("a number");
    let clock: Vec<u64> = words[3].split(':').map(number).collect();
    assert_eq!(seconds % 86_400, (clock[0] * 3600 + clock[1] * 60 + clock[2]) % 86_400, "{plain}");
    // Forward from 1970, year by year and month by month.
    let is_leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let mut days: u64 = (1970..number(words[2])).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    for month in ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] {
        if month == words[1] {
            break;
        }
        days += match month {
            "Feb" => 28 + u64::from(is_leap(number(words[2]))),
            "Apr" | "Jun" | "Sep" | "Nov" => 30,
            _ => 31,
        };
    }
    let expected = (days + number(words[0]) - 1) * 86_400 + clock[0] * 3600 + clock[1] * 60 + clock[2];
    assert_eq!(seconds, expected, "{plain}");
}

/// Who is paid can be read in one way only.
fn url(data: &[u8]) {
    let plain = text(data);
    let _ = is_endpoint(&plain);
    let Some(target) = Url::parse(&plain) else { return };
    let Url { origin, host, path, private } = &target;
    assert!(path.starts_with('/') && !path.contains(['?', '#', '\\']), "{path}");
    assert!(!host.is_empty() && *host == host.to_ascii_lowercase() && !host.contains(['/', '@', '?', '#', '%']), "{host}");
    assert!(origin.starts_with("http://") || origin.starts_with("https://"));
    let again = Url::parse(&[origin.as_str(), path].concat());
    assert_eq!(again.as_ref(), Some(&target), "its own parts");
    let is_local = ["localhost", "127.", "[::1]"].iter().any(|own| host.starts_with(own)) || host.ends_with(".localhost");
    assert!(!private || origin.starts_with("https://") || is_local, "{origin}");
}

fn url_samples() -> Vec<Vec<u8>> {
    bytes([
        "https://api.example:8443/v1/chat?x=1#y",
        "HTTP://127.0.0.1:80/",
        "http://[::1]:3000/a//b",
        "https://user@host/",
        "http://a.localhost?x",
        "https://xn--bcher-kva.example/%2e%2e/",
    ])
}
