//! Values in: every value knows its path, so that what is wrong is named. Unknown keys are refused, amounts must be
//! bigint, addresses in mixed case must pass their checksum (EIP-55).

use alloy_primitives::{Address, B256, U256};
use js_sys::{Array, BigInt, Function, JSON, Object, Reflect};
use wasm_bindgen::prelude::*;
use web_sys::AbortSignal;

use super::keys;
use crate::error::{Error, clip};
use crate::eth::checksum;

/// The largest integer that a JavaScript number holds exactly.
const MAX_SAFE: f64 = 9_007_199_254_740_991.0;
/// Text may have this many UTF-16 units.
const MAX_TEXT: u32 = 4 << 20;

/// Lists may have this many items.
const MAX_ITEMS: u32 = 10_000;

#[wasm_bindgen]
extern "C" {
    // As js-sys has them, but nothing that can throw, and no object where a number will do.
    #[wasm_bindgen(js_namespace = BigInt, js_name = asUintN)]
    fn low_bits(bits: u32, value: &BigInt) -> u64;
    #[wasm_bindgen(js_namespace = BigInt, js_name = asUintN)]
    fn low_part(bits: u32, value: &BigInt) -> BigInt;
    #[wasm_bindgen(js_namespace = Object, js_name = is)]
    fn is_number(value: &BigInt, number: u64) -> bool;
    #[wasm_bindgen(js_namespace = Object, js_name = is)]
    fn is_same(value: &BigInt, other: &BigInt) -> bool;
}

/// A value from the caller, with its path.
pub(crate) struct Input {
    path: String,
    value: JsValue,
}

type Read<T> = Result<T, Error>;

impl Input {
    pub(crate) fn new(path: impl Into<String>, value: impl Into<JsValue>) -> Self {
        Self { path: path.into(), value: value.into() }
    }

    /// The value itself, for what only JavaScript can judge.
    pub(crate) fn into_value(self) -> JsValue {
        self.value
    }

    /// Another handle on the value, to hand back as it was given.
    pub(crate) fn clone_value(&self) -> JsValue {
        self.value.clone()
    }

    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    fn items(&self, list: &Array) -> impl Iterator<Item = Self> {
        let item = |(at, value): (usize, JsValue)| Self { path: [&self.path, "[", &at.to_string(), "]"].concat(), value };
        list.iter().enumerate().map(item)
    }

    fn refuse<T>(&self, expected: &str) -> Read<T> {
        Err(Error::input(self.path(), format!("expected {expected}, but found {}", self.found())))
    }

    /// What stands there, in a word or two. Texts are not shown: they may be secrets.
    fn found(&self) -> String {
        if self.value.is_undefined() {
            "nothing".to_owned()
        } else if self.value.is_null() {
            "null".to_owned()
        } else if self.value.as_f64().is_some() {
            // The platform prints numbers; Rust's float printing would cost 15 KB.
            let text = js_sys::Number::from(self.value.clone()).to_string_with_radix(10).ok().and_then(|text| text.as_string());
            format!("the number {}", text.unwrap_or_default())
        } else if let Some(flag) = self.value.as_bool() {
            flag.to_string()
        } else if Array::is_array(&self.value) {
            "an array".to_owned()
        } else {
            let kind = self.value.js_typeof().as_string().unwrap_or_default();
            format!("{} {kind}", if kind == "object" { "an" } else { "a" })
        }
    }

    #[cfg(feature = "ogpu")]
    pub(crate) fn is_undefined(&self) -> bool {
        self.value.is_undefined()
    }

    /// `None` for `undefined` and `null`.
    pub(crate) fn optional(self) -> Option<Self> {
        (!self.value.is_undefined() && !self.value.is_null()).then_some(self)
    }

