//! Content and where it is: CIDs, links, CARs, nodes, gateways, pinning services.

use futures_util::StreamExt as _;
use ogkit::ipfs::Error;
use ogkit::ipfs::car::Reader;
use ogkit::ipfs::cid::{Cid, DAG_PB, RAW, sha256};
use ogkit::ipfs::fetch::{FetchOptions, Verify, fetch, fetch_stream};
use ogkit::ipfs::location::{Location, check_gateway};
use ogkit::ipfs::multibase;
use ogkit::ipfs::pin::{Endpoint, frame, read_reply};
use ogkit::ipfs::unixfs::{LAYOUTS, around, root};
use ogkit::ipfs::verify::{Verifier, verify, verify_block};
use ogkit::ipfs::walk::Walker;
use ogkit::opengradient::hub::upload;
use serde_json::Value;

use super::{Target, bytes, joined, parts, short, splits, text, unhex, vectors};
use crate::world::{Answer, io, run};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "cid", run: cid, samples: cid_samples, memory: 24 },
    Target { name: "multibase", run: multibase_digits, samples: cid_samples, memory: 24 },
    Target { name: "location", run: location, samples: location_samples, memory: 48 },
    Target { name: "car", run: car, samples: car_samples, memory: 48 },
    Target { name: "dag_pb", run: dag_pb, samples: node_samples, memory: 96 },
    Target { name: "unixfs", run: unixfs, samples: || vec![Vec::new(), b"hello world\n".to_vec(), vec![7; 3000]], memory: 200 },
    Target { name: "pin", run: pin, samples: pin_samples, memory: 48 },
    Target { name: "multipart", run: multipart, samples: multipart_samples, memory: 48 },
    Target { name: "gateway", run: gateway, samples: gateway_samples, memory: 200 },
];

/// Each CID has one binary form and one text of ours, and both are read again.
fn cid(data: &[u8]) {
    if let Ok(cid) = Cid::from_bytes(data) {
        assert_eq!(cid.to_bytes(), data, "one binary form");
        assert_eq!(Cid::parse(&cid.to_string()), Ok(cid), "its own text");
        assert!(cid.hash().digest().len() <= 64);
    }
    let plain = text(data);
    match Cid::parse(&plain) {
        Ok(cid) => {
            assert_eq!(Cid::parse(&cid.to_string()), Ok(cid), "its own text");
            assert_eq!(Cid::from_bytes(&cid.to_bytes()), Ok(cid), "its own bytes");
            assert!(cid.same_block(&cid.to_v1()));
        }
        Err(error) => short(&error),
    }
}

fn cid_samples() -> Vec<Vec<u8>> {
    let vectors = vectors(include_str!("../../vectors/ipfs-cids.json"));
    let mut all = Vec::new();
    for cid in vectors["cids"].as_array().into_iter().flatten() {
        all.push(unhex(cid["bytes"].as_str().unwrap_or_default()));
        all.push(cid["text"].as_str().unwrap_or_default().into());
        all.extend(bytes(cid["others"].as_array().into_iter().flatten().filter_map(Value::as_str)));
    }
    all.extend([unhex("015500024869"), unhex("0155a0e40220"), unhex("01808080808080808001001200")]);
    all
}

/// Digits that are read are those that would be written.
fn multibase_digits(data: &[u8]) {
    let plain = text(data);
    if let Some(read) = multibase::decode(&plain) {
        let digits = &plain[1..];
        match plain.as_bytes().first() {
            Some(b'b' | b'B') => assert_eq!(multibase::encode_base32(&read), plain.to_ascii_lowercase()),
            Some(b'z') => assert_eq!(multibase::encode_base58(&read), digits),
            Some(b'f' | b'F') => assert_eq!(alloy_primitives::hex::encode(&read), digits.to_ascii_lowercase()),
            _ => assert!(read.len() <= digits.len()),
        }
    }
    if let Some(read) = multibase::decode_base58(&plain) {
        assert_eq!(multibase::encode_base58(&read), plain);
    }
    // As long as texts may be.
    let short = &data[..data.len().min(120)];
    assert_eq!(multibase::decode(&multibase::encode_base32(short)).as_deref(), Some(short));
    assert_eq!(multibase::decode_base58(&multibase::encode_base58(short)).as_deref(), Some(short));
}

