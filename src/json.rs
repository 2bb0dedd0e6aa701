//! JSON text, read where it stands.
//!
//! What nodes and services answer is hex text in objects: it needs checking and finding, not numbers or trees. The text is
//! checked once as a whole (RFC 8259, at most [`MAX_DEPTH`] levels); after that a [`Json`] is a piece of it. serde_json would
//! do the same for 30 KB more to download, most of it code for each kind of reply and for printing floats; the tests hold
//! this reader against it.

use std::borrow::Cow;

/// Arrays and objects may nest this deep.
pub const MAX_DEPTH: usize = 128;

/// One value in JSON text that was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks text as one JSON value.
    pub fn parse(text: &'a str) -> Option<Self> {
        let mut cursor = Cursor { text, at: 0 };
        cursor.space();
        let start = cursor.at;
        cursor.value(0)?;
        let end = cursor.at;
        cursor.space();
        (cursor.at == text.len()).then_some(())?;
        text.get(start..end).map(Self)
    }

    /// A piece of text that was checked before, as [`Json::raw`] gave it.
    pub(crate) const fn checked(text: &'a str) -> Self {
        Self(text)
    }

    /// Checks bytes as one JSON value in UTF-8.
    pub fn parse_bytes(bytes: &'a [u8]) -> Option<Self> {
        std::str::from_utf8(bytes).ok().and_then(Self::parse)
    }

    /// The value's own text.
    pub const fn raw(self) -> &'a str {
        self.0
    }

    /// Whether it is `null`.
    pub fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The value, unless it is `null`.
    pub fn present(self) -> Option<Self> {
        (!self.is_null()).then_some(self)
    }

    /// `true` or `false`.
    pub fn flag(self) -> Option<bool> {
        self.0.parse().ok()
    }

    /// A whole number in plain digits.
    pub fn integer(self) -> Option<i64> {
        self.0.parse().ok()
    }

    /// A string without escapes, as hex text and addresses are: no copy.
    pub fn plain(self) -> Option<&'a str> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        (!inner.contains('\\')).then_some(inner)
    }

    /// Any string.
    pub fn text(self) -> Option<Cow<'a, str>> {
        let inner = self.0.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') { unescape(inner).map(Cow::Owned) } else { Some(Cow::Borrowed(inner)) }
    }

    /// The members of an object, in their order, by their raw keys; none for anything else.
    pub fn members(self) -> Members<'a> {
        Members(Cursor::inside(self.0, "{"))
    }

    /// The elements of an array, in their order; none for anything else.
    pub fn elements(self) -> Elements<'a> {
        Elements(Cursor::inside(self.0, "["))
    }

    /// [`Json::fields`] of each element of an array, all in one pass over its text: a list of 20,000 logs is not read once
    /// for where they end and once more for what they are.
    pub fn rows<const N: usize>(self, keys: [&'a str; N]) -> Rows<'a, N> {
        Rows { cursor: Cursor::inside(self.0, "["), keys }
    }

    /// Whether it is an array.
    pub fn is_array(self) -> bool {
        self.0.starts_with('[')
    }

    /// The members with these keys, found in one pass; `null` is as good as absent.
    pub fn fields<const N: usize>(self, keys: [&str; N]) -> [Option<Self>; N] {
        let mut found = [None; N];
        self.fill(&keys, &mut found);
        found
    }

    fn fill(self, keys: &[&str], found: &mut [Option<Self>]) {
        if let Some(mut cursor) = Cursor::inside(self.0, "{") {
            cursor.members(keys, found);
        }
    }

    /// The member with this key; the last one, where a key stands twice.
    pub fn get(self, key: &str) -> Option<Self> {
        self.members().filter(|(name, _)| *name == key).last().map(|(_, value)| value)
    }
}

/// See [`Json::members`].
pub struct Members<'a>(Option<Cursor<'a>>);

impl<'a> Iterator for Members<'a> {
    type Item = (&'a str, Json<'a>);
    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next_member()
    }
}

/// See [`Json::elements`].
pub struct Elements<'a>(Option<Cursor<'a>>);

impl<'a> Iterator for Elements<'a> {
    type Item = Json<'a>;
    fn next(&mut self) -> Option<Self::Item> {
        self.0.as_mut()?.next_value()
    }
}

/// See [`Json::rows`].
pub struct Rows<'a, const N: usize> {
    cursor: Option<Cursor<'a>>,
    keys: [&'a str; N],
}

