//! The contract ABI's 32-byte words, laid out and read in place.
//!
//! A tensor of a million numbers is 64 MB of calldata. alloy's encoder would first build a tree of tokens several times that
//! size; these write each number where it belongs and read it where it stands. The tests hold both against alloy.

/// Bytes of a word.
pub(crate) const WORD: usize = 32;

/// How many bytes text takes: its length and its padded bytes.
pub(crate) const fn text_size(text: &str) -> usize {
    WORD + text.len().next_multiple_of(WORD)
}

/// Words written one after another.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Starts with a function's selector; `size` bytes follow it.
    pub(crate) fn new(selector: [u8; 4], size: usize) -> Self {
        let mut bytes = Vec::with_capacity(4 + size);
        bytes.extend_from_slice(&selector);
        Self(bytes)
    }

    /// A length, an offset or a small number.
    pub(crate) fn uint(&mut self, value: usize) {
        let mut word = [0; WORD];
        let (_, low) = word.split_at_mut(WORD - 8);
        low.copy_from_slice(&(value as u64).to_be_bytes());
        self.0.extend_from_slice(&word);
    }

    /// Two signed numbers.
    pub(crate) fn pair(&mut self, first: i128, second: i128) {
        let mut words = [0; 2 * WORD];
        let (one, two) = words.split_at_mut(WORD);
        for (word, value) in [(one, first), (two, second)] {
            let (sign, low) = word.split_at_mut(16);
            if value < 0 {
                sign.fill(0xff);
            }
            low.copy_from_slice(&value.to_be_bytes());
        }
        self.0.extend_from_slice(&words);
    }

    /// Text with its length before it.
    pub(crate) fn text(&mut self, text: &str) {
        self.uint(text.len());
        self.0.extend_from_slice(text.as_bytes());
        let padded = self.0.len() + text.len().next_multiple_of(WORD) - text.len();
        self.0.resize(padded, 0);
    }

    /// The offsets of an array's items, by their sizes; they count from the end of the array's length.
    pub(crate) fn offsets(&mut self, count: usize, sizes: impl Iterator<Item = usize>) {
        let mut at = count * WORD;
        for size in sizes {
            self.uint(at);
            at += size;
        }
    }

    /// What was written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.0
    }
}

/// Words to be read. Offsets may point anywhere, also twice to the same place, so everything that is read is paid for out of
/// a budget of the data's own size: data cannot unfold into more than it is.
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    budget: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, budget: bytes.len() }
    }

    fn word(&self, at: usize) -> Option<&'a [u8; WORD]> {
        self.bytes.get(at..at.checked_add(WORD)?)?.try_into().ok()
    }

    /// A length, an offset or a small number.
    pub(crate) fn uint(&self, at: usize) -> Option<usize> {
        let (high, low) = self.word(at)?.split_at(WORD - 4);
        high.iter().all(|byte| *byte == 0).then_some(())?;
        usize::try_from(u32::from_be_bytes(low.try_into().ok()?)).ok()
    }

    /// A signed number of 128 bits with its sign extended.
    pub(crate) fn int(&self, at: usize) -> Option<i128> {
        let (high, low) = self.word(at)?.split_at(16);
        let value = i128::from_be_bytes(low.try_into().ok()?);
        let sign = if value < 0 { 0xff } else { 0 };
        high.iter().all(|byte| *byte == sign).then_some(value)
    }

    /// True or false.
    pub(crate) fn flag(&self, at: usize) -> Option<bool> {
        match self.uint(at)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Where the value is that the word at `at` points to, counted from `base`.
    pub(crate) fn follow(&self, base: usize, at: usize) -> Option<usize> {
        base.checked_add(self.uint(at)?).filter(|to| *to < self.bytes.len())
    }

    /// An array's length and the place of its first word; `size` bytes for each item are paid for.
    pub(crate) fn array(&mut self, at: usize, size: usize) -> Option<(usize, usize)> {
        let count = self.uint(at)?;
        self.pay(count.checked_mul(size)?)?;
        let start = at + WORD;
        (start.checked_add(count.checked_mul(size)?)? <= self.bytes.len()).then_some((count, start))
    }

    /// Text with its length before it.
    pub(crate) fn text(&mut self, at: usize) -> Option<&'a str> {
        let length = self.uint(at)?;
        self.pay(length)?;
        let start = at + WORD;
        std::str::from_utf8(self.bytes.get(start..start.checked_add(length)?)?).ok()
    }

    fn pay(&mut self, size: usize) -> Option<()> {
        self.budget = self.budget.checked_sub(size)?;
        Some(())
    }
}
