//! The proof that bytes are what a CID names.
//!
//! A CID of plain bytes, dag-cbor or dag-json is the hash of the bytes themselves. A dag-pb CID names a tree, of which a
//! plain gateway serves only the file: the tree is built again under each known layout, and its root compared. A tree of
//! an unknown layout cannot be told from a lie and is refused: it needs its blocks ([`verify_block`]).

use sha2::{Digest as _, Sha256};

use super::cid::{Cid, DAG_PB, Version, sha256};
use super::error::Error;
use super::unixfs::{LAYOUTS, Layout, Leaf, LeafNode, Leaves, Tree};
use crate::io::Io;

/// IPFS blocks have at most this many bytes, so a leaf of any chunk size fits in.
pub const MAX_BLOCK: usize = 2 << 20;

/// How bytes are what a CID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// The CID is the hash of the bytes themselves.
    Block,
    /// The bytes are the file in a single dag-pb node, larger than the chunks of any known layout.
    Leaf,
    /// The bytes are a file whose tree has the CID as its root, under this layout.
    File(&'static Layout),
}

impl Proof {
    /// A short name: `raw-block`, `single-node`, or the layout's.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Block => "raw-block",
            Self::Leaf => "single-node",
            Self::File(layout) => layout.name,
        }
    }
}

/// Checks a whole file against its CID. The likeliest layouts come first, so that an honest file is hashed once or twice.
///
/// # Errors
/// [`Error::UnsupportedMultihash`]; [`Error::Mismatch`] when the bytes are others, or their layout is not known.
///
/// ```
/// use ogkit::ipfs::cid::Cid;
/// use ogkit::ipfs::verify::verify;
///
/// # fn main() -> Result<(), ogkit::ipfs::Error> {
/// let cid = Cid::parse("QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o")?;
/// assert_eq!(verify(&cid, b"hello world\n")?.name(), "unixfs-v0-2015");
/// assert!(verify(&cid, b"hello moon\n").is_err());
/// # Ok(())
/// # }
/// ```
pub fn verify(cid: &Cid, bytes: &[u8]) -> Result<Proof, Error> {
    let wanted = cid.sha2_256()?;
    if cid.codec() != DAG_PB {
        return verify_block(cid, bytes).map(|()| Proof::Block);
    }
    let mut found = None;
    for group in candidates(cid, bytes.len() as u64) {
        let mut hashing = Hashing::new(group);
        hashing.update(bytes);
        for (root, proof) in hashing.finish() {
            if root.codec() == DAG_PB && root.sha2_256()? == wanted {
                return Ok(proof);
            }
            found.get_or_insert(root);
        }
    }
    Err(mismatch(cid, found))
}

/// Checks one block, as it is, against its CID: what a trustless gateway or a CAR delivers.
///
/// # Errors
/// [`Error::UnsupportedMultihash`], [`Error::Mismatch`].
pub fn verify_block(cid: &Cid, block: &[u8]) -> Result<(), Error> {
    verify_digest(cid, sha256(block))
}

/// Checks one block's SHA-256 against its CID.
pub(super) fn verify_digest(cid: &Cid, found: [u8; 32]) -> Result<(), Error> {
    if found == cid.sha2_256()? { Ok(()) } else { Err(mismatch(cid, Some(as_block(cid, found)))) }
}

/// A block and its SHA-256, which nothing but the hashing of these bytes can have made.
pub struct Block {
    bytes: Vec<u8>,
    digest: [u8; 32],
}

impl Block {
    /// Hashes here and now.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { digest: sha256(&bytes), bytes }
    }

    /// Hashes with the platform's own SHA-256, where that is faster.
    pub async fn hash(io: &Io, bytes: Vec<u8>) -> Self {
        Self { digest: io.crypto.sha256(&[&bytes]).await, bytes }
    }

    /// Checks the block against its CID.
    ///
    /// # Errors
    /// As [`verify_block`].
    pub fn verify(&self, cid: &Cid) -> Result<(), Error> {
        verify_digest(cid, self.digest)
    }

    /// The bytes.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Checks a file against its CID while its bytes arrive, under several layouts at once: each group of layouts with the
/// same leaves costs one hashing of the bytes, and at most a chunk of memory.
#[derive(Clone)]
pub struct Verifier {
    cid: Cid,
    state: State,
}

