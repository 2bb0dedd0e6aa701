//! Reads over several endpoints that serve other chains, fail, refuse, and say different things.

#![allow(clippy::indexing_slicing, reason = "a test that indexes wrongly fails")]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use alloy_primitives::{Address, B256};
use serde_json::{Value, json};

use super::replies::Replies;
use super::resume;
use super::rpc::Rpc;
use super::tx::{Gas, TxOptions};
use crate::error::{Error, Kind};
use crate::io::fake::{self, run};
use crate::io::{HttpFailure, HttpRequest, HttpResponse, Io};

alloy_sol_types::sol! {
    function one() external view returns (uint256);
}

type Reply = Result<HttpResponse, HttpFailure>;
/// Which endpoint was asked, and the methods.
type Log = Vec<(usize, Vec<String>)>;
type Peer = Box<dyn FnMut(&HttpRequest, &[Value]) -> Reply>;

/// Some endpoints, and the methods of each HTTP request to each of them.
struct Net {
    io: Io,
    urls: Vec<String>,
    asked: Rc<RefCell<Log>>,
}

impl Net {
    fn new(peers: Vec<Peer>) -> Self {
        let urls: Vec<String> = (0..peers.len()).map(|at| format!("https://user:secret@node{at}.example/?key=secret")).collect();
        let asked: Rc<RefCell<Log>> = Rc::default();
        let (log, known) = (Rc::clone(&asked), urls.clone());
        let mut peers = peers;
        let (io, _) = fake::io(move |request| {
            let at = known.iter().position(|url| *url == request.url).unwrap_or_default();
            let body: Value = serde_json::from_slice(&request.body.clone().unwrap_or_default()).unwrap_or_default();
            let items = body.as_array().cloned().unwrap_or_else(|| vec![body]);
            let methods = items.iter().map(|item| item["method"].as_str().unwrap_or_default().to_owned());
            log.borrow_mut().push((at, methods.collect()));
            peers[at](request, &items)
        });
        Self { io, urls, asked }
    }

    fn rpc(&self) -> Rpc {
        Rpc::new(self.io.clone(), self.urls.clone())
    }

    /// What was asked since the last time: the endpoint, and the methods.
    fn asked(&self) -> Vec<(usize, String)> {
        self.asked.borrow_mut().drain(..).map(|(at, methods)| (at, methods.join(" "))).collect()
    }
}

/// Answers requests one by one; `None` is nothing, as for a method that is not known.
fn each(request: &HttpRequest, items: &[Value], mut answer: impl FnMut(&str) -> Result<Value, Value>) -> Reply {
    let mut one = |item: &Value| match answer(item["method"].as_str().unwrap_or_default()) {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": item["id"], "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": item["id"], "error": error }),
    };
    let single = request.body.as_ref().is_some_and(|body| body.first() != Some(&b'['));
    let body = if single { one(&items[0]) } else { items.iter().map(one).collect() };
    Ok(fake::reply(&request.url, 200, &[], body.to_string()))
}

/// A node of a chain that answers everything else by a function.
fn node(chain: u64, mut answer: impl FnMut(&str) -> Result<Value, Value> + 'static) -> Peer {
    Box::new(move |request, items| {
        each(request, items, |method| if method == "eth_chainId" { Ok(json!(format!("0x{chain:x}"))) } else { answer(method) })
    })
}

/// A node of chain 7 whose every answer is this.
fn says(answer: Value) -> Peer {
    node(7, move |_| Ok(answer.clone()))
}

fn dead() -> Peer {
    Box::new(|_, _| Err(HttpFailure::Network("refused".to_owned())))
}

