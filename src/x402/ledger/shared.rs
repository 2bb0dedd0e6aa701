//! Who else counts: the origin's other tabs, and a store of the caller's that survives them.
//!
//! A tab tells the others by a claim whose name is its ledger: whoever looks sees what all living tabs have signed for, keeps it when they are
//! gone, and tells it on. A store keeps the same text under a key of the account. Both are read before an offer is chosen and written before a
//! window opens, in turns, so that two tabs never take the same amount.

use std::cell::RefCell;
use std::rc::Rc;

use alloy_primitives::{Address, hex};
use futures_util::future::LocalBoxFuture;

use super::Ledger;
use crate::error::clip;
use crate::io::{Claim, Io};

/// A store that does not answer within so many milliseconds cannot be used.
const STORE_MS: u64 = 10_000;

/// Text by keys, kept as long as the caller likes: `localStorage`, a file, a database.
pub trait Store {
    /// The text under a key.
    fn get(&self, key: String) -> LocalBoxFuture<'static, Result<Option<String>, String>>;
    /// Puts a text under a key.
    fn set(&self, key: String, text: String) -> LocalBoxFuture<'static, Result<(), String>>;
}

/// What a tab tells the others of an account's payments.
#[derive(Default)]
struct Told {
    /// The tab's own word in its names: two tabs that know the same would claim the same name otherwise, and only one could hold it.
    tab: String,
    /// The claim, and its name.
    claim: Option<(String, Rc<dyn Claim>)>,
}

/// How an account's ledger is shared. Clones are the same tab.
#[derive(Clone, Default)]
pub struct Share {
    told: Rc<RefCell<Told>>,
    /// What survives the tabs.
    pub store: Option<Rc<dyn Store>>,
}

impl Share {
    /// The same tab, with another store.
    #[must_use]
    pub fn with_store(&self, store: Option<Rc<dyn Store>>) -> Self {
        Self { told: Rc::clone(&self.told), store }
    }

    /// Waits until no other tab of the origin reads or writes the account's ledger.
    pub(in crate::x402) async fn turn(&self, io: &Io, account: Address) -> Rc<dyn Claim> {
        io.tabs.lock([&key(account), ".turn"].concat()).await
    }

    /// Takes over what the other tabs and the store know.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub(in crate::x402) async fn pull(&self, io: &Io, account: Address, ledger: &RefCell<Ledger>) -> Result<(), String> {
        let prefix = [&key(account), " "].concat();
        let mut has_learnt = false;
        for name in io.tabs.held(prefix.clone()).await {
            let own = self.told.borrow().claim.as_ref().is_some_and(|(told, _)| *told == name);
            if let Some((_, text)) = name.strip_prefix(&prefix).filter(|_| !own).and_then(|rest| rest.split_once(' ')) {
                // What is none is of another version.
                has_learnt |= ledger.borrow_mut().learn(text).is_some();
            }
        }
        if has_learnt {
            // Whoever told it may be gone before this tab signs anything.
            let text = ledger.borrow().to_text();
            self.tell(io, account, &text).await;
        }
        let Some(store) = &self.store else { return Ok(()) };
        let kept = io.within(STORE_MS, store.get(key(account))).await.unwrap_or_else(|| Err("it does not answer".to_owned()));
        match kept.map_err(|reason| clip(&reason))? {
            Some(text) if !text.is_empty() => {
                let learnt = ledger.borrow_mut().learn(&text);
                learnt.ok_or_else(|| format!("it holds something else under {}", key(account)))
            }
            _ => Ok(()),
        }
    }

    /// Tells the other tabs and the store.
    ///
    /// # Errors
    /// What is wrong with the store.
    pub(in crate::x402) async fn push(&self, io: &Io, account: Address, ledger: &RefCell<Ledger>) -> Result<(), String> {
        let text = ledger.borrow().to_text();
        self.tell(io, account, &text).await;
        let Some(store) = &self.store else { return Ok(()) };
        let kept =
            io.within(STORE_MS, store.set(key(account), text)).await.unwrap_or_else(|| Err("it does not answer".to_owned()));
        kept.map_err(|reason| clip(&reason))
    }

    /// Tells the other tabs, where there is news.
    async fn tell(&self, io: &Io, account: Address, text: &str) {
        let name = {
            let mut told = self.told.borrow_mut();
            if told.tab.is_empty() {
                told.tab = hex::encode(io.clock.random());
            }
            [&key(account), " ", &told.tab, " ", text].concat()
        };
        let is_news = self.told.borrow().claim.as_ref().is_none_or(|(told, _)| *told != name);
        if is_news && let Some(claim) = io.tabs.claim(name.clone()).await {
            // The old claim goes after the new one is held.
            let old = self.told.borrow_mut().claim.replace((name, claim));
            drop(old);
        }
    }
}

/// The account's key in stores, and the beginning of its claims' names.
fn key(account: Address) -> String {
    format!("ogkit.payments.{account:?}")
}
