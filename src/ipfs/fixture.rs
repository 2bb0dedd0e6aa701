//! What tests serve: files as blocks, directories, CARs. Written apart from the code under test, from the specifications.

use super::cid::{Cid, DAG_PB, RAW, push_varint, sha256};
use super::unixfs::{Layout, Leaf};

/// A block behind its CID.
pub(super) type Block = (Cid, Vec<u8>);

/// `{"roots": [], "version": 1}`.
pub(super) const HEADER: &[u8] =
    &[0xa2, 0x65, b'r', b'o', b'o', b't', b's', 0x80, 0x67, b'v', b'e', b'r', b's', b'i', b'o', b'n', 1];

/// A file or directory: the blocks of its CAR, in depth-first order with duplicates.
#[derive(Clone, Debug)]
pub(super) struct Dag {
    pub(super) root: Cid,
    pub(super) order: Vec<Block>,
    size: u64,
    /// Bytes of blocks, with its own.
    total: u64,
}

impl Dag {
    pub(super) fn car(&self) -> Vec<u8> {
        car(&self.order)
    }
}

/// Bytes without a pattern that chunks would share.
pub(super) fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

pub(super) fn raw(bytes: &[u8]) -> Block {
    (Cid::v1(RAW, sha256(bytes)), bytes.to_vec())
}

pub(super) fn section(out: &mut Vec<u8>, (cid, block): &Block) {
    let cid = cid.to_bytes();
    push_varint(out, (cid.len() + block.len()) as u64);
    out.extend(cid);
    out.extend(block);
}

pub(super) fn car(blocks: &[Block]) -> Vec<u8> {
    let mut out = vec![u8::try_from(HEADER.len()).unwrap_or_default()];
    out.extend(HEADER);
    blocks.iter().for_each(|block| section(&mut out, block));
    out
}

fn bytes_field(out: &mut Vec<u8>, field: u8, bytes: &[u8]) {
    out.push(field << 3 | 2);
    push_varint(out, bytes.len() as u64);
    out.extend(bytes);
}

/// A dag-pb node with UnixFS of this kind, its links named.
pub(super) fn node(kind: u8, data: &[u8], children: &[(&str, &Dag)], v0: bool) -> Dag {
    let mut block = Vec::new();
    for (name, child) in children {
        let mut link = Vec::new();
        bytes_field(&mut link, 1, &child.root.to_bytes());
        bytes_field(&mut link, 2, name.as_bytes());
        link.push(0x18);
        push_varint(&mut link, child.total);
        bytes_field(&mut block, 2, &link);
    }
    let mut unixfs = vec![8, kind];
    if !data.is_empty() {
        bytes_field(&mut unixfs, 2, data);
    }
    let size = data.len() as u64 + children.iter().map(|(_, child)| child.size).sum::<u64>();
    if kind != 1 && kind != 5 {
        unixfs.push(0x18);
        push_varint(&mut unixfs, size);
        for (_, child) in children {
            unixfs.push(0x20);
            push_varint(&mut unixfs, child.size);
        }
    }
    bytes_field(&mut block, 1, &unixfs);
    let root = if v0 { Cid::v0(sha256(&block)) } else { Cid::v1(DAG_PB, sha256(&block)) };
    let total = block.len() as u64 + children.iter().map(|(_, child)| child.total).sum::<u64>();
    let below = children.iter().flat_map(|(_, child)| child.order.iter().cloned());
    Dag { root, order: std::iter::once((root, block)).chain(below).collect(), size, total }
}

/// A directory; its CAR is of no use but for [`inside`].
pub(super) fn directory(entries: &[(&str, &Dag)]) -> Dag {
    node(1, &[], entries, false)
}

/// What a gateway sends for a path: the directories on the way, then the entity.
pub(super) fn inside(way: &[&Dag], entity: &Dag) -> Vec<Block> {
    let nodes = way.iter().filter_map(|directory| directory.order.first().cloned());
    nodes.chain(entity.order.iter().cloned()).collect()
}

/// A leaf of plain bytes, or of a block that stands in its own CID.
pub(super) fn leaf(bytes: &[u8], identity: bool) -> Dag {
    let (mut root, block) = raw(bytes);
    let mut order = vec![(root, block)];
    if identity {
        let own = [&[1, 0x55, 0, u8::try_from(bytes.len()).unwrap_or_default()], bytes].concat();
        root = Cid::from_bytes(&own).unwrap_or(root);
        order.clear();
    }
    Dag { root, order, size: bytes.len() as u64, total: bytes.len() as u64 }
}

/// A file under a layout.
pub(super) fn file(bytes: &[u8], layout: &Layout) -> Dag {
    let v0 = layout.cid_version == super::cid::Version::V0;
    let chunks: Vec<&[u8]> = if bytes.is_empty() { vec![&[]] } else { bytes.chunks(layout.chunk_size).collect() };
    let leaf = |chunk: &&[u8]| match layout.leaf {
        Leaf::Raw => leaf(chunk, false),
        Leaf::File => node(2, chunk, &[], v0),
        Leaf::RawNode => node(0, chunk, &[], v0),
    };
    let mut level: Vec<Dag> = chunks.iter().map(leaf).collect();
    while level.len() > 1 {
        let parent = |row: &[Dag]| node(2, &[], &row.iter().map(|child| ("", child)).collect::<Vec<_>>(), v0);
        level = level.chunks(layout.max_children).map(parent).collect();
    }
    level.pop().unwrap_or_else(|| node(2, &[], &[], v0))
}
