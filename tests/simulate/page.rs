//! Tabs: each is a page with an instance of the module of its own (a nonce book, a queue of windows, a client), a clock that may be
//! wrong, and claims that all tabs of the origin see. A page that dies loses its claims and whatever it waited for.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::FutureExt as _;
use futures_util::future::{LocalBoxFuture, poll_fn};
use ogkit::eth::nonce::NonceBook;
use ogkit::eth::wallet::Windows;
use ogkit::io::{Claim, Clock, Crypto, Io, Tabs};
use ogkit::ogpu::client::Client;

use crate::chain::EPOCH;
use crate::executor::Owner;
use crate::faults::Fault;
use crate::net::Net;
use crate::world::{Interrupt, Shared, What};

/// An open tab.
pub(crate) struct Page {
    /// Its incarnation: unique in the world, and the owner of its tasks.
    pub(crate) id: u32,
    /// Which tab.
    pub(crate) tab: usize,
    pub(crate) io: Io,
    pub(crate) book: NonceBook,
    /// The queue of windows for the provider of each of the wallet's epochs.
    windows: RefCell<Vec<(u32, Rc<Windows>)>>,
    /// The client for each account, and the wallet's epoch in which it was connected.
    pub(crate) clients: Vec<(usize, u32, Client)>,
    skew: Rc<Cell<i64>>,
}

impl Page {
    /// The queue for the windows of one provider.
    pub(crate) fn windows(&self, epoch: u32) -> Rc<Windows> {
        let mut known = self.windows.borrow_mut();
        if let Some((_, windows)) = known.iter().find(|(of, _)| *of == epoch) {
            return Rc::clone(windows);
        }
        let windows = Rc::<Windows>::default();
        known.push((epoch, Rc::clone(&windows)));
        windows
    }
}

/// Opens a tab and lets its caller begin, or go on.
pub(crate) fn open(world: &Shared, tab: usize) {
    let id = {
        let mut ledger = world.ledger.borrow_mut();
        ledger.pages += 1;
        ledger.pages
    };
    let skew = if world.strikes(Fault::ClockSkew) {
        let ms = i64::try_from(world.between(0, 600_000)).unwrap_or_default();
        if world.chance(500) { ms } else { -ms }
    } else {
        0
    };
    let skew = Rc::new(Cell::new(skew));
    let io = Io {
        http: Rc::new(Net(Rc::clone(world))),
        clock: Rc::new(PageClock { world: Rc::clone(world), skew: Rc::clone(&skew), drawn: Cell::new(u64::from(id)) }),
        tabs: Rc::new(Locks { world: Rc::clone(world), page: id }),
        crypto: Rc::new(NoCrypto),
    };
    world.say(|| format!("tab {tab} is open"));
    let page = Page { id, tab, io, book: NonceBook::default(), windows: RefCell::default(), clients: Vec::new(), skew };
    world.pages.borrow_mut().push(page);
    if !world.settling.is_set() {
        let mut interrupts = world.interrupts.borrow_mut();
        let polls = |high| u32::try_from(world.between(1, high)).unwrap_or(1);
        if world.chance(600) && world.strikes(Fault::TabCrash) {
            let what = What::Crash(world.between(200, 15_000));
            interrupts.push(Interrupt { page: id, call: 0, polls_left: polls(260), what });
        }
        if world.chance(600) && world.strikes(Fault::TabFreeze) {
            let what = What::Freeze(world.between(1000, 90_000));
            interrupts.push(Interrupt { page: id, call: 0, polls_left: polls(200), what });
        }
    }
    if world.strikes(Fault::ClockJump) {
        jump(world, id);
    }
    crate::caller::start(world, id, tab);
}

fn jump(world: &Shared, page: u32) {
    let world_later = Rc::clone(world);
    let wait = world.between(1000, 90_000);
    let by = i64::try_from(world.between(0, 120_000)).unwrap_or_default() - 60_000;
    let task = async move {
        world_later.exec.sleep(wait).await;
        let pages = world_later.pages.borrow();
        if let Some(page) = pages.iter().find(|other| other.id == page) {
            page.skew.set(page.skew.get() + by);
            world_later.say(|| format!("the clock of tab {} is set by {by} ms", page.tab));
        }
    };
    world.exec.spawn_for(Owner { page, call: 0 }, task.boxed_local());
}

