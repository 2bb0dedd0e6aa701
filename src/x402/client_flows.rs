//! The exchange against scripted servers, most of them dishonest, and a wallet that hashes typed data on its own.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, U256, address, b256, hex, keccak256};
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::client::{Paid, PayOptions, Payer, Proposal};
use super::policy::{AssetRule, OPG, Policy, USDC, USDC_SEPOLIA};
use super::signature::sign;
use super::wire::{Flaw, decode_header, encode_header};
use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;
use crate::eth::wallet::WalletHandle;
use crate::io::fake::{self, failure, reply};
use crate::io::{Clock, HttpFailure, HttpRequest, HttpResponse, Io, Redirects, Wallet, WalletFailure};

const KEY: B256 = b256!("ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
const ACCOUNT: Address = address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
const SELLER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const URL: &str = "https://api.example/v1/chat?x=1";
const START: u64 = 1_750_000_000;

struct TestClock {
    seconds: Rc<Cell<u64>>,
    draws: Cell<u8>,
}

impl Clock for TestClock {
    fn now_ms(&self) -> u64 {
        self.seconds.get() * 1000
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        let seconds = Rc::clone(&self.seconds);
        let mut polled = false;
        futures_util::future::poll_fn(move |cx| {
            if polled {
                seconds.set(seconds.get() + ms / 1000);
                return std::task::Poll::Ready(());
            }
            polled = true;
            cx.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .boxed_local()
    }
    fn random(&self) -> [u8; 16] {
        self.draws.set(self.draws.get() + 1);
        [self.draws.get(); 16]
    }
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        fake::run(task);
    }
}

/// The digest of `eth_signTypedData_v4`, by the standard's text alone.
fn digest(typed: &Value) -> B256 {
    fn members(types: &Value, name: &str) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        types[name].as_array().into_iter().flatten().map(|m| (text(&m["name"]), text(&m["type"]))).collect()
    }
    fn encode_type(types: &Value, name: &str) -> String {
        let own = members(types, name);
        let mut parts: Vec<String> =
            own.iter().filter(|(_, kind)| types.get(kind).is_some()).map(|(_, kind)| encode_type(types, kind)).collect();
        parts.sort();
        let list: Vec<String> = own.iter().map(|(member, kind)| format!("{kind} {member}")).collect();
        format!("{name}({}){}", list.join(","), parts.concat())
    }
    fn hash(types: &Value, name: &str, value: &Value) -> B256 {
        let mut bytes = keccak256(encode_type(types, name)).to_vec();
        for (member, kind) in members(types, name) {
            let value = &value[&member];
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let word = match kind.as_str() {
                "string" => keccak256(&text),
                "address" => text.parse::<Address>().unwrap_or_default().into_word(),
                "bytes32" => text.parse().unwrap_or_default(),
                "uint256" => U256::from_str_radix(&text, 10).unwrap_or_default().into(),
                other => hash(types, other, value),
            };
            bytes.extend_from_slice(word.as_slice());
        }
        keccak256(bytes)
    }
    let types = &typed["types"];
    let domain = hash(types, "EIP712Domain", &typed["domain"]);
    let message = hash(types, typed["primaryType"].as_str().unwrap_or_default(), &typed["message"]);
    keccak256([b"\x19\x01", domain.as_slice(), message.as_slice()].concat())
}

type OnSign = Box<dyn Fn(&Value, [u8; 65]) -> Result<Value, WalletFailure>>;

/// A strict wallet around a key.
struct KeyWallet {
    chain: Cell<u64>,
    asked: RefCell<Vec<(&'static str, Value)>>,
    on_sign: OnSign,
}

impl Wallet for KeyWallet {
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let params: Value = serde_json::from_str(&params).unwrap_or_default();
        let answer = match method {
            "eth_chainId" => Ok(json!(format!("0x{:x}", self.chain.get()))),
            "eth_accounts" => Ok(json!([ACCOUNT.to_string()])),
            "wallet_switchEthereumChain" => {
                let hex = params[0]["chainId"].as_str().unwrap_or_default().trim_start_matches("0x").to_owned();
                self.chain.set(u64::from_str_radix(&hex, 16).unwrap_or_default());
                Ok(Value::Null)
            }
            "eth_signTypedData_v4" => {
                let typed: Value = serde_json::from_str(params[1].as_str().unwrap_or_default()).unwrap_or_default();
                if typed["domain"]["chainId"].as_u64() == Some(self.chain.get()) {
                    (self.on_sign)(&typed, sign(&KEY, &digest(&typed)))
                } else {
                    Err(failure(Some(-32603), "Provided chainId must match the active chainId"))
                }
            }
            other => Err(failure(None, other)),
        };
        self.asked.borrow_mut().push((method, params));
        async move { answer.map(|value| value.to_string()) }.boxed_local()
    }
}

type Requests = Rc<RefCell<Vec<HttpRequest>>>;
type Reply = Result<HttpResponse, HttpFailure>;

struct World {
    payer: Payer,
    wallet: Rc<KeyWallet>,
    requests: Requests,
    seconds: Rc<Cell<u64>>,
}

fn hex_text(bytes: &[u8]) -> Value {
    json!(format!("0x{}", hex::encode(bytes)))
}

fn world_with(on_sign: OnSign, seconds: Rc<Cell<u64>>, mut server: impl FnMut(&HttpRequest, usize) -> Reply + 'static) -> World {
    let requests = Requests::default();
    let log = Rc::clone(&requests);
    let (io, _) = fake::io(move |request| {
        log.borrow_mut().push(request.clone());
        let count = log.borrow().len();
        server(request, count)
    });
    let io = Io { clock: Rc::new(TestClock { seconds: Rc::clone(&seconds), draws: Cell::new(0) }), ..io };
    let wallet = Rc::new(KeyWallet { chain: Cell::new(8453), asked: RefCell::default(), on_sign });
    let handle = WalletHandle::new(Rc::clone(&wallet) as Rc<dyn Wallet>, Rc::default());
    let payer = Payer::new(io, handle, ACCOUNT, Policy::default(), Rc::default());
    World { payer, wallet, requests, seconds }
}

fn world(server: impl FnMut(&HttpRequest, usize) -> Reply + 'static) -> World {
    world_with(Box::new(|_, signature| Ok(hex_text(&signature))), Rc::new(Cell::new(START)), server)
}

/// A server that demands payment by `offers` and serves when it is paid.
fn shop(offers: Value) -> World {
    world(move |request, _| Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &offers) }))
}

