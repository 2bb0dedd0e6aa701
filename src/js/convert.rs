//! Values out: frozen plain objects, bigint for amounts, `undefined` for what is absent.

use alloy_primitives::U256;
use js_sys::{BigInt, Object, Reflect};
use wasm_bindgen::prelude::*;

use super::keys;

/// Sets a property of an object of ours.
pub(crate) fn set(object: &JsValue, key: &str, value: &JsValue) {
    // Our own fresh objects refuse nothing.
    let _ = Reflect::set(object, &key.into(), value);
}

/// An amount.
pub(crate) fn bigint(value: U256) -> JsValue {
    if let Ok(small) = u64::try_from(value) {
        return BigInt::from(small).into();
    }
    BigInt::new(&format!("0x{value:x}").into()).map_or(JsValue::UNDEFINED, Into::into)
}

/// A count, seconds or an id below 2^53.
pub(crate) fn number(value: u64) -> JsValue {
    #[allow(clippy::cast_precision_loss, reason = "counts, seconds and chain ids are below 2^53; others are bigint")]
    JsValue::from_f64(value as f64)
}

/// A plain object in the making.
pub(crate) struct Build(Object);

impl Build {
    pub(crate) fn new() -> Self {
        Self(Object::new())
    }

    pub(crate) fn with(self, key: &'static str, value: impl Into<JsValue>) -> Self {
        let _ = Reflect::set(&self.0, &keys::name(key), &value.into());
        self
    }

    /// Text by its `Display`: addresses come out checksummed, hashes in lower case.
    pub(crate) fn text(self, key: &'static str, value: impl ToString) -> Self {
        self.with(key, value.to_string())
    }

    /// Left out when absent.
    pub(crate) fn maybe(self, key: &'static str, value: Option<impl ToString>) -> Self {
        match value {
            Some(value) => self.text(key, value),
            None => self,
        }
    }

    /// A property that is read anew each time, also once the object is frozen.
    #[cfg(feature = "opengradient")]
    pub(crate) fn getter(self, key: &'static str, read: impl Fn() -> JsValue + 'static) -> Self {
        let getter = Closure::<dyn Fn() -> JsValue>::new(read).into_js_value();
        let descriptor = Object::new();
        set(&descriptor, "get", &getter);
        set(&descriptor, "enumerable", &JsValue::TRUE);
        let _ = Reflect::define_property(&self.0, &keys::name(key), &descriptor);
        self
    }

    pub(crate) fn frozen(self) -> JsValue {
        Object::freeze(&self.0).into()
    }
}