/// A page dies, and its tab is opened again.
pub(crate) fn crash(world: &Shared, id: u32, after_ms: u64) {
    let Some(tab) = remove(world, id) else { return };
    world.say(|| format!("tab {tab} crashes"));
    let later = Rc::clone(world);
    let task = async move {
        later.exec.sleep(after_ms).await;
        open(&later, tab);
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

fn remove(world: &Shared, id: u32) -> Option<usize> {
    let at = world.pages.borrow().iter().position(|page| page.id == id)?;
    crate::caller::page_died(world, id);
    world.exec.kill(|owner, _| owner.page == id);
    let page = world.pages.borrow_mut().remove(at);
    world.interrupts.borrow_mut().retain(|interrupt| interrupt.page != id);
    crate::wallet::page_died(world, id);
    let tab = page.tab;
    // Its claims end here.
    drop(page);
    Some(tab)
}

/// A page is frozen for a while: nothing of it runs, what comes for it waits.
pub(crate) fn freeze(world: &Shared, id: u32, ms: u64) {
    world.say(|| format!("page {id} is frozen"));
    world.exec.freeze(id);
    let later = Rc::clone(world);
    let task = async move {
        later.exec.sleep(ms).await;
        if later.exec.is_frozen(id) {
            later.say(|| format!("page {id} goes on"));
            later.exec.thaw(id);
            later.blind(0);
        }
    };
    world.exec.spawn_for(Owner::default(), task.boxed_local());
}

/// Every page goes on.
pub(crate) fn thaw_all(world: &Shared) {
    let ids: Vec<u32> = world.pages.borrow().iter().map(|page| page.id).collect();
    for id in ids {
        world.exec.thaw(id);
    }
}

struct PageClock {
    world: Shared,
    skew: Rc<Cell<i64>>,
    drawn: Cell<u64>,
}

impl Clock for PageClock {
    fn now_ms(&self) -> u64 {
        (EPOCH * 1000 + self.world.exec.now()).saturating_add_signed(self.skew.get())
    }
    fn sleep(&self, ms: u64) -> LocalBoxFuture<'static, ()> {
        self.world.exec.sleep(ms).boxed_local()
    }
    fn random(&self) -> [u8; 16] {
        self.drawn.set(self.drawn.get() + 1);
        let digest = crate::rng::digest(&[0x4a, self.drawn.get(), self.world.exec.now()]);
        digest.first_chunk().copied().unwrap_or_default()
    }
    fn spawn(&self, task: LocalBoxFuture<'static, ()>) {
        self.world.exec.spawn(task);
    }
}

struct NoCrypto;

impl Crypto for NoCrypto {
    fn verify_rsa_pss_sha256(&self, _: Vec<u8>, _: Vec<u8>, _: Vec<u8>) -> LocalBoxFuture<'static, Result<bool, String>> {
        async { Err("this world has no RSA".to_owned()) }.boxed_local()
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
    /// The names that are held.
    pub(crate) fn held(&self) -> Vec<String> {
        self.0.borrow().held.keys().cloned().collect()
    }

    fn take(&self, key: &str, page: u32) -> Option<Rc<dyn Claim>> {
        let mut board = self.0.borrow_mut();
        if board.held.contains_key(key) {
            return None;
        }
        board.held.insert(key.to_owned(), page);
        Some(Rc::new(Held { origin: self.clone(), key: key.to_owned() }))
    }
}

struct Held {
    origin: Origin,
    key: String,
}

impl Claim for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let mut board = self.origin.0.borrow_mut();
        board.held.remove(&self.key);
        let next = board.waiting.iter_mut().find(|(key, ..)| *key == self.key);
        let waker = next.and_then(|(.., waker)| waker.take());
        drop(board);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct Locks {
    world: Shared,
    page: u32,
}

/// A place in the queue; dropping it leaves the queue.
struct Ticket {
    origin: Origin,
    key: String,
    number: u64,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let mut board = self.origin.0.borrow_mut();
        board.waiting.retain(|(_, number, _)| *number != self.number);
        // The one behind may have been passed over.
        let next = board.waiting.iter_mut().find(|(key, ..)| *key == self.key);
        let waker = next.and_then(|(.., waker)| waker.take());
        drop(board);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
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
                let is_first = origin
                    .0
                    .borrow()
                    .waiting
                    .iter()
                    .find(|(other, ..)| *other == key)
                    .is_some_and(|(_, first, _)| *first == number);
                if is_first && let Some(claim) = origin.take(&key, page) {
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
}
