//! x402: demands, offers, what is signed for them, receipts, and the whole exchange with a server that says anything.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, U256, address, keccak256};
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use ogkit::io::{HttpRequest, Redirects};
use ogkit::json::Json;
use ogkit::x402::UPTO_PROXY;
use ogkit::x402::client::{PayOptions, Payer};
use ogkit::x402::ledger::{Share, Store};
use ogkit::x402::offer::{MIN_TIMEOUT, Method, Offer};
use ogkit::x402::payment::{Draft, PaymentRecord};
use ogkit::x402::policy::{MAX_LIFE, OPG, Policy};
use ogkit::x402::wire::{Flaw, PaymentRequired, Receipt, Version, encode_header};
use serde_json::Value;

use super::chain::{client, node};
use super::{Target, all_named, bytes, joined, parts, short, text, vectors};
use crate::world::{self, Answer, NOW};

pub(super) const TARGETS: &[Target] = &[
    Target { name: "demand", run: demand, samples: demand_samples, memory: 64 },
    Target { name: "eip712", run: eip712, samples: offer_samples, memory: 200 },
    Target { name: "settlement", run: settlement, samples: settlement_samples, memory: 64 },
    Target { name: "settled_by", run: settled_by, samples: settled_samples, memory: 200 },
    Target { name: "payer", run: payer, samples: payer_samples, memory: 400 },
];

const PAYER: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const NONCE: B256 = B256::repeat_byte(7);

/// A demand is read or refused with a word; an offer that is read can be paid as it stands.
fn demand(data: &[u8]) {
    let plain = text(data);
    let from_text = PaymentRequired::from_header(&encode_header(&plain));
    let found =
        [PaymentRequired::from_header(&plain).ok(), from_text.ok(), PaymentRequired::from_body(data).and_then(Result::ok)];
    for required in found.into_iter().flatten() {
        assert!((1..=64).contains(&required.accepts.len()));
        assert!(required.error.as_ref().is_none_or(|error| error.len() <= 520), "words are cut");
        for raw in required.accepts.iter().chain(&required.resource).chain(&required.extensions) {
            assert_eq!(Json::parse(raw).map(Json::raw), Some(raw.as_str()), "the pieces are JSON as it came");
        }
        let _ = required.extension("eip2612GasSponsoring");
        required.accepts.iter().for_each(|raw| offer(raw, required.version));
    }
    [Version::V1, Version::V2].into_iter().for_each(|version| offer(&plain, version));
}

fn offer(raw: &str, version: Version) {
    match Offer::parse(raw, version) {
        Ok(offer) => {
            assert_eq!(Offer::parse(&offer.raw, version).as_ref(), Ok(&offer), "its own text");
            assert!(!offer.pay_to.is_zero() && offer.pay_to != offer.asset);
            assert!(offer.timeout >= MIN_TIMEOUT && offer.chain_id < 1 << 53);
            assert!(offer.method != Method::Permit2 || !offer.amount.is_zero());
            assert!(offer.method != Method::Eip3009 || offer.domain.is_some());
        }
        Err(refusal) => short(&refusal.into_error("host.example")),
    }
}

fn demand_samples() -> Vec<Vec<u8>> {
    let vectors = vectors(include_str!("../../vectors/x402.json"));
    let mut all = bytes(all_named(&vectors, "paymentRequiredHeader"));
    for payment in vectors["payments"].as_array().into_iter().flatten() {
        all.push(payment["paymentRequired"].to_string().into_bytes());
        all.extend(
            payment["paymentRequired"]["accepts"].as_array().into_iter().flatten().map(|offer| offer.to_string().into_bytes()),
        );
    }
    all
}

/// The digest of EIP-712 for typed data as a wallet reads it: by the types that stand in the text, whatever they are.
fn digest(typed: &Value) -> B256 {
    let domain = hash_struct(typed, "EIP712Domain", &typed["domain"]);
    let message = hash_struct(typed, typed["primaryType"].as_str().expect("a type"), &typed["message"]);
    keccak256([&[0x19, 0x01][..], &domain[..], &message[..]].concat())
}

