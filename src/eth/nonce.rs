//! The book of nonces and of transactions, shared by all tabs of an origin.
//!
//! A reservation is a claim on a name (`chain:account:nonce`) that [`io::Tabs`](crate::io::Tabs) grants to one tab
//! at a time. The next nonce is the lowest from the chain's pending count on that nobody has claimed, so a nonce that
//! is given back is the next to be taken: there is never a gap and never a double, and a tab that dies loses its
//! claims. A nonce that was used stays claimed until the chain's pending count has left it behind, because a node may
//! not know a fresh transaction for seconds; and not for ever, because a reorganisation or the network may lose it.
//!
//! A nonce whose transaction may or may not be out is in doubt: the next write takes it again as long as the chain's count
//! has not passed it. Two transactions with one nonce cannot both be mined, and none is ever stuck behind a nonce that nobody
//! uses. A mark, which is a claim on another name, tells the other tabs of the doubt.
//!
//! Equal calls are told apart by their [`Ticket`]s. Each transaction belongs to one call, and a call that searches the chain takes
//! none that another call follows, has ended with, or may have sent under its own nonce:
//!
//! | claim on | held by | until |
//! |---|---|---|
//! | `nonce` | the call that uses the nonce | its transaction has been left behind, or the call has ended for [`RETIRED_MS`] |
//! | `call`: a nonce and a call's content | the same call | the same, and while it may have used the nonce, also beside another call that does |
//! | `doubt` | the tab of a call that may have used the nonce | the chain's count has passed it |
//! | `shared` | the tab of a call that took a nonce in doubt | the same |
//! | `hash` | the call that a transaction belongs to | the tab is closed; given up when the call ends without knowing what became of it |
//! | `open` | the same | the tab is closed: one that ended so leaves its transaction to a call that repeats it under its nonce |

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use alloy_primitives::{Address, B256, Keccak256};
use futures_util::FutureExt as _;

use super::call::WriteCall;
use crate::error::{Error, Kind};
use crate::io::{Claim, Io, Tabs};

/// Claims that are kept after the chain's count has passed them: another call may have read an older count, from the same node or one
/// that lags, and would take the nonce again.
const KEPT: u64 = 16;
/// Transactions whose calls are remembered.
const MAX_FOLLOWED: usize = 64;
/// At most this many transactions of one account may be under way.
const MAX_AHEAD: u64 = 1024;
/// How long a nonce stays claimed after its call has ended: longer than any node is behind the chain. If the count has not passed it by
/// then, its transaction may be lost, and the next write takes the nonce rather than wait behind it for ever.
const RETIRED_MS: u64 = 60_000;

/// How long a node may not know a transaction that a wallet has sent.
const FRESH_MS: u64 = 30_000;

type Key = (u64, Address);

/// A nonce that this tab has to do with. There are a handful: a list is smaller than a map.
struct Entry {
    key: Key,
    nonce: u64,
    /// The call that uses it.
    owner: u64,
    /// Held while a transaction of ours uses the nonce; absent when it is in doubt, and the next write may take it.
    claim: Option<Rc<dyn Claim>>,
    /// When its wallet failed.
    failed: Option<u64>,
    /// Tells the other tabs of the doubt. Absent where another tab has marked it.
    mark: Option<Rc<dyn Claim>>,
    /// Tells that two calls have used the nonce.
    _shared: Option<Rc<dyn Claim>>,
    /// Tells what was asked under the nonce. Absent where an equal call was asked under it before.
    _content: Option<Rc<dyn Claim>>,
}

impl Entry {
    fn is(&self, key: Key, nonce: u64) -> bool {
        self.key == key && self.nonce == nonce
    }
}

/// A transaction, or an operation of a smart account, that belongs to a call.
struct Followed {
    id: B256,
    owner: u64,
    /// What the wallet was asked when it answered with this, and when that was.
    answered: Option<(String, u64)>,
    /// Absent when its call has given it up.
    claim: Option<Rc<dyn Claim>>,
    _open: Option<Rc<dyn Claim>>,
}

/// One book for the whole module.
#[derive(Clone, Default)]
pub struct NonceBook {
    entries: Rc<RefCell<Vec<Entry>>>,
    followed: Rc<RefCell<Vec<Followed>>>,
    /// Tickets are numbered.
    tickets: Rc<Cell<u64>>,
}

/// A nonce that nobody else will take. Dropping it gives the nonce back.
pub struct Reservation {
    book: NonceBook,
    /// The nonce.
    pub nonce: u64,
    /// Whether an earlier write may use the nonce too.
    pub reused: bool,
    entry: Entry,
}