#[derive(Clone)]
enum State {
    Block(Sha256),
    File(Vec<Hashing>),
}

impl Verifier {
    /// Nothing has arrived yet. `layouts` are those to try, [`LAYOUTS`] or some of them.
    ///
    /// # Errors
    /// [`Error::UnsupportedMultihash`].
    pub fn new(cid: &Cid, layouts: &'static [Layout]) -> Result<Self, Error> {
        cid.sha2_256()?;
        let state = if cid.codec() == DAG_PB {
            State::File(groups(cid, layouts).into_iter().map(Hashing::new).collect())
        } else {
            State::Block(Sha256::new())
        };
        Ok(Self { cid: *cid, state })
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Block(hasher) => hasher.update(bytes),
            State::File(all) => all.iter_mut().for_each(|hashing| hashing.update(bytes)),
        }
    }

    /// The proof for all that was taken.
    ///
    /// # Errors
    /// [`Error::Mismatch`].
    pub fn finish(self) -> Result<Proof, Error> {
        let Self { cid, state } = self;
        match state {
            State::Block(hasher) => {
                let found = as_block(&cid, hasher.finalize().into());
                if found.same_block(&cid) { Ok(Proof::Block) } else { Err(mismatch(&cid, Some(found))) }
            }
            State::File(all) => {
                let roots: Vec<(Cid, Proof)> = all.into_iter().flat_map(Hashing::finish).collect();
                let proof = roots.iter().find(|(root, _)| root.same_block(&cid)).map(|(_, proof)| *proof);
                proof.ok_or_else(|| mismatch(&cid, roots.first().map(|(root, _)| *root)))
            }
        }
    }
}

/// Layouts whose leaves are the same, and so are hashed once.
#[derive(Clone)]
pub(super) struct Group {
    pub(super) leaf: Leaf,
    pub(super) chunk_size: usize,
    trees: Vec<(Tree, Proof)>,
}

impl Group {
    /// One leaf for the whole file.
    fn leaf(leaf: Leaf) -> Self {
        let layout = Layout { name: "", cid_version: Version::V1, leaf, chunk_size: MAX_BLOCK, max_children: 2 };
        Self { leaf, chunk_size: MAX_BLOCK, trees: vec![(Tree::new(&layout), Proof::Leaf)] }
    }

    pub(super) fn push(&mut self, leaf: LeafNode) {
        self.trees.iter_mut().for_each(|(tree, _)| tree.push(leaf));
    }

    pub(super) fn finish(self) -> impl Iterator<Item = (Cid, Proof)> {
        self.trees.into_iter().map(|(tree, proof)| (tree.finish(), proof))
    }
}

/// A group, and the file as far as it came.
#[derive(Clone)]
struct Hashing {
    leaves: Leaves,
    group: Group,
}

impl Hashing {
    fn new(group: Group) -> Self {
        Self { leaves: Leaves::new(group.leaf, group.chunk_size), group }
    }

    fn update(&mut self, bytes: &[u8]) {
        let group = &mut self.group;
        self.leaves.update(bytes, &mut |leaf| group.push(leaf));
    }

    fn finish(self) -> impl Iterator<Item = (Cid, Proof)> {
        let Self { leaves, mut group } = self;
        leaves.finish(&mut |leaf| group.push(leaf));
        group.finish()
    }
}

/// The groups that a file of this size can be in, the likeliest first.
pub(super) fn candidates(cid: &Cid, size: u64) -> Vec<Group> {
    let mut groups = groups(cid, LAYOUTS);
    if size <= MAX_BLOCK as u64 {
        groups.extend([Group::leaf(Leaf::File), Group::leaf(Leaf::RawNode)]);
    }
    groups
}

/// The layouts in groups, those of the CID's own version first: few publishers print another than they built.
fn groups(cid: &Cid, layouts: &'static [Layout]) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for own in [true, false] {
        for layout in layouts.iter().filter(|layout| (layout.cid_version == cid.version()) == own) {
            let tree = (Tree::new(layout), Proof::File(layout));
            match groups.iter_mut().find(|group| group.leaf == layout.leaf && group.chunk_size == layout.chunk_size) {
                Some(group) => group.trees.push(tree),
                None => groups.push(Group { leaf: layout.leaf, chunk_size: layout.chunk_size, trees: vec![tree] }),
            }
        }
    }
    groups
}

