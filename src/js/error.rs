//! [`Error`] → the package's error classes. They live once, in the package's TypeScript; each WebAssembly build is
//! handed their factory when it is loaded, so that `instanceof` works across entry points.

use std::cell::RefCell;

use js_sys::{Array, Function, Object};
use wasm_bindgen::prelude::*;

use super::convert::{bigint, set};
use crate::error::{Error, Field};

thread_local! {
    static FACTORY: RefCell<Option<Function>> = const { RefCell::new(None) };
}

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r"
/** What a failure is, as the package's error classes are made from it. */
export interface ErrorSpec {
  /** The class's name. */
  name: string;
  /** The stable code. */
  code: string;
  message: string;
  /** The class's own properties. */
  fields: Record<string, unknown>;
  /** What was thrown underneath, by a wallet for example. */
  cause?: unknown;
}
";

/// Hands over the function that makes error objects. Until then failures are plain `Error` objects with `name` and
/// `code`.
#[wasm_bindgen(js_name = setErrorFactory)]
pub fn set_error_factory(#[wasm_bindgen(unchecked_param_type = "(spec: ErrorSpec) => Error")] factory: Function) {
    FACTORY.with_borrow_mut(|slot| *slot = Some(factory));
}

/// The object to throw.
pub(crate) fn to_js(error: &Error) -> JsValue {
    let fields = Object::new();
    for (name, field) in error.fields() {
        let value = match field {
            Field::Text(text) => text.into(),
            Field::Number(number) => number.into(),
            Field::Amount(amount) => bigint(amount),
            Field::Flag(flag) => flag.into(),
            Field::Texts(texts) => texts.into_iter().map(JsValue::from).collect::<Array>().into(),
        };
        set(&fields, name, &value);
    }
    if let Some(id) = error.request() {
        set(&fields, "requestId", &id.into());
    }
    let cause = error.said().and_then(|said| said.cause.as_ref()).and_then(|cause| cause.0.downcast_ref::<JsValue>());
    let message = error.to_string();
    let spec = Object::new();
    set(&spec, "name", &error.name().into());
    set(&spec, "code", &error.code().into());
    set(&spec, "message", &message.as_str().into());
    set(&spec, "fields", &fields);
    if let Some(cause) = cause {
        set(&spec, "cause", cause);
    }
    let made = FACTORY.with_borrow(Clone::clone).and_then(|factory| factory.call1(&JsValue::UNDEFINED, &spec).ok());
    made.unwrap_or_else(|| {
        let plain = js_sys::Error::new(&message);
        plain.set_name(error.name());
        set(&plain, "code", &error.code().into());
        let _ = Object::assign(&plain, &fields);
        plain.into()
    })
}
