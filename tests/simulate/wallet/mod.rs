//! Wallets after the field's models (spec/wallet.md, sections 5, 8, 9 and 13): one extension for all tabs, that opens windows, numbers,
//! signs, sends by a node of its own, and tells the page what it likes.
//!
//! * [`serve`]: what each method answers.
//! * [`user`]: what users do with windows.
//! * [`send`]: from a yes to an answer, for accounts with a key.
//! * [`smart`]: the same for Safes and ERC-4337 accounts.
//! * [`batch`]: several calls under one signature (EIP-5792).
//! * [`words`]: what errors say.

mod batch;
mod send;
mod serve;
mod smart;
mod user;
mod words;

pub(crate) use send::forget;

use std::rc::Rc;

use alloy_primitives::{Address, B256};
use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, pending};
use ogkit::io::{Wallet, WalletFailure};

use crate::accounts::Asked;
use crate::chain::CHAIN_ID;
use crate::contracts::{Account, Code, ENTRY_POINT, State, ether};
use crate::executor::{Event, Owner};
use crate::faults::Fault;
use crate::plan::{Plan, WalletKind};
use crate::world::Shared;

/// Whoever executes a Safe's transactions.
pub(crate) const EXECUTOR: Address = Address::repeat_byte(0xe1);
/// The bundler.
pub(crate) const BUNDLER: Address = Address::repeat_byte(0xb1);
/// A stranger with a key.
pub(crate) const STRANGER: Address = Address::repeat_byte(0x57);
/// A stranger's ERC-4337 account.
pub(crate) const STRANGER_ACCOUNT: Address = Address::repeat_byte(0x58);

/// One of the user's accounts.
pub(crate) fn account(_plan: &Plan, number: usize) -> Address {
    let byte = u8::try_from(number).unwrap_or_default();
    Address::repeat_byte(0xc1 + byte)
}

/// All of the user's accounts, and the strangers who also use the network.
pub(crate) fn accounts(plan: &Plan) -> Vec<Address> {
    let mut all: Vec<Address> = (0..plan.accounts).map(|number| account(plan, number)).collect();
    all.extend([STRANGER, STRANGER_ACCOUNT]);
    all
}

/// Gives each account its code, nonce and money.
pub(crate) fn fund(state: &mut State, plan: &Plan) {
    for number in 0..plan.accounts {
        let (code, nonce) = match plan.wallet {
            WalletKind::Extension | WalletKind::Hardware => (Code::None, plan.first_nonce),
            WalletKind::Delegated => (Code::Delegated, plan.first_nonce),
            WalletKind::Safe => (Code::Safe { next: plan.first_nonce, is_indexed: plan.seed.is_multiple_of(2) }, 1),
            WalletKind::Smart => (Code::Smart { next: plan.first_nonce }, 1),
        };
        state.accounts.insert(account(plan, number), Account { nonce, balance: ether(100), code });
    }
    for sender in [EXECUTOR, BUNDLER, STRANGER] {
        state.accounts.insert(sender, Account { nonce: 3, balance: ether(100), code: Code::None });
    }
    state.accounts.insert(STRANGER_ACCOUNT, Account { nonce: 1, balance: ether(100), code: Code::Smart { next: 0 } });
    debug_assert!(state.account(ENTRY_POINT).code == Code::Contract);
}

/// A transaction that the wallet believes to be under way.
#[derive(Clone, Copy, Debug)]
struct Local {
    account: Address,
    nonce: u64,
    hash: B256,
    /// The wallet told the page that it failed, and counts it no more.
    has_failed: bool,
}

/// Where a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// A window is open.
    Window,
    /// The user said yes.
    Sending,
}

struct Serving {
    task: usize,
    page: u32,
    epoch: u32,
    ask: Option<usize>,
    stage: Stage,
}

/// A batch of calls, or what a smart account shall do.
#[derive(Clone, Debug)]
struct Operation {
    id: B256,
    ask: usize,
    account: Address,
    calls: Vec<Asked>,
    /// A smart account's own nonce.
    nonce: u64,
    /// When it may be executed; never without it.
    ready_at: Option<u64>,
    /// The transactions that execute it, or may.
    hashes: Vec<B256>,
    /// Its owners put another in its place.
    is_rejected: bool,
    /// Only some of its calls are executed.
    is_partial: bool,
    is_edited: bool,
}

/// The extension.
pub(crate) struct WalletState {
    kind: WalletKind,
    honours_nonce: bool,
    accounts: Vec<Address>,
    /// What it shows to the page.
    shown: Vec<Address>,
    chain_id: u64,
    knows_chain: bool,
    /// Counts reloads; a provider belongs to one of them.
    epochs: Vec<Event>,
    local: Vec<Local>,
    serving: Vec<Serving>,
    operations: Vec<Operation>,
    /// How many requests it has had.
    requests: u64,
}

impl WalletState {
    /// A wallet that is on the right chain and shows its accounts.
    pub(crate) fn new(plan: &Plan) -> Self {
        let own: Vec<Address> = (0..plan.accounts).map(|number| account(plan, number)).collect();
        Self {
            kind: plan.wallet,
            honours_nonce: plan.honours_nonce,
            shown: own.clone(),
            accounts: own,
            chain_id: CHAIN_ID,
            knows_chain: true,
            epochs: vec![Event::default()],
            local: Vec::new(),
            serving: Vec::new(),
            operations: Vec::new(),
            requests: 0,
        }
    }

