//! Tensors in and out: typed arrays are copied once as a whole, nested arrays walked value by value.

use js_sys::{
    Array, ArrayBuffer, BigInt64Array, BigUint64Array, DataView, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Object, Reflect, Symbol, Uint8Array, Uint16Array, Uint32Array,
};
use wasm_bindgen::prelude::*;

use crate::error::{Error, clip};
use crate::js::convert::{Build, set};
use crate::js::input::Input;
use crate::opengradient::inference::output::ModelOutput;
use crate::opengradient::inference::tensor::{Builder, MAX_DIMENSIONS, MAX_VALUES, TensorInput, Values};

/// The named tensors of an inference, in the object's own order.
pub(super) fn inputs(value: JsValue) -> Result<Vec<TensorInput>, Error> {
    let object = Input::new("modelInput", value).any_object()?;
    let tensors = object.keys().into_iter().map(|name| {
        let value = object.get_own(&name)?.into_value();
        tensor(name, value)
    });
    tensors.collect()
}

fn tensor(name: String, value: JsValue) -> Result<TensorInput, Error> {
    if let Some(values) = typed(&name, &value)? {
        return TensorInput::flat(name, values);
    }
    if value.is_object() && !Array::is_array(&value) && !value.is_function() {
        return shaped(name, value);
    }
    let mut builder = Builder::new(name);
    walk(&mut builder, &value)?;
    Ok(builder.finish())
}

/// `{ data, shape }`: the values in row-major order and the length of each dimension.
fn shaped(name: String, value: JsValue) -> Result<TensorInput, Error> {
    let path = format!("modelInput.{}", clip(&name));
    let object = Input::new(path.as_str(), value).object(&["data", "shape"])?;
    let shape = object.get("shape")?.list()?;
    if shape.len() > MAX_DIMENSIONS {
        return Err(Error::input(path, "expected at most 32 dimensions"));
    }
    let length = |input: &Input| {
        let refused = |_| Error::input(input.path(), "expected a length below 2^32");
        input.whole().and_then(|length| u32::try_from(length).map_err(refused))
    };
    let shape = shape.iter().map(length).collect::<Result<Vec<_>, _>>()?;
    let data = object.get("data")?.into_value();
    if let Some(values) = typed(&name, &data)? {
        return TensorInput::shaped(name, shape, values);
    }
    if !Array::is_array(&data) {
        return Err(Error::input(format!("{path}.data"), "expected a typed array or an array of numbers or strings"));
    }
    let mut builder = Builder::new(name.as_str());
    walk(&mut builder, &data)?;
    let flat = builder.finish();
    if flat.shape.len() > 1 {
        return Err(Error::input(format!("{path}.data"), "expected values that are not nested: the shape says how they are"));
    }
    TensorInput::shaped(name, shape, flat.values)
}

/// A typed array's values, whatever realm it comes from; `None` for anything else.
fn typed(name: &str, value: &JsValue) -> Result<Option<Values>, Error> {
    if !ArrayBuffer::is_view(value) {
        let raw = value.is_instance_of::<ArrayBuffer>();
        return if raw { Err(untyped(name)) } else { Ok(None) };
    }
    let length = Reflect::get(value, &"length".into()).ok().and_then(|length| length.as_f64()).unwrap_or_default();
    if length > MAX_VALUES as f64 {
        return Err(Error::input(format!("modelInput.{}", clip(name)), "expected at most 4,000,000 values"));
    }
    let kind = Reflect::get(value, &Symbol::to_string_tag()).ok().and_then(|kind| kind.as_string()).unwrap_or_default();
    Ok(Some(match kind.as_str() {
        "Float32Array" => Values::F32(value.unchecked_ref::<Float32Array>().to_vec()),
        "Float64Array" => Values::F64(value.unchecked_ref::<Float64Array>().to_vec()),
        // Not every platform has a name for it, but all that have it convert it.
        "Float16Array" => Values::F32(Float32Array::new(value).to_vec()),
        "Int8Array" => Values::I8(value.unchecked_ref::<Int8Array>().to_vec()),
        "Uint8Array" | "Uint8ClampedArray" => Values::U8(value.unchecked_ref::<Uint8Array>().to_vec()),
        "Int16Array" => Values::I16(value.unchecked_ref::<Int16Array>().to_vec()),
        "Uint16Array" => Values::U16(value.unchecked_ref::<Uint16Array>().to_vec()),
        "Int32Array" => Values::I32(value.unchecked_ref::<Int32Array>().to_vec()),
        "Uint32Array" => Values::U32(value.unchecked_ref::<Uint32Array>().to_vec()),
        "BigInt64Array" => Values::I64(value.unchecked_ref::<BigInt64Array>().to_vec()),
        "BigUint64Array" => Values::U64(value.unchecked_ref::<BigUint64Array>().to_vec()),
        _ => {
            debug_assert!(value.is_instance_of::<DataView>(), "every view but DataView is typed");
            return Err(untyped(name));
        }
    }))
}

