//! Inputs of a target: its samples as they are, and mutated; the same for the same seed.
//!
//! Mutations know what foreign bytes are made of: numbers at their borders in every spelling (big- and little-endian, varints, ABI words,
//! decimal and hex text), lengths and offsets that alias, brackets that nest, pieces of other samples.

use crate::rng::Rng;

/// An input has twice as many bytes at most, but for the few that are [`LARGE`] and for samples as they are.
const USUAL: usize = 4 << 10;
/// What a piece of an input is repeated to, now and then: memory and time must grow with the input and not faster.
const LARGE: usize = 128 << 10;
/// So seldom.
const LARGE_ONE_IN: u64 = 1024;

/// Numbers that decoders get wrong.
const BORDERS: &[u64] = &[
    0,
    1,
    2,
    31,
    32,
    33,
    63,
    64,
    65,
    127,
    128,
    129,
    255,
    256,
    1 << 14,
    65_535,
    65_536,
    (1 << 21) - 1,
    (1 << 21) + 1,
    (1 << 31) - 1,
    1 << 31,
    (1 << 32) - 1,
    1 << 32,
    (1 << 53) - 1,
    1 << 53,
    (1 << 63) - 1,
    1 << 63,
    u64::MAX,
];

/// Text that means something to one of the formats.
const WORDS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "{}",
    "[]",
    "null",
    "true",
    "false",
    "0",
    "-0",
    "-1",
    "1e400",
    "1e-400",
    "0.1",
    "1.5e3",
    "9007199254740993",
    "\"\"",
    "\\",
    "\\\"",
    "\\u0000",
    "\\ud800",
    "\\udc00\\ud800",
    "\\ud83d\\ude00",
    "\u{0}",
    "\n",
    "\r",
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "\t",
    " ",
    "\u{feff}",
    "é",
    "\u{10ffff}",
    "data:",
    "data: ",
    "data: [DONE]\n\n",
    ": ",
    "event: x\n",
    "id: 1\n",
    "0x",
    "0X",
    "-0x1",
    "+1",
    "0x_",
    "1_0",
    "%2e",
    "%2E%2e/",
    "%00",
    "%",
    "../",
    "./",
    "//",
    "\\\\",
    "?",
    "#",
    "@",
    ":",
    "://",
    "http://",
    "https://",
    "ipfs://",
    "/ipfs/",
    ".ipfs.",
    "localhost",
    "[::1]",
    "=",
    "==",
    "+",
    "/",
    "-",
    "_",
    "Qm",
    "bafy",
    "bafk",
    "z",
    "k",
    "f",
    "b",
    "F",
    "eip155:",
    "GMT",
    "NaN",
    "Infinity",
    "-Infinity",
    "e",
    "E",
    ".",
    "\"id\":0",
    "\"error\":",
    "\"result\":",
    "grpc-status:",
    "\u{1}",
    "--",
    "; ",
    "filename=",
    "user rejected",
    "execution reverted",
];

const fn low(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// The input of a seed.
pub(crate) fn input(samples: &[Vec<u8>], seed: u64, target: u64) -> Vec<u8> {
    let mut rng = Rng::new(seed, target);
    let samples: Vec<&[u8]> = samples.iter().map(Vec::as_slice).filter(|sample| sample.len() <= 2 * USUAL).collect();
    let samples = samples.as_slice();
    if samples.is_empty() || rng.chance(20) {
        let length = rng.index(200);
        return (0..length).map(|_| low(rng.word())).collect();
    }
    let mut out = sample(&mut rng, samples).to_vec();
    // Few mutations are mostly seen by the depths of a decoder, many by its surface.
    let mut count = rng.below(4);
    if rng.chance(100) {
        count += rng.below(12);
    }
    for _ in 0..count {
        mutate(&mut rng, samples, &mut out);
        out.truncate(2 * USUAL);
    }
    if rng.below(LARGE_ONE_IN) == 0 {
        enlarge(&mut rng, &mut out);
    }
    out
}

fn sample<'a>(rng: &mut Rng, samples: &[&'a [u8]]) -> &'a [u8] {
    samples.get(rng.index(samples.len())).copied().unwrap_or_default()
}

fn range(rng: &mut Rng, length: usize) -> (usize, usize) {
    let from = rng.index(length + 1);
    let most = (length - from).min(if rng.chance(700) { 16 } else { length });
    (from, from + rng.index(most + 1))
}

fn border(rng: &mut Rng) -> u64 {
    if rng.chance(200) {
        return rng.word() >> rng.below(64);
    }
    rng.pick(BORDERS)
}

/// A number in one of the spellings that are used on wires.
fn spelt(rng: &mut Rng, length: usize) -> Vec<u8> {
    let value = if rng.chance(300) { length as u64 } else { border(rng) };
    match rng.below(9) {
        0 => vec![low(value)],
        1 => value.to_be_bytes()[6..].to_vec(),
        2 => value.to_be_bytes()[4..].to_vec(),
        3 => value.to_le_bytes()[..4].to_vec(),
        4 => value.to_be_bytes().to_vec(),
        5 => varint(value, rng.chance(100)),
        6 => word(value).to_vec(),
        7 => value.to_string().into_bytes(),
        _ => format!("0x{value:x}").into_bytes(),
    }
}

