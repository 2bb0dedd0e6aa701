#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;

use super::super::car::Reader;
use super::super::cid::{DAG_CBOR, Version, sha256};
use super::super::fixture::{self, Dag, directory, inside, leaf, node, noise};
use super::super::unixfs::{Layout, Leaf, root};
use super::*;

const SMALL: Layout = Layout { name: "", cid_version: Version::V1, leaf: Leaf::Raw, chunk_size: 16, max_children: 3 };

/// Reads a CAR to its end, in pieces, and the file out of it.
fn walk(cid: &Cid, path: &str, car: &[u8], piece: usize) -> Result<Vec<u8>, Error> {
    let (mut reader, mut walker, mut file) = (Reader::default(), Walker::new(*cid, path, 1 << 20)?, Vec::new());
    for piece in car.chunks(piece.max(1)) {
        reader.push(piece);
        while let Some((cid, block)) = reader.next_block()? {
            walker.take(&cid, block)?;
            file.extend(walker.piece());
        }
    }
    reader.finish()?;
    walker.finish()?;
    file.extend(walker.piece());
    assert_eq!(walker.size(), Some(file.len() as u64));
    Ok(file)
}

fn path_error(result: Result<Vec<u8>, Error>) -> (String, &'static str) {
    match result {
        Err(Error::Path { name, reason }) => (name, reason),
        other => (format!("{other:?}"), ""),
    }
}

#[test]
fn our_writer_and_our_builder_agree() {
    for leaf in [Leaf::Raw, Leaf::File, Leaf::RawNode] {
        for cid_version in [Version::V0, Version::V1] {
            for size in [0, 1, 16, 17, 48, 49, 200] {
                let layout = Layout { leaf, cid_version, ..SMALL };
                // A single leaf of plain bytes has version 1 in both.
                assert_eq!(fixture::file(&noise(size), &layout).root, root(&noise(size), &layout), "{size} {layout:?}");
            }
        }
    }
}

#[test]
fn a_path_leads_through_directories() {
    let file = fixture::file(&noise(100), &SMALL);
    let inner = directory(&[("a b.json", &file), ("é", &leaf(b"e", false))]);
    let outer = directory(&[("other", &leaf(b"o", false)), ("inner", &inner)]);
    let car = fixture::car(&inside(&[&outer, &inner], &file));
    for path in ["inner/a%20b.json", "/inner//a b.json/", "inner/a%20b%2ejson"] {
        assert_eq!(walk(&outer.root, path, &car, 50), Ok(noise(100)), "{path}");
    }
    let one = fixture::car(&inside(&[&outer, &inner], &leaf(b"e", false)));
    assert_eq!(walk(&outer.root, "inner/%C3%A9", &one, 9), Ok(b"e".to_vec()));
    let none = (String::from("no"), "the directory has no such entry");
    assert_eq!(path_error(walk(&outer.root, "inner/no", &car, 50)), none);
    assert_eq!(path_error(walk(&outer.root, "inner", &car, 50)), (String::new(), "it is a directory; name a file in it"));
    assert_eq!(path_error(walk(&outer.root, "inner/a b.json/x", &car, 50)), ("x".to_owned(), "it is no directory"));
    assert_eq!(path_error(walk(&outer.root, "inner/é/x", &one, 50)), ("x".to_owned(), "it is no directory"));
}

#[test]
fn what_is_no_file_has_an_error_of_its_own() {
    let shard = node(5, &[0xff], &[], false);
    let link = node(4, b"../x", &[], false);
    for (dag, kind) in [(&shard, "a sharded directory (HAMT)"), (&link, "a symbolic link")] {
        for path in ["", "a"] {
            let found = walk(&dag.root, path, &dag.car(), 9);
            assert!(matches!(found, Err(Error::Unsupported { what, .. }) if what == kind), "{kind}: {found:?}");
        }
    }
    let cbor = Cid::v1(DAG_CBOR, sha256(b"\xa0"));
    assert_eq!(walk(&cbor, "", &fixture::car(&[(cbor, b"\xa0".to_vec())]), 3), Ok(b"\xa0".to_vec()));
    let metadata = node(3, &[], &[], false);
    assert!(matches!(walk(&metadata.root, "", &metadata.car(), 9), Err(Error::BadNode { .. })));
}

#[test]
fn blocks_in_their_own_cids_need_not_be_sent() {
    let (one, two) = (leaf(b"one", true), leaf(b"two", false));
    let file = node(2, &[], &[("", &one), ("", &two), ("", &one)], false);
    assert_eq!(walk(&file.root, "", &file.car(), 5), Ok(b"onetwoone".to_vec()));
    // Sent all the same.
    let sent: Vec<_> = file.order.iter().cloned().chain([(one.root, b"one".to_vec())]).collect();
    assert_eq!(walk(&file.root, "", &fixture::car(&sent), 5), Ok(b"onetwoone".to_vec()));
    let forged: Vec<_> = file.order.iter().cloned().chain([(one.root, b"eno".to_vec())]).collect();
    assert!(matches!(walk(&file.root, "", &fixture::car(&forged), 5), Err(Error::Mismatch { .. })));
    assert_eq!(walk(&one.root, "", &fixture::car(&[]), 5), Ok(b"one".to_vec()));
}

