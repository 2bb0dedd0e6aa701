#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::cell::RefCell;
use std::collections::HashMap;

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use proptest::prelude::*;

use super::super::cid::{Cid, Version};
use super::super::fixture::{self, Dag, directory, inside, leaf, node, noise};
use super::super::unixfs::{LAYOUTS, Layout, Leaf};
use super::*;
use crate::io::fake;
use crate::io::{Http, HttpHead, HttpRequest, HttpStream, Reach};

/// How a gateway behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// Blocks, CARs and files.
    Trustless,
    /// Blocks and files; 406 for CARs.
    NoCar,
    /// Blocks and files; the file for CARs.
    CarIgnored,
    /// Files alone, whatever was asked.
    Plain,
    /// Blocks and CARs in which no block comes twice.
    NoDups,
    /// No answer at all.
    Silent,
    /// Half an answer, and then nothing.
    Stalls,
    /// Half an answer, and then a broken connection.
    Breaks,
    /// An answer without an end.
    Floods,
    /// Leads to another scheme.
    Elsewhere,
    /// The right form, with a bit flipped in this part of its bytes out of 256.
    Flips(u8),
    /// Files alone, with a bit flipped.
    PlainFlips(u8),
    /// The right form, cut behind this part of its bytes out of 256.
    Cuts(u8),
    /// This status.
    Says(u16),
}

/// What gateways serve: a file, its blocks, its CAR.
#[derive(Clone)]
struct Store {
    file: Vec<u8>,
    blocks: HashMap<Vec<u8>, Vec<u8>>,
    order: Vec<fixture::Block>,
}

impl Store {
    fn new(file: &[u8], order: Vec<fixture::Block>) -> Self {
        let blocks = order.iter().map(|(cid, block)| (cid.hash().digest().to_vec(), block.clone())).collect();
        Self { file: file.to_vec(), blocks, order }
    }
}

struct World {
    store: Store,
    gateways: Vec<How>,
    piece: usize,
    asked: Rc<RefCell<Vec<String>>>,
}

impl Http for World {
    fn open(&self, request: HttpRequest) -> LocalBoxFuture<'static, Result<HttpStream, HttpFailure>> {
        assert_eq!((request.method, request.body.is_some()), ("GET", false));
        self.asked.borrow_mut().push(request.url.clone());
        let (host, rest) = request.url.strip_prefix("https://").unwrap().split_once("/ipfs/").unwrap();
        let how = self.gateways[host.strip_prefix('g').unwrap().parse::<usize>().unwrap()];
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let format = query.split('&').find_map(|pair| pair.strip_prefix("format="));
        let accept = request.headers.iter().find(|(name, _)| name == "accept").map(|(_, value)| value.as_str());
        match format {
            Some("raw") => assert_eq!(accept, Some("application/vnd.ipld.raw")),
            Some(_) => assert_eq!(accept, Some("application/vnd.ipld.car; version=1; order=dfs; dups=y")),
            None => assert_eq!(accept, None),
        }
        let cid = Cid::parse(path.split('/').next().unwrap()).unwrap();
        let (status, kind, mut body) = match (how, format) {
            (How::Silent, _) => return futures_util::future::pending().boxed_local(),
            (How::Says(status), _) => (status, "text/plain", Vec::new()),
            (How::NoCar, Some("car")) => (406, "text/plain", Vec::new()),
            (How::Plain | How::PlainFlips(_), _) | (How::CarIgnored, Some("car")) | (_, None) => {
                (200, "application/json", self.store.file.clone())
            }
            (_, Some("raw")) => match self.store.blocks.get(cid.hash().digest()) {
                Some(block) => (200, "application/vnd.ipld.raw", block.clone()),
                None => (404, "text/plain", Vec::new()),
            },
            (how, _) => {
                let mut order = self.store.order.clone();
                if how == How::NoDups {
                    let mut seen = std::collections::HashSet::new();
                    order.retain(|(cid, _)| seen.insert(*cid));
                }
                (200, "application/vnd.ipld.car; version=1", fixture::car(&order))
            }
        };
        let at = |part: u8, length: usize| length * usize::from(part) / 256;
        match how {
            How::Flips(part) | How::PlainFlips(part) if !body.is_empty() => {
                let at = at(part, body.len());
                body[at] ^= 0x10;
            }
            How::Cuts(part) => body.truncate(at(part, body.len())),
            How::Stalls | How::Breaks => body.truncate(body.len() / 2),
            _ => {}
        }
        let pieces: Vec<_> = body.chunks(self.piece).map(|piece| Ok(piece.to_vec())).collect();
        let body = stream::iter(pieces);
        let body = match how {
            How::Stalls => body.chain(stream::pending()).boxed_local(),
            How::Breaks => body.chain(stream::iter([Err(HttpFailure::Network("reset".to_owned()))])).boxed_local(),
            How::Floods => body.chain(stream::repeat_with(|| Ok(vec![0; 1 << 20]))).boxed_local(),
            _ => body.boxed_local(),
        };
        let url = if how == How::Elsewhere { "ftp://elsewhere/x".to_owned() } else { request.url.clone() };
        let head = HttpHead { status, url, headers: vec![("content-type".to_owned(), kind.to_owned())] };
        let limit = request.max_bytes;
        assert!(limit < 1 << 30);
        async move { Ok(HttpStream { head, body, detach: None }) }.boxed_local()
    }
}

