//! The names of properties as JavaScript's own strings, kept: a name made anew for each access costs more than the access.

use std::cell::RefCell;
use std::ptr;
use std::rc::Rc;

use wasm_bindgen::JsValue;

/// So many are kept, each at the one place that follows from where it stands in the program: that tells it quicker than
/// its letters.
const SLOTS: usize = 1024;

type Slot = Option<(&'static str, Rc<JsValue>)>;

thread_local! {
    static KEPT: RefCell<[Slot; SLOTS]> = const { RefCell::new([const { None }; SLOTS]) };
}

/// A property's name.
pub(crate) fn name(key: &'static str) -> Rc<JsValue> {
    KEPT.with_borrow_mut(|kept| {
        let slot = kept.get_mut(key.as_ptr() as usize % SLOTS);
        if let Some(Some((there, value))) = &slot
            && ptr::eq(*there, key)
        {
            return Rc::clone(value);
        }
        let value = Rc::new(key.into());
        if let Some(slot) = slot {
            *slot = Some((key, Rc::clone(&value)));
        }
        value
    })
}
