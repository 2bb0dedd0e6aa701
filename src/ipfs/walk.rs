//! The proof of a file from its blocks, in the order of a CAR with `dag-scope=entity` and `order=dfs`: each block is hashed
//! against the CID that its parent names, and the file's bytes come out in their order.
//!
//! ```text
//! root ─▶ directory ─▶ … ─▶ node ─▶ leaf, leaf, node ─▶ leaf, leaf        wanted(): the CID that must come next
//!         (the path)        (the file, children from left to right)      take(): the block, or a typed error
//! ```
//!
//! Kept are the links whose turn is still to come, never the file. A parent states how many bytes of file are below each
//! child, and each child is held to it: what comes out has the length that the root states.

use super::cid::{Cid, DAG_PB, RAW};
use super::error::{Error, Fault};
use super::node::{Kind, Node};
use super::verify::{Block, MAX_BLOCK};

/// The most nodes between a file's root and a leaf. 174 children on each level need six for the largest file there can be.
const MAX_DEPTH: u8 = 32;
/// The most links whose turn is still to come: a level's worth for nodes of 1024 children has 1024.
const MAX_PENDING: usize = 1 << 16;

/// Takes blocks, gives proven bytes.
#[derive(Clone)]
pub struct Walker {
    /// The next one is the last.
    pending: Vec<Want>,
    /// What is left of the path; the next segment is the last.
    path: Vec<Vec<u8>>,
    max_bytes: u64,
    size: Option<u64>,
    blocks: u64,
    before: Option<Cid>,
    proven: Vec<u8>,
}

/// A block whose turn is to come.
#[derive(Clone)]
struct Want {
    cid: Cid,
    depth: u8,
    /// The bytes of file below, as its parent states; `None` for directories and the file's root.
    size: Option<u64>,
}

impl Walker {
    /// Begins at `root`, for the file at `path` below it: segments with slashes between, percent-encoded as in links. An
    /// empty path is the root itself.
    ///
    /// # Errors
    /// [`Error::UnsupportedMultihash`]; those of [`take`](Self::take) for a root that is its own block.
    pub fn new(root: Cid, path: &str, max_bytes: u64) -> Result<Self, Error> {
        let path = path.rsplit('/').filter(|segment| !segment.is_empty()).map(percent_decode).collect();
        let pending = vec![Want { cid: root, depth: 0, size: None }];
        let mut walker = Self { pending, path, max_bytes, size: None, blocks: 0, before: None, proven: Vec::new() };
        walker.take_identities()?;
        if let Some(wanted) = walker.wanted() {
            wanted.sha2_256()?;
        }
        Ok(walker)
    }

    /// The block that must come next; `None` when the file is complete.
    pub fn wanted(&self) -> Option<&Cid> {
        self.pending.last().map(|want| &want.cid)
    }

    /// The blocks whose turn is to come, the next one first, without those that are their own CID. A node's children come
    /// in front of them once it is taken.
    pub fn upcoming(&self) -> impl Iterator<Item = &Cid> {
        self.pending.iter().rev().map(|want| &want.cid).filter(|cid| cid.identity().is_none())
    }