fn opg() -> Value {
    json!({
        "scheme": "upto", "network": "eip155:8453", "amount": "100000000000000000", "asset": OPG.address.to_string(),
        "payTo": SELLER, "maxTimeoutSeconds": 300,
        "extra": {
            "name": "OpenGradient", "version": "1", "assetTransferMethod": "permit2",
            "facilitatorAddress": "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
        },
    })
}

fn usdc() -> Value {
    json!({
        "scheme": "exact", "network": "eip155:8453", "amount": "10000", "asset": USDC.address.to_string(), "payTo": SELLER,
        "maxTimeoutSeconds": 60, "extra": { "name": "USD Coin", "version": "2" },
    })
}

fn edited(mut offer: Value, path: &[&str], value: Value) -> Value {
    let mut place = &mut offer;
    for key in path {
        place = &mut place[*key];
    }
    *place = value;
    offer
}

fn usdc_policy(token: super::policy::Token) -> Policy {
    let rule = AssetRule { token, per_request: U256::from(10_000), per_session: None, per_window: None };
    Policy { assets: vec![rule], ..Policy::default() }
}

fn demand_with(request: &HttpRequest, status: u16, required: &Value) -> HttpResponse {
    reply(&request.url, status, &[("payment-required", &encode_header(&required.to_string()))], "{}")
}

fn demand(request: &HttpRequest, offers: &Value) -> HttpResponse {
    demand_with(request, 402, &json!({ "x402Version": 2, "error": "pay", "resource": { "url": URL }, "accepts": offers }))
}

fn paid(request: &HttpRequest) -> Option<Value> {
    let header = request.headers.iter().find(|(name, _)| name == "PAYMENT-SIGNATURE" || name == "X-PAYMENT");
    header.and_then(|(_, value)| serde_json::from_str(&decode_header(value)?).ok())
}

fn receipt(request: &HttpRequest, more: Value) -> HttpResponse {
    let mut object = json!({ "success": true, "transaction": B256::repeat_byte(9).to_string(), "network": "eip155:8453", "payer": ACCOUNT.to_string() });
    for (key, value) in more.as_object().into_iter().flatten() {
        object[key] = value.clone();
    }
    reply(&request.url, 200, &[("payment-response", &encode_header(&object.to_string()))], "served")
}

impl World {
    fn request(&self) -> HttpRequest {
        HttpRequest::post(URL, "application/json", Rc::new(b"question".to_vec()))
    }
    fn fetch_with(&self, options: PayOptions) -> Result<Paid, Error> {
        fake::run(self.payer.fetch(self.request(), &options))
    }
    fn fetch(&self) -> Result<Paid, Error> {
        self.fetch_with(PayOptions::default())
    }
    fn signatures(&self) -> usize {
        self.wallet.asked.borrow().iter().filter(|(method, _)| *method == "eth_signTypedData_v4").count()
    }
    fn sent(&self) -> usize {
        self.requests.borrow().len()
    }
    fn spent(&self) -> U256 {
        self.payer.ledger.borrow().spent(8453, OPG.address)
    }
    /// The payments that arrived, as bytes.
    fn payments(&self) -> Vec<String> {
        let requests = self.requests.borrow();
        let header =
            |request: &HttpRequest| request.headers.iter().find(|(name, _)| name == "PAYMENT-SIGNATURE").map(|(_, v)| v.clone());
        requests.iter().filter_map(header).collect()
    }
}

fn body(paid: Paid) -> String {
    let pieces: Vec<_> = fake::run(paid.response.body.collect());
    String::from_utf8(pieces.into_iter().flatten().flatten().collect()).unwrap_or_default()
}

/// The code of a failure, and for refusals the reason's.
fn code(result: &Result<Paid, Error>) -> &'static str {
    match result.as_ref().err().map(|error| &**error) {
        None => "paid",
        Some(Kind::PaymentRefused { reason, .. }) => reason,
        Some(kind) => kind.code(),
    }
}