/// The reservation of a nonce while what becomes of it is waited for. Dropped before that is known, it puts the nonce in doubt at
/// once, so that the next write does not leave a gap behind it.
pub(super) struct Open(pub(super) Rc<RefCell<Option<Reservation>>>);

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(reservation) = self.0.borrow_mut().take() {
            reservation.doubt();
        }
    }
}

/// One call, from its beginning to its end. What it adopts is its own; dropped before it is [settled](Ticket::settle), it gives that up
/// to a call that repeats it.
pub struct Ticket {
    book: NonceBook,
    io: Io,
    chain_id: u64,
    id: u64,
    is_settled: Cell<bool>,
}

impl Ticket {
    /// Its number in the book.
    pub const fn id(&self) -> u64 {
        self.id
    }

    /// Takes a transaction, or a smart account's operation by its own name. `false` when it is another call's of this origin: two calls
    /// with the same calldata never take one transaction for both. A call that repeats one (`is_repeat`) takes what that one gave up.
    pub async fn adopt(&self, id: B256, is_repeat: bool) -> bool {
        if self.owns(id) {
            return true;
        }
        let Some(claim) = self.io.tabs.claim(self.name("hash", id)).await else { return false };
        let open = self.io.tabs.claim(self.name("open", id)).await;
        if open.is_none() && !is_repeat {
            return false;
        }
        let mut followed = self.book.followed.borrow_mut();
        followed.push(Followed { id, owner: self.id, answered: None, claim: Some(claim), _open: open });
        let surplus = followed.len().saturating_sub(MAX_FOLLOWED);
        followed.drain(..surplus);
        true
    }

    /// Takes a transaction that its user has edited: no other call is told that it was made of its own. Who asked for just what it is may
    /// still take it.
    pub async fn adopt_edited(&self, id: B256) -> bool {
        // A name of its own, which no transaction has.
        self.adopt(id ^ B256::repeat_byte(0xff), false).await
    }

    /// Whether a transaction is another call's.
    pub async fn is_anothers(&self, id: B256) -> bool {
        !self.owns(id) && self.io.tabs.claim(self.name("hash", id)).await.is_none()
    }

    fn owns(&self, id: B256) -> bool {
        let owns = |followed: &Followed| followed.id == id && followed.owner == self.id && followed.claim.is_some();
        self.book.followed.borrow().iter().any(owns)
    }

    fn name(&self, what: &str, id: B256) -> String {
        format!("ogkit:{what}:{}:{id}", self.chain_id)
    }

    /// Takes what the wallet answered to a call that was suggested `nonce`. It may be what an equal call has given up: the same transaction,
    /// signed again.
    pub async fn adopt_answer(&self, id: B256, account: Address, nonce: Option<u64>, asked: &WriteCall) {
        if self.adopt(id, true).await
            && let Some(nonce) = nonce
        {
            let answered = (content((self.chain_id, account), nonce, asked), self.io.clock.now_ms());
            let mut followed = self.book.followed.borrow_mut();
            followed.iter_mut().filter(|followed| followed.id == id).for_each(|one| one.answered = Some(answered.clone()));
        }
    }

    /// What the wallet has just answered to this very call under this nonce, after the call had ended: no node may know it yet.
    pub fn late_answer(&self, account: Address, nonce: u64, call: &WriteCall) -> Option<B256> {
        let (asked, now) = (content((self.chain_id, account), nonce, call), self.io.clock.now_ms());
        let is_late = |followed: &&Followed| {
            let answered = followed.answered.as_ref().filter(|(what, _)| *what == asked);
            followed.claim.is_none() && answered.is_some_and(|(_, at)| now.saturating_sub(*at) < FRESH_MS)
        };
        self.book.followed.borrow().iter().find(is_late).map(|followed| followed.id)
    }

    /// The end of the call is known, and what it has adopted stays its own.
    pub fn settle(&self) {
        self.is_settled.set(true);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        let (book, owner) = (self.book.clone(), self.id);
        if !self.is_settled.get() {
            let mut followed = book.followed.borrow_mut();
            followed.iter_mut().filter(|followed| followed.owner == owner).for_each(|followed| followed.claim = None);
        }
        let is_owned = |entry: &Entry| entry.owner == owner && entry.claim.is_some();
        if book.entries.borrow().iter().any(is_owned) {
            let retired = self.io.clock.idle(RETIRED_MS);
            let retire = async move {
                retired.await;
                book.entries.borrow_mut().iter_mut().filter(|entry| entry.owner == owner).for_each(|entry| entry.claim = None);
            };
            self.io.clock.spawn(retire.boxed_local());
        }
    }
}

