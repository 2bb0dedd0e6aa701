//! Which CID a file has (the UnixFS and dag-pb specifications), computed while its bytes arrive.
//!
//! ```text
//!                 root                     a file is cut into chunks; each becomes a leaf, plain bytes or a
//!           ┌──────┴──────┐                dag-pb node; each `max_children` leaves get a parent, and so on,
//!         node           node              until one is left. A file of one chunk is its leaf.
//!      ┌───┼───┐       ┌──┴──┐
//!    leaf leaf leaf   leaf  leaf           every leaf is equally far from the root ("balanced")
//! ```
//!
//! Sizes and encodings are the publisher's choice, so the same bytes have several CIDs: a [`Layout`] is one choice, and
//! [`LAYOUTS`] those in use. Directories, symbolic links, trickle trees and content-defined chunks are left out.

use sha2::{Digest as _, Sha256};

use super::cid::{Cid, DAG_PB, RAW, Version, push_varint, sha256};

/// UnixFS's number for the type `File`; `Raw` is 0.
const FILE: u8 = 2;

/// What a leaf is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leaf {
    /// The chunk's plain bytes.
    Raw,
    /// A dag-pb node of UnixFS type `File`: kubo's and the JavaScript importer's.
    File,
    /// A dag-pb node of UnixFS type `Raw`: the JavaScript importer's with `leafType: "raw"`.
    RawNode,
}

/// How a file becomes a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The name shown in a proof.
    pub name: &'static str,
    /// The version of the CIDs of all but plain leaves, which always have version 1.
    pub cid_version: Version,
    /// What its leaves are.
    pub leaf: Leaf,
    /// Bytes in a chunk; 0 counts as 1.
    pub chunk_size: usize,
    /// The most links in a node; below 2 counts as 2.
    pub max_children: usize,
}

const fn layout(name: &'static str, cid_version: Version, leaf: Leaf, chunk_size: usize, max_children: usize) -> Layout {
    Layout { name, cid_version, leaf, chunk_size, max_children }
}

/// kubo's default for ten years, and the profile named after it.
pub const KUBO_V0: Layout = layout("unixfs-v0-2015", Version::V0, Leaf::File, 256 << 10, 174);

/// kubo with `--cid-version=1`, and the JavaScript importer's default.
pub const KUBO_V1: Layout = layout("kubo-cid-v1", Version::V1, Leaf::Raw, 256 << 10, 174);

/// The layouts in use. Layouts with the same leaves stand together: checking them costs one hashing of the bytes.
pub const LAYOUTS: &[Layout] = &[
    KUBO_V0,
    // kubo with `--cid-version=1 --raw-leaves=false`.
    layout("kubo-v1-dag-pb", Version::V1, Leaf::File, 256 << 10, 174),
    // The profile that helia's defaults and newer kubo share.
    layout("unixfs-v1-2025", Version::V1, Leaf::Raw, 1 << 20, 1024),
    layout("1-mib-raw-174", Version::V1, Leaf::Raw, 1 << 20, 174),
    // helia with `cidVersion: 0`, whose leaves stay plain.
    layout("helia-v0", Version::V0, Leaf::Raw, 1 << 20, 1024),
    KUBO_V1,
    // kubo with `--raw-leaves`, and the importer with `cidVersion: 0`.
    layout("kubo-raw-leaves", Version::V0, Leaf::Raw, 256 << 10, 174),
    // helia with `rawLeaves: false`.
    layout("helia-v1-dag-pb", Version::V1, Leaf::File, 1 << 20, 1024),
    layout("helia-v0-dag-pb", Version::V0, Leaf::File, 1 << 20, 1024),
    // The importer with `rawLeaves: false, leafType: "raw"`.
    layout("importer-raw-node-v0", Version::V0, Leaf::RawNode, 256 << 10, 174),
    layout("importer-raw-node-v1", Version::V1, Leaf::RawNode, 256 << 10, 174),
];

/// A block and what is below it: enough to link to it.
#[derive(Clone, Copy, Debug)]
struct Node {
    codec: u64,
    digest: [u8; 32],
    /// Bytes of file below.
    file_size: u64,
    /// Bytes of blocks, with its own.
    block_size: u64,
}

/// The CID of bytes under a layout.
///
/// ```
/// use ogkit::ipfs::unixfs::{self, LAYOUTS};
///
/// let cid = LAYOUTS.first().map(|kubo| unixfs::root(b"hello world\n", kubo).to_string());
/// assert_eq!(cid.as_deref(), Some("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"));
/// ```
pub fn root(bytes: &[u8], layout: &Layout) -> Cid {
    let mut builder = Builder::new(layout);
    builder.update(bytes);
    builder.finish()
}

/// Computes a file's CID while its bytes arrive, in pieces of any size. It keeps at most one chunk and a few links.
#[derive(Clone)]
pub struct Builder {
    leaves: Leaves,
    tree: Tree,
}

