//! One world: everything that a seed decides, and what happens in it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use futures_util::FutureExt as _;

use crate::chain::{Chain, Pooled, Tx};
use crate::contracts::{Account, Genesis, State, ether};
use crate::executor::{Event, Executor, Owner, Step};
use crate::faults::Fault;
use crate::ledger::Ledger;
use crate::net::Endpoint;
use crate::page::{Origin, Page};
use crate::plan::{Mask, Plan, WalletKind};
use crate::rng::Rng;
use crate::swarm::Faults;
use crate::wallet::{WalletState, accounts};

/// No endpoint is further behind than this.
pub(crate) const MAX_STALE_MS: u64 = 3000;
/// How long what is on chain may go unseen.
const BLIND_MS: u64 = 25_000;
/// Polls after which a world is taken to run in circles.
const MAX_POLLS: u64 = 400_000;

/// A world that many hold.
pub(crate) type Shared = Rc<World>;

/// Something that happens to a page or a call once it has been polled so often: at any await.
pub(crate) struct Interrupt {
    pub(crate) page: u32,
    /// 0 for the whole page.
    pub(crate) call: u32,
    pub(crate) polls_left: u32,
    pub(crate) what: What,
}

/// What happens then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// The page dies, and is opened again after so many milliseconds.
    Crash(u64),
    /// The page is frozen for so many milliseconds.
    Freeze(u64),
    /// The caller aborts the call.
    Abort,
}

/// All of it.
pub(crate) struct World {
    pub(crate) exec: Executor,
    pub(crate) plan: Plan,
    pub(crate) endpoints: Vec<Endpoint>,
    pub(crate) genesis: Genesis,
    pub(crate) chain: RefCell<Chain>,
    /// Another chain, on which the same accounts have a history.
    pub(crate) elsewhere: RefCell<Chain>,
    pub(crate) wallet: RefCell<WalletState>,
    pub(crate) origin: Origin,
    pub(crate) pages: RefCell<Vec<Page>>,
    pub(crate) ledger: RefCell<Ledger>,
    pub(crate) interrupts: RefCell<Vec<Interrupt>>,
    /// Nothing goes wrong any more, and every window is answered.
    pub(crate) settling: Event,
    /// When an endpoint last gave no answer.
    unanswered: Cell<u64>,
    faults: RefCell<Faults>,
    counted: RefCell<[u32; crate::faults::KINDS]>,
    rng: RefCell<Rng>,
    history: Option<RefCell<Vec<String>>>,
}

impl World {
    /// The world of a seed, less what the mask takes out. With a history it writes down what happens.
    pub(crate) fn new(seed: u64, mask: &Mask, is_told: bool) -> Shared {
        let mut faults = Faults::new(seed, &mask.faults, &mask.limits);
        let plan = Plan::new(seed, mask, &mut faults);
        let clients = accounts(&plan);
        let (mut state, genesis) = State::genesis(&clients);
        crate::wallet::fund(&mut state, &plan);
        let mut other = State::default();
        for client in &clients {
            other.accounts.insert(*client, Account { balance: ether(100), nonce: plan.first_nonce, ..Account::default() });
        }
        let mut elsewhere = Chain::new(other);
        for client in &clients {
            history_elsewhere(&mut elsewhere, *client, plan.first_nonce);
        }
        let endpoints = plan.endpoints.clone();
        let mut counted = [0; crate::faults::KINDS];
        counted[Fault::WalletIgnoresNonce as usize] = u32::from(!plan.honours_nonce);
        Rc::new(Self {
            exec: Executor::new(seed),
            endpoints,
            genesis,
            chain: RefCell::new(Chain::new(state)),
            elsewhere: RefCell::new(elsewhere),
            wallet: RefCell::new(WalletState::new(&plan)),
            origin: Origin::default(),
            pages: RefCell::default(),
            ledger: RefCell::default(),
            interrupts: RefCell::default(),
            settling: Event::default(),
            unanswered: Cell::new(0),
            faults: RefCell::new(faults),
            counted: RefCell::new(counted),
            rng: RefCell::new(Rng::new(seed, 0x30)),
            history: is_told.then(RefCell::default),
            plan,
        })
    }