impl NonceBook {
    /// Begins a call.
    pub fn ticket(&self, io: &Io, chain_id: u64) -> Rc<Ticket> {
        let id = self.tickets.get();
        self.tickets.set(id.wrapping_add(1));
        Rc::new(Ticket { book: self.clone(), io: io.clone(), chain_id, id, is_settled: Cell::new(false) })
    }

    /// Reserves the lowest free nonce at or above the chain's `pending` count for `call`.
    ///
    /// # Errors
    /// [`Kind::Nonce`] when 1024 transactions are under way.
    pub async fn reserve(&self, ticket: &Ticket, account: Address, pending: u64, call: &WriteCall) -> Result<Reservation, Error> {
        let key = (ticket.chain_id, account);
        self.entries.borrow_mut().retain(|entry| entry.key != key || entry.nonce.saturating_add(KEPT) >= pending);
        for nonce in pending..pending.saturating_add(MAX_AHEAD) {
            if let Some(claim) = ticket.io.tabs.claim(name("nonce", key, nonce)).await {
                return Ok(self.reservation(ticket, key, nonce, Some(claim), call).await);
            }
        }
        let suggested = pending;
        Err(Error::from(Kind::Nonce { address: account, tried: pending + MAX_AHEAD, suggested, hash: None }))
    }

    /// Takes exactly `nonce`, as the caller asked, whether or not it is claimed: replacing a stuck transaction needs
    /// just that.
    pub async fn take(&self, ticket: &Ticket, account: Address, nonce: u64, call: &WriteCall) -> Reservation {
        let key = (ticket.chain_id, account);
        let claim = ticket.io.tabs.claim(name("nonce", key, nonce)).await;
        self.reservation(ticket, key, nonce, claim, call).await
    }

    async fn reservation(
        &self,
        ticket: &Ticket,
        key: Key,
        nonce: u64,
        claim: Option<Rc<dyn Claim>>,
        call: &WriteCall,
    ) -> Reservation {
        let tabs = ticket.io.tabs.as_ref();
        let mark = tabs.claim(name("doubt", key, nonce)).await;
        let content = tabs.claim(content(key, nonce, call)).await;
        let reused = mark.is_none() && claim.is_some();
        let shared = if reused { tabs.claim(name("shared", key, nonce)).await } else { None };
        let claim = claim.unwrap_or_else(|| Rc::new(Unclaimed));
        let entry =
            Entry { key, nonce, owner: ticket.id, claim: Some(claim), failed: None, mark, _shared: shared, _content: content };
        Reservation { book: self.clone(), nonce, reused, entry }
    }

    /// Records that a transaction of this call uses `nonce`, which the wallet chose by itself. Should it be replaced there, what takes its
    /// place is no equal call's either.
    pub async fn adopt(&self, ticket: &Ticket, account: Address, nonce: u64, call: &WriteCall) {
        let (key, owner) = ((ticket.chain_id, account), ticket.id);
        let claim = ticket.io.tabs.claim(name("nonce", key, nonce)).await;
        let content = ticket.io.tabs.claim(content(key, nonce, call)).await;
        if claim.is_some() || content.is_some() {
            let (failed, mark, shared) = Default::default();
            let entry = Entry { key, nonce, owner, claim, failed, mark, _shared: shared, _content: content };
            self.entries.borrow_mut().push(entry);
        }
    }

    /// Ends the doubt about a nonce: the wallet has answered that the transaction of the call `owner` is out. That call may have ended, and
    /// the transaction is `ticket`'s from now on.
    pub async fn revive(&self, owner: u64, ticket: &Ticket, account: Address, nonce: u64) {
        let key = (ticket.chain_id, account);
        let mut claim = ticket.io.tabs.claim(name("nonce", key, nonce)).await;
        let mut entries = self.entries.borrow_mut();
        let is_meant = |entry: &&mut Entry| entry.is(key, nonce) && entry.owner == owner && entry.claim.is_none();
        for entry in entries.iter_mut().filter(is_meant) {
            entry.owner = ticket.id;
            entry.claim = claim.take();
        }
    }

    /// Whether an equal call of this origin was asked under `nonce`: a transaction there may be that one's.
    pub async fn is_anothers(&self, ticket: &Ticket, account: Address, nonce: u64, call: &WriteCall) -> bool {
        ticket.io.tabs.claim(content((ticket.chain_id, account), nonce, call)).await.is_none()
    }

    /// Whether `sent`, under whichever nonce from `lowest` on, is what some call of this origin asked for. A wallet may number by itself.
    pub async fn was_asked(&self, ticket: &Ticket, account: Address, lowest: u64, sent: &WriteCall) -> bool {
        for nonce in lowest..lowest.saturating_add(KEPT) {
            if self.is_anothers(ticket, account, nonce, sent).await {
                return true;
            }
        }
        false
    }

