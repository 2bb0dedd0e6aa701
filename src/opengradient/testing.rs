//! A chain and a wallet in which everything succeeds, but for what a test says.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use super::alpha::{Alpha, Network};
use crate::eth::nonce::NonceBook;
use crate::eth::tx::{Gas, TxOptions};
use crate::eth::wallet::WalletHandle;
use crate::io::fake::{self, FakeWallet};
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Progress, Wallet};

pub(crate) const ACCOUNT: Address = Address::repeat_byte(0xaa);
const CHAIN: &str = "0x2a5d";

pub(crate) type Steps = Rc<RefCell<Vec<Progress>>>;

/// What was asked of the wallet and, by method, of the node.
pub(crate) struct World {
    pub(crate) alpha: Alpha,
    pub(crate) wallet: Rc<FakeWallet>,
    pub(crate) asked: Rc<RefCell<Vec<(String, Value)>>>,
    pub(crate) steps: Steps,
    _book: NonceBook,
}

/// The hash of the n-th transaction.
pub(crate) fn hash(n: u8) -> B256 {
    B256::repeat_byte(n)
}

pub(crate) fn receipt(n: u8, contract: Option<Address>, logs: Value) -> Value {
    json!({ "transactionHash": hash(n).to_string(), "blockNumber": "0x6", "blockHash": B256::ZERO.to_string(),
        "gasUsed": "0x5208", "effectiveGasPrice": "0x1", "from": ACCOUNT.to_string(), "to": null, "status": "0x1", "logs": logs,
        "contractAddress": contract.map(|made| made.to_string()) })
}

pub(crate) fn log(address: Address, topic: B256, data: &[u8]) -> Value {
    json!({ "address": address.to_string(), "topics": [topic.to_string()], "data": format!("0x{}", alloy_primitives::hex::encode(data)),
        "blockNumber": "0x6", "blockHash": B256::ZERO.to_string(), "transactionHash": hash(1).to_string(), "logIndex": "0x0" })
}

/// `sends` are the wallet's answers; `node` may answer any method before the defaults do; `http` answers other hosts.
pub(crate) fn world(
    sends: Vec<Result<Value, crate::io::WalletFailure>>,
    mut node: impl FnMut(&str, &Value) -> Option<Result<Value, Value>> + 'static,
    mut http: impl FnMut(&HttpRequest) -> Result<HttpResponse, HttpFailure> + 'static,
) -> World {
    let asked: Rc<RefCell<Vec<(String, Value)>>> = Rc::default();
    let log = Rc::clone(&asked);
    let wallet = Rc::new(FakeWallet::default());
    let signed = Rc::clone(&wallet);
    let mut one = move |item: &Value| {
        let (method, params) = (item["method"].as_str().unwrap_or_default(), &item["params"]);
        log.borrow_mut().push((method.to_owned(), params.clone()));
        let answer = node(method, params).unwrap_or_else(|| {
            Ok(match method {
                "eth_call" => json!("0x"),
                "eth_estimateGas" => json!("0xc350"),
                "eth_chainId" => json!(CHAIN),
                "eth_getTransactionByHash" => transaction(&signed, &params[0]),
                "eth_getCode" => json!("0x"),
                "eth_getLogs" => json!([]),
                "eth_getBlockByNumber" => json!({ "transactions": [] }),
                _ => json!("0x5"),
            })
        });
        let mut reply = json!({ "jsonrpc": "2.0", "id": item["id"] });
        match answer {
            Ok(result) => reply["result"] = result,
            Err(error) => reply["error"] = error,
        }
        reply
    };
    let (io, _) = fake::io(move |request| {
        if request.url != "http://node/" {
            return http(request);
        }
        let body = request.body.clone().unwrap_or_default();
        let whole: Value = serde_json::from_slice(&body).unwrap_or_default();
        let answers = match &whole {
            Value::Array(items) => Value::Array(items.iter().map(&mut one).collect()),
            item => one(item),
        };
        Ok(fake::reply(&request.url, 200, &[], answers.to_string()))
    });
    for answer in sends {
        wallet.answers.borrow_mut().extend([
            ("eth_chainId", Ok(json!(CHAIN))),
            ("eth_accounts", Ok(json!([ACCOUNT.to_string()]))),
            ("eth_sendTransaction", answer),
        ]);
    }
    let book = NonceBook::default();
    let network = Network { rpc_urls: vec!["http://node/".to_owned()], api_url: "http://api".to_owned(), ..Network::default() };
    let handle = WalletHandle::new(Rc::clone(&wallet) as Rc<dyn Wallet>, Rc::default(), Rc::clone(&io.clock));
    let made = fake::run(Alpha::with_wallet(io.clone(), network.clone(), book.clone(), handle, ACCOUNT));
    asked.borrow_mut().clear();
    World { alpha: made.unwrap_or_else(|_| Alpha::read_only(io, network)), wallet, asked, steps: Rc::default(), _book: book }
}

/// What the wallet was asked to send last, as a node shows it.
fn transaction(wallet: &FakeWallet, hash: &Value) -> Value {
    let asked = wallet.asked.borrow();
    let sent = asked.iter().rev().find(|(method, _)| *method == "eth_sendTransaction").map(|(_, params)| params[0].clone());
    // Another page may have sent it.
    let earlier = json!({ "from": ACCOUNT.to_string(), "nonce": "0x5", "value": "0x0", "data": "0x" });
    let sent = sent.unwrap_or(earlier);
    json!({ "hash": hash, "from": sent["from"], "to": sent["to"], "nonce": sent["nonce"], "value": sent["value"], "input": sent["data"] })
}

impl World {
    pub(crate) fn options(&self) -> TxOptions {
        let steps = Rc::clone(&self.steps);
        TxOptions {
            nonce: None,
            gas: Gas::default(),
            auto_fix_nonce: true,
            max_retries: 5,
            receipt_timeout: 10,
            confirmations: 1,
            wallet_timeout_ms: None,
            on_progress: Rc::new(move |step| steps.borrow_mut().push(step)),
        }
    }

    /// The transactions that the wallet was asked to send.
    pub(crate) fn sent(&self) -> Vec<Value> {
        let asked = self.wallet.asked.borrow();
        asked.iter().filter(|(method, _)| *method == "eth_sendTransaction").map(|(_, params)| params[0].clone()).collect()
    }
}

/// The other hosts, where none is expected.
pub(crate) fn nobody(request: &HttpRequest) -> Result<HttpResponse, HttpFailure> {
    Err(HttpFailure::Network(format!("unscripted: {}", request.url)))
}
