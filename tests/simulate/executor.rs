//! One thread, virtual time: tasks that are ready are polled in an order that the seed chooses, and when there are none, time
//! jumps to the next sleeper.
//!
//! Each task belongs to an owner, a tab and a call, and so does each task that it spawns. A tab's tasks can be dropped at once
//! (it crashes), or be left alone for a while (its page is frozen).

use std::cell::{Cell, RefCell};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::future::LocalBoxFuture;

use crate::rng::Rng;

/// To whom a task belongs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Owner {
    /// A tab's incarnation; 0 is the world: chain, nodes, wallets, users.
    pub(crate) page: u32,
    /// The call of ours that it works for; 0 is none.
    pub(crate) call: u32,
}

type Queue = Arc<Mutex<Vec<usize>>>;

struct TaskWaker {
    id: usize,
    is_queued: AtomicBool,
    queue: Queue,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_queued.swap(true, Ordering::Relaxed) {
            self.queue.lock().unwrap_or_else(PoisonError::into_inner).push(self.id);
        }
    }
}

struct Task {
    owner: Owner,
    future: Option<LocalBoxFuture<'static, ()>>,
    waker: Arc<TaskWaker>,
    is_dead: bool,
}

type Slot = Rc<RefCell<Option<Waker>>>;

struct Sleeper {
    at: u64,
    order: u64,
    slot: Slot,
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.order) == (other.at, other.order)
    }
}
impl Eq for Sleeper {}
impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Sleeper {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.order).cmp(&(other.at, other.order))
    }
}

struct Inner {
    now: Cell<u64>,
    tasks: RefCell<Vec<Task>>,
    queue: Queue,
    /// Tasks that are ready, of pages that are frozen.
    parked: RefCell<Vec<usize>>,
    frozen: RefCell<Vec<u32>>,
    sleepers: RefCell<BinaryHeap<Reverse<Sleeper>>>,
    rng: RefCell<Rng>,
    current: Cell<Owner>,
    current_task: Cell<usize>,
    polls: Cell<u64>,
    slept: Cell<u64>,
}

/// The executor of one world.
#[derive(Clone)]
pub(crate) struct Executor(Rc<Inner>);

/// What one step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It polled a task.
    Polled(Owner),
    /// Nothing is left to do before the time that was given.
    Idle,
}