    /// The next bytes of the file, proven; none until a block with some is taken. What is not asked for is kept.
    pub fn piece(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.proven)
    }

    /// The file's bytes, once its root was taken.
    pub fn size(&self) -> Option<u64> {
        self.size
    }

    /// How many blocks were taken.
    pub fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Takes a block with the CID that the sender gives it. Blocks that are their own CID are taken from their parents, so
    /// that they may be left out of the stream, and are passed over if they are not.
    ///
    /// # Errors
    /// [`Error::Block`] when another one's turn is; [`Error::Mismatch`] when the bytes are not those of the CID.
    /// After these nothing has changed. Proven, and so the same at every sender: [`Error::Path`], [`Error::Unsupported`],
    /// [`Error::UnsupportedMultihash`], [`Error::BadNode`], [`Error::TooLarge`].
    pub fn take(&mut self, cid: &Cid, block: Vec<u8>) -> Result<(), Error> {
        self.take_block(cid, Block::new(block))
    }

    /// As [`take`](Self::take), for a block that is hashed already.
    ///
    /// # Errors
    /// As [`take`](Self::take).
    pub fn take_block(&mut self, cid: &Cid, block: Block) -> Result<(), Error> {
        if let Some(own) = cid.identity() {
            let mismatch = || Error::Mismatch { expected: cid.to_string(), found: "other bytes".to_owned() };
            return (own == block.into_bytes()).then_some(()).ok_or_else(mismatch);
        }
        let wanted = self.wanted();
        if !wanted.is_some_and(|wanted| wanted.same_block(cid)) {
            let fault = if self.before.is_some_and(|before| before.same_block(cid)) {
                Fault::Repeated
            } else if self.pending.iter().any(|want| want.cid.same_block(cid)) {
                Fault::TooEarly
            } else {
                Fault::Unexpected
            };
            let expected = wanted.map(Cid::to_string);
            return Err(Error::Block { expected, found: Some(cid.to_string()), fault });
        }
        block.verify(cid)?;
        if let Some(want) = self.pending.pop() {
            self.before = Some(*cid);
            self.blocks += 1;
            self.open(&want, block.into_bytes())?;
        }
        self.take_identities()
    }

    /// Checks that the file is complete.
    ///
    /// # Errors
    /// [`Error::Block`] for the first missing one.
    pub fn finish(&self) -> Result<(), Error> {
        match self.wanted() {
            None => Ok(()),
            Some(cid) => Err(Error::Block { expected: Some(cid.to_string()), found: None, fault: Fault::Missing }),
        }
    }

    fn take_identities(&mut self) -> Result<(), Error> {
        while let Some(block) = self.wanted().and_then(Cid::identity).map(<[u8]>::to_vec) {
            if let Some(want) = self.pending.pop() {
                self.open(&want, block)?;
            }
        }
        Ok(())
    }

    /// Takes a block apart that has the right hash.
    fn open(&mut self, want: &Want, mut block: Vec<u8>) -> Result<(), Error> {
        let bad = |reason| Error::BadNode { cid: want.cid.to_string(), reason };
        if want.cid.codec() != DAG_PB {
            if !self.path.is_empty() {
                return Err(self.no_path("it is no directory"));
            }
            if want.size.is_some() && want.cid.codec() != RAW {
                return Err(bad("expected leaves of plain bytes or dag-pb"));
            }
            self.check_size(want, block.len() as u64)?;
            self.prove(block);
            return Ok(());
        }
        let node = Node::read(&block).ok_or_else(|| bad("expected a dag-pb node with UnixFS"))?;
        match node.kind {
            Kind::File if !self.path.is_empty() => return Err(self.no_path("it is no directory")),
            Kind::File => {}
            Kind::Directory if want.size.is_none() => return self.enter(&node, want),
            Kind::Shard if want.size.is_none() => {
                return Err(Error::Unsupported { cid: want.cid.to_string(), what: "a sharded directory (HAMT)" });
            }
            Kind::Symlink => return Err(Error::Unsupported { cid: want.cid.to_string(), what: "a symbolic link" }),
            _ => return Err(bad("expected a file's node")),
        }
        let total = node.total().ok_or_else(|| bad("expected a node whose sizes agree"))?;
        self.check_size(want, total)?;
        if want.depth >= MAX_DEPTH || self.pending.len() + node.links.len() > MAX_PENDING {
            return Err(bad("expected a tree of at most 32 levels and 65536 pending links"));
        }
        for ((cid, _), size) in node.links.iter().zip(&node.sizes).rev() {
            // No importer makes them, and nothing would bound their number.
            if *size == 0 {
                return Err(bad("expected children with bytes"));
            }
            if cid.identity().is_none() {
                cid.sha2_256()?;
            }
            self.pending.push(Want { cid: *cid, depth: want.depth + 1, size: Some(*size) });
        }
        let own = node.data;
        block.truncate(own.end);
        block.drain(..own.start.min(block.len()));
        self.prove(block);
        Ok(())
    }

    /// Follows the path through a directory.
    fn enter(&mut self, directory: &Node<'_>, want: &Want) -> Result<(), Error> {
        let Some(name) = self.path.last() else { return Err(self.no_path("it is a directory; name a file in it")) };
        let Some((cid, _)) = directory.links.iter().find(|(_, found)| found == name) else {
            return Err(self.no_path("the directory has no such entry"));
        };
        if cid.identity().is_none() {
            cid.sha2_256()?;
        }
        self.path.pop();
        self.pending.push(Want { cid: *cid, depth: 0, size: want.size });
        Ok(())
    }

    fn check_size(&mut self, want: &Want, found: u64) -> Result<(), Error> {
        match want.size {
            Some(stated) if stated != found => {
                Err(Error::BadNode { cid: want.cid.to_string(), reason: "expected as many bytes as its parent states" })
            }
            Some(_) => Ok(()),
            None if found > self.max_bytes => Err(Error::TooLarge { size: found, limit: self.max_bytes }),
            None => {
                self.size = Some(found);
                Ok(())
            }
        }
    }

    fn prove(&mut self, bytes: Vec<u8>) {
        if self.proven.is_empty() {
            self.proven = bytes;
        } else {
            self.proven.extend_from_slice(&bytes);
        }
    }

    fn no_path(&self, reason: &'static str) -> Error {
        Error::Path { name: self.path.last().map(|name| Error::quote(name)).unwrap_or_default(), reason }
    }
}

/// The most bytes on the wire for a file of at most `max_bytes` at a path of this many bytes: each block has its CID, and
/// nodes and directories are blocks too.
pub(super) fn wire_limit(max_bytes: usize, path: &str) -> usize {
    let segments = path.bytes().filter(|byte| *byte == b'/').count() + 2;
    max_bytes.saturating_add(max_bytes / 4).saturating_add(segments.saturating_mul(MAX_BLOCK))
}

/// `%20` and the like; what is no such mark stays as it is.
fn percent_decode(segment: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((byte, tail)) = rest.split_first() {
        let digit = |at: usize| tail.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high << 4 | low).to_le_bytes()[0]);
                rest = tail.get(2..).unwrap_or_default();
            }
            _ => {
                out.push(*byte);
                rest = tail;
            }
        }
    }
    out
}

#[cfg(test)]
#[path = "walk_tests.rs"]
mod tests;
