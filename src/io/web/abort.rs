//! The caller's `AbortSignal`, as a future. The signal itself never reaches `fetch`: dropping the work stops it.

use std::cell::RefCell;
use std::rc::Rc;
use std::task::{Poll, Waker};

use futures_util::future::{Either, select};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

/// The signal's own reason.
pub struct Aborted(pub JsValue);

/// Runs `work` until the signal fires; then `work` is dropped and the signal's reason given.
///
/// # Errors
/// [`Aborted`] with `signal.reason`.
pub async fn abortable<T>(signal: Option<&AbortSignal>, work: impl Future<Output = T>) -> Result<T, Aborted> {
    let Some(signal) = signal else { return Ok(work.await) };
    if signal.aborted() {
        return Err(Aborted(signal.reason()));
    }
    let listener = Listener::new(signal);
    let fired = std::future::poll_fn(|cx| {
        if signal.aborted() {
            return Poll::Ready(());
        }
        *listener.waker.borrow_mut() = Some(cx.waker().clone());
        Poll::Pending
    });
    match select(fired, std::pin::pin!(work)).await {
        Either::Left(((), _)) => Err(Aborted(signal.reason())),
        Either::Right((value, _)) => Ok(value),
    }
}

struct Listener<'a> {
    signal: &'a AbortSignal,
    waker: Rc<RefCell<Option<Waker>>>,
    on_abort: Closure<dyn FnMut()>,
}

impl<'a> Listener<'a> {
    fn new(signal: &'a AbortSignal) -> Self {
        let waker = Rc::new(RefCell::new(None::<Waker>));
        let wake = Rc::clone(&waker);
        let on_abort = Closure::new(move || {
            if let Some(waker) = wake.borrow_mut().take() {
                waker.wake();
            }
        });
        // A signal that takes no listener still works: it is looked at whenever the work moves.
        let _ = signal.add_event_listener_with_callback("abort", on_abort.as_ref().unchecked_ref());
        Self { signal, waker, on_abort }
    }
}

impl Drop for Listener<'_> {
    fn drop(&mut self) {
        let _ = self.signal.remove_event_listener_with_callback("abort", self.on_abort.as_ref().unchecked_ref());
    }
}