#[test]
fn one_demand_is_met_by_one_payment() {
    let seen = Rc::new(RefCell::new(Vec::<Proposal>::new()));
    let mut world = world(|request, _| {
        Ok(if paid(request).is_some() { receipt(request, json!({ "amount": "2350" })) } else { demand(request, &json!([opg()])) })
    });
    let log = Rc::clone(&seen);
    world.payer.on_payment = Some(Rc::new(move |proposal| {
        log.borrow_mut().push(proposal);
        async { Ok(true) }.boxed_local()
    }));
    let Ok(paid_answer) = world.fetch() else { unreachable!() };
    let record = paid_answer.payment.clone();
    assert!(record.as_ref().is_some_and(|r| r.deadline == START + 300 && r.origin == "https://api.example" && !r.reused));
    assert!(paid_answer.receipt.as_ref().is_some_and(|r| r.success && r.flaws.is_empty() && r.amount == Some(U256::from(2350))));
    assert_eq!(body(paid_answer), "served");
    assert_eq!((world.sent(), world.signatures(), world.spent()), (2, 1, U256::from(2350)));

    let requests = world.requests.borrow();
    let last = requests.last();
    assert!(last.is_some_and(|r| r.redirects == Redirects::Refuse && r.body.as_ref().is_some_and(|b| ***b == *b"question")));
    let payload = last.and_then(paid).unwrap_or_default();
    assert_eq!(payload["accepted"], opg());
    assert_eq!(payload["payload"]["permit2Authorization"]["spender"], json!("0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002"));
    assert_eq!(payload["payload"]["permit2Authorization"]["deadline"], json!((START + 300).to_string()));
    let seen = seen.borrow();
    assert!(
        matches!(&seen[..], [p] if p.amount == U256::from(100_000_000_000_000_000_u64) && p.token == OPG && p.origin == "https://api.example")
    );
}

#[test]
fn what_is_free_or_not_ours_passes_untouched() {
    let free = world(|request, _| Ok(reply(&request.url, 200, &[], "free")));
    let answer = free.fetch();
    assert!(answer.is_ok_and(|paid| paid.payment.is_none() && body(paid) == "free"));
    for (status, text) in [(402, r#"{"error":"quota"}"#), (402, ""), (412, "If-Match"), (500, "{}"), (402, r#"{"version":1}"#)] {
        let other = world(move |request, _| Ok(reply(&request.url, status, &[], text)));
        let answer = other.fetch();
        assert!(answer.is_ok_and(|paid| paid.response.head.status == status && paid.payment.is_none() && body(paid) == text));
        assert_eq!((other.signatures(), other.sent()), (0, 1));
    }
}

#[test]
fn a_hidden_demand_names_cors() {
    for text in ["{}", " {} ", "<html>x402 paywall</html>", r#"{"x402Version":2,"accepts":[{}]}"#] {
        let hidden = world(move |request, _| Ok(reply(&request.url, 402, &[], text)));
        let error = hidden.fetch().err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("Access-Control-Expose-Headers") && error.contains("nothing was signed"), "{error}");
    }
    let broken = world(|request, _| Ok(reply(&request.url, 402, &[("payment-required", "!!!")], "")));
    assert_eq!(code(&broken.fetch()), "notPayable");
}

#[test]
fn a_redirected_payment_never_arrives_elsewhere() {
    // The platform refuses the redirect; the same bytes are tried again, and nothing is signed anew.
    let thief = world(|request, _| match paid(request) {
        Some(_) if request.redirects == Redirects::Refuse => Err(HttpFailure::Network("redirect".into())),
        Some(_) => Ok(reply("https://thief.example/", 200, &[], "")),
        None => Ok(demand(request, &json!([opg()]))),
    });
    let result = thief.fetch();
    let Some(Kind::PaymentUncertain { nonce, deadline, amount, .. }) = result.as_ref().err().map(|e| &**e) else {
        unreachable!()
    };
    assert_eq!((*deadline, *amount), (START + 300, U256::from(100_000_000_000_000_000_u64)));
    assert_eq!(*nonce, U256::from_be_slice(&[[1; 16], [2; 16]].concat()).to_string());
    let payments = thief.payments();
    assert!(payments.len() == 3 && payments.iter().all(|bytes| *bytes == payments[0]));
    assert_eq!((thief.signatures(), thief.spent()), (1, *amount));
}

#[test]
fn whoever_demands_is_paid_and_must_be_known() {
    let server = || {
        world(|request, _| {
            let mut answer = if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) };
            answer.head.url = "https://other.example/final".into();
            Ok(answer)
        })
    };
    let stranger = server();
    let result = stranger.fetch();
    assert_eq!((code(&result), stranger.signatures()), ("redirected", 0));
    assert!(result.err().is_some_and(|e| e.to_string().contains("https://other.example")));

    let mut listed = server();
    listed.payer.policy.hosts = Some(vec!["OTHER.example".into()]);
    let paid_answer = listed.fetch();
    assert_eq!(code(&paid_answer), "paid");
    assert!(paid_answer.is_ok_and(|p| p.payment.is_some_and(|r| r.origin == "https://other.example")));
    assert!(listed.requests.borrow().last().is_some_and(|r| r.url == "https://other.example/final"));

    let mut unlisted = shop(json!([opg()]));
    unlisted.payer.policy.hosts = Some(vec!["elsewhere.example".into()]);
    assert_eq!((code(&unlisted.fetch()), unlisted.signatures()), ("host", 0));
}

#[test]
fn payments_travel_over_https_or_to_this_machine() {
    for (url, expected) in
        [("http://api.example/", "insecure"), ("http://127.0.0.1:4021/", "paid"), ("http://localhost:1/", "paid")]
    {
        let world = shop(json!([opg()]));
        let result = fake::run(world.payer.fetch(HttpRequest::get(url), &PayOptions::default()));
        assert_eq!(code(&result), expected, "{url}");
    }
    let odd = shop(json!([opg()]));
    let result = fake::run(odd.payer.fetch(HttpRequest::get("https://user@api.example/"), &PayOptions::default()));
    assert_eq!((code(&result), odd.sent()), ("invalidInput", 0));
}

