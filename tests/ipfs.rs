//! The IPFS room against the JavaScript implementation's own CIDs, as `tests/vectors/make-ipfs-cids.mjs` wrote them.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use ogkit::ipfs::Error;
use ogkit::ipfs::cid::{Cid, DAG_PB, Version};
use ogkit::ipfs::unixfs::{Builder, LAYOUTS, Layout, Leaf, root};
use ogkit::ipfs::verify::{Proof, Verifier, verify};
use serde::Deserialize;

/// Files from here on are there for their trees' second level alone.
const LARGE: usize = 4 << 20;

#[derive(Deserialize)]
struct Vectors {
    #[serde(rename = "cidsAreOf")]
    cids_are_of: String,
    cids: Vec<Forms>,
    files: Vec<File>,
}

#[derive(Deserialize)]
struct Forms {
    bytes: String,
    text: String,
    others: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    maker: String,
    cid_version: u8,
    leaf: String,
    chunk_size: usize,
    max_children: usize,
    size: usize,
    seed: u32,
    cid: String,
}

impl File {
    fn bytes(&self) -> Vec<u8> {
        let mut state = self.seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        (0..self.size).map(|_| next()).collect()
    }

    fn layout(&self) -> Layout {
        let leaf = match self.leaf.as_str() {
            "raw" => Leaf::Raw,
            "file" => Leaf::File,
            _ => Leaf::RawNode,
        };
        let cid_version = if self.cid_version == 0 { Version::V0 } else { Version::V1 };
        Layout { name: "", cid_version, leaf, chunk_size: self.chunk_size, max_children: self.max_children }
    }

    /// Made by a publisher's defaults or one of its switches, rather than by a layout of the vectors' own.
    fn is_default(&self) -> bool {
        self.chunk_size >= 256 << 10
    }
}

fn vectors() -> Vectors {
    serde_json::from_str(include_str!("vectors/ipfs-cids.json")).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_form_of_a_cid_is_read_and_one_is_written() {
    for Forms { bytes, text, others } in vectors().cids {
        let cid = Cid::parse(&text).unwrap();
        assert_eq!((hex(&cid.to_bytes()), cid.to_string()), (bytes, text.clone()));
        assert_eq!(Cid::from_bytes(&cid.to_bytes()), Ok(cid), "{text}");
        for other in others {
            assert_eq!(Cid::parse(&other), Ok(cid), "{other}");
        }
    }
}

#[test]
fn a_document_of_any_codec_is_proven_by_its_bytes() {
    let Vectors { cids_are_of, cids, .. } = vectors();
    for Forms { text, .. } in cids {
        let cid = Cid::parse(&text).unwrap();
        let verdict = verify(&cid, cids_are_of.as_bytes());
        match cid.sha2_256() {
            Err(error) => assert_eq!(verdict, Err(error)),
            // The hash of the bytes is no dag-pb node of them.
            Ok(_) if cid.codec() == DAG_PB => assert!(matches!(verdict, Err(Error::Mismatch { .. })), "{text}"),
            Ok(_) => assert_eq!(verdict, Ok(Proof::Block), "{text}"),
        }
    }
}

#[test]
fn every_file_has_the_importers_cid() {
    for file in vectors().files {
        let (bytes, layout) = (file.bytes(), file.layout());
        let what = format!("{}: {} bytes, {layout:?}", file.maker, file.size);
        // The largest are hashed once, in pieces that no chunk is a multiple of.
        if file.size < LARGE {
            assert_eq!(root(&bytes, &layout).to_string(), file.cid, "{what}");
        }
        let mut builder = Builder::new(&layout);
        bytes.chunks(100_003).for_each(|piece| builder.update(piece));
        assert_eq!(builder.finish().to_string(), file.cid, "{what}, in pieces");
    }
}

#[test]
fn what_publishers_make_is_proven_whole_and_streamed() {
    for file in vectors().files.iter().filter(|file| file.is_default() && file.size < LARGE) {
        let (bytes, cid) = (file.bytes(), Cid::parse(&file.cid).unwrap());
        let what = format!("{}: {} bytes", file.maker, file.size);
        let proof = verify(&cid, &bytes).map(|proof| proof.name());
        assert!(proof.is_ok(), "{what}: {proof:?}");
        let mut verifier = Verifier::new(&cid, LAYOUTS).unwrap();
        bytes.chunks(65_536).for_each(|piece| verifier.update(piece));
        assert_eq!(verifier.finish().map(|proof| proof.name()), proof, "{what}, streamed");
    }
}

/// A chunk changed, left out, doubled, or two in each other's place: every lie about a file of several chunks.
#[test]
fn no_lie_about_a_file_is_proven() {
    const CHUNK: usize = 256 << 10;
    for file in vectors().files.iter().filter(|file| file.chunk_size == CHUNK && file.size == 2 * CHUNK + 5) {
        let (bytes, cid) = (file.bytes(), Cid::parse(&file.cid).unwrap());
        let (first, second, rest) = (&bytes[..CHUNK], &bytes[CHUNK..2 * CHUNK], &bytes[2 * CHUNK..]);
        let flipped = [&[bytes[0] ^ 0x80], &bytes[1..]].concat();
        let lies = [
            flipped,
            [second, first, rest].concat(),
            [first, rest].concat(),
            [first, second].concat(),
            [first, first, second, rest].concat(),
            [&bytes[..], b"\0"].concat(),
            Vec::new(),
        ];
        for (index, lie) in lies.iter().enumerate() {
            assert!(matches!(verify(&cid, lie), Err(Error::Mismatch { .. })), "{}, lie {index}", file.maker);
        }
    }
}