struct Test {
    io: Io,
    gateways: Vec<String>,
    asked: Rc<RefCell<Vec<String>>>,
    options: FetchOptions,
}

impl Test {
    fn new(store: &Store, gateways: &[How]) -> Self {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let world = World { store: store.clone(), gateways: gateways.to_vec(), piece: 1000, asked: Rc::clone(&asked) };
        let (mut io, _) = fake::io(|request| Err(HttpFailure::Network(request.url.clone())));
        io.http = Rc::new(world);
        let gateways = (0..gateways.len()).map(|index| format!("https://g{index}/ipfs/")).collect();
        Self { io, gateways, asked, options: FetchOptions { max_bytes: 4 << 20, ..FetchOptions::default() } }
    }

    fn fetch(&self, link: &str) -> Result<Content, Error> {
        fake::run(fetch(&self.io, &self.gateways, link, &self.options))
    }

    /// The whole stream, and its layout.
    fn stream(&self, link: &str) -> Result<(Vec<u8>, Option<&'static str>), Error> {
        fake::run(async {
            let stream = fetch_stream(&self.io, &self.gateways, link, &self.options).await?;
            let pieces: Vec<_> = stream.pieces.collect().await;
            let bytes = pieces.into_iter().collect::<Result<Vec<_>, _>>()?.concat();
            assert!(stream.size.is_none_or(|size| size == bytes.len() as u64));
            Ok((bytes, stream.layout))
        })
    }

    /// How many requests went out since the last time.
    fn requests(&self) -> usize {
        self.asked.borrow_mut().drain(..).count()
    }
}

/// kubo's defaults.
const KUBO: &Layout = &LAYOUTS[0];
const SMALL: Layout = Layout { name: "", cid_version: Version::V1, leaf: Leaf::Raw, chunk_size: 5_000, max_children: 4 };

fn stored(file: &[u8], layout: &Layout) -> (String, Store, Dag) {
    let dag = fixture::file(file, layout);
    (dag.root.to_string(), Store::new(file, dag.order.clone()), dag)
}

fn code<T>(result: Result<T, Error>) -> &'static str {
    result.map_or_else(|error| error.code(), |_| "none")
}