#[test]
fn offers_outside_the_policy_are_refused_without_a_window() {
    let zero = format!("0x{}", "0".repeat(40));
    for (path, value, expected) in [
        (&["network"][..], json!("eip155:1"), "network"),
        (&["asset"], json!(USDC.address.to_string()), "asset"),
        (&["payTo"], json!(zero), "payee"),
        (&["payTo"], json!(OPG.address.to_string()), "payee"),
        (&["payTo"], json!(ACCOUNT.to_string()), "payee"),
        (&["amount"], json!("100000000000000001"), "aboveRequestCap"),
        (&["amount"], json!(100), "malformed"),
        (&["amount"], json!("0"), "malformed"),
        (&["maxTimeoutSeconds"], json!(1_000_000_000_000_u64), "timeout"),
        (&["maxTimeoutSeconds"], json!(5), "timeout"),
        (&["extra", "facilitatorAddress"], json!(zero), "malformed"),
        (&["extra", "name"], json!("OpenGradlent"), "domain"),
        (&["extra", "paymentFlow"], json!("upfront"), "flowNotAllowed"),
        (&["extra", "assetTransferMethod"], json!("eip3009"), "transferMethod"),
    ] {
        let world = shop(json!([edited(opg(), path, value.clone())]));
        let result = world.fetch();
        assert_eq!(code(&result), expected, "{path:?} {value}");
        assert!(result.err().is_some_and(|e| e.to_string().contains("nothing was signed or paid")));
        assert_eq!((world.signatures(), world.sent(), world.spent()), (0, 1, U256::ZERO));
    }
    let mut known = shop(json!([opg()]));
    known.payer.policy.payees = Some(vec![ACCOUNT]);
    assert_eq!(code(&known.fetch()), "payeeNotAllowed");
}

#[test]
fn a_look_alike_token_is_told_by_its_address() {
    let fake = edited(opg(), &["asset"], json!("0x1111111111111111111111111111111111111111"));
    assert_eq!(code(&shop(json!([fake])).fetch()), "asset");
    // The right token under the wrong domain: nobody should be made to sign rubbish.
    let mut usd = shop(json!([edited(usdc(), &["extra", "name"], json!("USDC"))]));
    usd.payer.policy = usdc_policy(USDC);
    assert_eq!(code(&usd.fetch()), "domain");
}

#[test]
fn the_first_good_offer_wins_and_serving_comes_before_settling() {
    let dear = edited(opg(), &["amount"], json!("900000000000000000"));
    let upfront = edited(edited(opg(), &["amount"], json!("1")), &["extra", "paymentFlow"], json!("upfront"));
    let mut world = shop(json!([{ "scheme": "lottery" }, 7, null, dear, upfront, edited(opg(), &["amount"], json!("5"))]));
    let amount = |result: Result<Paid, Error>| result.ok().and_then(|p| p.payment).map(|r| r.amount.to::<u64>());
    assert_eq!(amount(world.fetch()), Some(5));
    world.payer.policy.allow_upfront = true;
    assert_eq!(amount(world.fetch()), Some(5));
    let mut only = shop(json!([edited(opg(), &["extra", "paymentFlow"], json!("escrow"))]));
    only.payer.policy.allow_upfront = true;
    assert!(amount(only.fetch()).is_some());
}

#[test]
fn no_signature_lives_longer_than_ten_minutes() {
    let world = shop(json!([edited(opg(), &["maxTimeoutSeconds"], json!(86_400))]));
    assert!(world.fetch().is_ok_and(|p| p.payment.is_some_and(|r| r.deadline == START + 600)));
}

#[test]
fn the_servers_clock_counts_within_reason() {
    let at = |date: &'static str| {
        let world = world(move |request, _| {
            let mut answer = if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) };
            answer.head.headers.push(("date".into(), date.into()));
            Ok(answer)
        });
        world.fetch().ok().and_then(|p| p.payment).map(|r| r.deadline.wrapping_sub(START + 300) as i64)
    };
    // START is 15:06:40.
    assert_eq!(at("Sun, 15 Jun 2025 15:06:42 GMT"), Some(0));
    assert_eq!(at("Sun, 15 Jun 2025 15:08:20 GMT"), Some(100));
    assert_eq!(at("Sun, 15 Jun 2025 15:05:00 GMT"), Some(-100));
    assert_eq!(at("Mon, 15 Jun 2026 15:06:40 GMT"), Some(0));
    assert_eq!(at("soon"), Some(0));
}

#[test]
fn a_second_demand_is_an_answer() {
    let dearer = edited(opg(), &["amount"], json!("99999999999999999"));
    let greedy = world(move |request, n| {
        let offers = if n == 1 { json!([opg()]) } else { json!([dearer]) };
        Ok(demand_with(
            request,
            if n == 1 { 402 } else { 412 },
            &json!({ "x402Version": 2, "error": "permit2_allowance_required", "accepts": offers }),
        ))
    });
    let result = greedy.fetch();
    let Some(Kind::PaymentRejected { reason, class, .. }) = result.as_ref().err().map(|e| &**e) else { unreachable!() };
    assert_eq!((reason.as_str(), *class), ("permit2_allowance_required", "user"));
    assert_eq!((greedy.sent(), greedy.signatures()), (2, 1));
    // The signature still counts until nobody can use it any more.
    assert!(!greedy.spent().is_zero());
    greedy.seconds.set(START + 1000);
    greedy.payer.ledger.borrow_mut().sweep(greedy.seconds.get());
    assert!(greedy.spent().is_zero());
}

#[test]
fn a_failed_settlement_tells_its_reason() {
    let poor = world(|request, _| {
        let header = encode_header(
            &json!({ "success": false, "errorReason": "insufficient_funds", "transaction": "", "network": "eip155:8453" })
                .to_string(),
        );
        Ok(if paid(request).is_some() {
            reply(&request.url, 402, &[("payment-response", &header)], "{}")
        } else {
            demand(request, &json!([opg()]))
        })
    });
    let error = poor.fetch().err();
    assert!(
        error.is_some_and(
            |e| matches!(&*e, Kind::PaymentRejected { reason, class: "user", .. } if reason == "insufficient_funds")
        )
    );
}