const GATEWAY: &str = "https://gateway.example/ipfs/";

/// What is asked is what was checked: no other host, no step up, nothing that a browser repairs.
fn location(data: &[u8]) {
    let plain = text(data);
    match Location::parse(&plain) {
        Ok(location) => located(&location),
        Err(error) => short(&error),
    }
    if check_gateway(&plain).is_ok() {
        assert!(!plain.contains(['?', '#', '\\', ' ']), "{plain}");
    }
    match Endpoint::parse(&plain) {
        Ok(endpoint) => {
            assert_eq!(Endpoint::parse(&endpoint.url).as_ref(), Ok(&endpoint), "an endpoint's own URL");
            assert!(endpoint.url.contains("://") && !endpoint.url.contains('#'), "{}", endpoint.url);
        }
        Err(error) => short(&error),
    }
}

fn located(location: &Location) {
    assert!(location.cid.is_some() || location.url.is_some(), "it names something");
    let mut segments = location.path.split('/');
    assert!(!segments.any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..")));
    let urls = location.urls(&[GATEWAY.to_owned(), plain_gateway().to_owned()]);
    for url in &urls {
        assert!(!url.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\'), "{url}");
        let scheme = url.split("://").next().unwrap_or_default().to_ascii_lowercase();
        assert!(scheme == "http" || scheme == "https", "{url}");
    }
    if let Ok(Some(url)) = location.url_at(GATEWAY) {
        let again = Location::parse(&url).expect("a URL of ours is a link, or the link was too long");
        assert!(url.len() > 2048 || again.cid.zip(location.cid).is_some_and(|(a, b)| a == b), "{url}");
        assert_eq!(again.path, location.path, "{url}");
    }
}

const fn plain_gateway() -> &'static str {
    "http://127.0.0.1:8080/ipfs"
}

fn location_samples() -> Vec<Vec<u8>> {
    bytes([
        "ipfs://bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku/a/b%20c.json",
        "https://gateway.example/ipfs/QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n?filename=x#y",
        "https://bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku.ipfs.host:8080/p",
        "/ipfs/QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n",
        "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n/x",
        "http://127.0.0.1:5001/api/v0/add?pin=false",
        "https://h/ipfs/ipfs/bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku//a",
    ])
}

type Blocks = Vec<(Cid, Vec<u8>)>;

/// The blocks of a CAR, and how it ended.
fn blocks(pieces: &[&[u8]]) -> (Blocks, Result<(), Error>) {
    let (mut reader, mut found) = (Reader::default(), Vec::new());
    for piece in pieces {
        reader.push(piece);
        loop {
            match reader.next_block() {
                Ok(Some(block)) => found.push(block),
                Ok(None) => break,
                Err(error) => return (found, Err(error)),
            }
        }
    }
    let end = reader.finish();
    (found, end)
}

/// A CAR in pieces gives the same blocks and ends alike; what a walk through it proves is as long as its root says, and no longer than
/// what came.
fn car(data: &[u8]) {
    let [path, car] = parts(data);
    let whole = blocks(&[car]);
    for pieces in splits(car) {
        assert_eq!(blocks(&pieces), whole, "in pieces");
    }
    let (found, _) = whole;
    let Some((first, _)) = found.first() else { return };
    let mut walker = match Walker::new(*first, &text(path), 1 << 20) {
        Ok(walker) => walker,
        Err(error) => return short(&error),
    };
    let mut proven = walker.piece().len();
    for (cid, block) in &found {
        if let Err(error) = walker.take(cid, block.clone()) {
            return short(&error);
        }
        assert!(walker.upcoming().count() <= car.len());
        proven += walker.piece().len();
    }
    assert!(proven <= car.len(), "more than came");
    if walker.finish().is_ok() {
        assert_eq!(walker.size(), Some(proven as u64), "as long as the root says");
    }
}

fn cars() -> Vec<(String, Vec<u8>)> {
    let vectors = vectors(include_str!("../../vectors/ipfs-cars.json"));
    let mut all = Vec::new();
    for car in vectors["cars"].as_array().into_iter().flatten() {
        let text = car["car"].as_str().unwrap_or_default();
        let padded = text.len().next_multiple_of(4);
        let bytes = unbase64(&format!("{text:=<padded$}"));
        if bytes.len() < 6000 {
            all.push((car["path"].as_str().unwrap_or_default().to_owned(), bytes));
        }
    }
    all
}

fn unbase64(text: &str) -> Vec<u8> {
    let digit =
        |byte: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|own| *own == byte);
    let mut out = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let digits: Vec<usize> = group.iter().filter_map(|byte| digit(*byte)).collect();
        let held = digits.iter().fold(0, |held, digit| held << 6 | *digit) << (6 * (4 - digits.len()));
        let bytes = u32::try_from(held).expect("24 bits").to_be_bytes();
        out.extend_from_slice(&bytes[1..digits.len().max(1)]);
    }
    out
}