impl Builder {
    /// An empty file so far.
    pub fn new(layout: &Layout) -> Self {
        Self { leaves: Leaves::new(layout.leaf, layout.chunk_size), tree: Tree::new(layout) }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.leaves.update(bytes, &mut |leaf| self.tree.push(leaf));
    }

    /// The CID of all that was taken.
    pub fn finish(self) -> Cid {
        let Self { leaves, mut tree } = self;
        leaves.finish(&mut |leaf| tree.push(leaf));
        tree.finish()
    }
}

/// Cuts a stream into chunks and hashes them into leaves.
#[derive(Clone)]
pub(super) struct Leaves {
    leaf: Leaf,
    chunk_size: usize,
    partial: Partial,
    count: u64,
}

/// The chunk that is not complete yet.
#[derive(Clone)]
enum Partial {
    /// A plain leaf is hashed as it arrives.
    Hashed { hasher: Sha256, length: usize },
    /// A dag-pb leaf starts with its length, which is known when it is complete: its bytes are kept.
    Kept(Vec<u8>),
}

impl Partial {
    fn new(leaf: Leaf) -> Self {
        match leaf {
            Leaf::Raw => Self::Hashed { hasher: Sha256::new(), length: 0 },
            Leaf::File | Leaf::RawNode => Self::Kept(Vec::new()),
        }
    }

    fn len(&self) -> usize {
        match self {
            Self::Hashed { length, .. } => *length,
            Self::Kept(bytes) => bytes.len(),
        }
    }
}

/// Whoever takes finished leaves.
pub(super) type Sink<'a> = &'a mut dyn FnMut(LeafNode);

/// A finished leaf, for [`Tree::push`].
#[derive(Clone, Copy)]
pub(super) struct LeafNode(Node);

impl Leaves {
    pub(super) fn new(leaf: Leaf, chunk_size: usize) -> Self {
        Self { leaf, chunk_size: chunk_size.max(1), partial: Partial::new(leaf), count: 0 }
    }

    pub(super) fn update(&mut self, mut bytes: &[u8], sink: Sink<'_>) {
        while !bytes.is_empty() {
            let missing = self.chunk_size - self.partial.len();
            let (now, later) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
            bytes = later;
            // A chunk that arrives whole is hashed where it lies.
            if now.len() == self.chunk_size {
                self.emit(leaf(self.leaf, now), sink);
                continue;
            }
            match &mut self.partial {
                Partial::Hashed { hasher, length } => {
                    hasher.update(now);
                    *length += now.len();
                }
                Partial::Kept(kept) => kept.extend_from_slice(now),
            }
            if now.len() == missing {
                self.close(sink);
            }
        }
    }

    /// Closes the last chunk; an empty file is one empty leaf.
    pub(super) fn finish(mut self, sink: Sink<'_>) {
        if self.partial.len() > 0 || self.count == 0 {
            self.close(sink);
        }
    }

    fn close(&mut self, sink: Sink<'_>) {
        let node = match &mut self.partial {
            Partial::Hashed { hasher, length } => {
                let size = std::mem::take(length) as u64;
                Node { codec: RAW, digest: hasher.finalize_reset().into(), file_size: size, block_size: size }
            }
            Partial::Kept(kept) => {
                let node = leaf(self.leaf, kept);
                kept.clear();
                node
            }
        };
        self.emit(node, sink);
    }

    fn emit(&mut self, node: Node, sink: Sink<'_>) {
        self.count += 1;
        sink(LeafNode(node));
    }
}

fn leaf(leaf: Leaf, chunk: &[u8]) -> Node {
    let (head, tail) = around(leaf, chunk.len() as u64);
    let digest = Sha256::new().chain_update(&head).chain_update(chunk).chain_update(&tail).finalize();
    LeafNode::new(leaf, chunk.len() as u64, digest.into()).0
}

/// What stands before and after a chunk of this size in its leaf's block.
pub fn around(leaf: Leaf, size: u64) -> (Vec<u8>, Vec<u8>) {
    let kind = match leaf {
        Leaf::Raw => return (Vec::new(), Vec::new()),
        Leaf::File => FILE,
        Leaf::RawNode => 0,
    };
    // UnixFS `Data`: Type (1), Data (2, left out when empty), filesize (3); in a dag-pb node's Data (1).
    let mut inner = vec![0x08, kind];
    if size > 0 {
        inner.push(0x12);
        push_varint(&mut inner, size);
    }
    let mut tail = vec![0x18];
    push_varint(&mut tail, size);
    let mut head = vec![0x0a];
    push_varint(&mut head, inner.len() as u64 + size + tail.len() as u64);
    head.extend(inner);
    (head, tail)
}

impl LeafNode {
    /// The leaf of a chunk of this size whose block has this SHA-256.
    pub(super) fn new(leaf: Leaf, size: u64, digest: [u8; 32]) -> Self {
        let (head, tail) = around(leaf, size);
        let codec = if leaf == Leaf::Raw { RAW } else { DAG_PB };
        Self(Node { codec, digest, file_size: size, block_size: size + (head.len() + tail.len()) as u64 })
    }
}

