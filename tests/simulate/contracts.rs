//! What the contracts of this world do: OpenGPU's, as far as clients write to them, and smart accounts.
//!
//! They are as the devnet's (`tests/devnet/contracts`) in what they check and emit. Each call of a user's account is written down, so
//! that the oracle sees what happened without trusting a log.

use std::collections::BTreeMap;
use std::rc::Rc;

use alloy_primitives::{Address, B256, Bytes, U256, address};
use alloy_sol_types::{Revert, SolCall, SolError, SolEvent};
use ogkit::ogpu::network::Contracts;
use ogkit::ogpu::protocol::abi::{Controller, Nexus, Response, Source, Task, Terminal, Vault};

use crate::accounts;
use crate::chain::{GAS_USED, Tx};
use crate::rng;

/// The contracts that exist once.
pub(crate) const CONTRACTS: Contracts = Contracts {
    nexus: Address::repeat_byte(0xa1),
    controller: Address::repeat_byte(0xa2),
    terminal: Address::repeat_byte(0xa3),
    vault: Address::repeat_byte(0xa4),
};
/// EntryPoint 0.7 (ERC-4337).
pub(crate) const ENTRY_POINT: Address = address!("0000000071727De22E5E9d8BAf0edAc6f37da032");
/// The source that exists from the beginning.
pub(crate) const SOURCE: Address = Address::repeat_byte(0x50);
/// The longest that a task of [`SOURCE`] may live, in seconds.
pub(crate) const MAX_EXPIRY: u64 = 86_400;

/// What an address has for code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Code {
    /// None: a key's account.
    #[default]
    None,
    /// A contract.
    Contract,
    /// A Safe with its own nonce. Since 1.4.1 its events' first argument is indexed.
    Safe { next: u64, is_indexed: bool },
    /// An ERC-4337 account with its own nonce.
    Smart { next: u64 },
    /// A key's account with a delegate (EIP-7702) that executes batches (ERC-7821).
    Delegated,
}

/// An account.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) nonce: u64,
    pub(crate) balance: U256,
    pub(crate) code: Code,
}

#[derive(Clone, Debug)]
struct TaskState {
    client: Address,
    source: Address,
    config: Rc<str>,
    expiry: u64,
    payment: U256,
    status: u8,
}

#[derive(Clone, Debug)]
struct SourceState {
    client: Address,
    url: Rc<str>,
    is_active: bool,
}

#[derive(Clone, Debug)]
struct ResponseState {
    task: Address,
    provider: Address,
    is_confirmed: bool,
}

/// The whole state.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    pub(crate) accounts: BTreeMap<Address, Account>,
    vault: BTreeMap<Address, U256>,
    tasks: BTreeMap<Address, TaskState>,
    sources: BTreeMap<Address, SourceState>,
    responses: BTreeMap<Address, ResponseState>,
    /// How many contracts were made: an address depends on the order, so another branch may give another.
    made: u64,
}

/// A log as a contract emits it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawLog {
    pub(crate) address: Address,
    pub(crate) topics: Vec<B256>,
    pub(crate) data: Bytes,
}

/// A call that a user's account made.
#[derive(Clone, Debug)]
pub(crate) struct Inner {
    pub(crate) account: Address,
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: Bytes,
    pub(crate) succeeded: bool,
    /// What it made: a task or a source.
    pub(crate) made: Option<Address>,
    /// The Safe's or operation's hash under which it was executed.
    pub(crate) id: Option<B256>,
}

/// What a call leaves behind besides the state.
#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) logs: Vec<RawLog>,
    pub(crate) inner: Vec<Inner>,
    pub(crate) made: Option<Address>,
    /// The calls inside smart accounts fail.
    pub(crate) is_doomed: bool,
}

/// A call within a transaction.
pub(crate) struct Message<'a> {
    pub(crate) sender: Address,
    pub(crate) to: Option<Address>,
    pub(crate) value: U256,
    pub(crate) data: &'a [u8],
    /// Unix seconds.
    pub(crate) time: u64,
}

/// Revert data.
pub(crate) type Reverted = Vec<u8>;
type Outcome = Result<Vec<u8>, Reverted>;

pub(crate) fn revert(reason: &str) -> Reverted {
    Revert::from(reason.to_owned()).abi_encode()
}

fn require(holds: bool, reason: &str) -> Result<(), Reverted> {
    if holds { Ok(()) } else { Err(revert(reason)) }
}