fn read(rpc: &Rpc, methods: &[&'static str]) -> Result<Replies, Error> {
    let mut batch = rpc.batch();
    methods.iter().for_each(|method| {
        batch.push(method, "[]");
    });
    run(batch.send())
}

fn decide(rpc: &Rpc, methods: &[&'static str]) -> Result<Replies, Error> {
    let mut batch = rpc.batch().decides();
    methods.iter().for_each(|method| {
        batch.push(method, "[]");
    });
    run(batch.send())
}

fn quantity(replies: &Result<Replies, Error>) -> Result<u64, &'static str> {
    replies.as_ref().map_err(|error| error.code()).and_then(|replies| replies.quantity(0).map_err(|error| error.code()))
}

#[test]
fn the_chains_id_is_asked_with_the_first_request_and_no_more() {
    let net = Net::new(vec![says(json!("0x1"))]);
    let rpc = net.rpc().of_chain(7);
    for expected in ["eth_gasPrice eth_chainId", "eth_gasPrice"] {
        let replies = read(&rpc, &["eth_gasPrice"]);
        assert_eq!(quantity(&replies), Ok(1));
        assert!(replies.is_ok_and(|replies| replies.json(1).is_ok_and(|answer| answer.is_null())), "the answer is stripped");
        assert_eq!(net.asked(), [(0, expected.to_owned())]);
    }
    assert_eq!(quantity(&read(&rpc.clone(), &["eth_gasPrice"])), Ok(1));
    assert_eq!(net.asked(), [(0, "eth_gasPrice".to_owned())], "clones know it too");
    let _ = read(&net.rpc(), &["eth_gasPrice"]);
    assert_eq!(net.asked(), [(0, "eth_gasPrice".to_owned())], "a chain that is not known cannot be checked");
}

#[test]
fn an_endpoint_of_another_chain_is_passed_over_and_never_believed() {
    let net = Net::new(vec![node(5, |_| Ok(json!("0xbad"))), says(json!("0x1"))]);
    let rpc = net.rpc().of_chain(7);
    assert_eq!(quantity(&read(&rpc, &["eth_gasPrice"])), Ok(1));
    assert_eq!(quantity(&read(&rpc, &["eth_gasPrice"])), Ok(1));
    let expected = [(0, "eth_gasPrice eth_chainId"), (1, "eth_gasPrice eth_chainId"), (1, "eth_gasPrice")];
    assert_eq!(net.asked(), expected.map(|(at, methods)| (at, methods.to_owned())));
    assert_eq!(net.io.clock.now_ms(), 0, "nobody waits for it to become another");
}

#[test]
fn the_error_names_the_endpoint_on_the_wrong_chain_and_not_the_wallet() {
    let net = Net::new(vec![node(5, |_| Ok(json!("0xbad"))), node(6, |_| Ok(json!("0xbad")))]);
    let error = read(&net.rpc().of_chain(7), &["eth_gasPrice"]).err();
    let text = error.as_ref().map(ToString::to_string).unwrap_or_default();
    assert!(
        matches!(error.as_deref(), Some(Kind::WrongChain { expected: 7, actual: 6, who, .. }) if who == "https://node1.example/")
    );
    assert!(text.contains("https://node1.example/ is on chain 6, but chain 7 is needed"), "{text}");
    assert!(!text.contains("wallet") && !text.contains("secret"), "{text}");
    assert_eq!(net.asked().len(), 2, "once each");

    let net = Net::new(vec![node(5, |_| Ok(json!("0xbad"))), dead()]);
    let error = read(&net.rpc().of_chain(7), &["eth_gasPrice"]).err();
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(
        text.contains("https://node0.example/ is on chain 5") && text.contains("https://node1.example/: no connection"),
        "{text}"
    );
    assert_eq!(net.asked().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 1, 1], "only what may come back is asked again");
    assert!(net.io.clock.now_ms() >= 2000, "after a pause");
}

#[test]
fn what_comes_back_after_a_failure_is_asked_again() {
    let chains = Rc::new(RefCell::new(vec![5, 0, 7]));
    let peer: Peer = Box::new(move |request, items| {
        let chain = if items.iter().any(|item| item["method"] == "eth_chainId") { chains.borrow_mut().pop() } else { None };
        match (chain, items[0]["method"].as_str()) {
            (Some(0), _) | (None, Some("fail")) => Err(HttpFailure::Timeout),
            (chain, _) => {
                let id = format!("0x{:x}", chain.unwrap_or_default());
                each(request, items, |method| Ok(if method == "eth_chainId" { json!(id) } else { json!("0x1") }))
            }
        }
    });
    let net = Net::new(vec![peer]);
    let rpc = net.rpc().of_chain(7);
    assert_eq!(quantity(&read(&rpc, &["eth_gasPrice"])), Ok(1));
    assert_eq!(quantity(&read(&rpc, &["fail"])), Err("wrongChain"), "it came back as a node of chain 5");
    let asked: Vec<_> = net.asked().into_iter().map(|(_, methods)| methods).collect();
    assert_eq!(asked, ["eth_gasPrice eth_chainId", "fail", "fail eth_chainId", "fail eth_chainId"]);
}

