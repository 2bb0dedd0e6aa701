//! One world: everything that a seed decides, and what happens in it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::FutureExt as _;
use ogkit::x402::payment::PaymentRecord;

use crate::chain::{CHAIN_ID, Chain, Mined};
use crate::executor::{Event, Executor, Owner, Step};
use crate::facts::Facts;
use crate::faults::{Fault, KINDS};
use crate::page::{Origin, Page};
use crate::plan::{ACCOUNTS, Mask, Plan, TOKENS};
use crate::rng::Rng;
use crate::shop::Shop;
use crate::swarm::Faults;

/// Polls after which a world is taken to run in circles.
const MAX_POLLS: u64 = 400_000;

/// A world that many hold.
pub(crate) type Shared = Rc<World>;

/// Something that happens to a page or a call once it has been polled so often: at any await.
pub(crate) struct Interrupt {
    pub(crate) page: u32,
    /// The call that is aborted; 0 where the whole page dies.
    pub(crate) call: u32,
    pub(crate) polls_left: u32,
    /// When a page that died is opened again.
    pub(crate) after_ms: u64,
}

/// All of it.
pub(crate) struct World {
    pub(crate) exec: Executor,
    pub(crate) plan: Plan,
    pub(crate) chain: RefCell<Chain>,
    pub(crate) shops: Vec<Shop>,
    pub(crate) wallet_chain: Cell<u64>,
    pub(crate) origin: Origin,
    /// What the origin's store holds.
    pub(crate) shelf: RefCell<BTreeMap<String, String>>,
    pub(crate) pages: RefCell<Vec<Page>>,
    pub(crate) facts: RefCell<Facts>,
    pub(crate) interrupts: RefCell<Vec<Interrupt>>,
    /// The payments that calls told of.
    pub(crate) records: RefCell<Vec<PaymentRecord>>,
    /// The calls that can be aborted.
    pub(crate) aborts: RefCell<Vec<(u32, Event)>>,
    /// How many intents are over.
    pub(crate) over: Cell<usize>,
    /// Which intents have begun, and which are over.
    pub(crate) begun: RefCell<Vec<(usize, bool)>>,
    /// Each page has said what counts.
    pub(crate) looked: Event,
    /// Nothing goes wrong any more, and every window is answered.
    pub(crate) settling: Event,
    faults: RefCell<Faults>,
    counted: RefCell<[u32; KINDS]>,
    rng: RefCell<Rng>,
    history: Option<RefCell<Vec<String>>>,
}

impl World {
    /// The world of a seed, less what the mask takes out. With a history it writes down what happens.
    pub(crate) fn new(seed: u64, mask: &Mask, is_told: bool) -> Shared {
        let mut faults = Faults::new(seed, &mask.faults, &mask.limits);
        let plan = Plan::new(seed, mask, &mut faults);
        let mut chain = Chain::new(plan.block_ms);
        for holder in ACCOUNTS.iter().flat_map(|account| TOKENS.map(|token| (token, *account))) {
            chain.balances.insert(holder, plan.balance);
            chain.allowances.insert(holder, plan.allowance);
        }
        let mut counted = [0; KINDS];
        for (fault, is_on) in [
            (Fault::RpcAbsent, !plan.has_rpc),
            (Fault::RpcNoPendingBlock, plan.hides_pending),
            (Fault::PlatformFollows, plan.is_browser),
            (Fault::ClockHours, plan.skew_ms.abs() >= 3_600_000),
            (Fault::ClockSkew, plan.skew_ms != 0 && plan.skew_ms.abs() < 3_600_000),
            (Fault::BalanceShort, plan.balance < 1_000_000),
            (Fault::AllowanceShort, plan.allowance < u64::MAX),
            (Fault::DateLies, plan.shops.iter().any(|shop| shop.skew != 0)),
        ] {
            counted[fault as usize] = u32::from(is_on);
        }
        Rc::new(Self {
            exec: Executor::new(seed),
            chain: RefCell::new(chain),
            shops: plan.shops.iter().map(|_| Shop::default()).collect(),
            wallet_chain: Cell::new(CHAIN_ID),
            origin: Origin::default(),
            shelf: RefCell::default(),
            pages: RefCell::default(),
            facts: RefCell::default(),
            interrupts: RefCell::default(),
            records: RefCell::default(),
            aborts: RefCell::default(),
            over: Cell::new(0),
            begun: RefCell::default(),
            looked: Event::default(),
            settling: Event::default(),
            faults: RefCell::new(faults),
            counted: RefCell::new(counted),
            rng: RefCell::new(Rng::new(seed, 0x31)),
            history: is_told.then(RefCell::default),
            plan,
        })
    }