fn car_samples() -> Vec<Vec<u8>> {
    cars().into_iter().map(|(path, car)| joined(&[path.as_bytes(), &car])).collect()
}

/// Any block with the right hash is taken apart or refused with a word: nothing else comes out of it than a part of it.
fn dag_pb(data: &[u8]) {
    let [path, block] = parts(data);
    let cid = Cid::v1(DAG_PB, sha256(block));
    let Ok(mut walker) = Walker::new(cid, &text(path), 1 << 20) else { return };
    assert_eq!(walker.wanted(), Some(&cid));
    match walker.take(&cid, block.to_vec()) {
        Ok(()) => {
            assert!(walker.upcoming().count() <= block.len());
            let piece = walker.piece();
            assert!(piece.len() <= block.len());
            if walker.finish().is_ok() {
                assert_eq!(walker.size(), Some(piece.len() as u64));
            }
        }
        Err(error) => {
            short(&error);
            assert!(!matches!(error, Error::Block { .. } | Error::Mismatch { .. }), "its hash is right: {error}");
        }
    }
}

fn node_samples() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (path, car) in cars() {
        for (cid, block) in blocks(&[&car]).0 {
            if cid.codec() == DAG_PB {
                all.push(joined(&[path.as_bytes(), &block]));
            }
        }
    }
    all
}

/// A file is proven by the CID that it has under each layout, whole and in pieces; no other file is.
fn unixfs(data: &[u8]) {
    let layout = &LAYOUTS[data.len() % LAYOUTS.len()];
    let cid = root(data, layout);
    let proof = verify(&cid, data).map(|proof| proof.name());
    assert!(proof.is_ok(), "{}: {proof:?}", layout.name);
    let mut verifier = Verifier::new(&cid, LAYOUTS).expect("SHA-256");
    let pieces = splits(data).pop().unwrap_or_default();
    pieces.into_iter().for_each(|piece| verifier.update(piece));
    assert_eq!(verifier.finish().map(|proof| proof.name()), proof, "in pieces");
    let (head, tail) = around(layout.leaf, data.len() as u64);
    let mut other = [&head[..], data, &tail].concat();
    if data.len() <= layout.chunk_size {
        assert!(verify_block(&cid, &other).is_ok(), "a leaf's own block");
    }
    other.push(0);
    assert!(matches!(verify(&cid, &other), Err(Error::Mismatch { .. })), "other bytes");
}

/// A service's link is believed only where it names the content.
fn pin(data: &[u8]) {
    let [reply, content] = parts(data);
    match read_reply(reply, content) {
        Ok(pinned) => assert!(verify(&pinned.cid, content).is_ok(), "{}", pinned.link),
        Err(error) => short(&error),
    }
    for service in ["https://pin.example/file", "http://127.0.0.1:5001/api/v0/add"] {
        let endpoint = Endpoint::parse(service).expect("a URL");
        match endpoint.read(reply, "file.json") {
            Ok(claim) => {
                let location = Location::parse(&claim.link).expect("a claim's link is one");
                assert_eq!((location.cid, location.path.as_str()), (Some(claim.cid), ""));
            }
            Err(error) => short(&error),
        }
    }
}

