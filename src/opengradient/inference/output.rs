//! What a model answered: read from logs and calls, word by word.

use super::decimal::Number;
use super::tensor::{MAX_DIMENSIONS, holds};
use super::words::{Reader, WORD};
use crate::error::{Error, clip};

/// A model's answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelOutput {
    /// Its numbers.
    pub numbers: Vec<NumberTensor>,
    /// Its strings.
    pub strings: Vec<StringTensor>,
    /// Its JSON documents.
    pub jsons: Vec<JsonScalar>,
    /// Whether it came from a simulation.
    pub is_simulation_result: bool,
}

/// Named numbers, as exact as they are on chain.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberTensor {
    /// Its name.
    pub name: String,
    /// The values in row-major order.
    pub values: Vec<Number>,
    /// The length of each dimension; empty for a scalar.
    pub shape: Vec<u32>,
}

/// Named strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StringTensor {
    /// Its name.
    pub name: String,
    /// The values in row-major order.
    pub values: Vec<String>,
    /// The length of each dimension, where it is known: the chain does not keep it.
    pub shape: Option<Vec<u32>>,
}

/// A named JSON document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JsonScalar {
    /// Its name.
    pub name: String,
    /// Its text, which the model wrote: it may be no JSON.
    pub value: String,
}

impl NumberTensor {
    /// The values as the official SDK gives them.
    pub fn to_f32(&self) -> Vec<f32> {
        self.values.iter().map(|number| number.to_f32()).collect()
    }

    /// The values as they are, in 64 bits.
    pub fn to_f64(&self) -> Vec<f64> {
        self.values.iter().map(|number| number.to_f64()).collect()
    }
}

impl ModelOutput {
    /// Whether it has no tensor at all: then the node knows the result.
    pub const fn is_empty(&self) -> bool {
        self.numbers.is_empty() && self.strings.is_empty() && self.jsons.is_empty()
    }

    /// The numbers by a tensor's name.
    pub fn number(&self, name: &str) -> Option<&NumberTensor> {
        self.numbers.iter().find(|tensor| tensor.name == name)
    }

    /// Reads `InferenceResult`'s and `InferenceResultEmitted`'s data, and the answer of `getInferenceResult`: the ABI is the
    /// same.
    ///
    /// # Errors
    /// [`Kind::Protocol`](crate::error::Kind::Protocol) for anything else, and for a shape that does not hold its values.
    pub fn decode(data: &[u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(data);
        let output = reader.follow(0, 0).and_then(|at| read(&mut reader, at)).ok_or_else(|| wrong(data))?;
        output.check()?;
        Ok(output)
    }

    /// Reads the answer of `getLastInferenceResults`.
    ///
    /// # Errors
    /// As [`ModelOutput::decode`].
    pub fn decode_list(data: &[u8]) -> Result<Vec<Self>, Error> {
        let mut reader = Reader::new(data);
        let outputs = reader.follow(0, 0).and_then(|at| reader_list(&mut reader, at, read)).ok_or_else(|| wrong(data))?;
        outputs.iter().try_for_each(Self::check)?;
        Ok(outputs)
    }

    pub(super) fn check(&self) -> Result<(), Error> {
        let even = |shape: &[u32], count| shape.len() <= MAX_DIMENSIONS && holds(shape) == Some(count);
        let numbers = self.numbers.iter().map(|tensor| (&tensor.name, Some(&tensor.shape), tensor.values.len()));
        let strings = self.strings.iter().map(|tensor| (&tensor.name, tensor.shape.as_ref(), tensor.values.len()));
        for (name, shape, count) in numbers.chain(strings) {
            if let Some(shape) = shape.filter(|shape| !even(shape, count)) {
                let found = format!("{count} values for the shape {:?} of {}", shape.get(..8).unwrap_or(shape), clip(name));
                return Err(Error::protocol("tensors whose shapes hold their values", found));
            }
        }
        Ok(())
    }
}

/// `ModelInferenceEvent`'s id.
///
/// # Errors
/// [`Kind::Protocol`](crate::error::Kind::Protocol).
pub fn inference_id(data: &[u8]) -> Result<String, Error> {
    let mut reader = Reader::new(data);
    let id = reader.follow(0, 0).and_then(|at| reader.text(at));
    id.map(str::to_owned).ok_or_else(|| Error::protocol("an inference id", "other data"))
}

fn wrong(data: &[u8]) -> Error {
    Error::protocol("a model's output", format!("{} bytes of another shape", data.len()))
}

/// Items of a dynamic type: an array of offsets that count from its first word.
fn reader_list<'a, T>(reader: &mut Reader<'a>, at: usize, item: impl Fn(&mut Reader<'a>, usize) -> Option<T>) -> Option<Vec<T>> {
    let (count, start) = reader.array(at, WORD)?;
    let mut items = Vec::with_capacity(count);
    for index in 0..count {
        let place = reader.follow(start, start + index * WORD)?;
        items.push(item(reader, place)?);
    }
    Some(items)
}

fn read(reader: &mut Reader<'_>, at: usize) -> Option<ModelOutput> {
    let (numbers, strings, jsons) = (reader.follow(at, at)?, reader.follow(at, at + WORD)?, reader.follow(at, at + 2 * WORD)?);
    Some(ModelOutput {
        is_simulation_result: reader.flag(at + 3 * WORD)?,
        numbers: reader_list(reader, numbers, numbers_tensor)?,
        strings: reader_list(reader, strings, |reader, at| {
            let (name, values) = (reader.follow(at, at)?, reader.follow(at, at + WORD)?);
            let name = reader.text(name)?.to_owned();
            Some(StringTensor { name, values: reader_list(reader, values, text)?, shape: None })
        })?,
        jsons: reader_list(reader, jsons, |reader, at| {
            let (name, value) = (reader.follow(at, at)?, reader.follow(at, at + WORD)?);
            Some(JsonScalar { name: text(reader, name)?, value: text(reader, value)? })
        })?,
    })
}

fn text(reader: &mut Reader<'_>, at: usize) -> Option<String> {
    reader.text(at).map(str::to_owned)
}

fn numbers_tensor(reader: &mut Reader<'_>, at: usize) -> Option<NumberTensor> {
    let (name, values, shape) = (reader.follow(at, at)?, reader.follow(at, at + WORD)?, reader.follow(at, at + 2 * WORD)?);
    let name = text(reader, name)?;
    let (count, start) = reader.array(values, 2 * WORD)?;
    let number = |index: usize| {
        let at = start + index * 2 * WORD;
        Some(Number { value: reader.int(at)?, decimals: reader.int(at + WORD)? })
    };
    let values = (0..count).map(number).collect::<Option<_>>()?;
    let (count, start) = reader.array(shape, WORD)?;
    let shape = (0..count).map(|index| u32::try_from(reader.uint(start + index * WORD)?).ok()).collect::<Option<_>>()?;
    Some(NumberTensor { name, values, shape })
}
