//! Content-addressable archives (CARv1), read while they arrive: blocks one after another, each behind its CID.
//!
//! ```text
//! [length][header: dag-cbor {"roots": [CID…], "version": 1}]   [length][CID][block]   [length][CID][block] …
//! ```
//!
//! The reader says what stands there; whether a block is the one its CID names, and whether anyone asked for it, is
//! [`walk`](super::walk)'s business.

use super::cid::Cid;
use super::error::Error;
use super::verify::MAX_BLOCK;

/// The most bytes of a header: some 1,600 roots, where one is usual.
pub const MAX_HEADER: usize = 64 << 10;

/// The most bytes of a CID: three varints of nine bytes, one of two, and the longest digest.
const MAX_CID: usize = 96;

/// Takes a CAR in pieces of any size and gives its blocks. Keeps at most one block and one piece.
#[derive(Default)]
pub struct Reader {
    buffer: Vec<u8>,
    /// What was read of the buffer.
    at: usize,
    has_header: bool,
}

impl Reader {
    /// Takes the next bytes. Ask [`next_block`](Self::next_block) until it has none before giving more: what is not asked for
    /// is kept.
    pub fn push(&mut self, piece: &[u8]) {
        // Moved once it is the smaller part, so that tiny pieces do not move large blocks again and again.
        if self.at > self.buffer.len() / 2 {
            self.buffer.drain(..self.at);
            self.at = 0;
        }
        self.buffer.extend_from_slice(piece);
    }

    /// The next block with the CID in front of it, unchecked; `None` until more bytes are there.
    ///
    /// # Errors
    /// [`Error::BadCar`] for another version, lengths that are not in their shortest form, sections without a block's CID,
    /// headers of more than [`MAX_HEADER`] and blocks of more than [`MAX_BLOCK`] bytes.
    pub fn next_block(&mut self) -> Result<Option<(Cid, Vec<u8>)>, Error> {
        loop {
            let unread = self.buffer.get(self.at..).unwrap_or_default();
            let Some((length, start)) = length(unread)? else { return Ok(None) };
            if length > if self.has_header { MAX_BLOCK + MAX_CID } else { MAX_HEADER } {
                return Err(Error::BadCar {
                    reason: "expected a CAR with a header of at most 64 KiB and blocks of at most 2 MiB",
                });
            }
            let Some(mut section) = unread.get(start..start + length) else { return Ok(None) };
            self.at += start + length;
            if !self.has_header {
                self.has_header = true;
                check_header(section)?;
                continue;
            }
            let cid = Cid::take(&mut section).map_err(|_| Error::BadCar { reason: "expected a block behind its CID" })?;
            if section.len() > MAX_BLOCK {
                return Err(Error::BadCar { reason: "expected a block of at most 2 MiB" });
            }
            return Ok(Some((cid, section.to_vec())));
        }
    }

    /// Checks that what was pushed ends behind a block, or behind the header.
    ///
    /// # Errors
    /// [`Error::BadCar`].
    pub fn finish(&self) -> Result<(), Error> {
        if self.has_header && self.at == self.buffer.len() {
            Ok(())
        } else {
            Err(Error::BadCar { reason: "expected a whole CAR, but it breaks off" })
        }
    }
}

/// The length at the beginning, and how many bytes it takes; `None` until it is whole.
fn length(bytes: &[u8]) -> Result<Option<(usize, usize)>, Error> {
    let mut value = 0;
    // Four bytes hold what is accepted, with room to spare.
    for index in 0..4 {
        let Some(byte) = bytes.get(index) else { return Ok(None) };
        value |= usize::from(byte & 0x7f) << (7 * index);
        if *byte == 0 {
            break;
        }
        if byte & 0x80 == 0 {
            return Ok(Some((value, index + 1)));
        }
    }
    Err(Error::BadCar { reason: "expected a CAR, with the length of each section in front of it" })
}

