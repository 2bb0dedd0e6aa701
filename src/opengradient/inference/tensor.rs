//! What a model is asked: named tensors, from typed arrays or from nested values.

use super::decimal::{Number, Unfit};
use crate::error::{Error, clip};
use crate::json::Json;

/// Dimensions beyond this are refused; ONNX and numpy stop long before.
pub const MAX_DIMENSIONS: usize = 32;
/// Values of all tensors of one call: 256 MB of calldata, far more than any block takes.
pub const MAX_VALUES: usize = 4_000_000;

/// One named input.
#[derive(Clone, Debug, PartialEq)]
pub struct TensorInput {
    /// The input's name in the model.
    pub name: String,
    /// The length of each dimension; their product is the number of values.
    pub shape: Vec<u32>,
    /// The values in row-major order.
    pub values: Values,
}

/// A tensor's values, as they came: nothing is made for each element until the calldata is written.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "the variants are the element types")]
pub enum Values {
    F64(Vec<f64>),
    F32(Vec<f32>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    I16(Vec<i16>),
    U16(Vec<u16>),
    I32(Vec<i32>),
    U32(Vec<u32>),
    I64(Vec<i64>),
    U64(Vec<u64>),
    /// Numbers that are on chain as they are here.
    Fixed(Vec<Number>),
    /// Strings; their shape does not go on chain.
    Strings(Vec<String>),
}

impl Values {
    /// How many there are.
    pub const fn len(&self) -> usize {
        match self {
            Self::F64(list) => list.len(),
            Self::F32(list) => list.len(),
            Self::I8(list) => list.len(),
            Self::U8(list) => list.len(),
            Self::I16(list) => list.len(),
            Self::U16(list) => list.len(),
            Self::I32(list) => list.len(),
            Self::U32(list) => list.len(),
            Self::I64(list) => list.len(),
            Self::U64(list) => list.len(),
            Self::Fixed(list) => list.len(),
            Self::Strings(list) => list.len(),
        }
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl TensorInput {
    /// A tensor of one dimension.
    ///
    /// # Errors
    /// As [`TensorInput::shaped`].
    pub fn flat(name: impl Into<String>, values: Values) -> Result<Self, Error> {
        let length = u32::try_from(values.len()).unwrap_or(u32::MAX);
        Self::shaped(name, vec![length], values)
    }

    /// A tensor of this shape.
    ///
    /// # Errors
    /// [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) when the shape does not hold as many values.
    pub fn shaped(name: impl Into<String>, shape: Vec<u32>, values: Values) -> Result<Self, Error> {
        let name = name.into();
        if shape.len() > MAX_DIMENSIONS {
            return Err(Error::input(field(&name), "expected at most 32 dimensions"));
        }
        match holds(&shape) {
            Some(count) if count == values.len() => Ok(Self { name, shape, values }),
            _ => Err(Error::input(field(&name), format!("its shape {shape:?} does not hold {} values", values.len()))),
        }
    }

    /// Reads one value of a JSON document: a number, a string, or arrays of them nested evenly. Numbers keep their text's
    /// exact value.
    ///
    /// # Errors
    /// As [`Builder`].
    pub fn from_json(name: impl Into<String>, value: Json<'_>) -> Result<Self, Error> {
        let mut builder = Builder::new(name);
        builder.json(value)?;
        Ok(builder.finish())
    }

    /// Reads every member of a JSON object, in its order.
    ///
    /// # Errors
    /// As [`Builder`].
    pub fn all_from_json(object: Json<'_>) -> Result<Vec<Self>, Error> {
        if !object.raw().starts_with('{') {
            return Err(Error::input(FIELD, "expected an object of named tensors"));
        }
        let name = |raw: &str| {
            let quoted = format!("\"{raw}\"");
            Json::checked(&quoted).text().map(std::borrow::Cow::into_owned)
        };
        let read = |(key, value): (&str, Json<'_>)| {
            Self::from_json(name(key).ok_or_else(|| Error::input(FIELD, "a name is no text"))?, value)
        };
        object.members().map(read).collect()
    }

    /// The place of the value at `index`, such as `modelInput.x[1][2]`.
    pub(super) fn place(&self, index: usize) -> String {
        let mut rest = index;
        let mut steps = Vec::new();
        for length in self.shape.iter().rev() {
            let length = (*length as usize).max(1);
            steps.push(rest % length);
            rest /= length;
        }
        path(&self.name, steps.into_iter().rev())
    }
}

/// How errors name the whole input.
pub(super) const FIELD: &str = "modelInput";

fn field(name: &str) -> String {
    format!("{FIELD}.{}", clip(name))
}

fn path(name: &str, steps: impl Iterator<Item = usize>) -> String {
    let mut path = field(name);
    for step in steps {
        path.push_str(&format!("[{step}]"));
    }
    path
}

/// How many values a shape holds; a scalar's shape is empty and holds one.
pub(super) fn holds(shape: &[u32]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |count, length| count.checked_mul(*length as usize))
}

/// Puts a tensor together from nested values, one call for each bracket and value, and checks that it is even and of one
/// kind. Errors are [`Kind::InvalidInput`](crate::error::Kind::InvalidInput) and name the tensor and the place in it.
#[derive(Debug)]
pub struct Builder {
    name: String,
    /// What was counted so far in each array that is open.
    open: Vec<u32>,
    /// The lengths found so far, from the outermost dimension.
    shape: Vec<Option<u32>>,
    /// How deep the values are.
    depth: Option<usize>,
    numbers: Vec<Number>,
    strings: Vec<String>,
}

impl Builder {
    /// Starts a tensor.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), open: Vec::new(), shape: Vec::new(), depth: None, numbers: Vec::new(), strings: Vec::new() }
    }