fn pin_samples() -> Vec<Vec<u8>> {
    let cid = root(b"{}", &LAYOUTS[0]);
    let replies = [
        format!(r#"{{"link":"https://gateway.example/ipfs/{cid}"}}"#),
        format!("{{\"Name\":\"file.json\",\"Hash\":\"{cid}\",\"Size\":\"10\"}}\n{{\"Name\":\"\",\"Hash\":\"{cid}\"}}\n"),
        r#"{"Message":"no","Code":0,"Type":"error"}"#.to_owned(),
    ];
    replies.iter().map(|reply| joined(&[reply.as_bytes(), b"{}"])).collect()
}

/// What a server reads of a multipart body: the parts' headers and contents (RFC 2046).
fn read_multipart(content_type: &str, body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let boundary = content_type.split_once("boundary=").map(|(_, boundary)| boundary).unwrap_or_default();
    let delimiter = format!("\r\n--{boundary}");
    // The first delimiter's line break belongs to nothing.
    let body = [b"\r\n", body].concat();
    let mut starts: Vec<usize> = (0..body.len()).filter(|at| body[*at..].starts_with(delimiter.as_bytes())).collect();
    let end = starts.pop().expect("a last delimiter");
    assert!(body[end + delimiter.len()..].starts_with(b"--"), "the end's mark");
    let mut parts = Vec::new();
    for (at, start) in starts.iter().enumerate() {
        let part = &body[start + delimiter.len() + 2..*starts.get(at + 1).unwrap_or(&end)];
        let split = part.windows(4).position(|bytes| bytes == b"\r\n\r\n").expect("headers end");
        parts.push((text(&part[..split]).into_owned(), part[split + 4..].to_vec()));
    }
    parts
}

/// Whatever a file and its type are called, a server reads one part with that name, that type and these bytes.
fn multipart(data: &[u8]) {
    let [name, kind, content] = parts(data);
    let (name, kind) = (text(name), text(kind));
    let random = sha256(data)[..16].try_into().expect("16 bytes");
    let read = |content_type: &str, head: &[u8], tail: &[u8], kind: &str| {
        let [(headers, found)] = &read_multipart(content_type, &[head, content, tail].concat())[..] else { panic!("one part") };
        let lines: Vec<&str> = headers.split("\r\n").collect();
        let [disposition, kind_line] = lines[..] else { panic!("two headers: {headers}") };
        let quoted: Vec<&str> = disposition.split('"').collect();
        assert_eq!(quoted, ["Content-Disposition: form-data; name=", "file", "; filename=", &name, ""]);
        assert_eq!(kind_line, format!("Content-Type: {kind}"));
        assert_eq!(found, content);
    };
    match frame(&name, &kind, random) {
        Ok(frame) => read(&frame.content_type, frame.head.as_bytes(), frame.tail.as_bytes(), &kind),
        Err(error) => short(&error),
    }
    match upload::plan("https://hub.example/files".to_owned(), "token", &name, random) {
        Ok(plan) => {
            let content_type = plan.headers.iter().find(|(key, _)| *key == "content-type").map(|(_, value)| value.as_str());
            read(content_type.unwrap_or_default(), &plan.head, &plan.tail, "application/octet-stream");
        }
        Err(error) => short(&error),
    }
}

fn multipart_samples() -> Vec<Vec<u8>> {
    vec![
        joined(&[b"a.json", b"application/json", b"{}\r\n--x\r\n\r\n"]),
        joined(&["é (1).txt".as_bytes(), b"text/plain; charset=utf-8", b"\0\xff"]),
    ]
}

/// A gateway's answer is content of its CID, or an error, in whatever pieces it comes; streamed it is the same content.
fn gateway(data: &[u8]) {
    const TYPES: [&str; 4] = ["application/vnd.ipld.car", "application/vnd.ipld.raw", "application/json", ""];
    let Some((&kind, rest)) = data.split_first() else { return };
    let [path, body] = parts(rest);
    let found = blocks(&[body]).0;
    // The root is one that what is sent can be right for: the first block's, the bytes' own, or a file's.
    let cid = match (found.first(), kind >> 2 & 3) {
        (Some((first, _)), 0 | 1) => *first,
        (_, 2) => root(body, &LAYOUTS[usize::from(kind >> 4) % LAYOUTS.len()]),
        _ => Cid::v1(RAW, sha256(body)),
    };
    // One that knows what is asked of it serves each block of the CAR and the CAR; the other says the same to everything.
    let is_knowing = kind >> 2 & 3 == 0;
    let answer = move |url: &str, pieces: &[Vec<u8>], body: &[u8]| {
        let typed = |kind: usize, pieces: Vec<Vec<u8>>| Answer {
            status: 200,
            headers: vec![("content-type".to_owned(), TYPES[kind].to_owned())],
            pieces,
        };
        if !is_knowing {
            return typed(usize::from(kind & 3), pieces.to_vec());
        }
        if url.contains("format=car") {
            return typed(0, pieces.to_vec());
        }
        let asked = url.split('?').next().unwrap_or_default().rsplit('/').next().and_then(|cid| Cid::parse(cid).ok());
        let all = blocks(&[body]).0;
        match all.into_iter().find(|(cid, _)| asked.is_some_and(|asked| asked.same_block(cid))) {
            Some((_, block)) if url.contains("format=raw") && kind & 1 == 0 => typed(1, vec![block]),
            _ => Answer { status: 404, ..Answer::default() },
        }
    };
    let link = format!("ipfs://{cid}/{}", text(path));
    let options = FetchOptions { verify: Verify::Require, max_bytes: 1 << 20, ..FetchOptions::default() };
    let mut known: Option<Result<Vec<u8>, String>> = None;
    for (turn, pieces) in splits(body).into_iter().rev().take(2).enumerate() {
        // What a gateway can do is remembered; here each one is met for the first time.
        let name = Cid::v1(RAW, sha256(data));
        let [gateways, others] = ["a", "b"].map(|side| [format!("https://{side}{turn}{name}.example/ipfs/")]);
        let pieces: Vec<Vec<u8>> = pieces.into_iter().map(<[u8]>::to_vec).collect();
        let body = body.to_vec();
        let (io, _) = io(move |request| answer(&request.url, &pieces, &body));
        let whole = run(fetch(&io, &gateways, &link, &options)).map(|content| content.bytes);
        let streamed = run(async {
            let mut stream = fetch_stream(&io, &others, &link, &options).await?;
            let mut all = Vec::new();
            while let Some(piece) = stream.pieces.next().await {
                all.extend(piece?);
            }
            Ok::<_, ogkit::error::Error>(all)
        });
        whole.as_ref().err().into_iter().chain(streamed.as_ref().err()).for_each(short);
        if let (Ok(whole), Ok(streamed)) = (&whole, &streamed) {
            assert_eq!(whole, streamed, "streamed: {link}");
        }
        if is_knowing && kind & 1 == 0 {
            assert_eq!(whole.is_ok(), streamed.is_ok(), "streamed or not: {link}");
        }
        if let Ok(content) = &whole
            && path.is_empty()
            && cid.codec() == RAW
        {
            assert!(cid.identity() == Some(content) || verify_block(&cid, content).is_ok(), "other content");
        }
        let outcome = whole.map_err(|error| error.code().to_owned());
        assert_eq!(known.get_or_insert_with(|| outcome.clone()), &outcome, "in pieces: {link}");
    }
}

fn gateway_samples() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (path, car) in cars() {
        for kind in [0, 1, 4] {
            all.push([&[kind][..], &joined(&[path.as_bytes(), &car])].concat());
        }
    }
    for kind in [5, 6, 7, 8, 9, 10, 11, 25, 42, 13, 14, 15] {
        all.push([&[kind][..], &joined(&[b"", b"{\"a\":1}"])].concat());
    }
    all
}