#[test]
fn a_small_document_costs_one_request_at_any_gateway() {
    for (layout, name) in [(KUBO, "unixfs-v0-2015"), (&SMALL, "raw-block")] {
        let (cid, store, _) = stored(b"{\"a\":1}", layout);
        for how in [How::Trustless, How::NoCar, How::CarIgnored, How::Plain] {
            let test = Test::new(&store, &[how]);
            for _ in 0..2 {
                let found = test.fetch(&cid).unwrap();
                assert_eq!((found.bytes.as_slice(), found.layout), (&b"{\"a\":1}"[..], Some(name)), "{how:?}");
                assert_eq!(found.json().unwrap().raw(), "{\"a\":1}");
                assert_eq!(test.requests(), 1, "{how:?}");
            }
        }
    }
}

#[test]
fn a_large_file_costs_one_or_two_requests_where_there_are_cars() {
    let file = noise(600_000);
    let (cid, store, dag) = stored(&file, KUBO);
    let blocks = dag.order.len();
    // Whole the first time, whole again, streamed.
    let cases = [
        (How::Trustless, [2, 2, 1], "blocks"),
        (How::NoCar, [blocks + 1, blocks, blocks], "blocks"),
        (How::Plain, [1, 1, 1], "unixfs-v0-2015"),
    ];
    for (index, (how, requests, layout)) in cases.into_iter().enumerate() {
        // Each with a gateway of its own: what they know is remembered.
        let hows: Vec<How> = (0..=index).map(|_| how).collect();
        let mut test = Test::new(&store, &hows);
        test.gateways.drain(..index);
        let mut made = Vec::new();
        for _ in 0..2 {
            let found = test.fetch(&cid).unwrap();
            assert_eq!((found.bytes == file, found.layout), (true, Some(layout)), "{how:?}");
            made.push(test.requests());
        }
        assert_eq!(test.stream(&cid).unwrap(), (file.clone(), Some(layout)), "{how:?}");
        made.push(test.requests());
        assert_eq!(made, requests, "{how:?}");
    }
}

#[test]
fn a_path_is_proven_with_its_directories() {
    let file = fixture::file(&noise(30_000), &SMALL);
    let inner = directory(&[("b c", &file)]);
    let outer = directory(&[("a", &inner)]);
    let store = Store::new(&noise(30_000), inside(&[&outer, &inner], &file));
    let link = format!("ipfs://{}/a/b%20c", outer.root);
    let hows = [How::Trustless, How::NoCar, How::CarIgnored, How::Plain];
    for (index, how) in hows.into_iter().enumerate() {
        let mut test = Test::new(&store, &hows);
        test.gateways = vec![test.gateways[index].clone()];
        match test.fetch(&link) {
            Ok(found) => assert_eq!((found.bytes == noise(30_000), found.layout), (true, Some("blocks")), "{how:?}"),
            Err(error) => assert_eq!((how, error.code()), (How::Plain, "contentUnverified")),
        }
        assert_eq!(test.stream(&link).is_ok(), how != How::Plain);
    }
    let mut test = Test::new(&store, &hows);
    test.gateways.drain(..3);
    test.options.verify = Verify::Prefer;
    let found = test.fetch(&link).unwrap();
    assert_eq!((found.bytes == noise(30_000), found.layout), (true, None));
    // Proven not to be there: nobody else is asked.
    let test = Test::new(&store, &[How::Trustless, How::Trustless]);
    let found = test.fetch(&format!("ipfs://{}/a/none", outer.root));
    assert!(found.is_err_and(|error| error.to_string().contains("none: the directory has no such entry")));
    assert_eq!(test.requests(), 1);
    assert!(test.fetch(&format!("ipfs://{}", outer.root)).is_err_and(|error| error.to_string().contains("it is a directory")));
}

