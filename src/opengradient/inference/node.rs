//! The node API, which knows the result of an inference whose event is empty.

use super::InferenceMode;
use super::decimal::Number;
use super::output::{JsonScalar, ModelOutput, NumberTensor, StringTensor};
use crate::base64;
use crate::error::Error;
use crate::json::Json;

/// Where the result of `inference_id` is.
pub fn url(api_url: &str, inference_id: &str) -> String {
    let base = api_url.trim_end_matches('/');
    format!("{base}/artela-network/artela-rollkit/inference/tx/{}", percent_encode(inference_id))
}

/// Percent-encodes everything but RFC 3986's unreserved characters, as Python's `quote(text, safe="")` does.
pub(crate) fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.extend(char::from_digit(u32::from(digit), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    }
    out
}

/// Reads an answer with status 200; `None` when the node has no result yet.
///
/// # Errors
/// [`Kind::Protocol`](crate::error::Kind::Protocol), which says what is missing.
pub fn read(body: &[u8], mode: InferenceMode) -> Result<Option<ModelOutput>, Error> {
    let wrong = |expected| Error::protocol(expected, String::from_utf8_lossy(body.get(..200).unwrap_or(body)));
    let results = Json::parse_bytes(body).ok_or_else(|| wrong("JSON from the node API"))?.get("inference_results");
    let Some(first) = results.and_then(|list| list.elements().next()) else { return Ok(None) };
    let decoded = first.plain().and_then(base64::decode).ok_or_else(|| wrong("an inference result in base64"))?;
    let path: &[&'static str] = match mode {
        InferenceMode::Vanilla => &["InferenceResult", "VanillaResult", "model_output"],
        InferenceMode::Tee => &["InferenceResult", "TeeNodeResult", "Response", "VanillaResponse", "model_output"],
        InferenceMode::Zkml => &["InferenceResult", "ZkmlResult", "model_output"],
    };
    let mut at = Json::parse_bytes(&decoded).ok_or_else(|| wrong("an inference result in JSON"))?;
    for step in path {
        let next = at.get(step).and_then(Json::present);
        at = next.ok_or_else(|| Error::protocol(step, "an inference result without it"))?;
    }
    let output = output(at).ok_or_else(|| Error::protocol("a model's output", at.raw()))?;
    output.check()?;
    Ok(Some(output))
}

fn output(json: Json<'_>) -> Option<ModelOutput> {
    let [numbers, strings, jsons] = json.fields(["numbers", "strings", "jsons"]);
    Some(ModelOutput {
        numbers: list(numbers, |tensor| {
            let [name, values, shape] = tensor.fields(["name", "values", "shape"]);
            Some(NumberTensor { name: text(name)?, values: list(values, number)?, shape: list(shape, whole)? })
        })?,
        strings: list(strings, |tensor| {
            let [name, values, shape] = tensor.fields(["name", "values", "shape"]);
            let shape = match shape {
                Some(shape) => Some(list(Some(shape), whole)?),
                None => None,
            };
            Some(StringTensor { name: text(name)?, values: list(values, |value| text(Some(value)))?, shape })
        })?,
        jsons: list(jsons, |scalar| {
            let [name, value] = scalar.fields(["name", "value"]);
            Some(JsonScalar { name: text(name)?, value: text(value)? })
        })?,
        is_simulation_result: false,
    })
}

/// An absent list is an empty one.
fn list<'a, T>(json: Option<Json<'a>>, read: impl Fn(Json<'a>) -> Option<T>) -> Option<Vec<T>> {
    json.is_none_or(Json::is_array).then_some(())?;
    json.into_iter().flat_map(Json::elements).map(read).collect()
}

fn text(json: Option<Json<'_>>) -> Option<String> {
    json?.text().map(std::borrow::Cow::into_owned)
}

fn whole(json: Json<'_>) -> Option<u32> {
    json.plain().unwrap_or(json.raw()).parse().ok()
}

/// 128-bit numbers are strings in protobuf's JSON.
fn number(json: Json<'_>) -> Option<Number> {
    let [value, decimals] = json.fields(["value", "decimals"]);
    let read = |part: Option<Json<'_>>| part.map_or(Some(0), |part| part.plain().unwrap_or(part.raw()).parse().ok());
    Some(Number { value: read(value)?, decimals: read(decimals)? })
}