fn members(typed: &Value, kind: &str) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    typed["types"][kind]
        .as_array()
        .expect("members")
        .iter()
        .map(|member| (text(&member["name"]), text(&member["type"])))
        .collect()
}

fn encode_type(typed: &Value, kind: &str) -> String {
    let own = |kind: &str| {
        let all: Vec<String> = members(typed, kind).iter().map(|(name, kind)| format!("{kind} {name}")).collect();
        format!("{kind}({})", all.join(","))
    };
    let mut inner: Vec<String> = Vec::new();
    let mut open = vec![kind.to_owned()];
    while let Some(kind) = open.pop() {
        for (_, kind) in members(typed, &kind) {
            if typed["types"].get(&kind).is_some() && !inner.contains(&kind) {
                inner.push(kind.clone());
                open.push(kind);
            }
        }
    }
    inner.sort();
    [own(kind)].into_iter().chain(inner.iter().map(|kind| own(kind))).collect()
}

fn hash_struct(typed: &Value, kind: &str, value: &Value) -> B256 {
    let mut words = keccak256(encode_type(typed, kind)).to_vec();
    for (name, kind) in members(typed, kind) {
        let value = &value[&name];
        let plain = value.as_str().map(str::to_owned).unwrap_or_else(|| value.to_string());
        let word: B256 = match kind.as_str() {
            "string" => keccak256(&plain),
            "address" => plain.parse::<Address>().expect("an address").into_word(),
            "bytes32" => plain.parse().expect("32 bytes"),
            "uint256" => plain.parse::<U256>().expect("a number").into(),
            other => hash_struct(typed, other, value),
        };
        words.extend_from_slice(&word[..]);
    }
    keccak256(words)
}

/// What the wallet is asked to sign has the digest that we expect of its signature, whatever names the seller has for its token.
fn eip712(data: &[u8]) {
    let plain = text(data);
    for version in [Version::V1, Version::V2] {
        let Ok(offer) = Offer::parse(&plain, version) else { continue };
        let (name, number) = offer.domain.clone().unwrap_or_default();
        let draft = Draft::new(&offer, (&name, &number), PAYER, "https://host.example", NOW, offer.timeout, NONCE);
        let typed: Value = serde_json::from_str(&draft.typed.json).expect("typed data is JSON");
        assert_eq!(digest(&typed), draft.typed.digest, "{}", draft.typed.json);
        assert_eq!(typed["domain"]["chainId"].to_string().trim_matches('"'), offer.chain_id.to_string());
        let payload = Json::parse(&draft.typed.payload).expect("a payload is JSON");
        assert!(payload.members().count() > 0);
        let required =
            PaymentRequired { version, error: None, accepts: vec![plain.to_string()], resource: None, extensions: None };
        let (_, header) = draft.header(&offer, &required, &[7; 65], &[]);
        let header = ogkit::x402::wire::decode_header(&header);
        assert!(header.is_none_or(|header| Json::parse(&header).is_some()), "a payment's header is JSON");
    }
}

fn offer_samples() -> Vec<Vec<u8>> {
    demand_samples().into_iter().filter(|sample| sample.starts_with(b"{\"") && !sample.starts_with(b"{\"accepts")).collect()
}