/// An unsigned varint; `padded` not in its shortest form.
pub(crate) fn varint(mut value: u64, padded: bool) -> Vec<u8> {
    let mut out = Vec::new();
    while value >= 0x80 {
        out.push(low(value) | 0x80);
        value >>= 7;
    }
    out.push(low(value));
    if padded {
        if let Some(last) = out.last_mut() {
            *last |= 0x80;
        }
        out.push(0);
    }
    out
}

fn word(value: u64) -> [u8; 32] {
    let mut out = [0; 32];
    out[24..].copy_from_slice(&value.to_be_bytes());
    out
}

fn mutate(rng: &mut Rng, samples: &[&[u8]], out: &mut Vec<u8>) {
    let length = out.len();
    let at = rng.index(length + 1);
    match rng.below(22) {
        0 | 1 => {
            if let Some(byte) = out.get_mut(at) {
                *byte ^= 1 << rng.below(8);
            }
        }
        2 => {
            if let Some(byte) = out.get_mut(at) {
                *byte = rng.pick(&[0, 1, 0x0a, 0x0d, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xff, b'"', b'{', b'9', b'a']);
            }
        }
        3 => {
            let (from, to) = range(rng, length);
            out.drain(from..to);
        }
        4 => {
            let (from, to) = range(rng, length);
            let piece = out[from..to].to_vec();
            out.splice(at..at, piece);
        }
        5 => out.truncate(at),
        6 => {
            let other = sample(rng, samples);
            let (from, to) = range(rng, other.len());
            let piece = other[from..to].to_vec();
            let (start, end) = if rng.chance(500) { range(rng, length) } else { (at, at) };
            out.splice(start..end, piece);
        }
        7 => {
            let number = spelt(rng, length);
            out.splice(at..at, number);
        }
        8 => {
            let number = spelt(rng, length);
            let end = (at + number.len()).min(length);
            out.splice(at..end, number);
        }
        9 | 10 => {
            let text = rng.pick(WORDS).as_bytes().to_vec();
            let end = if rng.chance(500) { at } else { (at + text.len()).min(length) };
            out.splice(at..end, text);
        }
        11 => abi_word(rng, out),
        12 => digits(rng, out),
        13 => nest(rng, out, at),
        14 => hex_digits(rng, out),
        15..19 => json_value(rng, samples, out),
        19 => {
            // A varint that is not in its shortest form.
            if let Some(byte) = out.get(at).copied().filter(|byte| *byte < 0x80) {
                out.splice(at..=at, [byte | 0x80, 0]);
            }
        }
        20 => abi_alias(rng, out),
        _ => {
            let (from, to) = range(rng, length);
            let (start, end) = range(rng, length);
            let piece = out[from..to].to_vec();
            out.splice(start..end, piece);
        }
    }
}

/// A word of the contract ABI: an offset or a length at its border, or the same as another.
fn abi_word(rng: &mut Rng, out: &mut [u8]) {
    let words = out.len() / 32;
    // Behind a selector too.
    let start = if rng.chance(800) { 0 } else { 4 };
    let at = start + 32 * rng.index(words + 1);
    let value = match rng.below(5) {
        0 => word(out.len() as u64),
        1 => word(32 * rng.below(words as u64 + 2)),
        2 => {
            let from = start + 32 * rng.index(words + 1);
            out.get(from..from + 32).and_then(|found| found.try_into().ok()).unwrap_or([0xff; 32])
        }
        3 => [0xff; 32],
        _ => word(border(rng)),
    };
    if let Some(place) = out.get_mut(at..at + 32) {
        place.copy_from_slice(&value);
    }
}

/// A list of offsets becomes a long one whose entries are all the same.
fn abi_alias(rng: &mut Rng, out: &mut Vec<u8>) {
    let start = if rng.chance(800) { 0 } else { 4 };
    let number = |at: usize| {
        let word = out.get(at..at + 32)?;
        word[..28].iter().all(|byte| *byte == 0).then(|| u32::from_be_bytes(word[28..].try_into().unwrap_or_default()) as usize)
    };
    // A count, and behind it as many offsets.
    let is_list = |at: &usize| {
        let count = number(*at).filter(|count| (1..=64).contains(count));
        count.is_some_and(|count| {
            (1..=count).all(|index| {
                number(at + 32 * index).is_some_and(|to| to.is_multiple_of(32) && to >= 32 * count && to < out.len())
            })
        })
    };
    let lists: Vec<usize> = (start..out.len()).step_by(32).filter(is_list).collect();
    let Some(at) = lists.get(rng.index(lists.len())).copied() else { return };
    let (Some(count), Some(first)) = (number(at), number(at + 32)) else { return };
    let more = rng.pick(&[1, 7, 100]);
    let offset = word((first + 32 * more) as u64);
    out.splice(at..at + 32 + 32 * count, [word((count + more) as u64).to_vec(), offset.repeat(count + more)].concat());
}

