//! Tensors → the calldata of the hub's `run`.

use super::decimal::{Number, Unfit};
use super::tensor::{FIELD, MAX_VALUES, TensorInput, Values, holds};
use super::words::{WORD, Writer, text_size};
use super::{InferenceMode, MAX_MODEL_CID};
use crate::error::Error;

/// The selector of `run(string,uint8,ModelInput)`.
const RUN: [u8; 4] = [0xcb, 0xf0, 0x9d, 0x80];

/// The calldata of the hub's `run`, laid out word by word.
///
/// # Errors
/// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) for a value that has no place on chain, named by its tensor and
/// index; for a shape that does not hold its values; for too many values.
pub fn run(model_cid: &str, mode: InferenceMode, inputs: &[TensorInput]) -> Result<Vec<u8>, Error> {
    super::check_model_cid(model_cid)?;
    let total = inputs.iter().try_fold(0_usize, |sum, input| sum.checked_add(input.values.len()));
    let texts = inputs.iter().map(text_bytes).try_fold(0_usize, usize::checked_add);
    if inputs.len() > MAX_TENSORS || total.is_none_or(|sum| sum > MAX_VALUES) || texts.is_none_or(|sum| sum > MAX_TEXT) {
        return Err(Error::input(FIELD, "expected at most 1,024 tensors with 4,000,000 values and 64 MB of text"));
    }
    for input in inputs {
        if holds(&input.shape) != Some(input.values.len()) {
            let reason = format!("its shape {:?} does not hold {} values", input.shape, input.values.len());
            return Err(Error::input(format!("{FIELD}.{}", input.name), reason));
        }
    }
    let is_text = |input: &&TensorInput| matches!(input.values, Values::Strings(_));
    let numbers = || inputs.iter().filter(|input| !is_text(input));
    let strings = || inputs.iter().filter(is_text);
    let part = |sizes: &mut dyn Iterator<Item = usize>| WORD + sizes.map(|size| WORD + size).sum::<usize>();
    let numbers_size = part(&mut numbers().map(size));
    let strings_size = part(&mut strings().map(size));

    let head = 3 * WORD + text_size(model_cid);
    let mut out = Writer::new(RUN, head + 2 * WORD + numbers_size + strings_size);
    out.uint(3 * WORD);
    out.uint(mode as usize);
    out.uint(head);
    out.text(model_cid);
    out.uint(2 * WORD);
    out.uint(2 * WORD + numbers_size);
    out.uint(numbers().count());
    out.offsets(numbers().count(), numbers().map(size));
    for input in numbers() {
        write_numbers(&mut out, input)?;
    }
    out.uint(strings().count());
    out.offsets(strings().count(), strings().map(size));
    for input in strings() {
        write_strings(&mut out, input);
    }
    Ok(out.finish())
}

const MAX_TENSORS: usize = 1024;
const MAX_TEXT: usize = 64 << 20;
const _: () = assert!(MAX_MODEL_CID < MAX_TEXT);

fn text_bytes(input: &TensorInput) -> usize {
    let values = match &input.values {
        Values::Strings(values) => values.iter().map(String::len).sum(),
        _ => 0,
    };
    values + input.name.len()
}

/// A tensor's bytes.
fn size(input: &TensorInput) -> usize {
    match &input.values {
        Values::Strings(values) => {
            let texts: usize = values.iter().map(|value| WORD + text_size(value)).sum();
            2 * WORD + text_size(&input.name) + WORD + texts
        }
        values => 3 * WORD + text_size(&input.name) + WORD + 2 * WORD * values.len() + WORD + WORD * input.shape.len(),
    }
}

fn write_numbers(out: &mut Writer, input: &TensorInput) -> Result<(), Error> {
    let name = text_size(&input.name);
    out.uint(3 * WORD);
    out.uint(3 * WORD + name);
    out.uint(4 * WORD + name + 2 * WORD * input.values.len());
    out.text(&input.name);
    out.uint(input.values.len());
    match &input.values {
        Values::F64(list) => floats(out, input, list, |value| Number::from_f64(*value))?,
        Values::F32(list) => floats(out, input, list, |value| Number::from_f32(*value))?,
        Values::I8(list) => whole(out, list),
        Values::U8(list) => whole(out, list),
        Values::I16(list) => whole(out, list),
        Values::U16(list) => whole(out, list),
        Values::I32(list) => whole(out, list),
        Values::U32(list) => whole(out, list),
        Values::I64(list) => whole(out, list),
        Values::U64(list) => whole(out, list),
        Values::Fixed(list) => list.iter().for_each(|number| out.pair(number.value, number.decimals)),
        Values::Strings(_) => {}
    }
    out.uint(input.shape.len());
    for length in &input.shape {
        out.uint(*length as usize);
    }
    Ok(())
}

fn floats<T>(out: &mut Writer, input: &TensorInput, list: &[T], read: impl Fn(&T) -> Result<Number, Unfit>) -> Result<(), Error> {
    for (index, value) in list.iter().enumerate() {
        let number = read(value).map_err(|unfit| Error::input(input.place(index), unfit.to_string()))?;
        out.pair(number.value, number.decimals);
    }
    Ok(())
}

fn whole<T: Copy + Into<i128>>(out: &mut Writer, list: &[T]) {
    for value in list {
        out.pair((*value).into(), 0);
    }
}

fn write_strings(out: &mut Writer, input: &TensorInput) {
    let Values::Strings(values) = &input.values else { return };
    out.uint(2 * WORD);
    out.uint(2 * WORD + text_size(&input.name));
    out.text(&input.name);
    out.uint(values.len());
    out.offsets(values.len(), values.iter().map(|value| text_size(value)));
    for value in values {
        out.text(value);
    }
}
