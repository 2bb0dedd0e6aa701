//! Claims that all tabs of an origin see: each is a held Web Lock of the claim's name. The browser releases the locks
//! of a tab that dies, so there is nothing to expire and nothing to store. Where there are no Web Locks (Node 20, an
//! insecure page) the claims are those of this module.

use std::cell::RefCell;
use std::rc::Rc;

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::prelude::*;

use crate::io::{Claim, Tabs};

thread_local! {
    static HERE: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Origin;

impl Tabs for Origin {
    fn claim(&self, key: String) -> LocalBoxFuture<'static, Option<Rc<dyn Claim>>> {
        async move {
            // Clients of one module see each other here even where two lock requests would race.
            let here = Here::claim(key.clone())?;
            match lock_manager() {
                None => Some(Rc::new(here) as Rc<dyn Claim>),
                Some(locks) => match WebLock::claim(&locks, &key, true).await {
                    Ok(Some(lock)) => Some(Rc::new((here, lock)) as Rc<dyn Claim>),
                    Ok(None) => None,
                    // A page that may not use locks has no tabs to share with.
                    Err(_) => Some(Rc::new(here) as Rc<dyn Claim>),
                },
            }
        }
        .boxed_local()
    }

    fn lock(&self, key: String) -> LocalBoxFuture<'static, Rc<dyn Claim>> {
        async move {
            let Some(locks) = lock_manager() else { return Rc::new(Unlocked) as Rc<dyn Claim> };
            match WebLock::claim(&locks, &key, false).await {
                Ok(Some(lock)) => Rc::new(lock),
                // A page that may not use locks has no tabs to wait for.
                Ok(None) | Err(_) => Rc::new(Unlocked),
            }
        }
        .boxed_local()
    }

    #[cfg(feature = "opengradient")]
    fn held(&self, prefix: String) -> LocalBoxFuture<'static, Vec<String>> {
        async move {
            let mut keys = HERE.with_borrow(|held| held.clone());
            if let Some(locks) = lock_manager() {
                keys.extend(held_locks(&locks).await.unwrap_or_default());
            }
            keys.retain(|key| key.starts_with(&prefix));
            keys
        }
        .boxed_local()
    }
}

/// The names of the locks that are held.
#[cfg(feature = "opengradient")]
async fn held_locks(locks: &Object) -> Result<Vec<String>, JsValue> {
    let query: Function = Reflect::get(locks, &"query".into())?.dyn_into()?;
    let answer: Promise = query.call0(locks)?.dyn_into()?;
    let held = Reflect::get(&wasm_bindgen_futures::JsFuture::from(answer).await?, &"held".into())?;
    let name = |lock: JsValue| Reflect::get(&lock, &"name".into()).ok()?.as_string();
    Ok(held.dyn_into::<js_sys::Array>()?.iter().filter_map(name).collect())
}

/// There are no other tabs to wait for.
struct Unlocked;
impl Claim for Unlocked {}

fn lock_manager() -> Option<Object> {
    let navigator = Reflect::get(&js_sys::global(), &"navigator".into()).ok()?;
    Reflect::get(&navigator, &"locks".into()).ok()?.dyn_into().ok()
}

struct Here(String);

impl Here {
    fn claim(key: String) -> Option<Self> {
        HERE.with_borrow_mut(|held| {
            let free = !held.contains(&key);
            if free {
                held.push(key.clone());
            }
            free
        })
        // Not `then_some`: that makes a claim where there is none to have, and dropping it ends the other's.
        .then(|| Self(key))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        HERE.with_borrow_mut(|held| held.retain(|key| *key != self.0));
    }
}

impl Claim for Here {}
impl Claim for WebLock {}
impl Claim for (Here, WebLock) {}

/// A held lock: the browser keeps it until the promise that its callback gave is settled.
struct WebLock {
    release: Function,
    _on_refusal: Closure<dyn FnMut(JsValue)>,
}

type Answer = Rc<RefCell<Option<oneshot::Sender<Option<Function>>>>>;

impl WebLock {
    /// `None` when another tab holds it and it shall not be waited for.
    async fn claim(locks: &Object, key: &str, if_available: bool) -> Result<Option<Self>, JsValue> {
        let (sender, answer) = oneshot::channel::<Option<Function>>();
        let sender: Answer = Rc::new(RefCell::new(Some(sender)));
        let refusal = Rc::clone(&sender);
        let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
            let Some(sender) = sender.borrow_mut().take() else { return JsValue::UNDEFINED };
            if lock.is_null() {
                let _ = sender.send(None);
                return JsValue::UNDEFINED;
            }
            let mut release = None;
            let held = Promise::new(&mut |resolve, _| release = Some(resolve));
            match sender.send(release) {
                Ok(()) => held.into(),
                // Nobody waits any more: the lock ends with this callback.
                Err(_) => JsValue::UNDEFINED,
            }
        });
        // An opaque origin refuses locks: the sender is dropped, and the receiver sees that.
        let on_refusal = Closure::new(move |_| drop(refusal.borrow_mut().take()));
        let options = Object::new();
        Reflect::set(&options, &"ifAvailable".into(), &if_available.into())?;
        let request: Function = Reflect::get(locks, &"request".into())?.dyn_into()?;
        let settled: Promise = request.call3(locks, &key.into(), &options, &callback)?.unchecked_into();
        let _ = settled.catch(&on_refusal);
        let release = answer.await.map_err(|_| JsValue::UNDEFINED)?;
        Ok(release.map(|release| Self { release, _on_refusal: on_refusal }))
    }
}

impl Drop for WebLock {
    fn drop(&mut self) {
        let _ = self.release.call0(&JsValue::UNDEFINED);
    }
}
