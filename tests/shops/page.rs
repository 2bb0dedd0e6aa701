//! Tabs of one origin: each has the core's ledgers and clients of its own, claims that all tabs see, and the origin's store. A page that dies
//! loses what it waited for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Poll, Waker};

use alloy_primitives::B256;
use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, pending, poll_fn};
use ogkit::eth::rpc::Rpc;
use ogkit::eth::wallet::{WalletHandle, Windows};
use ogkit::io::{Claim, Clock, Crypto, Io, Tabs};
use ogkit::x402::client::Payer;
use ogkit::x402::ledger::{Ledger, Share, Store};
use ogkit::x402::policy::{AssetRule, OPG, Policy, USDC};

use crate::chain::{CHAIN_ID, EPOCH};
use crate::executor::Owner;
use crate::faults::Fault;
use crate::net::Net;
use crate::plan::{ACCOUNTS, Caps};
use crate::shop;
use crate::world::{Interrupt, Shared};

/// An open tab.
pub(crate) struct Page {
    /// Its incarnation: unique in the world, and the owner of its tasks.
    pub(crate) id: u32,
    pub(crate) tab: usize,
    /// Two clients for each account.
    pub(crate) payers: Vec<[Payer; 2]>,
}

/// Opens a tab and lets its caller begin, or go on.
pub(crate) fn open(world: &Shared, tab: usize) {
    let id = {
        let mut facts = world.facts.borrow_mut();
        facts.pages += 1;
        let id = facts.pages;
        facts.known.insert(id, std::collections::BTreeSet::new());
        id
    };
    let io = Io {
        http: Rc::new(Net { world: Rc::clone(world) }),
        clock: Rc::new(PageClock { world: Rc::clone(world), page: id, drawn: Cell::new(0) }),
        tabs: Rc::new(Locks { world: Rc::clone(world), page: id }),
        crypto: Rc::new(NoCrypto),
    };
    let provider = Rc::new(crate::wallet::Provider { world: Rc::clone(world), page: id });
    let handle = WalletHandle::new(provider, Rc::<Windows>::default(), Rc::clone(&io.clock));
    let urls = (0..world.plan.endpoints).map(crate::node::url).collect();
    let rpc = world.plan.has_rpc.then(|| Rpc::new(io.clone(), urls).of_chain(CHAIN_ID));
    let store = world.plan.has_store.then(|| Rc::new(Shelf { world: Rc::clone(world) }) as Rc<dyn Store>);
    let payers = ACCOUNTS[..world.plan.accounts].iter().map(|account| {
        let (ledger, share) = (Rc::<RefCell<Ledger>>::default(), Share::default().with_store(store.clone()));
        world.plan.caps.map(|caps| {
            let mut payer = Payer::new(io.clone(), handle.clone(), *account, policy(world, caps), Rc::clone(&ledger));
            payer.share = share.clone();
            payer.chains[0].rpc.clone_from(&rpc);
            payer.contract_account = world.plan.is_contract;
            payer
        })
    });
    let payers = payers.collect();
    world.say(|| format!("tab {tab} is open: page {id}"));
    world.pages.borrow_mut().push(Page { id, tab, payers });
    if !world.settling.is_set() && world.chance(600) && world.strikes(Fault::TabCrash) {
        let polls_left = u32::try_from(world.between(1, 400)).unwrap_or(1);
        let after_ms = world.between(200, 30_000);
        world.interrupts.borrow_mut().push(Interrupt { page: id, call: 0, polls_left, after_ms });
    }
    crate::caller::start(world, id, tab);
}

fn policy(world: &Shared, caps: Caps) -> Policy {
    use alloy_primitives::U256;
    let rule = |token| AssetRule {
        token,
        per_request: U256::from(caps.per_request),
        per_session: Some(U256::from(caps.per_session)),
        per_window: caps.per_window.map(|(cap, seconds)| (U256::from(cap), seconds)),
    };
    let plan = &world.plan;
    Policy {
        assets: vec![rule(OPG), rule(USDC)],
        payees: plan.names_payees.then(|| (0..plan.shops.len()).map(shop::payee).collect()),
        hosts: plan.lists_hosts.then(|| (0..plan.shops.len()).map(|at| format!("shop{at}.test")).collect()),
        allow_upfront: plan.allow_upfront,
        allow_permits: plan.allow_permits,
        max_life: plan.max_life,
        trust_receipts: plan.trusts_receipts,
    }
}

/// A page dies, and its tab is opened again.
pub(crate) fn crash(world: &Shared, id: u32, after_ms: u64) {
    let Some(at) = world.pages.borrow().iter().position(|page| page.id == id) else { return };
    // From here on nothing that its tasks do when they are dropped reaches the outside.
    let page = world.pages.borrow_mut().remove(at);
    world.facts.borrow_mut().known.remove(&id);
    world.say(|| format!("page {id} dies"));
    world.facts.borrow_mut().calls.iter_mut().filter(|call| call.page == id).for_each(|call| call.has_ended = true);
    world.exec.kill(|owner, _| owner.page == id);
    world.interrupts.borrow_mut().retain(|interrupt| interrupt.page != id);
    let tab = page.tab;
    drop(page);
    let later = Rc::clone(world);
    let task = async move {
        later.exec.sleep(after_ms).await;
        open(&later, tab);
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

struct PageClock {
    world: Shared,
    page: u32,
    drawn: Cell<u64>,
}

impl Clock for PageClock {
    fn now_ms(&self) -> u64 {
        (EPOCH * 1000 + self.world.exec.now()).saturating_add_signed(self.world.plan.skew_ms)
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        self.world.exec.sleep(ms).boxed_local()
    }
    fn random(&self) -> [u8; 16] {
        self.drawn.set(self.drawn.get() + 1);
        let digest = crate::rng::digest(&[0x4b, u64::from(self.page), self.drawn.get()]);
        digest.first_chunk().copied().unwrap_or_default()
    }
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        if self.world.is_alive(self.page) {
            self.world.exec.spawn_for(Owner { page: self.page, call: 0 }, task);
        }
    }
}

struct NoCrypto;

impl Crypto for NoCrypto {
    fn verify_rsa_pss_sha256(&self, _: Vec<u8>, _: Vec<u8>, _: Vec<u8>) -> LocalBoxFuture<'static, Result<bool, String>> {
        async { Err("this world has no RSA".to_owned()) }.boxed_local()
    }
}

