//! Content to be hashed and sent that need not be in memory, such as a browser's `Blob`.

use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, LocalBoxStream, StreamExt as _};

use super::cid::{Cid, DAG_PB};
use super::error::Error;
use super::pin::Frame;
use super::publish::MAX_UPLOAD;
use super::unixfs::{Layout, Leaf, LeafNode, Tree, around};
use super::verify::{Proof, candidates, mismatch, verify_digest};
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Io};

/// How many leaves are hashed at once: their chunks are all that is in memory.
pub const AHEAD: usize = 4;

/// The SHA-256 of one leaf's block after the other.
pub type Digests<'a> = LocalBoxStream<'a, Result<[u8; 32], Error>>;

/// Content that can be read more than once.
pub trait Source {
    /// How many bytes there are.
    fn size(&self) -> u64;
    /// The digests of the content's leaves: chunks of this size, each between what [`around`] says. One for no content.
    fn leaves(&self, leaf: Leaf, chunk_size: usize) -> Digests<'_>;
}

/// Content that can be sent.
pub trait Upload: Source {
    /// Sends `request` with a body made of `frame`'s head, the content and `frame`'s tail.
    fn send(&self, request: HttpRequest, frame: &Frame) -> LocalBoxFuture<'_, Result<HttpResponse, HttpFailure>>;
}

/// The CID of content under a layout, computed a few chunks at a time. `tell` is told how many bytes are done.
///
/// # Errors
/// [`Error::Unreadable`].
pub async fn root(source: &dyn Source, layout: &Layout, tell: &mut dyn FnMut(u64)) -> Result<Cid, Error> {
    let mut tree = Tree::new(layout);
    let sink = &mut |leaf, at| {
        tree.push(leaf);
        tell(at);
    };
    hash(source, layout.leaf, layout.chunk_size, sink).await?;
    Ok(tree.finish())
}

/// How content is what a CID names: as [`verify`](super::verify::verify), a few chunks at a time.
///
/// # Errors
/// Those of [`verify`](super::verify::verify); [`Error::Unreadable`].
pub async fn prove(source: &dyn Source, cid: &Cid) -> Result<Proof, Error> {
    let wanted = cid.sha2_256()?;
    if cid.codec() != DAG_PB {
        // One block, which is hashed as a whole.
        let whole = usize::try_from(source.size()).ok().filter(|size| *size <= MAX_UPLOAD);
        let whole = whole.ok_or_else(|| mismatch(cid, None))?.max(1);
        let digest = source.leaves(Leaf::Raw, whole).next().await.unwrap_or(Err(SHORT))?;
        return verify_digest(cid, digest).map(|()| Proof::Block);
    }
    let mut found = None;
    for mut group in candidates(cid, source.size()) {
        let (leaf, chunk_size) = (group.leaf, group.chunk_size);
        hash(source, leaf, chunk_size, &mut |leaf, _| group.push(leaf)).await?;
        for (root, proof) in group.finish() {
            if root.codec() == DAG_PB && root.sha2_256()? == wanted {
                return Ok(proof);
            }
            found.get_or_insert(root);
        }
    }
    Err(mismatch(cid, found))
}

const SHORT: Error = Error::Unreadable { reason: "expected as many bytes as its size; did the file change?" };

async fn hash(source: &dyn Source, leaf: Leaf, chunk_size: usize, sink: &mut dyn FnMut(LeafNode, u64)) -> Result<(), Error> {
    let (size, mut at) = (source.size(), 0);
    let mut digests = source.leaves(leaf, chunk_size.max(1));
    loop {
        let length = (size - at).min(chunk_size.max(1) as u64);
        let digest = digests.next().await.unwrap_or(Err(SHORT))?;
        at += length;
        sink(LeafNode::new(leaf, length, digest), at);
        if at >= size {
            return Ok(());
        }
    }
}

/// Content in memory.
pub(super) struct Memory<'a> {
    pub(super) io: &'a Io,
    pub(super) bytes: &'a [u8],
}

impl Source for Memory<'_> {
    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn leaves(&self, leaf: Leaf, chunk_size: usize) -> Digests<'_> {
        let none = self.bytes.is_empty().then_some(self.bytes);
        let chunks = self.bytes.chunks(chunk_size.max(1)).chain(none);
        let hash = move |chunk: &[u8]| {
            let (head, tail) = around(leaf, chunk.len() as u64);
            self.io.crypto.sha256(&[&head, chunk, &tail]).map(Ok).boxed_local()
        };
        stream::iter(chunks).map(hash).buffered(AHEAD).boxed_local()
    }
}

impl Upload for Memory<'_> {
    fn send(&self, request: HttpRequest, frame: &Frame) -> LocalBoxFuture<'_, Result<HttpResponse, HttpFailure>> {
        let body = [frame.head.as_bytes(), self.bytes, frame.tail.as_bytes()].concat();
        self.io.send(HttpRequest { body: Some(Rc::new(body)), ..request }).boxed_local()
    }
}

#[cfg(test)]
mod tests {
    use super::super::cid::{RAW, sha256};
    use super::super::unixfs::{LAYOUTS, root as root_of};
    use super::super::verify::verify;
    use super::*;
    use crate::io::fake;

    #[test]
    fn a_few_chunks_at_a_time_or_at_once_the_verdict_is_one() {
        let (io, _) = fake::io(|request| Err(HttpFailure::Network(request.url.clone())));
        let file: Vec<u8> = (0..2_500_000_u32).map(|i| (i / 7).to_le_bytes()[0]).collect();
        for size in [0, 1, (256 << 10) - 1, 256 << 10, (256 << 10) + 1, 1 << 20, file.len()] {
            let bytes = file.get(..size).unwrap_or_default();
            let source = Memory { io: &io, bytes };
            for layout in LAYOUTS {
                let cid = root_of(bytes, layout);
                let mut told = Vec::new();
                assert_eq!(fake::run(root(&source, layout, &mut |at| told.push(at))), Ok(cid), "{} {size}", layout.name);
                assert_eq!(told.last(), Some(&(size as u64)));
                assert_eq!(fake::run(prove(&source, &cid)), verify(&cid, bytes), "{} {size}", layout.name);
            }
            for cid in [Cid::v1(RAW, sha256(bytes)), Cid::v1(RAW, [0; 32]), Cid::v0([0; 32])] {
                assert_eq!(fake::run(prove(&source, &cid)), verify(&cid, bytes), "{cid} {size}");
            }
        }
    }
}