fn as_block(like: &Cid, digest: [u8; 32]) -> Cid {
    match like.version() {
        Version::V0 => Cid::v0(digest),
        Version::V1 => Cid::v1(like.codec(), digest),
    }
}

pub(super) fn mismatch(expected: &Cid, found: Option<Cid>) -> Error {
    let found = found.map_or_else(|| "no known layout".to_owned(), |cid| cid.to_string());
    Error::Mismatch { expected: expected.to_string(), found }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]
mod tests {
    use super::super::cid::{DAG_CBOR, DAG_JSON, RAW};
    use super::super::unixfs::root;
    use super::*;

    fn bytes(length: usize) -> Vec<u8> {
        (0..length).map(|i| (i * 7 + i / 251).to_le_bytes()[0]).collect()
    }

    #[test]
    fn every_layout_is_proven_and_no_changed_byte() {
        let file = bytes((1 << 20) + 3);
        for layout in LAYOUTS {
            let cid = root(&file, layout);
            assert!(matches!(verify(&cid, &file), Ok(Proof::File(_))), "{}", layout.name);
            let mut changed = file.clone();
            changed[1 << 19] ^= 1;
            for lie in [&changed[..], &file[..file.len() - 1], &[]] {
                assert!(matches!(verify(&cid, lie), Err(Error::Mismatch { .. })), "{}", layout.name);
            }
        }
    }

    #[test]
    fn whole_or_streamed_the_verdict_is_one() {
        let file = bytes(300_001);
        for layout in LAYOUTS {
            let cid = root(&file, layout);
            let whole = verify(&cid, &file);
            for piece in [1000, 300_000] {
                let mut verifier = Verifier::new(&cid, LAYOUTS).unwrap();
                file.chunks(piece).for_each(|piece| verifier.update(piece));
                let mut liar = verifier.clone();
                liar.update(b"x");
                assert_eq!(verifier.finish(), whole, "{} by {piece}", layout.name);
                assert!(matches!(liar.finish(), Err(Error::Mismatch { .. })), "{} by {piece}", layout.name);
            }
        }
    }

    #[test]
    fn documents_are_proven_as_they_are() {
        for codec in [RAW, DAG_CBOR, DAG_JSON] {
            let cid = Cid::v1(codec, sha256(b"{}"));
            assert_eq!(verify(&cid, b"{}"), Ok(Proof::Block));
            assert!(matches!(verify(&cid, b"{ }"), Err(Error::Mismatch { .. })));
            let mut verifier = Verifier::new(&cid, LAYOUTS).unwrap();
            verifier.update(b"{");
            verifier.update(b"}");
            assert_eq!(verifier.finish(), Ok(Proof::Block));
        }
    }

    #[test]
    fn one_node_of_any_size_is_proven() {
        for leaf in [Leaf::File, Leaf::RawNode] {
            let layout = Layout { name: "", cid_version: Version::V1, leaf, chunk_size: MAX_BLOCK, max_children: 174 };
            let file = bytes(MAX_BLOCK - 1);
            assert_eq!(verify(&root(&file, &layout), &file), Ok(Proof::Leaf));
        }
    }

    /// A gateway may not pass off a node's own bytes, with links and sizes, as the file.
    #[test]
    fn a_nodes_bytes_are_not_the_file() {
        let node = [0x0a, 0x06, 0x08, 0x02, 0x12, 0x00, 0x18, 0x00];
        let cid = Cid::v1(DAG_PB, sha256(&node));
        assert!(matches!(verify(&cid, &node), Err(Error::Mismatch { .. })));
        assert_eq!(verify_block(&cid, &node), Ok(()));
    }

    #[test]
    fn other_hash_functions_prove_nothing() {
        let cid = Cid::from_bytes(&[&[1, 0x55, 0x1e, 32][..], &[0; 32]].concat()).unwrap();
        let refused = Error::UnsupportedMultihash { code: 0x1e };
        assert_eq!(verify(&cid, b""), Err(refused.clone()));
        assert_eq!(verify_block(&cid, b""), Err(refused.clone()));
        assert_eq!(Verifier::new(&cid, LAYOUTS).err(), Some(refused));
    }
}
