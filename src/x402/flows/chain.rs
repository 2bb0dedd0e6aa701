//! A chain behind a node: the nonces that are used, the transfers that were made, and the time.

use std::collections::BTreeSet;

use super::*;
use crate::x402::{PERMIT2, UPTO_PROXY};

pub(super) const NODE: &str = "https://node.example";

/// A transfer of a token, in a transaction of its own.
#[derive(Clone)]
pub(super) struct Moved {
    pub(super) token: Address,
    pub(super) value: u64,
    pub(super) block: u64,
    /// Whom the transaction calls, with what.
    pub(super) call: (Address, Vec<u8>),
}

/// What the chain holds. Everything that is asked for is there, and every account has enough.
pub(super) struct Chain {
    pub(super) block: Cell<u64>,
    pub(super) time: Cell<u64>,
    /// Nonces of either kind.
    pub(super) used: RefCell<BTreeSet<B256>>,
    pub(super) moved: RefCell<Vec<Moved>>,
    /// Whether it answers at all.
    pub(super) up: Cell<bool>,
    /// The methods that were asked for.
    pub(super) asked: RefCell<Vec<String>>,
}

impl Chain {
    pub(super) fn new() -> Rc<Self> {
        Rc::new(Self {
            block: Cell::new(100),
            time: Cell::new(START),
            used: RefCell::default(),
            moved: RefCell::default(),
            up: Cell::new(true),
            asked: RefCell::default(),
        })
    }

    /// A block in which the receiver of `record` takes `value`, by the proxy of `upto`.
    pub(super) fn settle(&self, nonce: B256, value: u64) {
        self.settle_by(nonce, value, (UPTO_PROXY, settle_call(nonce)));
    }

    /// The same in a transaction that calls something else.
    pub(super) fn settle_by(&self, nonce: B256, value: u64, call: (Address, Vec<u8>)) {
        self.used.borrow_mut().insert(nonce);
        self.transfer(value, call);
    }

    /// A transfer to the seller that uses no nonce.
    pub(super) fn transfer(&self, value: u64, call: (Address, Vec<u8>)) {
        self.mine(2);
        self.moved.borrow_mut().push(Moved { token: OPG.address, value, block: self.block.get(), call });
    }

    /// A block after so many seconds.
    pub(super) fn mine(&self, seconds: u64) {
        self.block.set(self.block.get() + 1);
        self.time.set(self.time.get() + seconds);
    }

    fn word(&self, data: &[u8]) -> U256 {
        let used = self.used.borrow();
        let argument = |at: usize| U256::from_be_slice(data.get(4 + 32 * at..36 + 32 * at).unwrap_or_default());
        match data.get(..4) {
            // nonceBitmap(owner, word)
            Some([0x4f, 0xe0, 0x2b, 0x44]) => used.iter().fold(U256::ZERO, |bits, nonce| {
                let own = U256::from_be_bytes(nonce.0) >> 8 == argument(1);
                if own { bits | (U256::from(1) << usize::from(nonce[31])) } else { bits }
            }),
            // authorizationState(authorizer, nonce)
            Some([0xe9, 0x4a, 0x01, 0x02]) => U256::from(u8::from(used.contains(&B256::from(argument(1))))),
            // balanceOf, allowance
            _ => U256::MAX,
        }
    }

    fn hash(at: usize) -> B256 {
        B256::with_last_byte(u8::try_from(at + 1).unwrap_or_default())
    }

    fn answer(&self, method: &str, params: &Value) -> Value {
        let quantity = |value: u64| json!(format!("0x{value:x}"));
        let number = |value: &Value| {
            u64::from_str_radix(value.as_str().unwrap_or_default().trim_start_matches("0x"), 16).unwrap_or(self.block.get())
        };
        match method {
            "eth_blockNumber" => quantity(self.block.get()),
            "eth_getBlockByNumber" => json!({ "number": quantity(number(&params[0])), "timestamp": quantity(self.time.get()) }),
            "eth_call" => {
                let data = params[0]["data"].as_str().and_then(|data| hex::decode(data).ok()).unwrap_or_default();
                json!(B256::from(self.word(&data)).to_string())
            }
            "eth_getLogs" => {
                let (from, to) = (number(&params[0]["fromBlock"]), number(&params[0]["toBlock"]));
                let log = |(at, moved): (usize, &Moved)| {
                    (from <= moved.block && moved.block <= to).then(|| {
                        json!({
                            "address": moved.token, "topics": params[0]["topics"], "data": B256::from(U256::from(moved.value)).to_string(),
                            "blockNumber": quantity(moved.block), "blockHash": B256::repeat_byte(7).to_string(),
                            "transactionHash": Self::hash(at).to_string(), "logIndex": "0x3", "removed": false,
                        })
                    })
                };
                self.moved.borrow().iter().enumerate().filter_map(log).collect()
            }
            "eth_getTransactionByHash" => {
                let moved = self.moved.borrow();
                let found = moved.iter().enumerate().find(|(at, _)| json!(Self::hash(*at).to_string()) == params[0]);
                found.map_or(
                    Value::Null,
                    |(_, moved)| json!({ "to": moved.call.0.to_string(), "input": hex::encode_prefixed(&moved.call.1) }),
                )
            }
            _ => Value::Null,
        }
    }

    pub(super) fn reply(&self, request: &HttpRequest) -> Reply {
        if !self.up.get() {
            return Err(HttpFailure::Network("down".into()));
        }
        let asked: Value = serde_json::from_slice(request.body.as_deref().map_or(&[][..], Vec::as_slice)).unwrap_or_default();
        let one = |item: &Value| {
            let method = item["method"].as_str().unwrap_or_default();
            self.asked.borrow_mut().push(method.to_owned());
            json!({ "jsonrpc": "2.0", "id": item["id"], "result": self.answer(method, &item["params"]) })
        };
        let answers = asked.as_array().map_or_else(|| one(&asked), |items| items.iter().map(one).collect());
        Ok(reply(&request.url, 200, &[], answers.to_string()))
    }
}

/// The calldata of the proxy's `settle` for a payment of the account.
pub(super) fn settle_call(nonce: B256) -> Vec<u8> {
    let word = |address: Address| address.into_word().to_vec();
    let zero = || B256::ZERO.to_vec();
    let selector = keccak256("settle(((address,uint256),uint256,uint256),uint256,address,(address,address,uint256),bytes)");
    [
        selector[..4].to_vec(),
        word(OPG.address),
        zero(),
        nonce.to_vec(),
        zero(),
        zero(),
        word(ACCOUNT),
        zero(),
        zero(),
        zero(),
        zero(),
        zero(),
    ]
    .concat()
}

/// A server before a chain that the payer reads.
pub(super) fn world_on(chain: &Rc<Chain>, mut server: impl FnMut(&HttpRequest) -> Reply + 'static) -> World {
    let node = Rc::clone(chain);
    let mut world = world(move |request, _| if request.url == NODE { node.reply(request) } else { server(request) });
    let rpc = Rpc::new(world.payer.io.clone(), vec![NODE.to_owned()]);
    world.payer.chains[0].rpc = Some(rpc);
    assert_eq!(PERMIT2.to_string().len(), 42);
    world
}
