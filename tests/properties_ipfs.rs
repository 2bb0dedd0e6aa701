//! The IPFS room on generated input: any bytes give an answer, what was written is read again, lies are refused.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use ogkit::ipfs::Error;
use ogkit::ipfs::cid::{Cid, DAG_CBOR, DAG_JSON, DAG_PB, RAW};
use ogkit::ipfs::location::{Location, MAX_LINK, check_gateway};
use ogkit::ipfs::multibase;
use ogkit::ipfs::pin::{frame, read_reply};
use ogkit::ipfs::unixfs::{LAYOUTS, root};
use ogkit::ipfs::verify::{Verifier, verify};
use proptest::prelude::*;

fn any_cid() -> impl Strategy<Value = Cid> {
    let codec = prop_oneof![Just(RAW), Just(DAG_PB), Just(DAG_CBOR), Just(DAG_JSON), 0..1_u64 << 63];
    prop_oneof![
        any::<[u8; 32]>().prop_map(Cid::v0),
        (codec, any::<[u8; 32]>()).prop_map(|(codec, digest)| Cid::v1(codec, digest))
    ]
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..most)
}

/// Text that has every mark of a link somewhere.
const LINKISH: &str = "(https?://|ipfs://|/ipfs/|)([a-z0-9.@:%\\[\\]-]{0,12}|QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o)\
    (/ipfs/|\\.ipfs\\.|/|)(QmT78zSuBmuS4z925WZfrqQ1qHaJ56DQaTfyMUF7F8ff5o|[a-zA-Z0-9./?#@:%\\\\ -]{0,20})[/a-z.?#%2eE]{0,12}";

proptest! {
    #[test]
    fn a_cid_is_read_as_it_was_written(cid in any_cid()) {
        prop_assert_eq!(Cid::parse(&cid.to_string()), Ok(cid));
        prop_assert_eq!(Cid::from_bytes(&cid.to_bytes()), Ok(cid));
    }

    /// What is read at all has one binary form.
    #[test]
    fn any_bytes_are_a_cid_in_one_way_or_none(bytes in prop_oneof![
        bytes(90),
        (0..3_u8, any::<u8>(), 0x10..0x14_u8, any::<u8>(), bytes(70)).prop_map(|(version, codec, hash, length, rest)| {
            [&[version, codec & 0x7f, hash, length][..], &rest].concat()
        }),
        any_cid().prop_map(|cid| cid.to_bytes()),
    ]) {
        if let Ok(cid) = Cid::from_bytes(&bytes) {
            prop_assert_eq!(cid.to_bytes(), bytes);
            prop_assert_eq!(Cid::parse(&cid.to_string()), Ok(cid));
        }
    }

    #[test]
    fn a_changed_character_is_another_cid_or_none(cid in any_cid(), at in 0..46_usize, digit in "[a-zA-Z0-9]") {
        let mut text = cid.to_string();
        text.replace_range(at..=at, &digit);
        match Cid::parse(&text) {
            Ok(other) => prop_assert_eq!(other == cid, text == cid.to_string()),
            Err(error) => {
                let refused = matches!(error, Error::InvalidCid { .. });
                prop_assert!(refused);
            }
        }
    }

    #[test]
    fn digits_are_read_as_they_were_written(bytes in bytes(80)) {
        prop_assert_eq!(multibase::decode(&multibase::encode_base32(&bytes)), Some(bytes.clone()));
        prop_assert_eq!(multibase::decode_base58(&multibase::encode_base58(&bytes)), Some(bytes.clone()));
        prop_assert_eq!(multibase::decode(&format!("z{}", multibase::encode_base58(&bytes))), Some(bytes));
    }

    #[test]
    fn any_text_gives_an_answer(text in ".{0,100}", digits in "[QmbBzfFkKué][0-9a-zA-Z]{0,210}") {
        for text in [&text, &digits] {
            let _ = (Cid::parse(text), multibase::decode(text), multibase::decode_base58(text));
            let _ = (Location::parse(text), check_gateway(text));
            let _ = frame(text, text, [0; 16]);
        }
    }

    /// Where a link leads is decided once: the gateways' URLs name the same content and path as the link.
    #[test]
    fn a_links_urls_lead_to_what_it_names(link in LINKISH) {
        let Ok(location) = Location::parse(&link) else { return Ok(()) };
        prop_assert!(link.len() <= MAX_LINK);
        prop_assert!(location.url.is_some() || location.cid.is_some());
        for url in location.urls(&["https://gateway.example/ipfs/".to_owned(), "http://127.0.0.1:1/ipfs".to_owned()]) {
            let lower = url.to_ascii_lowercase();
            prop_assert!(lower.starts_with("https://") || lower.starts_with("http://"), "{}", url);
            prop_assert!(!url.split(['?', '#']).next().unwrap().split('/').nth(2).unwrap().contains('@'), "{}", url);
            let again = Location::parse(&url).unwrap();
            prop_assert_eq!((again.cid, &again.path), (location.cid, &location.path));
        }
    }

    #[test]
    fn a_file_is_proven_and_no_other(file in bytes(3000), layout in 0..LAYOUTS.len(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let cid = root(&file, &LAYOUTS[layout]);
        prop_assert!(verify(&cid, &file).is_ok());
        let mut lie = file.clone();
        if file.is_empty() {
            lie.push(bit);
        } else {
            lie[at.index(file.len())] ^= 1 << bit;
        }
        let refused = matches!(verify(&cid, &lie), Err(Error::Mismatch { .. }));
        prop_assert!(refused);
        let mut verifier = Verifier::new(&cid, LAYOUTS).unwrap();
        verifier.update(&lie);
        prop_assert!(verifier.finish().is_err());
    }

    #[test]
    fn nothing_is_proven_by_chance(cid in any_cid(), file in bytes(200)) {
        let refused = matches!(verify(&cid, &file), Err(Error::Mismatch { .. }));
        prop_assert!(refused);
    }

    #[test]
    fn a_frame_stands_around_content(random in any::<[u8; 16]>(), name in "[^\\p{C}\"\\\\]{1,60}") {
        let frame = frame(&name, "application/json", random).unwrap();
        let boundary = frame.content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let head = frame.head.strip_suffix("\r\n\r\n").unwrap();
        prop_assert_eq!(frame.tail, format!("\r\n--{boundary}--\r\n"));
        prop_assert_eq!(head.matches("\r\n").count(), 2);
        prop_assert_eq!(head.split("\r\n").next().unwrap().strip_prefix("--"), Some(boundary));
    }

    #[test]
    fn any_reply_gives_an_answer(reply in bytes(300), link in LINKISH) {
        let _ = read_reply(&reply, b"hello world\n");
        if let Ok(pinned) = read_reply(serde_json::json!({ "link": link }).to_string().as_bytes(), b"hello world\n") {
            prop_assert!(verify(&pinned.cid, b"hello world\n").is_ok());
        }
    }
}
