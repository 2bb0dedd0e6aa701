//! Chance that repeats: one seed gives the same numbers on every machine.

use alloy_primitives::{Address, B256};

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014): one word of state, so that each subject
/// of a world can have a stream of its own. What one subject draws then changes nothing for the others, which is what lets a
/// history be shortened.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Rng {
    /// The stream of `subject` in the world of `seed`.
    pub(crate) const fn new(seed: u64, subject: u64) -> Self {
        Self(mix(seed ^ mix(subject.wrapping_mul(0x9e37_79b9_7f4a_7c15))))
    }

    /// The next 64 bits.
    pub(crate) const fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`; 0 when there is none.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        let word = self.word();
        if bound == 0 { 0 } else { word % bound }
    }

    /// A number from `low` to `high`, both included.
    pub(crate) const fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }

    /// True so often in a thousand times.
    pub(crate) const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        let at = usize::try_from(self.below(from.len() as u64)).unwrap_or_default();
        from[at]
    }

    /// An index below `length`.
    pub(crate) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or_default()
    }
}

/// Words as 32 bytes that nobody else has: hashes and addresses of this world. Real hashes would only cost time.
pub(crate) fn digest(words: &[u64]) -> B256 {
    let mut out = [0; 32];
    let mut state = 0x6a09_e667_f3bc_c908;
    for word in words {
        state = mix(state ^ word).wrapping_add(0x3c6e_f372_fe94_f82b);
    }
    for (at, part) in out.chunks_exact_mut(8).enumerate() {
        part.copy_from_slice(&mix(state.wrapping_add((at as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))).to_be_bytes());
    }
    B256::from(out)
}

/// Bytes as words for [`digest`].
pub(crate) fn words(bytes: &[u8]) -> impl Iterator<Item = u64> {
    bytes.chunks(8).map(|chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        u64::from_be_bytes(word) ^ (chunk.len() as u64)
    })
}

/// An address made of words.
pub(crate) fn address(words: &[u64]) -> Address {
    Address::from_slice(&digest(words)[12..])
}