    /// Whether an operation was signed for a request.
    pub(crate) fn has_signed(&self, ask: usize) -> bool {
        self.operations.iter().any(|operation| operation.ask == ask)
    }

    /// Which reload it is in.
    pub(crate) fn epoch(&self) -> u32 {
        u32::try_from(self.epochs.len() - 1).unwrap_or_default()
    }

    /// Whether nobody but the user keeps two of its transactions apart.
    const fn is_loose(&self) -> bool {
        !self.honours_nonce || matches!(self.kind, WalletKind::Safe | WalletKind::Smart)
    }
}

/// A page's provider.
pub(crate) struct Provider {
    world: Shared,
    page: u32,
    epoch: u32,
}

impl Provider {
    /// A provider that a page gets from the extension as it is now.
    pub(crate) fn new(world: &Shared, page: u32, epoch: u32) -> Self {
        Self { world: Rc::clone(world), page, epoch }
    }
}

impl Wallet for Provider {
    fn request(&self, method: &'static str, params: String) -> LocalBoxFuture<'static, Result<String, WalletFailure>> {
        let (sender, answer) = oneshot::channel();
        let world = Rc::clone(&self.world);
        let call = world.exec.current().call;
        let request = serve::Request { page: self.page, epoch: self.epoch, call, method, params };
        world.wallet.borrow_mut().requests += 1;
        late(&world, call, method);
        let later = Rc::clone(&world);
        let served = async move {
            let epoch = request.epoch;
            let answer = serve::serve(&later, request).await;
            let task = later.exec.current_task();
            later.wallet.borrow_mut().serving.retain(|serving| serving.task != task);
            // What an extension that was reloaded would say reaches nobody.
            if later.wallet.borrow().epoch() == epoch {
                let _ = sender.send(answer);
            } else {
                drop(sender);
            }
        };
        let task = world.exec.spawn_for(Owner { page: 0, call }, served.boxed_local());
        let (page, epoch) = (self.page, self.epoch);
        world.wallet.borrow_mut().serving.push(Serving { task, page, epoch, ask: None, stage: Stage::Window });
        outside(&world, call, 1);
        async move {
            let answer = answer.await;
            match answer {
                Ok(answer) => {
                    outside(&world, call, -1);
                    answer
                }
                Err(_) => pending().await,
            }
        }
        .boxed_local()
    }

    fn disconnected(&self) -> LocalBoxFuture<'static, WalletFailure> {
        let event = self.world.wallet.borrow().epochs.get(self.epoch as usize).cloned().unwrap_or_default();
        async move {
            event.wait().await;
            words::failure(Some(1011), "MetaMask: Disconnected from MetaMask. Page reload required.")
        }
        .boxed_local()
    }
}

/// A call that has ended, or was aborted, asks for nothing more: what is on its way then may arrive.
fn late(world: &Shared, call: u32, method: &str) {
    let now = world.exec.now();
    let mut ledger = world.ledger.borrow_mut();
    let ended = ledger.call(call).and_then(|call| call.ended);
    if ended.is_some_and(|ended| ended + 50 < now) && matches!(method, "eth_sendTransaction" | "wallet_sendCalls") {
        ledger.violated("late window", format!("call {call} has ended, and asks the wallet"));
    }
}

/// A call waits for something outside, or no longer does.
pub(crate) fn outside(world: &Shared, call: u32, by: i32) {
    if let Some(call) = world.ledger.borrow_mut().call(call) {
        call.outside = call.outside.saturating_add_signed(by);
        call.active = world.exec.now();
    }
}

/// What goes on by itself: strangers, a Safe's owners, bundlers.
pub(crate) fn start(world: &Shared) {
    send::strangers_publish(world);
    if world.is_smart() {
        smart::start(world);
    }
}

/// The extension is reloaded: windows close, nobody is answered, and pages are told.
pub(crate) fn reload(world: &Shared) {
    world.say(|| "the extension is reloaded".to_owned());
    let (event, gone) = {
        let mut wallet = world.wallet.borrow_mut();
        let event = wallet.epochs.last().cloned().unwrap_or_default();
        wallet.epochs.push(Event::default());
        wallet.chain_id = CHAIN_ID;
        (event, std::mem::take(&mut wallet.serving))
    };
    for serving in gone {
        if serving.stage == Stage::Sending && world.strikes(Fault::WalletDisconnectsLate) {
            continue;
        }
        end(world, &serving);
    }
    event.set();
}

/// A request ends without an answer: nothing more is sent for it.
fn end(world: &Shared, serving: &Serving) {
    world.exec.kill(|_, task| task == serving.task);
    if let Some(ask) = serving.ask {
        serve::close(world, ask);
    }
}

/// A page is gone: its windows close, unless they outlive it.
pub(crate) fn page_died(world: &Shared, page: u32) {
    let (gone, kept) =
        std::mem::take(&mut world.wallet.borrow_mut().serving).into_iter().partition(|serving| serving.page == page);
    world.wallet.borrow_mut().serving = kept;
    let gone: Vec<Serving> = gone;
    for serving in gone {
        if serving.ask.is_some() && (serving.stage == Stage::Sending || world.strikes(Fault::WindowOutlivesTab)) {
            world.wallet.borrow_mut().serving.push(serving);
        } else {
            end(world, &serving);
        }
    }
}

/// The requests that still wait.
pub(crate) fn waiting(world: &Shared) -> usize {
    let epoch = world.wallet.borrow().epoch();
    let wallet = world.wallet.borrow();
    wallet.serving.iter().filter(|serving| serving.epoch == epoch).count()
}
