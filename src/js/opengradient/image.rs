//! `generateImage`, through a gRPC-Web proxy.

use futures_util::FutureExt as _;
use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;

use crate::error::Error;
use crate::io::web;
use crate::js::input::Input;
use crate::js::options::{self as shared, member};
use crate::js::promise::start;
use crate::opengradient::image::{ImageRequest, generate};

/// Draws a picture; answers the bytes of its file. `proxy` is a gRPC-Web proxy in front of the service, whose own gRPC no
/// browser can speak; without one the call is refused.
///
/// @throws NotReachableError, InvalidInputError, ServiceError, HttpError, ProtocolError
#[wasm_bindgen(js_name = generateImage, unchecked_return_type = "Promise<Uint8Array>")]
pub fn generate_image(
    #[wasm_bindgen(unchecked_param_type = "ImageParams")] params: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "CallOptions")] options: JsValue,
) -> Promise {
    start(|| {
        let params = Input::new("params", params).object(&["model", "prompt", "height", "width", "proxy"])?;
        let bag = Some(&params);
        let pixels = |value: &Input| {
            let refused = || Error::input(value.path(), "expected 1 to 16,384 pixels");
            u32::try_from(value.whole()?).ok().filter(|size| (1..=16_384).contains(size)).ok_or_else(refused)
        };
        let request = ImageRequest {
            model: params.get("model")?.text()?,
            prompt: params.get("prompt")?.text()?,
            height: member(bag, "height", pixels)?,
            width: member(bag, "width", pixels)?,
        };
        let proxy = member(bag, "proxy", Input::text)?;
        let signal = shared::call(options)?;
        let work = async move {
            let picture = generate(&web::io(), proxy.as_deref(), &request).await?;
            Ok(Uint8Array::from(picture.as_slice()).into())
        };
        Ok((signal, work.boxed_local()))
    })
}
