//! The exchange against scripted servers, most of them dishonest, and a wallet that hashes typed data on its own.

mod chain;
mod clocks;
mod dishonest;
mod exchange;
mod limits;
mod redirects;
mod settled;
mod shared;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, U256, address, b256, hex, keccak256};
use futures_util::FutureExt as _;
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use crate::error::{Error, Kind};
use crate::eth::rpc::Rpc;
use crate::eth::wallet::WalletHandle;
use crate::io::fake::{self, failure, reply};
use crate::io::{Clock, HttpFailure, HttpRequest, HttpResponse, Io, Redirects, Wallet, WalletFailure};
use crate::x402::client::{Paid, PayOptions, Payer, Proposal};
use crate::x402::payment::PaymentRecord;
use crate::x402::policy::{AssetRule, OPG, Policy, USDC, USDC_SEPOLIA};
use crate::x402::signature::oracle::sign;
use crate::x402::wire::{Flaw, decode_header, encode_header};

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
    let handle = WalletHandle::new(Rc::clone(&wallet) as Rc<dyn Wallet>, Rc::default(), Rc::clone(&io.clock));
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

fn usdc_policy(token: crate::x402::policy::Token) -> Policy {
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

/// The record of a payment that goes through.
fn payment(world: &World) -> PaymentRecord {
    let Some(record) = world.fetch().ok().and_then(|paid| paid.payment) else { unreachable!("nothing was paid") };
    record
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

/// A server, and a node at `https://node.example` with this allowance, balance and token nonce.
fn with_node(allowance: u64, balance: u64, nonce: Option<u64>, required: Value) -> World {
    let mut world = world(move |request, _| {
        if request.url == "https://node.example" {
            let asked: Value = serde_json::from_slice(request.body.as_deref().map_or(&[][..], Vec::as_slice)).unwrap_or_default();
            let one = |item: &Value| {
                let other = match item["method"].as_str() {
                    Some("eth_blockNumber") => Some(json!("0x10")),
                    Some("eth_getBlockByNumber") => Some(json!({ "number": "0x10", "timestamp": format!("0x{START:x}") })),
                    _ => None,
                };
                if let Some(result) = other {
                    return json!({ "jsonrpc": "2.0", "id": item["id"], "result": result });
                }
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