    /// An occasion for a fault: whether it strikes.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let struck = self.faults.borrow_mut().strikes(fault);
        if struck {
            self.count(fault);
            self.say(|| format!("fault: {}", fault.name()));
        }
        struck
    }

    /// Notes that a fault showed.
    pub(crate) fn count(&self, fault: Fault) {
        self.counted.borrow_mut()[fault as usize] += 1;
    }

    /// How often each fault showed.
    pub(crate) fn counted(&self) -> [u32; crate::faults::KINDS] {
        *self.counted.borrow()
    }

    /// Whether a kind of fault is switched on.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.faults.borrow().has(fault)
    }

    /// A number from `low` to `high`.
    pub(crate) fn between(&self, low: u64, high: u64) -> u64 {
        self.rng.borrow_mut().between(low, high)
    }

    /// True so often in a thousand times.
    pub(crate) fn chance(&self, per_mille: u64) -> bool {
        self.rng.borrow_mut().chance(per_mille)
    }

    /// One of several.
    pub(crate) fn pick<T: Copy>(&self, from: &[T]) -> T {
        self.rng.borrow_mut().pick(from)
    }

    /// A line of the history.
    pub(crate) fn say(&self, line: impl FnOnce() -> String) {
        let Some(history) = &self.history else { return };
        let now = self.exec.now();
        let line = crate::report::short(&line());
        history.borrow_mut().push(format!("{:>4}.{:03} s  {line}", now / 1000, now % 1000));
    }

    /// The history so far.
    pub(crate) fn history(&self) -> Vec<String> {
        self.history.as_ref().map(RefCell::take).unwrap_or_default()
    }

    /// Runs until `done`, or until so many milliseconds have passed. Answers whether it is done.
    pub(crate) fn run(self: &Rc<Self>, ms: u64, done: impl Fn(&Self) -> bool) -> bool {
        let until = self.exec.now() + ms;
        loop {
            if done(self) {
                return true;
            }
            if self.exec.polls() > MAX_POLLS {
                return false;
            }
            match self.exec.step(until) {
                Step::Polled(owner) => self.interrupt(owner),
                Step::Idle => return done(self),
            }
        }
    }

    /// Whether it runs in circles.
    pub(crate) fn is_livelocked(&self) -> bool {
        self.exec.polls() > MAX_POLLS
    }

    /// What was to happen at this await.
    fn interrupt(self: &Rc<Self>, owner: Owner) {
        if owner.page == 0 || self.interrupts.borrow().is_empty() || self.settling.is_set() {
            return;
        }
        let mut due = Vec::new();
        self.interrupts.borrow_mut().retain_mut(|interrupt| {
            if interrupt.page != owner.page || (interrupt.call != 0 && interrupt.call != owner.call) {
                return true;
            }
            interrupt.polls_left = interrupt.polls_left.saturating_sub(1);
            if interrupt.polls_left == 0 {
                due.push((interrupt.page, interrupt.call, interrupt.what));
            }
            interrupt.polls_left > 0
        });
        for (page, call, what) in due {
            match what {
                What::Crash(ms) => crate::page::crash(self, page, ms),
                What::Freeze(ms) => crate::page::freeze(self, page, ms),
                What::Abort => crate::caller::abort(self, call),
            }
        }
    }

    /// From now on nothing goes wrong any more, and users answer.
    pub(crate) fn settle(self: &Rc<Self>) {
        self.say(|| "the world settles".to_owned());
        self.faults.borrow_mut().settle();
        self.settling.set();
        crate::page::thaw_all(self);
    }

    /// Starts what goes on by itself: blocks.
    pub(crate) fn start(self: &Rc<Self>) {
        crate::wallet::start(self);
        let world = Rc::clone(self);
        self.exec.spawn_for(
            Owner::default(),
            async move {
                loop {
                    let mut wait = world.plan.block_ms;
                    if world.strikes(Fault::BlockLate) {
                        wait += world.between(3000, 20_000);
                    }
                    world.exec.sleep(wait).await;
                    world.mine();
                }
            }
            .boxed_local(),
        );
    }

    fn mine(self: &Rc<Self>) {
        let now = self.exec.now();
        if self.endpoints.iter().any(|endpoint| endpoint.is_other_chain) {
            let mut other = self.elsewhere.borrow_mut();
            let head = other.head();
            other.mine(now, head, 1);
        }
        if self.strikes(Fault::Reorg) {
            return self.reorganise(now);
        }
        let index = {
            let mut chain = self.chain.borrow_mut();
            let head = chain.head();
            chain.mine(now, head, 0)
        };
        let chain = self.chain.borrow();
        let block = &chain.blocks[index];
        for executed in block.txs.iter().filter(|executed| executed.tx.from != crate::wallet::STRANGER) {
            self.say(|| format!("block {}: {}", block.number, crate::report::executed(executed)));
        }
    }

    fn reorganise(self: &Rc<Self>, now: u64) {
        let depth = self.between(1, 3);
        let (parent, taken_back) = self.chain.borrow().behind(depth);
        self.say(|| format!("a reorganisation takes {depth} blocks back"));
        for hash in taken_back {
            if self.strikes(Fault::ReorgDrops) {
                let mut chain = self.chain.borrow_mut();
                chain.pool.iter_mut().filter(|pooled| pooled.tx.hash == hash).for_each(|pooled| pooled.until = Some(now));
                drop(chain);
                crate::wallet::forget(self, hash);
                self.say(|| format!("it drops {hash}"));
            } else if self.strikes(Fault::ReorgDelays) {
                let later = now + self.between(1000, 15_000);
                let mut chain = self.chain.borrow_mut();
                chain.pool.iter_mut().filter(|pooled| pooled.tx.hash == hash).for_each(|pooled| pooled.ready_at = later);
            }
        }
        let mut chain = self.chain.borrow_mut();
        let mut head = parent;
        for _ in 0..=depth {
            head = chain.mine(now, head, now);
            let block = &chain.blocks[head];
            for executed in block.txs.iter() {
                self.say(|| format!("block {} of the new branch: {}", block.number, crate::report::executed(executed)));
            }
        }
    }

    /// Ends everything: a world's parts hold each other.
    pub(crate) fn end(&self) {
        self.exec.clear();
        let pages = self.pages.take();
        drop(pages);
        self.exec.clear();
        self.ledger.take();
    }

    /// An endpoint gives no answer, or none that can be used, from now on for so long.
    pub(crate) fn blind(&self, ms: u64) {
        self.unanswered.set(self.unanswered.get().max(self.exec.now() + ms));
    }

    /// Whether an endpoint gave no answer a while ago, or a page stood still: who cannot ask the chain cannot know.
    pub(crate) fn is_blind(&self) -> bool {
        self.unanswered.get() + BLIND_MS > self.exec.now()
    }

    /// Whether a transaction has been on the branch that counts for so long that whoever asks must have seen it, with its
    /// confirmations.
    pub(crate) fn could_see(&self, chain: &Chain, hash: alloy_primitives::B256, confirmations: u64) -> bool {
        let Some(at) = self.exec.now().checked_sub(BLIND_MS) else { return false };
        let (then, now) = (chain.view(at).head, chain.head());
        let is_deep = |(block, _): (usize, usize)| chain.blocks[then].number + 1 >= chain.blocks[block].number + confirmations;
        !self.is_blind() && chain.find(then, hash).is_some_and(is_deep) && chain.find(now, hash).is_some()
    }

    /// Whether the wallet's accounts have code that others execute.
    pub(crate) const fn is_smart(&self) -> bool {
        matches!(self.plan.wallet, WalletKind::Safe | WalletKind::Smart)
    }
}

/// The account's transactions on another chain, at the same nonces and times.
fn history_elsewhere(chain: &mut Chain, account: alloy_primitives::Address, first_nonce: u64) {
    use alloy_primitives::{Address, Bytes, U256};
    for at in 0..12 {
        let to = Some(Address::repeat_byte(0xee));
        let tx = Tx::sign(account, first_nonce + at, to, U256::from(at), Bytes::new(), 21_000, crate::chain::BASE_FEE);
        let pooled = Pooled { tx: Rc::new(tx), since: 0, until: None, ready_at: at * 9000, is_doomed: false, is_private: false };
        let _ = chain.accept(0, pooled);
    }
}