#[test]
fn whoever_lies_stalls_or_floods_is_passed_over() {
    let file = noise(30_000);
    let (cid, store, _) = stored(&file, &SMALL);
    let bad = [
        How::Silent,
        How::Stalls,
        How::Breaks,
        How::Elsewhere,
        How::Says(404),
        How::Says(403),
        How::Says(500),
        How::Flips(200),
        How::PlainFlips(9),
        How::Cuts(100),
        How::Cuts(0),
    ];
    for how in bad {
        for race in [1, 2] {
            let mut test = Test::new(&store, &[how, How::Trustless]);
            test.options.race = race;
            let found = test.fetch(&cid).unwrap();
            assert!(found.bytes == file && found.url.starts_with("https://g1/"), "{how:?}");
            assert_eq!(test.stream(&cid).unwrap(), (file.clone(), Some("blocks")), "{how:?}");
        }
        let alone = Test::new(&store, &[how]);
        assert!(alone.fetch(&cid).is_err(), "{how:?}");
        assert!(alone.stream(&cid).is_err(), "{how:?}");
    }
    // A flood behind a complete CAR is not read; of anything else, no more than the limit.
    let (small, store, _) = stored(b"hello", KUBO);
    for race in [1, 2] {
        let mut test = Test::new(&store, &[How::Floods, How::Trustless]);
        test.options.race = race;
        assert!(test.fetch(&small).unwrap().url.starts_with("https://g1/"));
    }
}

#[test]
fn a_race_does_not_wait_for_the_slow() {
    let (cid, store, _) = stored(b"hello", KUBO);
    let mut test = Test::new(&store, &[How::Silent, How::Stalls, How::Trustless]);
    test.options.race = 3;
    assert!(test.fetch(&cid).unwrap().url.starts_with("https://g2/"));
    assert_eq!(test.io.clock.now_ms(), 0);
    test.options.race = 1;
    assert!(test.fetch(&cid).is_ok());
    // The first said nothing for its whole time, the second nothing more for the idle time.
    assert_eq!(test.io.clock.now_ms(), 40_000);
}

#[test]
fn a_stream_goes_on_at_the_next_gateway_where_the_first_one_stopped() {
    let file = noise(60_000);
    let (cid, store, _) = stored(&file, &SMALL);
    for how in [How::Stalls, How::Breaks, How::Flips(200), How::Flips(128)] {
        let test = Test::new(&store, &[how, How::Trustless]);
        let (bytes, _) = test.stream(&cid).unwrap();
        assert!(bytes == file, "{how:?}");
        assert!(test.asked.borrow().iter().any(|url| url.starts_with("https://g1/")));
        // Alone, it gives proven bytes, and then says why there are no more.
        let test = Test::new(&store, &[how]);
        let pieces: Vec<_> = fake::run(async {
            let stream = fetch_stream(&test.io, &test.gateways, &cid, &test.options).await.ok();
            stream.unwrap().pieces.collect().await
        });
        let (last, before) = pieces.split_last().unwrap();
        assert!(last.is_err(), "{how:?}");
        let given: Vec<u8> = before.iter().flat_map(|piece| piece.as_ref().ok().cloned().unwrap()).collect();
        assert!(!given.is_empty() && file.starts_with(&given), "{how:?}");
    }
}

#[test]
fn a_car_without_repeated_blocks_is_completed_block_by_block() {
    let (cid, store, _) = stored(&vec![7; 40_000], &SMALL);
    let test = Test::new(&store, &[How::NoDups]);
    assert_eq!(test.stream(&cid).unwrap(), (vec![7; 40_000], Some("blocks")));
    assert_eq!(test.fetch(&cid).unwrap().bytes, vec![7; 40_000]);
}