#[test]
fn a_node_that_takes_no_batches_is_asked_for_its_chain_apart() {
    let refusals: [fn(&HttpRequest) -> Reply; 4] = [
        |request| Ok(fake::reply(&request.url, 200, &[], r#"{"id":null,"error":{"code":-32600,"message":"no batches"}}"#)),
        |request| Ok(fake::reply(&request.url, 400, &[], r#"{"error":{"code":-32600,"message":"no batches"}}"#)),
        |request| Ok(fake::reply(&request.url, 400, &[], "<html>")),
        |request| Ok(fake::reply(&request.url, 200, &[], "[]")),
    ];
    for refuse in refusals {
        for chain in [7, 5] {
            let mut alone = node(chain, |_| Ok(json!("0x1")));
            let net = Net::new(vec![Box::new(
                move |request, items| if items.len() > 1 { refuse(request) } else { alone(request, items) },
            )]);
            let rpc = net.rpc().of_chain(7);
            assert_eq!(quantity(&read(&rpc, &["eth_gasPrice"])), if chain == 7 { Ok(1) } else { Err("wrongChain") });
            let asked: Vec<_> = net.asked().into_iter().map(|(_, methods)| methods).collect();
            assert_eq!(asked, ["eth_gasPrice eth_chainId", "eth_chainId", "eth_gasPrice"][..if chain == 7 { 3 } else { 2 }]);
            if chain == 7 {
                assert_eq!(quantity(&read(&rpc, &["eth_gasPrice"])), Ok(1));
                assert_eq!(net.asked().len(), 1);
            }
        }
    }
}

#[test]
fn a_batch_that_a_node_just_takes_is_not_split_for_the_chains_id() {
    let four = || -> Peer {
        Box::new(|request, items| {
            if items.len() > 4 {
                return Ok(fake::reply(&request.url, 200, &[], r#"{"error":{"code":-32600,"message":"batch too large"}}"#));
            }
            if items.iter().any(|item| item["method"] == "fail") {
                return Err(HttpFailure::Timeout);
            }
            each(request, items, |method| Ok(if method == "eth_chainId" { json!("0x7") } else { json!("0x1") }))
        })
    };
    let net = Net::new(vec![four(), four()]);
    let rpc = net.rpc().of_chain(7);
    let sizes = |net: &Net| net.asked.borrow_mut().drain(..).map(|(_, methods)| methods.len()).collect::<Vec<_>>();
    for expected in [vec![5, 1, 4], vec![4]] {
        assert_eq!(quantity(&read(&rpc, &["eth_gasPrice"; 4])), Ok(1));
        assert_eq!(sizes(&net), expected);
    }
    let _ = read(&rpc, &["eth_gasPrice"; 9]);
    assert_eq!(sizes(&net), [9, 4, 4, 1]);
    let _ = read(&rpc, &["fail"; 4]);
    assert_eq!(sizes(&net)[..3], [4, 1, 4], "the next endpoint takes no more than the first, as far as is known");
}

#[test]
fn an_endpoint_that_does_not_tell_its_chain_is_not_believed() {
    let mute = |error: Value| -> Peer {
        Box::new(move |request, items| {
            each(request, items, |method| if method == "eth_chainId" { Err(error.clone()) } else { Ok(json!("0xbad")) })
        })
    };
    let busy = json!({ "code": -32005, "message": "limit exceeded" });
    let net = Net::new(vec![mute(busy.clone()), says(json!("0x1"))]);
    assert_eq!(quantity(&read(&net.rpc().of_chain(7), &["eth_gasPrice"])), Ok(1));
    let net = Net::new(vec![mute(busy)]);
    let error = read(&net.rpc().of_chain(7), &["eth_gasPrice"]).err();
    assert!(matches!(error.as_deref(), Some(Kind::Rpc { said, .. }) if said.message == "limit exceeded"), "{error:?}");
}

#[test]
fn an_endpoint_that_speaks_no_json_is_left_for_the_next() {
    let net = Net::new(vec![Box::new(|request, _| Ok(fake::reply(&request.url, 200, &[], "<html>"))), says(json!("0x1"))]);
    assert_eq!(quantity(&read(&net.rpc(), &["eth_gasPrice"])), Ok(1));
    assert_eq!(net.asked().len(), 2);
}

#[test]
fn what_one_endpoint_does_not_have_the_next_one_is_asked() {
    let without_logs = || {
        node(1, |method| match method {
            "eth_getLogs" => Err(json!({ "code": -32601, "message": "the method is not available" })),
            _ => Ok(json!("0x5")),
        })
    };
    let with_logs = || node(1, |method| Ok(if method == "eth_getLogs" { json!([]) } else { json!("0x6") }));
    let logs = |peers: Vec<Peer>| {
        let net = Net::new(peers);
        let replies = read(&net.rpc(), &["eth_getLogs", "eth_blockNumber"]);
        let told = replies.as_ref().map(|replies| replies.raw(0).is_ok()).ok();
        let block = replies.map_err(|error| error.code()).and_then(|replies| replies.quantity(1).map_err(|error| error.code()));
        (told, block, net.asked().into_iter().map(|(at, _)| at).collect::<Vec<_>>())
    };
    assert_eq!(logs(vec![without_logs(), with_logs()]), (Some(true), Ok(5), vec![0, 1]));
    assert_eq!(logs(vec![without_logs(), without_logs()]), (Some(false), Ok(5), vec![0, 1]), "none has them");
    assert_eq!(logs(vec![without_logs(), dead()]), (Some(false), Ok(5), vec![0, 1]), "one that fails is tried once");
    assert_eq!(logs(vec![with_logs(), without_logs()]), (Some(true), Ok(6), vec![0]));
}

#[test]
fn a_quorum_is_asked_of_so_many_endpoints_and_only_where_it_decides() {
    let net = Net::new(vec![says(json!("0x1")), says(json!("0x1")), says(json!("0x2"))]);
    let rpc = net.rpc().of_chain(7).with_quorum(2);
    assert_eq!(quantity(&decide(&rpc, &["eth_getBalance"])), Ok(1));
    assert_eq!(net.asked().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(quantity(&read(&rpc, &["eth_getBalance"])), Ok(1));
    assert_eq!(net.asked(), [(0, "eth_getBalance".to_owned())]);
    assert_eq!(quantity(&decide(&net.rpc(), &["eth_getBalance"])), Ok(1));
    assert_eq!(net.asked(), [(0, "eth_getBalance".to_owned())], "off by default");
    assert_eq!(run(rpc.call(Address::ZERO, &oneCall {})).ok(), None);
    assert_eq!(net.asked().len(), 2, "a view decides");
}

#[test]
fn endpoints_that_disagree_are_asked_once_more_and_then_none_is_believed() {
    let net = Net::new(vec![says(json!("0x1")), says(json!("0x2")), says(json!("0x1"))]);
    let error = decide(&net.rpc().of_chain(7).with_quorum(2), &["eth_blockNumber", "eth_getBalance"]).err();
    assert!(
        matches!(error.as_deref(), Some(Kind::RpcDisagreement { method: "eth_getBalance", answers, urls, hash: None })
        if *answers == [r#""0x1""#, r#""0x2""#] && *urls == ["https://node0.example/", "https://node1.example/"]),
        "{error:?}"
    );
    assert_eq!(net.asked().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 0, 1], "nobody is outvoted");
    let text = error.map(|error| error.to_string()).unwrap_or_default();
    assert!(text.contains(r#"https://node0.example/ says "0x1"; https://node1.example/ says "0x2""#), "{text}");
}

#[test]
fn nodes_that_are_a_block_apart_agree_a_block_later() {
    let mut balance = 1;
    let late = node(7, move |_| {
        balance += 1;
        Ok(json!(format!("0x{:x}", balance.min(3))))
    });
    let net = Net::new(vec![late, says(json!("0x3"))]);
    assert_eq!(quantity(&decide(&net.rpc().with_quorum(2), &["eth_getBalance"])), Ok(3));
    assert_eq!(net.asked().len(), 4);
    assert!((1000..5000).contains(&net.io.clock.now_ms()));
}

#[test]
fn who_fails_in_a_quorum_is_replaced_and_too_few_are_an_error() {
    let wrong = || node(5, |_| Ok(json!("0x1")));
    let busy = || node(7, |_| Err(json!({ "code": -32005, "message": "limit exceeded" })));
    for failing in [dead(), wrong(), busy()] {
        let net = Net::new(vec![says(json!("0x1")), failing, says(json!("0x1"))]);
        assert_eq!(quantity(&decide(&net.rpc().of_chain(7).with_quorum(2), &["eth_getBalance"])), Ok(1));
        assert_eq!(net.asked().iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 1, 2]);
    }
    for (failing, code) in [(dead(), "http"), (wrong(), "wrongChain"), (busy(), "rpc")] {
        let net = Net::new(vec![says(json!("0x1")), failing]);
        let answered = decide(&net.rpc().of_chain(7).with_quorum(2), &["eth_getBalance", "eth_gasPrice"]);
        let error = answered.and_then(|replies| replies.quantity(0)).err();
        assert_eq!(error.as_ref().map(|error| error.code()), Some(code));
        assert!(error.is_some_and(|error| error.to_string().contains("https://node1.example/")), "{code}");
    }
    // One that refuses a single request is still asked about the others.
    let picky =
        node(7, |method| if method == "eth_getLogs" { Err(json!({ "code": -32005, "message": "" })) } else { Ok(json!("0x1")) });
    let net = Net::new(vec![says(json!("0x1")), picky, dead()]);
    let replies = decide(&net.rpc().of_chain(7).with_quorum(2), &["eth_getBalance", "eth_getLogs"]);
    assert_eq!(quantity(&replies), Ok(1));
    assert!(replies.is_ok_and(|replies| replies.raw(1).is_err()), "a refusal by one is no answer by two");
    // What every node refuses is for the caller to read.
    let net = Net::new(vec![busy(), busy()]);
    assert_eq!(quantity(&decide(&net.rpc().of_chain(7).with_quorum(2), &["eth_getBalance"])), Err("rpc"));
    assert_eq!(net.asked().len(), 2);
}

#[test]
fn a_quorum_of_a_batch_that_is_split_agrees_on_each_part() {
    let limited = |limit: usize, answer: &'static str| -> Peer {
        Box::new(move |request, items| {
            if items.len() > limit {
                return Ok(fake::reply(&request.url, 200, &[], r#"{"error":{"code":-32600,"message":"batch too large"}}"#));
            }
            each(request, items, |_| Ok(json!(answer)))
        })
    };
    let net = Net::new(vec![limited(100, "0x1"), limited(3, "0x1")]);
    let replies = decide(&net.rpc().with_quorum(2), &["eth_getBalance"; 10]);
    let all: Vec<_> = (0..10).map(|at| replies.as_ref().map_or(0, |replies| replies.quantity(at).unwrap_or_default())).collect();
    assert_eq!(all, [1; 10]);
    let peers: BTreeMap<usize, usize> = net.asked().into_iter().fold(BTreeMap::new(), |mut sums, (at, methods)| {
        *sums.entry(at).or_default() += methods.split(' ').count();
        sums
    });
    assert!(peers.values().all(|asked| *asked >= 10), "{peers:?}");
}

#[test]
fn a_disagreement_about_a_receipt_tells_the_transaction_when_the_time_is_up() {
    let hash = B256::repeat_byte(1);
    let mined = move |status: &'static str| -> Peer {
        node(7, move |method| {
            let (address, zero) = (Address::ZERO.to_string(), B256::ZERO.to_string());
            Ok(match method {
                "eth_getTransactionReceipt" => {
                    json!({ "transactionHash": hash.to_string(), "blockHash": zero, "blockNumber": "0x5",
                    "gasUsed": "0x1", "from": address, "to": address, "status": status, "logs": [] })
                }
                "eth_getTransactionByHash" => {
                    json!({ "hash": hash.to_string(), "blockHash": zero, "from": address, "to": address,
                    "nonce": "0x1", "value": "0x0", "input": "0x" })
                }
                "eth_getBlockByNumber" => json!({ "number": "0x6", "hash": hash.to_string(), "parentHash": zero }),
                _ => json!("0x6"),
            })
        })
    };
    let options = TxOptions {
        nonce: None,
        gas: Gas::default(),
        auto_fix_nonce: true,
        max_retries: 1,
        receipt_timeout: 10,
        confirmations: 2,
        wallet_timeout_ms: None,
        on_progress: Rc::new(|_| ()),
    };
    let wait = |peers| run(resume::wait(&Net::new(peers).rpc().with_quorum(2), None, hash, &options));
    assert!(wait(vec![mined("0x1"), mined("0x1")]).is_ok_and(|receipt| receipt.hash == hash));
    let error = wait(vec![mined("0x1"), mined("0x0")]).err();
    assert!(
        matches!(error.as_deref(), Some(Kind::RpcDisagreement { method: "eth_getTransactionReceipt", answers, hash: Some(at), .. })
        if *at == hash && *answers == [r#"status: "0x1""#, r#"status: "0x0""#]),
        "{error:?}"
    );
}