impl<'a, const N: usize> Iterator for Rows<'a, N> {
    type Item = [Option<Json<'a>>; N];
    fn next(&mut self) -> Option<Self::Item> {
        let mut found = [None; N];
        self.cursor.as_mut()?.next_row(&self.keys, &mut found)?;
        Some(found)
    }
}

/// A string's text as a JSON string.
pub fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    push_quoted(&mut out, text);
    out
}

/// Adds a string's text as a JSON string.
pub fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, special, behind)) = split_at_special(rest) {
        out.push_str(plain);
        match special {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            control => out.push_str(&format!("\\u{control:04x}")),
        }
        rest = behind;
    }
    out.push_str(rest);
    out.push('"');
}

/// The text before the first byte that a JSON string cannot hold as it is, that byte, and what follows.
fn split_at_special(text: &str) -> Option<(&str, u8, &str)> {
    let at = special(text.as_bytes());
    Some((text.get(..at)?, *text.as_bytes().get(at)?, text.get(at + 1..)?))
}

/// Where the first `"`, `\` or control character is; the length where there is none. Eight bytes at a time: most of what
/// nodes answer is long hex text.
fn special(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    let (chunks, rest) = bytes.as_chunks::<8>();
    let mut at = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        // The high bit of the first byte that is zero, or less than a space, is set; of those before it, none is.
        let zero = |word: u64| word.wrapping_sub(ONES) & !word;
        let found = zero(word ^ (ONES * 0x22)) | zero(word ^ (ONES * 0x5c)) | word.wrapping_sub(ONES * 0x20) & !word;
        if found & HIGH != 0 {
            return at + (found & HIGH).trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// A place in the text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Just inside an array or object that was checked.
    fn inside(text: &'a str, open: &str) -> Option<Self> {
        text.starts_with(open).then_some(Self { text, at: 1 })
    }

    /// To the next item of an array or object that was checked, or its end.
    fn next_item(&mut self) {
        self.space();
        if self.eat(b',').is_some() {
            self.space();
        }
    }

    /// The next value of an array or object that was checked; `None` at its end.
    fn next_value(&mut self) -> Option<Json<'a>> {
        self.next_item();
        let start = self.at;
        // Checked before, so the depth needs no counting.
        self.value(0)?;
        self.text.get(start..self.at).map(Json)
    }

    /// The next member of an object that was checked; `None` at its end.
    fn next_member(&mut self) -> Option<(&'a str, Json<'a>)> {
        self.next_item();
        let start = self.at + 1;
        self.string()?;
        let key = self.text.get(start..self.at - 1)?;
        self.space();
        self.eat(b':')?;
        Some((key, self.next_value()?))
    }

    /// Reads the members of an object that was checked, from just inside it to its end.
    fn members(&mut self, keys: &[&str], found: &mut [Option<Json<'a>>]) {
        while let Some((name, value)) = self.next_member() {
            if let Some((_, slot)) = keys.iter().zip(&mut *found).find(|(key, _)| **key == name) {
                *slot = value.present();
            }
        }
    }

    /// The members of the next element of an array that was checked; none where it is no object.
    fn next_row(&mut self, keys: &[&str], found: &mut [Option<Json<'a>>]) -> Option<()> {
        self.next_item();
        if self.eat(b'{').is_none() {
            return self.value(0);
        }
        self.members(keys, found);
        self.eat(b'}')
    }

    #[inline(always)]
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn eat(&mut self, byte: u8) -> Option<()> {
        (self.peek() == Some(byte)).then(|| self.at += 1)
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => self.group(b'}', depth),
            b'[' => self.group(b']', depth),
            b't' => self.word("true"),
            b'f' => self.word("false"),
            b'n' => self.word("null"),
            _ => self.number(),
        }
    }

    /// An array, or an object when it closes with `}`.
    fn group(&mut self, close: u8, depth: usize) -> Option<()> {
        if depth == MAX_DEPTH {
            return None;
        }
        self.at += 1;
        self.space();
        if self.eat(close).is_some() {
            return Some(());
        }
        loop {
            self.space();
            if close == b'}' {
                self.string()?;
                self.space();
                self.eat(b':')?;
                self.space();
            }
            self.value(depth + 1)?;
            self.space();
            if self.eat(close).is_some() {
                return Some(());
            }
            self.eat(b',')?;
        }
    }

    fn word(&mut self, word: &str) -> Option<()> {
        self.text.get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn string(&mut self) -> Option<()> {
        self.eat(b'"')?;
        loop {
            self.at += special(self.text.as_bytes().get(self.at..)?);
            let byte = self.peek()?;
            self.at += 1;
            match byte {
                b'"' => return Some(()),
                b'\\' => {
                    let escape = self.peek()?;
                    self.at += 1;
                    match escape {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            let digits = self.text.as_bytes().get(self.at..self.at + 4)?;
                            digits.iter().all(u8::is_ascii_hexdigit).then(|| self.at += 4)?;
                        }
                        _ => return None,
                    }
                }
                _ => return None,
            }
        }
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn number(&mut self) -> Option<()> {
        let _ = self.eat(b'-');
        if self.eat(b'0').is_none() {
            self.digits()?;
        }
        if self.eat(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }
}

/// Resolves the escapes of a checked string; `None` for half a surrogate pair.
fn unescape(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        out.push(match chars.next()? {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let mut unit = || {
                    let digits = chars.as_str().get(..4)?;
                    chars = chars.as_str().get(4..)?.chars();
                    u16::from_str_radix(digits, 16).ok()
                };
                let first = unit()?;
                let mut units = vec![first];
                if (0xd800..0xdc00).contains(&first) {
                    (chars.next()? == '\\' && chars.next()? == 'u').then_some(())?;
                    let digits = chars.as_str().get(..4)?;
                    chars = chars.as_str().get(4..)?.chars();
                    units.push(u16::from_str_radix(digits, 16).ok()?);
                }
                char::decode_utf16(units).next()?.ok()?
            }
            other => other,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// The same value, built by this reader.
    fn tree(json: Json<'_>) -> Option<Value> {
        if let Some(text) = json.text() {
            return Some(Value::from(text.into_owned()));
        }
        Some(if json.is_array() {
            Value::Array(json.elements().map(tree).collect::<Option<_>>()?)
        } else if json.raw().starts_with('{') {
            let members = json.members().map(|(key, value)| Some((unescape(key)?, tree(value)?)));
            Value::Object(members.collect::<Option<_>>()?)
        } else {
            serde_json::from_str(json.raw()).ok()?
        })
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            "\\PC{0,12}".prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    /// Mostly an object with some of a few keys.
    fn any_row() -> impl Strategy<Value = Value> {
        let member = (prop::sample::select(vec!["a", "b", "c", "long key with \\"]), any_json());
        let object = prop::collection::vec(member, 0..4)
            .prop_map(|members| Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()));
        prop_oneof![4 => object, 1 => any_json()]
    }

    proptest! {
        #[test]
        fn every_value_reads_as_serde_reads_it(value in any_json(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap_or_default();
            prop_assert_eq!(Json::parse(&text).and_then(tree), serde_json::from_str(&text).ok());
        }

        #[test]
        fn what_serde_refuses_is_refused(text in "[\\[\\]{},:\"\\\\0-9a-z.+\\- ]{0,24}") {
            prop_assert_eq!(Json::parse(&text).is_some(), serde_json::from_str::<&serde_json::value::RawValue>(&text).is_ok(), "{}", text);
        }

        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
            if let Some(json) = Json::parse_bytes(&bytes) {
                let _ = tree(json);
            }
        }

        #[test]
        fn rows_are_the_fields_of_the_elements(elements in prop::collection::vec(any_row(), 0..6), pretty in any::<bool>()) {
            let list = Value::from(elements);
            let text = if pretty { serde_json::to_string_pretty(&list) } else { serde_json::to_string(&list) }.unwrap_or_default();
            let json = Json::parse(&text);
            let keys = ["a", "b", "long key with \\"];
            let rows: Option<Vec<_>> = json.map(|json| json.rows(keys).collect());
            prop_assert_eq!(rows, json.map(|json| json.elements().map(|element| element.fields(keys)).collect()));
        }

        #[test]
        fn the_first_special_byte_is_found(text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'a'), Just(0x21), Just(0x80)], 0..40)) {
            let found = text.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(text.len());
            prop_assert_eq!(special(&text), found);
        }

        #[test]
        fn quoted_text_comes_back(text in any::<String>()) {
            let quoted = quote(&text);
            let read = Json::parse(&quoted).and_then(Json::text);
            prop_assert_eq!(read.as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(Json::parse(&deep(MAX_DEPTH)).is_some());
        assert!(Json::parse(&deep(MAX_DEPTH + 1)).is_none());
        assert!(Json::parse(&"[".repeat(1_000_000)).is_none());
    }

    #[test]
    fn the_last_of_two_keys_counts() {
        let json = Json::parse(r#" {"a": 1, "b" : [true], "a": "x"} "#);
        assert_eq!(json.and_then(|j| j.get("a")).and_then(Json::plain), Some("x"));
        assert_eq!(json.and_then(|j| j.get("b")).map(|b| b.elements().filter_map(Json::flag).count()), Some(1));
        assert_eq!(json.and_then(|j| j.get("c")), None);
    }
}