#[test]
fn a_lost_connection_resends_the_same_bytes_only() {
    let flaky = world(|request, n| match n {
        1 => Ok(demand(request, &json!([opg()]))),
        2 => Err(HttpFailure::Timeout),
        _ => Ok(receipt(request, json!({}))),
    });
    assert_eq!(code(&flaky.fetch()), "paid");
    assert!(matches!(&flaky.payments()[..], [one, two] if one == two));
    assert_eq!(flaky.signatures(), 1);

    for reason in ["invalid_exact_evm_nonce_already_used", "permit2_simulation_failed: x", "insufficient_funds"] {
        let unclear = world(move |request, n| match n {
            2 => Err(HttpFailure::Network("reset".into())),
            _ => Ok(demand_with(request, 402, &json!({ "x402Version": 2, "error": reason, "accepts": [opg()] }))),
        });
        assert_eq!(code(&unclear.fetch()), "paymentUncertain", "{reason}");
        assert_eq!((unclear.signatures(), unclear.sent()), (1, 3));
        assert!(!unclear.spent().is_zero());
    }
}

#[test]
fn a_pending_settlement_is_waited_for() {
    let pending = |until: usize| {
        world(move |request, n| {
            let hash = B256::repeat_byte(3);
            let header = encode_header(&json!({ "success": false, "errorReason": "settlement_pending", "transaction": hash.to_string(), "network": "eip155:8453" }).to_string());
            Ok(match n {
                1 => demand(request, &json!([opg()])),
                n if n < until => reply(&request.url, 402, &[("payment-response", &header)], "{}"),
                _ => receipt(request, json!({})),
            })
        })
    };
    assert_eq!(code(&pending(4).fetch()), "paid");
    let endless = pending(100);
    let error = endless.fetch().err();
    assert!(error.is_some_and(|e| matches!(&*e, Kind::PaymentUncertain { transaction: Some(_), .. })));
    assert_eq!((endless.signatures(), endless.sent()), (1, 4));
}

#[test]
fn a_lying_receipt_is_flagged_and_the_answer_kept() {
    let with = |more: Value| {
        let world = world(move |request, _| {
            Ok(if paid(request).is_some() { receipt(request, more.clone()) } else { demand(request, &json!([opg()])) })
        });
        let result = world.fetch();
        let flaws = result.as_ref().ok().and_then(|p| p.receipt.as_ref()).map(|r| r.flaws.clone());
        assert!(result.is_ok_and(|p| body(p) == "served"));
        (flaws.unwrap_or_default(), world.spent() == U256::from(100_000_000_000_000_000_u64))
    };
    // Whatever does not fit gives nothing back.
    assert_eq!(with(json!({ "network": "eip155:1", "amount": "1" })), (vec![Flaw::OtherNetwork], true));
    assert_eq!(with(json!({ "network": null, "amount": "1" })), (vec![Flaw::OtherNetwork], true));
    assert_eq!(with(json!({ "payer": SELLER, "amount": "1" })), (vec![Flaw::OtherPayer], true));
    assert_eq!(with(json!({ "amount": "100000000000000001" })), (vec![Flaw::MoreThanSigned], true));
    assert_eq!(with(json!({ "success": false, "amount": "1" })), (vec![Flaw::NotSettled], true));
    assert_eq!(with(json!({ "amount": 1 })), (vec![Flaw::Unreadable], true));
    assert_eq!(with(json!({ "amount": "-1" })), (vec![Flaw::Unreadable], true));
    // Charged nothing and sent nothing: it could still charge.
    assert_eq!(with(json!({ "amount": "0", "transaction": "" })), (vec![], true));
    assert_eq!(with(json!({ "amount": "0" })), (vec![], false));

    let garbage = world(|request, _| {
        Ok(if paid(request).is_some() {
            reply(&request.url, 200, &[("payment-response", "%%%")], "served")
        } else {
            demand(request, &json!([opg()]))
        })
    });
    assert!(
        garbage.fetch().is_ok_and(|p| p.receipt.as_ref().is_some_and(|r| r.flaws == [Flaw::Unreadable]) && body(p) == "served")
    );
}

#[test]
fn another_receiver_of_the_same_host_is_refused() {
    let shifty = world(|request, n| {
        let offer = if n > 2 { edited(opg(), &["payTo"], json!("0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC")) } else { opg() };
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([offer])) })
    });
    assert_eq!(code(&shifty.fetch()), "paid");
    assert_eq!((code(&shifty.fetch()), shifty.signatures()), ("payeeChanged", 1));
    shifty.payer.ledger.borrow_mut().forget_payee("https://api.example");
    assert_eq!(code(&shifty.fetch()), "paid");
}