#[test]
fn a_node_with_bytes_of_its_own_comes_before_its_children() {
    let child = node(0, b"second", &[], true);
    let file = node(2, b"first ", &[("", &child), ("", &leaf(b" third", false))], true);
    assert_eq!(walk(&file.root, "", &file.car(), 5), Ok(b"first second third".to_vec()));
}

#[test]
fn sizes_that_lie_are_refused() {
    let (child, grown) = (leaf(b"abc", false), leaf(b"abcd", false));
    // The node states three bytes and links to four.
    let mut file = node(2, &[], &[("", &child), ("", &child)], false);
    let block = &mut file.order[0].1;
    let at = block.windows(36).position(|window| window == child.root.to_bytes()).unwrap();
    block.splice(at..at + 36, grown.root.to_bytes());
    let cid = Cid::v1(DAG_PB, sha256(block));
    let car = fixture::car(&[(cid, block.clone()), grown.order[0].clone(), child.order[0].clone()]);
    assert!(matches!(walk(&cid, "", &car, 9), Err(Error::BadNode { .. })));
    let large = fixture::file(&noise(100), &SMALL);
    let mut walker = Walker::new(large.root, "", 99).unwrap();
    let (cid, block) = large.order[0].clone();
    assert_eq!(walker.take(&cid, block), Err(Error::TooLarge { size: 100, limit: 99 }));
    let empty = node(2, &[], &[("", &leaf(b"", false))], false);
    assert!(matches!(walk(&empty.root, "", &empty.car(), 9), Err(Error::BadNode { .. })));
}

#[test]
fn trees_have_a_bounded_depth() {
    let chain = |levels: usize| (0..levels).fold(leaf(b"x", false), |below, _| node(2, &[], &[("", &below)], false));
    assert_eq!(walk(&chain(32).root, "", &chain(32).car(), 99), Ok(b"x".to_vec()));
    assert!(matches!(walk(&chain(33).root, "", &chain(33).car(), 99), Err(Error::BadNode { .. })));
}

#[test]
fn each_fault_has_its_name() {
    let file = fixture::file(&noise(100), &SMALL);
    let fault = |order: &[usize]| {
        let blocks: Vec<_> = order.iter().map(|index| file.order[*index].clone()).collect();
        match walk(&file.root, "", &fixture::car(&blocks), 1000) {
            Err(Error::Block { fault, .. }) => Some(fault),
            _ => None,
        }
    };
    // Root, node, leaf, leaf, leaf, node, …
    let all: Vec<usize> = (0..file.order.len()).collect();
    assert_eq!(fault(&all), None);
    assert_eq!(fault(&all[..all.len() - 1]), Some(Fault::Missing));
    assert_eq!(fault(&[]), Some(Fault::Missing));
    assert_eq!(fault(&[0, 1, 2, 2]), Some(Fault::Repeated));
    assert_eq!(fault(&[0, 1, 3]), Some(Fault::TooEarly));
    assert_eq!(fault(&[0, 1, 2, 3, 4, 2]), Some(Fault::Unexpected));
    assert_eq!(fault(&[&all[..], &[0]].concat()), Some(Fault::Unexpected));
}

#[test]
fn the_javascript_importers_files_are_proven_and_their_neighbours_are_not() {
    #[derive(serde::Deserialize)]
    struct Vectors {
        cars: Vec<Fixture>,
    }
    #[derive(serde::Deserialize)]
    struct Fixture {
        what: String,
        root: String,
        path: String,
        size: usize,
        seed: u32,
        car: String,
        error: Option<String>,
    }
    let vectors: Vectors = serde_json::from_str(include_str!("../../tests/vectors/ipfs-cars.json")).unwrap();
    assert!(vectors.cars.len() >= 10);
    for Fixture { what, root, path, size, seed, car, error } in vectors.cars {
        let (cid, car) = (Cid::parse(&root).unwrap(), base64(&car));
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.to_be_bytes()[0]
        };
        let file: Vec<u8> = (0..size).map(|_| next()).collect();
        for piece in [1, 1000, car.len()] {
            let found = walk(&cid, &path, &car, piece);
            match &error {
                Some(error) => assert_eq!(found.map_err(|e| e.to_string().contains(error)), Err(true), "{what}"),
                None => assert_eq!(found, Ok(file.clone()), "{what}"),
            }
        }
        let mut flipped = car.clone();
        *flipped.last_mut().unwrap() ^= 1;
        assert!(walk(&cid, &path, &flipped, 1000).is_err(), "{what}");
    }
}