#[test]
fn what_cannot_be_checked_is_said_or_refused() {
    // An unknown layout, from a gateway that has the file alone.
    let file = noise(300_000);
    let (cid, store, _) = stored(&file, &SMALL);
    let mut test = Test::new(&store, &[How::Plain]);
    assert_eq!(code(test.fetch(&cid)), "contentUnverified");
    assert_eq!(code(test.stream(&cid)), "contentUnverified");
    test.options.verify = Verify::Prefer;
    let found = test.fetch(&cid).unwrap();
    assert_eq!((found.bytes == file, found.layout, found.content_type.as_deref()), (true, None, Some("application/json")));
    assert_eq!(test.stream(&cid).unwrap(), (file.clone(), None));
    // Proof is taken where there is some.
    let mut test = Test::new(&store, &[How::Plain, How::Trustless]);
    test.options.verify = Verify::Prefer;
    assert_eq!(test.fetch(&cid).unwrap().layout, Some("blocks"));
    // A small file is one block under every layout: another one is a lie.
    let (cid, store, _) = stored(b"hello", KUBO);
    let mut test = Test::new(&store, &[How::PlainFlips(0)]);
    test.options.verify = Verify::Prefer;
    assert_eq!(code(test.fetch(&cid)), "contentUnverified");
    test.options.verify = Verify::Never;
    assert_eq!(test.fetch(&cid).unwrap().layout, None);
    assert_eq!(test.stream(&cid).unwrap().1, None);
}

#[test]
fn a_file_over_the_limit_is_not_fetched() {
    let (cid, store, _) = stored(&noise(300_000), &SMALL);
    let mut test = Test::new(&store, &[How::Trustless, How::Trustless]);
    test.options.max_bytes = 299_999;
    let found = test.fetch(&cid);
    assert!(found.is_err_and(|error| error.to_string().contains("300000 bytes, but at most 299999")));
    assert_eq!(test.requests(), 1);
    test.options.max_bytes += 1;
    assert!(test.fetch(&cid).is_ok());
}

#[test]
fn content_in_its_own_cid_is_fetched_from_nobody() {
    let (_, store, _) = stored(b"", KUBO);
    let test = Test::new(&store, &[]);
    let link = leaf(b"{}", true).root.to_string();
    let found = test.fetch(&link).unwrap();
    assert_eq!((found.bytes.as_slice(), found.layout), (&b"{}"[..], Some("identity")));
    assert_eq!(test.stream(&link).unwrap(), (b"{}".to_vec(), Some("identity")));
}

#[test]
fn a_sharded_directory_says_what_it_is() {
    let shard = node(5, &[1], &[], false);
    let test = Test::new(&Store::new(b"", shard.order.clone()), &[How::Trustless, How::Trustless]);
    for link in [shard.root.to_string(), format!("{}/a", shard.root)] {
        let error = test.fetch(&link).err().unwrap();
        assert!(error.to_string().contains("a sharded directory (HAMT), which is not supported"), "{error}");
        assert_eq!(test.requests(), 1);
    }
}

#[test]
fn links_that_hold_nothing_to_check_are_asked_of_nobody() {
    let (_, store, _) = stored(b"x", KUBO);
    let mut test = Test::new(&store, &[How::Plain]);
    // blake2b-256: valid, but there is nothing to check it with.
    let blake = "bafk2bzacebcbg35dkwzwpcqri2wrn57imspjj62pyip6o7udcdagb5q4vl7yu";
    for link in ["https://g0/ipfs/none", blake] {
        assert_eq!(code(test.fetch(link)), "contentUnverified");
        assert_eq!(test.requests(), 0);
    }
    test.options.verify = Verify::Prefer;
    assert_eq!(test.fetch(blake).map(|found| found.layout).ok(), Some(None));
    test.gateways = vec!["https://user:secret@g0/ipfs/".to_owned()];
    let error = test.fetch(blake).err().unwrap();
    assert!(error.code() == "invalidInput" && !error.to_string().contains("secret"));
}