    /// An object whose keys are all among `known`.
    pub(crate) fn object(self, known: &[&str]) -> Read<Self> {
        let object = self.any_object()?;
        if object.has_only(known) {
            return Ok(object);
        }
        for key in object.keys() {
            if !known.contains(&key.as_str()) {
                let place = format!("{}.{}", object.path(), clip(&key));
                return Err(Error::input(place, format!("unknown key; expected one of {}", known.join(", "))));
            }
        }
        Ok(object)
    }

    /// Whether its keys are all among `known`, from one text with all of them. A key with a comma looks like two, which is
    /// one too many.
    fn has_only(&self, known: &[&str]) -> bool {
        let keys = Object::keys(self.value.unchecked_ref::<Object>());
        let mut left = keys.length();
        if left == 0 || left as usize > known.len() {
            return left == 0;
        }
        let text = String::from(keys.to_string());
        let all_known = text.split(',').all(|key| {
            left = left.wrapping_sub(1);
            known.contains(&key)
        });
        all_known && left == 0
    }

    /// Any object that is no array or function.
    pub(crate) fn any_object(self) -> Read<Self> {
        // A function is none by JavaScript's own `typeof`.
        if !self.value.is_object() || Array::is_array(&self.value) {
            return self.refuse("an object");
        }
        Ok(self)
    }

    /// The object's own enumerable keys.
    pub(crate) fn keys(&self) -> Vec<String> {
        Object::keys(self.value.unchecked_ref::<Object>()).iter().filter_map(|key| key.as_string()).collect()
    }

    /// A member; `undefined` when it is absent.
    pub(crate) fn get(&self, key: &'static str) -> Read<Self> {
        self.member(key, &keys::name(key))
    }

    /// A member whose name is the caller's.
    pub(crate) fn get_own(&self, key: &str) -> Read<Self> {
        self.member(key, &key.into())
    }

    fn member(&self, key: &str, name: &JsValue) -> Read<Self> {
        let path = [&self.path, ".", key].concat();
        match Reflect::get(&self.value, name) {
            Ok(value) => Ok(Self { path, value }),
            Err(_) => Err(Error::input(path, "its getter threw")),
        }
    }

    pub(crate) fn text(&self) -> Read<String> {
        match self.value.dyn_ref::<js_sys::JsString>() {
            Some(text) if text.length() > MAX_TEXT => self.refuse(&format!("a text of at most {MAX_TEXT} characters")),
            Some(text) => Ok(text.into()),
            None => self.refuse("a text"),
        }
    }

    pub(crate) fn flag(&self) -> Read<bool> {
        self.value.as_bool().map_or_else(|| self.refuse("true or false"), Ok)
    }

    /// A whole number from 0 to 2^53 − 1.
    pub(crate) fn whole(&self) -> Read<u64> {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and in range")]
        match self.value.as_f64() {
            Some(number) if number.fract() == 0.0 && (0.0..=MAX_SAFE).contains(&number) => Ok(number as u64),
            _ => self.refuse("a whole number from 0 to 2^53 - 1"),
        }
    }

    /// Seconds, with a fraction; 0 or more, and no more than a year.
    pub(crate) fn duration(&self) -> Read<f64> {
        match self.value.as_f64() {
            Some(number) if (0.0..=31_536_000.0).contains(&number) => Ok(number),
            _ => self.refuse("a number of seconds from 0 to a year"),
        }
    }

    /// Any number; whether it makes sense is judged elsewhere.
    #[cfg(feature = "opengradient")]
    pub(crate) fn float(&self, expected: &str) -> Read<f64> {
        self.value.as_f64().map_or_else(|| self.refuse(expected), Ok)
    }