/// A receipt is the server's word, held against what was signed; nothing in it makes it more than that.
fn settlement(data: &[u8]) {
    let plain = text(data);
    let record = PaymentRecord {
        scheme: ogkit::x402::offer::Scheme::Upto,
        network: "eip155:8453".to_owned(),
        chain_id: 8453,
        asset: OPG.address,
        amount: U256::from(1000),
        from: PAYER,
        pay_to: Address::repeat_byte(9),
        origin: "https://host.example".to_owned(),
        deadline: NOW + 60,
        nonce: NONCE,
        method: Method::Permit2,
        reused: false,
        charged: Rc::default(),
    };
    for value in [plain.to_string(), encode_header(&plain)] {
        let receipt = Receipt::read(&value).checked(&record);
        assert!(receipt.error.as_ref().is_none_or(|error| error.len() <= 520));
        assert!(receipt.network.as_ref().is_none_or(|network| network.len() <= 520));
        let has = |flaw| receipt.flaws.contains(&flaw);
        assert!(receipt.success || !receipt.flaws.is_empty(), "a failure beside an answer is odd");
        assert!(receipt.amount.is_none_or(|amount| amount <= record.amount || has(Flaw::MoreThanSigned)));
        assert!(receipt.payer.is_none_or(|payer| payer == PAYER || has(Flaw::OtherPayer)));
    }
}