fn base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (mut held, mut bits, mut out) = (0_u32, 0, Vec::new());
    for digit in text.bytes().filter_map(|c| DIGITS.iter().position(|digit| *digit == c)) {
        held = held << 6 | u32::try_from(digit).unwrap();
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((held >> bits).to_le_bytes()[0]);
        }
    }
    out
}

fn any_dag() -> impl Strategy<Value = (Vec<u8>, Dag)> {
    let leaf = prop_oneof![Just(Leaf::Raw), Just(Leaf::File), Just(Leaf::RawNode)];
    let version = prop_oneof![Just(Version::V0), Just(Version::V1)];
    (0..600_usize, 8..60_usize, 2..6_usize, leaf, version).prop_map(|(size, chunk_size, max_children, leaf, cid_version)| {
        let bytes = noise(size);
        let dag = fixture::file(&bytes, &Layout { name: "", cid_version, leaf, chunk_size, max_children });
        (bytes, dag)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn no_truth_is_refused_in_whatever_pieces((bytes, dag) in any_dag(), piece in 1..200_usize) {
        prop_assert_eq!(walk(&dag.root, "", &dag.car(), piece), Ok(bytes));
    }

    /// Equal chunks stand in the stream each time.
    #[test]
    fn repetition_in_a_file_is_no_lie(byte in any::<u8>(), size in 1..400_usize, piece in 1..200_usize) {
        let dag = fixture::file(&vec![byte; size], &SMALL);
        prop_assert_eq!(walk(&dag.root, "", &dag.car(), piece), Ok(vec![byte; size]));
    }

    /// A changed bit, wherever it is behind the header, never leads to other bytes or to none without an error.
    #[test]
    fn a_flipped_bit_is_noticed((bytes, dag) in any_dag(), at in any::<prop::sample::Index>(), bit in 0..8_u8, piece in 1..200_usize) {
        let mut car = dag.car();
        let at = at.index(car.len());
        car[at] ^= 1 << bit;
        let found = walk(&dag.root, "", &car, piece);
        // Nothing but the CID's own form may differ and still be true: version 0 and 1 name one block.
        prop_assert!(found.is_err() || found == Ok(bytes), "{:?}", found);
        if car.get(18..) != dag.car().get(18..) {
            prop_assert!(walk(&dag.root, "", &car, piece).is_err());
        }
    }

    #[test]
    fn a_cut_is_noticed((_, dag) in any_dag(), at in any::<prop::sample::Index>(), piece in 1..200_usize) {
        let car = dag.car();
        prop_assert!(walk(&dag.root, "", &car[..at.index(car.len())], piece).is_err());
    }

    #[test]
    fn more_than_the_file_is_noticed((_, dag) in any_dag(), more in proptest::collection::vec(any::<u8>(), 1..80), piece in 1..200_usize) {
        prop_assert!(walk(&dag.root, "", &[dag.car(), more.clone()].concat(), piece).is_err());
        let mut car = dag.car();
        fixture::section(&mut car, &fixture::raw(&more));
        prop_assert!(walk(&dag.root, "", &car, piece).is_err());
    }

    /// Blocks left out, doubled, or in each other's place.
    #[test]
    fn another_order_is_noticed((bytes, dag) in any_dag(), one in any::<prop::sample::Index>(), two in any::<prop::sample::Index>(), how in 0..3) {
        let mut order = dag.order.clone();
        let (one, two) = (one.index(order.len()), two.index(order.len()));
        match how {
            0 => { order.remove(one); }
            1 => { let again = order[one].clone(); order.insert(two, again); }
            _ => order.swap(one, two),
        }
        let found = walk(&dag.root, "", &fixture::car(&order), 100);
        if order == dag.order {
            prop_assert_eq!(found, Ok(bytes));
        } else {
            prop_assert!(found.is_err(), "{:?}", found);
        }
    }

    /// Another block under the right CID.
    #[test]
    fn a_forged_block_is_noticed((_, dag) in any_dag(), at in any::<prop::sample::Index>(), other in proptest::collection::vec(any::<u8>(), 0..80)) {
        let mut order = dag.order.clone();
        let at = at.index(order.len());
        prop_assume!(order[at].1 != other);
        order[at].1 = other;
        let found = walk(&dag.root, "", &fixture::car(&order), 100);
        let noticed = matches!(found, Err(Error::Mismatch { .. }));
        prop_assert!(noticed);
    }

    /// Any bytes as a node with the right hash give an answer.
    #[test]
    fn any_node_gives_an_answer(mut block in proptest::collection::vec(prop_oneof![any::<u8>(), 0..0x30_u8], 0..80), path in "[a/%2]{0,6}") {
        if block.len() > 2 {
            block[0] = 0x0a;
            block[1] = u8::try_from(block.len() - 2).unwrap();
        }
        let cid = Cid::v1(DAG_PB, sha256(&block));
        let _ = walk(&cid, &path, &fixture::car(&[(cid, block)]), 20);
    }
}