    /// An array begins.
    ///
    /// # Errors
    /// It stands among values, or is nested too deep.
    pub fn open(&mut self) -> Result<(), Error> {
        self.count();
        if self.depth.is_some_and(|depth| self.open.len() >= depth) {
            return Err(self.refuse("expected a value like its siblings, but found an array"));
        }
        if self.open.len() == MAX_DIMENSIONS {
            return Err(self.refuse("expected at most 32 dimensions"));
        }
        self.open.push(0);
        if self.shape.len() < self.open.len() {
            self.shape.push(None);
        }
        Ok(())
    }

    /// An array ends.
    ///
    /// # Errors
    /// It is not as long as its siblings.
    pub fn close(&mut self) -> Result<(), Error> {
        let length = self.open.pop().unwrap_or_default();
        let Some(known) = self.shape.get_mut(self.open.len()) else { return Ok(()) };
        match *known {
            Some(expected) if expected != length => {
                Err(self.refuse(format!("expected {expected} elements like its siblings, but found {length}")))
            }
            _ => {
                *known = Some(length);
                Ok(())
            }
        }
    }

    /// A float.
    ///
    /// # Errors
    /// NaN, infinities, what does not fit; among strings or arrays.
    pub fn float(&mut self, value: f64) -> Result<(), Error> {
        self.number(Number::from_f64(value))
    }

    /// A number by its decimal text: JSON's, or a `bigint`'s.
    ///
    /// # Errors
    /// What is no number or does not fit; among strings or arrays.
    pub fn decimal(&mut self, text: &str) -> Result<(), Error> {
        self.number(Number::from_text(text))
    }

    /// A string.
    ///
    /// # Errors
    /// Among numbers or arrays.
    pub fn string(&mut self, value: impl Into<String>) -> Result<(), Error> {
        self.value()?;
        if !self.numbers.is_empty() {
            return Err(self.refuse("expected a number like the values before it, but found a string"));
        }
        self.strings.push(value.into());
        Ok(())
    }

    /// What is neither a number nor a string nor an array.
    pub fn other(&mut self, found: &str) -> Error {
        self.count();
        self.refuse(format!("expected a number, a string or an array, but found {found}"))
    }

    /// The tensor.
    pub fn finish(self) -> TensorInput {
        let shape = match self.shape.len() {
            // A value on its own is an array of one.
            0 => vec![1],
            _ => self.shape.into_iter().map(Option::unwrap_or_default).collect(),
        };
        let values = if self.strings.is_empty() { Values::Fixed(self.numbers) } else { Values::Strings(self.strings) };
        TensorInput { name: self.name, shape, values }
    }

    fn json(&mut self, value: Json<'_>) -> Result<(), Error> {
        match value.raw().as_bytes().first() {
            Some(b'[') => {
                self.open()?;
                for element in value.elements() {
                    self.json(element)?;
                }
                self.close()
            }
            Some(b'"') => match value.text() {
                Some(text) => self.string(text),
                None => Err(self.other("a string that is no text")),
            },
            Some(b'-' | b'0'..=b'9') => self.decimal(value.raw()),
            Some(b'{') => Err(self.other("an object")),
            _ => Err(self.other(value.raw())),
        }
    }

    fn number(&mut self, number: Result<Number, Unfit>) -> Result<(), Error> {
        self.value()?;
        if !self.strings.is_empty() {
            return Err(self.refuse("expected a string like the values before it, but found a number"));
        }
        match number {
            Ok(number) => self.numbers.push(number),
            Err(unfit) => return Err(self.refuse(unfit.to_string())),
        }
        Ok(())
    }

    fn value(&mut self) -> Result<(), Error> {
        self.count();
        if self.numbers.len() + self.strings.len() == MAX_VALUES {
            return Err(self.refuse("expected at most 4,000,000 values"));
        }
        if *self.depth.get_or_insert(self.open.len()) != self.open.len() || self.shape.len() != self.open.len() {
            return Err(self.refuse("expected an array like its siblings, but found a value"));
        }
        Ok(())
    }

    fn count(&mut self) {
        if let Some(count) = self.open.last_mut() {
            *count += 1;
        }
    }

    fn refuse(&self, reason: impl Into<String>) -> Error {
        let steps = self.open.iter().map(|count| (*count as usize).saturating_sub(1));
        Error::input(path(&self.name, steps), reason)
    }
}
