//! The platform's cryptography: `crypto.subtle`.

use futures_util::future::LocalBoxFuture;

#[cfg(feature = "ogpu")]
use super::hash;
use crate::io::Crypto;

pub(super) struct Subtle;

impl Crypto for Subtle {
    // The network whose files are large.
    #[cfg(feature = "ogpu")]
    fn sha256(&self, parts: &[&[u8]]) -> LocalBoxFuture<'static, [u8; 32]> {
        hash::sha256(parts)
    }

    #[cfg(feature = "opengradient")]
    fn verify_rsa_pss_sha256(
        &self,
        spki: Vec<u8>,
        message: Vec<u8>,
        signature: Vec<u8>,
    ) -> LocalBoxFuture<'static, Result<bool, String>> {
        rsa::verify(spki, message, signature)
    }
}

#[cfg(feature = "opengradient")]
mod rsa {
    use futures_util::FutureExt as _;
    use futures_util::future::LocalBoxFuture;
    use js_sys::{Array, Object, Promise, Reflect, Uint8Array};
    use wasm_bindgen::prelude::*;
    use wasm_bindgen_futures::JsFuture;

    use crate::error::clip;

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
        fn subtle_verify(
            algorithm: &Object,
            key: &JsValue,
            signature: &Uint8Array,
            message: &Uint8Array,
        ) -> Result<Promise, JsValue>;
    }

    pub(super) fn verify(spki: Vec<u8>, message: Vec<u8>, signature: Vec<u8>) -> LocalBoxFuture<'static, Result<bool, String>> {
        async move { check(&spki, &message, &signature).await.map_err(|thrown| reason(&thrown)) }.boxed_local()
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
        let verdict = subtle_verify(&algorithm, &key, &Uint8Array::from(signature), &Uint8Array::from(message))?;
        Ok(JsFuture::from(verdict).await?.is_truthy())
    }

    fn reason(thrown: &JsValue) -> String {
        let message = Reflect::get(thrown, &"message".into()).ok().and_then(|found| found.as_string());
        clip(message.as_deref().unwrap_or("the platform's cryptography failed"))
    }
}

#[cfg(all(test, feature = "opengradient"))]
mod tests {
    use alloy_primitives::{B256, hex};
    use serde_json::Value;
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;
    use crate::base64;

    #[wasm_bindgen_test]
    async fn the_official_verifiers_signatures_are_right_here_too() {
        let text = include_str!("../../../tests/vectors/opengradient/proof.json");
        let vectors: Value = serde_json::from_str(text).unwrap_or_default();
        let bytes = |value: &Value| base64::decode(value.as_str().unwrap_or_default()).unwrap_or_default();
        let key = bytes(&vectors["public_key_der"]);
        for case in vectors["cases"].as_array().into_iter().flatten() {
            let message = hex::decode(case["message_hash"].as_str().unwrap_or_default()).unwrap_or_default();
            let mut signature = bytes(&case["response"]["tee_signature"]);
            let verify = |key: &[u8], message: &[u8], signature: &[u8]| {
                Subtle.verify_rsa_pss_sha256(key.to_vec(), message.to_vec(), signature.to_vec())
            };
            assert_eq!(verify(&key, &message, &signature).await, Ok(true));
            assert_eq!(verify(&key, B256::ZERO.as_slice(), &signature).await, Ok(false));
            assert_eq!(verify(&key, &message, &[]).await, Ok(false));
            assert!(verify(b"no key", &message, &signature).await.is_err());
            if let Some(last) = signature.last_mut() {
                *last ^= 1;
            }
            assert_eq!(verify(&key, &message, &signature).await, Ok(false));
        }
    }
}