fn untyped(name: &str) -> Error {
    Error::input(format!("modelInput.{}", clip(name)), "expected a typed array, but found bytes without a type")
}

fn walk(builder: &mut Builder, value: &JsValue) -> Result<(), Error> {
    if let Some(number) = value.as_f64() {
        return builder.float(number);
    }
    if let Some(text) = value.as_string() {
        return builder.string(text);
    }
    if value.is_bigint() {
        let digits = value.unchecked_ref::<js_sys::BigInt>().to_string(10).ok().and_then(|digits| digits.as_string());
        return builder.decimal(&digits.unwrap_or_default());
    }
    if let Some(list) = value.dyn_ref::<Array>() {
        builder.open()?;
        // By index: holes come out as `undefined`, which is refused, and nothing is iterated that is not there.
        for index in 0..list.length() {
            walk(builder, &list.get(index))?;
        }
        return builder.close();
    }
    if ArrayBuffer::is_view(value) && !value.is_instance_of::<DataView>() {
        return row(builder, value);
    }
    let found = if value.is_undefined() {
        "nothing".to_owned()
    } else if value.is_null() {
        "null".to_owned()
    } else {
        value.as_bool().map_or_else(|| value.js_typeof().as_string().unwrap_or_default(), |flag| flag.to_string())
    };
    Err(builder.other(&found))
}

/// A typed array among nested arrays: its values are read in one go.
fn row(builder: &mut Builder, value: &JsValue) -> Result<(), Error> {
    builder.open()?;
    let kind = Reflect::get(value, &Symbol::to_string_tag()).ok().and_then(|kind| kind.as_string()).unwrap_or_default();
    match kind.as_str() {
        "BigInt64Array" => {
            for number in value.unchecked_ref::<BigInt64Array>().to_vec() {
                builder.decimal(&number.to_string())?;
            }
        }
        "BigUint64Array" => {
            for number in value.unchecked_ref::<BigUint64Array>().to_vec() {
                builder.decimal(&number.to_string())?;
            }
        }
        "Float32Array" => {
            for number in value.unchecked_ref::<Float32Array>().to_vec() {
                builder.float32(number)?;
            }
        }
        // 64 bits hold every element of the others.
        _ => {
            for number in Float64Array::new(value).to_vec() {
                builder.float(number)?;
            }
        }
    }
    builder.close()
}

/// What a model answered. Names are the model's own, so the objects have no prototype that one could hit.
pub(super) fn output(output: &ModelOutput) -> JsValue {
    let bare = || -> Object { Object::create(JsValue::NULL.unchecked_ref()) };
    let (numbers, strings, jsons) = (bare(), bare(), bare());
    for tensor in &output.numbers {
        let data = Float32Array::from(tensor.to_f32().as_slice());
        set(&numbers, &tensor.name, &Build::new().with("data", data).with("shape", lengths(&tensor.shape)).frozen());
    }
    for tensor in &output.strings {
        let data: Array = tensor.values.iter().map(|text| JsValue::from(text.as_str())).collect();
        let count = u32::try_from(tensor.values.len()).unwrap_or(u32::MAX);
        let shape = tensor.shape.as_deref().map_or_else(|| lengths(&[count]), lengths);
        set(&strings, &tensor.name, &Build::new().with("data", Object::freeze(&data)).with("shape", shape).frozen());
    }
    for document in &output.jsons {
        set(&jsons, &document.name, &json(&document.value));
    }
    Build::new()
        .with("numbers", Object::freeze(&numbers))
        .with("strings", Object::freeze(&strings))
        .with("jsons", Object::freeze(&jsons))
        .with("isSimulation", output.is_simulation_result)
        .frozen()
}

/// A document that is no JSON stays the text that the model wrote.
fn json(text: &str) -> JsValue {
    js_sys::JSON::parse(text).unwrap_or_else(|_| text.into())
}

fn lengths(shape: &[u32]) -> JsValue {
    let list: Array = shape.iter().map(|length| JsValue::from(*length)).collect();
    Object::freeze(&list).into()
}
