//! One dag-pb node and the UnixFS in it, read from a block whose hash was checked. Hashes say nothing of sense: any bytes
//! can have been published.
//!
//! Both are protobuf. Numbers need not be in their shortest form and fields may come in any order, as publishers' writers
//! differ; dag-pb has no further fields, UnixFS may have.

use std::ops::Range;

use super::cid::Cid;

/// UnixFS's types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `File` and `Raw`, which differ in name alone.
    File,
    Directory,
    Symlink,
    /// A part of a directory that is cut by its names' hashes.
    Shard,
    Other,
}

/// A node, taken apart.
pub(super) struct Node<'a> {
    pub(super) kind: Kind,
    /// The children, each with its name.
    pub(super) links: Vec<(Cid, &'a [u8])>,
    /// Where its own bytes of file stand in the block.
    pub(super) data: Range<usize>,
    /// The bytes of file in the node and below, where stated.
    pub(super) file_size: Option<u64>,
    /// The bytes of file below each link.
    pub(super) sizes: Vec<u64>,
}

impl<'a> Node<'a> {
    /// `None` for what is no dag-pb node with UnixFS in it.
    pub(super) fn read(block: &'a [u8]) -> Option<Self> {
        let mut links = Vec::new();
        let mut data = None;
        let mut fields = Fields { block, at: 0, end: block.len() };
        while !fields.is_over() {
            match fields.next()? {
                (1, Value::Bytes(found)) if data.is_none() => data = Some(found),
                (2, Value::Bytes(link)) => links.push(read_link(block, link)?),
                _ => return None,
            }
        }
        let data = data?;
        let mut node = Self { kind: Kind::Other, links, data: 0..0, file_size: None, sizes: Vec::new() };
        let mut fields = Fields { block, at: data.start, end: data.end };
        while !fields.is_over() {
            match fields.next()? {
                (1, Value::Number(kind)) => {
                    node.kind = match kind {
                        0 | 2 => Kind::File,
                        1 => Kind::Directory,
                        4 => Kind::Symlink,
                        5 => Kind::Shard,
                        _ => Kind::Other,
                    }
                }
                (2, Value::Bytes(bytes)) => node.data = bytes,
                (3, Value::Number(size)) => node.file_size = Some(size),
                (4, Value::Number(size)) => node.sizes.push(size),
                // Packed: all numbers in one field.
                (4, Value::Bytes(packed)) => {
                    let mut packed = Fields { block, at: packed.start, end: packed.end };
                    while !packed.is_over() {
                        node.sizes.push(packed.number()?);
                    }
                }
                (1..=4, _) => return None,
                _ => {}
            }
        }
        Some(node)
    }

    /// The bytes of file in the node and below; `None` when what is stated does not agree.
    pub(super) fn total(&self) -> Option<u64> {
        if self.sizes.len() != self.links.len() {
            return None;
        }
        let total = self.sizes.iter().try_fold(self.data.len() as u64, |sum, size| sum.checked_add(*size))?;
        self.file_size.is_none_or(|stated| stated == total).then_some(total)
    }
}

fn read_link(block: &[u8], at: Range<usize>) -> Option<(Cid, &[u8])> {
    let (mut cid, mut name) = (None, &[][..]);
    let mut fields = Fields { block, at: at.start, end: at.end };
    while !fields.is_over() {
        match fields.next()? {
            (1, Value::Bytes(bytes)) => cid = Some(Cid::from_bytes(block.get(bytes)?).ok()?),
            (2, Value::Bytes(bytes)) => name = block.get(bytes)?,
            (3, Value::Number(_)) => {}
            _ => return None,
        }
    }
    Some((cid?, name))
}

enum Value {
    Number(u64),
    Bytes(Range<usize>),
    /// Eight or four bytes, which nothing here uses.
    Fixed,
}

/// A protobuf message within a block.
struct Fields<'a> {
    block: &'a [u8],
    at: usize,
    end: usize,
}

impl Fields<'_> {
    fn is_over(&self) -> bool {
        self.at >= self.end
    }

    fn next(&mut self) -> Option<(u64, Value)> {
        let key = self.number()?;
        let value = match key & 7 {
            0 => Value::Number(self.number()?),
            1 => self.skip(8).map(|_| Value::Fixed)?,
            2 => {
                let length = self.number()?;
                Value::Bytes(self.skip(length)?)
            }
            5 => self.skip(4).map(|_| Value::Fixed)?,
            _ => return None,
        };
        Some((key >> 3, value))
    }

    fn skip(&mut self, length: u64) -> Option<Range<usize>> {
        let start = self.at;
        let end = start.checked_add(usize::try_from(length).ok()?).filter(|end| *end <= self.end)?;
        self.at = end;
        Some(start..end)
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0;
        for index in 0..10 {
            let byte = *self.block.get(self.at).filter(|_| self.at < self.end)?;
            self.at += 1;
            value |= u64::from(byte & 0x7f) << (7 * index);
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn file(unixfs: &[u8]) -> Vec<u8> {
        [&[0x0a, u8::try_from(unixfs.len()).unwrap()], unixfs].concat()
    }

    #[test]
    fn what_other_writers_do_is_read() {
        // mode and mtime; numbers in more bytes than needed; packed sizes.
        let block = file(&[0x08, 0x82, 0, 0x12, 2, b'h', b'i', 0x18, 2, 0x38, 0xa4, 3, 0x42, 2, 0x08, 1]);
        let node = Node::read(&block).unwrap();
        assert_eq!((node.kind, &block[node.data.clone()], node.total()), (Kind::File, &b"hi"[..], Some(2)));
        let node = file(&[0x08, 2, 0x22, 3, 0x80, 1, 5]);
        assert_eq!(Node::read(&node).unwrap().sizes, [128, 5]);
        assert_eq!(Node::read(&node).unwrap().total(), None, "sizes without links");
    }

    #[test]
    fn what_does_not_agree_has_no_size() {
        assert_eq!(Node::read(&file(&[0x08, 2, 0x12, 1, b'x', 0x18, 2])).unwrap().total(), None);
        let huge = [&[0x08, 2][..], &[0x20], &[0xff; 9], &[1], &[0x20], &[0xff; 9], &[1]].concat();
        assert_eq!(Node::read(&file(&huge)).unwrap().total(), None);
    }

    #[test]
    fn what_is_no_node_is_refused() {
        let two = [file(&[8, 2]), file(&[8, 2])].concat();
        for bad in [&[][..], &[0x0a], &[0x0a, 5, 8], &[0x0a, 1, 8], &[0x12, 0], &[0x1a, 0], &[0x0a, 2, 0x0a, 0], &two] {
            assert!(Node::read(bad).is_none(), "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_give_an_answer(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..0x30_u8], 0..80)) {
            if let Some(node) = Node::read(&bytes) {
                prop_assert!(bytes.get(node.data.clone()).is_some());
                let _ = node.total();
            }
        }
    }
}