#[test]
fn limits_hold_over_many_requests_and_at_once() {
    let silent = || {
        world(|request, _| {
            Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
        })
    };
    let tenth = U256::from(100_000_000_000_000_000_u64);
    let limited = |per_session, per_window| {
        let mut world = silent();
        world.payer.policy.assets[0].per_session = per_session;
        world.payer.policy.assets[0].per_window = per_window;
        world
    };
    let session = limited(Some(tenth * U256::from(2)), None);
    assert_eq!([code(&session.fetch()), code(&session.fetch()), code(&session.fetch())], ["paid", "paid", "aboveSessionCap"]);

    let window = limited(None, Some((tenth, 60)));
    assert_eq!([code(&window.fetch()), code(&window.fetch())], ["paid", "aboveWindowCap"]);
    window.seconds.set(START + 61);
    assert_eq!(code(&window.fetch()), "paid");

    // The second request sees what the first has reserved, though nothing is signed yet.
    let mut both = limited(Some(tenth), None);
    both.payer.on_payment = Some(Rc::new(|_| {
        let mut asked = false;
        let look = move |cx: &mut std::task::Context<'_>| {
            cx.waker().wake_by_ref();
            if std::mem::replace(&mut asked, true) { std::task::Poll::Ready(Ok(true)) } else { std::task::Poll::Pending }
        };
        futures_util::future::poll_fn(look).boxed_local()
    }));
    let options = PayOptions::default();
    let (one, two) = fake::run(futures_util::future::join(
        both.payer.fetch(both.request(), &options),
        both.payer.fetch(both.request(), &options),
    ));
    assert_eq!([code(&one), code(&two)], ["paid", "aboveSessionCap"]);
}

#[test]
fn what_is_not_signed_or_not_sent_costs_nothing() {
    let refusing = |on_sign: OnSign, seconds: &Rc<Cell<u64>>| {
        world_with(on_sign, Rc::clone(seconds), |request, _| {
            Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
        })
    };
    let clock = || Rc::new(Cell::new(START));
    let later = clock();
    let hand = Rc::clone(&later);
    for (on_sign, seconds, expected) in [
        (Box::new(|_: &Value, _| Err(failure(Some(4001), "no"))) as OnSign, clock(), "walletRejected"),
        // Another account's signature.
        (Box::new(|typed: &Value, _| Ok(hex_text(&sign(&B256::repeat_byte(7), &digest(typed))))), clock(), "paymentSignature"),
        // A signature over something else.
        (Box::new(|_: &Value, _| Ok(hex_text(&sign(&KEY, &B256::repeat_byte(7))))), clock(), "paymentSignature"),
        (Box::new(|_: &Value, _| Ok(json!("0x1234"))), clock(), "paymentSignature"),
        (Box::new(|_: &Value, _| Ok(json!({ "r": 1 }))), clock(), "paymentSignature"),
        // The user looked at the window for five minutes.
        (
            Box::new(move |_: &Value, s| {
                hand.set(START + 296);
                Ok(hex_text(&s))
            }),
            later,
            "paymentExpired",
        ),
    ] {
        let world = refusing(on_sign, &seconds);
        assert_eq!(code(&world.fetch()), expected);
        assert_eq!((world.sent(), world.spent()), (1, U256::ZERO), "{expected}");
    }
    let mut declined = shop(json!([opg()]));
    declined.payer.on_payment = Some(Rc::new(|_| async { Ok(false) }.boxed_local()));
    assert_eq!((code(&declined.fetch()), declined.signatures(), declined.spent()), ("declined", 0, U256::ZERO));
}

#[test]
fn signatures_are_brought_to_one_form() {
    let hardware: OnSign = Box::new(|_, mut s| {
        s[64] -= 27;
        Ok(hex_text(&s))
    });
    let world = world_with(hardware, Rc::new(Cell::new(START)), |request, _| {
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
    });
    assert_eq!(code(&world.fetch()), "paid");
    let payload = world.requests.borrow().last().and_then(paid).unwrap_or_default();
    let signature = payload["payload"]["signature"].as_str().unwrap_or_default().to_owned();
    assert!(signature.ends_with("1b") || signature.ends_with("1c"), "{signature}");

    let blob: OnSign = Box::new(|_, _| Ok(hex_text(&[5; 200])));
    let mut contract = world_with(blob, Rc::new(Cell::new(START)), |request, _| {
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand(request, &json!([opg()])) })
    });
    contract.payer.contract_account = true;
    assert_eq!(code(&contract.fetch()), "paid");
}

#[test]
fn the_wallet_is_brought_to_the_chain_first() {
    let mut world = shop(json!([edited(
        edited(usdc(), &["network"], json!("eip155:84532")),
        &["asset"],
        json!(USDC_SEPOLIA.address.to_string())
    )]));
    world.payer.policy = usdc_policy(USDC_SEPOLIA);
    // Its domain is not the one of Base.
    assert_eq!(code(&world.fetch()), "domain");
    let mut right = shop(json!([edited(
        edited(edited(usdc(), &["network"], json!("eip155:84532")), &["asset"], json!(USDC_SEPOLIA.address.to_string())),
        &["extra", "name"],
        json!("USDC")
    )]));
    right.payer.policy = usdc_policy(USDC_SEPOLIA);
    assert_eq!(code(&right.fetch()), "paid");
    let asked: Vec<_> = right.wallet.asked.borrow().iter().map(|(method, _)| *method).collect();
    assert_eq!(asked, ["eth_chainId", "wallet_switchEthereumChain", "eth_chainId", "eth_accounts", "eth_signTypedData_v4"]);
    right.payer.chains.clear();
    assert_eq!(code(&right.fetch()), "chainNotSupported");
}

