//! What the dialogues are played with: a wallet that answers by a script, beside a chain on which the batch has its own fate.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, hex};
use futures_channel::oneshot::Receiver;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, pending};
use serde_json::{Value, json};

use crate::error::{Error, Kind};
use crate::eth::call::WriteCall;
use crate::eth::calls::send_calls;
use crate::eth::follow::Receipt;
use crate::eth::nonce::NonceBook;
use crate::eth::revert::Reverted;
use crate::eth::rpc::Rpc;
use crate::eth::signer::{Gas, Signer, TxOptions};
use crate::eth::smart::ENTRY_POINTS;
use crate::eth::wallet::{ChainParams, WalletHandle};
use crate::io::fake::{self, FakeTabs, failure};
use crate::io::{Clock, Progress, Wallet, WalletFailure};

pub(super) const ACCOUNT: Address = Address::repeat_byte(0xaa);
pub(super) const STRANGER: Address = Address::repeat_byte(0x5a);
pub(super) const BUNDLER: Address = Address::repeat_byte(0xb0);
pub(super) const TARGET: Address = Address::repeat_byte(0xcc);
pub(super) const HASH: B256 = B256::repeat_byte(1);
pub(super) const OTHER: B256 = B256::repeat_byte(2);
pub(super) const ID: B256 = B256::repeat_byte(3);
/// The block that was the newest before the wallet was asked, and the account's next nonce.
pub(super) const START: u64 = 16;
pub(super) const NONCE: u64 = 5;

pub(super) type Answer = Result<Value, WalletFailure>;
pub(super) type Told = Result<Option<Vec<Receipt>>, Error>;

/// A mined transaction.
#[derive(Clone)]
pub(super) struct Tx {
    pub(super) hash: B256,
    pub(super) from: Address,
    pub(super) to: Address,
    pub(super) nonce: u64,
    pub(super) input: Vec<u8>,
    pub(super) succeeded: bool,
    pub(super) logs: Vec<Value>,
    pub(super) block: u64,
    /// Which of several blocks with this number.
    pub(super) fork: u64,
    /// The look, counted from the wallet's being asked, at which our node knows it; and the one at which it no longer does.
    pub(super) known: std::ops::Range<usize>,
}

impl Tx {
    pub(super) fn receipt(&self) -> Value {
        json!({ "transactionHash": self.hash.to_string(), "blockNumber": format!("0x{:x}", self.block),
            "blockHash": block_hash(self.block, self.fork), "gasUsed": "0x5208",
            "from": self.from.to_string(), "to": self.to.to_string(), "status": if self.succeeded { "0x1" } else { "0x0" },
            "logs": self.logs() })
    }

    pub(super) fn wire(&self) -> Value {
        json!({ "hash": self.hash.to_string(), "from": self.from.to_string(), "to": self.to.to_string(),
            "nonce": format!("0x{:x}", self.nonce), "value": "0x0", "input": hex::encode_prefixed(&self.input) })
    }

    pub(super) fn logs(&self) -> Vec<Value> {
        let place = |(index, log): (usize, &Value)| {
            let mut log = log.clone();
            log["transactionHash"] = json!(self.hash.to_string());
            log["blockNumber"] = json!(format!("0x{:x}", self.block));
            log["blockHash"] = json!(B256::ZERO.to_string());
            log["logIndex"] = json!(format!("0x{index:x}"));
            log
        };
        self.logs.iter().enumerate().map(place).collect()
    }
}

fn block_hash(number: u64, fork: u64) -> String {
    B256::left_padding_from(&[number.to_be_bytes(), fork.to_be_bytes()].concat()).to_string()
}

/// The account's own transaction to itself with these calls in it (EIP-7702).
pub(super) fn delegated(calls: &[WriteCall]) -> Tx {
    let input = calls.iter().flat_map(wrapped).collect();
    let (from, to) = (ACCOUNT, ACCOUNT);
    Tx {
        hash: HASH,
        from,
        to,
        nonce: NONCE,
        input,
        succeeded: true,
        logs: vec![mark(1)],
        block: START + 1,
        fork: 0,
        known: 0..usize::MAX,
    }
}