    /// An occasion for a fault: whether it strikes.
    pub(crate) fn strikes(&self, fault: Fault) -> bool {
        let struck = self.faults.borrow_mut().strikes(fault);
        if struck {
            self.counted.borrow_mut()[fault as usize] += 1;
            self.say(|| format!("fault: {}", fault.name()));
        }
        struck
    }

    /// How often each fault showed.
    pub(crate) fn counted(&self) -> [u32; KINDS] {
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

    /// Whether a page lives.
    pub(crate) fn is_alive(&self, page: u32) -> bool {
        self.pages.borrow().iter().any(|other| other.id == page)
    }

    /// Whether what a page knows can be lost: then what each knows is followed.
    pub(crate) fn forgets_pages(&self) -> bool {
        !self.plan.has_store && self.has(Fault::TabCrash)
    }

    /// Makes the blocks that are due.
    pub(crate) fn advance(&self) {
        let now = self.exec.now();
        loop {
            let (is_due, has_settled) = {
                let chain = self.chain.borrow();
                (chain.is_due(now), chain.has_settled())
            };
            if !is_due {
                return;
            }
            let mined = if has_settled && self.strikes(Fault::Reorg) {
                Mined::TakenBack(self.strikes(Fault::ReorgDrops))
            } else {
                Mined::Plain
            };
            let moved = self.chain.borrow_mut().mine(&mined);
            for moved in moved {
                let payment = moved.settlement.map_or(usize::MAX, |settlement| settlement.payment);
                self.say(|| format!("block {}: {} of {} moved, payment {payment}", moved.block, moved.value, moved.token));
            }
        }
    }

    /// Runs until `done`, or until so many milliseconds have passed. Answers whether it is done.
    pub(crate) fn run(self: &Rc<Self>, ms: u64, done: impl Fn(&Self) -> bool) -> bool {
        let until = self.exec.now() + ms;
        loop {
            if done(self) {
                return true;
            }
            assert!(self.exec.polls() < MAX_POLLS, "the simulator runs in circles");
            match self.exec.step(until) {
                Step::Polled(owner) => self.interrupt(owner),
                Step::Idle => return done(self),
            }
        }
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
                due.push((interrupt.page, interrupt.call, interrupt.after_ms));
            }
            interrupt.polls_left > 0
        });
        for (page, call, after_ms) in due {
            if call == 0 {
                crate::page::crash(self, page, after_ms);
            } else {
                crate::caller::abort(self, call);
            }
        }
    }

    /// From now on nothing goes wrong any more, and users answer.
    pub(crate) fn settle(&self) {
        self.say(|| "the world settles".to_owned());
        self.faults.borrow_mut().settle();
        self.settling.set();
    }

    /// Starts what goes on by itself: what the account pays elsewhere.
    pub(crate) fn start(self: &Rc<Self>) {
        if self.has(Fault::StrangersPay) {
            let world = Rc::clone(self);
            let task = async move {
                while !world.settling.is_set() {
                    let wait = world.between(1000, 60_000);
                    world.exec.sleep(wait).await;
                    world.advance();
                    if world.strikes(Fault::StrangersPay) {
                        crate::shop::paid_elsewhere(&world);
                    }
                }
            };
            self.exec.spawn_for(Owner::default(), task.boxed_local());
        }
    }

    /// Ends everything: a world's parts hold each other.
    pub(crate) fn end(&self) {
        let pages = self.pages.take();
        self.exec.clear();
        drop(pages);
        self.exec.clear();
        self.records.take();
    }
}