#[test]
fn version_one_is_paid_by_its_own_header() {
    let offer = json!({
        "scheme": "exact", "network": "base", "maxAmountRequired": "10000", "resource": URL, "description": "", "mimeType": "",
        "payTo": SELLER, "maxTimeoutSeconds": 60, "asset": USDC.address.to_string(), "extra": { "name": "USD Coin", "version": "2" },
    });
    let mut world = world(move |request, _| {
        let required = json!({ "x402Version": 1, "error": "X-PAYMENT header is required", "accepts": [offer] });
        let settled = encode_header(&json!({ "success": true, "transaction": B256::repeat_byte(1).to_string(), "network": "base", "payer": ACCOUNT.to_string() }).to_string());
        Ok(match paid(request) {
            Some(_) => reply(&request.url, 200, &[("x-payment-response", &settled)], "served"),
            None => reply(&request.url, 402, &[], required.to_string()),
        })
    });
    world.payer.policy = usdc_policy(USDC);
    let result = world.fetch();
    assert!(result.is_ok_and(|p| p.receipt.is_some_and(|r| r.flaws.is_empty())));
    let requests = world.requests.borrow();
    let payload = requests.last().and_then(paid).unwrap_or_default();
    assert_eq!((&payload["x402Version"], &payload["network"]), (&json!(1), &json!("base")));
    assert!(requests.last().is_some_and(|r| r.headers.iter().any(|(name, _)| name == "X-PAYMENT")));
}

/// A server, and a node at `https://node.example` with this allowance, balance and token nonce.
fn with_node(allowance: u64, balance: u64, nonce: Option<u64>, required: Value) -> World {
    let mut world = world(move |request, _| {
        if request.url == "https://node.example" {
            let asked: Value = serde_json::from_slice(request.body.as_deref().map_or(&[][..], Vec::as_slice)).unwrap_or_default();
            let one = |item: &Value| {
                let data = item["params"][0]["data"].as_str().unwrap_or_default();
                let value = match data.get(..10) {
                    Some("0xdd62ed3e") => Some(allowance),
                    Some("0x70a08231") => Some(balance),
                    _ => nonce,
                };
                match value {
                    Some(value) => {
                        json!({ "jsonrpc": "2.0", "id": item["id"], "result": B256::from(U256::from(value)).to_string() })
                    }
                    None => {
                        json!({ "jsonrpc": "2.0", "id": item["id"], "error": { "code": 3, "message": "execution reverted" } })
                    }
                }
            };
            let answers = asked.as_array().map_or_else(|| one(&asked), |items| items.iter().map(one).collect());
            return Ok(reply(&request.url, 200, &[], answers.to_string()));
        }
        Ok(if paid(request).is_some() { receipt(request, json!({})) } else { demand_with(request, 402, &required) })
    });
    world.payer.policy = usdc_policy(USDC);
    let rpc = Rpc::new(world.payer.io.clone(), vec!["https://node.example".to_owned()]);
    world.payer.chains[0].rpc = Some(rpc);
    world
}

#[test]
fn allowance_and_balance_are_read_before_a_window_opens() {
    let required = json!({
        "x402Version": 2, "accepts": [edited(usdc(), &["extra", "assetTransferMethod"], json!("permit2"))],
        "extensions": { "eip2612GasSponsoring": { "info": { "description": "d", "version": "1" }, "schema": {} }, "payment-identifier": { "info": { "required": true } } },
    });
    let enough = with_node(10_000, 10_000, None, required.clone());
    assert_eq!((code(&enough.fetch()), enough.signatures()), ("paid", 1));
    let payload = enough.requests.borrow().last().and_then(paid).unwrap_or_default();
    assert_eq!(payload["extensions"]["eip2612GasSponsoring"], required["extensions"]["eip2612GasSponsoring"]);
    assert!(payload["extensions"]["payment-identifier"]["info"]["id"].as_str().is_some_and(|id| id.len() == 32));

    let short = with_node(9_999, 10_000, Some(7), required.clone());
    assert_eq!((code(&short.fetch()), short.signatures(), short.wallet.asked.borrow().len()), ("insufficientAllowance", 0, 0));
    let poor = with_node(10_000, 9_999, Some(7), required.clone());
    assert_eq!((code(&poor.fetch()), poor.signatures()), ("insufficientTokenBalance", 0));

    // Two signatures, where the caller allows them and the token knows them.
    let mut permit = with_node(0, 10_000, Some(7), required.clone());
    permit.payer.policy.allow_permits = true;
    assert_eq!((code(&permit.fetch()), permit.signatures()), ("paid", 2));
    let payload = permit.requests.borrow().last().and_then(paid).unwrap_or_default();
    let info = &payload["extensions"]["eip2612GasSponsoring"]["info"];
    assert_eq!((&info["amount"], &info["nonce"], &info["description"]), (&json!("10000"), &json!("7"), &json!("d")));
    let mut without = with_node(0, 10_000, None, required);
    without.payer.policy.allow_permits = true;
    assert_eq!((code(&without.fetch()), without.signatures()), ("insufficientAllowance", 0));
}