impl Trace {
    pub(crate) fn emit<E: SolEvent>(&mut self, address: Address, event: &E) {
        let data = event.encode_log_data();
        self.logs.push(RawLog { address, topics: data.topics().to_vec(), data: data.data });
    }
}

/// Executes a transaction in a block.
pub(crate) fn execute(state: &mut State, tx: &Rc<Tx>, time: u64, is_doomed: bool) -> crate::chain::Executed {
    let sender = state.accounts.entry(tx.from).or_default();
    sender.nonce += 1;
    sender.balance -= U256::from(GAS_USED) * U256::from(tx.price);
    let mut trace = Trace { is_doomed, ..Trace::default() };
    let message = Message { sender: tx.from, to: tx.to, value: tx.value, data: &tx.input, time };
    let is_relay = tx.to.is_some_and(|to| to == ENTRY_POINT || matches!(state.account(to).code, Code::Safe { .. }));
    let before = state.clone();
    let outcome = if is_doomed && !is_relay { Err(revert("lost the race")) } else { state.call(&message, &mut trace) };
    let succeeded = outcome.is_ok();
    if !succeeded {
        *state = before;
        trace = Trace::default();
    }
    if trace.inner.is_empty() {
        let (to, value, data) = (tx.to, tx.value, tx.input.clone());
        trace.inner.push(Inner { account: tx.from, to, value, data, succeeded, made: trace.made, id: None });
    }
    crate::chain::Executed { tx: Rc::clone(tx), succeeded, logs: trace.logs, inner: trace.inner }
}

impl State {
    /// An account; an empty one where there is none.
    pub(crate) fn account(&self, at: Address) -> Account {
        self.accounts.get(&at).copied().unwrap_or_default()
    }

    /// The state at the beginning: a source, and for each client money in the vault, a task to cancel and responses to
    /// confirm.
    pub(crate) fn genesis(clients: &[Address]) -> (Self, Genesis) {
        let mut state = Self::default();
        let source = SourceState { client: Address::repeat_byte(0x51), url: "ipfs://source".into(), is_active: true };
        state.sources.insert(SOURCE, source);
        for contract in [CONTRACTS.nexus, CONTRACTS.controller, CONTRACTS.terminal, CONTRACTS.vault, ENTRY_POINT, SOURCE] {
            state.accounts.insert(contract, Account { nonce: 1, balance: U256::ZERO, code: Code::Contract });
        }
        let mut genesis = Genesis::default();
        for client in clients {
            state.vault.insert(*client, ether(50));
            for number in 0..6 {
                let task = state.make_task(*client, SOURCE, "ipfs://genesis", crate::chain::EPOCH + MAX_EXPIRY, ether(1));
                if number < 2 {
                    genesis.tasks.push((*client, task));
                    continue;
                }
                if let Some(task) = state.tasks.get_mut(&task) {
                    task.status = 2;
                }
                let response = state.make();
                let provider = Address::repeat_byte(0x70);
                state.responses.insert(response, ResponseState { task, provider, is_confirmed: false });
                genesis.responses.push((*client, response));
            }
        }
        (state, genesis)
    }

    fn make(&mut self) -> Address {
        self.made += 1;
        let address = rng::address(&[0xc0de, self.made]);
        self.accounts.insert(address, Account { nonce: 1, balance: U256::ZERO, code: Code::Contract });
        address
    }

    fn make_task(&mut self, client: Address, source: Address, config: &str, expiry: u64, payment: U256) -> Address {
        let task = self.make();
        self.tasks.insert(task, TaskState { client, source, config: config.into(), expiry, payment, status: 0 });
        task
    }

    /// A call, with its value.
    pub(crate) fn call(&mut self, message: &Message<'_>, trace: &mut Trace) -> Outcome {
        let Some(to) = message.to else { return Err(revert("no deployments in this world")) };
        if !message.value.is_zero() {
            let sender = self.accounts.entry(message.sender).or_default();
            sender.balance = sender.balance.checked_sub(message.value).ok_or_else(|| revert("insufficient balance"))?;
            self.accounts.entry(to).or_default().balance += message.value;
        }
        let code = self.account(to).code;
        if to == CONTRACTS.vault {
            self.vault(message, trace)
        } else if to == CONTRACTS.controller {
            self.controller(message, trace)
        } else if to == CONTRACTS.nexus {
            self.nexus(message, trace)
        } else if to == CONTRACTS.terminal {
            Ok(terminal(message.data))
        } else if to == ENTRY_POINT {
            accounts::handle_ops(self, message, trace)
        } else if message.data.is_empty() {
            Ok(Vec::new())
        } else if code == Code::Contract {
            self.made_contract(to, message.data)
        } else if code == Code::None {
            Ok(Vec::new())
        } else {
            accounts::execute(self, to, message, trace)
        }
    }

