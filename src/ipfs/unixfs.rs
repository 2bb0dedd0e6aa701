//! Which CID a file has. A file is cut into chunks, each chunk becomes a leaf, leaves hang in a balanced tree; sizes
//! and encodings are the publisher's choice, so the same bytes have several CIDs. A CID is proven by building the tree
//! again under each layout in use and comparing the root (the UnixFS and dag-pb specifications).

use sha2::{Digest as _, Sha256};

use super::cid::{Cid, DAG_PB, RAW, push_varint};

/// How a file becomes a tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The name shown in a proof.
    pub name: &'static str,
    /// The version of the root's CID.
    pub version: u8,
    /// Whether leaves are plain bytes rather than dag-pb nodes.
    pub raw_leaves: bool,
    /// The type that a dag-pb leaf states: 0 for `Raw`, 2 for `File`.
    pub leaf_type: u8,
    /// Bytes in a chunk.
    pub chunk: usize,
    /// Links in a node.
    pub width: usize,
}

/// The layouts in use, the pinning service's first: kubo's defaults (version 0, and version 1 with raw leaves), the
/// profile `unixfs-v1-2025` that helia and newer kubo share, and what older JavaScript importers made.
pub const LAYOUTS: &[Layout] = &[
    Layout { name: "unixfs-v0-2015", version: 0, raw_leaves: false, leaf_type: 2, chunk: 256 << 10, width: 174 },
    Layout { name: "kubo-cid-v1", version: 1, raw_leaves: true, leaf_type: 2, chunk: 256 << 10, width: 174 },
    Layout { name: "unixfs-v1-2025", version: 1, raw_leaves: true, leaf_type: 2, chunk: 1 << 20, width: 1024 },
    Layout { name: "helia-2023", version: 1, raw_leaves: true, leaf_type: 2, chunk: 1 << 20, width: 174 },
    Layout { name: "js-ipfs-raw-leaf-type", version: 0, raw_leaves: false, leaf_type: 0, chunk: 256 << 10, width: 174 },
    Layout { name: "kubo-dag-pb-v1", version: 1, raw_leaves: false, leaf_type: 2, chunk: 256 << 10, width: 174 },
];

/// The name shown when a CID is the hash of the bytes themselves.
pub const SINGLE_BLOCK: &str = "raw-block";

/// A node of the tree: its block, how many bytes of file are below it, and how many bytes of blocks.
#[derive(Clone, Copy)]
struct Node {
    codec: u64,
    digest: [u8; 32],
    file_size: u64,
    block_size: u64,
}

/// The CID of `bytes` under a layout.
pub fn root(bytes: &[u8], layout: &Layout) -> Cid {
    let mut level: Vec<Node> = if bytes.is_empty() {
        vec![leaf(bytes, layout)]
    } else {
        bytes.chunks(layout.chunk.max(1)).map(|chunk| leaf(chunk, layout)).collect()
    };
    while level.len() > 1 {
        level = level.chunks(layout.width.max(2)).map(|children| parent(children, layout)).collect();
    }
    match level.first() {
        Some(node) if layout.version == 0 => Cid::v0(node.digest),
        Some(node) => Cid::v1(node.codec, node.digest),
        None => Cid::v1(RAW, sha256(bytes)),
    }
}

/// How `bytes` are what `cid` names: the layout's name; `None` when no known one gives that CID.
pub fn prove(cid: &Cid, bytes: &[u8]) -> Option<&'static str> {
    if cid.codec != DAG_PB {
        // Every other codec's block is served as it is.
        return (sha256(bytes) == cid.digest).then_some(SINGLE_BLOCK);
    }
    LAYOUTS.iter().find(|layout| cid.same_block(&root(bytes, layout))).map(|layout| layout.name)
}

/// SHA-256.
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

fn leaf(chunk: &[u8], layout: &Layout) -> Node {
    let size = chunk.len() as u64;
    if layout.raw_leaves {
        return Node { codec: RAW, digest: sha256(chunk), file_size: size, block_size: size };
    }
    // UnixFS `Data`: Type (1), Data (2, left out when empty), filesize (3); in a dag-pb node's Data field (1).
    let mut head = vec![0x08, layout.leaf_type];
    if !chunk.is_empty() {
        head.push(0x12);
        push_varint(&mut head, size);
    }
    let mut tail = vec![0x18];
    push_varint(&mut tail, size);
    let data = (head.len() + chunk.len() + tail.len()) as u64;
    let mut prefix = vec![0x0a];
    push_varint(&mut prefix, data);
    // Hashed in parts, so that the chunk is not copied.
    let digest = Sha256::new().chain_update(&prefix).chain_update(&head).chain_update(chunk).chain_update(&tail).finalize();
    Node { codec: DAG_PB, digest: digest.into(), file_size: size, block_size: prefix.len() as u64 + data }
}

fn parent(children: &[Node], layout: &Layout) -> Node {
    let mut block = Vec::with_capacity(children.len() * 56 + 16);
    let mut sizes = Vec::with_capacity(children.len() * 4 + 16);
    let file_size = children.iter().map(|child| child.file_size).sum();
    // dag-pb writes Links (2) before Data (1); a link is Hash (1), Name (2, empty), Tsize (3).
    for child in children {
        let mut cid = Vec::with_capacity(36);
        if layout.version == 1 || child.codec == RAW {
            cid.push(1);
            push_varint(&mut cid, child.codec);
        }
        cid.extend([0x12, 0x20]);
        cid.extend(child.digest);
        let mut link = vec![0x0a];
        push_varint(&mut link, cid.len() as u64);
        link.extend(cid);
        link.extend([0x12, 0x00, 0x18]);
        push_varint(&mut link, child.block_size);
        block.push(0x12);
        push_varint(&mut block, link.len() as u64);
        block.extend(link);
        sizes.push(0x20);
        push_varint(&mut sizes, child.file_size);
    }
    let mut data = vec![0x08, 0x02, 0x18];
    push_varint(&mut data, file_size);
    data.extend(sizes);
    block.push(0x0a);
    push_varint(&mut block, data.len() as u64);
    block.extend(data);
    let below: u64 = children.iter().map(|child| child.block_size).sum();
    Node { codec: DAG_PB, digest: sha256(&block), file_size, block_size: block.len() as u64 + below }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_roots() {
        // `ipfs add` of "hello world\n" and of an empty file, from kubo's documentation.
        let v0 = LAYOUTS.first().copied();
        let hello = v0.map(|layout| root(b"hello world\n", &layout).to_string());
        assert_eq!(hello.as_deref(), Some("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o"));
        let empty = v0.map(|layout| root(b"", &layout).to_string());
        assert_eq!(empty.as_deref(), Some("QmbFMke1KXqnYyBBWxB74N4c5SBnJMVAiMNRcGu6x1AwQH"));
    }

    #[test]
    fn a_changed_byte_proves_nothing() {
        let bytes: Vec<u8> = (0..600_000_u32).map(|i| i.to_le_bytes()[0]).collect();
        for layout in LAYOUTS {
            let cid = root(&bytes, layout);
            assert!(prove(&cid, &bytes).is_some());
            let mut changed = bytes.clone();
            changed[300_000] ^= 1;
            assert_eq!(prove(&cid, &changed), None);
            assert_eq!(prove(&cid, &bytes[..599_999]), None);
        }
    }
}