fn settlement_samples() -> Vec<Vec<u8>> {
    let vectors = vectors(include_str!("../../vectors/x402.json"));
    let settlements = vectors["settlements"].as_array().into_iter().flatten();
    let mut all: Vec<Vec<u8>> = settlements.map(|settlement| settlement["object"].to_string().into_bytes()).collect();
    all.extend(bytes([r#"{"success":false,"errorReason":"insufficient_funds","payer":"0x","transaction":"","network":"base"}"#]));
    all
}

/// A store that holds a text.
struct Kept(RefCell<Option<String>>);

impl Store for Kept {
    fn get(&self, _key: String) -> LocalBoxFuture<'static, Result<Option<String>, String>> {
        let text = self.0.borrow().clone();
        async move { Ok(text) }.boxed_local()
    }
    fn set(&self, _key: String, text: String) -> LocalBoxFuture<'static, Result<(), String>> {
        self.0.replace(Some(text));
        async { Ok(()) }.boxed_local()
    }
}

/// An answer as text: a status, lines of headers, a blank line, the body. A header's JSON is put into base64 here, so that mutations
/// meet the JSON.
fn answer(data: &[u8]) -> Answer {
    let end = data.windows(2).position(|pair| pair == b"\n\n").unwrap_or(data.len());
    let (head, body) = data.split_at(end);
    let head = text(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.parse().ok()).unwrap_or(402);
    let header = |(name, value): (&str, &str)| {
        (name.to_ascii_lowercase(), if value.starts_with('{') { encode_header(value) } else { value.to_owned() })
    };
    let headers = lines.filter_map(|line| line.split_once(": ")).map(header);
    let body = body.get(2..).unwrap_or_default();
    Answer { status, headers: headers.collect(), pieces: body.chunks(1 + body.len() / 3).map(<[u8]>::to_vec).collect() }
}

/// A server says two things, one before a payment and one after it, and a store holds a text: at most one payment is signed and sent,
/// within the policy, to the origin that was asked; what is signed counts.
fn payer(data: &[u8]) {
    let [first, second, kept] = parts(data);
    let answers = [answer(first), answer(second)];
    let (paid, asked) = (Rc::new(RefCell::new(Vec::new())), Rc::new(Cell::new(0)));
    let seen = Rc::clone(&paid);
    let (io, _) = world::io(move |request| {
        let payment = request.headers.iter().find(|(name, _)| ["PAYMENT-SIGNATURE", "X-PAYMENT"].contains(&&**name));
        let Some((_, value)) = payment else { return answers[0].clone() };
        seen.borrow_mut().push((request.url.clone(), value.clone()));
        answers[1].clone()
    });
    let count = Rc::clone(&asked);
    let wallet = world::wallet(&io, move |method| match method {
        "eth_chainId" => Ok("\"0x2105\"".to_owned()),
        "eth_accounts" | "eth_requestAccounts" => Ok(format!("[\"{PAYER:?}\"]")),
        "eth_signTypedData_v4" => {
            count.set(count.get() + 1);
            Ok(format!("\"0x{}\"", "07".repeat(65)))
        }
        _ => Ok("null".to_owned()),
    });
    let policy = Policy::default();
    let (most, life) = (policy.assets[0].per_request, policy.max_life.min(MAX_LIFE));
    let mut payer = Payer::new(io, wallet, PAYER, policy, Rc::default());
    payer.contract_account = true;
    let text = text(kept).into_owned();
    if !text.is_empty() {
        payer.share = Share::default().with_store(Some(Rc::new(Kept(RefCell::new(Some(text))))));
    }
    let request = HttpRequest { redirects: Redirects::Follow, ..HttpRequest::get("https://host.example/v1") };
    let options = PayOptions { sessions: data.len().is_multiple_of(2), ..PayOptions::default() };
    let before = world::run(payer.spent(OPG.chain_id, OPG.address)).unwrap_or_default();
    let outcome = world::run(payer.fetch(request, &options));
    let sent = paid.borrow().clone();
    assert!(sent.len() <= 1 && asked.get() <= 1, "{} payments, {} windows", sent.len(), asked.get());
    assert!(sent.iter().all(|(url, _)| url.starts_with("https://host.example/")), "{sent:?}");
    match &outcome {
        Ok(paid) => assert_eq!(paid.payment.is_some(), sent.len() == 1, "an answer says whether it was paid"),
        Err(error) => short(error),
    }
    if let Ok(ogkit::x402::client::Paid { payment: Some(payment), .. }) = &outcome {
        assert!(payment.amount <= most && payment.asset == OPG.address && payment.deadline <= NOW + life, "{payment:?}");
        let after = world::run(payer.spent(OPG.chain_id, OPG.address)).unwrap_or(U256::MAX);
        assert!(after >= before.saturating_add(payment.amount), "what was signed counts: {before} and {after}");
    }
}

fn payer_samples() -> Vec<Vec<u8>> {
    let offer = format!(
        r#"{{"scheme":"upto","network":"eip155:8453","amount":"1000","asset":"{}","payTo":"{}","maxTimeoutSeconds":300,"extra":{{"name":"OpenGradient","version":"1","facilitatorAddress":"{}"}}}}"#,
        OPG.address,
        Address::repeat_byte(9),
        Address::repeat_byte(8)
    );
    let demand = format!(
        r#"{{"x402Version":2,"error":"Payment required","resource":{{"url":"https://host.example/v1"}},"accepts":[{offer}]}}"#
    );
    let first = format!("402\npayment-required: {demand}\ndate: Sun, 15 Jun 2025 15:06:40 GMT\n\n{{}}");
    let receipt =
        format!(r#"{{"success":true,"payer":"{PAYER}","transaction":"{NONCE}","network":"eip155:8453","amount":"10"}}"#);
    let paid = format!("200\npayment-response: {receipt}\nx-upto-session: abc\n\nok");
    let refused = format!("402\npayment-required: {demand}\n\n{{\"error\":\"insufficient_funds\"}}");
    let kept = kept();
    let spelt = first.replace(&demand, &encode_header(&demand));
    vec![
        joined(&[first.as_bytes(), paid.as_bytes(), b""]),
        joined(&[first.as_bytes(), paid.as_bytes(), kept.as_bytes()]),
        joined(&[first.as_bytes(), refused.as_bytes(), b""]),
        joined(&[b"307\nlocation: /v2?x#y\n\n", b"200\n\n", b""]),
        joined(&[b"302\nlocation: https://other.example/\n\n", b"200\n\n", b""]),
        joined(&[spelt.as_bytes(), paid.as_bytes(), b""]),
        joined(&[b"200\n\nfree", b"", kept.as_bytes()]),
    ]
}

/// A store's text: a payment that is open, and a sum of old ones.
fn kept() -> String {
    let entry = format!(
        r#"{{"nonce":"{NONCE}","at":"1749999000","network":"eip155:8453","asset":"{}","counted":"5","signed":"5","from":"{PAYER}","payTo":"{}","origin":"https://host.example","deadline":"1749999300","method":"permit2","scheme":"upto","fate":"open"}}"#,
        OPG.address,
        Address::repeat_byte(9)
    );
    format!(
        r#"{{"version":1,"past":[{{"network":"eip155:8453","asset":"{}","counted":"7"}}],"payments":[{entry}]}}"#,
        OPG.address
    )
}

/// What a chain shows of payments that were signed gives budget back, and never more than was signed; whatever its logs and transactions are.
fn settled_by(data: &[u8]) {
    let [logs, transaction, block, kept] = parts(data).map(|part| text(part).into_owned());
    let io = node(move |method| match method {
        "eth_getLogs" => logs.clone(),
        "eth_getTransactionByHash" => transaction.clone(),
        "eth_getBlockByNumber" => block.clone(),
        "eth_call" => format!("\"0x{}\"", "ff".repeat(32)),
        _ => "\"0x100\"".to_owned(),
    });
    let wallet = world::wallet(&io, |_| Ok("null".to_owned()));
    let mut payer = Payer::new(io.clone(), wallet, PAYER, Policy::default(), Rc::default());
    payer.chains.iter_mut().for_each(|chain| chain.rpc = Some(client(io.clone())));
    payer.share = Share::default().with_store(Some(Rc::new(Kept(RefCell::new(Some(kept.clone()))))));
    match world::run(payer.spent(OPG.chain_id, OPG.address)) {
        Ok(spent) => {
            let amounts = |list: &str, key: &str| {
                let all = Json::parse(&kept).and_then(|kept| kept.get(list)).into_iter().flat_map(Json::elements);
                let amounts = all.filter_map(|one| one.get(key).and_then(Json::text)?.parse::<U256>().ok());
                amounts.fold(U256::ZERO, U256::saturating_add)
            };
            let most = amounts("payments", "signed").saturating_add(amounts("past", "counted"));
            assert!(spent <= most, "{spent} of {most}");
        }
        Err(error) => short(&error),
    }
}

fn settled_samples() -> Vec<Vec<u8>> {
    let word = |address: Address| address.into_word();
    let event = keccak256("Transfer(address,address,uint256)");
    let transfer = |value: u64, index: u64| {
        format!(
            r#"{{"address":"{:?}","topics":["{event}","{}","{}"],"data":"{}","blockNumber":"0x50","blockHash":"{NONCE}","transactionHash":"{NONCE}","logIndex":"0x{index:x}","removed":false}}"#,
            OPG.address,
            word(PAYER),
            word(Address::repeat_byte(9)),
            B256::from(U256::from(value))
        )
    };
    // The proxy's `settle` of an `upto` payment: token, amount, nonce, deadline, charged amount, owner.
    let selector = &keccak256("settle(((address,uint256),uint256,uint256),uint256,address,(address,address,uint256),bytes)")[..4];
    let words = [word(OPG.address), U256::from(5).into(), NONCE, U256::MAX.into(), U256::from(3).into(), word(PAYER)];
    let input = [selector, &words.concat()].concat();
    let transaction = format!(r#"{{"to":"{UPTO_PROXY:?}","input":"0x{}"}}"#, alloy_primitives::hex::encode(input));
    let block = format!(r#"{{"timestamp":"0x{:x}"}}"#, NOW + 10_000);
    let kept = kept().replace("\"fate\"", "\"fromBlock\":\"16\",\"fate\"");
    let one = format!("[{}]", transfer(3, 1));
    let two = format!("[{},{}]", transfer(3, 1), transfer(5, 2));
    [one, two, "[]".to_owned()]
        .iter()
        .map(|logs| joined(&[logs.as_bytes(), transaction.as_bytes(), block.as_bytes(), kept.as_bytes()]))
        .collect()
}