impl Executor {
    /// An executor that orders by `seed`.
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rc::new(Inner {
            now: Cell::new(0),
            tasks: RefCell::default(),
            queue: Queue::default(),
            parked: RefCell::default(),
            frozen: RefCell::default(),
            sleepers: RefCell::default(),
            rng: RefCell::new(Rng::new(seed, 0xe0)),
            current: Cell::default(),
            current_task: Cell::new(usize::MAX),
            polls: Cell::new(0),
            slept: Cell::new(0),
        }))
    }

    /// Milliseconds since the world began.
    pub(crate) fn now(&self) -> u64 {
        self.0.now.get()
    }

    /// Polls so far.
    pub(crate) fn polls(&self) -> u64 {
        self.0.polls.get()
    }

    /// Whose task is being polled.
    pub(crate) fn current(&self) -> Owner {
        self.0.current.get()
    }

    /// The number of the task that is being polled.
    pub(crate) fn current_task(&self) -> usize {
        self.0.current_task.get()
    }

    /// Runs a task for the current owner.
    pub(crate) fn spawn(&self, future: LocalBoxFuture<'static, ()>) {
        self.spawn_for(self.current(), future);
    }

    /// Runs a task.
    pub(crate) fn spawn_for(&self, owner: Owner, future: LocalBoxFuture<'static, ()>) -> usize {
        let mut tasks = self.0.tasks.borrow_mut();
        let id = tasks.len();
        let waker = Arc::new(TaskWaker { id, is_queued: AtomicBool::new(false), queue: Arc::clone(&self.0.queue) });
        waker.wake_by_ref();
        tasks.push(Task { owner, future: Some(future), waker, is_dead: false });
        id
    }

    /// Drops all tasks whose owner and number `which` picks, with whatever they hold.
    pub(crate) fn kill(&self, which: impl Fn(Owner, usize) -> bool) {
        let mut dropped = Vec::new();
        for (id, task) in self.0.tasks.borrow_mut().iter_mut().enumerate() {
            if which(task.owner, id) && !task.is_dead {
                // The one that is being polled is dropped after its poll.
                task.is_dead = true;
                dropped.extend(task.future.take());
            }
        }
        // Drops run code that may spawn and wake.
        drop(dropped);
    }

    /// Leaves a page's tasks alone.
    pub(crate) fn freeze(&self, page: u32) {
        self.0.frozen.borrow_mut().push(page);
    }

    /// Lets a page go on.
    pub(crate) fn thaw(&self, page: u32) {
        self.0.frozen.borrow_mut().retain(|frozen| *frozen != page);
        let parked = self.0.parked.take();
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner).extend(parked);
    }

    /// Whether a page is frozen.
    pub(crate) fn is_frozen(&self, page: u32) -> bool {
        self.0.frozen.borrow().contains(&page)
    }

    /// Waits.
    pub(crate) fn sleep(&self, ms: u64) -> Sleep {
        Sleep { executor: self.clone(), at: self.now().saturating_add(ms), slot: None }
    }

    /// Polls one task, or lets time pass up to `until`.
    pub(crate) fn step(&self, until: u64) -> Step {
        loop {
            let next = {
                let mut queue = self.0.queue.lock().unwrap_or_else(PoisonError::into_inner);
                if queue.is_empty() {
                    None
                } else {
                    let at = self.0.rng.borrow_mut().index(queue.len());
                    Some(queue.swap_remove(at))
                }
            };
            match next {
                Some(id) => {
                    if let Some(owner) = self.poll(id) {
                        return Step::Polled(owner);
                    }
                }
                None if self.advance(until) => {}
                None => return Step::Idle,
            }
        }
    }

    fn poll(&self, id: usize) -> Option<Owner> {
        let (owner, mut future, waker) = {
            let mut tasks = self.0.tasks.borrow_mut();
            let task = tasks.get_mut(id)?;
            if task.owner.page != 0 && task.future.is_some() && self.is_frozen(task.owner.page) {
                self.0.parked.borrow_mut().push(id);
                return None;
            }
            let future = task.future.take()?;
            task.waker.is_queued.store(false, Ordering::Relaxed);
            (task.owner, future, Arc::clone(&task.waker))
        };
        self.0.polls.set(self.polls() + 1);
        let before = (self.0.current.replace(owner), self.0.current_task.replace(id));
        let waker = Waker::from(waker);
        let is_pending = future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending();
        self.0.current.set(before.0);
        self.0.current_task.set(before.1);
        let is_kept = {
            let mut tasks = self.0.tasks.borrow_mut();
            match tasks.get_mut(id) {
                Some(task) if is_pending && !task.is_dead => {
                    task.future = Some(future);
                    None
                }
                _ => Some(future),
            }
        };
        drop(is_kept);
        Some(owner)
    }

    /// Wakes the next sleepers. False when there are none up to `until`.
    fn advance(&self, until: u64) -> bool {
        let mut woken = Vec::new();
        {
            let mut sleepers = self.0.sleepers.borrow_mut();
            while let Some(Reverse(next)) = sleepers.peek() {
                if next.slot.borrow().is_none() {
                    sleepers.pop();
                    continue;
                }
                if next.at > until || (!woken.is_empty() && next.at > self.now()) {
                    break;
                }
                self.0.now.set(next.at.max(self.now()));
                let Some(Reverse(next)) = sleepers.pop() else { break };
                woken.extend(next.slot.take());
            }
        }
        let any = !woken.is_empty();
        woken.into_iter().for_each(Waker::wake);
        if !any && until != u64::MAX {
            self.0.now.set(until.max(self.now()));
        }
        any
    }

    /// Drops everything.
    pub(crate) fn clear(&self) {
        self.kill(|_, _| true);
        self.0.tasks.borrow_mut().clear();
        self.0.sleepers.borrow_mut().clear();
    }
}

/// A wait; dropping it takes it off the list, so that time does not stop for it.
pub(crate) struct Sleep {
    executor: Executor,
    at: u64,
    slot: Option<Slot>,
}

impl Future for Sleep {
    type Output = ();
    fn poll(mut self: std::pin::Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.executor.now() >= self.at {
            return Poll::Ready(());
        }
        if let Some(slot) = &self.slot {
            *slot.borrow_mut() = Some(context.waker().clone());
            return Poll::Pending;
        }
        let slot: Slot = Rc::new(RefCell::new(Some(context.waker().clone())));
        self.slot = Some(Rc::clone(&slot));
        let inner = &self.executor.0;
        inner.slept.set(inner.slept.get() + 1);
        inner.sleepers.borrow_mut().push(Reverse(Sleeper { at: self.at, order: inner.slept.get(), slot }));
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        if let Some(slot) = &self.slot {
            slot.take();
        }
    }
}

/// Something that happens once and that many wait for.
#[derive(Clone, Default)]
pub(crate) struct Event(Rc<(Cell<bool>, RefCell<Vec<Waker>>)>);

impl Event {
    /// It happens.
    pub(crate) fn set(&self) {
        self.0.0.set(true);
        self.0.1.take().into_iter().for_each(Waker::wake);
    }

    /// Whether it has happened.
    pub(crate) fn is_set(&self) -> bool {
        self.0.0.get()
    }

    /// Waits for it.
    pub(crate) fn wait(&self) -> impl Future<Output = ()> + 'static {
        let event = self.clone();
        futures_util::future::poll_fn(move |context| {
            if event.is_set() {
                return Poll::Ready(());
            }
            event.0.1.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
    }
}