    fn vault(&mut self, message: &Message<'_>, trace: &mut Trace) -> Outcome {
        let data = message.data;
        let at = CONTRACTS.vault;
        if let Ok(call) = Vault::depositCall::abi_decode(data) {
            *self.vault.entry(call.account).or_default() += message.value;
            trace.emit(at, &Vault::Deposited { account: call.account, amount: message.value });
            return Ok(Vec::new());
        }
        if let Ok(call) = Vault::withdrawCall::abi_decode(data) {
            let balance = self.vault.entry(message.sender).or_default();
            *balance = balance.checked_sub(call.amount).ok_or_else(|| revert("InsufficientBalance"))?;
            self.accounts.entry(message.sender).or_default().balance += call.amount;
            trace.emit(at, &Vault::Withdrawn { account: message.sender, amount: call.amount });
            return Ok(Vec::new());
        }
        if let Ok(call) = Vault::getBalanceOfCall::abi_decode(data) {
            return Ok(word(self.vault.get(&call.account).copied().unwrap_or_default()));
        }
        if Vault::getLockupOfCall::abi_decode(data).is_ok() || Vault::MIN_LOCKUP_PER_SOURCECall::abi_decode(data).is_ok() {
            return Ok(word(U256::ZERO));
        }
        unknown("Vault", data)
    }

    fn controller(&mut self, message: &Message<'_>, trace: &mut Trace) -> Outcome {
        let data = message.data;
        if let Ok(Controller::publishTaskCall { _taskParams: params }) = Controller::publishTaskCall::abi_decode(data) {
            let source = self.sources.get(&params.source).filter(|source| source.is_active);
            require(source.is_some(), "SourceInactive")?;
            let expiry = u64::try_from(params.expiryTime).unwrap_or(u64::MAX);
            require(expiry > message.time, "Expired")?;
            require(expiry <= message.time + MAX_EXPIRY, "ExpiryTooLong")?;
            let balance = self.vault.entry(message.sender).or_default();
            *balance = balance.checked_sub(params.payment).ok_or_else(|| revert("InsufficientBalance"))?;
            let task = self.make_task(message.sender, params.source, &params.config, expiry, params.payment);
            trace.emit(CONTRACTS.nexus, &Nexus::TaskPublished { task, source: params.source });
            trace.made = Some(task);
            return Ok(Vec::new());
        }
        if let Ok(call) = Controller::cancelTaskCall::abi_decode(data) {
            let task = self.tasks.get_mut(&call.task).ok_or_else(|| revert("NotOwner"))?;
            require(task.client == message.sender, "NotOwner")?;
            require(task.status == 0, "AlreadyFinalized")?;
            task.status = 3;
            *self.vault.entry(message.sender).or_default() += task.payment;
            trace.emit(CONTRACTS.nexus, &Nexus::TaskStatusChanged { task: call.task, status: 3 });
            return Ok(Vec::new());
        }
        if let Ok(call) = Controller::confirmResponseCall::abi_decode(data) {
            let response = self.responses.get_mut(&call.response).ok_or_else(|| revert("NotOwner"))?;
            let (at, provider) = (response.task, response.provider);
            let task = self.tasks.get_mut(&at).ok_or_else(|| revert("NotOwner"))?;
            require(task.client == message.sender, "NotOwner")?;
            require(!response.is_confirmed, "AlreadyConfirmed")?;
            require(task.status == 2, "AlreadyFinalized")?;
            response.is_confirmed = true;
            task.status = 5;
            *self.vault.entry(provider).or_default() += task.payment;
            trace.emit(CONTRACTS.nexus, &Nexus::ResponseStatusChanged { response: call.response, status: 1 });
            trace.emit(CONTRACTS.nexus, &Nexus::TaskStatusChanged { task: at, status: 5 });
            return Ok(Vec::new());
        }
        unknown("Controller", data)
    }