/// Target, value, length and calldata, as MultiSend packs them.
pub(super) fn wrapped(call: &WriteCall) -> Vec<u8> {
    let mut length = [0; 32];
    length[31] = u8::try_from(call.data.len()).unwrap_or_default();
    [call.to.unwrap_or_default().as_slice(), &call.value.to_be_bytes::<32>(), &length, &call.data].concat()
}

/// A bundle that a contract of the bundler passes on, with an operation of the account that holds these calls.
pub(super) fn bundled(calls: &[WriteCall], succeeded: bool) -> Tx {
    let mut logs = vec![mark(1), event(BEFORE, &[], &[]), mark(2), ended(OTHER, STRANGER, true), mark(3)];
    if !succeeded {
        let reason = [&[0; 31][..], &[5], &[0; 31], &[64], &[0; 31], &[4], &hex!("deadbeef"), &[0; 28]].concat();
        logs.push(event(REASON, &[ID, ACCOUNT.into_word()], &reason));
    }
    logs.extend([ended(ID, ACCOUNT, succeeded), mark(4)]);
    Tx { from: BUNDLER, to: BUNDLER, nonce: 99, logs, ..delegated(calls) }
}

pub(super) const BEFORE: &str = "0xbb47ee3e183a558b1a2ff0874b079f3fc5478b7454eacf2bfc5af2ff5878f972";
pub(super) const ENDED: &str = "0x49628fd1471006c1482da88028e9ce4dbb080b815c9b0344d39e5a8e6ec1419f";
pub(super) const REASON: &str = "0x1c4fada7374c0a9ee8841fc38afe82932dc0f8e69012e927f061a8bae611a201";
pub(super) const SAFE_SUCCESS: &str = "0x442e715f626346e8c54381002da614f62bee8d27386535b2521ec8540898556e";

pub(super) fn event(topic: &str, more: &[B256], data: &[u8]) -> Value {
    let topics: Vec<String> = std::iter::once(topic.to_owned()).chain(more.iter().map(B256::to_string)).collect();
    json!({ "address": ENTRY_POINTS[2].to_string(), "topics": topics, "data": hex::encode_prefixed(data) })
}

pub(super) fn ended(id: B256, sender: Address, succeeded: bool) -> Value {
    let mut data = [0; 128];
    data[63] = u8::from(succeeded);
    event(ENDED, &[id, sender.into_word(), B256::ZERO], &data)
}

/// What a contract logs while it is called.
pub(super) fn mark(number: u8) -> Value {
    json!({ "address": TARGET.to_string(), "topics": [B256::repeat_byte(number).to_string()], "data": "0x" })
}

pub(super) fn marks(receipt: &Receipt) -> Vec<u8> {
    receipt.logs.iter().map(|log| log.topics[0][0]).collect()
}

/// A Safe's execution of these calls.
pub(super) fn executed(calls: &[WriteCall]) -> Tx {
    let mut success = event(SAFE_SUCCESS, &[ID], &[0; 32]);
    success["address"] = json!(ACCOUNT.to_string());
    Tx { from: STRANGER, to: BUNDLER, nonce: 99, logs: vec![mark(1), success, mark(2)], ..delegated(calls) }
}

pub(super) fn calls() -> [WriteCall; 2] {
    [1, 2].map(|byte| WriteCall::raw(TARGET, Bytes::copy_from_slice(&[byte; 8])))
}

pub(super) type Answers = Box<dyn Fn(&str, usize) -> Option<Answer>>;

/// A wallet that is one function of how often each method was asked before; `None` never answers.
pub(super) struct Script {
    pub(super) answer: Answers,
    pub(super) asked: RefCell<Vec<(&'static str, Value)>>,
    /// Says that it has lost its connection once this method was asked.
    pub(super) leaves_after: Option<&'static str>,
    /// What comes in place of the first answer that never does.
    pub(super) late: RefCell<Option<Receiver<Answer>>>,
}

impl Script {
    pub(super) fn count(&self, method: &str) -> usize {
        self.asked.borrow().iter().filter(|(asked, _)| *asked == method).count()
    }
}

pub(super) struct Provider(Rc<Script>);

impl Wallet for Provider {
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let before = self.0.count(method);
        self.0.asked.borrow_mut().push((method, serde_json::from_str(&params).unwrap_or_default()));
        match (self.0.answer)(method, before) {
            Some(answer) => async move { answer.map(|value| value.to_string()) }.boxed_local(),
            None => match self.0.late.take() {
                Some(late) => async move {
                    match late.await {
                        Ok(answer) => answer.map(|value| value.to_string()),
                        Err(_) => pending().await,
                    }
                }
                .boxed_local(),
                None => pending().boxed_local(),
            },
        }
    }