#[test]
fn an_offer_goes_back_as_it_came_and_within_bounds() {
    let text = format!(
        r#"{{"x402Version":2,"accepts":[ {} ],"resource":{{"url":"caf\u00e9"}},"extensions":{{"x":{{"info":{{"a":[1, 2]}}}}}}}}"#,
        opg().to_string().replace(':', " : ").replace("eip155 : ", "eip155:")
    );
    let header = encode_header(&text);
    let raw = world(move |request, _| {
        Ok(if paid(request).is_some() {
            receipt(request, json!({}))
        } else {
            reply(&request.url, 402, &[("payment-required", &header)], "")
        })
    });
    assert_eq!(code(&raw.fetch()), "paid");
    let sent = raw.payments().first().and_then(|value| decode_header(value)).unwrap_or_default();
    assert!(sent.contains(r#""accepted":{"amount" : "100000000000000000""#), "{sent}");
    assert!(sent.contains(r#""extensions":{"x":{"info":{"a":[1, 2]}}},"resource":{"url":"caf\u00e9"}"#), "{sent}");

    let flood = world(|request, _| {
        Ok(demand_with(request, 402, &json!({ "x402Version": 2, "accepts": [opg()], "extensions": { "x": "y".repeat(20_000) } })))
    });
    assert_eq!((code(&flood.fetch()), flood.signatures()), ("notPayable", 0));
}

#[test]
fn a_payment_of_the_callers_own_is_refused() {
    for name in ["X-Payment", "payment-signature", "X-Upto-Session"] {
        let world = shop(json!([opg()]));
        let mut request = world.request();
        request.headers.push((name.into(), "x".into()));
        let result = fake::run(world.payer.fetch(request, &PayOptions::default()));
        assert_eq!((code(&result), world.sent()), ("invalidInput", 0));
    }
}

#[test]
fn errors_of_the_service_itself_come_through_and_cost_nothing_in_the_end() {
    let strict = world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 422, &[], "bad question") } else { demand(request, &json!([opg()])) })
    });
    assert!(strict.fetch().is_ok_and(|p| p.response.head.status == 422 && p.payment.is_some() && body(p) == "bad question"));
    assert!(!strict.spent().is_zero());
    strict.payer.ledger.borrow_mut().sweep(START + 1000);
    assert!(strict.spent().is_zero());
    let failing = world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 502, &[], "") } else { demand(request, &json!([opg()])) })
    });
    assert!(failing.fetch().is_ok());
    failing.payer.ledger.borrow_mut().sweep(START + 1000);
    assert!(!failing.spent().is_zero());
}

const SESSIONS: PayOptions = PayOptions { sessions: true, pay_first: false, max_resends: 2 };

fn session_of(request: &HttpRequest) -> Option<String> {
    request.headers.iter().find(|(name, _)| name == "X-Upto-Session").map(|(_, id)| id.clone())
}

#[test]
fn a_session_pays_for_many_requests_until_it_dies() {
    let alive = Rc::new(Cell::new(true));
    let switch = Rc::clone(&alive);
    let gateway = world(move |request, _| {
        let dead = r#"{"error":"Session expired or exhausted"}"#;
        Ok(match (paid(request), session_of(request)) {
            (None, None) => demand(request, &json!([opg()])),
            (None, Some(_)) if !switch.get() => reply(&request.url, 402, &[], dead),
            (Some(_), None) => {
                switch.set(true);
                reply(&request.url, 200, &[("x-upto-session", "5b2c-1")], "streamed")
            }
            (None, Some(id)) if id == "5b2c-1" => reply(&request.url, 200, &[], "streamed"),
            _ => reply(&request.url, 400, &[], ""),
        })
    });
    let fetch = || gateway.fetch_with(SESSIONS);
    assert!(fetch().is_ok_and(|p| p.payment.is_some_and(|r| !r.reused) && p.receipt.is_none()));
    for _ in 0..3 {
        assert!(fetch().is_ok_and(|p| p.payment.as_ref().is_some_and(|r| r.reused) && body(p) == "streamed"));
    }
    assert_eq!((gateway.signatures(), gateway.sent()), (1, 5));
    assert!(gateway.requests.borrow().iter().skip(1).all(|r| r.redirects == Redirects::Refuse));
    // Another path is another session, and so is another client call without sessions.
    let elsewhere = HttpRequest { url: "https://api.example/v1/completions".into(), ..gateway.request() };
    assert!(fake::run(gateway.payer.fetch(elsewhere, &SESSIONS)).is_ok_and(|p| p.payment.is_some_and(|r| !r.reused)));
    assert_eq!(gateway.signatures(), 2);

    alive.set(false);
    assert!(fetch().is_ok_and(|p| p.payment.is_some_and(|r| !r.reused)));
    assert_eq!(gateway.signatures(), 3);
    // Nor does one outlive its signature.
    gateway.seconds.set(START + 295);
    assert!(fetch().is_ok_and(|p| p.payment.is_some_and(|r| !r.reused)));
    assert_eq!(gateway.signatures(), 4);
}

#[test]
fn a_session_without_a_readable_id_shows_the_payment_again() {
    let gateway = world(|request, _| {
        Ok(if paid(request).is_some() { reply(&request.url, 200, &[], "") } else { demand(request, &json!([opg()])) })
    });
    for _ in 0..3 {
        assert!(gateway.fetch_with(SESSIONS).is_ok());
    }
    let payments = gateway.payments();
    assert!(payments.len() == 3 && payments.iter().all(|bytes| *bytes == payments[0]));
    assert_eq!(gateway.signatures(), 1);
}

#[test]
fn a_known_offer_is_paid_without_asking() {
    let options = PayOptions { pay_first: true, ..PayOptions::default() };
    let changed = Rc::new(Cell::new(false));
    let switch = Rc::clone(&changed);
    let world = world(move |request, _| {
        let refused = || {
            demand_with(
                request,
                402,
                &json!({ "x402Version": 2, "error": "No matching payment requirements", "accepts": [opg()] }),
            )
        };
        Ok(if paid(request).is_some() && !switch.get() { receipt(request, json!({})) } else { refused() })
    });
    assert_eq!([code(&world.fetch_with(options)), code(&world.fetch_with(options))], ["paid", "paid"]);
    assert_eq!((world.sent(), world.signatures()), (3, 2));
    let payments = world.payments();
    assert_ne!(payments.first(), payments.last());
    // The offer changed: the server's refusal is the answer, and the next call asks again.
    changed.set(true);
    assert_eq!((code(&world.fetch_with(options)), world.sent()), ("paymentRejected", 4));
    changed.set(false);
    assert_eq!((code(&world.fetch_with(options)), world.sent()), ("paid", 6));
    // An old offer is asked for anew.
    world.seconds.set(START + 301);
    assert_eq!((code(&world.fetch_with(options)), world.sent()), ("paid", 8));
}
