//! Server-sent events (WHATWG HTML §9.2), as they come: any split of the bytes gives the same events.
//!
//! Only `data` matters here; other fields and comments are passed over. An event that the end of the stream leaves open is
//! given out as well: what it is worth is for its reader to say.

/// A line, and an event's data, may have this many bytes. A final chunk can hold images, so this is far above what text
/// needs.
pub const MAX_EVENT: usize = 16 << 20;

/// A line or an event was longer than [`MAX_EVENT`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong;

/// The state between two pieces of a stream.
#[derive(Debug)]
pub struct Parser {
    limit: usize,
    /// The part of a line that has come so far.
    line: Vec<u8>,
    /// The event's data so far; `None` before its first `data` line.
    data: Option<Vec<u8>>,
    /// The last byte was a carriage return, so a line feed now belongs to it.
    after_return: bool,
    /// The first line is still to come, and with it perhaps a byte order mark.
    start: bool,
}

impl Default for Parser {
    fn default() -> Self {
        Self::with_limit(MAX_EVENT)
    }
}

impl Parser {
    /// A parser that refuses longer lines and events.
    pub const fn with_limit(limit: usize) -> Self {
        Self { limit, line: Vec::new(), data: None, after_return: false, start: true }
    }

    /// Takes the next piece; gives the data of each event that it completes to `event`.
    ///
    /// # Errors
    /// [`TooLong`]; the parser is of no further use then.
    pub fn push(&mut self, mut bytes: &[u8], event: &mut dyn FnMut(&[u8])) -> Result<(), TooLong> {
        if self.after_return && !bytes.is_empty() {
            self.after_return = false;
            bytes = bytes.strip_prefix(b"\n").unwrap_or(bytes);
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            let (head, tail) = bytes.split_at(end);
            if self.line.len() + head.len() > self.limit {
                return Err(TooLong);
            }
            if self.line.is_empty() {
                self.take_line(head, event)?;
            } else {
                self.line.extend_from_slice(head);
                let mut line = std::mem::take(&mut self.line);
                let taken = self.take_line(&line, event);
                line.clear();
                self.line = line;
                taken?;
            }
            bytes = match tail {
                [b'\r', b'\n', rest @ ..] => rest,
                [b'\r'] => {
                    self.after_return = true;
                    &[]
                }
                [_, rest @ ..] => rest,
                [] => &[],
            };
        }
        if self.line.len() + bytes.len() > self.limit {
            return Err(TooLong);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    /// Takes the end of the stream.
    ///
    /// # Errors
    /// As [`Parser::push`].
    pub fn finish(&mut self, event: &mut dyn FnMut(&[u8])) -> Result<(), TooLong> {
        let line = std::mem::take(&mut self.line);
        self.take_line(&line, event)?;
        self.take_line(&[], event)
    }

    fn take_line(&mut self, mut line: &[u8], event: &mut dyn FnMut(&[u8])) -> Result<(), TooLong> {
        if std::mem::take(&mut self.start) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            if let Some(data) = self.data.take() {
                event(&data);
            }
            return Ok(());
        }
        let value = match line.strip_prefix(b"data") {
            Some([]) => &[][..],
            Some([b':', b' ', value @ ..] | [b':', value @ ..]) => value,
            _ => return Ok(()),
        };
        match &mut self.data {
            Some(data) => {
                if data.len() + 1 + value.len() > self.limit {
                    return Err(TooLong);
                }
                data.push(b'\n');
                data.extend_from_slice(value);
            }
            None => self.data = Some(value.to_vec()),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Outcome = (Vec<String>, Result<(), TooLong>);

    fn parse<'a>(limit: usize, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
        let mut parser = Parser::with_limit(limit);
        let mut events = Vec::new();
        let mut event = |data: &[u8]| events.push(String::from_utf8_lossy(data).into_owned());
        let mut result = Ok(());
        for piece in pieces {
            result = parser.push(piece, &mut event);
            if result.is_err() {
                break;
            }
        }
        let result = result.and_then(|()| parser.finish(&mut event));
        (events, result)
    }

    fn events(text: &str) -> Vec<String> {
        parse(MAX_EVENT, [text.as_bytes()]).0
    }

    #[test]
    fn lines_end_in_three_ways() {
        for text in
            ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r", "data: a\r\n\ndata: b\r\n\r"]
        {
            assert_eq!(events(text), ["a", "b"], "{text:?}");
        }
    }

    #[test]
    fn fields_are_read_by_the_book() {
        assert_eq!(events("\u{feff}data: a\n\n"), ["a"]);
        assert_eq!(events(": ping\n\nevent: x\nid: 1\ndata: a\nretry: 5\ndata:b\ndata\ndata:  c\n\n"), ["a\nb\n\n c"]);
        assert_eq!(events("dat: a\ndatas: b\n data: c\nevent: d\n\n"), Vec::<String>::new());
        assert_eq!(events("data\n\n"), [""]);
        assert_eq!(events("data: open"), ["open"]);
        assert_eq!(events("data: open\n"), ["open"]);
        assert_eq!(events(""), Vec::<String>::new());
    }

    #[test]
    fn lines_and_events_have_a_limit() {
        assert_eq!(parse(10, [&b"data: abcd\n\n"[..]]), (vec!["abcd".to_owned()], Ok(())));
        assert_eq!(parse(10, [&b"data: abcde\n\n"[..]]).1, Err(TooLong));
        assert_eq!(parse(10, [&b": no end in sight"[..]]).1, Err(TooLong));
        assert_eq!(parse(10, [&b"data: abcd\ndata: abcd\ndata: a\n\n"[..]]).1, Err(TooLong));
    }

    /// Skips what a debug build's slowness says nothing about: run with `--release -- --ignored`.
    #[test]
    #[ignore = "a measurement"]
    fn fifty_megabytes_a_second() {
        let text = "data: {\"choices\":[{\"delta\":{\"content\":\"token\",\"role\":\"assistant\"},\"index\":0,\"finish_reason\":null}]}\n\n";
        let stream = text.repeat((64 << 20) / text.len());
        let start = std::time::Instant::now();
        let mut parser = Parser::default();
        let mut count = 0;
        for piece in stream.as_bytes().chunks(1400) {
            assert_eq!(parser.push(piece, &mut |_| count += 1), Ok(()));
        }
        let rate = stream.len() as f64 / start.elapsed().as_secs_f64() / 1e6;
        println!("{count} events, {rate:.0} MB/s");
        assert!(rate > 50.0);
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_events(
            text in "(data: ?|data|: |event: |\u{feff}|[a-cé{}]{0,4}|\r|\n|\r\n|\n\n){0,30}",
            limit in prop_oneof![Just(MAX_EVENT), 1_usize..20],
            cuts in prop::collection::vec(0_usize..120, 0..12),
        ) {
            let bytes = text.as_bytes();
            let mut cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(bytes.len())).chain([0, bytes.len()]).collect();
            cuts.sort_unstable();
            let pieces = cuts.windows(2).filter_map(|pair| bytes.get(*pair.first()?..*pair.last()?));
            prop_assert_eq!(parse(limit, pieces), parse(limit, [bytes]));
            prop_assert_eq!(parse(limit, bytes.chunks(1)), parse(limit, [bytes]));
        }
    }
}