    /// Whether another call of this origin has used the doubtful nonce since.
    pub async fn is_shared(&self, tabs: &dyn Tabs, chain_id: u64, account: Address, nonce: u64) -> bool {
        let key = (chain_id, account);
        tabs.claim(name("nonce", key, nonce)).await.is_none() || tabs.claim(name("shared", key, nonce)).await.is_none()
    }

    /// Whether a call of this tab has this transaction.
    pub fn follows(&self, id: B256) -> bool {
        self.followed.borrow().iter().any(|followed| followed.id == id && followed.claim.is_some())
    }

    /// Gives a transaction up whose call succeeded in the course of a longer one that failed: who repeats that takes it over.
    pub fn disown(&self, id: B256) {
        self.followed.borrow_mut().iter_mut().filter(|followed| followed.id == id).for_each(|followed| followed.claim = None);
    }

    /// When the wallet last failed under this nonce, in milliseconds.
    pub fn failed(&self, chain_id: u64, account: Address, nonce: u64) -> Option<u64> {
        let entries = self.entries.borrow();
        let of = entries.iter().filter(|entry| entry.key == (chain_id, account) && entry.nonce == nonce);
        of.filter_map(|entry| entry.failed).max()
    }

    /// The next nonce by this tab's book: one above the highest that is used and not yet seen on chain.
    pub fn cached(&self, chain_id: u64, account: Address) -> Option<u64> {
        let entries = self.entries.borrow();
        let used = entries.iter().filter(|entry| entry.key == (chain_id, account) && entry.claim.is_some());
        used.map(|entry| entry.nonce + 1).max()
    }

    /// Gives a nonce back that the call `owner` has not used after all. Equal and other calls that may have used it keep what is theirs.
    pub fn free(&self, owner: u64, chain_id: u64, account: Address, nonce: u64) {
        let mut entries = self.entries.borrow_mut();
        let is_own = |entry: &Entry| entry.is((chain_id, account), nonce) && entry.owner == owner;
        let mark = entries.iter_mut().filter(|entry| is_own(entry)).find_map(|entry| entry.mark.take());
        entries.retain(|entry| !is_own(entry));
        let other = entries.iter_mut().find(|entry| entry.is((chain_id, account), nonce) && entry.mark.is_none());
        if let Some(other) = other {
            other.mark = mark;
        }
    }

    /// Gives a nonce back that the call `owner` has used, and marks it as doubtful: the node knows nothing of its transaction, which may
    /// still come.
    pub fn doubt(&self, owner: u64, chain_id: u64, account: Address, nonce: u64) {
        self.doubt_if(|entry| entry.is((chain_id, account), nonce) && entry.owner == owner);
    }

    /// Gives all nonces of one account back. What was sent with them may still come, and so they are in doubt.
    pub fn reset(&self, chain_id: u64, account: Address) {
        self.doubt_if(|entry| entry.key == (chain_id, account));
    }

    /// Gives all nonces of all accounts back, likewise.
    pub fn clear(&self) {
        self.doubt_if(|_| true);
    }

    fn doubt_if(&self, is_meant: impl Fn(&Entry) -> bool) {
        self.entries.borrow_mut().iter_mut().filter(|entry| is_meant(entry)).for_each(|entry| entry.claim = None);
    }
}

impl Reservation {
    /// Keeps the nonce claimed: a transaction with it is out.
    pub fn keep(self) {
        let (chain_id, account) = self.entry.key;
        self.book.free(self.entry.owner, chain_id, account, self.nonce);
        self.book.entries.borrow_mut().push(self.entry);
    }

    /// Gives the nonce back and marks it: a transaction with it may be out.
    pub fn doubt(self) {
        let book = self.book.clone();
        book.entries.borrow_mut().push(Entry { claim: None, ..self.entry });
    }

    /// The same, because the wallet failed now, in milliseconds.
    pub fn fail(mut self, now: u64) {
        self.entry.failed = Some(now);
        self.doubt();
    }
}

fn name(what: &str, (chain_id, account): Key, nonce: u64) -> String {
    format!("ogkit:{what}:{chain_id}:{account:?}:{nonce}")
}

pub(super) fn content(key: Key, nonce: u64, call: &WriteCall) -> String {
    let mut hasher = Keccak256::new();
    hasher.update(call.to.unwrap_or_default());
    hasher.update(call.value.to_be_bytes::<32>());
    hasher.update(&call.data);
    [&name("call", key, nonce), ":", &hasher.finalize().to_string()].concat()
}

struct Unclaimed;
impl Claim for Unclaimed {}

#[cfg(test)]
#[path = "nonce_tests.rs"]
mod tests;