/// Hangs leaves in a balanced tree.
#[derive(Clone)]
pub(super) struct Tree {
    cid_version: Version,
    max_children: usize,
    /// From the leaves upwards, the nodes that have no parent yet: fewer than `max_children` on each level.
    levels: Vec<Vec<Node>>,
}

impl Tree {
    pub(super) fn new(layout: &Layout) -> Self {
        Self { cid_version: layout.cid_version, max_children: layout.max_children.max(2), levels: Vec::new() }
    }

    pub(super) fn push(&mut self, leaf: LeafNode) {
        self.push_at(0, leaf.0);
    }

    fn push_at(&mut self, mut level: usize, mut node: Node) {
        loop {
            let Some(row) = self.levels.get_mut(level) else {
                self.levels.push(vec![node]);
                return;
            };
            row.push(node);
            if row.len() < self.max_children {
                return;
            }
            node = parent(row, self.cid_version);
            row.clear();
            level += 1;
        }
    }

    /// The root's CID.
    pub(super) fn finish(mut self) -> Cid {
        // What is left on a level gets a parent, even alone: leaves must be equally far from the root. Only the root has none.
        let mut level = 0;
        while let Some(row) = self.levels.get_mut(level) {
            let row = std::mem::take(row);
            let is_top = self.levels.len() == level + 1;
            match row.as_slice() {
                [root] if is_top => return self.cid(root),
                [] => {}
                row => self.push_at(level + 1, parent(row, self.cid_version)),
            }
            level += 1;
        }
        // Reached without a single leaf only, and `Leaves` makes at least one.
        Cid::v1(RAW, sha256(&[]))
    }

    fn cid(&self, node: &Node) -> Cid {
        match (self.cid_version, node.codec) {
            (Version::V0, DAG_PB) => Cid::v0(node.digest),
            (_, codec) => Cid::v1(codec, node.digest),
        }
    }
}

/// The node above these.
fn parent(children: &[Node], cid_version: Version) -> Node {
    let mut block = Vec::with_capacity(children.len() * 56 + 16);
    // UnixFS `Data`: Type (1), filesize (3), blocksizes (4, each by itself).
    let file_size = children.iter().map(|child| child.file_size).sum();
    let mut data = vec![0x08, FILE, 0x18];
    push_varint(&mut data, file_size);
    let mut below = 0;
    for child in children {
        // A link is Hash (1), Name (2, empty but there), Tsize (3).
        let cid = match (cid_version, child.codec) {
            (Version::V0, DAG_PB) => Cid::v0(child.digest),
            (_, codec) => Cid::v1(codec, child.digest),
        };
        let cid = cid.to_bytes();
        let mut link = vec![0x0a];
        push_varint(&mut link, cid.len() as u64);
        link.extend_from_slice(&cid);
        link.extend_from_slice(&[0x12, 0x00, 0x18]);
        push_varint(&mut link, child.block_size);
        // A node is Links (2), then Data (1): dag-pb's canonical order is not that of the numbers.
        block.push(0x12);
        push_varint(&mut block, link.len() as u64);
        block.extend_from_slice(&link);
        data.push(0x20);
        push_varint(&mut data, child.file_size);
        below += child.block_size;
    }
    block.push(0x0a);
    push_varint(&mut block, data.len() as u64);
    block.extend_from_slice(&data);
    Node { codec: DAG_PB, digest: sha256(&block), file_size, block_size: block.len() as u64 + below }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_are_unique() {
        for (index, one) in LAYOUTS.iter().enumerate() {
            assert!(LAYOUTS[..index].iter().all(|other| other.name != one.name), "{}", one.name);
        }
    }

    #[test]
    fn a_layout_without_sense_is_read_as_the_nearest_with() {
        let silly = layout("", Version::V1, Leaf::Raw, 0, 0);
        assert_eq!(root(b"abc", &silly), root(b"abc", &layout("", Version::V1, Leaf::Raw, 1, 2)));
    }

    proptest! {
        /// However the bytes arrive, the root is that of the whole.
        #[test]
        fn pieces_do_not_matter(
            bytes in proptest::collection::vec(any::<u8>(), 0..400),
            pieces in proptest::collection::vec(0..60_usize, 0..40),
            (chunk_size, max_children) in (1..50_usize, 2..6_usize),
            leaf in prop_oneof![Just(Leaf::Raw), Just(Leaf::File), Just(Leaf::RawNode)],
            cid_version in prop_oneof![Just(Version::V0), Just(Version::V1)],
        ) {
            let layout = layout("", cid_version, leaf, chunk_size, max_children);
            let mut builder = Builder::new(&layout);
            let mut rest = bytes.as_slice();
            for piece in pieces {
                let (now, later) = rest.split_at(piece.min(rest.len()));
                builder.update(now);
                rest = later;
            }
            builder.update(rest);
            prop_assert_eq!(builder.finish(), root(&bytes, &layout));
        }
    }
}