#[test]
fn a_links_keys_stay_at_its_own_gateway() {
    let (cid, store, _) = stored(&noise(30_000), &SMALL);
    let test = Test::new(&store, &[How::NoCar, How::Trustless]);
    assert!(test.fetch(&format!("https://g0/ipfs/{cid}?key=secret&format=car")).is_ok());
    let asked = test.asked.borrow();
    assert!(asked.iter().all(|url| url.starts_with("https://g0/ipfs/") && url.ends_with("&key=secret")), "{asked:?}");
    // Where the link's own gateway fails, the next one is asked without them.
    let test = Test::new(&store, &[How::Says(503), How::Trustless]);
    assert!(test.fetch(&format!("https://g0/ipfs/{cid}?key=secret")).is_ok());
    let asked = test.asked.borrow();
    let others: Vec<_> = asked.iter().filter(|url| !url.starts_with("https://g0/")).collect();
    assert!(!others.is_empty() && others.iter().all(|url| !url.contains("secret")), "{asked:?}");
}

#[test]
fn a_strangers_link_leads_to_public_addresses_only() {
    let (cid, ..) = stored(b"{\"a\":1}", KUBO);
    for (link, allow_private_hosts, expected) in [
        ("https://stranger.example/ipfs/", false, vec![Reach::PublicFromServers, Reach::Anywhere]),
        ("https://stranger.example/ipfs/", true, vec![Reach::Anywhere; 2]),
        ("https://own.example/ipfs/", false, vec![Reach::Anywhere]),
    ] {
        let reaches = Rc::new(RefCell::new(Vec::new()));
        let seen = Rc::clone(&reaches);
        let (io, _) = fake::io(move |request| {
            seen.borrow_mut().push(request.reach);
            Ok(fake::reply(&request.url, 404, &[], ""))
        });
        let gateways = ["https://own.example/ipfs/".to_owned()];
        let options = FetchOptions { allow_private_hosts, ..FetchOptions::default() };
        let link = format!("{link}{cid}");
        assert_eq!(code(fake::run(fetch(&io, &gateways, &link, &options))), "ipfsGateway");
        assert_eq!(reaches.borrow().as_slice(), expected, "{link} {allow_private_hosts}");
    }
}

#[test]
fn json_is_read_to_a_depth() {
    let content = |bytes: &[u8]| Content {
        bytes: bytes.to_vec(),
        cid: None,
        url: "https://g/".to_owned(),
        layout: None,
        content_type: None,
    };
    assert!(content(b"{\"a\":[1]}").json().is_ok());
    for bad in [&b"\xff"[..], b"{", &[b'['; 500]] {
        assert_eq!(code(content(bad).json().map(|_| ())), "ipfsFetch");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    /// Whatever the first gateway does, the answer is the file; alone, it is the file or an error.
    #[test]
    fn no_gateway_gets_a_lie_through(
        size in 0..9_000_usize,
        (chunk_size, max_children) in (100..2_000_usize, 2..5_usize),
        leaf in prop_oneof![Just(Leaf::Raw), Just(Leaf::File), Just(Leaf::RawNode)],
        how in prop_oneof![
            any::<u8>().prop_map(How::Flips),
            any::<u8>().prop_map(How::Cuts),
            any::<u8>().prop_map(How::PlainFlips),
            Just(How::Stalls), Just(How::Breaks), Just(How::NoDups), Just(How::CarIgnored), Just(How::Floods),
        ],
        piece in 1..3_000_usize,
    ) {
        let file = noise(size);
        let (cid, store, _) = stored(&file, &Layout { name: "", cid_version: Version::V1, leaf, chunk_size, max_children });
        let test = |gateways: &[How]| {
            let mut test = Test::new(&store, gateways);
            let asked = Rc::clone(&test.asked);
            test.io.http = Rc::new(World { store: store.clone(), gateways: gateways.to_vec(), piece, asked });
            test
        };
        let both = test(&[how, How::Trustless]);
        prop_assert!(both.fetch(&cid).is_ok_and(|found| found.bytes == file));
        prop_assert!(both.stream(&cid).is_ok_and(|(bytes, _)| bytes == file));
        let alone = test(&[how]);
        prop_assert!(alone.fetch(&cid).map_or(true, |found| found.bytes == file));
        prop_assert!(alone.stream(&cid).map_or(true, |(bytes, _)| bytes == file));
    }
}