/// `{"roots": [CID…], "version": 1}` in any order. The roots are not needed: the caller knows what it asked for.
fn check_header(header: &[u8]) -> Result<(), Error> {
    let mut rest = header;
    let mut read = || {
        let members = item(&mut rest, 5)?;
        let (mut version, mut has_roots) = (None, false);
        for _ in 0..members {
            let name = item(&mut rest, 3)?;
            match take(&mut rest, name)? {
                b"version" => version = Some(item(&mut rest, 0)?),
                b"roots" => {
                    has_roots = true;
                    for _ in 0..item(&mut rest, 4)? {
                        // A link: tag 42 on a byte string that begins with 0.
                        (item(&mut rest, 6)? == 42).then_some(())?;
                        let link = item(&mut rest, 2)?;
                        Cid::from_bytes(take(&mut rest, link)?.strip_prefix(&[0])?).ok()?;
                    }
                }
                _ => return None,
            }
        }
        (version == Some(1) && has_roots && rest.is_empty()).then_some(())
    };
    read().ok_or(Error::BadCar { reason: "expected a CAR of version 1" })
}

/// The argument of a CBOR item of this major type.
fn item(rest: &mut &[u8], major: u8) -> Option<usize> {
    let first = *take(rest, 1)?.first()?;
    (first >> 5 == major).then_some(())?;
    match first & 0x1f {
        small @ 0..24 => Some(usize::from(small)),
        24 => Some(usize::from(*take(rest, 1)?.first()?)),
        25 => take(rest, 2)?.try_into().ok().map(u16::from_be_bytes).map(usize::from),
        _ => None,
    }
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (now, later) = rest.split_at_checked(length)?;
    *rest = later;
    Some(now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::super::fixture::{self, HEADER};
    use super::*;

    fn read(bytes: &[u8], piece: usize) -> Result<Vec<(Cid, Vec<u8>)>, Error> {
        let (mut reader, mut blocks) = (Reader::default(), Vec::new());
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            while let Some(block) = reader.next_block()? {
                blocks.push(block);
            }
        }
        reader.finish().map(|()| blocks)
    }

    #[test]
    fn blocks_come_as_they_were_written_whatever_the_pieces() {
        let blocks: Vec<_> = [0, 1, 100, 127, 128, 300, 20_000].map(|size| fixture::raw(&vec![7; size])).into();
        let car = fixture::car(&blocks);
        for piece in [1, 2, 3, 7, 64, 4096, car.len()] {
            assert_eq!(read(&car, piece), Ok(blocks.clone()), "{piece}");
        }
        assert_eq!(read(&fixture::car(&[]), 1), Ok(Vec::new()));
    }

    #[test]
    fn a_car_that_breaks_off_says_so() {
        let car = fixture::car(&[fixture::raw(b"one"), fixture::raw(b"two")]);
        let ends = [car.len(), fixture::car(&[fixture::raw(b"one")]).len(), fixture::car(&[]).len()];
        for end in 0..=car.len() {
            assert_eq!(read(&car[..end], 5).is_ok(), ends.contains(&end), "{end}");
        }
    }

    #[test]
    fn what_is_no_car_of_version_1_is_refused_at_once() {
        let section = |header: &[u8]| [&[u8::try_from(header.len()).unwrap()], header].concat();
        let with_root =
            [&[0xa2, 0x65][..], b"roots", &[0x81, 0xd8, 0x2a, 0x45, 0, 1, 0x55, 0, 0, 0x67], b"version", &[1]].concat();
        assert_eq!(read(&section(&with_root), 4), Ok(Vec::new()));
        let cases: [(&str, Vec<u8>); 11] = [
            ("version 2", [&[0x0a, 0xa1, 0x67][..], b"version", &[2]].concat()),
            ("no roots", section(&[&[0xa1, 0x67][..], b"version", &[1]].concat())),
            ("more behind", section(&[HEADER, &[0]].concat())),
            ("a root that is none", section(&[&[0xa2, 0x65][..], b"roots", &[0x81, 0x01, 0x67], b"version", &[1]].concat())),
            ("HTML", b"<!doctype html><title>not found</title>".to_vec()),
            ("nothing but zeros", vec![0; 100]),
            ("a large header", vec![0xff, 0xff, 0x7f, 0]),
            ("a long number", vec![0xff; 20]),
            ("a large block", [&section(HEADER)[..], &[0xff, 0xff, 0xff, 0x7f]].concat()),
            ("a length that is not minimal", [&section(HEADER)[..], &[0x85, 0, 1, 0x55, 0, 0, 0]].concat()),
            ("no CID", [&section(HEADER)[..], &[4, 9, 9, 9, 9]].concat()),
        ];
        for (what, bytes) in cases {
            assert!(matches!(read(&bytes, 3), Err(Error::BadCar { .. })), "{what}");
        }
    }
}