/// A number in decimal text is replaced by another.
fn digits(rng: &mut Rng, out: &mut Vec<u8>) {
    let starts: Vec<usize> = (0..out.len())
        .filter(|at| out[*at].is_ascii_digit() && at.checked_sub(1).is_none_or(|before| !out[before].is_ascii_digit()))
        .collect();
    if starts.is_empty() {
        return;
    }
    let from = starts[rng.index(starts.len())];
    let end = out[from..].iter().position(|byte| !byte.is_ascii_digit()).map_or(out.len(), |length| from + length);
    let text = match rng.below(6) {
        0 => "115792089237316195423570985008687907853269984665640564039457584007913129639936".to_owned(),
        1 => "9".repeat(rng.index(120)),
        2 => format!("-{}", border(rng)),
        3 => format!("{}.{}e{}", rng.below(10), rng.below(1000), border(rng)),
        _ => border(rng).to_string(),
    };
    out.splice(from..end, text.into_bytes());
}

/// Brackets, deep.
fn nest(rng: &mut Rng, out: &mut Vec<u8>, at: usize) {
    let depth = rng.pick(&[1, 2, 30, 33, 126, 127, 128, 129, 300]);
    let (open, close) = rng.pick(&[("[", "]"), ("{\"a\":", "}"), ("[{\"a\":", "}]"), ("\u{a}\u{2}", "")]);
    let (from, to) = range(rng, out.len());
    let mut inner = open.repeat(depth).into_bytes();
    inner.extend_from_slice(&out[from..to]);
    inner.extend_from_slice(close.repeat(depth).as_bytes());
    let end = if rng.chance(500) { at } else { (at + to - from).min(out.len()) };
    out.splice(at..end, inner);
}

/// JSON's literals and others that stand where a value does.
const VALUES: &[&str] = &[
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1e400",
    "0.5",
    "1750000000",
    "18446744073709551616",
    "\"\"",
    "\"x\"",
    "\"0x\"",
    "\"0x1\"",
    "\"1\"",
    "\"-1\"",
    "\"\\ud800\"",
    "\"\\u0000\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"a\":null}",
    "[{}]",
    "",
];

/// A value in JSON text is replaced by another one, of this text, of another sample or of the table, doubled or left out.
fn json_value(rng: &mut Rng, samples: &[&[u8]], out: &mut Vec<u8>) {
    let Some((from, to)) = a_value(rng, out) else { return };
    let new = match rng.below(8) {
        0 => rng.pick(VALUES).as_bytes().to_vec(),
        1 => {
            let other = sample(rng, samples);
            a_value(rng, other).map(|(from, to)| other[from..to].to_vec()).unwrap_or_default()
        }
        2 => a_value(rng, out).map(|(from, to)| out[from..to].to_vec()).unwrap_or_default(),
        3 => [&out[from..to], b",", &out[from..to]].concat(),
        4 => {
            let depth = rng.pick(&[1, 2, 33, 120, 126, 127, 128, 129, 200]);
            [&b"[".repeat(depth), &out[from..to], &b"]".repeat(depth)].concat()
        }
        5 => ["\"", &rng.pick(&["x", "é", "\\n", "1", "😀"]).repeat(rng.pick(&[40, 200, 600, 1500])), "\""].concat().into_bytes(),
        _ => border(rng).to_string().into_bytes(),
    };
    out.splice(from..to, new);
}

/// Where one of the values in JSON text stands: behind a colon, a comma or a bracket, to the next one at its own depth.
fn a_value(rng: &mut Rng, text: &[u8]) -> Option<(usize, usize)> {
    let starts: Vec<usize> = (1..text.len()).filter(|at| matches!(text[at - 1], b':' | b',' | b'[' | b'{')).collect();
    let from = *starts.get(rng.index(starts.len()))?;
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    for (at, byte) in text.iter().enumerate().skip(from) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_string => is_escaped = true,
            b'"' => is_string = !is_string,
            _ if is_string => {}
            b',' | b'}' | b']' | b':' if depth == 0 => return Some((from, at)),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// Within hex text, a whole ABI word.
fn hex_digits(rng: &mut Rng, out: &mut [u8]) {
    let Some(start) = out.windows(66).position(|text| text.starts_with(b"0x") && text[2..].iter().all(u8::is_ascii_hexdigit))
    else {
        return;
    };
    let run = out[start + 2..].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let mut bytes = out[start + 2..start + 2 + run].to_vec();
    let value = if rng.chance(500) { word(32 * rng.below(20)) } else { word(border(rng)) };
    let text: Vec<u8> = value.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect();
    let at = 64 * rng.index(run / 64);
    bytes[at..at + 64].copy_from_slice(&text);
    out[start + 2..start + 2 + run].copy_from_slice(&bytes);
}

/// One piece again and again, so that what grows faster than its input is seen.
fn enlarge(rng: &mut Rng, out: &mut Vec<u8>) {
    let (from, to) = range(rng, out.len());
    let piece = out[from..to].to_vec();
    if piece.is_empty() {
        return;
    }
    let again = piece.repeat(LARGE / piece.len());
    out.splice(from..from, again);
}
