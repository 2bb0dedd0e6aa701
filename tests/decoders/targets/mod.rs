//! The decoders of foreign bytes, each with what must hold for any input.
//!
//! A target is a plain function of bytes, so that this crate's own runner and libFuzzer run the same ones. It panics where something does
//! not hold. What is common to all is the runner's business: no panic, an end in time, memory that grows with the input and no faster.

mod chain;
mod ipfs;
mod llm;
mod money;
mod network;
mod text;

use std::fmt::Display;

use serde_json::Value;

/// A decoder and what must hold for it.
pub(crate) struct Target {
    pub(crate) name: &'static str,
    /// Decodes and asserts.
    pub(crate) run: fn(&[u8]),
    /// Valid inputs, most of them from the vectors; more are in `corpus/`.
    pub(crate) samples: fn() -> Vec<Vec<u8>>,
    /// So many bytes of memory it may take for each byte of input, the checks' own included.
    pub(crate) memory: usize,
}

/// What separates the parts of an input that is more than one thing: a byte that no text needs (ASCII's record separator).
pub(crate) const SEPARATOR: u8 = 0x1e;

/// Every target.
pub(crate) fn all() -> Vec<&'static Target> {
    [text::TARGETS, ipfs::TARGETS, chain::TARGETS, money::TARGETS, llm::TARGETS, network::TARGETS].into_iter().flatten().collect()
}

/// The first `N` parts of an input; the last one is all the rest.
fn parts<const N: usize>(data: &[u8]) -> [&[u8]; N] {
    let mut all = data.splitn(N, |byte| *byte == SEPARATOR);
    std::array::from_fn(|_| all.next().unwrap_or_default())
}

fn joined(parts: &[&[u8]]) -> Vec<u8> {
    parts.join(&SEPARATOR)
}

/// An error quotes little of what it met: its text is bounded, however large the input is.
fn short(error: &impl Display) {
    let text = error.to_string();
    assert!(text.len() <= 4096, "an error of {} bytes: {}…", text.len(), text.chars().take(200).collect::<String>());
}

/// The input in pieces: whole, byte by byte where it is short, and in several uneven ways.
fn splits(data: &[u8]) -> Vec<Vec<&[u8]>> {
    let mut all = vec![vec![data]];
    if data.len() <= 512 {
        all.push(data.chunks(1).collect());
    }
    let key = data.iter().fold(data.len(), |sum, byte| sum.wrapping_mul(31).wrapping_add(usize::from(*byte)));
    for size in [1 + key % 7, 1 + key % 61, 1 + key % 1021] {
        let (first, rest) = data.split_at(data.len().min(key % (size + 1)));
        // An empty piece is one, too.
        all.push([first, &[]].into_iter().chain(rest.chunks(size)).collect());
    }
    all
}

fn text(data: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(data)
}

fn vectors(json: &str) -> Value {
    serde_json::from_str(json).expect("vectors are JSON")
}

/// The texts of members with this name, at any depth.
fn all_named(value: &Value, name: &str) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(|item| all_named(item, name)).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(text) if key == name => vec![text.clone()],
                other => all_named(other, name),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The bytes of hex text.
fn unhex(text: &str) -> Vec<u8> {
    alloy_primitives::hex::decode(text).expect("vectors hold hex text")
}

fn bytes(texts: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Vec<Vec<u8>> {
    texts.into_iter().map(Into::into).collect()
}
