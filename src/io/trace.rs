//! What goes out, told to whoever debugs: one line for each HTTP request, its answer, and each question to the wallet.
//! Never bodies, headers, query strings or credentials: they may be secrets.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// Who is told each line.
pub type Sink = Rc<dyn Fn(&str)>;

thread_local! {
    static SINK: RefCell<Option<Sink>> = const { RefCell::new(None) };
    static LAST: Cell<u32> = const { Cell::new(0) };
}

/// Sets who is told, or nobody.
pub fn set(sink: Option<Sink>) {
    SINK.with_borrow_mut(|slot| *slot = sink);
}

/// The next request's number; errors carry it too.
pub(super) fn next_id() -> u32 {
    LAST.with(|last| {
        last.set(last.get().wrapping_add(1));
        last.get()
    })
}

/// Tells a line, which is written only when somebody listens.
pub(crate) fn line(write: impl FnOnce() -> String) {
    // Cloned out, because the listener may set another one.
    if let Some(sink) = SINK.with_borrow(Clone::clone) {
        sink(&write());
    }
}