    fn nexus(&mut self, message: &Message<'_>, trace: &mut Trace) -> Outcome {
        if let Ok(Nexus::publishSourceCall { _sourceParams: params }) = Nexus::publishSourceCall::abi_decode(message.data) {
            require(params.client == message.sender, "NotOwner")?;
            let source = self.make();
            let url = params.imageMetadataUrl.as_str().into();
            self.sources.insert(source, SourceState { client: message.sender, url, is_active: true });
            trace.emit(CONTRACTS.nexus, &Nexus::SourcePublished { source });
            trace.made = Some(source);
            return Ok(Vec::new());
        }
        if let Ok(call) = Nexus::inactivateSourceCall::abi_decode(message.data) {
            let source = self.sources.get_mut(&call.source).ok_or_else(|| revert("NotOwner"))?;
            require(source.client == message.sender, "NotOwner")?;
            require(source.is_active, "SourceInactive")?;
            source.is_active = false;
            trace.emit(CONTRACTS.nexus, &Nexus::SourceStatusChanged { source: call.source, status: 1 });
            return Ok(Vec::new());
        }
        unknown("Nexus", message.data)
    }

    /// A task's, source's or response's getters.
    fn made_contract(&self, at: Address, data: &[u8]) -> Outcome {
        if let Some(task) = self.tasks.get(&at) {
            if Task::getStatusCall::abi_decode(data).is_ok() {
                return Ok(word(U256::from(task.status)));
            }
            if Task::getExpiryTimeCall::abi_decode(data).is_ok() {
                return Ok(word(U256::from(task.expiry)));
            }
            if Task::getPaymentCall::abi_decode(data).is_ok() {
                return Ok(word(task.payment));
            }
            if Task::getSourceCall::abi_decode(data).is_ok() {
                return Ok(word(task.source.into_word().into()));
            }
            if Task::taskParamsCall::abi_decode(data).is_ok() {
                let (source, config) = (task.source, task.config.as_ref().to_owned());
                let (expiry, payment) = (U256::from(task.expiry), task.payment);
                return Ok(Task::taskParamsCall::abi_encode_returns_tuple(&(source, config, expiry, payment)));
            }
        }
        if let Some(response) = self.responses.get(&at) {
            if Response::getResponseParamsCall::abi_decode(data).is_ok() {
                let (task, provider) = (response.task, response.provider);
                let params = Response::ResponseParams { task, provider, data: "ipfs://answer".to_owned(), payment: U256::ZERO };
                return Ok(Response::getResponseParamsCall::abi_encode_returns(&params));
            }
            if Response::getStatusCall::abi_decode(data).is_ok() {
                return Ok(word(U256::from(u8::from(response.is_confirmed))));
            }
        }
        if let Some(source) = self.sources.get(&at) {
            if Source::getStatusCall::abi_decode(data).is_ok() {
                return Ok(word(U256::from(u8::from(!source.is_active))));
            }
            if Source::getSourceParamsCall::abi_decode(data).is_ok() {
                let params = Source::SourceParams {
                    client: source.client,
                    imageMetadataUrl: source.url.as_ref().to_owned(),
                    imageEnvironments: 1,
                    minPayment: U256::ZERO,
                    minAvailableLockup: U256::ZERO,
                    maxExpiryDuration: U256::from(MAX_EXPIRY),
                    privacyEnabled: false,
                    optionalParamsUrl: String::new(),
                    deliveryMethod: 0,
                    lastUpdateTime: U256::ZERO,
                };
                return Ok(Source::getSourceParamsCall::abi_encode_returns(&params));
            }
        }
        unknown("a task, source or response", data)
    }
}

/// What a state begins with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Genesis {
    /// Tasks that can be cancelled, with their clients.
    pub(crate) tasks: Vec<(Address, Address)>,
    /// Responses that can be confirmed, with their clients.
    pub(crate) responses: Vec<(Address, Address)>,
}

fn terminal(data: &[u8]) -> Vec<u8> {
    if Terminal::getMasterOfCall::abi_decode(data).is_ok() || Terminal::providerOfCall::abi_decode(data).is_ok() {
        return word(U256::ZERO);
    }
    word(U256::ZERO)
}

fn word(value: U256) -> Vec<u8> {
    value.to_be_bytes_vec()
}

/// So many whole coins, in wei.
pub(crate) fn ether(coins: u64) -> U256 {
    U256::from(coins) * U256::from(1_000_000_000_000_000_000_u64)
}

/// A function that this world does not have is a gap in the simulator, not a revert.
fn unknown(contract: &str, data: &[u8]) -> ! {
    panic!("the simulator's {contract} lacks the function 0x{}", alloy_primitives::hex::encode(data.get(..4).unwrap_or(data)))
}