    fn disconnected(&self) -> LocalBoxFuture<'static, WalletFailure> {
        let script = Rc::clone(&self.0);
        let Some(method) = script.leaves_after else { return pending().boxed_local() };
        let left = move |_: &mut std::task::Context<'_>| match script.count(method) {
            0 => std::task::Poll::Pending,
            _ => std::task::Poll::Ready(failure(Some(1011), "the extension was reloaded")),
        };
        futures_util::future::poll_fn(left).boxed_local()
    }
}

/// What is played: a wallet's answers beside a chain.
pub(super) struct World {
    pub(super) capabilities: Option<Value>,
    /// The answers to `wallet_sendCalls`, in their order.
    pub(super) sends: Vec<Option<Answer>>,
    /// The answers to `wallet_getCallsStatus`, in their order; the last one for ever.
    pub(super) statuses: Vec<Option<Answer>>,
    pub(super) leaves_after: Option<&'static str>,
    /// The answer that comes in place of the first one that never does.
    pub(super) late: Option<Receiver<Answer>>,
    pub(super) code: &'static str,
    pub(super) transactions: Vec<Tx>,
    /// Transactions of the account that wait for their block.
    pub(super) waiting: u64,
    /// Why calls revert when they are simulated first.
    pub(super) simulation: Option<&'static str>,
    /// Why calls revert when they are simulated on the state after this block.
    pub(super) reason: Option<(u64, &'static str)>,
    /// Transactions of the account that waited for their block before the wallet was asked.
    pub(super) waiting_before: u64,
    /// How many blocks come with each look, and the last one that comes.
    pub(super) blocks: u64,
    pub(super) last_block: u64,
    /// The node answers with some transaction when it is asked for another.
    pub(super) confuses: bool,
    /// The node fails at these looks.
    pub(super) broken: std::ops::Range<usize>,
    pub(super) confirmations: u64,
    pub(super) wallet_timeout_ms: Option<u64>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            capabilities: Some(json!({ "0x42f": { "atomic": { "status": "supported" } } })),
            sends: vec![Some(Ok(json!({ "id": "0xba7c4" })))],
            statuses: vec![None],
            leaves_after: None,
            late: None,
            code: "0x",
            transactions: Vec::new(),
            waiting: 0,
            simulation: None,
            reason: None,
            waiting_before: 0,
            blocks: 1,
            last_block: u64::MAX,
            confuses: false,
            broken: 0..0,
            confirmations: 1,
            wallet_timeout_ms: None,
        }
    }
}

/// How it ended.
pub(super) struct Ended {
    pub(super) result: Told,
    pub(super) steps: Vec<Progress>,
    pub(super) wallet: Rc<Script>,
    /// The claims on nonces afterwards, and when the chain began to be searched.
    pub(super) claims: Vec<String>,
    pub(super) claims_at_search: Vec<String>,
    /// The transactions and operations that are followed.
    pub(super) followed: Vec<String>,
    pub(super) seconds: u64,
}

impl Ended {
    pub(super) fn code(&self) -> &'static str {
        match &self.result {
            Ok(Some(_)) => "receipts",
            Ok(None) => "none",
            Err(error) => error.code(),
        }
    }

    pub(super) fn kind(&self) -> Option<&Kind> {
        self.result.as_ref().err().map(|error| &**error)
    }

    pub(super) fn hashes(&self) -> Vec<B256> {
        self.result.iter().flatten().flatten().map(|receipt| receipt.hash).collect()
    }

    pub(super) fn asked(&self, method: &str) -> Vec<Value> {
        self.wallet.asked.borrow().iter().filter(|(asked, _)| *asked == method).map(|(_, params)| params[0].clone()).collect()
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.claims == [claim("doubt", NONCE)]
    }

    pub(super) fn count(&self, wanted: &Progress) -> usize {
        self.steps.iter().filter(|step| *step == wanted).count()
    }
}