    /// A bigint from 0 to 2^256 − 1.
    pub(crate) fn amount(&self) -> Read<U256> {
        let Some(amount) = self.value.dyn_ref::<BigInt>() else {
            return self.refuse("a bigint (parseEther makes one)");
        };
        let small = low_bits(64, amount);
        if is_number(amount, small) {
            return Ok(U256::from(small));
        }
        // No larger one is spelt out: it may have a billion digits.
        let bounded = is_same(amount, &low_part(256, amount)).then(|| amount.to_string(16).ok()).flatten();
        bounded
            .and_then(|digits| U256::from_str_radix(&String::from(digits), 16).ok())
            .ok_or_else(|| Error::input(self.path(), "expected a bigint from 0 to 2^256 - 1"))
    }

    pub(crate) fn address(&self) -> Read<Address> {
        let text = self.text()?;
        let (address, is_right) =
            checksum::read(&text).ok_or_else(|| Error::input(self.path(), "expected an address: 0x and 40 hex digits"))?;
        if !is_right {
            return Err(Error::input(self.path(), "the address has a wrong checksum: a letter may be mistyped"));
        }
        Ok(address)
    }

    /// 32 bytes as hex text.
    pub(crate) fn hash(&self) -> Read<B256> {
        let text = self.text()?;
        let hash = text.strip_prefix("0x").filter(|hex| hex.len() == 64).and_then(|_| text.parse().ok());
        hash.ok_or_else(|| Error::input(self.path(), "expected a hash: 0x and 64 hex digits"))
    }

    /// The items of a list, each with its path.
    pub(crate) fn list(&self) -> Read<Vec<Self>> {
        match self.value.dyn_ref::<Array>() {
            Some(list) if list.length() <= MAX_ITEMS => Ok(self.items(list).collect()),
            _ => self.refuse(&format!("a list of at most {MAX_ITEMS} items")),
        }
    }

    /// One of the named members.
    pub(crate) fn one_of<T: Copy>(&self, members: &[(&str, T)]) -> Read<T> {
        let text = self.value.as_string();
        let found = members.iter().find(|(name, _)| text.as_deref() == Some(*name));
        match found {
            Some((_, member)) => Ok(*member),
            None => {
                let names: Vec<&str> = members.iter().map(|(name, _)| *name).collect();
                self.refuse(&format!("one of {}", names.join(", ")))
            }
        }
    }

    pub(crate) fn function(&self) -> Read<Function> {
        self.value.dyn_ref::<Function>().map_or_else(|| self.refuse("a function"), |function| Ok(function.clone()))
    }

    /// An `AbortSignal`, by its shape: it may come from another realm.
    pub(crate) fn signal(&self) -> Read<AbortSignal> {
        let aborted = Reflect::get(&self.value, &"aborted".into()).ok().and_then(|value| value.as_bool());
        if self.value.is_object() && aborted.is_some() {
            Ok(self.value.clone().unchecked_into())
        } else {
            self.refuse("an AbortSignal")
        }
    }

    /// Texts: one alone, or a list that is not empty.
    pub(crate) fn texts(&self) -> Read<Vec<String>> {
        if self.value.is_string() {
            return self.text().map(|text| vec![text]);
        }
        match self.value.dyn_ref::<Array>() {
            Some(list) if (1..=16).contains(&list.length()) => self.items(list).map(|item| item.text()).collect(),
            _ => self.refuse("a text or a list of 1 to 16 texts"),
        }
    }

    /// JSON text of any plain value, as `JSON.stringify` writes it.
    pub(crate) fn json(&self) -> Read<String> {
        let text = JSON::stringify(&self.value).ok().and_then(|text| text.as_string());
        text.map_or_else(|| self.refuse("a value that JSON can hold (no bigint, cycle or undefined)"), Ok)
    }

    #[cfg(feature = "ogpu")]
    pub(crate) fn is_text(&self) -> bool {
        self.value.is_string()
    }

    /// The bytes of a `Uint8Array`, copied once.
    #[cfg(feature = "opengradient")]
    pub(crate) fn bytes(&self) -> Option<Vec<u8>> {
        self.value.dyn_ref::<js_sys::Uint8Array>().map(js_sys::Uint8Array::to_vec)
    }
}
