//! Signatures checked by `crypto.subtle`.

use futures_util::FutureExt as _;
use futures_util::future::LocalBoxFuture;
use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::error::clip;
use crate::io::Crypto;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = importKey, catch)]
    fn import_key(
        format: &str,
        key: &Uint8Array,
        algorithm: &Object,
        extractable: bool,
        usages: &Array,
    ) -> Result<Promise, JsValue>;

    #[wasm_bindgen(js_namespace = ["crypto", "subtle"], js_name = verify, catch)]
    fn verify(algorithm: &Object, key: &JsValue, signature: &Uint8Array, message: &Uint8Array) -> Result<Promise, JsValue>;
}

pub(super) struct Subtle;

impl Crypto for Subtle {
    fn verify_rsa_pss_sha256(
        &self,
        spki: Vec<u8>,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> LocalBoxFuture<'static, Result<bool, String>> {
        async move { check(&spki, &message, &signature).await.map_err(|thrown| reason(&thrown)) }.boxed_local()
    }
}

async fn check(spki: &[u8], message: &[u8], signature: &[u8]) -> Result<bool, JsValue> {
    let algorithm = Object::new();
    for (name, value) in
        [("name", JsValue::from("RSA-PSS")), ("hash", JsValue::from("SHA-256")), ("saltLength", JsValue::from(32))]
    {
        Reflect::set(&algorithm, &name.into(), &value)?;
    }
    let usages = Array::of1(&"verify".into());
    let key = JsFuture::from(import_key("spki", &Uint8Array::from(spki), &algorithm, false, &usages)?).await?;
    let verdict = verify(&algorithm, &key, &Uint8Array::from(signature), &Uint8Array::from(message))?;
    Ok(JsFuture::from(verdict).await?.is_truthy())
}

fn reason(thrown: &JsValue) -> String {
    let message = Reflect::get(thrown, &"message".into()).ok().and_then(|found| found.as_string());
    clip(message.as_deref().unwrap_or("the platform's cryptography failed"))
}