/// The name that is claimed for a nonce.
pub(super) fn claim(what: &str, nonce: u64) -> String {
    format!("ogkit:{what}:1071:{ACCOUNT:?}:{nonce}")
}

pub(super) fn nth(answers: &[Option<Answer>], at: usize) -> Option<Answer> {
    answers.get(at).or(answers.last()).cloned().flatten()
}

/// Everything that a batch needs, around a world.
pub(super) struct Stage {
    pub(super) rpc: Rpc,
    pub(super) signer: Signer,
    pub(super) options: TxOptions,
    pub(super) steps: Rc<RefCell<Vec<Progress>>>,
    pub(super) tabs: FakeTabs,
    pub(super) wallet: Rc<Script>,
    pub(super) calls: Vec<WriteCall>,
    pub(super) claims_at_search: Rc<RefCell<Vec<String>>>,
}

impl Stage {
    /// Sends the batch.
    pub(super) async fn send(&self) -> Told {
        let explain = |reverted: Reverted| std::future::ready(reverted.into_error(None)).boxed_local();
        send_calls(&self.rpc, &self.signer, &self.calls, &self.options, &explain).await
    }

    /// The claims on nonces.
    pub(super) fn claims(&self) -> Vec<String> {
        self.tabs
            .0
            .borrow()
            .iter()
            .filter(|claim| [":nonce:", ":doubt:"].iter().any(|what| claim.contains(what)))
            .cloned()
            .collect()
    }
}

pub(super) fn play(world: World) -> Ended {
    let stage = stage(world);
    let result = fake::run(stage.send());
    let seconds = stage.rpc.io().clock.now_ms() / 1000;
    let claims_at_search = stage.claims_at_search.take();
    let followed = stage.tabs.0.borrow().iter().filter(|claim| claim.contains(":hash:")).cloned().collect();
    Ended { result, steps: stage.steps.take(), claims: stage.claims(), claims_at_search, followed, wallet: stage.wallet, seconds }
}