/// The origin's store, which all tabs have.
struct Shelf {
    world: Shared,
}

impl Shelf {
    async fn way(world: &Shared) -> Result<(), String> {
        if world.strikes(Fault::StoreHangs) {
            pending::<()>().await;
        }
        if world.strikes(Fault::StoreSlow) {
            let ms = world.between(100, 9000);
            world.exec.sleep(ms).await;
        }
        if world.strikes(Fault::StoreFails) { Err("quota".to_owned()) } else { Ok(()) }
    }
}

impl Store for Shelf {
    fn get(&self, key: String) -> LocalBoxFuture<'static, Result<Option<String>, String>> {
        let world = Rc::clone(&self.world);
        async move {
            Self::way(&world).await?;
            Ok(world.shelf.borrow().get(&key).cloned())
        }
        .boxed_local()
    }
    fn set(&self, key: String, text: String) -> LocalBoxFuture<'static, Result<(), String>> {
        let world = Rc::clone(&self.world);
        async move {
            Self::way(&world).await?;
            world.shelf.borrow_mut().insert(key, text);
            Ok(())
        }
        .boxed_local()
    }
}

/// The claims of an origin: Web Locks.
#[derive(Clone, Default)]
pub(crate) struct Origin(Rc<RefCell<Board>>);

#[derive(Default)]
struct Board {
    held: BTreeMap<String, u32>,
    /// Who waits for a name, in the order of asking.
    waiting: Vec<(String, u64, Option<Waker>)>,
    tickets: u64,
}

impl Origin {
    fn take(&self, key: &str, page: u32) -> Option<Rc<dyn Claim>> {
        let mut board = self.0.borrow_mut();
        if board.held.contains_key(key) {
            return None;
        }
        board.held.insert(key.to_owned(), page);
        Some(Rc::new(Held { origin: self.clone(), key: key.to_owned() }))
    }

    fn wake_next(&self, key: &str) {
        let waker = {
            let mut board = self.0.borrow_mut();
            let next = board.waiting.iter_mut().find(|(other, ..)| other == key);
            next.and_then(|(.., waker)| waker.take())
        };
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Held {
    origin: Origin,
    key: String,
}

impl Claim for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        self.origin.0.borrow_mut().held.remove(&self.key);
        self.origin.wake_next(&self.key);
    }
}

/// A place in the queue; dropping it leaves the queue.
struct Ticket {
    origin: Origin,
    key: String,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.origin.0.borrow_mut().waiting.retain(|(_, number, _)| *number != self.number);
        // The one behind may have been passed over.
        self.origin.wake_next(&self.key);
    }
}

struct Locks {
    world: Shared,
    page: u32,
}

impl Tabs for Locks {
    fn claim(&self, key: String) -> LocalBoxFuture<'static, Option<Rc<dyn Claim>>> {
        let (world, page) = (Rc::clone(&self.world), self.page);
        async move {
            // A round trip to the browser's process, there and back: the lock is held on the way back already.
            let (up, down) = (world.between(0, 3), world.between(0, 2));
            world.exec.sleep(up).await;
            let claim = world.origin.take(&key, page);
            world.exec.sleep(down).await;
            claim
        }
        .boxed_local()
    }

    fn lock(&self, key: String) -> LocalBoxFuture<'static, Rc<dyn Claim>> {
        let (world, page) = (Rc::clone(&self.world), self.page);
        async move {
            let up = world.between(0, 3);
            world.exec.sleep(up).await;
            let origin = world.origin.clone();
            let number = {
                let mut board = origin.0.borrow_mut();
                board.tickets += 1;
                let number = board.tickets;
                board.waiting.push((key.clone(), number, None));
                number
            };
            let ticket = Ticket { origin: origin.clone(), key: key.clone(), number };
            let claim = poll_fn(|context| {
                let first = origin.0.borrow().waiting.iter().find(|(other, ..)| *other == key).map(|(_, first, _)| *first);
                if first == Some(number)
                    && let Some(claim) = origin.take(&key, page)
                {
                    return Poll::Ready(claim);
                }
                if let Some((.., waker)) = origin.0.borrow_mut().waiting.iter_mut().find(|(_, other, _)| *other == number) {
                    *waker = Some(context.waker().clone());
                }
                Poll::Pending
            })
            .await;
            drop(ticket);
            claim
        }
        .boxed_local()
    }

    fn held(&self, prefix: String) -> LocalBoxFuture<'static, Vec<String>> {
        let (world, page) = (Rc::clone(&self.world), self.page);
        async move {
            let (up, down) = (world.between(0, 3), world.between(0, 2));
            world.exec.sleep(up).await;
            let names: Vec<String> =
                world.origin.0.borrow().held.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
            world.exec.sleep(down).await;
            if world.forgets_pages()
                && let Some(known) = world.facts.borrow_mut().known.get_mut(&page)
            {
                names.iter().for_each(|name| known.extend(nonces(name)));
            }
            names
        }
        .boxed_local()
    }
}

/// The nonces in a ledger's text.
fn nonces(text: &str) -> impl Iterator<Item = B256> {
    text.split("\"nonce\":\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse().ok())
}