pub(super) fn stage(world: World) -> Stage {
    let World { capabilities, sends, statuses, leaves_after, late, confirmations, wallet_timeout_ms, .. } = world;
    let answer = move |method: &str, before: usize| match method {
        "wallet_getCapabilities" => capabilities.clone().map(Ok),
        "eth_chainId" => Some(Ok(json!("0x42f"))),
        "eth_accounts" => Some(Ok(json!([ACCOUNT.to_string()]))),
        "wallet_sendCalls" => nth(&sends, before),
        "wallet_getCallsStatus" => nth(&statuses, before),
        _ => Some(Err(failure(Some(4200), "unscripted"))),
    };
    let wallet = Rc::new(Script { answer: Box::new(answer), asked: RefCell::default(), leaves_after, late: RefCell::new(late) });
    let World { code, transactions, waiting, waiting_before, simulation, reason, blocks, last_block, broken, confuses, .. } =
        world;
    let (asked, looks) = (Rc::clone(&wallet), Cell::new(0_usize));
    let (io, tabs) = fake::node(move |method, params| {
        let sent = asked.count("wallet_sendCalls") > 0;
        if sent && method == "eth_blockNumber" {
            looks.set(looks.get() + 1);
        }
        let look = looks.get().saturating_sub(1);
        if sent && broken.contains(&looks.get()) {
            return Err(json!({ "code": -32000, "message": "header not found" }));
        }
        let known: Vec<&Tx> = transactions.iter().filter(|tx| sent && tx.known.contains(&look)).collect();
        // At an earlier block the account has sent less.
        let number = |text: &Value| text.as_str().and_then(|text| u64::from_str_radix(text.strip_prefix("0x")?, 16).ok());
        let own = |last: u64| known.iter().filter(|tx| tx.from == ACCOUNT && tx.block <= last).count() as u64;
        let by_hash = || known.iter().find(|tx| confuses || params[0] == json!(tx.hash.to_string()));
        Ok(match method {
            "eth_blockNumber" => {
                let come = START + blocks * u64::try_from(looks.get()).unwrap_or_default();
                json!(format!("0x{:x}", come.min(last_block)))
            }
            "eth_call" => match if params[1] == json!("latest") {
                simulation
            } else {
                reason.filter(|(block, _)| params[1] == json!(format!("0x{block:x}"))).map(|(_, words)| words)
            } {
                Some(reason) => return Err(json!({ "code": 3, "message": format!("execution reverted: {reason}") })),
                None => json!("0x"),
            },
            "eth_getCode" => json!(code),
            "eth_getTransactionCount" => {
                let waiting = match params[1].as_str() {
                    Some("pending") if sent => waiting,
                    Some("pending") => waiting_before,
                    _ => 0,
                };
                json!(format!("0x{:x}", NONCE + own(number(&params[1]).unwrap_or(u64::MAX)) + waiting))
            }
            "eth_getBlockByNumber" => {
                let at = number(&params[0]).unwrap_or_default();
                let inside = known.iter().filter(|tx| tx.block == at).map(|tx| tx.wire());
                let hash = |at| block_hash(at, known.iter().find(|tx| tx.block == at).map_or(0, |tx| tx.fork));
                json!({ "number": params[0], "hash": hash(at), "parentHash": hash(at.saturating_sub(1)),
                    "transactions": inside.collect::<Vec<_>>() })
            }
            "eth_getLogs" => {
                let (address, topics) = (&params[0]["address"], &params[0]["topics"]);
                let matches = |log: &Value| {
                    let at = |place: usize| log["topics"][place].clone();
                    let sender = topics.as_array().map_or(0, Vec::len) < 3 || topics[2] == at(2);
                    let topic = topics[0] == at(0) || topics[0].as_array().is_some_and(|any| any.contains(&at(0)));
                    let text = log["address"].as_str().unwrap_or_default().to_lowercase();
                    topic
                        && sender
                        && (*address == json!(text) || address.as_array().is_some_and(|any| any.contains(&json!(text))))
                };
                known.iter().flat_map(|tx| tx.logs()).filter(matches).collect()
            }
            "eth_getTransactionReceipt" => by_hash().map_or(Value::Null, |tx| tx.receipt()),
            "eth_getTransactionByHash" => by_hash().map_or(Value::Null, |tx| tx.wire()),
            _ => Value::Null,
        })
    });
    let signer = signer(&wallet, Rc::clone(&io.clock));
    let steps = Rc::new(RefCell::new(Vec::new()));
    let claims_at_search = Rc::<RefCell<Vec<String>>>::default();
    let (seen, at_search, held) = (Rc::clone(&steps), Rc::clone(&claims_at_search), tabs.clone());
    let options = TxOptions {
        nonce: None,
        gas: Gas::default(),
        auto_fix_nonce: true,
        max_retries: 3,
        receipt_timeout: 60,
        confirmations,
        wallet_timeout_ms,
        on_progress: Rc::new(move |step| {
            if matches!(step, Progress::Searching { .. }) {
                *at_search.borrow_mut() =
                    held.0.borrow().iter().filter(|claim| claim.contains("nonce") || claim.contains("doubt")).cloned().collect();
            }
            seen.borrow_mut().push(step);
        }),
    };
    Stage {
        rpc: Rpc::new(io, vec!["http://node".to_owned()]),
        signer,
        options,
        steps,
        tabs,
        wallet,
        calls: calls().to_vec(),
        claims_at_search,
    }
}

pub(super) fn signer(wallet: &Rc<Script>, clock: Rc<dyn Clock>) -> Signer {
    Signer {
        wallet: WalletHandle::new(Rc::new(Provider(Rc::clone(wallet))), Rc::default(), clock),
        account: ACCOUNT,
        chain: ChainParams {
            chain_id: 1071,
            name: String::new(),
            rpc_urls: Vec::new(),
            explorer_url: None,
            currency: Default::default(),
        },
        book: NonceBook::default(),
    }
}

/// A wallet that answers the question with this.
pub(super) fn sends(answer: Answer) -> World {
    World { sends: vec![Some(answer)], ..World::default() }
}

/// A wallet that says this of the batch for ever.
pub(super) fn says(status: Value) -> World {
    World { statuses: vec![Some(Ok(status))], ..World::default() }
}

pub(super) fn receipts(hashes: &[B256]) -> Value {
    hashes.iter().map(|hash| json!({ "transactionHash": hash.to_string(), "status": "0x1", "logs": [] })).collect()
}

pub(super) fn executed_in(hash: B256) -> Value {
    json!({ "status": 200, "receipts": receipts(&[hash, hash]) })
}
